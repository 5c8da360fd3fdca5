//! Attached database configurations: get, list, create or update, delete. Pure.

use http::StatusCode;

use super::ArmError;
use super::configuration_body::{self, Requested};
use super::context::{Context, Plan, Turn};
use super::paging::{Form, page};
use super::wire;
use crate::arm_id::{ClusterId, name_key};
use crate::options::StoppedCluster;
use crate::reply::Reply;
use crate::state::{Change, Ending, Failure, Held, OperationKind, State};
use crate::world::{Configuration, Properties, Stage};

const KIND: &str = "attachedDatabaseConfigurations";

/// What attaching needs on the leader. The docs ask for Contributor on both clusters and name no action
/// (arm-kusto.md §10); every role that may write the leader passes.
const LEADER_ACTION: &str = "Microsoft.Kusto/Clusters/write";

pub(super) fn get(context: &Context<'_>, id: &ClusterId, name: &str) -> Result<Reply, ArmError> {
    let held = readable(context, id)?;
    let Some(configuration) = held.configurations.get(&name_key(name)) else {
        return Err(ArmError::no_resource(
            id,
            &format!("clusters/{}/{KIND}/{name}", id.name),
        ));
    };
    Ok(Reply::json(
        StatusCode::OK,
        &shown(context.state, configuration),
    ))
}

pub(super) fn list(context: &Context<'_>, id: &ClusterId) -> Result<Reply, ArmError> {
    let held = readable(context, id)?;
    let items: Vec<_> = held
        .configurations
        .values()
        .map(|one| shown(context.state, one))
        .collect();
    page(
        context.call,
        &items,
        Form::Nested,
        context.options.page_size,
    )
}

fn shown<'a>(
    state: &State,
    configuration: &'a Configuration,
) -> wire::Resource<wire::ConfigurationShown<'a>> {
    let attached = match configuration.stage {
        Stage::Creating => None,
        Stage::Attached | Stage::Updating | Stage::Deleting | Stage::Failed | Stage::Shown(_) => {
            Some(state.attached_names(&configuration.cluster.key(), configuration))
        }
    };
    wire::configuration_shown(configuration, attached)
}

pub(super) fn put(
    context: &mut Context<'_>,
    id: &ClusterId,
    name: &str,
) -> Result<Reply, ArmError> {
    if name.trim().is_empty() {
        return Err(ArmError::kusto(
            "The name of the configuration must not be blank.",
        ));
    }
    let cluster = writable(context, id)?.cluster.id.clone();
    let requested = configuration_body::read(&context.call.body)?;
    check_leader_access(context, &cluster, name, &requested.properties)?;
    let follower = context.parent(id, KIND)?;
    configuration_body::check(context.state, follower, &requested)?;

    let key = cluster.key();
    let location = follower.cluster.location.clone();
    let existing = follower.configurations.get(&name_key(name)).cloned();
    let Requested {
        location: given,
        properties,
    } = requested;
    let spelled = existing
        .as_ref()
        .map_or(name, |existing| &existing.name)
        .to_owned();
    let wanted = Configuration {
        cluster: cluster.clone(),
        name: spelled.clone(),
        location: given.unwrap_or_else(|| location.clone()),
        properties,
        stage: Stage::Creating,
        attached: Vec::new(),
    };
    let in_force = existing
        .as_ref()
        .filter(|existing| existing.stage.in_force());
    let (status, word, change, ending) = match (&existing, in_force) {
        (None, _) => (
            StatusCode::CREATED,
            "Creating",
            attach(&wanted),
            Ending::Succeeded,
        ),
        (Some(_), None) => (
            StatusCode::OK,
            "Accepted",
            attach(&wanted),
            Ending::Succeeded,
        ),
        (Some(_), Some(old)) => {
            let change = Change::Update {
                cluster: key.clone(),
                name: spelled.clone(),
                location: wanted.location.clone(),
                properties: wanted.properties.clone(),
            };
            (
                StatusCode::OK,
                "Accepted",
                change,
                cannot_alter(old, &wanted).map_or(Ending::Succeeded, Ending::Failed),
            )
        }
    };
    let replaces = in_force.is_none();
    let begun = context.begin(Plan {
        kind: OperationKind::FollowerDatabaseCreate,
        cluster: cluster.clone(),
        location,
        holds: cluster,
        duration: context.options.operation_duration,
        change,
        ending,
    })?;
    let reply = context.accepted(status, &begun, &wire::configuration_echo(&wanted, word));
    match (begun.turn, replaces) {
        (Turn::Granted, true) => {
            if let Some(held) = context.state.held_mut(&key) {
                held.configurations.insert(name_key(name), wanted);
            }
        }
        (Turn::Granted, false) => context.state.set_stage(&key, name, Stage::Updating),
        (Turn::Refused, _) => {}
    }
    Ok(reply)
}

fn attach(wanted: &Configuration) -> Change {
    Change::Attach {
        cluster: wanted.cluster.key(),
        name: wanted.name.clone(),
    }
}

/// What an update cannot change. That the leader cannot be altered is documented (arm-kusto.md §2.3); that
/// the database cannot is the reading of the Terraform provider.
fn cannot_alter(old: &Configuration, wanted: &Configuration) -> Option<Failure> {
    let leader = |properties: &Properties| ClusterId::parse(&properties.leader).map(|id| id.key());
    let what = if leader(&old.properties) != leader(&wanted.properties) {
        let name = ClusterId::parse(&old.properties.leader)
            .map_or_else(|| old.properties.leader.clone(), |id| id.name);
        format!("leader cluster '{name}'")
    } else if name_key(&old.properties.database_name) != name_key(&wanted.properties.database_name)
    {
        format!("database '{}'", old.properties.database_name)
    } else {
        return None;
    };
    Some(Failure {
        code: "CannotAlterFollowerDatabase".to_owned(),
        message: format!(
            "[BadRequest] Cannot alter {what} for resource name '{}'.",
            old.name
        ),
        state: "BadInput",
    })
}

pub(super) fn delete(
    context: &mut Context<'_>,
    id: &ClusterId,
    name: &str,
) -> Result<Reply, ArmError> {
    let follower = writable(context, id)?;
    let cluster = follower.cluster.id.clone();
    let location = follower.cluster.location.clone();
    if !follower.configurations.contains_key(&name_key(name)) {
        return Ok(Reply::empty(StatusCode::NO_CONTENT));
    }
    let begun = context.begin(Plan {
        kind: OperationKind::FollowerDatabaseDetach,
        cluster: cluster.clone(),
        location,
        holds: cluster.clone(),
        duration: context.options.operation_duration,
        change: Change::Detach {
            cluster: cluster.key(),
            name: name.to_owned(),
        },
        ending: Ending::Succeeded,
    })?;
    match begun.turn {
        Turn::Granted => context
            .state
            .set_stage(&cluster.key(), name, Stage::Deleting),
        Turn::Refused => {}
    }
    Ok(context.both(Reply::empty(StatusCode::ACCEPTED), &begun))
}

fn readable<'a>(context: &'a Context<'_>, id: &ClusterId) -> Result<&'a Held, ArmError> {
    let held = context.parent(id, KIND)?;
    match context.options.stopped_cluster {
        StoppedCluster::Always if !held.cluster.is_running() => {
            Err(stopped("fetch", &held.cluster.state))
        }
        StoppedCluster::Always | StoppedCluster::Writes | StoppedCluster::Never => Ok(held),
    }
}

/// The follower of a write. Whether a stopped cluster refuses it is unconfirmed, hence the option; that one
/// whose provisioning state is not terminal does is known (arm-kusto.md §4).
fn writable<'a>(context: &'a Context<'_>, id: &ClusterId) -> Result<&'a Held, ArmError> {
    let held = context.parent(id, KIND)?;
    if !held.cluster.is_settled() {
        return Err(ArmError::conflict(&held.cluster.id.to_string()));
    }
    match context.options.stopped_cluster {
        StoppedCluster::Never => Ok(held),
        StoppedCluster::Writes | StoppedCluster::Always if held.cluster.is_running() => Ok(held),
        StoppedCluster::Writes | StoppedCluster::Always => {
            Err(stopped("change", &held.cluster.state))
        }
    }
}

fn stopped(verb: &str, state: &str) -> ArmError {
    let message = format!(
        "Cannot {verb} attached database configurations while resource is in state '{state}'."
    );
    ArmError::new(StatusCode::BAD_REQUEST, "BadRequest", message)
}

fn check_leader_access(
    context: &mut Context<'_>,
    follower: &ClusterId,
    name: &str,
    properties: &Properties,
) -> Result<(), ArmError> {
    let leader = configuration_body::leader_id(properties)?;
    let assignments = context.state.role_assignments.as_deref();
    if context
        .access
        .allows(assignments, LEADER_ACTION, &leader.to_string())
    {
        return Ok(());
    }
    let principal = &context.access.principal;
    let message = format!(
        "The client '{}' with object id '{}' has permission to perform action \
         'Microsoft.Kusto/Clusters/AttachedDatabaseConfigurations/write' on scope '{}/{KIND}/{name}'; however, it does not have \
         permission to perform action(s) '{LEADER_ACTION}' on the linked scope(s) '{leader}' (respectively) or the linked \
         scope(s) are invalid.",
        principal.client_id, principal.object_id, follower
    );
    Err(ArmError::new(
        StatusCode::FORBIDDEN,
        "LinkedAuthorizationFailed",
        message,
    ))
}
