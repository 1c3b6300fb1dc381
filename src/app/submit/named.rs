//! Whom an audience names at this moment, its groups and its people read afresh.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::audience::expression::{Expression, Meant, People as Set, Source, nearest};
use crate::domain::fault::{Fault, Faults, Slip};

use super::super::audience::{Lists, Whom, unfolded, whom};
use super::super::groups::{self, GroupError, GroupRead};
use super::super::people::{People, PeopleRead};
use super::lists::{LeftOut, Listed, listed};
use super::{Audience, EXPRESSION, SubmitError, Words};

/// Sources that a refusal spells out.
const SOURCES_SHOWN: usize = 8;

/// Whom an audience names.
#[derive(Debug, Default)]
pub(super) struct Named {
    /// Who is meant, and how many each source names.
    pub whom: Whom,
    /// What of the list, when the audience is one, is nobody's name.
    pub left_out: LeftOut,
    /// The lists that the words name.
    pub lists: BTreeMap<String, Listed>,
    /// The groups and teams that the words name.
    pub groups: Vec<GroupRead>,
}

/// Whom words mean: for whoever only wants to count.
#[derive(Debug, Clone, PartialEq)]
pub struct Counted {
    /// Who is meant, and how many each source names.
    pub whom: Whom,
    /// The groups and teams that the words name.
    pub groups: Vec<GroupRead>,
    /// What of the lists that the words name is nobody's name.
    pub lists: BTreeMap<String, LeftOut>,
}

/// Whom `words` mean at this moment; `progress` hears of the directory being read.
///
/// # Errors
/// [`SubmitError`].
pub async fn count(
    people: &People,
    words: &Words,
    progress: impl FnMut(PeopleRead) + Send,
) -> Result<Counted, SubmitError> {
    let Named { whom, groups, lists, .. } = named_in_words(people, words, progress).await?;
    Ok(Counted { whom, groups, lists: lists.into_iter().map(|(name, listed)| (name, listed.left_out)).collect() })
}

/// Whom `audience` names.
pub(super) async fn named(
    people: &People,
    audience: &Audience,
    progress: impl FnMut(PeopleRead) + Send,
) -> Result<Named, SubmitError> {
    match audience {
        Audience::Everyone => {
            people.refresh(progress).await?;
            let everyone = Source::Everyone.into();
            let whom = whom(&*people.store, people.tenant, &everyone, Lists::Given(&BTreeMap::new())).await?;
            Ok(Named { whom, ..Named::default() })
        }
        Audience::List(list) => {
            let Listed { people: keys, left_out } = listed(people, list, progress).await?;
            let meant = Meant { people: keys.into_iter().collect(), ..Meant::default() };
            Ok(Named { whom: Whom { meant, sources: Vec::new() }, left_out, ..Named::default() })
        }
        Audience::Words(words) => named_in_words(people, words, progress).await,
        // None of the people whom the directory knows.
        Audience::Venues(_) => Ok(Named::default()),
    }
}

async fn named_in_words(
    people: &People,
    words: &Words,
    mut progress: impl FnMut(PeopleRead) + Send,
) -> Result<Named, SubmitError> {
    refuse_lists(words)?;
    let (store, tenant) = (&*people.store, people.tenant);
    let expression = unfolded(store, tenant, &words.expression).await?;
    people.refresh(&mut progress).await?;
    let mut lists = BTreeMap::new();
    for (name, list) in &words.lists {
        lists.insert(name.clone(), listed(people, list, &mut progress).await?);
    }
    let groups = read_groups(people, &expression).await?;
    let sets: BTreeMap<String, Set> =
        lists.iter().map(|(name, listed)| (name.clone(), listed.people.iter().copied().collect())).collect();
    let whom = whom(store, tenant, &expression, Lists::Given(&sets)).await?;
    Ok(Named { whom, left_out: LeftOut::default(), lists, groups })
}

/// Every list that is named must be given, and every one that is given be named.
fn refuse_lists(words: &Words) -> Result<(), Faults> {
    let named: BTreeSet<&str> = words.expression.sources().into_iter().filter_map(Source::list).collect();
    let given: BTreeSet<&str> = words.lists.keys().map(String::as_str).collect();
    let missing = named.difference(&given).map(|name| {
        let cure = match nearest(name, given.difference(&named).copied()) {
            Some(near) => format!("“{near}” is given and not named: write list \"{near}\"."),
            None => format!("Add --list \"{name}=FILE\"."),
        };
        Fault::new(EXPRESSION, format!("list “{name}” is named, and no file is given for it"), cure)
            .known(Slip::ListMissing { name: (*name).to_owned() })
    });
    let spare = given.difference(&named).map(|name| {
        let cure = format!("Write list \"{name}\" in the audience, or leave the option out.");
        Fault::new("--list", format!("“{name}” is given, and the audience does not name it"), cure)
            .known(Slip::ListNotNamed { name: (*name).to_owned() })
    });
    let faults: Vec<Fault> = missing.chain(spare).collect();
    Faults::or(faults, ())
}

/// Reads the members of every group and team that is named, unless they are known well enough.
async fn read_groups(people: &People, expression: &Expression) -> Result<Vec<GroupRead>, SubmitError> {
    let (mut groups, mut faults) = (Vec::<GroupRead>::new(), Vec::new());
    let sources: BTreeSet<&Source> = expression.sources().into_iter().collect();
    for source in sources {
        let (Source::Group(name) | Source::Team(name)) = source else { continue };
        let is_team = matches!(source, Source::Team(_));
        match read_group(people, name, is_team).await {
            Ok(group) if is_team && !group.team => {
                let problem = format!("“{name}” is a group without a team");
                let fault = Fault::new(EXPRESSION, problem, format!("Write group \"{name}\"."));
                faults.push(fault.known(Slip::NoTeam { name: name.clone() }));
            }
            Ok(group) if groups.iter().all(|known| known.id != group.id) => groups.push(group),
            Ok(_) => {}
            Err(GroupError::People(error)) => return Err(error.into()),
            Err(error) => faults.push(error.fault(EXPRESSION)),
        }
    }
    Ok(Faults::or(faults, groups)?)
}

/// Reads one group; of several of one name, the only one that has a team, when a team is wanted.
pub(super) async fn read_group(people: &People, name: &str, is_team: bool) -> Result<GroupRead, GroupError> {
    let read = groups::ensure_fresh(people, name).await;
    let Err(GroupError::Ambiguous { groups: alike, .. }) = &read else { return read };
    let teams: Vec<_> = alike.iter().filter(|group| group.team && is_team).collect();
    match teams.as_slice() {
        [team] => groups::ensure_fresh(people, &team.id.to_string()).await,
        _ => read,
    }
}

impl Named {
    /// Refuses an audience of nobody, and one of whose lists lines name nobody, unless that is accepted.
    pub fn refuse(&self, audience: &Audience, targeted: u64, accept_partial: bool) -> Result<(), SubmitError> {
        let mut faults = Vec::new();
        if !accept_partial {
            faults.extend(self.left_out.faults("audience"));
            for (name, listed) in &self.lists {
                faults.extend(listed.left_out.faults(&format!("list “{name}”")));
            }
        }
        if targeted == 0 && faults.is_empty() {
            faults.push(self.nobody(audience));
        }
        if faults.is_empty() {
            return Ok(());
        }
        let lists = self.lists.iter().map(|(name, listed)| (name.clone(), listed.left_out.clone())).collect();
        Err(SubmitError::LeftOut { faults: Faults(faults), left_out: Box::new(self.left_out.clone()), lists })
    }

    fn nobody(&self, audience: &Audience) -> Fault {
        let Audience::Words(_) = audience else {
            let cure = "Look at the list and at teams.tenant_id: nobody of it is in this organisation's directory.";
            return Fault::new("audience", "names nobody whom the directory knows", cure).known(Slip::ListOfStrangers);
        };
        let named = |(source, people): &(Source, u64)| format!("{source} names {people}");
        let mut sources: Vec<String> = self.whom.sources.iter().take(SOURCES_SHOWN).map(named).collect();
        if self.whom.sources.len() > SOURCES_SHOWN {
            sources.push("…".to_owned());
        }
        let cure = "Look at the spelling of what names 0, and at what stands behind and, and behind except.";
        let empty = self.whom.sources.iter().filter(|(_, people)| *people == 0).take(SOURCES_SHOWN);
        let parts: Vec<String> = empty.map(|(source, _)| source.to_string()).collect();
        let slip = match parts.is_empty() {
            true => Slip::MeansNobody,
            false => Slip::EmptyParts { parts: parts.join(", ") },
        };
        Fault::new(EXPRESSION, format!("means nobody: {}", sources.join("; ")), cure).known(slip)
    }
}
