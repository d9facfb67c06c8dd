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
