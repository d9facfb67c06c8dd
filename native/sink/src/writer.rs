//! The writing half of a session: rows are serialized into the open batch of their table.

use std::collections::HashMap;
use std::io;
use std::sync::Arc;
use std::time::Instant;

use starrocks_format::{RowError, RowErrorKind, RowNotes, Scratch, TablePlan};
use starrocks_load::label::Labels;
use starrocks_row::Frame;

use crate::batch::{Batch, Framing};
use crate::counters::{Cell, Counters};
use crate::delivery::{Delivery, Job};
use crate::error::{Code, SinkError};
use crate::flow::{Class, Flow};
use crate::loader::Destination;
use crate::pool::{CHUNK, Pool};
use crate::state::MAX_BATCH;
use crate::stream::{self, Stream};
use crate::table::Table as LoadTable;

/// Rows go into an open transaction in pieces of this many bytes, so that little is left to send at a checkpoint.
const TRANSACTION_PIECE: usize = 8 * 1024 * 1024;

/// A load that has begun is given rows in pieces of about as many bytes as go to the socket at once.
const STREAM_PIECE: usize = stream::AT_ONCE * CHUNK;

/// When batches are sealed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SealAt {
    /// Bytes of all open batches together: the largest one is sealed.
    pub open_bytes: usize,
    /// Bytes of one batch.
    pub batch_bytes: usize,
    /// Rows of one batch.
    pub batch_rows: u64,
}

/// A table that rows are loaded into.
pub struct Target {
    /// Its plan: how a row becomes text.
    pub plan: TablePlan,
    /// How loads name it.
    pub destination: Arc<Destination>,
    /// Where its batches go.
    pub table: Arc<LoadTable>,
}

/// The tables and open batches of a session. One thread at a time: the session keeps it behind a lock, which
/// is taken once for a block of rows.
pub struct Writer {
    tables: Vec<Table>,
    ids: HashMap<(String, String), u16>,
    labels: Arc<Labels>,
    seal_at: SealAt,
    /// Bytes from which on a batch may be loaded while it fills; all there are: never.
    stream_from: usize,
    /// What kind of thread deals with sealed batches.
    class: Class,
    /// Whether each batch has a label of its own; where it is sent into a transaction, that has one.
    label_batches: bool,
    open_bytes: usize,
    taken: Taken,
    buffers: Buffers,
    pool: Arc<Pool>,
    flow: Arc<Flow<Job>>,
    counters: Arc<Counters>,
}

/// What was appended since the counters were last brought up to date: they are shared, so not touched per row.
#[derive(Default)]
struct Taken {
    rows: i64,
    bytes: i64,
    non_finite: i64,
}

struct Table {
    target: Target,
    open: Option<Batch>,
    /// When to look again whether the open batch can be loaded while it fills, or its load be given more.
    look: Look,
}

/// When an open batch is looked at, and what it was the last time.
#[derive(Clone, Copy)]
struct Look {
    /// Bytes at which that is due.
    due: usize,
    last_bytes: usize,
    last: Instant,
}

impl Table {
    /// Writes a row into the memory of the open batch, behind the others; says how long it is there. `None`: it
    /// can't be written so, and the batch is as it was.
    #[inline]
    fn write_in_place(
        &mut self,
        frame: &Frame<'_>,
        scratch: &mut Scratch,
        batch_bytes: usize,
    ) -> Option<(usize, RowNotes)> {
        let batch = self.open.as_mut()?;
        let left = batch_bytes.saturating_sub(batch.bytes());
        let separator = batch.separator();
        let (between, room) = batch.free().split_at_mut_checked(separator.len())?;
        let (len, notes) = self.target.plan.write_row_into(frame, scratch, room)?;
        between.copy_from_slice(separator);
        let added = separator.len() + len;
        if added > left {
            return None;
        }
        batch.took_row(added);
        Some((added, notes))
    }
}

/// Memory that rows go through, used for row after row.
#[derive(Default)]
struct Buffers {
    scratch: Scratch,
    /// What [`TablePlan::write_row_into`] writes into where a batch has no room.
    window: Vec<u8>,
    /// A row that needs more room than that, or is of a kind of its own.
    row: Vec<u8>,
}

impl Buffers {
    /// Writes a row behind the separator.
    fn write(
        &mut self,
        plan: &TablePlan,
        frame: &Frame<'_>,
        separator: &[u8],
    ) -> Result<(&[u8], RowNotes), SinkError> {
        self.window.resize(CHUNK, 0);
        let (between, room) = self.window.split_at_mut(separator.len());
        if let Some((len, notes)) = plan.write_row_into(frame, &mut self.scratch, room) {
            between.copy_from_slice(separator);
            return Ok((&self.window[..separator.len() + len], notes));
        }
        self.row.clear();
        self.row.extend_from_slice(separator);
        let notes = plan.write_row(frame, &mut self.row).map_err(row_error)?;
        Ok((&self.row, notes))
    }
}

/// What became of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Appended {
    /// It is in its table's batch.
    Taken,
    /// The memory bound is reached: it needs that many chunks more, and nothing of it was kept.
    Full(usize),
}

impl Writer {
    /// A writer without tables.
    pub fn new(
        labels: Arc<Labels>,
        seal_at: SealAt,
        stream_from: usize,
        pool: Arc<Pool>,
        flow: Arc<Flow<Job>>,
        counters: Arc<Counters>,
    ) -> Self {
        Self {
            tables: Vec::new(),
            ids: HashMap::new(),
            labels,
            seal_at,
            stream_from,
            class: Class::Send,
            label_batches: true,
            open_bytes: 0,
            taken: Taken::default(),
            buffers: Buffers::default(),
            pool,
            flow,
            counters,
        }
    }

    /// Says how batches are delivered: before the first row.
    pub fn deliver(&mut self, delivery: Delivery) {
        let at = &mut self.seal_at;
        if delivery != Delivery::Load {
            self.stream_from = usize::MAX;
        }
        match delivery {
            Delivery::Load => {}
            Delivery::LoadInTransaction => self.label_batches = false,
            Delivery::Hold => {
                // One batch is one piece of state.
                at.batch_bytes = at.batch_bytes.min(MAX_BATCH);
                self.class = Class::Compute;
            }
            Delivery::Transaction => {
                at.batch_bytes = at.batch_bytes.min(TRANSACTION_PIECE);
                // Half of the memory keeps what was sent.
                at.open_bytes = at.open_bytes.min(self.pool.limit() / 4).max(CHUNK);
                self.label_batches = false;
            }
        }
    }

    /// Adds a table and returns the number by which frames name it; a table that is known keeps its number.
    pub fn add_table(&mut self, target: Target) -> Result<u16, SinkError> {
        let key = (target.plan.database().to_owned(), target.plan.table().to_owned());
        if let Some(id) = self.ids.get(&key) {
            return Ok(*id);
        }
        let id = u16::try_from(self.tables.len()).map_err(|_| {
            SinkError::new(
                Code::Config,
                "one sink can write 65536 tables at most; use several sinks for more",
            )
        })?;
        let look = Look { due: usize::MAX, last_bytes: 0, last: Instant::now() };
        self.tables.push(Table { target, open: None, look });
        self.ids.insert(key, id);
        self.counters.set(Cell::Tables, self.tables.len() as i64);
        Ok(id)
    }

    /// Serializes a row into the open batch of its table, and seals batches that are full.
    ///
    /// Most rows are written straight into the memory of their batch. Where that ends, or for a row that can't be
    /// written so, a buffer is used.
    #[inline]
    pub fn append(&mut self, frame: &Frame<'_>) -> Result<Appended, SinkError> {
        let id = usize::from(frame.table);
        let known = self.tables.len();
        let Some(table) = self.tables.get_mut(id) else {
            return Err(SinkError::new(
                Code::Block,
                format!("row block names table {id}, but {known} are known"),
            ));
        };
        match table.write_in_place(frame, &mut self.buffers.scratch, self.seal_at.batch_bytes) {
            Some((added, notes)) => {
                self.took(id, added, notes);
                Ok(Appended::Taken)
            }
            None => {
                let mut buffers = std::mem::take(&mut self.buffers);
                let result = self.append_buffered(frame, &mut buffers);
                self.buffers = buffers;
                result
            }
        }
    }

    #[inline(never)]
    fn append_buffered(&mut self, frame: &Frame<'_>, buffers: &mut Buffers) -> Result<Appended, SinkError> {
        let id = usize::from(frame.table);
        let table = &self.tables[id];
        let separator = table.open.as_ref().map_or(&b""[..], Batch::separator);
        let (mut text, notes) = buffers.write(&table.target.plan, frame, separator)?;
        let open_bytes = table.open.as_ref().map_or(0, Batch::bytes);
        if open_bytes > 0 && open_bytes + text.len() > self.seal_at.batch_bytes {
            // It is the first of a new batch.
            text = &text[separator.len()..];
            self.seal(id);
        }

        let Table { target, open, look } = &mut self.tables[id];
        let batch = open.get_or_insert_with(|| {
            *look = Look { due: self.stream_from, last_bytes: 0, last: Instant::now() };
            let mint = || self.labels.mint(target.plan.database(), target.plan.table());
            let label = if self.label_batches { mint() } else { String::new() };
            Batch::new(label, framing(&target.plan), Arc::clone(&self.pool))
        });
        if !batch.append(text).map_err(out_of_memory)? {
            let missing = batch.chunks_for(text.len());
            let most = self.pool.chunk_capacity();
            if missing * CHUNK > most {
                return Err(too_large(target, text.len(), self.pool.limit()));
            }
            return Ok(Appended::Full(missing));
        }
        self.took(id, text.len(), notes);
        // Rows come here whenever a chunk is full, which is often enough to look.
        self.look(id);
        Ok(Appended::Taken)
    }

    /// Counts a row that is in its batch, and seals what has become full.
    #[inline]
    fn took(&mut self, id: usize, added: usize, notes: RowNotes) {
        self.open_bytes += added;
        self.taken.rows += 1;
        self.taken.bytes += added as i64;
        self.taken.non_finite += i64::from(notes.non_finite);
        let full = |batch: &Batch| {
            batch.rows >= self.seal_at.batch_rows || batch.bytes() >= self.seal_at.batch_bytes
        };
        if self.tables[id].open.as_ref().is_some_and(full) {
            self.seal(id);
        } else if self.open_bytes >= self.seal_at.open_bytes {
            self.seal_largest();
        }
    }

    /// Brings the shared counters up to date.
    pub fn publish(&mut self) {
        let taken = std::mem::take(&mut self.taken);
        self.counters.add(Cell::RowsIn, taken.rows);
        self.counters.add(Cell::BytesIn, taken.bytes);
        self.counters.add(Cell::BufferedBytes, taken.bytes);
        self.counters.add(Cell::NonFiniteAsNull, taken.non_finite);
    }

    /// Seals every open batch.
    pub fn seal_all(&mut self) {
        self.seal_where(|_| true);
    }

    /// Seals the batches whose first row came before `born`.
    pub fn seal_older(&mut self, born: Instant) {
        self.seal_where(|batch| batch.born <= born);
    }

    /// Seals the largest open batch, so that its memory becomes free some day; gives its table, unless none has rows.
    pub fn seal_largest(&mut self) -> Option<Arc<LoadTable>> {
        let bytes = |table: &Table| table.open.as_ref().map_or(0, Batch::bytes);
        let largest = (0..self.tables.len()).max_by_key(|&id| bytes(&self.tables[id]));
        let largest = largest.filter(|&id| bytes(&self.tables[id]) > 0)?;
        self.seal(largest);
        Some(Arc::clone(&self.tables[largest].target.table))
    }

    /// Bytes held beside the chunks.
    pub fn scratch(&self) -> usize {
        let Buffers { scratch, window, row } = &self.buffers;
        scratch.bytes() + window.capacity() + row.capacity()
    }

    /// Gives back buffers that one large row has blown up.
    pub fn shrink_scratch(&mut self) {
        if self.buffers.row.capacity() > CHUNK || self.buffers.scratch.bytes() > CHUNK {
            self.buffers = Buffers::default();
        }
    }

    /// Seals batches whose loads have begun already.
    pub fn seal_streams(&mut self, wanted: impl Fn(&Arc<Stream>) -> bool) {
        self.seal_where(|batch| batch.stream().is_some_and(&wanted));
    }

    /// Begins to load the open batch of a table if that is worth it, or gives more of it to its load.
    fn look(&mut self, id: usize) {
        let Table { target, open, look } = &mut self.tables[id];
        let Some(batch) = open.as_mut().filter(|batch| batch.bytes() >= look.due) else { return };
        let bytes = batch.bytes();
        if batch.stream().is_some() {
            batch.feed_stream();
            look.due = bytes + STREAM_PIECE;
            return;
        }
        let grown = (bytes - look.last_bytes) as u128 * 1_000_000_000;
        let is_fast = grown >= u128::from(stream::MIN_RATE) * look.last.elapsed().as_nanos();
        let step = self.stream_from / 4 + 1;
        *look = Look { due: bytes + step, last_bytes: bytes, last: Instant::now() };
        if is_fast && self.flow.is_free(target.table.rows, Class::Send) {
            let job = Job::Stream(Arc::clone(&target.destination), batch.begin_stream());
            self.flow.push(target.table.rows, Class::Send, job);
            look.due = bytes + STREAM_PIECE;
        }
    }

    fn seal_where(&mut self, wanted: impl Fn(&Batch) -> bool) {
        for id in 0..self.tables.len() {
            if self.tables[id].open.as_ref().is_some_and(|batch| batch.rows > 0 && wanted(batch)) {
                self.seal(id);
            }
        }
    }

    fn seal(&mut self, id: usize) {
        if let Some(batch) = self.tables[id].open.take() {
            self.open_bytes -= batch.bytes();
            self.counters.add(Cell::BatchesSealed, 1);
            let Target { destination, table, .. } = &self.tables[id].target;
            let Some(batch) = batch.end_stream() else { return };
            let job = Job::Rows(Arc::clone(table), Arc::clone(destination), Box::new(batch));
            self.flow.push(table.rows, self.class, job);
        }
    }
}

fn framing(plan: &TablePlan) -> Framing {
    Framing { prefix: plan.prefix(), between: plan.between(), suffix: plan.suffix() }
}

fn row_error(error: RowError) -> SinkError {
    let code = match error.kind() {
        RowErrorKind::Row => Code::Row,
        RowErrorKind::Block => Code::Block,
    };
    SinkError::new(code, error.to_string())
}

fn out_of_memory(error: io::Error) -> SinkError {
    SinkError::new(
        Code::Memory,
        format!(
            "the system refused memory for rows ({error}): give the TaskManager's container more memory, \
             or lower sink.buffer.max-memory"
        ),
    )
}

fn too_large(target: &Target, row: usize, limit: usize) -> SinkError {
    SinkError::new(
        Code::Memory,
        format!(
            "a row of {row} bytes for {}.{} doesn't fit into sink.buffer.max-memory ({limit} bytes, of which row \
             block and network buffers take a part): raise it to several times the largest row",
            target.plan.database(),
            target.plan.table()
        ),
    )
}
