//! What this process and the database beside it use of the machine, as the kernel counts it.

use std::fs;

/// Ticks of the kernel's clock in a second: what `/proc` counts in on every Linux that we run on.
const TICKS: f64 = 100.0;

/// Counted since the processes began; memory as it is now.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Usage {
    /// Seconds of a processor that this process used.
    pub cpu_seconds: f64,
    /// Seconds of a processor that Postgres used, over all of its processes that are there.
    pub database_cpu_seconds: f64,
    /// Bytes of memory that this process holds.
    pub resident_bytes: u64,
}

impl Usage {
    /// At this instant. What the system does not tell is zero.
    pub fn now(postmaster: Option<u32>) -> Self {
        let own = fs::read_to_string("/proc/self/stat").ok().and_then(|stat| Ticks::of(&stat));
        let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
        let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kilobytes = resident.and_then(|text| text.trim().strip_suffix(" kB")?.trim().parse::<u64>().ok());
        Self {
            cpu_seconds: own.map_or(0.0, |ticks| ticks.own as f64 / TICKS),
            database_cpu_seconds: postmaster.map_or(0.0, family_seconds),
            resident_bytes: kilobytes.unwrap_or_default() * 1024,
        }
    }
}

/// What a process used, and who its parent is.
struct Ticks {
    parent: u32,
    own: u64,
    /// Of children that have ended.
    children: u64,
}

impl Ticks {
    /// Reads a line of `/proc/…/stat`; the name, which may hold anything, ends at the last bracket.
    fn of(stat: &str) -> Option<Self> {
        let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
        let number = |place: usize| fields.get(place)?.parse::<u64>().ok();
        Some(Self {
            parent: u32::try_from(number(1)?).ok()?,
            own: number(11)? + number(12)?,
            children: number(13)? + number(14)?,
        })
    }
}

/// A process and its children, those that have ended included.
fn family_seconds(head: u32) -> f64 {
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    let ticks = processes.filter_map(|entry| {
        let pid: u32 = entry.file_name().to_str()?.parse().ok()?;
        let ticks = Ticks::of(&fs::read_to_string(entry.path().join("stat")).ok()?)?;
        match pid == head {
            true => Some(ticks.own + ticks.children),
            false => (ticks.parent == head).then_some(ticks.own),
        }
    });
    ticks.sum::<u64>() as f64 / TICKS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_read_whatever_the_process_is_called() {
        let line = "42 (a (strange) name) S 7 42 42 0 -1 4194304 1 2 3 4 150 50 30 20 20 0 1 0 100 1 1";
        let ticks = Ticks::of(line).unwrap();
        assert_eq!((ticks.parent, ticks.own, ticks.children), (7, 200, 50));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_process_knows_that_it_has_memory() {
        assert!(Usage::now(None).resident_bytes > 1_000_000);
    }
}
