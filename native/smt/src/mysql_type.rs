//! MySQL's column types, out of `COLUMN_TYPE`.

/// A column type.
///
/// Display widths are dropped: MySQL 8.0.19 and later prints none but `tinyint(1)`, MariaDB prints them all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum MysqlType {
    /// `bits` is 8, 16, 24, 32 or 64.
    Int {
        bits: u8,
        unsigned: bool,
    },
    /// `tinyint(1)`, which is also how `BOOL` is kept.
    TinyInt1,
    Float,
    Double,
    Decimal {
        precision: u32,
        scale: u32,
    },
    Date,
    DateTime {
        precision: u32,
    },
    Timestamp {
        precision: u32,
    },
    Time {
        precision: u32,
    },
    Year,
    /// `char`, `varchar`: at most that many characters.
    Chars(u64),
    /// At most that many characters; whether some value has a comma, and whether some has a backslash. A `set` is one that
    /// Flink CDC leaves as it is.
    Enum {
        length: u64,
        comma: bool,
        backslash: bool,
    },
    /// `tinytext` to `longtext`: at most that many bytes.
    Text(u64),
    Json,
    Bit(u32),
    /// `binary`, `varbinary` and blobs: at most that many bytes.
    Binary(u64),
    Geometry,
}

impl MysqlType {
    /// Reads `COLUMN_TYPE`; `length` is `CHARACTER_MAXIMUM_LENGTH`. `None` for a type that isn't known.
    pub(crate) fn parse(text: &str, length: Option<u64>) -> Option<Self> {
        let lower = text.trim().to_ascii_lowercase();
        let name: &str = lower.split(['(', ' ']).next()?;
        // Enumerated values may hold anything, digits and parentheses too.
        let mut numbers = match name {
            "enum" | "set" => Vec::new(),
            _ => lower
                .split_once('(')
                .and_then(|(_, rest)| rest.split_once(')'))
                .map_or(Vec::new(), |(inside, _)| {
                    inside.split(',').map_while(|n| n.trim().parse().ok()).collect::<Vec<u64>>()
                }),
        }
        .into_iter();
        let unsigned =
            name != "enum" && name != "set" && (lower.contains(" unsigned") || lower.contains(" zerofill"));
        let int = |bits| Some(Self::Int { bits, unsigned });
        let mut precision = || numbers.next().map_or(0, |n| n as u32);
        match name {
            "tinyint" if !unsigned && precision() == 1 => Some(Self::TinyInt1),
            "bool" | "boolean" => Some(Self::TinyInt1),
            "tinyint" => int(8),
            "smallint" => int(16),
            "mediumint" => int(24),
            "int" | "integer" => int(32),
            "bigint" => int(64),
            "float" => Some(Self::Float),
            "double" | "real" => Some(Self::Double),
            "decimal" | "numeric" => {
                let precision = numbers.next().unwrap_or(10) as u32;
                Some(Self::Decimal { precision, scale: numbers.next().unwrap_or(0) as u32 })
            }
            "date" => Some(Self::Date),
            "datetime" => Some(Self::DateTime { precision: precision() }),
            "timestamp" => Some(Self::Timestamp { precision: precision() }),
            "time" => Some(Self::Time { precision: precision() }),
            "year" => Some(Self::Year),
            "char" | "varchar" | "nchar" | "nvarchar" => {
                Some(Self::Chars(length.or(numbers.next()).unwrap_or(1)))
            }
            "set" => Some(Self::Enum { length: length.unwrap_or(255), comma: false, backslash: false }),
            "enum" => {
                let inside = text.split_once('(').map_or("", |(_, values)| values);
                Some(Self::Enum {
                    length: length.unwrap_or(255),
                    // Values are quoted and separated by `,` alone.
                    comma: inside.split("','").any(|value| value.contains(',')),
                    backslash: inside.contains('\\'),
                })
            }
            "tinytext" => Some(Self::Text(0xff)),
            "text" => Some(Self::Text(0xffff)),
            "mediumtext" => Some(Self::Text(0xff_ffff)),
            "longtext" => Some(Self::Text(0xffff_ffff)),
            "json" => Some(Self::Json),
            "bit" => Some(Self::Bit(numbers.next().unwrap_or(1) as u32)),
            "binary" | "varbinary" => Some(Self::Binary(numbers.next().or(length).unwrap_or(1))),
            "tinyblob" => Some(Self::Binary(0xff)),
            "blob" => Some(Self::Binary(0xffff)),
            "mediumblob" => Some(Self::Binary(0xff_ffff)),
            "longblob" => Some(Self::Binary(0xffff_ffff)),
            "geometry" | "point" | "linestring" | "polygon" | "multipoint" | "multilinestring"
            | "multipolygon" | "geometrycollection" | "geomcollection" => Some(Self::Geometry),
            _ => None,
        }
    }

    /// The narrowest type that holds every value of both, if there is one.
    pub(crate) fn union(&self, other: &Self) -> Option<Self> {
        use MysqlType::*;
        Some(match (self, other) {
            (a, b) if a == b => a.clone(),
            (TinyInt1, b) => Int { bits: 8, unsigned: false }.union(b)?,
            (a, TinyInt1) => a.union(&Int { bits: 8, unsigned: false })?,
            (&Int { bits: a, unsigned: u }, &Int { bits: b, unsigned: v }) if u == v => {
                Int { bits: a.max(b), unsigned: u }
            }
            (&Int { bits: a, unsigned: u }, &Int { bits: b, .. }) => {
                let (unsigned, signed) = if u { (a, b) } else { (b, a) };
                match [16, 24, 32, 64].into_iter().find(|bits| *bits > unsigned && *bits >= signed) {
                    Some(bits) => Int { bits, unsigned: false },
                    None => Decimal { precision: 20, scale: 0 },
                }
            }
            (Float, Double) | (Double, Float) => Double,
            (&Decimal { precision: p, scale: s }, &Decimal { precision: q, scale: t }) => {
                let scale = s.max(t);
                Decimal { precision: (p.saturating_sub(s)).max(q.saturating_sub(t)) + scale, scale }
            }
            (&DateTime { precision: p }, &DateTime { precision: q }) => DateTime { precision: p.max(q) },
            (&Timestamp { precision: p }, &Timestamp { precision: q }) => Timestamp { precision: p.max(q) },
            (&Time { precision: p }, &Time { precision: q }) => Time { precision: p.max(q) },
            (&Chars(n), &Chars(m)) => Chars(n.max(m)),
            (&Enum { length: n, comma, backslash }, &Enum { length: m, comma: c, backslash: b }) => {
                Enum { length: n.max(m), comma: comma || c, backslash: backslash || b }
            }
            (&Enum { length: n, comma: false, .. }, &Chars(m))
            | (&Chars(m), &Enum { length: n, comma: false, .. }) => Chars(n.max(m)),
            (&Text(n), &Text(m)) => Text(n.max(m)),
            (&Chars(n), &Text(m)) | (&Text(m), &Chars(n)) => Text(m.max(n.saturating_mul(4))),
            (&Enum { length: n, comma: false, .. }, &Text(m))
            | (&Text(m), &Enum { length: n, comma: false, .. }) => Text(m.max(n.saturating_mul(4))),
            (&Binary(n), &Binary(m)) => Binary(n.max(m)),
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use MysqlType::*;

    fn parse(text: &str) -> Option<MysqlType> {
        MysqlType::parse(text, None)
    }

    #[test]
    fn widths_and_case_don_t_matter() {
        for (text, expected) in [
            ("int(10) unsigned", Int { bits: 32, unsigned: true }),
            ("int unsigned", Int { bits: 32, unsigned: true }),
            ("INT(5) ZEROFILL", Int { bits: 32, unsigned: true }),
            ("tinyint(1)", TinyInt1),
            ("tinyint(1) unsigned", Int { bits: 8, unsigned: true }),
            ("tinyint(4)", Int { bits: 8, unsigned: false }),
            ("decimal(65,30)", Decimal { precision: 65, scale: 30 }),
            ("decimal(10, 5) unsigned", Decimal { precision: 10, scale: 5 }),
            ("decimal", Decimal { precision: 10, scale: 0 }),
            ("float(7,3) unsigned", Float),
            ("datetime(6)", DateTime { precision: 6 }),
            ("timestamp", Timestamp { precision: 0 }),
            ("bit(64)", Bit(64)),
            ("enum('a(7)','unsigned, x')", Enum { length: 255, comma: true, backslash: false }),
            ("enum('a','it''s','')", Enum { length: 255, comma: false, backslash: false }),
            ("varbinary(16)", Binary(16)),
            ("multipolygon", Geometry),
        ] {
            assert_eq!(parse(text), Some(expected), "{text}");
        }
        assert_eq!(MysqlType::parse("varchar(20)", Some(20)), Some(Chars(20)));
        for unknown in ["uuid", "inet6", "vector(3)", "xmltype", ""] {
            assert_eq!(parse(unknown), None, "{unknown}");
        }
    }

    #[test]
    fn unions_hold_both() {
        let union = |a, b| parse(a).unwrap().union(&parse(b).unwrap());
        for (a, b, expected) in [
            ("int", "bigint", Some("bigint")),
            ("int unsigned", "int", Some("bigint")),
            ("tinyint(1)", "smallint", Some("smallint")),
            ("bigint unsigned", "int", Some("decimal(20,0)")),
            ("decimal(10,2)", "decimal(8,4)", Some("decimal(12,4)")),
            ("float", "double", Some("double")),
            ("datetime(3)", "datetime", Some("datetime(3)")),
            ("varchar(10)", "char(20)", Some("char(20)")),
            ("text", "longtext", Some("longtext")),
            ("set('a','b')", "varchar(300)", Some("varchar(300)")),
            ("set('a','b')", "text", Some("text")),
            ("datetime", "timestamp", None),
            ("int", "varchar(10)", None),
        ] {
            assert_eq!(union(a, b), expected.and_then(parse), "{a} and {b}");
            assert_eq!(union(b, a), union(a, b), "{a} and {b}");
        }
    }
}
