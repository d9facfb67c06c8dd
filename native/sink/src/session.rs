//! A session: what one subtask's sink is on the native side.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use starrocks_format::{Properties, TablePlan, TableSpec, ZoneRules};
use starrocks_row::Pairs;

use crate::batch::Batch;
use crate::config::Config;
use crate::counters::{Cell, Counters};
use crate::error::{Code, SinkError};
use crate::events::Events;
use crate::flow::{Flow, Next};
use crate::live::Alive;
use crate::loader::Loader;
use crate::pool::Pool;
use crate::writer::{Appended, Target, Writer};

/// How often idle flusher threads look for batches that have come of age, and for memory to give back.
const TICK: Duration = Duration::from_millis(100);

/// What a flusher thread's connection may hold in buffers of its own.
const CONNECTION_BYTES: usize = 512 * 1024;

/// Serializes the rows of one subtask and loads them in the background.
///
/// [`submit`](Self::submit), [`flush`](Self::flush) and [`wait_loaded`](Self::wait_loaded) are for one thread, the
/// task's; [`cancel`](Self::cancel) may come from any. Dropping a session cancels it and joins its threads.
pub struct Session {
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
    _alive: Alive,
}

struct Shared {
    writer: Mutex<Writer>,
    flow: Arc<Flow>,
    pool: Arc<Pool>,
    counters: Arc<Counters>,
    events: Arc<Events>,
    loader: Arc<dyn Loader>,
    properties: Properties,
    zone: Arc<ZoneRules>,
    interval: Duration,
    fixed_bytes: usize,
}

impl Session {
    /// Starts a session and its flusher threads.
    pub fn open(
        config: Config,
        loader: Arc<dyn Loader>,
        counters: Arc<Counters>,
        events: Arc<Events>,
    ) -> Result<Self, SinkError> {
        let pool = Arc::new(Pool::new(config.max_memory));
        let flow = Arc::new(Flow::default());
        let fixed_bytes = config.threads * CONNECTION_BYTES;
        pool.reserve(fixed_bytes);
        counters.set(Cell::MemoryMax, config.max_memory as i64);
        let writer = Writer::new(
            config.labels,
            config.seal_at,
            Arc::clone(&pool),
            Arc::clone(&flow),
            Arc::clone(&counters),
        );
        let shared = Arc::new(Shared {
            writer: Mutex::new(writer),
            flow,
            pool,
            counters,
            events,
            loader,
            properties: config.properties,
            zone: config.zone,
            interval: config.interval,
            fixed_bytes,
        });
        let mut session = Self { shared, threads: Vec::new(), _alive: Alive::session() };
        for number in 0..config.threads {
            let shared = Arc::clone(&session.shared);
            let alive = Alive::thread();
            let thread = std::thread::Builder::new()
                .name(format!("sr-load-{}-{number}", config.subtask))
                .spawn(move || shared.run_flusher(alive))
                .map_err(|error| {
                    SinkError::new(
                        Code::Internal,
                        format!(
                            "the system refused a thread for loads ({error}): raise its limit on threads"
                        ),
                    )
                })?;
            session.threads.push(thread);
        }
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
        let plan = TablePlan::new(spec, &self.shared.properties, Arc::clone(&self.shared.zone))
            .map_err(|error| config(error.to_string()))?;
        let headers = plan.headers();
        self.shared.writer().add_table(Target { plan, headers, raw })
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
            let mut writer = shared.writer();
            shared.pool.reserve(shared.fixed_bytes + block_capacity + writer.scratch());
            let appended = append_all(&mut writer, block, position);
            writer.publish();
            writer.shrink_scratch();
            let (reached, full) = appended?;
            position = reached;
            let Some(chunks) = full else { break };
            if shared.flow.is_empty() {
                // Nothing on its way would ever free memory.
                writer.seal_largest();
            }
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

    /// Waits until every sealed batch is loaded, at most `limit` long; says whether they all are.
    pub fn wait_loaded(&self, limit: Duration) -> Result<bool, SinkError> {
        self.shared.flow.wait_loaded(limit)
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
}

impl Drop for Session {
    fn drop(&mut self) {
        self.cancel();
        for thread in self.threads.drain(..) {
            // A panic in it has been told as the session's failure already.
            let _ = thread.join();
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
    fn writer(&self) -> MutexGuard<'_, Writer> {
        // A panic while rows were appended fails the session, so a half-done state is never used.
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait_for_memory(&self, chunks: usize, deadline: Instant) -> Result<bool, SinkError> {
        let start = Instant::now();
        self.counters.add(Cell::TimesBufferFull, 1);
        let there = self.pool.wait(chunks, deadline.saturating_duration_since(start));
        self.counters.add(Cell::WaitNs, start.elapsed().as_nanos() as i64);
        self.flow.check()?;
        Ok(there)
    }

    fn run_flusher(&self, _alive: Alive) {
        self.counters.add(Cell::Threads, 1);
        // Whoever waits for a load must be told, also where the fault is ours.
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| self.flush_until_stopped())) {
            self.flow.fail(panicked(&*panic));
        }
        self.counters.add(Cell::Threads, -1);
    }

    fn flush_until_stopped(&self) {
        loop {
            match self.flow.next(TICK.min(self.interval)) {
                Next::Load(lane, batch) => self.load(lane, batch),
                Next::Idle => {}
                Next::Stop => return,
            }
            self.tick();
        }
    }

    fn load(&self, lane: usize, batch: Box<Batch>) {
        let target = self.writer().target(lane);
        let (rows, bytes) = (batch.rows as i64, batch.bytes() as i64);
        self.in_flight(1, rows, bytes);
        let loaded = self.loader.load(&target, &batch);
        self.in_flight(-1, -rows, -bytes);
        self.counters.add(Cell::BufferedBytes, -bytes);
        drop(batch);
        match loaded {
            Ok(()) => self.flow.done(lane),
            Err(failure) => self.flow.fail(failure),
        }
        self.counters.set(Cell::MemoryUsed, self.pool.used() as i64);
    }

    fn in_flight(&self, loads: i64, rows: i64, bytes: i64) {
        self.counters.add(Cell::InflightLoads, loads);
        self.counters.add(Cell::InflightRows, rows);
        self.counters.add(Cell::InflightBytes, bytes);
    }

    fn tick(&self) {
        let now = Instant::now();
        // While the task thread writes, it is not the time to seal by age: the next tick is near.
        if let (Ok(mut writer), Some(born)) = (self.writer.try_lock(), now.checked_sub(self.interval)) {
            writer.seal_older(born);
        }
        self.pool.trim(now);
        self.counters.set(Cell::MemoryUsed, self.pool.used() as i64);
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
