//! Tests that the sizes in a plan equal those of the saved file.

use boldface::{CheckContext, ScanInfo, Size};
use boldface_engine::Params;

use super::*;

#[test]
fn as_many_parameters_as_are_told_before_are_saved() {
    let config = Vq { layers: 2, steps: 3, ..tiny(1.0, 0.1, 0.1, 0.1) };
    let scans = fixture::scans(fixture::waves(12, 0));
    let (fitted, _) = fit_on(&config, &scans, &text(&scans));
    let dir = tempfile::tempdir().unwrap();
    fitted.save(dir.path()).unwrap();
    let engine = boldface_engine::open("dfdx", "cpu").unwrap();
    let saved = Params::load(&engine, &dir.path().join("vq.safetensors")).unwrap().count();

    let infos: Vec<ScanInfo> = scans.iter().map(|scan| (*scan.info).clone()).collect();
    let cx = CheckContext { scans: &infos, trs: 24, patch: 6 };
    // 3 steps of 6 scans of 4 patches in 4 regions.
    let expected = Size { parameters: Some(saved as u64), work: Some(288), batch: Some(96), memory: None };
    assert_eq!(config.size(&cx), expected);
    let shape = config.fmri_shape(&cx).unwrap();
    assert_eq!((shape.rois, shape.patches), (4, 4));
    assert_eq!((shape.width, shape.codebook_size), (fitted.width(), fitted.codebook_size()));
}
