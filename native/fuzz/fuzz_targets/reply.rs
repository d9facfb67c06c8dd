//! Any bytes as the answer of a load or a transaction: none that isn't whole, or says something else, is a success.

#![no_main]

use libfuzzer_sys::fuzz_target;
use starrocks_load::reply::{Reply, TransactionVerdict, Verdict};

fuzz_target!(|bytes: &[u8]| {
    let Ok(reply) = Reply::parse(bytes) else { return };
    let status = reply.status.trim().to_ascii_lowercase();
    match reply.verdict() {
        Verdict::Success => assert_eq!(status, "success"),
        Verdict::PublishTimeout => assert_eq!(status, "publish timeout"),
        _ => {}
    }
    match reply.transaction_verdict() {
        TransactionVerdict::Ok => assert_eq!(status, "ok"),
        TransactionVerdict::PublishTimeout => assert_eq!(status, "publish_timeout"),
        _ => {}
    }
    // What was taken for an answer is a whole JSON object, by another reading too.
    let value: serde_json::Value = serde_json::from_slice(bytes).unwrap();
    assert!(value.is_object());
    // And no shorter one is.
    let end = bytes.trim_ascii_end().len();
    assert!(Reply::parse(&bytes[..end - 1]).is_err());
});
