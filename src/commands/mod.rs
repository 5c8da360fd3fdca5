//! The commands that ask Azure for a person and end: `diff`, `import`, `followers`, `doctor`.
//!
//! | Module | Owns | |
//! |---|---|---|
//! | [`forecast`] | what the operator would do about one object, by its own steps | I/O |
//! | [`mod@diff`] | `diff`: manifests in, forecasts out | I/O |
//! | [`output`] | how forecasts are written | pure |
//! | [`mod@import`] | `import`: configurations in, manifests out | I/O |
//! | [`mod@followers`] | `followers`: a leader's list, and detaching | I/O |
//! | [`mod@doctor`] | `doctor`: what is missing, and what mends it | I/O |
//!
//! This file starts them: a runtime, a client of ARM, an exit code.

use std::{
    error::Error,
    future::Future,
    io::{BufRead, Write},
    process::ExitCode,
    sync::Arc,
};

use thiserror::Error;

use crate::{
    app::{self, AppError},
    azure::{
        client::NoObserver,
        error::ArmError,
        id::{ClusterId, IdError},
    },
    cli::{AzureArgs, DiffArgs, DoctorArgs, FollowersArgs, ImportArgs},
    clock::{Clock as _, SystemClock},
    config::{ArmConfig, ConfigError},
    error_chain::ErrorChain,
    kubernetes,
    lint::source::SourceError,
    readiness::{Liveness, LivenessLimits},
};

pub mod diff;
pub mod doctor;
pub mod followers;
pub mod forecast;
pub mod import;
pub mod output;

/// How a command ended that did what it could.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// Done, and nothing to tell.
    Done,
    /// Something is wrong, and was told.
    Failed,
    /// `diff` found differences.
    Differences,
}

impl Ending {
    /// The number that the process ends with.
    #[must_use]
    pub fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Failed => 1,
            Self::Differences => 10,
        }
    }
}

impl From<Ending> for ExitCode {
    fn from(ending: Ending) -> Self {
        Self::from(ending.code())
    }
}

/// Why a command could not do its work.
#[derive(Debug, Error)]
pub enum CommandError {
    /// An argument of the Azure kind is wrong.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// An argument is no id.
    #[error("`{flag}` is refused")]
    Id {
        /// The flag.
        flag: &'static str,
        /// Why.
        source: IdError,
    },
    /// An argument can't be used.
    #[error("`{flag}` must be {expected}, not `{value}`")]
    Argument {
        /// The flag.
        flag: &'static str,
        /// What it must be.
        expected: &'static str,
        /// What was given.
        value: String,
    },
    /// Nobody is there to answer.
    #[error(
        "`--yes` must be given where standard input is no terminal, because nobody can be asked"
    )]
    NobodyToAsk,
    /// No client.
    #[error(transparent)]
    App(#[from] AppError),
    /// A file can't be used.
    #[error("{file}")]
    File {
        /// Its name.
        file: String,
        /// Why.
        source: SourceError,
    },
    /// A file is no JSON.
    #[error("{file} must be an exported template or a list of resources, in JSON")]
    NotJson {
        /// Its name.
        file: String,
        /// Why.
        source: serde_json::Error,
    },
    /// Azure did not tell.
    #[error("cannot {what}")]
    Azure {
        /// What was asked.
        what: String,
        /// Why.
        source: ArmError,
    },
    /// There is no such cluster.
    #[error("the cluster {0} does not exist")]
    NoCluster(ClusterId),
    /// Standard input or output failed.
    #[error("cannot talk to the terminal")]
    Terminal(#[from] std::io::Error),
}

impl CommandError {
    /// The number that the process ends with: 2 for wrong usage, else 1.
    #[must_use]
    pub fn code(&self) -> u8 {
        match self {
            Self::Config(_) | Self::Id { .. } | Self::Argument { .. } | Self::NobodyToAsk => 2,
            Self::App(_)
            | Self::File { .. }
            | Self::NotJson { .. }
            | Self::Azure { .. }
            | Self::NoCluster(_)
            | Self::Terminal(_) => 1,
        }
    }
}

/// Where a command reads and writes.
pub struct Console<'a> {
    /// Answers, and files named `-`.
    pub input: &'a mut dyn BufRead,
    /// Whether a person sits at `input`.
    pub interactive: bool,
    /// Results.
    pub output: &'a mut dyn Write,
    /// What is told besides.
    pub remarks: &'a mut dyn Write,
}

/// Runs `diff`.
///
/// # Errors
/// When an argument is wrong or there is no client of Azure. What Azure answers is part of the result.
pub fn diff(
    arguments: &DiffArgs,
    variable: impl Fn(&str) -> Option<String>,
    console: &mut Console<'_>,
) -> Result<Ending, CommandError> {
    let config = azure(&arguments.azure, variable)?;
    let now = SystemClock.now();
    block_on(async {
        let arm = app::arm(&config, Arc::new(NoObserver)).await?;
        Ok(diff::run(arguments, arm, now, console).await)
    })?
}

/// Runs `import`.
///
/// # Errors
/// When an argument is wrong, or the configurations can't be read.
pub fn import(
    arguments: &ImportArgs,
    variable: impl Fn(&str) -> Option<String>,
    console: &mut Console<'_>,
) -> Result<Ending, CommandError> {
    match import::source(arguments)? {
        import::Source::File(file) => import::from_file(arguments, &file, console),
        import::Source::Cluster(cluster) => {
            let config = azure(&arguments.azure, variable)?;
            block_on(async {
                let arm = app::arm(&config, Arc::new(NoObserver)).await?;
                import::from_cluster(arguments, &cluster, &arm, console).await
            })?
        }
    }
}

/// Runs `followers`.
///
/// # Errors
/// When an argument is wrong, the list can't be read, or a detach fails.
pub fn followers(
    arguments: &FollowersArgs,
    variable: impl Fn(&str) -> Option<String>,
    console: &mut Console<'_>,
) -> Result<Ending, CommandError> {
    let request = followers::Request::new(arguments)?;
    let config = azure(&arguments.azure, variable)?;
    block_on(async {
        let arm = app::arm(&config, Arc::new(NoObserver)).await?;
        let managers = followers::managers(arguments).await;
        followers::run(&request, &arm, managers, console).await
    })?
}

/// Runs `doctor`.
///
/// # Errors
/// When an argument is wrong. All else that is wrong is part of the result.
pub fn doctor(
    arguments: &DoctorArgs,
    variable: impl Fn(&str) -> Option<String>,
    console: &mut Console<'_>,
) -> Result<Ending, CommandError> {
    let request = doctor::Request::new(arguments, &variable)?;
    let config = azure(&arguments.azure, variable)?;
    let now = SystemClock.now();
    block_on(async {
        let liveness = Liveness::new(LivenessLimits::default());
        let told = |error: &(dyn Error + 'static)| ErrorChain(error).to_string();
        let surroundings = doctor::Surroundings {
            kubernetes: kubernetes::client(liveness)
                .await
                .map_err(|error| told(&error)),
            azure: doctor::azure::prepare(config)
                .await
                .map_err(|error| told(&error)),
            now,
        };
        doctor::run(&request, surroundings, console).await
    })
}

/// How Azure is reached, with TLS ready.
fn azure(
    arguments: &AzureArgs,
    variable: impl Fn(&str) -> Option<String>,
) -> Result<ArmConfig, CommandError> {
    let config = ArmConfig::new(arguments.clone(), variable)?;
    app::choose_tls();
    Ok(config)
}

/// Runs `work` to its end on a runtime of its own.
fn block_on<T>(work: impl Future<Output = T>) -> Result<T, CommandError> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(AppError::Runtime)?;
    Ok(runtime.block_on(work))
}
