//! Sends a body in chunks straight from where it lies.
//!
//! ureq copies such a body twice on its way to the socket, which costs as much as the sending itself
//! (`./dev bench send`). Over a plain connection, the body is therefore written here at the moment that ureq asks for its
//! first bytes; ureq then finds it empty, ends the chunks, and reads the answer.

use std::io::{self, IoSlice};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags};
use rustix::net::{SendAncillaryBuffer, SendFlags, sendmsg};
use ureq::{Error, Timeout};

use crate::cancel::Cancel;
use crate::connect::{self, wait};
use crate::transport::{self, MAX_HEAD};

/// How long input that is no answer yet isn't looked at again.
const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// How long sending may take.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Patience {
    /// All of a body, the waiting for it included.
    pub(crate) all: Duration,
    /// Until the socket takes a little more.
    pub(crate) each: Duration,
}

/// The way of one body.
pub(crate) struct Direct<'a> {
    socket: Arc<TcpStream>,
    cancel: &'a Cancel,
    patience: Patience,
    begun: Instant,
}

impl<'a> Direct<'a> {
    /// Through the connection whose request this thread has begun, where that may be written to.
    pub(crate) fn new(cancel: &'a Cancel, patience: Patience) -> Option<Self> {
        Some(Self { socket: transport::writable_socket()?, cancel, patience, begun: Instant::now() })
    }

    /// Sends one chunk (RFC 9112, section 7.1) and says whether it went. `false`: the server has answered or gone, which
    /// the transport knows too.
    pub(crate) fn chunk(&self, pieces: &[&[u8]]) -> io::Result<bool> {
        let length: usize = pieces.iter().map(|piece| piece.len()).sum();
        if length == 0 {
            return Ok(true); // an empty chunk would end the body
        }
        let size = format!("{length:x}\r\n");
        let mut slices = Vec::with_capacity(pieces.len() + 2);
        slices.push(IoSlice::new(size.as_bytes()));
        slices.extend(pieces.iter().map(|piece| IoSlice::new(piece)));
        slices.push(IoSlice::new(b"\r\n"));
        let mut rest = &mut slices[..];
        while !rest.is_empty() {
            match self.write(rest) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(n) => IoSlice::advance_slices(&mut rest, n),
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => {
                    if !self.room()? {
                        return Ok(false);
                    }
                }
                Err(e) if transport::broken(&e) => return Ok(broken_off(e.to_string())),
                Err(e) => return Err(e),
            }
        }
        Ok(true)
    }

    /// Writes what there is room for. The standard library's vectored write would raise SIGPIPE where the server has gone,
    /// which ends a process that doesn't ignore it; that of a JVM is not ours to ask.
    fn write(&self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        let mut none = SendAncillaryBuffer::default();
        Ok(sendmsg(&*self.socket, slices, &mut none, SendFlags::NOSIGNAL)?)
    }

    /// Waits for room to write. Meanwhile the server may have answered or gone: then `false`.
    fn room(&self) -> io::Result<bool> {
        let (reason, deadline) = self.deadline();
        let mut listen = true;
        loop {
            if self.cancel.is_cancelled() {
                return Err(connect::cancelled());
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(io::Error::new(io::ErrorKind::TimedOut, Error::Timeout(reason)));
            }
            let interest = if listen { PollFlags::IN | PollFlags::OUT } else { PollFlags::OUT };
            let mut fds = [PollFd::new(&*self.socket, interest)];
            let left = if listen { left } else { left.min(LOOK_AGAIN) };
            if wait(&mut fds, Some(left))? == 0 {
                listen = true;
                continue;
            }
            let ready = fds[0].revents();
            if !ready.contains(PollFlags::IN) {
                return Ok(true); // also where the connection is broken: writing says how
            }
            let mut input = vec![0; MAX_HEAD];
            match self.socket.peek(&mut input) {
                // When the server sends no more it may still read.
                Ok(0) if !ready.contains(PollFlags::OUT) => {
                    return Ok(broken_off(io::Error::from(io::ErrorKind::BrokenPipe).to_string()));
                }
                Ok(n) if transport::has_final_head(&input[..n]) => {
                    return Ok(broken_off(transport::ANSWERED_EARLY.to_owned()));
                }
                Ok(_) => {}
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => {}
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) if transport::broken(&e) => return Ok(broken_off(e.to_string())),
                Err(e) => return Err(e),
            }
            if ready.contains(PollFlags::OUT) {
                return Ok(true);
            }
            listen = false; // or what is there would end each wait
        }
    }

    fn deadline(&self) -> (Timeout, Instant) {
        let all = self.begun + self.patience.all;
        let each = Instant::now() + self.patience.each;
        if all < each { (Timeout::SendBody, all) } else { (Timeout::PerWrite, each) }
    }
}

/// Has the transport drop what ureq still writes; nothing more went.
fn broken_off(why: String) -> bool {
    transport::break_off(why);
    false
}
