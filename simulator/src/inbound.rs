//! A request as the simulator's parts read it: address, query, headers, whole body. Pure.

use bytes::Bytes;
use http::header::{AUTHORIZATION, HOST};
use http::request::Parts;
use http::{HeaderMap, Method, Uri};

/// The scheme a request came by, put on requests by the server; without it `http` is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scheme {
    Http,
    Https,
}

/// A whole request.
#[derive(Debug, Clone)]
pub(crate) struct Inbound {
    pub(crate) method: Method,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    /// The scheme and host the request came by, for URLs in answers.
    pub(crate) base: String,
    uri: Uri,
}

impl Inbound {
    pub(crate) fn new(parts: Parts, body: Bytes) -> Self {
        let Parts {
            method,
            uri,
            headers,
            extensions,
            ..
        } = parts;
        let scheme = match (uri.scheme_str(), extensions.get::<Scheme>()) {
            (Some(scheme), _) => scheme,
            (None, Some(Scheme::Https)) => "https",
            (None, Some(Scheme::Http) | None) => "http",
        };
        let host = uri
            .authority()
            .map(http::uri::Authority::as_str)
            .or_else(|| headers.get(HOST).and_then(|host| host.to_str().ok()))
            .unwrap_or("localhost");
        let base = format!("{scheme}://{host}");
        Self {
            method,
            headers,
            body,
            base,
            uri,
        }
    }

    pub(crate) fn path(&self) -> &str {
        self.uri.path()
    }

    /// The query exactly as it came.
    pub(crate) fn raw_query(&self) -> &str {
        self.uri.query().unwrap_or_default()
    }

    /// The address exactly as it came, with scheme and host.
    pub(crate) fn url(&self) -> String {
        match self.uri.query() {
            None => format!("{}{}", self.base, self.path()),
            Some(query) => format!("{}{}?{query}", self.base, self.path()),
        }
    }

    /// A query parameter, its name without case.
    pub(crate) fn parameter(&self, name: &str) -> Option<String> {
        url::form_urlencoded::parse(self.raw_query().as_bytes())
            .find(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.into_owned())
    }

    /// The body as the fields of a form, decoded. A body that is no form gives fields that nobody asks for.
    pub(crate) fn form(&self) -> impl Iterator<Item = (String, String)> {
        url::form_urlencoded::parse(&self.body).into_owned()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// The bearer token, if the request has one.
    pub(crate) fn bearer(&self) -> Option<&str> {
        let value = self.headers.get(AUTHORIZATION)?.to_str().ok()?;
        let (scheme, token) = value.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
    }

    /// The path's segments, percent-decoded.
    pub(crate) fn segments(&self) -> Vec<String> {
        self.path()
            .trim_matches('/')
            .split('/')
            .map(percent_decoded)
            .collect()
    }
}

fn percent_decoded(segment: &str) -> String {
    let mut bytes = Vec::with_capacity(segment.len());
    let mut rest = segment.bytes();
    while let Some(byte) = rest.next() {
        let mut ahead = rest.clone();
        let digits = (ahead.next().and_then(hex), ahead.next().and_then(hex));
        if let (b'%', (Some(high), Some(low))) = (byte, digits) {
            bytes.push(high << 4 | low);
            rest = ahead;
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn hex(byte: u8) -> Option<u8> {
    char::from(byte)
        .to_digit(16)
        .and_then(|digit| u8::try_from(digit).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inbound(uri: &str) -> Inbound {
        let (parts, ()) = http::Request::builder()
            .uri(uri)
            .header("host", "h:1")
            .body(())
            .unwrap()
            .into_parts();
        Inbound::new(parts, Bytes::new())
    }

    #[test]
    fn segments_are_decoded_and_bad_escapes_stay() {
        assert_eq!(
            inbound("/a/East%20US/x+y/100%25/%zz/%4").segments(),
            ["a", "East US", "x+y", "100%", "%zz", "%4"]
        );
    }

    #[test]
    fn the_base_is_the_address_the_caller_used() {
        assert_eq!(inbound("/a?b=c").base, "http://h:1");
        assert_eq!(
            inbound("https://management.azure.com/a?b=c").url(),
            "https://management.azure.com/a?b=c"
        );
    }

    #[test]
    fn parameters_have_names_without_case() {
        assert_eq!(
            inbound("/a?API-Version=2024-04-13&%24top=5")
                .parameter("api-version")
                .as_deref(),
            Some("2024-04-13")
        );
        assert_eq!(
            inbound("/a?%24top=5").parameter("$top").as_deref(),
            Some("5")
        );
    }
}
