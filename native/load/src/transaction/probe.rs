//! Finding out whether the server has transactions: one is begun without a name, which is refused in either case.
//!
//! Servers from before them say that it is not implemented, or know no such path. Since whatever is not an FE, or not yet up
//! behind a proxy, doesn't know the path either, the latter counts only where an FE is seen to be there.

use super::Transaction;
use super::call::{Call, Op, Silence};
use crate::classify::{RIGHTS, is_not_implemented};
use crate::label_state::NoAnswer;
use crate::problem::Problem;
use crate::{Client, ErrorCode, Events, Level, LoadError};

pub(super) fn has_transactions(client: &Client, events: &dyn Events) -> Result<bool, LoadError> {
    let nameless = Transaction { database: "", table: "", label: "", headers: &[] };
    let mut call = Call::new(client, &nameless, Op::Probe, events)?;
    loop {
        let problem = match call.ask() {
            Ok(reply) => return Ok(!is_not_implemented(&reply.message)),
            Err(Silence::NoAnswer(problem)) => problem,
            Err(silence) => return Err(call.ended(silence)),
        };
        if let Some(said) = call.no_route.take() {
            match client.is_fe_there() {
                Ok(true) => {
                    let text = format!(
                        "the FEs have no way to begin one, but answer questions for labels, as before StarRocks 2.4 ({said})"
                    );
                    call.log(Level::Info, &text);
                    return Ok(false);
                }
                Ok(false) => {}
                Err(NoAnswer { code: ErrorCode::Cancelled, .. }) => return Err(call.cancelled()),
                Err(NoAnswer { why, code }) => {
                    let what = format!("asked for a label to see whether an FE is there: {why}");
                    let problem = Problem::new(code, what).permanent();
                    return Err(call.error(Problem { advice: RIGHTS, ..problem }));
                }
            }
        }
        call.again(*problem)?;
    }
}
