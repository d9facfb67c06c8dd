//! Transaction stream load: rows are sent in any number of requests, made durable, and committed later.
//!
//! An open transaction lives in the memory of one BE, and is lost with it; once *prepared* it is durable and waits for its
//! commit, or for the server to roll it back after `prepared_transaction_default_timeout_second` (a day). What is done twice
//! because an answer was lost has its own meaning for each request; each module here says for its own. (StarRocks
//! documentation: "Load data using Stream Load transaction interface".)

mod begin;
mod call;
mod commit;
mod prepare;
mod probe;
mod rollback;
mod send;

use std::fmt;

pub(crate) use rollback::by_label as roll_back_by_label;

use crate::{Body, Client, Events, LoadError, Loaded};

/// One transaction into one table.
#[derive(Debug, Clone, Copy)]
pub struct Transaction<'a> {
    /// Target database.
    pub database: &'a str,
    /// Target table.
    pub table: &'a str,
    /// The label of this transaction, never used for another.
    pub label: &'a str,
    /// Stream load headers as for [`Load`](crate::Load), the same in every call. Each request gets those that it has a use
    /// for: `timeout` (seconds from begin to prepare, 600 when it is not among them) when it begins and with the rows,
    /// `idle_transaction_timeout` when it begins, `prepared_timeout` when it is prepared, `warehouse` when it begins and with
    /// the rows, and what says how to read rows with the rows.
    pub headers: &'a [(String, String)],
}

/// Why something could not be done in a transaction that is not yet prepared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TransactionError {
    /// The whole story.
    pub error: LoadError,
    /// The transaction can't be gone on with, or nobody knows whether it can, but nothing of it becomes visible unless it
    /// is committed: roll it back, and send all of its rows in a new one. If this is false, that would fail again.
    pub lost: bool,
}

impl TransactionError {
    fn lost(error: LoadError) -> Self {
        TransactionError { error, lost: true }
    }

    fn failed(error: LoadError) -> Self {
        TransactionError { error, lost: false }
    }

    /// The error that ends the tries: they are used up, or were of no use, or it was cancelled.
    fn from_retry(error: LoadError) -> Self {
        TransactionError { lost: error.retriable, error }
    }
}

impl fmt::Display for TransactionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(f)
    }
}

impl std::error::Error for TransactionError {}

/// What was sent into a transaction in all, where that is known, to be held against what the server counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Totals {
    /// Rows.
    pub rows: Option<u64>,
    /// Bytes, before they were compressed.
    pub bytes: Option<u64>,
}

/// What became of a prepared transaction that was to be committed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Commit {
    /// It is committed, and visible now or soon.
    Committed,
    /// It was rolled back: none of its rows is in the table. The server's reason, where it gives one.
    Aborted(String),
    /// The server doesn't know the label, although it was asked several times over some seconds. It was rolled back or
    /// committed, and then forgotten.
    Unknown,
}

/// What became of a transaction that was to be rolled back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rollback {
    /// It is rolled back, or the server doesn't know it (any more).
    RolledBack,
    /// It can't be: it is committed.
    Committed,
}

/// Transactions. All of these calls block, and end at once with `Cancelled` when [`shutdown`](Client::shutdown) is called
/// from another thread. Any number of threads may work on transactions at the same time, one on each.
impl Client {
    /// Whether the server has the transaction interface (StarRocks 2.4 and later).
    ///
    /// # Errors
    /// When no FE gives an answer for as long as the configured tries go on, or the first one refuses the user.
    pub fn has_transactions(&self, events: &dyn Events) -> Result<bool, LoadError> {
        probe::has_transactions(self, events)
    }

    /// Begins a transaction.
    ///
    /// # Errors
    /// With `lost`, it may be open on a server all the same: the tries are used up, or one of them began it, but its answer was
    /// lost. An error with the code `Undecided` says that another load has the label: that one must not be rolled back.
    pub fn begin(&self, transaction: &Transaction<'_>, events: &dyn Events) -> Result<(), TransactionError> {
        begin::begin(self, transaction, events)
    }

    /// Sends rows into an open transaction. `Ok` says that the server has received them, not that they are good, nor that it
    /// will keep them: they must be kept for another transaction until this one is prepared.
    ///
    /// One request, which is repeated only where nothing of it can have been taken in.
    ///
    /// # Errors
    /// See [`TransactionError`].
    pub fn send(
        &self,
        transaction: &Transaction<'_>,
        body: &dyn Body,
        events: &dyn Events,
    ) -> Result<(), TransactionError> {
        send::send(self, transaction, body, events)
    }

    /// Prepares a transaction: all that was `sent` is durable then, and can be committed by anybody who knows the label.
    ///
    /// What is returned tells nothing but times where the server's answer was lost, and the label's state said that it is
    /// prepared.
    ///
    /// # Errors
    /// See [`TransactionError`]. When the server counted fewer rows than were sent, or more (`lost`: it may have them once the
    /// next time), the transaction is prepared all the same, and should be rolled back.
    pub fn prepare(
        &self,
        transaction: &Transaction<'_>,
        sent: Totals,
        events: &dyn Events,
    ) -> Result<Loaded, TransactionError> {
        prepare::prepare(self, transaction, sent, events)
    }

    /// Commits a prepared transaction, or finds out that this was done before.
    ///
    /// # Errors
    /// When that could not be decided within the configured tries. The transaction then is committed, or still prepared and
    /// can be committed later.
    pub fn commit(&self, transaction: &Transaction<'_>, events: &dyn Events) -> Result<Commit, LoadError> {
        commit::commit(self, transaction, events)
    }

    /// Rolls a transaction back, be it open, prepared, or not begun at all.
    ///
    /// # Errors
    /// When that could not be done within the configured tries. The server does it by itself when the transaction's timeout
    /// is over, or `prepared_timeout` if it is prepared.
    pub fn rollback(
        &self,
        transaction: &Transaction<'_>,
        events: &dyn Events,
    ) -> Result<Rollback, LoadError> {
        rollback::rollback(self, transaction, events)
    }
}
