//! The two Kustomizations of `examples/flux/kustomizations.yaml` that hold policies and objects.

use std::time::Duration;

use serde_json::{Value, json};
use testbed::objects::has_condition;
use testbed::{Flux, GitRepository, GitServer, NotYet, ObjectId, eventually};
use tokio::time::Instant;

use super::{
    NAMESPACE, SOON, database, example, file, has, id, is_retried, live_kind, policy,
    refuse_at_first, set,
};
use crate::stage::Stage;

/// kustomize-controller looks at what it waits for every 5 s; the rest is for a machine that is busy.
const FLUX_LOOKS: Duration = Duration::from_secs(7);

/// Applies a Kustomization as the example has it, but for the operator, which is not Flux's here.
async fn kustomization(flux: &Flux, name: &str) -> ObjectId {
    let mut object = example("flux/kustomizations.yaml", "Kustomization", name);
    if object["spec"]["dependsOn"][0]["name"] == "adx-follower-operator" {
        object["spec"]["dependsOn"] = json!([]);
    }
    flux.objects().apply_object(&object).await.unwrap()
}

/// What one story is told with.
struct Fleet {
    stage: Stage,
    flux: Flux,
    git: GitServer,
    repository: GitRepository,
    source: ObjectId,
    policies: ObjectId,
    databases: ObjectId,
}

impl Fleet {
    /// An operator and Flux, with the Kustomizations for a repository that has no commit yet.
    async fn set(test: &str) -> Self {
        let stage = set(test).await;
        let git = GitServer::start(stage.logs()).await.unwrap();
        let repository = git.create("fleet").await.unwrap();
        let flux = Flux::start(&stage.control_plane).await.unwrap();
        let source = flux.git_repository("flux-system", "flux-system", &repository);
        Self {
            source: source.await.unwrap(),
            policies: kustomization(&flux, "attachment-policies").await,
            databases: kustomization(&flux, "attached-databases").await,
            stage,
            flux,
            git,
            repository,
        }
    }

    async fn clear(self) {
        self.flux.stop().await.unwrap();
        self.stage.clear().await;
        drop(self.git);
    }

    /// Commits the policy and these objects, and has Flux fetch and apply that. Returns the commit.
    async fn commit(&mut self, message: &str, objects: &[Value]) -> String {
        let mut files = vec![file("attachment-policies/policy.yaml", &policy())];
        files.extend(objects.iter().map(|object| {
            let name = object["metadata"]["name"].as_str().unwrap();
            file(&format!("attached-databases/{name}.yaml"), object)
        }));
        let commit = self.repository.commit(message, files).await.unwrap();
        self.flux.reconcile(&self.source).await.unwrap();
        let applied = self.flux.until_applied(&self.policies, &commit, SOON);
        applied.await.unwrap();
        // By itself it looks every 30 s whether what it depends on has the same commit.
        self.flux.reconcile(&self.databases).await.unwrap();
        commit
    }

    /// Waits until a commit is applied, and fails if that is said while the object `name` is not attached, or if the
    /// opposite is said at all. Returns how long after the object it was said, and whether the object was seen to fail
    /// and be tried again.
    async fn until_applied_and_not_before(&self, commit: &str, name: &str) -> (Duration, bool) {
        let objects = self.flux.objects();
        let mut was_retried = false;
        let mut attached = None;
        let lag = eventually(SOON, "the Kustomization is ready", async || {
            // In this order: what is attached stays so, and cannot become so between the two looks.
            let kustomization = objects.look(&self.databases).await?;
            let object = objects.get(&id(name)).await?;
            was_retried |= is_retried(object.as_ref());
            let status = &kustomization["status"];
            let attempted = status["lastAttemptedRevision"].as_str();
            if attempted.is_none_or(|revision| !revision.ends_with(commit)) {
                return Err(NotYet::observed(status));
            }
            if has_condition(&kustomization, "Ready", "False").is_ok() {
                return Err(NotYet::hopeless(status));
            }
            let is_ready = has(Some(&kustomization), "Ready");
            match (is_ready, has(object.as_ref(), "Ready")) {
                (true, true) => Ok(attached.unwrap_or_else(Instant::now).elapsed()),
                (true, false) => Err(NotYet::hopeless(format!("ready before {object:?}"))),
                (false, true) => {
                    attached.get_or_insert_with(Instant::now);
                    Err(NotYet::observed(status))
                }
                (false, false) => Err(NotYet::observed(format!("{object:?}"))),
            }
        })
        .await
        .unwrap();
        (lag, was_retried)
    }

    async fn until_applied(&mut self, commit: &str) {
        let applied = self.flux.until_applied(&self.databases, commit, SOON);
        applied.await.unwrap();
    }

    async fn until_live_kind(&self, name: &str, kind: &str) {
        eventually(
            SOON,
            &format!("{name} is {kind} in Azure"),
            async || match live_kind(&self.stage, name).await {
                live if live == kind => Ok(()),
                live => Err(NotYet::observed(live)),
            },
        )
        .await
        .unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn flux_waits_for_databases_and_detaches_what_git_no_longer_has() {
    let mut fleet = Fleet::set("gitops-flux").await;
    it_is_ready_when_the_database_is(&mut fleet).await;
    it_fails_at_once_when_somebody_has_to_act(&mut fleet).await;
    it_takes_back_what_was_changed_by_hand(&mut fleet).await;
    it_detaches_what_is_pruned_but_for_orphans(&mut fleet).await;
    it_is_gone_when_all_is_detached(&fleet).await;
    fleet.clear().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn flux_goes_on_past_an_object_that_is_suspended() {
    let mut fleet = Fleet::set("gitops-flux-suspend").await;
    let both = ["Sales", "Stock"].map(database);
    let commit = fleet.commit("both", &both).await;
    fleet.until_applied(&commit).await;

    let [mut sales, stock] = both.clone();
    sales["spec"]["suspend"] = json!(true);
    let commit = fleet.commit("sales is let be", &[sales, stock]).await;
    fleet.until_applied(&commit).await;
    let edit = json!({"defaultPrincipalsModificationKind": "None"});
    fleet.stage.edit_in_portal("sales", edit.clone()).await;
    // Its neighbour is compared with the same list, and repaired.
    fleet.stage.edit_in_portal("stock", edit).await;
    fleet.until_live_kind("stock", "Union").await;
    assert_eq!(live_kind(&fleet.stage, "sales").await, "None");

    let commit = fleet.commit("and looked after again", &both).await;
    fleet.until_applied(&commit).await;
    assert_eq!(live_kind(&fleet.stage, "sales").await, "Union");
    fleet.clear().await;
}

async fn it_is_ready_when_the_database_is(fleet: &mut Fleet) {
    refuse_at_first(&fleet.stage).await;
    let commit = fleet.commit("sales", &[database("Sales")]).await;
    let (lag, was_retried) = fleet.until_applied_and_not_before(&commit, "sales").await;
    assert!(was_retried);
    println!("Flux: ready {:.1} s after the database", lag.as_secs_f64());
    assert!(lag <= FLUX_LOOKS, "ready {lag:?} after the database");
    assert!(fleet.stage.live("sales").await.is_some());
}

/// The Kustomization's own timeout is 30 minutes.
async fn it_fails_at_once_when_somebody_has_to_act(fleet: &mut Fleet) {
    let sales = database("Sales");
    fleet
        .commit("a typo", &[sales.clone(), database("Stok")])
        .await;
    // False for want of the policies' commit does not count.
    fleet
        .flux
        .until_condition(&fleet.databases, "Healthy", "False", SOON)
        .await
        .unwrap();
    let kustomization = fleet.flux.objects().look(&fleet.databases).await.unwrap();
    let failed = has_condition(&kustomization, "Ready", "False").unwrap();
    assert_eq!(failed["reason"], "HealthCheckFailed", "{failed}");
    let message = failed["message"].as_str().unwrap();
    assert!(
        message.contains("AttachedDatabase/analytics/stok"),
        "{message}"
    );
    let stok = fleet.flux.objects().look(&id("stok")).await.unwrap();
    let stalled = has_condition(&stok, "Stalled", "True").unwrap();
    assert_eq!(stalled["reason"], "LeaderDatabaseNotFound");

    let objects = [sales, database("Stock"), database("Returns")];
    let commit = fleet.commit("the typo is corrected", &objects).await;
    fleet.until_applied_and_not_before(&commit, "stock").await;
    for name in ["sales", "stock", "returns"] {
        assert!(fleet.stage.live(name).await.is_some(), "{name}");
    }
    fleet.stage.until_gone_in(NAMESPACE, "stok").await;
}

async fn it_takes_back_what_was_changed_by_hand(fleet: &mut Fleet) {
    let by_hand = json!({"spec": {"defaultPrincipalsModificationKind": "None"}});
    let objects = fleet.flux.objects();
    objects.merge(&id("sales"), &by_hand).await.unwrap();
    fleet.until_live_kind("sales", "None").await;
    fleet.flux.reconcile(&fleet.databases).await.unwrap();
    fleet.until_live_kind("sales", "Union").await;
    fleet
        .flux
        .until_ready(&fleet.databases, SOON)
        .await
        .unwrap();
    fleet
        .stage
        .until_in(NAMESPACE, "sales", "True", "Attached")
        .await;
}

async fn it_detaches_what_is_pruned_but_for_orphans(fleet: &mut Fleet) {
    let [sales, mut stock, returns] = ["Sales", "Stock", "Returns"].map(database);
    stock["spec"]["deletionPolicy"] = json!("Orphan");
    let objects = [sales.clone(), stock, returns];
    let commit = fleet.commit("stock stays attached", &objects).await;
    fleet.until_applied(&commit).await;

    let commit = fleet.commit("only sales", &[sales]).await;
    fleet.until_applied(&commit).await;
    for name in ["stock", "returns"] {
        fleet.stage.until_gone_in(NAMESPACE, name).await;
    }
    assert_eq!(fleet.stage.live("returns").await, None);
    assert_eq!(live_kind(&fleet.stage, "stock").await, "Union");
}

async fn it_is_gone_when_all_is_detached(fleet: &Fleet) {
    let objects = fleet.flux.objects();
    objects.delete(&fleet.databases).await.unwrap();
    objects.until_gone(&fleet.databases, SOON).await.unwrap();
    assert!(objects.get(&id("sales")).await.unwrap().is_none());
    assert_eq!(fleet.stage.live("sales").await, None);

    objects.delete(&fleet.policies).await.unwrap();
    objects.until_gone(&fleet.policies, SOON).await.unwrap();
    let policy = ObjectId::of(&policy()).unwrap();
    assert!(objects.get(&policy).await.unwrap().is_none());
}
