//! Tokens that live for a minute, and a thousand requests in flight: one refresh at a time, and nobody is refused.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use stentor::adapters::teams::{SecretSource, TeamsClient};
use stentor::domain::ids::{EntraId, RequestId, TeamsAppId};
use stentor::domain::outcome::Outcome;
use stentor::domain::time::Monotonic;
use stentor::ports::{Clock, Messenger, Request};
use stentor::simulator::SimulatorSettings;
use stentor::simulator::people::Shares;
use uuid::Uuid;

use super::stage::*;

const IN_FLIGHT: usize = 1000;
/// A minute passes in twelve seconds.
const TIMES: u32 = 5;
const MINUTE: Duration = Duration::from_secs(60);
const NEVER: Monotonic = Monotonic::from_origin(Duration::from_secs(1 << 40));

#[derive(Default)]
struct Counts {
    now: AtomicUsize,
    most: AtomicUsize,
    made: AtomicUsize,
    odd: AtomicUsize,
    is_over: AtomicBool,
}

async fn ask(client: Arc<TeamsClient>, request: Request, counts: Arc<Counts>) {
    while !counts.is_over.load(Ordering::Relaxed) {
        let now = counts.now.fetch_add(1, Ordering::Relaxed) + 1;
        counts.most.fetch_max(now, Ordering::Relaxed);
        let answer = match client.warm_up_for(&request).await {
            Ok(()) => client.perform(&request, RequestId(Uuid::from_u128(1)), NEVER).await,
            Err(answer) => answer,
        };
        counts.now.fetch_sub(1, Ordering::Relaxed);
        counts.made.fetch_add(1, Ordering::Relaxed);
        if !matches!(answer.outcome, Outcome::Learnt(_)) {
            counts.odd.fetch_add(1, Ordering::Relaxed);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_requests_in_flight_share_one_refresh_at_a_time_and_none_is_refused() {
    let nobody = Shares { guests: 0.0, unlicensed: 0.0, policy: 0.0, blocked: 0.0, disabled: 0.0, without_bot: 0.0 };
    let settings = SimulatorSettings {
        people: 100,
        shares: nobody,
        warm: true,
        quota_factor: 0.0,
        token_lifetime: Some(MINUTE),
        // Each request is under way for ten seconds of this clock, those for tokens, too.
        latency: Duration::from_secs(2) * TIMES,
        ..SimulatorSettings::default()
    };
    let stage = Stage::set(settings, TIMES).await;
    let secret = SecretSource::Value(SimulatorSettings::default().client_secret.into());
    let client = stage.client(secret);
    let app = TeamsAppId(SimulatorSettings::default().catalogue_id.to_string());
    let people: Vec<EntraId> = {
        let world = stage.simulator.world();
        let world = world.lock().unwrap();
        world.organisation().people().iter().map(|person| EntraId(person.id)).collect()
    };
    let counts = Arc::new(Counts::default());
    let asking: Vec<_> = (0..IN_FLIGHT)
        .map(|number| {
            let user = people[number % people.len()];
            let request = match number % 2 {
                0 => Request::Check { user, app: app.clone() },
                _ => Request::Create { user },
            };
            tokio::spawn(ask(Arc::clone(&client), request, Arc::clone(&counts)))
        })
        .collect();
    // Two lives and a little: tokens are renewed at 40, 80 and 120 seconds.
    let until = stage.clock.monotonic() + MINUTE * 2 + Duration::from_secs(20);
    stage.clock.sleep_until(until).await;
    counts.is_over.store(true, Ordering::Relaxed);
    for one in asking {
        one.await.unwrap();
    }

    let count = |of: &AtomicUsize| of.load(Ordering::Relaxed);
    let (most, made, odd) = (count(&counts.most), count(&counts.made), count(&counts.odd));
    let ledger = stage.simulator.ledger_summary();
    let refused: u64 = ledger.statuses.values().filter_map(|statuses| statuses.get(&401)).sum();
    let world = stage.simulator.world();
    let asked = world.lock().unwrap().tokens_asked().clone();
    println!("{made} requests, {most} in flight at most, {refused} refused; tokens: {asked:?}");
    assert_eq!((most, odd, refused), (IN_FLIGHT, 0, 0));
    assert_eq!(asked.len(), 2, "Graph and the bot");
    for (scope, asked) in asked {
        assert!((3..=5).contains(&asked.asked), "{scope}: {asked:?}");
        assert_eq!(asked.at_once_max, 1, "{scope}");
    }
}
