//! Targets that several rules, or several tables of one, come to share; and tables that several rules take.

use std::collections::{BTreeMap, HashMap, HashSet};

use crate::config::Rule;
use crate::generate::RuleResult;

/// A target's rule and its place there.
type At = (usize, usize);

/// Warns of tables that are read twice, tells apart the names of equal targets in different clusters, and returns what must
/// not be.
pub(crate) fn check(results: &mut [RuleResult<'_>]) -> Vec<String> {
    let (mut problems, mut pairs) = (Vec::new(), BTreeMap::new());
    let mut targets: HashMap<(&str, &str), Vec<At>> = HashMap::new();
    let mut readers: HashMap<(&str, &str), Vec<At>> = HashMap::new();
    for (r, result) in results.iter().enumerate() {
        for (t, target) in result.targets.iter().enumerate() {
            let at = |&(r, t): &At| (results[r].rule, &results[r].targets[t]);
            let same = targets.entry((&target.database, &target.table)).or_default();
            let twin = same.iter().map(at).find(|(rule, _)| is_same_cluster(rule, result.rule));
            same.push((r, t));
            let mut twice = false;
            for member in &target.members {
                let others = readers.entry((&member.database, &member.table)).or_default();
                for &(other, its) in &*others {
                    let name = format!("{}.{}", member.database, member.table);
                    if twin.is_some_and(|(_, twin)| std::ptr::eq(twin, &results[other].targets[its])) {
                        twice = true;
                        problems.push(format!(
                            "{name} matches rule {} and rule {}: it would be loaded twice into {}; narrow one of them, or \
                             give it another target_database or target_table",
                            results[other].rule.name,
                            result.rule.name,
                            target.full_name()
                        ));
                    } else {
                        pairs.entry((other, r)).or_insert_with(Vec::new).push(name);
                    }
                }
                others.push((r, t));
            }
            if let Some((_, twin)) = twin.filter(|_| !twice) {
                let from = |target: &crate::plan::Target| {
                    format!("{}.{}", target.members[0].database, target.members[0].table)
                };
                problems.push(format!(
                    "{} and {} would both become {}; give rule {} another target_database or target_table, or narrow it",
                    from(twin),
                    from(target),
                    target.full_name(),
                    result.rule.name
                ));
            }
        }
    }
    let warnings: Vec<(usize, String)> = pairs
        .into_iter()
        .map(|((other, r), tables)| {
            let more = tables.len() - 1;
            let warning = format!(
                "{}{} matches rule {} and rule {}: it is read twice, and goes into both their targets",
                tables[0],
                if more > 0 { format!(" and {more} more, each of which") } else { String::new() },
                results[other].rule.name,
                results[r].rule.name
            );
            (r, warning)
        })
        .collect();
    for (r, warning) in warnings {
        results[r].warnings.push(warning);
    }
    name_apart(results);
    problems
}

/// Whether two rules load into one StarRocks, as far as their addresses tell.
fn is_same_cluster(a: &Rule, b: &Rule) -> bool {
    ["jdbc-url", "load-url"].iter().any(|key| a.sink_option(key) == b.sink_option(key))
}

/// Flink's tables are named after StarRocks', and those of all rules are in one file.
fn name_apart(results: &mut [RuleResult<'_>]) {
    let mut taken: HashSet<(String, String)> = HashSet::new();
    for result in results {
        for target in &mut result.targets {
            while !taken.insert((target.database.clone(), target.flink_name.clone())) {
                target.flink_name = format!("{}_rule_{}", target.flink_name, result.rule.name);
            }
        }
    }
}
