//! What a notification is about: an object of Graph by its address, or free text with a link into Teams.
//!
//! Source: Microsoft Graph v1.0, "teamworkActivityTopic resource type".

use serde_json::Value;
use url::Url;

use super::{Answer, bad, object, required, text};

/// Where Graph is, in every cloud.
const HOSTS: [&str; 4] =
    ["graph.microsoft.com", "graph.microsoft.us", "dod-graph.microsoft.us", "microsoftgraph.chinacloudapi.cn"];

/// The topic of a notification.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Topic {
    /// An object of Graph.
    Entity {
        /// Its address, as given.
        value: String,
    },
    /// Anything else.
    Text {
        /// The title.
        value: String,
        /// A deep link into Teams.
        web_url: String,
    },
}

impl Topic {
    /// Reads a topic.
    ///
    /// # Errors
    /// 400, naming what is wrong with it.
    pub(super) fn read(value: &Value) -> Result<Self, Answer> {
        let topic = object(value, "topic", &["source", "value", "webUrl"])?;
        let source = text(topic, "source")?.ok_or_else(|| required("source of topic"))?;
        let value = text(topic, "value")?.ok_or_else(|| required("value of topic"))?;
        let web_url = text(topic, "webUrl")?;
        if web_url.as_deref().is_some_and(|link| !is_deep_link(link)) {
            return Err(bad("The webUrl of the topic must be a Microsoft Teams deep link."));
        }
        match (source.as_str(), web_url) {
            ("entityUrl", _) => Ok(Self::Entity { value }),
            ("text", Some(web_url)) => Ok(Self::Text { value, web_url }),
            ("text", None) => Err(bad("The webUrl of the topic is required when its source is 'text'.")),
            _ => Err(bad("Invalid value specified for 'source' of the topic.")),
        }
    }

    /// The parts of the object's path after the version, decoded; `None` for free text.
    ///
    /// `own` is where this Graph is, beside Microsoft's hosts. The version may be `beta` in a call of v1.0.
    ///
    /// # Errors
    /// 400 for an address that is not in Graph.
    pub fn path(&self, own: &str) -> Result<Option<Vec<String>>, Answer> {
        let Self::Entity { value } = self else { return Ok(None) };
        let outside = || bad("The value of the topic must be an address of Microsoft Graph.");
        let known = HOSTS.iter().map(|host| format!("https://{host}")).chain([own.trim_end_matches('/').to_owned()]);
        let path = known.into_iter().find_map(|known| value.strip_prefix(&known)).ok_or_else(outside)?;
        let path = ["/v1.0/", "/beta/"].iter().find_map(|version| path.strip_prefix(version)).ok_or_else(outside)?;
        path.split('/')
            .map(|part| decoded(part).filter(|part| !part.is_empty()).ok_or_else(outside))
            .collect::<Result<_, _>>()
            .map(Some)
    }
}

/// `https://teams.microsoft.com/l/…`; any other domain is refused.
fn is_deep_link(link: &str) -> bool {
    Url::parse(link).is_ok_and(|link| {
        let leads_somewhere = link.path().strip_prefix("/l/").is_some_and(|rest| !rest.is_empty());
        link.scheme() == "https"
            && link.host_str() == Some("teams.microsoft.com")
            && link.port().is_none()
            && leads_somewhere
    })
}

/// One part of a path without its percent signs; `None` for what is no part of a path.
fn decoded(part: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(part.len());
    let mut rest = part.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'?' | b'#' => return None,
            b'%' => {
                let digits = [rest.next()?, rest.next()?];
                u8::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).ok()?
            }
            byte => byte,
        });
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn path(value: &str) -> Option<Vec<String>> {
        let topic = Topic::Entity { value: value.to_owned() };
        topic.path("http://127.0.0.1:8090/graph").ok().flatten()
    }

    #[test]
    fn an_object_is_named_by_an_address_of_either_version_in_any_cloud_and_here() {
        let parts = Some(["teams", "6", "channels", "19:a@thread.tacv2"].map(str::to_owned).to_vec());
        for address in [
            "https://graph.microsoft.com/v1.0/teams/6/channels/19%3Aa%40thread.tacv2",
            "https://graph.microsoft.com/beta/teams/6/channels/19:a@thread.tacv2",
            "https://graph.microsoft.us/v1.0/teams/6/channels/19:a@thread.tacv2",
            "http://127.0.0.1:8090/graph/v1.0/teams/6/channels/19:a@thread.tacv2",
        ] {
            assert_eq!(path(address), parts, "{address}");
        }
        for address in [
            "https://graph.example.com/v1.0/teams/6",
            "https://graph.microsoft.com/v2.0/teams/6",
            "https://graph.microsoft.com/v1.0/teams//6",
            "https://graph.microsoft.com/v1.0/teams/6?$select=id",
            "teams/6",
        ] {
            assert_eq!(path(address), None, "{address}");
        }
    }

    #[test]
    fn a_link_leads_into_teams() {
        let topic = |link: &str| Topic::read(&json!({"source": "text", "value": "News", "webUrl": link}));
        assert!(topic("https://teams.microsoft.com/l/entity/33333333/home").is_ok());
        for link in [
            "https://teams.microsoft.com/",
            "http://teams.microsoft.com/l/entity/3/home",
            "https://teams.microsoft.com.contoso.example/l/entity/3/home",
            "https://contoso.example/l/entity/3/home",
            "home",
        ] {
            assert!(topic(link).is_err(), "{link}");
        }
    }
}
