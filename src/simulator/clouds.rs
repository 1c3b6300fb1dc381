//! Which of Microsoft's clouds is pretended: the one whose Graph host the simulator answers as.
//!
//! The ids and names are written here a second time on purpose: the simulator shares nothing with the client that it
//! judges. Where it answers under no name of Graph, it is no particular cloud and takes the scopes of all of them.
//!
//! Source: Microsoft Graph, "National cloud deployments"; Bot Framework, "Authentication with the Bot Connector API"; "Product
//! names and service plan identifiers for licensing" (read November 2026).

use uuid::{Uuid, uuid};

/// What one cloud calls things.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Home {
    /// The host of Graph, which is also its resource.
    pub(super) graph: &'static str,
    /// The resource of the bot connector.
    pub(super) bot: &'static str,
    /// Who signs what is posted to bots; the same as the resource.
    pub(super) issuer: &'static str,
    /// Teams, as a service plan.
    pub(super) plan: Uuid,
}

const HOMES: [Home; 4] = [
    Home {
        graph: "https://graph.microsoft.com",
        bot: "https://api.botframework.com",
        issuer: "https://api.botframework.com",
        plan: GLOBAL_PLAN,
    },
    Home {
        graph: "https://graph.microsoft.us",
        bot: "https://api.botframework.us",
        issuer: "https://api.botframework.us",
        plan: uuid!("9953b155-8aef-4c56-92f3-72b0487fce41"),
    },
    Home {
        graph: "https://dod-graph.microsoft.us",
        bot: "https://api.botframework.us",
        issuer: "https://api.botframework.us",
        plan: uuid!("fd500458-c24c-478e-856c-a6067a8376cd"),
    },
    Home {
        graph: "https://microsoftgraph.chinacloudapi.cn",
        bot: "https://api.botframework.azure.cn",
        issuer: "https://api.botframework.azure.cn",
        plan: GLOBAL_PLAN,
    },
];

/// Teams in the commercial cloud.
const GLOBAL_PLAN: Uuid = uuid!("57ff2da0-773e-42df-b2af-ffb7a2317929");

/// The cloud of whoever answers as `names`; `None` where no name is that of a Graph. The first one counts: a tenant lives in
/// one cloud, whatever other hosts it can be looked for at.
pub(super) fn home(names: &[String]) -> Option<&'static Home> {
    names.iter().find_map(|name| HOMES.iter().find(|home| home.graph.strip_prefix("https://") == Some(name)))
}

/// Who signs for Teams, in the vendor's commercial cloud and in any custom one.
pub(super) fn issuer(names: &[String]) -> &'static str {
    home(names).map_or(HOMES[0].issuer, |home| home.issuer)
}

/// The service plan of people who have Teams.
pub(super) fn plan(names: &[String]) -> Uuid {
    home(names).map_or(GLOBAL_PLAN, |home| home.plan)
}
