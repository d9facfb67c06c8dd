//! Committing: what was prepared gets in once, and nothing is taken for committed that isn't.

use std::time::{Duration, Instant};

use starrocks_load::{Commit, ErrorCode, Level};

use crate::common::LABEL;
use crate::world::{World, failed, fe, garbled, ok, said, shown};

#[test]
fn a_lost_answer_is_made_up_for() {
    let world = World::prepared();
    world.does("fe commit", |conn, site| {
        site.set("VISIBLE");
        conn.close();
    });
    assert_eq!(world.commit(), Ok(Commit::Committed));
    assert!(world.log.has(Level::Warn, "it is committed, but"), "{}", world.log.text());
    // And again, as after a restart.
    assert_eq!(world.commit(), Ok(Commit::Committed));
}

#[test]
fn no_garbled_answer_decides() {
    for answer in garbled() {
        for done in [true, false] {
            let text = shown(&answer);
            let answer = answer.clone();
            let world = World::prepared();
            world.does("fe commit", move |conn, site| {
                if done {
                    site.set("COMMITTED");
                }
                conn.raw(answer);
                conn.close();
            });
            assert_eq!(world.commit(), Ok(Commit::Committed), "{text}");
            assert_eq!(world.count("fe commit"), if done { 1 } else { 2 }, "{text}");
        }
    }
}

#[test]
fn a_publish_timeout_is_committed() {
    let world = World::prepared();
    world.says(
        "fe commit",
        &said("PUBLISH_TIMEOUT", "Publish timeout. The data will be visible after a while, x", ""),
    );
    assert_eq!(world.commit(), Ok(Commit::Committed));
    assert_eq!(world.count("fe state"), 0);
    assert!(world.log.has(Level::Info, "visible after a while"));
}

/// Servers say it in more than one way.
#[test]
fn committed_before_is_committed() {
    for answer in [
        said("OK", &format!("Transaction 7 has already committed, label is {LABEL}"), ""),
        failed(&format!("Transaction 7 has already committed, label is {LABEL}")),
    ] {
        let world = World::prepared();
        world.says("fe commit", &answer);
        assert_eq!(world.commit(), Ok(Commit::Committed));
        assert_eq!(world.count("fe state"), 0);
    }
}

#[test]
fn failures_while_it_stays_prepared_are_tried_again() {
    let world = World::prepared();
    world
        .says("fe commit", &failed("current fe is not master"))
        .does("fe commit", |conn, _| conn.answer("503 Service Unavailable", "", "starting"))
        .says("fe commit", &said("TXN_IN_PROCESSING", "Transaction is in processing", ""))
        .says("fe commit", &said("TIMEOUT", "", ""));
    assert_eq!(world.commit(), Ok(Commit::Committed));
    assert_eq!((world.state(), world.log.retries()), ("VISIBLE", 3));

    let world = World::prepared_with(|config| config.max_retries = 1);
    for _ in 0..2 {
        world.says("fe commit", &failed("current fe is not master"));
    }
    let e = world.commit().unwrap_err();
    assert!(e.retriable && e.code == ErrorCode::Load, "{e}");
    for part in ["commit of a transaction into db.t failed", "not master", LABEL, &world.fe.url(), "2 tries"]
    {
        assert!(e.message.contains(part), "{part}: {e}");
    }
    assert_eq!(world.state(), "PREPARED");
}

/// The publish wait ran out, in words that are not known.
#[test]
fn a_failure_of_what_is_committed_is_a_success() {
    for state in ["COMMITTED", "VISIBLE"] {
        let world = World::prepared();
        world.does("fe commit", move |conn, site| {
            site.set(state);
            conn.json(&failed("timed out"));
        });
        assert_eq!(world.commit(), Ok(Commit::Committed));
    }
}

#[test]
fn what_was_rolled_back_is_told_with_its_reason() {
    let world = World::prepared();
    world.end_in("ABORTED", "timeout by txn manager");
    assert_eq!(world.commit(), Ok(Commit::Aborted("timeout by txn manager".to_owned())));

    // Even where it is said under OK.
    world.says("fe commit", &said("OK", "Can not commit ABORTED transaction 7", ""));
    assert!(matches!(world.commit(), Ok(Commit::Aborted(_))));
}

#[test]
fn an_unknown_label_is_asked_for_several_times() {
    let world = World::new();
    let started = Instant::now();
    assert_eq!(world.commit(), Ok(Commit::Unknown));
    assert!(started.elapsed() >= Duration::from_secs(5));
    assert!(started.elapsed() < Duration::from_secs(15));
    assert!(world.count("fe state") >= 3);
    assert_eq!(world.log.retries(), 0);
}

/// A new leader that knows the transaction a little later.
#[test]
fn a_label_that_is_unknown_for_a_moment_is_committed() {
    let world = World::prepared();
    for _ in 0..3 {
        world.says("fe commit", &failed(&format!("No transaction found by label {LABEL}")));
        world.state_is("UNKNOWN");
    }
    assert_eq!(world.commit(), Ok(Commit::Committed));
    assert_eq!(world.state(), "VISIBLE");
}

#[test]
fn without_any_answer_it_is_not_decided() {
    let world = World::prepared_with(|config| config.max_retries = 1);
    // The second try's connection may be an old one, and is then tried anew.
    for _ in 0..3 {
        world.closes("fe commit");
    }
    for _ in 0..10 {
        world.does("fe state", |conn, _| conn.json(r#"{"status":"FAILED","msg":"unknown database"}"#));
    }
    let e = world.commit().unwrap_err();
    assert!(e.retriable, "{e}");
    assert_eq!(world.log.retries(), 1);

    let world = World::prepared_with(|config| config.password = starrocks_load::Secret::new("wrong"));
    let e = world.commit().unwrap_err();
    assert_eq!((e.code, e.retriable), (ErrorCode::Auth, false));
}

/// Old servers let the BE commit.
#[test]
fn a_commit_may_be_the_bes() {
    let world = World::open();
    world.loses("be commit");
    assert_eq!(world.commit(), Ok(Commit::Committed));
    assert_eq!(world.asked(), ["fe commit", "be commit", "fe state"]);
}

#[test]
fn the_publish_timeout_is_sent_in_whole_seconds() {
    for (millis, seconds) in [(0, None), (1, Some("1")), (1000, Some("1")), (1001, Some("2"))] {
        let world = World::prepared_with(|config| config.publish_timeout = Duration::from_millis(millis));
        world.commit().unwrap();
        assert_eq!(world.seen("fe commit").header("timeout"), seconds);
    }
    let world = World::prepared_with(|config| config.publish_timeout = Duration::from_secs(1));
    // What another says about itself is no answer for us.
    world.says("fe commit", &ok().replace(LABEL, "other")).does("fe commit", |conn, site| {
        let be = String::new();
        fe(conn, site, &be);
    });
    assert_eq!(world.commit(), Ok(Commit::Committed));
    assert_eq!(world.state(), "VISIBLE");
}
