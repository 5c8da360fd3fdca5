//! Clusters: get, list, delete, start, stop. They come into being through the world file only. Pure.

use http::StatusCode;

use super::ArmError;
use super::context::{Context, Plan, Turn};
use super::paging::{Form, page};
use super::wire;
use crate::arm_id::ClusterId;
use crate::clock::stamp;
use crate::reply::Reply;
use crate::state::{Change, Ending, OperationKind};

pub(super) fn get(context: &Context<'_>, id: &ClusterId) -> Result<Reply, ArmError> {
    let held = context.cluster(id)?;
    let etag = etag(context);
    Ok(Reply::json(StatusCode::OK, &wire::cluster(&held.cluster, &etag)).with("etag", &etag))
}

/// The clusters of a subscription, or of one of its groups.
pub(super) fn list(
    context: &Context<'_>,
    subscription: &str,
    group: Option<&str>,
) -> Result<Reply, ArmError> {
    let within = |id: &ClusterId| {
        id.subscription.eq_ignore_ascii_case(subscription)
            && group.is_none_or(|group| id.resource_group.eq_ignore_ascii_case(group))
    };
    if let Some(group) = group {
        let probe = ClusterId {
            subscription: subscription.to_owned(),
            resource_group: group.to_owned(),
            name: String::new(),
        };
        if !context.state.has_group(&probe) {
            return Err(ArmError::no_group(&probe));
        }
    }
    let etag = etag(context);
    let items: Vec<_> = context
        .state
        .all()
        .filter(|(_, held)| within(&held.cluster.id))
        .map(|(_, held)| wire::cluster(&held.cluster, &etag))
        .collect();
    page(
        context.call,
        &items,
        Form::Nested,
        context.options.page_size,
    )
}

/// Refused while one of the cluster's databases is followed (arm-kusto.md §6); the code is unconfirmed.
pub(super) fn delete(context: &mut Context<'_>, id: &ClusterId) -> Result<Reply, ArmError> {
    let Some(held) = context.state.held(&id.key()) else {
        return Ok(Reply::empty(StatusCode::NO_CONTENT));
    };
    let followers = context.state.followers(&id.key());
    if let Some(follower) = followers.first() {
        let message = format!(
            "Cluster '{}' cannot be deleted while its databases are followed; '{}' follows '{}'. Detach the followers first.",
            held.cluster.id.name, follower.cluster.name, follower.properties.database_name
        );
        return Err(ArmError::kusto(&message));
    }
    let change = Change::DeleteCluster { cluster: id.key() };
    begin(
        context,
        id,
        OperationKind::ClusterDelete,
        change,
        "Deleting",
    )
}

pub(super) fn start(context: &mut Context<'_>, id: &ClusterId) -> Result<Reply, ArmError> {
    let change = Change::SetClusterState {
        cluster: id.key(),
        done: "Running",
        undone: "Stopped",
    };
    begin(
        context,
        id,
        OperationKind::ClusterResume,
        change,
        "Starting",
    )
}

pub(super) fn stop(context: &mut Context<'_>, id: &ClusterId) -> Result<Reply, ArmError> {
    let change = Change::SetClusterState {
        cluster: id.key(),
        done: "Stopped",
        undone: "Running",
    };
    begin(
        context,
        id,
        OperationKind::ClusterSuspend,
        change,
        "Stopping",
    )
}

fn begin(
    context: &mut Context<'_>,
    id: &ClusterId,
    kind: OperationKind,
    change: Change,
    meanwhile: &str,
) -> Result<Reply, ArmError> {
    let held = context.cluster(id)?;
    let cluster = held.cluster.id.clone();
    let location = held.cluster.location.clone();
    let begun = context.begin(Plan {
        kind,
        cluster: cluster.clone(),
        location,
        holds: cluster.clone(),
        duration: context.options.operation_duration,
        change,
        ending: Ending::Succeeded,
    })?;
    match (begun.turn, context.state.held_mut(&cluster.key())) {
        (Turn::Granted, Some(held)) => meanwhile.clone_into(&mut held.cluster.state),
        (Turn::Granted, None) | (Turn::Refused, _) => {}
    }
    Ok(context.both(Reply::empty(StatusCode::ACCEPTED), &begun))
}

/// The quotes belong to the value (arm-kusto.md §2.1).
fn etag(context: &Context<'_>) -> String {
    format!("\"{}\"", stamp(context.state.changed))
}
