//! Any bytes as a row in Flink's binary format, written by plans with columns of all types: no panic, no row
//! that takes for ever, a row that is refused leaves nothing behind, and the short way agrees with the plain one.
//!
//! The first byte picks the plan.

#![no_main]

mod plans;

use libfuzzer_sys::fuzz_target;
use plans::{PLANS, check_text, short_way};
use starrocks_row::writer::BlockWriter;
use starrocks_row::{Op, frames};

fuzz_target!(|input: &[u8]| {
    let Some((&plan, row)) = input.split_first() else { return };
    let plan = &PLANS[usize::from(plan) % PLANS.len()];
    let mut block = BlockWriter::new();
    block.binary(0, Op::Upsert, row);
    let frame = frames(block.as_bytes()).next().unwrap().unwrap();
    let mut out = b"kept".to_vec();
    let result = plan.write_row(&frame, &mut out);
    assert!(out.starts_with(b"kept"));
    short_way::check(plan, &frame, result.as_ref().ok().map(|notes| (&out[4..], *notes)));
    match result {
        Err(_) => assert_eq!(out, b"kept"),
        Ok(_) => check_text(plan.format(), &out[4..]),
    }
});
