//! Azure Resource Manager: the checks every call passes, then the route it goes to. Pure.

mod clusters;
mod configuration_body;
mod configurations;
mod context;
mod databases;
mod error;
mod followers;
mod name_check;
mod operations;
mod paging;
mod route;
mod wire;

use http::{Method, StatusCode};
use jiff::Timestamp;
use uuid::Uuid;

pub(crate) use error::ArmError;

use crate::auth::{authenticate, check_tenant};
use crate::faults::InjectedOperation;
use crate::inbound::Inbound;
use crate::options::Options;
use crate::rbac::{Access, AccessCheck};
use crate::reply::Reply;
use crate::simulator::Live;
use crate::state::State;
use context::Context;
use route::{API_VERSIONS, Needed, Route};

/// Answers one ARM call, and tells the permissions that were checked. Operations whose time has come end first.
pub(crate) fn answer(
    live: &mut Live,
    options: &Options,
    call: &Inbound,
    now: Timestamp,
    injected: Option<&InjectedOperation>,
) -> (Reply, Vec<AccessCheck>) {
    live.state.settle(now);
    match authenticate(&live.tokens, &live.state, options, call, now) {
        Err(error) => (traced(error.into_reply(), call, now), Vec::new()),
        Ok(principal) => {
            let mut access = Access::of(principal);
            let reply = authenticated(live, options, call, now, injected, &mut access)
                .unwrap_or_else(ArmError::into_reply);
            (traced(reply, call, now), access.into_checks())
        }
    }
}

fn authenticated(
    live: &mut Live,
    options: &Options,
    call: &Inbound,
    now: Timestamp,
    injected: Option<&InjectedOperation>,
    access: &mut Access,
) -> Result<Reply, ArmError> {
    let version = call
        .parameter("api-version")
        .filter(|version| !version.is_empty())
        .ok_or_else(|| {
            let message =
                "The api-version query parameter (?api-version=) is required for all requests.";
            ArmError::new(
                StatusCode::BAD_REQUEST,
                "MissingApiVersionParameter",
                message,
            )
        })?;
    let route = Route::parse(&call.segments()).ok_or_else(|| no_route(call, &version))?;
    let methods = route.methods();
    if !methods.contains(&call.method) {
        let message = format!(
            "The requested resource does not support http method '{}'.",
            call.method
        );
        let allowed: Vec<&str> = methods.iter().map(Method::as_str).collect();
        let error = ArmError::new(StatusCode::METHOD_NOT_ALLOWED, "MethodNotAllowed", message);
        return Err(error.with("allow", &allowed.join(", ")));
    }
    if !live.state.has_subscription(route.subscription()) {
        return Err(ArmError::no_subscription(route.subscription()));
    }
    check_tenant(&live.state, call, &access.principal, route.subscription())?;
    let remaining = match &options.throttling {
        None => None,
        Some(throttling) => Some(live.throttle.spend(
            throttling,
            route.subscription(),
            &access.principal.client_id,
            &call.method,
            now,
        )?),
    };
    let identifier = format!(
        "tenantId={},objectId={}",
        access.principal.tenant_id, access.principal.object_id
    );
    let reply = permitted(live, options, call, now, injected, access, &route, &version)
        .unwrap_or_else(ArmError::into_reply);
    let limits = remaining
        .map(crate::throttle::Remaining::headers)
        .unwrap_or_default();
    let reply = limits
        .iter()
        .fold(reply, |reply, (name, value)| reply.with(name, value));
    Ok(reply.with(
        "x-ms-operation-identifier",
        &format!("{identifier}/simulated/{}", Uuid::new_v4()),
    ))
}

#[allow(
    clippy::too_many_arguments,
    reason = "one step of the pipeline above, called once"
)]
fn permitted(
    live: &mut Live,
    options: &Options,
    call: &Inbound,
    now: Timestamp,
    injected: Option<&InjectedOperation>,
    access: &mut Access,
    route: &Route,
    version: &str,
) -> Result<Reply, ArmError> {
    check_version(version)?;
    if let Some(Needed { action, scope }) = route.needs(&call.method) {
        authorize(&live.state, access, &action, &scope)?;
    }
    let mut context = Context {
        state: &mut live.state,
        options,
        call,
        now,
        access,
        injected,
    };
    let context = &mut context;
    match route {
        Route::ClustersOfSubscription { subscription } => {
            clusters::list(context, subscription, None)
        }
        Route::ClustersOfGroup {
            subscription,
            group,
        } => clusters::list(context, subscription, Some(group)),
        Route::Cluster(cluster) if call.method == Method::DELETE => {
            clusters::delete(context, cluster)
        }
        Route::Cluster(cluster) => clusters::get(context, cluster),
        Route::Start(cluster) => clusters::start(context, cluster),
        Route::Stop(cluster) => clusters::stop(context, cluster),
        Route::Configurations(cluster) => configurations::list(context, cluster),
        Route::Configuration(cluster, name) => match call.method {
            Method::PUT => configurations::put(context, cluster, name),
            Method::DELETE => configurations::delete(context, cluster, name),
            _ => configurations::get(context, cluster, name),
        },
        Route::NameCheck(cluster) => name_check::check(context, cluster),
        Route::Databases(cluster) => databases::list(context, cluster),
        Route::Database(cluster, name) => match call.method {
            Method::PUT => databases::put(context, cluster, name),
            Method::PATCH => databases::patch(context, cluster, name),
            Method::DELETE => databases::delete(context, cluster, name),
            _ => databases::get(context, cluster, name),
        },
        Route::ListFollowers(cluster) => followers::list(context, cluster),
        Route::DetachFollowers(cluster) => followers::detach(context, cluster),
        Route::OperationResult {
            subscription,
            location,
            id,
        } => operations::poll(context, subscription, location, id),
    }
}

/// 403 in ARM's words unless the caller may do `action` on `scope`.
fn authorize(
    state: &State,
    access: &mut Access,
    action: &str,
    scope: &str,
) -> Result<(), ArmError> {
    if access.allows(state.role_assignments.as_deref(), action, scope) {
        return Ok(());
    }
    let principal = &access.principal;
    let message = format!(
        "The client '{}' with object id '{}' does not have authorization to perform action '{action}' over scope '{scope}' or the \
         scope is invalid. If access was recently granted, please refresh your credentials.",
        principal.client_id, principal.object_id
    );
    Err(ArmError::new(
        StatusCode::FORBIDDEN,
        "AuthorizationFailed",
        message,
    ))
}

fn check_version(version: &str) -> Result<(), ArmError> {
    if API_VERSIONS.contains(&version) {
        return Ok(());
    }
    let supported = API_VERSIONS.join(", ");
    let is_date = version.len() >= 10
        && version
            .chars()
            .take(10)
            .enumerate()
            .all(|(at, character)| match at {
                4 | 7 => character == '-',
                _ => character.is_ascii_digit(),
            });
    Err(if is_date {
        let message = format!(
            "No registered resource provider found for API version '{version}' for type 'clusters'. The supported api-versions are \
             '{supported}'."
        );
        ArmError::new(
            StatusCode::BAD_REQUEST,
            "NoRegisteredProviderFound",
            message,
        )
    } else {
        let message = format!(
            "The api-version '{version}' is invalid. The supported versions are '{supported}'."
        );
        ArmError::new(
            StatusCode::BAD_REQUEST,
            "InvalidApiVersionParameter",
            message,
        )
    })
}

fn no_route(call: &Inbound, version: &str) -> ArmError {
    let path = call.path();
    if path.to_lowercase().contains("/providers/microsoft.kusto/") {
        let message = format!(
            "The resource type could not be found in the namespace 'Microsoft.Kusto' for api version '{version}': '{path}'."
        );
        return ArmError::new(StatusCode::NOT_FOUND, "InvalidResourceType", message);
    }
    ArmError::new(
        StatusCode::NOT_FOUND,
        "NotFound",
        format!("Nothing is served at '{path}'."),
    )
}

/// Adds the headers that every ARM answer carries (arm-kusto.md §9).
pub(crate) fn traced(reply: Reply, call: &Inbound, now: Timestamp) -> Reply {
    let request = Uuid::new_v4().to_string();
    let correlation = call
        .header("x-ms-correlation-request-id")
        .map_or_else(|| Uuid::new_v4().to_string(), str::to_owned);
    let routing = format!("SIMULATED:{}:{request}", now.strftime("%Y%m%dT%H%M%SZ"));
    let reply = reply
        .with("cache-control", "no-cache")
        .with("x-ms-request-id", &request)
        .with("x-ms-correlation-request-id", &correlation)
        .with("x-ms-routing-request-id", &routing);
    let wanted = call
        .header("x-ms-return-client-request-id")
        .is_some_and(|value| value.eq_ignore_ascii_case("true"));
    match call.header("x-ms-client-request-id") {
        Some(id) if wanted => reply.with("x-ms-client-request-id", id),
        Some(_) | None => reply,
    }
}
