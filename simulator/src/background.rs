//! A simulator on a socket of this machine, on a thread of its own, for tests in the same process.

use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::thread::JoinHandle;

use tokio::sync::oneshot;
use tokio_rustls::TlsAcceptor;

use crate::serve::{serve, serve_tls};
use crate::simulator::Simulator;
use crate::tls::{self, TlsError};

/// A simulator that listens on a free port of 127.0.0.1 until this value is dropped.
///
/// It has a thread and a runtime of its own, so that a caller may block, or pause its own time, while the
/// simulator answers. What waits inside the simulator (a fault's `delay`, a slow body) takes real time;
/// [`crate::Clock`] is the clock of [`crate::Options`], whatever runtime reads it.
#[derive(Debug)]
pub struct Background {
    simulator: Simulator,
    address: SocketAddr,
    ca_file: Option<PathBuf>,
    shutdown: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// Why a simulator does not run in the background.
#[derive(Debug, thiserror::Error)]
pub enum BackgroundError {
    /// No port, thread or runtime is to be had.
    #[error("cannot listen on 127.0.0.1")]
    Listen(#[from] io::Error),
    /// TLS cannot be set up.
    #[error("cannot serve https")]
    Tls(#[from] TlsError),
}

impl Background {
    /// Serves `simulator` in plain HTTP.
    ///
    /// # Errors
    /// [`BackgroundError::Listen`].
    pub fn http(simulator: Simulator) -> Result<Self, BackgroundError> {
        Self::start(simulator, None)
    }

    /// Serves `simulator` over TLS with `tls.crt` and `tls.key` of `directory`; when neither is there, they
    /// are made with a `ca.crt`, as [`tls::acceptor`] does.
    ///
    /// # Errors
    /// [`BackgroundError`] when there is no port or the files do not serve.
    pub fn https(simulator: Simulator, directory: &Path) -> Result<Self, BackgroundError> {
        let acceptor = tls::acceptor(directory)?;
        Self::start(simulator, Some((acceptor, directory.join("ca.crt"))))
    }

    fn start(
        simulator: Simulator,
        tls: Option<(TlsAcceptor, PathBuf)>,
    ) -> Result<Self, BackgroundError> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let (shutdown, ended) = oneshot::channel::<()>();
        let (acceptor, ca_file) = tls.unzip();
        let served = simulator.clone();
        let answer = async move {
            // The socket is bound: what can still fail is a registration that the runtime has room for.
            let Ok(listener) = tokio::net::TcpListener::from_std(listener) else {
                return;
            };
            let ended = async {
                let _ = ended.await;
            };
            match acceptor {
                None => serve(served, listener, ended).await,
                Some(acceptor) => serve_tls(served, listener, acceptor, ended).await,
            }
        };
        let thread = std::thread::Builder::new()
            .name("kusto-arm-simulator".to_owned())
            .spawn(move || runtime.block_on(answer))?;
        Ok(Self {
            simulator,
            address,
            ca_file,
            shutdown: Some(shutdown),
            thread: Some(thread),
        })
    }

    /// The simulator that is served; a clone of it shares its state.
    #[must_use]
    pub const fn simulator(&self) -> &Simulator {
        &self.simulator
    }

    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its URL without a slash at the end: an ARM endpoint and an Entra authority in one.
    #[must_use]
    pub fn url(&self) -> String {
        let scheme = match self.ca_file {
            Some(_) => "https",
            None => "http",
        };
        format!("{scheme}://{}", self.address)
    }

    /// The authority to trust, as a PEM file; `None` on plain HTTP. It is there when the simulator made it.
    #[must_use]
    pub fn ca_file(&self) -> Option<&Path> {
        self.ca_file.as_deref()
    }
}

/// Ends the thread: open connections are dropped, and the port is free when this returns.
impl Drop for Background {
    fn drop(&mut self) {
        if let Some(shutdown) = self.shutdown.take() {
            // An error says that the thread has ended already.
            let _ = shutdown.send(());
        }
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
