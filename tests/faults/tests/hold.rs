//! Exactly once by batches, each fault of a stream load once: nothing is loaded before its checkpoint completes, and then
//! all of it and once, however long that takes; or the sink fails with an error that says what is in doubt.

use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

use starrocks_faults::{Job, PATIENCE, State, World, all, exactly_once};
use starrocks_row::Op;
use starrocks_sandbox::config::Config as ServerConfig;
use starrocks_sandbox::faults::{Fault, Kind};
use starrocks_sink::counters::Cell;
use starrocks_sink::{Code, SinkError};

fn fault(kind: Kind) -> Fault {
    Fault::new(kind)
}

fn delayed(kind: Kind, ms: u64) -> Fault {
    Fault { delay_ms: Some(ms), ..fault(kind) }
}

fn for_ever(kind: Kind) -> Fault {
    Fault { times: 0, ..fault(kind) }
}

fn open(world: &World, options: &[(&str, &str)]) -> Job {
    let all: Vec<_> = exactly_once("V1").iter().chain(options).copied().collect();
    world.job(&all)
}

fn job(world: &World, options: &[(&str, &str)]) -> Job {
    let job = open(world, options);
    job.await_ready().unwrap();
    job
}

fn restored(world: &World, options: &[(&str, &str)], state: &State) -> Result<Job, SinkError> {
    let job = open(world, options);
    job.restore(state)?;
    Ok(job)
}

fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !holds() {
        assert!(Instant::now() < deadline, "never: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn rows(ids: std::ops::Range<u64>) -> impl Iterator<Item = (u64, Op, String)> {
    ids.map(|id| (id, Op::Upsert, format!("row {id}")))
}

/// Three checkpoints, the faults striking when the second has completed.
fn once_each(faults: &[Fault]) -> (World, Job) {
    let world = World::new();
    let job = job(&world, &[]);
    job.write(0..100).unwrap();
    job.whole_checkpoint(1).unwrap();
    faults.iter().for_each(|fault| world.inject(fault.clone()));
    job.write(100..200).unwrap();
    job.seal().unwrap();
    job.write(200..300).unwrap();
    let when = format!("{faults:?}");
    assert_eq!(job.snapshot(2).unwrap().len(), 2, "{when}");
    assert_eq!(world.ids("t"), all(100), "{when}: loaded before the checkpoint completed");
    job.complete(2).unwrap();
    job.settle().unwrap_or_else(|error| panic!("{when}: {error}"));
    world.expect_ids("t", &all(300), &when);
    job.write(300..350).unwrap();
    assert_eq!(job.whole_checkpoint(3).unwrap().len(), 1, "{when}: what is loaded is in no state");
    world.expect_ids("t", &all(350), &when);
    for fault in faults {
        assert!(world.hits(fault.kind) > 0, "{fault:?} never happened");
    }
    world.expect_none_open(&when);
    for cell in [Cell::HeldBytes, Cell::SpilledBytes, Cell::Stalled, Cell::InflightLoads, Cell::BufferedBytes]
    {
        assert_eq!(job.count(cell), 0, "{when}: {cell:?}");
    }
    (world, job)
}

macro_rules! faults_that_cost_nothing {
    ($($name:ident: $($fault:expr),+;)*) => {
        $(#[test] fn $name() { once_each(&[$($fault),+]); })*
    };
}

faults_that_cost_nothing! {
    committed_but_the_answer_is_lost: fault(Kind::DropAnswerAfterCommit);
    committed_but_the_answer_comes_too_late: delayed(Kind::DelayAnswerAfterCommit, 2500);
    dies_before_the_commit: Fault { times: 2, ..fault(Kind::DieBeforeCommit) };
    held_in_prepare_then_visible: delayed(Kind::HoldThenVisible, 500);
    held_in_prepare_then_aborted: delayed(Kind::HoldThenAbort, 500);
    publish_timeout: delayed(Kind::PublishTimeout, 200);
    status_unknown_but_committed: fault(Kind::StatusUnknownCommitted);
    status_unknown_and_aborted: fault(Kind::StatusUnknownAborted);
    early_error_and_reset: fault(Kind::EarlyErrorReset);
    redirect_to_a_dead_port: fault(Kind::RedirectDeadPort);
    answer_truncated: fault(Kind::AnswerTruncated);
    answer_with_a_status_nobody_knows: fault(Kind::AnswerUnknownStatus);
    body_is_cut: fault(Kind::BodyCut);
    reset_within_the_body: fault(Kind::ResetInBody);
    commit_takes_long: delayed(Kind::CommitDelay, 700);
    an_answer_is_lost_and_the_state_is_unknown_at_first: fault(Kind::DropAnswerAfterCommit), fault(Kind::StateUnknown);
    an_answer_is_lost_and_the_state_drops:
        fault(Kind::DropAnswerAfterCommit), Fault { times: 2, ..fault(Kind::StateDrop) };
    refused_more_often_than_a_load_is_tried: Fault { times: 12, ..fault(Kind::Fail) };
    no_backend_for_longer_than_a_load_is_tried: Fault { times: 12, ..fault(Kind::NoBackend) };
    the_fe_fails_for_longer_than_a_load_is_tried: Fault { times: 12, ..fault(Kind::FeError) };
}

#[test]
fn a_restored_state_is_loaded_under_its_labels_before_new_rows() {
    let world = World::new();
    let first = job(&world, &[("sink.buffer-flush.max-rows", "10")]);
    first.write(0..45).unwrap();
    let state = first.snapshot(4).unwrap();
    assert_eq!(state.len(), 5);
    // The checkpoint completes; two are loaded, the third is committed and killed before it hears of it.
    world.inject(Fault { nth: 3, ..fault(Kind::DropAnswerAfterCommit) });
    world.inject(Fault { nth: 1, times: 0, ..delayed(Kind::StateHang, 60_000) });
    first.complete(4).unwrap();
    eventually("the third is committed", || world.ids("t").len() == 30);
    first.kill();
    world.sandbox.server().faults.remove(None);
    let second = restored(&world, &[], &state).unwrap();
    world.expect_ids("t", &all(45), "restored");
    assert_eq!(second.count(Cell::Restoring), 0);
    assert_eq!(second.count(Cell::HeldBytes), 0);
    second.write(45..50).unwrap();
    second.whole_checkpoint(5).unwrap();
    drop(second);
    drop(restored(&world, &[], &state).unwrap());
    world.expect_ids("t", &all(50), "restored once more");
}

#[test]
fn a_load_of_the_dead_that_still_runs_is_waited_for() {
    for (kind, state) in [(Kind::HoldThenVisible, "VISIBLE"), (Kind::HoldThenAbort, "ABORTED")] {
        let world = World::new();
        let first = job(&world, &[]);
        first.write(0..100).unwrap();
        let pieces = first.snapshot(1).unwrap();
        world.inject(delayed(kind, 700));
        first.complete(1).unwrap();
        eventually("it runs, its body taken", || world.hits(kind) == 1);
        let label = world.open_labels().remove(0);
        first.kill();
        drop(restored(&world, &[], &pieces).unwrap());
        world.expect_ids("t", &all(100), state);
        assert_eq!(world.ended("t")[0], (label, state.to_owned()));
    }
}

#[test]
fn two_sessions_that_load_the_same_state_at_the_same_time() {
    let world = World::new();
    let first = job(&world, &[("sink.buffer-flush.max-rows", "10")]);
    first.write(0..200).unwrap();
    let state = first.snapshot(1).unwrap();
    // The first is cut off from its job, but not from the server.
    world.inject(Fault { times: 0, probability: Some(0.5), ..delayed(Kind::CommitDelay, 30) });
    first.complete(1).unwrap();
    let second = restored(&world, &[], &state).unwrap();
    // It may be told that somebody has its label.
    if let Err(error) = first.settle() {
        assert_eq!(error.code, Code::Undecided, "{error}");
    }
    world.expect_ids("t", &all(200), "both");
    drop((first, second));
}

#[test]
fn pieces_of_one_table_keep_their_order_over_several_subtasks() {
    let world = World::new();
    world.create_table("p", "PRIMARY KEY (id)");
    let first = job(&world, &[]);
    let table = first.table("p", true);
    for version in 0..6 {
        first.write_to(table, (0..10).map(|id| (id, Op::Upsert, format!("v{version}")))).unwrap();
        first.seal().unwrap();
    }
    let state = first.snapshot(1).unwrap();
    first.kill();
    let jobs = [open(&world, &[]), open(&world, &[("context.subtask", "1")])];
    // The one with the first piece comes last.
    jobs[1].begin_restore(state.iter().skip(1).step_by(2)).unwrap();
    std::thread::sleep(Duration::from_millis(150));
    assert!(!jobs[1].is_ready().unwrap());
    assert!(jobs[1].count(Cell::Restoring) > 0);
    assert_eq!(world.ids("p"), [0u64; 0]);
    jobs[0].begin_restore(state.iter().step_by(2)).unwrap();
    jobs.iter().for_each(|job| job.await_ready().unwrap());
    assert_eq!(world.payloads("p"), (0..10).map(|id| (id, "v5".to_owned())).collect::<Vec<_>>());
}

#[test]
fn waiting_for_a_restored_state_can_be_cancelled() {
    let world = World::new();
    let first = job(&world, &[]);
    first.write(0..100).unwrap();
    let state = first.snapshot(1).unwrap();
    first.kill();
    world.sandbox.server().outage("all", None);
    let second = open(&world, &[]);
    second.begin_restore(&state).unwrap();
    eventually("it stalls", || second.count(Cell::Stalled) == 1);
    assert_eq!(second.count(Cell::Restoring), 1);
    let log = second.log();
    assert!(log.contains("safe in its state") && log.contains("restored 1 batches"), "{log}");
    let start = Instant::now();
    second.cancel();
    assert_eq!(second.is_ready().unwrap_err().code, Code::Cancelled);
    drop(second);
    assert!(start.elapsed() < Duration::from_secs(1), "{:?}", start.elapsed());
    world.sandbox.server().end_outage();
    drop(restored(&world, &[], &state).unwrap());
    world.expect_ids("t", &all(100), "restored");
}

#[test]
fn an_outage_longer_than_all_tries_stalls_and_ends_by_itself() {
    let world = World::new();
    let job = job(&world, &[("sink.max-retries", "1")]);
    job.write(0..100).unwrap();
    world.sandbox.server().outage("all", None);
    job.snapshot(1).unwrap();
    job.complete(1).unwrap();
    eventually("it stalls", || job.count(Cell::Stalled) == 1);
    // Rows and checkpoints go on meanwhile.
    job.write(100..200).unwrap();
    let second = job.snapshot(2).unwrap();
    assert_eq!(second.len(), 2, "what isn't loaded is in the next state too");
    job.complete(2).unwrap();
    job.write(200..300).unwrap();
    std::thread::sleep(Duration::from_millis(300));
    world.sandbox.server().end_outage();
    job.settle().unwrap();
    world.expect_ids("t", &all(200), "the server is back");
    assert_eq!(job.count(Cell::Stalled), 0);
    assert!(job.log().contains("loading goes on"));
    job.whole_checkpoint(3).unwrap();
    drop(job);
    drop(restored(&world, &[], &second).unwrap());
    world.expect_ids("t", &all(300), "restored from the checkpoint in the outage");
}

#[test]
fn a_table_that_the_server_refuses_stops_no_other() {
    let world = World::new();
    world.create_table("u", "DUPLICATE KEY (id)");
    let job = job(&world, &[("sink.io.thread-count", "1"), ("sink.max-retries", "0")]);
    world.inject(Fault { table: Some("t".into()), ..for_ever(Kind::Fail) });
    for round in 0..4u64 {
        job.write(round * 10..(round + 1) * 10).unwrap();
        job.write_to(job.table("u", false), rows(round * 10..(round + 1) * 10)).unwrap();
        job.snapshot(round).unwrap();
        job.complete(round).unwrap();
        world.expect_ids("u", &all((round + 1) * 10), "the other table");
    }
    assert_eq!(world.ids("t"), [0u64; 0]);
    assert_eq!(job.count(Cell::Stalled), 1);
    world.sandbox.server().faults.remove(None);
    job.settle().unwrap();
    world.expect_ids("t", &all(40), "in the end");
}

#[test]
fn a_try_that_got_through_after_it_was_given_up_is_ours() {
    let world = World::new();
    let job = job(&world, &[("sink.max-retries", "0")]);
    job.write(0..100).unwrap();
    job.snapshot(1).unwrap();
    // Held back by the server, which denies knowing of it, while the sink's tries end.
    world.inject(delayed(Kind::HoldThenVisible, 300));
    world.inject(fault(Kind::StateUnknown));
    job.complete(1).unwrap();
    job.settle().unwrap();
    world.expect_ids("t", &all(100), "once");
    assert_eq!(world.ended("t").len(), 1);
}

#[test]
fn rows_that_the_server_refuses_for_good_fail_the_session_and_wait_for_the_users_leave() {
    let world = World::new();
    world.execute("ALTER TABLE d.t ADD COLUMN must BIGINT NOT NULL DEFAULT '1'");
    let strict = [("sink.properties.strict_mode", "true")];
    let first = job(&world, &strict);
    first.write(0..10).unwrap();
    first.write_to(first.table("t", false), [(10, Op::Upsert, "x".repeat(1001))]).unwrap();
    let state = first.snapshot(1).unwrap();
    first.complete(1).unwrap();
    let error = first.settle().unwrap_err();
    assert!(error.message.contains("too many filtered rows"), "{error}");
    assert_eq!(first.count(Cell::Stalled), 0);
    drop(first);
    assert!(restored(&world, &strict, &state).is_err());
    let lenient = [strict[0], ("sink.properties.max_filter_ratio", "0.5")];
    drop(restored(&world, &lenient, &state).unwrap());
    world.expect_ids("t", &all(10), "the good ones");
}

#[test]
fn checkpoints_that_fail_complete_late_twice_or_out_of_order() {
    let world = World::new();
    let job = job(&world, &[]);
    job.write(0..100).unwrap();
    job.snapshot(1).unwrap(); // declined elsewhere
    job.write(100..200).unwrap();
    job.begin_snapshot(2).unwrap(); // interrupted before it was taken
    job.write(200..300).unwrap();
    let third = job.snapshot(3).unwrap();
    assert_eq!(third.len(), 3);
    job.write(300..400).unwrap();
    job.snapshot(4).unwrap();
    assert_eq!(world.ids("t"), [0u64; 0]);
    job.complete(3).unwrap();
    job.complete(3).unwrap();
    job.complete(1).unwrap();
    job.settle().unwrap();
    world.expect_ids("t", &all(300), "the third completed");
    job.complete(4).unwrap();
    job.settle().unwrap();
    job.finish().unwrap();
    world.expect_ids("t", &all(400), "the fourth completed");
    drop(job);
    drop(restored(&world, &[], &third).unwrap());
    world.expect_ids("t", &all(400), "restored from the third");
    assert_eq!(world.ended("t").len(), 4);
}

#[test]
fn the_end_of_the_input_loads_everything_without_a_checkpoint() {
    let world = World::new();
    let job = job(&world, &[]);
    job.write(0..100).unwrap();
    job.snapshot(1).unwrap();
    job.write(100..200).unwrap();
    world.inject(Fault { times: 6, ..fault(Kind::Fail) });
    job.finish().unwrap();
    world.expect_ids("t", &all(200), "finished");
}

#[test]
fn what_was_cancelled_is_never_loaded() {
    let world = World::new();
    let job = job(&world, &[]);
    job.write(0..100).unwrap();
    job.snapshot(1).unwrap();
    job.write(100..200).unwrap();
    drop(job);
    assert_eq!(world.ids("t"), [0u64; 0]);
    assert_eq!(world.ended("t"), []);
}

/// A job whose first batch is loaded, and a state with a second one whose load nobody knows of.
fn in_doubt(world: &World) -> (State, String) {
    let first = job(world, &[]);
    first.write(0..100).unwrap();
    first.whole_checkpoint(1).unwrap();
    first.write(100..200).unwrap();
    let state = first.snapshot(7).unwrap();
    first.complete(7).unwrap();
    first.settle().unwrap();
    (state, world.ended("t").remove(1).0)
}

#[test]
fn a_label_that_may_have_been_forgotten_is_told_loudly() {
    let world = World::new();
    let (state, label) = in_doubt(&world);
    // Both are forgotten, the witness first, and the state is old.
    world.sandbox.server().labels().limits.keep_count = 0;
    let old = aged(&state, Duration::from_secs(3600));
    let error = restored(&world, &[], &old).err().expect("nobody knows");
    assert_eq!(error.code, Code::Undecided, "{error}");
    assert_eq!(error.label.as_deref(), Some(&*label));
    for part in ["100 rows", "checkpoint 7", "d.t", &label, "information_schema.loads", "skip", "load-again"]
    {
        assert!(error.message.contains(part), "no '{part}' in: {error}");
    }
    let skipping = restored(&world, &[("sink.exactly-once.in-doubt", "skip")], &old).unwrap();
    assert!(skipping.log().contains(&label));
    world.expect_ids("t", &all(200), "skipped");
    skipping.write(200..300).unwrap();
    skipping.whole_checkpoint(8).unwrap();
    drop(skipping);
    world.execute("DELETE FROM d.t WHERE id >= 100");
    let again = restored(&world, &[("sink.exactly-once.in-doubt", "load-again")], &old).unwrap();
    assert!(again.log().contains(&label));
    world.expect_ids("t", &all(200), "loaded again");
}

#[test]
fn a_witness_that_is_still_known_tells_that_a_batch_was_never_loaded() {
    let world = World::new();
    let first = job(&world, &[]);
    first.write(0..100).unwrap();
    first.whole_checkpoint(1).unwrap();
    first.write(100..200).unwrap();
    let state = first.snapshot(7).unwrap();
    first.kill();
    let old = aged(&state, Duration::from_secs(48 * 3600));
    drop(restored(&world, &[], &old).unwrap());
    world.expect_ids("t", &all(200), "restored after two days");
}

#[test]
fn a_label_that_was_soon_forgotten_is_told_loudly_too() {
    let world = World::new();
    let (state, label) = in_doubt(&world);
    // A busy database: 1,000 further loads end within the seconds that a restore takes.
    world.sandbox.server().labels().limits.keep_count = 0;
    let error = restored(&world, &[], &state).err().expect("nobody knows");
    assert_eq!(error.code, Code::Undecided, "{error}");
    assert_eq!(error.label.as_deref(), Some(&*label));
    assert!(error.message.contains("it has forgotten an older load that it knew"), "{error}");
    world.expect_ids("t", &all(200), "nothing twice");
    drop(restored(&world, &[("sink.exactly-once.in-doubt", "skip")], &state).unwrap());
    world.expect_ids("t", &all(200), "skipped");
}

#[test]
fn the_first_batch_of_a_job_has_no_witness_and_is_loaded() {
    let world = World::new();
    let first = job(&world, &[]);
    first.write(0..100).unwrap();
    let state = first.snapshot(1).unwrap();
    first.kill();
    // What others load says nothing of it.
    world.sandbox.server().labels().limits.keep_count = 0;
    drop(restored(&world, &[], &state).unwrap());
    world.expect_ids("t", &all(100), "restored");
}

#[test]
fn a_batch_that_waits_for_one_that_was_loaded_and_forgotten_is_told() {
    let world = World::new();
    let first = job(&world, &[]);
    first.write(0..100).unwrap();
    first.whole_checkpoint(1).unwrap();
    first.write(100..200).unwrap();
    first.seal().unwrap();
    first.write(200..300).unwrap();
    let state = first.snapshot(2).unwrap();
    first.kill();
    // Another subtask has the first of them and loads it; then it is forgotten, and so is what came before.
    let jobs = [open(&world, &[]), open(&world, &[("context.subtask", "1")])];
    jobs[0].restore(&state[..1]).unwrap();
    world.expect_ids("t", &all(200), "the first");
    let loaded = world.ended("t").remove(1).0;
    world.sandbox.server().labels().limits.keep_count = 0;
    let error = jobs[1].restore(&state[1..]).expect_err("it must not wait for ever");
    assert_eq!(error.code, Code::Undecided, "{error}");
    assert!(error.message.contains(&loaded), "no {loaded} in {error}");
    assert_ne!(error.label.as_deref(), Some(&*loaded));
    world.expect_ids("t", &all(200), "nothing twice, nothing out of order");
    drop(jobs);
    // Whoever looks into the table sees that it isn't there.
    let options = [("sink.exactly-once.in-doubt", "load-again"), ("context.subtask", "1")];
    let again = open(&world, &options);
    again.begin_restore(&state[1..]).unwrap();
    std::thread::sleep(Duration::from_millis(300));
    assert!(!again.is_ready().unwrap(), "it may still be on its way with the other subtask");
    assert!(again.log().contains(&loaded));
    drop(again);
    world.expect_ids("t", &all(200), "waits");
}

#[test]
fn a_batch_whose_turn_had_come_waits_for_no_other() {
    let world = World::new();
    let first = job(&world, &[("sink.max-retries", "0")]);
    first.write(0..100).unwrap();
    first.seal().unwrap();
    first.write(100..200).unwrap();
    let state = first.snapshot(1).unwrap();
    world.inject(Fault { nth: 2, times: 0, ..fault(Kind::DieBeforeCommit) });
    first.complete(1).unwrap();
    eventually("the second is rolled back", || world.ended("t").iter().any(|(_, state)| state == "ABORTED"));
    first.kill();
    world.sandbox.server().faults.remove(None);
    let loaded = world.ended("t").remove(0).0;
    world.sandbox.server().forget_label("d", &loaded);
    let second = open(&world, &[("context.subtask", "1")]);
    second.restore(&state[1..]).unwrap();
    world.expect_ids("t", &all(200), "its label says that the one before it was loaded");
}

#[test]
fn what_was_only_committed_is_no_witness() {
    let world = World::new();
    let first = job(&world, &[]);
    first.write(0..100).unwrap();
    world.inject(delayed(Kind::PublishTimeout, 50));
    first.whole_checkpoint(1).unwrap();
    first.write(100..200).unwrap();
    let state = first.snapshot(7).unwrap();
    first.kill();
    // Its rows may have become visible after those of the batch in doubt, so that it is remembered for longer.
    let old = aged(&state, Duration::from_secs(3600));
    let error = restored(&world, &[], &old).err().expect("nobody knows");
    assert_eq!(error.code, Code::Undecided, "{error}");
}

/// The same state, as if it had been taken so long ago.
fn aged(state: &State, by: Duration) -> State {
    use starrocks_sink::state::{Record, decode};
    let older = |piece: &Vec<u8>| {
        let Ok(Record::Batch(record, _)) = decode(piece) else { panic!("a batch") };
        let taken_at = record.taken_at.to_le_bytes();
        let found = piece.windows(8).position(|bytes| bytes == taken_at).expect("the time it was taken");
        let mut piece = piece.clone();
        piece[found..found + 8].copy_from_slice(&(record.taken_at - by.as_millis() as i64).to_le_bytes());
        let end = piece.len() - 4;
        let sum = crc32(&piece[..end]);
        piece[end..].copy_from_slice(&sum.to_le_bytes());
        piece
    };
    state.iter().map(older).collect()
}

/// CRC-32 as in gzip.
fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0, |crc, byte| {
        (0..8).fold(
            crc ^ u32::from(*byte),
            |crc, _| if crc & 1 == 1 { crc >> 1 ^ 0xEDB8_8320 } else { crc >> 1 },
        )
    })
}

#[test]
fn more_than_memory_has_room_for_is_held_and_survives() {
    let world = World::new();
    let options = [("sink.buffer.max-memory", "4194304"), ("sink.buffer-flush.max-bytes", "1000000")];
    let first = job(&world, &options);
    let table = first.table("t", false);
    // Rows that don't pack well.
    let noisy = |id: u64| {
        let mut x = id.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
        let letter = |_| {
            x ^= x << 13;
            x ^= x >> 7;
            x ^= x << 17;
            char::from(b'!' + (x % 90) as u8)
        };
        (id, Op::Upsert, (0..900).map(letter).filter(|c| !matches!(c, '\\' | ',')).collect::<String>())
    };
    for start in (0..12_000u64).step_by(1000) {
        first.write_to(table, (start..start + 1000).map(noisy)).unwrap();
        assert!(first.count(Cell::MemoryUsed) <= first.count(Cell::MemoryMax));
    }
    let state = first.snapshot(1).unwrap();
    assert!(first.count(Cell::SpilledBytes) > 0);
    assert!(state.iter().all(|piece| piece.len() <= 16 << 20));
    first.kill();
    let second = restored(&world, &options, &state).unwrap();
    world.expect_ids("t", &all(12_000), "restored");
    let expected: Vec<_> = (0..12_000).map(|id| (id, noisy(id).2)).collect();
    assert!(world.payloads("t") == expected, "bytes have changed on their way");
    assert_eq!(second.count(Cell::HeldBytes), 0);
}

#[test]
fn a_row_larger_than_a_piece_of_state() {
    let world = World::new();
    world.execute("CREATE TABLE d.large (id BIGINT NOT NULL, payload STRING) DUPLICATE KEY (id) DISTRIBUTED BY HASH (id)");
    let first = job(&world, &[]);
    let large = first.table("large", false);
    first.write_to(large, [(0, Op::Upsert, "a".into()), (1, Op::Upsert, "b".repeat(20 << 20))]).unwrap();
    first.write_to(large, [(2, Op::Upsert, "c".into())]).unwrap();
    let state = first.snapshot(1).unwrap();
    first.kill();
    // No column takes so much: the server only counts.
    world.sandbox.server().discard.store(true, Relaxed);
    drop(restored(&world, &[], &state).unwrap());
    let states: Vec<_> = world.ended("large").into_iter().map(|(_, state)| state).collect();
    assert_eq!(states, ["VISIBLE"; 3]);
}

#[test]
fn json_batches() {
    let world = World::new();
    let first =
        job(&world, &[("sink.properties.format", "json"), ("sink.properties.strip_outer_array", "true")]);
    first.write(0..50).unwrap();
    first.seal().unwrap();
    first.write(50..100).unwrap();
    let state = first.snapshot(1).unwrap();
    first.kill();
    drop(restored(&world, &[], &state).unwrap());
    world.expect_ids("t", &all(100), "restored by a job that writes CSV");
}

#[test]
fn many_tables_with_one_thread() {
    let world = World::new();
    let names: Vec<String> = (0..30).map(|n| format!("t{n}")).collect();
    names.iter().for_each(|name| world.create_table(name, "DUPLICATE KEY (id)"));
    let one = [("sink.io.thread-count", "1")];
    let first = job(&world, &one);
    for name in &names {
        first.write_to(first.table(name, false), rows(0..10)).unwrap();
    }
    let state = first.snapshot(1).unwrap();
    first.kill();
    drop(restored(&world, &one, &state).unwrap());
    for name in &names {
        world.expect_ids(name, &all(10), "restored");
    }
}

#[test]
fn servers_without_transactions_will_do() {
    let world = World::with(ServerConfig { transactions: false, ..ServerConfig::default() });
    let job = job(&world, &[]);
    job.write(0..100).unwrap();
    job.whole_checkpoint(1).unwrap();
    world.expect_ids("t", &all(100), "an old server");
}

#[test]
fn ending_is_prompt_whatever_hangs() {
    for kind in [Kind::FeHang, Kind::BeHang, Kind::StallBody, Kind::CommitDelay, Kind::StateHang] {
        let world = World::new();
        let job = job(
            &world,
            &[("sink.socket.timeout-ms", "60000"), ("sink.wait-for-continue.timeout-ms", "60000")],
        );
        world.inject(Fault { times: 0, ..delayed(kind, 60_000) });
        if kind == Kind::StateHang {
            world.inject(fault(Kind::DropAnswerAfterCommit));
        }
        job.write(0..100).unwrap();
        job.snapshot(1).unwrap();
        job.complete(1).unwrap();
        std::thread::sleep(Duration::from_millis(150));
        let start = Instant::now();
        drop(job);
        assert!(start.elapsed() < Duration::from_secs(1), "{kind:?}: {:?}", start.elapsed());
    }
}
