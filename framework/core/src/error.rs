//! Errors in a spec ([`Problem`]) and in a run ([`Error`]).

use std::fmt;

use serde::{Deserialize, Serialize};

/// The error of a failed run. Any error converts with `?`, and a string with `.into()`.
///
/// Messages are lowercase fragments that quote the user's words in backticks. The runner adds the stage
/// and the plugin that failed.
pub type Error = Box<dyn std::error::Error + Send + Sync + 'static>;

/// A result whose default error type is [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Returns the message of an error and those of all its causes, outermost first.
///
/// ```
/// let error = std::io::Error::other("disk full");
/// assert_eq!(boldface::messages(&error), ["disk full"]);
/// ```
pub fn messages(error: &(dyn std::error::Error + 'static)) -> Vec<String> {
    std::iter::successors(Some(error), |error| error.source()).map(ToString::to_string).collect()
}

/// A mistake in a spec, found before anything runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// Dotted path of the offending key. Plugins write it relative to their own table.
    pub key: String,
    /// Description of the mistake: a lowercase fragment without a full stop.
    pub message: String,
    /// Instruction how to fix it.
    pub help: Option<String>,
}

impl Problem {
    /// Creates a problem at `key`, such as `Problem::at("target", "no scan has ...")`.
    pub fn at(key: impl Into<String>, message: impl Into<String>) -> Problem {
        Problem { key: key.into(), message: message.into(), help: None }
    }

    /// Adds an instruction how to fix the problem.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Problem {
        self.help = Some(help.into());
        self
    }

    /// Moves the problem below `prefix`: `target` becomes `tasks.sex.target`.
    #[must_use]
    pub fn below(mut self, prefix: &str) -> Problem {
        self.key = if self.key.is_empty() { prefix.to_owned() } else { format!("{prefix}.{}", self.key) };
        self
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.key, self.message)?;
        self.help.iter().try_for_each(|help| write!(f, "; {help}"))
    }
}

/// The error of a run that the user stopped with Ctrl-C. Finished stages are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Interrupted;

impl fmt::Display for Interrupted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("interrupted")
    }
}

impl std::error::Error for Interrupted {}
