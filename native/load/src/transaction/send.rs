//! Sending rows. Done twice, the transaction has the rows twice: that is never risked.

use super::call::{Call, Op, Silence};
use super::{Transaction, TransactionError};
use crate::classify::Told;
use crate::compress::Compression;
use crate::http::Sent;
use crate::poll::Poll;
use crate::problem::Problem;
use crate::reply::{Reply, TransactionVerdict};
use crate::{Body, Client, ErrorCode, Events};

pub(super) fn send(
    client: &Client,
    transaction: &Transaction<'_>,
    body: &dyn Body,
    events: &dyn Events,
) -> Result<(), TransactionError> {
    let mut call =
        Call::new(client, transaction, Op::Load(body), events).map_err(TransactionError::failed)?;
    let patience = client.patience(client.config.max_retries);
    let mut busy: Option<Poll> = None;
    let mut was_cut_off = false;
    loop {
        let reply = match call.ask() {
            Ok(reply) => reply,
            // The open transaction is in that BE's memory, and nowhere else: a BE that was down has lost it.
            Err(Silence::NoAnswer(problem)) if call.is_cut_off => {
                if was_cut_off {
                    return Err(TransactionError::lost(call.error(*problem)));
                }
                was_cut_off = true;
                call.again_soon(*problem).map_err(TransactionError::from_retry)?;
                continue;
            }
            // Of what was not sent, nothing can have been taken in.
            Err(Silence::NoAnswer(problem)) if call.sent == Sent::Nothing => {
                call.again(*problem).map_err(TransactionError::from_retry)?;
                continue;
            }
            Err(Silence::NoAnswer(problem)) => return Err(TransactionError::lost(call.error(*problem))),
            Err(silence) => return Err(TransactionError::failed(call.ended(silence))),
        };
        let told = call.told(&reply);
        match reply.transaction_verdict() {
            TransactionVerdict::Ok if call.sent == Sent::All => {
                match fewer_bytes(transaction, body, &reply) {
                    None => return Ok(()),
                    Some(theirs) => {
                        let what =
                            format!("the server took in {theirs} bytes of {} that it was sent", body.len());
                        let problem = Problem { reply: Some(reply), ..Problem::new(ErrorCode::Load, what) };
                        return Err(TransactionError::lost(call.error(problem)));
                    }
                }
            }
            TransactionVerdict::Ok => {
                let what = "the server said OK before it could have read everything";
                let problem = Problem { reply: Some(reply), ..Problem::new(ErrorCode::Load, what) };
                return Err(TransactionError::lost(call.error(problem)));
            }
            // Said before the rows are looked at, be they sent by then or not.
            TransactionVerdict::InProcessing => {
                let poll = busy.get_or_insert_with(Poll::new);
                if poll.elapsed() > patience {
                    let problem = call.problem(reply);
                    return Err(TransactionError::lost(call.error(problem)));
                }
                call.pause(poll).map_err(TransactionError::failed)?;
            }
            verdict => {
                let problem = call.problem(reply);
                let is_gone = told == Some(Told::NotFound)
                    || matches!(verdict, TransactionVerdict::NotExists | TransactionVerdict::Aborted);
                if is_gone {
                    let state = call.state().map_err(TransactionError::failed)?;
                    return Err(call.gone(problem, state.as_ref()));
                }
                if call.sent > Sent::Nothing || !problem.retriable {
                    return Err(call.gone(problem, None));
                }
                // If the server has rolled the transaction back, the next answer says so.
                call.again(problem).map_err(TransactionError::from_retry)?;
            }
        }
    }
}

/// How many bytes the server says that it took in, if it says so and there were more.
fn fewer_bytes(transaction: &Transaction<'_>, body: &dyn Body, reply: &Reply) -> Option<u64> {
    // Of what is compressed, it counts what came over the network.
    let is_plain = Compression::announced(transaction.headers).is_none();
    reply.loaded.load_bytes.filter(|&theirs| is_plain && theirs < body.len())
}
