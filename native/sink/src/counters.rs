//! Counters of one session, readable from outside without a call.

use std::sync::atomic::{AtomicI64, Ordering::Relaxed};

/// How many 64-bit cells a counters block has. Cells without a name are reserved and stay zero.
pub const CELLS: usize = 64;

/// What each cell of the block counts. The Java side mirrors these positions.
///
/// Gauges go up and down; all others only grow. Times are in nanoseconds, sizes in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(usize)]
pub enum Cell {
    /// Rows serialized into a batch.
    RowsIn = 0,
    /// Bytes those rows took as CSV or JSON.
    BytesIn = 1,
    /// Rows of batches the server has loaded.
    RowsLoaded = 2,
    /// Bytes of batches the server has loaded.
    BytesLoaded = 3,
    /// Loads that succeeded.
    LoadsOk = 4,
    /// Loads that failed for good, after all tries.
    LoadsFailed = 5,
    /// Tries after the first one of a load.
    LoadRetries = 6,
    /// Rows the server filtered out (allowed by the user's `max_filter_ratio`).
    RowsFiltered = 7,
    /// Rows the user's `where` left out.
    RowsUnselected = 8,
    /// NaN and infinite values written as NULL.
    NonFiniteAsNull = 9,
    /// Gauge: bytes in batches that the server has not confirmed.
    BufferedBytes = 10,
    /// Gauge: native memory held.
    MemoryUsed = 11,
    /// Gauge: the bound on native memory.
    MemoryMax = 12,
    /// Gauge: loads in flight.
    InflightLoads = 13,
    /// Gauge: rows in flight.
    InflightRows = 14,
    /// Gauge: bytes in flight.
    InflightBytes = 15,
    /// Time spent in loads, pauses between tries included.
    FlushNs = 16,
    /// Time spent in the deciding try of each load.
    FlushNsWithoutRetries = 17,
    /// Gauge: tables written so far.
    Tables = 18,
    /// Time the writer waited for memory (back-pressure).
    WaitNs = 19,
    /// How often the writer met the memory bound.
    TimesBufferFull = 20,
    /// Batches sealed.
    BatchesSealed = 21,
    /// Events dropped because nobody drained them.
    EventsDropped = 22,
    /// Gauge: threads of the session.
    Threads = 23,
    /// Gauge: bytes of packed rows that wait for their checkpoint to complete, or for their load after that.
    HeldBytes = 24,
    /// Gauge: how many of those are in spill files.
    SpilledBytes = 25,
    /// Gauge: transactions begun and not prepared.
    OpenTransactions = 26,
    /// Gauge: transactions prepared and not committed.
    PreparedTransactions = 27,
    /// Transactions committed.
    Commits = 28,
    /// Time spent in commits, tries included.
    CommitNs = 29,
    /// Transactions rolled back, or tried to.
    Rollbacks = 30,
    /// Transactions whose rows were sent again in a new one.
    ResentTransactions = 31,
    /// Gauge: pieces of restored state still to be dealt with before rows are taken.
    Restoring = 32,
    /// Gauge: bytes of state of the checkpoint taken last.
    LastCheckpointBytes = 33,
    /// Gauge: batches of completed checkpoints that the server doesn't take now.
    Stalled = 34,
}

/// The cells of one session. Any thread may read and write; the values are independent of each other.
pub struct Counters(Box<dyn AsRef<[AtomicI64]> + Send + Sync>);

impl Counters {
    /// Counts into the given cells, which may live outside this process's heap (in the JVM's, say).
    /// `None` when there are fewer than [`CELLS`].
    pub fn over(cells: Box<dyn AsRef<[AtomicI64]> + Send + Sync>) -> Option<Self> {
        ((*cells).as_ref().len() >= CELLS).then_some(Self(cells))
    }

    /// Counts into cells of its own.
    pub fn new() -> Self {
        struct Own(Vec<AtomicI64>);
        impl AsRef<[AtomicI64]> for Own {
            fn as_ref(&self) -> &[AtomicI64] {
                &self.0
            }
        }
        Self(Box::new(Own((0..CELLS).map(|_| AtomicI64::new(0)).collect())))
    }

    /// Adds to a cell; gauges are lowered with negative amounts.
    pub fn add(&self, cell: Cell, amount: i64) {
        (*self.0).as_ref()[cell as usize].fetch_add(amount, Relaxed);
    }

    /// Sets a gauge.
    pub fn set(&self, cell: Cell, value: i64) {
        (*self.0).as_ref()[cell as usize].store(value, Relaxed);
    }

    /// The cell's value.
    pub fn get(&self, cell: Cell) -> i64 {
        (*self.0).as_ref()[cell as usize].load(Relaxed)
    }
}

impl Default for Counters {
    fn default() -> Self {
        Self::new()
    }
}
