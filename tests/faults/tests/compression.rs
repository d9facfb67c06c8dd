//! Compressed bodies: every way of delivery, every algorithm, and bodies that break off.

use starrocks_faults::{World, all, exactly_once};
use starrocks_sandbox::faults::{Fault, Kind};

const ALGORITHMS: [(&str, &str); 3] = [("lz4_frame", "lz4"), ("zstd", "zstd"), ("gzip", "gzip")];

/// A value of each request with a body that the server was sent, in order: `None` where the header is missing.
fn sent(world: &World, header: &str) -> Vec<Option<String>> {
    let log = world.sandbox.server().stats.entries();
    let of = |headers: &[(String, String)], wanted: &str| {
        headers.iter().find(|(name, _)| name.eq_ignore_ascii_case(wanted)).map(|(_, value)| value.clone())
    };
    log.iter()
        .filter(|entry| entry.port.starts_with("be") && entry.method == "PUT")
        .map(|entry| of(&entry.headers, header))
        .collect()
}

/// Two checkpoints; with faults in the way of the second.
fn course(compression: &str, format: &str, delivery: &[(&str, &str)], faults: &[Fault]) -> World {
    let world = World::new();
    let mut options = vec![("sink.properties.compression", compression), ("sink.properties.format", format)];
    options.extend(delivery);
    let job = world.job(&options);
    job.await_ready().unwrap();
    job.write(0..3000).unwrap();
    job.whole_checkpoint(1).unwrap();
    faults.iter().for_each(|fault| world.inject(fault.clone()));
    job.write(3000..6000).unwrap();
    let about = format!("{compression} {format} {delivery:?} {faults:?}");
    job.whole_checkpoint(2).unwrap_or_else(|error| panic!("{about}: {error}"));
    world.expect_ids("t", &all(6000), &about);
    for fault in faults {
        assert!(world.hits(fault.kind) > 0, "{about}: {fault:?} never happened");
    }
    world
}

#[test]
fn every_algorithm_in_both_formats_and_every_delivery() {
    let deliveries: [&[(&str, &str)]; 3] = [&[], &exactly_once("V1"), &exactly_once("V2")];
    for (compression, format) in ALGORITHMS {
        for delivery in deliveries {
            let csv = course(compression, "csv", delivery, &[]);
            assert!(sent(&csv, "format").iter().all(|value| value.as_deref() == Some(format)));
            assert!(sent(&csv, "compression").iter().all(Option::is_none));
            let json = course(compression, "json", delivery, &[]);
            assert!(sent(&json, "format").iter().all(|value| value.as_deref() == Some("json")));
            assert!(sent(&json, "compression").iter().all(|value| value.as_deref() == Some(compression)));
            for world in [csv, json] {
                let encodings = sent(&world, "transfer-encoding");
                assert!(encodings.len() >= 2, "{encodings:?}");
                assert!(encodings.iter().all(|value| value.as_deref() == Some("chunked")), "{encodings:?}");
                assert!(sent(&world, "content-length").iter().all(Option::is_none));
            }
        }
    }
}

#[test]
fn a_body_that_breaks_off_is_sent_again_under_its_label() {
    let cut = |kind| Fault { count: Some(700), ..Fault::new(kind) };
    for (compression, _) in ALGORITHMS {
        for kind in [Kind::ResetInBody, Kind::BodyCut] {
            course(compression, "csv", &[], &[cut(kind)]);
            course(compression, "json", &exactly_once("V1"), &[cut(kind)]);
            course(compression, "csv", &exactly_once("V2"), &[cut(kind)]);
        }
        let world = course(compression, "csv", &[], &[Fault::new(Kind::DropAnswerAfterCommit)]);
        let labels = sent(&world, "label");
        assert_eq!(labels.len(), 2, "what was committed is not sent again: {labels:?}");
        let world = course(compression, "csv", &[], &[Fault::new(Kind::DieBeforeCommit)]);
        let labels = sent(&world, "label");
        assert_eq!(labels.len(), 3, "{labels:?}");
        assert_eq!(labels[1], labels[2]);
    }
}

/// The server answers while the body is on its way.
#[test]
fn an_early_answer_ends_a_compressed_body() {
    for (compression, _) in ALGORITHMS {
        course(compression, "csv", &[], &[Fault { count: Some(500), ..Fault::new(Kind::EarlyErrorReset) }]);
    }
}
