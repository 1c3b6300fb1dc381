//! Starts requests: whoever is ready, as the pacers allow, while the lease holds.

use super::*;
use crate::app::engine::ChatRoad;
use crate::domain::ids::{ConversationId, MessageId};

/// What cannot be asked for without the app's id in the catalogue.
const NEED_APP: [Step; 4] = [Step::Check, Step::Install, Step::Notify, Step::NotifyMany];

/// Where the message stands that is to be replaced or deleted: in the chat, or in the thread that it began in a channel.
fn said_before(start: &Start) -> Option<(ConversationId, MessageId)> {
    let (place, message) = (start.route.conversation.clone()?, start.message.clone()?);
    let conversation = if start.venue.is_some() { place.thread(&message) } else { place };
    Some((conversation, message))
}

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
        // Replacing and deleting take their turns with sends.
        for step in Step::ALL.into_iter().filter(|step| !matches!(step, Step::Replace | Step::Withdraw)) {
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
        self.hold.has_ready(step) && (self.app.is_some() || !self.needs_app(step))
    }

    /// `step` cannot be asked for without the app's id in the catalogue.
    pub(super) fn needs_app(&self, step: Step) -> bool {
        let by_chats = self.office.settings.find_chat_through == ChatRoad::Chats;
        NEED_APP.contains(&step) || (step == Step::Resolve && by_chats)
    }

    /// Starts one request of `step`, or says when to ask again (`None`: an answer must come first).
    pub(super) fn start_one(
        &mut self,
        step: Step,
        now: Monotonic,
        wall: Timestamp,
    ) -> Result<RequestId, Option<Monotonic>> {
        self.buckets.try_start(Bucket::from(step), now)?;
        let limit = if step == Step::NotifyMany { NOTIFIED_AT_ONCE } else { 1 };
        let starts = self.hold.start_many(step, limit, &self.office.settings.retry, now, wall);
        let Some(first) = starts.first() else {
            self.buckets.landed(Bucket::from(step), Served::Nothing, now);
            return Err(None);
        };
        let (id, step) = (self.request_id(), first.step);
        let request = match step {
            Step::NotifyMany => self.notify_many(&starts),
            _ => self.request(step, first),
        };
        let (messenger, clock) = (Arc::clone(&self.office.messenger), Arc::clone(&self.office.clock));
        let not_after = self.office.lease.start_until();
        let each = starts.into_iter().map(|start| (start.seat, start.epoch, start.attempt));
        let each: Vec<_> = each.collect();
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
            let ended_at = clock.now().max(wall);
            let landed = |(seat, epoch, attempt)| {
                let answer = answer.clone();
                Landed { seat, epoch, attempt, step, request: id, started_at: wall, ended_at, answer }
            };
            Arrival::Landed(each.into_iter().map(landed).collect())
        });
        Ok(id)
    }

    /// The request for a started step; `None` when something that it needs has just become unknown.
    fn request(&mut self, step: Step, start: &Start) -> Option<Request> {
        let (user, route) = (start.user, start.route.clone());
        let in_team = start.venue.as_deref().and_then(Venue::team);
        match step {
            Step::Check => {
                let app = self.app.clone()?;
                Some(in_team.map_or(Request::Check { user, app: app.clone() }, |team| Request::CheckTeam { team, app }))
            }
            Step::Install => {
                let app = self.app.clone()?;
                Some(
                    in_team.map_or(Request::Install { user, app: app.clone() }, |team| Request::InstallInTeam {
                        team,
                        app,
                    }),
                )
            }
            Step::Resolve if let Some(Venue::Channel { team, channel }) = start.venue.as_deref() => {
                Some(Request::FindChannel { team: *team, channel: channel.clone() })
            }
            Step::Resolve if self.office.settings.find_chat_through == ChatRoad::Chats => {
                Some(Request::FindChat { user, app: self.app.clone()? })
            }
            Step::Resolve => match route.installation {
                Installation::Present(installation) => Some(Request::Resolve { user, installation }),
                Installation::Unknown | Installation::Absent | Installation::Unlisted => None,
            },
            Step::Send => {
                let activity = self.spoken(start)?.activity;
                let (conversation, service_url) = (route.conversation?, start.service_url.clone());
                Some(match start.venue {
                    Some(_) => Request::Post { channel: conversation, activity },
                    None => Request::Send { conversation, activity, service_url },
                })
            }
            Step::Create => Some(Request::Create { user }),
            Step::Replace => {
                let (conversation, message) = said_before(start)?;
                let (activity, service_url) = (self.spoken(start)?.activity, start.service_url.clone());
                Some(Request::Replace { conversation, message, activity, service_url })
            }
            Step::Withdraw => {
                let (conversation, message) = said_before(start)?;
                Some(Request::Withdraw { conversation, message, service_url: start.service_url.clone() })
            }
            Step::Notify => {
                let to = match (start.venue.as_deref(), start.principal_name.clone()) {
                    (Some(Venue::TeamMembers { .. }), _) => Notified::TeamMembers,
                    (Some(Venue::ChannelMembers { channel, .. }), _) => Notified::ChannelMembers(channel.clone()),
                    (Some(Venue::ChatMembers { .. }), _) => Notified::ChatMembers,
                    (Some(Venue::Channel { .. }), _) => return None,
                    (None, Some(name)) => Notified::PersonNamed(name),
                    (None, None) => Notified::Person(user),
                };
                let (notification, chain) = self.notification(start)?;
                Some(Request::Notify { to, notification, chain, app: self.app.clone()? })
            }
            Step::NotifyMany => None,
        }
    }

    /// One request for all of them.
    fn notify_many(&mut self, starts: &[Start]) -> Option<Request> {
        let (notification, chain) = self.notification(starts.first()?)?;
        let users = starts.iter().map(|start| start.user).collect();
        Some(Request::NotifyMany { users, notification, chain, app: self.app.clone()? })
    }

    /// What the round of a started step says in activity feeds, and in which chain.
    fn notification(&mut self, start: &Start) -> Option<(Arc<Notification>, i64)> {
        let lane = self.hold.lane_mut(start.seat.chunk.0)?;
        Some((lane.said.as_ref()?.notification.clone()?, Notification::chain(lane.work.broadcast)))
    }

    fn spoken(&mut self, start: &Start) -> Option<Spoken> {
        self.hold.lane_mut(start.seat.chunk.0)?.said.clone()
    }

    pub(super) fn request_id(&self) -> RequestId {
        RequestId::new(self.office.random.next_u64(), self.office.random.next_u64())
    }
}
