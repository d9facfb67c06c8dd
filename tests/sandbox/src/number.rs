//! Exact decimal numbers of up to 38 digits.

use std::cmp::Ordering;

/// A decimal number: `unscaled / 10^scale`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Decimal {
    /// The digits, with the sign.
    pub unscaled: i128,
    /// How many of them stand after the point.
    pub scale: u32,
}

impl Decimal {
    /// Reads plain or scientific decimal text; `None` if it is not a number or has more than 38 digits.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let (negative, rest) = match text.as_bytes().first()? {
            b'-' => (true, &text[1..]),
            b'+' => (false, &text[1..]),
            _ => (false, text),
        };
        let (mantissa, exponent) = match rest.find(['e', 'E']) {
            Some(at) => (&rest[..at], rest[at + 1..].parse::<i32>().ok()?),
            None => (rest, 0),
        };
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        if whole.len() + fraction.len() == 0 {
            return None;
        }
        let mut unscaled: i128 = 0;
        let mut scale = 0i32;
        let mut dropped = None;
        for (i, b) in whole.bytes().chain(fraction.bytes()).enumerate() {
            if !b.is_ascii_digit() {
                return None;
            }
            let after_point = i >= whole.len();
            if dropped.is_some() {
                // Beyond 38 digits only the fraction may go on; its first dropped digit rounds.
                if !after_point {
                    return None;
                }
                continue;
            }
            match unscaled.checked_mul(10).and_then(|n| n.checked_add(i128::from(b - b'0'))) {
                Some(n) => {
                    unscaled = n;
                    scale += i32::from(after_point);
                }
                None if after_point => dropped = Some(b >= b'5'),
                None => return None,
            }
        }
        if dropped == Some(true) {
            unscaled += 1;
        }
        scale -= exponent;
        while scale < 0 {
            unscaled = unscaled.checked_mul(10)?;
            scale += 1;
        }
        while scale > 76 {
            unscaled /= 10;
            scale -= 1;
        }
        Some(Self { unscaled: if negative { -unscaled } else { unscaled }, scale: scale as u32 })
    }

    /// The same number with `scale` digits after the point, rounded half away from zero; `None` on overflow.
    pub fn rescale(self, scale: u32) -> Option<Self> {
        let mut unscaled = self.unscaled;
        if scale >= self.scale {
            for _ in self.scale..scale {
                unscaled = unscaled.checked_mul(10)?;
            }
        } else {
            let cut = self.scale - scale;
            for _ in 1..cut {
                unscaled /= 10;
            }
            let last = unscaled % 10;
            unscaled = unscaled / 10 + i128::from(last >= 5) - i128::from(last <= -5);
        }
        Some(Self { unscaled, scale })
    }

    /// Whether it fits into `precision` digits.
    pub fn fits(self, precision: u32) -> bool {
        self.unscaled.unsigned_abs() < 10u128.pow(precision)
    }

    /// The sum; `None` on overflow.
    pub fn plus(self, other: Self) -> Option<Self> {
        let scale = self.scale.max(other.scale);
        let unscaled = self.rescale(scale)?.unscaled.checked_add(other.rescale(scale)?.unscaled)?;
        Some(Self { unscaled, scale })
    }

    /// The quotient by a count, with `scale` digits after the point, rounded half away from zero.
    pub fn divide(self, by: i64, scale: u32) -> Option<Self> {
        let wide = self.rescale(self.scale.max(scale))?;
        let by = i128::from(by);
        let quotient = wide.unscaled.checked_div(by)?;
        let rest = wide.unscaled % by;
        let away = if rest.abs() * 2 >= by.abs() { wide.unscaled.signum() * by.signum() } else { 0 };
        Self { unscaled: quotient + away, scale: wide.scale }.rescale(scale)
    }

    /// Compares by value.
    pub fn compare(self, other: Self) -> Ordering {
        let scale = self.scale.max(other.scale);
        match (self.rescale(scale), other.rescale(scale)) {
            (Some(a), Some(b)) => a.unscaled.cmp(&b.unscaled),
            // One of them has too many digits to be widened: the coarse value decides.
            _ => self.approximate().total_cmp(&other.approximate()),
        }
    }

    fn approximate(self) -> f64 {
        self.unscaled as f64 / 10f64.powi(self.scale as i32)
    }
}

impl std::fmt::Display for Decimal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let digits = self.unscaled.unsigned_abs().to_string();
        let scale = self.scale as usize;
        if self.unscaled < 0 {
            f.write_str("-")?;
        }
        if scale == 0 {
            return f.write_str(&digits);
        }
        let digits = format!("{digits:0>width$}", width = scale + 1);
        let (whole, fraction) = digits.split_at(digits.len() - scale);
        write!(f, "{whole}.{fraction}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fixed(text: &str, scale: u32) -> String {
        Decimal::parse(text).unwrap().rescale(scale).unwrap().to_string()
    }

    #[test]
    fn reads_rounds_and_writes() {
        assert_eq!(fixed("1.005", 2), "1.01");
        assert_eq!(fixed("-1.005", 2), "-1.01");
        assert_eq!(fixed("-0.004", 2), "0.00");
        assert_eq!(fixed("1e3", 1), "1000.0");
        assert_eq!(fixed("12.5E-1", 3), "1.250");
        assert_eq!(fixed(".5", 1), "0.5");
        assert_eq!(fixed("99999999999999999999999999999999999999", 0), "9".repeat(38));
        for bad in ["", "-", "1,5", "abc", "1e", "0x10"] {
            assert_eq!(Decimal::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn adds_divides_and_compares() {
        let d = |t| Decimal::parse(t).unwrap();
        assert_eq!(d("0.1").plus(d("0.02")).unwrap().to_string(), "0.12");
        assert_eq!(d("1").divide(3, 6).unwrap().to_string(), "0.333333");
        assert_eq!(d("-2").divide(3, 2).unwrap().to_string(), "-0.67");
        assert_eq!(d("10").compare(d("9.99")), Ordering::Greater);
        assert_eq!(d("1.0").compare(d("1")), Ordering::Equal);
    }

    proptest::proptest! {
        #[test]
        fn text_and_numbers_agree(a in -1_000_000_000_000i64..1_000_000_000_000, scale in 0u32..12, b in -1_000_000i64..1_000_000) {
            let x = Decimal { unscaled: i128::from(a), scale };
            let y = Decimal { unscaled: i128::from(b), scale: 3 };
            proptest::prop_assert_eq!(Decimal::parse(&x.to_string()), Some(x));
            let (wide_a, wide_b) = (i128::from(a) * 10i128.pow(12 - scale), i128::from(b) * 10i128.pow(9));
            proptest::prop_assert_eq!(x.compare(y), wide_a.cmp(&wide_b));
            proptest::prop_assert_eq!(x.plus(y).unwrap().rescale(12).unwrap().unscaled, wide_a + wide_b);
        }
    }
}
