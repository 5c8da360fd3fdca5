//! Reads the body of a configuration PUT and checks it as the service would. Pure.
//!
//! The codes and texts of most of these refusals are unconfirmed (arm-kusto.md §7): only that they are
//! refusals with a client error is to be relied on.

use serde_json::{Map, Value};

use super::ArmError;
use crate::arm_id::{ClusterId, region_key};
use crate::state::{Held, State};
use crate::world::{KINDS, Properties, Sharing};

/// Most entries in all eight sharing lists together (arm-kusto.md §6).
const MOST_ENTRIES: usize = 100;

/// What a PUT asks for.
pub(super) struct Requested {
    pub(super) location: Option<String>,
    pub(super) properties: Properties,
}

pub(super) fn read(body: &[u8]) -> Result<Requested, ArmError> {
    let body: Value =
        serde_json::from_slice(body).map_err(|error| ArmError::content(&error.to_string()))?;
    let Value::Object(mut body) = body else {
        return Err(ArmError::content("the content must be a JSON object"));
    };
    let location = text(&mut body, "location")?;
    let mut properties = match body.remove("properties") {
        None | Some(Value::Null) => return Err(missing("properties")),
        Some(Value::Object(properties)) => properties,
        Some(_) => return Err(ArmError::content("'properties' must be an object")),
    };
    let mut required = |name: &str| {
        text(&mut properties, name)?.ok_or_else(|| missing(&format!("properties.{name}")))
    };
    let database_name = required("databaseName")?;
    let leader = required("clusterResourceId")?;
    let kind = required("defaultPrincipalsModificationKind")?;
    if !KINDS.contains(&kind.as_str()) {
        let allowed = KINDS.join(", ");
        let message = format!(
            "'{kind}' is not a value of 'properties.defaultPrincipalsModificationKind'; allowed are {allowed}."
        );
        return Err(ArmError::kusto(&message));
    }
    let sharing = match properties.remove("tableLevelSharingProperties") {
        None | Some(Value::Null) => None,
        Some(Value::Object(mut lists)) => Some(Sharing::gather(|name| texts(&mut lists, name))?),
        Some(_) => {
            return Err(ArmError::content(
                "'tableLevelSharingProperties' must be an object",
            ));
        }
    };
    let name_override = text(&mut properties, "databaseNameOverride")?;
    let name_prefix = text(&mut properties, "databaseNamePrefix")?;
    let properties = Properties {
        database_name,
        leader,
        kind,
        sharing,
        name_override,
        name_prefix,
    };
    Ok(Requested {
        location,
        properties,
    })
}

/// Checks what does not depend on the leader, then the leader.
pub(super) fn check(state: &State, follower: &Held, requested: &Requested) -> Result<(), ArmError> {
    let Requested {
        location,
        properties,
    } = requested;
    let Properties {
        database_name,
        leader: _,
        kind: _,
        sharing,
        name_override,
        name_prefix,
    } = properties;
    let own = &follower.cluster;
    if location
        .as_ref()
        .is_some_and(|location| region_key(location) != region_key(&own.location))
    {
        let message = format!(
            "The location must be that of the cluster '{}': '{}'.",
            own.id.name, own.location
        );
        return Err(ArmError::kusto(&message));
    }
    if sharing.as_ref().map_or(0, Sharing::entries) > MOST_ENTRIES {
        return Err(ArmError::kusto(
            "'tableLevelSharingProperties' has more than 100 entries in all lists together.",
        ));
    }
    let all = database_name == "*";
    if all && sharing.as_ref().map_or(0, Sharing::entries) > 0 {
        return Err(ArmError::kusto(
            "'tableLevelSharingProperties' is not supported when all databases are attached.",
        ));
    }
    if all && name_override.is_some() {
        return Err(ArmError::kusto(
            "'databaseNameOverride' is not supported when all databases are attached.",
        ));
    }
    if name_override.is_some() && name_prefix.is_some() {
        return Err(ArmError::kusto(
            "Only one of 'databaseNameOverride' and 'databaseNamePrefix' can be given.",
        ));
    }
    check_leader(state, follower, properties)
}

fn check_leader(state: &State, follower: &Held, properties: &Properties) -> Result<(), ArmError> {
    let id = leader_id(properties)?;
    if id.key() == follower.cluster.id.key() {
        return Err(ArmError::kusto("A cluster cannot follow itself."));
    }
    let Some(leader) = state.held(&id.key()) else {
        return Err(ArmError::kusto(&format!(
            "The leader cluster '{}' was not found.",
            properties.leader
        )));
    };
    if region_key(&leader.cluster.location) != region_key(&follower.cluster.location) {
        let message = format!(
            "The leader cluster '{}' is in '{}' and the follower cluster '{}' in '{}'; both must be in the same region.",
            leader.cluster.id.name,
            leader.cluster.location,
            follower.cluster.id.name,
            follower.cluster.location
        );
        return Err(ArmError::kusto(&message));
    }
    let database = &properties.database_name;
    if database != "*" && leader.cluster.database(database).is_none() {
        let message = format!(
            "Database '{database}' was not found in the leader cluster '{}'.",
            leader.cluster.id.name
        );
        return Err(ArmError::kusto(&message));
    }
    Ok(())
}

/// The leader's id, or the 400 for what is no cluster id.
pub(super) fn leader_id(properties: &Properties) -> Result<ClusterId, ArmError> {
    ClusterId::parse(&properties.leader).ok_or_else(|| {
        ArmError::kusto(&format!(
            "'properties.clusterResourceId' is not a cluster's id: '{}'.",
            properties.leader
        ))
    })
}

fn missing(name: &str) -> ArmError {
    ArmError::kusto(&format!("Required property '{name}' is missing."))
}

/// A text property; null and empty count as not set.
pub(super) fn text(map: &mut Map<String, Value>, name: &str) -> Result<Option<String>, ArmError> {
    match map.remove(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text).filter(|text| !text.is_empty())),
        Some(_) => Err(ArmError::content(&format!("'{name}' must be a string"))),
    }
}

fn texts(map: &mut Map<String, Value>, name: &str) -> Result<Option<Vec<String>>, ArmError> {
    let wrong = || ArmError::content(&format!("'{name}' must be an array of strings"));
    match map.remove(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Array(items)) => items
            .into_iter()
            .map(|item| match item {
                Value::String(text) => Ok(text),
                _ => Err(wrong()),
            })
            .collect::<Result<Vec<_>, _>>()
            .map(Some),
        Some(_) => Err(wrong()),
    }
}
