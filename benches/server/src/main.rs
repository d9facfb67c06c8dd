//! The far end of the benchmarks: an FE and a BE that take stream loads, count the bytes and keep nothing.
//!
//! ```text
//! starrocks-bench-server serve             prints the ports of FE and BE on one line, serves until its input ends
//! starrocks-bench-server feed PORT BYTES   sends one load of that many bytes to a BE; prints seconds and CPU seconds
//! ```
//!
//! The FE redirects `_stream_load` to the BE as StarRocks does; everything else both answer alike. `GET /stats` tells
//! loads, bytes and the server's own CPU time so far. Who loads is not asked.

mod feed;
mod http;
mod serve;

use std::io::Read;
use std::net::TcpListener;
use std::process::ExitCode;
use std::sync::Arc;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let result = match arguments[..] {
        ["serve"] => serve_until_input_ends(),
        ["feed", port, bytes] => match (port.parse(), bytes.parse()) {
            (Ok(port), Ok(bytes)) => feed::feed(port, bytes),
            _ => return usage(),
        },
        _ => return usage(),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("starrocks-bench-server: {error}");
            ExitCode::FAILURE
        }
    }
}

fn usage() -> ExitCode {
    eprintln!("usage: starrocks-bench-server serve | feed PORT BYTES");
    ExitCode::from(2)
}

fn serve_until_input_ends() -> std::io::Result<()> {
    let (fe, be) = (TcpListener::bind("127.0.0.1:0")?, TcpListener::bind("127.0.0.1:0")?);
    let ports = (fe.local_addr()?.port(), be.local_addr()?.port());
    let counts = Arc::new(serve::Counts::default());
    for (listener, redirect_to) in [(fe, Some(ports.1)), (be, None)] {
        let counts = counts.clone();
        std::thread::spawn(move || serve::listen(&listener, redirect_to, &counts));
    }
    println!("{} {}", ports.0, ports.1);
    std::io::stdin().read_to_end(&mut Vec::new())?;
    Ok(())
}

/// CPU time that this process has used, user and system, in nanoseconds; in steps of a clock tick (10 ms).
fn cpu_nanos() -> std::io::Result<u64> {
    const TICK: u64 = 10_000_000; // USER_HZ is 100 wherever Linux exports it
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    // The name, in parentheses, may hold spaces; utime and stime are the 14th and 15th field, the 12th and 13th after it.
    let after_name = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
    let ticks: u64 =
        after_name.split_ascii_whitespace().skip(11).take(2).filter_map(|t| t.parse::<u64>().ok()).sum();
    Ok(ticks * TICK)
}
