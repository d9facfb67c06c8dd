//! What went wrong in a try, and the error that the caller gets in the end.

use crate::client::Client;
use crate::error_log::{self, sanitize, shorten};
use crate::http::Failure;
use crate::reply::Reply;
use crate::{Endpoint, ErrorCode, LoadError};

/// The longest server message that is shown, in characters.
pub(crate) const MAX_MESSAGE: usize = 2000;

/// What went wrong in a try.
#[derive(Debug)]
pub(crate) struct Problem {
    pub(crate) code: ErrorCode,
    pub(crate) retriable: bool,
    pub(crate) what: String,
    pub(crate) advice: &'static str,
    pub(crate) http_status: Option<u16>,
    pub(crate) reply: Option<Reply>,
    /// The connection was an old one: trying again at once, over a new one, is no further try.
    pub(crate) stale: bool,
}

impl Problem {
    /// One that a further try may get over.
    pub(crate) fn new(code: ErrorCode, what: impl Into<String>) -> Self {
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

    /// No answer.
    pub(crate) fn failure(failure: &Failure, what: String) -> Self {
        let code = if failure.timed_out() { ErrorCode::Timeout } else { ErrorCode::Connect };
        let (http_status, stale) = match failure {
            Failure::Broken { status, .. } => (*status, failure.is_stale()),
            _ => (None, false),
        };
        Problem { http_status, stale, ..Problem::new(code, what) }
    }

    pub(crate) fn permanent(self) -> Self {
        Problem { retriable: false, ..self }
    }
}

/// What was being done when it went wrong.
pub(crate) struct Scene<'a> {
    /// "load of 3 rows, 12 bytes into d.t".
    pub(crate) doing: String,
    pub(crate) label: Option<&'a str>,
    pub(crate) fe: Option<&'a Endpoint>,
    pub(crate) be: Option<&'a Endpoint>,
    pub(crate) tries: u64,
}

impl Client {
    /// A server's text as it may be shown.
    pub(crate) fn shown(&self, text: &str, max: usize) -> String {
        if self.config.sanitize_error_log { shorten(&sanitize(text), max) } else { shorten(text, max) }
    }

    /// The error that the caller gets, with all that is known.
    pub(crate) fn explain(&self, scene: &Scene<'_>, problem: Problem) -> LoadError {
        let mut message = format!("{} failed: {}", scene.doing, problem.what);
        if !problem.advice.is_empty() {
            message.push_str("; ");
            message.push_str(problem.advice);
        }
        let tries = scene.tries;
        let known: Vec<_> = [
            scene.label.map(|label| format!("label {label}")),
            scene.fe.map(|fe| format!("FE {fe}")),
            scene.be.map(|be| format!("BE {be}")),
            problem.http_status.map(|status| format!("HTTP status {status}")),
            problem.reply.as_ref().map(|reply| format!("status '{}'", shorten(&reply.status, 100))),
            Some(format!("{tries} {}", if tries == 1 { "try" } else { "tries" })),
        ]
        .into_iter()
        .flatten()
        .collect();
        message.push_str(&format!(" [{}]", known.join(", ")));
        if let Some(url) = problem.reply.as_ref().and_then(|reply| reply.error_url.as_deref()) {
            message.push_str(&self.error_log(url, scene.be));
        }
        LoadError {
            code: problem.code,
            retriable: problem.retriable,
            http_status: problem.http_status,
            label: scene.label.map(str::to_owned),
            server_message: problem.reply.map(|reply| self.shown(&reply.message, MAX_MESSAGE)),
            message,
        }
    }

    fn error_log(&self, url: &str, be: Option<&Endpoint>) -> String {
        let shown_url = shorten(&crate::endpoint::without_user_info(url), 300);
        match error_log::fetch(&self.http, url, &self.config.host_mapping, be) {
            Ok(lines) => {
                let lines: Vec<_> =
                    lines.iter().map(|line| format!("\n  {}", self.shown(line, MAX_MESSAGE))).collect();
                format!(". First lines of its error log ({shown_url}):{}", lines.concat())
            }
            Err(why) => format!(". Its error log ({shown_url}) can't be read: {why}"),
        }
    }
}
