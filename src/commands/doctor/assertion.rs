//! What a federated token says of itself, for the credential that has to match it. Pure.
//!
//! Only the issuer and the subject are taken out of it; they are no secrets.

use azure_core::base64::decode_url_safe;
use serde::Deserialize;

/// Who issued a federated token, and about whom.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct Federation {
    /// The claim `iss`.
    #[serde(rename = "iss")]
    pub issuer: Option<String>,
    /// The claim `sub`.
    #[serde(rename = "sub")]
    pub subject: Option<String>,
}

impl Federation {
    /// Reads the claims of a token; what is none says nothing.
    #[must_use]
    pub fn of(token: &str) -> Self {
        token
            .split('.')
            .nth(1)
            .and_then(|claims| decode_url_safe(claims).ok())
            .and_then(|claims| serde_json::from_slice(&claims).ok())
            .unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use azure_core::base64::encode_url_safe;

    use super::*;

    #[test]
    fn issuer_and_subject_are_read_and_rubbish_says_nothing() {
        let claims =
            r#"{"iss":"https://issuer.example","sub":"system:serviceaccount:a:b","aud":["x"]}"#;
        let token = format!("e30.{}.c2ln", encode_url_safe(claims));
        assert_eq!(
            Federation::of(&token),
            Federation {
                issuer: Some("https://issuer.example".to_owned()),
                subject: Some("system:serviceaccount:a:b".to_owned()),
            }
        );
        for rubbish in ["", "a", "a.b.c", "a.!!.c", "e30.e30.e30"] {
            assert_eq!(Federation::of(rubbish), Federation::default(), "{rubbish}");
        }
    }
}
