//! What the tests of whole rows share: a model of values, and readers that know only the rules of
//! the server, not the writer's code.

#![allow(dead_code, reason = "each test binary uses its own part")]

pub mod read;
pub mod short_way;

use std::sync::Arc;

use proptest::prelude::*;
use starrocks_format::{
    ColumnSpec, Format, PlanError, Properties, RowError, RowNotes, TablePlan, TableSpec, Type, ZoneRules,
};
use starrocks_row::writer::{BinaryArrayWriter, BinaryRowWriter, BlockWriter, ValueWriter, binary_map};
use starrocks_row::{Op, frames};

/// A value of a row.
#[derive(Debug, Clone, PartialEq)]
pub enum Model {
    Null,
    Bool(bool),
    I8(i8),
    I16(i16),
    I32(i32),
    I64(i64),
    F32(f32),
    F64(f64),
    Decimal64(i64, u8),
    Decimal(i128, u8),
    BigInt(i128),
    Str(String),
    Bytes(Vec<u8>),
    Date(i32),
    Time(i64),
    Timestamp(i64, i32),
    Ltz(i64, i32),
    Array(Vec<Model>),
    Map(Vec<(Model, Model)>),
    Row(Vec<Model>),
}

impl Model {
    pub fn write(&self, w: &mut ValueWriter) {
        match self {
            Self::Null => w.null(),
            Self::Bool(v) => w.bool(*v),
            Self::I8(v) => w.i8(*v),
            Self::I16(v) => w.i16(*v),
            Self::I32(v) => w.i32(*v),
            Self::I64(v) => w.i64(*v),
            Self::F32(v) => w.f32(*v),
            Self::F64(v) => w.f64(*v),
            Self::Decimal64(v, scale) => w.decimal64(*v, *scale),
            Self::Decimal(v, scale) => w.decimal(&shortest(*v), *scale),
            Self::BigInt(v) => w.bigint(&shortest(*v)),
            Self::Str(v) => w.str(v),
            Self::Bytes(v) => w.bytes(v),
            Self::Date(v) => w.date(*v),
            Self::Time(v) => w.time(*v),
            Self::Timestamp(millis, nano) => w.timestamp(*millis, *nano),
            Self::Ltz(millis, nano) => w.timestamp_ltz(*millis, *nano),
            Self::Array(values) => {
                w.array(values.len() as u32);
                values.iter().for_each(|v| v.write(w));
            }
            Self::Map(pairs) => {
                w.map(pairs.len() as u32);
                pairs.iter().for_each(|(k, v)| {
                    k.write(w);
                    v.write(w);
                });
            }
            Self::Row(values) => {
                w.row(values.len() as u16);
                values.iter().for_each(|v| v.write(w));
            }
        }
    }
}

/// Sets an element of a row or an array. A macro, since the two writers have no type in common.
macro_rules! put_binary {
    ($to:ident, $i:expr, $value:expr, $ty:expr) => {{
        let i = $i;
        match ($value, $ty) {
            (Model::Null, Type::Decimal { precision: 19.., .. }) => $to.wide_decimal(i, None),
            (Model::Null, _) => $to.null(i),
            (Model::Bool(v), Type::Boolean) => $to.fixed(i, &[u8::from(*v)]),
            (Model::I8(v), Type::TinyInt) => $to.fixed(i, &v.to_le_bytes()),
            (Model::I16(v), Type::SmallInt) => $to.fixed(i, &v.to_le_bytes()),
            (Model::I32(v), Type::Int) => $to.fixed(i, &v.to_le_bytes()),
            (Model::I64(v), Type::BigInt) => $to.fixed(i, &v.to_le_bytes()),
            (Model::F32(v), Type::Float) => $to.fixed(i, &v.to_le_bytes()),
            (Model::F64(v), Type::Double) => $to.fixed(i, &v.to_le_bytes()),
            (Model::Decimal64(v, s), Type::Decimal { precision: ..19, scale }) if s == scale => {
                $to.fixed(i, &v.to_le_bytes());
            }
            (Model::Decimal(v, s), Type::Decimal { precision: 19.., scale }) if s == scale => {
                $to.wide_decimal(i, Some(&shortest(*v)));
            }
            (Model::Str(v), Type::Char) => $to.text(i, v.as_bytes()),
            (Model::Bytes(v), Type::Binary) => $to.text(i, v),
            (Model::Date(v), Type::Date) => $to.fixed(i, &v.to_le_bytes()),
            (Model::Time(v), Type::Time(_)) if v % 1_000_000 == 0 => {
                $to.fixed(i, &i32::try_from(v / 1_000_000).ok()?.to_le_bytes());
            }
            (Model::Timestamp(millis, 0), Type::Timestamp(..4)) => $to.fixed(i, &millis.to_le_bytes()),
            (Model::Timestamp(millis, nano), Type::Timestamp(4..)) => $to.fine_timestamp(i, *millis, *nano),
            (Model::Ltz(millis, 0), Type::TimestampLtz(..4)) => $to.fixed(i, &millis.to_le_bytes()),
            (Model::Ltz(millis, nano), Type::TimestampLtz(4..)) => $to.fine_timestamp(i, *millis, *nano),
            (Model::Array(values), Type::Array(ty)) => $to.nested(i, &binary_array(values, ty)?),
            (Model::Map(pairs), Type::Map(types)) => {
                let (keys, values): (Vec<_>, Vec<_>) = pairs.iter().cloned().unzip();
                let keys = binary_array(&keys, &types.0)?;
                $to.nested(i, &binary_map(&keys, &binary_array(&values, &types.1)?));
            }
            (Model::Row(values), Type::Row(fields)) => {
                let types: Vec<Type> = fields.iter().map(|(_, ty)| ty.clone()).collect();
                $to.nested(i, &binary(values, &types)?);
            }
            _ => return None,
        }
    }};
}
/// The row in Flink's binary format, unless a value's form is not the one its type has in Flink.
pub fn binary(values: &[Model], types: &[Type]) -> Option<Vec<u8>> {
    let mut row = BinaryRowWriter::new(types.len());
    for (i, (value, ty)) in values.iter().zip(types).enumerate() {
        put_binary!(row, i, value, ty);
    }
    Some(row.into_bytes())
}

fn binary_array(values: &[Model], ty: &Type) -> Option<Vec<u8>> {
    let width = match ty {
        Type::Boolean | Type::TinyInt => 1,
        Type::SmallInt => 2,
        Type::Int | Type::Float | Type::Date | Type::Time(_) => 4,
        _ => 8,
    };
    let mut array = BinaryArrayWriter::new(values.len(), width);
    for (i, value) in values.iter().enumerate() {
        put_binary!(array, i, value, ty);
    }
    Some(array.into_bytes())
}

/// Two's complement, big-endian, as short as `BigInteger.toByteArray` makes it.
fn shortest(v: i128) -> Vec<u8> {
    let bytes = v.to_be_bytes();
    let fill = if v < 0 { 0xff } else { 0 };
    let start = (0..15).find(|&i| bytes[i] != fill || (bytes[i + 1] ^ fill) & 0x80 != 0).unwrap_or(15);
    bytes[start..].to_vec()
}

pub fn str(text: &str) -> Model {
    Model::Str(text.to_owned())
}

/// A table `db.tbl` with these columns: name, type, type on the server.
pub fn spec(format: Format, op: bool, columns: &[(&str, Type, &str)]) -> TableSpec {
    let columns = columns
        .iter()
        .map(|(name, ty, server)| ColumnSpec {
            name: (*name).into(),
            ty: ty.clone(),
            server_type: (*server).into(),
        })
        .collect();
    TableSpec { database: "db".into(), table: "tbl".into(), format, raw: false, op, columns }
}

pub fn plan(spec: TableSpec, properties: &[(&str, &str)]) -> Result<TablePlan, PlanError> {
    TablePlan::new(spec, &Properties::new(properties.iter().copied())?, Arc::new(ZoneRules::fixed(3600)))
}

/// Writes one row behind some bytes, and checks that these stay as they are.
pub fn write(plan: &TablePlan, op: Op, row: &[Model]) -> Result<(Vec<u8>, RowNotes), RowError> {
    let mut block = BlockWriter::new();
    block.slots(0, op, |w| row.iter().for_each(|v| v.write(w)));
    write_block(plan, block.as_bytes())
}

/// The same, the row in Flink's binary format.
pub fn write_binary(plan: &TablePlan, op: Op, row: &[u8]) -> Result<(Vec<u8>, RowNotes), RowError> {
    let mut block = BlockWriter::new();
    block.binary(0, op, row);
    write_block(plan, block.as_bytes())
}

fn write_block(plan: &TablePlan, block: &[u8]) -> Result<(Vec<u8>, RowNotes), RowError> {
    let frame = frames(block).next().unwrap().unwrap();
    let mut out = b"before".to_vec();
    let result = plan.write_row(&frame, &mut out);
    assert!(out.starts_with(b"before"));
    short_way::check(plan, &frame, result.as_ref().ok().map(|notes| (&out[6..], *notes)));
    match result {
        Ok(notes) => Ok((out.split_off(6), notes)),
        Err(error) => {
            assert_eq!(out, b"before", "what was written of a row that failed must be gone");
            Err(error)
        }
    }
}

/// The text of one value in a table of two columns, the other one an integer.
pub fn one(
    format: Format,
    ty: Type,
    server: &str,
    properties: &[(&str, &str)],
    value: Model,
) -> Result<String, String> {
    let plan = plan(spec(format, false, &[("c", ty, server), ("n", Type::Int, "int")]), properties)
        .map_err(|e| e.to_string())?;
    let (text, _) = write(&plan, Op::Upsert, &[value, Model::I32(7)]).map_err(|e| e.to_string())?;
    let text = String::from_utf8(text).unwrap();
    Ok(match format {
        Format::Csv => text.strip_suffix("\t7\n").unwrap().to_owned(),
        Format::Json => text.strip_prefix("{\"c\":").unwrap().strip_suffix(",\"n\":7}").unwrap().to_owned(),
    })
}

/// Text with much of what is special to some format in it.
pub fn any_text() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => any::<String>(),
        3 => "[\"'\\\\,|\t\n\r\u{0} Na@]{0,8}",
        1 => Just("\\N".to_owned()),
        1 => Just(String::new()),
        1 => "[\u{10000}-\u{10ffff}\u{800}-\u{d7ff}]{0,4}",
    ]
}

pub const FIRST_MILLI: i64 = -62_135_596_800_000;
pub const LAST_MILLI: i64 = 253_402_300_799_999;

/// A type with its name on the server and a value of it (or NULL), without containers.
pub fn any_scalar() -> impl Strategy<Value = (Type, &'static str, Model)> {
    let typed = |ty: Type, server: &'static str| move |value| (ty.clone(), server, value);
    let decimal = Type::Decimal { precision: 38, scale: 9 };
    let value = prop_oneof![
        any::<bool>().prop_map(Model::Bool).prop_map(typed(Type::Boolean, "tinyint")),
        any::<i8>().prop_map(Model::I8).prop_map(typed(Type::TinyInt, "tinyint")),
        any::<i16>().prop_map(Model::I16).prop_map(typed(Type::SmallInt, "smallint")),
        any::<i32>().prop_map(Model::I32).prop_map(typed(Type::Int, "int")),
        prop_oneof![any::<i64>(), Just(i64::MIN), Just(i64::MAX)]
            .prop_map(Model::I64)
            .prop_map(typed(Type::BigInt, "bigint")),
        any::<u32>().prop_map(|b| Model::F32(f32::from_bits(b))).prop_map(typed(Type::Float, "float")),
        any::<u64>().prop_map(|b| Model::F64(f64::from_bits(b))).prop_map(typed(Type::Double, "double")),
        (any::<i64>(), 0u8..=18)
            .prop_map(|(v, s)| Model::Decimal64(v, s))
            .prop_map(typed(decimal.clone(), "decimal")),
        (any::<i128>(), 0u8..=38).prop_map(|(v, s)| Model::Decimal(v, s)).prop_map(typed(decimal, "decimal")),
        any::<i128>().prop_map(Model::BigInt).prop_map(typed(Type::BigInt, "bigint unsigned")),
        any_text().prop_map(Model::Str).prop_map(typed(Type::Char, "varchar")),
        any::<Vec<u8>>().prop_map(Model::Bytes).prop_map(typed(Type::Binary, "varbinary")),
        (-719_162..=2_932_896).prop_map(Model::Date).prop_map(typed(Type::Date, "date")),
        (0..86_400_000_000_000i64).prop_map(Model::Time).prop_map(typed(Type::Time(9), "varchar")),
        (FIRST_MILLI..=LAST_MILLI, 0..1_000_000)
            .prop_map(|(m, n)| Model::Timestamp(m, n))
            .prop_map(typed(Type::Timestamp(9), "datetime")),
        (FIRST_MILLI..=LAST_MILLI - 3_600_000, 0..1_000_000)
            .prop_map(|(m, n)| Model::Ltz(m, n))
            .prop_map(typed(Type::TimestampLtz(9), "datetime")),
    ];
    (value, prop::bool::weighted(0.15))
        .prop_map(|((ty, server, value), null)| (ty, server, if null { Model::Null } else { value }))
}

/// A nested value and its type.
pub fn any_nested() -> impl Strategy<Value = (Type, Model)> {
    let scalar = any_scalar().prop_map(|(ty, _, value)| (ty, value));
    scalar.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            // Elements of one type: one value, and NULLs.
            (inner.clone(), proptest::collection::vec(any::<bool>(), 0..4)).prop_map(
                |((ty, value), nulls)| {
                    let values =
                        nulls.iter().map(|null| if *null { Model::Null } else { value.clone() }).collect();
                    (Type::Array(Box::new(ty)), Model::Array(values))
                }
            ),
            (inner.clone(), proptest::collection::btree_set(any_text(), 0..4)).prop_map(
                |((ty, value), keys)| {
                    let pairs = keys.into_iter().map(|k| (Model::Str(k), value.clone())).collect();
                    (Type::Map(Box::new((Type::Char, ty))), Model::Map(pairs))
                }
            ),
            proptest::collection::btree_map(any_text(), inner, 0..4).prop_map(|fields| {
                let (names, fields): (Vec<_>, Vec<_>) = fields.into_iter().unzip();
                let (types, values): (Vec<_>, Vec<_>) = fields.into_iter().unzip();
                (Type::Row(names.into_iter().zip(types).collect()), Model::Row(values))
            }),
        ]
    })
}

/// Whether the value holds NaN or an infinity, and how many.
pub fn non_finite(value: &Model) -> u32 {
    match value {
        Model::F32(v) => u32::from(!v.is_finite()),
        Model::F64(v) => u32::from(!v.is_finite()),
        Model::Array(values) | Model::Row(values) => values.iter().map(non_finite).sum(),
        Model::Map(pairs) => pairs.iter().map(|(k, v)| non_finite(k) + non_finite(v)).sum(),
        _ => 0,
    }
}
