//! One call to ARM: throttle, token, request, answer, a second look after 401, and what is observed of it.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use http::{HeaderValue, Method, header};
use tokio::time::{Instant, timeout};
use tracing::debug;
use url::Url;
use uuid::Uuid;

pub use super::arm_call::ArmCall;
use super::{
    answer::Answer,
    cloud::Endpoint,
    error::{ArmError, Class, Intent, Refusal, Unaccepted},
    message::chain_line,
    redact::Proofs,
    throttle::{Bucket, Throttle},
    token::{Token, TokenError, TokenSource},
    transport::{Limits, Transport, TransportError},
};

/// Most bytes of an answer: ARM itself allows a provider no more (arm-kusto.md §7).
const MAX_BODY: usize = 8 * 1024 * 1024;
const READ_DEADLINE: Duration = Duration::from_secs(30);
/// ARM's gateway gives a provider 60 s and then answers 504 (arm-kusto.md §7): a shorter wait would never see it.
const WRITE_DEADLINE: Duration = Duration::from_secs(75);

const CLIENT_REQUEST_ID: &str = "x-ms-client-request-id";
const RETURN_CLIENT_REQUEST_ID: &str = "x-ms-return-client-request-id";

/// How a request ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CallResult {
    /// With this HTTP status.
    Status(u16),
    /// Without a complete answer.
    NoAnswer,
}

/// Is told of every request that was sent to ARM. Calls that were held back, or had no token, are none.
pub trait CallObserver: Send + Sync + 'static {
    /// `elapsed` is from the start of the request to the last byte of the answer.
    fn observe(&self, call: ArmCall, result: CallResult, elapsed: Duration);
}

/// Watches nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoObserver;

impl CallObserver for NoObserver {
    fn observe(&self, _call: ArmCall, _result: CallResult, _elapsed: Duration) {}
}

/// What a client is made of.
pub struct ArmOptions {
    /// Where ARM is.
    pub endpoint: Endpoint,
    /// The `api-version` of every call but polls, whose addresses carry one.
    pub api_version: String,
    /// The network.
    pub transport: Arc<dyn Transport>,
    /// Whose calls these are.
    pub tokens: Arc<dyn TokenSource>,
    /// Who counts them.
    pub observer: Arc<dyn CallObserver>,
}

/// A request in the making: all but the token.
pub(super) struct Call<'a> {
    pub(super) kind: ArmCall,
    pub(super) method: Method,
    /// Absolute, encoded.
    pub(super) url: String,
    pub(super) subscription: Option<&'a str>,
    pub(super) body: Option<Bytes>,
}

impl Call<'_> {
    fn limits(&self) -> Limits {
        let deadline = match self.kind.intent() {
            Intent::Read => READ_DEADLINE,
            Intent::Write | Intent::Delete => WRITE_DEADLINE,
        };
        Limits {
            deadline,
            max_body: MAX_BODY,
        }
    }

    fn no_answer(&self, source: TransportError) -> ArmError {
        ArmError::NoAnswer {
            intent: self.kind.intent(),
            source,
        }
    }

    fn request(&self, token: &Token, request_id: &str) -> Result<http::Request<Bytes>, ArmError> {
        let mut bearer =
            HeaderValue::try_from(format!("Bearer {}", token.secret())).map_err(|_| {
                ArmError::Token(TokenError::Unavailable {
                    message: "the token cannot be sent in a header".to_owned(),
                })
            })?;
        bearer.set_sensitive(true);
        let mut builder = http::Request::builder()
            .method(&self.method)
            .uri(&self.url)
            .header(header::AUTHORIZATION, bearer)
            .header(header::ACCEPT, "application/json")
            .header(CLIENT_REQUEST_ID, request_id)
            .header(RETURN_CLIENT_REQUEST_ID, "true");
        if self.body.is_some() {
            builder = builder.header(header::CONTENT_TYPE, "application/json");
        } else if self.method == Method::POST {
            // The HTTP client leaves the length of an empty body open, and gateways answer 411 to such a POST.
            builder = builder.header(header::CONTENT_LENGTH, 0);
        }
        builder
            .body(self.body.clone().unwrap_or_default())
            .map_err(|error| self.no_answer(TransportError::NotSent(error.into())))
    }
}

/// Sends calls.
pub(super) struct Caller {
    options: ArmOptions,
    throttle: Throttle,
    /// The token that took the place of one which a write was refused with, until a write is accepted with it.
    untried: Mutex<Option<Token>>,
}

impl Caller {
    pub(super) fn new(options: ArmOptions) -> Self {
        Self {
            options,
            throttle: Throttle::default(),
            untried: Mutex::default(),
        }
    }

    pub(super) fn endpoint(&self) -> &Endpoint {
        &self.options.endpoint
    }

    /// The address of what lies `below` a resource: each segment of `id` and `below` encoded on its own, and our
    /// `api-version`.
    pub(super) fn url(&self, id: &str, below: &[&str]) -> Result<String, url::ParseError> {
        let mut url = Url::parse(&self.options.endpoint.to_string())?;
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.clear().extend(id.split('/').skip(1)).extend(below);
        }
        url.query_pairs_mut()
            .append_pair("api-version", &self.options.api_version);
        Ok(url.into())
    }

    /// Sends `call`. Any status is an answer, but 429.
    ///
    /// A read that is answered 401 is sent once more with a new token. A write is not: who asked for it has confirmed
    /// that it may be sent just before, and has to confirm that again. It finds the new token in place.
    pub(super) async fn send(&self, call: &Call<'_>) -> Result<Answer, ArmError> {
        let bucket = Bucket::of(&call.method);
        if let Some(refusal) = call
            .subscription
            .and_then(|subscription| self.throttle.held(subscription, bucket, Instant::now()))
        {
            debug!(operation = call.kind.as_str(), "ARM call held back");
            // It was another call that was refused: what this one was to do is its own.
            let intent = call.kind.intent();
            return Err(ArmError::Refused(Refusal { intent, ..refusal }));
        }
        let token = self.token().await?;
        // Boxed: a call is large, and a pass has many places that make one.
        let answer = Box::pin(self.exchange(call, &token)).await?;
        let answer = match call.kind.intent() {
            Intent::Read => Box::pin(self.read_again(call, answer, token)).await?,
            Intent::Write | Intent::Delete => self.judged_write(answer, &token).await?,
        };
        if answer.status == 429 {
            let refusal = answer.refusal();
            if let Some(subscription) = call.subscription {
                self.throttle
                    .hold(subscription, bucket, &refusal, Instant::now());
            }
            return Err(ArmError::Refused(refusal));
        }
        Ok(answer)
    }

    /// The answer to a read, or to the same read with a new token.
    async fn read_again(
        &self,
        call: &Call<'_>,
        mut answer: Answer,
        token: Token,
    ) -> Result<Answer, ArmError> {
        if let Some(renewed) = self.renewed(&answer, &token).await?
            && renewed != token
        {
            // The challenge of the second answer is not followed: the same claims would come again.
            answer = self.exchange(call, &renewed).await?;
        }
        if answer.status == 401 {
            answer.unaccepted = self.unaccepted(&answer);
        }
        Ok(answer)
    }

    /// The answer to a write, and whether the next try will be the first with a new token.
    async fn judged_write(&self, mut answer: Answer, token: &Token) -> Result<Answer, ArmError> {
        if answer.status != 401 {
            self.untried().take_if(|untried| untried == token);
            return Ok(answer);
        }
        let renewed = self.renewed(&answer, token).await?;
        answer.unaccepted = self.unaccepted(&answer);
        if let Some(renewed) = renewed {
            // When new tokens are refused one after another, it is not their age.
            let before = self.untried().replace(renewed.clone());
            if renewed != *token && before.as_ref() != Some(token) {
                answer.unaccepted = Unaccepted::Replaced;
            }
        }
        Ok(answer)
    }

    /// The token to use after `answer`, if that is a 401 which another one may cure: the same when it is too early for
    /// another.
    async fn renewed(&self, answer: &Answer, token: &Token) -> Result<Option<Token>, ArmError> {
        if answer.status != 401 || answer.refusal().class() == Class::Misconfigured {
            return Ok(None);
        }
        self.options.tokens.reject(token, answer.challenge());
        self.token().await.map(Some)
    }

    fn untried(&self) -> MutexGuard<'_, Option<Token>> {
        self.untried.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What we can tell of a 401 that ARM does not say.
    fn unaccepted(&self, answer: &Answer) -> Unaccepted {
        if answer.challenge().is_some() {
            Unaccepted::ClaimsRequired
        } else if answer.refusal().class() == Class::Misconfigured {
            Unaccepted::Misfit {
                in_use: format!(
                    "{} towards ARM at `{}`",
                    self.options.tokens.in_use(),
                    self.options.endpoint
                ),
            }
        } else {
            Unaccepted::Unexplained
        }
    }

    pub(super) async fn token(&self) -> Result<Token, ArmError> {
        self.options.tokens.token().await.map_err(ArmError::Token)
    }

    async fn exchange(&self, call: &Call<'_>, token: &Token) -> Result<Answer, ArmError> {
        let request_id = Uuid::new_v4().to_string();
        let request = call.request(token, &request_id)?;
        let limits = call.limits();
        let start = Instant::now();
        // Every transport promises to keep the deadline. One that does not must not take a worker with it.
        let sent = timeout(
            limits.deadline,
            self.options.transport.send(request, limits),
        )
        .await
        .unwrap_or(Err(TransportError::DeadlineExceeded));
        let elapsed = start.elapsed();
        let result = sent.as_ref().map_or(CallResult::NoAnswer, |answer| {
            CallResult::Status(answer.status().as_u16())
        });
        self.options.observer.observe(call.kind, result, elapsed);

        let operation = call.kind.as_str();
        let method = &call.method;
        let url = call.url.split('?').next().unwrap_or_default();
        let elapsed_ms = elapsed.as_millis();
        match sent {
            Err(source) => {
                debug!(operation, %method, url, elapsed_ms, request_id, error = %chain_line(&source), "ARM call without answer");
                Err(call.no_answer(source))
            }
            Ok(answer) => {
                let (head, body) = answer.into_parts();
                let body = if head.status.is_success() {
                    body
                } else {
                    Proofs::bearer(token).hidden_in(body)
                };
                let answer = Answer {
                    intent: call.kind.intent(),
                    status: head.status.as_u16(),
                    headers: head.headers,
                    body,
                    unaccepted: Unaccepted::Unexplained,
                };
                debug!(
                    operation,
                    %method,
                    url,
                    status = answer.status,
                    elapsed_ms,
                    request_id,
                    arm_request_id = answer.header("x-ms-request-id"),
                    correlation_id = answer.header("x-ms-correlation-request-id"),
                    activity_id = answer.header("x-ms-operation-root-activity-id"),
                    "ARM call"
                );
                Ok(answer)
            }
        }
    }
}
