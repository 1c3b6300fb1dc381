//! What a broadcast would be: whom it is for, who falls aside and why, each of them by name. Stores no broadcast.

use std::collections::BTreeMap;

use crate::domain::audience::expression::{People as Set, Source};
use crate::domain::broadcast::Channels;
use crate::domain::ids::{EntraId, RecipientKey};
use crate::domain::reason::Reason;
use crate::domain::route::Account;
use crate::ports::{Acquaintance, StoreError};

use super::super::groups::GroupRead;
use super::super::people::{People, PeopleRead};
use super::going::refuse_outsiders;
use super::named::{Named, named};
use super::{Audience, Draft, LeftOut, SubmitError, check, placed};

/// People read at once.
const PAGE: usize = 5000;

/// How many people the bot cannot write to, by reason; how many it can.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Reach {
    /// Everybody looked at.
    pub people: u64,
    /// Left out by rule.
    pub barred: BTreeMap<Reason, u64>,
}

impl Reach {
    fn count(&mut self, account: Account) {
        self.people += 1;
        if let Some(reason) = account.barrier() {
            *self.barred.entry(reason).or_default() += 1;
        }
    }

    /// Everybody who is not left out by rule.
    pub fn reachable(&self) -> u64 {
        self.people - self.barred.values().sum::<u64>()
    }
}

/// What a broadcast would be, had it been stored.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Preview {
    /// Whom it is for, and who of them is left out by rule.
    pub reach: Reach,
    /// Who of those it reaches was refused by Teams when it was last asked, by reason. They are tried again.
    pub refused_before: BTreeMap<Reason, u64>,
    /// Who of those it is for is named by several sources.
    pub named_again: u64,
    /// Who would be among them if nobody were taken away.
    pub excluded: u64,
    /// Who would get it; `None` for everyone.
    pub reachable: Option<Vec<EntraId>>,
    /// What of the list is not among them.
    pub left_out: LeftOut,
    /// The same of the lists that an expression names, by name.
    pub lists: BTreeMap<String, LeftOut>,
    /// The groups and teams that an expression names.
    pub groups: Vec<GroupRead>,
    /// Each source of an expression, and how many it names.
    pub sources: Vec<(Source, u64)>,
    /// Where it would be posted, by name; empty when it goes to people.
    pub posts: Vec<String>,
    /// Everybody above who falls aside, by the code of why: a reason, `refused_` and a reason, `named_again`, `excluded`.
    pub rolls: BTreeMap<String, Vec<Acquaintance>>,
}

/// Finds out what [`submit`](super::submit) would do. What is read of the directory is kept; nothing else is.
///
/// # Errors
/// As [`submit`](super::submit), without the doubt.
pub async fn preview(
    people: &People,
    draft: Draft,
    mut progress: impl FnMut(PeopleRead) + Send,
) -> Result<Preview, SubmitError> {
    let draft = placed(people, draft).await?;
    check(people, &draft)?;
    if let Audience::Venues(venues) = &draft.audience {
        let reach = Reach { people: venues.len() as u64, barred: BTreeMap::new() };
        let is_posted = draft.going.channels() == Channels::TeamChannel;
        let posts = venues.iter().filter(|_| is_posted).map(|venue| venue.name.clone()).collect();
        // What was learnt of a channel before is not worth a question: there are never many.
        return Ok(Preview { reach, reachable: Some(Vec::new()), posts, ..Preview::default() });
    }
    if let Audience::List(_) = draft.audience {
        // Who is a guest, or has no licence, is told as the directory has it.
        people.refresh(&mut progress).await?;
    }
    let named = named(people, &draft.audience, progress).await?;
    let Named { whom, left_out, lists, groups } = &named;
    named.refuse(&draft.audience, whom.meant.people.count(), draft.accept_partial)?;
    refuse_outsiders(people, &draft, &whom.meant.people).await?;
    let mut preview = Preview {
        named_again: whom.meant.repeated.count(),
        excluded: whom.meant.excluded.count(),
        left_out: left_out.clone(),
        lists: lists.iter().map(|(name, listed)| (name.clone(), listed.left_out.clone())).collect(),
        groups: groups.clone(),
        sources: whom.sources.clone(),
        ..Preview::default()
    };
    let mut reachable = Vec::new();
    each(people, &whom.meant.people, |person| {
        preview.reach.count(person.account);
        if let Some(reason) = person.account.barrier() {
            return preview.enrol(reason.code().to_owned(), person);
        }
        reachable.push(person.entra_id);
        if let Some(reason) = person.refusal {
            *preview.refused_before.entry(reason).or_default() += 1;
            preview.enrol(format!("refused_{}", reason.code()), person);
        }
    })
    .await?;
    each(people, &whom.meant.repeated, |person| preview.enrol("named_again".to_owned(), person)).await?;
    each(people, &whom.meant.excluded, |person| preview.enrol("excluded".to_owned(), person)).await?;
    let is_everyone = draft.audience == Audience::Everyone;
    preview.reachable = (!is_everyone).then_some(reachable);
    Ok(preview)
}

impl Preview {
    fn enrol(&mut self, roll: String, person: Acquaintance) {
        self.rolls.entry(roll).or_default().push(person);
    }
}

/// Looks at each of `set`, page by page.
async fn each(people: &People, set: &Set, mut look: impl FnMut(Acquaintance)) -> Result<(), StoreError> {
    let keys: Vec<RecipientKey> = set.iter().collect();
    for page in keys.chunks(PAGE) {
        people.store.acquaintances(people.tenant, page).await?.into_iter().for_each(&mut look);
    }
    Ok(())
}
