//! Dates and times as text.
//!
//! Everything is counted from the epoch in the proleptic Gregorian calendar, as Java's `java.time`
//! and StarRocks do; no time zone and no calendar change comes into it.

use crate::bytes::{four, two};
use crate::error::Fault;

const MILLIS_PER_DAY: i64 = 86_400_000;
const NANOS_PER_DAY: i64 = 86_400_000_000_000;

/// 0001-01-01 and 9999-12-31, the first and the last day that StarRocks can hold.
pub(crate) const FIRST_DAY: i32 = -719_162;
pub(crate) const LAST_DAY: i32 = 2_932_896;

/// Appends `yyyy-MM-dd`.
///
/// # Errors
///
/// When the year is not in 0001..=9999.
#[inline]
pub(crate) fn date(out: &mut Vec<u8>, epoch_day: i32) -> Result<(), Fault> {
    out.extend_from_slice(&date_text(epoch_day)?);
    Ok(())
}

#[inline]
fn date_text(epoch_day: i32) -> Result<[u8; 10], Fault> {
    if !(FIRST_DAY..=LAST_DAY).contains(&epoch_day) {
        return Err(year_out_of_range());
    }
    let (year, month, day) = civil(epoch_day);
    let ([a, b, c, d], [e, f], [g, h]) = (four(year), two(month), two(day));
    Ok([a, b, c, d, b'-', e, f, b'-', g, h])
}

/// Year, month and day of an epoch day in [`FIRST_DAY`]..=[`LAST_DAY`].
#[inline]
fn civil(epoch_day: i32) -> (u32, u32, u32) {
    let (year, day_of_year) = year_and_day(epoch_day);
    let n3 = 2141 * day_of_year + 197_913;
    let (month, day) = (n3 >> 16, (n3 & 0xffff) / 2141 + 1);
    (year, if month > 12 { month - 12 } else { month }, day)
}

/// The year of an epoch day in [`FIRST_DAY`]..=[`LAST_DAY`], and the days since the first of March before it.
///
/// C. Neri and L. Schneider, "Euclidean affine functions and their application to calendar
/// algorithms" (2022): the year starts in March, so that the leap day comes last.
#[inline]
pub(crate) fn year_and_day(epoch_day: i32) -> (u32, u32) {
    // Days since 0000-03-01; positive for every day in range.
    let n = (epoch_day + 719_468) as u32;
    let n1 = 4 * n + 3;
    let century = n1 / 146_097;
    let n2 = (n1 % 146_097) | 3;
    let product = 2_939_745 * u64::from(n2);
    let year_of_century = (product >> 32) as u32;
    let day_of_year = (product as u32) / 2_939_745 / 4;
    // January and February belong to the next year.
    (100 * century + year_of_century + u32::from(day_of_year >= 306), day_of_year)
}

/// Appends `yyyy-MM-dd HH:mm:ss`, and `.ffffff` when the microseconds are not zero. What is finer is
/// cut off: StarRocks keeps microseconds.
///
/// # Errors
///
/// When the year is not in 0001..=9999.
#[inline]
pub(crate) fn datetime(out: &mut Vec<u8>, epoch_millis: i64, nano_of_milli: i32) -> Result<(), Fault> {
    let day = i32::try_from(epoch_millis.div_euclid(MILLIS_PER_DAY)).map_err(|_| year_out_of_range())?;
    let millis = epoch_millis.rem_euclid(MILLIS_PER_DAY) as u32;
    let [a, b, c, d, e, f, g, h, i, j] = date_text(day)?;
    let seconds = millis / 1000;
    let [k, l, m, n, o, p, q, r] = clock(seconds);
    out.extend_from_slice(&[a, b, c, d, e, f, g, h, i, j, b' ', k, l, m, n, o, p, q, r]);
    let micros = millis % 1000 * 1000 + nano_of_milli as u32 / 1000;
    if micros != 0 {
        let ([a, b], [c, d, e, f]) = (two(micros / 10_000), four(micros % 10_000));
        out.extend_from_slice(&[b'.', a, b, c, d, e, f]);
    }
    Ok(())
}

/// Appends the wall time of an instant, as [`datetime`].
///
/// # Errors
///
/// When the year is not in 0001..=9999.
#[inline]
pub(crate) fn instant(
    out: &mut Vec<u8>,
    epoch_millis: i64,
    nano_of_milli: i32,
    zone: &crate::ZoneRules,
) -> Result<(), Fault> {
    let offset = zone.offset_at(epoch_millis.div_euclid(1000));
    let wall = epoch_millis.checked_add(i64::from(offset) * 1000).ok_or_else(year_out_of_range)?;
    datetime(out, wall, nano_of_milli)
}

/// Appends `HH:mm:ss`, then `.fff` or `.ffffff` when milliseconds or microseconds are not zero. What
/// is finer is cut off.
///
/// # Errors
///
/// When it is not within a day.
#[inline]
pub(crate) fn time(out: &mut Vec<u8>, nano_of_day: i64) -> Result<(), Fault> {
    if !(0..NANOS_PER_DAY).contains(&nano_of_day) {
        return Err(Fault::row("the time is not within a day"));
    }
    out.extend_from_slice(&clock((nano_of_day / 1_000_000_000) as u32));
    let micros = (nano_of_day % 1_000_000_000 / 1000) as u32;
    if micros != 0 {
        let ([a, b], [c, d, e, f]) = (two(micros / 10_000), four(micros % 10_000));
        let text = [b'.', a, b, c, d, e, f];
        out.extend_from_slice(if micros.is_multiple_of(1000) { &text[..4] } else { &text });
    }
    Ok(())
}

/// `HH:mm:ss` of a second of the day.
#[inline]
fn clock(second: u32) -> [u8; 8] {
    let ([a, b], [c, d], [e, f]) = (two(second / 3600), two(second / 60 % 60), two(second % 60));
    [a, b, b':', c, d, b':', e, f]
}

#[cold]
fn year_out_of_range() -> Fault {
    Fault::row("the year is not in 0001 to 9999, which is all that StarRocks can hold")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ZoneRules;
    use proptest::prelude::*;

    fn text(write: impl FnOnce(&mut Vec<u8>) -> Result<(), Fault>) -> String {
        let mut out = Vec::new();
        write(&mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    /// The calendar, the slow way: counting the days of years and months.
    struct Calendar {
        year: u32,
        month: u32,
        day: u32,
    }

    impl Calendar {
        fn next(&mut self) {
            let leap = self.year.is_multiple_of(4)
                && (!self.year.is_multiple_of(100) || self.year.is_multiple_of(400));
            let days = match self.month {
                2 if leap => 29,
                2 => 28,
                4 | 6 | 9 | 11 => 30,
                _ => 31,
            };
            self.day += 1;
            if self.day > days {
                (self.day, self.month) = (1, self.month + 1);
            }
            if self.month > 12 {
                (self.month, self.year) = (1, self.year + 1);
            }
        }
    }

    #[test]
    fn every_day_from_0001_to_9999() {
        let mut calendar = Calendar { year: 1, month: 1, day: 1 };
        let mut out = Vec::new();
        for epoch_day in FIRST_DAY..=LAST_DAY {
            assert_eq!(civil(epoch_day), (calendar.year, calendar.month, calendar.day), "{epoch_day}");
            calendar.next();
        }
        assert_eq!((calendar.year, calendar.month, calendar.day), (10_000, 1, 1));
        for (epoch_day, expected) in [
            (FIRST_DAY, "0001-01-01"),
            (-141_428, "1582-10-14"),
            (-1, "1969-12-31"),
            (0, "1970-01-01"),
            (19_782, "2024-02-29"),
            (LAST_DAY, "9999-12-31"),
        ] {
            out.clear();
            date(&mut out, epoch_day).unwrap();
            assert_eq!(String::from_utf8_lossy(&out), expected);
        }
    }

    #[test]
    fn days_out_of_range_are_errors() {
        for epoch_day in [FIRST_DAY - 1, LAST_DAY + 1, i32::MIN, i32::MAX] {
            assert!(date(&mut Vec::new(), epoch_day).is_err(), "{epoch_day}");
        }
        for millis in [i64::MIN, i64::MAX, -62_135_596_800_001, 253_402_300_800_000] {
            assert!(datetime(&mut Vec::new(), millis, 0).is_err(), "{millis}");
        }
        let east = ZoneRules::fixed(1);
        let last = 253_402_300_799_999;
        assert!(instant(&mut Vec::new(), last, 0, &ZoneRules::utc()).is_ok());
        assert!(instant(&mut Vec::new(), last, 0, &east).is_err());
        assert!(instant(&mut Vec::new(), i64::MAX, 0, &east).is_err());
        assert!(instant(&mut Vec::new(), i64::MIN, 0, &ZoneRules::fixed(-1)).is_err());
        for nanos in [-1, NANOS_PER_DAY, i64::MIN, i64::MAX] {
            assert!(time(&mut Vec::new(), nanos).is_err(), "{nanos}");
        }
    }

    #[test]
    fn fractions_are_shown_when_there_are_any() {
        for (millis, nano, expected) in [
            (0, 0, "1970-01-01 00:00:00"),
            (0, 999, "1970-01-01 00:00:00"),
            (0, 1000, "1970-01-01 00:00:00.000001"),
            (1, 0, "1970-01-01 00:00:00.001000"),
            (-1, 999_999, "1969-12-31 23:59:59.999999"),
            (-1, 0, "1969-12-31 23:59:59.999000"),
            (-62_135_596_800_000, 0, "0001-01-01 00:00:00"),
            (253_402_300_799_999, 999_999, "9999-12-31 23:59:59.999999"),
            (1_718_150_400_123, 456_789, "2024-06-12 00:00:00.123456"),
        ] {
            assert_eq!(text(|out| datetime(out, millis, nano)), expected);
        }
        for (nanos, expected) in [
            (0, "00:00:00"),
            (999, "00:00:00"),
            (1_000, "00:00:00.000001"),
            (120_000_000, "00:00:00.120"),
            (120_001_000, "00:00:00.120001"),
            (NANOS_PER_DAY - 1, "23:59:59.999999"),
        ] {
            assert_eq!(text(|out| time(out, nanos)), expected);
        }
    }

    #[test]
    fn instants_are_shown_in_the_zone() {
        let zone = ZoneRules::fixed(8 * 3600);
        assert_eq!(text(|out| instant(out, -1, 0, &zone)), "1970-01-01 07:59:59.999000");
        assert_eq!(text(|out| instant(out, 0, 5_000, &ZoneRules::fixed(-1))), "1969-12-31 23:59:59.000005");
    }

    proptest! {
        #[test]
        fn datetimes_read_back(millis in -62_135_596_800_000i64..=253_402_300_799_999, nano in 0..1_000_000i32) {
            let shown = text(|out| datetime(out, millis, nano));
            let (day, clock) = shown.split_once(' ').unwrap();
            prop_assert_eq!(day, text(|out| date(out, millis.div_euclid(MILLIS_PER_DAY) as i32)));
            let (clock, fraction) = clock.split_once('.').unwrap_or((clock, "0"));
            let mut parts = clock.split(':').map(|p| p.parse::<i64>().unwrap());
            let (h, m, s) = (parts.next().unwrap(), parts.next().unwrap(), parts.next().unwrap());
            let micros: i64 = fraction.parse().unwrap();
            let expected = millis.rem_euclid(MILLIS_PER_DAY) * 1000 + i64::from(nano / 1000);
            prop_assert_eq!(((h * 60 + m) * 60 + s) * 1_000_000 + micros, expected);
        }
    }
}
