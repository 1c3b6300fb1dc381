//! One round in the waiting room: its queues, and who of them can be helped by what.

use super::*;

/// One round that we work on.
#[derive(Debug, Clone)]
pub struct Lane {
    /// What the store says of it.
    pub work: RoundWork,
    /// What is said, once loaded.
    pub said: Option<Spoken>,
    /// No chunk is left to be claimed, as far as we know.
    pub exhausted: bool,
    /// People whose content was refused since the last acceptance.
    pub refused: BTreeSet<Ordinal>,
    pub(super) preparing: BTreeMap<Place, VecDeque<Seat>>,
    /// Some of those who came last had to be prepared.
    pub(super) is_cold: bool,
    pub(super) wanting: VecDeque<Seat>,
    pub(super) permitted: VecDeque<Seat>,
    pub(super) waiting: BinaryHeap<Reverse<(Timestamp, Seat)>>,
    pub(super) asked: u32,
    pub(super) in_flight: u32,
}

impl Lane {
    pub(super) fn new(work: RoundWork) -> Self {
        Self {
            work,
            said: None,
            exhausted: false,
            refused: BTreeSet::new(),
            preparing: BTreeMap::new(),
            is_cold: false,
            wanting: VecDeque::new(),
            permitted: VecDeque::new(),
            waiting: BinaryHeap::new(),
            asked: 0,
            in_flight: 0,
        }
    }

    /// New requests may start.
    pub fn may_start(&self) -> bool {
        self.work.goes_on() && (self.said.is_some() || !self.needs_words())
    }

    /// It has something to say; preparing and deleting have not.
    pub const fn needs_words(&self) -> bool {
        self.work.purpose.reaches_people() && !matches!(self.work.purpose, Purpose::Withdraw)
    }

    /// Another chunk is wanted: there is too little to do for one of the two lanes. While the bot rests or is busy with
    /// others, whoever has to be prepared is prepared all the same.
    pub fn is_hungry(&self, chunk_size: usize) -> bool {
        let begins = |place: &Place| matches!(place.knowledge, Knowledge::Nothing | Knowledge::Absent);
        let beginners = || self.preparing.iter().filter(|(place, _)| begins(place)).map(|(_, queue)| queue.len());
        self.active() < chunk_size || (self.is_cold && beginners().sum::<usize>() < BEGINNERS_AHEAD)
    }

    /// How it stands to the others.
    pub const fn class(&self) -> Class {
        Class::of(self.work.treatment.urgent, self.work.kind)
    }

    /// How many people are ready or on the wire; those who wait for an hour do not count.
    pub fn active(&self) -> usize {
        let preparing: usize = self.preparing.values().map(VecDeque::len).sum();
        preparing + self.wanting.len() + self.permitted.len() + self.asked as usize + self.in_flight as usize
    }

    /// The place from which `step` takes the next person; a send takes whoever has a permission.
    pub(super) fn ready(&self, step: Step, odds: Odds) -> Option<Place> {
        if step == Step::NotifyMany && !self.goes_to_many() {
            return None;
        }
        let waits = |place: &Place| self.preparing.get(place).is_some_and(|queue| !queue.is_empty());
        let mut places = plan::helped_by(step, self.work.purpose).iter().copied();
        places.find(|place| waits(place) && odds.are_good_enough(step, *place, self.work.purpose))
    }

    /// What is said may be said to many people with one request.
    pub(super) fn goes_to_many(&self) -> bool {
        let notification = self.said.as_ref().and_then(|said| said.notification.as_ref());
        notification.is_some_and(|notification| notification.goes_to_many())
    }

    /// In whose name people are notified, when it is not their own.
    pub(super) fn scope(&self) -> Option<&Scope> {
        let notification = self.said.as_ref()?.notification.as_ref()?;
        Some(&notification.scope).filter(|scope| **scope != Scope::User)
    }

    /// What of the same kind as `step` is done in this round: everybody who goes to a chat stands in one line, for whatever
    /// purpose.
    pub(super) const fn own(&self, step: Step) -> Step {
        match (step.goes_to_chat(), self.work.purpose) {
            (true, Purpose::Replace) => Step::Replace,
            (true, Purpose::Withdraw) => Step::Withdraw,
            (true, _) => Step::Send,
            (false, _) => step,
        }
    }

    pub(super) fn has_ready(&self, step: Step, odds: Odds) -> bool {
        let step = self.own(step);
        if step == Step::Send { !self.permitted.is_empty() } else { self.ready(step, odds).is_some() }
    }

    pub(super) fn pop(&mut self, step: Step, odds: Odds) -> Option<Seat> {
        let step = self.own(step);
        if step == Step::Send {
            return self.permitted.pop_front();
        }
        let place = self.ready(step, odds)?;
        self.preparing.get_mut(&place)?.pop_front()
    }
}
