//! One FE and one BE that know transactions. Each test scripts what they do differently.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use starrocks_load::{
    Body, Client, ClientConfig, Commit, LoadError, Loaded, Rollback, Totals, Transaction, TransactionError,
};

use crate::common::{AUTHORIZATION, BODY, Conn, LABEL, Log, Seen, Server, assert_no_secret, config, lines};

/// What a server does with a request, instead of what it should.
type Act = Box<dyn FnOnce(&mut Conn<'_>, &Site) + Send>;

/// A transaction as the servers see it.
#[derive(Default)]
pub struct Txn {
    /// As `get_load_state` gives it.
    pub state: &'static str,
    pub reason: &'static str,
    /// Whether the BE has it open.
    pub on_be: bool,
    /// The rows of each load that was taken in.
    pub bodies: Vec<Vec<u8>>,
}

#[derive(Default)]
pub struct Model {
    pub txns: HashMap<String, Txn>,
    scripts: HashMap<&'static str, VecDeque<Act>>,
    /// What was asked of whom: "fe load", "be load", "fe state", ...
    pub seen: Vec<(String, Seen)>,
}

/// What both servers share.
#[derive(Clone, Default)]
pub struct Site(Arc<Mutex<Model>>);

impl Site {
    pub fn lock(&self) -> MutexGuard<'_, Model> {
        self.0.lock().unwrap()
    }

    /// Puts the test's transaction into a state.
    pub fn set(&self, state: &'static str) {
        self.lock().txns.entry(LABEL.to_owned()).or_default().state = state;
    }

    fn act(&self, place: &str, conn: &Conn<'_>) -> Option<Act> {
        let path = conn.path.split('?').next().unwrap();
        let op = match path.rsplit('/').next().unwrap() {
            "get_load_state" => "state",
            other => other,
        };
        let name = format!("{place} {op}");
        let seen = Seen { line: format!("{} {}", conn.method, conn.path), headers: conn.headers.clone() };
        let mut model = self.lock();
        let act = model.scripts.get_mut(name.as_str()).and_then(VecDeque::pop_front);
        model.seen.push((name, seen));
        act
    }
}

pub fn said(status: &str, message: &str, more: &str) -> String {
    format!(
        "{{\n    \"Status\": \"{status}\",\n    \"Message\": \"{message}\",\n    \"Label\": \"{LABEL}\",\n    \"TxnId\": 7{more}\n}}"
    )
}

pub fn ok() -> String {
    said("OK", "", "")
}

/// What an FE says on its own.
pub fn failed(message: &str) -> String {
    format!(r#"{{"Status":"FAILED","Message":"class com.starrocks.common.StarRocksException: {message}"}}"#)
}

pub fn counts(rows: usize) -> String {
    counts_and_bytes(rows, BODY.len())
}

pub fn counts_and_bytes(rows: usize, bytes: usize) -> String {
    format!(
        ",\"NumberTotalRows\":{rows},\"NumberLoadedRows\":{rows},\"NumberFilteredRows\":0,\
         \"NumberUnselectedRows\":0,\"LoadBytes\":{bytes},\"LoadTimeMs\":5"
    )
}

/// What a BE does with a request about a transaction: its answer.
pub fn be(conn: &mut Conn<'_>, site: &Site) -> String {
    if conn.header("authorization") != Some(AUTHORIZATION) {
        return said("INTERNAL_ERROR", "no valid Basic authorization", "");
    }
    let op = conn.path.rsplit('/').next().unwrap().to_owned();
    let label = conn.header("label").unwrap_or_default().to_owned();
    let body = if op == "load" { conn.body() } else { Vec::new() };
    if op == "load" && body.len() < conn.content_length() {
        return String::new();
    }
    let mut model = site.lock();
    let known = model.txns.contains_key(&label);
    let txn = model.txns.entry(label).or_default();
    match op.as_str() {
        "begin" if known => said("LABEL_ALREADY_EXISTS", "", ",\"ExistingJobStatus\":\"\""),
        "begin" => {
            *txn = Txn { state: "PREPARE", on_be: true, ..Txn::default() };
            ok()
        }
        _ if !txn.on_be => said("TXN_NOT_EXISTS", &format!("transaction with label {LABEL} not exists"), ""),
        "load" => {
            let bytes = body.len();
            // One without rows only shows who takes them.
            if bytes > 0 {
                txn.bodies.push(body);
            }
            said("OK", "", &format!(",\"LoadBytes\":{bytes}"))
        }
        "prepare" | "commit" => {
            txn.on_be = false;
            txn.state = if op == "prepare" { "PREPARED" } else { "VISIBLE" };
            let rows = txn.bodies.iter().map(|body| lines(body)).sum();
            let bytes = txn.bodies.iter().map(Vec::len).sum();
            said("OK", "", &counts_and_bytes(rows, bytes))
        }
        "rollback" => {
            txn.on_be = false;
            txn.state = "ABORTED";
            ok()
        }
        _ => unreachable!("{op}"),
    }
}

/// What an FE does that is the leader.
pub fn fe(conn: &mut Conn<'_>, site: &Site, be: &str) {
    if conn.header("authorization") != Some(AUTHORIZATION) {
        let text = r#"{"status":"FAILED","code":"1","msg":"Access denied for root@1","message":"Access denied for root@1"}"#;
        conn.answer("401 Unauthorized", "WWW-Authenticate: Basic realm=\"\"\r\n", text);
        return;
    }
    let path = conn.path.clone();
    let (op, query) =
        path.rsplit('/').next().unwrap().split_once('?').unwrap_or((path.rsplit('/').next().unwrap(), ""));
    let label = query.strip_prefix("label=").or(conn.header("label")).unwrap_or_default().to_owned();
    let mut model = site.lock();
    let (state, reason) = model.txns.get(&label).map_or(("UNKNOWN", ""), |txn| (txn.state, txn.reason));
    let to_be = |conn: &mut Conn<'_>| conn.redirect(&format!("{be}{path}"));
    match (op, state) {
        ("get_load_state", _) => conn.json(&format!(
            r#"{{"state":"{state}","reason":"{reason}","status":"OK","code":"0","msg":"Success","message":"OK"}}"#
        )),
        ("_cancel", "PREPARE") => {
            let txn = model.txns.get_mut(&label).unwrap();
            (txn.state, txn.on_be) = ("ABORTED", false);
            conn.json(r#"{"status":"OK","code":"0","msg":"Success","message":"OK"}"#);
        }
        ("_cancel", _) => conn.json(r#"{"status":"FAILED","code":"1","msg":"transaction not found, label=x"}"#),
        ("begin", _) if label.is_empty() => conn.json(&failed("No database selected.")),
        ("begin", _) | ("load" | "prepare", "PREPARE" | "PREPARED") | ("commit" | "rollback", "PREPARE") => {
            to_be(conn);
        }
        ("load" | "prepare", _) => conn.json(&failed(&format!(
            "Can't find the transaction with db [db] and label[{LABEL}]. The possible reasons: 1. FE leader"
        ))),
        ("commit", "PREPARED") => {
            model.txns.get_mut(&label).unwrap().state = "VISIBLE";
            conn.json(&ok());
        }
        ("rollback", "PREPARED") => {
            model.txns.get_mut(&label).unwrap().state = "ABORTED";
            conn.json(&ok());
        }
        ("commit", "COMMITTED" | "VISIBLE") => {
            conn.json(&said("OK", &format!("Transaction 7 has already committed, label is {LABEL}"), ""));
        }
        ("rollback", "COMMITTED" | "VISIBLE") => {
            conn.json(&failed(&format!("Can not abort {state} transaction 7, label is {LABEL}")));
        }
        ("commit", "ABORTED") => {
            conn.json(&failed(&format!("Can not commit ABORTED transaction 7, label is {LABEL}")));
        }
        ("rollback", "ABORTED") => {
            conn.json(&said("OK", &format!("Transaction 7 has already aborted, label is {LABEL}"), ""));
        }
        _ => conn.json(&failed(&format!("No transaction found by label {LABEL}"))),
    }
}

pub struct World {
    pub site: Site,
    pub fe: Server,
    pub be: Server,
    pub client: Client,
    pub log: Log,
}

impl World {
    pub fn new() -> World {
        World::with(|_| ())
    }

    /// Nothing has begun.
    pub fn with(change: impl FnOnce(&mut ClientConfig)) -> World {
        let site = Site::default();
        let shared = site.clone();
        let be = Server::start(move |conn| match shared.act("be", conn) {
            Some(act) => act(conn, &shared),
            None => {
                let answer = be(conn, &shared);
                conn.json(&answer);
            }
        });
        let (shared, url) = (site.clone(), be.url());
        let fe = Server::start(move |conn| match shared.act("fe", conn) {
            Some(act) => act(conn, &shared),
            None => fe(conn, &shared, &url),
        });
        let mut config = config(&[fe.url()]);
        change(&mut config);
        World { site, fe, be, client: Client::new(config).unwrap(), log: Log::default() }
    }

    /// A transaction is open and has taken [`BODY`].
    pub fn open() -> World {
        World::open_with(|_| ())
    }

    pub fn open_with(change: impl FnOnce(&mut ClientConfig)) -> World {
        let world = World::with(change);
        let txn = Txn { state: "PREPARE", on_be: true, bodies: vec![BODY.to_vec()], reason: "" };
        world.site.lock().txns.insert(LABEL.to_owned(), txn);
        world
    }

    /// A transaction with [`BODY`] waits for its commit.
    pub fn prepared() -> World {
        World::prepared_with(|_| ())
    }

    pub fn prepared_with(change: impl FnOnce(&mut ClientConfig)) -> World {
        let world = World::open_with(change);
        world.end_in("PREPARED", "");
        world
    }

    /// The transaction is in that state, and gone from the BE.
    pub fn end_in(&self, state: &'static str, reason: &'static str) -> &Self {
        let mut model = self.site.lock();
        let txn = model.txns.entry(LABEL.to_owned()).or_default();
        (txn.state, txn.reason, txn.on_be) = (state, reason, false);
        drop(model);
        self
    }

    /// What a server does with the next request of that name that has no script yet: `be load`, `fe state`, ...
    pub fn does(&self, name: &'static str, act: impl FnOnce(&mut Conn<'_>, &Site) + Send + 'static) -> &Self {
        self.site.lock().scripts.entry(name).or_default().push_back(Box::new(act));
        self
    }

    /// Gives this answer and does nothing. Of a load, the rows are read.
    pub fn says(&self, name: &'static str, answer: &str) -> &Self {
        let answer = answer.to_owned();
        self.does(name, move |conn, _| {
            let _ = conn.body();
            conn.json(&answer);
        })
    }

    /// Closes the connection at once.
    pub fn closes(&self, name: &'static str) -> &Self {
        self.does(name, |conn, _| conn.close())
    }

    /// The BE does what is asked and closes the connection without an answer.
    pub fn loses(&self, name: &'static str) -> &Self {
        self.does(name, |conn, site| {
            let _ = be(conn, site);
            conn.close();
        })
    }

    /// The FE's next answer about the label's state.
    pub fn state_is(&self, state: &'static str) -> &Self {
        self.does("fe state", move |conn, _| conn.json(&format!(r#"{{"state":"{state}","status":"OK"}}"#)))
    }

    pub fn begin(&self) -> Result<(), TransactionError> {
        checked(self.client.begin(&transaction(&[]), &self.log))
    }

    pub fn send(&self) -> Result<(), TransactionError> {
        self.send_body(&BODY.to_vec())
    }

    pub fn send_body(&self, body: &dyn Body) -> Result<(), TransactionError> {
        checked(self.client.send(&transaction(&[]), body, &self.log))
    }

    pub fn prepare(&self) -> Result<Loaded, TransactionError> {
        checked(self.client.prepare(&transaction(&[]), totals(3), &self.log))
    }

    pub fn commit(&self) -> Result<Commit, LoadError> {
        self.client.commit(&transaction(&[]), &self.log).inspect_err(check)
    }

    pub fn rollback(&self) -> Result<Rollback, LoadError> {
        self.client.rollback(&transaction(&[]), &self.log).inspect_err(check)
    }

    /// What was asked for, in order.
    pub fn asked(&self) -> Vec<String> {
        self.site.lock().seen.iter().map(|(name, _)| name.clone()).collect()
    }

    pub fn count(&self, name: &str) -> usize {
        self.asked().iter().filter(|other| *other == name).count()
    }

    pub fn state(&self) -> &'static str {
        self.site.lock().txns.get(LABEL).map_or("UNKNOWN", |txn| txn.state)
    }

    /// How often the transaction took the rows in.
    pub fn taken_in(&self) -> usize {
        let model = self.site.lock();
        let bodies = &model.txns[LABEL].bodies;
        assert!(bodies.iter().all(|body| body == BODY), "the body changed on its way");
        bodies.len()
    }

    pub fn seen(&self, name: &str) -> Seen {
        let model = self.site.lock();
        model.seen.iter().find(|(other, _)| other == name).unwrap_or_else(|| panic!("no {name}")).1.clone()
    }
}

/// What was sent into a transaction: so many rows, and of their bytes nothing is known.
pub fn totals(rows: impl Into<Option<u64>>) -> Totals {
    Totals { rows: rows.into(), bytes: None }
}

pub fn transaction(headers: &[(String, String)]) -> Transaction<'_> {
    Transaction { database: "db", table: "t", label: LABEL, headers }
}

fn check(error: &LoadError) {
    assert_no_secret(&format!("{error} {error:?}"));
    assert_eq!(error.label.as_deref(), Some(LABEL));
    assert!(error.message.contains("db.t") || error.message.contains("label"), "{error}");
}

fn checked<T>(result: Result<T, TransactionError>) -> Result<T, TransactionError> {
    result.inspect_err(|e| check(&e.error))
}

pub fn soon(started: Instant) {
    assert!(started.elapsed() < Duration::from_secs(3), "it took {:?}", started.elapsed());
}

/// Answers that are none: as they come over the connection, which is then closed.
pub fn garbled() -> Vec<Vec<u8>> {
    let good = said("OK", "", &counts(3));
    let with_length = |body: &str| format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len());
    vec![
        with_length(&good[..good.len() - 2]).into_bytes(),
        format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{}", good.len() + 10, good).into_bytes(),
        with_length(&format!("{good}trailing")).into_bytes(),
        with_length("").into_bytes(),
        with_length("<html>502 Bad Gateway</html>").into_bytes(),
        with_length(&good.replace("OK", "Splendid")).into_bytes(),
        with_length(&good.replace("OK", "Success")).into_bytes(),
        with_length(&good.replace(LABEL, "some-other-label")).into_bytes(),
        b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 4\r\n\r\noops".to_vec(),
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{\"Sta".to_vec(),
        b"this is not HTTP\r\n\r\n".to_vec(),
        b"HTTP/1.1 200 OK\r\n".to_vec(),
        Vec::new(),
    ]
}

pub fn shown(answer: &[u8]) -> String {
    String::from_utf8_lossy(&answer[..answer.len().min(300)]).into_owned()
}
