//! Transaction stream load over raw connections.

mod common;

use common::{EXPECT, ROOT, Wire, World};
use starrocks_sandbox::config::Config;
use starrocks_sandbox::faults::Op;
use starrocks_sandbox::labels::{Limits, State};
use std::time::{Duration, Instant};

#[test]
fn two_phases() {
    let world = World::new();
    let begun = world.txn("begin", "x", &[]).expect("OK", "");
    let keys: Vec<&String> = begun.as_object().unwrap().keys().collect();
    assert_eq!(keys, ["Status", "Message", "Label", "TxnId", "BeginTxnTimeMs"]);
    let loaded = world.txn_load("x", "1\ta\n2\tb\n", &[]).expect("OK", "");
    let keys: Vec<&String> = loaded.as_object().unwrap().keys().collect();
    assert_eq!(
        keys,
        ["Status", "Message", "Label", "TxnId", "LoadBytes", "StreamLoadPlanTimeMs", "ReceivedDataTimeMs"]
    );
    assert_eq!((&loaded["LoadBytes"], &loaded["TxnId"]), (&8.into(), &begun["TxnId"]));
    world.txn_load("x", "3\tc\n", &[]).expect("OK", "");
    assert_eq!(world.state("x"), "PREPARE");
    let prepared = world.txn("prepare", "x", &[]).expect("OK", "");
    assert_eq!((&prepared["NumberTotalRows"], &prepared["NumberLoadedRows"]), (&3.into(), &3.into()));
    assert_eq!(prepared["LoadBytes"], 12);
    assert_eq!((world.state("x").as_str(), world.ids()), ("PREPARED", vec![]));
    let committed = world.txn("commit", "x", &[]).expect("OK", "");
    assert_eq!((&committed["TxnId"], &committed["Label"]), (&begun["TxnId"], &"x".into()));
    assert_eq!((world.state("x").as_str(), world.ids()), ("VISIBLE", vec![1, 2, 3]));
    assert_eq!(world.one::<i64>("SELECT count(*) FROM sandbox.ledger"), 1);
    assert_eq!(world.one::<i64>("SELECT count(*) FROM d.`t$ledger` WHERE _label = 'x'"), 3);
}

#[test]
fn one_phase() {
    let world = World::new();
    world.begun("x", "1\ta\n2\tb\n");
    let committed = world.txn("commit", "x", &[]).expect("OK", "");
    assert_eq!((&committed["NumberLoadedRows"], world.ids()), (&2.into(), vec![1, 2]));
    assert_eq!(world.state("x"), "VISIBLE");
}

/// A load by itself takes the word in any case.
#[test]
fn partial_updates_are_asked_for_by_true_in_lower_case() {
    let world = World::new();
    world.sql("CREATE TABLE d.k (id INT, a INT, b INT) PRIMARY KEY(id)");
    for (label, word, kept) in [("x", "true", "2-9"), ("y", "TRUE", "-9"), ("z", "yes", "-9")] {
        world.sql("DELETE FROM d.k WHERE id = 1");
        world.sql("INSERT INTO d.k VALUES (1, 2, 3)");
        let table = [("table", "k")];
        world.txn("begin", label, &table).expect("OK", "");
        let headers = [table[0], ("columns", "id,b"), ("partial_update", word)];
        world.txn_load(label, "1\t9\n", &headers).expect("OK", "");
        world.txn("prepare", label, &table).expect("OK", "");
        world.txn("commit", label, &table).expect("OK", "");
        let row = "SELECT concat(ifnull(cast(a AS VARCHAR), ''), '-', b) FROM d.k";
        assert_eq!(world.one::<String>(row), kept, "{word}");
    }
}

#[test]
fn the_fe_says_what_is_missing() {
    let world = World::new();
    let ask = |target: &str, headers: &[(&str, &str)]| {
        world.http(world.fe(), "POST", &format!("/api/transaction/{target}"), headers, "")
    };
    assert_eq!(ask("begin", &[]).status, 401);
    ask("begin", &[ROOT]).expect("FAILED", "No database selected.");
    ask("commit", &[ROOT, ("db", "d")]).expect("FAILED", "Empty label.");
    let both = [ROOT, ("db", "d"), ("label", "x")];
    ask("end", &both).expect("FAILED", "Unknown transaction operation: end");
    let with = |header| ask("begin", &[both[0], both[1], both[2], header]);
    with(("timeout", "soon")).expect("FAILED", "class java.lang.NumberFormatException");
    with(("transaction_type", "multi")).expect("FAILED", "multi-statement transactions are not supported");
    with(("channel_id", "0")).expect("FAILED", "parallel transactions are not supported");
    ask("prepare", &both).expect("FAILED", "Can't find the transaction with db [d] and label[x].");
    for op in ["commit", "rollback"] {
        ask(op, &both).expect("FAILED", "No transaction found by label x");
    }
}

#[test]
fn the_be_says_what_is_missing() {
    let world = World::new();
    let ask = |op: &str, headers: &[(&str, &str)]| {
        world.http(world.be(0), "POST", &format!("/api/transaction/{op}"), headers, "")
    };
    ask("begin", &[]).expect("INTERNAL_ERROR", "no valid Basic authorization");
    ask("begin", &[ROOT, ("db", "d")]).expect("INVALID_ARGUMENT", "empty label");
    let words = "Multi-statement transaction requests can only be sent to FE nodes, not BE nodes";
    for op in ["begin", "prepare", "commit", "rollback"] {
        let headers = [ROOT, ("db", "d"), ("label", "x"), ("transaction_type", "multi")];
        ask(op, &headers).expect("INVALID_ARGUMENT", words);
    }
    for op in ["prepare", "commit", "rollback"] {
        let headers = [ROOT, ("db", "d"), ("label", "x")];
        ask(op, &headers).expect("TXN_NOT_EXISTS", "transaction with label x not exists");
    }
    let load = world.try_txn_at(world.be(0), "load", "x", "1\ta\n", &[]).unwrap();
    load.expect("TXN_NOT_EXISTS", "Transaction with label x not exists");
}

#[test]
fn what_cannot_begin() {
    let limits = Limits { running: 1, ..Limits::default() };
    let world = World::with(Config { limits, ..Config::default() });
    world.txn("begin", "x", &[("db", "e")]).expect("ANALYSIS_ERROR", "unknown database, database=e");
    world.txn("begin", "x", &[("table", "u")]).expect("ANALYSIS_ERROR", "unknown table \"d.u\"");
    world.txn("begin", "a.b", &[]).expect("ANALYSIS_ERROR", "Label format error. regex: ^[-\\w]{1,128}$");
    world.txn("begin", "x", &[]).expect("OK", "");
    let full = "current running txns on db 10001 is 1, larger than limit 1";
    world.txn("begin", "y", &[]).expect("ANALYSIS_ERROR", full);
}

#[test]
fn the_fe_commits_and_rolls_back_by_state() {
    let world = World::new();
    world.prepared("x", "1\ta\n");
    let id = world.txn("commit", "x", &[]).expect("OK", "")["TxnId"].as_i64().unwrap();
    world
        .txn("commit", "x", &[])
        .expect("OK", &format!("Transaction {id} has already committed, label is x"));
    let refused = format!("Can not abort VISIBLE transaction {id}, label is x");
    world.txn("rollback", "x", &[]).expect("FAILED", &refused);
    world.prepared("y", "2\tb\n");
    let id = world.txn("rollback", "y", &[]).expect("OK", "")["TxnId"].as_i64().unwrap();
    world
        .txn("rollback", "y", &[])
        .expect("OK", &format!("Transaction {id} has already aborted, label is y"));
    let refused = format!("Can not commit ABORTED transaction {id}, label is y");
    world.txn("commit", "y", &[]).expect("FAILED", &refused);
    world.txn("begin", "z", &[]);
    world.txn("rollback", "z", &[]).expect("OK", "");
    assert_eq!([world.state("x"), world.state("y"), world.state("z")], ["VISIBLE", "ABORTED", "ABORTED"]);
    assert_eq!(world.ids(), [1]);
    let ended: String = world.one("SELECT group_concat(label, state) FROM sandbox.ledger WHERE label <> 'x'");
    assert!(ended.contains("ABORTED"), "{ended}");
    assert_eq!(world.one::<i64>("SELECT sum(`rows`) FROM sandbox.ledger"), 1);
}

#[test]
fn only_the_coordinator_knows_a_transaction() {
    let world = World::new();
    let begun = world.try_txn_at(world.be(1), "begin", "x", "", &[]).unwrap();
    begun.expect("OK", "");
    for (op, said) in [("load", "Transaction"), ("prepare", "transaction"), ("rollback", "transaction")] {
        let answer = world.try_txn_at(world.be(0), op, "x", "", &[]).unwrap();
        answer.expect("TXN_NOT_EXISTS", &format!("{said} with label x not exists"));
    }
    // The leader has sent nobody there, and goes by what the transaction says.
    world.txn_load("x", "1\ta\n", &[]).expect("OK", "");
    let list = |be| world.try_txn_at(world.be(be), "list", "x", "", &[]).unwrap().json();
    assert_eq!(list(0)["Transactions"], serde_json::json!([]));
    assert_eq!(list(1)["Transactions"][0]["Label"], "x");
    world.txn("prepare", "x", &[]).expect("OK", "");
    assert_eq!(list(1)["Transactions"], serde_json::json!([]));
    world.try_txn_at(world.be(1), "commit", "x", "", &[]).unwrap().expect("TXN_NOT_EXISTS", "not exists");
    world.txn("commit", "x", &[]).expect("OK", "");
}

#[test]
fn begin_again() {
    let world = World::new();
    world.txn("begin", "x", &[]).expect("OK", "");
    let again = world.txn("begin", "x", &[]).expect("LABEL_ALREADY_EXISTS", "");
    assert_eq!(again["ExistingJobStatus"], "");
    let elsewhere = |label| {
        let target =
            [world.be(0), world.be(1)].map(|be| world.try_txn_at(be, "begin", label, "", &[]).unwrap());
        target.into_iter().find(|a| a.body.contains("already been used")).unwrap()
    };
    assert_eq!(elsewhere("x").expect("LABEL_ALREADY_EXISTS", "Label [x]")["ExistingJobStatus"], "RUNNING");
    // Free again once it is aborted, and never after a commit.
    world.txn("rollback", "x", &[]).expect("OK", "");
    world.prepared("x", "1\ta\n");
    assert_eq!(elsewhere("x").expect("LABEL_ALREADY_EXISTS", "Label [x]")["ExistingJobStatus"], "RUNNING");
    world.txn("commit", "x", &[]).expect("OK", "");
    assert_eq!(elsewhere("x").expect("LABEL_ALREADY_EXISTS", "Label [x]")["ExistingJobStatus"], "FINISHED");
    assert_eq!(world.load("x", "2\tb\n", &[]).json()["ExistingJobStatus"], "FINISHED");

    let newer = World::with(Config { idempotent_begin: true, ..Config::default() });
    let first = newer.txn("begin", "x", &[]).expect("OK", "");
    assert_eq!(newer.txn("begin", "x", &[]).expect("OK", "")["TxnId"], first["TxnId"]);
}

#[test]
fn one_request_per_label() {
    let world = World::new();
    world.begun("x", "1\ta\n");
    let listed = world.sandbox.server().open_transactions();
    let be = world.be(listed[0].be.unwrap());
    let mut slow = Wire::open(be);
    let head = [ROOT, EXPECT, ("label", "x"), ("db", "d"), ("table", "t"), ("Content-Length", "4")];
    slow.head("PUT", "/api/transaction/load", &head);
    assert_eq!(slow.answer().status, 100);
    let busy = "Transaction in processing, please retry later";
    assert_eq!(world.txn_load("x", "3\tc\n", &[]).expect("TXN_IN_PROCESSING", busy)["Label"], "x");
    for op in ["prepare", "commit", "rollback"] {
        world.txn(op, "x", &[]).expect("TXN_IN_PROCESSING", busy);
    }
    slow.send(b"2\tb\n").answer().expect("OK", "");
    world.txn_load("x", "3\tc\n", &[]).expect("OK", "");
    world.txn("prepare", "x", &[]).expect("OK", "");
    world.txn("commit", "x", &[]).expect("OK", "");
    assert_eq!(world.ids(), [1, 2, 3]);
}

#[test]
fn loads_of_a_transaction_ask_for_the_same() {
    let gone = "Transaction with label x not exists";
    for (header, status, said) in [
        (("column_separator", ","), "INTERNAL_ERROR", "load request not equal last."),
        (("columns", "id,name"), "INTERNAL_ERROR", "load request not equal last."),
        (("table", "u"), "INVALID_ARGUMENT", "Request table u not equal transaction table t"),
    ] {
        let world = World::new();
        world.begun("x", "1\ta\n");
        world.txn_load("x", "2\tb\n", &[header]).expect(status, said);
        assert_eq!(world.state("x"), "ABORTED");
        world.txn_load("x", "2\tb\n", &[]).expect("TXN_NOT_EXISTS", gone);
    }
    let world = World::new();
    world.sql("CREATE DATABASE e");
    world.try_txn_at(world.be(0), "begin", "x", "", &[]).unwrap().expect("OK", "");
    let other = [("db", "e")];
    let answer = world.try_txn_at(world.be(0), "prepare", "x", "", &other).unwrap();
    answer.expect("INVALID_ARGUMENT", "request db e transaction db d not match");
    let answer = world.try_txn_at(world.be(0), "load", "x", "1\ta\n", &other).unwrap();
    answer.expect("INVALID_ARGUMENT", "Request database e not equal transaction database d");
    assert_eq!(world.state("x"), "ABORTED");
}

#[test]
fn bad_rows_come_out_at_the_end() {
    let world = World::new();
    world.begun("x", "one\ta\n");
    world.txn_load("x", "2\tb\n", &[]).expect("OK", "");
    let failed = world.txn("prepare", "x", &[]).expect("INTERNAL_ERROR", "too many filtered rows");
    let url = failed["ErrorURL"].as_str().unwrap();
    let log = world.http(world.be(0), "GET", &url[url.find("/api").unwrap()..], &[ROOT], "").body;
    assert!(log.contains("NULL value in non-nullable column 'id'"), "{log}");
    assert_eq!((world.state("x").as_str(), world.ids()), ("ABORTED", vec![]));
    // The documents of JSON requests are whole; what is broken shows in the next load.
    world.txn("begin", "y", &[]);
    let json = [("format", "json"), ("strip_outer_array", "true")];
    world.txn_load("y", "[{\"id\":1},{\"id\":", &json).expect("OK", "");
    world.txn_load("y", "2}]", &json).expect("ABORTED", "current transaction is aborted");
    assert_eq!(world.state("y"), "ABORTED");
    world.txn("begin", "z", &[]);
    world.txn_load("z", "[{\"id\":1}]", &json).expect("OK", "");
    world.txn_load("z", "[{\"id\":2},{\"id\":3}]", &json).expect("OK", "");
    assert_eq!(world.txn("commit", "z", &[]).expect("OK", "")["NumberLoadedRows"], 3);
    assert_eq!(world.ids(), [1, 2, 3]);
    // A plan that can't be made fails the first load.
    world.txn("begin", "p", &[]);
    world.txn_load("p", "1\n", &[("format", "avro")]).expect("INTERNAL_ERROR", "unknown data format");
    assert_eq!(world.state("p"), "ABORTED");
}

#[test]
fn csv_requests_are_one_stream() {
    let world = World::new();
    world.begun("x", "1\ta");
    world.txn_load("x", "b\n2\tc", &[]).expect("OK", "");
    world.txn_load("x", "\n", &[]).expect("OK", "");
    world.txn("commit", "x", &[]).expect("OK", "");
    let names: Vec<String> =
        mysql::prelude::Queryable::query(&mut world.connect(), "SELECT name FROM d.t ORDER BY id").unwrap();
    assert_eq!(names, ["ab", "c"]);
    // Without a delimiter between them two rows are glued to one, which has too many columns.
    world.begun("y", "3\td");
    world.txn_load("y", "4\te", &[]).expect("OK", "");
    world.txn("prepare", "y", &[]).expect("INTERNAL_ERROR", "too many filtered rows");
}

#[test]
fn nothing_to_commit() {
    let world = World::new();
    for op in ["prepare", "commit"] {
        world.txn("begin", op, &[]);
        world.txn(op, op, &[]).expect("INTERNAL_ERROR", "hasn't send any data yet");
        assert_eq!(world.state(op), "ABORTED");
        world.begun(op, "");
        world.txn(op, op, &[]).expect("INTERNAL_ERROR", "all partitions have no load data");
        assert_eq!(world.state(op), "ABORTED");
    }
    world.txn("begin", "none", &[]);
    world.txn_load("none", "1\ta\n", &[("where", "id > 1")]).expect("OK", "");
    world.txn("prepare", "none", &[]).expect("INTERNAL_ERROR", "all partitions have no load data");
}

fn wait_for(world: &World, label: &str, state: &str) -> Duration {
    let started = Instant::now();
    while world.state(label) != state {
        assert!(started.elapsed() < Duration::from_secs(5), "{label} is {}", world.state(label));
        std::thread::sleep(Duration::from_millis(10));
    }
    started.elapsed()
}

fn reason(world: &World, label: &str) -> String {
    let target = format!("/api/d/get_load_state?label={label}");
    world.http(world.fe(), "GET", &target, &[ROOT], "").json()["reason"].as_str().unwrap().to_owned()
}

#[test]
fn time_runs_out() {
    let world = World::new();
    world.txn("begin", "old", &[("timeout", "1")]).expect("OK", "");
    world.txn("begin", "idle", &[("idle_transaction_timeout", "1")]).expect("OK", "");
    world.begun("busy", "1\ta\n");
    world
        .txn("prepare", "busy", &[("prepared_timeout", "soon")])
        .expect("INVALID_ARGUMENT", "Invalid prepared_timeout: soon");
    world.txn("prepare", "busy", &[("prepared_timeout", "1")]).expect("OK", "");
    for label in ["old", "idle", "busy"] {
        assert_ne!(world.state(label), "ABORTED");
    }
    for label in ["old", "idle", "busy"] {
        wait_for(&world, label, "ABORTED");
    }
    assert!(reason(&world, "old").contains("timeout"));
    assert_eq!(reason(&world, "idle"), "transaction is aborted by idle timeout 1 seconds.");
    assert_eq!(reason(&world, "busy"), "timeout by txn manager");
    world.txn_load("idle", "1\ta\n", &[]).expect("TXN_NOT_EXISTS", "not exists");
    world.txn("commit", "busy", &[]).expect("FAILED", "Can not commit ABORTED transaction");
    assert!(world.sandbox.server().open_transactions().is_empty());
    assert!(world.ids().is_empty());
    let hasty = World::with(Config { prepared_timeout: Duration::from_millis(100), ..Config::default() });
    hasty.prepared("x", "1\ta\n");
    wait_for(&hasty, "x", "ABORTED");
    hasty.prepared("y", "1\ta\n");
    assert!(hasty.sandbox.server().expire("d", "y"));
    assert_eq!(hasty.state("y"), "ABORTED");
    assert!(!hasty.sandbox.server().expire("d", "y"));
}

#[test]
fn a_new_leader_knows_what_was_prepared() {
    let world = World::new();
    world.begun("open", "1\ta\n");
    world.prepared("kept", "2\tb\n");
    world.sandbox.server().change_leader();
    assert_eq!([world.state("open"), world.state("kept")], ["UNKNOWN", "PREPARED"]);
    for op in ["load", "prepare"] {
        world.txn(op, "open", &[]).expect("FAILED", "Can't find the transaction");
    }
    world.txn("rollback", "open", &[]).expect("FAILED", "No transaction found by label open");
    let open = world.sandbox.server().open_transactions();
    assert_eq!(open.iter().map(|t| t.state).collect::<Vec<_>>(), [None, Some(State::Prepared)]);
    // The BE still has it, and finds out.
    let be = world.be(open[0].be.unwrap());
    world.try_txn_at(be, "prepare", "open", "", &[]).unwrap().expect("INTERNAL_ERROR", "not found");
    world.txn("commit", "kept", &[]).expect("OK", "");
    assert_eq!(world.ids(), [2]);
}

#[test]
fn what_is_cancelled_cannot_be_prepared() {
    let world = World::new();
    world.begun("x", "1\ta\n");
    let cancel = || world.http(world.fe(), "POST", "/api/d/t/_cancel?label=x", &[ROOT], "").json();
    assert_eq!(cancel()["status"], "OK");
    world.txn("prepare", "x", &[]).expect("INTERNAL_ERROR", "state is ABORTED, could not prepare");
    world.prepared("x", "1\ta\n");
    assert_eq!(cancel()["msg"], "running transaction not found, label=x");
}

#[test]
fn forgotten_transactions() {
    let world =
        World::with(Config { limits: Limits { keep_count: 2, ..Limits::default() }, ..Config::default() });
    for label in ["a", "b", "c"] {
        world.prepared(label, "1\ta\n");
        world.txn("commit", label, &[]).expect("OK", "");
    }
    assert_eq!(world.state("a"), "UNKNOWN");
    world.txn("commit", "a", &[]).expect("FAILED", "No transaction found by label a");
    world.prepared("d", "1\ta\n");
    world.sandbox.server().forget_label("d", "d");
    world.txn("commit", "d", &[]).expect("FAILED", "No transaction found by label d");
    assert_eq!(world.ids(), [1, 1, 1]);
}

#[test]
fn labels_go_with_their_database() {
    let world = World::new();
    world.prepared("x", "1\ta\n");
    world.load("y", "2\tb\n", &[]);
    world.sql("DROP DATABASE d");
    world.sql("CREATE DATABASE d");
    world.sql("CREATE TABLE d.t (id BIGINT NOT NULL, name VARCHAR(20)) DUPLICATE KEY(id)");
    assert_eq!([world.state("x"), world.state("y")], ["UNKNOWN", "UNKNOWN"]);
    world.prepared("y", "3\tc\n");
    world.txn("commit", "y", &[]).expect("OK", "");
    assert_eq!(world.ids(), [3]);
}

#[test]
fn commits_count_not_loads() {
    let world = World::new();
    world.sql(
        "CREATE TABLE d.p (id BIGINT NOT NULL, name VARCHAR(20)) PRIMARY KEY(id) DISTRIBUTED BY HASH(id)",
    );
    let op = [("table", "p"), ("columns", "id,name,__op")];
    let prepared = |label: &str, body: &str| {
        world.txn("begin", label, &op).expect("OK", "");
        world.txn_load(label, body, &op).expect("OK", "");
        world.txn("prepare", label, &op).expect("OK", "");
    };
    prepared("first", "1\told\t0\n2\told\t0\n3\told\t0\n");
    prepared("second", "1\tnew\t0\n2\t\\N\t1\n4\tnew\t0\n");
    prepared("third", "4\tlast\t0\n4\tfinal\t0\n2\tagain\t0\n");
    for label in ["second", "first", "third"] {
        world.txn("commit", label, &op).expect("OK", "");
    }
    let rows: String = world.one("SELECT group_concat(id || name) FROM (SELECT * FROM d.p ORDER BY id)");
    assert_eq!(rows, "1old,2again,3old,4final");
}

#[test]
fn a_client_that_goes_away_takes_the_transaction_along() {
    let world = World::new();
    world.begun("x", "1\ta\n");
    let be = world.be(world.sandbox.server().open_transactions()[0].be.unwrap());
    let mut wire = Wire::open(be);
    let head = [ROOT, ("label", "x"), ("db", "d"), ("table", "t"), ("Content-Length", "100")];
    wire.head("PUT", "/api/transaction/load", &head).send(b"2\tb\n");
    drop(wire);
    wait_for(&world, "x", "ABORTED");
    world.txn("prepare", "x", &[]).expect("TXN_NOT_EXISTS", "not exists");
}

#[test]
fn servers_before_2_4_have_no_transactions() {
    let world = World::with(Config { transactions: false, ..Config::default() });
    for headers in [&[][..], &[ROOT, ("db", "d"), ("label", "x")]] {
        let answer = world.http(world.fe(), "POST", "/api/transaction/begin", headers, "").json();
        assert_eq!((&answer["status"], &answer["msg"]), (&"FAILED".into(), &"Not implemented".into()));
    }
    assert_eq!(world.http(world.be(0), "POST", "/api/transaction/begin", &[ROOT], "").status, 404);
}

#[test]
fn followers_know_their_leader() {
    let world = World::with(Config { followers: 1, ..Config::default() });
    let follower = world.sandbox.server().ports().followers[0].address;
    for (op, body) in [("begin", ""), ("load", "1\ta\n"), ("prepare", ""), ("commit", "")] {
        world.try_txn_at(follower, op, "x", body, &[]).unwrap().expect("OK", "");
    }
    assert_eq!(world.ids(), [1]);
}

#[test]
fn prepared_transactions_outlive_a_restart() {
    let folder = std::env::temp_dir().join(format!("sandbox-prepared-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&folder);
    let config = Config { data: Some(folder.clone()), ..Config::default() };
    let world = World::with(config.clone());
    world.begun("open", "1\ta\n");
    world.prepared("kept", "2\t\\N\n");
    world.prepared("undone", "3\tc\n");
    world.txn("rollback", "undone", &[]).expect("OK", "");
    world.prepared("short", "4\td\n");
    world.sandbox.server().expire("d", "short");
    drop(world);
    let world = World::with(config.clone());
    let states = ["open", "kept", "undone", "short"].map(|label| world.state(label));
    assert_eq!(states, ["UNKNOWN", "PREPARED", "ABORTED", "ABORTED"]);
    world.txn("commit", "kept", &[]).expect("OK", "");
    assert_eq!(world.ids(), [2]);
    drop(world);
    let world = World::with(config);
    assert_eq!((world.state("kept").as_str(), world.ids()), ("VISIBLE", vec![2]));
    drop(world);
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn operations_are_counted() {
    let world = World::new();
    world.prepared("x", "1\ta\n");
    world.txn_load("y", "", &[]);
    world.txn("commit", "x", &[]).expect("OK", "");
    world.txn("commit", "x", &[]).expect("OK", "already");
    world.load("z", "2\tb\n", &[]);
    let stats = &world.sandbox.server().stats;
    let counts = [Op::Begin, Op::Load, Op::Prepare, Op::Commit, Op::Rollback, Op::StreamLoad]
        .map(|op| (stats.operations(op).requests, stats.operations(op).running, stats.operations(op).peak));
    assert_eq!(counts, [(1, 0, 1), (1, 0, 1), (1, 0, 1), (2, 0, 1), (0, 0, 0), (1, 0, 1)]);
}

#[test]
fn packed_requests() {
    let world = World::new();
    world.txn("begin", "x", &[]).expect("OK", "");
    let packed = |text: &str| {
        use std::io::Write as _;
        let mut encoder = lz4_flex::frame::FrameEncoder::new(Vec::new());
        encoder.write_all(text.as_bytes()).unwrap();
        encoder.finish().unwrap()
    };
    let be = world.be(world.sandbox.server().open_transactions()[0].be.unwrap());
    for body in [packed("1\ta\n2"), packed("\tb\n")] {
        let length = body.len().to_string();
        let mut wire = Wire::open(be);
        let head = [
            ROOT,
            ("label", "x"),
            ("db", "d"),
            ("table", "t"),
            ("format", "lz4"),
            ("Content-Length", length.as_str()),
        ];
        wire.head("PUT", "/api/transaction/load", &head).send(&body).answer().expect("OK", "");
    }
    world.txn("commit", "x", &[]).expect("OK", "");
    assert_eq!(world.ids(), [1, 2]);
}
