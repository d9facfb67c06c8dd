//! Each fault of a stream load once, between batches that go well: at the checkpoint no row is missing and none is
//! there twice, or the sink fails with an error that says what happened.

use std::time::{Duration, Instant};

use starrocks_faults::{Job, World, all};
use starrocks_row::Op;
use starrocks_sandbox::config::Config as ServerConfig;
use starrocks_sandbox::faults::{Fault, Kind};
use starrocks_sink::counters::Cell;
use starrocks_sink::{Code, SinkError};

/// Three batches and two checkpoints, the faults striking from the second batch on.
fn once_each(faults: &[Fault]) -> (World, Job) {
    let world = World::new();
    let job = world.job(&[]);
    job.write(0..100).unwrap();
    job.checkpoint().unwrap();
    faults.iter().for_each(|fault| world.inject(fault.clone()));
    job.write(100..200).unwrap();
    job.seal().unwrap();
    job.write(200..300).unwrap();
    job.checkpoint().unwrap_or_else(|error| panic!("{faults:?}: {error}"));
    world.expect_ids("t", &all(300), &format!("{faults:?}"));
    for fault in faults {
        assert!(world.hits(fault.kind) > 0, "{fault:?} never happened");
    }
    (world, job)
}

/// A fault that never ends: the sink must fail, within its tries and time-outs.
fn fails(fault: Fault, options: &[(&str, &str)]) -> SinkError {
    let world = World::new();
    let job = world.job(options);
    world.inject(Fault { times: 0, ..fault });
    job.write(0..100).unwrap();
    let start = Instant::now();
    let error = job.checkpoint().unwrap_err();
    assert!(start.elapsed() < Duration::from_secs(20), "took {:?}", start.elapsed());
    assert!(!error.message.contains("Authorization") && !error.message.contains("Basic "), "{error}");
    error
}

fn fault(kind: Kind) -> Fault {
    Fault::new(kind)
}

fn delayed(kind: Kind, ms: u64) -> Fault {
    Fault { delay_ms: Some(ms), ..fault(kind) }
}

/// A lost answer, and this when the label's state is asked for.
fn after_a_lost_answer(state: Fault) {
    once_each(&[fault(Kind::DropAnswerAfterCommit), state]);
}

macro_rules! faults_that_cost_nothing {
    ($($name:ident: $fault:expr;)*) => {
        $(#[test] fn $name() { once_each(&[$fault]); })*
    };
}

faults_that_cost_nothing! {
    committed_but_the_answer_is_lost: fault(Kind::DropAnswerAfterCommit);
    committed_but_the_answer_comes_too_late: delayed(Kind::DelayAnswerAfterCommit, 3000);
    dies_before_the_commit: fault(Kind::DieBeforeCommit);
    held_in_prepare_then_visible: delayed(Kind::HoldThenVisible, 800);
    held_in_prepare_then_aborted: delayed(Kind::HoldThenAbort, 800);
    publish_timeout: fault(Kind::PublishTimeout);
    status_unknown_but_committed: fault(Kind::StatusUnknownCommitted);
    status_unknown_and_aborted: fault(Kind::StatusUnknownAborted);
    early_error_and_reset: fault(Kind::EarlyErrorReset);
    redirect_comes_late: delayed(Kind::RedirectDelay, 1000);
    redirect_without_location: fault(Kind::RedirectWithoutLocation);
    redirect_to_itself_once: fault(Kind::RedirectLoop);
    redirect_to_a_dead_port: fault(Kind::RedirectDeadPort);
    redirect_by_way_of_another_fe: fault(Kind::RedirectViaFe);
    no_continue: fault(Kind::NoContinue);
    two_continues: fault(Kind::DoubleContinue);
    a_final_answer_instead_of_continue: fault(Kind::FinalInsteadOfContinue);
    answer_truncated: fault(Kind::AnswerTruncated);
    answer_in_pieces: fault(Kind::AnswerSplit);
    answer_chunked: fault(Kind::AnswerChunked);
    answer_with_trailing_bytes: fault(Kind::AnswerTrailingBytes);
    answer_compressed: fault(Kind::AnswerGzip);
    answer_is_a_web_page: fault(Kind::AnswerHtml);
    answer_is_empty: fault(Kind::AnswerEmpty);
    answer_with_keys_in_another_case: fault(Kind::AnswerKeyCase);
    answer_with_a_status_nobody_knows: fault(Kind::AnswerUnknownStatus);
    answer_with_http_502: Fault { status: Some(502), ..fault(Kind::AnswerHttpStatus) };
    idle_connections_are_closed: fault(Kind::CloseIdle);
    body_is_cut: fault(Kind::BodyCut);
    reset_within_the_body: fault(Kind::ResetInBody);
    body_is_read_slowly: Fault { rate: Some(2000), ..fault(Kind::SlowBody) };
    body_stalls: delayed(Kind::StallBody, 700);
    commit_takes_long: delayed(Kind::CommitDelay, 700);
    fe_answers_500: fault(Kind::FeError);
    fe_hangs: delayed(Kind::FeHang, 3000);
    be_hangs: delayed(Kind::BeHang, 3000);
    no_backend_for_a_moment: fault(Kind::NoBackend);
    too_many_versions_three_times: Fault {
        times: 3,
        text: Some("Failed to load data into tablet 10023, because of too many versions, current/limit: 1020/1000".into()),
        ..fault(Kind::Fail)
    };
    too_many_transactions: Fault {
        times: 2,
        text: Some("current running txns on db 10001 is 1000, larger than limit 1000".into()),
        ..fault(Kind::Fail)
    };
    memory_is_short: Fault {
        times: 2,
        text: Some("Memory of process exceed limit. Used: 1, Limit: 1. Mem usage has exceed the limit of BE".into()),
        ..fault(Kind::Fail)
    };
}

/// The BE died with the load, and the FE waits for the load's timeout.
#[test]
fn a_load_that_only_the_fe_holds_to_be_running_is_rolled_back_and_loaded() {
    let world = World::new();
    let job = Job::open_with(&world.load_url(), &[], |config| {
        config.client.orphan_patience = Duration::from_millis(300);
    });
    world.inject(delayed(Kind::HoldThenVisible, 60_000));
    job.write(0..100).unwrap();
    let start = Instant::now();
    job.checkpoint().unwrap();
    assert!(start.elapsed() < Duration::from_secs(10), "took {:?}", start.elapsed());
    world.expect_ids("t", &all(100), "once");
    let ended = world.ended("t");
    assert!(ended.len() == 1 && ended[0].1 == "VISIBLE", "{ended:?}");
    assert_eq!((world.hits(Kind::HoldThenVisible), job.count(Cell::LoadRetries)), (1, 1));
    assert!(job.log().contains("rolled back by its label"), "{}", job.log());
}

/// As a proxy does that wants a body with a PUT.
#[test]
fn headers_without_a_body_are_refused() {
    for status in [400, 405, 411] {
        let world = World::new();
        let job = world.job(&[("sink.max-retries", "0")]);
        world.inject(Fault { status: Some(status), ..fault(Kind::FeError) });
        for n in 0..3 {
            job.write(100 * n..100 * (n + 1)).unwrap();
            job.checkpoint().unwrap();
        }
        world.expect_ids("t", &all(300), "asked again with the body");
        assert_eq!((world.hits(Kind::FeError), job.count(Cell::LoadRetries)), (1, 0));
    }
}

#[test]
fn an_answer_is_lost_and_the_state_answer_is_500() {
    after_a_lost_answer(Fault { status: Some(500), times: 2, ..fault(Kind::StateHttpError) });
}

#[test]
fn an_answer_is_lost_and_the_state_answer_hangs() {
    after_a_lost_answer(delayed(Kind::StateHang, 2500));
}

#[test]
fn an_answer_is_lost_and_the_state_connection_drops() {
    after_a_lost_answer(Fault { times: 2, ..fault(Kind::StateDrop) });
}

#[test]
fn an_answer_is_lost_and_the_state_has_no_key() {
    after_a_lost_answer(Fault { times: 2, ..fault(Kind::StateWithoutKey) });
}

#[test]
fn an_answer_is_lost_and_the_state_is_a_word_nobody_knows() {
    after_a_lost_answer(Fault { times: 2, ..fault(Kind::StateStrange) });
}

#[test]
fn an_answer_is_lost_and_the_state_is_unknown_at_first() {
    after_a_lost_answer(fault(Kind::StateUnknown));
}

#[test]
fn a_load_that_is_there_already_is_refused_in_other_words() {
    once_each(&[fault(Kind::DropAnswerAfterCommit), fault(Kind::StateUnknown), fault(Kind::LabelUsedAsFail)]);
}

#[test]
fn a_follower_sends_state_queries_on_to_its_leader() {
    let world = World::with(ServerConfig { followers: 1, ..ServerConfig::default() });
    let follower = world.sandbox.server().ports().followers[0].address.to_string();
    let job = Job::open(&follower, &[]);
    world.inject_once(Kind::DropAnswerAfterCommit);
    job.write(0..100).unwrap();
    job.checkpoint().unwrap();
    assert_eq!(world.ids("t"), all(100));
    assert_eq!(world.hits(Kind::DropAnswerAfterCommit), 1);
}

#[test]
fn a_label_that_is_not_ours_is_never_taken_for_loaded() {
    let error = fails(fault(Kind::LabelExistsFinished), &[]);
    assert_eq!(error.code, Code::Undecided, "{error}");
    assert!(error.label.is_some_and(|label| error.message.contains(&label)));
}

#[test]
fn a_label_forgotten_by_the_server_loses_no_row() {
    let world = World::new();
    let job = world.job(&[]);
    world.inject_once(Kind::DropAnswerAfterCommit);
    world.inject_once(Kind::ForgetLabel);
    job.write(0..100).unwrap();
    let result = job.checkpoint();
    let mut ids = world.ids("t");
    ids.dedup();
    assert_eq!(ids, all(100));
    if let Err(error) = result {
        assert_eq!(error.code, Code::Undecided, "{error}");
    }
}

#[test]
fn rows_the_server_filters_are_counted() {
    let (_world, job) = once_each_reported(Fault { count: Some(3), ..fault(Kind::FilteredRows) });
    assert_eq!(job.count(Cell::RowsFiltered), 3);
}

/// Like [`once_each`], for faults that only bend what the server reports.
fn once_each_reported(fault: Fault) -> (World, Job) {
    let world = World::new();
    let job = world.job(&[("sink.properties.max_filter_ratio", "1")]);
    world.inject(fault);
    job.write(0..100).unwrap();
    job.checkpoint().unwrap();
    (world, job)
}

#[test]
fn fewer_rows_counted_than_sent_is_an_error() {
    let error = fails(Fault { count: Some(90), ..fault(Kind::LoadedRowsOff) }, &[]);
    assert_eq!(error.code, Code::Load, "{error}");
    assert!(error.message.contains("100"), "{error}");
}

#[test]
fn fewer_bytes_counted_than_sent_is_only_logged() {
    let (world, job) = once_each(&[fault(Kind::LoadBytesOff)]);
    drop(world);
    assert!(job.log().to_lowercase().contains("bytes"));
}

#[test]
fn an_unreachable_be_is_named_with_the_fe_that_named_it() {
    let error = fails(fault(Kind::RedirectDeadPort), &[]);
    assert_eq!(error.code, Code::Connect, "{error}");
    for part in ["FE", "redirect", "BE", "reach", "sink.redirect.host-mapping"] {
        assert!(error.message.contains(part), "no '{part}' in: {error}");
    }
}

#[test]
fn endless_redirects_end() {
    let error = fails(fault(Kind::RedirectLoop), &[("sink.max-retries", "1")]);
    assert!(error.message.contains("redirect"), "{error}");
}

#[test]
fn a_hanging_be_is_a_timeout() {
    let error = fails(delayed(Kind::BeHang, 60_000), &[("sink.max-retries", "1")]);
    assert_eq!(error.code, Code::Timeout, "{error}");
}

#[test]
fn a_hanging_fe_is_a_timeout() {
    let error = fails(delayed(Kind::FeHang, 60_000), &[("sink.max-retries", "1")]);
    assert_eq!(error.code, Code::Timeout, "{error}");
}

#[test]
fn a_wrong_password_is_told_at_once_and_not_shown() {
    let world = World::new();
    let job = world.job(&[("password", "hunter2"), ("sink.retry.interval-ms", "5000")]);
    job.write(0..10).unwrap();
    let start = Instant::now();
    let error = job.checkpoint().unwrap_err();
    assert!(start.elapsed() < Duration::from_secs(3), "no use in trying again");
    assert_eq!(error.code, Code::Auth, "{error}");
    assert!(!error.message.contains("hunter2") && !job.log().contains("hunter2"));
}

#[test]
fn a_table_that_went_away_is_an_error_that_names_it() {
    let world = World::new();
    let job = world.job(&[("sink.retry.interval-ms", "5000")]);
    world.execute("DROP TABLE d.t");
    job.write(0..10).unwrap();
    let error = job.checkpoint().unwrap_err();
    assert!(error.message.contains("d.t"), "{error}");
    assert!(!error.retriable, "{error}");
}

fn bad_row(world: &World, options: &[(&str, &str)]) -> SinkError {
    let job = world.job(options);
    job.write(0..10).unwrap();
    // One byte more than the column takes.
    let table = job.table("t", false);
    job.write_to(table, [(10, Op::Upsert, "s3cr3t ".repeat(143))]).unwrap();
    job.checkpoint().unwrap_err()
}

#[test]
fn rows_the_server_refuses_are_quoted_from_its_error_log() {
    let world = World::new();
    world.execute("ALTER TABLE d.t ADD COLUMN must BIGINT NOT NULL DEFAULT '1'");
    let strict = [("sink.properties.strict_mode", "true")];
    let error = bad_row(&world, &strict);
    assert_eq!(error.code, Code::Load, "{error}");
    assert!(error.message.contains("too many filtered rows"), "{error}");
    assert!(error.message.contains("Error:") && error.message.contains("s3cr3t"), "{error}");
    let sanitized = bad_row(&world, &[strict[0], ("sink.sanitize-error-log", "true")]);
    assert!(!sanitized.message.contains("s3cr3t"), "{sanitized}");
    assert_eq!(world.ids("t"), [0u64; 0]);
}

#[test]
fn a_broken_error_log_hides_nothing() {
    for kind in [
        Kind::ErrorLogMissing,
        Kind::ErrorLogHuge,
        Kind::ErrorLogSlow,
        Kind::ErrorLogBinary,
        Kind::ErrorLogOtherHost,
    ] {
        let world = World::new();
        world.inject(Fault { times: 0, ..fault(kind) });
        let start = Instant::now();
        let error = bad_row(&world, &[("sink.properties.strict_mode", "true")]);
        assert!(error.message.contains("too many filtered rows"), "{kind:?}: {error}");
        assert!(error.message.len() < 10_000, "{kind:?}: {} bytes", error.message.len());
        assert!(start.elapsed() < Duration::from_secs(10), "{kind:?}: {:?}", start.elapsed());
    }
}

#[test]
fn the_newest_row_of_a_key_wins_however_slow_an_older_batch_is() {
    let world = World::new();
    world.create_table("p", "PRIMARY KEY (id)");
    let job = world.job(&[("sink.io.thread-count", "4")]);
    let table = job.table("p", true);
    world.inject(delayed(Kind::CommitDelay, 500));
    world.inject_once(Kind::DropAnswerAfterCommit);
    for version in 0..5 {
        job.write_to(table, (0..10).map(|id| (id, Op::Upsert, format!("v{version}")))).unwrap();
        job.seal().unwrap();
    }
    job.write_to(table, [(9, Op::Delete, String::new())]).unwrap();
    job.checkpoint().unwrap();
    assert_eq!(world.ids("p"), (0..9).collect::<Vec<_>>());
    world.execute("DELETE FROM d.p WHERE payload = 'v4'");
    assert_eq!(world.ids("p"), [0u64; 0]);
}

#[test]
fn columns_added_and_moved_on_the_server_shift_nothing() {
    let world = World::new();
    let job = world.job(&[]);
    job.write(0..10).unwrap();
    job.checkpoint().unwrap();
    world.execute("ALTER TABLE d.t ADD COLUMN extra BIGINT DEFAULT '7' AFTER id");
    job.write(10..20).unwrap();
    job.checkpoint().unwrap();
    assert_eq!(world.ids("t"), all(20));
}

#[test]
fn a_server_that_is_down_at_the_start_is_waited_for() {
    let world = World::new();
    let fe = std::sync::Arc::clone(&world.sandbox.server().ports().fe);
    fe.stop();
    let job = world.job(&[("sink.max-retries", "10"), ("sink.retry.interval-ms", "200")]);
    job.write(0..100).unwrap();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            std::thread::sleep(Duration::from_millis(700));
            fe.start(None).unwrap();
        });
        job.checkpoint().unwrap();
    });
    assert_eq!(world.ids("t"), all(100));
    assert!(job.count(Cell::LoadRetries) > 0);
}

#[test]
fn a_server_that_stays_down_fails_the_sink_after_its_tries() {
    let world = World::new();
    world.sandbox.server().ports().fe.stop();
    let job = world.job(&[("sink.max-retries", "2"), ("sink.retry.interval-ms", "100")]);
    job.write(0..100).unwrap();
    let error = job.checkpoint().unwrap_err();
    assert_eq!(error.code, Code::Connect, "{error}");
    assert!(error.retriable);
    assert!(error.message.contains(&world.load_url()), "{error}");
    assert_eq!(job.count(Cell::LoadRetries), 2);
    assert_eq!(job.count(Cell::LoadsFailed), 1);
}

#[test]
fn a_dead_fe_in_the_list_is_passed_over() {
    let world = World::new();
    let urls = format!("127.0.0.1:1;{};127.0.0.1:2", world.load_url());
    let job = Job::open(&urls, &[("sink.max-retries", "0")]);
    for round in 0..5 {
        job.write(round * 10..(round + 1) * 10).unwrap();
        job.checkpoint().unwrap();
    }
    assert_eq!(world.ids("t"), all(50));
}

#[test]
fn bes_that_go_down_in_turn_cost_nothing() {
    let world = World::new();
    let job = world.job(&[("sink.max-retries", "10"), ("sink.retry.interval-ms", "300")]);
    for round in 0..4u64 {
        let be = &world.sandbox.server().ports().be[round as usize % 2];
        be.stop();
        job.write(round * 10..(round + 1) * 10).unwrap();
        job.checkpoint().unwrap();
        be.start(None).unwrap();
    }
    assert_eq!(world.ids("t"), all(40));
}

#[test]
fn a_be_address_that_only_a_mapping_reaches() {
    let world = World::with(ServerConfig {
        redirect_be_as: vec!["10.255.255.1:8040".into(), "be.invalid:8040".into()],
        ..ServerConfig::default()
    });
    let be: Vec<_> = world.sandbox.server().ports().be.iter().map(|port| port.address).collect();
    let mapping = format!("10.255.255.1:8040={};be.invalid:8040={}", be[0], be[1]);
    let job = world.job(&[("sink.redirect.host-mapping", &mapping)]);
    for round in 0..4 {
        job.write(round * 10..(round + 1) * 10).unwrap();
        job.checkpoint().unwrap();
    }
    assert_eq!(world.ids("t"), all(40));
}

#[test]
fn ipv6_addresses() {
    let world = World::with(ServerConfig { bind: "::1".parse().unwrap(), ..ServerConfig::default() });
    assert!(world.load_url().starts_with("[::1]:"));
    let job = world.job(&[]);
    job.write(0..100).unwrap();
    job.checkpoint().unwrap();
    assert_eq!(world.ids("t"), all(100));
}

#[test]
fn cancelling_is_prompt_whatever_hangs() {
    for kind in [Kind::FeHang, Kind::BeHang, Kind::StallBody, Kind::CommitDelay, Kind::SlowBody] {
        let world = World::new();
        let job =
            world.job(&[("sink.socket.timeout-ms", "60000"), ("sink.wait-for-continue.timeout-ms", "60000")]);
        world.inject(Fault { times: 0, rate: Some(10), ..delayed(kind, 60_000) });
        job.write(0..1000).unwrap();
        job.seal().unwrap();
        std::thread::sleep(Duration::from_millis(200));
        let start = Instant::now();
        job.cancel();
        drop(job);
        assert!(start.elapsed() < Duration::from_secs(2), "{kind:?}: {:?}", start.elapsed());
    }
}

/// Many batches into three tables while anything may happen, from a seed.
fn storm(seed: u64) {
    let world = World::new();
    let tables = ["t", "u", "v"];
    tables[1..].iter().for_each(|table| world.create_table(table, "DUPLICATE KEY (id)"));
    let job = world.job(&[("sink.max-retries", "10"), ("sink.retry.interval-ms", "10")]);
    let ids: Vec<_> = tables.iter().map(|table| job.table(table, false)).collect();
    let kinds = [
        Kind::DropAnswerAfterCommit,
        Kind::DieBeforeCommit,
        Kind::HoldThenVisible,
        Kind::HoldThenAbort,
        Kind::PublishTimeout,
        Kind::StatusUnknownCommitted,
        Kind::StatusUnknownAborted,
        Kind::StateDrop,
        Kind::StateHttpError,
        Kind::RedirectDeadPort,
        Kind::AnswerTruncated,
        Kind::AnswerEmpty,
        Kind::AnswerUnknownStatus,
        Kind::CloseIdle,
        Kind::ResetInBody,
        Kind::BodyCut,
        Kind::FeError,
        Kind::NoBackend,
        Kind::FinalInsteadOfContinue,
    ];
    for (number, kind) in kinds.into_iter().enumerate() {
        let seed = seed * 1000 + number as u64;
        world.inject(Fault { times: 0, probability: Some(0.03), seed, ..delayed(kind, 100) });
    }
    for round in 0..20u64 {
        for &table in &ids {
            let rows = (round * 10..(round + 1) * 10).map(|id| (id, Op::Upsert, "x".to_owned()));
            job.write_to(table, rows).unwrap();
        }
        job.seal().unwrap();
        if round % 5 == 4 {
            job.checkpoint().unwrap_or_else(|error| panic!("seed {seed}: {error}"));
            for table in tables {
                world.expect_ids(
                    table,
                    &all((round + 1) * 10),
                    &format!("seed {seed}, round {round}\n{}", job.log()),
                );
            }
        }
    }
}

#[test]
fn storms() {
    (0..6).for_each(storm);
}
