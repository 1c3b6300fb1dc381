//! Takes in what arrives: answers, committed flushes, claimed chunks, polls.

use super::*;

impl Owner {
    pub(super) fn arrive(&mut self, arrival: Arrival) -> Result<(), StoreError> {
        match arrival {
            Arrival::Landed(landed) => self.land_all(landed),
            Arrival::Flushed(flush, done) => self.take_flushed(&flush, &done?),
            Arrival::Late(facts, done) => {
                self.errands.remove(&Errand::Late);
                let proved = done?;
                tracing::info!(facts = facts.len(), proved, "late answers were recorded");
            }
            Arrival::Polled(work) => {
                self.errands.remove(&Errand::Poll);
                let now = self.now();
                self.polled_at = Some(now);
                self.poll_took = now.saturating_since(self.poll_asked_at);
                if let Some(work) = self.patient("poll", work)? {
                    self.take_work(work);
                }
            }
            Arrival::Heard(heard) => {
                self.errands.remove(&Errand::Listen);
                let now = self.now();
                self.listen_took = now.saturating_since(self.listen_asked_at);
                if let Some(ChatsHeard { as_of, chats }) = self.patient("listen", heard)? {
                    self.heard_as_of = Some(as_of);
                    self.looks_in_vain = self.looks_in_vain.filter(|_| chats.is_empty()).map(|looks| looks + 1);
                    let wall = self.office.clock.now();
                    let spared = self.hold.hear(&chats, &self.office.settings.retry, wall);
                    counter!(telemetry::SPARED).increment(spared as u64);
                }
                self.listen_at = now + self.listen_rest();
            }
            Arrival::Said(round, said) => {
                self.errands.remove(&Errand::Words(round));
                if let Some(Said { content, notification }) = self.patient("words", *said)?
                    && let Some(lane) = self.hold.lane_mut(round)
                {
                    let activity = Arc::from(content.activity(lane.work.treatment.urgent).to_string());
                    lane.said = Some(Spoken { activity, notification: notification.map(Arc::new) });
                }
            }
            Arrival::Claimed(round, claimed) => {
                self.errands.remove(&Errand::Claim(round));
                if let Some(chunks) = self.checked("claim", claimed)? {
                    self.take_chunks(round, chunks);
                }
            }
            Arrival::Started(started) => {
                self.errands.remove(&Errand::Start);
                for (id, state) in self.checked("start", started)?.unwrap_or_default() {
                    tracing::info!(broadcast = %id, %state, "the broadcast's hour has come");
                }
                self.polled_at = None;
            }
            Arrival::Recalled(recalled) => {
                self.errands.remove(&Errand::Recall);
                let recalled = self.checked("recall", recalled)?.unwrap_or_default();
                if recalled > 0 {
                    tracing::info!(broadcasts = recalled, "the time of broadcasts is over: they are recalled");
                    self.polled_at = None;
                }
            }
            Arrival::Told(broadcast, told) => {
                self.errands.remove(&Errand::Tell(broadcast));
                if self.patient("tell", told)?.is_some() {
                    tracing::info!(%broadcast, "its author is told where it stands");
                    self.polled_at = None;
                }
            }
            Arrival::Expanded(round, done) => {
                self.errands.remove(&Errand::Expand(round));
                if let Some(expanded) = self.checked("expand", done)? {
                    counter!(telemetry::EXPANDED).increment(expanded.added);
                    if expanded.added > 0 || expanded.complete {
                        let Expanded { added, complete } = expanded;
                        tracing::info!(%round, added, complete, "the audience was frozen");
                    }
                    self.polled_at = None;
                }
            }
            Arrival::LaidDown(round, done) => {
                self.errands.remove(&Errand::LayDown(round));
                self.take_laid_down(round, done)?;
            }
            Arrival::Released(chunks, done) => {
                self.errands.remove(&Errand::Release);
                if self.patient("release", done)?.is_some() {
                    chunks.iter().for_each(|chunk| self.hold.drop_chunk((chunk.round, chunk.number)));
                    self.finish_wanted = true;
                }
            }
            Arrival::Strays(round, done) => {
                self.errands.remove(&Errand::Strays(round));
                match self.checked("release strays", done)? {
                    Some(()) => self.finish_wanted = true,
                    None => drop(self.strays_at.remove(&round)),
                }
            }
            Arrival::Finished(ended) => {
                self.errands.remove(&Errand::Finish);
                for (id, state) in self.patient("finish", ended)?.unwrap_or_default() {
                    tracing::info!(broadcast = %id, %state, "the broadcast ended");
                    self.polled_at = None;
                }
            }
            Arrival::Warm(done) => {
                self.errands.remove(&Errand::Warm);
                self.take_warmth(done);
            }
            Arrival::App(found) => {
                self.errands.remove(&Errand::App);
                self.take_app(found);
            }
            Arrival::Noted(what, done) => {
                self.patient(what, done)?;
            }
        }
        Ok(())
    }

    /// An audience that was evaluated can be frozen with the next poll; one that names what is gone waits for a person.
    fn take_laid_down(&mut self, round: RoundId, done: Result<LaidDown, StoreError>) -> Result<(), StoreError> {
        match self.checked("lay down", done)? {
            Some(LaidDown::People(people)) => {
                tracing::info!(%round, people, "the audience was evaluated");
                self.polled_at = None;
            }
            Some(LaidDown::Gone(detail)) => self.halt_broadcast(round, HaltReason::AudienceGone, Some(detail)),
            None => {}
        }
        Ok(())
    }

    /// A database that does not answer is waited for: errands rest for a moment and then run again.
    pub(super) fn patient<T>(
        &mut self,
        what: &'static str,
        done: Result<T, StoreError>,
    ) -> Result<Option<T>, StoreError> {
        match done {
            Ok(value) => {
                self.unanswered = false;
                Ok(Some(value))
            }
            Err(error) if error.is_transient() => {
                // Said once for a row of them: the flush and the lease go on complaining.
                if !std::mem::replace(&mut self.unanswered, true) {
                    tracing::warn!(what, %error, "the database does not answer; trying again");
                }
                self.rest_until = self.now() + self.office.settings.poll_every;
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    /// The same, for what carries our lease. A lost one is not an error of this run: it ends in order.
    pub(super) fn checked<T>(
        &mut self,
        what: &'static str,
        done: Result<T, StoreError>,
    ) -> Result<Option<T>, StoreError> {
        if matches!(done, Err(StoreError::LeaseLost)) {
            tracing::warn!(tenant = %self.office.held.tenant, what, "the tenant is somebody else's");
            self.office.lease.lost.cancel();
            return Ok(None);
        }
        self.patient(what, done)
    }

    pub(super) fn take_work(&mut self, work: TenantWork) {
        let expires = work.expires_in.is_some_and(|left| left.is_zero());
        self.idle = work.rounds.is_empty() && work.untold.is_empty() && !expires;
        let (now, wall) = (self.now(), self.office.clock.now());
        // A broadcast's start is asked for; its preparing begins with the poll that finds its hour there.
        let ahead = work.rounds.iter().filter(|round| round.kind != RoundKind::Prepare || !round.hour_has_come());
        let expiry = work.expires_in.filter(|left| !left.is_zero());
        self.hour_at = ahead.filter_map(|round| round.hour_in).chain(expiry).min().map(|left| now + left);
        if expires {
            self.recall_expired();
        }
        self.tell_authors(&work.untold);
        for record in work.buckets.iter().filter(|_| !self.app_was_read) {
            let age = (wall - record.kept_at).to_std().unwrap_or(Duration::ZERO);
            self.buckets.slowed_to(record.bucket, record.share, now - age);
            // Our clock may be far behind the predecessor's; the wait was never longer than it was by his own.
            let whole = record.cooldown_until - record.kept_at;
            let left = (record.cooldown_until - wall).min(whole).to_std().unwrap_or(Duration::ZERO);
            if !left.is_zero() {
                self.buckets.hold_until(record.bucket, now + left);
            }
        }
        match (&self.halt, work.halt) {
            (None, Some(halt)) => {
                tracing::warn!(reason = %halt.reason, "the tenant was found halted");
                self.halt = Some(halt);
                self.probe_at = now;
                self.warm = false;
                self.hold.revoke_all();
            }
            (Some(halt), None) if (wall - halt.since).num_seconds() > 2 => self.resume("a person released it"),
            _ => {}
        }
        if !std::mem::replace(&mut self.app_was_read, true) {
            // Once only: after that, an id that proved stale must not come back from the store.
            self.app = work.teams_app;
        }
        self.hold.learn_rounds(work.rounds);
        self.strays_at.retain(|round, _| self.hold.lanes().any(|lane| lane.work.round == *round));
        // A round whose last chunk somebody else finished is ended here.
        self.finish_wanted |= self.hold.lanes().any(|lane| {
            let running = lane.work.state == RoundState::Running;
            let cancelling = lane.work.broadcast_state == BroadcastState::Cancelling;
            let overtaken = lane.work.kind == RoundKind::Prepare && !lane.work.goes_on();
            (running || cancelling || overtaken) && self.hold.chunk_count(lane.work.round).1 == 0
        });
    }

    pub(super) fn take_chunks(&mut self, round: RoundId, chunks: Vec<ClaimedChunk>) {
        if chunks.is_empty() {
            if let Some(lane) = self.hold.lane_mut(round) {
                lane.exhausted = true;
            }
            self.finish_wanted |= self.hold.chunk_count(round).1 == 0;
        }
        let wall = self.office.clock.now();
        for claimed in chunks {
            self.hold.admit(claimed, &self.office.settings.retry, wall);
        }
    }

    pub(super) fn take_flushed(&mut self, flush: &Flush, flushed: &Flushed) {
        self.flushing = false;
        // A moving average over about four flushes.
        self.flush_took = (self.flush_took * 3 + self.now().saturating_since(self.flushed_at)) / 4;
        let committed = self.hold.committed(flush, flushed);
        for (round, chunk) in &committed.fenced {
            tracing::warn!(%round, %chunk, "the chunk is somebody else's");
        }
        self.late.extend(committed.late);
        self.finish_wanted |= committed.finished.iter().any(|round| self.has_nothing_left(*round));
        if flushed.tenant_halted && self.halt.is_none() {
            self.polled_at = None;
        }
        // What was granted while the reason to grant passed is taken back: doubt is for what may have been sent.
        let now = self.now();
        if !self.may_grant(now) {
            self.hold.revoke_all();
        }
        tally::stands(self.office.held.tenant, self.hold.open(), &self.buckets, now);
    }

    /// We hold nothing of `round` and claim nothing more of it: it may be over. While there is something to claim, asking
    /// after each chunk would cost more than the chunk's flush; the claim that finds nothing asks.
    fn has_nothing_left(&mut self, round: RoundId) -> bool {
        let claims_on = |lane: &mut crate::app::hold::Lane| !lane.exhausted && lane.work.goes_on();
        self.hold.chunk_count(round).1 == 0 && !self.hold.lane_mut(round).is_some_and(claims_on)
    }

    pub(super) fn take_warmth(&mut self, done: Result<(), Answer>) {
        match done {
            Ok(()) => self.warm = true,
            Err(answer) => {
                let now = self.now();
                self.try_at = now + TRY_AGAIN;
                self.probe_at = now + self.office.settings.probe_every;
                match answer.outcome {
                    Outcome::Refused(_, reason) => self.halt_tenant(reason, answer.detail),
                    Outcome::Throttled { retry_after: Some(wait) } => self.try_at = now + wait,
                    other => tracing::warn!(outcome = other.number(), "no token yet; trying again"),
                }
            }
        }
    }

    pub(super) fn take_app(&mut self, found: Result<TeamsAppId, Answer>) {
        let now = self.now();
        let served = found.as_ref().map_or_else(|answer| served(&answer.outcome), |_| Served::Well);
        self.buckets.landed(Bucket::Catalog, served, now);
        match found {
            Ok(app) => {
                let (tenant, kept) = (self.office.held.tenant, app.clone());
                self.note("keep_app", move |store| async move { store.keep_app(tenant, &kept).await });
                self.app = Some(app);
                if self.halt.as_ref().is_some_and(|halt| halt.reason == HaltReason::NotInCatalogue) {
                    self.resume("the app is in the catalogue");
                }
            }
            Err(answer) => {
                self.try_at = now + TRY_AGAIN;
                self.probe_at = self.probe_at.max(self.try_at);
                match answer.outcome {
                    Outcome::Refused(_, reason) => self.halt_tenant(reason, answer.detail),
                    Outcome::Throttled { retry_after } => self.cool_down(Bucket::Catalog, retry_after),
                    Outcome::NeedsRemedy(Remedy::Token, _) => self.forget_tokens(),
                    other => tracing::warn!(outcome = other.number(), "the app was not found yet; trying again"),
                }
            }
        }
    }

    /// Takes in the answer to one request, for everybody whom it was about: for the bucket it is one.
    pub(super) fn land_all(&mut self, all: Vec<Landed>) {
        let Some(first) = all.first() else { return };
        self.hear(first);
        let bucket = Bucket::from(first.step);
        if let Outcome::Throttled { retry_after } = first.answer.outcome {
            // Once, and also when the chunk is somebody else's: the quota is still ours.
            self.cool_down(bucket, retry_after);
        }
        for landed in all {
            let (seat, detail) = (landed.seat, landed.answer.detail.clone());
            let Landing { effects, late, .. } = self.hold.land(landed, &self.office.settings.retry);
            self.late.extend(late);
            for effect in effects {
                self.carry_out(effect, seat.chunk.0, seat.ordinal, detail.clone());
            }
        }
    }

    /// What an answer says of its bucket, of our token, of the probe.
    fn hear(&mut self, landed: &Landed) {
        let bucket = Bucket::from(landed.step);
        let (id, at) = (landed.request, self.now());
        if self.buckets.landed(bucket, served(&landed.answer.outcome), at).is_some() {
            tracing::warn!(
                bucket = bucket.name(),
                "many in a row met trouble: the bucket rests, and is tried one by one"
            );
            self.hold.revoke_all();
        }
        if landed.answer.outcome == Outcome::NotStarted {
            // Most likely no token was at hand. Asking for one that is there costs nothing.
            self.warm = false;
        }
        let took = (landed.ended_at - landed.started_at).to_std().unwrap_or(Duration::ZERO);
        if landed.step == Step::Send {
            // A moving average over about eight answers.
            self.latency = (self.latency * 7 + took) / 8;
        }
        let step = landed.step.name();
        tally::landed(landed);
        if let (Some(detail), Some(reason)) = (&landed.answer.detail, landed.answer.outcome.reason()) {
            let status = landed.answer.status;
            tracing::debug!(request = %landed.request, step, ?status, %reason, %detail, "an answer that was not a success");
        }
        let refused = matches!(
            landed.answer.outcome,
            Outcome::Refused(HaltScope::Tenant, _) | Outcome::NeedsRemedy(Remedy::Token, _) | Outcome::NotStarted
        );
        if self.probing == Some(id) {
            self.probing = None;
            if refused {
                self.probe_at = at + self.office.settings.probe_every;
                self.warm = false;
            } else if self.halt.is_some() {
                self.resume("a probe was answered");
            }
        }
        if matches!(landed.answer.outcome, Outcome::Refused(HaltScope::Tenant, _)) {
            self.halted_step = Some(landed.step);
        }
    }

    pub(super) fn carry_out(
        &mut self,
        effect: Effect,
        round: RoundId,
        ordinal: crate::domain::ids::Ordinal,
        detail: Option<String>,
    ) {
        match effect {
            // The bucket rests already; the hold keeps what was learnt for the next flush.
            Effect::CoolDown { .. } | Effect::Learn(_) | Effect::Forget(_) | Effect::NoteRefusal(_) => {}
            Effect::Halt(HaltScope::Tenant, reason) => self.halt_tenant(reason, detail),
            Effect::Halt(HaltScope::Broadcast, reason) => self.halt_broadcast(round, reason, detail),
            Effect::Renew(Remedy::Token) => self.forget_tokens(),
            Effect::Renew(Remedy::CatalogueId) => self.app = None,
            Effect::Renew(Remedy::BotHost(url)) => self.office.messenger.use_bot_host(&url),
            Effect::ContentRefused(reason) => {
                let Some(lane) = self.hold.lane_mut(round) else { return };
                lane.refused.insert(ordinal);
                if lane.refused.len() >= REFUSALS_THAT_HALT {
                    self.halt_broadcast(round, reason.of_several(), detail);
                }
            }
        }
    }
}

/// What an answer says of the service that gave it, rather than of the person.
const fn served(outcome: &Outcome) -> Served {
    match outcome {
        Outcome::Throttled { .. } => Served::Throttled,
        Outcome::Transient(_) | Outcome::Lost(_) => Served::Trouble,
        Outcome::NotStarted => Served::Nothing,
        _ => Served::Well,
    }
}
