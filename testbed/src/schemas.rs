//! JSON schemas of every kind that an API server serves, its CRDs included, in files as kubeconform
//! reads them: the published ones are on the internet, and of no kind of ours. I/O.

use std::{collections::HashSet, fs, path::Path};

use serde_json::{Map, Value, json};

use crate::{error::TestbedError, wait};

/// The file that all others refer to.
const DEFINITIONS: &str = "definitions.json";
/// kubeconform's names for the parts of a file's name.
const FILE: &str = "{{ .Group }}_{{ .ResourceAPIVersion }}_{{ .ResourceKind }}.json";

/// Writes the schemas of an API server into a directory, as strict ones (no field that is not named),
/// and returns what kubeconform's `-schema-location` has to be.
///
/// # Errors
/// When the API server does not answer, or a file cannot be written.
pub async fn write_schemas(
    client: &kube::Client,
    directory: &Path,
) -> Result<String, TestbedError> {
    let doing = "read the schemas of the API server";
    let request = http::Request::get("/openapi/v2")
        .body(Vec::new())
        .map_err(|error| TestbedError::unexpected(doing, error.to_string()))?;
    let text = client
        .request_text(request)
        .await
        .map_err(TestbedError::kubernetes(doing))?;
    let document: Value = serde_json::from_str(&text)
        .map_err(|error| TestbedError::unexpected(doing, wait::with_causes(&error)))?;
    fs::create_dir_all(directory)
        .map_err(TestbedError::io(format!("make {}", directory.display())))?;
    for (name, schema) in files(document) {
        let path = directory.join(name);
        fs::write(&path, schema.to_string())
            .map_err(TestbedError::io(format!("write {}", path.display())))?;
    }
    Ok(format!("{}/{FILE}", directory.display()))
}

/// The files of an `OpenAPI` document: the definitions, and one for each kind that refers to its own.
fn files(mut document: Value) -> Vec<(String, Value)> {
    let mut definitions = match document.get_mut("definitions").map(Value::take) {
        Some(Value::Object(definitions)) => definitions,
        _ => Map::new(),
    };
    let mut names = HashSet::new();
    let mut files = Vec::new();
    for (definition, schema) in &mut definitions {
        for name in kinds(schema) {
            // `DeleteOptions` and their like are of every group, in several definitions.
            if names.insert(name.clone()) {
                let reference = format!("{DEFINITIONS}#/definitions/{definition}");
                files.push((name, json!({"$ref": reference})));
            }
        }
        harden(schema);
    }
    files.push((DEFINITIONS.to_owned(), json!({"definitions": definitions})));
    files
}

/// The files of the kinds that a definition describes.
fn kinds(schema: &Value) -> Vec<String> {
    let kinds = schema
        .get("x-kubernetes-group-version-kind")
        .and_then(Value::as_array);
    let name = |kind: &Value| {
        let part = |field: &str| kind.get(field).and_then(Value::as_str);
        let (group, version, kind) = (part("group")?, part("version")?, part("kind")?);
        // kubeconform takes `v1` for the group of what has none, and writes kinds small.
        let group = if group.is_empty() { version } else { group };
        Some(format!("{group}_{version}_{}.json", kind.to_lowercase()))
    };
    kinds.into_iter().flatten().filter_map(name).collect()
}

/// Makes a schema refuse fields that it does not name, and take numbers where Kubernetes does although
/// the document says "string".
fn harden(schema: &mut Value) {
    let Value::Object(fields) = schema else {
        if let Value::Array(schemas) = schema {
            schemas.iter_mut().for_each(harden);
        }
        return;
    };
    let is_true = |name: &str| fields.get(name) == Some(&Value::Bool(true));
    let is_open = is_true("x-kubernetes-preserve-unknown-fields");
    let is_either = is_true("x-kubernetes-int-or-string")
        || fields.get("format").and_then(Value::as_str) == Some("int-or-string")
        || is_quantity(fields);
    if is_either {
        fields.insert("type".to_owned(), json!(["string", "number"]));
        fields.remove("format");
    }
    if fields.get("properties").is_some_and(Value::is_object)
        && !fields.contains_key("additionalProperties")
        && !is_open
    {
        fields.insert("additionalProperties".to_owned(), Value::Bool(false));
    }
    fields.values_mut().for_each(harden);
}

/// Quantities are strings to the document, told apart by their description alone.
fn is_quantity(fields: &Map<String, Value>) -> bool {
    let description = fields.get("description").and_then(Value::as_str);
    fields.get("type").and_then(Value::as_str) == Some("string")
        && description.is_some_and(|text| text.starts_with("Quantity is a fixed-point"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_has_a_file_that_refers_to_its_definition() {
        let document = json!({"definitions": {
            "io.k8s.api.networking.v1.NetworkPolicy": {
                "type": "object",
                "properties": {"spec": {"type": "object", "properties": {
                    "port": {"type": "string", "format": "int-or-string"},
                    "free": {"type": "object", "properties": {}, "x-kubernetes-preserve-unknown-fields": true},
                    "map": {"type": "object", "additionalProperties": {"type": "string"}}
                }}},
                "x-kubernetes-group-version-kind":
                    [{"group": "networking.k8s.io", "version": "v1", "kind": "NetworkPolicy"}]
            },
            "io.k8s.api.core.v1.Pod": {
                "type": "object",
                "x-kubernetes-group-version-kind": [{"group": "", "version": "v1", "kind": "Pod"}]
            }
        }});
        let mut files = files(document);
        files.sort_by(|a, b| a.0.cmp(&b.0));
        let names: Vec<&str> = files.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(
            names,
            [
                "definitions.json",
                "networking.k8s.io_v1_networkpolicy.json",
                "v1_v1_pod.json"
            ]
        );
        assert_eq!(
            files[2].1,
            json!({"$ref": "definitions.json#/definitions/io.k8s.api.core.v1.Pod"})
        );
        let policy = &files[0].1["definitions"]["io.k8s.api.networking.v1.NetworkPolicy"];
        assert_eq!(policy["additionalProperties"], false);
        let spec = &policy["properties"]["spec"];
        assert_eq!(spec["additionalProperties"], false);
        assert_eq!(
            spec["properties"]["port"],
            json!({"type": ["string", "number"]})
        );
        assert_eq!(spec["properties"]["free"].get("additionalProperties"), None);
        assert_eq!(
            spec["properties"]["map"]["additionalProperties"],
            json!({"type": "string"})
        );
    }
}
