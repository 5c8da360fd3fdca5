//! The teams, their namespaces, clusters and identities, and one operator for all.

use std::cell::Cell;
use std::fs;
use std::time::Duration;

use adx_follower_operator::api::AttachedDatabase;
use k8s_openapi::api::core::v1::{Namespace, ServiceAccount};
use kube::api::{DeleteParams, Patch, PatchParams, PostParams};
use kube::{Api, ResourceExt as _};
use serde_json::{Value, json};
use tempfile::TempDir;
use testbed::simulator::{ArmCall, SimulatorOptions, Transport, World};
use testbed::{NotYet, OperatorOptions, eventually};

use super::witness::{OPERATOR, TEAM_A, TEAM_B, trespass};
use super::world::{
    OPERATOR_SECRET, TENANT, cluster, configuration, moved, object, policy_of_c, with, world,
};
use crate::stage::{Stage, ready};

/// Namespace and name.
pub(crate) type Key<'a> = (&'a str, &'a str);

/// Everything, and how far the journal was looked through.
pub(crate) struct Teams {
    pub(crate) stage: Stage,
    seen: Cell<usize>,
    files: TempDir,
}

impl Teams {
    /// Namespaces, accounts, clusters and an operator; no policy and no object.
    pub(crate) async fn gather(test: &str, operation: Duration) -> Self {
        let azure = SimulatorOptions {
            world: World::Document(world()),
            operation_duration: operation,
            transport: Transport::Https,
            ..SimulatorOptions::default()
        };
        let stage = Stage::closed(test, azure).await;
        let files = tempfile::tempdir().unwrap();
        fs::write(files.path().join("secret"), OPERATOR_SECRET).unwrap();
        let mut teams = Self {
            stage,
            seen: Cell::new(0),
            files,
        };
        let namespaces: Api<Namespace> = Api::all(teams.stage.client.clone());
        for team in ["a", "b", "c", "d"] {
            let name = format!("team-{team}");
            let namespace = json!({"metadata": {"name": name, "labels": {"team": team}}});
            let namespace = serde_json::from_value(namespace).unwrap();
            namespaces
                .create(&PostParams::default(), &namespace)
                .await
                .unwrap();
        }
        teams.make_account(("team-a", "adx"), TEAM_A).await;
        teams.make_account(("team-a", "payroll"), TEAM_A).await;
        teams.make_account(("team-b", "adx"), TEAM_B).await;
        teams.start_operator().await;
        teams
    }

    /// The same with what each team has: policies for c and d, and an object each, all Ready.
    pub(crate) async fn settle(test: &str, operation: Duration) -> Self {
        let teams = Self::gather(test, operation).await;
        teams.allow_c().await;
        let d = json!({
            "namespaces": {"matchLabels": {"kubernetes.io/metadata.name": "team-d"}},
            "followers": [cluster("follower-c")],
            "leaders": [{"scope": cluster("leader-c"), "databases": ["Traces"]}],
        });
        teams.stage.allow("team-d", d).await;
        let traces = with(
            object("c", "traces", "Traces"),
            &[("/databaseNameOverride", json!("eu_LogsEu"))],
        );
        for object in [
            object("a", "sales", "Sales"),
            object("b", "web", "Web"),
            object("c", "logs", "LogsUs"),
            moved(traces, "d"),
        ] {
            teams.create(object).await;
        }
        for key in OWN {
            teams.until_ready(key).await;
        }
        teams.nothing_wrong("each team attaches its own").await;
        teams
    }

    /// A policy for whoever has the label of team c.
    pub(crate) async fn allow_c(&self) {
        self.stage.allow("team-c", policy_of_c()).await;
    }

    pub(crate) async fn start_operator(&mut self) {
        let secret = self.files.path().join("secret");
        let options =
            OperatorOptions::new(self.stage.control_plane.kubeconfig(), &self.stage.simulator)
                .credential("client-secret")
                .arg(format!("--authority-host={}", self.stage.simulator.url()))
                .arg(format!("--client-secret-file={}", secret.display()))
                .env("AZURE_TENANT_ID", TENANT)
                .env("AZURE_CLIENT_ID", OPERATOR);
        self.stage.start_operator_with(options).await;
    }

    /// Tries a way of getting across, and looks at what Azure saw: no write at all, and no trespass.
    pub(crate) async fn way(&self, name: &str, act: impl AsyncFnOnce()) {
        eprintln!("way: {name}");
        act().await;
        let writes = self.nothing_wrong(name).await;
        assert!(writes.is_empty(), "{name}: {}", shown(&writes));
    }

    /// Does what may be done; only trespasses are looked for.
    pub(crate) async fn honestly(&self, name: &str, act: impl AsyncFnOnce()) {
        eprintln!("honestly: {name}");
        act().await;
        self.nothing_wrong(name).await;
    }

    /// Looks through what is new in the journal; gives the writes in it.
    async fn nothing_wrong(&self, what: &str) -> Vec<ArmCall> {
        let calls = self.stage.calls().await;
        let news = calls.get(self.seen.get()..).unwrap();
        self.seen.set(calls.len());
        let wrong: Vec<String> = news.iter().filter_map(trespass).collect();
        assert!(wrong.is_empty(), "{what}: {}", wrong.join("\n"));
        news.iter()
            .filter(|call| call.is_write())
            .cloned()
            .collect()
    }

    /// Every configuration in Azure.
    pub(crate) async fn configurations(&self) -> Value {
        self.stage.simulator.world().await.unwrap()["configurations"].clone()
    }

    /// Shares a table less of a configuration, as somebody in the portal would.
    pub(crate) async fn edit_in_portal(&self, follower: &str, name: &str) {
        let id = configuration(follower, name);
        let properties = json!({"tableLevelSharingProperties": {"tablesToExclude": ["Private"]}});
        let change = json!({"configurations": [{"id": id, "properties": properties}]});
        self.stage.simulator.patch_world(&change).await.unwrap();
    }

    /// Whether somebody has edited the configuration, and nobody repaired it.
    pub(crate) async fn is_edited(&self, follower: &str, name: &str) -> bool {
        let id = configuration(follower, name).to_lowercase();
        let all = self.configurations().await;
        let one = all.as_array().unwrap().iter().find(|one| {
            one["id"]
                .as_str()
                .is_some_and(|known| known.to_lowercase() == id)
        });
        one.unwrap().to_string().contains("Private")
    }

    pub(crate) async fn create(&self, object: Value) -> AttachedDatabase {
        self.try_create(object).await.unwrap()
    }

    pub(crate) async fn try_create(&self, object: Value) -> Result<AttachedDatabase, kube::Error> {
        let object: AttachedDatabase = serde_json::from_value(object).unwrap();
        let api = self.stage.objects(&object.namespace().unwrap());
        api.create(&PostParams::default(), &object).await
    }

    pub(crate) async fn get(&self, (namespace, name): Key<'_>) -> AttachedDatabase {
        self.stage.objects(namespace).get(name).await.unwrap()
    }

    pub(crate) async fn patch(&self, (namespace, name): Key<'_>, patch: &Value) {
        self.try_patch((namespace, name), patch).await.unwrap();
    }

    pub(crate) async fn try_patch(
        &self,
        (namespace, name): Key<'_>,
        patch: &Value,
    ) -> Result<AttachedDatabase, kube::Error> {
        let api = self.stage.objects(namespace);
        api.patch(name, &PatchParams::default(), &Patch::Merge(patch))
            .await
    }

    /// Writes status as somebody would who may.
    pub(crate) async fn forge_status(&self, (namespace, name): Key<'_>, status: &Value) {
        let api = self.stage.objects(namespace);
        let patch = json!({"status": status});
        api.patch_status(name, &PatchParams::default(), &Patch::Merge(patch))
            .await
            .unwrap();
    }

    pub(crate) async fn delete(&self, (namespace, name): Key<'_>) {
        let api = self.stage.objects(namespace);
        api.delete(name, &DeleteParams::default()).await.unwrap();
    }

    pub(crate) async fn until(
        &self,
        (namespace, name): Key<'_>,
        status: &str,
        reason: &str,
    ) -> AttachedDatabase {
        self.stage.until_in(namespace, name, status, reason).await
    }

    pub(crate) async fn until_ready(&self, key: Key<'_>) -> AttachedDatabase {
        self.until(key, "True", "Attached").await
    }

    pub(crate) async fn until_refused(&self, key: Key<'_>, reason: &str) -> AttachedDatabase {
        self.until(key, "False", reason).await
    }

    /// Looks again, and sees it refused for this reason.
    pub(crate) async fn still_refused(&self, key: Key<'_>, reason: &str) {
        self.look_again(key).await;
        let object = self.get(key).await;
        let expected = ("False".to_owned(), reason.to_owned());
        assert_eq!(ready(&object), Some(expected), "{key:?}");
    }

    pub(crate) async fn until_gone(&self, (namespace, name): Key<'_>) {
        self.stage.until_gone_in(namespace, name).await;
    }

    /// Asks for a look, and waits until the operator says that it has looked: two seconds where it refuses, since that is
    /// told by the second look.
    pub(crate) async fn look_again(&self, key: Key<'_>) {
        let request = format!("look-{}", uuid::Uuid::new_v4());
        let annotations = json!({"adx-follower.dev/reconcile-requested-at": request});
        self.patch(key, &json!({"metadata": {"annotations": annotations}}))
            .await;
        let what = format!("{key:?} is looked at");
        eventually(Duration::from_mins(1), &what, async || {
            let handled = self.get(key).await.status;
            let handled = handled.and_then(|status| status.last_handled_reconcile_at);
            if handled.as_ref() == Some(&request) {
                Ok(())
            } else {
                Err(NotYet::observed(format!("{handled:?}")))
            }
        })
        .await
        .unwrap();
    }

    pub(crate) fn accounts(&self, namespace: &str) -> Api<ServiceAccount> {
        Api::namespaced(self.stage.client.clone(), namespace)
    }

    /// A ServiceAccount that stands for an Azure identity, or says so.
    pub(crate) async fn make_account(&self, (namespace, name): Key<'_>, client_id: &str) {
        let account = json!({"metadata": {"name": name, "annotations": {
            "azure.workload.identity/client-id": client_id,
            "azure.workload.identity/tenant-id": TENANT,
        }}});
        let account = serde_json::from_value(account).unwrap();
        self.accounts(namespace)
            .create(&PostParams::default(), &account)
            .await
            .unwrap();
    }

    /// Lets an account claim to be another Azure identity.
    pub(crate) async fn annotate_account(&self, (namespace, name): Key<'_>, client_id: &str) {
        let annotations = json!({"azure.workload.identity/client-id": client_id});
        let patch = Patch::Merge(json!({"metadata": {"annotations": annotations}}));
        self.accounts(namespace)
            .patch(name, &PatchParams::default(), &patch)
            .await
            .unwrap();
    }

    pub(crate) async fn delete_account(&self, (namespace, name): Key<'_>) {
        self.accounts(namespace)
            .delete(name, &DeleteParams::default())
            .await
            .unwrap();
    }
}

/// What each team has once it has settled.
pub(crate) const OWN: [Key<'static>; 4] = [
    ("team-a", "sales"),
    ("team-b", "web"),
    ("team-c", "logs"),
    ("team-d", "traces"),
];

pub(crate) fn shown(calls: &[ArmCall]) -> String {
    let lines = calls
        .iter()
        .map(|call| format!("{:?} {call}", call.principal));
    lines.collect::<Vec<_>>().join("\n")
}
