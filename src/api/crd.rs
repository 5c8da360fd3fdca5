//! The published `CustomResourceDefinition`s: what the derive makes of the types, corrected. Pure.

use std::collections::BTreeMap;

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::{
    CustomResourceDefinition, JSON, JSONSchemaProps, JSONSchemaPropsOrArray, JSONSchemaPropsOrBool,
};
use kube::CustomResourceExt as _;
use serde_json::Value;

use super::{AttachedDatabase, AttachmentPolicy};

/// All CRDs to install.
#[must_use]
pub fn crds() -> Vec<CustomResourceDefinition> {
    vec![crd(), policy_crd()]
}

/// The CRD of the attachment resource. Use this and not `AttachedDatabase::crd()`, which lacks the corrections below.
#[must_use]
pub fn crd() -> CustomResourceDefinition {
    corrected(AttachedDatabase::crd())
}

/// The CRD of the policy resource. Use this and not `AttachmentPolicy::crd()`, which lacks the corrections below.
#[must_use]
pub fn policy_crd() -> CustomResourceDefinition {
    corrected(AttachmentPolicy::crd())
}

/// All CRDs as YAML documents, in the order of [`crds`].
#[must_use]
pub fn crd_yaml() -> String {
    let documents: Vec<String> = crds().iter().map(crd_document).collect();
    documents.join("---\n")
}

/// `crd` as a YAML document, the same on every call, with a header that says where it comes from.
#[must_use]
pub fn crd_document(crd: &CustomResourceDefinition) -> String {
    let mut document = serde_json::json!(crd);
    whole_numbers(&mut document);
    // JSON is YAML too: should the emitter ever fail, the document is still right.
    let yaml = serde_saphyr::to_string(&document).unwrap_or_else(|_| document.to_string());
    format!("# Generated from src/api by `make generate`; changes made here are lost.\n{yaml}")
}

fn corrected(mut crd: CustomResourceDefinition) -> CustomResourceDefinition {
    for version in &mut crd.spec.versions {
        let Some(root) = version
            .schema
            .as_mut()
            .and_then(|schema| schema.open_api_v3_schema.as_mut())
        else {
            continue;
        };
        correct(root);
        root.title = None;
        if let Some(status) = root
            .properties
            .as_mut()
            .and_then(|properties| properties.get_mut("status"))
        {
            // Without it, kstatus takes an object that the operator has not seen yet for Current (conventions.md §1).
            status.default = Some(JSON(serde_json::json!({"observedGeneration": -1})));
        }
    }
    crd
}

/// Corrects what the derive makes of a type (codebases.md §3.4), in every schema from `schema` downwards.
///
/// Null and absent must not be two things, so neither `nullable` nor a null among the values of an `enum` stays: the API
/// server then drops a null that it is sent. Descriptions lose the line breaks of the source.
fn correct(schema: &mut JSONSchemaProps) {
    schema.nullable = None;
    if let Some(values) = &mut schema.enum_ {
        values.retain(|value| !value.0.is_null());
    }
    if let Some(description) = &mut schema.description {
        *description = description.replace('\n', " ");
    }
    let properties = schema.properties.iter_mut().flat_map(BTreeMap::values_mut);
    properties.for_each(correct);
    match &mut schema.items {
        Some(JSONSchemaPropsOrArray::Schema(items)) => correct(items),
        Some(JSONSchemaPropsOrArray::Schemas(list)) => list.iter_mut().for_each(correct),
        None => {}
    }
    match &mut schema.additional_properties {
        Some(JSONSchemaPropsOrBool::Schema(values)) => correct(values),
        Some(JSONSchemaPropsOrBool::Bool(_)) | None => {}
    }
}

/// Writes `0` for `0.0`, as the API server gives it back: bounds are floats in the Rust type.
fn whole_numbers(value: &mut Value) {
    match value {
        Value::Number(number) => {
            if number.is_f64()
                && let Some(float) = number.as_f64()
                && let Ok(whole) = float.to_string().parse::<i64>()
            {
                *number = whole.into();
            }
        }
        Value::Array(list) => list.iter_mut().for_each(whole_numbers),
        Value::Object(map) => map.values_mut().for_each(whole_numbers),
        Value::Null | Value::Bool(_) | Value::String(_) => {}
    }
}
