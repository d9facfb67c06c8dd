//! One load from its first try to its end.

use std::time::{Duration, Instant};

use ureq::http::Method;

use crate::classify::{Class, classify};
use crate::client::{Client, Load, Loaded};
use crate::error_log::{self, sanitize, shorten};
use crate::frontends::Frontend;
use crate::http::{Answer, Failure, Request, Sent, percent_encode};
use crate::label::{self, MAX_LABEL_LEN};
use crate::redirect::parse_location;
use crate::reply::{LabelState, Reply, Verdict};
use crate::{Endpoint, ErrorCode, Events, Level, LoadError};

/// Redirects that one try follows: follower FE, leader FE, BE, and one to spare.
pub(crate) const MAX_REDIRECTS: usize = 3;

/// The server's default of a load's `timeout`, sent when the user sets none, so that both sides go by the same.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(600);

/// The longest that a server takes.
const LONGEST_TIMEOUT: Duration = Duration::from_secs(259_200);

/// Pauses between questions for a label's state: doubled from the first to the last.
const FIRST_POLL: Duration = Duration::from_millis(50);
const LAST_POLL: Duration = Duration::from_secs(2);

/// How often at least a label's state is asked for before giving up.
const MIN_QUESTIONS: u32 = 3;

/// How long at least, however short the pauses between tries are: failing here leaves rows in doubt.
const MIN_PATIENCE: Duration = Duration::from_secs(5);

const MAX_MESSAGE: usize = 2000;

/// What went wrong in a try.
struct Problem {
    code: ErrorCode,
    retriable: bool,
    what: String,
    advice: &'static str,
    http_status: Option<u16>,
    reply: Option<Reply>,
    /// The connection was an old one: trying again at once, over a new one, is no further try.
    stale: bool,
}

impl Problem {
    fn new(code: ErrorCode, what: impl Into<String>) -> Self {
        Problem {
            code,
            retriable: true,
            what: what.into(),
            advice: "",
            http_status: None,
            reply: None,
            stale: false,
        }
    }

    fn failure(failure: &Failure, what: String) -> Self {
        let code = if failure.timed_out() { ErrorCode::Timeout } else { ErrorCode::Connect };
        let (http_status, stale) = match failure {
            Failure::Broken { status, .. } => (*status, failure.is_stale()),
            _ => (None, false),
        };
        Problem { http_status, stale, ..Problem::new(code, what) }
    }

    fn permanent(self) -> Self {
        Problem { retriable: false, ..self }
    }
}

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
    NextFe {
        why: String,
        timed_out: bool,
        is_no_fe: bool,
    },
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
    /// Use new connections only.
    fresh: bool,
    fe: Option<Endpoint>,
    be: Option<Endpoint>,
}

/// How many rows the server says something of: in the table, or left out for a reason that it gives.
fn rows_accounted_for(loaded: &Loaded) -> Option<u64> {
    let parts = loaded.loaded_rows.map(|rows| {
        rows.saturating_add(loaded.filtered_rows.unwrap_or(0))
            .saturating_add(loaded.unselected_rows.unwrap_or(0))
    });
    [loaded.total_rows, parts].into_iter().flatten().min()
}

impl<'a> Run<'a> {
    pub(crate) fn new(
        client: &'a Client,
        load: &'a Load<'a>,
        events: &'a dyn Events,
    ) -> Result<Self, LoadError> {
        let fail = |what: String| {
            let message = format!("load into {}.{} can't be sent: {what}", load.database, load.table);
            Err(LoadError { label: Some(load.label.to_owned()), ..LoadError::config(message) })
        };
        if load.database.is_empty() || load.table.is_empty() {
            return fail("the name of the database or the table is empty".to_owned());
        }
        if load.label.is_empty() || load.label.len() > MAX_LABEL_LEN || !load.label.chars().all(label::legal)
        {
            return fail(format!(
                "'{}' is no label: 1 to {MAX_LABEL_LEN} characters of letters, digits, '-' and '_'",
                load.label.escape_debug()
            ));
        }
        if load.body.is_empty() {
            return fail("it is empty".to_owned());
        }
        const OURS: [&str; 8] = [
            "label",
            "authorization",
            "expect",
            "content-length",
            "transfer-encoding",
            "host",
            "connection",
            "accept-encoding",
        ];
        if let Some((name, _)) =
            load.headers.iter().find(|(name, _)| OURS.iter().any(|o| name.eq_ignore_ascii_case(o)))
        {
            return fail(format!("the header '{name}' is set by the connector itself"));
        }

        let mut headers = load.headers.to_vec();
        let timeout = headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("timeout"));
        let timeout = match timeout {
            Some((_, seconds)) => {
                let seconds: Option<u64> = seconds.trim().parse().ok().filter(|&s| s > 0);
                seconds.map_or(DEFAULT_TIMEOUT, Duration::from_secs).min(LONGEST_TIMEOUT)
            }
            None => {
                headers.push(("timeout".to_owned(), DEFAULT_TIMEOUT.as_secs().to_string()));
                DEFAULT_TIMEOUT
            }
        };
        headers.push(("Expect".to_owned(), "100-continue".to_owned()));
        // Last, so that it can be left out.
        headers.push(("label".to_owned(), load.label.to_owned()));
        Ok(Run {
            client,
            load,
            events,
            headers,
            path: format!(
                "/api/{}/{}/_stream_load",
                percent_encode(load.database),
                percent_encode(load.table)
            ),
            limit: timeout.saturating_add(timeout / 10),
            retries: 0,
            begun: false,
            sent: Sent::Nothing,
            in_doubt_since: None,
            fresh: false,
            fe: None,
            be: None,
        })
    }

    pub(crate) fn run(mut self) -> Result<Loaded, LoadError> {
        let started = Instant::now();
        loop {
            let try_started = Instant::now();
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
        let mut reasons = Vec::new();
        let mut all_timed_out = true;
        let mut none_is_fe = true;
        for fe in client.frontends.in_order() {
            match self.through(fe)? {
                Step::Loaded(loaded) => return Ok(*loaded),
                Step::NextFe { why, timed_out, is_no_fe } => {
                    client.frontends.failed(fe);
                    reasons.push(format!("{}: {why}", fe.endpoint));
                    all_timed_out &= timed_out;
                    none_is_fe &= is_no_fe;
                }
            }
        }
        self.be = None;
        self.fe = None;
        let reasons = reasons.join("; ");
        if none_is_fe {
            let what = format!("no address in load-url is that of an FE's HTTP port: {reasons}");
            // Tried again all the same: proxies say 404 for servers that are not up yet.
            return retry(Problem::new(ErrorCode::Config, what));
        }
        let code = if all_timed_out { ErrorCode::Timeout } else { ErrorCode::Connect };
        retry(Problem::new(code, format!("no FE can be used: {reasons}")))
    }

    /// Asks one FE, follows it to a BE, and sends the body there.
    fn through(&mut self, fe: &Frontend) -> Result<Step, Stop> {
        let mut way = vec![fe.endpoint.clone()];
        let mut to = fe.endpoint.clone();
        let mut path = self.path.clone();
        let mut with_body = fe.is_direct();
        self.fe = Some(fe.endpoint.clone());
        self.be = None;
        loop {
            let begun = self.begun;
            let sent = self.sent;
            let answer = match self.put(&to, &path, with_body) {
                Ok(answer) => answer,
                Err(Failure::Cancelled) => return Err(Stop::Cancelled),
                Err(Failure::Invalid(why)) => return fail(Problem::new(ErrorCode::Config, why).permanent()),
                // Nothing was sent, and nobody named this server but the user.
                Err(failure @ Failure::Connect { .. }) if way.len() == 1 => {
                    return Ok(next_fe(&way, failure.why(), failure.timed_out()));
                }
                Err(failure) if with_body => return self.body_failed(&failure, &way).map(Step::loaded),
                Err(failure) => return Ok(next_fe(&way, failure.why(), failure.timed_out())),
            };
            match answer.status {
                301 | 302 | 307 | 308 => {
                    if way.len() == 1 {
                        self.client.frontends.succeeded(fe);
                    }
                    if way.len() > MAX_REDIRECTS {
                        let what = format!("more than {MAX_REDIRECTS} redirects: {}", arrows(&way));
                        return retry(Problem {
                            http_status: Some(answer.status),
                            ..Problem::new(ErrorCode::Connect, what)
                        });
                    }
                    let location = answer.location.as_deref().unwrap_or_default();
                    match parse_location(location, &to, &path) {
                        Ok((named, new_path)) => {
                            to = self.client.config.host_mapping.apply(&named);
                            path = new_path;
                            // An FE is asked without the body; whatever else a server names is taken for a BE,
                            // and if it redirects in its turn, that is seen before the body is sent.
                            with_body = !self.client.frontends.contains(&named)
                                && !self.client.frontends.contains(&to);
                            way.push(to.clone());
                        }
                        Err(why) => {
                            let what = format!("{} redirects, but {why}", arrows(&way));
                            return retry(Problem {
                                http_status: Some(answer.status),
                                ..Problem::new(ErrorCode::Connect, what)
                            });
                        }
                    }
                }
                200 if !with_body && takes_loads_itself(&answer) => {
                    self.log(
                        Level::Info,
                        &format!("{} takes loads itself instead of redirecting as an FE does", fe.endpoint),
                    );
                    if way.len() == 1 {
                        fe.set_direct();
                    }
                    with_body = true;
                }
                200 => return self.answered(&answer, &way, with_body, begun, sent),
                status => return self.refused(&answer, status, &way, with_body),
            }
        }
    }

    /// Sends the load's headers, and its body if `with_body`. The label goes with the body only: a server that takes loads
    /// itself would bind it to an empty one.
    fn put(&mut self, to: &Endpoint, path: &str, with_body: bool) -> Result<Answer, Failure> {
        let http = &self.client.http;
        let headers = if with_body { self.headers.len() } else { self.headers.len() - 1 };
        let mut request = Request {
            method: Method::PUT,
            to,
            path,
            headers: &self.headers[..headers],
            credentials: true,
            body: with_body.then_some(self.load.body),
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
        self.be = Some(to.clone());
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
    fn body_failed(&mut self, failure: &Failure, way: &[Endpoint]) -> Result<Loaded, Stop> {
        let be = self.be.clone().map(|be| be.to_string()).unwrap_or_default();
        match failure {
            Failure::Broken { sent, .. } => {
                let problem = Problem::failure(failure, format!("BE {be}: {}", failure.why()));
                let doubt = if *sent == Sent::All { Doubt::Real } else { Doubt::Little };
                self.ask_label(problem, doubt)
            }
            _ => {
                let why = failure.why();
                let what = match way {
                    [.., from, _] => format!(
                        "FE {from} redirected to BE {be}, which can't be reached ({why}). This BE's HTTP port must be \
                         reachable from the TaskManagers; if it has another address from there, set \
                         sink.redirect.host-mapping"
                    ),
                    _ => format!("BE {be} can't be reached ({why})"),
                };
                retry(Problem::failure(failure, what))
            }
        }
    }

    /// An HTTP status other than 200 and a redirect.
    fn refused(
        &mut self,
        answer: &Answer,
        status: u16,
        way: &[Endpoint],
        with_body: bool,
    ) -> Result<Step, Stop> {
        let text = self.shown(&String::from_utf8_lossy(&answer.body), 200);
        let reply = Reply::parse(&answer.body).ok();
        let message = reply.as_ref().map_or(text, |reply| self.shown(&reply.message, MAX_MESSAGE));
        let server = way.last().map(ToString::to_string).unwrap_or_default();
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
            _ => Ok(Step::NextFe {
                why: format!("HTTP status {status}: {message}"),
                timed_out: false,
                is_no_fe: matches!(status, 400 | 404 | 405 | 501),
            }),
        }
    }

    /// HTTP status 200: the answer's text decides. `begun` and `sent` are what had been done before this request.
    fn answered(
        &mut self,
        answer: &Answer,
        way: &[Endpoint],
        with_body: bool,
        begun: bool,
        sent: Sent,
    ) -> Result<Step, Stop> {
        let server = way.last().map(ToString::to_string).unwrap_or_default();
        let problem = |code, what: String| Problem { http_status: Some(200), ..Problem::new(code, what) };
        let reply = match Reply::parse(&answer.body) {
            Ok(reply) => reply,
            Err(why) => {
                let text = self.shown(&String::from_utf8_lossy(&answer.body), 200);
                let why = format!("its answer can't be understood: {why}; it begins: '{text}'");
                if !with_body {
                    return Ok(next_fe(way, &why, false));
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

        let message = self.shown(&reply.message, MAX_MESSAGE);
        let status = shorten(&reply.status, 100);
        let verdict = reply.verdict();
        let error_url = reply.error_url.clone();
        let loaded = reply.loaded.clone();
        let said = |code, what: String| Problem { reply: Some(reply), ..problem(code, what) };
        match verdict {
            // Only an answer to the rows themselves says that they are loaded.
            Verdict::Success | Verdict::PublishTimeout if !with_body => {
                Ok(next_fe(way, &format!("status '{status}' without rows: {message}"), false))
            }
            Verdict::Success => {
                self.note_filtered(&loaded, error_url.as_deref());
                Ok(Step::loaded(loaded))
            }
            Verdict::PublishTimeout => {
                self.note_filtered(&loaded, error_url.as_deref());
                self.log(
                    Level::Info,
                    &format!("committed, the rows will be visible after a while: {message}"),
                );
                Ok(Step::loaded(loaded))
            }
            Verdict::LabelExists { finished: true } if sent == Sent::All => {
                self.log(Level::Info, "an earlier try had succeeded: its label is FINISHED");
                Ok(Step::loaded(Loaded::default()))
            }
            Verdict::LabelExists { finished: false } if begun => {
                let what = format!("{server}: an earlier try still runs under this label");
                self.ask_label(said(ErrorCode::Load, what), Doubt::Real).map(Step::loaded)
            }
            Verdict::LabelExists { .. } => fail(foreign(said(ErrorCode::Undecided, String::new()), &message)),
            Verdict::Unknown if !with_body => {
                Ok(next_fe(way, &format!("unknown status '{status}': {message}"), false))
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
                    Class::LabelUsed if !begun => {
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
        if let Some(filtered) = loaded.filtered_rows.filter(|&n| n > 0) {
            let url = error_url.map(|url| format!(": see {}", shorten(url, 300))).unwrap_or_default();
            self.log(
                Level::Warn,
                &format!(
                    "the server left out {filtered} rows of {} that don't fit the table{url}",
                    count(loaded.total_rows)
                ),
            );
        }
    }

    /// The outcome is not certain: the label's state decides what to make of `problem`.
    fn ask_label(&mut self, mut problem: Problem, doubt: Doubt) -> Result<Loaded, Stop> {
        if doubt == Doubt::Real && self.in_doubt_since.is_none() {
            self.in_doubt_since = Some(Instant::now());
        }
        match self.fate() {
            Fate::Cancelled => Err(Stop::Cancelled),
            Fate::Loaded(state) if self.sent == Sent::All => {
                self.log(Level::Warn, &format!("it succeeded: its label is {state}, but {}", problem.what));
                Ok(Loaded::default())
            }
            Fate::Loaded(state) => {
                let what = format!("{} (the label is {state})", problem.what);
                fail(foreign(Problem { code: ErrorCode::Undecided, ..problem }, &what))
            }
            Fate::RolledBack(reason) => {
                self.in_doubt_since = None;
                if !reason.is_empty() {
                    let shown = self.shown(&reason, MAX_MESSAGE);
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
            Fate::NotToBeHad(why) if doubt == Doubt::Real && self.sent == Sent::All => {
                fail(undecided(problem, &why))
            }
            Fate::NotToBeHad(_) => retry(problem),
        }
    }

    /// Asks for the label's state until it is a final one.
    fn fate(&mut self) -> Fate {
        let started = Instant::now();
        let left = self.client.config.max_retries.saturating_sub(self.retries).max(1);
        let patience = self.client.config.retry_interval.saturating_mul(left).max(MIN_PATIENCE);
        let mut pause = FIRST_POLL;
        let mut failing: Option<(Instant, u32)> = None;
        loop {
            match self.client.label_state(self.load.database, self.load.label) {
                Ok(LabelState::Visible) => return Fate::Loaded("VISIBLE"),
                Ok(LabelState::Committed) => return Fate::Loaded("COMMITTED"),
                Ok(LabelState::Aborted(reason)) => return Fate::RolledBack(reason),
                Ok(LabelState::Unknown) => return Fate::NoSuchLabel,
                Ok(state @ (LabelState::Prepare | LabelState::Prepared)) => {
                    failing = None;
                    // Until now it has not been committed: the server can't have forgotten that it was.
                    self.in_doubt_since = self.in_doubt_since.map(|_| Instant::now());
                    if started.elapsed() > self.limit {
                        return Fate::NotToBeHad(format!(
                            "the load still runs on the server ({state:?}) after {} s",
                            started.elapsed().as_secs()
                        ));
                    }
                }
                Err(Failure::Cancelled) => return Fate::Cancelled,
                Err(failure) => {
                    let (since, failures) = failing.get_or_insert((Instant::now(), 0));
                    *failures += 1;
                    if *failures >= MIN_QUESTIONS && since.elapsed() >= patience {
                        return Fate::NotToBeHad(format!(
                            "the label's state is not to be had: {}",
                            failure.why()
                        ));
                    }
                }
            }
            if self.client.cancel.wait(pause) {
                return Fate::Cancelled;
            }
            pause = (pause * 2).min(LAST_POLL);
        }
    }

    /// Looks at what a load that succeeded came to.
    fn accept(&self, loaded: Loaded) -> Result<Loaded, LoadError> {
        let has = |name: &str| self.headers.iter().any(|(other, _)| other.eq_ignore_ascii_case(name));
        // With these, the server's rows and ours are not the same things.
        let countable = !["skip_header", "json_root", "jsonpaths", "envelope"].into_iter().any(has);
        if let (Some(ours), Some(theirs), true) = (self.load.rows, rows_accounted_for(&loaded), countable) {
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
        let compressed = has("compression") || has("content-encoding");
        if let Some(theirs) = loaded.load_bytes.filter(|&n| n != self.load.body.len() && !compressed) {
            self.log(
                Level::Warn,
                &format!("the server counted {theirs} bytes where {} were sent", self.load.body.len()),
            );
        }
        Ok(loaded)
    }

    fn cancelled(&self) -> LoadError {
        let Load { database, table, label, .. } = self.load;
        LoadError::cancelled(&format!("load {label} into {database}.{table}"), Some(label))
    }

    /// A server's text as it may be shown.
    fn shown(&self, text: &str, max: usize) -> String {
        if self.client.config.sanitize_error_log { shorten(&sanitize(text), max) } else { shorten(text, max) }
    }

    /// The error that the caller gets, with all that is known.
    fn error(&self, problem: Problem) -> LoadError {
        let Load { database, table, label, body, rows, .. } = self.load;
        let rows = rows.map(|n| format!("{n} rows, ")).unwrap_or_default();
        let mut message =
            format!("load of {rows}{} bytes into {database}.{table} failed: {}", body.len(), problem.what);
        if !problem.advice.is_empty() {
            message.push_str("; ");
            message.push_str(problem.advice);
        }
        message.push_str(&format!(" [label {label}"));
        for (name, server) in [("FE", &self.fe), ("BE", &self.be)] {
            if let Some(server) = server {
                message.push_str(&format!(", {name} {server}"));
            }
        }
        if let Some(status) = problem.http_status {
            message.push_str(&format!(", HTTP status {status}"));
        }
        if let Some(reply) = &problem.reply {
            message.push_str(&format!(", status '{}'", shorten(&reply.status, 100)));
        }
        let tries = u64::from(self.retries) + 1;
        message.push_str(&format!(", {tries} {}]", if tries == 1 { "try" } else { "tries" }));
        if let Some(url) = problem.reply.as_ref().and_then(|reply| reply.error_url.as_deref()) {
            message.push_str(&self.error_log(url));
        }
        LoadError {
            code: problem.code,
            retriable: problem.retriable,
            http_status: problem.http_status,
            label: Some((*label).to_owned()),
            server_message: problem.reply.map(|reply| self.shown(&reply.message, MAX_MESSAGE)),
            message,
        }
    }

    fn error_log(&self, url: &str) -> String {
        let mapping = &self.client.config.host_mapping;
        let shown_url = shorten(&crate::endpoint::without_user_info(url), 300);
        match error_log::fetch(&self.client.http, url, mapping, self.be.as_ref()) {
            Ok(lines) => {
                let lines: Vec<_> =
                    lines.iter().map(|line| format!("\n  {}", self.shown(line, MAX_MESSAGE))).collect();
                format!(". First lines of its error log ({shown_url}):{}", lines.concat())
            }
            Err(why) => format!(". Its error log ({shown_url}) can't be read: {why}"),
        }
    }
}

fn next_fe(way: &[Endpoint], why: &str, timed_out: bool) -> Step {
    let why = if way.len() > 1 { format!("{}: {why}", arrows(way)) } else { why.to_owned() };
    Step::NextFe { why, timed_out, is_no_fe: false }
}

fn arrows(way: &[Endpoint]) -> String {
    way.iter().map(ToString::to_string).collect::<Vec<_>>().join(" -> ")
}

fn count(n: Option<u64>) -> String {
    n.map_or_else(|| "an unknown number".to_owned(), |n| n.to_string())
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
