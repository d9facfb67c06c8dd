//! Expressions of the `columns` and `where` headers, computed by SQLite.

use super::functions;
use super::rewrite::{Names, rewrite};
use crate::token::identifier;
use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};
use std::sync::Arc;

struct Nothing;

impl Names for Nothing {
    fn table(&self, _: Option<&str>, _: &str) -> Option<String> {
        None
    }

    fn variable(&self, _: &str) -> Option<String> {
        None
    }
}

/// Expressions over named arguments.
#[derive(Debug)]
pub struct Evaluator {
    conn: Connection,
    sql: String,
    width: usize,
}

impl Evaluator {
    /// Prepares `expressions` over arguments with these names.
    pub fn new(expressions: &[String], arguments: &[String]) -> Result<Self, String> {
        let conn = Connection::open_in_memory().map_err(|e| e.to_string())?;
        functions::register(&conn, &Arc::default()).map_err(|e| e.to_string())?;
        let expressions = expressions.iter().map(|e| rewrite(e, &Nothing)).collect::<Result<Vec<_>, _>>()?;
        let arguments: Vec<String> = arguments
            .iter()
            .enumerate()
            .map(|(i, name)| format!("?{} AS {}", i + 1, identifier(name)))
            .collect();
        let source = if arguments.is_empty() {
            "SELECT 1".to_owned()
        } else {
            format!("SELECT {}", arguments.join(", "))
        };
        let sql = format!("SELECT {} FROM ({source})", expressions.join(", "));
        conn.prepare_cached(&sql)
            .map_err(|e| format!("the sandbox can't compute ({}): {e}", expressions.join(", ")))?;
        Ok(Self { conn, sql, width: expressions.len() })
    }

    /// The values for one row.
    pub fn values<'a>(&self, arguments: impl Iterator<Item = &'a Value>) -> Result<Vec<Value>, String> {
        let mut statement = self.conn.prepare_cached(&self.sql).map_err(|e| e.to_string())?;
        statement
            .query_row(params_from_iter(arguments), |row| (0..self.width).map(|i| row.get(i)).collect())
            .map_err(|e| e.to_string())
    }
}
