//! The Kubernetes side of the contract: resource types, admission rules, conditions and the CRD. Pure.
//!
//! Nothing here performs I/O. The schema and the CEL rules refuse at admission whatever can be refused there, so that
//! no webhook is needed; `crds()` is the only source of the published manifests.

pub mod attached_database;
pub mod attachment_policy;
pub mod condition;
pub mod crd;
pub mod duration;
pub mod policy;
pub mod rules;
pub mod status;

#[cfg(test)]
mod tests;

pub use attached_database::{
    AttachedDatabase, AttachedDatabaseSpec, FollowerReference, LeaderReference,
    TableLevelSharingProperties,
};
pub use attachment_policy::{AttachmentPolicy, AttachmentPolicySpec, LeaderRule};
pub use condition::{ConditionStatus, ConditionType, DesiredCondition, merge};
pub use crd::{crd, crd_document, crd_yaml, crds, policy_crd};
pub use duration::{IntervalError, parse_interval};
pub use policy::{AdoptionPolicy, DeletionPolicy, DriftPolicy, PrincipalsModificationKind};
pub use status::{
    AttachedDatabaseStatus, DatabaseStatus, Drift, OperationKind, OperationStatus, Ownership,
};

// A macro, because `concat!` takes literals only: a fork that renames the group changes this line and the one
// literal that the derive of `AttachedDatabase` demands (a test holds the two together).
macro_rules! group {
    () => {
        "adx-follower.dev"
    };
}

/// API group of every resource of this operator; also the prefix of its finalizer and annotations.
pub const GROUP: &str = group!();

/// API version that is served and stored.
pub const VERSION: &str = "v1alpha1";

/// Kind of the attachment resource.
pub const KIND: &str = "AttachedDatabase";

/// Kind of the policy resource.
pub const POLICY_KIND: &str = "AttachmentPolicy";

/// Finalizer that keeps an object until its configuration is detached.
pub const FINALIZER: &str = concat!(group!(), "/detach");

/// Annotation that asks for a reconcile now; any new value counts and is acknowledged in
/// `status.lastHandledReconcileAt`.
pub const RECONCILE_ANNOTATION: &str = concat!(group!(), "/reconcile-requested-at");

/// Field manager of every write to the API server, and the reporter of events.
pub const FIELD_MANAGER: &str = "adx-follower-operator";
