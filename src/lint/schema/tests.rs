//! Tests that the schema says nothing that is not checked.

use std::collections::BTreeSet;

use super::*;
use crate::api::{crd, crds};

/// What [`Check`] or the CEL rules check, and what checks nothing.
const KNOWN: [&str; 17] = [
    "type",
    "properties",
    "additionalProperties",
    "items",
    "required",
    "enum",
    "minLength",
    "maxLength",
    "minItems",
    "maxItems",
    "minProperties",
    "maxProperties",
    "x-kubernetes-preserve-unknown-fields",
    "x-kubernetes-validations",
    "description",
    "default",
    "x-kubernetes-list-type",
];

fn keywords(schema: &JSONSchemaProps, found: &mut BTreeSet<String>) {
    let Value::Object(map) = serde_json::to_value(schema).unwrap() else {
        panic!("a schema is an object");
    };
    found.extend(map.into_iter().map(|(keyword, _)| keyword));
    for child in schema.properties.iter().flat_map(|all| all.values()) {
        keywords(child, found);
    }
    let others = [items_schema(schema), child_schema(schema, "")];
    for child in others.into_iter().flatten() {
        keywords(child, found);
    }
}

fn every_type_is_named(schema: &JSONSchemaProps) -> bool {
    let children = schema.properties.iter().flat_map(|all| all.values());
    schema.type_.is_some()
        && children
            .chain(items_schema(schema))
            .all(every_type_is_named)
}

#[test]
fn every_keyword_of_the_schema_is_checked() {
    for crd in crds() {
        let mut found = BTreeSet::new();
        keywords(&root(&crd), &mut found);
        found.retain(|keyword| !KNOWN.contains(&keyword.as_str()));
        assert_eq!(found, BTreeSet::new());
        assert!(every_type_is_named(&root(&crd)));
    }
}

#[test]
fn the_order_of_lists_is_the_only_list_type() {
    // A list of type `set` or `map` would need its entries compared.
    for crd in crds() {
        let text = serde_json::to_string(&root(&crd)).unwrap();
        let types = text.matches("\"x-kubernetes-list-type\":").count();
        let atomic = text
            .matches("\"x-kubernetes-list-type\":\"atomic\"")
            .count();
        assert_eq!(types, atomic);
    }
}

#[test]
fn texts_in_messages_are_short_and_without_control_characters() {
    assert_eq!(shown("a\u{1b}[2J"), "\"a\\u{1b}[2J\"");
    assert_eq!(shown(&"a".repeat(100)).chars().count(), 63);
}

#[test]
fn slips_are_recognised_and_other_names_are_not() {
    let root = root(&crd());
    let spec = &root.properties.as_ref().unwrap()["spec"];
    for (key, expected) in [
        ("intervall", Some("interval")),
        ("Suspend", Some("suspend")),
        ("drift_policy", Some("driftPolicy")),
        ("databaseNameOveride", Some("databaseNameOverride")),
        ("databaseName", Some("spec.leader.databaseName")),
        (
            "tablesToInclude",
            Some("spec.tableLevelSharingProperties.tablesToInclude"),
        ),
        ("location", None),
        ("x", None),
    ] {
        assert_eq!(
            suggestion::of(&root, spec, key).as_deref(),
            expected,
            "{key}"
        );
    }
}
