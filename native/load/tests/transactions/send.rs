//! Sending rows: never twice into the same transaction.

use std::time::{Duration, Instant};

use starrocks_load::{ErrorCode, Level};

use crate::common::{BODY, LABEL, Server, dead_port, lines};
use crate::world::{World, failed, garbled, ok, said, shown, soon};

#[test]
fn a_lost_answer_loses_the_transaction() {
    let world = World::open();
    world.loses("be load");
    let e = world.send().unwrap_err();
    assert!(e.lost && e.error.retriable, "{e}");
    assert_eq!((world.taken_in(), world.count("be load"), world.log.retries()), (2, 1, 0));
    for part in
        ["load of 12 bytes into db.t in a transaction failed", LABEL, &world.fe.url(), &world.be.url()]
    {
        assert!(e.error.message.contains(part), "{part}: {e}");
    }
}

#[test]
fn no_garbled_answer_is_taken_for_ok_and_none_is_followed_by_a_repeat() {
    for answer in garbled() {
        let text = shown(&answer);
        let world = World::open();
        world.does("be load", move |conn, site| {
            let _ = crate::world::be(conn, site);
            conn.raw(answer);
            conn.close();
        });
        let e = world.send().expect_err(&text);
        assert!(e.lost, "{text}: {e}");
        assert_eq!(world.count("be load"), 1, "{text}");
    }
}

#[test]
fn a_connection_that_breaks_in_the_midst_of_the_rows_loses_the_transaction() {
    let world = World::open();
    world.does("be load", |conn, _| {
        conn.go_on();
        conn.close();
    });
    let body = vec![b'x'; 64 << 20];
    let e = world.client.send(&crate::world::transaction(&[]), &body, &world.log).unwrap_err();
    assert!(e.lost, "{e}");
    assert_eq!(world.count("be load"), 1);
}

/// A request that got no further than its headers has put nothing into the transaction.
#[test]
fn what_was_not_sent_is_sent_again() {
    let world = World::open();
    world.closes("be load").closes("fe load");
    world.send().unwrap();
    assert_eq!((world.taken_in(), world.count("be load"), world.log.retries()), (2, 2, 2));

    // An answer instead of `100 Continue`: the server is busy, and hasn't looked at the transaction.
    for busy in [
        said("INTERNAL_ERROR", "Stream Load exceed http cuncurrent limit 3, please try again later", ""),
        said("MEM_LIMIT_EXCEEDED", "Memory of process exceed limit.", ""),
        said("Splendid", "", ""),
    ] {
        let world = World::open();
        world.does("be load", move |conn, _| {
            conn.json(&busy);
            conn.close();
        });
        world.send().unwrap();
        assert_eq!((world.taken_in(), world.log.retries()), (2, 1));
    }
    let world = World::open();
    world.does("be load", |conn, _| conn.answer("503 Service Unavailable", "", "busy"));
    world.send().unwrap();
    assert_eq!((world.taken_in(), world.log.retries()), (2, 1));
}

/// The same answers, given to the rows themselves.
#[test]
fn a_failure_after_the_rows_loses_the_transaction() {
    for answer in [
        said("INTERNAL_ERROR", "Stream Load exceed http cuncurrent limit 3, please try again later", ""),
        said("MEM_LIMIT_EXCEEDED", "Memory of process exceed limit.", ""),
        said("INTERNAL_ERROR", "load request not equal last.", ""),
        said("TIMEOUT", "", ""),
        said("PUBLISH_TIMEOUT", "", ""),
        said("LABEL_ALREADY_EXISTS", "", ""),
    ] {
        let world = World::open();
        world.says("be load", &answer);
        let e = world.send().unwrap_err();
        assert!(e.lost && e.error.retriable, "{e}");
        assert_eq!(world.count("be load"), 1);
    }
}

#[test]
fn another_request_in_processing_is_waited_for() {
    for message in ["Transaction in processing, please retry later", "Transaction is in processing"] {
        let world = World::open();
        let busy = said("TXN_IN_PROCESSING", message, "");
        // Before the rows, and when they are sent already.
        world.says("be load", &busy).does("be load", move |conn, _| {
            conn.json(&busy);
            conn.close();
        });
        let started = Instant::now();
        world.send().unwrap();
        assert!(started.elapsed() >= Duration::from_millis(150), "there are pauses");
        assert_eq!((world.taken_in(), world.count("be load"), world.log.retries()), (2, 3, 0));
    }
}

#[test]
fn another_request_in_processing_is_not_waited_for_for_ever() {
    let world = World::open();
    for _ in 0..100 {
        world.says("be load", &said("TXN_IN_PROCESSING", "Transaction is in processing", ""));
    }
    let started = Instant::now();
    let e = world.send().unwrap_err();
    assert!(e.lost && e.error.message.contains("TXN_IN_PROCESSING"), "{e}");
    assert!(started.elapsed() >= Duration::from_secs(5));
    assert!(started.elapsed() < Duration::from_secs(15));
    assert_eq!(world.taken_in(), 1);
}

#[test]
fn a_transaction_that_is_gone_is_lost() {
    for answer in [
        said("TXN_NOT_EXISTS", &format!("Transaction with label {LABEL} not exists"), ""),
        said("ABORTED", "current transaction is aborted", ""),
        said("ABORTED", "The load is timeout, and will be aborted", ""),
    ] {
        let world = World::open();
        world.end_in("ABORTED", "timeout by txn manager").says("be load", &answer);
        world.does("fe load", redirect(&world));
        let e = world.send().unwrap_err();
        assert!(e.lost, "{e}");
        assert!(e.error.message.contains("timeout by txn manager"), "{e}");
    }
    // The leader doesn't know it.
    let world = World::new();
    let e = world.send().unwrap_err();
    assert!(e.lost && e.error.message.contains("Can't find the transaction"), "{e}");
    assert_eq!(world.asked(), ["fe load", "fe state"]);
}

fn redirect(
    world: &World,
) -> impl FnOnce(&mut crate::common::Conn<'_>, &crate::world::Site) + Send + 'static {
    let be = world.be.url();
    move |conn, _| conn.redirect(&format!("{be}{}", conn.path))
}

/// What rows sent before came to may only show now, and makes another transaction of the same rows useless.
#[test]
fn bad_rows_fail() {
    let world = World::open();
    world.end_in("ABORTED", "too many filtered rows");
    world
        .does("fe load", redirect(&world))
        .says("be load", &said("ABORTED", "current transaction is aborted", ""));
    let e = world.send().unwrap_err();
    assert!(!e.lost && !e.error.retriable && e.error.message.contains("max_filter_ratio"), "{e}");

    let log = Server::start(|conn| conn.answer("200 OK", "", "Error: NULL in 'a'. Row: 1\n"));
    let url = format!("http://{}/api/_load_error_log?file=x", log.address);
    let world = World::open();
    world.says(
        "be load",
        &said("INTERNAL_ERROR", "too many filtered rows", &format!(",\"ErrorURL\":\"{url}\"")),
    );
    let e = world.send().unwrap_err();
    assert_eq!((e.lost, e.error.code), (false, ErrorCode::Load));
    assert!(e.error.message.contains("NULL in 'a'"), "{e}");
}

/// The BE that has the open transaction is gone, and the transaction with it, unless it was a moment's trouble on the way.
#[test]
fn a_dead_be_loses_the_transaction_without_all_the_tries() {
    let dead = dead_port();
    let with_dead = |times| {
        let world = World::open_with(|config| config.retry_interval = Duration::from_secs(20));
        for _ in 0..times {
            world.does("fe load", move |conn, _| {
                conn.redirect(&format!("http://127.0.0.1:{dead}{}", conn.path));
            });
        }
        world
    };
    let world = with_dead(1);
    let started = Instant::now();
    world.send().unwrap();
    assert_eq!((world.taken_in(), world.log.retries()), (2, 1));
    soon(started);

    let world = with_dead(2);
    let e = world.send().unwrap_err();
    assert!(e.lost && e.error.retriable && e.error.code == ErrorCode::Connect, "{e}");
    assert!(e.error.message.contains("redirected to BE") && e.error.message.contains("host-mapping"), "{e}");
    assert!(e.error.message.contains("2 tries"), "{e}");
    assert_eq!((world.taken_in(), world.count("fe load")), (1, 2));
    soon(started);
    // It is rolled back without the BE.
    world.does("fe rollback", move |conn, _| {
        conn.redirect(&format!("http://127.0.0.1:{dead}{}", conn.path));
    });
    assert_eq!(world.rollback(), Ok(starrocks_load::Rollback::RolledBack));
    assert_eq!(world.state(), "ABORTED");
    soon(started);

    let world = World::open_with(|config| config.max_retries = 0);
    world.does("fe load", move |conn, _| conn.redirect(&format!("http://127.0.0.1:{dead}{}", conn.path)));
    assert!(world.send().unwrap_err().lost);
}

/// The rows that the server dropped would be missing after the commit, and nobody would count them where rows are text.
#[test]
fn fewer_bytes_than_were_sent_lose_the_transaction() {
    let bytes = |n: usize| said("OK", "", &format!(",\"LoadBytes\":{n}"));
    for fewer in [0, BODY.len() - 1] {
        let world = World::open();
        world.says("be load", &bytes(fewer));
        let e = world.send().unwrap_err();
        assert!(e.lost && e.error.retriable, "{e}");
        assert!(e.error.message.contains(&format!("took in {fewer} bytes of 12")), "{e}");
        assert_eq!((world.count("be load"), world.log.retries()), (1, 0));
    }
    // Not said, all, or more: some count what comes with them.
    let world = World::open();
    world.says("be load", &ok()).says("be load", &bytes(12)).says("be load", &bytes(13));
    (0..3).for_each(|_| world.send().unwrap());

    // What is compressed is counted so.
    let world = World::open();
    world.says("be load", &bytes(1));
    let headers = [("format".to_owned(), "lz4".to_owned())];
    world.client.send(&crate::world::transaction(&headers), &BODY.to_vec(), &world.log).unwrap();
}

#[test]
fn an_ok_to_rows_that_were_not_read_is_not_believed() {
    let world = World::open();
    world.does("be load", |conn, _| {
        conn.json(&ok());
        conn.close();
    });
    let e = world.send().unwrap_err();
    assert!(e.lost && e.error.message.contains("before it could have read"), "{e}");

    let world = World::open();
    world.does("be load", |conn, _| {
        conn.go_on();
        conn.json(&ok());
        std::thread::sleep(Duration::from_millis(100));
        conn.close();
    });
    let e = world.send_body(&vec![b'x'; 32 << 20]).unwrap_err();
    assert!(e.lost && e.error.message.contains("before it could have read"), "in the midst of them: {e}");
}

#[test]
fn a_stale_connection_costs_no_try() {
    let world = World::open_with(|config| config.max_retries = 0);
    world.send().unwrap();
    world.closes("be load");
    world.send().unwrap();
    assert_eq!((world.taken_in(), world.log.retries(), world.be.connections()), (3, 0, 2));
}

#[test]
fn an_fe_that_refuses_for_now_is_asked_again() {
    let world = World::open();
    world.says("fe load", &failed("get database read lock timeout, database=db, timeout=5000ms"));
    world.send().unwrap();
    assert_eq!((world.taken_in(), world.log.retries()), (2, 1));
}

/// A BE in load-url is found out by a load without rows, if not when the transaction began.
#[test]
fn a_be_in_load_url_gets_the_rows_directly() {
    for begun_here in [true, false] {
        let world = if begun_here { World::new() } else { World::open() };
        let client = starrocks_load::Client::new(crate::common::config(&[world.be.url()])).unwrap();
        let transaction = crate::world::transaction(&[]);
        if begun_here {
            client.begin(&transaction, &world.log).unwrap();
        }
        for _ in 0..2 {
            client.send(&transaction, &BODY.to_vec(), &world.log).unwrap();
        }
        assert!(world.log.has(Level::Info, "takes loads itself"));
        assert_eq!(world.taken_in(), if begun_here { 2 } else { 3 });
        assert_eq!(world.count("be load"), if begun_here { 2 } else { 3 });
        let rows = Some(3 * lines(BODY) as u64 - if begun_here { 3 } else { 0 });
        client.prepare(&transaction, crate::world::totals(rows), &world.log).unwrap();
    }
}

#[test]
fn a_server_that_never_answers_is_given_up() {
    let world = World::open_with(|config| config.socket_timeout = Some(Duration::from_millis(200)));
    world.does("be load", |conn, site| {
        let _ = crate::world::be(conn, site);
        conn.hang();
    });
    let started = Instant::now();
    let e = world.send().unwrap_err();
    assert!(e.lost && e.error.code == ErrorCode::Timeout, "{e}");
    soon(started);
}
