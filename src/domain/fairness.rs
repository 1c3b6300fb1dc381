//! Whose turn it is, in one bucket, between broadcasts: urgent ones first, equals in turn.

/// Who was served last, among the urgent and among the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Turns<T> {
    /// The last urgent one.
    pub urgent: Option<T>,
    /// The last of the others.
    pub normal: Option<T>,
}

impl<T> Default for Turns<T> {
    /// Nobody was served yet.
    fn default() -> Self {
        Self { urgent: None, normal: None }
    }
}

/// The place of whoever is next, given who is urgent and who has work, and who was served last.
///
/// Urgent ones go before all others; among equals the turn goes round, so that none waits for another to finish. The
/// two turns are kept apart: a trickle of urgent ones must not favour one of two equals.
pub fn next_turn(contenders: &[Contender], last: Turns<usize>) -> Option<usize> {
    let count = contenders.len();
    let round_robin = |urgent: bool| {
        let served = if urgent { last.urgent } else { last.normal };
        let from = served.map_or(0, |place| place + 1);
        (0..count)
            .map(|step| (from + step) % count.max(1))
            .find(|place| contenders[*place].urgent == urgent && contenders[*place].has_work)
    };
    round_robin(true).or_else(|| round_robin(false))
}

/// One broadcast that may want a turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Contender {
    /// Goes before those that are not.
    pub urgent: bool,
    /// Has something ready for this bucket.
    pub has_work: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn of(urgent: bool, has_work: bool) -> Contender {
        Contender { urgent, has_work }
    }

    #[test]
    fn equals_take_turns() {
        let all = [of(false, true), of(false, false), of(false, true)];
        let after = |normal| Turns { normal, ..Turns::default() };
        assert_eq!(next_turn(&all, after(None)), Some(0));
        assert_eq!(next_turn(&all, after(Some(0))), Some(2));
        assert_eq!(next_turn(&all, after(Some(2))), Some(0));
    }

    #[test]
    fn urgent_goes_first_whoever_was_served() {
        let all = [of(false, true), of(true, true), of(false, true)];
        assert_eq!(next_turn(&all, Turns { urgent: Some(1), normal: Some(0) }), Some(1));
        assert_eq!(next_turn(&[of(true, false), of(false, true)], Turns::default()), Some(1));
    }

    #[test]
    fn nobody_with_work_means_nobody() {
        assert_eq!(next_turn(&[of(true, false)], Turns { urgent: Some(7), normal: Some(7) }), None);
        assert_eq!(next_turn(&[], Turns::default()), None);
    }

    #[test]
    fn an_urgent_trickle_favours_neither_of_two_equals() {
        let with_urgent = [of(false, true), of(true, true), of(false, true)];
        let without = [of(false, true), of(true, false), of(false, true)];
        let mut last = Turns::default();
        let mut turns = Vec::new();
        for _ in 0..4 {
            last.urgent = next_turn(&with_urgent, last);
            last.normal = next_turn(&without, last);
            turns.push(last.normal.unwrap());
        }
        assert_eq!(turns, [0, 2, 0, 2]);
    }
}
