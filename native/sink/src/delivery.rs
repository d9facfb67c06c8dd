//! The ways in which rows get to the server, and the jobs that this takes.

use std::sync::Arc;

use crate::batch::Batch;
use crate::hold::Held;
use crate::loader::Destination;
use crate::state::LabelsRecord;
use crate::stream::Stream;
use crate::table::Table;
use crate::transactions::Prepared;

/// What happens to sealed batches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// At least once: each is loaded at once, and a checkpoint waits for that.
    Load,
    /// The same, each by a transaction of its own.
    LoadInTransaction,
    /// Exactly once, on any server: they are held, put into the state of the checkpoint, and loaded when it completes.
    Hold,
    /// Exactly once: they go into an open transaction at once; the checkpoint's state has the prepared transaction,
    /// which is committed when it completes.
    Transaction,
}

/// What the options say of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// That one, whatever the server.
    Exactly(Delivery),
    /// The first, if the server has transactions, else the second.
    IfTransactions(Delivery, Delivery),
}

impl Wanted {
    /// Whether transactions may be left open by a session that ends.
    pub fn may_leave_transactions(self) -> bool {
        let (Self::Exactly(delivery) | Self::IfTransactions(delivery, _)) = self;
        delivery == Delivery::Transaction
    }

    /// Whether transactions may be committed as soon as they are prepared.
    pub fn may_commit_at_once(self) -> bool {
        let (Self::Exactly(delivery) | Self::IfTransactions(delivery, _)) = self;
        delivery == Delivery::LoadInTransaction
    }

    /// Whether rows may come to be held.
    pub fn may_hold(self) -> bool {
        let (Self::Exactly(delivery) | Self::IfTransactions(_, delivery)) = self;
        delivery == Delivery::Hold
    }
}

/// What to do where it can't be found out, or is known to be lost, whether rows of a completed checkpoint are in the
/// table (option `sink.exactly-once.in-doubt`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InDoubt {
    /// Fail, with all that is known.
    Fail,
    /// Load the rows of the state, under their label.
    LoadAgain,
    /// Go on as if they were loaded.
    Skip,
}

/// Something that a background thread does.
#[derive(Debug)]
pub enum Job {
    /// Deals with a sealed batch, as the session's delivery says.
    Rows(Arc<Table>, Arc<Destination>, Box<Batch>),
    /// Loads a batch that still fills.
    Stream(Arc<Destination>, Arc<Stream>),
    /// Prepares the open transaction of a table, if it has one.
    Prepare(Arc<Table>),
    /// Loads a held batch whose checkpoint has completed.
    Load(Arc<Table>, Arc<Held>),
    /// Commits a prepared transaction whose checkpoint has completed.
    Commit(Arc<Table>, Arc<Prepared>),
    /// Rolls back what a former session began after the checkpoint that this one was restored from.
    RollBack(LabelsRecord),
    /// Looks whether the rows of a label, which another session was to load, are visible.
    LookAt(Arc<Table>, String),
    /// Asks the server which delivery it allows.
    Decide,
}
