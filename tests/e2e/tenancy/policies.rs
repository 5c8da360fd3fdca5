//! Policies that come, change and go under objects which need them.

use std::time::Duration;

use adx_follower_operator::clock::{Clock as _, SystemClock};
use jiff::Timestamp;
use k8s_openapi::api::core::v1::Namespace;
use kube::Api;
use kube::api::{DeleteParams, Patch, PatchParams};
use serde_json::{Value, json};

use super::teams::Teams;
use super::world::{cluster, object, policy_of_c, with};

const LOGS: (&str, &str) = ("team-c", "logs");

#[tokio::test(flavor = "multi_thread")]
async fn without_a_policy_there_is_no_call_and_with_it_the_object_goes_on() {
    let teams = Teams::gather("tenancy-policies", Duration::from_millis(500)).await;
    no_policy_no_call(&teams).await;
    let own = teams.configurations().await;

    edits(&teams).await;
    withdrawals(&teams).await;
    come_back(&teams).await;
    assert_eq!(teams.configurations().await, own, "repaired by itself");
    in_the_middle(&teams).await;
    assert_eq!(teams.configurations().await, own, "repaired by itself");
    deletion(teams).await;
}

async fn no_policy_no_call(teams: &Teams) {
    teams
        .way("neither policy nor account", async || {
            teams.create(object("c", "logs", "LogsUs")).await;
            let refused = teams.until_refused(LOGS, "AttachmentNotAllowed").await;
            let status = refused.status.unwrap();
            let of = |kind: &str| {
                let condition = status.conditions.iter().find(|one| one.type_ == kind);
                condition.map(|one| (one.status.clone(), one.message.clone()))
            };
            let (stalled, sentence) = of("Stalled").unwrap();
            assert_eq!(stalled, "True");
            let expected = format!(
                "no AttachmentPolicy allows namespace team-c to attach database \"LogsUs\" of {} to {} with the \
                 operator's identity; ask an administrator of this Kubernetes cluster for one, or set \
                 `spec.serviceAccountName` to a ServiceAccount with an Azure identity of its own",
                cluster("leader-c"),
                cluster("follower-c")
            );
            assert_eq!(sentence, expected);
            teams.still_refused(LOGS, "AttachmentNotAllowed").await;
            let calls = teams.stage.calls().await;
            assert!(calls.is_empty(), "{calls:?}");
        })
        .await;
    teams
        .honestly("the policy comes", async || {
            teams.allow_c().await;
            teams.until_ready(LOGS).await;
        })
        .await;
    teams
        .honestly("a name in another case than the policy's", async || {
            teams.create(object("c", "eu", "LOGSEU")).await;
            teams.until_ready(("team-c", "eu")).await;
        })
        .await;
}

/// What is allowed, changed to what is not.
async fn edits(teams: &Teams) {
    for (name, change, part) in [
        (
            "the follower is edited",
            json!({"follower": {"clusterResourceId": cluster("follower-a")}}),
            "must not change",
        ),
        (
            "the leader is edited",
            json!({"leader": {"clusterResourceId": cluster("leader-a")}}),
            "must not change",
        ),
        (
            "the database is edited",
            json!({"leader": {"databaseName": "*"}}),
            "must not change",
        ),
        (
            "the configuration is edited",
            json!({"configurationName": "traces"}),
            "must not change",
        ),
    ] {
        teams
            .way(name, async || {
                let refused = teams.try_patch(LOGS, &json!({"spec": change})).await;
                let refused = refused.unwrap_err().to_string();
                assert!(refused.contains(part), "{name}: {refused}");
            })
            .await;
    }
    teams
        .way("principals are replaced after all", async || {
            set(teams, "defaultPrincipalsModificationKind", json!("Replace")).await;
            teams.still_refused(LOGS, "AttachmentNotAllowed").await;
        })
        .await;
    set(teams, "defaultPrincipalsModificationKind", json!("Union")).await;
    teams.until_ready(LOGS).await;
}

/// Each takes the permission away; what is edited in the portal from then on stays so.
async fn withdrawals(teams: &Teams) {
    teams
        .way("the policy is narrowed to another follower", async || {
            let mut narrow = policy_of_c();
            narrow["followers"] = json!([cluster("follower-c2")]);
            change_policy(teams, narrow).await;
            stays_edited(teams).await;
        })
        .await;
    given_back(teams).await;
    teams
        .way("the policy is narrowed to other databases", async || {
            let mut narrow = policy_of_c();
            narrow["leaders"][0]["databases"] = json!(["LogsEu"]);
            change_policy(teams, narrow).await;
            stays_edited(teams).await;
        })
        .await;
    given_back(teams).await;
    teams
        .way("the namespace has the label no more", async || {
            label(teams, &Value::Null).await;
            stays_edited(teams).await;
        })
        .await;
    label(teams, &json!("c")).await;
    given_back(teams).await;
    teams
        .way("the policy is withdrawn", async || {
            withdraw(teams).await;
            stays_edited(teams).await;
        })
        .await;
    teams
        .way("suspended and taken up again", async || {
            set(teams, "suspend", json!(true)).await;
            set(teams, "suspend", json!(false)).await;
            teams.still_refused(LOGS, "AttachmentNotAllowed").await;
        })
        .await;
    teams
        .way("edited while withdrawn", async || {
            set(
                teams,
                "tableLevelSharingProperties",
                json!({"tablesToInclude": ["Public"]}),
            )
            .await;
            teams.still_refused(LOGS, "AttachmentNotAllowed").await;
            set(teams, "tableLevelSharingProperties", Value::Null).await;
        })
        .await;
    assert!(teams.is_edited("follower-c", "logs").await, "repaired");
}

/// The policy goes while a repair is about to begin, or has just begun.
async fn in_the_middle(teams: &Teams) {
    teams
        .honestly("withdrawn in the middle of a repair", async || {
            teams.edit_in_portal("follower-c", "logs").await;
            withdraw(teams).await;
            let second = SystemClock.now() + Duration::from_secs(1);
            teams.still_refused(LOGS, "AttachmentNotAllowed").await;
            let journal = teams.stage.simulator.journal().await.unwrap();
            let late = journal.iter().find(|entry| {
                let time: Timestamp = entry["time"].as_str().unwrap().parse().unwrap();
                entry["liveRequest"]["method"] == "PUT" && time > second
            });
            assert!(late.is_none(), "{late:?} after {second}");
        })
        .await;
    come_back(teams).await;
}

async fn come_back(teams: &Teams) {
    teams
        .honestly("the policy comes back", async || {
            teams.allow_c().await;
            teams.until_ready(LOGS).await;
        })
        .await;
}

async fn deletion(mut teams: Teams) {
    teams
        .way("deleted while withdrawn", async || {
            withdraw(&teams).await;
            teams.delete(LOGS).await;
            teams.still_refused(LOGS, "AttachmentNotAllowed").await;
        })
        .await;
    teams.stage.kill_operator().await;
    teams.start_operator().await;
    teams
        .way("the operator starts anew", async || {
            teams.still_refused(LOGS, "AttachmentNotAllowed").await;
        })
        .await;
    teams
        .way("let go with Orphan", async || {
            set(&teams, "deletionPolicy", json!("Orphan")).await;
            teams.until_gone(LOGS).await;
            let left = teams.configurations().await.to_string();
            assert!(
                left.contains("attachedDatabaseConfigurations/logs"),
                "{left}"
            );
        })
        .await;
    teams
        .honestly(
            "an object that goes on when the policy comes back",
            async || {
                let eu = ("team-c", "eu");
                teams.delete(eu).await;
                teams.until_refused(eu, "AttachmentNotAllowed").await;
                teams.allow_c().await;
                teams.until_gone(eu).await;
            },
        )
        .await;
    teams
        .honestly("what was left is adopted again", async || {
            teams.create(with(object("c", "logs", "LogsUs"), &[])).await;
            teams.until_ready(LOGS).await;
        })
        .await;
    teams.stage.clear().await;
}

async fn set(teams: &Teams, field: &str, value: Value) {
    teams.patch(LOGS, &json!({"spec": {field: value}})).await;
}

/// Nothing is repaired, although it is looked at each second.
async fn stays_edited(teams: &Teams) {
    teams.edit_in_portal("follower-c", "logs").await;
    teams.still_refused(LOGS, "AttachmentNotAllowed").await;
    assert!(teams.is_edited("follower-c", "logs").await, "repaired");
}

async fn given_back(teams: &Teams) {
    change_policy(teams, policy_of_c()).await;
    teams
        .honestly("given back", async || {
            teams.until_ready(LOGS).await;
        })
        .await;
    assert!(!teams.is_edited("follower-c", "logs").await, "not repaired");
}

async fn change_policy(teams: &Teams, spec: Value) {
    let patch = Patch::Merge(json!({"spec": spec}));
    let policies = teams.stage.policies();
    policies
        .patch("team-c", &PatchParams::default(), &patch)
        .await
        .unwrap();
}

async fn withdraw(teams: &Teams) {
    let policies = teams.stage.policies();
    policies
        .delete("team-c", &DeleteParams::default())
        .await
        .unwrap();
}

async fn label(teams: &Teams, value: &Value) {
    let namespaces: Api<Namespace> = Api::all(teams.stage.client.clone());
    let patch = Patch::Merge(json!({"metadata": {"labels": {"team": value}}}));
    namespaces
        .patch("team-c", &PatchParams::default(), &patch)
        .await
        .unwrap();
}
