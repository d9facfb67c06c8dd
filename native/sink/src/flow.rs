//! Sealed batches on their way to the flusher threads.
//!
//! Every table has a lane of its own. A lane is served by one thread at a time, in order, so that batches of
//! one table load one after the other (a PRIMARY KEY table must see an older row before a newer one) while
//! different tables load side by side. What waits in the lanes is bounded by the memory the batches hold.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::batch::Batch;
use crate::error::SinkError;

/// What a flusher thread has to do next.
#[derive(Debug)]
pub enum Next {
    /// Load this batch, then call [`Flow::done`] with its lane.
    Load(usize, Box<Batch>),
    /// Nothing came in the given time.
    Idle,
    /// The session has failed or is being closed.
    Stop,
}

/// The lanes of one session, and its fate. Any thread may use it.
#[derive(Debug, Default)]
pub struct Flow {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    lanes: Vec<Lane>,
    /// Lanes with a batch and no thread at it, in the order in which they became so.
    ready: VecDeque<usize>,
    /// Batches sealed and not loaded yet.
    unloaded: usize,
    failure: Option<SinkError>,
}

#[derive(Debug, Default)]
struct Lane {
    waiting: VecDeque<Box<Batch>>,
    busy: bool,
}

impl Flow {
    /// Adds a lane and returns its number.
    pub fn add_lane(&self) -> usize {
        let mut state = self.lock();
        state.lanes.push(Lane::default());
        state.lanes.len() - 1
    }

    /// Puts a batch at the end of its lane. After a failure it is let go: the checkpoint replays its rows.
    pub fn seal(&self, lane: usize, batch: Batch) {
        let mut state = self.lock();
        if state.failure.is_some() {
            return;
        }
        state.unloaded += 1;
        let queue = &mut state.lanes[lane];
        queue.waiting.push_back(Box::new(batch));
        if !queue.busy && queue.waiting.len() == 1 {
            state.ready.push_back(lane);
        }
        drop(state);
        self.changed.notify_all();
    }

    /// The next batch to load, waiting for one at most `limit` long.
    pub fn next(&self, limit: Duration) -> Next {
        let nothing = |state: &mut State| state.ready.is_empty() && state.failure.is_none();
        let mut state = self.wait(limit, nothing);
        if state.failure.is_some() {
            return Next::Stop;
        }
        let Some(number) = state.ready.pop_front() else { return Next::Idle };
        let lane = &mut state.lanes[number];
        match lane.waiting.pop_front() {
            Some(batch) => {
                lane.busy = true;
                Next::Load(number, batch)
            }
            None => Next::Idle,
        }
    }

    /// Says that the batch taken from `lane` has been loaded.
    pub fn done(&self, lane: usize) {
        let mut state = self.lock();
        state.unloaded = state.unloaded.saturating_sub(1);
        let queue = &mut state.lanes[lane];
        queue.busy = false;
        if !queue.waiting.is_empty() {
            state.ready.push_back(lane);
        }
        drop(state);
        self.changed.notify_all();
    }

    /// Ends the session: nothing more is loaded, everybody who waits is told. The first failure stays.
    pub fn fail(&self, failure: SinkError) {
        let mut state = self.lock();
        if state.failure.is_none() {
            state.failure = Some(failure);
        }
        let dropped: Vec<_> = state.lanes.iter_mut().flat_map(|lane| lane.waiting.drain(..)).collect();
        state.ready.clear();
        drop(state);
        drop(dropped);
        self.changed.notify_all();
    }

    /// The failure, if the session has one.
    pub fn check(&self) -> Result<(), SinkError> {
        self.lock().failure.clone().map_or(Ok(()), Err)
    }

    /// Whether sealed batches are still to be loaded.
    pub fn is_empty(&self) -> bool {
        self.lock().unloaded == 0
    }

    /// Waits until all sealed batches are loaded, at most `limit` long; says whether they are.
    pub fn wait_loaded(&self, limit: Duration) -> Result<bool, SinkError> {
        let state = self.wait(limit, |state| state.unloaded > 0 && state.failure.is_none());
        match &state.failure {
            Some(failure) => Err(failure.clone()),
            None => Ok(state.unloaded == 0),
        }
    }

    fn wait(&self, limit: Duration, until_not: impl FnMut(&mut State) -> bool) -> MutexGuard<'_, State> {
        self.changed
            .wait_timeout_while(self.lock(), limit, until_not)
            .unwrap_or_else(PoisonError::into_inner)
            .0
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::batch::Framing;
    use crate::error::Code;
    use crate::pool::Pool;
    use std::sync::Arc;

    fn batch(label: &str) -> Batch {
        Batch::new(label.into(), Framing::default(), Arc::new(Pool::new(0)))
    }

    fn label(next: Next) -> String {
        match next {
            Next::Load(lane, batch) => format!("{lane}:{}", batch.label),
            other => format!("{other:?}"),
        }
    }

    #[test]
    fn one_lane_goes_one_by_one_and_lanes_go_side_by_side() {
        let flow = Flow::default();
        let (a, b) = (flow.add_lane(), flow.add_lane());
        for (lane, name) in [(a, "a1"), (a, "a2"), (b, "b1")] {
            flow.seal(lane, batch(name));
        }
        assert_eq!(label(flow.next(Duration::ZERO)), "0:a1");
        assert_eq!(label(flow.next(Duration::ZERO)), "1:b1");
        assert_eq!(label(flow.next(Duration::ZERO)), "Idle", "a2 waits for a1");
        flow.done(a);
        assert_eq!(label(flow.next(Duration::ZERO)), "0:a2");
        assert!(!flow.wait_loaded(Duration::ZERO).unwrap());
        flow.done(b);
        flow.done(a);
        assert!(flow.wait_loaded(Duration::ZERO).unwrap());
        assert!(flow.is_empty());
    }

    #[test]
    fn the_first_failure_stays_and_frees_what_waits() {
        let pool = Arc::new(Pool::new(crate::pool::CHUNK));
        let flow = Flow::default();
        let lane = flow.add_lane();
        let mut full = Batch::new("x".into(), Framing::default(), Arc::clone(&pool));
        assert!(full.append(b"row").unwrap());
        flow.seal(lane, full);
        flow.fail(SinkError::new(Code::Load, "first"));
        flow.fail(SinkError::new(Code::Load, "second"));
        assert!(pool.wait(1, Duration::ZERO), "memory of waiting batches is free at once");
        assert_eq!(flow.check().unwrap_err().message, "first");
        assert_eq!(flow.wait_loaded(Duration::from_secs(9)).unwrap_err().message, "first");
        assert!(matches!(flow.next(Duration::from_secs(9)), Next::Stop));
    }
}
