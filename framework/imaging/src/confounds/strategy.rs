//! Denoising strategies by their usual names.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use boldface::schemars::{Schema, SchemaGenerator, json_schema};
use boldface::{Deserialize, JsonSchema, Result, Serialize};
use serde::{Deserializer, Serializer, de};

use super::components::{anatomical, numbered, temporal};
use super::names::{DERIVATIVE, DERIVATIVE_SQUARE, MOTION, SQUARE};
use super::table::ConfoundTable;

/// A named set of confounds to regress out.
///
/// | name | confounds |
/// |---|---|
/// | `6p` | six motion parameters |
/// | `12p` | `6p` and their derivatives |
/// | `24p` | `12p` and the squares of both (Friston 1996) |
/// | `8p` | `6p`, CSF and white matter |
/// | `9p` | `8p` and the global signal |
/// | `36p` | `9p`, its derivatives and the squares of both (Satterthwaite 2013) |
/// | `acompcor` | `24p`, the cosines of the high-pass filter and all anatomical components of the combined mask: nilearn's `load_confounds_strategy("compcor")` |
/// | `tcompcor` | the same with the temporal components |
/// | `ica-aroma` | CSF, white matter and cosines, for signals denoised by ICA-AROMA: nilearn's `ica_aroma` |
///
/// `acompcor-5` and `tcompcor-5` take only the first five components. The suffix `-gsr` adds the global
/// signal to strategies without it: `24p-gsr`, `acompcor-5-gsr`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Strategy {
    /// Motion parameters and their expansions.
    pub motion: Motion,
    /// Whether CSF and white matter are included.
    pub tissue: bool,
    /// Whether the global signal is included.
    pub global: bool,
    /// Whether tissue and global signals get the same expansions as motion.
    pub expanded: bool,
    /// CompCor components.
    pub components: CompCorComponents,
    /// Whether the cosines of fMRIPrep's high-pass filter are included.
    pub cosines: bool,
}

/// Motion parameters of a [`Strategy`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Motion {
    /// No parameters.
    None,
    /// The six parameters.
    Six,
    /// The six parameters and their derivatives.
    Twelve,
    /// The six parameters, their derivatives, and the squares of both.
    TwentyFour,
}

/// CompCor components of a [`Strategy`]: the first so many, or all of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CompCorComponents {
    /// No components.
    None,
    /// Components of the combined mask of white matter and CSF.
    Anatomical(Option<usize>),
    /// Components of the most variable voxels.
    Temporal(Option<usize>),
}

/// Names of the strategies, without suffixes.
pub(super) const NAMES: [&str; 9] =
    ["6p", "8p", "9p", "12p", "24p", "36p", "acompcor", "tcompcor", "ica-aroma"];

impl Strategy {
    /// A strategy with motion parameters only.
    const fn motion(motion: Motion) -> Strategy {
        Strategy {
            motion,
            tissue: false,
            global: false,
            expanded: false,
            components: CompCorComponents::None,
            cosines: false,
        }
    }

    /// Returns the columns by their current fMRIPrep names, including those that the table lacks.
    ///
    /// # Errors
    /// If the anatomical components cannot be determined.
    pub fn columns(&self, table: &ConfoundTable) -> Result<Vec<String>> {
        let suffixes: &[&str] = match self.motion {
            Motion::None => &[],
            Motion::Six => &[""],
            Motion::Twelve => &["", DERIVATIVE],
            Motion::TwentyFour => &["", DERIVATIVE, SQUARE, DERIVATIVE_SQUARE],
        };
        let expand = |base: &[&str], suffixes: &[&str]| -> Vec<String> {
            suffixes
                .iter()
                .flat_map(|suffix| base.iter().map(move |name| format!("{name}{suffix}")))
                .collect()
        };
        let mut columns = expand(&MOTION, suffixes);
        let signals = if self.expanded { suffixes } else { &[""] };
        if self.tissue {
            columns.extend(expand(&["csf", "white_matter"], signals));
        }
        if self.global {
            columns.extend(expand(&["global_signal"], signals));
        }
        if self.cosines {
            // A scan too short for a slow drift has no cosines.
            columns.extend(numbered(table, "cosine"));
        }
        let (found, first, prefix) = match self.components {
            CompCorComponents::None => return Ok(columns),
            CompCorComponents::Anatomical(first) => (anatomical(table)?, first, "a_comp_cor_00"),
            CompCorComponents::Temporal(first) => (temporal(table), first, "t_comp_cor_00"),
        };
        if found.is_empty() {
            columns.push(prefix.to_owned());
        }
        columns.extend(found.into_iter().take(first.unwrap_or(usize::MAX)));
        Ok(columns)
    }
}

impl fmt::Display for Strategy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let counted = |f: &mut fmt::Formatter<'_>, name: &str, first: Option<usize>| match first {
            Some(first) => write!(f, "{name}-{first}"),
            None => f.write_str(name),
        };
        match (self.components, self.motion) {
            (CompCorComponents::Anatomical(first), _) => counted(f, "acompcor", first)?,
            (CompCorComponents::Temporal(first), _) => counted(f, "tcompcor", first)?,
            (CompCorComponents::None, Motion::None) => f.write_str("ica-aroma")?,
            (CompCorComponents::None, Motion::Six) if self.tissue => {
                return f.write_str(if self.global { "9p" } else { "8p" });
            }
            (CompCorComponents::None, Motion::Six) => f.write_str("6p")?,
            (CompCorComponents::None, Motion::Twelve) => f.write_str("12p")?,
            (CompCorComponents::None, Motion::TwentyFour) if self.tissue => return f.write_str("36p"),
            (CompCorComponents::None, Motion::TwentyFour) => f.write_str("24p")?,
        }
        f.write_str(if self.global { "-gsr" } else { "" })
    }
}

impl FromStr for Strategy {
    type Err = boldface::Error;

    fn from_str(written: &str) -> Result<Strategy> {
        let (rest, global) = match written.strip_suffix("-gsr") {
            Some(rest) => (rest, true),
            None => (written, false),
        };
        let (name, first) = match rest.rsplit_once('-').map(|(name, count)| (name, count.parse::<usize>())) {
            Some((name @ ("acompcor" | "tcompcor"), Ok(count))) if count > 0 => (name, Some(count)),
            _ => (rest, None),
        };
        let cleaned = Strategy { cosines: true, ..Strategy::motion(Motion::TwentyFour) };
        let strategy = match name {
            "6p" => Strategy::motion(Motion::Six),
            "8p" if !global => Strategy { tissue: true, ..Strategy::motion(Motion::Six) },
            "9p" if !global => Strategy { tissue: true, global: true, ..Strategy::motion(Motion::Six) },
            "12p" => Strategy::motion(Motion::Twelve),
            "24p" => Strategy::motion(Motion::TwentyFour),
            "36p" if !global => {
                let motion = Strategy::motion(Motion::TwentyFour);
                Strategy { tissue: true, global: true, expanded: true, ..motion }
            }
            "acompcor" => Strategy { components: CompCorComponents::Anatomical(first), ..cleaned },
            "tcompcor" => Strategy { components: CompCorComponents::Temporal(first), ..cleaned },
            "ica-aroma" => Strategy { tissue: true, cosines: true, ..Strategy::motion(Motion::None) },
            _ => {
                let names: Vec<String> = NAMES.iter().map(|name| format!("`{name}`")).collect();
                return Err(format!(
                    "no strategy is named `{written}`; there are {}, a number of components as in `acompcor-5`, \
                     and `-gsr` at the end of those without the global signal",
                    names.join(", ")
                )
                .into());
            }
        };
        Ok(Strategy { global: strategy.global || global, ..strategy })
    }
}

impl Serialize for Strategy {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Strategy {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Strategy, D::Error> {
        let written = String::deserialize(deserializer)?;
        written.parse().map_err(de::Error::custom)
    }
}

impl JsonSchema for Strategy {
    fn schema_name() -> Cow<'static, str> {
        "Strategy".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "A denoising strategy: `6p`, `8p`, `9p`, `12p`, `24p`, `36p`, `acompcor`, `tcompcor` or \
                `ica-aroma`; with a number of components, as in `acompcor-5`; with `-gsr` at the end for the global \
                signal, as in `24p-gsr`.",
            "type": "string",
        })
    }
}
