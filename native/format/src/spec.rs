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

/// The mirror image of [`TableSpec::decode`]. In production Java does this.
#[cfg(any(test, feature = "writer"))]
mod encode {
    use super::{Format, TableSpec, Type};

    impl TableSpec {
        /// Encodes the description of the table.
        ///
        /// # Panics
        ///
        /// When a name or a list is longer than its length field can say.
        pub fn encode(&self) -> Vec<u8> {
            let mut columns = Vec::new();
            count(&mut columns, self.columns.len());
            for column in &self.columns {
                text(&mut columns, &column.name);
                ty(&mut columns, &column.ty);
                text(&mut columns, &column.server_type);
            }
            let flag = |on: bool| if on { "true" } else { "false" };
            let mut pairs: Vec<(&str, &[u8])> = vec![
                ("database", self.database.as_bytes()),
                ("table", self.table.as_bytes()),
                ("format", if self.format == Format::Csv { b"csv" } else { b"json" }),
                ("raw", flag(self.raw).as_bytes()),
                ("op", flag(self.op).as_bytes()),
            ];
            if !self.raw {
                pairs.push(("columns", &columns));
            }
            starrocks_row::pairs::encode(&pairs)
        }
    }

    fn ty(out: &mut Vec<u8>, of: &Type) {
        match of {
            Type::Boolean => out.push(1),
            Type::TinyInt => out.push(2),
            Type::SmallInt => out.push(3),
            Type::Int => out.push(4),
            Type::BigInt => out.push(5),
            Type::Float => out.push(6),
            Type::Double => out.push(7),
            Type::Decimal { precision, scale } => out.extend([8, *precision, *scale]),
            Type::Char => out.push(9),
            Type::Binary => out.push(10),
            Type::Date => out.push(11),
            Type::Time(p) => out.extend([12, *p]),
            Type::Timestamp(p) => out.extend([13, *p]),
            Type::TimestampLtz(p) => out.extend([14, *p]),
            Type::Array(element) => {
                out.push(15);
                ty(out, element);
            }
            Type::Map(types) => {
                out.push(16);
                ty(out, &types.0);
                ty(out, &types.1);
            }
            Type::Row(fields) => {
                out.push(17);
                count(out, fields.len());
                for (name, field) in fields {
                    text(out, name);
                    ty(out, field);
                }
            }
        }
    }

    fn text(out: &mut Vec<u8>, text: &str) {
        count(out, text.len());
        out.extend_from_slice(text.as_bytes());
    }

    fn count(out: &mut Vec<u8>, n: usize) {
        out.extend_from_slice(&u16::try_from(n).expect("at most 65,535").to_le_bytes());
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

#[cfg(test)]
mod tests {
    use super::*;

    fn decode(bytes: &[u8]) -> Result<TableSpec, PlanError> {
        TableSpec::decode(&Pairs::decode(bytes).unwrap())
    }

    fn spec() -> TableSpec {
        let column =
            |name: &str, ty, server: &str| ColumnSpec { name: name.into(), ty, server_type: server.into() };
        let row = Type::Row(vec![
            ("x".into(), Type::Decimal { precision: 38, scale: 9 }),
            ("é".into(), Type::Char),
        ]);
        let columns = vec![
            column("Id", Type::BigInt, "bigint"),
            column("day", Type::Date, "date"),
            column("at", Type::Timestamp(6), "datetime"),
            column("ltz", Type::TimestampLtz(3), "datetime"),
            column("t", Type::Time(0), "varchar"),
            column("flags", Type::Array(Box::new(Type::Boolean)), "array"),
            column("m", Type::Map(Box::new((Type::Int, row))), "json"),
            column("rest", Type::Binary, ""),
        ];
        TableSpec {
            database: "d".into(),
            table: "t".into(),
            format: Format::Json,
            raw: false,
            op: true,
            columns,
        }
    }

    #[test]
    fn what_is_encoded_is_decoded() {
        assert_eq!(decode(&spec().encode()), Ok(spec()));
        let raw = TableSpec { raw: true, op: false, format: Format::Csv, columns: Vec::new(), ..spec() };
        assert_eq!(decode(&raw.encode()), Ok(raw));
    }

    #[test]
    fn every_cut_of_the_columns_is_an_error() {
        let bytes = spec().encode();
        let pairs = Pairs::decode(&bytes).unwrap();
        let columns = pairs.get("columns").unwrap();
        for cut in 0..columns.len() {
            assert!(Reader { rest: &columns[..cut] }.columns().is_err(), "{cut}");
        }
        let longer = [columns, b"x"].concat();
        let error = Reader { rest: &longer }.columns().unwrap_err();
        assert!(error.to_string().ends_with("1 bytes are left after the last column"), "{error}");
    }

    #[test]
    fn what_is_wrong_is_named() {
        let whole: [(&str, &str); 5] =
            [("database", "d"), ("table", "t"), ("format", "csv"), ("raw", "true"), ("op", "false")];
        let replaced = |key: &str, value: Option<&'static str>| {
            let kept = whole.iter().filter(|(k, _)| *k != key).copied();
            let pairs: Vec<_> = kept.chain(value.map(|v| (key, v))).collect();
            decode(&starrocks_row::pairs::encode(&pairs)).unwrap_err().to_string()
        };
        for (key, value, part) in [
            ("database", None, "'database' is missing"),
            ("format", Some("avro"), "format 'avro' is neither csv nor json"),
            ("raw", Some("yes"), "'raw' is 'yes', neither true nor false"),
            ("raw", Some("false"), "'columns' is missing"),
            ("columns", Some(""), "a raw table has no columns"),
        ] {
            let error = replaced(key, value);
            assert!(error.contains(part), "{error}");
        }
        for (bytes, part) in [
            (&[1, 0, 1, 0, b'a', 18, 0, 0][..], "18 is no type"),
            (&[1, 0, 1, 0, 0xff, 1, 0, 0], "not UTF-8"),
            (&[1, 0, 9, 0, b'a'], "it ends early"),
        ] {
            let error = Reader { rest: bytes }.columns().unwrap_err().to_string();
            assert!(error.contains(part), "{error}");
        }
        let deep = [&[1, 0, 0, 0][..], &[15; 1000]].concat();
        let error = Reader { rest: &deep }.columns().unwrap_err().to_string();
        assert!(error.contains("deeper than 64"), "{error}");
    }
}
