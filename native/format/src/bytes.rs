//! Small fixed-width pieces of text.

/// The two digits of every number below 100.
static PAIRS: [[u8; 2]; 100] = {
    let mut pairs = [[0; 2]; 100];
    let mut n = 0;
    while n < 100 {
        pairs[n] = [b'0' + (n / 10) as u8, b'0' + (n % 10) as u8];
        n += 1;
    }
    pairs
};

/// The last two digits of `n`.
#[inline]
pub(crate) fn two(n: u32) -> [u8; 2] {
    PAIRS[(n % 100) as usize]
}

/// The last four digits of `n`.
#[inline]
pub(crate) fn four(n: u32) -> [u8; 4] {
    let ([a, b], [c, d]) = (two(n / 100), two(n));
    [a, b, c, d]
}
