//! Recognises by its name what a column tells about how a scan was made, in any spelling: `SITE_ID`,
//! `ManufacturersModelName`, `func_mean_fd`.

use crate::spelled::words;

/// What a column says about how a scan was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum NuisanceKind {
    /// How much the head moved.
    Motion,
    /// Where it was made.
    Site,
    /// The machine it was made with.
    Scanner,
    /// How it was acquired or processed.
    Acquisition,
    /// When it was made.
    Date,
    /// How long it is.
    Length,
}

/// Words that name a nuisance, or that add nothing to one, with spaces between them.
type Words = &'static str;

const MOTION: Words = "fd framewise displacement motion dvars headmotion framewisedisplacement";

const SITE: Words = "site sites centre center centro zentrum standort hospital clinic klinik institution institutions \
    institute institutional location department";

const SCANNER: Words = "scanner scanners vendor manufacturer manufacturers magnet magnetic machine coil tesla station \
    device software firmware gradient";

const ACQUISITION: Words = "acq acquisition protocol sequence ce dir rec te tr echo repetition flip multiband mb encoding pe \
    slice voxel resolution batch wave release space res den pipeline recon reconstruction dtype \
    echotime flipangle";

const DATE: Words = "date datetime timestamp year month time hour day weekday";

const LENGTH: Words = "volumes vols nvols trs timepoints frames duration length nvolumes ntrs";

/// Words that make a time the time of a scan.
const OF_SCAN: Words = "scan scans scanning acq acquisition study session visit mri mr fmri exam";

/// Words that leave a name what it is.
const NEUTRAL: Words = "a abs absolute accel acceleration after angle average avg before bold clean code count data \
    direction effective encoding factor field fmri func functional group head id ids imaging in \
    index jenkinson label max maximum mean median min mm model mr mri msec ms n name no nr num \
    number of parameters pct perc percent phase power pulse raw receive rel relative rest rms run s \
    scan scans scanning sec seconds serial series session size spacing std strength study subject \
    the thickness total type utc version versions visit was where with x y z exam time participant \
    subj sub collection testing recording name names address city country";

/// Returns what `column` says about how a scan was made, or `None` if its name does not say so. Every
/// word of the name must belong: `lesion_site` is not where a scan was made.
pub fn recognize(column: &str) -> Option<NuisanceKind> {
    let words = words(column);
    let has = |list: Words| words.iter().any(|word| belongs(word, list));
    let only = |list: Words| words.iter().all(|word| belongs(word, list) || belongs(word, NEUTRAL));
    let is_time_of_scan = || {
        let is_bare = words.len() == 1 && ["date", "datetime", "timestamp"].contains(&words[0].as_str());
        let is_of_scan = words.iter().any(|word| belongs(word, OF_SCAN));
        (is_bare || is_of_scan)
            && words
                .iter()
                .all(|word| belongs(word, DATE) || belongs(word, OF_SCAN) || belongs(word, NEUTRAL))
    };
    let kinds = [
        (NuisanceKind::Motion, MOTION),
        (NuisanceKind::Site, SITE),
        (NuisanceKind::Scanner, SCANNER),
        (NuisanceKind::Acquisition, ACQUISITION),
        (NuisanceKind::Length, LENGTH),
    ];
    if has(DATE) && is_time_of_scan() && !has("repetition echo") {
        return Some(NuisanceKind::Date);
    }
    if has("length duration") && !has(OF_SCAN) {
        return None;
    }
    kinds.into_iter().find(|(_, list)| has(list) && only(list)).map(|(kind, _)| kind)
}

/// Whether a word is in the list, alone or written together with neutral words, as in `siteid`.
fn belongs(word: &str, list: Words) -> bool {
    let is_joined_to = |stem: &str| {
        word.split_once(stem).is_some_and(|(before, after)| {
            [before, after].into_iter().all(|part| part.is_empty() || is_joined(part))
        })
    };
    list.split_whitespace()
        .any(|stem| stem == word || ((stem.len() > 3 || stem == "fd") && is_joined_to(stem)))
}

/// Whether a part of a word that was written together is neutral. Short words hide in others.
fn is_joined(part: &str) -> bool {
    let is_in = |list: Words| list.split_whitespace().any(|word| word == part);
    is_in("id no nr s mr acq") || (part.len() > 2 && is_in(NEUTRAL))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_nuisance_is_recognized_in_any_spelling() {
        use NuisanceKind::{Acquisition, Date, Length, Motion, Scanner, Site};
        let of_kind = [
            (
                Site,
                "site SITE_ID SiteName siteid Study-Site centre center Hospital InstitutionName scan_site SITE2",
            ),
            (
                Scanner,
                "manufacturer ManufacturersModelName MRI_scanner MRIScanner scanner-type ScannerID vendor \
                 MagneticFieldStrength DeviceSerialNumber ReceiveCoilName SoftwareVersions StationName",
            ),
            (
                Motion,
                "mean_fd func_mean_fd FD_mean meanFD meanfd FD_Jenkinson Mean.Framewise.Displacement \
                 head_motion func_num_fd motion",
            ),
            (
                Date,
                "acq_date acq_time ScanDate scan_year AcquisitionDateTime date_of_scan StudyDate date visit-date",
            ),
            (
                Acquisition,
                "acq dir protocol ProtocolName EchoTime RepetitionTime FlipAngle PhaseEncodingDirection \
                 MultibandAccelerationFactor TR batch voxel_size",
            ),
            (Length, "n_volumes scan_length num_trs scan_duration"),
        ];
        for (kind, names) in of_kind {
            for name in names.split_whitespace() {
                assert_eq!(recognize(name), Some(kind), "{name}");
            }
        }
    }

    #[test]
    fn what_a_person_is_or_has_is_no_nuisance() {
        let names = "age sex birth_date year_of_birth lesion_site site_of_onset diagnosis iq composite opposite \
                     lab_glucose illness_duration education_years group handedness reaction_time motion_sickness \
                     disease_phase id subject_id name center_of_mass score time_since_stroke hospitalized \
                     recovery direction series";
        for name in names.split_whitespace() {
            assert_eq!(recognize(name), None, "{name}");
        }
    }
}
