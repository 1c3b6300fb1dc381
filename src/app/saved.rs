//! Saved audiences: an expression under a name, to be used in others.
//!
//! What is saved can be read, means what is there, and does not lead back to itself; what is used is not removed, and what
//! a broadcast waits with is not changed: whoever released it knew whom it means.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::audience::expression::{Expression, Source, parse, uses};
use crate::domain::fault::Fault;
use crate::domain::ids::{BroadcastId, TenantKey};
use crate::ports::{SavedAudience, Store, StoreError};

use super::audience::AudienceError;
use super::people::People;
use super::submit::{Counted, SubmitError, Words, count};

/// The argument that an expression stands in.
const FIELD: &str = "EXPR";

/// Why an audience was not saved.
#[derive(Debug, thiserror::Error)]
pub enum SaveError {
    /// It is wrong.
    #[error("{0}")]
    Wrong(Fault),
    /// These wait with what it meant until now, directly or by way of other saved audiences.
    #[error("it is used by {}", .0.join(", "))]
    Used(Vec<String>),
    /// It names what is not there, or the directory or the record could not be read.
    #[error(transparent)]
    Submit(#[from] SubmitError),
}

impl From<StoreError> for SaveError {
    fn from(error: StoreError) -> Self {
        Self::Submit(error.into())
    }
}

/// What became of a removal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Removal {
    /// It is forgotten.
    Done,
    /// There was none.
    Unknown,
    /// These use it: saved audiences, and broadcasts that wait.
    Used(Vec<String>),
}

/// Saves `audience`, and says whom it means at this moment; nobody is somebody who may come. What is used by a broadcast
/// that has not started, or by one of `handed_in` (drafts that wait for approval, with their words), stays as it is.
///
/// # Errors
/// [`SaveError`]; nothing was saved.
pub async fn save(
    people: &People,
    audience: &SavedAudience,
    handed_in: &[(BroadcastId, String)],
) -> Result<Counted, SaveError> {
    let expression = parse(&audience.expression).map_err(|misread| SaveError::Wrong(misread.fault(FIELD)))?;
    if let Some(list) = expression.sources().into_iter().find_map(Source::list) {
        let problem = format!("names the list “{list}”, which belongs to one broadcast");
        let cure = "Leave the list out here, and add it where the audience is used: saved \"…\" or list \"…\".";
        return Err(SaveError::Wrong(Fault::new(FIELD, problem, cure)));
    }
    // Under its own name it would lead back to itself, also by way of others.
    let mut saved = BTreeMap::new();
    for other in people.store.saved_audiences(people.tenant).await? {
        if let Ok(expression) = parse(&other.expression) {
            saved.insert(other.name, expression);
        }
    }
    let before = saved.insert(audience.name.clone(), expression.clone());
    let tangle = |tangle| SaveError::Wrong(AudienceError::Tangle(tangle).fault(FIELD));
    let itself = Source::Saved(audience.name.clone()).into();
    let unfolded = crate::domain::audience::expression::unfold(&itself, &saved).map_err(tangle)?;
    if before.is_some_and(|before| before != expression) {
        let names = those_who_use(&audience.name, &saved);
        let is_user = |text: &str| parse(text).is_ok_and(|words| names.iter().any(|name| uses(&words, name)));
        let waiting = people.store.waiting_audiences(people.tenant).await?;
        let waiting = waiting.iter().filter(|(_, text)| is_user(text)).map(|(id, _)| not_started(*id));
        let handed_in = handed_in.iter().filter(|(_, text)| is_user(text));
        let handed_in = handed_in.map(|(id, _)| format!("the draft {id}, which waits for approval"));
        let users: Vec<String> = waiting.chain(handed_in).collect();
        if !users.is_empty() {
            return Err(SaveError::Used(users));
        }
    }
    let words = Words { text: audience.expression.clone(), expression: unfolded, lists: BTreeMap::new() };
    let counted = count(people, &words, |_| {}).await?;
    people.store.save_audience(people.tenant, audience).await?;
    Ok(counted)
}

/// `name`, and the names of everything saved that leads to it.
fn those_who_use<'a>(name: &'a str, saved: &'a BTreeMap<String, Expression>) -> BTreeSet<&'a str> {
    let (mut found, mut next) = (BTreeSet::new(), vec![name]);
    while let Some(name) = next.pop() {
        if found.insert(name) {
            let users = saved.iter().filter(|(_, expression)| uses(expression, name));
            next.extend(users.map(|(user, _)| user.as_str()));
        }
    }
    found
}

fn not_started(broadcast: BroadcastId) -> String {
    format!("broadcast {broadcast}, which has not started")
}

/// Forgets the audience saved as `name` unless something uses it.
///
/// # Errors
/// The store's.
pub async fn remove(store: &dyn Store, tenant: TenantKey, name: &str) -> Result<Removal, StoreError> {
    let is_user = |text: &str| parse(text).is_ok_and(|expression| uses(&expression, name));
    let mut users = Vec::new();
    for other in store.saved_audiences(tenant).await? {
        if other.name != name && is_user(&other.expression) {
            users.push(format!("the saved audience “{}”", other.name));
        }
    }
    for (broadcast, text) in store.waiting_audiences(tenant).await? {
        if is_user(&text) {
            users.push(not_started(broadcast));
        }
    }
    if !users.is_empty() {
        return Ok(Removal::Used(users));
    }
    Ok(if store.remove_audience(tenant, name).await? { Removal::Done } else { Removal::Unknown })
}
