//! Huge specs are checked in seconds and answered in pages.

use std::time::{Duration, Instant};

use boldface_tests::cohort::{SPEC, study};

use super::told;

/// Far more than a second, because tests share the machine. What was quadratic took minutes.
const PATIENCE: Duration = Duration::from_secs(30);

#[test]
fn a_hundred_thousand_mistakes_are_twenty_and_a_count() {
    let sandbox = study();
    let keys: String = (0..100_000).map(|i| format!("k{i} = 1\n")).collect();
    sandbox.write("spec.toml", &(keys + SPEC));
    // The first call may build the program.
    sandbox.boldface(&["--version"]);
    let begun = Instant::now();
    let (code, _, errors) = told(&sandbox.boldface(&["check", "spec.toml"]));
    assert!(begun.elapsed() < PATIENCE, "{:?}", begun.elapsed());
    assert_eq!(code, Some(2));
    assert_eq!(errors.matches("error: unknown section").count(), 20);
    assert!(errors.contains("and 99980 more of the kind \"unknown section `"), "{}", errors.len());
    assert!(errors.ends_with("100000 problems; nothing was run\n"));
    assert!(errors.len() < 20_000, "{} bytes", errors.len());
}

#[test]
fn equal_densities_are_one_problem() {
    let sandbox = study();
    let densities = vec!["0.2"; 30_000].join(", ");
    sandbox.write("spec.toml", &format!("{SPEC}\n[corpora.graph]\ndensities = [{densities}]\n"));
    // The first call may build the program.
    sandbox.boldface(&["--version"]);
    let begun = Instant::now();
    let (code, _, errors) = told(&sandbox.boldface(&["check", "spec.toml"]));
    assert!(begun.elapsed() < PATIENCE, "{:?}", begun.elapsed());
    assert_eq!(code, Some(2), "{errors}");
    assert_eq!(errors.matches("is listed twice").count(), 1, "{errors}");
}
