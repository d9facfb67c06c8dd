//! Labels that were seen to be visible, one of each database. They tell later how far back a server's memory goes: it
//! forgets labels in the order in which their loads ended.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How long a label is taken to be remembered where nothing is known of the server's memory. It forgets labels after 3
/// days or 1000 further loads.
pub const TRUST: Duration = Duration::from_secs(600);

/// How often the server is asked whether it still knows a witness, while none comes that is newer.
const ASK: Duration = Duration::from_secs(60);

/// A label of each database that was visible at some time. Any thread may use it.
///
/// That a witness is forgotten says that whatever came soon after it may be forgotten too. That must not be said of rows
/// that come when a table was idle for days: so the server is asked now and then for a witness that grows old.
#[derive(Debug, Default)]
pub struct Witnesses(Mutex<HashMap<String, Witness>>);

#[derive(Debug)]
struct Witness {
    label: String,
    /// When it was first seen to be visible.
    since: Instant,
    /// When it was last.
    seen: Instant,
    /// When the server was last asked for it.
    asked: Instant,
}

impl Witnesses {
    /// The label for what may be sent from now on.
    pub fn get(&self, database: &str) -> Option<String> {
        self.lock().get(database).map(|witness| witness.label.clone())
    }

    /// Whether that is this label.
    pub fn is(&self, database: &str, label: &str) -> bool {
        self.lock().get(database).is_some_and(|witness| witness.label == label)
    }

    /// Notes a label that became visible.
    pub fn add(&self, database: &str, label: &str, now: Instant) {
        let witness = Witness { label: label.to_owned(), since: now, seen: now, asked: now };
        self.lock().insert(database.to_owned(), witness);
    }

    /// The label that the server is to be asked for again, if it is time to.
    pub fn due(&self, database: &str, now: Instant) -> Option<String> {
        let mut all = self.lock();
        let witness = all.get_mut(database).filter(|witness| now.duration_since(witness.asked) >= ASK)?;
        witness.asked = now;
        Some(witness.label.clone())
    }

    /// Notes that the server still knows it.
    pub fn confirm(&self, database: &str, label: &str, now: Instant) {
        if let Some(witness) = self.lock().get_mut(database).filter(|witness| witness.label == label) {
            witness.seen = now;
        }
    }

    /// Notes that the server knows it no more. One that was remembered for long says nothing of what comes now, and is let
    /// go. One that wasn't stays: it says that this server's memory is short.
    pub fn forgotten(&self, database: &str, label: &str) {
        let mut all = self.lock();
        if all.get(database).is_some_and(|witness| {
            witness.label == label && witness.seen.duration_since(witness.since) >= TRUST
        }) {
            all.remove(database);
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Witness>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_that_was_remembered_for_long_is_let_go() {
        let (all, start) = (Witnesses::default(), Instant::now());
        all.add("d", "a", start);
        assert_eq!(all.due("d", start + ASK / 2), None);
        assert_eq!(all.due("d", start + TRUST).as_deref(), Some("a"));
        assert_eq!(all.due("d", start + TRUST), None, "asked already");
        assert_eq!(all.due("e", start + TRUST), None);
        all.confirm("d", "a", start + TRUST);
        all.forgotten("e", "a");
        all.forgotten("d", "b");
        assert!(all.is("d", "a"));
        all.forgotten("d", "a");
        assert_eq!(all.get("d"), None);
    }

    #[test]
    fn one_that_was_soon_forgotten_stays() {
        let (all, start) = (Witnesses::default(), Instant::now());
        all.add("d", "a", start);
        all.confirm("d", "a", start + TRUST / 2);
        all.forgotten("d", "a");
        assert_eq!(all.get("d").as_deref(), Some("a"), "the server's memory is short");
    }

    #[test]
    fn a_newer_one_takes_its_place() {
        let (all, start) = (Witnesses::default(), Instant::now());
        all.add("d", "a", start);
        all.add("d", "b", start + TRUST);
        all.confirm("d", "a", start + TRUST * 3);
        all.forgotten("d", "b");
        assert_eq!(all.get("d").as_deref(), Some("b"), "what became of the older one says nothing of it");
    }
}
