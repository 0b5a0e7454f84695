//! The template, and independence of measures from scale and threads.

use super::*;

fn person(name: &str) -> String {
    name.to_owned()
}

#[test]
fn every_person_counts_once() {
    let steps = steps(Kernel::NormalizedAngle, Embedding::DiffusionMap);
    let [a, b] = [1, 2].map(|seed| series(&signals(60, 100, seed)));
    let once = GradientTemplate::fit(&steps, &[(person("a"), &a), (person("b"), &b)]).unwrap();
    let often =
        [(person("a"), &a), (person("a"), &a), (person("a"), &a), (person("a"), &a), (person("b"), &b)];
    let often = GradientTemplate::fit(&steps, &often).unwrap();
    assert_ne!(template(&steps, &a), once);
    for (g, map) in once.maps.iter().enumerate() {
        for (x, y) in map.iter().zip(&often.maps[g]) {
            assert!((x.unwrap() - y.unwrap()).abs() < 1e-9);
        }
    }
}

#[test]
fn a_region_that_most_people_lack_is_not_on_the_template() {
    let steps = steps(Kernel::NormalizedAngle, Embedding::DiffusionMap);
    let people = ["a", "b", "c"].map(person);
    // Region 5 is dead in two of three people, region 6 in one. One more scan is too short to count.
    let scans: Vec<TimeSeries> = (0..3u32)
        .map(|seed| {
            let mut signals = signals(60, 100, seed);
            if seed < 2 {
                signals[5].fill(1.0);
            }
            if seed < 1 {
                signals[6].fill(1.0);
            }
            series(&signals)
        })
        .collect();
    let short = series(&signals(60, 3, 9));
    let mut all: Vec<(String, &TimeSeries)> = people.iter().cloned().zip(&scans).collect();
    let without = GradientTemplate::fit(&steps, &all).unwrap();
    all.push((person("d"), &short));
    let template = GradientTemplate::fit(&steps, &all).unwrap();
    assert_eq!(template, without);
    let on = |roi: usize| template.maps.iter().all(|map| map[roi].is_some());
    assert_eq!((0..60).filter(|&roi| !on(roi)).collect::<Vec<_>>(), [5]);
    // The last scan has a signal in region 5, and is measured with that region.
    let measured = measure(&steps, &template, &scans[2], &networks(60));
    assert!(measured.iter().all(|one| one.value.is_ok()));
    assert_eq!(GradientTemplate::fit(&steps, &all[3..]).unwrap_err(), Missing::Short);
}

#[test]
fn a_template_is_the_same_on_any_number_of_threads_and_from_a_file() {
    let steps = steps(Kernel::NormalizedAngle, Embedding::DiffusionMap);
    let scans: Vec<TimeSeries> = (0..40).map(|seed| series(&signals(60, 40, seed))).collect();
    let named: Vec<_> = scans.iter().enumerate().map(|(i, scan)| ((i / 2).to_string(), scan)).collect();
    let with = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let template = pool.install(|| GradientTemplate::fit(&steps, &named)).unwrap();
        boldface::serde_json::to_string(&template).unwrap()
    };
    assert_eq!(with(1), with(4));
    let template = template(&steps, &scans[0]);
    let text = boldface::serde_json::to_string(&template).unwrap();
    assert_eq!(boldface::serde_json::from_str::<GradientTemplate>(&text).unwrap(), template);
    assert!(template.is_of(3, 60) && !template.is_of(3, 59) && !template.is_of(2, 60));
}

#[test]
fn a_scan_is_measured_alike_whatever_its_scale_and_sign_of_nothing() {
    let steps = steps(Kernel::NormalizedAngle, Embedding::DiffusionMap);
    let one = series(&signals(60, 100, 1));
    let template = template(&steps, &one);
    let values = |series: &TimeSeries| -> Vec<f64> {
        measure(&steps, &template, series, &networks(60)).into_iter().map(|one| one.value.unwrap()).collect()
    };
    // A factor of four is exact in 32 bits.
    let larger = one.with_values(one.values().iter().map(|x| 4.0 * x).collect()).unwrap();
    assert_eq!(values(&one), values(&larger));
    // Turned onto its own gradients, a scan does not change.
    let own = steps.gradients(&crate::fc(&one)).unwrap();
    for g in 0..3 {
        let map = own.map(g);
        let range = map.iter().fold(f64::MIN, |a, &b| a.max(b)) - map.iter().fold(f64::MAX, |a, &b| a.min(b));
        assert!((values(&one)[g * 6] - range).abs() < 1e-12);
        assert!((template.shares[g] - values(&one)[g * 6 + 2]).abs() < 1e-12);
    }
}
