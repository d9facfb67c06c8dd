//! Floats as the shortest text that reads back to the same value.

/// Appends the shortest text, which may have an exponent (`1e+16`).
///
/// The value must be finite.
#[inline]
pub(crate) fn shortest<F: zmij::Float>(out: &mut Vec<u8>, value: F) {
    out.extend_from_slice(zmij::Buffer::new().format_finite(value).as_bytes());
}

/// Appends the digits of the shortest text without an exponent: StarRocks' exact types are not
/// documented to take one.
///
/// The value must be finite.
pub(crate) fn plain<F: zmij::Float>(out: &mut Vec<u8>, value: F) {
    let mut buffer = zmij::Buffer::new();
    let text = buffer.format_finite(value);
    let Some((mantissa, exponent)) = text.split_once('e') else {
        out.extend_from_slice(text.as_bytes());
        return;
    };
    let exponent: i32 = exponent.parse().expect("a float's exponent is a small integer");
    let mantissa = match mantissa.strip_prefix('-') {
        Some(magnitude) => {
            out.push(b'-');
            magnitude
        }
        None => mantissa,
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    // How many of the digits stand before the point.
    let point = whole.len() as i32 + exponent;
    let digits = whole.bytes().chain(fraction.bytes());
    if point <= 0 {
        out.extend_from_slice(b"0.");
        out.resize(out.len() + point.unsigned_abs() as usize, b'0');
        out.extend(digits);
        return;
    }
    let count = whole.len() + fraction.len();
    for (i, digit) in digits.enumerate() {
        if i as i32 == point {
            out.push(b'.');
        }
        out.push(digit);
    }
    out.resize(out.len() + (point as usize).saturating_sub(count), b'0');
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn text(write: impl FnOnce(&mut Vec<u8>)) -> String {
        let mut out = Vec::new();
        write(&mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn single_precision_is_not_widened() {
        assert_eq!(text(|out| shortest(out, 0.1f32)), "0.1");
        assert_eq!(text(|out| shortest(out, 16_777_216.0f32)), "16777216.0");
    }

    #[test]
    fn plain_text_has_no_exponent() {
        for (value, expected) in [
            (0.0, "0.0"),
            (-0.0, "-0.0"),
            (1.5, "1.5"),
            (1e16, "10000000000000000"),
            (-1.25e-7, "-0.000000125"),
            (1.234e20, "123400000000000000000"),
            (1.2345678901234568e16, "12345678901234568"),
            (5e-324, &format!("0.{}5", "0".repeat(323))),
        ] {
            assert_eq!(text(|out| plain(out, value)), expected);
        }
        assert_eq!(text(|out| plain(out, f64::MAX)).len(), 309);
    }

    proptest! {
        #[test]
        fn both_read_back(bits: u64) {
            let value = f64::from_bits(bits);
            prop_assume!(value.is_finite());
            prop_assert_eq!(text(|out| shortest(out, value)).parse::<f64>().unwrap().to_bits(), bits);
            let shown = text(|out| plain(out, value));
            prop_assert!(!shown.contains('e'));
            prop_assert_eq!(shown.parse::<f64>().unwrap().to_bits(), bits);
        }

        #[test]
        fn both_read_back_in_single_precision(bits: u32) {
            let value = f32::from_bits(bits);
            prop_assume!(value.is_finite());
            prop_assert_eq!(text(|out| shortest(out, value)).parse::<f32>().unwrap().to_bits(), bits);
            prop_assert_eq!(text(|out| plain(out, value)).parse::<f32>().unwrap().to_bits(), bits);
        }
    }
}
