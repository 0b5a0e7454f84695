//! An independent validator accepts every shipped spec and refuses mistakes, as an editor would.

use boldface_tests::{python, repository};

#[test]
fn python_validates_every_shipped_spec() {
    let Some(mut python) = python() else { return };
    let script = repository("tests/python/validate_specs.py");
    let output = python.arg(script).arg(repository("")).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let (said, wrong) = (text(&output.stdout), text(&output.stderr));
    assert!(output.status.success(), "{said}{wrong}");
    assert!(said.contains("experiments/quickstart.toml: 0 errors"), "{said}");
    print!("{said}");
}
