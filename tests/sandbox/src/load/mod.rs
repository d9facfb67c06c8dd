//! A stream load's body: unpacked, parsed, converted, judged.

pub mod params;
pub mod plan;
pub mod receive;

use crate::csv::Parser;
use params::Compression;
use plan::Loader;
use std::io::{self, Read};

const PIECE: usize = 256 * 1024;

/// Unpacks a body.
pub fn unpacked<'a>(
    body: impl Read + 'a,
    compression: Option<Compression>,
) -> io::Result<Box<dyn Read + 'a>> {
    Ok(match compression {
        None => Box::new(body),
        Some(Compression::Gzip) => Box::new(flate2::read::MultiGzDecoder::new(body)),
        Some(Compression::Bzip2) => Box::new(bzip2::read::MultiBzDecoder::new(body)),
        Some(Compression::Deflate) => Box::new(flate2::read::ZlibDecoder::new(body)),
        Some(Compression::Zstd) => Box::new(zstd::stream::read::Decoder::new(body)?),
        Some(Compression::Lz4) => Box::new(lz4_flex::frame::FrameDecoder::new(body)),
    })
}

/// Why a body could not be taken.
#[derive(Debug)]
pub enum BodyError {
    /// It could not be read or unpacked.
    Read(io::Error),
    /// The whole load fails over what it says.
    Content(String),
}

/// Takes what a load sends, in one body or in several, and gives its rows to a [`Loader`].
#[derive(Debug)]
pub struct Intake {
    loader: Loader,
    /// Several CSV bodies are one stream of bytes, so that the parser outlives each of them.
    parser: Option<Parser>,
}

impl Intake {
    /// Nothing taken yet.
    pub fn new(loader: Loader) -> Self {
        Self { loader, parser: None }
    }

    /// The rows so far.
    pub fn loader(&self) -> &Loader {
        &self.loader
    }

    /// Reads a body to its end. Packed bodies end with whole frames.
    pub fn take(&mut self, body: impl Read) -> Result<(), BodyError> {
        let loader = &mut self.loader;
        let mut body = unpacked(body, loader.params().compression).map_err(BodyError::Read)?;
        if loader.params().json {
            let mut bytes = Vec::new();
            body.read_to_end(&mut bytes).map_err(BodyError::Read)?;
            return json(bytes, loader);
        }
        let parser = self.parser.get_or_insert_with(|| Parser::new(loader.params().dialect.clone()));
        let mut piece = vec![0; PIECE];
        loop {
            match body.read(&mut piece).map_err(BodyError::Read)? {
                0 => return Ok(()),
                n => parser.feed(&piece[..n], |row| loader.csv_row(&row)),
            }
        }
    }

    /// Reads a body to its end and counts its rows without looking at them: delimiters in CSV, objects of the
    /// outermost level in JSON.
    pub fn count(&mut self, body: impl Read) -> Result<(), BodyError> {
        let loader = &mut self.loader;
        let mut body = unpacked(body, loader.params().compression).map_err(BodyError::Read)?;
        let json = loader.params().json;
        let delimiter = loader.params().dialect.row_delimiter.last().copied().unwrap_or(b'\n');
        let mut piece = vec![0; PIECE];
        let mut objects = Objects::default();
        let mut last = delimiter;
        loop {
            let n = body.read(&mut piece).map_err(BodyError::Read)?;
            let piece = &piece[..n];
            let Some(end) = piece.last() else { break };
            if json {
                objects.feed(piece);
            } else {
                loader.total += memchr::memchr_iter(delimiter, piece).count() as u64;
                last = *end;
            }
        }
        loader.total += objects.count + u64::from(!json && last != delimiter);
        Ok(())
    }

    /// Nothing more comes, so that the last row may lack its delimiter. The rows.
    pub fn finish(&mut self) -> &mut Loader {
        if let Some(parser) = self.parser.take() {
            parser.finish(|row| self.loader.csv_row(&row));
        }
        &mut self.loader
    }
}

fn json(bytes: Vec<u8>, loader: &mut Loader) -> Result<(), BodyError> {
    let text = String::from_utf8(bytes)
        .map_err(|_| BodyError::Content("Failed to parse json: the input is not valid UTF-8".to_owned()))?;
    let root = loader.params().json_root.clone();
    let rows = crate::json::rows(&text, loader.params().strip_outer_array, root.as_ref());
    for row in rows.map_err(BodyError::Content)? {
        loader.json_row(row).map_err(BodyError::Content)?;
    }
    Ok(())
}

/// Counts the objects that no other object holds.
#[derive(Debug, Default)]
struct Objects {
    count: u64,
    depth: u32,
    in_text: bool,
    escaped: bool,
}

impl Objects {
    fn feed(&mut self, piece: &[u8]) {
        let mut at = 0;
        while at < piece.len() {
            if self.escaped {
                self.escaped = false;
                at += 1;
                continue;
            }
            if self.in_text {
                match memchr::memchr2(b'"', b'\\', &piece[at..]) {
                    None => return,
                    Some(n) => {
                        at += n;
                        if piece[at] == b'"' { self.in_text = false } else { self.escaped = true }
                    }
                }
            } else {
                match memchr::memchr3(b'"', b'{', b'}', &piece[at..]) {
                    None => return,
                    Some(n) => {
                        at += n;
                        match piece[at] {
                            b'"' => self.in_text = true,
                            b'{' => {
                                self.count += u64::from(self.depth == 0);
                                self.depth += 1;
                            }
                            _ => self.depth = self.depth.saturating_sub(1),
                        }
                    }
                }
            }
            at += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_objects_in_any_pieces() {
        let body = br#"[{"a":{"b":"}{\"{"}},{"c":"\\"},{}]"#;
        for size in 1..body.len() {
            let mut objects = Objects::default();
            body.chunks(size).for_each(|piece| objects.feed(piece));
            assert_eq!(objects.count, 3, "in pieces of {size}");
        }
    }
}
