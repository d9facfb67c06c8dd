//! Copying text and looking through it in one go.

use memchr::{memchr2, memchr3};

use super::pen::Pen;
use crate::escape;

/// `1` and `0x80` in each byte.
const ONES: u64 = u64::MAX / 255;
const HIGHS: u64 = ONES * 0x80;

/// Text from this length on is looked through and copied by functions that use the widest instructions of the
/// machine; below, calling them takes longer than they save.
const LONG: usize = 64;

/// `\N`, which reads back as NULL, as a number of two bytes.
const NULL: u64 = u16::from_le_bytes(*b"\\N") as u64;

/// The bytes that text must not hold to be written as it is.
#[derive(Debug)]
pub(super) struct Specials {
    /// In CSV the first byte of the column separator and that of the row delimiter: text without them holds
    /// neither, and does not end in the beginning of one. In JSON quote and backslash; control characters
    /// are known without being named.
    a: u8,
    b: u8,
    /// In CSV what else has a meaning.
    more: Option<[u8; 3]>,
}

impl Specials {
    pub(super) fn json() -> Self {
        Self { a: b'"', b: b'\\', more: None }
    }

    pub(super) fn csv(separator: u8, delimiter: u8, more: Option<[u8; 3]>) -> Self {
        Self { a: separator, b: delimiter, more }
    }

    /// Writes text, in JSON with the closing quote. `None` where it must be enclosed or is refused, or the
    /// room is too small.
    #[inline(always)]
    pub(super) fn text<'r, const JSON: bool>(&self, pen: Pen<'r>, text: &[u8]) -> Option<Pen<'r>> {
        if text.len() < 8 {
            return self.short_text::<JSON>(pen, short_word(text), text.len());
        }
        if text.len() >= LONG || self.more.is_some() {
            return self.any_text::<JSON>(pen, text);
        }
        let place = pen.rest.get_mut(..text.len())?;
        let mut flags = 0;
        for (from, to) in text.as_chunks::<8>().0.iter().zip(place.as_chunks_mut().0) {
            flags |= self.flags::<JSON>(u64::from_le_bytes(*from));
            *to = *from;
        }
        // The last eight bytes overlap those before.
        let last = *text.last_chunk::<8>()?;
        flags |= self.flags::<JSON>(u64::from_le_bytes(last));
        *place.last_chunk_mut()? = last;
        if flags != 0 {
            return self.any_text::<JSON>(pen, text);
        }
        let pen = pen.skip(text.len())?;
        if JSON { pen.byte(b'"') } else { Some(pen) }
    }

    /// The same for text of up to seven bytes, the first of a word; the others may be anything.
    #[inline(always)]
    pub(super) fn short_text<'r, const JSON: bool>(
        &self,
        pen: Pen<'r>,
        word: u64,
        len: usize,
    ) -> Option<Pen<'r>> {
        if len > 7 {
            return None;
        }
        let mask = (1 << (8 * len)) - 1;
        let word = word & mask;
        if self.flags::<JSON>(word) & mask != 0 || self.more.is_some() {
            return self.any_text::<JSON>(pen, word.to_le_bytes().get(..len)?);
        }
        if JSON {
            return pen.put((word | (u64::from(b'"') << (8 * len))).to_le_bytes(), len + 1);
        }
        if word == NULL {
            return None;
        }
        pen.put(word.to_le_bytes(), len)
    }

    /// The same for text of any length with anything in it.
    #[inline(never)]
    fn any_text<'r, const JSON: bool>(&self, mut pen: Pen<'r>, text: &[u8]) -> Option<Pen<'r>> {
        if JSON {
            let mut rest = text;
            while let Some(at) = escape::first_to_escape(rest) {
                let (escaped, len) = escape::escaped(rest[at]);
                pen = pen.slice(&rest[..at])?.put(escaped, len)?;
                rest = &rest[at + 1..];
            }
            return pen.slice(rest)?.byte(b'"');
        }
        let special = memchr2(self.a, self.b, text).is_some()
            || self.more.is_some_and(|[a, b, c]| memchr3(a, b, c, text).is_some());
        if special || text == b"\\N" {
            return None;
        }
        pen.slice(text)
    }

    /// The highest bit of each byte that is special; bytes above such a one may be flagged without being so.
    ///
    /// `x - 0x01..01 & !x & 0x80..80` flags the bytes of `x` that are zero: a borrow only reaches higher
    /// bytes, from one that is zero.
    #[inline(always)]
    fn flags<const JSON: bool>(&self, word: u64) -> u64 {
        let a = word ^ (ONES * u64::from(if JSON { b'"' } else { self.a }));
        let b = word ^ (ONES * u64::from(if JSON { b'\\' } else { self.b }));
        let mut flags = (a.wrapping_sub(ONES) & !a) | (b.wrapping_sub(ONES) & !b);
        if JSON {
            flags |= word.wrapping_sub(ONES * 0x20) & !word;
        }
        flags & HIGHS
    }
}

/// Up to seven bytes as a word.
#[inline(always)]
fn short_word(text: &[u8]) -> u64 {
    let shift = |by: usize| 8 * (text.len() - by);
    if let (Some(first), Some(last)) = (text.first_chunk(), text.last_chunk()) {
        return u64::from(u32::from_le_bytes(*first)) | (u64::from(u32::from_le_bytes(*last)) << shift(4));
    }
    if let (Some(first), Some(last)) = (text.first_chunk(), text.last_chunk()) {
        return u64::from(u16::from_le_bytes(*first)) | (u64::from(u16::from_le_bytes(*last)) << shift(2));
    }
    text.first().map_or(0, |byte| u64::from(*byte))
}
