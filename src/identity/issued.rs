//! What the API server answers to a TokenRequest. Pure.
//!
//! The answer is a secret as a whole. None of it is quoted, not even what makes it unreadable: that may be the token.

use std::borrow::Cow;

use serde::Deserialize;
use zeroize::Zeroizing;

/// Most characters of the API server's words that are kept.
const WORDS_MAX: usize = 512;

/// Borrowed from the body, which is wiped: no copy of the token is left behind when the rest can't be read.
#[derive(Deserialize)]
struct Answer<'a> {
    #[serde(borrow)]
    status: Issued<'a>,
}

#[derive(Deserialize)]
struct Issued<'a> {
    #[serde(borrow)]
    token: Cow<'a, str>,
}

#[derive(Deserialize)]
struct Status<'a> {
    #[serde(borrow)]
    kind: Cow<'a, str>,
    #[serde(borrow, default)]
    message: Cow<'a, str>,
}

/// The token in the body of a success; `None` when none can be read from it, for whatever reason.
pub(super) fn token(body: &[u8]) -> Option<Zeroizing<String>> {
    let answer: Answer<'_> = serde_json::from_slice(body).ok()?;
    let token = Zeroizing::new(answer.status.token.into_owned());
    (!token.is_empty()).then_some(token)
}

/// The API server's words in the body of a refusal, at most 512 characters; `None` when the body is no `Status`, as that
/// of a proxy: what is not known to be an error is not shown.
pub(super) fn words(body: &[u8]) -> Option<String> {
    let status: Status<'_> = serde_json::from_slice(body).ok()?;
    (status.kind == "Status").then(|| status.message.chars().take(WORDS_MAX).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_read_from_its_place_alone() {
        for (body, found) in [
            (r#"{"status":{"token":"a.b.c"}}"#, Some("a.b.c")),
            (
                r#"{"kind":"TokenRequest","spec":{"audiences":[7]},"status":{"expirationTimestamp":[],"token":"a\u002eb"}}"#,
                Some("a.b"),
            ),
            (r#"{"status":{"token":""}}"#, None),
            (r#"{"status":{"token":["a.b.c"]}}"#, None),
            (r#"{"status":{"token":null}}"#, None),
            (r#"{"status":"a.b.c"}"#, None),
            (r#"{"status":null}"#, None),
            (r#"{"token":"a.b.c"}"#, None),
            (r#""a.b.c""#, None),
            (r#"{"status":{"token":"a.b.c"}"#, None),
            ("a.b.c", None),
            ("", None),
        ] {
            let read = token(body.as_bytes());
            assert_eq!(read.as_deref().map(String::as_str), found, "{body}");
        }
        assert_eq!(token(b"{\"status\":{\"token\":\"\xff\"}}"), None);
    }

    #[test]
    fn only_a_status_is_quoted_and_not_at_length() {
        let long = "x".repeat(1_000);
        let cut = "x".repeat(WORDS_MAX);
        for (body, found) in [
            (r#"{"kind":"Status","message":"no"}"#.to_owned(), Some("no")),
            (r#"{"kind":"Status"}"#.to_owned(), Some("")),
            (
                format!(r#"{{"kind":"Status","message":"{long}"}}"#),
                Some(cut.as_str()),
            ),
            (
                r#"{"kind":"TokenRequest","message":"a.b.c","status":{"token":"a.b.c"}}"#
                    .to_owned(),
                None,
            ),
            (r#"{"message":"a.b.c"}"#.to_owned(), None),
            (r#"{"kind":"Status","message":["a.b.c"]}"#.to_owned(), None),
            ("<html>a.b.c".to_owned(), None),
        ] {
            assert_eq!(words(body.as_bytes()).as_deref(), found, "{body}");
        }
    }
}
