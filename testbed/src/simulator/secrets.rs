//! What the simulator says about secrets. Pure.

use serde_json::Value;

/// Every text in the lists of `/_sim/secrets`; `None` when it is anything but lists of texts.
pub(super) fn read(answer: &Value) -> Option<Vec<String>> {
    let mut secrets = Vec::new();
    for list in answer.as_object()?.values() {
        for secret in list.as_array()? {
            secrets.push(secret.as_str()?.to_owned());
        }
    }
    Some(secrets)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_list_is_read_and_what_is_no_list_is_not() {
        let answer = json!({"tokens": ["b", "a"], "assertions": [], "clientSecrets": ["c"]});
        let mut secrets = read(&answer).unwrap();
        secrets.sort();
        assert_eq!(secrets, ["a", "b", "c"]);
        for wrong in [json!([]), json!({"tokens": "a"}), json!({"tokens": [1]})] {
            assert_eq!(read(&wrong), None, "{wrong}");
        }
    }
}
