//! Work on its way to the background threads.
//!
//! Work waits in lanes. A lane is served by one thread at a time, in order, while different lanes go side by side.
//! Every table has two: one for its rows until a checkpoint covers them, one for what completed checkpoints allow (a
//! PRIMARY KEY table must see an older row before a newer one, so neither may overtake itself). What waits in the lanes
//! is bounded by the memory that the batches in it hold.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::error::SinkError;

/// What kind of thread a job needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// Computes, and talks to nobody.
    Compute = 0,
    /// Sends rows: as many at a time as the user allows.
    Send = 1,
    /// Waits for an answer to a small request.
    Control = 2,
}

const CLASSES: usize = 3;

/// Which wait a lane's jobs are counted for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// What the next checkpoint must wait for.
    Rows = 0,
    /// What was allowed by completed checkpoints, or by a restore.
    Settle = 1,
}

const SIDES: usize = 2;

/// A lane of a [`Flow`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lane(usize);

/// What a thread has to do next.
#[derive(Debug)]
pub enum Next<J> {
    /// Do this, then call [`Flow::done`] or [`Flow::put_back`] with its lane.
    Job(Lane, J),
    /// Nothing came in the given time.
    Idle,
    /// The session has failed or is being closed.
    Stop,
}

/// The lanes of one session, and its fate. Any thread may use it.
#[derive(Debug)]
pub struct Flow<J> {
    state: Mutex<State<J>>,
    changed: Condvar,
}

#[derive(Debug)]
struct State<J> {
    lanes: Vec<Queue<J>>,
    /// Lanes with a job and no thread at it, by the class of their first job, in the order in which they became so.
    ready: [VecDeque<usize>; CLASSES],
    /// Threads that have nothing to do, by the classes of jobs that they take.
    idle: [usize; CLASSES],
    /// Jobs that aren't done.
    pending: [usize; SIDES],
    failure: Option<SinkError>,
}

#[derive(Debug)]
struct Queue<J> {
    side: Side,
    waiting: VecDeque<(Class, J)>,
    busy: bool,
}

impl<J> Default for Flow<J> {
    fn default() -> Self {
        let state = State {
            lanes: Vec::new(),
            ready: Default::default(),
            idle: [0; CLASSES],
            pending: [0; SIDES],
            failure: None,
        };
        Self { state: Mutex::new(state), changed: Condvar::new() }
    }
}

impl<J> State<J> {
    fn make_ready(&mut self, lane: usize) {
        if let Some((class, _)) = self.lanes[lane].waiting.front() {
            self.ready[*class as usize].push_back(lane);
        }
    }
}

impl<J> Flow<J> {
    /// Adds a lane.
    pub fn add_lane(&self, side: Side) -> Lane {
        let mut state = self.lock();
        state.lanes.push(Queue { side, waiting: VecDeque::new(), busy: false });
        Lane(state.lanes.len() - 1)
    }

    /// Puts a job at the end of its lane. After a failure it is let go: the checkpoint replays its rows.
    pub fn push(&self, lane: Lane, class: Class, job: J) {
        let mut state = self.lock();
        if state.failure.is_some() {
            return;
        }
        let queue = &mut state.lanes[lane.0];
        let side = queue.side;
        queue.waiting.push_back((class, job));
        if !queue.busy && queue.waiting.len() == 1 {
            state.make_ready(lane.0);
        }
        state.pending[side as usize] += 1;
        drop(state);
        self.changed.notify_all();
    }

    /// The next job of one of `classes`, the first of them first, waiting for one at most `limit` long.
    pub fn next(&self, classes: &[Class], limit: Duration) -> Next<J> {
        let nothing = |state: &mut State<J>| {
            classes.iter().all(|class| state.ready[*class as usize].is_empty()) && state.failure.is_none()
        };
        let mut state = self.lock();
        classes.iter().for_each(|class| state.idle[*class as usize] += 1);
        let waited = self.changed.wait_timeout_while(state, limit, nothing);
        state = waited.unwrap_or_else(PoisonError::into_inner).0;
        classes.iter().for_each(|class| state.idle[*class as usize] -= 1);
        if state.failure.is_some() {
            return Next::Stop;
        }
        let Some(lane) = classes.iter().find_map(|class| state.ready[*class as usize].pop_front()) else {
            return Next::Idle;
        };
        let queue = &mut state.lanes[lane];
        let Some((_, job)) = queue.waiting.pop_front() else { return Next::Idle };
        queue.busy = true;
        Next::Job(Lane(lane), job)
    }

    /// Whether a job of this class would be begun at once in this lane.
    pub fn is_free(&self, lane: Lane, class: Class) -> bool {
        let state = self.lock();
        let queue = &state.lanes[lane.0];
        let class = class as usize;
        queue.waiting.is_empty() && !queue.busy && state.idle[class] > state.ready[class].len()
    }

    /// Whether a job of this class could be begun if there were a thread for it.
    pub fn is_short_of(&self, class: Class) -> bool {
        let state = self.lock();
        state.ready[class as usize].len() > state.idle[class as usize]
    }

    /// Says that the job taken from `lane` is done.
    pub fn done(&self, lane: Lane) {
        let mut state = self.lock();
        let side = state.lanes[lane.0].side;
        state.pending[side as usize] = state.pending[side as usize].saturating_sub(1);
        state.lanes[lane.0].busy = false;
        state.make_ready(lane.0);
        drop(state);
        self.changed.notify_all();
    }

    /// Puts a job that can't be done yet back to the front of its lane, behind all other lanes.
    pub fn put_back(&self, lane: Lane, class: Class, job: J) {
        let mut state = self.lock();
        if state.failure.is_some() {
            return;
        }
        let queue = &mut state.lanes[lane.0];
        queue.waiting.push_front((class, job));
        queue.busy = false;
        state.make_ready(lane.0);
        drop(state);
        self.changed.notify_all();
    }

    /// Ends the session: nothing more is done, everybody who waits is told. The first failure stays.
    pub fn fail(&self, failure: SinkError) {
        let mut state = self.lock();
        if state.failure.is_none() {
            state.failure = Some(failure);
        }
        let dropped: Vec<_> = state.lanes.iter_mut().flat_map(|lane| lane.waiting.drain(..)).collect();
        state.ready.iter_mut().for_each(VecDeque::clear);
        drop(state);
        drop(dropped);
        self.changed.notify_all();
    }

    /// The failure, if the session has one.
    pub fn check(&self) -> Result<(), SinkError> {
        self.lock().failure.clone().map_or(Ok(()), Err)
    }

    /// Whether nothing is to be done on this side.
    pub fn is_idle(&self, side: Side) -> bool {
        self.lock().pending[side as usize] == 0
    }

    /// Waits until nothing is to be done on these sides, at most `limit` long; says whether that is so.
    pub fn wait_idle(&self, sides: &[Side], limit: Duration) -> Result<bool, SinkError> {
        let busy = |state: &State<J>| sides.iter().any(|side| state.pending[*side as usize] > 0);
        let state = self.wait(limit, |state| busy(state) && state.failure.is_none());
        match &state.failure {
            Some(failure) => Err(failure.clone()),
            None => Ok(!busy(&state)),
        }
    }

    /// Pauses between two tries; an error, at once, when the session fails.
    pub fn pause(&self, time: Duration) -> Result<(), SinkError> {
        let state = self.wait(time, |state| state.failure.is_none());
        state.failure.clone().map_or(Ok(()), Err)
    }

    fn wait(
        &self,
        limit: Duration,
        until_not: impl FnMut(&mut State<J>) -> bool,
    ) -> MutexGuard<'_, State<J>> {
        self.changed
            .wait_timeout_while(self.lock(), limit, until_not)
            .unwrap_or_else(PoisonError::into_inner)
            .0
    }

    fn lock(&self) -> MutexGuard<'_, State<J>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Code;

    const ALL: [Class; 3] = [Class::Compute, Class::Send, Class::Control];

    fn job(next: Next<&str>) -> String {
        match next {
            Next::Job(lane, job) => format!("{}:{job}", lane.0),
            other => format!("{other:?}"),
        }
    }

    #[test]
    fn one_lane_goes_one_by_one_and_lanes_go_side_by_side() {
        let flow = Flow::default();
        let (a, b) = (flow.add_lane(Side::Rows), flow.add_lane(Side::Rows));
        for (lane, name) in [(a, "a1"), (a, "a2"), (b, "b1")] {
            flow.push(lane, Class::Send, name);
        }
        assert_eq!(job(flow.next(&ALL, Duration::ZERO)), "0:a1");
        assert_eq!(job(flow.next(&ALL, Duration::ZERO)), "1:b1");
        assert_eq!(job(flow.next(&ALL, Duration::ZERO)), "Idle", "a2 waits for a1");
        flow.done(a);
        assert_eq!(job(flow.next(&ALL, Duration::ZERO)), "0:a2");
        assert!(!flow.wait_idle(&[Side::Rows], Duration::ZERO).unwrap());
        flow.done(b);
        flow.done(a);
        assert!(flow.wait_idle(&[Side::Rows], Duration::ZERO).unwrap());
        assert!(flow.is_idle(Side::Rows));
    }

    #[test]
    fn sides_are_waited_for_apart() {
        let flow = Flow::default();
        let (rows, settle) = (flow.add_lane(Side::Rows), flow.add_lane(Side::Settle));
        flow.push(settle, Class::Send, "load");
        assert!(flow.wait_idle(&[Side::Rows], Duration::ZERO).unwrap());
        assert!(!flow.wait_idle(&[Side::Rows, Side::Settle], Duration::ZERO).unwrap());
        flow.push(rows, Class::Send, "row");
        assert!(!flow.is_idle(Side::Rows));
    }

    #[test]
    fn threads_take_their_classes_only() {
        let flow = Flow::default();
        let (a, b) = (flow.add_lane(Side::Rows), flow.add_lane(Side::Rows));
        flow.push(a, Class::Send, "send");
        flow.push(a, Class::Control, "prepare a");
        flow.push(b, Class::Control, "prepare b");
        assert_eq!(job(flow.next(&[Class::Control], Duration::ZERO)), "1:prepare b");
        assert_eq!(job(flow.next(&[Class::Control], Duration::ZERO)), "Idle");
        assert_eq!(job(flow.next(&[Class::Send, Class::Control], Duration::ZERO)), "0:send");
        flow.done(a);
        assert_eq!(job(flow.next(&[Class::Control], Duration::ZERO)), "0:prepare a");
    }

    #[test]
    fn what_is_put_back_stays_first_in_its_lane_and_lets_others_go_before() {
        let flow = Flow::default();
        let (a, b) = (flow.add_lane(Side::Settle), flow.add_lane(Side::Settle));
        for (lane, name) in [(a, "a1"), (a, "a2"), (b, "b1")] {
            flow.push(lane, Class::Send, name);
        }
        assert_eq!(job(flow.next(&ALL, Duration::ZERO)), "0:a1");
        flow.put_back(a, Class::Send, "a1");
        assert_eq!(job(flow.next(&ALL, Duration::ZERO)), "1:b1");
        assert_eq!(job(flow.next(&ALL, Duration::ZERO)), "0:a1");
        assert_eq!(job(flow.next(&ALL, Duration::ZERO)), "Idle");
        assert!(!flow.is_idle(Side::Settle));
    }

    #[test]
    fn the_first_failure_stays_and_frees_what_waits() {
        let flow = Flow::default();
        let lane = flow.add_lane(Side::Rows);
        let row = std::sync::Arc::new(());
        flow.push(lane, Class::Send, std::sync::Arc::clone(&row));
        flow.fail(SinkError::new(Code::Load, "first"));
        flow.fail(SinkError::new(Code::Load, "second"));
        assert_eq!(std::sync::Arc::strong_count(&row), 1, "what waited is freed at once");
        assert_eq!(flow.check().unwrap_err().message, "first");
        assert_eq!(flow.wait_idle(&[Side::Rows], Duration::from_secs(9)).unwrap_err().message, "first");
        assert_eq!(flow.pause(Duration::from_secs(9)).unwrap_err().message, "first");
        assert!(matches!(flow.next(&ALL, Duration::from_secs(9)), Next::Stop));
    }
}
