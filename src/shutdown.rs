//! Owns the one decision to stop: SIGTERM or SIGINT asks everybody to finish, a second signal does not wait for them.

use std::future::Future;
use std::io;

use futures::{Stream, StreamExt, stream};
use thiserror::Error;
use tokio::signal::unix::{self, SignalKind};
use tokio::sync::watch;

/// Why the process cannot be told to stop.
#[derive(Debug, Error)]
pub enum ShutdownError {
    /// The handler of a signal could not be installed.
    #[error("cannot listen for {signal}")]
    Listen {
        /// The signal's name.
        signal: &'static str,
        /// What the operating system answered.
        source: io::Error,
    },
}

/// How urgently the process should end; only ever grows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Stage {
    Running,
    Requested,
    Aborted,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Signal {
    Terminate,
    Interrupt,
}

impl Signal {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Terminate => "SIGTERM",
            Self::Interrupt => "SIGINT",
        }
    }
}

/// A handle on the request to stop. Clones see the same request, at any time and as often as they like.
#[derive(Debug, Clone)]
pub struct Shutdown {
    stage: watch::Receiver<Stage>,
}

/// Asks to stop without a signal; made by [`Shutdown::manual`].
#[derive(Debug)]
pub struct ShutdownTrigger {
    stage: watch::Sender<Stage>,
}

impl ShutdownTrigger {
    /// Asks everybody who holds a [`Shutdown`] to finish. Asking again changes nothing.
    pub fn request(&self) {
        self.raise(Stage::Requested);
    }

    /// Asks them not to wait for anything any more.
    pub fn abort(&self) {
        self.raise(Stage::Aborted);
    }

    fn raise(&self, to: Stage) {
        self.stage.send_if_modified(|stage| {
            let raised = *stage < to;
            *stage = to.max(*stage);
            raised
        });
    }
}

impl Shutdown {
    /// Listens for SIGTERM and SIGINT. The first one is the request to stop, the second one the end of patience.
    ///
    /// Must be called on a tokio runtime; the default action of both signals is gone from then on.
    ///
    /// # Errors
    /// If a handler cannot be installed.
    pub fn on_signals() -> Result<Self, ShutdownError> {
        let signals = stream::select(
            listen(SignalKind::terminate(), Signal::Terminate)?,
            listen(SignalKind::interrupt(), Signal::Interrupt)?,
        );
        let (trigger, shutdown) = Self::manual();
        tokio::spawn(follow(signals, trigger));
        Ok(shutdown)
    }

    /// A handle that only its trigger moves. What a dropped trigger has not asked for never comes.
    #[must_use]
    pub fn manual() -> (ShutdownTrigger, Self) {
        let (sender, receiver) = watch::channel(Stage::Running);
        (ShutdownTrigger { stage: sender }, Self { stage: receiver })
    }

    /// Whether the request has come.
    #[must_use]
    pub fn is_requested(&self) -> bool {
        *self.stage.borrow() >= Stage::Requested
    }

    /// Resolves once the request has come, at once if it came before.
    pub fn requested(&self) -> impl Future<Output = ()> + Send + 'static + use<> {
        reached(self.stage.clone(), Stage::Requested)
    }

    /// Resolves once patience has ended: whoever still drains should be dropped and the process should end.
    pub fn aborted(&self) -> impl Future<Output = ()> + Send + 'static + use<> {
        reached(self.stage.clone(), Stage::Aborted)
    }
}

async fn reached(mut stage: watch::Receiver<Stage>, wanted: Stage) {
    let seen = stage.wait_for(|stage| *stage >= wanted).await.is_ok();
    if !seen {
        std::future::pending::<()>().await;
    }
}

fn listen(
    kind: SignalKind,
    signal: Signal,
) -> Result<impl Stream<Item = Signal> + Send + Unpin, ShutdownError> {
    let listener = unix::signal(kind).map_err(|source| ShutdownError::Listen {
        signal: signal.as_str(),
        source,
    })?;
    Ok(Box::pin(stream::unfold(
        listener,
        move |mut listener| async move { listener.recv().await.map(|()| (signal, listener)) },
    )))
}

async fn follow(mut signals: impl Stream<Item = Signal> + Unpin, trigger: ShutdownTrigger) {
    if let Some(signal) = signals.next().await {
        tracing::info!(signal = signal.as_str(), "shutting down");
        trigger.request();
    }
    if let Some(signal) = signals.next().await {
        tracing::warn!(signal = signal.as_str(), "aborting");
        trigger.abort();
    }
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use futures::FutureExt;
    use futures::channel::mpsc;

    use super::*;

    #[tokio::test]
    async fn every_clone_sees_the_request_however_late_it_asks() {
        let (trigger, shutdown) = Shutdown::manual();
        let early = shutdown.clone();
        assert!(!early.is_requested());
        assert!(early.requested().now_or_never().is_none());

        trigger.request();
        trigger.request();

        assert!(early.is_requested());
        early.requested().await;
        shutdown.clone().requested().await;
    }

    #[tokio::test]
    async fn a_dropped_trigger_is_not_a_request() {
        let (trigger, shutdown) = Shutdown::manual();
        let waiting = tokio::spawn(shutdown.requested());
        drop(trigger);
        tokio::task::yield_now().await;
        assert!(!waiting.is_finished());
        assert!(!shutdown.is_requested());
    }

    #[tokio::test]
    async fn the_first_signal_requests_and_the_second_aborts() {
        let (trigger, shutdown) = Shutdown::manual();
        let (mut sender, signals) = mpsc::unbounded();
        tokio::spawn(follow(signals, trigger));

        sender.start_send(Signal::Terminate).unwrap();
        shutdown.requested().await;
        assert!(shutdown.aborted().now_or_never().is_none());

        sender.start_send(Signal::Interrupt).unwrap();
        shutdown.aborted().await;
        assert!(shutdown.is_requested());
    }

    #[tokio::test]
    async fn an_abort_is_a_request_too_and_is_not_taken_back() {
        let (trigger, shutdown) = Shutdown::manual();
        trigger.abort();
        trigger.request();
        shutdown.requested().await;
        shutdown.aborted().await;
    }

    #[tokio::test]
    async fn a_real_sigterm_is_a_request() {
        let shutdown = Shutdown::on_signals().unwrap();
        let pid = std::process::id().to_string();
        let status = Command::new("kill").args(["-TERM", &pid]).status().unwrap();
        assert!(status.success());
        shutdown.requested().await;
    }
}
