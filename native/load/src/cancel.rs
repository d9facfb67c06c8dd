//! Ends waits from another thread.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Set once, for good. Waits on it end at once when it is set.
#[derive(Debug, Default)]
pub(crate) struct Cancel {
    // Beside the mutex so that loops that poll needn't lock.
    flag: AtomicBool,
    lock: Mutex<()>,
    changed: Condvar,
}

impl Cancel {
    pub(crate) fn cancel(&self) {
        self.flag.store(true, Ordering::SeqCst);
        // A waiter has either not yet looked at the flag, which it does under the lock, or is waiting already.
        drop(self.lock.lock().unwrap_or_else(PoisonError::into_inner));
        self.changed.notify_all();
    }

    pub(crate) fn is_cancelled(&self) -> bool {
        self.flag.load(Ordering::SeqCst)
    }

    /// Waits for `time`, or until cancelled; says whether it was cancelled.
    pub(crate) fn wait(&self, time: Duration) -> bool {
        let started = Instant::now();
        let mut guard = self.lock.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            if self.is_cancelled() {
                return true;
            }
            let Some(left) = time.checked_sub(started.elapsed()).filter(|left| !left.is_zero()) else {
                return false;
            };
            guard = self.changed.wait_timeout(guard, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_lasts_its_time_or_ends_when_cancelled() {
        let cancel = Cancel::default();
        let started = Instant::now();
        assert!(!cancel.wait(Duration::from_millis(20)));
        assert!(started.elapsed() >= Duration::from_millis(20));
        let started = Instant::now();
        std::thread::scope(|scope| {
            let waiter = scope.spawn(|| cancel.wait(Duration::from_secs(60)));
            std::thread::sleep(Duration::from_millis(20));
            cancel.cancel();
            assert!(waiter.join().unwrap());
        });
        assert!(started.elapsed() < Duration::from_secs(10));
        assert!(cancel.wait(Duration::ZERO));
    }
}
