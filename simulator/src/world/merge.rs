//! Merges a patch into a world document: elements by their key, everything else as RFC 7396 does. Pure.

use serde_json::{Map, Value};

use crate::document::DocumentError;

/// The lists whose elements are merged by a key. Every other list is replaced as a whole.
const KEYED: [(&str, &str); 5] = [
    ("clusters", "id"),
    ("configurations", "id"),
    ("identities", "clientId"),
    ("databases", "name"),
    ("tenants", "tenantId"),
];

/// `current` with `patch` merged in. Removing a cluster removes the configurations on it.
pub(super) fn merged(current: Value, patch: Value) -> Result<Value, DocumentError> {
    let (Value::Object(mut world), Value::Object(patch)) = (current, patch) else {
        return Err(DocumentError::new(
            "document",
            "must be a mapping with the fields of a world",
        ));
    };
    let before = keys_of(&world, "clusters", "id");
    fields("", &mut world, patch)?;
    let after = keys_of(&world, "clusters", "id");
    let gone: Vec<String> = before
        .into_iter()
        .filter(|id| !after.contains(id))
        .map(|id| format!("{id}/"))
        .collect();
    if let Some(Value::Array(configurations)) = world.get_mut("configurations") {
        configurations.retain(|one| {
            let id = key_of(one, "id").unwrap_or_default();
            !gone.iter().any(|cluster| id.starts_with(cluster))
        });
    }
    Ok(Value::Object(world))
}

fn fields(
    path: &str,
    target: &mut Map<String, Value>,
    changes: Map<String, Value>,
) -> Result<(), DocumentError> {
    for (name, value) in changes {
        let at = if path.is_empty() {
            name.clone()
        } else {
            format!("{path}.{name}")
        };
        let keyed = KEYED
            .iter()
            .find(|(list, _)| *list == name)
            .map(|(_, key)| *key);
        match (value, keyed) {
            (Value::Null, _) => {
                target.remove(&name);
            }
            (Value::Array(items), Some(key)) => {
                let list = target
                    .entry(name)
                    .or_insert_with(|| Value::Array(Vec::new()));
                if let Value::Array(list) = list {
                    elements(&at, list, items, key)?;
                }
            }
            (Value::Object(inner), _) => {
                let entry = target
                    .entry(name)
                    .or_insert_with(|| Value::Object(Map::new()));
                if !entry.is_object() {
                    *entry = Value::Object(Map::new());
                }
                if let Value::Object(entry) = entry {
                    fields(&at, entry, inner)?;
                }
            }
            (other, _) => {
                target.insert(name, other);
            }
        }
    }
    Ok(())
}

fn elements(
    path: &str,
    list: &mut Vec<Value>,
    changes: Vec<Value>,
    key: &str,
) -> Result<(), DocumentError> {
    for (at, item) in changes.into_iter().enumerate() {
        let path = format!("{path}[{at}]");
        let Value::Object(mut item) = item else {
            return Err(DocumentError::new(path, "must be a mapping"));
        };
        let Some(wanted) = item.get(key).and_then(Value::as_str).map(str::to_lowercase) else {
            return Err(DocumentError::new(
                format!("{path}.{key}"),
                "must be given: it says which element is meant",
            ));
        };
        let found = list
            .iter()
            .position(|element| key_of(element, key).as_deref() == Some(wanted.as_str()));
        match (item.remove("$delete"), found) {
            (Some(Value::Bool(true)), Some(found)) => {
                list.remove(found);
            }
            (Some(Value::Bool(true)), None) => {
                return Err(DocumentError::new(
                    format!("{path}.{key}"),
                    "must be an element that exists: nothing to delete",
                ));
            }
            (Some(_), _) => {
                return Err(DocumentError::new(
                    format!("{path}.$delete"),
                    "must be true, or absent",
                ));
            }
            (None, Some(found)) => {
                if let Some(Value::Object(element)) = list.get_mut(found) {
                    // The element's own spelling of its key stays.
                    item.remove(key);
                    fields(&path, element, item)?;
                }
            }
            (None, None) => {
                let mut element = Map::new();
                fields(&path, &mut element, item)?;
                list.push(Value::Object(element));
            }
        }
    }
    Ok(())
}

fn key_of(element: &Value, key: &str) -> Option<String> {
    element
        .get(key)
        .and_then(Value::as_str)
        .map(str::to_lowercase)
}

fn keys_of(world: &Map<String, Value>, list: &str, key: &str) -> Vec<String> {
    world
        .get(list)
        .and_then(Value::as_array)
        .map(|items| items.iter().filter_map(|item| key_of(item, key)).collect())
        .unwrap_or_default()
}
