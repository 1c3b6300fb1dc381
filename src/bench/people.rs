//! How long it takes to look people up in a large broadcast: by state, by reason, by name, and where that is hardest.

use serde::Serialize;

use super::figure::{Figure, Must};
use crate::config::Settings;
use crate::domain::delivery::Settlement;
use crate::domain::ids::{BroadcastId, EntraId, RecipientKey, RoundId};
use crate::domain::reason::Reason;
use crate::ports::{DeliveryQuery, Lookup};
use crate::wiring::Workbench;

/// How often each question is asked.
const TIMES: usize = 20;
/// People on a page.
const PAGE: u32 = 50;
/// What each must not exceed, in milliseconds.
const BOUND: f64 = 100.0;

/// What was measured.
#[derive(Debug, Clone, Serialize)]
pub struct Measured {
    /// People of the broadcast.
    pub recipients: u64,
    /// Each question.
    pub questions: Vec<Question>,
}

/// One question, asked several times: the statements and what is made of their rows.
#[derive(Debug, Clone, Serialize)]
pub struct Question {
    /// What was asked.
    pub what: String,
    /// People on the page.
    pub found: usize,
    /// The median, in milliseconds.
    pub median_ms: f64,
    /// The slowest after the first.
    pub worst_ms: f64,
    /// The first, which no cache knew.
    pub first_ms: f64,
}

impl Measured {
    /// The figures, with what each must reach.
    pub fn figures(&self) -> Vec<Figure> {
        let of = |question: &Question| {
            let (what, found) = (&question.what, question.found);
            [
                Figure::ratio(format!("ms, {what} ({found} found)"), question.median_ms).must(Must::NotExceed(BOUND)),
                Figure::ratio("   the slowest", question.worst_ms).must(Must::NotExceed(BOUND)),
            ]
        };
        self.questions.iter().flat_map(of).collect()
    }

    /// The slowest of all.
    pub fn slowest(&self) -> f64 {
        self.questions.iter().map(|question| question.worst_ms).fold(0.0, f64::max)
    }
}

/// Measures with so many people.
///
/// # Errors
/// When Postgres does not start, or a question finds others than were laid in.
pub async fn run(settings: &Settings, recipients: u64) -> anyhow::Result<Measured> {
    let bench = Workbench::open(settings).await?;
    let measured = measure(&bench, recipients).await;
    bench.close().await;
    measured
}

async fn measure(bench: &Workbench, recipients: u64) -> anyhow::Result<Measured> {
    bench.store.seed_people(bench.tenant, recipients).await?;
    let (now, chance) = (bench.clock.now(), bench.random.next_u64());
    let (id, send) = (BroadcastId::new(now, chance), RoundId::new(now, chance));
    let retry = RoundId::new(now + std::time::Duration::from_secs(1), chance);
    bench.store.seed_told(bench.tenant, id, (send, Some(retry)), recipients).await?;
    let mut questions = Vec::new();
    for (what, query) in asked(recipients) {
        questions.push(ask(bench, id, what, &query).await?);
    }
    questions.push(ask_about_one(bench, id).await?);
    Ok(Measured { recipients, questions })
}

fn asked(recipients: u64) -> Vec<(String, DeliveryQuery)> {
    let all = DeliveryQuery::default;
    let far = Some(RecipientKey((recipients / 10 * 9).cast_signed()));
    let text = |text: &str| DeliveryQuery { text: Some(text.to_owned()), ..all() };
    let some = recipients / 3;
    let mut asked = vec![
        ("the first page".to_owned(), all()),
        ("a page far behind".to_owned(), DeliveryQuery { after: far, ..all() }),
        ("pending, who nobody is".to_owned(), DeliveryQuery { state: Some(None), ..all() }),
    ];
    for settlement in Settlement::ALL {
        asked.push((settlement.name().to_owned(), DeliveryQuery { state: Some(Some(settlement)), ..all() }));
    }
    let sent_far = DeliveryQuery { state: Some(Some(Settlement::Sent)), after: far, ..all() };
    asked.push(("sent, a page far behind".to_owned(), sent_far));
    for (what, reason) in [
        ("a reason of many, nearly all of whom a retry reached", Reason::BlockedByPolicy),
        ("a reason of some", Reason::Guest),
        ("a reason of five", Reason::SetAside),
        ("a reason of nobody", Reason::TooLarge),
    ] {
        asked.push((what.to_owned(), DeliveryQuery { reason: Some(reason), ..all() }));
    }
    asked.extend([
        ("a name".to_owned(), text(&format!("Person {some}"))),
        ("a principal name".to_owned(), text(&format!("person{some}@contoso.example"))),
        ("a mail address".to_owned(), text(&format!("mail{some}@contoso.example"))),
        ("the beginning of a name, of a few".to_owned(), text(&format!("person{}", some / 100))),
        ("the beginning of a name, of a fifth".to_owned(), text("person1")),
        ("the beginning of a name, of two in a hundred, far behind".to_owned(), text("person49")),
        ("what everybody is called".to_owned(), text("Person")),
        ("what everybody is called, far behind".to_owned(), DeliveryQuery { after: far, ..text("contoso") }),
        ("what nobody is called".to_owned(), text("Nobody")),
    ]);
    let both = DeliveryQuery { state: Some(Some(Settlement::Failed)), ..text("person1") };
    asked.push(("failed, and the beginning of a name".to_owned(), both));
    asked
}

async fn ask(bench: &Workbench, id: BroadcastId, what: String, query: &DeliveryQuery) -> anyhow::Result<Question> {
    let mut found = 0;
    let times = timed(bench, async || {
        found = bench.store.find_deliveries(bench.tenant, id, query, PAGE).await?.len();
        Ok(())
    })
    .await?;
    Ok(question(what, found, times))
}

async fn ask_about_one(bench: &Workbench, id: BroadcastId) -> anyhow::Result<Question> {
    let page = bench.store.find_deliveries(bench.tenant, id, &DeliveryQuery::default(), 8).await?;
    let somebody: EntraId =
        page.last().map(|(_, row)| row.entra_id).ok_or_else(|| anyhow::anyhow!("nobody is there"))?;
    let times = timed(bench, async || {
        let found = bench.store.delivery(bench.tenant, id, somebody).await?;
        anyhow::ensure!(found.is_some_and(|(_, tried)| tried.len() == 2), "she was tried twice");
        Ok(())
    })
    .await?;
    Ok(question("one person, with all that was tried".to_owned(), 1, times))
}

async fn timed(bench: &Workbench, mut work: impl AsyncFnMut() -> anyhow::Result<()>) -> anyhow::Result<Vec<f64>> {
    let mut times = Vec::new();
    for _ in 0..=TIMES {
        let began_at = bench.clock.monotonic();
        work().await?;
        times.push(super::engine::since(&*bench.clock, began_at) * 1000.0);
    }
    Ok(times)
}

fn question(what: String, found: usize, times: Vec<f64>) -> Question {
    let first_ms = times[0];
    let mut others = times[1..].to_vec();
    others.sort_by(f64::total_cmp);
    let (median_ms, worst_ms) = (others[others.len() / 2], others[others.len() - 1]);
    Question { what, found, median_ms, worst_ms, first_ms }
}
