//! Why a run ends without its files.

use std::fmt;

/// What kind of end it is; scripts tell them apart by the exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The command line or the configuration is wrong: exit code 2.
    Input,
    /// The source, the schema, StarRocks or the file system says no: exit code 1.
    Failed,
}

/// Everything that is wrong, not only the first thing. Never holds a password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Error {
    pub(crate) kind: Kind,
    pub(crate) problems: Vec<String>,
}

pub(crate) type Result<T> = std::result::Result<T, Error>;

impl Error {
    pub(crate) fn input(problem: impl Into<String>) -> Self {
        Self { kind: Kind::Input, problems: vec![problem.into()] }
    }

    pub(crate) fn failed(problem: impl Into<String>) -> Self {
        Self { kind: Kind::Failed, problems: vec![problem.into()] }
    }

    /// `Ok` when there are no problems.
    pub(crate) fn check(kind: Kind, problems: Vec<String>) -> Result<()> {
        if problems.is_empty() { Ok(()) } else { Err(Self { kind, problems }) }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.problems.join("\n"))
    }
}
