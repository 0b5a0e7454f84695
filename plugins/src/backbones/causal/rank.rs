//! Ranks options by log-likelihood and reads many questions about one scan side by side.

use std::collections::BTreeMap;

use boldface::{Query, Result, Sequence};
use boldface_engine::nn::{KvCache, Pass};
use boldface_engine::{Tensor, no_grad};

use super::bucket::{Bucket, SequenceSpan, by_length};
use super::decode::cell;
use super::share::{head, same_block};
use super::{Trunk, check};

/// Largest number of sequences read side by side.
const ROWS: usize = 64;

/// Largest number of tokens read side by side; it limits the memory of activations.
const CELLS: usize = 1 << 13;

/// Largest number of cached keys and values of the sequences read side by side: 256 MiB.
const CACHED: usize = 1 << 26;

/// Largest number of logits in memory at a time: 64 MiB.
const LOGITS: usize = 1 << 24;

/// Returns the log-likelihood in nats of every option after its prompt.
///
/// It is the sum over the option's tokens, including the end token if the option has one, so no length
/// normalisation is needed.
///
/// Keys and values of a block are computed once for all its questions, those of a question once for all
/// its options. Questions about one block are read side by side, and so are their options. Other
/// questions in the call change a value by rounding only.
pub(in crate::backbones) fn rank(trunk: &impl Trunk, queries: &[Query]) -> Result<Vec<Vec<f64>>> {
    for query in queries {
        for option in &query.options {
            check(trunk, &extended(&query.prompt, option))?;
        }
        if query.prompt.layout().len() == 0 && !query.options.is_empty() {
            return Err("an option cannot be ranked after an empty prompt".into());
        }
    }
    let mut answers = vec![Vec::new(); queries.len()];
    no_grad(|| {
        let pass = trunk.pass(None);
        for members in same_block(queries.iter().map(|query| &query.prompt)) {
            let questions = Question::distinct(members.iter().map(|&index| &queries[index]));
            let ranked = rank_questions(trunk, &pass, &questions);
            for index in members {
                let Query { prompt, options } = &queries[index];
                let of = |option: &Vec<u32>| ranked[prompt.after.as_slice()][option.as_slice()];
                answers[index] = options.iter().map(of).collect();
            }
        }
    });
    Ok(answers)
}

/// A question behind a block, and its options.
struct Question<'a> {
    prompt: &'a Sequence,
    options: Vec<&'a [u32]>,
}

impl<'a> Question<'a> {
    /// Lists each question about one block once, with each of its options once.
    fn distinct(queries: impl Iterator<Item = &'a Query>) -> Vec<Question<'a>> {
        let mut questions: BTreeMap<&[u32], Question<'a>> = BTreeMap::new();
        for Query { prompt, options } in queries.filter(|query| !query.options.is_empty()) {
            let new = || Question { prompt, options: Vec::new() };
            let question = questions.entry(&prompt.after).or_insert_with(new);
            question.options.extend(options.iter().map(Vec::as_slice));
        }
        let mut questions: Vec<Question<'a>> = questions.into_values().collect();
        for question in &mut questions {
            question.options.sort_unstable();
            question.options.dedup();
        }
        questions
    }

    fn end(&self) -> usize {
        self.prompt.layout().len()
    }
}

/// Log-likelihoods by the text between block and option, then by option.
type Ranked<'a> = BTreeMap<&'a [u32], BTreeMap<&'a [u32], f64>>;

/// Ranks the options of distinct questions about one block.
fn rank_questions<'a>(trunk: &impl Trunk, pass: &Pass<'_>, questions: &[Question<'a>]) -> Ranked<'a> {
    let mut ranked = Ranked::new();
    let Some(first) = questions.first() else { return ranked };
    let start = head(questions.iter().map(|question| question.prompt));
    let mut shared = trunk.cache();
    let last = (start > 0).then(|| {
        let bucket = Bucket::new(&[(first.prompt, 0..start)]);
        trunk.read(pass, &bucket, Some(&mut shared)).narrow(0, start - 1, 1)
    });
    let lengths: Vec<usize> = questions.iter().map(|question| question.end() - start).collect();
    for alike in by_length(&lengths) {
        let longest = lengths[alike[0]];
        for rows in alike.chunks(side_by_side(shared.width() * (start + longest), longest)) {
            let asked: Vec<&Question<'a>> = rows.iter().map(|&row| &questions[row]).collect();
            let (cache, last) = match &last {
                // The options follow the block directly.
                Some(last) if longest == 0 => (shared.clone(), last.clone()),
                _ => read_questions(trunk, pass, &shared, start, &asked),
            };
            let values = rank_options(trunk, pass, &cache, &last, &asked);
            for (question, values) in asked.into_iter().zip(values) {
                ranked.insert(&question.prompt.after, question.options.iter().copied().zip(values).collect());
            }
        }
    }
    ranked
}

/// Reads all questions side by side after the block. Returns their keys and values, and the hidden
/// state of the last place of each.
fn read_questions(
    trunk: &impl Trunk,
    pass: &Pass<'_>,
    shared: &KvCache,
    start: usize,
    questions: &[&Question<'_>],
) -> (KvCache, Tensor) {
    let spans: Vec<SequenceSpan<'_>> =
        questions.iter().map(|question| (question.prompt, start..question.end())).collect();
    let bucket = Bucket::new(&spans);
    let mut cache = shared.repeat(questions.len());
    let hidden = trunk.read(pass, &bucket, Some(&mut cache));
    let last = spans.iter().enumerate().map(|(row, (_, places))| row * bucket.length + places.len() - 1);
    let last = hidden.rows(&last.map(cell).collect::<Vec<_>>());
    (cache, last)
}

/// Returns the log-likelihoods of each question's options; `last` has the hidden states before their
/// first tokens.
fn rank_options(
    trunk: &impl Trunk,
    pass: &Pass<'_>,
    cache: &KvCache,
    last: &Tensor,
    questions: &[&Question<'_>],
) -> Vec<Vec<f64>> {
    let mut values: Vec<Vec<f64>> =
        questions.iter().map(|question| vec![0.0; question.options.len()]).collect();
    let all = questions.iter().enumerate().flat_map(|(row, question)| {
        question.options.iter().enumerate().map(move |(index, option)| (row, index, *option))
    });
    let firsts = all.clone().filter_map(|(row, index, option)| Some((row, index, *option.first()?)));
    let firsts: Vec<(usize, usize, u32)> = firsts.collect();
    let targets: Vec<(usize, u32)> = firsts.iter().map(|&(row, _, token)| (row, token)).collect();
    for ((row, index, _), value) in firsts.into_iter().zip(log_likelihoods(trunk, pass, last, &targets)) {
        values[row][index] += value;
    }

    // All rows of a cache have the same length, but questions differ in length. The tokens of a longer
    // question beyond the shortest are read again with each option. Values therefore depend on the
    // other questions, by rounding.
    let shortest = questions.iter().map(|question| question.end()).min().unwrap_or(0);
    let mut cache = cache.clone();
    cache.truncate(shortest);
    let longer = all.filter(|(.., option)| option.len() > 1);
    let longer = longer.map(|(row, index, option)| (row, index, extended(questions[row].prompt, option)));
    let mut longer: Vec<(usize, usize, Sequence)> = longer.collect();
    longer.sort_by_key(|(.., grown)| std::cmp::Reverse(grown.layout().len()));
    let most = longer.first().map_or(1, |(.., grown)| {
        let read = grown.layout().len() - 1;
        side_by_side(cache.width() * read, read - shortest)
    });
    for options in longer.chunks(most) {
        let rows: Vec<usize> = options.iter().map(|(row, ..)| *row).collect();
        let grown: Vec<&Sequence> = options.iter().map(|(.., grown)| grown).collect();
        let starts: Vec<usize> = rows.iter().map(|&row| questions[row].end()).collect();
        let found = rest(trunk, pass, &mut cache.select(&rows), shortest, &grown, &starts);
        for ((row, index, _), value) in options.iter().zip(found) {
            values[*row][*index] += value;
        }
    }
    values
}

/// Returns, for each text, the summed log-likelihood of the tokens after its place in `starts`. The
/// cache has the first `known` places.
fn rest(
    trunk: &impl Trunk,
    pass: &Pass<'_>,
    cache: &mut KvCache,
    known: usize,
    texts: &[&Sequence],
    starts: &[usize],
) -> Vec<f64> {
    // The last place predicts no token of the text, so it is not read.
    let spans: Vec<SequenceSpan<'_>> =
        texts.iter().map(|text| (*text, known..text.layout().len() - 1)).collect();
    let bucket = Bucket::new(&spans);
    let hidden = trunk.read(pass, &bucket, Some(cache));
    let (mut cells, mut targets) = (Vec::new(), Vec::new());
    for (row, ((text, places), start)) in spans.iter().zip(starts).enumerate() {
        for place in *start..places.end {
            // All of these places are text.
            let token = text.after[text.after.len() - (places.end - place)];
            targets.push((cells.len(), token));
            cells.push(cell(row * bucket.length + place - known));
        }
    }
    let mut found = log_likelihoods(trunk, pass, &hidden.rows(&cells), &targets).into_iter();
    let sum =
        |((_, places), start): (&SequenceSpan<'_>, &usize)| found.by_ref().take(places.end - start).sum();
    spans.iter().zip(starts).map(sum).collect()
}

/// Number of sequences to read side by side if each caches `kept` numbers and reads `length` more
/// tokens.
fn side_by_side(kept: usize, length: usize) -> usize {
    ROWS.min(CACHED / kept.max(1)).min(CELLS / length.max(1)).max(1)
}

/// Returns the log-likelihood of each target token, predicted from the hidden state of its row, `(n,
/// width)`.
fn log_likelihoods(
    trunk: &impl Trunk,
    pass: &Pass<'_>,
    hidden: &Tensor,
    targets: &[(usize, u32)],
) -> Vec<f64> {
    log_likelihoods_by(trunk, pass, hidden, targets, (LOGITS / trunk.limits().vocabulary).max(1))
}

/// Like [`log_likelihoods`], with logits of `rows` rows at a time. Targets are in the order of their
/// rows.
fn log_likelihoods_by(
    trunk: &impl Trunk,
    pass: &Pass<'_>,
    hidden: &Tensor,
    targets: &[(usize, u32)],
    rows: usize,
) -> Vec<f64> {
    let count = hidden.dims()[0];
    let mut values = Vec::with_capacity(targets.len());
    for start in (0..count).step_by(rows) {
        let end = count.min(start + rows);
        let logs = trunk.words(pass, &hidden.narrow(0, start, end - start)).log_softmax();
        let size = logs.dims()[1];
        let here = targets.iter().filter(|(row, _)| (start..end).contains(row));
        let here: Vec<u32> = here.map(|&(row, token)| cell((row - start) * size + token as usize)).collect();
        if !here.is_empty() {
            let picked = logs.reshape(&[(end - start) * size, 1]).rows(&here).to_vec();
            values.extend(picked.into_iter().map(f64::from));
        }
    }
    values
}

/// Appends `tokens` to the prompt.
fn extended(prompt: &Sequence, tokens: &[u32]) -> Sequence {
    let mut grown = prompt.clone();
    grown.after.extend(tokens);
    grown
}
