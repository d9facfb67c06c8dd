//! What is generated for each target: its columns with their types, its key, and what is odd about it.

use crate::carry::{self, Names};
use crate::catalog::{Column, Table};
use crate::chunks::{self, Chunks};
use crate::config::{Buckets, Options, Partition, Rule, Unsupported};
use crate::mysql_type::MysqlType;
use crate::shards::Group;
use crate::types::{self, Mapped};

/// Columns for a shard's names, where they are part of the key.
const SHARD_COLUMNS: [(&str, &str); 2] = [("shard_database", "database_name"), ("shard_table", "table_name")];
/// Most bytes of an encoded primary key in StarRocks, unless its configuration says otherwise.
const KEY_BYTES: u64 = 128;
/// Longest name of a database, table or column that StarRocks' documentation allows.
const NAME_LENGTH: usize = 64;
const GIB: u64 = 1 << 30;

/// A column on its way.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct PlannedColumn {
    pub(crate) name: String,
    pub(crate) mapped: Mapped,
    pub(crate) nullable: bool,
    pub(crate) comment: String,
    /// The source's metadata that it is read from; its own column if `None`.
    pub(crate) metadata: Option<&'static str>,
}

/// How the target treats equal keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Model {
    Primary,
    Duplicate,
}

/// A source table.
#[derive(Debug)]
pub(crate) struct Member {
    pub(crate) database: String,
    pub(crate) table: String,
    /// Names of its columns.
    pub(crate) columns: Vec<String>,
}

/// A target table and where its rows come from.
#[derive(Debug)]
pub(crate) struct Target {
    pub(crate) database: String,
    pub(crate) table: String,
    /// What the names of its source and sink in Flink begin with.
    pub(crate) flink_name: String,
    pub(crate) members: Vec<Member>,
    pub(crate) database_pattern: String,
    pub(crate) table_pattern: String,
    /// Keys first.
    pub(crate) columns: Vec<PlannedColumn>,
    pub(crate) model: Model,
    /// The target's key, in order.
    pub(crate) key: Vec<String>,
    /// The key that the source declares to Flink: columns of the source alone.
    pub(crate) source_key: Vec<String>,
    /// How the snapshot is cut.
    pub(crate) chunks: Chunks,
    pub(crate) distributed_by: Vec<String>,
    pub(crate) buckets: Option<u64>,
    pub(crate) comment: String,
    pub(crate) has_timestamp: bool,
    /// Columns that are left out, and why.
    pub(crate) left_out: Vec<String>,
    /// How rows may come to be missing.
    pub(crate) risks: Vec<String>,
    pub(crate) warnings: Vec<String>,
}

impl Target {
    /// `database.table`, for messages.
    pub(crate) fn full_name(&self) -> String {
        format!("{}.{}", self.database, self.table)
    }
}

/// Why a group is left out: a text for each member.
pub(crate) type LeftOut = Vec<String>;

/// Plans a target. `Ok(Err(why))` are tables that can't be carried at all and that the run goes on without.
pub(crate) fn plan(
    rule: &Rule,
    options: &Options,
    names: &Names<'_>,
    group: &Group<'_>,
) -> Result<Result<Target, LeftOut>, Vec<String>> {
    let schema = &group.schema;
    let name = if group.members.len() == 1 {
        schema.full_name()
    } else {
        format!("{} and {} more", group.members[0].full_name(), group.members.len() - 1)
    };
    let (mut left_out, mut risks, mut warnings) = (Vec::new(), group.warnings.clone(), Vec::new());
    let mut carried: Vec<(&Column, MysqlType)> = Vec::new();
    let problem = |(at, member): (usize, &&Table)| Some((at, carry::table_problem(member, names)?));
    let whys: Vec<(usize, String)> = group.members.iter().enumerate().filter_map(problem).collect();
    if !whys.is_empty() {
        return skip_or_fail(options, group, whys);
    }
    for column in &schema.columns {
        match carry::column_type(column) {
            Ok(ty) => carried.push((column, ty)),
            Err(why) if options.unsupported == Unsupported::Fail => {
                return Err(vec![format!("{name}: {why} (unsupported = skip leaves it out)")]);
            }
            Err(why) => left_out.push(format!("{name}: {why}")),
        }
    }
    if carried.is_empty() {
        let why = |m: &&Table| format!("{} has no column that can be carried", m.full_name());
        return skip_or_fail(options, group, group.members.iter().map(why).enumerate().collect());
    }
    for (column, _) in carried.iter().filter(|(c, _)| c.is_virtual) {
        warnings.push(format!(
            "{name}: column '{}' is computed, not stored: check that its values arrive in changes, too",
            column.name
        ));
    }

    let source_key = key_of(schema, &carried, &name, &mut warnings);
    let chunks = match chunks::plan(rule, schema, &group.members, &carried, &source_key) {
        Ok((chunks, warning)) => {
            risks.extend(warning.map(|w| format!("{name}: {w}")));
            chunks
        }
        Err(whys) => return skip_or_fail(options, group, whys),
    };
    let (model, key) = if source_key.is_empty() {
        (Model::Duplicate, duplicate_key(rule, &carried, &name)?)
    } else {
        if !rule.duplicate_keys.is_empty() {
            warnings.push(format!(
                "{name} has a key; duplicate_keys is for tables without one, and is not used here"
            ));
        }
        (Model::Primary, source_key.clone())
    };
    let is_key = |column: &str| key.iter().any(|k| k.eq_ignore_ascii_case(column));

    let mut columns = Vec::new();
    let mut has_timestamp = false;
    let mut place = |column: &Column, ty: &MysqlType| {
        let key = is_key(&column.name);
        let mapped = types::map(ty, key, options);
        if let Some(limit) = mapped.limit {
            warnings.push(format!("{name}: column '{}' ({}): {limit}", column.name, column.ty));
        }
        has_timestamp |= matches!(ty, MysqlType::Timestamp { .. });
        columns.push(PlannedColumn {
            name: column.name.clone(),
            mapped,
            nullable: column.nullable && !(key && model == Model::Primary),
            comment: column.comment.clone(),
            metadata: None,
        });
    };
    for key in &key {
        if let Some((column, ty)) = carried.iter().find(|(c, _)| c.name.eq_ignore_ascii_case(key)) {
            place(column, ty);
        }
    }
    for (column, ty) in carried.iter().filter(|(c, _)| !is_key(&c.name)) {
        place(column, ty);
    }
    let mut key: Vec<String> = columns.iter().take(key.len()).map(|c| c.name.clone()).collect();

    if model == Model::Primary {
        let bytes =
            carried.iter().filter(|(c, _)| is_key_of(&key, &c.name)).map(|(_, ty)| types::key_bytes(ty));
        let bytes = bytes.fold(0, u64::saturating_add);
        if bytes > KEY_BYTES {
            warnings.push(format!(
                "{name}: values of the key ({}) may be longer than the {KEY_BYTES} bytes that StarRocks takes unless \
                 configured otherwise; such rows would fail the load",
                key.join(", ")
            ));
        }
    }
    if group.members.len() > 1 && model == Model::Primary {
        if options.shard_key {
            for (at, (shard, metadata)) in SHARD_COLUMNS.iter().enumerate() {
                if schema.column(shard).is_some() {
                    return Err(vec![format!(
                        "{name}: shard_key = true adds a column '{shard}', but there is one already; set shard_key = false"
                    )]);
                }
                let mapped = types::map(&MysqlType::Chars(NAME_LENGTH as u64), true, options);
                columns.insert(
                    key.len(),
                    PlannedColumn {
                        name: (*shard).to_owned(),
                        mapped,
                        nullable: false,
                        comment: ["the row's database in MySQL", "the row's table in MySQL"][at].to_owned(),
                        metadata: Some(metadata),
                    },
                );
                key.push((*shard).to_owned());
            }
        } else {
            risks.push(format!(
                "{name} merge: rows with equal keys in two of them overwrite each other (shard_key = true adds the shard's \
                 names to the key)"
            ));
        }
    }

    if model == Model::Duplicate {
        warnings.push(format!(
            "{name} has no usable key: its target is a duplicate key table, where updates add rows and deletes are dropped"
        ));
    }
    let table = rule.target_table.as_ref().unwrap_or(&group.table);
    let target = Target {
        database: rule.target_database.clone().unwrap_or_else(|| group.database.clone()),
        table: table.clone(),
        flink_name: table.clone(),
        members: group
            .members
            .iter()
            .map(|m| Member {
                database: m.database.clone(),
                table: m.name.clone(),
                columns: m.columns.iter().map(|c| c.name.clone()).collect(),
            })
            .collect(),
        database_pattern: group.database_pattern.clone(),
        table_pattern: group.table_pattern.clone(),
        distributed_by: if rule.distributed_by.is_empty() {
            key.clone()
        } else {
            rule.distributed_by.clone()
        },
        buckets: match (rule.bucket_num, options.buckets) {
            (Some(n), _) => Some(n.into()),
            (None, Buckets::Server) => None,
            (None, Buckets::Size) => {
                Some(schema.bytes.div_ceil(GIB).clamp(1, 4 * u64::from(options.be_num.unwrap_or(1))))
            }
        },
        columns,
        model,
        key,
        source_key,
        chunks,
        comment: schema.comment.clone(),
        has_timestamp,
        left_out,
        risks,
        warnings,
    };
    check(rule, target, &name).map(Ok)
}

fn is_key_of(key: &[String], column: &str) -> bool {
    key.iter().any(|k| k.eq_ignore_ascii_case(column))
}

/// Leaves a group out, or fails, because of these of its members. What it is merged with can't be carried without: the
/// source would read a whole group or nothing.
fn skip_or_fail<T>(
    options: &Options,
    group: &Group<'_>,
    whys: Vec<(usize, String)>,
) -> Result<Result<T, LeftOut>, Vec<String>> {
    if options.unsupported == Unsupported::Fail {
        return Err(whys
            .into_iter()
            .map(|(_, why)| format!("{why} (unsupported = skip leaves it out)"))
            .collect());
    }
    let first = whys.first().map_or(String::new(), |(at, _)| group.members[*at].full_name());
    let mut all: Vec<String> = group
        .members
        .iter()
        .map(|m| {
            format!(
                "{} would merge with {first}, which can't be carried: narrow the rule, or set shards = separate",
                m.full_name()
            )
        })
        .collect();
    for (at, why) in whys {
        all[at] = why;
    }
    Ok(Err(all))
}

/// The columns of the table's key; empty if it has none that can be carried.
fn key_of(
    schema: &Table,
    carried: &[(&Column, MysqlType)],
    name: &str,
    warnings: &mut Vec<String>,
) -> Vec<String> {
    if let Some(key) = schema.key() {
        let columns: Vec<String> = key.columns.iter().flatten().cloned().collect();
        let is_carried = |c: &String| carried.iter().any(|(other, _)| other.name.eq_ignore_ascii_case(c));
        // It is Flink CDC's key all the same, so no other may be.
        let Some(lost) = columns.iter().find(|c| !is_carried(c)) else { return columns };
        warnings.push(format!(
            "{name}: index '{}' can't be the key, since its column '{lost}' can't be carried",
            key.name
        ));
        return Vec::new();
    }
    for index in &schema.unique {
        let nullable = index.columns.iter().flatten().find(|c| schema.column(c).is_some_and(|c| c.nullable));
        warnings.push(match nullable {
            Some(column) => format!(
                "{name}: unique index '{}' can't be the key, since its column '{column}' may be NULL",
                index.name
            ),
            None => format!("{name}: unique index '{}' is on an expression and can't be the key", index.name),
        });
    }
    Vec::new()
}

/// The leading columns of a table without a key: the user's, else the first.
fn duplicate_key(
    rule: &Rule,
    carried: &[(&Column, MysqlType)],
    name: &str,
) -> Result<Vec<String>, Vec<String>> {
    let missing: Vec<String> = rule
        .duplicate_keys
        .iter()
        .filter(|k| !carried.iter().any(|(c, _)| c.name.eq_ignore_ascii_case(k)))
        .map(|k| format!("rule {}: duplicate_keys names '{k}', which {name} doesn't have", rule.name))
        .collect();
    if !missing.is_empty() {
        return Err(missing);
    }
    if !rule.duplicate_keys.is_empty() {
        return Ok(rule.duplicate_keys.clone());
    }
    // A column that is a legal key as it is; else the first one, whose type a key changes.
    let legal = |ty: &MysqlType| {
        use MysqlType::{Binary, Bit, Decimal, Double, Float, Geometry, Json, Text};
        !matches!(ty, Float | Double | Decimal { .. } | Json | Geometry | Text(_) | Binary(_) | Bit(_))
    };
    let (column, _) = carried.iter().find(|(_, ty)| legal(ty)).unwrap_or(&carried[0]);
    Ok(vec![column.name.clone()])
}

/// What the rule says about a target must fit it.
fn check(rule: &Rule, mut target: Target, name: &str) -> Result<Target, Vec<String>> {
    let mut problems = Vec::new();
    let has = |column: &str| target.columns.iter().any(|c| c.name.eq_ignore_ascii_case(column));
    for (key, column) in rule
        .distributed_by
        .iter()
        .map(|c| ("distributed_by", c))
        .chain(rule.partition.iter().map(|Partition { column, .. }| ("partition_key", column)))
    {
        if !has(column) {
            problems.push(format!("rule {}: {key} names '{column}', which {name} doesn't have", rule.name));
        } else if target.model == Model::Primary && !is_key_of(&target.key, column) {
            problems.push(format!(
                "rule {}: {key} names '{column}', which isn't part of the key ({}) of {name}; StarRocks wants it to be",
                rule.name,
                target.key.join(", ")
            ));
        }
    }
    if let Some(Partition { column, ranges: None }) = &rule.partition {
        let typed = target.columns.iter().find(|c| c.name.eq_ignore_ascii_case(column));
        if typed.is_some_and(|c| !matches!(c.mapped.starrocks.as_str(), "DATE" | "DATETIME")) {
            problems.push(format!(
                "rule {}: partition_key '{column}' of {name} is no date; say in 'partitions' how to partition by it",
                rule.name
            ));
        }
    }
    let sure =
        |text: &str| text.len() <= NAME_LENGTH && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    let names = [&target.database, &target.table].into_iter().chain(target.columns.iter().map(|c| &c.name));
    let odd: Vec<String> = names.filter(|n| !sure(n)).map(|n| format!("'{n}'")).collect();
    if !odd.is_empty() {
        target.warnings.push(format!(
            "{name}: StarRocks may refuse the name{} {}: letters, digits and _ are sure, up to {NAME_LENGTH} of them",
            if odd.len() == 1 { "" } else { "s" },
            odd.join(", ")
        ));
    }
    if problems.is_empty() { Ok(target) } else { Err(problems) }
}
