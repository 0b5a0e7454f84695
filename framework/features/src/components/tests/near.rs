//! Tests of components near a template.

use super::*;
use crate::components::{ComponentTemplate, Components};

/// Returns templates of the planted sources, last source first, with half of each lost and noise added.
fn template() -> ComponentTemplate {
    let mut noise = stream(5, "template");
    let order: Vec<usize> = (0..SOURCES).rev().collect();
    let map = |&k: &usize| {
        let planted = source(k);
        let half = |i: usize| if i.is_multiple_of(2) { 2.0 * planted[i] } else { 0.0 };
        (0..ROIS).map(|i| half(i) + 0.3 * uniform(&mut noise)).collect()
    };
    ComponentTemplate {
        names: order.iter().map(|k| format!("net{k}")).collect(),
        maps: order.iter().map(map).collect(),
    }
}

#[test]
fn a_rough_template_becomes_what_the_scans_have() {
    let scans = cohort(5);
    let template = template();
    let found = Components::near(&equal(&scans), &template).unwrap();
    for (k, map) in found.maps.iter().enumerate() {
        let planted = source(SOURCES - 1 - k);
        let (before, after) = (correlation(&template.maps[k], &planted), correlation(&map.weights, &planted));
        assert!(after > 0.85 && after > before + 0.1, "{}: {before}, then {after}", map.name);
        assert_eq!(map.name, template.names[k]);
        let like = correlation(&template.maps[k], &map.weights);
        assert!((map.stability.unwrap() - like).abs() < 1e-9);
    }
    assert_eq!(found, Components::near(&equal(&scans), &template).unwrap());
}

#[test]
fn a_template_that_does_not_fit_says_why() {
    let scans = cohort(3);
    let told = |change: &dyn Fn(&mut ComponentTemplate)| {
        let mut template = template();
        change(&mut template);
        Components::near(&equal(&scans), &template).unwrap_err().to_string()
    };
    let error = told(&|template| template.maps[1].truncate(199));
    assert_eq!(error, "`net2` of the template has 199 regions, and scans have 200");
    let error = told(&|template| template.maps[1] = vec![0.3; 200]);
    assert_eq!(error, "`net2` of the template is the same in every region that has a signal");
    let error = told(&|template| template.maps[1] = template.maps[0].iter().map(|x| -x).collect());
    assert_eq!(
        error,
        "`net3` and `net2` of the template lead to the same component of the scans: leave one out"
    );
}
