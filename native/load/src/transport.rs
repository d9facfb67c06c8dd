//! The connector under [`ureq`]: sockets that can be cancelled, and answers that are seen when they come.
//!
//! Why not ureq's own:
//! * Its TCP connect and name resolution can't be interrupted.
//! * Where a server answers `Expect: 100-continue` with a final status and leaves the connection open, ureq 3.5 waits
//!   for more input although the whole answer is in its buffer. Here the head of an answer is always read as a
//!   whole, and one that lies in the buffer ends every wait.
//! * A `100 Continue` with header lines is taken for a final answer. Here the lines are dropped.
//! * A server may refuse a load while its body is still being sent, and close or just stop reading. Here an early
//!   answer, or a broken connection, ends the sending; what the server said is then read.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::{Arc, OnceLock, Weak};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags};
use rustls::ClientConnection;
use rustls::pki_types::ServerName;
use ureq::config::Config;
use ureq::http::Uri;
use ureq::unversioned::resolver::{ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{
    Buffers, ConnectionDetails, Connector, NextTimeout, ShutdownHandle, Transport,
};
use ureq::{Error, Timeout};

use crate::cancel::Cancel;
use crate::connect::{self, wait};
use crate::tls;

/// Most of an answer's head that is waited for; ureq refuses longer ones.
pub(crate) const MAX_HEAD: usize = 64 * 1024;

/// Why sending ends when the head of an answer has come.
pub(crate) const ANSWERED_EARLY: &str = "the server answered before it had read everything";

/// Room in which a request's head is written: for any that a server would take, whole header lines at a time.
const MIN_OUTPUT: usize = 64 * 1024;

thread_local! {
    /// Whether the request that this thread runs had a new connection made for it.
    static CONNECTED: Cell<bool> = const { Cell::new(false) };

    /// Whether the server of the request that this thread runs takes no more of its body.
    static TAKES_NO_MORE: Cell<bool> = const { Cell::new(false) };

    /// The socket, if it is a plain one, through which the request of this thread has begun to go.
    static SOCKET: RefCell<Option<Arc<TcpStream>>> = const { RefCell::new(None) };

    /// Whether all that has come of the answer is consumed, be it nothing.
    static INPUT_EMPTY: Cell<bool> = const { Cell::new(true) };

    /// Whether the wait for `100 Continue` of this thread's request ran out.
    static WAITED_IN_VAIN: Cell<bool> = const { Cell::new(false) };

    /// Whether an interim answer to this thread's request has come, be it in time or not.
    static CONTINUED: Cell<bool> = const { Cell::new(false) };

    /// Why the body can't be sent on, from whoever writes it past the transport.
    static BROKEN_OFF: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// The socket of the request that this thread runs, to write its body to: where nothing stands between the two (TLS),
/// nothing of an answer waits in the transport, and the server still takes it.
pub(crate) fn writable_socket() -> Option<Arc<TcpStream>> {
    SOCKET.with_borrow(|socket| socket.clone()).filter(|_| INPUT_EMPTY.get() && !nobody_takes_more())
}

/// Whoever writes to [`writable_socket`] says so when it takes no more.
pub(crate) fn break_off(why: String) {
    BROKEN_OFF.set(Some(why));
    TAKES_NO_MORE.set(true);
}

/// Whether what would be sent now of the request that this thread runs would be dropped: the server has answered or
/// gone.
pub(crate) fn nobody_takes_more() -> bool {
    TAKES_NO_MORE.get()
}

/// What was seen of a request on its way.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Watched {
    /// A connection was made for it; otherwise it went over one kept from before.
    pub(crate) connected: bool,
    /// `Some(true)`: the wait for `100 Continue` ran out, and none came later. `Some(false)`: one came. `None`: there was no
    /// need of one, or an answer in its place.
    pub(crate) is_silent: Option<bool>,
}

/// Runs a request and says what was seen of it.
pub(crate) fn watching<T>(run: impl FnOnce() -> T) -> (T, Watched) {
    CONNECTED.set(false);
    TAKES_NO_MORE.set(false);
    INPUT_EMPTY.set(true);
    WAITED_IN_VAIN.set(false);
    CONTINUED.set(false);
    let result = run();
    SOCKET.set(None);
    BROKEN_OFF.set(None);
    let is_silent = match (CONTINUED.get(), WAITED_IN_VAIN.get()) {
        (true, _) => Some(false),
        (false, waited) => waited.then_some(true),
    };
    (result, Watched { connected: CONNECTED.get(), is_silent })
}

/// Why there is no connection: nothing has been sent. Found inside [`Error::Other`].
#[derive(Debug)]
pub(crate) struct ConnectError(pub(crate) io::Error);

impl fmt::Display for ConnectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for ConnectError {}

/// Leaves resolving to the connector, so that a connection in the pool needs none.
#[derive(Debug)]
pub(crate) struct LateResolver;

impl Resolver for LateResolver {
    fn resolve(
        &self,
        _uri: &Uri,
        _config: &Config,
        _timeout: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, Error> {
        Ok(self.empty())
    }
}

/// Makes the connections of one client.
#[derive(Debug)]
pub(crate) struct SocketConnector {
    cancel: Arc<Cancel>,
    timeout: Duration,
    /// Read when first needed, unless the user named a file.
    tls: OnceLock<Result<Arc<rustls::ClientConfig>, String>>,
}

impl SocketConnector {
    pub(crate) fn new(
        cancel: Arc<Cancel>,
        timeout: Duration,
        tls: Option<Arc<rustls::ClientConfig>>,
    ) -> Self {
        let cell = OnceLock::new();
        if let Some(config) = tls {
            // A new cell is empty.
            let _ = cell.set(Ok(config));
        }
        SocketConnector { cancel, timeout, tls: cell }
    }

    fn open(&self, details: &ConnectionDetails<'_>) -> Result<Socket, Error> {
        let no = |e: io::Error| Error::Other(Box::new(ConnectError(e)));
        let deadline = Instant::now() + self.timeout.min(*details.timeout.after);
        let authority = details.uri.authority().ok_or_else(|| Error::BadUri(details.uri.to_string()))?;
        let host = authority.host().trim_start_matches('[').trim_end_matches(']');
        let port = authority.port_u16().unwrap_or(if details.needs_tls() { 443 } else { 80 });

        let stream = Arc::new(connect::connect(host, port, deadline, &self.cancel).map_err(no)?);
        let shared: Arc<dyn ShutdownHandle> = Arc::new(Handle(Arc::downgrade(&stream)));
        (details.register_shutdown)(Arc::downgrade(&shared))?;
        let mut socket = Socket { stream, tls: None, _shutdown: shared };
        if details.needs_tls() {
            let config =
                self.tls.get_or_init(tls::trust_system).clone().map_err(|e| no(io::Error::other(e)))?;
            let name = ServerName::try_from(host.to_owned())
                .map_err(|_| no(io::Error::other("its name can't be in a certificate")))?;
            let connection = ClientConnection::new(config, name).map_err(|e| no(io::Error::other(e)))?;
            socket.tls = Some(Box::new(connection));
            socket
                .handshake(deadline)
                .map_err(|e| no(io::Error::new(e.kind(), format!("TLS handshake failed: {e}"))))?;
        }
        Ok(socket)
    }
}

impl Connector for SocketConnector {
    type Out = SocketTransport;

    fn connect(
        &self,
        details: &ConnectionDetails<'_>,
        _chained: Option<()>,
    ) -> Result<Option<SocketTransport>, Error> {
        CONNECTED.set(true);
        let socket = self.open(details)?;
        Ok(Some(SocketTransport {
            socket,
            buffers: SocketBuffers::new(
                details.config.input_buffer_size(),
                details.config.output_buffer_size(),
            ),
            unwritable: None,
        }))
    }
}

struct Handle(Weak<TcpStream>);

impl ShutdownHandle for Handle {
    fn shutdown(&self) {
        if let Some(stream) = self.0.upgrade() {
            // It fails when the connection is closed already.
            let _ = stream.shutdown(Shutdown::Both);
        }
    }
}

/// A connected non-blocking socket, plain or under TLS.
struct Socket {
    stream: Arc<TcpStream>,
    tls: Option<Box<ClientConnection>>,
    /// The agent holds it weakly: it lives as long as the socket.
    _shutdown: Arc<dyn ShutdownHandle>,
}

impl Socket {
    fn handshake(&mut self, deadline: Instant) -> io::Result<()> {
        while let Some(tls) = self.tls.as_mut().filter(|tls| tls.is_handshaking()) {
            match tls.complete_io(&mut &*self.stream) {
                Ok(_) => {}
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => {
                    let interest = if tls.wants_write() { PollFlags::OUT } else { PollFlags::IN };
                    self.ready(interest, Some(deadline))?;
                }
                Err(e) => return Err(e),
            }
        }
        Ok(())
    }

    /// Waits until the socket is ready for one of `interest`, has failed, or was shut down.
    fn ready(&self, interest: PollFlags, deadline: Option<Instant>) -> io::Result<PollFlags> {
        loop {
            let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
            if left.is_some_and(|left| left.is_zero()) {
                return Err(io::ErrorKind::TimedOut.into());
            }
            let mut fds = [PollFd::new(&*self.stream, interest)];
            if wait(&mut fds, left)? > 0 {
                return Ok(fds[0].revents());
            }
        }
    }

    /// Reads what is there; `WouldBlock` when there is nothing.
    fn try_read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        loop {
            let result = match &mut self.tls {
                None => (&*self.stream).read(buf),
                Some(tls) => rustls::Stream::new(tls.as_mut(), &mut &*self.stream).read(buf),
            };
            match result {
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                other => return other,
            }
        }
    }

    /// Writes what there is room for; `WouldBlock` when there is none.
    fn try_write(&mut self, buf: &[u8]) -> io::Result<usize> {
        loop {
            let result = match &mut self.tls {
                None => (&*self.stream).write(buf),
                Some(tls) => rustls::Stream::new(tls.as_mut(), &mut &*self.stream).write(buf),
            };
            match result {
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                other => return other,
            }
        }
    }

    /// Sends on what TLS still holds; `WouldBlock` when there is no room.
    fn try_flush(&mut self) -> io::Result<()> {
        let Some(tls) = &mut self.tls else { return Ok(()) };
        while tls.wants_write() {
            match tls.write_tls(&mut &*self.stream) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(_) => {}
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => return Err(e),
            }
        }
        Ok(())
    }
}

/// The transport that ureq reads and writes through.
pub(crate) struct SocketTransport {
    socket: Socket,
    buffers: SocketBuffers,
    /// Why nothing more can be sent. What ureq still writes is dropped, so that it goes on to read the answer.
    unwritable: Option<String>,
}

impl SocketTransport {
    fn write_all(&mut self, amount: usize, deadline: Option<Instant>) -> io::Result<()> {
        let mut written = 0;
        while written < amount {
            match self.socket.try_write(&self.buffers.output[written..amount]) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(n) => written += n,
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => {
                    if self.blocked(deadline)? {
                        return Ok(());
                    }
                }
                Err(e) => return Err(e),
            }
        }
        loop {
            match self.socket.try_flush() {
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => {
                    if self.blocked(deadline)? {
                        return Ok(());
                    }
                }
                other => return other,
            }
        }
    }

    /// Waits for room to write. Meanwhile the server may have given its answer already: says whether it has.
    fn blocked(&mut self, deadline: Option<Instant>) -> io::Result<bool> {
        // Without room for input, input would end every wait.
        let listen = self.buffers.filled < MAX_HEAD;
        if listen {
            // Under TLS, writing takes in what has come, too: then the socket has nothing to read any more.
            if self.socket.tls.is_some() {
                self.listen()?;
            }
            // It may also have come together with `100 Continue`.
            if self.has_answer() {
                return Ok(true);
            }
        }
        let interest = if listen { PollFlags::IN | PollFlags::OUT } else { PollFlags::OUT };
        let ready = self.socket.ready(interest, deadline)?;
        if !ready.contains(PollFlags::IN) || !listen {
            return Ok(false);
        }
        // When the server sends no more it may still read.
        if !self.listen()? && !ready.contains(PollFlags::OUT) {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        Ok(self.has_answer())
    }

    /// Takes in what the server has sent, without waiting; says whether it may send more.
    fn listen(&mut self) -> io::Result<bool> {
        match self.socket.try_read(self.buffers.input_append_buf()) {
            Ok(0) => return Ok(false),
            Ok(n) => self.buffers.input_appended(n),
            Err(e) if e.kind() == io::ErrorKind::WouldBlock => {}
            Err(e) => return Err(e),
        }
        Ok(true)
    }

    /// Whether the head of the server's answer has come; then nothing more is sent.
    fn has_answer(&mut self) -> bool {
        self.buffers.drop_interim_headers();
        let has = has_final_head(self.buffers.input());
        if has {
            self.give_up_writing(ANSWERED_EARLY.to_owned());
        }
        has
    }

    /// From now on what ureq writes is dropped.
    fn give_up_writing(&mut self, why: String) {
        self.unwritable = Some(why);
        TAKES_NO_MORE.set(true);
    }
}

fn deadline(timeout: &NextTimeout) -> Option<Instant> {
    if timeout.after.is_not_happening() { None } else { Instant::now().checked_add(*timeout.after) }
}

pub(crate) fn broken(e: &io::Error) -> bool {
    use io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, NotConnected};
    matches!(e.kind(), BrokenPipe | ConnectionAborted | ConnectionReset | NotConnected)
}

impl Transport for SocketTransport {
    fn buffers(&mut self) -> &mut dyn Buffers {
        &mut self.buffers
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), Error> {
        self.buffers.awaiting_head = true;
        if let Some(why) = BROKEN_OFF.take() {
            self.give_up_writing(why);
        }
        if self.unwritable.is_some() {
            return Ok(());
        }
        SOCKET.set(self.socket.tls.is_none().then(|| Arc::clone(&self.socket.stream)));
        let timeout = timeout.for_write();
        match self.write_all(amount, deadline(&timeout)) {
            Ok(()) => Ok(()),
            Err(e) if e.kind() == io::ErrorKind::TimedOut => Err(Error::Timeout(timeout.reason)),
            Err(e) if broken(&e) => {
                self.give_up_writing(e.to_string());
                Ok(())
            }
            Err(e) => Err(e.into()),
        }
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, Error> {
        let timeout = timeout.for_read();
        let deadline = deadline(&timeout);
        let mut progress = false;
        loop {
            if self.buffers.offers_head() {
                return Ok(true);
            }
            match self.socket.try_read(self.buffers.input_append_buf()) {
                Ok(0) => {
                    return match self.unwritable.take() {
                        Some(why) if !progress => {
                            Err(io::Error::new(io::ErrorKind::ConnectionReset, why).into())
                        }
                        _ => Ok(progress),
                    };
                }
                Ok(n) => {
                    self.buffers.input_appended(n);
                    progress = true;
                    if self.buffers.awaiting_head {
                        self.buffers.drop_interim_headers();
                    } else {
                        return Ok(true);
                    }
                }
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => {
                    match self.socket.ready(PollFlags::IN, deadline) {
                        Ok(_) => {}
                        Err(e) if e.kind() == io::ErrorKind::TimedOut => {
                            WAITED_IN_VAIN.set(WAITED_IN_VAIN.get() || timeout.reason == Timeout::Await100);
                            return Err(Error::Timeout(timeout.reason));
                        }
                        Err(e) => return Err(e.into()),
                    }
                }
                Err(e) => return Err(e.into()),
            }
        }
    }

    fn is_open(&mut self) -> bool {
        // An idle connection has nothing to read: bytes or an end both mean that it can't be used any more.
        self.unwritable.is_none()
            && matches!(self.socket.try_read(&mut [0]), Err(e) if e.kind() == io::ErrorKind::WouldBlock)
    }

    fn is_tls(&self) -> bool {
        self.socket.tls.is_some()
    }
}

impl fmt::Debug for SocketTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SocketTransport").field("peer", &self.socket.stream.peer_addr().ok()).finish()
    }
}

/// What the input starts with.
#[derive(Debug, PartialEq, Eq)]
enum Head {
    /// Nothing yet, or the beginning of a head.
    Partial,
    /// The whole head of a `1xx` answer.
    Interim,
    /// The whole head of a final answer, or what is none and ureq must judge.
    Final,
}

fn head(input: &[u8]) -> Head {
    if head_len(input).is_none() {
        return if input.len() < MAX_HEAD { Head::Partial } else { Head::Final };
    }
    if is_interim(input) { Head::Interim } else { Head::Final }
}

/// Whether a final answer's head lies in the input, be it behind interim ones.
pub(crate) fn has_final_head(mut input: &[u8]) -> bool {
    while head(input) == Head::Interim {
        input = &input[head_len(input).unwrap_or(input.len())..];
    }
    head(input) == Head::Final
}

/// Length of the head with the empty line that ends it.
fn head_len(input: &[u8]) -> Option<usize> {
    let mut line_start = 0;
    let mut begun = false;
    for (at, _) in input.iter().enumerate().filter(|&(_, &b)| b == b'\n') {
        let empty = matches!(&input[line_start..at], b"" | b"\r");
        if empty && begun {
            return Some(at + 1);
        }
        // Empty lines before the first one don't count (RFC 9112, section 2.2).
        begun |= !empty;
        line_start = at + 1;
    }
    None
}

fn is_interim(input: &[u8]) -> bool {
    // 101 Switching Protocols is final, and never asked for.
    input.len() > 12
        && input.starts_with(b"HTTP/1.")
        && input[8..].starts_with(b" 1")
        && !input[8..].starts_with(b" 101")
}

/// Input and output of one connection. ureq asks for the output buffer and the free input anew for each use.
struct SocketBuffers {
    input: Vec<u8>,
    input_size: usize,
    consumed: usize,
    filled: usize,
    output: Vec<u8>,
    output_size: usize,
    /// Where a body that is sent in chunks is read before it is put into chunks.
    scratch: Vec<u8>,
    /// The last thing that was done with the input was to consume some of it.
    progress: bool,
    /// A request was sent, and the head of its final answer has not been consumed yet.
    awaiting_head: bool,
    /// ureq could do nothing with what is in the input.
    refused: bool,
}

impl SocketBuffers {
    fn new(input_size: usize, output_size: usize) -> Self {
        SocketBuffers {
            input: Vec::new(),
            input_size,
            consumed: 0,
            filled: 0,
            output: Vec::new(),
            output_size: output_size.max(MIN_OUTPUT),
            scratch: Vec::new(),
            progress: false,
            awaiting_head: false,
            refused: false,
        }
    }

    /// Whether the head of an answer lies in the input, interim or final, for ureq to take. It looks at final ones twice:
    /// when it expects `100 Continue`, and then, without having consumed anything, as the answer.
    fn offers_head(&self) -> bool {
        self.awaiting_head && !self.refused && head(self.input()) != Head::Partial
    }

    /// Takes header lines away from interim answers at the start of the input: ureq expects none.
    fn drop_interim_headers(&mut self) {
        let input = &self.input[self.consumed..self.filled];
        let Some(len) = head_len(input).filter(|_| is_interim(input)) else { return };
        let line = input.iter().position(|&b| b == b'\n').map_or(0, |at| at + 1);
        let from = self.consumed + line;
        let to = self.consumed + len - if input[..len].ends_with(b"\r\n") { 2 } else { 1 };
        self.input.copy_within(to..self.filled, from);
        self.filled -= to - from;
    }
}

impl Buffers for SocketBuffers {
    fn output(&mut self) -> &mut [u8] {
        // For the head of a request, which may be all of it: clearing room for a body would take longer than sending.
        if self.output.len() < MIN_OUTPUT {
            self.output.resize(MIN_OUTPUT, 0);
        }
        &mut self.output
    }

    fn input(&self) -> &[u8] {
        &self.input[self.consumed..self.filled]
    }

    fn input_append_buf(&mut self) -> &mut [u8] {
        if self.consumed > 0 {
            self.input.copy_within(self.consumed..self.filled, 0);
            self.filled -= self.consumed;
            self.consumed = 0;
        }
        if self.input.len() < self.filled + self.input_size {
            self.input.resize(self.filled + self.input_size, 0);
        }
        &mut self.input[self.filled..]
    }

    fn input_appended(&mut self, amount: usize) {
        self.filled += amount;
        INPUT_EMPTY.set(self.input().is_empty());
        self.refused &= amount == 0;
    }

    fn input_consume(&mut self, amount: usize) {
        self.progress = amount > 0;
        self.refused = amount == 0;
        if amount > 0 && self.awaiting_head {
            match head(self.input()) {
                Head::Final => {
                    self.awaiting_head = false;
                    // The request is over. An idle connection needs no room for output, which is most of its memory.
                    self.output = Vec::new();
                    self.scratch = Vec::new();
                }
                Head::Interim => CONTINUED.set(true),
                Head::Partial => {}
            }
        }
        self.consumed += amount;
        INPUT_EMPTY.set(self.input().is_empty());
    }

    fn tmp_and_output(&mut self) -> (&mut [u8], &mut [u8]) {
        self.output.resize(self.output_size, 0);
        // New memory is only touched as far as it is used: by bodies that aren't sent in chunks, not at all.
        if self.scratch.is_empty() {
            self.scratch = vec![0; self.output_size / 2];
        }
        (&mut self.scratch, &mut self.output)
    }

    fn can_use_input(&self) -> bool {
        self.progress && self.consumed < self.filled
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heads_are_told_apart() {
        let cases: [(&[u8], Head); 13] = [
            (b"", Head::Partial),
            (b"HTTP/1.1 100 Continue\r\n", Head::Partial),
            (b"HTTP/1.1 100 Continue\r\n\r\n", Head::Interim),
            (b"HTTP/1.1 100\r\n\r\n", Head::Interim),
            (b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n", Head::Interim),
            (b"HTTP/1.1 101 Switching Protocols\r\n\r\n", Head::Final),
            (b"HTTP/1.1 307 Temporary Redirect\r\nLocation: http://h:1/\r\n", Head::Partial),
            (b"HTTP/1.1 307 Temporary Redirect\r\nLocation: http://h:1/\r\n\r\n", Head::Final),
            (b"HTTP/1.1 200 OK\n\n", Head::Final),
            (b"HTTP/1.1 200 OK\r\n\r\n{}", Head::Final),
            (b"\r\n", Head::Partial),
            (b"\r\n\r\n", Head::Partial),
            (b"garbage without an end", Head::Partial),
        ];
        for (input, expected) in cases {
            assert_eq!(head(input), expected, "{}", String::from_utf8_lossy(input));
        }
        assert_eq!(head(&vec![b'x'; MAX_HEAD]), Head::Final);
    }

    #[test]
    fn interim_headers_are_dropped() {
        let tidy = |input: &[u8]| {
            let mut buffers = SocketBuffers::new(10, 10);
            for piece in input.chunks(3) {
                buffers.input_append_buf()[..piece.len()].copy_from_slice(piece);
                buffers.input_appended(piece.len());
                buffers.drop_interim_headers();
            }
            String::from_utf8(buffers.input().to_vec()).unwrap()
        };
        assert_eq!(
            tidy(b"HTTP/1.1 100 Continue\r\nDate: x\r\nServer: y\r\n\r\nHTTP/1.1 200 OK\r\n"),
            "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n"
        );
        assert_eq!(tidy(b"HTTP/1.1 100 Continue\r\n\r\nX"), "HTTP/1.1 100 Continue\r\n\r\nX");
        assert_eq!(tidy(b"HTTP/1.1 200 OK\r\nA: b\r\n\r\n"), "HTTP/1.1 200 OK\r\nA: b\r\n\r\n");
    }

    /// ureq looks at a final head once without consuming it.
    #[test]
    fn a_head_is_offered_until_it_is_consumed_or_refused() {
        let mut buffers = SocketBuffers::new(100, 10);
        let receive = |buffers: &mut SocketBuffers, text: &[u8]| {
            buffers.input_append_buf()[..text.len()].copy_from_slice(text);
            buffers.input_appended(text.len());
        };
        receive(&mut buffers, b"HTTP/1.1 100 Continue\r\n\r\n");
        assert!(!buffers.offers_head(), "nothing was sent yet");
        buffers.awaiting_head = true;
        assert!(buffers.offers_head());
        buffers.input_consume(25);
        assert!(!buffers.offers_head());
        receive(&mut buffers, b"HTTP/1.1 200 OK\r\n\r\n");
        assert!(buffers.offers_head() && buffers.offers_head());
        buffers.input_consume(0);
        assert!(!buffers.offers_head(), "what ureq can't use needs more input");
        receive(&mut buffers, b"{}");
        assert!(buffers.offers_head());
        buffers.input_consume(19);
        assert!(!buffers.offers_head(), "the rest is the body");
        assert_eq!(buffers.input(), b"{}");
    }

    #[test]
    fn an_idle_connection_holds_no_output_buffer() {
        let mut buffers = SocketBuffers::new(100, 1 << 20);
        buffers.awaiting_head = true;
        let answer = b"HTTP/1.1 200 OK\r\n\r\n";
        buffers.output();
        buffers.input_append_buf()[..answer.len()].copy_from_slice(answer);
        buffers.input_appended(answer.len());
        buffers.input_consume(answer.len());
        assert_eq!(buffers.output.capacity(), 0);
        assert_eq!(buffers.output().len(), MIN_OUTPUT, "the next request gets one again, for its head");
        assert_eq!(buffers.tmp_and_output().1.len(), 1 << 20, "and for a body");
        assert_eq!(buffers.output().len(), 1 << 20);
    }

    #[test]
    fn input_moves_up_as_it_is_consumed() {
        let mut buffers = SocketBuffers::new(4, 1);
        assert!(!buffers.can_use_input());
        buffers.input_append_buf()[..3].copy_from_slice(b"abc");
        buffers.input_appended(3);
        buffers.input_consume(2);
        assert!(buffers.can_use_input());
        assert_eq!(buffers.input(), b"c");
        assert!(buffers.input_append_buf().len() >= 4);
        assert_eq!(buffers.input(), b"c");
        buffers.input_consume(0);
        assert!(!buffers.can_use_input(), "nothing could be made of what is there");
    }
}
