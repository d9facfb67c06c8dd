//! The FE: redirects loads to a BE without reading their bodies, and answers about labels.

use crate::config::RedirectScheme;
use crate::faults::{Fault, Kind, Op, Scope};
use crate::http::response::Response;
use crate::http::{Connection, Request};
use crate::net::Port;
use crate::server::{Next, Server, pause};
use crate::transaction::{self, Subject};
use serde_json::json;
use std::io;

/// Answers one request.
pub fn handle(
    server: &Server,
    port: &Port,
    leader: bool,
    request: &Request,
    connection: &mut Connection,
) -> io::Result<Next> {
    let segments = request.segments();
    let path: Vec<&str> = segments.iter().map(String::as_str).collect();
    let label =
        request.header("label").map(str::to_owned).or_else(|| request.parameter("label")).unwrap_or_default();
    let subject = match path.as_slice() {
        ["api", "transaction", name] => Some(Subject::of(request, name)),
        _ => None,
    };
    let scope = match (&subject, path.as_slice()) {
        (Some(s), _) => Scope { op: s.op, database: &s.database, table: &s.table, label: &s.label },
        (None, ["api", database, table, "_stream_load"]) => {
            Scope { op: Some(Op::StreamLoad), database, table, label: &label }
        }
        (None, ["api", database, table, "_cancel"]) => {
            Scope { op: Some(Op::Cancel), database, table, label: &label }
        }
        (None, ["api", database, "get_load_state"]) => {
            Scope { op: Some(Op::State), database, table: "", label: &label }
        }
        _ => Scope { label: &label, ..Scope::default() },
    };
    let ask = Ask { server, port, leader, request, scope };
    if let Some(fault) = server.faults.take(Kind::FeHang, scope) {
        server.stats.outcome(request.number, 0, "hangs");
        pause(server, fault.delay(600_000));
        return Ok(Next::Close);
    }
    if let Some(fault) = server.faults.take(Kind::FeError, scope) {
        let status = fault.status.unwrap_or(500);
        let body = fault.text.unwrap_or_else(|| "{\"status\":\"FAILED\",\"msg\":\"injected\"}".to_owned());
        let response = Response::text(status, "application/json", body).closing();
        return server.answer(connection, request, response, scope, "injected error");
    }
    match (request.method.as_str(), path.as_slice()) {
        ("GET", ["api", "health"]) => {
            let up = server.ports().be.iter().filter(|p| p.is_up()).count();
            let value = json!({"online_backend_num": up, "total_backend_num": server.ports().be.len(), "status": "OK"});
            server.answer(connection, request, Response::json(&value), scope, "health")
        }
        // What a server from before the transaction interface says, to whomever.
        (_, ["api", "transaction", _]) if !server.config.transactions => {
            let response = Response::json(&rest("FAILED", "Not implemented")).closing();
            server.answer(connection, request, response, scope, "no transactions")
        }
        (_, ["api", ..]) => match ask.denied() {
            Some(denied) => server.answer(connection, request, denied, scope, "denied"),
            None => ask.authorized(connection, &path),
        },
        _ => server.answer(connection, request, Response::text(200, "text/html", "sandbox"), scope, "page"),
    }
}

/// `RestBaseResult` of the FE: status, its number, message.
fn rest(status: &str, message: &str) -> serde_json::Value {
    let code = if status == "OK" { "0" } else { "1" };
    json!({"status": status, "code": code, "msg": message, "message": message})
}

/// A request to an FE.
pub struct Ask<'a> {
    /// The server.
    pub server: &'a Server,
    port: &'a Port,
    leader: bool,
    /// The request.
    pub request: &'a Request,
    /// What it is about.
    pub scope: Scope<'a>,
}

impl Ask<'_> {
    /// The fault of that kind that fires now.
    pub fn fire(&self, kind: Kind) -> Option<Fault> {
        self.server.faults.take(kind, self.scope)
    }

    fn denied(&self) -> Option<Response> {
        let forced = self.server.faults.take(Kind::FeUnauthorized, self.scope).is_some();
        let message = match self.request.credentials() {
            None => "Need auth information.".to_owned(),
            Some((user, password)) if forced || !self.server.knows(&user, &password) => {
                format!("Access denied for {user}@{}", self.port.address.ip())
            }
            Some(_) => return None,
        };
        let body = serde_json::to_string(&rest("FAILED", &message)).unwrap_or_default();
        let response = Response::text(401, "application/json", body);
        Some(response.with("WWW-Authenticate", "Basic realm=\"\"").closing())
    }

    fn authorized(&self, connection: &mut Connection, path: &[&str]) -> io::Result<Next> {
        let answer = |connection: &mut Connection, response, outcome: &str| {
            self.server.answer(connection, self.request, response, self.scope, outcome)
        };
        match (self.request.method.as_str(), path) {
            ("PUT", ["api", _, _, "_stream_load"]) => self.stream_load(connection),
            (_, ["api", _, "get_load_state"] | ["api", _, _, "_cancel"] | ["api", "transaction", _])
                if !self.leader =>
            {
                let leader = self.server.public_address(&self.server.ports().fe);
                answer(connection, self.redirect(&leader), "to the leader")
            }
            ("GET", ["api", database, "get_load_state"]) => self.load_state(connection, database),
            ("POST", ["api", database, _, "_cancel"]) => {
                let result = self.server.labels().cancel(database, self.scope.label);
                let value = match &result {
                    Ok(()) => rest("OK", "Success"),
                    Err(message) => rest("FAILED", message),
                };
                answer(connection, Response::json(&value), "cancel")
            }
            ("POST" | "PUT", ["api", "transaction", name]) => transaction::fe::handle(self, connection, name),
            _ => answer(
                connection,
                Response::json(&rest("FAILED", "Not implemented")).closing(),
                "unknown request",
            ),
        }
    }

    fn failed(message: &str) -> Response {
        let message = format!("class com.starrocks.common.DdlException: {message}");
        Response::json(&json!({"Status": "FAILED", "Message": message})).closing()
    }

    fn stream_load(&self, connection: &mut Connection) -> io::Result<Next> {
        let answer = |connection: &mut Connection, response, outcome: &str| {
            self.server.answer(connection, self.request, response, self.scope, outcome)
        };
        if self.request.is_http11 && self.request.header("expect").is_none() {
            return answer(connection, Self::failed("There is no 100-continue header"), "no Expect");
        }
        if self.fire(Kind::NoBackend).is_some() {
            return answer(connection, Self::failed("No backend alive."), "no backend");
        }
        if let Some(next) = self.astray(connection) {
            return next;
        }
        match self.server.choose_be() {
            None => answer(connection, Self::failed("No backend alive."), "no backend"),
            Some(be) => self.to_be(connection, be),
        }
    }

    /// 307 to a BE.
    pub fn to_be(&self, connection: &mut Connection, be: usize) -> io::Result<Next> {
        let be = &self.server.ports().be[be];
        let response = self.redirect(&self.server.public_address(be));
        self.server.answer(connection, self.request, response, self.scope, &format!("to {}", be.name))
    }

    /// The faults that lie in a redirect to a BE; `None` if there is none.
    pub fn astray(&self, connection: &mut Connection) -> Option<io::Result<Next>> {
        let server = self.server;
        if let Some(fault) = self.fire(Kind::RedirectDelay) {
            pause(server, fault.delay(15_000));
        }
        let (response, outcome) = if self.fire(Kind::RedirectWithoutLocation).is_some() {
            let mut response = self.redirect("");
            response.headers.retain(|(name, _)| name != "Location");
            (response, "redirect without Location")
        } else if self.fire(Kind::RedirectLoop).is_some() {
            (self.redirect(&self.port.address.to_string()), "redirect to itself")
        } else if self.fire(Kind::RedirectDeadPort).is_some() {
            // Port 1 of the address listened on: nothing answers there.
            let dead = std::net::SocketAddr::new(server.config.bind, 1).to_string();
            (self.redirect(&dead), "redirect to a dead port")
        } else if let Some(fault) = self.fire(Kind::RedirectTo) {
            let to = fault.text.unwrap_or_else(|| "203.0.113.1:8040".to_owned());
            (self.redirect(&to), "redirect as injected")
        } else if self.fire(Kind::RedirectViaFe).is_some() {
            let other = server.ports().followers.first().unwrap_or(&server.ports().fe);
            (self.redirect(&server.public_address(other)), "redirect to another FE")
        } else {
            return None;
        };
        Some(server.answer(connection, self.request, response, self.scope, outcome))
    }

    /// 307 to the same path on `address`; credentials are never part of it.
    fn redirect(&self, address: &str) -> Response {
        let https = match self.server.config.redirect_scheme {
            RedirectScheme::Http => false,
            RedirectScheme::Https => true,
            RedirectScheme::Same => self.port.name == "https",
        };
        let scheme = if https { "https" } else { "http" };
        let mut response = Response::text(307, "text/html", "");
        response.close = !self.server.config.redirect_keep_alive;
        response.with("Location", format!("{scheme}://{address}{}", self.request.target))
    }

    fn load_state(&self, connection: &mut Connection, database: &str) -> io::Result<Next> {
        let (server, scope) = (self.server, self.scope);
        let answer = |connection: &mut Connection, response, outcome: &str| {
            server.answer(connection, self.request, response, scope, outcome)
        };
        let fire = |kind| server.faults.take(kind, scope);
        if let Some(fault) = fire(Kind::StateHttpError) {
            let response = Response::text(fault.status.unwrap_or(500), "text/html", "injected").closing();
            return answer(connection, response, "injected error");
        }
        if let Some(fault) = fire(Kind::StateHang) {
            server.stats.outcome(self.request.number, 0, "hangs");
            pause(server, fault.delay(600_000));
            return Ok(Next::Close);
        }
        if fire(Kind::StateDrop).is_some() {
            server.stats.outcome(self.request.number, 0, "dropped");
            return Ok(Next::Reset);
        }
        if fire(Kind::StateRedirect).is_some() {
            let other = server.ports().followers.first().unwrap_or(&server.ports().fe);
            return answer(connection, self.redirect(&server.public_address(other)), "redirect");
        }
        if scope.label.is_empty() {
            return answer(connection, Response::json(&rest("FAILED", "No label selected.")), "no label");
        }
        if !server.store.has_database(database) {
            let value = rest("FAILED", &format!("unknown database, database={database}"));
            return answer(connection, Response::json(&value), "unknown database");
        }
        let known = server.labels().state(database, scope.label);
        let (state, reason) =
            known.map_or(("UNKNOWN", String::new()), |(state, reason)| (state.name(), reason));
        let mut value = json!({"state": state, "reason": reason, "status": "OK", "code": "0", "msg": "Success", "message": "OK"});
        if fire(Kind::StateUnknown).is_some() {
            value["state"] = "UNKNOWN".into();
        }
        if let Some(fault) = fire(Kind::StateStrange) {
            value["state"] = fault.text.unwrap_or_else(|| "FINISHING".to_owned()).into();
        }
        if fire(Kind::StateWithoutKey).is_some() {
            value.as_object_mut().map(|map| map.remove("state"));
        }
        let outcome = format!("{} is {state}", scope.label);
        answer(connection, Response::json(&value), &outcome)
    }
}
