//! The check of the bearer token on every ARM call. Pure.

use http::StatusCode;
use jiff::Timestamp;

use serde_json::Value;

use super::{Grant, Principal, Tokens, issuer};
use crate::arm::ArmError;
use crate::base64url;
use crate::inbound::Inbound;
use crate::options::Options;
use crate::state::State;

/// The caller, or the 401 that ARM answers.
pub(crate) fn authenticate(
    tokens: &Tokens,
    state: &State,
    options: &Options,
    call: &Inbound,
    now: Timestamp,
) -> Result<Principal, ArmError> {
    if call.header("authorization").is_none() {
        let message = "Authentication failed. The 'Authorization' header is missing.";
        return Err(refused(options, call, "AuthenticationFailed", message));
    }
    let Some(token) = call.bearer() else {
        let message =
            "Authentication failed. The 'Authorization' header is provided in an invalid format.";
        return Err(refused(
            options,
            call,
            "AuthenticationFailedInvalidHeader",
            message,
        ));
    };
    let Some(grant) = tokens.grant(token) else {
        return Err(refused(
            options,
            call,
            "InvalidAuthenticationToken",
            "The access token is invalid.",
        ));
    };
    if grant.expires <= now {
        let message = format!(
            "The access token expiry UTC time '{}' is earlier than current UTC time '{now}'.",
            grant.expires
        );
        return Err(refused(
            options,
            call,
            "ExpiredAuthenticationToken",
            &message,
        ));
    }
    if !options.audiences.iter().any(|audience| {
        audience
            .trim_end_matches('/')
            .eq_ignore_ascii_case(&grant.audience)
    }) {
        let allowed: Vec<String> = options
            .audiences
            .iter()
            .map(|audience| format!("'{audience}'"))
            .collect();
        let message = format!(
            "The access token has been obtained for wrong audience or resource '{}'. It should exactly match with one of the \
             allowed audiences {}.",
            grant.audience,
            allowed.join(",")
        );
        return Err(refused(
            options,
            call,
            "InvalidAuthenticationTokenAudience",
            &message,
        ));
    }
    check_claims(state, call, grant)?;
    Ok(grant.principal.clone())
}

/// Challenges a token of an identity that needs claims (conditional access), unless exactly these claims were
/// asked for with it. The header's form is that of the clients that read it; the body's code is unconfirmed.
fn check_claims(state: &State, call: &Inbound, grant: &Grant) -> Result<(), ArmError> {
    let identity = state.identity(&grant.principal.client_id);
    let Some(required) = identity.and_then(|identity| identity.required_claims.as_deref()) else {
        return Ok(());
    };
    let wanted: Option<Value> = serde_json::from_str(required).ok();
    if grant.claims == wanted {
        return Ok(());
    }
    let challenge = format!(
        r#"Bearer realm="", authorization_uri="{}/common/oauth2/authorize", error="insufficient_claims", claims="{}""#,
        call.base,
        base64url::encode_standard(required.as_bytes())
    );
    let message = "Continuous access evaluation resulted in challenge with result: InteractionRequired and code: \
                   TokenCreatedWithOutdatedPolicies";
    let error = ArmError::new(
        StatusCode::UNAUTHORIZED,
        "InvalidAuthenticationToken",
        message,
    );
    Err(error.with("www-authenticate", &challenge))
}

/// 401 for a token of another tenant than the one that the world says the subscription belongs to.
pub(crate) fn check_tenant(
    state: &State,
    call: &Inbound,
    principal: &Principal,
    subscription: &str,
) -> Result<(), ArmError> {
    let Some(tenant) = state.tenant_of(subscription) else {
        return Ok(());
    };
    if tenant.eq_ignore_ascii_case(&principal.tenant_id) {
        return Ok(());
    }
    let message = format!(
        "The access token is from the wrong issuer '{}'. It must match the tenant '{}' associated with this subscription. Please \
         use the authority (URL) '{}/{tenant}' to get the token. Note, if the subscription is transferred to another tenant \
         there is no impact to the services, but information about new tenant could take time to propagate (up to an hour). If \
         you just transferred your subscription and see this error message, please try back later.",
        issuer(&principal.tenant_id),
        issuer(tenant),
        call.base
    );
    Err(invalid(
        call,
        tenant,
        "InvalidAuthenticationTokenTenant",
        &message,
    ))
}

fn refused(options: &Options, call: &Inbound, code: &'static str, message: &str) -> ArmError {
    invalid(call, &options.tenant_id, code, message)
}

/// A 401 that says where to get a token that will do.
fn invalid(call: &Inbound, tenant: &str, code: &'static str, message: &str) -> ArmError {
    let challenge = format!(
        r#"Bearer authorization_uri="{}/{tenant}", error="invalid_token", error_description="{message}""#,
        call.base
    );
    ArmError::new(StatusCode::UNAUTHORIZED, code, message).with("www-authenticate", &challenge)
}
