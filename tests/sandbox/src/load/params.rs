//! The headers of a stream load, checked as the BE checks them.

use crate::csv::{self, Dialect};
use crate::http::Request;
use crate::json::Path;
use std::time::Duration;

/// Largest body in bytes, `streaming_load_max_mb`.
const MAX_BODY: u64 = 102_400 << 20;
/// Largest JSON body in bytes unless the check is turned off, `streaming_load_max_batch_size_mb`.
const MAX_JSON: u64 = 100 << 20;

/// How a body is packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compression {
    /// gzip
    Gzip,
    /// bzip2
    Bzip2,
    /// LZ4 frames
    Lz4,
    /// Zstandard
    Zstd,
    /// zlib
    Deflate,
}

/// What a load's headers ask for.
#[derive(Debug, Clone)]
pub struct Params {
    /// Whether the body is JSON; else CSV.
    pub json: bool,
    /// Packing of the body.
    pub compression: Option<Compression>,
    /// How CSV is written.
    pub dialect: Dialect,
    /// The `columns` header.
    pub columns: Option<String>,
    /// The `where` header.
    pub filter: Option<String>,
    /// Share of rows that may be filtered out.
    pub max_filter_ratio: f64,
    /// How long the load may take.
    pub timeout: Duration,
    /// Whether a bad value filters its row, instead of becoming NULL.
    pub strict: bool,
    /// Whether columns that aren't given keep their values.
    pub partial_update: bool,
    /// Whether the JSON body is one array of rows.
    pub strip_outer_array: bool,
    /// Where in a row the columns are found.
    pub json_paths: Option<Vec<Path>>,
    /// Where in the JSON document the rows are.
    pub json_root: Option<Path>,
    /// Length of the body, where it is known beforehand.
    pub content_length: Option<u64>,
}

fn boolean(request: &Request, name: &str, error: &str) -> Result<bool, String> {
    match request.header(name) {
        None => Ok(false),
        Some(v) if v.eq_ignore_ascii_case("true") => Ok(true),
        Some(v) if v.eq_ignore_ascii_case("false") => Ok(false),
        Some(_) => Err(error.to_owned()),
    }
}

fn number<T: std::str::FromStr + PartialOrd>(
    request: &Request,
    name: &str,
    least: T,
    error: &str,
) -> Result<Option<T>, String> {
    match request.header(name) {
        None => Ok(None),
        Some(text) => match text.trim().parse::<T>() {
            Ok(n) if n >= least => Ok(Some(n)),
            _ => Err(format!("{error}: {text}")),
        },
    }
}

impl Params {
    /// Reads and checks the headers of a load within a transaction, where `partial_update` is `true` or it isn't: any
    /// other text, in capitals too, leaves it off and is no error.
    pub fn of_transaction(request: &Request) -> Result<Self, String> {
        Ok(Self {
            partial_update: request.header("partial_update") == Some("true"),
            ..Self::shared(request)?
        })
    }

    /// Reads and checks the headers of a plain load; the error is the server's message.
    pub fn parse(request: &Request) -> Result<Self, String> {
        let error = "Invalid partial update flag format. Must be bool type";
        Ok(Self { partial_update: boolean(request, "partial_update", error)?, ..Self::shared(request)? })
    }

    /// What both have in common: all but `partial_update`.
    fn shared(request: &Request) -> Result<Self, String> {
        let (json, mut compression) = format(request.header("format").unwrap_or("csv"))?;
        let content_encoding = request.header("content-encoding");
        let named = match (request.header("compression"), content_encoding) {
            (Some(_), Some(_)) => {
                return Err("Only one of http header content-encoding and compression can be set".to_owned());
            }
            (a, b) => a.or(b),
        };
        if let Some(name) = named {
            compression = Some(algorithm(name).ok_or_else(|| format!("Unsupported compression: {name}"))?);
        }
        let ignore_json_size =
            request.header("ignore_json_size").is_some_and(|v| v.eq_ignore_ascii_case("true"));
        let content_length = match request.header("content-length") {
            None => None,
            Some(n) => Some(n.trim().parse::<u64>().map_err(|_| format!("Invalid Content-Length: {n}"))?),
        };
        if let Some(n) = content_length {
            if n > MAX_BODY {
                return Err(format!(
                    "body size {n} exceed limit: {MAX_BODY}, You can increase the limit by setting \
                     streaming_load_max_mb in be.conf."
                ));
            }
            if json && n > MAX_JSON && !ignore_json_size {
                return Err(format!(
                    "The size of this batch exceed the max size [{MAX_JSON}]  of json type data  data [ {n} ]. Set \
                     ignore_json_size to skip the check, although it may lead huge memory consuming."
                ));
            }
        }
        if request.header("partitions").is_some() && request.header("temporary_partitions").is_some() {
            return Err("Can not specify both partitions and temporary partitions".to_owned());
        }
        if boolean(
            request,
            "enable_merge_commit",
            "Invalid parameter enable_merge_commit. Must be bool type",
        )? {
            return Err("merge commit is not supported by this sandbox".to_owned());
        }
        for name in ["envelope", "merge_condition"] {
            if request.header(name).is_some() {
                return Err(format!("{name} is not supported by this sandbox"));
            }
        }
        let timeout = number::<u64>(request, "timeout", 1, "Invalid timeout format")?.unwrap_or(600);
        if timeout > 259_200 {
            return Err("Invalid timeout. Timeout should between 1 and 259200 seconds.".to_owned());
        }
        number::<i64>(request, "load_mem_limit", 0, "Invalid mem limit format")?;
        number::<i64>(request, "log_rejected_record_num", -1, "Invalid log_rejected_record_num format")?;
        let dialect = Dialect {
            column_separator: csv::delimiter(request.header("column_separator").unwrap_or("\t"))?,
            row_delimiter: csv::delimiter(request.header("row_delimiter").unwrap_or("\n"))?,
            enclose: request.header("enclose").and_then(|v| v.bytes().next()),
            escape: request.header("escape").and_then(|v| v.bytes().next()),
            trim_space: boolean(request, "trim_space", "Invalid trim space format. Must be bool type")?,
            skip_header: number(request, "skip_header", 0, "Invalid csv load skip header format")?
                .unwrap_or(0),
        };
        let json_paths = match request.header("jsonpaths").filter(|v| !v.is_empty()) {
            None => None,
            Some(text) => {
                let paths: Vec<String> =
                    serde_json::from_str(text).map_err(|_| format!("Invalid json path: {text}"))?;
                Some(paths.iter().map(|p| Path::parse(p)).collect::<Result<_, _>>()?)
            }
        };
        let text = |name: &str| request.header(name).filter(|v| !v.trim().is_empty()).map(str::to_owned);
        Ok(Self {
            json,
            compression,
            dialect,
            columns: text("columns"),
            filter: text("where"),
            // Whatever isn't a number counts as 0.
            max_filter_ratio: request
                .header("max_filter_ratio")
                .and_then(|v| v.trim().parse().ok())
                .unwrap_or(0.0),
            timeout: Duration::from_secs(timeout),
            strict: boolean(request, "strict_mode", "Invalid strict mode format. Must be bool type")?,
            partial_update: false,
            strip_outer_array: request
                .header("strip_outer_array")
                .is_some_and(|v| v.eq_ignore_ascii_case("true")),
            json_paths,
            json_root: text("json_root").map(|p| Path::parse(&p)).transpose()?,
            content_length,
        })
    }
}

/// The `format` header: whether it is JSON, and packing; the name of a packing alone means packed CSV.
fn format(name: &str) -> Result<(bool, Option<Compression>), String> {
    match name.to_ascii_lowercase().as_str() {
        "" | "csv" => Ok((false, None)),
        "json" => Ok((true, None)),
        "lz4" => Ok((false, Some(Compression::Lz4))),
        packed => match algorithm(packed) {
            Some(algorithm) if packed != "lz4_frame" => Ok((false, Some(algorithm))),
            _ => Err(format!("unknown data format, format={name}")),
        },
    }
}

fn algorithm(name: &str) -> Option<Compression> {
    Some(match name.to_ascii_lowercase().as_str() {
        "gzip" => Compression::Gzip,
        "bzip2" => Compression::Bzip2,
        "lz4_frame" => Compression::Lz4,
        "zstd" => Compression::Zstd,
        "deflate" => Compression::Deflate,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(headers: &[(&str, &str)]) -> Result<Params, String> {
        let headers = headers.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
        Params::parse(&Request { headers, ..Request::default() })
    }

    #[test]
    fn reads_formats_and_packings() {
        let lz4 = parse(&[("format", "lz4")]).unwrap();
        assert_eq!((lz4.json, lz4.compression), (false, Some(Compression::Lz4)));
        let zstd = parse(&[("format", "json"), ("compression", "zstd")]).unwrap();
        assert_eq!((zstd.json, zstd.compression), (true, Some(Compression::Zstd)));
        assert_eq!(parse(&[("format", "avro")]).unwrap_err(), "unknown data format, format=avro");
        assert!(parse(&[("compression", "zstd"), ("content-encoding", "gzip")]).is_err());
    }

    #[test]
    fn partial_update_is_read_in_two_ways() {
        let request = |value: &str| Request {
            headers: vec![("partial_update".to_owned(), value.to_owned())],
            ..Request::default()
        };
        for (value, plain, transaction) in [
            ("true", Some(true), true),
            ("TRUE", Some(true), false),
            ("false", Some(false), false),
            ("1", None, false),
        ] {
            assert_eq!(
                Params::parse(&request(value)).ok().map(|params| params.partial_update),
                plain,
                "{value}"
            );
            let params = Params::of_transaction(&request(value)).unwrap();
            assert_eq!(params.partial_update, transaction, "{value}");
        }
    }

    #[test]
    fn checks_values() {
        assert_eq!(
            parse(&[("strict_mode", "yes")]).unwrap_err(),
            "Invalid strict mode format. Must be bool type"
        );
        assert!(parse(&[("timeout", "soon")]).unwrap_err().starts_with("Invalid timeout format"));
        assert!(parse(&[("timeout", "0")]).is_err());
        assert_eq!(parse(&[("max_filter_ratio", "x")]).unwrap().max_filter_ratio, 0.0);
        let large = (101u64 << 20).to_string();
        assert!(
            parse(&[("format", "json"), ("content-length", &large)])
                .unwrap_err()
                .contains("ignore_json_size")
        );
        assert!(
            parse(&[("format", "json"), ("content-length", &large), ("ignore_json_size", "true")]).is_ok()
        );
    }
}
