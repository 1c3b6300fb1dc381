//! The errands beside the loop: polling, loading, claiming, expanding, giving back, finishing, tokens. At most one of a
//! kind runs at a time.

use super::*;

impl Owner {
    /// Starts the errands that are due: polling, loading, claiming, expanding, finishing, tokens.
    pub(super) fn keep_house(&mut self, now: Monotonic) -> Monotonic {
        let rest = rest_after(self.poll_took, self.office.settings.poll_every);
        let poll_at = self.polled_at.map_or(Monotonic::ZERO, |at| at + rest);
        if poll_at <= now {
            self.poll();
        }
        self.record_late();
        if now >= self.rest_until {
            self.start_due(now);
            self.load_words();
            self.claim_and_expand();
            self.release_stopped();
            self.listen(now);
            if self.finish_wanted {
                self.finish();
            }
        }
        let soon = now + Duration::from_millis(1);
        // A poll that is under way is waited for, not repeated.
        let polling = self.errands.contains(&Errand::Poll);
        let poll_at = if polling { now + self.office.settings.poll_every } else { poll_at };
        let try_at = if self.halt.is_some() { self.probe_at } else { self.try_at };
        let mut wake_at = poll_at.max(soon);
        if let Some(hour) = self.hour_at.filter(|hour| *hour > now) {
            wake_at = wake_at.min(hour);
        }
        wake_at = wake_at.min(self.listen_at.max(soon).max(self.rest_until));
        if now < try_at {
            wake_at = wake_at.min(try_at);
        } else if !self.warm {
            self.warm_up();
        } else if self.app.is_none()
            && Step::ALL.into_iter().any(|step| self.needs_app(step) && self.hold.has_ready(step))
        {
            wake_at = wake_at.min(self.find_app(now).max(soon));
        }
        wake_at
    }

    /// Sends `work` out, which freezes an audience and may wait long for its turn among those of all tenants. Whoever ends
    /// does not wait for it: the next owner goes on where the last slice ended.
    fn freeze(&mut self, errand: Errand, work: impl Future<Output = Arrival> + Send + 'static) {
        let (stop, lost) = (self.office.stop.clone(), self.office.lease.lost.clone());
        self.send_out(errand, async move {
            tokio::select! {
                biased; // Equal seeds must give equal runs, and what is done is better counted.
                done = work => done,
                () = stop.cancelled() => Arrival::Noted("freezing ended", Ok(())),
                () = lost.cancelled() => Arrival::Noted("freezing ended", Ok(())),
            }
        });
    }

    /// Runs `work` beside the loop unless an errand of this kind runs already.
    pub(super) fn send_out(&mut self, errand: Errand, work: impl Future<Output = Arrival> + Send + 'static) {
        if self.errands.insert(errand) {
            self.beside.spawn(work);
        }
    }

    pub(super) fn poll(&mut self) {
        let (store, tenant) = (Arc::clone(&self.office.store), self.office.held.tenant);
        if !self.errands.contains(&Errand::Poll) {
            self.poll_asked_at = self.now();
        }
        self.send_out(Errand::Poll, async move { Arrival::Polled(store.work(tenant).await) });
    }

    /// Asks what the bot was told, while somebody is on her way whom it could help.
    fn listen(&mut self, now: Monotonic) {
        if now < self.listen_at {
            return;
        }
        self.listen_at = now + self.listen_rest();
        if !self.hold.awaits_word() || self.errands.contains(&Errand::Listen) {
            return;
        }
        self.listen_asked_at = now;
        let (store, tenant, since) = (Arc::clone(&self.office.store), self.office.held.tenant, self.heard_as_of);
        self.send_out(Errand::Listen, async move { Arrival::Heard(store.chats_heard(tenant, since).await) });
    }

    /// Twice as often as we poll, so that whoever waits to be told of does not wait for us. Where nothing was ever told,
    /// because there is no webhook most likely, each look in vain doubles the wait for the next one.
    pub(super) fn listen_rest(&self) -> Duration {
        let pace = self.office.settings.poll_every / 2;
        let doubled = self.looks_in_vain.map_or(1, |looks| 1 << looks.min(10));
        rest_after(self.listen_took, (pace * doubled).min(POLL_AT_LEAST_EVERY).max(pace))
    }

    /// Asks for the broadcasts whose hour has come to be started, when one should have.
    pub(super) fn start_due(&mut self, now: Monotonic) {
        if self.hour_at.is_none_or(|hour| now < hour) {
            return;
        }
        self.hour_at = None;
        let (store, held, worker) = (Arc::clone(&self.office.store), self.office.held, self.office.worker);
        let wall = self.office.clock.now();
        self.send_out(Errand::Start, async move { Arrival::Started(store.start_due(held, worker, wall).await) });
    }

    /// Recalls broadcasts whose author set an instant for that, which has come; what still goes out is cancelled first.
    pub(super) fn recall_expired(&mut self) {
        let (store, held, worker) = (Arc::clone(&self.office.store), self.office.held, self.office.worker);
        let (clock, random) = (Arc::clone(&self.office.clock), Arc::clone(&self.office.random));
        self.send_out(Errand::Recall, async move {
            let all = async {
                let mut recalled = 0;
                for id in store.cancel_expired(held, worker, clock.now()).await? {
                    let begun = amend::recall_expired(&*store, held.tenant, id, random.next_u64(), clock.now());
                    match begun.await {
                        Ok(begun) => recalled += usize::from(begun),
                        // Another one must not wait for this one; it is tried again with the next look.
                        Err(error) if error.is_transient() => {
                            tracing::warn!(broadcast = %id, %error, "not recalled yet");
                        }
                        Err(error) => return Err(error),
                    }
                }
                Ok(recalled)
            };
            Arrival::Recalled(all.await)
        });
    }

    /// Tells authors where their broadcasts stand, one after another.
    pub(super) fn tell_authors(&mut self, untold: &[Untold]) {
        for untold in untold.iter().copied() {
            let (store, tenant) = (Arc::clone(&self.office.store), self.office.held.tenant);
            let (clock, chances) = (Arc::clone(&self.office.clock), [(); 2].map(|()| self.office.random.next_u64()));
            self.send_out(Errand::Tell(untold.broadcast), async move {
                Arrival::Told(untold.broadcast, notice::tell(&*store, &*clock, chances, tenant, untold).await)
            });
        }
    }

    pub(super) fn load_words(&mut self) {
        let missing: Vec<RoundId> = self
            .hold
            .lanes()
            .filter(|lane| lane.said.is_none() && lane.needs_words() && lane.work.state == RoundState::Running)
            .map(|lane| lane.work.round)
            .collect();
        for round in missing {
            let (store, tenant) = (Arc::clone(&self.office.store), self.office.held.tenant);
            self.send_out(Errand::Words(round), async move {
                Arrival::Said(round, Box::new(store.said(tenant, round).await))
            });
        }
    }

    pub(super) fn claim_and_expand(&mut self) {
        let chunk_size = self.office.settings.chunk_size;
        let (mut claims, mut expansions, mut words) = (Vec::new(), Vec::new(), Vec::new());
        // At the published quotas a chunk lasts for seconds. Where sends are faster than claims, the next ones must be
        // there before the last have gone out.
        let enough = (self.window(self.now()) * WINDOWS_AHEAD).max(chunk_size) as usize;
        // While halted, somebody is needed to be tried with.
        let may_claim = self.halt.is_none() || (self.may_probe() && !self.hold.has_work());
        let runs = |lane: &&Lane| lane.work.state == RoundState::Running && lane.work.goes_on();
        let running = self.hold.lanes().filter(runs).count();
        for lane in self.hold.lanes() {
            let (work, round) = (&lane.work, lane.work.round);
            match work.state {
                RoundState::Expanding if work.kind.may_expand(work.broadcast_state) && work.hour_has_come() => {
                    match &work.expression {
                        Some(text) => words.push((work.clone(), text.clone())),
                        None => expansions.push(round),
                    }
                }
                RoundState::Running if work.goes_on() => {
                    let (all, own) = self.hold.chunk_count(round);
                    let may_hold = fairness::may_hold_another(own, all, running, CHUNKS_MAX);
                    let (active, chunk) = (lane.active(), chunk_size as usize);
                    // A claim is a commit: ahead of time, not for a single chunk.
                    let hungry = (lane.is_hungry(chunk) || active + 2 * chunk <= enough) && may_hold;
                    if hungry && !lane.exhausted && may_claim {
                        // Several at once for one that is alone; the others' room is asked about chunk by chunk.
                        let room = if running == 1 { CLAIMED_AT_ONCE } else { 1 };
                        let missing = enough.saturating_sub(active) / chunk;
                        claims.push((round, u32::try_from(missing).unwrap_or(1).clamp(1, room)));
                    }
                }
                _ => {}
            }
        }
        for (round, limit) in claims {
            let (store, held, worker) = (Arc::clone(&self.office.store), self.office.held, self.office.worker);
            let have = self.hold.numbers(round);
            self.send_out(Errand::Claim(round), async move {
                Arrival::Claimed(round, store.claim(held, worker, round, limit, &have).await)
            });
        }
        for (work, text) in words {
            let (store, held, worker) = (Arc::clone(&self.office.store), self.office.held, self.office.worker);
            self.freeze(Errand::LayDown(work.round), async move {
                Arrival::LaidDown(work.round, audience::lay_down(&*store, held, worker, &work, &text).await)
            });
        }
        for round in expansions {
            let (store, held, worker) = (Arc::clone(&self.office.store), self.office.held, self.office.worker);
            let (slice, now) = (self.office.settings.expand_slice, self.office.clock.now());
            self.freeze(Errand::Expand(round), async move {
                Arrival::Expanded(round, store.expand(held, worker, round, slice, chunk_size, now).await)
            });
        }
    }

    /// Gives back the chunks of broadcasts that do not go on, as soon as nothing of theirs is open: they must not take
    /// the room of others.
    pub(super) fn release_stopped(&mut self) {
        if self.flushing || self.errands.contains(&Errand::Release) {
            return;
        }
        let stopped: Vec<(RoundId, BroadcastState)> = self
            .hold
            .lanes()
            .filter(|lane| lane.work.state == RoundState::Running && !lane.work.goes_on())
            .map(|lane| (lane.work.round, lane.work.broadcast_state))
            .collect();
        let (policy, wall) = (self.office.settings.retry.clone(), self.office.clock.now());
        for (round, _) in stopped.iter().filter(|(_, state)| *state == BroadcastState::Cancelling) {
            self.hold.settle_doubted(*round, &policy, wall);
        }
        self.release_strays(stopped.iter().map(|(round, _)| *round));
        let chunks: Vec<_> = stopped.into_iter().flat_map(|(round, _)| self.hold.releasable(Some(round))).collect();
        if chunks.is_empty() {
            return;
        }
        let (store, tenant, worker) = (Arc::clone(&self.office.store), self.office.held.tenant, self.office.worker);
        self.send_out(Errand::Release, async move {
            let done = store.release_chunks(tenant, worker, &chunks).await;
            Arrival::Released(chunks, done)
        });
    }

    /// Gives back what the record says we claim, of a round that cannot end otherwise: a claim whose answer was lost may
    /// take effect late, so this is asked for now and then while the round is there.
    fn release_strays(&mut self, stopped: impl Iterator<Item = RoundId>) {
        let now = self.now();
        for round in stopped {
            let due = self.strays_at.get(&round).is_none_or(|at| *at <= now);
            if !due || self.errands.contains(&Errand::Claim(round)) {
                continue;
            }
            self.strays_at.insert(round, now + STRAYS_EVERY);
            let (store, held, worker) = (Arc::clone(&self.office.store), self.office.held, self.office.worker);
            let have = self.hold.numbers(round);
            self.send_out(Errand::Strays(round), async move {
                Arrival::Strays(round, store.release_strays(held, worker, round, &have).await)
            });
        }
    }

    pub(super) fn finish(&mut self) {
        self.finish_wanted = false;
        let (store, tenant, now) = (Arc::clone(&self.office.store), self.office.held.tenant, self.office.clock.now());
        self.send_out(Errand::Finish, async move { Arrival::Finished(store.finish(tenant, now).await) });
    }

    pub(super) fn warm_up(&mut self) {
        let messenger = Arc::clone(&self.office.messenger);
        let for_many =
            self.hold.lanes().any(|lane| matches!(lane.work.purpose, Purpose::Notify | Purpose::NotifyAgain));
        self.send_out(Errand::Warm, async move { Arrival::Warm(messenger.warm_up(for_many).await) });
    }

    pub(super) fn find_app(&mut self, now: Monotonic) -> Monotonic {
        if self.errands.contains(&Errand::App) {
            return now + TRY_AGAIN;
        }
        match self.buckets.try_start(Bucket::Catalog, now) {
            Err(at) => at.unwrap_or(now + TRY_AGAIN),
            Ok(()) => {
                let (messenger, id) = (Arc::clone(&self.office.messenger), self.request_id());
                self.send_out(Errand::App, async move { Arrival::App(messenger.find_app(id).await) });
                now + TRY_AGAIN
            }
        }
    }

    pub(super) fn record_late(&mut self) {
        if self.late.is_empty() || self.errands.contains(&Errand::Late) {
            return;
        }
        let facts = std::mem::take(&mut self.late);
        let Office { store, clock, held, abandon, .. } = &self.office;
        let (store, clock, tenant, abandon) = (Arc::clone(store), Arc::clone(clock), held.tenant, abandon.clone());
        self.send_out(Errand::Late, async move {
            let done = flush::write_late(store, clock, tenant, &facts, &abandon).await;
            Arrival::Late(facts, done)
        });
    }

    /// Runs a small write of which only the failure matters.
    pub(super) fn note<F: Future<Output = Result<(), StoreError>> + Send + 'static>(
        &mut self,
        what: &'static str,
        write: impl FnOnce(Arc<dyn Store>) -> F,
    ) {
        let done = write(Arc::clone(&self.office.store));
        self.beside.spawn(async move { Arrival::Noted(what, done.await) });
    }
}

/// How long looking rests that took so long.
fn rest_after(took: Duration, at_least: Duration) -> Duration {
    (took * POLL_REST).min(POLL_AT_LEAST_EVERY).max(at_least)
}
