//! How JSON documents are merged, defaulted and compared. Pure.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

/// Applies a JSON merge patch (RFC 7386).
pub fn merge_patch(target: &mut Value, patch: &Value) {
    let Value::Object(patch) = patch else {
        *target = patch.clone();
        return;
    };
    for (key, value) in patch {
        if value.is_null() {
            object(target).remove(key);
        } else {
            merge_patch(
                object(target).entry(key.clone()).or_insert(Value::Null),
                value,
            );
        }
    }
    object(target);
}

/// Server-side apply by one manager: what it applied before and leaves out now goes away, the rest is laid over the
/// target. Lists are replaced whole, save finalizers, which are a set that several managers share.
pub fn apply(target: &mut Value, before: &Value, applied: &Value) {
    if let (Value::Object(before), Value::Object(applied)) = (before, applied) {
        for (key, gone) in before {
            match applied.get(key) {
                None if key == "finalizers" => retain_others(target, gone),
                None => {
                    object(target).remove(key);
                }
                Some(_) => {}
            }
        }
    }
    let Value::Object(applied) = applied else {
        *target = applied.clone();
        return;
    };
    for (key, value) in applied {
        let before = before.get(key).unwrap_or(&Value::Null);
        if key == "finalizers" {
            retain_others(target, before);
            let finalizers = object(target)
                .entry(key.clone())
                .or_insert_with(|| Value::Array(Vec::new()));
            if let (Value::Array(present), Value::Array(wanted)) = (finalizers, value) {
                let missing: Vec<Value> = wanted
                    .iter()
                    .filter(|one| !present.contains(one))
                    .cloned()
                    .collect();
                present.extend(missing);
            }
        } else {
            apply(
                object(target).entry(key.clone()).or_insert(Value::Null),
                before,
                value,
            );
        }
    }
    object(target);
}

fn retain_others(metadata: &mut Value, gone: &Value) {
    if let (Some(Value::Array(present)), Value::Array(gone)) =
        (metadata.get_mut("finalizers"), gone)
    {
        present.retain(|one| !gone.contains(one));
    }
}

/// Fills in the defaults of a structural schema; a null where there is a default counts as missing.
pub fn default(value: &mut Value, schema: &Value) {
    if let (Value::Object(fields), Some(Value::Object(properties))) =
        (&mut *value, schema.get("properties"))
    {
        for (name, property) in properties {
            if let Some(preset) = property.get("default")
                && fields.get(name).is_none_or(Value::is_null)
            {
                fields.insert(name.clone(), preset.clone());
            }
            if let Some(field) = fields.get_mut(name) {
                default(field, property);
            }
        }
    }
    if let (Value::Array(items), Some(schema)) = (value, schema.get("items")) {
        for item in items {
            default(item, schema);
        }
    }
}

/// Drops the empty lists and maps of the metadata, which the server's own types leave out.
pub fn tidy_metadata(value: &mut Value) {
    for name in ["finalizers", "annotations", "labels", "ownerReferences"] {
        let metadata = object(object(value).entry("metadata").or_insert(Value::Null));
        let empty = match metadata.get(name) {
            Some(Value::Array(items)) => items.is_empty(),
            Some(Value::Object(fields)) => fields.is_empty(),
            Some(Value::Null) => true,
            Some(_) | None => false,
        };
        if empty {
            metadata.remove(name);
        }
    }
}

/// Everything whose change makes a new generation.
pub fn declared(value: &Value) -> BTreeMap<&str, &Value> {
    let fields = value.as_object().into_iter().flatten();
    fields
        .map(|(name, value)| (name.as_str(), value))
        .filter(|(name, _)| !["apiVersion", "kind", "metadata", "status"].contains(name))
        .collect()
}

/// The object in `value`, which becomes one if it is not.
pub fn object(value: &mut Value) -> &mut Map<String, Value> {
    if !value.is_object() {
        *value = Value::Object(Map::new());
    }
    value.as_object_mut().expect("it was made an object")
}
