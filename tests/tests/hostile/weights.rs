//! Published weights that are no numbers are refused when they are opened.

use std::fs;

use boldface_tests::{Sandbox, repository};

use super::told;

#[test]
fn weights_that_are_no_numbers_are_refused() {
    let sandbox = Sandbox::new();
    sandbox.write("text.txt", "the brain is big");
    fs::create_dir(sandbox.path("model")).unwrap();
    for entry in fs::read_dir(repository("tests/golden/lm/small-llama")).unwrap() {
        let path = entry.unwrap().path();
        fs::copy(&path, sandbox.path("model").join(path.file_name().unwrap())).unwrap();
    }
    let score = || told(&sandbox.boldface(&["lm", "score", "--weights", "model", "--text", "text.txt"]));
    assert_eq!(score().0, Some(0));
    let file = sandbox.path("model/model.safetensors");
    let mut bytes = fs::read(&file).unwrap();
    // All exponents of the last number's bits are ones, whatever its type.
    let end = bytes.len();
    bytes[end - 4..].copy_from_slice(&[0xff; 4]);
    fs::write(&file, bytes).unwrap();
    let (code, said, errors) = score();
    assert!(code != Some(0) && said.is_empty(), "{said}");
    assert!(
        errors.contains("model.safetensors`: tensor `") && errors.contains("holds NaN or infinity"),
        "{errors}"
    );
}
