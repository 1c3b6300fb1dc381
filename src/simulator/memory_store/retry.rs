//! A broadcast that is over takes some of its people up again.

use super::record::{Record, StoredBroadcast, StoredRound};
use crate::domain::broadcast::{BroadcastState, RoundKind};
use crate::domain::ids::{BroadcastId, RoundId, TenantKey};
use crate::domain::time::Timestamp;
use crate::ports::RetryWish;

impl Record {
    /// As [`Store::count_retry`](crate::ports::Store::count_retry).
    pub fn count_retry(&self, tenant: TenantKey, id: BroadcastId, wish: &RetryWish) -> u64 {
        self.to_retry(tenant, id, wish, None).len() as u64
    }

    /// As [`Store::retry`](crate::ports::Store::retry).
    #[allow(clippy::too_many_arguments, reason = "the port's, and the database's clock")]
    pub fn retry(
        &mut self,
        tenant: TenantKey,
        id: BroadcastId,
        wish: &RetryWish,
        round: RoundId,
        deadline_at: Timestamp,
        now: Timestamp,
        clock: Timestamp,
    ) -> bool {
        let may = |stored: &&mut StoredBroadcast| stored.state.is_final() && stored.recalled_at.is_none();
        let Some(stored) = self.broadcasts.get_mut(&(tenant, id)).filter(may) else {
            // Perhaps this very retry, of which the first answer was lost.
            return self.rounds.contains_key(&(tenant, round));
        };
        let channel = stored.submitted.way.channels().first();
        stored.becomes(BroadcastState::Expanding, clock);
        stored.finished_at = None;
        stored.submitted.treatment.deadline_at = deadline_at;
        let mut again = StoredRound::fresh(tenant, round, id, (RoundKind::Retry, channel), now);
        again.retries = Some(wish.clone());
        self.rounds.insert((tenant, round), again);
        true
    }
}
