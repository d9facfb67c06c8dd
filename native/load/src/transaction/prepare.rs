//! Prepare. Done twice, the server says that there is no such transaction, or that it failed: the label's state then tells
//! whether it is prepared.

use std::cmp::Ordering;
use std::time::{Duration, Instant};

use super::call::{Call, Op, Silence};
use super::{Totals, Transaction, TransactionError};
use crate::classify::Told;
use crate::compress::Compression;
use crate::headers;
use crate::poll::Poll;
use crate::problem::Problem;
use crate::reply::{LabelState, Reply, TransactionVerdict};
use crate::{Client, ErrorCode, Events, Level, Loaded};

/// How long a transaction that its BE has lost may look open to the FE before it is given up, and one that may be rolled
/// back look prepared before it is believed to be.
const ORPHAN_PATIENCE: Duration = Duration::from_secs(2);

/// What is known beside the label's state, where the answer was not `OK`.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Heard {
    /// Nothing: the server may still be about it.
    Nothing,
    /// The server doesn't have the transaction: it is done with it, for better or worse.
    Gone,
    /// It failed: the server rolls it back, if it was this request that it did.
    Failed,
}

pub(super) fn prepare(
    client: &Client,
    transaction: &Transaction<'_>,
    sent: Totals,
    events: &dyn Events,
) -> Result<Loaded, TransactionError> {
    let mut call = Call::new(client, transaction, Op::Prepare, events).map_err(TransactionError::failed)?;
    let limit = call.wait;
    let started = Instant::now();
    let mut busy: Option<Poll> = None;
    let mut orphaned: Option<Poll> = None;
    let mut contradicted: Option<Poll> = None;
    let mut is_seen_prepared = false;
    loop {
        let try_started = Instant::now();
        let (heard, problem) = match call.ask() {
            Ok(reply) => match (reply.transaction_verdict(), call.told(&reply)) {
                (TransactionVerdict::Ok, _) => {
                    let now = Instant::now();
                    return accept(&call, reply, sent).map(|loaded| Loaded {
                        retries: call.retries,
                        elapsed: now - started,
                        elapsed_without_retries: now - try_started,
                        ..loaded
                    });
                }
                (TransactionVerdict::InProcessing, _) => {
                    let poll = busy.get_or_insert_with(Poll::new);
                    if poll.elapsed() > limit {
                        let problem = call.problem(reply);
                        return Err(TransactionError::lost(call.error(problem)));
                    }
                    call.pause(poll).map_err(TransactionError::failed)?;
                    continue;
                }
                (TransactionVerdict::NotExists, _) | (_, Some(Told::NotFound)) => {
                    (Heard::Gone, call.problem(reply))
                }
                (TransactionVerdict::Unknown, _) => (Heard::Nothing, call.problem(reply)),
                _ => (Heard::Failed, call.problem(reply)),
            },
            Err(Silence::NoAnswer(problem)) => (Heard::Nothing, *problem),
            Err(silence) => return Err(TransactionError::failed(call.ended(silence))),
        };
        // Then the failure may be only that of the repetition.
        let maybe_done = call.maybe_done;
        if !problem.retriable && !maybe_done {
            return Err(call.gone(problem, None));
        }
        let state = call.state().map_err(TransactionError::failed)?;
        let is_final = heard == Heard::Gone || is_seen_prepared;
        match (&state, heard) {
            // Nobody but us commits it, and only when all of it is there: its commit will say so.
            (Some(LabelState::Committed | LabelState::Visible), _) => {
                call.log(Level::Warn, &format!("it is committed already, but {}", problem.what));
                return Ok(unheard(&call, started, try_started));
            }
            // Prepared by an earlier try, whatever became of this one; unless the BE has begun to roll it back, which the FE
            // then learns in a moment.
            (Some(LabelState::Prepared), _)
                if contradicted.is_some() || heard == Heard::Failed && maybe_done =>
            {
                call.wait = call.wait.min(client.http.short_wait());
                let poll = contradicted.get_or_insert_with(Poll::new);
                if poll.elapsed() > ORPHAN_PATIENCE {
                    call.log(
                        Level::Warn,
                        &format!("it was prepared by an earlier try and stays so, but {}", problem.what),
                    );
                    return Ok(unheard(&call, started, try_started));
                }
                call.pause(poll).map_err(TransactionError::failed)?;
            }
            // It failed at the server, which rolls it back, maybe later.
            (_, Heard::Failed) => return Err(call.gone(problem, state.as_ref())),
            (Some(LabelState::Prepared), _) if is_final => {
                call.log(Level::Warn, &format!("it is prepared, but {}", problem.what));
                return Ok(unheard(&call, started, try_started));
            }
            // A BE that has not heard from the FE either may still roll it back. Asked again, it is done with it, or says
            // that it is not.
            (Some(LabelState::Prepared), _) => {
                is_seen_prepared = true;
                call.wait = call.wait.min(client.http.short_wait());
            }
            // The BE has lost it, or is gone with it, and the FE will find out.
            (Some(LabelState::Prepare), _) if heard == Heard::Gone || call.is_cut_off => {
                let poll = orphaned.get_or_insert_with(Poll::new);
                if poll.elapsed() > ORPHAN_PATIENCE {
                    return Err(call.gone(problem, state.as_ref()));
                }
                call.pause(poll).map_err(TransactionError::failed)?;
            }
            (Some(LabelState::Prepare) | None, _) => {
                call.again(problem).map_err(TransactionError::from_retry)?;
            }
            (Some(LabelState::Aborted(_) | LabelState::Unknown), _) => {
                return Err(call.gone(problem, state.as_ref()));
            }
        }
    }
}

/// It is prepared, and that is all that is known.
fn unheard(call: &Call<'_>, started: Instant, try_started: Instant) -> Loaded {
    let now = Instant::now();
    Loaded {
        retries: call.retries,
        elapsed: now - started,
        elapsed_without_retries: now - try_started,
        ..Loaded::default()
    }
}

/// Looks at what a transaction that was prepared came to.
fn accept(call: &Call<'_>, reply: Reply, sent: Totals) -> Result<Loaded, TransactionError> {
    let loaded = reply.loaded.clone();
    if let Some(note) = loaded.filtered_note(reply.error_url.as_deref()) {
        call.log(Level::Warn, &note);
    }
    let Transaction { headers, .. } = *call.transaction();
    if let (Some(ours), Some(theirs)) = (sent.bytes, loaded.load_bytes)
        && theirs < ours
        && Compression::announced(headers).is_none()
    {
        call.log(Level::Warn, &format!("the server counted {theirs} bytes where {ours} were sent"));
    }
    let countable = headers::rows_can_be_counted(headers);
    let (Some(ours), Some(theirs), true) = (sent.rows, loaded.rows_accounted_for(), countable) else {
        return Ok(loaded);
    };
    let miscounted = |meaning: &str, advice| Problem {
        advice,
        http_status: Some(200),
        reply: Some(reply),
        ..Problem::new(
            ErrorCode::Load,
            format!("it is prepared, but the server counted {theirs} rows where {ours} were sent: {meaning}"),
        )
    };
    match theirs.cmp(&ours) {
        Ordering::Less => {
            let meaning = "rows are missing, or several were read as one";
            let problem =
                miscounted(meaning, "look at the options format and row_delimiter, and for blank rows");
            Err(TransactionError::failed(call.error(problem.permanent())))
        }
        // A new transaction has them once.
        Ordering::Greater => {
            let meaning = "it took some in twice, or read one as several";
            let problem =
                miscounted(meaning, "if that happens again, look for row delimiters inside the data");
            Err(TransactionError::lost(call.error(problem)))
        }
        Ordering::Equal => Ok(loaded),
    }
}
