//! How workers share tenants: how many to take, and how many to hand to others.
//!
//! Think of carriers who share a heap of parcels. Whoever has fewer than the fair share takes from what lies there.
//! Whoever has more than one too many puts the surplus down for those who have too few, and waits until it is picked
//! up. What nobody picks up is taken back: a parcel must not lie in the rain because the other has no key to its house.
//! Whom we saw leave parcels lying is not counted on again until the number in his hands changes.
//!
//! A hand-over costs its tenant a few seconds, so one tenant too many is no reason for it, and a newcomer who has not
//! shown yet that he can take any is offered one.

use std::collections::BTreeMap;
use std::time::Duration;

use super::ids::WorkerId;
use super::time::Monotonic;

/// What lies free for so long is not taken by those who have room for it.
pub const LEFT_LYING: Duration = Duration::from_secs(5);

/// How tenants are spread at one moment, as one worker sees it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Spread {
    /// The other live workers, and how many they hold of the tenants that this worker may take.
    pub others: BTreeMap<WorkerId, u32>,
    /// How many of those tenants have work and nobody who holds them.
    pub free: u32,
}

/// What to do about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Advice {
    /// Take so many of those that are free.
    pub take: u32,
    /// Hand so many back.
    pub hand_back: u32,
}

/// What a worker remembers between two looks.
#[derive(Debug, Clone, Default)]
pub struct Sharing {
    lying_since: Option<Monotonic>,
    /// Whoever left tenants lying, and how many he held then.
    unwilling: BTreeMap<WorkerId, u32>,
}

impl Sharing {
    /// What a worker does that holds `held` tenants, `leaving` of which it is giving back, and may hold `most`.
    pub fn advise(&mut self, held: u32, leaving: u32, most: u32, spread: &Spread, now: Monotonic) -> Advice {
        self.unwilling.retain(|worker, had| spread.others.get(worker) == Some(had));
        let mine = held.saturating_sub(leaving);
        let willing: BTreeMap<WorkerId, u32> = spread
            .others
            .iter()
            .filter(|(worker, _)| !self.unwilling.contains_key(worker))
            .map(|(worker, held)| (*worker, *held))
            .collect();
        let unwilling_hold: u32 = self.unwilling.values().sum();
        let shared = mine + leaving + spread.free + spread.others.values().sum::<u32>() - unwilling_hold;
        let fair = shared.div_ceil(1 + u32::try_from(willing.len()).unwrap_or(u32::MAX - 1));

        let room = most.saturating_sub(held);
        if spread.free == 0 {
            self.lying_since = None;
            let hand_back = if leaving == 0 { surplus(mine, fair, &willing) } else { 0 };
            return Advice { take: 0, hand_back };
        }
        if mine < fair {
            self.lying_since = None;
            return Advice { take: room.min(fair - mine), hand_back: 0 };
        }
        let since = *self.lying_since.get_or_insert(now);
        if now.saturating_since(since) < LEFT_LYING {
            return Advice::default();
        }
        self.lying_since = None;
        self.unwilling.extend(willing.into_iter().filter(|(_, held)| *held < fair));
        Advice { take: room.min(spread.free), hand_back: 0 }
    }
}

/// How many of `mine` to hand to those who have fewer than is fair.
fn surplus(mine: u32, fair: u32, willing: &BTreeMap<WorkerId, u32>) -> u32 {
    if mine <= fair + 1 {
        return 0;
    }
    let lacks = |held: u32| fair.saturating_sub(held);
    let proven: u32 = willing.values().filter(|held| **held > 0).map(|held| lacks(*held)).sum();
    let offered = u32::from(willing.values().any(|held| *held == 0));
    (mine - fair).min(proven.max(offered))
}

#[cfg(test)]
mod tests;
