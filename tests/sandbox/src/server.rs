//! The whole server: its ports, and what they share.

use crate::config::Config;
use crate::faults::{Faults, Kind, Scope};
use crate::housekeeper::{self, Agenda};
use crate::http::response::{BENDING, Response};
use crate::http::{Connection, Request};
use crate::labels::{Labels, State};
use crate::net::{Handler, Port, Stream};
use crate::publish::Publisher;
use crate::stats::Stats;
use crate::store::Store;
use crate::transaction::context::Contexts;
use crate::transaction::fe::Coordinators;
use crate::{be, control, fe, mysql};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use serde::Serialize;
use serde_json::json;
use std::collections::VecDeque;
use std::io;
use std::net::TcpListener;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};
use std::thread::JoinHandle;
use std::time::Duration;

/// How many error logs are kept.
const ERROR_LOGS: usize = 1000;

/// How many loads of an earlier run are remembered by their labels.
const RESTORED: usize = 10_000;

/// What a handler wants done with the connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// Read the next request.
    Keep,
    /// Close it.
    Close,
    /// Reset it.
    Reset,
}

/// A transaction that has not ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OpenTransaction {
    /// Its number.
    #[serde(rename = "txn_id")]
    pub id: i64,
    /// Its database.
    #[serde(rename = "db")]
    pub database: String,
    /// Its table.
    pub table: String,
    /// Its label.
    pub label: String,
    /// Its state; `None` if the FE knows nothing of it, or has aborted it, and a BE still has it.
    pub state: Option<State>,
    /// The BE that has it in its memory.
    pub be: Option<usize>,
}

/// Which part of the cluster a port plays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// FE; the leader, or a follower.
    Fe {
        /// Whether it is the leader.
        leader: bool,
    },
    /// The n-th BE.
    Be(usize),
    /// The control port.
    Control,
}

/// The ports, once bound.
#[derive(Debug)]
pub struct Ports {
    /// Leader FE.
    pub fe: Arc<Port>,
    /// Follower FEs.
    pub followers: Vec<Arc<Port>>,
    /// The FE's TLS port.
    pub https: Option<Arc<Port>>,
    /// BEs.
    pub be: Vec<Arc<Port>>,
    /// MySQL.
    pub mysql: Arc<Port>,
    /// Control.
    pub control: Arc<Port>,
}

impl Ports {
    /// All of them but the control port.
    pub fn serving(&self) -> impl Iterator<Item = &Arc<Port>> {
        [&self.fe].into_iter().chain(&self.followers).chain(&self.https).chain(&self.be).chain([&self.mysql])
    }

    /// Those that a name means: `fe`, `follower0`, `https`, `be`, `be1`, `mysql` or `all`. Taking `fe` down takes its
    /// TLS port along.
    pub fn named(&self, name: &str) -> Vec<Arc<Port>> {
        let hit = |p: &&Arc<Port>| {
            name == "all"
                || p.name == name
                || (name == "be" && p.name.starts_with("be"))
                || (name == "fe" && p.name == "https")
        };
        self.serving().filter(hit).cloned().collect()
    }
}

/// What all ports share.
#[derive(Debug)]
pub struct Server {
    /// How the server was set up.
    pub config: Config,
    /// Databases, tables, rows.
    pub store: Store,
    /// Armed faults.
    pub faults: Faults,
    /// What was seen.
    pub stats: Stats,
    /// The open transactions in the memory of the BEs.
    pub contexts: Contexts,
    /// Which BE the FE sends a label to.
    pub coordinators: Coordinators,
    /// What is committed and not visible yet.
    pub publisher: Publisher,
    /// What is to be done later.
    pub agenda: Agenda,
    labels: Mutex<Labels>,
    error_logs: Mutex<VecDeque<(String, Vec<String>)>>,
    ports: OnceLock<Ports>,
    tls: Option<Arc<rustls::ServerConfig>>,
    next_be: AtomicUsize,
    next_connection: AtomicU64,
    /// Bytes per second at which bodies are read; 0 for as fast as can be.
    pub rate: AtomicU64,
    /// Whether loads are only counted.
    pub discard: AtomicBool,
    stopping: AtomicBool,
}

impl Server {
    /// The label table.
    pub fn labels(&self) -> MutexGuard<'_, Labels> {
        self.labels.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The ports.
    ///
    /// # Panics
    /// Before they are bound; no connection is taken before that.
    pub fn ports(&self) -> &Ports {
        self.ports.get().expect("ports are bound before connections are taken")
    }

    /// Whether the server is being stopped.
    pub fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Acquire)
    }

    /// A number for a MySQL session.
    pub fn connection_number(&self) -> u64 {
        self.next_connection.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// Whether user and password are right.
    pub fn knows(&self, user: &str, password: &str) -> bool {
        self.config.users.iter().any(|(u, p)| u == user && p == password)
    }

    /// The next BE in turn that seems to be up.
    pub fn choose_be(&self) -> Option<usize> {
        let be = &self.ports().be;
        let first = self.next_be.fetch_add(1, Ordering::Relaxed);
        (0..be.len()).map(|i| (first + i) % be.len()).find(|i| self.be_seems_up(*i))
    }

    /// Whether the FE takes a BE for up.
    pub fn be_seems_up(&self, be: usize) -> bool {
        self.ports().be[be].seems_up(self.config.heartbeat)
    }

    /// The BE at that port.
    pub fn be_at(&self, port: u16) -> Option<usize> {
        self.ports().be.iter().position(|be| be.address.port() == port)
    }

    /// Lets somebody else's finished load have a label.
    pub fn take_label(&self, database: &str, table: &str, label: &str, be: u16) {
        let mut labels = self.labels();
        if let Ok(id) = labels.begin(database, table, label, be, Duration::from_secs(600)) {
            // It was begun just now, so that nothing stands in the way of its end.
            let _ = labels.change(database, id, State::Visible, "");
        }
    }

    /// Host and port of a port as redirects name it.
    pub fn public_address(&self, port: &Port) -> String {
        let index = port.name.strip_prefix("be").and_then(|n| n.parse::<usize>().ok());
        if let Some(address) = index.and_then(|i| self.config.redirect_be_as.get(i)) {
            return address.clone();
        }
        match &self.config.redirect_host {
            Some(host) if host.contains(':') && !host.starts_with('[') => {
                format!("[{host}]:{}", port.address.port())
            }
            Some(host) => format!("{host}:{}", port.address.port()),
            None => port.address.to_string(),
        }
    }

    /// Keeps an error log and returns its file name.
    fn keep_error_log(&self, transaction: i64, lines: Vec<String>) -> String {
        let name = format!("error_log_{transaction:x}_{:x}", crate::clock::millis());
        let mut logs = self.error_logs.lock().unwrap_or_else(PoisonError::into_inner);
        if logs.len() == ERROR_LOGS {
            logs.pop_front();
        }
        logs.push_back((name.clone(), lines));
        name
    }

    /// Where the error log of a load can be read, if it has any lines.
    pub fn error_url(
        &self,
        be: &Port,
        scope: Scope<'_>,
        transaction: i64,
        log: Vec<String>,
    ) -> Option<String> {
        if log.is_empty() {
            return None;
        }
        let file = self.keep_error_log(transaction, log);
        let host = match self.faults.take(Kind::ErrorLogOtherHost, scope) {
            Some(fault) => fault.text.unwrap_or_else(|| "203.0.113.1:8040".to_owned()),
            None => self.public_address(be),
        };
        Some(format!("http://{host}/api/_load_error_log?file={file}"))
    }

    /// The lines of an error log.
    pub fn error_log(&self, name: &str) -> Option<Vec<String>> {
        let logs = self.error_logs.lock().unwrap_or_else(PoisonError::into_inner);
        logs.iter().find(|(n, _)| n == name).map(|(_, lines)| lines.clone())
    }

    /// All transactions that have neither been aborted nor become visible, and those that only a BE still has in its
    /// memory; oldest first.
    pub fn open_transactions(&self) -> Vec<OpenTransaction> {
        let contexts = self.contexts.all();
        let open = self.labels().open();
        let known = |id: i64| open.iter().any(|(_, t)| t.id == id);
        let mut all: Vec<OpenTransaction> = contexts
            .iter()
            .filter(|(_, c)| !known(c.transaction))
            .map(|(be, c)| OpenTransaction {
                id: c.transaction,
                database: c.database.clone(),
                table: c.table.clone(),
                label: c.label.clone(),
                state: None,
                be: Some(*be),
            })
            .collect();
        all.extend(open.iter().map(|(database, t)| OpenTransaction {
            id: t.id,
            database: database.clone(),
            table: t.table.clone(),
            label: t.label.clone(),
            state: Some(t.state),
            be: contexts.iter().find(|(_, c)| c.transaction == t.id).map(|(be, _)| *be),
        }));
        all.sort_by_key(|t| t.id);
        all
    }

    /// Sends an answer, bent by a fault if one fits, and notes it.
    pub fn answer(
        &self,
        connection: &mut Connection,
        request: &Request,
        mut response: Response,
        scope: Scope<'_>,
        outcome: &str,
    ) -> io::Result<Next> {
        if request.header("connection").is_some_and(|v| v.eq_ignore_ascii_case("close")) || !request.is_http11
        {
            response.close = true;
        }
        self.stats.done(request.number);
        // Redirects have faults of their own; these are about answers that say something.
        let status = response.status;
        let fault = if status == 307 { None } else { self.faults.take_any(&BENDING, scope) };
        let keep = match &fault {
            Some(fault) => response.send_bent(connection, fault)?,
            None => response.send(connection)?,
        };
        let bent = fault.map_or(String::new(), |f| format!(" [{:?}]", f.kind));
        self.stats.outcome(request.number, status, &format!("{outcome}{bent}"));
        Ok(if keep { Next::Keep } else { Next::Close })
    }

    /// Serves one HTTP connection to its end.
    fn serve(
        &self,
        tcp: std::net::TcpStream,
        port: &Arc<Port>,
        role: Role,
        only_tls: bool,
    ) -> io::Result<()> {
        let peer = tcp.peer_addr().map_or(0, |a| a.port());
        let tls = if role == Role::Control { None } else { self.tls.as_ref() };
        let mut connection = Connection::new(Stream::accept(tcp, tls, only_tls)?);
        while let Some(mut request) = connection.request()? {
            if role != Role::Control {
                if !port.wait_while_hanging() {
                    break;
                }
                request.number = self.stats.request(&port.name, peer, connection.stream.is_tls(), &request);
            }
            let next = match role {
                Role::Fe { leader } => fe::handle(self, port, leader, &request, &mut connection)?,
                Role::Be(be) => be::handle(self, port, be, &request, &mut connection)?,
                Role::Control => control::handle(self, &request, &mut connection)?,
            };
            match next {
                Next::Keep => {}
                Next::Close => break,
                Next::Reset => {
                    connection.stream.reset_on_close();
                    break;
                }
            }
        }
        Ok(())
    }
}

/// A running server. Dropping it stops it.
#[derive(Debug)]
pub struct Sandbox {
    server: Arc<Server>,
    housekeeper: Option<JoinHandle<()>>,
}

impl Sandbox {
    /// Binds all ports and starts to serve.
    pub fn start(config: Config) -> Result<Self, String> {
        let store = Store::open(config.data.as_deref())?;
        let tls = config.tls.as_ref().map(|(cert, key)| tls_config(cert, key)).transpose()?;
        let mut labels = Labels::new(config.limits.clone(), store.next_transaction());
        for old in store.finished(RESTORED)? {
            let age = crate::clock::millis().saturating_sub(old.ended).max(0) as u64;
            labels.restore(&old, Duration::from_millis(age));
        }
        for (old, expires) in store.prepared() {
            let left = expires.saturating_sub(crate::clock::millis()).max(0) as u64;
            labels.restore_prepared(&old, Duration::from_millis(left));
        }
        let server = Arc::new(Server {
            store,
            faults: Faults::default(),
            stats: Stats::default(),
            contexts: Contexts::default(),
            coordinators: Coordinators::default(),
            publisher: Publisher::default(),
            agenda: Agenda::default(),
            labels: Mutex::new(labels),
            error_logs: Mutex::default(),
            ports: OnceLock::new(),
            tls,
            next_be: AtomicUsize::new(0),
            next_connection: AtomicU64::new(0),
            rate: AtomicU64::new(config.rate.unwrap_or(0)),
            discard: AtomicBool::new(config.discard),
            stopping: AtomicBool::new(false),
            config,
        });
        let config = &server.config;
        let mut listeners = Vec::new();
        let mut bind = |name: &str, number: u16, handler: Handler| -> Result<Arc<Port>, String> {
            let (port, listener) =
                Port::bind(name, config.bind, number, handler).map_err(|e| e.to_string())?;
            listeners.push((port.clone(), listener));
            Ok(port)
        };
        let http = |role, only_tls| http_handler(Arc::downgrade(&server), role, only_tls);
        let ports = Ports {
            fe: bind("fe", config.fe_port, http(Role::Fe { leader: true }, false))?,
            followers: (0..config.followers)
                .map(|i| bind(&format!("follower{i}"), 0, http(Role::Fe { leader: false }, false)))
                .collect::<Result<_, _>>()?,
            https: match config.https_port {
                Some(number) => Some(bind("https", number, http(Role::Fe { leader: true }, true))?),
                None => None,
            },
            be: (0..config.be_ports.len())
                .map(|i| bind(&format!("be{i}"), config.be_ports[i], http(Role::Be(i), false)))
                .collect::<Result<_, _>>()?,
            mysql: bind("mysql", config.mysql_port, mysql_handler(Arc::downgrade(&server)))?,
            control: bind("control", config.control_port, http(Role::Control, false))?,
        };
        // Set once, right here.
        let _ = server.ports.set(ports);
        for (port, listener) in listeners {
            start(&port, listener)?;
        }
        let housekeeper = housekeeper::start(Arc::downgrade(&server))
            .map_err(|e| format!("can't start the housekeeper's thread: {e}"))?;
        Ok(Self { server, housekeeper: Some(housekeeper) })
    }

    /// What all ports share.
    pub fn server(&self) -> &Server {
        &self.server
    }

    /// The ports as the ready file tells them.
    pub fn ports_json(&self) -> serde_json::Value {
        let ports = self.server.ports();
        let number = |p: &Arc<Port>| p.address.port();
        json!({
            "host": self.server.config.bind.to_string(),
            "fe": number(&ports.fe),
            "followers": ports.followers.iter().map(number).collect::<Vec<_>>(),
            "https": ports.https.as_ref().map(number),
            "be": ports.be.iter().map(number).collect::<Vec<_>>(),
            "mysql": number(&ports.mysql),
            "control": number(&ports.control),
            "pid": std::process::id(),
        })
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        self.server.stopping.store(true, Ordering::Release);
        // First: it takes ports up.
        if let Some(housekeeper) = self.housekeeper.take() {
            let _ = housekeeper.join();
        }
        let ports = self.server.ports();
        for port in ports.serving().chain([&ports.control]) {
            port.stop();
        }
        // What is committed must be there after a restart.
        self.server.publish_everything();
    }
}

fn start(port: &Arc<Port>, listener: TcpListener) -> Result<(), String> {
    port.start(Some(listener)).map_err(|e| format!("can't start {}: {e}", port.name))
}

fn http_handler(server: Weak<Server>, role: Role, only_tls: bool) -> Handler {
    Arc::new(move |tcp, port| {
        if let Some(server) = server.upgrade() {
            // A connection that breaks is the client's business.
            let _ = server.serve(tcp, port, role, only_tls);
        }
    })
}

fn mysql_handler(server: Weak<Server>) -> Handler {
    Arc::new(move |tcp, port| {
        if let Some(server) = server.upgrade() {
            let _ = mysql::serve(&server, tcp, port);
        }
    })
}

fn tls_config(cert: &std::path::Path, key: &std::path::Path) -> Result<Arc<rustls::ServerConfig>, String> {
    let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_file_iter(cert)
        .and_then(Iterator::collect)
        .map_err(|e| format!("can't read the certificate {}: {e}", cert.display()))?;
    let key_der = PrivateKeyDer::from_pem_file(key)
        .map_err(|e| format!("can't read the key {}: {e}", key.display()))?;
    rustls::ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|e| e.to_string())?
        .with_no_client_auth()
        .with_single_cert(chain, key_der)
        .map(Arc::new)
        .map_err(|e| format!("the certificate {} can't be used: {e}", cert.display()))
}

/// Sleeps, but ends early when the server stops.
pub fn pause(server: &Server, time: Duration) {
    let end = std::time::Instant::now() + time;
    loop {
        let left = end.saturating_duration_since(std::time::Instant::now());
        if left.is_zero() || server.is_stopping() {
            return;
        }
        std::thread::sleep(left.min(Duration::from_millis(50)));
    }
}
