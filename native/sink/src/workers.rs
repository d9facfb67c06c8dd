//! The background threads of a session.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::counters::Cell;
use crate::error::{Code, SinkError};
use crate::flow::{Class, Next};
use crate::live::Alive;
use crate::session::{Shared, panicked};

/// Threads at most for small requests: they only wait for answers, so many tables prepare and commit side by side.
const HELPERS: usize = 16;

/// How long such a thread stays without work.
const HELPER_IDLE: Duration = Duration::from_secs(10);

/// The threads of a session. The task thread starts them.
pub struct Workers {
    shared: Arc<Shared>,
    subtask: u32,
    threads: Mutex<Threads>,
}

#[derive(Default)]
struct Threads {
    started: usize,
    all: Vec<JoinHandle<()>>,
    helpers: Vec<JoinHandle<()>>,
    packer: bool,
}

impl Workers {
    /// No threads yet.
    pub fn new(shared: Arc<Shared>, subtask: u32) -> Self {
        Self { shared, subtask, threads: Mutex::default() }
    }

    /// Starts a thread for jobs of these classes, until the session ends.
    pub fn start(&self, classes: &'static [Class]) -> Result<(), SinkError> {
        let mut threads = self.threads();
        let thread = self.spawn(&mut threads, classes, None)?;
        threads.all.push(thread);
        Ok(())
    }

    /// Starts the thread that packs, unless it is there.
    pub fn start_packer(&self) -> Result<(), SinkError> {
        if std::mem::replace(&mut self.threads().packer, true) {
            return Ok(());
        }
        self.start(&[Class::Compute])
    }

    /// Sees to it that as many threads as sensible are there for `jobs` small requests.
    pub fn lend_a_hand(&self, jobs: usize) -> Result<(), SinkError> {
        let mut threads = self.threads();
        let done: Vec<_> = threads.helpers.extract_if(.., |thread| thread.is_finished()).collect();
        done.into_iter().for_each(|thread| drop(thread.join()));
        let wanted = jobs.saturating_sub(1).min(HELPERS);
        while threads.helpers.len() < wanted {
            let thread = self.spawn(&mut threads, &[Class::Control], Some(HELPER_IDLE))?;
            threads.helpers.push(thread);
        }
        Ok(())
    }

    /// Joins all threads; the session must have failed or been cancelled.
    pub fn join(&self) {
        let Threads { all, helpers, .. } = std::mem::take(&mut *self.threads());
        for thread in all.into_iter().chain(helpers) {
            // A panic in it has been told as the session's failure already.
            let _ = thread.join();
        }
    }

    fn spawn(
        &self,
        threads: &mut Threads,
        classes: &'static [Class],
        idle: Option<Duration>,
    ) -> Result<JoinHandle<()>, SinkError> {
        let shared = Arc::clone(&self.shared);
        let alive = Alive::thread();
        threads.started += 1;
        std::thread::Builder::new()
            .name(format!("sr-load-{}-{}", self.subtask, threads.started - 1))
            .spawn(move || run(&shared, classes, idle, alive))
            .map_err(|error| {
                SinkError::new(
                    Code::Internal,
                    format!("the system refused a thread for loads ({error}): raise its limit on threads"),
                )
            })
    }

    fn threads(&self) -> std::sync::MutexGuard<'_, Threads> {
        self.threads.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn run(shared: &Shared, classes: &[Class], idle: Option<Duration>, _alive: Alive) {
    shared.counters.add(Cell::Threads, 1);
    // Whoever waits for a job must be told, also where the fault is ours.
    if let Err(panic) = catch_unwind(AssertUnwindSafe(|| work(shared, classes, idle))) {
        shared.flow.fail(panicked(&*panic));
    }
    shared.counters.add(Cell::Threads, -1);
}

/// Does jobs until the session ends, or until none came for `idle`.
fn work(shared: &Shared, classes: &[Class], idle: Option<Duration>) {
    let mut ticked = Instant::now();
    loop {
        match shared.flow.next(classes, idle.unwrap_or_else(|| shared.tick_every())) {
            Next::Job(lane, job) => shared.run(lane, job),
            Next::Idle if idle.is_some() => return,
            Next::Idle => {}
            Next::Stop => return,
        }
        if idle.is_none() && ticked.elapsed() >= shared.tick_every() {
            shared.tick();
            ticked = Instant::now();
        }
    }
}
