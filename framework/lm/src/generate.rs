//! Continues prompts token by token, several in parallel, with cached keys and values.

use boldface::Result;
use boldface_engine::nn::{KvCache, Pass};
use boldface_engine::{Tensor, no_grad};

use crate::network::PublishedNetwork;
use crate::sample::{Sampler, Sampling};

/// Number of texts that are continued in parallel.
const BATCH: usize = 16;

/// Settings of a continuation: length, end tokens and sampling.
#[derive(Clone, Debug, PartialEq)]
pub struct Continuation {
    /// Maximum number of new tokens; the model's context limits it too.
    pub limit: usize,
    /// Tokens that end a text; they are not part of it.
    pub ends: Vec<u32>,
    /// Only tokens below this are chosen, because embedding rows beyond the vocabulary are not text.
    pub among: usize,
    /// How each token is chosen.
    pub sampling: Sampling,
}

/// Continues each prompt and returns its new tokens.
///
/// Calls `told` with the index of the prompt and each token as it is chosen; an error from `told` ends
/// the generation. Prompts of similar length share forward passes. Each gets the same tokens as alone,
/// up to rounding.
///
/// # Errors
///
/// If a prompt is empty, fills the context or has a token that the model lacks, if a number of the
/// sampling is out of range, or if `told` fails.
pub fn generate(
    network: &PublishedNetwork,
    pass: &Pass<'_>,
    prompts: &[Vec<u32>],
    how: &Continuation,
    told: &mut dyn FnMut(usize, u32) -> Result<()>,
) -> Result<Vec<Vec<u32>>> {
    how.sampling.check()?;
    for prompt in prompts {
        check(network, prompt)?;
    }
    let mut texts = vec![Vec::new(); prompts.len()];
    for members in similar(&prompts.iter().map(Vec::len).collect::<Vec<_>>()) {
        let group = members.into_iter().map(|index| Text::new(index, &prompts[index], how)).collect();
        no_grad(|| {
            extend(network, pass, group, how, &mut |index, token| {
                texts[index].push(token);
                told(index, token)
            })
        })?;
    }
    Ok(texts)
}

fn check(network: &PublishedNetwork, prompt: &[u32]) -> Result<()> {
    let config = &network.config;
    if prompt.is_empty() {
        return Err("an empty prompt cannot be continued".into());
    }
    if prompt.len() >= config.context {
        let (len, context) = (prompt.len(), config.context);
        return Err(
            format!("a prompt of {len} tokens leaves no room in the model's context of {context}").into()
        );
    }
    network.check_tokens(prompt)
}

/// A prompt that is being continued.
struct Text {
    index: usize,
    tokens: Vec<u32>,
    /// Maximum number of tokens, prompt included.
    end: usize,
    sampler: Sampler,
}

impl Text {
    fn new(index: usize, prompt: &[u32], how: &Continuation) -> Text {
        let end = prompt.len().saturating_add(how.limit);
        Text { index, tokens: prompt.to_vec(), end, sampler: Sampler::new(&how.sampling, index) }
    }
}

/// Continues texts of different lengths without padding, so that no answer depends on its neighbours.
///
/// Each round reads the tokens that all texts have, then chooses the next token of the shortest texts,
/// while the others still have tokens of their prompts. The same code reads prompts and chosen tokens.
fn extend(
    network: &PublishedNetwork,
    pass: &Pass<'_>,
    mut texts: Vec<Text>,
    how: &Continuation,
    told: &mut dyn FnMut(usize, u32) -> Result<()>,
) -> Result<()> {
    let context = network.config.context;
    texts.retain(|text| text.tokens.len() < text.end.min(context));
    let (mut cache, mut read) = (network.cache(), 0);
    while let Some(known) = texts.iter().map(|text| text.tokens.len()).min() {
        let hidden = read_more(network, pass, &texts, read..known, &mut cache);
        read = known;
        let ready: Vec<usize> = (0..texts.len()).filter(|&row| texts[row].tokens.len() == known).collect();
        let last = hidden.rows(
            &ready
                .iter()
                .map(|row| small((row + 1) * hidden.dims()[0] / texts.len() - 1))
                .collect::<Vec<_>>(),
        );
        let logits = network.logits(pass, &network.norm(pass, &last));
        let (logits, size) = (logits.to_vec(), logits.dims()[1]);
        let mut is_over = vec![false; texts.len()];
        for (row, logits) in ready.into_iter().zip(logits.chunks(size)) {
            let text = &mut texts[row];
            let token = text.sampler.choose(&logits[..how.among.min(size)]);
            if how.ends.contains(&token) {
                is_over[row] = true;
                continue;
            }
            text.tokens.push(token);
            is_over[row] = text.tokens.len() >= text.end.min(context);
            told(text.index, token)?;
        }
        if is_over.contains(&true) {
            let kept: Vec<usize> = (0..texts.len()).filter(|&row| !is_over[row]).collect();
            if kept.is_empty() {
                break;
            }
            cache = cache.select(&kept);
            let mut over = is_over.into_iter();
            texts.retain(|_| !over.next().unwrap_or_default());
        }
    }
    Ok(())
}

/// Returns the hidden states (B * T, D) of `places` in all texts; earlier places are in the cache.
fn read_more(
    network: &PublishedNetwork,
    pass: &Pass<'_>,
    texts: &[Text],
    places: std::ops::Range<usize>,
    cache: &mut KvCache,
) -> Tensor {
    let tokens: Vec<u32> = texts.iter().flat_map(|text| &text.tokens[places.clone()]).copied().collect();
    let (batch, length) = (texts.len(), places.len());
    let x_btd = network.embed(pass, &tokens).reshape(&[batch, length, network.config.width]);
    let positions: Vec<u32> = texts.iter().flat_map(|_| places.clone().map(small)).collect();
    let visible: Vec<u32> = positions.iter().map(|position| position + 1).collect();
    let hidden = network.read(pass, &x_btd, &positions, &visible, Some(cache));
    hidden.reshape(&[batch * length, network.config.width])
}

/// Groups indices by similar length, longest first; a group's shortest has at least 4/5 of its longest.
fn similar(lengths: &[usize]) -> Vec<Vec<usize>> {
    let mut order: Vec<usize> = (0..lengths.len()).collect();
    order.sort_by_key(|&index| std::cmp::Reverse(lengths[index]));
    let mut groups: Vec<Vec<usize>> = Vec::new();
    for index in order {
        match groups.last_mut() {
            Some(group) if group.len() < BATCH && lengths[index] * 5 >= lengths[group[0]] * 4 => {
                group.push(index)
            }
            _ => groups.push(vec![index]),
        }
    }
    groups
}

fn small(place: usize) -> u32 {
    u32::try_from(place).expect("a batch has fewer than 2^32 tokens")
}
