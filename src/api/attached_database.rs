//! The declaration: what a user asks for in an `AttachedDatabase`. Pure.
//!
//! ARM's own field names are kept, so that an ARM or Bicep template can be pasted. The doc comments of the fields are
//! the text of `kubectl explain`.
#![allow(
    unreachable_pub,
    reason = "`KubeSchema` repeats each struct, with its `pub`, inside a function"
)]

use kube::{CustomResource, KubeSchema, ResourceExt as _};
use schemars::{Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

use super::{
    RECONCILE_ANNOTATION,
    policy::{AdoptionPolicy, DeletionPolicy, DriftPolicy, PrincipalsModificationKind},
    rules,
    status::{AttachedDatabaseStatus, MAX_REQUEST_CHARS, clip},
};

/// The databases of a leader cluster that a follower cluster attaches, and how.
#[derive(CustomResource, KubeSchema, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[kube(
    group = "adx-follower.dev",
    version = "v1alpha1",
    kind = "AttachedDatabase",
    namespaced,
    status = "AttachedDatabaseStatus",
    derive = "PartialEq",
    shortname = "attdb",
    category = "azure",
    doc = "Attaches a database of an Azure Data Explorer leader cluster, or all of them, to a follower cluster, \
           and keeps the attachment as declared.",
    selectable = ".spec.follower.clusterResourceId",
    selectable = ".spec.leader.clusterResourceId",
    printcolumn(
        name = "Ready",
        type_ = "string",
        json_path = r#".status.conditions[?(@.type=="Ready")].status"#
    ),
    printcolumn(
        name = "Reason",
        type_ = "string",
        json_path = r#".status.conditions[?(@.type=="Ready")].reason"#
    ),
    printcolumn(
        name = "Database",
        type_ = "string",
        json_path = ".spec.leader.databaseName"
    ),
    printcolumn(
        name = "Follower",
        type_ = "string",
        json_path = ".status.followerName"
    ),
    printcolumn(
        name = "Age",
        type_ = "date",
        json_path = ".metadata.creationTimestamp"
    ),
    printcolumn(
        name = "Message",
        type_ = "string",
        priority = 1,
        json_path = r#".status.conditions[?(@.type=="Ready")].message"#
    ),
    printcolumn(
        name = "Leader",
        type_ = "string",
        priority = 1,
        json_path = ".spec.leader.clusterResourceId"
    ),
    printcolumn(
        name = "Configuration",
        type_ = "string",
        priority = 1,
        json_path = ".status.configurationId"
    ),
    validation = rules::default_configuration_name(),
    validation = rules::configuration_name_kept()
)]
#[x_kube(
    validation = rules::two_clusters(),
    validation = rules::override_or_prefix(),
    validation = rules::no_override_with_all_databases(),
    validation = rules::no_sharing_with_all_databases(),
    validation = rules::prefixed_name_fits()
)]
#[serde(rename_all = "camelCase")]
pub struct AttachedDatabaseSpec {
    /// The follower cluster: where the database is attached, read-only. Immutable.
    pub follower: FollowerReference,

    /// The leader cluster and the database to follow. Immutable.
    pub leader: LeaderReference,

    /// Name of the attached database configuration in Azure. Immutable. Defaults to `metadata.name`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 40))]
    #[x_kube(validation = rules::configuration_name())]
    pub configuration_name: Option<String>,

    /// How principals of the leader database reach the attached database. `Union`: the leader's and those added on the
    /// follower. `Replace`: only those added on the follower. `None`: only the leader's.
    #[serde(default)]
    pub default_principals_modification_kind: PrincipalsModificationKind,

    /// Name of the database on the follower, instead of the leader's. Not together with `databaseNamePrefix`, and not
    /// when all databases are followed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 260))]
    #[x_kube(validation = rules::database_name_override())]
    pub database_name_override: Option<String>,

    /// Text put before the leader's database name to form the name on the follower; with `*` before every name. Not
    /// together with `databaseNameOverride`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 259))]
    #[x_kube(validation = rules::database_name_prefix())]
    pub database_name_prefix: Option<String>,

    /// Which tables, external tables, materialized views and functions are followed. Everything, if absent. Not when
    /// all databases are followed. At most 100 entries in all lists together.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub table_level_sharing_properties: Option<TableLevelSharingProperties>,

    /// What to do when the configuration in Azure differs from this declaration. `Correct`: restore it. `Report`: only
    /// tell it in `status.drift`.
    #[serde(default)]
    pub drift_policy: DriftPolicy,

    /// What to do when the configuration exists already. `Never`: refuse. `IfEqual`: take it over if it is as declared.
    /// `Always`: take it over and correct it.
    #[serde(default)]
    pub adoption_policy: AdoptionPolicy,

    /// What to do when this object is deleted. `Detach`: detach the database. `Orphan`: leave the configuration in
    /// Azure. May be changed at any time.
    #[serde(default)]
    pub deletion_policy: DeletionPolicy,

    /// Stops all work on this object, save its deletion, until it is false again.
    #[serde(default)]
    pub suspend: bool,

    /// How often the configuration in Azure is compared with this declaration: a duration from 1s to 24h such as `90s`,
    /// `10m` or `1h30m`. Defaults to the operator's `--interval`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 24))]
    #[x_kube(validation = rules::interval())]
    pub interval: Option<String>,

    /// ServiceAccount in this namespace whose Azure identity is used for this object: the one that its annotations
    /// `azure.workload.identity/client-id` and `azure.workload.identity/tenant-id` name. Defaults to the operator's
    /// `--default-service-account`, else to the operator's own identity, which an `AttachmentPolicy` has to allow.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 253))]
    #[x_kube(validation = rules::service_account_name())]
    pub service_account_name: Option<String>,
}

/// The follower cluster.
#[derive(KubeSchema, Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FollowerReference {
    /// Azure resource ID of the cluster:
    /// `/subscriptions/…/resourceGroups/…/providers/Microsoft.Kusto/clusters/…`. Immutable, save for upper and lower
    /// case.
    #[schemars(length(max = 256))]
    #[x_kube(
        validation = rules::cluster_id("follower.clusterResourceId"),
        validation = rules::immutable("follower.clusterResourceId")
    )]
    pub cluster_resource_id: String,
}

/// The leader cluster and what is followed of it.
#[derive(KubeSchema, Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LeaderReference {
    /// Azure resource ID of the cluster, in the same region as the follower:
    /// `/subscriptions/…/resourceGroups/…/providers/Microsoft.Kusto/clusters/…`. Immutable, save for upper and lower
    /// case.
    #[schemars(length(max = 256))]
    #[x_kube(
        validation = rules::cluster_id("leader.clusterResourceId"),
        validation = rules::immutable("leader.clusterResourceId")
    )]
    pub cluster_resource_id: String,

    /// Name of the database to follow, or `*` for every database of the leader, present and future. Immutable, save for
    /// upper and lower case.
    #[schemars(length(max = 260))]
    #[x_kube(
        validation = rules::leader_database_name(),
        validation = rules::immutable("leader.databaseName")
    )]
    pub database_name: String,
}

/// What is followed of the database. A trailing `*` matches any ending: `Logs*`. Empty `…ToInclude` lists include
/// everything; `*` in an `…ToExclude` list excludes everything of that kind.
#[derive(KubeSchema, Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[x_kube(validation = rules::sharing_entries())]
#[serde(rename_all = "camelCase")]
pub struct TableLevelSharingProperties {
    /// Tables to follow.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "entity_names")]
    pub tables_to_include: Vec<String>,

    /// Tables not to follow.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "entity_names")]
    pub tables_to_exclude: Vec<String>,

    /// External tables to follow.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "entity_names")]
    pub external_tables_to_include: Vec<String>,

    /// External tables not to follow.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "entity_names")]
    pub external_tables_to_exclude: Vec<String>,

    /// Materialized views to follow; their source tables come with them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "entity_names")]
    pub materialized_views_to_include: Vec<String>,

    /// Materialized views not to follow.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "entity_names")]
    pub materialized_views_to_exclude: Vec<String>,

    /// Functions to follow.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "entity_names")]
    pub functions_to_include: Vec<String>,

    /// Functions not to follow.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "entity_names")]
    pub functions_to_exclude: Vec<String>,
}

impl AttachedDatabase {
    /// The name of the configuration in Azure: `spec.configurationName`, else the object's own name.
    #[must_use]
    pub fn configuration_name(&self) -> &str {
        self.spec
            .configuration_name
            .as_deref()
            .or(self.metadata.name.as_deref())
            .unwrap_or_default()
    }

    /// The value of the reconcile-now annotation in the form that `status.lastHandledReconcileAt` can hold.
    ///
    /// Comparing the two raw values instead would ask for ever when the annotation is longer than the status field.
    #[must_use]
    pub fn reconcile_request(&self) -> Option<String> {
        self.annotations()
            .get(RECONCILE_ANNOTATION)
            .map(|value| clip(value.clone(), MAX_REQUEST_CHARS))
    }
}

impl AttachedDatabaseSpec {
    /// Whether every database of the leader is followed, the future ones included.
    #[must_use]
    pub fn follows_all_databases(&self) -> bool {
        self.leader.database_name == "*"
    }
}

impl TableLevelSharingProperties {
    /// The eight lists under ARM's names, in ARM's order.
    #[must_use]
    pub fn lists(&self) -> [(&'static str, &[String]); 8] {
        let Self {
            tables_to_include,
            tables_to_exclude,
            external_tables_to_include,
            external_tables_to_exclude,
            materialized_views_to_include,
            materialized_views_to_exclude,
            functions_to_include,
            functions_to_exclude,
        } = self;
        [
            ("tablesToInclude", tables_to_include),
            ("tablesToExclude", tables_to_exclude),
            ("externalTablesToInclude", external_tables_to_include),
            ("externalTablesToExclude", external_tables_to_exclude),
            ("materializedViewsToInclude", materialized_views_to_include),
            ("materializedViewsToExclude", materialized_views_to_exclude),
            ("functionsToInclude", functions_to_include),
            ("functionsToExclude", functions_to_exclude),
        ]
    }
}

/// Schema of one sharing list. Entity names have 1 to 1024 characters (arm-kusto.md §12). `atomic` although order does
/// not matter: `set` would refuse a duplicate that ARM accepts.
fn entity_names(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "array",
        "maxItems": rules::MAX_SHARING_ENTRIES,
        "items": {"type": "string", "minLength": 1, "maxLength": 1024},
        "x-kubernetes-list-type": "atomic",
    })
}
