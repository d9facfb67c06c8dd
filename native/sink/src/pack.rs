//! Batches that wait for their checkpoint, packed.
//!
//! Exactly-once without transactions loads nothing before the checkpoint completes, so a whole interval's rows have
//! to be kept. A [`Store`] packs them ([`lz4`]) and keeps them in chunks of the pool, up to a limit, and
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

    /// Whether memory didn't suffice, so that a part is in files.
    pub fn has_spilled(&self) -> bool {
        self.0.counters.get(Cell::SpilledBytes) > 0
    }

    /// Packs a batch's body and gives its memory back. Never waits for memory.
    ///
    /// # Errors
    /// `State`, retriable, when neither memory nor any folder has room. The rows are lost to the session then: it must
    /// fail, so that they come again from the last checkpoint.
    pub fn pack(&self, batch: Batch) -> Result<Packed, SinkError> {
        let label = batch.label.clone();
        let mut packed = Packed::new(&self.0);
        packed.pack(batch).map_err(|error| self.0.no_room(&label, &error))?;
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
                "batch '{label}' in the checkpoint's state is damaged: {why}. Restore from another checkpoint or \
                 savepoint"
            ),
        )
    }
}

/// The packed body of a batch, as it is in a checkpoint's state: nothing in it has been checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Blocks<'a> {
    /// Bytes it is said to unpack to.
    pub len: u64,
    /// Blocks, see [`lz4`].
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

    fn pack(&mut self, batch: Batch) -> Result<(), SpillError> {
        let mut packer = Packer::new();
        let (framing, mut chunks) = batch.into_body();
        packer.add(framing.prefix);
        loop {
            let mut chunk = chunks.next();
            if let Some(chunk) = &mut chunk {
                packer.add(chunk.bytes());
                chunk.clear();
            }
            let last = chunks.is_empty();
            if last {
                packer.add(framing.suffix);
            }
            // The framing goes with the chunks beside it, which are all the room there is when the pool has none.
            self.append(packer.raw(), packer.blocks(), chunk)?;
            packer.clear();
            if last {
                return Ok(());
            }
        }
    }

    /// Appends blocks that unpack to `raw` bytes. `spare` is an empty chunk of the pool to put them into.
    fn append(&mut self, raw: usize, blocks: &[u8], spare: Option<Chunk>) -> Result<(), SpillError> {
        let mut spare: Vec<Chunk> = spare.into_iter().collect();
        let in_memory = self.extents.is_empty() && self.append_in_memory(blocks, &mut spare);
        self.shared.pool.give(spare.into_iter());
        let bytes = blocks.len() as i64;
        if !in_memory {
            let extent = self.shared.spill.write(blocks)?;
            let apart = match self.extents.last_mut() {
                Some(last) => last.join(extent).err(),
                None => Some(extent),
            };
            self.extents.extend(apart);
            self.spilled += blocks.len() as u64;
            self.shared.counters.add(Cell::SpilledBytes, bytes);
        }
        self.shared.counters.add(Cell::HeldBytes, bytes);
        self.len += raw as u64;
        Ok(())
    }

    fn append_in_memory(&mut self, blocks: &[u8], spare: &mut Vec<Chunk>) -> bool {
        let chunks = self.arena.chunks_for(blocks.len());
        if !self.shared.claim(chunks) {
            return false;
        }
        // Where the system refuses memory, a disk may still have room.
        let taken = self.arena.append_reusing(blocks, spare).unwrap_or(false);
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

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::sync::Barrier;
    use std::sync::atomic::AtomicBool;
    use std::time::Duration;

    use proptest::prelude::*;

    use super::*;
    use crate::batch::Framing;

    const JSON: Framing = Framing { prefix: b"[", between: b",", suffix: b"]" };

    /// A store over a pool and a folder of its own.
    struct Fixture {
        folder: tempfile::TempDir,
        pool: Arc<Pool>,
        counters: Arc<Counters>,
        store: Store,
    }

    impl Fixture {
        fn new(pool_chunks: usize, memory_chunks: usize) -> Self {
            let folder = tempfile::tempdir().unwrap();
            let pool = Arc::new(Pool::new(pool_chunks * CHUNK));
            let counters = Arc::new(Counters::new());
            let folders = vec![folder.path().to_owned()];
            let store = Store::new(Arc::clone(&pool), folders, memory_chunks * CHUNK, Arc::clone(&counters));
            Self { folder, pool, counters, store }
        }

        fn batch(&self, framing: Framing, rows: &[Vec<u8>]) -> Batch {
            let mut batch = Batch::new("label".into(), framing, Arc::clone(&self.pool));
            for row in rows {
                assert!(batch.append(&[batch.separator(), row].concat()).unwrap());
            }
            batch
        }

        /// Bytes held, and those of them in files.
        fn held(&self) -> (i64, i64) {
            (self.counters.get(Cell::HeldBytes), self.counters.get(Cell::SpilledBytes))
        }

        /// Nothing is left of what was packed.
        fn assert_whole(&self) {
            assert_eq!(self.held(), (0, 0));
            assert_eq!(self.store.0.memory.load(Relaxed), 0);
            assert!(self.pool.wait(self.pool.limit() / CHUNK, Duration::ZERO), "the pool lacks chunks");
            assert_eq!(entries(self.folder.path()), 0);
        }
    }

    fn entries(folder: &Path) -> usize {
        std::fs::read_dir(folder).unwrap().count()
    }

    fn body(body: &dyn Body) -> Vec<u8> {
        let mut all = Vec::new();
        body.reader().read_to_end(&mut all).unwrap();
        assert_eq!(all.len() as u64, body.len());
        all
    }

    fn blocks(packed: &Packed) -> Vec<u8> {
        let mut all = b"before".to_vec();
        packed.write_blocks(&mut all).unwrap();
        assert_eq!(all.len() as u64, 6 + packed.packed_bytes());
        all.split_off(6)
    }

    /// Bytes without a pattern.
    fn noise(seed: u64, len: usize) -> Vec<u8> {
        let mut state = seed;
        let next = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (state >> 56) as u8
        };
        std::iter::repeat_with(next).take(len).collect()
    }

    #[test]
    fn what_is_packed_needs_no_memory_but_its_own() {
        for framing in [JSON, Framing::default()] {
            let fixture = Fixture::new(3, 3);
            let batch = fixture.batch(framing, &[vec![b'1'; 2 * CHUNK + 100]]);
            let raw = body(&batch);
            assert!(!fixture.pool.wait(1, Duration::ZERO), "the pool has nothing left");
            let packed = fixture.store.pack(batch).unwrap();
            assert_eq!((body(&packed), body(&packed)), (raw.clone(), raw));
            assert!(fixture.pool.wait(2, Duration::ZERO), "one chunk is enough");
            assert_eq!(fixture.held(), (packed.packed_bytes() as i64, 0));
            drop(packed);
            fixture.assert_whole();
        }
    }

    #[test]
    fn behind_the_limit_a_body_goes_on_in_a_file() {
        let fixture = Fixture::new(8, 2);
        let batch = fixture.batch(Framing::default(), &[noise(1, 3 * CHUNK)]);
        let raw = body(&batch);
        let packed = fixture.store.pack(batch).unwrap();
        // The first block takes one chunk and a bit of the next; the second would need a third.
        let block = (CHUNK + lz4::HEAD) as i64;
        assert_eq!(fixture.held(), (3 * block, 2 * block));
        assert_eq!(packed.extents.len(), 1, "neighbours in a file are joined");
        assert_eq!(body(&packed), raw);
        assert!(fixture.pool.wait(6, Duration::ZERO));
        assert_eq!(entries(fixture.folder.path()), 0);

        let again =
            fixture.store.adopt("label", &Blocks { len: packed.len, packed: &blocks(&packed) }).unwrap();
        assert_eq!(fixture.held(), (6 * block, 5 * block), "the limit is reached from its first block on");
        assert_eq!(body(&again), raw);
        drop(packed);
        assert_eq!(body(&again), raw);
        drop(again);
        fixture.assert_whole();
    }

    #[test]
    fn many_small_batches_count_for_the_chunks_they_take() {
        let fixture = Fixture::new(4, 2);
        let packed: Vec<Packed> =
            (0..5).map(|i| fixture.store.pack(fixture.batch(JSON, &[vec![b'0' + i]])).unwrap()).collect();
        let spilled: Vec<u64> = packed.iter().map(|packed| packed.spilled).collect();
        assert_eq!(spilled, [0, 0, 27, 27, 27]);
        for (i, packed) in packed.iter().enumerate() {
            assert_eq!(body(packed), format!("[{i}]").into_bytes());
        }
        assert!(fixture.pool.wait(2, Duration::ZERO));
        drop(packed);
        fixture.assert_whole();
    }

    #[test]
    fn a_batch_without_rows_is_its_framing() {
        let fixture = Fixture::new(1, 1);
        for (framing, raw) in [(JSON, &b"[]"[..]), (Framing::default(), b"")] {
            let packed = fixture.store.pack(fixture.batch(framing, &[])).unwrap();
            assert_eq!(body(&packed), raw);
        }
        fixture.assert_whole();
    }

    #[test]
    fn a_reader_may_read_as_little_as_it_likes() {
        let fixture = Fixture::new(8, 1);
        let batch = fixture.batch(JSON, &[vec![b'7'; CHUNK], noise(2, CHUNK)]);
        let raw = body(&batch);
        let packed = fixture.store.pack(batch).unwrap();
        assert!(packed.spilled > 0 && packed.arena.bytes() > 0);
        let (mut slow, mut fast) = (packed.reader(), packed.reader());
        let mut read = Vec::new();
        let mut piece = [0; 1009];
        assert_eq!(slow.read(&mut []).unwrap(), 0);
        loop {
            let n = slow.read(&mut piece).unwrap();
            if n == 0 {
                break;
            }
            read.extend_from_slice(&piece[..n]);
            let mut other = [0; 1];
            assert_eq!(fast.read(&mut other).unwrap(), 1);
        }
        assert_eq!(read, raw);
        assert_eq!(slow.read(&mut piece).unwrap(), 0);
    }

    #[test]
    fn no_room_anywhere_is_told_and_leaves_nothing_behind() {
        let mut fixture = Fixture::new(4, 1);
        let gone = fixture.folder.path().join("gone");
        fixture.store =
            Store::new(Arc::clone(&fixture.pool), vec![gone.clone()], CHUNK, Arc::clone(&fixture.counters));
        let rows = [vec![b'1'; CHUNK], noise(3, 2 * CHUNK)];
        let error = fixture.store.pack(fixture.batch(JSON, &rows)).err().unwrap();
        assert_eq!((error.code, error.retriable, error.label.as_deref()), (Code::State, true, Some("label")));
        for part in [
            "'label'",
            "65544 bytes",
            "285 bytes of packed rows are held",
            gone.to_str().unwrap(),
            "No such file",
            "io.tmp.dirs",
        ] {
            assert!(error.message.contains(part), "{part}: {error}");
        }
        fixture.assert_whole();
    }

    #[test]
    fn a_damaged_body_is_not_adopted() {
        let fixture = Fixture::new(8, 8);
        let packed = fixture.store.pack(fixture.batch(JSON, &[vec![b'1'; 3000], noise(4, 3000)])).unwrap();
        let (len, all) = (packed.len, blocks(&packed));
        drop(packed);
        let refused = |len, packed: &[u8]| {
            let error = fixture.store.adopt("label", &Blocks { len, packed }).err().unwrap();
            assert_eq!(
                (error.code, error.retriable, error.label.as_deref()),
                (Code::State, false, Some("label"))
            );
            fixture.assert_whole();
            error.message
        };
        for cut in 0..all.len() {
            refused(len, &all[..cut]);
        }
        assert!(refused(len + 1, &all).contains("said to be 6004 bytes, but is 6003"));
        assert!(refused(len - 1, &all).contains("said to be 6002 bytes, but is 6003"));
        refused(len, &[&all[..], &all].concat());
        refused(len, &[&all[..], b"x"].concat());
        let message = refused(len, &[&all[..9], &[0xff; 8], &all[17..]].concat());
        assert!(message.contains("at byte 9 of its packed body"), "{message}");
    }

    #[test]
    fn many_threads_pack_read_and_drop() {
        let fixture = Fixture::new(24, 6);
        let threads = 4;
        let barrier = Barrier::new(threads);
        let shared = fixture.store.pack(fixture.batch(JSON, &[noise(5, CHUNK), vec![b' '; CHUNK]])).unwrap();
        let expected = body(&shared);
        std::thread::scope(|scope| {
            for thread in 0..threads {
                let (fixture, barrier, shared, expected) = (&fixture, &barrier, &shared, &expected);
                scope.spawn(move || {
                    barrier.wait();
                    let mut kept = Vec::new();
                    for round in 0..10 {
                        let rows =
                            [noise((thread * 100 + round) as u64, CHUNK), vec![round as u8; 2 * CHUNK]];
                        let batch = fixture.batch(JSON, &rows);
                        let raw = body(&batch);
                        kept.push((fixture.store.pack(batch).unwrap(), raw));
                        assert!(body(shared) == *expected);
                        if round % 3 == 2 {
                            for (packed, raw) in kept.drain(..) {
                                assert!(body(&packed) == raw);
                            }
                        }
                    }
                    for (packed, raw) in &kept {
                        assert!(body(packed) == *raw);
                    }
                });
            }
        });
        drop(shared);
        fixture.assert_whole();
    }

    fn any_row() -> impl Strategy<Value = Vec<u8>> {
        let len = prop_oneof![1..200usize, CHUNK - 10..CHUNK + 10, 1..3 * CHUNK];
        (len, any::<u64>(), any::<bool>()).prop_map(|(len, seed, regular)| match regular {
            true => vec![seed as u8; len],
            false => noise(seed, len),
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

        /// Whatever the rows, wherever memory ends, and whoever takes chunks from the pool meanwhile.
        #[test]
        fn what_comes_out_is_what_went_in(
            rows in proptest::collection::vec(any_row(), 0..6),
            json in any::<bool>(),
            memory_chunks in 0..8usize,
            more_chunks in 0..3usize,
        ) {
            let raw_bytes: usize = rows.iter().map(|row| row.len() + 1).sum();
            let fixture = Fixture::new(raw_bytes.div_ceil(CHUNK) + more_chunks, memory_chunks);
            let batch = fixture.batch(if json { JSON } else { Framing::default() }, &rows);
            let raw = body(&batch);
            let done = AtomicBool::new(false);
            let packed = std::thread::scope(|scope| {
                scope.spawn(|| {
                    let mut taken = Vec::new();
                    while !done.load(Relaxed) {
                        let _ = fixture.pool.take(1, &mut taken);
                        std::thread::yield_now();
                        if taken.len() > 2 {
                            fixture.pool.give(taken.drain(..));
                        }
                    }
                    fixture.pool.give(taken.drain(..));
                });
                let packed = fixture.store.pack(batch);
                done.store(true, Relaxed);
                packed.unwrap()
            });
            prop_assert!(body(&packed) == raw);
            prop_assert!(fixture.store.0.memory.load(Relaxed) <= memory_chunks * CHUNK);
            let all = blocks(&packed);
            let again = fixture.store.adopt("label", &Blocks { len: raw.len() as u64, packed: &all }).unwrap();
            prop_assert!(body(&again) == raw);
            prop_assert!(blocks(&again) == all);
            prop_assert_eq!(fixture.held().0, 2 * all.len() as i64);
            prop_assert_eq!(fixture.held().1, (packed.spilled + again.spilled) as i64);
            drop((packed, again));
            fixture.assert_whole();
        }
    }
}
