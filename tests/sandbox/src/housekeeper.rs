//! What happens in the server without being asked: time runs out, rows become visible, BEs are missed, outages end.

use crate::labels::State;
use crate::net::Port;
use crate::server::Server;
use crate::store::LedgerEntry;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// How often it is looked whether something is due. The cleaner of a real BE takes 30 s.
const TICK: Duration = Duration::from_millis(20);

/// How long a BE that a fault kills answers the request that it dies of.
const LAST_WORDS: Duration = Duration::from_millis(50);

/// What is to be done later.
#[derive(Debug)]
enum Chore {
    Start(Arc<Port>),
    Reset(Arc<Port>),
    Abort(LedgerEntry, String),
    EndOutage,
}

/// What is to be done, and when.
#[derive(Debug, Default)]
pub struct Agenda {
    chores: Mutex<Vec<(Instant, Chore)>>,
    /// The ports that an outage has taken down.
    outage: Mutex<Vec<Arc<Port>>>,
}

impl Agenda {
    fn chores(&self) -> MutexGuard<'_, Vec<(Instant, Chore)>> {
        self.chores.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn add(&self, delay: Duration, chore: Chore) {
        self.chores().push((Instant::now() + delay, chore));
    }

    fn take_due(&self) -> Vec<Chore> {
        let now = Instant::now();
        let mut chores = self.chores();
        let (due, later) = std::mem::take(&mut *chores).into_iter().partition(|(at, _)| *at <= now);
        *chores = later;
        let mut due: Vec<(Instant, Chore)> = due;
        due.sort_by_key(|(at, _)| *at);
        due.into_iter().map(|(_, chore)| chore).collect()
    }

    fn outage(&self) -> MutexGuard<'_, Vec<Arc<Port>>> {
        self.outage.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Starts the thread; it ends soon after the server stops.
pub fn start(server: Weak<Server>) -> io::Result<JoinHandle<()>> {
    thread::Builder::new().name("housekeeper".into()).spawn(move || {
        while let Some(server) = server.upgrade().filter(|s| !s.is_stopping()) {
            server.keep_house();
            drop(server);
            thread::sleep(TICK);
        }
    })
}

impl Server {
    fn keep_house(&self) {
        for chore in self.agenda.take_due() {
            match chore {
                // A port that can't be taken up again shows in the statistics.
                Chore::Start(port) => drop(port.start(None)),
                Chore::Reset(port) => port.reset_all(),
                Chore::Abort(entry, reason) => {
                    let _ = self.labels().change(&entry.database, entry.transaction, State::Aborted, &reason);
                    self.note_aborted(entry, &reason);
                }
                Chore::EndOutage => self.end_outage(),
            }
        }
        self.publish_all_due();
        self.clean_contexts();
        self.drop_expired();
        self.miss_bes();
    }

    /// The FE aborts what is in PREPARE on a BE that it hasn't heard of for long. In an outage it is the clients that
    /// hear of nobody.
    fn miss_bes(&self) {
        let out = self.agenda.outage();
        let missed: Vec<u16> = self
            .ports()
            .be
            .iter()
            .filter(|port| !port.seems_up(self.config.heartbeat) && !out.iter().any(|o| Arc::ptr_eq(o, port)))
            .map(|port| port.address.port())
            .collect();
        drop(out);
        if missed.is_empty() {
            return;
        }
        let mut labels = self.labels();
        for (database, t) in labels.open() {
            if t.state == State::Prepare && missed.contains(&t.coordinator) {
                // It is in PREPARE, from where every transaction can be aborted.
                let _ = labels.change(&database, t.id, State::Aborted, "coordinate BE is down");
            }
        }
    }

    /// A BE dies: connections are reset and refused, and the transactions in its memory are gone. It comes back after
    /// `back`, or when its port is started.
    ///
    /// # Panics
    /// If there is no such BE.
    pub fn kill_be(&self, be: usize, back: Option<Duration>) {
        self.contexts.lose(be, None);
        self.ports().be[be].stop();
        if let Some(back) = back {
            self.agenda.add(back, Chore::Start(self.ports().be[be].clone()));
        }
    }

    /// The same, but connections that are open have a moment left for their answer.
    pub fn kill_be_after_answer(&self, be: usize, back: Option<Duration>) {
        let port = &self.ports().be[be];
        self.contexts.lose(be, None);
        port.refuse();
        self.agenda.add(LAST_WORDS, Chore::Reset(port.clone()));
        if let Some(back) = back {
            self.agenda.add(back.max(2 * LAST_WORDS), Chore::Start(port.clone()));
        }
    }

    /// Nobody gets through: all ports of that name (see [`crate::server::Ports::named`]) reset their connections and
    /// refuse new ones, for so long or until [`Server::end_outage`]. The server itself goes on, and forgets nothing.
    pub fn outage(&self, ports: &str, time: Option<Duration>) {
        self.agenda.chores().retain(|(_, chore)| !matches!(chore, Chore::EndOutage));
        for port in self.ports().named(ports) {
            if port.is_up() {
                // First on the list, so that the FE doesn't miss it.
                self.agenda.outage().push(port.clone());
                port.stop();
            }
        }
        if let Some(time) = time {
            self.agenda.add(time, Chore::EndOutage);
        }
    }

    /// Takes up again what an outage has taken down.
    pub fn end_outage(&self) {
        // They leave the list only when they are up, so that the FE doesn't miss them.
        let mut out = self.agenda.outage();
        for port in out.iter() {
            // A port that can't be taken up again shows in the statistics.
            let _ = port.start(None);
        }
        out.clear();
    }

    /// Aborts a transaction after a while.
    pub fn abort_later(&self, entry: LedgerEntry, delay: Duration, reason: &str) {
        self.agenda.add(delay, Chore::Abort(entry, reason.to_owned()));
    }
}
