//! StarRocks' DDL: the targets, and external tables on their sources.

use crate::config::{Options, Rule, Source};
use crate::plan::{Member, Model, PlannedColumn, Target};
use crate::quote::{name, names, starrocks_text};

/// `CREATE DATABASE`.
pub(crate) fn database(database: &str) -> String {
    format!("CREATE DATABASE IF NOT EXISTS {}", name(database))
}

/// `CREATE TABLE` of a target.
pub(crate) fn table(rule: &Rule, options: &Options, target: &Target) -> String {
    let mut sql = format!(
        "CREATE TABLE IF NOT EXISTS {}.{} (\n{}\n) ENGINE=olap\n",
        name(&target.database),
        name(&target.table),
        columns(&target.columns)
    );
    let model = match target.model {
        Model::Primary => "PRIMARY",
        Model::Duplicate => "DUPLICATE",
    };
    sql += &format!("{model} KEY({})\n", names(&target.key));
    sql += &comment(&target.comment);
    if let Some(partition) = &rule.partition {
        let column = name(&partition.column);
        sql += &match &partition.ranges {
            Some(ranges) => format!("PARTITION BY RANGE({column}) (\n  {ranges}\n)\n"),
            None => format!("PARTITION BY date_trunc('day', {column})\n"),
        };
    }
    sql += &format!("DISTRIBUTED BY HASH({})", names(&target.distributed_by));
    if let Some(buckets) = target.buckets {
        sql += &format!(" BUCKETS {buckets}");
    }
    let mut properties = rule.properties.clone();
    if let Some(be_num) = options.be_num
        && !properties.iter().any(|(key, _)| key == "replication_num")
    {
        properties.push(("replication_num".into(), be_num.min(3).to_string()));
        properties.sort();
    }
    sql + &self::properties(&properties)
}

/// `CREATE EXTERNAL TABLE` for each source of a target, which StarRocks then reads from MySQL itself.
pub(crate) fn external(source: &Source, target: &Target) -> Vec<(String, String)> {
    let create = |Member { database, table, columns: own }: &Member| {
        let external = format!("mysql_external_{database}");
        let is_own = |c: &&PlannedColumn| own.iter().any(|o| o.eq_ignore_ascii_case(&c.name));
        let sql = format!(
            "CREATE EXTERNAL TABLE {}.{} (\n{}\n) ENGINE=mysql\n{}",
            name(&external),
            name(table),
            columns(target.columns.iter().filter(is_own)),
            comment(&target.comment),
        );
        let properties = [
            ("host", source.host.as_str()),
            ("port", &source.port.to_string()),
            ("user", &source.user),
            ("password", &source.password),
            ("database", database),
            ("table", table),
        ]
        .map(|(k, v)| (k.to_owned(), v.to_owned()));
        (external, sql.trim_end().to_owned() + &self::properties(&properties))
    };
    target.members.iter().map(create).collect()
}

fn columns<'a>(columns: impl IntoIterator<Item = &'a PlannedColumn>) -> String {
    let line = |c: &PlannedColumn| {
        let null = if c.nullable { "NULL" } else { "NOT NULL" };
        format!("  {} {} {null}  COMMENT {}", name(&c.name), c.mapped.starrocks, starrocks_text(&c.comment))
    };
    columns.into_iter().map(line).collect::<Vec<_>>().join(",\n")
}

fn comment(text: &str) -> String {
    if text.is_empty() { String::new() } else { format!("COMMENT {}\n", starrocks_text(text)) }
}

fn properties(properties: &[(String, String)]) -> String {
    if properties.is_empty() {
        return String::new();
    }
    let lines: Vec<String> =
        properties.iter().map(|(k, v)| format!("  {} = {}", starrocks_text(k), starrocks_text(v))).collect();
    format!("\nPROPERTIES (\n{}\n)", lines.join(",\n"))
}
