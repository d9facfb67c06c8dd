//! Any bytes as a row block, written by plans with columns of all types: no panic, a row that is
//! refused leaves nothing behind, and the short way agrees with the plain one. JSON that is written is JSON, CSV rows
//! end once.
//!
//! The table id of a frame picks the plan.

#![no_main]

mod plans;

use libfuzzer_sys::fuzz_target;
use plans::{PLANS, check_text, short_way};
use starrocks_row::frames;

fuzz_target!(|block: &[u8]| {
    let mut out = b"kept".to_vec();
    let mut end = 0;
    for frame in frames(block) {
        let Ok(frame) = frame else { break };
        assert_eq!(frame.start, end);
        end = frame.end;
        let plan = &PLANS[usize::from(frame.table) % PLANS.len()];
        let raw = frame.encoding == starrocks_row::Encoding::Raw;
        let result = plan.write_row(&frame, &mut out);
        assert!(out.starts_with(b"kept"));
        short_way::check(plan, &frame, result.as_ref().ok().map(|notes| (&out[4..], *notes)));
        match result {
            Err(_) => assert_eq!(out, b"kept"),
            Ok(_) if raw => assert!(out.len() > 4),
            Ok(_) => check_text(plan.format(), &out[4..]),
        }
        out.truncate(4);
    }
    assert!(end <= block.len());
});
