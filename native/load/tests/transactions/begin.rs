//! Beginning, and finding out whether that can be done.

use starrocks_load::{ErrorCode, Level, NoEvents};

use crate::common::{LABEL, Server, config, dead_port};
use crate::world::{World, failed, garbled, ok, said, shown, transaction};

#[test]
fn a_lost_answer_gives_the_transaction_up() {
    let world = World::new();
    world.loses("be begin");
    let e = world.begin().unwrap_err();
    assert!(e.lost, "{e}");
    assert!(e.error.message.contains("LABEL_ALREADY_EXISTS") && e.error.message.contains("2 tries"), "{e}");
    assert_eq!(world.rollback(), Ok(starrocks_load::Rollback::RolledBack));
    assert_eq!(world.state(), "ABORTED");
}

/// Newer servers answer a repeated begin as they did the first.
#[test]
fn a_repeated_begin_that_is_ok_is_ok() {
    let world = World::new();
    world.loses("be begin").says("be begin", &ok());
    world.begin().unwrap();
    assert_eq!(world.log.retries(), 1);
    assert!(world.log.has(Level::Warn, "begin: try 1 of 4 failed"), "{}", world.log.text());
}

#[test]
fn no_garbled_answer_begins() {
    for answer in garbled() {
        let text = shown(&answer);
        let world = World::new();
        world.does("be begin", move |conn, site| {
            let _ = crate::world::be(conn, site);
            conn.raw(answer);
            conn.close();
        });
        let e = world.begin().expect_err(&text);
        assert!(e.lost, "{text}: {e}");
        assert_eq!(world.count("be begin"), 2, "{text}");
    }
}

/// The FE leads a label to the same BE for as long as it takes that one to be alive: another label is led to another one.
#[test]
fn a_label_whose_be_cannot_be_reached_is_given_up_at_once() {
    let dead = dead_port();
    let world = World::with(|config| config.retry_interval = std::time::Duration::from_secs(20));
    world.does("fe begin", move |conn, _| {
        conn.redirect(&format!("http://127.0.0.1:{dead}{}", conn.path));
    });
    let e = world.begin().unwrap_err();
    assert!(e.lost && e.error.retriable && e.error.code == ErrorCode::Connect, "{e}");
    assert!(e.error.message.contains("redirected to BE") && e.error.message.contains("host-mapping"), "{e}");
    assert_eq!((world.count("fe begin"), world.log.retries()), (1, 0));
    assert_eq!(world.rollback(), Ok(starrocks_load::Rollback::RolledBack));

    // An entry of load-url that is down says nothing of BEs.
    let world = World::with(|config| {
        config.load_urls = vec![starrocks_load::Endpoint::parse(&format!("127.0.0.1:{dead}")).unwrap()];
        config.max_retries = 1;
    });
    let e = world.begin().unwrap_err();
    assert!(e.lost && e.error.message.contains("2 tries"), "{e}");
}

/// A begin that went through on the FE, but failed on the BE, has used the label up.
#[test]
fn a_label_that_a_failed_try_used_up_is_given_up() {
    for again in [
        said(
            "INTERNAL_ERROR",
            &format!("Label [{LABEL}] has already been used."),
            ",\"ExistingJobStatus\":\"RUNNING\"",
        ),
        said(
            "LABEL_ALREADY_EXISTS",
            "Label [x] has already been used.",
            ",\"ExistingJobStatus\":\"RUNNING\"",
        ),
    ] {
        let world = World::new();
        world.says("be begin", &said("THRIFT_RPC_ERROR", "no answer", "")).says("be begin", &again);
        assert!(world.begin().unwrap_err().lost);
    }
}

#[test]
fn the_label_of_another_load_is_an_error() {
    let world = World::open();
    let e = world.begin().unwrap_err();
    assert!(!e.lost, "{e}");
    assert_eq!((e.error.code, e.error.retriable), (ErrorCode::Undecided, false));
    assert!(e.error.message.contains("another load has this label"), "{e}");
    assert_eq!(world.count("be begin"), 1);
}

#[test]
fn a_busy_server_is_asked_again() {
    for busy in [
        said("INTERNAL_ERROR", "current running txns on db 10 is 1000, larger than limit 1000", ""),
        said("SERVICE_UNAVAILABLE", "Service is shutting down, please retry later!", ""),
        said("TXN_IN_PROCESSING", "Transaction in processing, please retry later", ""),
    ] {
        let world = World::new();
        world.says("be begin", &busy).says("be begin", &busy);
        world.begin().unwrap();
        assert_eq!(world.log.retries(), 2);
    }
    let world = World::new();
    world.says("fe begin", &failed("No backend alive."));
    world.begin().unwrap();

    let world = World::with(|config| config.max_retries = 1);
    let busy = said("INTERNAL_ERROR", "too many versions", "");
    world.says("be begin", &busy).says("be begin", &busy);
    let e = world.begin().unwrap_err();
    assert!(e.lost && e.error.retriable);
    for part in [
        "begin of a transaction into db.t failed",
        "too many versions",
        LABEL,
        &world.fe.url(),
        &world.be.url(),
        "HTTP status 200",
        "status 'INTERNAL_ERROR'",
        "2 tries",
    ] {
        assert!(e.error.message.contains(part), "{part}: {e}");
    }
}

#[test]
fn what_cannot_begin_is_not_tried_again() {
    for (status, message, code) in [
        (
            "INTERNAL_ERROR",
            "Access denied; you need (at least one of) the INSERT privilege(s)",
            ErrorCode::Auth,
        ),
        ("NOT_AUTHORIZED", "no", ErrorCode::Auth),
        ("INTERNAL_ERROR", "unknown table \\\"db.t\\\"", ErrorCode::Schema),
        ("FAILED", "Not implemented", ErrorCode::Config),
        ("INVALID_ARGUMENT", "Invalid timeout: x", ErrorCode::Config),
    ] {
        let world = World::new();
        world.says("be begin", &said(status, message, ""));
        let e = world.begin().unwrap_err();
        assert_eq!((e.lost, e.error.code, e.error.retriable), (false, code, false), "{e}");
        assert_eq!(world.log.retries(), 0);
    }
    let world = World::with(|config| config.password = starrocks_load::Secret::new("wrong"));
    let e = world.begin().unwrap_err();
    assert_eq!((e.lost, e.error.code, e.error.http_status), (false, ErrorCode::Auth, Some(401)));
}

#[test]
fn nothing_is_asked_under_a_bad_name() {
    let world = World::new();
    let header = |name: &str| vec![(name.to_owned(), "x".to_owned())];
    for name in ["Label", "db", "TABLE", "transaction_type", "channel_id", "expect"] {
        let headers = header(name);
        let e = world.client.begin(&transaction(&headers), &NoEvents).unwrap_err();
        assert_eq!((e.lost, e.error.code), (false, ErrorCode::Config));
        assert!(e.error.message.to_lowercase().contains(&format!("'{}'", name.to_lowercase())), "{e}");
    }
    let bad = starrocks_load::Transaction { label: "a b", ..transaction(&[]) };
    assert_eq!(world.client.commit(&bad, &NoEvents).unwrap_err().code, ErrorCode::Config);
    let e = world.client.send(&transaction(&[]), &Vec::new(), &NoEvents).unwrap_err();
    assert!(!e.lost && e.error.message.contains("it is empty"), "{e}");
    assert!(world.asked().is_empty());
}

#[test]
fn servers_tell_whether_they_have_transactions() {
    let has = |world: &World| world.client.has_transactions(&world.log);
    let world = World::new();
    assert_eq!(has(&world), Ok(true));
    let seen = world.seen("fe begin");
    assert_eq!(seen.line, "POST /api/transaction/begin");
    assert_eq!([seen.header("label"), seen.header("db"), seen.header("table")], [None; 3]);

    for old in [
        r#"{"status":"FAILED","msg":"Not implemented"}"#,
        r#"{"Status":"FAILED","Message":"not implemented"}"#,
    ] {
        world.says("fe begin", old);
        assert_eq!(has(&world), Ok(false));
    }

    // Of a BE.
    let client = starrocks_load::Client::new(config(&[world.be.url()])).unwrap();
    world.says("be begin", r#"{"Status":"INVALID_ARGUMENT","Message":"empty label"}"#);
    assert_eq!(client.has_transactions(&NoEvents), Ok(true));

    // Of the leader, when it is back.
    let leader = Server::start(|conn| conn.json(r#"{"status":"FAILED","msg":"Not implemented"}"#));
    let to = leader.url();
    world.does("fe begin", |conn, _| conn.answer("503 Service Unavailable", "", "starting"));
    world.does("fe begin", move |conn, _| conn.redirect(&format!("{to}{}", conn.path)));
    assert_eq!(has(&world), Ok(false));
    assert_eq!(world.log.retries(), 1);
}

/// What FEs without the interface may do instead of saying so.
#[test]
fn an_fe_that_knows_no_such_path_has_no_transactions() {
    for status in ["404 Not Found", "405 Method Not Allowed", "501 Not Implemented"] {
        let world = World::with(|config| config.max_retries = 0);
        world.does("fe begin", move |conn, _| conn.answer(status, "", "<html>no</html>"));
        assert_eq!(world.client.has_transactions(&world.log), Ok(false), "{status}");
        assert!(world.log.has(Level::Info, "as before StarRocks 2.4"), "{}", world.log.text());
        assert_eq!(world.asked(), ["fe begin", "fe state"]);
        let seen = world.seen("fe state");
        assert_eq!(seen.header("authorization"), Some(crate::common::AUTHORIZATION));
    }
    // In the words of one that has no such database, and of a follower.
    let leader = Server::start(|conn| {
        conn.json(r#"{"status":"FAILED","code":"1","msg":"unknown database, database=x"}"#)
    });
    let to = leader.url();
    let world = World::with(|config| config.max_retries = 0);
    world.does("fe begin", |conn, _| conn.answer("404 Not Found", "", ""));
    world.does("fe state", move |conn, _| conn.redirect(&format!("{to}{}", conn.path)));
    assert_eq!(world.client.has_transactions(&world.log), Ok(false));

    // One that can't be reached says nothing of what the others are.
    let world = World::with(|config| {
        config.max_retries = 0;
        let dead = format!("http://127.0.0.1:{}", dead_port());
        config.load_urls.push(starrocks_load::Endpoint::parse(&dead).unwrap());
    });
    world.does("fe begin", |conn, _| conn.answer("404 Not Found", "", ""));
    assert_eq!(world.client.has_transactions(&world.log), Ok(false));
}

/// Whatever isn't an FE, or stands before one that is not up, doesn't know the path either.
#[test]
fn a_path_that_is_not_known_says_nothing_where_no_fe_is() {
    for state in ["404 Not Found", "503 Service Unavailable", "200 OK"] {
        let world = World::with(|config| config.max_retries = 1);
        for _ in 0..2 {
            world.does("fe begin", |conn, _| conn.answer("404 Not Found", "", "no such page"));
            world.does("fe state", move |conn, _| conn.answer(state, "", "no such page"));
        }
        let e = world.client.has_transactions(&world.log).unwrap_err();
        assert!(e.message.contains("no such page") && e.message.contains("2 tries"), "{e}");
        assert_eq!((world.count("fe begin"), world.count("fe state")), (2, 2), "{state}");
    }
    // It is there in the end.
    let world = World::with(|config| config.max_retries = 1);
    world.does("fe begin", |conn, _| conn.answer("404 Not Found", "", ""));
    world.does("fe state", |conn, _| conn.answer("404 Not Found", "", ""));
    assert_eq!(world.client.has_transactions(&world.log), Ok(true));

    // Some other answer of one of them: it may have transactions.
    let starting = Server::start(|conn| conn.answer("503 Service Unavailable", "", "starting"));
    let world = World::with(|config| {
        config.max_retries = 0;
        config.load_urls.push(starrocks_load::Endpoint::parse(&starting.url()).unwrap());
    });
    world.does("fe begin", |conn, _| conn.answer("404 Not Found", "", ""));
    let e = world.client.has_transactions(&world.log).unwrap_err();
    assert!(e.message.contains("starting"), "{e}");

    let world = World::with(|config| config.password = starrocks_load::Secret::new("wrong"));
    world.does("fe begin", |conn, _| conn.answer("404 Not Found", "", ""));
    let e = world.client.has_transactions(&world.log).unwrap_err();
    assert_eq!((e.code, e.retriable), (ErrorCode::Auth, false), "{e}");
    assert!(e.message.contains("check username and password"), "{e}");
}

#[test]
fn no_answer_is_not_taken_for_a_lack_of_transactions() {
    let world = World::with(|config| config.password = starrocks_load::Secret::new("wrong"));
    assert_eq!(world.client.has_transactions(&world.log).unwrap_err().code, ErrorCode::Auth);

    let world = World::with(|config| config.max_retries = 1);
    for _ in 0..2 {
        world.says("fe begin", "<html></html>");
    }
    let e = world.client.has_transactions(&world.log).unwrap_err();
    assert!(
        e.message.contains("<html>") && e.message.contains("2 tries") && !e.message.contains("label"),
        "{e}"
    );

    let client = starrocks_load::Client::new(config(&[format!("http://127.0.0.1:{}", dead_port())])).unwrap();
    assert_eq!(client.has_transactions(&NoEvents).unwrap_err().code, ErrorCode::Connect);
}
