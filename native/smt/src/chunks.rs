//! How Flink CDC is told to cut a table's snapshot, so that it reads every row.
//!
//! What is said of it was read in 2.4.2 and 3.5.0. It cuts a table by one column, and a chunk is `column >= a AND column < b`,
//! which no row with NULL in the column satisfies. A chunk without bounds has no such condition: with a chunk size that the
//! rows don't reach, there is one, which reads the whole table.

use crate::carry;
use crate::catalog::{Column, Table};
use crate::config::{Options, Rule, Shards};
use crate::mysql_type::MysqlType;

/// Flink CDC's option for the column by which a snapshot is cut to chunks.
pub(crate) const KEY: &str = "scan.incremental.snapshot.chunk.key-column";
/// Flink CDC's option for the rows of a chunk.
pub(crate) const SIZE: &str = "scan.incremental.snapshot.chunk.size";
/// Rows of a table that is read in one chunk.
///
/// Not the most that the option takes: Flink CDC adds 1,024 for the length of a queue, which then overflows, and the
/// snapshot waits for ever; and it allocates all of that queue, twice. This many take 16 MB of the TaskManager.
const ONE_CHUNK: u32 = 2_000_000;
/// The largest size that the length of that queue doesn't overflow at.
const LARGEST: u32 = i32::MAX as u32 - 1024;

/// What a source is told.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Chunks {
    /// The column to cut by, where Flink CDC doesn't know one itself and the rule doesn't say it.
    pub(crate) column: Option<String>,
    /// The size of the one chunk, where a column that may be NULL must not cut anything.
    pub(crate) size: Option<u32>,
}

/// Why a table's snapshot can't be read completely: each member of its group for which that holds, and the reason.
pub(crate) type Incomplete = Vec<(usize, String)>;

/// What the source of these tables is told, and what is to be warned of. `schema` is that of all, `carried` are its columns
/// that are carried, and `key` is the key that the source declares.
pub(crate) fn plan(
    rule: &Rule,
    schema: &Table,
    members: &[&Table],
    carried: &[(&Column, MysqlType)],
    key: &[String],
) -> Result<(Chunks, Option<String>), Incomplete> {
    if !is_incremental(rule) {
        return Ok((Chunks::default(), None));
    }
    let (name, told) = match column(rule, schema, members, carried, key) {
        Some(found) => found,
        None if has_snapshot(rule) => {
            let why = |m: &&Table| {
                format!(
                    "{} can't be carried: Flink CDC cuts its snapshot by a column whose values it can compare, and there is none",
                    m.full_name()
                )
            };
            return Err(members.iter().map(why).enumerate().collect());
        }
        None => (carried[0].0.name.clone(), true),
    };
    let column = told.then(|| name.clone());
    let Some(nullable) = schema.column(&name).filter(|c| c.nullable && has_snapshot(rule)) else {
        return Ok((Chunks { column, size: None }, None));
    };

    let own = rule.cdc_option(SIZE);
    let larger = own.and_then(|n| n.parse().ok()).filter(|n| (ONE_CHUNK..=LARGEST).contains(n));
    let size = larger.unwrap_or(ONE_CHUNK);
    // The number of rows is an estimate, and may be half of what there is.
    let too_many = |(at, member): (usize, &&Table)| {
        let lossy = member.column(&name).is_some_and(|c| c.nullable) && member.rows > u64::from(size / 2);
        lossy.then(|| {
            let why = format!(
                "{} has about {} rows, and Flink CDC would cut its snapshot by '{name}', which may be NULL: rows with NULL in it \
                 would be missing. Give it a key or a column that is NOT NULL, or, if Flink has the memory to read it in one \
                 piece, set flink.cdc.{SIZE} to more than twice its rows",
                member.full_name(),
                member.rows
            );
            (at, why)
        })
    };
    let incomplete: Incomplete = members.iter().enumerate().filter_map(too_many).collect();
    if !incomplete.is_empty() {
        return Err(incomplete);
    }
    // The greatest value in one spelling would be the end of a chunk, and in another be beyond it.
    let spelled = match MysqlType::parse(&nullable.ty, nullable.length).as_ref().map(comparable) {
        Some(Comparable::InSpellings) => {
            ", or if that column's greatest value is there in upper and in lower case"
        }
        _ => "",
    };
    let warning = format!(
        "column '{name}', by which Flink CDC cuts the snapshot, may be NULL: so the snapshot is read in one piece, which takes \
         memory for the whole table in the TaskManager, and misses rows if there are more than {size}{spelled}. A key or a \
         column that is NOT NULL avoids it{}",
        match own {
            Some(_) if larger.is_none() => format!(" (flink.cdc.{SIZE} is not used here)"),
            _ => String::new(),
        }
    );
    Ok((Chunks { column, size: Some(size) }, Some(warning)))
}

/// Whether it matters how many rows a table has: whether it may be read in one chunk.
pub(crate) fn counts_rows(rule: &Rule, options: &Options, table: &Table) -> bool {
    if !is_incremental(rule) || !has_snapshot(rule) {
        return false;
    }
    match rule.cdc_option(KEY) {
        Some(own) => table.column(own).is_some_and(|c| c.nullable),
        None => {
            // United with others, a table may be cut by another column than by itself.
            let solid = |c: &Column| !c.nullable && carry::column_type(c).is_ok();
            table.key().is_none() && (options.shards == Shards::Union || !table.columns.iter().any(solid))
        }
    }
}

/// Whether the snapshot is cut at all; the older way of Flink CDC reads each table as a whole.
pub(crate) fn is_incremental(rule: &Rule) -> bool {
    !rule.cdc_option("scan.incremental.snapshot.enabled").is_some_and(|v| v.eq_ignore_ascii_case("false"))
}

/// Whether there is a snapshot: the other modes begin in the binlog.
fn has_snapshot(rule: &Rule) -> bool {
    let mode = rule.cdc_option("scan.startup.mode").unwrap_or("initial");
    !["earliest-offset", "latest-offset", "specific-offset", "timestamp"]
        .iter()
        .any(|other| mode.eq_ignore_ascii_case(other))
}

/// The column that the snapshot is cut by, and whether Flink CDC has to be told.
fn column(
    rule: &Rule,
    schema: &Table,
    members: &[&Table],
    carried: &[(&Column, MysqlType)],
    key: &[String],
) -> Option<(String, bool)> {
    if let Some(own) = rule.cdc_option(KEY) {
        return Some((own.to_owned(), false));
    }
    if let Some(primary) = schema.unique.first().filter(|index| index.is_primary()) {
        // Where a column of it can't be carried, Flink's table declares no key.
        return Some((primary.columns.first()?.clone()?, key.is_empty()));
    }
    if let Some(first) = key.first() {
        return Some((first.clone(), true));
    }
    // A column that some shard lacks doesn't exist there.
    let everywhere = |c: &Column| members.iter().all(|m| m.column(&c.name).is_some());
    carried
        .iter()
        .filter(|(c, ty)| everywhere(c) && !(c.nullable && comparable(ty) == Comparable::Never))
        .min_by_key(|(c, ty)| (c.nullable, comparable(ty)))
        .map(|(c, _)| (c.name.clone(), true))
}

/// How far Flink CDC sees which of two values is the greater, the best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Comparable {
    /// It may even reckon the chunks, without asking the server for each.
    Evenly,
    Always,
    /// Texts that are equal to the server may not be so to Flink CDC.
    InSpellings,
    /// Bytes: chunks end anywhere, but the last has no end, so that none is missing.
    Never,
}

fn comparable(ty: &MysqlType) -> Comparable {
    use MysqlType::*;
    match ty {
        Int { .. } => Comparable::Evenly,
        TinyInt1
        | Float
        | Double
        | Decimal { .. }
        | Date
        | DateTime { .. }
        | Timestamp { .. }
        | Time { .. }
        | Year => Comparable::Always,
        Chars(_) | Enum { .. } | Text(_) => Comparable::InSpellings,
        Json | Bit(_) | Binary(_) | Geometry => Comparable::Never,
    }
}
