//! Writes one line for each person of a broadcast, page by page: what became of her, why, and what to do about it.
//!
//! The command line and the API share [`Pages`]: whoever reads them asks for the next one when she is done with the last, so
//! that no more than one is ever held.
//!
//! Invariant: everybody is written once. The states of all lines of a settled broadcast add up to its totals.

use std::io::Write;
use std::ops::Deref;

use bytes::Bytes;
use futures_util::Stream;
use futures_util::stream::try_unfold;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::domain::broadcast::{Channel, Channels, RoundKind};
use crate::domain::delivery::Settlement;
use crate::domain::ids::{BroadcastId, EntraId, RecipientKey, TenantKey};
use crate::domain::reason::Reason;
use crate::domain::time::Timestamp;
use crate::ports::{DeliveryReport, Store, StoreError};

/// Rows read at once: small enough to hold, large enough that the way to the database does not matter.
const PAGE: u32 = 2000;

/// Where a person can stand; the words of the `state` column.
pub const STATES: [&str; 7] = ["pending", "sent", ACCEPTED, "failed", "skipped", "unconfirmed", "cancelled"];

/// What *sent* is called where Teams takes something and tells nobody whether it was shown: in activity feeds.
pub const ACCEPTED: &str = "accepted";

/// One of [`STATES`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum StateWord {
    /// Not settled yet.
    Pending,
    /// Teams took the message.
    Sent,
    /// Teams took the notification; whether it was shown, it tells nobody.
    Accepted,
    /// Cannot be delivered, for a named reason.
    Failed,
    /// Cannot be reached by rule.
    Skipped,
    /// May have arrived.
    Unconfirmed,
    /// The broadcast was cancelled first.
    Cancelled,
}

impl StateWord {
    /// The settlement that it stands for; `None` for people who have none yet.
    pub const fn settlement(self) -> Option<Settlement> {
        match self {
            Self::Pending => None,
            Self::Sent | Self::Accepted => Some(Settlement::Sent),
            Self::Failed => Some(Settlement::Failed),
            Self::Skipped => Some(Settlement::Skipped),
            Self::Unconfirmed => Some(Settlement::Unconfirmed),
            Self::Cancelled => Some(Settlement::Cancelled),
        }
    }

    /// The word as exports have it in this channel: what is *sent* in one is *accepted* in another.
    pub fn in_channel(self, channel: Channel) -> &'static str {
        self.settlement().map_or("pending", |settlement| word(settlement.name(), channel))
    }
}

/// The columns, in order. Only ever added to, at the end.
pub const COLUMNS: [&str; 13] = [
    "id",
    "name",
    "user_principal_name",
    "state",
    "reason",
    "sentence",
    "remedy",
    "attempts",
    "last_status",
    "message_id",
    "first_attempt_at",
    "last_attempt_at",
    "channel",
];

/// Tells a spreadsheet that the file is UTF-8. Excel takes it for Windows-1252 otherwise.
const UTF8_MARK: &[u8] = b"\xef\xbb\xbf";

/// How lines are written; always in UTF-8.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Comma separated, with a heading. `mark`: begins with the byte order mark, for Excel.
    Csv {
        /// Begin with the byte order mark.
        mark: bool,
    },
    /// One JSON object a line.
    JsonLines,
    /// One JSON array.
    JsonArray,
}

/// Who is written. What is empty lets everybody through.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Filter {
    /// Only people in one of these [`STATES`].
    pub states: Vec<String>,
    /// Only people who are there for one of these reasons.
    pub reasons: Vec<Reason>,
}

impl Filter {
    fn lets_through(&self, person: &DeliveryReport, channel: Channel) -> bool {
        let state = word(&person.state, channel);
        let of_state = self.states.is_empty() || self.states.iter().any(|wanted| wanted == state);
        of_state && (self.reasons.is_empty() || person.reason.is_some_and(|reason| self.reasons.contains(&reason)))
    }
}

/// How far an export is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Exported {
    /// People looked at.
    pub people: u64,
    /// People written.
    pub written: u64,
}

/// Why an export stopped half-way.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The rows could not be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The lines could not be written.
    #[error("The export could not be written: {0}")]
    Write(#[from] std::io::Error),
}

/// Which people: those of the rounds that tell (`None`), or of the rounds of a kind in a channel.
pub type Passes = Option<(RoundKind, Channel)>;

/// Writes a line for each person of a broadcast whom `filter` lets through; `progress` hears of every page.
///
/// # Errors
/// [`ExportError`]; what was written until then stays written.
pub async fn export(
    store: &dyn Store,
    place: (TenantKey, BroadcastId, Passes),
    format: Format,
    filter: Filter,
    to: &mut (dyn Write + Send),
    mut progress: impl FnMut(Exported) + Send,
) -> Result<Exported, ExportError> {
    let mut pages = Pages::open(store, place, format, filter).await?;
    while let Some(page) = pages.next().await? {
        to.write_all(&page)?;
        progress(pages.exported);
    }
    to.flush()?;
    Ok(pages.exported)
}

/// An export in pages.
pub struct Pages<S> {
    store: S,
    place: (TenantKey, BroadcastId, Passes),
    format: Format,
    filter: Filter,
    ways: (Channels, Channel),
    looks_back: bool,
    after: Option<RecipientKey>,
    stage: Stage,
    exported: Exported,
}

/// How far the pages are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Nothing,
    Begun,
    Over,
}

impl<S: Deref<Target: Store>> Pages<S> {
    /// An export that begins.
    ///
    /// # Errors
    /// The store's.
    pub async fn open(
        store: S,
        place: (TenantKey, BroadcastId, Passes),
        format: Format,
        filter: Filter,
    ) -> Result<Self, StoreError> {
        let (tenant, id, passes) = place;
        let channels = store.report(tenant, id).await?.map_or(Channels::Chat, |report| report.channels);
        let channel = passes.map_or(channels.first(), |(_, channel)| channel);
        let looks_back = passes.is_some_and(|(kind, _)| matches!(kind, RoundKind::Correct | RoundKind::Recall));
        let (stage, exported) = (Stage::Nothing, Exported::default());
        Ok(Self { store, place, format, filter, ways: (channels, channel), looks_back, after: None, stage, exported })
    }

    /// How far it is.
    pub const fn exported(&self) -> Exported {
        self.exported
    }

    /// What is to be written next, never nothing; `None` after the end.
    ///
    /// # Errors
    /// [`ExportError`]. What follows is not known then, so whoever writes must not let it look like an end.
    pub async fn next(&mut self) -> Result<Option<Bytes>, ExportError> {
        while self.stage != Stage::Over {
            let lines = self.page().await?;
            if !lines.is_empty() {
                return Ok(Some(Bytes::from(lines)));
            }
        }
        Ok(None)
    }

    async fn page(&mut self) -> Result<Vec<u8>, ExportError> {
        let (tenant, id, passes) = self.place;
        let page = match passes {
            None => self.store.deliveries(tenant, id, self.after, PAGE).await?,
            Some(passes) => self.store.deliveries_of(tenant, id, passes, self.after, PAGE).await?,
        };
        let mut lines = Lines::begin(self.format, self.stage == Stage::Begun, self.exported.written == 0)?;
        self.exported.people += page.len() as u64;
        self.after = page.last().map(|(key, _)| *key).filter(|_| page.len() == PAGE as usize);
        for (_, person) in page {
            if self.filter.lets_through(&person, self.ways.1) {
                lines.write(&Line::of(person, self.ways, self.looks_back))?;
                self.exported.written += 1;
            }
        }
        self.stage = if self.after.is_some() { Stage::Begun } else { Stage::Over };
        Ok(lines.end(self.stage == Stage::Over)?)
    }

    /// What is written first, read at once and perhaps nothing yet: whoever answers with an export learns before the first word
    /// whether it can be read at all.
    ///
    /// # Errors
    /// As [`next`](Self::next).
    pub async fn first(&mut self) -> Result<Bytes, ExportError> {
        Ok(Bytes::from(self.page().await?))
    }

    /// The pages as a stream, which reads the next one when it is asked for.
    pub fn stream(self) -> impl Stream<Item = Result<Bytes, ExportError>> {
        try_unfold(self, async |mut pages| Ok(pages.next().await?.map(|page| (page, pages))))
    }
}

/// One person, as exports and the API name things.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = Delivery)]
pub struct Line {
    /// Her object id.
    #[schema(value_type = uuid::Uuid)]
    pub id: EntraId,
    /// Her name, as shown.
    pub name: String,
    /// Her user principal name.
    pub user_principal_name: String,
    /// Where she stands.
    #[schema(value_type = StateWord)]
    pub state: String,
    /// Why, as a stable code.
    #[schema(value_type = Option<Reason>)]
    pub reason: Option<&'static str>,
    /// Why, in a sentence.
    pub sentence: Option<&'static str>,
    /// What to do about it.
    pub remedy: Option<&'static str>,
    /// Requests made for her.
    pub attempts: i64,
    /// The last HTTP status.
    pub last_status: Option<i32>,
    /// Teams' id of the message.
    pub message_id: Option<String>,
    /// When the first attempt began.
    pub first_attempt_at: Option<Timestamp>,
    /// When the last attempt ended.
    pub last_attempt_at: Option<Timestamp>,
    /// Which way she was told.
    pub channel: Channel,
}

/// A state as its column has it.
fn word(state: &str, channel: Channel) -> &str {
    if channel == Channel::Feed && state == Settlement::Sent.name() { ACCEPTED } else { state }
}

impl Line {
    /// The line of `person` in a broadcast that goes these ways, told of the rounds that go this one; `looks_back` when they
    /// set right what was sent.
    pub fn of(person: DeliveryReport, (channels, channel): (Channels, Channel), looks_back: bool) -> Self {
        let told = person.reason.map(|reason| reason.told(channels, looks_back));
        Self {
            id: person.entra_id,
            state: word(&person.state, channel).to_owned(),
            name: person.display_name,
            user_principal_name: person.user_principal_name,
            reason: person.reason.map(Reason::code),
            sentence: told.map(|(sentence, _)| sentence),
            remedy: told.map(|(_, remedy)| remedy).filter(|remedy| !remedy.is_empty()),
            attempts: person.attempts,
            last_status: person.last_status,
            message_id: person.message_id,
            first_attempt_at: person.first_attempt_at,
            last_attempt_at: person.last_attempt_at,
            channel,
        }
    }

    fn cells(&self) -> [String; COLUMNS.len()] {
        let ours = |text: Option<&str>| text.unwrap_or_default().to_owned();
        [
            self.id.to_string(),
            harmless(&self.name),
            harmless(&self.user_principal_name),
            harmless(&self.state),
            ours(self.reason),
            ours(self.sentence),
            ours(self.remedy),
            self.attempts.to_string(),
            self.last_status.map(|status| status.to_string()).unwrap_or_default(),
            harmless(self.message_id.as_deref().unwrap_or_default()),
            self.first_attempt_at.map(instant).unwrap_or_default(),
            self.last_attempt_at.map(instant).unwrap_or_default(),
            self.channel.name().to_owned(),
        ]
    }
}

/// An instant as spreadsheets and programs both read it.
fn instant(at: Timestamp) -> String {
    at.to_rfc3339_opts(chrono::SecondsFormat::Millis, true)
}

/// A cell that no spreadsheet takes for a formula: people may choose their own display names, and whoever opens the
/// export would run them. The full-width signs and spaces before a sign are our own precaution.
///
/// Source: OWASP, "CSV Injection" (read November 2026).
pub fn harmless(cell: &str) -> String {
    if begins_a_formula(cell) { format!("'{cell}") } else { cell.to_owned() }
}

fn begins_a_formula(cell: &str) -> bool {
    const SIGNS: [char; 9] = ['=', '+', '-', '@', '＝', '＋', '－', '＠', '−'];
    cell.starts_with(['\t', '\r', '\n']) || cell.trim_start().starts_with(SIGNS)
}

/// The lines of one page.
enum Lines {
    Csv(Box<csv::Writer<Vec<u8>>>),
    Json { to: Vec<u8>, is_array: bool, is_first: bool },
}

impl Lines {
    /// `is_begun`: pages came before; `is_first`: no line did.
    fn begin(format: Format, is_begun: bool, is_first: bool) -> std::io::Result<Self> {
        let mark = match format {
            Format::Csv { mark } => mark,
            Format::JsonLines | Format::JsonArray => {
                return Ok(Self::Json { to: Vec::new(), is_array: format == Format::JsonArray, is_first });
            }
        };
        let begins_with = if mark && !is_begun { UTF8_MARK } else { b"" };
        let mut lines = csv::Writer::from_writer(begins_with.to_vec());
        if !is_begun {
            lines.write_record(COLUMNS)?;
        }
        Ok(Self::Csv(Box::new(lines)))
    }

    fn write(&mut self, line: &Line) -> std::io::Result<()> {
        match self {
            Self::Csv(lines) => Ok(lines.write_record(line.cells())?),
            Self::Json { to, is_array, is_first } => {
                let gap: &[u8] = match (*is_array, std::mem::take(is_first)) {
                    (true, true) => b"[\n",
                    (true, false) => b",\n",
                    (false, _) => b"",
                };
                to.write_all(gap)?;
                serde_json::to_writer(&mut *to, line)?;
                to.write_all(if *is_array { b"" } else { b"\n" })
            }
        }
    }

    fn end(self, is_last: bool) -> std::io::Result<Vec<u8>> {
        match self {
            Self::Csv(lines) => lines.into_inner().map_err(csv::IntoInnerError::into_error),
            Self::Json { mut to, is_array, is_first } => {
                let end: &[u8] = match (is_array && is_last, is_first) {
                    (true, true) => b"[]\n",
                    (true, false) => b"\n]\n",
                    (false, _) => b"",
                };
                to.write_all(end)?;
                Ok(to)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::fakes::{self, FakeStore};
    use super::*;

    proptest! {
        #[test]
        fn no_cell_begins_a_formula(cell in "[ \u{a0}]?[=+@＝＋－＠−\t\r\n-]?\\PC{0,20}") {
            prop_assert!(!begins_a_formula(&harmless(&cell)));
            prop_assert!(harmless(&cell).trim_start_matches('\'').ends_with(cell.trim_start_matches('\'')));
        }
    }

    fn person(name: &str, reason: Option<Reason>) -> DeliveryReport {
        DeliveryReport {
            entra_id: fakes::entra_id(1),
            display_name: name.to_owned(),
            user_principal_name: "a@contoso.example".to_owned(),
            state: if reason.is_some() { "failed" } else { "sent" }.to_owned(),
            reason,
            attempts: 2,
            last_status: Some(403),
            message_id: None,
            first_attempt_at: Some("2026-11-24T09:59:00Z".parse().unwrap()),
            last_attempt_at: Some("2026-11-24T10:00:00Z".parse().unwrap()),
        }
    }

    fn store(people: Vec<DeliveryReport>) -> FakeStore {
        let store = FakeStore::default();
        store.deliveries.lock().unwrap().extend(people);
        store
    }

    async fn exported(store: &FakeStore, format: Format, filter: &Filter) -> (Exported, String) {
        let mut to = Vec::new();
        let place = (fakes::TENANT, BroadcastId::from_i64(1), None);
        let exported = export(store, place, format, filter.clone(), &mut to, |_| {}).await.unwrap();
        (exported, String::from_utf8(to).unwrap())
    }

    #[tokio::test]
    async fn an_export_has_a_line_for_each_person_and_no_formulas() {
        let names = ["=HYPERLINK(\"http://x\",\"Ann, B.\")", "＠Bob"].map(|name| person(name, None));
        let store = store(names.into_iter().chain([person("Øystein", Some(Reason::BlockedByUser))]).collect());
        let (exported, csv) = exported(&store, Format::Csv { mark: false }, &Filter::default()).await;
        assert_eq!(exported, Exported { people: 3, written: 3 });
        insta::assert_snapshot!(csv);
        let (_, marked) = self::exported(&store, Format::Csv { mark: true }, &Filter::default()).await;
        assert_eq!(marked.strip_prefix('\u{feff}'), Some(csv.as_str()));
        let (_, lines) = self::exported(&store, Format::JsonLines, &Filter::default()).await;
        insta::assert_snapshot!(lines);
    }

    #[tokio::test]
    async fn an_export_longer_than_a_page_is_complete_in_every_format() {
        let store = store((0..2 * PAGE).map(|_| person("Ann", None)).collect());
        let all = Filter::default();
        let (count, csv) = exported(&store, Format::Csv { mark: false }, &all).await;
        assert_eq!((count.written, csv.lines().count()), (u64::from(2 * PAGE), 2 * PAGE as usize + 1));
        assert_eq!(exported(&store, Format::JsonLines, &all).await.1.lines().count(), 2 * PAGE as usize);
        let array: serde_json::Value =
            serde_json::from_str(&exported(&store, Format::JsonArray, &all).await.1).unwrap();
        assert_eq!(array.as_array().map(Vec::len), Some(2 * PAGE as usize));
    }

    #[tokio::test]
    async fn only_whom_the_filter_lets_through_is_written() {
        let reasons = [None, Some(Reason::BlockedByUser), Some(Reason::NotFound)];
        let store = store(reasons.map(|reason| person("Ann", reason)).into());
        let failed = Filter { states: vec!["failed".into()], ..Filter::default() };
        assert_eq!(exported(&store, Format::JsonLines, &failed).await.0, Exported { people: 3, written: 2 });
        let unknown = Filter { reasons: vec![Reason::NotFound], ..failed };
        assert_eq!(exported(&store, Format::JsonLines, &unknown).await.0.written, 1);
        let nobody = Filter { states: vec!["pending".into()], ..Filter::default() };
        assert_eq!(exported(&store, Format::JsonArray, &nobody).await.1, "[]\n");
    }
}
