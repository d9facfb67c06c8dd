//! Fixed-size chunks of memory under one hard bound.

use std::io;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use memmap2::MmapMut;

use crate::live::Alive;

/// Bytes in a chunk. Small enough that a thousand tables with an open batch each stay within the
/// default memory bound, large enough that nothing per chunk shows in a profile.
pub const CHUNK: usize = 64 * 1024;

/// How long a pooled chunk lies unused before its memory goes back to the system.
const IDLE: Duration = Duration::from_secs(10);

/// A piece of memory that is filled from its front.
#[derive(Debug)]
pub struct Chunk {
    map: MmapMut,
    len: usize,
    _alive: Alive,
}

impl Chunk {
    fn map() -> io::Result<Self> {
        Ok(Self { map: MmapMut::map_anon(CHUNK)?, len: 0, _alive: Alive::bytes(CHUNK) })
    }

    /// Takes as much of `bytes` as fits and says how much that was.
    pub fn fill(&mut self, bytes: &[u8]) -> usize {
        let n = bytes.len().min(CHUNK - self.len);
        self.map[self.len..self.len + n].copy_from_slice(&bytes[..n]);
        self.len += n;
        n
    }

    /// The memory that is still free, to be written from its front; then [`Self::advance`].
    pub fn free(&mut self) -> &mut [u8] {
        &mut self.map[self.len..]
    }

    /// Takes what was written to the front of [`Self::free`] as filled in.
    ///
    /// # Panics
    ///
    /// When `n` is more than is free.
    pub fn advance(&mut self, n: usize) {
        assert!(n <= self.room(), "{n} bytes in a room of {}", self.room());
        self.len += n;
    }

    /// Bytes still free.
    pub fn room(&self) -> usize {
        CHUNK - self.len
    }

    /// Forgets what has been filled in.
    pub fn clear(&mut self) {
        self.len = 0;
    }

    /// What has been filled in.
    pub fn bytes(&self) -> &[u8] {
        &self.map[..self.len]
    }
}

/// The chunks of one session, and the bound on its native memory.
///
/// Everything counts towards the bound: chunks in batches, chunks lying ready, and what the session
/// reserves for buffers that are not chunks. Any thread may use it.
#[derive(Debug)]
pub struct Pool {
    limit: usize,
    state: Mutex<State>,
    freed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    free: Vec<Chunk>,
    mapped: usize,
    reserved: usize,
    /// The fewest chunks that lay ready since `since`: those were not needed in that time.
    spare: usize,
    since: Option<Instant>,
}

impl State {
    fn used(&self) -> usize {
        self.mapped * CHUNK + self.reserved
    }

    /// Chunks that must be mapped afresh for `count` to be had.
    fn fresh(&self, count: usize) -> usize {
        count.saturating_sub(self.free.len())
    }

    /// Whether `count` chunks can be had within `limit` bytes.
    fn has(&self, count: usize, limit: usize) -> bool {
        let fresh = self.fresh(count);
        fresh == 0 || self.used() + fresh * CHUNK <= limit
    }

    /// Takes out chunks that lie ready but no longer fit, because more was reserved since they were mapped.
    fn shed(&mut self, limit: usize) -> Vec<Chunk> {
        let excess = self.used().saturating_sub(limit).div_ceil(CHUNK);
        let keep = self.free.len().saturating_sub(excess);
        let shed = self.free.split_off(keep);
        self.mapped -= shed.len();
        shed
    }
}

impl Pool {
    /// A pool that never holds more than `limit` bytes.
    pub fn new(limit: usize) -> Self {
        Self { limit, state: Mutex::default(), freed: Condvar::new() }
    }

    /// The bound, in bytes.
    pub fn limit(&self) -> usize {
        self.limit
    }

    /// Bytes held now.
    pub fn used(&self) -> usize {
        self.lock().used()
    }

    /// The most bytes that chunks alone can come to, given what is reserved now.
    pub fn chunk_capacity(&self) -> usize {
        (self.limit.saturating_sub(self.lock().reserved)) / CHUNK * CHUNK
    }

    /// Sets how much of the bound goes to buffers that are not chunks.
    pub fn reserve(&self, bytes: usize) {
        let mut state = self.lock();
        state.reserved = bytes;
        let shed = state.shed(self.limit);
        drop(state);
        drop(shed);
    }

    /// Appends `count` empty chunks to `chunks`, or none at all where the bound forbids it (`false`).
    pub fn take(&self, count: usize, chunks: &mut Vec<Chunk>) -> io::Result<bool> {
        let mut state = self.lock();
        if !state.has(count, self.limit) {
            return Ok(false);
        }
        let fresh = state.fresh(count);
        let before = chunks.len();
        for _ in 0..fresh {
            match Chunk::map() {
                Ok(chunk) => {
                    state.mapped += 1;
                    chunks.push(chunk);
                }
                Err(error) => {
                    state.free.extend(chunks.drain(before..));
                    return Err(error);
                }
            }
        }
        let keep = state.free.len() - (count - fresh);
        chunks.extend(state.free.drain(keep..));
        state.spare = state.spare.min(state.free.len());
        Ok(true)
    }

    /// Takes chunks back.
    pub fn give(&self, chunks: impl Iterator<Item = Chunk>) {
        let mut state = self.lock();
        state.free.extend(chunks.map(|mut chunk| {
            chunk.clear();
            chunk
        }));
        let shed = state.shed(self.limit);
        drop(state);
        drop(shed);
        self.freed.notify_all();
    }

    /// Waits until `count` chunks could be taken, at most `limit` long. Says whether they could.
    pub fn wait(&self, count: usize, limit: Duration) -> bool {
        let lacking =
            |state: &mut State| state.used() + count.saturating_sub(state.free.len()) * CHUNK > self.limit;
        let (_state, timeout) = self
            .freed
            .wait_timeout_while(self.lock(), limit, lacking)
            .unwrap_or_else(PoisonError::into_inner);
        !timeout.timed_out()
    }

    /// Gives the memory of chunks that nobody needed for some time back to the system.
    pub fn trim(&self, now: Instant) {
        let mut state = self.lock();
        let since = *state.since.get_or_insert(now);
        if now.duration_since(since) < IDLE {
            return;
        }
        let unneeded = state.spare.min(state.free.len());
        let keep = state.free.len() - unneeded;
        let unmap = state.free.split_off(keep);
        state.mapped -= unmap.len();
        state.spare = keep;
        state.since = Some(now);
        drop(state);
        drop(unmap);
        self.freed.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bound_holds_and_all_or_nothing_is_taken() {
        let pool = Pool::new(4 * CHUNK);
        pool.reserve(CHUNK);
        let mut chunks = Vec::new();
        assert!(pool.take(2, &mut chunks).unwrap());
        assert!(!pool.take(2, &mut chunks).unwrap());
        assert_eq!(chunks.len(), 2);
        assert!(pool.take(1, &mut chunks).unwrap());
        assert_eq!(pool.used(), 4 * CHUNK);
        assert_eq!(pool.chunk_capacity(), 3 * CHUNK);
    }

    #[test]
    fn what_is_reserved_later_takes_chunks_that_lie_ready() {
        let pool = Pool::new(3 * CHUNK);
        let mut chunks = Vec::new();
        assert!(pool.take(3, &mut chunks).unwrap());
        pool.give(chunks.drain(1..));
        pool.reserve(CHUNK + 1);
        assert_eq!(pool.used(), 2 * CHUNK + 1, "the third can't stay beside what is reserved");
        pool.give(chunks.drain(..));
        assert!(pool.wait(1, Duration::ZERO));
        assert!(pool.take(1, &mut chunks).unwrap());
        assert!(!pool.take(1, &mut chunks).unwrap());
    }

    #[test]
    fn chunks_come_back_empty_and_are_used_again() {
        let pool = Pool::new(CHUNK);
        let mut chunks = Vec::new();
        assert!(pool.take(1, &mut chunks).unwrap());
        assert_eq!(chunks[0].fill(b"abc"), 3);
        assert_eq!(chunks[0].bytes(), b"abc");
        assert!(!pool.wait(1, Duration::from_millis(1)));
        pool.give(chunks.drain(..));
        assert!(pool.wait(1, Duration::ZERO));
        assert!(pool.take(1, &mut chunks).unwrap());
        assert_eq!(chunks[0].bytes(), b"");
        assert_eq!(chunks[0].room(), CHUNK);
    }

    #[test]
    fn a_full_chunk_takes_no_more_than_fits() {
        let mut chunk = Chunk::map().unwrap();
        assert_eq!(chunk.fill(&vec![1; CHUNK + 5]), CHUNK);
        assert_eq!(chunk.fill(b"x"), 0);
    }

    #[test]
    fn only_chunks_not_needed_for_a_while_are_unmapped() {
        let pool = Pool::new(10 * CHUNK);
        let mut chunks = Vec::new();
        assert!(pool.take(4, &mut chunks).unwrap());
        pool.give(chunks.drain(..));
        let start = Instant::now();
        pool.trim(start);
        assert_eq!(pool.used(), 4 * CHUNK, "nothing goes at once");
        pool.trim(start + IDLE);
        assert_eq!(pool.used(), 4 * CHUNK, "before the first period ends nothing is known to be spare");
        assert!(pool.take(1, &mut chunks).unwrap());
        pool.give(chunks.drain(..));
        pool.trim(start + 2 * IDLE);
        assert_eq!(pool.used(), CHUNK, "one chunk was needed within the period");
        pool.trim(start + 3 * IDLE);
        assert_eq!(pool.used(), 0);
    }
}
