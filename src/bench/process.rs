//! What processes use of the machine, by the kernel's own count.

use std::fs;

use anyhow::Context;

/// Source: proc(5): times in `/proc/<pid>/stat` are in ticks of `sysconf(_SC_CLK_TCK)`, which is 100 on every Linux.
const TICKS_PER_SECOND: f64 = 100.0;

/// Seconds of processor time that process `pid` has used, in user and kernel mode, over all its threads.
///
/// # Errors
/// When there is no such process, or the system does not tell: anything but Linux.
pub fn cpu_seconds(pid: u32) -> anyhow::Result<f64> {
    let (path, stat) = read(pid, "stat")?;
    let times = Times::of(&stat).with_context(|| untold(&path))?;
    Ok(times.own)
}

/// The same of process `head` and all its children, those that have ended included: a Postgres.
///
/// # Errors
/// As [`cpu_seconds`].
pub fn family_cpu_seconds(head: u32) -> anyhow::Result<f64> {
    let (path, stat) = read(head, "stat")?;
    let ancestor = Times::of(&stat).with_context(|| untold(&path))?;
    let processes = fs::read_dir("/proc").with_context(|| untold("/proc"))?.flatten();
    let pids = processes.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    // Whoever ends meanwhile is counted with its parent the next time.
    let times = pids.filter_map(|pid| Times::of(&read(pid, "stat").ok()?.1));
    Ok(ancestor.own + ancestor.ended_children + times.filter(|it| it.parent == head).map(|it| it.own).sum::<f64>())
}

/// The most memory that process `pid` ever held at once, in bytes.
///
/// # Errors
/// As [`cpu_seconds`].
pub fn peak_resident_bytes(pid: u32) -> anyhow::Result<u64> {
    bytes(pid, "VmHWM:")
}

/// The memory that process `pid` holds now, in bytes.
///
/// # Errors
/// As [`cpu_seconds`].
pub fn resident_bytes(pid: u32) -> anyhow::Result<u64> {
    bytes(pid, "VmRSS:")
}

fn bytes(pid: u32, name: &str) -> anyhow::Result<u64> {
    let (path, status) = read(pid, "status")?;
    kilobytes(&status, name).map(|kilobytes| kilobytes * 1024).with_context(|| untold(&path))
}

fn read(pid: u32, file: &str) -> anyhow::Result<(String, String)> {
    let path = format!("/proc/{pid}/{file}");
    let text = fs::read_to_string(&path).with_context(|| untold(&path))?;
    Ok((path, text))
}

fn untold(path: &str) -> String {
    format!("{path} does not tell what a process uses: measure on Linux")
}

/// Processor time, in seconds, and whose child it is.
#[derive(Debug, PartialEq)]
struct Times {
    parent: u32,
    own: f64,
    ended_children: f64,
}

impl Times {
    /// Reads a line of `stat`; the name, which may hold any character, ends at the last parenthesis.
    fn of(stat: &str) -> Option<Self> {
        let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
        let ticks = |place: usize| fields.get(place)?.parse::<f64>().ok();
        Some(Self {
            parent: fields.get(1)?.parse().ok()?,
            own: (ticks(11)? + ticks(12)?) / TICKS_PER_SECOND,
            ended_children: (ticks(13)? + ticks(14)?) / TICKS_PER_SECOND,
        })
    }
}

fn kilobytes(status: &str, name: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    line.trim().strip_suffix(" kB")?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_found_behind_a_name_with_parentheses() {
        let stat = "42 (a) b) R 7 7 7 0 -1 4194304 100 0 0 0 250 50 20 10 20 0 4 0 12345 0 0";
        assert_eq!(Times::of(stat), Some(Times { parent: 7, own: 3.0, ended_children: 0.3 }));
        assert_eq!(Times::of("7 (a"), None);
    }

    #[test]
    fn memory_is_told_in_kilobytes() {
        let status = "Name:\tx\nVmHWM:\t    2048 kB\nVmRSS:\t 1 kB\n";
        assert_eq!((kilobytes(status, "VmHWM:"), kilobytes(status, "VmRSS:")), (Some(2048), Some(1)));
        assert_eq!(kilobytes("Name:\tx\n", "VmHWM:"), None);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_process_knows_that_it_has_memory_and_a_family() {
        let me = std::process::id();
        assert!(resident_bytes(me).unwrap() > 1_000_000);
        assert!(family_cpu_seconds(me).unwrap() >= 0.0);
    }
}
