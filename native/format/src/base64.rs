//! Bytes as base64: standard alphabet, with padding, which is what StarRocks decodes into VARBINARY.

use ::base64::Engine;
use ::base64::engine::general_purpose::STANDARD;

/// Appends `bytes` in base64.
pub(crate) fn encode(out: &mut Vec<u8>, bytes: &[u8]) {
    let start = out.len();
    out.resize(start + bytes.len().div_ceil(3) * 4, 0);
    let written = STANDARD.encode_slice(bytes, &mut out[start..]).expect("the place has the exact size");
    debug_assert_eq!(start + written, out.len());
}
