//! What the bot is told of the way to people, and whether it may answer them.

use std::time::Duration;

use super::record::Record;
use super::to_delta;
use crate::domain::heard::Chat;
use crate::domain::ids::{EntraId, TenantKey};
use crate::domain::route::Installation;
use crate::domain::time::Timestamp;
use crate::ports::{ChatsHeard, Taken};

/// What was told so long before a look may be among what it shows once more.
const OVERLAP: Duration = Duration::from_secs(5);

impl Record {
    /// As [`Store::hear`](crate::ports::Store::hear).
    pub fn hear(
        &mut self,
        tenant: TenantKey,
        user: EntraId,
        chat: Option<&Chat>,
        told_at: Timestamp,
        clock: Timestamp,
    ) -> Taken {
        let hers = self.people.iter_mut().find(|((of, _), stored)| *of == tenant && stored.person.entra_id == user);
        let Some((_, stored)) = hers else { return Taken::Stranger };
        if stored.told_at.is_some_and(|before| before >= told_at) {
            return Taken::Old;
        }
        stored.told_at = Some(told_at);
        let (conversation, service_url) =
            chat.map(|chat| (chat.conversation.clone(), chat.service_url.clone())).unzip();
        if stored.route.conversation != conversation || stored.service_url != service_url {
            stored.heard_at = Some(clock);
        }
        stored.route.installation = match (&conversation, &stored.route.installation) {
            (None, _) => Installation::Absent,
            (Some(_), Installation::Present(id)) => Installation::Present(id.clone()),
            (Some(_), _) => Installation::Unlisted,
        };
        if conversation.is_some() {
            // Who has a chat is not refused, whatever was the case before.
            stored.refusal = None;
        }
        stored.route.conversation = conversation;
        stored.service_url = service_url;
        Taken::Kept
    }

    /// As [`Store::chats_heard`](crate::ports::Store::chats_heard).
    pub fn chats_heard(&self, tenant: TenantKey, since: Option<Timestamp>, clock: Timestamp) -> ChatsHeard {
        let from = since.unwrap_or(clock) - OVERLAP;
        let heard = self.people(tenant).filter(|stored| stored.heard_at.is_some_and(|at| at > from));
        let chats = heard.filter_map(|stored| {
            let (conversation, service_url) = (stored.route.conversation.clone()?, stored.service_url.clone()?);
            Some((stored.key, Chat { conversation, service_url }))
        });
        ChatsHeard { as_of: clock, chats: chats.collect() }
    }

    /// As [`Store::may_answer`](crate::ports::Store::may_answer).
    pub fn may_answer(
        &mut self,
        tenant: TenantKey,
        user: EntraId,
        pause: Duration,
        her_pause: Duration,
        clock: Timestamp,
    ) -> bool {
        let over = |last: Option<Timestamp>, pause| last.is_none_or(|last| last <= clock - to_delta(pause));
        let hers = self.people.iter_mut().find(|((of, _), stored)| *of == tenant && stored.person.entra_id == user);
        let (Some((_, stored)), Some(known)) = (hers, self.tenants.get_mut(&tenant)) else { return false };
        let may = over(stored.answered_at, her_pause) && over(known.answered_at, pause);
        if may {
            (stored.answered_at, known.answered_at) = (Some(clock), Some(clock));
        }
        may
    }
}
