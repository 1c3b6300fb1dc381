//! When an announcement goes out: an hour as its author writes it, in her own time zone, as an instant.
//!
//! Twice a year a zone's clocks jump. An hour that they leave out does not exist, and is refused with the two nearest
//! that do. An hour that they show twice means the first time, and we say so; whoever means the second writes its offset.

use chrono::{DateTime, Datelike, LocalResult, NaiveDateTime, Offset, TimeDelta, TimeZone};
use chrono_tz::Tz;

use super::fault::{Fault, Slip};
use super::time::Timestamp;

/// An hour, understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hour {
    /// UTC.
    pub at: Timestamp,
    /// The zone in which it was written: a name of the IANA database, or an offset.
    pub zone: String,
    /// What its author should know: which of two equal hours was taken.
    pub note: Option<String>,
}

/// Forms in which an hour may be written, without its offset.
const FORMS: [&str; 4] = ["%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S"];
const CURE: &str = "Write it as 2026-12-01T09:00, and the zone with --time-zone Europe/Berlin; or write an offset behind \
                    it, as in 2026-12-01T09:00+01:00.";

/// Understands `text`, an hour in `zone`; a text with an offset of its own needs no zone.
///
/// # Errors
/// [`Fault`] when it is no hour, when its zone is missing or unknown, or when the zone's clocks leave it out.
pub fn hour(text: &str, zone: Option<&str>) -> Result<Hour, Fault> {
    if let Some(fixed) = with_offset(text.trim()) {
        believable(fixed.year(), text)?;
        let zone = zone.map(named).transpose()?;
        let zone = zone.map_or_else(|| fixed.offset().to_string(), |zone| zone.name().to_owned());
        return Ok(Hour { at: fixed.to_utc(), zone, note: None });
    }
    let local = FORMS.iter().find_map(|form| NaiveDateTime::parse_from_str(text.trim(), form).ok());
    let local = local
        .ok_or_else(|| Fault::new("--at", format!("“{text}” is not a date and a time"), CURE).known(Slip::NoHour))?;
    believable(local.year(), text)?;
    let Some(zone) = zone else {
        let fault = Fault::new("--at", format!("“{text}” does not say in which time zone"), CURE);
        return Err(fault.known(Slip::NoZone));
    };
    let zone = named(zone)?;
    match zone.from_local_datetime(&local) {
        LocalResult::Single(at) => Ok(Hour { at: at.to_utc(), zone: zone.name().to_owned(), note: None }),
        LocalResult::Ambiguous(first, second) => {
            let note = format!(
                "{} comes twice on that day in {}; the first is taken. For the second, write {}.",
                local.format("%H:%M"),
                zone.name(),
                second.format("%Y-%m-%dT%H:%M%:z"),
            );
            Ok(Hour { at: first.to_utc(), zone: zone.name().to_owned(), note: Some(note) })
        }
        LocalResult::None => Err(left_out(local, zone)),
    }
}

/// Refuses a year from which one cannot count on or back.
fn believable(year: i32, text: &str) -> Result<(), Fault> {
    if (1970..=9999).contains(&year) {
        return Ok(());
    }
    let problem = format!("“{text}” lies in a year that is not from 1970 to 9999");
    Err(Fault::new("--at", problem, "Check the year.").known(Slip::UnlikelyYear))
}

/// The hour as its author reads it, in the zone in which she wrote it.
pub fn shown(at: Timestamp, zone: &str) -> String {
    match zone.parse::<Tz>() {
        Ok(named) => {
            let local = at.with_timezone(&named);
            format!("{} {} ({zone})", local.format("%Y-%m-%d %H:%M"), local.offset().fix())
        }
        Err(_) => match format!("2000-01-01T00:00:00{zone}").parse::<DateTime<chrono::FixedOffset>>() {
            Ok(fixed) => at.with_timezone(fixed.offset()).format("%Y-%m-%d %H:%M %:z").to_string(),
            Err(_) => at.format("%Y-%m-%d %H:%M UTC").to_string(),
        },
    }
}

/// The hour so that [`hour`] understands it as the same instant and zone: with its offset, and the name of its zone.
pub fn written(at: Timestamp, zone: &str) -> (String, Option<String>) {
    const FORM: &str = "%Y-%m-%dT%H:%M:%S%:z";
    if let Ok(named) = zone.parse::<Tz>() {
        return (at.with_timezone(&named).format(FORM).to_string(), Some(named.name().to_owned()));
    }
    let fixed = format!("2000-01-01T00:00:00{zone}").parse::<DateTime<chrono::FixedOffset>>();
    let text = fixed.map_or_else(
        |_| at.format(FORM).to_string(),
        |fixed| at.with_timezone(fixed.offset()).format(FORM).to_string(),
    );
    (text, None)
}

fn named(zone: &str) -> Result<Tz, Fault> {
    zone.parse::<Tz>().map_err(|_| {
        let cure = "Write a name such as Europe/Berlin, America/New_York or UTC.";
        Fault::new("--time-zone", format!("“{zone}” is not a time zone of the IANA database"), cure)
            .known(Slip::UnknownZone)
    })
}

fn with_offset(text: &str) -> Option<DateTime<chrono::FixedOffset>> {
    let forms = FORMS.iter().flat_map(|form| [format!("{form}%:z"), format!("{form}%#z")]);
    forms.into_iter().find_map(|form| DateTime::parse_from_str(text, &form).ok())
}

/// The clocks jump over `local`: names the hours before and after the gap.
fn left_out(local: NaiveDateTime, zone: Tz) -> Fault {
    // No gap that a zone has ever had is longer than a day.
    let near = |step: i64| {
        (1..=48)
            .map(|half| local + TimeDelta::minutes(half * 30 * step))
            .find_map(|time| zone.from_local_datetime(&time).earliest())
    };
    let shown = |at: Option<DateTime<Tz>>| at.map_or_else(String::new, |at| at.format("%Y-%m-%dT%H:%M").to_string());
    let (hour, zone) = (local.format("%Y-%m-%dT%H:%M").to_string(), zone.name().to_owned());
    let (before, after) = (shown(near(-1)), shown(near(1)));
    let problem = format!("{hour} does not exist in {zone}: the clocks jump over it on that day");
    let fault = Fault::new("--at", problem, format!("Take {before} or {after}."));
    fault.known(Slip::LeftOutHour { hour, zone, before, after })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const BERLIN: Option<&str> = Some("Europe/Berlin");

    #[test]
    fn a_year_from_which_nobody_can_count_is_refused() {
        for text in ["+262142-12-31T23:59", "-262143-01-01T00:00", "1969-12-31T23:59", "+10000-01-01T00:00+00:00"] {
            assert!(hour(text, Some("UTC")).unwrap_err().cure.starts_with("Check"), "{text}");
        }
    }

    fn at(text: &str, zone: Option<&str>) -> String {
        hour(text, zone).unwrap().at.format("%Y-%m-%dT%H:%M:%SZ").to_string()
    }

    #[test]
    fn an_hour_is_understood_in_its_zone() {
        assert_eq!(at("2026-12-01T09:00", BERLIN), "2026-12-01T08:00:00Z");
        assert_eq!(at("2026-07-01 09:00", BERLIN), "2026-07-01T07:00:00Z");
        assert_eq!(at("2026-12-01T09:00+05:30", None), "2026-12-01T03:30:00Z");
        assert_eq!(at("2026-12-01T09:00Z", None), "2026-12-01T09:00:00Z");
        assert_eq!(hour("2026-12-01T09:00+05:30", BERLIN).unwrap().zone, "Europe/Berlin");
    }

    #[test]
    fn an_hour_that_the_clocks_jump_over_is_refused_with_its_neighbours() {
        let fault = hour("2026-03-29T02:30", BERLIN).unwrap_err();
        assert!(fault.problem.contains("does not exist in Europe/Berlin"), "{fault:?}");
        assert_eq!(fault.cure, "Take 2026-03-29T01:30 or 2026-03-29T03:00.");
    }

    #[test]
    fn an_hour_that_comes_twice_means_the_first_and_says_so() {
        let first = hour("2026-10-25T02:30", BERLIN).unwrap();
        assert_eq!(first.at.to_rfc3339(), "2026-10-25T00:30:00+00:00");
        assert!(first.note.unwrap().contains("write 2026-10-25T02:30+01:00"));
        assert_eq!(at("2026-10-25T02:30+01:00", BERLIN), "2026-10-25T01:30:00Z");
    }

    #[test]
    fn a_day_that_a_zone_never_had_is_refused() {
        let fault = hour("2011-12-30T12:00", Some("Pacific/Apia")).unwrap_err();
        assert!(fault.cure.starts_with("Take 2011-12-29T"), "{fault:?}");
    }

    #[test]
    fn what_is_missing_or_unknown_is_named() {
        assert_eq!(hour("tomorrow", BERLIN).unwrap_err().field, "--at");
        assert!(hour("2026-12-01T09:00", None).unwrap_err().problem.contains("in which time zone"));
        assert_eq!(hour("2026-12-01T09:00", Some("Berlin")).unwrap_err().field, "--time-zone");
    }

    #[test]
    fn an_hour_is_shown_as_it_was_written() {
        let shown_again = |text, zone| hour(text, zone).map(|hour| shown(hour.at, &hour.zone)).unwrap();
        assert_eq!(shown_again("2026-12-01T09:00", BERLIN), "2026-12-01 09:00 +01:00 (Europe/Berlin)");
        assert_eq!(shown_again("2026-12-01T09:00+05:30", None), "2026-12-01 09:00 +05:30");
    }

    proptest! {
        #[test]
        fn whatever_is_understood_is_shown_as_the_same_hour(
            minutes in 0_i64..20_000_000, zone in prop::sample::select(chrono_tz::TZ_VARIANTS.to_vec()),
        ) {
            let start = NaiveDateTime::parse_from_str("2000-01-01T00:00", "%Y-%m-%dT%H:%M").unwrap();
            let written = (start + TimeDelta::minutes(minutes)).format("%Y-%m-%dT%H:%M").to_string();
            if let Ok(hour) = hour(&written, Some(zone.name())) {
                prop_assert!(shown(hour.at, &hour.zone).starts_with(&written.replace('T', " ")));
            }
        }
    }
}
