//! Hears what Teams posts to the bot: keeps what it tells of the way to people, and answers whoever writes.
//!
//! Invariant: nothing is read before the [`Doorkeeper`] has recognised the token, nothing is believed before he has let it
//! in, and the answer is given within five seconds, whatever the keys, the sender and the database do: the limits here and
//! in `http/bot.rs` add up to that. What could not be kept is refused, so that Teams tells it again.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use metrics::counter;
use uuid::Uuid;

use crate::domain::heard::{Activity, Chat, Heard, What, reply_in};
use crate::domain::ids::{EntraId, RequestId, TenantKey};
use crate::ports::{Clock, Doorkeeper, Messenger, NotLetIn, Pass, Random, Request, Store, StoreError, Taken};
use crate::telemetry;

/// How long the doorkeeper may take; he may have to wait for the keys, whose reading goes on without us.
const RECOGNISED_WITHIN: Duration = Duration::from_millis(1500);
/// How long keeping may take. Teams gives up on an answer after about fifteen seconds; five in all are plenty for it, and
/// few enough that requests do not pile up here while the database is away.
const KEEP_WITHIN: Duration = Duration::from_millis(2500);
/// A reply starts so soon after its turn came, or never.
const REPLY_WITHIN: Duration = Duration::from_secs(1);

/// What became of something that was posted to the bot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Known now.
    Kept,
    /// Something younger was told before.
    Old,
    /// About somebody whom the directory does not know.
    Stranger,
    /// It means nothing to us.
    Nothing,
    /// No token, or one that proves nothing.
    Unproved,
    /// From Microsoft, and not for us to take in.
    Forbidden,
    /// Not an activity at all.
    Unreadable,
    /// Larger than any activity.
    TooLarge,
    /// Not now: we, the database or the keys are not at hand.
    Unavailable,
}

impl Verdict {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::Kept,
        Self::Old,
        Self::Stranger,
        Self::Nothing,
        Self::Unproved,
        Self::Forbidden,
        Self::Unreadable,
        Self::TooLarge,
        Self::Unavailable,
    ];

    /// The word used in metrics.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Kept => "kept",
            Self::Old => "old",
            Self::Stranger => "stranger",
            Self::Nothing => "nothing",
            Self::Unproved => "unproved",
            Self::Forbidden => "forbidden",
            Self::Unreadable => "unreadable",
            Self::TooLarge => "too_large",
            Self::Unavailable => "unavailable",
        }
    }

    /// Counts it.
    pub fn count(self) {
        counter!(telemetry::HEARD, "heard" => self.name()).increment(1);
    }
}

/// What the bot says to whoever writes to it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Replies {
    /// By language tag. Nobody is answered when there is none.
    pub by_language: BTreeMap<String, String>,
    /// Between two replies to one person.
    pub her_pause: Duration,
    /// Between two replies to anybody of the tenant: one window of the send quota, one request of which is the replies'.
    pub pause: Duration,
}

/// The bot's ear, for one tenant.
#[derive(Clone)]
pub struct Ear {
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Chance.
    pub random: Arc<dyn Random>,
    /// The record.
    pub store: Arc<dyn Store>,
    /// Who may speak to us.
    pub doorkeeper: Arc<dyn Doorkeeper>,
    /// Teams, for replies.
    pub messenger: Arc<dyn Messenger>,
    /// The tenant that we serve, as Entra knows it.
    pub entra_tenant: Uuid,
    /// The same, as the record knows it.
    pub tenant: TenantKey,
    /// What is said in return.
    pub replies: Arc<Replies>,
}

impl Ear {
    /// What `token` vouches for.
    ///
    /// # Errors
    /// The verdict on whatever comes with it.
    pub async fn recognise(&self, token: &str) -> Result<Pass, Verdict> {
        let recognised = self.within(RECOGNISED_WITHIN, self.doorkeeper.recognise(token)).await;
        recognised.unwrap_or(Err(NotLetIn::Unknown("it takes too long"))).map_err(|refused| refusal(&refused))
    }

    /// Takes in `body`, which came with a token that vouches for `pass`.
    pub async fn hear(&self, pass: &Pass, body: &[u8]) -> Verdict {
        let Ok(activity) = Activity::read(body) else { return Verdict::Unreadable };
        if let Err(refused) = self.doorkeeper.let_in(pass, &activity.channel, &activity.service_url) {
            return refusal(&refused);
        }
        // Whoever has installed a multi-tenant bot can have Teams post to it, whatever tenant that is.
        if activity.tenant != Some(self.entra_tenant) {
            return Verdict::Forbidden;
        }
        match activity.heard {
            Some(heard) => self.keep(heard).await,
            None => Verdict::Nothing,
        }
    }

    async fn keep(&self, heard: Heard) -> Verdict {
        let told_at = heard.holds_from(self.clock.now());
        let kept = self.store.hear(self.tenant, heard.user, heard.chat(), told_at);
        let verdict = match self.within(KEEP_WITHIN, kept).await {
            Some(Ok(Taken::Kept)) => Verdict::Kept,
            Some(Ok(Taken::Old)) => Verdict::Old,
            Some(Ok(Taken::Stranger)) => Verdict::Stranger,
            Some(Err(error)) => {
                tracing::warn!(%error, "what the bot was told cannot be kept; Teams will tell it again");
                return Verdict::Unavailable;
            }
            None => {
                tracing::warn!("what the bot was told cannot be kept in time; Teams will tell it again");
                return Verdict::Unavailable;
            }
        };
        if let (What::Said { chat, language }, true) = (heard.what, verdict != Verdict::Stranger)
            && let Some(reply) = reply_in(&self.replies.by_language, language.as_deref())
        {
            // Teams waits for our answer to the post, not for the reply to the person.
            let (ear, activity) = (self.clone(), activity(reply));
            tokio::spawn(async move { ear.reply(heard.user, chat, activity).await });
        }
        verdict
    }

    /// Replies, once in a while. Whoever writes while somebody else is being answered gets no reply: it is a courtesy, and
    /// messages of broadcasts go first.
    async fn reply(&self, user: EntraId, chat: Chat, activity: Arc<str>) {
        if let Err(answer) = self.messenger.warm_up(false).await {
            tracing::warn!(outcome = answer.outcome.label(), "no token for a reply");
            counter!(telemetry::REPLIES, "outcome" => answer.outcome.label()).increment(1);
            return;
        }
        let not_after = self.clock.monotonic() + REPLY_WITHIN;
        // Starts lie up to so long behind their turns, so turns lie that much further apart.
        match self.store.may_answer(self.tenant, user, self.replies.pause + REPLY_WITHIN, self.replies.her_pause).await
        {
            Ok(true) => {}
            Ok(false) => return,
            Err(error) => return unanswered(&error),
        }
        let Chat { conversation, service_url } = chat;
        let request = Request::Send { conversation, activity, service_url: Some(service_url) };
        let id = RequestId::new(self.random.next_u64(), self.random.next_u64());
        let answer = self.messenger.perform(&request, id, not_after).await;
        counter!(telemetry::REPLIES, "outcome" => answer.outcome.label()).increment(1);
    }

    /// What `work` comes to, unless it takes longer than `limit`.
    pub async fn within<T>(&self, limit: Duration, work: impl Future<Output = T>) -> Option<T> {
        tokio::select! {
            biased; // What is there is taken.
            done = work => Some(done),
            () = self.clock.sleep_until(self.clock.monotonic() + limit) => None,
        }
    }
}

fn refusal(refused: &NotLetIn) -> Verdict {
    let verdict = match refused {
        NotLetIn::Unproved(_) => Verdict::Unproved,
        NotLetIn::Forbidden(_) => Verdict::Forbidden,
        NotLetIn::Unknown(why) => {
            tracing::warn!(why, "nobody can say who posts to the bot; Teams will post it again");
            return Verdict::Unavailable;
        }
    };
    tracing::debug!(why = %refused, "refused what was posted to the bot");
    verdict
}

fn unanswered(error: &StoreError) {
    tracing::warn!(%error, "somebody who wrote to the bot gets no reply");
}

fn activity(text: &str) -> Arc<str> {
    serde_json::json!({"type": "message", "text": text, "textFormat": "plain"}).to_string().into()
}
