//! Injected faults, as a client meets them.

mod common;

use common::{EXPECT, ROOT, Wire, World};
use starrocks_sandbox::faults::{Fault, Kind};
use std::time::{Duration, Instant};

const ROW: &str = "1\ta\n";

fn with(kind: Kind) -> World {
    let world = World::new();
    world.fault(Fault::new(kind));
    world
}

#[test]
fn answers_are_lost_before_and_after_the_commit() {
    let world = with(Kind::DropAnswerAfterCommit);
    assert!(world.try_load("x", ROW, &[]).is_none());
    assert_eq!((world.state("x").as_str(), world.ids()), ("VISIBLE", vec![1]));
    let world = with(Kind::DieBeforeCommit);
    assert!(world.try_load("x", ROW, &[]).is_none());
    assert_eq!((world.state("x").as_str(), world.ids()), ("ABORTED", vec![]));
}

#[test]
fn held_loads_end_behind_the_clients_back() {
    for (kind, end, rows) in
        [(Kind::HoldThenVisible, "VISIBLE", vec![1]), (Kind::HoldThenAbort, "ABORTED", vec![])]
    {
        let world = World::new();
        world.fault(Fault { delay_ms: Some(300), ..Fault::new(kind) });
        assert!(world.try_load("x", ROW, &[]).is_none());
        assert_eq!(world.state("x"), "PREPARE");
        assert_eq!(world.load("x", ROW, &[]).json()["ExistingJobStatus"], "RUNNING");
        let end_at = Instant::now() + Duration::from_secs(5);
        while world.state("x") == "PREPARE" && Instant::now() < end_at {
            std::thread::sleep(Duration::from_millis(20));
        }
        assert_eq!((world.state("x").as_str(), world.ids()), (end, rows));
    }
}

#[test]
fn labels_seem_used() {
    let world = with(Kind::LabelExistsFinished);
    assert_eq!(world.load("x", ROW, &[]).json()["ExistingJobStatus"], "FINISHED");
    assert_eq!((world.state("x").as_str(), world.ids()), ("VISIBLE", vec![]));
    let world = World::new();
    world.load("x", ROW, &[]);
    world.fault(Fault::new(Kind::LabelUsedAsFail));
    let answer = world.load("x", ROW, &[]).json();
    assert_eq!(answer["Status"], "Fail");
    assert!(answer["Message"].as_str().unwrap().contains("Label [x] has already been used."));
}

#[test]
fn commits_of_unknown_outcome() {
    for (kind, rows) in [(Kind::StatusUnknownCommitted, 1), (Kind::StatusUnknownAborted, 0)] {
        let world = with(kind);
        let answer = world.load("x", ROW, &[]).json();
        assert_eq!(answer["Status"], "Fail");
        assert!(answer["Message"].as_str().unwrap().contains("Transaction status unknown"));
        assert_eq!(world.ids().len(), rows);
    }
}

#[test]
fn publish_may_take_longer_than_the_answer() {
    let world = World::new();
    world.fault(Fault { delay_ms: Some(300), ..Fault::new(Kind::PublishTimeout) });
    assert_eq!(world.load("x", ROW, &[]).status_text(), "Publish Timeout");
    assert_eq!((world.state("x").as_str(), world.ids()), ("COMMITTED", vec![]));
    std::thread::sleep(Duration::from_millis(600));
    assert_eq!((world.state("x").as_str(), world.ids()), ("VISIBLE", vec![1]));
}

#[test]
fn states_are_hard_to_learn() {
    let ask = |kind: Kind| {
        let world = with(kind);
        world.load("x", ROW, &[]);
        let mut wire = Wire::open(world.fe());
        wire.head("GET", "/api/d/get_load_state?label=x", &[ROOT]);
        let answer = wire.try_answer();
        (answer.as_ref().map(|a| a.status), answer.map(|a| a.body).unwrap_or_default(), world.state("x"))
    };
    assert!(matches!(ask(Kind::StateHttpError), (Some(500), _, after) if after == "VISIBLE"));
    assert!(matches!(ask(Kind::StateDrop), (None, _, after) if after == "VISIBLE"));
    assert!(ask(Kind::StateUnknown).1.contains("UNKNOWN"));
    assert!(ask(Kind::StateStrange).1.contains("FINISHING"));
    assert!(!ask(Kind::StateWithoutKey).1.contains("\"state\""));
    assert_eq!(ask(Kind::StateRedirect).0, Some(307));
}

#[test]
fn forgotten_labels_are_taken_again() {
    let world = with(Kind::ForgetLabel);
    world.load("x", ROW, &[]);
    assert_eq!(world.state("x"), "UNKNOWN");
    assert_eq!(world.load("x", ROW, &[]).status_text(), "Success");
    assert_eq!(world.ids(), [1, 1]);
}

#[test]
fn counts_may_differ() {
    let world = with(Kind::FilteredRows);
    let answer = world.load("x", "1\ta\n2\tb\n", &[]).json();
    assert_eq!(
        (answer["Status"].as_str(), answer["NumberFilteredRows"].as_u64()),
        (Some("Success"), Some(1))
    );
    assert_eq!(world.ids(), [1]);
    let world = with(Kind::LoadedRowsOff);
    assert_eq!(world.load("x", ROW, &[]).json()["NumberLoadedRows"], 0);
    let world = with(Kind::LoadBytesOff);
    assert_eq!(world.load("x", ROW, &[]).json()["LoadBytes"], 3);
}

#[test]
fn an_early_error_meets_a_sending_client() {
    let world = World::new();
    world.fault(Fault {
        text: Some("no room".into()),
        delay_ms: Some(50),
        ..Fault::new(Kind::EarlyErrorReset)
    });
    let mut wire = Wire::open(world.be(0));
    wire.head("PUT", "/api/d/t/_stream_load", &[ROOT, ("Content-Length", "60000000")]).send(&[b'x'; 1000]);
    assert!(wire.answer().body.contains("no room"));
    let mut sent = 0;
    let broken = loop {
        match std::io::Write::write(&mut wire.stream, &[b'x'; 65536]) {
            Err(e) => break e,
            Ok(n) => sent += n,
        }
        assert!(sent < 60_000_000, "the connection was never reset");
    };
    assert!(
        matches!(broken.kind(), std::io::ErrorKind::ConnectionReset | std::io::ErrorKind::BrokenPipe),
        "{broken}"
    );
}

#[test]
fn redirects_go_astray() {
    let go = |fault: Fault| {
        let world = World::new();
        world.fault(fault);
        let answer = world.http(world.fe(), "PUT", "/api/d/t/_stream_load", &[ROOT, EXPECT], "");
        assert_eq!(answer.status, 307);
        let location = answer.header("Location").map(str::to_owned);
        (location, world.fe().to_string())
    };
    assert_eq!(go(Fault::new(Kind::RedirectWithoutLocation)).0, None);
    let (location, fe) = go(Fault::new(Kind::RedirectLoop));
    assert!(location.unwrap().contains(&fe));
    assert!(go(Fault::new(Kind::RedirectDeadPort)).0.unwrap().starts_with("http://127.0.0.1:1/"));
    let other = Fault { text: Some("example.invalid:1".into()), ..Fault::new(Kind::RedirectTo) };
    assert!(go(other).0.unwrap().starts_with("http://example.invalid:1/"));
    let started = Instant::now();
    go(Fault { delay_ms: Some(200), ..Fault::new(Kind::RedirectDelay) });
    assert!(started.elapsed() >= Duration::from_millis(200));
}

#[test]
fn interim_answers_fail_to_come_or_come_twice() {
    let head = [ROOT, EXPECT, ("Content-Length", "4"), ("label", "x")];
    let world = with(Kind::NoContinue);
    let mut wire = Wire::open(world.be(0));
    wire.head("PUT", "/api/d/t/_stream_load", &head).send(ROW.as_bytes());
    assert_eq!(wire.answer().status, 200);
    let world = with(Kind::DoubleContinue);
    let mut wire = Wire::open(world.be(0));
    wire.head("PUT", "/api/d/t/_stream_load", &head);
    assert_eq!((wire.answer().status, wire.answer().status), (100, 100));
    let world = with(Kind::FinalInsteadOfContinue);
    assert_eq!(world.load("x", ROW, &[]).status_text(), "Fail");
    assert_eq!(world.state("x"), "ABORTED");
}

#[test]
fn answers_are_bent() {
    let read = |fault: Fault| {
        let world = World::new();
        world.fault(fault);
        let mut wire = Wire::open(world.be(0));
        wire.head("PUT", "/api/d/t/_stream_load", &[ROOT, ("Content-Length", "4"), ("Connection", "close")]);
        wire.send(ROW.as_bytes());
        let mut bytes = Vec::new();
        std::io::Read::read_to_end(&mut wire.stream, &mut bytes).unwrap();
        assert_eq!(world.ids(), [1]);
        String::from_utf8_lossy(&bytes).into_owned()
    };
    let whole = read(Fault::new(Kind::AnswerSplit));
    assert!(whole.contains("\"Status\": \"Success\"") && whole.ends_with('}'));
    assert!(!read(Fault::new(Kind::AnswerTruncated)).ends_with('}'));
    let chunked = read(Fault::new(Kind::AnswerChunked));
    assert!(chunked.contains("Transfer-Encoding: chunked") && chunked.ends_with("0\r\n\r\n"));
    assert!(read(Fault::new(Kind::AnswerTrailingBytes)).ends_with("garbage after the answer"));
    assert!(read(Fault::new(Kind::AnswerGzip)).contains("Content-Encoding: gzip"));
    assert!(read(Fault::new(Kind::AnswerHtml)).contains("502 Bad Gateway"));
    assert!(read(Fault::new(Kind::AnswerEmpty)).contains("Content-Length: 0"));
    assert!(read(Fault::new(Kind::AnswerKeyCase)).contains("\"status\": \"Success\""));
    assert!(read(Fault::new(Kind::AnswerUnknownStatus)).contains("\"Status\": \"Perhaps\""));
    let status = Fault { status: Some(503), ..Fault::new(Kind::AnswerHttpStatus) };
    assert!(read(status).starts_with("HTTP/1.1 503 "));
}

#[test]
fn idle_connections_end_without_a_word() {
    let world = with(Kind::CloseIdle);
    let mut wire = Wire::open(world.be(0));
    wire.head("PUT", "/api/d/t/_stream_load", &[ROOT, ("Content-Length", "4")]).send(ROW.as_bytes());
    assert_eq!(wire.answer().header("Connection"), Some("keep-alive"));
    assert!(wire.is_over());
}

#[test]
fn bodies_are_cut_or_reset() {
    let world = World::new();
    world.fault(Fault { count: Some(4), ..Fault::new(Kind::BodyCut) });
    let answer = world.load("x", "1\ta\n2\tb\n", &[]).json();
    assert_eq!(answer["Message"], "receive body don't equal with body bytes");
    world.fault(Fault { count: Some(4), ..Fault::new(Kind::ResetInBody) });
    assert!(world.try_load("y", "1\ta\n2\tb\n", &[]).is_none());
    assert_eq!((world.state("x"), world.state("y")), ("ABORTED".into(), "ABORTED".into()));
    assert!(world.ids().is_empty());
}

#[test]
fn loads_fail_with_any_message() {
    let world = World::new();
    world.fault(Fault { times: 2, text: Some("too many versions".into()), ..Fault::new(Kind::Fail) });
    for _ in 0..2 {
        assert_eq!(world.load("x", ROW, &[]).json()["Message"], "too many versions");
    }
    assert_eq!(world.load("x", ROW, &[]).status_text(), "Success");
}

#[test]
fn a_client_that_goes_away_leaves_an_aborted_load() {
    let world = World::new();
    let mut wire = Wire::open(world.be(0));
    wire.head("PUT", "/api/d/t/_stream_load", &[ROOT, ("label", "x"), ("Content-Length", "100")])
        .send(b"1\ta\n");
    while world.state("x") != "PREPARE" {
        std::thread::sleep(Duration::from_millis(5));
    }
    drop(wire);
    let end = Instant::now() + Duration::from_secs(5);
    while world.state("x") == "PREPARE" && Instant::now() < end {
        std::thread::sleep(Duration::from_millis(10));
    }
    assert_eq!(world.state("x"), "ABORTED");
}

#[test]
fn a_column_dropped_under_a_load_fails_it() {
    let world = World::new();
    world.fault(Fault { delay_ms: Some(300), ..Fault::new(Kind::CommitDelay) });
    let answer = std::thread::scope(|scope| {
        let load = scope.spawn(|| world.load("x", ROW, &[]));
        while world.state("x") != "PREPARE" {
            std::thread::sleep(Duration::from_millis(5));
        }
        world.sql("ALTER TABLE d.t DROP COLUMN name");
        load.join().unwrap()
    });
    assert_eq!(answer.status_text(), "Fail");
    assert_eq!((world.state("x").as_str(), world.ids()), ("ABORTED", vec![]));
}
