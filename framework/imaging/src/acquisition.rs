//! How a scan was acquired, from its file name and its sidecars. Such properties are no signal of the
//! brain, but they may tell a label.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use boldface::{ScanInfo, serde_json};

use crate::json;
use crate::link;
use crate::names::Name;

/// Entities that identify a scan. All others say how it was acquired or processed.
const IDENTITY: [&str; 4] = ["sub", "ses", "task", "run"];

/// Keys of sidecars about the scanner, the sequence and the date.
const KEYS: [&str; 20] = [
    "Manufacturer",
    "ManufacturersModelName",
    "DeviceSerialNumber",
    "StationName",
    "SoftwareVersions",
    "InstitutionName",
    "MagneticFieldStrength",
    "ReceiveCoilName",
    "PulseSequenceType",
    "SequenceName",
    "ProtocolName",
    "EchoTime",
    "FlipAngle",
    "MultibandAccelerationFactor",
    "PhaseEncodingDirection",
    "EffectiveEchoSpacing",
    "AcquisitionDate",
    "AcquisitionTime",
    "AcquisitionDateTime",
    "StudyDate",
];

/// AcquisitionProperties of each scan, by name.
pub type AcquisitionProperties = BTreeMap<String, String>;

/// Returns the labels in a scan's file name that are not part of its identity, such as `acq`, and what
/// its sidecars say. Earlier sidecars take precedence. A damaged one says nothing: whoever needs it
/// reports it.
pub fn properties(name: Option<&Name>, sidecars: &[PathBuf]) -> AcquisitionProperties {
    let mut found = AcquisitionProperties::new();
    for (entity, label) in name.iter().flat_map(|name| &name.entities) {
        if !IDENTITY.contains(&entity.as_str()) {
            found.insert(entity.clone(), label.clone());
        }
    }
    for path in sidecars {
        let Some(sidecar) =
            link::read(path).ok().and_then(|bytes| json::parse::<serde_json::Value>(&bytes).ok())
        else {
            continue;
        };
        for key in KEYS.into_iter().filter(|key| !found.contains_key(*key)).collect::<Vec<_>>() {
            let value = match sidecar.get(key) {
                Some(serde_json::Value::String(text)) => text.clone(),
                Some(serde_json::Value::Number(number)) => number.to_string(),
                _ => continue,
            };
            found.insert(key.to_owned(), value);
        }
    }
    found
}

/// Adds to each scan's phenotype the properties that differ between scans, unless a table has a column of
/// that name.
pub fn add_differing(scans: &mut [ScanInfo], of_scans: &[AcquisitionProperties]) {
    let names: BTreeSet<&String> = of_scans.iter().flat_map(BTreeMap::keys).collect();
    for name in names {
        let differ = of_scans.windows(2).any(|pair| pair[0].get(name) != pair[1].get(name));
        if !differ || scans.iter().any(|scan| scan.phenotype.contains_key(name)) {
            continue;
        }
        for (scan, properties) in scans.iter_mut().zip(of_scans) {
            scan.phenotype.extend(properties.get(name).map(|value| (name.clone(), value.clone())));
        }
    }
}

#[cfg(test)]
mod tests {
    use boldface::ScanId;

    use super::*;

    #[test]
    fn what_differs_becomes_a_column_and_what_a_table_has_stays() {
        let name = |text: &str| Name::parse(text).unwrap();
        let dir = tempfile::tempdir().unwrap();
        let sidecar = dir.path().join("a.json");
        std::fs::write(&sidecar, r#"{"Manufacturer": "A", "EchoTime": 0.03, "SliceTiming": [0, 1]}"#)
            .unwrap();
        let one =
            properties(Some(&name("sub-01_task-rest_acq-mb_run-1_bold.nii")), std::slice::from_ref(&sidecar));
        let told: Vec<(&str, &str)> =
            one.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        assert_eq!(told, [("EchoTime", "0.03"), ("Manufacturer", "A"), ("acq", "mb")]);
        let two = properties(Some(&name("sub-02_task-rest_acq-single_bold.nii")), &[sidecar]);
        let scan = |subject: &str| ScanInfo {
            id: ScanId::new("d", subject),
            tr: 2.0,
            trs: 10,
            rois: 1,
            phenotype: BTreeMap::new(),
            events: Vec::new(),
            cuts: Vec::new(),
        };
        let mut scans = [scan("01"), scan("02")];
        add_differing(&mut scans, &[one.clone(), two.clone()]);
        // The sidecar is the same, so only the label differs.
        assert_eq!(scans.each_ref().map(|scan| scan.phenotype.len()), [1, 1]);
        assert_eq!(scans[1].column("acq"), Some("single"));
        scans[0].phenotype.insert("acq".to_owned(), "of the table".to_owned());
        add_differing(&mut scans, &[one, two]);
        assert_eq!(scans[0].column("acq"), Some("of the table"));
    }
}
