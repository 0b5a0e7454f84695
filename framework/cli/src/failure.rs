//! How a command can fail, and the exit code each way has.

use std::fmt;
use std::process::ExitCode;

use boldface_runner::plan::Located;

use crate::render;

/// A command that did not do what was asked.
#[derive(Debug)]
pub enum Failure {
    /// Specs are wrong; nothing was run.
    Spec(Vec<Located>),
    /// The command line asks for something that is not there.
    Usage(String),
    /// What was begun went wrong.
    Run(String),
    /// The user stopped it.
    Interrupted(String),
}

impl Failure {
    /// 2 for what the user can correct before anything runs, 1 for a failed run, 130 after Ctrl-C.
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

/// An error with everything that caused it, one cause a line.
pub fn with_causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text += &format!("\n  because {error}");
        cause = error.source();
    }
    text
}
