//! Stream loads over raw connections: redirects, interim answers, labels, answers.

mod common;

use common::{EXPECT, ROOT, Wire, World};
use starrocks_sandbox::config::Config;
use starrocks_sandbox::labels::Limits;

const PATH: &str = "/api/d/t/_stream_load?a=b%20c";

#[test]
fn the_fe_redirects_before_the_body_and_closes() {
    let world = World::new();
    for _ in 0..2 {
        let mut wire = Wire::open(world.fe());
        wire.head("PUT", PATH, &[ROOT, EXPECT, ("Content-Length", "1000000")]);
        let answer = wire.answer();
        assert_eq!(answer.status, 307);
        let location = answer.header("Location").unwrap();
        assert!([0, 1].iter().any(|i| location == format!("http://{}{PATH}", world.be(*i))), "{location}");
        assert_eq!(answer.header("Connection"), Some("close"));
        assert!(wire.is_over());
    }
}

#[test]
fn an_older_fe_keeps_the_connection_after_a_redirect() {
    let world = World::with(Config { redirect_keep_alive: true, ..Config::default() });
    let mut wire = Wire::open(world.fe());
    for _ in 0..2 {
        wire.head("PUT", PATH, &[ROOT, EXPECT]);
        assert_eq!(wire.answer().status, 307);
    }
}

#[test]
fn the_fe_wants_expect_and_credentials() {
    let world = World::new();
    let answer = world.http(world.fe(), "PUT", PATH, &[ROOT], "1\ta\n");
    assert_eq!(answer.status, 200);
    assert_eq!(answer.status_text(), "FAILED");
    assert!(answer.body.contains("There is no 100-continue header"));
    let denied = world.http(world.fe(), "PUT", PATH, &[EXPECT, ("Authorization", "Basic cm9vdDp4")], "");
    assert_eq!(denied.status, 401);
    assert_eq!(denied.header("WWW-Authenticate"), Some("Basic realm=\"\""));
    assert_eq!(denied.json()["msg"], "Access denied for root@127.0.0.1");
    assert!(world.http(world.fe(), "PUT", PATH, &[EXPECT], "").body.contains("Need auth information."));
}

#[test]
fn the_be_takes_a_body_of_known_length() {
    let world = World::new();
    let answer = world.load("one", "1\ta\n2\t\\N\n", &[]);
    let keys: Vec<String> = answer.json().as_object().unwrap().keys().cloned().collect();
    assert_eq!(
        keys,
        [
            "TxnId",
            "Label",
            "Status",
            "Message",
            "NumberTotalRows",
            "NumberLoadedRows",
            "NumberFilteredRows",
            "NumberUnselectedRows",
            "LoadBytes",
            "LoadTimeMs",
            "BeginTxnTimeMs",
            "StreamLoadPlanTimeMs",
            "ReadDataTimeMs",
            "WriteDataTimeMs",
            "CommitAndPublishTimeMs"
        ]
    );
    let json = answer.json();
    assert_eq!((json["NumberLoadedRows"].as_u64(), json["LoadBytes"].as_u64()), (Some(2), Some(9)));
    assert_eq!(world.ids(), [1, 2]);
    assert_eq!(world.state("one"), "VISIBLE");
    assert_eq!(world.state("two"), "UNKNOWN");
}

#[test]
fn the_be_takes_chunks_and_keeps_the_connection() {
    let world = World::new();
    let mut wire = Wire::open(world.be(1));
    for label in ["a", "b"] {
        wire.head("PUT", PATH, &[ROOT, ("label", label), ("Transfer-Encoding", "chunked")]);
        wire.send(b"3\r\n1\ta\r\n6;x=y\r\n\n2\tb\nx\r\n0\r\n\r\n");
        let answer = wire.answer();
        assert_eq!((answer.status, answer.status_text().as_str()), (200, "Fail"), "{answer:?}");
    }
    wire.head("PUT", PATH, &[ROOT, ("label", "c"), ("Transfer-Encoding", "chunked")]);
    wire.send(b"3\r\n1\ta\r\n5\r\n\n2\tb\n\r\n0\r\n\r\n");
    assert_eq!(wire.answer().status_text(), "Success");
    assert_eq!(world.ids(), [1, 2]);
}

#[test]
fn a_refusal_comes_instead_of_continue() {
    let world = World::new();
    let mut wire = Wire::open(world.be(0));
    let length = ("Content-Length", "5");
    wire.head("PUT", PATH, &[EXPECT, length]);
    assert!(wire.answer().body.contains("no valid Basic authorization"));
    for (name, value, message) in [
        ("label", "a.b", "Label format error. regex: ^[-\\\\w]{1,128}$, label: a.b"),
        ("format", "orc", "unknown data format, format=orc"),
        ("strict_mode", "1", "Invalid strict mode format. Must be bool type"),
        ("columns", "id,id", "Duplicate column: id"),
    ] {
        wire.head("PUT", PATH, &[ROOT, EXPECT, length, (name, value)]);
        let answer = wire.answer();
        assert_eq!(answer.status, 200, "{answer:?}");
        assert!(answer.body.contains(message), "{answer:?}");
    }
    wire.head("PUT", "/api/d/nope/_stream_load", &[ROOT, EXPECT, length]);
    assert!(wire.answer().body.contains("unknown table \\\"d.nope\\\""));
    wire.head("PUT", "/api/nope/t/_stream_load", &[ROOT, EXPECT, length]);
    assert!(wire.answer().body.contains("unknown database, database=nope"));
    // Without Expect the body is on its way and must not be taken for a request.
    wire.head("PUT", PATH, &[ROOT, length, ("label", "a.b")]).send(b"1\ta\n\n");
    assert_eq!(wire.answer().status_text(), "Fail");
    wire.head("PUT", PATH, &[ROOT, length, ("label", "ab")]).send(b"1\ta\n\n");
    assert_eq!(wire.answer().status_text(), "Success");
}

#[test]
fn a_label_is_taken_once_and_free_again_after_an_abort() {
    let world = World::new();
    let failed = world.load("x", "bad\ta\n", &[]);
    assert_eq!(failed.json()["Message"], "too many filtered rows");
    assert_eq!(world.state("x"), "ABORTED");
    assert_eq!(world.load("x", "1\ta\n", &[]).status_text(), "Success");
    let again = world.load("x", "1\ta\n", &[]).json();
    assert_eq!(again["Status"], "Label Already Exists");
    assert_eq!(again["ExistingJobStatus"], "FINISHED");
    assert_eq!(world.ids(), [1]);
    let kept: Vec<String> = {
        use mysql::prelude::Queryable;
        world.connect().query("SELECT state FROM sandbox.ledger WHERE label = 'x' ORDER BY seq").unwrap()
    };
    assert_eq!(kept, ["ABORTED", "VISIBLE"]);
}

#[test]
fn a_running_label_can_be_cancelled() {
    let world = World::new();
    let mut wire = Wire::open(world.be(0));
    wire.head("PUT", PATH, &[ROOT, EXPECT, ("label", "slow"), ("Content-Length", "4")]);
    assert_eq!(wire.answer().status, 100);
    assert_eq!(world.state("slow"), "PREPARE");
    let twin = world.load("slow", "1\ta\n", &[]).json();
    assert_eq!(twin["ExistingJobStatus"], "RUNNING");
    let cancelled = world.http(world.fe(), "POST", "/api/d/t/_cancel?label=slow", &[ROOT], "");
    assert_eq!(cancelled.json()["status"], "OK");
    wire.send(b"1\ta\n");
    assert_eq!(wire.answer().status_text(), "Fail");
    assert_eq!(world.state("slow"), "ABORTED");
    assert!(world.ids().is_empty());
}

#[test]
fn labels_are_forgotten_by_count() {
    let limits = Limits { keep_count: 2, ..Limits::default() };
    let world = World::with(Config { limits, ..Config::default() });
    for label in ["a", "b", "c"] {
        assert_eq!(world.load(label, "1\ta\n", &[]).status_text(), "Success");
    }
    assert_eq!(world.state("a"), "UNKNOWN");
    assert_eq!(world.load("a", "1\ta\n", &[]).status_text(), "Success");
    assert_eq!(world.ids(), [1, 1, 1, 1]);
}

#[test]
fn filtered_rows_have_an_error_log() {
    let world = World::new();
    let answer = world.load("x", "1\ta\nbad\tb\n3\tc\n", &[("max_filter_ratio", "0.5")]).json();
    assert_eq!(answer["Status"], "Success");
    assert_eq!(answer["NumberFilteredRows"], 1);
    let url = answer["ErrorURL"].as_str().unwrap();
    let path = url.split_once("/api").unwrap().1;
    let log = world.http(world.be(1), "GET", &format!("/api{path}"), &[], "");
    assert_eq!(log.body, "Error: NULL value in non-nullable column 'id'. Row: bad\tb\n");
    assert_eq!(world.http(world.be(1), "GET", "/api/_load_error_log?file=x", &[], "").status, 404);
    assert_eq!(world.ids(), [1, 3]);
}

#[test]
fn packed_bodies_are_unpacked_and_cut_ones_refused() {
    use std::io::Write;
    let world = World::new();
    let body = (0..5000).map(|i| format!("{i}\tname {i}\n")).collect::<String>();
    let gzip = {
        let mut e = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        e.write_all(body.as_bytes()).unwrap();
        e.finish().unwrap()
    };
    let deflate = {
        let mut e = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
        e.write_all(body.as_bytes()).unwrap();
        e.finish().unwrap()
    };
    let bzip2 = {
        let mut e = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::fast());
        e.write_all(body.as_bytes()).unwrap();
        e.finish().unwrap()
    };
    let lz4 = {
        let mut e = lz4_flex::frame::FrameEncoder::new(Vec::new());
        e.write_all(body.as_bytes()).unwrap();
        e.finish().unwrap()
    };
    let zstd = zstd::encode_all(body.as_bytes(), 1).unwrap();
    for (name, bytes) in
        [("gzip", gzip), ("deflate", deflate), ("bzip2", bzip2), ("lz4_frame", lz4), ("zstd", zstd)]
    {
        world.sql("TRUNCATE TABLE d.t");
        let send = |label: &str, bytes: &[u8]| {
            let mut wire = Wire::open(world.be(0));
            let length = bytes.len().to_string();
            wire.head(
                "PUT",
                PATH,
                &[ROOT, ("label", label), ("compression", name), ("Content-Length", &length)],
            );
            wire.send(bytes);
            wire.answer().status_text()
        };
        assert_eq!(send(name, &bytes), "Success", "{name}");
        assert_eq!(world.ids().len(), 5000, "{name}");
        assert_eq!(send(&format!("{name}-cut"), &bytes[..bytes.len() - 9]), "Fail", "{name}");
        assert_eq!(world.ids().len(), 5000, "{name}");
    }
}

#[test]
fn json_rows_by_name_and_operations() {
    let world = World::new();
    world.sql("CREATE TABLE d.k (id INT, a DECIMAL(38,10), j JSON) PRIMARY KEY(id)");
    let put = |label: &str, body: &str| {
        let headers = [ROOT, ("label", label), ("format", "json"), ("strip_outer_array", "true")];
        world.http(world.be(0), "PUT", "/api/d/k/_stream_load", &headers, body).json()
    };
    let digits = "1234567890123456789012345678.0123456789";
    let body = format!(r#"[{{"j":{{"b":1, "a":1e400}},"id":1,"a":{digits}}},{{"id":2,"x":0}}]"#);
    assert_eq!(put("a", &body)["Status"], "Success");
    assert_eq!(world.one::<String>("SELECT a FROM d.k WHERE id = 1"), digits);
    assert_eq!(world.one::<String>("SELECT j FROM d.k WHERE id = 1"), r#"{"b":1, "a":1e400}"#);
    assert_eq!(put("b", r#"[{"id":1,"__op":1},{"id":2,"a":2},{"id":2,"a":3}]"#)["Status"], "Success");
    assert_eq!(world.one::<String>("SELECT sum(a) FROM d.k"), "3.0000000000");
    assert_eq!(put("c", "[]")["Message"], "all partitions have no load data");
    assert_eq!(put("d", "[{\"id\":1},]")["Status"], "Fail");
}

#[test]
fn partial_updates_keep_the_other_columns() {
    let world = World::new();
    world.sql("CREATE TABLE d.k (id INT, a INT, b INT) PRIMARY KEY(id)");
    world.sql("INSERT INTO d.k VALUES (1, 2, 3)");
    let headers = [ROOT, ("columns", "id,b"), ("partial_update", "true")];
    assert_eq!(
        world.http(world.be(0), "PUT", "/api/d/k/_stream_load", &headers, "1\t9\n").status_text(),
        "Success"
    );
    assert_eq!(world.one::<String>("SELECT concat(a, '-', b) FROM d.k"), "2-9");
}

#[test]
fn followers_redirect_to_the_leader_but_load_themselves() {
    let world = World::with(Config { followers: 1, ..Config::default() });
    let follower = world.sandbox.server().ports().followers[0].address;
    let state = world.http(follower, "GET", "/api/d/get_load_state?label=x", &[ROOT], "");
    assert_eq!(state.status, 307);
    assert_eq!(
        state.header("Location").unwrap(),
        format!("http://{}/api/d/get_load_state?label=x", world.fe())
    );
    let load = world.http(follower, "PUT", PATH, &[ROOT, EXPECT], "");
    let location = load.header("Location").unwrap();
    assert!([0, 1].iter().any(|i| location.contains(&world.be(*i).to_string())), "{location}");
    let transaction = world.http(follower, "POST", "/api/transaction/begin", &[ROOT], "");
    assert_eq!(transaction.status, 307);
}

#[test]
fn redirects_name_what_they_are_told() {
    let config = Config {
        redirect_host: Some("starrocks.invalid".into()),
        redirect_be_as: vec!["10.9.8.7:8040".into()],
        ..Config::default()
    };
    let world = World::with(config);
    let mut seen: Vec<String> = (0..2)
        .map(|_| {
            world.http(world.fe(), "PUT", PATH, &[ROOT, EXPECT], "").header("Location").unwrap().to_owned()
        })
        .collect();
    seen.sort();
    assert_eq!(seen[0], format!("http://10.9.8.7:8040{PATH}"));
    assert_eq!(seen[1], format!("http://starrocks.invalid:{}{PATH}", world.be(1).port()));
}

#[test]
fn discard_counts_only() {
    let world = World::with(Config { discard: true, ..Config::default() });
    let answer = world.load("x", "1\ta\n2\tb\n", &[]).json();
    assert_eq!((answer["Status"].as_str(), answer["NumberLoadedRows"].as_u64()), (Some("Success"), Some(2)));
    assert!(world.ids().is_empty());
    assert_eq!(world.one::<i64>("SELECT `rows` FROM sandbox.ledger"), 2);
}

#[test]
fn data_and_labels_outlive_a_restart() {
    let folder = std::env::temp_dir().join(format!("sandbox-test-{}", std::process::id()));
    let config = Config { data: Some(folder.clone()), ..Config::default() };
    {
        let world = World::with(config.clone());
        assert_eq!(world.load("x", "1\ta\n", &[]).status_text(), "Success");
    }
    let world = World::with(config);
    assert_eq!(world.ids(), [1]);
    assert_eq!(world.state("x"), "VISIBLE");
    assert_eq!(world.load("x", "1\ta\n", &[]).status_text(), "Label Already Exists");
    drop(world);
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn the_rate_holds_bodies_back() {
    let world = World::with(Config { rate: Some(20_000), ..Config::default() });
    let started = std::time::Instant::now();
    let body = "1\taaaaaaaaaaaaaaaaaa\n".repeat(300);
    assert_eq!(world.load("x", &body, &[]).status_text(), "Success");
    let ms = started.elapsed().as_millis();
    assert!((250..2000).contains(&ms), "{} bytes took {ms} ms", body.len());
}
