//! What the operator logs in one test, at every level, and whether any of what it wrote gives a secret away.

#![allow(
    dead_code,
    unreachable_pub,
    reason = "every test binary compiles this module and uses a part of it"
)]

use std::io::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};

use kusto_arm_simulator::Simulator;
use tracing::subscriber::DefaultGuard;
use tracing_subscriber::filter::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;

use super::api_server::FakeApi;

/// Records what is logged on this thread, on which tokio's tests run all their tasks, until it is dropped.
pub struct Recording {
    text: Shared,
    _guard: DefaultGuard,
}

#[derive(Clone, Default)]
struct Shared(Arc<Mutex<Vec<u8>>>);

impl Recording {
    /// Begins to record: all of this product and of the libraries that carry its secrets.
    pub fn start() -> Self {
        let text = Shared::default();
        let subscriber = tracing_subscriber::fmt()
            .with_env_filter(EnvFilter::new(
                "debug,adx_follower_operator=trace,azure_core=trace,azure_identity=trace,typespec_client_core=trace,kube_client=trace",
            ))
            .with_ansi(false)
            .with_writer(text.clone())
            .finish();
        Self {
            text,
            _guard: tracing::subscriber::set_default(subscriber),
        }
    }

    /// What was logged so far.
    pub fn text(&self) -> String {
        let text = self.text.0.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8_lossy(&text).into_owned()
    }
}

impl Write for Shared {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut text = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        text.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Shared {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

/// Where a secret stands that was ever issued to the operator, or shown by it: nowhere, or the operator leaks it.
pub fn leaks(api: &FakeApi, arm: &Simulator, log: &str) -> Vec<String> {
    let secrets = arm.secrets();
    let assertions = api.issued_assertions();
    let written = api.output();
    secrets
        .all()
        .chain(assertions.iter().map(String::as_str))
        .flat_map(|secret| {
            let found = |place: &str, text: &str| {
                text.contains(secret)
                    .then(|| format!("{place} holds the secret {secret}"))
            };
            [
                found("the log", log),
                found("what was written to the API server", &written),
            ]
        })
        .flatten()
        .collect()
}
