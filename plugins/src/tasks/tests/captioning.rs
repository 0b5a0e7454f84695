//! Tests that captions describe the most unusual facts, and that scores depend on facts, not on
//! decimals.

use boldface::serde_json::json;
use boldface::{Answer, Descriptor, Fact, Outcome, Prediction};
use expect_test::expect;

use super::{check, id, info, outcome, scan, score, task};

fn fact(feature: &str, band: &str, z: Option<f64>) -> Fact {
    Fact { feature: feature.to_owned(), value: z.map(|_| 0.5), z, band: band.to_owned(), reason: None }
}

fn descriptor(feature: &str, z: Option<f64>) -> Descriptor {
    Descriptor::new(&id("1"), format!("{feature} it is."), fact(feature, "typical", z))
}

/// Returns the caption of a scan with these descriptors.
fn caption(descriptors: &[Descriptor], facts: usize) -> String {
    let mut scan = scan(info("1", &[]));
    scan.descriptors = descriptors.to_vec();
    let examples = task("captioning", &json!({"facts": facts})).examples(&scan).unwrap();
    let Some(Answer::Text { reference, facts, .. }) = examples.first().map(|example| &example.answer) else {
        return "no example".to_owned();
    };
    assert!(
        facts
            .iter()
            .map(|fact| format!("{} it is.", fact.feature))
            .eq(reference.split_inclusive('.').map(|s| s.trim().to_owned()))
    );
    reference.clone()
}

fn answered(reference: &str, expected: &[Fact], text: &str, said: &[Fact]) -> Outcome {
    let answer = Answer::Text {
        reference: reference.to_owned(),
        facts: expected.to_vec(),
        decoding: boldface::Decoding::Free,
    };
    outcome("1", answer, Prediction::Text { text: text.to_owned(), facts: said.to_vec() })
}

#[test]
fn the_largest_z_are_told_in_the_order_of_the_corpus() {
    let z = [("A", Some(-0.5)), ("B", Some(-2.0)), ("C", None), ("D", Some(2.0)), ("E", Some(1.0))];
    let descriptors = z.map(|(feature, z)| descriptor(feature, z));
    assert_eq!(caption(&descriptors, 1), "B it is."); // the first of equals
    assert_eq!(caption(&descriptors, 3), "B it is. D it is. E it is.");
    // Facts without a z are chosen last, and appear only if no others are left.
    assert_eq!(caption(&descriptors, 4), "A it is. B it is. D it is. E it is.");
    assert_eq!(caption(&descriptors, 9), "A it is. B it is. C it is. D it is. E it is.");
    assert_eq!(caption(&[], 3), "no example");
}

#[test]
fn a_perfect_caption_has_perfect_scores_whatever_its_decimals() {
    let (a, b) = (fact("A", "lower", Some(-1.5)), fact("B", "typical", Some(0.1)));
    let text = "A is lower, and B is typical.";
    let other_decimals = fact("A", "lower", Some(-1.25));
    let scores = score(
        &*task("captioning", &json!({})),
        &[answered(text, &[a, b.clone()], text, &[b, other_decimals])],
    );
    assert!((scores["bleu"] - 1.0).abs() < 1e-8);
    assert_eq!((scores["rouge_l"], scores["fact_accuracy"], scores["fact_precision"]), (1.0, 1.0, 1.0));
}

#[test]
fn facts_are_counted_over_all_captions() {
    let (lower, higher) = (fact("A", "lower", Some(-1.5)), fact("A", "higher", Some(1.5)));
    let (b, c) = (fact("B", "typical", None), fact("C", "typical", None));
    let captioning = task("captioning", &json!({}));
    let outcomes = [
        // Right about A, silent about B, and C is not in the reference: 1 of 2 right, 1 of 2 stated.
        answered("x", &[lower.clone(), b.clone()], "y", &[lower.clone(), c]),
        // The first statement about A is wrong, so the second does not help: 0 of 1 right, 0 of 1
        // stated.
        answered("x", std::slice::from_ref(&lower), "y", &[higher, lower.clone()]),
        // The same fact twice counts once: 1 of 1 right, 1 of 1 stated.
        answered("x", std::slice::from_ref(&lower), "y", &[lower.clone(), lower.clone()]),
    ];
    let scores = score(&*captioning, &outcomes);
    assert_eq!((scores["fact_accuracy"], scores["fact_precision"]), (2.0 / 4.0, 2.0 / 4.0));
    // Without any stated fact, precision is undefined.
    let scores = score(&*captioning, &[answered("x y z", &[b], "", &[])]);
    assert_eq!((scores["rouge_l"], scores["fact_accuracy"]), (0.0, 0.0));
    assert!(scores["fact_precision"].is_nan());
}

#[test]
fn problems() {
    expect!["facts: a caption of 0 facts is empty; ask for at least 1"]
        .assert_eq(&check(&*task("captioning", &json!({"facts": 0})), &[]));
    assert_eq!(check(&*task("captioning", &json!({})), &[]), "");
}
