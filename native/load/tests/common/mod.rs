//! A small HTTP server for tests, and a cluster of one FE and one BE made of it. What happens is scripted by each test.

#![allow(dead_code, reason = "each test binary uses a part of it")]

use std::collections::{HashMap, VecDeque};
use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread::JoinHandle;
use std::time::Duration;

use starrocks_load::{Client, ClientConfig, Endpoint, Events, Level, Load, LoadError, Loaded, Secret};

pub const USER: &str = "root";
pub const PASSWORD: &str = "s3cr3t:pass";
/// `root:s3cr3t:pass` in base64.
pub const AUTHORIZATION: &str = "Basic cm9vdDpzM2NyM3Q6cGFzcw==";
pub const LABEL: &str = "test-label-1";

trait Stream: Read + Write {}
impl<T: Read + Write> Stream for T {}

/// A request's head, and the means to answer it.
pub struct Conn<'a> {
    pub method: String,
    pub path: String,
    pub headers: Vec<(String, String)>,
    /// Counts the server's connections from 0.
    pub connection: usize,
    stream: &'a mut dyn Stream,
    tcp: &'a TcpStream,
    open: bool,
    body_read: bool,
}

impl Conn<'_> {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
    }

    pub fn content_length(&self) -> usize {
        self.header("content-length").map_or(0, |n| n.parse().unwrap())
    }

    pub fn raw(&mut self, bytes: impl AsRef<[u8]>) {
        // The client may be gone.
        let _ = self.stream.write_all(bytes.as_ref());
        let _ = self.stream.flush();
    }

    pub fn go_on(&mut self) {
        self.raw("HTTP/1.1 100 Continue\r\n\r\n");
    }

    /// Reads the body without a word; shorter when the client breaks off.
    pub fn silent_body(&mut self) -> Vec<u8> {
        self.body_read = true;
        let mut body = Vec::new();
        if self.is_chunked() {
            while let Some(size) = self.chunk_size().filter(|size| *size > 0) {
                let _ = self.stream.take(size).read_to_end(&mut body);
                self.chunk_size(); // the line that ends it
            }
            self.chunk_size();
        } else {
            let _ = self.stream.take(self.content_length() as u64).read_to_end(&mut body);
        }
        body
    }

    fn is_chunked(&self) -> bool {
        self.header("transfer-encoding") == Some("chunked")
    }

    /// A line with a number, or an empty one.
    fn chunk_size(&mut self) -> Option<u64> {
        let mut line = String::new();
        let mut byte = [0];
        while !line.ends_with('\n') {
            self.stream.read_exact(&mut byte).ok()?;
            line.push(char::from(byte[0]));
        }
        u64::from_str_radix(line.trim_end(), 16).ok()
    }

    /// Asks for the body and reads it.
    pub fn body(&mut self) -> Vec<u8> {
        if self.header("expect").is_some() && (self.is_chunked() || self.content_length() > 0) {
            self.go_on();
        }
        self.silent_body()
    }

    pub fn answer(&mut self, status: &str, headers: &str, body: impl AsRef<[u8]>) {
        let body = body.as_ref();
        let mut bytes =
            format!("HTTP/1.1 {status}\r\n{headers}Content-Length: {}\r\n\r\n", body.len()).into_bytes();
        bytes.extend_from_slice(body);
        self.raw(bytes);
    }

    pub fn json(&mut self, body: &str) {
        self.answer("200 OK", "Content-Type: application/json\r\n", body);
    }

    /// As newer FEs do.
    pub fn redirect(&mut self, location: &str) {
        self.answer("307 Temporary Redirect", &format!("Location: {location}\r\nConnection: close\r\n"), "");
        self.close();
    }

    /// As older FEs do.
    pub fn redirect_and_stay(&mut self, location: &str) {
        self.answer("307 Temporary Redirect", &format!("Location: {location}\r\n"), "");
    }

    pub fn close(&mut self) {
        self.open = false;
        let _ = self.tcp.shutdown(Shutdown::Both);
    }

    /// Waits until the client closes the connection.
    pub fn hang(&mut self) {
        self.open = false;
        let mut sink = [0; 4096];
        while matches!(self.stream.read(&mut sink), Ok(n) if n > 0) {}
    }
}

type Handler = Arc<dyn Fn(&mut Conn<'_>) + Send + Sync>;

pub struct Server {
    pub address: SocketAddr,
    pub connections: Arc<AtomicUsize>,
    stop: Arc<AtomicBool>,
    open: Arc<Mutex<Vec<TcpStream>>>,
    accepting: Option<JoinHandle<()>>,
}

impl Server {
    pub fn start(handler: impl Fn(&mut Conn<'_>) + Send + Sync + 'static) -> Server {
        Server::on("127.0.0.1:0", None, Arc::new(handler))
    }

    pub fn on(address: &str, tls: Option<Arc<rustls::ServerConfig>>, handler: Handler) -> Server {
        let listener = TcpListener::bind(address).unwrap();
        let address = listener.local_addr().unwrap();
        let stop = Arc::new(AtomicBool::new(false));
        let open = Arc::new(Mutex::new(Vec::new()));
        let connections = Arc::new(AtomicUsize::new(0));
        let mut server = Server { address, connections, stop, open, accepting: None };
        let (stop, open, connections) =
            (Arc::clone(&server.stop), Arc::clone(&server.open), Arc::clone(&server.connections));
        server.accepting = Some(std::thread::spawn(move || {
            for tcp in listener.incoming() {
                if stop.load(Ordering::SeqCst) {
                    break;
                }
                let Ok(tcp) = tcp else { break };
                open.lock().unwrap().push(tcp.try_clone().unwrap());
                let number = connections.fetch_add(1, Ordering::SeqCst);
                let (handler, tls) = (Arc::clone(&handler), tls.clone());
                std::thread::spawn(move || serve(tcp, tls, &handler, number));
            }
        }));
        server
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        let _ = TcpStream::connect(self.address);
        // From here on the port refuses connections, where it would have reset them a moment later.
        let _ = self.accepting.take().map(JoinHandle::join);
        for tcp in self.open.lock().unwrap().drain(..) {
            let _ = tcp.shutdown(Shutdown::Both);
        }
    }
}

fn serve(tcp: TcpStream, tls: Option<Arc<rustls::ServerConfig>>, handler: &Handler, connection: usize) {
    let mut plain = tcp.try_clone().unwrap();
    let mut secure;
    let stream: &mut dyn Stream = match tls {
        None => &mut plain,
        Some(config) => {
            secure = rustls::StreamOwned::new(rustls::ServerConnection::new(config).unwrap(), plain);
            &mut secure
        }
    };
    while let Ok(Some(head)) = read_head(stream) {
        let mut lines = head.split("\r\n");
        let mut request = lines.next().unwrap().split(' ');
        let (method, path) = (request.next().unwrap().to_owned(), request.next().unwrap().to_owned());
        let headers = lines
            .filter_map(|line| line.split_once(':'))
            .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
            .collect();
        let mut conn =
            Conn { method, path, headers, connection, stream, tcp: &tcp, open: true, body_read: false };
        handler(&mut conn);
        // A body that was not read would be taken for the next request.
        let stay = conn.open && (conn.body_read || conn.content_length() == 0);
        if !stay {
            break;
        }
    }
    let _ = tcp.shutdown(Shutdown::Both);
}

fn read_head(stream: &mut dyn Stream) -> io::Result<Option<String>> {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        if stream.read(&mut byte)? == 0 {
            return Ok(None);
        }
        head.push(byte[0]);
    }
    Ok(Some(String::from_utf8_lossy(&head).into_owned()))
}

/// A port on which nobody listens.
pub fn dead_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// What a request was, without its body.
#[derive(Debug, Clone)]
pub struct Seen {
    pub line: String,
    pub headers: Vec<(String, String)>,
}

impl Seen {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
    }
}

type BeAct = Box<dyn FnOnce(&mut Conn<'_>, &Shared) + Send>;
type FeAct = Box<dyn FnOnce(&mut Conn<'_>) + Send>;

#[derive(Default)]
pub struct State {
    /// Loads that are in the table: label and body.
    pub committed: Vec<(String, Vec<u8>)>,
    pub labels: HashMap<String, &'static str>,
    /// What the BE does with the next loads, instead of what a BE does.
    pub be_script: VecDeque<BeAct>,
    /// What the FE does with the next loads.
    pub fe_script: VecDeque<FeAct>,
    /// What the FE does with the next questions for a label's state.
    pub state_script: VecDeque<FeAct>,
    /// What the FE does with the next requests to roll a label back.
    pub cancel_script: VecDeque<FeAct>,
    pub cancels: usize,
    pub fe_seen: Vec<Seen>,
    pub be_seen: Vec<Seen>,
    pub questions: usize,
}

#[derive(Clone, Default)]
pub struct Shared(Arc<Mutex<State>>);

impl Shared {
    pub fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }

    /// Puts a load into the table.
    pub fn commit(&self, conn: &Conn<'_>, body: Vec<u8>) {
        let label = conn.header("label").unwrap().to_owned();
        let mut state = self.lock();
        state.labels.insert(label.clone(), "VISIBLE");
        state.committed.push((label, body));
    }

    pub fn set_label(&self, label: &str, state: &'static str) {
        self.lock().labels.insert(label.to_owned(), state);
    }
}

fn reply(label: &str, status: &str, message: &str, more: &str) -> String {
    format!(
        "{{\n    \"TxnId\": 7,\n    \"Label\": \"{label}\",\n    \"Status\": \"{status}\",\n    \"Message\": \"{message}\"{more}\n}}"
    )
}

pub fn success(label: &str, rows: usize, bytes: usize) -> String {
    let more = format!(
        ",\"NumberTotalRows\":{rows},\"NumberLoadedRows\":{rows},\"NumberFilteredRows\":0,\"NumberUnselectedRows\":0,\
         \"LoadBytes\":{bytes},\"LoadTimeMs\":5,\"StreamLoadPlanTimeMs\":1,\"ReadDataTimeMs\":1,\"WriteDataTimeMs\":2,\
         \"CommitAndPublishTimeMs\":1"
    );
    reply(label, "Success", "OK", &more)
}

pub fn failure(message: &str) -> String {
    reply(LABEL, "Fail", message, "")
}

pub fn lines(body: &[u8]) -> usize {
    body.iter().filter(|&&b| b == b'\n').count()
}

/// One FE and one BE that know labels.
pub struct Cluster {
    pub shared: Shared,
    pub fe: Server,
    pub be: Server,
}

pub fn be_handler(shared: Shared) -> impl Fn(&mut Conn<'_>) + Send + Sync + 'static {
    move |conn| {
        let seen = Seen { line: format!("{} {}", conn.method, conn.path), headers: conn.headers.clone() };
        let act = {
            let mut state = shared.lock();
            state.be_seen.push(seen);
            state.be_script.pop_front()
        };
        match act {
            Some(act) => act(conn, &shared),
            None => be_load(conn, &shared),
        }
    }
}

/// What a BE does.
pub fn be_load(conn: &mut Conn<'_>, shared: &Shared) {
    let label = conn.header("label").unwrap_or_default().to_owned();
    let state = shared.lock().labels.get(&label).copied();
    let exists = |job: &str| {
        reply(
            &label,
            "Label Already Exists",
            "Label has already been used.",
            &format!(",\"ExistingJobStatus\":\"{job}\""),
        )
    };
    if conn.header("authorization") != Some(AUTHORIZATION) {
        conn.json(&failure("no valid Basic authorization"));
    } else if matches!(state, Some("COMMITTED" | "VISIBLE")) {
        conn.json(&exists("FINISHED"));
    } else if matches!(state, Some("PREPARE" | "PREPARED")) {
        conn.json(&exists("RUNNING"));
    } else if conn.content_length() == 0 {
        shared.set_label(&label, "ABORTED");
        conn.json(&failure("all partitions have no load data"));
    } else {
        let body = conn.body();
        if body.len() < conn.content_length() {
            shared.set_label(&label, "ABORTED");
            return;
        }
        let answer = success(&label, lines(&body), body.len());
        shared.commit(conn, body);
        conn.json(&answer);
    }
}

pub fn fe_handler(shared: Shared, be: String) -> impl Fn(&mut Conn<'_>) + Send + Sync + 'static {
    move |conn| {
        let question = conn.path.contains("/get_load_state?label=");
        let act = {
            let mut state = shared.lock();
            let headers = conn.headers.clone();
            state.fe_seen.push(Seen { line: format!("{} {}", conn.method, conn.path), headers });
            if question {
                state.questions += 1;
                state.state_script.pop_front()
            } else if conn.path.contains("/_cancel?label=") {
                state.cancels += 1;
                state.cancel_script.pop_front()
            } else {
                state.fe_script.pop_front()
            }
        };
        match act {
            Some(act) => act(conn),
            None => fe_default(conn, &shared, &be),
        }
    }
}

fn fe_default(conn: &mut Conn<'_>, shared: &Shared, be: &str) {
    if conn.header("authorization") != Some(AUTHORIZATION) {
        let text = r#"{"status":"FAILED","code":"1","msg":"Access denied for root@1","message":"Access denied for root@1"}"#;
        conn.answer("401 Unauthorized", "WWW-Authenticate: Basic realm=\"\"\r\n", text);
    } else if let Some((_, label)) = conn.path.split_once("_cancel?label=") {
        let mut state = shared.lock();
        match state.labels.get_mut(label) {
            Some(state) if *state == "PREPARE" => {
                *state = "ABORTED";
                conn.json(r#"{"status":"OK","code":"0","msg":"Success","message":"OK"}"#);
            }
            _ => conn.json(r#"{"status":"FAILED","code":"1","msg":"transaction not found, label=x"}"#),
        }
    } else if let Some((_, label)) = conn.path.split_once("label=") {
        let state = shared.lock().labels.get(label).copied().unwrap_or("UNKNOWN");
        conn.json(&format!(
            r#"{{"state":"{state}","reason":"","status":"OK","code":"0","msg":"Success","message":"OK"}}"#
        ));
    } else if conn.header("expect").is_none() {
        conn.json(r#"{"Status":"FAILED","Message":"class com.starrocks.common.DdlException: There is no 100-continue header"}"#);
        conn.close();
    } else {
        let path = conn.path.clone();
        conn.redirect(&format!("{be}{path}"));
    }
}

impl Cluster {
    pub fn start() -> Cluster {
        let shared = Shared::default();
        let be = Server::start(be_handler(shared.clone()));
        let fe = Server::start(fe_handler(shared.clone(), be.url()));
        Cluster { shared, fe, be }
    }

    pub fn be_does(&self, act: impl FnOnce(&mut Conn<'_>, &Shared) + Send + 'static) -> &Self {
        self.shared.lock().be_script.push_back(Box::new(act));
        self
    }

    /// The BE reads the body and answers so, with the label rolled back.
    pub fn be_fails(&self, answer: &str) -> &Self {
        let answer = answer.to_owned();
        self.be_does(move |conn, shared| {
            let _ = conn.body();
            shared.set_label(LABEL, "ABORTED");
            conn.json(&answer);
        })
    }

    pub fn fe_does(&self, act: impl FnOnce(&mut Conn<'_>) + Send + 'static) -> &Self {
        self.shared.lock().fe_script.push_back(Box::new(act));
        self
    }

    pub fn state_does(&self, act: impl FnOnce(&mut Conn<'_>) + Send + 'static) -> &Self {
        self.shared.lock().state_script.push_back(Box::new(act));
        self
    }

    pub fn cancel_does(&self, act: impl FnOnce(&mut Conn<'_>) + Send + 'static) -> &Self {
        self.shared.lock().cancel_script.push_back(Box::new(act));
        self
    }

    pub fn state_says(&self, state: &'static str) -> &Self {
        self.state_does(move |conn| conn.json(&format!(r#"{{"state":"{state}","status":"OK"}}"#)))
    }

    pub fn config(&self) -> ClientConfig {
        config(&[self.fe.url()])
    }

    pub fn load(&self) -> (Result<Loaded, LoadError>, Log) {
        load_with(self.config(), BODY)
    }

    /// The body is in the table once.
    pub fn assert_loaded_once(&self, body: &[u8]) {
        let state = self.shared.lock();
        let labels: Vec<_> = state.committed.iter().map(|(label, _)| label.as_str()).collect();
        assert_eq!(labels, [LABEL]);
        assert!(state.committed[0].1 == body, "the body changed on its way");
    }

    pub fn assert_nothing_loaded(&self) {
        assert!(self.shared.lock().committed.is_empty());
    }
}

pub const BODY: &[u8] = b"1\ta\n2\tb\n3\tc\n";

pub fn config(urls: &[String]) -> ClientConfig {
    let urls = urls.iter().map(|url| Endpoint::parse(url).unwrap()).collect();
    let mut config = ClientConfig::new(urls, USER, Secret::new(PASSWORD));
    config.connect_timeout = Duration::from_secs(5);
    config.continue_timeout = Duration::from_secs(5);
    config.retry_interval = Duration::from_millis(5);
    config
}

#[derive(Default)]
pub struct Log {
    pub lines: Mutex<Vec<(Level, String)>>,
    pub retries: AtomicUsize,
}

impl Log {
    pub fn has(&self, level: Level, part: &str) -> bool {
        self.lines.lock().unwrap().iter().any(|(l, text)| *l == level && text.contains(part))
    }

    pub fn retries(&self) -> usize {
        self.retries.load(Ordering::SeqCst)
    }

    pub fn text(&self) -> String {
        format!("{:?}", self.lines.lock().unwrap())
    }
}

impl Events for Log {
    fn log(&self, level: Level, text: &str) {
        assert_no_secret(text);
        self.lines.lock().unwrap().push((level, text.to_owned()));
    }

    fn retrying(&self) {
        self.retries.fetch_add(1, Ordering::SeqCst);
    }
}

pub fn assert_no_secret(text: &str) {
    for secret in ["s3cr3t", AUTHORIZATION, "cm9vdDpz"] {
        assert!(!text.contains(secret), "{text}");
    }
}

pub fn headers() -> Vec<(String, String)> {
    vec![("format".into(), "csv".into()), ("columns".into(), "a, b".into())]
}

pub fn load_through(client: &Client, body: &[u8], log: &Log) -> Result<Loaded, LoadError> {
    let body = body.to_vec();
    let headers = headers();
    let rows = Some(lines(&body) as u64);
    let load = Load {
        database: "db",
        table: "t",
        label: LABEL,
        headers: &headers,
        body: &body,
        rows,
        earlier: false,
    };
    let result = client.load(&load, log);
    if let Err(e) = &result {
        assert_no_secret(&format!("{e} {e:?} {client:?}"));
        assert_eq!(e.label.as_deref(), Some(LABEL));
    }
    result
}

pub fn load_with(config: ClientConfig, body: &[u8]) -> (Result<Loaded, LoadError>, Log) {
    let log = Log::default();
    let client = Client::new(config).unwrap();
    (load_through(&client, body, &log), log)
}
