//! When a broadcast is expected to end, in plain words: how long, until when, what holds it back, what is not known.

use std::collections::BTreeMap;
use std::time::Duration;

use super::text;
use crate::domain::broadcast::Channels;
use crate::domain::forecast::{Forecast, Grounds};
use crate::domain::pacing::{Bucket, Quota};
use crate::domain::schedule;
use crate::domain::time::Timestamp;

/// What of a broadcast a forecast is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Whole {
    /// All of one that is not stored.
    All,
    /// What is left of one that is.
    Rest,
}

impl Whole {
    const fn name(self) -> &'static str {
        match self {
            Self::All => "It",
            Self::Rest => "What is left",
        }
    }
}

/// What is expected, each sentence on its own line; nothing of a broadcast that is over.
///
/// The end is told in `zone`, or UTC; `whole` is what the work is called while its end is open.
pub(super) fn expected_text(
    forecast: &Forecast,
    quotas: &BTreeMap<Bucket, Quota>,
    whole: Whole,
    channels: Channels,
    zone: Option<&str>,
    deadline_at: Option<Timestamp>,
) -> String {
    let Some(grounds) = &forecast.forecast else { return String::new() };
    let mut lines = Vec::new();
    let work = grounds.work_seconds.map(whole_seconds);
    match (forecast.expected_end_at, work, grounds.unknown_because) {
        (Some(end), Some(work), _) => {
            let shown = schedule::shown(end, zone.unwrap_or_default());
            lines.push(format!("Expected to take {}; it ends around {shown}.", about(work)));
        }
        (_, work, Some(unknown)) if !unknown.sentence().is_empty() => {
            let left = work.map_or_else(String::new, |work| format!("{} takes {}. ", whole.name(), about(work)));
            lines.push(format!("{left}{}", unknown.sentence()));
        }
        _ => return String::new(),
    }
    // There are never many channels, and how many teams have the app makes no difference to anybody's day.
    if channels != Channels::TeamChannel {
        lines.extend(limits(grounds, quotas));
        lines.extend(assumption(grounds));
    }
    if grounds.beside > 0 {
        let (others, share) = if grounds.beside == 1 { ("broadcast", "shares") } else { ("broadcasts", "share") };
        lines.push(format!("{} other {others} {share} the quotas with it.", grounds.beside));
    }
    if let (Some(end), Some(deadline)) = (forecast.expected_end_at, deadline_at)
        && end > deadline
    {
        let shown = schedule::shown(deadline, zone.unwrap_or_default());
        lines.push(format!("That is after its deadline, {shown}: whoever has not had their turn by then fails."));
    }
    lines.join("\n") + "\n"
}

/// `less than a minute`, `about 23 minutes`, `about 2 h 10 min`.
pub(super) fn about(time: Duration) -> String {
    let minutes = (time.as_secs() + 30) / 60;
    match time.as_secs() {
        0..45 => "less than a minute".to_owned(),
        _ if minutes == 1 => "about a minute".to_owned(),
        _ if minutes < 120 => format!("about {minutes} minutes"),
        _ if minutes < 48 * 60 => format!("about {} h {} min", minutes / 60, minutes % 60 / 5 * 5),
        _ => format!("about {} days", (minutes + 12 * 60) / (24 * 60)),
    }
}

/// Whole, for telling.
fn whole_seconds(seconds: f64) -> Duration {
    Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX)
}

fn limits(grounds: &Grounds, quotas: &BTreeMap<Bucket, Quota>) -> Option<String> {
    let named =
        grounds.limits.iter().filter_map(|bucket| Some(format!("{}, {}", what(*bucket), rate(*quotas.get(bucket)?))));
    let named: Vec<String> = named.collect();
    let rate = grounds
        .people_per_second
        .map_or_else(String::new, |rate| format!(" Together that makes {rate:.0} people a second."));
    match named.as_slice() {
        [] => None,
        [one] => Some(format!("What limits it: {one}.")),
        several => Some(format!("What limits it: {}.{rate}", several.join("; "))),
    }
}

const fn what(bucket: Bucket) -> &'static str {
    match bucket {
        Bucket::Check => "the quota for asking who has the app",
        Bucket::Install => "the quota for installing the app",
        Bucket::Resolve => "the quota for looking up chats",
        Bucket::Send => "the bot's quota",
        Bucket::Catalog => "the quota for the app catalogue",
        Bucket::Directory => "the quota for reading the directory",
        Bucket::Notify => "the quota for notifying one by one",
        Bucket::NotifyMany => "the quota for notifying many at once",
    }
}

fn rate(quota: Quota) -> String {
    match quota.window.as_secs() {
        1 => format!("{} a second", quota.requests),
        _ => quota.to_string(),
    }
}

/// What was taken for granted of people whom nobody has asked.
fn assumption(grounds: &Grounds) -> Option<String> {
    if grounds.people.unknown == 0 {
        return None;
    }
    let unknown = text::people(grounds.people.unknown);
    Some(match grounds.installed.is_assumed {
        true => format!("Nothing is known of {unknown}; counted as if none of them had the app, so it may be sooner."),
        false => {
            let share = (grounds.installed.share * 100.0).round();
            format!("Nothing is known of {unknown}; of those asked lately, {share} % had the app.")
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::flow::Mix;
    use crate::domain::forecast::{Installed, Unknown};

    fn quotas() -> BTreeMap<Bucket, Quota> {
        [(Bucket::Install, Quota::per_second(30)), (Bucket::Send, Quota::per_second(50))].into()
    }

    fn forecast() -> Forecast {
        Forecast {
            expected_end_at: Some("2026-11-24T13:32:10Z".parse().unwrap()),
            expected_seconds: Some(1380.0),
            forecast: Some(Grounds {
                people: Mix { chat: 40_000, unknown: 1200, ..Mix::default() },
                work_seconds: Some(1380.0),
                people_per_second: Some(34.6),
                limits: vec![Bucket::Install, Bucket::Send],
                installed: Installed { share: 0.3, is_assumed: false },
                beside: 1,
                unknown_because: None,
            }),
        }
    }

    #[test]
    fn an_end_is_told_with_what_it_rests_on() {
        let deadline = "2026-11-24T13:00:00Z".parse().ok();
        insta::assert_snapshot!(expected_text(
            &forecast(),
            &quotas(),
            Whole::Rest,
            Channels::Chat,
            Some("Europe/Berlin"),
            deadline
        ));
    }

    #[test]
    fn whoever_cannot_know_says_so() {
        let mut paused = Forecast { expected_end_at: None, expected_seconds: None, ..forecast() };
        let grounds = paused.forecast.as_mut().unwrap();
        grounds.unknown_because = Some(Unknown::Paused);
        grounds.installed = Installed { share: 0.0, is_assumed: true };
        insta::assert_snapshot!(expected_text(&paused, &quotas(), Whole::Rest, Channels::Chat, None, None));
        assert!(
            expected_text(&paused, &quotas(), Whole::All, Channels::Chat, None, None)
                .starts_with("It takes about 23 minutes. ")
        );
        assert_eq!(expected_text(&Forecast::default(), &quotas(), Whole::All, Channels::Chat, None, None), "");
    }

    #[test]
    fn times_are_told_no_finer_than_they_are_known() {
        let told = [10, 61, 1380, 7300, 9000, 500_000].map(|seconds| about(Duration::from_secs(seconds)));
        let expected = [
            "less than a minute",
            "about a minute",
            "about 23 minutes",
            "about 2 h 0 min",
            "about 2 h 30 min",
            "about 6 days",
        ];
        assert_eq!(told, expected);
    }
}
