//! Writers that hand over, and committers that settle what they are given, against a server in memory.

mod common;

use std::sync::Arc;
use std::sync::atomic::Ordering::SeqCst;

use common::{Ask, LONG, SHORT, Server, Sink, eventually};
use starrocks_load::reply::LabelState;
use starrocks_sink::Code;
use starrocks_sink::counters::Cell;
use starrocks_sink::events::Level;
use starrocks_sink::state::{Record, decode};

const V1: (&str, &str) = ("sink.version", "V1");
const V2: (&str, &str) = ("sink.version", "V2");
const WRITER: (&str, &str) = ("context.role", "writer");
const COMMITTER: (&str, &str) = ("context.role", "committer");

/// What a checkpoint hands over: to the committer, and to the writer after this one.
fn hand_over(writer: &Sink, checkpoint: u64) -> (Vec<Vec<u8>>, Vec<Vec<u8>>) {
    writer
        .checkpoint(checkpoint)
        .into_iter()
        .partition(|piece| !matches!(decode(piece), Ok(Record::Labels(_))))
}

fn give(committer: &Sink, records: &[Vec<u8>]) {
    records.iter().for_each(|record| committer.session.restore(record).unwrap());
}

fn settle(committer: &Sink, records: &[Vec<u8>]) {
    give(committer, records);
    assert!(committer.session.wait_ready(LONG).unwrap());
}

#[test]
fn a_writer_hands_over_and_forgets() {
    for version in [V1, V2] {
        let server = Arc::new(Server::default());
        let writer = server.restore(&[version, WRITER], &[]);
        let committer = server.open(&[version, COMMITTER]);
        let mut expected = Vec::new();
        for checkpoint in 1..5 {
            let row = checkpoint.to_string();
            writer.send(0, &[&row]);
            let (records, labels) = hand_over(&writer, checkpoint);
            assert_eq!((records.len(), labels.len()), (1, 1), "{version:?}: only what is new");
            assert_eq!(writer.get(Cell::RowsLoaded), checkpoint as i64, "they count as sent");
            assert_eq!((writer.get(Cell::PreparedTransactions), writer.get(Cell::HeldBytes)), (0, 0));
            assert!(server.rows("t").len() < checkpoint as usize);
            settle(&committer, &records);
            expected.push(row);
            assert_eq!(server.rows("t"), expected);
        }
        assert_eq!(hand_over(&writer, 5).0.len(), 0);
        drop(writer);
        assert_eq!(server.abandoned(), [""; 0], "what was handed over isn't the writer's any more");
    }
}

#[test]
fn one_committer_settles_many_tables_and_checkpoints_in_order() {
    for version in [V1, V2] {
        let server = Arc::new(Server::default());
        let writer = server.restore(&[version, WRITER], &[]);
        let tables = [0, writer.table("u"), writer.table("v")];
        let mut given = Vec::new();
        for checkpoint in 1..4u64 {
            for table in tables {
                writer.send(table, &[&checkpoint.to_string()]);
            }
            given.extend(hand_over(&writer, checkpoint).0);
        }
        given.reverse();
        let committer = server.open(&[version, COMMITTER]);
        settle(&committer, &given);
        for table in ["t", "u", "v"] {
            assert_eq!(server.rows(table), ["1", "2", "3"], "{version:?}");
        }
        // Once more, as after a failure between the commit and Flink's note of it.
        settle(&committer, &given);
        let another = server.open(&[version, COMMITTER]);
        settle(&another, &given);
        assert_eq!(server.rows("t"), ["1", "2", "3"], "{version:?}");
    }
}

#[test]
fn what_waits_for_the_server_is_tried_until_it_works_and_keeps_its_place() {
    for version in [V1, V2] {
        let server = Arc::new(Server::default());
        let writer = server.restore(&[version, WRITER], &[]);
        writer.send(0, &["1"]);
        let first = hand_over(&writer, 1).0;
        writer.send(0, &["2"]);
        let second = hand_over(&writer, 2).0;
        let committer = server.open(&[version, COMMITTER]);
        server.down.store(true, SeqCst);
        give(&committer, &first);
        assert!(!committer.session.wait_ready(SHORT).unwrap());
        eventually("it says so", || committer.get(Cell::Stalled) == 1);
        // The next checkpoint's come while those of the first still wait, then the first again.
        give(&committer, &second);
        give(&committer, &first);
        assert!(!committer.session.wait_ready(SHORT).unwrap());
        assert!(!committer.session.is_settled(&first[0]).unwrap());
        assert!(!committer.session.is_settled(&second[0]).unwrap());
        server.down.store(false, SeqCst);
        assert!(committer.session.wait_ready(LONG).unwrap());
        assert_eq!(server.rows("t"), ["1", "2"], "{version:?}");
        assert!(committer.session.is_settled(&first[0]).unwrap());
        assert_eq!(committer.get(Cell::Stalled), 0);
        assert!(server.log(Level::Warn).contains("connection refused"));
    }
}

#[test]
fn a_lost_transaction_is_an_error_or_skipped_as_the_user_wants() {
    let server = Arc::new(Server::default());
    let writer = server.restore(&[V2, WRITER], &[]);
    writer.send(0, &["1"]);
    let records = hand_over(&writer, 1).0;
    server.abort(&server.labels(&LabelState::Prepared)[0]);
    let committer = server.open(&[V2, COMMITTER]);
    give(&committer, &records);
    let error = committer.session.wait_ready(LONG).unwrap_err();
    assert_eq!(error.code, Code::Undecided);
    assert!(error.message.contains("1 rows of a completed checkpoint for db.t"), "{}", error.message);
    let committer = server.open(&[V2, COMMITTER, ("sink.exactly-once.in-doubt", "skip")]);
    settle(&committer, &records);
    assert_eq!(server.rows("t"), [""; 0]);
}

#[test]
fn the_writer_after_it_rolls_back_only_what_was_begun_later() {
    let server = Arc::new(Server::default());
    let writer = server.restore(&[V2, WRITER, ("sink.buffer-flush.max-rows", "1")], &[]);
    writer.send(0, &["1"]);
    let (records, labels) = hand_over(&writer, 1);
    writer.send(0, &["2"]);
    let (late, _) = hand_over(&writer, 2);
    writer.send(0, &["3"]);
    eventually("it is sent", || server.asked(Ask::Send) == 3);
    server.kill(writer);
    // The writer before the committer, as nothing says which comes first.
    let writer = server.restore(&[V2, WRITER], &labels);
    assert_eq!(server.labels(&LabelState::Prepared).len(), 1, "that of the checkpoint");
    settle(&server.open(&[V2, COMMITTER]), &records);
    assert_eq!(server.rows("t"), ["1"]);
    assert_eq!(server.unfinished(), [""; 0]);
    writer.send(0, &["2", "3"]);
    settle(&server.open(&[V2, COMMITTER]), &hand_over(&writer, 3).0);
    assert_eq!(server.rows("t"), ["1", "2", "3"]);
    // No completed checkpoint has it.
    let committer = server.open(&[V2, COMMITTER]);
    give(&committer, &late);
    assert_eq!(committer.session.wait_ready(LONG).unwrap_err().code, Code::Undecided);
}

#[test]
fn a_committer_of_a_later_attempt_rolls_nothing_back() {
    let server = Arc::new(Server::default());
    let attempt = |role, number| [V2, role, ("context.lineage", "vertex/sink"), ("context.attempt", number)];
    let writer = server.restore(&attempt(WRITER, "0"), &[]);
    writer.send(0, &["1"]);
    let records = hand_over(&writer, 1).0;
    writer.send(0, &["2"]);
    let more = hand_over(&writer, 2).0;
    server.kill(writer);
    let committer = server.open(&attempt(COMMITTER, "1"));
    settle(&committer, &records);
    assert_eq!(server.rows("t"), ["1"]);
    assert_eq!(server.labels(&LabelState::Prepared).len(), 1);
    settle(&committer, &more);
    assert_eq!(server.rows("t"), ["1", "2"]);
    assert_eq!(committer.get(Cell::Restoring), 0);
}

#[test]
fn batches_get_a_witness_from_those_handed_over_before() {
    let server = Arc::new(Server::default());
    let writer = server.restore(&[V1, WRITER], &[]);
    let committer = server.open(&[V1, COMMITTER]);
    let witness = |records: &[Vec<u8>]| match decode(&records[0]).unwrap() {
        Record::Batch(batch, _) => (batch.label, batch.witness),
        other => panic!("{other:?}"),
    };
    writer.send(0, &["1"]);
    let (records, _) = hand_over(&writer, 1);
    let (first, none) = witness(&records);
    assert_eq!(none, None);
    settle(&committer, &records);
    writer.send(0, &["2"]);
    let (records, labels) = hand_over(&writer, 2);
    settle(&committer, &records);
    let second = witness(&records).0;
    assert!(writer.session.wait_loaded(LONG).unwrap());
    writer.send(0, &["3"]);
    assert_eq!(witness(&hand_over(&writer, 3).0).1, Some(first));
    drop(writer);
    let writer = server.restore(&[V1, WRITER], &labels);
    writer.send(0, &["3"]);
    assert_eq!(witness(&hand_over(&writer, 3).0).1, Some(second), "also after a restore");
}

#[test]
fn a_checkpoint_whose_pieces_were_not_taken_is_not_forgotten() {
    let server = Arc::new(Server::default());
    let writer = server.restore(&[V2, WRITER], &[]);
    writer.send(0, &["1"]);
    writer.session.begin_checkpoint(1).unwrap();
    assert!(writer.session.wait_checkpoint(LONG).unwrap());
    assert_eq!(writer.session.begin_checkpoint(2).unwrap_err().code, Code::Internal);
}
