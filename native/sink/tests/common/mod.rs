//! A server in memory that holds to the rules of labels and transactions, and sessions over it.

// Not every test needs all of it.
#![allow(dead_code)]

use std::collections::HashMap;
use std::io::Read;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use starrocks_load::reply::LabelState;
use starrocks_load::{Body, Commit, Rollback, Transaction};
use starrocks_row::writer::BlockWriter;
use starrocks_row::{Op, pairs};
use starrocks_sink::counters::{Cell, Counters};
use starrocks_sink::events::{Events, Level};
use starrocks_sink::loader::{Abandoned, Destination, Rows, Setback};
use starrocks_sink::{Code, Config, Loader, Session, SinkError};

pub const SHORT: Duration = Duration::from_millis(50);
pub const LONG: Duration = Duration::from_secs(20);
const BLOCK: usize = 256 * 1024;

/// Something the server is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ask {
    Load,
    Begin,
    Send,
    Prepare,
    Commit,
}

/// What a label stands for.
#[derive(Clone, Debug)]
struct Entry {
    table: String,
    state: LabelState,
    bodies: Vec<String>,
}

#[derive(Default)]
struct State {
    labels: HashMap<String, Entry>,
    /// Visible rows by table, in the order in which they became so.
    tables: HashMap<String, Vec<String>>,
    /// What fails once, the first of a kind first; `true`: after it was done.
    faults: Vec<(Ask, bool)>,
    asked: Vec<(Ask, String)>,
    log: Vec<(Level, String)>,
    abandoned: Vec<String>,
}

/// The server.
#[derive(Default)]
pub struct Server {
    state: Mutex<State>,
    pub down: AtomicBool,
    pub old: AtomicBool,
    /// How long prepare and commit take, in ms.
    pub slow: AtomicUsize,
    shut: AtomicBool,
    deaf: AtomicBool,
    busy: AtomicUsize,
    pub most_busy: AtomicUsize,
}

impl Server {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    /// Lets the next request of this kind fail, `after` it has been done or before.
    pub fn fail(&self, ask: Ask, after: bool) {
        self.state().faults.push((ask, after));
    }

    /// The visible rows of a table.
    pub fn rows(&self, table: &str) -> Vec<String> {
        let bodies = self.state().tables.get(table).cloned().unwrap_or_default();
        bodies.iter().flat_map(|body| body.lines().map(str::to_owned).collect::<Vec<_>>()).collect()
    }

    /// Labels in this state.
    pub fn labels(&self, state: &LabelState) -> Vec<String> {
        let all = self.state();
        let mut labels: Vec<_> =
            all.labels.iter().filter(|(_, entry)| entry.state == *state).map(|(l, _)| l.clone()).collect();
        labels.sort();
        labels
    }

    /// Labels of open and of prepared transactions.
    pub fn unfinished(&self) -> Vec<String> {
        [self.labels(&LabelState::Prepare), self.labels(&LabelState::Prepared)].concat()
    }

    pub fn asked(&self, ask: Ask) -> usize {
        self.state().asked.iter().filter(|(asked, _)| *asked == ask).count()
    }

    pub fn forget(&self, label: &str) {
        self.state().labels.remove(label).expect("a label that is known");
    }

    pub fn abort(&self, label: &str) {
        self.state().labels.get_mut(label).unwrap().state = LabelState::Aborted("timed out".into());
    }

    pub fn log(&self, level: Level) -> String {
        let state = self.state();
        let lines: Vec<_> =
            state.log.iter().filter(|(at, _)| *at == level).map(|(_, text)| text.as_str()).collect();
        lines.join("\n")
    }

    pub fn abandoned(&self) -> Vec<String> {
        self.state().abandoned.clone()
    }

    /// Begins a request; an error when it fails before it is done. The answer says whether it fails after that.
    fn begin_request(&self, ask: Ask, label: &str) -> Result<bool, SinkError> {
        if self.shut.load(SeqCst) {
            return Err(SinkError::new(Code::Cancelled, "shut down"));
        }
        if self.down.load(SeqCst) {
            return Err(refused("connection refused"));
        }
        let mut state = self.state();
        state.asked.push((ask, label.to_owned()));
        match state.faults.iter().position(|(kind, _)| *kind == ask) {
            Some(found) if state.faults.remove(found).1 => Ok(true),
            Some(_) => Err(refused("busy")),
            None => Ok(false),
        }
    }

    fn transact(
        &self,
        ask: Ask,
        label: &str,
        doing: impl FnOnce(&mut State) -> Result<(), SinkError>,
    ) -> Result<(), Setback> {
        let lost = |error| Setback { error, lost: true };
        let lose = self.begin_request(ask, label).map_err(lost)?;
        doing(&mut self.state()).map_err(lost)?;
        if lose { Err(lost(refused("no answer"))) } else { Ok(()) }
    }

    fn linger(&self) {
        let busy = self.busy.fetch_add(1, SeqCst) + 1;
        self.most_busy.fetch_max(busy, SeqCst);
        std::thread::sleep(Duration::from_millis(self.slow.load(SeqCst) as u64));
        self.busy.fetch_sub(1, SeqCst);
    }
}

fn refused(why: &str) -> SinkError {
    SinkError { retriable: true, ..SinkError::new(Code::Connect, why) }
}

fn text(body: &dyn Body) -> String {
    let mut text = String::new();
    body.reader().read_to_string(&mut text).unwrap();
    assert_eq!(text.len() as u64, body.len());
    text
}

impl State {
    fn show(&mut self, label: &str) {
        let entry = self.labels.get_mut(label).unwrap();
        entry.state = LabelState::Visible;
        let (table, bodies) = (entry.table.clone(), entry.bodies.clone());
        self.tables.entry(table).or_default().extend(bodies);
    }

    fn expect(&self, label: &str, wanted: LabelState) -> Result<(), SinkError> {
        match self.labels.get(label) {
            Some(entry) if entry.state == wanted => Ok(()),
            other => {
                Err(refused(&format!("{label} is {:?}, not {wanted:?}", other.map(|entry| &entry.state))))
            }
        }
    }
}

impl Loader for Server {
    fn load(&self, rows: &Rows<'_>) -> Result<bool, SinkError> {
        let lose = self.begin_request(Ask::Load, rows.label)?;
        let mut state = self.state();
        if let Some(entry) = state.labels.get(rows.label) {
            let loaded = matches!(entry.state, LabelState::Visible | LabelState::Committed);
            assert!(rows.earlier && loaded, "{} is sent twice: {entry:?}", rows.label);
            return Ok(true);
        }
        let entry = Entry {
            table: rows.destination.table.clone(),
            state: LabelState::Visible,
            bodies: vec![text(rows.body)],
        };
        state.labels.insert(rows.label.to_owned(), entry);
        state.show(rows.label);
        if lose {
            return Err(SinkError { retriable: true, ..SinkError::new(Code::Undecided, "no answer") });
        }
        Ok(true)
    }

    fn has_transactions(&self) -> Result<bool, SinkError> {
        Ok(!self.old.load(SeqCst))
    }

    fn begin(&self, transaction: &Transaction<'_>) -> Result<(), Setback> {
        self.transact(Ask::Begin, transaction.label, |state| {
            let entry =
                Entry { table: transaction.table.to_owned(), state: LabelState::Prepare, bodies: Vec::new() };
            assert!(
                state.labels.insert(transaction.label.to_owned(), entry).is_none(),
                "a label begun twice"
            );
            Ok(())
        })
    }

    fn send(&self, transaction: &Transaction<'_>, body: &dyn Body) -> Result<(), Setback> {
        self.transact(Ask::Send, transaction.label, |state| {
            state.expect(transaction.label, LabelState::Prepare)?;
            state.labels.get_mut(transaction.label).unwrap().bodies.push(text(body));
            Ok(())
        })
    }

    fn prepare(&self, _: &Destination, label: &str, rows: u64, bytes: u64) -> Result<(), Setback> {
        self.linger();
        self.transact(Ask::Prepare, label, |state| {
            state.expect(label, LabelState::Prepare)?;
            let entry = state.labels.get_mut(label).unwrap();
            entry.state = LabelState::Prepared;
            let sent: usize = entry.bodies.iter().map(|body| body.lines().count()).sum();
            assert_eq!(sent as u64, rows);
            let sent: usize = entry.bodies.iter().map(|body| body.len()).sum();
            assert_eq!(sent as u64, bytes);
            Ok(())
        })
    }

    fn commit(&self, transaction: &Transaction<'_>, _: u64, _: u64) -> Result<Commit, SinkError> {
        self.linger();
        self.begin_request(Ask::Commit, transaction.label)?;
        let mut state = self.state();
        match state.labels.get(transaction.label).map(|entry| entry.state.clone()) {
            None => Ok(Commit::Unknown),
            Some(LabelState::Aborted(reason)) => Ok(Commit::Aborted(reason)),
            Some(LabelState::Prepared) => {
                state.show(transaction.label);
                Ok(Commit::Committed)
            }
            Some(LabelState::Visible) => Ok(Commit::Committed),
            other => panic!("commit of {} in state {other:?}", transaction.label),
        }
    }

    fn rollback(&self, transaction: &Transaction<'_>) -> Result<Rollback, SinkError> {
        if self.down.load(SeqCst) || self.shut.load(SeqCst) {
            return Err(refused("connection refused"));
        }
        let mut state = self.state();
        match state.labels.get_mut(transaction.label) {
            Some(entry) if entry.state == LabelState::Visible => Ok(Rollback::Committed),
            Some(entry) => {
                entry.state = LabelState::Aborted("rolled back".into());
                Ok(Rollback::RolledBack)
            }
            None => Ok(Rollback::RolledBack),
        }
    }

    fn label_state(&self, _: &str, label: &str) -> Result<LabelState, SinkError> {
        if self.down.load(SeqCst) {
            return Err(refused("connection refused"));
        }
        Ok(self.state().labels.get(label).map_or(LabelState::Unknown, |entry| entry.state.clone()))
    }

    fn abandon(&self, transactions: &[Abandoned], _: Duration) {
        if self.deaf.load(SeqCst) {
            return;
        }
        let mut state = self.state();
        for (_, _, label) in transactions {
            state.abandoned.push(label.clone());
            if let Some(entry) = state.labels.get_mut(label) {
                assert_eq!(entry.state, LabelState::Prepare, "{label} is abandoned");
                entry.state = LabelState::Aborted("abandoned".into());
            }
        }
    }

    fn tell(&self, level: Level, text: String) {
        self.state().log.push((level, text));
    }

    fn shutdown(&self) {
        self.shut.store(true, SeqCst);
    }
}

/// A session over a server that outlives it.
pub struct Sink {
    pub session: Session,
    pub counters: Arc<Counters>,
}

impl Server {
    /// Opens a session; it isn't ready yet.
    pub fn open(self: &Arc<Self>, options: &[(&str, &str)]) -> Sink {
        self.shut.store(false, SeqCst);
        let mut all = vec![
            ("load-url", "fe:8030"),
            ("username", "root"),
            ("password", ""),
            ("sink.io.thread-count", "2"),
            ("sink.chunk-limit", "3221225472"),
            ("sink.buffer-flush.max-bytes", "94371840"),
            ("sink.buffer-flush.max-rows", "500000"),
            ("sink.buffer-flush.interval-ms", "300000"),
            ("sink.buffer.max-memory", "188743680"),
            ("sink.max-retries", "3"),
            ("sink.retry.interval-ms", "1"),
            ("sink.semantic", "exactly-once"),
            ("context.job-id", "4d1f"),
            ("context.subtask", "3"),
        ];
        all.retain(|(key, _)| options.iter().all(|(own, _)| own != key));
        all.extend(options);
        let config = Config::decode(&pairs::encode::<str>(&all)).unwrap();
        let counters = Arc::new(Counters::new());
        let loader = Arc::clone(self) as Arc<dyn Loader>;
        let events = Arc::new(Events::default());
        let session = Session::open(config, loader, Arc::clone(&counters), events).unwrap();
        Sink { session, counters }
    }

    /// Ends a session as if its process had been killed: what it says in the end doesn't get through.
    pub fn kill(&self, sink: Sink) {
        self.deaf.store(true, SeqCst);
        drop(sink);
        self.deaf.store(false, SeqCst);
    }

    /// A session with this state, ready for rows.
    pub fn restore(self: &Arc<Self>, options: &[(&str, &str)], state: &[Vec<u8>]) -> Sink {
        let sink = self.open(options);
        sink.table("t");
        state.iter().for_each(|piece| sink.session.restore(piece).unwrap());
        assert!(sink.session.wait_ready(LONG).unwrap());
        sink
    }
}

impl Sink {
    pub fn table(&self, name: &str) -> u16 {
        let description =
            [("database", "db"), ("table", name), ("format", "csv"), ("raw", "true"), ("op", "false")];
        self.session.add_table(&pairs::encode::<str>(&description)).unwrap()
    }

    pub fn send(&self, table: u16, rows: &[&str]) {
        let mut block = BlockWriter::new();
        rows.iter().for_each(|row| block.raw(table, Op::Upsert, row.as_bytes()));
        let block = block.into_bytes();
        let mut position = 0;
        let deadline = Instant::now() + LONG;
        while position < block.len() {
            assert!(Instant::now() < deadline, "no progress at {position} of {}", block.len());
            position = self.session.submit(&block, position, BLOCK, SHORT).unwrap();
        }
    }

    /// Takes a checkpoint and gives its state.
    pub fn checkpoint(&self, id: u64) -> Vec<Vec<u8>> {
        self.session.begin_checkpoint(id).unwrap();
        assert!(self.session.wait_checkpoint(LONG).unwrap());
        std::iter::from_fn(|| self.session.next_state().unwrap()).collect()
    }

    /// Says that it completed, and waits for what that allows.
    pub fn complete(&self, id: u64) {
        self.session.complete_checkpoint(id).unwrap();
        assert!(self.session.wait_loaded(LONG).unwrap());
    }

    pub fn get(&self, cell: Cell) -> i64 {
        self.counters.get(cell)
    }
}

pub fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + LONG;
    while !holds() {
        assert!(Instant::now() < deadline, "not within {LONG:?}: {what}");
        std::thread::sleep(Duration::from_millis(2));
    }
}
