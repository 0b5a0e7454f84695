//! Checks of the config against a cohort, before anything runs.

use boldface::{Cohort, Problem, ScanInfo};

use super::Temporal;

/// Maximum number of states; studies distinguish fewer.
const MOST_STATES: usize = 20;

/// Finds meaningless numbers, and a band or window that no scan of the cohort can have. If only some
/// scans cannot have it, their facts are described as not available.
pub(super) fn check(config: &Temporal, cohort: &Cohort) -> Vec<Problem> {
    let mut problems = Vec::new();
    let [low, high] = config.band;
    let is_band = low > 0.0 && low < high && high.is_finite();
    if is_band {
        let slow = |scan: &ScanInfo| 0.5 / scan.tr < high - 1e-9;
        if let Some(quickest) = all(cohort, slow, |scan| -scan.tr) {
            let (tr, nyquist, id) = (quickest.tr, 0.5 / quickest.tr, &quickest.id);
            let message = format!(
                "no scan is fast enough for {high} Hz: the TR of `{id}`, {tr} s, resolves at most {nyquist:.3} Hz"
            );
            problems.push(Problem::at("band", message).help("give a lower upper end"));
        }
        let short = |scan: &ScanInfo| scan.trs as f64 * scan.tr * low < 1.0 - 1e-9;
        if let Some(longest) = all(cohort, short, |scan| scan.trs as f64 * scan.tr) {
            let (id, seconds) = (&longest.id, longest.trs as f64 * longest.tr);
            let message = format!("no scan is as long as one cycle of {low} Hz: `{id}` has {seconds} s");
            problems.push(Problem::at("band", message).help("give a higher lower end"));
        }
    } else {
        let message = format!("`[{low}, {high}]` is not a band: the lower end comes first, both above 0 Hz");
        problems.push(Problem::at("band", message).help("give Hz, such as `[0.01, 0.08]`"));
    }
    if config.states > 0 {
        problems.extend(of_states(config, cohort));
    }
    problems
}

fn of_states(config: &Temporal, cohort: &Cohort) -> Vec<Problem> {
    let mut problems = Vec::new();
    let Temporal { window, step, states, .. } = *config;
    if states == 1 || states > MOST_STATES {
        let message = format!("{states} states cannot be distinguished");
        let help = format!("give 2 to {MOST_STATES}, or 0 for no sentences about states");
        problems.push(Problem::at("states", message).help(help));
    }
    if !(window > 0.0 && window.is_finite()) {
        problems.push(
            Problem::at("window", format!("`{window}` is not a length in seconds")).help("give `60.0`"),
        );
        return problems;
    }
    if !(step > 0.0 && step <= window) {
        let message = format!("`{step}` seconds is not a possible step between windows");
        let help = format!("give more than 0 and at most the length of a window, {window}");
        problems.push(Problem::at("step", message).help(help));
    }
    let few = |scan: &ScanInfo| config.sliding(scan.tr).is_err();
    if let Some(quickest) = all(cohort, few, |scan| -scan.tr) {
        let (tr, id) = (quickest.tr, &quickest.id);
        let message =
            format!("a window of {window} s has fewer than ten volumes: the TR of `{id}` is {tr} s");
        let help = format!("give at least {} s, or `states = 0`", 10.0 * tr);
        problems.push(Problem::at("window", message).help(help));
        return problems;
    }
    let two = |scan: &ScanInfo| config.sliding(scan.tr).map_or(0, |sliding| 2 * sliding.length());
    if let Some(longest) = all(cohort, |scan| scan.trs < two(scan), |scan| scan.trs as f64 * scan.tr) {
        let (id, seconds) = (&longest.id, longest.trs as f64 * longest.tr);
        let message = format!("no scan is as long as two windows of {window} s: `{id}` has {seconds} s");
        let help = format!("give {} s or less, or `states = 0`", seconds / 2.0);
        problems.push(Problem::at("window", message).help(help));
    }
    problems
}

/// Returns the scan that comes closest, by `closeness`, if all scans are `wrong`; the first of equals.
fn all(
    cohort: &Cohort,
    wrong: impl Fn(&ScanInfo) -> bool,
    closeness: impl Fn(&ScanInfo) -> f64,
) -> Option<&ScanInfo> {
    let closer = |best, next| if closeness(next) > closeness(best) { next } else { best };
    cohort.scans.iter().reduce(closer).filter(|_| cohort.scans.iter().all(wrong))
}
