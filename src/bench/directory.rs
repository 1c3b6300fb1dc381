//! How long it takes to know everybody: the whole directory, then what has changed, after a reading that was killed in
//! the middle, and after Microsoft has forgotten where we were.
//!
//! Each reading is a process of its own, `stentor directory sync`, so that its memory is its own; the simulated Teams and
//! the private Postgres are elsewhere. Quotas are the published ones.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::Context;
use serde::{Deserialize, Serialize};

use super::figure::{Figure, Must};
use super::process::peak_resident_bytes;
use crate::config::Settings;
use crate::simulator::world::{Refused, Turnover};
use crate::wiring::{ProvingGround, Simulation};

/// A megabyte.
const MB: f64 = 1_000_000.0;
/// People of whom something changes between two readings.
const CHANGED: usize = 1_000;
/// How often a reader is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// One reading.
#[derive(Debug, Clone, Serialize)]
pub struct Measured {
    /// Everybody for the first time.
    pub whole: Read,
    /// Everybody again, of whom nothing is new.
    pub again: Read,
    /// What has changed of a thousand people.
    pub changes: Read,
    /// The rest of a reading that was killed in the middle; waiting for its claim to end is part of it.
    pub resumed: Read,
    /// Everybody, because the place among the changes was forgotten.
    pub forgotten: Read,
    /// 429s given.
    pub throttled: u64,
}

/// What one process told, and how much memory it held.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Read {
    /// People that the directory holds then.
    pub people: u64,
    /// Requests made.
    pub requests: u64,
    /// People who were new, or of whom something was.
    pub changed: u64,
    /// People who left.
    pub left: u64,
    /// It went on where another one was.
    pub resumed: bool,
    /// Everybody was read.
    pub whole: bool,
    /// From the beginning of the reading to its end.
    pub seconds: f64,
    /// The most memory that the process held.
    #[serde(default)]
    pub peak_resident_bytes: u64,
}

impl Measured {
    /// The figures, with what each must reach.
    pub fn figures(&self) -> Vec<Figure> {
        let readings = [
            ("everybody", &self.whole),
            ("everybody again", &self.again),
            ("a thousand changes", &self.changes),
            ("the rest after a kill", &self.resumed),
            ("everybody after a forgotten place", &self.forgotten),
        ];
        let peak = readings.iter().map(|(_, read)| read.peak_resident_bytes).max().unwrap_or_default();
        let mut figures = vec![
            Figure::count("people", self.whole.people as f64),
            Figure::count("MB resident in a reader, at most", peak as f64 / MB).must(Must::NotExceed(150.0)),
        ];
        for (what, read) in readings {
            figures.push(Figure::ratio(format!("seconds for {what}"), read.seconds));
            figures.push(Figure::count(format!("requests for {what}"), read.requests as f64));
        }
        figures.push(Figure::count("429s", self.throttled as f64).must(Must::NotExceed(0.0)));
        figures
    }
}

/// Measures on the organisation of `simulation`.
///
/// # Errors
/// When Postgres or a reader does not start, or a reading does not end with what is true.
pub async fn run(settings: Settings, simulation: Simulation) -> anyhow::Result<Measured> {
    let ground = ProvingGround::open(settings, simulation).await?;
    let measured = measure(&ground).await;
    ground.close().await?;
    measured
}

async fn measure(ground: &ProvingGround) -> anyhow::Result<Measured> {
    let settings = ground.write_settings()?;
    let read = async |options: &[&str]| Reader::engage(&settings, options)?.finish(ground).await;
    let whole = read(&[]).await?;
    let again = read(&["--whole"]).await?;
    let tenth = CHANGED / 10;
    ground.turn_over(Turnover { join: tenth, change: CHANGED - 2 * tenth, leave: tenth });
    let changes = read(&[]).await?;
    anyhow::ensure!(!changes.whole && changes.left > 0, "the changes were not read as changes: {changes:?}");
    let killed = Reader::engage(&settings, &["--whole"])?;
    killed.kill_after(ground, whole.requests / 2).await?;
    let resumed = read(&[]).await?;
    anyhow::ensure!(resumed.resumed, "the reading did not go on where it was: {resumed:?}");
    ground.turn_over(Turnover { leave: tenth, ..Turnover::default() });
    ground.forget_changes(Refused::Gone);
    let forgotten = read(&[]).await?;
    anyhow::ensure!(forgotten.whole, "a forgotten place was followed: {forgotten:?}");
    anyhow::ensure!(forgotten.people == ground.people(), "not everybody is known: {forgotten:?}");
    Ok(Measured { whole, again, changes, resumed, forgotten, throttled: ground.throttled() })
}

/// A process that reads. Dropping it kills it.
struct Reader(Child);

impl Reader {
    fn engage(settings: &Path, options: &[&str]) -> anyhow::Result<Self> {
        let program = std::env::current_exe().context("cannot find the program itself")?;
        let mut command = Command::new(&program);
        command.arg("--config").arg(settings).args(["--json", "directory", "sync"]).args(options);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        Ok(Self(command.spawn().with_context(|| format!("cannot run {}", program.display()))?))
    }

    /// Waits until it ends, and looks at it meanwhile.
    async fn finish(mut self, ground: &ProvingGround) -> anyhow::Result<Read> {
        let mut peak = 0;
        let status = loop {
            // One that has just ended tells nothing any more.
            peak = peak_resident_bytes(self.0.id()).unwrap_or_default().max(peak);
            if let Some(status) = self.0.try_wait()? {
                break status;
            }
            pause(ground).await;
        };
        let output = self.0.stdout.take().context("its output was asked for")?;
        let told = std::io::read_to_string(output)?;
        anyhow::ensure!(status.success(), "a reading ended with {status}: {told}");
        let read: Read = serde_json::from_str(&told).with_context(|| format!("a reading told {told}"))?;
        Ok(Read { peak_resident_bytes: peak, ..read })
    }

    /// Kills it once it has made so many requests.
    async fn kill_after(mut self, ground: &ProvingGround, requests: u64) -> anyhow::Result<()> {
        let before = ground.directory_requests();
        while ground.directory_requests() < before + requests.max(3) {
            anyhow::ensure!(self.0.try_wait()?.is_none(), "a reading ended before it could be killed");
            pause(ground).await;
        }
        self.0.kill()?;
        self.0.wait()?;
        Ok(())
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

async fn pause(ground: &ProvingGround) {
    let clock = ground.clock();
    clock.sleep_until(clock.monotonic() + LOOK_EVERY).await;
}
