//! Bodies that are compressed while they are sent.

use std::io::{self, Read, Write};

use flate2::write::GzEncoder;
use lz4_flex::frame::{BlockSize, FrameEncoder, FrameInfo};

use crate::headers::{self, Headers};

/// Bytes that are given to an encoder at once.
const PIECE: usize = 64 * 1024;

/// Zstandard's fastest usual level: CSV of TPC-H gets 3.1 times smaller by it, and 3.2 times by the default level, which
/// takes twice as long.
const ZSTD_LEVEL: i32 = 1;

/// How a body is compressed, by what the load's headers say of it.
///
/// StarRocks takes compressed CSV by the value of `format` (`lz4`, `zstd`, `gzip`), and compressed JSON by the header
/// `compression` (`lz4_frame`, `zstd`, `gzip`) from 3.2.7 on. It takes deflate and bzip2, too; those are never better
/// than what is here. (StarRocks documentation: "STREAM LOAD", `format` and `compression`.)
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compression {
    /// LZ4, frame format.
    Lz4,
    /// Zstandard.
    Zstd,
    /// gzip (RFC 1952).
    Gzip,
}

impl Compression {
    /// The compression that these headers announce, if they announce one of those known here.
    pub fn announced(headers: &Headers) -> Option<Self> {
        let is = |name: &str, value: &str| {
            headers::find(headers, name).is_some_and(|text| text.trim().eq_ignore_ascii_case(value))
        };
        let any = |format: &str, named: &str| {
            is("format", format) || is("compression", named) || is("content-encoding", named)
        };
        if any("lz4", "lz4_frame") {
            Some(Compression::Lz4)
        } else if any("zstd", "zstd") {
            Some(Compression::Zstd)
        } else if any("gzip", "gzip") {
            Some(Compression::Gzip)
        } else {
            None
        }
    }

    /// Bytes of memory that one body takes while it is compressed, at most. Encoders are made for each body anew.
    pub const fn memory(self) -> usize {
        // Besides the piece that goes in and what has come out of it, which may be a whole block.
        match self {
            // Two blocks and the table.
            Compression::Lz4 => 1024 * 1024,
            // Window, tables and blocks.
            Compression::Zstd => 2 * 1024 * 1024,
            Compression::Gzip => 640 * 1024,
        }
    }
}

/// Reads a body compressed, a piece at a time.
pub(crate) struct Compressing<R> {
    source: R,
    /// `None`: all is encoded.
    encoder: Option<Encoder>,
    piece: Box<[u8]>,
    /// What has been encoded, of which some has been read.
    out: Vec<u8>,
    read: usize,
}

enum Encoder {
    Lz4(Box<FrameEncoder<Vec<u8>>>),
    Zstd(zstd::stream::write::Encoder<'static, Vec<u8>>),
    Gzip(GzEncoder<Vec<u8>>),
}

impl Encoder {
    fn new(compression: Compression) -> io::Result<Self> {
        Ok(match compression {
            Compression::Lz4 => {
                let info = FrameInfo::new().block_size(BlockSize::Max256KB).content_checksum(true);
                Encoder::Lz4(Box::new(FrameEncoder::with_frame_info(info, Vec::new())))
            }
            Compression::Zstd => {
                let mut encoder = zstd::stream::write::Encoder::new(Vec::new(), ZSTD_LEVEL)?;
                encoder.include_checksum(true)?;
                Encoder::Zstd(encoder)
            }
            Compression::Gzip => Encoder::Gzip(GzEncoder::new(Vec::new(), flate2::Compression::fast())),
        })
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self {
            Encoder::Lz4(encoder) => encoder.write_all(bytes),
            Encoder::Zstd(encoder) => encoder.write_all(bytes),
            Encoder::Gzip(encoder) => encoder.write_all(bytes),
        }
    }

    /// What has come out since it was last emptied.
    fn out(&mut self) -> &mut Vec<u8> {
        match self {
            Encoder::Lz4(encoder) => encoder.get_mut(),
            Encoder::Zstd(encoder) => encoder.get_mut(),
            Encoder::Gzip(encoder) => encoder.get_mut(),
        }
    }

    fn finish(self) -> io::Result<Vec<u8>> {
        match self {
            Encoder::Lz4(encoder) => encoder.finish().map_err(io::Error::from),
            Encoder::Zstd(encoder) => encoder.finish(),
            Encoder::Gzip(encoder) => encoder.finish(),
        }
    }
}

impl<R: Read> Compressing<R> {
    pub(crate) fn new(source: R, compression: Compression) -> io::Result<Self> {
        let encoder = Some(Encoder::new(compression)?);
        let piece = vec![0; PIECE].into_boxed_slice();
        Ok(Compressing { source, encoder, piece, out: Vec::new(), read: 0 })
    }

    /// Has something to be read, unless everything was.
    fn fill(&mut self) -> io::Result<()> {
        while self.read == self.out.len()
            && let Some(mut encoder) = self.encoder.take()
        {
            // The encoder gets the emptied buffer for the one that it has filled.
            self.read = 0;
            self.out.clear();
            let n = self.source.read(&mut self.piece)?;
            if n == 0 {
                std::mem::swap(&mut self.out, encoder.out());
                let mut end = encoder.finish()?;
                self.out.append(&mut end);
                return Ok(());
            }
            encoder.write(&self.piece[..n])?;
            std::mem::swap(&mut self.out, encoder.out());
            self.encoder = Some(encoder);
        }
        Ok(())
    }
}

impl<R: Read> Read for Compressing<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let mut written = 0;
        while written < buf.len() {
            self.fill()?;
            let rest = &self.out[self.read..];
            if rest.is_empty() {
                break;
            }
            let n = rest.len().min(buf.len() - written);
            buf[written..written + n].copy_from_slice(&rest[..n]);
            written += n;
            self.read += n;
        }
        Ok(written)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ALL: [Compression; 3] = [Compression::Lz4, Compression::Zstd, Compression::Gzip];

    fn compressed(compression: Compression, body: impl Read, room: usize) -> Vec<u8> {
        let mut reader = Compressing::new(body, compression).unwrap();
        let mut all = Vec::new();
        let mut buf = vec![0; room];
        loop {
            match reader.read(&mut buf).unwrap() {
                0 => return all,
                n => all.extend_from_slice(&buf[..n]),
            }
        }
    }

    fn plain(compression: Compression, bytes: &[u8]) -> io::Result<Vec<u8>> {
        let mut out = Vec::new();
        match compression {
            Compression::Lz4 => lz4_flex::frame::FrameDecoder::new(bytes).read_to_end(&mut out)?,
            Compression::Zstd => zstd::stream::read::Decoder::new(bytes)?.read_to_end(&mut out)?,
            Compression::Gzip => flate2::read::GzDecoder::new(bytes).read_to_end(&mut out)?,
        };
        Ok(out)
    }

    fn rows(n: u32) -> Vec<u8> {
        (0..n).flat_map(|i| format!("{i}\t{}\tname {}\n", i % 1009, i % 97).into_bytes()).collect()
    }

    /// Gives a few bytes at a time, as a body that still grows does.
    struct Drops<'a>(&'a [u8], usize);

    impl Read for Drops<'_> {
        fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
            let n = self.1.min(buf.len());
            (&mut self.0).take(n as u64).read(buf)
        }
    }

    #[test]
    fn headers_say_how() {
        let of = |name: &str, value: &str| Compression::announced(&[(name.to_owned(), value.to_owned())]);
        assert_eq!(of("format", "lz4"), Some(Compression::Lz4));
        assert_eq!(of("Format", "ZSTD"), Some(Compression::Zstd));
        assert_eq!(of("compression", "lz4_frame"), Some(Compression::Lz4));
        assert_eq!(of("compression", "gzip"), Some(Compression::Gzip));
        assert_eq!(of("content-encoding", "zstd"), Some(Compression::Zstd));
        for (name, value) in
            [("format", "csv"), ("format", "json"), ("compression", "lz4"), ("columns", "gzip")]
        {
            assert_eq!(of(name, value), None, "{name}: {value}");
        }
    }

    #[test]
    fn large_bodies_come_out_whole_and_smaller_and_a_cut_shows() {
        let body = rows(100_000);
        for compression in ALL {
            let bytes = compressed(compression, body.as_slice(), 256 * 1024);
            assert!(bytes.len() * 3 < body.len() * 2, "{compression:?}: {} of {}", bytes.len(), body.len());
            assert!(plain(compression, &bytes).unwrap() == body, "{compression:?}");
            let cut = plain(compression, &bytes[..bytes.len() - 1]);
            assert!(cut.is_err(), "{compression:?}: a cut frame reads as {} bytes", cut.unwrap().len());
            assert_eq!(bytes, compressed(compression, body.as_slice(), 1000), "{compression:?}: done again");
        }
    }

    #[test]
    fn a_source_that_fails_fails_the_body() {
        struct Broken;
        impl Read for Broken {
            fn read(&mut self, _buf: &mut [u8]) -> io::Result<usize> {
                Err(io::ErrorKind::Interrupted.into())
            }
        }
        for compression in ALL {
            let mut reader = Compressing::new(Broken, compression).unwrap();
            assert!(reader.read(&mut [0; 10]).is_err(), "{compression:?}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]

        #[test]
        fn any_bytes_come_back(
            body in prop::collection::vec(any::<u8>(), 0..150_000),
            drop in 1usize..200_000,
            room in 1usize..100_000,
        ) {
            for compression in ALL {
                let bytes = compressed(compression, Drops(&body, drop), room);
                prop_assert!(plain(compression, &bytes).unwrap() == body);
            }
        }
    }
}
