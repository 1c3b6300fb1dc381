//! Stentor, opened by the command itself, as the desk.

use std::collections::BTreeMap;
use std::io::Write;
use std::time::Duration;

use async_trait::async_trait;

use super::super::complaint::Complaint;
use super::super::text;
use super::{
    AmendOrder, Blind, Created, Desk, ExportOrder, Known, Look, PAGES_A_WORD, Rehearsed, Sight, Synced, Tally, whom,
    words_of_reading,
};
use crate::app::amend::{self, Amended};
use crate::app::control::{Granted, Wish, grant};
use crate::app::export::{self, Exported};
use crate::app::forecast::{Foresight, Plan};
use crate::app::groups;
use crate::app::people::{PeopleRead, Reading};
use crate::app::presence::Presence;
use crate::app::report::{self, Summary};
use crate::app::retry::{self, Retry};
use crate::app::saved::{self, Removal, SaveError};
use crate::app::submit::{self, Audience, Counted, Draft, Words};
use crate::domain::broadcast::BroadcastState;
use crate::domain::broadcast::Channels;
use crate::domain::fault::Faults;
use crate::domain::forecast::Forecast;
use crate::domain::ids::{BroadcastId, TenantKey};
use crate::domain::pacing::{Bucket, Quota};
use crate::domain::time::Monotonic;
use crate::ports::{BroadcastReport, Clock, Group, Person, RetryWish, Said, SavedAudience, Store};
use crate::wiring::Stentor;

/// How often we look. A look costs one sum over the broadcast's chunks.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// How often the end is foretold anew; in between, the clock runs on. It costs more than a look.
const FORETELL_EVERY: Duration = Duration::from_secs(15);

#[async_trait]
impl Desk for Stentor {
    fn clock(&self) -> &dyn Clock {
        self.clock.as_ref()
    }

    async fn newest(&self, limit: u32) -> anyhow::Result<Vec<BroadcastReport>> {
        Ok(self.store.reports(self.tenant, limit).await?)
    }

    async fn report(&self, id: BroadcastId) -> anyhow::Result<Option<BroadcastReport>> {
        Ok(self.store.report(self.tenant, id).await?)
    }

    async fn summary(&self, id: BroadcastId) -> anyhow::Result<Option<Summary>> {
        Ok(report::summary(&self.foresight(), id).await?)
    }

    async fn said(&self, id: BroadcastId) -> anyhow::Result<Option<Said>> {
        let Some(report) = self.store.report(self.tenant, id).await? else { return Ok(None) };
        Ok(amend::said(self.store.as_ref(), self.tenant, &report).await?)
    }

    async fn quotas(&self) -> anyhow::Result<BTreeMap<Bucket, Quota>> {
        Ok(self.settings.engine.quotas.clone())
    }

    fn sight(&self, id: BroadcastId) -> Box<dyn Sight + '_> {
        let (store, clock) = (self.store.as_ref(), self.clock.as_ref());
        Box::new(OverStore::new(store, clock, self.tenant, id, &self.settings.engine.quotas))
    }

    async fn grant(&self, id: BroadcastId, wish: Wish) -> anyhow::Result<Granted> {
        Ok(grant(self.store.as_ref(), self.tenant, id, wish, self.clock.now()).await?)
    }

    async fn retry(&self, id: BroadcastId, wish: &RetryWish, time_left: Duration) -> anyhow::Result<Retry> {
        let (chance, now) = (self.random.next_u64(), self.clock.now());
        Ok(retry::retry(self.store.as_ref(), self.tenant, id, wish, time_left, chance, now).await?)
    }

    async fn amend(&self, id: BroadcastId, order: &AmendOrder) -> anyhow::Result<Amended> {
        let (store, tenant, wish) = (self.store.as_ref(), self.tenant, &order.wish);
        if let amend::Wish::Correct(new) = wish
            && let Some(fault) = self.picture_fault(&new.content)
        {
            return Err(Faults(vec![fault]).into());
        }
        if order.is_dry {
            return Ok(amend::preview(store, tenant, id, wish).await?);
        }
        let (chance, now) = (self.random.next_u64(), self.clock.now());
        Ok(amend::amend(store, tenant, id, wish, order.time_left, chance, now).await?)
    }

    async fn export(
        &self,
        report: &BroadcastReport,
        order: &ExportOrder,
        to: &mut (dyn Write + Send),
        progress: &mut (dyn FnMut(Exported) + Send),
    ) -> anyhow::Result<Exported> {
        let place = (self.tenant, report.id, order.passes);
        Ok(export::export(self.store.as_ref(), place, order.format, order.filter.clone(), to, progress).await?)
    }

    async fn check(&self, draft: &Draft) -> anyhow::Result<()> {
        let no_feeds = draft.going.wanted().and_then(|_| self.feed_fault("--channel"));
        let faults: Vec<_> = no_feeds.into_iter().chain(self.picture_fault(&draft.content)).collect();
        if !faults.is_empty() {
            return Err(Faults(faults).into());
        }
        self.check_clock().await?;
        Ok(self.usher().check_app().await?)
    }

    async fn rehearse(&self, draft: Draft, _: bool) -> anyhow::Result<Rehearsed> {
        let (urgent, channels) = (draft.treatment.urgent, draft.going.channels());
        let draft = placed(self, draft).await?;
        let (schedule, going) = (draft.schedule.clone(), draft.going.clone());
        if let Some(team) = going.team() {
            tell_of_app(self.usher().look_for_app_in(team).await?);
        }
        let whom = whom(&draft.audience).filter(|_| channels != Channels::TeamChannel);
        let venues = match &draft.audience {
            Audience::Venues(venues) => venues.len() as u64,
            _ => 0,
        };
        let preview = submit::preview(&self.people(), draft, reading()).await?;
        let plan = Plan {
            reachable: preview.reach.reachable(),
            people: preview.reachable.clone(),
            urgent,
            schedule: schedule.clone(),
            means: going.means(),
            venues,
        };
        let forecast = self.foresight().of_plan(&plan).await?;
        Ok(Rehearsed { preview, whom, going, schedule, forecast })
    }

    async fn create(&self, draft: Draft) -> anyhow::Result<Created> {
        let (now, channels) = (self.clock.now(), draft.going.channels());
        let draft = placed(self, draft).await?;
        let (schedule, team) = (draft.schedule.clone(), draft.going.team());
        let whom = whom(&draft.audience).filter(|_| channels != Channels::TeamChannel);
        let ready = submit::ready(&self.people(), draft, reading()).await?;
        // Last, so that nothing is installed for what is refused.
        if let Some(team) = team {
            tell_of_app(self.usher().bring_app_to(team).await?);
        }
        let accepted = submit::keep(&self.people(), ready).await?;
        Ok(Created { accepted, whom, schedule, now })
    }

    async fn audiences(&self) -> anyhow::Result<Vec<SavedAudience>> {
        Ok(self.store.saved_audiences(self.tenant).await?)
    }

    async fn count(&self, words: &Words) -> anyhow::Result<Tally> {
        let counted = submit::count(&self.people(), words, |_| {}).await?;
        Ok(Tally::of(words.expression.to_string(), counted))
    }

    async fn save(&self, name: &str, expression: &str) -> anyhow::Result<(SavedAudience, Tally)> {
        let (name, expression) = (name.to_owned(), expression.to_owned());
        let audience = SavedAudience { name, expression, saved_at: self.clock.now() };
        let counted = saved::save(&self.people(), &audience, &[]).await.map_err(refused)?;
        let tally = Tally::of(audience.expression.clone(), counted);
        Ok((audience, tally))
    }

    async fn remove(&self, name: &str) -> anyhow::Result<Removal> {
        Ok(saved::remove(&*self.store, self.tenant, name).await?)
    }

    async fn known(&self) -> anyhow::Result<Known> {
        let record = self.store.directory(self.tenant).await?;
        let people = self.store.count_people(self.tenant).await?;
        let groups = self.store.groups(self.tenant).await?;
        let stale = record.read_at.is_none_or(|at| !self.people().is_fresh(at));
        Ok(Known { record, people, groups, stale })
    }

    async fn search(&self, wanted: &str, limit: u32) -> anyhow::Result<(Vec<Person>, Vec<Group>)> {
        let people = self.store.search_people(self.tenant, wanted, limit).await?;
        Ok((people, groups::search(&self.people(), wanted).await?))
    }

    async fn sync(&self, whole: bool) -> anyhow::Result<Synced> {
        let wanted = if whole { Reading::Whole } else { Reading::Changes };
        let began_at = self.clock.monotonic();
        let read = self.people().sync(wanted, words_of_reading()).await?;
        let people = self.store.count_people(self.tenant).await?;
        let took = self.clock.monotonic().saturating_since(began_at);
        Ok(Synced { read, people, seconds: took.as_secs_f64() })
    }
}

impl Tally {
    fn of(expression: String, Counted { whom, groups, lists }: Counted) -> Self {
        Self {
            expression,
            people: whom.meant.people.count(),
            named_again: whom.meant.repeated.count(),
            excluded: whom.meant.excluded.count(),
            sources: whom.sources.iter().map(|(source, people)| (source.to_string(), *people)).collect(),
            groups,
            lists,
        }
    }
}

/// Looks into the store.
pub(in crate::cli) struct OverStore<'a> {
    store: &'a dyn Store,
    clock: &'a dyn Clock,
    tenant: TenantKey,
    id: BroadcastId,
    quotas: &'a BTreeMap<Bucket, Quota>,
    looked: bool,
    asked: Option<Monotonic>,
}

impl<'a> OverStore<'a> {
    pub(in crate::cli) fn new(
        store: &'a dyn Store,
        clock: &'a dyn Clock,
        tenant: TenantKey,
        id: BroadcastId,
        quotas: &'a BTreeMap<Bucket, Quota>,
    ) -> Self {
        Self { store, clock, tenant, id, quotas, looked: false, asked: None }
    }

    /// Asks anew when the broadcast goes on and the last answer has grown old. A forecast that cannot be made is none.
    async fn foretell(&mut self, report: &BroadcastReport) -> Option<Forecast> {
        use BroadcastState::{Expanding, Running, Scheduled};
        let at = self.clock.monotonic();
        if !matches!(report.state, Scheduled | Expanding | Running) {
            self.asked = None;
            return None;
        }
        if self.asked.is_some_and(|asked| at.saturating_since(asked) < FORETELL_EVERY) {
            return None;
        }
        self.asked = Some(at);
        let foresight =
            Foresight { store: self.store, tenant: self.tenant, quotas: self.quotas, now: self.clock.now() };
        Some(foresight.of_broadcast(report).await.unwrap_or_default())
    }
}

#[async_trait]
impl Sight for OverStore<'_> {
    async fn look(&mut self) -> Result<Option<Look>, Blind> {
        if std::mem::replace(&mut self.looked, true) {
            self.clock.sleep_until(self.clock.monotonic() + LOOK_EVERY).await;
        }
        match self.store.report(self.tenant, self.id).await {
            Ok(Some(report)) => {
                let forecast = self.foretell(&report).await;
                Ok(Some(Look { report, forecast }))
            }
            Ok(None) => Ok(None),
            Err(error) if error.is_transient() => Err(Blind::Passing(error.to_string())),
            Err(error) => Err(Blind::ForGood(error.into())),
        }
    }
}

/// The draft with its team found; what becomes of preparing it is told.
async fn placed(stentor: &Stentor, draft: Draft) -> anyhow::Result<Draft> {
    let prepares = |draft: &Draft| draft.schedule.as_ref().is_some_and(|schedule| schedule.prepare_at.is_some());
    let was_to_prepare = prepares(&draft);
    let draft = submit::placed(&stentor.people(), draft).await?;
    if was_to_prepare && !prepares(&draft) {
        text::aside("Nothing is prepared ahead of its hour: in the name of a team or a chat nobody is given the app.");
    }
    Ok(draft)
}

/// Tells whether the app is where people are to be notified.
fn tell_of_app(presence: Presence) {
    match presence {
        Presence::There => {}
        Presence::Brought => text::aside("The app was installed in the team."),
        Presence::Missing => text::aside("The app is not in the team: `create` without --dry-run installs it there."),
        Presence::Refused(why) => text::aside(&format!(
            "The app is not in the team, and Teams refused to install it there ({}): until somebody installs it, the \
             broadcast halts.",
            text::one_line(&why)
        )),
        Presence::Untold(why) => text::aside(&format!(
            "Whether the app is in the team could not be found out ({}): if it is not, the broadcast halts and says so.",
            text::one_line(&why)
        )),
    }
}

/// Tells now and then how far the reading of the directory is.
fn reading() -> impl FnMut(PeopleRead) + Send {
    let mut is_first = true;
    move |read| {
        if std::mem::take(&mut is_first) || read.pages.is_multiple_of(PAGES_A_WORD) {
            text::aside(&format!("Reading the directory: {} so far.", text::people(read.people)));
        }
    }
}

fn refused(error: SaveError) -> anyhow::Error {
    match error {
        SaveError::Wrong(fault) => Faults(vec![fault]).into(),
        SaveError::Used(by) => {
            let message = format!("What it means now is used by {}.", by.join(", "));
            let cure = "Save it under another name, or cancel the broadcast, or wait until it has started.";
            Complaint::bad_input("audience_in_use", message, cure).about("NAME").into()
        }
        SaveError::Submit(error) => error.into(),
    }
}
