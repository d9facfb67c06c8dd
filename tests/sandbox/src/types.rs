//! StarRocks column types: how DDL writes them, how `information_schema` reports them, how SQLite keeps them.

use crate::token::Cursor;

/// Length of a `STRING` column in bytes: it is a `VARCHAR` of this length.
pub const STRING_LENGTH: u32 = 65_533;

/// A column type.
#[derive(Debug, Clone, PartialEq)]
pub enum Type {
    /// `BOOLEAN`
    Boolean,
    /// `TINYINT`, 8 bits
    TinyInt,
    /// `SMALLINT`, 16 bits
    SmallInt,
    /// `INT`, 32 bits
    Int,
    /// `BIGINT`, 64 bits
    BigInt,
    /// `LARGEINT`, 128 bits
    LargeInt,
    /// `FLOAT`, 32 bits
    Float,
    /// `DOUBLE`, 64 bits
    Double,
    /// `DECIMAL(precision, scale)`, precision up to 38
    Decimal {
        /// Digits in all.
        precision: u8,
        /// Digits after the point.
        scale: u8,
    },
    /// `CHAR(bytes)`
    Char(u32),
    /// `VARCHAR(bytes)` and `STRING`
    Varchar(u32),
    /// `VARBINARY`
    Varbinary(u32),
    /// `DATE`
    Date,
    /// `DATETIME`, to the microsecond
    DateTime,
    /// `JSON`
    Json,
    /// `ARRAY<element>`
    Array(Box<Type>),
    /// `MAP<key, value>`
    Map(Box<Type>, Box<Type>),
    /// `STRUCT<name type, ...>`
    Struct(Vec<(String, Type)>),
    /// `HLL`, `BITMAP`, `PERCENTILE`: may be declared, can't be loaded here.
    Sketch(String),
}

impl Type {
    /// Reads a type as DDL writes it.
    pub fn parse(c: &mut Cursor<'_>) -> Result<Self, String> {
        let name = c.name()?.to_ascii_uppercase();
        let ty = match name.as_str() {
            "BOOLEAN" | "BOOL" => Self::Boolean,
            "TINYINT" => {
                // MySQL's spelling of BOOLEAN is not StarRocks': TINYINT(1) stays a TINYINT.
                Self::TinyInt
            }
            "SMALLINT" => Self::SmallInt,
            "INT" | "INTEGER" => Self::Int,
            "BIGINT" => Self::BigInt,
            "LARGEINT" => Self::LargeInt,
            "FLOAT" => Self::Float,
            "DOUBLE" => Self::Double,
            "DECIMAL" | "NUMERIC" | "DECIMALV2" | "DECIMAL32" | "DECIMAL64" | "DECIMAL128" => {
                let (mut precision, mut scale) = (10, 0);
                if c.accept_sign("(") {
                    precision = c.number()?;
                    if c.accept_sign(",") {
                        scale = c.number()?;
                    }
                    c.expect_sign(")")?;
                }
                if !(1..=38).contains(&precision) || scale > precision {
                    return Err(format!(
                        "DECIMAL({precision},{scale}): the precision must be 1 to 38 and the scale at most the precision"
                    ));
                }
                return Ok(Self::Decimal { precision: precision as u8, scale: scale as u8 });
            }
            "CHAR" => return Ok(Self::Char(length(c, 1)?)),
            "VARCHAR" => return Ok(Self::Varchar(length(c, 1)?)),
            "STRING" | "TEXT" => return Ok(Self::Varchar(STRING_LENGTH)),
            "VARBINARY" | "BINARY" => return Ok(Self::Varbinary(length(c, 1_048_576)?)),
            "DATE" => Self::Date,
            "DATETIME" => Self::DateTime,
            "JSON" => Self::Json,
            "HLL" | "BITMAP" | "PERCENTILE" => Self::Sketch(name.to_ascii_lowercase()),
            "ARRAY" => {
                c.expect_sign("<")?;
                let element = Self::parse(c)?;
                close(c)?;
                return Ok(Self::Array(Box::new(element)));
            }
            "MAP" => {
                c.expect_sign("<")?;
                let key = Self::parse(c)?;
                c.expect_sign(",")?;
                let value = Self::parse(c)?;
                close(c)?;
                return Ok(Self::Map(Box::new(key), Box::new(value)));
            }
            "STRUCT" => {
                c.expect_sign("<")?;
                let mut fields = Vec::new();
                loop {
                    let name = c.name()?;
                    c.accept_sign(":");
                    fields.push((name, Self::parse(c)?));
                    if !c.accept_sign(",") {
                        break;
                    }
                }
                close(c)?;
                return Ok(Self::Struct(fields));
            }
            other => return Err(format!("unknown column type {other}")),
        };
        // A display width, as in INT(11), says nothing.
        if c.peek().is_some_and(|t| t.is_sign("(")) {
            c.skip_parentheses()?;
        }
        Ok(ty)
    }

    /// The type as DDL writes it and the catalog keeps it; [`Type::parse`] reads it back.
    pub fn ddl(&self) -> String {
        match self {
            Self::Boolean => "BOOLEAN".into(),
            Self::LargeInt => "LARGEINT".into(),
            Self::Varbinary(n) => format!("VARBINARY({n})"),
            Self::Array(element) => format!("ARRAY<{}>", element.ddl()),
            Self::Map(key, value) => format!("MAP<{},{}>", key.ddl(), value.ddl()),
            Self::Struct(fields) => {
                let fields: Vec<String> = fields.iter().map(|(n, t)| format!("`{n}` {}", t.ddl())).collect();
                format!("STRUCT<{}>", fields.join(", "))
            }
            other => other.column_type().to_ascii_uppercase(),
        }
    }

    /// `DATA_TYPE` in `information_schema.columns`.
    pub fn data_type(&self) -> &str {
        match self {
            Self::Boolean | Self::TinyInt => "tinyint",
            Self::SmallInt => "smallint",
            Self::Int => "int",
            Self::BigInt => "bigint",
            Self::LargeInt => "bigint unsigned",
            Self::Float => "float",
            Self::Double => "double",
            Self::Decimal { .. } => "decimal",
            Self::Char(_) => "char",
            Self::Varchar(_) => "varchar",
            Self::Varbinary(_) => "varbinary",
            Self::Date => "date",
            Self::DateTime => "datetime",
            Self::Json => "json",
            Self::Array(_) => "array",
            Self::Map(..) => "map",
            Self::Struct(_) => "struct",
            Self::Sketch(name) => name,
        }
    }

    /// `COLUMN_TYPE` in `information_schema.columns`.
    pub fn column_type(&self) -> String {
        match self {
            Self::Boolean => "tinyint(1)".into(),
            Self::TinyInt => "tinyint(4)".into(),
            Self::SmallInt => "smallint(6)".into(),
            Self::Int => "int(11)".into(),
            Self::BigInt => "bigint(20)".into(),
            Self::LargeInt => "bigint(20) unsigned".into(),
            Self::Decimal { precision, scale } => format!("decimal({precision},{scale})"),
            Self::Char(n) => format!("char({n})"),
            Self::Varchar(n) => format!("varchar({n})"),
            Self::Array(element) => format!("array<{}>", element.column_type()),
            Self::Map(key, value) => format!("map<{},{}>", key.column_type(), value.column_type()),
            Self::Struct(fields) => {
                let fields: Vec<String> =
                    fields.iter().map(|(n, t)| format!("{n} {}", t.column_type())).collect();
                format!("struct<{}>", fields.join(", "))
            }
            other => other.data_type().into(),
        }
    }

    /// `COLUMN_SIZE`: bytes of text types, digits of numbers; `None` for BOOLEAN, which clients tell from
    /// TINYINT by just that.
    pub fn column_size(&self) -> Option<i64> {
        Some(match self {
            Self::TinyInt => 3,
            Self::SmallInt => 5,
            Self::Int => 10,
            Self::BigInt => 19,
            Self::LargeInt => 40,
            Self::Float => 7,
            Self::Double => 15,
            Self::Decimal { precision, .. } => i64::from(*precision),
            Self::Char(n) | Self::Varchar(n) | Self::Varbinary(n) => i64::from(*n),
            Self::Date => 10,
            Self::DateTime => 19,
            _ => return None,
        })
    }

    /// `DECIMAL_DIGITS`: the scale.
    pub fn decimal_digits(&self) -> Option<i64> {
        match self {
            Self::Decimal { scale, .. } => Some(i64::from(*scale)),
            Self::TinyInt | Self::SmallInt | Self::Int | Self::BigInt | Self::LargeInt => Some(0),
            _ => None,
        }
    }

    /// Declared type of the SQLite column. SQLite derives the affinity from words inside it: what must keep its
    /// text exactly has `TEXT` in its name, and nothing that has `TEXT` may hold `INT`.
    pub fn sqlite_type(&self) -> String {
        match self {
            Self::LargeInt => "LARGE_TEXT".into(),
            Self::Decimal { precision, scale } => format!("DECIMAL_TEXT({precision},{scale})"),
            Self::Date => "DATE_TEXT".into(),
            Self::DateTime => "DATETIME_TEXT".into(),
            Self::Varbinary(_) => "BYTES_BLOB".into(),
            Self::Json | Self::Array(_) | Self::Map(..) | Self::Struct(_) | Self::Sketch(_) => {
                "NESTED_TEXT".into()
            }
            other => other.ddl(),
        }
    }

    /// Whether the column's text compares as a number.
    pub fn is_exact_number(&self) -> bool {
        matches!(self, Self::LargeInt | Self::Decimal { .. })
    }
}

fn length(c: &mut Cursor<'_>, default: u32) -> Result<u32, String> {
    if !c.accept_sign("(") {
        return Ok(default);
    }
    let n = if c.accept_sign("*") { STRING_LENGTH } else { c.number()? };
    c.expect_sign(")")?;
    Ok(n)
}

/// Takes the `>` that ends a nested type.
fn close(c: &mut Cursor<'_>) -> Result<(), String> {
    c.expect_sign(">")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::token::tokens;

    fn parse(text: &str) -> Type {
        Type::parse(&mut Cursor::new(&tokens(text).unwrap())).unwrap()
    }

    #[test]
    fn reads_and_writes_every_type() {
        for text in [
            "BOOLEAN",
            "TINYINT(4)",
            "SMALLINT(6)",
            "INT(11)",
            "BIGINT(20)",
            "LARGEINT",
            "FLOAT",
            "DOUBLE",
            "DECIMAL(38,10)",
            "CHAR(3)",
            "VARCHAR(65533)",
            "VARBINARY(1048576)",
            "DATE",
            "DATETIME",
            "JSON",
            "HLL",
            "ARRAY<ARRAY<INT(11)>>",
            "MAP<INT(11),VARCHAR(5)>",
            "STRUCT<`a` INT(11), `b` ARRAY<DATE>>",
        ] {
            assert_eq!(parse(text).ddl(), text);
        }
        assert_eq!(parse("string"), Type::Varchar(STRING_LENGTH));
        assert_eq!(parse("integer"), Type::Int);
    }

    #[test]
    fn reports_what_the_information_schema_shows() {
        assert_eq!(parse("LARGEINT").data_type(), "bigint unsigned");
        assert_eq!(parse("BOOLEAN").column_type(), "tinyint(1)");
        assert_eq!(parse("BOOLEAN").column_size(), None);
        assert_eq!(parse("DECIMAL(20,4)").decimal_digits(), Some(4));
    }

    #[test]
    fn refuses_what_is_no_type() {
        for text in ["POINT", "DECIMAL(39,1)", "DECIMAL(5,6)"] {
            assert!(Type::parse(&mut Cursor::new(&tokens(text).unwrap())).is_err(), "{text}");
        }
    }
}
