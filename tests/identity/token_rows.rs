//! The token column of the fault list (faults.md §4.1): what Entra does, and how who has no token is told.

use adx_follower_operator::azure::error::Class;
use serde_json::{Value, json};

/// A row: its name, what Entra does, how the caller without a token is told, and within how many seconds.
pub(crate) struct Row {
    pub(crate) name: &'static str,
    pub(crate) act: Value,
    pub(crate) told: (Class, &'static str, &'static str),
    pub(crate) retry_after: Option<u64>,
    pub(crate) within: u64,
}

impl Row {
    fn unavailable(name: &'static str, act: Value, message: &'static str) -> Self {
        Self {
            name,
            act,
            told: (Class::Transient, "TokenUnavailable", message),
            retry_after: None,
            within: 7,
        }
    }

    fn refused(name: &'static str, act: Value, message: &'static str) -> Self {
        Self {
            told: (Class::Unauthenticated, "CredentialRefused", message),
            ..Self::unavailable(name, act, message)
        }
    }

    fn throttled(name: &'static str, retry_after: Option<&str>, told: Option<u64>) -> Self {
        let act = match retry_after {
            Some(value) => json!({"status": 429, "headers": {"Retry-After": value}}),
            None => json!({"status": 429}),
        };
        Self {
            told: (
                Class::Throttled,
                "TokenUnavailable",
                "asked too often: The request was answered with status 429.",
            ),
            retry_after: told,
            ..Self::unavailable(name, act, "")
        }
    }

    fn slow(self) -> Self {
        Self { within: 11, ..self }
    }
}

/// Every row but those that need a network of their own. `elsewhere` is a host that nothing may be sent to.
pub(crate) fn rows(elsewhere: &str) -> Vec<Row> {
    const READ: &str = "cannot be read as one with a token";
    let late = "did not answer within 10 seconds";
    let redirect =
        |status: u16, to: &str| json!({"status": status, "headers": {"Location": to}, "body": ""});
    let other = format!("{elsewhere}/take");
    let aadsts = json!({"error": "invalid_client", "error_description": "AADSTS7000222: The provided client secret keys are expired. Trace ID: 6f1c1c1f-0b5c-4f5e-a7a5-0123456789ab", "error_codes": [7_000_222]});
    let without_token = json!({"token_type": "Bearer", "expires_in": 3599});
    let empty_token = json!({"token_type": "Bearer", "expires_in": 3599, "access_token": ""});
    let html = "<html><title>Sign in to the guest network</title></html>";
    vec![
        Row::unavailable("h5-reset", json!({"reset": true}), "connection broke"),
        Row::unavailable(
            "h5-lost",
            json!({"reset": true, "after": true}),
            "connection broke",
        ),
        Row::unavailable("h6-hang", json!({"hang": true}), late).slow(),
        Row::unavailable(
            "h7-slow-body",
            json!({"slowBody": {"bytes": 1, "every": "10s"}}),
            late,
        )
        .slow(),
        Row::unavailable("h8-truncated", json!({"truncate": 20}), "connection broke"),
        Row::unavailable("h9-empty", json!({"status": 200, "body": ""}), READ),
        Row::unavailable(
            "h9-no-token",
            json!({"status": 200, "body": without_token}),
            "holds no token",
        ),
        Row::unavailable(
            "h9-empty-token",
            json!({"status": 200, "body": empty_token}),
            "holds no token",
        ),
        Row::unavailable("h10-html", json!({"status": 200, "body": html}), READ),
        Row::unavailable(
            "h10-half",
            json!({"status": 200, "body": "{\"access_token\": \"made"}),
            READ,
        ),
        Row::refused(
            "h12-refused",
            json!({"status": 400, "body": aadsts}),
            "AADSTS7000222: The provided client secret keys are expired.",
        ),
        Row::refused("h13-401", json!({"status": 401}), "status 401"),
        Row::refused("h14-403", json!({"status": 403}), "status 403"),
        Row::unavailable("h14-page", json!({"status": 403, "body": html}), READ),
        Row::refused("h15-404", json!({"status": 404}), "status 404"),
        Row::refused("h16-409", json!({"status": 409}), "status 409"),
        Row::throttled("h17-thirty", Some("30"), Some(30)),
        Row::throttled("h17-zero", Some("0"), Some(1)),
        Row::throttled("h17-silent", None, None),
        Row::throttled("h17-for-ever", Some("1000000000"), Some(600)),
        Row::throttled("h17-date", Some("Wed, 21 Oct 2099 07:28:00 GMT"), None),
        Row::unavailable("h18-500", json!({"status": 500}), "status 500"),
        Row::unavailable("h18-502", json!({"status": 502}), "status 502"),
        Row::unavailable("h18-503", json!({"status": 503}), "status 503"),
        Row::unavailable(
            "h18-503-wait",
            json!({"status": 503, "headers": {"Retry-After": "30"}}),
            "status 503",
        ),
        Row::unavailable("h18-504", json!({"status": 504}), "status 504"),
        Row::unavailable("h22-307", redirect(307, &other), READ),
        Row::unavailable("h22-308", redirect(308, &other), READ),
        Row::unavailable("h22-302", redirect(302, &other), READ),
        Row::unavailable("h22-relative", redirect(307, "/h22-followed"), READ),
    ]
}
