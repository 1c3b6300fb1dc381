//! Finds out whom an audience in words means, from what the record knows at this moment; lays it down for a round.
//!
//! Every source is read once, and then the domain does its algebra. What names something that is not there is an error,
//! never nobody: an audience must not be smaller in silence.

use std::collections::BTreeMap;

use chrono::TimeDelta;

use crate::domain::audience::expression::{
    Expression, Meant, Misread, People, Source, Tangle, evaluate, parse, unfold,
};
use crate::domain::broadcast::RoundKind;
use crate::domain::fault::{Fault, Slip};
use crate::domain::ids::{BroadcastId, TenantKey, WorkerId};
use crate::ports::{HeldTenant, RoundWork, Store, StoreError};

/// A directory that was read longer ago is not taken for an audience without a word in the log.
const AGE_MAX: TimeDelta = TimeDelta::days(1);

/// Why nobody can say whom an audience means.
#[derive(Debug, thiserror::Error)]
pub enum AudienceError {
    /// What was stored cannot be read.
    #[error(transparent)]
    Misread(#[from] Misread),
    /// What was saved under this name cannot be read.
    #[error("what is saved as “{name}” cannot be read: {misread}")]
    SavedMisread {
        /// The name.
        name: String,
        /// What is wrong with it.
        misread: Misread,
    },
    /// What is saved under names cannot be put in.
    #[error(transparent)]
    Tangle(#[from] Tangle),
    /// This names something that is not there.
    #[error("{}", gone(.0).0)]
    Gone(Source),
    /// Several groups have this name.
    #[error("“{0}” is the name of several groups")]
    Alike(String),
    /// Nobody can say yet whom this broadcast is for.
    #[error("broadcast {0} has not started, so nobody knows yet whom it is for")]
    NotFrozen(BroadcastId),
    /// The record could not be read.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What is wrong with a source that names nothing, and what to do about it.
fn gone(source: &Source) -> (String, &'static str) {
    match source {
        Source::Group(name) => {
            (format!("“{name}” is no group that is known"), "`stentor directory search` finds groups and teams.")
        }
        Source::Team(name) => {
            (format!("“{name}” is no team that is known"), "`stentor directory search` finds groups and teams.")
        }
        Source::List(name) => (format!("there is no list “{name}”"), "Give its file with --list NAME=FILE."),
        Source::Person(address) => (
            format!("“{address}” is nobody whom the directory knows, or the address of several people"),
            "Name one person by object id or user principal name.",
        ),
        Source::Broadcast { id, .. } => {
            (format!("there is no broadcast {id}"), "`stentor broadcast list` shows those of this tenant.")
        }
        // These name themselves, or are put in before anybody is looked up.
        Source::Everyone | Source::Attribute(..) | Source::Flag(_) | Source::Saved(_) => {
            (format!("{source} cannot be looked up"), "Report this to whoever runs Stentor.")
        }
    }
}

impl AudienceError {
    /// As a fault of `field`.
    pub fn fault(&self, field: &str) -> Fault {
        let cure = match self {
            Self::Misread(misread) => return misread.fault(field),
            Self::SavedMisread { misread, .. } => {
                return Fault::new(field, self.to_string(), misread.fault(field).cure);
            }
            Self::Tangle(Tangle::Missing { .. }) => {
                "`stentor audience list` shows what is saved, `save` saves it again."
            }
            Self::Tangle(Tangle::Circle(_)) => "Save one of them again without the next.",
            Self::Tangle(Tangle::TooLarge | Tangle::TooDeep) => "Put some of the people on a list.",
            Self::Gone(source) => gone(source).1,
            Self::Alike(_) => "Name the one that is meant by its id; `stentor directory search` shows it.",
            Self::NotFrozen(_) => "Wait until it has started, or write its audience instead.",
            Self::Store(_) => "Try again.",
        };
        Fault { slip: self.slip().map(Box::new), ..Fault::new(field, self.to_string(), cure) }
    }

    fn slip(&self) -> Option<Slip> {
        Some(match self {
            Self::Tangle(Tangle::Missing { name, .. }) => Slip::NotSaved { name: name.clone() },
            Self::Gone(Source::Group(name) | Source::Team(name)) => Slip::UnknownGroup { name: name.clone() },
            Self::Gone(Source::List(name)) => Slip::ListMissing { name: name.clone() },
            Self::Gone(Source::Person(address)) => Slip::UnknownPerson { address: address.to_string() },
            Self::Gone(Source::Broadcast { id, .. }) => Slip::UnknownBroadcast { id: id.to_string() },
            Self::Alike(name) => Slip::SeveralGroups { name: name.clone() },
            _ => return None,
        })
    }

    /// For the record and the log, where nobody's address belongs.
    fn detail(&self) -> String {
        match self {
            Self::Gone(Source::Person(_)) => {
                "A person whom it names is not in the directory any more, or shares the address.".to_owned()
            }
            other => format!("{other}."),
        }
    }
}

/// Where the lists are that an expression names.
#[derive(Clone, Copy)]
pub enum Lists<'a> {
    /// Not stored yet.
    Given(&'a BTreeMap<String, People>),
    /// Kept with this broadcast.
    Of(BroadcastId),
}

/// Whom an expression means, and how many each of its sources names.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Whom {
    /// Who is meant.
    pub meant: Meant,
    /// Each source once, from left to right, with how many it names.
    pub sources: Vec<(Source, u64)>,
}

/// `expression` with everything put in that it names as saved.
///
/// # Errors
/// [`AudienceError`].
pub async fn unfolded(
    store: &dyn Store,
    tenant: TenantKey,
    expression: &Expression,
) -> Result<Expression, AudienceError> {
    if !expression.sources().iter().any(|source| matches!(source, Source::Saved(_))) {
        return Ok(expression.clone());
    }
    let mut saved = BTreeMap::new();
    for audience in store.saved_audiences(tenant).await? {
        match parse(&audience.expression) {
            Ok(expression) => drop(saved.insert(audience.name, expression)),
            Err(misread) => return Err(AudienceError::SavedMisread { name: audience.name, misread }),
        }
    }
    Ok(unfold(expression, &saved)?)
}

/// Whom `expression` means at this moment; nothing in it is saved elsewhere.
///
/// # Errors
/// [`AudienceError`].
pub async fn whom(
    store: &dyn Store,
    tenant: TenantKey,
    expression: &Expression,
    lists: Lists<'_>,
) -> Result<Whom, AudienceError> {
    let mut named: BTreeMap<&Source, People> = BTreeMap::new();
    let mut sources = Vec::new();
    for source in expression.sources() {
        if named.contains_key(source) {
            continue;
        }
        let people = match (source, lists) {
            (Source::List(name), Lists::Given(lists)) => lists.get(name).cloned(),
            (_, Lists::Given(_)) => store.named_by(tenant, source, None).await?,
            (_, Lists::Of(broadcast)) => store.named_by(tenant, source, Some(broadcast)).await?,
        };
        let Some(people) = people else { return Err(unnamed(store, tenant, source).await?) };
        sources.push((source.clone(), people.count()));
        named.insert(source, people);
    }
    let mut look = |source: &Source| named.get(source).cloned().ok_or_else(|| AudienceError::Gone(source.clone()));
    Ok(Whom { meant: evaluate(expression, &mut look)?, sources })
}

/// Why a source names nobody for certain.
async fn unnamed(store: &dyn Store, tenant: TenantKey, source: &Source) -> Result<AudienceError, StoreError> {
    let is_unsure = match source {
        Source::Group(name) | Source::Team(name) => {
            let is_team = matches!(source, Source::Team(_));
            let alike = store.find_groups(tenant, name).await?;
            alike.iter().filter(|known| known.group.team || !is_team).count() > 1
        }
        Source::Broadcast { id, .. } => store.report(tenant, *id).await?.is_some(),
        _ => false,
    };
    Ok(match source {
        Source::Group(name) | Source::Team(name) if is_unsure => AudienceError::Alike(name.clone()),
        Source::Broadcast { id, .. } if is_unsure => AudienceError::NotFrozen(*id),
        gone => AudienceError::Gone(gone.clone()),
    })
}

/// What became of laying an audience down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LaidDown {
    /// It means so many, and they are on the round's list.
    People(u64),
    /// It names what is gone, in words for the record. Nothing was laid down.
    Gone(String),
}

/// Evaluates the words of a round's broadcast and lays down whom they mean, so that the round can be expanded.
///
/// A round that prepares has no need to be complete: where something is gone nobody is prepared, and there is time until
/// the hour to bring it back.
///
/// # Errors
/// The store's.
pub async fn lay_down(
    store: &dyn Store,
    held: HeldTenant,
    worker: WorkerId,
    work: &RoundWork,
    text: &str,
) -> Result<LaidDown, StoreError> {
    let clock = store.clock().await?;
    let read_at = store.directory(held.tenant).await?.read_at;
    if read_at.is_none_or(|at| clock - at > AGE_MAX) {
        tracing::warn!(broadcast = %work.broadcast, ?read_at, "the audience is frozen from a directory of long ago");
    }
    let evaluated = async {
        let expression = unfolded(store, held.tenant, &parse(text)?).await?;
        whom(store, held.tenant, &expression, Lists::Of(work.broadcast)).await
    };
    let people = match evaluated.await {
        Ok(whom) => whom.meant.people,
        Err(AudienceError::Store(error)) => return Err(error),
        Err(gone) if work.kind == RoundKind::Prepare => {
            tracing::warn!(broadcast = %work.broadcast, why = gone.detail(), "nobody is prepared");
            People::default()
        }
        Err(gone) => return Ok(LaidDown::Gone(gone.detail())),
    };
    store.lay_down(held, worker, work.round, &people).await?;
    Ok(LaidDown::People(people.count()))
}
