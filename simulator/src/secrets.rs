//! Every secret that crossed the simulator's border, for tests that look for leaks. Pure.

use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::inbound::Inbound;

/// What a caller must keep to itself, as the simulator has seen it: each text once, in alphabetical order.
///
/// Nothing is ever forgotten: a token that has ended is as little fit for a log as one that has not.
/// `Debug` shows counts only.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Secrets {
    /// Access tokens that were issued, and whatever else was shown as one, made-up ones too.
    pub tokens: BTreeSet<String>,
    /// Client assertions that were shown on the token route.
    pub assertions: BTreeSet<String>,
    /// Client secrets that were shown on the token route.
    pub client_secrets: BTreeSet<String>,
}

impl Secrets {
    /// All of them.
    pub fn all(&self) -> impl Iterator<Item = &str> {
        let Self {
            tokens,
            assertions,
            client_secrets,
        } = self;
        [tokens, assertions, client_secrets]
            .into_iter()
            .flatten()
            .map(String::as_str)
    }

    /// Notes a token that is handed out.
    pub(crate) fn issued(&mut self, token: &str) {
        note(&mut self.tokens, token);
    }

    /// Notes what a call brings along: its bearer token and, on a token route, what the form holds.
    pub(crate) fn shown(&mut self, call: &Inbound, token_call: bool) {
        if let Some(token) = call.bearer() {
            note(&mut self.tokens, token);
        }
        if !token_call {
            return;
        }
        for (name, value) in call.form() {
            match name.as_str() {
                "client_assertion" => note(&mut self.assertions, &value),
                "client_secret" => note(&mut self.client_secrets, &value),
                _ => {}
            }
        }
    }
}

/// An empty text is in every log and no secret.
fn note(secrets: &mut BTreeSet<String>, secret: &str) {
    if !secret.is_empty() && !secrets.contains(secret) {
        secrets.insert(secret.to_owned());
    }
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Secrets")
            .field("tokens", &self.tokens.len())
            .field("assertions", &self.assertions.len())
            .field("client_secrets", &self.client_secrets.len())
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    fn call(authorization: Option<&str>, form: &'static str) -> Inbound {
        let mut request = http::Request::builder()
            .method("POST")
            .uri("/t/oauth2/v2.0/token");
        if let Some(authorization) = authorization {
            request = request.header("authorization", authorization);
        }
        let (parts, ()) = request.body(()).unwrap().into_parts();
        Inbound::new(parts, Bytes::from_static(form.as_bytes()))
    }

    #[test]
    fn each_secret_is_kept_once_and_nothing_else() {
        let mut secrets = Secrets::default();
        secrets.issued("token-1");
        for _ in 0..2 {
            secrets.shown(&call(Some("Bearer token-2"), ""), false);
            secrets.shown(
                &call(None, "client_id=me&client_secret=a%2Bb&client_assertion="),
                true,
            );
            secrets.shown(&call(None, "client_assertion=x.y.z&scope=s"), true);
        }
        secrets.shown(&call(None, "client_secret=in-an-arm-body"), false);
        assert_eq!(
            serde_json::to_value(&secrets).unwrap(),
            serde_json::json!({"tokens": ["token-1", "token-2"], "assertions": ["x.y.z"], "clientSecrets": ["a+b"]})
        );
        assert_eq!(
            secrets.all().collect::<Vec<_>>(),
            ["token-1", "token-2", "x.y.z", "a+b"]
        );
        let shown = format!("{secrets:?}");
        assert!(
            secrets.all().all(|secret| !shown.contains(secret)),
            "{shown}"
        );
    }
}
