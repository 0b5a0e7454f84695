//! Tests of saved files, of loading them, and of refused files.

use super::*;

fn saved(model: &PretrainedModel) -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    model.save(dir.path()).unwrap();
    dir
}

fn refused(config: &Pretrained, dir: &Path) -> String {
    config.load(dir, &runtime()).map(|_| ()).unwrap_err().to_string()
}

#[test]
fn files_give_the_same_model_without_the_published_weights() {
    let dir = llama(Some(TEMPLATE));
    let config = config(dir.path());
    let mut model = model(&config);
    let examples = batch(&model);
    let query = [Query { prompt: prompt(&examples[0]), options: vec![examples[0].after[3..].to_vec()] }];
    let stages = [(lora(2), false), (lora(3), false), (Tuning::Full, true), (lora(2), true)];
    for (tuning, has_weights) in stages {
        train(&mut model, &training(3, tuning.clone()), examples.clone()).unwrap();
        let first = saved(&model);
        let files = contents(first.path());
        assert_eq!(files.contains_key(Path::new("weights.safetensors")), has_weights);
        let has_adapter = files.contains_key(Path::new("adapter/adapter_model.safetensors"));
        assert_eq!(has_adapter, tuning != Tuning::Full);
        let loaded = super::super::files::load(&config, first.path(), &runtime()).unwrap();
        assert!(close(&loaded.rank(&query).unwrap(), &model.rank(&query).unwrap()));
        let again = saved(&loaded);
        assert!(contents(again.path()) == files, "a file changed on the way through memory");
        model = loaded;
    }
}

#[test]
fn the_same_seed_gives_the_same_bytes() {
    let dir = llama(Some(TEMPLATE));
    let run = || {
        let (config, runtime, text) = (config(dir.path()), runtime(), tempfile::tempdir().unwrap());
        let descriptions = vec!["Rest is low.".to_owned(), "Pain is high.".to_owned()];
        let mut cx = FitContext { runtime: &runtime, seed: 6, observer: &mut boldface::Silent };
        let source = TextSource { descriptions, ..TextSource::default() };
        config.text_space(&source, &mut cx).unwrap().save(text.path()).unwrap();
        let mut model = config.init(text.path(), SHAPE, &mut cx).unwrap();
        let example = sequence(&self::model(&config), Some(block(1, 3)), "is it?", "never");
        let mut batches = std::iter::repeat_with(|| Ok(vec![example.clone()]));
        model.train(&training(3, lora(2)), &mut batches, &mut cx).unwrap();
        let dir = tempfile::tempdir().unwrap();
        model.save(dir.path()).unwrap();
        (contents(text.path()), contents(dir.path()))
    };
    let (one, two) = (run(), run());
    assert!(one == two);
    // The text side has a centre and a fingerprint; no file is as large as the weights.
    let names: Vec<&str> = one.0.keys().map(|name| name.to_str().unwrap()).collect();
    assert_eq!(names, ["center.safetensors", "model.json"]);
    assert!(one.0.values().all(|bytes| bytes.len() < 2000));
}

#[test]
fn as_many_parameters_as_are_told_before_are_there() {
    for (dir, targets) in [(llama(None), vec!["q_proj".to_owned(), "down_proj".to_owned()]), (gpt2(), vec![])]
    {
        for (input, asked) in [(Input::Features, false), (Input::Codes, true)] {
            let config = Pretrained { input, asked, ..config(dir.path()) };
            let mut model = model(&config);
            assert_eq!(config.parameters(SHAPE, None), Some(model.network.params().count() as u64));
            let adapter = Lora { rank: 3, alpha: 8.0, dropout: 0.0, targets: targets.clone() };
            model.network.tune(&Tuning::Lora(adapter.clone()), 0).unwrap();
            assert_eq!(config.parameters(SHAPE, Some(&adapter)), Some(model.network.params().count() as u64));
        }
    }
}

#[test]
fn another_base_is_refused_and_a_moved_one_is_not() {
    let dir = llama(Some(TEMPLATE));
    let mut model = model(&config(dir.path()));
    let examples = batch(&model);
    train(&mut model, &training(1, lora(2)), examples).unwrap();
    let run = saved(&model);
    let moved = llama(Some(TEMPLATE));
    assert!(config(moved.path()).load(run.path(), &runtime()).is_ok());

    // Changes one number of the last tensor.
    let path = moved.path().join("model.safetensors");
    let mut bytes = fs::read(&path).unwrap();
    let place = bytes.len() - 2;
    bytes[place] ^= 1;
    fs::write(&path, bytes).unwrap();
    let error = refused(&config(moved.path()), run.path());
    assert!(error.contains("the content of `model.safetensors` has changed"), "{error}");
    let error = refused(&config(llama(None).path()), run.path());
    assert!(error.contains("`tokenizer_config.json` had "), "{error}");
    let error = refused(&config(gpt2().path()), run.path());
    assert!(error.contains("`config.json` had "), "{error}");
    let text = tempfile::tempdir().unwrap();
    let (runtime, descriptions) = (runtime(), vec!["low".to_owned()]);
    let mut cx = FitContext { runtime: &runtime, seed: 0, observer: &mut boldface::Silent };
    let source = TextSource { descriptions, ..TextSource::default() };
    config(dir.path()).text_space(&source, &mut cx).unwrap().save(text.path()).unwrap();
    let other = config(moved.path()).init(text.path(), SHAPE, &mut cx).map(|_| ()).unwrap_err();
    assert!(other.to_string().contains("was made with other weights"), "{other}");
    let error = refused(&config(dir.path()), text.path());
    assert!(error.contains("holds a text side without fMRI parts"), "{error}");
}

#[test]
fn damaged_parts_are_named() {
    let dir = llama(Some(TEMPLATE));
    let config = config(dir.path());
    let mut model = model(&config);
    let examples = batch(&model);
    train(&mut model, &training(1, lora(2)), examples).unwrap();

    // The adapter of another model, the GPT-2, as PEFT would have saved it.
    let other = gpt2();
    let mut gpt2 = self::model(&self::config(other.path()));
    let examples = batch(&gpt2);
    train(&mut gpt2, &training(1, lora(2)), examples).unwrap();
    let (run, of_gpt2) = (saved(&model), saved(&gpt2));
    for file in ["adapter_config.json", "adapter_model.safetensors"] {
        let [from, to] = [&of_gpt2, &run].map(|dir| dir.path().join("adapter").join(file));
        fs::copy(from, to).unwrap();
    }
    let error = refused(&config, run.path());
    assert!(error.contains("is an adapter for") && error.contains("not this model"), "{error}");

    let run = saved(&model);
    fs::remove_file(run.path().join("adapter/adapter_model.safetensors")).unwrap();
    assert!(refused(&config, run.path()).contains("adapter_model.safetensors"));
    fs::write(run.path().join("fmri.safetensors"), b"nothing").unwrap();
    assert!(refused(&config, run.path()).contains("fmri.safetensors"));
    fs::write(run.path().join("model.json"), b"{").unwrap();
    assert!(refused(&config, run.path()).contains("model.json` is damaged"));
}
