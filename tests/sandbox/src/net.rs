//! Listeners that can be taken down and up again, and the connections they accept.

use rustls::{ServerConfig, ServerConnection, StreamOwned};
use socket2::{Domain, SockRef, Socket, Type};
use std::collections::HashMap;
use std::io::{self, Read, Write};
use std::net::{IpAddr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// Connections that may wait to be accepted, as the standard library has it.
const BACKLOG: i32 = 128;

/// A connection, with or without TLS.
#[derive(Debug)]
pub enum Stream {
    /// Bare TCP.
    Plain(TcpStream),
    /// TLS over TCP.
    Tls(Box<StreamOwned<ServerConnection, TcpStream>>),
}

impl Stream {
    /// Takes a connection; where there is a certificate, the client's first byte says whether it speaks TLS.
    pub fn accept(tcp: TcpStream, tls: Option<&Arc<ServerConfig>>, only_tls: bool) -> io::Result<Self> {
        tcp.set_nodelay(true)?;
        let Some(config) = tls else { return Ok(Self::Plain(tcp)) };
        let mut first = [0];
        // 0x16 opens a TLS handshake; no HTTP method starts so.
        if !only_tls && (tcp.peek(&mut first)? == 0 || first[0] != 0x16) {
            return Ok(Self::Plain(tcp));
        }
        let session = ServerConnection::new(config.clone()).map_err(io::Error::other)?;
        Ok(Self::Tls(Box::new(StreamOwned::new(session, tcp))))
    }

    /// The TCP connection below.
    pub fn tcp(&self) -> &TcpStream {
        match self {
            Self::Plain(tcp) => tcp,
            Self::Tls(tls) => tls.get_ref(),
        }
    }

    /// Whether it is encrypted.
    pub fn is_tls(&self) -> bool {
        matches!(self, Self::Tls(_))
    }

    /// Makes the coming close a reset.
    pub fn reset_on_close(&self) {
        // A socket that is gone already needs no reset.
        let _ = SockRef::from(self.tcp()).set_linger(Some(Duration::ZERO));
    }
}

impl Read for Stream {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Plain(tcp) => tcp.read(buf),
            Self::Tls(tls) => tls.read(buf),
        }
    }
}

impl Write for Stream {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        match self {
            Self::Plain(tcp) => tcp.write(buf),
            Self::Tls(tls) => tls.write(buf),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Plain(tcp) => tcp.flush(),
            Self::Tls(tls) => tls.flush(),
        }
    }
}

/// What handles a connection.
pub type Handler = Arc<dyn Fn(TcpStream, &Arc<Port>) + Send + Sync>;

#[derive(Debug)]
struct Open {
    socket: TcpStream,
    dead: Arc<AtomicBool>,
}

/// The thread that takes connections.
struct Running {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<()>,
}

/// A port of the server. It stays the same number while it is taken down and up.
pub struct Port {
    /// Its name: `fe`, `be0`, `mysql`, ...
    pub name: String,
    /// Where it listens.
    pub address: SocketAddr,
    handler: Handler,
    running: Mutex<Option<Running>>,
    /// Bound but not listening while the port is down, so that nobody else gets its number.
    held: Mutex<Option<Socket>>,
    hang: AtomicBool,
    stopped_at: Mutex<Option<Instant>>,
    open: Mutex<HashMap<u64, Open>>,
    next: AtomicU64,
}

impl std::fmt::Debug for Port {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Port({} at {})", self.name, self.address)
    }
}

impl Port {
    /// Binds `port` (0 for any that is free); connections wait until [`Port::start`].
    pub fn bind(name: &str, ip: IpAddr, port: u16, handler: Handler) -> io::Result<(Arc<Self>, TcpListener)> {
        let listener = TcpListener::bind((ip, port)).map_err(|e| {
            io::Error::new(e.kind(), format!("can't listen on {ip} port {port} for {name}: {e}"))
        })?;
        let address = listener.local_addr()?;
        let port = Self {
            name: name.to_owned(),
            address,
            handler,
            running: Mutex::new(None),
            held: Mutex::new(None),
            hang: AtomicBool::new(false),
            stopped_at: Mutex::new(None),
            open: Mutex::default(),
            next: AtomicU64::new(0),
        };
        Ok((Arc::new(port), listener))
    }

    /// Starts to take connections from `listener`, or from the same address bound anew.
    pub fn start(self: &Arc<Self>, listener: Option<TcpListener>) -> io::Result<()> {
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        if running.is_some() {
            return Ok(());
        }
        let held = self.held.lock().unwrap_or_else(PoisonError::into_inner).take();
        let listener = match (listener, held) {
            (Some(listener), _) => listener,
            (None, Some(held)) => {
                held.listen(BACKLOG)?;
                held.into()
            }
            (None, None) => TcpListener::bind(self.address)?,
        };
        let stop = Arc::new(AtomicBool::new(false));
        *self.stopped_at.lock().unwrap_or_else(PoisonError::into_inner) = None;
        let (port, stopped) = (self.clone(), stop.clone());
        let thread = thread::Builder::new().name(format!("{}-accept", self.name)).spawn(move || {
            while let Ok((socket, _)) = listener.accept() {
                if stopped.load(Ordering::Acquire) {
                    break;
                }
                port.serve(socket);
            }
        })?;
        *running = Some(Running { stop, thread });
        Ok(())
    }

    /// A socket that has the address and takes no connections.
    fn hold(&self) -> io::Result<Socket> {
        let socket = Socket::new(Domain::for_address(self.address), Type::STREAM, None)?;
        socket.set_reuse_address(true)?;
        socket.bind(&self.address.into())?;
        Ok(socket)
    }

    fn serve(self: &Arc<Self>, socket: TcpStream) {
        let Ok(copy) = socket.try_clone() else { return };
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        let dead = Arc::new(AtomicBool::new(false));
        let open = Open { socket: copy, dead: dead.clone() };
        self.open.lock().unwrap_or_else(PoisonError::into_inner).insert(id, open);
        let port = self.clone();
        let spawned = thread::Builder::new().name(self.name.clone()).spawn(move || {
            while port.hang.load(Ordering::Acquire) && !dead.load(Ordering::Acquire) {
                thread::sleep(Duration::from_millis(20));
            }
            // The socket closes when its last copy goes: the registry's must go first, for the handler's close to
            // count. A connection that was reset meanwhile has left the registry already.
            let guard = Forget { port: &port, id };
            (port.handler)(socket, &port);
            drop(guard);
        });
        if spawned.is_err() {
            self.open.lock().unwrap_or_else(PoisonError::into_inner).remove(&id);
        }
    }

    /// Stops listening (connections are refused from now on) and resets the open connections.
    pub fn stop(&self) {
        self.refuse();
        self.reset_all();
    }

    /// Stops listening; what is connected stays connected.
    pub fn refuse(&self) {
        let running = self.running.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(Running { stop, thread }) = running {
            stop.store(true, Ordering::Release);
            *self.stopped_at.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
            // Wakes the thread, which then closes the listener.
            let _ = TcpStream::connect_timeout(&self.address, Duration::from_secs(1));
            let _ = thread.join();
            // Without the hold the port works all the same, unless somebody else takes its number.
            *self.held.lock().unwrap_or_else(PoisonError::into_inner) = self.hold().ok();
        }
    }

    /// Resets the open connections.
    pub fn reset_all(&self) {
        for (_, open) in self.open.lock().unwrap_or_else(PoisonError::into_inner).drain() {
            open.dead.store(true, Ordering::Release);
            let _ = SockRef::from(&open.socket).set_linger(Some(Duration::ZERO));
            // Ends the handler's read, without a FIN: its close then sends the reset.
            let _ = open.socket.shutdown(Shutdown::Read);
        }
    }

    /// While set, connections are accepted and never answered.
    pub fn set_hang(&self, hang: bool) {
        self.hang.store(hang, Ordering::Release);
    }

    /// Waits while the port hangs; `false` if the server went away meanwhile.
    pub fn wait_while_hanging(&self) -> bool {
        while self.hang.load(Ordering::Acquire) {
            if !self.is_up() {
                return false;
            }
            thread::sleep(Duration::from_millis(20));
        }
        true
    }

    /// Whether it takes connections.
    pub fn is_up(&self) -> bool {
        self.running.lock().unwrap_or_else(PoisonError::into_inner).is_some()
    }

    /// Whether others still take it for up: a stopped port is noticed only after a while.
    pub fn seems_up(&self, heartbeat: Duration) -> bool {
        let stopped = *self.stopped_at.lock().unwrap_or_else(PoisonError::into_inner);
        self.is_up() || stopped.is_some_and(|at| at.elapsed() < heartbeat)
    }

    /// How many connections are open.
    pub fn connections(&self) -> usize {
        self.open.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// Lets the registry's copy of a connection go, so that the handler's close is the last.
    fn forget(&self, id: u64) {
        self.open.lock().unwrap_or_else(PoisonError::into_inner).remove(&id);
    }
}

struct Forget<'a> {
    port: &'a Port,
    id: u64,
}

impl Drop for Forget<'_> {
    fn drop(&mut self) {
        self.port.forget(self.id);
    }
}
