//! The FE's half: which BE a request goes to, and the commits and rollbacks that need none.

use super::{PUBLISH_WAIT, seconds};
use crate::faults::{Kind, Op, Scope};
use crate::fe::Ask;
use crate::http::Connection;
use crate::http::body::Body;
use crate::http::response::Response;
use crate::labels::{State, Transaction};
use crate::publish::Published;
use crate::server::{Next, Server, pause};
use serde_json::{Value, json};
use std::collections::{HashMap, VecDeque};
use std::io;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How many labels the leader remembers the BEs of.
const REMEMBERED: usize = 10_000;
/// How much of a request's body is read where none is expected.
const STRAY_BODY: u64 = 6_553_600;

/// Which BE a label's transaction is on, as the leader FE remembers it: in memory, and not for ever.
#[derive(Debug, Default)]
pub struct Coordinators {
    known: Mutex<Known>,
}

/// A database and a label.
type Key = (String, String);

#[derive(Debug, Default)]
struct Known {
    bes: HashMap<Key, usize>,
    /// The oldest first.
    order: VecDeque<Key>,
}

impl Coordinators {
    fn get(&self, database: &str, label: &str) -> Option<usize> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.bes.get(&(database.to_owned(), label.to_owned())).copied()
    }

    fn insert(&self, database: &str, label: &str, be: usize) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (database.to_owned(), label.to_owned());
        if known.bes.insert(key.clone(), be).is_none() {
            known.order.push_back(key);
        }
        if known.order.len() > REMEMBERED
            && let Some(oldest) = known.order.pop_front()
        {
            known.bes.remove(&oldest);
        }
    }

    /// Forgets all of them.
    pub fn clear(&self) {
        *self.known.lock().unwrap_or_else(PoisonError::into_inner) = Known::default();
    }
}

/// What becomes of a request.
enum Decision {
    /// The FE answers.
    Answer(Value),
    /// A BE does.
    To(usize),
}

/// An answer to something that the FE can't do.
fn failed(message: impl AsRef<str>) -> Value {
    exception("com.starrocks.common.UserException", message.as_ref())
}

fn exception(class: &str, message: &str) -> Value {
    json!({"Status": "FAILED", "Message": format!("class {class}: {message}")})
}

/// Answers `/api/transaction/NAME` on the leader.
pub fn handle(ask: &Ask<'_>, connection: &mut Connection, name: &str) -> io::Result<Next> {
    if ask.scope.op != Some(Op::Load) {
        // None is expected; what there is would be taken for the next request.
        let _ = Body::new(connection, ask.request).is_ok_and(|mut body| body.drain(STRAY_BODY));
    }
    if ask.fire(Kind::TxnLeaderChange).is_some() {
        ask.server.change_leader();
        ask.server.stats.outcome(ask.request.number, 0, "the leader changes");
        return Ok(Next::Reset);
    }
    let op = match valid(ask, name) {
        Ok(op) => op,
        Err(value) => return reply(ask, connection, &value),
    };
    let decision = match op {
        Op::Begin => begin(ask),
        Op::Commit | Op::Rollback => return end(ask, connection, op),
        _ => coordinator(ask),
    };
    carry_out(ask, connection, decision)
}

fn carry_out(ask: &Ask<'_>, connection: &mut Connection, decision: Decision) -> io::Result<Next> {
    match decision {
        Decision::Answer(value) => reply(ask, connection, &value),
        Decision::To(be) => match ask.astray(connection) {
            Some(next) => next,
            None => ask.to_be(connection, be),
        },
    }
}

fn reply(ask: &Ask<'_>, connection: &mut Connection, value: &Value) -> io::Result<Next> {
    let mut response = Response::json(value);
    // The body of a load is left unread.
    response.close = ask.scope.op == Some(Op::Load);
    let text = |key: &str| value[key].as_str().unwrap_or_default();
    let outcome = format!("{}: {}", text("Status"), text("Message"));
    ask.server.answer(connection, ask.request, response, ask.scope, &outcome)
}

/// What is checked whatever the operation; the operation.
fn valid(ask: &Ask<'_>, name: &str) -> Result<Op, Value> {
    if ask.scope.database.is_empty() {
        return Err(failed("No database selected."));
    }
    if ask.scope.label.is_empty() {
        return Err(failed("Empty label."));
    }
    let op = ask.scope.op.ok_or_else(|| failed(format!("Unknown transaction operation: {name}")))?;
    for header in ["timeout", "idle_transaction_timeout"] {
        if let Err(text) = seconds(ask.request, header) {
            let message = format!("For input string: \"{text}\"");
            return Err(exception("java.lang.NumberFormatException", &message));
        }
    }
    if ask.request.header("transaction_type").is_some_and(|t| t.eq_ignore_ascii_case("multi")) {
        return Err(failed("multi-statement transactions are not supported by this sandbox"));
    }
    if ask.request.header("channel_id").or(ask.request.header("channel_num")).is_some() {
        return Err(failed("parallel transactions are not supported by this sandbox"));
    }
    Ok(op)
}

fn begin(ask: &Ask<'_>) -> Decision {
    let Scope { database, label, .. } = ask.scope;
    let server = ask.server;
    if ask.fire(Kind::NoBackend).is_some() {
        return Decision::Answer(failed("No backend alive."));
    }
    let known = server.coordinators.get(database, label).filter(|be| server.be_seems_up(*be));
    match known.or_else(|| server.choose_be()) {
        None => Decision::Answer(failed("No backend alive.")),
        Some(be) => {
            server.coordinators.insert(database, label, be);
            Decision::To(be)
        }
    }
}

/// The BE of the label's transaction.
fn coordinator(ask: &Ask<'_>) -> Decision {
    let Scope { database, label, .. } = ask.scope;
    let known = ask.server.coordinators.get(database, label).or_else(|| {
        let port = ask.server.labels().youngest(database, label).map(|t| t.coordinator)?;
        ask.server.be_at(port)
    });
    match known {
        Some(be) => Decision::To(be),
        None => Decision::Answer(failed(format!(
            "Can't find the transaction with db [{database}] and label[{label}]. The possible reasons: 1. FE leader is \
             started or switched; 2. The transaction timeouts and is cleaned."
        ))),
    }
}

/// Commit and rollback.
fn end(ask: &Ask<'_>, connection: &mut Connection, op: Op) -> io::Result<Next> {
    let Scope { database, label, .. } = ask.scope;
    let server = ask.server;
    if ask.fire(Kind::TxnExpire).is_some() {
        server.expire(database, label);
    }
    let found = || server.labels().youngest(database, label).cloned();
    if found().is_some_and(|t| t.state == State::Prepare) {
        return carry_out(ask, connection, coordinator(ask));
    }
    let _running = server.stats.running(ask.request.number, op);
    if let Some(fault) = ask.fire(Kind::TxnDelay) {
        pause(server, fault.delay(1_000));
    }
    if op == Op::Rollback && ask.fire(Kind::TxnCommitBehind).is_some() {
        commit(ask, found());
    }
    let value = match ask.fire(Kind::TxnFail) {
        Some(fault) => json!({
            "Status": fault.result.unwrap_or_else(|| "FAILED".to_owned()),
            "Message": fault.text.unwrap_or_else(|| "class java.lang.RuntimeException: injected".to_owned()),
        }),
        None if op == Op::Commit => commit(ask, found()),
        None => rollback(ask, found()),
    };
    if op == Op::Commit && ask.fire(Kind::ForgetLabel).is_some() {
        server.labels().evict(database, label);
    }
    if let Some(fault) = ask.fire(Kind::TxnDelayAnswer) {
        pause(server, fault.delay(60_000));
    }
    if ask.fire(Kind::TxnDropAnswer).is_some() {
        let status = value["Status"].as_str().unwrap_or_default();
        server.stats.outcome(ask.request.number, 0, &format!("{status} [answer dropped]"));
        return Ok(Next::Reset);
    }
    reply(ask, connection, &value)
}

fn no_transaction(label: &str) -> Value {
    failed(format!("No transaction found by label {label}"))
}

fn ok(transaction: i64, label: &str) -> Value {
    json!({"Status": "OK", "Message": "", "TxnId": transaction, "Label": label})
}

/// Commits what is prepared.
fn commit(ask: &Ask<'_>, found: Option<Transaction>) -> Value {
    let Scope { database, label, .. } = ask.scope;
    let server = ask.server;
    let Some(mut transaction) = found else { return no_transaction(label) };
    let id = transaction.id;
    let wait = seconds(ask.request, "timeout").ok().flatten().unwrap_or(PUBLISH_WAIT);
    let end = Instant::now() + wait;
    let prepared = loop {
        match transaction.state {
            State::Committed | State::Visible => {
                let message = format!("Transaction {id} has already committed, label is {label}");
                return json!({"Status": "OK", "Message": message});
            }
            State::Aborted => {
                return failed(format!("Can not commit ABORTED transaction {id}, label is {label}"));
            }
            State::Prepare | State::Prepared => {}
        }
        if let Some(prepared) = server.store.take_prepared(id) {
            break prepared;
        }
        // Somebody else is just ending it: the real server waits for its lock here.
        if Instant::now() >= end {
            return failed(format!("transaction {id} is being processed"));
        }
        pause(server, Duration::from_millis(2));
        let now = server.labels().youngest(database, label).cloned();
        match now {
            Some(t) if t.id == id => transaction = t,
            _ => return no_transaction(label),
        }
    };
    let timed_out = ask.fire(Kind::PublishTimeout);
    let fault = timed_out.clone().or_else(|| ask.fire(Kind::PublishDelay));
    let delay = fault.as_ref().map(|f| f.delay(1_000)).unwrap_or_default();
    let mut published = match server.commit(prepared.entry, prepared.batch, delay) {
        Ok(published) => published,
        Err(message) => return failed(message),
    };
    if published == Published::Committed && timed_out.is_none() {
        published = server.wait_visible(database, &transaction.table, id, wait);
    }
    match fault.and_then(|f| f.result).filter(|_| published == Published::Committed) {
        // Whether a commit that waits too long for its rows is told as OK depends on the version.
        Some(status) => json!({
            "Status": status,
            "Message": format!("class com.starrocks.common.UserException: publish timeout, transaction {id}"),
        }),
        None => ok(id, label),
    }
}

fn rollback(ask: &Ask<'_>, found: Option<Transaction>) -> Value {
    let Scope { database, label, .. } = ask.scope;
    let server = ask.server;
    let Some(Transaction { id, state, .. }) = found else { return no_transaction(label) };
    match state {
        State::Committed | State::Visible => {
            return failed(format!("Can not abort {} transaction {id}, label is {label}", state.name()));
        }
        State::Aborted => {
            let message = format!("Transaction {id} has already aborted, label is {label}");
            return json!({"Status": "OK", "Message": message});
        }
        State::Prepare | State::Prepared => {}
    }
    if let Some(fault) = ask.fire(Kind::TxnRollbackLate) {
        if let Some(prepared) = server.store.take_prepared(id) {
            server.abort_later(prepared.entry, fault.delay(3_000), "rollback by user");
        }
        return ok(id, label);
    }
    let reason = "rollback by user";
    let aborted = server.labels().change(database, id, State::Aborted, reason);
    match aborted {
        Err(message) => failed(message),
        Ok(()) => {
            if let Some(prepared) = server.store.take_prepared(id) {
                server.note_aborted(prepared.entry, reason);
            }
            ok(id, label)
        }
    }
}

impl Server {
    /// A new leader FE: what was only in PREPARE is gone, and nobody remembers which BE a label was on.
    pub fn change_leader(&self) {
        self.labels().change_leader();
        self.coordinators.clear();
    }

    /// Forgets a label and its transactions at once, prepared ones included.
    pub fn forget_label(&self, database: &str, label: &str) {
        let forgotten = self.labels().evict(database, label);
        self.drop_prepared(forgotten, "forgotten");
    }

    /// A database was dropped: labels belong to it, and not to its name.
    pub fn forget_database(&self, database: &str) {
        let forgotten = self.labels().forget_database(database);
        self.drop_prepared(forgotten, "the database was dropped");
    }

    fn drop_prepared(&self, transactions: impl IntoIterator<Item = i64>, reason: &str) {
        for prepared in transactions.into_iter().filter_map(|id| self.store.take_prepared(id)) {
            self.note_aborted(prepared.entry, reason);
        }
    }

    /// Lets a label's transaction in PREPARE or PREPARED run out of time now; whether there is one.
    pub fn expire(&self, database: &str, label: &str) -> bool {
        let expired = self.labels().expire(database, label);
        self.drop_expired();
        expired
    }

    /// Drops the rows of prepared transactions that ran out of time.
    pub fn drop_expired(&self) {
        let expired = self.labels().take_expired();
        self.drop_prepared(expired, "timeout by txn manager");
    }
}
