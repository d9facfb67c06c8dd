//! Plans with columns of all types, and what every row written by them must be.

#[path = "../../../format/tests/common/short_way.rs"]
pub mod short_way;

use std::sync::{Arc, LazyLock};

use starrocks_format::{ColumnSpec, Format, Properties, TablePlan, TableSpec, Type, ZoneRules};

/// Tables of many columns, tables of one, and tables of text.
pub static PLANS: LazyLock<Vec<TablePlan>> = LazyLock::new(|| {
    let row = Type::Row(vec![("x".into(), Type::Double), ("y".into(), Type::Array(Box::new(Type::Char)))]);
    let map = || Type::Map(Box::new((Type::Char, row.clone())));
    let scalars = [
        (Type::Boolean, "tinyint"),
        (Type::TinyInt, "tinyint"),
        (Type::SmallInt, "smallint"),
        (Type::Int, "int"),
        (Type::BigInt, "bigint"),
        (Type::Binary, "bigint"),
        (Type::BigInt, "bigint unsigned"),
        (Type::Float, "float"),
        (Type::Double, "decimal"),
        (Type::Decimal { precision: 38, scale: 9 }, "decimal"),
        (Type::Char, "varchar"),
        (Type::Char, "json"),
        (Type::Binary, "varbinary"),
        (Type::Date, "date"),
        (Type::Time(9), "varchar"),
        (Type::Timestamp(9), "datetime"),
        (Type::TimestampLtz(9), "datetime"),
        (Type::Array(Box::new(Type::Array(Box::new(Type::Char)))), "array"),
        (Type::Array(Box::new(map())), "json"),
        (map(), "varchar"),
    ];
    let objects = [(map(), "map"), (row.clone(), "struct")];
    let plan = |format, op, raw, columns: &[(Type, &str)], properties: &[(&str, &str)]| {
        let columns = columns.iter().enumerate().map(|(i, (ty, server_type))| ColumnSpec {
            name: format!("c{i}"),
            ty: ty.clone(),
            server_type: (*server_type).to_owned(),
        });
        let columns = if raw { Vec::new() } else { columns.collect() };
        let spec = TableSpec { database: "d".into(), table: "t".into(), format, raw, op, columns };
        let properties = Properties::new(properties.iter().copied()).unwrap();
        TablePlan::new(spec, &properties, Arc::new(ZoneRules::fixed(-3600))).unwrap()
    };
    let mut plans = vec![
        plan(Format::Csv, true, false, &scalars, &[]),
        plan(Format::Json, true, false, &[&scalars[..], &objects].concat(), &[]),
        plan(Format::Csv, false, false, &scalars, &[("enclose", "\""), ("column_separator", ",")]),
        plan(Format::Csv, false, true, &[], &[]),
        plan(Format::Json, false, true, &[], &[]),
    ];
    // One column each, so that short inputs get far.
    for column in scalars.iter().chain(&objects) {
        plans.push(plan(Format::Json, true, false, std::slice::from_ref(column), &[]));
    }
    for column in &scalars {
        let properties = [("column_separator", "||"), ("row_delimiter", "|\n"), ("trim_space", "true")];
        plans.push(plan(Format::Csv, true, false, std::slice::from_ref(column), &properties));
        let properties = [("enclose", "'"), ("escape", "@")];
        plans.push(plan(Format::Csv, false, false, std::slice::from_ref(column), &properties));
    }
    plans
});

/// What was written is one row.
pub fn check_text(format: Format, row: &[u8]) {
    match format {
        Format::Csv => assert!(row.ends_with(b"\n")),
        Format::Json => {
            // What is not UTF-8 may stay so, but breaks nothing.
            let text = String::from_utf8_lossy(row);
            let read: serde_json::Value = serde_json::from_str(&text).expect("JSON");
            assert!(read.is_object());
        }
    }
}
