//! Durations as people write them: a number and its unit.

use std::time::Duration;

/// A text that is not a duration.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "“{0}” is not a duration: write a whole number and its unit, such as 100ms, 10s, 2m, 72h or 3d; from 1ms to 366d"
)]
pub struct NotADuration(pub String);

/// Units from the longest to the shortest, in milliseconds.
const UNITS: &[(&str, u64)] = &[("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1)];

/// Reads `100ms`, `10s`, `2m`, `72h` or `3d`.
///
/// # Errors
/// [`NotADuration`] for anything else: no unit, an unknown one, a fraction, nothing at all, or more than a year.
pub fn parse_duration(text: &str) -> Result<Duration, NotADuration> {
    let parse = || {
        let unit_at = text.find(|letter: char| !letter.is_ascii_digit())?;
        let (number, unit) = text.split_at(unit_at);
        let (_, milliseconds) = UNITS.iter().find(|(name, _)| *name == unit)?;
        let number: u64 = number.parse().ok()?;
        let total = number.checked_mul(*milliseconds)?;
        (total > 0 && total <= 366 * 86_400_000).then(|| Duration::from_millis(total))
    };
    parse().ok_or_else(|| NotADuration(text.to_owned()))
}

/// Writes a duration with the longest unit that keeps it whole.
pub fn duration_text(duration: Duration) -> String {
    let total = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
    let (unit, size) = UNITS.iter().find(|(_, size)| total % size == 0).unwrap_or(&("ms", 1));
    format!("{}{unit}", total / size)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_duration_survives_being_written(milliseconds in 1_u64..366 * 86_400_000) {
            let duration = Duration::from_millis(milliseconds);
            prop_assert_eq!(parse_duration(&duration_text(duration)), Ok(duration));
        }

        #[test]
        fn any_other_text_is_refused_without_panic(text in "\\PC{0,12}") {
            let _ = parse_duration(&text);
        }
    }

    #[test]
    fn a_number_without_a_unit_is_refused() {
        for text in ["10", "", "s", "1.5s", "-1s", "10 s", "10sec", "0s", "99999999999999999999s", "367d"] {
            assert!(parse_duration(text).is_err(), "{text}");
        }
    }
}
