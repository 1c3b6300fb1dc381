//! Which clouds there are, and how they differ. A profile names every URL, scope and plan and every known difference, so
//! that a government cloud, the simulator or a test server is one setting. All of it is data: `clouds.toml`. Nothing else
//! in the program names a host of Microsoft.

use std::collections::BTreeSet;
use std::str::FromStr;
use std::sync::LazyLock;

use serde::{Deserialize, Serialize};
use url::{Host, Url};
use uuid::Uuid;

use super::fault::Fault;

/// The clouds that Microsoft runs, and yours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cloud {
    /// The commercial cloud.
    Global,
    /// US government, moderate: global logins, a bot host of its own.
    Gcc,
    /// US government L4.
    GccHigh,
    /// US government L5.
    Dod,
    /// China, run by 21Vianet.
    China,
    /// Every URL given: the simulator, a test server.
    Custom,
}

impl Cloud {
    /// All of them.
    pub const ALL: [Self; 6] = [Self::Global, Self::Gcc, Self::GccHigh, Self::Dod, Self::China, Self::Custom];

    /// The word used in settings.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Global => "global",
            Self::Gcc => "gcc",
            Self::GccHigh => "gcc_high",
            Self::Dod => "dod",
            Self::China => "china",
            Self::Custom => "custom",
        }
    }
}

/// A text that names no cloud.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("“{0}” is not a cloud: use global, gcc, gcc_high, dod, china or custom")]
pub struct NotACloud(String);

impl FromStr for Cloud {
    type Err = NotACloud;

    fn from_str(text: &str) -> Result<Self, NotACloud> {
        Self::ALL.into_iter().find(|cloud| cloud.name() == text).ok_or_else(|| NotACloud(text.to_owned()))
    }
}

/// Everything that differs from cloud to cloud. The fields are open: settings may replace any of them.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CloudProfile {
    /// Which cloud it describes.
    #[serde(rename = "name")]
    pub cloud: Cloud,
    /// Where tokens come from.
    pub login_url: Url,
    /// Microsoft Graph.
    pub graph_url: Url,
    /// Where messages go until Teams names another host. `None` where none is published: it must be set.
    #[serde(default)]
    pub bot_url: Option<Url>,
    /// The scope of tokens for Graph.
    pub graph_scope: String,
    /// The scope of tokens for the bot connector.
    pub bot_scope: String,
    /// The tenant whose tokens a multi-tenant bot uses.
    pub bot_tenant: String,
    /// What a token of somebody whom the app trusts is for, when it stands in for a secret.
    pub exchange_audience: String,
    /// Where a virtual machine of this cloud asks for the tokens of its identities.
    pub identity_url: Url,
    /// Who signs what Teams posts to the bot.
    pub issuer: String,
    /// Where the keys for that are published.
    pub openid_url: Url,
    /// Who issues access tokens of version 1.0, before the tenant's id; the tenant's own document names only who issues
    /// those of version 2.0.
    pub token_issuer: String,
    /// Hosts that may be sent a bot token; `*.` stands for any labels in front.
    pub service_hosts: Vec<String>,
    /// Service plans that include Teams.
    pub teams_plans: Vec<Uuid>,
    /// Hosts of the Teams client, to which links within Teams lead.
    pub teams_hosts: Vec<String>,
    /// What works there.
    pub features: Features,
}

/// Whether something works in a cloud, by what its operator publishes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Availability {
    /// It does.
    Yes,
    /// Its operator's pages contradict each other: only trying it tells.
    Uncertain,
    /// It does not.
    No,
}

/// What is known to differ between clouds.
///
/// Source: Microsoft Graph, "National cloud deployments" and "Teams: differences in national clouds", against the pages of
/// the single operations (read November 2026).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Features {
    /// An app may install itself for people, ask whether it is installed, and learn the chat.
    pub proactive_install: Availability,
    /// Entries in activity feeds.
    pub activity_feed: Availability,
    /// Cards show pictures that Teams fetches by a link.
    pub image_links: Availability,
}

impl Features {
    /// Why nobody can be notified in this cloud, with the cure; `None` where it works or may work.
    pub fn feed_fault(&self, cloud: Cloud, field: &str) -> Option<Fault> {
        (self.activity_feed == Availability::No).then(|| {
            let problem = format!("cannot be used: the cloud {} has no activity feed for apps", cloud.name());
            Fault::new(field, problem, "Send a message to each person's chat instead.")
        })
    }

    /// Why no card shows a picture by its link in this cloud, with the cure; `None` where it does, or may.
    pub fn image_link_fault(&self, cloud: Cloud, field: &str) -> Option<Fault> {
        (self.image_links == Availability::No).then(|| {
            let problem = format!("is a link, and the cloud {} shows no linked pictures in cards", cloud.name());
            Fault::new(
                field,
                problem,
                "Give the picture's file instead of its link: it then travels inside the message.",
            )
        })
    }
}

#[derive(Deserialize)]
struct CloudsFile {
    cloud: Vec<CloudProfile>,
}

static PUBLISHED: LazyLock<Vec<CloudProfile>> = LazyLock::new(|| {
    // Invariant: the file is part of the program, and a test reads it.
    let file: CloudsFile = toml::from_str(include_str!("clouds.toml")).expect("clouds.toml is well formed");
    file.cloud
});

impl CloudProfile {
    /// The profile of one of Microsoft's clouds; `None` for [`Cloud::Custom`], whose URLs nobody publishes.
    pub fn published(cloud: Cloud) -> Option<Self> {
        PUBLISHED.iter().find(|profile| profile.cloud == cloud).cloned()
    }

    /// A cloud of your own. Scopes, issuer and the multi-tenant bot's tenant are the global ones, the licence plans
    /// everybody's; the keys for what Teams posts to the bot are looked for beside the tokens.
    pub fn custom(login_url: Url, graph_url: Url, bot_url: Url) -> Self {
        let global = &PUBLISHED[0];
        let keys = format!("{}{}", base(&login_url), global.openid_url.path());
        let openid_url = keys.parse().unwrap_or_else(|_| login_url.clone());
        let teams_plans = PUBLISHED.iter().flat_map(|profile| profile.teams_plans.iter().copied()).collect();
        Self {
            cloud: Cloud::Custom,
            openid_url,
            login_url,
            graph_url,
            bot_url: Some(bot_url),
            service_hosts: Vec::new(),
            teams_plans,
            ..global.clone()
        }
    }

    /// Every host that is spoken to. Where no host of the connector is published, one that the list of those allowed would
    /// let a token go to.
    pub fn hosts(&self) -> Vec<String> {
        let unpublished = || self.service_hosts.first().map(|known| known.replacen('*', "smba", 1));
        let bot = self.bot_url.as_ref().and_then(Url::host_str).map(str::to_owned).or_else(unpublished);
        let login = [&self.login_url, &self.graph_url, &self.openid_url].map(Url::host_str);
        let mut hosts: Vec<String> = login.into_iter().flatten().map(str::to_owned).collect();
        hosts.splice(2..2, bot);
        hosts
    }

    /// Whether a bot token may be sent to `url`.
    ///
    /// The host that the settings name is always allowed, and so are the cloud's. Without encryption only a custom
    /// cloud may be spoken to; loopback belongs to a custom cloud only.
    pub fn allows_service_url(&self, url: &Url) -> bool {
        let custom = self.cloud == Cloud::Custom;
        let scheme = url.scheme() == "https" || (custom && url.scheme() == "http");
        let plain = url.username().is_empty() && url.password().is_none();
        let Some(host) = url.host_str().filter(|_| scheme && plain) else { return false };
        if is_loopback(url) {
            return custom;
        }
        let configured = self.bot_url.as_ref().is_some_and(|ours| ours.host_str() == Some(host));
        configured || self.service_hosts.iter().any(|pattern| matches_host(pattern, host))
    }

    /// Whether `named` is a service URL to which a bot token may be sent.
    pub fn allows_service(&self, named: &str) -> bool {
        named.parse().is_ok_and(|url| self.allows_service_url(&url))
    }

    /// Whether secrets would cross a network unencrypted: somebody's test set-up, one hopes.
    pub fn travels_in_clear(&self) -> bool {
        let urls = [&self.login_url, &self.graph_url].into_iter().chain(&self.bot_url);
        urls.into_iter().any(|url| url.scheme() == "http" && !is_loopback(url))
    }

    /// What is wrong with this profile, in a sentence; `None` when nothing is.
    pub fn fault(&self) -> Option<String> {
        let urls = [("login_url", Some(&self.login_url)), ("graph_url", Some(&self.graph_url))];
        for (name, url) in urls.into_iter().chain([("bot_url", self.bot_url.as_ref())]) {
            let Some(url) = url else {
                let cloud = self.cloud.name();
                return Some(format!(
                    "the cloud {cloud} publishes no bot host: set teams.bot_url to the serviceUrl that Teams names in what it \
                     posts to a bot there"
                ));
            };
            let web = matches!(url.scheme(), "http" | "https") && url.has_host();
            if !web || url.query().is_some() || url.fragment().is_some() || !url.username().is_empty() {
                return Some(format!(
                    "teams.{name} must be a plain web address, such as https://host/path; it is {url}"
                ));
            }
            let guarded = url.scheme() == "https" && !is_loopback(url);
            let host = url.host_str().unwrap_or_default();
            if url.scheme() == "http" && is_microsofts(host) {
                return Some(format!("teams.custom.{name} sends secrets to {host} unencrypted: write https"));
            }
            if self.cloud != Cloud::Custom && !guarded {
                return Some(format!("teams.{name} must begin with https and name no loopback host; it is {url}"));
            }
        }
        None
    }
}

/// Whether `host` is one that Microsoft itself answers at: its domain is that of a host in some profile.
pub fn is_microsofts(host: &str) -> bool {
    let host = host.to_lowercase();
    DOMAINS.iter().any(|domain| host == *domain || host.ends_with(&format!(".{domain}")))
}

/// Whether links to `host` lead into the Teams client, in whichever cloud.
pub fn is_of_teams(host: &str) -> bool {
    PUBLISHED.iter().any(|profile| profile.teams_hosts.iter().any(|known| known == host))
}

/// Whether `host` is Graph, of whichever cloud.
pub fn is_of_graph(host: &str) -> bool {
    PUBLISHED.iter().any(|profile| profile.graph_url.host_str() == Some(host))
}

/// How a link into Teams begins, for whoever has to be told.
pub fn example_of_link() -> String {
    PUBLISHED
        .first()
        .and_then(|profile| profile.teams_hosts.first())
        .map_or_else(String::new, |host| format!("https://{host}/l/"))
}

/// Where Graph is in the commercial cloud, for whoever is shown an example.
pub fn example_of_graph() -> String {
    PUBLISHED.first().map_or_else(String::new, |profile| profile.graph_url.as_str().trim_end_matches('/').to_owned())
}

/// The last two labels of every host in the profiles.
static DOMAINS: LazyLock<BTreeSet<String>> = LazyLock::new(|| {
    let of = |profile: &CloudProfile| {
        let urls = [&profile.login_url, &profile.graph_url, &profile.openid_url].into_iter().chain(&profile.bot_url);
        let hosts = urls.filter_map(Url::host_str).map(str::to_owned);
        let named = profile.service_hosts.iter().chain(&profile.teams_hosts).cloned();
        hosts.chain(named).collect::<Vec<_>>()
    };
    let domain =
        |host: String| host.rsplitn(3, '.').take(2).collect::<Vec<_>>().into_iter().rev().collect::<Vec<_>>().join(".");
    PUBLISHED.iter().flat_map(of).map(domain).collect()
});

/// `url` without the slashes at its end, ready for a path.
pub fn base(url: &Url) -> String {
    url.as_str().trim_end_matches('/').to_owned()
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback() || address.is_unspecified(),
        Some(Host::Ipv6(address)) => address.is_loopback() || address.is_unspecified(),
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        None => false,
    }
}

fn matches_host(pattern: &str, host: &str) -> bool {
    match pattern.strip_prefix('*') {
        Some(suffix) => host.len() > suffix.len() && host.ends_with(suffix),
        None => pattern == host,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Url {
        text.parse().unwrap()
    }

    #[test]
    fn every_published_cloud_has_a_sound_profile() {
        for cloud in Cloud::ALL.into_iter().filter(|cloud| *cloud != Cloud::Custom) {
            let profile = CloudProfile::published(cloud).unwrap();
            assert_eq!(cloud.name().parse(), Ok(profile.cloud));
            assert_eq!(profile.fault().is_some(), cloud == Cloud::China, "{cloud:?}");
            assert!(profile.bot_url.iter().all(|url| profile.allows_service_url(url)), "{cloud:?}");
            assert!(!profile.teams_plans.is_empty());
            assert!(profile.exchange_audience.starts_with("api://AzureADTokenExchange"), "{cloud:?}");
        }
        assert_eq!(CloudProfile::published(Cloud::Custom), None);
    }

    #[test]
    fn a_bot_token_goes_to_listed_hosts_only() {
        let global = CloudProfile::published(Cloud::Global).unwrap();
        for allowed in ["https://smba.trafficmanager.net/emea/x/", "https://smba.infra.gcc.teams.microsoft.com/teams"] {
            assert!(global.allows_service_url(&url(allowed)), "{allowed}");
        }
        for refused in [
            "http://smba.trafficmanager.net/teams/",
            "https://smba.trafficmanager.net.evil.example/teams/",
            "https://evilbotframework.com/",
            "https://botframework.com.evil.example/",
            "https://smba.trafficmanager.net@evil.example/",
            "https://user:word@smba.trafficmanager.net/",
            "https://127.0.0.1/",
            "https://[::1]/",
            "https://localhost/",
        ] {
            assert!(!global.allows_service_url(&url(refused)), "{refused}");
        }
    }

    #[test]
    fn a_host_of_microsoft_is_told_by_its_domain() {
        for host in
            ["login.microsoftonline.com", "GRAPH.microsoft.com", "login.chinacloudapi.cn", "x.botframework.azure.us"]
        {
            assert!(is_microsofts(host), "{host}");
        }
        for host in ["microsoft.com.evil.example", "evilmicrosoft.com", "127.0.0.1", "localhost", "com", ""] {
            assert!(!is_microsofts(host), "{host}");
        }
        assert!(is_of_teams("teams.microsoft.com") && !is_of_teams("graph.microsoft.com"));
        assert!(is_of_graph("graph.microsoft.us") && !is_of_graph("graph.microsoft.com.contoso.example"));
        assert_eq!(example_of_link(), "https://teams.microsoft.com/l/");
    }

    #[test]
    fn a_cloud_without_a_feed_says_what_to_do_instead() {
        let fault = |cloud| CloudProfile::published(cloud).unwrap().features.feed_fault(cloud, "--feed");
        assert_eq!(fault(Cloud::Global), None);
        assert_eq!(fault(Cloud::Dod), None);
        let fault = fault(Cloud::China).unwrap();
        assert!(fault.problem.contains("china") && fault.cure.contains("chat"), "{fault}");
    }

    #[test]
    fn a_cloud_that_shows_no_linked_pictures_says_what_to_do_instead() {
        let fault = |cloud| CloudProfile::published(cloud).unwrap().features.image_link_fault(cloud, "image.url");
        assert_eq!([Cloud::Global, Cloud::Gcc, Cloud::China].map(|cloud| fault(cloud).is_some()), [false; 3]);
        let fault = [Cloud::GccHigh, Cloud::Dod].map(|cloud| fault(cloud).unwrap());
        assert!(fault[0].problem.contains("gcc_high") && fault[1].cure.contains("inside the message"), "{fault:?}");
    }

    #[test]
    fn a_secret_never_goes_to_microsoft_in_clear() {
        let (ours, theirs) = (url("http://127.0.0.1:9000/"), url("http://login.microsoftonline.com/"));
        let fault = CloudProfile::custom(theirs, ours.clone(), ours).fault().unwrap();
        assert!(fault.contains("teams.custom.login_url") && fault.contains("unencrypted"), "{fault}");
    }

    #[test]
    fn loopback_is_for_a_custom_cloud() {
        let ours = url("http://127.0.0.1:9000/teams/");
        let custom = CloudProfile::custom(ours.clone(), ours.clone(), ours.clone());
        assert_eq!(custom.fault(), None);
        assert!(custom.allows_service_url(&url("http://127.0.0.1:9001/gcc/")));
        assert!(!custom.allows_service_url(&url("https://smba.trafficmanager.net/teams/")));
        let astray = CloudProfile { bot_url: Some(ours), ..CloudProfile::published(Cloud::Global).unwrap() };
        assert!(astray.fault().unwrap().contains("bot_url"));
    }
}
