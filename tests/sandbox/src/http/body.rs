//! Request bodies: by length or chunked, read at a pace if need be.

use super::{Connection, Request};
use std::io::{self, Read};
use std::thread;
use std::time::{Duration, Instant};

#[derive(Debug, Clone, Copy)]
enum Framing {
    Length(u64),
    /// Bytes left of the current chunk.
    Chunk(u64),
    /// Between chunks: `true` before the first, which no line break precedes.
    NextChunk(bool),
    Done,
}

/// A request's body. Dropping it leaves the rest unread; [`Body::drain`] reads it up.
#[derive(Debug)]
pub struct Body<'a> {
    connection: &'a mut Connection,
    framing: Framing,
    /// Bytes of content read so far.
    pub received: u64,
    /// Bytes per second at most.
    pub rate: Option<u64>,
    /// A stall: after so many bytes, wait that long.
    pub stall: Option<(u64, Duration)>,
    /// Ends the body early with an error, after so many bytes.
    pub cut: Option<u64>,
    started: Instant,
    paced: u64,
}

impl<'a> Body<'a> {
    /// The body of `request`; the error is about its length.
    pub fn new(connection: &'a mut Connection, request: &Request) -> Result<Self, String> {
        let chunked = request.header("transfer-encoding").is_some_and(|v| v.eq_ignore_ascii_case("chunked"));
        let framing = if chunked {
            Framing::NextChunk(true)
        } else {
            match request.header("content-length") {
                None => Framing::Done,
                Some(n) => {
                    Framing::Length(n.trim().parse().map_err(|_| format!("Invalid Content-Length: {n}"))?)
                }
            }
        };
        let body = Self {
            connection,
            framing,
            received: 0,
            rate: None,
            stall: None,
            cut: None,
            started: Instant::now(),
            paced: 0,
        };
        Ok(body)
    }

    /// Reads and drops up to `limit` bytes; whether the end was reached.
    pub fn drain(&mut self, limit: u64) -> bool {
        let mut buffer = vec![0; 64 * 1024];
        let mut left = limit;
        loop {
            match self.read(&mut buffer) {
                Ok(0) => return true,
                Ok(n) if (n as u64) < left => left -= n as u64,
                _ => return false,
            }
        }
    }

    /// The connection, for answers while the body is open.
    pub fn connection(&mut self) -> &mut Connection {
        self.connection
    }

    fn line(&mut self) -> io::Result<String> {
        let mut line = Vec::new();
        let mut byte = [0];
        loop {
            if self.connection.read(&mut byte)? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            match byte[0] {
                b'\n' => break,
                b'\r' => {}
                other if line.len() < 8192 => line.push(other),
                _ => return Err(io::Error::new(io::ErrorKind::InvalidData, "chunk line is too long")),
            }
        }
        Ok(String::from_utf8_lossy(&line).into_owned())
    }

    fn next_chunk(&mut self, first: bool) -> io::Result<()> {
        if !first {
            self.line()?;
        }
        let line = self.line()?;
        let size = line.split(';').next().unwrap_or_default().trim();
        let size = u64::from_str_radix(size, 16)
            .map_err(|_| io::Error::new(io::ErrorKind::InvalidData, format!("bad chunk size {size:?}")))?;
        if size == 0 {
            while !self.line()?.is_empty() {}
            self.framing = Framing::Done;
        } else {
            self.framing = Framing::Chunk(size);
        }
        Ok(())
    }

    /// Sleeps as long as it takes to keep to the rate.
    fn pace(&mut self, read: u64) {
        if let Some((after, delay)) = self.stall
            && self.received + read >= after
        {
            self.stall = None;
            thread::sleep(delay);
        }
        let Some(rate) = self.rate else { return };
        self.paced += read;
        let due = Duration::from_secs_f64(self.paced as f64 / rate.max(1) as f64);
        thread::sleep(due.saturating_sub(self.started.elapsed()));
    }
}

impl Read for Body<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        while let Framing::NextChunk(first) = self.framing {
            self.next_chunk(first)?;
        }
        let left = match self.framing {
            Framing::Length(left) | Framing::Chunk(left) => left,
            _ => 0,
        };
        if left == 0 || out.is_empty() {
            return Ok(0);
        }
        let mut most = left.min(out.len() as u64);
        if let Some(rate) = self.rate {
            // A tenth of a second's bytes at a time, so that the sender sees an even pace.
            most = most.min((rate / 10).max(1));
        }
        if let Some(cut) = self.cut {
            most = most.min(cut.saturating_sub(self.received));
            if most == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
        let read = self.connection.read(&mut out[..most as usize])? as u64;
        if read == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.framing = match self.framing {
            Framing::Chunk(left) if left == read => Framing::NextChunk(false),
            Framing::Chunk(left) => Framing::Chunk(left - read),
            Framing::Length(left) => Framing::Length(left - read),
            other => other,
        };
        self.pace(read);
        self.received += read;
        Ok(read as usize)
    }
}
