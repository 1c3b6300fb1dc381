//! Whether the engine slows down as its record grows: the same broadcast, before and after millions of older facts.

use serde::Serialize;

use super::engine::engine_rate;
use super::figure::{Figure, Must};
use crate::config::Settings;
use crate::domain::ids::RoundId;
use crate::wiring::Workbench;

/// Broadcasts of which each rate is the mean.
const BROADCASTS: u32 = 2;

/// What was measured.
#[derive(Debug, Clone, Serialize)]
pub struct Measured {
    /// People of each broadcast.
    pub recipients: u64,
    /// Older facts stored before the second measure.
    pub facts: u64,
    /// Deliveries a second without them.
    pub empty_per_second: f64,
    /// With them.
    pub full_per_second: f64,
    /// The second ÷ the first.
    pub ratio: f64,
}

impl Measured {
    /// The figures, with what each must reach.
    pub fn figures(&self) -> Vec<Figure> {
        vec![
            Figure::count("deliveries/s on an empty record", self.empty_per_second),
            Figure::count("deliveries/s on top of older facts", self.full_per_second),
            Figure::count("older facts", self.facts as f64),
            Figure::ratio("the second rate ÷ the first", self.ratio).must(Must::Reach(0.85)),
        ]
    }
}

/// Measures with so many people a broadcast and so many older facts.
///
/// # Errors
/// When Postgres does not start, or a broadcast does not end with everybody told.
pub async fn run(settings: &Settings, recipients: u64, facts: u64) -> anyhow::Result<Measured> {
    let bench = Workbench::open(settings).await?;
    let measured = measure(&bench, recipients, facts).await;
    bench.close().await;
    measured
}

async fn measure(bench: &Workbench, recipients: u64, facts: u64) -> anyhow::Result<Measured> {
    bench.store.seed_people(bench.tenant, recipients).await?;
    bench.store.settle_down().await?;
    // The first one ever makes partitions and warms everything; it is nobody's measure.
    engine_rate(bench, recipients).await?;
    let empty_per_second = mean_rate(bench, recipients).await?;
    let newest = RoundId::new(bench.clock.now(), bench.random.next_u64());
    bench.store.seed_facts(bench.tenant, newest, facts).await?;
    bench.store.settle_down().await?;
    let full_per_second = mean_rate(bench, recipients).await?;
    Ok(Measured { recipients, facts, empty_per_second, full_per_second, ratio: full_per_second / empty_per_second })
}

/// Deliveries ÷ the time of all of them.
async fn mean_rate(bench: &Workbench, recipients: u64) -> anyhow::Result<f64> {
    let mut seconds = 0.0;
    for _ in 0..BROADCASTS {
        seconds += engine_rate(bench, recipients).await?.seconds;
    }
    Ok(recipients as f64 * f64::from(BROADCASTS) / seconds)
}
