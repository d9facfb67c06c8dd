//! Commit. Done twice, the server says that it was done.

use super::call::{Call, Op, Silence};
use super::{Commit, Transaction};
use crate::classify::Told;
use crate::poll::{MIN_PATIENCE, Poll};
use crate::problem::MAX_MESSAGE;
use crate::reply::{LabelState, TransactionVerdict};
use crate::{Client, Events, Level, LoadError};

/// How often at least a label must be unknown to be believed so, over a few seconds: an FE that has just become the leader may
/// know less than it soon will.
const MIN_UNKNOWN: u32 = 3;

pub(super) fn commit(
    client: &Client,
    transaction: &Transaction<'_>,
    events: &dyn Events,
) -> Result<Commit, LoadError> {
    let mut call = Call::new(client, transaction, Op::Commit, events)?;
    let patience = client.patience(client.config.max_retries);
    let mut busy: Option<Poll> = None;
    let mut unknown: Option<(Poll, u32)> = None;
    loop {
        let problem = match call.ask() {
            Ok(reply) => match (reply.transaction_verdict(), call.told(&reply)) {
                (_, Some(Told::Committed)) => return Ok(Commit::Committed),
                (TransactionVerdict::Ok, told) if told != Some(Told::Aborted) => {
                    return Ok(Commit::Committed);
                }
                (TransactionVerdict::PublishTimeout, _) => {
                    let message = client.shown(&reply.message, MAX_MESSAGE);
                    call.log(
                        Level::Info,
                        &format!("committed, the rows will be visible after a while: {message}"),
                    );
                    return Ok(Commit::Committed);
                }
                (TransactionVerdict::InProcessing, _)
                    if busy.get_or_insert_with(Poll::new).elapsed() <= patience =>
                {
                    call.pause(busy.get_or_insert_with(Poll::new))?;
                    continue;
                }
                _ => call.problem(reply),
            },
            Err(Silence::NoAnswer(problem)) => *problem,
            Err(silence) => return Err(call.ended(silence)),
        };
        match call.state()? {
            Some(LabelState::Committed | LabelState::Visible) => {
                call.log(Level::Warn, &format!("it is committed, but {}", problem.what));
                return Ok(Commit::Committed);
            }
            Some(LabelState::Aborted(reason)) => {
                return Ok(Commit::Aborted(client.shown(&reason, MAX_MESSAGE)));
            }
            Some(LabelState::Unknown) => {
                let (poll, times) = unknown.get_or_insert_with(|| (Poll::new(), 0));
                *times += 1;
                if *times >= MIN_UNKNOWN && poll.elapsed() >= MIN_PATIENCE {
                    call.log(Level::Warn, &format!("its label is not known, and {}", problem.what));
                    return Ok(Commit::Unknown);
                }
                call.pause(poll)?;
            }
            Some(LabelState::Prepared | LabelState::Prepare) | None => {
                unknown = None;
                call.again(problem)?;
            }
        }
    }
}
