//! The stream load headers that a caller gives, and what the client makes of them.

use std::time::Duration;

use crate::label::{self, MAX_LABEL_LEN};

/// Stream load headers in their order.
pub(crate) type Headers = [(String, String)];

/// The server's default of a load's `timeout`, sent when the user sets none, so that both sides go by the same.
pub(crate) const DEFAULT_TIMEOUT: Duration = Duration::from_secs(600);

/// The longest that a server takes.
const LONGEST_TIMEOUT: Duration = Duration::from_secs(259_200);

/// What the client itself sets, or HTTP.
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

/// With these, the server's rows and ours are not the same things.
const UNCOUNTABLE: [&str; 4] = ["skip_header", "json_root", "jsonpaths", "envelope"];

/// A header's value; names are the same in upper and lower case.
pub(crate) fn find<'a>(headers: &'a Headers, name: &str) -> Option<&'a str> {
    headers.iter().find(|(other, _)| other.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
}

/// How long the server may take, by the header `timeout`.
pub(crate) fn timeout(headers: &Headers) -> Duration {
    let seconds: Option<u64> =
        find(headers, "timeout").and_then(|text| text.trim().parse().ok()).filter(|&s| s > 0);
    seconds.map_or(DEFAULT_TIMEOUT, Duration::from_secs).min(LONGEST_TIMEOUT)
}

/// Whether the server's count of rows can be compared with the caller's.
pub(crate) fn rows_can_be_counted(headers: &Headers) -> bool {
    !UNCOUNTABLE.into_iter().any(|name| find(headers, name).is_some())
}

/// Looks at what a request is made of. `more` are names that the client sets beside the usual ones.
///
/// # Errors
/// Why it can't be sent.
pub(crate) fn check(
    database: &str,
    table: &str,
    label: &str,
    headers: &Headers,
    more: &[&str],
) -> Result<(), String> {
    if database.is_empty() || table.is_empty() {
        return Err("the name of the database or the table is empty".to_owned());
    }
    if label.is_empty() || label.len() > MAX_LABEL_LEN || !label.chars().all(label::legal) {
        return Err(format!(
            "'{}' is no label: 1 to {MAX_LABEL_LEN} characters of letters, digits, '-' and '_'",
            label.escape_debug()
        ));
    }
    match OURS.iter().chain(more).find(|name| find(headers, name).is_some()) {
        Some(name) => Err(format!("the header '{name}' is set by the connector itself")),
        None => Ok(()),
    }
}
