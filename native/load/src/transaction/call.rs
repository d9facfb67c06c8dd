//! A request about a transaction: how it finds its server, and what is heard from there.

use std::time::Duration;

use ureq::http::Method;

use super::{Transaction, TransactionError};
use crate::classify::{Class, Told, classify_transaction, told};
use crate::client::Client;
use crate::compress::Compression;
use crate::error_log::shorten;
use crate::frontends::Frontend;
use crate::headers::{self, Headers};
use crate::http::{Answer, Failure, Request, Sent, percent_encode};
use crate::label::MAX_LABEL_LEN;
use crate::label_state::NoState;
use crate::poll::Poll;
use crate::problem::{MAX_MESSAGE, Problem, Scene};
use crate::reply::{LabelState, Reply, TransactionVerdict};
use crate::route::{InVain, Route, Unusable, is_redirect};
use crate::{Body, Endpoint, ErrorCode, Events, Level, LoadError};

/// The pause before a try that should work at once.
const SOON: Duration = Duration::from_millis(500);

/// What is asked for.
#[derive(Clone, Copy)]
pub(super) enum Op<'a> {
    /// Whether there is anyone to ask.
    Probe,
    Begin,
    Load(&'a dyn Body),
    Prepare,
    Commit,
    Rollback,
    /// Rolling back by the FE alone.
    Cancel,
}

impl Op<'_> {
    fn name(self) -> &'static str {
        match self {
            Op::Probe | Op::Begin => "begin",
            Op::Load(_) => "load",
            Op::Prepare => "prepare",
            Op::Commit => "commit",
            Op::Rollback => "rollback",
            Op::Cancel => "cancel",
        }
    }

    fn path(self, transaction: &Transaction<'_>) -> String {
        if matches!(self, Op::Cancel) {
            let [database, table, label] =
                [transaction.database, transaction.table, transaction.label].map(percent_encode);
            return format!("/api/{database}/{table}/_cancel?label={label}");
        }
        format!("/api/transaction/{}", self.name())
    }

    fn doing(self, transaction: &Transaction<'_>) -> String {
        let into = format!("into {}.{}", transaction.database, transaction.table);
        match self {
            Op::Probe => "the question whether the server has transaction stream loads".to_owned(),
            Op::Begin => format!("begin of a transaction {into}"),
            Op::Load(body) => format!("load of {} bytes {into} in a transaction", body.len()),
            Op::Prepare => format!("prepare of a transaction {into}"),
            Op::Commit => format!("commit of a transaction {into}"),
            Op::Rollback | Op::Cancel => format!("rollback of a transaction {into}"),
        }
    }

    /// The headers of the request; with rows, the last one goes where the rows go.
    fn headers(self, client: &Client, transaction: &Transaction<'_>) -> Vec<(String, String)> {
        let Transaction { database, table, label, headers } = *transaction;
        let mut all = Vec::new();
        let mut set = |name: &str, value: &str| all.push((name.to_owned(), value.to_owned()));
        if matches!(self, Op::Probe | Op::Cancel) {
            return all;
        }
        set("label", label);
        set("db", database);
        if matches!(self, Op::Begin | Op::Load(_)) {
            set("table", table);
            if headers::find(headers, "timeout").is_none() {
                set("timeout", &headers::DEFAULT_TIMEOUT.as_secs().to_string());
            }
        }
        if matches!(self, Op::Commit) && !client.config.publish_timeout.is_zero() {
            let seconds = client.config.publish_timeout.as_millis().div_ceil(1000);
            set("timeout", &seconds.to_string());
        }
        let is = |name: &str, names: &[&str]| names.iter().any(|other| other.eq_ignore_ascii_case(name));
        for (name, value) in headers {
            let belongs = match self {
                Op::Begin => is(name, &["timeout", "idle_transaction_timeout", "warehouse"]),
                Op::Load(_) => !is(name, &["idle_transaction_timeout", "prepared_timeout"]),
                Op::Prepare => is(name, &["prepared_timeout"]),
                _ => false,
            };
            if belongs {
                set(name, value);
            }
        }
        if matches!(self, Op::Load(_)) {
            set("Expect", "100-continue");
        }
        all
    }

    /// How long the answer may take.
    fn wait(self, client: &Client, headers: &Headers) -> Duration {
        let with_slack = |time: Duration| time.saturating_add(time / 10);
        match self {
            // The server ends the transaction when its time is over.
            Op::Load(_) | Op::Prepare => with_slack(headers::timeout(headers)),
            Op::Commit => client.http.short_wait().max(with_slack(client.config.publish_timeout)),
            _ => client.http.short_wait(),
        }
    }
}

/// Why nothing was heard of the transaction.
pub(super) enum Silence {
    /// No answer, or none that can be understood.
    NoAnswer(Box<Problem>),
    /// Asking again is of no use.
    Final(Box<Problem>),
    Cancelled,
}

/// What one FE led to.
enum Step {
    Heard(Box<Reply>),
    NextFe(Unusable),
}

/// A request that may be sent several times.
pub(super) struct Call<'a> {
    client: &'a Client,
    transaction: Transaction<'a>,
    events: &'a dyn Events,
    op: Op<'a>,
    path: String,
    headers: Vec<(String, String)>,
    /// How long one answer may take.
    pub(super) wait: Duration,
    /// Tries after the first.
    pub(super) retries: u32,
    /// Whether a request went out before that may have done what it asked for.
    pub(super) maybe_done: bool,
    /// How much of the rows the server may have taken that was asked last.
    pub(super) sent: Sent,
    /// Whether the last request ended at a BE that an FE named and that can't be reached: nothing was sent to it.
    pub(super) is_cut_off: bool,
    /// What the FEs said that were asked last, if none of those that answered knows the path.
    pub(super) no_route: Option<String>,
    fe: Option<Endpoint>,
    be: Option<Endpoint>,
}

impl<'a> Call<'a> {
    /// # Errors
    /// What of the transaction can't be sent.
    pub(super) fn new(
        client: &'a Client,
        transaction: &Transaction<'a>,
        op: Op<'a>,
        events: &'a dyn Events,
    ) -> Result<Self, LoadError> {
        let Transaction { database, table, label, headers } = *transaction;
        // What is here beside our own would make it another kind of transaction.
        let ours = ["db", "table", "transaction_type", "channel_id", "channel_num"];
        let checked = match op {
            Op::Probe => Ok(()),
            Op::Load(body) if body.is_empty() => Err("it is empty".to_owned()),
            _ => headers::check(database, table, label, headers, &ours),
        };
        if let Err(what) = checked {
            let message = format!("{} can't be sent: {what}", op.doing(transaction));
            return Err(LoadError { label: Some(label.to_owned()), ..LoadError::config(message) });
        }
        Ok(Call {
            client,
            transaction: *transaction,
            events,
            op,
            path: op.path(transaction),
            headers: op.headers(client, transaction),
            wait: op.wait(client, headers),
            retries: 0,
            maybe_done: false,
            sent: Sent::Nothing,
            is_cut_off: false,
            no_route: None,
            fe: None,
            be: None,
        })
    }

    /// Sends the request and gives the answer about this transaction, whatever it says.
    pub(super) fn ask(&mut self) -> Result<Reply, Silence> {
        let client = self.client;
        let mut in_vain = InVain::default();
        self.no_route = None;
        self.is_cut_off = false;
        for fe in client.frontends.in_order() {
            match self.through(fe)? {
                Step::Heard(reply) => return Ok(*reply),
                Step::NextFe(unusable) => in_vain.note(client, fe, unusable),
            }
        }
        self.fe = None;
        self.be = None;
        self.no_route = in_vain.no_route();
        no_answer(in_vain.problem())
    }

    /// Asks one FE, and follows it to the server that answers. Rows are sent to what it names; it gets all but the rows
    /// itself, the label too, by which it knows the BE.
    fn through(&mut self, fe: &Frontend) -> Result<Step, Silence> {
        let mut route = Route::new(&fe.endpoint, &self.path);
        let mut at_be = fe.is_direct();
        self.fe = Some(fe.endpoint.clone());
        self.be = None;
        loop {
            let at_first = route.named_by().is_none();
            let body = match self.op {
                Op::Load(body) if at_be => Some(body),
                _ => None,
            };
            if at_be {
                self.be = Some(route.server().clone());
            }
            let answer = match self.exchange(&route, body, at_be) {
                Ok(answer) => answer,
                Err(Failure::Cancelled) => return Err(Silence::Cancelled),
                Err(Failure::Invalid(why)) => {
                    let problem = Problem::new(ErrorCode::Config, why).permanent();
                    return Err(Silence::Final(Box::new(problem)));
                }
                Err(failure) => {
                    let unreached = matches!(failure, Failure::Connect { .. });
                    if !at_be || at_first && (body.is_none() || unreached) {
                        return Ok(Step::NextFe(route.unusable(failure.why(), failure.timed_out())));
                    }
                    self.is_cut_off = unreached && !at_first;
                    let what = if unreached {
                        route.unreachable(failure.why())
                    } else {
                        format!("BE {}: {}", route.server(), failure.why())
                    };
                    return no_answer(Problem::failure(&failure, what));
                }
            };
            if is_redirect(answer.status) {
                // Whoever sends elsewhere has taken nothing.
                self.sent = Sent::Nothing;
                if at_first {
                    self.client.frontends.succeeded(fe);
                }
                match route.follow(&answer, self.client) {
                    Ok(is_fe) => at_be = !is_fe,
                    Err(why) => {
                        let problem = Problem::new(ErrorCode::Connect, why);
                        return no_answer(Problem { http_status: Some(answer.status), ..problem });
                    }
                }
                continue;
            }
            let reply = match self.read(&answer, &route, at_be)? {
                Step::Heard(reply) => reply,
                next => return Ok(next),
            };
            if at_first {
                self.client.frontends.succeeded(fe);
            }
            let done = reply.transaction_verdict() == TransactionVerdict::Ok;
            if at_first && done && !at_be && matches!(self.op, Op::Begin | Op::Load(_)) {
                // FEs leave both to BEs.
                fe.set_direct();
                self.log(
                    Level::Info,
                    &format!("{} takes loads itself instead of redirecting as an FE does", fe.endpoint),
                );
            }
            if done && !at_be && matches!(self.op, Op::Load(_)) {
                // It took the request for a load of no rows.
                at_be = true;
                continue;
            }
            return Ok(Step::Heard(reply));
        }
    }

    /// Sends one request, again at once over a new connection where an old one turns out to be closed.
    fn exchange(&mut self, route: &Route, body: Option<&dyn Body>, at_be: bool) -> Result<Answer, Failure> {
        let http = &self.client.http;
        // Commits are the only ones that FEs wait with.
        let takes_long = at_be || matches!(self.op, Op::Commit);
        let headers = match (self.op, body) {
            // Only who gets rows is asked to wait for them.
            (Op::Load(_), None) => &self.headers[..self.headers.len() - 1],
            _ => &self.headers,
        };
        let mut request = Request {
            method: if matches!(self.op, Op::Load(_)) { Method::PUT } else { Method::POST },
            to: route.server(),
            path: route.path(),
            headers,
            credentials: true,
            body,
            compression: Compression::announced(self.transaction.headers),
            wait: if takes_long { self.wait } else { self.wait.min(http.short_wait()) },
            fresh: false,
        };
        let mut result = http.send(&request);
        if let Err(failure) = &result
            && failure.is_stale()
        {
            self.maybe_done = true;
            request.fresh = true;
            result = http.send(&request);
        }
        self.sent = match &result {
            Ok(answer) => answer.sent,
            Err(Failure::Broken { sent, .. }) => *sent,
            Err(_) => Sent::Nothing,
        };
        self.maybe_done |= matches!(result, Err(Failure::Broken { .. }));
        result
    }

    /// Reads an answer that is no redirect.
    fn read(&mut self, answer: &Answer, route: &Route, at_be: bool) -> Result<Step, Silence> {
        let server = route.server();
        let status = answer.status;
        let text = self.client.shown(&String::from_utf8_lossy(&answer.body), 200);
        let reply = Reply::parse(&answer.body);
        let why = match (status, reply) {
            (401 | 403, reply) => {
                let message = reply.as_ref().map_or(text, |r| self.client.shown(&r.message, MAX_MESSAGE));
                let what = format!("{server} answered with HTTP status {status}: {message}");
                let problem = Problem::new(ErrorCode::Auth, what).permanent();
                return Err(Silence::Final(Box::new(Problem {
                    advice: "check username and password, and that the user has the INSERT privilege on the table",
                    http_status: Some(status),
                    reply: reply.ok(),
                    ..problem
                })));
            }
            (200, Ok(reply)) => {
                let ours = self.transaction.label;
                if reply.label.is_empty() || ours.is_empty() || reply.label == ours {
                    return Ok(Step::Heard(Box::new(reply)));
                }
                format!("its answer is for another transaction, '{}'", shorten(&reply.label, MAX_LABEL_LEN))
            }
            (200, Err(why)) => format!("its answer can't be understood: {why}; it begins: '{text}'"),
            (_, Ok(reply)) => {
                format!("HTTP status {status}: {}", self.client.shown(&reply.message, MAX_MESSAGE))
            }
            (_, Err(_)) => format!("HTTP status {status}: {text}"),
        };
        self.maybe_done = true;
        if !at_be {
            let unusable = route.unusable(&why, false);
            return Ok(Step::NextFe(Unusable { http_status: Some(status), ..unusable }));
        }
        let problem = Problem::new(ErrorCode::Load, format!("BE {server}: {why}"));
        no_answer(Problem { http_status: Some(status), ..problem })
    }

    /// What is wrong with an answer that is not the one hoped for.
    pub(super) fn problem(&self, reply: Reply) -> Problem {
        let server = self.be.as_ref().or(self.fe.as_ref()).map(ToString::to_string).unwrap_or_default();
        let status = shorten(&reply.status, 100);
        let message = self.client.shown(&reply.message, MAX_MESSAGE);
        let what = format!("{server} answered {status}: {message}");
        let problem = Problem { http_status: Some(200), ..Problem::new(ErrorCode::Load, what) };
        let problem = match classify_transaction(&reply.status, &reply.message) {
            Class::Permanent(code, advice) => Problem { code, advice, ..problem.permanent() },
            Class::NoData => Problem {
                advice: "the server found no row in what was sent; look at the options format, row_delimiter and where",
                ..problem.permanent()
            },
            _ => problem,
        };
        Problem { reply: Some(reply), ..problem }
    }

    /// What an answer says became of the transaction, if it does.
    pub(super) fn told(&self, reply: &Reply) -> Option<Told> {
        told(&reply.message)
    }

    /// The state of the transaction's label; `None`: no FE gives it.
    ///
    /// # Errors
    /// It was cancelled.
    pub(super) fn state(&self) -> Result<Option<LabelState>, LoadError> {
        let Transaction { database, label, .. } = self.transaction;
        match self.client.ask_state(database, label, Duration::ZERO) {
            Ok(state) => Ok(Some(state)),
            Err(NoState::Cancelled) => Err(self.cancelled()),
            Err(NoState::NotToBeHad(silence)) => {
                self.log(Level::Warn, &format!("the label's state is not to be had: {}", silence.why));
                Ok(None)
            }
        }
    }

    /// Waits a little before the same is asked again, which is no further try.
    ///
    /// # Errors
    /// It was cancelled.
    pub(super) fn pause(&self, poll: &mut Poll) -> Result<(), LoadError> {
        if poll.wait(&self.client.cancel) { Err(self.cancelled()) } else { Ok(()) }
    }

    /// Waits for the next try.
    ///
    /// # Errors
    /// `problem`, when no further try is allowed or makes sense; or it was cancelled.
    pub(super) fn again(&mut self, problem: Problem) -> Result<(), LoadError> {
        self.again_after(self.client.config.retry_interval, problem)
    }

    /// The same after a short pause, for what should either work at once or not at all.
    ///
    /// # Errors
    /// As [`again`](Self::again).
    pub(super) fn again_soon(&mut self, problem: Problem) -> Result<(), LoadError> {
        self.again_after(self.client.config.retry_interval.min(SOON), problem)
    }

    fn again_after(&mut self, pause: Duration, problem: Problem) -> Result<(), LoadError> {
        let config = &self.client.config;
        if !problem.retriable || self.retries >= config.max_retries {
            return Err(self.error(problem));
        }
        self.retries += 1;
        self.maybe_done |= problem.reply.is_some();
        self.client.frontends.rotate();
        self.events.retrying();
        self.log(
            Level::Warn,
            &format!(
                "{}: try {} of {} failed, the next one follows in {} ms: {}",
                self.op.name(),
                self.retries,
                u64::from(config.max_retries) + 1,
                pause.as_millis(),
                problem.what
            ),
        );
        if self.client.cancel.wait(pause) { Err(self.cancelled()) } else { Ok(()) }
    }

    /// The error for a silence that asking again doesn't end.
    pub(super) fn ended(&self, silence: Silence) -> LoadError {
        match silence {
            Silence::NoAnswer(problem) | Silence::Final(problem) => self.error(*problem),
            Silence::Cancelled => self.cancelled(),
        }
    }

    /// The transaction is gone, or may be: an error with the server's reason, which may be one that makes another
    /// transaction useless, too.
    pub(super) fn gone(&self, mut problem: Problem, state: Option<&LabelState>) -> TransactionError {
        if let Some(LabelState::Aborted(reason)) = state
            && !reason.is_empty()
        {
            let shown = self.client.shown(reason, MAX_MESSAGE);
            problem.what = format!("{}; the server rolled the transaction back: {shown}", problem.what);
            if let Class::Permanent(code, advice) = classify_transaction("", reason) {
                problem = Problem { code, advice, ..problem.permanent() };
            }
        }
        let lost = problem.retriable;
        TransactionError { error: self.error(problem), lost }
    }

    pub(super) fn log(&self, level: Level, text: &str) {
        let Transaction { database, table, label, .. } = self.transaction;
        let text = match self.op {
            Op::Probe => format!("transaction stream loads: {text}"),
            _ => format!("transaction {label} into {database}.{table}: {text}"),
        };
        self.events.log(level, &text);
    }

    pub(super) fn cancelled(&self) -> LoadError {
        let label = self.transaction.label;
        let doing = self.op.doing(&self.transaction);
        LoadError::cancelled(&doing, (!label.is_empty()).then_some(label))
    }

    /// The error that the caller gets, with all that is known.
    pub(super) fn error(&self, problem: Problem) -> LoadError {
        let scene = Scene {
            doing: self.op.doing(&self.transaction),
            label: (!self.transaction.label.is_empty()).then_some(self.transaction.label),
            fe: self.fe.as_ref(),
            be: self.be.as_ref(),
            tries: u64::from(self.retries) + 1,
        };
        self.client.explain(&scene, problem)
    }

    pub(super) fn transaction(&self) -> &Transaction<'a> {
        &self.transaction
    }
}

fn no_answer<T>(problem: Problem) -> Result<T, Silence> {
    Err(Silence::NoAnswer(Box::new(problem)))
}
