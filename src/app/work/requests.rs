//! Starts requests: whoever is ready, as the pacers allow, while the lease holds.

use super::*;

impl Owner {
    /// Starts every request that may start now; says when the next one may.
    pub(super) fn start_requests(&mut self, now: Monotonic, wall: Timestamp) -> Monotonic {
        let never = now + Duration::from_secs(3600);
        let mut wake_at = never;
        if !self.office.lease.may_start(now, wall) {
            return now + self.office.settings.flush_every;
        }
        if !self.warm {
            return never;
        }
        if self.halt.is_some() {
            return self.probe(now, wall);
        }
        for step in Step::ALL {
            while self.may_try(step) {
                match self.start_one(step, now, wall) {
                    Ok(_) => {}
                    Err(at) => {
                        wake_at = wake_at.min(at.unwrap_or(never));
                        break;
                    }
                }
            }
        }
        wake_at
    }

    /// Somebody is ready for `step`, and everything that it needs is known.
    pub(super) fn may_try(&self, step: Step) -> bool {
        let needs_app = matches!(step, Step::Check | Step::Install);
        self.hold.has_ready(step) && (self.app.is_some() || !needs_app)
    }

    /// Starts one request of `step`, or says when to ask again (`None`: an answer must come first).
    pub(super) fn start_one(
        &mut self,
        step: Step,
        now: Monotonic,
        wall: Timestamp,
    ) -> Result<RequestId, Option<Monotonic>> {
        self.buckets.try_start(Bucket::from(step), now)?;
        let Some(start) = self.hold.start(step, &self.office.settings.retry, now, wall) else {
            self.buckets.landed(Bucket::from(step), Served::Nothing, now);
            return Err(None);
        };
        let id = self.request_id();
        let request = self.request(step, &start);
        let (messenger, clock) = (Arc::clone(&self.office.messenger), Arc::clone(&self.office.clock));
        let not_after = self.office.lease.start_until();
        let (seat, epoch, attempt) = (start.seat, start.epoch, start.attempt);
        let planned_at = self.woken_for.map_or(now, |at| at.min(now));
        self.beside.spawn(async move {
            tally::started(clock.monotonic().saturating_since(planned_at));
            let answer = match request {
                None => Answer::from(Outcome::NotStarted),
                // A panic in one delivery must not end the worker; what it may have sent is doubt.
                Some(request) => AssertUnwindSafe(messenger.perform(&request, id, not_after))
                    .catch_unwind()
                    .await
                    .unwrap_or_else(|_| Answer::from(Outcome::Lost(Reason::AnswerLost))),
            };
            Arrival::Landed(Box::new(Landed {
                seat,
                epoch,
                attempt,
                step,
                request: id,
                started_at: wall,
                ended_at: clock.now().max(wall),
                answer,
            }))
        });
        Ok(id)
    }

    /// The request for a started step; `None` when something that it needs has just become unknown.
    fn request(&mut self, step: Step, start: &Start) -> Option<Request> {
        let (user, route) = (start.user, start.route.clone());
        match step {
            Step::Check => Some(Request::Check { user, app: self.app.clone()? }),
            Step::Install => Some(Request::Install { user, app: self.app.clone()? }),
            Step::Resolve => match route.installation {
                Installation::Present(installation) => Some(Request::Resolve { user, installation }),
                Installation::Unknown | Installation::Absent | Installation::Unlisted => None,
            },
            Step::Send => {
                let activity = self.hold.lane_mut(start.seat.chunk.0)?.activity.clone()?;
                let service_url = start.service_url.clone();
                Some(Request::Send { conversation: route.conversation?, activity, service_url })
            }
            Step::Create => Some(Request::Create { user }),
        }
    }

    pub(super) fn request_id(&self) -> RequestId {
        RequestId::new(self.office.random.next_u64(), self.office.random.next_u64())
    }
}
