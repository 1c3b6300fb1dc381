//! Whose turn it is, in one bucket, between the rounds of a tenant.
//!
//! Think of a counter with one clerk and three queues: *urgent*, *normal*, *background*. The clerk serves the urgent
//! queue, but every tenth customer, if there is one, comes from the queues behind it; of those, again every tenth comes
//! from the last. So the urgent ones have nine tenths at once, and nobody starves. Within one class the turn goes
//! round, and a turn is as many requests as the round's weight: deficit round-robin, charged in requests. Because every
//! request costs one, all deficits but that of whoever has the turn are nothing, so one counter is the whole account.
//!
//! A round that has nothing ready loses what is left of its turn, and gathers no credit: who comes back begins as
//! everybody else.

use super::broadcast::RoundKind;

/// Of so many requests, one goes to the classes below while they have work.
pub const ONE_IN: u32 = 10;

/// How a round stands to others in the same bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Class {
    /// Its author asked for haste.
    Urgent,
    /// Everything else that tells people something.
    Normal,
    /// Preparing ahead of an hour: nobody waits for it yet.
    Background,
}

impl Class {
    /// All of them, the most urgent first.
    pub const ALL: [Self; 3] = [Self::Urgent, Self::Normal, Self::Background];

    /// The class of a round of this kind, of a broadcast that is `urgent` or not.
    pub const fn of(urgent: bool, kind: RoundKind) -> Self {
        match (kind, urgent) {
            (RoundKind::Prepare, _) => Self::Background,
            // What should not have been said is taken back before more is said.
            (RoundKind::Recall, _) | (_, true) => Self::Urgent,
            (_, false) => Self::Normal,
        }
    }
}

/// A round that has something ready for the bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Contender<T> {
    /// Who.
    pub id: T,
    /// Goes before those of a later class.
    pub class: Class,
    /// Requests in one turn, compared with others of its class; none counts as one.
    pub weight: u32,
}

/// The turn within one class: who has it, and for how many requests more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Turn<T> {
    of: T,
    left: u32,
}

/// Who has the turn in each class, and how often the classes below each were passed over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Turns<T> {
    turns: [Option<Turn<T>>; Class::ALL.len()],
    passed: [u32; Class::ALL.len()],
}

impl<T> Default for Turns<T> {
    /// Nobody was served yet.
    fn default() -> Self {
        Self { turns: [const { None }; Class::ALL.len()], passed: [0; Class::ALL.len()] }
    }
}

impl<T: Copy + Ord> Turns<T> {
    /// Who is next among `contenders`, which are in the order of their ids, each once; her request is charged. One pass
    /// over them, no allocation.
    pub fn next(&mut self, contenders: &[Contender<T>]) -> Option<T> {
        let class = self.next_class(contenders)?;
        let mut of_class = contenders.iter().filter(|contender| contender.class == class);
        let turn = &mut self.turns[class as usize];
        if let Some(turn) = turn
            && turn.left > 0
            && of_class.clone().any(|contender| contender.id == turn.of)
        {
            turn.left -= 1;
            return Some(turn.of);
        }
        let first = *of_class.clone().next()?;
        let after = turn.and_then(|turn| of_class.find(|contender| contender.id > turn.of));
        let next = after.copied().unwrap_or(first);
        *turn = Some(Turn { of: next.id, left: next.weight.max(1) - 1 });
        Some(next.id)
    }

    /// The first class with work, unless it is the turn of those below it.
    fn next_class(&mut self, contenders: &[Contender<T>]) -> Option<Class> {
        let mut with_work = [false; Class::ALL.len()];
        contenders.iter().for_each(|contender| with_work[contender.class as usize] = true);
        let mut ready = Class::ALL.into_iter().filter(|class| with_work[*class as usize]).peekable();
        while let Some(class) = ready.next() {
            let passed = &mut self.passed[class as usize];
            if ready.peek().is_none() {
                return Some(class);
            }
            if *passed + 1 < ONE_IN {
                *passed += 1;
                return Some(class);
            }
            *passed = 0;
        }
        None
    }
}

/// How many unused permissions the classes below may keep of a `window` while a class above them waits for room: the
/// part that is theirs anyway.
pub fn kept_by_lower(window: u32) -> u32 {
    (window / ONE_IN).max(1)
}

/// Whether a round that holds `own` of `all` chunks may hold another, when about `most` are held at once and `rounds`
/// want some. One that already waits with all of its people must not keep the others from theirs.
pub fn may_hold_another(own: usize, all: usize, rounds: usize, most: usize) -> bool {
    all < most || own < (most / rounds.max(1)).max(1)
}

#[cfg(test)]
mod tests;
