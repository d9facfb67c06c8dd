//! Exactly once on any server: batches are held until their checkpoint has completed, then loaded under their labels.
//!
//! A held batch is packed, in memory or in a spill file, and each checkpoint's state has all that aren't loaded. What
//! is in the state of a completed checkpoint is safe, so a server that can't be reached fails nothing: the batch is
//! tried again for as long as it takes.

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use starrocks_load::Body;
use starrocks_load::reply::LabelState;

use crate::batch::Batch;
use crate::counters::{Cell, Counters};
use crate::delivery::{InDoubt, Job};
use crate::doubt::{Doubt, Standing};
use crate::error::{Code, SinkError};
use crate::events::Level;
use crate::flow::{Class, Flow};
use crate::loader::{Destination, Loader, Rows};
use crate::pack::{Packed, Store};
use crate::stall::Stall;
use crate::state::BatchRecord;
use crate::table::{Covered, Table, allow, settle};
use crate::time::epoch_ms;
use crate::transactions::Progress;

/// How long after its checkpoint a batch is taken for not loaded because the server doesn't know its label, where
/// nothing else tells how far back the server's memory goes. It forgets labels after 3 days or 1000 further loads.
const TRUST: Duration = Duration::from_secs(600);

/// A batch that waits for its checkpoint, then for its load.
pub struct Held {
    destination: Arc<Destination>,
    /// Its label, for ever.
    pub label: String,
    /// Its rows.
    pub rows: u64,
    packed: Packed,
    restored: Option<Restored>,
    /// What was known just before it was first sent.
    sent: OnceLock<Before>,
    tries: Mutex<Tries>,
}

/// Tries to load a batch, all in vain so far.
#[derive(Debug, Default)]
struct Tries {
    /// Whether it may have been sent.
    sent: bool,
    /// Whether it may be loaded although nobody told us.
    doubt: bool,
    stall: Stall,
}

/// What a restored batch's state says beside its rows.
#[derive(Debug, Clone)]
pub struct Restored {
    /// The checkpoint, where the session was restored from one.
    pub checkpoint: Option<u64>,
    /// Label of the batch of the same table that must be loaded before, by whichever subtask has it.
    pub after: Option<String>,
    /// What was known before it may have been sent.
    pub before: Before,
}

/// What was known before a batch can have been loaded.
#[derive(Debug, Clone)]
pub struct Before {
    /// When that was, in ms since 1970.
    pub at: i64,
    /// A label of the database that was visible then.
    pub witness: Option<String>,
}

impl fmt::Debug for Held {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Held").field("label", &self.label).field("rows", &self.rows).finish_non_exhaustive()
    }
}

impl Held {
    /// A batch as it was restored.
    pub fn restored(
        destination: Arc<Destination>,
        label: String,
        rows: u64,
        packed: Packed,
        restored: Restored,
    ) -> Self {
        let tries = Mutex::new(Tries { sent: true, doubt: true, ..Tries::default() });
        Self { destination, label, rows, packed, restored: Some(restored), sent: OnceLock::new(), tries }
    }

    /// The bytes of the state's record of it.
    pub fn encode(
        &self,
        sequence: u64,
        checkpoint: u64,
        now: Before,
        after: Option<String>,
    ) -> Result<Vec<u8>, SinkError> {
        let Destination { database, table, headers, raw } = &*self.destination;
        let before = self.before().cloned().unwrap_or(now);
        BatchRecord {
            database: database.clone(),
            table: table.clone(),
            label: self.label.clone(),
            headers: headers.clone(),
            raw: *raw,
            rows: self.rows,
            checkpoint,
            sequence,
            taken_at: before.at,
            witness: before.witness,
            after,
        }
        .encode(&self.packed)
    }
}

/// The held batches of a session. Background threads pack and load them; the task thread takes snapshots.
pub struct Hold {
    /// The work of the session.
    pub flow: Arc<Flow<Job>>,
    /// The server.
    pub loader: Arc<dyn Loader>,
    /// Where packed rows are.
    pub store: Arc<Store>,
    /// What happened.
    pub counters: Arc<Counters>,
    /// The user's pause between tries.
    pub retry_interval: Duration,
    /// What to do where it can't be found out whether a restored batch is loaded.
    pub in_doubt: InDoubt,
    /// The checkpoint that completed last.
    pub completed: AtomicU64,
    /// By database, a label that was visible at some time.
    pub witnesses: Mutex<HashMap<String, String>>,
}

impl Hold {
    /// Packs a sealed batch and holds it.
    pub fn add(&self, table: &Table, destination: &Arc<Destination>, batch: Batch) -> Result<(), SinkError> {
        let (label, rows) = (batch.label.clone(), batch.rows);
        let held = Held {
            destination: Arc::clone(destination),
            label,
            rows,
            packed: self.store.pack(batch)?,
            restored: None,
            sent: OnceLock::new(),
            tries: Mutex::default(),
        };
        let mut pending = table.pending();
        let sequence = pending.next_sequence();
        pending.held.push_back(Covered { what: Arc::new(held), sequence, checkpoint: None, allowed: false });
        Ok(())
    }

    /// Begins to load what checkpoints up to `checkpoint` cover.
    pub fn complete(&self, table: &Arc<Table>, checkpoint: u64) {
        self.completed.fetch_max(checkpoint, Relaxed);
        let allowed = allow(&mut table.pending().held, checkpoint);
        for held in allowed {
            self.flow.push(table.settle, Class::Send, Job::Load(Arc::clone(table), held));
        }
    }

    /// Whether the server is more than a checkpoint behind, so that holding more rows would only make it worse.
    pub fn is_behind(&self, tables: &[Arc<Table>]) -> bool {
        let completed = self.completed.load(Relaxed);
        let behind = |entry: &Covered<Held>| {
            entry.allowed && entry.checkpoint.is_some_and(|checkpoint| checkpoint < completed)
        };
        tables.iter().any(|table| table.pending().held.iter().any(behind))
    }

    /// What is known now of a database.
    pub fn now(&self, database: &str) -> Before {
        let witnesses = self.witnesses.lock().unwrap_or_else(PoisonError::into_inner);
        Before { at: epoch_ms(), witness: witnesses.get(database).cloned() }
    }

    /// Looks whether the rows of a label are visible, so that it can be a witness.
    pub fn look_at(&self, table: &Table, label: &str) {
        if let Ok(LabelState::Visible) = self.loader.label_state(&table.database, label) {
            self.note_visible(&table.database, label);
        }
    }

    fn note_visible(&self, database: &str, label: &str) {
        let mut witnesses = self.witnesses.lock().unwrap_or_else(PoisonError::into_inner);
        witnesses.insert(database.to_owned(), label.to_owned());
    }

    /// Loads a batch whose checkpoint has completed. To be done again until it works, however long that takes; other
    /// tables get their turn in between.
    pub fn load(&self, table: &Table, held: &Arc<Held>) -> Result<Progress, SinkError> {
        let mut tries = held.tries.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(other) = self.must_wait(table, held)? {
            if tries.stall.is_to_be_told() {
                let text = format!(
                    "{}.{}: waits for label {other}, which another subtask has to load before",
                    table.database, table.name
                );
                self.loader.tell(Level::Info, text);
            }
            return Ok(Progress::Later);
        }
        let earlier = std::mem::replace(&mut tries.sent, true);
        let outcome = if tries.doubt { self.settle_doubt(table, held) } else { self.send(held, earlier) };
        if let Err(error) = &outcome
            && error.retriable
            && error.code != Code::Cancelled
        {
            tries.doubt |= error.code == Code::Undecided;
            self.stall(table, held, &mut tries, error)?;
            return Ok(Progress::Later);
        }
        let stalled = tries.stall.end(&self.counters);
        let visible = outcome?;
        if let Some(time) = stalled {
            let text =
                format!("{}.{}: loading goes on, after {} s", table.database, table.name, time.as_secs());
            self.loader.tell(Level::Info, text);
        }
        if visible {
            self.note_visible(&table.database, &held.label);
        }
        settle(&mut table.pending().held, held);
        Ok(Progress::Done)
    }

    fn send(&self, held: &Held, earlier: bool) -> Result<bool, SinkError> {
        held.sent.get_or_init(|| self.now(&held.destination.database));
        self.loader.load(&Rows {
            destination: &held.destination,
            label: &held.label,
            rows: held.rows,
            body: &held.packed,
            earlier,
        })
    }

    /// Asks for the label and loads the batch only if it isn't loaded already; says whether it is visible.
    fn settle_doubt(&self, table: &Table, held: &Held) -> Result<bool, SinkError> {
        match self.loader.label_state(&table.database, &held.label)? {
            state @ (LabelState::Visible | LabelState::Committed) => {
                let text = format!(
                    "{} rows for {}.{} were loaded before: label {} is committed",
                    held.rows, table.database, table.name, held.label
                );
                self.loader.tell(Level::Info, text);
                Ok(state == LabelState::Visible)
            }
            // An older request may still run; its end is waited for there.
            LabelState::Prepare | LabelState::Prepared | LabelState::Aborted(_) => self.send(held, true),
            LabelState::Unknown if self.is_remembered(table, held)? => self.send(held, true),
            LabelState::Unknown => {
                let doubt = self.doubt(table, held);
                match self.in_doubt {
                    InDoubt::Fail => Err(doubt.error()),
                    InDoubt::Skip => {
                        self.loader.tell(Level::Warn, doubt.skipped());
                        Ok(false)
                    }
                    InDoubt::LoadAgain => {
                        self.loader.tell(Level::Warn, doubt.loaded_again());
                        self.send(held, true)
                    }
                }
            }
        }
    }

    /// Whether the server would still know the batch's label, had it been loaded: it forgets labels in the order in
    /// which their rows became visible (after a restart of the FE, in which they were committed), so one whose rows were
    /// visible before the batch could be sent is a witness.
    fn is_remembered(&self, table: &Table, held: &Held) -> Result<bool, SinkError> {
        let Some(before) = held.before() else { return Ok(true) };
        if let Some(witness) = &before.witness
            && self.loader.label_state(&table.database, witness)? != LabelState::Unknown
        {
            return Ok(true);
        }
        let age = epoch_ms().saturating_sub(before.at);
        Ok(u128::try_from(age).unwrap_or(0) < TRUST.as_millis())
    }

    /// The label of a batch that another subtask has to load before this one.
    fn must_wait<'a>(&self, table: &Table, held: &'a Held) -> Result<Option<&'a str>, SinkError> {
        let after = held.restored.as_ref().and_then(|restored| restored.after.as_deref());
        let Some(after) = after.filter(|_| self.in_doubt != InDoubt::Skip) else { return Ok(None) };
        match self.loader.label_state(&table.database, after) {
            Ok(LabelState::Committed | LabelState::Visible) => Ok(None),
            Ok(_) => Ok(Some(after)),
            Err(error) if error.retriable => Ok(Some(after)),
            Err(error) => Err(error),
        }
    }

    /// Tells of a try that failed, and pauses; an error when the session ends meanwhile.
    fn stall(
        &self,
        table: &Table,
        held: &Held,
        tries: &mut Tries,
        error: &SinkError,
    ) -> Result<(), SinkError> {
        let pause = tries.stall.begin(&self.counters, self.retry_interval);
        if tries.stall.is_to_be_told() {
            let text = format!(
                "{}.{}: {} rows of a completed checkpoint can't be loaded yet. They are safe in its state, and are tried \
                 again until the server takes them; meanwhile {} bytes are held: {error}",
                table.database,
                table.name,
                held.rows,
                self.counters.get(Cell::HeldBytes)
            );
            self.loader.tell(Level::Warn, text);
        }
        self.flow.pause(pause)
    }

    fn doubt<'a>(&self, table: &'a Table, held: &'a Held) -> Doubt<'a> {
        Doubt {
            database: &table.database,
            table: &table.name,
            label: &held.label,
            rows: held.rows,
            checkpoint: held.restored.as_ref().and_then(|restored| restored.checkpoint),
            since: held.before().map_or_else(epoch_ms, |before| before.at),
            has_rows: true,
            standing: Standing::Unknown,
        }
    }
}

impl Held {
    /// Bytes of its rows as they will be sent.
    pub fn bytes(&self) -> u64 {
        Body::len(&self.packed)
    }

    /// What was known before it can have been loaded; `None` when it was never sent.
    fn before(&self) -> Option<&Before> {
        self.restored.as_ref().map(|restored| &restored.before).or_else(|| self.sent.get())
    }
}
