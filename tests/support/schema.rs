//! A small structural-schema validator: what the API server does to an object before it runs CEL rules.
//!
//! It covers the keywords that these CRDs use and panics on one that it does not know, so that a new keyword cannot slip
//! through unchecked. The messages contain what the API server's own messages contain.

use k8s_openapi::jiff::Timestamp;
use kube::core::cel::{
    KubeCelExt as _,
    cel::{Context, Program, Value as CelValue},
};
use serde_json::Value;

/// A schema keyword that a value violates.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Violation {
    /// Path in the schema: list elements are `[]`.
    pub(crate) path: String,
    pub(crate) keyword: &'static str,
    pub(crate) message: String,
}

/// Keywords that can be violated.
const CONSTRAINTS: [&str; 14] = [
    "type",
    "required",
    "enum",
    "pattern",
    "format",
    "minLength",
    "maxLength",
    "maxItems",
    "minimum",
    "maximum",
    "minItems",
    "minProperties",
    "maxProperties",
    "x-kubernetes-list-map-keys",
];

const ANNOTATIONS: [&str; 7] = [
    "description",
    "default",
    "properties",
    "items",
    "additionalProperties",
    "x-kubernetes-list-type",
    "x-kubernetes-validations",
];

/// `object` as the API server hands it to the CEL rules: unknown fields and nulls dropped, defaults filled in.
pub(crate) fn admitted(schema: &Value, object: &Value) -> Value {
    let mut pruned = object.clone();
    prune(schema, &mut pruned, true);
    kube::core::cel::apply_defaults(schema, &pruned)
}

fn prune(schema: &Value, value: &mut Value, is_root: bool) {
    match value {
        Value::Object(map) => {
            if let Some(values) = schema.get("additionalProperties") {
                map.retain(|_, child| !child.is_null());
                map.values_mut()
                    .for_each(|child| prune(values, child, false));
                return;
            }
            let Some(properties) = schema.get("properties").and_then(Value::as_object) else {
                return;
            };
            let known = |key: &str| {
                properties.contains_key(key)
                    || (is_root && ["apiVersion", "kind", "metadata"].contains(&key))
            };
            map.retain(|key, child| known(key) && !child.is_null());
            for (key, child) in map {
                if let Some(schema) = properties.get(key) {
                    prune(schema, child, false);
                }
            }
        }
        Value::Array(list) => {
            for child in list {
                prune(&schema["items"], child, false);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// What in `value` violates `schema`; `value` is [`admitted`].
pub(crate) fn violations(schema: &Value, value: &Value) -> Vec<Violation> {
    let mut found = Vec::new();
    check(schema, value, "", &mut found);
    found
}

/// Every constraint that stands in `schema`, save `type`, as path and keyword.
pub(crate) fn constraints(schema: &Value, path: &str) -> Vec<(String, &'static str)> {
    let mut all: Vec<_> = CONSTRAINTS
        .iter()
        .filter(|keyword| **keyword != "type" && schema.get(**keyword).is_some())
        .map(|keyword| (path.to_owned(), *keyword))
        .collect();
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        all.extend(constraints(property, &join(path, name)));
    }
    if let Some(items) = schema.get("items") {
        all.extend(constraints(items, &format!("{path}[]")));
    }
    if let Some(values) = schema.get("additionalProperties") {
        all.extend(constraints(values, &format!("{path}{{}}")));
    }
    all
}

fn join(path: &str, name: &str) -> String {
    if path.is_empty() {
        name.to_owned()
    } else {
        format!("{path}.{name}")
    }
}

fn check(schema: &Value, value: &Value, path: &str, found: &mut Vec<Violation>) {
    let mut violated = |keyword: &'static str, message: String| {
        found.push(Violation {
            path: path.to_owned(),
            keyword,
            message: format!("{path}: {message}"),
        });
    };
    let wanted = schema["type"].as_str().expect("a schema has a type");
    if !has_type(wanted, value) {
        violated("type", format!("must be of type {wanted}: {value}"));
        return;
    }
    for (keyword, bound) in schema.as_object().expect("a schema is an object") {
        if let Some((keyword, message)) = violation(keyword, bound, value) {
            violated(keyword, message);
        }
    }
    if let (Some(properties), Some(map)) = (schema["properties"].as_object(), value.as_object()) {
        for (name, property) in properties {
            if let Some(child) = map.get(name) {
                check(property, child, &join(path, name), found);
            }
        }
    }
    for child in value.as_array().into_iter().flatten() {
        check(&schema["items"], child, &format!("{path}[]"), found);
    }
    if let Some(values) = schema.get("additionalProperties") {
        for child in value.as_object().into_iter().flat_map(|map| map.values()) {
            check(values, child, &format!("{path}{{}}"), found);
        }
    }
}

fn has_type(wanted: &str, value: &Value) -> bool {
    match wanted {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64(),
        other => panic!("type {other} is not known to this validator"),
    }
}

fn violation(keyword: &str, bound: &Value, value: &Value) -> Option<(&'static str, String)> {
    let characters = || value.as_str().map_or(0, |text| text.chars().count());
    let elements = || value.as_array().map_or(0, Vec::len);
    let entries = || value.as_object().map_or(0, serde_json::Map::len);
    let size = || usize::try_from(bound.as_u64().expect("a size")).expect("a small size");
    let number = || value.as_f64().expect("a number");
    let limit = || bound.as_f64().expect("a bound");
    let (keyword, holds, message): (_, _, String) = match keyword {
        "required" => {
            let missing = strings(bound).find(|name| value.get(*name).is_none());
            let text = format!("{}: Required value", missing.unwrap_or_default());
            ("required", missing.is_none(), text)
        }
        "enum" => {
            let values = bound.as_array().expect("a list");
            (
                "enum",
                values.contains(value),
                format!("Unsupported value: {value}"),
            )
        }
        "pattern" => {
            let pattern = bound.as_str().expect("an expression");
            (
                "pattern",
                matches(pattern, value),
                format!("should match '{pattern}'"),
            )
        }
        "format" => (
            "format",
            has_format(bound, value),
            format!("must be of format {bound}"),
        ),
        "minLength" => (
            "minLength",
            characters() >= size(),
            format!("should be at least {bound} chars long"),
        ),
        "maxLength" => ("maxLength", characters() <= size(), "Too long".to_owned()),
        "minItems" => (
            "minItems",
            elements() >= size(),
            format!("should have at least {bound} items"),
        ),
        "maxItems" => ("maxItems", elements() <= size(), "Too many".to_owned()),
        "minProperties" => (
            "minProperties",
            entries() >= size(),
            format!("should have at least {bound} properties"),
        ),
        "maxProperties" => ("maxProperties", entries() <= size(), "Too many".to_owned()),
        "minimum" => (
            "minimum",
            number() >= limit(),
            format!("should be greater than or equal to {bound}"),
        ),
        "maximum" => (
            "maximum",
            number() <= limit(),
            format!("should be less than or equal to {bound}"),
        ),
        "x-kubernetes-list-map-keys" => {
            let key = |element: &Value| -> Vec<Value> {
                strings(bound).map(|name| element[name].clone()).collect()
            };
            let mut seen = Vec::new();
            let unique = value.as_array().expect("a list").iter().all(|element| {
                let new = !seen.contains(&key(element));
                seen.push(key(element));
                new
            });
            (
                "x-kubernetes-list-map-keys",
                unique,
                "Duplicate value".to_owned(),
            )
        }
        "type" => return None,
        other if ANNOTATIONS.contains(&other) => return None,
        other => panic!("keyword {other} is not known to this validator"),
    };
    (!holds).then_some((keyword, message))
}

fn strings(list: &Value) -> impl Iterator<Item = &str> {
    list.as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
}

fn has_format(format: &Value, value: &Value) -> bool {
    match format.as_str() {
        Some("int64") => value.is_i64(),
        Some("date-time") => value
            .as_str()
            .is_some_and(|text| text.parse::<Timestamp>().is_ok()),
        other => panic!("format {other:?} is not known to this validator"),
    }
}

/// Matches through CEL's own `matches`, which spares this crate a second regular-expression engine.
fn matches(pattern: &str, value: &Value) -> bool {
    let mut context = Context::default().with_all();
    context.add_variable_from_value("value", value.as_str().expect("a string"));
    context.add_variable_from_value("pattern", pattern);
    let answer = Program::compile("value.matches(pattern)")
        .expect("a program")
        .execute(&context);
    answer.expect("an answer") == CelValue::Bool(true)
}
