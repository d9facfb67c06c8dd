//! Servers, or what stands before them, that never say `100 Continue`.
//!
//! The body follows once the wait for it is over, and the load works, but each one would take that wait longer. Who let one
//! wait run out is therefore waited for only shortly, for a while.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::Endpoint;

/// How long is waited for a server that said nothing before. A refusal that comes within it still spares the body.
const SHORT: Duration = Duration::from_secs(1);

/// How long that is remembered: servers are restarted, and proxies set anew.
const MEMORY: Duration = Duration::from_secs(600);

/// The servers that let the wait for `100 Continue` run out, and when.
#[derive(Debug, Default)]
pub(crate) struct Continues {
    silent: Mutex<HashMap<Endpoint, Instant>>,
}

impl Continues {
    /// How long to wait for this server's `100 Continue` where `long` is what the user allows.
    pub(crate) fn wait(&self, server: &Endpoint, long: Duration, now: Instant) -> Duration {
        let mut silent = self.silent.lock().unwrap_or_else(PoisonError::into_inner);
        match silent.get_mut(server) {
            None => long,
            // One request finds out whether it still is so, and the others needn't wait for that.
            Some(since) if now.saturating_duration_since(*since) >= MEMORY => {
                *since = now;
                long
            }
            Some(_) => long.min(SHORT),
        }
    }

    /// What came of a request that was answered: whether the wait ran out and no `100 Continue` ever came, or one came.
    pub(crate) fn note(&self, server: &Endpoint, is_silent: bool, now: Instant) {
        let mut silent = self.silent.lock().unwrap_or_else(PoisonError::into_inner);
        if is_silent {
            // Those that nobody asks any more: BEs come and go under new addresses.
            silent.retain(|_, since| now.saturating_duration_since(*since) < 2 * MEMORY);
            silent.entry(server.clone()).or_insert(now);
        } else {
            silent.remove(server);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_silent_server_is_waited_for_shortly_and_for_a_while() {
        let continues = Continues::default();
        let [one, other] = ["be1:8040", "be2:8040"].map(|text| Endpoint::parse(text).unwrap());
        let (start, long) = (Instant::now(), Duration::from_secs(30));
        let wait = |server, seconds| continues.wait(server, long, start + Duration::from_secs(seconds));

        assert_eq!(wait(&one, 0), long);
        continues.note(&one, true, start);
        assert_eq!((wait(&one, 1), wait(&one, 599), wait(&other, 1)), (SHORT, SHORT, long));
        assert_eq!(continues.wait(&one, Duration::from_millis(5), start), Duration::from_millis(5));

        // One request at a time tries it again, whatever comes of it.
        assert_eq!(
            (wait(&one, 600), wait(&one, 600), wait(&one, 1199), wait(&one, 1200)),
            (long, SHORT, SHORT, long)
        );
        continues.note(&one, false, start);
        assert_eq!(wait(&one, 1201), long);
    }

    /// What is noted again, after short waits too, doesn't put the next long one off.
    #[test]
    fn short_waits_in_vain_do_not_make_the_memory_last() {
        let continues = Continues::default();
        let server = Endpoint::parse("be1:8040").unwrap();
        let (start, long) = (Instant::now(), Duration::from_secs(30));
        for seconds in 0..600 {
            continues.note(&server, true, start + Duration::from_secs(seconds));
        }
        assert_eq!(continues.wait(&server, long, start + Duration::from_secs(600)), long);
    }

    #[test]
    fn servers_that_are_asked_no_more_are_forgotten() {
        let continues = Continues::default();
        let start = Instant::now();
        for n in 0..100u16 {
            let server = Endpoint::parse(&format!("be:{}", n + 1)).unwrap();
            continues.note(&server, true, start + Duration::from_secs(u64::from(n) * 60));
        }
        assert!(continues.silent.lock().unwrap().len() <= 20);
    }
}
