//! The way of a request: from an FE over redirects to the server that answers it.

use std::fmt;

use crate::Endpoint;
use crate::ErrorCode;
use crate::client::Client;
use crate::frontends::Frontend;
use crate::http::Answer;
use crate::problem::Problem;
use crate::redirect::parse_location;

/// Redirects that one try follows: follower FE, leader FE, BE, and one to spare.
pub(crate) const MAX_REDIRECTS: usize = 3;

/// Whether an answer's status sends the request elsewhere.
pub(crate) fn is_redirect(status: u16) -> bool {
    matches!(status, 301 | 302 | 307 | 308)
}

/// Where a request has been sent so far, and what it asks for there. Displayed as `http://fe1:8030 -> http://be2:8040`.
#[derive(Debug)]
pub(crate) struct Route {
    from: Vec<Endpoint>,
    to: Endpoint,
    path: String,
}

impl Route {
    pub(crate) fn new(to: &Endpoint, path: &str) -> Route {
        Route { from: Vec::new(), to: to.clone(), path: path.to_owned() }
    }

    /// The server whose turn it is.
    pub(crate) fn server(&self) -> &Endpoint {
        &self.to
    }

    /// Path and query to ask it for.
    pub(crate) fn path(&self) -> &str {
        &self.path
    }

    /// The server that named it; `None`: it is an entry of `load-url`.
    pub(crate) fn named_by(&self) -> Option<&Endpoint> {
        self.from.last()
    }

    /// Goes where the answer's `Location` says, and says whether that is an FE of `load-url`. Whatever else a server
    /// names is taken for a BE.
    ///
    /// # Errors
    /// Why that can't be done.
    pub(crate) fn follow(&mut self, answer: &Answer, client: &Client) -> Result<bool, String> {
        if self.from.len() >= MAX_REDIRECTS {
            return Err(format!("more than {MAX_REDIRECTS} redirects: {self}"));
        }
        let location = answer.location.as_deref().unwrap_or_default();
        let (named, path) = parse_location(location, &self.to, &self.path)
            .map_err(|why| format!("{self} redirects, but {why}"))?;
        let to = client.config.host_mapping.apply(&named);
        let is_fe = client.frontends.contains(&named) || client.frontends.contains(&to);
        self.from.push(std::mem::replace(&mut self.to, to));
        self.path = path;
        Ok(is_fe)
    }

    /// Why the server can't be reached, with what to do about it.
    pub(crate) fn unreachable(&self, why: &str) -> String {
        let be = &self.to;
        match self.named_by() {
            Some(fe) => format!(
                "FE {fe} redirected to BE {be}, which can't be reached ({why}). This BE's HTTP port must be reachable \
                 from the TaskManagers; if it has another address from there, set sink.redirect.host-mapping"
            ),
            None => format!("BE {be} can't be reached ({why})"),
        }
    }

    /// The FE that this way began at can't be used now.
    pub(crate) fn unusable(&self, why: &str, timed_out: bool) -> Unusable {
        let why = if self.from.is_empty() { why.to_owned() } else { format!("{self}: {why}") };
        Unusable { why, timed_out, http_status: None }
    }
}

impl fmt::Display for Route {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for server in &self.from {
            write!(f, "{server} -> ")?;
        }
        self.to.fmt(f)
    }
}

/// Why an FE can't be used now.
#[derive(Debug)]
pub(crate) struct Unusable {
    pub(crate) why: String,
    pub(crate) timed_out: bool,
    /// The status of its answer, where that is what is wrong with it.
    pub(crate) http_status: Option<u16>,
}

impl Unusable {
    /// Its answer was that of some other server.
    fn is_no_fe(&self) -> bool {
        matches!(self.http_status, Some(400 | 404 | 405 | 411 | 501))
    }
}

/// The FEs that one try asked in vain.
#[derive(Debug, Default)]
pub(crate) struct InVain(Vec<(String, Unusable)>);

impl InVain {
    pub(crate) fn note(&mut self, client: &Client, fe: &Frontend, unusable: Unusable) {
        client.frontends.failed(fe);
        self.0.push((fe.endpoint.to_string(), unusable));
    }

    /// Why they were, if all that answered don't know the path they were asked for.
    pub(crate) fn no_route(&self) -> Option<String> {
        let mut answers = self.0.iter().filter_map(|(_, unusable)| unusable.http_status).peekable();
        answers.peek()?;
        answers.all(|status| matches!(status, 404 | 405 | 501)).then(|| self.reasons())
    }

    fn reasons(&self) -> String {
        let reasons: Vec<_> = self.0.iter().map(|(fe, unusable)| format!("{fe}: {}", unusable.why)).collect();
        reasons.join("; ")
    }

    /// What it means that all were asked in vain.
    pub(crate) fn problem(&self) -> Problem {
        let reasons = self.reasons();
        let all = |is: fn(&Unusable) -> bool| self.0.iter().all(|(_, unusable)| is(unusable));
        if all(Unusable::is_no_fe) {
            // Tried again all the same: proxies say 404 for servers that are not up yet.
            let what = format!("no address in load-url is that of an FE's HTTP port: {reasons}");
            return Problem::new(ErrorCode::Config, what);
        }
        let code = if all(|unusable| unusable.timed_out) { ErrorCode::Timeout } else { ErrorCode::Connect };
        Problem::new(code, format!("no FE can be used: {reasons}"))
    }
}
