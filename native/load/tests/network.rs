//! Redirects, connections, timeouts, cancelling, TLS, and what error messages say about them.

mod common;

use std::io::Read;
use std::net::{Shutdown, TcpListener};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::channel;
use std::sync::{Arc, LazyLock, Mutex};
use std::time::{Duration, Instant};

use common::*;
use starrocks_load::{Body, Client, ErrorCode, HostMapping, Level, Load, LoadError, NoEvents, Pieces};

fn soon(started: Instant) {
    assert!(started.elapsed() < Duration::from_secs(3), "it took {:?}", started.elapsed());
}

/// How a body is sent at first.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Way {
    /// With its length.
    Whole,
    /// In chunks, since it seems to grow.
    InChunks,
    /// In chunks, from where it lies.
    Direct,
}

const WAYS: [Way; 3] = [Way::Whole, Way::InChunks, Way::Direct];

/// A body of `len` bytes that differ from place to place.
struct Pattern {
    len: u64,
    way: Way,
    complete: AtomicBool,
}

impl Body for Pattern {
    fn len(&self) -> u64 {
        self.len
    }

    fn is_complete(&self) -> bool {
        self.way == Way::Whole || self.complete.load(Ordering::Relaxed)
    }

    fn complete(&self) {
        self.complete.store(true, Ordering::Relaxed);
    }

    fn reader(&self) -> Box<dyn Read + '_> {
        Box::new(PatternReader { at: 0, len: self.len })
    }

    fn pieces(&self) -> Option<Box<dyn Pieces + '_>> {
        (self.way == Way::Direct).then(|| Box::new(PatternReader { at: 0, len: self.len }) as _)
    }
}

struct PatternReader {
    at: u64,
    len: u64,
}

/// The pattern's period: no multiple of any buffer's size.
const PERIOD: u64 = 1_000_003;

static TABLE: LazyLock<Vec<u8>> =
    LazyLock::new(|| (0..PERIOD).map(|at| (at.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 56) as u8).collect());

impl Read for PatternReader {
    fn read(&mut self, buf: &mut [u8]) -> std::io::Result<usize> {
        let from = usize::try_from(self.at % PERIOD).unwrap();
        let left = usize::try_from(self.len - self.at).unwrap();
        let n = buf.len().min(left).min(TABLE.len() - from);
        buf[..n].copy_from_slice(&TABLE[from..from + n]);
        self.at += n as u64;
        Ok(n)
    }
}

/// In slices of many sizes.
impl Pieces for PatternReader {
    fn next(&mut self, send: &mut dyn FnMut(&[&[u8]])) -> std::io::Result<bool> {
        let from = usize::try_from(self.at % PERIOD).unwrap();
        let left = usize::try_from(self.len - self.at).unwrap().min(TABLE.len() - from).min(300_000);
        if left == 0 {
            return Ok(false);
        }
        let (first, second) = TABLE[from..from + left].split_at(left / 7);
        send(&[first, &[], second]);
        self.at += left as u64;
        Ok(true)
    }
}

fn is_pattern(body: &[u8]) -> bool {
    body.chunks(TABLE.len()).all(|chunk| chunk == &TABLE[..chunk.len()])
}

fn load_pattern(client: &Client, len: u64, way: Way) -> Result<(), LoadError> {
    let headers = headers();
    let body = Pattern { len, way, complete: AtomicBool::new(false) };
    let load = Load {
        database: "db",
        table: "t",
        label: LABEL,
        headers: &headers,
        body: &body,
        rows: None,
        earlier: false,
    };
    client.load(&load, &NoEvents).map(|_| ())
}

const BIG: u64 = 64 << 20;

#[test]
fn a_large_body_is_sent_again_whole() {
    for way in WAYS {
        let cluster = Cluster::start();
        cluster.be_does(|conn, shared| {
            // Takes a part of it and dies.
            shared.set_label(LABEL, "ABORTED");
            conn.go_on();
            conn.close();
        });
        let client = Client::new(cluster.config()).unwrap();
        load_pattern(&client, BIG, way).unwrap();
        let state = cluster.shared.lock();
        assert_eq!(state.committed.len(), 1);
        let body = &state.committed[0].1;
        assert_eq!(body.len() as u64, BIG);
        assert!(is_pattern(body));
    }
}

/// The server refuses while the body is being sent and resets the connection: what it said is still reported.
#[test]
fn an_early_refusal_while_sending_is_reported() {
    for way in WAYS {
        let cluster = Cluster::start();
        cluster.be_does(|conn, shared| {
            shared.set_label(LABEL, "ABORTED");
            conn.go_on();
            conn.json(&failure("too many filtered rows"));
            // Closing with unread input makes a reset of it.
            std::thread::sleep(Duration::from_millis(100));
            conn.close();
        });
        let client = Client::new(cluster.config()).unwrap();
        let e = load_pattern(&client, BIG, way).unwrap_err();
        assert!(e.message.contains("too many filtered rows"), "{e}");
    }
}

/// As before, but the server just stops reading and keeps the connection; its answer comes in the midst of the body, or
/// in one piece with `100 Continue`, be that in time or too late.
#[test]
fn an_early_refusal_by_a_server_that_stops_reading_is_reported() {
    for way in WAYS {
        let cluster = Cluster::start();
        let mut config = cluster.config();
        config.continue_timeout = Duration::from_millis(500);
        let client = Client::new(config).unwrap();
        for (together, late) in [(false, 0), (true, 0), (true, 1000)] {
            let (done, wait) = channel::<()>();
            cluster.be_does(move |conn, shared| {
                shared.set_label(LABEL, "ABORTED");
                let text = failure("too many filtered rows");
                std::thread::sleep(Duration::from_millis(late));
                if together {
                    let length = text.len();
                    conn.raw(format!(
                    "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n{text}"
                ));
                } else {
                    conn.go_on();
                    std::thread::sleep(Duration::from_millis(100));
                    conn.json(&text);
                }
                let _ = wait.recv_timeout(Duration::from_secs(20));
                conn.close();
            });
            let started = Instant::now();
            let e = load_pattern(&client, BIG, way).unwrap_err();
            assert!(e.message.contains("too many filtered rows"), "{e}");
            soon(started);
            let _ = done.send(());
        }
    }
}

/// Whatever stands between us and the server, or mistakes one load for another: rows that were not read are not loaded.
#[test]
fn a_success_in_the_midst_of_the_body_is_not_believed() {
    for way in WAYS {
        let cluster = Cluster::start();
        let client = Client::new(cluster.config()).unwrap();
        cluster.be_does(|conn, _| {
            conn.go_on();
            conn.json(&success(LABEL, 0, 0));
            std::thread::sleep(Duration::from_millis(100));
            conn.close();
        });
        load_pattern(&client, BIG, way).unwrap();
        let state = cluster.shared.lock();
        assert_eq!(state.committed.len(), 1, "it is sent again");
        assert_eq!(state.committed[0].1.len() as u64, BIG);
    }
}

/// A final answer instead of `100 Continue`, on a new connection that stays open: plain ureq 3.5 would wait for more.
#[test]
fn a_final_answer_instead_of_continue_is_seen_at_once() {
    let cluster = Cluster::start();
    let (done, wait) = channel::<()>();
    cluster.be_does(move |conn, _| {
        conn.json(&failure("too many filtered rows"));
        let _ = wait.recv_timeout(Duration::from_secs(20));
        conn.close();
    });
    let started = Instant::now();
    let e = cluster.load().0.unwrap_err();
    assert!(e.message.contains("too many filtered rows"), "{e}");
    soon(started);
    let _ = done.send(());
}

/// An older FE that redirects and keeps the connection open, also where it is met with a body.
#[test]
fn redirects_on_connections_that_stay_open() {
    let cluster = Cluster::start();
    let shared = cluster.shared.clone();
    let be = cluster.be.url();
    // The leader is not in load-url, so that it is met with the body.
    let leader = Server::start(move |conn| {
        shared.lock().fe_seen.push(Seen { line: "leader".into(), headers: conn.headers.clone() });
        let path = conn.path.clone();
        conn.redirect_and_stay(&format!("{be}{path}"));
        std::thread::sleep(Duration::from_millis(500));
    });
    let to = leader.url();
    cluster.fe_does(move |conn| {
        let path = conn.path.clone();
        conn.redirect_and_stay(&format!("{to}{path}"));
    });
    let started = Instant::now();
    cluster.load().0.unwrap();
    soon(started);
    cluster.assert_loaded_once(BODY);
    let state = cluster.shared.lock();
    assert_eq!(state.fe_seen[1].line, "leader");
    assert_eq!(state.fe_seen[1].header("authorization"), Some(AUTHORIZATION));
}

#[test]
fn a_body_is_sent_without_continue_after_a_while() {
    let cluster = Cluster::start();
    cluster.be_does(|conn, shared| {
        let body = conn.silent_body();
        shared.commit(conn, body);
        conn.json(&success(LABEL, 3, BODY.len()));
    });
    let mut config = cluster.config();
    config.continue_timeout = Duration::from_millis(200);
    let started = Instant::now();
    load_with(config, BODY).0.unwrap();
    assert!(started.elapsed() >= Duration::from_millis(200));
    cluster.assert_loaded_once(BODY);
}

/// Otherwise each load would take the whole wait longer, for ever.
#[test]
fn a_server_that_never_says_continue_is_waited_for_once() {
    let cluster = Cluster::start();
    let mut config = cluster.config();
    config.continue_timeout = Duration::from_millis(2500);
    let client = Client::new(config).unwrap();
    let load = |n: usize| {
        cluster.shared.lock().labels.clear();
        let started = Instant::now();
        load_through(&client, BODY, &Log::default()).unwrap();
        assert_eq!(cluster.shared.lock().committed.len(), n);
        started.elapsed()
    };
    let silent = || {
        cluster.be_does(|conn, shared| {
            let body = conn.silent_body();
            shared.commit(conn, body);
            conn.json(&success(LABEL, 3, BODY.len()));
        });
    };
    silent();
    assert!(load(1) >= Duration::from_millis(2500), "the first wait is the user's");
    for n in 2..4 {
        silent();
        let took = load(n);
        assert!(took >= Duration::from_millis(900), "a refusal may still come: {took:?}");
        assert!(took < Duration::from_millis(2000), "{took:?}");
    }
    // Once it does say it, it is believed to do so.
    assert!(load(4) < Duration::from_millis(900));
    silent();
    assert!(load(5) >= Duration::from_millis(2500));
}

/// One that says it late is a slow one: the rows need not go to it before it wants them.
#[test]
fn a_server_that_says_continue_late_is_waited_for_as_before() {
    let cluster = Cluster::start();
    let mut config = cluster.config();
    config.continue_timeout = Duration::from_millis(1500);
    let client = Client::new(config).unwrap();
    for n in 1..3 {
        cluster.shared.lock().labels.clear();
        cluster.be_does(|conn, shared| {
            std::thread::sleep(Duration::from_millis(1700));
            conn.go_on();
            let body = conn.silent_body();
            shared.commit(conn, body);
            std::thread::sleep(Duration::from_millis(100));
            conn.json(&success(LABEL, 3, BODY.len()));
        });
        load_through(&client, BODY, &Log::default()).unwrap();
        assert_eq!(cluster.shared.lock().committed.len(), n);
    }
    cluster.shared.lock().labels.clear();
    cluster.be_does(|conn, shared| {
        let body = conn.silent_body();
        shared.commit(conn, body);
        conn.json(&success(LABEL, 3, BODY.len()));
    });
    let started = Instant::now();
    load_through(&client, BODY, &Log::default()).unwrap();
    assert!(started.elapsed() >= Duration::from_millis(1500));
}

#[test]
fn continue_twice_or_with_header_lines() {
    for interim in [
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n",
        "HTTP/1.1 100 Continue\r\nServer: proxy\r\nDate: today\r\n\r\n",
    ] {
        let cluster = Cluster::start();
        cluster.be_does(move |conn, shared| {
            for piece in interim.as_bytes().chunks(30) {
                conn.raw(piece);
                std::thread::sleep(Duration::from_millis(10));
            }
            let body = conn.silent_body();
            shared.commit(conn, body);
            conn.json(&success(LABEL, 3, BODY.len()));
        });
        let started = Instant::now();
        cluster.load().0.unwrap();
        soon(started);
        cluster.assert_loaded_once(BODY);
        assert_eq!(cluster.shared.lock().questions, 0);
    }
}

/// It comes when the body is on its way already, and then the body isn't read for a while: no answer, and no reason to wait
/// busily.
#[test]
fn a_continue_that_comes_too_late() {
    for way in WAYS {
        let cluster = Cluster::start();
        cluster.be_does(|conn, shared| {
            std::thread::sleep(Duration::from_millis(200));
            conn.go_on();
            std::thread::sleep(Duration::from_millis(300));
            let body = conn.silent_body();
            shared.commit(conn, body);
            conn.json(&success(LABEL, 3, BIG as usize));
        });
        let mut config = cluster.config();
        config.continue_timeout = Duration::from_millis(50);
        load_pattern(&Client::new(config).unwrap(), BIG, way).unwrap();
        let state = cluster.shared.lock();
        assert_eq!(state.committed.len(), 1, "{way:?}");
        let body = &state.committed[0].1;
        assert_eq!(body.len() as u64, BIG, "{way:?}");
        assert!(is_pattern(body));
    }
}

/// Proxies there are that take a PUT without a body for a mistake.
#[test]
fn an_fe_that_refuses_headers_without_a_body_is_asked_with_it() {
    for status in ["400 Bad Request", "405 Method Not Allowed", "411 Length Required"] {
        let cluster = Cluster::start();
        let be = cluster.be.url();
        let fe = Server::start(move |conn| {
            if conn.content_length() == 0 && conn.method == "PUT" {
                conn.answer(status, "", "no body");
                return;
            }
            assert_eq!(conn.header("expect"), Some("100-continue"));
            assert_eq!(conn.header("label"), Some(LABEL));
            let path = conn.path.clone();
            // As older FEs do, before the body.
            conn.redirect_and_stay(&format!("{be}{path}"));
        });
        let mut config = config(&[fe.url()]);
        config.max_retries = 0;
        let client = Client::new(config).unwrap();
        let log = Log::default();
        for n in 1..4 {
            cluster.shared.lock().labels.clear();
            load_through(&client, BODY, &log).unwrap();
            assert_eq!(cluster.shared.lock().committed.len(), n);
            assert_eq!(cluster.shared.lock().be_seen.len(), n, "the BE is asked once for each");
        }
        // It is known from then on.
        assert_eq!(log.text().matches("is asked with it").count(), 1, "{}", log.text());
    }
}

#[test]
fn a_server_that_takes_loads_itself_but_none_without_a_body() {
    let shared = Shared::default();
    let there = shared.clone();
    let server = Server::start(move |conn| match conn.content_length() {
        0 => conn.answer("411 Length Required", "", ""),
        _ => be_load(conn, &there),
    });
    let mut config = config(&[server.url()]);
    config.max_retries = 0;
    let client = Client::new(config).unwrap();
    for n in 1..3 {
        shared.lock().labels.clear();
        assert_eq!(load_through(&client, BODY, &Log::default()).unwrap().loaded_rows, Some(3));
        assert_eq!(shared.lock().committed.len(), n);
    }
}

/// It is asked twice, and no more, and gives way to one that is an FE.
#[test]
fn a_server_that_refuses_everything_is_no_fe() {
    let asked = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&asked);
    let server = Server::start(move |conn| {
        seen.lock().unwrap().push(conn.content_length());
        conn.answer("400 Bad Request", "", "what is this");
    });
    let mut config = config(&[server.url()]);
    config.max_retries = 1;
    let started = Instant::now();
    let (result, log) = load_with(config.clone(), BODY);
    let e = result.unwrap_err();
    assert!(e.message.contains("is that of an FE's HTTP port") && e.message.contains("what is this"), "{e}");
    assert_eq!((e.code, log.retries()), (ErrorCode::Config, 1));
    assert_eq!(*asked.lock().unwrap(), [0, BODY.len(), 0, BODY.len()]);
    soon(started);

    let cluster = Cluster::start();
    config.load_urls.extend(cluster.config().load_urls);
    config.max_retries = 0;
    for _ in 0..4 {
        cluster.shared.lock().labels.clear();
        // Whichever of the two is asked first.
        load_with(config.clone(), BODY).0.unwrap();
    }
    assert_eq!(cluster.shared.lock().committed.len(), 4);
}

/// Who redirects after the rows has not taken them: what the BE says of the label is then not about them.
#[test]
fn rows_that_only_a_redirecting_server_was_sent_are_not_taken_for_loaded() {
    let cluster = Cluster::start();
    cluster.shared.set_label(LABEL, "VISIBLE");
    let be = cluster.be.url();
    let late = Server::start(move |conn| {
        let _ = conn.silent_body();
        let path = conn.path.clone();
        conn.redirect(&format!("{be}{path}"));
    });
    let to = late.url();
    cluster.fe_does(move |conn| conn.redirect(&format!("{to}{}", conn.path)));
    let mut config = cluster.config();
    config.continue_timeout = Duration::from_millis(100);
    let e = load_with(config, BODY).0.unwrap_err();
    assert_eq!(e.code, ErrorCode::Undecided, "{e}");
    assert!(e.message.contains("another load has this label"), "{e}");
    cluster.assert_nothing_loaded();
}

/// A redirect that comes after the body was sent is followed with the whole body.
#[test]
fn a_redirect_that_comes_after_the_body() {
    let cluster = Cluster::start();
    let be = cluster.be.url();
    let late = Server::start(move |conn| {
        let _ = conn.silent_body();
        let path = conn.path.clone();
        conn.redirect(&format!("{be}{path}"));
    });
    let to = late.url();
    cluster.fe_does(move |conn| conn.redirect(&format!("{to}{}", conn.path)));
    let mut config = cluster.config();
    config.continue_timeout = Duration::from_millis(50);
    load_with(config, BODY).0.unwrap();
    cluster.assert_loaded_once(BODY);
}

#[test]
fn redirects_that_lead_nowhere() {
    let cluster = Cluster::start();
    for _ in 0..4 {
        cluster.fe_does(|conn| {
            conn.answer("307 Temporary Redirect", "", "");
            conn.close();
        });
    }
    let e = cluster.load().0.unwrap_err();
    assert_eq!(e.code, ErrorCode::Connect);
    assert!(e.message.contains("its Location is empty") && e.message.contains("4 tries"), "{e}");

    let cluster = Cluster::start();
    for _ in 0..100 {
        let to = cluster.fe.url();
        cluster.fe_does(move |conn| conn.redirect(&format!("{to}{}", conn.path)));
    }
    let mut config = cluster.config();
    config.max_retries = 0;
    let e = load_with(config, BODY).0.unwrap_err();
    assert!(e.message.contains("more than 3 redirects") && e.message.contains(" -> "), "{e}");
    assert_eq!(cluster.shared.lock().fe_seen.len(), 4);
}

#[test]
fn a_be_that_cannot_be_reached_is_explained() {
    let cluster = Cluster::start();
    let dead = dead_port();
    cluster.fe_does(move |conn| conn.redirect(&format!("http://root:s3cr3t@127.0.0.1:{dead}{}", conn.path)));
    let mut config = cluster.config();
    config.max_retries = 0;
    let e = load_with(config, BODY).0.unwrap_err();
    assert_eq!((e.code, e.retriable), (ErrorCode::Connect, true));
    let expected = format!(
        "FE {} redirected to BE http://127.0.0.1:{dead}, which can't be reached (connection refused). This BE's HTTP \
         port must be reachable from the TaskManagers; if it has another address from there, set \
         sink.redirect.host-mapping",
        cluster.fe.url()
    );
    assert!(e.message.contains(&expected), "{e}");
    assert_eq!(cluster.shared.lock().questions, 0, "nothing was sent to it");
}

#[test]
fn the_next_try_gets_another_be() {
    let cluster = Cluster::start();
    let dead = dead_port();
    cluster.fe_does(move |conn| conn.redirect(&format!("http://127.0.0.1:{dead}{}", conn.path)));
    assert_eq!(cluster.load().0.unwrap().retries, 1);
    cluster.assert_loaded_once(BODY);
}

#[test]
fn a_be_address_is_mapped() {
    let cluster = Cluster::start();
    for (named, mapping) in [
        ("10.255.255.1:8040", format!("10.255.255.1:8040={}", cluster.be.address)),
        ("be-0.svc.invalid:8040", format!("x=y;BE-0.svc.invalid=127.0.0.1:{}", cluster.be.address.port())),
        ("[fd00::1]:8040", format!("[fd00::1]:8040=http://{}", cluster.be.address)),
    ] {
        cluster.shared.lock().labels.clear();
        cluster.fe_does(move |conn| conn.redirect(&format!("http://{named}{}", conn.path)));
        let mut config = cluster.config();
        config.host_mapping = HostMapping::parse(&mapping).unwrap();
        assert_eq!(load_with(config, BODY).0.unwrap().retries, 0);
    }
    assert_eq!(cluster.shared.lock().committed.len(), 3);
}

#[test]
fn a_dead_fe_gives_way_to_the_next() {
    let cluster = Cluster::start();
    let silent = Server::start(|conn| conn.hang());
    let broken = Server::start(|conn| conn.answer("503 Service Unavailable", "", "starting"));
    let dead = format!("http://127.0.0.1:{}", dead_port());
    let mut config = config(&[dead.clone(), silent.url(), broken.url(), cluster.fe.url()]);
    config.socket_timeout = Some(Duration::from_millis(300));
    config.max_retries = 0;
    let client = Client::new(config.clone()).unwrap();
    load_through(&client, BODY, &Log::default()).unwrap();
    cluster.assert_loaded_once(BODY);
    // From now on the good one is asked first.
    let started = Instant::now();
    for _ in 0..5 {
        cluster.shared.lock().labels.clear();
        load_through(&client, BODY, &Log::default()).unwrap();
    }
    assert!(started.elapsed() < Duration::from_millis(1500), "the silent one alone takes 300 ms each time");

    config.load_urls.pop();
    config.max_retries = 1;
    let (result, log) = load_with(config, BODY);
    let e = result.unwrap_err();
    assert_eq!((e.code, e.retriable, log.retries()), (ErrorCode::Connect, true, 1));
    for part in [
        format!("{dead}: connection refused"),
        format!("{}: it doesn't answer (waited 300 ms)", silent.url()),
    ] {
        assert!(e.message.contains(&part), "{part}: {e}");
    }
    assert!(e.message.contains(&format!("{}: HTTP status 503: starting", broken.url())), "{e}");
}

#[test]
fn a_server_that_is_no_fe_is_named() {
    let other = Server::start(|conn| conn.answer("404 Not Found", "", "Not Found"));
    let (result, log) = load_with(config(&[other.url()]), BODY);
    let e = result.unwrap_err();
    assert_eq!((e.code, log.retries()), (ErrorCode::Config, 3));
    assert!(e.message.contains("load-url") && e.message.contains(&other.url()), "{e}");
}

/// A BE's address in load-url works too.
#[test]
fn a_be_in_load_url_gets_the_body_directly() {
    let cluster = Cluster::start();
    let client = Client::new(config(&[cluster.be.url()])).unwrap();
    for n in 1..=3 {
        let log = Log::default();
        cluster.shared.lock().labels.clear();
        load_through(&client, BODY, &log).unwrap();
        assert_eq!(log.has(Level::Info, "takes loads itself"), n == 1);
        // The first load asked without a body before.
        assert_eq!(cluster.shared.lock().be_seen.len(), n + 1);
    }
    assert!(cluster.shared.lock().committed.iter().all(|(label, body)| label == LABEL && body == BODY));
}

/// Of servers that take loads themselves, one that is down gives way to the next without costing a try.
#[test]
fn a_dead_be_in_load_url_gives_way_to_the_next() {
    let shared = Shared::default();
    let mut bes = [(); 2].map(|()| Some(Server::start(be_handler(shared.clone()))));
    let mut config = config(&[0, 1].map(|n| bes[n].as_ref().unwrap().url()));
    config.max_retries = 0;
    let client = Client::new(config).unwrap();
    let load = || {
        shared.lock().labels.clear();
        load_through(&client, BODY, &Log::default())
    };
    load().unwrap();
    // The one that took the load is known to take loads.
    let direct = {
        let host = shared.lock().be_seen[0].header("host").unwrap().to_owned();
        (0..2).find(|&n| bes[n].as_ref().unwrap().address.to_string() == host).unwrap()
    };
    bes[direct] = None;
    load().unwrap();
    assert_eq!(shared.lock().committed.len(), 2);
}

/// The empty load by which a BE is found out doesn't use the label up, whatever becomes of it.
#[test]
fn a_label_is_sent_only_with_its_rows() {
    let cluster = Cluster::start();
    cluster.be_does(|conn, shared| {
        if let Some(label) = conn.header("label") {
            shared.set_label(label, "PREPARE");
        }
        conn.close();
    });
    load_with(config(&[cluster.be.url()]), BODY).0.unwrap();
    cluster.assert_loaded_once(BODY);
    let state = cluster.shared.lock();
    let labels: Vec<_> = state
        .be_seen
        .iter()
        .map(|seen| (seen.header("content-length").unwrap(), seen.header("label")))
        .collect();
    assert_eq!(labels, [("0", None), ("0", None), (BODY.len().to_string().as_str(), Some(LABEL))]);
}

#[test]
fn a_server_that_takes_empty_loads_gets_the_rows_all_the_same() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let bodies = Arc::clone(&seen);
    let server = Server::start(move |conn| {
        let body = conn.body();
        let answer = success(LABEL, if body.is_empty() { 0 } else { 3 }, body.len());
        // Noted before the answer, with which the client is done.
        bodies.lock().unwrap().push(body);
        conn.json(&answer);
    });
    load_with(config(&[server.url()]), BODY).0.unwrap();
    assert_eq!(*seen.lock().unwrap(), [Vec::new(), BODY.to_vec()]);
}

#[test]
fn connections_are_kept_and_stale_ones_cost_no_try() {
    let cluster = Cluster::start();
    let mut config = cluster.config();
    config.max_retries = 0;
    let client = Client::new(config).unwrap();
    for _ in 0..3 {
        cluster.shared.lock().labels.clear();
        load_through(&client, BODY, &Log::default()).unwrap();
    }
    assert_eq!(cluster.be.connections(), 1);

    // The server closes the old connection when the next request comes: before or after it began.
    for begun in [false, true] {
        cluster.shared.lock().labels.clear();
        cluster.shared.lock().committed.clear();
        cluster.be_does(move |conn, shared| {
            if begun {
                shared.set_label(LABEL, "ABORTED");
            }
            conn.close();
        });
        let log = Log::default();
        let loaded = load_through(&client, BODY, &log).unwrap();
        assert_eq!((loaded.retries, log.retries()), (0, 0));
        cluster.assert_loaded_once(BODY);
    }

    // The same by an FE that keeps connections.
    let cluster = Cluster::start();
    let be = cluster.be.url();
    cluster.fe_does(move |conn| conn.redirect_and_stay(&format!("{be}{}", conn.path)));
    cluster.fe_does(|conn| conn.close());
    let mut config = cluster.config();
    config.max_retries = 0;
    let client = Client::new(config).unwrap();
    for _ in 0..2 {
        cluster.shared.lock().labels.clear();
        load_through(&client, BODY, &Log::default()).unwrap();
    }
    assert_eq!(cluster.fe.connections(), 2);
}

#[test]
fn a_server_that_never_answers_is_a_timeout() {
    // The BE takes everything and is silent; its label stays unknown.
    let cluster = Cluster::start();
    for _ in 0..2 {
        cluster.be_does(|conn, _| {
            let _ = conn.body();
            conn.hang();
        });
    }
    let mut config = cluster.config();
    config.socket_timeout = Some(Duration::from_millis(200));
    config.max_retries = 1;
    let started = Instant::now();
    let e = load_with(config, BODY).0.unwrap_err();
    assert_eq!((e.code, e.retriable), (ErrorCode::Timeout, true));
    assert!(
        e.message.contains("it doesn't answer (waited 200 ms)") && e.message.contains(&cluster.be.url()),
        "{e}"
    );
    soon(started);

    // The FE is silent.
    let silent = Server::start(|conn| conn.hang());
    let mut config = common::config(&[silent.url()]);
    config.socket_timeout = Some(Duration::from_millis(200));
    config.max_retries = 0;
    let e = load_with(config, BODY).0.unwrap_err();
    assert_eq!(e.code, ErrorCode::Timeout);
}

/// Without `sink.socket.timeout-ms` the load's own timeout is the end.
#[test]
fn the_loads_timeout_bounds_every_wait() {
    let cluster = Cluster::start();
    cluster.be_does(|conn, _| {
        let _ = conn.body();
        conn.hang();
    });
    let mut config = cluster.config();
    config.max_retries = 0;
    let client = Client::new(config).unwrap();
    let headers = [("timeout".to_owned(), "1".to_owned())];
    let body = BODY.to_vec();
    let load = Load {
        database: "db",
        table: "t",
        label: LABEL,
        headers: &headers,
        body: &body,
        rows: None,
        earlier: false,
    };
    let started = Instant::now();
    let e = client.load(&load, &NoEvents).unwrap_err();
    assert_eq!(e.code, ErrorCode::Timeout);
    assert!(e.message.contains("waited 1100 ms"), "{e}");
    assert!(started.elapsed() >= Duration::from_millis(1100));
    soon(started);
}

#[test]
fn a_server_that_stops_reading_is_a_timeout() {
    for way in WAYS {
        let cluster = Cluster::start();
        let mut done = Vec::new();
        // What failed while it grew is tried again as a whole, that once for nothing.
        for _ in 0..if way == Way::Whole { 1 } else { 2 } {
            let (sender, wait) = channel::<()>();
            done.push(sender);
            cluster.be_does(move |conn, shared| {
                shared.set_label(LABEL, "ABORTED");
                conn.go_on();
                let _ = wait.recv_timeout(Duration::from_secs(20));
                conn.close();
            });
        }
        let mut config = cluster.config();
        config.socket_timeout = Some(Duration::from_millis(300));
        config.max_retries = 0;
        let client = Client::new(config).unwrap();
        let started = Instant::now();
        let e = load_pattern(&client, BIG, way).unwrap_err();
        assert_eq!(e.code, ErrorCode::Timeout);
        assert!(e.message.contains("doesn't take what is sent"), "{way:?}: {e}");
        soon(started);
        drop(done);
    }
}

/// Shuts the client down while it is somewhere in a load, and returns what the load says and how long it took.
fn cancel(config: starrocks_load::ClientConfig, len: u64, way: Way) {
    let client = Arc::new(Client::new(config).unwrap());
    let loader = Arc::clone(&client);
    let thread = std::thread::spawn(move || load_pattern(&loader, len, way));
    std::thread::sleep(Duration::from_millis(300));
    assert!(!thread.is_finished());
    let started = Instant::now();
    client.shutdown();
    let e = thread.join().unwrap().unwrap_err();
    assert!(started.elapsed() < Duration::from_secs(1), "{:?}", started.elapsed());
    assert_eq!(e.code, ErrorCode::Cancelled, "{e}");
    assert!(e.message.contains("cancelled") && e.message.contains(LABEL));
    // And so says every later call, at once.
    let started = Instant::now();
    assert_eq!(load_pattern(&client, 10, way).unwrap_err().code, ErrorCode::Cancelled);
    assert!(started.elapsed() < Duration::from_millis(500));
}

#[test]
fn shutdown_ends_whatever_goes_on() {
    for way in WAYS {
        // Waiting for the answer.
        let cluster = Cluster::start();
        cluster.be_does(|conn, _| {
            let _ = conn.body();
            conn.hang();
        });
        cancel(cluster.config(), 10, way);

        // Waiting for 100 Continue.
        let cluster = Cluster::start();
        cluster.be_does(|conn, _| conn.hang());
        let mut config = cluster.config();
        config.continue_timeout = Duration::from_secs(60);
        cancel(config, 10, way);

        // Sending.
        let cluster = Cluster::start();
        let (done, wait) = channel::<()>();
        cluster.be_does(move |conn, _| {
            conn.go_on();
            let _ = wait.recv_timeout(Duration::from_secs(20));
            conn.close();
        });
        cancel(cluster.config(), BIG, way);
        let _ = done.send(());

        // Waiting for the FE.
        let silent = Server::start(|conn| conn.hang());
        cancel(common::config(&[silent.url()]), 10, way);

        // In the pause between tries.
        let mut config = common::config(&[format!("http://127.0.0.1:{}", dead_port())]);
        config.retry_interval = Duration::from_secs(60);
        cancel(config, 10, way);

        // Waiting for the label's state to change.
        let cluster = Cluster::start();
        cluster.be_does(|conn, shared| {
            let _ = conn.body();
            shared.set_label(LABEL, "PREPARE");
            conn.close();
        });
        cancel(cluster.config(), 10, way);

        // In a TLS handshake that the server doesn't take part in.
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut config = common::config(&[format!("https://{}", listener.local_addr().unwrap())]);
        let (_, file) = certificate();
        config.tls_ca_file = Some(file.path().to_owned());
        config.connect_timeout = Duration::from_secs(60);
        cancel(config, 10, way);
    }
}

fn certificate() -> (Arc<rustls::ServerConfig>, tempfile::NamedTempFile) {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned(), "127.0.0.1".to_owned()]).unwrap();
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), made.cert.pem()).unwrap();
    let key = rustls::pki_types::PrivatePkcs8KeyDer::from(made.signing_key.serialize_der());
    let config =
        rustls::ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![made.cert.der().clone()], key.into())
            .unwrap();
    (Arc::new(config), file)
}

#[test]
fn https_with_a_ca_file() {
    let (tls, file) = certificate();
    let shared = Shared::default();
    let be = Server::on("127.0.0.1:0", Some(Arc::clone(&tls)), Arc::new(be_handler(shared.clone())));
    let to = format!("https://{}", be.address);
    let fe = Server::on("127.0.0.1:0", Some(tls), Arc::new(fe_handler(shared.clone(), to)));
    for host in ["localhost", "127.0.0.1"] {
        shared.lock().labels.clear();
        shared.lock().committed.clear();
        let mut config = config(&[format!("https://{host}:{}", fe.address.port())]);
        config.tls_ca_file = Some(file.path().to_owned());
        let client = Client::new(config).unwrap();
        let started = Instant::now();
        load_pattern(&client, 8 << 20, Way::Whole).unwrap();
        assert!(started.elapsed() < Duration::from_secs(20));
        let state = shared.lock();
        assert!(is_pattern(&state.committed[0].1));
    }

    // Early refusals work under TLS, too, and shutting the connection down in the midst of sending.
    shared.lock().be_script.push_back(Box::new(|conn, _| {
        conn.json(&failure("too many filtered rows"));
        conn.hang();
    }));
    let mut https = config(&[format!("https://localhost:{}", fe.address.port())]);
    https.tls_ca_file = Some(file.path().to_owned());
    shared.lock().labels.clear();
    let started = Instant::now();
    let e = load_with(https.clone(), BODY).0.unwrap_err();
    assert!(e.message.contains("too many filtered rows"), "{e}");
    soon(started);

    // Another authority's certificate.
    let (_, other) = certificate();
    https.tls_ca_file = Some(other.path().to_owned());
    https.max_retries = 0;
    let e = load_with(https.clone(), BODY).0.unwrap_err();
    assert_eq!(e.code, ErrorCode::Connect);
    assert!(e.message.contains("TLS handshake failed: invalid peer certificate"), "{e}");

    // The system doesn't trust it.
    https.tls_ca_file = None;
    let e = load_with(https, BODY).0.unwrap_err();
    assert!(e.message.contains("certificate"), "{e}");
}

#[test]
fn ipv6_addresses() {
    if TcpListener::bind("[::1]:0").is_err() {
        eprintln!("no IPv6 here");
        return;
    }
    let shared = Shared::default();
    let be = Server::on("[::1]:0", None, Arc::new(be_handler(shared.clone())));
    let fe = Server::on("[::1]:0", None, Arc::new(fe_handler(shared.clone(), be.url())));
    load_with(config(&[format!("[::1]:{}", fe.address.port())]), BODY).0.unwrap();
    assert_eq!(shared.lock().committed.len(), 1);
    assert_eq!(
        shared.lock().be_seen[0].header("host"),
        Some(format!("[::1]:{}", be.address.port()).as_str())
    );
}

/// A load that fails for its rows, with an error log at `url`.
fn with_error_log(cluster: &Cluster, url: &str) -> String {
    let text = failure("too many filtered rows").replace(
        "\"Message\"",
        &format!("\"NumberTotalRows\": 3, \"NumberFilteredRows\": 3, \"ErrorURL\": \"{url}\", \"Message\""),
    );
    cluster.be_fails(&text);
    let started = Instant::now();
    let mut config = cluster.config();
    config.max_retries = 0;
    let e = load_with(config, BODY).0.unwrap_err();
    assert!(started.elapsed() < Duration::from_secs(6), "{:?}", started.elapsed());
    assert_eq!(e.code, ErrorCode::Load);
    assert!(e.message.contains("too many filtered rows"), "{e}");
    e.message
}

#[test]
fn the_error_log_is_quoted() {
    let cluster = Cluster::start();
    let log = "Error: NULL value in non-nullable column 'c'. Row: [1, 'secret']\n".repeat(10);
    let url = format!("{}/api/_load_error_log?file=error_log_a_b", cluster.be.url());
    let text = log.clone();
    let serve = move |conn: &mut Conn<'_>, _: &Shared| {
        assert_eq!(conn.path, "/api/_load_error_log?file=error_log_a_b");
        assert_eq!(conn.header("authorization"), Some(AUTHORIZATION), "it is the BE that took the load");
        conn.answer("200 OK", "", text);
    };
    let fail = failure("too many filtered rows")
        .replace("\"Message\"", &format!("\"ErrorURL\": \"{url}\", \"Message\""));
    for sanitize in [false, true] {
        cluster.be_fails(&fail).be_does(serve.clone());
        let mut config = cluster.config();
        config.sanitize_error_log = sanitize;
        let e = load_with(config, BODY).0.unwrap_err();
        assert_eq!(e.message.matches("Error: NULL value in non-nullable column").count(), 5, "{e}");
        assert_eq!(e.message.contains("secret"), !sanitize, "{e}");
        cluster.shared.lock().labels.clear();
    }
}

#[test]
fn an_error_log_that_cannot_be_read_masks_nothing() {
    let cluster = Cluster::start();
    assert!(
        with_error_log(&cluster, &format!("http://127.0.0.1:{}/x", dead_port()))
            .contains("connection refused")
    );
    assert!(with_error_log(&cluster, "nonsense").contains("can't be read"));
    assert!(with_error_log(&cluster, "file:///etc/passwd").contains("can't be read"));

    let other = Server::start(|conn| {
        assert_eq!(conn.header("authorization"), None, "another host gets no credentials");
        match conn.path.as_str() {
            "/404" => conn.answer("404 Not Found", "", "Not Found"),
            "/binary" => conn.answer("200 OK", "", [0, 1, 2, 3, 4, 5, 255, 0]),
            "/slow" => conn.hang(),
            "/drip" => {
                conn.raw("HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\nError: first line\n");
                for _ in 0..100 {
                    std::thread::sleep(Duration::from_millis(100));
                    conn.raw("x");
                }
            }
            "/huge" => conn.answer("200 OK", "", "Error: x\n".repeat(4 << 20)),
            _ => conn.redirect("http://127.0.0.1:1/"),
        }
    });
    let at = |path: &str| with_error_log(&cluster, &format!("{}{path}", other.url()));
    assert!(at("/404").contains("HTTP status 404"));
    assert!(at("/binary").contains("it is not text"));
    assert!(at("/slow").contains("can't be read"));
    assert!(at("/drip").contains("Error: first line"));
    assert_eq!(at("/huge").matches("Error: x").count(), 5);
    assert!(at("/redirect").contains("HTTP status 307"));
}

/// Two threads load through one client.
#[test]
fn loads_run_side_by_side() {
    let shared = Shared::default();
    let be = Server::start(be_handler(shared.clone()));
    let fe = Server::start(fe_handler(shared.clone(), be.url()));
    let client = Client::new(config(&[fe.url()])).unwrap();
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let client = &client;
            scope.spawn(move || {
                for n in 0..20 {
                    let label = format!("l-{thread}-{n}");
                    let body = format!("{thread}\t{n}\n").into_bytes();
                    let headers = headers();
                    let load = Load {
                        database: "d",
                        table: "t",
                        label: &label,
                        headers: &headers,
                        body: &body,
                        rows: Some(1),
                        earlier: false,
                    };
                    client.load(&load, &NoEvents).unwrap();
                }
            });
        }
    });
    let state = shared.lock();
    assert_eq!(state.committed.len(), 80);
    for (label, body) in &state.committed {
        let mut parts = label.split('-').skip(1);
        let expected = format!("{}\t{}\n", parts.next().unwrap(), parts.next().unwrap());
        assert_eq!(String::from_utf8_lossy(body), expected);
    }
    assert!(be.connections() < 80);
}

#[test]
fn what_a_client_cannot_be_made_of() {
    let e = Client::new(config(&[])).unwrap_err();
    assert!(e.message.contains("load-url"));
    let mut with_colon = config(&["http://a:1".to_owned()]);
    with_colon.username = "a:b".into();
    assert!(Client::new(with_colon).unwrap_err().message.contains("username"));
    let mut no_file = config(&["https://a:1".to_owned()]);
    no_file.tls_ca_file = Some("/does/not/exist.pem".into());
    let e = Client::new(no_file).unwrap_err();
    assert_eq!(e.code, ErrorCode::Config);
    assert!(e.message.contains("/does/not/exist.pem"), "{e}");
}

/// A half-closed server can't answer, and is not waited for.
#[test]
fn a_server_that_only_ends_its_side() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let thread = std::thread::spawn(move || {
        let (stream, _) = listener.accept().unwrap();
        stream.shutdown(Shutdown::Write).unwrap();
        std::thread::sleep(Duration::from_millis(500));
    });
    let mut config = config(&[url]);
    config.max_retries = 0;
    let started = Instant::now();
    let e = load_with(config, BODY).0.unwrap_err();
    assert_eq!(e.code, ErrorCode::Connect);
    soon(started);
    thread.join().unwrap();
}

/// The same under TLS, where writing takes in what has come: an answer that came while the client wrote must not lie
/// there unseen while it waits for room.
#[test]
fn an_early_refusal_over_tls_by_a_server_that_stops_reading_is_reported() {
    for way in WAYS {
        let (tls, file) = certificate();
        let shared = Shared::default();
        let be = Server::on("127.0.0.1:0", Some(tls), Arc::new(be_handler(shared.clone())));
        let fe = Server::start(fe_handler(shared.clone(), format!("https://{}", be.address)));
        let mut config = config(&[fe.url()]);
        config.tls_ca_file = Some(file.path().to_owned());
        let client = Client::new(config).unwrap();
        for delay in [0, 1, 10, 200] {
            let (done, wait) = channel::<()>();
            shared.lock().be_script.push_back(Box::new(move |conn, shared| {
                shared.set_label(LABEL, "ABORTED");
                conn.go_on();
                std::thread::sleep(Duration::from_millis(delay));
                conn.json(&failure("too many filtered rows"));
                let _ = wait.recv_timeout(Duration::from_secs(20));
                conn.close();
            }));
            let started = Instant::now();
            let e = load_pattern(&client, BIG, way).unwrap_err();
            assert!(e.message.contains("too many filtered rows"), "{e}");
            soon(started);
            let _ = done.send(());
        }
    }
}
