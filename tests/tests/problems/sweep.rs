//! Mistakes in sweeps are reported at their line before the first arm runs.

use std::fs;
use std::path::Path;

use boldface_runner::plan::sweep::{Resolved, Union, resolve_any};
use boldface_runner::plan::{Build, DataCache, Located, Offer, no_libraries};
use boldface_runner::spec::Layered;
use expect_test::{Expect, expect};

use super::RIGHT;

fn resolved(path: &Path, source: &str) -> Result<Resolved, Vec<Located>> {
    let build = Build { engines: &[Offer::plain("dfdx")], load: &no_libraries };
    resolve_any(&Layered::read(path, source)?, &build, &DataCache::default())
}

/// Checks the problems of a sweep over the right spec, one per line.
fn check(sweep: &str, expected: Expect) {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("right.toml"), RIGHT).unwrap();
    let said = match resolved(&dir.path().join("sweep.toml"), &format!("base = \"right.toml\"\n{sweep}")) {
        Ok(Resolved::Experiment(_)) => "an experiment\n".to_owned(),
        Ok(Resolved::Sweep(sweep)) => {
            let union = Union::collect(&sweep);
            format!("{} arms, {} stages, {} distinct\n", sweep.arms.len(), union.total(), union.nodes.len())
        }
        Err(problems) => problems.iter().map(|problem| format!("{problem}\n")).collect(),
    };
    expected.assert_eq(&said.replace(&format!("{}/", dir.path().display()), ""));
}

#[test]
fn a_right_sweep_is_right() {
    // Each arm has the 11 stages of the base. All arms share series, split, corpus, text space and the
    // two baselines. The two arms with the same codebook size share tokenizer and codes.
    check(
        "[grid]\ntokenizer.codebook-size = [8, 16]\n\"instruction.lora.rank\" = [2, 4]\n",
        expect![[r#"
        4 arms, 44 stages, 22 distinct
    "#]],
    );
}

#[test]
fn two_axes_on_one_key() {
    check(
        "[grid]\n\"tokenizer.patch\" = [20, 40]\n[zip]\n\"tokenizer.patch\" = [10, 20]\n",
        expect![[r#"
            sweep.toml:5:21: two axes on `tokenizer.patch`; the other one is `grid."tokenizer.patch"`
        "#]],
    );
    check(
        "[grid]\n\"instruction.lora\" = [{ rank = 1 }]\n\"instruction.lora.rank\" = [2, 4]\n",
        expect![[r#"
            sweep.toml:4:27: two axes on one key: `instruction.lora` and `instruction.lora.rank`; the other one is `grid."instruction.lora"`
        "#]],
    );
    check(
        "[grid]\n\"instruction.steps\" = [5, 6]\n[[when]]\nif = { \"instruction.steps\" = 5 }\ngrid = { \"instruction.steps\" = [7] }\n",
        expect![[r#"
            sweep.toml:6:32: two axes on `instruction.steps`; the other one is `grid."instruction.steps"`
        "#]],
    );
    check(
        "[grid]\n\"instruction.steps\" = [5, 6]\n\
         [[when]]\nif = { \"instruction.steps\" = 5 }\ngrid = { \"instruction.lora.rank\" = [1, 2] }\n\
         [[when]]\nif = { \"instruction.lora.rank\" = 1 }\ngrid = { \"instruction.lora.rank\" = [3] }\n",
        expect![[r#"
            sweep.toml:9:37: `instruction.lora.rank` is set twice; a key is varied in one place only
        "#]],
    );
    check(
        "seeds = [0, 1]\n[grid]\nseed = [0, 1]\n",
        expect![[r#"
        sweep.toml:4:8: `seed` also draws the split: each arm would be tested on others; use `seeds = [0, 1, 2]`, which keeps the split
    "#]],
    );
}

#[test]
fn keys_that_the_base_has_not() {
    check(
        "[arms.a]\n\"instruction.stpes\" = 3\n",
        expect![[r#"
            sweep.toml:3:1: unknown field `stpes`, expected one of `steps`, `batch-size`, `questions`, `rehearsal`, `forms`, `accumulate`, `peak-lr`, `final-lr`, `warmup`, `weight-decay`, `clip`, `dropout`, `lora`, `seed`; did you mean `steps`?
        "#]],
    );
    // The problems of all keys at once.
    check(
        "[grid]\n\"tokeniser.patch\" = [20, 40]\n\"instruction.stpes\" = [3, 4]\n[arms.a]\n\"signal.trz\" = 40\n",
        expect![[r#"
            sweep.toml:3:21: the base has no `tokeniser`; did you mean `tokenizer`?
            sweep.toml:4:1: unknown field `stpes`, expected one of `steps`, `batch-size`, `questions`, `rehearsal`, `forms`, `accumulate`, `peak-lr`, `final-lr`, `warmup`, `weight-decay`, `clip`, `dropout`, `lora`, `seed`; did you mean `steps`?
            sweep.toml:6:1: unknown field `trz`, expected one of `trs`, `min-trs`, `start`, `standardize`, `mixed-tr`, `shown-patches`, `shown-tokens`, `missing-regions`; did you mean `trs`?
        "#]],
    );
    check(
        "[arms.a]\n\"tokeniser.patch\" = 40\n",
        expect![[r#"
        sweep.toml:3:21: the base has no `tokeniser`; did you mean `tokenizer`?
    "#]],
    );
    check(
        "[grid]\n\"tasks.conditoin.target\" = [\"condition\"]\n",
        expect![[r#"
            sweep.toml:3:28: the base has no `tasks.conditoin`; did you mean `tasks.condition`?
        "#]],
    );
    check(
        "[arms.a]\n\"alignment.steps\" = 3\n",
        expect![[r#"
            sweep.toml:3:21: the base has no `alignment`; there are `backbone`, `corpora`, `datasets`, `engine`, `evaluation`, `instruction`, `runtime`, `seed`, `signal`, `split`, `tasks`, `tokenizer`
        "#]],
    );
    check(
        "ablate = { drop = [\"corpora.conectivity\", \"text\"] }\n",
        expect![[r#"
            sweep.toml:2:20: the base has no `corpora.conectivity`; did you mean `corpora.connectivity`?
            sweep.toml:2:43: the base has no `text`; there are `backbone`, `corpora`, `datasets`, `engine`, `evaluation`, `instruction`, `runtime`, `seed`, `signal`, `split`, `tasks`, `tokenizer`
        "#]],
    );
    check(
        "[arms.a]\n\"runtime.workers\" = 1\n[arms.b]\nseed = 3\n",
        expect![[r#"
        sweep.toml:3:21: `runtime` says where and how fast to run, and changes no result; set it in the base, or on the command line
        sweep.toml:5:8: `seed` also draws the split: each arm would be tested on others; use `seeds = [0, 1, 2]`, which keeps the split
    "#]],
    );
    check(
        "[grid]\n\"tokenizer.codebok-size\" = [8, 16]\n",
        expect![[r#"
        sweep.toml:3:1: unknown field `codebok-size`, expected `patch` or `codebook-size`; did you mean `codebook-size`?
    "#]],
    );
}

#[test]
fn lists() {
    check(
        "[zip]\n\"instruction.lora.rank\" = [2, 4, 8]\n\"instruction.lora.alpha\" = [4, 8]\n",
        expect![[r#"
            sweep.toml:3:27: `instruction.lora.rank` has 3 values and `instruction.lora.alpha` has 2; zipped lists advance together: make them equally long
        "#]],
    );
    check(
        "[grid]\n\"instruction.lora.rank\" = []\n",
        expect![[r#"
        sweep.toml:3:27: the axis `instruction.lora.rank` has no values; list its values, or remove it
    "#]],
    );
    check(
        "[grid]\n\"instruction.lora.rank\" = 4\n",
        expect![[r#"
        sweep.toml:3:27: expected a list of values, found `4`; write `[4]`, or set it in the base
    "#]],
    );
    check(
        "[grid]\n\"instruction.lora.rank\" = [4, 2, 4]\n",
        expect![[r#"
        sweep.toml:3:34: `4` occurs twice in the axis `instruction.lora.rank`; remove one of them
    "#]],
    );
    check(
        "seeds = []\n",
        expect![[r#"
        sweep.toml:2:9: there is no seed in the list; list some, or remove it
    "#]],
    );
    check(
        "seeds = [1, 1]\n",
        expect![[r#"
        sweep.toml:2:13: the seed 1 occurs twice; remove one of them
    "#]],
    );
    check(
        "seeds = [-1]\n",
        expect![[r#"
        sweep.toml:2:10: expected a whole number, 0 or more, found `-1`
    "#]],
    );
    let many: Vec<String> = (1..=200).map(|i| i.to_string()).collect();
    let many = many.join(", ");
    check(
        &format!("[grid]\n\"instruction.steps\" = [{many}]\n\"tokenizer.seed\" = [{many}]\n"),
        expect![[r#"
        sweep.toml:4:20: the axes have more than 10000 combinations; shorten them, or divide the sweep
    "#]],
    );
}

#[test]
fn exclusions() {
    let grid = "[grid]\n\"instruction.lora.rank\" = [2, 4]\n";
    check(
        &format!("{grid}[[exclude]]\n\"instruction.lora.rank\" = 3\n"),
        expect![[r#"
        sweep.toml:4:3: no combination has these values, so nothing is excluded; compare them with the axes, or remove this table
    "#]],
    );
    check(
        &format!("exclude = [{{ \"tokenizer.patch\" = 20 }}]\n{grid}"),
        expect![[r#"
        sweep.toml:2:1: all 2 combinations have these values, so none would be left; name more keys in this table
    "#]],
    );
    check(
        &format!(
            "{grid}[[exclude]]\n\"instruction.lora.rank\" = 2\n[[exclude]]\n\"instruction.lora.rank\" = 4\n"
        ),
        expect![[r#"
            sweep.toml:4:1: together these leave out all 2 combinations; remove one of them
        "#]],
    );
    check(
        &format!(
            "{grid}[[when]]\nif = {{ \"tokenizer.type\" = \"vq\" }}\ngrid = {{ \"tokenizer.patch\" = [40] }}\n"
        ),
        expect![[r#"
        sweep.toml:4:3: no combination fulfils this condition; compare its `if` with the axes and the base
    "#]],
    );
}

#[test]
fn arms() {
    check(
        "",
        expect![[r#"
        sweep.toml:1:8: the sweep has no arm; add a `[grid]`, a `[zip]`, `ablate`, `seeds` or an arm such as `[arms.NAME]`
    "#]],
    );
    check(
        "[arms.a]\n\"tokenizer.patch\" = 40\n[arms.b]\n\"tokenizer.patch\" = 40.0\n",
        expect![[r#"
            sweep.toml:4:7: the arms `a` and `b` have equal settings; remove one of them, or change a setting
            sweep.toml:5:21: expected a whole number, 0 or more, found `40.0`
        "#]],
    );
    check(
        "[grid]\n\"tokenizer.patch\" = [20, 40]\n[arms.coarse]\n\"tokenizer.patch\" = 40\n",
        expect![[r#"
            sweep.toml:4:7: the arms `patch=40` and `coarse` have equal settings; remove one of them, or change a setting
        "#]],
    );
    check(
        "[arms.base]\nablate = 3\n[arms.\"a b\"]\ndrop = \"corpora\"\n",
        expect![[r#"
            sweep.toml:3:10: the base has no `ablate`; there are `backbone`, `corpora`, `datasets`, `engine`, `evaluation`, `instruction`, `runtime`, `seed`, `signal`, `split`, `tasks`, `tokenizer`
            sweep.toml:4:7: `a b` cannot be the name of a folder; name it with letters, digits, `-` and `_`
            sweep.toml:5:8: expected a list of keys, found `"corpora"`; write `drop = ["alignment"]`
        "#]],
    );
    check(
        "ablate = { drop = [\"corpora\"] }\n[arms.Base]\n\"tokenizer.patch\" = 40\n",
        expect![[r#"
            sweep.toml:3:7: another arm is called `base`; rename this one: some file systems do not tell large letters from small
        "#]],
    );
    check(
        "ablate = { design = \"stars\" }\n",
        expect![[r#"
        sweep.toml:2:21: unknown value `stars`, expected one of `star`, `leave-one-out`, `factorial`; did you mean `star`?
    "#]],
    );
    check(
        "ablate = {}\n",
        expect![[r#"
        sweep.toml:2:1: there is nothing to change; list what to leave out in `drop`, or what to set in `swap`
    "#]],
    );
    check(
        "[girds]\n\"tokenizer.patch\" = [20, 40]\n",
        expect![[r#"
            sweep.toml:2:2: unknown field `girds`, expected one of `base`, `grid`, `zip`, `when`, `exclude`, `arms`, `ablate`, `seeds`, `select`, `runtime`; did you mean `grid`?
        "#]],
    );
    check(
        "seeds = [1, 2]\nselect = { metric = \"conditions.auroc\" }\n",
        expect![[r#"
            sweep.toml:3:21: the base has no `tasks.conditions`; did you mean `tasks.condition`?
        "#]],
    );
    check(
        "seeds = [1, 2]\nselect = { metric = \"auroc\" }\n",
        expect![[r#"
        sweep.toml:3:21: `auroc` names no metric of a task; write it as `TASK.METRIC`, such as `condition.auroc`
    "#]],
    );
}

#[test]
fn what_an_arm_makes_of_the_base() {
    // Both wrong values of an axis are reported: one of the wrong type, one that fails in some arms.
    check(
        "[grid]\n\"tokenizer.patch\" = [30, 20, \"ten\"]\n",
        expect![[r#"
        sweep.toml:3:30: expected a whole number, 0 or more, found the text `ten`
        right.toml:10:7: 80 volumes are not a whole number of the tokenizer's patches of 30 (in arm `patch=30`); set `trs = 60`, or another `tokenizer.patch`
        right.toml:37:11: 20 volumes are not a whole number of patches of 30 (in arm `patch=30`); use a multiple of 30, such as 30
    "#]],
    );
    check(
        "ablate = { drop = [\"tokenizer\"] }\n",
        expect![[r#"
        sweep.toml:2:20: missing section `tokenizer`; add a table `[tokenizer]`
    "#]],
    );
    check(
        "[arms.a]\n\"tasks.captioning\" = { facts = 3 }\n",
        expect![[r#"
            sweep.toml:3:32: the base has no `tasks.captioning`; there are `tasks.condition`, `tasks.forecasting`
        "#]],
    );
    check(
        "[arms.a]\n\"tokenizer.type\" = \"vq\"\n",
        expect![[r#"
        right.toml:36:11: 60 volumes are not a whole number of patches of 40; use a multiple of 40, such as 40
        right.toml:37:11: 20 volumes are not a whole number of patches of 40; use a multiple of 40, such as 40
    "#]],
    );
    check(
        "[grid]\n\"instruction.steps\" = [1, 10]\n",
        expect![[r#"
        right.toml:26:10: 2 steps of warm-up do not fit into 1 steps (in arm `steps=1`)
    "#]],
    );
    check(
        "ablate = { design = \"factorial\", drop = [\"instruction\"], swap = { \"instruction.steps\" = 5 } }\n",
        expect![[r#"
        sweep.toml:2:89: `instruction.steps` and `instruction` are set together, and one holds the other; set only one of them
    "#]],
    );
}

#[test]
fn bases() {
    let check = |source: &str, expected: Expect| {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("right.toml"), RIGHT).unwrap();
        let problems = resolved(&dir.path().join("sweep.toml"), source).unwrap_err();
        let said: String = problems.iter().map(|problem| format!("{problem}\n")).collect();
        expected.assert_eq(&said.replace(&format!("{}/", dir.path().display()), ""));
    };
    check(
        "base = \"wrong.toml\"\nseeds = [0]\n",
        expect![[r#"
        sweep.toml:1:8: there is no file `wrong.toml`; a path is relative to the file that names it: this one is `wrong.toml`
    "#]],
    );
    check(
        "base = \"sweep.toml\"\nseeds = [0]\n",
        expect![[r#"
        sweep.toml:1:8: a spec cannot extend itself: `sweep.toml` extends `sweep.toml`; take `extends` out of one of them
    "#]],
    );
    check(
        "base = 3\nseeds = [0]\n",
        expect![[r#"
            sweep.toml:1:8: expected text, found `3`
        "#]],
    );
    check(
        "[grid]\n\"tokenizer.patch\" = [20, 40]\n",
        expect![[r#"
            sweep.toml:1:1: missing field `base`
        "#]],
    );
}
