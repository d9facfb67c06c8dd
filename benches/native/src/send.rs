//! What it takes to send: CPU time of the sending thread, the kernel's part in it included, for memory that no cache
//! holds any more.

use std::error::Error;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::{fs, io};

use starrocks_load::{Body, Client, ClientConfig, Endpoint, Load, NoEvents, Pieces, Secret};
use starrocks_sink::pool::CHUNK;

/// Bytes of a load, as batches have them by default.
const BATCH: usize = 90 << 20;

/// Batches in turn, so that one is cold when it is its turn again.
const BATCHES: usize = 2;

/// Loads of a sample.
const LOADS: usize = 12;

const SAMPLES: usize = 5;

/// Sends a batch, under a label.
type Send<'a> = dyn Fn(&Vec<u8>, &str) -> Result<(), Box<dyn Error>> + 'a;

/// Sends by each way in turn to a server of `program`, and prints nanoseconds per 1000 bytes.
pub fn run(program: &Path) -> Result<(), Box<dyn Error>> {
    let mut server =
        Command::new(program).arg("serve").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
    let mut ports = String::new();
    BufReader::new(server.stdout.take().ok_or("the server has no output")?).read_line(&mut ports)?;
    let ports: Vec<u16> = ports.split_whitespace().map(str::parse).collect::<Result<_, _>>()?;
    let &[fe, be] = &ports[..] else { return Err("the server names no ports".into()) };

    let batches = vec![vec![b'x'; BATCH]; BATCHES];
    let fe = Endpoint::parse(&format!("127.0.0.1:{fe}"))?;
    let client = Client::new(ClientConfig::new(vec![fe], "root", Secret::new("")))?;
    let ways: [(&str, &Send<'_>); 4] = [
        ("bare socket, 1 MiB at once", &|batch, _| Ok(bare(be, batch)?)),
        ("load of known length", &|batch, label| load(&client, batch, label)),
        ("load in chunks, by ureq", &|batch, label| load(&client, &Growing::new(batch, false), label)),
        ("load in chunks, from where it lies", &|batch, label| {
            load(&client, &Growing::new(batch, true), label)
        }),
    ];
    let mut samples = vec![Vec::new(); ways.len()];
    for sample in 0..=SAMPLES {
        for ((_, send), samples) in ways.iter().zip(&mut samples) {
            let before = cpu_nanos()?;
            for number in 0..LOADS {
                send(&batches[number % BATCHES], &format!("send_{sample}_{number}"))?;
            }
            samples.push((cpu_nanos()? - before) as f64 * 1000.0 / (LOADS * BATCH) as f64);
        }
    }
    println!("{:<38} {:>10} {:>10} {:>10}  ns per 1000 bytes", "way", "median", "least", "greatest");
    for ((name, _), mut samples) in ways.iter().zip(samples) {
        samples.remove(0); // it made the connections
        samples.sort_by(f64::total_cmp);
        let (least, greatest) = (samples[0], samples[samples.len() - 1]);
        println!("{name:<38} {:>10.1} {least:>10.1} {greatest:>10.1}", samples[samples.len() / 2]);
    }
    drop(server.stdin.take());
    server.wait()?;
    Ok(())
}

/// CPU time of this thread, in nanoseconds.
fn cpu_nanos() -> Result<u64, Box<dyn Error>> {
    let stat = fs::read_to_string("/proc/thread-self/schedstat")?;
    Ok(stat.split_whitespace().next().ok_or("schedstat is empty")?.parse()?)
}

/// Does nothing but send.
fn bare(port: u16, batch: &[u8]) -> io::Result<()> {
    let mut stream = TcpStream::connect(("127.0.0.1", port))?;
    write!(
        stream,
        "PUT /api/bare/client/_stream_load HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        batch.len()
    )?;
    for piece in batch.chunks(1 << 20) {
        stream.write_all(piece)?;
    }
    stream.shutdown(Shutdown::Write)?; // else the server waits for the next request
    stream.read_to_end(&mut Vec::new()).map(drop)
}

fn load(client: &Client, body: &dyn Body, label: &str) -> Result<(), Box<dyn Error>> {
    let load =
        Load { database: "bench", table: "send", label, headers: &[], body, rows: None, earlier: false };
    client.load(&load, &NoEvents)?;
    Ok(())
}

/// A body that seems to grow until it has been read.
struct Growing<'a> {
    bytes: &'a [u8],
    complete: AtomicBool,
    /// Whether it also gives its pieces where they lie.
    direct: bool,
}

impl<'a> Growing<'a> {
    fn new(bytes: &'a [u8], direct: bool) -> Self {
        Self { bytes, complete: AtomicBool::new(false), direct }
    }
}

/// As batches have them.
struct Chunks<'a>(std::slice::Chunks<'a, u8>);

impl Pieces for Chunks<'_> {
    fn next(&mut self, send: &mut dyn FnMut(&[&[u8]])) -> io::Result<bool> {
        let slices: Vec<&[u8]> = self.0.by_ref().take(4).collect();
        if !slices.is_empty() {
            send(&slices);
        }
        Ok(!slices.is_empty())
    }
}

impl Body for Growing<'_> {
    fn len(&self) -> u64 {
        self.bytes.len() as u64
    }

    fn is_complete(&self) -> bool {
        self.complete.load(Ordering::Relaxed)
    }

    fn complete(&self) {
        self.complete.store(true, Ordering::Relaxed);
    }

    fn reader(&self) -> Box<dyn Read + '_> {
        Box::new(self.bytes)
    }

    fn pieces(&self) -> Option<Box<dyn Pieces + '_>> {
        self.direct.then(|| Box::new(Chunks(self.bytes.chunks(CHUNK))) as _)
    }
}
