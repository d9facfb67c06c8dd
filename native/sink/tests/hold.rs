//! Exactly once by batches in state, against a server in memory.

mod common;

use std::sync::Arc;
use std::sync::atomic::Ordering::SeqCst;
use std::time::Duration;

use common::{Ask, LONG, SHORT, Server, eventually};
use starrocks_load::reply::LabelState;
use starrocks_sink::Code;
use starrocks_sink::counters::Cell;
use starrocks_sink::events::Level;

const V1: (&str, &str) = ("sink.version", "V1");

#[test]
fn nothing_is_sent_before_the_checkpoint_has_completed() {
    let server = Arc::new(Server::default());
    let sink = server.restore(&[V1, ("sink.buffer-flush.max-rows", "2")], &[]);
    sink.send(0, &["1", "2", "3"]);
    let state = sink.checkpoint(1);
    assert_eq!(state.len(), 2);
    assert_eq!(server.asked(Ask::Load), 0);
    assert!(sink.get(Cell::HeldBytes) > 0);
    assert!(sink.get(Cell::LastCheckpointBytes) > 0);
    sink.send(0, &["4"]);
    sink.complete(1);
    assert_eq!(server.rows("t"), ["1", "2", "3"]);
    assert_eq!(sink.checkpoint(2).len(), 1, "what is loaded is in no later state");
    sink.complete(2);
    assert_eq!(server.rows("t"), ["1", "2", "3", "4"]);
    assert_eq!(sink.get(Cell::HeldBytes), 0);
}

#[test]
fn a_checkpoint_that_fails_loads_nothing_and_the_next_covers_it() {
    let server = Arc::new(Server::default());
    let sink = server.restore(&[V1], &[]);
    sink.send(0, &["1"]);
    sink.checkpoint(1);
    sink.send(0, &["2"]);
    assert_eq!(sink.checkpoint(2).len(), 2);
    assert!(sink.session.wait_loaded(LONG).unwrap());
    assert_eq!(server.asked(Ask::Load), 0);
    sink.send(0, &["3"]);
    sink.complete(2);
    sink.complete(2);
    sink.complete(1);
    assert_eq!(server.rows("t"), ["1", "2"]);
}

#[test]
fn what_a_checkpoint_holds_is_loaded_after_a_restore_and_only_once() {
    let server = Arc::new(Server::default());
    let options = [V1, ("sink.buffer-flush.max-rows", "1")];
    let sink = server.restore(&options, &[]);
    sink.send(0, &["1", "2"]);
    let state = sink.checkpoint(7);
    sink.complete(7);
    drop(sink);
    let sink = server.restore(&options, &state);
    assert_eq!(server.rows("t"), ["1", "2"], "they were loaded before");
    sink.send(0, &["3", "4"]);
    let state = sink.checkpoint(8);
    drop(sink);
    assert_eq!(server.rows("t"), ["1", "2"]);
    let reversed: Vec<_> = state.into_iter().rev().collect();
    let sink = server.restore(&options, &reversed);
    assert_eq!(server.rows("t"), ["1", "2", "3", "4"], "in the order in which they were written");
    assert_eq!(sink.get(Cell::Restoring), 0);
}

#[test]
fn a_lost_answer_is_settled_by_the_label() {
    let server = Arc::new(Server::default());
    let sink = server.restore(&[V1], &[]);
    server.fail(Ask::Load, true);
    sink.send(0, &["1"]);
    sink.checkpoint(1);
    sink.complete(1);
    assert_eq!(server.rows("t"), ["1"]);
    assert_eq!(server.asked(Ask::Load), 1);
}

#[test]
fn a_server_that_is_down_stalls_the_load_and_no_checkpoint() {
    let server = Arc::new(Server::default());
    let sink = server.restore(&[V1], &[]);
    sink.send(0, &["1"]);
    sink.checkpoint(1);
    server.down.store(true, SeqCst);
    sink.session.complete_checkpoint(1).unwrap();
    eventually("the stall shows", || sink.get(Cell::Stalled) == 1);
    sink.send(0, &["2"]);
    assert_eq!(sink.checkpoint(2).len(), 2);
    sink.session.complete_checkpoint(2).unwrap();
    assert!(!sink.session.wait_loaded(SHORT).unwrap());
    assert!(server.log(Level::Warn).contains("1 rows of a completed checkpoint can't be loaded yet"));
    server.down.store(false, SeqCst);
    assert!(sink.session.wait_loaded(LONG).unwrap());
    assert_eq!(server.rows("t"), ["1", "2"]);
    assert_eq!(sink.get(Cell::Stalled), 0);
}

#[test]
fn a_restore_waits_for_the_server_and_can_be_cancelled() {
    let server = Arc::new(Server::default());
    let sink = server.restore(&[V1], &[]);
    sink.send(0, &["1"]);
    let state = sink.checkpoint(1);
    drop(sink);
    server.down.store(true, SeqCst);
    let sink = server.open(&[V1]);
    state.iter().for_each(|piece| sink.session.restore(piece).unwrap());
    assert!(!sink.session.wait_ready(SHORT).unwrap());
    assert_eq!(sink.get(Cell::Restoring), 1);
    sink.session.cancel();
    assert_eq!(sink.session.wait_ready(LONG).unwrap_err().code, Code::Cancelled);
    drop(sink);
    server.down.store(false, SeqCst);
    server.restore(&[V1], &state);
    assert_eq!(server.rows("t"), ["1"]);
}

#[test]
fn an_interval_may_bring_more_than_the_memory_bound() {
    let server = Arc::new(Server::default());
    let limit = 8 << 20;
    let sink = server.restore(&[V1, ("sink.buffer.max-memory", &limit.to_string())], &[]);
    // Hardly to be compressed.
    let mut seed = 1u64;
    let row = |number: usize| {
        let mut text = number.to_string();
        while text.len() < 1000 {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            text.push_str(&format!(",{:x}", seed >> 8));
        }
        text
    };
    let rows: Vec<_> = (0..20_000).map(row).collect();
    for part in rows.chunks(200) {
        sink.send(0, &part.iter().map(String::as_str).collect::<Vec<_>>());
        assert!(sink.get(Cell::MemoryUsed) <= limit);
    }
    let state = sink.checkpoint(1);
    assert!(state.iter().all(|piece| piece.len() <= 16 << 20));
    assert!(sink.get(Cell::SpilledBytes) > 0);
    assert_eq!(server.asked(Ask::Load), 0);
    drop(sink);
    let sink = server.restore(&[V1, ("sink.buffer.max-memory", &limit.to_string())], &state);
    assert_eq!(server.rows("t"), rows);
    assert_eq!(sink.get(Cell::SpilledBytes), 0);
    assert_eq!(sink.get(Cell::HeldBytes), 0);
}

#[test]
fn a_server_more_than_a_checkpoint_behind_pushes_back() {
    let server = Arc::new(Server::default());
    let sink = server.restore(&[V1, ("sink.buffer.max-memory", "4194304")], &[]);
    let row = "x".repeat(100_000);
    server.down.store(true, SeqCst);
    for id in 1..=3 {
        for number in 0..40 {
            // Each begins another way, so that little is saved by packing.
            let text: String = row.chars().enumerate().map(|(at, _)| noise(id * 100 + number, at)).collect();
            sink.send(0, &[&text]);
        }
        if id < 3 {
            sink.checkpoint(id);
            sink.session.complete_checkpoint(id).unwrap();
            if id == 2 {
                break;
            }
        }
    }
    let mut block = starrocks_row::writer::BlockWriter::new();
    block.raw(0, starrocks_row::Op::Upsert, b"late");
    let block = block.into_bytes();
    assert_eq!(sink.session.submit(&block, 0, 0, SHORT).unwrap(), 0, "it waits");
    assert!(sink.get(Cell::WaitNs) > 0);
    server.down.store(false, SeqCst);
    eventually("it goes on", || sink.session.submit(&block, 0, 0, SHORT).unwrap() == block.len());
}

fn noise(seed: u64, at: usize) -> char {
    let mut x = (seed << 32 | at as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    x ^= x >> 29;
    char::from(b'a' + (x.wrapping_mul(0xbf58_476d_1ce4_e5b9) >> 59) as u8 % 26)
}

#[test]
fn a_label_that_may_have_been_forgotten_is_never_guessed_at() {
    let server = Arc::new(Server::default());
    let options = [V1];
    let sink = server.restore(&options, &[]);
    sink.send(0, &["1"]);
    sink.checkpoint(1);
    sink.complete(1);
    sink.send(0, &["2"]);
    let state = sink.checkpoint(2);
    sink.complete(2);
    drop(sink);
    // The server knows the witness, and not the label: it was never loaded, as far as that goes.
    let [witness, label] = &server.labels(&LabelState::Visible)[..] else { panic!() };
    let old = aged(&state, Duration::from_secs(3600));

    server.forget(label);
    server.forget(witness);
    let sink = server.open(&options);
    old.iter().for_each(|piece| sink.session.restore(piece).unwrap());
    let error = sink.session.wait_ready(LONG).unwrap_err();
    assert_eq!(error.code, Code::Undecided);
    assert_eq!(error.label.as_deref(), Some(label.as_str()));
    for part in
        ["1 rows", "checkpoint 2", "db.t", label, "sink.exactly-once.in-doubt", "'load-again'", "'skip'"]
    {
        assert!(error.message.contains(part), "{part} in {error}");
    }
    drop(sink);

    server.restore(&[V1, ("sink.exactly-once.in-doubt", "skip")], &old);
    assert_eq!(server.rows("t"), ["1", "2"]);
    assert!(server.log(Level::Warn).contains("Going on without them"));
    server.restore(&[V1, ("sink.exactly-once.in-doubt", "load-again")], &old);
    assert_eq!(server.rows("t"), ["1", "2", "2"], "as the user said");
}

#[test]
fn a_label_that_was_soon_forgotten_is_no_guess_either() {
    let server = Arc::new(Server::default());
    let sink = server.restore(&[V1], &[]);
    sink.send(0, &["1"]);
    sink.checkpoint(1);
    sink.complete(1);
    sink.send(0, &["2"]);
    let state = sink.checkpoint(2);
    sink.complete(2);
    drop(sink);
    let [witness, label] = &server.labels(&LabelState::Visible)[..] else { panic!() };
    server.forget(label);
    server.forget(witness);
    let sink = server.open(&[V1]);
    state.iter().for_each(|piece| sink.session.restore(piece).unwrap());
    let error = sink.session.wait_ready(LONG).unwrap_err();
    assert_eq!(error.code, Code::Undecided);
    for part in [label, witness, "older load that it knew"] {
        assert!(error.message.contains(part), "{part} in {error}");
    }
    assert_eq!(server.rows("t"), ["1", "2"], "nothing twice");
}

#[test]
fn without_a_witness_a_clock_that_went_far_back_says_nothing() {
    let server = Arc::new(Server::default());
    let sink = server.restore(&[V1], &[]);
    sink.send(0, &["1"]);
    let state = sink.checkpoint(1);
    drop(sink);
    let sink = server.open(&[V1]);
    shifted(&state, 3_600_000).iter().for_each(|piece| sink.session.restore(piece).unwrap());
    assert_eq!(sink.session.wait_ready(LONG).unwrap_err().code, Code::Undecided);
    drop(sink);
    // The clocks of two machines are never quite the same.
    server.restore(&[V1], &shifted(&state, 5_000));
    assert_eq!(server.rows("t"), ["1"]);
}

#[test]
fn a_batch_waits_for_no_label_that_is_forgotten() {
    let server = Arc::new(Server::default());
    let options = [V1, ("sink.buffer-flush.max-rows", "1")];
    let sink = server.restore(&options, &[]);
    sink.send(0, &["0"]);
    sink.checkpoint(1);
    sink.complete(1);
    sink.send(0, &["1", "2"]);
    let state = sink.checkpoint(2);
    drop(sink);
    let (first, second) = (server.open(&options), server.open(&options));
    first.session.restore(&state[0]).unwrap();
    assert!(first.session.wait_ready(LONG).unwrap());
    let known = server.labels(&LabelState::Visible);
    known.iter().for_each(|label| server.forget(label));
    second.session.restore(&state[1]).unwrap();
    let error = second.session.wait_ready(LONG).unwrap_err();
    assert_eq!(error.code, Code::Undecided);
    assert!(error.message.contains(&known[1]), "{error}");
    assert_eq!(server.rows("t"), ["0", "1"]);
}

#[test]
fn a_witness_tells_that_an_unknown_label_was_never_loaded() {
    let server = Arc::new(Server::default());
    let sink = server.restore(&[V1], &[]);
    sink.send(0, &["1"]);
    sink.checkpoint(1);
    sink.complete(1);
    sink.send(0, &["2"]);
    let state = aged(&sink.checkpoint(2), Duration::from_secs(3600));
    drop(sink);
    server.restore(&[V1], &state);
    assert_eq!(server.rows("t"), ["1", "2"]);
}

/// State as if it had been taken that long ago.
fn aged(state: &[Vec<u8>], age: Duration) -> Vec<Vec<u8>> {
    shifted(state, -(age.as_millis() as i64))
}

/// State as if it had been taken so many ms later.
fn shifted(state: &[Vec<u8>], by: i64) -> Vec<Vec<u8>> {
    use starrocks_sink::pack::Store;
    use starrocks_sink::state::{Record, decode};
    let pool = Arc::new(starrocks_sink::pool::Pool::new(64 << 20));
    let counters = Arc::new(starrocks_sink::counters::Counters::new());
    let store = Store::new(pool, Vec::new(), 32 << 20, counters);
    let older = |piece: &Vec<u8>| match decode(piece).unwrap() {
        Record::Batch(mut record, body) => {
            record.taken_at += by;
            record.encode(&store.adopt(&record.label, &body).unwrap()).unwrap()
        }
        _ => piece.clone(),
    };
    state.iter().map(older).collect()
}

#[test]
fn batches_keep_their_order_when_subtasks_share_them() {
    let server = Arc::new(Server::default());
    let options = [V1, ("sink.buffer-flush.max-rows", "1")];
    let sink = server.restore(&options, &[]);
    sink.send(0, &["1", "2", "3"]);
    let state = sink.checkpoint(1);
    drop(sink);
    let (even, odd) = (server.open(&options), server.open(&options));
    for (number, piece) in state.iter().enumerate() {
        if number % 2 == 0 { &even } else { &odd }.session.restore(piece).unwrap();
    }
    assert!(!odd.session.wait_ready(SHORT).unwrap(), "the first one is the other's");
    eventually("both are ready", || {
        let even = even.session.wait_ready(SHORT).unwrap();
        odd.session.wait_ready(SHORT).unwrap() && even
    });
    assert_eq!(server.rows("t"), ["1", "2", "3"]);
}

#[test]
fn the_end_of_the_input_loads_what_no_checkpoint_covers() {
    let server = Arc::new(Server::default());
    let sink = server.restore(&[V1], &[]);
    sink.send(0, &["1"]);
    sink.checkpoint(1);
    sink.send(0, &["2"]);
    sink.session.finish().unwrap();
    assert!(sink.session.wait_loaded(LONG).unwrap());
    assert_eq!(server.rows("t"), ["1", "2"]);
}

#[test]
fn state_of_another_kind_is_dealt_with_too() {
    let server = Arc::new(Server::default());
    let sink = server.restore(&[("sink.version", "V2")], &[]);
    sink.send(0, &["1"]);
    let state = sink.checkpoint(1);
    drop(sink);
    let sink = server.restore(&[V1], &state);
    assert_eq!(server.rows("t"), ["1"]);
    sink.send(0, &["2"]);
    let state = sink.checkpoint(2);
    drop(sink);
    server.restore(&[("sink.semantic", "at-least-once")], &state);
    assert_eq!(server.rows("t"), ["1", "2"]);
}

#[test]
fn what_is_no_state_is_an_error() {
    let server = Arc::new(Server::default());
    let sink = server.open(&[V1]);
    let error = sink.session.restore(b"something else").unwrap_err();
    assert_eq!(error.code, Code::State);
}
