//! What plans refuse, and the headers that they send.

mod common;

use std::sync::Arc;

use common::*;
use starrocks_format::{Format, Properties, TablePlan, TableSpec, Type, ZoneRules};

use Format::{Csv, Json};

fn table(format: Format, op: bool) -> TableSpec {
    spec(format, op, &[("Id", Type::Int, "int"), ("名", Type::Char, "varchar")])
}

fn raw(format: Format) -> TableSpec {
    TableSpec { raw: true, ..spec(format, false, &[]) }
}

fn headers(spec: TableSpec, properties: &[(&str, &str)]) -> Vec<(String, String)> {
    let mut headers = plan(spec, properties).unwrap().headers();
    headers.sort();
    headers
}

fn named(list: &[(&str, &str)]) -> Vec<(String, String)> {
    list.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect()
}

#[test]
fn columns_are_always_sent_by_name() {
    let json = [("format", "json"), ("ignore_json_size", "true"), ("strip_outer_array", "true")];
    assert_eq!(headers(table(Csv, false), &[]), named(&[("columns", "`Id`,`名`"), ("format", "csv")]));
    assert_eq!(headers(table(Csv, true), &[]), named(&[("columns", "`Id`,`名`,`__op`"), ("format", "csv")]));
    let columns = |list: &'static str| named(&[&[("columns", list)][..], &json].concat());
    assert_eq!(headers(table(Json, true), &[]), columns("`Id`,`名`,`__op`"));
    assert_eq!(headers(table(Json, true), &[("columns", "a,b")]), columns("a,b,__op"));
    assert_eq!(headers(table(Json, true), &[("columns", "`__OP`,a")]), columns("`__OP`,a"));
    assert_eq!(headers(table(Json, false), &[("columns", "a,b")]), columns("a,b"));
    assert_eq!(
        headers(table(Json, true), &[("jsonpaths", "[\"$.a\"]")]),
        named(&[json[0], json[1], ("jsonpaths", "[\"$.a\"]"), json[2]])
    );
    assert_eq!(headers(raw(Csv), &[]), named(&[("format", "csv")]));
    assert_eq!(
        headers(raw(Csv), &[("enable_merge_commit", "false")]),
        named(&[("enable_merge_commit", "false"), ("format", "csv")])
    );
    assert_eq!(headers(raw(Json), &[("strip_outer_array", "false")]), named(&json));
    assert_eq!(headers(raw(Csv), &[("columns", "a")]), named(&[("columns", "a"), ("format", "csv")]));
}

#[test]
fn properties_are_passed_on_and_separators_normalized() {
    let sent = headers(
        raw(Csv),
        &[
            ("Format", "CSV"),
            ("column_separator", "\\\\X01"),
            ("row_delimiter", "\n"),
            ("where", "a > 1\tand b = 'é'"),
            ("max_filter_ratio", "0.1"),
        ],
    );
    assert_eq!(
        sent,
        named(&[
            ("column_separator", "\\x01"),
            ("format", "csv"),
            ("max_filter_ratio", "0.1"),
            ("row_delimiter", "\\x0A"),
            ("where", "a > 1\tand b = 'é'"),
        ])
    );
}

#[test]
fn flags_and_numbers_are_sent_as_every_server_reads_them() {
    let sent = headers(
        raw(Csv),
        &[
            ("idle_transaction_timeout", "60 "),
            ("partial_update", " TRUE "),
            ("prepared_timeout", "2147483647"),
            ("strict_mode", "False"),
            ("timeout", " 259200"),
        ],
    );
    assert_eq!(
        sent,
        named(&[
            ("format", "csv"),
            ("idle_transaction_timeout", "60"),
            ("partial_update", "true"),
            ("prepared_timeout", "2147483647"),
            ("strict_mode", "false"),
            ("timeout", "259200"),
        ])
    );
}

#[test]
fn compression_is_announced_as_each_format_has_it() {
    for (name, format) in [("lz4_frame", "lz4"), (" ZSTD ", "zstd"), ("gzip", "gzip")] {
        let headers = |of| plan(table(of, false), &[("compression", name)]).unwrap().headers();
        let has = |headers: &[(String, String)], name: &str| {
            headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone())
        };
        assert_eq!(has(&headers(Csv), "format").as_deref(), Some(format));
        assert_eq!(has(&headers(Csv), "compression"), None);
        assert_eq!(has(&headers(Json), "format").as_deref(), Some("json"));
        assert_eq!(has(&headers(Json), "compression"), Some(name.trim().to_lowercase()));
    }
}

#[test]
fn what_is_wrong_with_a_property_is_said_by_name() {
    for (name, value, part) in [
        ("format", "avro", "'sink.properties.format' is 'avro'; allowed: csv, json"),
        ("format", "json", "is 'json', but the table is described as csv"),
        (
            "format",
            "GZIP",
            "is 'gzip', which means compressed CSV; set it to csv, and 'sink.properties.compression' to gzip",
        ),
        ("format", "lz4", "and 'sink.properties.compression' to lz4_frame"),
        ("compression", "lz4", "'sink.properties.compression' is 'lz4'; allowed: lz4_frame, zstd, gzip"),
        ("compression", "bzip2", "is 'bzip2'; allowed"),
        ("content-encoding", "gzip", "can't be set; set 'sink.properties.compression'"),
        ("enable_merge_commit", "true", "merge commit is not supported yet"),
        ("merge_commit_async", "true", "merge commit is not supported yet"),
        ("label", "x", "'sink.properties.label' can't be set: the connector sets it"),
        ("expect", "x", "the connector sets it"),
        ("envelope", "debezium", "'sink.properties.envelope' can't be set"),
        ("skip_header", "1", "the first row of each load would be lost"),
        ("trim_space", "yes", "'sink.properties.trim_space' is 'yes'; allowed: true, false"),
        ("partial_update", "1", "'sink.properties.partial_update' is '1'; allowed: true, false"),
        ("strict_mode", "on", "is 'on'; allowed: true, false"),
        (
            "timeout",
            "300000",
            "'sink.properties.timeout' is '300000'; allowed: a whole number of seconds from 1 to 259200",
        ),
        ("timeout", "0", "is '0'; allowed: a whole number of seconds from 1 to 259200"),
        ("prepared_timeout", "1h", "is '1h'; allowed: a whole number of seconds from 1 to 2147483647"),
        ("prepared_timeout", "2147483648", "is '2147483648'; allowed"),
        (
            "idle_transaction_timeout",
            "abc",
            "is 'abc'; allowed: a whole number of seconds from 0 to 2147483647",
        ),
        ("idle_transaction_timeout", "", "is ''; allowed"),
        ("idle_transaction_timeout", "+5", "is '+5'; allowed"),
        ("where", "a\nb", "'sink.properties.where' has a value with a control character"),
        ("a b", "x", "'sink.properties.a b' is no name of an HTTP header"),
        ("column_separator", "", "'sink.properties.column_separator' is no separator: it is empty"),
        ("row_delimiter", "\\x0", "'sink.properties.row_delimiter' is no separator: the number"),
        ("row_delimiter", "\t", "the row delimiter occurs in the column separator"),
        ("column_separator", "N", "NULL, which is \\N in CSV, would be split"),
        ("column_separator", "\\", "NULL, which is \\N in CSV, would be split"),
        ("escape", "\\", "'sink.properties.escape' can't be the backslash"),
        ("enclose", "\\", "'sink.properties.enclose' can't be the backslash"),
        ("enclose", "'\"", "'sink.properties.enclose' must be one ASCII character"),
        ("enclose", "é", "must be one ASCII character"),
        ("enclose", "N", "'sink.properties.enclose' must be a punctuation character"),
        ("enclose", "-", "must be a punctuation character"),
        ("enclose", "\t", "must be a punctuation character"),
    ] {
        let error = plan(table(Csv, false), &[(name, value)]).unwrap_err();
        assert!(error.to_string().contains(part), "{error}");
        assert!(error.to_string().starts_with("db.tbl: "), "{error}");
    }
    for (properties, part) in [
        ([("enclose", "'"), ("escape", "'")], "must differ"),
        ([("enclose", "'"), ("column_separator", "a'")], "must not occur in the separators"),
        ([("trim_space", "true"), ("column_separator", "a b")], "no separator may hold a space"),
    ] {
        let error = plan(table(Csv, false), &properties).unwrap_err().to_string();
        assert!(error.contains(part), "{error}");
    }
    let overlap = [("enclose", "'"), ("column_separator", "|"), ("row_delimiter", "|$")];
    let error = plan(table(Csv, false), &overlap).unwrap_err().to_string();
    assert!(error.contains("no byte in common"), "{error}");
    assert!(plan(table(Csv, false), &overlap[1..]).is_ok());
    assert!(plan(table(Csv, false), &[("skip_header", "0"), ("enclose", "")]).is_ok());
}

#[test]
fn the_operation_must_be_where_rows_have_it() {
    for (columns, fine) in [
        ("a,b", true),
        ("a,b,__op", true),
        ("a,`__op`,x=a+1", true),
        ("__op,a,b", false),
        ("a,b,__op='delete'", false),
    ] {
        let result = plan(table(Csv, true), &[("columns", columns)]);
        assert_eq!(result.is_ok(), fine, "{columns}");
        if let Err(error) = result {
            assert!(error.to_string().contains("'sink.properties.columns' must list __op last"), "{error}");
        }
    }
}

#[test]
fn what_is_wrong_with_columns_is_said_all_at_once() {
    let twice = Type::Row(vec![("x".into(), Type::Int), ("x".into(), Type::Int)]);
    let columns = [
        ("a", Type::Int, "int"),
        ("A", Type::Int, "int"),
        ("__op", Type::Int, "int"),
        ("b`", Type::Int, "int"),
        ("bin", Type::Binary, "varchar"),
        ("m", Type::Map(Box::new((Type::Char, Type::Int))), "map"),
        ("s", Type::Array(Box::new(twice)), "array"),
        ("d", Type::Timestamp(3), "date"),
    ];
    let error = plan(spec(Csv, true, &columns), &[("compression", "x")]).unwrap_err();
    let expected = [
        "'sink.properties.compression'",
        "column 'A' comes twice",
        "column '__op' has the name of the operation",
        "column 'b`' has a name that can't be sent",
        "column 'bin' is VARBINARY in Flink, which can't be written into a column of type CHAR or VARCHAR ('varchar')",
        "column 'm' holds a MAP or ROW, which CSV can't carry into a column of type MAP; load as JSON",
        "column 's' holds a MAP or ROW, which CSV can't carry into a column of type ARRAY",
        "column 's' has a ROW with two fields 'x'",
        "column 'd' is TIMESTAMP in Flink, which can't be written into a column of type DATE ('date')",
    ];
    for part in expected {
        assert_eq!(error.problems().iter().filter(|p| p.contains(part)).count(), 1, "{part}: {error}");
    }
    assert_eq!(error.problems().len(), expected.len(), "{error}");
    let none = plan(spec(Csv, false, &[]), &[]).unwrap_err();
    assert_eq!(none.to_string(), "db.tbl: there are no columns");
    let op = plan(TableSpec { op: true, ..raw(Json) }, &[]).unwrap_err();
    assert!(op.to_string().contains("can't get an operation"), "{op}");
}

#[test]
fn loads_are_framed() {
    for (format, framing) in [(Csv, ["", "", ""]), (Json, ["[", ",", "]"])] {
        let plan = plan(table(format, false), &[]).unwrap();
        assert_eq!([plan.prefix(), plan.between(), plan.suffix()], framing.map(str::as_bytes));
        assert_eq!((plan.database(), plan.table(), plan.format()), ("db", "tbl", format));
    }
}

#[test]
fn plans_are_shared_between_threads() {
    fn shareable<T: Send + Sync>() {}
    shareable::<TablePlan>();
    let properties = Properties::default();
    let plan = Arc::new(TablePlan::new(table(Csv, false), &properties, Arc::new(ZoneRules::utc())).unwrap());
    std::thread::spawn(move || plan.headers()).join().unwrap();
}
