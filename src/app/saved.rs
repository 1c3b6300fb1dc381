//! Saved audiences: an expression under a name, to be used in others.
//!
//! What is saved can be read, means what is there, and does not lead back to itself; what is used is not removed.

use std::collections::BTreeMap;

use crate::domain::audience::expression::{Source, parse, uses};
use crate::domain::fault::Fault;
use crate::domain::ids::TenantKey;
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

/// Saves `audience`, and says whom it means at this moment; nobody is somebody who may come.
///
/// # Errors
/// [`SaveError`]; nothing was saved.
pub async fn save(people: &People, audience: &SavedAudience) -> Result<Counted, SaveError> {
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
    saved.insert(audience.name.clone(), expression.clone());
    let tangle = |tangle| SaveError::Wrong(AudienceError::Tangle(tangle).fault(FIELD));
    let itself = Source::Saved(audience.name.clone()).into();
    let unfolded = crate::domain::audience::expression::unfold(&itself, &saved).map_err(tangle)?;
    let words = Words { text: audience.expression.clone(), expression: unfolded, lists: BTreeMap::new() };
    let counted = count(people, &words, |_| {}).await?;
    people.store.save_audience(people.tenant, audience).await?;
    Ok(counted)
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
            users.push(format!("broadcast {broadcast}, which has not started"));
        }
    }
    if !users.is_empty() {
        return Ok(Removal::Used(users));
    }
    Ok(if store.remove_audience(tenant, name).await? { Removal::Done } else { Removal::Unknown })
}
