//! Follows one broadcast to its end: a bar on a terminal, plain lines elsewhere; halts are told with their cure.

use std::collections::VecDeque;
use std::io::IsTerminal;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use tokio_util::sync::CancellationToken;

use super::broadcast::not_found;
use super::broadcast::show::{done_word, halt_text, hour_text};
use super::desk::{Blind, Desk, Look, Sight};
use super::expected::about;
use super::text::{self, Counted};
use crate::domain::broadcast::{BroadcastState, RoundKind};
use crate::domain::forecast::Forecast;
use crate::domain::ids::BroadcastId;
use crate::domain::progress::Progress;
use crate::domain::time::Monotonic;
use crate::ports::{BroadcastReport, Clock};

/// How often a plain line is printed.
const LINE_EVERY: Duration = Duration::from_secs(5);
/// Two lines, because one that holds all counts is wider than a terminal of eighty columns.
const BAR: &str = "{bar:40.cyan/blue} {percent:>3} %  {prefix}\n{wide_msg}";
/// The rate is that of the last ten seconds: shorter jumps about, longer tells old news.
const RATE_OVER: Duration = Duration::from_secs(10);
/// How long a broadcast may stand still at its beginning before we guess that nobody works.
const IDLE: Duration = Duration::from_secs(10);
/// What was seen over so long is believed.
const SEEN_OVER: Duration = Duration::from_secs(60);

/// Why the following ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ended {
    /// The broadcast is final.
    Final,
    /// A signal came first; the broadcast goes on.
    Unwatched,
}

/// Follows one broadcast.
pub(super) struct Follow<'a> {
    sight: Box<dyn Sight + 'a>,
    clock: &'a dyn Clock,
    id: BroadcastId,
    screen: Screen,
    rate: Rate,
    seen: Rate,
    expected: Option<Forecast>,
    began: Monotonic,
    told: Option<String>,
}

impl<'a> Follow<'a> {
    pub(super) fn new(desk: &'a dyn Desk, id: BroadcastId) -> Self {
        Self::over(desk.sight(id), desk.clock(), id, Screen::new())
    }

    fn over(sight: Box<dyn Sight + 'a>, clock: &'a dyn Clock, id: BroadcastId, screen: Screen) -> Self {
        let (rate, seen, began) = (Rate::over(RATE_OVER), Rate::over(SEEN_OVER), clock.monotonic());
        Self { sight, clock, id, screen, rate, seen, expected: None, began, told: None }
    }

    /// Tells of every change until the broadcast is final, or `stop`.
    pub(super) async fn until_final(mut self, stop: &CancellationToken) -> anyhow::Result<Ended> {
        loop {
            let seen = tokio::select! {
                biased;
                () = stop.cancelled() => {
                    self.screen.clear();
                    return Ok(Ended::Unwatched);
                }
                seen = self.sight.look() => seen,
            };
            match seen {
                Ok(Some(Look { report, forecast })) => {
                    self.expect(&report, forecast);
                    self.tell(&report);
                    if report.state.is_final() {
                        self.screen.clear();
                        return Ok(Ended::Final);
                    }
                }
                Ok(None) => return Err(not_found(self.id).into()),
                Err(Blind::Passing(why)) => self.note(Some(format!("Still watching: {why}"))),
                Err(Blind::ForGood(error)) => {
                    self.screen.clear();
                    return Err(error);
                }
            }
        }
    }

    /// What is expected, corrected by what was seen; nothing of a broadcast that does not go on.
    fn expect(&mut self, report: &BroadcastReport, forecast: Option<Forecast>) {
        use BroadcastState::{Expanding, Running, Scheduled};
        if !matches!(report.state, Scheduled | Expanding | Running) {
            self.expected = None;
        } else if let Some(forecast) = forecast {
            let seen = self.seen.whole().unwrap_or_default();
            self.expected = Some(forecast.seen(seen, under_way(report).1.pending, self.clock.now()));
        }
    }

    fn tell(&mut self, report: &BroadcastReport) {
        let now = self.clock.monotonic();
        let (done, progress) = under_way(report);
        self.rate.look(now, progress.settled());
        self.seen.look(now, progress.settled());
        let note = self.note_about(report, now);
        self.note(note);
        let round = report.afterwards();
        let since = round.map_or_else(|| report.started_at.unwrap_or(report.created_at), |round| round.created_at);
        let until = report.finished_at.unwrap_or_else(|| self.clock.now());
        let elapsed = (until - since).to_std().unwrap_or_default();
        let line = Line::of(report, (done, progress), self.rate.per_second(), elapsed);
        let end = self.expected.as_ref().and_then(|forecast| forecast.expected_end_at);
        let line = line.ending(end.and_then(|end| (end - self.clock.now()).to_std().ok()));
        self.screen.show(now, progress, &line);
    }

    fn note_about(&self, report: &BroadcastReport, now: Monotonic) -> Option<String> {
        if let Some(halt) = &report.halt {
            return Some(halt_text(halt));
        }
        let idle = report.started_at.is_none() && now.saturating_since(self.began) >= IDLE;
        match report.state {
            BroadcastState::Paused => Some("Paused by a person.".to_owned()),
            BroadcastState::Scheduled => {
                let hour = report.schedule.as_ref().map(hour_text).unwrap_or_default();
                Some(format!("It waits for its hour: {hour}."))
            }
            BroadcastState::Missed => Some(format!(
                "Its hour passed, or it lay still, for longer than its tolerance ({}): it waits for a person.\n  \
                 `stentor broadcast resume {}` lets it go on, `cancel` ends it.",
                text::duration(report.treatment.tolerance),
                report.id
            )),
            BroadcastState::Expanding | BroadcastState::Running if idle => {
                Some("Nobody works on it yet: start `stentor run` or `stentor work`.".to_owned())
            }
            _ => None,
        }
    }

    /// Prints a note once, until there is another.
    fn note(&mut self, note: Option<String>) {
        if let Some(note) = note.as_ref().filter(|note| self.told.as_ref() != Some(note)) {
            self.screen.note(note);
        }
        self.told = note;
    }
}

/// Where a broadcast stands: the counts, and how it goes.
struct Line {
    counts: String,
    pace: String,
}

impl Line {
    /// What is zero is left out.
    fn of(
        report: &BroadcastReport,
        (done, progress): (&str, &Progress),
        per_second: Option<f64>,
        elapsed: Duration,
    ) -> Self {
        let state = report.state;
        let rate = per_second.filter(|_| state == BroadcastState::Running).map(|rate| format!("{rate:.1}/s"));
        let state = (state != BroadcastState::Running).then(|| state.to_string());
        let pace = rate.into_iter().chain(state).chain([text::duration(elapsed)]).collect::<Vec<_>>();
        let counted = Counted::of(report.channels, &report.audience);
        Self { counts: counts(progress, counted, done), pace: pace.join(" · ") }
    }

    /// With the time that is left, where that is known.
    fn ending(mut self, left: Option<Duration>) -> Self {
        if let Some(left) = left {
            self.pace += &format!(" · {} left", about(left));
        }
        self
    }
}

impl std::fmt::Display for Line {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} · {}", self.counts, self.pace)
    }
}

/// What is under way, where everybody of it stands, and the word for whoever was reached.
fn under_way(report: &BroadcastReport) -> (&'static str, &Progress) {
    match report.afterwards() {
        Some(round) => (done_word(round.kind, round.channel), &round.progress),
        None => (done_word(RoundKind::Send, report.channels.first()), &report.progress),
    }
}

fn counts(progress: &Progress, counted: Counted, done: &str) -> String {
    if progress.settled() == 0 {
        return format!("{} so far", text::recipients(progress.targeted, counted));
    }
    let whole = format!("{} of {}", text::thousands(progress.settled()), text::thousands(progress.targeted));
    let named = [
        (done, progress.sent),
        ("failed", progress.failed),
        ("skipped", progress.skipped),
        ("unconfirmed", progress.unconfirmed),
        ("cancelled", progress.cancelled),
    ];
    let named = named.iter().filter(|(_, count)| *count > 0);
    let parts = named.map(|(name, count)| format!("{name} {}", text::thousands(*count)));
    [whole].into_iter().chain(parts).collect::<Vec<_>>().join(" · ")
}

/// People, or channels, settled a second, lately.
#[derive(Debug)]
struct Rate {
    over: Duration,
    looks: VecDeque<(Monotonic, u64)>,
}

impl Rate {
    fn over(over: Duration) -> Self {
        Self { over, looks: VecDeque::new() }
    }

    fn look(&mut self, now: Monotonic, settled: u64) {
        self.looks.push_back((now, settled));
        while self.looks.len() > 2 && now.saturating_since(self.looks[1].0) >= self.over {
            self.looks.pop_front();
        }
    }

    fn per_second(&self) -> Option<f64> {
        self.since(Duration::from_secs(1))
    }

    /// The rate, once it was looked at for the whole of its time.
    fn whole(&self) -> Option<f64> {
        self.since(self.over)
    }

    fn since(&self, least: Duration) -> Option<f64> {
        let ((from, before), (to, after)) = (self.looks.front()?, self.looks.back()?);
        let seen = to.saturating_since(*from);
        (seen >= least).then(|| after.saturating_sub(*before) as f64 / seen.as_secs_f64())
    }
}

/// Where progress is shown: always standard error, so that standard output holds only the result.
enum Screen {
    Bar(ProgressBar),
    Lines {
        next: Monotonic,
    },
    /// What a test would have read.
    #[cfg(test)]
    Paper(std::sync::Arc<std::sync::Mutex<Vec<String>>>),
}

impl Screen {
    fn new() -> Self {
        if !std::io::stderr().is_terminal() {
            return Self::Lines { next: Monotonic::ZERO };
        }
        let style = ProgressStyle::with_template(BAR)
            .map_or_else(|_| ProgressStyle::default_bar(), |style| style.progress_chars("━╸─"));
        let bar = ProgressBar::with_draw_target(Some(0), ProgressDrawTarget::stderr());
        bar.set_style(style);
        Self::Bar(bar)
    }

    fn show(&mut self, now: Monotonic, progress: &Progress, line: &Line) {
        match self {
            Self::Bar(bar) => {
                // A bar of no length counts as full.
                bar.set_length(progress.targeted.max(1));
                bar.set_position(progress.settled());
                bar.set_prefix(line.pace.clone());
                bar.set_message(line.counts.clone());
            }
            Self::Lines { next } if now >= *next => {
                *next = now + LINE_EVERY;
                text::aside(&format!("{line}"));
            }
            Self::Lines { .. } => {}
            #[cfg(test)]
            Self::Paper(paper) => paper.lock().unwrap().push(line.to_string()),
        }
    }

    fn note(&self, note: &str) {
        match self {
            Self::Bar(bar) => bar.println(note),
            Self::Lines { .. } => text::aside(note),
            #[cfg(test)]
            Self::Paper(paper) => paper.lock().unwrap().push(note.to_owned()),
        }
    }

    fn clear(&self) {
        if let Self::Bar(bar) = self {
            bar.finish_and_clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::fakes::{self, FakeClock, FakeStore};
    use crate::cli::desk::OverStore;
    use crate::cli::samples;
    use crate::domain::broadcast::{AudienceKind, Channels, RoundState};
    use crate::domain::flow::Mix;
    use crate::domain::pacing::{Bucket, Quota};
    use crate::ports::{Outlook, StoreError};

    #[tokio::test]
    async fn a_broadcast_is_followed_through_halts_and_silences_to_its_end() {
        let (store, clock, paper) = (FakeStore::default(), FakeClock::default(), std::sync::Arc::default());
        let reports = [
            Ok(Some(samples::running())),
            Ok(Some(samples::halted())),
            Ok(Some(samples::halted())),
            Err(StoreError::Unavailable("connection refused".into())),
            Err(StoreError::Unavailable("connection refused".into())),
            Ok(Some(samples::summary().report)),
        ];
        store.reports.lock().unwrap().extend(reports);
        let id = samples::running().id;
        let screen = Screen::Paper(std::sync::Arc::clone(&paper));
        let quotas = Bucket::ALL.map(|bucket| (bucket, Quota::per_second(50))).into();
        *store.outlook.lock().unwrap() = Outlook { works: true, held: true, ..Outlook::default() };
        store.ways.lock().unwrap().push_back(Mix { chat: 27_655, ..Mix::default() });
        let sight = || Box::new(OverStore::new(&store, &clock, fakes::TENANT, id, &quotas));
        let follow = Follow::over(sight(), &clock, id, screen);
        let ended = follow.until_final(&CancellationToken::new()).await.unwrap();
        assert_eq!(ended, Ended::Final);
        insta::assert_snapshot!(paper.lock().unwrap().join("\n"));
        let gone = Follow::over(sight(), &clock, id, Screen::Paper(paper));
        let error = gone.until_final(&CancellationToken::new()).await.unwrap_err().to_string();
        assert_eq!(error, format!("There is no broadcast {id}."));
    }

    #[test]
    fn the_bar_can_be_drawn() {
        assert!(ProgressStyle::with_template(BAR).is_ok());
    }

    #[test]
    fn a_line_tells_what_matters() {
        let progress = samples::running().progress;
        let line = |state, rate, seconds| {
            let report = BroadcastReport { state, ..samples::running() };
            Line::of(&report, ("sent", &progress), Some(rate), Duration::from_secs(seconds)).to_string()
        };
        let running = line(BroadcastState::Running, 48.94, 252);
        assert_eq!(running, "12,345 of 40,000 · sent 12,000 · failed 300 · skipped 45 · 48.9/s · 4 min 12 s");
        let halted = line(BroadcastState::Halted, 0.0, 60);
        assert!(halted.ends_with("skipped 45 · halted · 1 min 0 s"), "{halted}");
        let begun = Progress { targeted: 50_000, pending: 50_000, ..Progress::default() };
        let expanding = |channels| {
            let report = BroadcastReport { state: BroadcastState::Expanding, channels, ..samples::running() };
            Line::of(&report, ("sent", &begun), None, Duration::ZERO).to_string()
        };
        assert_eq!(expanding(Channels::Chat), "50,000 people so far · expanding · 0.0 s");
        assert_eq!(expanding(Channels::TeamChannel), "50,000 channels so far · expanding · 0.0 s");
        let place = BroadcastReport { audience: AudienceKind::Places, ..samples::running() };
        let one = Progress { targeted: 1, pending: 1, ..Progress::default() };
        let line = Line::of(&place, ("accepted", &one), None, Duration::ZERO).to_string();
        assert!(line.starts_with("1 place so far"), "{line}");
    }

    #[test]
    fn a_recall_is_followed_by_what_was_withdrawn() {
        let report = samples::recalled().report;
        let (done, progress) = under_way(&report);
        assert_eq!((done, progress.sent), ("accepted", 39_000), "the round that it ended with");
        let mut rounds = report.rounds.clone();
        rounds[2].state = RoundState::Running;
        let running = BroadcastReport { rounds, state: BroadcastState::Running, ..report };
        let line = Line::of(&running, under_way(&running), None, Duration::from_secs(60)).to_string();
        assert!(line.starts_with("38,122 of 38,122 · withdrawn 38,100 · failed 21 · unconfirmed 1"), "{line}");
    }

    #[test]
    fn the_rate_is_that_of_the_last_seconds() {
        let at = |seconds| Monotonic::from_origin(Duration::from_secs(seconds));
        let mut rate = Rate::over(RATE_OVER);
        rate.look(at(0), 0);
        assert_eq!(rate.per_second(), None);
        (1..=60).for_each(|second| rate.look(at(second), second.min(30) * 50));
        assert_eq!(rate.per_second(), Some(0.0));
    }
}
