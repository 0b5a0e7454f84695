//! Leaderboards worked out by hand.

use std::time::Instant;

use super::*;

fn trial(settings: &[(&str, &str)], validation: f64, test: f64) -> Trial {
    let defined = |value: f64| Some(value).filter(|value| !value.is_nan());
    Trial {
        name: settings.iter().map(|(_, value)| *value).collect::<Vec<_>>().join("-"),
        settings: settings.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect(),
        division: told_of(settings),
        validation: defined(validation),
        test: defined(test),
    }
}

/// Names the division of a test's trial, which depends on the fold alone.
fn told_of(settings: &[(&str, &str)]) -> String {
    let fold = settings.iter().find(|(key, _)| *key == "split.fold");
    fold.map_or_else(String::new, |(key, value)| format!("{key}={value}"))
}

#[test]
fn seeds_are_one_entry_and_validation_orders_them() {
    let trials = [
        trial(&[("k", "8"), ("seed", "0")], 0.5, 0.9),
        trial(&[("k", "8"), ("seed", "1")], 0.7, 0.9),
        trial(&[("k", "16"), ("seed", "0")], 0.8, 0.1),
        trial(&[("k", "16"), ("seed", "1")], f64::NAN, 0.3),
        trial(&[("k", "32"), ("seed", "0")], f64::NAN, 1.0),
    ];
    let entries = entries(&trials, Some(true));
    let shown: Vec<_> = entries.iter().map(|entry| (&*entry.settings["k"], entry.trials.clone())).collect();
    // The best test value does not count: k = 16 is best on validation.
    assert_eq!(shown, [("16", vec![2, 3]), ("8", vec![0, 1]), ("32", vec![4])]);
    let validation = &entries[0].validation;
    assert_eq!((validation.n, validation.total, validation.mean), (1, 2, Some(0.8)));
    assert_eq!(
        (entries[2].validation.n, entries[2].validation.total, entries[2].validation.mean),
        (0, 1, None)
    );
    assert_eq!(entries[1].validation.mean, Some(0.6));
    // Sample deviation of 0.5 and 0.7: sqrt(2 * 0.1^2 / 1).
    assert!((entries[1].validation.sd.unwrap() - 0.02f64.sqrt()).abs() < 1e-12);
    assert_eq!(entries[0].validation.sd, None);
    let lowest = super::entries(&trials, Some(false));
    assert_eq!(lowest[0].settings["k"], "8");
}

#[test]
fn an_axis_pairs_trials_that_are_equal_in_all_else() {
    let trials = [
        trial(&[("k", "16"), ("lora", "false"), ("seed", "0")], 0.0, 0.0),
        trial(&[("k", "8"), ("lora", "false"), ("seed", "0")], 0.0, 0.0),
        trial(&[("k", "16"), ("lora", "true"), ("seed", "0")], 0.0, 0.0),
        trial(&[("k", "8"), ("lora", "true"), ("seed", "1")], 0.0, 0.0),
        trial(&[("k", "128"), ("lora", "true"), ("seed", "0")], 0.0, 0.0),
    ];
    let axes = axes(&trials, &BTreeMap::new());
    assert_eq!(axes.iter().map(|axis| axis.keys.join("+")).collect::<Vec<_>>(), ["k", "lora"]);
    let levels: Vec<_> = axes[0].levels.iter().map(|level| (&*level.value, level.pairs.clone())).collect();
    // Sorted by number. The first level is 8, and only its trial 1 has a partner, trial 0.
    assert_eq!(levels, [("8", vec![]), ("16", vec![(1, 0)]), ("128", vec![])]);
    let listed = BTreeMap::from([("k".to_owned(), ["128", "16", "8"].map(str::to_owned).to_vec())]);
    let levels = &super::axes(&trials, &listed)[0].levels;
    assert_eq!(levels.iter().map(|level| &*level.value).collect::<Vec<_>>(), ["128", "16", "8"]);
    assert_eq!(levels[1].pairs, [(4, 2)]);
}

#[test]
fn keys_that_move_together_are_one_axis_and_a_missing_key_is_the_base() {
    let trials = [
        trial(&[], 0.5, 0.5),
        trial(&[("a", "1"), ("b", "x")], 0.5, 0.5),
        trial(&[("a", "2"), ("b", "y")], 0.5, 0.5),
        trial(&[("c", "off")], 0.5, 0.5),
    ];
    let axes = axes(&trials, &BTreeMap::new());
    assert_eq!(axes[0].keys, ["a", "b"]);
    let values: Vec<&str> = axes[0].levels.iter().map(|level| &*level.value).collect();
    assert_eq!(values, ["(base), (base)", "1, x", "2, y"]);
    assert_eq!(axes[0].levels[1].pairs, [(0, 1)]);
    assert_eq!((axes[1].keys[0].as_str(), axes[1].levels[1].pairs.clone()), ("c", vec![(0, 3)]));
}

#[test]
fn each_division_chooses_by_its_own_validation() {
    let trials = [
        trial(&[("k", "8"), ("split.fold", "0")], 0.6, 0.50),
        trial(&[("k", "16"), ("split.fold", "0")], 0.7, 0.40),
        trial(&[("k", "8"), ("split.fold", "1")], 0.9, 0.80),
        trial(&[("k", "16"), ("split.fold", "1")], 0.5, 0.99),
    ];
    let entries = entries(&trials, Some(true));
    let chosen = choices(&trials, &entries, Some(true));
    let shown: Vec<_> = chosen
        .iter()
        .map(|choice| (&*choice.division, &*entries[choice.entry].settings["k"], choice.test))
        .collect();
    // The 0.99, which only the test set has, is never chosen.
    assert_eq!(shown, [("split.fold=0", "16", Some(0.40)), ("split.fold=1", "8", Some(0.80))]);
    assert!(choices(&trials, &entries, None).is_empty());
}

#[test]
fn thousands_of_trials_are_ordered_in_a_moment() {
    let settings = |i: usize| {
        let of = |size: usize, by: usize| (i / by % size).to_string();
        [("a", of(10, 1)), ("b", of(10, 10)), ("c", of(5, 100)), ("d", of(2, 500)), ("seed", of(2, 1000))]
    };
    let trials: Vec<Trial> = (0..2000)
        .map(|i| {
            let settings = settings(i);
            let settings: Vec<(&str, &str)> = settings.iter().map(|(key, value)| (*key, &**value)).collect();
            trial(&settings, (i * 7 % 113) as f64, (i * 5 % 101) as f64)
        })
        .collect();
    let begun = Instant::now();
    let entries = entries(&trials, Some(true));
    let axes = axes(&trials, &BTreeMap::new());
    let chosen = choices(&trials, &entries, Some(true));
    println!("2000 trials: {:?}", begun.elapsed());
    assert_eq!((entries.len(), axes.len(), chosen.len()), (1000, 4, 1));
    // Every level of `a` has 200 trials, each with its partner.
    assert!(axes[0].levels[1..].iter().all(|level| level.pairs.len() == 200));
    assert!(begun.elapsed().as_secs_f64() < 1.0);
}
