//! The managed-identity route: the metadata service of a virtual machine and of App Service. Pure.

use http::{Method, StatusCode};
use jiff::Timestamp;
use serde_json::json;

use super::{Grant, Principal, Tokens};
use crate::clock::later;
use crate::inbound::Inbound;
use crate::options::Options;
use crate::reply::Reply;
use crate::state::State;

pub(super) fn token(
    tokens: &mut Tokens,
    state: &State,
    options: &Options,
    call: &Inbound,
    now: Timestamp,
) -> Reply {
    if call.method != Method::GET {
        return refused(
            StatusCode::METHOD_NOT_ALLOWED,
            "invalid_request",
            "only GET is served here",
        );
    }
    let asked = call
        .header("metadata")
        .is_some_and(|value| value.eq_ignore_ascii_case("true"));
    if !asked && call.header("x-identity-header").is_none() {
        return refused(
            StatusCode::BAD_REQUEST,
            "invalid_request",
            "Required metadata header not specified",
        );
    }
    let Some(resource) = call
        .parameter("resource")
        .filter(|resource| !resource.is_empty())
    else {
        return refused(
            StatusCode::BAD_REQUEST,
            "invalid_request",
            "The query must contain the parameter 'resource'",
        );
    };
    let client_id = client_id(options, call);
    if state.identities.is_some() && state.identity(&client_id).is_none() {
        return refused(
            StatusCode::BAD_REQUEST,
            "invalid_request",
            "Identity not found",
        );
    }
    let expires = later(now, options.token_lifetime);
    let grant = Grant {
        principal: Principal::of(state, &client_id, &options.tenant_id),
        audience: resource.trim_end_matches('/').to_owned(),
        // The route has no parameter for them: who needs claims cannot be a managed identity.
        claims: None,
        expires,
    };
    let token = tokens.mint(now, grant);
    let seconds = options.token_lifetime.as_secs().to_string();
    // Numbers are texts on this route, unlike on Entra's.
    let body = json!({
        "access_token": token,
        "client_id": client_id,
        "expires_in": seconds,
        "expires_on": expires.as_second().to_string(),
        "ext_expires_in": seconds,
        "not_before": now.as_second().to_string(),
        "resource": resource,
        "token_type": "Bearer",
    });
    Reply::json(StatusCode::OK, &body)
}

/// The identity that is asked for; a request that names none means the machine's own.
pub(super) fn client_id(options: &Options, call: &Inbound) -> String {
    call.parameter("client_id")
        .unwrap_or_else(|| options.managed_identity_client_id.clone())
}

fn refused(status: StatusCode, error: &str, text: &str) -> Reply {
    Reply::json(status, &json!({"error": error, "error_description": text}))
}
