//! A table's columns and the server's version, read over the MySQL protocol.

mod jdbc;
mod mysql;

use std::time::Duration;

use self::mysql::{Connection, Failure, Row, literal};
use crate::{ErrorCode, LoadError, Secret};

/// Where to ask, and as whom.
#[derive(Debug, Clone)]
pub struct MetaConfig {
    /// `jdbc:mysql://host:9030,host2:9030/...` (option `jdbc-url`).
    pub jdbc_url: String,
    /// User name.
    pub username: String,
    /// Password; may be empty.
    pub password: Secret,
    /// How long connecting to one host may take; each of its answers may take that long too, and at least 20 s.
    pub connect_timeout: Duration,
}

/// What a server says about a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableInfo {
    /// The text of `current_version()`, such as `3.3.5-6d81f75`; empty when the server doesn't say.
    pub version: String,
    /// The columns in the table's order; at least one.
    pub columns: Vec<ColumnInfo>,
}

/// A row of `information_schema.columns`, as text. `None` is NULL, or a field that the server doesn't have.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ColumnInfo {
    /// `COLUMN_NAME`, as the server spells it.
    pub name: String,
    /// `DATA_TYPE` in lower case.
    pub data_type: Option<String>,
    /// `COLUMN_TYPE`, such as `varchar(20)`.
    pub column_type: Option<String>,
    /// `COLUMN_KEY`: `PRI`, `UNI`, `AGG` or `DUP` on key columns.
    pub column_key: Option<String>,
    /// `COLUMN_SIZE`: length or precision. NULL for BOOLEAN, by which it differs from TINYINT.
    pub column_size: Option<String>,
    /// `DECIMAL_DIGITS`: scale.
    pub decimal_digits: Option<String>,
    /// `EXTRA`.
    pub extra: Option<String>,
    /// `IS_NULLABLE`: `YES` or `NO`; some versions always say `NO`.
    pub is_nullable: Option<String>,
    /// `COLUMN_DEFAULT`.
    pub column_default: Option<String>,
}

/// Answers of `information_schema` can take longer than connecting: at least this long is waited for each.
const MIN_ANSWER_TIMEOUT: Duration = Duration::from_secs(20);

/// The columns of `information_schema.columns` that are asked for, and fewer for servers that don't have them all.
const FIELDS: [&str; 10] = [
    "COLUMN_NAME",
    "ORDINAL_POSITION",
    "DATA_TYPE",
    "COLUMN_KEY",
    "COLUMN_SIZE",
    "DECIMAL_DIGITS",
    "COLUMN_TYPE",
    "IS_NULLABLE",
    "COLUMN_DEFAULT",
    "EXTRA",
];
const FIELDS_OF_OLD_SERVERS: usize = 6;

/// Reads the columns of `database`.`table` and the server's version, from the first host that answers.
///
/// Blocks; each host may take the time to connect and that for three answers.
///
/// # Errors
/// `Connect`, or `Timeout` when all hosts just don't answer, lists every host and why it failed; `Auth` is a refused
/// login; `Schema` says that the database or the table doesn't exist (distinct messages); `Config` is a URL that can't
/// be read.
pub fn read_table(config: &MetaConfig, database: &str, table: &str) -> Result<TableInfo, LoadError> {
    read_table_within(config, database, table, config.connect_timeout.max(MIN_ANSWER_TIMEOUT))
}

fn read_table_within(
    config: &MetaConfig,
    database: &str,
    table: &str,
    answer_timeout: Duration,
) -> Result<TableInfo, LoadError> {
    let hosts = jdbc::parse(&config.jdbc_url)?;
    let mut reasons = Vec::new();
    let mut all_timed_out = true;
    for (host, port) in hosts {
        let address = if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") };
        let found = Connection::open(
            &host,
            port,
            &config.username,
            config.password.expose(),
            config.connect_timeout,
            answer_timeout,
        )
        .and_then(|mut connection| ask(&mut connection, database, table));
        match found {
            Ok(Found::Table(info)) => return Ok(info),
            Ok(Found::NoTable) => {
                return Err(LoadError::new(
                    ErrorCode::Schema,
                    format!(
                        "there is no table '{table}' in database '{database}' on {address}, or user '{}' may not see it; \
                         check table-name (upper and lower case matter)",
                        config.username
                    ),
                ));
            }
            Ok(Found::NoDatabase) => {
                return Err(LoadError::new(
                    ErrorCode::Schema,
                    format!(
                        "there is no database '{database}' on {address}, or user '{}' may not see it; check \
                         database-name (upper and lower case matter)",
                        config.username
                    ),
                ));
            }
            Err(Failure::Denied(message)) => {
                return Err(LoadError {
                    server_message: Some(message.clone()),
                    ..LoadError::new(
                        ErrorCode::Auth,
                        format!("{address} refused the login: {message}; check username and password"),
                    )
                });
            }
            Err(Failure::Refused(code, message)) => {
                all_timed_out = false;
                reasons.push(format!("{address}: error {code}: {message}"));
            }
            Err(Failure::Broken { why, timed_out }) => {
                all_timed_out &= timed_out;
                reasons.push(format!("{address}: {why}"));
            }
        }
    }
    Err(LoadError {
        retriable: true,
        ..LoadError::new(
            if all_timed_out { ErrorCode::Timeout } else { ErrorCode::Connect },
            format!(
                "the schema of {database}.{table} can't be read, no host in jdbc-url can be used: {}",
                reasons.join("; ")
            ),
        )
    })
}

enum Found {
    Table(TableInfo),
    NoTable,
    NoDatabase,
}

fn ask(connection: &mut Connection, database: &str, table: &str) -> Result<Found, Failure> {
    let version = match connection.query("select current_version() as ver") {
        Ok(rows) => rows.into_iter().flatten().flatten().next().unwrap_or_default(),
        // Not all servers that speak MySQL have the function.
        Err(Failure::Refused(..)) => String::new(),
        Err(other) => return Err(other),
    };
    let rows = match connection.query(&columns_query(&FIELDS, database, table)) {
        Err(Failure::Refused(..)) => {
            connection.query(&columns_query(&FIELDS[..FIELDS_OF_OLD_SERVERS], database, table))?
        }
        other => other?,
    };
    let columns = read_columns(rows);
    if !columns.is_empty() {
        return Ok(Found::Table(TableInfo { version, columns }));
    }
    let sql = format!(
        "select `SCHEMA_NAME` from `information_schema`.`SCHEMATA` where `SCHEMA_NAME` = {}",
        literal(database)
    );
    match connection.query(&sql) {
        Ok(rows) if rows.is_empty() => Ok(Found::NoDatabase),
        Ok(_) | Err(Failure::Refused(..)) => Ok(Found::NoTable),
        Err(other) => Err(other),
    }
}

fn columns_query(fields: &[&str], database: &str, table: &str) -> String {
    let fields: Vec<_> = fields.iter().map(|field| format!("`{field}`")).collect();
    format!(
        "select {} from `information_schema`.`COLUMNS` where `TABLE_SCHEMA` = {} and `TABLE_NAME` = {}",
        fields.join(", "),
        literal(database),
        literal(table)
    )
}

fn read_columns(rows: Vec<Row>) -> Vec<ColumnInfo> {
    let mut columns: Vec<(u64, ColumnInfo)> = Vec::new();
    for row in rows {
        let mut fields = row.into_iter();
        let mut next = || fields.next().flatten();
        let Some(name) = next() else { continue };
        // The server's order is that of the table where it gives no position.
        let position = next().and_then(|text| text.trim().parse().ok()).unwrap_or(u64::MAX);
        let column = ColumnInfo {
            name,
            data_type: next().map(|text| text.to_lowercase()),
            column_key: next(),
            column_size: next(),
            decimal_digits: next(),
            column_type: next(),
            is_nullable: next(),
            column_default: next(),
            extra: next(),
        };
        columns.push((position, column));
    }
    columns.sort_by_key(|(position, _)| *position);
    columns.into_iter().map(|(_, column)| column).collect()
}

#[cfg(test)]
mod tests;
