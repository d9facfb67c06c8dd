//! Writing into memory that is there already: numbers, dates and times as words of eight bytes.
//!
//! A store takes a fixed number of bytes, of which only the first are kept: the rest is overwritten by what
//! comes next. So no length is known to the compiler's loops and none is needed. Each store is checked
//! against the room that is left; `None` says that it is too small, or that the value is not of the common kind.

use crate::datetime::{FIRST_DAY, LAST_DAY, year_and_day};

/// `0` in each byte.
const ZEROS: u64 = 0x3030_3030_3030_3030;

const TEN_8: u64 = 100_000_000;
const TEN_16: u64 = TEN_8 * TEN_8;

/// The two digits of every number below 100, the first in the low byte.
static PAIRS: [u16; 100] = {
    let mut pairs = [0; 100];
    let mut n = 0;
    while n < 100 {
        pairs[n] = u16::from_le_bytes([b'0' + (n / 10) as u8, b'0' + (n % 10) as u8]);
        n += 1;
    }
    pairs
};

/// `-MM-dd"` for each day of a year that starts in March.
static DAYS: [u64; 366] = {
    const LENGTHS: [u8; 12] = [31, 30, 31, 30, 31, 31, 30, 31, 30, 31, 31, 29];
    let mut days = [0; 366];
    let (mut month, mut day) = (0, 0);
    let mut n = 0;
    while n < 366 {
        let (m, d) = ((month + 2) % 12 + 1, day + 1);
        days[n] = u64::from_le_bytes([
            b'-',
            b'0' + m as u8 / 10,
            b'0' + m as u8 % 10,
            b'-',
            b'0' + d / 10,
            b'0' + d % 10,
            b'"',
            0,
        ]);
        day += 1;
        if day == LENGTHS[month] {
            (month, day) = (month + 1, 0);
        }
        n += 1;
    }
    days
};

/// Room for text, of which the first bytes have been written.
pub(super) struct Pen<'r> {
    pub(super) rest: &'r mut [u8],
}

impl Pen<'_> {
    /// Stores all of `bytes` and keeps the first `kept`.
    #[inline(always)]
    pub(super) fn put<const N: usize>(self, bytes: [u8; N], kept: usize) -> Option<Self> {
        let rest = self.rest;
        *rest.first_chunk_mut()? = bytes;
        Some(Self { rest: rest.get_mut(kept..)? })
    }

    /// Keeps the next bytes, which have been written.
    #[inline(always)]
    pub(super) fn skip(self, kept: usize) -> Option<Self> {
        Some(Self { rest: self.rest.get_mut(kept..)? })
    }

    /// Stores a word and keeps its first bytes.
    #[inline(always)]
    fn word(self, word: u64, kept: usize) -> Option<Self> {
        self.put(word.to_le_bytes(), kept)
    }

    #[inline(always)]
    pub(super) fn byte(self, byte: u8) -> Option<Self> {
        self.put([byte], 1)
    }

    /// Writes bytes of any length.
    #[inline]
    pub(super) fn slice(self, bytes: &[u8]) -> Option<Self> {
        let (place, rest) = self.rest.split_at_mut_checked(bytes.len())?;
        place.copy_from_slice(bytes);
        Some(Self { rest })
    }

    #[inline(always)]
    pub(super) fn signed(self, value: i64) -> Option<Self> {
        let pen = if value < 0 { self.byte(b'-')? } else { self };
        let n = value.unsigned_abs();
        if n < TEN_8 { pen.digits(n) } else { pen.many_digits(n) }
    }

    /// The digits of a number below 10^8.
    #[inline(always)]
    fn digits(self, n: u64) -> Option<Self> {
        let word = eight(n);
        let skipped = leading_zeros(word);
        self.word((word + ZEROS) >> (8 * skipped), 8 - skipped as usize)
    }

    #[inline(never)]
    fn many_digits(self, n: u64) -> Option<Self> {
        let (high, low) = (n / TEN_8, n % TEN_8);
        let pen = if high < TEN_8 {
            self.digits(high)?
        } else {
            self.digits(high / TEN_8)?.word(eight(high % TEN_8) + ZEROS, 8)?
        };
        pen.word(eight(low) + ZEROS, 8)
    }

    /// `unscaled` times ten to the power of minus `scale`. `None` where that is not in 1..=7, or the number
    /// has more than 16 digits.
    #[inline(always)]
    pub(super) fn decimal(self, unscaled: i64, scale: u8) -> Option<Self> {
        let scale = u32::from(scale);
        if scale.wrapping_sub(1) >= 7 {
            return if scale == 0 { self.signed(unscaled) } else { None };
        }
        let pen = if unscaled < 0 { self.byte(b'-')? } else { self };
        let n = unscaled.unsigned_abs();
        if n < TEN_8 {
            let word = eight(n);
            // One digit stays before the point.
            let skipped = leading_zeros(word).min(7 - scale);
            return pen.pointed((word + ZEROS) >> (8 * skipped), 8 - skipped - scale, scale);
        }
        pen.long_decimal(n, scale)
    }

    #[inline(never)]
    fn long_decimal(self, n: u64, scale: u32) -> Option<Self> {
        if n >= TEN_16 {
            return None;
        }
        self.digits(n / TEN_8)?.pointed(eight(n % TEN_8) + ZEROS, 8 - scale, scale)
    }

    /// The first `whole + fraction` digits of `text` with a point between the two; each in 1..=7.
    #[inline(always)]
    fn pointed(self, text: u64, whole: u32, fraction: u32) -> Option<Self> {
        let rest = self.rest;
        let place = rest.first_chunk_mut::<16>()?;
        let whole = whole & 7;
        place[..8].copy_from_slice(&text.to_le_bytes());
        let point = (text >> (8 * whole)) << 8 | u64::from(b'.');
        place[whole as usize..whole as usize + 8].copy_from_slice(&point.to_le_bytes());
        Some(Self { rest: rest.get_mut((whole + 1 + fraction) as usize..)? })
    }

    /// `yyyy-MM-dd`, and a quote if `quoted`.
    #[inline(always)]
    pub(super) fn date(self, epoch_day: i32, quoted: bool) -> Option<Self> {
        if !(FIRST_DAY..=LAST_DAY).contains(&epoch_day) {
            return None;
        }
        let (year, day_of_year) = year_and_day(epoch_day);
        let (century, rest_of_year) = (year / 100, year % 100);
        let text = u32::from(*PAIRS.get(century as usize)?) | u32::from(pair(rest_of_year)) << 16;
        let rest = self.rest;
        let place = rest.first_chunk_mut::<12>()?;
        place[..4].copy_from_slice(&text.to_le_bytes());
        place[4..].copy_from_slice(&DAYS.get(day_of_year as usize)?.to_le_bytes());
        Some(Self { rest: rest.get_mut(10 + usize::from(quoted)..)? })
    }

    /// `yyyy-MM-dd HH:mm:ss`, and `.ffffff` when the microseconds are not zero.
    #[inline(never)]
    pub(super) fn datetime(self, epoch_millis: i64, nano_of_milli: i32) -> Option<Self> {
        const MILLIS_PER_DAY: i64 = 86_400_000;
        let day = i32::try_from(epoch_millis.div_euclid(MILLIS_PER_DAY)).ok()?;
        let millis = epoch_millis.rem_euclid(MILLIS_PER_DAY) as u32;
        let pen = self.date(day, false)?.byte(b' ')?.word(clock(millis / 1000), 8)?;
        let micros = millis % 1000 * 1000 + nano_of_milli as u32 / 1000;
        if micros == 0 { Some(pen) } else { pen.word(fraction(micros), 7) }
    }

    /// `HH:mm:ss`, then `.fff` or `.ffffff` when milliseconds or microseconds are not zero.
    #[inline(never)]
    pub(super) fn time(self, nano_of_day: i64) -> Option<Self> {
        if !(0..86_400_000_000_000).contains(&nano_of_day) {
            return None;
        }
        let pen = self.word(clock((nano_of_day / 1_000_000_000) as u32), 8)?;
        let micros = (nano_of_day % 1_000_000_000 / 1000) as u32;
        match micros {
            0 => Some(pen),
            _ => pen.word(fraction(micros), if micros.is_multiple_of(1000) { 4 } else { 7 }),
        }
    }
}

#[inline(always)]
fn pair(n: u32) -> u16 {
    PAIRS[(n % 100) as usize]
}

/// The eight digits of a number below 10^8 as numbers, the first in the low byte.
///
/// Each step splits all parts at once, in lanes of one word: first four digits and four, then pairs, then
/// digits. The products are the reciprocals of 100 and 10, exact for what a lane can hold.
#[inline(always)]
fn eight(n: u64) -> u64 {
    let fours = (n / 10_000) | ((n % 10_000) << 32);
    let hundreds = ((fours * 10_486) >> 20) & 0x0000_007f_0000_007f;
    let pairs = hundreds | ((fours - hundreds * 100) << 16);
    let tens = ((pairs * 103) >> 10) & 0x000f_000f_000f_000f;
    tens | ((pairs - tens * 10) << 8)
}

/// How many of the eight digits are zeros before the first other one; the last digit always counts.
#[inline(always)]
fn leading_zeros(digits: u64) -> u32 {
    (digits | (1 << 56)).trailing_zeros() / 8
}

/// `HH:mm:ss` of a second of the day.
#[inline(always)]
fn clock(second: u32) -> u64 {
    let minute = second / 60;
    let (hour, minute, second) = (minute / 60, minute % 60, second % 60);
    let colons = u64::from(b':') << 16 | u64::from(b':') << 40;
    u64::from(pair(hour)) | u64::from(pair(minute)) << 24 | u64::from(pair(second)) << 48 | colons
}

/// `.ffffff` of a microsecond of the second.
#[inline(always)]
fn fraction(micros: u32) -> u64 {
    (((eight(micros.into()) + ZEROS) >> 16) << 8) | u64::from(b'.')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{datetime, decimal};
    use proptest::prelude::*;
    use starrocks_row::Integer;

    fn text(write: impl FnOnce(Pen<'_>) -> Option<Pen<'_>>) -> Option<String> {
        let mut room = [0xff; 64];
        let written = 64 - write(Pen { rest: &mut room })?.rest.len();
        Some(String::from_utf8(room[..written].to_vec()).unwrap())
    }

    fn plain(write: impl FnOnce(&mut Vec<u8>)) -> String {
        let mut out = Vec::new();
        write(&mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn eight_digits() {
        let mut n = 0u64;
        while n < TEN_8 {
            let shown = text(|pen| pen.word(eight(n) + ZEROS, 8)).unwrap();
            assert_eq!(shown, format!("{n:08}"));
            n += 1 + n / 5000;
        }
        for n in (0..20_000).chain(TEN_8 - 20_000..TEN_8) {
            assert_eq!(text(|pen| pen.word(eight(n) + ZEROS, 8)).unwrap(), format!("{n:08}"));
        }
    }

    #[test]
    fn every_length_of_number() {
        for power in 0..19u32 {
            for n in [10i64.pow(power) - 1, 10i64.pow(power), -(10i64.pow(power))] {
                assert_eq!(text(|pen| pen.signed(n)).unwrap(), n.to_string());
            }
        }
        for n in [i64::MIN, i64::MAX, 0] {
            assert_eq!(text(|pen| pen.signed(n)).unwrap(), n.to_string());
        }
    }

    #[test]
    fn every_day() {
        for day in FIRST_DAY..=LAST_DAY {
            let expected = plain(|out| datetime::date(out, day).unwrap());
            assert_eq!(text(|pen| pen.date(day, false)).unwrap(), expected);
        }
        assert_eq!(text(|pen| pen.date(0, true)).unwrap(), "1970-01-01\"");
        assert_eq!(text(|pen| pen.date(FIRST_DAY - 1, false)), None);
        assert_eq!(text(|pen| pen.date(LAST_DAY + 1, false)), None);
    }

    #[test]
    fn room_that_is_too_small_is_never_overrun() {
        for len in 0..40 {
            let mut room = vec![0; len];
            let _ = Pen { rest: &mut room }.signed(i64::MIN);
            let _ = Pen { rest: &mut room }.decimal(-1_234_567_890, 3);
            let _ = Pen { rest: &mut room }.datetime(1, 999);
        }
    }

    proptest! {
        #[test]
        fn numbers_are_as_the_plain_way_has_them(v: i64, shift in 0u32..64, scale in 0u8..20) {
            let v = v >> shift;
            prop_assert_eq!(text(|pen| pen.signed(v)).unwrap(), v.to_string());
            let expected = plain(|out| decimal::decimal(out, Integer::Small(v), scale));
            match text(|pen| pen.decimal(v, scale)) {
                Some(shown) => prop_assert_eq!(shown, expected),
                None => prop_assert!(scale > 7 || v.unsigned_abs() >= TEN_16),
            }
        }

        #[test]
        fn times_are_as_the_plain_way_has_them(
            millis in prop_oneof![any::<i64>(), -62_135_600_000_000i64..253_402_310_000_000, (-60_000i64..250_000).prop_map(|s| s * 1_000_000)],
            nano in prop_oneof![Just(0), 0..1_000_000],
            nanos in prop_oneof![-1_000_000i64..86_401_000_000_000, (0i64..86_400_000).prop_map(|ms| ms * 1_000_000)],
        ) {
            let mut expected = Vec::new();
            let result = datetime::datetime(&mut expected, millis, nano);
            let expected = result.ok().map(|()| String::from_utf8(expected).unwrap());
            prop_assert_eq!(text(|pen| pen.datetime(millis, nano)), expected);
            let mut expected = Vec::new();
            let result = datetime::time(&mut expected, nanos);
            let expected = result.ok().map(|()| String::from_utf8(expected).unwrap());
            prop_assert_eq!(text(|pen| pen.time(nanos)), expected);
        }
    }
}
