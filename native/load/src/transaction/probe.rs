//! Finding out whether the server has transactions: one is begun without a name, which is refused in either case.

use super::Transaction;
use super::call::{Call, Op, Silence};
use crate::classify::is_not_implemented;
use crate::{Client, Events, LoadError};

pub(super) fn has_transactions(client: &Client, events: &dyn Events) -> Result<bool, LoadError> {
    let nameless = Transaction { database: "", table: "", label: "", headers: &[] };
    let mut call = Call::new(client, &nameless, Op::Probe, events)?;
    loop {
        match call.ask() {
            Ok(reply) => return Ok(!is_not_implemented(&reply.message)),
            Err(Silence::NoAnswer(problem)) => call.again(*problem)?,
            Err(silence) => return Err(call.ended(silence)),
        }
    }
}
