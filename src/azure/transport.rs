//! The seam between ARM's client and the network, and its production side.

use std::{
    error::Error,
    path::{Path, PathBuf},
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use bytes::{Bytes, BytesMut};
use futures::{FutureExt, future::BoxFuture};
use tokio::time::timeout;

use super::cloud::Endpoint;

/// A cause from whatever library is below.
pub type BoxError = Box<dyn Error + Send + Sync>;

/// Longest wait for a connection, TLS included.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// A silent connection is asked after this time whether it is alive, and given up after [`KEEP_ALIVE_TIMEOUT`]: a
/// half-open one would otherwise cost every call its whole deadline.
const KEEP_ALIVE_INTERVAL: Duration = Duration::from_secs(20);
const KEEP_ALIVE_TIMEOUT: Duration = Duration::from_secs(10);
const USER_AGENT: &str = concat!("adx-follower-operator/", env!("CARGO_PKG_VERSION"));

/// Bounds of one exchange.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Longest time from the start to the last byte of the answer.
    pub deadline: Duration,
    /// Most bytes of an answer's body.
    pub max_body: usize,
}

/// Why there is no complete answer.
#[derive(Debug, thiserror::Error)]
pub enum TransportError {
    /// Nothing was sent: no address, no connection, no TLS, or not a valid request.
    #[error("the request could not be sent")]
    NotSent(#[source] BoxError),
    /// The connection broke after sending began.
    #[error("the connection broke before the answer was complete")]
    Interrupted(#[source] BoxError),
    /// The time was up.
    #[error("the answer took too long")]
    DeadlineExceeded,
    /// The answer is longer than allowed.
    #[error("the answer is longer than {limit} bytes")]
    BodyTooLarge {
        /// Most bytes allowed.
        limit: usize,
    },
}

impl TransportError {
    /// Whether the other side may have got the whole request.
    #[must_use]
    pub fn may_have_arrived(&self) -> bool {
        match self {
            Self::NotSent(_) => false,
            Self::Interrupted(_) | Self::DeadlineExceeded | Self::BodyTooLarge { .. } => true,
        }
    }
}

/// Sends one HTTP request and reads the whole answer.
///
/// What an implementation promises:
/// * any status is an answer; a redirect is one too and is **never** followed, since the token would travel along;
/// * [`Limits::deadline`] bounds the whole exchange, the last byte of the body included;
/// * a body longer than [`Limits::max_body`] is an error, found out without holding more than that in memory;
/// * a body shorter than announced is [`TransportError::Interrupted`], never an answer;
/// * nothing is sent twice, unless it is certain that the first request did not leave.
pub trait Transport: Send + Sync + 'static {
    /// Sends `request`, whose URI is absolute.
    fn send(
        &self,
        request: http::Request<Bytes>,
        limits: Limits,
    ) -> BoxFuture<'_, Result<http::Response<Bytes>, TransportError>>;
}

/// What is wrong with the transport's set-up.
#[derive(Debug, thiserror::Error)]
pub enum TransportSetupError {
    /// The CA bundle cannot be read.
    #[error("the CA bundle `{path}` cannot be read")]
    CaFile {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The CA bundle holds no certificate.
    #[error("the CA bundle `{0}` must hold at least one certificate in PEM form")]
    NoCertificate(PathBuf),
    /// The HTTP client cannot be built, for a wrong certificate or a missing system trust store.
    #[error("the HTTP client cannot be set up")]
    Client(#[source] reqwest::Error),
}

/// [`Transport`] over the network: TLS by rustls, proxies from the environment, an optional CA bundle beside the system's.
///
/// Clones share connections.
#[derive(Debug, Clone)]
pub struct HttpTransport(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    ca_file: Option<PathBuf>,
    clients: RwLock<Clients>,
}

#[derive(Debug, Clone)]
struct Clients {
    /// For everything that may be behind a proxy.
    proxied: reqwest::Client,
    /// For loopback addresses and plain http (the metadata service of a virtual machine): both are here, not behind a proxy.
    direct: reqwest::Client,
    /// The bundle that both trust.
    ca_bundle: Vec<u8>,
}

impl HttpTransport {
    /// A transport that trusts the system's certificates, and those in `ca_file` (PEM) when given.
    ///
    /// # Errors
    /// [`TransportSetupError`] when the bundle cannot be used.
    pub fn new(ca_file: Option<&Path>) -> Result<Self, TransportSetupError> {
        let clients = Clients::new(read_bundle(ca_file)?, ca_file)?;
        let ca_file = ca_file.map(Path::to_owned);
        Ok(Self(Arc::new(Inner {
            ca_file,
            clients: RwLock::new(clients),
        })))
    }
}

impl Inner {
    fn clients(&self) -> Clients {
        self.clients
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// After a connection failed: a rotated bundle is read again, so that no restart is needed.
    fn refresh(&self) {
        let read = read_bundle(self.ca_file.as_deref()).and_then(|bundle| {
            let changed = bundle != self.clients().ca_bundle;
            changed
                .then(|| Clients::new(bundle, self.ca_file.as_deref()))
                .transpose()
        });
        match read {
            Ok(None) => {}
            Ok(Some(clients)) => {
                tracing::info!("CA bundle read again");
                *self.clients.write().unwrap_or_else(PoisonError::into_inner) = clients;
            }
            Err(error) => {
                tracing::warn!(error = %super::message::chain_line(&error), "CA bundle not usable, keeping the last");
            }
        }
    }

    async fn exchange(
        &self,
        request: http::Request<Bytes>,
        max_body: usize,
    ) -> Result<http::Response<Bytes>, TransportError> {
        let clients = self.clients();
        let local = Endpoint::of(request.uri()).is_some_and(|it| it.is_plain() || it.is_loopback());
        let client = if local {
            clients.direct
        } else {
            clients.proxied
        };
        let request = reqwest::Request::try_from(request).map_err(not_sent)?;
        let mut response = client.execute(request).await.map_err(|error| {
            if !error.is_connect() && !error.is_builder() {
                return TransportError::Interrupted(error.without_url().into());
            }
            self.refresh();
            not_sent(error)
        })?;

        let mut body = BytesMut::new();
        while let Some(chunk) = response
            .chunk()
            .await
            .map_err(|error| TransportError::Interrupted(error.without_url().into()))?
        {
            if body.len() + chunk.len() > max_body {
                return Err(TransportError::BodyTooLarge { limit: max_body });
            }
            body.extend_from_slice(&chunk);
        }

        let mut answer = http::Response::new(body.freeze());
        *answer.status_mut() = response.status();
        *answer.headers_mut() = std::mem::take(response.headers_mut());
        Ok(answer)
    }
}

impl Transport for HttpTransport {
    fn send(
        &self,
        request: http::Request<Bytes>,
        limits: Limits,
    ) -> BoxFuture<'_, Result<http::Response<Bytes>, TransportError>> {
        async move {
            timeout(limits.deadline, self.0.exchange(request, limits.max_body))
                .await
                .unwrap_or(Err(TransportError::DeadlineExceeded))
        }
        .boxed()
    }
}

impl Clients {
    fn new(ca_bundle: Vec<u8>, ca_file: Option<&Path>) -> Result<Self, TransportSetupError> {
        let certificates = reqwest::Certificate::from_pem_bundle(&ca_bundle)
            .map_err(TransportSetupError::Client)?;
        if let (Some(path), true) = (ca_file, certificates.is_empty()) {
            return Err(TransportSetupError::NoCertificate(path.to_owned()));
        }
        let builder = || {
            reqwest::Client::builder()
                .user_agent(USER_AGENT)
                .redirect(reqwest::redirect::Policy::none())
                .referer(false)
                .connect_timeout(CONNECT_TIMEOUT)
                .tcp_keepalive(KEEP_ALIVE_INTERVAL)
                .http2_keep_alive_interval(KEEP_ALIVE_INTERVAL)
                .http2_keep_alive_timeout(KEEP_ALIVE_TIMEOUT)
                .tls_certs_merge(certificates.iter().cloned())
        };
        Ok(Self {
            proxied: builder().build().map_err(TransportSetupError::Client)?,
            direct: builder()
                .no_proxy()
                .build()
                .map_err(TransportSetupError::Client)?,
            ca_bundle,
        })
    }
}

fn read_bundle(ca_file: Option<&Path>) -> Result<Vec<u8>, TransportSetupError> {
    ca_file.map_or(Ok(Vec::new()), |path| {
        std::fs::read(path).map_err(|source| TransportSetupError::CaFile {
            path: path.to_owned(),
            source,
        })
    })
}

fn not_sent(error: reqwest::Error) -> TransportError {
    TransportError::NotSent(error.without_url().into())
}

#[cfg(test)]
mod tests;
