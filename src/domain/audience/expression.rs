//! Whom an author means, in words: `country = "France" except group "Contractors" or team "Milan"`.
//!
//! A tree of sources, each of which names people, joined by three words as one would say them: `or` adds, `except` takes
//! away, `and` keeps who is in both. `parse` reads the words and points at what it does not understand; `evaluate` is
//! plain algebra of sets; `saved` puts audiences that have a name into others. `docs/audiences.md` is rendered from here.
//!
//! Invariant: what [`Display`](fmt::Display) writes, [`parse`] reads back as the same tree.

use std::fmt;

use serde::Deserialize;
use utoipa::ToSchema;

use super::super::ids::{BroadcastId, GroupId};
use super::super::reason::Reason;
use super::address::Address;

mod evaluate;
mod misread;
mod parse;
mod saved;
mod tokens;

pub use evaluate::{Meant, People, evaluate};
pub use misread::{Misread, nearest};
pub use parse::{parse, parse_name};
pub use saved::{SOURCES_UNFOLDED_MAX, Tangle, unfold, uses};

/// The longest expression, in characters: beyond it, people belong on a list.
pub const CHARACTERS_MAX: usize = 10_000;
/// Sources in one expression.
pub const SOURCES_MAX: usize = 100;
/// Parentheses within parentheses.
pub const DEPTH_MAX: usize = 20;

/// Whom an author means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Expression {
    /// Whom one source names.
    Source(Source),
    /// Who is in both.
    And(Box<Self>, Box<Self>),
    /// Who is in one or the other.
    Or(Box<Self>, Box<Self>),
    /// Who is in the first and not in the second.
    Except(Box<Self>, Box<Self>),
}

/// Something that names people by itself.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Source {
    /// Everybody whom the directory knows.
    Everyone,
    /// The members of a group, also of groups within it, by its name or object id.
    Group(String),
    /// The members of a team, by its name or object id.
    Team(String),
    /// The people of a list that comes with the broadcast.
    List(String),
    /// One person.
    Person(Address),
    /// An audience that was saved under a name.
    Saved(String),
    /// Whom an earlier broadcast was for.
    Broadcast {
        /// Which.
        id: BroadcastId,
        /// Only who stands so.
        standing: Option<Standing>,
        /// Only who stands so for this reason.
        reason: Option<Reason>,
    },
    /// Whose entry in the directory reads so.
    Attribute(Attribute, Test),
    /// Whose account is so.
    Flag(Flag),
}

/// What is asked of an attribute; capital and small letters are equal.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Test {
    /// It is one of these.
    Is(Vec<String>),
    /// It begins so.
    StartsWith(String),
    /// It holds this.
    Contains(String),
}

// A word is a `tt`: as a `literal` it would reach the macro that describes the API wrapped, and go unread.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($variant:ident $word:tt $meaning:literal),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, ToSchema)]
        pub enum $name { $(#[doc = $meaning] #[serde(rename = $word)] $variant),* }

        impl $name {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The word for it.
            pub const fn word(self) -> &'static str {
                match self { $(Self::$variant => $word),* }
            }

            /// What it means.
            pub const fn meaning(self) -> &'static str {
                match self { $(Self::$variant => $meaning),* }
            }

            /// The one called `word`, in capital or small letters.
            pub fn from_word(word: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|known| known.word().eq_ignore_ascii_case(word))
            }
        }
    };
}

words! {
    /// What the directory says of a person.
    Attribute {
        Department "department" "The department.",
        JobTitle "job_title" "The job title.",
        Office "office" "The office location.",
        Country "country" "The country, as the directory writes it.",
        Language "language" "The preferred language as a tag; `fr` also means `fr-FR` and `fr-CA`.",
        Name "name" "The name, as shown.",
        Mail "mail" "The mail address.",
        PrincipalName "user_principal_name" "The user principal name.",
    }
}

words! {
    /// What an account is.
    Flag {
        Guest "guest" "A guest from another organisation.",
        Disabled "disabled" "Switched off in the directory.",
        Unlicensed "unlicensed" "Without a Teams licence.",
    }
}

words! {
    /// Where somebody stands in an earlier broadcast.
    Standing {
        Sent "sent" "Teams took the message.",
        Failed "failed" "The person could not be reached, for a named reason.",
        Skipped "skipped" "The person cannot be reached by rule.",
        Unconfirmed "unconfirmed" "The message may have arrived.",
        Cancelled "cancelled" "The broadcast was cancelled before the person's turn.",
        Pending "pending" "The person's turn is still to come.",
    }
}

impl Source {
    /// The name of the list that it is, if it is one.
    pub fn list(&self) -> Option<&str> {
        match self {
            Self::List(name) => Some(name),
            _ => None,
        }
    }
}

impl Expression {
    /// Every source, from left to right.
    pub fn sources(&self) -> Vec<&Source> {
        let mut sources = Vec::new();
        self.gather(&mut sources);
        sources
    }

    fn gather<'a>(&'a self, sources: &mut Vec<&'a Source>) {
        match self {
            Self::Source(source) => sources.push(source),
            Self::And(one, other) | Self::Or(one, other) | Self::Except(one, other) => {
                one.gather(sources);
                other.gather(sources);
            }
        }
    }

    /// How firmly it holds together: what stands inside something firmer needs parentheses.
    const fn firmness(&self) -> u8 {
        match self {
            Self::Or(..) | Self::Except(..) => 0,
            Self::And(..) => 1,
            Self::Source(_) => 2,
        }
    }

    fn write(&self, f: &mut fmt::Formatter<'_>, at_least: u8) -> fmt::Result {
        if self.firmness() < at_least {
            f.write_str("(")?;
            self.write(f, 0)?;
            return f.write_str(")");
        }
        let (one, word, other) = match self {
            Self::Source(source) => return write!(f, "{source}"),
            Self::And(one, other) => (one, "and", other),
            Self::Or(one, other) => (one, "or", other),
            Self::Except(one, other) => (one, "except", other),
        };
        // From left to right: what stands on the right must be firmer than what joins it.
        one.write(f, self.firmness())?;
        write!(f, " {word} ")?;
        other.write(f, self.firmness() + 1)
    }
}

impl From<Source> for Expression {
    fn from(source: Source) -> Self {
        Self::Source(source)
    }
}

impl fmt::Display for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write(f, 0)
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Everyone => f.write_str("everyone"),
            Self::Group(name) => write!(f, "group {}", Quoted(name)),
            Self::Team(name) => write!(f, "team {}", Quoted(name)),
            Self::List(name) => write!(f, "list {}", Quoted(name)),
            Self::Person(address) => write!(f, "person {}", Quoted(&address.to_string())),
            Self::Saved(name) => write!(f, "saved {}", Quoted(name)),
            Self::Broadcast { id, standing, reason } => {
                write!(f, "broadcast {id}")?;
                standing.map_or(Ok(()), |standing| write!(f, " {}", standing.word()))?;
                reason.map_or(Ok(()), |reason| write!(f, " because {}", Quoted(reason.code())))
            }
            Self::Attribute(attribute, test) => write!(f, "{} {test}", attribute.word()),
            Self::Flag(flag) => f.write_str(flag.word()),
        }
    }
}

impl fmt::Display for Test {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Is(values) => match values.as_slice() {
                [value] => write!(f, "= {}", Quoted(value)),
                values => {
                    let values: Vec<String> = values.iter().map(|value| Quoted(value).to_string()).collect();
                    write!(f, "in ({})", values.join(", "))
                }
            },
            Self::StartsWith(start) => write!(f, "starts with {}", Quoted(start)),
            Self::Contains(part) => write!(f, "contains {}", Quoted(part)),
        }
    }
}

/// Whether a group of this id and name is the one that an expression calls `wanted`.
pub fn is_called(wanted: &str, id: GroupId, name: &str) -> bool {
    uuid::Uuid::try_parse(wanted) == Ok(id.0) || name.trim().to_lowercase() == wanted.to_lowercase()
}

/// A text in quotes, as [`parse`] reads it back.
struct Quoted<'a>(&'a str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\"", self.0.replace('\\', "\\\\").replace('"', "\\\""))
    }
}

impl Test {
    /// Whether a person of whose `attribute` the directory says `value` passes; an empty value is none.
    ///
    /// The one meaning of a test, for every store: databases disagree about capital letters.
    pub fn passes(&self, attribute: Attribute, value: &str) -> bool {
        let value = value.trim().to_lowercase();
        match self {
            Self::Is(wanted) => wanted.iter().any(|wanted| is(attribute, &value, &wanted.to_lowercase())),
            Self::StartsWith(start) => value.starts_with(&start.to_lowercase()),
            Self::Contains(part) => value.contains(&part.to_lowercase()),
        }
    }
}

/// A language without a region means it in every region.
fn is(attribute: Attribute, value: &str, wanted: &str) -> bool {
    let in_some_region = || value.strip_prefix(wanted).is_some_and(|rest| rest.starts_with('-'));
    value == wanted || (attribute == Attribute::Language && !wanted.is_empty() && in_some_region())
}

#[cfg(test)]
mod tests;
