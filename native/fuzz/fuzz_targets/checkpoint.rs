//! Any bytes as a record of checkpoint state, and as the payload of one: what is read is written back as the same
//! bytes, and a body that is adopted unpacks to as many bytes as it was said to.
//!
//! A payload's first byte is the record's kind; it is put into a frame whose length and checksum are right.

#![no_main]

use std::sync::{Arc, LazyLock};

use libfuzzer_sys::fuzz_target;
use starrocks_load::Body;
use starrocks_sink::counters::{Cell, Counters};
use starrocks_sink::pack::Store;
use starrocks_sink::pool::{CHUNK, Pool};
use starrocks_sink::state::{Record, VERSION, decode};

static COUNTERS: LazyLock<Arc<Counters>> = LazyLock::new(Arc::default);
/// One chunk of memory, so that longer bodies go on in files.
static STORE: LazyLock<Store> =
    LazyLock::new(|| Store::new(Arc::new(Pool::new(CHUNK)), Vec::new(), CHUNK, Arc::clone(&COUNTERS)));

fn framed(kind: u8, payload: &[u8]) -> Vec<u8> {
    let mut record = b"SRCK".to_vec();
    record.extend_from_slice(&VERSION.to_le_bytes());
    record.extend_from_slice(&u16::from(kind).to_le_bytes());
    record.extend_from_slice(&(payload.len() as u32).to_le_bytes());
    record.extend_from_slice(payload);
    record.extend_from_slice(&crc32fast::hash(&record).to_le_bytes());
    record
}

fn check(bytes: &[u8]) {
    match decode(bytes) {
        Err(error) => assert!(!error.retriable, "{error}"),
        Ok(Record::Prepared(record)) => assert_eq!(record.encode(), bytes),
        Ok(Record::Labels(record)) => assert_eq!(record.encode(), bytes),
        Ok(Record::Batch(record, blocks)) => {
            match STORE.adopt(&record.label, &blocks) {
                Err(error) => assert!(!error.retriable, "{error}"),
                Ok(packed) => {
                    assert_eq!(record.encode(&packed).unwrap(), bytes);
                    let unpacked = std::io::copy(&mut packed.reader(), &mut std::io::sink()).unwrap();
                    assert_eq!((unpacked, packed.len()), (blocks.len, blocks.len));
                }
            }
            assert_eq!((COUNTERS.get(Cell::HeldBytes), COUNTERS.get(Cell::SpilledBytes)), (0, 0));
        }
    }
}

fuzz_target!(|bytes: &[u8]| {
    check(bytes);
    if let Some((kind, payload)) = bytes.split_first() {
        check(&framed(*kind, payload));
    }
});
