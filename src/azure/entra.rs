//! Lets Microsoft's identity library speak through our transport, and reads its errors. I/O.

use std::{
    collections::HashMap, error::Error as StdError, fmt, future::Future, pin::Pin, sync::Arc,
    time::Duration,
};

use azure_core::{
    error::{Error, ErrorKind, Result},
    http::{
        AsyncRawResponse, Body, HttpClient, RawResponse, Request,
        headers::{HeaderName, HeaderValue, Headers},
    },
};
use bytes::Bytes;
use http::Uri;
use serde_json::{Map, Value};
use url::form_urlencoded;

use super::{
    cloud::Endpoint,
    error::parse_retry_after,
    message::{chain_line, stable_line},
    redact::Proofs,
    token::{Claims, TokenError},
    transport::{Limits, Transport, TransportError},
};

/// One try of an exchange. The cache bounds all tries together.
const LIMITS: Limits = Limits {
    deadline: Duration::from_secs(10),
    max_body: 1024 * 1024,
};

/// Longest wait before another try within one exchange.
const SHORT_WAIT: Duration = Duration::from_secs(2);

/// [`Transport`] as the library wants it.
pub(super) struct EntraClient {
    transport: Arc<dyn Transport>,
    /// The library holds https authorities only. For a loopback authority without TLS, it is given an https address,
    /// and here is the true one.
    plain_authority: Option<Endpoint>,
    /// Added to each token request: the library has no option for it.
    claims: Option<Claims>,
}

impl EntraClient {
    /// A client for `authority`, which is [`Endpoint::is_plain`] on loopback alone.
    pub(super) fn new(transport: Arc<dyn Transport>, authority: &Endpoint) -> Self {
        Self {
            transport,
            plain_authority: Some(authority.clone()).filter(Endpoint::is_plain),
            claims: None,
        }
    }

    /// The same for one exchange that asks for `claims`.
    pub(super) fn asking_for(&self, claims: Option<Claims>) -> Self {
        Self {
            transport: Arc::clone(&self.transport),
            plain_authority: self.plain_authority.clone(),
            claims,
        }
    }

    /// The token request's form, with the claims.
    fn form(&self, body: Bytes) -> Bytes {
        let Some(claims) = &self.claims else {
            return body;
        };
        let field = form_urlencoded::Serializer::new(String::new())
            .append_pair("claims", claims.json())
            .finish();
        [body.as_ref(), b"&", field.as_bytes()].concat().into()
    }

    async fn exchange(&self, request: &Request) -> Result<AsyncRawResponse> {
        let body = match request.body() {
            Body::Bytes(bytes) => self.form(bytes.clone()),
            Body::SeekableStream(_) => return Err(unusable("a streamed request")),
        };
        let mut builder = http::Request::builder()
            .method(request.method().as_str())
            .uri(self.uri(request.url().as_str())?);
        for (name, value) in request.headers().iter() {
            builder = builder.header(name.as_str(), value.as_str());
        }
        let request = builder
            .body(body)
            .map_err(|error| Error::new(ErrorKind::DataConversion, error))?;
        let proofs = Proofs::of(&request);
        let (head, body) = self
            .transport
            .send(request, LIMITS)
            .await
            .map_err(sdk_error)?
            .into_parts();
        let status = head.status.as_u16();
        let body = if head.status.is_success() {
            body
        } else {
            proofs.hidden_in(body)
        };
        if asks_for_a_long_wait(status, &head.headers) {
            return Err(told_to_wait(status, headers(&head.headers), body));
        }
        Ok(AsyncRawResponse::from_bytes(
            status.into(),
            headers(&head.headers),
            body,
        ))
    }

    fn uri(&self, url: &str) -> Result<Uri> {
        let uri: Uri = url
            .parse()
            .map_err(|error| Error::new(ErrorKind::DataConversion, error))?;
        match &self.plain_authority {
            Some(plain) if Endpoint::of(&uri) == Some(plain.as_https()) => {
                let path = uri.path_and_query().map_or("/", |path| path.as_str());
                format!("{plain}{path}")
                    .parse()
                    .map_err(|error| Error::new(ErrorKind::DataConversion, error))
            }
            Some(_) | None => Ok(uri),
        }
    }
}

impl fmt::Debug for EntraClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EntraClient")
            .field("plain_authority", &self.plain_authority)
            .finish_non_exhaustive()
    }
}

impl HttpClient for EntraClient {
    // Written out as `async_trait` would, which is not worth a dependency for two methods.
    fn execute_request<'life0, 'life1, 'async_trait>(
        &'life0 self,
        request: &'life1 Request,
    ) -> Pin<Box<dyn Future<Output = Result<AsyncRawResponse>> + Send + 'async_trait>>
    where
        'life0: 'async_trait,
        'life1: 'async_trait,
        Self: 'async_trait,
    {
        Box::pin(self.exchange(request))
    }
}

fn headers(map: &http::HeaderMap) -> Headers {
    let pairs: HashMap<HeaderName, HeaderValue> = map
        .iter()
        .filter_map(|(name, value)| {
            let value = value.to_str().ok()?.to_owned();
            Some((
                HeaderName::from(name.as_str().to_owned()),
                HeaderValue::from(value),
            ))
        })
        .collect();
    Headers::from(pairs)
}

fn sdk_error(error: TransportError) -> Error {
    let kind = if error.may_have_arrived() {
        ErrorKind::Io
    } else {
        ErrorKind::Connection
    };
    Error::new(kind, error)
}

/// Whether the library, which waits as long as it is told before it tries again, would wait past our deadline: then it
/// must not wait at all, and whoever needs the token is told.
fn asks_for_a_long_wait(status: u16, headers: &http::HeaderMap) -> bool {
    matches!(status, 429 | 503)
        && headers.get(http::header::RETRY_AFTER).is_some_and(|value| {
            // A date is one too: the library reads it.
            let seconds = value.to_str().ok().and_then(parse_retry_after);
            seconds.is_none_or(|wait| wait > SHORT_WAIT)
        })
}

/// The answer as the error that the library makes of one, which it does not try again.
fn told_to_wait(status: u16, headers: Headers, body: Bytes) -> Error {
    let said = serde_json::from_slice::<Map<String, Value>>(&body)
        .ok()
        .and_then(|answer| Some(answer.get("error_description")?.as_str()?.to_owned()))
        .unwrap_or_else(|| format!("it answered {status}"));
    let kind = ErrorKind::HttpResponse {
        status: status.into(),
        error_code: None,
        raw_response: Some(Box::new(RawResponse::from_bytes(
            status.into(),
            headers,
            body,
        ))),
    };
    Error::with_message(kind, said)
}

fn unusable(what: &'static str) -> Error {
    Error::with_message(ErrorKind::Other, what)
}

/// What an error of the library means. Its outermost layer knows no status; the answer is one or more levels down
/// (dependencies.md §2.4).
pub(super) fn token_error(error: &Error) -> TokenError {
    let answer = answered(error);
    match answer {
        Some((429, message, retry_after)) => TokenError::Throttled {
            retry_after,
            message,
        },
        Some((408 | 500.., message, _)) => TokenError::Unavailable { message },
        Some((_, message, _)) => TokenError::Refused {
            code: aadsts(&message),
            message,
        },
        None => TokenError::Unavailable {
            message: innermost(error),
        },
    }
}

/// The status, message and wait of the HTTP answer that `error` goes back to, if one does. Of the layers that know the
/// answer the innermost says what it says; those around it say what the library was doing.
fn answered(error: &Error) -> Option<(u16, String, Option<Duration>)> {
    let mut next: Option<&(dyn StdError + 'static)> = Some(error);
    let mut found = None;
    while let Some(layer) = next {
        let kind = layer.downcast_ref::<Error>().map(Error::kind);
        if let Some(ErrorKind::HttpResponse {
            status,
            raw_response,
            ..
        }) = kind
        {
            let retry_after = raw_response
                .as_deref()
                .and_then(|raw| {
                    raw.headers()
                        .get_optional_str(&HeaderName::from_static("retry-after"))
                })
                .and_then(parse_retry_after);
            let status = u16::from(*status);
            // A page of whoever sits in between: it tells a reader nothing, and nobody knows what is in it.
            let is_foreign = raw_response.as_deref().is_some_and(|raw| {
                serde_json::from_slice::<Map<String, Value>>(raw.body().as_ref()).is_err()
            });
            let message = if is_foreign {
                format!("it answered {status} without saying why")
            } else {
                stable_line(&layer.to_string())
            };
            found = Some((status, message, retry_after));
        }
        next = layer.source();
    }
    found
}

/// The library's own sentences ("authentication failed", "failed to execute request") tell users nothing that the
/// reason does not say: the transport's layer, or else the innermost, is what happened.
fn innermost(error: &Error) -> String {
    let mut last: &(dyn StdError + 'static) = error;
    while !last.is::<TransportError>() {
        // It quotes the value that it did not expect, which may be the token.
        if last.is::<serde_json::Error>() {
            return "the answer cannot be read as one with a token".to_owned();
        }
        match last.source() {
            Some(source) => last = source,
            None => break,
        }
    }
    chain_line(last)
}

/// The number in `AADSTS70021: …`.
fn aadsts(message: &str) -> Option<u32> {
    let (_, rest) = message.split_once("AADSTS")?;
    let end = rest
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(rest.len());
    rest.get(..end)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_of_an_entra_error_is_found() {
        assert_eq!(
            aadsts("AADSTS700024: Client assertion is not within its valid time range."),
            Some(700_024)
        );
        assert_eq!(aadsts("prefix AADSTS70021"), Some(70_021));
        assert_eq!(aadsts("AADSTS: x"), None);
        assert_eq!(aadsts("no number"), None);
    }

    #[test]
    fn what_the_transport_says_is_kept_and_the_library_says_nothing_more() {
        let transport = sdk_error(TransportError::NotSent("connection refused".into()));
        let outer = Error::with_error(
            ErrorKind::Credential,
            transport,
            "X authentication failed. Connection",
        );
        assert_eq!(
            token_error(&outer),
            TokenError::Unavailable {
                message: "the request could not be sent: connection refused".to_owned()
            }
        );
    }
}
