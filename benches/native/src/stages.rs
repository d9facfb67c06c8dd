//! The stages of a row's way, each by itself.

use std::hint::black_box;
use std::io::Read;
use std::sync::Arc;
use std::time::Duration;

use starrocks_format::{Format, Scratch, TablePlan};
use starrocks_load::reply::LabelState;
use starrocks_load::{Body, Commit, Rollback, Transaction};
use starrocks_row::binary::Elements;
use starrocks_row::{Cursor, Encoding, frames, pairs};
use starrocks_sink::batch::{Batch, Framing};
use starrocks_sink::counters::Counters;
use starrocks_sink::events::Level;
use starrocks_sink::loader::{Abandoned, Destination, Rows, Setback};
use starrocks_sink::pool::Pool;
use starrocks_sink::{Config, Loader, Session, SinkError};

use crate::rows::Shape;

/// One thing that is measured: prepared, and run as often as wanted.
pub struct Stage {
    /// Shape, encoding, format and what is done.
    pub name: String,
    /// How many rows one run takes.
    pub rows: u64,
    run: Box<dyn FnMut()>,
    reset: Box<dyn FnMut()>,
}

impl Stage {
    /// Runs it once. What instructions are counted in: never inlined, so that it can be found by name.
    #[inline(never)]
    pub fn measured(&mut self) {
        (self.run)();
    }

    /// Gives back what a run took, outside of what is measured.
    pub fn reset(&mut self) {
        (self.reset)();
    }
}

/// All stages of all shapes.
pub fn stages(shapes: &[Shape]) -> Vec<Stage> {
    let mut stages = Vec::new();
    for shape in shapes {
        let all = shape.name == "lineitem";
        for (encoding, name) in [(Encoding::Binary, "binary"), (Encoding::Slots, "slots")] {
            if all {
                stages.push(decode(shape, encoding, name));
            }
            for format in [Format::Csv, Format::Json] {
                if all {
                    stages.push(write(shape, encoding, name, format));
                }
                stages.push(append(shape, encoding, name, format, 1));
            }
        }
        stages.push(append(shape, Encoding::Raw, "raw", Format::Json, 1));
        if all {
            stages.push(append(shape, Encoding::Binary, "binary", Format::Csv, 1000));
            stages.push(read_body(shape));
        }
    }
    stages
}

fn stage(shape: &Shape, what: &str, run: impl FnMut() + 'static) -> Stage {
    let name = format!("{} {what}", shape.name);
    Stage { name, rows: shape.rows, run: Box::new(run), reset: Box::new(|| ()) }
}

/// Walks the frames and reads each value.
fn decode(shape: &Shape, encoding: Encoding, name: &str) -> Stage {
    let block = shape.block(encoding);
    let arity = 16;
    stage(shape, &format!("{name} decode"), move || {
        for frame in frames(black_box(&block)) {
            let frame = frame.expect("a frame");
            if encoding == Encoding::Slots {
                let mut cursor = Cursor::new(frame.payload);
                while !cursor.is_at_end() {
                    black_box(cursor.value().expect("a value"));
                }
            } else {
                let row = Elements::row(frame.payload, arity).expect("a row");
                for i in 0..arity {
                    black_box((row.is_null(i), row.i64(i).expect("a slot")));
                }
            }
        }
    })
}

/// Decodes, and writes the text of the rows.
fn write(shape: &Shape, encoding: Encoding, name: &str, format: Format) -> Stage {
    let block = shape.block(encoding);
    let plan: TablePlan = shape.plan(format, false);
    let mut scratch = Scratch::default();
    let mut room = vec![0; 64 * 1024];
    stage(shape, &format!("{name} {} format", format.name()), move || {
        for frame in frames(black_box(&block)) {
            let frame = frame.expect("a frame");
            black_box(plan.write_row_into(&frame, &mut scratch, &mut room).expect("a row of the usual kind"));
        }
    })
}

/// The whole native side: a block is submitted to a session, whose batches nobody reads. Its rows are spread over
/// this many tables.
fn append(shape: &Shape, encoding: Encoding, name: &str, format: Format, tables: u16) -> Stage {
    let mut block = shape.block(encoding);
    let raw = encoding == Encoding::Raw;
    let mut options = vec![
        ("load-url", "localhost:8030"),
        ("username", "root"),
        ("password", ""),
        ("sink.io.thread-count", "1"),
        ("sink.chunk-limit", "3221225472"),
        ("sink.buffer-flush.max-bytes", "134217728"),
        ("sink.buffer-flush.max-rows", "5000000"),
        ("sink.buffer-flush.interval-ms", "3600000"),
        ("sink.buffer.max-memory", "268435456"),
        ("sink.max-retries", "0"),
        ("sink.retry.interval-ms", "1"),
        ("sink.semantic", "at-least-once"),
        ("sink.version", "V1"),
        ("context.job-id", "bench"),
        ("context.subtask", "0"),
    ];
    if format == Format::Json {
        options.push(("sink.properties.format", "json"));
    }
    let config = Config::decode(&pairs::encode::<str>(&options)).expect("a configuration");
    let counters = Arc::new(Counters::new());
    let session = Session::open(config, Arc::new(Swallow), counters, Arc::default()).expect("a session");
    for table in 0..tables {
        let description = shape.description(format, raw, &format!("t{table}"));
        session.add_table(&description).expect("a table");
    }
    spread(&mut block, tables);
    assert!(session.wait_ready(Duration::from_secs(10)).expect("a session without trouble"));
    let session = Arc::new(session);
    let submit = Arc::clone(&session);
    let what = match (raw, tables) {
        (true, _) => format!("{name} append"),
        (_, 1) => format!("{name} {} append", format.name()),
        _ => format!("{name} {} append {tables} tables", format.name()),
    };
    let run = move || {
        let mut position = 0;
        while position < block.len() {
            let wait = Duration::from_millis(100);
            position = submit.submit(&block, position, block.len(), wait).expect("rows of the table");
        }
    };
    let reset = move || {
        if tables > 1 {
            // Small batches stay open, as they do in a job of many tables.
            return;
        }
        session.flush().expect("a session without trouble");
        while !session.wait_loaded(Duration::from_secs(10)).expect("a session without trouble") {}
    };
    Stage { reset: Box::new(reset), ..stage(shape, &what, run) }
}

/// Names one table after the other in the frames of a block.
fn spread(block: &mut [u8], tables: u16) {
    let starts: Vec<usize> = frames(block).map(|frame| frame.expect("a frame").start).collect();
    for (i, start) in starts.into_iter().enumerate() {
        let table = (i % usize::from(tables)) as u16;
        block[start + 4..start + 6].copy_from_slice(&table.to_le_bytes());
    }
}

/// Reads the body of a batch, as a sender does.
fn read_body(shape: &Shape) -> Stage {
    let block = shape.block(Encoding::Binary);
    let plan = shape.plan(Format::Csv, false);
    let mut batch = Batch::new(String::new(), Framing::default(), Arc::new(Pool::new(64 << 20)));
    let mut text = Vec::new();
    for frame in frames(&block) {
        text.clear();
        plan.write_row(&frame.expect("a frame"), &mut text).expect("a row of the table");
        assert!(batch.append(&text).expect("memory"));
    }
    let mut buffer = vec![0; 128 * 1024];
    stage(shape, "csv read", move || drain(&batch, &mut buffer))
}

fn drain(body: &dyn Body, buffer: &mut [u8]) {
    let mut reader = body.reader();
    while reader.read(buffer).expect("memory can be read") > 0 {
        black_box(&buffer);
    }
}

/// A server that takes everything unseen.
struct Swallow;

impl Loader for Swallow {
    fn load(&self, _: &Rows<'_>) -> Result<bool, SinkError> {
        Ok(true)
    }

    fn has_transactions(&self) -> Result<bool, SinkError> {
        Ok(false)
    }

    fn begin(&self, _: &Transaction<'_>) -> Result<(), Setback> {
        Ok(())
    }

    fn send(&self, _: &Transaction<'_>, _: &dyn Body) -> Result<(), Setback> {
        Ok(())
    }

    fn prepare(&self, _: &Destination, _: &str, _: u64, _: u64) -> Result<(), Setback> {
        Ok(())
    }

    fn commit(&self, _: &Transaction<'_>, _: u64, _: u64) -> Result<Commit, SinkError> {
        Ok(Commit::Committed)
    }

    fn rollback(&self, _: &Transaction<'_>) -> Result<Rollback, SinkError> {
        Ok(Rollback::RolledBack)
    }

    fn label_state(&self, _: &str, _: &str) -> Result<LabelState, SinkError> {
        Ok(LabelState::Visible)
    }

    fn abandon(&self, _: &[Abandoned], _: Duration) {}

    fn tell(&self, _: Level, _: String) {}

    fn shutdown(&self) {}
}
