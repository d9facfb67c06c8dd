//! The time zone in which instants become wall times.

use std::sync::atomic::{AtomicUsize, Ordering};

use crate::error::PlanError;

/// Offsets of a time zone from UTC over time.
///
/// They come from the JVM's `ZoneRules`, written out as transitions, so that both sides agree on
/// every instant and no time zone database is needed here.
#[derive(Debug)]
pub struct ZoneRules {
    /// Epoch second from which on the offset of the same index holds; ascending, the first one
    /// `i64::MIN`.
    starts: Box<[i64]>,
    /// Seconds to add to UTC to get the wall time.
    offsets: Box<[i32]>,
    /// Index of the interval found last: rows tend to be of about the same time. Only a hint, so
    /// that threads may share the rules without ordering.
    last: AtomicUsize,
}

/// `java.time.ZoneOffset` has the same bound.
const MAX_OFFSET: i32 = 18 * 3600;

impl ZoneRules {
    /// Decodes transitions: for each, `i64` epoch second from which it holds and `i32` offset in
    /// seconds, little-endian, in ascending order, the first one from `i64::MIN` on.
    ///
    /// # Errors
    ///
    /// When the bytes are no such list.
    pub fn decode(bytes: &[u8]) -> Result<Self, PlanError> {
        let wrong =
            |what: &str| Err(PlanError::new(format!("the time zone's transitions are malformed: {what}")));
        let (records, rest) = bytes.as_chunks::<12>();
        if !rest.is_empty() {
            return wrong("they end within a transition");
        }
        let (starts, offsets): (Vec<i64>, Vec<i32>) = records
            .iter()
            .map(|&[a, b, c, d, e, f, g, h, i, j, k, l]| {
                (i64::from_le_bytes([a, b, c, d, e, f, g, h]), i32::from_le_bytes([i, j, k, l]))
            })
            .unzip();
        if starts.first() != Some(&i64::MIN) {
            return wrong("the first one does not hold from the beginning of time");
        }
        if starts.windows(2).any(|two| two[0] >= two[1]) {
            return wrong("they are not in ascending order");
        }
        if offsets.iter().any(|offset| !(-MAX_OFFSET..=MAX_OFFSET).contains(offset)) {
            return wrong("an offset is more than 18 hours");
        }
        Ok(Self { starts: starts.into(), offsets: offsets.into(), last: AtomicUsize::new(0) })
    }

    /// The same offset for all time, in seconds.
    pub fn fixed(offset: i32) -> Self {
        Self { starts: [i64::MIN].into(), offsets: [offset].into(), last: AtomicUsize::new(0) }
    }

    /// UTC.
    pub fn utc() -> Self {
        Self::fixed(0)
    }

    /// Seconds to add to this epoch second to get the wall time.
    #[inline]
    pub fn offset_at(&self, epoch_second: i64) -> i32 {
        let last = self.last.load(Ordering::Relaxed);
        if self.starts[last] <= epoch_second
            && self.starts.get(last + 1).is_none_or(|next| epoch_second < *next)
        {
            return self.offsets[last];
        }
        // The first start is i64::MIN, so the partition point is at least 1.
        let found = self.starts.partition_point(|start| *start <= epoch_second) - 1;
        self.last.store(found, Ordering::Relaxed);
        self.offsets[found]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn encode(transitions: &[(i64, i32)]) -> Vec<u8> {
        transitions
            .iter()
            .flat_map(|(at, offset)| [&at.to_le_bytes()[..], &offset.to_le_bytes()].concat())
            .collect()
    }

    #[test]
    fn each_transition_holds_from_its_second_on() {
        let zone = ZoneRules::decode(&encode(&[
            (i64::MIN, 3208),
            (-2422054408, 3600),
            (323830800, 7200),
            (338950800, 3600),
        ]))
        .unwrap();
        for (at, offset) in [
            (i64::MIN, 3208),
            (-2422054409, 3208),
            (-2422054408, 3600),
            (323830799, 3600),
            (323830800, 7200),
            (338950799, 7200),
            (338950800, 3600),
            (i64::MAX, 3600),
            (0, 3600),
        ] {
            assert_eq!(zone.offset_at(at), offset, "{at}");
        }
    }

    #[test]
    fn malformed_transitions_are_errors() {
        for (bytes, part) in [
            (encode(&[]), "beginning of time"),
            (encode(&[(0, 0)]), "beginning of time"),
            (encode(&[(i64::MIN, 0), (5, 1), (5, 2)]), "ascending"),
            (encode(&[(i64::MIN, 64801)]), "18 hours"),
            (encode(&[(i64::MIN, i32::MIN)]), "18 hours"),
            (encode(&[(i64::MIN, 0)])[..11].to_vec(), "within"),
        ] {
            let error = ZoneRules::decode(&bytes).unwrap_err().to_string();
            assert!(error.contains(part), "{error}");
        }
    }

    proptest! {
        #[test]
        fn the_cache_never_changes_an_answer(
            mut starts in proptest::collection::btree_set(-1000i64..1000, 0..20),
            asked in proptest::collection::vec(-1100i64..1100, 1..50),
        ) {
            starts.insert(i64::MIN);
            let list: Vec<(i64, i32)> = starts.iter().enumerate().map(|(i, s)| (*s, i as i32)).collect();
            let zone = ZoneRules::decode(&encode(&list)).unwrap();
            for at in asked {
                let expected = list.iter().rev().find(|(start, _)| *start <= at).unwrap().1;
                prop_assert_eq!(zone.offset_at(at), expected);
            }
        }
    }
}
