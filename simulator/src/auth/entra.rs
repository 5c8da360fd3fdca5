//! Entra's token route: client credentials with a secret or with a federated assertion. Pure.

use std::collections::BTreeMap;

use http::{Method, StatusCode};
use jiff::Timestamp;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{Principal, Tokens};
use crate::base64url;
use crate::inbound::Inbound;
use crate::options::Options;
use crate::reply::Reply;
use crate::state::State;
use crate::world::Identity;

const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// A refusal with Entra's numbers.
struct Refusal {
    status: StatusCode,
    error: &'static str,
    number: u32,
    text: String,
}

impl Refusal {
    fn new(status: StatusCode, error: &'static str, number: u32, text: impl Into<String>) -> Self {
        Self {
            status,
            error,
            number,
            text: text.into(),
        }
    }
}

pub(super) fn token(
    tokens: &mut Tokens,
    state: &State,
    options: &Options,
    call: &Inbound,
    now: Timestamp,
    tenant: &str,
) -> Reply {
    match audience(state, call) {
        Err(refusal) => refused(&refusal, now),
        Ok((client_id, audience)) => {
            let principal = Principal::of(state, &client_id, tenant);
            let token = tokens.mint(now, options.token_lifetime, principal, &audience);
            let seconds = options.token_lifetime.as_secs();
            let body = json!({"token_type": "Bearer", "expires_in": seconds, "ext_expires_in": seconds, "access_token": token});
            Reply::json(StatusCode::OK, &body).with("cache-control", "no-store, no-cache")
        }
    }
}

/// Checks the request and gives the client id and the audience that the token is for.
fn audience(state: &State, call: &Inbound) -> Result<(String, String), Refusal> {
    const BAD: StatusCode = StatusCode::BAD_REQUEST;
    if call.method != Method::POST {
        return Err(Refusal::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "invalid_request",
            900_561,
            "The endpoint only accepts POST requests.",
        ));
    }
    let form: BTreeMap<String, String> = url::form_urlencoded::parse(&call.body)
        .into_owned()
        .collect();
    let missing = |name: &str| {
        Refusal::new(
            BAD,
            "invalid_request",
            900_144,
            format!("The request body must contain the following parameter: '{name}'."),
        )
    };
    let field = |name: &str| {
        form.get(name)
            .map(|value| value.trim())
            .filter(|value| !value.is_empty())
    };
    let grant = field("grant_type").ok_or_else(|| missing("grant_type"))?;
    if grant != "client_credentials" {
        let text = format!("The app requested an unsupported grant type '{grant}'.");
        return Err(Refusal::new(BAD, "unsupported_grant_type", 70_003, text));
    }
    let client_id = field("client_id").ok_or_else(|| missing("client_id"))?;
    let scope = match (field("scope"), field("resource")) {
        (Some(scope), _) => scope.strip_suffix("/.default").ok_or_else(|| {
            Refusal::new(
                BAD,
                "invalid_scope",
                70_011,
                format!("The provided value for scope {scope} is not valid."),
            )
        })?,
        (None, Some(resource)) => resource,
        (None, None) => return Err(missing("scope")),
    };
    let identity = known(state, client_id)?;
    match (field("client_secret"), field("client_assertion")) {
        (Some(secret), _) => check_secret(identity, client_id, secret)?,
        (None, Some(assertion)) => {
            if field("client_assertion_type") != Some(ASSERTION_TYPE) {
                return Err(missing("client_assertion_type"));
            }
            check_assertion(identity, assertion)?;
        }
        (None, None) => {
            let text = "The request body must contain the following parameter: 'client_assertion' or 'client_secret'.";
            return Err(Refusal::new(
                StatusCode::UNAUTHORIZED,
                "invalid_client",
                7_000_218,
                text,
            ));
        }
    }
    Ok((client_id.to_owned(), scope.trim_end_matches('/').to_owned()))
}

/// The identity of a client id, or `None` when the world lists no identities and everybody is welcome.
fn known<'a>(state: &'a State, client_id: &str) -> Result<Option<&'a Identity>, Refusal> {
    let Some(identities) = &state.identities else {
        return Ok(None);
    };
    let found = identities
        .iter()
        .find(|identity| identity.client_id.eq_ignore_ascii_case(client_id));
    found.map(Some).ok_or_else(|| {
        let text =
            format!("Application with identifier '{client_id}' was not found in the directory.");
        Refusal::new(
            StatusCode::BAD_REQUEST,
            "unauthorized_client",
            700_016,
            text,
        )
    })
}

fn check_secret(identity: Option<&Identity>, client_id: &str, secret: &str) -> Result<(), Refusal> {
    match identity.and_then(|identity| identity.secret.as_deref()) {
        Some(expected) if expected != secret => {
            let text = format!("Invalid client secret provided for app '{client_id}'.");
            Err(Refusal::new(
                StatusCode::UNAUTHORIZED,
                "invalid_client",
                7_000_215,
                text,
            ))
        }
        Some(_) | None => Ok(()),
    }
}

fn check_assertion(identity: Option<&Identity>, assertion: &str) -> Result<(), Refusal> {
    let Some(subjects) = identity.and_then(|identity| identity.federated_subjects.as_ref()) else {
        return Ok(());
    };
    let claims = assertion
        .split('.')
        .nth(1)
        .and_then(base64url::decode)
        .and_then(|payload| serde_json::from_slice::<Value>(&payload).ok())
        .ok_or_else(|| {
            let text =
                "Client assertion is not within its valid shape: it must be a JSON Web Token.";
            Refusal::new(StatusCode::UNAUTHORIZED, "invalid_client", 50_027, text)
        })?;
    let subject = claims
        .get("sub")
        .and_then(Value::as_str)
        .unwrap_or_default();
    if subjects.iter().any(|known| known == subject) {
        return Ok(());
    }
    let text = format!(
        "No matching federated identity record found for presented assertion subject '{subject}'."
    );
    Err(Refusal::new(
        StatusCode::UNAUTHORIZED,
        "invalid_client",
        700_213,
        text,
    ))
}

fn refused(refusal: &Refusal, now: Timestamp) -> Reply {
    let Refusal {
        status,
        error,
        number,
        text,
    } = refusal;
    let (trace, correlation) = (Uuid::new_v4().to_string(), Uuid::new_v4().to_string());
    let stamp = format!("{now:.0}").replace('T', " ");
    let body = json!({
        "error": error,
        "error_description": format!(
            "AADSTS{number}: {text} Trace ID: {trace} Correlation ID: {correlation} Timestamp: {stamp}"
        ),
        "error_codes": [number],
        "timestamp": stamp,
        "trace_id": trace,
        "correlation_id": correlation,
    });
    Reply::json(*status, &body).with("cache-control", "no-store, no-cache")
}
