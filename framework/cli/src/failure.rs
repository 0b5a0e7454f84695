//! Ways in which a command can fail, with their exit codes.

use std::collections::BTreeMap;
use std::fmt;
use std::process::ExitCode;

use boldface_runner::plan::Located;

use crate::render;

/// Reason why a command failed.
#[derive(Debug)]
pub enum Failure {
    /// Specs have problems; nothing was run.
    Spec(Vec<Located>),
    /// The command line names something that does not exist or does not fit.
    Usage(String),
    /// Work that was started failed.
    Run(String),
    /// The user stopped it.
    Interrupted(String),
}

impl Failure {
    /// Returns 2 for errors to correct before anything runs, 1 for a failed run and 130 after Ctrl-C.
    pub fn exit_code(&self) -> ExitCode {
        match self {
            Failure::Spec(_) | Failure::Usage(_) => ExitCode::from(2),
            Failure::Run(_) => ExitCode::from(1),
            Failure::Interrupted(_) => ExitCode::from(130),
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::Spec(problems) => {
                write_few(f, problems)?;
                let count = problems.len();
                write!(f, "{count} {}; nothing was run", if count == 1 { "problem" } else { "problems" })
            }
            Failure::Usage(message) | Failure::Run(message) => write!(f, "error: {message}"),
            Failure::Interrupted(message) => f.write_str(message),
        }
    }
}

/// Most problems of one kind that are printed. More say nothing new.
const MOST: usize = 20;

/// Formats problems, at most [`MOST`] of each kind, and counts the others.
fn write_few(f: &mut fmt::Formatter<'_>, problems: &[Located]) -> fmt::Result {
    let mut kinds: BTreeMap<String, (usize, &Located)> = BTreeMap::new();
    for located in problems {
        let (count, last) = kinds.entry(kind(&located.problem.message)).or_insert((0, located));
        *count += 1;
        if *count <= MOST {
            writeln!(f, "{}", render::problem(located))?;
            *last = located;
        }
    }
    for (count, last) in kinds.values().filter(|(count, _)| *count > MOST) {
        writeln!(f, "and {} more of the kind \"{}\"\n", count - MOST, last.problem.message)?;
    }
    Ok(())
}

/// Returns what problems have in common that differ in names and numbers.
fn kind(message: &str) -> String {
    let outside = message.split('`').step_by(2);
    outside.flat_map(str::chars).filter(|c| !c.is_ascii_digit()).collect()
}

/// Formats an error with all its causes, one per line.
pub fn with_causes(error: &(dyn std::error::Error + 'static)) -> String {
    boldface::messages(error).join("\n  because ")
}
