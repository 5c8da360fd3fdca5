//! Challenges as they come, and as they should not.

use proptest::prelude::*;

use super::*;

/// `{"access_token":{"nbf":{"essential":true,"value":"1604106651"}}}`
const NBF: &str =
    "eyJhY2Nlc3NfdG9rZW4iOnsibmJmIjp7ImVzc2VudGlhbCI6dHJ1ZSwidmFsdWUiOiIxNjA0MTA2NjUxIn19fQ==";
const NBF_JSON: &str = r#"{"access_token":{"nbf":{"essential":true,"value":"1604106651"}}}"#;

fn json(header: &str) -> Option<String> {
    Claims::from_header(header).map(|claims| claims.json().to_owned())
}

#[test]
fn a_challenge_is_found_in_its_usual_forms() {
    let unpadded = NBF.trim_end_matches('=');
    for header in [
        format!(
            r#"Bearer realm="", authorization_uri="https://login.microsoftonline.com/common/oauth2/authorize", error="insufficient_claims", claims="{NBF}""#
        ),
        format!(
            r#"Bearer authorization_uri="https://login.windows.net/", error="insufficient_claims", claims="{unpadded}""#
        ),
        format!("bearer Error=insufficient_claims , claims={unpadded}"),
        format!(
            r#"Basic realm="a, b=\"c\"", Bearer error = "insufficient_claims",claims = "{NBF}", PoP nonce="x""#
        ),
        format!(
            r#"Bearer error="invalid_token", Bearer claims="{NBF}", error="insufficient_claims""#
        ),
    ] {
        assert_eq!(json(&header).as_deref(), Some(NBF_JSON), "{header}");
    }
    // `{"a":"??>>"}`: its digits differ between the two alphabets.
    for encoded in ["eyJhIjoiPz8-PiJ9", "eyJhIjoiPz8+PiJ9"] {
        let header = format!(r#"Bearer error="insufficient_claims", claims="{encoded}""#);
        assert_eq!(json(&header).as_deref(), Some(r#"{"a":"??>>"}"#));
    }
}

#[test]
fn what_is_no_challenge_is_ignored() {
    let long = "A".repeat(CLAIMS_MAX + 4);
    for header in [
        String::new(),
        "Bearer".to_owned(),
        format!(r#"Bearer error="invalid_token", claims="{NBF}""#),
        format!(r#"PoP error="insufficient_claims", claims="{NBF}""#),
        r#"Bearer error="insufficient_claims""#.to_owned(),
        r#"Bearer error="insufficient_claims", claims="""#.to_owned(),
        r#"Bearer error="insufficient_claims", claims="not base64!""#.to_owned(),
        // `[]`, `"x"`, `{` and a byte that is no UTF-8.
        r#"Bearer error="insufficient_claims", claims="W10=""#.to_owned(),
        r#"Bearer error="insufficient_claims", claims="Ingi""#.to_owned(),
        r#"Bearer error="insufficient_claims", claims="ew==""#.to_owned(),
        r#"Bearer error="insufficient_claims", claims="/w==""#.to_owned(),
        format!(r#"Bearer error="insufficient_claims", claims="{NBF}==="#),
        format!(r#"Bearer error="insufficient_claims", claims="{NBF}"#),
        format!(r#"error="insufficient_claims", claims="{NBF}""#),
        format!(r#"Bearer error="insufficient_claims", claims="{long}""#),
        format!("Bearer {}", "x, ".repeat(HEADER_MAX)),
    ] {
        assert_eq!(json(&header), None, "{header}");
    }
}

#[test]
fn claims_are_not_shown() {
    let header = format!(r#"Bearer error="insufficient_claims", claims="{NBF}""#);
    assert_eq!(
        format!("{:?}", Claims::from_header(&header).unwrap()),
        "Claims(redacted)"
    );
}

proptest! {
    #[test]
    fn any_header_is_read_to_its_end(header in r#"(Bearer|error|claims|insufficient_claims|[="\\, a-z])*.{0,20}"#) {
        let _ = Claims::from_header(&header);
    }

    #[test]
    fn any_object_comes_out_as_it_was(key in "[a-zé\"]{0,9}", value in any::<u64>()) {
        let object = serde_json::json!({key: value}).to_string();
        let encoded = encode(object.as_bytes());
        let header = format!(r#"Bearer error="insufficient_claims", claims="{encoded}""#);
        prop_assert_eq!(json(&header), Some(object));
    }
}

fn encode(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let mut bits = [0; 3];
        bits[..chunk.len()].copy_from_slice(chunk);
        let bits = u32::from_be_bytes([0, bits[0], bits[1], bits[2]]);
        for digit in 0..=chunk.len() {
            let index = bits >> (18 - 6 * digit) & 63;
            text.push(char::from(DIGITS[usize::try_from(index).unwrap()]));
        }
    }
    text
}
