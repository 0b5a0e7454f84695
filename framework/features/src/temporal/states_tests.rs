//! Tests of states: learning them and counting visits.

use boldface::Regions;

use super::*;

fn windows(of: &[(usize, f64)]) -> Vec<Windowed> {
    of.iter().map(|&(stretch, r)| Windowed { stretch, coupling: vec![r] }).collect()
}

fn networks() -> Networks {
    let networks = vec!["A".to_owned(), "B".to_owned()];
    Networks::group(&Regions { names: networks.clone(), networks })
}

#[test]
fn visits_are_counted_by_hand() {
    let states = States {
        pairs: vec!["A-B".into()],
        centroids: vec![vec![0.0], vec![0.5], vec![0.9]],
        shares: vec![],
    };
    // Steps of 4 s. Stretch 0: 0 0 1 1 1 0; stretch 2: 0 1. Occupancy 4/8 and 4/8. State 0 is entered
    // three times (the cut ends a visit): 4 windows * 4 s / 3; state 1 twice: 8 s. Switches: three in 6
    // pairs * 4 s.
    let seen = windows(&[(0, 0.1), (0, 0.0), (0, 0.4), (0, 0.5), (0, 0.6), (0, 0.1), (2, 0.0), (2, 0.5)]);
    let visits = states.visits(&seen, 4.0).unwrap();
    assert_eq!(visits.occupancy, [0.5, 0.5, 0.0]);
    assert_eq!((visits.dwell[0], visits.dwell[1]), (16.0 / 3.0, 8.0));
    assert!((visits.switches - 60.0 * 3.0 / 24.0).abs() < 1e-12);
    let measured = Visits::measured(&Ok(visits), 3);
    let said: Vec<String> = measured.iter().map(|m| m.feature.to_string()).collect();
    let expected = "state-occupancy.1 state-occupancy.2 state-occupancy.3 state-dwell.1 state-dwell.2 \
                    state-dwell.3 state-switches";
    assert_eq!(said.join(" "), expected);
    // State 3 is never entered: occupancy 0, and no dwell time.
    assert_eq!((measured[2].value, measured[5].value), (Ok(0.0), Err(Missing::Undefined)));
    let missing = Visits::measured(&Err(Missing::Short), 3);
    assert!(missing.iter().zip(&measured).all(|(a, b)| a.feature == b.feature));
    assert!(missing.iter().all(|measured| measured.value == Err(Missing::Short)));
}

#[test]
fn a_window_without_coupling_breaks_a_visit_and_too_many_are_dead() {
    let states = States { pairs: vec!["A-B".into()], centroids: vec![vec![0.0], vec![0.5]], shares: vec![] };
    let visits = states.visits(&windows(&[(0, 0.0), (0, 0.0), (0, f64::NAN), (0, 0.5)]), 2.0).unwrap();
    assert_eq!((visits.switches, visits.occupancy), (0.0, vec![2.0 / 3.0, 1.0 / 3.0]));
    let nan = f64::NAN;
    assert_eq!(states.visits(&windows(&[(0, 0.0), (0, nan), (0, nan)]), 2.0), Err(Missing::Dead));
    assert_eq!(states.visits(&[], 2.0), Err(Missing::Short));
    assert_eq!(states.visits(&windows(&[(0, 0.0), (1, 0.0)]), 2.0), Err(Missing::Short));
}

#[test]
fn every_person_counts_once() {
    // One person has 90 windows around 0.8, three have 10 around 0.1. By people, the low state comes
    // first.
    let about =
        |r: f64, count: u32| (0..count).map(|i| (0, r + 1e-3 * f64::from(i % 10))).collect::<Vec<_>>();
    let mut scans = vec![("d/sub-1".to_owned(), windows(&about(0.8, 90)))];
    scans.extend((2..5).map(|person| (format!("d/sub-{person}"), windows(&about(0.1, 10)))));
    let states = States::fit(&scans, &networks(), 2, 0).unwrap();
    assert_eq!(states.pairs, ["A-B"]);
    assert!((states.centroids[0][0] - 0.1045).abs() < 1e-9, "{states:?}");
    assert!((states.shares[0] - 0.75).abs() < 1e-12, "{states:?}");
    // Two scans of one person weigh as much as one.
    let split = scans.iter().flat_map(|(person, windows)| {
        let (a, b) = windows.split_at(windows.len() / 2);
        [(person.clone(), a.to_vec()), (person.clone(), b.to_vec())]
    });
    assert_eq!(States::fit(&split.collect::<Vec<_>>(), &networks(), 2, 0), Some(states));
    assert_eq!(States::fit(&scans, &networks(), 100, 0), None);
    assert_eq!(States::fit(&[], &networks(), 2, 0), None);
}
