//! Wiring: from checked settings to a running operator, and its orderly end.

use std::{error::Error, sync::Arc};

use kube::runtime::events::{Recorder, Reporter};
use thiserror::Error;
use tokio::sync::{mpsc::unbounded_channel, oneshot};

use crate::{
    api::FIELD_MANAGER,
    azure::{
        client::{ArmClient, ArmOptions, CallObserver},
        cloud::Cloud,
        credential::{self, CredentialError},
        discovery::DiscoveryError,
        token::{Mint, TokenCache},
        transport::{HttpTransport, TransportSetupError},
    },
    cli::RunArgs,
    clock::{Clock, SystemClock},
    config::{ArmConfig, Config, ConfigError, Election},
    controller::{self, Context, Parts, Settings, Tenancy, Watch},
    error_chain::ErrorChain,
    identity::Clients,
    kubernetes::{self, ClientError},
    leader::{self, Leadership, LeaseSettings, Timing},
    metrics::Metrics,
    readiness::{Gate, Liveness, LivenessLimits, Readiness},
    server::{Addresses, ServerError, Servers, Sources},
    shutdown::{Shutdown, ShutdownError},
    telemetry::{self, TelemetryError},
};

/// Why the operator did not start, or ended.
#[derive(Debug, Error)]
pub enum AppError {
    /// An argument or variable is wrong.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// No runtime.
    #[error("cannot start the runtime")]
    Runtime(#[source] std::io::Error),
    /// No logs.
    #[error(transparent)]
    Telemetry(#[from] TelemetryError),
    /// No signals.
    #[error(transparent)]
    Shutdown(#[from] ShutdownError),
    /// No probes or metrics.
    #[error(transparent)]
    Server(#[from] ServerError),
    /// No Kubernetes.
    #[error(transparent)]
    Kubernetes(#[from] ClientError),
    /// No transport to Azure.
    #[error(transparent)]
    Transport(#[from] TransportSetupError),
    /// A custom cloud that does not say where it is.
    #[error(transparent)]
    Discovery(#[from] DiscoveryError),
    /// No identity.
    #[error(transparent)]
    Credential(#[from] CredentialError),
}

/// Runs the operator until it is told to stop.
///
/// # Errors
/// When it can't start, or a server of its own fails.
pub fn run(arguments: RunArgs, variable: impl Fn(&str) -> Option<String>) -> Result<(), AppError> {
    let config = Config::new(arguments, variable)?;
    telemetry::init(&config.log)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(AppError::Runtime)?;
    runtime.block_on(operate(config))
}

async fn operate(config: Config) -> Result<(), AppError> {
    choose_tls();
    tracing::info!(version = env!("CARGO_PKG_VERSION"), "starting");
    let shutdown = Shutdown::on_signals()?;
    let (readiness, liveness) = (
        Readiness::default(),
        Liveness::new(LivenessLimits::default()),
    );
    let metrics = Arc::new(Metrics::new(config.concurrency, liveness.clone()));
    let servers = Servers::bind(
        Addresses {
            health: config.health_address,
            metrics: config.metrics_address,
        },
        Sources {
            readiness: readiness.clone(),
            liveness: liveness.clone(),
            metrics: Arc::clone(&metrics),
        },
    )
    .await?;
    let client = kubernetes::client(liveness.clone()).await?;
    let observer = Arc::clone(&metrics) as Arc<dyn CallObserver>;
    let clients = clients(&config, observer, client.clone()).await?;
    announce(&config.tenancy, &metrics);

    let (leadership, lease) = match config.election.clone() {
        Some(election) => (Leadership::elected(), Some(lease(election, &client))),
        None => (Leadership::always(), None),
    };
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let (wake, woken) = unbounded_channel();
    let reporter = Reporter {
        controller: FIELD_MANAGER.to_owned(),
        instance: None,
    };
    let context = Arc::new(Context::new(Parts {
        recorder: Recorder::new(client.clone(), reporter),
        client: client.clone(),
        connect: clients.connect(),
        tenancy: config.tenancy,
        leadership: leadership.clone(),
        settings: Settings {
            interval: config.interval,
            concurrency: config.concurrency.get(),
            operations_per_cluster: config.operations_per_cluster.get().into(),
        },
        clock: Arc::clone(&clock),
        metrics: Arc::clone(&metrics),
        seed: fastrand::u64(..),
        wake,
    }));
    let counted = Arc::downgrade(&context);
    metrics.count_objects(move || {
        counted
            .upgrade()
            .map(|context| context.population())
            .unwrap_or_default()
    });
    let watch = Watch {
        scope: config.namespaces,
        label_selector: config.label_selector,
        readiness: readiness.clone(),
        liveness,
        shutdown: shutdown.clone(),
    };
    readiness.set(Gate::Syncing);
    // The probes answer to the very end, so that a slow drain is not taken for a dead process.
    let (ended, end) = oneshot::channel::<()>();
    let work = async {
        let work = controller::run(context, watch, woken);
        match lease {
            Some(lease) => {
                tokio::select! {
                    () = work => {}
                    () = leader::run(client.clone(), lease.clone(), Arc::clone(&clock), leadership.clone()) => {}
                }
                leader::release(client, lease, clock, &leadership).await;
            }
            None => work.await,
        }
        readiness.set(Gate::Stopping);
        drop(ended);
        Ok(())
    };
    let serve = servers.serve(async {
        let _ = end.await;
    });
    tokio::select! {
        ended = async { tokio::try_join!(work, serve) } => {
            ended?;
            tracing::info!("stopped");
        }
        // A second signal: passes that run are given up. Their intent is durable, so the next start goes on.
        () = shutdown.aborted() => tracing::warn!("stopped without finishing"),
    }
    Ok(())
}

/// The lease that this process competes for.
fn lease(election: Election, client: &kube::Client) -> LeaseSettings {
    let Election {
        name,
        namespace,
        replica,
    } = election;
    LeaseSettings {
        namespace: namespace.unwrap_or_else(|| client.default_namespace().to_owned()),
        name,
        // Unique even where two processes share a name.
        identity: format!(
            "{}_{}",
            replica.as_deref().unwrap_or(FIELD_MANAGER),
            uuid::Uuid::new_v4()
        ),
        timing: Timing::default(),
    }
}

/// The clients of all identities that the configuration allows.
async fn clients(
    config: &Config,
    observer: Arc<dyn CallObserver>,
    kubernetes: kube::Client,
) -> Result<Clients<HttpTransport>, AppError> {
    let transport = HttpTransport::new(config.arm.ca_file.as_deref())?;
    let cloud = config.arm.cloud.resolve(&transport).await?;
    let operator = match &config.tenancy {
        Tenancy::Policies(_) | Tenancy::AllowAll(_) => {
            Some(operator(&config.arm, &cloud, &transport)?)
        }
        // Nobody may use it, so it need not even be there.
        Tenancy::Lockdown { .. } => None,
    };
    Ok(Clients {
        cloud,
        api_version: config.arm.api_version.clone(),
        transport,
        observer,
        operator,
        kubernetes,
    })
}

/// The operator's own identity.
fn operator(
    config: &ArmConfig,
    cloud: &Cloud,
    transport: &HttpTransport,
) -> Result<Arc<dyn Mint>, AppError> {
    let (kind, mint) = credential::mint(config.credential, &config.environment, cloud, transport)?;
    tracing::info!(credential = kind.as_str(), endpoint = %cloud.endpoint, "azure");
    Ok(mint)
}

/// Says how the operator is shared.
fn announce(tenancy: &Tenancy, metrics: &Metrics) {
    match tenancy {
        Tenancy::Policies(_) => {
            tracing::info!(
                "objects use the operator's identity where an AttachmentPolicy allows it"
            );
        }
        Tenancy::AllowAll(_) => {
            metrics.allows_all();
            tracing::warn!(
                "every object may use the operator's identity (--allow-all): whoever can create one has its rights in Azure"
            );
        }
        Tenancy::Lockdown { default_account } => tracing::info!(
            default_account,
            "objects use identities of their own; the operator's is never used"
        ),
    }
}

/// Makes the process's one TLS provider known. Call it before the first connection.
pub fn choose_tls() {
    // Features of two dependencies could each bring a provider, and rustls would refuse to choose (dependencies.md §0.1).
    // It fails only when there is one already.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
}

/// A client of ARM as configured; `observer` hears of each call. Nothing is sent yet, except that a custom cloud is asked
/// for its addresses.
///
/// # Errors
/// When a certificate file can't be used, the environment lacks what the credential needs, or a custom cloud does not
/// say where it is.
pub async fn arm(
    config: &ArmConfig,
    observer: Arc<dyn CallObserver>,
) -> Result<ArmClient, AppError> {
    let transport = HttpTransport::new(config.ca_file.as_deref())?;
    let cloud = config.cloud.resolve(&transport).await?;
    let mint = operator(config, &cloud, &transport)?;
    Ok(ArmClient::new(ArmOptions {
        endpoint: cloud.endpoint,
        api_version: config.api_version.clone(),
        transport: Arc::new(transport),
        tokens: Arc::new(TokenCache::new(mint)),
        observer,
    }))
}

/// Prints an error and what led to it, for a person, as one line.
pub fn print(error: &(dyn Error + 'static)) {
    eprintln!("error: {}", ErrorChain(error));
}
