//! Pure. Keeps an error answer from repeating what we proved ourselves with: a proxy or a gateway may echo the request,
//! and what an error answer says ends in conditions and logs.

use bytes::Bytes;
use url::form_urlencoded;
use zeroize::Zeroizing;

use super::token::Token;

const FIELDS: [&str; 3] = ["client_secret", "client_assertion", "claims"];
/// The key of a platform's managed identity service.
const HEADERS: [&str; 2] = ["x-identity-header", "secret"];
/// Shorter ones are no secrets, and taking them out would make words unreadable.
const SHORTEST: usize = 6;

/// The secrets of one request, in each spelling that an answer may use.
pub(super) struct Proofs(Vec<Zeroizing<String>>);

impl Proofs {
    /// Those of a token request.
    pub(super) fn of(request: &http::Request<Bytes>) -> Self {
        let form = form_urlencoded::parse(request.body())
            .filter(|(name, _)| FIELDS.contains(&name.as_ref()))
            .map(|(_, value)| Zeroizing::new(value.into_owned()));
        let headers = HEADERS
            .iter()
            .filter_map(|name| request.headers().get(*name)?.to_str().ok())
            .map(|value| Zeroizing::new(value.to_owned()));
        Self::all(form.chain(headers))
    }

    /// That of a call with a bearer token.
    pub(super) fn bearer(token: &Token) -> Self {
        Self::all([Zeroizing::new(token.secret().to_owned())])
    }

    fn all(secrets: impl IntoIterator<Item = Zeroizing<String>>) -> Self {
        let mut spellings: Vec<_> = secrets
            .into_iter()
            .filter(|secret| secret.len() >= SHORTEST)
            .flat_map(|secret| {
                let encoded = form_urlencoded::byte_serialize(secret.as_bytes()).collect();
                let json = serde_json::Value::from(secret.as_str()).to_string();
                let json = json.trim_matches('"').to_owned();
                [secret, Zeroizing::new(encoded), Zeroizing::new(json)]
            })
            .collect();
        // A secret that holds another goes first, so that no rest of it stays.
        spellings.sort_by_key(|spelling| std::cmp::Reverse(spelling.len()));
        Self(spellings)
    }

    /// `body` without them.
    pub(super) fn hidden_in(&self, body: Bytes) -> Bytes {
        let text = String::from_utf8_lossy(&body);
        let found = |secret: &Zeroizing<String>| text.contains(secret.as_str());
        if !self.0.iter().any(found) {
            return body;
        }
        let hidden = self.0.iter().fold(text.into_owned(), |text, secret| {
            text.replace(secret.as_str(), "(redacted)")
        });
        hidden.into()
    }
}
