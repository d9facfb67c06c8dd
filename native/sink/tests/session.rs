//! A session against a loader that keeps what it gets, so that every byte can be accounted for.

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
use starrocks_sink::pool::CHUNK;
use starrocks_sink::{Code, Config, Loader, Session, SinkError, live};

const SHORT: Duration = Duration::from_millis(50);
/// What a row block is said to hold, whatever the test's blocks are.
const BLOCK: usize = 256 * 1024;
const LONG: Duration = Duration::from_secs(20);

/// The live counters are the process's: tests that look at them must not run side by side with others.
static ALONE: Mutex<()> = Mutex::new(());

fn alone() -> MutexGuard<'static, ()> {
    ALONE.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Arrived {
    table: String,
    label: String,
    body: String,
}

/// Keeps bodies, when it is let.
#[derive(Default)]
struct Keeper {
    arrived: Mutex<Vec<Arrived>>,
    closed: AtomicBool,
    shut: AtomicBool,
    refuse: Mutex<Option<SinkError>>,
    panics: AtomicBool,
    busy: Mutex<Vec<String>>,
    overlaps: AtomicUsize,
    most_busy: AtomicUsize,
}

impl Keeper {
    fn gate(&self, closed: bool) {
        self.closed.store(closed, SeqCst);
    }

    fn bodies(&self, table: &str) -> Vec<String> {
        let arrived = self.arrived.lock().unwrap();
        arrived.iter().filter(|batch| batch.table == table).map(|batch| batch.body.clone()).collect()
    }
}

impl Loader for Keeper {
    fn load(&self, rows: &Rows<'_>) -> Result<bool, SinkError> {
        let table = &rows.destination.table;
        {
            let mut busy = self.busy.lock().unwrap();
            self.overlaps.fetch_add(busy.iter().filter(|other| *other == table).count(), SeqCst);
            busy.push(table.clone());
            self.most_busy.fetch_max(busy.len(), SeqCst);
        }
        while self.closed.load(SeqCst) && !self.shut.load(SeqCst) {
            std::thread::sleep(Duration::from_millis(1));
        }
        self.busy.lock().unwrap().retain(|other| other != table);
        assert!(!self.panics.load(SeqCst), "told to panic");
        if self.shut.load(SeqCst) {
            return Err(SinkError::new(Code::Cancelled, "shut down"));
        }
        if let Some(error) = self.refuse.lock().unwrap().clone() {
            return Err(error);
        }
        let mut body = String::new();
        rows.body.reader().read_to_string(&mut body).unwrap();
        self.arrived.lock().unwrap().push(Arrived {
            table: table.clone(),
            label: rows.label.to_owned(),
            body,
        });
        Ok(true)
    }

    fn has_transactions(&self) -> Result<bool, SinkError> {
        Ok(false)
    }

    fn begin(&self, _: &Transaction<'_>) -> Result<(), Setback> {
        unreachable!("these sessions only load")
    }

    fn send(&self, _: &Transaction<'_>, _: &dyn Body) -> Result<(), Setback> {
        unreachable!("these sessions only load")
    }

    fn prepare(&self, _: &Destination, _: &str, _: u64, _: u64) -> Result<(), Setback> {
        unreachable!("these sessions only load")
    }

    fn commit(&self, _: &Transaction<'_>, _: u64, _: u64) -> Result<Commit, SinkError> {
        unreachable!("these sessions only load")
    }

    fn rollback(&self, _: &Transaction<'_>) -> Result<Rollback, SinkError> {
        unreachable!("these sessions only load")
    }

    fn label_state(&self, _: &str, _: &str) -> Result<LabelState, SinkError> {
        unreachable!("these sessions only load")
    }

    fn abandon(&self, _: &[Abandoned], _: Duration) {
        unreachable!("these sessions only load")
    }

    fn tell(&self, _: Level, _: String) {}

    fn shutdown(&self) {
        self.shut.store(true, SeqCst);
    }
}

struct Sink {
    session: Session,
    keeper: Arc<Keeper>,
    counters: Arc<Counters>,
}

fn open(options: &[(&str, &str)]) -> Sink {
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
        ("context.job-id", "4d1f"),
        ("context.subtask", "3"),
    ];
    all.retain(|(key, _)| options.iter().all(|(own, _)| own != key));
    all.extend(options);
    let config = Config::decode(&pairs::encode::<str>(&all)).unwrap();
    let (keeper, counters) = (Arc::new(Keeper::default()), Arc::new(Counters::new()));
    let loader = Arc::clone(&keeper) as Arc<dyn Loader>;
    let session = Session::open(config, loader, Arc::clone(&counters), Arc::new(Events::default())).unwrap();
    Sink { session, keeper, counters }
}

impl Sink {
    fn table(&self, name: &str, format: &str) -> u16 {
        let description =
            [("database", "db"), ("table", name), ("format", format), ("raw", "true"), ("op", "false")];
        self.session.add_table(&pairs::encode::<str>(&description)).unwrap()
    }

    fn submit(&self, block: &[u8], from: usize) -> Result<usize, SinkError> {
        self.session.submit(block, from, BLOCK, SHORT)
    }

    fn send(&self, table: u16, rows: &[&str]) {
        let block = block(table, rows);
        let mut position = 0;
        let deadline = Instant::now() + LONG;
        while position < block.len() {
            assert!(Instant::now() < deadline, "no progress at {position} of {}", block.len());
            position = self.submit(&block, position).unwrap();
        }
    }

    fn flush(&self) {
        self.session.flush().unwrap();
        assert!(self.session.wait_loaded(LONG).unwrap());
    }
}

fn block(table: u16, rows: &[&str]) -> Vec<u8> {
    let mut block = BlockWriter::new();
    rows.iter().for_each(|row| block.raw(table, Op::Upsert, row.as_bytes()));
    block.into_bytes()
}

fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + LONG;
    while !holds() {
        assert!(Instant::now() < deadline, "not within {LONG:?}: {what}");
        std::thread::sleep(Duration::from_millis(2));
    }
}

#[test]
fn rows_arrive_once_in_order_and_framed() {
    let _alone = alone();
    let sink = open(&[]);
    let (csv, json) = (sink.table("c", "csv"), sink.table("j", "json"));
    assert_eq!((csv, json), (0, 1));
    assert_eq!(sink.table("c", "csv"), csv, "a table keeps its number");
    sink.send(csv, &["1\ta", "2\tb"]);
    sink.send(json, &["{\"a\":1}", "{\"a\":2}"]);
    sink.send(csv, &["3\tc"]);
    sink.flush();
    assert_eq!(sink.keeper.bodies("c"), ["1\ta\n2\tb\n3\tc\n"]);
    assert_eq!(sink.keeper.bodies("j"), ["[{\"a\":1},{\"a\":2}]"]);
    assert_eq!(sink.counters.get(Cell::RowsIn), 5);
    assert_eq!(sink.counters.get(Cell::BytesIn), 12 + 15);
    assert_eq!(sink.counters.get(Cell::BatchesSealed), 2);
    assert_eq!(sink.counters.get(Cell::BufferedBytes), 0);
    assert_eq!(sink.counters.get(Cell::InflightRows), 0);
}

#[test]
fn an_empty_flush_loads_nothing() {
    let _alone = alone();
    let sink = open(&[]);
    sink.table("t", "csv");
    sink.flush();
    assert_eq!(sink.keeper.bodies("t"), [""; 0]);
}

#[test]
fn rows_seal_a_batch_and_every_batch_has_a_label_of_its_own() {
    let _alone = alone();
    let sink = open(&[("sink.buffer-flush.max-rows", "2")]);
    let table = sink.table("t", "csv");
    sink.send(table, &["1", "2", "3", "4", "5"]);
    sink.flush();
    assert_eq!(sink.keeper.bodies("t"), ["1\n2\n", "3\n4\n", "5\n"]);
    let mut labels: Vec<_> =
        sink.keeper.arrived.lock().unwrap().iter().map(|batch| batch.label.clone()).collect();
    assert!(labels.iter().all(|label| label.starts_with("flink-t-3-4d1f")), "{labels:?}");
    labels.dedup();
    assert_eq!(labels.len(), 3);
}

#[test]
fn bytes_seal_a_batch() {
    let _alone = alone();
    let sink = open(&[("sink.buffer-flush.max-bytes", "200000"), ("sink.chunk-limit", "70000")]);
    let row = "x".repeat(29_999);
    let table = sink.table("t", "csv");
    sink.send(table, &[&row, &row, &row, &row]);
    sink.flush();
    let sizes: Vec<_> = sink.keeper.bodies("t").iter().map(String::len).collect();
    assert_eq!(sizes, [60_000, 60_000]);
}

#[test]
fn bytes_of_all_tables_together_seal_the_largest() {
    let _alone = alone();
    let sink = open(&[("sink.buffer-flush.max-bytes", "100000")]);
    let (big, small) = (sink.table("big", "csv"), sink.table("small", "csv"));
    sink.send(big, &[&"x".repeat(60_000)]);
    sink.send(small, &[&"y".repeat(30_000)]);
    sink.send(small, &[&"y".repeat(20_000)]);
    eventually("the big one is loaded", || sink.keeper.bodies("big").len() == 1);
    assert_eq!(sink.keeper.bodies("small"), [""; 0]);
}

#[test]
fn age_seals_a_batch() {
    let _alone = alone();
    let sink = open(&[("sink.buffer-flush.interval-ms", "300")]);
    let table = sink.table("t", "csv");
    let start = Instant::now();
    sink.send(table, &["1"]);
    eventually("the row is loaded by age", || sink.keeper.bodies("t") == ["1\n"]);
    assert!(start.elapsed() >= Duration::from_millis(300));
}

#[test]
fn one_table_loads_in_order_and_tables_load_side_by_side() {
    let _alone = alone();
    let sink = open(&[("sink.buffer-flush.max-rows", "1")]);
    let tables = [sink.table("a", "csv"), sink.table("b", "csv")];
    sink.keeper.gate(true);
    for number in 0..20 {
        tables.iter().for_each(|table| sink.send(*table, &[&number.to_string()]));
    }
    eventually("both tables are being loaded", || sink.keeper.most_busy.load(SeqCst) == 2);
    sink.keeper.gate(false);
    sink.flush();
    let expected: Vec<_> = (0..20).map(|number| format!("{number}\n")).collect();
    assert_eq!(sink.keeper.bodies("a"), expected);
    assert_eq!(sink.keeper.bodies("b"), expected);
    assert_eq!(sink.keeper.overlaps.load(SeqCst), 0);
}

#[test]
fn the_memory_bound_holds_and_pushes_back() {
    let _alone = alone();
    let limit = 4 << 20;
    let sink = open(&[("sink.buffer.max-memory", &limit.to_string())]);
    let table = sink.table("t", "csv");
    sink.keeper.gate(true);
    let row = "r".repeat(999);
    let block = block(table, &vec![row.as_str(); 5000]);
    let start = Instant::now();
    let reached = sink.submit(&block, 0).unwrap();
    assert!(reached < block.len(), "5 MB don't fit into 4");
    assert!(start.elapsed() >= SHORT);
    assert!(sink.counters.get(Cell::MemoryUsed) <= limit);
    assert!(live::bytes() <= limit);
    assert!(sink.counters.get(Cell::TimesBufferFull) > 0);
    assert!(sink.counters.get(Cell::WaitNs) > 0);
    assert_eq!(sink.submit(&block, reached).unwrap(), reached, "still full");

    sink.keeper.gate(false);
    let mut position = reached;
    eventually("the rest is taken", || {
        position = sink.submit(&block, position).unwrap();
        position == block.len()
    });
    sink.flush();
    let rows: usize =
        sink.keeper.bodies("t").iter().map(|body| body.lines().filter(|line| *line == row).count()).sum();
    assert_eq!(rows, 5000);
    assert_eq!(sink.counters.get(Cell::RowsIn), 5000);
}

#[test]
fn many_open_batches_at_the_bound_make_room_by_themselves() {
    let _alone = alone();
    let limit = (1 << 20) + (8 * CHUNK);
    let sink = open(&[("sink.buffer.max-memory", &limit.to_string())]);
    for number in 0..40 {
        let name = format!("t{number}");
        let table = sink.table(&name, "csv");
        sink.send(table, &["x"]);
    }
    sink.flush();
    assert_eq!(sink.keeper.arrived.lock().unwrap().len(), 40);
}

#[test]
fn a_row_beyond_the_bound_is_an_error_with_a_remedy() {
    let _alone = alone();
    let limit = 2 << 20;
    let sink = open(&[("sink.buffer.max-memory", &limit.to_string())]);
    let table = sink.table("t", "csv");
    let error = sink.session.submit(&block(table, &[&"x".repeat(limit)]), 0, 0, SHORT).unwrap_err();
    assert_eq!(error.code, Code::Memory);
    assert!(error.message.contains("db.t") && error.message.contains("sink.buffer.max-memory"), "{error}");
}

#[test]
fn a_bad_row_is_not_consumed_and_those_before_it_are() {
    let _alone = alone();
    let sink = open(&[]);
    let table = sink.table("t", "json");
    let error = sink.submit(&block(table, &["{}", " "]), 0).unwrap_err();
    assert_eq!(error.code, Code::Row);
    sink.flush();
    assert_eq!(sink.keeper.bodies("t"), ["[{}]"]);
}

#[test]
fn blocks_that_make_no_sense_are_errors() {
    let _alone = alone();
    let sink = open(&[]);
    assert_eq!(sink.submit(&block(0, &["x"]), 0).unwrap_err().code, Code::Block, "unknown table");
    let table = sink.table("t", "csv");
    let good = block(table, &["x"]);
    assert_eq!(sink.submit(&good[..good.len() - 1], 0).unwrap_err().code, Code::Block, "cut off");
    assert_eq!(sink.submit(&[0xff; 64], 0).unwrap_err().code, Code::Block, "garbage");
    assert_eq!(sink.submit(&good, good.len()).unwrap(), good.len(), "nothing to do");
}

#[test]
fn a_failed_load_fails_the_session_with_its_message() {
    let _alone = alone();
    let sink = open(&[("sink.buffer-flush.max-rows", "1")]);
    let table = sink.table("t", "csv");
    *sink.keeper.refuse.lock().unwrap() = Some(SinkError::new(Code::Load, "too many filtered rows"));
    sink.send(table, &["1"]);
    let error = sink.session.wait_loaded(LONG).unwrap_err();
    assert_eq!((error.code, error.message.as_str()), (Code::Load, "too many filtered rows"));
    *sink.keeper.refuse.lock().unwrap() = None;
    for result in
        [sink.session.check(), sink.session.flush(), sink.submit(&block(table, &["2"]), 0).map(drop)]
    {
        assert_eq!(result.unwrap_err().message, "too many filtered rows");
    }
    assert_eq!(sink.keeper.bodies("t"), [""; 0], "nothing is loaded behind a failure");
}

#[test]
fn a_panic_while_loading_is_a_failure() {
    let _alone = alone();
    let sink = open(&[]);
    let table = sink.table("t", "csv");
    sink.keeper.panics.store(true, SeqCst);
    sink.send(table, &["1"]);
    sink.session.flush().unwrap();
    let error = sink.session.wait_loaded(LONG).unwrap_err();
    assert_eq!(error.code, Code::Internal);
    assert!(error.message.contains("told to panic"), "{error}");
}

#[test]
fn cancelling_ends_what_waits_and_dropping_frees_everything() {
    let _alone = alone();
    let sink = open(&[("sink.buffer-flush.max-rows", "1")]);
    let table = sink.table("t", "csv");
    sink.keeper.gate(true);
    sink.send(table, &["1", "2", "3"]);
    assert_eq!((live::sessions(), live::threads()), (1, 2));
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| sink.session.wait_loaded(LONG));
        std::thread::sleep(SHORT);
        let start = Instant::now();
        sink.session.cancel();
        assert_eq!(waiting.join().unwrap().unwrap_err().code, Code::Cancelled);
        assert!(start.elapsed() < Duration::from_secs(1));
    });
    let start = Instant::now();
    drop(sink);
    assert!(start.elapsed() < Duration::from_secs(1));
    assert_eq!((live::sessions(), live::threads(), live::bytes()), (0, 0, 0));
}

#[test]
fn fifty_sessions_leave_nothing_behind() {
    let _alone = alone();
    for round in 0..50 {
        let sink = open(&[]);
        let table = sink.table("t", "csv");
        sink.send(table, &["1", "2"]);
        if round % 2 == 0 {
            sink.flush();
        }
    }
    assert_eq!((live::sessions(), live::threads(), live::bytes()), (0, 0, 0));
}

#[test]
fn a_configuration_names_what_is_wrong_with_it() {
    let error = Config::decode(b"nonsense").err().unwrap();
    assert_eq!(error.code, Code::Config);
    let missing = Config::decode(&pairs::encode::<str>(&[
        ("load-url", "fe:8030"),
        ("username", "root"),
        ("password", "secret"),
    ]))
    .err()
    .unwrap();
    assert!(missing.message.contains("sink.buffer.max-memory"), "{missing}");
    assert!(!missing.message.contains("secret"));
}
