//! Every alert of the chart has its section in `docs/troubleshooting.md`, where its link leads.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::page::{anchors, page};

/// The alerts that the chart brings.
fn alerts() -> Vec<Value> {
    let file = page("charts/adx-follower-operator/files/alerts.yaml");
    let file: Value = serde_saphyr::from_str(&file).unwrap();
    file["alerts"].as_array().unwrap().clone()
}

/// The text under the heading of `alert`, up to the next one.
fn section<'a>(page: &'a str, alert: &str) -> Option<&'a str> {
    let (_, rest) = page.split_once(&format!("\n### {alert}\n"))?;
    rest.split("\n#").next()
}

#[test]
fn every_alert_is_explained_where_its_link_leads() {
    let page = page("docs/troubleshooting.md");
    let anchors = anchors(&page);
    let alerts = alerts();
    assert!(alerts.len() > 8);
    for alert in &alerts {
        let name = alert["alert"].as_str().unwrap();
        // As the chart makes the link.
        assert!(anchors.contains(&name.to_lowercase()), "{name}");
        let text = section(&page, name).unwrap();
        let severity = alert["severity"].as_str().unwrap();
        assert!(
            text.trim_start()
                .to_lowercase()
                .starts_with(&format!("*{severity}, after ")),
            "{name} is {severity}"
        );
    }
}

#[test]
fn no_alert_is_explained_that_there_is_not() {
    let page = page("docs/troubleshooting.md");
    let alerts = alerts();
    let known: BTreeSet<&str> = alerts
        .iter()
        .map(|alert| alert["alert"].as_str().unwrap())
        .collect();
    let explained = page
        .lines()
        .filter_map(|line| line.strip_prefix("### "))
        .collect();
    assert_eq!(known, explained);
}
