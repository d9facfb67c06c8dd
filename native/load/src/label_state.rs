//! Asking for a label's state.

use std::time::Duration;

use ureq::http::Method;

use crate::client::Client;
use crate::http::{Failure, Request, percent_encode};
use crate::poll::{MIN_PATIENCE, Poll};
use crate::problem::{Problem, Scene};
use crate::reply::{LabelState, Reply, TransactionVerdict};
use crate::route::{Route, is_redirect};
use crate::{Endpoint, ErrorCode, Events, Level, LoadError};

/// How often at least a label's state is asked for before giving up.
const MIN_QUESTIONS: u32 = 3;

/// Why a label's state is not known.
#[derive(Debug)]
pub(crate) enum NoState {
    Cancelled,
    NotToBeHad(Silence),
}

/// Whether it is the answer of an FE: one that says `OK`, or that it failed.
fn is_of_an_fe(answer: &[u8]) -> bool {
    Reply::parse(answer).is_ok_and(|reply| {
        matches!(reply.transaction_verdict(), TransactionVerdict::Ok | TransactionVerdict::Fail)
    })
}

/// All FEs' answers to one question for a label's state.
#[derive(Debug)]
pub(crate) struct Silence {
    pub(crate) why: String,
    pub(crate) code: ErrorCode,
    pub(crate) questions: u32,
}

/// One FE's.
#[derive(Debug)]
pub(crate) struct NoAnswer {
    pub(crate) why: String,
    pub(crate) code: ErrorCode,
}

impl From<Failure> for NoAnswer {
    fn from(failure: Failure) -> Self {
        let code = match failure {
            Failure::Cancelled => ErrorCode::Cancelled,
            _ if failure.timed_out() => ErrorCode::Timeout,
            _ => ErrorCode::Connect,
        };
        NoAnswer { why: failure.why().to_owned(), code }
    }
}

impl Client {
    /// Asks the FEs for a label's state, again and again until one answers or the retries' time is over. The state is
    /// given as it is: that of a load which still runs is [`Prepare`](LabelState::Prepare). Blocks;
    /// [`shutdown`](Client::shutdown) from another thread ends it.
    ///
    /// [`Unknown`](LabelState::Unknown) may also mean that the server has forgotten the label: it does so 3 days after the
    /// load's end, or after 1000 further ones into the database (`label_keep_max_num`).
    ///
    /// # Errors
    /// `Connect`, `Timeout` or `Auth`, when no FE gives a state; retriable. `Cancelled`.
    pub fn label_state(
        &self,
        database: &str,
        label: &str,
        events: &dyn Events,
    ) -> Result<LabelState, LoadError> {
        let doing = format!("asking for the state of a label of database {database}");
        let patience = self.patience(self.config.max_retries);
        self.ask_state(database, label, patience).map_err(|no_state| match no_state {
            NoState::Cancelled => LoadError::cancelled(&doing, Some(label)),
            NoState::NotToBeHad(Silence { why, code, questions }) => {
                events.log(Level::Warn, &format!("the state of label {label} is not to be had: {why}"));
                let scene =
                    Scene { doing, label: Some(label), fe: None, be: None, tries: u64::from(questions) };
                let problem = Problem::new(code, format!("no FE gives it: {why}"));
                self.explain(&scene, Problem { retriable: code != ErrorCode::Auth, ..problem })
            }
        })
    }

    /// How long a question may go without an answer, where `retries` further tries are allowed.
    pub(crate) fn patience(&self, retries: u32) -> Duration {
        self.config.retry_interval.saturating_mul(retries.max(1)).max(MIN_PATIENCE)
    }

    /// Asks until there is a state, for as long as `patience`, and at least a few times.
    pub(crate) fn ask_state(
        &self,
        database: &str,
        label: &str,
        patience: Duration,
    ) -> Result<LabelState, NoState> {
        let mut poll = Poll::new();
        let mut questions = 0;
        loop {
            questions += 1;
            let (why, code) = match self.ask_state_once(database, label) {
                Ok(state) => return Ok(state),
                Err(NoAnswer { code: ErrorCode::Cancelled, .. }) => return Err(NoState::Cancelled),
                Err(NoAnswer { why, code }) => (why, code),
            };
            if questions >= MIN_QUESTIONS && poll.elapsed() >= patience {
                return Err(NoState::NotToBeHad(Silence { why, code, questions }));
            }
            if poll.wait(&self.cancel) {
                return Err(NoState::Cancelled);
            }
        }
    }

    /// Asks the FEs, one after the other.
    fn ask_state_once(&self, database: &str, label: &str) -> Result<LabelState, NoAnswer> {
        let mut reasons = Vec::new();
        let mut codes = Vec::new();
        for fe in self.frontends.in_order() {
            match self.ask_state_of(&fe.endpoint, database, label) {
                Ok(state) => return Ok(state),
                Err(NoAnswer { code: ErrorCode::Cancelled, why }) => {
                    return Err(NoAnswer { code: ErrorCode::Cancelled, why });
                }
                Err(NoAnswer { why, code }) => {
                    reasons.push(format!("{}: {why}", fe.endpoint));
                    codes.push(code);
                }
            }
        }
        let first = codes.first().copied().unwrap_or(ErrorCode::Connect);
        let code = if codes.contains(&ErrorCode::Auth) {
            ErrorCode::Auth
        } else if codes.iter().all(|&code| code == first) {
            first
        } else {
            ErrorCode::Connect
        };
        Err(NoAnswer { why: reasons.join("; "), code })
    }

    fn ask_state_of(&self, fe: &Endpoint, database: &str, label: &str) -> Result<LabelState, NoAnswer> {
        let answer = self.answer_of(fe, database, label)?;
        LabelState::parse(&answer).map_err(|why| NoAnswer { why, code: ErrorCode::Connect })
    }

    /// Whether an entry of `load-url` answers a question for a label as an FE does, each asked once. No server need know the
    /// label, nor the database: that it says so is enough.
    ///
    /// # Errors
    /// `Cancelled`; `Auth`, where none does, and one refuses the user.
    pub(crate) fn is_fe_there(&self) -> Result<bool, NoAnswer> {
        let mut refused = None;
        for fe in self.frontends.in_order() {
            match self.answer_of(&fe.endpoint, "information_schema", "no-such-label") {
                Ok(answer) if is_of_an_fe(&answer) => return Ok(true),
                Err(no) if no.code == ErrorCode::Cancelled => return Err(no),
                Err(NoAnswer { code: ErrorCode::Auth, why }) => {
                    refused =
                        Some(NoAnswer { why: format!("{}: {why}", fe.endpoint), code: ErrorCode::Auth });
                }
                _ => {}
            }
        }
        refused.map_or(Ok(false), Err)
    }

    /// What an FE answers to the question, under HTTP status 200.
    fn answer_of(&self, fe: &Endpoint, database: &str, label: &str) -> Result<Vec<u8>, NoAnswer> {
        let no = |why: String| NoAnswer { why, code: ErrorCode::Connect };
        let path =
            format!("/api/{}/get_load_state?label={}", percent_encode(database), percent_encode(label));
        let mut route = Route::new(fe, &path);
        loop {
            let mut request = Request {
                method: Method::GET,
                to: route.server(),
                path: route.path(),
                headers: &[],
                credentials: true,
                body: None,
                compression: None,
                wait: self.http.short_wait(),
                fresh: false,
            };
            let answer = match self.http.send(&request) {
                Err(failure) if failure.is_stale() => {
                    request.fresh = true;
                    self.http.send(&request)?
                }
                other => other?,
            };
            match answer.status {
                200 => return Ok(answer.body),
                // Followers send to the leader.
                status if is_redirect(status) => {
                    route.follow(&answer, self).map_err(no)?;
                }
                status => {
                    let code = if matches!(status, 401 | 403) { ErrorCode::Auth } else { ErrorCode::Connect };
                    return Err(NoAnswer { why: format!("HTTP status {status}"), code });
                }
            }
        }
    }
}
