//! What each MySQL type becomes in Flink's source and sink tables, and in StarRocks.

use crate::config::{Options, StringType, TinyInt1};
use crate::mysql_type::MysqlType;

/// Bytes of StarRocks' `STRING`. `TEXT` holds two more.
const STRING_BYTES: u64 = 65_533;
/// Bytes of the longest `VARCHAR`, from StarRocks 2.1 on.
const VARCHAR_BYTES: u64 = 1_048_576;
/// Bytes of a character of utf8mb4: StarRocks counts bytes, MySQL characters.
const CHARACTER_BYTES: u64 = 4;

/// A column's types on its way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Mapped {
    /// In the source's Flink table.
    pub(crate) source: String,
    /// In the sink's Flink table.
    pub(crate) sink: String,
    /// What the INSERT does in between.
    pub(crate) conversion: Conversion,
    pub(crate) starrocks: String,
    /// Whether the source must be told to send bytes as base64.
    pub(crate) base64: bool,
    /// What of the column's values doesn't arrive as it is.
    pub(crate) limit: Option<&'static str>,
}

/// What the INSERT does with a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Conversion {
    None,
    /// A cast to the sink's type.
    Cast,
    /// The CDC source hands out the bytes of a BIT with the least significant first; the sink takes them for a number
    /// with the most significant first.
    ReverseBytes,
    /// In changes (not in the snapshot) the CDC source puts a backslash before a comma of an ENUM's value.
    UnescapeCommas,
}

impl Mapped {
    fn new(flink: impl Into<String>, starrocks: impl Into<String>) -> Self {
        let flink = flink.into();
        Self {
            source: flink.clone(),
            sink: flink,
            conversion: Conversion::None,
            starrocks: starrocks.into(),
            base64: false,
            limit: None,
        }
    }

    /// As text, cast in the INSERT.
    fn cast(source: impl Into<String>, starrocks: &str) -> Self {
        Self { sink: "STRING".into(), conversion: Conversion::Cast, ..Self::new(source, starrocks) }
    }

    fn limit(mut self, limit: &'static str) -> Self {
        self.limit = Some(limit);
        self
    }
}

/// What a column becomes. Keys are kept to the types that StarRocks takes for keys: integers, texts, dates.
pub(crate) fn map(ty: &MysqlType, key: bool, options: &Options) -> Mapped {
    use MysqlType::*;
    match *ty {
        // Keys that differ in MySQL must differ in StarRocks.
        TinyInt1 if !key && options.tinyint1 == self::TinyInt1::Boolean => {
            Mapped::new("BOOLEAN", "BOOLEAN").limit("tinyint1 = boolean turns every value but 0 into true")
        }
        TinyInt1 => Mapped::new("TINYINT", "TINYINT"),
        Int { bits, unsigned } => match (bits, unsigned) {
            (8, false) => Mapped::new("TINYINT", "TINYINT"),
            (8, true) | (16, false) => Mapped::new("SMALLINT", "SMALLINT"),
            (16, true) | (24 | 32, false) => Mapped::new("INT", "INT"),
            (64, true) => Mapped::new("DECIMAL(20, 0)", "LARGEINT"),
            _ => Mapped::new("BIGINT", "BIGINT"),
        },
        Float if key => Mapped::cast("FLOAT", "STRING"),
        Float => Mapped::new("FLOAT", "FLOAT"),
        Double if key => Mapped::cast("DOUBLE", "STRING"),
        Double => Mapped::new("DOUBLE", "DOUBLE"),
        Decimal { precision, scale } => {
            let flink = format!("DECIMAL({precision}, {scale})");
            // Declared as a narrower DECIMAL, the source would hand out NULL.
            if precision > 38 {
                Mapped::new("STRING", "STRING")
            } else if key && scale == 0 {
                Mapped::new(flink, "LARGEINT")
            } else if key {
                Mapped::cast(flink, "STRING")
            } else if options.use_decimal_v3 {
                Mapped::new(flink.clone(), flink)
            } else if precision > 27 || scale > 9 {
                Mapped::cast(flink, "STRING")
                    .limit("it is text, because its digits need Decimal V3 (use_decimal_v3 = true)")
            } else if precision - scale > 18 {
                Mapped::new(flink.clone(), flink)
                    .limit("DECIMALV2 holds 18 digits before the point; more need Decimal V3 (use_decimal_v3 = true)")
            } else {
                Mapped::new(flink.clone(), flink)
            }
        }
        Date => Mapped::new("DATE", "DATE"),
        DateTime { precision } | Timestamp { precision } => Mapped::new(format!("TIMESTAMP({precision})"), "DATETIME"),
        Time { precision: 0 } => {
            Mapped::cast("TIME(0)", "VARCHAR(32)").limit("only times from 00:00:00 to 23:59:59 are right in Flink")
        }
        // A cast would drop the fraction; our sink takes a TIME into text as it is.
        Time { precision } => Mapped::new(format!("TIME({precision})"), "VARCHAR(32)").limit(
            "only times from 00:00:00 to 23:59:59.999 are right in Flink, and microseconds are cut to milliseconds",
        ),
        Year => Mapped::new("INT", "INT"),
        Chars(n) => Mapped::new("STRING", text(n.saturating_mul(CHARACTER_BYTES), true, options)),
        Enum { length, comma, backslash } => {
            // The longest VARCHAR that is no longer than a STRING: values that are added later fit, too.
            let starrocks = match options.string_type {
                StringType::String => format!("VARCHAR({STRING_BYTES})"),
                StringType::Varchar => text(length.saturating_mul(CHARACTER_BYTES), true, options),
            };
            let mapped = Mapped::new("STRING", starrocks);
            match (comma, backslash) {
                (false, _) => mapped,
                (true, false) => Mapped { conversion: Conversion::UnescapeCommas, ..mapped },
                (true, true) => mapped.limit("Flink CDC puts a backslash before each comma of a changed value"),
            }
        }
        Text(n) => Mapped::new("STRING", text(n, false, options)),
        Json if key => Mapped::new("STRING", "STRING"),
        Json => Mapped::new("STRING", "JSON"),
        Bit(1) => Mapped::new("BOOLEAN", "BOOLEAN"),
        Bit(n) => Mapped {
            conversion: if n > 8 { Conversion::ReverseBytes } else { Conversion::None },
            ..Mapped::new(format!("BINARY({})", n.div_ceil(8)), if n > 63 { "LARGEINT" } else { "BIGINT" })
        },
        // Without base64 mode a STRING would silently hold `java.nio.HeapByteBuffer[...]`.
        Binary(n) => {
            let encoded = n.div_ceil(3).saturating_mul(4);
            let mapped = Mapped { base64: true, ..Mapped::new("STRING", text(encoded, false, options)) };
            mapped.limit("its bytes are carried as base64 text")
        }
        Geometry => Mapped::new("STRING", format!("VARCHAR({VARCHAR_BYTES})")).limit("it is carried as GeoJSON-like text"),
    }
}

/// The StarRocks type of a text of up to that many bytes. Longer values than it takes are refused by StarRocks, with an
/// error: none is cut.
fn text(bytes: u64, declared: bool, options: &Options) -> String {
    if declared && options.string_type == StringType::Varchar {
        return format!("VARCHAR({})", bytes.clamp(1, VARCHAR_BYTES));
    }
    if bytes <= STRING_BYTES || bytes == 0xffff {
        "STRING".into()
    } else {
        format!("VARCHAR({VARCHAR_BYTES})")
    }
}

/// The most bytes of a key column's value, as far as it is known; StarRocks takes keys of up to 128 bytes.
pub(crate) fn key_bytes(ty: &MysqlType) -> u64 {
    use MysqlType::*;
    match *ty {
        TinyInt1 | Bit(1) => 1,
        Int { bits, .. } => u64::from(bits).div_ceil(8).next_power_of_two(),
        Decimal { precision, scale: 0 } if precision <= 38 => 16,
        Decimal { precision, .. } => u64::from(precision) + 3,
        Float | Double => 24,
        Date | Year => 4,
        DateTime { .. } | Timestamp { .. } | Bit(_) => 8,
        Time { .. } => 12,
        Chars(n) | Enum { length: n, .. } => n.saturating_mul(CHARACTER_BYTES),
        Text(n) => n,
        Binary(n) => n.div_ceil(3).saturating_mul(4),
        Json | Geometry => u64::MAX,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mapped(ty: &str, key: bool, options: &Options) -> [String; 3] {
        let Mapped { source, sink, starrocks, .. } = map(&MysqlType::parse(ty, None).unwrap(), key, options);
        [source, sink, starrocks]
    }

    #[test]
    fn options_choose() {
        let v2 = Options { use_decimal_v3: false, ..Options::default() };
        assert_eq!(mapped("decimal(27,9)", false, &v2)[2], "DECIMAL(27, 9)");
        assert_eq!(mapped("decimal(28,9)", false, &v2), ["DECIMAL(28, 9)", "STRING", "STRING"]);
        assert_eq!(mapped("decimal(20,10)", false, &v2)[2], "STRING");
        assert_eq!(mapped("decimal(27,0)", false, &v2)[2], "DECIMAL(27, 0)");
        for (ty, warned) in [
            ("decimal(27,9)", false),
            ("decimal(18,0)", false),
            ("decimal(19,0)", true),
            ("decimal(27,8)", true),
        ] {
            let limit = map(&MysqlType::parse(ty, None).unwrap(), false, &v2).limit;
            assert_eq!(
                limit.is_some_and(|l| l.contains("18 digits before the point")),
                warned,
                "{ty}: {limit:?}"
            );
        }
        let boolean = Options { tinyint1: TinyInt1::Boolean, ..Options::default() };
        assert_eq!(mapped("tinyint(1)", false, &boolean), ["BOOLEAN"; 3]);
        assert_eq!(mapped("tinyint(1)", true, &boolean), ["TINYINT"; 3]);
        let varchar = Options { string_type: StringType::Varchar, ..Options::default() };
        assert_eq!(mapped("varchar(10)", false, &varchar)[2], "VARCHAR(40)");
        for ty in ["enum('a','b')", "set('a','b')"] {
            let ty = MysqlType::parse(ty, Some(3)).unwrap();
            assert_eq!(map(&ty, false, &Options::default()).starrocks, "VARCHAR(65533)");
            assert_eq!(map(&ty, false, &varchar).starrocks, "VARCHAR(12)");
        }
        assert_eq!(mapped("varchar(0)", false, &varchar)[2], "VARCHAR(1)");
        assert_eq!(mapped("text", false, &varchar)[2], "STRING");
    }

    #[test]
    fn long_texts_get_the_longest_type() {
        let options = Options::default();
        for (ty, expected) in [
            ("varchar(16383)", "STRING"),
            ("varchar(20000)", "VARCHAR(1048576)"),
            ("text", "STRING"),
            ("mediumtext", "VARCHAR(1048576)"),
            ("varbinary(16)", "STRING"),
            ("blob", "VARCHAR(1048576)"),
        ] {
            assert_eq!(mapped(ty, false, &options)[2], expected, "{ty}");
        }
    }

    #[test]
    fn keys_are_of_types_that_keys_may_have() {
        let allowed =
            ["TINYINT", "SMALLINT", "INT", "BIGINT", "LARGEINT", "BOOLEAN", "DATE", "DATETIME", "STRING"];
        for ty in [
            "tinyint(1)",
            "int unsigned",
            "bigint unsigned",
            "float",
            "double",
            "decimal(10,2)",
            "decimal(10,0)",
            "decimal(65,2)",
            "date",
            "datetime(6)",
            "time",
            "time(3)",
            "year",
            "char(3)",
            "text",
            "longtext",
            "json",
            "bit(1)",
            "bit(64)",
            "blob",
        ] {
            let starrocks = &mapped(ty, true, &Options::default())[2];
            assert!(
                allowed.contains(&starrocks.as_str()) || starrocks.starts_with("VARCHAR("),
                "{ty}: {starrocks}"
            );
        }
    }
}
