//! `stentor doctor`: looks at everything that a broadcast rests on, from the ground up, and tells each as it is found.
//!
//! It goes through no quota of the workers, so it keeps to a handful of requests, changes nothing, and may run beside them.
//! What cannot be looked at because something below it failed is told as not checked, with the reason.

use std::sync::Arc;

use async_trait::async_trait;

use super::{Ground, Role, client_settings};
use crate::adapters::postgres::managed::ManagedError;
use crate::adapters::postgres::{PgStore, schema};
use crate::adapters::system::{SystemClock, SystemRandom};
use crate::config::Settings;
use crate::domain::check::{Check, Verdict};
use crate::domain::fault::Faults;
use crate::ports::{Clock, Examiner, StoreError};

mod ground;
mod habits;
mod teams;
mod webhook;

use teams::Clinic;

/// What is to be looked at.
#[derive(Debug, Clone, Default)]
pub struct Scope {
    /// Only the record against its rules.
    pub integrity_only: bool,
    /// Somebody who is to get a test message, by object id or user principal name.
    pub send_to: Option<String>,
}

/// What an examination hands out while it goes on.
pub enum Said<'a> {
    /// Something that takes a while has begun.
    Begins(&'static str),
    /// Something was found.
    Found(&'a Check),
}

/// Takes in what is found, and keeps it.
pub(super) struct Notes<'a> {
    checks: Vec<Check>,
    tell: &'a mut (dyn FnMut(Said<'_>) + Send),
}

impl Notes<'_> {
    fn add(&mut self, check: Check) -> bool {
        (self.tell)(Said::Found(&check));
        let is_failure = check.verdict == Verdict::Failure;
        self.checks.push(check);
        !is_failure
    }

    fn add_all(&mut self, checks: impl IntoIterator<Item = Check>) {
        for check in checks {
            self.add(check);
        }
    }

    fn begins(&mut self, what: &'static str) {
        (self.tell)(Said::Begins(what));
    }
}

/// Examines everything, or the record alone, and tells each thing as it is found.
///
/// # Errors
/// When there is no database whose record alone could be examined.
pub async fn examine(
    settings: &Settings,
    scope: &Scope,
    tell: &mut (dyn FnMut(Said<'_>) + Send),
) -> anyhow::Result<Vec<Check>> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let mut notes = Notes { checks: Vec::new(), tell };
    if scope.integrity_only {
        let ground = Ground::open(settings, Role::Command("doctor"), clock).await?;
        let done = record(&ground.store, true, &mut notes).await;
        ground.close().await;
        done?;
        return Ok(notes.checks);
    }
    let clinic = open_clinic(settings, &clock);
    notes.add(habits::settings(settings, clinic.as_ref().err().map(String::as_str)));
    notes.add(habits::credential(settings, clock.now()).await);
    let clinic = clinic.map_err(|_| "not everything is set that Teams needs");
    let ground = match Ground::open(settings, Role::Command("doctor"), Arc::clone(&clock)).await {
        Ok(ground) => Some(ground),
        Err(error) => {
            notes.add(not_opened(&error));
            None
        }
    };
    let fits = match &ground {
        Some(ground) => ground::examine(ground, settings, &*clock, &mut notes).await,
        None => Err("the database does not answer"),
    };
    let store = ground.as_ref().filter(|_| fits.is_ok()).map(|ground| &ground.store);
    let known = habits::of_tenant(settings, store).await;
    match &clinic {
        Ok(clinic) => clinic.examine(known.as_ref().ok().and_then(Option::as_ref), &mut notes).await,
        Err(why) => notes.add_all(teams::not_checked(why)),
    }
    webhook::examine(settings, clinic.as_ref().ok(), &mut notes).await;
    match fits {
        Ok(()) => notes.add_all(habits::examine(settings, store, known).await),
        Err(why) => notes.add_all(habits::not_checked(why)),
    }
    match (store, fits) {
        (Some(store), _) => {
            notes.begins("Holding the record against its rules …");
            record(store, false, &mut notes).await?;
        }
        (None, why) => {
            let why = why.err().unwrap_or("the database does not answer");
            notes.add(Check::not_checked("integrity", "The record holds the engine's own rules", why));
        }
    }
    if let Some(person) = &scope.send_to {
        match &clinic {
            Ok(clinic) => {
                notes.begins("Trying it on the test person …");
                clinic.try_on(person, &mut notes).await;
            }
            Err(why) => notes.add_all(teams::not_tried(why)),
        }
    }
    if let Some(ground) = ground {
        ground.close().await;
    }
    Ok(notes.checks)
}

/// Examines what these settings say, beside whatever runs by them.
#[derive(Debug)]
pub(super) struct Doctor(pub(super) Settings);

#[async_trait]
impl Examiner for Doctor {
    async fn examine(&self, found: &mut (dyn FnMut(Check) + Send)) -> Result<(), String> {
        let mut tell = |said: Said<'_>| {
            if let Said::Found(check) = said {
                found(check.clone());
            }
        };
        examine(&self.0, &Scope::default(), &mut tell).await.map(drop).map_err(|error| format!("{error:#}"))
    }
}

/// Everything that it takes to speak to Teams; otherwise what of the settings cannot work.
fn open_clinic(settings: &Settings, clock: &Arc<dyn Clock>) -> Result<Clinic, String> {
    settings.teams().map_err(|faults| faults.to_string())?;
    let open = || Clinic::open(client_settings(settings)?, Arc::clone(clock), Arc::new(SystemRandom));
    open().map_err(|error: anyhow::Error| error.to_string())
}

/// The private Postgres does not start, or the address of the other is none.
fn not_opened(error: &anyhow::Error) -> Check {
    let (name, promise) = ground::DATABASE;
    if let Some(managed) = error.chain().find_map(|cause| cause.downcast_ref::<ManagedError>()) {
        return Check::failed(name, promise, managed.to_string(), managed.cure());
    }
    if let Some(Faults(faults)) = error.downcast_ref::<Faults>() {
        let cure = faults.iter().map(|fault| fault.cure.clone()).collect::<Vec<_>>().join("\n");
        let details = faults.iter().map(|fault| format!("{}: {}", fault.field, fault.problem)).collect();
        return Check::failed_at(name, promise, details, cure);
    }
    let cure = "Check database.url, or data.dir for the private Postgres.";
    Check::failed(name, promise, error.to_string(), cure)
}

/// Holds the record against its rules; `alone` looks at the schema first.
async fn record(store: &PgStore, alone: bool, notes: &mut Notes<'_>) -> Result<(), StoreError> {
    if alone {
        let (name, promise) = ground::SCHEMA;
        match schema::check(store.database(), schema::known_version()).await {
            Ok(()) => {}
            Err(StoreError::Schema(found)) => {
                notes.add(Check::failed(name, promise, found, ground::SCHEMA_CURE));
                return Ok(());
            }
            Err(error) => return Err(error),
        }
    }
    notes.add_all(store.integrity().await?);
    Ok(())
}
