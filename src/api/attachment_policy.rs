//! Who may use the operator's own Azure identity, and for what: the `AttachmentPolicy`. Pure.
//!
//! It has no status: the operator reads policies and needs no right to write one. Its lists are atomic, since in a list
//! that merges an entry of somebody else's would outlive every apply of the author. The doc comments of the fields are the
//! text of `kubectl explain`.
#![allow(
    unreachable_pub,
    reason = "`KubeSchema` repeats each struct, with its `pub`, inside a function"
)]
#![allow(
    clippy::duplicated_attributes,
    reason = "each column has a type and a priority of its own"
)]

use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use kube::{CustomResource, KubeSchema};
use schemars::{Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

use super::{policy::PrincipalsModificationKind, rules::policy as rules};

/// Entries of a list of scopes, rules, databases or label values at most.
const MAX_ENTRIES: usize = 64;

/// Labels and expressions of a selector at most.
const MAX_REQUIREMENTS: usize = 16;

/// Who may use the operator's own Azure identity, and for what. Nobody may, unless a policy says so.
#[derive(CustomResource, KubeSchema, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[kube(
    group = "adx-follower.dev",
    version = "v1alpha1",
    kind = "AttachmentPolicy",
    plural = "attachmentpolicies",
    derive = "PartialEq",
    shortname = "attpol",
    category = "azure",
    doc = "Allows the AttachedDatabases of some namespaces the operator's own Azure identity, for some followers and for \
           some databases of some leaders. One policy has to allow all that an object asks for. Without a policy nobody \
           may use that identity.",
    printcolumn(name = "Namespaces", type_ = "string", json_path = ".spec.namespaces"),
    printcolumn(
        name = "Principals",
        type_ = "string",
        json_path = ".spec.principalsModificationKinds"
    ),
    printcolumn(
        name = "Age",
        type_ = "date",
        json_path = ".metadata.creationTimestamp"
    ),
    printcolumn(
        name = "Followers",
        type_ = "string",
        priority = 1,
        json_path = ".spec.followers"
    ),
    printcolumn(
        name = "Leaders",
        type_ = "string",
        priority = 1,
        json_path = ".spec.leaders"
    )
)]
#[serde(rename_all = "camelCase")]
pub struct AttachmentPolicySpec {
    /// The namespaces that this policy is for, by their labels. `{}` is every namespace. Name one by the label
    /// `kubernetes.io/metadata.name`, which nobody can give to another namespace. Whoever may change the labels of a
    /// namespace decides whether the policy is for it.
    #[schemars(schema_with = "namespaces")]
    pub namespaces: LabelSelector,

    /// The follower clusters on which they may attach, change and detach databases: resource IDs of clusters, or scopes
    /// that hold clusters: `/subscriptions/GUID` or `/subscriptions/GUID/resourceGroups/GROUP`. Upper and lower case are
    /// the same.
    #[schemars(schema_with = "follower_scopes")]
    pub followers: Vec<String>,

    /// What they may follow: leader clusters, each with databases. One entry has to hold both the leader and the database.
    #[schemars(length(min = 1, max = MAX_ENTRIES), extend("x-kubernetes-list-type" = "atomic"))]
    pub leaders: Vec<LeaderRule>,

    /// The values of `spec.defaultPrincipalsModificationKind` that they may use. Not `Replace` by default, because with it
    /// the principals of the leader database lose their access on the follower.
    #[serde(default = "all_but_replace")]
    #[schemars(length(min = 1, max = 3), extend("x-kubernetes-list-type" = "atomic"))]
    #[x_kube(validation = rules::distinct_kinds())]
    pub principals_modification_kinds: Vec<PrincipalsModificationKind>,
}

/// Leader clusters, and which of their databases may be followed.
#[derive(KubeSchema, Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LeaderRule {
    /// The resource ID of a leader cluster, or a scope that holds clusters: `/subscriptions/GUID` or
    /// `/subscriptions/GUID/resourceGroups/GROUP`. Upper and lower case are the same.
    #[schemars(length(max = 256))]
    #[x_kube(validation = rules::scope("leaders[].scope"))]
    pub scope: String,

    /// The databases of these leaders that may be followed: names, or beginnings of names followed by `*`, such as
    /// `Sales*`. Upper and lower case are the same. `*` alone allows every database, and is what an `AttachedDatabase` needs
    /// whose `spec.leader.databaseName` is `*`.
    #[schemars(schema_with = "database_patterns")]
    pub databases: Vec<String>,
}

fn all_but_replace() -> Vec<PrincipalsModificationKind> {
    vec![
        PrincipalsModificationKind::Union,
        PrincipalsModificationKind::None,
    ]
}

fn follower_scopes(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "array",
        "minItems": 1,
        "maxItems": MAX_ENTRIES,
        "items": {
            "type": "string",
            "maxLength": 256,
            "x-kubernetes-validations": [rules::scope("followers")],
        },
        "x-kubernetes-list-type": "atomic",
    })
}

/// One character more than a name: the star.
fn database_patterns(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "array",
        "minItems": 1,
        "maxItems": MAX_ENTRIES,
        "items": {
            "type": "string",
            "maxLength": 261,
            "x-kubernetes-validations": [rules::database_pattern()],
        },
        "x-kubernetes-list-type": "atomic",
    })
}

/// `metav1.LabelSelector` with bounds. An empty list or map of requirements is refused, though it would say what `{}`
/// says: it is what the API server makes of `matchLabels: {team: null}`, a template without its value, and must not open
/// every namespace.
fn namespaces(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "object",
        "properties": {
            "matchLabels": {
                "description": "Labels that a namespace has to have, all of them.",
                "type": "object",
                "minProperties": 1,
                "maxProperties": MAX_REQUIREMENTS,
                "additionalProperties": {
                    "type": "string",
                    "maxLength": 63,
                    "x-kubernetes-validations": [rules::label_value("namespaces.matchLabels")],
                },
            },
            "matchExpressions": {
                "description": "Requirements on the labels of a namespace, all of which it has to meet.",
                "type": "array",
                "minItems": 1,
                "maxItems": MAX_REQUIREMENTS,
                "x-kubernetes-list-type": "atomic",
                "items": {
                    "type": "object",
                    "required": ["key", "operator"],
                    "x-kubernetes-validations": [rules::operator_values()],
                    "properties": {
                        "key": {
                            "description": "The label's name.",
                            "type": "string",
                            "maxLength": 317,
                            "x-kubernetes-validations": [rules::label_key()],
                        },
                        "operator": {
                            "description": "`In`: the label has one of the values. `NotIn`: it has none of them, or is \
                                            absent. `Exists`: it is there. `DoesNotExist`: it is absent.",
                            "type": "string",
                            "enum": ["In", "NotIn", "Exists", "DoesNotExist"],
                        },
                        "values": {
                            "description": "The values, for `In` and `NotIn`.",
                            "type": "array",
                            "maxItems": MAX_ENTRIES,
                            "x-kubernetes-list-type": "atomic",
                            "items": {
                                "type": "string",
                                "maxLength": 63,
                                "x-kubernetes-validations": [rules::label_value("namespaces.matchExpressions[].values")],
                            },
                        },
                    },
                },
            },
        },
    })
}
