//! What a session asks of the server.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use starrocks_load::{
    Body, Client, ClientConfig, Commit, ErrorCode, Events as LoadEvents, Level as LoadLevel, Load, LoadError,
    Loaded, NoEvents, Rollback, Totals, Transaction, TransactionError, reply::LabelState,
};

use crate::counters::{Cell, Counters};
use crate::error::{Code, SinkError};
use crate::events::{Event, Events, Level, LoadEvent};

/// A table as loads name it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Destination {
    /// Its database.
    pub database: String,
    /// Its name.
    pub table: String,
    /// The headers that every load into it carries.
    pub headers: Vec<(String, String)>,
    /// Whether its rows are text that the user made: how many rows the server sees in it is then the user's affair.
    pub raw: bool,
}

impl Destination {
    /// The transaction of a label in this table.
    pub fn transaction<'a>(&'a self, label: &'a str) -> Transaction<'a> {
        Transaction { database: &self.database, table: &self.table, label, headers: &self.headers }
    }

    /// What the server must count, of that many rows.
    fn countable(&self, rows: u64) -> Option<u64> {
        (!self.raw).then_some(rows)
    }
}

/// Rows that are loaded together, under their label.
pub struct Rows<'a> {
    /// Where they go.
    pub destination: &'a Destination,
    /// Their label, for ever.
    pub label: &'a str,
    /// How many they are, unless the body says: it may grow.
    pub rows: u64,
    /// Their text.
    pub body: &'a dyn Body,
    /// Whether they may have been sent before, by a session that was restored or a call whose outcome isn't known.
    pub earlier: bool,
}

/// A transaction that couldn't be gone on with.
#[derive(Debug, Clone)]
pub struct Setback {
    /// Why.
    pub error: SinkError,
    /// Whether its rows may be sent in a new transaction, once this one is rolled back. Nothing of it can become
    /// visible without a commit.
    pub lost: bool,
}

/// A transaction to give up: its database, table and label.
pub type Abandoned = (String, String, String);

/// What a session asks of the server. Background threads call it side by side.
///
/// Every call tries as often as the options allow, unless told otherwise, and ends at once after
/// [`shutdown`](Self::shutdown).
pub trait Loader: Send + Sync {
    /// Loads rows for good; says whether it is known that they are visible already.
    fn load(&self, rows: &Rows<'_>) -> Result<bool, SinkError>;

    /// Whether the server has transactions.
    fn has_transactions(&self) -> Result<bool, SinkError>;

    /// Begins a transaction.
    fn begin(&self, transaction: &Transaction<'_>) -> Result<(), Setback>;

    /// Sends a part of its rows.
    fn send(&self, transaction: &Transaction<'_>, body: &dyn Body) -> Result<(), Setback>;

    /// Makes what was sent durable, which is so many rows and bytes.
    fn prepare(&self, destination: &Destination, label: &str, rows: u64, bytes: u64) -> Result<(), Setback>;

    /// Commits a prepared transaction of that many rows and bytes.
    fn commit(&self, transaction: &Transaction<'_>, rows: u64, bytes: u64) -> Result<Commit, SinkError>;

    /// Rolls a transaction back.
    fn rollback(&self, transaction: &Transaction<'_>) -> Result<Rollback, SinkError>;

    /// The state of a label.
    fn label_state(&self, database: &str, label: &str) -> Result<LabelState, SinkError>;

    /// Rolls back transactions that nobody will go on with, after [`shutdown`](Self::shutdown) too. Tries once, and
    /// for `limit` at most: what is left over, the server times out.
    fn abandon(&self, transactions: &[Abandoned], limit: Duration);

    /// Tells the user something.
    fn tell(&self, level: Level, text: String);

    /// Ends all calls at once; every later one fails.
    fn shutdown(&self);
}

/// Loads over HTTP, counts what happened and tells it.
pub struct HttpLoader {
    client: Client,
    config: ClientConfig,
    report: Report,
}

struct Report {
    counters: Arc<Counters>,
    events: Arc<Events>,
}

impl HttpLoader {
    /// A loader by this configuration.
    pub fn new(
        config: ClientConfig,
        counters: Arc<Counters>,
        events: Arc<Events>,
    ) -> Result<Self, SinkError> {
        let client = Client::new(config.clone())?;
        Ok(Self { client, config, report: Report { counters, events } })
    }
}

impl Loader for HttpLoader {
    fn load(&self, rows: &Rows<'_>) -> Result<bool, SinkError> {
        let load = Load {
            database: &rows.destination.database,
            table: &rows.destination.table,
            label: rows.label,
            headers: &rows.destination.headers,
            body: rows.body,
            rows: rows.destination.countable(rows.rows),
            earlier: rows.earlier,
        };
        let start = Instant::now();
        let result = self.client.load(&load, &self.report);
        // A body that grew has its numbers only now.
        let (count, bytes) = (rows.body.rows().unwrap_or(rows.rows), rows.body.len());
        match result {
            Ok(loaded) => {
                self.report.loaded(count, bytes, &loaded);
                Ok(loaded.visible)
            }
            Err(error) => {
                if error.code != ErrorCode::Cancelled {
                    self.report.failed(count, bytes, start.elapsed());
                }
                Err(error.into())
            }
        }
    }

    fn has_transactions(&self) -> Result<bool, SinkError> {
        Ok(self.client.has_transactions(&self.report)?)
    }

    fn begin(&self, transaction: &Transaction<'_>) -> Result<(), Setback> {
        Ok(self.client.begin(transaction, &self.report)?)
    }

    fn send(&self, transaction: &Transaction<'_>, body: &dyn Body) -> Result<(), Setback> {
        Ok(self.client.send(transaction, body, &self.report)?)
    }

    fn prepare(&self, destination: &Destination, label: &str, rows: u64, bytes: u64) -> Result<(), Setback> {
        let transaction = destination.transaction(label);
        let sent = Totals { rows: destination.countable(rows), bytes: Some(bytes) };
        let loaded = self.client.prepare(&transaction, sent, &self.report)?;
        self.report.left_out(&loaded);
        Ok(())
    }

    fn commit(&self, transaction: &Transaction<'_>, rows: u64, bytes: u64) -> Result<Commit, SinkError> {
        let start = Instant::now();
        let result = self.client.commit(transaction, &self.report);
        let elapsed = start.elapsed();
        match &result {
            Ok(Commit::Committed) => {
                self.report.counters.add(Cell::Commits, 1);
                self.report.counters.add(Cell::CommitNs, nanos(elapsed));
                let mut loaded = Loaded::default();
                (loaded.elapsed, loaded.elapsed_without_retries) = (elapsed, elapsed);
                self.report.loaded(rows, bytes, &loaded);
            }
            Err(error) if error.code == ErrorCode::Cancelled => {}
            _ => self.report.failed(rows, bytes, elapsed),
        }
        Ok(result?)
    }

    fn rollback(&self, transaction: &Transaction<'_>) -> Result<Rollback, SinkError> {
        self.report.counters.add(Cell::Rollbacks, 1);
        Ok(self.client.rollback(transaction, &self.report)?)
    }

    fn label_state(&self, database: &str, label: &str) -> Result<LabelState, SinkError> {
        Ok(self.client.label_state(database, label, &self.report)?)
    }

    fn abandon(&self, transactions: &[Abandoned], limit: Duration) {
        let mut config = self.config.clone();
        config.max_retries = 0;
        config.connect_timeout = config.connect_timeout.min(limit);
        config.socket_timeout = Some(limit);
        let Ok(client) = Client::new(config) else { return };
        let deadline = Instant::now() + limit;
        let roll_back_all = || {
            for (database, table, label) in transactions {
                let transaction = Transaction { database, table, label, headers: &[] };
                self.report.counters.add(Cell::Rollbacks, 1);
                if client.rollback(&transaction, &NoEvents).is_err() {
                    // The server is gone or busy: the others would fare no better.
                    return;
                }
            }
        };
        std::thread::scope(|scope| {
            let thread = std::thread::Builder::new().name("sr-abandon".into());
            let Ok(thread) = thread.spawn_scoped(scope, roll_back_all) else { return };
            while !thread.is_finished() && Instant::now() < deadline {
                std::thread::sleep(Duration::from_millis(2));
            }
            client.shutdown();
        });
    }

    fn tell(&self, level: Level, text: String) {
        self.report.tell(Event::Log(level, text));
    }

    fn shutdown(&self) {
        self.client.shutdown();
    }
}

impl Report {
    fn loaded(&self, rows: u64, bytes: u64, loaded: &Loaded) {
        let (rows, bytes) = (rows as i64, bytes as i64);
        let event = LoadEvent {
            ok: true,
            rows,
            bytes,
            total_ns: nanos(loaded.elapsed),
            last_try_ns: nanos(loaded.elapsed_without_retries),
            retries: i32::try_from(loaded.retries).unwrap_or(i32::MAX),
            server_ms: [
                said(loaded.load_ms),
                said(loaded.plan_ms),
                said(loaded.read_ms),
                said(loaded.write_ms),
                said(loaded.commit_publish_ms),
            ],
        };
        let counters = &self.counters;
        counters.add(Cell::LoadsOk, 1);
        counters.add(Cell::RowsLoaded, rows);
        counters.add(Cell::BytesLoaded, bytes);
        self.left_out(loaded);
        counters.add(Cell::FlushNs, event.total_ns);
        counters.add(Cell::FlushNsWithoutRetries, event.last_try_ns);
        self.tell(Event::Load(event));
    }

    /// Counts rows that the server left out with the user's leave.
    fn left_out(&self, loaded: &Loaded) {
        self.counters.add(Cell::RowsFiltered, said(loaded.filtered_rows).max(0));
        self.counters.add(Cell::RowsUnselected, said(loaded.unselected_rows).max(0));
    }

    fn failed(&self, rows: u64, bytes: u64, elapsed: Duration) {
        self.counters.add(Cell::LoadsFailed, 1);
        self.counters.add(Cell::FlushNs, nanos(elapsed));
        self.tell(Event::Load(LoadEvent {
            ok: false,
            rows: rows as i64,
            bytes: bytes as i64,
            total_ns: nanos(elapsed),
            last_try_ns: -1,
            retries: -1,
            server_ms: [-1; 5],
        }));
    }

    fn tell(&self, event: Event) {
        if !self.events.push(event) {
            self.counters.add(Cell::EventsDropped, 1);
        }
    }
}

impl LoadEvents for Report {
    fn log(&self, level: LoadLevel, text: &str) {
        let level = match level {
            LoadLevel::Debug => Level::Debug,
            LoadLevel::Info => Level::Info,
            LoadLevel::Warn => Level::Warn,
            LoadLevel::Error => Level::Error,
        };
        self.tell(Event::Log(level, text.to_owned()));
    }

    fn retrying(&self) {
        self.counters.add(Cell::LoadRetries, 1);
    }
}

impl fmt::Debug for Rows<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rows").field("label", &self.label).field("rows", &self.rows).finish_non_exhaustive()
    }
}

impl From<TransactionError> for Setback {
    fn from(setback: TransactionError) -> Self {
        Self { error: setback.error.into(), lost: setback.lost }
    }
}

impl From<LoadError> for SinkError {
    fn from(error: LoadError) -> Self {
        let code = match error.code {
            ErrorCode::Config => Code::Config,
            ErrorCode::Load => Code::Load,
            ErrorCode::Connect => Code::Connect,
            ErrorCode::Timeout => Code::Timeout,
            ErrorCode::Auth => Code::Auth,
            ErrorCode::Schema => Code::Schema,
            ErrorCode::Cancelled => Code::Cancelled,
            ErrorCode::Undecided => Code::Undecided,
            // The list is open for the crates' sake only; a new code must be given its place here.
            _ => Code::Internal,
        };
        Self {
            code,
            retriable: error.retriable,
            http_status: error.http_status,
            label: error.label,
            message: error.message,
        }
    }
}

fn said(value: Option<u64>) -> i64 {
    value.map_or(-1, |value| value as i64)
}

fn nanos(time: Duration) -> i64 {
    i64::try_from(time.as_nanos()).unwrap_or(i64::MAX)
}
