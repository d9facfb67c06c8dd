//! Transactions against servers that lose answers, refuse, and forget.

#[path = "../common/mod.rs"]
mod common;

mod begin;
mod commit;
mod prepare;
mod rollback;
mod send;
mod way;
mod world;
