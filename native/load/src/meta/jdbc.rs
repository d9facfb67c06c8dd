//! The option `jdbc-url`.

use crate::LoadError;
use crate::endpoint::split_host_port;

/// StarRocks' port for MySQL clients (`query_port`).
const DEFAULT_PORT: u16 = 9030;

const PREFIXES: [&str; 4] =
    ["jdbc:mysql://", "jdbc:mysql:loadbalance://", "jdbc:mysql:replication://", "jdbc:mariadb://"];

/// Reads `jdbc:mysql://host[:port][,host[:port]...][/database][?parameters]`. IPv6 addresses stand in brackets.
///
/// Parameters are for JDBC drivers and mean nothing here, but for those that demand encryption: they are refused.
pub(super) fn parse(url: &str) -> Result<Vec<(String, u16)>, LoadError> {
    let fail = |why: String| {
        Err(LoadError::config(format!(
            "jdbc-url can't be used: {why}; what is expected is jdbc:mysql://fe1:9030,fe2:9030, IPv6 addresses in brackets"
        )))
    };
    let url = url.trim();
    let Some(rest) = PREFIXES.iter().find_map(|prefix| {
        url.get(..prefix.len()).filter(|head| head.eq_ignore_ascii_case(prefix)).map(|_| &url[prefix.len()..])
    }) else {
        return fail("it doesn't begin with jdbc:mysql://".to_owned());
    };
    let (rest, parameters) = rest.split_once('?').unwrap_or((rest, ""));
    let hosts = rest.split('/').next().unwrap_or(rest);
    for parameter in parameters.split('&') {
        let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
        let demands = match name.to_ascii_lowercase().as_str() {
            "usessl" | "requiressl" => value.eq_ignore_ascii_case("true"),
            "sslmode" => {
                !matches!(value.to_ascii_lowercase().as_str(), "disabled" | "disable" | "preferred" | "")
            }
            _ => false,
        };
        if demands {
            return fail(format!(
                "{name}={value} asks for an encrypted connection, which reading the table's schema doesn't support; \
                 leave it out"
            ));
        }
    }
    let mut found = Vec::new();
    for entry in hosts.split(',').map(str::trim).filter(|entry| !entry.is_empty()) {
        match split_host_port(entry) {
            Ok((host, port)) => found.push((host, port.unwrap_or(DEFAULT_PORT))),
            // The entry may hold a password.
            Err(why) if entry.contains('@') => return fail(why),
            Err(why) => return fail(format!("'{entry}': {why}")),
        }
    }
    if found.is_empty() {
        return fail("it names no host".to_owned());
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ErrorCode;

    fn hosts(url: &str) -> Vec<(String, u16)> {
        parse(url).unwrap()
    }

    fn host(name: &str, port: u16) -> (String, u16) {
        (name.to_owned(), port)
    }

    #[test]
    fn urls_that_work() {
        assert_eq!(hosts("jdbc:mysql://fe1:9030"), [host("fe1", 9030)]);
        assert_eq!(hosts(" JDBC:MySQL://FE1 "), [host("fe1", 9030)]);
        assert_eq!(
            hosts("jdbc:mysql://fe1:1,[::1]:2, fe3/db?useSSL=false&serverTimezone=UTC&sslMode=DISABLED"),
            [host("fe1", 1), host("::1", 2), host("fe3", 9030)]
        );
        assert_eq!(hosts("jdbc:mysql://fe1:9030?a=b/c"), [host("fe1", 9030)]);
        assert_eq!(hosts("jdbc:mysql:loadbalance://a,b/"), [host("a", 9030), host("b", 9030)]);
    }

    #[test]
    fn urls_that_do_not() {
        for url in [
            "",
            "fe1:9030",
            "mysql://fe1:9030",
            "jdbc:mysql://",
            "jdbc:mysql:///db",
            "jdbc:mysql://fe1:x",
            "jdbc:mysql://fe1:99999",
            "jdbc:mysql://::1:9030",
            "jdbc:mysql://user:s3cr3t@fe1:9030/db",
            "jdbc:mysql://fe1?useSSL=true",
            "jdbc:mysql://fe1?a=b&sslMode=REQUIRED",
            "jdbc:mysql://fe1?requireSSL=TRUE",
        ] {
            let e = parse(url).unwrap_err();
            assert_eq!(e.code, ErrorCode::Config);
            assert!(e.message.contains("jdbc-url") && !e.message.contains("s3cr3t"), "{e}");
        }
    }
}
