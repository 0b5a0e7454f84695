//! Invalid exports are refused before anything runs, in one message that says what to do.

use std::fs;

use boldface_runner::export::{Unverified, VerificationRequest};

use super::start::{begun, problems};
use super::verified::verified;
use super::{COUNTED, exported, project};

#[test]
fn a_folder_that_is_no_whole_export_is_refused() {
    let sandbox = project(COUNTED);
    exported(&sandbox, "out", false);
    let spec = |path: &str| begun("").replace("path = \"out\"", &format!("path = \"{path}\""));
    let refused = |path: &str| problems(&sandbox, &spec(path));
    assert!(
        refused("nowhere").contains("nowhere` is not an export: there is no such folder"),
        "{}",
        refused("nowhere")
    );
    assert!(
        refused("data")
            .contains("data` is not an export: it has no `manifest.json`; `boldface export RUN --to DIR`")
    );
    let stage = fs::read_dir(sandbox.path("runs/cache")).unwrap().map(|entry| entry.unwrap().file_name());
    let stage =
        stage.map(|name| name.into_string().unwrap()).find(|name| name.starts_with("tokenizer-")).unwrap();
    let said = refused(&format!("runs/cache/{stage}"));
    assert!(
        said.contains(
            "is not an export: its `manifest.json` is of something else, such as a stage in a store"
        ),
        "{said}"
    );

    let manifest = sandbox.path("out/manifest.json");
    let text = fs::read_to_string(&manifest).unwrap();
    fs::write(&manifest, text.replacen("\"format\": 1", "\"format\": 7", 1)).unwrap();
    assert!(
        refused("out").contains("in format 7, and this version reads up to 1; upgrade boldface"),
        "{}",
        refused("out")
    );
    match verified(&sandbox, "out", &VerificationRequest::default()) {
        Err(Unverified::Refused(refused)) => {
            assert!(refused.to_string().contains("in format 7"), "{refused}")
        }
        other => panic!("{other:?}"),
    }
    fs::write(&manifest, &text[..text.len() / 2]).unwrap();
    assert!(refused("out").contains("is damaged: `manifest.json`: "), "{}", refused("out"));
    // The manifest names a file outside its folder.
    fs::write(&manifest, text.replacen("\"LICENCE.md\"", "\"../spec.toml\"", 1)).unwrap();
    assert!(refused("out").contains("which is outside of it"), "{}", refused("out"));
    fs::write(&manifest, &text).unwrap();
    fs::write(sandbox.path("out/regions.tsv"), "index\tname\n").unwrap();
    assert!(
        refused("out").contains("is damaged: `regions.tsv` has 11 bytes instead of "),
        "{}",
        refused("out")
    );
}

#[test]
fn what_is_configured_otherwise_is_named_with_both() {
    let sandbox = project(COUNTED);
    exported(&sandbox, "out", false);
    let said = |from: &str, to: &str| problems(&sandbox, &begun("").replacen(from, to, 1));
    let codes = said("codebook-size = 8", "codebook-size = 16");
    assert!(codes.contains(": is `16` here and `8` in the export"), "{codes}");
    let vq = said("type = \"quantile\"", "type = \"vq\"");
    assert!(vq.contains(": the export has the tokenizer `quantile`, not `vq`"), "{vq}");
    let gpt = said("type = \"bigram\"", "type = \"gpt\"");
    assert!(gpt.contains(": the export has the backbone `bigram`, not `gpt`"), "{gpt}");
    let nothing = problems(&sandbox, &begun("take = []"));
    assert!(nothing.contains(": nothing is taken from the export"), "{nothing}");
    let other = problems(&sandbox, &begun("take = [\"norms\"]"));
    assert!(other.contains(": unknown variant `norms`"), "{other}");
    // Only the model is taken over, and the tokenizer has a different number of codes.
    let model = begun("take = [\"model\"]").replacen("codebook-size = 8", "codebook-size = 16", 1);
    let shape = problems(&sandbox, &model);
    if shape.is_empty() {
        sandbox.write("shape.toml", &model);
        let failed = sandbox.run("shape.toml", &boldface_tests::Seen::default()).unwrap_err();
        let said = format!("{failed:?}");
        assert!(said.contains("the model of the export reads 6 regions, features of width"), "{said}");
    } else {
        assert!(shape.contains("the model of the export reads 6 regions, features of width"), "{shape}");
    }
}

#[test]
fn other_regions_and_another_rate_are_refused() {
    let sandbox = project(COUNTED);
    exported(&sandbox, "out", false);
    let table = sandbox.path("data/seg-own_dseg.tsv");
    let text = fs::read_to_string(&table).unwrap();
    let files = fs::read_dir(sandbox.path("data")).unwrap().map(|entry| entry.unwrap().path());
    let scans: Vec<_> = files.filter(|path| path.is_dir()).collect();
    let rename = |from: &str, to: &str| {
        fs::write(&table, text.replace(from, to)).unwrap();
        for dir in &scans {
            for scan in fs::read_dir(dir.join("func")).unwrap() {
                let scan = scan.unwrap().path();
                let series = fs::read_to_string(&scan).unwrap();
                fs::write(&scan, series.replacen(from, to, 1)).unwrap();
            }
        }
    };
    rename("B2", "B9");
    let said = problems(&sandbox, &begun(""));
    assert!(said.contains(": region 4 is `B2` in the export and `B9` in the data"), "{said}");
    rename("B9", "B2");
    fs::write(&table, text).unwrap();
    sandbox.write("data/timeseries.json", r#"{"RepetitionTime": 1.5}"#);
    let said = problems(&sandbox, &begun(""));
    assert!(said.contains(": the export learned from a repetition time of 2 s, `pain/sub-01"), "{said}");
}
