//! Stream contexts: the open transactions in a BE's memory. They are not persistent, and no other BE knows them.

use crate::http::Request;
use crate::labels::State;
use crate::load::Intake;
use crate::server::Server;
use crate::store::LedgerEntry;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};
use std::time::{Duration, Instant};

/// Headers that shape the plan of a load: they must be the same in all loads of a transaction.
const PLAN_HEADERS: [&str; 27] = [
    "db",
    "table",
    "format",
    "columns",
    "where",
    "column_separator",
    "row_delimiter",
    "skip_header",
    "trim_space",
    "enclose",
    "escape",
    "partitions",
    "temporary_partitions",
    "negative",
    "strict_mode",
    "timezone",
    "load_mem_limit",
    "max_filter_ratio",
    "jsonpaths",
    "json_root",
    "strip_outer_array",
    "partial_update",
    "partial_update_mode",
    "merge_condition",
    "compression",
    "content-encoding",
    "transmission_compression_type",
];

/// An open transaction of a BE.
#[derive(Debug)]
pub struct Context {
    /// Its label.
    pub label: String,
    /// Its database.
    pub database: String,
    /// Its table.
    pub table: String,
    /// Its number.
    pub transaction: i64,
    /// When it began, in milliseconds since 1970.
    pub begun_ms: i64,
    begun: Instant,
    timeout: Duration,
    idle: Option<Duration>,
    /// Apart from the work, so that the cleaner can look at it without the label's lock.
    last_data: Mutex<Instant>,
    work: Mutex<Work>,
}

/// What was loaded so far. Whoever has it holds the label's lock.
#[derive(Debug)]
pub struct Work {
    /// Where the rows go; `None` before the first load.
    pub intake: Option<Intake>,
    /// Bytes of all loads.
    pub bytes: u64,
    /// Milliseconds spent on planning.
    pub plan_ms: u64,
    /// Milliseconds spent on reading bodies.
    pub read_ms: u64,
    /// Why the pipeline behind the loads has failed.
    pub failure: Option<String>,
    headers: Vec<Option<String>>,
    /// Whether the context is gone, and this is what is left of it in somebody's hands.
    over: bool,
}

impl Context {
    /// A transaction that has just begun on the FE.
    pub fn new(
        (database, table, label): (&str, &str, &str),
        transaction: i64,
        timeout: Duration,
        idle: Option<Duration>,
    ) -> Self {
        let now = Instant::now();
        let work = Work {
            intake: None,
            bytes: 0,
            plan_ms: 0,
            read_ms: 0,
            failure: None,
            headers: Vec::new(),
            over: false,
        };
        Self {
            label: label.to_owned(),
            database: database.to_owned(),
            table: table.to_owned(),
            transaction,
            begun_ms: crate::clock::millis(),
            begun: now,
            timeout,
            idle,
            last_data: Mutex::new(now),
            work: Mutex::new(work),
        }
    }

    /// Takes the label's lock; `None` while another request has it.
    pub fn try_lock(&self) -> Option<MutexGuard<'_, Work>> {
        match self.work.try_lock() {
            Ok(work) => Some(work),
            Err(TryLockError::Poisoned(poisoned)) => Some(poisoned.into_inner()),
            Err(TryLockError::WouldBlock) => None,
        }
    }

    /// Data has come.
    pub fn touch(&self) {
        *self.last_data.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
    }

    /// Milliseconds since it began.
    pub fn age_ms(&self) -> u64 {
        self.begun.elapsed().as_millis() as u64
    }

    /// What the ledger says about it, but for its end.
    pub fn entry(&self, work: &Work, be: u16, request: u64) -> LedgerEntry {
        let loader = work.intake.as_ref().map(Intake::loader);
        LedgerEntry {
            database: self.database.clone(),
            table: self.table.clone(),
            label: self.label.clone(),
            transaction: self.transaction,
            rows: loader.map_or(0, |l| l.loaded()),
            filtered: loader.map_or(0, |l| l.filtered),
            unselected: loader.map_or(0, |l| l.unselected),
            bytes: work.bytes,
            be,
            request,
            begun: self.begun_ms,
            ..LedgerEntry::default()
        }
    }

    /// Why the cleaner ends it, if it does.
    fn expired(&self) -> Option<String> {
        if self.begun.elapsed() >= self.timeout {
            return Some(format!("transaction is aborted by timeout {} seconds.", self.timeout.as_secs()));
        }
        let last_data = *self.last_data.lock().unwrap_or_else(PoisonError::into_inner);
        let idle = self.idle.filter(|idle| last_data.elapsed() >= *idle)?;
        Some(format!("transaction is aborted by idle timeout {} seconds.", idle.as_secs()))
    }
}

impl Work {
    /// Whether the context is still there.
    pub fn is_over(&self) -> bool {
        self.over
    }

    /// Whether a load asks for the same plan as those before it. The first one sets it.
    pub fn same_plan(&mut self, request: &Request) -> bool {
        let headers: Vec<Option<String>> =
            PLAN_HEADERS.iter().map(|name| request.header(name).map(str::to_owned)).collect();
        if self.intake.is_none() {
            self.headers = headers;
            return true;
        }
        self.headers == headers
    }
}

/// The contexts of all BEs, by the number of the BE and the label.
#[derive(Debug, Default)]
pub struct Contexts {
    all: Mutex<HashMap<(usize, String), Arc<Context>>>,
}

impl Contexts {
    fn lock(&self) -> MutexGuard<'_, HashMap<(usize, String), Arc<Context>>> {
        self.all.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The context of a label on a BE.
    pub fn get(&self, be: usize, label: &str) -> Option<Arc<Context>> {
        self.lock().get(&(be, label.to_owned())).cloned()
    }

    /// Adds a context.
    pub fn insert(&self, be: usize, context: Context) {
        self.lock().insert((be, context.label.clone()), Arc::new(context));
    }

    /// Removes a context; `work` proves that nobody else is at it.
    pub fn remove(&self, be: usize, context: &Context, work: &mut Work) {
        work.over = true;
        // After a loss the label may have a new context.
        self.lock().retain(|(n, _), c| *n != be || c.transaction != context.transaction);
    }

    /// A BE has lost one of its contexts, or with `None` all of them, as if it had been started anew.
    pub fn lose(&self, be: usize, label: Option<&str>) {
        self.lock().retain(|(n, name), _| *n != be || label.is_some_and(|label| label != name));
    }

    /// All contexts with their BEs, by transaction.
    pub fn all(&self) -> Vec<(usize, Arc<Context>)> {
        let mut all: Vec<_> = self.lock().iter().map(|((be, _), context)| (*be, context.clone())).collect();
        all.sort_by_key(|(_, context)| context.transaction);
        all
    }
}

impl Server {
    /// Rolls a BE's transaction back: its context goes, and the FE aborts it, unless it has forgotten it.
    pub fn roll_back(&self, be: usize, context: &Context, work: &mut Work, request: u64, reason: &str) {
        self.contexts.remove(be, context, work);
        // It may have been cancelled, or have run out of time, meanwhile: then it is aborted already.
        let _ = self.labels().change(&context.database, context.transaction, State::Aborted, reason);
        let port = self.ports().be[be].address.port();
        self.note_aborted(context.entry(work, port, request), reason);
    }

    /// The BEs' cleaner: ends transactions that are too old, or have waited too long for data.
    pub fn clean_contexts(&self) {
        for (be, context) in self.contexts.all() {
            let Some(reason) = context.expired() else { continue };
            // Whoever holds the lock is a request; its transaction is looked at the next time.
            if let Some(mut work) = context.try_lock().filter(|work| !work.over) {
                self.roll_back(be, &context, &mut work, 0, &reason);
            }
        }
    }
}
