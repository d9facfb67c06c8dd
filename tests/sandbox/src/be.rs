//! A BE: takes the body of a stream load, and answers with what became of it.

use crate::faults::{Fault, Kind, Op, Scope};
use crate::http::response::Response;
use crate::http::{Connection, Request};
use crate::labels::{BeginError, State};
use crate::load::Intake;
use crate::load::params::Params;
use crate::load::plan::Loader;
use crate::load::receive::{Received, after_refusal, early_error_reset, receive};
use crate::net::Port;
use crate::publish::Published;
use crate::server::{Next, Server, pause};
use crate::store::LedgerEntry;
use crate::transaction;
use serde_json::{Map, Value, json};
use std::io;
use std::net::Shutdown;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// The server's rule for labels, as its messages tell it.
pub const LABEL_RULE: &str = "^[-\\w]{1,128}$";

/// What the server says to a load that should come later; the message of injected failures unless told.
pub const TOO_MANY_VERSIONS: &str = "Failed to load data into tablet 10010, because of too many versions, current/limit: \
    1020/1000. You can reduce the loading job concurrency, or increase loading data batch size.";

/// Answers one request.
pub fn handle(
    server: &Server,
    port: &Port,
    be: usize,
    request: &Request,
    connection: &mut Connection,
) -> io::Result<Next> {
    let segments = request.segments();
    let path: Vec<&str> = segments.iter().map(String::as_str).collect();
    match (request.method.as_str(), path.as_slice()) {
        ("PUT", ["api", database, table, "_stream_load"]) => {
            let label = request.header("label").map_or_else(generated_label, str::to_owned);
            let scope = Scope { op: Some(Op::StreamLoad), database, table, label: &label };
            let _running = server.stats.running(request.number, Op::StreamLoad);
            let timeout = Duration::ZERO;
            StreamLoad { server, port, request, scope, timings: Timings::default(), timeout }.run(connection)
        }
        ("POST" | "PUT", ["api", "transaction", name]) if server.config.transactions => {
            transaction::be::handle(server, port, be, request, connection, name)
        }
        ("GET" | "HEAD", ["api", "_load_error_log"]) => error_log(server, request, connection),
        _ => {
            let response = Response::text(404, "text/plain", "Not Found").closing();
            server.answer(connection, request, response, Scope::default(), "unknown request")
        }
    }
}

/// Checks user and password; the error is the server's message.
pub fn check_credentials(server: &Server, port: &Port, request: &Request) -> Result<(), String> {
    match request.credentials() {
        None => Err("no valid Basic authorization".to_owned()),
        Some((user, password)) if !server.knows(&user, &password) => {
            Err(format!("Access denied for {user}@{}", port.address.ip()))
        }
        Some(_) => Ok(()),
    }
}

/// A label for a load that brings none.
fn generated_label() -> String {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    let millis = crate::clock::millis() as u64;
    let n = NEXT.fetch_add(1, Ordering::Relaxed);
    format!("{:08x}-{:04x}-4000-8000-{n:012x}", millis >> 16, millis & 0xffff)
}

fn error_log(server: &Server, request: &Request, connection: &mut Connection) -> io::Result<Next> {
    let fire = |kind| server.faults.take(kind, Scope::default());
    let name = request.parameter("file").unwrap_or_default();
    let answer = |connection: &mut Connection, mut response: Response, outcome: &str| {
        response.head_only = request.method == "HEAD";
        server.answer(connection, request, response, Scope::default(), outcome)
    };
    if fire(Kind::ErrorLogMissing).is_some() {
        return answer(connection, Response::text(404, "text/plain", "Not Found"), "injected 404");
    }
    if let Some(fault) = fire(Kind::ErrorLogSlow) {
        pause(server, fault.delay(60_000));
    }
    if let Some(fault) = fire(Kind::ErrorLogHuge) {
        let line = "Error: injected. Row: x\n";
        let count = fault.count.unwrap_or(64 << 20) as usize / line.len();
        return answer(
            connection,
            Response::text(200, "text/plain", line.repeat(count)),
            "injected huge log",
        );
    }
    if fire(Kind::ErrorLogBinary).is_some() {
        let bytes: Vec<u8> = (0..4096u32).map(|i| (i * 37 % 256) as u8).collect();
        return answer(
            connection,
            Response::text(200, "application/octet-stream", bytes),
            "injected binary log",
        );
    }
    match server.error_log(&name) {
        Some(lines) => {
            let text = lines.join("\n") + "\n";
            answer(connection, Response::text(200, "text/plain", text), "error log")
        }
        None => answer(connection, Response::text(404, "text/plain", "Not Found"), "no such log"),
    }
}

#[derive(Debug, Default)]
struct Timings {
    begin: u64,
    plan: u64,
    read: u64,
    /// Rows are written by the commit, so that these two are one.
    write: u64,
    commit: u64,
}

/// A load that has begun.
struct Begun {
    transaction: i64,
    begun_ms: i64,
}

/// How a load ended.
enum Verdict {
    Success,
    Fail(String),
}

struct StreamLoad<'a> {
    server: &'a Server,
    port: &'a Port,
    request: &'a Request,
    scope: Scope<'a>,
    timings: Timings,
    /// How long the load may take.
    timeout: Duration,
}

fn millis(since: Instant) -> u64 {
    since.elapsed().as_millis() as u64
}

impl StreamLoad<'_> {
    fn fire(&self, kind: Kind) -> Option<Fault> {
        self.server.faults.take(kind, self.scope)
    }

    fn run(mut self, connection: &mut Connection) -> io::Result<Next> {
        let started = Instant::now();
        if let Some(fault) = self.fire(Kind::BeHang) {
            self.server.stats.outcome(self.request.number, 0, "hangs");
            pause(self.server, fault.delay(600_000));
            return Ok(Next::Close);
        }
        if let Some(fault) = self.fire(Kind::EarlyErrorReset) {
            return self.early_error_reset(connection, &fault);
        }
        let params = match self.check() {
            Ok(params) => params,
            Err(message) => return self.refuse(connection, None, "Fail", &message, None),
        };
        let begun_at = Instant::now();
        self.timeout = params.timeout;
        let begun = match self.begin() {
            Ok(begun) => begun,
            Err((status, message, existing)) => {
                return self.refuse(connection, None, status, &message, existing);
            }
        };
        self.timings.begin = millis(begun_at);
        let planned_at = Instant::now();
        let table = self.server.store.table(self.scope.database, self.scope.table);
        let loader = match table.and_then(|table| Loader::new(&table, params)) {
            Ok(loader) => loader,
            Err(message) => {
                self.abort(&begun, None, 0, &message);
                return self.refuse(connection, Some(begun.transaction), "Fail", &message, None);
            }
        };
        self.timings.plan = millis(planned_at);
        self.with_body(connection, begun, loader, started)
    }

    /// Credentials and headers.
    fn check(&self) -> Result<Params, String> {
        check_credentials(self.server, self.port, self.request)?;
        if let Some(fault) = self.fire(Kind::Fail) {
            return Err(fault.text.unwrap_or_else(|| TOO_MANY_VERSIONS.to_owned()));
        }
        if self.server.is_stopping() {
            return Err("Service is shutting down, please retry later!".to_owned());
        }
        Params::parse(self.request)
    }

    /// Begins the transaction, as the FE does for the BE; the error is status, message and `ExistingJobStatus`.
    fn begin(&self) -> Result<Begun, (&'static str, String, Option<&'static str>)> {
        let Scope { database, table, label, .. } = self.scope;
        if let Err(message) = self.server.store.table(database, table) {
            return Err(("Fail", message, None));
        }
        let used = format!("Label [{label}] has already been used.");
        let exists = |running: bool| {
            if self.fire(Kind::LabelUsedAsFail).is_some() {
                return ("Fail", format!("cancel stream task for exception: {used}"), None);
            }
            ("Label Already Exists", used.clone(), Some(if running { "RUNNING" } else { "FINISHED" }))
        };
        let port = self.port.address.port();
        if self.fire(Kind::LabelExistsFinished).is_some() {
            self.server.take_label(database, table, label, port);
            return Err(exists(false));
        }
        if self.fire(Kind::LabelExistsRunning).is_some() {
            return Err(exists(true));
        }
        let begun = self.server.labels().begin(database, table, label, port, self.timeout);
        match begun {
            Ok(transaction) => Ok(Begun { transaction, begun_ms: crate::clock::millis() }),
            Err(BeginError::Used { running }) => Err(exists(running)),
            Err(BeginError::BadLabel) => {
                Err(("Fail", format!("Label format error. regex: {LABEL_RULE}, label: {label}"), None))
            }
            Err(BeginError::TooMany { running, limit }) => Err((
                "Fail",
                format!("current running txns on db 10001 is {running}, larger than limit {limit}"),
                None,
            )),
        }
    }

    /// The final answer while the body is still unread.
    fn refuse(
        &self,
        connection: &mut Connection,
        transaction: Option<i64>,
        status: &str,
        message: &str,
        existing: Option<&str>,
    ) -> io::Result<Next> {
        let value = self.answer_value(transaction, status, message, existing, None, 0, 0);
        if self.request.header("authorization").is_some() && status == "Fail" {
            self.server.stats.load(self.scope.database, self.scope.table, None, 0);
        }
        let next = self.send(connection, &value, message)?;
        Ok(after_refusal(self.request, connection, next))
    }

    /// Answers with an error, and resets the connection while the client is sending.
    fn early_error_reset(&self, connection: &mut Connection, fault: &Fault) -> io::Result<Next> {
        let message = fault.text.clone().unwrap_or_else(|| TOO_MANY_VERSIONS.to_owned());
        let value = self.answer_value(None, "Fail", &message, None, None, 0, 0);
        early_error_reset(self.server, self.request, connection, fault, &value);
        self.server.stats.outcome(self.request.number, 200, "early error, then reset");
        Ok(Next::Reset)
    }

    fn with_body(
        mut self,
        connection: &mut Connection,
        begun: Begun,
        loader: Loader,
        started: Instant,
    ) -> io::Result<Next> {
        if self.fire(Kind::FinalInsteadOfContinue).is_some() {
            let message = "injected: final answer instead of 100 Continue";
            self.abort(&begun, None, 0, message);
            return self.refuse(connection, Some(begun.transaction), "Fail", message, None);
        }
        let read_at = Instant::now();
        let discard = self.server.discard.load(Ordering::Relaxed);
        let mut intake = Intake::new(loader);
        let (received, bytes) = receive(self.server, self.request, self.scope, connection, |body| {
            if discard { intake.count(body) } else { intake.take(body) }
        });
        self.timings.read = millis(read_at);
        let loader = intake.finish();
        let gone = |reason, outcome, next| {
            self.abort(&begun, Some(loader), bytes, reason);
            self.server.stats.outcome(self.request.number, 0, outcome);
            Ok(next)
        };
        let verdict = match received {
            Received::Reset => {
                return gone("connection reset by the sandbox", "reset in the body", Next::Reset);
            }
            Received::Incomplete => {
                return gone("receive body don't equal with body bytes", "body incomplete", Next::Close);
            }
            Received::Whole(Err(message)) => Err(message),
            Received::Whole(Ok(())) => self.judge(loader, discard),
        };
        let verdict = match verdict {
            Ok(()) => match self.finish(connection, &begun, loader, bytes)? {
                Ok(verdict) => verdict,
                Err(next) => return Ok(next),
            },
            Err(message) => {
                self.abort(&begun, Some(loader), bytes, &message);
                Verdict::Fail(message)
            }
        };
        self.report(connection, &begun, loader, bytes, started, verdict)
    }

    /// Whether the rows are good enough.
    fn judge(&self, loader: &mut Loader, discard: bool) -> Result<(), String> {
        match self.fire(Kind::FilteredRows) {
            Some(fault) => {
                loader.drop_rows(fault.count.unwrap_or(1));
                loader.some(discard)
            }
            None => loader.judge(discard),
        }
    }

    fn entry(&self, begun: &Begun, loader: Option<&Loader>, bytes: u64) -> LedgerEntry {
        LedgerEntry {
            database: self.scope.database.to_owned(),
            table: self.scope.table.to_owned(),
            label: self.scope.label.to_owned(),
            transaction: begun.transaction,
            rows: loader.map_or(0, Loader::loaded),
            filtered: loader.map_or(0, |l| l.filtered),
            unselected: loader.map_or(0, |l| l.unselected),
            bytes,
            be: self.port.address.port(),
            request: self.request.number,
            begun: begun.begun_ms,
            ..LedgerEntry::default()
        }
    }

    fn abort(&self, begun: &Begun, loader: Option<&Loader>, bytes: u64, reason: &str) {
        // It may have been cancelled, or timed out, meanwhile: then it is aborted already.
        let _ = self.server.labels().change(self.scope.database, begun.transaction, State::Aborted, reason);
        self.server.note_aborted(self.entry(begun, loader, bytes), reason);
    }

    /// Commits the rows and makes them visible, after a while at the earliest.
    fn commit(
        &self,
        begun: &Begun,
        loader: &mut Loader,
        bytes: u64,
        delay: Duration,
    ) -> Result<Published, String> {
        let entry = self.entry(begun, Some(loader), bytes);
        self.server.commit(entry, std::mem::take(&mut loader.batch), delay)
    }

    /// From good rows to the end of the transaction, through the faults that lie in between. `Err` tells what to do
    /// with the connection where no answer is to be sent.
    fn finish(
        &mut self,
        connection: &mut Connection,
        begun: &Begun,
        loader: &mut Loader,
        bytes: u64,
    ) -> io::Result<Result<Verdict, Next>> {
        let number = self.request.number;
        let silent = |outcome: &str, next: Next| {
            self.server.stats.outcome(number, 0, outcome);
            Ok(Err(next))
        };
        if self.fire(Kind::DieBeforeCommit).is_some() {
            self.abort(begun, Some(loader), bytes, "coordinator BE died");
            return silent("died before the commit", Next::Reset);
        }
        let held = self.server.faults.take_any(&[Kind::HoldThenVisible, Kind::HoldThenAbort], self.scope);
        if let Some(fault) = &held {
            if fault.text.as_deref() != Some("wait") {
                // The client loses the connection; the load goes on behind its back. Closing may fail if the
                // client was faster.
                let _ = connection.stream.tcp().shutdown(Shutdown::Both);
            }
            pause(self.server, fault.delay(3_000));
            if fault.kind == Kind::HoldThenAbort {
                self.abort(begun, Some(loader), bytes, "aborted by the sandbox");
                return silent("held, then aborted", Next::Close);
            }
        }
        if let Some(fault) = self.fire(Kind::CommitDelay) {
            pause(self.server, fault.delay(1_000));
        }
        let unknown = "Commit transaction fail cause THRIFT_RPC_ERROR, Transaction status unknown, you can retry with \
                       same label.";
        if self.fire(Kind::StatusUnknownAborted).is_some() {
            self.abort(begun, Some(loader), bytes, "rolled back by the BE");
            return Ok(Ok(Verdict::Fail(unknown.to_owned())));
        }
        let commit_at = Instant::now();
        if let Some(fault) = self.fire(Kind::PublishTimeout) {
            // Committed now, visible later; the answer doesn't wait.
            if let Err(message) = self.commit(begun, loader, bytes, fault.delay(0)) {
                return Ok(Ok(Verdict::Fail(message)));
            }
            let value = self.success_value(
                begun,
                loader,
                bytes,
                "Publish Timeout",
                "Publish timeout. The data will be visible after a while, injected",
            );
            return Ok(Err(self.send(connection, &value, "publish timeout")?));
        }
        let delay = self.fire(Kind::PublishDelay).map(|f| f.delay(1_000)).unwrap_or_default();
        match self.commit(begun, loader, bytes, delay) {
            Err(message) => return Ok(Ok(Verdict::Fail(message))),
            Ok(Published::Visible) => {}
            Ok(Published::Committed) => {
                let Scope { database, table, .. } = self.scope;
                let wait = self.timeout / 4;
                let done = self.server.wait_visible(database, table, begun.transaction, wait);
                if done == Published::Committed {
                    let message = "Publish timeout. The data will be visible after a while, timeout";
                    let value = self.success_value(begun, loader, bytes, "Publish Timeout", message);
                    return Ok(Err(self.send(connection, &value, "publish timeout")?));
                }
            }
        }
        self.timings.write = millis(commit_at);
        self.timings.commit = self.timings.write;
        if self.fire(Kind::ForgetLabel).is_some() {
            self.server.labels().evict(self.scope.database, self.scope.label);
        }
        if held.is_some_and(|f| f.text.as_deref() != Some("wait")) {
            return silent("held, then visible", Next::Close);
        }
        if self.fire(Kind::DropAnswerAfterCommit).is_some() {
            return silent("committed, answer dropped", Next::Reset);
        }
        if let Some(fault) = self.fire(Kind::DelayAnswerAfterCommit) {
            pause(self.server, fault.delay(60_000));
        }
        if self.fire(Kind::StatusUnknownCommitted).is_some() {
            return Ok(Ok(Verdict::Fail(unknown.to_owned())));
        }
        Ok(Ok(Verdict::Success))
    }

    fn report(
        &self,
        connection: &mut Connection,
        begun: &Begun,
        loader: &Loader,
        bytes: u64,
        started: Instant,
        verdict: Verdict,
    ) -> io::Result<Next> {
        let (status, message) = match &verdict {
            Verdict::Success => ("Success", "OK"),
            Verdict::Fail(message) => ("Fail", message.as_str()),
        };
        let counts = Some(loader);
        let value =
            self.answer_value(Some(begun.transaction), status, message, None, counts, bytes, millis(started));
        self.send(connection, &value, &format!("{status}: {message}"))
    }

    fn success_value(
        &self,
        begun: &Begun,
        loader: &Loader,
        bytes: u64,
        status: &str,
        message: &str,
    ) -> Value {
        self.answer_value(Some(begun.transaction), status, message, None, Some(loader), bytes, 0)
    }

    /// The answer's fields in the server's order.
    #[expect(clippy::too_many_arguments, reason = "one answer, built in one place")]
    fn answer_value(
        &self,
        transaction: Option<i64>,
        status: &str,
        message: &str,
        existing: Option<&str>,
        loader: Option<&Loader>,
        bytes: u64,
        total_ms: u64,
    ) -> Value {
        let mut map = Map::new();
        let mut put = |key: &str, value: Value| {
            map.insert(key.to_owned(), value);
        };
        put("TxnId", transaction.unwrap_or(-1).into());
        put("Label", self.scope.label.into());
        put("Status", status.into());
        if let Some(existing) = existing {
            put("ExistingJobStatus", existing.into());
        }
        put("Message", message.into());
        // Rows are told for a load that ended well, and for one that failed over its rows.
        let counted = loader.filter(|_| status != "Fail" || message == "too many filtered rows");
        let mut loaded = counted
            .map_or(0, |l| if status == "Fail" { l.total - l.filtered - l.unselected } else { l.loaded() });
        if counted.is_some() && self.fire(Kind::LoadedRowsOff).is_some() {
            loaded = loaded.saturating_sub(1);
        }
        let mut load_bytes = bytes;
        if counted.is_some() && self.fire(Kind::LoadBytesOff).is_some() {
            load_bytes = load_bytes.saturating_sub(1);
        }
        put("NumberTotalRows", counted.map_or(0, |l| l.total).into());
        put("NumberLoadedRows", loaded.into());
        put("NumberFilteredRows", counted.map_or(0, |l| l.filtered).into());
        put("NumberUnselectedRows", counted.map_or(0, |l| l.unselected).into());
        put("LoadBytes", load_bytes.into());
        put("LoadTimeMs", total_ms.into());
        put("BeginTxnTimeMs", self.timings.begin.into());
        put("StreamLoadPlanTimeMs", self.timings.plan.into());
        put("ReadDataTimeMs", self.timings.read.into());
        put("WriteDataTimeMs", self.timings.write.into());
        put("CommitAndPublishTimeMs", self.timings.commit.into());
        if let (Some(loader), Some(transaction)) = (loader, transaction) {
            let url = self.server.error_url(self.port, self.scope, transaction, loader.log.clone());
            if let Some(url) = url {
                put("ErrorURL", url.into());
            }
        }
        json!(map)
    }

    fn send(&self, connection: &mut Connection, value: &Value, outcome: &str) -> io::Result<Next> {
        self.server.answer(connection, self.request, Response::json(value), self.scope, outcome)
    }
}
