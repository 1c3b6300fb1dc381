//! How a list names one person.

use serde::{Deserialize, Serialize};

use super::super::ids::EntraId;

/// The longest address, in bytes: 64 before the `@`, 255 behind it. Mail in transit allows less; a directory may not.
///
/// Source: RFC 3696, section 3, as quoted in its erratum 1690 (read November 2026).
const ADDRESS_BYTES_MAX: usize = 320;

/// How a list names one person.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Address {
    /// By object id.
    Id(EntraId),
    /// By user principal name or mail address, in lower case.
    Name(String),
}

impl Address {
    /// Reads one cell; `None` when it is neither an object id nor like an address.
    ///
    /// What mail programs put around an address (`Name <…>`, quotes, `mailto:`) does not matter.
    pub fn parse(cell: &str) -> Option<Self> {
        let cell = bare(cell);
        if let Ok(id) = uuid::Uuid::try_parse(cell) {
            return Some(Self::Id(EntraId(id)));
        }
        let (name, domain) = cell.rsplit_once('@')?;
        let is_domain = domain.contains('.')
            && domain.split('.').all(|label| !label.is_empty())
            && domain.chars().all(|letter| letter.is_alphanumeric() || matches!(letter, '-' | '.' | '_'));
        let fits = !name.is_empty() && is_domain && cell.len() <= ADDRESS_BYTES_MAX && !name.contains(is_outside);
        fits.then(|| Self::Name(cell.to_lowercase()))
    }
}

impl std::fmt::Display for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Id(id) => id.fmt(f),
            Self::Name(name) => f.write_str(name),
        }
    }
}

/// No user principal name and no mail address in use holds these: where one stands, two cells ran together, or the
/// text could not be read.
fn is_outside(letter: char) -> bool {
    letter.is_whitespace() || letter.is_control() || "@,;:\"<>()[]\\|\u{fffd}".contains(letter)
}

/// The address itself, out of what people and programs put around it.
fn bare(cell: &str) -> &str {
    let inner = match cell.trim_end().strip_suffix('>').and_then(|cell| cell.rsplit_once('<')) {
        Some((_, inner)) => inner,
        None => cell,
    };
    // Copied text brings marks that nobody sees.
    let is_around = |letter: char| {
        letter.is_whitespace() || matches!(letter, '"' | '\'' | '<' | '>' | '\u{200b}'..='\u{200f}' | '\u{feff}')
    };
    let inner = inner.trim_matches(is_around);
    match inner.get(..7) {
        Some(scheme) if scheme.eq_ignore_ascii_case("mailto:") => &inner[7..],
        _ => inner,
    }
}
