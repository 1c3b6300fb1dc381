//! Asks for permissions and writes the journal down: when to flush, and how many sends may be open.

use super::*;

impl Owner {
    /// Flushes when the time has come, many facts wait, or senders starve; says when to look again.
    pub(super) fn flush_if_due(&mut self, now: Monotonic) -> Monotonic {
        let due_at = self.flushed_at + self.office.settings.flush_every;
        let may_grant = self.may_grant(now);
        let wanted = self.hold.is_dirty() || (may_grant && self.hold.wants_permission());
        if self.flushing || !wanted {
            return now + self.office.settings.poll_every;
        }
        let hasty = self.hold.unwritten() >= self.office.settings.flush_facts || (may_grant && self.hold.starves());
        if now < due_at && !hasty {
            return due_at;
        }
        let window = if may_grant { self.window(now) } else { 0 };
        self.start_flush(window, false);
        now + self.office.settings.poll_every
    }

    pub(super) fn may_grant(&mut self, now: Monotonic) -> bool {
        let probe = self.halt.is_some() && self.may_probe() && self.probing.is_none();
        let free = self.halt.is_none() && self.warm;
        (free || probe) && self.buckets.earliest(Bucket::Send, now) <= now + GRANT_AHEAD
    }

    /// How many sends may be open: one while we only try.
    pub(super) fn window(&mut self, now: Monotonic) -> u32 {
        if self.halt.is_some() || self.buckets.is_open(Bucket::Send) {
            return 1;
        }
        let (rate, _) = self.buckets.rate(Bucket::Send, now);
        // A database that is slow, because many tenants share it, is covered like one that is asked seldom, within bounds:
        // what is open is what a crash leaves in doubt.
        let flush = self.office.settings.flush_every.max(self.flush_took.min(COVERED_FLUSH));
        window(rate, flush, self.latency, self.office.settings.open_max)
    }

    pub(super) fn start_flush(&mut self, window: u32, leaving: bool) {
        if self.flushing || (leaving && !self.hold.is_dirty()) {
            return;
        }
        let Some(flush) = self.hold.take_flush(window, self.office.clock.now()) else { return };
        self.flushing = true;
        self.flushed_at = self.now();
        let Office { store, clock, held, worker, abandon, health, .. } = &self.office;
        let (store, clock, tenant, worker, abandon, health) =
            (Arc::clone(store), Arc::clone(clock), held.tenant, *worker, abandon.clone(), health.clone());
        self.beside.spawn(async move {
            let done = flush::write(store, clock, &health, tenant, worker, &flush, &abandon).await;
            Arrival::Flushed(Box::new(flush), done)
        });
    }
}
