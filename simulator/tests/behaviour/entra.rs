//! Short ways to call the token routes.

use axum::body::Body;
use http::Request;
use serde_json::{Value, json};

use crate::harness::{AUDIENCE, Answer, HOST, Harness};

/// The audience of an assertion that Entra exchanges.
pub(crate) const EXCHANGE: &str = "api://AzureADTokenExchange";

/// A form as its fields.
pub(crate) type Form = Vec<(&'static str, String)>;

pub(crate) fn secret_form(secret: &str) -> Form {
    form("client_secret", secret)
}

pub(crate) fn assertion_form(assertion: &str) -> Form {
    let mut fields = form("client_assertion", assertion);
    fields.push((
        "client_assertion_type",
        "urn:ietf:params:oauth:client-assertion-type:jwt-bearer".to_owned(),
    ));
    fields
}

fn form(credential: &'static str, value: &str) -> Form {
    vec![
        ("grant_type", "client_credentials".to_owned()),
        ("client_id", "app-1".to_owned()),
        (credential, value.to_owned()),
        ("scope", format!("{AUDIENCE}/.default")),
    ]
}

/// The form with one field changed, or added.
pub(crate) fn with(mut fields: Form, name: &'static str, value: &str) -> Form {
    fields.retain(|(field, _)| *field != name);
    fields.push((name, value.to_owned()));
    fields
}

pub(crate) fn request(tenant: &str, fields: &Form) -> Request<Body> {
    let body = url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs(fields)
        .finish();
    Request::builder()
        .method("POST")
        .uri(format!("{HOST}/{tenant}/oauth2/v2.0/token"))
        .header("content-type", "application/x-www-form-urlencoded")
        .body(Body::from(body))
        .unwrap()
}

pub(crate) async fn post(harness: &Harness, tenant: &str, fields: &Form) -> Answer {
    harness.send(request(tenant, fields)).await
}

/// A request on the managed-identity route.
pub(crate) fn managed_identity(client_id: &str) -> Request<Body> {
    let resource = "api-version=2019-08-01&resource=https%3A%2F%2Fmanagement.azure.com";
    Request::builder()
        .uri(format!("{HOST}/msi/token?{resource}&client_id={client_id}"))
        .header("metadata", "true")
        .body(Body::empty())
        .unwrap()
}

/// The number in `AADSTS700213: …`, once the description and `error_codes` agree on it.
pub(crate) fn number(answer: &Answer) -> u64 {
    let number = answer.at("/error_codes/0").as_u64().unwrap();
    let text = answer.at("/error_description").as_str().unwrap();
    assert!(text.starts_with(&format!("AADSTS{number}: ")), "{text}");
    number
}

/// An assertion as a ServiceAccount has it, good for the next hour of the simulator's clock.
pub(crate) fn assertion(harness: &Harness, subject: &str) -> String {
    let now = harness.clock.now();
    let claims = json!({
        "iss": "https://kubernetes.default.svc.cluster.local",
        "sub": subject,
        "aud": [EXCHANGE],
        "nbf": now.as_second(),
        "exp": now.as_second() + 3600,
    });
    jwt(&claims)
}

pub(crate) fn jwt(claims: &Value) -> String {
    format!("e30.{}.x", base64(&claims.to_string()))
}

/// Base64 with the URL alphabet and no padding.
pub(crate) fn base64(text: &str) -> String {
    const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    text.as_bytes()
        .chunks(3)
        .flat_map(|chunk| {
            let held = chunk
                .iter()
                .fold(0_u32, |held, byte| held << 8 | u32::from(*byte))
                << (8 * (3 - chunk.len()));
            (0..=chunk.len())
                .map(move |at| char::from(ALPHABET[(held >> (18 - 6 * at) & 63) as usize]))
        })
        .collect()
}
