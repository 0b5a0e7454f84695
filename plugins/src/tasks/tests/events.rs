//! Tests that events become windows, and that incomplete ones are skipped.

use boldface::serde_json::json;
use boldface::{Answer, CheckContext, Cut, Event, ScanInfo, Task, Window};
use expect_test::expect;

use super::{check, info, scan, task};

fn event(onset: f64, duration: f64, trial_type: &str) -> Event {
    Event { onset, duration, trial_type: Some(trial_type.to_owned()) }
}

/// A scan of 12 volumes at a TR of 2 s with these events.
fn with_events(subject: &str, events: Vec<Event>) -> ScanInfo {
    ScanInfo { events, ..info(subject, &[]) }
}

fn pictures(more: &[(&str, boldface::serde_json::Value)]) -> Box<dyn Task> {
    let mut table = json!({"classes": ["face", "house"], "window": 4, "words": {"c1": "house"}});
    more.iter().for_each(|(key, value)| table[*key] = value.clone());
    task("events", &table)
}

fn windows(task: &dyn Task, info: ScanInfo) -> Vec<(usize, usize)> {
    let of = |answer| match answer {
        Answer::Choice { correct, .. } => correct,
        _ => panic!("a choice"),
    };
    let examples = task.examples(&scan(info)).unwrap();
    assert!(examples.iter().all(|example| example.window.trs == 4));
    examples.into_iter().map(|example| (example.window.start, of(example.answer))).collect()
}

#[test]
fn a_window_begins_after_the_lag_at_the_nearest_volume() {
    // 1 + 5 s is volume 3; 4.5 + 5 s is 4.75, nearest to 5; 7 + 5 s is volume 6, and 4 volumes follow.
    let events = vec![
        event(1.0, 2.0, "face"),
        event(4.5, 2.0, "c1"),
        event(7.0, 0.0, "rest"),
        event(7.0, 2.0, "face"),
    ];
    assert_eq!(windows(&*pictures(&[]), with_events("1", events.clone())), [(3, 0), (5, 1), (6, 0)]);
    // Without a lag, the first window starts at the volume nearest to 0.5.
    assert_eq!(
        windows(&*pictures(&[("lag", json!(0.0))]), with_events("1", events.clone())),
        [(1, 0), (2, 1), (4, 0)]
    );
    let examples = pictures(&[]).examples(&scan(with_events("1", events))).unwrap();
    assert_eq!(
        (examples[0].window, examples[0].question.as_str()),
        (Window { start: 3, trs: 4 }, "What was shown?")
    );
}

#[test]
fn what_is_not_whole_is_passed_over() {
    // The last window is volumes 8..12: 11 + 5 s starts at 8, 13 + 5 s at 9. -6 + 5 s is before the
    // scan.
    let events = vec![event(-6.0, 2.0, "face"), event(11.0, 2.0, "face"), event(13.0, 2.0, "face")];
    assert_eq!(windows(&*pictures(&[]), with_events("1", events.clone())), [(8, 0)]);
    // Shorter than the minimum.
    assert_eq!(windows(&*pictures(&[("minimum-duration", json!(2.5))]), with_events("1", events)), []);
}

#[test]
fn no_window_spans_what_was_scrubbed() {
    // 4 s are cut out after 10 s of series. 1 + 5 s lasts until 14 s, over the cut. 9 + 5 s starts
    // right after it, at volume 5 of the series.
    let cut = |events| ScanInfo { cuts: vec![Cut { at: 10.0, seconds: 4.0 }], ..with_events("1", events) };
    let events = vec![event(1.0, 2.0, "face"), event(9.0, 2.0, "house")];
    assert_eq!(windows(&*pictures(&[]), cut(events)), [(5, 1)]);
    // 8.5 + 5 s is within the cut.
    assert_eq!(windows(&*pictures(&[]), cut(vec![event(8.5, 2.0, "face")])), []);
    // 14.9 s is after the cut, at volume 5.45 of the series, nearest to 5: the window starts at the
    // cut, not before it.
    assert_eq!(windows(&*pictures(&[]), cut(vec![event(9.9, 2.0, "face")])), [(5, 0)]);
}

#[test]
fn what_is_passed_over_is_counted() {
    let scans =
        [with_events("1", vec![event(1.0, 2.0, "face"), event(13.0, 2.0, "face"), event(13.0, 1.0, "rest")])];
    let said = pictures(&[]).cautions(&CheckContext { scans: &scans, trs: 12, patch: 4 });
    expect![
        "1 of 2 events are skipped: their windows of 4 volumes extend beyond the scan or over scrubbed volumes"
    ]
    .assert_eq(&said.join("\n"));
    let scans = [with_events("1", vec![event(1.0, 2.0, "face")])];
    assert!(pictures(&[]).cautions(&CheckContext { scans: &scans, trs: 12, patch: 4 }).is_empty());
}

#[test]
fn problems_are_found_before_anything_runs() {
    let both = |subject| with_events(subject, vec![event(1.0, 2.0, "face"), event(3.0, 2.0, "c1")]);
    assert_eq!(check(&*pictures(&[]), &[both("1"), both("2")]), "");
    expect![[r#": no scan has events; name their tables in the dataset: `events = "..."`, or the raw BIDS folder: `raw = "..."`"#]].assert_eq(&check(&*pictures(&[]), &[info("1", &[])]));
    expect![[r#"
        window: 6 volumes are not a whole number of patches of 4; use a multiple of 4, such as 4
        lag: `-1` s is out of range; write 0 or more"#]]
    .assert_eq(&check(&*pictures(&[("window", json!(6)), ("lag", json!(-1.0))]), &[both("1"), both("2")]));
    expect!["window: 16 volumes are shown, but scans are cropped to 12; shorten it, or raise `signal.trs`"]
        .assert_eq(&check(&*pictures(&[("window", json!(16))]), &[both("1"), both("2")]));
    expect!["words: no event is called `c2`; events are called `c1`, `face`"]
        .assert_eq(&check(&*pictures(&[("words", json!({"c2": "house"}))]), &[both("1"), both("2")]));
    expect!["classes: no event is called `cat`; events are called `face`, `house`"]
        .assert_eq(&check(&*pictures(&[("classes", json!(["face", "cat"]))]), &[both("1"), both("2")]));
    expect![[r#"classes: events are called `house`, which is not a class; add `house` to `classes`, or skip such events with `others = "skip"`"#]].assert_eq(&check(
        &*pictures(&[("classes", json!(["face", "cat"])), ("others", json!("error"))]),
        &[both("1"), both("2")],
    ));
    let late = |subject| with_events(subject, vec![event(1.0, 2.0, "face"), event(30.0, 2.0, "c1")]);
    expect!["classes: none of 2 windows of `house` is complete: they extend beyond scans of 12 volumes, or over scrubbed volumes; shorten `window` or `lag`, or raise `signal.trs`"].assert_eq(&check(&*pictures(&[]), &[late("1"), late("2")]));
    expect![[r#"
        classes: class `face` occurs in one unit of the split only: it cannot be in both training and test; leave the class out, add scans, or decode within subjects: `[split] unit = "run"`
        classes: class `house` occurs in one unit of the split only: it cannot be in both training and test; leave the class out, add scans, or decode within subjects: `[split] unit = "run"`"#]].assert_eq(&check(&*pictures(&[]), &[both("1"), both("1")]));
    let refusing = pictures(&[("others", json!("error"))]);
    let error =
        refusing.examples(&scan(with_events("1", vec![event(1.0, 2.0, "rest")]))).unwrap_err().to_string();
    assert_eq!(error, "the event at 1 s of `pain/sub-1` is `rest`, which is not a class");
}
