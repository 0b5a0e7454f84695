//! Tests of the forms of a prompt.

use std::collections::BTreeMap;
use std::sync::Arc;

use boldface::{Band, Descriptor, Fact, FactQuestion, Regions, ScanId, ScanInfo, TimeSeries, seed};

use super::super::letters::Letters;
use super::*;

const BANDS: [&str; 3] = ["lower", "typical", "higher"];

/// Facts of one scan of 20 volumes as `(feature, z)`. A fact without a z is not available.
fn scan(facts: &[(&str, Option<f64>)]) -> Scan {
    let id = ScanId::new("d", "01");
    let descriptors = facts.iter().map(|&(feature, z)| {
        let band = z.map_or("not available", |z| BANDS[usize::from(z > -1.0) + usize::from(z > 1.0)]);
        let fact =
            Fact { feature: feature.into(), value: z.map(|z| z / 3.0), z, band: band.into(), reason: None };
        let bands = BANDS.iter().zip([-2.0, 0.0, 2.0]).map(|(name, z)| Band { name: (*name).into(), z });
        let asked =
            FactQuestion { feature: feature.into(), wordings: vec!["?".into()], bands: bands.collect() };
        Descriptor {
            window: Window::first(20),
            question: Some(Arc::new(asked)),
            ..Descriptor::new(&id, format!("{feature} is {band}."), fact)
        }
    });
    let info = ScanInfo {
        id: id.clone(),
        tr: 2.0,
        trs: 20,
        rois: 1,
        phenotype: BTreeMap::new(),
        events: Vec::new(),
        cuts: Vec::new(),
    };
    Scan {
        info: Arc::new(info),
        series: TimeSeries::new(20, 1, 2.0, vec![0.0; 20]).unwrap(),
        regions: Arc::new(Regions { names: vec![], networks: vec![] }),
        descriptors: descriptors.collect(),
    }
}

fn text(scan: &Scan, context: Option<usize>) -> String {
    FactValues::collect(scan, Window::first(20)).before("Old?", &Letters, 3, context).unwrap()
}

#[test]
fn facts_are_numbers_in_their_order_without_the_words_of_bands() {
    let scan = scan(&[("b.y", Some(-2.345_6)), ("a.x", Some(-0.001)), ("a.z", None), ("c", Some(1.5))]);
    let said = text(&scan, None);
    assert_eq!(
        said,
        "Measured in this scan, in standard deviations from the norm: b.y -2.35, a.x 0.00, c 1.50.\nOld?"
    );
    assert!(BANDS.iter().all(|band| !said.contains(band)) && !said.contains("not available"));
    assert_eq!(text(&scan, None), said);
}

#[test]
fn only_facts_that_the_shown_volumes_hold_are_told() {
    let mut scan = scan(&[("a", Some(1.0)), ("age", Some(2.0)), ("b", Some(f64::NAN))]);
    // Nobody is asked about a phenotype.
    scan.descriptors[1].question = None;
    let window = |start, trs| FactValues::collect(&scan, Window { start, trs });
    assert_eq!(window(0, 20), FactValues(vec!["a 1.00".into()]));
    // A part of the scan has other facts than the whole.
    assert!(window(0, 10).is_empty() && window(10, 10).is_empty());
}

#[test]
fn as_many_facts_as_fit_are_told_and_the_last_ones_are_left_out() {
    let scan = scan(&[("a", Some(0.1)), ("b", Some(0.2)), ("c", Some(9.0))]);
    let count = |said: &str| ["a 0.10", "b 0.20", "c 9.00"].map(|fact| said.contains(fact));
    // One token per byte; the answer has three.
    let whole = text(&scan, None).len() + 3 + SPARE;
    assert_eq!(count(&text(&scan, Some(whole))), [true, true, true]);
    // A fact and its comma are eight bytes.
    assert_eq!(count(&text(&scan, Some(whole - 1))), [true, true, false]);
    assert_eq!(count(&text(&scan, Some(whole - 8))), [true, true, false]);
    assert_eq!(count(&text(&scan, Some(whole - 9))), [true, false, false]);
    assert_eq!(text(&scan, Some(20)), "Old?");
}

#[test]
fn forms_are_drawn_by_their_shares() {
    let forms = Forms { text_only: 0.1, values: 0.25 };
    let draws = 20_000;
    let counts = |forms: Forms, seed: u64| {
        let mut rng = seed::stream(seed, "forms.test");
        let mut counts = [0; 3];
        for _ in 0..draws {
            let form = PromptForm::draw(&forms, &mut rng);
            counts[[PromptForm::TextOnly, PromptForm::Values, PromptForm::Scan]
                .iter()
                .position(|known| *known == form)
                .unwrap()] += 1;
        }
        counts
    };
    let drawn = counts(forms, 1);
    for (count, share) in drawn.into_iter().zip([0.1, 0.25, 0.65]) {
        // The SD of a share of 0.25 in 20000 draws is sqrt(0.25 * 0.75 / 20000) = 0.003.
        assert!((f64::from(count) / f64::from(draws) - share).abs() < 4.0 * 0.0034, "{drawn:?}");
    }
    assert_eq!(counts(forms, 1), drawn);
    assert_eq!(counts(Forms::default(), 1), [0, 0, draws]);
    assert_eq!(counts(Forms { text_only: 0.5, values: 0.5 }, 1)[2], 0);
}

#[test]
fn the_longest_answers_are_counted_one_after_the_other() {
    let example = |answer: Answer| Example { window: Window::first(20), question: "?".into(), answer };
    let choice = Answer::Choice { options: vec!["no".into(), "yes".into()], correct: 0 };
    let text = Answer::Text { reference: "Low.".into(), facts: vec![], decoding: boldface::Decoding::Free };
    // Each with its end token: 3 + 1, then 4 + 1.
    assert_eq!(longest_answers(&Letters, &[example(choice), example(text)]).unwrap(), 9);
    assert!(longest_answers(&Letters, &[example(Answer::Series { trs: 20 })]).is_err());
}
