//! The client of the API server. I/O.

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use http::{Method, Request, Response};
use kube::{
    Client, Config,
    client::{Body, ClientBuilder},
};
use thiserror::Error;
use tokio::time::timeout;
use tower::{BoxError, Service, layer::layer_fn};

use crate::readiness::{Liveness, WatchSign};

/// How long an answer may take to begin. kube's client waits for ever, and a list that is never answered would
/// leave the watch dead (faults.md §6).
const FIRST_BYTE_DEADLINE: Duration = Duration::from_mins(1);

/// Why there is no client.
#[derive(Debug, Error)]
pub enum ClientError {
    /// Neither `KUBECONFIG`, `~/.kube/config` nor a Pod's service account says how to connect.
    #[error("cannot find out how to connect to Kubernetes; set `KUBECONFIG` or run in a Pod")]
    Infer(#[source] kube::config::InferConfigError),
    /// The configuration can't be used.
    #[error("cannot use the Kubernetes client configuration")]
    Build(#[source] kube::Error),
}

/// A client as `KUBECONFIG` or the Pod's service account says. Each answered watch request is a sign of life.
///
/// # Errors
/// When the configuration is missing or unusable. The server is not asked.
pub async fn client(liveness: Liveness) -> Result<Client, ClientError> {
    let mut config = Config::infer().await.map_err(ClientError::Infer)?;
    // Its retries hide up to 1000 s in one call (faults.md §6); every caller here has a deadline and a backoff.
    config.default_retry = false;
    let builder = ClientBuilder::try_from(config).map_err(ClientError::Build)?;
    Ok(builder
        .with_layer(&layer_fn(|inner| Heard {
            inner,
            liveness: liveness.clone(),
        }))
        .build())
}

/// Tells when the API server answers a watch request: an idle watch delivers no event for hours, but it is renewed
/// every few minutes. Gives up when no answer begins.
#[derive(Clone)]
struct Heard<S> {
    inner: S,
    liveness: Liveness,
}

impl<S, B> Service<Request<Body>> for Heard<S>
where
    S: Service<Request<Body>, Response = Response<B>, Error = BoxError>,
    S::Future: Send + 'static,
    B: 'static,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Self::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let watch = request.method() == Method::GET
            && request
                .uri()
                .query()
                .is_some_and(|query| query.split('&').any(|pair| pair == "watch=true"));
        let liveness = self.liveness.clone();
        let answer = self.inner.call(request);
        Box::pin(async move {
            let answer = timeout(FIRST_BYTE_DEADLINE, answer).await??;
            if watch && answer.status().is_success() {
                liveness.watch(WatchSign::Heard);
            }
            Ok(answer)
        })
    }
}

#[cfg(test)]
mod tests {
    use std::future::pending;

    use tower::ServiceExt as _;

    use super::*;
    use crate::readiness::LivenessLimits;

    #[tokio::test(start_paused = true)]
    async fn an_answer_that_never_begins_is_given_up() {
        let silent = tower::service_fn(|_: Request<Body>| {
            let never: Pin<Box<dyn Future<Output = Result<Response<Body>, BoxError>> + Send>> =
                Box::pin(pending());
            never
        });
        let heard = Heard {
            inner: silent,
            liveness: Liveness::new(LivenessLimits::default()),
        };
        let list = Request::get("/apis/adx-follower.dev/v1alpha1/attacheddatabases")
            .body(Body::empty())
            .unwrap();
        let answer = timeout(Duration::from_mins(2), heard.oneshot(list)).await;
        assert!(answer.expect("it does not wait for ever").is_err());
    }
}
