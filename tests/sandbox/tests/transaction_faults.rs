//! What goes wrong with transactions on demand, as a client meets it.

mod common;

use common::{ROOT, World};
use starrocks_sandbox::config::Config;
use starrocks_sandbox::faults::{Fault, Kind, Op};
use starrocks_sandbox::labels::State;
use std::time::{Duration, Instant};

const ROW: &str = "1\ta\n";

fn at(kind: Kind, op: Op) -> Fault {
    Fault { op: Some(op), ..Fault::new(kind) }
}

#[test]
fn answers_are_dropped_after_the_deed() {
    let world = World::new();
    let drop = |op| world.fault(at(Kind::TxnDropAnswer, op));
    drop(Op::Begin);
    assert!(world.try_txn("begin", "x", "", &[]).is_none());
    assert_eq!(world.state("x"), "PREPARE");
    world.txn("begin", "x", &[]).expect("LABEL_ALREADY_EXISTS", "");
    // Twice in it: nothing tells one load from another.
    drop(Op::Load);
    assert!(world.try_txn("load", "x", ROW, &[]).is_none());
    world.txn_load("x", ROW, &[]).expect("OK", "");
    drop(Op::Prepare);
    assert!(world.try_txn("prepare", "x", "", &[]).is_none());
    assert_eq!(world.state("x"), "PREPARED");
    world.txn("prepare", "x", &[]).expect("TXN_NOT_EXISTS", "not exists");
    drop(Op::Commit);
    assert!(world.try_txn("commit", "x", "", &[]).is_none());
    assert_eq!((world.state("x").as_str(), world.ids()), ("VISIBLE", vec![1, 1]));
    world.txn("commit", "x", &[]).expect("OK", "already committed");
    for label in ["y", "z"] {
        world.begun(label, ROW);
    }
    world.txn("prepare", "z", &[]).expect("OK", "");
    for label in ["y", "z"] {
        drop(Op::Rollback);
        assert!(world.try_txn("rollback", label, "", &[]).is_none());
        assert_eq!(world.state(label), "ABORTED");
        world.txn("rollback", label, &[]).expect("OK", "already aborted");
    }
    // In one phase as well.
    world.begun("one", "2\tb\n");
    drop(Op::Commit);
    assert!(world.try_txn("commit", "one", "", &[]).is_none());
    assert_eq!(world.state("one"), "VISIBLE");
    assert_eq!(world.sandbox.server().faults.report().iter().map(|r| r.hits).sum::<u64>(), 7);
}

#[test]
fn a_load_that_was_told_ok_has_failed() {
    let world = World::new();
    let text = Some("too many filtered rows".to_owned());
    world.fault(Fault { text, nth: 2, label: Some("^x$".into()), ..Fault::new(Kind::TxnPipelineFailed) });
    world.begun("x", ROW);
    world.txn_load("x", ROW, &[]).expect("OK", "");
    world.txn("prepare", "x", &[]).expect("INTERNAL_ERROR", "too many filtered rows");
    assert_eq!(world.state("x"), "ABORTED");
    world.fault(Fault::new(Kind::FilteredRows));
    world.begun("few", "1\ta\n2\tb\n");
    let answer = world.txn("prepare", "few", &[]).expect("OK", "");
    assert_eq!((&answer["NumberLoadedRows"], &answer["NumberFilteredRows"]), (&1.into(), &1.into()));
}

#[test]
fn rows_are_taken_in_twice_and_bytes_miscounted() {
    let world = World::new();
    world.txn("begin", "x", &[]).expect("OK", "");
    world.fault(Fault::new(Kind::TxnTakenTwice));
    let bytes = ROW.len() as u64;
    assert_eq!(world.txn_load("x", ROW, &[]).expect("OK", "")["LoadBytes"], bytes);
    world.fault(at(Kind::LoadBytesOff, Op::Load));
    assert_eq!(world.txn_load("x", ROW, &[]).expect("OK", "")["LoadBytes"], bytes - 1);
    let answer = world.txn("prepare", "x", &[]).expect("OK", "");
    assert_eq!((&answer["NumberTotalRows"], &answer["LoadBytes"]), (&3.into(), &(2 * bytes).into()));
    world.txn("commit", "x", &[]).expect("OK", "");
    assert_eq!(world.ids(), [1, 1, 1]);
}

#[test]
fn busy_and_failing_operations() {
    let world = World::new();
    world.txn("begin", "x", &[]).expect("OK", "");
    for (op, name) in [(Op::Load, "load"), (Op::Prepare, "prepare"), (Op::Rollback, "rollback")] {
        world.fault(Fault { times: 2, ..at(Kind::TxnInProcessing, op) });
        for _ in 0..2 {
            world.try_txn(name, "x", ROW, &[]).unwrap().expect("TXN_IN_PROCESSING", "please retry later");
        }
    }
    world.txn_load("x", ROW, &[]).expect("OK", "");
    assert_eq!(world.txn("prepare", "x", &[]).expect("OK", "")["NumberTotalRows"], 1);
    world.fault(Fault { times: 2, ..at(Kind::TxnFail, Op::Commit) });
    world.fault(Fault { status: Some(503), ..at(Kind::FeError, Op::Commit) });
    assert_eq!(world.txn("commit", "x", &[]).status, 503);
    for _ in 0..2 {
        world.txn("commit", "x", &[]).expect("FAILED", "injected");
        assert_eq!(world.state("x"), "PREPARED");
    }
    world.txn("commit", "x", &[]).expect("OK", "");

    world.fault(Fault { result: Some("SERVICE_UNAVAILABLE".into()), ..at(Kind::TxnFail, Op::Begin) });
    world.txn("begin", "y", &[]).expect("SERVICE_UNAVAILABLE", "too many versions");
    assert_eq!(world.state("y"), "UNKNOWN");
    for (op, name) in [(Op::Load, "load"), (Op::Prepare, "prepare")] {
        world.begun(name, ROW);
        world.fault(Fault { text: Some("no memory".into()), ..at(Kind::TxnFail, op) });
        world.try_txn(name, name, ROW, &[]).unwrap().expect("INTERNAL_ERROR", "no memory");
        assert_eq!(world.state(name), "ABORTED");
    }
}

#[test]
fn the_leader_changes_under_an_operation() {
    let world = World::new();
    world.begun("open", ROW);
    world.prepared("kept", ROW);
    world.fault(Fault { times: 2, ..at(Kind::TxnLeaderChange, Op::Commit) });
    for _ in 0..2 {
        assert!(world.try_txn("commit", "kept", "", &[]).is_none());
        assert_eq!([world.state("open"), world.state("kept")], ["UNKNOWN", "PREPARED"]);
    }
    world.txn("commit", "kept", &[]).expect("OK", "");
}

#[test]
fn coordinators_die() {
    let world = World::with(Config { heartbeat: Duration::from_millis(300), ..Config::default() });
    world.txn("begin", "x", &[]).expect("OK", "");
    world.fault(Fault { delay_ms: Some(600), ..at(Kind::TxnKillBe, Op::Load) });
    world.txn_load("x", ROW, &[]).expect("OK", "");
    // The FE still sends people there.
    assert!(world.try_txn("prepare", "x", "", &[]).is_none());
    let dead = world.sandbox.server().ports().be.iter().filter(|be| !be.is_up()).count();
    assert_eq!((dead, world.state("x").as_str()), (1, "PREPARE"));
    let end = Instant::now() + Duration::from_secs(5);
    while world.state("x") == "PREPARE" && Instant::now() < end {
        std::thread::sleep(Duration::from_millis(10));
    }
    assert_eq!(world.state("x"), "ABORTED");
    while world.sandbox.server().ports().be.iter().any(|be| !be.is_up()) && Instant::now() < end {
        std::thread::sleep(Duration::from_millis(10));
    }
    world.txn("prepare", "x", &[]).expect("TXN_NOT_EXISTS", "not exists");
    // One that comes back before it is missed has forgotten all the same.
    world.begun("y", ROW);
    let be = world.sandbox.server().open_transactions()[0].be.unwrap();
    world.sandbox.server().kill_be(be, Some(Duration::ZERO));
    let end = Instant::now() + Duration::from_secs(5);
    while !world.sandbox.server().ports().be[be].is_up() && Instant::now() < end {
        std::thread::sleep(Duration::from_millis(5));
    }
    assert_eq!(world.state("y"), "PREPARE");
    world.txn("rollback", "y", &[]).expect("TXN_NOT_EXISTS", "not exists");
    world.begun("z", ROW);
    world.fault(at(Kind::TxnLoseContext, Op::Prepare));
    world.txn("prepare", "z", &[]).expect("TXN_NOT_EXISTS", "not exists");
    assert_eq!(world.state("z"), "PREPARE");
}

#[test]
fn prepared_transactions_come_to_other_ends() {
    let world = World::new();
    world.prepared("late", ROW);
    world.fault(Fault::new(Kind::TxnExpire));
    world.txn("commit", "late", &[]).expect("FAILED", "Can not commit ABORTED");
    world.prepared("taken", ROW);
    world.fault(Fault::new(Kind::TxnCommitBehind));
    world.txn("rollback", "taken", &[]).expect("FAILED", "Can not abort VISIBLE");
    assert_eq!(world.ids(), [1]);
    world.begun("open", ROW);
    world.prepared("kept", ROW);
    for (label, state) in [("open", "PREPARE"), ("kept", "PREPARED")] {
        world.fault(Fault { delay_ms: Some(200), ..Fault::new(Kind::TxnRollbackLate) });
        world.txn("rollback", label, &[]).expect("OK", "");
        assert_eq!(world.state(label), state);
        let end = Instant::now() + Duration::from_secs(5);
        while world.state(label) != "ABORTED" && Instant::now() < end {
            std::thread::sleep(Duration::from_millis(10));
        }
        assert_eq!(world.state(label), "ABORTED");
    }
    world.prepared("gone", "2\tb\n");
    world.fault(at(Kind::ForgetLabel, Op::Commit));
    world.fault(at(Kind::TxnDropAnswer, Op::Commit));
    assert!(world.try_txn("commit", "gone", "", &[]).is_none());
    world.txn("commit", "gone", &[]).expect("FAILED", "No transaction found by label gone");
    assert_eq!((world.state("gone").as_str(), world.ids()), ("UNKNOWN", vec![1, 2]));
}

#[test]
fn rows_become_visible_later_and_in_order() {
    let world = World::new();
    world.sql(
        "CREATE TABLE d.p (id BIGINT NOT NULL, name VARCHAR(20)) PRIMARY KEY(id) DISTRIBUTED BY HASH(id)",
    );
    let p = [("table", "p")];
    for (label, body) in [("a", "1\told\n"), ("b", "1\tnew\n")] {
        world.txn("begin", label, &p).expect("OK", "");
        world.txn_load(label, body, &p).expect("OK", "");
        world.txn("prepare", label, &p).expect("OK", "");
    }
    world.fault(Fault { delay_ms: Some(300), label: Some("a".into()), ..Fault::new(Kind::PublishTimeout) });
    world.txn("commit", "a", &p).expect("OK", "");
    assert_eq!((world.state("a").as_str(), world.one::<i64>("SELECT count(*) FROM d.p")), ("COMMITTED", 0));
    world.txn("commit", "a", &p).expect("OK", "already committed");
    world.txn("rollback", "a", &p).expect("FAILED", "Can not abort COMMITTED");
    // Waits for the one before it.
    world.txn("commit", "b", &p).expect("OK", "");
    assert_eq!([world.state("a"), world.state("b")], ["VISIBLE", "VISIBLE"]);
    assert_eq!(world.one::<String>("SELECT name FROM d.p"), "new");
    // A commit that waits no longer, told as a failure by some versions.
    world.prepared("c", ROW);
    let fault =
        Fault { delay_ms: Some(1_400), result: Some("FAILED".into()), ..Fault::new(Kind::PublishDelay) };
    world.fault(fault);
    world.txn("commit", "c", &[("timeout", "1")]).expect("FAILED", "publish timeout");
    assert_eq!(world.state("c"), "COMMITTED");
    world.txn("begin", "d", &p).expect("OK", "");
    world.txn_load("d", "2\tx\n", &p).expect("OK", "");
    world.fault(Fault { delay_ms: Some(50), ..Fault::new(Kind::PublishTimeout) });
    world.txn("commit", "d", &p).expect("PUBLISH_TIMEOUT", "Publish timeout.");
    let end = Instant::now() + Duration::from_secs(5);
    while [world.state("c"), world.state("d")] != ["VISIBLE", "VISIBLE"] && Instant::now() < end {
        std::thread::sleep(Duration::from_millis(10));
    }
    assert_eq!((world.ids(), world.one::<i64>("SELECT count(*) FROM d.p")), (vec![1], 2));
}

#[test]
fn operations_side_by_side() {
    let world = World::new();
    for label in ["a", "b", "c"] {
        world.begun(label, ROW);
    }
    world.fault(Fault { times: 0, delay_ms: Some(300), ..Fault::new(Kind::TxnDelay) });
    for op in ["prepare", "commit"] {
        let started = Instant::now();
        std::thread::scope(|scope| {
            for label in ["a", "b", "c"] {
                let world = &world;
                scope.spawn(move || world.txn(op, label, &[]).expect("OK", ""));
            }
        });
        assert!(started.elapsed() >= Duration::from_millis(300));
    }
    let stats = &world.sandbox.server().stats;
    assert_eq!((stats.operations(Op::Prepare).peak, stats.operations(Op::Commit).peak), (3, 3));
    assert_eq!(world.ids(), [1, 1, 1]);
}

#[test]
fn nobody_gets_through_in_an_outage() {
    let world = World::with(Config { heartbeat: Duration::from_millis(100), ..Config::default() });
    world.begun("open", ROW);
    world.prepared("kept", "2\tb\n");
    let server = world.sandbox.server();
    server.outage("all", Some(Duration::from_millis(400)));
    assert!(world.try_txn("commit", "kept", "", &[]).is_none());
    let end = Instant::now() + Duration::from_secs(5);
    while !server.ports().mysql.is_up() && Instant::now() < end {
        std::thread::sleep(Duration::from_millis(10));
    }
    // Longer than a heartbeat, but only the clients were cut off.
    world.txn("prepare", "open", &[]).expect("OK", "");
    server.outage("fe", None);
    assert!(world.try_txn("commit", "kept", "", &[]).is_none());
    server.end_outage();
    for label in ["open", "kept"] {
        world.txn("commit", label, &[]).expect("OK", "");
    }
    assert_eq!(world.ids(), [1, 2]);
}

#[test]
fn everything_over_the_control_port() {
    let world = World::new();
    let control = |method, target, body: &str| world.http(world.control(), method, target, &[], body).json();
    let order = |body: &str| control("POST", "/control", body);
    let ok = serde_json::json!({"ok": true});
    world.begun("open", ROW);
    world.prepared("kept", ROW);
    let open = control("GET", "/transactions", "");
    assert_eq!(open[0]["label"], "open");
    assert_eq!(
        (&open[0]["db"], &open[0]["table"], &open[0]["state"]),
        (&"d".into(), &"t".into(), &"PREPARE".into())
    );
    assert_eq!((&open[1]["state"], &open[1]["be"]), (&"PREPARED".into(), &serde_json::Value::Null));
    assert_eq!(control("GET", "/stats", "")["operations"]["prepare"]["requests"], 1);
    assert_eq!(order(r#"{"expire":{"db":"d","label":"kept"}}"#), ok);
    assert_eq!(world.state("kept"), "ABORTED");
    assert!(order(r#"{"expire":{"db":"d","label":"kept"}}"#)["error"].as_str().unwrap().contains("kept"));
    assert_eq!(order(r#"{"lose_context":{"db":"d","label":"open"}}"#), ok);
    world.txn("prepare", "open", &[]).expect("TXN_NOT_EXISTS", "not exists");
    assert_eq!(order(r#"{"change_leader":true}"#), ok);
    assert_eq!(control("GET", "/transactions", ""), serde_json::json!([]));
    assert_eq!(order(r#"{"outage":true,"port":"be"}"#), ok);
    assert!(world.try_txn("begin", "x", "", &[]).is_none());
    assert_eq!(order(r#"{"outage":false}"#), ok);
    world.begun("x", ROW);
    let be = world.sandbox.server().open_transactions()[0].be.unwrap();
    assert_eq!(order(&format!(r#"{{"kill_be":{be}}}"#)), ok);
    assert_eq!(world.sandbox.server().open_transactions()[0].state, Some(State::Prepare));
    assert!(world.try_txn("load", "x", ROW, &[]).is_none());
    assert_eq!(order(&format!(r#"{{"start":"be{be}"}}"#)), ok);
    assert_eq!(order(r#"{"outage_ms":100,"port":"fe"}"#), ok);
    assert!(world.try_txn("load", "x", ROW, &[]).is_none());
    assert!(order(r#"{"kill_be":9}"#)["error"].as_str().unwrap().contains("be9"));
    let fault = r#"{"kind":"txn_drop_answer","op":"begin","label":"^y$"}"#;
    assert_eq!(control("POST", "/faults", fault)["id"], 1);
    let end = Instant::now() + Duration::from_secs(5);
    while !world.sandbox.server().ports().fe.is_up() && Instant::now() < end {
        std::thread::sleep(Duration::from_millis(10));
    }
    assert!(world.try_txn("begin", "y", "", &[ROOT]).is_none());
    assert_eq!(control("GET", "/faults", "")[0]["hits"], 1);
}
