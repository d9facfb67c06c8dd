//! Batches that are loaded while they still fill: whatever happens to such a load, each row is there once.

use std::time::{Duration, Instant};

use starrocks_faults::{Job, World};
use starrocks_row::Op;
use starrocks_sandbox::faults::{Fault, Kind};
use starrocks_sandbox::stats::Entry;
use starrocks_sink::SinkError;
use starrocks_sink::counters::Cell;

/// Rows of a burst: half a megabyte, several chunks.
const BURST: u64 = 800;

/// Begins to stream with a few hundred KB.
const EAGER: (&str, &str) = ("context.stream-from", "150000");

fn write(job: &Job, table: u16, ids: std::ops::Range<u64>) -> Result<(), SinkError> {
    job.write_to(table, ids.map(|id| (id, Op::Upsert, format!("{id:0600}"))))
}

/// The loads whose bodies a BE was sent, oldest first.
fn loads(world: &World) -> Vec<Entry> {
    let entries = world.sandbox.server().stats.entries();
    entries.into_iter().filter(|entry| entry.port.starts_with("be") && entry.method == "PUT").collect()
}

fn header(entry: &Entry, wanted: &str) -> Option<String> {
    let found = entry.headers.iter().find(|(name, _)| name.eq_ignore_ascii_case(wanted));
    found.map(|(_, value)| value.clone())
}

fn is_chunked(entry: &Entry) -> bool {
    header(entry, "transfer-encoding").as_deref() == Some("chunked")
}

fn until(what: &str, mut condition: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while !condition() {
        assert!(Instant::now() < deadline, "{what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Writes a burst and waits until its load has begun.
fn begin(world: &World, job: &Job, from: u64) {
    let before = loads(world).len();
    // Over a while in which the threads have started, be the machine busy.
    for piece in 0..10 {
        let from = from + piece * (BURST / 10);
        write(job, 0, from..from + BURST / 10).unwrap();
        std::thread::sleep(Duration::from_millis(10));
    }
    until("no load has begun", || loads(world).len() > before);
}

fn expect(world: &World, rows: u64, about: &str) {
    world.expect_ids("t", &(0..rows).collect::<Vec<_>>(), about);
}

#[test]
fn a_load_begins_before_its_batch_is_sealed_and_takes_all_of_it() {
    for options in [
        vec![EAGER],
        vec![EAGER, ("sink.properties.format", "json")],
        vec![EAGER, ("sink.properties.compression", "zstd")],
        vec![EAGER, ("sink.properties.format", "json"), ("sink.properties.compression", "lz4_frame")],
        vec![EAGER, ("sink.io.thread-count", "1")],
    ] {
        let about = format!("{options:?}");
        let world = World::new();
        let job = world.job(&options);
        begin(&world, &job, 0);
        assert_eq!(job.count(Cell::BatchesSealed), 0, "{about}");
        for burst in 1..5 {
            write(&job, 0, burst * BURST..(burst + 1) * BURST).unwrap();
        }
        job.checkpoint().unwrap();
        expect(&world, 5 * BURST, &about);
        let loads = loads(&world);
        assert_eq!(loads.len(), 1, "{about}");
        assert!(is_chunked(&loads[0]) && header(&loads[0], "content-length").is_none(), "{about}");
        assert_eq!(job.count(Cell::RowsLoaded), 5 * BURST as i64, "{about}");
        assert!(job.count(Cell::BytesLoaded) > 5 * BURST as i64 * 600, "{about}");
        for gauge in [Cell::BufferedBytes, Cell::InflightLoads, Cell::InflightRows, Cell::InflightBytes] {
            assert_eq!(job.count(gauge), 0, "{about}: {gauge:?}");
        }
        assert_eq!(job.count(Cell::LoadRetries), 0, "{about}");
    }
}

/// Whatever goes wrong, the batch is sent again under the same label. A try that failed while the batch was still
/// filling was only an offer, and costs none of the tries.
#[test]
fn a_load_that_fails_while_its_batch_fills_is_made_up_for() {
    let in_the_middle = [Kind::ResetInBody, Kind::EarlyErrorReset].map(|kind| (kind, "0"));
    let at_the_end = [Kind::BodyCut, Kind::DieBeforeCommit, Kind::Fail].map(|kind| (kind, "1"));
    for (kind, tries) in in_the_middle.into_iter().chain(at_the_end) {
        for format in ["csv", "json"] {
            let about = format!("{kind:?} {format}");
            let world = World::new();
            let job = world.job(&[EAGER, ("sink.max-retries", tries), ("sink.properties.format", format)]);
            world.inject(Fault { count: Some(100_000), ..Fault::new(kind) });
            begin(&world, &job, 0);
            write(&job, 0, BURST..2 * BURST).unwrap();
            job.checkpoint().unwrap_or_else(|error| panic!("{about}: {error}"));
            assert_eq!(world.hits(kind), 1, "{about}");
            expect(&world, 2 * BURST, &about);
            let labels: Vec<_> = loads(&world).iter().map(|load| header(load, "label")).collect();
            assert!(labels.iter().filter(|label| **label == labels[0]).count() >= 2, "{about}: {labels:?}");
            assert_eq!(job.count(Cell::LoadRetries), 1, "{about}");
        }
    }
}

#[test]
fn a_lost_answer_is_asked_for_and_nothing_is_sent_twice() {
    for kind in [Kind::DropAnswerAfterCommit, Kind::StatusUnknownCommitted, Kind::PublishTimeout] {
        let world = World::new();
        let job = world.job(&[EAGER]);
        world.inject_once(kind);
        begin(&world, &job, 0);
        write(&job, 0, BURST..2 * BURST).unwrap();
        job.checkpoint().unwrap_or_else(|error| panic!("{kind:?}: {error}"));
        assert_eq!(world.hits(kind), 1);
        expect(&world, 2 * BURST, &format!("{kind:?}"));
        assert_eq!(loads(&world).len(), 1, "{kind:?}");
    }
}

/// No checkpoint, no more rows: the load must not be held open.
#[test]
fn a_batch_is_sealed_when_rows_stop_coming() {
    let world = World::new();
    let job = world.job(&[EAGER]);
    begin(&world, &job, 0);
    assert_eq!(job.count(Cell::RowsLoaded), 0);
    until("the load was held open", || job.count(Cell::RowsLoaded) == BURST as i64);
    expect(&world, BURST, "without a checkpoint");
    // Afterwards it goes on as before.
    begin(&world, &job, BURST);
    job.checkpoint().unwrap();
    expect(&world, 2 * BURST, "and with one");
}

#[test]
fn rows_that_trickle_begin_no_load() {
    let world = World::new();
    let job = world.job(&[EAGER]);
    for row in 0..500 {
        write(&job, 0, row..row + 1).unwrap();
        std::thread::sleep(Duration::from_millis(1));
    }
    assert_eq!(loads(&world).len(), 0);
    job.checkpoint().unwrap();
    assert!(!is_chunked(&loads(&world)[0]));
    expect(&world, 500, "a trickle");
}

#[test]
fn cancel_ends_a_load_that_waits_for_rows() {
    let world = World::new();
    let job = world.job(&[EAGER]);
    begin(&world, &job, 0);
    let start = Instant::now();
    job.cancel();
    drop(job);
    assert!(start.elapsed() < Duration::from_secs(1), "took {:?}", start.elapsed());
    assert_eq!(world.ids("t"), [0; 0]);
}

/// What is still on its way comes again after the restart: it would be there twice.
#[test]
fn a_load_that_waits_for_rows_ends_with_the_session_that_fails() {
    let world = World::new();
    world.create_table("u", "DUPLICATE KEY (id)");
    let job = world.job(&[EAGER, ("sink.max-retries", "0"), ("sink.buffer-flush.max-rows", "1000")]);
    let other = job.table("u", false);
    begin(&world, &job, 0);
    world.inject(Fault { table: Some("u".to_owned()), ..Fault::new(Kind::Fail) });
    job.write_to(other, (0..1000).map(|id| (id, Op::Upsert, "x".to_owned()))).unwrap();
    // A checkpoint would seal the batch that is followed.
    until("the session goes on", || write(&job, other, 0..1).is_err());
    until("its load goes on", || job.count(Cell::InflightLoads) == 0);
    assert_eq!(world.ids("t"), [0; 0]);
    assert_eq!(loads(&world).len(), 2, "nothing is sent again");
}

/// The only thread follows one table; another table's batch needs it.
#[test]
fn a_load_in_waiting_gives_way_to_another_tables() {
    let world = World::new();
    world.create_table("u", "DUPLICATE KEY (id)");
    let job = world.job(&[EAGER, ("sink.io.thread-count", "1"), ("sink.buffer-flush.max-rows", "1000")]);
    let other = job.table("u", false);
    begin(&world, &job, 0);
    let start = Instant::now();
    job.write_to(other, (0..1000).map(|id| (id, Op::Upsert, "x".to_owned()))).unwrap();
    until("the other table waits", || job.count(Cell::RowsLoaded) == 1000 + BURST as i64);
    assert!(start.elapsed() < Duration::from_secs(2), "took {:?}", start.elapsed());
    expect(&world, BURST, "the one that gave way");
    assert_eq!(world.ids("u").len(), 1000);
}

/// The only thread follows a table whose rows keep coming: what becomes old enough is loaded all the same.
#[test]
fn the_interval_holds_while_every_thread_follows_a_load() {
    let world = World::new();
    world.create_table("u", "DUPLICATE KEY (id)");
    let job = world.job(&[EAGER, ("sink.io.thread-count", "1"), ("sink.buffer-flush.interval-ms", "1000")]);
    let other = job.table("u", false);
    begin(&world, &job, 0);
    job.write_to(other, (0..3).map(|id| (id, Op::Upsert, "x".to_owned()))).unwrap();
    let start = Instant::now();
    let mut rows = BURST;
    while world.ids("u").len() < 3 || world.ids("t").is_empty() {
        assert!(start.elapsed() < Duration::from_secs(4), "rows are older than the interval");
        write(&job, 0, rows..rows + 40).unwrap();
        rows += 40;
        std::thread::sleep(Duration::from_millis(10));
    }
    job.checkpoint().unwrap();
    expect(&world, rows, "the table that was followed");
    assert_eq!(world.ids("u").len(), 3);
}

/// The writer waits for memory that only the load in waiting can free.
#[test]
fn the_memory_bound_ends_a_load_in_waiting() {
    let world = World::new();
    let job = world.job(&[
        EAGER,
        ("sink.buffer.max-memory", "6291456"),
        ("sink.buffer-flush.max-bytes", "3145728"),
        ("sink.io.thread-count", "1"),
    ]);
    for burst in 0..30 {
        write(&job, 0, burst * BURST..(burst + 1) * BURST).unwrap();
    }
    job.checkpoint().unwrap();
    expect(&world, 30 * BURST, "in little memory");
    assert!(loads(&world).iter().any(is_chunked));
    assert!(job.count(Cell::MemoryUsed) <= 6_291_456);
}

/// Anything may go wrong, at any time; tables side by side, checkpoints now and then.
#[test]
fn storms() {
    const KINDS: [Kind; 18] = [
        Kind::ResetInBody,
        Kind::BodyCut,
        Kind::EarlyErrorReset,
        Kind::DropAnswerAfterCommit,
        Kind::DieBeforeCommit,
        Kind::HoldThenVisible,
        Kind::HoldThenAbort,
        Kind::StatusUnknownCommitted,
        Kind::StatusUnknownAborted,
        Kind::Fail,
        Kind::PublishTimeout,
        Kind::StateDrop,
        Kind::AnswerTruncated,
        Kind::AnswerEmpty,
        Kind::RedirectDeadPort,
        Kind::FeError,
        Kind::CloseIdle,
        Kind::SlowBody,
    ];
    for seed in 1..=4u64 {
        let mut state = seed;
        let mut dice = |end: u64| {
            // Knuth's MMIX generator; its high bits are good.
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) % end
        };
        let world = World::new();
        world.create_table("u", "DUPLICATE KEY (id)");
        let threads = (1 + dice(2)).to_string();
        let job = world.job(&[EAGER, ("sink.io.thread-count", &threads), ("sink.max-retries", "9")]);
        let tables = [(0, "t"), (job.table("u", false), "u")];
        let mut rows = [0; 2];
        for _ in 0..25 {
            if dice(3) == 0 {
                let kind = KINDS[dice(KINDS.len() as u64) as usize];
                let (rate, ms) = (Some(2_000_000), Some(50 + dice(300)));
                let count = Some(1 + dice(700_000));
                world.inject(Fault { rate, count, delay_ms: ms, times: 1 + dice(2), ..Fault::new(kind) });
            }
            let which = dice(2) as usize;
            let more = rows[which]..rows[which] + 1 + dice(BURST);
            rows[which] = more.end;
            write(&job, tables[which].0, more).unwrap_or_else(|error| panic!("seed {seed}: {error}"));
            if dice(6) == 0 {
                job.checkpoint().unwrap_or_else(|error| panic!("seed {seed}: {error}"));
                for (place, (_, name)) in tables.iter().enumerate() {
                    world.expect_ids(name, &(0..rows[place]).collect::<Vec<_>>(), &format!("seed {seed}"));
                }
            }
            std::thread::sleep(Duration::from_millis(dice(20)));
        }
        job.checkpoint().unwrap_or_else(|error| panic!("seed {seed}: {error}"));
        for (place, (_, name)) in tables.iter().enumerate() {
            world.expect_ids(name, &(0..rows[place]).collect::<Vec<_>>(), &format!("seed {seed}, the end"));
        }
        assert!(loads(&world).iter().any(is_chunked), "seed {seed}: nothing was streamed");
        assert_eq!(job.count(Cell::BufferedBytes), 0, "seed {seed}");
    }
}
