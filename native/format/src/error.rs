//! Why a table can't be planned, and why a row can't be written.

use std::fmt;

use starrocks_row::{BlockError, PairsError};

/// Why no plan could be made: everything that is wrong, not only the first thing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlanError {
    problems: Vec<String>,
}

impl PlanError {
    pub(crate) fn new(problem: impl Into<String>) -> Self {
        Self { problems: vec![problem.into()] }
    }

    /// `Ok` when there are no problems.
    pub(crate) fn from_problems(problems: Vec<String>) -> Result<(), Self> {
        if problems.is_empty() { Ok(()) } else { Err(Self { problems }) }
    }

    /// Each thing that is wrong, with what to do about it.
    pub fn problems(&self) -> &[String] {
        &self.problems
    }
}

impl fmt::Display for PlanError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.problems.join("; "))
    }
}

impl std::error::Error for PlanError {}

impl From<PairsError> for PlanError {
    fn from(error: PairsError) -> Self {
        Self::new(format!("the description of the table is malformed: {error}"))
    }
}

/// Whose fault it is that a row can't be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RowErrorKind {
    /// The row holds something that the table or the format can't take: the user's to fix.
    Row,
    /// The block does not follow its layout: the two halves of the connector disagree.
    Block,
}

/// Why a row can't be written. It never holds values of the row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowError(Box<Inner>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Inner {
    kind: RowErrorKind,
    database: String,
    table: String,
    column: Option<String>,
    reason: String,
    remedy: Option<String>,
}

impl RowError {
    pub(crate) fn new(database: &str, table: &str, column: Option<&str>, fault: Fault) -> Self {
        Self(Box::new(Inner {
            kind: fault.0.kind,
            database: database.to_owned(),
            table: table.to_owned(),
            column: column.map(str::to_owned),
            reason: fault.0.reason,
            remedy: fault.0.remedy,
        }))
    }

    /// Whose fault it is.
    pub fn kind(&self) -> RowErrorKind {
        self.0.kind
    }

    /// The table's database.
    pub fn database(&self) -> &str {
        &self.0.database
    }

    /// The table.
    pub fn table(&self) -> &str {
        &self.0.table
    }

    /// The column whose value is at fault, if it is one column's.
    pub fn column(&self) -> Option<&str> {
        self.0.column.as_deref()
    }

    /// What is wrong.
    pub fn reason(&self) -> &str {
        &self.0.reason
    }

    /// What the user can do about it.
    pub fn remedy(&self) -> Option<&str> {
        self.0.remedy.as_deref()
    }
}

impl fmt::Display for RowError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inner { database, table, column, reason, remedy, .. } = &*self.0;
        write!(f, "can't write a row of {database}.{table}")?;
        if let Some(column) = column {
            write!(f, ", column '{column}'")?;
        }
        write!(f, ": {reason}")?;
        if let Some(remedy) = remedy {
            write!(f, ". {remedy}")?;
        }
        Ok(())
    }
}

impl std::error::Error for RowError {}

/// A [`RowError`] in the making, before table and column are known.
///
/// Boxed, so that the results passed around for each value are one word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fault(Box<FaultInner>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct FaultInner {
    kind: RowErrorKind,
    reason: String,
    remedy: Option<String>,
}

impl Fault {
    #[cold]
    pub(crate) fn row(reason: impl Into<String>) -> Self {
        Self(Box::new(FaultInner { kind: RowErrorKind::Row, reason: reason.into(), remedy: None }))
    }

    #[cold]
    pub(crate) fn block(reason: impl Into<String>) -> Self {
        Self(Box::new(FaultInner { kind: RowErrorKind::Block, reason: reason.into(), remedy: None }))
    }

    #[cold]
    pub(crate) fn remedy(mut self, remedy: impl Into<String>) -> Self {
        self.0.remedy = Some(remedy.into());
        self
    }
}

impl From<BlockError> for Fault {
    #[cold]
    fn from(error: BlockError) -> Self {
        Self::block(format!("the encoded row is malformed {error}"))
    }
}
