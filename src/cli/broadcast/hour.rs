//! When it goes out, as options of the command line.

use std::time::Duration;

use clap::Args;

use crate::config::parse_duration;
use crate::domain::broadcast::Schedule;
use crate::domain::fault::{Fault, Faults};
use crate::domain::schedule::{self, Hour};

#[derive(Debug, Args)]
pub(super) struct When {
    /// Send it now
    #[arg(long, conflicts_with = "at")]
    now: bool,
    /// Send it at this hour, such as 2026-12-01T09:00; the newest directory is read for it then
    #[arg(long, value_name = "HOUR")]
    at: Option<String>,
    /// The time zone of --at, such as Europe/Berlin; not needed behind an offset, as in 2026-12-01T09:00+01:00
    #[arg(long, value_name = "ZONE", requires = "at")]
    time_zone: Option<String>,
    /// How late it may start, and how long it may lie still, before it waits for a person
    #[arg(long, value_name = "DURATION", default_value = "1h", value_parser = parse_duration)]
    pub(super) tolerance: Duration,
    /// How long before --at the app is installed and the chats are found, so that everybody is told at once
    #[arg(long, value_name = "DURATION", default_value = "12h", value_parser = parse_duration)]
    prepare: Duration,
    /// Prepare nobody ahead of --at
    #[arg(long, conflicts_with = "prepare")]
    no_prepare: bool,
}

impl When {
    /// The schedule, and what its author should know about it; `None` for now.
    pub(super) fn schedule(&self) -> Result<Option<(Schedule, Option<String>)>, Faults> {
        let Some(text) = &self.at else {
            let cure = "Write --now, or --at with an hour, such as --at 2026-12-01T09:00 --time-zone Europe/Berlin.";
            let missing = || Faults(vec![Fault::new("--at", "is not given, and neither is --now", cure)]);
            return if self.now { Ok(None) } else { Err(missing()) };
        };
        let Hour { at, zone, note } =
            schedule::hour(text, self.time_zone.as_deref()).map_err(|fault| Faults(vec![fault]))?;
        let prepare_at = (!self.no_prepare).then(|| at - self.prepare);
        Ok(Some((Schedule { start_at: at, prepare_at, time_zone: zone }, note)))
    }
}
