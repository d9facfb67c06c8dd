//! Exactly once by transactions, each fault of a transaction once: rows become visible when their checkpoint completes,
//! all of them and once, and no transaction stays open; or the sink fails with an error that says what happened.

use std::time::{Duration, Instant};

use starrocks_faults::{Job, State, World, all, exactly_once};
use starrocks_row::Op;
use starrocks_sandbox::config::Config as ServerConfig;
use starrocks_sandbox::faults::{Fault, Kind, Op as Ask};
use starrocks_sink::counters::Cell;
use starrocks_sink::{Code, SinkError};

fn fault(kind: Kind) -> Fault {
    Fault::new(kind)
}

fn at(op: Ask, kind: Kind) -> Fault {
    Fault { op: Some(op), ..fault(kind) }
}

fn later(op: Ask, kind: Kind, ms: u64) -> Fault {
    Fault { delay_ms: Some(ms), ..at(op, kind) }
}

/// A job that is ready for rows.
fn job(world: &World, options: &[(&str, &str)]) -> Job {
    let all: Vec<_> = exactly_once("V2").iter().chain(options).copied().collect();
    let job = world.job(&all);
    job.await_ready().unwrap();
    job
}

fn restored(world: &World, options: &[(&str, &str)], state: &State) -> Result<Job, SinkError> {
    let all: Vec<_> = exactly_once("V2").iter().chain(options).copied().collect();
    let job = world.job(&all);
    job.restore(state)?;
    Ok(job)
}

/// Three checkpoints, the faults striking from the second on.
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
    job.snapshot(2).unwrap_or_else(|error| panic!("{when}: {error}"));
    assert_eq!(world.ids("t"), all(100), "{when}: visible before the checkpoint completed");
    job.complete(2).unwrap();
    job.settle().unwrap_or_else(|error| panic!("{when}: {error}"));
    world.expect_ids("t", &all(300), &when);
    job.write(300..350).unwrap();
    job.whole_checkpoint(3).unwrap_or_else(|error| panic!("{when}: {error}"));
    world.expect_ids("t", &all(350), &when);
    for fault in faults {
        assert!(world.hits(fault.kind) > 0, "{fault:?} never happened");
    }
    world.expect_none_open(&when);
    let visible = world.ended("t").into_iter().filter(|(_, state)| state == "VISIBLE").count();
    assert_eq!(visible, 3, "{when}: {:?}", world.ended("t"));
    assert_eq!(job.count(Cell::OpenTransactions), 0);
    assert_eq!(job.count(Cell::PreparedTransactions), 0);
    assert_eq!(job.count(Cell::Commits), 3);
    (world, job)
}

macro_rules! faults_that_cost_nothing {
    ($($name:ident: $($fault:expr),+;)*) => {
        $(#[test] fn $name() { once_each(&[$($fault),+]); })*
    };
}

faults_that_cost_nothing! {
    begun_but_the_answer_is_lost: at(Ask::Begin, Kind::TxnDropAnswer);
    begun_but_the_answer_is_lost_again_and_again: Fault { times: 3, ..at(Ask::Begin, Kind::TxnDropAnswer) };
    begin_is_refused_for_a_while: Fault { times: 3, ..at(Ask::Begin, Kind::TxnFail) };
    too_many_transactions: Fault {
        times: 2,
        text: Some("current running txns on db 10001 is 1000, larger than limit 1000".into()),
        result: Some("ANALYSIS_ERROR".into()),
        ..at(Ask::Begin, Kind::TxnFail)
    };
    no_backend_for_a_moment: fault(Kind::NoBackend);
    loaded_but_the_answer_is_lost: at(Ask::Load, Kind::TxnDropAnswer);
    loaded_but_the_answer_to_the_second_load_is_lost: Fault { nth: 2, ..at(Ask::Load, Kind::TxnDropAnswer) };
    the_load_is_refused: at(Ask::Load, Kind::TxnFail);
    the_load_finds_another_at_work: Fault { times: 3, ..at(Ask::Load, Kind::TxnInProcessing) };
    the_load_is_said_to_be_over: Fault { result: Some("ABORTED".into()), ..at(Ask::Load, Kind::TxnFail) };
    an_early_error_and_reset: at(Ask::Load, Kind::EarlyErrorReset);
    the_body_is_cut: at(Ask::Load, Kind::BodyCut);
    a_reset_within_the_body: at(Ask::Load, Kind::ResetInBody);
    the_body_stalls: later(Ask::Load, Kind::StallBody, 700);
    the_pipeline_fails_behind_an_ok: Fault {
        text: Some("Memory of process exceed limit".into()),
        ..at(Ask::Load, Kind::TxnPipelineFailed)
    };
    the_be_loses_the_transaction_before_a_load: Fault { nth: 2, ..at(Ask::Load, Kind::TxnLoseContext) };
    the_be_loses_the_transaction_before_prepare: at(Ask::Prepare, Kind::TxnLoseContext);
    the_be_dies_after_begin: later(Ask::Begin, Kind::TxnKillBe, 300);
    the_be_dies_after_a_load: later(Ask::Load, Kind::TxnKillBe, 300);
    the_be_dies_after_the_second_load: Fault { nth: 2, ..later(Ask::Load, Kind::TxnKillBe, 300) };
    the_leader_changes_at_begin: at(Ask::Begin, Kind::TxnLeaderChange);
    the_leader_changes_at_a_load: at(Ask::Load, Kind::TxnLeaderChange);
    the_leader_changes_at_the_second_load: Fault { nth: 2, ..at(Ask::Load, Kind::TxnLeaderChange) };
    the_leader_changes_at_prepare: at(Ask::Prepare, Kind::TxnLeaderChange);
    the_leader_changes_at_commit: at(Ask::Commit, Kind::TxnLeaderChange);
    prepared_but_the_answer_is_lost: at(Ask::Prepare, Kind::TxnDropAnswer);
    prepared_but_the_answers_are_lost: Fault { times: 2, ..at(Ask::Prepare, Kind::TxnDropAnswer) };
    prepare_finds_another_at_work: Fault { times: 3, ..at(Ask::Prepare, Kind::TxnInProcessing) };
    prepare_fails: at(Ask::Prepare, Kind::TxnFail);
    prepare_takes_long: later(Ask::Prepare, Kind::TxnDelay, 700);
    committed_but_the_answer_is_lost: at(Ask::Commit, Kind::TxnDropAnswer);
    committed_but_the_answers_are_lost: Fault { times: 4, ..at(Ask::Commit, Kind::TxnDropAnswer) };
    the_commit_is_answered_too_late: later(Ask::Commit, Kind::TxnDelayAnswer, 2500);
    the_commit_is_refused_for_a_while: Fault { times: 4, ..at(Ask::Commit, Kind::TxnFail) };
    the_commit_is_published_late: Fault { delay_ms: Some(300), ..fault(Kind::PublishTimeout) };
    the_commit_says_that_publishing_takes_long: Fault {
        delay_ms: Some(300), result: Some("FAILED".into()), ..fault(Kind::PublishTimeout)
    };
    prepare_and_rollback_are_lost: at(Ask::Prepare, Kind::TxnFail), at(Ask::Rollback, Kind::TxnDropAnswer);
    the_rollback_is_late: at(Ask::Load, Kind::TxnDropAnswer), later(Ask::Rollback, Kind::TxnRollbackLate, 300);
    the_leader_changes_at_rollback: at(Ask::Load, Kind::TxnDropAnswer), at(Ask::Rollback, Kind::TxnLeaderChange);
    the_rollback_is_refused: at(Ask::Load, Kind::TxnDropAnswer), at(Ask::Rollback, Kind::TxnFail);
    the_state_of_a_lost_prepare_is_500: at(Ask::Prepare, Kind::TxnDropAnswer),
        Fault { status: Some(500), times: 2, ..fault(Kind::StateHttpError) };
    the_state_of_a_lost_prepare_hangs: at(Ask::Prepare, Kind::TxnDropAnswer),
        Fault { delay_ms: Some(2500), ..fault(Kind::StateHang) };
    the_state_of_a_lost_prepare_drops: at(Ask::Prepare, Kind::TxnDropAnswer),
        Fault { times: 2, ..fault(Kind::StateDrop) };
    the_state_of_a_lost_prepare_is_strange: at(Ask::Prepare, Kind::TxnDropAnswer),
        Fault { times: 2, ..fault(Kind::StateStrange) };
    the_state_of_a_lost_commit_is_unknown_at_first: at(Ask::Commit, Kind::TxnFail), fault(Kind::StateUnknown);
    a_redirect_comes_late: later(Ask::Load, Kind::RedirectDelay, 1000);
    a_redirect_without_location: at(Ask::Load, Kind::RedirectWithoutLocation);
    a_redirect_to_itself: at(Ask::Prepare, Kind::RedirectLoop);
    a_redirect_to_a_dead_port: at(Ask::Load, Kind::RedirectDeadPort);
    the_fe_answers_500: Fault { times: 2, ..fault(Kind::FeError) };
    the_fe_hangs: Fault { delay_ms: Some(2500), ..fault(Kind::FeHang) };
    no_continue: at(Ask::Load, Kind::NoContinue);
    idle_connections_are_closed: Fault { times: 5, ..fault(Kind::CloseIdle) };
    the_answer_to_a_load_is_truncated: at(Ask::Load, Kind::AnswerTruncated);
    the_answer_to_prepare_is_truncated: at(Ask::Prepare, Kind::AnswerTruncated);
    the_answer_to_commit_is_truncated: at(Ask::Commit, Kind::AnswerTruncated);
    the_answer_to_begin_is_empty: at(Ask::Begin, Kind::AnswerEmpty);
    the_answer_to_prepare_is_empty: at(Ask::Prepare, Kind::AnswerEmpty);
    the_answer_to_commit_is_a_web_page: at(Ask::Commit, Kind::AnswerHtml);
    the_answer_to_prepare_has_a_status_nobody_knows: at(Ask::Prepare, Kind::AnswerUnknownStatus);
    the_answer_to_commit_has_a_status_nobody_knows: at(Ask::Commit, Kind::AnswerUnknownStatus);
    the_answer_to_a_load_is_502: Fault { status: Some(502), ..at(Ask::Load, Kind::AnswerHttpStatus) };
    answers_are_compressed: Fault { times: 5, ..fault(Kind::AnswerGzip) };
}

#[test]
fn newer_servers_answer_a_repeated_begin_with_ok() {
    let world = World::with(ServerConfig { idempotent_begin: true, ..ServerConfig::default() });
    let job = job(&world, &[]);
    world.inject(at(Ask::Begin, Kind::TxnDropAnswer));
    job.write(0..100).unwrap();
    job.whole_checkpoint(1).unwrap();
    assert_eq!(world.ids("t"), all(100));
    world.expect_none_open("begun twice");
}

/// A setback that never ends fails the session, within its tries and time-outs, and leaves nothing open.
fn fails(fault: Fault, options: &[(&str, &str)]) -> SinkError {
    let world = World::new();
    let job = job(&world, options);
    let when = format!("{fault:?}");
    world.inject(Fault { times: 0, ..fault });
    job.write(0..100).unwrap();
    let start = Instant::now();
    let error = job.snapshot(1).map(|_| ()).and_then(|()| job.complete(1)).and_then(|()| job.settle());
    assert!(start.elapsed() < Duration::from_secs(25), "took {:?}", start.elapsed());
    world.sandbox.server().faults.remove(None);
    drop(job);
    assert_eq!(world.ids("t"), [0u64; 0]);
    world.expect_none_open(&when);
    error.unwrap_err()
}

#[test]
fn setbacks_without_end_fail_the_session() {
    for op in [Ask::Begin, Ask::Load, Ask::Prepare] {
        let error = fails(at(op, Kind::TxnFail), &[("sink.max-retries", "2")]);
        assert!(error.retriable, "{error}");
        assert!(error.message.contains("d.t") && error.label.is_some(), "{error}");
    }
}

#[test]
fn rows_that_the_server_refuses_fail_at_once() {
    let filtered =
        Fault { text: Some("too many filtered rows".into()), ..at(Ask::Load, Kind::TxnPipelineFailed) };
    let start = Instant::now();
    let error = fails(filtered, &[("sink.retry.interval-ms", "5000")]);
    assert!(start.elapsed() < Duration::from_secs(4), "no use in trying again");
    assert_eq!(error.code, Code::Load, "{error}");
    assert!(error.message.contains("too many filtered rows") && !error.retriable, "{error}");
}

#[test]
fn fewer_rows_counted_than_sent_is_an_error_and_nothing_is_committed() {
    let error = fails(Fault { count: Some(90), ..fault(Kind::LoadedRowsOff) }, &[]);
    assert_eq!(error.code, Code::Load, "{error}");
    assert!(error.message.contains("100"), "{error}");
}

#[test]
fn rows_that_the_server_has_twice_are_not_committed() {
    // Once, and the next transaction has them once.
    let (_world, job) = once_each(&[fault(Kind::TxnTakenTwice)]);
    assert_eq!(job.count(Cell::ResentTransactions), 1);
    assert!(job.log().contains("counted 300 rows where 200 were sent"), "{}", job.log());

    let error = fails(fault(Kind::TxnTakenTwice), &[("sink.max-retries", "2")]);
    assert_eq!(error.code, Code::Load, "{error}");
    assert!(error.message.contains("counted 200 rows where 100 were sent"), "{error}");
}

#[test]
fn bytes_that_the_server_did_not_take_in_are_sent_again() {
    let (_world, job) = once_each(&[at(Ask::Load, Kind::LoadBytesOff)]);
    assert_eq!(job.count(Cell::ResentTransactions), 1);

    let error = fails(at(Ask::Load, Kind::LoadBytesOff), &[("sink.max-retries", "1")]);
    assert!(error.retriable && error.message.contains("took in"), "{error}");

    let (_world, job) = once_each(&[at(Ask::Prepare, Kind::LoadBytesOff)]);
    assert_eq!(job.count(Cell::ResentTransactions), 0);
    assert!(job.log().contains("bytes where"), "{}", job.log());
}

/// What an FE says of a prepare that was done already, when it can't lead to the BE.
#[test]
fn a_prepared_transaction_stays_so_whatever_a_repetition_is_told() {
    let refusal = Fault {
        status: Some(200),
        text: Some(r#"{"Status":"FAILED","Message":"class x: current fe is not master"}"#.into()),
        nth: 2,
        times: 4,
        ..at(Ask::Prepare, Kind::FeError)
    };
    // Twice: the first may be taken for that of a connection which was closed long ago.
    let lost = Fault { times: 2, ..at(Ask::Prepare, Kind::TxnDropAnswer) };
    let (world, job) = once_each(&[lost, refusal]);
    assert_eq!(job.count(Cell::ResentTransactions), 0);
    assert!(world.ended("t").iter().all(|(_, state)| state == "VISIBLE"), "{:?}", world.ended("t"));
}

/// The FE leads to it until it misses it: nothing is gained by asking for the same label again and again.
#[test]
fn a_be_that_is_gone_costs_no_more_than_a_transaction() {
    for (op, times, tries) in [(Ask::Begin, 1, 0), (Ask::Load, 2, 1), (Ask::Prepare, 8, 0)] {
        let (_world, job) = once_each(&[Fault { times, ..at(op, Kind::RedirectDeadPort) }]);
        assert_eq!(job.count(Cell::LoadRetries), tries, "{op:?}");
        assert!((1..=2).contains(&job.count(Cell::ResentTransactions)), "{op:?}");
    }
    // Where all are, the tries and their pauses are those of the options.
    let start = Instant::now();
    let options = [("sink.max-retries", "2"), ("sink.retry.interval-ms", "300")];
    let error = fails(at(Ask::Begin, Kind::RedirectDeadPort), &options);
    assert!(start.elapsed() >= Duration::from_millis(600));
    assert!(error.retriable && error.message.contains("host-mapping"), "{error}");
}

#[test]
fn auto_takes_plain_loads_where_the_fe_has_no_path_for_transactions() {
    for status in [404, 405, 501] {
        let world = World::new();
        world.inject(Fault { status: Some(status), times: 0, ..at(Ask::Begin, Kind::FeError) });
        let job = world.job(&exactly_once("AUTO"));
        job.await_ready().unwrap();
        let log = job.log();
        assert!(log.contains("V1"), "{log}");
        job.write(0..100).unwrap();
        job.whole_checkpoint(1).unwrap();
        world.expect_ids("t", &all(100), "by plain loads");
        assert_eq!((job.count(Cell::LoadRetries), world.hits(Kind::FeError)), (0, 1));
    }
}

#[test]
fn a_transaction_that_somebody_else_has_committed_is_no_setback() {
    let world = World::new();
    let job = job(&world, &[]);
    // Its rows are in the table before their checkpoint: they must not be sent once more.
    world.inject(at(Ask::Rollback, Kind::TxnCommitBehind));
    world.inject(Fault { count: Some(90), ..fault(Kind::LoadedRowsOff) });
    job.write(0..100).unwrap();
    let error = job.snapshot(1).unwrap_err();
    assert_eq!(world.ids("t"), all(100));
    assert_eq!(error.code, Code::Undecided, "{error}");
    assert!(error.message.contains("committed"), "{error}");
    assert!(error.label.is_some_and(|label| world.label_state(&label) == Some("VISIBLE")));
}

/// Other words for true would replace whole rows, and nobody would say so.
#[test]
fn partial_updates_keep_the_other_columns_however_they_are_spelt() {
    for word in ["true", "TRUE", " True "] {
        let world = World::new();
        world.execute(
            "CREATE TABLE d.p (id BIGINT NOT NULL, payload VARCHAR(1000), other INT) PRIMARY KEY (id) \
             DISTRIBUTED BY HASH (id)",
        );
        world.execute("INSERT INTO d.p VALUES (1, 'a', 10), (2, 'b', 20)");
        let job = job(&world, &[("sink.properties.partial_update", word)]);
        job.write_to(job.table("p", true), [(1, Op::Upsert, "new".to_owned())]).unwrap();
        job.whole_checkpoint(1).unwrap();
        assert_eq!(world.payloads("p"), [(1, "new".to_owned()), (2, "b".to_owned())], "{word}");
        world.execute("DELETE FROM d.p WHERE other IS NULL");
        assert_eq!(world.ids("p"), [1, 2], "{word}: the other column is lost");
    }
}

#[test]
fn a_prepared_transaction_that_ran_out_of_time_is_told_loudly() {
    let world = World::new();
    let first = job(&world, &[]);
    first.write(0..100).unwrap();
    let state = first.snapshot(7).unwrap();
    first.kill();
    let label = world.open_labels().remove(0);
    assert!(world.sandbox.server().expire("d", &label));
    let error = restored(&world, &[], &state).err().expect("rows are lost");
    assert_eq!(error.code, Code::Undecided, "{error}");
    assert_eq!(error.label.as_deref(), Some(&*label));
    for part in ["100 rows", "checkpoint 7", "d.t", &label, "timeout", "prepared_timeout", "in-doubt"] {
        assert!(error.message.contains(part), "no '{part}' in: {error}");
    }
    // It stays so until the user decides.
    assert!(restored(&world, &[], &state).is_err());
    let skipping = restored(&world, &[("sink.exactly-once.in-doubt", "skip")], &state).unwrap();
    assert!(skipping.log().contains(&label));
    skipping.write(100..200).unwrap();
    skipping.whole_checkpoint(8).unwrap();
    assert_eq!(world.ids("t"), (100..200).collect::<Vec<_>>());
    world.expect_none_open("skipped");
}

#[test]
fn a_commit_that_the_server_has_forgotten_is_told_loudly() {
    let world = World::new();
    let first = job(&world, &[]);
    first.write(0..100).unwrap();
    let state = first.whole_checkpoint(7).unwrap();
    let label = world.ended("t").remove(0).0;
    drop(first);
    world.sandbox.server().forget_label("d", &label);
    let error = restored(&world, &[], &state).err().expect("nobody knows");
    assert_eq!(error.code, Code::Undecided, "{error}");
    for part in ["100 rows", "checkpoint 7", "d.t", &label, "information_schema.loads", "skip"] {
        assert!(error.message.contains(part), "no '{part}' in: {error}");
    }
    let skipping = restored(&world, &[("sink.exactly-once.in-doubt", "skip")], &state).unwrap();
    skipping.write(100..200).unwrap();
    skipping.whole_checkpoint(8).unwrap();
    assert_eq!(world.ids("t"), all(200));
}

#[test]
fn what_a_restored_state_holds_is_committed_and_what_came_later_is_rolled_back() {
    let world = World::new();
    let first = job(&world, &[]);
    first.write(0..100).unwrap();
    let state = first.snapshot(1).unwrap();
    // Open, prepared by a checkpoint that never completes, and open again.
    first.write(100..200).unwrap();
    first.snapshot(2).unwrap();
    first.write(200..300).unwrap();
    first.seal().unwrap();
    while first.count(Cell::OpenTransactions) == 0 || first.count(Cell::InflightLoads) > 0 {
        std::thread::sleep(Duration::from_millis(5));
    }
    first.kill();
    assert_eq!(world.open_labels().len(), 3);
    let second = restored(&world, &[], &state).unwrap();
    world.expect_ids("t", &all(100), "restored");
    world.expect_none_open("restored");
    second.write(100..400).unwrap();
    second.whole_checkpoint(3).unwrap();
    world.expect_ids("t", &all(400), "replayed");
    // Nor does it matter if it is done again.
    drop(second);
    drop(restored(&world, &[], &state).unwrap());
    world.expect_ids("t", &all(400), "restored again, from an older checkpoint than the last");
}

#[test]
fn nothing_is_rolled_back_where_the_user_forbids_it() {
    let world = World::new();
    let first = job(&world, &[]);
    let state = first.whole_checkpoint(1).unwrap();
    first.write(0..100).unwrap();
    first.snapshot(2).unwrap();
    first.kill();
    let _second =
        restored(&world, &[("sink.exactly-once.enable-abort-lingering-txn", "false")], &state).unwrap();
    assert_eq!(world.open_labels().len(), 1);
}

#[test]
fn a_transaction_that_was_committed_behind_the_restored_checkpoint_is_no_restart_loop() {
    let world = World::new();
    let first = job(&world, &[]);
    first.write(0..100).unwrap();
    let old = first.whole_checkpoint(1).unwrap();
    first.write(100..200).unwrap();
    first.whole_checkpoint(2).unwrap();
    let label = world.ended("t").remove(1).0;
    drop(first);
    let second = restored(&world, &[], &old).unwrap();
    let log = second.log();
    assert!(log.contains(&label) && log.contains("twice"), "{log}");
}

#[test]
fn nothing_that_a_checkpoint_may_name_is_rolled_back_when_a_session_ends() {
    let world = World::new();
    let first = job(&world, &[]);
    first.write(0..100).unwrap();
    let state = first.snapshot(1).unwrap();
    first.write(100..200).unwrap();
    first.seal().unwrap();
    first.cancel();
    drop(first);
    assert_eq!(world.open_labels().len(), 1, "the open one is rolled back, the prepared one is not");
    assert_eq!(world.label_state(&world.open_labels()[0]), Some("PREPARED"));
    let second = restored(&world, &[], &state).unwrap();
    world.expect_ids("t", &all(100), "restored");
    drop(second);
    world.expect_none_open("restored");
}

#[test]
fn what_is_prepared_and_in_no_state_is_rolled_back_when_the_session_ends() {
    let world = World::new();
    let job = job(&world, &[]);
    job.write(0..100).unwrap();
    job.begin_snapshot(1).unwrap();
    while job.count(Cell::PreparedTransactions) == 0 {
        std::thread::sleep(Duration::from_millis(5));
    }
    job.cancel();
    drop(job);
    world.expect_none_open("cancelled before the state was taken");
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
    job.write(300..400).unwrap();
    job.snapshot(4).unwrap();
    assert_eq!(world.ids("t"), [0u64; 0]);
    job.complete(3).unwrap();
    job.complete(3).unwrap();
    job.complete(1).unwrap();
    job.settle().unwrap();
    world.expect_ids("t", &all(300), "the third completed");
    job.complete(4).unwrap();
    job.complete(3).unwrap();
    job.settle().unwrap();
    world.expect_ids("t", &all(400), "the fourth completed");
    assert_eq!(job.count(Cell::Commits), 4);
    // Everything of the third is committed already.
    drop(job);
    drop(restored(&world, &[], &third).unwrap());
    world.expect_ids("t", &all(400), "restored from the third");
    world.expect_none_open("restored from the third");
}

#[test]
fn the_end_of_the_input_commits_everything_without_a_checkpoint() {
    let world = World::new();
    let job = job(&world, &[]);
    job.write(0..100).unwrap();
    job.snapshot(1).unwrap();
    job.write(100..200).unwrap();
    world.inject(Fault { times: 2, ..at(Ask::Commit, Kind::TxnDropAnswer) });
    job.finish().unwrap();
    job.finish().unwrap();
    world.expect_ids("t", &all(200), "finished");
    world.expect_none_open("finished");
}

#[test]
fn many_tables_some_of_which_fail_to_commit_at_first() {
    let world = World::new();
    let names: Vec<String> = (0..20).map(|n| format!("t{n}")).collect();
    names.iter().for_each(|name| world.create_table(name, "DUPLICATE KEY (id)"));
    let first = job(&world, &[("sink.io.thread-count", "1")]);
    for name in &names {
        first.write_to(first.table(name, false), rows(0..10)).unwrap();
    }
    let state = first.snapshot(1).unwrap();
    assert_eq!(state.len(), 20 + 21, "20 transactions, and labels of 21 tables");
    // Killed with some committed, one unanswered, and the others not.
    world.inject(Fault { nth: 8, ..at(Ask::Commit, Kind::TxnDropAnswer) });
    world.inject(Fault { nth: 9, times: 0, ..later(Ask::Commit, Kind::TxnDelay, 400) });
    first.complete(1).unwrap();
    std::thread::sleep(Duration::from_millis(300));
    first.kill();
    world.sandbox.server().faults.remove(None);
    let second = restored(&world, &[("sink.io.thread-count", "1")], &state).unwrap();
    for name in &names {
        world.expect_ids(name, &all(10), "restored");
    }
    drop(second);
    world.expect_none_open("restored");
}

fn rows(ids: std::ops::Range<u64>) -> impl Iterator<Item = (u64, Op, String)> {
    ids.map(|id| (id, Op::Upsert, format!("row {id}")))
}

#[test]
fn tables_of_one_name_in_many_databases_are_cleaned_up_each() {
    let world = World::new();
    let first = job(&world, &[]);
    let databases: Vec<String> = (0..12).map(|n| format!("db{n}")).collect();
    let mut tables = Vec::new();
    for database in &databases {
        world.execute(&format!("CREATE DATABASE {database}"));
        world.execute(&format!(
            "CREATE TABLE {database}.t (id BIGINT NOT NULL, payload VARCHAR(1000)) DUPLICATE KEY (id) \
             DISTRIBUTED BY HASH (id)"
        ));
        tables.push(first.table_of(database, "t", false));
    }
    let state = first.whole_checkpoint(1).unwrap();
    for &table in &tables {
        first.write_to(table, rows(0..10)).unwrap();
    }
    first.snapshot(2).unwrap();
    first.kill();
    assert_eq!(world.open_labels().len(), 12);
    let _second = restored(&world, &[], &state).unwrap();
    world.expect_none_open("restored");
}

#[test]
fn a_server_that_stays_down_fails_the_session_and_a_later_one_goes_on() {
    let world = World::new();
    let first = job(&world, &[("sink.max-retries", "1")]);
    first.write(0..100).unwrap();
    let state = first.snapshot(1).unwrap();
    world.sandbox.server().outage("all", None);
    first.complete(1).unwrap();
    let error = first.settle().unwrap_err();
    assert!(error.retriable, "{error}");
    assert_eq!(first.count(Cell::Stalled), 0);
    drop(first);
    assert!(restored(&world, &[("sink.max-retries", "1")], &state).is_err());
    world.sandbox.server().end_outage();
    let second = restored(&world, &[], &state).unwrap();
    world.expect_ids("t", &all(100), "the server is back");
    drop(second);
    world.expect_none_open("the server is back");
}

#[test]
fn a_short_outage_costs_no_restart() {
    let world = World::new();
    let job = job(&world, &[("sink.max-retries", "10"), ("sink.retry.interval-ms", "200")]);
    for round in 0..3u64 {
        job.write(round * 100..round * 100 + 50).unwrap();
        job.seal().unwrap();
        world.sandbox.server().outage("all", Some(Duration::from_millis(700)));
        job.write(round * 100 + 50..(round + 1) * 100).unwrap();
        job.whole_checkpoint(round).unwrap();
    }
    world.expect_ids("t", &all(300), "three outages");
    drop(job);
    world.expect_none_open("three outages");
}

#[test]
fn transactions_are_prepared_early_where_kept_rows_take_the_memory() {
    let world = World::new();
    let options = [("sink.buffer.max-memory", "4194304"), ("sink.buffer-flush.max-bytes", "1000000")];
    let first = job(&world, &options);
    let table = first.table("t", false);
    let many = |ids: std::ops::Range<u64>| ids.map(|id| (id, Op::Upsert, "x".repeat(900)));
    let old = first.whole_checkpoint(1).unwrap();
    first.write_to(table, many(0..7_000)).unwrap();
    assert!(first.count(Cell::PreparedTransactions) >= 2);
    assert_eq!(world.ids("t"), [0u64; 0]);
    let state = first.snapshot(2).unwrap();
    first.kill();
    assert!(world.open_labels().len() >= 3);
    let second = restored(&world, &options, &state).unwrap();
    world.expect_ids("t", &all(7_000), "restored");
    world.expect_none_open("restored");
    second.write_to(table, many(7_000..8_000)).unwrap();
    second.kill();
    // The one from before the last checkpoint knows only of what the first one left open, which is committed.
    drop(restored(&world, &options, &old).unwrap());
    world.expect_ids("t", &all(7_000), "restored from an older one");
}

#[test]
fn more_tables_than_the_memory_has_room_for() {
    let world = World::new();
    let options = [("sink.buffer.max-memory", "4194304"), ("sink.buffer-flush.max-bytes", "1000000")];
    let job = job(&world, &options);
    let names: Vec<String> = (0..70).map(|n| format!("t{n}")).collect();
    names.iter().for_each(|name| world.create_table(name, "DUPLICATE KEY (id)"));
    for name in &names {
        job.write_to(job.table(name, false), rows(0..3)).unwrap();
    }
    assert!(job.count(Cell::PreparedTransactions) > 0, "otherwise they all had room");
    assert!(job.count(Cell::MemoryUsed) <= job.count(Cell::MemoryMax));
    job.whole_checkpoint(1).unwrap();
    for name in &names {
        world.expect_ids(name, &all(3), "all tables");
    }
    world.expect_none_open("all tables");
}

#[test]
fn an_old_transaction_is_prepared_before_the_server_loses_patience() {
    let world = World::new();
    let job = job(&world, &[("sink.properties.timeout", "2")]);
    job.write(0..100).unwrap();
    job.seal().unwrap();
    std::thread::sleep(Duration::from_millis(2500));
    assert_eq!(job.count(Cell::PreparedTransactions), 1);
    job.write(100..200).unwrap();
    job.whole_checkpoint(1).unwrap();
    world.expect_ids("t", &all(200), "two transactions");
    assert_eq!(job.count(Cell::ResentTransactions), 0);
}

#[test]
fn the_newest_row_of_a_key_wins() {
    let world = World::new();
    world.create_table("p", "PRIMARY KEY (id)");
    let first = job(&world, &[]);
    let table = first.table("p", true);
    let version = |job: &Job, n: u32| {
        job.write_to(table, (0..10).map(|id| (id, Op::Upsert, format!("v{n}")))).unwrap();
    };
    world.inject(Fault { times: 2, ..later(Ask::Commit, Kind::TxnDelay, 200) });
    world.inject(at(Ask::Commit, Kind::TxnDropAnswer));
    for n in 0..4 {
        version(&first, n);
        first.snapshot(u64::from(n)).unwrap();
    }
    first.write_to(table, [(9, Op::Delete, String::new())]).unwrap();
    let state = first.snapshot(4).unwrap();
    first.complete(1).unwrap();
    first.kill();
    let second = restored(&world, &[], &state).unwrap();
    assert_eq!(world.ids("p"), all(9));
    world.execute("DELETE FROM d.p WHERE payload = 'v3'");
    assert_eq!(world.ids("p"), [0u64; 0]);
    drop(second);
    world.expect_none_open("restored");
}

#[test]
fn json_goes_into_one_transaction_in_several_documents() {
    let world = World::new();
    let job =
        job(&world, &[("sink.properties.format", "json"), ("sink.properties.strip_outer_array", "true")]);
    for round in 0..4u64 {
        job.write(round * 10..(round + 1) * 10).unwrap();
        job.seal().unwrap();
    }
    job.whole_checkpoint(1).unwrap();
    world.expect_ids("t", &all(40), "four documents");
}

#[test]
fn ending_is_prompt_whatever_hangs() {
    for op in [Ask::Begin, Ask::Load, Ask::Prepare, Ask::Commit, Ask::Rollback, Ask::State] {
        let world = World::new();
        let job = job(
            &world,
            &[("sink.socket.timeout-ms", "60000"), ("sink.wait-for-continue.timeout-ms", "60000")],
        );
        if matches!(op, Ask::Rollback | Ask::State) {
            world.inject(at(Ask::Load, Kind::TxnDropAnswer));
        }
        for kind in [Kind::FeHang, Kind::BeHang, Kind::StateHang] {
            world.inject(Fault { times: 0, ..later(op, kind, 60_000) });
        }
        job.write(0..100).unwrap();
        job.begin_snapshot(1).unwrap();
        std::thread::sleep(Duration::from_millis(200));
        let start = Instant::now();
        job.cancel();
        drop(job);
        assert!(start.elapsed() < Duration::from_millis(2500), "{op:?}: {:?}", start.elapsed());
    }
}

#[test]
fn a_server_without_transactions_is_an_error_that_says_so() {
    let world = World::with(ServerConfig { transactions: false, ..ServerConfig::default() });
    let job = job(&world, &[]);
    job.write(0..100).unwrap();
    let error = job.snapshot(1).unwrap_err();
    assert!(error.message.contains("2.4") && error.message.contains("sink.version"), "{error}");
    assert!(!error.retriable, "{error}");
}

#[test]
fn auto_takes_what_the_server_has_and_goes_on_with_state_of_the_other_kind() {
    let options = exactly_once("AUTO");
    let run = |world: &World, state: &State, ids: std::ops::Range<u64>, id: u64| {
        let job = world.job(&options);
        job.restore(state).unwrap();
        let log = job.log();
        job.write(ids).unwrap();
        let state = job.snapshot(id).unwrap();
        job.kill();
        (log, state)
    };
    let world = World::new();
    let (log, by_transactions) = run(&world, &State::new(), 0..100, 1);
    assert!(log.contains("V2"), "{log}");
    assert_eq!(world.open_labels().len(), 1);
    // The other kind of state, into a server that has transactions and the other way round.
    let by_batches = {
        let job = world.job(&exactly_once("V1"));
        job.restore(&by_transactions).unwrap();
        world.expect_ids("t", &all(100), "V1 commits what V2 has prepared");
        job.write(100..200).unwrap();
        job.snapshot(2).unwrap()
    };
    let (_, state) = run(&world, &by_batches, 200..300, 3);
    world.expect_ids("t", &all(200), "V2 loads what V1 holds");
    drop(restored(&world, &[], &state).unwrap());
    world.expect_ids("t", &all(300), "and what it has prepared");
    world.expect_none_open("AUTO");

    let old = World::with(ServerConfig { transactions: false, ..ServerConfig::default() });
    let (log, state) = run(&old, &State::new(), 0..100, 1);
    assert!(log.contains("V1"), "{log}");
    assert_eq!(old.ids("t"), [0u64; 0]);
    run(&old, &state, 100..200, 2);
    old.expect_ids("t", &all(100), "restored");
}

#[test]
fn at_least_once_by_transactions_bears_each_fault() {
    let mut faults = vec![at(Ask::Begin, Kind::TxnDropAnswer), at(Ask::Load, Kind::TxnDropAnswer)];
    faults.extend([Ask::Load, Ask::Prepare, Ask::Commit].map(|op| at(op, Kind::TxnFail)));
    faults.extend([Ask::Prepare, Ask::Commit].map(|op| at(op, Kind::TxnDropAnswer)));
    faults.extend([Ask::Load, Ask::Prepare, Ask::Commit].map(|op| at(op, Kind::TxnLeaderChange)));
    faults.push(at(Ask::Prepare, Kind::TxnLoseContext));
    let world = World::new();
    let job = world.job(&[("sink.at-least-once.use-transaction-stream-load", "true")]);
    job.await_ready().unwrap();
    for (round, fault) in (0u64..).zip(&faults) {
        world.inject(fault.clone());
        job.write(round * 10..(round + 1) * 10).unwrap();
        assert_eq!(job.snapshot(round).unwrap(), State::new());
        world.expect_ids("t", &all((round + 1) * 10), &format!("{fault:?}"));
        world.expect_none_open(&format!("{fault:?}"));
    }
    assert_eq!(job.count(Cell::Commits), faults.len() as i64);
    assert_eq!(job.count(Cell::PreparedTransactions), 0);
}

#[test]
fn at_least_once_by_transactions_leaves_nothing_open_when_it_is_cancelled() {
    let world = World::new();
    let job = world.job(&[("sink.at-least-once.use-transaction-stream-load", "true")]);
    job.await_ready().unwrap();
    world.inject(Fault { times: 0, ..at(Ask::Commit, Kind::TxnFail) });
    job.write(0..10).unwrap();
    job.seal().unwrap();
    std::thread::sleep(Duration::from_millis(60));
    drop(job);
    world.expect_none_open("cancelled");
}
