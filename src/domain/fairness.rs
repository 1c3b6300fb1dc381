//! Whose turn it is, in one bucket, between broadcasts: urgent ones first, equals in turn.

/// The place of whoever is next, given who is urgent and who has work, and who was served last.
///
/// Urgent ones go before all others; among equals the turn goes round, so that none waits for another to finish.
pub fn next_turn(contenders: &[Contender], last: Option<usize>) -> Option<usize> {
    let count = contenders.len();
    let from = last.map_or(0, |place| place + 1);
    let round_robin = |urgent: bool| {
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
        assert_eq!(next_turn(&all, None), Some(0));
        assert_eq!(next_turn(&all, Some(0)), Some(2));
        assert_eq!(next_turn(&all, Some(2)), Some(0));
    }

    #[test]
    fn urgent_goes_first_whoever_was_served() {
        let all = [of(false, true), of(true, true), of(false, true)];
        assert_eq!(next_turn(&all, Some(1)), Some(1));
        assert_eq!(next_turn(&[of(true, false), of(false, true)], None), Some(1));
    }

    #[test]
    fn nobody_with_work_means_nobody() {
        assert_eq!(next_turn(&[of(true, false)], Some(7)), None);
        assert_eq!(next_turn(&[], None), None);
    }
}
