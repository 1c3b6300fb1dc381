//! Names of things. Never a bare integer or Uuid: a function that wants a round cannot be given a broadcast.
//!
//! [`BroadcastId`] and [`RoundId`] are time-ordered: 41 bits of milliseconds since 2020 above 22 bits of chance.
//! They fit a `bigint`, sort by birth, and tell which weekly partition their rows live in. People see them as
//! thirteen letters and digits of Crockford's base 32, which has no look-alikes.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ObjectBuilder, Schema, Type};
use utoipa::{PartialSchema, ToSchema};
use uuid::Uuid;

use super::time::Timestamp;

/// 2020-01-01T00:00:00Z in milliseconds of Unix time: the year zero of our ids.
const YEAR_ZERO_MILLISECONDS: i64 = 1_577_836_800_000;
const CHANCE_BITS: u32 = 22;
const WEEK_MILLISECONDS: i64 = 7 * 24 * 3600 * 1000;
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
const TEXT_LENGTH: usize = 13;
/// An id as people see it, in a regular expression.
const PATTERN: &str = "^[0-7][0-9A-HJKMNP-TV-Za-hjkmnp-tv-z]{12}$";
/// What stands between a channel and the message that began a thread in it.
pub const THREAD: &str = ";messageid=";

/// A text that is not an id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("“{0}” is not an id: ids are thirteen letters and digits, as `stentor broadcast list` prints them")]
pub struct NotAnId(pub String);

macro_rules! time_ordered_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(i64);

        impl $name {
            /// Makes an id born at `now`, from 22 of the bits of `chance`.
            pub fn new(now: Timestamp, chance: u64) -> Self {
                let age = (now.timestamp_millis() - YEAR_ZERO_MILLISECONDS).max(0);
                let chance = (chance & ((1 << CHANCE_BITS) - 1)) as i64;
                Self((age << CHANCE_BITS) | chance)
            }

            /// Whether it was made of this `chance`.
            pub const fn is_made_of(self, chance: u64) -> bool {
                let mask = (1 << CHANCE_BITS) - 1;
                self.0 & mask == (chance & mask as u64) as i64
            }

            /// The id as the database keeps it.
            pub const fn from_i64(raw: i64) -> Self {
                Self(raw)
            }

            /// The id as the database keeps it.
            pub const fn as_i64(self) -> i64 {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&to_text(self.0))
            }
        }

        impl PartialSchema for $name {
            fn schema() -> RefOr<Schema> {
                let text = ObjectBuilder::new().schema_type(Type::String).pattern(Some(PATTERN));
                text.description(Some("Thirteen letters and digits, in the order of birth.")).into()
            }
        }

        impl ToSchema for $name {}

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({self})", stringify!($name))
            }
        }

        impl FromStr for $name {
            type Err = NotAnId;

            fn from_str(text: &str) -> Result<Self, NotAnId> {
                from_text(text).map(Self).ok_or_else(|| NotAnId(text.to_owned()))
            }
        }

        impl Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                to.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                String::deserialize(from)?.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}

time_ordered_id! {
    /// One announcement to many.
    BroadcastId
}
time_ordered_id! {
    /// One pass over a frozen set of people.
    RoundId
}

impl ConversationId {
    /// The conversation that `message` began in this channel: Teams names the thread by both.
    ///
    /// Source: Bot Framework REST v3, "Create conversation" in a channel of Teams (read November 2026).
    #[must_use]
    pub fn thread(&self, message: &MessageId) -> Self {
        Self(format!("{}{THREAD}{}", self.0, message.0))
    }
}

impl RoundId {
    /// The week, counted from 2020-01-01, whose partition holds this round's rows.
    pub const fn week(self) -> i64 {
        (self.0 >> CHANCE_BITS) / WEEK_MILLISECONDS
    }

    /// The first raw id of `week`; the last one is just below the first of the next.
    pub const fn first_of_week(week: i64) -> i64 {
        (week * WEEK_MILLISECONDS) << CHANCE_BITS
    }
}

fn to_text(raw: i64) -> String {
    let mut rest = raw as u64;
    let mut text = [b'0'; TEXT_LENGTH];
    for place in text.iter_mut().rev() {
        *place = ALPHABET[(rest & 31) as usize];
        rest >>= 5;
    }
    String::from_utf8_lossy(&text).into_owned()
}

fn from_text(text: &str) -> Option<i64> {
    if text.len() != TEXT_LENGTH {
        return None;
    }
    let value = text.bytes().try_fold(0_u128, |sum, letter| {
        let digit = ALPHABET.iter().position(|known| *known == letter.to_ascii_lowercase())?;
        Some((sum << 5) | digit as u128)
    })?;
    i64::try_from(value).ok()
}

macro_rules! number_id {
    ($(#[$doc:meta])* $name:ident, $raw:ty) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
        #[serde(transparent)]
        #[schema(value_type = $raw)]
        pub struct $name(pub $raw);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

number_id! {
    /// One Entra tenant together with one app, as the database numbers them.
    TenantKey, i32
}
number_id! {
    /// One person of a tenant's directory, as the database numbers them.
    RecipientKey, i64
}
number_id! {
    /// One run of a worker process. A restarted worker is another worker.
    WorkerId, i64
}
number_id! {
    /// A recipient's place in a round, from 0.
    Ordinal, u32
}
number_id! {
    /// A chunk's place in a round, from 0.
    ChunkNumber, u32
}
number_id! {
    /// The number that proves whose a claim is now. It only grows.
    Epoch, u32
}
number_id! {
    /// A person's object id in Entra.
    EntraId, Uuid
}
number_id! {
    /// A group's object id in Entra, which is also its team's.
    GroupId, Uuid
}
number_id! {
    /// One reading of a directory: proves whose the claim on it is.
    ReaderId, i64
}
number_id! {
    /// The id that we give a request, sent as `client-request-id` and kept with the attempt.
    RequestId, Uuid
}

impl RequestId {
    /// Makes an id from two draws of chance.
    pub fn new(high: u64, low: u64) -> Self {
        Self(uuid::Builder::from_random_bytes((u128::from(high) << 64 | u128::from(low)).to_be_bytes()).into_uuid())
    }
}

macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
        #[serde(transparent)]
        pub struct $name(pub String);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

text_id! {
    /// Teams' id of a chat, opaque to us.
    ConversationId
}
text_id! {
    /// Graph's id of the app's installation for one person, opaque to us.
    InstallationId
}
text_id! {
    /// The catalogue's id of our Teams app (`teamsApp.id`); neither the manifest's nor Entra's.
    TeamsAppId
}
text_id! {
    /// Teams' id of a message, unique within its conversation only.
    MessageId
}

#[cfg(test)]
mod tests {
    use chrono::TimeZone;
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn an_id_survives_being_written_down(raw in 0..i64::MAX) {
            let id = BroadcastId::from_i64(raw);
            prop_assert_eq!(id.to_string().to_uppercase().parse::<BroadcastId>(), Ok(id));
        }

        #[test]
        fn any_other_text_is_refused_without_panic(text in "\\PC{0,20}") {
            let _ = text.parse::<BroadcastId>();
        }

        #[test]
        fn a_round_lies_within_its_week(seconds in 1_600_000_000_i64..3_700_000_000, chance: u64) {
            let id = RoundId::new(chrono::Utc.timestamp_opt(seconds, 0).unwrap(), chance);
            let week = id.week();
            prop_assert!(RoundId::first_of_week(week) <= id.as_i64());
            prop_assert!(id.as_i64() < RoundId::first_of_week(week + 1));
        }
    }

    #[test]
    fn later_ids_sort_later() {
        let at = |seconds| chrono::Utc.timestamp_opt(seconds, 0).unwrap();
        assert!(BroadcastId::new(at(1_800_000_000), u64::MAX) < BroadcastId::new(at(1_800_000_001), 0));
    }
}
