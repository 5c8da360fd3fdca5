//! The values: each is explained, and each has its place in the schema.

use std::fs;

use serde_json::Value;

use super::chart::{at, explained};
use super::helm::{CHART, CRDS_CHART, root};

fn yaml(chart: &str) -> String {
    fs::read_to_string(root().join(chart).join("values.yaml")).unwrap()
}

fn schema(chart: &str) -> Value {
    let text = fs::read_to_string(root().join(chart).join("values.schema.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

/// The paths of all values that are no maps, or empty ones.
fn leaves(value: &Value, path: &str, found: &mut Vec<String>) {
    match value {
        Value::Object(map) if !map.is_empty() => {
            for (name, value) in map {
                let path = if path.is_empty() {
                    name.clone()
                } else {
                    format!("{path}.{name}")
                };
                leaves(value, &path, found);
            }
        }
        _ => found.push(path.to_owned()),
    }
}

#[test]
fn every_value_is_explained() {
    for chart in [CHART, CRDS_CHART] {
        let yaml = yaml(chart);
        let values: Value = serde_saphyr::from_str(&yaml).unwrap();
        let explained: Vec<String> = explained(&yaml).into_iter().map(|it| it.key).collect();
        for key in &explained {
            assert!(!at(&values, key).is_null(), "{chart}: there is no `{key}`");
        }
        let mut all = Vec::new();
        leaves(&values, "", &mut all);
        for leaf in all {
            let is_explained = explained
                .iter()
                .any(|key| leaf == *key || leaf.starts_with(&format!("{key}.")));
            assert!(is_explained, "{chart}: `{leaf}` has no comment");
        }
    }
}

#[test]
fn every_value_has_its_place_in_the_schema_and_the_schema_no_other() {
    for chart in [CHART, CRDS_CHART] {
        let values: Value = serde_saphyr::from_str(&yaml(chart)).unwrap();
        same_names(&values, &schema(chart), chart);
    }
}

/// Where the schema names properties, the values have the same; only `global` is Helm's.
fn same_names(value: &Value, schema: &Value, path: &str) {
    let Some(properties) = schema["properties"].as_object() else {
        return;
    };
    let names = |map: &serde_json::Map<String, Value>| -> Vec<String> {
        map.keys()
            .filter(|name| *name != "global")
            .cloned()
            .collect()
    };
    let mut expected = names(
        value
            .as_object()
            .unwrap_or_else(|| panic!("{path} is no map")),
    );
    let mut found = names(properties);
    expected.sort();
    found.sort();
    assert_eq!(found, expected, "{path}");
    for name in expected {
        same_names(&value[&name], &properties[&name], &format!("{path}.{name}"));
    }
}

#[test]
fn the_schema_lets_no_unknown_name_pass() {
    for chart in [CHART, CRDS_CHART] {
        closed(&schema(chart), chart);
    }
}

/// What Kubernetes defines is checked by Kubernetes.
fn closed(schema: &Value, path: &str) {
    let is_map = schema["type"] == "object"
        || schema["type"]
            .as_array()
            .is_some_and(|kinds| kinds.contains(&"object".into()));
    if is_map {
        let description = schema["description"].as_str().unwrap_or_default();
        let is_foreign = description.starts_with("As Kubernetes has it: ")
            || description.starts_with("Set by Helm");
        let rest = &schema["additionalProperties"];
        assert!(
            is_foreign || rest == false || rest["type"] == "string",
            "{path} is open: {schema}"
        );
    }
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        closed(property, &format!("{path}.{name}"));
    }
    if !schema["items"].is_null() {
        closed(&schema["items"], &format!("{path}[]"));
    }
}

/// Values that the widest profile leaves empty: said elsewhere, or excluded by something that is on.
const ELSEWHERE: [&str; 10] = [
    "image.tag",
    "nameOverride",
    "watchNamespaces",
    "tenancy.defaultServiceAccount",
    "azure.armAudience",
    "azure.clientSecret.secretName",
    "azure.caBundle.configMapName",
    "metrics.podMonitor.",
    "metrics.prometheusRule.annotations",
    "leaderElection.enabled",
];

#[test]
fn the_widest_profile_leaves_nothing_empty() {
    let everything: Value = serde_saphyr::from_str(
        &fs::read_to_string(root().join(CHART).join("ci/everything-on-values.yaml")).unwrap(),
    )
    .unwrap();
    let values: Value = serde_saphyr::from_str(&yaml(CHART)).unwrap();
    let mut empty = Vec::new();
    leaves(&values, "", &mut empty);
    for key in empty {
        let value = at(&values, &key);
        let is_empty = value == ""
            || value.as_array().is_some_and(Vec::is_empty)
            || value.as_object().is_some_and(serde_json::Map::is_empty);
        if is_empty && !ELSEWHERE.iter().any(|other| key.starts_with(other)) {
            assert!(
                !at(&everything, &key).is_null(),
                "ci/everything-on-values.yaml leaves `{key}` empty"
            );
        }
    }
}
