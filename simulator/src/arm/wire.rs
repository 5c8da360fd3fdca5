//! The bodies of answers, in the casing, order and nullness of recorded traffic (arm-kusto.md §2.2, §3.2, §4, §5). Pure.

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use serde_json::{Value, json};

use crate::arm_id::{ClusterId, recased, region_key};
use crate::clock::stamp;
use crate::state::{Ending, Failure, Followed, Operation, Progress};
use crate::world::{Cluster, Configuration, Database, Properties, Sharing};

/// Any resource: the envelope with its properties.
#[derive(Serialize)]
pub(super) struct Resource<P> {
    id: String,
    name: String,
    r#type: &'static str,
    location: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    kind: Option<&'static str>,
    properties: P,
}

fn configuration<P>(configuration: &Configuration, properties: P) -> Resource<P> {
    Resource {
        id: configuration.recorded_id(),
        name: format!("{}/{}", configuration.cluster.name, configuration.name),
        r#type: "Microsoft.Kusto/Clusters/AttachedDatabaseConfigurations",
        location: configuration.location.clone(),
        kind: None,
        properties,
    }
}

/// A configuration as PUT answers it: what was sent, in the sender's case, and nothing that was not sent.
pub(super) fn configuration_echo<'a>(
    requested: &'a Configuration,
    provisioning_state: &'static str,
) -> Resource<ConfigurationEcho<'a>> {
    let Properties {
        database_name,
        leader,
        kind,
        sharing,
        name_override,
        name_prefix,
    } = &requested.properties;
    configuration(
        requested,
        ConfigurationEcho {
            database_name,
            cluster_resource_id: leader,
            default_principals_modification_kind: kind,
            table_level_sharing_properties: sharing.as_ref(),
            database_name_override: name_override.as_deref(),
            database_name_prefix: name_prefix.as_deref(),
            provisioning_state,
        },
    )
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ConfigurationEcho<'a> {
    database_name: &'a str,
    cluster_resource_id: &'a str,
    default_principals_modification_kind: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    table_level_sharing_properties: Option<&'a Sharing>,
    #[serde(skip_serializing_if = "Option::is_none")]
    database_name_override: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    database_name_prefix: Option<&'a str>,
    provisioning_state: &'static str,
}

/// A configuration as GET answers it: `Clusters` in the leader's id and null for whatever is not set.
pub(super) fn configuration_shown(
    shown: &Configuration,
    attached: Option<Vec<String>>,
) -> Resource<ConfigurationShown<'_>> {
    let Properties {
        database_name,
        leader,
        kind,
        sharing,
        name_override,
        name_prefix,
    } = &shown.properties;
    configuration(
        shown,
        ConfigurationShown {
            cluster_resource_id: recased(leader),
            database_name,
            attached_database_names: attached,
            default_principals_modification_kind: kind,
            table_level_sharing_properties: sharing.as_ref().map(WithNulls),
            database_name_override: name_override.as_deref(),
            database_name_prefix: name_prefix.as_deref(),
            provisioning_state: shown.stage.word(),
        },
    )
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ConfigurationShown<'a> {
    cluster_resource_id: String,
    database_name: &'a str,
    attached_database_names: Option<Vec<String>>,
    default_principals_modification_kind: &'a str,
    table_level_sharing_properties: Option<WithNulls<'a>>,
    database_name_override: Option<&'a str>,
    database_name_prefix: Option<&'a str>,
    provisioning_state: &'a str,
}

/// All eight lists, null where one is not set. How the service shows a partly filled object is unconfirmed.
struct WithNulls<'a>(&'a Sharing);

impl Serialize for WithNulls<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(Sharing::LISTS.len()))?;
        for (name, list) in self.0.named() {
            map.serialize_entry(name, &list)?;
        }
        map.end()
    }
}

/// A database of the cluster's own.
pub(super) fn own_database(
    cluster: &Cluster,
    database: &Database,
    is_followed: bool,
    provisioning_state: &str,
) -> Resource<Value> {
    database_resource(
        &cluster.id,
        &database.name,
        cluster,
        "ReadWrite",
        json!({
            "softDeletePeriod": database.soft_delete_period,
            "hotCachePeriod": database.hot_cache_period,
            "statistics": {"size": database.size_bytes},
            "isFollowed": is_followed,
            "provisioningState": provisioning_state,
        }),
    )
}

/// A database that the cluster follows.
pub(super) fn followed_database(
    cluster: &Cluster,
    followed: &Followed<'_>,
    provisioning_state: &str,
) -> Resource<Value> {
    let Followed {
        name,
        original,
        configuration,
        leader,
    } = followed;
    let hot = cluster
        .hot_cache_overrides
        .get(&crate::arm_id::name_key(name))
        .unwrap_or(&original.hot_cache_period);
    let mut properties = json!({
        "provisioningState": provisioning_state,
        "softDeletePeriod": original.soft_delete_period,
        "hotCachePeriod": hot,
        "statistics": {"size": original.size_bytes},
        "leaderClusterResourceId": leader.recorded(),
        "attachedDatabaseConfigurationName": configuration.name,
        "principalsModificationKind": configuration.properties.kind,
        "tableLevelSharingProperties": configuration.properties.sharing.as_ref().map(WithNulls),
        "originalDatabaseName": original.name,
        "databaseShareOrigin": "Direct",
    });
    if let (Some(since), Some(properties)) = (&original.suspended_since, properties.as_object_mut())
    {
        properties.insert(
            "suspensionDetails".to_owned(),
            json!({"suspensionStartDate": since}),
        );
    }
    database_resource(&cluster.id, name, cluster, "ReadOnlyFollowing", properties)
}

fn database_resource(
    id: &ClusterId,
    name: &str,
    cluster: &Cluster,
    kind: &'static str,
    properties: Value,
) -> Resource<Value> {
    Resource {
        id: format!("{}/Databases/{name}", id.recorded()),
        name: format!("{}/{name}", id.name),
        r#type: "Microsoft.Kusto/Clusters/Databases",
        location: cluster.location.clone(),
        kind: Some(kind),
        properties,
    }
}

/// A configuration in the leader's list of followers.
pub(super) fn follower(configuration: &Configuration) -> Value {
    let mut item = json!({
        "clusterResourceId": configuration.cluster.recorded(),
        "attachedDatabaseConfigurationName": configuration.name,
        "databaseName": configuration.properties.database_name,
        "databaseShareOrigin": "Direct",
    });
    if let (Some(sharing), Some(item)) = (&configuration.properties.sharing, item.as_object_mut()) {
        item.insert("tableLevelSharingProperties".to_owned(), json!(sharing));
    }
    item
}

/// A cluster, with integers where the schema says text (arm-kusto.md §4).
pub(super) fn cluster(cluster: &Cluster, etag: &str) -> Value {
    let Cluster {
        id,
        location,
        state,
        state_reason,
        provisioning_state,
        ..
    } = cluster;
    let region = region_key(location);
    let mut properties = json!({
        "state": state,
        "provisioningState": provisioning_state,
        "uri": format!("https://{}.{region}.kusto.windows.net", id.name),
        "dataIngestionUri": format!("https://ingest-{}.{region}.kusto.windows.net", id.name),
        "trustedExternalTenants": [],
        "enableDiskEncryption": false,
        "enableStreamingIngest": cluster.enable_streaming_ingest,
        "enableAutoStop": cluster.enable_auto_stop,
        "enableDoubleEncryption": false,
        "enablePurge": false,
        "engineType": "V3",
        "keyVaultProperties": cluster.key_vault_properties,
        "publicIPType": "IPv4",
        "publicNetworkAccess": "Enabled",
        "calloutPolicies": [{"calloutType": 1, "calloutUriRegex": "*", "outboundAccess": 0}],
    });
    if let (Some(reason), Some(properties)) = (state_reason, properties.as_object_mut()) {
        properties.insert("stateReason".to_owned(), json!(reason));
    }
    json!({
        "id": id.recorded(),
        "name": id.name,
        "type": "Microsoft.Kusto/Clusters",
        "location": location,
        "tags": cluster.tags,
        "etag": etag,
        "sku": {"name": "Standard_E2ads_v5", "tier": "Standard", "capacity": 2},
        "zones": null,
        "identity": {"type": "None"},
        "properties": properties,
    })
}

/// The status of an operation.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct OperationStatus<'a> {
    id: String,
    name: &'a str,
    status: &'static str,
    start_time: String,
    end_time: String,
    percent_complete: f64,
    properties: OperationProperties,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<OperationError<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct OperationProperties {
    operation_kind: &'static str,
    provisioning_state: &'static str,
    operation_state: &'static str,
}

#[derive(Serialize)]
struct OperationError<'a> {
    code: &'a str,
    message: &'a str,
}

/// The id has a raw space and `operationresults` in lower case, and the end is there while it runs (arm-kusto.md §3.2).
pub(super) fn operation(operation: &Operation, now: jiff::Timestamp) -> OperationStatus<'_> {
    let (status, operation_state, error) = match (operation.progress, &operation.ending) {
        (Progress::Running, _) => ("Running", "InProgress", None),
        (Progress::Ended, Ending::Succeeded) => ("Succeeded", "Completed", None),
        (Progress::Ended, Ending::Canceled) => ("Canceled", "Canceled", None),
        (
            Progress::Ended,
            Ending::Failed(Failure {
                code,
                message,
                state,
            }),
        ) => ("Failed", *state, Some(OperationError { code, message })),
    };
    let running = operation.progress == Progress::Running;
    OperationStatus {
        id: format!(
            "/subscriptions/{}/providers/Microsoft.Kusto/locations/{}/operationresults/{}",
            operation.cluster.subscription, operation.location, operation.id
        ),
        name: &operation.id,
        status,
        start_time: stamp(operation.started),
        end_time: stamp(if running { now } else { operation.ends }),
        percent_complete: if running { 0.5 } else { 1.0 },
        properties: OperationProperties {
            operation_kind: operation.kind.word(),
            provisioning_state: status,
            operation_state,
        },
        error,
    }
}
