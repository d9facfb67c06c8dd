//! Whether the source is set up for change data capture: its binlog, and the user's rights.

use std::collections::{BTreeMap, BTreeSet};

use mysql::prelude::Queryable;

use crate::error::{Error, Kind, Result};
use crate::source::reason;

/// Checks the server, and what the user may do in these databases; returns warnings.
pub(crate) fn check(connection: &mut mysql::Conn, databases: &BTreeSet<&str>) -> Result<Vec<String>> {
    let unreadable =
        |e: mysql::Error| Error::failed(format!("can't ask the source for its settings: {}", reason(&e)));
    let settings: Vec<(String, String)> = connection
        .query(
            "SHOW GLOBAL VARIABLES WHERE Variable_name IN ('log_bin', 'binlog_format', 'binlog_row_image', \
             'binlog_row_value_options', 'server_id', 'version')",
        )
        .map_err(unreadable)?;
    let settings = settings.into_iter().map(|(k, v)| (k.to_ascii_lowercase(), v)).collect();
    let grants: Vec<String> = connection.query("SHOW GRANTS").map_err(unreadable)?;
    let mut problems = binlog_problems(&settings);
    let mut warnings = Vec::new();
    let (missing, unsure) = missing_grants(&grants, databases);
    if !missing.is_empty() {
        let text = format!(
            "the user lacks {}: Flink CDC can't read the tables and the binlog without. As an administrator: \
             GRANT SELECT, SHOW DATABASES, REPLICATION SLAVE, REPLICATION CLIENT ON *.* TO the user",
            missing.join(", ")
        );
        if unsure {
            warnings.push(format!("{text} (unless one of its roles has it)"))
        } else {
            problems.push(text)
        }
    }
    if let Some(last) = problems.last_mut() {
        last.push_str("\n(--skip-checks generates the files all the same)");
    }
    Error::check(Kind::Failed, problems)?;
    Ok(warnings)
}

/// What of the server's settings Flink CDC refuses.
fn binlog_problems(settings: &BTreeMap<String, String>) -> Vec<String> {
    let get = |name: &str| settings.get(name).map(String::as_str);
    let mut problems = Vec::new();
    if let Some(version) = get("version")
        && older_than_5_6(version)
    {
        problems.push(format!("the source is MySQL {version}; Flink CDC needs 5.6 or later"));
    }
    if !get("log_bin").is_some_and(|v| v.eq_ignore_ascii_case("ON") || v == "1") {
        problems.push(
            "the source keeps no binlog (log_bin is off), so changes can't be read: set log_bin, server_id and \
             binlog_format = ROW in its [mysqld] section and restart it"
                .into(),
        );
        return problems;
    }
    if let Some(format) = get("binlog_format").filter(|v| !v.eq_ignore_ascii_case("ROW")) {
        problems.push(format!(
            "the source's binlog_format is {format}, and must be ROW: SET GLOBAL binlog_format = 'ROW', and the same in its \
             [mysqld] section; sessions that are open keep their old format until they reconnect"
        ));
    }
    if let Some(image) = get("binlog_row_image").filter(|v| !v.eq_ignore_ascii_case("FULL")) {
        problems.push(format!(
            "the source's binlog_row_image is {image}, and must be FULL: SET GLOBAL binlog_row_image = 'FULL', and the same \
             in its [mysqld] section"
        ));
    }
    if let Some(options) = get("binlog_row_value_options").filter(|v| !v.is_empty()) {
        problems.push(format!(
            "the source's binlog_row_value_options is {options}, and must be empty: SET GLOBAL binlog_row_value_options = ''"
        ));
    }
    if get("server_id") == Some("0") {
        problems.push(
            "the source's server_id is 0: give it one of its own in its [mysqld] section and restart it"
                .into(),
        );
    }
    problems
}

fn older_than_5_6(version: &str) -> bool {
    let mut parts = version.split(['.', '-']).map_while(|p| p.parse::<u32>().ok());
    matches!((parts.next(), parts.next()), (Some(major), Some(minor)) if (major, minor) < (5, 6))
}

/// Rights that the `SHOW GRANTS` lines don't give, and whether roles may hide some.
fn missing_grants(grants: &[String], databases: &BTreeSet<&str>) -> (Vec<String>, bool) {
    let mut global: BTreeSet<String> = BTreeSet::new();
    let mut readable: BTreeSet<&str> = BTreeSet::new();
    let mut roles = false;
    for grant in grants {
        let Some(rest) = grant.strip_prefix("GRANT ") else { continue };
        let Some((rights, on)) = rest.split_once(" ON ") else {
            roles = true;
            continue;
        };
        let rights: Vec<String> = rights.split(',').map(|r| r.trim().to_ascii_uppercase()).collect();
        if on.starts_with("*.*") {
            global.extend(rights);
        } else if let Some((database, of)) = in_backticks(on)
            && rights.iter().any(|r| r.starts_with("SELECT") || r.starts_with("ALL PRIVILEGES"))
        {
            // In a grant on a table the database's name is no pattern.
            let pattern = of.starts_with(".*");
            readable.extend(databases.iter().copied().filter(|d| match pattern {
                true => is_like(d, &database),
                false => *d == database,
            }));
        }
    }
    if global.contains("ALL PRIVILEGES") {
        return (Vec::new(), roles);
    }
    let has = |names: &[&str]| names.iter().any(|n| global.contains(*n));
    let mut missing = Vec::new();
    if !has(&["SELECT"]) {
        missing.extend(databases.difference(&readable).map(|d| format!("SELECT on {d}")));
    }
    if !has(&["REPLICATION SLAVE", "REPLICATION REPLICA"]) {
        missing.push("REPLICATION SLAVE".into());
    }
    // MariaDB 10.5 and later shows it under its new name.
    if !has(&["REPLICATION CLIENT", "BINLOG MONITOR"]) {
        missing.push("REPLICATION CLIENT".into());
    }
    (missing, roles)
}

/// The name in backticks that a text begins with, and the rest of the text.
fn in_backticks(text: &str) -> Option<(String, &str)> {
    let text = text.strip_prefix('`')?;
    let mut end = 0;
    loop {
        end += text[end..].find('`')?;
        match text[end + 1..].strip_prefix('`') {
            Some(_) => end += 2,
            None => return Some((text[..end].replace("``", "`"), &text[end + 1..])),
        }
    }
}

/// Whether a name matches a pattern as `LIKE` does it: `_` is any character, `%` any of them, `\` takes the next as it is.
fn is_like(name: &str, pattern: &str) -> bool {
    let mut parts = pattern.chars();
    let Some(part) = parts.next() else { return name.is_empty() };
    let mut rest = name.chars();
    match part {
        '%' => name
            .char_indices()
            .map(|(at, _)| at)
            .chain([name.len()])
            .any(|at| is_like(&name[at..], parts.as_str())),
        '_' => rest.next().is_some() && is_like(rest.as_str(), parts.as_str()),
        _ => {
            let literal = if part == '\\' { parts.next().unwrap_or(part) } else { part };
            rest.next() == Some(literal) && is_like(rest.as_str(), parts.as_str())
        }
    }
}

/// The server's time zone as the CDC source takes it, if it can be told from the server's settings.
pub(crate) fn time_zone(connection: &mut mysql::Conn) -> Option<String> {
    let zones: Option<(String, String)> =
        connection.query_first("SELECT @@global.time_zone, @@global.system_time_zone").ok()?;
    let (zone, system) = zones?;
    match zone.as_str() {
        // Abbreviations such as CST mean several zones.
        "SYSTEM" => (system == "UTC").then_some(system),
        _ => Some(zone),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problems(changes: &[(&str, &str)]) -> Vec<String> {
        let good = [
            ("log_bin", "ON"),
            ("binlog_format", "ROW"),
            ("binlog_row_image", "FULL"),
            ("server_id", "1"),
            ("version", "10.11.19-MariaDB"),
        ];
        let settings = good.iter().chain(changes).map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        binlog_problems(&settings)
    }

    #[test]
    fn settings_that_flink_cdc_refuses() {
        assert!(problems(&[]).is_empty());
        for (name, value, part) in [
            ("log_bin", "OFF", "log_bin is off"),
            ("binlog_format", "MIXED", "binlog_format is MIXED, and must be ROW"),
            ("binlog_row_image", "MINIMAL", "binlog_row_image is MINIMAL"),
            ("binlog_row_value_options", "PARTIAL_JSON", "must be empty"),
            ("server_id", "0", "server_id is 0"),
            ("version", "5.5.62", "needs 5.6"),
        ] {
            let found = problems(&[(name, value)]);
            assert!(found.len() == 1 && found[0].contains(part), "{name} = {value}: {found:?}");
        }
    }

    #[test]
    fn rights() {
        let missing = |grants: &[&str]| {
            let grants: Vec<String> = grants.iter().map(|g| (*g).to_owned()).collect();
            missing_grants(&grants, &BTreeSet::from(["a_b", "c"]))
        };
        assert_eq!(
            missing(&["GRANT ALL PRIVILEGES ON *.* TO `root`@`%` WITH GRANT OPTION"]),
            (vec![], false)
        );
        let replication = "GRANT SELECT, SHOW DATABASES, REPLICATION SLAVE, BINLOG MONITOR ON *.* TO `u`@`%`";
        assert_eq!(missing(&[replication]).0, [""; 0]);
        assert_eq!(
            missing(&["GRANT USAGE ON *.* TO `u`@`%`", "GRANT SELECT ON `a\\_b`.* TO `u`@`%`"]).0,
            ["SELECT on c", "REPLICATION SLAVE", "REPLICATION CLIENT"]
        );
        assert!(missing(&["GRANT USAGE ON *.* TO `u`@`%`", "GRANT `reader`@`%` TO `u`@`%`"]).1);
    }

    #[test]
    fn grants_on_patterns_of_databases() {
        let databases = BTreeSet::from(["edu_db_1", "edu_db_12", "eduXdb_2", "other`s"]);
        let missing = |on: &str| {
            let select = format!("GRANT SELECT ON {on} TO `u`@`%`");
            let grants = ["GRANT REPLICATION SLAVE, REPLICATION CLIENT ON *.* TO `u`@`%`".to_owned(), select];
            missing_grants(&grants, &databases).0.join(", ").replace("SELECT on ", "")
        };
        for (on, expected) in [
            ("`edu_db_%`.*", "other`s"),
            ("`edu\\_db\\_%`.*", "eduXdb_2, other`s"),
            ("`edu\\_db\\__`.*", "eduXdb_2, edu_db_12, other`s"),
            ("`edu\\_db\\_\\%`.*", "eduXdb_2, edu_db_1, edu_db_12, other`s"),
            ("`%`.*", ""),
            ("`%_1_`.*", "eduXdb_2, edu_db_1, other`s"),
            ("`other``s`.*", "eduXdb_2, edu_db_1, edu_db_12"),
            ("`edu_db_1`.`t`", "eduXdb_2, edu_db_12, other`s"),
            ("`edu_db_%`.`t`", "eduXdb_2, edu_db_1, edu_db_12, other`s"),
        ] {
            assert_eq!(missing(on), expected, "{on}");
        }
    }
}
