//! The summary on the screen. Never shows a password.

use std::fmt::Write as _;

use crate::generate::RuleResult;
use crate::plan::{Model, Target};

/// Tables of a rule, and notes, that are listed one by one.
const LISTED: usize = 50;
/// Sources, each with a binlog reader of its own, that a server bears without a word about it.
const READERS: usize = 20;

/// What each rule gives, all that is left out, and every warning; of what is noted of single tables, only some.
pub(crate) fn summary(results: &[RuleResult<'_>], warnings: &[String], details: bool) -> String {
    let mut text = String::new();
    let mut general: Vec<&String> = warnings.iter().collect();
    let mut notes: Vec<&String> = Vec::new();
    for result in results {
        let columns: Vec<&String> = result.targets.iter().flat_map(|t| &t.left_out).collect();
        let lost = [(result.skipped.len(), "table"), (columns.len(), "column")];
        let lost: Vec<String> =
            lost.iter().filter(|(n, _)| *n > 0).map(|(n, what)| count(*n, what)).collect();
        let merged: usize =
            result.targets.iter().filter(|t| t.members.len() > 1).map(|t| t.members.len()).sum();
        let _ = writeln!(
            text,
            "Rule {}: {} matched, {} merged, {} in StarRocks{}",
            result.rule.name,
            count(result.matched, "table"),
            merged,
            count(result.targets.len(), "table"),
            if lost.is_empty() { String::new() } else { format!(", {} LEFT OUT", lost.join(" and ")) }
        );
        for target in result.targets.iter().take(if details { usize::MAX } else { LISTED }) {
            let _ = writeln!(text, "  {}", line(target));
        }
        if !details && result.targets.len() > LISTED {
            let _ = writeln!(text, "  and {} more (--verbose lists them)", result.targets.len() - LISTED);
        }
        for why in result.skipped.iter().chain(columns) {
            let _ = writeln!(text, "  LEFT OUT: {why}");
        }
        general.extend(result.warnings.iter().chain(result.targets.iter().flat_map(|t| &t.risks)));
        notes.extend(result.targets.iter().flat_map(|t| &t.warnings));
    }
    let readers = results.iter().map(|r| r.targets.len()).sum::<usize>();
    let many = format!(
        "{readers} sources each open a binlog reader on the server, and without statement_set a Flink job: consider several \
         runs, or fewer tables"
    );
    if readers > READERS {
        general.push(&many);
    }
    if !general.is_empty() || !notes.is_empty() {
        let _ = writeln!(text, "{}:", count(general.len() + notes.len(), "warning"));
        let shown = if details { usize::MAX } else { LISTED };
        for warning in general.iter().chain(notes.iter().take(shown)) {
            let _ = writeln!(text, "  {warning}");
        }
        if notes.len() > shown {
            let _ = writeln!(text, "  and {} more (--verbose lists them)", notes.len() - shown);
        }
    }
    text
}

fn line(target: &Target) -> String {
    let from = match target.members.as_slice() {
        [one] => format!("{}.{}", one.database, one.table),
        several => {
            let names: Vec<String> =
                several.iter().take(4).map(|m| format!("{}.{}", m.database, m.table)).collect();
            let more =
                if several.len() > 4 { format!(" and {} more", several.len() - 4) } else { String::new() };
            format!("{}{more}", names.join(", "))
        }
    };
    let model = match target.model {
        Model::Primary => "PRIMARY",
        Model::Duplicate => "DUPLICATE",
    };
    format!(
        "{from} -> {}: {model} KEY({}), {}",
        target.full_name(),
        target.key.join(", "),
        count(target.columns.len(), "column")
    )
}

fn count(n: usize, what: &str) -> String {
    format!("{n} {what}{}", if n == 1 { "" } else { "s" })
}
