//! Rolling back, and label states.

use std::time::Duration;

use starrocks_load::reply::LabelState;
use starrocks_load::{Client, ErrorCode, NoEvents, Rollback};

use crate::common::{LABEL, config, dead_port};
use crate::world::{World, failed, garbled, said, shown};

#[test]
fn whatever_state_it_is_in() {
    for (state, outcome, after) in [
        ("PREPARED", Rollback::RolledBack, "ABORTED"),
        ("ABORTED", Rollback::RolledBack, "ABORTED"),
        ("COMMITTED", Rollback::Committed, "COMMITTED"),
        ("VISIBLE", Rollback::Committed, "VISIBLE"),
    ] {
        let world = World::open();
        world.end_in(state, "");
        assert_eq!(world.rollback(), Ok(outcome), "{state}");
        assert_eq!(world.state(), after);
        assert_eq!(world.asked(), ["fe rollback"], "{state}: the answer is enough");
    }
    let world = World::open();
    assert_eq!(world.rollback(), Ok(Rollback::RolledBack));
    assert_eq!((world.state(), world.asked().len()), ("ABORTED", 2));
    assert_eq!(World::new().rollback(), Ok(Rollback::RolledBack));
}

#[test]
fn no_garbled_answer_decides() {
    for answer in garbled() {
        for done in [true, false] {
            let text = shown(&answer);
            let answer = answer.clone();
            let world = World::open();
            world.does("be rollback", move |conn, site| {
                if done {
                    site.set("ABORTED");
                }
                conn.raw(answer);
                conn.close();
            });
            assert_eq!(world.rollback(), Ok(Rollback::RolledBack), "{text}");
            assert_eq!(world.state(), "ABORTED", "{text}");
            assert_eq!(world.count("fe _cancel"), usize::from(!done), "{text}");
        }
    }
}

/// It was committed meanwhile: nothing may be sent again.
#[test]
fn what_is_committed_is_found_to_be() {
    for answer in [
        failed("transaction 7 state is COMMITTED, could not abort"),
        failed("Can not abort VISIBLE transaction 7, label is x"),
        said("INTERNAL_ERROR", "no", ""),
        said("TXN_NOT_EXISTS", "transaction with label x not exists", ""),
    ] {
        let world = World::open();
        world.end_in("VISIBLE", "").says("fe rollback", &answer);
        assert_eq!(world.rollback(), Ok(Rollback::Committed));
    }
    let world = World::open();
    world.does("be rollback", |conn, site| {
        site.set("COMMITTED");
        conn.close();
    });
    assert_eq!(world.rollback(), Ok(Rollback::Committed));
}

/// The BE was started anew, or is dead: the FE can roll back without it.
#[test]
fn an_orphan_is_cancelled_by_its_label() {
    let world = World::open();
    world.end_in("PREPARE", "");
    assert_eq!(world.rollback(), Ok(Rollback::RolledBack));
    assert_eq!(world.state(), "ABORTED");
    assert_eq!(world.seen("fe _cancel").line, format!("POST /api/db/t/_cancel?label={LABEL}"));
    assert_eq!(world.log.retries(), 0);

    let dead = dead_port();
    let world = World::open();
    world.does("fe rollback", move |conn, _| {
        conn.redirect(&format!("http://127.0.0.1:{dead}{}", conn.path));
    });
    assert_eq!(world.rollback(), Ok(Rollback::RolledBack));
    assert_eq!(world.state(), "ABORTED");
}

/// A load that nobody waits for any more goes on.
#[test]
fn a_request_in_processing_is_waited_for() {
    let world = World::open();
    for _ in 0..2 {
        world.says("be rollback", &said("TXN_IN_PROCESSING", "Transaction is in processing", ""));
    }
    assert_eq!(world.rollback(), Ok(Rollback::RolledBack));
    assert_eq!((world.count("be rollback"), world.log.retries()), (3, 0));

    // One that doesn't end.
    let world = World::open();
    for _ in 0..100 {
        world.says("be rollback", &said("TXN_IN_PROCESSING", "Transaction is in processing", ""));
    }
    assert_eq!(world.rollback(), Ok(Rollback::RolledBack));
    assert_eq!((world.state(), world.count("fe _cancel")), ("ABORTED", 1));
}

#[test]
fn what_stays_open_is_tried_again_and_then_told() {
    let stubborn = |tries: usize| {
        let world = World::prepared_with(|config| config.max_retries = 2);
        for _ in 0..tries {
            world.says("fe rollback", &failed("current fe is not master"));
        }
        world
    };
    let world = stubborn(2);
    assert_eq!(world.rollback(), Ok(Rollback::RolledBack));
    assert_eq!((world.state(), world.log.retries()), ("ABORTED", 2));

    let world = stubborn(3);
    let e = world.rollback().unwrap_err();
    assert!(e.retriable && e.message.contains("rollback of a transaction into db.t failed"), "{e}");
    assert_eq!(world.state(), "PREPARED");
}

/// No server answers the rollback: an unknown label is then asked for again.
#[test]
fn an_unknown_label_without_an_answer() {
    let world = World::prepared();
    world.closes("fe rollback").state_is("UNKNOWN");
    assert_eq!(world.rollback(), Ok(Rollback::RolledBack));
    assert_eq!((world.state(), world.log.retries()), ("ABORTED", 1));

    let world = World::with(|config| config.max_retries = 1);
    world.closes("fe rollback").closes("fe rollback");
    assert_eq!(world.rollback(), Ok(Rollback::RolledBack));
}

#[test]
fn states_are_given_as_they_are() {
    for (state, expected) in [
        ("UNKNOWN", LabelState::Unknown),
        ("PREPARE", LabelState::Prepare),
        ("PREPARED", LabelState::Prepared),
        ("COMMITTED", LabelState::Committed),
        ("VISIBLE", LabelState::Visible),
        ("ABORTED", LabelState::Aborted("why".to_owned())),
    ] {
        let world = World::open();
        world.end_in(state, "why");
        assert_eq!(world.client.label_state("db", LABEL, &NoEvents), Ok(expected));
        assert_eq!(world.asked(), ["fe state"]);
    }
}

#[test]
fn a_state_is_asked_for_until_there_is_one() {
    let world = World::prepared();
    world
        .does("fe state", |conn, _| conn.answer("500 Internal Server Error", "", "oops"))
        .does("fe state", |conn, _| conn.json(r#"{"state":"WHATEVER"}"#))
        .closes("fe state");
    assert_eq!(world.client.label_state("db", LABEL, &NoEvents), Ok(LabelState::Prepared));

    let mut config = config(&[format!("http://127.0.0.1:{}", dead_port())]);
    config.retry_interval = Duration::from_millis(1);
    let e = Client::new(config).unwrap().label_state("db", LABEL, &world.log).unwrap_err();
    assert_eq!((e.code, e.retriable, e.label.as_deref()), (ErrorCode::Connect, true, Some(LABEL)));
    assert!(e.message.contains("connection refused") && e.message.contains("database db"), "{e}");
}
