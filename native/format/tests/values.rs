//! What each kind of value becomes in each kind of column, and what is refused and how.

mod common;

use std::sync::Arc;

use common::*;
use proptest::prelude::*;
use starrocks_format::{Format, Properties, RowErrorKind, TablePlan, TableSpec, Type, ZoneRules};
use starrocks_row::writer::BlockWriter;
use starrocks_row::{Op, frames};

use Format::{Csv, Json};

fn csv(ty: Type, server: &str, value: Model) -> Result<String, String> {
    one(Csv, ty, server, &[], value)
}

fn json(ty: Type, server: &str, value: Model) -> Result<String, String> {
    one(Json, ty, server, &[], value)
}

fn strings() -> Type {
    Type::Array(Box::new(Type::Char))
}

#[test]
fn scalars() {
    let decimal = || Type::Decimal { precision: 38, scale: 2 };
    for (ty, server, value, in_csv, in_json) in [
        (Type::Boolean, "tinyint", Model::Bool(true), "1", "1"),
        (Type::Boolean, "boolean", Model::Bool(false), "0", "0"),
        (Type::TinyInt, "tinyint", Model::I8(i8::MIN), "-128", "-128"),
        (Type::SmallInt, "smallint", Model::I16(i16::MAX), "32767", "32767"),
        (Type::Int, "int", Model::I32(i32::MIN), "-2147483648", "-2147483648"),
        (Type::BigInt, "bigint", Model::I64(i64::MIN), "-9223372036854775808", "-9223372036854775808"),
        (
            Type::BigInt,
            "bigint unsigned",
            Model::BigInt(i128::MIN),
            "-170141183460469231731687303715884105728",
            "-170141183460469231731687303715884105728",
        ),
        (Type::Float, "float", Model::F32(0.1), "0.1", "0.1"),
        (Type::Float, "double", Model::F32(f32::MAX), "3.4028235e+38", "3.4028235e+38"),
        (Type::Double, "double", Model::F64(1e16), "1e+16", "1e+16"),
        (Type::Double, "double", Model::F64(-0.0), "-0.0", "-0.0"),
        (Type::Double, "double", Model::F64(5e-324), "5e-324", "5e-324"),
        (Type::Double, "decimal", Model::F64(1.5e20), "150000000000000000000", "150000000000000000000"),
        (Type::Float, "decimal", Model::F32(1e-7), "0.0000001", "0.0000001"),
        (Type::Double, "double", Model::F64(f64::NAN), "\\N", "null"),
        (Type::Float, "float", Model::F32(f32::NEG_INFINITY), "\\N", "null"),
        (decimal(), "decimal", Model::Decimal64(-5, 2), "-0.05", "-0.05"),
        (
            decimal(),
            "decimal",
            Model::Decimal(10i128.pow(38) - 1, 2),
            &format!("{}.99", "9".repeat(36)),
            &format!("{}.99", "9".repeat(36)),
        ),
        (decimal(), "decimal128", Model::Null, "\\N", "null"),
        (Type::Char, "varchar", str(""), "", "\"\""),
        (Type::Char, "char", str("a\"b\\c\u{0}é😀"), "a\"b\\c\u{0}é😀", "\"a\\\"b\\\\c\\u0000é😀\""),
        (Type::Char, "varchar", str("null"), "null", "\"null\""),
        (Type::Char, "datetime", str("2024-01-01"), "2024-01-01", "\"2024-01-01\""),
        (Type::Date, "date", Model::Date(-719_162), "0001-01-01", "\"0001-01-01\""),
        (Type::Date, "datetime", Model::Date(2_932_896), "9999-12-31", "\"9999-12-31\""),
        (Type::Time(3), "varchar", Model::Time(1_500_000_000), "00:00:01.500", "\"00:00:01.500\""),
        (
            Type::Timestamp(6),
            "datetime",
            Model::Timestamp(-1, 0),
            "1969-12-31 23:59:59.999000",
            "\"1969-12-31 23:59:59.999000\"",
        ),
        (
            Type::TimestampLtz(6),
            "datetime",
            Model::Ltz(0, 0),
            "1970-01-01 01:00:00",
            "\"1970-01-01 01:00:00\"",
        ),
        (Type::Binary, "varbinary", Model::Bytes(vec![0, 255]), "AP8=", "\"AP8=\""),
        (Type::Binary, "varbinary", Model::Bytes(vec![]), "", "\"\""),
        (Type::Binary, "bigint", Model::Bytes(vec![1, 0]), "256", "256"),
        (
            Type::Binary,
            "bigint",
            Model::Bytes(vec![0x7f, 255, 255, 255, 255, 255, 255, 255]),
            "9223372036854775807",
            "9223372036854775807",
        ),
        (
            Type::Binary,
            "largeint",
            Model::Bytes(vec![255; 8]),
            "18446744073709551615",
            "18446744073709551615",
        ),
        // Values that user code gives for a column of another type.
        (Type::Int, "int", str("12"), "12", "\"12\""),
        (Type::Char, "varchar", Model::I64(-7), "-7", "-7"),
        (Type::Char, "varchar", Model::Bool(true), "1", "1"),
        (Type::Char, "varchar", Model::Timestamp(0, 0), "1970-01-01 00:00:00", "\"1970-01-01 00:00:00\""),
        (Type::Date, "date", Model::I32(20_240_612), "20240612", "20240612"),
        (Type::Date, "date", Model::I64(99_991_231), "99991231", "99991231"),
        (Type::Timestamp(3), "datetime", Model::I32(10_000_101), "10000101", "10000101"),
        (
            Type::TimestampLtz(6),
            "datetime",
            Model::I64(20_240_612_131_415),
            "20240612131415",
            "20240612131415",
        ),
        (Type::Int, "bitmap", Model::I32(1), "1", "1"),
        (Type::Char, "some_day_a_type", str("x"), "x", "\"x\""),
        // Where the server does not say.
        (Type::Time(0), "", Model::Time(0), "00:00:00", "\"00:00:00\""),
        (Type::Binary, "unknown", Model::Bytes(vec![1]), "AQ==", "\"AQ==\""),
    ] {
        assert_eq!(csv(ty.clone(), server, value.clone()).as_deref(), Ok(in_csv), "{value:?} into {server}");
        assert_eq!(json(ty, server, value.clone()).as_deref(), Ok(in_json), "{value:?} into {server}");
    }
}

#[test]
fn values_that_a_column_would_misread_are_refused() {
    for (ty, server, value, part) in [
        (Type::Date, "date", Model::Date(-719_163), "0001 to 9999"),
        (
            Type::Date,
            "date",
            Model::Timestamp(0, 0),
            "a value of type TIMESTAMP can't be written into a column of type DATE",
        ),
        (
            Type::Date,
            "date",
            Model::I32(1),
            "a value of type INTEGER can't be written into a column of type DATE",
        ),
        (
            Type::Timestamp(3),
            "datetime",
            Model::I64(1),
            "a value of type BIGINT can't be written into a column of type DATETIME",
        ),
        (
            Type::Date,
            "date",
            Model::I64(20_240_612_131_415),
            "Of integers, it takes those that read YYYYMMDD",
        ),
        (Type::Date, "date", Model::I32(-20_240_612), "Of integers, it takes those that read YYYYMMDD"),
        (Type::Date, "date", Model::I32(9_999_999), "Of integers, it takes those that read YYYYMMDD"),
        (Type::Date, "date", Model::I8(19), "Of integers, it takes those that read YYYYMMDD"),
        (Type::Date, "date", Model::F64(20_240_612.0), "can't be written into a column of type DATE"),
        (Type::Timestamp(3), "datetime", Model::I64(1_718_197_255_000), "YYYYMMDD or YYYYMMDDhhmmss"),
        (Type::Timestamp(3), "datetime", Model::I64(i64::MAX), "YYYYMMDD or YYYYMMDDhhmmss"),
        (Type::Time(3), "varchar", Model::Time(-1), "not within a day"),
        (Type::Timestamp(3), "datetime", Model::Timestamp(i64::MAX, 0), "0001 to 9999"),
        (Type::Int, "int", Model::Date(1), "a value of type DATE can't be written into a column of type INT"),
        (
            Type::Binary,
            "varbinary",
            str("AQ=="),
            "a value of type STRING can't be written into a column of type VARBINARY",
        ),
        (
            Type::Char,
            "varchar",
            Model::Bytes(vec![1]),
            "a value of type BYTES can't be written into a column of type CHAR or VARCHAR",
        ),
        (Type::Binary, "bigint", Model::Bytes(vec![0; 9]), "9 bytes are no number"),
        (Type::Binary, "bigint", Model::Bytes(vec![]), "0 bytes are no number"),
        (Type::Binary, "bigint", Model::Bytes(vec![255; 8]), "larger than 9223372036854775807"),
        (Type::Binary, "tinyint", Model::Bytes(vec![128]), "larger than 127"),
        (
            Type::Int,
            "int",
            Model::Array(vec![]),
            "a value of type ARRAY can't be written into a column of type INT",
        ),
        (
            strings(),
            "array",
            Model::Map(vec![]),
            "a value of type MAP can't be written into a column of type ARRAY",
        ),
        (Type::Char, "varchar", Model::Row(vec![]), "it holds a ROW where VARCHAR is declared"),
    ] {
        for format in [Csv, Json] {
            let error = one(format, ty.clone(), server, &[], value.clone()).unwrap_err();
            assert!(error.starts_with("can't write a row of db.tbl, column 'c': "), "{error}");
            assert!(error.contains(part), "{error}");
        }
    }
}

proptest! {
    #[test]
    fn integers_are_dates_by_their_digits(
        value in prop_oneof![any::<i64>(), 0i64..1_000_000_000, 100_000_000_000i64..1_000_000_000_000_000],
        wide: bool,
    ) {
        let value = match i32::try_from(value) {
            Ok(value) if !wide => Model::I32(value),
            _ => Model::I64(value),
        };
        let digits = match value {
            Model::I32(value) => value.to_string(),
            Model::I64(value) => value.to_string(),
            _ => unreachable!(),
        };
        let positive = !digits.starts_with('-');
        for (ty, server, lengths) in [(Type::Date, "date", &[8][..]), (Type::Timestamp(6), "datetime", &[8, 14])] {
            let expected = (positive && lengths.contains(&digits.len())).then_some(digits.clone());
            prop_assert_eq!(csv(ty.clone(), server, value.clone()).ok(), expected.clone());
            prop_assert_eq!(json(ty, server, value.clone()).ok(), expected);
        }
    }
}

#[test]
fn text_for_json_columns_is_kept_byte_for_byte() {
    for text in
        ["{\"b\": 1,\"a\":null, \"b\":2}", "1E400", " [1]\n", "\"x\"", "null", "12345678901234567890.10"]
    {
        assert_eq!(json(Type::Char, "json", str(text)).as_deref(), Ok(text));
    }
    for text in ["", "{", "{} {}", "nul", "{'a':1}", "x"] {
        assert_eq!(json(Type::Char, "json", str(text)), Ok(serde_json::to_string(text).unwrap()));
        assert_eq!(csv(Type::Char, "json", str(text)), Ok(serde_json::to_string(text).unwrap()));
    }
    assert_eq!(csv(Type::Char, "json", str("{\"b\": 1, \"b\":2}")).as_deref(), Ok("{\"b\": 1, \"b\":2}"));
    assert_eq!(json(Type::Char, "varchar", str("{}")).as_deref(), Ok("\"{}\""), "only for JSON columns");
    assert_eq!(json(Type::Char, "array", str("[1, 2]")).as_deref(), Ok("[1, 2]"));
}

#[test]
fn arrays_in_csv() {
    let nested = Model::Array(vec![Model::Array(vec![str("a,\"]")]), Model::Null, Model::Array(vec![])]);
    let ty = Type::Array(Box::new(strings()));
    assert_eq!(csv(ty.clone(), "array", nested.clone()).as_deref(), Ok(r#"[["a,""]"],null,[]]"#));
    assert_eq!(csv(ty, "varchar", nested).as_deref(), Ok(r#"[["a,\"]"],null,[]]"#));
    let all = Model::Array(vec![
        Model::Bool(true),
        Model::Decimal64(15, 1),
        Model::F64(f64::NAN),
        Model::Date(0),
        Model::Time(0),
        Model::Timestamp(0, 0),
        Model::Bytes(vec![1]),
        str("null"),
        str(""),
        str("\\N"),
    ]);
    assert_eq!(
        csv(strings(), "array", all.clone()).as_deref(),
        Ok(r#"[1,1.5,null,"1970-01-01","00:00:00","1970-01-01 00:00:00","AQ==","null","","\N"]"#)
    );
    assert_eq!(
        json(strings(), "array", all.clone()).as_deref(),
        Ok(r#"[1,1.5,null,"1970-01-01","00:00:00","1970-01-01 00:00:00","AQ==","null","","\\N"]"#)
    );
    assert_eq!(
        csv(strings(), "json", all).as_deref(),
        Ok(r#"[true,1.5,null,"1970-01-01","00:00:00","1970-01-01 00:00:00","AQ==","null","","\\N"]"#)
    );
    let error = csv(strings(), "array", Model::Array(vec![Model::Map(vec![])])).unwrap_err();
    assert!(error.contains("CSV can't carry a MAP within an array") && error.contains("json"), "{error}");
    let error = csv(strings(), "array", Model::Array(vec![str("a\tb")])).unwrap_err();
    assert!(error.contains("column separator"), "{error}");
}

#[test]
fn maps_and_rows_are_json_objects() {
    let ty = Type::Map(Box::new((
        Type::Char,
        Type::Row(vec![("x\"".into(), Type::Boolean), ("y".into(), strings())]),
    )));
    let value = Model::Map(vec![
        (str("k\n"), Model::Row(vec![Model::Bool(true), Model::Array(vec![str("v"), Model::Null])])),
        (Model::I32(1), Model::Null),
        (Model::Bool(false), Model::Null),
        (Model::Date(0), Model::Null),
        (Model::Bytes(vec![1]), Model::Null),
    ]);
    let words = r#"{"k\n":{"x\"":true,"y":["v",null]},"1":null,"false":null,"1970-01-01":null,"AQ==":null}"#;
    let digits = words.replace("true", "1").replace("false", "0");
    assert_eq!(csv(ty.clone(), "json", value.clone()).as_deref(), Ok(words));
    assert_eq!(csv(ty.clone(), "varchar", value.clone()).as_deref(), Ok(words));
    assert_eq!(json(ty.clone(), "json", value.clone()).as_deref(), Ok(words));
    assert_eq!(json(ty.clone(), "map", value).as_deref(), Ok(&*digits));
    for (key, part) in [
        (Model::Null, "the key NULL"),
        (Model::F64(f64::NAN), "the key NaN"),
        (Model::Array(vec![]), "the key ARRAY"),
    ] {
        let error = json(ty.clone(), "map", Model::Map(vec![(key, Model::Null)])).unwrap_err();
        assert!(error.contains(part), "{error}");
    }
    let short = Model::Map(vec![(str("k"), Model::Row(vec![Model::Null]))]);
    let error = json(ty, "map", short).unwrap_err();
    assert!(error.contains("a ROW of 1 fields where one of 2 is declared"), "{error}");
}

#[test]
fn nesting_ends_at_64() {
    let nest = |depth: usize| (0..depth).fold(Model::I32(1), |inner, _| Model::Array(vec![inner]));
    for (format, server) in [(Csv, "array"), (Csv, "json"), (Json, "array"), (Json, "json")] {
        let text = one(format, strings(), server, &[], nest(64)).unwrap();
        assert_eq!(text, format!("{}1{}", "[".repeat(64), "]".repeat(64)));
        let error = one(format, strings(), server, &[], nest(65)).unwrap_err();
        assert!(error.contains("deeper than 64"), "{error}");
    }
}

#[test]
fn long_and_unusual_text_passes() {
    let planes: String = (0..=0x10)
        .flat_map(|plane| [0xfffd, 0x41, 0xd7ff].map(|c| plane << 16 | c))
        .filter_map(char::from_u32)
        .collect();
    let all: String = ('\u{0}'..='\u{ffff}').filter(|c| !matches!(c, '\t' | '\n')).collect();
    for text in [planes, all, "é".repeat(1 << 19), "\"\\".repeat(1 << 19)] {
        assert_eq!(csv(Type::Char, "varchar", str(&text)), Ok(text.clone()));
        let read: String = serde_json::from_str(&json(Type::Char, "varchar", str(&text)).unwrap()).unwrap();
        assert_eq!(read, text);
    }
}

#[test]
fn values_that_csv_cannot_carry_name_column_and_remedy_but_not_the_value() {
    for (properties, text, part) in [
        (&[][..], "sec\tret", "the text of 7 bytes holds the column separator"),
        (&[], "sec\nret", "the text of 7 bytes holds the row delimiter"),
        (&[], "\\N", "reads as NULL"),
        (&[("column_separator", "||")], "secret|", "ends in the beginning of it"),
        (&[("trim_space", "true")], " secret", "starts or ends with a space"),
        (&[("enclose", "'")], "'secret", "starts with the enclose character"),
        (&[("enclose", "'")], "\u{0}secret", "NUL"),
        (&[("escape", "@")], "secret@", "holds the escape character"),
    ] {
        let plan =
            plan(spec(Csv, false, &[("a", Type::Char, "varchar"), ("b", Type::Int, "int")]), properties)
                .unwrap();
        let error = write(&plan, Op::Upsert, &[str(text), Model::Null]).unwrap_err();
        assert_eq!((error.database(), error.table(), error.column()), ("db", "tbl", Some("a")));
        assert_eq!(error.kind(), RowErrorKind::Row);
        let message = error.to_string();
        assert!(message.contains(part), "{message}");
        assert!(message.contains("'sink.properties.format' = 'json'"), "{message}");
        assert!(!message.contains("sec"), "{message}");
    }
}

#[test]
fn enclosing() {
    let enclosed =
        |properties: &[(&str, &str)], text: &str| one(Csv, Type::Char, "varchar", properties, str(text));
    let quote = ("enclose", "\"");
    assert_eq!(enclosed(&[quote], "plain").as_deref(), Ok("plain"));
    assert_eq!(enclosed(&[quote], "").as_deref(), Ok(""));
    assert_eq!(enclosed(&[quote], "a\tb").as_deref(), Ok("\"a\tb\""));
    assert_eq!(enclosed(&[quote], "a\"b\n\"\"").as_deref(), Ok("\"a\"\"b\n\"\"\"\"\""));
    let both = [quote, ("escape", "@")];
    assert_eq!(enclosed(&both, "\"a@\0").as_deref(), Ok("\"@\"a@@\0\""));
    assert_eq!(enclosed(&[quote, ("trim_space", "true")], " a ").as_deref(), Ok("\" a \""));
    assert!(enclosed(&both, "\\N").unwrap_err().contains("enclosed or not"));
}

#[test]
fn a_blank_line_is_never_written() {
    let single = || spec(Csv, false, &[("a", Type::Char, "varchar")]);
    let error = write(&plan(single(), &[]).unwrap(), Op::Upsert, &[str("")]).unwrap_err();
    assert!(error.reason().contains("StarRocks drops blank lines"), "{error}");
    let (text, _) = write(&plan(single(), &[("enclose", "\"")]).unwrap(), Op::Upsert, &[str("")]).unwrap();
    assert_eq!(text, b"\"\"\n");
    let with_op = spec(Csv, true, &[("a", Type::Char, "varchar")]);
    let (text, _) = write(&plan(with_op, &[]).unwrap(), Op::Upsert, &[str("")]).unwrap();
    assert_eq!(text, b"\t0\n");
}

#[test]
fn operations_come_last() {
    let columns = [("id", Type::Int, "int")];
    for (op, sign) in [(Op::Upsert, 0), (Op::Delete, 1)] {
        let (text, _) = write(&plan(spec(Csv, true, &columns), &[]).unwrap(), op, &[Model::I32(5)]).unwrap();
        assert_eq!(text, format!("5\t{sign}\n").into_bytes());
        let (text, _) = write(&plan(spec(Json, true, &columns), &[]).unwrap(), op, &[Model::I32(5)]).unwrap();
        assert_eq!(text, format!("{{\"id\":5,\"__op\":{sign}}}").into_bytes());
    }
    for format in [Csv, Json] {
        let plan = plan(spec(format, false, &columns), &[]).unwrap();
        let error = write(&plan, Op::Delete, &[Model::I32(5)]).unwrap_err();
        assert!(error.reason().contains("it is a delete"), "{error}");
    }
}

#[test]
fn the_number_of_values_must_be_that_of_the_columns() {
    for format in [Csv, Json] {
        let plan =
            plan(spec(format, true, &[("a", Type::Int, "int"), ("b", Type::Int, "int")]), &[]).unwrap();
        for (count, values) in [
            (0, vec![]),
            (1, vec![Model::Null]),
            (4, vec![Model::Null, Model::Null, Model::Array(vec![Model::Null]), Model::Null]),
        ] {
            let error = write(&plan, Op::Upsert, &values).unwrap_err();
            assert_eq!(
                error.reason(),
                format!("it has {count} values, but the table is written with 2 columns")
            );
            assert_eq!(error.column(), None);
        }
    }
}

#[test]
fn rows_that_come_as_text_are_written_as_they_are() {
    let raw = |format, properties: &[(&str, &str)]| {
        let spec = TableSpec { raw: true, ..spec(format, false, &[]) };
        TablePlan::new(
            spec,
            &Properties::new(properties.iter().copied()).unwrap(),
            Arc::new(ZoneRules::utc()),
        )
        .unwrap()
    };
    let write = |plan: &TablePlan, text: &[u8], op: Op| {
        let mut block = BlockWriter::new();
        block.raw(0, op, text);
        let mut out = Vec::new();
        plan.write_row(&frames(block.as_bytes()).next().unwrap().unwrap(), &mut out).map(|_| out)
    };
    let csv = raw(Csv, &[("row_delimiter", "\\x02"), ("escape", "\\")]);
    assert_eq!(write(&csv, b"a,\\,b\t\xff", Op::Upsert).unwrap(), b"a,\\,b\t\xff\x02");
    assert_eq!(write(&csv, b" ", Op::Upsert).unwrap(), b" \x02");
    let json = raw(Json, &[]);
    assert_eq!(write(&json, b" {\"a\": 1}\n", Op::Upsert).unwrap(), b" {\"a\": 1}\n");
    for (plan, text) in [(&csv, &b""[..]), (&csv, b"\x02"), (&json, b""), (&json, b" \t\r\n")] {
        let error = write(plan, text, Op::Upsert).unwrap_err();
        assert_eq!(error.reason(), "its text is blank");
    }
    assert!(write(&json, b"{}", Op::Delete).is_err());

    let mut block = BlockWriter::new();
    block.slots(0, Op::Upsert, |row| row.null());
    let error =
        json.write_row(&frames(block.as_bytes()).next().unwrap().unwrap(), &mut Vec::new()).unwrap_err();
    assert_eq!(error.kind(), RowErrorKind::Block);
    let columns = plan(spec(Csv, false, &[("a", Type::Int, "int")]), &[]).unwrap();
    assert_eq!(write(&columns, b"1", Op::Upsert).unwrap_err().kind(), RowErrorKind::Block);
}

#[test]
fn a_malformed_row_is_the_blocks_fault() {
    for format in [Csv, Json] {
        let plan =
            plan(spec(format, false, &[("a", Type::Int, "int"), ("b", Type::Int, "int")]), &[]).unwrap();
        let mut block = BlockWriter::new();
        block.frame(0, Op::Upsert, starrocks_row::Encoding::Slots, &[5, 1, 0, 0, 0, 99]);
        let mut out = b"x".to_vec();
        let error = plan.write_row(&frames(block.as_bytes()).next().unwrap().unwrap(), &mut out).unwrap_err();
        assert_eq!((error.kind(), error.column(), &out[..]), (RowErrorKind::Block, Some("b"), &b"x"[..]));
        assert!(
            error.to_string().ends_with("the encoded row is malformed at byte 5: 99 is no tag of a value"),
            "{error}"
        );
    }
}

#[test]
fn no_bytes_break_the_structure_of_json() {
    let plan =
        plan(spec(Json, false, &[("a", Type::Char, "varchar"), ("j", Type::Char, "json")]), &[]).unwrap();
    for text in [&b"\xff\"},{\"a\":\"\xc3"[..], b"\"\xc3\"", b"{\"\xff\":1}", b"\\", b"\xe2\x80\""] {
        let mut block = BlockWriter::new();
        block.slots(0, Op::Upsert, |row| {
            row.str(text);
            row.str(text);
        });
        let mut out = Vec::new();
        plan.write_row(&frames(block.as_bytes()).next().unwrap().unwrap(), &mut out).unwrap();
        let read: serde_json::Value = serde_json::from_str(&String::from_utf8_lossy(&out)).unwrap();
        assert_eq!(read.as_object().unwrap().len(), 2);
    }
}
