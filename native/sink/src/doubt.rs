//! Rows of a completed checkpoint of which it isn't known whether they are in the table.

use std::time::Duration;

use crate::error::{Code, SinkError};
use crate::time::epoch_ms;

/// What the server says of their label.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It doesn't know it.
    Unknown,
    /// It has rolled the transaction back, for that reason.
    Aborted(String),
}

/// Rows that a completed checkpoint counts as delivered, and what the server says of them.
#[derive(Debug)]
pub struct Doubt<'a> {
    /// Their database.
    pub database: &'a str,
    /// Their table.
    pub table: &'a str,
    /// Their label.
    pub label: &'a str,
    /// How many they are.
    pub rows: u64,
    /// The checkpoint that they were restored from; `None` when they are of this very session.
    pub checkpoint: Option<u64>,
    /// When they were put into state or prepared, in ms since 1970.
    pub since: i64,
    /// Whether the state has the rows themselves.
    pub has_rows: bool,
    /// The label of an older load that the server doesn't know any more either.
    pub witness: Option<&'a str>,
    /// The label of rows that have to be loaded before them, and aren't, as far as the server knows.
    pub after: Option<&'a str>,
    /// What the server says.
    pub standing: Standing,
}

impl Doubt<'_> {
    /// The failure, with what the user can do.
    pub fn error(&self) -> SinkError {
        let what = self.what();
        let lost = matches!(self.standing, Standing::Aborted(_));
        let look = "Look into the table, and for the label in information_schema.loads. If the rows are there, restart \
                    with 'sink.exactly-once.in-doubt' = 'skip'";
        let advice = match (lost, self.has_rows) {
            (true, _) => {
                "They are not in the table. Restart from an older checkpoint or savepoint, or load them by other means \
                 and restart with 'sink.exactly-once.in-doubt' = 'skip'. Transactions wait for their commit as long as \
                 'sink.properties.prepared_timeout' (s; StarRocks 3.5.4 on) or the FE's \
                 prepared_transaction_default_timeout_second says: raise it for jobs that may be down for longer"
                    .to_owned()
            }
            (false, true) => format!("{look}; if not, with 'load-again', which loads them from the checkpoint's state"),
            (false, false) => format!("{look}; if not, restart from an older checkpoint or savepoint"),
        };
        SinkError {
            label: Some(self.label.to_owned()),
            ..SinkError::new(Code::Undecided, format!("{what}. {advice}"))
        }
    }

    /// What the log says when the user chose to go on.
    pub fn skipped(&self) -> String {
        format!("{}. Going on without them, as 'sink.exactly-once.in-doubt' = 'skip' says", self.what())
    }

    /// What the log says when the user chose to load them again.
    pub fn loaded_again(&self) -> String {
        format!(
            "{}. Loading them from the checkpoint's state, as 'sink.exactly-once.in-doubt' = 'load-again' says",
            self.what()
        )
    }

    fn what(&self) -> String {
        let checkpoint = match self.checkpoint {
            Some(checkpoint) => format!("restored checkpoint {checkpoint}"),
            None => "a completed checkpoint".to_owned(),
        };
        let age = Duration::from_millis(u64::try_from(epoch_ms() - self.since).unwrap_or(0)).as_secs();
        let Doubt { database, table, label, rows, .. } = self;
        let server = match &self.standing {
            Standing::Unknown => {
                "the server doesn't know their label (it forgets labels of finished loads after label_keep_max_second, \
                 3 days, or once label_keep_max_num, 1000, newer ones of the database have finished), so whether they \
                 are in the table is not known"
                    .to_owned()
            }
            Standing::Aborted(reason) if reason.is_empty() => "the server has rolled them back".to_owned(),
            Standing::Aborted(reason) => format!("the server has rolled them back ({reason})"),
        };
        let witness = self.witness.map_or_else(String::new, |witness| {
            format!("; it has forgotten an older load that it knew, label {witness}")
        });
        let after = self.after.map_or_else(String::new, |after| {
            format!("; nor is it known whether those before them are, label {after}, which another subtask has to load")
        });
        format!(
            "{rows} rows of {checkpoint} for {database}.{table} (label {label}, {age} s old): {server}{witness}{after}"
        )
    }
}
