//! The golden rows of `tests/vectors`, which Java's tests read too.

mod common;

use std::path::Path;
use std::sync::Arc;

use common::Model;
use serde_json::{Map, Value as Json, json};
use starrocks_format::{ColumnSpec, Format, Properties, TablePlan, TableSpec, Type, ZoneRules};
use starrocks_row::writer::{BlockWriter, ValueWriter};
use starrocks_row::{Op, frames};

type Vector = Map<String, Json>;

#[test]
fn golden_rows() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/vectors/rows.jsonl");
    let text = std::fs::read_to_string(&path).unwrap();
    let mut vectors: Vec<Vector> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(vectors.len() > 50, "where are the vectors?");
    let mut names: Vec<&Json> = vectors.iter().map(|v| &v["name"]).collect();
    names.sort_by_key(|name| name.to_string());
    assert!(names.windows(2).all(|two| two[0] != two[1]), "names are unique");

    if std::env::var_os("BLESS").is_some() {
        for vector in &mut vectors {
            let block = block(vector);
            let mut results = vec![
                ("block", json!(hex(&block))),
                ("csv", written(vector, &block, Format::Csv)),
                ("json", written(vector, &block, Format::Json)),
            ];
            results.extend(binary_block(vector).map(|block| ("binary", json!(hex(&block)))));
            for (key, result) in results {
                let keep = vector.get(key).is_some_and(|old| agrees(old, &result));
                if !keep {
                    vector.insert(key.to_owned(), result);
                }
            }
        }
        let lines: String = vectors.iter().map(|v| serde_json::to_string(v).unwrap() + "\n").collect();
        std::fs::write(&path, lines).unwrap();
        return;
    }
    let mut binary = 0;
    for vector in &vectors {
        let name = &vector["name"];
        let recorded = unhex(text_of(&vector["block"]));
        assert_eq!(hex(&block(vector)), hex(&recorded), "block of {name}");
        let recorded_binary = vector.get("binary").map(|block| unhex(text_of(block)));
        assert_eq!(
            binary_block(vector).as_deref().map(hex),
            recorded_binary.as_deref().map(hex),
            "binary block of {name}"
        );
        binary += usize::from(recorded_binary.is_some());
        for (key, format) in [("csv", Format::Csv), ("json", Format::Json)] {
            let Some(expected) = vector.get(key) else { continue };
            for block in [Some(&recorded), recorded_binary.as_ref()].into_iter().flatten() {
                let result = written(vector, block, format);
                assert!(agrees(expected, &result), "{key} of {name}: {result}, not {expected}");
            }
        }
    }
    assert!(binary > 30, "where are the binary rows?");
}

/// Whether the result is what was expected: the same text, or an error with the expected part.
fn agrees(expected: &Json, result: &Json) -> bool {
    match (expected.get("error"), result.get("error")) {
        (Some(part), Some(error)) => text_of(error).contains(text_of(part)),
        _ => expected == result,
    }
}

fn written(vector: &Vector, block: &[u8], format: Format) -> Json {
    match write(vector, block, format) {
        Ok(text) => Json::from(text),
        Err(error) => json!({ "error": error }),
    }
}

fn write(vector: &Vector, block: &[u8], format: Format) -> Result<String, String> {
    let columns = list(&vector["columns"])
        .iter()
        .map(|column| ColumnSpec {
            name: text_of(&column[0]).to_owned(),
            ty: TypeText(text_of(&column[1])).ty(),
            server_type: text_of(&column[2]).to_owned(),
        })
        .collect();
    let spec = TableSpec {
        database: "db".into(),
        table: "tbl".into(),
        format,
        raw: false,
        op: vector.get("primary_key").is_some_and(|v| v.as_bool().unwrap()),
        columns,
    };
    let properties = vector.get("properties").and_then(Json::as_object).cloned().unwrap_or_default();
    let properties = Properties::new(properties.iter().map(|(name, value)| (name, text_of(value)))).unwrap();
    let zone = vector.get("zone").map_or(0, |zone| zone.as_i64().unwrap() as i32);
    let plan =
        TablePlan::new(spec, &properties, Arc::new(ZoneRules::fixed(zone))).map_err(|e| e.to_string())?;
    let frame = frames(block).next().unwrap().unwrap();
    assert_eq!(frame.end, block.len());
    let mut out = Vec::new();
    plan.write_row(&frame, &mut out).map_err(|e| e.to_string())?;
    Ok(String::from_utf8(out).unwrap())
}

fn op(vector: &Vector) -> Op {
    match vector.get("op").map(text_of) {
        None | Some("upsert") => Op::Upsert,
        Some("delete") => Op::Delete,
        Some(other) => panic!("{other} is no operation"),
    }
}

fn block(vector: &Vector) -> Vec<u8> {
    let mut block = BlockWriter::new();
    block.slots(0, op(vector), |row| list(&vector["values"]).iter().for_each(|value| put(row, value)));
    block.into_bytes()
}

/// The block with the row as Flink's `BinaryRowData`, unless a value's form is not the one that its type has there.
fn binary_block(vector: &Vector) -> Option<Vec<u8>> {
    let types: Vec<Type> =
        list(&vector["columns"]).iter().map(|column| TypeText(text_of(&column[1])).ty()).collect();
    let values: Vec<Model> = list(&vector["values"]).iter().map(model).collect::<Option<_>>()?;
    if values.len() != types.len() {
        return None;
    }
    let mut row = common::binary(&values, &types)?;
    // The row's kind: `+I` or `-D`.
    row[0] = if op(vector) == Op::Delete { 3 } else { 0 };
    let mut block = BlockWriter::new();
    block.binary(0, op(vector), &row);
    Some(block.into_bytes())
}

fn model(value: &Json) -> Option<Model> {
    let (tag, args) = list(value).split_first().unwrap();
    let arg = |i: usize| text_of(&args[i]);
    let models = || args.iter().map(model).collect::<Option<Vec<_>>>();
    Some(match text_of(tag) {
        "NULL" => Model::Null,
        "BOOLEAN" => Model::Bool(args[0].as_bool().unwrap()),
        "I8" => Model::I8(arg(0).parse().unwrap()),
        "I16" => Model::I16(arg(0).parse().unwrap()),
        "I32" => Model::I32(arg(0).parse().unwrap()),
        "I64" => Model::I64(arg(0).parse().unwrap()),
        "F32" => Model::F32(arg(0).parse().unwrap()),
        "F64" => Model::F64(arg(0).parse().unwrap()),
        "DECIMAL64" => {
            let (digits, scale) = unscaled(arg(0));
            Model::Decimal64(digits.parse().unwrap(), scale)
        }
        "DECIMAL" => {
            let (digits, scale) = unscaled(arg(0));
            Model::Decimal(digits.parse().ok()?, scale)
        }
        "BIGINT" => Model::BigInt(arg(0).parse().ok()?),
        "STRING" => Model::Str(arg(0).to_owned()),
        "BYTES" => Model::Bytes(unhex(arg(0))),
        "DATE" => Model::Date(arg(0).parse().unwrap()),
        "TIME" => Model::Time(arg(0).parse().unwrap()),
        "TIMESTAMP" => Model::Timestamp(arg(0).parse().unwrap(), arg(1).parse().unwrap()),
        "TIMESTAMP_LTZ" => Model::Ltz(arg(0).parse().unwrap(), arg(1).parse().unwrap()),
        "ARRAY" => Model::Array(models()?),
        "MAP" => {
            let flat = models()?;
            Model::Map(flat.chunks(2).map(|pair| (pair[0].clone(), pair[1].clone())).collect())
        }
        "ROW" => Model::Row(models()?),
        other => panic!("{other} is no tag"),
    })
}

fn put(row: &mut ValueWriter, value: &Json) {
    let (tag, args) = list(value).split_first().unwrap();
    let arg = |i: usize| text_of(&args[i]);
    match text_of(tag) {
        "NULL" => row.null(),
        "BOOLEAN" => row.bool(args[0].as_bool().unwrap()),
        "I8" => row.i8(arg(0).parse().unwrap()),
        "I16" => row.i16(arg(0).parse().unwrap()),
        "I32" => row.i32(arg(0).parse().unwrap()),
        "I64" => row.i64(arg(0).parse().unwrap()),
        "F32" => row.f32(arg(0).parse().unwrap()),
        "F64" => row.f64(arg(0).parse().unwrap()),
        "DECIMAL64" => {
            let (digits, scale) = unscaled(arg(0));
            row.decimal64(digits.parse().unwrap(), scale);
        }
        "DECIMAL" => {
            let (digits, scale) = unscaled(arg(0));
            row.decimal(&big_endian(&digits), scale);
        }
        "BIGINT" => row.bigint(&big_endian(arg(0))),
        "STRING" => row.str(arg(0)),
        "BYTES" => row.bytes(&unhex(arg(0))),
        "DATE" => row.date(arg(0).parse().unwrap()),
        "TIME" => row.time(arg(0).parse().unwrap()),
        "TIMESTAMP" => row.timestamp(arg(0).parse().unwrap(), arg(1).parse().unwrap()),
        "TIMESTAMP_LTZ" => row.timestamp_ltz(arg(0).parse().unwrap(), arg(1).parse().unwrap()),
        "ARRAY" => row.array(args.len() as u32),
        "MAP" => row.map(args.len() as u32 / 2),
        "ROW" => row.row(args.len() as u16),
        other => panic!("{other} is no tag"),
    }
    if matches!(text_of(tag), "ARRAY" | "MAP" | "ROW") {
        args.iter().for_each(|value| put(row, value));
    }
}

fn unscaled(decimal: &str) -> (String, u8) {
    (decimal.replace('.', ""), decimal.split_once('.').map_or(0, |(_, fraction)| fraction.len() as u8))
}

/// `new BigInteger(digits).toByteArray()`.
fn big_endian(digits: &str) -> Vec<u8> {
    let mut bytes = vec![0u8; 40];
    let multiply_add = |bytes: &mut Vec<u8>, digit: u8| {
        let mut carry = u16::from(digit);
        for b in bytes.iter_mut().rev() {
            let v = u16::from(*b) * 10 + carry;
            (*b, carry) = (v as u8, v >> 8);
        }
    };
    digits.bytes().filter(u8::is_ascii_digit).for_each(|digit| multiply_add(&mut bytes, digit - b'0'));
    if digits.starts_with('-') {
        let mut carry = true;
        for b in bytes.iter_mut().rev() {
            (*b, carry) = (!*b).overflowing_add(u8::from(carry));
        }
    }
    // The sign is all that the dropped bytes say.
    let redundant = |bytes: &[u8]| bytes[0] == (if bytes[1] >= 0x80 { 0xff } else { 0 });
    while bytes.len() > 1 && redundant(&bytes) {
        bytes.remove(0);
    }
    bytes
}

fn text_of(json: &Json) -> &str {
    json.as_str().unwrap_or_else(|| panic!("{json} is no text"))
}

fn list(json: &Json) -> &[Json] {
    json.as_array().unwrap_or_else(|| panic!("{json} is no list"))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

fn unhex(text: &str) -> Vec<u8> {
    (0..text.len()).step_by(2).map(|i| u8::from_str_radix(&text[i..i + 2], 16).unwrap()).collect()
}

/// What is left to read of a type in Flink SQL.
struct TypeText<'t>(&'t str);

impl TypeText<'_> {
    fn ty(&mut self) -> Type {
        let ty = self.head();
        match ty.as_str() {
            "BOOLEAN" => Type::Boolean,
            "TINYINT" => Type::TinyInt,
            "SMALLINT" => Type::SmallInt,
            "INT" => Type::Int,
            "BIGINT" => Type::BigInt,
            "FLOAT" => Type::Float,
            "DOUBLE" => Type::Double,
            "STRING" => Type::Char,
            "BYTES" => Type::Binary,
            "DATE" => Type::Date,
            "DECIMAL" => {
                let precision = self.number("(");
                let scale = self.number(",");
                self.expect(")");
                Type::Decimal { precision, scale }
            }
            "TIME" | "TIMESTAMP" | "TIMESTAMP_LTZ" => {
                let precision = self.number("(");
                self.expect(")");
                match ty.as_str() {
                    "TIME" => Type::Time(precision),
                    "TIMESTAMP" => Type::Timestamp(precision),
                    _ => Type::TimestampLtz(precision),
                }
            }
            "ARRAY" => {
                self.expect("<");
                let element = self.ty();
                self.expect(">");
                Type::Array(Box::new(element))
            }
            "MAP" => {
                self.expect("<");
                let key = self.ty();
                self.expect(",");
                let value = self.ty();
                self.expect(">");
                Type::Map(Box::new((key, value)))
            }
            "ROW" => {
                self.expect("<");
                let mut fields = Vec::new();
                loop {
                    let name = self.head();
                    fields.push((name, self.ty()));
                    match self.0.split_at(1) {
                        (",", rest) => self.0 = rest,
                        _ => break,
                    }
                }
                self.expect(">");
                Type::Row(fields)
            }
            other => panic!("{other} is no type"),
        }
    }

    fn head(&mut self) -> String {
        let text = self.0.trim_start();
        let end = text.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(text.len());
        self.0 = &text[end..];
        text[..end].to_owned()
    }

    fn number(&mut self, before: &str) -> u8 {
        self.expect(before);
        self.head().parse().unwrap()
    }

    fn expect(&mut self, token: &str) {
        self.0 =
            self.0.trim_start().strip_prefix(token).unwrap_or_else(|| panic!("no {token} before {}", self.0));
    }
}
