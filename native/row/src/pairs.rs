//! The encoding in which configuration, table descriptions and replies cross the JNI boundary.
//!
//! `u32` count, then for each pair `u32` key length, key (UTF-8), `u32` value length, value (bytes;
//! mostly UTF-8 text). Little-endian. Keys are unique.

use std::fmt;

/// Decoded pairs, borrowed from the bytes, in their order.
#[derive(Clone, PartialEq, Eq)]
pub struct Pairs<'a> {
    pairs: Vec<(&'a str, &'a [u8])>,
}

/// Bytes that are no pairs, or a pair whose value is not what it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PairsError(String);

impl fmt::Display for PairsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for PairsError {}

/// Shows the keys only: one of the values is a password.
impl fmt::Debug for Pairs<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.pairs.iter().map(|(key, _)| key)).finish()
    }
}

impl<'a> Pairs<'a> {
    /// Decodes `bytes`, all of them.
    ///
    /// # Errors
    ///
    /// When the bytes end early or go on after the last pair, a key is not UTF-8, or a key comes
    /// twice.
    pub fn decode(bytes: &'a [u8]) -> Result<Self, PairsError> {
        let mut rest = bytes;
        let count = take_u32(&mut rest, "the number of pairs")?;
        // Not `with_capacity(count)`: the count is not to be trusted before the pairs are seen.
        let mut pairs = Vec::new();
        for i in 0..count {
            let key = take_sized(&mut rest, i, "key")?;
            let key = std::str::from_utf8(key).map_err(|_| PairsError(format!("key {i} is not UTF-8")))?;
            pairs.push((key, take_sized(&mut rest, i, "value")?));
        }
        if !rest.is_empty() {
            return Err(PairsError(format!("{} bytes are left after the last pair", rest.len())));
        }
        let mut keys: Vec<&str> = pairs.iter().map(|(key, _)| *key).collect();
        keys.sort_unstable();
        if let Some(twice) = keys.windows(2).find(|two| two[0] == two[1]) {
            return Err(PairsError(format!("key '{}' comes twice", twice[0])));
        }
        Ok(Self { pairs })
    }

    /// The value of `key`, if it is there.
    pub fn get(&self, key: &str) -> Option<&'a [u8]> {
        self.pairs.iter().find(|(k, _)| *k == key).map(|(_, value)| *value)
    }

    /// The text of `key`, if it is there.
    ///
    /// # Errors
    ///
    /// When it is not UTF-8.
    pub fn text(&self, key: &str) -> Result<Option<&'a str>, PairsError> {
        self.get(key)
            .map(|value| {
                std::str::from_utf8(value)
                    .map_err(|_| PairsError(format!("the value of '{key}' is not UTF-8")))
            })
            .transpose()
    }

    /// The text of `key`.
    ///
    /// # Errors
    ///
    /// When it is not there or not UTF-8.
    pub fn require(&self, key: &str) -> Result<&'a str, PairsError> {
        self.text(key)?.ok_or_else(|| PairsError(format!("'{key}' is missing")))
    }

    /// All pairs, in their order.
    pub fn iter(&self) -> impl Iterator<Item = (&'a str, &'a [u8])> + '_ {
        self.pairs.iter().copied()
    }
}

fn take_u32(rest: &mut &[u8], what: &str) -> Result<u32, PairsError> {
    let (head, tail) =
        rest.split_first_chunk().ok_or_else(|| PairsError(format!("the bytes end within {what}")))?;
    *rest = tail;
    Ok(u32::from_le_bytes(*head))
}

fn take_sized<'a>(rest: &mut &'a [u8], i: u32, what: &str) -> Result<&'a [u8], PairsError> {
    let n = take_u32(rest, "a length")?;
    let (head, tail) = usize::try_from(n)
        .ok()
        .and_then(|n| rest.split_at_checked(n))
        .ok_or_else(|| PairsError(format!("{what} {i} has {n} bytes, but {} are left", rest.len())))?;
    *rest = tail;
    Ok(head)
}

/// Encodes pairs, in their order.
///
/// # Panics
///
/// When there are more than `u32::MAX` pairs or bytes in one of them.
pub fn encode<'p, V: AsRef<[u8]> + ?Sized + 'p>(pairs: &[(&str, &'p V)]) -> Vec<u8> {
    let len = |n: usize| u32::try_from(n).expect("less than 4 GB").to_le_bytes();
    let mut out = Vec::new();
    out.extend_from_slice(&len(pairs.len()));
    for (key, value) in pairs {
        for part in [key.as_bytes(), value.as_ref()] {
            out.extend_from_slice(&len(part.len()));
            out.extend_from_slice(part);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn pairs_are_read_back_in_order() {
        let bytes = encode::<[u8]>(&[("b", b"1"), ("a", b"\xff"), ("", b"")]);
        let pairs = Pairs::decode(&bytes).unwrap();
        assert_eq!(pairs.iter().map(|(k, _)| k).collect::<Vec<_>>(), ["b", "a", ""]);
        assert_eq!(pairs.text("b"), Ok(Some("1")));
        assert_eq!(pairs.get("a"), Some(&b"\xff"[..]));
        assert_eq!(pairs.text("a").unwrap_err().to_string(), "the value of 'a' is not UTF-8");
        assert_eq!(pairs.text("c"), Ok(None));
        assert_eq!(pairs.require("c").unwrap_err().to_string(), "'c' is missing");
    }

    #[test]
    fn a_key_that_comes_twice_is_an_error() {
        let bytes = encode::<str>(&[("a", "1"), ("b", ""), ("a", "1")]);
        assert_eq!(Pairs::decode(&bytes).unwrap_err().to_string(), "key 'a' comes twice");
    }

    #[test]
    fn every_cut_is_an_error() {
        let bytes = encode::<str>(&[("key", "value"), ("other", "")]);
        for cut in 0..bytes.len() {
            assert!(Pairs::decode(&bytes[..cut]).is_err(), "{cut}");
        }
        let longer = [&bytes[..], b"x"].concat();
        assert_eq!(Pairs::decode(&longer).unwrap_err().to_string(), "1 bytes are left after the last pair");
    }

    #[test]
    fn a_huge_count_neither_allocates_nor_panics() {
        assert!(Pairs::decode(&[0xff; 4]).is_err());
        assert!(Pairs::decode(&[0xff; 12]).is_err());
    }

    #[test]
    fn debug_shows_no_value() {
        let bytes = encode::<str>(&[("password", "secret")]);
        assert_eq!(format!("{:?}", Pairs::decode(&bytes).unwrap()), r#"{"password"}"#);
    }

    proptest! {
        #[test]
        fn whatever_is_encoded_is_decoded(map in proptest::collection::btree_map(".*", any::<Vec<u8>>(), 0..8)) {
            let list: Vec<(&str, &Vec<u8>)> = map.iter().map(|(k, v)| (k.as_str(), v)).collect();
            let bytes = encode(&list);
            let pairs = Pairs::decode(&bytes).unwrap();
            prop_assert_eq!(pairs.iter().collect::<Vec<_>>(), list.iter().map(|(k, v)| (*k, v.as_slice())).collect::<Vec<_>>());
        }

        #[test]
        fn no_bytes_panic(bytes: Vec<u8>) {
            let _ = Pairs::decode(&bytes);
        }
    }
}
