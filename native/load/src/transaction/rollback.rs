//! Rollback. Done twice, the server says that it was done, or that there is no such transaction.

use super::call::{Call, Op, Silence};
use super::{Rollback, Transaction};
use crate::classify::Told;
use crate::poll::{MIN_PATIENCE, Poll};
use crate::reply::{LabelState, TransactionVerdict};
use crate::{Client, ErrorCode, Events, Level, LoadError};

pub(super) fn rollback(
    client: &Client,
    transaction: &Transaction<'_>,
    events: &dyn Events,
) -> Result<Rollback, LoadError> {
    let mut call = Call::new(client, transaction, Op::Rollback, events)?;
    let mut busy: Option<Poll> = None;
    loop {
        let (is_answered, problem) = match call.ask() {
            Ok(reply) => match (reply.transaction_verdict(), call.told(&reply)) {
                (_, Some(Told::Committed)) => return Ok(Rollback::Committed),
                (TransactionVerdict::Ok, _) | (_, Some(Told::Aborted)) => return Ok(Rollback::RolledBack),
                // A request that nobody waits for any more. If it doesn't end soon, the FE rolls back without the BE.
                (TransactionVerdict::InProcessing, _)
                    if busy.get_or_insert_with(Poll::new).elapsed() <= MIN_PATIENCE =>
                {
                    call.pause(busy.get_or_insert_with(Poll::new))?;
                    continue;
                }
                _ => (true, call.problem(reply)),
            },
            Err(Silence::NoAnswer(problem)) => (false, *problem),
            Err(silence) => return Err(call.ended(silence)),
        };
        let mut state = call.state()?;
        if matches!(state, Some(LabelState::Prepare | LabelState::Prepared)) {
            call.log(Level::Info, &format!("rolled back by its label, since {}", problem.what));
            by_label(client, transaction, events)?;
            state = call.state()?;
        }
        match state {
            Some(LabelState::Aborted(_)) => return Ok(Rollback::RolledBack),
            Some(LabelState::Committed | LabelState::Visible) => return Ok(Rollback::Committed),
            Some(LabelState::Unknown) if is_answered => return Ok(Rollback::RolledBack),
            // Not said by the one who would know, which may be on its way back.
            Some(LabelState::Unknown) => match call.again(problem) {
                Ok(()) => {}
                Err(error) if error.code == ErrorCode::Cancelled => return Err(error),
                Err(_) => return Ok(Rollback::RolledBack),
            },
            Some(LabelState::Prepare | LabelState::Prepared) | None => call.again(problem)?,
        }
    }
}

/// Has the FE alone roll back what is open under a label. Whatever it says, the label's state tells what came of it.
///
/// # Errors
/// The label can't be one, or it was cancelled.
pub(crate) fn by_label(
    client: &Client,
    transaction: &Transaction<'_>,
    events: &dyn Events,
) -> Result<(), LoadError> {
    let mut call = Call::new(client, transaction, Op::Cancel, events)?;
    match call.ask() {
        Ok(_) | Err(Silence::NoAnswer(_) | Silence::Final(_)) => Ok(()),
        Err(Silence::Cancelled) => Err(call.cancelled()),
    }
}
