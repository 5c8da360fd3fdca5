//! What functions of templates do with values. Pure.

use serde_json::Value;

/// The field `name` of an object, or the item of a list.
pub(super) fn member(of: &Value, name: &Value) -> Option<Value> {
    match (of, name) {
        (Value::Object(fields), Value::String(name)) => fields
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.clone()),
        (Value::Array(items), Value::Number(at)) => {
            items.get(usize::try_from(at.as_u64()?).ok()?).cloned()
        }
        _ => None,
    }
}

/// A value as functions on texts take it.
pub(super) fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(value) => Some(value.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// Nothing, or nothing in it.
pub(super) fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty(),
        Value::Bool(_) | Value::Number(_) => false,
    }
}

/// `{0}` and so on replaced, in one go, so that what is put in is not looked at again.
pub(super) fn formatted(pattern: &str, inserts: &[String]) -> String {
    let mut out = String::new();
    let mut rest = pattern;
    while let Some((before, from)) = rest.split_once('{') {
        out.push_str(before);
        let insert = from.split_once('}').and_then(|(number, behind)| {
            let insert = inserts.get(number.parse::<usize>().ok()?)?;
            Some((insert, behind))
        });
        rest = if let Some((insert, behind)) = insert {
            out.push_str(insert);
            behind
        } else {
            out.push('{');
            from
        };
    }
    out + rest
}
