//! Exact decimals and wide integers as plain digits, never with an exponent.

use starrocks_row::Integer;

/// The most digits that 256 bits can have.
const MAX_DIGITS: usize = 78;

/// Appends `unscaled` times ten to the power of minus `scale`.
pub(crate) fn decimal(out: &mut Vec<u8>, unscaled: Integer<'_>, scale: u8) {
    let scale = usize::from(scale);
    with_digits(unscaled, |negative, digits| {
        if negative {
            out.push(b'-');
        }
        match digits.len().checked_sub(scale) {
            None | Some(0) if scale > 0 => {
                out.extend_from_slice(b"0.");
                out.resize(out.len() + scale - digits.len(), b'0');
                out.extend_from_slice(digits);
            }
            Some(whole) if scale > 0 => {
                out.extend_from_slice(&digits[..whole]);
                out.push(b'.');
                out.extend_from_slice(&digits[whole..]);
            }
            _ => out.extend_from_slice(digits),
        }
    });
}

/// Calls `show` with the sign and the digits of `value`: no leading zeros, `0` for zero.
fn with_digits(value: Integer<'_>, show: impl FnOnce(bool, &[u8])) {
    match value {
        Integer::Small(v) => show(v < 0, itoa::Buffer::new().format(v.unsigned_abs()).as_bytes()),
        Integer::Big(_) => match value.to_i128() {
            Some(v) => show(v < 0, itoa::Buffer::new().format(v.unsigned_abs()).as_bytes()),
            None => {
                let mut buffer = [0; MAX_DIGITS];
                let (negative, digits) = wide_digits(value, &mut buffer);
                show(negative, digits);
            }
        },
    }
}

/// The sign and digits of an integer of up to 256 bits.
fn wide_digits<'b>(value: Integer<'_>, buffer: &'b mut [u8; MAX_DIGITS]) -> (bool, &'b [u8]) {
    let mut bytes = value.to_be_bytes();
    let negative = bytes[0] >= 0x80;
    if negative {
        // Two's complement. The lowest number's magnitude, 2^255, still fits: it is unsigned.
        let mut carry = true;
        for b in bytes.iter_mut().rev() {
            (*b, carry) = (!*b).overflowing_add(u8::from(carry));
        }
    }
    // Four limbs, the most significant first; 19 digits are cut off at a time.
    let (chunks, _) = bytes.as_chunks::<8>();
    let mut limbs = [0u64; 4];
    for (limb, chunk) in limbs.iter_mut().zip(chunks) {
        *limb = u64::from_be_bytes(*chunk);
    }
    const CHUNK: u64 = 10_000_000_000_000_000_000;
    let mut start = MAX_DIGITS;
    loop {
        let mut remainder = 0u64;
        for limb in &mut limbs {
            let dividend = u128::from(remainder) << 64 | u128::from(*limb);
            *limb = (dividend / u128::from(CHUNK)) as u64;
            remainder = (dividend % u128::from(CHUNK)) as u64;
        }
        let rest = limbs.iter().any(|limb| *limb != 0);
        let mut text = itoa::Buffer::new();
        let digits = text.format(remainder).as_bytes();
        buffer[start - digits.len()..start].copy_from_slice(digits);
        if !rest {
            return (negative, &buffer[start - digits.len()..]);
        }
        buffer[start - 19..start - digits.len()].fill(b'0');
        start -= 19;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn text(unscaled: Integer<'_>, scale: u8) -> String {
        let mut out = Vec::new();
        decimal(&mut out, unscaled, scale);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn the_point_goes_where_the_scale_says() {
        for (unscaled, scale, expected) in [
            (0, 0, "0"),
            (0, 2, "0.00"),
            (5, 0, "5"),
            (-5, 1, "-0.5"),
            (-5, 3, "-0.005"),
            (1234, 2, "12.34"),
            (1234, 4, "0.1234"),
            (i64::MIN, 0, "-9223372036854775808"),
            (i64::MIN, 18, "-9.223372036854775808"),
            (i64::MAX, 19, "0.9223372036854775807"),
        ] {
            assert_eq!(text(Integer::Small(unscaled), scale), expected);
            assert_eq!(text(Integer::Big(&unscaled.to_be_bytes()), scale), expected);
        }
        let long = text(Integer::Small(-1), 255);
        assert_eq!(long, format!("-0.{}1", "0".repeat(254)));
    }

    #[test]
    fn the_widest_integers() {
        let mut lowest = [0u8; 32];
        lowest[0] = 0x80;
        let power = "57896044618658097711785492504343953926634992332820282019728792003956564819968";
        assert_eq!(text(Integer::Big(&lowest), 0), format!("-{power}"));
        let mut highest = [0xffu8; 32];
        highest[0] = 0x7f;
        assert_eq!(text(Integer::Big(&highest), 0), format!("{}7", &power[..power.len() - 1]));
        assert_eq!(text(Integer::Big(&i128::MIN.to_be_bytes()), 0), i128::MIN.to_string());
        let mut first_beyond = [0u8; 17];
        first_beyond[1] = 0x80;
        assert_eq!(text(Integer::Big(&first_beyond), 0), "170141183460469231731687303715884105728");
        let nines = 10u128.pow(38) - 1;
        assert_eq!(text(Integer::Big(&nines.to_be_bytes()), 38), format!("0.{}", "9".repeat(38)));
    }

    #[test]
    fn zeros_within_the_digits_are_kept() {
        // 10^57 = 2^57 * 5^57 has three full chunks of zeros.
        let mut value = [0u8; 32];
        value[31] = 1;
        for _ in 0..57 {
            let mut carry = 0u16;
            for b in value.iter_mut().rev() {
                let v = u16::from(*b) * 10 + carry;
                (*b, carry) = (v as u8, v >> 8);
            }
        }
        assert_eq!(text(Integer::Big(&value), 0), format!("1{}", "0".repeat(57)));
    }

    /// Decimal digits of a big-endian magnitude, the school way.
    fn slow_digits(mut bytes: Vec<u8>) -> String {
        let mut digits = Vec::new();
        while bytes.iter().any(|b| *b != 0) {
            let mut remainder = 0u32;
            for b in &mut bytes {
                let v = remainder << 8 | u32::from(*b);
                (*b, remainder) = ((v / 10) as u8, v % 10);
            }
            digits.push(char::from(b'0' + remainder as u8));
        }
        if digits.is_empty() { "0".to_owned() } else { digits.iter().rev().collect() }
    }

    proptest! {
        #[test]
        fn wide_digits_agree_with_the_school_way(mut bytes in proptest::collection::vec(any::<u8>(), 1..=32)) {
            let shown = text(Integer::Big(&bytes), 0);
            let negative = bytes[0] >= 0x80;
            if negative {
                let mut carry = 1u16;
                for b in bytes.iter_mut().rev() {
                    let v = u16::from(!*b) + carry;
                    (*b, carry) = (v as u8, v >> 8);
                }
            }
            let digits = slow_digits(bytes);
            prop_assert_eq!(shown, if negative { format!("-{digits}") } else { digits });
        }

        #[test]
        fn scaled_text_is_the_digits_with_a_point(v: i128, scale in 0u8..=40) {
            let shown = text(Integer::Big(&v.to_be_bytes()), scale);
            let digits = shown.trim_start_matches('-').replace('.', "");
            let trimmed = digits.trim_start_matches('0');
            prop_assert_eq!(if trimmed.is_empty() { "0" } else { trimmed }, v.unsigned_abs().to_string());
            prop_assert_eq!(shown.split_once('.').map_or(0, |(_, f)| f.len()), usize::from(scale));
            prop_assert_eq!(shown.starts_with('-'), v < 0);
            prop_assert!(!shown.trim_start_matches('-').starts_with('.'));
        }
    }
}
