//! Exactly once by transactions, against a server in memory.

mod common;

use std::sync::Arc;
use std::sync::atomic::Ordering::SeqCst;
use std::time::Instant;

use common::{Ask, LONG, Server, Sink, eventually};
use starrocks_load::reply::LabelState;
use starrocks_sink::Code;
use starrocks_sink::counters::Cell;
use starrocks_sink::events::Level;

const V2: (&str, &str) = ("sink.version", "V2");

/// A session whose rows each go out at once.
fn eager(server: &Arc<Server>) -> Sink {
    server.restore(&[V2, ("sink.buffer-flush.max-rows", "1")], &[])
}

#[test]
fn rows_go_out_before_the_checkpoint_and_show_when_it_has_completed() {
    let server = Arc::new(Server::default());
    let sink = eager(&server);
    sink.send(0, &["1", "2"]);
    eventually("both are sent", || server.asked(Ask::Send) == 2);
    assert_eq!(sink.get(Cell::OpenTransactions), 1);
    sink.send(0, &["3"]);
    let state = sink.checkpoint(1);
    assert_eq!(state.len(), 2, "the transaction, and where labels go on");
    assert_eq!(server.labels(&LabelState::Prepared).len(), 1);
    assert_eq!(server.rows("t"), [""; 0]);
    assert_eq!((sink.get(Cell::OpenTransactions), sink.get(Cell::PreparedTransactions)), (0, 1));
    sink.send(0, &["4"]);
    sink.complete(1);
    assert_eq!(server.rows("t"), ["1", "2", "3"]);
    sink.checkpoint(2);
    sink.complete(2);
    assert_eq!(server.rows("t"), ["1", "2", "3", "4"]);
    assert_eq!(server.unfinished(), [""; 0]);
    assert_eq!(sink.get(Cell::PreparedTransactions), 0);
    assert_eq!(sink.checkpoint(3).len(), 1, "no rows, no transaction");
}

#[test]
fn a_checkpoint_that_fails_shows_nothing_and_the_next_covers_it() {
    let server = Arc::new(Server::default());
    let sink = eager(&server);
    sink.send(0, &["1"]);
    sink.checkpoint(1);
    sink.send(0, &["2"]);
    assert_eq!(sink.checkpoint(2).len(), 3);
    assert!(sink.session.wait_loaded(LONG).unwrap());
    assert_eq!(server.rows("t"), [""; 0]);
    sink.complete(2);
    sink.complete(1);
    assert_eq!(server.rows("t"), ["1", "2"]);
}

#[test]
fn any_setback_is_made_good_by_a_new_transaction() {
    for ask in [Ask::Begin, Ask::Send, Ask::Prepare] {
        for after in [false, true] {
            let server = Arc::new(Server::default());
            let sink = eager(&server);
            sink.send(0, &["1", "2"]);
            eventually("both are sent", || server.asked(Ask::Send) == 2);
            server.fail(ask, after);
            if ask == Ask::Begin {
                // There must be something to begin.
                server.fail(Ask::Send, false);
            }
            sink.send(0, &["3"]);
            sink.checkpoint(1);
            assert!(sink.get(Cell::ResentTransactions) > 0, "{ask:?}");
            sink.complete(1);
            assert_eq!(server.rows("t"), ["1", "2", "3"], "{ask:?} {after}");
            assert_eq!(server.unfinished(), [""; 0], "{ask:?} {after}");
        }
    }
}

#[test]
fn too_many_setbacks_fail_the_session_and_nothing_shows() {
    let server = Arc::new(Server::default());
    let sink = eager(&server);
    (0..4).for_each(|_| server.fail(Ask::Prepare, false));
    sink.send(0, &["1"]);
    sink.session.begin_checkpoint(1).unwrap();
    let error = sink.session.wait_checkpoint(LONG).unwrap_err();
    assert_eq!(error.message, "busy");
    assert_eq!(sink.session.check().unwrap_err().message, "busy");
    drop(sink);
    assert_eq!(server.rows("t"), [""; 0]);
    assert_eq!(server.unfinished(), [""; 0]);
}

#[test]
fn a_restore_commits_what_the_state_names_and_rolls_the_rest_back() {
    let server = Arc::new(Server::default());
    let sink = eager(&server);
    sink.send(0, &["1"]);
    let state = sink.checkpoint(1);
    sink.send(0, &["2"]);
    sink.checkpoint(2);
    sink.send(0, &["3"]);
    eventually("all are sent", || server.asked(Ask::Send) == 3);
    server.kill(sink);
    assert_eq!(server.unfinished().len(), 3);
    let sink = server.restore(&[V2], &state);
    assert_eq!(server.rows("t"), ["1"]);
    assert_eq!(server.unfinished(), [""; 0]);
    assert!(server.log(Level::Info).contains("rolled back transaction"));
    sink.send(0, &["2", "3"]);
    let state = sink.checkpoint(3);
    sink.complete(3);
    drop(sink);
    server.restore(&[V2], &state);
    assert_eq!(server.rows("t"), ["1", "2", "3"]);
}

#[test]
fn an_attempt_rolls_back_what_those_before_it_left_without_a_checkpoint() {
    let server = Arc::new(Server::default());
    let attempt = |number: &'static str| {
        [
            V2,
            ("sink.buffer-flush.max-rows", "1"),
            ("context.lineage", "graph_vertex_3"),
            ("context.attempt", number),
        ]
    };
    let killed = |number, state: &[Vec<u8>], row| {
        let sink = server.restore(&attempt(number), state);
        sink.send(0, &[row]);
        let prepared = sink.checkpoint(1);
        sink.send(0, &[row]);
        let sent = server.asked(Ask::Send);
        eventually("it is sent", || server.asked(Ask::Send) >= sent);
        server.kill(sink);
        prepared
    };
    killed("0", &[], "a");
    assert!(!server.unfinished().is_empty());
    let state = killed("1", &[], "b");
    killed("2", &state, "c");
    assert_eq!(server.rows("t"), ["b"], "what the restored checkpoint names is committed");
    let sink = server.restore(&attempt("3"), &state);
    assert_eq!(server.unfinished(), [""; 0]);
    assert_eq!(server.rows("t"), ["b"]);
    assert!(server.log(Level::Info).contains("by an attempt that failed before its first checkpoint"));
    drop(sink);
}

#[test]
fn leftovers_stay_where_the_user_wants_them_to() {
    let server = Arc::new(Server::default());
    let sink = eager(&server);
    let state = sink.checkpoint(1);
    sink.send(0, &["2"]);
    sink.checkpoint(2);
    server.kill(sink);
    server.restore(&[V2, ("sink.exactly-once.enable-abort-lingering-txn", "false")], &state);
    assert_eq!(server.unfinished().len(), 1);
}

#[test]
fn a_later_commit_is_told_and_no_restart_loop() {
    let server = Arc::new(Server::default());
    let sink = eager(&server);
    sink.send(0, &["1"]);
    let state = sink.checkpoint(1);
    sink.send(0, &["2"]);
    sink.checkpoint(2);
    sink.complete(2);
    drop(sink);
    server.restore(&[V2], &state);
    assert_eq!(server.rows("t"), ["1", "2"]);
    assert!(server.log(Level::Warn).contains("is committed, though it was begun after checkpoint 1"));
}

#[test]
fn a_transaction_that_the_server_lost_fails_loudly() {
    let server = Arc::new(Server::default());
    let sink = eager(&server);
    sink.send(0, &["1", "2"]);
    let state = sink.checkpoint(4);
    drop(sink);
    let label = server.labels(&LabelState::Prepared)[0].clone();
    for lose in [Server::abort, Server::forget] {
        lose(&server, &label);
        let sink = server.open(&[V2]);
        state.iter().for_each(|piece| sink.session.restore(piece).unwrap());
        let error = sink.session.wait_ready(LONG).unwrap_err();
        assert_eq!((error.code, error.label.as_deref()), (Code::Undecided, Some(label.as_str())));
        for part in ["2 rows", "checkpoint 4", "db.t", &label, "sink.exactly-once.in-doubt", "'skip'"] {
            assert!(error.message.contains(part), "{part} in {error}");
        }
        drop(sink);
        server.restore(&[V2, ("sink.exactly-once.in-doubt", "skip")], &state);
    }
    assert_eq!(server.rows("t"), [""; 0]);
}

#[test]
fn rows_beyond_the_memory_bound_are_prepared_early() {
    let server = Arc::new(Server::default());
    let limit = 4 << 20;
    let sink = server
        .restore(&[V2, ("sink.buffer.max-memory", &limit.to_string()), ("sink.chunk-limit", "262144")], &[]);
    let rows: Vec<_> = (0..20_000).map(|number| format!("{number:0999}")).collect();
    for part in rows.chunks(200) {
        sink.send(0, &part.iter().map(String::as_str).collect::<Vec<_>>());
        assert!(sink.get(Cell::MemoryUsed) <= limit);
    }
    server.fail(Ask::Send, true);
    let state = sink.checkpoint(1);
    assert!(state.len() > 3, "several transactions: {}", state.len());
    sink.complete(1);
    assert_eq!(server.rows("t"), rows);
    assert_eq!(server.unfinished(), [""; 0]);
}

#[test]
fn a_session_that_ends_rolls_its_open_transaction_back_and_no_prepared_one() {
    let server = Arc::new(Server::default());
    let sink = eager(&server);
    sink.send(0, &["1"]);
    sink.checkpoint(1);
    sink.send(0, &["2"]);
    eventually("it is sent", || server.asked(Ask::Send) == 2);
    drop(sink);
    assert_eq!(server.abandoned().len(), 1);
    assert_eq!(server.labels(&LabelState::Prepared).len(), 1);
    assert_eq!(server.labels(&LabelState::Prepare), [""; 0]);
}

#[test]
fn many_tables_prepare_and_commit_side_by_side() {
    let server = Arc::new(Server::default());
    let sink = server.restore(&[V2], &[]);
    for number in 0..12 {
        let table = sink.table(&format!("t{number}"));
        sink.send(table, &["x"]);
    }
    server.slow.store(100, SeqCst);
    let start = Instant::now();
    sink.checkpoint(1);
    assert!(server.most_busy.swap(0, SeqCst) >= 6);
    sink.complete(1);
    assert!(server.most_busy.load(SeqCst) >= 6);
    assert!(start.elapsed().as_millis() < 12 * 100, "{:?}", start.elapsed());
    assert!((0..12).all(|number| server.rows(&format!("t{number}")) == ["x"]));
}

#[test]
fn the_end_of_the_input_commits_what_no_checkpoint_covers() {
    let server = Arc::new(Server::default());
    let sink = eager(&server);
    sink.send(0, &["1"]);
    sink.checkpoint(1);
    sink.send(0, &["2"]);
    sink.session.finish().unwrap();
    assert!(sink.session.wait_loaded(LONG).unwrap());
    assert_eq!(server.rows("t"), ["1", "2"]);
    assert_eq!(server.unfinished(), [""; 0]);
}

#[test]
fn the_server_decides_where_the_options_leave_it_open() {
    let server = Arc::new(Server::default());
    let sink = server.restore(&[("sink.version", "AUTO")], &[]);
    sink.send(0, &["1"]);
    sink.checkpoint(1);
    assert_eq!(server.asked(Ask::Prepare), 1);
    assert!(server.log(Level::Info).contains("V2"));
    drop(sink);
    server.old.store(true, SeqCst);
    let sink = server.restore(&[], &[]);
    sink.send(0, &["2"]);
    sink.checkpoint(1);
    assert_eq!((server.asked(Ask::Prepare), server.asked(Ask::Load)), (1, 0));
    assert!(server.log(Level::Info).contains("V1"));
    sink.complete(1);
    assert_eq!(server.rows("t"), ["2"]);
}

#[test]
fn at_least_once_may_use_transactions() {
    let server = Arc::new(Server::default());
    let options = [
        ("sink.semantic", "at-least-once"),
        ("sink.at-least-once.use-transaction-stream-load", "true"),
        ("sink.buffer-flush.max-rows", "2"),
    ];
    let sink = server.restore(&options, &[]);
    server.fail(Ask::Send, true);
    sink.send(0, &["1", "2", "3"]);
    assert_eq!(sink.checkpoint(1).len(), 0);
    assert_eq!(server.rows("t"), ["1", "2", "3"]);
    assert_eq!((server.asked(Ask::Commit), server.asked(Ask::Load)), (2, 0));
    assert_eq!(server.unfinished(), [""; 0]);
}
