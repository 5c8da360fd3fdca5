//! What Kubernetes asks of `metadata`, which a resource definition does not describe. Pure.

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::{
    JSONSchemaProps, JSONSchemaPropsOrArray, JSONSchemaPropsOrBool,
};

use super::{
    finding::{Problem, Rule},
    path::Path,
    schema::shown,
    yaml::Node,
};

/// Longest name of an object (RFC 1123 subdomain).
const MAX_NAME: usize = 253;

/// Longest name of a namespace (RFC 1123 label).
const MAX_NAMESPACE: usize = 63;

/// The schema of `metadata` (`ObjectMeta` of `meta/v1`).
pub(super) fn schema() -> JSONSchemaProps {
    let owner = object([
        ("apiVersion", of_type("string")),
        ("blockOwnerDeletion", of_type("boolean")),
        ("controller", of_type("boolean")),
        ("kind", of_type("string")),
        ("name", of_type("string")),
        ("uid", of_type("string")),
    ]);
    // The API server writes it; nobody writes it by hand.
    let managed = JSONSchemaProps {
        x_kubernetes_preserve_unknown_fields: Some(true),
        ..of_type("object")
    };
    object([
        ("annotations", texts()),
        ("creationTimestamp", of_type("string")),
        ("deletionGracePeriodSeconds", of_type("integer")),
        ("deletionTimestamp", of_type("string")),
        ("finalizers", list(of_type("string"))),
        ("generateName", of_type("string")),
        ("generation", of_type("integer")),
        ("labels", texts()),
        ("managedFields", list(managed)),
        ("name", of_type("string")),
        ("namespace", of_type("string")),
        ("ownerReferences", list(owner)),
        ("resourceVersion", of_type("string")),
        ("selfLink", of_type("string")),
        ("uid", of_type("string")),
    ])
}

/// What is wrong with the names of the object `root`.
pub(super) fn problems(root: &Node) -> Vec<Problem> {
    let metadata = root.entry("metadata").map(|entry| &*entry.node);
    let text = |key| metadata.and_then(|metadata| metadata.text(key));
    let has = |key| metadata.is_some_and(|metadata| metadata.entry(key).is_some());
    let problem = |rule, key: &str, message| {
        let path = Path::parse("metadata").key(key);
        Problem {
            rule,
            at: path.locate(root),
            field: path.to_string(),
            message,
        }
    };
    let mut found = Vec::new();
    if !has("name") && !has("generateName") {
        let message = "`metadata.name` must be set".to_owned();
        found.push(problem(Rule::Required, "name", message));
    }
    // The API server puts random letters behind `generateName`.
    let generated = text("generateName").map(|prefix| format!("{prefix}x"));
    for (key, name) in [
        ("name", text("name")),
        ("generateName", generated.as_deref()),
    ] {
        if let Some(name) = name.filter(|name| !is_subdomain(name)) {
            let message = format!(
                "`metadata.{key}` must be a name in Kubernetes: 1 to {MAX_NAME} lower case letters, digits, dashes and \
                 dots, starting and ending with a letter or digit, not {}",
                shown(name)
            );
            found.push(problem(Rule::ObjectName, key, message));
        }
    }
    if let Some(namespace) = text("namespace").filter(|name| !is_namespace(name)) {
        let message = format!(
            "`metadata.namespace` must be 1 to {MAX_NAMESPACE} lower case letters, digits and dashes, starting and \
             ending with a letter or digit, not {}",
            shown(namespace)
        );
        found.push(problem(Rule::ObjectName, "namespace", message));
    }
    found
}

/// Whether a namespace can be called `name`.
pub(super) fn is_namespace(name: &str) -> bool {
    name.len() <= MAX_NAMESPACE && is_label(name)
}

fn is_subdomain(name: &str) -> bool {
    name.len() <= MAX_NAME && name.split('.').all(is_label)
}

/// Whether the letters are those of a label; how many there may be depends on where it stands.
fn is_label(text: &str) -> bool {
    !text.is_empty()
        && !text.starts_with('-')
        && !text.ends_with('-')
        && text
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
}

fn of_type(name: &str) -> JSONSchemaProps {
    JSONSchemaProps {
        type_: Some(name.to_owned()),
        ..JSONSchemaProps::default()
    }
}

fn object<const N: usize>(properties: [(&str, JSONSchemaProps); N]) -> JSONSchemaProps {
    JSONSchemaProps {
        properties: Some(
            properties
                .map(|(name, schema)| (name.to_owned(), schema))
                .into(),
        ),
        ..of_type("object")
    }
}

fn texts() -> JSONSchemaProps {
    JSONSchemaProps {
        additional_properties: Some(JSONSchemaPropsOrBool::Schema(Box::new(of_type("string")))),
        ..of_type("object")
    }
}

fn list(items: JSONSchemaProps) -> JSONSchemaProps {
    JSONSchemaProps {
        items: Some(JSONSchemaPropsOrArray::Schema(Box::new(items))),
        ..of_type("array")
    }
}
