//! The sentences of five manifests, and how they vanish with their fields.

use std::fs;

use boldface::MetricRow;
use expect_test::{Expect, expect};
use serde_json::{Value, json};

use super::*;
use crate::report::fixture::{self, Fixture};

/// Changes a run's manifest.
fn edit(fixture: &Fixture, change: impl FnOnce(&mut Value)) {
    let path = fixture.run.join("plan.json");
    let mut manifest = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
    change(&mut manifest);
    fs::write(path, manifest.to_string()).unwrap();
}

/// Changes a run's scores.
fn rescore(fixture: &Fixture, change: impl FnOnce(&mut Vec<MetricRow>)) {
    let path = fixture.run.join("metrics.parquet");
    let mut rows = boldface_tables::metrics::read(&path).unwrap();
    change(&mut rows);
    boldface_tables::metrics::write(&path, "quickstart", &rows).unwrap();
}

fn keep_stages(manifest: &mut Value, is_kept: impl Fn(&str) -> bool) {
    let stages = manifest["stages"].as_array_mut().unwrap();
    stages.retain(|record| {
        let kind = &record["stage"]["kind"];
        let name = kind.as_str().or_else(|| kind.as_object()?.keys().next().map(String::as_str));
        is_kept(name.unwrap())
    });
}

fn sentences(fixture: &Fixture) -> Vec<Sentence> {
    paragraphs(&StoredRun::read(&fixture.run).unwrap()).concat()
}

fn check(fixture: &Fixture, expected: &Expect) {
    let lines =
        sentences(fixture).into_iter().map(|one| format!("{}\n    {}\n", one.text, one.fields.join(", ")));
    expected.assert_eq(&lines.collect::<String>());
}

/// Images with every step of cleaning, made by other programs, some of them left out.
fn prepared() -> Fixture {
    let fixture = fixture::make(&["condition"]);
    edit(&fixture, |manifest| {
        manifest["experiment"]["datasets"]["pain"] = json!({
            "type": "bids", "path": "/home/somebody/derivatives",
            "parcellation": { "volume": "/home/somebody/atlas.nii.gz", "kind": "labels" },
            "minimum-coverage": 0.5, "smoothing": 6.0, "dummy-scans": 4, "detrend": true, "high-pass": 0.008,
            "low-pass": 0.1, "filter": "butterworth", "confounds": "24p", "standardize": "zscore-sample",
            "scrub": { "fd": 0.5, "shortest": 5 }, "resample-tr": 2.0, "minimum-clean-seconds": 240.0,
            "maximum-mean-fd": 0.3,
        });
        manifest["descriptions"]["pain"] = json!({
            "Name": "Pain & more", "DatasetDOI": "10.1/x_y",
            "GeneratedBy": [{ "Name": "fMRIPrep", "Version": "23.2.1" }, { "Name": "XCP-D" }],
        });
        let scan = json!({ "dataset": "pain", "subject": "99", "session": null, "task": null, "run": null });
        manifest["excluded"] = json!([{ "scan": scan, "reason": "it moved" }]);
    });
    fixture
}

/// One fold, harmonised, with a task that is probed.
fn folded() -> Fixture {
    let fixture = fixture::make(&["condition", "captioning"]);
    edit(&fixture, |manifest| {
        let experiment = &mut manifest["experiment"];
        experiment["split"]["folds"] = json!(5);
        experiment["split"]["fold"] = json!(1);
        experiment["harmonization"] = json!({ "type": "combat", "batch": "site", "preserve": ["age"] });
        experiment["tasks"]["condition"]["paradigm"] = json!("probe");
    });
    rescore(&fixture, |rows| {
        let one = rows.iter().find(|row| row.plugin == "fc-logistic").unwrap();
        let harmonized = MetricRow { metric: "harmonized".into(), split: String::new(), ..one.clone() };
        rows.push(harmonized);
    });
    fixture
}

#[test]
fn a_run_that_stopped_after_its_split_says_no_more() {
    let fixture = fixture::whole();
    edit(&fixture, |manifest| keep_stages(manifest, |name| ["series", "split"].contains(&name)));
    rescore(&fixture, Vec::clear);
    check(
        &fixture,
        &expect![[r#"
        BOLD time series in 12 regions of 48 scans of 16 {subject}s from pain were analysed.
            experiment.datasets, regions.json, scans.json, split.json
        Every scan was cropped to 160 volumes from volume 0 (repetition time 2 s).
            experiment.signal, scans.json
        Before anything was fitted, {subject}s were divided into 9 for training, 3 for validation and 4 for testing, stratified by condition (seed 0, BLAKE3 af6ae2a02ca6); all scans of a {subject} stayed together.
            experiment.split, split.json
        Computed with boldface 0.1.0, dfdx 0.13.0 on the engine dfdx (seed 0).
            versions, experiment.engine, experiment.seed
    "#]],
    );
}

#[test]
fn baselines_alone_have_no_model() {
    let fixture = fixture::make(&["condition"]);
    edit(&fixture, |manifest| {
        keep_stages(manifest, |name| ["series", "split", "baseline"].contains(&name));
    });
    rescore(&fixture, |rows| {
        rows.retain(|row| row.stage.starts_with("baseline."));
        rows.iter_mut().for_each(|row| (row.low, row.high) = (None, None));
    });
    check(
        &fixture,
        &expect![[r#"
        BOLD time series in 12 regions of 48 scans of 16 {subject}s from pain were analysed.
            experiment.datasets, regions.json, scans.json, split.json
        Every scan was cropped to 160 volumes from volume 0 (repetition time 2 s).
            experiment.signal, scans.json
        Each region was standardised to mean 0 and standard deviation 1 over these volumes.
            experiment.signal.standardize, stages
        Before anything was fitted, {subject}s were divided into 9 for training, 3 for validation and 4 for testing, stratified by condition (seed 0, BLAKE3 af6ae2a02ca6); all scans of a {subject} stayed together.
            experiment.split, split.json
        The tasks were condition (classification, classes “passive” / “regulate-up” / “regulate-down”, target “condition”).
            experiment.tasks.condition
        Baselines on the same questions were fc-logistic (a linear model of the regions' correlations); majority (the most frequent answer of training scans).
            metrics.parquet: baseline.condition
        Computed with boldface 0.1.0, dfdx 0.13.0 on the engine dfdx (seed 0).
            versions, experiment.engine, experiment.seed
    "#]],
    );
}

#[test]
fn three_stages_and_three_tasks() {
    check(
        &fixture::whole(),
        &expect![[r#"
        BOLD time series in 12 regions of 48 scans of 16 {subject}s from pain were analysed.
            experiment.datasets, regions.json, scans.json, split.json
        Every scan was cropped to 160 volumes from volume 0 (repetition time 2 s).
            experiment.signal, scans.json
        Each region was standardised to mean 0 and standard deviation 1 over these volumes.
            experiment.signal.standardize, stages
        Before anything was fitted, {subject}s were divided into 9 for training, 3 for validation and 4 for testing, stratified by condition (seed 0, BLAKE3 af6ae2a02ca6); all scans of a {subject} stayed together.
            experiment.split, split.json
        Scans were described in words by connectivity, against norms fitted on training scans only (27 scans).
            experiment.corpora, stages.corpus, descriptors.parquet
        Signals were turned into tokens by the tokenizer vq (code-dim 16, codebook-size 128, patch 40, steps 200), fitted on training scans.
            experiment.tokenizer, stages.tokenizer
        Tokens and text were read by the language model gpt (heads 4, layers 2, width 64).
            experiment.backbone, stages
        It was aligned with the signals by 150 steps of AdamW on 8 scans to ask about and 1 to describe or continue each (learning rate 0.001 after 20 steps of linear warm-up, by a cosine to 1e-4; weight decay 0.1; gradients clipped at norm 1; low-rank adapters of rank 8 (alpha 16) were trained and the language model was frozen), on the weighted sum of answering questions about facts (weight 1), describing scans (weight 1), predicting the next patch's codes (weight 0.1) and general text (weight 0.5).
            experiment.alignment, stages.alignment
        Up to 16 questions about facts were asked per scan; a share of 0.75 of these scans was made from training scans, by coupling, uncoupling or slowing networks at random and measuring the facts anew.
            experiment.alignment
        The tasks were captioning (facts 4), condition (classification, classes “passive” / “regulate-up” / “regulate-down”, target “condition”), forecasting (context 120, horizon 40).
            experiment.tasks.captioning, experiment.tasks.condition, experiment.tasks.forecasting
        Baselines on the same questions were ar-4 (a linear forecast from each region's own past); fc-logistic (a linear model of the regions' correlations); majority (the most frequent answer of training scans); persistence (each region's last value, for all time).
            metrics.parquet: baseline.captioning, metrics.parquet: baseline.condition, metrics.parquet: baseline.forecasting
        Controls were text-only (the model, asked without any scan).
            metrics.parquet: evaluation.captioning, metrics.parquet: evaluation.condition, metrics.parquet: evaluation.forecasting
        In evaluation, options were ranked by log-likelihood, texts were generated greedily (up to 160 tokens) and series were continued as codes and decoded.
            stages.evaluation.captioning, stages.evaluation.condition, stages.evaluation.forecasting, experiment.evaluation.longest-answer
        Intervals are 95% percentile intervals of 1000 bootstrap resamples of {subject}s (seed 0), widened as for Student's t where there were fewer than 20 {subject}s; those of differences are paired by {subject}.
            experiment.evaluation, metrics.parquet
        Computed with boldface 0.1.0, dfdx 0.13.0 on the engine dfdx (seed 0).
            versions, experiment.engine, experiment.seed
    "#]],
    );
}

#[test]
fn images_were_cleaned_as_the_manifest_says() {
    check(
        &prepared(),
        &expect![[r#"
        BOLD time series in 12 regions of 48 scans of 16 {subject}s from pain were analysed.
            experiment.datasets, regions.json, scans.json, split.json
        The data of pain were made by fMRIPrep 23.2.1 and XCP-D.
            descriptions.pain.GeneratedBy
        Volumes were smoothed by a Gaussian of 6 mm full width at half maximum.
            experiment.datasets.pain.smoothing
        Signals were averaged over the voxels of each region of atlas.nii.gz (pain); a region was missing in a scan if less than 50% of its voxels had a signal.
            experiment.datasets.pain.parcellation, experiment.datasets.pain.minimum-coverage
        In the series of pain, mean and linear trend were removed, frequencies outside 0.008 to 0.1 Hz were removed by a Butterworth filter of order 5, run forward and backward, the confounds 24p were regressed out and each region was standardised over the run.
            experiment.datasets.pain.detrend, experiment.datasets.pain.high-pass, experiment.datasets.pain.low-pass, experiment.datasets.pain.filter, experiment.datasets.pain.confounds, experiment.datasets.pain.standardize
        The first 4 volumes of each scan were removed.
            experiment.datasets.pain.dummy-scans
        Volumes of pain with a framewise displacement above 0.5 mm were removed, and with them stretches of fewer than 5 volumes in between.
            experiment.datasets.pain.scrub
        Scans of pain were resampled to a repetition time of 2 s.
            experiment.datasets.pain.resample-tr
        Scans of pain with less than 240 s left or a mean framewise displacement above 0.3 mm were not used.
            experiment.datasets.pain.minimum-clean-seconds, experiment.datasets.pain.maximum-mean-fd
        1 of 49 scans was left out before anything was fitted, for the reasons in exclusions.tsv.
            excluded
        Every scan was cropped to 160 volumes from volume 0 (repetition time 2 s).
            experiment.signal, scans.json
        Each region was standardised to mean 0 and standard deviation 1 over these volumes.
            experiment.signal.standardize, stages
        Before anything was fitted, {subject}s were divided into 9 for training, 3 for validation and 4 for testing, stratified by condition (seed 0, BLAKE3 af6ae2a02ca6); all scans of a {subject} stayed together.
            experiment.split, split.json
        Scans were described in words by connectivity, against norms fitted on training scans only (27 scans).
            experiment.corpora, stages.corpus, descriptors.parquet
        Signals were turned into tokens by the tokenizer vq (code-dim 16, codebook-size 128, patch 40, steps 200), fitted on training scans.
            experiment.tokenizer, stages.tokenizer
        Tokens and text were read by the language model gpt (heads 4, layers 2, width 64).
            experiment.backbone, stages
        It was aligned with the signals by 150 steps of AdamW on 8 scans to ask about and 1 to describe or continue each (learning rate 0.001 after 20 steps of linear warm-up, by a cosine to 1e-4; weight decay 0.1; gradients clipped at norm 1; low-rank adapters of rank 8 (alpha 16) were trained and the language model was frozen), on the weighted sum of answering questions about facts (weight 1), describing scans (weight 1), predicting the next patch's codes (weight 0.1) and general text (weight 0.5).
            experiment.alignment, stages.alignment
        Up to 16 questions about facts were asked per scan; a share of 0.75 of these scans was made from training scans, by coupling, uncoupling or slowing networks at random and measuring the facts anew.
            experiment.alignment
        The tasks were condition (classification, classes “passive” / “regulate-up” / “regulate-down”, target “condition”).
            experiment.tasks.condition
        Baselines on the same questions were fc-logistic (a linear model of the regions' correlations); majority (the most frequent answer of training scans).
            metrics.parquet: baseline.condition
        Controls were text-only (the model, asked without any scan).
            metrics.parquet: evaluation.condition
        In evaluation, options were ranked by log-likelihood.
            stages.evaluation.condition
        Intervals are 95% percentile intervals of 1000 bootstrap resamples of {subject}s (seed 0), widened as for Student's t where there were fewer than 20 {subject}s; those of differences are paired by {subject}.
            experiment.evaluation, metrics.parquet
        Computed with boldface 0.1.0, dfdx 0.13.0 on the engine dfdx (seed 0).
            versions, experiment.engine, experiment.seed
    "#]],
    );
}

#[test]
fn a_fold_that_was_harmonised_and_probed() {
    check(
        &folded(),
        &expect![[r#"
        BOLD time series in 12 regions of 48 scans of 16 {subject}s from pain were analysed.
            experiment.datasets, regions.json, scans.json, split.json
        Every scan was cropped to 160 volumes from volume 0 (repetition time 2 s).
            experiment.signal, scans.json
        Each region was standardised to mean 0 and standard deviation 1 over these volumes.
            experiment.signal.standardize, stages
        Before anything was fitted, {subject}s were divided into 9 for training, 3 for validation and 4 for testing, by fold 2 of 5-fold cross-validation, stratified by condition (seed 0, BLAKE3 af6ae2a02ca6); all scans of a {subject} stayed together.
            experiment.split, split.json
        Scans were described in words by connectivity, against norms fitted on training scans only (27 scans).
            experiment.corpora, stages.corpus, descriptors.parquet
        Signals were turned into tokens by the tokenizer vq (code-dim 16, codebook-size 128, patch 40, steps 200), fitted on training scans.
            experiment.tokenizer, stages.tokenizer
        Tokens and text were read by the language model gpt (heads 4, layers 2, width 64).
            experiment.backbone, stages
        It was aligned with the signals by 150 steps of AdamW on 8 scans to ask about and 1 to describe or continue each (learning rate 0.001 after 20 steps of linear warm-up, by a cosine to 1e-4; weight decay 0.1; gradients clipped at norm 1; low-rank adapters of rank 8 (alpha 16) were trained and the language model was frozen), on the weighted sum of answering questions about facts (weight 1), describing scans (weight 1), predicting the next patch's codes (weight 0.1) and general text (weight 0.5).
            experiment.alignment, stages.alignment
        Up to 16 questions about facts were asked per scan; a share of 0.75 of these scans was made from training scans, by coupling, uncoupling or slowing networks at random and measuring the facts anew.
            experiment.alignment
        The tasks were captioning (facts 4), condition (classification, classes “passive” / “regulate-up” / “regulate-down”, paradigm “probe”, target “condition”).
            experiment.tasks.captioning, experiment.tasks.condition
        Baselines on the same questions were fc-logistic (a linear model of the regions' correlations); majority (the most frequent answer of training scans).
            metrics.parquet: baseline.captioning, metrics.parquet: baseline.condition
        Controls were text-only (the model, asked without any scan).
            metrics.parquet: evaluation.captioning, metrics.parquet: evaluation.condition
        In evaluation, texts were generated greedily (up to 160 tokens).
            stages.evaluation.captioning, experiment.evaluation.longest-answer
        Intervals are 95% percentile intervals of 1000 bootstrap resamples of {subject}s (seed 0), widened as for Student's t where there were fewer than 20 {subject}s; those of differences are paired by {subject}.
            experiment.evaluation, metrics.parquet
        The connectivity of the FC baselines (Fisher's z) was harmonised over site by ComBat (parametric empirical Bayes) with the effects of age preserved, fitted on training scans only.
            experiment.harmonization, metrics.parquet: harmonized
        Predicted by a linear model on the pooled hidden states of the frozen model before instruction tuning, its penalty chosen by cross-validation over training {subject}s: condition.
            experiment.tasks.condition
        Computed with boldface 0.1.0, dfdx 0.13.0 on the engine dfdx (seed 0).
            versions, experiment.engine, experiment.seed
    "#]],
    );
}

/// Removes a field of a manifest, such as `experiment.datasets.pain.scrub` or `stages.alignment`.
fn remove(manifest: &mut Value, field: &str) {
    if let Some(stage) = field.strip_prefix("stages.") {
        let kind = stage.split('.').next().unwrap();
        return keep_stages(manifest, |name| name != kind);
    }
    let (table, key) = field.rsplit_once('.').unwrap_or(("", field));
    let table =
        table.split('.').filter(|name| !name.is_empty()).fold(manifest, |table, name| &mut table[name]);
    assert!(table.as_object_mut().unwrap().remove(key).is_some(), "{field} is not in the manifest");
}

#[test]
fn each_sentence_vanishes_with_each_of_its_fields() {
    let mut removed = 0;
    for make in [prepared as fn() -> Fixture, folded, fixture::whole] {
        let fixture = make();
        let path = fixture.run.join("plan.json");
        let whole = fs::read_to_string(&path).unwrap();
        for sentence in sentences(&fixture) {
            for field in sentence.fields.iter().filter(|field| !is_file(field)) {
                edit(&fixture, |manifest| remove(manifest, field));
                // A manifest without what every spec has cannot be read at all.
                if let Ok(stored) = StoredRun::read(&fixture.run) {
                    let left = paragraphs(&stored).concat();
                    assert!(
                        left.iter().all(|other| other.text != sentence.text),
                        "{field}: {}",
                        sentence.text
                    );
                    removed += 1;
                }
                fs::write(&path, &whole).unwrap();
            }
        }
    }
    assert!(removed > 30, "{removed}");
}

#[test]
fn references_are_of_what_was_done_and_nothing_in_them_is_a_command() {
    let keys = |fixture: &Fixture| {
        let bibtex = bibtex::write(&StoredRun::read(&fixture.run).unwrap());
        let keys =
            bibtex.lines().filter_map(|line| line.strip_prefix('@')?.split('{').nth(1).map(str::to_owned));
        keys.map(|key| key.trim_end_matches(',').to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(keys(&fixture::whole()), ["boldface", "fmri-lm", "adamw", "lora"]);
    assert_eq!(keys(&prepared()), ["boldface", "data-pain", "fmri-lm", "power2012", "adamw", "lora"]);
    assert_eq!(keys(&folded()), ["boldface", "fmri-lm", "adamw", "lora", "johnson2007"]);
    let bibtex = bibtex::write(&StoredRun::read(&prepared().run).unwrap());
    assert!(bibtex.contains("title = {Pain \\& more},\n  doi = {10.1/x_y}\n}"), "{bibtex}");
}
