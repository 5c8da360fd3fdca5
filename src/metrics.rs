//! Owns the metrics: what is counted while the operator works, and how `/metrics` writes it down.
//!
//! [`table`] lists them all. Callers use the typed methods below; no name and no label is made up elsewhere.

use std::fmt;
use std::num::NonZeroU16;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Metric, Registry};

use crate::api::OperationKind;
use crate::azure::{ArmCall, CallObserver, CallResult};
use crate::readiness::Liveness;

use self::labels::{
    ByCall, ByCode, ByController, ByKind, ByQueue, ByResult, ByVersion, THIS_CONTROLLER,
    THIS_QUEUE, by_code, by_kind, by_result,
};
use self::live::Live;
use self::running::Running;
use self::table::{Definition, Kind};

pub use self::labels::{OperationResult, ReconcileResult};
pub use self::running::ReconcileGuard;

mod labels;
mod live;
mod running;
pub mod table;
#[cfg(test)]
mod tests;

/// What the controller holds at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Population {
    /// Objects whose condition `Ready` is `True`.
    pub ready: u64,
    /// Objects whose condition `Ready` is `False`.
    pub not_ready: u64,
    /// Objects whose condition `Ready` is `Unknown` or missing.
    pub unknown: u64,
    /// Objects that wait in line for a busy follower cluster; they are among the others too.
    pub waiting_in_lane: u64,
    /// Identities that have a session with Azure.
    pub identities: u64,
    /// Whether this replica acts; `None` without leader election.
    pub leads: Option<bool>,
}

type Census = Box<dyn Fn() -> Population + Send + Sync>;

type Seconds<Labels> = Family<Labels, Histogram, fn() -> Histogram>;

/// All metrics of the process.
pub struct Metrics {
    registry: Registry,
    reconciles: Family<ByResult, Counter>,
    errors: Family<ByController, Counter>,
    timeouts: Family<ByController, Counter>,
    reconcile_seconds: Seconds<ByController>,
    active: Family<ByController, Gauge>,
    retries: Family<ByQueue, Counter>,
    work_seconds: Seconds<ByQueue>,
    calls: Family<ByCode, Counter>,
    call_seconds: Seconds<ByCall>,
    operation_seconds: Seconds<ByKind>,
    corrections: Counter,
    allow_all: Gauge,
    running: Arc<Running>,
    census: Arc<OnceLock<Census>>,
}

impl fmt::Debug for Metrics {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Metrics").finish_non_exhaustive()
    }
}

impl Metrics {
    /// The media type of [`Metrics::encode`].
    pub const CONTENT_TYPE: &'static str =
        "application/openmetrics-text; version=1.0.0; charset=utf-8";

    /// Registers every metric. `concurrency` is how many reconciles may run at a time; `liveness` knows how long the
    /// watch has been silent. Series whose labels are known beforehand exist from the start, at zero, so that a first
    /// failure is an increase and not a new series.
    #[must_use]
    pub fn new(concurrency: NonZeroU16, liveness: Liveness) -> Self {
        let running = Arc::new(Running::default());
        let census = Arc::new(OnceLock::new());
        let limit = Family::<ByController, Gauge>::default();
        let metrics = Self {
            registry: Registry::default(),
            reconciles: Family::default(),
            errors: Family::default(),
            timeouts: Family::default(),
            reconcile_seconds: Seconds::new_with_constructor(|| {
                histogram(&table::RECONCILE_TIME_SECONDS)
            }),
            active: Family::default(),
            retries: Family::default(),
            work_seconds: Seconds::new_with_constructor(|| {
                histogram(&table::WORK_DURATION_SECONDS)
            }),
            calls: Family::default(),
            call_seconds: Seconds::new_with_constructor(|| {
                histogram(&table::ARM_REQUEST_DURATION_SECONDS)
            }),
            operation_seconds: Seconds::new_with_constructor(|| {
                histogram(&table::OPERATION_DURATION_SECONDS)
            }),
            corrections: Counter::default(),
            allow_all: Gauge::default(),
            running: Arc::clone(&running),
            census: Arc::clone(&census),
        };
        limit
            .get_or_create(&THIS_CONTROLLER)
            .set(i64::from(concurrency.get()));
        metrics.create_known_series();

        let mut registry = Registry::default();
        let mut add = Registration(&mut registry);
        add.metric(&table::RECONCILE_TOTAL, metrics.reconciles.clone());
        add.metric(&table::RECONCILE_ERRORS_TOTAL, metrics.errors.clone());
        add.metric(&table::RECONCILE_TIMEOUTS_TOTAL, metrics.timeouts.clone());
        add.metric(
            &table::RECONCILE_TIME_SECONDS,
            metrics.reconcile_seconds.clone(),
        );
        add.metric(&table::MAX_CONCURRENT_RECONCILES, limit);
        add.metric(&table::ACTIVE_WORKERS, metrics.active.clone());
        add.metric(&table::RETRIES_TOTAL, metrics.retries.clone());
        add.metric(&table::WORK_DURATION_SECONDS, metrics.work_seconds.clone());
        add.metric(&table::ARM_REQUESTS_TOTAL, metrics.calls.clone());
        add.metric(
            &table::ARM_REQUEST_DURATION_SECONDS,
            metrics.call_seconds.clone(),
        );
        add.metric(
            &table::OPERATION_DURATION_SECONDS,
            metrics.operation_seconds.clone(),
        );
        add.metric(&table::DRIFT_CORRECTIONS_TOTAL, metrics.corrections.clone());
        add.metric(&table::ALLOW_ALL, metrics.allow_all.clone());
        let version = env!("CARGO_PKG_VERSION");
        add.metric(&table::BUILD_INFO, Info::new(ByVersion { version }));
        registry.register_collector(Box::new(Live {
            liveness,
            running,
            census,
        }));
        Self {
            registry,
            ..metrics
        }
    }

    fn create_known_series(&self) {
        for result in ReconcileResult::ALL {
            drop(self.reconciles.get_or_create(&by_result(result)));
        }
        for kind in [
            OperationKind::Attach,
            OperationKind::Update,
            OperationKind::Detach,
        ] {
            for result in OperationResult::ALL {
                drop(self.operation_seconds.get_or_create(&by_kind(kind, result)));
            }
        }
        drop(self.errors.get_or_create(&THIS_CONTROLLER));
        drop(self.timeouts.get_or_create(&THIS_CONTROLLER));
        drop(self.active.get_or_create(&THIS_CONTROLLER));
        drop(self.retries.get_or_create(&THIS_QUEUE));
    }

    /// Says where the numbers of objects come from; `census` is called at each scrape and should be quick.
    /// Before that they are not served. The first call counts.
    pub fn count_objects(&self, census: impl Fn() -> Population + Send + Sync + 'static) {
        drop(self.census.set(Box::new(census)));
    }

    /// A reconcile begins. It counts as running until the guard is finished or dropped.
    #[must_use]
    pub fn reconcile_started(self: &Arc<Self>) -> ReconcileGuard {
        ReconcileGuard::new(Arc::clone(self))
    }

    /// A reconcile ended like this; [`ReconcileGuard::finish`] calls it.
    pub fn reconcile_finished(&self, result: ReconcileResult, elapsed: Duration) {
        let seconds = elapsed.as_secs_f64();
        self.reconciles.get_or_create(&by_result(result)).inc();
        self.reconcile_seconds
            .get_or_create(&THIS_CONTROLLER)
            .observe(seconds);
        self.work_seconds
            .get_or_create(&THIS_QUEUE)
            .observe(seconds);
        match result {
            ReconcileResult::Success | ReconcileResult::RequeueAfter => {}
            ReconcileResult::Error => self.count_error(),
            ReconcileResult::TimedOut => {
                self.count_error();
                self.timeouts.get_or_create(&THIS_CONTROLLER).inc();
            }
        }
    }

    fn count_error(&self) {
        self.errors.get_or_create(&THIS_CONTROLLER).inc();
        self.retries.get_or_create(&THIS_QUEUE).inc();
    }

    /// An operation was seen to end, `elapsed` after its request.
    pub fn operation_finished(
        &self,
        kind: OperationKind,
        result: OperationResult,
        elapsed: Duration,
    ) {
        self.operation_seconds
            .get_or_create(&by_kind(kind, result))
            .observe(elapsed.as_secs_f64());
    }

    /// A write was sent that puts a changed configuration back.
    pub fn drift_corrected(&self) {
        self.corrections.inc();
    }

    /// Every object may use the operator's identity.
    pub fn allows_all(&self) {
        self.allow_all.set(1);
    }

    /// All metrics as `OpenMetrics` text.
    #[must_use]
    pub fn encode(&self) -> String {
        let mut text = String::new();
        // Writing to a `String` cannot fail; should the encoder ever refuse, half a page is not a page.
        match encode(&mut text, &self.registry) {
            Ok(()) => text,
            Err(fmt::Error) => String::new(),
        }
    }
}

impl CallObserver for Metrics {
    fn observe(&self, call: ArmCall, result: CallResult, elapsed: Duration) {
        let operation = call.as_str();
        self.calls.get_or_create(&by_code(operation, result)).inc();
        self.call_seconds
            .get_or_create(&ByCall { operation })
            .observe(elapsed.as_secs_f64());
    }
}

struct Registration<'registry>(&'registry mut Registry);

impl Registration<'_> {
    /// The encoder appends `_total` and `_info` itself.
    fn metric(&mut self, definition: &Definition, metric: impl Metric) {
        let name = definition.name;
        let name = match definition.kind {
            Kind::Counter => name.strip_suffix("_total").unwrap_or(name),
            Kind::Info => name.strip_suffix("_info").unwrap_or(name),
            Kind::Gauge | Kind::Histogram(_) => name,
        };
        self.0.register(name, definition.help, metric);
    }
}

fn histogram(definition: &Definition) -> Histogram {
    let bounds = match definition.kind {
        Kind::Histogram(bounds) => bounds,
        Kind::Counter | Kind::Gauge | Kind::Info => &[],
    };
    Histogram::new(bounds.iter().copied())
}
