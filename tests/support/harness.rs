//! The whole operator under tokio's paused clock: real controller, in-process API server, in-process ARM simulator.
//! A day of operator life takes milliseconds, and every run of a test is the same run.

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
    reason = "a broken fixture fails the test that uses it"
)]

use std::sync::Arc;
use std::time::Duration;

use adx_follower_operator::clock::Clock;
use adx_follower_operator::config::WatchScope;
use adx_follower_operator::controller::{
    self, Context, OwnIdentities, Parts, Settings, Tenancy, Watch,
};
use adx_follower_operator::leader::Leadership;
use adx_follower_operator::metrics::Metrics;
use adx_follower_operator::readiness::{Liveness, LivenessLimits, Readiness};
use adx_follower_operator::shutdown::{Shutdown, ShutdownTrigger};
use axum::body::Body;
use jiff::Timestamp;
use kube::runtime::events::{Recorder, Reporter};
use kusto_arm_simulator::{JournalEntry, Options, Simulator, World};
use serde_json::{Value, json};
use tokio::sync::mpsc::unbounded_channel;
use tokio::task::JoinHandle;
use tower::ServiceExt as _;

use super::api_server::{EPOCH, FakeApi};
use super::in_process::{ENDPOINT, clients};
use super::oracles::misleading_statuses;
use super::recorder::{Recording, leaks};

/// The subscription of every cluster in these tests.
const SUBSCRIPTION: &str = "00000000-0000-0000-0000-000000000001";

/// The id of the cluster `name`.
pub fn cluster(name: &str) -> String {
    format!(
        "/subscriptions/{SUBSCRIPTION}/resourceGroups/rg1/providers/Microsoft.Kusto/clusters/{name}"
    )
}

/// The id of the configuration `name` on the cluster `follower`.
pub fn configuration(follower: &str, name: &str) -> String {
    format!(
        "{}/attachedDatabaseConfigurations/{name}",
        cluster(follower)
    )
}

/// An object named `name` in the namespace `analytics` that attaches Sales of leader1 to follower1.
pub fn attached_database(name: &str) -> Value {
    json!({
        "apiVersion": "adx-follower.dev/v1alpha1",
        "kind": "AttachedDatabase",
        "metadata": {"name": name, "namespace": "analytics"},
        "spec": {
            "follower": {"clusterResourceId": cluster("follower1")},
            "leader": {"clusterResourceId": cluster("leader1"), "databaseName": "Sales"},
        },
    })
}

/// The same object, with some fields of its spec replaced.
pub fn declared(name: &str, spec: &Value) -> Value {
    let mut object = attached_database(name);
    for (field, value) in spec.as_object().expect("fields of a spec") {
        object["spec"][field] = value.clone();
    }
    object
}

/// A configuration of a world: Sales of leader1, with some of its properties replaced.
pub fn live_configuration(follower: &str, name: &str, properties: &Value) -> Value {
    let mut all = json!({
        "clusterResourceId": cluster("leader1"), "databaseName": "Sales", "defaultPrincipalsModificationKind": "Union",
    });
    for (field, value) in properties.as_object().expect("properties") {
        all[field] = value.clone();
    }
    json!({"id": configuration(follower, name), "properties": all})
}

/// Two followers and two leaders in one region.
pub fn world() -> Value {
    let database = |name: &str| json!({"name": name, "tables": ["Orders", "Logs1"]});
    json!({"clusters": [
        {"id": cluster("follower1"), "location": "West Europe"},
        {"id": cluster("follower2"), "location": "West Europe"},
        {"id": cluster("leader1"), "location": "West Europe", "databases": [database("Sales"), database("Stock")]},
        {"id": cluster("leader2"), "location": "West Europe", "databases": [database("Web")]},
    ]})
}

/// One run of the operator against one world.
pub struct Harness {
    /// The API server.
    pub api: FakeApi,
    /// Azure.
    pub arm: Simulator,
    operator: Operator,
    replicas: Vec<Operator>,
    settings: Settings,
    tenancy: Tenancy,
    starts: u64,
    /// What the operator has logged, down to the finest level.
    log: Recording,
}

/// The policy that most tests run under: everything for everybody but `Replace`, as a policy has it by default.
pub fn open_policy() -> Value {
    json!({
        "namespaces": {},
        "followers": [format!("/subscriptions/{SUBSCRIPTION}")],
        "leaders": [{"scope": format!("/subscriptions/{SUBSCRIPTION}"), "databases": ["*"]}],
        "principalsModificationKinds": ["Union", "Replace", "None"],
    })
}

struct Operator {
    shutdown: ShutdownTrigger,
    task: JoinHandle<()>,
}

impl Harness {
    /// The operator running in [`world`], with operations of 20 s and an interval of 10 min.
    pub fn start() -> Self {
        Self::start_with(&world(), Options::default())
    }

    /// The operator running in another world. Must be called under paused time.
    pub fn start_with(world: &Value, options: Options) -> Self {
        Self::start_as(
            world,
            options,
            1,
            Tenancy::Policies(OwnIdentities::Enabled),
            |api| {
                api.create_policy("open", open_policy());
            },
        )
    }

    /// The operator running in another world, shared in this way, in a cluster that `prepare` has filled.
    pub fn start_shared(world: &Value, tenancy: Tenancy, prepare: impl FnOnce(&FakeApi)) -> Self {
        Self::start_as(world, Options::default(), 1, tenancy, prepare)
    }

    /// The operator running in [`world`], with so many operations at a time per follower.
    pub fn start_at_width(operations_per_cluster: usize) -> Self {
        let tenancy = Tenancy::AllowAll(OwnIdentities::Enabled);
        Self::start_as(
            &world(),
            Options::default(),
            operations_per_cluster,
            tenancy,
            |_| {},
        )
    }

    fn start_as(
        world: &Value,
        options: Options,
        operations_per_cluster: usize,
        tenancy: Tenancy,
        prepare: impl FnOnce(&FakeApi),
    ) -> Self {
        let log = Recording::start();
        let world = World::from_yaml(&world.to_string()).expect("the world is valid");
        let clock = kusto_arm_simulator::Clock::starting_at(EPOCH.parse().expect("a timestamp"));
        let arm = Simulator::new(world, Options { clock, ..options });
        let settings = Settings {
            interval: Duration::from_mins(10),
            concurrency: 4,
            operations_per_cluster,
        };
        let api = FakeApi::new();
        prepare(&api);
        let operator = Operator::start(&api, &arm, &settings, &tenancy, 1);
        Self {
            api,
            arm,
            operator,
            replicas: Vec::new(),
            settings,
            tenancy,
            starts: 1,
            log,
        }
    }

    /// Ends the operator between two instructions and starts it with empty memory.
    pub fn crash(&mut self) {
        self.operator.task.abort();
        self.starts += 1;
        self.operator = Operator::start(
            &self.api,
            &self.arm,
            &self.settings,
            &self.tenancy,
            self.starts,
        );
    }

    /// Starts one more operator beside the first; neither knows of the other.
    pub fn add_replica(&mut self) {
        self.starts += 1;
        let replica = Operator::start(
            &self.api,
            &self.arm,
            &self.settings,
            &self.tenancy,
            self.starts,
        );
        self.replicas.push(replica);
    }

    /// Ends the operator between two instructions; nobody starts it.
    pub fn kill(&self) {
        self.operator.task.abort();
    }

    /// Asks the operator to stop and waits for it.
    pub async fn stop(mut self) {
        self.operator.shutdown.request();
        (&mut self.operator.task)
            .await
            .expect("the operator ends in order");
    }

    /// Lets virtual time pass.
    pub async fn pass(&self, time: Duration) {
        tokio::time::sleep(time).await;
    }

    /// Waits until `condition` holds for the object `name`.
    pub async fn until(&self, name: &str, what: &str, condition: impl Fn(&Value) -> bool) -> Value {
        let deadline = Duration::from_hours(2);
        self.api
            .wait_for(("analytics", name), what, deadline, |object| {
                object.is_some_and(&condition)
            })
            .await
            .expect("it exists")
    }

    /// Waits until the object is Ready for its present generation.
    pub async fn until_ready(&self, name: &str) -> Value {
        self.until(name, "Ready", |object| {
            condition(object, "Ready") == Some(("True", "Attached"))
                && object["status"]["observedGeneration"] == object["metadata"]["generation"]
        })
        .await
    }

    /// Waits until the object's condition Ready has `reason`.
    pub async fn until_reason(&self, name: &str, reason: &str) -> Value {
        self.until(name, reason, |object| {
            condition(object, "Ready").is_some_and(|(_, known)| known == reason)
        })
        .await
    }

    /// Waits until the object is gone.
    pub async fn until_gone(&self, name: &str) {
        let deadline = Duration::from_hours(2);
        self.api
            .wait_for(("analytics", name), "gone", deadline, |object| {
                object.is_none()
            })
            .await;
    }

    /// Merges `patch` into Azure: somebody else's hand.
    pub fn patch(&self, patch: Value) {
        self.arm.patch_world(patch).expect("the patch is valid");
    }

    /// Changes fields of the cluster `name`.
    pub fn patch_cluster(&self, name: &str, fields: &Value) {
        let mut patch = fields.clone();
        patch["id"] = json!(cluster(name));
        self.patch(json!({"clusters": [patch]}));
    }

    /// Gives the operator these roles and no others.
    pub fn grant(&self, roles: &[(&str, &str)]) {
        let assignments: Vec<Value> = roles
            .iter()
            .map(|(name, role)| json!({"principal": "operator", "scope": cluster(name), "role": role}))
            .collect();
        self.patch(json!({"roleAssignments": assignments}));
    }

    /// Answers each call of `method` to `path` with `act` until the fault `name` is disarmed.
    pub fn break_calls(&self, name: &str, (method, path): (&str, &str), act: &Value) {
        self.arm
            .arm_fault(json!({"name": name, "match": {"method": method, "path": path, "times": 0}, "act": act}))
            .expect("the fault is valid");
    }

    /// Calls ARM as somebody else and gives the status of the answer.
    pub async fn call_as_portal(&self, method: &str, path: &str, body: &Value) -> u16 {
        let token = self.arm.mint_token("portal", ENDPOINT);
        let request = http::Request::builder()
            .method(method)
            .uri(format!("{ENDPOINT}{path}?api-version=2024-04-13"))
            .header("authorization", format!("Bearer {token}"))
            .header("content-type", "application/json")
            .body(Body::from(body.to_string()))
            .expect("a request");
        let answer = self.arm.service().oneshot(request).await;
        answer
            .expect("the simulator always answers")
            .status()
            .as_u16()
    }

    /// What the operator asked ARM to change, in order: method and last segment of the path.
    pub fn changes(&self) -> Vec<String> {
        self.changes_of("operator")
    }

    /// The same of another identity.
    pub fn changes_of(&self, principal: &str) -> Vec<String> {
        let journal = self.arm.journal();
        let changes = journal.iter().filter(|entry| is_change(entry, principal));
        changes
            .map(|entry| {
                let path = entry.request.url.split('?').next().expect("a path");
                let name = path.rsplit('/').next().expect("a last segment");
                format!("{} {name}", entry.request.method)
            })
            .collect()
    }

    /// The live configuration, as the simulator holds it; `None` when absent.
    pub fn live(&self, follower: &str, name: &str) -> Option<Value> {
        let wanted = configuration(follower, name).to_lowercase();
        let world = self.arm.world();
        let configurations = world["configurations"]
            .as_array()
            .cloned()
            .unwrap_or_default();
        configurations.into_iter().find(|live| {
            live["id"]
                .as_str()
                .is_some_and(|id| id.to_lowercase() == wanted)
        })
    }

    /// Changes properties of the configuration `name` on follower1 as a portal user does.
    pub fn edit_in_portal(&self, name: &str, properties: &Value) {
        let id = configuration("follower1", name);
        self.arm
            .patch_world(json!({"configurations": [{"id": id, "properties": properties}]}))
            .expect("the edit is valid");
    }

    /// The ARM calls with this method, in order.
    pub fn calls(&self, method: &str) -> Vec<JournalEntry> {
        self.arm
            .journal()
            .into_iter()
            .filter(|entry| entry.request.method == method)
            .collect()
    }

    /// What the operator has logged so far.
    pub fn log(&self) -> String {
        self.log.text()
    }

    /// The reasons of the events about the object, in order.
    pub fn event_reasons(&self, name: &str) -> Vec<String> {
        self.api
            .events()
            .iter()
            .filter(|event| event["regarding"]["name"] == name)
            .filter_map(|event| event["reason"].as_str().map(str::to_owned))
            .collect()
    }
}

/// Whether the operator asked for a change. Who follows a leader is read with a POST.
fn is_change(entry: &JournalEntry, principal: &str) -> bool {
    entry.is_write()
        && entry.principal.as_deref() == Some(principal)
        && !entry.request.url.contains("/listFollowerDatabases")
}

impl Drop for Harness {
    /// However a test went: no status that was ever written may mislead the tools that read it, and no secret may stand
    /// in anything that was written anywhere.
    fn drop(&mut self) {
        if !std::thread::panicking() {
            let misleading = misleading_statuses(&self.api.versions());
            assert!(misleading.is_empty(), "{}", misleading.join("\n"));
            let leaks = leaks(&self.api, &self.arm, &self.log.text());
            assert!(leaks.is_empty(), "{}", leaks.join("\n"));
        }
    }
}

impl Operator {
    fn start(
        api: &FakeApi,
        arm: &Simulator,
        settings: &Settings,
        tenancy: &Tenancy,
        seed: u64,
    ) -> Self {
        let client = api.client();
        let (wake, woken) = unbounded_channel();
        let (trigger, shutdown) = Shutdown::manual();
        let liveness = Liveness::new(LivenessLimits::default());
        let concurrency = settings.concurrency.try_into().expect("not zero");
        let reporter = Reporter {
            controller: "adx-follower-operator".into(),
            instance: None,
        };
        let context = Arc::new(Context::new(Parts {
            recorder: Recorder::new(client.clone(), reporter),
            connect: clients(arm, client.clone()).connect(),
            client,
            tenancy: tenancy.clone(),
            leadership: Leadership::always(),
            settings: settings.clone(),
            clock: Arc::new(VirtualClock(api.clone())),
            metrics: Arc::new(Metrics::new(concurrency, liveness.clone())),
            seed,
            wake,
        }));
        let watch = Watch {
            scope: WatchScope::All,
            label_selector: None,
            readiness: Readiness::default(),
            liveness,
            shutdown,
        };
        Self {
            shutdown: trigger,
            task: tokio::spawn(controller::run(context, watch, woken)),
        }
    }
}

/// Condition `kind` of an object: its status and reason.
pub fn condition<'a>(object: &'a Value, kind: &str) -> Option<(&'a str, &'a str)> {
    let conditions = object["status"]["conditions"].as_array()?;
    let condition = conditions
        .iter()
        .find(|condition| condition["type"] == kind)?;
    Some((condition["status"].as_str()?, condition["reason"].as_str()?))
}

/// The message of condition `kind`.
pub fn message<'a>(object: &'a Value, kind: &str) -> Option<&'a str> {
    let conditions = object["status"]["conditions"].as_array()?;
    conditions
        .iter()
        .find(|condition| condition["type"] == kind)?["message"]
        .as_str()
}

struct VirtualClock(FakeApi);

impl Clock for VirtualClock {
    fn now(&self) -> Timestamp {
        self.0.now()
    }
}
