//! The export of a finished broadcast adds up, and comes back from a spreadsheet as it was.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use stentor::adapters::system::SystemClock;
use stentor::app::export::{Filter, Format, STATES, export};
use stentor::app::submit::submit;
use stentor::domain::audience::read_list;
use stentor::domain::broadcast::BroadcastState;
use stentor::domain::delivery::Settlement;
use stentor::domain::ids::{BroadcastId, MessageId, Ordinal, RequestId, WorkerId};
use stentor::domain::outcome::{Outcome, Step};
use stentor::domain::reason::Reason;
use stentor::ports::{AttemptFact, ClaimedChunk, Clock, Flush, HeldTenant, ProcessIdentity, Store};
use uuid::Uuid;

use super::house::{House, house, person};

/// More than a page.
const PEOPLE: u128 = 2500;
/// What people call themselves.
const NAMES: [&str; 7] = [
    "Ann Smith",
    "=HYPERLINK(\"https://x.example\",\"Ann\")",
    "Smith, \"Bob\"; Jr.",
    "＠cyd",
    " +41 44 123",
    "Łukasz\r\nŻ 一",
    "-1",
];

/// A broadcast to everybody of a list, settled in four ways.
async fn finished() -> (House, BroadcastId) {
    let people: Vec<_> = (0..PEOPLE).map(|number| person(number, NAMES[number as usize % NAMES.len()])).collect();
    let text: String = people.iter().map(|person| format!("{}\n", person.user_principal_name)).collect();
    let house = house(people).await;
    let draft = house.draft(read_list(text.as_bytes()).unwrap(), false);
    let id = submit(&house.people, draft, |_| {}).await.unwrap().broadcast;
    let process = ProcessIdentity { host: "here".into(), pid: 1, started: 1 };
    let worker = house.store.register(&process, Duration::from_secs(60)).await.unwrap();
    let held = house.store.take_tenants(worker, Duration::ZERO, 1, &[house.tenant], &[]).await.unwrap()[0];
    let round = house.store.work(house.tenant).await.unwrap().rounds[0].round;
    while !house.store.expand(held, worker, round, 2000, 256, SystemClock.now()).await.unwrap().complete {}
    for claimed in house.store.claim(held, worker, round, 100, &[]).await.unwrap() {
        settle(&house, held, worker, claimed).await;
    }
    let done = house.store.finish(house.tenant, SystemClock.now()).await.unwrap();
    assert_eq!(done, [(id, BroadcastState::Done)]);
    (house, id)
}

async fn settle(house: &House, held: HeldTenant, worker: WorkerId, claimed: ClaimedChunk) {
    let mut chunk = claimed.chunk;
    let mut facts = Vec::new();
    for member in &claimed.members {
        let fact = fact(&chunk, member.ordinal);
        chunk.settle(member.ordinal, fact.settles.unwrap()).unwrap();
        facts.push(fact);
    }
    chunk.flush_number += 1;
    let flush = Flush { chunks: vec![chunk], facts, now: Some(SystemClock.now()), ..Flush::default() };
    assert_eq!(house.store.flush(held.tenant, worker, &flush).await.unwrap().held.len(), 1);
}

fn fact(chunk: &stentor::domain::chunk::Chunk, ordinal: Ordinal) -> AttemptFact {
    let message_id = ordinal.0.is_multiple_of(5).then(|| MessageId(format!("1{:012}", ordinal.0)));
    let (settles, reason, outcome, status) = match ordinal.0 % 7 {
        0 => {
            (Settlement::Failed, Some(Reason::BlockedByUser), Some(Outcome::Rejected(Reason::BlockedByUser)), Some(403))
        }
        1 => (Settlement::Skipped, Some(Reason::Guest), None, None),
        2 => (Settlement::Unconfirmed, Some(Reason::AnswerLost), Some(Outcome::Lost(Reason::AnswerLost)), None),
        _ => (Settlement::Sent, None, Some(Outcome::Accepted { message_id: message_id.clone() }), Some(201)),
    };
    AttemptFact {
        round: chunk.round,
        chunk: chunk.number,
        ordinal,
        attempt: 1,
        epoch: chunk.epoch,
        step: outcome.is_some().then_some(Step::Send),
        request: outcome.is_some().then(|| RequestId(Uuid::from_u128(u128::from(ordinal.0)))),
        outcome,
        settles: Some(settles),
        reason,
        status,
        message_id: if settles == Settlement::Sent { message_id } else { None },
        started_at: SystemClock.now(),
        ended_at: SystemClock.now(),
    }
}

async fn exported(house: &House, id: BroadcastId, format: Format, filter: &Filter) -> Vec<u8> {
    let mut to = Vec::new();
    let place = (house.tenant, id, None);
    export(house.store.as_ref(), place, format, filter.clone(), &mut to, |_| {}).await.unwrap();
    to
}

fn rows(csv: &[u8]) -> Vec<Vec<String>> {
    let csv = csv.strip_prefix(b"\xef\xbb\xbf").unwrap_or(csv);
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(csv);
    reader.records().map(|row| row.unwrap().iter().map(str::to_owned).collect()).collect()
}

#[tokio::test]
async fn an_export_adds_up_and_comes_back_from_a_spreadsheet_as_it_was() {
    let (house, id) = finished().await;
    let began_at = SystemClock.monotonic();
    let csv = exported(&house, id, Format::Csv { mark: true }, &Filter::default()).await;
    let took = SystemClock.monotonic().saturating_since(began_at);
    println!("{PEOPLE} people exported in {} ms", took.as_millis());
    adds_up(&house, id, &csv).await;
    comes_back(&csv);
}

async fn adds_up(house: &House, id: BroadcastId, csv: &[u8]) {
    let progress = house.store.report(house.tenant, id).await.unwrap().unwrap().progress;
    let rows = rows(csv);
    let mut counts: BTreeMap<&str, u64> = STATES.iter().map(|state| (*state, 0)).collect();
    rows[1..].iter().for_each(|row| *counts.get_mut(row[3].as_str()).unwrap() += 1);
    let totals = [
        ("pending", progress.pending),
        ("sent", progress.sent),
        // Nothing of this one goes into activity feeds.
        ("accepted", 0),
        ("failed", progress.failed),
        ("skipped", progress.skipped),
        ("unconfirmed", progress.unconfirmed),
        ("cancelled", progress.cancelled),
    ];
    assert_eq!(counts, totals.into());
    assert_eq!((rows.len() as u64 - 1, progress.targeted), (PEOPLE as u64, PEOPLE as u64));
    for (state, count) in counts {
        let only = Filter { states: vec![state.to_owned()], ..Filter::default() };
        let lines = String::from_utf8(exported(house, id, Format::JsonLines, &only).await).unwrap();
        assert_eq!(lines.lines().count() as u64, count, "{state}");
    }
    let blocked = Filter { reasons: vec![Reason::BlockedByUser], ..Filter::default() };
    let lines = String::from_utf8(exported(house, id, Format::JsonLines, &blocked).await).unwrap();
    assert_eq!(lines.lines().count() as u64, progress.failed);
    let first: serde_json::Value = serde_json::from_str(lines.lines().next().unwrap()).unwrap();
    assert_eq!((&first["name"], &first["last_status"]), (&"Ann Smith".into(), &403.into()));
    assert!(first["first_attempt_at"].is_string() && first["remedy"].as_str().unwrap().ends_with('.'));
}

/// Opens the export in LibreOffice, as a workbook and back, when there is one.
fn comes_back(csv: &[u8]) {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("people.csv"), csv).unwrap();
    // Comma, double quote, UTF-8, from the first line; formulas are kept as what they are, and not computed.
    let opened = soffice(dir.path(), &["--infilter=CSV:44,34,76,1", "--convert-to", "xlsx", "people.csv"]);
    if !opened {
        println!("skipped: there is no soffice here to open the export with");
        return;
    }
    std::fs::remove_file(dir.path().join("people.csv")).unwrap();
    assert!(soffice(dir.path(), &["--convert-to", "csv:Text - txt - csv (StarCalc):44,34,76,1", "people.xlsx"]));
    let back = std::fs::read(dir.path().join("people.csv")).unwrap();
    let (went, came) = (rows(csv), rows(&back));
    assert_eq!(went.len(), came.len());
    for (went, came) in went.iter().zip(&came) {
        // A line end inside a cell is one character there.
        let went: Vec<_> = went.iter().map(|cell| cell.replace("\r\n", "\n")).collect();
        assert_eq!(&went, came);
    }
    println!("{} rows came back from LibreOffice equal", came.len());
}

fn soffice(dir: &Path, arguments: &[&str]) -> bool {
    let home = format!("-env:UserInstallation=file://{}/home", dir.display());
    let mut command = Command::new("soffice");
    command.current_dir(dir).args(["--headless", "--norestore", &home]).args(arguments);
    match command.stdout(Stdio::null()).stderr(Stdio::null()).status() {
        Ok(status) => status.success(),
        Err(_) => false,
    }
}
