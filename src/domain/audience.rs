//! Who it is for: reads a list of people and de-duplicates it.
//!
//! A list is a table with one person a line, named by object id, user principal name or mail address. The column is
//! found by its heading, or is the first one when there is none.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use super::fault::{Fault, Faults};
use super::ids::EntraId;

/// The longest list, in lines: above it, a list is not what an author meant.
pub const LIST_LINES_MAX: usize = 2_000_000;

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
    pub fn parse(cell: &str) -> Option<Self> {
        let cell = cell.trim();
        if let Ok(id) = uuid::Uuid::parse_str(cell) {
            return Some(Self::Id(EntraId(id)));
        }
        let (name, domain) = cell.rsplit_once('@')?;
        let fits = !name.is_empty()
            && domain.contains('.')
            && cell.len() <= 320
            && !cell.contains(char::is_whitespace)
            && !domain.starts_with('.')
            && !domain.ends_with('.');
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

/// A list as read.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct List {
    /// Each person once, with the line that named her first (from 1).
    pub people: Vec<(u64, Address)>,
    /// Lines that named somebody again.
    pub duplicates: Vec<u64>,
    /// Lines that name nobody, with what they hold.
    pub malformed: Vec<(u64, String)>,
}

const HEADINGS: &[&str] =
    &["id", "objectid", "object id", "userprincipalname", "user principal name", "upn", "mail", "email", "e-mail"];

/// Reads a list in UTF-8: comma separated, with or without a heading.
///
/// # Errors
/// [`Faults`] when it is empty, too long or not a table; single bad lines are reported in the [`List`] instead.
pub fn read_list(text: &str) -> Result<List, Faults> {
    let refuse = |problem: String, cure: &str| Faults(vec![Fault::new("audience", problem, cure)]);
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut rows = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(text.as_bytes());
    let (mut list, mut seen, mut column) = (List::default(), HashMap::new(), None);
    for row in rows.records() {
        let row = row.map_err(|error| {
            let line = error.position().map_or(0, csv::Position::line);
            refuse(format!("line {line} cannot be read as a table"), "Save the list as CSV in UTF-8.")
        })?;
        let line = row.position().map_or(0, csv::Position::line);
        let column = match column {
            Some(column) => column,
            None => {
                let headed = row.iter().position(|cell| HEADINGS.contains(&cell.trim().to_lowercase().as_str()));
                column = Some(headed.unwrap_or(0));
                if headed.is_some() {
                    continue;
                }
                0
            }
        };
        if row.iter().all(|cell| cell.trim().is_empty()) {
            continue;
        }
        if list.people.len() == LIST_LINES_MAX {
            let problem = format!("names more than {LIST_LINES_MAX} people");
            return Err(refuse(problem, "Use --audience-expr everyone, or split the list."));
        }
        let cell = row.get(column).unwrap_or_default();
        match Address::parse(cell) {
            None => list.malformed.push((line, cell.chars().take(80).collect())),
            Some(address) => match seen.insert(address.clone(), line) {
                None => list.people.push((line, address)),
                Some(_) => list.duplicates.push(line),
            },
        }
    }
    if list.people.is_empty() {
        let cure = "Give one person a line: an object id, a user principal name or a mail address.";
        return Err(refuse("names nobody".into(), cure));
    }
    Ok(list)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ID: &str = "55555555-5555-4555-8555-555555555555";

    #[test]
    fn a_list_is_read_by_its_heading_and_each_person_once() {
        let text = format!(
            "displayName,userPrincipalName\nAmélie,Amelie@contoso.example\nB,\nC,amelie@contoso.example\n{ID},{ID}\n"
        );
        let list = read_list(&text).unwrap();
        let people: Vec<_> = list.people.iter().map(|(line, who)| (*line, who.to_string())).collect();
        assert_eq!(people, [(2, "amelie@contoso.example".into()), (5, ID.into())]);
        assert_eq!((list.duplicates, list.malformed), (vec![4], vec![(3, String::new())]));
    }

    #[test]
    fn a_list_without_heading_uses_its_first_column() {
        let list = read_list(&format!("\u{feff}{ID}\nnobody\n\n")).unwrap();
        assert_eq!(list.people, [(1, Address::Id(EntraId(uuid::uuid!("55555555-5555-4555-8555-555555555555"))))]);
        assert_eq!(list.malformed, [(2, "nobody".into())]);
    }

    #[test]
    fn an_empty_list_is_refused() {
        assert_eq!(read_list("upn\n").unwrap_err().0[0].problem, "names nobody");
    }

    proptest! {
        #[test]
        fn no_text_makes_the_reader_panic(text in "(?s).{0,300}") {
            let _ = read_list(&text);
        }
    }
}
