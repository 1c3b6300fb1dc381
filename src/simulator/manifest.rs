//! What the manifest of the Teams app declares for activity feeds: types with their templates, and icons.
//!
//! Source: Teams app manifest 1.29, `activities`; Microsoft Graph, "Send activity feed notifications to users".

use std::collections::{BTreeMap, BTreeSet};

/// The reserved type that no manifest declares.
pub const SYSTEM_DEFAULT: &str = "systemDefault";

/// The one parameter of [`SYSTEM_DEFAULT`]: its whole text.
pub const SYSTEM_DEFAULT_TEXT: &str = "systemDefaultText";

/// The variable that Teams fills by itself.
const ACTOR: &str = "actor";

/// One type of activity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActivityType {
    /// Its name; capitals matter.
    pub name: String,
    /// What a person reads, with variables in braces.
    pub template: String,
    /// Which icons may stand beside it.
    pub icons: Vec<String>,
}

/// `activities` of the manifest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Activities {
    /// The types.
    pub types: Vec<ActivityType>,
    /// The ids of the icons.
    pub icons: Vec<String>,
}

/// What the manifest says about a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Declared<'a> {
    /// A type.
    As(&'a ActivityType),
    /// The reserved one.
    SystemDefault,
    /// A type, but for the capitals: such a notification has been seen to be dropped without a word.
    InOtherCase,
    /// Nothing.
    Nowhere,
}

impl Default for Activities {
    fn default() -> Self {
        let declare = |(name, template, icons): (&str, &str, &[&str])| ActivityType {
            name: name.to_owned(),
            template: template.to_owned(),
            icons: icons.iter().map(|icon| (*icon).to_owned()).collect(),
        };
        Self { types: TYPES.map(declare).to_vec(), icons: ["announcement", "approval"].map(str::to_owned).to_vec() }
    }
}

/// The announcement of a broadcaster, and the types that the published examples use.
const TYPES: [(&str, &str, &[&str]); 5] = [
    ("announcementPublished", "{actor} published: {title}", &["announcement"]),
    ("pendingFinanceApprovalRequests", "{actor}: {pendingRequestCount} requests need approval", &["approval"]),
    ("deploymentApprovalRequired", "{actor} asks for approval of deployment {deploymentId}", &["approval"]),
    ("taskCreated", "{actor} created task {taskId}", &[]),
    ("userMention", "{actor} mentioned you", &[]),
];

impl Activities {
    /// What is declared about `name`.
    pub fn find(&self, name: &str) -> Declared<'_> {
        if name == SYSTEM_DEFAULT {
            return Declared::SystemDefault;
        }
        let is_alike = |known: &str| known.eq_ignore_ascii_case(name);
        match self.types.iter().find(|declared| declared.name == name) {
            Some(declared) => Declared::As(declared),
            None if is_alike(SYSTEM_DEFAULT) || self.types.iter().any(|declared| is_alike(&declared.name)) => {
                Declared::InOtherCase
            }
            None => Declared::Nowhere,
        }
    }
}

impl ActivityType {
    /// The variables that a notification must bring along: all but the one that Teams fills.
    pub fn variables(&self) -> BTreeSet<&str> {
        let after_braces = self.template.split('{').skip(1);
        after_braces
            .filter_map(|rest| rest.split_once('}'))
            .map(|(name, _)| name)
            .filter(|name| *name != ACTOR)
            .collect()
    }

    /// What a person reads.
    pub fn text(&self, actor: &str, parameters: &BTreeMap<String, String>) -> String {
        let mut text = String::new();
        let mut rest = self.template.as_str();
        while let Some((before, after)) = rest.split_once('{') {
            text.push_str(before);
            let Some((name, after)) = after.split_once('}') else { break };
            // A value may hold braces of its own: what was filled in is not read again.
            text.push_str(if name == ACTOR { actor } else { parameters.get(name).map_or("", String::as_str) });
            rest = after;
        }
        text + rest
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_template_is_filled_with_what_was_given_and_nothing_is_filled_twice() {
        let activities = Activities::default();
        let Declared::As(announcement) = activities.find("announcementPublished") else { panic!("it is declared") };
        assert_eq!(announcement.variables(), BTreeSet::from(["title"]));
        let parameters = BTreeMap::from([("title".to_owned(), "{actor} {title}".to_owned())]);
        assert_eq!(announcement.text("Company News", &parameters), "Company News published: {actor} {title}");
    }

    #[test]
    fn capitals_matter() {
        let activities = Activities::default();
        assert_eq!(activities.find("AnnouncementPublished"), Declared::InOtherCase);
        assert_eq!(activities.find("SystemDefault"), Declared::InOtherCase);
        assert_eq!(activities.find("systemDefault"), Declared::SystemDefault);
        assert_eq!(activities.find("announcementWithdrawn"), Declared::Nowhere);
    }
}
