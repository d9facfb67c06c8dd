//! The sink, from row block to table, against the StarRocks look-alike with faults injected.
//!
//! [`World`] is a server with one table of numbered rows; [`Job`] is what a subtask does with its sink: write rows, take
//! checkpoints and complete them, and be restored from one. After a fault the table says whether a row is missing or
//! twice.

pub mod mortal;

use std::sync::Arc;
use std::time::{Duration, Instant};

use mysql::prelude::Queryable;
use starrocks_row::writer::BlockWriter;
use starrocks_row::{Op, pairs};
use starrocks_sandbox::config::Config as ServerConfig;
use starrocks_sandbox::faults::{Fault, Kind};
use starrocks_sandbox::server::Sandbox;
use starrocks_sink::counters::{Cell, Counters};
use starrocks_sink::events::Events;
use starrocks_sink::{Config, HttpLoader, Loader, Session, SinkError};

use crate::mortal::Mortal;

/// Long enough for anything here that does not hang.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// A running server with the table `d.t (id BIGINT, payload VARCHAR)`.
pub struct World {
    /// The server.
    pub sandbox: Sandbox,
}

impl World {
    /// A server as the tests use it unless they say otherwise.
    pub fn new() -> Self {
        Self::with(ServerConfig::default())
    }

    /// A server set up in some way.
    ///
    /// # Panics
    /// When it can't be started.
    pub fn with(config: ServerConfig) -> Self {
        let world = Self { sandbox: Sandbox::start(config).expect("the server starts") };
        world.execute("CREATE DATABASE d");
        world.create_table("t", "DUPLICATE KEY (id)");
        world
    }

    /// Adds a table of the same columns, with the given key.
    pub fn create_table(&self, name: &str, key: &str) {
        self.execute(&format!(
            "CREATE TABLE d.{name} (id BIGINT NOT NULL, payload VARCHAR(1000)) {key} DISTRIBUTED BY HASH (id)"
        ));
    }

    /// Runs a statement over the MySQL port.
    ///
    /// # Panics
    /// When the server refuses it.
    pub fn execute(&self, sql: &str) {
        self.connect().query_drop(sql).unwrap_or_else(|error| panic!("{sql}: {error}"));
    }

    fn connect(&self) -> mysql::Conn {
        let port = self.sandbox.server().ports().mysql.address;
        let options = mysql::OptsBuilder::new()
            .ip_or_hostname(Some(port.ip().to_string()))
            .tcp_port(port.port())
            .user(Some("root"))
            .prefer_socket(false);
        mysql::Conn::new(options).expect("the MySQL port answers")
    }

    /// The ids in a table, in order, each as often as it is there.
    ///
    /// # Panics
    /// When the server refuses the query.
    pub fn ids(&self, table: &str) -> Vec<u64> {
        self.connect().query(format!("SELECT id FROM d.{table} ORDER BY id")).expect("the table can be read")
    }

    /// The rows of a table, by their ids.
    ///
    /// # Panics
    /// When the server refuses the query.
    pub fn payloads(&self, table: &str) -> Vec<(u64, String)> {
        let query = format!("SELECT id, payload FROM d.{table} ORDER BY id");
        self.connect().query(query).expect("the table can be read")
    }

    /// Expects these ids in a table, after a moment at the latest: rows of a load that was committed, but whose
    /// publishing took longer than the server waits, become visible by and by.
    ///
    /// # Panics
    /// When they don't.
    pub fn expect_ids(&self, table: &str, expected: &[u64], when: &str) {
        let deadline = Instant::now() + Duration::from_secs(3);
        while self.ids(table) != expected && Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(20));
        }
        let there = self.ids(table);
        if there != expected {
            let rows: Vec<mysql::Row> =
                self.connect().query("SELECT * FROM sandbox.ledger").expect("the ledger");
            rows.iter().for_each(|row| eprintln!("{row:?}"));
        }
        let missing: Vec<_> = expected.iter().filter(|id| !there.contains(id)).collect();
        let twice: Vec<_> = there.windows(2).filter(|pair| pair[0] == pair[1]).map(|pair| pair[0]).collect();
        assert!(there == expected, "table {table}, {when}: missing {missing:?}, twice {twice:?}");
    }

    /// Expects no transaction to be open, after a moment at the latest.
    ///
    /// # Panics
    /// When one stays open.
    pub fn expect_none_open(&self, when: &str) {
        let deadline = Instant::now() + Duration::from_secs(3);
        while !self.open_labels().is_empty() && Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(20));
        }
        assert_eq!(self.open_labels(), [""; 0], "{when}");
    }

    /// The labels of all transactions that are open or prepared. What a BE still has in its memory although the FE has
    /// ended or forgotten it doesn't count: nobody but the BE can let go of that.
    pub fn open_labels(&self) -> Vec<String> {
        let open = self.sandbox.server().open_transactions().into_iter();
        open.filter(|open| open.state.is_some()).map(|open| open.label).collect()
    }

    /// The state of a label of the database `d`, in the server's words; `None` when it isn't known.
    pub fn label_state(&self, label: &str) -> Option<&'static str> {
        self.sandbox.server().labels().state("d", label).map(|(state, _)| state.name())
    }

    /// The labels of the table's loads and transactions that ended, with their states, oldest first.
    ///
    /// # Panics
    /// When the server refuses the query.
    pub fn ended(&self, table: &str) -> Vec<(String, String)> {
        let query = format!("SELECT label, state FROM sandbox.ledger WHERE tbl = '{table}' ORDER BY seq");
        self.connect().query(query).expect("the ledger can be read")
    }

    /// Injects a fault.
    ///
    /// # Panics
    /// When it is malformed.
    pub fn inject(&self, fault: Fault) {
        self.sandbox.server().faults.add(fault).expect("a sound fault");
    }

    /// Injects a fault that happens once, at the first chance.
    pub fn inject_once(&self, kind: Kind) {
        self.inject(Fault::new(kind));
    }

    /// How often the faults of this kind have happened.
    pub fn hits(&self, kind: Kind) -> u64 {
        let report = self.sandbox.server().faults.report();
        report.iter().filter(|report| report.fault.kind == kind).map(|report| report.hits).sum()
    }

    /// The `load-url` of the leader.
    pub fn load_url(&self) -> String {
        self.sandbox.server().ports().fe.address.to_string()
    }

    /// A job with quick retries; `options` come on top.
    pub fn job(&self, options: &[(&str, &str)]) -> Job {
        Job::open(&self.load_url(), options)
    }
}

impl Default for World {
    fn default() -> Self {
        Self::new()
    }
}

/// The ids from 0 on, so many.
pub fn all(count: u64) -> Vec<u64> {
    (0..count).collect()
}

/// Exactly-once, in one of its ways.
pub fn exactly_once(version: &'static str) -> [(&'static str, &'static str); 2] {
    [("sink.semantic", "exactly-once"), ("sink.version", version)]
}

/// The state of a checkpoint.
pub type State = Vec<Vec<u8>>;

/// A sink session and the table it writes.
pub struct Job {
    // Before the loader's other owners, so that its farewell is heard.
    session: Session,
    loader: Arc<Mortal>,
    table: u16,
    /// Its counters.
    pub counters: Arc<Counters>,
    events: Arc<Events>,
}

impl Job {
    /// Opens a session, without waiting until it is ready.
    ///
    /// # Panics
    /// When the configuration is refused.
    pub fn open(load_url: &str, options: &[(&str, &str)]) -> Self {
        Self::open_with(load_url, options, |_| ())
    }

    /// The same, with what is no option changed.
    ///
    /// # Panics
    /// When the configuration is refused.
    pub fn open_with(load_url: &str, options: &[(&str, &str)], change: impl FnOnce(&mut Config)) -> Self {
        let mut all = vec![
            ("load-url", load_url),
            ("username", "root"),
            ("password", ""),
            ("sink.io.thread-count", "2"),
            ("sink.chunk-limit", "3221225472"),
            ("sink.buffer-flush.max-bytes", "94371840"),
            ("sink.buffer-flush.max-rows", "500000"),
            ("sink.buffer-flush.interval-ms", "300000"),
            ("sink.buffer.max-memory", "188743680"),
            ("sink.max-retries", "4"),
            ("sink.retry.interval-ms", "20"),
            ("sink.socket.timeout-ms", "1500"),
            ("sink.wait-for-continue.timeout-ms", "700"),
            ("context.job-id", "c0ffee"),
            ("context.subtask", "0"),
        ];
        all.retain(|(key, _)| options.iter().all(|(own, _)| own != key));
        all.extend(options);
        let mut config = Config::decode(&pairs::encode::<str>(&all)).expect("a sound configuration");
        change(&mut config);
        let (counters, events) = (Arc::new(Counters::new()), Arc::new(Events::default()));
        let loader = HttpLoader::new(config.client.clone(), Arc::clone(&counters), Arc::clone(&events))
            .map(|loader| Arc::new(Mortal::new(loader)))
            .expect("a sound client configuration");
        let shared = Arc::clone(&loader) as Arc<dyn Loader>;
        let session =
            Session::open(config, shared, Arc::clone(&counters), Arc::clone(&events)).expect("a session");
        let mut job = Self { session, loader, table: 0, counters, events };
        let format = options.iter().find(|(key, _)| *key == "sink.properties.format");
        job.table = job.add_table("d", "t", format.map_or("csv", |(_, format)| format), false);
        job
    }

    /// Takes up the state of a checkpoint, of one subtask or several, and waits until it is dealt with.
    ///
    /// # Panics
    /// When that takes too long.
    pub fn restore<'a>(&self, state: impl IntoIterator<Item = &'a Vec<u8>>) -> Result<(), SinkError> {
        self.begin_restore(state)?;
        self.await_ready()
    }

    /// Takes up the state of a checkpoint, and begins to deal with it.
    pub fn begin_restore<'a>(&self, state: impl IntoIterator<Item = &'a Vec<u8>>) -> Result<(), SinkError> {
        state.into_iter().try_for_each(|piece| self.session.restore(piece))?;
        self.is_ready().map(|_| ())
    }

    /// Whether rows may come.
    pub fn is_ready(&self) -> Result<bool, SinkError> {
        self.session.wait_ready(Duration::ZERO)
    }

    /// Waits until rows may come.
    ///
    /// # Panics
    /// When that takes too long.
    pub fn await_ready(&self) -> Result<(), SinkError> {
        assert!(self.session.wait_ready(PATIENCE)?, "not ready within {PATIENCE:?}");
        Ok(())
    }

    /// Adds a table of `id` and `payload`.
    ///
    /// # Panics
    /// When it is refused.
    pub fn table(&self, name: &str, has_op: bool) -> u16 {
        self.table_of("d", name, has_op)
    }

    /// The same, of any database.
    ///
    /// # Panics
    /// When it is refused.
    pub fn table_of(&self, database: &str, name: &str, has_op: bool) -> u16 {
        self.add_table(database, name, "csv", has_op)
    }

    fn add_table(&self, database: &str, name: &str, format: &str, has_op: bool) -> u16 {
        let mut columns = 2u16.to_le_bytes().to_vec();
        for (column, node, server) in [("id", 5u8, "bigint"), ("payload", 9, "varchar")] {
            for text in [column, server] {
                columns.extend((text.len() as u16).to_le_bytes());
                columns.extend(text.as_bytes());
                if text == column {
                    columns.push(node);
                }
            }
        }
        let op = if has_op { "true" } else { "false" };
        let pairs: [(&str, &[u8]); 6] = [
            ("database", database.as_bytes()),
            ("table", name.as_bytes()),
            ("format", format.as_bytes()),
            ("raw", b"false"),
            ("op", op.as_bytes()),
            ("columns", &columns),
        ];
        self.session.add_table(&pairs::encode(&pairs)).expect("a sound table")
    }

    /// Writes the rows `ids`, upserts of the job's own table.
    pub fn write(&self, ids: impl IntoIterator<Item = u64>) -> Result<(), SinkError> {
        self.write_to(self.table, ids.into_iter().map(|id| (id, Op::Upsert, format!("row {id}"))))
    }

    /// Writes rows of any table.
    ///
    /// # Panics
    /// When no memory comes free for a long time.
    pub fn write_to(
        &self,
        table: u16,
        rows: impl IntoIterator<Item = (u64, Op, String)>,
    ) -> Result<(), SinkError> {
        let mut block = BlockWriter::new();
        for (id, op, payload) in rows {
            block.slots(table, op, |row| {
                row.i64(id as i64);
                row.str(payload);
            });
        }
        let block = block.into_bytes();
        let (mut position, deadline) = (0, Instant::now() + PATIENCE);
        while position < block.len() {
            assert!(Instant::now() < deadline, "no memory came free in {PATIENCE:?}");
            position = self.session.submit(&block, position, 256 * 1024, Duration::from_millis(50))?;
        }
        Ok(())
    }

    /// Loads what was written so far, as one batch and without waiting.
    pub fn seal(&self) -> Result<(), SinkError> {
        self.session.flush()
    }

    /// A checkpoint: everything before it is loaded when this returns.
    ///
    /// # Panics
    /// When that takes too long.
    pub fn checkpoint(&self) -> Result<(), SinkError> {
        self.session.flush()?;
        assert!(self.session.wait_loaded(PATIENCE)?, "not loaded within {PATIENCE:?}");
        Ok(())
    }

    /// Takes a checkpoint of what was written so far and gives its state.
    ///
    /// # Panics
    /// When that takes too long.
    pub fn snapshot(&self, id: u64) -> Result<State, SinkError> {
        self.begin_snapshot(id)?;
        assert!(self.session.wait_checkpoint(PATIENCE)?, "no checkpoint within {PATIENCE:?}");
        std::iter::from_fn(|| self.session.next_state().transpose()).collect()
    }

    /// Begins a checkpoint, to go on with rows before it is taken.
    pub fn begin_snapshot(&self, id: u64) -> Result<(), SinkError> {
        self.session.begin_checkpoint(id)
    }

    /// Hears that a checkpoint has completed.
    pub fn complete(&self, id: u64) -> Result<(), SinkError> {
        self.session.complete_checkpoint(id)
    }

    /// Waits until everything that may be loaded is loaded.
    ///
    /// # Panics
    /// When that takes too long.
    pub fn settle(&self) -> Result<(), SinkError> {
        assert!(self.session.wait_loaded(PATIENCE)?, "not loaded within {PATIENCE:?}");
        Ok(())
    }

    /// Takes a checkpoint, completes it, and waits for what that allows.
    pub fn whole_checkpoint(&self, id: u64) -> Result<State, SinkError> {
        let state = self.snapshot(id)?;
        self.complete(id)?;
        self.settle()?;
        Ok(state)
    }

    /// Hears that the input has ended and no checkpoint will come, and loads everything.
    pub fn finish(&self) -> Result<(), SinkError> {
        self.session.finish()?;
        self.settle()
    }

    /// The failure, if there is one.
    pub fn check(&self) -> Result<(), SinkError> {
        self.session.check()
    }

    /// Dies in the midst of whatever it does, as a process that is killed: connections break, and nobody is told.
    pub fn kill(self) {
        self.loader.die();
    }

    /// Cancels from outside.
    pub fn cancel(&self) {
        self.session.cancel();
    }

    /// A counter.
    pub fn count(&self, cell: Cell) -> i64 {
        self.counters.get(cell)
    }

    /// The log so far, as text.
    pub fn log(&self) -> String {
        String::from_utf8_lossy(&self.events.drain().unwrap_or_default()).into_owned()
    }
}
