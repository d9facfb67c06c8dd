//! What the source server says of its tables: read once, in three queries over the whole server.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use mysql::prelude::Queryable;

use crate::error::{Error, Result};
use crate::quote;

/// Databases of the server itself.
const SYSTEM: &str = "'information_schema', 'mysql', 'performance_schema', 'sys'";

/// A table.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Table {
    pub(crate) database: String,
    pub(crate) name: String,
    pub(crate) comment: String,
    /// `DATA_LENGTH` in bytes; 0 unless asked for.
    pub(crate) bytes: u64,
    /// About how many rows it has; 0 unless asked for.
    pub(crate) rows: u64,
    /// In their order.
    pub(crate) columns: Vec<Column>,
    /// `PRIMARY` first, the others as `SHOW INDEX` has them.
    pub(crate) unique: Vec<Index>,
    /// It keeps old versions of its rows (MariaDB's `WITH SYSTEM VERSIONING`).
    pub(crate) versioned: bool,
}

impl Table {
    /// `database.table`, for messages.
    pub(crate) fn full_name(&self) -> String {
        format!("{}.{}", self.database, self.name)
    }

    pub(crate) fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|c| c.name.eq_ignore_ascii_case(name))
    }

    /// The index that is the key: the primary key, else the first unique one whose columns can't be NULL.
    ///
    /// Flink CDC takes the same for the key: by another one, a change of this would leave the old row in the target.
    pub(crate) fn key(&self) -> Option<&Index> {
        let solid = |c: &Option<String>| c.as_ref().and_then(|c| self.column(c)).is_some_and(|c| !c.nullable);
        self.unique.iter().find(|index| index.columns.iter().all(solid))
    }
}

/// A column.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Column {
    pub(crate) name: String,
    /// `COLUMN_TYPE`, such as `int(10) unsigned`.
    pub(crate) ty: String,
    pub(crate) nullable: bool,
    pub(crate) comment: String,
    /// `CHARACTER_MAXIMUM_LENGTH`: of texts in characters, of enums and sets the longest value's.
    pub(crate) length: Option<u64>,
    /// Computed whenever it is read, and stored nowhere.
    pub(crate) is_virtual: bool,
    /// Not part of `SELECT *`.
    pub(crate) invisible: bool,
    /// `ORDINAL_POSITION`.
    pub(crate) position: u32,
}

/// A unique index.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Index {
    pub(crate) name: String,
    /// In the index's order; `None` stands for an expression.
    pub(crate) columns: Vec<Option<String>>,
}

impl Index {
    pub(crate) fn is_primary(&self) -> bool {
        self.name == "PRIMARY"
    }
}

/// Everything of the server that the rules may need.
#[derive(Debug, Default)]
pub(crate) struct Catalog {
    /// Tables that were wanted, by database and name.
    pub(crate) tables: Vec<Table>,
    /// Database and name of every table there is, in that order.
    pub(crate) names: Vec<(String, String)>,
    /// Columns of any table that MariaDB keeps compressed, as `database.table.column`.
    pub(crate) compressed: Vec<String>,
}

impl Catalog {
    /// Reads the tables for which `wanted` (of database and name) holds; `counted` are those whose rows matter.
    ///
    /// The queries are not narrowed to them: over the whole server they are three, however many databases match.
    pub(crate) fn read(
        connection: &mut mysql::Conn,
        sizes: bool,
        wanted: impl Fn(&str, &str) -> bool,
        counted: impl Fn(&Table) -> bool,
        progress: &mut dyn FnMut(&str),
    ) -> Result<Self> {
        // MariaDB opens every table's file for its size.
        let size = if sizes { "COALESCE(DATA_LENGTH, 0)" } else { "0" };
        let mut catalog = Self::default();
        let mut index: HashMap<String, HashMap<String, usize>> = HashMap::new();
        let sql = format!(
            "SELECT TABLE_SCHEMA, TABLE_NAME, TABLE_COMMENT, {size}, TABLE_TYPE <> 'BASE TABLE' \
             FROM information_schema.TABLES \
             WHERE TABLE_TYPE IN ('BASE TABLE', 'SYSTEM VERSIONED') AND TABLE_SCHEMA NOT IN ({SYSTEM})"
        );
        let mut read: Vec<(String, String, String, u64, bool)> = connection.query(sql).map_err(unreadable)?;
        read.sort_unstable();
        for (database, name, comment, bytes, versioned) in read {
            if wanted(&database, &name) {
                index.entry(database.clone()).or_default().insert(name.clone(), catalog.tables.len());
                let table = Table {
                    database: database.clone(),
                    name: name.clone(),
                    comment,
                    bytes,
                    versioned,
                    ..Table::default()
                };
                catalog.tables.push(table);
            }
            catalog.names.push((database, name));
        }
        progress(&format!(
            "{} tables on the server, {} of them match",
            catalog.names.len(),
            catalog.tables.len()
        ));
        let at =
            |database: &str, table: &str| index.get(database).and_then(|tables| tables.get(table)).copied();

        let mut shown = Instant::now();
        let mut count = 0_u64;
        let sql = format!(
            "SELECT TABLE_SCHEMA, TABLE_NAME, COLUMN_NAME, ORDINAL_POSITION, COLUMN_TYPE, IS_NULLABLE, \
             CHARACTER_MAXIMUM_LENGTH, EXTRA, COLUMN_COMMENT FROM information_schema.COLUMNS \
             WHERE TABLE_SCHEMA NOT IN ({SYSTEM})"
        );
        for row in connection.query_iter(sql).map_err(unreadable)? {
            let row = row.map_err(unreadable)?;
            count += 1;
            if shown.elapsed() > Duration::from_secs(1) {
                progress(&format!("{count} columns read"));
                shown = Instant::now();
            }
            type Row = (String, String, String, u32, String, String, Option<u64>, String, String);
            let (database, table, name, position, ty, nullable, length, extra, comment): Row =
                mysql::from_row_opt(row).map_err(|e| unreadable(e.into()))?;
            if ty.ends_with("COMPRESSED*/") {
                catalog.compressed.push(format!("{database}.{table}.{name}"));
            }
            if let Some(table) = at(&database, &table) {
                let extra = extra.to_ascii_uppercase();
                catalog.tables[table].columns.push(Column {
                    name,
                    ty,
                    nullable: nullable.eq_ignore_ascii_case("YES"),
                    comment,
                    length,
                    is_virtual: extra.contains("VIRTUAL"),
                    invisible: extra.contains("INVISIBLE"),
                    position,
                });
            }
        }

        // STATISTICS and not KEY_COLUMN_USAGE: the latter leaves out expressions, and so makes an index on
        // (lower(a), b) look as if b alone were unique.
        let sql = format!(
            "SELECT TABLE_SCHEMA, TABLE_NAME, INDEX_NAME, SEQ_IN_INDEX, COLUMN_NAME FROM information_schema.STATISTICS \
             WHERE NON_UNIQUE = 0 AND TABLE_SCHEMA NOT IN ({SYSTEM})"
        );
        let mut parts = Vec::new();
        for row in connection.query_iter(sql).map_err(unreadable)? {
            type Row = (String, String, String, u32, Option<String>);
            let (database, table, index, position, column): Row =
                mysql::from_row_opt(row.map_err(unreadable)?).map_err(|e| unreadable(e.into()))?;
            if let Some(table) = at(&database, &table) {
                parts.push((table, index != "PRIMARY", index, position, column));
            }
        }
        parts.sort_unstable();
        for (table, _, name, _, column) in parts {
            let unique = &mut catalog.tables[table].unique;
            match unique.last_mut() {
                Some(index) if index.name == name => index.columns.push(column),
                _ => unique.push(Index { name, columns: vec![column] }),
            }
        }
        for table in &mut catalog.tables {
            table.columns.sort_unstable_by_key(|c| c.position);
        }
        catalog.compressed.sort_unstable();
        for table in &mut catalog.tables {
            order_keys(connection, table).map_err(unreadable)?;
            if counted(table) {
                table.rows = rows(connection, table).map_err(unreadable)?;
            }
        }
        progress(&format!("{count} columns read"));
        Ok(catalog)
    }
}

/// Puts unique indexes in the server's order, which `information_schema` doesn't tell, where it matters which is the first.
fn order_keys(connection: &mut mysql::Conn, table: &mut Table) -> mysql::Result<()> {
    if table.unique.len() < 2 || table.unique[0].is_primary() {
        return Ok(());
    }
    let sql = format!("SHOW INDEX FROM {} FROM {}", quote::name(&table.name), quote::name(&table.database));
    let rows: Vec<mysql::Row> = connection.query(sql)?;
    let order: Vec<String> = rows.iter().filter_map(|row| row.get("Key_name")).collect();
    table.unique.sort_by_key(|index| order.iter().position(|name| *name == index.name));
    Ok(())
}

/// About how many rows a table has, as Flink CDC asks for it: its name is a pattern, so it may take another's number.
fn rows(connection: &mut mysql::Conn, table: &Table) -> mysql::Result<u64> {
    let name = table.name.replace('\\', "\\\\").replace('\'', "\\'");
    let sql = format!("SHOW TABLE STATUS FROM {} LIKE '{name}'", quote::name(&table.database));
    let found: Vec<mysql::Row> = connection.query(sql)?;
    Ok(found.iter().filter_map(|row| row.get::<Option<u64>, _>("Rows")?).max().unwrap_or(0))
}

fn unreadable(error: mysql::Error) -> Error {
    Error::failed(format!("can't read the source's information_schema: {}", crate::source::reason(&error)))
}
