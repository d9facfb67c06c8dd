//! What a [`Client`](crate::Client) needs to know.

use std::path::PathBuf;
use std::time::Duration;

use crate::endpoint::{Endpoint, HostMapping, parse_load_urls};
use crate::{LoadError, Secret};

/// Addresses, credentials, timeouts and retry policy of a [`Client`](crate::Client).
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct ClientConfig {
    /// HTTP addresses of the FEs (option `load-url`); at least one.
    pub load_urls: Vec<Endpoint>,
    /// User name for HTTP Basic; must not contain `:`.
    pub username: String,
    /// Password for HTTP Basic; may be empty.
    pub password: Secret,
    /// How long resolving a name, connecting, and the TLS handshake may take together
    /// (`sink.connect.timeout-ms`).
    pub connect_timeout: Duration,
    /// How long to wait for an answer (`sink.socket.timeout-ms` where it is above 0). `None`: a load's own
    /// `timeout` plus 10 %, and 60 s for requests without a body. A wait is never without end.
    pub socket_timeout: Option<Duration>,
    /// How long to wait for `100 Continue` before the body is sent without it
    /// (`sink.wait-for-continue.timeout-ms`).
    pub continue_timeout: Duration,
    /// How often a load is tried again after its first try (`sink.max-retries`).
    pub max_retries: u32,
    /// Pause before each further try (`sink.retry.interval-ms`).
    pub retry_interval: Duration,
    /// How long after a send whose outcome is unknown the same bytes may be sent again, under the same label, although
    /// the server doesn't know the label. Servers forget labels of finished loads after 3 days, or after 1000 further
    /// loads into the database (`label_keep_max_num`): later than this, a load that did succeed might be taken for one
    /// that never was. 10 minutes, which is not an option for users.
    pub resend_window: Duration,
    /// How long a load whose connection broke may look to the FE as if it still ran, before it is rolled back by its label
    /// and sent again. The BE that had it may be dead, and the FE then waits for the load's own `timeout`. 30 s, which is not
    /// an option for users.
    pub orphan_patience: Duration,
    /// How long the commit of a transaction may wait on the server until its rows are visible
    /// (`sink.publish-timeout.ms` where it is above 0), sent in whole seconds. Zero: as the server is set, 20 s by default.
    /// Rows that take longer are committed all the same.
    pub publish_timeout: Duration,
    /// Addresses to take instead of those that redirects name (`sink.redirect.host-mapping`).
    pub host_mapping: HostMapping,
    /// PEM file with the certificates to trust instead of the system's (`sink.tls.ca-file`).
    pub tls_ca_file: Option<PathBuf>,
    /// Whether row values are taken out of messages (`sink.sanitize-error-log`).
    pub sanitize_error_log: bool,
    /// How many threads call [`Client::load`](crate::Client::load) at the same time
    /// (`sink.io.thread-count`); that many idle connections are kept per server.
    pub connections: usize,
}

impl ClientConfig {
    /// A configuration with the documented defaults.
    pub fn new(load_urls: Vec<Endpoint>, username: impl Into<String>, password: Secret) -> Self {
        ClientConfig {
            load_urls,
            username: username.into(),
            password,
            connect_timeout: Duration::from_secs(30),
            socket_timeout: None,
            continue_timeout: Duration::from_secs(30),
            max_retries: 3,
            retry_interval: Duration::from_secs(10),
            resend_window: Duration::from_secs(600),
            orphan_patience: Duration::from_secs(30),
            publish_timeout: Duration::ZERO,
            host_mapping: HostMapping::default(),
            tls_ca_file: None,
            sanitize_error_log: false,
            connections: 2,
        }
    }

    /// Reads the configuration from options under their own keys (`load-url`, `sink.connect.timeout-ms`, ...), as
    /// `get` gives them; one that is absent has its default.
    ///
    /// # Errors
    /// `Config`, naming the key, its value and what is allowed.
    pub fn from_options<'a>(get: impl Fn(&str) -> Option<&'a str>) -> Result<Self, LoadError> {
        let required =
            |key: &str| get(key).ok_or_else(|| LoadError::config(format!("option '{key}' is missing")));
        let number = |key: &str, default: i64| match get(key) {
            None => Ok(default),
            Some(text) => text
                .trim()
                .parse::<i64>()
                .map_err(|_| LoadError::config(format!("option '{key}': '{text}' is not a whole number"))),
        };
        let at_least = |key: &str, least: i64, default: i64| {
            let value = number(key, default)?;
            if value < least {
                return Err(LoadError::config(format!("option '{key}': {value} is below {least}")));
            }
            Ok(value.unsigned_abs())
        };
        let millis =
            |key: &str, least: i64, default: i64| at_least(key, least, default).map(Duration::from_millis);

        let mut config = ClientConfig::new(
            parse_load_urls(required("load-url")?)?,
            required("username")?,
            Secret::new(required("password")?),
        );
        config.connect_timeout = millis("sink.connect.timeout-ms", 1, 30_000)?;
        config.socket_timeout = match number("sink.socket.timeout-ms", -1)? {
            ..=0 => None,
            ms => Some(Duration::from_millis(ms.unsigned_abs())),
        };
        config.continue_timeout = millis("sink.wait-for-continue.timeout-ms", 1, 30_000)?;
        config.max_retries = u32::try_from(at_least("sink.max-retries", 0, 3)?).unwrap_or(u32::MAX);
        config.retry_interval = millis("sink.retry.interval-ms", 0, 10_000)?;
        config.publish_timeout = match number("sink.publish-timeout.ms", -1)? {
            ..=0 => Duration::ZERO,
            ms => Duration::from_millis(ms.unsigned_abs()),
        };
        config.host_mapping = HostMapping::parse(get("sink.redirect.host-mapping").unwrap_or(""))?;
        config.tls_ca_file =
            get("sink.tls.ca-file").map(str::trim).filter(|path| !path.is_empty()).map(PathBuf::from);
        config.sanitize_error_log = match get("sink.sanitize-error-log").map(str::trim) {
            None => false,
            Some(text) if text.eq_ignore_ascii_case("true") => true,
            Some(text) if text.eq_ignore_ascii_case("false") => false,
            Some(text) => {
                return Err(LoadError::config(format!(
                    "option 'sink.sanitize-error-log': '{text}' is neither true nor false"
                )));
            }
        };
        config.connections = usize::try_from(at_least("sink.io.thread-count", 1, 2)?).unwrap_or(usize::MAX);
        Ok(config)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ErrorCode;

    fn options(more: &[(&'static str, &'static str)]) -> Result<ClientConfig, LoadError> {
        let mut all = vec![("load-url", "fe1:8030"), ("username", "root"), ("password", "s3cr3t")];
        all.extend_from_slice(more);
        // The last one counts.
        ClientConfig::from_options(|key| {
            all.iter().rev().find(|(name, _)| *name == key).map(|(_, value)| *value)
        })
    }

    #[test]
    fn absent_options_have_their_documented_defaults() {
        let config = options(&[]).unwrap();
        assert_eq!(config.connect_timeout, Duration::from_secs(30));
        assert_eq!(config.socket_timeout, None);
        assert_eq!(config.continue_timeout, Duration::from_secs(30));
        assert_eq!((config.max_retries, config.connections), (3, 2));
        assert_eq!(config.retry_interval, Duration::from_secs(10));
        assert_eq!(config.publish_timeout, Duration::ZERO);
        assert!(!config.sanitize_error_log);
        assert!(!format!("{config:?}").contains("s3cr3t"));
    }

    #[test]
    fn options_are_read() {
        let config = options(&[
            ("load-url", "https://a:1;b:2"),
            ("sink.connect.timeout-ms", "100"),
            ("sink.socket.timeout-ms", "5"),
            ("sink.wait-for-continue.timeout-ms", "3000"),
            ("sink.max-retries", "0"),
            ("sink.retry.interval-ms", "0"),
            ("sink.publish-timeout.ms", "1500"),
            ("sink.redirect.host-mapping", "x=y"),
            ("sink.tls.ca-file", "/ca.pem"),
            ("sink.sanitize-error-log", "TRUE"),
            ("sink.io.thread-count", "7"),
        ])
        .unwrap();
        assert_eq!(config.load_urls.len(), 2);
        assert_eq!(config.connect_timeout, Duration::from_millis(100));
        assert_eq!(config.socket_timeout, Some(Duration::from_millis(5)));
        assert_eq!(config.continue_timeout, Duration::from_secs(3));
        assert_eq!((config.max_retries, config.connections), (0, 7));
        assert_eq!(config.retry_interval, Duration::ZERO);
        assert_eq!(config.publish_timeout, Duration::from_millis(1500));
        assert_ne!(config.host_mapping, HostMapping::default());
        assert_eq!(config.tls_ca_file, Some(PathBuf::from("/ca.pem")));
        assert!(config.sanitize_error_log);
        for unbounded in ["0", "-1"] {
            assert_eq!(options(&[("sink.socket.timeout-ms", unbounded)]).unwrap().socket_timeout, None);
        }
    }

    #[test]
    fn bad_options_are_named_with_their_value() {
        for (key, value) in [
            ("load-url", "fe1"),
            ("sink.connect.timeout-ms", "0"),
            ("sink.socket.timeout-ms", "soon"),
            ("sink.max-retries", "-1"),
            ("sink.publish-timeout.ms", "1 s"),
            ("sink.io.thread-count", "0"),
            ("sink.redirect.host-mapping", "nonsense"),
            ("sink.sanitize-error-log", "yes"),
        ] {
            let e = options(&[(key, value)]).unwrap_err();
            assert_eq!(e.code, ErrorCode::Config);
            assert!(e.message.contains(key) && e.message.contains(value), "{e}");
        }
        let e = ClientConfig::from_options(|_| None).unwrap_err();
        assert!(e.message.contains("load-url"), "{e}");
    }
}
