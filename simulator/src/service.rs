//! The way of a request: journal, fault, effect, answer. A tower service without a socket.

use std::convert::Infallible;
use std::io;
use std::task::{Context, Poll};

use axum::body::Body;
use bytes::Bytes;
use futures::future::BoxFuture;
use futures::{StreamExt, stream};
use http::header::{CONTENT_LENGTH, HeaderValue};
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde_json::json;
use tower::Service;

use crate::control;
use crate::faults::{Act, Answer};
use crate::inbound::Inbound;
use crate::reply::Reply;
use crate::simulator::{Admitted, Simulator};

/// ARM's own limit on request bodies, in bytes (arm-kusto.md §7).
const MAX_BODY: usize = 4 * 1024 * 1024;

/// Marks a response whose connection must be reset, as an extension of it.
///
/// [`crate::serve()`] resets the connection and sends nothing. Without a socket there is nothing to reset:
/// a caller of [`SimulatorService`] looks for this extension, or reads the body, which fails at once with
/// [`io::ErrorKind::ConnectionReset`]. The status is 502 and means nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Aborted;

/// The simulator as a [`tower::Service`]. Always ready; clones are cheap.
#[derive(Debug, Clone)]
pub struct SimulatorService {
    simulator: Simulator,
}

impl SimulatorService {
    pub(crate) fn new(simulator: Simulator) -> Self {
        Self { simulator }
    }
}

impl Service<Request<Body>> for SimulatorService {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Response<Body>, Infallible>>;

    fn poll_ready(&mut self, _context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let simulator = self.simulator.clone();
        Box::pin(async move { Ok(handle(&simulator, request).await) })
    }
}

async fn handle(simulator: &Simulator, request: Request<Body>) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let body = match Limited::new(body, MAX_BODY).collect().await {
        Ok(body) => body.to_bytes(),
        Err(error) => return whole(refused_body(error.is::<LengthLimitError>())),
    };
    let call = Inbound::new(parts, body);
    if call.path() == "/_sim" || call.path().starts_with("/_sim/") {
        return whole(control::answer(simulator, &call));
    }
    let Admitted { sequence, act } = simulator.admit(&call);
    let Some(act) = act else {
        let reply = simulator.process(sequence, &call, None);
        simulator.close(sequence, true, Some(&reply));
        return whole(reply);
    };
    if let Some(delay) = act.delay {
        tokio::time::sleep(delay).await;
    }
    let applied = act.answer.applied();
    let form = Simulator::error_form(&call);
    let own = applied.then(|| simulator.process(sequence, &call, act.operation.as_ref()));
    match act.answer {
        Answer::Hang { .. } => {
            simulator.close(sequence, applied, None);
            std::future::pending().await
        }
        Answer::Reset { .. } => {
            simulator.close(sequence, applied, None);
            aborted()
        }
        Answer::Status { .. } => {
            let reply = simulator.traced(&call, act.reshape(own, form));
            simulator.close(sequence, applied, Some(&reply));
            shaped(reply, &act)
        }
        Answer::Own => {
            let reply = act.reshape(own, form);
            simulator.close(sequence, applied, Some(&reply));
            shaped(reply, &act)
        }
    }
}

fn refused_body(too_long: bool) -> Reply {
    let (status, code, message) = if too_long {
        (
            StatusCode::PAYLOAD_TOO_LARGE,
            "RequestContentTooLarge",
            "The request content exceeds the limit of 4 MB.",
        )
    } else {
        (
            StatusCode::BAD_REQUEST,
            "InvalidRequestContent",
            "The request content could not be read.",
        )
    };
    Reply::json(
        status,
        &json!({"error": {"code": code, "message": message}}),
    )
}

fn whole(reply: Reply) -> Response<Body> {
    let Reply {
        status,
        headers,
        body,
    } = reply;
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    response.headers_mut().extend(headers);
    response
}

fn aborted() -> Response<Body> {
    let reset =
        stream::once(async { Err::<Bytes, _>(io::Error::from(io::ErrorKind::ConnectionReset)) });
    let mut response = Response::new(Body::from_stream(reset));
    *response.status_mut() = StatusCode::BAD_GATEWAY;
    response.extensions_mut().insert(Aborted);
    response
}

/// Sends a body cut short or in slow pieces, under the length of the whole one.
fn shaped(reply: Reply, act: &Act) -> Response<Body> {
    if act.truncate.is_none() && act.slow.is_none() {
        return whole(reply);
    }
    let length = reply.body.len();
    let mut response = whole(Reply {
        body: Vec::new(),
        ..reply.clone()
    });
    response
        .headers_mut()
        .insert(CONTENT_LENGTH, HeaderValue::from(length));
    let body = Bytes::from(reply.body);
    let sent = body.slice(..act.truncate.unwrap_or(length).min(length));
    let cut = sent.len() < length;
    let (piece, pause) = act.slow.map_or_else(
        || (sent.len().max(1), None),
        |slow| (slow.bytes, Some(slow.every)),
    );
    let pieces: Vec<Bytes> = sent
        .chunks(piece)
        .map(|piece| sent.slice_ref(piece))
        .collect();
    let pieces = stream::iter(pieces).then(move |piece| async move {
        if let Some(pause) = pause {
            tokio::time::sleep(pause).await;
        }
        Ok(piece)
    });
    // The server sends what it has when a body pauses, and nothing when it fails at once.
    let end = stream::iter(cut.then_some(())).then(|()| async {
        tokio::task::yield_now().await;
        Err(io::Error::from(io::ErrorKind::UnexpectedEof))
    });
    *response.body_mut() = Body::from_stream(pieces.chain(end));
    response
}
