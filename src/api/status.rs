//! What the operator has observed: `status` of an `AttachedDatabase`. Pure.
//!
//! Azure decides how long its texts and lists are, the schema decides how long they may be: `within_bounds` cuts a status
//! to the schema, so that a status write is never refused for its size.

use std::collections::HashSet;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

/// Databases that are listed at most. A follower of all databases can have 10,000 (arm-kusto.md §12), while etcd takes
/// 1.5 MiB for an object: 500 with the longest names, managed fields included, stay below it.
pub const MAX_LISTED_DATABASES: usize = 500;

/// Differences that are listed at most.
pub const MAX_DRIFT: usize = 32;

/// Characters of an observed or desired value in `drift`.
pub const MAX_DRIFT_VALUE_CHARS: usize = 1024;

/// Characters of a polling URL. Signed ones have about 3.3 KB, and clients must accept more (arm-kusto.md §3.1).
pub const MAX_URL_CHARS: usize = 16_384;

/// Characters of `lastHandledReconcileAt`.
pub const MAX_REQUEST_CHARS: usize = 1024;

/// Characters of a database name (arm-kusto.md §12).
const MAX_NAME_CHARS: usize = 260;
const MAX_WORD_CHARS: usize = 64;
const MAX_ID_CHARS: usize = 512;
const MAX_FIELD_CHARS: usize = 256;

/// What the operator has observed. An object that it has not seen yet has `observedGeneration: -1` alone.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AttachedDatabaseStatus {
    /// `Ready`, `Reconciling` or `Stalled`, and details such as `InSync` and `FollowerRunning`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "conditions")]
    pub conditions: Vec<Condition>,

    /// The `metadata.generation` that this status speaks of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = -1))]
    pub observed_generation: Option<i64>,

    /// Name of the follower cluster, short enough for a column.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = MAX_WORD_CHARS))]
    pub follower_name: Option<String>,

    /// Azure resource ID of the configuration.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = MAX_ID_CHARS))]
    pub configuration_id: Option<String>,

    /// `Created`: the operator made the configuration. `Adopted`: it took an existing one over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ownership: Option<Ownership>,

    /// Names under which the databases are attached to the follower, as Azure tells them; the first 500.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(
        length(max = MAX_LISTED_DATABASES),
        inner(length(max = MAX_NAME_CHARS)),
        extend("x-kubernetes-list-type" = "atomic")
    )]
    pub attached_database_names: Vec<String>,

    /// The attached databases as the follower shows them; the first 500.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(
        length(max = MAX_LISTED_DATABASES),
        extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["name"])
    )]
    pub databases: Vec<DatabaseStatus>,

    /// Differences between this declaration and the configuration in Azure; absent when there are none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(
        length(max = MAX_DRIFT),
        extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["field"])
    )]
    pub drift: Vec<Drift>,

    /// The operation that is under way in Azure. A hint that may be lost at any time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operation: Option<OperationStatus>,

    /// The value of the annotation `adx-follower.dev/reconcile-requested-at` that was handled last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = MAX_REQUEST_CHARS))]
    pub last_handled_reconcile_at: Option<String>,
}

/// Where the configuration comes from: deciding whether it may be changed and deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[allow(
    missing_docs,
    reason = "`status.ownership` explains them; docs here would make the schema a `oneOf`"
)]
pub enum Ownership {
    Created,
    Adopted,
}

/// One attached database.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DatabaseStatus {
    /// Its name on the follower.
    #[schemars(length(max = MAX_NAME_CHARS))]
    pub name: String,

    /// Its name on the leader.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = MAX_NAME_CHARS))]
    pub original_database_name: Option<String>,

    /// How long its data stays in the hot cache: an ISO 8601 duration.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = MAX_WORD_CHARS))]
    pub hot_cache_period: Option<String>,

    /// Size of its data, in bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0))]
    pub size_bytes: Option<i64>,

    /// How principals of the leader reach it, as Azure tells it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = MAX_WORD_CHARS))]
    pub principals_modification_kind: Option<String>,

    /// Whether Azure has suspended it, because the leader's key is revoked for example.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suspended: Option<bool>,

    /// What of it is shared, as Azure tells it: `tablesToInclude: Orders, Logs*; …`. Absent when everything is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = MAX_DRIFT_VALUE_CHARS))]
    pub sharing: Option<String>,
}

/// One difference between the declaration and Azure.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Drift {
    /// The property that differs, under ARM's name.
    #[schemars(length(max = MAX_FIELD_CHARS))]
    pub field: String,

    /// The declared value.
    #[schemars(length(max = MAX_DRIFT_VALUE_CHARS))]
    pub desired: String,

    /// The value in Azure.
    #[schemars(length(max = MAX_DRIFT_VALUE_CHARS))]
    pub observed: String,

    /// When it was found.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<Time>,

    /// Who changed the configuration last, where Azure tells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = MAX_FIELD_CHARS))]
    pub changed_by: Option<String>,

    /// When that was, where Azure tells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = MAX_WORD_CHARS))]
    pub changed_at: Option<String>,
}

/// An operation that was started, or is about to be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct OperationStatus {
    /// What it does: `Attach`, `Update` or `Detach`.
    pub kind: OperationKind,

    /// When it was started.
    pub started_at: Time,

    /// The `metadata.generation` that it carries out.
    #[schemars(range(min = 0))]
    pub generation: i64,

    /// Where Azure tells its progress. Absent when the request was not answered yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = MAX_URL_CHARS))]
    pub url: Option<String>,
}

/// What an operation does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[allow(
    missing_docs,
    reason = "`status.operation.kind` explains them; docs here would make the schema a `oneOf`"
)]
pub enum OperationKind {
    Attach,
    Update,
    Detach,
}

impl OperationKind {
    /// The spelling in `status`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Attach => "Attach",
            Self::Update => "Update",
            Self::Detach => "Detach",
        }
    }
}

impl AttachedDatabaseStatus {
    /// The same, said of another generation.
    #[must_use]
    pub fn of_generation(mut self, generation: i64) -> Self {
        self.observed_generation = Some(generation);
        for condition in &mut self.conditions {
            condition.observed_generation = Some(generation);
        }
        self
    }

    /// This status cut to the bounds of the schema: long lists and texts end early (texts with `…`), later elements with
    /// the key of an earlier one go, and a polling URL that is too long is forgotten, since a cut one cannot be polled.
    /// Conditions are bounded by [`merge`](super::merge) already. Idempotent.
    #[must_use]
    pub fn within_bounds(self) -> Self {
        let Self {
            conditions,
            observed_generation,
            follower_name,
            configuration_id,
            ownership,
            mut attached_database_names,
            mut databases,
            mut drift,
            operation,
            last_handled_reconcile_at,
        } = self;
        attached_database_names.truncate(MAX_LISTED_DATABASES);
        let attached_database_names = attached_database_names
            .into_iter()
            .map(|name| clip(name, MAX_NAME_CHARS))
            .collect();
        databases = databases
            .into_iter()
            .map(DatabaseStatus::within_bounds)
            .collect();
        keep_first_of_each(&mut databases, |database| database.name.clone());
        databases.truncate(MAX_LISTED_DATABASES);
        drift = drift.into_iter().map(Drift::within_bounds).collect();
        keep_first_of_each(&mut drift, |difference| difference.field.clone());
        drift.truncate(MAX_DRIFT);
        Self {
            conditions,
            observed_generation: observed_generation.map(|generation| generation.max(-1)),
            follower_name: clip_some(follower_name, MAX_WORD_CHARS),
            configuration_id: clip_some(configuration_id, MAX_ID_CHARS),
            ownership,
            attached_database_names,
            databases,
            drift,
            operation: operation.map(OperationStatus::within_bounds),
            last_handled_reconcile_at: clip_some(last_handled_reconcile_at, MAX_REQUEST_CHARS),
        }
    }
}

impl DatabaseStatus {
    fn within_bounds(self) -> Self {
        let Self {
            name,
            original_database_name,
            hot_cache_period,
            size_bytes,
            principals_modification_kind,
            suspended,
            sharing,
        } = self;
        Self {
            name: clip(name, MAX_NAME_CHARS),
            original_database_name: clip_some(original_database_name, MAX_NAME_CHARS),
            hot_cache_period: clip_some(hot_cache_period, MAX_WORD_CHARS),
            size_bytes: size_bytes.filter(|bytes| *bytes >= 0),
            principals_modification_kind: clip_some(principals_modification_kind, MAX_WORD_CHARS),
            suspended,
            sharing: clip_some(sharing, MAX_DRIFT_VALUE_CHARS),
        }
    }
}

impl Drift {
    fn within_bounds(self) -> Self {
        let Self {
            field,
            desired,
            observed,
            since,
            changed_by,
            changed_at,
        } = self;
        Self {
            field: clip(field, MAX_FIELD_CHARS),
            desired: clip(desired, MAX_DRIFT_VALUE_CHARS),
            observed: clip(observed, MAX_DRIFT_VALUE_CHARS),
            since,
            changed_by: clip_some(changed_by, MAX_FIELD_CHARS),
            changed_at: clip_some(changed_at, MAX_WORD_CHARS),
        }
    }
}

impl OperationStatus {
    fn within_bounds(self) -> Self {
        let Self {
            kind,
            started_at,
            generation,
            url,
        } = self;
        Self {
            kind,
            started_at,
            generation: generation.max(0),
            url: url.filter(|url| url.chars().count() <= MAX_URL_CHARS),
        }
    }
}

/// `text` with at most `most` characters, the last one `…` if any went. The API server counts characters, not bytes.
pub(super) fn clip(text: String, most: usize) -> String {
    if text.chars().nth(most).is_none() {
        return text;
    }
    text.chars()
        .take(most.saturating_sub(1))
        .chain(['…'])
        .collect()
}

fn clip_some(text: Option<String>, most: usize) -> Option<String> {
    text.map(|text| clip(text, most))
}

fn keep_first_of_each<T>(list: &mut Vec<T>, key: impl Fn(&T) -> String) {
    let mut seen = HashSet::new();
    list.retain(|element| seen.insert(key(element)));
}

/// `metav1.Condition` with the bounds that its Go markers have and the derived schema lacks; `observedGeneration` is
/// required as well, because stale conditions must be recognisable (conventions.md §1).
fn conditions(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "array",
        "maxItems": 16,
        "x-kubernetes-list-type": "map",
        "x-kubernetes-list-map-keys": ["type"],
        "items": {
            "type": "object",
            "required": ["lastTransitionTime", "message", "observedGeneration", "reason", "status", "type"],
            "properties": {
                "type": {
                    "description": "What the condition is about.",
                    "type": "string",
                    "maxLength": 316,
                    "pattern": r"^([a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*/)?(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])$",
                },
                "status": {
                    "description": "Whether it holds.",
                    "type": "string",
                    "enum": ["True", "False", "Unknown"],
                },
                "observedGeneration": {
                    "description": "The metadata.generation that the condition speaks of.",
                    "type": "integer",
                    "format": "int64",
                    "minimum": 0,
                },
                "lastTransitionTime": {
                    "description": "When the status changed last.",
                    "type": "string",
                    "format": "date-time",
                },
                "reason": {
                    "description": "Why, in one word for programs.",
                    "type": "string",
                    "minLength": 1,
                    "maxLength": 1024,
                    "pattern": "^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$",
                },
                "message": {
                    "description": "Why, and what to do, for people.",
                    "type": "string",
                    "maxLength": 32768,
                },
            },
        },
    })
}
