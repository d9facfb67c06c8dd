//! Rows on their way: the arena they are serialized into, and the batch that gives it a label.

use std::io::{self, Read};
use std::sync::Arc;
use std::time::Instant;

use starrocks_load::Body;

use crate::pool::{CHUNK, Chunk, Pool};
use crate::stream::Stream;

/// Bytes in a list of chunks; the chunks go back to their pool when the arena is dropped.
#[derive(Debug)]
pub struct Arena {
    pool: Arc<Pool>,
    chunks: Vec<Chunk>,
    len: usize,
}

impl Arena {
    /// An empty arena, which holds no memory.
    pub fn new(pool: Arc<Pool>) -> Self {
        Self { pool, chunks: Vec::new(), len: 0 }
    }

    /// Bytes in it.
    pub fn bytes(&self) -> usize {
        self.len
    }

    /// Chunks that must be had before `bytes` more can be appended.
    pub fn chunks_for(&self, bytes: usize) -> usize {
        let room = self.chunks.last().map_or(0, Chunk::room);
        bytes.saturating_sub(room).div_ceil(CHUNK)
    }

    /// Appends all of `bytes`, or nothing where the pool's bound forbids it (`false`).
    pub fn append(&mut self, bytes: &[u8]) -> io::Result<bool> {
        self.append_reusing(bytes, &mut Vec::new())
    }

    /// Appends like [`append`](Self::append), into chunks of `spare` before the pool is asked. They must be empty
    /// and of this arena's pool; those not needed stay.
    pub(crate) fn append_reusing(&mut self, bytes: &[u8], spare: &mut Vec<Chunk>) -> io::Result<bool> {
        let missing = self.chunks_for(bytes.len());
        let mut next = self.chunks.len().saturating_sub(1);
        let reused = missing.min(spare.len());
        if missing > reused && !self.pool.take(missing - reused, &mut self.chunks)? {
            return Ok(false);
        }
        self.chunks.extend(spare.drain(..reused));
        let mut rest = bytes;
        while !rest.is_empty() {
            let n = self.chunks[next].fill(rest);
            rest = &rest[n..];
            next += 1;
        }
        self.len += bytes.len();
        Ok(true)
    }

    /// The free memory of the last chunk.
    fn free(&mut self) -> &mut [u8] {
        self.chunks.last_mut().map_or(&mut [], Chunk::free)
    }

    /// Takes what was written to the front of [`Self::free`] as appended.
    fn advance(&mut self, n: usize) {
        if let Some(chunk) = self.chunks.last_mut() {
            chunk.advance(n);
            self.len += n;
        }
    }

    /// Takes out the chunks that are full, which nothing is appended to any more; `all`: the last one, too.
    fn split_off(&mut self, all: bool) -> impl Iterator<Item = Chunk> {
        let last = if all { 0 } else { 1 };
        let chunks = self.chunks.drain(..self.chunks.len().saturating_sub(last));
        self.len -= chunks.as_slice().iter().map(|chunk| chunk.bytes().len()).sum::<usize>();
        chunks
    }

    /// Reads it from its start.
    pub(crate) fn reader(&self) -> impl Read + '_ {
        Pieces { current: &[], rest: self.chunks.iter().map(Chunk::bytes) }
    }

    /// Takes it apart.
    pub(crate) fn into_chunks(mut self) -> Chunks {
        Chunks { pool: Arc::clone(&self.pool), rest: std::mem::take(&mut self.chunks).into_iter() }
    }
}

impl Drop for Arena {
    fn drop(&mut self) {
        self.pool.give(self.chunks.drain(..));
    }
}

/// The chunks of an arena, in order. Those not taken out go back to their pool.
pub(crate) struct Chunks {
    pool: Arc<Pool>,
    rest: std::vec::IntoIter<Chunk>,
}

impl Chunks {
    /// Whether all have been taken out.
    pub(crate) fn is_empty(&self) -> bool {
        self.rest.as_slice().is_empty()
    }
}

impl Iterator for Chunks {
    type Item = Chunk;

    fn next(&mut self) -> Option<Chunk> {
        self.rest.next()
    }
}

impl Drop for Chunks {
    fn drop(&mut self) {
        self.pool.give(self.rest.by_ref());
    }
}

/// What stands around and between the rows of a body: `[`, `,` and `]` for JSON, nothing for CSV.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Framing {
    /// Before the first row.
    pub prefix: &'static [u8],
    /// Between two rows.
    pub between: &'static [u8],
    /// After the last row.
    pub suffix: &'static [u8],
}

/// Rows of one table that are loaded together, under one label, for ever.
#[derive(Debug)]
pub struct Batch {
    /// Given at birth, never changed.
    pub label: String,
    /// Rows appended.
    pub rows: u64,
    /// When its first row came.
    pub born: Instant,
    framing: Framing,
    arena: Arena,
    /// The load that has begun already.
    stream: Option<Arc<Stream>>,
    /// Bytes that it was given, which are no more in the arena.
    ahead: usize,
}

impl Batch {
    /// An empty batch.
    pub fn new(label: String, framing: Framing, pool: Arc<Pool>) -> Self {
        Self {
            label,
            rows: 0,
            born: Instant::now(),
            framing,
            arena: Arena::new(pool),
            stream: None,
            ahead: 0,
        }
    }

    /// Begins to give the rows ahead, to a load that needn't wait until the batch is sealed.
    pub(crate) fn begin_stream(&mut self) -> Arc<Stream> {
        let stream = Stream::new(self.label.clone(), self.framing, Arc::clone(&self.arena.pool));
        let stream = Arc::clone(self.stream.insert(Arc::new(stream)));
        self.feed_stream();
        stream
    }

    /// The load that has begun already.
    pub(crate) fn stream(&self) -> Option<&Arc<Stream>> {
        self.stream.as_ref()
    }

    /// Gives the chunks that are full to the load that has begun.
    pub(crate) fn feed_stream(&mut self) {
        if let Some(stream) = &self.stream {
            let before = self.arena.bytes();
            stream.give(self.arena.split_off(false), None);
            self.ahead += before - self.arena.bytes();
        }
    }

    /// Gives all there is to the load that has begun: nothing follows. A batch without such a load is given back.
    pub(crate) fn end_stream(mut self) -> Option<Self> {
        let Some(stream) = self.stream.take() else { return Some(self) };
        stream.give(self.arena.split_off(true), Some(self.rows));
        None
    }

    /// Bytes of its rows, the framing around them left out.
    pub fn bytes(&self) -> usize {
        self.ahead + self.arena.bytes()
    }

    /// What must stand before the next row's text.
    pub fn separator(&self) -> &'static [u8] {
        if self.rows == 0 { b"" } else { self.framing.between }
    }

    /// Bytes of memory that it holds, in whole chunks.
    pub fn memory(&self) -> usize {
        self.arena.chunks.len() * CHUNK
    }

    /// Chunks that must be had before `bytes` more can be appended.
    pub fn chunks_for(&self, bytes: usize) -> usize {
        self.arena.chunks_for(bytes)
    }

    /// Appends a row, which begins with [`Self::separator`]; `false` when the memory bound forbids it.
    pub fn append(&mut self, row: &[u8]) -> io::Result<bool> {
        let taken = self.arena.append(row)?;
        self.rows += u64::from(taken);
        Ok(taken)
    }

    /// Memory of its own that a row, with [`Self::separator`] before it, may be written into: to the front, then
    /// [`Self::took_row`]. It may be too small for any.
    pub fn free(&mut self) -> &mut [u8] {
        self.arena.free()
    }

    /// Takes a row of so many bytes, written to the front of [`Self::free`].
    pub fn took_row(&mut self, bytes: usize) {
        self.arena.advance(bytes);
        self.rows += 1;
    }

    /// Takes it apart: its body is the framing's prefix, what is in the chunks, and the framing's suffix.
    pub(crate) fn into_body(self) -> (Framing, Chunks) {
        (self.framing, self.arena.into_chunks())
    }
}

impl Body for Batch {
    fn len(&self) -> u64 {
        (self.framing.prefix.len() + self.arena.bytes() + self.framing.suffix.len()) as u64
    }

    fn reader(&self) -> Box<dyn Read + '_> {
        let chunks = self.arena.chunks.iter().map(Chunk::bytes);
        let pieces =
            std::iter::once(self.framing.prefix).chain(chunks).chain(std::iter::once(self.framing.suffix));
        Box::new(Pieces { current: &[], rest: pieces })
    }
}

/// Reads one slice after the other.
struct Pieces<'a, I> {
    current: &'a [u8],
    rest: I,
}

impl<'a, I: Iterator<Item = &'a [u8]>> Read for Pieces<'a, I> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        while self.current.is_empty() {
            match self.rest.next() {
                Some(piece) => self.current = piece,
                None => return Ok(0),
            }
        }
        self.current.read(out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const JSON: Framing = Framing { prefix: b"[", between: b",", suffix: b"]" };

    fn body(batch: &Batch) -> Vec<u8> {
        let mut all = Vec::new();
        batch.reader().read_to_end(&mut all).unwrap();
        assert_eq!(all.len() as u64, Body::len(batch));
        all
    }

    fn append(batch: &mut Batch, row: &[u8]) -> bool {
        let text = [batch.separator(), row].concat();
        batch.append(&text).unwrap()
    }

    #[test]
    fn rows_are_framed_and_the_body_can_be_read_twice() {
        let mut batch = Batch::new("l".into(), JSON, Arc::new(Pool::new(CHUNK)));
        for row in ["1", "22", "333"] {
            assert!(append(&mut batch, row.as_bytes()));
        }
        assert_eq!(body(&batch), b"[1,22,333]");
        assert_eq!(body(&batch), b"[1,22,333]");
        assert_eq!((batch.rows, batch.bytes()), (3, 8));
    }

    #[test]
    fn rows_span_chunks_and_chunks_go_back_to_the_pool() {
        let pool = Arc::new(Pool::new(5 * CHUNK));
        let mut batch = Batch::new("l".into(), Framing::default(), Arc::clone(&pool));
        let row: Vec<u8> = (0..CHUNK * 3 / 2).map(|i| (i % 251) as u8).collect();
        for _ in 0..3 {
            assert!(append(&mut batch, &row));
        }
        assert_eq!(body(&batch), row.repeat(3));
        assert!(!append(&mut batch, &row), "the bound");
        assert_eq!(body(&batch), row.repeat(3), "a refused row leaves nothing behind");
        drop(batch);
        assert!(pool.wait(5, std::time::Duration::ZERO));
    }

    #[test]
    fn rows_may_be_written_in_place() {
        let mut batch = Batch::new("l".into(), JSON, Arc::new(Pool::new(2 * CHUNK)));
        assert!(batch.free().is_empty(), "before the first row there is no memory");
        assert!(append(&mut batch, b"first"));
        assert_eq!(batch.free().len(), CHUNK - 5);
        batch.free()[..7].copy_from_slice(b",second");
        batch.took_row(7);
        assert!(append(&mut batch, b"third"));
        assert_eq!(body(&batch), b"[first,second,third]");
        assert_eq!((batch.rows, batch.bytes()), (3, 18));
    }

    #[test]
    fn exact_chunk_boundaries_are_kept() {
        let mut batch = Batch::new("l".into(), Framing::default(), Arc::new(Pool::new(4 * CHUNK)));
        for len in [CHUNK, 1, CHUNK - 1, CHUNK] {
            assert!(append(&mut batch, &vec![b'x'; len]));
        }
        assert_eq!(body(&batch).len(), 3 * CHUNK);
    }
}
