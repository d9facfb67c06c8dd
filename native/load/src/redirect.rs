//! The `Location` of a redirect.

use std::fmt::Write;

use crate::endpoint::{Endpoint, Scheme, split_host_port, without_user_info};

/// Reads a `Location`: where to go, and the path and query to ask for there. `from` and `path` are those of the
/// request that was answered so.
///
/// StarRocks copies the request's path, but decodes and re-quotes it on the way (in most versions non-ASCII comes
/// back raw): a path that means the same as ours is replaced by ours. User and password in it are dropped.
///
/// # Errors
/// Why it can't be followed.
pub fn parse_location(location: &[u8], from: &Endpoint, path: &str) -> Result<(Endpoint, String), String> {
    let text = std::str::from_utf8(location).map_err(|_| "its Location is not text".to_owned())?.trim();
    let fail = |why: &str| format!("its Location '{}' can't be followed: {why}", shown(text));
    let (scheme, rest) = match text.split_once("://") {
        _ if text.is_empty() => return Err("its Location is empty".to_owned()),
        None if text.starts_with('/') && !text.starts_with("//") => {
            return Ok((from.clone(), target(text, path)));
        }
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case("http") => (Scheme::Http, rest),
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case("https") => (Scheme::Https, rest),
        _ => return Err(fail("it is not an http or https address")),
    };
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, tail) = rest.split_at(end);
    let authority = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let (host, port) = split_host_port(authority).map_err(|why| fail(&why))?;
    let port = port.unwrap_or(match scheme {
        Scheme::Http => 80,
        Scheme::Https => 443,
    });
    Ok((Endpoint { scheme, host, port }, target(tail, path)))
}

fn shown(text: &str) -> String {
    without_user_info(text).chars().take(200).flat_map(char::escape_debug).collect()
}

fn target(tail: &str, ours: &str) -> String {
    let tail = tail.split('#').next().unwrap_or("");
    let theirs = tail.split('?').next().unwrap_or("");
    let query = &tail[theirs.len()..];
    let path = ours.split('?').next().unwrap_or("");
    if theirs.is_empty() || decoded(theirs) == decoded(path) {
        return if query.is_empty() { ours.to_owned() } else { format!("{path}{}", encoded(query)) };
    }
    format!("{}{}", encoded(theirs), encoded(query))
}

fn decoded(path: &str) -> Vec<u8> {
    let bytes = path.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let hex = path
            .get(at + 1..at + 3)
            .filter(|_| bytes[at] == b'%')
            .and_then(|hex| u8::from_str_radix(hex, 16).ok());
        out.push(hex.unwrap_or(bytes[at]));
        at += if hex.is_some() { 3 } else { 1 };
    }
    out
}

/// Percent-encodes what must not stand in a URL, and leaves the rest, escapes included, as it is.
fn encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_graphic()
            && !matches!(byte, b'"' | b'<' | b'>' | b'\\' | b'^' | b'`' | b'{' | b'|' | b'}')
        {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const PATH: &str = "/api/d%C3%BC/t%20x/_stream_load";

    fn fe() -> Endpoint {
        Endpoint::parse("fe1:8030").unwrap()
    }

    fn go(location: &str) -> Result<(String, String), String> {
        parse_location(location.as_bytes(), &fe(), PATH).map(|(to, path)| (to.to_string(), path))
    }

    #[test]
    fn usual_locations() {
        for location in [
            "http://10.0.0.1:8040/api/d%C3%BC/t%20x/_stream_load",
            "http://10.0.0.1:8040/api/dü/t%20x/_stream_load",
            "http://10.0.0.1:8040/api/dü/t x/_stream_load",
            "http://user:pass@10.0.0.1:8040/api/d%c3%bc/t%20x/_stream_load",
            "HTTP://10.0.0.1:8040",
            "http://10.0.0.1:8040/api/d%C3%BC/t%20x/_stream_load#f",
        ] {
            assert_eq!(go(location).unwrap(), ("http://10.0.0.1:8040".into(), PATH.into()), "{location}");
        }
        assert_eq!(go("http://h/x").unwrap(), ("http://h:80".into(), "/x".into()));
        assert_eq!(go("https://h/x y?q=ü").unwrap(), ("https://h:443".into(), "/x%20y?q=%C3%BC".into()));
        assert_eq!(go("http://[fe80::1]:8040/").unwrap().0, "http://[fe80::1]:8040");
        assert_eq!(go("http://h:1/api/dü/t x/_stream_load?a=b").unwrap().1, format!("{PATH}?a=b"));
        assert_eq!(go("/elsewhere").unwrap(), ("http://fe1:8030".into(), "/elsewhere".into()));
    }

    #[test]
    fn the_query_of_the_request_is_kept() {
        let (_, path) = parse_location(b"http://h:1/a", &fe(), "/a?label=x").unwrap();
        assert_eq!(path, "/a?label=x");
    }

    #[test]
    fn bad_locations_are_refused_without_their_password() {
        for location in [
            "",
            "ftp://h:1/",
            "h:8040/x",
            "//h:1/x",
            "http://",
            "http://:8040/",
            "http://h:0/",
            "http://h:x/",
            "http://u:secret@:1/",
            "http://a b:1/",
            "http://::1:80/",
        ] {
            let why = go(location).unwrap_err();
            assert!(why.contains("Location") && !why.contains("secret"), "{why}");
        }
        assert!(parse_location(b"http://\xff:1/", &fe(), PATH).is_err());
    }

    proptest! {
        #[test]
        fn whatever_comes_becomes_a_legal_path(location in ".*", rest in ".*") {
            for text in [location.clone(), format!("http://h:1/{rest}")] {
                if let Ok((_, path)) = parse_location(text.as_bytes(), &fe(), PATH) {
                    prop_assert!(path.starts_with('/') || path.starts_with('?'));
                    prop_assert!(path.bytes().all(|b| b.is_ascii_graphic()));
                }
            }
        }
    }
}
