//! What a process has used of the machine, by the kernel's own count.

use anyhow::Context;

/// Source: proc(5): times in `/proc/<pid>/stat` are in ticks of `sysconf(_SC_CLK_TCK)`, which is 100 on every Linux.
const TICKS_PER_SECOND: f64 = 100.0;

/// Seconds of processor time that process `pid` has used, in user and kernel mode, over all its threads.
///
/// # Errors
/// When there is no such process, or the system does not tell: anything but Linux.
pub fn cpu_seconds(pid: u32) -> anyhow::Result<f64> {
    let path = format!("/proc/{pid}/stat");
    let stat = std::fs::read_to_string(&path).with_context(|| untold(&path))?;
    used(&stat).with_context(|| untold(&path))
}

/// The most memory that process `pid` ever held at once, in bytes.
///
/// # Errors
/// As [`cpu_seconds`].
pub fn peak_resident_bytes(pid: u32) -> anyhow::Result<u64> {
    let path = format!("/proc/{pid}/status");
    let status = std::fs::read_to_string(&path).with_context(|| untold(&path))?;
    peak(&status).with_context(|| untold(&path))
}

fn untold(path: &str) -> String {
    format!("{path} does not tell what a process uses: measure on Linux")
}

/// User and kernel time are fields 14 and 15; the name before them stands in parentheses and may hold any character.
fn used(stat: &str) -> Option<f64> {
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace().skip(11);
    let (user, kernel): (f64, f64) = (fields.next()?.parse().ok()?, fields.next()?.parse().ok()?);
    Some((user + kernel) / TICKS_PER_SECOND)
}

fn peak(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(line.trim().strip_suffix(" kB")?.trim().parse::<u64>().ok()? * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_found_behind_a_name_with_parentheses() {
        let stat = "7 (a) b) R 1 7 7 0 -1 4194304 100 0 0 0 250 50 0 0 20 0 4 0 12345 0 0";
        assert_eq!(used(stat), Some(3.0));
        assert_eq!(used("7 (a"), None);
    }

    #[test]
    fn the_peak_is_told_in_bytes() {
        assert_eq!(peak("Name:\tx\nVmHWM:\t    2048 kB\nVmRSS:\t 1 kB\n"), Some(2_097_152));
        assert_eq!(peak("Name:\tx\n"), None);
    }
}
