//! Random rows in Flink's binary format: written exactly as the same rows in tagged values are, and
//! refused where they are. Random bytes: refused, or a row.

mod common;

use common::*;
use proptest::prelude::*;
use starrocks_format::{Format, RowErrorKind, Scratch, Type};
use starrocks_row::writer::BlockWriter;
use starrocks_row::{Op, frames};

/// A value as a binary row of this type can hold it.
fn any_binary_scalar() -> impl Strategy<Value = (Type, &'static str, Model)> {
    let typed = |ty: Type, server: &'static str| move |value| (ty.clone(), server, value);
    let decimal = |precision, scale| Type::Decimal { precision, scale };
    let millis = || FIRST_MILLI..=LAST_MILLI;
    let value = prop_oneof![
        any::<i32>().prop_map(Model::I32).prop_map(typed(Type::Int, "varchar")),
        any::<i64>().prop_map(Model::I64).prop_map(typed(Type::BigInt, "decimal")),
        (any::<i64>(), 0u32..64)
            .prop_map(|(v, n)| Model::I64(v >> n))
            .prop_map(typed(Type::BigInt, "largeint")),
        (0u8..=18, any::<i64>(), 0u32..64).prop_map(move |(s, v, n)| (
            decimal(18, s),
            "decimal",
            Model::Decimal64(v >> n, s)
        )),
        (0u8..=38, any::<i128>(), 0u32..128).prop_map(move |(s, v, n)| (
            decimal(38, s),
            "decimal",
            Model::Decimal(v >> n, s)
        )),
        any::<f64>().prop_map(Model::F64).prop_map(typed(Type::Double, "decimal")),
        any_text().prop_map(Model::Str).prop_map(typed(Type::Char, "json")),
        ".{0,80}".prop_map(Model::Str).prop_map(typed(Type::Char, "varchar")),
        proptest::collection::vec(any::<u8>(), 0..10)
            .prop_map(Model::Bytes)
            .prop_map(typed(Type::Binary, "bigint")),
        (-719_200i32..=2_932_910).prop_map(Model::Date).prop_map(typed(Type::Date, "date")),
        (0..=86_400_000i64)
            .prop_map(|ms| Model::Time(ms * 1_000_000))
            .prop_map(typed(Type::Time(3), "varchar")),
        millis().prop_map(|ms| Model::Timestamp(ms, 0)).prop_map(typed(Type::Timestamp(3), "datetime")),
        (millis(), 0..1_000_000)
            .prop_map(|(ms, n)| Model::Timestamp(ms, n))
            .prop_map(typed(Type::Timestamp(6), "datetime")),
        millis().prop_map(|ms| Model::Ltz(ms, 0)).prop_map(typed(Type::TimestampLtz(0), "datetime")),
    ];
    let value = prop_oneof![value, any_scalar()];
    (value, prop::bool::weighted(0.15))
        .prop_map(|((ty, server, value), null)| (ty, server, if null { Model::Null } else { value }))
        .prop_filter("has a binary form", |(ty, _, value)| {
            binary(std::slice::from_ref(value), std::slice::from_ref(ty)).is_some()
        })
}

fn any_column() -> impl Strategy<Value = (Type, &'static str, Model)> {
    let nested = any_nested().prop_filter_map("has a binary form", |(ty, value)| {
        binary(std::slice::from_ref(&value), std::slice::from_ref(&ty))?;
        matches!(ty, Type::Array(_) | Type::Map(_) | Type::Row(_)).then_some((ty, "json", value))
    });
    prop_oneof![8 => any_binary_scalar(), 1 => nested]
}

fn properties() -> Vec<Vec<(&'static str, &'static str)>> {
    vec![
        vec![],
        vec![("column_separator", ",")],
        vec![("column_separator", "||"), ("row_delimiter", "\\x0D0A")],
        vec![("column_separator", "1"), ("row_delimiter", "-")],
        vec![("column_separator", "|"), ("row_delimiter", "\\x7C0A")],
        vec![("enclose", "\""), ("trim_space", "true")],
        vec![("enclose", "'"), ("escape", "@"), ("column_separator", ",")],
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(800))]

    #[test]
    fn binary_rows_become_the_same_text(
        row in prop_oneof![9 => proptest::collection::vec(any_column(), 1..8), 1 => proptest::collection::vec(any_column(), 50..130)],
        op: bool,
        delete: bool,
        which in 0..properties().len(),
    ) {
        let names: Vec<String> = (0..row.len()).map(|i| format!("column \"{i}")).collect();
        let columns: Vec<_> = names.iter().zip(&row).map(|(n, (t, s, _))| (n.as_str(), t.clone(), *s)).collect();
        let (types, values): (Vec<Type>, Vec<Model>) = row.iter().map(|(t, _, v)| (t.clone(), v.clone())).unzip();
        let bytes = binary(&values, &types).unwrap();
        let kind = if delete { Op::Delete } else { Op::Upsert };
        for (format, properties) in [(Format::Json, vec![]), (Format::Csv, properties().swap_remove(which))] {
            let plan = plan(spec(format, op, &columns), &properties).unwrap();
            let (slots, binary) = (write(&plan, kind, &values), write_binary(&plan, kind, &bytes));
            match (slots, binary) {
                (Ok(slots), Ok(binary)) => {
                    prop_assert_eq!(String::from_utf8_lossy(&slots.0), String::from_utf8_lossy(&binary.0));
                    prop_assert_eq!(slots.1, binary.1);
                }
                (slots, binary) => prop_assert_eq!(slots, binary),
            }
        }
    }

    #[test]
    fn changed_bytes_give_a_row_or_an_error(
        row in proptest::collection::vec(any_column(), 1..8),
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..8),
        cut in prop::option::of(any::<prop::sample::Index>()),
        csv: bool,
    ) {
        let names: Vec<String> = (0..row.len()).map(|i| format!("c{i}")).collect();
        let columns: Vec<_> = names.iter().zip(&row).map(|(n, (t, s, _))| (n.as_str(), t.clone(), *s)).collect();
        let (types, values): (Vec<Type>, Vec<Model>) = row.iter().map(|(t, _, v)| (t.clone(), v.clone())).unzip();
        let mut bytes = binary(&values, &types).unwrap();
        changes.iter().for_each(|(at, byte)| { let at = at.index(bytes.len()); bytes[at] = *byte; });
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        let plan = plan(spec(if csv { Format::Csv } else { Format::Json }, false, &columns), &[]).unwrap();
        match write_binary(&plan, Op::Upsert, &bytes) {
            Ok((text, _)) if csv => prop_assert_eq!(text.iter().filter(|b| **b == b'\n').count(), 1),
            Ok((text, _)) => {
                let text = String::from_utf8_lossy(&text).into_owned();
                prop_assert!(serde_json::from_str::<serde_json::Value>(&text).is_ok(), "{text}");
            }
            Err(error) => prop_assert!(!error.reason().is_empty()),
        }
    }
}

#[test]
fn a_binary_row_for_text_and_one_too_short_are_refused() {
    let raw =
        starrocks_format::TableSpec { raw: true, columns: Vec::new(), ..spec(Format::Json, false, &[]) };
    let error = write_binary(&plan(raw, &[]).unwrap(), Op::Upsert, &[0; 16]).unwrap_err();
    assert_eq!(error.kind(), RowErrorKind::Block);
    assert_eq!(error.reason(), "it comes as values, but the table takes text");

    let two = plan(spec(Format::Csv, false, &[("a", Type::Int, "int"), ("b", Type::Char, "varchar")]), &[])
        .unwrap();
    let error = write_binary(&two, Op::Upsert, &[0; 23]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "can't write a row of db.tbl: the encoded row is malformed at byte 0: 24 bytes are needed but 23 are left"
    );
    let mut row = [0; 24];
    row[16..].copy_from_slice(&(24u64 << 32 | 9).to_le_bytes());
    let error = write_binary(&two, Op::Upsert, &row).unwrap_err();
    assert_eq!(
        error.to_string(),
        "can't write a row of db.tbl, column 'b': the encoded row is malformed at byte 24: 9 bytes are needed but 0 are left"
    );
}

/// Ordinary tables are served by the short way, or nothing would have been gained.
#[test]
fn common_rows_go_the_short_way() {
    let money = Type::Decimal { precision: 15, scale: 2 };
    let columns = [
        ("a", Type::BigInt, "bigint"),
        ("b", money, "decimal64"),
        ("c", Type::Char, "varchar"),
        ("d", Type::Date, "date"),
        ("e", Type::Timestamp(6), "datetime"),
        ("f", Type::Double, "double"),
        ("g", Type::Array(Box::new(Type::Int)), "json"),
    ];
    let row = [
        Model::I64(-1),
        Model::Decimal64(1234, 2),
        str("some text"),
        Model::Date(0),
        Model::Timestamp(0, 0),
        Model::F64(0.5),
        Model::Array(vec![Model::I32(1), Model::Null]),
    ];
    let types: Vec<Type> = columns.iter().map(|(_, ty, _)| ty.clone()).collect();
    let mut block = BlockWriter::new();
    block.slots(0, Op::Upsert, |to| row.iter().for_each(|value| value.write(to)));
    block.binary(0, Op::Upsert, &binary(&row, &types).unwrap());
    for (format, expected) in [
        (Format::Csv, "-1\t12.34\tsome text\t1970-01-01\t1970-01-01 00:00:00\t0.5\t[1,null]\n"),
        (
            Format::Json,
            r#"{"a":-1,"b":12.34,"c":"some text","d":"1970-01-01","e":"1970-01-01 00:00:00","f":0.5,"g":[1,null]}"#,
        ),
    ] {
        let plan = plan(spec(format, false, &columns), &[]).unwrap();
        for frame in frames(block.as_bytes()) {
            let mut room = [0; 1000];
            let (len, _) = plan.write_row_into(&frame.unwrap(), &mut Scratch::default(), &mut room).unwrap();
            assert_eq!(std::str::from_utf8(&room[..len]).unwrap(), expected);
        }
    }
}
