//! The check of the bearer token on every ARM call. Pure.

use http::StatusCode;
use jiff::Timestamp;

use super::{Principal, Tokens};
use crate::arm::ArmError;
use crate::inbound::Inbound;
use crate::options::Options;

/// The caller, or the 401 that ARM answers.
pub(crate) fn authenticate(
    tokens: &Tokens,
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
    Ok(grant.principal.clone())
}

fn refused(options: &Options, call: &Inbound, code: &'static str, message: &str) -> ArmError {
    let challenge = format!(
        r#"Bearer authorization_uri="{}/{}", error="invalid_token", error_description="{message}""#,
        call.base, options.tenant_id
    );
    ArmError::new(StatusCode::UNAUTHORIZED, code, message).with("www-authenticate", &challenge)
}
