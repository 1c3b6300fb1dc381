//! What concerns everybody: cooldowns, tokens, halts, and the probe that ends them.

use super::*;

impl Owner {
    /// One request tells whether the cure has come: of the step that was refused, if somebody needs it.
    pub(super) fn probe(&mut self, now: Monotonic, wall: Timestamp) -> Monotonic {
        let soon = now + Duration::from_millis(50);
        if !self.may_probe() || self.probing.is_some() {
            return soon.max(self.probe_at);
        }
        let wants_send = self.halted_step == Some(Step::Send) && self.hold.wants_permission();
        let first = self.halted_step.filter(|step| self.may_try(*step) || wants_send);
        for step in Step::ALL.into_iter().filter(|step| first.is_none_or(|first| first == *step)) {
            if self.may_try(step)
                && let Ok(id) = self.start_one(step, now, wall)
            {
                self.probing = Some(id);
                break;
            }
        }
        soon
    }

    /// A halted tenant may be tried with one request.
    pub(super) fn may_probe(&self) -> bool {
        self.warm && self.now() >= self.probe_at
    }

    pub(super) fn forget_tokens(&mut self) {
        if std::mem::take(&mut self.warm) {
            self.office.messenger.forget_tokens();
        }
    }

    pub(super) fn cool_down(&mut self, bucket: Bucket, retry_after: Option<Duration>) {
        let now = self.now();
        let until = self.buckets.throttled(bucket, now, retry_after);
        let (_, share) = self.buckets.rate(bucket, now);
        let wait = until.saturating_since(now);
        tracing::info!(bucket = bucket.name(), wait_ms = wait.as_millis() as u64, share, "the service said wait");
        tally::throttled(bucket);
        if bucket == Bucket::Send && wait > GRANT_AHEAD {
            self.hold.revoke_all();
        }
        let kept_at = self.office.clock.now();
        let record = BucketRecord { bucket, cooldown_until: kept_at + wait, share, kept_at };
        let tenant = self.office.held.tenant;
        self.note("keep_bucket", move |store| async move { store.keep_bucket(tenant, record).await });
    }

    pub(super) fn halt_tenant(&mut self, reason: HaltReason, detail: Option<String>) {
        self.probe_at = self.now() + self.office.settings.probe_every;
        self.warm = false;
        if self.halt.is_some() {
            return;
        }
        tracing::error!(%reason, detail, cure = reason.cure(), "everything of the tenant is halted");
        tally::halted(HaltScope::Tenant, reason);
        let halt = Halt { reason, detail, since: self.office.clock.now() };
        self.halt = Some(halt.clone());
        self.hold.revoke_all();
        let tenant = self.office.held.tenant;
        self.note("halt_tenant", move |store| async move { store.halt_tenant(tenant, &halt).await });
    }

    pub(super) fn resume(&mut self, why: &'static str) {
        tracing::info!(why, "the tenant goes on");
        self.halt = None;
        self.halted_step = None;
        self.try_at = self.now();
        let tenant = self.office.held.tenant;
        self.note("release_halt", move |store| async move { store.release_halt(tenant).await });
    }

    pub(super) fn halt_broadcast(&mut self, round: RoundId, reason: HaltReason, detail: Option<String>) {
        let Some(lane) = self.hold.lane_mut(round) else { return };
        let broadcast = lane.work.broadcast;
        lane.refused.clear();
        if lane.work.broadcast_state == BroadcastState::Halted {
            return;
        }
        tracing::error!(%broadcast, %reason, detail, cure = reason.cure(), "the broadcast is halted");
        tally::halted(HaltScope::Broadcast, reason);
        self.hold.learn_state(broadcast, BroadcastState::Halted);
        let (tenant, halt) = (self.office.held.tenant, Halt { reason, detail, since: self.office.clock.now() });
        self.note("halt_broadcast", move |store| async move { store.halt_broadcast(tenant, broadcast, &halt).await });
    }
}
