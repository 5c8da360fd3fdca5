//! How much of an object an answer shows: all of it or, where the client asks so, its metadata. Pure.

use serde_json::{Value, json};

use super::resources::Resource;
use super::store::Refusal;

/// What the `Accept` header asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum View {
    Whole,
    /// `PartialObjectMetadata`, for one object or each event of a watch.
    Metadata,
    /// `PartialObjectMetadataList`, for a collection.
    MetadataList,
}

impl View {
    /// Reads the first alternative that is known; without one everything is shown.
    pub fn asked(accept: Option<&str>) -> Self {
        let mut alternatives = accept.unwrap_or_default().split(',');
        alternatives
            .find_map(|alternative| {
                let mut parts = alternative.split(';').map(str::trim);
                if parts.next() != Some("application/json") {
                    return None;
                }
                let parameters: Vec<&str> = parts.collect();
                let is_set = |parameter| parameters.contains(&parameter);
                let is_meta = is_set("g=meta.k8s.io") && is_set("v=v1");
                if is_meta && is_set("as=PartialObjectMetadata") {
                    Some(Self::Metadata)
                } else if is_meta && is_set("as=PartialObjectMetadataList") {
                    Some(Self::MetadataList)
                } else {
                    None
                }
            })
            .unwrap_or(Self::Whole)
    }

    /// Refuses what asks for a list where there is none.
    pub fn check_single(self) -> Result<(), Refusal> {
        match self {
            Self::Whole | Self::Metadata => Ok(()),
            Self::MetadataList => Err(not_acceptable(
                "you requested PartialObjectMetadataList, but the requested object is not a list",
            )),
        }
    }

    /// The answer about one object, for a view that [`View::check_single`] let pass.
    pub fn of_object(self, object: Value) -> Value {
        match self {
            Self::Whole => object,
            Self::Metadata | Self::MetadataList => metadata_only(&object),
        }
    }

    /// The answer about a collection; a refusal if it was asked for as one object.
    pub fn of_list(
        self,
        resource: Resource,
        revision: u64,
        mut items: Vec<Value>,
    ) -> Result<Value, Refusal> {
        let (api_version, kind) = match self {
            Self::Whole => (resource.api_version, format!("{}List", resource.name)),
            Self::MetadataList => {
                items = items.iter().map(metadata_only).collect();
                ("meta.k8s.io/v1", "PartialObjectMetadataList".to_owned())
            }
            Self::Metadata => {
                return Err(not_acceptable(
                    "you requested PartialObjectMetadata, but the requested object is a list",
                ));
            }
        };
        if self == Self::Whole && resource.kind.lists_untyped_items() {
            for item in items.iter_mut().filter_map(Value::as_object_mut) {
                item.remove("apiVersion");
                item.remove("kind");
            }
        }
        Ok(json!({
            "apiVersion": api_version,
            "kind": kind,
            "metadata": {"resourceVersion": revision.to_string()},
            "items": items,
        }))
    }

    /// One event of a watch, for a view that [`View::check_single`] let pass.
    pub fn event(self, kind: &str, object: &Value) -> Value {
        json!({"type": kind, "object": self.of_object(object.clone())})
    }
}

/// What is left of an object when only its metadata is asked for.
fn metadata_only(object: &Value) -> Value {
    json!({"apiVersion": "meta.k8s.io/v1", "kind": "PartialObjectMetadata", "metadata": object["metadata"]})
}

fn not_acceptable(message: &str) -> Refusal {
    Refusal::new(406, "NotAcceptable", message)
}
