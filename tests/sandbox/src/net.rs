//! Listeners that can be taken down and up again, and the connections they accept.

use rustls::{ServerConfig, ServerConnection, StreamOwned};
use socket2::SockRef;
use std::collections::HashMap;
use std::io::{self, Read, Write};
use std::net::{IpAddr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

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

/// A port of the server. It stays the same number while it is taken down and up.
pub struct Port {
    /// Its name: `fe`, `be0`, `mysql`, ...
    pub name: String,
    /// Where it listens.
    pub address: SocketAddr,
    handler: Handler,
    running: Mutex<Option<Arc<AtomicBool>>>,
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
        let listener = match listener {
            Some(listener) => listener,
            None => self.bind_again()?,
        };
        let stop = Arc::new(AtomicBool::new(false));
        *running = Some(stop.clone());
        *self.stopped_at.lock().unwrap_or_else(PoisonError::into_inner) = None;
        let port = self.clone();
        thread::Builder::new().name(format!("{}-accept", self.name)).spawn(move || {
            while let Ok((socket, _)) = listener.accept() {
                if stop.load(Ordering::Acquire) {
                    break;
                }
                port.serve(socket);
            }
        })?;
        Ok(())
    }

    /// Binds the address of a port that was stopped; its former listener may take a moment to go.
    fn bind_again(&self) -> io::Result<TcpListener> {
        let end = Instant::now() + Duration::from_secs(2);
        loop {
            match TcpListener::bind(self.address) {
                Err(e) if e.kind() == io::ErrorKind::AddrInUse && Instant::now() < end => {
                    thread::sleep(Duration::from_millis(5));
                }
                other => return other,
            }
        }
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
        let stop = self.running.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(stop) = stop {
            stop.store(true, Ordering::Release);
            *self.stopped_at.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
            // Wakes the thread that waits for a connection.
            let _ = TcpStream::connect_timeout(&self.address, Duration::from_secs(1));
        }
        self.reset_all();
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
