//! TCP connections that can be given up at any moment.

use std::io;
use std::net::{IpAddr, SocketAddr, TcpStream, ToSocketAddrs};
use std::os::fd::OwnedFd;
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketFlags, SocketType, sockopt};

use crate::cancel::Cancel;

/// How often the cancel flag is looked at while a name is resolved or a connection made.
const SLICE: Duration = Duration::from_millis(50);

/// After how long the next address is tried beside the ones under way (RFC 8305 calls it Connection Attempt Delay).
const NEXT_ADDRESS_AFTER: Duration = Duration::from_millis(250);

/// Connects to `host`:`port`, trying every address that the name has, IPv6 and IPv4 by turns. The stream is in
/// non-blocking mode.
///
/// # Errors
/// `TimedOut` at the deadline, `Interrupted` when cancelled; otherwise why the last address failed.
pub(crate) fn connect(host: &str, port: u16, deadline: Instant, cancel: &Cancel) -> io::Result<TcpStream> {
    let addresses = by_turns(resolve(host, port, deadline, cancel)?);
    let mut waiting = addresses.iter();
    let mut pending: Vec<(OwnedFd, SocketAddr)> = Vec::new();
    let mut last_error = None;
    let mut next_start = Instant::now();
    loop {
        if cancel.is_cancelled() {
            return Err(cancelled());
        }
        let now = Instant::now();
        if now >= deadline {
            return Err(io::Error::new(io::ErrorKind::TimedOut, "it doesn't answer"));
        }
        if pending.is_empty() || now >= next_start {
            match waiting.next() {
                Some(address) => match begin(address) {
                    Ok(socket) => {
                        pending.push((socket, *address));
                        next_start = now + NEXT_ADDRESS_AFTER;
                    }
                    Err(e) => last_error = Some(e),
                },
                None if pending.is_empty() => {
                    return Err(last_error.unwrap_or_else(|| io::Error::other("the name has no address")));
                }
                None => next_start = deadline,
            }
            continue;
        }
        let slice = SLICE.min(deadline - now).min(next_start.saturating_duration_since(now));
        match finished(&mut pending, slice)? {
            Some(Ok(socket)) => return configured(socket),
            Some(Err(e)) => {
                last_error = Some(e);
                next_start = now;
            }
            None => {}
        }
    }
}

pub(crate) fn cancelled() -> io::Error {
    io::Error::new(io::ErrorKind::Interrupted, "cancelled")
}

fn begin(address: &SocketAddr) -> io::Result<OwnedFd> {
    let family = if address.is_ipv4() { AddressFamily::INET } else { AddressFamily::INET6 };
    let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
    let socket = rustix::net::socket_with(family, SocketType::STREAM, flags, None)?;
    match rustix::net::connect(&socket, address) {
        Ok(()) | Err(Errno::INPROGRESS | Errno::INTR) => Ok(socket),
        Err(e) => Err(e.into()),
    }
}

/// Waits at most `slice` for one of the pending connects to end, and takes it out.
fn finished(
    pending: &mut Vec<(OwnedFd, SocketAddr)>,
    slice: Duration,
) -> io::Result<Option<io::Result<OwnedFd>>> {
    let ready = {
        let mut fds: Vec<_> = pending.iter().map(|(socket, _)| PollFd::new(socket, PollFlags::OUT)).collect();
        if wait(&mut fds, Some(slice))? == 0 {
            return Ok(None);
        }
        fds.iter().position(|fd| !fd.revents().is_empty())
    };
    Ok(ready.map(|at| {
        let (socket, _) = pending.swap_remove(at);
        sockopt::socket_error(&socket)??;
        Ok(socket)
    }))
}

fn configured(socket: OwnedFd) -> io::Result<TcpStream> {
    sockopt::set_tcp_nodelay(&socket, true)?;
    // A load's answer may take minutes, in which firewalls forget silent connections.
    sockopt::set_socket_keepalive(&socket, true)?;
    sockopt::set_tcp_keepidle(&socket, Duration::from_secs(60))?;
    Ok(TcpStream::from(socket))
}

/// poll(2) for at most `time`; an interrupt counts as nothing being ready.
pub(crate) fn wait(fds: &mut [PollFd<'_>], time: Option<Duration>) -> io::Result<usize> {
    // Rounded up, so that a wait for less than the clock's grain doesn't become a busy loop.
    let time = time.map(|time| time.max(Duration::from_millis(1)));
    let time = time.map(|time| Timespec {
        tv_sec: i64::try_from(time.as_secs()).unwrap_or(i64::MAX),
        tv_nsec: time.subsec_nanos().into(),
    });
    match poll(fds, time.as_ref()) {
        Ok(ready) => Ok(ready),
        Err(Errno::INTR) => Ok(0),
        Err(e) => Err(e.into()),
    }
}

/// getaddrinfo(3) can't be interrupted: it runs in a thread of its own, which is left behind when it takes too long
/// and then ends by itself.
fn resolve(host: &str, port: u16, deadline: Instant, cancel: &Cancel) -> io::Result<Vec<SocketAddr>> {
    if let Ok(address) = host.parse::<IpAddr>() {
        return Ok(vec![SocketAddr::new(address, port)]);
    }
    let (sender, receiver) = sync_channel(1);
    let name = host.to_owned();
    std::thread::Builder::new().name("starrocks-dns".to_owned()).spawn(move || {
        let found = (name.as_str(), port).to_socket_addrs().map(Iterator::collect::<Vec<_>>);
        // Nobody listens any more when it took too long.
        let _ = sender.send(found);
    })?;
    loop {
        if cancel.is_cancelled() {
            return Err(cancelled());
        }
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(io::Error::new(io::ErrorKind::TimedOut, "resolving its name takes too long"));
        }
        match receiver.recv_timeout(left.min(SLICE)) {
            Ok(Ok(found)) => return Ok(found),
            Ok(Err(e)) => return Err(io::Error::new(e.kind(), format!("its name can't be resolved: {e}"))),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return Err(io::Error::other("resolving its name failed")),
        }
    }
}

/// Keeps the resolver's order within a family, and alternates families, so that a dead one costs one delay only.
fn by_turns(addresses: Vec<SocketAddr>) -> Vec<SocketAddr> {
    let first_is_v6 = addresses.first().is_some_and(SocketAddr::is_ipv6);
    let (first, second): (Vec<_>, Vec<_>) = addresses.into_iter().partition(|a| a.is_ipv6() == first_is_v6);
    let mut second = second.into_iter();
    let mut mixed = Vec::new();
    for address in first {
        mixed.push(address);
        mixed.extend(second.next());
    }
    mixed.extend(second);
    mixed
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;
    use std::sync::Arc;

    use super::*;

    fn soon(seconds: u64) -> Instant {
        Instant::now() + Duration::from_secs(seconds)
    }

    #[test]
    fn families_take_turns() {
        let list = |text: &str| text.split(' ').map(|a| a.parse().unwrap()).collect::<Vec<SocketAddr>>();
        assert_eq!(
            by_turns(list("[::1]:1 [::2]:1 [::3]:1 1.1.1.1:1 2.2.2.2:1")),
            list("[::1]:1 1.1.1.1:1 [::2]:1 2.2.2.2:1 [::3]:1")
        );
        assert_eq!(by_turns(list("1.1.1.1:1 [::1]:1 [::2]:1")), list("1.1.1.1:1 [::1]:1 [::2]:1"));
        assert_eq!(by_turns(Vec::new()), Vec::new());
    }

    #[test]
    fn connects_by_address_and_by_name() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let cancel = Cancel::default();
        for host in ["127.0.0.1", "localhost"] {
            let stream = connect(host, port, soon(10), &cancel).unwrap();
            assert_eq!(stream.peer_addr().unwrap().port(), port);
            assert!(stream.nodelay().unwrap());
        }
    }

    #[test]
    fn a_refused_connection_says_so() {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let e = connect("127.0.0.1", port, soon(10), &Cancel::default()).unwrap_err();
        assert_eq!(e.kind(), io::ErrorKind::ConnectionRefused);
    }

    #[test]
    fn an_unknown_name_says_so() {
        let e = connect("no-such-host.invalid", 1, soon(20), &Cancel::default()).unwrap_err();
        assert!(e.to_string().contains("resolv") || e.kind() == io::ErrorKind::TimedOut, "{e}");
    }

    /// A listener whose queue is full: further connects hang.
    fn hanging() -> (OwnedFd, SocketAddr, Vec<OwnedFd>) {
        let socket = rustix::net::socket(AddressFamily::INET, SocketType::STREAM, None).unwrap();
        rustix::net::bind(&socket, &SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
        rustix::net::listen(&socket, 0).unwrap();
        let address = SocketAddr::try_from(rustix::net::getsockname(&socket).unwrap()).unwrap();
        let queue = (0..4).map(|_| begin(&address).unwrap()).collect();
        std::thread::sleep(Duration::from_millis(50));
        (socket, address, queue)
    }

    #[test]
    fn a_hanging_connect_times_out() {
        let (_socket, address, _queue) = hanging();
        let started = Instant::now();
        let deadline = started + Duration::from_millis(200);
        let e = connect("127.0.0.1", address.port(), deadline, &Cancel::default()).unwrap_err();
        assert_eq!(e.kind(), io::ErrorKind::TimedOut);
        assert!(started.elapsed() < Duration::from_secs(5));
    }

    #[test]
    fn a_hanging_connect_can_be_cancelled() {
        let (_socket, address, _queue) = hanging();
        let cancel = Arc::new(Cancel::default());
        let canceller = Arc::clone(&cancel);
        let thread = std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(100));
            canceller.cancel();
        });
        let started = Instant::now();
        let e = connect("127.0.0.1", address.port(), soon(60), &cancel).unwrap_err();
        assert_eq!(e.kind(), io::ErrorKind::Interrupted);
        assert!(started.elapsed() < Duration::from_secs(5));
        thread.join().unwrap();
    }
}
