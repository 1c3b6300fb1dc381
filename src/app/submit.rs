//! Accepts a broadcast: checks what is said, finds out who is meant, stores both or nothing.
//!
//! A list names people by id, user principal name or mail; the directory that we keep says who they are, and what
//! has changed in it is read, once, when it does not know somebody. Two addresses of one person are one recipient.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};

use chrono::TimeDelta;

use crate::domain::audience::{Address, Flaw, List, Malformed, Repeat};
use crate::domain::broadcast::{AudienceKind, NewBroadcast, Schedule, Treatment};
use crate::domain::content::Content;
use crate::domain::fault::{Fault, Faults};
use crate::domain::ids::{BroadcastId, EntraId, RecipientKey, RoundId};
use crate::domain::retry::Jitter;
use crate::domain::time::Timestamp;
use crate::ports::{Person, StoreError, Submission};

use super::people::{People, PeopleError, PeopleRead, Reach, Reading};

/// Addresses looked up in one statement.
const FIND_BATCH: usize = 5000;
/// How often the same submission is stored again while the database does not answer.
const STORE_TRIES: u8 = 5;
/// How far ahead an hour may lie. Further is a slip of the year.
const AHEAD_MAX: TimeDelta = TimeDelta::days(366);
/// Lines that a refusal spells out; the count tells of the others.
const LINES_SHOWN: usize = 8;

/// Who is meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Audience {
    /// Everybody whom the directory knows.
    Everyone,
    /// The people of a list.
    List(List),
}

/// A broadcast as its author hands it in.
#[derive(Debug, Clone)]
pub struct Draft {
    /// What is said.
    pub content: Content,
    /// How it is treated.
    pub treatment: Treatment,
    /// Who is meant.
    pub audience: Audience,
    /// When it starts; `None` for at once.
    pub schedule: Option<Schedule>,
    /// Whom the bot tells when it ends, halts or misses its hour.
    pub author: Option<Address>,
    /// Go on without the lines that name nobody.
    pub accept_partial: bool,
}

/// Lines of the list that name nobody, or somebody again, by line. All empty for everyone.
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
}

/// A stored broadcast.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Accepted {
    /// Its id.
    pub broadcast: BroadcastId,
    /// How many people it is for; for everyone, as the directory stands at this instant.
    pub targeted: u64,
    /// What of the list is not among them.
    pub left_out: LeftOut,
}

/// What a broadcast would be, had it been stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Preview {
    /// Whom it is for, and who of them is left out by rule.
    pub reach: Reach,
    /// Who of a list would get it; `None` for everyone.
    pub reachable: Option<Vec<EntraId>>,
    /// What of the list is not among them.
    pub left_out: LeftOut,
}

/// Why a broadcast was not accepted.
#[derive(Debug, thiserror::Error)]
pub enum SubmitError {
    /// It is wrong; nothing was stored.
    #[error(transparent)]
    Faults(#[from] Faults),
    /// Lines of its list name nobody, and nobody said to go on without them; nothing was stored.
    #[error("{faults}")]
    LeftOut {
        /// The first of them, in words.
        faults: Faults,
        /// All of them.
        left_out: Box<LeftOut>,
    },
    /// The directory could not be read; nothing was stored.
    #[error(transparent)]
    People(#[from] PeopleError),
    /// The database failed; nothing was stored.
    #[error(transparent)]
    Store(StoreError),
    /// The database went silent while storing: it may have been stored.
    #[error("The database went silent while the broadcast was being stored; it may have been stored as {0}.")]
    FateUnknown(BroadcastId),
}

impl From<StoreError> for SubmitError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// Checks and stores `draft`; `progress` hears of the directory being read.
///
/// # Errors
/// [`SubmitError`]; only [`SubmitError::FateUnknown`] leaves open whether it was stored.
pub async fn submit(
    people: &People,
    draft: Draft,
    progress: impl FnMut(PeopleRead) + Send,
) -> Result<Accepted, SubmitError> {
    let content = check(people, &draft)?;
    let (audience, list, targeted, left_out) = match &draft.audience {
        Audience::Everyone => {
            people.refresh(progress).await?;
            let targeted = people.store.count_people(people.tenant).await?;
            (AudienceKind::Everyone, Vec::new(), targeted, LeftOut::default())
        }
        Audience::List(list) => {
            let (keys, left_out) = resolve(people, list, progress).await?;
            let targeted = keys.len() as u64;
            (AudienceKind::List, keys, targeted, left_out)
        }
    };
    refuse_partial(&left_out, targeted, draft.accept_partial)?;
    let author = match &draft.author {
        Some(address) => Some(find_author(people, address).await?),
        None => None,
    };
    let created_at = people.clock.now();
    let round = || RoundId::new(created_at, people.random.next_u64());
    let broadcast = NewBroadcast {
        id: BroadcastId::new(created_at, people.random.next_u64()),
        round: round(),
        schedule: draft.schedule.map(|schedule| (schedule, round())),
        author,
        content,
        treatment: draft.treatment,
        audience,
        created_at,
    };
    let id = broadcast.id;
    store(people, &Submission { tenant: people.tenant, broadcast, list }).await?;
    tracing::info!(broadcast = %id, targeted, "broadcast accepted");
    Ok(Accepted { broadcast: id, targeted, left_out })
}

/// Finds out what [`submit`] would do, from the directory itself. Stores nothing at all.
///
/// # Errors
/// As [`submit`], without the doubt.
pub async fn preview(people: &People, draft: Draft) -> Result<Preview, SubmitError> {
    check(people, &draft)?;
    let preview = match &draft.audience {
        Audience::Everyone => {
            let mut reach = Reach::default();
            people.browse(|person| reach.count(person)).await?;
            Preview { reach, reachable: None, left_out: LeftOut::default() }
        }
        Audience::List(list) => preview_list(people, list).await?,
    };
    refuse_partial(&preview.left_out, preview.reach.people, draft.accept_partial)?;
    Ok(preview)
}

async fn preview_list(people: &People, list: &List) -> Result<Preview, SubmitError> {
    let wanted: HashSet<&Address> = list.people.iter().map(|(_, address)| address).collect();
    let mut found = Found::default();
    let mut named: Vec<Person> = Vec::new();
    people
        .browse(|person| {
            let addresses = addresses(person).into_iter().filter(|(address, _)| wanted.contains(address));
            let place = named.len();
            let hits = addresses.map(|(address, by)| found.add(address, by, place)).count();
            if hits > 0 {
                named.push(person.clone());
            }
        })
        .await?;
    let (places, left_out) = found.pick(list);
    let mut reach = Reach::default();
    places.iter().for_each(|place| reach.count(&named[*place]));
    let people = places.into_iter().map(|place| &named[place]);
    let reachable = people.filter(|person| person.account.barrier().is_none()).map(|person| person.entra_id);
    Ok(Preview { reach, reachable: Some(reachable.collect()), left_out })
}

/// Everything that can be refused without asking anybody.
fn check(people: &People, draft: &Draft) -> Result<Content, Faults> {
    let mut faults = Vec::new();
    let content = draft.content.clone().check().map_err(|found| faults.extend(found.0)).ok();
    let now = people.clock.now();
    let start_at = draft.schedule.as_ref().map_or(now, |schedule| schedule.start_at);
    if draft.treatment.deadline_at <= start_at.max(now) {
        faults.push(Fault::new("deadline", "has passed already", "Give it some hours, such as 72h."));
    }
    if draft.schedule.is_some() {
        faults.extend(bad_hour(start_at, now));
    }
    match content {
        Some(content) => Faults::or(faults, content),
        None => Err(Faults(faults)),
    }
}

/// An hour that cannot be waited for.
fn bad_hour(start_at: Timestamp, now: Timestamp) -> Option<Fault> {
    let shown = start_at.format("%Y-%m-%d %H:%M UTC");
    if start_at <= now {
        let problem = format!("{shown} has passed already");
        return Some(Fault::new("--at", problem, "Name an hour to come, or send it with --now."));
    }
    (start_at - now > AHEAD_MAX).then(|| {
        let problem = format!("{shown} lies more than {} days ahead", AHEAD_MAX.num_days());
        Fault::new("--at", problem, "Name an earlier hour; check the year.")
    })
}

/// The person whom the bot tells.
async fn find_author(people: &People, address: &Address) -> Result<RecipientKey, SubmitError> {
    let mut found = Found::default();
    find(people, std::slice::from_ref(address), &mut found).await?;
    match found.keys(address) {
        [author] => Ok(*author),
        several => {
            let problem = match several {
                [] => format!("“{address}” is nobody whom the directory knows"),
                _ => format!("“{address}” is the address of several people"),
            };
            let cure = "Name one person by object id or user principal name.";
            Err(Faults(vec![Fault::new("--tell", problem, cure)]).into())
        }
    }
}

/// Looks the list's people up, reading the directory once when somebody is unknown.
async fn resolve(
    people: &People,
    list: &List,
    progress: impl FnMut(PeopleRead) + Send,
) -> Result<(Vec<RecipientKey>, LeftOut), SubmitError> {
    let wanted: Vec<Address> = list.people.iter().map(|(_, address)| address.clone()).collect();
    let mut found = Found::default();
    find(people, &wanted, &mut found).await?;
    let unknown: Vec<Address> = wanted.into_iter().filter(|address| !found.knows(address)).collect();
    if !unknown.is_empty() {
        // Whoever joined since the last reading is somebody, too.
        people.sync(Reading::Changes, progress).await?;
        find(people, &unknown, &mut found).await?;
    }
    Ok(found.pick(list))
}

async fn find(people: &People, addresses: &[Address], found: &mut Found<RecipientKey>) -> Result<(), StoreError> {
    for batch in addresses.chunks(FIND_BATCH) {
        for (address, key) in people.store.find_people(people.tenant, batch).await? {
            // The store has weighed principal names against mail addresses itself.
            found.add(address, By::Own, key);
        }
    }
    Ok(())
}

/// How firmly an address belongs to a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum By {
    /// Her id or principal name, which nobody else has.
    Own,
    /// Her mail address, which reads like somebody else's principal name or is shared at times.
    Mail,
}

/// Who has which address.
struct Found<K>(HashMap<Address, (By, Vec<K>)>);

impl<K> Default for Found<K> {
    fn default() -> Self {
        Self(HashMap::new())
    }
}

impl<K: Copy + Eq + std::hash::Hash> Found<K> {
    fn add(&mut self, address: Address, by: By, key: K) {
        let (firmest, keys) = self.0.entry(address).or_insert((by, Vec::new()));
        if by < *firmest {
            (*firmest, *keys) = (by, Vec::new());
        }
        if by == *firmest && !keys.contains(&key) {
            keys.push(key);
        }
    }

    fn knows(&self, address: &Address) -> bool {
        self.0.contains_key(address)
    }

    fn keys(&self, address: &Address) -> &[K] {
        self.0.get(address).map_or(&[], |(_, keys)| keys.as_slice())
    }

    /// The list's people, each once, in its order; and what of it names nobody, several, or somebody again.
    fn pick(&self, list: &List) -> (Vec<K>, LeftOut) {
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
        (picked, left_out)
    }
}

/// Every address that names `person`, as a list would write it.
fn addresses(person: &Person) -> HashMap<Address, By> {
    let mail = person.mail.iter().map(|mail| (Address::Name(mail.to_lowercase()), By::Mail));
    let name = Address::Name(person.user_principal_name.to_lowercase());
    // The firmer one comes last, and stays when both read the same.
    mail.chain([(name, By::Own), (Address::Id(person.entra_id), By::Own)]).collect()
}

fn refuse_partial(left_out: &LeftOut, targeted: u64, accept_partial: bool) -> Result<(), SubmitError> {
    const CURE: &str = "Correct the list, or go on without them with --accept-partial.";
    let mut faults = Vec::new();
    let mut refuse = |problem: &str, count: usize, lines: Vec<String>| {
        if count > 0 && !accept_partial {
            let problem = format!("{} {problem}: {}", counted(count), shown(count, &lines));
            faults.push(Fault::new("audience", problem, CURE));
        }
    };
    let at = |(line, what): &(u64, Address)| format!("line {line} ({what})");
    let named = |lines: &[(u64, Address)]| lines.iter().take(LINES_SHOWN).map(at).collect();
    let malformed = left_out.malformed.iter().take(LINES_SHOWN).map(malformed).collect();
    refuse("no person or id in it", left_out.malformed.len(), malformed);
    refuse("an address that the directory does not know", left_out.unknown.len(), named(&left_out.unknown));
    refuse("an address that several people share", left_out.ambiguous.len(), named(&left_out.ambiguous));
    if targeted == 0 && faults.is_empty() {
        let cure = "Look at the list and at teams.tenant_id: nobody of it is in this organisation's directory.";
        faults.push(Fault::new("audience", "names nobody whom the directory knows", cure));
    }
    if faults.is_empty() {
        return Ok(());
    }
    Err(SubmitError::LeftOut { faults: Faults(faults), left_out: Box::new(left_out.clone()) })
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

/// Stores the submission. The same ids every time, so that a repetition of unknown fate cannot store it twice.
async fn store(people: &People, submission: &Submission) -> Result<(), SubmitError> {
    let mut tries = 0;
    loop {
        match people.store.submit(submission).await {
            Ok(()) => return Ok(()),
            Err(error) if !error.is_transient() => return Err(error.into()),
            Err(_) if tries + 1 == STORE_TRIES => return Err(SubmitError::FateUnknown(submission.broadcast.id)),
            Err(_) => tries += 1,
        }
        let wait = people.retry.delay(tries, Jitter::FULL);
        people.clock.sleep_until(people.clock.monotonic() + wait).await;
    }
}

#[cfg(test)]
mod tests;
