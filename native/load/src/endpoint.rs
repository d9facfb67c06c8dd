//! Server addresses: load URLs, redirect targets, and the mapping between them.

use std::fmt;

use crate::LoadError;

/// `http` or `https`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scheme {
    /// Plain HTTP.
    Http,
    /// HTTP over TLS.
    Https,
}

impl Scheme {
    fn split(text: &str) -> (Option<Scheme>, &str) {
        for (prefix, scheme) in [("http://", Scheme::Http), ("https://", Scheme::Https)] {
            if let Some(head) = text.get(..prefix.len())
                && head.eq_ignore_ascii_case(prefix)
            {
                return (Some(scheme), &text[prefix.len()..]);
            }
        }
        (None, text)
    }

    /// The scheme as it stands in a URL.
    pub fn as_str(self) -> &'static str {
        match self {
            Scheme::Http => "http",
            Scheme::Https => "https",
        }
    }
}

/// Scheme, host and port of an HTTP server. Displayed as `http://fe1:8030`, `https://[::1]:8030`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Endpoint {
    /// Plain or over TLS.
    pub scheme: Scheme,
    /// Host name or address, lower case, IPv6 addresses without brackets.
    pub host: String,
    /// TCP port.
    pub port: u16,
}

impl Endpoint {
    /// Reads `host:port`, `http://host:port` or `https://host:port`; a path of `/` at the end is allowed.
    /// IPv6 addresses stand in brackets. The port must be given.
    pub fn parse(entry: &str) -> Result<Endpoint, String> {
        let (scheme, rest) = Scheme::split(entry.trim());
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        let (host, port) = split_host_port(rest)?;
        let port = port.ok_or_else(|| "the port is missing".to_owned())?;
        Ok(Endpoint { scheme: scheme.unwrap_or(Scheme::Http), host, port })
    }

    /// `host:port`, IPv6 addresses in brackets.
    pub fn authority(&self) -> String {
        if self.host.contains(':') {
            format!("[{}]:{}", self.host, self.port)
        } else {
            format!("{}:{}", self.host, self.port)
        }
    }

    pub(crate) fn same_address(&self, other: &Endpoint) -> bool {
        self.port == other.port && self.host == other.host
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.scheme.as_str(), self.authority())
    }
}

/// Reads the option `load-url`: entries separated by `;`, each as [`Endpoint::parse`] takes it.
///
/// # Errors
/// Names the entry that can't be read, and why.
pub fn parse_load_urls(text: &str) -> Result<Vec<Endpoint>, LoadError> {
    let urls = text
        .split(';')
        .map(str::trim)
        .filter(|entry| !entry.is_empty())
        .map(|entry| {
            Endpoint::parse(entry).map_err(|why| {
                LoadError::config(format!(
                    "load-url: entry '{}' can't be used: {why}; what is expected is host:port or http(s)://host:port, \
                     several separated by ';', IPv6 addresses in brackets",
                    without_user_info(entry)
                ))
            })
        })
        .collect::<Result<Vec<_>, _>>()?;
    if urls.is_empty() {
        return Err(LoadError::config(
            "load-url is empty: give the HTTP address of at least one FE, such as fe1:8030",
        ));
    }
    Ok(urls)
}

/// A URL's `user:password@` has no business in a message.
pub(crate) fn without_user_info(text: &str) -> String {
    let (head, rest) = match text.find("://") {
        Some(at) => text.split_at(at + 3),
        None => ("", text),
    };
    let authority_end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    match rest[..authority_end].rfind('@') {
        Some(at) => format!("{head}{}", &rest[at + 1..]),
        None => text.to_owned(),
    }
}

/// Splits `host`, `host:port`, `[v6]`, `[v6]:port`. The host comes back lower case and without brackets.
pub(crate) fn split_host_port(text: &str) -> Result<(String, Option<u16>), String> {
    if text.contains('@') {
        return Err("user and password don't belong into it".to_owned());
    }
    let (host, port) = if let Some(rest) = text.strip_prefix('[') {
        let (host, tail) = rest.split_once(']').ok_or("the closing ']' is missing")?;
        host.parse::<std::net::Ipv6Addr>().map_err(|_| format!("'{host}' is not an IPv6 address"))?;
        match tail {
            "" => (host, None),
            _ => (host, Some(tail.strip_prefix(':').ok_or("after ']' comes ':' and the port")?)),
        }
    } else {
        match text.split_once(':') {
            Some((_, port)) if port.contains(':') => {
                return Err("it has several ':'; IPv6 addresses stand in brackets".to_owned());
            }
            Some((host, port)) => (host, Some(port)),
            None => (text, None),
        }
    };
    if host.is_empty() {
        return Err("the host is missing".to_owned());
    }
    let legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_' | ':' | '%');
    if let Some(bad) = host.chars().find(|&c| !legal(c)) {
        return Err(format!("'{bad}' can't be in a host name"));
    }
    let port = match port {
        None => None,
        Some(port) => match port.parse::<u16>() {
            Ok(number) if number > 0 && port.bytes().all(|b| b.is_ascii_digit()) => Some(number),
            _ => return Err(format!("'{port}' is not a port")),
        },
    };
    Ok((host.to_ascii_lowercase(), port))
}

/// The option `sink.redirect.host-mapping`: which address to take instead of the one an FE names.
///
/// Entries `from=to`, separated by `;`. `from` is `host:port` or `host` (then for every port); `to` is `host:port`,
/// `host` (the port stays), or either with `http://` or `https://` before it to set the scheme too.
/// An entry with a port goes before one without.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HostMapping {
    entries: Vec<Mapping>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Mapping {
    from: (String, Option<u16>),
    scheme: Option<Scheme>,
    to: (String, Option<u16>),
}

impl HostMapping {
    /// Reads the option's text; an empty one maps nothing.
    ///
    /// # Errors
    /// Names the entry that can't be read, and why.
    pub fn parse(text: &str) -> Result<HostMapping, LoadError> {
        let mut entries: Vec<Mapping> = Vec::new();
        for entry in text.split(';').map(str::trim).filter(|entry| !entry.is_empty()) {
            let mapping = Self::entry(entry).map_err(|why| {
                LoadError::config(format!(
                    "sink.redirect.host-mapping: entry '{}' can't be used: {why}; what is expected is \
                     beHost:port=host:port, several separated by ';', IPv6 addresses in brackets",
                    without_user_info(entry)
                ))
            })?;
            if entries.iter().any(|other| other.from == mapping.from) {
                return Err(LoadError::config(format!(
                    "sink.redirect.host-mapping: '{}' is mapped twice",
                    entry.split('=').next().unwrap_or(entry).trim()
                )));
            }
            entries.push(mapping);
        }
        // Entries with a port first: the first one that fits is taken.
        entries.sort_by_key(|mapping| mapping.from.1.is_none());
        Ok(HostMapping { entries })
    }

    fn entry(entry: &str) -> Result<Mapping, String> {
        let (from, to) = entry.split_once('=').ok_or("'=' is missing")?;
        let from = split_host_port(from.trim())?;
        let (scheme, to) = Scheme::split(to.trim());
        Ok(Mapping { from, scheme, to: split_host_port(to)? })
    }

    /// The address to use for the one the server named.
    pub fn apply(&self, named: &Endpoint) -> Endpoint {
        let fits = |m: &&Mapping| m.from.0 == named.host && m.from.1.is_none_or(|port| port == named.port);
        match self.entries.iter().find(fits) {
            None => named.clone(),
            Some(mapping) => Endpoint {
                scheme: mapping.scheme.unwrap_or(named.scheme),
                host: mapping.to.0.clone(),
                port: mapping.to.1.unwrap_or(named.port),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::ErrorCode;

    fn urls(text: &str) -> Vec<String> {
        parse_load_urls(text).unwrap().iter().map(ToString::to_string).collect()
    }

    #[test]
    fn load_urls_that_work() {
        assert_eq!(urls("fe1:8030"), ["http://fe1:8030"]);
        assert_eq!(urls(" fe1:8030 ; FE2:8030;"), ["http://fe1:8030", "http://fe2:8030"]);
        assert_eq!(urls("https://fe1:8443;HTTP://fe2:1/"), ["https://fe1:8443", "http://fe2:1"]);
        assert_eq!(urls("httpfoo:8030;httpsfoo:1"), ["http://httpfoo:8030", "http://httpsfoo:1"]);
        assert_eq!(urls("[::1]:8030;https://[FE80::2]:1"), ["http://[::1]:8030", "https://[fe80::2]:1"]);
        assert_eq!(urls("10.0.0.1:65535"), ["http://10.0.0.1:65535"]);
    }

    #[test]
    fn load_urls_that_do_not_name_the_entry() {
        for entry in [
            "fe1",
            "fe1:",
            ":8030",
            "fe1:0",
            "fe1:70000",
            "fe1:+1",
            "fe1:80x",
            "::1:8030",
            "[::1]",
            "[::1",
            "[x]:1",
            "[::1]8030",
            "ftp://fe1:1",
            "http://fe1",
            "fe1:8030/path",
            "fe 1:8030",
            "fe1:8030,fe2:8030",
        ] {
            let e = parse_load_urls(&format!("good:1;{entry}")).unwrap_err();
            assert_eq!(e.code, ErrorCode::Config);
            assert!(e.message.contains(&format!("'{entry}'")) && e.message.contains("load-url"), "{e}");
        }
        for empty in ["", " ; ;"] {
            assert!(parse_load_urls(empty).unwrap_err().message.contains("load-url is empty"));
        }
        let e = parse_load_urls("http://root:s3cr3t@fe1:8030").unwrap_err();
        assert!(!e.message.contains("s3cr3t"), "{e}");
    }

    fn mapped(mapping: &str, from: &str) -> String {
        HostMapping::parse(mapping).unwrap().apply(&Endpoint::parse(from).unwrap()).to_string()
    }

    #[test]
    fn hosts_are_mapped() {
        let mapping =
            "10.0.0.1:8040=proxy:1; 10.0.0.1=other ;be2=https://be2.example:443;[::1]:8040=[::2]:9;";
        assert_eq!(mapped(mapping, "10.0.0.1:8040"), "http://proxy:1");
        assert_eq!(mapped(mapping, "10.0.0.1:8041"), "http://other:8041");
        assert_eq!(mapped(mapping, "BE2:8040"), "https://be2.example:443");
        assert_eq!(mapped(mapping, "[::1]:8040"), "http://[::2]:9");
        assert_eq!(mapped(mapping, "10.0.0.2:8040"), "http://10.0.0.2:8040");
        assert_eq!(mapped("", "a:1"), "http://a:1");
        // The entry with a port goes first wherever it stands.
        assert_eq!(mapped("a=b;a:1=c:2", "a:1"), "http://c:2");
    }

    #[test]
    fn bad_mappings_are_named() {
        for entry in ["a", "a:1", "=b", "a=", "a:x=b", "a=b:x", "a=b=c", "::1=b"] {
            let e = HostMapping::parse(&format!("x=y;{entry}")).unwrap_err();
            assert!(e.message.contains(&format!("'{entry}'")) && e.message.contains("host-mapping"), "{e}");
        }
        assert!(HostMapping::parse("a:1=b:1;A:1=c:1").unwrap_err().message.contains("twice"));
    }

    proptest! {
        #[test]
        fn what_is_shown_can_be_read(text in ".{0,30}") {
            if let Ok(endpoint) = Endpoint::parse(&text) {
                prop_assert_eq!(Endpoint::parse(&endpoint.to_string()), Ok(endpoint));
            }
            let _ = HostMapping::parse(&text);
            let _ = parse_load_urls(&text);
        }
    }
}
