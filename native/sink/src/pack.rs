//! Batches that wait for their checkpoint, packed.
//!
//! Exactly-once without transactions loads nothing before the checkpoint completes, so a whole interval's rows have
//! to be kept. A [`Store`] packs them ([`lz4`](crate::lz4)) and keeps them in chunks of the pool, up to a limit, and
//! behind that in files. It never waits for memory: the writer waits for memory until batches are packed,
//! so packing must not wait for the writer. Each chunk that is packed is used for what comes out of it or given
//! back at once; beside them a thread that packs needs [`PACKING_BYTES`].

use std::io::{self, Read};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use starrocks_load::Body;

use crate::batch::{Arena, Batch};
use crate::counters::{Cell, Counters};
use crate::error::{Code, SinkError};
use crate::lz4::{self, Packer};
use crate::pool::{CHUNK, Chunk, Pool};
use crate::spill::{Extent, ExtentReader, Spill, SpillError};

/// What a thread in [`Store::pack`] or [`Store::adopt`] holds in buffers of its own, which the pool doesn't count.
pub const PACKING_BYTES: usize = 96 * 1024;

/// What a reader of a [`Packed`] holds in buffers of its own, which the pool doesn't count.
pub const READING_BYTES: usize = 128 * 1024;

// A chunk makes one block.
const _: () = assert!(CHUNK <= lz4::MAX_RAW);

/// Where the packed batches of one session are kept. Any thread may use it, several side by side.
pub struct Store(Arc<Shared>);

struct Shared {
    pool: Arc<Pool>,
    /// Bytes of chunks that packed batches may hold together, and those they do hold.
    memory_limit: usize,
    memory: AtomicUsize,
    spill: Spill,
    counters: Arc<Counters>,
}

impl Store {
    /// A store in the memory of `pool`, of which its batches never hold more than `memory_limit` bytes (in whole
    /// chunks, so that many small batches count for what they really take), and in files in `folders`. Those are used
    /// in turn, must exist, and are the process's temporary folder where none is given.
    ///
    /// `counters` has [`Cell::HeldBytes`] and [`Cell::SpilledBytes`] kept up to date.
    pub fn new(pool: Arc<Pool>, folders: Vec<PathBuf>, memory_limit: usize, counters: Arc<Counters>) -> Self {
        let spill = Spill::new(folders);
        Self(Arc::new(Shared { pool, memory_limit, memory: AtomicUsize::new(0), spill, counters }))
    }

    /// Packs a batch's body and gives its memory back. Never waits for memory.
    ///
    /// # Errors
    /// `State`, retriable, when neither memory nor any folder has room. The rows are lost to the session then: it must
    /// fail, so that they come again from the last checkpoint.
    pub fn pack(&self, batch: Batch) -> Result<Packed, SinkError> {
        let mut packed = Packed::new(&self.0);
        let mut packer = Packer::new();
        let label = batch.label.clone();
        let (framing, chunks) = batch.into_body();
        let pack = || {
            packed.add(&mut packer, framing.prefix)?;
            for chunk in chunks {
                packed.add_chunk(&mut packer, chunk)?;
            }
            packed.add(&mut packer, framing.suffix)
        };
        pack().map_err(|error| self.0.no_room(&label, &error))?;
        Ok(packed)
    }

    /// Keeps a packed body from a checkpoint's state, whose batch has this label. All of it is unpacked once, so that
    /// what is damaged shows here and not in the middle of a load.
    ///
    /// # Errors
    /// `State`: not retriable when the body is damaged; retriable when neither memory nor any folder has room.
    pub fn adopt(&self, label: &str, body: &Blocks<'_>) -> Result<Packed, SinkError> {
        let mut packed = Packed::new(&self.0);
        let mut raw = Vec::new();
        let mut rest = body.packed;
        while !rest.is_empty() {
            let here = body.packed.len() - rest.len();
            let damaged = |damage| damaged(label, &format!("{damage}, at byte {here} of its packed body"));
            let (head, bytes, behind) = lz4::split(rest).map_err(damaged)?;
            head.unpack(bytes, &mut raw).map_err(damaged)?;
            let block = &rest[..lz4::HEAD + head.packed];
            packed.append(head.raw, block, None).map_err(|error| self.0.no_room(label, &error))?;
            rest = behind;
        }
        if packed.len != body.len {
            let counts = format!("its body is said to be {} bytes, but is {}", body.len, packed.len);
            return Err(damaged(label, &counts));
        }
        Ok(packed)
    }
}

impl Shared {
    /// Takes `chunks` out of the memory limit; `false` when it doesn't have as many.
    fn claim(&self, chunks: usize) -> bool {
        let within = |held: usize| Some(held + chunks * CHUNK).filter(|&held| held <= self.memory_limit);
        self.memory.fetch_update(Relaxed, Relaxed, within).is_ok()
    }

    fn release(&self, chunks: usize) {
        self.memory.fetch_sub(chunks * CHUNK, Relaxed);
    }

    fn no_room(&self, label: &str, error: &SpillError) -> SinkError {
        let held = self.counters.get(Cell::HeldBytes);
        let spilled = self.counters.get(Cell::SpilledBytes);
        SinkError {
            retriable: true,
            label: Some(label.to_owned()),
            ..SinkError::new(
                Code::State,
                format!(
                    "rows of batch '{label}' can't be kept for their checkpoint: {error}, while {held} bytes of \
                     packed rows are held, {spilled} of them in files. Make room there, or name folders that \
                     have some in Flink's io.tmp.dirs; or hold less: checkpoint more often, or raise \
                     sink.buffer.max-memory"
                ),
            )
        }
    }
}

fn damaged(label: &str, why: &str) -> SinkError {
    SinkError {
        label: Some(label.to_owned()),
        ..SinkError::new(
            Code::State,
            format!(
                "batch '{label}' in the checkpoint's state is damaged: {why}. None of it has been loaded from this \
                 state; restore from another checkpoint or savepoint"
            ),
        )
    }
}

/// The packed body of a batch, as it is in a checkpoint's state: nothing in it has been checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Blocks<'a> {
    /// Bytes it is said to unpack to.
    pub len: u64,
    /// Blocks, see [`lz4`](crate::lz4).
    pub packed: &'a [u8],
}

/// The packed body of a batch. As a [`Body`] it is what went in; any number of readers may be at it, each of which
/// holds [`READING_BYTES`] at most. Its memory and its place in files are free when it is dropped.
pub struct Packed {
    shared: Arc<Shared>,
    /// The first blocks.
    arena: Arena,
    /// Chunks of the memory limit that it holds.
    claimed: usize,
    /// The blocks behind those, of so many bytes. Once there are any, all that follow are here.
    extents: Vec<Extent>,
    spilled: u64,
    /// Bytes that all of it unpacks to.
    len: u64,
}

impl Packed {
    fn new(shared: &Arc<Shared>) -> Self {
        Self {
            shared: Arc::clone(shared),
            arena: Arena::new(Arc::clone(&shared.pool)),
            claimed: 0,
            extents: Vec::new(),
            spilled: 0,
            len: 0,
        }
    }

    /// Bytes that its blocks take, wherever they are.
    pub fn packed_bytes(&self) -> u64 {
        self.arena.bytes() as u64 + self.spilled
    }

    /// Appends its blocks, [`packed_bytes`](Self::packed_bytes) in all, to `out`.
    ///
    /// # Errors
    /// Of reading a spill file. What has been appended is of no use then.
    pub fn write_blocks(&self, out: &mut Vec<u8>) -> io::Result<()> {
        let from = out.len();
        out.resize(from + self.packed_bytes() as usize, 0);
        self.blocks().read_exact(&mut out[from..])
    }

    /// Reads its blocks from the first on.
    fn blocks(&self) -> impl Read + '_ {
        let spilled = Extents { current: None, rest: self.extents.iter() };
        self.arena.reader().chain(spilled)
    }

    /// Packs bytes that are no chunk's: the framing.
    fn add(&mut self, packer: &mut Packer, raw: &[u8]) -> Result<(), SpillError> {
        raw.chunks(lz4::MAX_RAW).try_for_each(|raw| self.append(raw.len(), packer.pack(raw), None))
    }

    fn add_chunk(&mut self, packer: &mut Packer, mut chunk: Chunk) -> Result<(), SpillError> {
        let raw = chunk.bytes().len();
        if raw == 0 {
            return Ok(());
        }
        let block = packer.pack(chunk.bytes());
        chunk.clear();
        self.append(raw, block, Some(chunk))
    }

    /// Appends a block that unpacks to `raw` bytes. `spare` is an empty chunk of the pool to put it into.
    fn append(&mut self, raw: usize, block: &[u8], spare: Option<Chunk>) -> Result<(), SpillError> {
        let mut spare: Vec<Chunk> = spare.into_iter().collect();
        let in_memory = self.extents.is_empty() && self.append_in_memory(block, &mut spare);
        self.shared.pool.give(spare.into_iter());
        let bytes = block.len() as i64;
        if !in_memory {
            let extent = self.shared.spill.write(block)?;
            let apart = match self.extents.last_mut() {
                Some(last) => last.join(extent).err(),
                None => Some(extent),
            };
            self.extents.extend(apart);
            self.spilled += block.len() as u64;
            self.shared.counters.add(Cell::SpilledBytes, bytes);
        }
        self.shared.counters.add(Cell::HeldBytes, bytes);
        self.len += raw as u64;
        Ok(())
    }

    fn append_in_memory(&mut self, block: &[u8], spare: &mut Vec<Chunk>) -> bool {
        let chunks = self.arena.chunks_for(block.len());
        if !self.shared.claim(chunks) {
            return false;
        }
        // Where the system refuses memory, a disk may still have room.
        let taken = self.arena.append_reusing(block, spare).unwrap_or(false);
        if taken {
            self.claimed += chunks;
        } else {
            self.shared.release(chunks);
        }
        taken
    }
}

impl Drop for Packed {
    fn drop(&mut self) {
        self.shared.counters.add(Cell::HeldBytes, -(self.packed_bytes() as i64));
        self.shared.counters.add(Cell::SpilledBytes, -(self.spilled as i64));
        self.shared.release(self.claimed);
    }
}

impl Body for Packed {
    fn len(&self) -> u64 {
        self.len
    }

    fn reader(&self) -> Box<dyn Read + '_> {
        Box::new(Unpacker {
            blocks: self.blocks(),
            left: self.len,
            packed: Vec::new(),
            raw: Vec::new(),
            read: 0,
        })
    }
}

/// Reads one extent after the other.
struct Extents<'a> {
    current: Option<ExtentReader<'a>>,
    rest: std::slice::Iter<'a, Extent>,
}

impl Read for Extents<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        loop {
            if let Some(current) = &mut self.current {
                let n = current.read(out)?;
                if n > 0 || out.is_empty() {
                    return Ok(n);
                }
            }
            let Some(next) = self.rest.next() else { return Ok(0) };
            self.current = Some(next.reader());
        }
    }
}

/// Reads what blocks unpack to, block by block.
struct Unpacker<R> {
    blocks: R,
    /// Bytes in the blocks that are still to be unpacked.
    left: u64,
    packed: Vec<u8>,
    raw: Vec<u8>,
    /// Bytes of `raw` that have been read.
    read: usize,
}

impl<R: Read> Unpacker<R> {
    fn unpack_next(&mut self) -> io::Result<()> {
        let mut head = [0; lz4::HEAD];
        self.blocks.read_exact(&mut head)?;
        let head = lz4::Head::decode(head)?;
        self.packed.resize(head.packed, 0);
        self.blocks.read_exact(&mut self.packed)?;
        head.unpack(&self.packed, &mut self.raw)?;
        self.read = 0;
        self.left = self.left.checked_sub(head.raw as u64).ok_or(io::ErrorKind::InvalidData)?;
        Ok(())
    }
}

impl<R: Read> Read for Unpacker<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if self.read == self.raw.len() && self.left > 0 {
            self.unpack_next()?;
        }
        let n = (&self.raw[self.read..]).read(out)?;
        self.read += n;
        Ok(n)
    }
}
