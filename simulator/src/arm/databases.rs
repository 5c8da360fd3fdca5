//! Databases: the cluster's own (`ReadWrite`) and those it follows (`ReadOnlyFollowing`). Pure.

use std::time::Duration;

use http::StatusCode;
use serde_json::{Map, Value};

use super::configuration_body::text;
use super::context::{Context, Plan};
use super::paging::{Form, page};
use super::{ArmError, wire};
use crate::arm_id::{ClusterId, name_key};
use crate::reply::Reply;
use crate::state::{Change, Ending, Followed, Held, OperationKind, follows};
use crate::world::Database;

const KIND: &str = "databases";

/// Database operations take 0.6 s to 3.2 s (arm-kusto.md §3.4).
const DURATION: Duration = Duration::from_secs(2);

pub(super) fn list(context: &Context<'_>, id: &ClusterId) -> Result<Reply, ArmError> {
    let held = running(context, id)?;
    let followers = context.state.followers(&id.key());
    let mut items: Vec<_> = held
        .cluster
        .databases
        .iter()
        .map(|own| {
            wire::own_database(
                &held.cluster,
                own,
                follows(&followers, &own.name),
                "Succeeded",
            )
        })
        .collect();
    items.extend(
        context
            .state
            .followed(&id.key())
            .iter()
            .map(|one| wire::followed_database(&held.cluster, one, "Succeeded")),
    );
    page(
        context.call,
        &items,
        Form::Nested,
        context.options.page_size,
    )
}

pub(super) fn get(context: &Context<'_>, id: &ClusterId, name: &str) -> Result<Reply, ArmError> {
    let held = running(context, id)?;
    if let Some(own) = held.cluster.database(name) {
        let is_followed = follows(&context.state.followers(&id.key()), name);
        return Ok(Reply::json(
            StatusCode::OK,
            &wire::own_database(&held.cluster, own, is_followed, "Succeeded"),
        ));
    }
    let followed = find_followed(context, id, name).ok_or_else(|| absent(id, name))?;
    Ok(Reply::json(
        StatusCode::OK,
        &wire::followed_database(&held.cluster, &followed, "Succeeded"),
    ))
}

pub(super) fn put(
    context: &mut Context<'_>,
    id: &ClusterId,
    name: &str,
) -> Result<Reply, ArmError> {
    write(context, id, name, Verb::Put)
}

pub(super) fn patch(
    context: &mut Context<'_>,
    id: &ClusterId,
    name: &str,
) -> Result<Reply, ArmError> {
    write(context, id, name, Verb::Patch)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verb {
    Put,
    Patch,
}

/// What a write finds under the name.
enum Found<'a> {
    Own(&'a Database),
    Followed(Followed<'a>),
    Nothing,
}

fn write(
    context: &mut Context<'_>,
    id: &ClusterId,
    name: &str,
    verb: Verb,
) -> Result<Reply, ArmError> {
    let held = running(context, id)?;
    let Request {
        kind,
        hot_cache_period,
        soft_delete_period,
    } = read(&context.call.body)?;
    let found = match held.cluster.database(name) {
        Some(own) => Found::Own(own),
        None => find_followed(context, id, name).map_or(Found::Nothing, Found::Followed),
    };
    let cluster = held.cluster.id.clone();
    let location = held.cluster.location.clone();
    let key = cluster.key();
    let (created, change, body) = match (found, kind) {
        (Found::Nothing, _) if verb == Verb::Patch => return Err(absent(id, name)),
        (Found::Nothing, Kind::ReadOnlyFollowing) => {
            return Err(ArmError::kusto(
                "A follower database cannot be created; attach it with an attached database configuration.",
            ));
        }
        (Found::Nothing, Kind::ReadWrite) => {
            let mut database = Database::named(name.to_owned());
            alter(&mut database, hot_cache_period, soft_delete_period);
            let body = wire::own_database(&held.cluster, &database, false, "Creating");
            (
                true,
                Change::CreateDatabase {
                    cluster: key,
                    database,
                },
                body,
            )
        }
        (Found::Own(own), Kind::ReadWrite) => {
            let mut database = own.clone();
            alter(&mut database, hot_cache_period, soft_delete_period);
            let is_followed = follows(&context.state.followers(&key), name);
            let body = wire::own_database(&held.cluster, &database, is_followed, "Accepted");
            (
                false,
                Change::AlterDatabase {
                    cluster: key,
                    database,
                },
                body,
            )
        }
        (Found::Followed(followed), Kind::ReadOnlyFollowing) => {
            let body = wire::followed_database(&held.cluster, &followed, "Accepted");
            let change = hot_cache_period.map_or(Change::Nothing, |period| Change::AlterHotCache {
                cluster: key,
                name: followed.name.clone(),
                period,
            });
            (false, change, body)
        }
        (Found::Own(_), Kind::ReadOnlyFollowing) | (Found::Followed(_), Kind::ReadWrite) => {
            return Err(ArmError::kusto(&format!(
                "The kind of database '{name}' cannot be changed."
            )));
        }
    };
    let begun = begin(
        context,
        cluster,
        location,
        OperationKind::DatabaseCreate,
        change,
    )?;
    Ok(match (verb, created) {
        (Verb::Put, true) => context.accepted(StatusCode::CREATED, &begun, &body),
        (Verb::Put, false) => context.accepted(StatusCode::OK, &begun, &body),
        (Verb::Patch, _) => context.both(Reply::json(StatusCode::ACCEPTED, &body), &begun),
    })
}

/// A followed database is detached, not deleted, and one that others follow stays until they detach
/// (arm-kusto.md §6); the codes are unconfirmed.
pub(super) fn delete(
    context: &mut Context<'_>,
    id: &ClusterId,
    name: &str,
) -> Result<Reply, ArmError> {
    let held = running(context, id)?;
    if held.cluster.database(name).is_none() {
        return match find_followed(context, id, name) {
            Some(followed) => Err(ArmError::kusto(&format!(
                "Database '{}' is a follower database and cannot be deleted; detach it by deleting the configuration '{}'.",
                followed.name, followed.configuration.name
            ))),
            None => Ok(Reply::empty(StatusCode::NO_CONTENT)),
        };
    }
    if follows(&context.state.followers(&id.key()), name) {
        let message = format!(
            "Database '{name}' cannot be deleted while it is followed. Detach the followers first."
        );
        return Err(ArmError::kusto(&message));
    }
    let cluster = held.cluster.id.clone();
    let location = held.cluster.location.clone();
    let change = Change::DeleteDatabase {
        cluster: cluster.key(),
        name: name.to_owned(),
    };
    let begun = begin(
        context,
        cluster,
        location,
        OperationKind::DatabaseDelete,
        change,
    )?;
    Ok(context.both(Reply::empty(StatusCode::ACCEPTED), &begun))
}

fn begin(
    context: &mut Context<'_>,
    cluster: ClusterId,
    location: String,
    kind: OperationKind,
    change: Change,
) -> Result<super::context::Begun, ArmError> {
    context.begin(Plan {
        kind,
        holds: cluster.clone(),
        cluster,
        location,
        duration: context.options.operation_duration.min(DURATION),
        change,
        ending: Ending::Succeeded,
    })
}

/// The cluster, or the 400 that its databases answer with while it does not run (arm-kusto.md §7).
fn running<'a>(context: &'a Context<'_>, id: &ClusterId) -> Result<&'a Held, ArmError> {
    let held = context.parent(id, KIND)?;
    if held.cluster.is_running() {
        return Ok(held);
    }
    let message = format!(
        "Cannot fetch databases while resource is in state '{}'.",
        held.cluster.state
    );
    Err(ArmError::new(
        StatusCode::BAD_REQUEST,
        "BadRequest",
        message,
    ))
}

fn find_followed<'a>(context: &'a Context<'_>, id: &ClusterId, name: &str) -> Option<Followed<'a>> {
    let key = name_key(name);
    context
        .state
        .followed(&id.key())
        .into_iter()
        .find(|followed| name_key(&followed.name) == key)
}

fn absent(id: &ClusterId, name: &str) -> ArmError {
    ArmError::no_resource(id, &format!("clusters/{}/{KIND}/{name}", id.name))
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    ReadWrite,
    ReadOnlyFollowing,
}

struct Request {
    kind: Kind,
    hot_cache_period: Option<String>,
    soft_delete_period: Option<String>,
}

fn read(body: &[u8]) -> Result<Request, ArmError> {
    let body: Value =
        serde_json::from_slice(body).map_err(|error| ArmError::content(&error.to_string()))?;
    let Value::Object(mut body) = body else {
        return Err(ArmError::content("the content must be a JSON object"));
    };
    let kind = match text(&mut body, "kind")?.as_deref() {
        Some("ReadWrite") => Kind::ReadWrite,
        Some("ReadOnlyFollowing") => Kind::ReadOnlyFollowing,
        Some(other) => {
            return Err(ArmError::kusto(&format!(
                "'{other}' is not a kind of database."
            )));
        }
        None => return Err(ArmError::kusto("Required property 'kind' is missing.")),
    };
    let mut properties = match body.remove("properties") {
        None | Some(Value::Null) => Map::new(),
        Some(Value::Object(properties)) => properties,
        Some(_) => return Err(ArmError::content("'properties' must be an object")),
    };
    let mut period = |name: &str| match text(&mut properties, name)? {
        Some(period) if !period.starts_with('P') => Err(ArmError::kusto(&format!(
            "'{name}' must be an ISO 8601 duration such as 'P31D', not '{period}'."
        ))),
        period => Ok(period),
    };
    Ok(Request {
        kind,
        hot_cache_period: period("hotCachePeriod")?,
        soft_delete_period: period("softDeletePeriod")?,
    })
}

fn alter(database: &mut Database, hot: Option<String>, soft: Option<String>) {
    if let Some(hot) = hot {
        database.hot_cache_period = hot;
    }
    if let Some(soft) = soft {
        database.soft_delete_period = soft;
    }
}
