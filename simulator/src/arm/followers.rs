//! The leader's side: who follows its databases, and how to detach them. Pure.

use http::{Method, StatusCode};
use serde_json::{Value, json};

use super::configuration_body::text;
use super::context::{Context, Plan, Turn};
use super::paging::{self, Form, page};
use super::{ArmError, wire};
use crate::arm_id::{ClusterId, name_key};
use crate::reply::Reply;
use crate::state::{Change, Ending, OperationKind};
use crate::world::Stage;

/// POST answers flat items, GET nests them under `properties` (arm-kusto.md §4.1).
pub(super) fn list(context: &Context<'_>, id: &ClusterId) -> Result<Reply, ArmError> {
    context.cluster(id)?;
    let form = match paging::form(context.call)? {
        Some(form) => form,
        None if context.call.method == Method::POST => Form::Flat,
        None => Form::Nested,
    };
    let items: Vec<Value> = context
        .state
        .followers(&id.key())
        .into_iter()
        .map(wire::follower)
        .map(|item| match form {
            Form::Flat => item,
            Form::Nested => json!({"properties": item}),
        })
        .collect();
    page(context.call, &items, form, context.options.page_size)
}

/// Removes a configuration from its follower, behind the back of whoever made it.
pub(super) fn detach(context: &mut Context<'_>, id: &ClusterId) -> Result<Reply, ArmError> {
    let held = context.cluster(id)?;
    let leader = held.cluster.id.clone();
    let location = held.cluster.location.clone();
    let body: Value = serde_json::from_slice(&context.call.body)
        .map_err(|error| ArmError::content(&error.to_string()))?;
    let Value::Object(mut body) = body else {
        return Err(ArmError::content("the content must be a JSON object"));
    };
    // The nested form of the GET list is taken back too.
    if let Some(Value::Object(properties)) = body.remove("properties") {
        body.extend(properties);
    }
    let mut required = |name: &str| {
        text(&mut body, name)?
            .ok_or_else(|| ArmError::kusto(&format!("Required property '{name}' is missing.")))
    };
    let follower = required("clusterResourceId")?;
    let name = required("attachedDatabaseConfigurationName")?;
    let missing = || {
        ArmError::kusto(&format!(
            "The configuration '{name}' of '{follower}' does not follow this cluster."
        ))
    };
    let found = context
        .state
        .followers(&leader.key())
        .into_iter()
        .find(|one| {
            ClusterId::parse(&follower).is_some_and(|id| id.key() == one.cluster.key())
                && name_key(&one.name) == name_key(&name)
        })
        .map(|one| one.cluster.clone())
        .ok_or_else(missing)?;
    let begun = context.begin(Plan {
        kind: OperationKind::FollowerDatabaseDetach,
        cluster: leader,
        location,
        holds: found.clone(),
        duration: context.options.operation_duration,
        change: Change::Detach {
            cluster: found.key(),
            name: name.clone(),
        },
        ending: Ending::Succeeded,
    })?;
    match begun.turn {
        Turn::Granted => context
            .state
            .set_stage(&found.key(), &name, Stage::Deleting),
        Turn::Refused => {}
    }
    Ok(context.both(Reply::empty(StatusCode::ACCEPTED), &begun))
}
