//! A StarRocks look-alike for tests and the demo: FE and BE HTTP ports that take stream loads and transactions,
//! a MySQL port, and a control port that injects faults. See the README of this crate.
//!
//! It shares no code with the sink it tests: a shared mistake would hide itself.

pub mod be;
pub mod clock;
pub mod config;
pub mod control;
pub mod convert;
pub mod csv;
pub mod faults;
pub mod fe;
pub mod housekeeper;
pub mod http;
pub mod json;
pub mod labels;
pub mod load;
pub mod mysql;
pub mod net;
pub mod number;
pub mod publish;
pub mod server;
pub mod stats;
pub mod store;
pub mod token;
pub mod transaction;
pub mod types;
