//! Which tables of a rule go into one target, and whether their columns allow it.

use std::collections::BTreeMap;

use crate::catalog::{Catalog, Column, Table};
use crate::config::{Options, Pattern, Rule, ShardSource, Shards};
use crate::mysql_type::MysqlType;
use crate::quote;

/// What the document's example appends to the name of merged tables.
const SUFFIX: &str = "__auto_shard";

/// Tables that go into one target.
#[derive(Debug)]
pub(crate) struct Group<'a> {
    /// The target's.
    pub(crate) database: String,
    /// The target's.
    pub(crate) table: String,
    /// In the order of their names.
    pub(crate) members: Vec<&'a Table>,
    /// The columns and keys to generate from: those of any member, or the union of all.
    pub(crate) schema: Table,
    /// The pattern of databases that the CDC source reads.
    pub(crate) database_pattern: String,
    /// The pattern of its tables.
    pub(crate) table_pattern: String,
    pub(crate) warnings: Vec<String>,
}

/// A name without the number at its end; `None` if it has none, or is nothing else.
fn stem(name: &str) -> Option<&str> {
    let stem = name.trim_end_matches(|c: char| c.is_ascii_digit());
    if stem.len() == name.len() {
        return None;
    }
    let stem = stem.strip_suffix('_').unwrap_or(stem);
    (!stem.is_empty()).then_some(stem)
}

/// The key under which shards meet: equal but for the number at the end. A name without a number meets its like only,
/// so `course` isn't a shard of `course_1`.
fn shard_key(name: &str) -> (&str, bool) {
    stem(name).map_or((name, false), |stem| (stem, true))
}

/// Groups a rule's tables. `Err` has every difference that forbids a merge.
pub(crate) fn group<'a>(
    rule: &Rule,
    options: &Options,
    catalog: &Catalog,
    tables: &[&'a Table],
) -> Result<Vec<Group<'a>>, Vec<String>> {
    let mut by_stem: BTreeMap<_, Vec<&Table>> = BTreeMap::new();
    for table in tables {
        by_stem.entry((shard_key(&table.database), shard_key(&table.name))).or_default().push(table);
    }
    let mut groups = Vec::new();
    let mut problems = Vec::new();
    for (((database, _), (table, _)), members) in by_stem {
        if members.len() == 1 || options.shards == Shards::Separate {
            groups.extend(members.into_iter().map(single));
            continue;
        }
        let databases_differ = members.iter().any(|m| m.database != members[0].database);
        let target = |number: Option<usize>| {
            let number = number.map_or(String::new(), |n| format!("_{n}"));
            (
                if databases_differ { format!("{database}{SUFFIX}") } else { members[0].database.clone() },
                format!("{table}{SUFFIX}{number}"),
            )
        };
        match options.shards {
            Shards::Split => {
                let mut distinct: Vec<Vec<&Table>> = Vec::new();
                for member in &members {
                    match distinct.iter_mut().find(|same| differences(same[0], member).is_empty()) {
                        Some(same) => same.push(member),
                        None => distinct.push(vec![member]),
                    }
                }
                let several = distinct.len() > 1;
                for (number, members) in distinct.into_iter().enumerate() {
                    if members.len() == 1 {
                        groups.push(single(members[0]));
                        continue;
                    }
                    let schema = members[0].clone();
                    groups.push(merged(target(several.then_some(number + 1)), members, schema));
                }
            }
            Shards::Union => match union(&members) {
                Ok(schema) => groups.push(merged(target(None), members, schema)),
                Err(more) => problems.extend(more),
            },
            Shards::Error | Shards::Separate => {
                let mut more = Vec::new();
                for member in &members[1..] {
                    let found = differences(members[0], member);
                    if !found.is_empty() {
                        more.push(format!(
                            "  {} and {}: {}",
                            members[0].full_name(),
                            member.full_name(),
                            found.join("; ")
                        ));
                    }
                }
                if more.is_empty() {
                    let schema = members[0].clone();
                    groups.push(merged(target(None), members, schema));
                } else {
                    problems.push(format!(
                        "rule {}: {} tables would merge into {}, but their columns differ (shards = union unites them, \
                         shards = split makes a target for each kind, shards = separate merges none; or narrow the rule):\n{}",
                        rule.name,
                        members.len(),
                        target(None).1,
                        more.join("\n")
                    ));
                }
            }
        }
    }
    let alone = groups.len() == 1;
    for group in &mut groups {
        if let Err(problem) = set_patterns(group, rule, options, catalog, alone) {
            problems.push(format!("rule {}: {problem}", rule.name));
        }
    }
    if problems.is_empty() { Ok(groups) } else { Err(problems) }
}

fn single(table: &Table) -> Group<'_> {
    merged((table.database.clone(), table.name.clone()), vec![table], table.clone())
}

fn merged((database, table): (String, String), members: Vec<&Table>, schema: Table) -> Group<'_> {
    let bytes = members.iter().map(|m| m.bytes).sum();
    let schema = Table { bytes, ..schema };
    let (database_pattern, table_pattern) = (String::new(), String::new());
    Group { database, table, members, schema, database_pattern, table_pattern, warnings: Vec::new() }
}

/// The patterns that match a group's members and no other table of the server.
fn set_patterns(
    group: &mut Group<'_>,
    rule: &Rule,
    options: &Options,
    catalog: &Catalog,
    alone: bool,
) -> Result<(), String> {
    let distinct = |of: fn(&Table) -> &str| {
        let mut names: Vec<&str> = group.members.iter().map(|m| of(m)).collect();
        names.sort_unstable();
        names.dedup();
        names
    };
    let (databases, tables) = (distinct(|m| &m.database), distinct(|m| &m.name));
    let list = |names: &[&str]| {
        let patterns: Vec<String> = names.iter().map(|n| quote::pattern(n)).collect();
        if patterns.len() == 1 { patterns[0].clone() } else { format!("({})", patterns.join("|")) }
    };
    let numbered = |names: &[&str]| match names {
        [name] => quote::pattern(name),
        names => format!("{}_?[0-9]+", quote::pattern(shard_key(names[0]).0)),
    };
    let listed = (list(&databases), list(&tables));
    if group.members.len() == 1 {
        (group.database_pattern, group.table_pattern) = listed;
        return Ok(());
    }
    let by_number = (numbered(&databases), numbered(&tables));
    let (chosen, warning) = if options.shard_source == ShardSource::List {
        (listed.clone(), None)
    } else if alone {
        match expressions(rule, &databases, &tables) {
            Ok(own) => (own, None),
            Err(why) if strangers(group, catalog, &by_number)?.is_empty() => (
                by_number,
                Some(format!(
                    "{why}. It reads these names with any number at the end instead: shards made later are read even if the \
                     rule doesn't match them"
                )),
            ),
            Err(why) => (
                listed.clone(),
                Some(format!(
                    "{why}. It reads the tables that there are now, by their names: generate anew when shards are added"
                )),
            ),
        }
    } else {
        (by_number, None)
    };
    let strangers = strangers(group, catalog, &chosen)?;
    if !strangers.is_empty() {
        let other = match (options.shard_source, chosen == listed) {
            (ShardSource::List, _) => ", or set shard_source = regex",
            (ShardSource::Regex, false) => ", or set shard_source = list",
            (ShardSource::Regex, true) => "",
        };
        return Err(format!(
            "the CDC source of {} would read {} too, because it takes every table that matches '{}' in every database \
             that matches '{}'. Split the rule in several{other}",
            group.table,
            strangers.join(", "),
            chosen.1,
            chosen.0,
        ));
    }
    group.warnings.extend(warning.map(|w| format!("{}.{}: {w}", group.database, group.table)));
    (group.database_pattern, group.table_pattern) = chosen;
    Ok(())
}

/// The rule's own expressions, of database and table, as the CDC source takes them.
fn expressions(rule: &Rule, databases: &[&str], tables: &[&str]) -> Result<(String, String), String> {
    let ascii = databases.iter().chain(tables).all(|name| name.is_ascii());
    let take = |key: &str, pattern: &Pattern| {
        let found = match pattern.is_of_ascii_in_java() && !ascii {
            true => Err("in Java's expressions \\d, \\w and \\s are of ASCII alone, and the names are not"),
            false => pattern.without_anchors(),
        };
        found.map_err(|why| format!("{key} = {} can't be handed to the CDC source: {why}", pattern.text))
    };
    Ok((take("database", &rule.database)?, take("table", &rule.table)?))
}

/// The tables that the source would read besides a group's members: it takes every table whose database matches the one
/// pattern and whose name matches the other. Upper and lower case are the same to it.
fn strangers(
    group: &Group<'_>,
    catalog: &Catalog,
    (database, table): &(String, String),
) -> Result<Vec<String>, String> {
    let compile = |pattern: &str| regex::Regex::new(&format!("^(?i:{pattern})$")).map_err(|e| e.to_string());
    let (database, table) = (compile(database)?, compile(table)?);
    let is_member = |d: &str, t: &str| group.members.iter().any(|m| m.database == d && m.name == t);
    let read = catalog.names.iter().filter(|(d, t)| database.is_match(d) && table.is_match(t));
    Ok(read.filter(|(d, t)| !is_member(d, t)).map(|(d, t)| format!("{d}.{t}")).collect())
}

/// What is different between two tables: names, order and types of columns, and the key.
fn differences(a: &Table, b: &Table) -> Vec<String> {
    let mut found = Vec::new();
    for column in &a.columns {
        match b.column(&column.name) {
            None => found.push(format!("'{}' is missing in the second", column.name)),
            Some(other) => {
                if !same_type(column, other) {
                    found.push(format!("'{}' is {} and {}", column.name, column.ty, other.ty));
                }
                if column.nullable != other.nullable {
                    let may = |c: &Column| if c.nullable { "may be NULL" } else { "may not be NULL" };
                    found.push(format!("'{}' {} and {}", column.name, may(column), may(other)));
                }
            }
        }
    }
    found.extend(
        b.columns
            .iter()
            .filter(|c| a.column(&c.name).is_none())
            .map(|c| format!("'{}' is missing in the first", c.name)),
    );
    if found.is_empty()
        && a.columns.iter().zip(&b.columns).any(|(x, y)| !x.name.eq_ignore_ascii_case(&y.name))
    {
        let names = |t: &Table| t.columns.iter().map(|c| c.name.clone()).collect::<Vec<_>>().join(", ");
        found.push(format!("the columns' order is ({}) and ({})", names(a), names(b)));
    }
    if key(a) != key(b) {
        found.push(format!("the key is {} and {}", shown_key(a), shown_key(b)));
    }
    found
}

/// Whether two columns are of one type. How wide a number is shown is no part of it: servers differ in whether they say it.
fn same_type(a: &Column, b: &Column) -> bool {
    let number = |c: &Column| {
        MysqlType::parse(&c.ty, None).filter(|ty| matches!(ty, MysqlType::Int { .. } | MysqlType::Year))
    };
    a.ty == b.ty || number(a).is_some_and(|ty| number(b) == Some(ty))
}

/// Whether the key is the primary key, and its columns. Other unique indexes play no part.
fn key(table: &Table) -> Option<(bool, Vec<String>)> {
    let key = table.key()?;
    Some((key.is_primary(), key.columns.iter().flatten().map(|c| c.to_lowercase()).collect()))
}

fn shown_key(table: &Table) -> String {
    key(table).map_or("none".to_owned(), |(primary, columns)| {
        format!("{} ({})", if primary { "PRIMARY KEY" } else { "UNIQUE" }, columns.join(", "))
    })
}

/// A table with every column of all; those that some lack, or that may be NULL in some, may be NULL.
fn union(members: &[&Table]) -> Result<Table, Vec<String>> {
    let mut schema = members[0].clone();
    let mut problems = Vec::new();
    for member in &members[1..] {
        let where_ = || format!("{} and {}", members[0].full_name(), member.full_name());
        if key(members[0]) != key(member) {
            problems.push(format!(
                "{} can't be united: the key is {} and {}",
                where_(),
                shown_key(members[0]),
                shown_key(member)
            ));
        }
        for column in &mut schema.columns {
            match member.column(&column.name) {
                None => column.nullable = true,
                Some(other) => {
                    column.nullable |= other.nullable;
                    if column.ty == other.ty {
                        continue;
                    }
                    let parse = |c: &Column| MysqlType::parse(&c.ty, c.length);
                    match parse(column)
                        .zip(parse(other))
                        .and_then(|(a, b)| Some((a.clone(), b.clone(), a.union(&b)?)))
                    {
                        Some((_, b, united)) if united == b => {
                            column.ty.clone_from(&other.ty);
                            column.length = other.length;
                        }
                        Some((a, _, united)) if united == a => {}
                        Some((_, _, united)) => {
                            (column.ty, column.length) = spelled(&united);
                        }
                        None => problems.push(format!(
                            "{} can't be united: '{}' is {} and {}",
                            where_(),
                            column.name,
                            column.ty,
                            other.ty
                        )),
                    }
                }
            }
        }
        for column in &member.columns {
            if schema.column(&column.name).is_none() {
                schema.columns.push(Column { nullable: true, ..column.clone() });
            }
        }
    }
    if problems.is_empty() { Ok(schema) } else { Err(problems) }
}

/// A united type that neither side has, as MySQL would write it: its type and `CHARACTER_MAXIMUM_LENGTH`.
fn spelled(ty: &MysqlType) -> (String, Option<u64>) {
    match *ty {
        MysqlType::Int { bits, .. } => {
            let name = match bits {
                8 => "tinyint",
                16 => "smallint",
                24 => "mediumint",
                32 => "int",
                _ => "bigint",
            };
            (name.to_owned(), None)
        }
        MysqlType::Decimal { precision, scale } => (format!("decimal({precision},{scale})"), None),
        MysqlType::Chars(n) => (format!("varchar({n})"), Some(n)),
        // Values don't matter beyond what their characters ask for.
        MysqlType::Enum { length, comma, backslash } => {
            let value = if comma { "a,b" } else { "a" };
            (format!("enum('{value}{}')", if backslash { "\\" } else { "" }), Some(length))
        }
        MysqlType::Text(n) if n <= 0xffff => ("text".into(), None),
        MysqlType::Text(n) if n <= 0xff_ffff => ("mediumtext".into(), None),
        // Every other union is one of its sides.
        _ => ("longtext".into(), None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stems() {
        for (name, expected) in [
            ("course_1", Some("course")),
            ("course1", Some("course")),
            ("course_2021_07", Some("course_2021")),
            ("course", None),
            ("12", None),
            ("_1", None),
            ("课程_12", Some("课程")),
        ] {
            assert_eq!(stem(name), expected, "{name}");
        }
    }
}
