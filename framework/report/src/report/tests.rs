//! Reports of made-up runs: content, escaping and missing artefacts.

use std::fs;

use expect_test::expect;

use super::fixture::{self, Fixture};
use super::*;
use crate::store::{Check, CheckStatus, Proof};

fn page(fixture: &Fixture) -> String {
    fs::read_to_string(write(&fixture.run).unwrap().html).unwrap()
}

#[test]
fn what_a_run_warns_of_is_below_its_table() {
    let fixture = fixture::whole();
    let warned = Check::passed("datasets.copies", "datasets", "two scans are alike");
    let checks = vec![warned.but(CheckStatus::Warned, "leave one out").in_run()];
    let proof = serde_json::to_string(&Proof { checks }).unwrap();
    fs::write(fixture.run.join("leakage.json"), proof).unwrap();
    let shown = table(&fixture.run).unwrap();
    assert!(shown.lines().any(|line| line == "note: two scans are alike"), "{shown}");
}

#[test]
fn the_table_is_aligned_and_narrow() {
    let shown = table(&fixture::whole().run).unwrap();
    assert!(shown.lines().all(|line| line.chars().count() <= 110), "{shown}");
    expect![[r#"
        validation: captioning, 9 scans of 3 subjects
          metric                             gpt              majority             text-only
          fact_accuracy ↑   0.410 [0.300, 0.500]  0.560 [0.450, 0.650]  0.330 [0.220, 0.420]
          fact_precision ↑  0.440 [0.330, 0.530]  0.590 [0.480, 0.680]  0.360 [0.250, 0.450]
          bleu ↑            0.243 [0.133, 0.333]  0.393 [0.283, 0.483]  0.163 [0.053, 0.253]
          metric                     gpt - majority
          fact_accuracy ↑   -0.150 [-0.260, -0.060] *
          fact_precision ↑  -0.150 [-0.260, -0.060] *
          bleu ↑            -0.150 [-0.260, -0.060] *
          fact accuracy: gpt 0.410 [0.300, 0.500] is worse than majority (-0.150 [-0.260, -0.060]).

        validation: condition (classification), 9 scans of 3 subjects
          metric                                gpt           fc-logistic              majority             text-only
          auroc ↑              0.650 [0.540, 0.740]  0.800 [0.690, 0.890]  0.500 [0.390, 0.590]  0.570 [0.460, 0.660]
          balanced_accuracy ↑  0.440 [0.330, 0.530]  0.590 [0.480, 0.680]  0.290 [0.180, 0.380]  0.360 [0.250, 0.450]
          log_loss ↓           1.080 [0.970, 1.170]  1.230 [1.120, 1.320]  0.930 [0.820, 1.020]  1.000 [0.890, 1.090]
          metric                     gpt - fc-logistic
          auroc ↑               -0.150 [-0.260, 0.040]
          balanced_accuracy ↑  -0.150 [-0.260, -0.060] *
          log_loss ↓           -0.150 [-0.260, -0.060] *
          AUROC: gpt 0.650 [0.540, 0.740] is not better than fc-logistic (-0.150 [-0.260, 0.040] includes 0).

        validation: forecasting, 9 scans of 3 subjects
          metric                        gpt                   ar-4           persistence              text-only
          mse ↓        0.940 [0.830, 1.030]   0.790 [0.680, 0.880]  1.090 [0.980, 1.180]   0.860 [0.750, 0.950]
          pearson_r ↑  0.150 [0.040, 0.240]  0.000 [-0.110, 0.090]  0.300 [0.190, 0.390]  0.070 [-0.040, 0.160]
          metric             gpt - persistence
          mse ↓        -0.150 [-0.260, -0.060] *
          pearson_r ↑  -0.150 [-0.260, -0.060] *
          MSE: gpt 0.940 [0.830, 1.030] is better than persistence (-0.150 [-0.260, -0.060]).

        test: captioning, 12 scans of 4 subjects
          metric                             gpt              majority             text-only
          fact_accuracy ↑   0.380 [0.270, 0.470]  0.530 [0.420, 0.620]  0.300 [0.190, 0.390]
          fact_precision ↑  0.410 [0.300, 0.500]  0.560 [0.450, 0.650]  0.330 [0.220, 0.420]
          bleu ↑            0.213 [0.103, 0.303]  0.363 [0.253, 0.453]  0.133 [0.023, 0.223]
          metric                     gpt - majority
          fact_accuracy ↑   -0.150 [-0.260, -0.060] *
          fact_precision ↑  -0.150 [-0.260, -0.060] *
          bleu ↑            -0.150 [-0.260, -0.060] *
          fact accuracy: gpt 0.380 [0.270, 0.470] is worse than majority (-0.150 [-0.260, -0.060]).

        test: condition (classification), 12 scans of 4 subjects
          metric                                gpt           fc-logistic              majority             text-only
          auroc ↑              0.620 [0.510, 0.710]  0.770 [0.660, 0.860]                     –  0.540 [0.430, 0.630]
          balanced_accuracy ↑  0.410 [0.300, 0.500]  0.560 [0.450, 0.650]  0.260 [0.150, 0.350]  0.330 [0.220, 0.420]
          log_loss ↓           1.050 [0.940, 1.140]  1.200 [1.090, 1.290]  0.900 [0.790, 0.990]  0.970 [0.860, 1.060]
          metric                     gpt - fc-logistic
          auroc ↑               -0.150 [-0.260, 0.040]
          balanced_accuracy ↑  -0.150 [-0.260, -0.060] *
          log_loss ↓           -0.150 [-0.260, -0.060] *
          AUROC: gpt 0.620 [0.510, 0.710] is not better than fc-logistic (-0.150 [-0.260, 0.040] includes 0).

        test: forecasting, 12 scans of 4 subjects
          metric                        gpt                    ar-4           persistence              text-only
          mse ↓        0.910 [0.800, 1.000]    0.760 [0.650, 0.850]  1.060 [0.950, 1.150]   0.830 [0.720, 0.920]
          pearson_r ↑  0.120 [0.010, 0.210]  -0.030 [-0.140, 0.060]  0.270 [0.160, 0.360]  0.040 [-0.070, 0.130]
          metric             gpt - persistence
          mse ↓        -0.150 [-0.260, -0.060] *
          pearson_r ↑  -0.150 [-0.260, -0.060] *
          MSE: gpt 0.910 [0.800, 1.000] is better than persistence (-0.150 [-0.260, -0.060]).

        [low, high]: 95% bootstrap interval by subject; * the interval of the difference excludes zero
        too few for a claim: condition: 4 test subjects (4 with `passive`, 4 with `regulate-down`, 4 with
        `regulate-up`) can tell an AUROC from chance only from 0.98 on (80% power, two-sided 5% level); 0.70 needs 32
        subjects of each class
    "#]].assert_eq(&shown);
}

#[test]
fn markdown_has_every_section_and_every_plot() {
    let fixture = fixture::whole();
    let paths = write(&fixture.run).unwrap();
    let text = fs::read_to_string(&paths.markdown).unwrap();
    let sections: Vec<&str> = text.lines().filter(|line| line.starts_with('#')).collect();
    expect![[r#"
        # quickstart
        ## Results
        ### Test: subjects that nothing was fitted on or chosen by
        ### Validation: subjects for choices, not for claims
        ## What this number of subjects can show
        ## Corpus
        ### One scan in words
        ### Not available
        ## Answers
        ### captioning
        ### condition
        ### forecasting
        ## Calibration
        ### condition, test
        ## Tokens
        ### One scan, encoded and decoded
        ## Training
        ### tokenizer (vq)
        ### alignment (gpt)
        ## Methods
        ## Cost
        ## Data and split
        ### Dataset pain
        ## To run it again"#]]
    .assert_eq(&sections.join("\n"));
    let plots: Vec<&str> =
        text.split("](figures/").skip(1).filter_map(|rest| rest.split(')').next()).collect();
    // One forest plot per task; four calibration plots, one for the model and each baseline.
    assert_eq!(plots.len(), 3 + 6 + 4 + 4 + 8, "{plots:?}");
    for plot in plots {
        assert!(fixture.run.join("figures").join(plot).is_file(), "{plot}");
    }
}

#[test]
fn the_same_run_gives_the_same_bytes() {
    let fixture = fixture::whole();
    let read = |paths: Paths| [paths.markdown, paths.html].map(|path| fs::read(path).unwrap());
    let first = read(write(&fixture.run).unwrap());
    assert_eq!(first, read(write(&fixture.run).unwrap()));
}

#[test]
fn the_page_needs_nothing_else_and_keeps_markup_out() {
    let page = page(&fixture::whole());
    for fetched in ["<script", "<link", "src=", "@import", "url(", "<b>higher</b>", "<R&L>", "<with>"] {
        assert!(!page.contains(fetched), "{fetched}");
    }
    assert!(page.contains("&lt;b&gt;higher&lt;/b&gt; &amp;") && page.contains("prefers-color-scheme: dark"));
    assert_eq!(page.matches("<svg").count(), page.matches("role=\"img\"").count());
    assert_eq!(page.matches("<svg").count(), page.matches("<desc>").count());
}

#[test]
fn words_are_honest() {
    let text = fs::read_to_string(write(&fixture::whole().run).unwrap().markdown).unwrap();
    assert!(text.contains(
        "AUROC: gpt 0.620 [0.510, 0.710] is not better than fc-logistic (-0.150 [-0.260, 0.040] includes 0)."
    ));
    assert!(text.contains(
        "fact accuracy: gpt 0.380 [0.270, 0.470] is worse than majority (-0.150 [-0.260, -0.060])."
    ));
    assert!(
        text.contains("MSE: gpt 0.910 [0.800, 1.000] is better than persistence (-0.150 [-0.260, -0.060]).")
    );
    assert!(text.contains("a bootstrap over 4 subjects tends to give intervals that are too narrow"));
    assert!(text.contains("| ✓ right") || text.contains("**✓ right**"));
}

#[test]
fn methods_say_how_facts_were_asked_and_answered() {
    let methods = |tasks: &[&str]| {
        let text = fs::read_to_string(write(&fixture::make(tasks).run).unwrap().markdown).unwrap();
        text.split("## Methods\n").nth(1).unwrap().split("\n## ").next().unwrap().to_owned()
    };
    let facts = methods(&["couplings"]);
    for said in [
        "on 8 scans to ask about and 1 to describe or continue each (",
        "on the weighted sum of answering questions about facts (weight 1), describing scans (weight ",
        "Up to 16 questions about facts were asked per scan; a share of 0.75 of these scans was made from training scans",
        "In evaluation, options were ranked by log-likelihood. Intervals are",
    ] {
        assert!(facts.contains(said), "{said}: {facts}");
    }
    assert!(!facts.contains("Questions showed") && !facts.contains("its prompts"), "{facts}");
    let both = methods(&["captioning", "forecasting"]);
    assert!(both.contains("In evaluation, texts were generated greedily (up to "), "{both}");
    assert!(both.contains(" tokens) and series were continued as codes and decoded."), "{both}");
}

#[test]
fn what_the_corpus_says_stands_beside_its_numbers() {
    let text = fs::read_to_string(write(&fixture::whole().run).unwrap().markdown).unwrap();
    let corpus = text.split("## Corpus\n").nth(1).unwrap().split("\n## ").next().unwrap();
    let rows: Vec<&str> = corpus.lines().filter(|line| line.starts_with('|')).collect();
    expect![[r#"
        | corpus | sentences | features | scans | not available | norm scans | norm people | norm |
        | --- | ---: | ---: | ---: | ---: | ---: | ---: | --- |
        | connectivity | 96 | 2 | 48 | 48 | 27 | – | – |
        | feature | value | z | band | n | sentence |
        | --- | ---: | ---: | --- | ---: | --- |
        | DMN-DMN | 0.470 | 1.700 | higher | 27/– | DMN couples more than usual. |
        | Solo-Solo | – | – | not available | 27/– | Solo is not available. |
        | corpus | why | sentences | scans |
        | --- | --- | ---: | ---: |
        | connectivity | the network has one region | 48 | 48 |"#]]
    .assert_eq(&rows.join("\n"));
    assert!(corpus.contains("the first test scan in BIDS order"), "{corpus}");
}

#[test]
fn costs_and_columns_are_explained() {
    let text = fs::read_to_string(write(&fixture::whole().run).unwrap().markdown).unwrap();
    let row = |stage: &str| {
        let cost = &text[text.find("## Cost").unwrap()..];
        let row = cost.lines().find(|line| line.starts_with(&format!("| {stage} "))).unwrap();
        row.split('|').map(|cell| cell.trim().to_owned()).filter(|cell| !cell.is_empty()).collect::<Vec<_>>()
    };
    assert_eq!(row("alignment")[2..], ["1,234,567", "3.2 s", "310 MB", "computed"]);
    assert_eq!(row("series")[1..], ["–", "–", "3.2 s", "310 MB", "looked up"]);
    let legend = &text[text.find("The rows beside the model").unwrap()..text.find("## What this").unwrap()];
    for (name, words) in
        [("text-only", "without any scan"), ("fc-…", "correlations"), ("majority", "most frequent")]
    {
        assert!(legend.contains(name) && legend.contains(words), "{legend}");
    }
    assert!(!legend.contains("another-person"), "{legend}");
}

#[test]
fn an_undefined_metric_is_a_dash() {
    let text = fs::read_to_string(write(&fixture::whole().run).unwrap().markdown).unwrap();
    let table = text.split("Every score of condition").nth(1).unwrap();
    let row = table.lines().find(|line| line.starts_with("| majority")).unwrap();
    assert_eq!(row.split('|').nth(2).unwrap().trim(), "–");
}

#[test]
fn missing_pieces_do_not_break_the_report() {
    for tasks in [&[][..], &["condition"], &["forecasting"], &["captioning"]] {
        let fixture = fixture::make(tasks);
        let page = page(&fixture);
        assert_eq!(page.contains("Answers</h2>"), !tasks.is_empty());
        assert!(!table(&fixture.run).unwrap().is_empty());
    }
    let fixture = fixture::whole();
    fs::remove_dir_all(fixture.root.path().join("runs/cache")).unwrap();
    fs::remove_dir_all(fixture.root.path().join("experiments")).unwrap();
    let page = page(&fixture);
    assert!(
        page.contains("no longer in the store") && page.contains("cache/evaluation.condition/outcomes.jsonl")
    );
    assert!(page.contains("condition (classification), 12 examples"));
    let shown = table(&fixture.run).unwrap();
    assert!(shown.contains("no longer in the store"), "{shown}");
    assert!(!table(&fixture::whole().run).unwrap().contains("no longer in the store"));
}

#[test]
fn what_is_broken_is_named() {
    let fixture = fixture::whole();
    let message = |fixture: &Fixture| {
        let root = fs::canonicalize(fixture.root.path()).unwrap().display().to_string();
        write(&fixture.run).unwrap_err().to_string().replace(&root, "ROOT")
    };
    let outcomes = fixture.root.path().join("runs/cache/evaluation.condition/outcomes.jsonl");
    fs::write(&outcomes, fs::read_to_string(&outcomes).unwrap() + "{\"part\": \"te").unwrap();
    expect!["`ROOT/runs/cache/evaluation.condition/outcomes.jsonl` is damaged: line 43, column 12: EOF while parsing a string; run the experiment again to rebuild it"].assert_eq(&message(&fixture));
    fs::write(fixture.run.join("metrics.parquet"), "PAR1").unwrap();
    assert!(message(&fixture).contains("metrics.parquet` is not a readable Parquet file"));
    fs::remove_file(fixture.run.join("plan.json")).unwrap();
    expect!["`ROOT/runs/quickstart/2026-11-23T03-12-45` is not the folder of a run: it has no `plan.json`; runs are in `runs/EXPERIMENT/TIME`"].assert_eq(&message(&fixture));
    let error = write(&fixture.root.path().join("nowhere")).unwrap_err().to_string();
    assert!(error.starts_with("cannot read `") && error.contains("nowhere`: "), "{error}");
}
