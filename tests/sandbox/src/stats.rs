//! What the server saw: a log of requests, and totals per table.

use crate::faults::Op;
use crate::http::Request;
use serde::Serialize;
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, PoisonError};

/// Requests kept in the log.
const KEPT: usize = 10_000;

/// A request as the log keeps it.
#[derive(Debug, Clone, Serialize)]
pub struct Entry {
    /// Its number, from 1, over all ports.
    pub number: u64,
    /// When its head was read, in milliseconds since 1970.
    pub at_ms: i64,
    /// When what it asks for was done, shortly before its answer; 0 if it isn't yet.
    pub done_ms: i64,
    /// Name of the port.
    pub port: String,
    /// Number of the connection's client port: requests of one connection share it.
    pub peer: u16,
    /// Whether it came over TLS.
    pub tls: bool,
    /// Method.
    pub method: String,
    /// Path and query.
    pub target: String,
    /// Headers in the order they came; of credentials only the user is shown.
    pub headers: Vec<(String, String)>,
    /// Status code of the answer, 0 if there was none.
    pub status: u16,
    /// What came of it, in a few words.
    pub outcome: String,
}

/// Totals of a table.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Totals {
    /// Loads that were committed.
    pub loads: u64,
    /// Rows they loaded.
    pub rows: u64,
    /// Bytes of their bodies.
    pub bytes: u64,
    /// Loads that failed.
    pub failed: u64,
}

/// How often an operation was asked for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Operations {
    /// Requests that got to whoever carries them out; redirects don't count.
    pub requests: u64,
    /// How many are being carried out now.
    pub running: u64,
    /// The largest number of them at the same time.
    pub peak: u64,
}

/// An operation that is being carried out, until it is dropped or answered.
#[derive(Debug)]
pub struct Running<'a> {
    stats: &'a Stats,
    number: u64,
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.stats.done(self.number);
    }
}

#[derive(Debug, Default)]
struct State {
    next: u64,
    log: VecDeque<Entry>,
    tables: BTreeMap<String, Totals>,
    operations: BTreeMap<Op, Operations>,
    /// What is being carried out, by request.
    running: BTreeMap<u64, Op>,
    bytes_received: u64,
}

impl State {
    /// A request that is still in the log.
    fn entry(&mut self, number: u64) -> Option<&mut Entry> {
        self.log.iter_mut().rev().find(|e| e.number == number)
    }
}

/// All statistics.
#[derive(Debug, Default)]
pub struct Stats {
    state: Mutex<State>,
}

impl Stats {
    fn with<T>(&self, use_it: impl FnOnce(&mut State) -> T) -> T {
        use_it(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Logs a request and returns its number.
    pub fn request(&self, port: &str, peer: u16, tls: bool, request: &Request) -> u64 {
        let shown = |(name, value): &(String, String)| {
            if name == "authorization" {
                let user = request.credentials().map_or_else(|| "?".to_owned(), |(user, _)| user);
                (name.clone(), format!("Basic {user}:***"))
            } else {
                (name.clone(), value.clone())
            }
        };
        self.with(|state| {
            state.next += 1;
            if state.log.len() == KEPT {
                state.log.pop_front();
            }
            state.log.push_back(Entry {
                number: state.next,
                at_ms: crate::clock::millis(),
                done_ms: 0,
                port: port.to_owned(),
                peer,
                tls,
                method: request.method.clone(),
                target: request.target.clone(),
                headers: request.headers.iter().map(shown).collect(),
                status: 0,
                outcome: String::new(),
            });
            state.next
        })
    }

    /// Notes how a request was answered.
    pub fn outcome(&self, number: u64, status: u16, outcome: &str) {
        self.with(|state| {
            if let Some(entry) = state.entry(number) {
                entry.status = status;
                entry.outcome = outcome.to_owned();
            }
        });
    }

    /// The operation of a request begins.
    pub fn running(&self, number: u64, op: Op) -> Running<'_> {
        self.with(|state| {
            state.running.insert(number, op);
            let operations = state.operations.entry(op).or_default();
            operations.requests += 1;
            operations.running += 1;
            operations.peak = operations.peak.max(operations.running);
        });
        Running { stats: self, number }
    }

    /// The operation of a request has ended, if it has one. It has before it is answered: whoever gets the answer may
    /// begin the next one.
    pub fn done(&self, number: u64) {
        self.with(|state| {
            let op = state.running.remove(&number);
            if let Some(entry) = state.entry(number).filter(|entry| entry.done_ms == 0) {
                entry.done_ms = crate::clock::millis();
            }
            if let Some(operations) = op.and_then(|op| state.operations.get_mut(&op)) {
                operations.running -= 1;
            }
        });
    }

    /// How often an operation was asked for.
    pub fn operations(&self, op: Op) -> Operations {
        self.with(|state| state.operations.get(&op).copied().unwrap_or_default())
    }

    /// Adds to a table's totals.
    pub fn load(&self, database: &str, table: &str, loaded: Option<u64>, bytes: u64) {
        self.with(|state| {
            state.bytes_received += bytes;
            let totals = state.tables.entry(format!("{database}.{table}")).or_default();
            match loaded {
                Some(rows) => {
                    totals.loads += 1;
                    totals.rows += rows;
                    totals.bytes += bytes;
                }
                None => totals.failed += 1,
            }
        });
    }

    /// The requests that are still in the log, oldest first.
    pub fn entries(&self) -> Vec<Entry> {
        self.with(|state| state.log.iter().cloned().collect())
    }

    /// Everything as JSON.
    pub fn report(&self) -> serde_json::Value {
        self.with(|state| {
            serde_json::json!({
                "requests": state.next,
                "bytes_received": state.bytes_received,
                "tables": state.tables,
                "operations": state.operations,
                "log": state.log,
            })
        })
    }

    /// Forgets everything but the numbering and what is going on.
    pub fn reset(&self) {
        self.with(|state| {
            let mut operations = std::mem::take(&mut state.operations);
            for of in operations.values_mut() {
                *of = Operations { running: of.running, peak: of.running, requests: 0 };
            }
            let running = std::mem::take(&mut state.running);
            *state = State { next: state.next, operations, running, ..State::default() };
        });
    }
}
