//! The stream load headers of a table, and which of the user's properties are allowed among them.

use crate::columns;
use crate::error::PlanError;
use crate::properties::{PREFIX, Properties};
use crate::separators;
use crate::spec::{Format, TableSpec};

/// Headers that belong to the request or to the connector.
const RESERVED: &[&str] = &[
    "authorization",
    "channel_id",
    "channel_num",
    "connection",
    "content-length",
    "content-type",
    "db",
    "expect",
    "host",
    "label",
    "table",
    "transaction_type",
    "transfer-encoding",
];

/// Values of `format` that mean compressed CSV.
const COMPRESSED: &[&str] = &["gzip", "bzip2", "lz4", "deflate", "zstd"];

/// Values of `compression`, with the `format` that means the same for CSV.
const COMPRESSIONS: &[(&str, &str)] = &[("lz4_frame", "lz4"), ("zstd", "zstd"), ("gzip", "gzip")];

/// Headers that are true or false. Servers differ in which spellings they take: a plain load takes `TRUE`, while a
/// transaction reads it as false where `partial_update` says so, and replaces whole rows.
const FLAGS: &[&str] = &[
    "enable_merge_commit",
    "enable_replicated_storage",
    "ignore_json_size",
    "negative",
    "partial_update",
    "strict_mode",
    "strip_outer_array",
    "trim_space",
];

/// Headers that are a whole number of seconds, each with the least and the most that is allowed. Where a transaction
/// begins, the server answers others as if something in it had broken down, so that they would be sent for ever.
const SECONDS: &[(&str, u32, u32)] = &[
    // 0: none.
    ("idle_transaction_timeout", 0, i32::MAX as u32),
    ("prepared_timeout", 1, i32::MAX as u32),
    ("timeout", 1, 259_200),
];

/// The name of the column with the row's operation.
pub(crate) const OP: &str = "__op";

/// Makes the headers: the user's properties, then what the connector adds. Names in lower case, each
/// once. What is wrong goes to `problems`.
pub(crate) fn headers(
    spec: &TableSpec,
    properties: &Properties,
    problems: &mut Vec<String>,
) -> Vec<(String, String)> {
    let json = spec.format == Format::Json;
    let packed = properties.get("compression").and_then(compression).filter(|_| !json);
    let format = packed.map_or(spec.format.name(), |(_, format)| format);
    let mut headers = vec![("format".to_owned(), format.to_owned())];
    if json {
        // Rows are sent as one array, which may be larger than the 100 MB that JSON is limited to.
        headers.push(("strip_outer_array".to_owned(), "true".to_owned()));
        headers.push(("ignore_json_size".to_owned(), "true".to_owned()));
    }
    for (name, value) in properties.iter() {
        if let Err(problem) = check(spec, name, value) {
            problems.push(format!("'{PREFIX}{name}' {problem}"));
            continue;
        }
        let value = match name {
            "format" => continue,
            "compression" if !json => continue,
            "compression" => value.trim().to_ascii_lowercase(),
            "strip_outer_array" | "ignore_json_size" if json => continue,
            "columns" if !spec.raw => match with_op(spec, value) {
                Ok(columns) => columns,
                Err(problem) => {
                    problems.push(format!("'{PREFIX}columns' {problem}"));
                    continue;
                }
            },
            "column_separator" | "row_delimiter" => match separators::parse(value) {
                Ok(bytes) => separators::header(&bytes),
                Err(problem) => {
                    problems.push(format!("'{PREFIX}{name}' is no separator: {problem}"));
                    continue;
                }
            },
            _ if FLAGS.contains(&name) => value.trim().to_ascii_lowercase(),
            _ if SECONDS.iter().any(|(known, ..)| *known == name) => value.trim().to_owned(),
            _ => value.to_owned(),
        };
        headers.push((name.to_owned(), value));
    }
    // Names tie values to columns, so that a column which is added on the server shifts nothing. With
    // `jsonpaths` the paths do, in the order of the table's columns.
    let by_paths = json && properties.get("jsonpaths").is_some();
    if !spec.raw && !by_paths && properties.get("columns").is_none() {
        let names = spec.columns.iter().map(|c| c.name.as_str()).chain(spec.op.then_some(OP));
        headers.push(("columns".to_owned(), columns::list(names)));
    }
    headers
}

/// Whether a property may be among the headers.
fn check(spec: &TableSpec, name: &str, value: &str) -> Result<(), String> {
    if name.is_empty() || !name.bytes().all(is_token) {
        return Err("is no name of an HTTP header".to_owned());
    }
    // A separator may hold anything: it is sent in hexadecimal where it must be.
    let separator = matches!(name, "column_separator" | "row_delimiter");
    if !separator && value.bytes().any(|b| b < b' ' && b != b'\t' || b == 0x7f) {
        return Err("has a value with a control character, which no HTTP header can carry".to_owned());
    }
    if RESERVED.contains(&name) {
        return Err("can't be set: the connector sets it".to_owned());
    }
    if name == "enable_merge_commit" && flag(value) != Some(false) || name.starts_with("merge_commit_") {
        return Err("can't be set: merge commit is not supported yet".to_owned());
    }
    match name {
        "format" => {
            let format = value.trim().to_ascii_lowercase();
            if COMPRESSED.contains(&format.as_str()) {
                let name = COMPRESSIONS
                    .iter()
                    .find(|(_, other)| *other == format)
                    .map_or("lz4_frame", |(name, _)| name);
                Err(format!(
                    "is '{format}', which means compressed CSV; set it to csv, and '{PREFIX}compression' to {name}"
                ))
            } else if format != "csv" && format != "json" {
                Err(format!("is '{format}'; allowed: csv, json"))
            } else if format != spec.format.name() {
                Err(format!("is '{format}', but the table is described as {}", spec.format.name()))
            } else {
                Ok(())
            }
        }
        "compression" if compression(value).is_none() => {
            Err(format!("is '{}'; allowed: lz4_frame, zstd, gzip", value.trim()))
        }
        "content-encoding" => Err(format!("can't be set; set '{PREFIX}compression'")),
        "skip_header" if value.trim() != "0" => {
            Err("can't be set: rows have no header, so the first row of each load would be lost".to_owned())
        }
        "envelope" => Err("can't be set: rows are sent as an array, with which it does not work".to_owned()),
        _ if FLAGS.contains(&name) && flag(value).is_none() => {
            Err(format!("is '{}'; allowed: true, false", value.trim()))
        }
        _ => match SECONDS.iter().find(|(known, ..)| *known == name) {
            Some((_, least, most)) if !seconds(value).is_some_and(|n| (*least..=*most).contains(&n)) => Err(
                format!("is '{}'; allowed: a whole number of seconds from {least} to {most}", value.trim()),
            ),
            _ => Ok(()),
        },
    }
}

/// A compression by its name, with the `format` that means the same for CSV.
fn compression(name: &str) -> Option<(&'static str, &'static str)> {
    COMPRESSIONS.iter().copied().find(|(known, _)| known.eq_ignore_ascii_case(name.trim()))
}

/// A boolean header, in the server's spelling.
pub(crate) fn flag(value: &str) -> Option<bool> {
    match value.trim() {
        v if v.eq_ignore_ascii_case("true") => Some(true),
        v if v.eq_ignore_ascii_case("false") => Some(false),
        _ => None,
    }
}

/// A whole number, as the server reads it: digits only.
fn seconds(value: &str) -> Option<u32> {
    let digits = value.trim();
    digits.bytes().all(|b| b.is_ascii_digit()).then(|| digits.parse().ok())?
}

/// The user's `columns`, with the operation appended where it is needed and missing.
fn with_op(spec: &TableSpec, columns: &str) -> Result<String, String> {
    if !spec.op {
        return Ok(columns.to_owned());
    }
    let items = columns::items(columns);
    let Some(op) = items.iter().find(|item| item.name.eq_ignore_ascii_case(OP)) else {
        return Ok(format!("{columns},{OP}"));
    };
    let last = items.iter().rfind(|item| !item.computed);
    if spec.format == Format::Csv && last != Some(op) {
        return Err(format!(
            "must list {OP} last among the columns that are read: that is where rows have it"
        ));
    }
    Ok(columns.to_owned())
}

/// The characters of a header's name (RFC 9110, token).
fn is_token(b: u8) -> bool {
    b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b)
}

/// Checks the names of the columns, which go into a header.
pub(crate) fn check_names(spec: &TableSpec, problems: &mut Vec<String>) {
    let mut seen = std::collections::HashSet::new();
    for column in &spec.columns {
        let name = &column.name;
        if name.is_empty() || name.bytes().any(|b| b < b' ' || b == 0x7f || b == b'`') {
            problems.push(format!("column '{}' has a name that can't be sent", name.escape_debug()));
        }
        if !seen.insert(name.to_lowercase()) {
            problems.push(format!("column '{name}' comes twice"));
        }
        if spec.op && name.eq_ignore_ascii_case(OP) {
            problems.push(format!(
                "column '{name}' has the name of the operation, which the connector writes itself"
            ));
        }
    }
}

impl TableSpec {
    /// How messages name the table's plan.
    pub(crate) fn plan_error(&self, problems: Vec<String>) -> Result<(), PlanError> {
        let table = format!("{}.{}", self.database, self.table);
        PlanError::from_problems(problems.into_iter().map(|problem| format!("{table}: {problem}")).collect())
    }
}
