//! Tests of what each place can see, and that answers do not depend on how they are computed.

use std::sync::Arc;

use boldface::Query;

use super::super::network::ASKED;
use super::super::text::GptTextSide;
use super::*;

#[test]
fn nothing_sees_what_comes_later() {
    for input in [Input::Features, Input::Codes] {
        let model = model(&Gpt { input, ..config() });
        let old = sequence(&model, Some(block(1, 3)), "is it?", "never");
        let layout = old.layout();
        let before = hidden(&model, &old);
        let (changed, unchanged) = (block(2, 3), old.fmri.clone().unwrap());
        let first = layout.rois;
        let features =
            [&unchanged.features.values[..first * 4], &changed.features.values[first * 4..]].concat();
        let mut codes = (*unchanged.codes).clone();
        codes.codes[first..].iter_mut().for_each(|code| *code = (*code + 1) % 5);
        let fmri = FmriBlock {
            features: Arc::new(Features::new(4, features).unwrap()),
            codes: Arc::new(codes),
            patches: 3,
            regions: None,
        };
        let after = hidden(&model, &Sequence { fmri: Some(fmri), ..old.clone() });
        assert_eq!(
            after[..layout.fmri(1, 0)],
            before[..layout.fmri(1, 0)],
            "a later patch reaches an earlier one"
        );
        for place in layout.fmri(1, 0)..layout.len() {
            assert_ne!(after[place], before[place], "place {place} does not see the changed patch");
        }
        let mut other = old.clone();
        other.after[1] += 1;
        let after = hidden(&model, &other);
        assert_eq!(after[..layout.after(1)], before[..layout.after(1)], "text reaches what stands before it");
        assert_ne!(after[layout.after(2)], before[layout.after(2)]);
    }
}

/// Words in all questions do not distinguish them; a name has the same vector everywhere.
#[test]
fn words_tell_questions_apart_as_they_are_rare() {
    let questions =
        ["DM_net-VIS_net coupling?", "CER-DM_net coupling?", "VIS_net-CER coupling?", "DM_net-LIM coupling?"];
    let questions = questions.map(str::to_owned).to_vec();
    let source = TextSource { questions: questions.clone(), ..TextSource::default() };
    let vocabulary = GptVocabulary::train(&source, 400).unwrap();
    let engine = open("dfdx", "cpu").unwrap();
    let network = GptNetwork::new(&config(), &engine, vocabulary.len(), &mut seed::stream(0, "test"));
    let mut side = GptTextSide { network, vocabulary };
    side.tell_questions_apart(&questions, 3).unwrap();
    let (width, table) = (config().width, side.network.params.get(ASKED).to_vec());
    let vector = |text: &str, place: usize| {
        let token = side.vocabulary.tokens(text).unwrap()[place] as usize;
        table[token * width..][..width].to_vec()
    };
    let size = |vector: &[f32]| vector.iter().map(|x| x * x).sum::<f32>().sqrt();
    assert_eq!(side.vocabulary.tokens("DM_net-VIS_net coupling?").unwrap().len(), 5, "a name is one token");
    assert_eq!(vector("DM_net-VIS_net", 0), vector("VIS_net-DM_net", 2));
    assert_eq!([size(&vector("coupling?", 0)), size(&vector("coupling?", 1))], [0.0, 0.0]);
    assert!(size(&vector("DM_net-LIM", 2)) > size(&vector("CER", 0)) && size(&vector("CER", 0)) > 0.0);
    assert!(size(&vector("DM_net", 0)) < size(&vector("CER", 0)), "three of four ask for it");
}

#[test]
fn ranks_do_not_depend_on_what_else_is_asked() {
    let model = model(&config());
    let scan = block(1, 3);
    let option = |text: &str| model.answer_tokens("", true, text).unwrap();
    let options = vec![option("never"), option("the brain is never still"), vec![7], Vec::new()];
    let query = |fmri, question: &str| {
        let prompt = prompt(&sequence(&model, fmri, question, ""));
        Query { prompt, options: options.clone() }
    };
    let queries = [
        query(Some(scan.clone()), "is it?"),
        query(None, "is it?"),
        query(Some(block(2, 2)), "is the heart still?"),
        query(Some(scan), "a longer question about the same scan"),
    ];
    let together = ranked_as_alone(&model, &queries, 1e-5);
    assert_ne!(together[0], together[1], "the scan says nothing");
    assert!(together.iter().all(|ranks| ranks[3] == 0.0), "an empty option is certain");
}

#[test]
fn many_questions_are_ranked_side_by_side_as_one_by_one() {
    let model = model(&config());
    let words = ["is", "the", "brain", "still", "heart", "never", "silent", "and"];
    let text = |from: usize, count: usize| -> String {
        (from..from + count).map(|index| words[index * index % words.len()]).collect::<Vec<_>>().join(" ")
    };
    let (scan, other) = (block(1, 3), block(2, 2));
    let mut queries = Vec::new();
    for index in 0..40 {
        let fmri = [Some(scan.clone()), None, Some(scan.clone()), Some(other.clone())][index % 4].clone();
        let question = sequence(&model, fmri, &text(index, 1 + index % 7), "");
        let options = (0..5)
            .map(|option| model.answer_tokens("", true, &text(index + option, option)).unwrap())
            .collect();
        queries.push(Query { prompt: prompt(&question), options });
    }
    // Adds a repeated question, one without options, and one without text after the block.
    queries.push(queries[2].clone());
    queries.push(Query { options: Vec::new(), ..queries[4].clone() });
    let bare = Sequence { after: Vec::new(), ..queries[0].prompt.clone() };
    queries.push(Query { prompt: bare, ..queries[0].clone() });
    let about_scan = queries.iter().filter(|query| query.prompt.fmri.is_some()).count();
    assert!(about_scan * 5 > 64, "all options fit into one batch");
    let together = ranked_as_alone(&model, &queries, 1e-5);
    assert_eq!(together, model.rank(&queries).unwrap());
    assert_eq!(together[40], together[2]);
}

#[test]
fn cached_continuation_equals_whole_passes() {
    let model = model(&config());
    let prompts = [
        prompt(&sequence(&model, Some(block(1, 3)), "is it?", "")),
        prompt(&sequence(&model, Some(block(2, 3)), "is it?", "")),
        prompt(&sequence(&model, None, "what?", "")),
    ];
    let end = model.vocabulary.end();
    let mut lengths = Vec::new();
    for (prompt, text) in prompts.iter().zip(model.generate(&prompts, 12).unwrap()) {
        let mut grown = prompt.clone();
        let mut expected = Vec::new();
        while expected.len() < 12 {
            let last = hidden(&model, &grown).pop().unwrap();
            let engine = model.network.params.engine();
            let hidden = engine.tensor(last, &[1, 16]);
            let logits = no_grad(|| model.network.words(&model.network.pass(None), &hidden).to_vec());
            let best = (0..=end).max_by(|&a, &b| logits[a as usize].total_cmp(&logits[b as usize])).unwrap();
            if best == end {
                break;
            }
            expected.push(best);
            grown.after.push(best);
        }
        lengths.push(text.len());
        assert_eq!(text, expected);
    }
    assert!(lengths.iter().any(|&length| length > 2), "{lengths:?}");
    // The context of 64 tokens ends a continuation too.
    let room = 64 - prompts[2].layout().len();
    assert!(model.generate(&prompts[2..], 1000).unwrap()[0].len() <= room);
}

#[test]
fn a_pooled_prompt_is_its_mean_and_its_last_state_whatever_else_is_pooled() {
    let model = model(&config());
    let prompts: Vec<Sequence> =
        [(Some(block(1, 3)), "is it?"), (None, "is it?"), (Some(block(2, 3)), "is it?")]
            .into_iter()
            .map(|(fmri, question)| prompt(&sequence(&model, fmri, question, "")))
            .collect();
    let together = model.pool(&prompts).unwrap();
    assert_eq!((together.rows, together.width), (3, 32));
    for (row, prompt) in prompts.iter().enumerate() {
        let alone = model.pool(std::slice::from_ref(prompt)).unwrap();
        let states = no_grad(|| {
            let (network, places) = (&model.network, 0..prompt.layout().len());
            let pass = network.pass(None);
            network.norm(&pass, &network.read(&pass, &Bucket::new(&[(prompt, places)]), None)).to_vec()
        });
        let states: Vec<&[f32]> = states.chunks(16).collect();
        let mean = |i: usize| states.iter().map(|state| state[i]).sum::<f32>() / states.len() as f32;
        let expected = (0..16).map(mean).chain(states[states.len() - 1].iter().copied());
        for ((value, alone), expected) in together.row(row).iter().zip(alone.row(0)).zip(expected) {
            assert!((value - expected).abs() < 1e-4 && (alone - expected).abs() < 1e-4);
        }
    }
    assert!(model.pool(&[Sequence::prompt(Vec::new(), None, Vec::new())]).is_err());
}
