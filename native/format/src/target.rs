//! What a column of the server takes.

use starrocks_row::Value;

use crate::spec::Type;

/// A column's type on the server, as far as it decides how values are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Target {
    Boolean,
    TinyInt,
    SmallInt,
    Int,
    BigInt,
    LargeInt,
    Float,
    Decimal,
    Char,
    Date,
    DateTime,
    Binary,
    Json,
    Array,
    Map,
    Struct,
    /// A type that is filled through functions (`hll`, `bitmap`, `percentile`) or is newer than this
    /// code: scalars are written as text.
    Other,
}

impl Target {
    /// The target for `DATA_TYPE` of `information_schema.columns`. Where the server does not say
    /// (old servers report nested types as `unknown`), it is what the Flink type maps to.
    pub(crate) fn new(server_type: &str, ty: &Type) -> Self {
        match server_type {
            "boolean" => Self::Boolean,
            "tinyint" => Self::TinyInt,
            "smallint" => Self::SmallInt,
            "int" => Self::Int,
            "bigint" => Self::BigInt,
            "largeint" | "bigint unsigned" => Self::LargeInt,
            "float" | "double" => Self::Float,
            "char" | "varchar" | "string" | "text" => Self::Char,
            "date" => Self::Date,
            "datetime" => Self::DateTime,
            "binary" | "varbinary" => Self::Binary,
            "json" => Self::Json,
            "array" => Self::Array,
            "map" => Self::Map,
            "struct" => Self::Struct,
            decimal if decimal.starts_with("decimal") => Self::Decimal,
            "" | "unknown" => Self::of(ty),
            _ => Self::Other,
        }
    }

    fn of(ty: &Type) -> Self {
        match ty {
            Type::Boolean => Self::Boolean,
            Type::TinyInt => Self::TinyInt,
            Type::SmallInt => Self::SmallInt,
            Type::Int => Self::Int,
            Type::BigInt => Self::BigInt,
            Type::Float | Type::Double => Self::Float,
            Type::Decimal { .. } => Self::Decimal,
            Type::Char | Type::Time(_) => Self::Char,
            Type::Binary => Self::Binary,
            Type::Date => Self::Date,
            Type::Timestamp(_) | Type::TimestampLtz(_) => Self::DateTime,
            Type::Array(_) => Self::Array,
            Type::Map(_) => Self::Map,
            Type::Row(_) => Self::Struct,
        }
    }

    /// The name for messages.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Boolean => "BOOLEAN",
            Self::TinyInt => "TINYINT",
            Self::SmallInt => "SMALLINT",
            Self::Int => "INT",
            Self::BigInt => "BIGINT",
            Self::LargeInt => "LARGEINT",
            Self::Float => "FLOAT or DOUBLE",
            Self::Decimal => "DECIMAL",
            Self::Char => "CHAR or VARCHAR",
            Self::Date => "DATE",
            Self::DateTime => "DATETIME",
            Self::Binary => "VARBINARY",
            Self::Json => "JSON",
            Self::Array => "ARRAY",
            Self::Map => "MAP",
            Self::Struct => "STRUCT",
            Self::Other => "aggregate or unknown",
        }
    }

    /// Largest value of an integer column, if it is one.
    pub(crate) fn max_integer(self) -> Option<u64> {
        match self {
            Self::TinyInt => Some(i8::MAX as u64),
            Self::SmallInt => Some(i16::MAX as u64),
            Self::Int => Some(i32::MAX as u64),
            Self::BigInt => Some(i64::MAX as u64),
            Self::LargeInt => Some(u64::MAX),
            _ => None,
        }
    }

    /// Whether the digits of the integer are a date to the server: `YYYYMMDD`, in a DATETIME column also
    /// `YYYYMMDDhhmmss`. With fewer or more, it would take them for another date or for NULL, without a word.
    pub(crate) fn reads_digits(self, value: i64) -> bool {
        let day = (10_000_000..100_000_000).contains(&value);
        match self {
            Self::Date => day,
            Self::DateTime => day || (10_000_000_000_000..100_000_000_000_000).contains(&value),
            _ => false,
        }
    }

    /// The kinds of values that can be written into such a column.
    ///
    /// Left out is what the server would take for something else without a word: the time of a
    /// timestamp in a DATE column, or text in a VARBINARY column, which it may decode as base64.
    pub(crate) fn accepts(self) -> Kinds {
        let numbers = Kinds::BOOL | Kinds::NUMBER;
        let times = Kinds::DATE | Kinds::TIME | Kinds::TIMESTAMP;
        let nested = Kinds::ARRAY | Kinds::OBJECT;
        Kinds::NULL
            | match self {
                Self::Boolean | Self::Float | Self::Decimal => numbers | Kinds::TEXT,
                Self::TinyInt | Self::SmallInt | Self::Int | Self::BigInt | Self::LargeInt => {
                    numbers | Kinds::TEXT | Kinds::BYTES
                }
                Self::Char | Self::Json => numbers | Kinds::TEXT | times | nested,
                Self::Date => Kinds::TEXT | Kinds::DATE,
                Self::DateTime => Kinds::TEXT | Kinds::DATE | Kinds::TIMESTAMP,
                Self::Binary => Kinds::BYTES,
                Self::Array => Kinds::TEXT | Kinds::ARRAY,
                Self::Map | Self::Struct => Kinds::TEXT | Kinds::OBJECT,
                Self::Other => numbers | Kinds::TEXT | times,
            }
    }
}

/// A set of kinds of values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Kinds(u16);

impl Kinds {
    const NULL: Self = Self(1);
    const BOOL: Self = Self(1 << 1);
    const NUMBER: Self = Self(1 << 2);
    const TEXT: Self = Self(1 << 3);
    const BYTES: Self = Self(1 << 4);
    const DATE: Self = Self(1 << 5);
    const TIME: Self = Self(1 << 6);
    const TIMESTAMP: Self = Self(1 << 7);
    const ARRAY: Self = Self(1 << 8);
    /// Maps and rows.
    const OBJECT: Self = Self(1 << 9);

    #[inline]
    pub(crate) fn contains(self, value: &Value<'_>) -> bool {
        self.0 & Self::of(value).0 != 0
    }

    #[inline]
    fn of(value: &Value<'_>) -> Self {
        match value {
            Value::Null => Self::NULL,
            Value::Bool(_) => Self::BOOL,
            Value::I8(_)
            | Value::I16(_)
            | Value::I32(_)
            | Value::I64(_)
            | Value::F32(_)
            | Value::F64(_)
            | Value::Decimal { .. }
            | Value::BigInt(_) => Self::NUMBER,
            Value::Str(_) => Self::TEXT,
            Value::Bytes(_) => Self::BYTES,
            Value::Date(_) => Self::DATE,
            Value::Time(_) => Self::TIME,
            Value::Timestamp { .. } | Value::TimestampLtz { .. } => Self::TIMESTAMP,
            Value::Array(_) => Self::ARRAY,
            Value::Map(_) | Value::Row(_) => Self::OBJECT,
        }
    }

    /// Whether values of the Flink type are in the set.
    pub(crate) fn contains_type(self, ty: &Type) -> bool {
        let kind = match ty {
            Type::Boolean => Self::BOOL,
            Type::TinyInt
            | Type::SmallInt
            | Type::Int
            | Type::BigInt
            | Type::Float
            | Type::Double
            | Type::Decimal { .. } => Self::NUMBER,
            Type::Char => Self::TEXT,
            Type::Binary => Self::BYTES,
            Type::Date => Self::DATE,
            Type::Time(_) => Self::TIME,
            Type::Timestamp(_) | Type::TimestampLtz(_) => Self::TIMESTAMP,
            Type::Array(_) => Self::ARRAY,
            Type::Map(_) | Type::Row(_) => Self::OBJECT,
        };
        self.0 & kind.0 != 0
    }
}

impl std::ops::BitOr for Kinds {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}
