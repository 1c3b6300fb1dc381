//! The channels of the teams: each team has a General one and a few others, all drawn from the seed.
//!
//! Source: Microsoft Graph v1.0, "channel resource type": the id is `19:` and 32 hexadecimal digits at `thread.tacv2`.

use std::collections::HashMap;

use uuid::Uuid;

use super::chance;
use super::groups::{Groups, Kind};

/// What the id of every channel ends with.
pub const CHANNEL_SUFFIX: &str = "@thread.tacv2";

/// The channels of every team; the first one is the primary one.
const NAMES: [&str; 3] = ["General", "Announcements", "Lunch"];

/// One channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Channel {
    /// Its place among all channels.
    pub number: u32,
    /// `19:…@thread.tacv2`.
    pub id: String,
    /// The team, by the id of its group.
    pub team: Uuid,
    /// Its name, as shown.
    pub name: &'static str,
    /// The one that every team has and nobody can delete.
    pub is_primary: bool,
}

/// All of them, in the order of the teams.
#[derive(Debug, Clone)]
pub struct Channels {
    all: Vec<Channel>,
    by_id: HashMap<String, u32>,
}

impl Channels {
    /// Makes them. Equal seeds give equal channels.
    pub fn generate(seed: u64, groups: &Groups) -> Self {
        let teams = groups.all().iter().filter(|group| group.kind == Kind::Team);
        let each = teams.flat_map(|team| NAMES.iter().enumerate().map(|(place, name)| (team.id, place, *name)));
        let all: Vec<Channel> = (0_u32..)
            .zip(each)
            .map(|(number, (team, place, name))| {
                let drawn =
                    chance::uuid(seed, &[chance::text("channel"), chance::text(&team.to_string()), place as u64]);
                let id = format!("19:{}{CHANNEL_SUFFIX}", drawn.simple());
                Channel { number, id, team, name, is_primary: place == 0 }
            })
            .collect();
        let by_id = all.iter().map(|channel| (channel.id.clone(), channel.number)).collect();
        Self { all, by_id }
    }

    /// In order.
    pub fn all(&self) -> &[Channel] {
        &self.all
    }

    /// Those of one team, the primary one first.
    pub fn of(&self, team: Uuid) -> impl Iterator<Item = &Channel> {
        self.all.iter().filter(move |channel| channel.team == team)
    }

    /// The one with this id.
    pub fn find(&self, id: &str) -> Option<&Channel> {
        self.by_id.get(id).and_then(|number| self.all.get(*number as usize))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_team_has_one_primary_channel_and_every_id_is_its_own() {
        let groups = Groups::generate(1);
        let channels = Channels::generate(1, &groups);
        for team in groups.all().iter().filter(|group| group.kind == Kind::Team) {
            assert_eq!(channels.of(team.id).filter(|channel| channel.is_primary).count(), 1, "{}", team.name);
        }
        assert!(channels.all().iter().all(|channel| channels.find(&channel.id) == Some(channel)));
        let id = &channels.all()[0].id;
        let digits = id.strip_prefix("19:").and_then(|rest| rest.strip_suffix(CHANNEL_SUFFIX));
        assert_eq!(digits.map(str::len), Some(32), "{id}");
    }
}
