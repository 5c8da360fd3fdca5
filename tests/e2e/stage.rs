//! One control plane for all tests of this binary, and an operator with an Azure of its own for each.

use std::path::Path;
use std::time::Duration;

use adx_follower_operator::api::{AttachedDatabase, AttachmentPolicy, crd_yaml};
use kube::api::{DeleteParams, PostParams};
use kube::{Api, Client, ResourceExt as _};
use serde_json::{Value, json};
use testbed::simulator::{ArmCall, SimulatorOptions, SimulatorProcess, Transport, World};
use testbed::{ControlPlane, Logs, NotYet, OperatorOptions, OperatorProcess, Tools, eventually};

use crate::leaks;

/// The subscription of every cluster in these tests.
pub(crate) const SUBSCRIPTION: &str = "/subscriptions/00000000-0000-0000-0000-000000000001";

/// The id of the cluster `name`.
pub(crate) fn cluster(name: &str) -> String {
    format!("{SUBSCRIPTION}/resourceGroups/rg1/providers/Microsoft.Kusto/clusters/{name}")
}

/// An object that attaches Sales of leader1 to follower1, compared each 2 s.
pub(crate) fn attached_database(name: &str) -> Value {
    json!({
        "apiVersion": "adx-follower.dev/v1alpha1",
        "kind": "AttachedDatabase",
        "metadata": {"name": name},
        "spec": {
            "follower": {"clusterResourceId": cluster("follower1")},
            "leader": {"clusterResourceId": cluster("leader1"), "databaseName": "Sales"},
            "interval": "2s",
        },
    })
}

/// Everything that one test needs; dropping it ends it.
pub(crate) struct Stage {
    pub(crate) control_plane: ControlPlane,
    pub(crate) simulator: SimulatorProcess,
    pub(crate) operator: Option<OperatorProcess>,
    pub(crate) client: Client,
    logs: Logs,
}

impl Stage {
    /// A control plane with the CRD, a simulator, and a ready operator.
    pub(crate) async fn set(test: &str, operation: Duration) -> Self {
        let mut stage = Self::without_operator(test, operation).await;
        stage.start_operator().await;
        stage
    }

    pub(crate) async fn without_operator(test: &str, operation: Duration) -> Self {
        Self::with_azure(test, operation, Transport::Http, json!([])).await
    }

    /// A control plane, and an Azure that listens in this way and knows these identities; none for everybody. Every
    /// namespace may do everything with the operator's identity.
    pub(crate) async fn with_azure(
        test: &str,
        operation: Duration,
        transport: Transport,
        identities: Value,
    ) -> Self {
        let database = |name: &str| json!({"name": name, "tables": ["Orders", "Logs1"]});
        let mut world = json!({"clusters": [
            {"id": cluster("follower1"), "location": "West Europe"},
            {"id": cluster("leader1"), "location": "West Europe", "databases": [database("Sales"), database("Stock")]},
        ]});
        if identities != json!([]) {
            world["identities"] = identities;
        }
        let stage = Self::closed(
            test,
            SimulatorOptions {
                world: World::Document(world),
                operation_duration: operation,
                transport,
                ..SimulatorOptions::default()
            },
        )
        .await;
        stage.allow("everything", everything()).await;
        stage
    }

    /// A control plane with the CRDs, and this Azure. Nobody may use the operator's identity yet.
    pub(crate) async fn closed(test: &str, azure: SimulatorOptions) -> Self {
        let tools = Tools::ensure().await.unwrap();
        let logs = Logs::create(test).unwrap();
        eprintln!("logs of {test}: {}", logs.path().display());
        let control_plane = ControlPlane::start(&tools, &logs).await.unwrap();
        control_plane.install_crds(&crd_yaml()).await.unwrap();
        let simulator = SimulatorProcess::start(azure, &logs).await.unwrap();
        let client = control_plane.client().await.unwrap();
        Self {
            control_plane,
            simulator,
            operator: None,
            client,
            logs,
        }
    }

    pub(crate) async fn start_operator(&mut self) {
        let options = OperatorOptions::new(self.control_plane.kubeconfig(), &self.simulator);
        self.start_operator_with(options).await;
    }

    pub(crate) fn logs(&self) -> &Logs {
        &self.logs
    }

    pub(crate) async fn start_operator_with(&mut self, options: OperatorOptions) {
        // What is logged at all is looked through for secrets in the end.
        let options = options.arg("--log-level=debug");
        let mut operator = OperatorProcess::start(options, &self.logs).await.unwrap();
        operator.wait_ready().await.unwrap();
        self.operator = Some(operator);
    }

    /// Kills the operator as a node that dies does.
    pub(crate) async fn kill_operator(&mut self) {
        self.operator.take().expect("it runs").kill().await.unwrap();
    }

    /// A token of a ServiceAccount made for it, for Entra's exchange.
    pub(crate) async fn service_account_token(&self, name: &str) -> String {
        for args in [
            vec!["create", "serviceaccount", name],
            vec![
                "create",
                "token",
                name,
                "--audience=api://AzureADTokenExchange",
            ],
        ] {
            let output = self
                .control_plane
                .kubectl()
                .args(&args)
                .output()
                .await
                .unwrap();
            assert!(
                output.status.success(),
                "kubectl {args:?}: {}",
                String::from_utf8_lossy(&output.stderr)
            );
            if args.contains(&"token") {
                return String::from_utf8(output.stdout).unwrap().trim().to_owned();
            }
        }
        unreachable!("the second command returns")
    }

    /// Adds an `AttachmentPolicy` with this spec.
    pub(crate) async fn allow(&self, name: &str, spec: Value) {
        let policy = json!({
            "apiVersion": "adx-follower.dev/v1alpha1",
            "kind": "AttachmentPolicy",
            "metadata": {"name": name},
            "spec": spec,
        });
        let policy: AttachmentPolicy = serde_json::from_value(policy).unwrap();
        self.policies()
            .create(&PostParams::default(), &policy)
            .await
            .unwrap();
    }

    pub(crate) fn policies(&self) -> Api<AttachmentPolicy> {
        Api::all(self.client.clone())
    }

    pub(crate) fn api(&self) -> Api<AttachedDatabase> {
        self.objects("default")
    }

    /// The objects of a namespace.
    pub(crate) fn objects(&self, namespace: &str) -> Api<AttachedDatabase> {
        Api::namespaced(self.client.clone(), namespace)
    }

    pub(crate) async fn create(&self, object: Value) -> AttachedDatabase {
        let object: AttachedDatabase = serde_json::from_value(object).unwrap();
        self.api()
            .create(&PostParams::default(), &object)
            .await
            .unwrap()
    }

    pub(crate) async fn delete(&self, name: &str) {
        self.api()
            .delete(name, &DeleteParams::default())
            .await
            .unwrap();
    }

    pub(crate) async fn get(&self, name: &str) -> AttachedDatabase {
        self.api().get(name).await.unwrap()
    }

    /// Waits until the condition Ready of the present generation has this status and reason.
    pub(crate) async fn until(&self, name: &str, status: &str, reason: &str) -> AttachedDatabase {
        self.until_in("default", name, status, reason).await
    }

    /// The same in another namespace.
    pub(crate) async fn until_in(
        &self,
        namespace: &str,
        name: &str,
        status: &str,
        reason: &str,
    ) -> AttachedDatabase {
        let api = self.objects(namespace);
        let what = format!("{namespace}/{name} is {status} ({reason})");
        eventually(Duration::from_mins(2), &what, async || {
            let object = api.get(name).await.map_err(NotYet::observed)?;
            let ready = ready(&object);
            let current = object
                .status
                .as_ref()
                .and_then(|status| status.observed_generation)
                == object.metadata.generation;
            if current && ready == Some((status.to_owned(), reason.to_owned())) {
                return Ok(object);
            }
            Err(NotYet::observed(format!("{ready:?}")))
        })
        .await
        .unwrap_or_else(|error| panic!("{error}; logs: {}", self.logs.path().display()))
    }

    pub(crate) async fn until_ready(&self, name: &str) -> AttachedDatabase {
        self.until(name, "True", "Attached").await
    }

    pub(crate) async fn until_gone(&self, name: &str) {
        self.until_gone_in("default", name).await;
    }

    /// The same in another namespace.
    pub(crate) async fn until_gone_in(&self, namespace: &str, name: &str) {
        let api = self.objects(namespace);
        eventually(
            Duration::from_mins(2),
            &format!("{namespace}/{name} is gone"),
            async || match api.get_opt(name).await.map_err(NotYet::observed)? {
                None => Ok(()),
                Some(object) => Err(NotYet::observed(format!("{:?}", ready(&object)))),
            },
        )
        .await
        .unwrap_or_else(|error| panic!("{error}; logs: {}", self.logs.path().display()));
    }

    pub(crate) async fn calls(&self) -> Vec<ArmCall> {
        self.simulator.calls().await.unwrap()
    }

    pub(crate) async fn writes(&self) -> Vec<ArmCall> {
        self.simulator.writes().await.unwrap()
    }

    /// The live configuration `name` on follower1; `None` when absent.
    pub(crate) async fn live(&self, name: &str) -> Option<Value> {
        let suffix = format!("/attacheddatabaseconfigurations/{name}");
        let world = self.simulator.world().await.unwrap();
        let configurations = world["configurations"]
            .as_array()
            .cloned()
            .unwrap_or_default();
        configurations.into_iter().find(|live| {
            live["id"]
                .as_str()
                .is_some_and(|id| id.to_lowercase().ends_with(&suffix))
        })
    }

    pub(crate) async fn edit_in_portal(&self, name: &str, properties: Value) {
        let id = format!(
            "{}/attachedDatabaseConfigurations/{name}",
            cluster("follower1")
        );
        let change = json!({"configurations": [{"id": id, "properties": properties}]});
        self.simulator.patch_world(&change).await.unwrap();
    }

    /// Looks for secrets in all that was written, ends everything in order and removes the logs of a test that went well.
    pub(crate) async fn clear(self) {
        let Self {
            control_plane,
            simulator,
            operator,
            client,
            logs,
        } = self;
        let mut written = leaks::in_the_cluster(&client).await;
        if let Some(operator) = operator {
            written.push(("metrics", operator.metrics().await.unwrap()));
            let status = operator.terminate().await.unwrap();
            assert!(
                status.success(),
                "SIGTERM ends the operator with 0, not {status}"
            );
        }
        written.push(("logs", leaks::operator_logs(logs.path())));
        leaks::check(&simulator, &written).await;
        simulator.stop().await.unwrap();
        control_plane.stop().await.unwrap();
        logs.remove().unwrap();
    }
}

/// A policy's spec: every namespace may attach everything that these tests have.
fn everything() -> Value {
    json!({
        "namespaces": {},
        "followers": [SUBSCRIPTION],
        "leaders": [{"scope": SUBSCRIPTION, "databases": ["*"]}],
        "principalsModificationKinds": ["Union", "Replace", "None"],
    })
}

/// Status and reason of the condition Ready.
pub(crate) fn ready(object: &AttachedDatabase) -> Option<(String, String)> {
    let status = object.status.as_ref()?;
    let ready = status
        .conditions
        .iter()
        .find(|condition| condition.type_ == "Ready")?;
    Some((ready.status.clone(), ready.reason.clone()))
}

/// `metadata.resourceVersion`, which every write changes.
pub(crate) fn version(object: &AttachedDatabase) -> String {
    object.resource_version().unwrap()
}

/// Where the repository is.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}
