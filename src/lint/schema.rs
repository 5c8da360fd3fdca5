//! Checks a document against the schema that the API server serves, as strictly as `kubectl --validate=strict`. Pure.

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::{
    CustomResourceDefinition, JSONSchemaProps, JSONSchemaPropsOrArray, JSONSchemaPropsOrBool,
};
use serde_json::{Map, Value};

use super::{
    finding::{Problem, Rule},
    metadata,
    path::Path,
    suggestion,
    yaml::{Node, Position, Yaml},
};
#[cfg(test)]
mod tests;

/// Problems that are told of one document; what comes after is more of the same.
const MAX_PROBLEMS: usize = 100;

/// The schema of a whole object of `crd` as the API server checks it on create: with the fields of `metadata`, and
/// without `status`, which it drops.
#[must_use]
pub(super) fn root(crd: &CustomResourceDefinition) -> JSONSchemaProps {
    let mut root = served(crd).cloned().unwrap_or_default();
    let properties = root.properties.get_or_insert_default();
    properties.remove("status");
    let text = || JSONSchemaProps {
        type_: Some("string".to_owned()),
        ..JSONSchemaProps::default()
    };
    properties.insert("apiVersion".to_owned(), text());
    properties.insert("kind".to_owned(), text());
    properties.insert("metadata".to_owned(), metadata::schema());
    root
}

/// The schema of the version that is served.
pub(super) fn served(crd: &CustomResourceDefinition) -> Option<&JSONSchemaProps> {
    let mut versions = crd.spec.versions.iter();
    versions
        .find(|version| version.served)
        .and_then(|version| version.schema.as_ref()?.open_api_v3_schema.as_ref())
}

/// What in the document `node` breaks `schema`.
pub(super) fn problems(schema: &JSONSchemaProps, node: &Node) -> Vec<Problem> {
    let mut check = Check {
        root: schema,
        found: Vec::new(),
    };
    check.value(schema, node, node.at, &Path::default());
    check.found
}

/// The document as the API server hands it to the CEL rules: unknown fields and nulls dropped.
pub(super) fn admitted(schema: &JSONSchemaProps, node: &Node) -> Value {
    match &node.value {
        Yaml::Null => Value::Null,
        Yaml::Bool(value) => Value::Bool(*value),
        Yaml::Number(number) => Value::Number(number.clone()),
        Yaml::Text(text) => Value::String(text.clone()),
        Yaml::List(items) => match items_schema(schema) {
            Some(schema) => items.iter().map(|item| admitted(schema, item)).collect(),
            None => Value::Array(Vec::new()),
        },
        Yaml::Map(entries) => {
            let known = entries.iter().filter_map(|(key, entry)| {
                let schema = child_schema(schema, key)?;
                (entry.node.value != Yaml::Null)
                    .then(|| (key.clone(), admitted(schema, &entry.node)))
            });
            Value::Object(known.collect::<Map<_, _>>())
        }
    }
}

struct Check<'a> {
    root: &'a JSONSchemaProps,
    found: Vec<Problem>,
}

impl Check<'_> {
    fn tell(&mut self, rule: Rule, at: Position, field: &Path, message: String) {
        if self.found.len() < MAX_PROBLEMS {
            self.found.push(Problem {
                rule,
                at,
                field: field.to_string(),
                message,
            });
        }
    }

    fn value(&mut self, schema: &JSONSchemaProps, node: &Node, at: Position, path: &Path) {
        let wanted = schema.type_.as_deref().unwrap_or("object");
        if !has_type(wanted, &node.value) {
            self.wrong_type(wanted, node, at, path);
            return;
        }
        if let Some(values) = &schema.enum_ {
            self.choice(
                values.iter().filter_map(|value| value.0.as_str()),
                node,
                at,
                path,
            );
        }
        match &node.value {
            Yaml::Text(text) => self.length(
                (schema.min_length, schema.max_length),
                text.chars().count(),
                "characters",
                (at, path),
            ),
            Yaml::List(items) => {
                self.length(
                    (schema.min_items, schema.max_items),
                    items.len(),
                    "entries",
                    (at, path),
                );
                if let Some(schema) = items_schema(schema) {
                    for (index, item) in items.iter().enumerate() {
                        self.value(schema, item, item.at, &path.index(index));
                    }
                }
            }
            Yaml::Map(entries) => {
                // The API server drops nulls before it counts.
                let given = entries
                    .iter()
                    .filter(|(_, entry)| entry.node.value != Yaml::Null);
                self.length(
                    (schema.min_properties, schema.max_properties),
                    given.count(),
                    "entries",
                    (at, path),
                );
                self.map(schema, node, at, path);
            }
            Yaml::Null | Yaml::Bool(_) | Yaml::Number(_) => {}
        }
    }

    fn map(&mut self, schema: &JSONSchemaProps, node: &Node, at: Position, path: &Path) {
        for name in schema.required.iter().flatten() {
            if node.entry(name).is_none() {
                let field = path.key(name);
                self.tell(Rule::Required, at, &field, format!("`{field}` must be set"));
            }
        }
        let Yaml::Map(entries) = &node.value else {
            return;
        };
        for (key, entry) in entries {
            let field = path.key(key);
            match child_schema(schema, key) {
                Some(_) if entry.node.value == Yaml::Null => {}
                Some(schema) => self.value(schema, &entry.node, entry.at, &field),
                None if schema.x_kubernetes_preserve_unknown_fields == Some(true) => {}
                // The API server drops it; that it is given is told apart.
                None if field.to_string() == "status" => {}
                None => {
                    let advice = suggestion::of(self.root, schema, key)
                        .map(|name| format!("; did you mean `{name}`?"));
                    self.tell(
                        Rule::UnknownField,
                        entry.at,
                        &field,
                        format!(
                            "`{field}` is not a known field{}",
                            advice.unwrap_or_default()
                        ),
                    );
                }
            }
        }
    }

    fn wrong_type(&mut self, wanted: &str, node: &Node, at: Position, path: &Path) {
        let found = match &node.value {
            Yaml::Null => "null",
            Yaml::Bool(_) => "boolean",
            Yaml::Number(_) => "number",
            Yaml::Text(_) => "string",
            Yaml::List(_) => "array",
            Yaml::Map(_) => "object",
        };
        let advice = match &node.value {
            Yaml::Bool(_) | Yaml::Number(_) if wanted == "string" => "; put quotes around it",
            Yaml::Text(text) if wanted == "boolean" && ["true", "false"].contains(&&**text) => {
                "; remove the quotes"
            }
            Yaml::Null
            | Yaml::Bool(_)
            | Yaml::Number(_)
            | Yaml::Text(_)
            | Yaml::List(_)
            | Yaml::Map(_) => "",
        };
        let name = match path.to_string() {
            root if root.is_empty() => "a document".to_owned(),
            field => format!("`{field}`"),
        };
        let message = format!("{name} must be of type {wanted}, not {found}{advice}");
        self.tell(Rule::Type, at, path, message);
    }

    fn choice<'s>(
        &mut self,
        values: impl Iterator<Item = &'s str>,
        node: &Node,
        at: Position,
        path: &Path,
    ) {
        let Yaml::Text(text) = &node.value else {
            return;
        };
        let values: Vec<_> = values.collect();
        if values.contains(&&**text) {
            return;
        }
        let advice = suggestion::nearest(values.iter().copied(), text)
            .map(|value| format!("; did you mean {value}?"));
        let message = format!(
            "`{path}` must be one of {}, not {}{}",
            values.join(", "),
            shown(text),
            advice.unwrap_or_default()
        );
        self.tell(Rule::Enum, at, path, message);
    }

    fn length(
        &mut self,
        (least, most): (Option<i64>, Option<i64>),
        found: usize,
        of: &str,
        (at, path): (Position, &Path),
    ) {
        let size = i64::try_from(found).unwrap_or(i64::MAX);
        let bound = match (least, most) {
            (Some(1), _) if size == 0 => "not be empty".to_owned(),
            (Some(least), _) if size < least => format!("have at least {least} {of}, not {found}"),
            (_, Some(most)) if size > most => format!("have at most {most} {of}, not {found}"),
            (_, _) => return,
        };
        let message = format!("`{path}` must {bound}");
        self.tell(Rule::Length, at, path, message);
    }
}

/// The schema of the entry `key` of a map.
fn child_schema<'s>(schema: &'s JSONSchemaProps, key: &str) -> Option<&'s JSONSchemaProps> {
    let property = schema.properties.as_ref().and_then(|all| all.get(key));
    property.or(match &schema.additional_properties {
        Some(JSONSchemaPropsOrBool::Schema(values)) => Some(values),
        Some(JSONSchemaPropsOrBool::Bool(_)) | None => None,
    })
}

fn items_schema(schema: &JSONSchemaProps) -> Option<&JSONSchemaProps> {
    match &schema.items {
        Some(JSONSchemaPropsOrArray::Schema(items)) => Some(items),
        Some(JSONSchemaPropsOrArray::Schemas(_)) | None => None,
    }
}

fn has_type(wanted: &str, value: &Yaml) -> bool {
    match value {
        Yaml::Null => false,
        Yaml::Bool(_) => wanted == "boolean",
        Yaml::Number(number) => {
            wanted == "number" || wanted == "integer" && (number.is_i64() || number.is_u64())
        }
        Yaml::Text(_) => wanted == "string",
        Yaml::List(_) => wanted == "array",
        Yaml::Map(_) => wanted == "object",
    }
}

/// A text of the document in a message: in quotes, without control characters, and not for pages.
pub(super) fn shown(text: &str) -> String {
    const MOST: usize = 60;
    let short: String = text.chars().take(MOST).collect();
    let rest = if short.len() < text.len() { "…" } else { "" };
    format!("{short:?}{rest}")
}
