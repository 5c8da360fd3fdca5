//! Discovery: the endpoints of this cloud and the `OpenID` configuration of a tenant. Pure.

use http::StatusCode;
use jiff::Timestamp;
use serde_json::json;

use super::refusal::Refusal;
use crate::inbound::Inbound;
use crate::options::Options;
use crate::reply::Reply;
use crate::state::State;

/// What clients write in place of a tenant that they do not know yet.
const ANY_TENANT: [&str; 3] = ["common", "organizations", "consumers"];

/// `GET /metadata/endpoints` in the shape of api-version 2022-09-01.
pub(super) fn endpoints(options: &Options, call: &Inbound) -> Reply {
    let base = &call.base;
    let body = json!({
        "name": "KustoArmSimulator",
        "resourceManager": base,
        "authentication": {
            "loginEndpoint": base,
            "audiences": options.audiences,
            "tenant": "common",
            "identityProvider": "AAD",
        },
        "suffixes": {},
    });
    Reply::json(StatusCode::OK, &body)
}

/// The few fields that client libraries read before they ask for a token.
pub(super) fn openid_configuration(
    state: &State,
    call: &Inbound,
    now: Timestamp,
    tenant: &str,
) -> Reply {
    if !ANY_TENANT.contains(&tenant) && !state.has_tenant(tenant) {
        return Refusal::no_tenant("invalid_tenant", tenant).into_reply(now);
    }
    let base = &call.base;
    let body = json!({
        "issuer": format!("{base}/{tenant}/v2.0"),
        "token_endpoint": format!("{base}/{tenant}/oauth2/v2.0/token"),
        "authorization_endpoint": format!("{base}/{tenant}/oauth2/v2.0/authorize"),
        "jwks_uri": format!("{base}/{tenant}/discovery/v2.0/keys"),
        "token_endpoint_auth_methods_supported": ["client_secret_post", "private_key_jwt"],
        "response_types_supported": ["code", "id_token", "token"],
        "subject_types_supported": ["pairwise"],
        "id_token_signing_alg_values_supported": ["RS256"],
    });
    Reply::json(StatusCode::OK, &body)
}
