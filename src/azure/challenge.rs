//! Pure. Claims challenges: what the `WWW-Authenticate` header of a 401 says that the next token must hold.
//!
//! `Bearer realm="", error="insufficient_claims", claims="eyJ…"`, where `claims` is JSON in base64 (continuous access
//! evaluation, conditional access). Whoever answers decides what it says, so it is bounded, and must be what it seems.

use std::{fmt, sync::Arc};

use serde_json::{Map, Value};

/// Longest header and longest claims, in bytes, that are looked at.
const HEADER_MAX: usize = 8 * 1024;
const CLAIMS_MAX: usize = 4 * 1024;

/// What Azure wants in the next token: a JSON object, passed to Entra as it came. `Debug` does not show it, since it
/// may name people and places.
#[derive(Clone, PartialEq, Eq)]
pub struct Claims(Arc<str>);

impl Claims {
    /// Reads the value of a `WWW-Authenticate` header; `None` when it holds no claims challenge that can be used.
    #[must_use]
    pub fn from_header(value: &str) -> Option<Self> {
        if value.len() > HEADER_MAX {
            return None;
        }
        challenges(value).find_map(|(scheme, parameters)| {
            let parameter = |name: &str| {
                let found = parameters
                    .iter()
                    .find(|(known, _)| known.eq_ignore_ascii_case(name));
                found.map(|(_, value)| value.as_str())
            };
            let wanted = scheme.eq_ignore_ascii_case("bearer")
                && parameter("error") == Some("insufficient_claims");
            wanted
                .then(|| parameter("claims"))
                .flatten()
                .and_then(Self::decode)
        })
    }

    fn decode(encoded: &str) -> Option<Self> {
        if encoded.len() > CLAIMS_MAX {
            return None;
        }
        let json = String::from_utf8(base64(encoded)?).ok()?;
        serde_json::from_str::<Map<String, Value>>(&json).ok()?;
        Some(Self(json.into()))
    }

    /// The JSON, for a token request only.
    pub(super) fn json(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Claims {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Claims(redacted)")
    }
}

type Parameters = Vec<(String, String)>;

/// The challenges of a header, each a scheme and its parameters (RFC 9110 §11.6.1). Reading ends where it makes no sense.
fn challenges(header: &str) -> impl Iterator<Item = (String, Parameters)> {
    let mut found: Vec<(String, Parameters)> = Vec::new();
    let mut rest = header;
    loop {
        rest = rest.trim_start_matches([' ', '\t', ',']);
        let end = rest.find([' ', '\t', ',', '=', '"']).unwrap_or(rest.len());
        let (word, after) = rest.split_at(end);
        if word.is_empty() {
            break;
        }
        let after_blank = after.trim_start_matches([' ', '\t']);
        match (after_blank.strip_prefix('='), found.last_mut()) {
            (Some(raw), Some((_, parameters))) => {
                let Some((value, next)) = parameter_value(raw.trim_start_matches([' ', '\t']))
                else {
                    break;
                };
                parameters.push((word.to_owned(), value));
                rest = next;
            }
            (Some(_), None) => break,
            (None, _) => {
                found.push((word.to_owned(), Vec::new()));
                rest = after;
            }
        }
    }
    found.into_iter()
}

/// A quoted string or a word, and what follows.
fn parameter_value(text: &str) -> Option<(String, &str)> {
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text.find([' ', '\t', ',']).unwrap_or(text.len());
        let (word, rest) = text.split_at(end);
        return Some((word.to_owned(), rest));
    };
    let mut value = String::new();
    let mut characters = quoted.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => return Some((value, quoted.get(at + 1..)?)),
            '\\' => value.push(characters.next()?.1),
            _ => value.push(character),
        }
    }
    None
}

/// Decodes base64 of either alphabet, padded or not: both are seen in challenges.
fn base64(text: &str) -> Option<Vec<u8>> {
    let digits = text.trim_end_matches('=');
    if text.len() - digits.len() > 2 || digits.len() % 4 == 1 {
        return None;
    }
    let mut bytes = Vec::with_capacity(digits.len() * 3 / 4);
    let (mut bits, mut count) = (0_u32, 0_u32);
    for digit in digits.bytes() {
        let six = match digit {
            b'A'..=b'Z' => digit - b'A',
            b'a'..=b'z' => digit - b'a' + 26,
            b'0'..=b'9' => digit - b'0' + 52,
            b'+' | b'-' => 62,
            b'/' | b'_' => 63,
            _ => return None,
        };
        bits = (bits << 6 | u32::from(six)) & 0xffff;
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push(u8::try_from(bits >> count & 0xff).ok()?);
        }
    }
    Some(bytes)
}

#[cfg(test)]
mod tests;
