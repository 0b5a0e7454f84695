//! Mistakes that the spec alone reveals.

use std::path::Path;

use expect_test::expect;

use super::{RIGHT, check, said};

#[test]
fn the_right_spec_is_right() {
    check(
        &[],
        expect![[r#"
        no problem, 11 stages
    "#]],
    );
}

#[test]
fn broken_toml() {
    check(
        &[("[signal]", "[signal")],
        expect![[r#"
        spec.toml:9:8: unclosed table, expected `]`
    "#]],
    );
    check(
        &[("seed = 0", "seed = nan")],
        expect![[r#"
        spec.toml:1:8: `NaN` is not a finite number
    "#]],
    );
    check(
        &[("[backbone]", "[tokenizer]")],
        expect![[r#"
        spec.toml:21:2: duplicate key
        spec.toml:22:1: duplicate key
    "#]],
    );
}

#[test]
fn sections() {
    check(
        &[("[split]", "[spilt]")],
        expect![[r#"
        spec.toml:12:2: unknown section `spilt`; did you mean `split`?
    "#]],
    );
    // No second problem about patches, although 90 volumes are not whole patches of 20.
    check(
        &[("[signal]", "[signl]"), ("subjects = 12\ntrs = 80", "subjects = 12\ntrs = 90")],
        expect![[r#"
            spec.toml:9:2: unknown section `signl`; did you mean `signal`?
        "#]],
    );
    check(
        &[("[signal]\ntrs = 80\n", "")],
        expect![[r#"
        spec.toml:1:1: missing section `signal`; add a table `[signal]`
    "#]],
    );
    check(
        &[("[tasks.condition]", "[tasks.\"a/b\"]")],
        expect![[r#"
        spec.toml:30:8: `a/b` cannot be the name of a folder; name it with letters, digits, `-` and `_`
    "#]],
    );
    check(
        &[("seed = 0", "tasks = 3"), ("[tasks.condition]", "[x]"), ("[tasks.forecasting]", "[y]")],
        expect![[r#"
            spec.toml:1:9: expected a table, found `3`
            spec.toml:30:2: unknown section `x`; there are `extends`, `seed`, `engine`, `precision`, `plugins`, `datasets`, `signal`, `split`, `corpora`, `facts`, `text`, `tokenizer`, `backbone`, `start`, `alignment`, `instruction`, `tasks`, `evaluation`, `nuisances`, `harmonization`, `leakage`, `runtime`
            spec.toml:35:2: unknown section `y`; there are `extends`, `seed`, `engine`, `precision`, `plugins`, `datasets`, `signal`, `split`, `corpora`, `facts`, `text`, `tokenizer`, `backbone`, `start`, `alignment`, `instruction`, `tasks`, `evaluation`, `nuisances`, `harmonization`, `leakage`, `runtime`
        "#]],
    );
}

#[test]
fn no_task() {
    let source = RIGHT.split("[tasks.condition]").next().unwrap();
    expect![[r#"
        spec.toml:1:1: missing section `tasks`; add a table such as `[tasks.NAME]`
    "#]]
    .assert_eq(&said(Path::new("."), source));
}

#[test]
fn unknown_keys() {
    check(
        &[("horizon = 20", "horizn = 20")],
        expect![[r#"
        spec.toml:37:1: unknown field `horizn`, expected `context` or `horizon`; did you mean `horizon`?
    "#]],
    );
    check(
        &[("[signal]\n", "[signal]\nstandardise = \"zscore\"\n")],
        expect![[r#"
            spec.toml:10:1: unknown field `standardise`, expected one of `trs`, `min-trs`, `start`, `standardize`, `mixed-tr`, `shown-patches`, `shown-tokens`, `missing-regions`; did you mean `standardize`?
        "#]],
    );
    check(
        &[("rank = 2", "rank = 2, aplha = 4")],
        expect![[r#"
            spec.toml:28:20: unknown field `aplha`, expected one of `rank`, `alpha`, `dropout`, `targets`; did you mean `alpha`?
        "#]],
    );
}

#[test]
fn wrong_types() {
    check(
        &[("patch = 20", "patch = \"20\"")],
        expect![[r#"
        spec.toml:19:9: expected a whole number, 0 or more, found the text `20`
    "#]],
    );
    check(
        &[("patch = 20", "patch = -20")],
        expect![[r#"
        spec.toml:19:9: expected a whole number, 0 or more, found `-20`
    "#]],
    );
    check(
        &[("[\"low\", \"high\"]", "[\"low\", 3]")],
        expect![[r#"
        spec.toml:33:19: expected text, found `3`
    "#]],
    );
    check(
        &[("lora = { rank = 2 }", "lora = true")],
        expect![[r#"
        spec.toml:28:8: expected a table, found `true`
    "#]],
    );
    check(
        &[
            ("type = \"bigram\"", "type = \"gpt\""),
            (
                "lora = { rank = 2 }",
                "lora = { rank = 0, alpha = -1, dropout = 1, targets = [\"qkv\", \"q_proj\"] }",
            ),
        ],
        expect![[r#"
            spec.toml:28:17: must be at least 1
            spec.toml:28:28: must be above 0, is -1
            spec.toml:28:42: must be at least 0 and below 1, is 1
            spec.toml:28:55: no linear layer of the model is named `q_proj`; use `qkv`, `gate`, `out`, `up`, `down`, or leave `targets` out for all of them
        "#]],
    );
    check(
        &[("lora = { rank = 2 }", "forms = [0.1]")],
        expect![[r#"
        spec.toml:28:9: expected a table, found a list
    "#]],
    );
    check(
        &[("lora = { rank = 2 }", "forms = []\nlora = [2, 4]")],
        expect![[r#"
        spec.toml:28:9: expected a table, found a list
        spec.toml:29:8: expected a table, found a list
    "#]],
    );
    check(
        &[("[corpora.connectivity]", "[corpora.connectivity]\nharmonize = [\"site\"]")],
        expect![[r#"
        spec.toml:16:13: expected a table, found a list
    "#]],
    );
    check(
        &[("type = \"quantile\"", "type = 3")],
        expect![[r#"
        spec.toml:18:8: expected text, found `3`
    "#]],
    );
    check(
        &[("[signal]\n", "[signal]\nstandardize = \"zscor\"\n")],
        expect![[r#"
        spec.toml:10:15: unknown value `zscor`, expected one of `zscore`, `robust`, `none`; did you mean `zscore`?
    "#]],
    );
}

#[test]
fn unknown_plugins() {
    check(
        &[("\"classification\"", "\"clasification\"")],
        expect![[r#"
        spec.toml:31:8: no task is named `clasification`; did you mean `classification`?
    "#]],
    );
    check(
        &[("type = \"classification\"\n", "")],
        expect![[r#"
            spec.toml:30:8: no task is named `condition`; add `type`; there are `captioning`, `classification`, `events`, `facts`, `forecasting`, `regression`
        "#]],
    );
    check(
        &[("type = \"bigram\"", "type = \"llama\"")],
        expect![[r#"
            spec.toml:22:8: no backbone is named `llama`; there are `bigram`, `gpt`, `pretrained`
        "#]],
    );
    check(
        &[("type = \"bigram\"", "")],
        expect![[r#"
            spec.toml:21:2: missing field `type`; add `type`; there are `bigram`, `gpt`, `pretrained`
        "#]],
    );
}

#[test]
fn what_this_build_lacks() {
    check(
        &[("\"dfdx\"", "\"tch\"")],
        expect![[r#"
        spec.toml:2:10: this build has no engine `tch`; set `engine = "dfdx"`, which it has
    "#]],
    );
    check(
        &[("seed = 0", "seed = 0\nruntime.device = \"cuda\"")],
        expect![[r#"
        spec.toml:2:18: engine `dfdx` cannot compute on `cuda` here; there is only `cpu`
    "#]],
    );
}

#[test]
fn numbers_out_of_range() {
    check(
        &[
            ("steps = 10", "steps = 0\nbatch-size = 0"),
            ("peak-lr = 1e-3", "peak-lr = 0"),
            ("rank = 2", "rank = 0"),
        ],
        expect![[r#"
            spec.toml:25:9: must be at least 1
            spec.toml:26:14: must be at least 1
            spec.toml:28:11: must be above 0, is 0
            spec.toml:29:17: must be at least 1
        "#]],
    );
    check(
        &[("warmup = 2", "warmup = 20\nfinal-lr = 1.0\ndropout = 1.0")],
        expect![[r#"
        spec.toml:26:10: 20 steps of warm-up do not fit into 10 steps
        spec.toml:27:12: must lie between 0 and `peak-lr`, is 1
        spec.toml:28:11: must be at least 0 and below 1, is 1
    "#]],
    );
    check(
        &[("[signal]\ntrs = 80", "[signal]\ntrs = 0")],
        expect![[r#"
        spec.toml:10:7: must be at least 1
    "#]],
    );
}

#[test]
fn nothing_to_learn_from() {
    let alignment = "[alignment]\nsteps = 10\nwarmup = 1\npeak-lr = 1e-3\n\n[instruction]";
    check(
        &[("[instruction]", alignment), ("[corpora.connectivity]\n", "")],
        expect![[r#"
        spec.toml:23:2: no corpus describes the scans; add a table such as `[corpora.connectivity]`, or set `fmri-to-text = 0`
        spec.toml:23:2: there is no general text; add a table `[text]` with a `path`, or set `text-to-text = 0`
    "#]],
    );
    let silent = alignment
        .replace("1e-3\n", "1e-3\nfmri-to-text = 0\nfmri-to-fmri = 0\ntext-to-text = 0\nfacts = 0\n");
    check(
        &[("[instruction]", &silent)],
        expect![[r#"
        spec.toml:24:2: all three weights are 0, so it would learn nothing
    "#]],
    );
}

#[test]
fn a_model_that_learns_language_needs_text() {
    let gpt = ("\"bigram\"", "\"gpt\"\ncontext = 1024");
    check(
        &[gpt, ("[corpora.connectivity]\n", "")],
        expect![[r#"
        spec.toml:1:1: `gpt` learns language from text, and there is none; add a table `[text]` with a `path`, or a corpus such as `[corpora.connectivity]`
    "#]],
    );
    check(
        &[gpt],
        expect![[r#"
        no problem, 11 stages
    "#]],
    );
}

#[test]
fn every_mistake_at_once() {
    check(
        &[
            ("\"dfdx\"", "\"tch\""),
            ("[signal]\ntrs = 80", "[signal]\ntrs = \"many\"\nstrat = 3"),
            ("\"classification\"", "\"clasification\""),
            ("horizon = 20", "horizn = 16"),
            ("[split]", "[spilt]"),
            ("rank = 2", "rank = 0"),
        ],
        expect![[r#"
            spec.toml:2:10: this build has no engine `tch`; set `engine = "dfdx"`, which it has
            spec.toml:10:7: expected a whole number, 0 or more, found the text `many`
            spec.toml:11:1: unknown field `strat`, expected one of `trs`, `min-trs`, `start`, `standardize`, `mixed-tr`, `shown-patches`, `shown-tokens`, `missing-regions`; did you mean `start`?
            spec.toml:13:2: unknown section `spilt`; did you mean `split`?
            spec.toml:29:17: must be at least 1
            spec.toml:32:8: no task is named `clasification`; did you mean `classification`?
            spec.toml:38:1: unknown field `horizn`, expected `context` or `horizon`; did you mean `horizon`?
        "#]],
    );
}

#[test]
fn codes_have_no_mean_over_a_network() {
    check(
        &[("[signal]\n", "[signal]\nshown-tokens = \"networks\"\n")],
        expect![[r#"
        spec.toml:10:16: `bigram` reads codes here, which have no mean over a network; use `regions`, or a backbone with `input = "features"`
    "#]],
    );
}
