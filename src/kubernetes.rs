//! The client of the API server. I/O.

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

use http::{Method, Request, Response};
use kube::{
    Client, Config,
    client::{Body, ClientBuilder},
};
use thiserror::Error;
use tower::{BoxError, Service, layer::layer_fn};

use crate::readiness::{Liveness, WatchSign};

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
/// every few minutes.
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
            let answer = answer.await?;
            if watch && answer.status().is_success() {
                liveness.watch(WatchSign::Heard);
            }
            Ok(answer)
        })
    }
}
