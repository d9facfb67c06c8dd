//! Preparing: what is durable is known to be so, and nothing else is.

use std::time::{Duration, Instant};

use starrocks_load::{ErrorCode, Level, NoEvents, Rollback, Totals};

use crate::common::{LABEL, Server, dead_port};
use crate::world::{World, be, counts, failed, garbled, said, shown, totals, transaction};

#[test]
fn a_lost_answer_is_made_up_for_by_the_state() {
    let world = World::open();
    world.loses("be prepare");
    let loaded = world.prepare().unwrap();
    assert_eq!((loaded.total_rows, loaded.retries), (None, 0));
    assert_eq!(world.state(), "PREPARED");
    assert!(world.log.has(Level::Warn, "it is prepared, but"), "{}", world.log.text());
    // The second prepare was to find out whether the BE is done with it.
    assert_eq!(
        world.asked(),
        ["fe prepare", "be prepare", "fe state", "fe prepare", "be prepare", "fe state"]
    );
}

#[test]
fn no_garbled_answer_decides() {
    for answer in garbled() {
        for done in [true, false] {
            let text = shown(&answer);
            let answer = answer.clone();
            let world = World::open();
            world.does("be prepare", move |conn, site| {
                if done {
                    let _ = be(conn, site);
                }
                conn.raw(answer);
                conn.close();
            });
            let loaded = world.prepare().unwrap_or_else(|e| panic!("{text}: {e}"));
            assert_eq!(world.state(), "PREPARED", "{text}");
            assert_eq!(loaded.total_rows, (!done).then_some(3), "{text}");
            assert_eq!(world.log.retries(), usize::from(!done), "{text}");
        }
    }
}

/// The BE may roll it back as long as it is about it: the answer that was lost is not the last word.
#[test]
fn a_prepare_that_the_be_rolls_back_in_the_end_is_lost() {
    let world = World::open();
    world.loses("be prepare").does("be prepare", |conn, site| {
        site.set("ABORTED");
        conn.json(&said("THRIFT_RPC_ERROR", "prepare: no answer of the FE", ""));
    });
    let e = world.prepare().unwrap_err();
    assert!(e.lost, "{e}");

    // It says that it failed, and has not rolled back yet.
    let world = World::open();
    world.does("be prepare", |conn, site| {
        site.set("PREPARED");
        conn.json(&said("THRIFT_RPC_ERROR", "Transaction status unknown", ""));
    });
    assert!(world.prepare().unwrap_err().lost);
    assert_eq!(world.rollback(), Ok(Rollback::RolledBack));
    assert_eq!(world.state(), "ABORTED");
}

#[test]
fn without_the_be_the_state_is_enough() {
    let world = World::open();
    world.loses("be prepare").closes("be prepare");
    world.prepare().unwrap();
    assert_eq!(world.count("be prepare"), 2);
}

#[test]
fn a_transaction_that_the_be_does_not_have_is_what_its_state_says() {
    let gone = said("TXN_NOT_EXISTS", &format!("transaction with label {LABEL} not exists"), "");
    for (state, reason, success, lost) in [
        ("PREPARED", "", true, false),
        ("COMMITTED", "", true, false),
        ("VISIBLE", "", true, false),
        ("ABORTED", "", false, true),
        ("ABORTED", "timeout by txn manager", false, true),
        ("ABORTED", "too many filtered rows", false, false),
        ("UNKNOWN", "", false, true),
    ] {
        let world = World::open();
        world.does("be prepare", {
            let gone = gone.clone();
            move |conn, site| {
                let mut model = site.lock();
                let txn = model.txns.get_mut(LABEL).unwrap();
                (txn.state, txn.reason) = (state, reason);
                conn.json(&gone);
            }
        });
        let result = world.prepare();
        assert_eq!(result.is_ok(), success, "{state}");
        if let Err(e) = result {
            assert_eq!(e.lost, lost, "{state}: {e}");
            assert!(e.error.message.contains(reason), "{e}");
        }
        assert_eq!(world.count("be prepare"), 1, "{state}");
    }
    // The leader doesn't have it either.
    let world = World::new();
    assert!(world.prepare().unwrap_err().lost);
}

/// The BE was started anew, and the FE has not noticed yet.
#[test]
fn an_orphan_is_waited_for_and_then_lost() {
    let orphan = || {
        let world = World::open();
        world.end_in("PREPARE", "");
        world
    };
    let world = orphan();
    world.state_is("PREPARE").state_is("PREPARE").state_is("PREPARED");
    world.prepare().unwrap();
    assert_eq!((world.count("be prepare"), world.log.retries()), (3, 0));

    let world = orphan();
    let started = Instant::now();
    let e = world.prepare().unwrap_err();
    assert!(e.lost && e.error.message.contains("not exists"), "{e}");
    assert!(started.elapsed() >= Duration::from_secs(2));
    assert!(started.elapsed() < Duration::from_secs(10));
    // What nobody has is rolled back by its label.
    assert_eq!(world.rollback(), Ok(Rollback::RolledBack));
    assert_eq!((world.state(), world.count("fe _cancel")), ("ABORTED", 1));
}

/// The answer was lost while the BE still writes.
#[test]
fn a_prepare_that_goes_on_is_waited_for() {
    let world = World::open();
    world.closes("be prepare");
    for _ in 0..3 {
        world.says("be prepare", &said("TXN_IN_PROCESSING", "Transaction is in processing", ""));
    }
    let loaded = world.prepare().unwrap();
    assert_eq!((loaded.total_rows, loaded.retries), (Some(3), 1));
    assert_eq!(world.count("be prepare"), 5);
}

#[test]
fn failures_are_sorted() {
    let no_data = "all partitions have no load data";
    for (status, message, lost, code) in [
        ("INTERNAL_ERROR", "too many filtered rows", false, ErrorCode::Load),
        ("DATA_QUALITY_ERROR", "", false, ErrorCode::Load),
        ("INTERNAL_ERROR", no_data, false, ErrorCode::Load),
        ("INTERNAL_ERROR", "transaction x hasn't send any data yet", false, ErrorCode::Load),
        ("INVALID_ARGUMENT", "Invalid prepared_timeout: x", false, ErrorCode::Config),
        ("NOT_AUTHORIZED", "", false, ErrorCode::Auth),
        ("INTERNAL_ERROR", "too many versions", true, ErrorCode::Load),
        ("INTERNAL_ERROR", "cancelled", true, ErrorCode::Load),
        ("MEM_LIMIT_EXCEEDED", "", true, ErrorCode::Load),
        ("ABORTED", "current transaction is aborted", true, ErrorCode::Load),
        ("SERVICE_UNAVAILABLE", "", true, ErrorCode::Load),
        ("FAILED", "something new", true, ErrorCode::Load),
    ] {
        let world = World::open();
        let answer = said(status, message, "");
        world.does("be prepare", move |conn, site| {
            let mut model = site.lock();
            let txn = model.txns.get_mut(LABEL).unwrap();
            (txn.state, txn.on_be) = ("ABORTED", false);
            conn.json(&answer);
        });
        let e = world.prepare().unwrap_err();
        assert_eq!((e.lost, e.error.code, e.error.retriable), (lost, code, lost), "{e}");
        assert_eq!((world.count("be prepare"), world.log.retries()), (1, 0), "it is rolled back");
        for part in ["prepare of a transaction into db.t failed", LABEL, &world.be.url(), status] {
            assert!(e.error.message.contains(part), "{part}: {e}");
        }
    }
}

#[test]
fn bad_rows_are_quoted() {
    let log = Server::start(|conn| conn.answer("200 OK", "", "Error: NULL in 'a'. Row: secret\n"));
    let url = format!("http://{}/api/_load_error_log?file=x", log.address);
    for sanitize in [false, true] {
        let world = World::open_with(|config| config.sanitize_error_log = sanitize);
        let more = format!(",\"ErrorURL\":\"{url}\"");
        world.says("be prepare", &said("INTERNAL_ERROR", "too many filtered rows", &more));
        let e = world.prepare().unwrap_err();
        assert!(!e.lost && e.error.message.contains("Error: NULL in"), "{e}");
        assert_eq!(e.error.message.contains("secret"), !sanitize, "{e}");
        assert!(e.error.message.contains("max_filter_ratio"), "{e}");
    }
}

#[test]
fn rows_that_the_server_did_not_count_are_an_error() {
    let world = World::open();
    let prepare = |rows| world.client.prepare(&transaction(&[]), totals(rows), &world.log);
    world.says("be prepare", &said("OK", "", &counts(2)));
    let e = prepare(Some(3)).unwrap_err();
    assert_eq!((e.lost, e.error.retriable, e.error.code), (false, false, ErrorCode::Load));
    assert!(e.error.message.contains("counted 2 rows where 3 were sent"), "{e}");

    world.says("be prepare", &said("OK", "", &counts(2)));
    assert_eq!(prepare(None).unwrap().total_rows, Some(2));
    world.says("be prepare", &said("OK", "", ""));
    assert_eq!(prepare(Some(3)).unwrap().total_rows, None);
    world.says("be prepare", &said("OK", "", &counts(2)));
    let headers = [("skip_header".to_owned(), "1".to_owned())];
    world.client.prepare(&transaction(&headers), totals(3), &NoEvents).unwrap();

    let filtered = counts(2).replace("FilteredRows\":0", "FilteredRows\":1").replace("Rows\":2", "Rows\":3");
    world.says("be prepare", &said("OK", "", &filtered));
    assert_eq!(prepare(Some(3)).unwrap().filtered_rows, Some(1));
    assert!(world.log.has(Level::Warn, "left out 1 rows of 3"));
}

/// A request that the server worked on although its answer was lost: what it holds must not be committed.
#[test]
fn rows_that_the_server_has_more_often_lose_the_transaction() {
    for more in [4, 6] {
        let world = World::open();
        world.does("be prepare", move |conn, site| {
            let _ = be(conn, site);
            conn.json(&said("OK", "", &counts(more)));
        });
        let e = world.prepare().unwrap_err();
        assert_eq!((e.lost, e.error.retriable, e.error.code), (true, true, ErrorCode::Load));
        assert!(e.error.message.contains(&format!("counted {more} rows where 3 were sent")), "{e}");
        assert!(e.error.message.contains("row delimiters inside the data"), "{e}");
        assert_eq!((world.state(), world.count("be prepare")), ("PREPARED", 1));
        assert_eq!(world.rollback(), Ok(Rollback::RolledBack));
        assert_eq!(world.state(), "ABORTED");
    }
    // What are rows to us needn't be rows to the server.
    for (rows, headers) in [(None, vec![]), (Some(3), vec![("skip_header".to_owned(), "1".to_owned())])] {
        let world = World::open();
        world.says("be prepare", &said("OK", "", &counts(4)));
        world.client.prepare(&transaction(&headers), totals(rows), &world.log).unwrap();
    }
}

#[test]
fn bytes_that_the_server_did_not_count_are_told() {
    let sent = Totals { rows: None, bytes: Some(13) };
    let world = World::open();
    world.client.prepare(&transaction(&[]), sent, &world.log).unwrap();
    assert!(world.log.has(Level::Warn, "counted 12 bytes where 13 were sent"), "{}", world.log.text());

    let compressed = [("compression".to_owned(), "zstd".to_owned())];
    for (bytes, headers) in [(Some(12), &[][..]), (Some(11), &[]), (None, &[]), (Some(13), &compressed)] {
        let world = World::open();
        let sent = Totals { rows: None, bytes };
        world.client.prepare(&transaction(headers), sent, &world.log).unwrap();
        assert_eq!(world.log.text(), "[]");
    }
}

/// The repetition only was to find out what became of the first prepare, and the FE knows that better.
#[test]
fn what_was_prepared_stays_so_whatever_is_said_of_a_repetition() {
    for again in [
        said("INTERNAL_ERROR", "cancelled", ""),
        said("SERVICE_UNAVAILABLE", "Service is shutting down, please retry later!", ""),
        said("ABORTED", "current transaction is aborted", ""),
        said("INVALID_ARGUMENT", "request db x transaction db y not match", ""),
        failed("current fe is not master"),
    ] {
        let world = World::open();
        world.loses("be prepare");
        for _ in 0..20 {
            world.says("be prepare", &again);
        }
        let started = Instant::now();
        let loaded = world.prepare().unwrap_or_else(|e| panic!("{again}: {e}"));
        assert_eq!((loaded.total_rows, world.state()), (None, "PREPARED"));
        assert!(world.log.has(Level::Warn, "prepared by an earlier try"), "{}", world.log.text());
        // It has had time to be rolled back.
        assert!(started.elapsed() >= Duration::from_secs(2));
        assert!(world.count("be prepare") < 12, "there are pauses");
        assert_eq!(world.log.retries(), 0);
    }

    // The BE does roll it back, and says so to the FE a little later.
    for again in [said("INTERNAL_ERROR", "cancelled", ""), said("DATA_QUALITY_ERROR", "", "")] {
        let world = World::open();
        let failed = again.clone();
        world.loses("be prepare").does("be prepare", move |conn, site| {
            conn.json(&failed);
            let later = site.clone();
            std::thread::spawn(move || {
                std::thread::sleep(Duration::from_millis(500));
                later.set("ABORTED");
            });
        });
        let e = world.prepare().unwrap_err();
        assert!(e.lost, "{e}");
        assert_eq!(world.state(), "ABORTED");
    }
}

/// The BE that has the open transaction is gone: it is lost without all the tries, unless it was prepared before.
#[test]
fn without_the_be_what_is_not_prepared_is_lost_soon() {
    let dead = dead_port();
    let to_dead = |world: &World| {
        for _ in 0..20 {
            world.does("fe prepare", move |conn, _| {
                conn.redirect(&format!("http://127.0.0.1:{dead}{}", conn.path));
            });
        }
    };
    let world = World::open_with(|config| config.retry_interval = Duration::from_secs(20));
    to_dead(&world);
    let started = Instant::now();
    let e = world.prepare().unwrap_err();
    assert!(e.lost && e.error.retriable && e.error.code == ErrorCode::Connect, "{e}");
    assert!(e.error.message.contains("redirected to BE"), "{e}");
    assert!(started.elapsed() < Duration::from_secs(8), "{:?}", started.elapsed());
    assert_eq!(world.log.retries(), 0);

    let world = World::open();
    world.end_in("PREPARED", "");
    to_dead(&world);
    world.prepare().unwrap();
    assert_eq!(world.count("fe prepare"), 2);
}

#[test]
fn a_state_that_is_not_to_be_had_is_no_success() {
    let world = World::open_with(|config| config.max_retries = 1);
    world.loses("be prepare").loses("be prepare");
    for _ in 0..10 {
        world.does("fe state", |conn, _| conn.answer("500 Internal Server Error", "", "oops"));
    }
    let e = world.prepare().unwrap_err();
    assert!(e.lost && e.error.retriable, "{e}");
    assert!(world.log.has(Level::Warn, "not to be had"));
}

#[test]
fn tries_are_limited() {
    let world = World::open_with(|config| config.max_retries = 2);
    for _ in 0..3 {
        world.closes("be prepare");
    }
    let e = world.prepare().unwrap_err();
    assert!(e.lost && e.error.message.contains("3 tries"), "{e}");
    assert_eq!(world.log.retries(), 2);
}
