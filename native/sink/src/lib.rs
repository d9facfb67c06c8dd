//! One sink session: what a subtask's sink is on the native side.
//!
//! A row's way: [`Session::submit`] takes a row block from the task thread and has the [`writer`] serialize each
//! row into the open [`batch`] of its table. Rows, bytes or age seal a batch; the [`flow`] hands it to a background
//! thread, one at a time and in order for each table. What happens then is the session's [`delivery`]: it is loaded at
//! once; or held ([`hold`], [`pack`], [`spill`]) until its checkpoint has completed; or sent into a transaction
//! ([`transactions`]) that is prepared at the checkpoint and committed when that has completed. All memory for rows
//! comes from one [`pool`] with a hard bound: where it is reached, `submit` returns early and the caller waits.
//!
//! ```text
//! task thread     submit -> Writer -> Batch (Arena of Chunks) --seal--> Flow (lanes of each table)
//! background      Flow --> load | pack and hold --checkpoint completes--> load
//!                             | send --checkpoint--> prepare --completes--> commit          (Loader -> StarRocks)
//! task thread     begin_checkpoint, wait_checkpoint, next_state, complete_checkpoint; restore, wait_ready
//! any thread      cancel, counters
//! ```
//!
//! A session that has failed stays failed; the caller restores from its last checkpoint into a new one. Nothing
//! here knows of Flink or of the JVM.

pub mod batch;
mod checkpoint;
pub mod config;
pub mod counters;
pub mod delivery;
pub mod describe;
mod doubt;
mod error;
pub mod events;
pub mod flow;
pub mod hold;
pub mod live;
pub mod loader;
mod lz4;
pub mod pack;
pub mod pool;
mod restore;
mod session;
mod spill;
mod stall;
pub mod state;
mod stream;
pub mod table;
mod time;
pub mod transactions;
pub mod witness;
mod workers;
pub mod writer;

pub use config::Config;
pub use error::{Code, SinkError};
pub use loader::{HttpLoader, Loader};
pub use session::{Session, panicked};
