//! What the Java side says about a table.

use starrocks_row::Pairs;
use starrocks_row::layout::MAX_DEPTH;

use crate::error::PlanError;

/// The text in which rows are loaded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Separated values, one row after the other.
    Csv,
    /// A JSON array of objects.
    Json,
}

impl Format {
    /// The value of the stream load header `format`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Json => "json",
        }
    }
}

/// A Flink type, as far as it matters here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Type {
    /// BOOLEAN
    Boolean,
    /// TINYINT
    TinyInt,
    /// SMALLINT
    SmallInt,
    /// INTEGER
    Int,
    /// BIGINT
    BigInt,
    /// FLOAT
    Float,
    /// DOUBLE
    Double,
    /// DECIMAL
    Decimal {
        /// Digits in all.
        precision: u8,
        /// Digits after the point.
        scale: u8,
    },
    /// CHAR, VARCHAR, STRING
    Char,
    /// BINARY, VARBINARY, BYTES
    Binary,
    /// DATE
    Date,
    /// TIME, with its digits after the second
    Time(u8),
    /// TIMESTAMP, with its digits after the second
    Timestamp(u8),
    /// TIMESTAMP WITH LOCAL TIME ZONE, with its digits after the second
    TimestampLtz(u8),
    /// ARRAY and the type of its elements
    Array(Box<Type>),
    /// MAP and the types of its keys and values
    Map(Box<(Type, Type)>),
    /// ROW and its fields' names and types
    Row(Vec<(String, Type)>),
}

impl Type {
    /// The type's name without parameters, for messages.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Boolean => "BOOLEAN",
            Self::TinyInt => "TINYINT",
            Self::SmallInt => "SMALLINT",
            Self::Int => "INTEGER",
            Self::BigInt => "BIGINT",
            Self::Float => "FLOAT",
            Self::Double => "DOUBLE",
            Self::Decimal { .. } => "DECIMAL",
            Self::Char => "VARCHAR",
            Self::Binary => "VARBINARY",
            Self::Date => "DATE",
            Self::Time(_) => "TIME",
            Self::Timestamp(_) => "TIMESTAMP",
            Self::TimestampLtz(_) => "TIMESTAMP_LTZ",
            Self::Array(_) => "ARRAY",
            Self::Map(_) => "MAP",
            Self::Row(_) => "ROW",
        }
    }
}

/// A column that the rows have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ColumnSpec {
    /// Its name, as the server spells it.
    pub name: String,
    /// Its type in Flink.
    pub ty: Type,
    /// Its `DATA_TYPE` in the server's `information_schema.columns`, in lower case; empty when not
    /// known.
    pub server_type: String,
}

/// A table and what its rows look like.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableSpec {
    /// Database.
    pub database: String,
    /// Table.
    pub table: String,
    /// Format of the load.
    pub format: Format,
    /// Whether the rows come as text, to be written as they are.
    pub raw: bool,
    /// Whether each row carries its operation in an additional column `__op` (PRIMARY KEY tables).
    pub op: bool,
    /// The columns; none when `raw`.
    pub columns: Vec<ColumnSpec>,
}

impl TableSpec {
    /// Decodes the description of a table.
    ///
    /// Keys: `database`, `table`, `format` (`csv` or `json`), `raw` and `op` (`true` or `false`),
    /// and, unless `raw`, `columns`: `u16` count, then for each column `u16` n, n bytes of name, its
    /// type, `u16` n, n bytes of `DATA_TYPE`. A type is a `u8` id (the order of [`Type`]'s variants,
    /// from 1) and its parameters: DECIMAL `u8` precision, `u8` scale; the types with fractional
    /// seconds `u8` precision; ARRAY a type; MAP two types; ROW `u16` count, then for each field
    /// `u16` n, n bytes of name, and its type. Little-endian.
    ///
    /// # Errors
    ///
    /// When a key is missing or malformed, or types nest deeper than [`MAX_DEPTH`].
    pub fn decode(pairs: &Pairs<'_>) -> Result<Self, PlanError> {
        let format = match pairs.require("format")? {
            "csv" => Format::Csv,
            "json" => Format::Json,
            other => return Err(PlanError::new(format!("format '{other}' is neither csv nor json"))),
        };
        let raw = flag(pairs, "raw")?;
        let op = flag(pairs, "op")?;
        let columns = match pairs.get("columns") {
            Some(_) if raw => return Err(PlanError::new("a raw table has no columns")),
            Some(bytes) => Reader { rest: bytes }.columns()?,
            None if raw => Vec::new(),
            None => return Err(PlanError::new("'columns' is missing in the description of the table")),
        };
        Ok(Self {
            database: pairs.require("database")?.to_owned(),
            table: pairs.require("table")?.to_owned(),
            format,
            raw,
            op,
            columns,
        })
    }
}

fn flag(pairs: &Pairs<'_>, key: &str) -> Result<bool, PlanError> {
    match pairs.require(key)? {
        "true" => Ok(true),
        "false" => Ok(false),
        other => Err(PlanError::new(format!("'{key}' is '{other}', neither true nor false"))),
    }
}

/// Reads the value of `columns`.
struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    fn columns(mut self) -> Result<Vec<ColumnSpec>, PlanError> {
        let count = self.u16()?;
        let columns = (0..count)
            .map(|_| {
                let name = self.text()?;
                let ty = self.ty(0)?;
                Ok(ColumnSpec { name, ty, server_type: self.text()?.to_ascii_lowercase() })
            })
            .collect::<Result<_, PlanError>>()?;
        if !self.rest.is_empty() {
            return Err(malformed(format!("{} bytes are left after the last column", self.rest.len())));
        }
        Ok(columns)
    }

    fn ty(&mut self, depth: usize) -> Result<Type, PlanError> {
        if depth > MAX_DEPTH {
            return Err(malformed(format!("a type nests deeper than {MAX_DEPTH}")));
        }
        Ok(match self.u8()? {
            1 => Type::Boolean,
            2 => Type::TinyInt,
            3 => Type::SmallInt,
            4 => Type::Int,
            5 => Type::BigInt,
            6 => Type::Float,
            7 => Type::Double,
            8 => Type::Decimal { precision: self.u8()?, scale: self.u8()? },
            9 => Type::Char,
            10 => Type::Binary,
            11 => Type::Date,
            12 => Type::Time(self.u8()?),
            13 => Type::Timestamp(self.u8()?),
            14 => Type::TimestampLtz(self.u8()?),
            15 => Type::Array(Box::new(self.ty(depth + 1)?)),
            16 => Type::Map(Box::new((self.ty(depth + 1)?, self.ty(depth + 1)?))),
            17 => {
                let count = self.u16()?;
                let fields = (0..count).map(|_| Ok((self.text()?, self.ty(depth + 1)?)));
                Type::Row(fields.collect::<Result<_, PlanError>>()?)
            }
            other => return Err(malformed(format!("{other} is no type"))),
        })
    }

    fn text(&mut self) -> Result<String, PlanError> {
        let n = self.u16()?;
        let (head, tail) = self.rest.split_at_checked(n.into()).ok_or_else(cut)?;
        self.rest = tail;
        let text = std::str::from_utf8(head).map_err(|_| malformed("a name is not UTF-8"))?;
        Ok(text.to_owned())
    }

    fn u8(&mut self) -> Result<u8, PlanError> {
        let (head, tail) = self.rest.split_first().ok_or_else(cut)?;
        self.rest = tail;
        Ok(*head)
    }

    fn u16(&mut self) -> Result<u16, PlanError> {
        let (head, tail) = self.rest.split_first_chunk().ok_or_else(cut)?;
        self.rest = tail;
        Ok(u16::from_le_bytes(*head))
    }
}

fn cut() -> PlanError {
    malformed("it ends early")
}

fn malformed(what: impl std::fmt::Display) -> PlanError {
    PlanError::new(format!("the description of the columns is malformed: {what}"))
}
