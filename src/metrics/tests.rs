//! The table and the page agree, and each method moves what it says.

use std::collections::{BTreeMap, BTreeSet};

use tokio::time::advance;

use crate::readiness::{LivenessLimits, WatchSign};

use super::*;

fn metrics() -> (Arc<Metrics>, Liveness) {
    let liveness = Liveness::new(LivenessLimits::default());
    let concurrency = NonZeroU16::new(8).unwrap();
    let metrics = Arc::new(Metrics::new(concurrency, liveness.clone()));
    (metrics, liveness)
}

/// The value of the sample that is written exactly like `series`.
fn value(metrics: &Metrics, series: &str) -> Option<f64> {
    metrics
        .encode()
        .lines()
        .find_map(|line| line.strip_prefix(series)?.strip_prefix(' ')?.parse().ok())
}

fn touch_everything(metrics: &Arc<Metrics>, liveness: &Liveness) {
    metrics
        .reconcile_started()
        .finish(ReconcileResult::TimedOut);
    metrics.operation_finished(
        OperationKind::Attach,
        OperationResult::Succeeded,
        Duration::from_secs(20),
    );
    metrics.drift_corrected();
    metrics.observe(
        ArmCall::PutConfiguration,
        CallResult::Status(201),
        Duration::from_millis(80),
    );
    metrics.count_objects(|| Population {
        leads: Some(false),
        ..Population::default()
    });
    liveness.watch(WatchSign::Heard);
}

#[test]
fn the_page_has_exactly_the_metrics_of_the_table_with_their_help_kind_and_labels() {
    let (metrics, liveness) = metrics();
    touch_everything(&metrics, &liveness);
    let page = metrics.encode();
    let mut served: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for line in page.lines().filter(|line| !line.starts_with('#')) {
        let name = line.split(['{', ' ']).next().unwrap();
        let name = ["_bucket", "_sum", "_count"]
            .iter()
            .find_map(|suffix| name.strip_suffix(suffix))
            .unwrap_or(name);
        let labels = line
            .split_once('{')
            .and_then(|(_, rest)| rest.split_once('}'))
            .map_or("", |(labels, _)| labels);
        let names = labels
            .split(',')
            .filter_map(|label| label.split_once('=').map(|(name, _)| name.to_owned()))
            .filter(|name| name != "le");
        served.entry(name.to_owned()).or_default().extend(names);
    }
    for Definition {
        name,
        kind,
        labels,
        help,
    } in table::TABLE
    {
        let expected: BTreeSet<String> = labels.iter().map(ToString::to_string).collect();
        assert_eq!(served.remove(name), Some(expected), "{name}");
        let (family, word) = match kind {
            Kind::Counter => (name.strip_suffix("_total").unwrap(), "counter"),
            Kind::Gauge => (name, "gauge"),
            Kind::Histogram(_) => (name, "histogram"),
            Kind::Info => (name.strip_suffix("_info").unwrap(), "info"),
        };
        assert!(
            page.contains(&format!("# HELP {family} {help}.\n")),
            "{name}"
        );
        assert!(
            page.contains(&format!("# TYPE {family} {word}\n")),
            "{name}"
        );
    }
    assert_eq!(served, BTreeMap::new());
    assert!(page.ends_with("# EOF\n"));
}

#[test]
fn histogram_bounds_ascend() {
    for definition in table::TABLE {
        if let Kind::Histogram(bounds) = definition.kind {
            assert!(bounds.is_sorted_by(|a, b| a < b), "{}", definition.name);
        }
    }
}

#[test]
fn series_that_are_known_beforehand_start_at_zero() {
    let (metrics, _) = metrics();
    for series in [
        r#"controller_runtime_reconcile_total{controller="attacheddatabase",result="success"}"#,
        r#"controller_runtime_reconcile_total{controller="attacheddatabase",result="error"}"#,
        r#"controller_runtime_reconcile_errors_total{controller="attacheddatabase"}"#,
        r#"workqueue_retries_total{name="attacheddatabase",controller="attacheddatabase"}"#,
        r#"adx_follower_arm_operation_duration_seconds_count{kind="detach",result="failed"}"#,
        "adx_follower_drift_corrections_total",
    ] {
        assert_eq!(value(&metrics, series), Some(0.0), "{series}");
    }
    let limit = r#"controller_runtime_max_concurrent_reconciles{controller="attacheddatabase"}"#;
    assert_eq!(value(&metrics, limit), Some(8.0));
}

#[tokio::test(start_paused = true)]
async fn a_reconcile_counts_as_running_until_it_is_finished_or_dropped() {
    let (metrics, _) = metrics();
    let active = r#"controller_runtime_active_workers{controller="attacheddatabase"}"#;
    let queue = r#"{name="attacheddatabase",controller="attacheddatabase"}"#;
    let longest = format!("workqueue_longest_running_processor_seconds{queue}");
    let unfinished = format!("workqueue_unfinished_work_seconds{queue}");

    let first = metrics.reconcile_started();
    advance(Duration::from_secs(2)).await;
    let second = metrics.reconcile_started();
    advance(Duration::from_secs(1)).await;
    assert_eq!(value(&metrics, active), Some(2.0));
    assert_eq!(value(&metrics, &longest), Some(3.0));
    assert_eq!(value(&metrics, &unfinished), Some(4.0));

    first.finish(ReconcileResult::RequeueAfter);
    drop(second);
    assert_eq!(value(&metrics, active), Some(0.0));
    assert_eq!(value(&metrics, &longest), Some(0.0));
    let controller = r#"{controller="attacheddatabase"}"#;
    let count = format!("controller_runtime_reconcile_time_seconds_count{controller}");
    let sum = format!("controller_runtime_reconcile_time_seconds_sum{controller}");
    assert_eq!(
        value(&metrics, &count),
        Some(1.0),
        "the dropped one has no result"
    );
    assert_eq!(value(&metrics, &sum), Some(3.0));
}

#[test]
fn a_timeout_is_an_error_too() {
    let (metrics, _) = metrics();
    metrics.reconcile_finished(ReconcileResult::Error, Duration::ZERO);
    metrics.reconcile_finished(ReconcileResult::TimedOut, Duration::ZERO);
    let controller = r#"{controller="attacheddatabase"}"#;
    for (name, expected) in [
        ("controller_runtime_reconcile_errors_total", 2.0),
        ("controller_runtime_reconcile_timeouts_total", 1.0),
    ] {
        assert_eq!(
            value(&metrics, &format!("{name}{controller}")),
            Some(expected),
            "{name}"
        );
    }
    let errors =
        r#"controller_runtime_reconcile_total{controller="attacheddatabase",result="error"}"#;
    assert_eq!(value(&metrics, errors), Some(2.0));
}

#[test]
fn arm_calls_are_counted_by_operation_and_code() {
    let (metrics, _) = metrics();
    let call = ArmCall::GetConfiguration;
    metrics.observe(call, CallResult::Status(429), Duration::from_secs(1));
    metrics.observe(call, CallResult::NoAnswer, Duration::from_secs(30));
    let operation = call.as_str();
    for code in ["429", "no_answer"] {
        let series =
            format!("adx_follower_arm_requests_total{{operation=\"{operation}\",code=\"{code}\"}}");
        assert_eq!(value(&metrics, &series), Some(1.0), "{series}");
    }
    let seconds =
        format!("adx_follower_arm_request_duration_seconds_sum{{operation=\"{operation}\"}}");
    assert_eq!(value(&metrics, &seconds), Some(31.0));
}

#[tokio::test(start_paused = true)]
async fn what_is_not_known_yet_is_not_served() {
    let (metrics, liveness) = metrics();
    assert_eq!(
        value(&metrics, r#"adx_follower_objects{ready="True"}"#),
        None
    );
    assert_eq!(
        value(&metrics, "adx_follower_watch_last_event_age_seconds"),
        None
    );

    liveness.watch(WatchSign::Heard);
    advance(Duration::from_secs(7)).await;
    metrics.count_objects(|| Population {
        ready: 3,
        not_ready: 1,
        unknown: 2,
        waiting_in_lane: 2,
        identities: 4,
        leads: Some(true),
    });
    for (series, expected) in [
        (r#"adx_follower_objects{ready="True"}"#, 3.0),
        (r#"adx_follower_objects{ready="False"}"#, 1.0),
        (r#"adx_follower_objects{ready="Unknown"}"#, 2.0),
        ("adx_follower_lane_waiting", 2.0),
        ("adx_follower_identities", 4.0),
        (
            r#"leader_election_master_status{name="adx-follower-operator"}"#,
            1.0,
        ),
        ("adx_follower_watch_last_event_age_seconds", 7.0),
    ] {
        assert_eq!(value(&metrics, series), Some(expected), "{series}");
    }
}
