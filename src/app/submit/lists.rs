//! Whom the lines of a list name.
//!
//! A list names people by id, user principal name or mail; the directory that we keep says who they are, and what has
//! changed in it is read, once, when it does not know somebody. Two addresses of one person are one recipient.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use crate::domain::audience::{Address, Flaw, List, Malformed, Repeat};
use crate::domain::fault::{Fault, Slip};
use crate::domain::ids::RecipientKey;
use crate::ports::StoreError;

use super::super::people::{People, PeopleRead, Reading};
use super::SubmitError;

/// Addresses looked up in one statement.
const FIND_BATCH: usize = 5000;
/// Lines that a refusal spells out; the count tells of the others.
const LINES_SHOWN: usize = 8;

/// How many lines count for nobody.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
#[schema(as = LinesLeftOutCounts)]
pub struct LeftOutCounts {
    /// They name somebody again.
    pub duplicates: usize,
    /// Nobody has the address.
    pub unknown: usize,
    /// Several people have it.
    pub ambiguous: usize,
    /// Neither an id nor an address.
    pub malformed: usize,
}

/// Lines of a list that name nobody, or somebody again, by line.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LeftOut {
    /// Nobody in the directory has this address.
    pub unknown: Vec<(u64, Address)>,
    /// More than one person has it.
    pub ambiguous: Vec<(u64, Address)>,
    /// Neither an id nor an address.
    pub malformed: Vec<Malformed>,
    /// Names somebody whom an earlier line named, by the same address or by another one of hers.
    pub duplicates: Vec<Repeat>,
    /// How many more there are of each kind, which whoever read the list counts and does not name.
    pub beyond: LeftOutCounts,
}

/// A list whose people are known.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Listed {
    /// Each once, in the order of the list.
    pub people: Vec<RecipientKey>,
    /// What of the list is not among them.
    pub left_out: LeftOut,
}

/// How many people `list` names, and what of it is not among them. What has changed in the directory is read when it does not
/// know somebody.
///
/// # Errors
/// [`SubmitError`], of the directory and the record alone.
pub async fn look_up(people: &People, list: &List) -> Result<(u64, LeftOut), SubmitError> {
    let Listed { people, left_out } = listed(people, list, |_| {}).await?;
    Ok((people.len() as u64, left_out))
}

/// Looks the list's people up, reading what has changed in the directory when somebody is unknown.
pub(super) async fn listed(
    people: &People,
    list: &List,
    progress: impl FnMut(PeopleRead) + Send,
) -> Result<Listed, SubmitError> {
    let wanted: Vec<Address> = list.people.iter().map(|(_, address)| address.clone()).collect();
    let mut found = Found::default();
    found.look_up(people, &wanted).await?;
    let unknown: Vec<Address> = wanted.into_iter().filter(|address| found.keys(address).is_empty()).collect();
    if !unknown.is_empty() {
        // Whoever joined since the last reading is somebody, too.
        people.sync(Reading::Changes, progress).await?;
        found.look_up(people, &unknown).await?;
    }
    Ok(found.pick(list))
}

/// Who has which address. The store has weighed principal names against mail addresses itself.
#[derive(Default)]
struct Found(HashMap<Address, Vec<RecipientKey>>);

impl Found {
    async fn look_up(&mut self, people: &People, addresses: &[Address]) -> Result<(), StoreError> {
        for batch in addresses.chunks(FIND_BATCH) {
            for (address, key) in people.store.find_people(people.tenant, batch).await? {
                let keys = self.0.entry(address).or_default();
                if !keys.contains(&key) {
                    keys.push(key);
                }
            }
        }
        Ok(())
    }

    fn keys(&self, address: &Address) -> &[RecipientKey] {
        self.0.get(address).map_or(&[], Vec::as_slice)
    }

    /// The list's people, each once, in its order; and what of it names nobody, several, or somebody again.
    fn pick(&self, list: &List) -> Listed {
        let (mut picked, mut first_lines) = (Vec::new(), HashMap::new());
        let mut left_out =
            LeftOut { malformed: list.malformed.clone(), duplicates: list.duplicates.clone(), ..LeftOut::default() };
        for (line, address) in &list.people {
            match self.keys(address) {
                [] => left_out.unknown.push((*line, address.clone())),
                [key] => match first_lines.entry(*key) {
                    Entry::Vacant(place) => {
                        place.insert(*line);
                        picked.push(*key);
                    }
                    Entry::Occupied(first) => {
                        left_out.duplicates.push(Repeat { line: *line, first_line: *first.get() });
                    }
                },
                _ => left_out.ambiguous.push((*line, address.clone())),
            }
        }
        left_out.duplicates.sort_unstable();
        Listed { people: picked, left_out }
    }
}

impl LeftOut {
    /// How many there are of each kind, named or not.
    pub fn counts(&self) -> LeftOutCounts {
        let beyond = self.beyond;
        LeftOutCounts {
            duplicates: self.duplicates.len() + beyond.duplicates,
            unknown: self.unknown.len() + beyond.unknown,
            ambiguous: self.ambiguous.len() + beyond.ambiguous,
            malformed: self.malformed.len() + beyond.malformed,
        }
    }

    /// Whether every line is named that is counted.
    pub fn names_all(&self) -> bool {
        self.beyond == LeftOutCounts::default()
    }

    /// Each kind of line that names nobody for certain, as a fault of `field`.
    pub(super) fn faults(&self, field: &str) -> Vec<Fault> {
        const CURE: &str = "Correct the list, or go on without them with --accept-partial.";
        let at = |(line, what): &(u64, Address)| format!("line {line} ({what})");
        let named = |lines: &[(u64, Address)]| lines.iter().take(LINES_SHOWN).map(at).collect();
        let lines_malformed: Vec<String> = self.malformed.iter().take(LINES_SHOWN).map(malformed).collect();
        let (malformed, unknown, ambiguous) = (self.malformed.len(), self.unknown.len(), self.ambiguous.len());
        let kinds = [
            (malformed, "no person or id in it", lines_malformed, Slip::LinesMalformed { count: malformed }),
            (
                unknown,
                "an address that the directory does not know",
                named(&self.unknown),
                Slip::LinesUnknown { count: unknown },
            ),
            (
                ambiguous,
                "an address that several people share",
                named(&self.ambiguous),
                Slip::LinesAmbiguous { count: ambiguous },
            ),
        ];
        let told = |(count, problem, lines, slip): (usize, &str, Vec<String>, Slip)| {
            Fault::new(field, format!("{} {problem}: {}", counted(count), shown(count, &lines)), CURE).known(slip)
        };
        kinds.into_iter().filter(|(count, ..)| *count > 0).map(told).collect()
    }
}

fn malformed(row: &Malformed) -> String {
    match row.flaw {
        Flaw::Empty => format!("line {} (empty)", row.line),
        Flaw::NotAnAddress => format!("line {} (“{}”)", row.line, row.cell),
        flaw => format!("line {} (“{}”: {})", row.line, row.cell, flaw.sentence()),
    }
}

fn counted(lines: usize) -> String {
    if lines == 1 { "1 line has".to_owned() } else { format!("{lines} lines have") }
}

fn shown(count: usize, lines: &[String]) -> String {
    let more = count - lines.len();
    let rest = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("{}{rest}", lines.join(", "))
}
