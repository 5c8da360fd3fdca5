//! Serves a simulator over sockets, and resets a connection when a fault says so.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::Body;
use http::{Request, Response};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;
use tower::ServiceExt;

use crate::inbound::Scheme;
use crate::service::{Aborted, SimulatorService};
use crate::simulator::Simulator;

/// Waited after a failed accept, so that a lack of file descriptors does not become a busy loop.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Serves `simulator` in plain HTTP until `shutdown` ends; open connections are dropped then.
///
/// It returns nothing: a connection that fails concerns its client only, and a failed accept is tried again.
pub async fn serve(
    simulator: Simulator,
    listener: TcpListener,
    shutdown: impl Future<Output = ()>,
) {
    accept(simulator, listener, None, shutdown).await;
}

/// As [`serve`], over TLS.
pub async fn serve_tls(
    simulator: Simulator,
    listener: TcpListener,
    tls: TlsAcceptor,
    shutdown: impl Future<Output = ()>,
) {
    accept(simulator, listener, Some(tls), shutdown).await;
}

async fn accept(
    simulator: Simulator,
    listener: TcpListener,
    tls: Option<TlsAcceptor>,
    shutdown: impl Future<Output = ()>,
) {
    let mut connections = JoinSet::new();
    let mut shutdown = std::pin::pin!(shutdown);
    loop {
        tokio::select! {
            () = &mut shutdown => break,
            Some(_) = connections.join_next() => {}
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    connections.spawn(connection(simulator.service(), stream, tls.clone()));
                }
                Err(_) => tokio::time::sleep(ACCEPT_PAUSE).await,
            },
        }
    }
    connections.shutdown().await;
}

async fn connection(service: SimulatorService, stream: TcpStream, tls: Option<TlsAcceptor>) {
    // Answers are small and wait for nothing; a kernel that refuses the option only makes them slower.
    let _ = stream.set_nodelay(true);
    let reset = Arc::new(AtomicBool::new(false));
    let stream = Resettable {
        stream,
        reset: Arc::clone(&reset),
    };
    match tls {
        None => exchange(service, stream, reset, Scheme::Http).await,
        Some(tls) => {
            if let Ok(stream) = tls.accept(stream).await {
                exchange(service, stream, reset, Scheme::Https).await;
            }
        }
    }
}

async fn exchange<S>(service: SimulatorService, stream: S, reset: Arc<AtomicBool>, scheme: Scheme)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let answer = service_fn(move |request: Request<Incoming>| {
        let service = service.clone();
        let reset = Arc::clone(&reset);
        async move { respond(service, request, &reset, scheme).await }
    });
    // An error here is the client's: it closed early, or a fault closed the connection on it.
    let _ = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .serve_connection(TokioIo::new(stream), answer)
        .await;
}

async fn respond(
    service: SimulatorService,
    request: Request<Incoming>,
    reset: &AtomicBool,
    scheme: Scheme,
) -> Result<Response<Body>, io::Error> {
    let mut request = request.map(Body::new);
    request.extensions_mut().insert(scheme);
    let response = service
        .oneshot(request)
        .await
        .unwrap_or_else(|never| match never {});
    if response.extensions().get::<Aborted>().is_some() {
        reset.store(true, Ordering::Relaxed);
        return Err(io::Error::from(io::ErrorKind::ConnectionReset));
    }
    Ok(response)
}

/// A socket that ends with a reset instead of an orderly close once `reset` is set.
struct Resettable {
    stream: TcpStream,
    reset: Arc<AtomicBool>,
}

impl Resettable {
    fn is_reset(&self) -> bool {
        self.reset.load(Ordering::Relaxed)
    }
}

impl Drop for Resettable {
    fn drop(&mut self) {
        if self.is_reset() {
            // Closing with a zero linger time is what makes the kernel send RST; without it there is a FIN.
            let _ = self.stream.set_zero_linger();
        }
    }
}

impl AsyncRead for Resettable {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Resettable {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.is_reset() {
            return Poll::Ready(Ok(()));
        }
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
