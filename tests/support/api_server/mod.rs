//! An API server inside the test process: what a `kube::Client` sees of one, in memory, on tokio's clock.
//!
//! It keeps what a controller can trip over: optimistic concurrency, generations, the status subresource, finalizers,
//! watches that stay open, answers of metadata only, tokens of service accounts, and faults by name. It has no
//! admission (schema and CEL are tested elsewhere), no field ownership between managers, and knows merge patches and
//! server-side apply but no JSON patches.

#![allow(
    dead_code,
    unreachable_pub,
    unused_imports,
    reason = "every test binary compiles this module and uses a part of it"
)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::missing_panics_doc,
    clippy::must_use_candidate,
    reason = "a broken fixture fails the test that uses it"
)]

use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use adx_follower_operator::api;
use jiff::Timestamp;
use kube::Client;
use serde_json::{Value, json};
use tokio::sync::watch::Sender;
use tokio::time::Instant;

mod caller;
mod control;
mod faults;
mod merge;
mod neighbours;
mod records;
mod resources;
mod selection;
mod serve;
mod store;
mod tokens;
mod view;
mod watch;

pub use faults::{Fault, Verb};
pub use resources::Kind;
pub use serve::Request;

use faults::Faults;
use resources::{ATTACHED_DATABASES, ATTACHMENT_POLICIES, CRDS, Resource};
use store::{Key, Part, Store};

/// The wall time at which every fake API server starts.
pub const EPOCH: &str = "2026-01-01T00:00:00Z";

/// The API server. Clones are the same server.
///
/// The methods that change objects are somebody else's hand (a user, another controller): they are not in the log of
/// requests, which belongs to the clients of [`FakeApi::client`].
#[derive(Clone)]
pub struct FakeApi {
    shared: Arc<Shared>,
}

struct Shared {
    state: Mutex<State>,
    /// Ticks at every change that a watch or a waiting test may care about.
    changed: Sender<u64>,
    started: Instant,
}

struct State {
    store: Store,
    faults: Faults,
    requests: Vec<Request>,
    /// The requests of the clients that were no reads, served or not, as text.
    written: Vec<String>,
    /// The tokens of service accounts that were issued.
    assertions: Vec<String>,
    watches: watch::Control,
    caller: caller::Caller,
}

impl FakeApi {
    /// A server with this product's CRDs established and the namespaces `analytics`, `default` and `other`. Must be
    /// called on a tokio runtime.
    pub fn new() -> Self {
        let crd = api::crd();
        Self::with_crd(serde_json::to_value(crd).expect("a CRD is JSON"))
    }

    /// The same, with the defaults of this CRD for the `AttachedDatabase` objects.
    pub fn with_crd(crd: Value) -> Self {
        let server = Self {
            shared: Arc::new(Shared {
                state: Mutex::new(State {
                    store: Store::default(),
                    faults: Faults::default(),
                    requests: Vec::new(),
                    written: Vec::new(),
                    assertions: Vec::new(),
                    watches: watch::Control::default(),
                    caller: caller::Caller::default(),
                }),
                changed: Sender::new(0),
                started: Instant::now(),
            }),
        };
        server.install_crd(crd);
        let policies = api::policy_crd();
        server.install_crd(serde_json::to_value(policies).expect("a CRD is JSON"));
        server.create_first_namespaces();
        server
    }

    /// A client of this server, in the namespace `default`.
    pub fn client(&self) -> Client {
        let server = self.clone();
        let service = tower::service_fn(move |request| serve::answer(server.clone(), request));
        Client::new(service, "default")
    }

    /// The wall time here: [`EPOCH`] and what tokio's clock has moved since.
    pub fn now(&self) -> Timestamp {
        let epoch: Timestamp = EPOCH.parse().expect("the epoch is a timestamp");
        let elapsed = jiff::SignedDuration::try_from(self.shared.started.elapsed());
        epoch + elapsed.expect("tests end before the year 9999")
    }

    /// Installs (or replaces) the CRD, established.
    pub fn install_crd(&self, mut crd: Value) {
        let conditions = ["NamesAccepted", "Established"]
            .map(|kind| json!({"type": kind, "status": "True", "reason": "Fake", "message": ""}));
        crd["apiVersion"] = json!("apiextensions.k8s.io/v1");
        crd["kind"] = json!("CustomResourceDefinition");
        crd["status"] = json!({"conditions": conditions, "acceptedNames": crd["spec"]["names"], "storedVersions": []});
        let key = Key::new(
            CRDS,
            "",
            crd["metadata"]["name"].as_str().expect("a CRD has a name"),
        );
        self.change(|store, now| {
            if store.get(&key).is_some() {
                store.erase(&key);
            }
            store.create(&key, crd, now).expect("the CRD is accepted");
        });
    }

    /// Removes the CRD of `AttachedDatabase`: the kind is not served until it is installed again. The objects are kept
    /// for then.
    pub fn remove_crd(&self) {
        self.remove_crd_of(ATTACHED_DATABASES);
    }

    /// The same for `AttachmentPolicy`.
    pub fn remove_policy_crd(&self) {
        self.remove_crd_of(ATTACHMENT_POLICIES);
    }

    fn remove_crd_of(&self, resource: Resource) {
        self.change(|store, _| {
            for key in store.keys(CRDS) {
                if store
                    .get(&key)
                    .is_some_and(|crd| crd["spec"]["names"]["plural"] == resource.plural)
                {
                    store.erase(&key);
                }
            }
        });
    }

    /// Creates an `AttachedDatabase`. It is not validated, so that a test can store what cannot be decoded.
    pub fn create(&self, object: Value) -> Value {
        let metadata = &object["metadata"];
        let namespace = metadata["namespace"].as_str().unwrap_or("default");
        let key = attached_database(namespace, metadata["name"].as_str().expect("a name"));
        self.change(|store, now| {
            store
                .create(&key, object, now)
                .expect("the object is accepted")
        })
    }

    /// The object as it is stored.
    pub fn get(&self, namespace: &str, name: &str) -> Option<Value> {
        self.lock().store.get(&attached_database(namespace, name))
    }

    /// Edits everything but the status.
    pub fn edit(&self, namespace: &str, name: &str, edit: impl FnOnce(&mut Value)) -> Value {
        self.edit_part(namespace, name, Part::Main, edit)
    }

    /// Edits the status.
    pub fn edit_status(&self, namespace: &str, name: &str, edit: impl FnOnce(&mut Value)) -> Value {
        self.edit_part(namespace, name, Part::Status, edit)
    }

    /// Sets an annotation.
    pub fn annotate(&self, namespace: &str, name: &str, key: &str, value: &str) -> Value {
        self.edit(namespace, name, |object| {
            object["metadata"]["annotations"][key] = json!(value);
        })
    }

    /// Deletes the object; it stays, being deleted, while it has finalizers.
    pub fn delete(&self, namespace: &str, name: &str) {
        let key = attached_database(namespace, name);
        self.change(|store, now| {
            store
                .delete(&key, &Value::Null, now)
                .expect("the object exists")
        });
    }

    /// Takes the object away at once, whatever its finalizers.
    pub fn erase(&self, namespace: &str, name: &str) {
        self.change(|store, _| store.erase(&attached_database(namespace, name)));
    }

    fn edit_part(
        &self,
        namespace: &str,
        name: &str,
        part: Part,
        edit: impl FnOnce(&mut Value),
    ) -> Value {
        self.edit_object(&attached_database(namespace, name), part, edit)
    }

    fn edit_object(&self, key: &Key, part: Part, edit: impl FnOnce(&mut Value)) -> Value {
        self.change(|store, _| {
            let mut object = store.get(key).expect("the object exists");
            edit(&mut object);
            store
                .replace(key, part, object)
                .expect("the edit is accepted")
        })
    }

    /// Waits until `condition` holds for the object (`None`: it does not exist) and returns it.
    ///
    /// # Panics
    /// After `deadline`, with `what` was waited for and the object as it is then.
    pub async fn wait_for(
        &self,
        (namespace, name): (&str, &str),
        what: &str,
        deadline: Duration,
        condition: impl Fn(Option<&Value>) -> bool,
    ) -> Option<Value> {
        let mut changed = self.shared.changed.subscribe();
        let waiting = async {
            loop {
                changed.mark_unchanged();
                let object = self.get(namespace, name);
                if condition(object.as_ref()) {
                    return object;
                }
                changed
                    .changed()
                    .await
                    .expect("the server outlives the wait");
            }
        };
        if let Ok(object) = tokio::time::timeout(deadline, waiting).await {
            return object;
        }
        let object = self.get(namespace, name);
        panic!("{namespace}/{name} was not {what} within {deadline:?}: {object:#?}");
    }

    fn change<T>(&self, change: impl FnOnce(&mut Store, &str) -> T) -> T {
        let now = self.now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
        let outcome = change(&mut self.lock().store, &now);
        self.shared.tick();
        outcome
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.shared.lock()
    }
}

impl Default for FakeApi {
    fn default() -> Self {
        Self::new()
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no test panics inside the server")
    }

    fn tick(&self) {
        self.changed.send_modify(|tick| *tick += 1);
    }
}

fn attached_database(namespace: &str, name: &str) -> Key {
    Key::new(ATTACHED_DATABASES, namespace, name)
}
