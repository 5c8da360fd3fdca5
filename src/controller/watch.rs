//! From the watch of the API server, and from wake-ups, to passes. I/O.
//!
//! The queue is made here and not by `kube::runtime::Controller`, for two reasons: a watch that fails
//! must not slow the wake-ups (in `Controller` all triggers share one backoff, faults.md §6), and an
//! object whose turn it is on a cluster is woken at once.

use std::{
    collections::{HashMap, HashSet},
    convert::Infallible,
    future::ready,
    sync::Arc,
    time::Duration,
};

use futures::{
    StreamExt as _,
    stream::{self, BoxStream},
};
use kube::{
    Api, Client, ResourceExt,
    core::DeserializeGuard,
    runtime::{
        WatchStreamExt as _, applier,
        controller::{Action, Config, Error as ControllerError},
        events::{Event, EventType},
        reflector::{ObjectRef, Store, store},
        watcher,
    },
};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use crate::{
    api::{AttachedDatabase, GROUP, KIND, OperationStatus, VERSION},
    config::WatchScope,
    error_chain::ErrorChain,
    readiness::{Gate, Liveness, Readiness, WatchSign},
    shutdown::Shutdown,
};

use super::{context::Context, lane::ObjectKey, reconcile::reconcile, validate::validate};

/// The watch is ended by the server before a load balancer forgets it: Azure's drops idle flows
/// after 240 s (faults.md §4.2, K5).
const WATCH_TIMEOUT_SECONDS: u32 = 200;

/// Well below the limit of the liveness probe.
const HEARTBEAT: Duration = Duration::from_secs(15);

/// How long passes that run may take to finish at shutdown: less than the 30 s that Kubernetes gives a Pod.
const DRAIN_DEADLINE: Duration = Duration::from_secs(25);

/// The deadline of an event, which nothing waits for.
const EVENT_DEADLINE: Duration = Duration::from_secs(5);

type Guarded = DeserializeGuard<AttachedDatabase>;

/// What the watch needs besides the context of passes.
#[derive(Clone)]
pub struct Watch {
    /// Where objects are watched.
    pub scope: WatchScope,
    /// Only objects with these labels.
    pub label_selector: Option<String>,
    /// Told when the caches are filled.
    pub readiness: Readiness,
    /// Told that the loop turns.
    pub liveness: Liveness,
    /// Ends the watch; passes that run are finished.
    pub shutdown: Shutdown,
}

/// Watches and reconciles until shutdown, then finishes the passes that run.
pub async fn run(context: Arc<Context>, watch: Watch, mut woken: UnboundedReceiver<ObjectKey>) {
    let namespaces: Vec<Option<String>> = match &watch.scope {
        WatchScope::All => vec![None],
        WatchScope::Namespaces(names) => names.iter().cloned().map(Some).collect(),
    };
    let share = u16::try_from(namespaces.len()).unwrap_or(u16::MAX).max(1);
    let concurrency = (context.settings.concurrency / share).max(1);

    let mut routes: HashMap<Option<String>, UnboundedSender<ObjectKey>> = HashMap::new();
    let (mut stores, mut controllers) = (Vec::new(), Vec::new());
    for namespace in namespaces {
        let (sender, receiver) = unbounded_channel();

        let (store, controller) = controller(
            namespace.as_deref(),
            receiver,
            concurrency,
            &context,
            &watch,
        );
        routes.insert(namespace, sender);
        stores.push(store);
        controllers.push(controller);
    }
    let route = async {
        while let Some(key) = woken.recv().await {
            if let Some(sender) = routes
                .get(&None)
                .or_else(|| routes.get(&Some(key.namespace.clone())))
            {
                // Fails only when that controller has ended.
                let _ = sender.send(key);
            }
        }
    };
    let announce = async {
        for store in &stores {
            // Fails only when the writer is gone, and then the process is ending.
            let _ = store.wait_until_ready().await;
        }
        watch.readiness.set(Gate::Ready);
        std::future::pending::<()>().await;
    };
    let mut beat = tokio::time::interval(HEARTBEAT);
    let turn = async {
        loop {
            beat.tick().await;
            watch.liveness.beat();
        }
    };
    // Passes that run are finished within what a Pod is given by default. Before the caches are filled none runs,
    // and the controllers would wait for ever for an API server that does not answer.
    let drain = async {
        watch.shutdown.requested().await;
        if watch.readiness.gate() == Gate::Ready {
            tokio::time::sleep(DRAIN_DEADLINE).await;
            tracing::warn!("passes that still run are given up");
        }
    };
    let work = stream::select_all(controllers).for_each(|result| {
        log(&context, result);
        ready(())
    });
    tokio::select! {
        () = work => {}
        () = route => {}
        () = announce => {}
        () = turn => {}
        () = drain => {}
    }
}

type Passed = Result<(ObjectRef<Guarded>, Action), ControllerError<Infallible, watcher::Error>>;

/// The stream of finished passes over the objects of one namespace, or of all.
fn controller(
    namespace: Option<&str>,
    woken: UnboundedReceiver<ObjectKey>,
    concurrency: u16,
    context: &Arc<Context>,
    watch: &Watch,
) -> (Store<Guarded>, BoxStream<'static, Passed>) {
    let api = api(context.client.clone(), namespace);
    let mut config = watcher::Config::default().timeout(WATCH_TIMEOUT_SECONDS);
    if let Some(selector) = &watch.label_selector {
        config = config.labels(selector);
    }
    let (reader, writer) = store();
    let (signs, known) = (watch.clone(), Arc::clone(context));
    let (scope, mut listed) = (namespace.map(str::to_owned), HashSet::new());
    let touched = watcher(api, config)
        .default_backoff()
        // Nobody reads them, and they are the larger half of a small object in memory.
        .modify(|object| object.managed_fields_mut().clear())
        .reflect(writer)
        .inspect(move |result| take_note(result, scope.as_deref(), &mut listed, &known))
        .touched_objects()
        .inspect(move |result| observe(result, &signs))
        .map(|result| result.map(|object| ObjectRef::from_obj(&object)));
    let turns = stream::unfold(woken, |mut woken| async move {
        let ObjectKey { namespace, name } = woken.recv().await?;
        Some((Ok(ObjectRef::new(&name).within(&namespace)), woken))
    });
    let queue = stream::select(touched, turns).take_until(watch.shutdown.requested());
    let passes = applier(
        |object, context| Box::pin(pass(object, context)),
        |_, never: &Infallible, _| match *never {},
        Arc::clone(context),
        reader.clone(),
        queue,
        Config::default().concurrency(concurrency),
    );
    (reader, passes.boxed())
}

fn api(client: Client, namespace: Option<&str>) -> Api<Guarded> {
    match namespace {
        Some(namespace) => Api::namespaced(client, namespace),
        None => Api::all(client),
    }
}

fn observe(result: &Result<Guarded, watcher::Error>, watch: &Watch) {
    let Err(error) = result else { return };
    watch.liveness.watch(WatchSign::Retrying);
    let missing = matches!(
        error,
        watcher::Error::InitialListFailed(kube::Error::Api(status)) if status.is_not_found()
    );
    if missing && watch.readiness.gate() != Gate::Ready {
        watch.readiness.set(Gate::WaitingForCrd);
    }
}

/// Notes what an event says about other objects: which configuration the object declares, and, in the first list,
/// whether an operation of its own occupies a follower. `listed` holds the objects of a list that is under way: who is
/// missing from it at its end went while nobody watched, and no event will tell.
fn take_note(
    result: &Result<watcher::Event<Guarded>, watcher::Error>,
    namespace: Option<&str>,
    listed: &mut HashSet<ObjectKey>,
    context: &Context,
) {
    match result {
        Ok(watcher::Event::Init) => listed.clear(),
        Ok(watcher::Event::InitApply(guarded)) => {
            listed.insert(key(guarded));
            if let DeserializeGuard(Ok(object)) = guarded {
                declare(object, context);
                expect_operation(object, context);
            }
        }
        Ok(watcher::Event::InitDone) => context.keep_only(namespace, &std::mem::take(listed)),
        Ok(watcher::Event::Apply(DeserializeGuard(Ok(object)))) => declare(object, context),
        Ok(watcher::Event::Delete(object)) => context.withdraw(&key(object)),
        Ok(watcher::Event::Apply(_)) | Err(_) => {}
    }
}

fn declare(object: &AttachedDatabase, context: &Context) {
    let created = object
        .creation_timestamp()
        .map(|created| created.0.as_second())
        .unwrap_or_default();
    let configuration = validate(object).ok().map(|desired| desired.configuration);
    context.declare(&key(object), created, configuration);
}

/// An operation that goes on from before the start occupies its follower before any pass may think it free.
fn expect_operation(object: &AttachedDatabase, context: &Context) {
    let follower = object.spec.follower.cluster_resource_id.parse();
    let (Some(_), Ok(follower)) = (operation(object), follower) else {
        return;
    };
    let key = key(object);
    // A list after the first says nothing new of an object that had its pass.
    if context.memories.get(&key).is_none() {
        context.occupy_lane(&follower, &key);
    }
}

fn operation(object: &AttachedDatabase) -> Option<&OperationStatus> {
    object.status.as_ref()?.operation.as_ref()
}

fn key(object: &impl ResourceExt) -> ObjectKey {
    ObjectKey {
        namespace: object.namespace().unwrap_or_default(),
        name: object.name_any(),
    }
}

async fn pass(object: Arc<Guarded>, context: Arc<Context>) -> Result<Action, Infallible> {
    match &object.0 {
        Ok(object) => Ok(reconcile(Arc::new(object.clone()), context).await),
        Err(invalid) => {
            // What it was before counts no more, above all not its place in a lane.
            context.forget(&key(&*object));
            context.withdraw(&key(&*object));
            report_undecodable(invalid, &context).await;
            Ok(Action::await_change())
        }
    }
}

/// Tells about an object that can't be decoded; the others go on (faults.md K13).
async fn report_undecodable(
    invalid: &kube::core::error_boundary::InvalidObject,
    context: &Context,
) {
    let name = invalid.metadata.name.clone().unwrap_or_default();
    let namespace = invalid.metadata.namespace.clone().unwrap_or_default();
    tracing::error!(
        namespace,
        name,
        error = invalid.error,
        "object can't be decoded and is left alone"
    );
    let event = Event {
        type_: EventType::Warning,
        reason: "Undecodable".to_owned(),
        note: Some("the object can't be decoded by this release of the operator and is left alone; the CRD and the operator must be of one release".to_owned()),
        action: "Reconcile".to_owned(),
        secondary: None,
    };
    let reference = k8s_openapi::api::core::v1::ObjectReference {
        api_version: Some(format!("{GROUP}/{VERSION}")),
        kind: Some(KIND.to_owned()),
        name: Some(name),
        namespace: Some(namespace),
        uid: invalid.metadata.uid.clone(),
        ..Default::default()
    };
    let published =
        tokio::time::timeout(EVENT_DEADLINE, context.recorder.publish(&event, &reference)).await;
    if !matches!(published, Ok(Ok(()))) {
        tracing::warn!("event not published");
    }
}

fn log(context: &Context, result: Passed) {
    match result {
        Ok(_) => {}
        Err(ControllerError::ObjectNotFound(gone)) => {
            let key = ObjectKey {
                namespace: gone.namespace.unwrap_or_default(),
                name: gone.name,
            };
            context.forget(&key);
            context.withdraw(&key);
        }
        Err(ControllerError::ReconcilerFailed(never, _)) => match never {},
        Err(ControllerError::QueueError(error)) => {
            tracing::warn!(
                error = %ErrorChain(&error),
                "watch failed, trying again"
            );
        }
        Err(ControllerError::RunnerError(error)) => {
            tracing::warn!(error = %ErrorChain(&error), "cache is gone");
        }
    }
}
