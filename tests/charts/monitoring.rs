//! Alerts and the dashboard ask for metrics that the program has.

use std::{collections::BTreeSet, fs};

use adx_follower_operator::metrics::table::{Definition, Kind, TABLE};
use serde_json::Value;

use super::helm::{CHART, rendered, rendered_with, root};
use super::objects::{id, list, text, the};

/// Labels that Prometheus adds to each sample of a Pod, or that belong to a histogram.
const ADDED: [&str; 3] = ["namespace", "pod", "le"];

/// The words of an expression that are names of metrics, by how they begin.
fn metrics(expression: &str) -> Vec<&str> {
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    expression
        .split(|c: char| !is_name(c))
        .filter(|word| {
            [
                "adx_",
                "controller_runtime_",
                "workqueue_",
                "leader_election_",
                "rest_client_",
            ]
            .iter()
            .any(|prefix| word.starts_with(prefix))
        })
        .collect()
}

/// The text without what stands between `open` and `close`.
fn strip(text: &str, open: char, close: char) -> String {
    let (mut out, mut is_inside) = (String::new(), false);
    for c in text.chars() {
        match (is_inside, c) {
            (false, c) if c == open => is_inside = true,
            (true, c) if c == close => is_inside = false,
            (false, c) => out.push(c),
            (true, _) => {}
        }
    }
    out
}

/// The definition of a metric, or of the histogram that the series belongs to.
fn definition(name: &str) -> Definition {
    let of = |wanted: &str| TABLE.into_iter().find(|metric| metric.name == wanted);
    let histogram = ["_bucket", "_sum", "_count"].iter().find_map(|end| {
        of(name.strip_suffix(end)?).filter(|metric| matches!(metric.kind, Kind::Histogram(_)))
    });
    let found =
        histogram.or_else(|| of(name).filter(|metric| !matches!(metric.kind, Kind::Histogram(_))));
    found.unwrap_or_else(|| panic!("there is no metric {name}"))
}

/// The labels that are matched or grouped by in an expression of one metric or several.
fn labels(expression: &str) -> BTreeSet<String> {
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let mut found = BTreeSet::new();
    for part in expression.split('{').skip(1) {
        let inside = strip(part.split('}').next().unwrap(), '"', '"');
        found.extend(
            inside
                .split(|c: char| !is_name(c))
                .filter(|word| !word.is_empty())
                .map(str::to_owned),
        );
    }
    for keyword in ["by (", "on ("] {
        for part in expression.split(keyword).skip(1) {
            let inside = part.split(')').next().unwrap();
            found.extend(inside.split(',').map(|label| label.trim().to_owned()));
        }
    }
    found
}

fn check(expression: &str) {
    let names = metrics(expression);
    assert!(!names.is_empty(), "{expression}");
    let known: BTreeSet<&str> = names
        .iter()
        .flat_map(|name| definition(name).labels.iter().copied())
        .collect();
    for label in labels(expression) {
        assert!(
            ADDED.contains(&label.as_str()) || known.contains(label.as_str()),
            "{label} in {expression}"
        );
    }
    let (opened, closed) = (
        expression.matches(['(', '{', '[']).count(),
        expression.matches([')', '}', ']']).count(),
    );
    assert_eq!(opened, closed, "{expression}");
}

fn alerts() -> Vec<Value> {
    let found = rendered_with(&["metrics.prometheusRule.enabled=true"]);
    list(&the(&found, "PrometheusRule")["spec"]["groups"][0]["rules"]).to_vec()
}

#[test]
fn the_alerts_ask_for_metrics_and_labels_that_exist() {
    let alerts = alerts();
    assert!(alerts.len() > 8);
    let mut names = BTreeSet::new();
    for alert in &alerts {
        let name = text(alert, "/alert");
        assert!(
            names.insert(name) && name.starts_with("AdxFollower"),
            "{name}"
        );
        check(text(alert, "/expr"));
        assert!(text(alert, "/expr").contains("namespace=\"adx-follower-system\",pod=~\"adx-follower-operator-[a-z0-9]+-[a-z0-9]+\""), "{name}");
        assert!(
            ["critical", "warning", "info"].contains(&text(alert, "/labels/severity")),
            "{name}"
        );
        assert!(text(alert, "/for").ends_with(['m', 'h']), "{name}");
        assert!(
            text(alert, "/annotations/summary").len() > 10
                && text(alert, "/annotations/description").len() > 10
        );
        let runbook = text(alert, "/annotations/runbook_url");
        assert!(
            runbook.ends_with(&format!("docs/troubleshooting.md#{}", name.to_lowercase())),
            "{runbook}"
        );
    }
}

#[test]
fn a_metric_that_is_not_there_would_be_noticed() {
    for expression in [
        "adx_follower_objectz > 0",
        "sum by (name) (adx_follower_objects)",
        "adx_follower_arm_request_duration_seconds > 1",
    ] {
        assert!(
            std::panic::catch_unwind(|| check(expression)).is_err(),
            "{expression}"
        );
    }
}

#[test]
fn single_alerts_can_be_left_out() {
    let found = rendered("everything-on");
    let rule = the(&found, "PrometheusRule");
    let names: Vec<&str> = list(&rule["spec"]["groups"][0]["rules"])
        .iter()
        .map(|alert| text(alert, "/alert"))
        .collect();
    assert_eq!(names.len() + 1, alerts().len());
    assert!(!names.contains(&"AdxFollowerObjectsInProgress"));
    assert_eq!(
        rule["spec"]["groups"][0]["rules"][0]["labels"]["team"],
        "platform"
    );
}

#[test]
fn the_dashboard_asks_for_metrics_and_labels_that_exist() {
    let json = fs::read_to_string(root().join(CHART).join("files/dashboard.json")).unwrap();
    let dashboard: Value = serde_json::from_str(&json).unwrap();
    let mut asked = BTreeSet::new();
    for panel in list(&dashboard["panels"]) {
        for target in list(&panel["targets"]) {
            check(text(target, "/expr"));
            asked.extend(
                metrics(text(target, "/expr"))
                    .into_iter()
                    .map(|name| definition(name).name),
            );
        }
    }
    assert!(asked.len() > 12, "{asked:?}");
    let found = rendered("everything-on");
    let map = found
        .iter()
        .find(|object| id(object) == "ConfigMap monitoring/adx-dashboard")
        .unwrap();
    let shipped: Value =
        serde_json::from_str(text(map, "/data/adx-follower-operator.json")).unwrap();
    assert_eq!(shipped, dashboard);
}
