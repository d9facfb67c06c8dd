//! Whatever happens to requests and answers: a batch is in the table once, or the load fails and says so.

mod common;

use std::time::{Duration, Instant};

use common::*;
use starrocks_load::{Client, ClientConfig, ErrorCode, Level, Load, NoEvents};

#[test]
fn a_load_goes_through_fe_and_be_with_credentials_and_headers() {
    let cluster = Cluster::start();
    let (result, log) = cluster.load();
    let loaded = result.unwrap();
    cluster.assert_loaded_once(BODY);
    assert_eq!((loaded.txn_id, loaded.total_rows, loaded.loaded_rows), (Some(7), Some(3), Some(3)));
    assert_eq!((loaded.load_bytes, loaded.load_ms, loaded.retries), (Some(BODY.len() as u64), Some(5), 0));
    assert!(loaded.elapsed >= loaded.elapsed_without_retries);
    assert_eq!(log.text(), "[]", "a load that just works says nothing");

    let state = cluster.shared.lock();
    assert_eq!(state.questions, 0);
    assert_eq!((state.fe_seen.len(), state.be_seen.len()), (1, 1));
    for seen in [&state.fe_seen[0], &state.be_seen[0]] {
        assert_eq!(seen.line, "PUT /api/db/t/_stream_load");
        for (name, value) in [
            ("authorization", AUTHORIZATION),
            ("expect", "100-continue"),
            ("format", "csv"),
            ("columns", "a, b"),
            ("timeout", "600"),
            ("accept-encoding", "identity"),
        ] {
            assert_eq!(seen.header(name), Some(value));
        }
        assert_eq!(seen.header("transfer-encoding"), None);
    }
    let label_and_length = |seen: &Seen| {
        [seen.header("label"), seen.header("content-length")].map(|text| text.map(str::to_owned))
    };
    assert_eq!(label_and_length(&state.fe_seen[0]), [None, Some("0".to_owned())]);
    assert_eq!(label_and_length(&state.be_seen[0]), [LABEL, "12"].map(|text| Some(text.to_owned())));
}

#[test]
fn names_are_percent_encoded_and_the_users_timeout_kept() {
    let cluster = Cluster::start();
    let client = Client::new(cluster.config()).unwrap();
    let headers = [("timeout".to_owned(), "77".to_owned()), ("columns".to_owned(), "ü".to_owned())];
    let body = BODY.to_vec();
    let load = Load {
        database: "d/b",
        table: "tä",
        label: LABEL,
        headers: &headers,
        body: &body,
        rows: None,
        earlier: false,
    };
    client.load(&load, &NoEvents).unwrap();
    let state = cluster.shared.lock();
    assert_eq!(state.be_seen[0].line, "PUT /api/d%2Fb/t%C3%A4/_stream_load");
    assert_eq!(state.be_seen[0].header("timeout"), Some("77"));
    assert_eq!(state.be_seen[0].header("columns"), Some("ü"));
    drop(state);

    // One that no clock can count is for the server to refuse.
    cluster.shared.lock().labels.clear();
    let headers = [("timeout".to_owned(), u64::MAX.to_string())];
    client.load(&Load { headers: &headers, ..load }, &NoEvents).unwrap();
}

#[test]
fn what_cannot_be_sent_is_refused_before_anything_is() {
    let cluster = Cluster::start();
    let client = Client::new(cluster.config()).unwrap();
    let long = "x".repeat(129);
    let body = BODY.to_vec();
    let empty = Vec::new();
    let header = |name: &str, value: &str| vec![(name.to_owned(), value.to_owned())];
    for (label, headers, body) in [
        ("", vec![], &body),
        ("a b", vec![], &body),
        (&long, vec![], &body),
        (LABEL, vec![], &empty),
        (LABEL, header("Label", "x"), &body),
        (LABEL, header("authorization", "x"), &body),
        (LABEL, header("columns", "a\nb"), &body),
        (LABEL, header("a b", "c"), &body),
    ] {
        let load =
            Load { database: "d", table: "t", label, headers: &headers, body, rows: None, earlier: false };
        let e = client.load(&load, &NoEvents).unwrap_err();
        assert_eq!(e.code, ErrorCode::Config, "{e}");
    }
    assert!(cluster.shared.lock().fe_seen.is_empty());
}

/// The answer is lost after the commit: the label says that it is there.
#[test]
fn a_lost_answer_after_the_commit() {
    let cluster = Cluster::start();
    cluster.be_does(|conn, shared| {
        let body = conn.body();
        shared.commit(conn, body);
        conn.close();
    });
    let (result, log) = cluster.load();
    assert_eq!(result.unwrap().retries, 0);
    cluster.assert_loaded_once(BODY);
    assert!(log.has(Level::Warn, "its label is VISIBLE"), "{}", log.text());
}

#[test]
fn an_answer_that_comes_too_late() {
    let cluster = Cluster::start();
    cluster.be_does(|conn, shared| {
        let body = conn.body();
        shared.commit(conn, body);
        conn.hang();
    });
    let mut config = cluster.config();
    config.socket_timeout = Some(Duration::from_millis(200));
    let (result, _) = load_with(config, BODY);
    result.unwrap();
    cluster.assert_loaded_once(BODY);
}

#[test]
fn a_load_that_died_before_the_commit_is_sent_again() {
    let cluster = Cluster::start();
    cluster.be_does(|conn, shared| {
        let _ = conn.body();
        shared.set_label(LABEL, "ABORTED");
        conn.close();
    });
    let (result, log) = cluster.load();
    assert_eq!(result.unwrap().retries, 1);
    assert_eq!(log.retries(), 1);
    cluster.assert_loaded_once(BODY);
}

/// The server holds on to the load for a while.
fn held(end: &'static str) -> Cluster {
    let cluster = Cluster::start();
    cluster.be_does(move |conn, shared| {
        let body = conn.body();
        shared.set_label(LABEL, "PREPARE");
        if end == "VISIBLE" {
            shared.lock().committed.push((LABEL.to_owned(), body));
        }
        let later = shared.clone();
        std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(400));
            later.set_label(LABEL, end);
        });
        conn.close();
    });
    cluster
}

#[test]
fn a_load_that_still_runs_is_waited_for() {
    let cluster = held("VISIBLE");
    let (result, _) = cluster.load();
    assert_eq!(result.unwrap().retries, 0);
    cluster.assert_loaded_once(BODY);
    assert!((3..20).contains(&cluster.shared.lock().questions));
}

#[test]
fn a_load_that_ran_and_was_rolled_back_is_sent_again() {
    let cluster = held("ABORTED");
    let (result, _) = cluster.load();
    assert_eq!(result.unwrap().retries, 1);
    cluster.assert_loaded_once(BODY);
}

#[test]
fn a_running_label_of_an_earlier_try_is_waited_for() {
    let cluster = held("VISIBLE");
    // The first question is answered wrongly: the second try then meets the running load.
    cluster.state_says("UNKNOWN");
    let (result, _) = cluster.load();
    assert_eq!(result.unwrap().retries, 1);
    cluster.assert_loaded_once(BODY);
}

/// How long in these tests a load whose connection broke may seem to run.
const ORPHAN_PATIENCE: Duration = Duration::from_millis(300);

/// The next load's connection breaks, and the FE says that it runs: the BE is dead, and nobody has told the FE.
fn leaves_an_orphan(cluster: &Cluster, reads_all: bool) {
    cluster.be_does(move |conn, shared| {
        shared.set_label(LABEL, "PREPARE");
        conn.go_on();
        if reads_all {
            let _ = conn.silent_body();
        }
        conn.close();
    });
}

fn load_with_orphan_patience(
    cluster: &Cluster,
    body: &[u8],
) -> (Result<starrocks_load::Loaded, starrocks_load::LoadError>, Log) {
    let mut config = cluster.config();
    config.orphan_patience = ORPHAN_PATIENCE;
    let (log, body) = (Log::default(), body.to_vec());
    // What is waited for at most.
    let headers = [("timeout".to_owned(), "5".to_owned())];
    let load = Load {
        database: "db",
        table: "t",
        label: LABEL,
        headers: &headers,
        body: &body,
        rows: Some(lines(&body) as u64),
        earlier: false,
    };
    (Client::new(config).unwrap().load(&load, &log), log)
}

/// The FE would hold on to it for the load's whole timeout, ten minutes if the user doesn't say otherwise.
#[test]
fn a_load_whose_be_died_is_rolled_back_and_sent_again() {
    let big = vec![b'\n'; 32 << 20];
    for (reads_all, body) in [(false, &big[..]), (true, BODY)] {
        let cluster = Cluster::start();
        leaves_an_orphan(&cluster, reads_all);
        let started = Instant::now();
        let (result, log) = load_with_orphan_patience(&cluster, body);
        assert_eq!(result.unwrap().retries, 1, "{}", log.text());
        assert!(started.elapsed() >= ORPHAN_PATIENCE, "it may have been about to end");
        assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
        assert!(log.has(Level::Warn, "rolled back by its label"), "{}", log.text());
        cluster.assert_loaded_once(body);
        let state = cluster.shared.lock();
        assert_eq!(state.cancels, 1);
        assert!(state.be_seen.iter().all(|seen| seen.header("label") == Some(LABEL)));
        let cancel = state.fe_seen.iter().find(|seen| seen.line.contains("_cancel")).unwrap();
        assert_eq!(cancel.line, format!("POST /api/db/t/_cancel?label={LABEL}"));
    }
}

/// The connection broke, and the BE goes on with what it has.
#[test]
fn a_load_that_is_committed_before_it_can_be_rolled_back_is_not_sent_again() {
    let cluster = Cluster::start();
    leaves_an_orphan(&cluster, true);
    let shared = cluster.shared.clone();
    cluster.cancel_does(move |conn| {
        shared.set_label(LABEL, "VISIBLE");
        shared.lock().committed.push((LABEL.to_owned(), BODY.to_vec()));
        conn.json(r#"{"status":"FAILED","code":"1","msg":"running transaction not found, label=x"}"#);
    });
    let (result, log) = load_with_orphan_patience(&cluster, BODY);
    assert_eq!(result.unwrap().retries, 0, "{}", log.text());
    cluster.assert_loaded_once(BODY);
    assert_eq!(cluster.shared.lock().be_seen.len(), 1);
}

/// Nothing is sent again before the server has said that the load is over.
#[test]
fn a_load_that_cannot_be_rolled_back_is_waited_for() {
    for answer in ["503 Service Unavailable", "200 OK"] {
        let cluster = Cluster::start();
        leaves_an_orphan(&cluster, true);
        let shared = cluster.shared.clone();
        cluster.cancel_does(move |conn| {
            conn.answer(answer, "", r#"{"status":"FAILED","code":"1","msg":"no"}"#);
            std::thread::spawn(move || {
                std::thread::sleep(Duration::from_millis(500));
                shared.lock().committed.push((LABEL.to_owned(), BODY.to_vec()));
                shared.set_label(LABEL, "VISIBLE");
            });
        });
        let (result, log) = load_with_orphan_patience(&cluster, BODY);
        assert_eq!(result.unwrap().retries, 0, "{}", log.text());
        cluster.assert_loaded_once(BODY);
    }
}

/// Something on the way closes connections that are quiet for as long as the BE needs: it is given the time the second time.
#[test]
fn a_load_that_has_all_its_rows_is_rolled_back_once() {
    let cluster = Cluster::start();
    leaves_an_orphan(&cluster, true);
    cluster.be_does(|conn, shared| {
        let body = conn.body();
        shared.set_label(LABEL, "PREPARE");
        let later = shared.clone();
        std::thread::spawn(move || {
            std::thread::sleep(4 * ORPHAN_PATIENCE);
            later.lock().committed.push((LABEL.to_owned(), body));
            later.set_label(LABEL, "VISIBLE");
        });
        conn.close();
    });
    let (result, log) = load_with_orphan_patience(&cluster, BODY);
    assert_eq!(result.unwrap().retries, 1, "{}", log.text());
    cluster.assert_loaded_once(BODY);
    assert_eq!(cluster.shared.lock().cancels, 1);
}

/// Where somebody may still work on it, and that is not known to be in vain.
#[test]
fn a_load_that_may_be_under_way_is_not_rolled_back() {
    // We were too impatient.
    let cluster = Cluster::start();
    cluster.be_does(|conn, shared| {
        let body = conn.body();
        shared.set_label(LABEL, "PREPARE");
        let later = shared.clone();
        std::thread::spawn(move || {
            std::thread::sleep(4 * ORPHAN_PATIENCE);
            later.lock().committed.push((LABEL.to_owned(), body));
            later.set_label(LABEL, "VISIBLE");
        });
        conn.hang();
    });
    let mut config = cluster.config();
    config.orphan_patience = ORPHAN_PATIENCE;
    config.socket_timeout = Some(Duration::from_millis(200));
    assert_eq!(load_with(config, BODY).0.unwrap().retries, 0);
    cluster.assert_loaded_once(BODY);
    assert_eq!(cluster.shared.lock().cancels, 0);

    // It is that of another request.
    let cluster = Cluster::start();
    cluster.shared.set_label(LABEL, "PREPARE");
    let later = cluster.shared.clone();
    std::thread::spawn(move || {
        std::thread::sleep(4 * ORPHAN_PATIENCE);
        later.lock().committed.push((LABEL.to_owned(), BODY.to_vec()));
        later.set_label(LABEL, "VISIBLE");
    });
    let mut config = cluster.config();
    config.orphan_patience = ORPHAN_PATIENCE;
    load_again_with(config).0.unwrap();
    cluster.assert_loaded_once(BODY);
    assert_eq!(cluster.shared.lock().cancels, 0);
}

#[test]
fn a_label_that_another_load_has_is_an_error() {
    for state in ["VISIBLE", "PREPARE"] {
        let cluster = Cluster::start();
        cluster.shared.set_label(LABEL, state);
        let e = cluster.load().0.unwrap_err();
        assert_eq!(e.code, ErrorCode::Undecided);
        assert!(!e.retriable);
        assert!(e.message.contains("another load has this label") && e.message.contains(LABEL), "{e}");
        cluster.assert_nothing_loaded();
    }
    let cluster = Cluster::start();
    cluster.be_fails(&failure("cancel stream task for exception: Label [x] has already been used."));
    assert_eq!(cluster.load().0.unwrap_err().code, ErrorCode::Undecided);
}

fn load_again(cluster: &Cluster) -> (Result<starrocks_load::Loaded, starrocks_load::LoadError>, Log) {
    load_again_with(cluster.config())
}

fn load_again_with(config: ClientConfig) -> (Result<starrocks_load::Loaded, starrocks_load::LoadError>, Log) {
    let log = Log::default();
    let headers = headers();
    let body = BODY.to_vec();
    let load = Load {
        database: "db",
        table: "t",
        label: LABEL,
        headers: &headers,
        body: &body,
        rows: Some(3),
        earlier: true,
    };
    (Client::new(config).unwrap().load(&load, &log), log)
}

/// A batch of a checkpoint's state, that a session before may have loaded.
#[test]
fn what_an_earlier_session_loaded_is_loaded() {
    let committed = || {
        let cluster = Cluster::start();
        cluster.shared.lock().committed.push((LABEL.to_owned(), BODY.to_vec()));
        cluster
    };
    for state in ["COMMITTED", "VISIBLE"] {
        let cluster = committed();
        cluster.shared.set_label(LABEL, state);
        let (result, log) = load_again(&cluster);
        assert_eq!((result.unwrap().total_rows, log.retries()), (None, 0));
        assert_eq!(cluster.shared.lock().questions, 0);
        cluster.assert_loaded_once(BODY);
    }
    // In the words of versions after 3.2.11.
    let cluster = committed();
    cluster.be_does(|conn, shared| {
        shared.set_label(LABEL, "VISIBLE");
        conn.json(&failure("cancel stream task for exception: Label [test-label-1] has already been used."));
        conn.close();
    });
    load_again(&cluster).0.unwrap();
    cluster.assert_loaded_once(BODY);
}

#[test]
fn what_an_earlier_session_left_running_is_waited_for() {
    for end in ["VISIBLE", "ABORTED"] {
        let cluster = Cluster::start();
        cluster.shared.set_label(LABEL, "PREPARE");
        for _ in 0..2 {
            cluster.state_says("PREPARE");
        }
        let shared = cluster.shared.clone();
        cluster.state_does(move |conn| {
            if end == "VISIBLE" {
                shared.lock().committed.push((LABEL.to_owned(), BODY.to_vec()));
            }
            shared.set_label(LABEL, end);
            conn.json(&format!(r#"{{"state":"{end}","status":"OK"}}"#));
        });
        let (result, log) = load_again(&cluster);
        assert_eq!(result.unwrap().retries, u32::from(end == "ABORTED"), "{}", log.text());
        cluster.assert_loaded_once(BODY);
    }
}

#[test]
fn what_no_earlier_session_loaded_is_loaded_now() {
    let cluster = Cluster::start();
    assert_eq!(load_again(&cluster).0.unwrap().total_rows, Some(3));
    cluster.assert_loaded_once(BODY);
    assert_eq!(cluster.shared.lock().questions, 0);
}

/// It may be in, and nobody says: then that is the error, and not that it failed.
#[test]
fn what_an_earlier_session_left_running_may_stay_undecided() {
    let cluster = Cluster::start();
    cluster.shared.set_label(LABEL, "PREPARE");
    for _ in 0..100 {
        cluster.state_does(|conn| conn.answer("500 Internal Server Error", "", "oops"));
    }
    let e = load_again(&cluster).0.unwrap_err();
    assert_eq!(e.code, ErrorCode::Undecided, "{e}");
    cluster.assert_nothing_loaded();
}

/// An FE was not told the label: what it says of one is not about ours.
#[test]
fn a_label_that_the_fe_says_it_knows_is_not_believed() {
    let cluster = Cluster::start();
    cluster.fe_does(|conn| {
        conn.json(r#"{"Status":"Label Already Exists","ExistingJobStatus":"FINISHED","Message":"x"}"#);
    });
    assert_eq!(load_again(&cluster).0.unwrap().retries, 1);
    cluster.assert_loaded_once(BODY);
}

/// Versions after 3.2.11 answer a used label in other words.
#[test]
fn a_used_label_after_a_lost_answer_is_ours() {
    let cluster = Cluster::start();
    cluster
        .be_does(|conn, shared| {
            let body = conn.body();
            shared.commit(conn, body);
            conn.close();
        })
        .state_says("UNKNOWN")
        .be_does(|conn, _| {
            conn.json(&failure(
                "cancel stream task for exception: Label [test-label-1] has already been used.",
            ));
            conn.close();
        });
    assert_eq!(cluster.load().0.unwrap().retries, 1);
    cluster.assert_loaded_once(BODY);
}

#[test]
fn a_publish_timeout_is_a_success_and_never_sent_again() {
    let cluster = Cluster::start();
    cluster.be_does(|conn, shared| {
        let body = conn.body();
        let text = success(LABEL, 3, body.len())
            .replace("Success", "Publish Timeout")
            .replace("\"OK\"", "\"Publish timeout. The data will be visible after a while, x\"");
        shared.commit(conn, body);
        conn.json(&text);
    });
    let (result, log) = cluster.load();
    assert_eq!(result.unwrap().loaded_rows, Some(3));
    assert!(log.has(Level::Info, "visible after a while"));
    assert_eq!(cluster.shared.lock().be_seen.len(), 1);
}

#[test]
fn a_server_that_does_not_know_whether_it_committed() {
    let text = "Commit transaction fail cause THRIFT_EAGAIN, Transaction status unknown, you can retry with same label.";
    let cluster = Cluster::start();
    cluster.be_does(move |conn, shared| {
        let body = conn.body();
        shared.commit(conn, body);
        conn.json(&failure(text));
    });
    assert_eq!(cluster.load().0.unwrap().retries, 0);
    cluster.assert_loaded_once(BODY);

    let cluster = Cluster::start();
    cluster.be_fails(&failure(text));
    assert_eq!(cluster.load().0.unwrap().retries, 1);
    cluster.assert_loaded_once(BODY);
}

fn lose_answer_after_commit(cluster: &Cluster) {
    cluster.be_does(|conn, shared| {
        let body = conn.body();
        shared.commit(conn, body);
        conn.close();
    });
}

#[test]
fn a_state_that_is_hard_to_get_is_asked_for_again() {
    let cluster = Cluster::start();
    lose_answer_after_commit(&cluster);
    let leader = Server::start(|conn| {
        assert_eq!(conn.header("authorization"), Some(AUTHORIZATION));
        conn.json(r#"{"state":"COMMITTED","status":"OK"}"#);
    });
    let to = leader.url();
    cluster
        .state_does(|conn| conn.answer("500 Internal Server Error", "", "oops"))
        .state_does(|conn| conn.json(r#"{"status":"FAILED","msg":"unknown database, database=db"}"#))
        .state_does(move |conn| conn.redirect(&format!("{to}{}", conn.path)));
    let mut config = cluster.config();
    config.retry_interval = Duration::from_secs(10);
    load_with(config, BODY).0.unwrap();
    cluster.assert_loaded_once(BODY);

    let cluster = Cluster::start();
    lose_answer_after_commit(&cluster);
    cluster.state_does(|conn| conn.json(r#"{"state":"WHATEVER"}"#)).state_does(|conn| conn.close());
    cluster.load().0.unwrap();
    cluster.assert_loaded_once(BODY);
}

#[test]
fn a_state_that_is_not_to_be_had_is_undecided() {
    let cluster = Cluster::start();
    lose_answer_after_commit(&cluster);
    for _ in 0..100 {
        cluster.state_does(|conn| conn.answer("500 Internal Server Error", "", "oops"));
    }
    let e = cluster.load().0.unwrap_err();
    assert_eq!(e.code, ErrorCode::Undecided);
    assert!(e.message.contains("not known") && e.message.contains("HTTP status 500"), "{e}");
    assert_eq!(cluster.shared.lock().be_seen.len(), 1, "it must not be sent again");
    assert!(cluster.shared.lock().questions >= 3);
}

/// The label was evicted: the same bytes may only go out again while the first send is recent.
#[test]
fn an_unknown_label_allows_a_resend_only_for_a_while() {
    let lost = |cluster: &Cluster| {
        cluster.be_does(|conn, _| {
            let _ = conn.body();
            conn.close();
        });
    };
    let cluster = Cluster::start();
    lost(&cluster);
    assert_eq!(cluster.load().0.unwrap().retries, 1);
    cluster.assert_loaded_once(BODY);

    let cluster = Cluster::start();
    lost(&cluster);
    let mut config = cluster.config();
    config.resend_window = Duration::ZERO;
    let e = load_with(config, BODY).0.unwrap_err();
    assert_eq!(e.code, ErrorCode::Undecided);
    assert!(e.message.contains("forgotten"), "{e}");
    cluster.assert_nothing_loaded();

    // What counts is when it was last known not to be committed: while it ran, or when it was rolled back.
    let window = Duration::from_millis(500);
    let cluster = Cluster::start();
    let mut config = cluster.config();
    config.resend_window = window;
    lost(&cluster);
    for _ in 0..3 {
        cluster.state_does(move |conn| {
            std::thread::sleep(window / 2);
            conn.json(r#"{"state":"PREPARE"}"#);
        });
    }
    load_with(config.clone(), BODY).0.unwrap();
    cluster.assert_loaded_once(BODY);

    let cluster = Cluster::start();
    config.load_urls = cluster.config().load_urls;
    lost(&cluster);
    cluster.state_says("ABORTED");
    cluster.be_does(move |conn, _| {
        let _ = conn.body();
        std::thread::sleep(2 * window);
        conn.close();
    });
    assert_eq!(load_with(config, BODY).0.unwrap().retries, 2);
    cluster.assert_loaded_once(BODY);
}

#[test]
fn rows_that_the_server_did_not_count_are_an_error() {
    let cluster = Cluster::start();
    cluster.be_does(|conn, shared| {
        let body = conn.body();
        shared.commit(conn, body);
        conn.json(&success(LABEL, 2, BODY.len()));
    });
    let e = cluster.load().0.unwrap_err();
    assert_eq!(e.code, ErrorCode::Load);
    assert!(!e.retriable);
    assert!(e.message.contains("counted 2 rows where 3 were sent"), "{e}");
}

#[test]
fn filtered_rows_and_odd_counts_are_reported() {
    let cluster = Cluster::start();
    cluster.be_does(|conn, shared| {
        let body = conn.body();
        shared.commit(conn, body);
        let text = success(LABEL, 4, 1)
            .replace("\"NumberFilteredRows\":0", "\"NumberFilteredRows\":1,\"ErrorURL\":\"http://be/x\"");
        conn.json(&text);
    });
    let (result, log) = cluster.load();
    assert_eq!(result.unwrap().filtered_rows, Some(1));
    assert!(log.has(Level::Warn, "left out 1 rows") && log.has(Level::Warn, "http://be/x"));
    assert!(log.has(Level::Warn, "counted 4 rows where 3 were sent"));
    assert!(log.has(Level::Warn, "counted 1 bytes where 12 were sent"));
}

/// Answers that can't be understood are no success: the label decides, for either outcome.
#[test]
fn answers_that_cannot_be_understood() {
    let good = success(LABEL, 3, BODY.len());
    let with_length = |body: &str| format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len());
    let answers: Vec<Vec<u8>> = vec![
        with_length(&good[..good.len() - 2]).into_bytes(),
        format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{}", good.len() + 10, good).into_bytes(),
        with_length(&format!("{good}trailing")).into_bytes(),
        with_length("").into_bytes(),
        with_length("<html>502 Bad Gateway</html>").into_bytes(),
        with_length(&good.replace("Success", "Splendid")).into_bytes(),
        with_length(&good.replace("Success", "OK")).into_bytes(),
        with_length(&good.replace(LABEL, "some-other-label")).into_bytes(),
        with_length(&"x".repeat(2 << 20)).into_bytes(),
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 12\r\n\r\n\x1f\x8b\x08\0\0\0\0\0\0\x03ab".to_vec(),
        b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 4\r\n\r\noops".to_vec(),
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{\"Sta".to_vec(),
        b"this is not HTTP\r\n\r\n".to_vec(),
        b"HTTP/1.1 200 OK\r\n".to_vec(),
    ];
    for answer in answers {
        for committed in [true, false] {
            let shown = String::from_utf8_lossy(&answer[..answer.len().min(300)]).into_owned();
            let cluster = Cluster::start();
            let answer = answer.clone();
            cluster.be_does(move |conn, shared| {
                let body = conn.body();
                if committed {
                    shared.commit(conn, body);
                } else {
                    shared.set_label(LABEL, "ABORTED");
                }
                conn.raw(answer);
                conn.close();
            });
            let result = cluster.load().0;
            let loaded = result.unwrap_or_else(|e| panic!("{shown}: {e}"));
            assert_eq!(loaded.retries, u32::from(!committed), "{shown}");
            cluster.assert_loaded_once(BODY);
        }
    }
}

#[test]
fn answers_in_pieces_and_in_other_spelling_are_understood() {
    let text = r#"{"STATUS":"success","TXNID":"9","numbertotalrows":3,"New":{"a":[1]}}"#;
    let chunked: Vec<String> = text
        .as_bytes()
        .chunks(7)
        .map(|c| format!("{:x}\r\n{}\r\n", c.len(), String::from_utf8_lossy(c)))
        .collect();
    let whole = format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{}0\r\n\r\n", chunked.concat());
    let cluster = Cluster::start();
    cluster.be_does(move |conn, shared| {
        let body = conn.body();
        shared.commit(conn, body);
        for piece in whole.as_bytes().chunks(5) {
            conn.raw(piece);
            std::thread::sleep(Duration::from_millis(2));
        }
    });
    let loaded = cluster.load().0.unwrap();
    assert_eq!((loaded.txn_id, loaded.total_rows), (Some(9), Some(3)));
    assert_eq!(cluster.shared.lock().questions, 0);
}

#[test]
fn a_body_that_came_short_is_sent_again_whole() {
    let cluster = Cluster::start();
    cluster.be_fails(&failure("receive body don't equal with body bytes"));
    assert_eq!(cluster.load().0.unwrap().retries, 1);
    cluster.assert_loaded_once(BODY);
}

#[test]
fn a_busy_server_is_tried_again_as_often_as_allowed() {
    let busy =
        failure("Failed to load data into tablet 1, because of too many versions, current/limit: 1020/1000.");
    let cluster = Cluster::start();
    cluster.be_fails(&busy).be_fails(&busy).be_fails(&busy);
    let (result, log) = cluster.load();
    assert_eq!(result.unwrap().retries, 3);
    assert_eq!(log.retries(), 3);
    assert!(log.has(Level::Warn, "try 1 of 4 failed"), "{}", log.text());
    cluster.assert_loaded_once(BODY);
    assert_eq!(cluster.shared.lock().questions, 0, "the server's word is enough");

    let cluster = Cluster::start();
    cluster.be_fails(&busy).be_fails(&busy);
    let mut config = cluster.config();
    config.max_retries = 1;
    let e = load_with(config, BODY).0.unwrap_err();
    assert_eq!((e.code, e.retriable, e.http_status), (ErrorCode::Load, true, Some(200)));
    assert!(e.server_message.as_deref().unwrap().contains("too many versions"));
    for part in [
        "load of 3 rows, 12 bytes into db.t failed",
        "too many versions",
        LABEL,
        &cluster.fe.url(),
        &cluster.be.url(),
        "HTTP status 200",
        "status 'Fail'",
        "2 tries",
    ] {
        assert!(e.message.contains(part), "{part}: {e}");
    }
    cluster.assert_nothing_loaded();
}

#[test]
fn the_pause_between_tries_is_kept() {
    let cluster = Cluster::start();
    cluster.be_fails(&failure("No backend alive."));
    let mut config = cluster.config();
    config.retry_interval = Duration::from_millis(300);
    let started = Instant::now();
    let loaded = load_with(config, BODY).0.unwrap();
    assert!(started.elapsed() >= Duration::from_millis(300));
    assert!(loaded.elapsed >= Duration::from_millis(300));
    assert!(loaded.elapsed_without_retries < Duration::from_millis(300));
}

#[test]
fn what_cannot_succeed_is_not_tried_again() {
    for (message, code) in [
        ("too many filtered rows", ErrorCode::Load),
        (
            "Access denied; you need (at least one of) the INSERT privilege(s) for this operation",
            ErrorCode::Auth,
        ),
        ("unknown database, database=db", ErrorCode::Schema),
        ("all partitions have no load data", ErrorCode::Load),
        ("unknown data format, format=x", ErrorCode::Config),
    ] {
        let cluster = Cluster::start();
        cluster.be_fails(&failure(message));
        let (result, log) = cluster.load();
        let e = result.unwrap_err();
        assert_eq!((e.code, e.retriable, log.retries()), (code, false, 0), "{e}");
        assert!(e.message.contains(message), "{e}");
        assert_eq!(cluster.shared.lock().be_seen.len(), 1);
    }
}

#[test]
fn a_failure_in_unknown_words_is_checked_by_the_label() {
    // Rolled back for a reason that makes further tries useless.
    let cluster = Cluster::start();
    cluster
        .be_fails(&failure("cancelled"))
        .state_does(|conn| conn.json(r#"{"state":"ABORTED","reason":"too many filtered rows"}"#));
    let e = cluster.load().0.unwrap_err();
    assert!(!e.retriable && e.message.contains("too many filtered rows"), "{e}");

    // The state is not to be had: the server's word stands.
    let cluster = Cluster::start();
    cluster.be_fails(&failure("something new"));
    for _ in 0..3 {
        cluster.state_does(|conn| conn.answer("500 Internal Server Error", "", ""));
    }
    assert_eq!(cluster.load().0.unwrap().retries, 1);
    cluster.assert_loaded_once(BODY);
}

#[test]
fn a_wrong_password_is_auth() {
    let cluster = Cluster::start();
    let mut config = cluster.config();
    config.password = starrocks_load::Secret::new("wrong");
    let e = load_with(config, BODY).0.unwrap_err();
    assert_eq!((e.code, e.retriable, e.http_status), (ErrorCode::Auth, false, Some(401)));
    assert!(e.message.contains("Access denied for root@1") && e.message.contains("check username"), "{e}");
    assert_eq!(cluster.shared.lock().fe_seen.len(), 1);
}
