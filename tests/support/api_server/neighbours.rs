//! Somebody else's hand on the objects that say who may do what: namespaces, service accounts, policies.

use serde_json::{Map, Value, json};

use super::FakeApi;
use super::resources::{ATTACHMENT_POLICIES, NAMESPACES, Resource, SERVICE_ACCOUNTS};
use super::store::{Key, Part};

/// The namespaces that are there from the start.
const FIRST_NAMESPACES: [&str; 3] = ["analytics", "default", "other"];

impl FakeApi {
    pub(super) fn create_first_namespaces(&self) {
        for name in FIRST_NAMESPACES {
            self.create_namespace(name, &[]);
        }
    }

    /// Creates a namespace with these labels and the one of its name, which the server itself keeps.
    pub fn create_namespace(&self, name: &str, labels: &[(&str, &str)]) -> Value {
        self.create_neighbour(
            NAMESPACES,
            ("", name),
            json!({"metadata": {"labels": strings(labels)},
                "spec": {"finalizers": ["kubernetes"]}, "status": {"phase": "Active"}}),
        )
    }

    /// Sets a label of a namespace.
    pub fn label_namespace(&self, name: &str, key: &str, value: &str) -> Value {
        self.edit_namespace(name, |namespace| {
            namespace["metadata"]["labels"][key] = json!(value);
        })
    }

    /// Takes a label off a namespace.
    pub fn unlabel_namespace(&self, name: &str, key: &str) -> Value {
        self.edit_namespace(name, |namespace| {
            if let Some(labels) = namespace["metadata"]["labels"].as_object_mut() {
                labels.remove(key);
            }
        })
    }

    /// Edits everything of a namespace but its status.
    pub fn edit_namespace(&self, name: &str, edit: impl FnOnce(&mut Value)) -> Value {
        self.edit_neighbour(NAMESPACES, ("", name), edit)
    }

    /// Takes a namespace away at once, and nothing in it.
    pub fn delete_namespace(&self, name: &str) {
        self.delete_neighbour(NAMESPACES, ("", name));
    }

    /// Creates a service account with these annotations.
    pub fn create_service_account(
        &self,
        namespace: &str,
        name: &str,
        annotations: &[(&str, &str)],
    ) -> Value {
        self.create_neighbour(
            SERVICE_ACCOUNTS,
            (namespace, name),
            json!({"metadata": {"annotations": strings(annotations)}}),
        )
    }

    /// Sets an annotation of a service account.
    pub fn annotate_service_account(
        &self,
        namespace: &str,
        name: &str,
        key: &str,
        value: &str,
    ) -> Value {
        self.edit_service_account(namespace, name, |account| {
            account["metadata"]["annotations"][key] = json!(value);
        })
    }

    /// Edits a service account.
    pub fn edit_service_account(
        &self,
        namespace: &str,
        name: &str,
        edit: impl FnOnce(&mut Value),
    ) -> Value {
        self.edit_neighbour(SERVICE_ACCOUNTS, (namespace, name), edit)
    }

    /// Deletes a service account.
    pub fn delete_service_account(&self, namespace: &str, name: &str) {
        self.delete_neighbour(SERVICE_ACCOUNTS, (namespace, name));
    }

    /// Creates an `AttachmentPolicy`. It is not validated, so that a test can store what cannot be decoded.
    pub fn create_policy(&self, name: &str, spec: Value) -> Value {
        let mut policy = json!({"metadata": {}});
        policy["spec"] = spec;
        self.create_neighbour(ATTACHMENT_POLICIES, ("", name), policy)
    }

    /// Edits a policy.
    pub fn edit_policy(&self, name: &str, edit: impl FnOnce(&mut Value)) -> Value {
        self.edit_neighbour(ATTACHMENT_POLICIES, ("", name), edit)
    }

    /// Deletes a policy.
    pub fn delete_policy(&self, name: &str) {
        self.delete_neighbour(ATTACHMENT_POLICIES, ("", name));
    }

    fn create_neighbour(
        &self,
        resource: Resource,
        (namespace, name): (&str, &str),
        mut object: Value,
    ) -> Value {
        object["apiVersion"] = json!(resource.api_version);
        object["kind"] = json!(resource.name);
        let key = Key::new(resource, namespace, name);
        self.change(|store, now| {
            store
                .create(&key, object, now)
                .expect("the object is accepted")
        })
    }

    fn edit_neighbour(
        &self,
        resource: Resource,
        (namespace, name): (&str, &str),
        edit: impl FnOnce(&mut Value),
    ) -> Value {
        self.edit_object(&Key::new(resource, namespace, name), Part::Main, edit)
    }

    fn delete_neighbour(&self, resource: Resource, (namespace, name): (&str, &str)) {
        let key = Key::new(resource, namespace, name);
        self.change(|store, now| {
            store
                .delete(&key, &Value::Null, now)
                .expect("the object exists")
        });
    }
}

fn strings(pairs: &[(&str, &str)]) -> Value {
    let fields: Map<String, Value> = pairs
        .iter()
        .map(|(key, value)| ((*key).to_owned(), json!(value)))
        .collect();
    Value::Object(fields)
}
