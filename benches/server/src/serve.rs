//! The answers of an FE and a BE for which every load is well.

use std::io;
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use crate::cpu_nanos;
use crate::http::{Connection, Head};

/// What has been loaded.
#[derive(Default)]
pub(crate) struct Counts {
    loads: AtomicU64,
    bytes: AtomicU64,
    transactions: AtomicU64,
}

/// Serves each connection in a thread of its own. With `redirect_to`, the port of a BE, it is an FE.
pub(crate) fn listen(listener: &TcpListener, redirect_to: Option<u16>, counts: &Arc<Counts>) {
    for stream in listener.incoming().flatten() {
        let counts = counts.clone();
        std::thread::spawn(move || {
            if let Err(error) = serve(stream, redirect_to, &counts) {
                eprintln!("starrocks-bench-server: a connection failed: {error}");
            }
        });
    }
}

fn serve(stream: TcpStream, redirect_to: Option<u16>, counts: &Counts) -> io::Result<()> {
    let mut connection = Connection::new(stream)?;
    while let Some(head) = connection.head()? {
        let path = head.path.split('?').next().unwrap_or("");
        if let (Some(port), true) = (redirect_to, path.ends_with("/_stream_load")) {
            // An FE doesn't read the body, and closes so that none of it is taken for the next request.
            let to = format!("Location: http://127.0.0.1:{port}{}\r\n", head.path);
            return connection.answer("307 Temporary Redirect", &to, "", true);
        }
        connection.let_continue(&head)?;
        let bytes = connection.drop_body(&head)?;
        let body = answer(&head, path, bytes, counts)?;
        match body {
            Some(body) => connection.answer("200 OK", "", &body, false)?,
            None => connection.answer("404 Not Found", "", "{}", false)?,
        }
    }
    Ok(())
}

/// The body of the answer, if there is such an operation.
fn answer(head: &Head, path: &str, bytes: u64, counts: &Counts) -> io::Result<Option<String>> {
    let label = head.header("label").or_else(|| head.query("label")).unwrap_or("none");
    let operation = path.rsplit('/').next().unwrap_or("");
    Ok(Some(match (head.method.as_str(), operation) {
        ("PUT", "_stream_load") => {
            counts.load(bytes);
            // The counts of rows are left out: nobody counts them here.
            format!(
                r#"{{"TxnId": 1, "Label": "{label}", "Status": "Success", "Message": "OK", "LoadBytes": {bytes}}}"#
            )
        }
        ("PUT", "load") => {
            counts.load(bytes);
            ok(label, "")
        }
        ("POST", "begin") => {
            let id = counts.transactions.fetch_add(1, Relaxed) + 1;
            ok(label, &format!(r#", "TxnId": {id}"#))
        }
        ("POST", "prepare" | "commit" | "rollback") => ok(label, ""),
        ("GET", "get_load_state") => r#"{"status": "OK", "msg": "Success", "state": "VISIBLE"}"#.to_owned(),
        ("GET", "stats") => format!(
            r#"{{"loads": {}, "bytes": {}, "cpu_ns": {}}}"#,
            counts.loads.load(Relaxed),
            counts.bytes.load(Relaxed),
            cpu_nanos()?
        ),
        _ => return Ok(None),
    }))
}

fn ok(label: &str, more: &str) -> String {
    format!(r#"{{"Status": "OK", "Message": "", "Label": "{label}"{more}}}"#)
}

impl Counts {
    fn load(&self, bytes: u64) {
        self.loads.fetch_add(1, Relaxed);
        self.bytes.fetch_add(bytes, Relaxed);
    }
}
