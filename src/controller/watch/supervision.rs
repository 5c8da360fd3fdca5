//! What goes on beside the passes: first lists, judgements, leadership, signs of life, and the end. I/O.

use std::{pin::pin, sync::Arc, time::Duration};

use futures::future::join_all;
use kube::runtime::reflector::Store;
use tokio::{sync::watch::Sender, time::timeout};

use crate::{
    controller::{context::Context, lane::ObjectKey},
    readiness::Gate,
};

use super::{Guarded, Watch, news};

/// Well below the limit of the liveness probe.
const HEARTBEAT: Duration = Duration::from_secs(15);

/// How long the first pass waits for the lists of all watched namespaces, and of what access is judged by: an older claim,
/// or an operation that runs, may stand in another one.
const FIRST_LISTS: Duration = Duration::from_secs(30);

/// How soon all objects may be judged again after they were.
const BETWEEN_JUDGEMENTS: Duration = Duration::from_millis(100);

/// How long passes that run may take to finish at shutdown: less than the 30 s that Kubernetes gives a Pod.
const DRAIN_DEADLINE: Duration = Duration::from_secs(25);

/// Looks after the controllers of all namespaces. None of its tasks ends, save [`drain`](Self::drain).
pub(super) struct Supervision {
    /// The objects.
    pub(super) stores: Vec<Store<Guarded>>,
    /// Whether passes run.
    pub(super) begin: Sender<bool>,
    /// Whether what passes need to know is listed.
    pub(super) listed: Sender<bool>,
    pub(super) context: Arc<Context>,
    pub(super) watch: Watch,
}

impl Supervision {
    /// Tells when everything is listed. What can't be listed must not stop the rest.
    pub(super) async fn announce(&self) {
        let lists = async {
            futures::join!(
                join_all(self.stores.iter().map(Store::wait_until_ready)),
                self.context.access.listed()
            )
        };
        let mut lists = pin!(lists);
        if timeout(FIRST_LISTS, lists.as_mut()).await.is_err() {
            tracing::warn!("not everything is listed yet, beginning with what is");
            self.listed.send_replace(true);
            lists.await;
        }
        self.listed.send_replace(true);
        self.watch.readiness.set(Gate::Ready);
        std::future::pending::<()>().await;
    }

    /// Judges objects anew whenever what their access is judged by has changed.
    pub(super) async fn judge(&self) {
        let mut changes = self.context.access.changes();
        // Fails only when the book is gone.
        while changes.changed().await.is_ok() {
            let whose = self.context.access.take_changed();
            for object in self.stores.iter().flat_map(Store::state) {
                if let Ok(object) = &object.0
                    && whose.includes(object.metadata.namespace.as_deref().unwrap_or_default())
                {
                    news::judge_again(object, &self.context);
                }
            }
            // Lists bring changes by the hundred.
            tokio::time::sleep(BETWEEN_JUDGEMENTS).await;
        }
    }

    /// Lets passes run while this process leads. Whoever begins to lead does not know what another one has done: all is
    /// looked at anew.
    pub(super) async fn lead(&self) {
        // Fails only when the sender is gone, and this has it.
        let _ = self.listed.subscribe().wait_for(|listed| *listed).await;
        loop {
            self.context.leadership.gained().await;
            let objects = self.stores.iter().flat_map(Store::state);
            let keys: Vec<ObjectKey> = objects
                .map(|object| news::resume(&object, &self.context))
                .collect();
            self.begin.send_replace(true);
            self.context.look_at(keys);
            self.context.leadership.lost().await;
            self.begin.send_replace(false);
        }
    }

    /// Shows that the loop turns.
    pub(super) async fn beat(&self) {
        let mut beat = tokio::time::interval(HEARTBEAT);
        loop {
            beat.tick().await;
            self.watch.liveness.beat();
        }
    }

    /// Gives passes that run the time to finish, once the end is asked for. Before anything is listed none runs, and the
    /// controllers would wait for ever for an API server that does not answer.
    pub(super) async fn drain(&self) {
        self.watch.shutdown.requested().await;
        self.context.turns.close();
        let has_begun = *self.listed.borrow();
        if has_begun {
            tokio::time::sleep(DRAIN_DEADLINE).await;
            tracing::warn!("passes that still run are given up");
        }
    }
}
