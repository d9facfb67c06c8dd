//! How requests find their servers, and what they carry.

use std::sync::Arc;
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

use starrocks_load::{Client, Commit, ErrorCode, HostMapping, LoadError, NoEvents};

use crate::common::{AUTHORIZATION, BODY, LABEL, Seen, Server, config, dead_port};
use crate::world::{World, be, failed, fe, soon, totals, transaction};

fn pairs(headers: &[(&str, &str)]) -> Vec<(String, String)> {
    headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

/// The headers that are not HTTP's own.
fn told(seen: &Seen) -> Vec<(String, String)> {
    let http =
        ["host", "authorization", "user-agent", "accept", "accept-encoding", "content-length", "connection"];
    let mut told: Vec<_> =
        seen.headers.iter().filter(|(name, _)| !http.contains(&name.as_str())).cloned().collect();
    told.sort();
    told
}

#[test]
fn each_request_has_its_headers() {
    let world = World::with(|config| config.publish_timeout = Duration::from_secs(10));
    let headers = pairs(&[
        ("format", "csv"),
        ("columns", "a, b"),
        ("timeout", "77"),
        ("idle_transaction_timeout", "66"),
        ("prepared_timeout", "55"),
        ("warehouse", "w"),
    ]);
    let transaction = transaction(&headers);
    world.client.begin(&transaction, &world.log).unwrap();
    for _ in 0..2 {
        world.client.send(&transaction, &BODY.to_vec(), &world.log).unwrap();
    }
    let loaded = world.client.prepare(&transaction, totals(6), &world.log).unwrap();
    assert_eq!((loaded.txn_id, loaded.total_rows, loaded.retries), (Some(7), Some(6), 0));
    assert!(loaded.elapsed >= loaded.elapsed_without_retries && !loaded.elapsed.is_zero());
    assert_eq!(world.client.commit(&transaction, &world.log), Ok(Commit::Committed));
    assert_eq!((world.state(), world.taken_in()), ("VISIBLE", 2));
    assert_eq!(world.log.text(), "[]", "what just works says nothing");
    assert_eq!(
        world.asked(),
        [
            "fe begin",
            "be begin",
            "fe load",
            "be load",
            "fe load",
            "be load",
            "fe prepare",
            "be prepare",
            "fe commit"
        ]
    );

    let name = [("label", LABEL), ("db", "db")];
    let with = |more: &[(&str, &str)]| {
        let mut all = pairs(&[&name[..], more].concat());
        all.sort();
        all
    };
    let table = ("table", "t");
    let begin = with(&[table, ("timeout", "77"), ("idle_transaction_timeout", "66"), ("warehouse", "w")]);
    let load = [table, ("timeout", "77"), ("warehouse", "w"), ("format", "csv"), ("columns", "a, b")];
    for (op, method, to_fe, to_be) in [
        ("begin", "POST", begin.clone(), begin),
        ("load", "PUT", with(&load), with(&[&load[..], &[("expect", "100-continue")]].concat())),
        ("prepare", "POST", with(&[("prepared_timeout", "55")]), with(&[("prepared_timeout", "55")])),
        ("commit", "POST", with(&[("timeout", "10")]), Vec::new()),
    ] {
        let model = world.site.lock();
        for (name, seen) in &model.seen {
            let expected = match name.strip_suffix(op) {
                Some("fe ") => &to_fe,
                Some("be ") => &to_be,
                _ => continue,
            };
            assert_eq!(seen.line, format!("{method} /api/transaction/{op}"));
            assert_eq!(&told(seen), expected, "{name}");
            assert_eq!(seen.header("authorization"), Some(AUTHORIZATION));
            let bytes = if name == "be load" { "12" } else { "0" };
            assert_eq!(seen.header("content-length"), Some(bytes), "{name}");
            assert_eq!(seen.header("transfer-encoding"), None);
        }
    }

    let world = World::new();
    world.begin().unwrap();
    world.send().unwrap();
    world.rollback().unwrap();
    let plain = with(&[table, ("timeout", "600")]);
    assert_eq!(told(&world.seen("fe begin")), plain);
    assert_eq!(told(&world.seen("fe load")), plain);
    assert_eq!(told(&world.seen("be rollback")), with(&[]));
}

/// Begins, sends, prepares and commits.
fn all(client: &Client) -> Result<(), LoadError> {
    let transaction = transaction(&[]);
    client.begin(&transaction, &NoEvents).map_err(|e| e.error)?;
    client.send(&transaction, &BODY.to_vec(), &NoEvents).map_err(|e| e.error)?;
    client.prepare(&transaction, totals(3), &NoEvents).map_err(|e| e.error)?;
    assert_eq!(client.commit(&transaction, &NoEvents)?, Commit::Committed);
    Ok(())
}

/// A follower sends to the leader, and that to the BE, be the leader known from load-url or not.
#[test]
fn a_follower_leads_to_the_leader() {
    for known in [true, false] {
        let world = World::new();
        let leader = world.fe.url();
        let to = leader.clone();
        let follower = Server::start(move |conn| {
            let path = conn.path.clone();
            conn.redirect_and_stay(&format!("{to}{path}"));
        });
        let mut urls = vec![follower.url()];
        if known {
            urls.push(leader);
        }
        let mut config = config(&urls);
        config.max_retries = 0;
        let client = Client::new(config).unwrap();
        all(&client).unwrap();
        assert_eq!((world.state(), world.taken_in()), ("VISIBLE", 1));
    }
}

#[test]
fn a_dead_fe_gives_way_to_the_next() {
    let world = World::new();
    let silent = Server::start(|conn| conn.hang());
    let broken = Server::start(|conn| conn.answer("503 Service Unavailable", "", "starting"));
    let odd = Server::start(|conn| conn.json("<html>"));
    let dead = format!("http://127.0.0.1:{}", dead_port());
    let mut config = config(&[dead, silent.url(), broken.url(), odd.url(), world.fe.url()]);
    config.socket_timeout = Some(Duration::from_millis(300));
    config.max_retries = 0;
    let client = Client::new(config.clone()).unwrap();
    all(&client).unwrap();
    assert_eq!((world.state(), world.taken_in()), ("VISIBLE", 1));

    config.load_urls.pop();
    let client = Client::new(config).unwrap();
    let e = client.commit(&transaction(&[]), &NoEvents).unwrap_err();
    assert!(
        e.message.contains("no FE can be used") && e.message.contains("HTTP status 503: starting"),
        "{e}"
    );
}

#[test]
fn hosts_are_mapped() {
    let world = World::with(|config| config.max_retries = 0);
    let to = format!("10.255.255.1:8040={}", world.be.address);
    for name in ["fe begin", "fe load", "fe prepare"] {
        world.does(name, |conn, _| conn.redirect(&format!("http://10.255.255.1:8040{}", conn.path)));
    }
    let mut config = config(&[world.fe.url()]);
    config.host_mapping = HostMapping::parse(&to).unwrap();
    all(&Client::new(config).unwrap()).unwrap();
    assert_eq!(world.taken_in(), 1);
}

#[test]
fn redirects_in_a_circle_end() {
    let world = World::with(|config| config.max_retries = 0);
    let (site, be_url) = (world.site.clone(), world.be.url());
    let circle = world.fe.url();
    for _ in 0..4 {
        let to = circle.clone();
        world.does("fe begin", move |conn, _| conn.redirect(&format!("{to}{}", conn.path)));
    }
    let e = world.begin().unwrap_err();
    assert!(e.error.message.contains("more than 3 redirects"), "{e}");
    world.does("fe begin", move |conn, _| fe(conn, &site, &be_url));
    world.begin().unwrap();
}

/// Each call, while a server is silent, while it waits for its next try, and before it begins.
#[test]
fn shutdown_ends_whatever_goes_on() {
    type Call = fn(&Client) -> LoadError;
    let calls: [(&str, Call); 7] = [
        ("fe begin", |client| client.has_transactions(&NoEvents).unwrap_err()),
        ("fe begin", |client| {
            let e = client.begin(&transaction(&[]), &NoEvents).unwrap_err();
            assert!(!e.lost);
            e.error
        }),
        ("be load", |client| {
            let e = client.send(&transaction(&[]), &BODY.to_vec(), &NoEvents).unwrap_err();
            assert!(!e.lost);
            e.error
        }),
        ("be prepare", |client| {
            let e = client.prepare(&transaction(&[]), totals(None), &NoEvents).unwrap_err();
            assert!(!e.lost);
            e.error
        }),
        ("fe commit", |client| client.commit(&transaction(&[]), &NoEvents).unwrap_err()),
        ("fe rollback", |client| client.rollback(&transaction(&[]), &NoEvents).unwrap_err()),
        ("fe state", |client| client.label_state("db", LABEL, &NoEvents).unwrap_err()),
    ];
    for (name, call) in calls {
        for waits in [false, true] {
            let world = World::open();
            let mut config = config(&[world.fe.url()]);
            config.retry_interval = Duration::from_secs(600);
            let client = Arc::new(Client::new(config).unwrap());
            let (asked, is_asked) = channel();
            world.does(name, move |conn, _| {
                asked.send(()).unwrap();
                if waits {
                    conn.close();
                } else {
                    conn.hang();
                }
            });
            if waits {
                world.says("fe _cancel", &failed("not now"));
                for _ in 0..20 {
                    world.closes("fe state");
                }
            }
            let started = Instant::now();
            let e = std::thread::scope(|scope| {
                let calling = scope.spawn(|| call(&client));
                is_asked.recv_timeout(Duration::from_secs(10)).unwrap();
                std::thread::sleep(Duration::from_millis(50));
                client.shutdown();
                calling.join().unwrap()
            });
            assert_eq!(e.code, ErrorCode::Cancelled, "{name}: {e}");
            soon(started);
            assert_eq!(call(&client).code, ErrorCode::Cancelled, "{name}");
        }
    }
}

/// A BE that is asked about the transaction of another label doesn't do anything to ours.
#[test]
fn transactions_run_side_by_side() {
    let world = World::new();
    std::thread::scope(|scope| {
        for n in 0..4 {
            let client = &world.client;
            scope.spawn(move || {
                let label = format!("side-{n}");
                let transaction = starrocks_load::Transaction { label: &label, ..transaction(&[]) };
                // The answers of this server all have one label.
                let e = client.begin(&transaction, &NoEvents).unwrap_err();
                assert!(
                    e.lost && e.error.message.contains(&format!("another transaction, '{LABEL}'")),
                    "{e}"
                );
            });
        }
    });
    // Nothing of that is the test's own transaction.
    assert_eq!(world.state(), "UNKNOWN");
    world.does("be begin", |conn, site| {
        let answer = be(conn, site);
        conn.json(&answer);
    });
    all(&world.client).unwrap();
}
