//! One sink session: what a subtask's sink is on the native side.
//!
//! A row's way: [`Session::submit`] takes a row block from the task thread and has the [`writer`] serialize each
//! row into the open [`batch`] of its table. Rows, bytes or age seal a batch; the [`flow`] hands sealed batches to
//! the flusher threads, one at a time and in order for each table, and a [`loader`] loads them. All memory for rows
//! comes from one [`pool`] with a hard bound: where it is reached, `submit` returns early and the caller waits.
//!
//! ```text
//! task thread      submit -> Writer -> Batch (Arena of Chunks) --seal--> Flow (a lane for each table)
//! flusher threads                                                        Flow --next--> Loader -> StarRocks
//! any thread       cancel, counters
//! ```
//!
//! A session that has failed stays failed; the caller restores from its last checkpoint into a new one. Nothing
//! here knows of Flink or of the JVM.

pub mod batch;
pub mod config;
pub mod counters;
pub mod describe;
mod error;
pub mod events;
pub mod flow;
pub mod live;
pub mod loader;
mod lz4;
pub mod pack;
pub mod pool;
mod session;
mod spill;
pub mod state;
pub mod writer;

pub use config::Config;
pub use error::{Code, SinkError};
pub use loader::{HttpLoader, Loader};
pub use session::{Session, panicked};
