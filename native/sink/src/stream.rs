//! Loads that begin while their batch still fills, so that little is left to send when it is sealed.
//!
//! The writer hands the chunks that are full to a [`Stream`], which the load's body is read from: chunks change hands
//! and are never shared, so a row costs nothing more. The stream keeps all of them until the load is over: one that
//! fails is sent again, as a whole and under the same label, as any other is.
//!
//! A load that has begun holds a thread here and a transaction on the server. So it only begins where rows come fast
//! and a thread has nothing else to do, and it ends early, by sealing the batch, where rows stop coming, where it has
//! lasted long enough, or where another load waits for the thread. That thread also does what is to be done from time
//! to time: all others may follow loads, too.

use std::io::{self, Read};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use starrocks_load::{Body, Pieces};

use crate::batch::Framing;
use crate::flow::Class;
use crate::pool::{Chunk, Pool};
use crate::session::Shared;

/// Bytes per second, at least, at which a batch fills that is worth it: it is full before [`LONGEST`] has gone by.
pub const MIN_RATE: u64 = 2 * 1024 * 1024;

/// How long a batch may be followed before it is sealed.
pub const LONGEST: Duration = Duration::from_secs(45);

/// How long rows may stay away before the batch is sealed.
const QUIET: Duration = Duration::from_secs(3);

/// Chunks that go to the socket at once: few enough that what becomes due meanwhile doesn't wait for long.
pub const AT_ONCE: usize = 16;

/// How often somebody who waits for rows looks after everything else.
const LOOK_UP: Duration = Duration::from_millis(10);

/// A batch on its way while it fills.
#[derive(Debug)]
pub struct Stream {
    /// The batch's label.
    pub label: String,
    framing: Framing,
    pool: Arc<Pool>,
    begun: Instant,
    inbox: Mutex<Inbox>,
    came: Condvar,
    /// What was taken out of the inbox. Only the thread that loads locks it.
    taken: Mutex<Taken>,
}

#[derive(Debug, Default)]
struct Inbox {
    chunks: Vec<Chunk>,
    /// The rows of the whole batch, once it is sealed.
    rows: Option<u64>,
}

#[derive(Debug)]
struct Taken {
    chunks: Vec<Chunk>,
    bytes: usize,
    rows: Option<u64>,
    /// When something came last.
    last: Instant,
}

impl Stream {
    /// The stream of a batch that has given nothing yet.
    pub fn new(label: String, framing: Framing, pool: Arc<Pool>) -> Self {
        let now = Instant::now();
        Self {
            label,
            framing,
            pool,
            begun: now,
            inbox: Mutex::default(),
            came: Condvar::new(),
            taken: Mutex::new(Taken { chunks: Vec::new(), bytes: 0, rows: None, last: now }),
        }
    }

    /// Takes chunks of the batch, in their order. With the number of all its rows it is sealed: nothing follows.
    pub fn give(&self, chunks: impl Iterator<Item = Chunk>, rows: Option<u64>) {
        let mut inbox = lock(&self.inbox);
        inbox.chunks.extend(chunks);
        inbox.rows = rows;
        drop(inbox);
        self.came.notify_one();
    }

    /// Bytes that have been taken up, without what frames them.
    pub fn bytes(&self) -> usize {
        lock(&self.taken).bytes
    }

    /// Takes up what has come, waiting for something at most `limit` long.
    fn take_up(&self, limit: Duration) -> MutexGuard<'_, Taken> {
        let nothing = |inbox: &mut Inbox| inbox.chunks.is_empty() && inbox.rows.is_none();
        let mut inbox = lock(&self.inbox);
        if !limit.is_zero() {
            let waited = self.came.wait_timeout_while(inbox, limit, nothing);
            inbox = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        let (chunks, rows) = (std::mem::take(&mut inbox.chunks), inbox.rows);
        drop(inbox);
        let mut taken = lock(&self.taken);
        if !chunks.is_empty() {
            taken.last = Instant::now();
            taken.bytes += chunks.iter().map(|chunk| chunk.bytes().len()).sum::<usize>();
            taken.chunks.extend(chunks);
        }
        taken.rows = rows;
        taken
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        let inbox = self.inbox.get_mut().unwrap_or_else(PoisonError::into_inner);
        let taken = self.taken.get_mut().unwrap_or_else(PoisonError::into_inner);
        self.pool.give(taken.chunks.drain(..).chain(inbox.chunks.drain(..)));
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A stream as the body of a load, with the session that seals its batch.
pub(crate) struct Follow<'a> {
    pub(crate) stream: &'a Arc<Stream>,
    pub(crate) shared: &'a Shared,
    /// How long it may be followed.
    pub(crate) longest: Duration,
}

impl Follow<'_> {
    /// Waits a moment for more to come, and seals the batch where that shouldn't go on.
    fn wait(&self) -> io::Result<()> {
        self.shared.flow.check().map_err(io::Error::other)?;
        let before = self.stream.bytes();
        let taken = self.stream.take_up(LOOK_UP);
        if taken.rows.is_some() || taken.bytes > before {
            return Ok(());
        }
        let quiet = taken.last.elapsed();
        drop(taken);
        if quiet >= QUIET || self.shared.flow.is_short_of(Class::Send) {
            self.shared.seal_stream(self.stream);
        }
        Ok(())
    }

    /// Sees to what has become due, be there something to send or not: to batches that are old enough to be sealed,
    /// also those of other tables, and to its own.
    fn tick(&self) {
        self.shared.tick();
        if self.stream.begun.elapsed() >= self.longest {
            self.shared.seal_stream(self.stream);
        }
    }
}

impl Body for Follow<'_> {
    fn len(&self) -> u64 {
        let Framing { prefix, suffix, .. } = self.stream.framing;
        (prefix.len() + self.stream.take_up(Duration::ZERO).bytes + suffix.len()) as u64
    }

    fn rows(&self) -> Option<u64> {
        self.stream.take_up(Duration::ZERO).rows
    }

    fn is_complete(&self) -> bool {
        self.rows().is_some()
    }

    fn complete(&self) {
        // Rows of a session that has failed come again, after the restart.
        if self.shared.flow.check().is_ok() {
            self.shared.seal_stream(self.stream);
        }
    }

    fn reader(&self) -> Box<dyn Read + '_> {
        Box::new(Reader::new(self))
    }

    fn pieces(&self) -> Option<Box<dyn Pieces + '_>> {
        Some(Box::new(Reader::new(self)))
    }
}

struct Reader<'a> {
    follow: &'a Follow<'a>,
    place: Place,
    ticked: Instant,
}

/// What is to be read next.
#[derive(Clone, Copy)]
enum Place {
    Prefix(usize),
    /// A chunk, and where in it.
    Chunk(usize, usize),
    Suffix(usize),
}

impl<'a> Reader<'a> {
    fn new(follow: &'a Follow<'a>) -> Self {
        Self { follow, place: Place::Prefix(0), ticked: Instant::now() }
    }

    fn tick_when_due(&mut self) {
        if self.ticked.elapsed() >= self.follow.shared.tick_every() {
            self.follow.tick();
            self.ticked = Instant::now();
        }
    }
}

impl Pieces for Reader<'_> {
    fn next(&mut self, send: &mut dyn FnMut(&[&[u8]])) -> io::Result<bool> {
        let Framing { prefix, suffix, .. } = self.follow.stream.framing;
        loop {
            match self.place {
                Place::Prefix(at) => {
                    self.place = Place::Chunk(0, 0);
                    if at < prefix.len() {
                        send(&[&prefix[at..]]);
                        return Ok(true);
                    }
                }
                Place::Chunk(chunk, at) => {
                    self.tick_when_due();
                    let taken = lock(&self.follow.stream.taken);
                    let slices = slices(&taken.chunks, chunk, at);
                    if !slices.is_empty() {
                        self.place = Place::Chunk(chunk + slices.len(), 0);
                        send(&slices);
                        return Ok(true);
                    }
                    let sealed = taken.rows.is_some();
                    drop(taken);
                    if sealed {
                        self.place = Place::Suffix(0);
                    } else {
                        self.follow.wait()?;
                    }
                }
                Place::Suffix(at) => {
                    self.place = Place::Suffix(suffix.len());
                    if at < suffix.len() {
                        send(&[&suffix[at..]]);
                    }
                    return Ok(at < suffix.len());
                }
            }
        }
    }
}

/// What there is from a place on, of so many chunks at most.
fn slices(chunks: &[Chunk], chunk: usize, at: usize) -> Vec<&[u8]> {
    let mut slices: Vec<&[u8]> = chunks.iter().skip(chunk).take(AT_ONCE).map(Chunk::bytes).collect();
    if let Some(first) = slices.first_mut() {
        *first = &first[at..];
    }
    slices
}

impl Read for Reader<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let Framing { prefix, suffix, .. } = self.follow.stream.framing;
        if out.is_empty() {
            return Ok(0);
        }
        loop {
            match self.place {
                Place::Prefix(at) => match (&prefix[at..]).read(out)? {
                    0 => self.place = Place::Chunk(0, 0),
                    n => {
                        self.place = Place::Prefix(at + n);
                        return Ok(n);
                    }
                },
                Place::Chunk(chunk, at) => {
                    self.tick_when_due();
                    let taken = lock(&self.follow.stream.taken);
                    let (read, place) = copy(&taken.chunks, chunk, at, out);
                    let sealed = taken.rows.is_some();
                    drop(taken);
                    self.place = place;
                    match read {
                        0 if sealed => self.place = Place::Suffix(0),
                        0 => self.follow.wait()?,
                        n => return Ok(n),
                    }
                }
                Place::Suffix(at) => {
                    let n = (&suffix[at..]).read(out)?;
                    self.place = Place::Suffix(at + n);
                    return Ok(n);
                }
            }
        }
    }
}

/// Copies what there is from a place on, and says how much that was and where it ends.
fn copy(chunks: &[Chunk], mut chunk: usize, mut at: usize, out: &mut [u8]) -> (usize, Place) {
    let mut read = 0;
    while let Some(bytes) = chunks.get(chunk).map(Chunk::bytes) {
        let n = (bytes.len() - at).min(out.len() - read);
        out[read..read + n].copy_from_slice(&bytes[at..at + n]);
        read += n;
        at += n;
        if at < bytes.len() {
            break;
        }
        (chunk, at) = (chunk + 1, 0);
    }
    (read, Place::Chunk(chunk, at))
}
