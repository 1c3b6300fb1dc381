//! Keeps the directory and the groups that audiences name fresh, as long as a process stays.
//!
//! Any number of processes may do so: the store lets one read at a time, and whoever comes second finds it done.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::ports::StoreError;

use super::groups;
use super::people::{People, PeopleError};

/// How soon a reading that failed is tried again, unless it is due sooner.
const AGAIN_AFTER: Duration = Duration::from_secs(5 * 60);
/// Nobody needs to look more often than this.
const LOOK_LEAST: Duration = Duration::from_secs(1);

/// Reads the directory whenever it was last read `every` ago, until `stop`, which also ends a reading under way.
pub async fn keep_fresh(people: &People, every: Duration, stop: CancellationToken) {
    loop {
        let wait = match refresh(people, every, &stop).await {
            Ok(wait) => wait,
            Err(error) => {
                tracing::warn!(%error, "the directory could not be read; what was known of it stays in force");
                AGAIN_AFTER.min(every)
            }
        };
        let until = people.clock.monotonic() + wait.max(LOOK_LEAST);
        tokio::select! {
            biased;
            () = stop.cancelled() => return,
            () = people.clock.sleep_until(until) => {}
        }
    }
}

/// Reads what is due, and says how long it is until the next is. The groups have their own age: where creating broadcasts
/// keeps the directory fresh, they are due all the same.
async fn refresh(people: &People, every: Duration, stop: &CancellationToken) -> Result<Duration, PeopleError> {
    people.refresh_after(every, stop, |_| {}).await?;
    tokio::select! {
        biased;
        () = stop.cancelled() => {}
        done = groups::refresh_known(people, every) => done?,
    }
    Ok(time_left(people, every).await?)
}

async fn time_left(people: &People, every: Duration) -> Result<Duration, StoreError> {
    let record = people.store.directory(people.tenant).await?;
    let age = record.read_at.and_then(|at| (people.clock.now() - at).to_std().ok());
    Ok(age.map_or(Duration::ZERO, |age| every.saturating_sub(age)))
}
