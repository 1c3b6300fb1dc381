//! What the directory tells of a person beside her name: where she works, as what, in which language.
//!
//! An audience may be made of these, so they are kept as the directory writes them, in bounds. A text beyond its bound
//! is cut, not refused: nobody may be missed for the length of her job title.

use serde::{Deserialize, Serialize};

/// The most that is kept of one text. The directory itself allows 64 to 128 characters; twice that costs nothing.
pub const CHARACTERS_MAX: usize = 256;

/// Where somebody works, and as what. Everything may be missing.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Attributes {
    /// Her department.
    pub department: Option<String>,
    /// Her job title.
    pub job_title: Option<String>,
    /// Her office location.
    pub office: Option<String>,
    /// Her country, as the directory writes it.
    pub country: Option<String>,
    /// The language that she prefers, as a tag: `fr-FR`.
    pub language: Option<String>,
}

/// One property of a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Property {
    /// Her name, as shown.
    DisplayName,
    /// Her user principal name.
    PrincipalName,
    /// Her mail address.
    Mail,
    /// Whether she is from another organisation.
    Guest,
    /// Whether her account is switched on.
    Enabled,
    /// Whether she has Teams.
    Licensed,
    /// Her department.
    Department,
    /// Her job title.
    JobTitle,
    /// Her office location.
    Office,
    /// Her country.
    Country,
    /// Her language.
    Language,
    /// Not a property that is kept: it is said that nothing is said of her being a guest, so it follows from the others.
    Untyped,
}

/// Which properties an entry of the directory mentions; of a person who is known already, the others stay as they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Mentioned(i32);

impl Mentioned {
    /// Every one that is kept.
    pub const ALL: Self = Self((1 << (Property::Language as i32 + 1)) - 1);

    /// The same and `property`, when it is there.
    #[must_use]
    pub const fn with(self, property: Property, is_there: bool) -> Self {
        if is_there { Self(self.0 | 1 << property as i32) } else { self }
    }

    /// Whether `property` is among them.
    pub const fn has(self, property: Property) -> bool {
        self.0 & (1 << property as i32) != 0
    }

    /// One bit for each, in the order of [`Property`], as the database is told.
    pub const fn bits(self) -> i32 {
        self.0
    }
}

/// `text` as it is kept: without space around it, within [`CHARACTERS_MAX`]; `None` when nothing is left.
pub fn kept(text: &str) -> Option<String> {
    // Postgres keeps every letter but this one.
    let text = text.trim().replace('\0', "");
    let end = text.char_indices().nth(CHARACTERS_MAX).map_or(text.len(), |(end, _)| end);
    Some(text[..end].to_owned()).filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_kept_within_bounds_and_a_blank_one_is_none() {
        assert_eq!(kept(" Sales "), Some("Sales".to_owned()));
        assert_eq!(kept(&"é".repeat(1000)).map(|text| text.chars().count()), Some(CHARACTERS_MAX));
        assert_eq!([kept(""), kept("  \0 ")], [None, None]);
    }

    #[test]
    fn what_is_mentioned_is_a_set() {
        let some = Mentioned::default().with(Property::Mail, true).with(Property::Office, false);
        assert!(some.has(Property::Mail) && !some.has(Property::Office));
        assert!(Mentioned::ALL.has(Property::DisplayName) && Mentioned::ALL.has(Property::Language));
        assert_eq!(Mentioned::ALL.bits(), 0b111_1111_1111);
    }
}
