//! The blocks that a packed body is made of.
//!
//! Integers are little-endian. A body is a sequence of blocks, each of them by itself:
//!
//! | offset | size | |
//! | --- | --- | --- |
//! | 0 | 4 | `u32`: bytes it unpacks to, 1 to 65536 |
//! | 4 | 4 | `u32`: bytes that follow, of which the highest bit is set where they are no LZ4 |
//! | 8 | | the bytes: an [LZ4 block], or the body's own where that wouldn't be shorter |
//!
//! An LZ4 block is always shorter than what it unpacks to.
//!
//! [LZ4 block]: https://github.com/lz4/lz4/blob/dev/doc/lz4_Block_format.md

use std::fmt;
use std::io;

use lz4_flex::block::{CompressTable, compress_into_with_table, decompress_into, get_maximum_output_size};

/// The most bytes that a block unpacks to.
pub const MAX_RAW: usize = 64 * 1024;

/// Bytes before a block's own.
pub const HEAD: usize = 8;

/// Marks a block that holds the body's own bytes.
const STORED: u32 = 1 << 31;

/// Makes blocks, one behind the other. Keep one for a whole body: it has a table of 16 KiB, and room for a block.
pub struct Packer {
    table: CompressTable,
    blocks: Vec<u8>,
    raw: usize,
}

impl Packer {
    /// A packer without blocks.
    pub fn new() -> Self {
        // A large block and the small ones of a framing.
        let room = get_maximum_output_size(MAX_RAW) + 4 * HEAD;
        Self { table: CompressTable::large(), blocks: Vec::with_capacity(room), raw: 0 }
    }

    /// Appends a block that unpacks to `raw`, of [`MAX_RAW`] bytes at most; none where that is empty.
    pub fn add(&mut self, raw: &[u8]) {
        debug_assert!(raw.len() <= MAX_RAW, "a block of {} bytes", raw.len());
        if raw.is_empty() {
            return;
        }
        let start = self.blocks.len();
        let room = get_maximum_output_size(raw.len());
        self.blocks.resize(start + HEAD + room, 0);
        let (head, bytes) = self.blocks[start..].split_at_mut(HEAD);
        let (packed, flag) = match compress_into_with_table(raw, bytes, &mut self.table) {
            Ok(packed) if packed < raw.len() => (packed, 0),
            _ => {
                bytes[..raw.len()].copy_from_slice(raw);
                (raw.len(), STORED)
            }
        };
        head[..4].copy_from_slice(&(raw.len() as u32).to_le_bytes());
        head[4..].copy_from_slice(&(packed as u32 | flag).to_le_bytes());
        self.blocks.truncate(start + HEAD + packed);
        self.raw += raw.len();
    }

    /// The blocks since the last [`clear`](Self::clear).
    pub fn blocks(&self) -> &[u8] {
        &self.blocks
    }

    /// What they unpack to, in bytes.
    pub fn raw(&self) -> usize {
        self.raw
    }

    /// Forgets its blocks.
    pub fn clear(&mut self) {
        self.blocks.clear();
        self.raw = 0;
    }
}

/// What a block says of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// Bytes it unpacks to.
    pub raw: usize,
    /// Bytes that follow.
    pub packed: usize,
    stored: bool,
}

impl Head {
    /// Reads a head; what no packer writes is an error.
    pub fn decode(bytes: [u8; HEAD]) -> Result<Self, Damage> {
        let word = |at| u32::from_le_bytes(std::array::from_fn(|i| bytes[at + i]));
        let (raw, packed) = (word(0) as usize, (word(4) & !STORED) as usize);
        let stored = word(4) & STORED != 0;
        if !(1..=MAX_RAW).contains(&raw) {
            return Err(Damage::Raw(raw));
        }
        if packed == 0 || (stored && packed != raw) || (!stored && packed >= raw) {
            return Err(Damage::Packed { raw, packed, stored });
        }
        Ok(Self { raw, packed, stored })
    }

    /// Replaces `raw` by what the block's bytes unpack to.
    pub fn unpack(&self, packed: &[u8], raw: &mut Vec<u8>) -> Result<(), Damage> {
        raw.clear();
        if self.stored {
            raw.extend_from_slice(packed);
        } else {
            raw.resize(self.raw, 0);
            let unpacked = decompress_into(packed, raw).map_err(|error| Damage::Lz4(error.to_string()))?;
            raw.truncate(unpacked);
        }
        if raw.len() == self.raw { Ok(()) } else { Err(Damage::Short { said: self.raw, found: raw.len() }) }
    }
}

/// Takes the first block off `bytes`: its head, its own bytes, and what is behind it.
pub fn split(bytes: &[u8]) -> Result<(Head, &[u8], &[u8]), Damage> {
    let cut_off = Damage::CutOff(bytes.len());
    let (head, rest) = bytes.split_first_chunk::<HEAD>().ok_or(cut_off)?;
    let head = Head::decode(*head)?;
    let (packed, rest) = rest.split_at_checked(head.packed).ok_or(Damage::CutOff(bytes.len()))?;
    Ok((head, packed, rest))
}

/// Why bytes are no block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Damage {
    /// It claims to unpack to more, or less, than a block may.
    Raw(usize),
    /// Its two lengths don't go together.
    Packed { raw: usize, packed: usize, stored: bool },
    /// It unpacks to less than it claims.
    Short { said: usize, found: usize },
    /// Its bytes are no LZ4.
    Lz4(String),
    /// It goes on behind the last of so many bytes.
    CutOff(usize),
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Raw(raw) => write!(f, "a block claims to hold {raw} bytes, which none does"),
            Self::Packed { raw, packed, stored } => {
                let how = if *stored { "stored" } else { "packed" };
                write!(f, "a block claims to hold {raw} bytes, {how} in {packed}")
            }
            Self::Short { said, found } => {
                write!(f, "a block claims to hold {said} bytes, but holds {found}")
            }
            Self::Lz4(why) => write!(f, "a block can't be unpacked: {why}"),
            Self::CutOff(bytes) => write!(f, "a block ends behind the {bytes} bytes that are left"),
        }
    }
}

impl std::error::Error for Damage {}

impl From<Damage> for io::Error {
    fn from(damage: Damage) -> Self {
        Self::new(io::ErrorKind::InvalidData, damage)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unpacked(block: &[u8]) -> Result<Vec<u8>, Damage> {
        let (head, packed, rest) = split(block)?;
        assert!(rest.is_empty());
        let mut raw = b"of the block before".to_vec();
        head.unpack(packed, &mut raw)?;
        Ok(raw)
    }

    #[test]
    fn what_repeats_gets_shorter_and_what_does_not_grows_by_the_head_alone() {
        let mut seed = 1u64;
        let noise: Vec<u8> = (0..MAX_RAW)
            .map(|_| {
                seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                (seed >> 56) as u8
            })
            .collect();
        let mut packer = Packer::new();
        let room = packer.blocks.capacity();
        let mut pack = |raw: &[u8]| {
            packer.clear();
            packer.add(raw);
            assert_eq!(packer.raw(), raw.len());
            packer.blocks().to_vec()
        };
        for raw in [&b"x"[..], b"abcdefgh", &[7; MAX_RAW], &noise, &noise[..MAX_RAW - 1], &[0; 100]] {
            let block = pack(raw);
            assert!(block.len() <= HEAD + raw.len());
            assert_eq!(unpacked(&block).unwrap(), raw);
        }
        assert!(pack(&[7; MAX_RAW]).len() < 400);
        assert_eq!(pack(&noise).len(), HEAD + MAX_RAW);
        assert_eq!(pack(b""), b"");
        assert_eq!(packer.blocks.capacity(), room);
    }

    #[test]
    fn blocks_follow_one_another() {
        let mut packer = Packer::new();
        for raw in [&b"["[..], b"", &[b'1'; 1000], b"]"] {
            packer.add(raw);
        }
        assert_eq!(packer.raw(), 1002);
        let (mut all, mut raw) = (Vec::new(), Vec::new());
        let mut rest = packer.blocks();
        while !rest.is_empty() {
            let (head, packed, behind) = split(rest).unwrap();
            head.unpack(packed, &mut raw).unwrap();
            all.extend_from_slice(&raw);
            rest = behind;
        }
        assert_eq!(all, [&b"["[..], &[b'1'; 1000], b"]"].concat());
    }

    #[test]
    fn a_block_that_no_packer_writes_is_refused() {
        let block = |raw: u32, packed: u32, bytes: &[u8]| {
            unpacked(&[&raw.to_le_bytes()[..], &packed.to_le_bytes(), bytes].concat()).unwrap_err()
        };
        assert_eq!(block(0, STORED, b""), Damage::Raw(0));
        assert_eq!(block(65537, 1, b"x"), Damage::Raw(65537));
        assert_eq!(block(4, 0, b""), Damage::Packed { raw: 4, packed: 0, stored: false });
        assert_eq!(block(4, 4, b"abcd"), Damage::Packed { raw: 4, packed: 4, stored: false });
        assert_eq!(block(4, STORED | 3, b"abc"), Damage::Packed { raw: 4, packed: 3, stored: true });
        assert_eq!(block(4, STORED | 4, b"abc"), Damage::CutOff(11));
        // A literal of one byte: LZ4, but shorter than said.
        assert_eq!(block(9, 2, &[0x10, b'x']), Damage::Short { said: 9, found: 1 });
        // A match before the body's start.
        assert!(matches!(block(9, 3, &[0x01, 5, 0]), Damage::Lz4(_)));
        assert_eq!(split(b"1234567").unwrap_err(), Damage::CutOff(7));
    }
}
