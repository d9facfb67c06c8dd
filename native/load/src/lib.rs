//! Stream load client for StarRocks: labels, redirects, replies, retries, and table metadata over the MySQL protocol.
//!
//! A *stream load* is one HTTP request whose body becomes visible in a table as a whole or not at all. The client
//! asks an FE (frontend), which redirects to a BE (backend) that takes the body. Each load has a *label*, by which
//! StarRocks tells a repeated load from a new one; a load is only ever repeated under its own label, and where an
//! answer was lost the label's state decides. (StarRocks documentation: "Stream Load", "Load data using Stream Load".)
//!
//! A *transaction stream load* splits that up: begin, any number of loads, prepare, commit. What is prepared is durable, and
//! gets visible only with its commit: see [`Transaction`].
//!
//! This crate knows nothing of rows: a load is bytes.

mod cancel;
mod classify;
mod client;
mod compress;
mod config;
mod connect;
mod continues;
mod direct;
mod endpoint;
mod error;
mod error_log;
mod events;
mod frontends;
mod headers;
mod http;
pub mod label;
mod label_state;
pub mod meta;
mod poll;
mod problem;
mod redirect;
pub mod reply;
mod route;
mod run;
mod secret;
mod tls;
mod transaction;
mod transport;

pub use client::{Body, Client, Load, Loaded, Pieces};
pub use compress::Compression;
pub use config::ClientConfig;
pub use endpoint::{Endpoint, HostMapping, Scheme, parse_load_urls};
pub use error::{ErrorCode, LoadError};
pub use events::{Events, Level, NoEvents};
pub use reply::LabelState;
pub use secret::Secret;
pub use transaction::{Commit, Rollback, Totals, Transaction, TransactionError};
