//! One load from its first try to its end.

use std::time::{Duration, Instant};

use ureq::http::Method;

use crate::classify::{Class, classify};
use crate::client::{Client, Load, Loaded};
use crate::compress::Compression;
use crate::error_log::shorten;
use crate::frontends::Frontend;
use crate::headers;
use crate::http::{Answer, Failure, Request, Sent, percent_encode};
use crate::label::MAX_LABEL_LEN;
use crate::label_state::NoState;
use crate::poll::Poll;
use crate::problem::{MAX_MESSAGE, Problem, Scene};
use crate::reply::{LabelState, Reply, Verdict};
use crate::route::{InVain, Route, Unusable, is_redirect};
use crate::transaction::{Transaction, roll_back_by_label};
use crate::{Endpoint, ErrorCode, Events, Level, LoadError};

/// Why a try ended without success.
enum Stop {
    /// Trying again can't help, or mustn't be done.
    Final(Box<Problem>),
    /// The rows are not in the table: they may be sent again, under the same label.
    Retry(Box<Problem>),
    Cancelled,
}

fn retry<T>(problem: Problem) -> Result<T, Stop> {
    Err(Stop::Retry(Box::new(problem)))
}

fn fail<T>(problem: Problem) -> Result<T, Stop> {
    Err(Stop::Final(Box::new(problem)))
}

/// What one FE led to.
enum Step {
    Loaded(Box<Loaded>),
    /// This FE can't be used now; nothing was sent to a BE.
    NextFe(Unusable),
}

impl Step {
    fn loaded(loaded: Loaded) -> Step {
        Step::Loaded(Box::new(loaded))
    }
}

/// How sure it is that the server has not taken the load.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Doubt {
    /// It said that it failed, in words that we don't know: if its label can't be asked for, that stands.
    Little,
    /// The label's state must decide.
    Real,
}

/// What still works on a load that the server says runs.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Worker {
    /// Some request, maybe of somebody else.
    Some,
    /// Perhaps none any more: our own broke off, after that much of it was sent.
    Broken(Sent),
}

/// What a label's state says.
enum Fate {
    Loaded(&'static str),
    RolledBack(String),
    NoSuchLabel,
    NotToBeHad(String),
    Cancelled,
}

pub(crate) struct Run<'a> {
    client: &'a Client,
    load: &'a Load<'a>,
    events: &'a dyn Events,
    headers: Vec<(String, String)>,
    path: String,
    /// The load's own timeout plus 10 %: no answer comes later.
    limit: Duration,
    retries: u32,
    /// Whether a BE was asked to take the load: the label may exist because of us.
    begun: bool,
    /// The most that was sent to a BE so far.
    sent: Sent,
    /// Since when the load may have been committed without our knowing.
    in_doubt_since: Option<Instant>,
    /// Whether a load that may have been about to end by itself was rolled back.
    cut_short: bool,
    /// Use new connections only.
    fresh: bool,
    fe: Option<Endpoint>,
    be: Option<Endpoint>,
}

impl<'a> Run<'a> {
    pub(crate) fn new(
        client: &'a Client,
        load: &'a Load<'a>,
        events: &'a dyn Events,
    ) -> Result<Self, LoadError> {
        let Load { database, table, label, .. } = *load;
        let checked = match headers::check(database, table, label, load.headers, &[]) {
            Ok(()) if load.body.is_empty() => Err("it is empty".to_owned()),
            other => other,
        };
        if let Err(what) = checked {
            let message = format!("load into {database}.{table} can't be sent: {what}");
            return Err(LoadError { label: Some(label.to_owned()), ..LoadError::config(message) });
        }

        let timeout = headers::timeout(load.headers);
        let mut headers = load.headers.to_vec();
        if headers::find(load.headers, "timeout").is_none() {
            headers.push(("timeout".to_owned(), timeout.as_secs().to_string()));
        }
        headers.push(("Expect".to_owned(), "100-continue".to_owned()));
        // Last, so that it can be left out.
        headers.push(("label".to_owned(), label.to_owned()));
        Ok(Run {
            client,
            load,
            events,
            headers,
            path: format!("/api/{}/{}/_stream_load", percent_encode(database), percent_encode(table)),
            limit: timeout.saturating_add(timeout / 10),
            retries: 0,
            begun: false,
            sent: Sent::Nothing,
            in_doubt_since: None,
            cut_short: false,
            fresh: false,
            fe: None,
            be: None,
        })
    }

    pub(crate) fn run(mut self) -> Result<Loaded, LoadError> {
        let started = Instant::now();
        loop {
            let try_started = Instant::now();
            let growing = !self.load.body.is_complete();
            let problem = match self.attempt() {
                Ok(loaded) => {
                    let now = Instant::now();
                    return self.accept(Loaded {
                        retries: self.retries,
                        elapsed: now - started,
                        elapsed_without_retries: now - try_started,
                        ..loaded
                    });
                }
                Err(Stop::Cancelled) => return Err(self.cancelled()),
                Err(Stop::Final(problem)) => return Err(self.error(*problem)),
                Err(Stop::Retry(problem)) => *problem,
            };
            if problem.stale && !self.fresh {
                self.fresh = true;
                self.log(
                    Level::Debug,
                    &format!("again over a new connection, the old one was closed: {}", problem.what),
                );
                continue;
            }
            if growing {
                // It was an offer: the load itself begins now, if there is to be one.
                self.load.body.complete();
                if !self.load.body.is_complete() {
                    return Err(self.error(problem));
                }
                self.events.retrying();
                self.log(
                    Level::Warn,
                    &format!(
                        "it failed while its rows were still coming, and is sent again: {}",
                        problem.what
                    ),
                );
                continue;
            }
            if self.retries >= self.client.config.max_retries {
                return Err(self.error(problem));
            }
            self.retries += 1;
            self.client.frontends.rotate();
            self.events.retrying();
            let pause = self.client.config.retry_interval;
            self.log(
                Level::Warn,
                &format!(
                    "try {} of {} failed, the next one follows in {} ms: {}",
                    self.retries,
                    u64::from(self.client.config.max_retries) + 1,
                    pause.as_millis(),
                    problem.what
                ),
            );
            if self.client.cancel.wait(pause) {
                return Err(self.cancelled());
            }
        }
    }

    fn log(&self, level: Level, text: &str) {
        let Load { database, table, label, .. } = self.load;
        self.events.log(level, &format!("load {label} into {database}.{table}: {text}"));
    }

    /// One try: asks the FEs in turn until one leads to a BE.
    fn attempt(&mut self) -> Result<Loaded, Stop> {
        let client = self.client;
        let mut in_vain = InVain::default();
        for fe in client.frontends.in_order() {
            match self.through(fe)? {
                Step::Loaded(loaded) => return Ok(*loaded),
                Step::NextFe(unusable) => in_vain.note(client, fe, unusable),
            }
        }
        self.be = None;
        self.fe = None;
        retry(in_vain.problem())
    }

    /// Asks one FE, follows it to a BE, and sends the body there.
    fn through(&mut self, fe: &Frontend) -> Result<Step, Stop> {
        let mut route = Route::new(&fe.endpoint, &self.path);
        let mut with_body = fe.is_direct() || fe.wants_body();
        let mut refused_without_body = fe.wants_body();
        self.fe = Some(fe.endpoint.clone());
        self.be = None;
        loop {
            let begun = self.begun;
            let sent = self.sent;
            let at_first = route.named_by().is_none();
            let answer = match self.put(&route, with_body) {
                Ok(answer) => answer,
                Err(Failure::Cancelled) => return Err(Stop::Cancelled),
                Err(Failure::Invalid(why)) => return fail(Problem::new(ErrorCode::Config, why).permanent()),
                // Nothing was sent, and nobody named this server but the user.
                Err(failure @ Failure::Connect { .. }) if at_first => {
                    return Ok(next_fe(&route, failure.why(), failure.timed_out()));
                }
                Err(failure) if with_body => return self.body_failed(&failure, &route).map(Step::loaded),
                Err(failure) => return Ok(next_fe(&route, failure.why(), failure.timed_out())),
            };
            if at_first && refused_without_body && matches!(answer.status, 200..400) {
                fe.set_wants_body();
            }
            match answer.status {
                status if is_redirect(status) => {
                    // Whoever sends elsewhere has taken nothing, be it told the label and sent the rows.
                    self.begun = begun;
                    self.sent = sent;
                    if at_first {
                        self.client.frontends.succeeded(fe);
                    }
                    match route.follow(&answer, self.client) {
                        // An FE is asked without the body; if a BE redirects in its turn, that is seen before the body
                        // is sent.
                        Ok(is_fe) => with_body = !is_fe,
                        Err(why) => {
                            return retry(Problem {
                                http_status: Some(status),
                                ..Problem::new(ErrorCode::Connect, why)
                            });
                        }
                    }
                }
                200 if !with_body && takes_loads_itself(&answer) => {
                    self.log(
                        Level::Info,
                        &format!("{} takes loads itself instead of redirecting as an FE does", fe.endpoint),
                    );
                    if at_first {
                        fe.set_direct();
                    }
                    with_body = true;
                }
                200 => return self.answered(&answer, &route, with_body, begun, sent),
                // A proxy may take a PUT without a body for a mistake. With one, and the label, an FE still redirects before
                // it reads any of it, and who takes loads itself takes this one.
                400 | 405 | 411 if at_first && !with_body => {
                    self.log(
                        Level::Debug,
                        &format!(
                            "{} refuses headers without a body (HTTP status {}), and is asked with it",
                            fe.endpoint, answer.status
                        ),
                    );
                    with_body = true;
                    refused_without_body = true;
                }
                status => {
                    // Nothing of it went out, so that another FE may be asked.
                    let is_refusal = at_first && refused_without_body && answer.sent == Sent::Nothing;
                    return self.refused(&answer, status, &route, with_body && !is_refusal);
                }
            }
        }
    }

    /// Sends the load's headers, and its body if `with_body`. The label goes with the body only: a server that takes loads
    /// itself would bind it to an empty one. An FE has no use for it but in its log, and one that has redirected before may
    /// be a proxy that leads to a BE the next time.
    fn put(&mut self, route: &Route, with_body: bool) -> Result<Answer, Failure> {
        let http = &self.client.http;
        let headers = if with_body { self.headers.len() } else { self.headers.len() - 1 };
        let mut request = Request {
            method: Method::PUT,
            to: route.server(),
            path: route.path(),
            headers: &self.headers[..headers],
            credentials: true,
            body: with_body.then_some(self.load.body),
            compression: Compression::announced(&self.headers),
            wait: if with_body { self.limit } else { http.short_wait() },
            fresh: self.fresh,
        };
        if !with_body {
            return match http.send(&request) {
                // The server had closed the connection long ago, and nothing was sent that matters.
                Err(failure) if failure.is_stale() => {
                    request.fresh = true;
                    http.send(&request)
                }
                other => other,
            };
        }
        self.be = Some(route.server().clone());
        let result = http.send(&request);
        match &result {
            Ok(answer) => self.note_sent(answer.sent),
            Err(Failure::Broken { sent, .. }) => self.note_sent(*sent),
            Err(_) => {}
        }
        result
    }

    fn note_sent(&mut self, sent: Sent) {
        self.begun = true;
        self.sent = self.sent.max(sent);
    }

    /// No answer to a request with the body.
    fn body_failed(&mut self, failure: &Failure, route: &Route) -> Result<Loaded, Stop> {
        match failure {
            Failure::Broken { sent, timed_out, .. } => {
                let what = format!("BE {}: {}", route.server(), failure.why());
                let doubt = if *sent == Sent::All { Doubt::Real } else { Doubt::Little };
                let worker = match sent {
                    // It was only too slow for us.
                    Sent::All if *timed_out => Worker::Some,
                    _ => Worker::Broken(*sent),
                };
                self.settle(Problem::failure(failure, what), doubt, worker)
            }
            _ => retry(Problem::failure(failure, route.unreachable(failure.why()))),
        }
    }

    /// An HTTP status other than 200 and a redirect.
    fn refused(
        &mut self,
        answer: &Answer,
        status: u16,
        route: &Route,
        with_body: bool,
    ) -> Result<Step, Stop> {
        let text = self.client.shown(&String::from_utf8_lossy(&answer.body), 200);
        let reply = Reply::parse(&answer.body).ok();
        let message = reply.as_ref().map_or(text, |reply| self.client.shown(&reply.message, MAX_MESSAGE));
        let server = route.server();
        let what = format!("{server} answered with HTTP status {status}: {message}");
        match status {
            401 | 403 => fail(Problem {
                advice: "check username and password, and that the user has the INSERT privilege on the table",
                http_status: Some(status),
                reply,
                ..Problem::new(ErrorCode::Auth, what).permanent()
            }),
            _ if with_body => {
                let problem =
                    Problem { http_status: Some(status), reply, ..Problem::new(ErrorCode::Load, what) };
                let doubt = if self.sent == Sent::All { Doubt::Real } else { Doubt::Little };
                self.ask_label(problem, doubt).map(Step::loaded)
            }
            _ => Ok(Step::NextFe(Unusable {
                why: format!("HTTP status {status}: {message}"),
                timed_out: false,
                http_status: Some(status),
            })),
        }
    }

    /// HTTP status 200: the answer's text decides. `begun` and `sent` are what had been done before this request.
    fn answered(
        &mut self,
        answer: &Answer,
        route: &Route,
        with_body: bool,
        begun: bool,
        sent: Sent,
    ) -> Result<Step, Stop> {
        let server = route.server();
        let problem = |code, what: String| Problem { http_status: Some(200), ..Problem::new(code, what) };
        let reply = match Reply::parse(&answer.body) {
            Ok(reply) => reply,
            Err(why) => {
                let text = self.client.shown(&String::from_utf8_lossy(&answer.body), 200);
                let why = format!("its answer can't be understood: {why}; it begins: '{text}'");
                if !with_body {
                    return Ok(next_fe(route, &why, false));
                }
                return self
                    .ask_label(problem(ErrorCode::Load, format!("BE {server}: {why}")), Doubt::Real)
                    .map(Step::loaded);
            }
        };
        if with_body && !reply.label.is_empty() && reply.label != self.load.label {
            let other = shorten(&reply.label, MAX_LABEL_LEN);
            let what = format!("BE {server}: its answer is for another load, '{other}'");
            return self.ask_label(problem(ErrorCode::Load, what), Doubt::Real).map(Step::loaded);
        }

        let message = self.client.shown(&reply.message, MAX_MESSAGE);
        let status = shorten(&reply.status, 100);
        let verdict = reply.verdict();
        let error_url = reply.error_url.clone();
        let loaded = reply.loaded.clone();
        let said = |code, what: String| Problem { reply: Some(reply), ..problem(code, what) };
        match verdict {
            // Only an answer to the rows themselves says that they are loaded.
            Verdict::Success | Verdict::PublishTimeout | Verdict::LabelExists { .. } if !with_body => {
                Ok(next_fe(route, &format!("status '{status}' without rows: {message}"), false))
            }
            Verdict::Success | Verdict::PublishTimeout if answer.sent != Sent::All => {
                let what =
                    format!("BE {server} answered {status} before it could have read all rows: {message}");
                self.ask_label(said(ErrorCode::Load, what), Doubt::Real).map(Step::loaded)
            }
            Verdict::Success => {
                self.note_filtered(&loaded, error_url.as_deref());
                Ok(Step::loaded(Loaded { visible: true, ..loaded }))
            }
            Verdict::PublishTimeout => {
                self.note_filtered(&loaded, error_url.as_deref());
                self.log(
                    Level::Info,
                    &format!("committed, the rows will be visible after a while: {message}"),
                );
                Ok(Step::loaded(loaded))
            }
            Verdict::LabelExists { finished: true } if sent == Sent::All || self.load.earlier => {
                self.log(Level::Info, "an earlier try had succeeded: its label is FINISHED");
                Ok(Step::loaded(Loaded::default()))
            }
            Verdict::LabelExists { finished: false } if begun || self.load.earlier => {
                let what = format!("{server}: an earlier try still runs under this label");
                self.ask_label(said(ErrorCode::Load, what), Doubt::Real).map(Step::loaded)
            }
            Verdict::LabelExists { .. } => fail(foreign(said(ErrorCode::Undecided, String::new()), &message)),
            Verdict::Unknown if !with_body => {
                Ok(next_fe(route, &format!("unknown status '{status}': {message}"), false))
            }
            Verdict::Unknown => {
                let what =
                    format!("BE {server} answered with a status that is not known, '{status}': {message}");
                self.ask_label(said(ErrorCode::Load, what), Doubt::Real).map(Step::loaded)
            }
            Verdict::Fail => {
                let what = format!("{server} answered {status}: {message}");
                match classify(&message_of(answer)) {
                    Class::Permanent(code, advice) => {
                        fail(Problem { advice, ..said(code, what).permanent() })
                    }
                    Class::NoData => fail(Problem {
                        advice: "the server found no row in what was sent; look at the options format, row_delimiter and where",
                        ..said(ErrorCode::Load, what).permanent()
                    }),
                    Class::LabelUsed if !begun && !self.load.earlier => {
                        fail(foreign(said(ErrorCode::Undecided, String::new()), &message))
                    }
                    Class::LabelUsed | Class::Ambiguous if with_body => {
                        self.ask_label(said(ErrorCode::Load, what), Doubt::Real).map(Step::loaded)
                    }
                    Class::Other if with_body => {
                        self.ask_label(said(ErrorCode::Load, what), Doubt::Little).map(Step::loaded)
                    }
                    _ => retry(said(ErrorCode::Load, what)),
                }
            }
        }
    }

    fn note_filtered(&self, loaded: &Loaded, error_url: Option<&str>) {
        if let Some(note) = loaded.filtered_note(error_url) {
            self.log(Level::Warn, &note);
        }
    }

    /// Whether all of this batch was sent at least once, by us or by somebody before us: only then is what carries its label
    /// the batch.
    fn may_be_loaded(&self) -> bool {
        self.sent == Sent::All || self.load.earlier
    }

    /// The outcome is not certain: the label's state decides what to make of `problem`.
    fn ask_label(&mut self, problem: Problem, doubt: Doubt) -> Result<Loaded, Stop> {
        self.settle(problem, doubt, Worker::Some)
    }

    /// The same, where it is known who works on the load.
    fn settle(&mut self, mut problem: Problem, doubt: Doubt, worker: Worker) -> Result<Loaded, Stop> {
        if doubt == Doubt::Real && self.in_doubt_since.is_none() {
            self.in_doubt_since = Some(Instant::now());
        }
        match self.fate(worker) {
            Fate::Cancelled => Err(Stop::Cancelled),
            Fate::Loaded(state) if self.may_be_loaded() => {
                self.log(Level::Warn, &format!("it succeeded: its label is {state}, but {}", problem.what));
                Ok(Loaded { visible: state == "VISIBLE", ..Loaded::default() })
            }
            Fate::Loaded(state) => {
                let what = format!("{} (the label is {state})", problem.what);
                fail(foreign(Problem { code: ErrorCode::Undecided, ..problem }, &what))
            }
            Fate::RolledBack(reason) => {
                self.in_doubt_since = None;
                if !reason.is_empty() {
                    let shown = self.client.shown(&reason, MAX_MESSAGE);
                    problem.what = format!("{}; the server rolled the load back: {shown}", problem.what);
                    if let Class::Permanent(code, advice) = classify(&reason) {
                        return fail(Problem { code, advice, ..problem.permanent() });
                    }
                }
                retry(problem)
            }
            Fate::NoSuchLabel => match self.in_doubt_since {
                Some(since) if since.elapsed() > self.client.config.resend_window => fail(undecided(
                    problem,
                    "the server doesn't know the label, but may have known it and forgotten it since",
                )),
                _ => retry(problem),
            },
            Fate::NotToBeHad(why) if doubt == Doubt::Real && self.may_be_loaded() => {
                fail(undecided(problem, &why))
            }
            Fate::NotToBeHad(_) => retry(problem),
        }
    }

    /// Asks for the label's state until it is a final one, and has the server end a load that it alone holds to be running.
    fn fate(&mut self, worker: Worker) -> Fate {
        let patience = self.client.patience(self.client.config.max_retries.saturating_sub(self.retries));
        let mut poll = Poll::new();
        let mut end_at = self.client.config.orphan_patience;
        loop {
            let state = match self.client.ask_state(self.load.database, self.load.label, patience) {
                Ok(state) => state,
                Err(NoState::Cancelled) => return Fate::Cancelled,
                Err(NoState::NotToBeHad(silence)) => {
                    return Fate::NotToBeHad(format!("the label's state is not to be had: {}", silence.why));
                }
            };
            match state {
                LabelState::Visible => return Fate::Loaded("VISIBLE"),
                LabelState::Committed => return Fate::Loaded("COMMITTED"),
                LabelState::Aborted(reason) => return Fate::RolledBack(reason),
                LabelState::Unknown => return Fate::NoSuchLabel,
                LabelState::Prepare | LabelState::Prepared => {
                    // Until now it has not been committed: the server can't have forgotten that it was.
                    self.in_doubt_since = self.in_doubt_since.map(|_| Instant::now());
                    if poll.elapsed() > self.limit {
                        return Fate::NotToBeHad(format!(
                            "the load still runs on the server ({state:?}) after {} s",
                            poll.elapsed().as_secs()
                        ));
                    }
                    if state == LabelState::Prepare && poll.elapsed() >= end_at && self.may_end(worker) {
                        end_at = poll.elapsed().saturating_mul(2);
                        if self.end_on_server().is_err() {
                            return Fate::Cancelled;
                        }
                        // Ended or committed, that is seen at once.
                        poll.hurry();
                    }
                }
            }
            if poll.wait(&self.client.cancel) {
                return Fate::Cancelled;
            }
        }
    }

    /// Whether a load that the server says runs may be rolled back.
    ///
    /// One that has not got all of its rows can't end otherwise. One that has may be under way: something between here and
    /// the BE may close connections that are quiet for long. That is risked once, or such a load would never be done.
    fn may_end(&mut self, worker: Worker) -> bool {
        match worker {
            Worker::Some => false,
            Worker::Broken(Sent::All) => !std::mem::replace(&mut self.cut_short, true),
            Worker::Broken(_) => true,
        }
    }

    /// Has the FE roll the load back if it still runs. It may be committed meanwhile, which the label's state then says.
    fn end_on_server(&self) -> Result<(), LoadError> {
        let Load { database, table, label, .. } = *self.load;
        self.log(
            Level::Warn,
            "its connection broke, and the server says that it still runs: it is rolled back by its label, to be sent again",
        );
        let transaction = Transaction { database, table, label, headers: &[] };
        roll_back_by_label(self.client, &transaction, self.events)
    }

    /// Looks at what a load that succeeded came to.
    fn accept(&self, loaded: Loaded) -> Result<Loaded, LoadError> {
        let countable = headers::rows_can_be_counted(&self.headers);
        if let (Some(ours), Some(theirs), true) = (self.rows(), loaded.rows_accounted_for(), countable) {
            if theirs < ours {
                let what = format!(
                    "it is committed, but the server counted {theirs} rows where {ours} were sent: rows are missing in \
                     the table, or several were read as one"
                );
                let problem = Problem {
                    advice: "look at the options format and row_delimiter, and for blank rows",
                    http_status: Some(200),
                    ..Problem::new(ErrorCode::Load, what).permanent()
                };
                return Err(self.error(problem));
            }
            if theirs > ours {
                self.log(
                    Level::Warn,
                    &format!("the server counted {theirs} rows where {ours} were sent: is there a row delimiter inside the data?"),
                );
            }
        }
        let compressed = Compression::announced(&self.headers).is_some();
        if let Some(theirs) = loaded.load_bytes.filter(|&n| n != self.load.body.len() && !compressed) {
            self.log(
                Level::Warn,
                &format!("the server counted {theirs} bytes where {} were sent", self.load.body.len()),
            );
        }
        Ok(loaded)
    }

    /// How many rows there are, where the server can be held to it.
    fn rows(&self) -> Option<u64> {
        self.load.rows.map(|rows| self.load.body.rows().unwrap_or(rows))
    }

    fn cancelled(&self) -> LoadError {
        let Load { database, table, label, .. } = self.load;
        LoadError::cancelled(&format!("load {label} into {database}.{table}"), Some(label))
    }

    /// The error that the caller gets, with all that is known.
    fn error(&self, problem: Problem) -> LoadError {
        let Load { database, table, label, body, .. } = self.load;
        let rows = self.rows().map(|n| format!("{n} rows, ")).unwrap_or_default();
        let scene = Scene {
            doing: format!("load of {rows}{} bytes into {database}.{table}", body.len()),
            label: Some(label),
            fe: self.fe.as_ref(),
            be: self.be.as_ref(),
            tries: u64::from(self.retries) + 1,
        };
        self.client.explain(&scene, problem)
    }
}

fn next_fe(route: &Route, why: &str, timed_out: bool) -> Step {
    Step::NextFe(route.unusable(why, timed_out))
}

/// The message as it came, for classifying: what is shown may have been cut.
fn message_of(answer: &Answer) -> String {
    Reply::parse(&answer.body).map(|reply| reply.message).unwrap_or_default()
}

/// Whether a server that was sent no body took that for a load without rows: then it is a BE, or stands for one. The
/// label was not sent along, so nothing stands in the way of the load itself.
fn takes_loads_itself(answer: &Answer) -> bool {
    Reply::parse(&answer.body).is_ok_and(|reply| match reply.verdict() {
        Verdict::Success | Verdict::PublishTimeout => true,
        Verdict::Fail => match classify(&reply.message) {
            Class::NoData => true,
            Class::Other => reply.txn_id.is_some_and(|id| id >= 0),
            _ => false,
        },
        _ => false,
    })
}

/// A load that is not ours has our label: our rows were not loaded by it.
fn foreign(problem: Problem, message: &str) -> Problem {
    Problem {
        what: format!(
            "another load has this label already, and it is not known whether with the same rows ({message}); each job \
             needs a sink.label-prefix of its own"
        ),
        ..problem.permanent()
    }
}

fn undecided(problem: Problem, why: &str) -> Problem {
    Problem {
        code: ErrorCode::Undecided,
        what: format!("whether the rows are in the table is not known: {}; {why}", problem.what),
        advice: "look for the label in information_schema.loads; a restart of the job sends the rows again under another \
                 label, which doubles them if they are in and the table has no PRIMARY KEY",
        ..problem
    }
}
