//! What was measured on: figures without their machine say little.

use serde::Serialize;

/// A machine, as its kernel describes it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Machine {
    /// The processor's name.
    pub(super) processor: String,
    /// How many of its cores there are for us.
    pub(super) cores: usize,
    /// Memory in GB.
    pub(super) memory_gb: f64,
    /// Processes that wanted a core, over the minute before: above the number of cores, others were at work.
    pub(super) load: f64,
}

impl Machine {
    /// This one.
    pub(super) fn this() -> Self {
        let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
        Self {
            processor: processor(&read("/proc/cpuinfo")).unwrap_or("of an unknown kind").to_owned(),
            cores: std::thread::available_parallelism().map_or(1, Into::into),
            memory_gb: memory_gb(&read("/proc/meminfo")).unwrap_or_default(),
            load: read("/proc/loadavg").split(' ').next().and_then(|load| load.parse().ok()).unwrap_or_default(),
        }
    }
}

fn processor(cpuinfo: &str) -> Option<&str> {
    let line = cpuinfo.lines().find(|line| line.starts_with("model name"))?;
    Some(line.split_once(':')?.1.trim())
}

fn memory_gb(meminfo: &str) -> Option<f64> {
    let line = meminfo.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    Some(line.trim().strip_suffix(" kB")?.parse::<f64>().ok()? * 1024.0 / 1e9)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_machine_is_read_from_what_its_kernel_says() {
        assert_eq!(processor("processor\t: 0\nmodel name\t: Fast(R) CPU\n"), Some("Fast(R) CPU"));
        assert_eq!(processor("nothing"), None);
        assert_eq!(memory_gb("MemTotal:       1000000 kB\n"), Some(1.024));
    }
}
