//! Sets right what was sent of a broadcast that is over: a new round replaces it, or takes it back.
//!
//! Doubt is harmless here: replacing or deleting again does no harm, so nothing needs a permission and whatever has no
//! answer is simply done again. What is left is doubt about what was *sent*: somebody who may have got a second message
//! that nobody can name is told so (`docs/decisions/0013-setting-right-what-was-sent.md`).

use std::time::Duration;

use crate::domain::broadcast::{BroadcastState, Channel, Channels, RoundKind};
use crate::domain::content::Content;
use crate::domain::fault::{Fault, Faults};
use crate::domain::flow::Means;
use crate::domain::ids::{BroadcastId, RoundId, TenantKey};
use crate::domain::notification::{Notification, WITHDRAWN};
use crate::domain::outcome::NOTIFIED_AT_ONCE;
use crate::domain::pacing::{Bucket, Quota};
use crate::domain::time::Timestamp;
use crate::ports::{Amends, BroadcastReport, Recalling, Said, Standing, Store, StoreError};

use super::forecast::means_of;

/// How long a broadcast that is recalled by itself may take to be.
pub const RECALL_WITHIN: Duration = Duration::from_secs(72 * 3600);

/// What became of the wish to set something right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Amended {
    /// A round begins in each of these channels, of so many people.
    Begun(Vec<(Channel, Standing)>),
    /// There is nobody whom it could reach: nothing was begun.
    Nobody,
    /// What people read would stay as it is: nothing was begun.
    Unchanged,
    /// The broadcast is not over yet.
    TooEarly(BroadcastState),
    /// It was recalled, and nothing is corrected that nobody is to read.
    Recalled,
    /// There is no such broadcast.
    Unknown,
}

/// What of an announcement is to be said otherwise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wish {
    /// This in its place, wherever that is something else than what people read at present.
    Correct(Box<Said>),
    /// Nothing any more; where words are given, they take its place.
    Recall(Option<String>),
}

/// What the messages of a broadcast say at present.
///
/// # Errors
/// [`StoreError`].
pub async fn said(store: &dyn Store, tenant: TenantKey, report: &BroadcastReport) -> Result<Option<Said>, StoreError> {
    let Some(first) = report.rounds.iter().find(|round| round.kind.tells()) else { return Ok(None) };
    store.said(tenant, first.id).await.map(Some)
}

/// Looks at what `wish` would do, without doing it.
///
/// # Errors
/// [`StoreError`].
pub async fn preview(
    store: &dyn Store,
    tenant: TenantKey,
    id: BroadcastId,
    wish: &Wish,
) -> Result<Amended, StoreError> {
    Ok(look(store, tenant, id, wish).await?.1)
}

/// Begins what `wish` asks for; whoever has not had a turn `time_left` from `now` on fails as expired. `chance` makes the
/// rounds' ids.
///
/// # Errors
/// [`StoreError`]; the same call, with the same `chance`, may be made again after a transient one.
pub async fn amend(
    store: &dyn Store,
    tenant: TenantKey,
    id: BroadcastId,
    wish: &Wish,
    time_left: Duration,
    chance: u64,
    now: Timestamp,
) -> Result<Amended, StoreError> {
    let (report, looked) = look(store, tenant, id, wish).await?;
    let (Some(report), Amended::Begun(standing)) = (report, &looked) else { return Ok(looked) };
    let Some(said) = said(store, tenant, &report).await? else { return Ok(Amended::Unknown) };
    let amends = amends(wish, said, false);
    let (rounds, created_at) = rounds(&report, standing.iter().map(|(channel, _)| *channel), chance, now);
    match store.amend(tenant, id, &amends, &rounds, now + time_left, created_at).await? {
        true => Ok(looked),
        // Somebody else began something in the same moment.
        false => Ok(Amended::TooEarly(BroadcastState::Expanding)),
    }
}

/// Recalls a broadcast whose author set an instant for that, which has come.
///
/// # Errors
/// [`StoreError`]; the call may be made again after a transient one.
pub async fn recall_expired(
    store: &dyn Store,
    tenant: TenantKey,
    id: BroadcastId,
    chance: u64,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let wish = Wish::Recall(None);
    let (report, looked) = look(store, tenant, id, &wish).await?;
    let Some(report) = report else { return Ok(false) };
    let Some(said) = said(store, tenant, &report).await? else { return Ok(false) };
    let channels: Vec<Channel> = match &looked {
        Amended::Begun(standing) => standing.iter().map(|(channel, _)| *channel).collect(),
        // Nobody was told, and nobody will be.
        Amended::Nobody => Vec::new(),
        Amended::TooEarly(_) | Amended::Recalled | Amended::Unknown | Amended::Unchanged => return Ok(false),
    };
    let (rounds, created_at) = rounds(&report, channels.into_iter(), chance, now);
    store.amend(tenant, id, &amends(&wish, said, true), &rounds, now + RECALL_WITHIN, created_at).await
}

/// Where the broadcast stands, and whom `wish` would reach.
async fn look(
    store: &dyn Store,
    tenant: TenantKey,
    id: BroadcastId,
    wish: &Wish,
) -> Result<(Option<BroadcastReport>, Amended), StoreError> {
    let Some(report) = store.report(tenant, id).await? else { return Ok((None, Amended::Unknown)) };
    let corrects = matches!(wish, Wish::Correct(_));
    if corrects && report.recalled_at.is_some() {
        return Ok((Some(report), Amended::Recalled));
    }
    if !report.state.is_final() {
        let state = report.state;
        return Ok((Some(report), Amended::TooEarly(state)));
    }
    let changes = match wish {
        Wish::Correct(new) => match said(store, tenant, &report).await? {
            Some(old) => Some((old.content != new.content, old.notification != new.notification)),
            None => return Ok((Some(report), Amended::Unknown)),
        },
        Wish::Recall(_) => None,
    };
    let kind = if corrects { RoundKind::Correct } else { RoundKind::Recall };
    let is_changed = |channel: &&Channel| match (changes, channel) {
        (None, _) => true,
        (Some((content, _)), Channel::Chat | Channel::Post) => content,
        (Some((_, notification)), Channel::Feed) => notification,
    };
    let changed: Vec<&Channel> = channels(report.channels).iter().filter(is_changed).collect();
    if changed.is_empty() {
        return Ok((Some(report), Amended::Unchanged));
    }
    let mut standing = Vec::new();
    for channel in changed {
        let people = store.count_standing(tenant, id, kind, *channel).await?;
        // Those whose message nobody can name were reported by the first recall, and would fail again.
        let reachable = if report.recalled_at.is_some() { people.known } else { people.people() };
        if reachable > 0 {
            standing.push((*channel, people));
        }
    }
    let looked = if standing.is_empty() { Amended::Nobody } else { Amended::Begun(standing) };
    Ok((Some(report), looked))
}

/// In which channels a broadcast has told people.
const fn channels(ways: Channels) -> &'static [Channel] {
    match ways {
        Channels::Chat => &[Channel::Chat],
        Channels::Feed => &[Channel::Feed],
        Channels::Both => &[Channel::Chat, Channel::Feed],
        Channels::TeamChannel => &[Channel::Post],
    }
}

/// Ids for the rounds. They are told apart by their order, also when this machine's clock is behind another's.
fn rounds(
    report: &BroadcastReport,
    channels: impl Iterator<Item = Channel>,
    chance: u64,
    now: Timestamp,
) -> (Vec<(RoundId, Channel)>, Timestamp) {
    let last = report.rounds.iter().map(|round| round.created_at).max().unwrap_or(now);
    let created_at = now.max(last + Duration::from_millis(1));
    let each = (0_u32..).zip(channels);
    let id = |place: u32| RoundId::new(created_at + Duration::from_millis(u64::from(place)), chance);
    (each.map(|(place, channel)| (id(place), channel)).collect(), created_at)
}

fn amends(wish: &Wish, said: Said, by_itself: bool) -> Amends {
    match wish {
        Wish::Correct(new) => Amends::Correct((**new).clone()),
        Wish::Recall(words) => Amends::Recall(Recalling {
            content: words.as_ref().map(|words| withdrawn(&said.content, words)),
            // An entry in somebody's activity feed cannot be deleted, only replaced.
            notification: said.notification.map(|old| old.withdrawn(words.as_deref().unwrap_or(WITHDRAWN))),
            by_itself,
        }),
    }
}

/// The card that takes the place of what is withdrawn: under the same title, so that people know what it was.
pub fn withdrawn(old: &Content, words: &str) -> Content {
    Content {
        title: old.title.clone(),
        body: words.to_owned(),
        author: old.author.clone(),
        banner: None,
        image: None,
        buttons: Vec::new(),
    }
}

/// Refuses words, given in `field`, that do not fit into the place of what was said.
///
/// # Errors
/// What is wrong with them, each fault once.
pub fn check_words(field: &str, old: &Said, words: &str) -> Result<(), Faults> {
    let content = withdrawn(&old.content, words).check().map(drop);
    let notification = old.notification.clone().map_or(Ok(()), |old| old.withdrawn(words).check().map(drop));
    let faults = content.err().into_iter().chain(notification.err()).flat_map(|found| found.0);
    let of_words: Vec<Fault> = faults.map(|fault| Fault { field: field.to_owned(), ..fault }).collect();
    // What is too long for both is told once.
    let each = of_words.iter().enumerate();
    let once = each.filter(|(place, fault)| !of_words[..*place].contains(fault)).map(|(_, fault)| fault.clone());
    Faults::or(once.collect(), ())
}

/// How long it takes to reach them by the quotas alone; those in activity feeds by the means of their notification.
pub fn taking(
    standing: &[(Channel, Standing)],
    notification: Option<&Notification>,
    quota: impl Fn(Bucket) -> Option<Quota>,
) -> Duration {
    let each = standing.iter().filter_map(|(channel, people)| {
        let (bucket, requests) = match (channel, notification.map(means_of)) {
            (Channel::Chat | Channel::Post, _) => (Bucket::Send, people.known),
            (Channel::Feed, Some(Means::FeedOneByOne | Means::Within)) => (Bucket::Notify, people.known),
            (Channel::Feed, _) => (Bucket::NotifyMany, people.known.div_ceil(NOTIFIED_AT_ONCE as u64)),
        };
        let of_scope = notification.filter(|_| *channel == Channel::Feed).and_then(|said| said.scope.quota());
        let quotas = [quota(bucket), of_scope];
        let time = |quota: Quota| quota.window.mul_f64(requests as f64 / f64::from(quota.requests.max(1)));
        quotas.into_iter().flatten().map(time).max()
    });
    each.sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::fakes::{FakeStore, TENANT};
    use crate::domain::broadcast::{AudienceKind, RoundState, TOLERANCE, Treatment};
    use crate::domain::delivery::WhenInDoubt;
    use crate::domain::progress::Progress;
    use crate::ports::RoundReport;

    fn now() -> Timestamp {
        "2026-11-24T12:00:00Z".parse().unwrap()
    }

    fn over(channels: Channels) -> BroadcastReport {
        let round = RoundReport {
            id: RoundId::new(now(), 1),
            kind: RoundKind::Send,
            channel: channels.first(),
            state: RoundState::Done,
            created_at: now(),
            finished_at: Some(now()),
            progress: Progress::default(),
        };
        let treatment =
            Treatment { when_in_doubt: WhenInDoubt::Hold, urgent: false, deadline_at: now(), tolerance: TOLERANCE };
        BroadcastReport {
            id: ID,
            title: "Fire drill".to_owned(),
            state: BroadcastState::Done,
            halt: None,
            treatment,
            audience: AudienceKind::Everyone,
            channels,
            expire_at: None,
            recalled_at: None,
            expected: None,
            created_at: now(),
            started_at: Some(now()),
            finished_at: Some(now()),
            schedule: None,
            progress: Progress::default(),
            rounds: vec![round],
        }
    }

    fn store(report: BroadcastReport, standing: &[Standing]) -> FakeStore {
        let store = FakeStore::default();
        store.reports.lock().unwrap().push_back(Ok(Some(report)));
        store.standing.lock().unwrap().extend(standing.iter().copied());
        *store.said.lock().unwrap() = Some(said_before());
        store
    }

    fn saying(title: &str) -> Said {
        let content = Content { title: title.into(), body: "At noon.".into(), ..Content::default() };
        Said { notification: Some(Notification::of(&content, "announced")), content }
    }

    fn said_before() -> Said {
        saying("Fire drill")
    }

    fn corrected() -> Said {
        saying("No fire drill")
    }

    const ID: BroadcastId = BroadcastId::from_i64(910_000_000_000_000_000);
    const SOME: Standing = Standing { known: 5, unknown: 1, doubted: 0 };

    async fn ask(store: &FakeStore, wish: &Wish) -> Amended {
        amend(store, TENANT, ID, wish, RECALL_WITHIN, 7, now()).await.unwrap()
    }

    #[tokio::test]
    async fn a_recall_of_messages_and_notifications_is_a_round_of_each() {
        let store = store(over(Channels::Both), &[SOME, SOME]);
        assert_eq!(
            ask(&store, &Wish::Recall(None)).await,
            Amended::Begun(vec![(Channel::Chat, SOME), (Channel::Feed, SOME)])
        );
        let begun = store.amends.lock().unwrap().pop().unwrap();
        let (Amends::Recall(recalling), rounds) = begun else { panic!("{begun:?}") };
        assert_eq!(rounds.iter().map(|(_, channel)| *channel).collect::<Vec<_>>(), [Channel::Chat, Channel::Feed]);
        assert!(rounds[0].0 < rounds[1].0 && rounds[0].0 > RoundId::new(now(), 1));
        assert_eq!(recalling.content, None, "messages are deleted");
        assert_eq!(recalling.notification.unwrap().preview, WITHDRAWN);
    }

    #[tokio::test]
    async fn a_recalled_broadcast_is_not_corrected_and_only_what_is_left_of_it_is_recalled() {
        let recalled = || BroadcastReport { recalled_at: Some(now()), ..over(Channels::Chat) };
        let correct = Wish::Correct(Box::new(corrected()));
        assert_eq!(ask(&store(recalled(), &[SOME]), &correct).await, Amended::Recalled);
        let unnamed = Standing { known: 0, unknown: 3, doubted: 0 };
        assert_eq!(ask(&store(recalled(), &[unnamed]), &Wish::Recall(None)).await, Amended::Nobody);
        assert!(matches!(ask(&store(recalled(), &[SOME]), &Wish::Recall(None)).await, Amended::Begun(_)));
        assert!(matches!(ask(&store(over(Channels::Chat), &[unnamed]), &Wish::Recall(None)).await, Amended::Begun(_)));
    }

    #[tokio::test]
    async fn what_still_goes_out_is_not_set_right_yet() {
        let running = store(BroadcastReport { state: BroadcastState::Running, ..over(Channels::Chat) }, &[SOME]);
        assert_eq!(ask(&running, &Wish::Recall(None)).await, Amended::TooEarly(BroadcastState::Running));
        assert_eq!(ask(&FakeStore::default(), &Wish::Recall(None)).await, Amended::Unknown);
    }

    #[tokio::test]
    async fn a_correction_goes_only_where_something_else_is_read() {
        let old = said_before();
        let text_only = Content { body: "At one.".into(), ..old.content.clone() };
        let text_only = Wish::Correct(Box::new(Said { content: text_only, ..old.clone() }));
        let messages = Amended::Begun(vec![(Channel::Chat, SOME)]);
        assert_eq!(ask(&store(over(Channels::Both), &[SOME, SOME]), &text_only).await, messages);
        assert_eq!(ask(&store(over(Channels::Feed), &[SOME]), &text_only).await, Amended::Unchanged);
        let both = Amended::Begun(vec![(Channel::Chat, SOME), (Channel::Feed, SOME)]);
        let store = store(over(Channels::Both), &[SOME, SOME]);
        assert_eq!(ask(&store, &Wish::Correct(Box::new(corrected()))).await, both);
        let begun = store.amends.lock().unwrap().pop().unwrap();
        let (Amends::Correct(said), _) = begun else { panic!("{begun:?}") };
        assert_eq!(said, corrected());
    }

    #[tokio::test]
    async fn what_expires_without_having_told_anybody_is_only_marked() {
        let store = store(over(Channels::Chat), &[]);
        assert!(recall_expired(&store, TENANT, ID, 7, now()).await.unwrap());
        let (amends, rounds) = store.amends.lock().unwrap().pop().unwrap();
        assert!(matches!(amends, Amends::Recall(Recalling { by_itself: true, .. })) && rounds.is_empty());
    }

    #[test]
    fn what_is_wrong_with_words_to_withdraw_is_told_with_its_code() {
        use crate::domain::fault::Slip;
        let content = Content { title: "Fire drill".into(), body: "At ten.".into(), ..Content::default() };
        let refused = check_words("say", &Said { content, notification: None }, "# Off").unwrap_err();
        assert_eq!(refused.0[0].field, "say");
        assert!(matches!(refused.0[0].slip.as_deref(), Some(Slip::Raw { line: 1, .. })), "{refused:?}");
    }
}
