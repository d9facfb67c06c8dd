//! Running the StarRocks statements over StarRocks' MySQL port.

use std::time::{Duration, Instant};

use mysql::prelude::Queryable;
use mysql::{Conn, Error as MySqlError};

use crate::config::{Options, Rule};
use crate::error::{Error, Result};
use crate::generate::RuleResult;
use crate::source::{connect, reason};
use crate::starrocks_sql;

/// The query port of a FE, where the URL names none.
const QUERY_PORT: u16 = 9030;

/// Creates databases and tables, each rule's at its own `flink.starrocks.jdbc-url`; returns how many tables were made
/// and how many were there already, which are left as they are.
pub(crate) fn apply(
    options: &Options,
    results: &[RuleResult<'_>],
    progress: &mut dyn FnMut(&str),
) -> Result<(usize, usize)> {
    let (mut made, mut found) = (0, 0);
    let mut shown = Instant::now();
    for result in results {
        let rule = result.rule;
        let refused = |what: &str, sql: &str, e: &MySqlError| {
            Error::failed(format!(
                "rule {}: StarRocks can't create {what}: {}. The statement:\n{sql}",
                rule.name,
                reason(e)
            ))
        };
        let mut connection = open(rule)?;
        for database in result.databases() {
            let sql = starrocks_sql::database(database);
            connection.query_drop(&sql).map_err(|e| refused(&format!("database {database}"), &sql, &e))?;
        }
        for target in &result.targets {
            if shown.elapsed() > Duration::from_secs(1) {
                progress(&format!("{made} tables created"));
                shown = Instant::now();
            }
            let sql = starrocks_sql::table(rule, options, target);
            if exists(&mut connection, &target.database, &target.table)
                .map_err(|e| refused(&target.full_name(), &sql, &e))?
            {
                found += 1;
                continue;
            }
            connection.query_drop(&sql).map_err(|e| refused(&target.full_name(), &sql, &e))?;
            made += 1;
        }
    }
    Ok((made, found))
}

fn exists(connection: &mut Conn, database: &str, table: &str) -> std::result::Result<bool, MySqlError> {
    let text = |t: &str| format!("'{}'", t.replace('\\', "\\\\").replace('\'', "\\'"));
    let sql = format!(
        "SELECT TABLE_NAME FROM information_schema.tables WHERE TABLE_SCHEMA = {} AND TABLE_NAME = {}",
        text(database),
        text(table)
    );
    Ok(connection.query_first::<String, _>(sql)?.is_some())
}

/// A connection to the first FE that takes one.
fn open(rule: &Rule) -> Result<Conn> {
    let url = rule.sink_option("jdbc-url").unwrap_or_default();
    let whose = format!("flink.starrocks.* of [table-rule.{}]", rule.name);
    let hosts = hosts(url).map_err(|why| {
        // Behind the `?` there may be a password.
        Error::input(format!(
            "{whose}: jdbc-url = {}: {why}; it is written jdbc:mysql://fe1:9030,fe2:9030",
            url.split('?').next().unwrap_or_default()
        ))
    })?;
    let user = rule.sink_option("username").unwrap_or_default();
    let password = rule.sink_option("password").unwrap_or_default();
    let mut failures = Vec::new();
    for (host, port) in hosts {
        match connect(&host, port, user, password, &whose) {
            Ok(connection) => return Ok(connection),
            Err(why) => failures.push(why),
        }
    }
    Err(Error::failed(format!("rule {}: StarRocks: {}", rule.name, failures.join("; "))))
}

/// The hosts and ports of `jdbc:mysql://fe1:9030,fe2:9030[/...][?...]`.
fn hosts(url: &str) -> std::result::Result<Vec<(String, u16)>, &'static str> {
    let rest = url.strip_prefix("jdbc:mysql://").ok_or("it doesn't begin with jdbc:mysql://")?;
    let hosts = rest.split(['/', '?']).next().unwrap_or_default();
    hosts
        .split(',')
        .map(|host| {
            let (name, port) = match host.trim().rsplit_once(':') {
                Some((name, port)) if !port.ends_with(']') => {
                    (name, port.parse().map_err(|_| "a port is no number")?)
                }
                _ => (host.trim(), QUERY_PORT),
            };
            let name = name.trim_start_matches('[').trim_end_matches(']');
            if name.is_empty() { Err("a host is missing") } else { Ok((name.to_owned(), port)) }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls() {
        let expected = vec![("fe1".to_owned(), 9031), ("::1".to_owned(), 9030), ("fe3".to_owned(), 9030)];
        assert_eq!(hosts("jdbc:mysql://fe1:9031, [::1]:9030,fe3/db?x=y:1"), Ok(expected));
        for url in ["mysql://fe", "jdbc:mysql://", "jdbc:mysql://fe:x", "jdbc:mysql://a,,b"] {
            assert!(hosts(url).is_err(), "{url}");
        }
    }
}
