//! Scores of facts, by hand.

use boldface::{Band, Fact, serde_json::json};

use super::*;

fn asked(subject: &str, feature: &str, z: f64, band: &str, probabilities: [f64; 3]) -> Outcome {
    let bands = [("lower", -1.0), ("typical", 0.0), ("higher", 1.0)];
    let bands = bands.map(|(name, z)| Band { name: name.into(), z }).to_vec();
    let fact = Fact { feature: feature.into(), z: Some(z), band: band.into(), ..Fact::default() };
    outcome(subject, Answer::Band { fact, bands }, Prediction::Choice { probabilities: probabilities.into() })
}

#[test]
fn scores_by_hand_over_all_facts_and_by_family() {
    let task = task("facts", &json!({}));
    let outcomes = [
        asked("1", "coupling.A-B", 1.2, "higher", [0.1, 0.2, 0.7]), // right
        asked("2", "coupling.A-B", -1.1, "lower", [0.2, 0.3, 0.5]), // the wrong side
        asked("1", "strength.A", 0.1, "typical", [0.2, 0.6, 0.2]),  // right; has no side
        asked("2", "strength.A", -0.9, "lower", [0.6, 0.2, 0.2]),   // right
    ];
    let scores = score(&*task, &outcomes);
    let near =
        |name: &str, expected: f64| assert!((scores[name] - expected).abs() < 1e-12, "{name} {scores:?}");
    near("direction_accuracy", 2.0 / 3.0);
    near("band_accuracy", 0.75);
    // Recall of lower 1/2, of typical and higher 1.
    near("band_balanced_accuracy", 2.5 / 3.0);
    // Two scans per feature, in the right order.
    near("pearson_r", 1.0);
    near("direction_accuracy@coupling", 0.5);
    near("direction_accuracy@strength", 1.0);
    near("band_accuracy@strength", 1.0);
    // One family needs no rows of its own.
    assert_eq!(score(&*task, &outcomes[..2]).len(), 4);
}
