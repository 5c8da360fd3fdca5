//! Tokens of `ServiceAccount`s, as the `TokenRequest` API issues them. Pure: time is a value.
//!
//! They look like signed ones and are not: nobody here checks a signature.

use azure_core::base64::encode_url_safe;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::store::Refusal;

/// Who issues the tokens.
pub const ISSUER: &str = "https://kubernetes.default.svc.cluster.local";

/// Seconds that a token lives if nothing else is asked for.
const LIFETIME: i64 = 3_600;

/// The shortest life, in seconds, that may be asked for.
const SHORTEST: i64 = 600;

/// A token and the answer that tells it.
#[derive(Debug)]
pub struct Issued {
    pub token: String,
    pub answer: Value,
}

/// Issues the `serial`-th token, of `account`, for a `TokenRequest`.
pub fn issue(
    account: &Value,
    request: &Value,
    serial: usize,
    now: Timestamp,
) -> Result<Issued, Refusal> {
    let spec = &request["spec"];
    let seconds = spec["expirationSeconds"].as_i64().unwrap_or(LIFETIME);
    if seconds < SHORTEST {
        let message = format!(
            "TokenRequest.authentication.k8s.io \"\" is invalid: spec.expirationSeconds: Invalid value: {seconds}: may not specify a duration less than 10 minutes"
        );
        return Err(Refusal::new(422, "Invalid", message));
    }
    let audiences = match spec["audiences"].as_array() {
        Some(audiences) if !audiences.is_empty() => audiences.clone(),
        Some(_) | None => vec![json!(ISSUER)],
    };
    let metadata = &account["metadata"];
    let (namespace, name) = (text(&metadata["namespace"]), text(&metadata["name"]));
    let ends = now + SignedDuration::from_secs(seconds);
    let header = json!({"alg": "RS256", "kid": "fake"});
    let claims = json!({
        "aud": audiences,
        "exp": ends.as_second(),
        "iat": now.as_second(),
        "iss": ISSUER,
        "jti": format!("00000000-0000-4000-9000-{serial:012x}"),
        "kubernetes.io": {
            "namespace": namespace,
            "serviceaccount": {"name": name, "uid": metadata["uid"]},
        },
        "nbf": now.as_second(),
        "sub": format!("system:serviceaccount:{namespace}:{name}"),
    });
    let token = [
        header.to_string(),
        claims.to_string(),
        format!("signature {serial} by nobody"),
    ]
    .map(encode_url_safe)
    .join(".");
    let answer = json!({
        "apiVersion": "authentication.k8s.io/v1",
        "kind": "TokenRequest",
        "metadata": {"name": name, "namespace": namespace,
            "creationTimestamp": now.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()},
        "spec": {"audiences": audiences, "expirationSeconds": seconds, "boundObjectRef": spec["boundObjectRef"]},
        "status": {"token": token, "expirationTimestamp": ends.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()},
    });
    Ok(Issued { token, answer })
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}
