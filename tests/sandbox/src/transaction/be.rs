//! The BE's half: begin, load, prepare, one-phase commit and rollback of the transactions in its memory.

use super::context::{Context, Work};
use super::{PUBLISH_WAIT, Subject, seconds};
use crate::be::{LABEL_RULE, TOO_MANY_VERSIONS, check_credentials};
use crate::faults::{Fault, Kind, Op, Scope};
use crate::http::response::Response;
use crate::http::{Connection, Request};
use crate::labels::{BeginError, State};
use crate::load::params::Params;
use crate::load::plan::Loader;
use crate::load::receive::{Received, after_refusal, early_error_reset, receive};
use crate::load::{BodyError, Intake};
use crate::net::Port;
use crate::publish::Published;
use crate::server::{Next, Server, pause};
use crate::store::LedgerEntry;
use crate::store::prepared::Prepared;
use serde_json::{Value, json};
use std::io::{self, Read};
use std::sync::MutexGuard;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

/// How long a transaction may stay in PREPARE, unless `timeout` says otherwise.
const TIMEOUT: Duration = Duration::from_secs(600);

const IN_PROCESSING: &str = "Transaction in processing, please retry later";

/// Answers `/api/transaction/NAME`.
pub fn handle(
    server: &Server,
    port: &Port,
    be: usize,
    request: &Request,
    connection: &mut Connection,
    name: &str,
) -> io::Result<Next> {
    let subject = Subject::of(request, name);
    let scope =
        Scope { op: subject.op, database: &subject.database, table: &subject.table, label: &subject.label };
    let ask = Ask { server, port, be, request, scope, started: Instant::now() };
    let Some(op) = subject.op else {
        let response = match name {
            "list" => Response::json(&ask.list()),
            _ => Response::text(404, "text/plain", "Not Found").closing(),
        };
        return server.answer(connection, request, response, scope, name);
    };
    let _running = server.stats.running(request.number, op);
    ask.run(connection, op)
}

/// An answer with nothing but a status and why.
fn failure(status: &str, message: &str) -> Value {
    json!({"Status": status, "Message": message})
}

fn invalid(message: impl AsRef<str>) -> Value {
    failure("INVALID_ARGUMENT", message.as_ref())
}

fn internal(message: impl AsRef<str>) -> Value {
    failure("INTERNAL_ERROR", message.as_ref())
}

fn millis(since: Instant) -> u64 {
    since.elapsed().as_millis() as u64
}

/// What a load comes to.
enum Loading {
    /// Answered while the body is unread.
    Refused(Value),
    /// Answered after the body.
    Done(Value),
    /// Not answered.
    Silent(Next, &'static str),
}

struct Ask<'a> {
    server: &'a Server,
    port: &'a Port,
    be: usize,
    request: &'a Request,
    scope: Scope<'a>,
    started: Instant,
}

impl Ask<'_> {
    fn fire(&self, kind: Kind) -> Option<Fault> {
        self.server.faults.take(kind, self.scope)
    }

    fn run(&self, connection: &mut Connection, op: Op) -> io::Result<Next> {
        let number = self.request.number;
        if let Some(fault) = self.fire(Kind::BeHang) {
            self.server.stats.outcome(number, 0, "hangs");
            pause(self.server, fault.delay(600_000));
            return Ok(Next::Close);
        }
        if self.fire(Kind::TxnLoseContext).is_some() {
            self.server.contexts.lose(self.be, Some(self.scope.label));
        }
        if op == Op::Load {
            return match self.load(connection) {
                Loading::Done(value) => self.reply(connection, &value),
                Loading::Refused(value) => {
                    let next = self.reply(connection, &value)?;
                    Ok(after_refusal(self.request, connection, next))
                }
                Loading::Silent(next, outcome) => {
                    self.server.stats.outcome(number, 0, outcome);
                    Ok(next)
                }
            };
        }
        let value = match self.refused() {
            Some(value) => value,
            None if op == Op::Begin => self.begin(),
            None => self.end(op),
        };
        self.reply(connection, &value)
    }

    /// Sends the answer, unless a fault keeps it back.
    fn reply(&self, connection: &mut Connection, value: &Value) -> io::Result<Next> {
        let (status, message) = (&value["Status"], &value["Message"]);
        let outcome =
            format!("{}: {}", status.as_str().unwrap_or_default(), message.as_str().unwrap_or_default());
        let mut response = Response::json(value);
        if let Some(fault) = self.fire(Kind::TxnKillBe) {
            // Nobody gets through any more once the answer is there.
            response.close = true;
            self.server.kill_be_after_answer(self.be, fault.delay_ms.map(Duration::from_millis));
        }
        if let Some(fault) = self.fire(Kind::TxnDelayAnswer) {
            pause(self.server, fault.delay(60_000));
        }
        if self.fire(Kind::TxnDropAnswer).is_some() {
            self.server.stats.outcome(self.request.number, 0, &format!("{outcome} [answer dropped]"));
            return Ok(Next::Reset);
        }
        self.server.answer(connection, self.request, response, self.scope, &outcome)
    }

    /// What is said whatever the operation, before anything is done.
    fn refused(&self) -> Option<Value> {
        if let Err(message) = check_credentials(self.server, self.port, self.request) {
            return Some(internal(message));
        }
        if self.scope.label.is_empty() {
            return Some(invalid("empty label"));
        }
        if self.scope.op != Some(Op::Load)
            && self.request.header("transaction_type").is_some_and(|t| !t.is_empty())
        {
            return Some(invalid(
                "Multi-statement transaction requests can only be sent to FE nodes, not BE nodes",
            ));
        }
        if self.server.is_stopping() {
            return Some(failure("SERVICE_UNAVAILABLE", "Service is shutting down, please retry later!"));
        }
        self.fire(Kind::TxnInProcessing).map(|_| self.in_processing())
    }

    fn in_processing(&self) -> Value {
        json!({"Status": "TXN_IN_PROCESSING", "Message": IN_PROCESSING, "Label": self.scope.label})
    }

    fn delay(&self) {
        if let Some(fault) = self.fire(Kind::TxnDelay) {
            pause(self.server, fault.delay(1_000));
        }
    }

    /// The failure that a test asks for.
    fn injected(&self) -> Option<(String, String)> {
        let fault = self.fire(Kind::TxnFail)?;
        let status = fault.result.unwrap_or_else(|| "INTERNAL_ERROR".to_owned());
        Some((status, fault.text.unwrap_or_else(|| TOO_MANY_VERSIONS.to_owned())))
    }

    fn list(&self) -> Value {
        let mine = self.server.contexts.all().into_iter().filter(|(be, _)| *be == self.be);
        let shown = |(_, c): (usize, std::sync::Arc<Context>)| json!({"Label": c.label, "TxnId": c.transaction, "Db": c.database, "Table": c.table});
        json!({"Status": "OK", "Message": "", "Transactions": mine.map(shown).collect::<Vec<_>>()})
    }

    fn begin(&self) -> Value {
        let Scope { database, table, label, .. } = self.scope;
        let timeout = match seconds(self.request, "timeout") {
            Ok(timeout) => timeout.unwrap_or(TIMEOUT),
            Err(text) => return invalid(format!("Invalid timeout format: {text}")),
        };
        let idle = match seconds(self.request, "idle_transaction_timeout") {
            Ok(idle) => idle.filter(|idle| !idle.is_zero()),
            Err(text) => return invalid(format!("Invalid idle_transaction_timeout format: {text}")),
        };
        self.delay();
        if let Some(context) = self.server.contexts.get(self.be, label) {
            if self.server.config.idempotent_begin && context.database == database && context.table == table {
                return self.begun(context.transaction, 0);
            }
            return json!({"Status": "LABEL_ALREADY_EXISTS", "Message": "", "ExistingJobStatus": ""});
        }
        if let Some((status, message)) = self.injected() {
            return failure(&status, &message);
        }
        let used = |running: bool| {
            json!({
                "Status": "LABEL_ALREADY_EXISTS",
                "Message": format!("Label [{label}] has already been used."),
                "ExistingJobStatus": if running { "RUNNING" } else { "FINISHED" },
            })
        };
        if let Err(message) = self.server.store.table(database, table) {
            return failure("ANALYSIS_ERROR", &message);
        }
        let port = self.port.address.port();
        if self.fire(Kind::LabelExistsFinished).is_some() {
            self.server.take_label(database, table, label, port);
        }
        if self.fire(Kind::LabelExistsRunning).is_some() {
            return used(true);
        }
        let begun_at = Instant::now();
        let begun = self.server.labels().begin(database, table, label, port, timeout);
        match begun {
            Ok(transaction) => {
                let context = Context::new((database, table, label), transaction, timeout, idle);
                self.server.contexts.insert(self.be, context);
                self.begun(transaction, millis(begun_at))
            }
            Err(BeginError::Used { running }) => used(running),
            Err(BeginError::BadLabel) => {
                failure("ANALYSIS_ERROR", &format!("Label format error. regex: {LABEL_RULE}, label: {label}"))
            }
            Err(BeginError::TooMany { running, limit }) => failure(
                "ANALYSIS_ERROR",
                &format!("current running txns on db 10001 is {running}, larger than limit {limit}"),
            ),
        }
    }

    fn begun(&self, transaction: i64, ms: u64) -> Value {
        json!({
            "Status": "OK",
            "Message": "",
            "Label": self.scope.label,
            "TxnId": transaction,
            "BeginTxnTimeMs": ms,
        })
    }

    /// Rolls back, and says why.
    fn give_up(&self, context: &Context, work: &mut Work, status: &str, message: &str) -> Value {
        self.server.roll_back(self.be, context, work, self.request.number, message);
        failure(status, message)
    }

    fn load(&self, connection: &mut Connection) -> Loading {
        if let Some(value) = self.refused() {
            return Loading::Refused(value);
        }
        let label = self.scope.label;
        let unknown = || {
            Loading::Refused(failure("TXN_NOT_EXISTS", &format!("Transaction with label {label} not exists")))
        };
        let Some(context) = self.server.contexts.get(self.be, label) else { return unknown() };
        let Some(mut work) = context.try_lock() else { return Loading::Refused(self.in_processing()) };
        if work.is_over() {
            return unknown();
        }
        self.delay();
        let planned_at = Instant::now();
        if let Err((status, message)) = self.plan(&context, &mut work) {
            return Loading::Refused(self.give_up(&context, &mut work, &status, &message));
        }
        if let Some(fault) = self.fire(Kind::EarlyErrorReset) {
            let message = fault.text.as_deref().unwrap_or(TOO_MANY_VERSIONS);
            let value = self.give_up(&context, &mut work, "INTERNAL_ERROR", message);
            early_error_reset(self.server, self.request, connection, &fault, &value);
            return Loading::Silent(Next::Reset, "early error, then reset");
        }
        let plan_ms = millis(planned_at);
        work.plan_ms += plan_ms;
        let discard = self.server.discard.load(Ordering::Relaxed);
        let read_at = Instant::now();
        // Once the pipeline has failed, what comes is read and dropped.
        let works = &mut *work;
        let twice = self.fire(Kind::TxnTakenTwice).is_some();
        let intake = works.intake.as_mut().filter(|_| works.failure.is_none());
        let (received, bytes) =
            receive(self.server, self.request, self.scope, connection, |body| match intake {
                Some(intake) if discard => intake.count(body),
                Some(intake) if twice => {
                    let mut bytes = Vec::new();
                    body.read_to_end(&mut bytes).map_err(BodyError::Read)?;
                    intake.take(&bytes[..])?;
                    intake.take(&bytes[..])
                }
                Some(intake) => intake.take(body),
                None => Ok(()),
            });
        work.bytes += bytes;
        context.touch();
        let read_ms = millis(read_at);
        work.read_ms += read_ms;
        let gone = |work: &mut Work, next, outcome| {
            self.server.roll_back(self.be, &context, work, self.request.number, outcome);
            Loading::Silent(next, outcome)
        };
        match received {
            Received::Reset => return gone(&mut work, Next::Reset, "reset in the body"),
            Received::Incomplete => return gone(&mut work, Next::Close, "body incomplete"),
            // What is wrong with the contents comes out behind the answer, when the pipeline gets there.
            Received::Whole(Err(message)) => work.failure = Some(message),
            Received::Whole(Ok(())) => {}
        }
        if let Some(fault) = self.fire(Kind::TxnPipelineFailed) {
            work.failure = Some(fault.text.unwrap_or_else(|| "too many filtered rows".to_owned()));
        }
        let counted = bytes.saturating_sub(u64::from(self.fire(Kind::LoadBytesOff).is_some()));
        Loading::Done(json!({
            "Status": "OK",
            "Message": "",
            "Label": label,
            "TxnId": context.transaction,
            "LoadBytes": counted,
            "StreamLoadPlanTimeMs": plan_ms,
            "ReceivedDataTimeMs": read_ms,
        }))
    }

    /// Whether the load fits the transaction; plans it if it is the first one. An error is status and message.
    fn plan(&self, context: &Context, work: &mut Work) -> Result<(), (String, String)> {
        let Scope { database, table, .. } = self.scope;
        let error = |status: &str, message: String| Err((status.to_owned(), message));
        if work.failure.is_some() {
            return error("ABORTED", "current transaction is aborted".to_owned());
        }
        if context.database != database {
            let other = &context.database;
            return error(
                "INVALID_ARGUMENT",
                format!("Request database {database} not equal transaction database {other}"),
            );
        }
        if context.table != table {
            let other = &context.table;
            return error(
                "INVALID_ARGUMENT",
                format!("Request table {table} not equal transaction table {other}"),
            );
        }
        if !work.same_plan(self.request) {
            return error("INTERNAL_ERROR", "load request not equal last.".to_owned());
        }
        if let Some(injected) = self.injected() {
            return Err(injected);
        }
        let internal = |message| ("INTERNAL_ERROR".to_owned(), message);
        let params = Params::of_transaction(self.request).map_err(internal)?;
        if work.intake.is_none() {
            let table = self.server.store.table(database, table).map_err(internal)?;
            work.intake = Some(Intake::new(Loader::new(&table, params).map_err(internal)?));
        }
        Ok(())
    }

    /// Prepare, one-phase commit and rollback.
    fn end(&self, op: Op) -> Value {
        let Scope { database, label, .. } = self.scope;
        let unknown = || failure("TXN_NOT_EXISTS", &format!("transaction with label {label} not exists"));
        let Some(context) = self.server.contexts.get(self.be, label) else { return unknown() };
        let Some(mut work) = context.try_lock() else { return self.in_processing() };
        if work.is_over() {
            return unknown();
        }
        if context.database != database {
            let other = &context.database;
            return invalid(format!("request db {database} transaction db {other} not match"));
        }
        self.delay();
        match op {
            Op::Rollback => self.rollback(&context, &mut work),
            Op::Prepare => match seconds(self.request, "prepared_timeout") {
                Ok(timeout) => self.hand_over(&context, work, Some(timeout)),
                Err(text) => invalid(format!("Invalid prepared_timeout: {text}")),
            },
            _ => self.hand_over(&context, work, None),
        }
    }

    fn rollback(&self, context: &Context, work: &mut Work) -> Value {
        if let Some((status, message)) = self.injected() {
            return failure(&status, &message);
        }
        if let Some(fault) = self.fire(Kind::TxnRollbackLate) {
            self.server.contexts.remove(self.be, context, work);
            let entry = context.entry(work, self.port.address.port(), self.request.number);
            self.server.abort_later(entry, fault.delay(3_000), "rollback");
        } else {
            self.server.roll_back(self.be, context, work, self.request.number, "rollback by user");
        }
        json!({"Status": "OK", "Message": "", "Label": self.scope.label})
    }

    /// Ends the pipeline and hands its rows to the FE: as a prepared transaction, where `prepare` has its timeout, or
    /// committed at once.
    fn hand_over(
        &self,
        context: &Context,
        mut work: MutexGuard<'_, Work>,
        prepare: Option<Option<Duration>>,
    ) -> Value {
        if let Some((status, message)) = self.injected() {
            return self.give_up(context, &mut work, &status, &message);
        }
        if let Some(message) = work.failure.clone() {
            return self.give_up(context, &mut work, "INTERNAL_ERROR", &message);
        }
        let discard = self.server.discard.load(Ordering::Relaxed);
        let Some(loader) = work.intake.as_mut().map(Intake::finish) else {
            let message = format!("transaction with label {} hasn't send any data yet", self.scope.label);
            return self.give_up(context, &mut work, "INTERNAL_ERROR", &message);
        };
        let judged = match self.fire(Kind::FilteredRows) {
            Some(fault) => {
                loader.drop_rows(fault.count.unwrap_or(1));
                loader.some(discard)
            }
            None => loader.judge(discard),
        };
        let url = self.server.error_url(self.port, self.scope, context.transaction, loader.log.clone());
        if let Err(message) = judged {
            let mut value = self.give_up(context, &mut work, "INTERNAL_ERROR", &message);
            if let Some(url) = url {
                value["ErrorURL"] = url.into();
            }
            return value;
        }
        let batch = std::mem::take(&mut loader.batch);
        let counts = [loader.total, loader.loaded(), loader.filtered, loader.unselected];
        let entry = context.entry(&work, self.port.address.port(), self.request.number);
        // The BE forgets it whatever comes of it on the FE.
        self.server.contexts.remove(self.be, context, &mut work);
        let write_at = Instant::now();
        let done = match prepare {
            Some(timeout) => {
                let timeout = timeout.unwrap_or(self.server.config.prepared_timeout);
                let expires = crate::clock::millis().saturating_add(timeout.as_millis() as i64);
                self.server
                    .prepare(Prepared { batch, entry, expires }, timeout)
                    .map(|()| ("OK", String::new()))
            }
            None => self.commit(context, entry, batch),
        };
        let (status, message) = match done {
            Ok((status, message)) => (status, message),
            Err(message) => return internal(message),
        };
        let [total, mut loaded, filtered, unselected] = counts;
        let mut bytes = work.bytes;
        if self.fire(Kind::LoadedRowsOff).is_some() {
            loaded = loaded.saturating_sub(1);
        }
        if self.fire(Kind::LoadBytesOff).is_some() {
            bytes = bytes.saturating_sub(1);
        }
        let mut value = json!({
            "Status": status,
            "Message": message,
            "Label": self.scope.label,
            "TxnId": context.transaction,
            "NumberTotalRows": total,
            "NumberLoadedRows": loaded,
            "NumberFilteredRows": filtered,
            "NumberUnselectedRows": unselected,
            "LoadBytes": bytes,
            "LoadTimeMs": context.age_ms(),
            "StreamLoadPlanTimeMs": work.plan_ms,
            "ReceivedDataTimeMs": work.read_ms,
            "WriteDataTimeMs": millis(write_at),
            "CommitAndPublishTimeMs": millis(self.started),
        });
        if let Some(url) = url {
            value["ErrorURL"] = url.into();
        }
        value
    }

    /// Commits in one phase; status and message of the answer.
    fn commit(
        &self,
        context: &Context,
        entry: LedgerEntry,
        batch: crate::store::Batch,
    ) -> Result<(&'static str, String), String> {
        let wait = seconds(self.request, "timeout").ok().flatten().unwrap_or(PUBLISH_WAIT);
        let timed_out = self.fire(Kind::PublishTimeout);
        let fault = timed_out.clone().or_else(|| self.fire(Kind::PublishDelay));
        let delay = fault.map(|f| f.delay(1_000)).unwrap_or_default();
        let mut published = self.server.commit(entry, batch, delay)?;
        if published == Published::Committed && timed_out.is_none() {
            published =
                self.server.wait_visible(&context.database, &context.table, context.transaction, wait);
        }
        if self.fire(Kind::ForgetLabel).is_some() {
            self.server.labels().evict(&context.database, &context.label);
        }
        if published == Published::Visible && timed_out.is_none() {
            return Ok(("OK", String::new()));
        }
        Ok(("PUBLISH_TIMEOUT", "Publish timeout. The data will be visible after a while, timeout".to_owned()))
    }
}

impl Server {
    /// Makes a transaction durable; the error says why it can't be.
    fn prepare(&self, prepared: Prepared, timeout: Duration) -> Result<(), String> {
        let entry = prepared.entry.clone();
        // The rows come first: whoever sees the state may commit.
        let kept = self.store.keep_prepared(prepared);
        let done = kept.and_then(|()| self.labels().prepare(&entry.database, entry.transaction, timeout));
        done.inspect_err(|message| {
            self.store.take_prepared(entry.transaction);
            let _ = self.labels().change(&entry.database, entry.transaction, State::Aborted, message);
            self.note_aborted(entry, message);
        })
    }
}
