//! Tokens: who holds which, for what, until when. Pure.

mod assertion;
mod bearer;
mod entra;
mod managed_identity;
mod metadata;
mod refusal;

use std::collections::HashMap;
use std::fmt;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};
use uuid::Uuid;

pub(crate) use bearer::{authenticate, check_tenant};

use crate::base64url;
use crate::clock::later;
use crate::inbound::Inbound;
use crate::options::Options;
use crate::reply::Reply;
use crate::secrets::Secrets;
use crate::state::State;

/// Expired tokens are remembered this long, so that they are told apart from tokens never issued.
const EXPIRED_MEMORY: Duration = Duration::from_hours(24);

/// Who calls.
#[allow(
    clippy::struct_field_names,
    reason = "these are the names of the protocol"
)]
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Principal {
    pub(crate) client_id: String,
    pub(crate) object_id: String,
    pub(crate) tenant_id: String,
}

impl Principal {
    /// The principal of a client id; its object id is the world's, or else the client id itself.
    pub(crate) fn of(state: &State, client_id: &str, tenant_id: &str) -> Self {
        let object_id = state
            .identity(client_id)
            .and_then(|identity| identity.object_id.clone())
            .unwrap_or_else(|| client_id.to_owned());
        Self {
            client_id: client_id.to_owned(),
            object_id,
            tenant_id: tenant_id.to_owned(),
        }
    }
}

/// What a token says.
#[derive(Debug, Clone)]
pub(crate) struct Grant {
    pub(crate) principal: Principal,
    /// Without a trailing slash.
    pub(crate) audience: String,
    /// What the request asked for in its parameter `claims`: the answer to a claims challenge.
    pub(crate) claims: Option<Value>,
    pub(crate) expires: Timestamp,
}

/// The tokens that were issued, and every secret that crossed the border.
#[derive(Default)]
pub(crate) struct Tokens {
    grants: HashMap<String, Grant>,
    secrets: Secrets,
}

impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tokens")
            .field("grants", &self.grants.len())
            .field("secrets", &self.secrets)
            .finish()
    }
}

impl Tokens {
    /// Issues a token. It has the shape of a JWT, since some clients read claims out of it.
    pub(crate) fn mint(&mut self, now: Timestamp, grant: Grant) -> String {
        self.grants
            .retain(|_, old| later(old.expires, EXPIRED_MEMORY) > now);
        let Grant {
            principal,
            audience,
            claims: _,
            expires,
        } = &grant;
        let claims = json!({
            "aud": audience,
            "iss": issuer(&principal.tenant_id),
            "iat": now.as_second(),
            "nbf": now.as_second(),
            "exp": expires.as_second(),
            "appid": principal.client_id,
            "idtyp": "app",
            "oid": principal.object_id,
            "sub": principal.object_id,
            "tid": principal.tenant_id,
            "uti": Uuid::new_v4().to_string(),
            "ver": "1.0",
        });
        let token = format!(
            "{}.{}.{}",
            base64url::encode(br#"{"typ":"JWT","alg":"RS256","kid":"kusto-arm-simulator"}"#),
            base64url::encode(claims.to_string().as_bytes()),
            base64url::encode(Uuid::new_v4().as_bytes()),
        );
        self.secrets.issued(&token);
        self.grants.insert(token.clone(), grant);
        token
    }

    pub(crate) fn grant(&self, token: &str) -> Option<&Grant> {
        self.grants.get(token)
    }

    /// Notes the secrets that a call brings along.
    pub(crate) fn shown(&mut self, call: &Inbound, token_call: bool) {
        self.secrets.shown(call, token_call);
    }

    pub(crate) fn secrets(&self) -> &Secrets {
        &self.secrets
    }
}

/// Who signs the tokens of a tenant.
fn issuer(tenant_id: &str) -> String {
    format!("https://sts.windows.net/{tenant_id}/")
}

/// The routes beside ARM's.
enum Route<'a> {
    Token { tenant: &'a str },
    ManagedIdentity,
    Endpoints,
    OpenId { tenant: &'a str },
}

fn route<'a>(segments: &[&'a str]) -> Option<Route<'a>> {
    match *segments {
        [tenant, "oauth2", "v2.0", "token"] | [tenant, "oauth2", "token"] => {
            Some(Route::Token { tenant })
        }
        ["msi", "token"] | ["metadata", "identity", "oauth2", "token"] => {
            Some(Route::ManagedIdentity)
        }
        ["metadata", "endpoints"] => Some(Route::Endpoints),
        [tenant, "v2.0", ".well-known", "openid-configuration"] => Some(Route::OpenId { tenant }),
        _ => None,
    }
}

/// Whether the call goes to a token or discovery route.
pub(crate) fn is_route(call: &Inbound) -> bool {
    let segments = call.segments();
    route(&segments.iter().map(String::as_str).collect::<Vec<_>>()).is_some()
}

/// The client id that a token call asks for, whether or not it gets a token; `None` on discovery routes.
pub(crate) fn asking_client(options: &Options, call: &Inbound) -> Option<String> {
    let segments = call.segments();
    match route(&segments.iter().map(String::as_str).collect::<Vec<_>>())? {
        Route::Token { .. } => call
            .form()
            .find(|(name, _)| name == "client_id")
            .map(|(_, client_id)| client_id.trim().to_owned()),
        Route::ManagedIdentity => Some(managed_identity::client_id(options, call)),
        Route::Endpoints | Route::OpenId { .. } => None,
    }
}

/// Answers the token and discovery routes; `None` when the call goes to none of them.
pub(crate) fn answer(
    tokens: &mut Tokens,
    state: &State,
    options: &Options,
    call: &Inbound,
    now: Timestamp,
) -> Option<Reply> {
    let segments = call.segments();
    let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
    Some(match route(&segments)? {
        Route::Token { tenant } => entra::token(tokens, state, options, call, now, tenant),
        Route::ManagedIdentity => managed_identity::token(tokens, state, options, call, now),
        Route::Endpoints => metadata::endpoints(options, call),
        Route::OpenId { tenant } => metadata::openid_configuration(state, call, now, tenant),
    })
}
