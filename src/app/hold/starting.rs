//! Whose request starts next: in turn between broadcasts, each chat and each team within its own limit.

use super::*;

impl Hold {
    /// Whether anybody is ready for `step`. The short cut takes of the bot's bucket only what sends leave.
    pub fn has_ready(&self, step: Step) -> bool {
        let anybody = |step| self.lanes.values().any(|lane| lane.may_start() && lane.has_ready(step, self.odds));
        anybody(step) && (step != Step::Create || !anybody(Step::Send))
    }

    /// The next person ready for `step`, in turn between broadcasts; her delivery is then in flight. Sends, replacements and
    /// deletions share their turns as they share their quota: what is taken back goes before what is sent.
    ///
    /// `now` and `wall` are the same instant on both clocks.
    pub fn start(&mut self, step: Step, policy: &RetryPolicy, now: Monotonic, wall: Timestamp) -> Option<Start> {
        let odds = self.odds;
        let line = if step.goes_to_chat() { Step::Send } else { step };
        loop {
            let contenders = self.contenders(|lane| lane.has_ready(step, odds));
            let round = self.turns.entry(line).or_default().next(&contenders)?;
            if let Some(start) = self.start_of(round, step, policy, now, wall) {
                return Some(start);
            }
        }
    }

    /// The next people ready for `step`, all of one broadcast, whose turn it is; up to `limit`.
    pub fn start_many(
        &mut self,
        step: Step,
        limit: usize,
        policy: &RetryPolicy,
        now: Monotonic,
        wall: Timestamp,
    ) -> Vec<Start> {
        let Some(first) = self.start(step, policy, now, wall) else { return Vec::new() };
        let round = first.seat.chunk.0;
        let mut starts = vec![first];
        while starts.len() < limit {
            let Some(next) = self.start_of(round, step, policy, now, wall) else { break };
            starts.push(next);
        }
        starts
    }

    /// The next person of `round` who is ready for `step`.
    fn start_of(
        &mut self,
        round: RoundId,
        step: Step,
        policy: &RetryPolicy,
        now: Monotonic,
        wall: Timestamp,
    ) -> Option<Start> {
        let lane = self.lanes.get(&round)?;
        let step = lane.own(step);
        let said_within = lane.scope().filter(|_| step == Step::Notify).cloned();
        loop {
            let seat = self.lanes.get_mut(&round)?.pop(step, self.odds)?;
            // Somebody whose deadline passed, or whose chunk was taken, has left the room meanwhile.
            let Some(held) = self.chunks.get_mut(&seat.chunk) else { continue };
            let epoch = held.chunk.epoch;
            let Some((member, delivery)) = held.people.get_mut(&seat.ordinal) else { continue };
            // Whatever is asked of Graph about one team keeps to that team's limit.
            let about = member.venue.as_deref().and_then(Venue::team).filter(|_| !step.goes_to_chat());
            let scope = said_within.clone().or_else(|| about.map(Scope::Team));
            let earliest = match (&scope, step.goes_to_chat()) {
                (Some(scope), _) => self.scopes.get(scope).map(|spacing| spacing.earliest(&())),
                (None, true) => Some(self.spacing.earliest(&member.recipient)),
                (None, false) => None,
            };
            if let Some(earliest) = earliest.filter(|earliest| *earliest > now) {
                self.space(seat, step, wall + earliest.saturating_since(now), policy, wall);
                continue;
            }
            if step.goes_to_chat() {
                self.spacing.start(member.recipient, now);
            }
            if let Some(quota) = scope.as_ref().and_then(Scope::quota) {
                let spacing = || Spacing::by(vec![quota]);
                self.scopes.entry(scope.clone().unwrap_or_default()).or_insert_with(spacing).start((), now);
            }
            let attempt = delivery.attempts.saturating_add(1);
            // Invariant: only pending deliveries are queued, and pending ones may start any step.
            let Ok(next) = delivery::apply(delivery, Event::Started(step), policy, wall, Jitter::FULL) else {
                continue;
            };
            *delivery = next.delivery;
            let start = Start {
                seat,
                epoch,
                attempt,
                step,
                user: member.entra_id,
                venue: member.venue.clone(),
                principal_name: member.principal_name.clone(),
                message: member.message.clone(),
                route: delivery.route.clone(),
                service_url: member.service_url.clone(),
            };
            if let Some(lane) = self.lanes.get_mut(&round) {
                lane.in_flight += 1;
            }
            return Some(start);
        }
    }

    /// Somebody comes too soon for her chat: gives the permission back, where there was one, and waits until `due_at`.
    fn space(&mut self, seat: Seat, step: Step, due_at: Timestamp, policy: &RetryPolicy, now: Timestamp) {
        let Some(held) = self.chunks.get_mut(&seat.chunk) else { return };
        if step == Step::Send {
            held.dirty = true;
            let closed = held.chunk.close(seat.ordinal);
            debug_assert!(closed.is_ok(), "a seat lies in its chunk");
        }
        if let Some((_, delivery)) = held.people.get_mut(&seat.ordinal)
            && let Ok(next) = delivery::apply(delivery, Event::Spaced(due_at), policy, now, Jitter::FULL)
        {
            *delivery = next.delivery;
        }
        self.queue(seat);
    }
}
