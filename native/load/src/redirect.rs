//! The `Location` of a redirect.

use std::fmt::Write;

use crate::endpoint::{Endpoint, Scheme, split_host_port, without_user_info};

/// Reads a `Location`: where to go, and the path and query to ask for there. `from` and `path` are those of the
/// request that was answered so.
///
/// StarRocks copies the request's path, but decodes and re-quotes it on the way (in most versions non-ASCII comes
/// back raw, or not at all): a path that means the same as ours is replaced by ours. User and password in it are dropped.
///
/// # Errors
/// Why it can't be followed.
pub fn parse_location(location: &[u8], from: &Endpoint, path: &str) -> Result<(Endpoint, String), String> {
    // What is not UTF-8 is Latin-1.
    let text = std::str::from_utf8(location)
        .map_or_else(|_| location.iter().map(|&b| char::from(b)).collect(), str::to_owned);
    let text = text.trim();
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
    let path = ours.split('?').next().unwrap_or("");
    let path_text = decoded(path);
    let lossy = lossy(&path_text);
    let end_at =
        |question_mark: usize| tail.match_indices('?').nth(question_mark).map_or(tail.len(), |(at, _)| at);
    let is = |end: usize, text: &[u8]| decoded(&tail[..end]) == text;

    let end = end_at(0);
    let lossy_end = end_at(lossy.matches('?').count());
    let query = if end == 0 || is(end, &path_text) {
        &tail[end..]
    } else if is(lossy_end, lossy.as_bytes()) {
        &tail[lossy_end..]
    } else {
        return encoded(tail);
    };
    if query.is_empty() { ours.to_owned() } else { format!("{path}{}", encoded(query)) }
}

/// The path as FEs from before June 2025 send it (StarRocks pull request 59722): their HTTP library writes the low byte of
/// each character, or `?` for one beyond Latin-1.
fn lossy(path: &[u8]) -> String {
    String::from_utf8_lossy(path).chars().map(|c| if u32::from(c) > 0xff { '?' } else { c }).collect()
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
    fn locations_whose_characters_were_lost() {
        let ours = "/api/%E6%95%B0%E6%8D%AE/%C3%BC%20t/_stream_load";
        let go = |location: &[u8]| {
            parse_location(location, &fe(), ours).map(|(to, path)| (to.to_string(), path)).unwrap()
        };
        let be = "http://10.0.0.1:8040".to_owned();
        let mut location = b"http://10.0.0.1:8040/api/??/\xfc%20t/_stream_load".to_vec();
        assert_eq!(go(&location), (be.clone(), ours.to_owned()));
        location.extend_from_slice(b"?a=b");
        assert_eq!(go(&location), (be.clone(), format!("{ours}?a=b")));
        // Another table's.
        assert_eq!(go(b"http://10.0.0.1:8040/api/?/t/_stream_load").1, "/api/?/t/_stream_load");
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
