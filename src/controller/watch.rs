//! From the watch of the API server, and from wake-ups, to passes. I/O.
//!
//! The queue is made here and not by `kube::runtime::Controller`, for two reasons: a watch that fails
//! must not slow the wake-ups (in `Controller` all triggers share one backoff, faults.md §6), and an
//! object whose turn it is on a cluster is woken at once.

mod news;
mod supervision;
mod undecodable;

use supervision::Supervision;

use std::{
    collections::{HashMap, HashSet},
    convert::Infallible,
    future::ready,
    sync::Arc,
};

use futures::{
    FutureExt as _, StreamExt as _,
    stream::{self, BoxStream},
};
use kube::{
    Api, Client, ResourceExt,
    core::DeserializeGuard,
    runtime::{
        WatchStreamExt as _, applier,
        controller::{Action, Config, Error as ControllerError},
        reflector::{ObjectRef, Store, store},
        watcher,
    },
};
use tokio::sync::{
    mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel},
    watch::{Receiver, Sender},
};

use crate::{
    api::AttachedDatabase,
    config::WatchScope,
    error_chain::ErrorChain,
    readiness::{Gate, Liveness, Readiness, WatchSign},
    shutdown::Shutdown,
};

use super::{
    access::listen, context::Context, lane::ObjectKey, publish::WATCH_TIMEOUT_SECONDS,
    reconcile::reconcile,
};

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
    let begin = Sender::new(false);
    let mut routes: HashMap<Option<String>, UnboundedSender<ObjectKey>> = HashMap::new();
    let (mut stores, mut controllers) = (Vec::new(), Vec::new());
    for namespace in namespaces {
        let (sender, receiver) = unbounded_channel();

        let (store, controller) = controller(
            namespace.as_deref(),
            receiver,
            begin.subscribe(),
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
    let listening = listen(&context.client, &watch.scope, &context.access);
    let work = stream::select_all(controllers).for_each(|result| {
        log(&context, result);
        ready(())
    });
    let beside = Supervision {
        stores,
        begin,
        listed: Sender::new(false),
        context: Arc::clone(&context),
        watch,
    };
    tokio::select! {
        () = work => {}
        () = route => {}
        () = listening => {}
        () = beside.announce() => {}
        () = beside.judge() => {}
        () = beside.lead() => {}
        () = beside.beat() => {}
        () = beside.drain() => {}
    }
}

type Passed = Result<(ObjectRef<Guarded>, Action), ControllerError<Infallible, watcher::Error>>;

/// The stream of finished passes over the objects of one namespace, or of all.
fn controller(
    namespace: Option<&str>,
    woken: UnboundedReceiver<ObjectKey>,
    begin: Receiver<bool>,
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
        .inspect(move |result| news::take_note(result, scope.as_deref(), &mut listed, &known))
        .touched_objects()
        .inspect(move |result| observe(result, &signs))
        .map(|result| result.map(|object| ObjectRef::from_obj(&object)));
    let turns = stream::unfold(woken, |mut woken| async move {
        let ObjectKey { namespace, name } = woken.recv().await?;
        Some((Ok(ObjectRef::new(&name).within(&namespace)), woken))
    });
    let queue = stream::select(touched, turns).take_until(watch.shutdown.requested());
    let passes = applier(
        move |object, context| pass(object, context, *begin.borrow()).boxed(),
        |_, never: &Infallible, _| match *never {},
        Arc::clone(context),
        reader.clone(),
        queue,
        // As many as come: they take turns where the work begins (`turns`).
        Config::default(),
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

fn key(object: &impl ResourceExt) -> ObjectKey {
    ObjectKey {
        namespace: object.namespace().unwrap_or_default(),
        name: object.name_any(),
    }
}

async fn pass(
    object: Arc<Guarded>,
    context: Arc<Context>,
    has_begun: bool,
) -> Result<Action, Infallible> {
    // Everything is looked at when it begins.
    if !has_begun {
        return Ok(Action::await_change());
    }
    match &object.0 {
        Ok(object) => Ok(reconcile(Arc::new(object.clone()), context).await),
        Err(invalid) => {
            // What it was before counts no more, above all not its place in a lane.
            context.forget(&key(&*object));
            context.withdraw(&key(&*object));
            undecodable::report(invalid, &context).await;
            Ok(Action::await_change())
        }
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
