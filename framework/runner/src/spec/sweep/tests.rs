//! Expansion of sweeps: number, order and names of the arms.

use std::collections::BTreeSet;

use expect_test::{Expect, expect};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::expand::Expansion;
use super::*;
use crate::spec::Table;

fn table(source: &str) -> Table {
    let value = toml::from_str::<toml::Table>(source).unwrap();
    serde_json::to_value(value).unwrap().as_object().unwrap().clone()
}

fn base() -> Table {
    table(
        r#"
        seed = 0
        [tokenizer]
        type = "vq"
        codebook-size = 128
        [instruction]
        steps = 3
        lora = { rank = 8, alpha = 16 }
        [alignment]
        fmri-to-text = 1.0
        [corpora.connectivity]
        [tasks.condition]
        type = "classification"
        "#,
    )
}

fn expanded(source: &str) -> Result<Expansion, Vec<boldface::Problem>> {
    let sweep: SweepTable = serde_json::from_value(Value::Object(table(source))).unwrap();
    expand(&sweep, &SweepBase { written: &base(), resolved: None })
}

/// Checks the arms of a sweep, one per line with its settings, or its problems.
fn check(source: &str, expected: Expect) {
    let said = match expanded(&format!("base = 'b.toml'\n{source}")) {
        Ok(expansion) => expansion.arms.iter().map(line).collect::<String>(),
        Err(problems) => problems.iter().map(|problem| format!("{problem}\n")).collect(),
    };
    expected.assert_eq(&said);
}

fn line(arm: &ArmSpec) -> String {
    let said = |(key, setting): (&String, &Setting)| match &setting.value {
        Some(value) => format!(" {key}={value}"),
        None => format!(" -{key}"),
    };
    format!("{}:{}\n", arm.name, arm.settings.iter().map(said).collect::<String>())
}

#[test]
fn the_sweep_of_the_design_has_thirteen_arms() {
    // 2 codebooks x 3 seeds x 2 zipped rows, and one arm beside the grid.
    check(
        r#"
        [grid]
        "tokenizer.codebook-size" = [64, 256]
        "tokenizer.seed" = [0, 1, 2]
        [zip]
        "instruction.lora.rank" = [4, 16]
        "instruction.lora.alpha" = [8, 32]
        [arms.no-corpus]
        "alignment.fmri-to-text" = 0.0
        "#,
        expect![[r#"
            codebook-size=64,tokenizer.seed=0,alpha=8,rank=4: instruction.lora.alpha=8 instruction.lora.rank=4 tokenizer.codebook-size=64 tokenizer.seed=0
            codebook-size=64,tokenizer.seed=0,alpha=32,rank=16: instruction.lora.alpha=32 instruction.lora.rank=16 tokenizer.codebook-size=64 tokenizer.seed=0
            codebook-size=64,tokenizer.seed=1,alpha=8,rank=4: instruction.lora.alpha=8 instruction.lora.rank=4 tokenizer.codebook-size=64 tokenizer.seed=1
            codebook-size=64,tokenizer.seed=1,alpha=32,rank=16: instruction.lora.alpha=32 instruction.lora.rank=16 tokenizer.codebook-size=64 tokenizer.seed=1
            codebook-size=64,tokenizer.seed=2,alpha=8,rank=4: instruction.lora.alpha=8 instruction.lora.rank=4 tokenizer.codebook-size=64 tokenizer.seed=2
            codebook-size=64,tokenizer.seed=2,alpha=32,rank=16: instruction.lora.alpha=32 instruction.lora.rank=16 tokenizer.codebook-size=64 tokenizer.seed=2
            codebook-size=256,tokenizer.seed=0,alpha=8,rank=4: instruction.lora.alpha=8 instruction.lora.rank=4 tokenizer.codebook-size=256 tokenizer.seed=0
            codebook-size=256,tokenizer.seed=0,alpha=32,rank=16: instruction.lora.alpha=32 instruction.lora.rank=16 tokenizer.codebook-size=256 tokenizer.seed=0
            codebook-size=256,tokenizer.seed=1,alpha=8,rank=4: instruction.lora.alpha=8 instruction.lora.rank=4 tokenizer.codebook-size=256 tokenizer.seed=1
            codebook-size=256,tokenizer.seed=1,alpha=32,rank=16: instruction.lora.alpha=32 instruction.lora.rank=16 tokenizer.codebook-size=256 tokenizer.seed=1
            codebook-size=256,tokenizer.seed=2,alpha=8,rank=4: instruction.lora.alpha=8 instruction.lora.rank=4 tokenizer.codebook-size=256 tokenizer.seed=2
            codebook-size=256,tokenizer.seed=2,alpha=32,rank=16: instruction.lora.alpha=32 instruction.lora.rank=16 tokenizer.codebook-size=256 tokenizer.seed=2
            no-corpus: alignment.fmri-to-text=0.0
        "#]],
    );
}

#[test]
fn ablations() {
    let ablate = |design: &str| {
        format!(
            "ablate = {{ design = '{design}', drop = ['alignment', 'corpora.connectivity'], \
                 swap = {{ 'tokenizer.codebook-size' = 64 }} }}"
        )
    };
    check(
        &ablate("star"),
        expect![[r#"
        base:
        no-alignment: -alignment
        no-connectivity: -corpora.connectivity
        codebook-size=64: tokenizer.codebook-size=64
    "#]],
    );
    check(
        &ablate("leave-one-out"),
        expect![[r#"
        all: -alignment -corpora.connectivity tokenizer.codebook-size=64
        all-but-no-alignment: -corpora.connectivity tokenizer.codebook-size=64
        all-but-no-connectivity: -alignment tokenizer.codebook-size=64
        all-but-codebook-size=64: -alignment -corpora.connectivity
    "#]],
    );
    check(
        &ablate("factorial"),
        expect![[r#"
        base:
        no-alignment: -alignment
        no-connectivity: -corpora.connectivity
        no-alignment,no-connectivity: -alignment -corpora.connectivity
        codebook-size=64: tokenizer.codebook-size=64
        no-alignment,codebook-size=64: -alignment tokenizer.codebook-size=64
        no-connectivity,codebook-size=64: -corpora.connectivity tokenizer.codebook-size=64
        no-alignment,no-connectivity,codebook-size=64: -alignment -corpora.connectivity tokenizer.codebook-size=64
    "#]],
    );
}

#[test]
fn conditional_axes_multiply_what_fulfils_them() {
    check(
        r#"
        seeds = [0, 1]
        [grid]
        "tokenizer.type" = ["vq", "quantile"]
        [[when]]
        if = { tokenizer.type = "vq" }
        grid = { tokenizer.codebook-size = [64, 128] }
        "#,
        expect![[r#"
            tokenizer=vq,codebook-size=64,seed=0: seed=0 tokenizer.codebook-size=64 tokenizer.type="vq"
            tokenizer=vq,codebook-size=64,seed=1: seed=1 tokenizer.codebook-size=64 tokenizer.type="vq"
            tokenizer=vq,codebook-size=128,seed=0: seed=0 tokenizer.codebook-size=128 tokenizer.type="vq"
            tokenizer=vq,codebook-size=128,seed=1: seed=1 tokenizer.codebook-size=128 tokenizer.type="vq"
            tokenizer=quantile,seed=0: seed=0 tokenizer.type="quantile"
            tokenizer=quantile,seed=1: seed=1 tokenizer.type="quantile"
        "#]],
    );
}

#[test]
fn what_is_excluded_is_compared_with_the_base_too() {
    check(
        r#"
        [grid]
        "tokenizer.codebook-size" = [64, 256]
        "instruction.lora.rank" = [4, 8]
        [[exclude]]
        "tokenizer.codebook-size" = 256
        "instruction.lora" = { rank = 8.0, alpha = 16 }
        "#,
        expect![[r#"
            codebook-size=64,rank=4: instruction.lora.rank=4 tokenizer.codebook-size=64
            codebook-size=64,rank=8: instruction.lora.rank=8 tokenizer.codebook-size=64
            codebook-size=256,rank=4: instruction.lora.rank=4 tokenizer.codebook-size=256
        "#]],
    );
    check(
        "ablate = { design = 'factorial', drop = ['alignment', 'instruction'] }\n\
         exclude = [{ drop = ['alignment', 'instruction'] }]",
        expect![[r#"
            base:
            no-alignment: -alignment
            no-instruction: -instruction
        "#]],
    );
}

#[test]
fn seeds_alone_repeat_the_base() {
    check(
        "seeds = [3, 1]",
        expect![[r#"
        seed=3: seed=3
        seed=1: seed=1
    "#]],
    );
}

#[test]
fn names_are_fit_for_folders() {
    check(
        r#"
        [grid]
        "instruction.lora" = [{ rank = 4, alpha = 8 }, { rank = 4, alpha = 8, dropout = 0.1 }]
        "tasks.condition.target" = ["a/b", "a:b", "../x", "a very long name that nobody would want in a folder"]
        "tokenizer" = [{ type = "quantile", patch = 20 }]
        "#,
        expect![[r#"
            tokenizer=quantile,lora=alpha-8+rank-4,target=a_b-83b41e: instruction.lora.alpha=8 instruction.lora.rank=4 tasks.condition.target="a/b" tokenizer.patch=20 tokenizer.type="quantile"
            tokenizer=quantile,lora=alpha-8+rank-4,target=a_b-11a4c6: instruction.lora.alpha=8 instruction.lora.rank=4 tasks.condition.target="a:b" tokenizer.patch=20 tokenizer.type="quantile"
            tokenizer=quantile,lora=alpha-8+rank-4,target=_._x: instruction.lora.alpha=8 instruction.lora.rank=4 tasks.condition.target="../x" tokenizer.patch=20 tokenizer.type="quantile"
            tokenizer=quantile,lora=alpha-8+rank-4,target=a_very_long_name_-b93f3c: instruction.lora.alpha=8 instruction.lora.rank=4 tasks.condition.target="a very long name that nobody would want in a folder" tokenizer.patch=20 tokenizer.type="quantile"
            tokenizer=quantile,lora=alpha-8+dropout-0-ecb733,target=a_b-b4a7ef: instruction.lora.alpha=8 instruction.lora.dropout=0.1 instruction.lora.rank=4 tasks.condition.target="a/b" tokenizer.patch=20 tokenizer.type="quantile"
            tokenizer=quantile,lora=alpha-8+dropout-0-ecb733,target=a_b-21ad46: instruction.lora.alpha=8 instruction.lora.dropout=0.1 instruction.lora.rank=4 tasks.condition.target="a:b" tokenizer.patch=20 tokenizer.type="quantile"
            tokenizer=quantile,lora=alpha-8+dropout-0-ecb733,target=_._x: instruction.lora.alpha=8 instruction.lora.dropout=0.1 instruction.lora.rank=4 tasks.condition.target="../x" tokenizer.patch=20 tokenizer.type="quantile"
            tokenizer=quantile,lora=alpha-8+dropout-0-ecb733,target=a_very_long_name_-b93f3c: instruction.lora.alpha=8 instruction.lora.dropout=0.1 instruction.lora.rank=4 tasks.condition.target="a very long name that nobody would want in a folder" tokenizer.patch=20 tokenizer.type="quantile"
        "#]],
    );
}

proptest! {
    #[test]
    fn arms_are_counted_distinct_and_ordered(
        sizes in prop::collection::vec(1_usize..4, 1..4),
        rows in 0_usize..4,
        seeds in 0_usize..3,
        named in 0_usize..3,
    ) {
        let keys = ["tokenizer.a", "tokenizer.b", "instruction.a"];
        let axis = |(i, &n): (usize, &usize)| (keys[i].to_owned(), json!((0..n).collect::<Vec<_>>()));
        let list = |n: usize| json!((0..n).map(|i| i as f64 / 2.0).collect::<Vec<_>>());
        let zip = match rows {
            0 => json!({}),
            n => json!({ "alignment.a": list(n), "alignment.b": list(n) }),
        };
        let arms: Table = (0..named).map(|i| (format!("arm-{i}"), json!({ "alignment.c": i }))).collect();
        let sweep: SweepTable = serde_json::from_value(json!({
            "base": "b.toml",
            "grid": sizes.iter().enumerate().map(axis).collect::<Table>(),
            "zip": zip,
            "arms": arms,
            "seeds": (seeds > 0).then(|| (0..seeds).collect::<Vec<_>>()),
        })).unwrap();
        let base = base();
        let known = SweepBase { written: &base, resolved: None };
        let expansion = expand(&sweep, &known).unwrap();

        let combinations = sizes.iter().product::<usize>() * rows.max(1);
        prop_assert_eq!(expansion.arms.len(), (combinations + named) * seeds.max(1));
        let names: BTreeSet<String> = expansion.arms.iter().map(|arm| arm.name.to_lowercase()).collect();
        prop_assert_eq!(names.len(), expansion.arms.len());
        let lines: BTreeSet<String> =
            expansion.arms.iter().map(|arm| line(arm).split_once(':').unwrap().1.to_owned()).collect();
        prop_assert_eq!(lines.len(), expansion.arms.len());
        let safe = |name: &String| name.chars().all(|c| c.is_ascii_alphanumeric() || "-_.+=,".contains(c));
        prop_assert!(names.iter().all(safe));
        // Expansion is reproducible, and the first axis varies slowest.
        prop_assert_eq!(&expand(&sweep, &known).unwrap(), &expansion);
        let first = |arm: &ArmSpec| arm.settings.get("tokenizer.a").and_then(|setting| setting.value.as_ref()?.as_u64());
        let slow: Vec<Option<u64>> = expansion.arms[..combinations * seeds.max(1)].iter().map(first).collect();
        prop_assert!(slow.is_sorted());
    }
}
