//! Reads `Retry-After`: seconds, seconds with a fraction, or a date.

use std::time::Duration;

use chrono::{DateTime, NaiveDateTime, Utc};

use crate::domain::time::Timestamp;

/// A slip in one header must not silence a tenant for days.
const LONGEST: Duration = Duration::from_secs(24 * 3600);

/// How long to wait, rounded up to whole milliseconds and at most a day. Nonsense says nothing, and so does a wait of
/// nothing or a date gone by: a service that refuses and says "at once" is better asked again with growing patience.
///
/// `now` is UTC. Source: RFC 9110, section 10.2.3; the vendor's own sample shows `2.128`.
pub fn retry_after(text: &str, now: Timestamp) -> Option<Duration> {
    let text = text.trim();
    let wait = if text.starts_with(|first: char| first.is_ascii_digit() || first == '.') {
        seconds(text)?
    } else {
        (date(text)? - now).to_std().ok()?
    };
    let milliseconds = wait.as_nanos().div_ceil(1_000_000);
    let wait = Duration::from_millis(u64::try_from(milliseconds).unwrap_or(u64::MAX)).min(LONGEST);
    (!wait.is_zero()).then_some(wait)
}

fn seconds(text: &str) -> Option<Duration> {
    let plain = text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    let seconds: f64 = text.parse().ok().filter(|_| plain)?;
    // Above the cap anything is the cap; below it no conversion fails.
    Duration::try_from_secs_f64(seconds.min(LONGEST.as_secs_f64())).ok()
}

/// The three spellings of RFC 9110, section 5.6.7.
fn date(text: &str) -> Option<DateTime<Utc>> {
    if let Ok(date) = DateTime::parse_from_rfc2822(text) {
        return Some(date.to_utc());
    }
    let old = ["%A, %d-%b-%y %H:%M:%S GMT", "%a %b %e %H:%M:%S %Y"];
    old.into_iter().find_map(|spelling| Some(NaiveDateTime::parse_from_str(text, spelling).ok()?.and_utc()))
}

#[cfg(test)]
mod tests {
    use chrono::TimeZone;
    use proptest::prelude::*;

    use super::*;

    fn now() -> Timestamp {
        Utc.with_ymd_and_hms(1994, 11, 6, 8, 49, 7).unwrap()
    }

    #[test]
    fn seconds_fractions_and_dates_are_read_and_rounded_up() {
        let read = |text| retry_after(text, now()).map(|wait| wait.as_millis());
        assert_eq!(read("7"), Some(7000));
        assert_eq!(read(" 2.128 "), Some(2128));
        assert_eq!(read("2.1281"), Some(2129));
        assert_eq!(read(".0001"), Some(1));
        for date in ["Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994"] {
            assert_eq!(read(date), Some(30_000), "{date}");
        }
    }

    #[test]
    fn nonsense_and_nothing_say_nothing_and_a_slip_is_capped() {
        for text in ["", "0", "0.0", "-5", "1e9", "1.2.3", "soon", "NaN", "inf", "Sun, 06 Nov 1994 08:49:00 GMT", "7s"]
        {
            assert_eq!(retry_after(text, now()), None, "{text}");
        }
        for text in ["999999999999999999999999999", "Sun, 06 Nov 2033 08:49:37 GMT", "86401"] {
            assert_eq!(retry_after(text, now()), Some(LONGEST), "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "\\PC{0,40}", number in "[0-9.eE+-]{0,40}") {
            for text in [text, number] {
                prop_assert!(retry_after(&text, now()).is_none_or(|wait| wait <= LONGEST));
            }
        }
    }
}
