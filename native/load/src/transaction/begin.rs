//! Begin. Done twice, the server may say that the label exists: newer versions say `OK`.

use super::call::{Call, Op, Silence};
use super::{Transaction, TransactionError};
use crate::classify::{Class, classify_transaction};
use crate::problem::Problem;
use crate::reply::{Reply, TransactionVerdict};
use crate::{Client, ErrorCode, Events};

pub(super) fn begin(
    client: &Client,
    transaction: &Transaction<'_>,
    events: &dyn Events,
) -> Result<(), TransactionError> {
    let mut call = Call::new(client, transaction, Op::Begin, events).map_err(TransactionError::failed)?;
    loop {
        let problem = match call.ask() {
            Ok(reply) if reply.transaction_verdict() == TransactionVerdict::Ok => return Ok(()),
            Ok(reply) if label_exists(&reply) => {
                let problem = call.problem(reply);
                if call.maybe_done {
                    // It is ours, begun by a try whose answer was lost: nothing was sent in it.
                    return Err(TransactionError::lost(call.error(problem)));
                }
                return Err(TransactionError::failed(call.error(foreign(problem))));
            }
            Ok(reply) => call.problem(reply),
            // An FE leads a label to the same BE every time: another label has better chances. Nothing was begun.
            Err(Silence::NoAnswer(problem)) if call.is_cut_off => {
                return Err(TransactionError::lost(call.error(*problem)));
            }
            Err(Silence::NoAnswer(problem)) => *problem,
            Err(silence) => return Err(TransactionError::failed(call.ended(silence))),
        };
        call.again(problem).map_err(TransactionError::from_retry)?;
    }
}

fn label_exists(reply: &Reply) -> bool {
    reply.transaction_verdict() == TransactionVerdict::LabelExists
        || classify_transaction(&reply.status, &reply.message) == Class::LabelUsed
}

fn foreign(problem: Problem) -> Problem {
    Problem {
        code: ErrorCode::Undecided,
        advice: "another load has this label already; each job needs a sink.label-prefix of its own",
        ..problem.permanent()
    }
}
