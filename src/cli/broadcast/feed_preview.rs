//! A notification as a person would see it in her activity feed, and the request that makes it; needs neither a database nor
//! Teams.

use serde_json::{Value, json};

use super::super::text;
use crate::adapters::teams::notification_request;
use crate::app::submit::{Everybody, Wanted};
use crate::domain::cloud::example_of_graph;
use crate::domain::ids::{ConversationId, EntraId, GroupId, TeamsAppId};
use crate::domain::notification::{NamedBy, Notification, SYSTEM_DEFAULT, Scope, Topic};
use crate::ports::Notified;

/// What `--preview` and `--dry-run` print, for people.
pub(super) fn feed_text(wanted: &Wanted) -> String {
    let said = &wanted.notification;
    let mut told = format!("Activity feed: {}\n", heading(said));
    told += &format!("  │ {}\n", text::one_line(&said.preview));
    told += &format!("Leads to {}.\n", leads_to(said, wanted.in_team.as_deref()));
    let request = feed_json(wanted);
    let body = serde_json::to_string_pretty(&request["body"]).unwrap_or_default();
    told += &format!(
        "Request, with ids and chainId filled in when it is sent:\n{} {}\n{body}\n",
        request["method"].as_str().unwrap_or_default(),
        request["url"].as_str().unwrap_or_default()
    );
    told
}

/// For scripts: the request as it would be made for the first person, or for everybody at once.
pub(super) fn feed_json(wanted: &Wanted) -> Value {
    let mut said = wanted.notification.clone();
    if wanted.in_team.is_some() && said.scope == Scope::User {
        // It is found by its name when it is sent.
        said.scope = Scope::Team(GroupId(uuid::Uuid::nil()));
    }
    let to = match (&wanted.everybody, &said.scope, said.named_by) {
        (Some(Everybody::OfChannel(channel)), ..) => Notified::ChannelMembers(ConversationId(channel.0.clone())),
        (Some(Everybody::Members), Scope::Chat(_), _) => Notified::ChatMembers,
        (Some(Everybody::Members), ..) => Notified::TeamMembers,
        (None, _, NamedBy::PrincipalName) => Notified::PersonNamed("person@contoso.example".to_owned()),
        (None, _, NamedBy::Id) => Notified::Person(EntraId(uuid::Uuid::nil())),
    };
    let base = format!("{}/v1.0", example_of_graph());
    let (url, body) = notification_request(&base, &to, &said, 0, &TeamsAppId("TEAMS-APP-ID".to_owned()));
    let body: Value = serde_json::from_str(&body).unwrap_or_default();
    json!({ "method": "POST", "url": url, "body": body })
}

/// The template is the manifest's; what fills it is ours.
fn heading(said: &Notification) -> String {
    let values: Vec<String> =
        said.parameters.iter().map(|(name, value)| format!("{name} = {}", text::one_line(value))).collect();
    match said.activity_type.as_str() {
        SYSTEM_DEFAULT => said.parameters.iter().map(|(_, value)| text::one_line(value)).collect::<Vec<_>>().join(" "),
        other => format!("{} ({})", text::one_line(other), values.join(", ")),
    }
}

fn leads_to(said: &Notification, team: Option<&str>) -> String {
    match (&said.topic, &said.scope) {
        (Topic::Entity(address), _) => text::one_line(address),
        (Topic::Text { title, link }, _) => format!("“{}” at {}", text::one_line(title), text::one_line(link)),
        (Topic::App, Scope::Team(_)) => "the team".to_owned(),
        (Topic::App, Scope::Chat(_)) => "the chat".to_owned(),
        (Topic::App, Scope::User) if team.is_some() => "the team".to_owned(),
        (Topic::App, Scope::User) => "our app".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::content::Content;

    #[test]
    fn a_notification_is_shown_as_it_will_be_read_and_as_it_travels() {
        let content = Content {
            title: "Offices close at noon".into(),
            body: "On Friday.".into(),
            banner: Some("Please leave before twelve".into()),
            ..Content::default()
        };
        let notification = Notification::of(&content, "announcementPublished");
        let wanted = Wanted { notification, ..Wanted::default() };
        insta::assert_snapshot!(feed_text(&wanted));
    }
}
