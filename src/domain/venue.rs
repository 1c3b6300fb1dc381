//! Where something goes that is not one person's: a channel of a team, or the members of a team, a channel or a chat all at
//! once. To the engine a venue is a recipient like any other, with a way of its own.

use std::fmt;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::ids::{ConversationId, EntraId, GroupId};

/// A place where many read the same.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Venue {
    /// A channel of a team, for a post.
    Channel {
        /// The team.
        team: GroupId,
        /// The channel's name, as it is shown; `None` for the one that every team has.
        channel: Option<String>,
    },
    /// Everybody in a team, for one notification.
    TeamMembers {
        /// The team.
        team: GroupId,
    },
    /// Everybody in a channel of a team, for one notification.
    ChannelMembers {
        /// The team.
        team: GroupId,
        /// The channel's id.
        channel: ConversationId,
    },
    /// Everybody in a chat, for one notification.
    ChatMembers {
        /// The chat.
        chat: ConversationId,
    },
}

impl Venue {
    /// The team that it belongs to, if to any.
    pub const fn team(&self) -> Option<GroupId> {
        match self {
            Self::Channel { team, .. } | Self::TeamMembers { team } | Self::ChannelMembers { team, .. } => Some(*team),
            Self::ChatMembers { .. } => None,
        }
    }

    /// What the record names it by, in the place of an object id: the same for the same venue.
    pub fn key(&self) -> EntraId {
        EntraId(Uuid::new_v5(&Uuid::NAMESPACE_OID, self.to_string().as_bytes()))
    }
}

/// For the record and the export. Names of channels are told apart as Teams does: in any case of letters.
impl fmt::Display for Venue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Channel { team, channel: Some(channel) } => write!(f, "{team}/{}", channel.to_lowercase()),
            Self::Channel { team, channel: None } => write!(f, "{team}/"),
            Self::TeamMembers { team } => write!(f, "members of {team}"),
            Self::ChannelMembers { team, channel } => write!(f, "members of {team}/{}", channel.0),
            Self::ChatMembers { chat } => write!(f, "members of {}", chat.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_venue_has_the_same_key_however_its_channel_is_spelt() {
        let team = GroupId(Uuid::from_u128(6));
        let named = |name: &str| Venue::Channel { team, channel: Some(name.to_owned()) };
        assert_eq!(named("News").key(), named("NEWS").key());
        let keys = [named("News"), Venue::Channel { team, channel: None }, Venue::TeamMembers { team }];
        assert!(keys.iter().enumerate().all(|(place, one)| keys[..place].iter().all(|other| other.key() != one.key())));
    }
}
