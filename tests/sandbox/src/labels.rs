//! Transactions and their labels, as the leader FE keeps them: per database, several transactions to a label of
//! which all but one must be aborted, forgotten by age and by count.

use crate::store::{Finished, LedgerEntry};
use serde::Serialize;
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::time::{Duration, Instant};

/// State of a transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum State {
    /// Begun; not persistent: a leader change forgets it.
    Prepare,
    /// Pre-committed: durable, waits for its commit.
    Prepared,
    /// Committed, not yet visible.
    Committed,
    /// Committed and visible.
    Visible,
    /// Rolled back.
    Aborted,
}

impl State {
    /// The name `get_load_state` answers with.
    pub fn name(self) -> &'static str {
        match self {
            Self::Prepare => "PREPARE",
            Self::Prepared => "PREPARED",
            Self::Committed => "COMMITTED",
            Self::Visible => "VISIBLE",
            Self::Aborted => "ABORTED",
        }
    }

    fn is_final(self) -> bool {
        matches!(self, Self::Visible | Self::Aborted)
    }
}

/// A transaction.
#[derive(Debug, Clone)]
pub struct Transaction {
    /// Its id, unique in the server.
    pub id: i64,
    /// Its label.
    pub label: String,
    /// The table it loads into.
    pub table: String,
    /// Its state.
    pub state: State,
    /// Why it was aborted.
    pub reason: String,
    /// Port of the BE that coordinates it.
    pub coordinator: u16,
    /// When it is aborted if it is still in PREPARE, or in PREPARED.
    expires: Instant,
    finished: Option<Instant>,
}

/// Why a transaction can't begin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BeginError {
    /// The label has a transaction that isn't aborted; `running` unless that one is committed.
    Used {
        /// Whether it may still fail.
        running: bool,
    },
    /// The label breaks the rule for names.
    BadLabel,
    /// Too many transactions are running in the database.
    TooMany {
        /// How many run.
        running: usize,
        /// How many may.
        limit: usize,
    },
}

/// Limits on what is remembered and what may run.
#[derive(Debug, Clone)]
pub struct Limits {
    /// `label_keep_max_num`: finished transactions kept per database.
    pub keep_count: usize,
    /// `label_keep_max_second`.
    pub keep_time: Duration,
    /// `max_running_txn_num_per_db`.
    pub running: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { keep_count: 1000, keep_time: Duration::from_secs(3 * 24 * 3600), running: 1000 }
    }
}

#[derive(Debug, Default)]
struct Database {
    transactions: BTreeMap<i64, Transaction>,
    by_label: HashMap<String, Vec<i64>>,
    finished: VecDeque<i64>,
}

/// All transactions of the server.
#[derive(Debug)]
pub struct Labels {
    /// What is kept.
    pub limits: Limits,
    databases: HashMap<String, Database>,
    next: i64,
    /// Transactions that ran out of time.
    expired: Vec<i64>,
}

/// Whether a label follows the server's rule `^[-\w]{1,128}$`.
pub fn is_valid(label: &str) -> bool {
    (1..=128).contains(&label.len())
        && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
}

impl Labels {
    /// No transactions yet; the first one gets the id `first`.
    pub fn new(limits: Limits, first: i64) -> Self {
        Self { limits, databases: HashMap::new(), next: first, expired: Vec::new() }
    }

    /// Begins a transaction.
    pub fn begin(
        &mut self,
        database: &str,
        table: &str,
        label: &str,
        coordinator: u16,
        timeout: Duration,
    ) -> Result<i64, BeginError> {
        if !is_valid(label) {
            return Err(BeginError::BadLabel);
        }
        self.forget(database);
        let db = self.databases.entry(database.to_owned()).or_default();
        for id in db.by_label.get(label).into_iter().flatten() {
            match db.transactions[id].state {
                State::Aborted => {}
                state => {
                    let running = matches!(state, State::Prepare | State::Prepared);
                    return Err(BeginError::Used { running });
                }
            }
        }
        let running = db.transactions.values().filter(|t| !t.state.is_final()).count();
        if running >= self.limits.running {
            return Err(BeginError::TooMany { running, limit: self.limits.running });
        }
        let id = self.next;
        self.next += 1;
        db.by_label.entry(label.to_owned()).or_default().push(id);
        db.transactions.insert(
            id,
            Transaction {
                id,
                label: label.to_owned(),
                table: table.to_owned(),
                state: State::Prepare,
                reason: String::new(),
                coordinator,
                expires: Instant::now() + timeout,
                finished: None,
            },
        );
        Ok(id)
    }

    /// The transaction with this id.
    pub fn get(&self, database: &str, id: i64) -> Option<&Transaction> {
        self.databases.get(database)?.transactions.get(&id)
    }

    /// The youngest transaction of a label.
    pub fn youngest(&mut self, database: &str, label: &str) -> Option<&Transaction> {
        self.forget(database);
        let db = self.databases.get(database)?;
        db.transactions.get(db.by_label.get(label)?.iter().max()?)
    }

    /// All transactions that have not ended, with their databases, oldest first.
    pub fn open(&mut self) -> Vec<(String, Transaction)> {
        self.forget_all();
        let of = |(name, db): (&String, &Database)| {
            let open = db.transactions.values().filter(|t| !t.state.is_final());
            open.map(|t| (name.clone(), t.clone())).collect::<Vec<_>>()
        };
        let mut open: Vec<(String, Transaction)> = self.databases.iter().flat_map(of).collect();
        open.sort_by_key(|(_, t)| t.id);
        open
    }

    /// Moves a transaction to `state`; refused with a message where the server refuses. Aborting what is aborted
    /// already changes nothing, not even the reason.
    pub fn change(&mut self, database: &str, id: i64, state: State, reason: &str) -> Result<(), String> {
        let transaction = self.find(database, id)?;
        match (transaction.state, state) {
            (State::Aborted, State::Aborted) => return Ok(()),
            (State::Prepare, State::Committed | State::Visible | State::Aborted) => {}
            (State::Prepared, State::Committed | State::Visible | State::Aborted) => {}
            (State::Committed, State::Visible) => {}
            (from, to) => {
                let verb = if to == State::Aborted { "abort" } else { "commit" };
                return Err(format!("transaction {id} state is {}, could not {verb}", from.name()));
            }
        }
        transaction.state = state;
        transaction.reason = reason.to_owned();
        if state.is_final() {
            transaction.finished = Some(Instant::now());
            self.databases.entry(database.to_owned()).or_default().finished.push_back(id);
            self.forget(database);
        }
        Ok(())
    }

    /// Makes a transaction durable: it waits so long for its commit, and is aborted then.
    pub fn prepare(&mut self, database: &str, id: i64, timeout: Duration) -> Result<(), String> {
        let transaction = self.find(database, id)?;
        if transaction.state != State::Prepare {
            return Err(format!("transaction {id} state is {}, could not prepare", transaction.state.name()));
        }
        transaction.state = State::Prepared;
        transaction.expires = Instant::now() + timeout;
        Ok(())
    }

    /// Lets a label's transaction run out of time now; whether there is one that can.
    pub fn expire(&mut self, database: &str, label: &str) -> bool {
        let Some(id) = self.youngest(database, label).map(|t| t.id) else { return false };
        let Ok(transaction) = self.find(database, id) else { return false };
        let can = matches!(transaction.state, State::Prepare | State::Prepared);
        if can {
            transaction.expires = Instant::now();
            self.forget(database);
        }
        can
    }

    /// The transactions that ran out of time since this was asked last.
    pub fn take_expired(&mut self) -> Vec<i64> {
        self.forget_all();
        std::mem::take(&mut self.expired)
    }

    fn find(&mut self, database: &str, id: i64) -> Result<&mut Transaction, String> {
        let db = self.databases.get_mut(database);
        let transaction = db.and_then(|db| db.transactions.get_mut(&id));
        transaction.ok_or_else(|| format!("transaction {id} not found"))
    }

    /// A commit that could not be carried out: the transaction is aborted after all.
    pub fn undo_commit(&mut self, database: &str, id: i64, reason: &str) {
        if let Some(t) = self.databases.get_mut(database).and_then(|db| db.transactions.get_mut(&id)) {
            t.state = State::Prepare;
        }
        // It is in PREPARE now, from where every transaction can be aborted.
        let _ = self.change(database, id, State::Aborted, reason);
    }

    /// Takes up a transaction that ended so long ago, before the server was started.
    pub fn restore(&mut self, old: &Finished, age: Duration) {
        let db = self.databases.entry(old.database.clone()).or_default();
        let ended = Instant::now().checked_sub(age).unwrap_or_else(Instant::now);
        db.by_label.entry(old.label.clone()).or_default().push(old.transaction);
        db.finished.push_back(old.transaction);
        let transaction = Transaction {
            id: old.transaction,
            label: old.label.clone(),
            table: old.table.clone(),
            state: if old.visible { State::Visible } else { State::Aborted },
            reason: old.reason.clone(),
            coordinator: 0,
            expires: ended,
            finished: Some(ended),
        };
        db.transactions.insert(old.transaction, transaction);
    }

    /// Takes up a transaction that was prepared before the server was started, with so much time left.
    pub fn restore_prepared(&mut self, old: &LedgerEntry, left: Duration) {
        let db = self.databases.entry(old.database.clone()).or_default();
        db.by_label.entry(old.label.clone()).or_default().push(old.transaction);
        let transaction = Transaction {
            id: old.transaction,
            label: old.label.clone(),
            table: old.table.clone(),
            state: State::Prepared,
            reason: String::new(),
            coordinator: old.be,
            expires: Instant::now() + left,
            finished: None,
        };
        db.transactions.insert(old.transaction, transaction);
    }

    /// State and abort reason of the youngest transaction of a label; `None` if the label is not known.
    pub fn state(&mut self, database: &str, label: &str) -> Option<(State, String)> {
        self.youngest(database, label).map(|t| (t.state, t.reason.clone()))
    }

    /// Aborts the label's transaction that is in PREPARE; the message says why it can't.
    pub fn cancel(&mut self, database: &str, label: &str) -> Result<(), String> {
        let db = self.databases.get(database);
        let ids = db.and_then(|db| db.by_label.get(label).map(|ids| (db, ids)));
        let (db, ids) = ids.ok_or_else(|| format!("transaction not found, label={label}"))?;
        let id = ids.iter().copied().find(|id| db.transactions[id].state == State::Prepare);
        let id = id.ok_or_else(|| format!("running transaction not found, label={label}"))?;
        self.change(database, id, State::Aborted, "cancelled by user")
    }

    /// Forgets a label and its transactions at once; which ones.
    pub fn evict(&mut self, database: &str, label: &str) -> Vec<i64> {
        let Some(db) = self.databases.get_mut(database) else { return Vec::new() };
        let ids = db.by_label.remove(label).unwrap_or_default();
        for id in &ids {
            db.transactions.remove(id);
        }
        db.finished.retain(|id| db.transactions.contains_key(id));
        ids
    }

    /// Forgets a database, its labels and transactions; which ones.
    pub fn forget_database(&mut self, database: &str) -> Vec<i64> {
        let db = self.databases.remove(database);
        db.map_or_else(Vec::new, |db| db.transactions.into_keys().collect())
    }

    /// A new leader FE: what was only in PREPARE is gone.
    pub fn change_leader(&mut self) {
        for db in self.databases.values_mut() {
            db.transactions.retain(|_, t| t.state != State::Prepare);
            let transactions = &db.transactions;
            db.by_label.retain(|_, ids| {
                ids.retain(|id| transactions.contains_key(id));
                !ids.is_empty()
            });
        }
    }

    fn forget_all(&mut self) {
        let names: Vec<String> = self.databases.keys().cloned().collect();
        names.iter().for_each(|database| self.forget(database));
    }

    /// Drops what is too old or too much, the oldest first, and aborts what ran out of time.
    fn forget(&mut self, database: &str) {
        let Some(db) = self.databases.get_mut(database) else { return };
        let now = Instant::now();
        for transaction in db.transactions.values_mut() {
            if matches!(transaction.state, State::Prepare | State::Prepared) && transaction.expires <= now {
                transaction.state = State::Aborted;
                transaction.reason = "timeout by txn manager".to_owned();
                transaction.finished = Some(now);
                db.finished.push_back(transaction.id);
                self.expired.push(transaction.id);
            }
        }
        while let Some(id) = db.finished.front().copied() {
            let old = db
                .transactions
                .get(&id)
                .is_none_or(|t| t.finished.is_some_and(|at| at.elapsed() > self.limits.keep_time));
            if !old && db.transactions.len() <= self.limits.keep_count {
                break;
            }
            db.finished.pop_front();
            if let Some(transaction) = db.transactions.remove(&id)
                && let Some(ids) = db.by_label.get_mut(&transaction.label)
            {
                ids.retain(|other| *other != id);
                if ids.is_empty() {
                    db.by_label.remove(&transaction.label);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: Duration = Duration::from_secs(600);

    fn labels(keep_count: usize) -> Labels {
        Labels::new(Limits { keep_count, ..Limits::default() }, 1)
    }

    #[test]
    fn a_label_is_used_until_its_transactions_are_aborted() {
        let mut l = labels(10);
        let first = l.begin("d", "t", "a", 1, LONG).unwrap();
        assert_eq!(l.begin("d", "t", "a", 1, LONG), Err(BeginError::Used { running: true }));
        assert_eq!(l.begin("other", "t", "a", 1, LONG), Ok(first + 1));
        l.change("d", first, State::Aborted, "why").unwrap();
        assert_eq!(l.state("d", "a"), Some((State::Aborted, "why".into())));
        let second = l.begin("d", "t", "a", 1, LONG).unwrap();
        l.change("d", second, State::Committed, "").unwrap();
        assert_eq!(l.begin("d", "t", "a", 1, LONG), Err(BeginError::Used { running: false }));
        assert!(l.change("d", second, State::Aborted, "").unwrap_err().contains("could not abort"));
        l.change("d", second, State::Visible, "").unwrap();
        assert_eq!(l.state("d", "a").unwrap().0, State::Visible);
    }

    #[test]
    fn labels_are_forgotten_by_count_oldest_first() {
        let mut l = labels(2);
        for label in ["a", "b", "c"] {
            let id = l.begin("d", "t", label, 1, LONG).unwrap();
            l.change("d", id, State::Visible, "").unwrap();
        }
        assert_eq!(l.state("d", "a"), None);
        assert!(l.state("d", "c").is_some());
    }

    #[test]
    fn prepare_times_out_and_dies_with_the_leader() {
        let mut l = labels(10);
        l.begin("d", "t", "slow", 1, Duration::ZERO).unwrap();
        std::thread::sleep(Duration::from_millis(2));
        assert_eq!(l.state("d", "slow"), Some((State::Aborted, "timeout by txn manager".into())));
        l.begin("d", "t", "lost", 1, LONG).unwrap();
        l.change_leader();
        assert_eq!(l.state("d", "lost"), None);
    }

    #[test]
    fn cancel_takes_only_what_runs() {
        let mut l = labels(10);
        assert_eq!(l.cancel("d", "a").unwrap_err(), "transaction not found, label=a");
        let id = l.begin("d", "t", "a", 1, LONG).unwrap();
        l.cancel("d", "a").unwrap();
        assert_eq!(l.get("d", id).unwrap().state, State::Aborted);
        assert_eq!(l.cancel("d", "a").unwrap_err(), "running transaction not found, label=a");
    }

    #[test]
    fn the_rule_for_labels() {
        assert!(is_valid("-a_B9") && is_valid(&"x".repeat(128)));
        assert!(!is_valid("") && !is_valid("a.b") && !is_valid(&"x".repeat(129)) && !is_valid("ü"));
    }
}
