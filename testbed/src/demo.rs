//! `make demo`: the main job told step by step, on a real API server and a simulated Azure.

mod arm_log;
mod kubectl;
mod narrator;
mod stage;
mod story;

use std::{
    io,
    process::{ExitCode, ExitStatus},
};

use tokio::signal::unix::{SignalKind, signal};

use self::{narrator::Narrator, stage::Stage};
use crate::{
    error::TestbedError,
    logs::Logs,
    tools::Tools,
    wait::{self, WaitError},
};

/// What becomes of the running processes when the story is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Afterwards {
    /// They are stopped.
    Stop,
    /// They run on until Ctrl-C.
    Keep,
}

/// Why the demo ended before its end.
#[derive(Debug, thiserror::Error)]
enum DemoError {
    /// Something that the demo stands on failed.
    #[error(transparent)]
    Testbed(#[from] TestbedError),
    /// A condition of the story did not come about.
    #[error(transparent)]
    Wait(#[from] WaitError),
    /// A command failed that was to succeed.
    #[error("`{command}` ended with {status}")]
    Command {
        /// As a user would type it.
        command: String,
        /// How it ended.
        status: ExitStatus,
    },
    /// A command could not be run.
    #[error("cannot run `{command}`")]
    Spawn {
        /// As a user would type it.
        command: String,
        /// The operating system's answer.
        source: io::Error,
    },
    /// What was seen is not what the product promises.
    #[error("expected {expected}, but saw {seen}")]
    Broken {
        /// The promise.
        expected: &'static str,
        /// The observation.
        seen: String,
    },
    /// SIGINT or SIGTERM.
    #[error("interrupted")]
    Interrupted,
}

/// Tells the whole story on standard output.
///
/// The exit code is 0 when every step went as promised, 130 after an interruption, else 1. Whatever was
/// started is stopped in each case.
pub async fn run(afterwards: Afterwards) -> ExitCode {
    let logs = match Logs::create("demo") {
        Ok(logs) => logs,
        Err(error) => return failed(&error.into(), None),
    };
    let mut narrator = Narrator::new();
    match perform(afterwards, &mut narrator, &logs).await {
        Ok(()) => {
            narrator.end();
            // What went well needs no logs.
            let _ = logs.remove();
            ExitCode::SUCCESS
        }
        Err(error) => failed(&error, Some(&logs)),
    }
}

fn failed(error: &DemoError, logs: Option<&Logs>) -> ExitCode {
    let code = match error {
        DemoError::Interrupted => {
            eprintln!("\nInterrupted. Nothing is left running.");
            ExitCode::from(130)
        }
        DemoError::Testbed(_)
        | DemoError::Wait(_)
        | DemoError::Command { .. }
        | DemoError::Spawn { .. }
        | DemoError::Broken { .. } => {
            eprintln!("\nThe demo failed: {}", wait::with_causes(error));
            ExitCode::FAILURE
        }
    };
    if let Some(logs) = logs {
        eprintln!("Logs: {}", logs.path().display());
    }
    code
}

async fn perform(
    afterwards: Afterwards,
    narrator: &mut Narrator,
    logs: &Logs,
) -> Result<(), DemoError> {
    // Built before the clock of the story starts: the first time takes minutes.
    let tools = unless_interrupted(async { Ok(Tools::ensure().await?) }).await?;
    narrator.begin();
    let mut stage = unless_interrupted(Stage::set_up(&tools, narrator, logs)).await?;
    let told = unless_interrupted(story::tell(&mut stage, narrator)).await;
    if afterwards == Afterwards::Keep && !matches!(told, Err(DemoError::Interrupted)) {
        stage.explain(narrator);
        // The interruption is how this ends well.
        let _ = unless_interrupted(std::future::pending::<Result<(), _>>()).await;
    }
    let stopped = stage.tear_down(narrator).await;
    told.and(stopped)
}

/// Runs `work` until it ends, or until SIGINT or SIGTERM ends it.
async fn unless_interrupted<T>(
    work: impl Future<Output = Result<T, DemoError>>,
) -> Result<T, DemoError> {
    let listen = |kind| signal(kind).map_err(TestbedError::io("listen for signals"));
    let mut interrupt = listen(SignalKind::interrupt())?;
    let mut terminate = listen(SignalKind::terminate())?;
    tokio::select! {
        outcome = work => outcome,
        _ = interrupt.recv() => Err(DemoError::Interrupted),
        _ = terminate.recv() => Err(DemoError::Interrupted),
    }
}
