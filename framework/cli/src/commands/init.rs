//! `boldface init`: writes a first spec for a folder of data.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

use boldface_runner::init::{GENERAL_TEXT, InitError, InitRequest, first_spec};
use boldface_runner::plan::DataCache;

use super::BUILD;
use crate::failure::Failure;
use crate::say;

/// General English, which a spec outside of a checkout needs too.
const ENGLISH: &str = include_str!("../../../../experiments/data/text/english.txt");

/// Arguments of `boldface init`.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  boldface init timeseries/                        # XCP-D, HALFpipe, or one table per subject
  boldface init timeseries/ --participants people.csv --tr 2
  boldface init derivatives/fmriprep --parcellation atlas.nii.gz --regions atlas.tsv
  boldface run study.toml

The spec says in comments what was found, what was assumed and what to decide. It passes `boldface check`.")]
pub struct InitArguments {
    /// Folder of fMRIPrep derivatives, XCP-D or HALFpipe output, or of one table of time series per scan.
    #[arg(value_name = "FOLDER")]
    folder: PathBuf,
    /// Spec to write. It must not exist.
    #[arg(long, value_name = "FILE", default_value = "study.toml")]
    out: PathBuf,
    /// Names of the files if they are not those of BIDS, with {subject} and, optionally, {session}, {task} and
    /// {run}.
    #[arg(long)]
    pattern: Option<String>,
    /// Table of people. Default: participants.tsv or .csv in the folder, or a table with subject ids beside it
    /// or above.
    #[arg(long, value_name = "FILE")]
    participants: Option<PathBuf>,
    /// Repetition time in seconds, if no sidecar says it.
    #[arg(long, value_name = "SECONDS")]
    tr: Option<f64>,
    /// Atlas for images, in their space.
    #[arg(long, value_name = "FILE")]
    parcellation: Option<PathBuf>,
    /// Region table of the atlas.
    #[arg(long, value_name = "FILE", requires = "parcellation")]
    regions: Option<PathBuf>,
}

/// Writes the spec.
///
/// # Errors
/// If the spec exists, the folder does not say enough, or its data have problems.
pub fn execute(arguments: &InitArguments) -> Result<(), Failure> {
    let out = &arguments.out;
    if out.exists() {
        let out = out.display();
        return Err(Failure::Usage(format!(
            "`{out}` already exists, and nothing is overwritten; name another file with --out"
        )));
    }
    let parcellation = arguments.parcellation.clone().map(|volume| (volume, arguments.regions.clone()));
    let request = InitRequest {
        folder: arguments.folder.clone(),
        out: out.clone(),
        pattern: arguments.pattern.clone(),
        participants: arguments.participants.clone(),
        tr: arguments.tr,
        parcellation,
    };
    let data = DataCache::telling(|line| say::aside(line));
    let text = out.with_file_name(GENERAL_TEXT);
    let is_new = !text.exists();
    if is_new {
        write_new(&text, ENGLISH)?;
    } else if fs::read(&text).ok().as_deref() != Some(ENGLISH.as_bytes()) {
        let (text, folder) = (text.display(), "a folder without one, such as --out mine/study.toml");
        return Err(Failure::Usage(format!(
            "`{text}` is another text than the one to write; write the spec into {folder}"
        )));
    }
    let spec = first_spec(&request, &BUILD, &data).map_err(|error| {
        if is_new {
            // It was written for this spec only.
            let _ = fs::remove_file(&text);
        }
        match error {
        InitError::Refused(message) => Failure::Usage(message),
        InitError::Data(problems) => {
            say::aside("The draft of the spec has problems, so it was not written. --tr, --participants and --pattern complete it.");
            Failure::Spec(problems)
        }
        }
    })?;
    write_new(out, &spec.text)?;
    for line in &spec.found {
        say::out(format_args!("{line}\n"));
    }
    say::out(format_args!("wrote {0} and {1}\n\nnext: boldface run {0}\n", out.display(), text.display()));
    Ok(())
}

/// Writes a file that must not exist.
fn write_new(path: &Path, text: &str) -> Result<(), Failure> {
    let file = OpenOptions::new().write(true).create_new(true).open(path);
    let written = file.and_then(|mut file| file.write_all(text.as_bytes()));
    written.map_err(|error| Failure::Run(format!("cannot write `{}`: {error}", path.display())))
}
