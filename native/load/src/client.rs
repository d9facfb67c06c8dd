//! The stream load client.

use std::io::Read;
use std::time::Duration;

use crate::{ClientConfig, Events, LoadError};

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
#[derive(Debug)]
pub struct Client {
    config: ClientConfig,
}

impl Client {
    /// A client. Nothing is sent yet.
    ///
    /// # Errors
    /// `Config`: no load URL, a user name with `:`, a CA file that can't be read.
    pub fn new(config: ClientConfig) -> Result<Client, LoadError> {
        Ok(Client { config })
    }

    /// Loads one batch and waits until the server has it for good, trying again as configured, always under the
    /// same label. Blocks; `shutdown` from another thread ends it.
    ///
    /// `Ok` means that the server said that the load is committed. An error other than `Undecided`,
    /// `Cancelled` and the one for rows that the server didn't count means that the rows are not in the table.
    ///
    /// # Errors
    /// See [`ErrorCode`](crate::ErrorCode).
    pub fn load(&self, load: &Load<'_>, events: &dyn Events) -> Result<Loaded, LoadError> {
        let _ = (&self.config, load, events);
        Err(LoadError::config("not built yet"))
    }

    /// Ends all loads at once, from any thread: requests in flight fail, waits end, and every call, now or later,
    /// gives `Cancelled`. Returns without waiting for them.
    pub fn shutdown(&self) {}
}
