//! Flink's SQL: for each target a source table, a sink table, and the INSERT between them.

use std::borrow::Cow;

use crate::chunks;
use crate::config::{Options, Rule, Source, StatementSet};
use crate::plan::{Model, PlannedColumn, Target};
use crate::quote::{flink_text, name, names};
use crate::types::Conversion;

const CATALOG: &str = "`default_catalog`";

/// A setting of the session.
pub(crate) fn set(key: &str, value: &str) -> String {
    format!("SET {} = {}", flink_text(key), flink_text(value))
}

/// `CREATE DATABASE`.
pub(crate) fn database(database: &str) -> String {
    format!("CREATE DATABASE IF NOT EXISTS {CATALOG}.{}", name(database))
}

/// What a source needs besides its table.
pub(crate) struct SourceSettings<'a> {
    pub(crate) server: &'a Source,
    /// The first of the server ids that this source may use, and how many.
    pub(crate) server_ids: (u64, u64),
    /// The server's time zone, if it could be told.
    pub(crate) time_zone: Option<&'a str>,
}

/// `CREATE TABLE` of the source.
pub(crate) fn source(rule: &Rule, settings: &SourceSettings<'_>, target: &Target) -> String {
    let columns = target.columns.iter().map(|c| {
        let null = if c.nullable { "NULL" } else { "NOT NULL" };
        match c.metadata {
            Some(key) => format!(
                "  {} {} {null} METADATA FROM {} VIRTUAL",
                name(&c.name),
                c.mapped.source,
                flink_text(key)
            ),
            None => format!("  {} {} {null}", name(&c.name), c.mapped.source),
        }
    });
    let server = settings.server;
    let (first, count) = settings.server_ids;
    let ids = if count == 1 { first.to_string() } else { format!("{first}-{}", first + count - 1) };
    let mut with = vec![
        ("connector", "mysql-cdc".to_owned()),
        ("hostname", server.host.clone()),
        ("port", server.port.to_string()),
        ("username", server.user.clone()),
        ("password", server.password.clone()),
        ("database-name", target.database_pattern.clone()),
        ("table-name", target.table_pattern.clone()),
        ("server-id", ids),
    ];
    if let Some(zone) = settings.time_zone.filter(|_| target.has_timestamp) {
        with.push(("server-time-zone", zone.to_owned()));
    }
    if target.columns.iter().any(|c| c.mapped.base64) {
        with.push(("debezium.binary.handling.mode", "base64".to_owned()));
    }
    if let Some(column) = &target.chunks.column {
        with.push((chunks::KEY, column.clone()));
    }
    let mut own = Cow::Borrowed(&rule.cdc);
    if let Some(size) = target.chunks.size {
        with.push((chunks::SIZE, size.to_string()));
        own.to_mut().retain(|(key, _)| key != chunks::SIZE);
    }
    create(&source_name(target), target, columns, &target.source_key, with, &own)
}

/// `CREATE TABLE` of the sink.
pub(crate) fn sink(rule: &Rule, target: &Target) -> String {
    let columns = target.columns.iter().map(|c| {
        format!("  {} {} {}", name(&c.name), c.mapped.sink, if c.nullable { "NULL" } else { "NOT NULL" })
    });
    let mut with = vec![
        ("connector", "starrocks".to_owned()),
        ("database-name", target.database.clone()),
        ("table-name", target.table.clone()),
    ];
    let form = ["format", "column_separator", "row_delimiter", "enclose"];
    if !form.iter().any(|key| rule.sink_option(&format!("sink.properties.{key}")).is_some()) {
        // No separator is safe in data that nobody has looked at.
        with.push(("sink.properties.format", "json".to_owned()));
        with.push(("sink.properties.strip_outer_array", "true".to_owned()));
    }
    if target.model == Model::Duplicate {
        with.push(("sink.ignore-delete", "true".to_owned()));
    }
    let key: &[String] = if target.model == Model::Primary { &target.key } else { &[] };
    create(&sink_name(target), target, columns, key, with, &rule.sink)
}

/// `CREATE TABLE`, with what was generated before what the user says; the user's word holds where both speak.
fn create(
    table: &str,
    target: &Target,
    columns: impl Iterator<Item = String>,
    key: &[String],
    generated: Vec<(&str, String)>,
    own: &[(String, String)],
) -> String {
    let mut lines: Vec<String> = columns.collect();
    if !key.is_empty() {
        lines.push(format!("  PRIMARY KEY({})\n NOT ENFORCED", names(key)));
    }
    let option = |key: &str, value: &str| format!("  {} = {}", flink_text(key), flink_text(value));
    let mut with: Vec<String> = generated
        .iter()
        .filter(|(key, _)| !own.iter().any(|(o, _)| o == key))
        .map(|(key, value)| option(key, value))
        .collect();
    with.extend(own.iter().map(|(key, value)| option(key, value)));
    format!(
        "CREATE TABLE IF NOT EXISTS {} (\n{}\n) with (\n{}\n)",
        full_name(target, table),
        lines.join(",\n"),
        with.join(",\n")
    )
}

/// The `INSERT`, on one line.
pub(crate) fn insert(target: &Target) -> String {
    let columns = if target.columns.iter().any(|c| c.mapped.conversion != Conversion::None) {
        let column = |c: &PlannedColumn| {
            let (name, ty) = (name(&c.name), &c.mapped.sink);
            match c.mapped.conversion {
                Conversion::None => name,
                Conversion::Cast => format!("CAST({name} AS {ty})"),
                Conversion::UnescapeCommas => format!("REGEXP_REPLACE({name}, '\\\\,', ',')"),
                // Flink reverses texts only; in Latin-1 each byte is a character.
                Conversion::ReverseBytes => {
                    format!("CAST(ENCODE(REVERSE(DECODE({name}, 'ISO-8859-1')), 'ISO-8859-1') AS {ty})")
                }
            }
        };
        target.columns.iter().map(column).collect::<Vec<_>>().join(", ")
    } else {
        "*".to_owned()
    };
    format!(
        "INSERT INTO {} SELECT {columns} FROM {}",
        full_name(target, &sink_name(target)),
        full_name(target, &source_name(target))
    )
}

fn source_name(target: &Target) -> String {
    format!("{}_src", target.flink_name)
}

fn sink_name(target: &Target) -> String {
    format!("{}_sink", target.flink_name)
}

fn full_name(target: &Target, table: &str) -> String {
    format!("{CATALOG}.{}.{}", name(&target.database), name(table))
}

/// INSERTs as they are run: one by one, or as one job.
///
/// The form for newer Flink is one line, so that runners which cut a script at `;` and a line's end take it.
pub(crate) fn inserts(options: &Options, inserts: Vec<String>) -> Vec<String> {
    match options.statement_set {
        _ if inserts.is_empty() => inserts,
        StatementSet::Off => inserts,
        StatementSet::Execute => vec![format!("EXECUTE STATEMENT SET BEGIN {}; END", inserts.join("; "))],
        StatementSet::Begin => {
            let mut all = vec!["BEGIN STATEMENT SET".to_owned()];
            all.extend(inserts);
            all.push("END".to_owned());
            all
        }
    }
}
