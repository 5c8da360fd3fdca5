//! The check of a federated assertion against what an identity trusts. Pure.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;

use super::refusal::Refusal;
use crate::base64url;
use crate::clock::later;
use crate::world::Identity;

/// The audience that a federated credential has unless somebody chose another one.
const AUDIENCE: &str = "api://AzureADTokenExchange";

/// An assertion may begin this far in the future: who issued it has another clock.
const SKEW: Duration = Duration::from_mins(5);

/// Checks subject, audience and time; the signature and the issuer are nobody's here. An identity without
/// a list of subjects takes any text for an assertion.
pub(super) fn check(identity: &Identity, assertion: &str, now: Timestamp) -> Result<(), Refusal> {
    let Some(subjects) = &identity.federated_subjects else {
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
            Refusal::client(50_027, text)
        })?;
    if subjects.is_empty() {
        let text = format!(
            "The client '{}' has no configured federated identity credentials.",
            identity.client_id
        );
        return Err(Refusal::client(70_025, text));
    }
    let subject = claims
        .get("sub")
        .and_then(Value::as_str)
        .unwrap_or_default();
    // Unlike names in Azure, subjects compare with their case.
    if !subjects.iter().any(|known| known == subject) {
        return Err(no_record("subject", subject, 700_213));
    }
    let audiences = texts(claims.get("aud"));
    if !audiences.contains(&AUDIENCE) {
        return Err(no_record("audience", &audiences.join(" "), 700_212));
    }
    in_time(&claims, now)
}

fn no_record(what: &str, shown: &str, number: u32) -> Refusal {
    let text = format!(
        "No matching federated identity record found for presented assertion {what} '{shown}'. Check your federated identity \
         credential Subject, Audience and Issuer against the presented assertion."
    );
    Refusal::client(number, text)
}

/// `aud` is one text or a list of them (RFC 7519 §4.1.3).
fn texts(audience: Option<&Value>) -> Vec<&str> {
    match audience {
        Some(Value::String(one)) => vec![one],
        Some(Value::Array(many)) => many.iter().filter_map(Value::as_str).collect(),
        Some(Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_)) | None => {
            Vec::new()
        }
    }
}

/// An assertion without an end has ended.
fn in_time(claims: &Value, now: Timestamp) -> Result<(), Refusal> {
    let time = |name: &str| {
        claims
            .get(name)
            .and_then(Value::as_i64)
            .and_then(|seconds| Timestamp::from_second(seconds).ok())
    };
    let (from, until) = (time("nbf"), time("exp"));
    if from.is_none_or(|from| from <= later(now, SKEW)) && until.is_some_and(|until| now < until) {
        return Ok(());
    }
    let shown = |at: Option<Timestamp>| at.map_or_else(String::new, |at| format!("{at:.7}"));
    let text = format!(
        "Client assertion is not within its valid time range. Current time: {now:.7}, assertion valid from {}, expiry time of \
         assertion {}.",
        shown(from),
        shown(until)
    );
    Err(Refusal::client(700_024, text))
}
