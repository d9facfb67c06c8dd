//! `information_schema` and the sandbox's own tables.

use super::Inner;
use super::ddl::Table;
use rusqlite::params;

/// Tables that are always there. `COLUMN_SIZE`, `ORDINAL_POSITION` and the like are signed BIGINTs, as clients
/// expect them.
pub const SCHEMA: &str = r#"
CREATE TABLE IF NOT EXISTS "sandbox.catalog" (db VARCHAR, tbl VARCHAR, ddl VARCHAR, UNIQUE (db, tbl));
CREATE TABLE IF NOT EXISTS "sandbox.ledger" (
  seq INTEGER PRIMARY KEY, db VARCHAR, tbl VARCHAR, label VARCHAR, txn_id BIGINT, state VARCHAR, reason VARCHAR,
  "rows" BIGINT, filtered BIGINT, unselected BIGINT, bytes BIGINT, be INT, request_no BIGINT, begin_ms BIGINT,
  end_ms BIGINT);
CREATE INDEX IF NOT EXISTS "sandbox.ledger.txn" ON "sandbox.ledger" (txn_id);
DROP TABLE IF EXISTS "information_schema.columns";
CREATE TABLE "information_schema.columns" (
  TABLE_CATALOG VARCHAR, TABLE_SCHEMA VARCHAR, TABLE_NAME VARCHAR, COLUMN_NAME VARCHAR, ORDINAL_POSITION BIGINT,
  COLUMN_DEFAULT VARCHAR, IS_NULLABLE VARCHAR, DATA_TYPE VARCHAR, CHARACTER_MAXIMUM_LENGTH BIGINT,
  CHARACTER_OCTET_LENGTH BIGINT, NUMERIC_PRECISION BIGINT, NUMERIC_SCALE BIGINT, DATETIME_PRECISION BIGINT,
  CHARACTER_SET_NAME VARCHAR, COLLATION_NAME VARCHAR, COLUMN_TYPE VARCHAR, COLUMN_KEY VARCHAR, EXTRA VARCHAR,
  PRIVILEGES VARCHAR, COLUMN_COMMENT VARCHAR, COLUMN_SIZE BIGINT, DECIMAL_DIGITS BIGINT,
  GENERATION_EXPRESSION VARCHAR, SRS_ID BIGINT);
DROP TABLE IF EXISTS "information_schema.tables";
CREATE TABLE "information_schema.tables" (
  TABLE_CATALOG VARCHAR, TABLE_SCHEMA VARCHAR, TABLE_NAME VARCHAR, TABLE_TYPE VARCHAR, ENGINE VARCHAR,
  VERSION BIGINT, ROW_FORMAT VARCHAR, TABLE_ROWS BIGINT, CREATE_TIME VARCHAR, TABLE_COLLATION VARCHAR,
  TABLE_COMMENT VARCHAR);
DROP TABLE IF EXISTS "information_schema.schemata";
CREATE TABLE "information_schema.schemata" (
  CATALOG_NAME VARCHAR, SCHEMA_NAME VARCHAR, DEFAULT_CHARACTER_SET_NAME VARCHAR, DEFAULT_COLLATION_NAME VARCHAR,
  SQL_PATH VARCHAR);
DROP TABLE IF EXISTS "information_schema.tables_config";
CREATE TABLE "information_schema.tables_config" (
  TABLE_SCHEMA VARCHAR, TABLE_NAME VARCHAR, TABLE_ENGINE VARCHAR, TABLE_MODEL VARCHAR, PRIMARY_KEY VARCHAR,
  PARTITION_KEY VARCHAR, DISTRIBUTE_KEY VARCHAR, DISTRIBUTE_TYPE VARCHAR, DISTRIBUTE_BUCKET BIGINT,
  SORT_KEY VARCHAR, PROPERTIES VARCHAR);
"#;

/// Names of the built-in databases.
pub const BUILT_IN: [&str; 2] = ["information_schema", "sandbox"];

/// Fills `information_schema` from the catalog.
pub fn refresh(inner: &Inner) -> rusqlite::Result<()> {
    let conn = &inner.conn;
    conn.execute_batch(
        "BEGIN; DELETE FROM \"information_schema.columns\"; DELETE FROM \"information_schema.tables\"; \
         DELETE FROM \"information_schema.schemata\"; DELETE FROM \"information_schema.tables_config\";",
    )?;
    let filled = fill(inner);
    conn.execute_batch(if filled.is_ok() { "COMMIT" } else { "ROLLBACK" })?;
    filled
}

fn fill(inner: &Inner) -> rusqlite::Result<()> {
    let conn = &inner.conn;
    for database in inner.catalog.keys().map(String::as_str).chain(BUILT_IN) {
        conn.execute(
            "INSERT INTO \"information_schema.schemata\" VALUES ('def', ?, 'utf8', 'utf8_general_ci', NULL)",
            [database],
        )?;
    }
    for (database, tables) in &inner.catalog {
        for (name, table) in tables {
            conn.execute(
                "INSERT INTO \"information_schema.tables\" VALUES ('def', ?, ?, 'BASE TABLE', 'StarRocks', NULL, \
                 NULL, NULL, NULL, 'utf8_general_ci', ?)",
                [database, name, &table.comment],
            )?;
            config(inner, database, name, table)?;
            columns(inner, database, name, table)?;
        }
    }
    Ok(())
}

fn config(inner: &Inner, database: &str, name: &str, table: &Table) -> rusqlite::Result<()> {
    let list = |names: &[String]| names.iter().map(|n| format!("`{n}`")).collect::<Vec<_>>().join(", ");
    let keys = list(&table.keys);
    let distribution = list(&table.distribution);
    let properties: serde_json::Map<String, serde_json::Value> =
        table.properties.iter().map(|(k, v)| (k.clone(), v.as_str().into())).collect();
    inner.conn.execute(
        "INSERT INTO \"information_schema.tables_config\" VALUES (?, ?, 'OLAP', ?, ?, '', ?, ?, ?, ?, ?)",
        params![
            database,
            name,
            table.model.config_name(),
            keys,
            distribution,
            if table.distribution.is_empty() { "RANDOM" } else { "HASH" },
            table.buckets.unwrap_or(1),
            if table.sort_keys.is_empty() { keys.clone() } else { list(&table.sort_keys) },
            serde_json::Value::from(properties).to_string(),
        ],
    )?;
    Ok(())
}

fn columns(inner: &Inner, database: &str, name: &str, table: &Table) -> rusqlite::Result<()> {
    let mut statement = inner.conn.prepare_cached(
        "INSERT INTO \"information_schema.columns\" VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, NULL, NULL, NULL, \
         ?, ?, ?, '', ?, ?, ?, NULL, NULL)",
    )?;
    for (i, column) in table.columns.iter().enumerate() {
        let length = match column.ty.data_type() {
            "char" | "varchar" => column.ty.column_size(),
            _ => None,
        };
        let digits = column.ty.decimal_digits();
        statement.execute(params![
            database,
            name,
            column.name,
            i as i64 + 1,
            column.default,
            if column.nullable { "YES" } else { "NO" },
            column.ty.data_type(),
            length,
            length.map(|n| n * 3),
            digits.and(column.ty.column_size()),
            digits,
            column.ty.column_type(),
            if table.is_key(&column.name) { table.model.column_key() } else { "" },
            if column.auto_increment { "auto_increment" } else { "" },
            column.comment,
            column.ty.column_size(),
            digits,
        ])?;
    }
    Ok(())
}
