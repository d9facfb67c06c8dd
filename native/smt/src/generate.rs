//! From rules and catalog to targets, and from targets to files.

use std::collections::{BTreeMap, BTreeSet};

use crate::carry::Names;
use crate::catalog::{Catalog, Table};
use crate::config::{Config, Rule};
use crate::error::{Error, Kind, Result};
use crate::plan::{self, Target};
use crate::{chunks, flink_sql, overlaps, shards, starrocks_sql};

/// What a rule gives.
#[derive(Debug)]
pub(crate) struct RuleResult<'a> {
    pub(crate) rule: &'a Rule,
    /// How many tables match.
    pub(crate) matched: usize,
    pub(crate) targets: Vec<Target>,
    /// Tables that are left out, and why.
    pub(crate) skipped: Vec<String>,
    /// What holds for several of its tables at once.
    pub(crate) warnings: Vec<String>,
}

impl RuleResult<'_> {
    /// The databases of its targets, each once.
    pub(crate) fn databases(&self) -> BTreeSet<&str> {
        self.targets.iter().map(|t| t.database.as_str()).collect()
    }
}

/// Plans every rule's targets. All problems of all rules come at once.
pub(crate) fn plan<'a>(config: &'a Config, catalog: &Catalog) -> Result<Vec<RuleResult<'a>>> {
    let mut problems = Vec::new();
    let mut results = Vec::new();
    let names = Names::new(catalog);
    for rule in &config.rules {
        let matching = |t: &&Table| rule.matches(&t.database, &t.name);
        let tables: Vec<&Table> = catalog.tables.iter().filter(matching).collect();
        if tables.is_empty() {
            problems.push(no_match(rule, catalog));
            continue;
        }
        let groups = match shards::group(rule, &config.options, catalog, &tables) {
            Ok(groups) => groups,
            Err(more) => {
                problems.extend(more);
                continue;
            }
        };
        let mut result = RuleResult {
            rule,
            matched: tables.len(),
            targets: Vec::new(),
            skipped: Vec::new(),
            warnings: Vec::new(),
        };
        for group in &groups {
            match plan::plan(rule, &config.options, &names, group) {
                Ok(Ok(target)) => result.targets.push(target),
                Ok(Err(whys)) => result.skipped.extend(whys),
                Err(more) => problems.extend(more),
            }
        }
        results.push(result);
    }
    problems.extend(overlaps::check(&mut results));
    Error::check(Kind::Failed, problems)?;
    if results.iter().all(|r| r.targets.is_empty()) {
        let why: Vec<String> = results.into_iter().flat_map(|r| r.skipped).collect();
        return Err(Error::failed(format!("no table is left to migrate:\n{}", why.join("\n"))));
    }
    Ok(results)
}

fn no_match(rule: &Rule, catalog: &Catalog) -> String {
    let databases: BTreeSet<&str> =
        catalog.names.iter().map(|(d, _)| d.as_str()).filter(|d| rule.database.matches(d)).collect();
    let why = if databases.is_empty() {
        let all: BTreeSet<&str> = catalog.names.iter().map(|(d, _)| d.as_str()).collect();
        format!("no database matches database = {}; the user sees {}", rule.database.text, list(&all))
    } else {
        let tables: BTreeSet<&str> = catalog
            .names
            .iter()
            .filter(|(d, _)| databases.contains(d.as_str()))
            .map(|(_, t)| t.as_str())
            .collect();
        format!(
            "in {} no table matches table = {}; there are {}",
            list(&databases),
            rule.table.text,
            list(&tables)
        )
    };
    format!(
        "rule {}: {why}. A name must match as a whole, upper and lower case matter, views are left out, and a table that \
         the user may not SELECT isn't seen",
        rule.name
    )
}

/// Up to ten names.
pub(crate) fn list(names: &BTreeSet<&str>) -> String {
    let mut text = names.iter().take(10).copied().collect::<Vec<_>>().join(", ");
    if names.is_empty() {
        text = "none".into();
    } else if names.len() > 10 {
        text += &format!(" and {} more", names.len() - 10);
    }
    text
}

/// The files, by name: for each rule, and for all together, one of each family.
pub(crate) fn files(
    config: &Config,
    results: &[RuleResult<'_>],
    time_zone: Option<&str>,
) -> Vec<(String, String)> {
    let mut files = Vec::new();
    let mut all = Family::default();
    let mut next_id = config.options.server_id_start;
    let mut external_of_all = BTreeSet::new();
    for result in results {
        let mut one = Family::default();
        // Where Flink CDC doesn't cut snapshots, it takes a single id.
        let ids = if chunks::is_incremental(result.rule) { config.options.server_ids_per_source } else { 1 };
        for target in &result.targets {
            let settings =
                flink_sql::SourceSettings { server: &config.source, server_ids: (next_id, ids), time_zone };
            next_id += ids;
            let starrocks = starrocks_sql::table(result.rule, &config.options, target);
            let flink =
                [flink_sql::source(result.rule, &settings, target), flink_sql::sink(result.rule, target)];
            let insert = flink_sql::insert(target);
            let external = match config.options.external_tables {
                true => starrocks_sql::external(&config.source, target),
                false => Vec::new(),
            };
            for family in [&mut one, &mut all] {
                family.starrocks.add(&target.database, [starrocks.clone()]);
                family.flink.add(&target.database, flink.clone());
                match config.options.statement_set {
                    crate::config::StatementSet::Off => family.flink.add(&target.database, [insert.clone()]),
                    _ => family.inserts.push(insert.clone()),
                }
            }
            // A table that two rules take is one external table.
            for ((database, table), member) in external.into_iter().zip(&target.members) {
                if external_of_all.insert((&member.database, &member.table)) {
                    all.external.add(&database, [table.clone()]);
                }
                one.external.add(&database, [table]);
            }
        }
        one.write(config, &result.rule.name, &mut files);
    }
    all.write(config, "all", &mut files);
    files
}

/// The statements of one kind, those of a database after the one that makes it.
#[derive(Default)]
struct Statements(BTreeMap<String, Vec<String>>);

impl Statements {
    fn add(&mut self, database: &str, statements: impl IntoIterator<Item = String>) {
        self.0.entry(database.to_owned()).or_default().extend(statements);
    }

    fn list(self, create: fn(&str) -> String) -> Vec<String> {
        let of = |(database, statements): (String, Vec<String>)| {
            let mut all = vec![create(&database)];
            all.extend(statements);
            all
        };
        self.0.into_iter().flat_map(of).collect()
    }
}

#[derive(Default)]
struct Family {
    starrocks: Statements,
    flink: Statements,
    inserts: Vec<String>,
    external: Statements,
}

impl Family {
    fn write(self, config: &Config, name: &str, files: &mut Vec<(String, String)>) {
        let mut flink: Vec<String> =
            config.options.flink_set.iter().map(|(k, v)| flink_sql::set(k, v)).collect();
        flink.extend(self.flink.list(flink_sql::database));
        flink.extend(flink_sql::inserts(&config.options, self.inserts));
        files.push((
            format!("starrocks-create.{name}.sql"),
            script(&self.starrocks.list(starrocks_sql::database)),
        ));
        files.push((format!("flink-create.{name}.sql"), script(&flink)));
        if config.options.external_tables {
            let external = script(&self.external.list(starrocks_sql::database));
            files.push((format!("starrocks-external-create.{name}.sql"), external));
        }
    }
}

/// Each statement ends with `;` and a line's end, by which runners cut scripts.
///
/// Up to Flink 1.14 the SQL client takes what follows `--` for a comment when it looks for that `;`, in a name too.
fn script(statements: &[String]) -> String {
    let end = |s: &str| if s.lines().last().is_some_and(|l| l.contains("--")) { "\n;\n" } else { ";\n" };
    statements.iter().map(|s| format!("{s}{}", end(s))).collect()
}

#[cfg(test)]
#[path = "golden.rs"]
mod tests;
