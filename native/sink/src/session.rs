//! A session: what one subtask's sink is on the native side.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use starrocks_format::{Properties, TablePlan, TableSpec, ZoneRules};
use starrocks_load::Body;
use starrocks_row::Pairs;

use crate::batch::Batch;
use crate::checkpoint::Snapshot;
use crate::config::{Config, Role};
use crate::counters::{Cell, Counters};
use crate::delivery::{Delivery, Job, Wanted};
use crate::error::{Code, SinkError};
use crate::events::{Events, Level};
use crate::flow::{Class, Flow, Lane, Side};
use crate::hold::Hold;
use crate::live::Alive;
use crate::loader::{Destination, Loader, Rows};
use crate::pack::{PACKING_BYTES, READING_BYTES, Store};
use crate::pool::Pool;
use crate::restore::Restoring;
use crate::stream::{self, Follow, Stream};
use crate::table::{Table, Tables};
use crate::transactions::Transactions;
use crate::witness::Witnesses;
use crate::workers::Workers;
use crate::writer::{Appended, Target, Writer};

/// What a background thread's connection may hold in buffers of its own.
const CONNECTION_BYTES: usize = 512 * 1024;

/// How long the server keeps a transaction that is committed right after it was prepared: nobody else would end it.
const COMMIT_SECONDS: &str = "180";

/// How long the writer waits for memory before it sees whether any is on its way.
const LOOK_AGAIN: Duration = Duration::from_millis(10);

/// How long a session that ends takes to roll back what it leaves open.
const FAREWELL: Duration = Duration::from_secs(2);

/// Serializes the rows of one subtask and loads them in the background.
///
/// [`submit`](Self::submit), the calls for checkpoints and those that wait are for one thread, the task's;
/// [`cancel`](Self::cancel) may come from any. Dropping a session cancels it and joins its threads.
pub struct Session {
    shared: Arc<Shared>,
    workers: Workers,
    snapshot: Mutex<Snapshot>,
    _alive: Alive,
}

/// What the task thread and the background threads share.
pub(crate) struct Shared {
    writer: Mutex<Writer>,
    pub(crate) flow: Arc<Flow<Job>>,
    pub(crate) tables: Arc<Tables>,
    pub(crate) hold: Hold,
    pub(crate) transactions: Transactions,
    pub(crate) restoring: Restoring,
    pub(crate) loader: Arc<dyn Loader>,
    pub(crate) counters: Arc<Counters>,
    pub(crate) properties: Properties,
    /// Whether what former sessions left open is rolled back.
    pub(crate) clean_up: bool,
    most_cleaned: Option<u64>,
    pub(crate) role: Role,
    pub(crate) wanted: Wanted,
    delivery: OnceLock<Delivery>,
    restored: AtomicBool,
    pool: Arc<Pool>,
    events: Arc<Events>,
    zone: Arc<ZoneRules>,
    interval: Duration,
    fixed_bytes: usize,
    /// How long a batch may be loaded while it fills: the server's time for the load runs.
    longest_stream: Duration,
}

impl Session {
    /// Starts a session and its background threads.
    pub fn open(
        config: Config,
        loader: Arc<dyn Loader>,
        counters: Arc<Counters>,
        events: Arc<Events>,
    ) -> Result<Self, SinkError> {
        let pool = Arc::new(Pool::new(config.max_memory));
        let flow = Arc::new(Flow::default());
        let tables = Arc::new(Tables::default());
        let mut fixed_bytes = config.threads * CONNECTION_BYTES;
        if let Some(compression) = config.compression() {
            fixed_bytes += config.threads * compression.memory();
        }
        let labels = Arc::new(config.labels);
        if config.delivery.may_hold() && config.role != Role::Committer {
            fixed_bytes += PACKING_BYTES + config.threads * READING_BYTES;
        }
        pool.reserve(fixed_bytes);
        counters.set(Cell::MemoryMax, config.max_memory as i64);
        let writer = Writer::new(
            Arc::clone(&labels),
            config.seal_at,
            config.stream_from,
            Arc::clone(&pool),
            Arc::clone(&flow),
            Arc::clone(&counters),
        );
        // Half of the memory for rows that wait for a checkpoint, half for those that come.
        let waiting = config.max_memory / 2;
        let store = Store::new(Arc::clone(&pool), config.temporary_folders, waiting, Arc::clone(&counters));
        let shared = Arc::new(Shared {
            writer: Mutex::new(writer),
            hold: Hold {
                flow: Arc::clone(&flow),
                loader: Arc::clone(&loader),
                store: Arc::new(store),
                counters: Arc::clone(&counters),
                retry_interval: config.client.retry_interval,
                in_doubt: config.in_doubt,
                completed: Default::default(),
                witnesses: Witnesses::default(),
            },
            transactions: Transactions {
                flow: Arc::clone(&flow),
                loader: Arc::clone(&loader),
                labels,
                tables: Arc::clone(&tables),
                counters: Arc::clone(&counters),
                max_retries: config.client.max_retries,
                retry_interval: config.client.retry_interval,
                keep: waiting,
                patience: config.transaction_timeout * 3 / 4,
                in_doubt: config.in_doubt,
                insists: config.role == Role::Committer,
                earlier: config.earlier,
                kept: Default::default(),
            },
            restoring: Restoring::default(),
            flow,
            tables,
            loader,
            counters,
            properties: config.properties,
            clean_up: config.clean_up,
            most_cleaned: config.most_cleaned,
            role: config.role,
            wanted: config.delivery,
            delivery: OnceLock::new(),
            restored: AtomicBool::new(false),
            pool,
            events,
            zone: config.zone,
            interval: config.interval,
            fixed_bytes,
            longest_stream: stream::LONGEST.min(config.transaction_timeout / 4),
        });
        if let Wanted::Exactly(delivery) = shared.wanted {
            shared.decide(delivery);
        }
        let workers = Workers::new(Arc::clone(&shared), config.subtask);
        let session = Self { shared, workers, snapshot: Mutex::default(), _alive: Alive::session() };
        for _ in 0..config.threads {
            session.workers.start(&[Class::Send, Class::Control])?;
        }
        session.start_packer()?;
        Ok(session)
    }

    /// Adds a table, described as pairs; returns the number by which row blocks name it. A table that is known
    /// keeps its number.
    pub fn add_table(&self, description: &[u8]) -> Result<u16, SinkError> {
        let config = |text: String| SinkError::new(Code::Config, text);
        let pairs =
            Pairs::decode(description).map_err(|error| config(format!("table description: {error}")))?;
        let spec = TableSpec::decode(&pairs).map_err(|error| config(error.to_string()))?;
        let raw = spec.raw;
        let shared = &*self.shared;
        let plan = TablePlan::new(spec, &shared.properties, Arc::clone(&shared.zone))
            .map_err(|error| config(error.to_string()))?;
        let mut headers = plan.headers();
        if shared.wanted.may_commit_at_once() && shared.properties.get("prepared_timeout").is_none() {
            headers.push(("prepared_timeout".to_owned(), COMMIT_SECONDS.to_owned()));
        }
        let destination = Destination {
            database: plan.database().to_owned(),
            table: plan.table().to_owned(),
            headers,
            raw,
        };
        let table = shared.tables.get(&destination.database, &destination.table, &shared.flow);
        shared.writer().add_table(Target { plan, destination: Arc::new(destination), table })
    }

    /// Takes one piece of the state of the checkpoint that the job is restored from; before the first row. A committer
    /// takes pieces at any time: what writers handed over at a checkpoint that has completed.
    pub fn restore(&self, piece: &[u8]) -> Result<(), SinkError> {
        self.shared.flow.check()?;
        self.shared.restoring.add(piece, &self.shared)
    }

    /// Waits, at most `limit` long, until the restored state is dealt with and it is known how rows are delivered;
    /// says whether both are so. To be called until it says yes, before the first row.
    pub fn wait_ready(&self, limit: Duration) -> Result<bool, SinkError> {
        let shared = &*self.shared;
        shared.flow.check()?;
        if shared.role == Role::Committer {
            let pieces = shared.restoring.begin(shared);
            self.lend_a_hand(pieces)?;
            return shared.flow.wait_idle(&[Side::Settle], limit);
        }
        if !shared.restored.swap(true, Relaxed) {
            if let Wanted::IfTransactions(..) = shared.wanted {
                let lane = shared.flow.add_lane(Side::Settle);
                shared.flow.push(lane, Class::Control, Job::Decide);
            }
            let pieces = shared.restoring.begin(shared);
            self.lend_a_hand(pieces)?;
        }
        let ready = shared.flow.wait_idle(&[Side::Settle], limit)?;
        if ready {
            self.start_packer()?;
        }
        Ok(ready)
    }

    /// Whether what a piece brought, of a batch or a transaction, is loaded or committed.
    pub fn is_settled(&self, piece: &[u8]) -> Result<bool, SinkError> {
        Ok(!crate::restore::is_waiting(&crate::state::decode(piece)?, &self.shared))
    }

    /// Serializes the rows of `block` from position `from` on, and returns up to where it came.
    ///
    /// Less than the block's length means that the memory bound was reached and `wait` went by: call again from
    /// the returned position. `block_capacity` is the memory the caller holds for row blocks, which counts
    /// towards the bound. A row that fails is not consumed, and no row behind it is.
    pub fn submit(
        &self,
        block: &[u8],
        from: usize,
        block_capacity: usize,
        wait: Duration,
    ) -> Result<usize, SinkError> {
        let shared = &*self.shared;
        shared.flow.check()?;
        let deadline = Instant::now() + wait;
        let mut position = from;
        while position < block.len() {
            if shared.is_behind() && !shared.wait_for_server(deadline)? {
                break;
            }
            let mut writer = shared.writer();
            shared.pool.reserve(shared.fixed_bytes + block_capacity + writer.scratch());
            let appended = append_all(&mut writer, block, position);
            writer.publish();
            writer.shrink_scratch();
            let (reached, full) = appended?;
            position = reached;
            let Some(chunks) = full else { break };
            drop(writer);
            if !shared.wait_for_memory(chunks, deadline)? {
                break;
            }
        }
        shared.counters.set(Cell::MemoryUsed, shared.pool.used() as i64);
        Ok(position)
    }

    /// Seals all open batches, so that they are loaded as soon as a thread is free.
    pub fn flush(&self) -> Result<(), SinkError> {
        self.shared.flow.check()?;
        self.shared.writer().seal_all();
        Ok(())
    }

    /// Begins a checkpoint over all rows submitted so far.
    pub fn begin_checkpoint(&self, id: u64) -> Result<(), SinkError> {
        self.flush()?;
        if self.shared.role == Role::Writer && !self.snapshot().is_given() {
            // Nothing else knows of them any more.
            return Err(SinkError::new(
                Code::Internal,
                "a checkpoint's pieces weren't taken before the next",
            ));
        }
        *self.snapshot() = Snapshot::begun(id);
        if self.shared.delivery()? == Delivery::Transaction {
            self.prepare_all()?;
        }
        Ok(())
    }

    /// Waits, at most `limit` long, until the checkpoint begun last can be given out; says whether it can.
    ///
    /// An error means that this checkpoint can't be taken; the next may be, unless the session has failed.
    pub fn wait_checkpoint(&self, limit: Duration) -> Result<bool, SinkError> {
        let there = self.shared.flow.wait_idle(&[Side::Rows], limit)?;
        if there {
            self.snapshot().take(&self.shared);
        }
        Ok(there)
    }

    /// The next piece of state of the checkpoint taken last; `None` when all have been given.
    pub fn next_state(&self) -> Result<Option<Vec<u8>>, SinkError> {
        self.snapshot().next(&self.shared)
    }

    /// Says that a checkpoint has completed: what it and those before it cover is loaded or committed, in the
    /// background.
    pub fn complete_checkpoint(&self, id: u64) -> Result<(), SinkError> {
        self.shared.flow.check()?;
        let allowed = self.shared.allow(id);
        self.lend_a_hand(allowed)
    }

    /// Says that the input has ended and no checkpoint will come: everything may be loaded.
    pub fn finish(&self) -> Result<(), SinkError> {
        self.flush()?;
        if self.shared.delivery()? == Delivery::Transaction {
            self.prepare_all()?;
        }
        self.snapshot().finish();
        Ok(())
    }

    /// Waits until everything that may be loaded is loaded, at most `limit` long; says whether it all is.
    pub fn wait_loaded(&self, limit: Duration) -> Result<bool, SinkError> {
        let deadline = Instant::now() + limit;
        let shared = &*self.shared;
        if !shared.flow.wait_idle(&[Side::Rows], limit)? {
            return Ok(false);
        }
        if self.snapshot().is_finishing() {
            let allowed = shared.allow_all();
            self.lend_a_hand(allowed)?;
        }
        shared.flow.wait_idle(&[Side::Rows, Side::Settle], deadline.saturating_duration_since(Instant::now()))
    }

    /// The failure of the session, if it has one.
    pub fn check(&self) -> Result<(), SinkError> {
        self.shared.flow.check()
    }

    /// What happened in the background since the last call, as records; `None` when nothing did.
    pub fn drain_events(&self) -> Option<Vec<u8>> {
        self.shared.events.drain()
    }

    /// Abandons everything: loads in flight end at once, no other begins, and whoever waits is told.
    pub fn cancel(&self) {
        self.fail(SinkError::new(Code::Cancelled, "the sink was cancelled"));
    }

    /// Ends the session with a failure, unless it has one already.
    pub fn fail(&self, failure: SinkError) {
        self.shared.flow.fail(failure);
        self.shared.loader.shutdown();
    }

    fn prepare_all(&self) -> Result<(), SinkError> {
        let tables = self.shared.tables.all();
        for table in &tables {
            self.shared.flow.push(table.rows, Class::Control, Job::Prepare(Arc::clone(table)));
        }
        self.lend_a_hand(tables.len())
    }

    /// Sees to it that many small requests go side by side.
    fn lend_a_hand(&self, jobs: usize) -> Result<(), SinkError> {
        self.workers.lend_a_hand(jobs)
    }

    fn start_packer(&self) -> Result<(), SinkError> {
        match self.shared.delivery.get() {
            Some(Delivery::Hold) => self.workers.start_packer(),
            _ => Ok(()),
        }
    }

    fn snapshot(&self) -> MutexGuard<'_, Snapshot> {
        self.snapshot.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.cancel();
        self.workers.join();
        for gauge in [Cell::OpenTransactions, Cell::PreparedTransactions, Cell::Restoring, Cell::Stalled] {
            self.shared.counters.set(gauge, 0);
        }
        let leftovers = self.shared.transactions.leftovers();
        if !leftovers.is_empty() {
            self.shared.loader.abandon(&leftovers, FAREWELL);
        }
    }
}

/// Appends rows until the block ends or memory does; tells how far it came and how many chunks are lacking.
fn append_all(writer: &mut Writer, block: &[u8], from: usize) -> Result<(usize, Option<usize>), SinkError> {
    let mut position = from;
    for frame in starrocks_row::frames(&block[from..]) {
        let frame = frame.map_err(|error| {
            SinkError::new(
                Code::Block,
                format!("row block of {} bytes, behind byte {from}: {error}", block.len()),
            )
        })?;
        match writer.append(&frame)? {
            Appended::Taken => position = from + frame.end,
            Appended::Full(chunks) => return Ok((position, Some(chunks))),
        }
    }
    Ok((position, None))
}

impl Shared {
    /// How rows are delivered, once that is known.
    pub(crate) fn delivery(&self) -> Result<Delivery, SinkError> {
        self.delivery.get().copied().ok_or_else(|| {
            SinkError::new(Code::Internal, "rows came before it was known how they are delivered")
        })
    }

    fn decide(&self, delivery: Delivery) {
        if self.delivery.set(delivery).is_ok() {
            self.writer().deliver(delivery);
        }
    }

    /// Asks the server, where the options leave it open.
    fn ask_for_delivery(&self) -> Result<(), SinkError> {
        if let Wanted::IfTransactions(with, without) = self.wanted {
            let has = self.loader.has_transactions()?;
            let text = match (has, with) {
                (true, Delivery::Transaction) => "exactly-once by transactions (V2): the server has them",
                (true, _) => "rows are loaded by transactions: the server has them",
                (false, Delivery::Transaction) => {
                    "exactly-once by batches in state (V1): the server has no transactions"
                }
                (false, _) => "rows are loaded by plain stream loads: the server has no transactions",
            };
            self.loader.tell(Level::Info, text.to_owned());
            self.decide(if has { with } else { without });
        }
        Ok(())
    }

    /// Lets everything that checkpoints up to `checkpoint` cover be loaded or committed; says how much that is.
    fn allow(&self, checkpoint: u64) -> usize {
        let tables = self.tables.all();
        for table in &tables {
            self.hold.complete(table, checkpoint);
            let allowed = crate::table::allow(&mut table.pending().prepared, checkpoint);
            for prepared in allowed {
                self.flow.push(table.settle, Class::Control, Job::Commit(Arc::clone(table), prepared));
            }
        }
        tables.len()
    }

    /// The same for everything there is, whether or not a checkpoint covers it.
    fn allow_all(&self) -> usize {
        for table in self.tables.all() {
            table.pending().cover(u64::MAX);
        }
        self.allow(u64::MAX)
    }

    fn is_behind(&self) -> bool {
        self.delivery.get() == Some(&Delivery::Hold)
            && self.hold.store.has_spilled()
            && self.hold.is_behind(&self.tables.all())
    }

    fn wait_for_server(&self, deadline: Instant) -> Result<bool, SinkError> {
        let start = Instant::now();
        let result = loop {
            self.flow.pause(Duration::from_millis(5))?;
            if !self.is_behind() {
                break true;
            }
            if Instant::now() >= deadline {
                break false;
            }
        };
        self.counters.add(Cell::WaitNs, start.elapsed().as_nanos() as i64);
        Ok(result)
    }

    fn writer(&self) -> MutexGuard<'_, Writer> {
        // A panic while rows were appended fails the session, so a half-done state is never used.
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Seals the batch of a load that has begun already, unless it is sealed.
    pub(crate) fn seal_stream(&self, stream: &Arc<Stream>) {
        self.writer().seal_streams(|other| Arc::ptr_eq(other, stream));
    }

    fn wait_for_memory(&self, chunks: usize, deadline: Instant) -> Result<bool, SinkError> {
        let start = Instant::now();
        // A load whose batch still fills would wait for rows that can't come.
        self.writer().seal_streams(|_| true);
        self.counters.add(Cell::TimesBufferFull, 1);
        let there = loop {
            if self.flow.is_idle(Side::Rows) {
                self.make_room()?;
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if self.pool.wait(chunks, left.min(LOOK_AGAIN)) {
                break true;
            }
            if left <= LOOK_AGAIN {
                break false;
            }
        };
        self.counters.add(Cell::WaitNs, start.elapsed().as_nanos() as i64);
        self.flow.check()?;
        Ok(there)
    }

    /// Sees to it that memory becomes free some day, where nothing is on its way that would free any.
    fn make_room(&self) -> Result<(), SinkError> {
        let sealed = self.writer().seal_largest();
        if self.delivery()? == Delivery::Transaction {
            self.transactions.prepare_one(sealed.as_ref());
        }
        Ok(())
    }

    /// Does a job; a failure ends the session.
    pub(crate) fn run(&self, lane: Lane, job: Job) {
        // Whoever waits for it must be told, also where the fault is ours.
        let outcome = catch_unwind(AssertUnwindSafe(|| self.run_job(lane, job)));
        if let Err(failure) = outcome.unwrap_or_else(|panic| Err(panicked(&*panic))) {
            self.flow.fail(failure);
        }
        self.counters.set(Cell::MemoryUsed, self.pool.used() as i64);
    }

    fn run_job(&self, lane: Lane, job: Job) -> Result<(), SinkError> {
        use crate::transactions::Progress::{Done, Later};
        match job {
            Job::Rows(table, destination, batch) => {
                let (rows, bytes) = (batch.rows as i64, batch.bytes() as i64);
                self.in_flight(1, rows, bytes);
                let result = self.deliver(&table, &destination, *batch);
                self.in_flight(-1, -rows, -bytes);
                self.counters.add(Cell::BufferedBytes, -bytes);
                result?;
            }
            Job::Stream(destination, stream) => self.follow(&destination, &stream)?,
            Job::Prepare(table) => self.transactions.prepare(&table)?,
            Job::Load(table, held) => match self.hold.load(&table, &held)? {
                Done => self.one_restored(),
                Later => return self.later(lane, Class::Send, Job::Load(table, held)),
            },
            Job::Commit(table, prepared) => match self.transactions.commit(&table, &prepared)? {
                Done => self.one_restored(),
                Later => return self.later(lane, Class::Control, Job::Commit(table, prepared)),
            },
            Job::RollBack(record) => {
                self.transactions.clean(&record, self.most_cleaned)?;
                self.one_restored();
            }
            Job::LookAt(table, label) => self.hold.look_at(&table, &label),
            Job::Decide => self.ask_for_delivery()?,
        }
        self.flow.done(lane);
        Ok(())
    }

    /// Loads a batch that still fills.
    fn follow(&self, destination: &Destination, stream: &Arc<Stream>) -> Result<(), SinkError> {
        let body = Follow { stream, shared: self, longest: self.longest_stream };
        let rows = Rows { destination, label: &stream.label, rows: 0, body: &body, earlier: false };
        self.in_flight(1, 0, 0);
        let result = self.loader.load(&rows);
        self.in_flight(-1, 0, 0);
        result?;
        if !body.is_complete() {
            let text = format!("load {} ended before its batch was complete", stream.label);
            return Err(SinkError::new(Code::Internal, text));
        }
        self.counters.add(Cell::BufferedBytes, -(stream.bytes() as i64));
        Ok(())
    }

    fn deliver(
        &self,
        table: &Arc<Table>,
        destination: &Arc<Destination>,
        batch: Batch,
    ) -> Result<(), SinkError> {
        match self.delivery()? {
            Delivery::Load => {
                let Batch { label, rows, .. } = &batch;
                let rows = Rows { destination, label, rows: *rows, body: &batch, earlier: false };
                self.loader.load(&rows).map(drop)
            }
            Delivery::LoadInTransaction => self.transactions.load(table, destination, batch),
            Delivery::Hold => self.hold.add(table, destination, batch),
            Delivery::Transaction => self.transactions.add(table, destination, batch),
        }
    }

    /// The server isn't ready for it, or another subtask comes first.
    fn later(&self, lane: Lane, class: Class, job: Job) -> Result<(), SinkError> {
        self.flow.pause(Duration::from_millis(50))?;
        self.flow.put_back(lane, class, job);
        Ok(())
    }

    fn one_restored(&self) {
        if self.counters.get(Cell::Restoring) > 0 {
            self.counters.add(Cell::Restoring, -1);
        }
    }

    fn in_flight(&self, loads: i64, rows: i64, bytes: i64) {
        self.counters.add(Cell::InflightLoads, loads);
        self.counters.add(Cell::InflightRows, rows);
        self.counters.add(Cell::InflightBytes, bytes);
    }

    /// What is to be done from time to time; any thread that has nothing else to do does it.
    pub(crate) fn tick(&self) {
        let now = Instant::now();
        // While the task thread writes, it is not the time to seal by age: the next tick is near.
        if let (Ok(mut writer), Some(born)) = (self.writer.try_lock(), now.checked_sub(self.interval)) {
            writer.seal_older(born);
        }
        if self.delivery.get() == Some(&Delivery::Transaction) {
            self.transactions.prepare_old(now);
        }
        self.pool.trim(now);
        self.counters.set(Cell::MemoryUsed, self.pool.used() as i64);
    }

    /// How often that is.
    pub(crate) fn tick_every(&self) -> Duration {
        Duration::from_millis(100).min(self.interval)
    }
}

/// The failure that a panic becomes.
pub fn panicked(panic: &(dyn std::any::Any + Send)) -> SinkError {
    let text = panic
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "no message".to_owned());
    SinkError::new(Code::Internal, format!("a fault in the sink itself, please report it: {text}"))
}
