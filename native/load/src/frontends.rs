//! The FEs of the option `load-url`, and which of them to ask first.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::Endpoint;

/// How long an FE that failed is asked last.
const PENALTY: Duration = Duration::from_secs(30);

/// One entry of `load-url`.
#[derive(Debug)]
pub(crate) struct Frontend {
    pub(crate) endpoint: Endpoint,
    failed: Mutex<Option<Instant>>,
    direct: AtomicBool,
    wants_body: AtomicBool,
}

impl Frontend {
    /// Whether this is a BE, or a proxy that takes loads itself, and gets the body at once.
    pub(crate) fn is_direct(&self) -> bool {
        self.direct.load(Ordering::Relaxed)
    }

    pub(crate) fn set_direct(&self) {
        self.direct.store(true, Ordering::Relaxed);
    }

    /// Whether it, or a proxy before it, refuses to look at a load without a body.
    pub(crate) fn wants_body(&self) -> bool {
        self.wants_body.load(Ordering::Relaxed)
    }

    pub(crate) fn set_wants_body(&self) {
        self.wants_body.store(true, Ordering::Relaxed);
    }

    fn is_penalized(&self) -> bool {
        let failed = *self.failed.lock().unwrap_or_else(PoisonError::into_inner);
        failed.is_some_and(|at| at.elapsed() < PENALTY)
    }
}

/// All entries of `load-url`. One that answered is asked first from then on; one that failed is asked last for a while.
#[derive(Debug)]
pub(crate) struct Frontends {
    all: Vec<Frontend>,
    first: AtomicUsize,
}

impl Frontends {
    /// Begins with the entry `start` (modulo their number), so that many clients don't all ask the same one.
    pub(crate) fn new(endpoints: &[Endpoint], start: usize) -> Self {
        let all: Vec<_> = endpoints
            .iter()
            .map(|endpoint| Frontend {
                endpoint: endpoint.clone(),
                failed: Mutex::new(None),
                direct: AtomicBool::new(false),
                wants_body: AtomicBool::new(false),
            })
            .collect();
        Frontends { first: AtomicUsize::new(start % all.len().max(1)), all }
    }

    /// All of them, in the order in which to ask them now.
    pub(crate) fn in_order(&self) -> Vec<&Frontend> {
        let first = self.first.load(Ordering::Relaxed) % self.all.len().max(1);
        let mut order: Vec<_> = self.all[first..].iter().chain(&self.all[..first]).collect();
        order.sort_by_key(|fe| fe.is_penalized());
        order
    }

    pub(crate) fn succeeded(&self, fe: &Frontend) {
        *fe.failed.lock().unwrap_or_else(PoisonError::into_inner) = None;
        if let Some(at) = self.all.iter().position(|other| other.endpoint == fe.endpoint) {
            self.first.store(at, Ordering::Relaxed);
        }
    }

    pub(crate) fn failed(&self, fe: &Frontend) {
        *fe.failed.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
    }

    /// Moves on to the next one: what the first one led to did not work out.
    pub(crate) fn rotate(&self) {
        self.first.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn contains(&self, endpoint: &Endpoint) -> bool {
        self.all.iter().any(|fe| fe.endpoint.same_address(endpoint))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parse_load_urls;

    fn order(fes: &Frontends) -> Vec<&str> {
        fes.in_order().iter().map(|fe| fe.endpoint.host.as_str()).collect()
    }

    #[test]
    fn one_that_failed_goes_last_and_one_that_answered_first() {
        let fes = Frontends::new(&parse_load_urls("a:1;b:1;c:1").unwrap(), 4);
        assert_eq!(order(&fes), ["b", "c", "a"]);
        fes.failed(fes.in_order()[0]);
        assert_eq!(order(&fes), ["c", "a", "b"]);
        fes.succeeded(fes.in_order()[1]);
        assert_eq!(order(&fes), ["a", "c", "b"]);
        fes.succeeded(fes.in_order()[2]);
        assert_eq!(order(&fes), ["b", "c", "a"]);
        fes.rotate();
        fes.rotate();
        assert_eq!(order(&fes), ["a", "b", "c"]);
    }
}
