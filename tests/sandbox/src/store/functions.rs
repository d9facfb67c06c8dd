//! SQL functions that SQLite lacks or computes inexactly.

use crate::number::Decimal;
use rusqlite::functions::{Aggregate, Context, FunctionFlags};
use rusqlite::types::{Value, ValueRef};
use rusqlite::{Connection, Error, Result};
use std::sync::{Arc, Mutex};

/// What functions like `database()` answer; set before each statement.
#[derive(Debug, Default, Clone)]
pub struct Environment {
    /// The session's database.
    pub database: Option<String>,
    /// The session's user.
    pub user: String,
    /// The session's number.
    pub connection: i64,
    /// Answer of `current_version()`.
    pub current_version: String,
    /// Answer of `version()`.
    pub version: String,
}

/// Registers everything on a connection.
pub fn register(conn: &Connection, environment: &Arc<Mutex<Environment>>) -> Result<()> {
    conn.create_collation("exact_number", |a, b| match (Decimal::parse(a), Decimal::parse(b)) {
        (Some(a), Some(b)) => a.compare(b),
        _ => a.cmp(b),
    })?;
    let pure = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC;
    conn.create_aggregate_function("sum", 1, pure, Sum)?;
    conn.create_aggregate_function("avg", 1, pure, Average)?;
    for (name, get) in [
        ("database", (|e| e.database.clone()) as fn(&Environment) -> Option<String>),
        ("schema", |e| e.database.clone()),
        ("user", |e| Some(format!("'{}'@'%'", e.user))),
        ("current_user", |e| Some(format!("'{}'@'%'", e.user))),
        ("session_user", |e| Some(format!("'{}'@'%'", e.user))),
        ("current_version", |e| Some(e.current_version.clone())),
        ("version", |e| Some(e.version.clone())),
    ] {
        let environment = environment.clone();
        conn.create_scalar_function(name, 0, FunctionFlags::SQLITE_UTF8, move |_| {
            Ok(get(&environment.lock().unwrap_or_else(std::sync::PoisonError::into_inner)))
        })?;
    }
    let environment = environment.clone();
    conn.create_scalar_function("connection_id", 0, FunctionFlags::SQLITE_UTF8, move |_| {
        Ok(environment.lock().unwrap_or_else(std::sync::PoisonError::into_inner).connection)
    })?;
    conn.create_scalar_function("now", 0, FunctionFlags::SQLITE_UTF8, |_| Ok(crate::clock::date_time_now()))?;
    conn.create_scalar_function("left", 2, pure, |c| Ok(slice(&text(c, 0)?, 0, c.get::<i64>(1)?)))?;
    conn.create_scalar_function("right", 2, pure, |c| {
        let text = text(c, 0)?;
        let n = c.get::<i64>(1)?;
        Ok(slice(&text, text.chars().count() as i64 - n, n))
    })?;
    conn.create_scalar_function("char_length", 1, pure, |c| Ok(text(c, 0)?.chars().count() as i64))?;
    conn.create_scalar_function("to_base64", 1, pure, |c| {
        use base64::Engine as _;
        Ok(base64::engine::general_purpose::STANDARD.encode(bytes(c.get_raw(0))))
    })?;
    conn.create_scalar_function("from_base64", 1, pure, |c| {
        use base64::Engine as _;
        Ok(base64::engine::general_purpose::STANDARD.decode(text(c, 0)?).ok())
    })?;
    conn.create_scalar_function("year", 1, pure, |c| Ok(slice(&text(c, 0)?, 0, 4).parse::<i64>().ok()))?;
    conn.create_scalar_function("month", 1, pure, |c| Ok(slice(&text(c, 0)?, 5, 2).parse::<i64>().ok()))?;
    conn.create_scalar_function("day", 1, pure, |c| Ok(slice(&text(c, 0)?, 8, 2).parse::<i64>().ok()))
}

fn slice(text: &str, from: i64, length: i64) -> String {
    text.chars().skip(from.max(0) as usize).take(length.max(0) as usize).collect()
}

fn bytes(value: ValueRef<'_>) -> Vec<u8> {
    match value {
        ValueRef::Null => Vec::new(),
        ValueRef::Integer(n) => n.to_string().into_bytes(),
        ValueRef::Real(n) => n.to_string().into_bytes(),
        ValueRef::Text(b) | ValueRef::Blob(b) => b.to_vec(),
    }
}

fn text(c: &Context<'_>, argument: usize) -> Result<String> {
    String::from_utf8(bytes(c.get_raw(argument))).map_err(|e| Error::UserFunctionError(e.into()))
}

/// A running sum: exact for integers and decimals, floating once a float came in.
#[derive(Debug, Clone, Copy)]
enum Total {
    Exact(Decimal, bool),
    Float(f64),
}

impl Total {
    fn plus(self, value: ValueRef<'_>) -> Result<Self> {
        let next = match value {
            ValueRef::Integer(n) => Self::Exact(Decimal { unscaled: i128::from(n), scale: 0 }, false),
            ValueRef::Real(n) => Self::Float(n),
            other => match Decimal::parse(&String::from_utf8_lossy(&bytes(other))) {
                Some(d) => Self::Exact(d, true),
                None => Self::Float(0.0),
            },
        };
        Ok(match (self, next) {
            (Self::Exact(a, x), Self::Exact(b, y)) => {
                let sum =
                    a.plus(b).ok_or_else(|| Error::UserFunctionError("sum() overflows 38 digits".into()))?;
                Self::Exact(sum, x || y)
            }
            (a, b) => Self::Float(a.float() + b.float()),
        })
    }

    fn float(self) -> f64 {
        match self {
            Self::Exact(d, _) => d.to_string().parse().unwrap_or(f64::NAN),
            Self::Float(f) => f,
        }
    }
}

struct Sum;

impl Aggregate<Option<Total>, Value> for Sum {
    fn init(&self, _: &mut Context<'_>) -> Result<Option<Total>> {
        Ok(None)
    }

    fn step(&self, c: &mut Context<'_>, total: &mut Option<Total>) -> Result<()> {
        let value = c.get_raw(0);
        if value != ValueRef::Null {
            let zero = Total::Exact(Decimal { unscaled: 0, scale: 0 }, false);
            *total = Some(total.unwrap_or(zero).plus(value)?);
        }
        Ok(())
    }

    fn finalize(&self, _: &mut Context<'_>, total: Option<Option<Total>>) -> Result<Value> {
        Ok(match total.flatten() {
            None => Value::Null,
            Some(Total::Float(f)) => Value::Real(f),
            Some(Total::Exact(d, false)) => match i64::try_from(d.unscaled) {
                Ok(n) => Value::Integer(n),
                Err(_) => Value::Text(d.to_string()),
            },
            Some(Total::Exact(d, true)) => Value::Text(d.to_string()),
        })
    }
}

struct Average;

impl Aggregate<Option<(Total, i64)>, Value> for Average {
    fn init(&self, _: &mut Context<'_>) -> Result<Option<(Total, i64)>> {
        Ok(None)
    }

    fn step(&self, c: &mut Context<'_>, state: &mut Option<(Total, i64)>) -> Result<()> {
        let value = c.get_raw(0);
        if value != ValueRef::Null {
            let zero = (Total::Exact(Decimal { unscaled: 0, scale: 0 }, false), 0);
            let (total, count) = state.unwrap_or(zero);
            *state = Some((total.plus(value)?, count + 1));
        }
        Ok(())
    }

    fn finalize(&self, _: &mut Context<'_>, state: Option<Option<(Total, i64)>>) -> Result<Value> {
        Ok(match state.flatten() {
            None => Value::Null,
            // The average of decimals has at least six digits after the point; that of integers is a DOUBLE.
            Some((Total::Exact(d, true), count)) => match d.divide(count, d.scale.max(6)) {
                Some(average) => Value::Text(average.to_string()),
                None => Value::Real(Total::Exact(d, true).float() / count as f64),
            },
            Some((total, count)) => Value::Real(total.float() / count as f64),
        })
    }
}
