//! Transaction stream load: `/api/transaction/*` on FE and BEs.
//!
//! The leader FE chooses a BE for a label and sends begin, load and prepare there; that BE keeps what was loaded in a
//! context of its own until it hands the transaction over to the FE, prepared or committed. Commit and rollback are
//! answered by the FE where the transaction's state allows, else by the BE.

pub mod be;
pub mod context;
pub mod fe;

use crate::faults::Op;
use crate::http::Request;
use std::time::Duration;

/// How long a commit waits for its rows to become visible, unless `timeout` says otherwise.
const PUBLISH_WAIT: Duration = Duration::from_secs(20);

/// What a request of the interface is about.
#[derive(Debug, Clone)]
pub struct Subject {
    /// What it does; `None` for a name that isn't known.
    pub op: Option<Op>,
    /// Header `db`.
    pub database: String,
    /// Header `table`.
    pub table: String,
    /// Header `label`.
    pub label: String,
}

impl Subject {
    /// Reads the headers of `/api/transaction/NAME`.
    pub fn of(request: &Request, name: &str) -> Self {
        let header = |name: &str| request.header(name).unwrap_or_default().trim().to_owned();
        Self {
            op: Op::transaction(name),
            database: header("db"),
            table: header("table"),
            label: header("label"),
        }
    }
}

/// The longest time that makes a difference: ten years, in seconds.
const FOR_EVER: u64 = 10 * 365 * 86_400;

/// A header that counts seconds; the error is its text.
fn seconds(request: &Request, name: &str) -> Result<Option<Duration>, String> {
    match request.header(name).map(str::trim) {
        None => Ok(None),
        Some(text) => match text.parse::<u64>() {
            Ok(seconds) => Ok(Some(Duration::from_secs(seconds.min(FOR_EVER)))),
            Err(_) => Err(text.to_owned()),
        },
    }
}
