//! What objects say, as JSON: conditions and merge patches. Pure.

use serde_json::{Map, Value};

use crate::wait::NotYet;

/// Whether an object has a condition of a status that is about its present generation; returns the
/// condition.
///
/// # Errors
/// "Not yet", with all conditions as they are.
pub fn has_condition(object: &Value, condition: &str, status: &str) -> Result<Value, NotYet> {
    let generation = object.pointer("/metadata/generation");
    let observed = object.pointer("/status/observedGeneration");
    let conditions = object
        .pointer("/status/conditions")
        .and_then(Value::as_array);
    let found = conditions.into_iter().flatten().find(|found| {
        let is_of_now = found.get("observedGeneration").or(observed).or(generation) == generation;
        is_of_now && found["type"] == condition && found["status"] == status
    });
    if let Some(found) = found.filter(|_| observed.is_none() || observed == generation) {
        return Ok(found.clone());
    }
    let lines: Vec<String> = conditions.into_iter().flatten().map(sentence).collect();
    Err(NotYet::observed(format!(
        "generation {}, observed {}, conditions: {}",
        generation.unwrap_or(&Value::Null),
        observed.unwrap_or(&Value::Null),
        lines.join("; ")
    )))
}

/// `base`, changed by a merge patch (RFC 7396).
pub(crate) fn merged(base: Value, patch: &Value) -> Value {
    let Value::Object(patch) = patch else {
        return patch.clone();
    };
    let mut fields = match base {
        Value::Object(fields) => fields,
        _ => Map::new(),
    };
    for (name, value) in patch {
        let old = fields.remove(name).unwrap_or_default();
        if !value.is_null() {
            fields.insert(name.clone(), merged(old, value));
        }
    }
    Value::Object(fields)
}

fn sentence(condition: &Value) -> String {
    let text = |field: &str| condition.get(field).and_then(Value::as_str).unwrap_or("-");
    format!(
        "{}={} ({}: {})",
        text("type"),
        text("status"),
        text("reason"),
        text("message")
    )
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_merge_patch_changes_what_it_names() {
        let base = json!({"a": 1, "b": {"c": 2, "d": 3}, "e": [1, 2]});
        let patch = json!({"a": null, "b": {"c": 4}, "e": [3], "f": {"g": null}});
        let expected = json!({"b": {"c": 4, "d": 3}, "e": [3], "f": {}});
        assert_eq!(merged(base, &patch), expected);
    }

    #[test]
    fn a_condition_counts_when_it_is_about_the_present_generation() {
        let object = |generation: u32, observed: u32, of_condition: u32| {
            json!({
                "metadata": {"generation": generation},
                "status": {"observedGeneration": observed, "conditions": [{
                    "type": "Ready", "status": "True", "reason": "Fine", "message": "is well",
                    "observedGeneration": of_condition
                }]}
            })
        };
        assert!(has_condition(&object(2, 2, 2), "Ready", "True").is_ok());
        let NotYet::Observed(seen) = has_condition(&object(2, 1, 1), "Ready", "True").unwrap_err()
        else {
            panic!("a later look may see it");
        };
        assert_eq!(
            seen,
            "generation 2, observed 1, conditions: Ready=True (Fine: is well)"
        );
        for stale in [object(2, 1, 2), object(2, 2, 1)] {
            assert!(has_condition(&stale, "Ready", "True").is_err());
        }
        assert!(has_condition(&object(1, 1, 1), "Ready", "False").is_err());
        assert!(has_condition(&object(1, 1, 1), "Stalled", "True").is_err());
        assert!(has_condition(&json!({}), "Ready", "True").is_err());
    }
}
