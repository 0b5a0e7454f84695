//! The simplest case.

use boldface_features::Feature;

use super::super::{Form, Words};

#[test]
fn couplings_are_said_and_read() {
    let words = Words::new(include_str!("../../connectivity/words.toml"), None).unwrap();
    let feature = Feature::new("coupling", &["Default", "Vis"]);
    let fact = words.fact(&feature, Ok(0.1234), Ok(-2.309));
    let text = words.sentence(&feature, &fact, Form::Plain);
    assert_eq!(text, "Default-Vis coupling is markedly lower than typical (r=0.12, z=-2.31).");
    words.check(&[feature]).unwrap();
}
