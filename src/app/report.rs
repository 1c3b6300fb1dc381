//! Tells what became of a broadcast: where everybody stands, why, and one line for each person. It only ever reads.

use std::io::Write;

use serde::Serialize;

use crate::domain::delivery::Settlement;
use crate::domain::ids::{BroadcastId, TenantKey};
use crate::domain::reason::Reason;
use crate::domain::time::Timestamp;
use crate::ports::{BroadcastReport, DeliveryReport, Store, StoreError};

/// Rows read at once: small enough to hold, large enough that the way to the database does not matter.
const PAGE: u32 = 2000;

/// One broadcast with the reasons of everybody who was not simply sent to.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Summary {
    /// The broadcast.
    #[serde(flatten)]
    pub report: BroadcastReport,
    /// Why people ended where they did, most people first.
    pub by_reason: Vec<ReasonCount>,
}

/// How many people ended for one reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ReasonCount {
    /// How they ended.
    pub settlement: Settlement,
    /// The stable code.
    pub code: &'static str,
    /// What happened.
    pub sentence: &'static str,
    /// What to do about it; empty when nothing helps.
    pub remedy: &'static str,
    /// How many people.
    pub count: u64,
}

/// Where one broadcast stands; `None` when there is no such broadcast.
///
/// # Errors
/// The store's.
pub async fn summary(store: &dyn Store, tenant: TenantKey, id: BroadcastId) -> Result<Option<Summary>, StoreError> {
    let Some(report) = store.report(tenant, id).await? else { return Ok(None) };
    let mut by_reason: Vec<ReasonCount> = store.reasons(tenant, id).await?.into_iter().map(reason_count).collect();
    by_reason.sort_by_key(|row| (std::cmp::Reverse(row.count), row.code, row.settlement));
    Ok(Some(Summary { report, by_reason }))
}

const fn reason_count((settlement, reason, count): (Settlement, Reason, u64)) -> ReasonCount {
    ReasonCount { settlement, code: reason.code(), sentence: reason.sentence(), remedy: reason.remedy(), count }
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

/// The columns of the CSV, in order. Only ever added to, at the end.
pub const COLUMNS: [&str; 10] = [
    "id",
    "name",
    "user_principal_name",
    "state",
    "reason",
    "sentence",
    "attempts",
    "last_status",
    "message_id",
    "last_attempt_at",
];

/// Writes one line for each person of a broadcast, as CSV in UTF-8; returns how many.
///
/// # Errors
/// [`ExportError`]; what was written until then stays written.
pub async fn export_csv(
    store: &dyn Store,
    tenant: TenantKey,
    id: BroadcastId,
    to: impl Write + Send,
) -> Result<u64, ExportError> {
    let mut lines = csv::Writer::from_writer(to);
    lines.write_record(COLUMNS).map_err(std::io::Error::from)?;
    let people =
        each_person(store, tenant, id, |person| lines.write_record(cells(person)).map_err(std::io::Error::from))
            .await?;
    lines.flush()?;
    Ok(people)
}

/// Writes a JSON array with one object for each person of a broadcast; returns how many.
///
/// # Errors
/// As [`export_csv`].
pub async fn export_json(
    store: &dyn Store,
    tenant: TenantKey,
    id: BroadcastId,
    to: impl Write + Send,
) -> Result<u64, ExportError> {
    let mut to = std::io::BufWriter::new(to);
    let mut gap = "[\n";
    let people = each_person(store, tenant, id, |person| {
        to.write_all(gap.as_bytes())?;
        gap = ",\n";
        Ok(serde_json::to_writer(&mut to, person)?)
    })
    .await?;
    to.write_all(if people == 0 { b"[]\n" } else { b"\n]\n" })?;
    to.flush()?;
    Ok(people)
}

async fn each_person(
    store: &dyn Store,
    tenant: TenantKey,
    id: BroadcastId,
    mut write: impl FnMut(&DeliveryReport) -> std::io::Result<()> + Send,
) -> Result<u64, ExportError> {
    let (mut after, mut people) = (None, 0);
    loop {
        let page = store.deliveries(tenant, id, after, PAGE).await?;
        for (_, person) in &page {
            write(person)?;
        }
        people += page.len() as u64;
        match page.last() {
            Some((key, _)) if page.len() == PAGE as usize => after = Some(*key),
            _ => return Ok(people),
        }
    }
}

fn cells(person: &DeliveryReport) -> [String; 10] {
    let text = |value: Option<String>| value.unwrap_or_default();
    [
        person.entra_id.to_string(),
        harmless(&person.display_name),
        harmless(&person.user_principal_name),
        harmless(&person.state),
        text(person.reason.map(|reason| reason.code().to_owned())),
        text(person.reason.map(|reason| reason.sentence().to_owned())),
        person.attempts.to_string(),
        text(person.last_status.map(|status| status.to_string())),
        harmless(person.message_id.as_deref().unwrap_or_default()),
        text(person.last_attempt_at.map(instant)),
    ]
}

/// An instant as spreadsheets and programs both read it.
fn instant(at: Timestamp) -> String {
    at.to_rfc3339_opts(chrono::SecondsFormat::Millis, true)
}

/// A cell that no spreadsheet takes for a formula: people may choose their own display names, and whoever opens the
/// export would run them.
///
/// Source: OWASP, "CSV Injection" (read November 2026).
pub fn harmless(cell: &str) -> String {
    if cell.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']) { format!("'{cell}") } else { cell.to_owned() }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::fakes::{self, FakeStore};
    use super::*;

    proptest! {
        #[test]
        fn no_cell_begins_a_formula(cell in "[=+@\t\r\n-]?\\PC{0,20}") {
            let cell = harmless(&cell);
            prop_assert!(!cell.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']));
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
            last_attempt_at: Some("2026-11-24T10:00:00Z".parse().unwrap()),
        }
    }

    #[tokio::test]
    async fn an_export_has_a_line_for_each_person_and_no_formulas() {
        let store = FakeStore::default();
        store.deliveries.lock().unwrap().push(person("=HYPERLINK(\"http://x\",\"Ann, B.\")", None));
        store.deliveries.lock().unwrap().push(person("Øystein", Some(Reason::BlockedByUser)));
        let mut csv = Vec::new();
        let id = BroadcastId::from_i64(1);
        assert_eq!(export_csv(&store, fakes::TENANT, id, &mut csv).await.unwrap(), 2);
        insta::assert_snapshot!(String::from_utf8(csv).unwrap());
    }

    #[tokio::test]
    async fn an_export_longer_than_a_page_is_complete() {
        let store = FakeStore::default();
        store.deliveries.lock().unwrap().extend((0..2 * PAGE).map(|_| person("Ann", None)));
        let (mut csv, mut json) = (Vec::new(), Vec::new());
        let id = BroadcastId::from_i64(1);
        assert_eq!(export_csv(&store, fakes::TENANT, id, &mut csv).await.unwrap(), u64::from(2 * PAGE));
        assert_eq!(csv.iter().filter(|byte| **byte == b'\n').count(), 2 * PAGE as usize + 1);
        export_json(&store, fakes::TENANT, id, &mut json).await.unwrap();
        let json: serde_json::Value = serde_json::from_slice(&json).unwrap();
        assert_eq!(json.as_array().map(Vec::len), Some(2 * PAGE as usize));
    }
}
