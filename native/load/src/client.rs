//! The stream load client.

use std::fmt;
use std::io::{self, Read};
use std::sync::Arc;
use std::time::Duration;

use crate::cancel::Cancel;
use crate::error_log::shorten;
use crate::frontends::Frontends;
use crate::http::Http;
use crate::run::Run;
use crate::{ClientConfig, Events, LoadError};

/// The bytes of a load. They must be the same at each reading: a load that is tried again sends them again.
pub trait Body: Sync {
    /// Number of bytes that [`reader`](Body::reader) gives.
    fn len(&self) -> u64;

    /// Whether there are none.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether all of it is there, and its length the last word.
    ///
    /// A body that isn't complete is sent while it grows: reading it waits for what is still to come, and ends at its
    /// end. It keeps what it has given, so that it can be read again.
    fn is_complete(&self) -> bool {
        true
    }

    /// Asks a body that grows to do so no more: afterwards it is complete, or whoever lets it grow has given it up. A
    /// load that failed while its body grew goes on with what there is, or ends.
    fn complete(&self) {}

    /// How many rows it has, for a body that has grown and is complete: nobody could say that when its load began.
    fn rows(&self) -> Option<u64> {
        None
    }

    /// Reads the body from its start. Each call of `read` should fill as much of its buffer as it can.
    fn reader(&self) -> Box<dyn Read + '_>;

    /// The same bytes from their start, where they lie: for bodies that may be sent while they grow, whose way through a
    /// reader takes two copies more.
    fn pieces(&self) -> Option<Box<dyn Pieces + '_>> {
        None
    }
}

/// The bytes of a [`Body`], piece by piece.
pub trait Pieces {
    /// Gives the next bytes to `send`, in the slices that they lie in, after waiting for them if it must; says whether
    /// there were any, or that was the end.
    fn next(&mut self, send: &mut dyn FnMut(&[&[u8]])) -> io::Result<bool>;
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
    /// `Content-Length`, which the client sets. `timeout` (seconds) is set to 600 when it is not among them. Where they
    /// announce a [`Compression`](crate::Compression), the client compresses the body while it sends it.
    pub headers: &'a [(String, String)],
    /// What is sent.
    pub body: &'a dyn Body,
    /// How many rows that is, where it is known; the server must then count at least as many. Of a body that grows, it is
    /// [`Body::rows`] that counts, if this is not `None`.
    pub rows: Option<u64>,
    /// Whether exactly these bytes may have been sent under this label before, by another call or another session. A load
    /// that the server has under this label is then taken for ours: one that is finished counts as loaded, one that runs is
    /// waited for. Otherwise it is an error.
    pub earlier: bool,
}

/// What a load that succeeded came to. `None`: the server didn't say.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Loaded {
    /// Whether the server said that the rows are visible. Otherwise they are committed, and visible now or soon.
    pub visible: bool,
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

impl Loaded {
    /// How many rows the server says something of: in the table, or left out for a reason that it gives.
    pub(crate) fn rows_accounted_for(&self) -> Option<u64> {
        let parts = self.loaded_rows.map(|rows| {
            rows.saturating_add(self.filtered_rows.unwrap_or(0))
                .saturating_add(self.unselected_rows.unwrap_or(0))
        });
        [self.total_rows, parts].into_iter().flatten().min()
    }

    /// What to tell of rows that were left out because of their quality.
    pub(crate) fn filtered_note(&self, error_url: Option<&str>) -> Option<String> {
        let filtered = self.filtered_rows.filter(|&n| n > 0)?;
        let total = self.total_rows.map_or_else(|| "an unknown number".to_owned(), |n| n.to_string());
        let url = error_url.map(|url| format!(": see {}", shorten(url, 300))).unwrap_or_default();
        Some(format!("the server left out {filtered} rows of {total} that don't fit the table{url}"))
    }
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
