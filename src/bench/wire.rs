//! How many requests our HTTP client makes for each second of processor time.
//!
//! The requests are sends through the client that every worker has; the simulated Teams is a process of its own and has
//! no limits, so that this process spends its time on nothing but them.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::Context;
use serde::Serialize;

use super::engine::since;
use super::figure::{Figure, Must};
use super::process::cpu_seconds;
use crate::adapters::system::{SystemClock, SystemRandom};
use crate::adapters::teams::TeamsClient;
use crate::config::Settings;
use crate::domain::ids::{ConversationId, RequestId};
use crate::domain::outcome::{Fact, Outcome};
use crate::domain::time::Monotonic;
use crate::ports::{Clock, Directory, Messenger, Random, Request};
use crate::wiring::SimulatedElsewhere;

/// People of the simulated organisation.
const PEOPLE: u32 = 500;
/// Chats that are sent to in turn.
const CHATS: usize = 100;
/// Requests on the wire at once: what fifty sends a second need, three times over.
const ON_THE_WIRE: usize = 48;
/// Longer than any measure.
const IN_TIME: Duration = Duration::from_secs(24 * 3600);

/// What was measured.
#[derive(Debug, Clone, Serialize)]
pub struct Measured {
    /// Sends that were accepted.
    pub requests: u64,
    /// From the first to the last.
    pub seconds: f64,
    /// Processor time that this process used for them, the kernel's share included.
    pub cpu_seconds: f64,
    /// Requests for each second of it.
    pub requests_per_cpu_second: f64,
    /// Requests a second; the simulator, on the same machine, has its part in it.
    pub requests_per_second: f64,
}

impl Measured {
    /// The figures, with what each must reach.
    pub fn figures(&self) -> Vec<Figure> {
        vec![
            Figure::count("sends for a second of processor", self.requests_per_cpu_second).must(Must::Reach(3000.0)),
            Figure::count("sends/s, the simulator beside us", self.requests_per_second),
        ]
    }
}

/// Makes so many sends.
///
/// # Errors
/// When the simulator does not start, or a request is not answered as it should be.
pub async fn run(settings: &Settings, requests: u64) -> anyhow::Result<Measured> {
    let teams = SimulatedElsewhere::start(PEOPLE)?;
    let client = Arc::new(teams.client(settings)?);
    let chats = Arc::new(chats(&client).await?);
    // Connections are made and buffers are grown before anything is counted.
    send_all(&client, &chats, requests / 10).await?;
    let (me, clock) = (std::process::id(), SystemClock);
    let (began_at, used) = (clock.monotonic(), cpu_seconds(me)?);
    send_all(&client, &chats, requests).await?;
    let (seconds, cpu_seconds) = (since(&clock, began_at), cpu_seconds(me)? - used);
    Ok(Measured {
        requests,
        seconds,
        cpu_seconds,
        requests_per_cpu_second: requests as f64 / cpu_seconds,
        requests_per_second: requests as f64 / seconds,
    })
}

/// The first chats to be found, learnt as the engine learns them.
async fn chats(client: &TeamsClient) -> anyhow::Result<Vec<ConversationId>> {
    let late = in_time();
    client.warm_up(false).await.map_err(refused)?;
    let app = client.find_app(id()).await.map_err(refused)?;
    let people = client.people(None, id()).await.map_err(refused)?.told.people;
    let mut chats = Vec::new();
    for person in people.iter().filter(|person| person.account.barrier().is_none()) {
        let check = Request::Check { user: person.entra_id, app: app.clone() };
        let Outcome::Learnt(Fact::Installed(installation)) = client.perform(&check, id(), late).await.outcome else {
            continue;
        };
        let resolve = Request::Resolve { user: person.entra_id, installation };
        let Outcome::Learnt(Fact::Chat(chat)) = client.perform(&resolve, id(), late).await.outcome else { continue };
        let send =
            Request::Send { conversation: chat.clone(), activity: SimulatedElsewhere::activity(), service_url: None };
        // Some do not want to hear from the bot.
        if matches!(client.perform(&send, id(), late).await.outcome, Outcome::Accepted { .. }) {
            chats.push(chat);
        }
        if chats.len() == CHATS {
            return Ok(chats);
        }
    }
    anyhow::bail!("only {} of {CHATS} chats were found", chats.len())
}

/// Makes so many sends, some at once, until all are accepted.
async fn send_all(client: &Arc<TeamsClient>, chats: &Arc<Vec<ConversationId>>, requests: u64) -> anyhow::Result<()> {
    let (next, activity) = (Arc::new(AtomicU64::new(0)), SimulatedElsewhere::activity());
    let senders = (0..ON_THE_WIRE).map(|_| {
        let (client, chats, next, activity) =
            (Arc::clone(client), Arc::clone(chats), Arc::clone(&next), Arc::clone(&activity));
        tokio::spawn(async move {
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                if number >= requests {
                    return anyhow::Ok(());
                }
                let conversation = chats[number as usize % chats.len()].clone();
                let send = Request::Send { conversation, activity: Arc::clone(&activity), service_url: None };
                let answer = client.perform(&send, id(), in_time()).await;
                anyhow::ensure!(matches!(answer.outcome, Outcome::Accepted { .. }), "a send was refused: {answer:?}");
            }
        })
    });
    for sender in senders.collect::<Vec<_>>() {
        sender.await.context("a sender ended")??;
    }
    Ok(())
}

fn id() -> RequestId {
    RequestId::new(SystemRandom.next_u64(), SystemRandom.next_u64())
}

fn in_time() -> Monotonic {
    SystemClock.monotonic() + IN_TIME
}

fn refused(answer: crate::ports::Answer) -> anyhow::Error {
    anyhow::anyhow!("the simulated Teams refused: {answer:?}")
}
