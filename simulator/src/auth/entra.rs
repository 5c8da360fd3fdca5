//! Entra's token route: client credentials with a secret or with a federated assertion. Pure.

use std::collections::BTreeMap;

use http::{Method, StatusCode};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::refusal::Refusal;
use super::{Grant, Principal, Tokens, assertion};
use crate::clock::later;
use crate::inbound::Inbound;
use crate::options::Options;
use crate::reply::Reply;
use crate::state::State;
use crate::world::Identity;

const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

pub(super) fn token(
    tokens: &mut Tokens,
    state: &State,
    options: &Options,
    call: &Inbound,
    now: Timestamp,
    tenant: &str,
) -> Reply {
    match asked(state, call, now, tenant) {
        Err(refusal) => refusal.into_reply(now),
        Ok(Asked {
            client_id,
            audience,
            claims,
        }) => {
            let grant = Grant {
                principal: Principal::of(state, &client_id, tenant),
                audience,
                claims,
                expires: later(now, options.token_lifetime),
            };
            let token = tokens.mint(now, grant);
            let seconds = options.token_lifetime.as_secs();
            let body = json!({"token_type": "Bearer", "expires_in": seconds, "ext_expires_in": seconds, "access_token": token});
            Reply::json(StatusCode::OK, &body).with("cache-control", "no-store, no-cache")
        }
    }
}

/// A request that may have its token.
struct Asked {
    client_id: String,
    audience: String,
    claims: Option<Value>,
}

fn asked(state: &State, call: &Inbound, now: Timestamp, tenant: &str) -> Result<Asked, Refusal> {
    if call.method != Method::POST {
        return Err(Refusal::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "invalid_request",
            900_561,
            "The endpoint only accepts POST requests.",
        ));
    }
    if !state.has_tenant(tenant) {
        return Err(Refusal::no_tenant("invalid_request", tenant));
    }
    let form: BTreeMap<String, String> = call.form().collect();
    let field = |name: &str| {
        form.get(name)
            .map(|value| value.trim())
            .filter(|value| !value.is_empty())
    };
    let grant = field("grant_type").ok_or_else(|| Refusal::missing("grant_type"))?;
    if grant != "client_credentials" {
        let text = format!("The app requested an unsupported grant type '{grant}'.");
        return Err(Refusal::request("unsupported_grant_type", 70_003, text));
    }
    let client_id = field("client_id").ok_or_else(|| Refusal::missing("client_id"))?;
    let resource = match (field("scope"), field("resource")) {
        (Some(scope), _) => scope.strip_suffix("/.default").ok_or_else(|| {
            let text = format!("The provided value for scope {scope} is not valid.");
            Refusal::request("invalid_scope", 70_011, text)
        })?,
        (None, Some(resource)) => resource,
        (None, None) => return Err(Refusal::missing("scope")),
    };
    let identity = known(state, client_id)?;
    match (field("client_secret"), field("client_assertion")) {
        (Some(secret), _) => check_secret(identity, client_id, secret)?,
        (None, Some(assertion)) => {
            if field("client_assertion_type") != Some(ASSERTION_TYPE) {
                return Err(Refusal::missing("client_assertion_type"));
            }
            if let Some(identity) = identity {
                assertion::check(identity, assertion, now)?;
            }
        }
        (None, None) => {
            let text = "The request body must contain the following parameter: 'client_assertion' or 'client_secret'.";
            return Err(Refusal::client(7_000_218, text));
        }
    }
    if !state.has_resource(resource) {
        let text = format!(
            "The resource principal named {resource} was not found in the tenant named {tenant}. This can happen if the \
             application has not been installed by the administrator of the tenant or consented to by any user in the tenant. \
             You might have sent your authentication request to the wrong tenant."
        );
        return Err(Refusal::request("invalid_resource", 500_011, text));
    }
    Ok(Asked {
        client_id: client_id.to_owned(),
        audience: resource.trim_end_matches('/').to_owned(),
        claims: field("claims").map(claims).transpose()?,
    })
}

/// The identity of a client id, or `None` when the world lists no identities and everybody is welcome.
fn known<'a>(state: &'a State, client_id: &str) -> Result<Option<&'a Identity>, Refusal> {
    if state.identities.is_none() {
        return Ok(None);
    }
    state.identity(client_id).map(Some).ok_or_else(|| {
        let text =
            format!("Application with identifier '{client_id}' was not found in the directory.");
        Refusal::request("unauthorized_client", 700_016, text)
    })
}

fn check_secret(identity: Option<&Identity>, client_id: &str, secret: &str) -> Result<(), Refusal> {
    match identity.and_then(|identity| identity.secret.as_deref()) {
        Some(expected) if expected != secret => {
            let text = format!("Invalid client secret provided for app '{client_id}'.");
            Err(Refusal::client(7_000_215, text))
        }
        Some(_) | None => Ok(()),
    }
}

/// The parameter that answers a claims challenge: a JSON object (`OpenID` Connect Core §5.5).
fn claims(text: &str) -> Result<Value, Refusal> {
    serde_json::from_str(text)
        .ok()
        .filter(Value::is_object)
        .ok_or_else(|| {
            let text =
                "Invalid request. Request is malformed or invalid: 'claims' must be a JSON object.";
            Refusal::request("invalid_request", 9_002_313, text)
        })
}
