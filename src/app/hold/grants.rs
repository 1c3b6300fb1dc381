//! Who may send: permissions given in turn, and taken back unused.

use super::*;
use crate::domain::fairness::{Contender, kept_by_lower};

impl Hold {
    /// Permissions for whoever is ready, in turn between broadcasts, until `window` sends are open.
    pub(super) fn grant(&mut self, window: u32) {
        let mut open = self.open();
        open -= self.make_room(window, open);
        let mut refused = Vec::new();
        while open < window {
            let contenders = self.contenders(|lane| !lane.wanting.is_empty());
            let Some(round) = self.grants.next(&contenders) else { break };
            let Some(seat) = self.lanes.get_mut(&round).and_then(|lane| lane.wanting.pop_front()) else { break };
            let Some(held) = self.chunks.get_mut(&seat.chunk) else { continue };
            // In single file, everybody but the one on the wire has to wait.
            if held.chunk.grant(seat.ordinal).is_err() {
                refused.push(seat);
                continue;
            }
            held.dirty = true;
            open += 1;
            self.asked.push(seat);
            if let Some(lane) = self.lanes.get_mut(&round) {
                lane.asked += 1;
            }
        }
        for seat in refused.into_iter().rev() {
            if let Some(lane) = self.lanes.get_mut(&seat.chunk.0) {
                lane.wanting.push_front(seat);
            }
        }
    }

    /// Takes unused permissions back from lower classes for a higher one that wants them; returns how many. A permission
    /// given to a large broadcast must not keep an urgent one waiting until it is used.
    fn make_room(&mut self, window: u32, open: u32) -> u32 {
        let mut wanted = 0;
        let mut taken = 0;
        for class in Class::ALL {
            let able = |lane: &&Lane| lane.may_start() && lane.class() == class;
            wanted += self.lanes.values().filter(able).map(|lane| lane.wanting.len()).sum::<usize>();
            let room = window.saturating_sub(open - taken) as usize;
            if window == 0 || wanted <= room {
                continue;
            }
            let below: Vec<RoundId> = {
                let mut below: Vec<_> = self.lanes.iter().filter(|(_, lane)| lane.class() > class).collect();
                // The lowest class first, and in it the youngest.
                below.sort_by_key(|(round, lane)| Reverse((lane.class(), **round)));
                below.into_iter().map(|(round, _)| *round).collect()
            };
            let unused: usize =
                below.iter().filter_map(|round| self.lanes.get(round)).map(|lane| lane.permitted.len()).sum();
            let surplus = unused.saturating_sub(kept_by_lower(window) as usize);
            for _ in 0..surplus.min(wanted - room) {
                let mut holding = below.iter().filter(|round| !self.lanes[round].permitted.is_empty());
                let Some(round) = holding.next().copied() else { break };
                self.take_back(round);
                taken += 1;
            }
        }
        taken
    }

    /// Takes back the permission given last in `round`; whoever had it is the next to get one.
    fn take_back(&mut self, round: RoundId) {
        let Some(lane) = self.lanes.get_mut(&round) else { return };
        let Some(seat) = lane.permitted.pop_back() else { return };
        lane.wanting.push_front(seat);
        if let Some(held) = self.chunks.get_mut(&seat.chunk) {
            held.dirty = true;
            let closed = held.chunk.close(seat.ordinal);
            debug_assert!(closed.is_ok(), "a seat lies in its chunk");
        }
    }

    /// Takes back the unused permissions of rounds that may not send.
    pub(super) fn revoke_stopped(&mut self) {
        let stopped: Vec<RoundId> = self
            .lanes
            .values()
            .filter(|lane| !lane.work.goes_on() && !lane.permitted.is_empty())
            .map(|lane| lane.work.round)
            .collect();
        stopped.into_iter().for_each(|round| self.revoke(round));
    }

    pub(super) fn revoke(&mut self, round: RoundId) {
        let Some(lane) = self.lanes.get_mut(&round) else { return };
        for seat in mem::take(&mut lane.permitted) {
            if let Some(held) = self.chunks.get_mut(&seat.chunk) {
                held.dirty = true;
                let closed = held.chunk.close(seat.ordinal);
                debug_assert!(closed.is_ok(), "a seat lies in its chunk");
            }
            lane.wanting.push_back(seat);
        }
    }

    /// Whoever may start and has work, oldest first.
    pub(super) fn contenders(&self, has_work: impl Fn(&Lane) -> bool) -> Vec<Contender<RoundId>> {
        let contender = |(round, lane): (&RoundId, &Lane)| Contender { id: *round, class: lane.class(), weight: 1 };
        self.lanes.iter().filter(|(_, lane)| lane.may_start() && has_work(lane)).map(contender).collect()
    }
}
