//! How a BE lets a load's body in, with the faults that concern bodies.

use super::BodyError;
use crate::faults::{Fault, Kind, Scope};
use crate::http::body::Body;
use crate::http::response::Response;
use crate::http::{Connection, Request};
use crate::server::{Next, Server, pause};
use serde_json::Value;
use std::io;
use std::sync::atomic::Ordering;

/// What came of a body.
#[derive(Debug)]
pub enum Received {
    /// It was read to its end; the error is the server's message.
    Whole(Result<(), String>),
    /// A fault resets the connection in the middle.
    Reset,
    /// The client went away in the middle.
    Incomplete,
}

/// Asks for the body and hands it to `take`; whatever went wrong, the answer comes after the whole body. Besides what
/// came of it: the bytes received.
pub fn receive(
    server: &Server,
    request: &Request,
    scope: Scope<'_>,
    connection: &mut Connection,
    take: impl FnOnce(&mut Body<'_>) -> Result<(), BodyError>,
) -> (Received, u64) {
    let fire = |kind| server.faults.take(kind, scope);
    if let_in(server, request, scope, connection).is_err() {
        return (Received::Incomplete, 0);
    }
    let mut body = match Body::new(connection, request) {
        Ok(body) => body,
        Err(message) => return (Received::Whole(Err(message)), 0),
    };
    let rate = server.rate.load(Ordering::Relaxed);
    body.rate = fire(Kind::SlowBody).map(|f| f.rate.unwrap_or(1)).or((rate > 0).then_some(rate));
    body.stall = fire(Kind::StallBody).map(|f| (f.count.unwrap_or(1), f.delay(60_000)));
    let cut = fire(Kind::BodyCut);
    let reset = fire(Kind::ResetInBody);
    body.cut = cut.as_ref().or(reset.as_ref()).map(|f| f.count.unwrap_or(1));
    let taken = take(&mut body);
    if reset.is_some() {
        return (Received::Reset, body.received);
    }
    body.cut = None;
    if !body.drain(u64::MAX) {
        return (Received::Incomplete, body.received);
    }
    let result = taken.map_err(|error| match error {
        BodyError::Content(message) => message,
        BodyError::Read(_) if cut.is_some() => "receive body don't equal with body bytes".to_owned(),
        BodyError::Read(e) => format!("Failed to decompress the body: {e}"),
    });
    (Received::Whole(result), body.received)
}

fn let_in(
    server: &Server,
    request: &Request,
    scope: Scope<'_>,
    connection: &mut Connection,
) -> io::Result<()> {
    if !request.expects_continue() {
        return Ok(());
    }
    if let Some(fault) = server.faults.take(Kind::NoContinue, scope) {
        // The body comes when the client is tired of waiting, or it goes away.
        pause(server, fault.delay(0));
        return Ok(());
    }
    let twice = server.faults.take(Kind::DoubleContinue, scope).is_some();
    for _ in 0..=usize::from(twice) {
        connection.send(b"HTTP/1.1 100 Continue\r\n\r\n")?;
    }
    Ok(())
}

/// Answers with an error while the client is sending, after some of the body if the fault says so; the connection is
/// to be reset then.
pub fn early_error_reset(
    server: &Server,
    request: &Request,
    connection: &mut Connection,
    fault: &Fault,
    value: &Value,
) {
    if let Some(count) = fault.count {
        if request.expects_continue() {
            // A client that is gone finds no answer either.
            let _ = connection.send(b"HTTP/1.1 100 Continue\r\n\r\n");
        }
        let _ = Body::new(connection, request).is_ok_and(|mut body| body.drain(count));
    }
    let _ = Response::json(value).send(connection);
    pause(server, fault.delay(0));
}

/// After an answer that came before the body: a client that doesn't wait is sending already, and what comes is the
/// body, not a request.
pub fn after_refusal(request: &Request, connection: &mut Connection, next: Next) -> Next {
    if next != Next::Keep || request.expects_continue() {
        return next;
    }
    let drained = Body::new(connection, request).is_ok_and(|mut body| body.drain(u64::MAX));
    if drained { Next::Keep } else { Next::Close }
}
