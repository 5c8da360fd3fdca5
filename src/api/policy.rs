//! The choices of a declaration: closed sets in `CamelCase`, each with its default. Pure.
//!
//! What a value does is told in the field that holds it (`attached_database.rs`): a doc comment on a variant would turn
//! the schema's `enum` into a `oneOf`, which is not structural.
#![allow(
    missing_docs,
    reason = "variants are documented where `kubectl explain` shows them"
)]

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How principals of the leader database reach the attached one; ARM's `defaultPrincipalsModificationKind`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum PrincipalsModificationKind {
    #[default]
    Union,
    Replace,
    None,
}

impl PrincipalsModificationKind {
    /// ARM's spelling.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Union => "Union",
            Self::Replace => "Replace",
            Self::None => "None",
        }
    }
}

/// What to do about a difference between the declaration and Azure.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum DriftPolicy {
    #[default]
    Correct,
    Report,
}

/// What to do about a configuration that exists before the operator made one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum AdoptionPolicy {
    Never,
    #[default]
    IfEqual,
    Always,
}

/// What to do with the configuration when the object is deleted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum DeletionPolicy {
    #[default]
    Detach,
    Orphan,
}
