//! Statements that come in over the MySQL port.

use super::ddl::{Model, Table};
use super::information::{self, BUILT_IN};
use super::rewrite::{Names, rewrite};
use super::{
    Batch, Environment, Inner, LedgerEntry, Outcome, ResultSet, SqlError, Store, Wire, physical, wire,
};
use crate::token::{Cursor, Kind, Token, identifier, literal, tokens};
use rusqlite::types::Value;
use std::sync::{Arc, PoisonError};

type Answer = Result<Outcome, SqlError>;

/// System variables that drivers ask for, and what they are here.
const VARIABLES: [(&str, &str); 35] = [
    ("auto_increment_increment", "1"),
    ("autocommit", "1"),
    ("character_set_client", "'utf8'"),
    ("character_set_connection", "'utf8'"),
    ("character_set_database", "'utf8'"),
    ("character_set_results", "'utf8'"),
    ("character_set_server", "'utf8'"),
    ("collation_connection", "'utf8_general_ci'"),
    ("collation_database", "'utf8_general_ci'"),
    ("collation_server", "'utf8_general_ci'"),
    ("init_connect", "''"),
    ("interactive_timeout", "3600"),
    ("language", "'/starrocks/share/english/'"),
    ("license", "'Apache License 2.0'"),
    ("lower_case_table_names", "0"),
    ("max_allowed_packet", "33554432"),
    ("net_buffer_length", "16384"),
    ("net_read_timeout", "60"),
    ("net_write_timeout", "60"),
    ("performance_schema", "0"),
    ("profiling", "0"),
    ("query_cache_size", "1048576"),
    ("query_cache_type", "0"),
    ("query_timeout", "300"),
    ("socket", "NULL"),
    ("sql_auto_is_null", "0"),
    ("sql_mode", "'ONLY_FULL_GROUP_BY'"),
    ("sql_safe_updates", "0"),
    ("system_time_zone", "'UTC'"),
    ("time_zone", "'UTC'"),
    ("transaction_isolation", "'REPEATABLE-READ'"),
    ("transaction_read_only", "0"),
    ("tx_isolation", "'REPEATABLE-READ'"),
    ("tx_read_only", "0"),
    ("wait_timeout", "28800"),
];

struct Scope<'a> {
    inner: &'a Inner,
    environment: &'a Environment,
}

impl Names for Scope<'_> {
    fn table(&self, database: Option<&str>, table: &str) -> Option<String> {
        let database = database.or(self.environment.database.as_deref())?;
        if let Some(built_in) = BUILT_IN.iter().find(|b| database.eq_ignore_ascii_case(b)) {
            return Some(format!("{built_in}.{}", table.to_ascii_lowercase()));
        }
        let base = table.strip_suffix("$ledger").unwrap_or(table);
        self.inner.catalog.get(database)?.get(base)?;
        Some(format!("{database}.{table}"))
    }

    fn variable(&self, name: &str) -> Option<String> {
        match name {
            "version" => Some(literal(&self.environment.version)),
            "version_comment" => {
                Some(literal(&format!("StarRocks version {}", self.environment.current_version)))
            }
            _ => VARIABLES.iter().find(|(n, _)| *n == name).map(|(_, v)| (*v).to_owned()),
        }
    }
}

impl Store {
    /// Runs one statement for a session.
    pub fn execute(&self, sql: &str, environment: &Environment) -> Answer {
        let all = tokens(sql)?;
        let mut c = Cursor::new(&all);
        let Some(first) = c.peek() else { return Ok(Outcome::Done(0)) };
        let mut inner = self.lock();
        inner.environment.lock().unwrap_or_else(PoisonError::into_inner).clone_from(environment);
        let inner = &mut *inner;
        if first.is("SELECT") || first.is("WITH") || first.is("VALUES") || first.is_sign("(") {
            return inner.select(sql, environment).map(Outcome::Rows);
        }
        c.take();
        match &first.kind {
            Kind::Word(word) => match word.to_ascii_uppercase().as_str() {
                "CREATE" => inner.create(sql, &mut c, environment),
                "DROP" => inner.drop(&mut c, environment),
                "TRUNCATE" => {
                    c.accept("TABLE");
                    let (database, name, _) = inner.target(&mut c, environment)?;
                    let n = inner
                        .conn
                        .execute(&format!("DELETE FROM {}", identifier(&physical(&database, &name))), [])?;
                    Ok(Outcome::Done(n as u64))
                }
                "ALTER" => inner.alter(&mut c, environment),
                "INSERT" => inner.insert(sql, &mut c, environment),
                "DELETE" => inner.delete(sql, &mut c, environment),
                "SHOW" => inner.show(sql, &mut c, environment),
                "DESC" | "DESCRIBE" | "EXPLAIN" => {
                    if c.peek().is_some_and(|t| t.is("SELECT")) {
                        return Ok(Outcome::Rows(ResultSet::texts(&["Explain String"], Vec::new())));
                    }
                    let (_, _, table) = inner.target(&mut c, environment)?;
                    Ok(Outcome::Rows(describe(&table)))
                }
                "USE" => {
                    let name = c.name()?;
                    if !inner.has_database(&name) {
                        return Err(SqlError::unknown_database(&name));
                    }
                    Ok(Outcome::Use(name))
                }
                // Settings and transactions of the session change nothing here.
                "SET" | "BEGIN" | "START" | "COMMIT" | "ROLLBACK" | "ADMIN" | "KILL" | "ANALYZE"
                | "REFRESH" | "GRANT" => Ok(Outcome::Done(0)),
                other => Err(SqlError::syntax(format!("the sandbox doesn't know the statement {other}"))),
            },
            _ => Err(SqlError::syntax(format!("syntax error at {}", Cursor::new(&all).found()))),
        }
    }
}

impl Inner {
    fn has_database(&self, name: &str) -> bool {
        self.catalog.contains_key(name) || BUILT_IN.iter().any(|b| b.eq_ignore_ascii_case(name))
    }

    /// Reads the name of an existing table.
    fn target(&self, c: &mut Cursor<'_>, e: &Environment) -> Result<(String, String, Arc<Table>), SqlError> {
        let (database, name) = c.qualified()?;
        let database = database.or(e.database.clone()).ok_or_else(no_database)?;
        let tables = self.catalog.get(&database).ok_or_else(|| SqlError::unknown_database(&database))?;
        let table = tables.get(&name).cloned().ok_or_else(|| SqlError::unknown_table(&database, &name))?;
        Ok((database, name, table))
    }

    fn select(&mut self, sql: &str, e: &Environment) -> Result<ResultSet, SqlError> {
        if self.information_is_stale && sql.to_ascii_lowercase().contains("information_schema") {
            information::refresh(self)?;
            self.information_is_stale = false;
        }
        let sql = rewrite(sql, &Scope { inner: self, environment: e }).map_err(|m| {
            match m.strip_prefix("Unknown ") {
                Some(what) if what.starts_with("table") => SqlError::new(1146, "42S02", m.clone()),
                Some(_) => SqlError::new(1193, "HY000", m.clone()),
                None => SqlError::syntax(m),
            }
        })?;
        self.query(&sql)
    }

    fn query(&self, sql: &str) -> Result<ResultSet, SqlError> {
        let mut statement = self.conn.prepare(sql)?;
        let columns: Vec<(String, Option<Wire>)> =
            statement.columns().iter().map(|c| (c.name().to_owned(), c.decl_type().map(wire))).collect();
        let mut rows = Vec::new();
        let mut cursor = statement.raw_query();
        while let Some(row) = cursor.next()? {
            rows.push((0..columns.len()).map(|i| row.get::<_, Value>(i)).collect::<Result<Vec<_>, _>>()?);
        }
        let columns = columns
            .into_iter()
            .enumerate()
            .map(|(i, (name, declared))| {
                let kind = declared.unwrap_or_else(|| guess(&name, rows.iter().map(|r: &Vec<Value>| &r[i])));
                (name, kind)
            })
            .collect();
        Ok(ResultSet { columns, rows })
    }

    fn create(&mut self, sql: &str, c: &mut Cursor<'_>, e: &Environment) -> Answer {
        if c.accept("DATABASE") || c.accept("SCHEMA") {
            let quiet = c.accept("IF NOT EXISTS");
            let name = c.name()?;
            if self.has_database(&name) {
                if quiet {
                    return Ok(Outcome::Done(0));
                }
                return Err(SqlError::new(
                    1007,
                    "HY000",
                    format!("Can't create database '{name}'; database exists"),
                ));
            }
            self.conn.execute("INSERT INTO \"sandbox.catalog\" VALUES (?, NULL, NULL)", [&name])?;
            self.catalog.insert(name, Default::default());
            self.information_is_stale = true;
            return Ok(Outcome::Done(0));
        }
        if !c.accept("TABLE") && !c.accept("EXTERNAL TABLE") {
            return Err(SqlError::syntax(format!("the sandbox can't create {} ({sql})", c.found())));
        }
        let quiet = c.accept("IF NOT EXISTS");
        let (database, name) = c.qualified()?;
        let database = database.or(e.database.clone()).ok_or_else(no_database)?;
        let tables = self.catalog.get(&database).ok_or_else(|| SqlError::unknown_database(&database))?;
        if tables.contains_key(&name) {
            if quiet {
                return Ok(Outcome::Done(0));
            }
            return Err(SqlError::new(1050, "42S01", format!("Table '{name}' already exists")));
        }
        let table = Table::parse(c)?;
        let columns: Vec<String> = table.columns.iter().map(Table::sqlite_column).collect();
        let key = if table.model == Model::Duplicate {
            String::new()
        } else {
            let keys: Vec<String> = table.keys.iter().map(|k| identifier(k)).collect();
            format!(", PRIMARY KEY ({})", keys.join(", "))
        };
        let target = identifier(&physical(&database, &name));
        self.conn.execute_batch(&format!(
            "CREATE TABLE {target} ({}, \"#txn\" BIGINT{key})",
            columns.join(", ")
        ))?;
        self.register(&database, &name, table)?;
        Ok(Outcome::Done(0))
    }

    /// Puts a new or changed table into the catalog and lays its views.
    fn register(&mut self, database: &str, name: &str, table: Table) -> Result<(), SqlError> {
        self.drop_views(database, name)?;
        let target = identifier(&physical(database, name));
        let columns: Vec<String> = table.columns.iter().map(|c| identifier(&c.name)).collect();
        let columns = columns.join(", ");
        let qualified: Vec<String> =
            table.columns.iter().map(|c| format!("r.{}", identifier(&c.name))).collect();
        self.conn.execute_batch(&format!(
            "CREATE VIEW {view} AS SELECT {columns} FROM {target}; CREATE VIEW {ledger} AS SELECT \
             l.label AS _label, r.\"#txn\" AS _txn_id, l.be AS _be, l.request_no AS _request_no, {} \
             FROM {target} r LEFT JOIN \"sandbox.ledger\" l ON l.txn_id = r.\"#txn\" AND l.tbl = {tbl} AND l.db = {db}",
            qualified.join(", "),
            view = identifier(&format!("{database}.{name}")),
            ledger = identifier(&format!("{database}.{name}$ledger")),
            tbl = literal(name),
            db = literal(database),
        ))?;
        self.conn.execute(
            "INSERT OR REPLACE INTO \"sandbox.catalog\" VALUES (?, ?, ?)",
            [database, name, &table.create_statement(name)],
        )?;
        self.catalog.entry(database.to_owned()).or_default().insert(name.to_owned(), Arc::new(table));
        self.information_is_stale = true;
        Ok(())
    }

    fn drop_views(&self, database: &str, name: &str) -> Result<(), SqlError> {
        self.conn.execute_batch(&format!(
            "DROP VIEW IF EXISTS {}; DROP VIEW IF EXISTS {};",
            identifier(&format!("{database}.{name}")),
            identifier(&format!("{database}.{name}$ledger"))
        ))?;
        Ok(())
    }

    fn drop(&mut self, c: &mut Cursor<'_>, e: &Environment) -> Answer {
        if c.accept("DATABASE") || c.accept("SCHEMA") {
            let quiet = c.accept("IF EXISTS");
            let name = c.name()?;
            let Some(tables) = self.catalog.get(&name) else {
                return if quiet { Ok(Outcome::Done(0)) } else { Err(SqlError::unknown_database(&name)) };
            };
            for table in tables.keys().cloned().collect::<Vec<_>>() {
                self.drop_table(&name, &table)?;
            }
            self.conn.execute("DELETE FROM \"sandbox.catalog\" WHERE db = ?", [&name])?;
            self.catalog.remove(&name);
            self.information_is_stale = true;
            return Ok(Outcome::Dropped(name));
        }
        if !c.accept("TABLE") {
            return Err(SqlError::syntax(format!("the sandbox can't drop {}", c.found())));
        }
        let quiet = c.accept("IF EXISTS");
        match self.target(c, e) {
            Ok((database, name, _)) => self.drop_table(&database, &name).map(|()| Outcome::Done(0)),
            Err(_) if quiet => Ok(Outcome::Done(0)),
            Err(error) => Err(error),
        }
    }

    fn drop_table(&mut self, database: &str, name: &str) -> Result<(), SqlError> {
        self.drop_views(database, name)?;
        self.conn.execute_batch(&format!("DROP TABLE {}", identifier(&physical(database, name))))?;
        self.conn.execute("DELETE FROM \"sandbox.catalog\" WHERE db = ? AND tbl = ?", [database, name])?;
        if let Some(tables) = self.catalog.get_mut(database) {
            tables.remove(name);
        }
        self.information_is_stale = true;
        Ok(())
    }

    fn alter(&mut self, c: &mut Cursor<'_>, e: &Environment) -> Answer {
        if !c.accept("TABLE") {
            return Err(SqlError::syntax(format!("the sandbox can't alter {}", c.found())));
        }
        let (database, name, table) = self.target(c, e)?;
        let mut table = Table::clone(&table);
        let target = identifier(&physical(&database, &name));
        loop {
            if c.accept("ADD COLUMN") {
                let (column, _) = Table::column_definition(c)?;
                if table.column(&column.name).is_some() {
                    return Err(SqlError::new(
                        1060,
                        "42S21",
                        format!("Duplicate column name '{}'", column.name),
                    ));
                }
                let at = if c.accept("FIRST") {
                    0
                } else if c.accept("AFTER") {
                    let other = c.name()?;
                    1 + table.column(&other).ok_or_else(|| format!("Column[{other}] does not exist"))?.0
                } else {
                    table.columns.len()
                };
                self.drop_views(&database, &name)?;
                self.conn.execute_batch(&format!(
                    "ALTER TABLE {target} ADD COLUMN {}",
                    Table::sqlite_column(&column)
                ))?;
                if let Some(default) = &column.default {
                    let value = default_value(&column, default)?;
                    self.conn
                        .execute(&format!("UPDATE {target} SET {} = ?", identifier(&column.name)), [value])?;
                }
                table.columns.insert(at, column);
            } else if c.accept("DROP COLUMN") {
                let column = c.name()?;
                let at = table.column(&column).ok_or_else(|| format!("Column does not exists: {column}"))?.0;
                if table.is_key(&column) && table.model != Model::Duplicate {
                    return Err(SqlError::syntax(format!("Can not drop key column {column}")));
                }
                self.drop_views(&database, &name)?;
                self.conn
                    .execute_batch(&format!("ALTER TABLE {target} DROP COLUMN {}", identifier(&column)))?;
                table.columns.remove(at);
                table.keys.retain(|k| !k.eq_ignore_ascii_case(&column));
            } else {
                return Err(SqlError::syntax(format!("the sandbox can't alter a table by {}", c.found())));
            }
            if !c.accept_sign(",") {
                break;
            }
        }
        self.register(&database, &name, table)?;
        Ok(Outcome::Done(0))
    }

    /// `INSERT INTO t [(columns)] VALUES ... | SELECT ...`: the rows are converted as those of a strict load are.
    fn insert(&mut self, sql: &str, c: &mut Cursor<'_>, e: &Environment) -> Answer {
        if !c.accept("INTO") {
            return Err(SqlError::syntax(format!("expected INTO, found {}", c.found())));
        }
        let (database, name, table) = self.target(c, e)?;
        let columns: Vec<String> = if c.accept_sign("(") {
            let mut columns = Vec::new();
            loop {
                columns.push(c.name()?);
                if !c.accept_sign(",") {
                    break;
                }
            }
            c.expect_sign(")")?;
            columns
        } else {
            table.columns.iter().map(|c| c.name.clone()).collect()
        };
        let source = c.peek().map_or("", |t| &sql[t.start..]);
        let given = self.select(source, e)?;
        let mut batch =
            Batch { columns: table.columns.iter().map(|c| c.name.clone()).collect(), ..Batch::default() };
        for (line, row) in given.rows.into_iter().enumerate() {
            if row.len() != columns.len() {
                return Err(SqlError::syntax(format!(
                    "row {}: {} values for {} columns",
                    line + 1,
                    row.len(),
                    columns.len()
                )));
            }
            let mut out = Vec::with_capacity(table.columns.len());
            for column in &table.columns {
                let at = columns.iter().position(|n| n.eq_ignore_ascii_case(&column.name));
                let value = match (at.map(|at| &row[at]), &column.default) {
                    (Some(Value::Null), _) | (None, None) => Value::Null,
                    (Some(Value::Blob(bytes)), _) => Value::Blob(bytes.clone()),
                    (Some(value), _) => {
                        let text = super::display(value, Wire::Double).unwrap_or_default();
                        let text = String::from_utf8_lossy(&text);
                        crate::convert::from_text(&column.ty, &text)
                            .map_err(|why| format!("row {}, column {}: {}", line + 1, column.name, why.0))?
                    }
                    (None, Some(default)) => default_value(column, default)?,
                };
                if value == Value::Null && !column.nullable {
                    return Err(SqlError::syntax(format!(
                        "row {}: NULL value in non-nullable column '{}'",
                        line + 1,
                        column.name
                    )));
                }
                out.push(value);
            }
            batch.rows.push(out);
        }
        let entry = LedgerEntry {
            database,
            table: name,
            label: format!("insert_{}", e.connection),
            // Inserts have no transaction of the label table; the ledger knows them as 0.
            transaction: 0,
            state: "VISIBLE".to_owned(),
            rows: batch.rows.len() as u64,
            begun: crate::clock::millis(),
            ..LedgerEntry::default()
        };
        let tx = self.conn.transaction()?;
        super::insert(&tx, &table, &batch, &entry)?;
        tx.commit()?;
        Ok(Outcome::Done(entry.rows))
    }

    fn delete(&mut self, sql: &str, c: &mut Cursor<'_>, e: &Environment) -> Answer {
        if !c.accept("FROM") {
            return Err(SqlError::syntax(format!("expected FROM, found {}", c.found())));
        }
        let (database, name, _) = self.target(c, e)?;
        if !c.accept("WHERE") {
            return Err(SqlError::syntax("Where clause is not set"));
        }
        let condition = c.peek().map_or("", |t| &sql[t.start..]);
        let condition = rewrite(condition, &Scope { inner: self, environment: e })?;
        let target = identifier(&physical(&database, &name));
        let n = self.conn.execute(&format!("DELETE FROM {target} WHERE {condition}"), [])?;
        Ok(Outcome::Done(n as u64))
    }

    fn show(&mut self, sql: &str, c: &mut Cursor<'_>, e: &Environment) -> Answer {
        c.accept("FULL");
        c.accept("GLOBAL");
        c.accept("SESSION");
        let rows = if c.accept("DATABASES") || c.accept("SCHEMAS") {
            let names = self.catalog.keys().map(String::as_str).chain(["information_schema"]);
            let rows = names.filter(|n| like(c, n)).map(|n| vec![n.to_owned()]).collect();
            ResultSet::texts(&["Database"], rows)
        } else if c.accept("TABLES") {
            let database = if c.accept("FROM") || c.accept("IN") {
                c.name()?
            } else {
                e.database.clone().ok_or_else(no_database)?
            };
            let tables = self.catalog.get(&database).ok_or_else(|| SqlError::unknown_database(&database))?;
            let rows = tables.keys().filter(|n| like(c, n)).map(|n| vec![n.clone()]).collect();
            ResultSet::texts(&[&format!("Tables_in_{database}")], rows)
        } else if c.accept("CREATE TABLE") {
            let (_, name, table) = self.target(c, e)?;
            ResultSet::texts(
                &["Table", "Create Table"],
                vec![vec![name.clone(), table.create_statement(&name)]],
            )
        } else if c.accept("CREATE DATABASE") {
            let name = c.name()?;
            if !self.has_database(&name) {
                return Err(SqlError::unknown_database(&name));
            }
            ResultSet::texts(
                &["Database", "Create Database"],
                vec![vec![name.clone(), format!("CREATE DATABASE `{name}`")]],
            )
        } else if c.accept("COLUMNS") || c.accept("FIELDS") {
            if !c.accept("FROM") && !c.accept("IN") {
                return Err(SqlError::syntax(format!("expected FROM, found {}", c.found())));
            }
            let (_, _, table) = self.target(c, e)?;
            describe(&table)
        } else if c.accept("VARIABLES") {
            self.show_variables(sql, c, e)?
        } else if c.accept("WARNINGS") || c.accept("ERRORS") {
            ResultSet::texts(&["Level", "Code", "Message"], Vec::new())
        } else if c.accept("ALTER TABLE") {
            ResultSet::texts(&["JobId", "TableName", "CreateTime", "FinishTime", "State", "Msg"], Vec::new())
        } else if [
            "COLLATION",
            "CHARACTER",
            "CHARSET",
            "ENGINES",
            "PLUGINS",
            "STATUS",
            "PROCESSLIST",
            "INDEX",
            "KEYS",
        ]
        .iter()
        .any(|w| c.accept(w))
        {
            ResultSet::texts(&["Name", "Value"], Vec::new())
        } else {
            return Err(SqlError::syntax(format!("the sandbox can't show {}", c.found())));
        };
        Ok(Outcome::Rows(rows))
    }

    fn show_variables(&self, sql: &str, c: &Cursor<'_>, e: &Environment) -> Result<ResultSet, SqlError> {
        let scope = Scope { inner: self, environment: e };
        let mut all: Vec<(String, String)> =
            VARIABLES.iter().map(|(n, v)| ((*n).to_owned(), v.trim_matches('\'').to_owned())).collect();
        for name in ["version", "version_comment"] {
            let value = scope.variable(name).unwrap_or_default();
            all.push((name.to_owned(), value.trim_matches('\'').to_owned()));
        }
        // `WHERE Variable_name = 'a' OR Variable_name IN ('b')` and `LIKE 'x%'`: SQLite decides.
        let rest = c.peek().map_or("", |t| &sql[t.start..]);
        let rest = if rest.to_ascii_uppercase().starts_with("LIKE") {
            format!("WHERE Variable_name {rest}")
        } else {
            rest.to_owned()
        };
        let rows: Vec<String> =
            all.iter().map(|(n, v)| format!("({}, {})", literal(n), literal(v))).collect();
        let rest = rewrite(rest.trim_end_matches(';'), &scope)?;
        self.query(&format!(
            "WITH v(Variable_name, Value) AS (VALUES {}) SELECT Variable_name, Value FROM v {rest}",
            rows.join(", ")
        ))
    }
}

/// Whether the `LIKE` that comes next, if one does, fits `name`.
fn like(c: &Cursor<'_>, name: &str) -> bool {
    let mut c = Cursor::new_at(c);
    if !c.accept("LIKE") {
        return true;
    }
    let Some(Token { kind: Kind::Text(pattern), .. }) = c.peek() else { return true };
    let mut regex = String::from("(?is)^");
    let mut chars = pattern.chars();
    while let Some(ch) = chars.next() {
        match ch {
            '%' => regex.push_str(".*"),
            '_' => regex.push('.'),
            '\\' => regex.push_str(&regex::escape(&chars.next().unwrap_or('\\').to_string())),
            other => regex.push_str(&regex::escape(&other.to_string())),
        }
    }
    regex.push('$');
    regex::Regex::new(&regex).is_ok_and(|r| r.is_match(name))
}

fn no_database() -> SqlError {
    SqlError::new(1046, "3D000", "No database selected")
}

/// A column's default as a value.
pub fn default_value(column: &super::ddl::Column, default: &str) -> Result<Value, String> {
    let text =
        if default == "current_timestamp" { crate::clock::date_time_now() } else { default.to_owned() };
    crate::convert::from_text(&column.ty, &text)
        .map_err(|e| format!("default of column {}: {}", column.name, e.0))
}

fn describe(table: &Table) -> ResultSet {
    let rows = table
        .columns
        .iter()
        .map(|c| {
            vec![
                Value::Text(c.name.clone()),
                Value::Text(c.ty.ddl().to_lowercase()),
                Value::Text(if c.nullable { "YES" } else { "NO" }.to_owned()),
                Value::Text(table.is_key(&c.name).to_string()),
                c.default.clone().map_or(Value::Null, Value::Text),
                Value::Text(String::new()),
            ]
        })
        .collect();
    let columns = ["Field", "Type", "Null", "Key", "Default", "Extra"];
    ResultSet { columns: columns.iter().map(|n| ((*n).to_owned(), Wire::Text)).collect(), rows }
}

/// The kind of an expression's column, by the values it gave.
fn guess<'a>(name: &str, values: impl Iterator<Item = &'a Value>) -> Wire {
    let lower = name.to_ascii_lowercase();
    let aggregate = lower.starts_with("sum(") || lower.starts_with("avg(");
    let mut kind = None;
    for value in values {
        let next = match value {
            Value::Null => continue,
            Value::Integer(_) => Wire::LongLong,
            Value::Real(_) => Wire::Double,
            Value::Text(text) if aggregate => {
                Wire::Decimal(text.split_once('.').map_or(0, |(_, fraction)| fraction.len() as u8))
            }
            Value::Text(_) => Wire::Text,
            Value::Blob(_) => Wire::Blob,
        };
        kind = Some(match (kind, next) {
            (None, next) => next,
            (Some(a), b) if a == b => a,
            (Some(Wire::LongLong), Wire::Double) | (Some(Wire::Double), Wire::LongLong) => Wire::Double,
            _ => Wire::Text,
        });
    }
    kind.unwrap_or(Wire::Text)
}
