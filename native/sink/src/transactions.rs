//! Exactly once by transactions: rows go out while the checkpoint interval runs; a checkpoint only has to prepare.
//!
//! Each table has at most one open transaction. Its rows are kept in memory until it is prepared: nothing of it can
//! become visible without a commit, so after any setback it is rolled back and everything is sent again in a new one.
//! Where the kept rows take too much memory, or the server's patience with the transaction comes to its end, it is
//! prepared early, and a checkpoint then covers several transactions of the table.

use std::collections::HashSet;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use starrocks_load::label::Labels;
use starrocks_load::{Body, Commit, Rollback, Transaction};

use crate::batch::Batch;
use crate::counters::{Cell, Counters};
use crate::delivery::{InDoubt, Job};
use crate::doubt::{Doubt, Standing};
use crate::error::{Code, SinkError};
use crate::events::Level;
use crate::flow::{Class, Flow};
use crate::loader::{Abandoned, Destination, Loader, Setback};
use crate::stall::Stall;
use crate::state::{LabelsRecord, PreparedRecord};
use crate::table::{Covered, Table, Tables, settle};
use crate::time::epoch_ms;

/// Attempts before this one, times tables, whose labels are looked for; and the least number of attempts, however many
/// tables there are.
const EARLIER_LABELS: usize = 512;
const LEAST_ATTEMPTS: usize = 16;
/// In a record of labels: those of an attempt that has taken no checkpoint.
const NO_CHECKPOINT: u64 = 0;

/// The transaction that the rows of a table go into.
#[derive(Debug, Default)]
pub struct Open {
    destination: Option<Arc<Destination>>,
    /// Set from the beginning of the transaction to its end.
    label: Option<String>,
    begun: Option<Instant>,
    /// All rows since the last transaction was prepared.
    kept: Vec<Batch>,
    /// How many of them are in the transaction.
    sent: usize,
    /// The most that were in one, since the last one was prepared.
    furthest: usize,
    /// Setbacks in a row without getting further.
    setbacks: u32,
    /// Labels of transactions whose rollback isn't confirmed.
    abandoned: Vec<String>,
    /// Whether preparing it early has been asked for.
    due: bool,
}

impl Open {
    fn rows(&self) -> u64 {
        self.kept.iter().map(|batch| batch.rows).sum()
    }

    fn bytes(&self) -> u64 {
        self.kept.iter().map(Body::len).sum()
    }
}

/// A transaction that is durable and waits for its checkpoint, then for its commit.
#[derive(Debug)]
pub struct Prepared {
    /// Its label.
    pub label: String,
    /// Its rows.
    pub rows: u64,
    /// Their bytes.
    pub bytes: u64,
    /// When it was prepared, in ms since 1970 by this machine's clock.
    pub prepared_at: i64,
    /// The checkpoint whose state it comes from, for one that was restored.
    pub restored: Option<u64>,
    /// Label of the transaction of the same table that must be committed before.
    pub after: Option<String>,
    /// Tries to commit it in vain.
    pub stall: Mutex<Stall>,
}

/// What became of a job that may have to wait for another subtask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// It is done.
    Done,
    /// It can't be done yet.
    Later,
}

/// The transactions of a session. Background threads call it; the thread that serves a table's lane alone touches
/// that table's open transaction.
pub struct Transactions {
    /// The work of the session.
    pub flow: Arc<Flow<Job>>,
    /// The server.
    pub loader: Arc<dyn Loader>,
    /// Where labels come from.
    pub labels: Arc<Labels>,
    /// The tables.
    pub tables: Arc<Tables>,
    /// What happened.
    pub counters: Arc<Counters>,
    /// Setbacks in a row that are borne.
    pub max_retries: u32,
    /// Pause after a setback.
    pub retry_interval: Duration,
    /// Memory of kept rows, over all tables, beyond which a transaction is prepared early.
    pub keep: usize,
    /// Age at which a transaction is prepared early.
    pub patience: Duration,
    /// What to do with a transaction that the server has lost.
    pub in_doubt: InDoubt,
    /// Whether a commit is tried until it works, rather than failing the session.
    pub insists: bool,
    /// The labels of attempts before this one, the latest first.
    pub earlier: Vec<Labels>,
    /// Memory of the rows kept now.
    pub kept: AtomicUsize,
}

impl Transactions {
    /// Sends a batch into the open transaction of its table.
    pub fn add(
        &self,
        table: &Arc<Table>,
        destination: &Arc<Destination>,
        batch: Batch,
    ) -> Result<(), SinkError> {
        {
            let mut open = table.open();
            open.destination.get_or_insert_with(|| Arc::clone(destination));
            let memory = batch.memory();
            open.kept.push(batch);
            table.kept.fetch_add(memory, Relaxed);
            self.kept.fetch_add(memory, Relaxed);
            self.get_through(table, &mut open, Self::catch_up)?;
        }
        if self.kept.load(Relaxed) > self.keep {
            self.prepare_one(None);
        }
        Ok(())
    }

    /// Prepares the open transaction of a table, if it has rows.
    pub fn prepare(&self, table: &Table) -> Result<(), SinkError> {
        let mut open = table.open();
        open.due = false;
        if open.kept.is_empty() {
            return Ok(());
        }
        let (rows, bytes) = (open.rows(), open.bytes());
        let label = self.get_through(table, &mut open, |this, table, open| {
            let label = this.catch_up(table, open)?;
            if let Some(destination) = &open.destination {
                this.loader.prepare(destination, &label, rows, bytes)?;
            }
            Ok(label)
        })?;
        self.forget_open(&mut open);
        open.furthest = 0;
        let freed: usize = open.kept.drain(..).map(|batch| batch.memory()).sum();
        open.sent = 0;
        drop(open);
        table.kept.fetch_sub(freed, Relaxed);
        self.kept.fetch_sub(freed, Relaxed);
        self.counters.add(Cell::PreparedTransactions, 1);
        let prepared = Prepared {
            label,
            rows,
            bytes,
            prepared_at: epoch_ms(),
            restored: None,
            after: None,
            stall: Mutex::default(),
        };
        let mut pending = table.pending();
        let sequence = pending.next_sequence();
        pending.prepared.push_back(Covered {
            what: Arc::new(prepared),
            sequence,
            checkpoint: None,
            allowed: false,
        });
        Ok(())
    }

    /// Asks for the preparation of transactions that the server would time out before long.
    pub fn prepare_old(&self, now: Instant) {
        for table in self.tables.all() {
            // While a thread is at it, its age is looked at again soon.
            if let Ok(mut open) = table.open.try_lock()
                && !open.due
                && open.begun.is_some_and(|begun| now.duration_since(begun) >= self.patience)
            {
                open.due = true;
                self.flow.push(table.rows, Class::Control, Job::Prepare(Arc::clone(&table)));
            }
        }
    }

    /// Asks for the preparation of the transaction that keeps the most, so that its memory becomes free; where none
    /// keeps any, of that of the table whose rows come now.
    pub fn prepare_one(&self, next: Option<&Arc<Table>>) {
        let tables = self.tables.all();
        let kept = |table: &&Arc<Table>| table.kept.load(Relaxed);
        let largest = tables.iter().max_by_key(kept).filter(|table| kept(table) > 0);
        if let Some(table) = largest.or(next)
            && let Ok(mut open) = table.open.try_lock()
            && !open.due
        {
            open.due = true;
            self.flow.push(table.rows, Class::Control, Job::Prepare(Arc::clone(table)));
        }
    }

    /// Loads a batch by a transaction of its own, from begin to commit.
    pub fn load(
        &self,
        table: &Arc<Table>,
        destination: &Arc<Destination>,
        batch: Batch,
    ) -> Result<(), SinkError> {
        let (rows, bytes) = (batch.rows, Body::len(&batch));
        self.add(table, destination, batch)?;
        self.prepare(table)?;
        let last = table.pending().prepared.pop_back();
        let Some(prepared) = last else { return Ok(()) };
        let transaction = destination.transaction(&prepared.what.label);
        let standing = self.loader.commit(&transaction, rows, bytes).inspect_err(|_| {
            // No state has it, and nobody will commit it.
            table.open().abandoned.push(prepared.what.label.clone());
        })?;
        self.counters.add(Cell::PreparedTransactions, -1);
        match standing {
            Commit::Committed => Ok(()),
            Commit::Aborted(reason) => {
                Err(self.doubt(table, &prepared.what, Standing::Aborted(reason)).error())
            }
            Commit::Unknown => Err(self.doubt(table, &prepared.what, Standing::Unknown).error()),
        }
    }

    /// Commits a prepared transaction. Where the session [insists](Self::insists), it is to be done again until it works.
    pub fn commit(&self, table: &Table, prepared: &Arc<Prepared>) -> Result<Progress, SinkError> {
        let outcome = self.try_commit(table, prepared);
        let mut stall = prepared.stall.lock().unwrap_or_else(PoisonError::into_inner);
        match &outcome {
            Err(error) if self.insists && error.retriable && error.code != Code::Cancelled => {
                let pause = stall.begin(&self.counters, self.retry_interval);
                if stall.is_to_be_told() {
                    let text = format!(
                        "{}.{}: transaction {} with {} rows of a completed checkpoint can't be committed yet. It is tried \
                         again until the server does it: {error}",
                        table.database, table.name, prepared.label, prepared.rows
                    );
                    self.loader.tell(Level::Warn, text);
                }
                self.flow.pause(pause)?;
                Ok(Progress::Later)
            }
            _ => {
                stall.end(&self.counters);
                outcome
            }
        }
    }

    fn try_commit(&self, table: &Table, prepared: &Arc<Prepared>) -> Result<Progress, SinkError> {
        if let Some(before) = &prepared.after
            && self.in_doubt != InDoubt::Skip
            && !self.is_committed(table, before)?
        {
            return Ok(Progress::Later);
        }
        let transaction = self.transaction(table, &prepared.label);
        let standing = match self.loader.commit(&transaction, prepared.rows, prepared.bytes)? {
            Commit::Committed => None,
            Commit::Aborted(reason) => Some(Standing::Aborted(reason)),
            Commit::Unknown => Some(Standing::Unknown),
        };
        if let Some(standing) = standing {
            let doubt = self.doubt(table, prepared, standing);
            match self.in_doubt {
                InDoubt::Skip => self.loader.tell(Level::Warn, doubt.skipped()),
                InDoubt::Fail | InDoubt::LoadAgain => return Err(doubt.error()),
            }
        }
        self.counters.add(Cell::PreparedTransactions, -1);
        settle(&mut table.pending().prepared, prepared);
        Ok(Progress::Done)
    }

    /// Whether a transaction that may be another subtask's is committed.
    fn is_committed(&self, table: &Table, label: &str) -> Result<bool, SinkError> {
        use starrocks_load::reply::LabelState::{Aborted, Committed, Prepare, Prepared, Unknown, Visible};
        Ok(match self.loader.label_state(&table.database, label)? {
            Committed | Visible => true,
            Prepare | Prepared => false,
            // Whoever has it in its state says what is to be said of that; this one needn't wait for it.
            Aborted(_) | Unknown => true,
        })
    }

    /// Rolls back what a former session began after the checkpoint that this one was restored from.
    pub fn clean(&self, record: &LabelsRecord, most: Option<u64>) -> Result<(), SinkError> {
        for label in &record.abandoned {
            self.clean_one(record, label)?;
        }
        // Labels are counted without gaps, but for those of beginnings that never reached the server.
        let most_gaps = u64::from(self.max_retries) + 2;
        let mut gaps = 0;
        let mut n = record.next;
        while gaps < most_gaps && most.is_none_or(|most| n - record.next < most) {
            let known = self.clean_one(record, &format!("{}-{n}", record.stem))?;
            gaps = if known { 0 } else { gaps + 1 };
            n += 1;
        }
        Ok(())
    }

    /// Rolls back one label's transaction; says whether the server knows the label.
    fn clean_one(&self, record: &LabelsRecord, label: &str) -> Result<bool, SinkError> {
        use starrocks_load::reply::LabelState::{Aborted, Committed, Prepare, Prepared, Unknown, Visible};
        let LabelsRecord { database, table, .. } = record;
        let begun = match record.checkpoint {
            NO_CHECKPOINT => "by an attempt that failed before its first checkpoint".to_owned(),
            checkpoint => format!("after checkpoint {checkpoint}, which this job was restored from"),
        };
        let committed = || {
            let text = format!(
                "transaction {label} into {database}.{table} is committed, though it was begun {begun}: a later \
                 checkpoint had completed, or the input had ended. The source sends its rows again; in a table without \
                 PRIMARY KEY they will be there twice"
            );
            self.loader.tell(Level::Warn, text);
        };
        match self.loader.label_state(database, label)? {
            Unknown => return Ok(false),
            Aborted(_) => {}
            Committed | Visible => committed(),
            Prepare | Prepared => {
                let transaction = Transaction { database, table, label, headers: &[] };
                match self.loader.rollback(&transaction) {
                    Ok(Rollback::RolledBack) => {
                        let text = format!(
                            "rolled back transaction {label} into {database}.{table}: it was begun {begun}"
                        );
                        self.loader.tell(Level::Info, text);
                    }
                    Ok(Rollback::Committed) => committed(),
                    Err(error) if error.code == Code::Cancelled => return Err(error),
                    Err(error) => {
                        let text = format!(
                            "transaction {label} into {database}.{table}, left over from before the restore, can't be \
                             rolled back; the server will time it out, and nothing of it becomes visible: {error}"
                        );
                        self.loader.tell(Level::Warn, text);
                    }
                }
            }
        }
        Ok(true)
    }

    /// What attempts before this one may have left open that no checkpoint knows of: those after the one which the state
    /// is from, whose stems are given. They have taken none that is complete.
    pub fn of_earlier_attempts(&self, restored: &HashSet<String>) -> Vec<LabelsRecord> {
        let mut records = Vec::new();
        let tables = self.tables.all();
        // Each costs some requests, which with many tables would hold up the start.
        let most = (EARLIER_LABELS / tables.len().max(1)).max(LEAST_ATTEMPTS);
        for table in tables {
            let stems =
                self.earlier.iter().take(most).map(|labels| labels.stem(&table.database, &table.name));
            records.extend(stems.take_while(|stem| !restored.contains(stem)).map(|stem| LabelsRecord {
                database: table.database.clone(),
                table: table.name.clone(),
                stem,
                next: 0,
                abandoned: Vec::new(),
                checkpoint: NO_CHECKPOINT,
                taken_at: epoch_ms(),
            }));
        }
        records
    }

    /// The records by which a later session finds what this one begins after the checkpoint.
    pub fn label_records(&self, checkpoint: u64) -> Vec<LabelsRecord> {
        let taken_at = epoch_ms();
        let record = |table: Arc<Table>| LabelsRecord {
            database: table.database.clone(),
            table: table.name.clone(),
            stem: self.labels.stem(&table.database, &table.name),
            next: self.labels.next(&table.database, &table.name),
            abandoned: table.open().abandoned.clone(),
            checkpoint,
            taken_at,
        };
        self.tables.all().into_iter().map(record).collect()
    }

    /// Transactions that nobody will go on with when the session ends: those that are open, or prepared and in no
    /// checkpoint's state, and those whose rollback isn't confirmed.
    pub fn leftovers(&self) -> Vec<Abandoned> {
        let mut leftovers = Vec::new();
        for table in self.tables.all() {
            let Open { abandoned, label, .. } = &*table.open();
            let pending = table.pending();
            let uncovered = pending.prepared.iter().filter(|prepared| prepared.checkpoint.is_none());
            let labels = abandoned.iter().chain(label).chain(uncovered.map(|prepared| &prepared.what.label));
            leftovers.extend(labels.map(|label| (table.database.clone(), table.name.clone(), label.clone())));
        }
        leftovers
    }

    /// Brings everything kept into the transaction, which is begun where there is none; gives its label.
    fn catch_up(&self, table: &Table, open: &mut Open) -> Result<String, Setback> {
        let Some(destination) = open.destination.clone() else { return Ok(String::new()) };
        let label = match &open.label {
            Some(label) => label.clone(),
            None => {
                let label = self.labels.mint(&table.database, &table.name);
                // From here on the server may know it, whatever it answers.
                open.label = Some(label.clone());
                self.counters.add(Cell::OpenTransactions, 1);
                self.loader.begin(&destination.transaction(&label))?;
                open.begun = Some(Instant::now());
                label
            }
        };
        let transaction = destination.transaction(&label);
        while let Some(batch) = open.kept.get(open.sent) {
            self.loader.send(&transaction, batch)?;
            open.sent += 1;
            if open.sent > open.furthest {
                open.furthest = open.sent;
                open.setbacks = 0;
            }
        }
        Ok(label)
    }

    /// Tries until it works: after each setback in a new transaction, with all rows kept.
    fn get_through(
        &self,
        table: &Table,
        open: &mut Open,
        attempt: impl Fn(&Self, &Table, &mut Open) -> Result<String, Setback>,
    ) -> Result<String, SinkError> {
        loop {
            let setback = match attempt(self, table, open) {
                Ok(label) => {
                    open.setbacks = 0;
                    return Ok(label);
                }
                Err(setback) => setback,
            };
            self.flow.check()?;
            if setback.lost || setback.error.code != Code::Undecided {
                self.roll_back(table, open, &setback.error)?;
            } else {
                // Someone else's transaction has the label.
                self.forget_open(open);
            }
            if !setback.lost || open.setbacks >= self.max_retries {
                return Err(setback.error);
            }
            open.setbacks += 1;
            self.counters.add(Cell::ResentTransactions, 1);
            let text = format!(
                "{}.{}: the transaction is rolled back, and its {} rows so far are sent again in a new one (try {} of {}): {}",
                table.database,
                table.name,
                open.rows(),
                open.setbacks + 1,
                self.max_retries + 1,
                setback.error
            );
            self.loader.tell(Level::Warn, text);
            self.flow.pause(self.retry_interval)?;
        }
    }

    /// Gives up the open transaction. Where the server can't be reached for it, a later session is told by the state.
    fn roll_back(&self, table: &Table, open: &mut Open, why: &SinkError) -> Result<(), SinkError> {
        let Some(label) = open.label.clone() else { return Ok(()) };
        self.forget_open(open);
        open.sent = 0;
        match self.loader.rollback(&self.transaction(table, &label)) {
            Ok(Rollback::RolledBack) => {}
            Ok(Rollback::Committed) => {
                let text = format!(
                    "transaction {label} into {}.{} is committed already, by somebody else, so it can't be rolled back: \
                     up to {} rows that no checkpoint covers are in the table, and come a second time when the job \
                     restarts. It was to be rolled back because of this: {why}",
                    table.database,
                    table.name,
                    open.rows()
                );
                return Err(SinkError { label: Some(label), ..SinkError::new(Code::Undecided, text) });
            }
            Err(_) => open.abandoned.push(label),
        }
        // Those from before get another try now that the server may be back.
        if let Some(older) = open.abandoned.first().cloned()
            && open.abandoned.len() > 1
            && self.loader.rollback(&self.transaction(table, &older)).is_ok()
        {
            open.abandoned.remove(0);
        }
        Ok(())
    }

    fn forget_open(&self, open: &mut Open) {
        if open.label.take().is_some() {
            self.counters.add(Cell::OpenTransactions, -1);
        }
        open.begun = None;
    }

    fn transaction<'a>(&self, table: &'a Table, label: &'a str) -> Transaction<'a> {
        Transaction { database: &table.database, table: &table.name, label, headers: &[] }
    }

    fn doubt<'a>(&self, table: &'a Table, prepared: &'a Prepared, standing: Standing) -> Doubt<'a> {
        Doubt {
            database: &table.database,
            table: &table.name,
            label: &prepared.label,
            rows: prepared.rows,
            checkpoint: prepared.restored,
            since: prepared.prepared_at,
            has_rows: false,
            witness: None,
            after: None,
            standing,
        }
    }
}

impl Prepared {
    /// The record that a checkpoint's state gets of it.
    pub fn record(
        &self,
        table: &Table,
        sequence: u64,
        checkpoint: u64,
        after: Option<String>,
    ) -> PreparedRecord {
        PreparedRecord {
            database: table.database.clone(),
            table: table.name.clone(),
            label: self.label.clone(),
            rows: self.rows,
            bytes: self.bytes,
            checkpoint,
            sequence,
            prepared_at: self.prepared_at,
            after,
        }
    }
}
