//! From a commit to visible rows: per table in the order of the commits, each transaction's rows at once.

use crate::labels::State;
use crate::server::{Server, pause};
use crate::store::{Batch, LedgerEntry};
use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// A committed transaction whose rows are not visible yet.
#[derive(Debug)]
struct Pending {
    entry: LedgerEntry,
    batch: Batch,
    due: Instant,
}

/// Committed transactions by database and table, the oldest first.
#[derive(Debug, Default)]
pub struct Publisher {
    queues: Mutex<HashMap<(String, String), VecDeque<Pending>>>,
}

/// How far a commit got.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Published {
    /// The rows can be read.
    Visible,
    /// They will be, by and by.
    Committed,
}

impl Server {
    /// Commits a transaction that is in PREPARE or PREPARED. Its rows are visible when this returns, unless `delay`,
    /// or that of an earlier commit on the table, holds them back. The error says why it can't be committed, or why
    /// it was aborted after all; its end is noted then.
    pub fn commit(&self, entry: LedgerEntry, batch: Batch, delay: Duration) -> Result<Published, String> {
        let (database, transaction) = (entry.database.clone(), entry.transaction);
        let mut queues = self.publisher.queues.lock().unwrap_or_else(PoisonError::into_inner);
        // Committed first: from here on it can't be cancelled any more.
        let committed = self.labels().change(&database, transaction, State::Committed, "");
        if let Err(message) = committed {
            self.note_aborted(entry, &message);
            return Err(message);
        }
        let queue = queues.entry((database, entry.table.clone())).or_default();
        queue.push_back(Pending { entry, batch, due: Instant::now() + delay });
        let failed = self.publish_due(queue);
        if let Some((_, message)) = failed.into_iter().find(|(id, _)| *id == transaction) {
            return Err(message);
        }
        let waits = queue.iter().any(|p| p.entry.transaction == transaction);
        Ok(if waits { Published::Committed } else { Published::Visible })
    }

    /// Waits at most so long for the rows of a committed transaction.
    pub fn wait_visible(&self, database: &str, table: &str, transaction: i64, most: Duration) -> Published {
        let end = Instant::now() + most;
        let key = (database.to_owned(), table.to_owned());
        loop {
            {
                let mut queues = self.publisher.queues.lock().unwrap_or_else(PoisonError::into_inner);
                let queue = queues.entry(key.clone()).or_default();
                self.publish_due(queue);
                if !queue.iter().any(|p| p.entry.transaction == transaction) {
                    return Published::Visible;
                }
            }
            if Instant::now() >= end || self.is_stopping() {
                return Published::Committed;
            }
            pause(self, Duration::from_millis(5).min(most));
        }
    }

    /// Publishes whatever is due.
    pub fn publish_all_due(&self) {
        let mut queues = self.publisher.queues.lock().unwrap_or_else(PoisonError::into_inner);
        for queue in queues.values_mut() {
            self.publish_due(queue);
        }
        queues.retain(|_, queue| !queue.is_empty());
    }

    /// Publishes everything that is committed, due or not.
    pub fn publish_everything(&self) {
        let mut queues = self.publisher.queues.lock().unwrap_or_else(PoisonError::into_inner);
        for pending in queues.drain().flat_map(|(_, queue)| queue) {
            // A failure is in the label table.
            let _ = self.publish(pending);
        }
    }

    /// Publishes from the front of a queue as long as it is due; what could not be written, and why.
    fn publish_due(&self, queue: &mut VecDeque<Pending>) -> Vec<(i64, String)> {
        let mut failed = Vec::new();
        while queue.front().is_some_and(|p| p.due <= Instant::now()) {
            let Some(pending) = queue.pop_front() else { break };
            let transaction = pending.entry.transaction;
            if let Err(message) = self.publish(pending) {
                failed.push((transaction, message));
            }
        }
        failed
    }

    fn publish(&self, Pending { mut entry, batch, .. }: Pending) -> Result<(), String> {
        entry.state = State::Visible.name().to_owned();
        let written =
            if batch.rows.is_empty() { self.store.note(&entry) } else { self.store.commit(&batch, &entry) };
        if let Err(message) = written {
            let message = format!("Commit transaction failed: {message}");
            // The rows are not there; the label must not say that they are.
            self.labels().undo_commit(&entry.database, entry.transaction, &message);
            self.note_aborted(entry, &message);
            return Err(message);
        }
        // A label that is forgotten already has no state to change.
        let _ = self.labels().change(&entry.database, entry.transaction, State::Visible, "");
        self.stats.load(&entry.database, &entry.table, Some(entry.rows), entry.bytes);
        Ok(())
    }

    /// Writes the end of a transaction that came to nothing into ledger and statistics.
    pub fn note_aborted(&self, mut entry: LedgerEntry, reason: &str) {
        entry.state = State::Aborted.name().to_owned();
        entry.reason = reason.to_owned();
        entry.rows = 0;
        // The ledger is for tests; nothing fails over it.
        let _ = self.store.note(&entry);
        self.stats.load(&entry.database, &entry.table, None, entry.bytes);
    }
}
