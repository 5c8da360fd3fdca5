//! Owns the two small HTTP servers: the probes and the metrics.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use thiserror::Error;
use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::metrics::Metrics;
use crate::readiness::{Gate, Liveness, Readiness};

/// What an answer under way may still take after the end was asked for; a silent peer must not hold the process.
const DRAIN: Duration = Duration::from_secs(1);

/// Why a server cannot run.
#[derive(Debug, Error)]
pub enum ServerError {
    /// The address cannot be listened on.
    #[error("cannot listen on {address} for {server}")]
    Bind {
        /// Which server.
        server: &'static str,
        /// The address that was asked for.
        address: SocketAddr,
        /// What the operating system answered.
        source: io::Error,
    },
    /// The listening socket failed later on.
    #[error("the {server} server failed")]
    Serve {
        /// Which server.
        server: &'static str,
        /// What the operating system answered.
        source: io::Error,
    },
}

/// Where to listen; a missing address turns that server off, port 0 takes a free port.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Addresses {
    /// `/livez`, `/healthz` and `/readyz`.
    pub health: Option<SocketAddr>,
    /// `/metrics`.
    pub metrics: Option<SocketAddr>,
}

/// What the servers tell.
#[derive(Debug, Clone)]
pub struct Sources {
    /// Behind `/readyz`.
    pub readiness: Readiness,
    /// Behind `/livez` and `/healthz`.
    pub liveness: Liveness,
    /// Behind `/metrics`.
    pub metrics: Arc<Metrics>,
}

/// The servers, listening but not answering yet.
#[derive(Debug)]
pub struct Servers {
    health: Option<Bound>,
    metrics: Option<Bound>,
}

#[derive(Debug)]
struct Bound {
    server: &'static str,
    listener: TcpListener,
    address: SocketAddr,
    routes: Router,
}

impl Servers {
    /// Binds every address that is given, and logs each as it really is (`listening`, with `server` and `address`).
    ///
    /// # Errors
    /// If an address cannot be listened on.
    pub async fn bind(addresses: Addresses, sources: Sources) -> Result<Self, ServerError> {
        let Addresses { health, metrics } = addresses;
        let Sources {
            readiness,
            liveness,
            metrics: registry,
        } = sources;
        let health = match health {
            Some(address) => {
                Some(Bound::bind("health", address, health_routes(readiness, liveness)).await?)
            }
            None => None,
        };
        let metrics = match metrics {
            Some(address) => Some(Bound::bind("metrics", address, metrics_routes(registry)).await?),
            None => None,
        };
        Ok(Self { health, metrics })
    }

    /// The address of the probes, with the port that was taken.
    #[must_use]
    pub fn health_address(&self) -> Option<SocketAddr> {
        self.health.as_ref().map(|bound| bound.address)
    }

    /// The address of the metrics, with the port that was taken.
    #[must_use]
    pub fn metrics_address(&self) -> Option<SocketAddr> {
        self.metrics.as_ref().map(|bound| bound.address)
    }

    /// Answers until `end` resolves; then lets answers under way finish for at most a second.
    ///
    /// # Errors
    /// If a listening socket fails.
    pub async fn serve(
        self,
        end: impl Future<Output = ()> + Send + 'static,
    ) -> Result<(), ServerError> {
        let Self { health, metrics } = self;
        let (ended, seen) = watch::channel(false);
        let watcher = tokio::spawn(async move {
            end.await;
            ended.send_replace(true);
        });
        let outcome = futures::future::try_join(
            Bound::serve(health, seen.clone()),
            Bound::serve(metrics, seen),
        )
        .await;
        watcher.abort();
        outcome.map(|((), ())| ())
    }
}

impl Bound {
    async fn bind(
        server: &'static str,
        address: SocketAddr,
        routes: Router,
    ) -> Result<Self, ServerError> {
        let failed = |source| ServerError::Bind {
            server,
            address,
            source,
        };
        let listener = TcpListener::bind(address).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        tracing::info!(server, %address, "listening");
        Ok(Self {
            server,
            listener,
            address,
            routes,
        })
    }

    async fn serve(bound: Option<Self>, end: watch::Receiver<bool>) -> Result<(), ServerError> {
        let Some(Self {
            server,
            listener,
            address: _,
            routes,
        }) = bound
        else {
            until(end).await;
            return Ok(());
        };
        let serving = axum::serve(listener, routes).with_graceful_shutdown(until(end.clone()));
        let drained = async {
            until(end).await;
            tokio::time::sleep(DRAIN).await;
        };
        tokio::select! {
            outcome = serving => outcome.map_err(|source| ServerError::Serve { server, source }),
            () = drained => Ok(()),
        }
    }
}

async fn until(mut end: watch::Receiver<bool>) {
    // A closed channel is an end as well: nobody is left to announce one.
    drop(end.wait_for(|ended| *ended).await);
}

fn health_routes(readiness: Readiness, liveness: Liveness) -> Router {
    Router::new()
        .route("/livez", get(live))
        .route("/healthz", get(live))
        .with_state(liveness)
        .merge(
            Router::new()
                .route("/readyz", get(ready))
                .with_state(readiness),
        )
}

fn metrics_routes(metrics: Arc<Metrics>) -> Router {
    Router::new()
        .route("/metrics", get(scrape))
        .with_state(metrics)
}

async fn live(State(liveness): State<Liveness>) -> Response {
    match liveness.check() {
        Ok(()) => "ok\n".into_response(),
        Err(missed) => {
            tracing::error!(error = %missed, "not alive");
            refusal(format!("not alive: {missed}\n"))
        }
    }
}

async fn ready(State(readiness): State<Readiness>) -> Response {
    match readiness.gate() {
        Gate::Ready => "ok\n".into_response(),
        gate @ (Gate::Starting | Gate::WaitingForCrd | Gate::Syncing | Gate::Stopping) => {
            refusal(format!("not ready: {gate}\n"))
        }
    }
}

async fn scrape(State(metrics): State<Arc<Metrics>>) -> Response {
    (
        [(header::CONTENT_TYPE, Metrics::CONTENT_TYPE)],
        metrics.encode(),
    )
        .into_response()
}

fn refusal(text: String) -> Response {
    (StatusCode::SERVICE_UNAVAILABLE, text).into_response()
}

#[cfg(test)]
mod tests;
