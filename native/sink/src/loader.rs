//! How a sealed batch gets to the server.

use std::sync::Arc;
use std::time::Duration;

use starrocks_load::{Client, ErrorCode, Events as LoadEvents, Level as LoadLevel, Load, LoadError, Loaded};

use crate::batch::Batch;
use crate::counters::{Cell, Counters};
use crate::error::{Code, SinkError};
use crate::events::{Event, Events, Level, LoadEvent};
use crate::writer::Target;

/// Loads batches. Flusher threads call it side by side, each for another table.
pub trait Loader: Send + Sync {
    /// Loads a batch for good, with as many tries as the options allow, always under the batch's label.
    fn load(&self, target: &Target, batch: &Batch) -> Result<(), SinkError>;

    /// Ends all loads at once; every later one fails.
    fn shutdown(&self);
}

/// Loads by stream load, counts what happened and tells it.
pub struct HttpLoader {
    client: Client,
    report: Report,
}

struct Report {
    counters: Arc<Counters>,
    events: Arc<Events>,
}

impl HttpLoader {
    /// A loader over `client`.
    pub fn new(client: Client, counters: Arc<Counters>, events: Arc<Events>) -> Self {
        Self { client, report: Report { counters, events } }
    }
}

impl Loader for HttpLoader {
    fn load(&self, target: &Target, batch: &Batch) -> Result<(), SinkError> {
        let load = Load {
            database: target.plan.database(),
            table: target.plan.table(),
            label: &batch.label,
            headers: &target.headers,
            body: batch,
            rows: (!target.raw).then_some(batch.rows),
            earlier: false,
        };
        let start = std::time::Instant::now();
        match self.client.load(&load, &self.report) {
            Ok(loaded) => {
                self.report.loaded(batch, &loaded);
                Ok(())
            }
            Err(error) => {
                if error.code != ErrorCode::Cancelled {
                    self.report.failed(batch, start.elapsed());
                }
                Err(error.into())
            }
        }
    }

    fn shutdown(&self) {
        self.client.shutdown();
    }
}

impl Report {
    fn loaded(&self, batch: &Batch, loaded: &Loaded) {
        let (rows, bytes) = (batch.rows as i64, batch.bytes() as i64);
        let said = |value: Option<u64>| value.map_or(-1, |value| value as i64);
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
        counters.add(Cell::RowsFiltered, said(loaded.filtered_rows).max(0));
        counters.add(Cell::RowsUnselected, said(loaded.unselected_rows).max(0));
        counters.add(Cell::FlushNs, event.total_ns);
        counters.add(Cell::FlushNsWithoutRetries, event.last_try_ns);
        self.tell(Event::Load(event));
    }

    fn failed(&self, batch: &Batch, elapsed: Duration) {
        self.counters.add(Cell::LoadsFailed, 1);
        self.counters.add(Cell::FlushNs, nanos(elapsed));
        self.tell(Event::Load(LoadEvent {
            ok: false,
            rows: batch.rows as i64,
            bytes: batch.bytes() as i64,
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

fn nanos(time: Duration) -> i64 {
    i64::try_from(time.as_nanos()).unwrap_or(i64::MAX)
}
