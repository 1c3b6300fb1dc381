//! Which host stands for which service, as in the real world: a login host, a Graph host, a host of the connector.
//!
//! Any other name, and any number, is neutral: there the services live side by side under `/login`, `/graph` and
//! `/teams`. A request to one of the real kind is led to the same prefixes before anything else looks at it.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use axum::extract::Request;
use axum::http::{Uri, header};

/// The neutral name that every certificate of ours carries.
pub(super) const NEUTRAL: &str = "localhost";

/// A service that has a host of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Home {
    Login,
    Graph,
    Bot,
}

impl Home {
    /// By the first label, which is what all of Microsoft's clouds have in common.
    fn of(host: &str) -> Option<Self> {
        match host.split('.').next()? {
            "login" => Some(Self::Login),
            "graph" | "dod-graph" | "microsoftgraph" => Some(Self::Graph),
            "smba" => Some(Self::Bot),
            _ => None,
        }
    }

    const fn prefix(self) -> &'static str {
        match self {
            Self::Login => "/login",
            Self::Graph => "/graph",
            Self::Bot => "/teams",
        }
    }
}

/// Where everything is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Addresses {
    pub(super) base: String,
    pub(super) login: String,
    pub(super) graph: String,
    pub(super) bot: String,
}

impl Addresses {
    /// In clear, under the address by which others reach it.
    pub(super) fn in_clear(base: String) -> Self {
        Self::beside_each_other(base)
    }

    /// Encrypted: a name that stands for a service is its address, as if it listened on the usual port.
    pub(super) fn encrypted(at: SocketAddr, names: &[String]) -> Self {
        let neutral = names.iter().find(|name| Home::of(name).is_none()).map_or(NEUTRAL, String::as_str);
        let mut addresses = Self::beside_each_other(format!("https://{neutral}:{}", at.port()));
        let own = |home| names.iter().find(|name| Home::of(name) == Some(home)).map(|name| format!("https://{name}"));
        addresses.login = own(Home::Login).unwrap_or(addresses.login);
        addresses.graph = own(Home::Graph).unwrap_or(addresses.graph);
        addresses.bot = own(Home::Bot).map_or(addresses.bot, |host| format!("{host}/teams/"));
        addresses
    }

    fn beside_each_other(base: String) -> Self {
        let (login, graph, bot) = (format!("{base}/login"), format!("{base}/graph"), format!("{base}/teams/"));
        Self { base, login, graph, bot }
    }
}

/// Where to connect to in order to reach a listener at `address`.
pub(super) fn reachable(address: SocketAddr) -> SocketAddr {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, address.port())
}

/// Leads a request for a host of the real kind to the place where that service lives here.
pub(super) async fn lead(mut request: Request) -> Request {
    let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok());
    let led = host.and_then(|host| led(host, request.uri()));
    if let Some(uri) = led {
        *request.uri_mut() = uri;
    }
    request
}

fn led(host: &str, uri: &Uri) -> Option<Uri> {
    let home = Home::of(host.split(':').next().unwrap_or(host))?;
    let written = uri.path_and_query()?.as_str();
    // The connector's own addresses begin as ours do.
    if written.starts_with("/_simulator/") || (home == Home::Bot && written.starts_with("/teams/")) {
        return None;
    }
    format!("{}{written}", home.prefix()).parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(host: &str, path: &str) -> String {
        led(host, &path.parse().unwrap()).map_or_else(|| path.to_owned(), |uri| uri.to_string())
    }

    #[test]
    fn a_host_of_the_real_kind_answers_for_its_own_service_only() {
        assert_eq!(path("login.microsoftonline.com", "/t/oauth2/v2.0/token"), "/login/t/oauth2/v2.0/token");
        assert_eq!(path("graph.microsoft.com:443", "/v1.0/users?$top=9"), "/graph/v1.0/users?$top=9");
        assert_eq!(path("dod-graph.microsoft.us", "/v1.0/users"), "/graph/v1.0/users");
        assert_eq!(path("smba.trafficmanager.net", "/teams/v3/conversations"), "/teams/v3/conversations");
        assert_eq!(path("smba.trafficmanager.net", "/graph/v1.0/users"), "/teams/graph/v1.0/users");
        assert_eq!(path("login.microsoftonline.com", "/graph/v1.0/users"), "/login/graph/v1.0/users");
        assert_eq!(path("graph.microsoft.com", "/_simulator/ledger"), "/_simulator/ledger");
        assert_eq!(path("127.0.0.1:8090", "/graph/v1.0/users"), "/graph/v1.0/users");
    }

    #[test]
    fn names_of_services_are_their_addresses_and_the_others_share_one() {
        let at = SocketAddr::from(([127, 0, 0, 1], 8443));
        let shared = Addresses::encrypted(at, &["localhost".to_owned()]);
        assert_eq!(shared.graph, "https://localhost:8443/graph");
        let names = ["login.microsoftonline.com", "smba.trafficmanager.net"].map(str::to_owned);
        let mixed = Addresses::encrypted(at, &names);
        assert_eq!(mixed.login, "https://login.microsoftonline.com");
        assert_eq!(mixed.bot, "https://smba.trafficmanager.net/teams/");
        assert_eq!(mixed.graph, "https://localhost:8443/graph");
    }
}
