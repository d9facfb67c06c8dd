//! A server per test, and a client that sees every byte.
#![allow(dead_code, reason = "each test binary uses a part of it")]

use mysql::prelude::Queryable;
use serde_json::Value;
use starrocks_sandbox::config::Config;
use starrocks_sandbox::faults::Fault;
use starrocks_sandbox::server::Sandbox;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// A running server with the database `d` and the table `d.t (id, name)`.
pub struct World {
    pub sandbox: Sandbox,
}

/// An answer, cut into its parts.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: String,
}

impl Answer {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, v)| v.as_str())
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|e| panic!("{e}: {self:?}"))
    }

    /// Expects this `Status`, and this in the `Message`.
    pub fn expect(&self, status: &str, message: &str) -> Value {
        let value = self.json();
        assert_eq!(value["Status"], status, "{value}");
        let said = value["Message"].as_str().unwrap();
        assert!(if message.is_empty() { said.is_empty() } else { said.contains(message) }, "{value}");
        value
    }

    pub fn status_text(&self) -> String {
        self.json()["Status"].as_str().unwrap_or_default().to_owned()
    }
}

/// A connection on which nothing happens by itself.
pub struct Wire {
    pub stream: TcpStream,
}

impl Wire {
    pub fn open(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        Self { stream }
    }

    pub fn send(&mut self, bytes: &[u8]) -> &mut Self {
        self.stream.write_all(bytes).unwrap();
        self
    }

    pub fn head(&mut self, method: &str, target: &str, headers: &[(&str, &str)]) -> &mut Self {
        let mut head = format!("{method} {target} HTTP/1.1\r\nHost: sandbox\r\n");
        for (name, value) in headers {
            head += &format!("{name}: {value}\r\n");
        }
        self.send((head + "\r\n").as_bytes())
    }

    /// Reads up to the blank line that ends a head.
    fn raw_head(&mut self) -> Option<String> {
        let mut head = Vec::new();
        let mut byte = [0];
        while !head.ends_with(b"\r\n\r\n") {
            if self.stream.read(&mut byte).ok()? == 0 {
                return None;
            }
            head.push(byte[0]);
        }
        Some(String::from_utf8(head).unwrap())
    }

    /// The next answer, interim ones included; `None` if the connection ends.
    pub fn try_answer(&mut self) -> Option<Answer> {
        let head = self.raw_head()?;
        let mut lines = head.lines();
        let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
        let headers: Vec<(String, String)> =
            lines.filter_map(|l| l.split_once(": ")).map(|(n, v)| (n.to_owned(), v.to_owned())).collect();
        let mut answer = Answer { status, headers, body: String::new() };
        let length = answer.header("content-length").map_or(0, |n| n.parse().unwrap());
        let mut body = vec![0; length];
        self.stream.read_exact(&mut body).ok()?;
        answer.body = String::from_utf8_lossy(&body).into_owned();
        Some(answer)
    }

    pub fn answer(&mut self) -> Answer {
        self.try_answer().expect("the connection ended before the answer")
    }

    /// Whether the other side has ended the connection.
    pub fn is_over(&mut self) -> bool {
        matches!(self.stream.read(&mut [0]), Ok(0) | Err(_))
    }
}

pub const ROOT: (&str, &str) = ("Authorization", "Basic cm9vdDo=");
pub const EXPECT: (&str, &str) = ("Expect", "100-continue");

impl World {
    pub fn new() -> Self {
        Self::with(Config::default())
    }

    pub fn with(config: Config) -> Self {
        let world = Self { sandbox: Sandbox::start(config).unwrap() };
        world.sql("CREATE DATABASE IF NOT EXISTS d");
        world.sql("CREATE TABLE IF NOT EXISTS d.t (id BIGINT NOT NULL, name VARCHAR(20)) DUPLICATE KEY(id)");
        world
    }

    pub fn fe(&self) -> SocketAddr {
        self.sandbox.server().ports().fe.address
    }

    pub fn be(&self, i: usize) -> SocketAddr {
        self.sandbox.server().ports().be[i].address
    }

    pub fn control(&self) -> SocketAddr {
        self.sandbox.server().ports().control.address
    }

    pub fn opts(&self) -> mysql::OptsBuilder {
        let address = self.sandbox.server().ports().mysql.address;
        mysql::OptsBuilder::new()
            .ip_or_hostname(Some(address.ip().to_string()))
            .tcp_port(address.port())
            .user(Some("root"))
            .prefer_socket(false)
    }

    pub fn connect(&self) -> mysql::Conn {
        mysql::Conn::new(self.opts()).unwrap()
    }

    pub fn sql(&self, sql: &str) {
        self.connect().query_drop(sql).unwrap_or_else(|e| panic!("{sql}: {e}"));
    }

    pub fn one<T: mysql::prelude::FromValue>(&self, sql: &str) -> T {
        self.connect().query_first(sql).unwrap().unwrap_or_else(|| panic!("no row: {sql}"))
    }

    pub fn ids(&self) -> Vec<i64> {
        self.connect().query("SELECT id FROM d.t ORDER BY id").unwrap()
    }

    pub fn fault(&self, fault: Fault) {
        self.sandbox.server().faults.add(fault).unwrap();
    }

    /// One request on a connection of its own.
    pub fn http(
        &self,
        address: SocketAddr,
        method: &str,
        target: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Answer {
        let mut wire = Wire::open(address);
        let length = body.len().to_string();
        let mut all = headers.to_vec();
        all.push(("Content-Length", &length));
        wire.head(method, target, &all).send(body.as_bytes());
        wire.answer()
    }

    /// A stream load straight to the first BE; `None` if there was no answer.
    pub fn try_load(&self, label: &str, body: &str, headers: &[(&str, &str)]) -> Option<Answer> {
        let mut wire = Wire::open(self.be(0));
        let length = body.len().to_string();
        let mut all = vec![ROOT, EXPECT, ("label", label), ("Content-Length", &length)];
        all.extend_from_slice(headers);
        wire.head("PUT", "/api/d/t/_stream_load", &all);
        let first = wire.try_answer()?;
        if first.status != 100 {
            return Some(first);
        }
        wire.stream.write_all(body.as_bytes()).ok()?;
        wire.try_answer()
    }

    pub fn load(&self, label: &str, body: &str, headers: &[(&str, &str)]) -> Answer {
        self.try_load(label, body, headers).expect("an answer")
    }

    /// A request of the transaction interface about the table `d.t`, from the FE on, through its redirects; `None`
    /// if there was no answer.
    pub fn try_txn(&self, name: &str, label: &str, body: &str, headers: &[(&str, &str)]) -> Option<Answer> {
        self.try_txn_at(self.fe(), name, label, body, headers)
    }

    pub fn try_txn_at(
        &self,
        address: SocketAddr,
        name: &str,
        label: &str,
        body: &str,
        headers: &[(&str, &str)],
    ) -> Option<Answer> {
        // Only loads have a body.
        let length = if name == "load" { body.len() } else { 0 }.to_string();
        let mut all = vec![ROOT, ("label", label), ("Content-Length", &length)];
        for (name, default) in [("db", "d"), ("table", "t")] {
            if !headers.iter().any(|(own, _)| *own == name) {
                all.push((name, default));
            }
        }
        all.extend_from_slice(headers);
        let method = if name == "load" {
            all.push(EXPECT);
            "PUT"
        } else {
            "POST"
        };
        let target = format!("/api/transaction/{name}");
        let mut address = address;
        for _ in 0..4 {
            let mut wire = Wire { stream: TcpStream::connect(address).ok()? };
            wire.stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
            wire.head(method, &target, &all);
            let mut answer = wire.try_answer()?;
            if answer.status == 100 {
                wire.stream.write_all(body.as_bytes()).ok()?;
                answer = wire.try_answer()?;
            }
            if answer.status != 307 {
                return Some(answer);
            }
            let location = answer.header("Location").unwrap().strip_prefix("http://").unwrap();
            address = location.split('/').next().unwrap().parse().unwrap();
        }
        panic!("redirected in circles");
    }

    pub fn txn(&self, name: &str, label: &str, headers: &[(&str, &str)]) -> Answer {
        self.try_txn(name, label, "", headers).expect("an answer")
    }

    pub fn txn_load(&self, label: &str, body: &str, headers: &[(&str, &str)]) -> Answer {
        self.try_txn("load", label, body, headers).expect("an answer")
    }

    /// Begins a transaction and loads that into it.
    pub fn begun(&self, label: &str, body: &str) {
        self.txn("begin", label, &[]).expect("OK", "");
        self.txn_load(label, body, &[]).expect("OK", "");
    }

    /// The same, prepared.
    pub fn prepared(&self, label: &str, body: &str) {
        self.begun(label, body);
        self.txn("prepare", label, &[]).expect("OK", "");
    }

    /// What `get_load_state` says.
    pub fn state(&self, label: &str) -> String {
        let answer =
            self.http(self.fe(), "GET", &format!("/api/d/get_load_state?label={label}"), &[ROOT], "");
        answer.json()["state"].as_str().unwrap_or_default().to_owned()
    }
}
