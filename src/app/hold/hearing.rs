//! What the bot was told: whoever waits to be found is helped by word of her chat.

use super::*;

impl Hold {
    /// Takes in whose chats the bot was told of; returns how many people are spared a request by it. Of whoever is on the
    /// wire just then, the answer comes first; she is told of once more with the next look.
    ///
    /// A round that prepares takes no notice: it ends with answers that stand in the record.
    pub fn hear(&mut self, chats: &[(RecipientKey, Chat)], policy: &RetryPolicy, now: Timestamp) -> usize {
        let chats: BTreeMap<RecipientKey, &Chat> = chats.iter().map(|(recipient, chat)| (*recipient, chat)).collect();
        let reaches = |lane: &Lane| lane.work.purpose.reaches_people();
        let mut spared = BTreeSet::new();
        for (key, held) in &mut self.chunks {
            if chats.is_empty() || !self.lanes.get(&key.0).is_some_and(reaches) {
                continue;
            }
            for (ordinal, (member, delivery)) in &mut held.people {
                let Some(chat) = chats.get(&member.recipient).filter(|_| delivery.looks_for_chat()) else { continue };
                let event = Event::Heard(chat.conversation.clone());
                let Ok(next) = delivery::apply(delivery, event, policy, now, Jitter::FULL) else { continue };
                *delivery = next.delivery;
                member.service_url = Some(chat.service_url.clone());
                spared.insert(Seat { chunk: *key, ordinal: *ordinal });
            }
        }
        for lane in self.lanes.values_mut() {
            lane.preparing.values_mut().for_each(|queue| queue.retain(|seat| !spared.contains(seat)));
            lane.waiting.retain(|Reverse((_, seat))| !spared.contains(seat));
        }
        for seat in &spared {
            self.listening.remove(seat);
            self.odds.ears.learn(true);
            self.queue(*seat);
        }
        spared.len()
    }

    /// Somebody is on her way whom word of her chat would help. Looks at everybody who waits, so it is asked now and then.
    pub fn awaits_word(&self) -> bool {
        let looks = |seat: &Seat| {
            let held = self.chunks.get(&seat.chunk);
            held.and_then(|held| held.people.get(&seat.ordinal)).is_some_and(|(_, delivery)| delivery.looks_for_chat())
        };
        let mut able = self.lanes.values().filter(|lane| lane.may_start() && lane.work.purpose.reaches_people());
        able.any(|lane| {
            lane.preparing.values().flatten().any(looks) || lane.waiting.iter().any(|Reverse((_, seat))| looks(seat))
        })
    }

    /// Lets somebody wait to be told of.
    pub(super) fn listen(&mut self, seat: Seat, until: Timestamp, policy: &RetryPolicy, now: Timestamp) {
        let Some((_, delivery)) = self.person_mut(seat) else { return };
        if let Ok(next) = delivery::apply(delivery, Event::Listens(until), policy, now, Jitter::FULL) {
            *delivery = next.delivery;
            self.listening.insert(seat);
        }
    }
}
