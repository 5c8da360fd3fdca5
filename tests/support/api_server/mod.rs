//! An API server inside the test process: what a `kube::Client` sees of one, in memory, on tokio's clock.
//!
//! It keeps what a controller can trip over: optimistic concurrency, generations, the status subresource, finalizers,
//! watches that stay open, and faults by name. It has no admission (schema and CEL are tested elsewhere), no field
//! ownership between managers, and knows merge patches and server-side apply but no JSON patches.

#![allow(
    dead_code,
    unreachable_pub,
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

use jiff::Timestamp;
use kube::Client;
use serde_json::{Value, json};
use tokio::sync::watch::Sender;
use tokio::time::Instant;

mod faults;
mod merge;
mod resources;
mod serve;
mod store;
mod watch;

pub use faults::{Fault, Verb};
pub use serve::Request;

use faults::Faults;
use resources::{ATTACHED_DATABASES, CRDS, EVENTS};
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
    watches: watch::Control,
}

impl FakeApi {
    /// A server with this product's CRD established and nothing else. Must be called on a tokio runtime.
    pub fn new() -> Self {
        let crd = adx_follower_operator::api::crd();
        Self::with_crd(serde_json::to_value(crd).expect("a CRD is JSON"))
    }

    /// A server whose `AttachedDatabase` objects get the defaults of this CRD.
    pub fn with_crd(crd: Value) -> Self {
        let server = Self {
            shared: Arc::new(Shared {
                state: Mutex::new(State {
                    store: Store::default(),
                    faults: Faults::default(),
                    requests: Vec::new(),
                    watches: watch::Control::default(),
                }),
                changed: Sender::new(0),
                started: Instant::now(),
            }),
        };
        server.install_crd(crd);
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

    /// Removes the CRD: its kind is not served until it is installed again. The objects are kept for then.
    pub fn remove_crd(&self) {
        self.change(|store, _| {
            for key in store.keys(CRDS) {
                store.erase(&key);
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
        let key = attached_database(namespace, name);
        self.change(|store, _| {
            let mut object = store.get(&key).expect("the object exists");
            edit(&mut object);
            store
                .replace(&key, part, object)
                .expect("the edit is accepted")
        })
    }

    /// Every version of every `AttachedDatabase`, oldest first, back to the last [`FakeApi::expire_watches`]; one that
    /// went is there as it was last.
    pub fn versions(&self) -> Vec<Value> {
        self.lock().store.versions(ATTACHED_DATABASES)
    }

    /// Every request of the clients, oldest first.
    pub fn requests(&self) -> Vec<Request> {
        self.lock().requests.clone()
    }

    /// How many requests with this verb arrived, those that failed included.
    pub fn count(&self, verb: Verb) -> usize {
        self.lock()
            .requests
            .iter()
            .filter(|request| request.verb == verb)
            .count()
    }

    /// How many requests of the clients would change an `AttachedDatabase` or its status.
    pub fn writes(&self) -> usize {
        self.lock()
            .requests
            .iter()
            .filter(|request| request.verb.is_write())
            .count()
    }

    /// Empties the log of requests.
    pub fn forget_requests(&self) {
        self.lock().requests.clear();
    }

    /// The events that were published, oldest first.
    pub fn events(&self) -> Vec<Value> {
        let mut events = self.lock().store.list(EVENTS, "");
        events.sort_by_key(|event| {
            event["metadata"]["resourceVersion"]
                .as_str()
                .and_then(|text| text.parse::<u64>().ok())
        });
        events
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

    /// The next request with this verb suffers `fault`. Several faults are used up in order.
    pub fn fault_next(&self, verb: Verb, fault: Fault) {
        self.lock().faults.next(verb, fault);
    }

    /// The next request with this verb is refused with this HTTP status; nothing is applied.
    pub fn fail_next(&self, verb: Verb, code: u16) {
        self.fault_next(verb, Fault::Refuse(code));
    }

    /// The next request with this verb gets no answer; nothing is applied.
    pub fn hang_next(&self, verb: Verb) {
        self.fault_next(verb, Fault::Hang);
    }

    /// The next request with this verb is applied and its answer is lost.
    pub fn lose_answer_next(&self, verb: Verb) {
        self.fault_next(verb, Fault::LoseAnswer);
    }

    /// Every request with this verb suffers `fault` until [`FakeApi::heal`].
    pub fn fault_always(&self, verb: Verb, fault: Fault) {
        self.lock().faults.always(verb, fault);
    }

    /// Ends all faults.
    pub fn heal(&self) {
        self.lock().faults = Faults::default();
    }

    /// Ends every open watch in an orderly way, as a restarting server does.
    pub fn close_watches(&self) {
        self.steer(watch::Control::close);
    }

    /// Ends every open watch with 410 Gone and forgets the history, so that a new list is needed.
    pub fn expire_watches(&self) {
        let mut state = self.lock();
        state.store.compact();
        state.watches.expire();
        drop(state);
        self.shared.tick();
    }

    /// Holds back all events and bookmarks, while requests are still answered: a cache that lags behind.
    pub fn freeze_watches(&self) {
        self.steer(|control| control.frozen = true);
    }

    /// Delivers what was held back, and what comes.
    pub fn thaw_watches(&self) {
        self.steer(|control| control.frozen = false);
    }

    /// Whether clients that ask for bookmarks get one a minute (the default) or none.
    pub fn send_bookmarks(&self, send: bool) {
        self.steer(|control| control.bookmarks = send);
    }

    /// How many watches are open on `AttachedDatabase`.
    pub fn open_watches(&self) -> usize {
        self.lock().watches.open
    }

    fn steer(&self, steer: impl FnOnce(&mut watch::Control)) {
        steer(&mut self.lock().watches);
        self.shared.tick();
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
