//! What is generated for each target: its columns with their types, its key, and what is odd about it.

use crate::carry::{self, Names};
use crate::catalog::{Column, Table};
use crate::config::{Buckets, Options, Partition, Rule, Unsupported};
use crate::mysql_type::MysqlType;
use crate::shards::Group;
use crate::types::{self, Mapped};

/// Flink CDC's option for the column by which a snapshot is cut to chunks.
pub(crate) const CHUNK_KEY: &str = "scan.incremental.snapshot.chunk.key-column";

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
    /// By what the snapshot is cut to chunks, where MySQL has no primary key to cut by.
    pub(crate) chunk_key: Option<String>,
    pub(crate) distributed_by: Vec<String>,
    pub(crate) buckets: Option<u64>,
    pub(crate) comment: String,
    pub(crate) has_timestamp: bool,
    pub(crate) warnings: Vec<String>,
}

impl Target {
    /// `database.table`, for messages.
    pub(crate) fn full_name(&self) -> String {
        format!("{}.{}", self.database, self.table)
    }
}

/// Plans a target. `Ok(Err(why))` is a table that can't be carried at all and that the run goes on without.
pub(crate) fn plan(
    rule: &Rule,
    options: &Options,
    names: &Names<'_>,
    group: &Group<'_>,
) -> Result<Result<Target, String>, Vec<String>> {
    let schema = &group.schema;
    let name = if group.members.len() == 1 {
        schema.full_name()
    } else {
        format!("{} and {} more", group.members[0].full_name(), group.members.len() - 1)
    };
    let mut warnings = Vec::new();
    let mut carried: Vec<(&Column, MysqlType)> = Vec::new();
    if let Some(why) = group.members.iter().find_map(|member| carry::table_problem(member, names)) {
        return skip_or_fail(options, why);
    }
    for column in &schema.columns {
        match carry::column_type(column) {
            Ok(ty) => carried.push((column, ty)),
            Err(why) if options.unsupported == Unsupported::Fail => {
                return Err(vec![format!("{name}: {why} (unsupported = skip leaves it out)")]);
            }
            Err(why) => warnings.push(format!("{name}: {why}; it is left out")),
        }
    }
    if carried.is_empty() {
        return skip_or_fail(options, format!("{name} has no column that can be carried"));
    }
    for (column, _) in carried.iter().filter(|(c, _)| c.is_virtual) {
        warnings.push(format!(
            "{name}: column '{}' is computed, not stored: check that its values arrive in changes, too",
            column.name
        ));
    }

    let source_key = key_of(schema, &carried, &name, &mut warnings);
    let has_primary = schema.unique.first().is_some_and(|i| i.name == "PRIMARY");
    let chunk_key = match chunk_key(rule, &carried, &source_key, has_primary) {
        Ok(column) => column,
        Err(column) => {
            return skip_or_fail(
                options,
                format!(
                    "{name} can't be carried completely: Flink CDC cuts its snapshot by a column that must not be NULL, and \
                     '{column}' may be. Give the table a key or a column that is NOT NULL"
                ),
            );
        }
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
            warnings.push(format!(
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
    let target = Target {
        database: rule.target_database.clone().unwrap_or_else(|| group.database.clone()),
        table: rule.target_table.clone().unwrap_or_else(|| group.table.clone()),
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
        chunk_key,
        comment: schema.comment.clone(),
        has_timestamp,
        warnings,
    };
    check(rule, target, &name).map(Ok)
}

fn is_key_of(key: &[String], column: &str) -> bool {
    key.iter().any(|k| k.eq_ignore_ascii_case(column))
}

fn skip_or_fail<T>(options: &Options, why: String) -> Result<Result<T, String>, Vec<String>> {
    match options.unsupported {
        Unsupported::Skip => Ok(Err(why)),
        Unsupported::Fail => Err(vec![format!("{why} (unsupported = skip leaves it out)")]),
    }
}

/// The primary key, else the first unique index whose columns can't be NULL; empty if there is none.
///
/// Flink CDC takes the same for the key: a change of another one would leave the old row in the target.
fn key_of(
    schema: &Table,
    carried: &[(&Column, MysqlType)],
    name: &str,
    warnings: &mut Vec<String>,
) -> Vec<String> {
    let mut refused = Vec::new();
    for index in &schema.unique {
        let Some(columns) = index.columns.iter().cloned().collect::<Option<Vec<String>>>() else {
            refused.push(format!(
                "{name}: unique index '{}' is on an expression and can't be the key",
                index.name
            ));
            continue;
        };
        let column = |c: &String| carried.iter().find(|(other, _)| other.name.eq_ignore_ascii_case(c));
        if let Some(lost) = columns.iter().find(|c| column(c).is_none()) {
            refused.push(format!(
                "{name}: index '{}' can't be the key, since its column '{lost}' can't be carried",
                index.name
            ));
            // It is Flink CDC's key all the same, so no other may be.
            break;
        } else if let Some(nullable) = columns.iter().find(|c| column(c).is_some_and(|(c, _)| c.nullable)) {
            refused.push(format!(
                "{name}: unique index '{}' can't be the key, since its column '{nullable}' may be NULL",
                index.name
            ));
        } else {
            return columns;
        }
    }
    warnings.append(&mut refused);
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

/// By what the source cuts a table to chunks, where the tool has to say it; `Err` is the column by which rows would be lost.
///
/// A chunk is `column >= a AND column < b`, which no row with NULL in the column satisfies. One chunk for the whole table
/// is no way out: for each chunk Flink CDC allocates a queue of the chunk's size.
fn chunk_key(
    rule: &Rule,
    carried: &[(&Column, MysqlType)],
    source_key: &[String],
    has_primary: bool,
) -> Result<Option<String>, String> {
    if let Some(own) = rule.cdc_option(CHUNK_KEY) {
        let nullable = carried.iter().any(|(c, _)| c.name.eq_ignore_ascii_case(own) && c.nullable);
        return if nullable { Err(own.to_owned()) } else { Ok(None) };
    }
    if has_primary {
        return Ok(None);
    }
    if let Some(first) = source_key.first() {
        return Ok(Some(first.clone()));
    }
    let is_number = |ty: &MysqlType| matches!(ty, MysqlType::Int { .. } | MysqlType::TinyInt1);
    let solid = || carried.iter().filter(|(c, _)| !c.nullable);
    match solid().find(|(_, ty)| is_number(ty)).or_else(|| solid().next()) {
        Some((column, _)) => Ok(Some(column.name.clone())),
        None => Err(carried[0].0.name.clone()),
    }
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
    for text in [&target.database, &target.table].into_iter().chain(target.columns.iter().map(|c| &c.name)) {
        if text.len() > NAME_LENGTH || !text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
            target.warnings.push(format!(
                "{name}: StarRocks may refuse the name '{text}': letters, digits and _ are sure, up to {NAME_LENGTH} of them"
            ));
        }
    }
    if problems.is_empty() { Ok(target) } else { Err(problems) }
}
