//! The control port: faults, ports down and up, statistics. Requests and answers are JSON.

use crate::faults::Fault;
use crate::http::body::Body;
use crate::http::response::Response;
use crate::http::{Connection, Request};
use crate::server::{Next, Server};
use serde::Deserialize;
use serde_json::{Value, json};
use std::io::{self, Read};
use std::sync::atomic::Ordering;
use std::time::Duration;

/// `POST /control`: whatever is given is done, in this order.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Order {
    /// Take a port down (`fe`, `be`, `be0`, `follower0`, `https`, `mysql`, `all`) and reset its connections.
    stop: Option<String>,
    /// Take it up again.
    start: Option<String>,
    /// Reset the connections of a port that stays up.
    reset: Option<String>,
    /// Accept and never answer, from now on, or no more.
    hang: Option<bool>,
    /// Which ports `hang` and `outage` are about.
    #[serde(default = "all")]
    port: String,
    /// Bytes per second at which bodies are read; 0 for no limit.
    rate: Option<u64>,
    /// Count loads only.
    discard: Option<bool>,
    /// Nobody gets through to the ports named by `port`, from now on, or everybody again.
    outage: Option<bool>,
    /// Nobody gets through for so long.
    outage_ms: Option<u64>,
    /// A BE dies, and comes back after `back_ms` or when it is started.
    kill_be: Option<usize>,
    back_ms: Option<u64>,
    /// A BE loses the context of a label.
    lose_context: Option<Label>,
    /// Change the leader FE: transactions in PREPARE are forgotten.
    #[serde(default)]
    change_leader: bool,
    /// A label's transaction in PREPARE or PREPARED runs out of time.
    expire: Option<Label>,
    /// Forget a label.
    forget_label: Option<Label>,
    /// Limits of the label table.
    label_keep_max_num: Option<usize>,
    label_keep_max_ms: Option<u64>,
    max_running_txn: Option<usize>,
}

#[derive(Debug, Deserialize)]
struct Label {
    db: String,
    label: String,
}

fn all() -> String {
    "all".to_owned()
}

/// Answers one request.
pub fn handle(server: &Server, request: &Request, connection: &mut Connection) -> io::Result<Next> {
    let mut content = Vec::new();
    match Body::new(connection, request) {
        Ok(mut body) => {
            if request.expects_continue() {
                body.connection().send(b"HTTP/1.1 100 Continue\r\n\r\n")?;
            }
            body.read_to_end(&mut content)?;
        }
        Err(why) => return respond(connection, Err(why)),
    }
    let segments = request.segments();
    let path: Vec<&str> = segments.iter().map(String::as_str).collect();
    let result = match (request.method.as_str(), path.as_slice()) {
        ("GET", ["faults"]) => Ok(json!(server.faults.report())),
        ("POST", ["faults"]) => add_faults(server, &content),
        ("DELETE", ["faults"]) => {
            server.faults.remove(None);
            Ok(json!({"ok": true}))
        }
        ("DELETE", ["faults", id]) => id.parse().map_err(|_| format!("no fault number: {id}")).map(|id| {
            server.faults.remove(Some(id));
            json!({"ok": true})
        }),
        ("POST", ["control"]) => {
            serde_json::from_slice(&content).map_err(|e| e.to_string()).and_then(|o| obey(server, &o))
        }
        ("GET", ["transactions"]) => Ok(json!(server.open_transactions())),
        ("GET", ["stats"]) => Ok(report(server)),
        ("DELETE", ["stats"]) => {
            server.stats.reset();
            Ok(json!({"ok": true}))
        }
        (method, _) => Err(format!("unknown request {method} {}", request.target)),
    };
    respond(connection, result)
}

fn respond(connection: &mut Connection, result: Result<Value, String>) -> io::Result<Next> {
    let response = match result {
        Ok(value) => Response::json(&value),
        Err(message) => {
            let mut response = Response::json(&json!({"error": message}));
            response.status = 400;
            response
        }
    };
    response.send(connection)?;
    Ok(Next::Keep)
}

fn add_faults(server: &Server, content: &[u8]) -> Result<Value, String> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Posted {
        Many(Vec<Value>),
        One(Value),
    }
    let posted: Posted = serde_json::from_slice(content).map_err(|e| e.to_string())?;
    let (many, one) = match posted {
        Posted::Many(faults) => (true, faults),
        Posted::One(fault) => (false, vec![fault]),
    };
    let faults: Vec<Fault> = one
        .into_iter()
        .map(|value| serde_json::from_value(value).map_err(|e| e.to_string()))
        .collect::<Result<_, _>>()?;
    let ids = faults.into_iter().map(|fault| server.faults.add(fault)).collect::<Result<Vec<u64>, _>>()?;
    Ok(if many { json!({"ids": ids}) } else { json!({"id": ids[0]}) })
}

fn obey(server: &Server, order: &Order) -> Result<Value, String> {
    let ports = |name: &str| {
        let ports = server.ports().named(name);
        if ports.is_empty() { Err(format!("no port is called {name}")) } else { Ok(ports) }
    };
    if let Some(name) = &order.stop {
        ports(name)?.iter().for_each(|p| p.stop());
    }
    if let Some(name) = &order.start {
        for port in ports(name)? {
            port.start(None).map_err(|e| format!("can't start {}: {e}", port.name))?;
        }
    }
    if let Some(name) = &order.reset {
        ports(name)?.iter().for_each(|p| p.reset_all());
    }
    if let Some(hang) = order.hang {
        ports(&order.port)?.iter().for_each(|p| p.set_hang(hang));
    }
    if let Some(rate) = order.rate {
        server.rate.store(rate, Ordering::Relaxed);
    }
    if let Some(discard) = order.discard {
        server.discard.store(discard, Ordering::Relaxed);
    }
    match (order.outage, order.outage_ms) {
        (Some(false), _) => server.end_outage(),
        (Some(true), None) => {
            ports(&order.port)?;
            server.outage(&order.port, None);
        }
        (_, Some(ms)) => {
            ports(&order.port)?;
            server.outage(&order.port, Some(Duration::from_millis(ms)));
        }
        (None, None) => {}
    }
    if let Some(be) = order.kill_be {
        ports(&format!("be{be}"))?;
        server.kill_be(be, order.back_ms.map(Duration::from_millis));
    }
    if let Some(Label { label, .. }) = &order.lose_context {
        (0..server.ports().be.len()).for_each(|be| server.contexts.lose(be, Some(label)));
    }
    if order.change_leader {
        server.change_leader();
    }
    if let Some(Label { db, label }) = &order.expire
        && !server.expire(db, label)
    {
        return Err(format!("no transaction of {db} with label {label} is in PREPARE or PREPARED"));
    }
    let mut labels = server.labels();
    if let Some(n) = order.label_keep_max_num {
        labels.limits.keep_count = n;
    }
    if let Some(ms) = order.label_keep_max_ms {
        labels.limits.keep_time = Duration::from_millis(ms);
    }
    if let Some(n) = order.max_running_txn {
        labels.limits.running = n;
    }
    drop(labels);
    if let Some(Label { db, label }) = &order.forget_label {
        server.forget_label(db, label);
    }
    Ok(json!({"ok": true}))
}

fn report(server: &Server) -> Value {
    let mut report = server.stats.report();
    let ports: serde_json::Map<String, Value> = server
        .ports()
        .serving()
        .map(|p| (p.name.clone(), json!({"up": p.is_up(), "connections": p.connections()})))
        .collect();
    report["ports"] = ports.into();
    report
}
