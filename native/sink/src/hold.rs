//! Exactly once on any server: batches are held until their checkpoint has completed, then loaded under their labels.
//!
//! A held batch is packed, in memory or in a spill file, and each checkpoint's state has all that aren't loaded. What
//! is in the state of a completed checkpoint is safe, so a server that can't be reached fails nothing: the batch is
//! tried again for as long as it takes.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

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
use crate::witness::{TRUST, Witnesses};

/// How far the clocks of two machines may be apart: a batch may seem that much younger than the moment.
const CLOCKS_APART: i64 = 60_000;

/// Pauses between looks at another subtask's batch: doubled from the first up to the last.
const LOOKS: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(1));

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
    waiting: Option<Waiting>,
}

/// For another subtask, which has to load a batch before.
#[derive(Debug)]
struct Waiting {
    since: Instant,
    pause: Duration,
    /// When it is to be looked for again.
    look_at: Instant,
}

/// What is to be done with a batch.
enum Step<'a> {
    /// Nothing more. Whether it is known to be visible.
    Settle { visible: bool },
    /// To send it.
    Send,
    /// To wait until the batch with this label is loaded.
    Wait(&'a str),
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
    /// Labels that were visible at some time.
    pub witnesses: Witnesses,
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
        Before { at: epoch_ms(), witness: self.witnesses.get(database) }
    }

    /// Sees to it that the witness of what comes next isn't one that was forgotten long ago.
    pub fn look_at_witness(&self, table: &Arc<Table>) {
        if let Some(label) = self.witnesses.due(&table.database, Instant::now()) {
            self.flow.push(table.settle, Class::Control, Job::LookAt(Arc::clone(table), label));
        }
    }

    /// Looks whether the rows of a label are visible, so that it can be a witness, or still be one.
    pub fn look_at(&self, table: &Table, label: &str) {
        let database = &table.database;
        let known = self.witnesses.is(database, label);
        match self.loader.label_state(database, label) {
            Ok(LabelState::Visible) if known => self.witnesses.confirm(database, label, Instant::now()),
            Ok(LabelState::Visible) => self.witnesses.add(database, label, Instant::now()),
            Ok(LabelState::Unknown) => self.witnesses.forgotten(database, label),
            _ => {}
        }
    }

    /// Loads a batch whose checkpoint has completed. To be done again until it works, however long that takes; other
    /// tables get their turn in between.
    pub fn load(&self, table: &Table, held: &Arc<Held>) -> Result<Progress, SinkError> {
        let mut tries = held.tries.lock().unwrap_or_else(PoisonError::into_inner);
        if tries.waiting.as_ref().is_some_and(|waiting| Instant::now() < waiting.look_at) {
            return Ok(Progress::Later);
        }
        let step = if tries.doubt { self.find_out(table, held, &tries) } else { Ok(Step::Send) };
        let outcome = match step {
            Ok(Step::Settle { visible }) => Ok(visible),
            Ok(Step::Send) => {
                let earlier = std::mem::replace(&mut tries.sent, true);
                self.send(held, earlier)
            }
            Ok(Step::Wait(other)) => {
                self.wait(table, &mut tries, other);
                return Ok(Progress::Later);
            }
            Err(error) => Err(error),
        };
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
            self.witnesses.add(&table.database, &held.label, Instant::now());
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

    /// Asks the server what became of a batch that may be loaded, and says what is left to do.
    fn find_out<'a>(&self, table: &Table, held: &'a Held, tries: &Tries) -> Result<Step<'a>, SinkError> {
        match self.loader.label_state(&table.database, &held.label)? {
            state @ (LabelState::Visible | LabelState::Committed) => {
                let text = format!(
                    "{} rows for {}.{} were loaded before: label {} is committed",
                    held.rows, table.database, table.name, held.label
                );
                self.loader.tell(Level::Info, text);
                Ok(Step::Settle { visible: state == LabelState::Visible })
            }
            // An older request may still run; its end is waited for where it is sent.
            LabelState::Prepare | LabelState::Prepared | LabelState::Aborted(_) => {
                Ok(self.must_wait(table, held, true)?.map_or(Step::Send, Step::Wait))
            }
            LabelState::Unknown => {
                let other = self.must_wait(table, held, false)?;
                if self.is_remembered(table, held)? {
                    return Ok(other.map_or(Step::Send, Step::Wait));
                }
                let doubt = self.doubt(table, held, other);
                match self.in_doubt {
                    InDoubt::Fail => Err(doubt.error()),
                    InDoubt::Skip => {
                        self.loader.tell(Level::Warn, doubt.skipped());
                        Ok(Step::Settle { visible: false })
                    }
                    InDoubt::LoadAgain => {
                        // Whoever has the other one loads it again too; but its label may be forgotten already.
                        if let Some(other) = other
                            && tries.waiting.as_ref().is_none_or(|waiting| waiting.since.elapsed() < TRUST)
                        {
                            return Ok(Step::Wait(other));
                        }
                        self.loader.tell(Level::Warn, doubt.loaded_again());
                        Ok(Step::Send)
                    }
                }
            }
        }
    }

    /// Whether the server would still know the batch's label, had it been loaded: it forgets labels in the order in
    /// which their rows became visible (after a restart of the FE, in which they were committed), so one whose rows were
    /// visible before the batch could be sent is a witness. Once that one is forgotten, the batch's may be too, however
    /// short the time.
    fn is_remembered(&self, table: &Table, held: &Held) -> Result<bool, SinkError> {
        let Some(before) = held.before() else { return Ok(true) };
        if let Some(witness) = &before.witness {
            return Ok(self.loader.label_state(&table.database, witness)? != LabelState::Unknown);
        }
        // A clock that goes far behind the one of then says nothing of the time in between.
        let age = epoch_ms().saturating_sub(before.at);
        Ok(age >= -CLOCKS_APART && u128::try_from(age).unwrap_or(0) < TRUST.as_millis())
    }

    /// The label of a batch that another subtask has to load before this one.
    ///
    /// Batches are sent in order. So if the server knows the label of this one, the other was loaded before, and where
    /// its label is unknown, it is forgotten. If not, this one says how long to wait: as long as its own label would be
    /// known, had it been loaded.
    fn must_wait<'a>(
        &self,
        table: &Table,
        held: &'a Held,
        is_known: bool,
    ) -> Result<Option<&'a str>, SinkError> {
        let after = held.restored.as_ref().and_then(|restored| restored.after.as_deref());
        let Some(after) = after.filter(|_| self.in_doubt != InDoubt::Skip) else { return Ok(None) };
        match self.loader.label_state(&table.database, after) {
            Ok(LabelState::Committed | LabelState::Visible) => Ok(None),
            Ok(LabelState::Unknown) if is_known => Ok(None),
            Ok(_) => Ok(Some(after)),
            Err(error) if error.retriable => Ok(Some(after)),
            Err(error) => Err(error),
        }
    }

    /// Notes that another subtask has to load a batch before.
    fn wait(&self, table: &Table, tries: &mut Tries, other: &str) {
        let now = Instant::now();
        let waiting = tries.waiting.get_or_insert(Waiting { since: now, pause: LOOKS.0, look_at: now });
        waiting.look_at = now + waiting.pause;
        waiting.pause = (waiting.pause * 2).min(LOOKS.1);
        if tries.stall.is_to_be_told() {
            let text = format!(
                "{}.{}: waits for label {other}, which another subtask has to load before",
                table.database, table.name
            );
            self.loader.tell(Level::Info, text);
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

    fn doubt<'a>(&self, table: &'a Table, held: &'a Held, after: Option<&'a str>) -> Doubt<'a> {
        Doubt {
            database: &table.database,
            table: &table.name,
            label: &held.label,
            rows: held.rows,
            checkpoint: held.restored.as_ref().and_then(|restored| restored.checkpoint),
            since: held.before().map_or_else(epoch_ms, |before| before.at),
            has_rows: true,
            witness: held.before().and_then(|before| before.witness.as_deref()),
            after,
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
