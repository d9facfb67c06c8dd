//! Answers: built here, and bent by the faults that concern answers.

use super::Connection;
use crate::faults::{Fault, Kind};
use std::io::{self, Write as _};
use std::thread;

/// An answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Response {
    /// Status code.
    pub status: u16,
    /// Headers; length and connection are added when it is written.
    pub headers: Vec<(String, String)>,
    /// Content.
    pub body: Vec<u8>,
    /// Whether the connection ends with it.
    pub close: bool,
    /// Whether only the head is sent.
    pub head_only: bool,
}

impl Response {
    /// An answer with text.
    pub fn text(status: u16, content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        Self {
            status,
            headers: vec![("Content-Type".into(), content_type.into())],
            body: body.into(),
            close: false,
            head_only: false,
        }
    }

    /// 200 with JSON.
    pub fn json(value: &serde_json::Value) -> Self {
        Self::text(200, "application/json", pretty(value))
    }

    /// With one more header.
    pub fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// The same, ending the connection.
    pub fn closing(mut self) -> Self {
        self.close = true;
        self
    }

    fn head(&self, length: Option<usize>) -> Vec<u8> {
        let mut out = format!("HTTP/1.1 {} {}\r\n", self.status, reason(self.status)).into_bytes();
        for (name, value) in &self.headers {
            out.extend(format!("{name}: {value}\r\n").bytes());
        }
        if let Some(length) = length {
            out.extend(format!("Content-Length: {length}\r\n").bytes());
        }
        out.extend_from_slice(if self.close {
            b"Connection: close\r\n\r\n"
        } else {
            b"Connection: keep-alive\r\n\r\n"
        });
        out
    }

    /// The whole answer as it goes over the wire.
    pub fn bytes(&self) -> Vec<u8> {
        let mut out = self.head(Some(self.body.len()));
        if !self.head_only {
            out.extend_from_slice(&self.body);
        }
        out
    }

    /// Sends it; whether the connection goes on.
    pub fn send(&self, connection: &mut Connection) -> io::Result<bool> {
        connection.send(&self.bytes())?;
        Ok(!self.close)
    }

    /// Sends it as the fault wants it; whether the connection goes on.
    pub fn send_bent(mut self, connection: &mut Connection, fault: &Fault) -> io::Result<bool> {
        match fault.kind {
            Kind::AnswerTruncated => {
                let keep = fault.count.unwrap_or(self.body.len() as u64 / 2) as usize;
                let mut bytes = self.head(Some(self.body.len()));
                bytes.extend_from_slice(&self.body[..keep.min(self.body.len())]);
                connection.send(&bytes)?;
                return Ok(false);
            }
            Kind::AnswerSplit => {
                for byte in self.bytes().chunks(fault.count.unwrap_or(7).max(1) as usize) {
                    connection.send(byte)?;
                    thread::sleep(fault.delay(2));
                }
                return Ok(!self.close);
            }
            Kind::AnswerChunked => {
                let mut bytes = self.clone().with("Transfer-Encoding", "chunked").head(None);
                for piece in self.body.chunks(fault.count.unwrap_or(11).max(1) as usize) {
                    bytes.extend(format!("{:x}\r\n", piece.len()).bytes());
                    bytes.extend_from_slice(piece);
                    bytes.extend_from_slice(b"\r\n");
                }
                bytes.extend_from_slice(b"0\r\n\r\n");
                connection.send(&bytes)?;
                return Ok(!self.close);
            }
            Kind::AnswerTrailingBytes => {
                let mut bytes = self.bytes();
                bytes.extend_from_slice(
                    fault.text.as_deref().unwrap_or("\r\ngarbage after the answer").as_bytes(),
                );
                connection.send(&bytes)?;
                return Ok(false);
            }
            Kind::AnswerGzip => {
                let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
                encoder.write_all(&self.body)?;
                self.body = encoder.finish()?;
                self = self.with("Content-Encoding", "gzip");
            }
            Kind::AnswerHtml => {
                self.headers = vec![("Content-Type".into(), "text/html".into())];
                self.body =
                    b"<html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>".to_vec();
                self.status = fault.status.unwrap_or(200);
            }
            Kind::AnswerEmpty => self.body.clear(),
            Kind::AnswerHttpStatus => self.status = fault.status.unwrap_or(500),
            Kind::AnswerKeyCase => self.body = lower_case_keys(&self.body),
            Kind::AnswerUnknownStatus => {
                let status = fault.text.as_deref().unwrap_or("Perhaps");
                if let Ok(mut value) = serde_json::from_slice::<serde_json::Value>(&self.body) {
                    value["Status"] = status.into();
                    value["SomethingNew"] = serde_json::json!({"nested": [1, 2]});
                    self.body = pretty(&value).into_bytes();
                }
            }
            Kind::CloseIdle => {
                // The answer promises to keep the connection; it ends all the same.
                connection.send(&self.bytes())?;
                thread::sleep(fault.delay(0));
                return Ok(false);
            }
            _ => {}
        }
        self.send(connection)
    }
}

/// The kinds that [`Response::send_bent`] knows.
pub const BENDING: [Kind; 11] = [
    Kind::AnswerTruncated,
    Kind::AnswerSplit,
    Kind::AnswerChunked,
    Kind::AnswerTrailingBytes,
    Kind::AnswerGzip,
    Kind::AnswerHtml,
    Kind::AnswerEmpty,
    Kind::AnswerHttpStatus,
    Kind::AnswerKeyCase,
    Kind::AnswerUnknownStatus,
    Kind::CloseIdle,
];

/// JSON with four blanks per level, as the server's pretty printer writes it.
pub fn pretty(value: &serde_json::Value) -> String {
    use serde::Serialize as _;
    let mut out = Vec::new();
    let formatter = serde_json::ser::PrettyFormatter::with_indent(b"    ");
    let mut serializer = serde_json::Serializer::with_formatter(&mut out, formatter);
    // Writing a JSON value to memory can't fail.
    let _ = value.serialize(&mut serializer);
    String::from_utf8_lossy(&out).into_owned()
}

fn lower_case_keys(body: &[u8]) -> Vec<u8> {
    match serde_json::from_slice::<serde_json::Value>(body) {
        Ok(serde_json::Value::Object(map)) => {
            let map: serde_json::Map<_, _> = map.into_iter().map(|(k, v)| (k.to_lowercase(), v)).collect();
            pretty(&map.into()).into_bytes()
        }
        _ => body.to_vec(),
    }
}

fn reason(status: u16) -> &'static str {
    match status {
        100 => "Continue",
        200 => "OK",
        307 => "Temporary Redirect",
        400 => "Bad Request",
        401 => "Unauthorized",
        404 => "Not Found",
        405 => "Method Not Allowed",
        500 => "Internal Server Error",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        _ => "Other",
    }
}
