//! Selectors against namespaces, and patterns against names: what is called impossible or redundant is.

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use kube::core::{Selector, SelectorExt as _};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

fn contradicted(selector: &Value) -> Option<String> {
    let selector: LabelSelector = serde_json::from_value(selector.clone()).unwrap();
    selector::contradicted(&selector).map(str::to_owned)
}

fn expression(key: &str, operator: &str, values: &[&str]) -> Value {
    json!({"key": key, "operator": operator, "values": values})
}

#[test]
fn a_selector_that_contradicts_itself_is_recognised() {
    let expressions = |list: Vec<Value>| json!({"matchExpressions": list});
    let name = "kubernetes.io/metadata.name";
    for (selector, expected) in [
        (json!({}), None),
        (json!({"matchLabels": {"team": "a", "env": "b"}}), None),
        (
            json!({"matchLabels": {"team": "a"}, "matchExpressions": [expression("team", "In", &["a", "b"])]}),
            None,
        ),
        (
            json!({"matchLabels": {"team": "a"}, "matchExpressions": [expression("team", "In", &["b"])]}),
            Some("team"),
        ),
        (
            json!({"matchLabels": {"team": "a"}, "matchExpressions": [expression("team", "NotIn", &["a"])]}),
            Some("team"),
        ),
        (
            json!({"matchLabels": {"team": "a"}, "matchExpressions": [expression("team", "DoesNotExist", &[])]}),
            Some("team"),
        ),
        (
            expressions(vec![
                expression("team", "Exists", &[]),
                expression("team", "DoesNotExist", &[]),
            ]),
            Some("team"),
        ),
        (
            expressions(vec![
                expression("team", "NotIn", &["a"]),
                expression("team", "DoesNotExist", &[]),
            ]),
            None,
        ),
        (
            expressions(vec![
                expression("team", "NotIn", &["a"]),
                expression("team", "Exists", &[]),
            ]),
            None,
        ),
        (
            expressions(vec![
                expression("team", "In", &["a", "b"]),
                expression("team", "In", &["b", "c"]),
                expression("team", "NotIn", &["b"]),
            ]),
            Some("team"),
        ),
        (json!({"matchLabels": {(name): "analytics"}}), None),
        (json!({"matchLabels": {(name): "Analytics"}}), Some(name)),
        (json!({"matchLabels": {(name): ""}}), Some(name)),
        (
            expressions(vec![expression(name, "DoesNotExist", &[])]),
            Some(name),
        ),
        (expressions(vec![expression(name, "NotIn", &["a"])]), None),
    ] {
        assert_eq!(contradicted(&selector).as_deref(), expected, "{selector}");
    }
}

fn any_expression() -> impl Strategy<Value = Value> {
    (
        prop::sample::select(vec!["k", "l"]),
        prop::sample::select(vec!["In", "NotIn", "Exists", "DoesNotExist"]),
        prop::collection::vec(prop::sample::select(vec!["a", "b", "c"]), 1..3),
    )
        .prop_map(|(key, operator, values)| match operator {
            "In" | "NotIn" => expression(key, operator, &values),
            _ => json!({"key": key, "operator": operator}),
        })
}

/// Every choice of labels that such expressions can tell apart.
fn namespaces() -> Vec<BTreeMap<String, String>> {
    let values = [None, Some("a"), Some("b"), Some("c"), Some("d")];
    let pairs = values
        .iter()
        .flat_map(|k| values.iter().map(move |l| (*k, *l)));
    pairs
        .map(|(k, l)| {
            let labels = [("k", k), ("l", l)].into_iter();
            labels
                .filter_map(|(key, value)| Some((key.to_owned(), value?.to_owned())))
                .collect()
        })
        .collect()
}

proptest! {
    #[test]
    fn a_selector_is_called_contradictory_exactly_if_nothing_matches(
        expressions in prop::collection::vec(any_expression(), 0..5),
    ) {
        let document = json!({"matchExpressions": expressions});
        let selector: LabelSelector = serde_json::from_value(document.clone()).unwrap();
        let selector = Selector::try_from(selector).unwrap();
        let is_matched = namespaces().iter().any(|labels| selector.matches(labels));
        prop_assert_eq!(contradicted(&document).is_none(), is_matched, "{}", document);
    }

    #[test]
    fn a_pattern_includes_what_matches_it(outer in "[ab]{0,2}[*]?", inner in "[ab]{0,3}[*]?", rest in "[ab]{0,2}") {
        let allows = |pattern: &str, name: &str| match pattern.strip_suffix('*') {
            Some(beginning) => name.starts_with(beginning),
            None => pattern == name,
        };
        let name = inner.replace('*', &rest);
        prop_assume!(!outer.is_empty() && !inner.is_empty());
        if includes(&outer, &inner) {
            prop_assert!(allows(&outer, &name), "{} {} {}", outer, inner, name);
        }
        prop_assert!(inner != "*" || includes(&outer, &inner) == (outer == "*"));
    }
}
