//! Packets of the MySQL protocol.

use std::io::{self, Read, Write};

/// Longest payload of one packet; longer ones go on in the next.
const MAX: usize = 0xFF_FFFF;

/// Reads a packet with all its continuations: sequence number and payload. `None` at the end of the connection.
pub fn read(stream: &mut impl Read) -> io::Result<Option<(u8, Vec<u8>)>> {
    let mut payload = Vec::new();
    loop {
        let mut head = [0; 4];
        match stream.read_exact(&mut head) {
            Ok(()) => {}
            Err(e) if e.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
            Err(e) => return Err(e),
        }
        let length = u32::from_le_bytes([head[0], head[1], head[2], 0]) as usize;
        let start = payload.len();
        payload.resize(start + length, 0);
        stream.read_exact(&mut payload[start..])?;
        if length < MAX {
            return Ok(Some((head[3], payload)));
        }
    }
}

/// Packets to be written, in sequence.
#[derive(Debug)]
pub struct Writer {
    out: Vec<u8>,
    sequence: u8,
}

impl Writer {
    /// Starts at a sequence number.
    pub fn new(sequence: u8) -> Self {
        Self { out: Vec::new(), sequence }
    }

    /// Adds a packet.
    pub fn packet(&mut self, payload: &[u8]) {
        let mut rest = payload;
        loop {
            let (now, later) = rest.split_at(rest.len().min(MAX));
            self.out.extend_from_slice(&(now.len() as u32).to_le_bytes()[..3]);
            self.out.push(self.sequence);
            self.sequence = self.sequence.wrapping_add(1);
            self.out.extend_from_slice(now);
            rest = later;
            if now.len() < MAX {
                break;
            }
        }
    }

    /// Writes everything added so far.
    pub fn flush(&mut self, stream: &mut impl Write) -> io::Result<()> {
        stream.write_all(&self.out)?;
        self.out.clear();
        stream.flush()
    }

    /// How many bytes wait to be written.
    pub fn waiting(&self) -> usize {
        self.out.len()
    }
}

/// Appends a length-encoded integer.
pub fn put_length(out: &mut Vec<u8>, n: u64) {
    match n {
        0..=250 => out.push(n as u8),
        251..=0xFFFF => {
            out.push(0xFC);
            out.extend_from_slice(&(n as u16).to_le_bytes());
        }
        0x1_0000..=0xFF_FFFF => {
            out.push(0xFD);
            out.extend_from_slice(&(n as u32).to_le_bytes()[..3]);
        }
        _ => {
            out.push(0xFE);
            out.extend_from_slice(&n.to_le_bytes());
        }
    }
}

/// Appends a length-encoded string.
pub fn put_text(out: &mut Vec<u8>, text: &[u8]) {
    put_length(out, text.len() as u64);
    out.extend_from_slice(text);
}

/// Reads from a payload; all reads give `None` past its end.
#[derive(Debug)]
pub struct Payload<'a>(pub &'a [u8]);

impl<'a> Payload<'a> {
    /// The next `n` bytes.
    pub fn bytes(&mut self, n: usize) -> Option<&'a [u8]> {
        let (head, rest) = self.0.split_at_checked(n)?;
        self.0 = rest;
        Some(head)
    }

    /// An integer of `n` bytes.
    pub fn integer(&mut self, n: usize) -> Option<u64> {
        let bytes = self.bytes(n)?;
        Some(bytes.iter().rev().fold(0, |sum, b| sum << 8 | u64::from(*b)))
    }

    /// Bytes up to a zero, or to the end.
    pub fn until_zero(&mut self) -> &'a [u8] {
        let at = memchr::memchr(0, self.0).unwrap_or(self.0.len());
        let text = &self.0[..at];
        self.0 = self.0.get(at + 1..).unwrap_or_default();
        text
    }

    /// A length-encoded integer.
    pub fn length(&mut self) -> Option<u64> {
        match self.integer(1)? {
            0xFC => self.integer(2),
            0xFD => self.integer(3),
            0xFE => self.integer(8),
            n => Some(n),
        }
    }

    /// A length-encoded string.
    pub fn text(&mut self) -> Option<&'a [u8]> {
        let n = self.length()?;
        self.bytes(usize::try_from(n).ok()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_payloads_go_on() {
        for length in [0, 5, MAX - 1, MAX, MAX + 1] {
            let payload = vec![7; length];
            let mut writer = Writer::new(3);
            writer.packet(&payload);
            let mut out = Vec::new();
            writer.flush(&mut out).unwrap();
            let (_, back) = read(&mut out.as_slice()).unwrap().unwrap();
            assert_eq!(back, payload);
        }
    }

    #[test]
    fn lengths_round_trip() {
        for n in [0, 250, 251, 65_535, 65_536, 16_777_216, u64::MAX] {
            let mut out = Vec::new();
            put_length(&mut out, n);
            assert_eq!(Payload(&out).length(), Some(n));
        }
        assert_eq!(Payload(&[0xFC, 1]).length(), None);
    }
}
