//! What is wrong with a spec ([`Problem`]) and what went wrong in a run ([`Error`]).

use std::fmt;

use serde::{Deserialize, Serialize};

/// A failed run. Any error converts with `?`; a sentence converts with `.into()`.
///
/// Messages are lowercase fragments that quote what the user wrote in backticks. The runner
/// adds which stage and which plugin failed.
pub type Error = Box<dyn std::error::Error + Send + Sync + 'static>;

/// A result whose error is [`Error`] unless said otherwise.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Something wrong with a spec, found before anything runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// Dotted path of the offending key; a plugin writes it relative to its own table.
    pub key: String,
    /// What is wrong: a lowercase fragment without a full stop.
    pub message: String,
    /// What to do about it: an instruction.
    pub help: Option<String>,
}

impl Problem {
    /// A problem at `key`, such as `Problem::at("target", "no scan has ...")`.
    pub fn at(key: impl Into<String>, message: impl Into<String>) -> Problem {
        Problem { key: key.into(), message: message.into(), help: None }
    }

    /// Adds what to do about it.
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

/// The user pressed Ctrl-C: what is finished is kept, the rest is not an error of anyone's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Interrupted;

impl fmt::Display for Interrupted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("interrupted")
    }
}

impl std::error::Error for Interrupted {}
