//! Data that change between planning and reading are not kept under the key of what they were.

use std::fs;

use boldface::messages;
use boldface_runner::run::run;
use boldface_tests::Seen;
use boldface_tests::cohort::{SPEC, file, study};

use super::told;

#[test]
fn what_changed_since_it_was_hashed_is_not_stored() {
    let sandbox = study();
    sandbox.write("study.toml", SPEC);
    let plan = sandbox.plan("study.toml");
    let scan = sandbox.path(&file("03"));
    let before = fs::read_to_string(&scan).unwrap();
    // One number of the scan, in the middle of an rsync.
    fs::write(&scan, before.replacen("\n1", "\n2", 1)).unwrap();
    let failed = run(&plan, &Seen::default()).unwrap_err();
    let said = messages(&failed).join(": ");
    assert!(said.contains("sub-03_task-rest_timeseries.tsv` changed while the run read it"), "{said}");

    // Nothing of it was kept: the original data run every stage.
    fs::write(&scan, before).unwrap();
    let seen = Seen::default();
    sandbox.run("study.toml", &seen).unwrap();
    assert_eq!(seen.cached(), Vec::<String>::new());
}

#[test]
fn a_file_that_is_not_of_the_export_is_said() {
    let sandbox = study();
    sandbox.write("study.toml", SPEC);
    assert_eq!(told(&sandbox.boldface(&["run", "study.toml"])).0, Some(0));
    assert_eq!(told(&sandbox.boldface(&["export", "latest", "--to", "out"])).0, Some(0));
    sandbox.write("out/.gitignore", "");
    assert_eq!(told(&sandbox.boldface(&["verify", "out"])).0, Some(0));
    sandbox.write("out/model/more.json", "{}");
    let (code, _, errors) = told(&sandbox.boldface(&["verify", "out"]));
    assert!(code == Some(1) && errors.contains("`model/more.json` is not of the export"), "{errors}");
}
