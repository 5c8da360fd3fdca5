//! Owns the table of all metrics: name, kind, labels, help. Whatever `/metrics` serves stands here. Pure.

/// One metric, as it is scraped.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Definition {
    /// The name, `_total` included for a counter.
    pub name: &'static str,
    /// What kind of samples it has.
    pub kind: Kind,
    /// The names of its labels. Their values come from enums, never from an object's name.
    pub labels: &'static [&'static str],
    /// One sentence without its full stop, with the unit where there is one.
    pub help: &'static str,
}

/// A kind of metric.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Kind {
    /// Only grows.
    Counter,
    /// Goes up and down.
    Gauge,
    /// Observations in seconds, counted per upper bound.
    Histogram(&'static [f64]),
    /// A constant 1 whose labels tell something.
    Info,
}

/// Seconds of one reconcile: from a look at the cache to one that waits for ARM (its writes may take 75 s).
const RECONCILE_SECONDS: &[f64] = &[
    0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 20.0, 30.0, 40.0, 50.0, 60.0,
];

/// Seconds of one ARM call; its gateway gives up after 60 s.
const CALL_SECONDS: &[f64] = &[
    0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 20.0, 30.0, 60.0,
];

/// Seconds of one operation on a follower cluster: usually well under a minute, at worst hours.
const OPERATION_SECONDS: &[f64] = &[
    5.0, 10.0, 20.0, 30.0, 45.0, 60.0, 90.0, 120.0, 300.0, 600.0, 1_800.0, 3_600.0,
];

/// `controller_runtime_reconcile_total`
pub const RECONCILE_TOTAL: Definition = Definition {
    name: "controller_runtime_reconcile_total",
    kind: Kind::Counter,
    labels: &["controller", "result"],
    help: "Reconciles, by result (success, error, requeue_after)",
};

/// `controller_runtime_reconcile_errors_total`
pub const RECONCILE_ERRORS_TOTAL: Definition = Definition {
    name: "controller_runtime_reconcile_errors_total",
    kind: Kind::Counter,
    labels: &["controller"],
    help: "Reconciles that failed, those that ran out of time included",
};

/// `controller_runtime_reconcile_timeouts_total`
pub const RECONCILE_TIMEOUTS_TOTAL: Definition = Definition {
    name: "controller_runtime_reconcile_timeouts_total",
    kind: Kind::Counter,
    labels: &["controller"],
    help: "Reconciles that ran out of time",
};

/// `controller_runtime_reconcile_time_seconds`
pub const RECONCILE_TIME_SECONDS: Definition = Definition {
    name: "controller_runtime_reconcile_time_seconds",
    kind: Kind::Histogram(RECONCILE_SECONDS),
    labels: &["controller"],
    help: "Seconds of one reconcile",
};

/// `controller_runtime_max_concurrent_reconciles`
pub const MAX_CONCURRENT_RECONCILES: Definition = Definition {
    name: "controller_runtime_max_concurrent_reconciles",
    kind: Kind::Gauge,
    labels: &["controller"],
    help: "Reconciles that may run at a time",
};

/// `controller_runtime_active_workers`
pub const ACTIVE_WORKERS: Definition = Definition {
    name: "controller_runtime_active_workers",
    kind: Kind::Gauge,
    labels: &["controller"],
    help: "Reconciles that run now",
};

/// `workqueue_retries_total`
pub const RETRIES_TOTAL: Definition = Definition {
    name: "workqueue_retries_total",
    kind: Kind::Counter,
    labels: &["name", "controller"],
    help: "Objects put back in the queue because their reconcile failed",
};

/// `workqueue_work_duration_seconds`
pub const WORK_DURATION_SECONDS: Definition = Definition {
    name: "workqueue_work_duration_seconds",
    kind: Kind::Histogram(RECONCILE_SECONDS),
    labels: &["name", "controller"],
    help: "Seconds from taking an object out of the queue to being done with it",
};

/// `workqueue_unfinished_work_seconds`
pub const UNFINISHED_WORK_SECONDS: Definition = Definition {
    name: "workqueue_unfinished_work_seconds",
    kind: Kind::Gauge,
    labels: &["name", "controller"],
    help: "Seconds that the reconciles under way have taken so far, all together",
};

/// `workqueue_longest_running_processor_seconds`
pub const LONGEST_RUNNING_SECONDS: Definition = Definition {
    name: "workqueue_longest_running_processor_seconds",
    kind: Kind::Gauge,
    labels: &["name", "controller"],
    help: "Seconds that the longest of the reconciles under way has taken so far",
};

/// `adx_follower_arm_requests_total`
pub const ARM_REQUESTS_TOTAL: Definition = Definition {
    name: "adx_follower_arm_requests_total",
    kind: Kind::Counter,
    labels: &["operation", "code"],
    help: "Requests to Azure Resource Manager, by operation and HTTP status; code no_answer if none came",
};

/// `adx_follower_arm_request_duration_seconds`
pub const ARM_REQUEST_DURATION_SECONDS: Definition = Definition {
    name: "adx_follower_arm_request_duration_seconds",
    kind: Kind::Histogram(CALL_SECONDS),
    labels: &["operation"],
    help: "Seconds of one request to Azure Resource Manager",
};

/// `adx_follower_arm_operation_duration_seconds`
pub const OPERATION_DURATION_SECONDS: Definition = Definition {
    name: "adx_follower_arm_operation_duration_seconds",
    kind: Kind::Histogram(OPERATION_SECONDS),
    labels: &["kind", "result"],
    help: "Seconds of one operation on a follower cluster, from the request to its observed end",
};

/// `adx_follower_drift_corrections_total`
pub const DRIFT_CORRECTIONS_TOTAL: Definition = Definition {
    name: "adx_follower_drift_corrections_total",
    kind: Kind::Counter,
    labels: &[],
    help: "Writes that put a changed configuration back to what is declared",
};

/// `adx_follower_objects`
pub const OBJECTS: Definition = Definition {
    name: "adx_follower_objects",
    kind: Kind::Gauge,
    labels: &["ready"],
    help: "AttachedDatabase objects in the cache, by the status of their condition Ready",
};

/// `adx_follower_lane_waiting`
pub const LANE_WAITING: Definition = Definition {
    name: "adx_follower_lane_waiting",
    kind: Kind::Gauge,
    labels: &[],
    help: "Objects that wait in line because their follower cluster is busy with another operation",
};

/// `adx_follower_watch_last_event_age_seconds`
pub const WATCH_AGE_SECONDS: Definition = Definition {
    name: "adx_follower_watch_last_event_age_seconds",
    kind: Kind::Gauge,
    labels: &[],
    help: "Seconds since the watch last heard the API server; absent before the first time",
};

/// `adx_follower_build_info`
pub const BUILD_INFO: Definition = Definition {
    name: "adx_follower_build_info",
    kind: Kind::Info,
    labels: &["version"],
    help: "The version that runs",
};

/// `leader_election_master_status`
pub const LEADER: Definition = Definition {
    name: "leader_election_master_status",
    kind: Kind::Gauge,
    labels: &["name"],
    help: "1 if this replica holds the lease and acts, 0 if another one does; absent without leader election",
};

/// `adx_follower_allow_all`
pub const ALLOW_ALL: Definition = Definition {
    name: "adx_follower_allow_all",
    kind: Kind::Gauge,
    labels: &[],
    help: "1 if every object may use the operator's identity without an AttachmentPolicy, else 0",
};

/// `adx_follower_identities`
pub const IDENTITIES: Definition = Definition {
    name: "adx_follower_identities",
    kind: Kind::Gauge,
    labels: &[],
    help: "Azure identities in use: the operator's, and those of service accounts",
};

/// Every metric, in the order in which it is served.
pub const TABLE: [Definition; 21] = [
    RECONCILE_TOTAL,
    RECONCILE_ERRORS_TOTAL,
    RECONCILE_TIMEOUTS_TOTAL,
    RECONCILE_TIME_SECONDS,
    MAX_CONCURRENT_RECONCILES,
    ACTIVE_WORKERS,
    RETRIES_TOTAL,
    WORK_DURATION_SECONDS,
    UNFINISHED_WORK_SECONDS,
    LONGEST_RUNNING_SECONDS,
    ARM_REQUESTS_TOTAL,
    ARM_REQUEST_DURATION_SECONDS,
    OPERATION_DURATION_SECONDS,
    DRIFT_CORRECTIONS_TOTAL,
    OBJECTS,
    LANE_WAITING,
    WATCH_AGE_SECONDS,
    LEADER,
    IDENTITIES,
    ALLOW_ALL,
    BUILD_INFO,
];
