//! The stream load client.

use std::fmt;
use std::io::Read;
use std::sync::Arc;
use std::time::Duration;

use ureq::http::Method;

use crate::cancel::Cancel;
use crate::frontends::Frontends;
use crate::http::{Failure, Http, Request, percent_encode};
use crate::redirect::parse_location;
use crate::reply::LabelState;
use crate::run::{MAX_REDIRECTS, Run};
use crate::{ClientConfig, Endpoint, Events, LoadError};

/// The bytes of a load. They must be the same at each reading: a load that is tried again sends them again.
pub trait Body: Sync {
    /// Number of bytes that [`reader`](Body::reader) gives.
    fn len(&self) -> u64;

    /// Whether there are none.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Reads the body from its start. Each call of `read` should fill as much of its buffer as it can.
    fn reader(&self) -> Box<dyn Read + '_>;
}

impl Body for [u8] {
    fn len(&self) -> u64 {
        <[u8]>::len(self) as u64
    }

    fn reader(&self) -> Box<dyn Read + '_> {
        Box::new(self)
    }
}

impl Body for Vec<u8> {
    fn len(&self) -> u64 {
        Vec::len(self) as u64
    }

    fn reader(&self) -> Box<dyn Read + '_> {
        Box::new(self.as_slice())
    }
}

/// One batch, to be loaded under one label.
pub struct Load<'a> {
    /// Target database.
    pub database: &'a str,
    /// Target table.
    pub table: &'a str,
    /// The label of exactly these bytes; never used for others.
    pub label: &'a str,
    /// Stream load headers (`format`, `columns`, ...), without `label`, `Authorization`, `Expect` and
    /// `Content-Length`, which the client sets. `timeout` (seconds) is set to 600 when it is not among them.
    pub headers: &'a [(String, String)],
    /// What is sent.
    pub body: &'a dyn Body,
    /// How many rows that is, where it is known; the server must then count at least as many.
    pub rows: Option<u64>,
}

/// What a load that succeeded came to. `None`: the server didn't say.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Loaded {
    /// The server's transaction id.
    pub txn_id: Option<i64>,
    /// Rows in the load as the server counted them.
    pub total_rows: Option<u64>,
    /// Rows that are in the table now.
    pub loaded_rows: Option<u64>,
    /// Rows left out because of their quality (allowed by `max_filter_ratio`).
    pub filtered_rows: Option<u64>,
    /// Rows left out by the header `where`.
    pub unselected_rows: Option<u64>,
    /// Bytes as the server counted them.
    pub load_bytes: Option<u64>,
    /// Milliseconds the server took in all.
    pub load_ms: Option<u64>,
    /// Milliseconds the server took to begin the transaction.
    pub begin_ms: Option<u64>,
    /// Milliseconds the server took to plan.
    pub plan_ms: Option<u64>,
    /// Milliseconds the server took to read the body.
    pub read_ms: Option<u64>,
    /// Milliseconds the server took to write.
    pub write_ms: Option<u64>,
    /// Milliseconds the server took to commit and publish.
    pub commit_publish_ms: Option<u64>,
    /// Further tries after the first.
    pub retries: u32,
    /// Time of the whole call, pauses included.
    pub elapsed: Duration,
    /// Time of the try that succeeded.
    pub elapsed_without_retries: Duration,
}

/// Loads batches into StarRocks over HTTP. Any number of threads may load through one client at the same time.
pub struct Client {
    pub(crate) config: ClientConfig,
    pub(crate) http: Http,
    pub(crate) cancel: Arc<Cancel>,
    pub(crate) frontends: Frontends,
}

impl Client {
    /// A client. Nothing is sent yet.
    ///
    /// # Errors
    /// `Config`: no load URL, a user name with `:`, a CA file that can't be read.
    pub fn new(config: ClientConfig) -> Result<Client, LoadError> {
        if config.load_urls.is_empty() {
            return Err(LoadError::config("load-url names no FE"));
        }
        if config.username.contains(':') {
            return Err(LoadError::config("username has a ':', which HTTP Basic authentication can't carry"));
        }
        let cancel = Arc::new(Cancel::default());
        let http = Http::new(&config, Arc::clone(&cancel))?;
        let mut start = [0; 2];
        // Without random numbers all clients begin with the first FE.
        let _ = getrandom::getrandom(&mut start);
        let frontends = Frontends::new(&config.load_urls, usize::from(u16::from_ne_bytes(start)));
        Ok(Client { config, http, cancel, frontends })
    }

    /// Loads one batch and waits until the server has it for good, trying again as configured, always under the
    /// same label. Blocks; [`shutdown`](Client::shutdown) from another thread ends it.
    ///
    /// `Ok` means that the server said that the load is committed.
    ///
    /// # Errors
    /// See [`ErrorCode`](crate::ErrorCode). The rows are not in the table, but for `Undecided` and `Cancelled`, after
    /// which that is not known, and for the one that says that the server counted fewer rows than were sent.
    pub fn load(&self, load: &Load<'_>, events: &dyn Events) -> Result<Loaded, LoadError> {
        Run::new(self, load, events)?.run()
    }

    /// Ends all loads at once, from any thread: requests in flight fail, waits end, and every call, now or later,
    /// gives `Cancelled`. Returns without waiting for them. A name that is being resolved keeps a thread of its own
    /// until the system's resolver gives up; nothing waits for that thread.
    pub fn shutdown(&self) {
        self.cancel.cancel();
        self.http.shutdown();
    }

    /// Asks the FEs, one after the other, for a label's state.
    pub(crate) fn label_state(&self, database: &str, label: &str) -> Result<LabelState, Failure> {
        let mut reasons = Vec::new();
        let mut timed_out = false;
        for fe in self.frontends.in_order() {
            match self.label_state_from(&fe.endpoint, database, label) {
                Ok(state) => return Ok(state),
                Err(Failure::Cancelled) => return Err(Failure::Cancelled),
                Err(failure) => {
                    reasons.push(format!("{}: {}", fe.endpoint, failure.why()));
                    timed_out |= failure.timed_out();
                }
            }
        }
        Err(Failure::Connect { why: reasons.join("; "), timed_out })
    }

    fn label_state_from(&self, fe: &Endpoint, database: &str, label: &str) -> Result<LabelState, Failure> {
        let invalid = |why: String| Failure::Connect { why, timed_out: false };
        let mut to = fe.clone();
        let mut path =
            format!("/api/{}/get_load_state?label={}", percent_encode(database), percent_encode(label));
        for _ in 0..=MAX_REDIRECTS {
            let mut request = Request {
                method: Method::GET,
                to: &to,
                path: &path,
                headers: &[],
                credentials: true,
                body: None,
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
                200 => return LabelState::parse(&answer.body).map_err(invalid),
                // Followers send to the leader.
                301 | 302 | 307 | 308 => {
                    let location = answer.location.as_deref().unwrap_or_default();
                    let (named, new_path) = parse_location(location, &to, &path).map_err(invalid)?;
                    to = self.config.host_mapping.apply(&named);
                    path = new_path;
                }
                status => return Err(invalid(format!("HTTP status {status}"))),
            }
        }
        Err(invalid(format!("more than {MAX_REDIRECTS} redirects")))
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("config", &self.config).finish_non_exhaustive()
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        self.shutdown();
    }
}
