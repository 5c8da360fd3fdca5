//! The numbers, as a table for a reader. Pure.

use std::{fmt, time::Duration};

/// What was measured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// How many objects there were in the end.
    pub objects: u32,
    /// On how many follower clusters.
    pub followers: u32,
    /// The operator's binary, in bytes.
    pub binary_bytes: u64,
    /// Memory (resident set size) with no object, in bytes.
    pub rss_idle: u64,
    /// Memory with all objects at rest, in bytes.
    pub rss_full: u64,
    /// The first attach, alone.
    pub one_attach: OneAttach,
    /// From the second object's creation until all were Ready.
    pub all_ready: Duration,
    /// All objects, with nothing to do.
    pub at_rest: AtRest,
    /// From SIGTERM to the end.
    pub to_stop: Duration,
}

/// One attach with nothing beside it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OneAttach {
    /// How long Azure's operation takes.
    pub operation: Duration,
    /// From the creation of the object to Ready.
    pub to_ready: Duration,
    /// Calls of any kind.
    pub arm_calls: usize,
}

/// Some intervals with nothing to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AtRest {
    /// How many.
    pub intervals: u32,
    /// Reads of ARM in all of them.
    pub reads: usize,
    /// Writes to ARM.
    pub writes: usize,
    /// Objects whose `resourceVersion` changed.
    pub objects_changed: usize,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            objects,
            followers,
            binary_bytes,
            rss_idle,
            rss_full,
            one_attach,
            all_ready,
            at_rest,
            to_stop,
        } = self;
        let seconds = |duration: &Duration| format!("{:.1} s", duration.as_secs_f64());
        let rows = [
            ("binary", megabytes(*binary_bytes)),
            ("memory, no object", megabytes(*rss_idle)),
            (
                "one attach: time to Ready",
                format!(
                    "{} (operation: {})",
                    seconds(&one_attach.to_ready),
                    seconds(&one_attach.operation)
                ),
            ),
            ("one attach: ARM calls", one_attach.arm_calls.to_string()),
            (
                "all Ready",
                format!(
                    "{} ({objects} objects on {followers} followers)",
                    seconds(all_ready)
                ),
            ),
            ("memory, all objects", megabytes(*rss_full)),
            (
                "at rest: ARM reads, ARM writes, objects changed",
                format!(
                    "{}, {}, {} (in {} intervals)",
                    at_rest.reads, at_rest.writes, at_rest.objects_changed, at_rest.intervals
                ),
            ),
            ("stop after SIGTERM", seconds(to_stop)),
        ];
        writeln!(f, "| What | Measured |\n|---|---|")?;
        for (what, measured) in rows {
            writeln!(f, "| {what} | {measured} |")?;
        }
        Ok(())
    }
}

fn megabytes(bytes: u64) -> String {
    let tenths = bytes / 100_000;
    format!("{}.{} MB", tenths / 10, tenths % 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_in_megabytes_with_one_digit() {
        assert_eq!(megabytes(15_260_000), "15.2 MB");
        assert_eq!(megabytes(0), "0.0 MB");
    }

    #[test]
    fn each_number_has_a_row() {
        let report = Report {
            objects: 200,
            followers: 20,
            binary_bytes: 1_000_000,
            rss_idle: 2_000_000,
            rss_full: 3_000_000,
            one_attach: OneAttach {
                operation: Duration::from_secs(5),
                to_ready: Duration::from_millis(5500),
                arm_calls: 7,
            },
            all_ready: Duration::from_mins(1),
            at_rest: AtRest {
                intervals: 5,
                reads: 300,
                writes: 0,
                objects_changed: 0,
            },
            to_stop: Duration::from_millis(100),
        };
        let text = report.to_string();
        assert!(text.contains("| one attach: time to Ready | 5.5 s (operation: 5.0 s) |"));
        assert!(text.contains("| 300, 0, 0 (in 5 intervals) |"));
        assert_eq!(text.lines().count(), 10);
    }
}
