//! Ways in which a command can fail, with their exit codes.

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
                problems.iter().try_for_each(|located| writeln!(f, "{}", render::problem(located)))?;
                let count = problems.len();
                write!(f, "{count} {}; nothing was run", if count == 1 { "problem" } else { "problems" })
            }
            Failure::Usage(message) | Failure::Run(message) => write!(f, "error: {message}"),
            Failure::Interrupted(message) => f.write_str(message),
        }
    }
}

/// Formats an error with all its causes, one per line.
pub fn with_causes(error: &(dyn std::error::Error + 'static)) -> String {
    boldface::messages(error).join("\n  because ")
}
