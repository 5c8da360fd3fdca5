//! Evaluates the CEL rules of the resource definition, the very ones that the API server evaluates. Pure.

use std::fmt;

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube_cel::{CompiledSchema, Validator, compile_schema};
use serde_json::Value;

use super::{
    finding::{Problem, Rule},
    path::Path,
    schema::served,
    yaml::Node,
};

#[cfg(test)]
mod tests;

/// The rules, compiled.
pub(super) struct Rules {
    validator: Validator,
    schema: CompiledSchema,
}

impl fmt::Debug for Rules {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rules").finish_non_exhaustive()
    }
}

impl Rules {
    /// The rules of `crd`.
    pub(super) fn new(crd: &CustomResourceDefinition) -> Self {
        Self {
            validator: Validator::new(),
            schema: compile_schema(&schema(crd)),
        }
    }

    /// The rules that refuse `object` on create, with the places of its fields in `root`. Rules that compare with an
    /// earlier object have nothing to compare with, and pass.
    pub(super) fn problems(&self, object: &Value, root: &Node) -> Vec<Problem> {
        let refused = self.validator.validate_compiled(&self.schema, object, None);
        let errors = refused.err().into_iter().flatten();
        errors
            .map(|error| {
                let path = match Path::parse(&error.field_path) {
                    path if path.is_root() => Path::of_message(&error.message),
                    path => path,
                };
                Problem {
                    rule: Rule::Admission,
                    at: path.locate(root),
                    field: path.to_string(),
                    message: error.message,
                }
            })
            .collect()
    }
}

fn schema(crd: &CustomResourceDefinition) -> Value {
    serde_json::json!(served(crd))
}
