//! Checkpoint state in `tests/state/`, which is read as it was when it was written. See the README there.

use std::fmt::Write;
use std::fs;
use std::io::Read;
use std::path::PathBuf;
use std::sync::{Arc, Once};

use starrocks_load::Body;
use starrocks_sink::batch::{Batch, Framing};
use starrocks_sink::counters::Counters;
use starrocks_sink::pack::Store;
use starrocks_sink::pool::{CHUNK, Pool};
use starrocks_sink::state::{self, BatchRecord, LabelsRecord, PreparedRecord, Record};

/// What is in one file.
struct Sample {
    /// The file's name, without its ending.
    name: &'static str,
    content: Content,
    /// Whether today's sink writes the same bytes for it.
    written: bool,
}

enum Content {
    Batch(BatchRecord, Framing, Vec<String>),
    Prepared(PreparedRecord),
    Labels(LabelsRecord),
}

const CSV: Framing = Framing { prefix: b"", between: b"", suffix: b"" };
const JSON: Framing = Framing { prefix: b"[", between: b",", suffix: b"]" };

fn samples() -> Vec<Sample> {
    vec![
        // Several blocks, all of them LZ4.
        Sample {
            name: "v1-batch-csv",
            content: Content::Batch(
                BatchRecord {
                    database: "sales".into(),
                    table: "orders".into(),
                    label: "flink-orders-3-0a1b2c3d4e5f60718293a4b5-17".into(),
                    headers: vec![
                        ("format".into(), "CSV".into()),
                        ("column_separator".into(), "\\x01".into()),
                        ("columns".into(), "`id`,`name`,`note`".into()),
                    ],
                    raw: false,
                    rows: 2000,
                    checkpoint: 42,
                    sequence: 17,
                    taken_at: 1_767_225_600_123,
                    witness: Some("flink-orders-3-0a1b2c3d4e5f60718293a4b5-15".into()),
                    after: Some("flink-orders-3-0a1b2c3d4e5f60718293a4b5-16".into()),
                },
                CSV,
                (0..2000)
                    .map(|i| format!("{i}\x01name {}\x01{}\n", i % 7, "to be continued, ".repeat(4)))
                    .collect(),
            ),
            written: true,
        },
        // Framing, and blocks that are stored as they are.
        Sample {
            name: "v1-batch-json",
            content: Content::Batch(
                BatchRecord {
                    database: "größen".into(),
                    table: "注文".into(),
                    label: "job_7-0123456789abcdef-0-18446744073709551615".into(),
                    headers: Vec::new(),
                    raw: true,
                    rows: 3,
                    checkpoint: u64::MAX,
                    sequence: 0,
                    taken_at: i64::MIN,
                    witness: None,
                    after: None,
                },
                JSON,
                ["{\"a\":1}", "{\"b\":\"zwei\"}", "{\"c\":[null]}"].map(str::to_owned).to_vec(),
            ),
            written: true,
        },
        Sample {
            name: "v1-prepared",
            content: Content::Prepared(PreparedRecord {
                database: "sales".into(),
                table: "orders".into(),
                label: "flink-orders-3-0a1b2c3d4e5f60718293a4b5-18".into(),
                rows: 1_234_567,
                bytes: 89_012_345_678,
                checkpoint: 43,
                sequence: 18,
                prepared_at: 1_767_225_660_456,
                after: None,
            }),
            written: true,
        },
        Sample {
            name: "v1-labels",
            content: Content::Labels(LabelsRecord {
                database: "sales".into(),
                table: "orders".into(),
                stem: "flink-orders-3-0a1b2c3d4e5f60718293a4b5".into(),
                next: 19,
                abandoned: vec![
                    "flink-orders-3-0a1b2c3d4e5f60718293a4b5-5".into(),
                    "flink-orders-3-0a1b2c3d4e5f60718293a4b5-8".into(),
                ],
                checkpoint: 43,
                taken_at: 1_767_225_660_789,
            }),
            written: true,
        },
    ]
}

fn folder() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/state"))
}

fn store() -> (Arc<Pool>, Store) {
    let pool = Arc::new(Pool::new(16 * CHUNK));
    let store = Store::new(Arc::clone(&pool), Vec::new(), 16 * CHUNK, Arc::new(Counters::new()));
    (pool, store)
}

/// The record that today's sink writes.
fn encode(content: &Content) -> Vec<u8> {
    match content {
        Content::Batch(record, framing, rows) => {
            let (pool, store) = store();
            let mut batch = Batch::new(record.label.clone(), *framing, pool);
            for row in rows {
                assert!(batch.append(&[batch.separator(), row.as_bytes()].concat()).unwrap());
            }
            assert_eq!(batch.rows, record.rows);
            record.encode(&store.pack(batch).unwrap()).unwrap()
        }
        Content::Prepared(record) => record.encode(),
        Content::Labels(record) => record.encode(),
    }
}

/// The body that the rows make.
fn body(framing: &Framing, rows: &[String]) -> Vec<u8> {
    let between = str::from_utf8(framing.between).unwrap();
    [framing.prefix, rows.join(between).as_bytes(), framing.suffix].concat()
}

/// A record in words, with every field: the patterns see to that.
fn describe(bytes: &[u8]) -> String {
    let mut text = format!("{} bytes\n", bytes.len());
    let mut line = |name: &str, value: &dyn std::fmt::Display| writeln!(text, "{name}: {value}").unwrap();
    match state::decode(bytes).unwrap() {
        Record::Batch(record, blocks) => {
            let (_, store) = store();
            let packed = store.adopt(&record.label, &blocks).unwrap();
            let mut body = Vec::new();
            packed.reader().read_to_end(&mut body).unwrap();
            assert_eq!((body.len() as u64, packed.len()), (blocks.len, blocks.len));
            let BatchRecord {
                database,
                table,
                label,
                headers,
                raw,
                rows,
                checkpoint,
                sequence,
                taken_at,
                witness,
                after,
            } = record;
            line("kind", &"batch");
            line("database", &database);
            line("table", &table);
            line("label", &label);
            line("headers", &headers.len());
            for (name, value) in headers {
                line("header", &format!("{name}: {value}"));
            }
            line("raw", &raw);
            line("rows", &rows);
            line("checkpoint", &checkpoint);
            line("sequence", &sequence);
            line("taken at", &taken_at);
            line("witness", &witness.as_deref().unwrap_or("none"));
            line("after", &after.as_deref().unwrap_or("none"));
            line("body", &format!("{} bytes, {} packed", blocks.len, blocks.packed.len()));
            let start = &body[..body.len().min(80)];
            line("it begins with", &start.escape_ascii());
            line("its CRC-32", &format!("{:08x}", crc32fast::hash(&body)));
        }
        Record::Prepared(record) => {
            let PreparedRecord {
                database,
                table,
                label,
                rows,
                bytes,
                checkpoint,
                sequence,
                prepared_at,
                after,
            } = record;
            line("kind", &"prepared");
            line("database", &database);
            line("table", &table);
            line("label", &label);
            line("rows", &rows);
            line("bytes", &bytes);
            line("checkpoint", &checkpoint);
            line("sequence", &sequence);
            line("prepared at", &prepared_at);
            line("after", &after.as_deref().unwrap_or("none"));
        }
        Record::Labels(record) => {
            let LabelsRecord { database, table, stem, next, abandoned, checkpoint, taken_at } = record;
            line("kind", &"labels");
            line("database", &database);
            line("table", &table);
            line("stem", &stem);
            line("next", &next);
            line("abandoned", &abandoned.len());
            for label in abandoned {
                line("label", &label);
            }
            line("checkpoint", &checkpoint);
            line("taken at", &taken_at);
        }
    }
    text
}

/// Writes the files of samples that have none.
fn bless() {
    for sample in samples().iter().filter(|sample| sample.written) {
        let file = folder().join(sample.name).with_extension("bin");
        if !file.exists() {
            let bytes = encode(&sample.content);
            fs::write(file.with_extension("txt"), describe(&bytes)).unwrap();
            fs::write(&file, bytes).unwrap();
        }
    }
}

fn files() -> Vec<(Sample, Vec<u8>)> {
    static BLESSED: Once = Once::new();
    if std::env::var_os("BLESS").is_some_and(|value| value == "1") {
        BLESSED.call_once(bless);
    }
    let read = |sample: Sample| {
        let file = folder().join(sample.name).with_extension("bin");
        let bytes = fs::read(&file)
            .unwrap_or_else(|error| panic!("{}: {error}; see README.md there", file.display()));
        (sample, bytes)
    };
    samples().into_iter().map(read).collect()
}

#[test]
fn every_file_is_read_as_what_was_written() {
    for (sample, bytes) in files() {
        match (state::decode(&bytes).unwrap(), sample.content) {
            (Record::Batch(read, blocks), Content::Batch(written, framing, rows)) => {
                assert_eq!(read, written, "{}", sample.name);
                let packed = store().1.adopt(&read.label, &blocks).unwrap();
                let mut unpacked = Vec::new();
                packed.reader().read_to_end(&mut unpacked).unwrap();
                assert!(unpacked == body(&framing, &rows), "the body of {}", sample.name);
            }
            (Record::Prepared(read), Content::Prepared(written)) => {
                assert_eq!(read, written, "{}", sample.name)
            }
            (Record::Labels(read), Content::Labels(written)) => assert_eq!(read, written, "{}", sample.name),
            (read, _) => panic!("{} is of another kind: {read:?}", sample.name),
        }
    }
}

#[test]
fn what_is_said_beside_each_file_is_what_is_in_it() {
    for (sample, bytes) in files() {
        let file = folder().join(sample.name).with_extension("txt");
        assert_eq!(fs::read_to_string(&file).unwrap(), describe(&bytes), "{}", file.display());
    }
}

#[test]
fn the_same_input_still_makes_the_same_bytes() {
    for (sample, bytes) in files() {
        if sample.written {
            let same = encode(&sample.content) == bytes;
            assert!(same, "{}.bin is written differently now: see README.md beside it", sample.name);
        }
    }
}

#[test]
fn every_file_has_a_sample() {
    let mut known: Vec<String> = files()
        .iter()
        .flat_map(|(sample, _)| ["bin", "txt"].map(|ending| format!("{}.{ending}", sample.name)))
        .chain(["README.md".to_owned()])
        .collect();
    let mut there: Vec<String> = fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap())
        // Savepoints, in a folder of their own, are Flink's.
        .filter(|entry| entry.file_type().unwrap().is_file())
        .map(|entry| entry.file_name().into_string().unwrap())
        .collect();
    known.sort();
    there.sort();
    assert_eq!(there, known);
}
