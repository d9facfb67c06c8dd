//! Ports that go down, hang, speak TLS or IPv6; the control port.

mod common;

use common::{EXPECT, ROOT, Wire, World};
use rustls::pki_types::{CertificateDer, ServerName};
use serde_json::json;
use starrocks_sandbox::config::{Config, RedirectScheme};
use starrocks_sandbox::server::Sandbox;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::Duration;

fn control(world: &World, order: &serde_json::Value) {
    let answer = world.http(world.control(), "POST", "/control", &[], &order.to_string());
    assert_eq!(answer.status, 200, "{answer:?}");
}

#[test]
fn a_port_goes_down_with_its_connections_and_comes_back() {
    let world = World::new();
    let mut open = Wire::open(world.be(0));
    open.head("PUT", "/api/d/t/_stream_load", &[ROOT, EXPECT, ("Content-Length", "4")]);
    assert_eq!(open.answer().status, 100);
    control(&world, &json!({"stop": "be0"}));
    assert!(open.is_over());
    assert!(TcpStream::connect(world.be(0)).is_err());
    control(&world, &json!({"start": "be0"}));
    assert_eq!(world.load("x", "1\ta\n", &[]).status_text(), "Success");
}

#[test]
fn a_dead_be_is_handed_out_until_it_is_noticed() {
    let world = World::with(Config { heartbeat: Duration::from_millis(200), ..Config::default() });
    control(&world, &json!({"stop": "be1"}));
    let dead = world.be(1).to_string();
    let named = || {
        (0..2).any(|_| {
            let answer = world.http(world.fe(), "PUT", "/api/d/t/_stream_load", &[ROOT, EXPECT], "");
            answer.header("Location").unwrap().contains(&dead)
        })
    };
    assert!(named());
    std::thread::sleep(Duration::from_millis(250));
    assert!(!named());
    control(&world, &json!({"stop": "be0"}));
    std::thread::sleep(Duration::from_millis(250));
    let none = world.http(world.fe(), "PUT", "/api/d/t/_stream_load", &[ROOT, EXPECT], "");
    assert!(none.body.contains("No backend alive."));
}

#[test]
fn a_hanging_port_accepts_and_says_nothing() {
    let world = World::new();
    control(&world, &json!({"hang": true, "port": "fe"}));
    let mut wire = Wire::open(world.fe());
    wire.stream.set_read_timeout(Some(Duration::from_millis(200))).unwrap();
    wire.head("GET", "/api/d/get_load_state?label=x", &[ROOT]);
    let error = wire.stream.read(&mut [0]).unwrap_err();
    assert!(matches!(error.kind(), std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut), "{error}");
    control(&world, &json!({"hang": false}));
    wire.stream.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
    assert_eq!(wire.answer().status, 200);
}

#[test]
fn faults_and_statistics_over_the_control_port() {
    let world = World::new();
    let post = |body: &str| world.http(world.control(), "POST", "/faults", &[], body);
    assert_eq!(post(r#"{"kind":"publish_timeout","table":"t"}"#).json()["id"], 1);
    assert_eq!(post(r#"[{"kind":"fail"},{"kind":"be_hang","times":0}]"#).json()["ids"], json!([2, 3]));
    let wrong = post(r#"{"kind":"publish_timeuot"}"#);
    assert_eq!(wrong.status, 400);
    assert!(wrong.body.contains("publish_timeuot"));
    world.http(world.control(), "DELETE", "/faults/3", &[], "");
    world.http(world.control(), "DELETE", "/faults/2", &[], "");
    assert_eq!(world.load("x", "1\ta\n", &[("X-Custom", "y")]).status_text(), "Publish Timeout");
    let faults = world.http(world.control(), "GET", "/faults", &[], "").json();
    assert_eq!((faults[0]["hits"].as_u64(), faults.as_array().unwrap().len()), (Some(1), 1));
    let mut stats = world.http(world.control(), "GET", "/stats", &[], "").json();
    for _ in 0..100 {
        if stats["tables"]["d.t"]["rows"] == 1 {
            break;
        }
        // The rows became visible after the answer.
        std::thread::sleep(Duration::from_millis(10));
        stats = world.http(world.control(), "GET", "/stats", &[], "").json();
    }
    assert_eq!(stats["tables"]["d.t"], json!({"loads": 1, "rows": 1, "bytes": 4, "failed": 0}));
    let headers = stats["log"][0]["headers"].to_string();
    assert!(
        headers.contains(r#"["x-custom","y"]"#) && headers.contains(r#"["authorization","Basic root:***"]"#)
    );
    assert!(!stats.to_string().contains("cm9vdDo"));
}

#[test]
fn a_new_leader_knows_nothing_of_what_was_prepared() {
    let world = World::new();
    let mut open = Wire::open(world.be(0));
    open.head("PUT", "/api/d/t/_stream_load", &[ROOT, EXPECT, ("label", "x"), ("Content-Length", "4")]);
    assert_eq!(open.answer().status, 100);
    control(&world, &json!({"change_leader": true}));
    assert_eq!(world.state("x"), "UNKNOWN");
    open.send(b"1\ta\n");
    assert_eq!(open.answer().status_text(), "Fail");
    assert!(world.ids().is_empty());
}

#[test]
fn ipv6() {
    let world = World::with(Config { bind: "::1".parse().unwrap(), ..Config::default() });
    let answer = world.http(world.fe(), "PUT", "/api/d/t/_stream_load", &[ROOT, EXPECT], "");
    assert!(answer.header("Location").unwrap().starts_with("http://[::1]:"));
    assert_eq!(world.load("x", "1\ta\n", &[]).status_text(), "Success");
}

/// One request over TLS.
fn tls(address: SocketAddr, certificate: &CertificateDer<'static>, request: &str) -> String {
    let mut roots = rustls::RootCertStore::empty();
    roots.add(certificate.clone()).unwrap();
    let config =
        rustls::ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
    let name = ServerName::try_from("localhost").unwrap();
    let session = rustls::ClientConnection::new(Arc::new(config), name).unwrap();
    let mut stream = rustls::StreamOwned::new(session, TcpStream::connect(address).unwrap());
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = Vec::new();
    // The server may end the connection without a word of TLS.
    let _ = stream.read_to_end(&mut answer);
    String::from_utf8(answer).unwrap()
}

#[test]
fn every_http_port_speaks_tls_beside_http() {
    let folder = std::env::temp_dir().join(format!("sandbox-tls-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let (cert, key) = (folder.join("cert.pem"), folder.join("key.pem"));
    std::fs::write(&cert, made.cert.pem()).unwrap();
    std::fs::write(&key, made.signing_key.serialize_pem()).unwrap();
    let config = Config {
        tls: Some((cert, key)),
        https_port: Some(0),
        redirect_scheme: RedirectScheme::Https,
        ..Config::default()
    };
    let world = World { sandbox: Sandbox::start(config).unwrap() };
    world.sql("CREATE DATABASE d");
    world.sql("CREATE TABLE d.t (id INT, name STRING)");
    let put = "PUT /api/d/t/_stream_load HTTP/1.1\r\nAuthorization: Basic cm9vdDo=\r\nConnection: close\r\n";
    let https = world.sandbox.server().ports().https.as_ref().unwrap().address;
    let certificate = made.cert.der();
    for fe in [https, world.fe()] {
        let answer = tls(fe, certificate, &format!("{put}Expect: 100-continue\r\n\r\n"));
        assert!(answer.starts_with("HTTP/1.1 307") && answer.contains("Location: https://"), "{answer}");
    }
    let answer = tls(world.be(0), certificate, &format!("{put}Content-Length: 4\r\n\r\n1\ta\n"));
    assert!(answer.contains("\"Success\""), "{answer}");
    assert_eq!(world.load("plain", "2\tb\n", &[]).status_text(), "Success");
    assert_eq!(world.ids(), [1, 2]);
    std::fs::remove_dir_all(folder).unwrap();
}
