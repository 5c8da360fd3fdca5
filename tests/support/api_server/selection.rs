//! The objects that a list or a watch is about. Pure.

use std::collections::HashMap;

use serde_json::Value;

use super::resources::{Resource, Target};
use super::store::{Change, Key};

/// The objects that a list or a watch is about.
#[derive(Debug)]
pub struct Selection {
    pub resource: Resource,
    pub namespace: String,
    name: Option<String>,
    /// Requirements `key=value` and `key`, all of which must hold.
    labels: Vec<(String, Option<String>)>,
}

impl Selection {
    pub fn new(target: &Target, query: &HashMap<String, String>) -> Self {
        let given = |name: &str| query.get(name).map(String::as_str).unwrap_or_default();
        let parts = |text: &str| -> Vec<(String, Option<String>)> {
            let requirements = text
                .split(',')
                .filter(|requirement| !requirement.is_empty());
            requirements
                .map(|requirement| match requirement.split_once('=') {
                    Some((key, value)) => (
                        key.to_owned(),
                        Some(value.trim_start_matches('=').to_owned()),
                    ),
                    None => (requirement.to_owned(), None),
                })
                .collect()
        };
        let fields = parts(given("fieldSelector"));
        let name = fields
            .into_iter()
            .find(|(key, _)| key == "metadata.name")
            .and_then(|(_, value)| value);
        Self {
            resource: target.resource,
            namespace: target.namespace.clone(),
            name,
            labels: parts(given("labelSelector")),
        }
    }

    pub fn takes(&self, object: &Value) -> bool {
        let metadata = &object["metadata"];
        let named = self
            .name
            .as_ref()
            .is_none_or(|name| metadata["name"] == name.as_str());
        named
            && self
                .labels
                .iter()
                .all(|(key, value)| match (&metadata["labels"][key], value) {
                    (Value::Null, _) => false,
                    (_, None) => true,
                    (present, Some(value)) => present == value.as_str(),
                })
    }

    pub fn takes_change(&self, change: &Change) -> bool {
        let key = &change.key;
        let here = self.namespace.is_empty() || key.namespace == self.namespace;
        here && *key == Key::new(self.resource, &key.namespace, &key.name)
            && self.takes(&change.object)
    }
}
