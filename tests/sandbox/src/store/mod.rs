//! Databases, tables and rows, kept in one SQLite database.
//!
//! A table `d.t` is the SQLite table `d.t#`, whose last column holds the transaction that wrote the row. Two views
//! lie over it: `d.t` with the table's own columns, and `d.t$ledger` with the load of each row beside it.

pub mod ddl;
pub mod eval;
mod functions;
mod information;
pub mod prepared;
mod rewrite;
pub mod statements;

use crate::token::{Cursor, identifier, tokens};
use crate::types::Type;
use ddl::{Model, Table};
pub use functions::Environment;
use prepared::Prepared;
use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// An error as the MySQL protocol carries it.
#[derive(Debug, Clone, PartialEq)]
pub struct SqlError {
    /// MySQL's error number.
    pub code: u16,
    /// SQL state, five characters.
    pub state: &'static str,
    /// What went wrong.
    pub message: String,
}

impl SqlError {
    fn new(code: u16, state: &'static str, message: impl Into<String>) -> Self {
        Self { code, state, message: message.into() }
    }

    /// A statement that can't be read.
    pub fn syntax(message: impl Into<String>) -> Self {
        Self::new(1064, "42000", message)
    }

    fn unknown_database(name: &str) -> Self {
        Self::new(1049, "42000", format!("Unknown database '{name}'"))
    }

    fn unknown_table(database: &str, table: &str) -> Self {
        Self::new(1146, "42S02", format!("Unknown table '{database}.{table}'"))
    }
}

impl From<rusqlite::Error> for SqlError {
    fn from(e: rusqlite::Error) -> Self {
        let message = e.to_string();
        if let Some(table) = message.split("no such table: ").nth(1) {
            return Self::new(1146, "42S02", format!("Unknown table '{table}'"));
        }
        if let Some(column) = message.split("no such column: ").nth(1) {
            return Self::new(1054, "42S22", format!("Column '{column}' cannot be resolved"));
        }
        Self::syntax(message)
    }
}

impl From<String> for SqlError {
    fn from(message: String) -> Self {
        Self::syntax(message)
    }
}

/// How a result column goes over the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wire {
    /// TINY
    Tiny,
    /// SHORT
    Short,
    /// LONG
    Long,
    /// LONGLONG
    LongLong,
    /// LONGLONG with the unsigned flag
    UnsignedLongLong,
    /// FLOAT
    Float,
    /// DOUBLE
    Double,
    /// NEWDECIMAL with this many digits after the point
    Decimal(u8),
    /// DATE
    Date,
    /// DATETIME
    DateTime,
    /// VAR_STRING
    Text,
    /// BLOB
    Blob,
}

/// A result set.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ResultSet {
    /// Names and kinds of the columns.
    pub columns: Vec<(String, Wire)>,
    /// The rows.
    pub rows: Vec<Vec<Value>>,
}

impl ResultSet {
    fn texts(names: &[&str], rows: Vec<Vec<String>>) -> Self {
        Self {
            columns: names.iter().map(|n| ((*n).to_owned(), Wire::Text)).collect(),
            rows: rows.into_iter().map(|r| r.into_iter().map(Value::Text).collect()).collect(),
        }
    }
}

/// What a statement gives.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// Nothing but the number of rows touched.
    Done(u64),
    /// Rows.
    Rows(ResultSet),
    /// The session's database is now this one.
    Use(String),
    /// This database is gone.
    Dropped(String),
}

/// What the ledger says about a load.
#[derive(Debug, Clone, Default)]
pub struct LedgerEntry {
    /// Database.
    pub database: String,
    /// Table.
    pub table: String,
    /// Label.
    pub label: String,
    /// Transaction.
    pub transaction: i64,
    /// Final state of the transaction.
    pub state: String,
    /// Why it was aborted.
    pub reason: String,
    /// Rows loaded.
    pub rows: u64,
    /// Rows filtered out.
    pub filtered: u64,
    /// Rows that `where` left out.
    pub unselected: u64,
    /// Bytes of the body.
    pub bytes: u64,
    /// Port of the BE.
    pub be: u16,
    /// Number of the request in the server's log.
    pub request: u64,
    /// When the transaction began, in milliseconds since 1970.
    pub begun: i64,
}

/// A load that ended before the server was started.
#[derive(Debug, Clone)]
pub struct Finished {
    /// Database.
    pub database: String,
    /// Table.
    pub table: String,
    /// Label.
    pub label: String,
    /// Transaction.
    pub transaction: i64,
    /// Whether it was committed; else it was aborted.
    pub visible: bool,
    /// Why it was aborted.
    pub reason: String,
    /// When, in milliseconds since 1970.
    pub ended: i64,
}

/// The rows of a load.
#[derive(Debug, Clone, Default)]
pub struct Batch {
    /// Names of the columns that the rows give.
    pub columns: Vec<String>,
    /// The rows.
    pub rows: Vec<Vec<Value>>,
    /// For each row whether it deletes its key; empty if none does.
    pub deletes: Vec<bool>,
}

/// Database; table and its statement, which a database's own row lacks.
type CatalogRow = (String, Option<String>, Option<String>);

type Catalog = BTreeMap<String, BTreeMap<String, Arc<Table>>>;

struct Inner {
    conn: Connection,
    catalog: Catalog,
    environment: Arc<Mutex<Environment>>,
    information_is_stale: bool,
    /// By transaction.
    prepared: BTreeMap<i64, Prepared>,
    /// Whether the data outlasts the process.
    outlasts: bool,
}

/// All data of the server. Calls are serialized by a lock, so that each sees whole loads only.
pub struct Store {
    inner: Mutex<Inner>,
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Store")
    }
}

impl Store {
    /// Opens the data in `folder`, or keeps it in memory.
    pub fn open(folder: Option<&Path>) -> Result<Self, String> {
        let say = |e: rusqlite::Error| format!("can't open the SQLite database: {e}");
        let conn = match folder {
            Some(folder) => {
                std::fs::create_dir_all(folder)
                    .map_err(|e| format!("can't make {}: {e}", folder.display()))?;
                Connection::open(folder.join("sandbox.sqlite")).map_err(say)?
            }
            None => Connection::open_in_memory().map_err(say)?,
        };
        // A crash of the machine may lose data: it is a sandbox.
        conn.execute_batch(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF; PRAGMA temp_store = MEMORY;",
        )
        .map_err(say)?;
        conn.set_prepared_statement_cache_capacity(64);
        let environment = Arc::default();
        functions::register(&conn, &environment).map_err(say)?;
        conn.execute_batch(information::SCHEMA).map_err(say)?;
        conn.execute_batch(prepared::SCHEMA).map_err(say)?;
        let catalog = load_catalog(&conn)?;
        let prepared = prepared::load(&conn).map_err(say)?;
        let inner = Inner {
            conn,
            catalog,
            environment,
            information_is_stale: true,
            prepared: prepared.into_iter().map(|p| (p.entry.transaction, p)).collect(),
            outlasts: folder.is_some(),
        };
        Ok(Self { inner: Mutex::new(inner) })
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The table, or the server's message that there is none.
    pub fn table(&self, database: &str, table: &str) -> Result<Arc<Table>, String> {
        let inner = self.lock();
        let tables =
            inner.catalog.get(database).ok_or_else(|| format!("unknown database, database={database}"))?;
        tables.get(table).cloned().ok_or_else(|| format!("unknown table \"{database}.{table}\""))
    }

    /// Whether there is such a database.
    pub fn has_database(&self, database: &str) -> bool {
        self.lock().catalog.contains_key(database)
    }

    /// The first transaction id that neither the ledger nor a prepared transaction has.
    pub fn next_transaction(&self) -> i64 {
        let inner = self.lock();
        let last = inner
            .conn
            .query_row("SELECT max(txn_id) FROM \"sandbox.ledger\"", [], |r| r.get::<_, Option<i64>>(0));
        let prepared = inner.prepared.keys().next_back().copied();
        last.ok().flatten().max(prepared).map_or(1, |n| n + 1)
    }

    /// The loads that the ledger knows to have ended, oldest first, at most `limit`: what a server remembers of
    /// its labels after a restart.
    pub fn finished(&self, limit: usize) -> Result<Vec<Finished>, String> {
        let inner = self.lock();
        let read = || -> rusqlite::Result<Vec<Finished>> {
            let mut statement = inner.conn.prepare(
                "SELECT * FROM (SELECT db, tbl, label, txn_id, state = 'VISIBLE', reason, end_ms FROM \
                 \"sandbox.ledger\" ORDER BY seq DESC LIMIT ?) ORDER BY end_ms",
            )?;
            let rows = statement.query_map([limit as i64], |r| {
                Ok(Finished {
                    database: r.get(0)?,
                    table: r.get(1)?,
                    label: r.get(2)?,
                    transaction: r.get(3)?,
                    visible: r.get(4)?,
                    reason: r.get(5)?,
                    ended: r.get(6)?,
                })
            })?;
            rows.collect()
        };
        read().map_err(|e| format!("can't read the ledger: {e}"))
    }

    /// Notes a load that ended without rows: aborted, or its rows only counted.
    pub fn note(&self, entry: &LedgerEntry) -> Result<(), String> {
        write_ledger(&self.lock().conn, entry).map_err(|e| e.to_string())
    }

    /// Writes all rows of a load and its ledger entry at once, so that nobody sees a part of them.
    pub fn commit(&self, batch: &Batch, entry: &LedgerEntry) -> Result<(), String> {
        let mut inner = self.lock();
        let table = inner.catalog.get(&entry.database).and_then(|db| db.get(&entry.table)).cloned();
        let table = table.ok_or_else(|| format!("unknown table \"{}.{}\"", entry.database, entry.table))?;
        let tx = inner.conn.transaction().map_err(|e| e.to_string())?;
        insert(&tx, &table, batch, entry).map_err(|e| e.to_string())?;
        write_ledger(&tx, entry).map_err(|e| e.to_string())?;
        tx.commit().map_err(|e| e.to_string())
    }
}

/// The name of the SQLite table behind a table.
fn physical(database: &str, table: &str) -> String {
    format!("{database}.{table}#")
}

fn load_catalog(conn: &Connection) -> Result<Catalog, String> {
    let mut catalog = Catalog::new();
    let read = || -> rusqlite::Result<Vec<CatalogRow>> {
        let mut statement =
            conn.prepare("SELECT db, tbl, ddl FROM \"sandbox.catalog\" ORDER BY tbl IS NOT NULL")?;
        let rows = statement.query_map([], |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?)))?;
        rows.collect()
    };
    for (database, table, sql) in read().map_err(|e| e.to_string())? {
        let tables = catalog.entry(database).or_default();
        if let (Some(name), Some(sql)) = (table, sql) {
            let all = tokens(&sql)?;
            let mut c = Cursor::new(&all);
            c.accept("CREATE TABLE");
            c.qualified()?;
            tables.insert(name, Arc::new(Table::parse(&mut c)?));
        }
    }
    Ok(catalog)
}

fn insert(conn: &Connection, table: &Table, batch: &Batch, entry: &LedgerEntry) -> rusqlite::Result<()> {
    let target = identifier(&physical(&entry.database, &entry.table));
    let names: Vec<String> = batch.columns.iter().map(|c| identifier(c)).collect();
    let marks = vec!["?"; names.len() + 1].join(", ");
    let mut sql = format!("INSERT INTO {target} ({}, \"#txn\") VALUES ({marks})", names.join(", "));
    let keys: Vec<&String> = table.keys.iter().collect();
    if table.model != Model::Duplicate {
        let key_list: Vec<String> = keys.iter().map(|k| identifier(k)).collect();
        let updates: Vec<String> = batch
            .columns
            .iter()
            .filter(|c| !table.is_key(c))
            .map(|c| identifier(c))
            .chain(["\"#txn\"".to_owned()])
            .map(|c| format!("{c} = excluded.{c}"))
            .collect();
        sql += &format!(" ON CONFLICT ({}) DO UPDATE SET {}", key_list.join(", "), updates.join(", "));
    }
    let mut upsert = conn.prepare_cached(&sql)?;
    let key_positions: Vec<usize> =
        keys.iter().filter_map(|k| batch.columns.iter().position(|c| c.eq_ignore_ascii_case(k))).collect();
    let conditions: Vec<String> = keys.iter().map(|k| format!("{} = ?", identifier(k))).collect();
    let mut delete =
        conn.prepare_cached(&format!("DELETE FROM {target} WHERE {}", conditions.join(" AND ")))?;
    let transaction = Value::Integer(entry.transaction);
    for (i, row) in batch.rows.iter().enumerate() {
        if batch.deletes.get(i).copied().unwrap_or(false) {
            delete.execute(params_from_iter(key_positions.iter().map(|p| &row[*p])))?;
        } else {
            upsert.execute(params_from_iter(row.iter().chain([&transaction])))?;
        }
    }
    Ok(())
}

fn write_ledger(conn: &Connection, e: &LedgerEntry) -> rusqlite::Result<()> {
    let mut statement = conn.prepare_cached(
        "INSERT INTO \"sandbox.ledger\" (db, tbl, label, txn_id, state, reason, \"rows\", filtered, unselected, bytes, \
         be, request_no, begin_ms, end_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    )?;
    statement.execute(rusqlite::params![
        e.database,
        e.table,
        e.label,
        e.transaction,
        e.state,
        e.reason,
        e.rows as i64,
        e.filtered as i64,
        e.unselected as i64,
        e.bytes as i64,
        e.be,
        e.request as i64,
        e.begun,
        crate::clock::millis(),
    ])?;
    prepared::forget(conn, e.transaction)
}

/// How a column goes over the wire, by the declared type that SQLite reports.
fn wire(declared: &str) -> Wire {
    let base = declared.split('(').next().unwrap_or_default();
    match base {
        "BOOLEAN" | "TINYINT" => Wire::Tiny,
        "SMALLINT" => Wire::Short,
        "INT" => Wire::Long,
        "BIGINT" => Wire::LongLong,
        "FLOAT" => Wire::Float,
        "DOUBLE" => Wire::Double,
        "DECIMAL_TEXT" => {
            let scale = declared.split(',').nth(1).and_then(|s| s.trim_end_matches(')').trim().parse().ok());
            Wire::Decimal(scale.unwrap_or(0))
        }
        "DATE_TEXT" => Wire::Date,
        "DATETIME_TEXT" => Wire::DateTime,
        "BYTES_BLOB" => Wire::Blob,
        _ => Wire::Text,
    }
}

/// Text of a value as the server prints it.
pub fn display(value: &Value, wire: Wire) -> Option<Vec<u8>> {
    Some(match value {
        Value::Null => return None,
        Value::Integer(n) => n.to_string().into_bytes(),
        Value::Real(n) => {
            let ty = if wire == Wire::Float { Type::Float } else { Type::Double };
            crate::convert::float_text(&ty, *n).into_bytes()
        }
        Value::Text(text) => text.clone().into_bytes(),
        Value::Blob(bytes) => bytes.clone(),
    })
}
