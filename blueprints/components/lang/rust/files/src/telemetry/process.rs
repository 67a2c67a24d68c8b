//! What the process takes of its machine, as Linux tells it in /proc.

use std::fs;

use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;

/// The kernel's unit of CPU time in /proc, the same on every architecture that Linux runs on today.
const TICKS_PER_SECOND: f64 = 100.0;

/// A metric of the process, under the name that Prometheus's client libraries share.
pub struct Metric {
    /// Without the `_total` of a counter.
    pub name: &'static str,
    pub help: &'static str,
    pub counts: bool,
    /// Reads its value now.
    pub value: fn() -> Option<f64>,
}

pub const METRICS: [Metric; 3] = [
    Metric {
        name: "process_resident_memory_bytes",
        help: "Resident memory of the process",
        counts: false,
        value: resident_bytes,
    },
    Metric { name: "process_open_fds", help: "Open file descriptors", counts: false, value: open_files },
    Metric {
        name: "process_cpu_seconds",
        help: "CPU time of the process, in user and kernel mode",
        counts: true,
        value: cpu_seconds,
    },
];

fn resident_bytes() -> Option<f64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let kibibytes = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?.split_whitespace().next()?;
    Some(kibibytes.parse::<f64>().ok()? * 1024.0)
}

fn open_files() -> Option<f64> {
    let count = fs::read_dir("/proc/self/fd").ok()?.count();
    // One of them is the directory that is being read.
    u32::try_from(count.saturating_sub(1)).ok().map(f64::from)
}

fn cpu_seconds() -> Option<f64> {
    let stat = fs::read_to_string("/proc/self/stat").ok()?;
    // The second field is the program's name in parentheses, which may hold spaces; utime and stime are the 14th and 15th.
    let (_, fields) = stat.rsplit_once(") ")?;
    let mut times = fields.split_whitespace().skip(11).map_while(|ticks| ticks.parse::<f64>().ok());
    Some((times.next()? + times.next()?) / TICKS_PER_SECOND)
}

/// Reads the metrics at every scrape.
#[derive(Debug)]
pub struct Collector;

impl prometheus_client::collector::Collector for Collector {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), std::fmt::Error> {
        for metric in &METRICS {
            let Some(value) = (metric.value)() else { continue };
            if metric.counts {
                let encoder = encoder.encode_descriptor(metric.name, metric.help, None, MetricType::Counter)?;
                ConstCounter::new(value).encode(encoder)?;
            } else {
                let encoder = encoder.encode_descriptor(metric.name, metric.help, None, MetricType::Gauge)?;
                ConstGauge::new(value).encode(encoder)?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;

    #[test]
    fn the_values_are_those_of_this_process() {
        let resident = resident_bytes().unwrap();
        assert!(resident > 1e6 && resident < 1e9, "{resident} bytes");

        let open = open_files().unwrap();
        assert!(open >= 3.0, "{open} open files");

        let before = cpu_seconds().unwrap();
        let start = Instant::now();
        while start.elapsed() < Duration::from_millis(100) {
            std::hint::spin_loop();
        }
        assert!(cpu_seconds().unwrap() > before, "no CPU time in 100 ms of work");
    }
}
