//! A loader that can die as with its process.

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;

use starrocks_load::reply::LabelState;
use starrocks_load::{Body, Commit, Rollback, Transaction};
use starrocks_sink::events::Level;
use starrocks_sink::loader::{Abandoned, Destination, Rows, Setback};
use starrocks_sink::{HttpLoader, Loader, SinkError};

/// The real loader, until it dies: then its connections break, and a session that ends can't roll anything back.
pub struct Mortal {
    loader: HttpLoader,
    is_dead: AtomicBool,
}

impl Mortal {
    /// This one, alive.
    pub fn new(loader: HttpLoader) -> Self {
        Self { loader, is_dead: AtomicBool::new(false) }
    }

    /// Dies.
    pub fn die(&self) {
        self.is_dead.store(true, Relaxed);
        self.loader.shutdown();
    }
}

impl Loader for Mortal {
    fn load(&self, rows: &Rows<'_>) -> Result<bool, SinkError> {
        self.loader.load(rows)
    }

    fn has_transactions(&self) -> Result<bool, SinkError> {
        self.loader.has_transactions()
    }

    fn begin(&self, transaction: &Transaction<'_>) -> Result<(), Setback> {
        self.loader.begin(transaction)
    }

    fn send(&self, transaction: &Transaction<'_>, body: &dyn Body) -> Result<(), Setback> {
        self.loader.send(transaction, body)
    }

    fn prepare(&self, destination: &Destination, label: &str, rows: u64, bytes: u64) -> Result<(), Setback> {
        self.loader.prepare(destination, label, rows, bytes)
    }

    fn commit(&self, transaction: &Transaction<'_>, rows: u64, bytes: u64) -> Result<Commit, SinkError> {
        self.loader.commit(transaction, rows, bytes)
    }

    fn rollback(&self, transaction: &Transaction<'_>) -> Result<Rollback, SinkError> {
        self.loader.rollback(transaction)
    }

    fn label_state(&self, database: &str, label: &str) -> Result<LabelState, SinkError> {
        self.loader.label_state(database, label)
    }

    fn abandon(&self, transactions: &[Abandoned], limit: Duration) {
        if !self.is_dead.load(Relaxed) {
            self.loader.abandon(transactions, limit);
        }
    }

    fn tell(&self, level: Level, text: String) {
        self.loader.tell(level, text);
    }

    fn shutdown(&self) {
        self.loader.shutdown();
    }
}
