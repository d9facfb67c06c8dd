//! What a session keeps of each table it writes, or has restored rows of.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::delivery::Job;
use crate::flow::{Flow, Lane, Side};
use crate::hold::Held;
use crate::transactions::{Open, Prepared};

/// One table of a session.
#[derive(Debug)]
pub struct Table {
    /// Its database.
    pub database: String,
    /// Its name.
    pub name: String,
    /// Where its rows go before a checkpoint covers them.
    pub rows: Lane,
    /// Where goes what completed checkpoints allow.
    pub settle: Lane,
    /// The transaction that its rows go into now. The thread that serves the lane `rows` holds it while it works.
    pub open: Mutex<Open>,
    /// Memory of the rows kept for the open transaction, in case they must be sent again.
    pub kept: std::sync::atomic::AtomicUsize,
    pending: Mutex<Pending>,
}

/// What waits for checkpoints to complete, oldest first.
#[derive(Debug, Default)]
pub struct Pending {
    /// Batches that are sent once their checkpoint has completed.
    pub held: VecDeque<Covered<Held>>,
    /// Transactions that are committed once their checkpoint has completed.
    pub prepared: VecDeque<Covered<Prepared>>,
    /// Label of the batch that was handed over last.
    pub handed_over: Option<String>,
    next_sequence: u64,
}

/// Something with the checkpoint that covers it.
#[derive(Debug)]
pub struct Covered<T> {
    /// The thing.
    pub what: Arc<T>,
    /// Its place among those of its table.
    pub sequence: u64,
    /// The first checkpoint whose state has it; `None` before that is taken.
    pub checkpoint: Option<u64>,
    /// Whether a completed checkpoint has allowed it, so that it is on its way.
    pub allowed: bool,
}

impl Pending {
    /// Whether something with this label waits.
    pub fn has(&self, label: &str) -> bool {
        self.held.iter().any(|entry| entry.what.label == label)
            || self.prepared.iter().any(|entry| entry.what.label == label)
    }

    /// A place behind all others of the table.
    pub fn next_sequence(&mut self) -> u64 {
        self.next_sequence += 1;
        self.next_sequence
    }

    /// Stamps everything that no checkpoint covers yet.
    pub fn cover(&mut self, checkpoint: u64) {
        for held in &mut self.held {
            held.checkpoint.get_or_insert(checkpoint);
        }
        for prepared in &mut self.prepared {
            prepared.checkpoint.get_or_insert(checkpoint);
        }
    }
}

/// Marks what checkpoints up to `checkpoint` cover as allowed and gives out what wasn't before, oldest first.
pub fn allow<T>(pending: &mut VecDeque<Covered<T>>, checkpoint: u64) -> Vec<Arc<T>> {
    let covered = |entry: &&mut Covered<T>| {
        !entry.allowed && entry.checkpoint.is_some_and(|covering| covering <= checkpoint)
    };
    pending
        .iter_mut()
        .filter(covered)
        .map(|entry| {
            entry.allowed = true;
            Arc::clone(&entry.what)
        })
        .collect()
}

/// Takes out what has been dealt with.
pub fn settle<T>(pending: &mut VecDeque<Covered<T>>, done: &Arc<T>) {
    pending.retain(|entry| !Arc::ptr_eq(&entry.what, done));
}

impl Table {
    /// What waits for checkpoints.
    pub fn pending(&self) -> MutexGuard<'_, Pending> {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The transaction that rows go into.
    pub fn open(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The tables of a session. Any thread may use it.
#[derive(Debug, Default)]
pub struct Tables(Mutex<Registry>);

#[derive(Debug, Default)]
struct Registry {
    all: Vec<Arc<Table>>,
    by_name: HashMap<(String, String), usize>,
}

impl Tables {
    /// The table of this name, added if it is new.
    pub fn get(&self, database: &str, name: &str, flow: &Flow<Job>) -> Arc<Table> {
        let mut registry = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (database.to_owned(), name.to_owned());
        if let Some(&known) = registry.by_name.get(&key) {
            return Arc::clone(&registry.all[known]);
        }
        let table = Arc::new(Table {
            database: database.to_owned(),
            name: name.to_owned(),
            rows: flow.add_lane(Side::Rows),
            settle: flow.add_lane(Side::Settle),
            open: Mutex::default(),
            kept: Default::default(),
            pending: Mutex::default(),
        });
        let number = registry.all.len();
        registry.all.push(Arc::clone(&table));
        registry.by_name.insert(key, number);
        table
    }

    /// All tables, in the order in which they came.
    pub fn all(&self) -> Vec<Arc<Table>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).all.clone()
    }
}
