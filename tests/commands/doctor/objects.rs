//! What may be wrong with an object, its identity and its clusters.

use std::time::Duration;

use serde_json::{Value, json};

use super::{CLIENT, OPERATOR, TENANT, Ward, course};
use crate::api_server::{Fault, Kind, Verb};
use crate::harness::{attached_database, cluster, configuration, declared, live_configuration};

const OBJECT: [&str; 3] = ["sales", "-n", "analytics"];

/// What reading a follower or a leader needs.
const READ: [&str; 1] = ["Microsoft.Kusto/Clusters/*read"];

fn own() -> Value {
    declared("sales", &json!({"serviceAccountName": "adx"}))
}

#[tokio::test(start_paused = true)]
async fn a_spec_that_cannot_be_acted_on_ends_it() {
    let ward = Ward::new();
    ward.create(declared(
        "sales",
        &json!({"databaseNameOverride": "A", "databaseNamePrefix": "b_"}),
    ));
    let (checks, _) = ward.checks(&OBJECT).await;
    let course = course(&checks);
    let of_object = course.get(8..).unwrap();
    assert_eq!(
        of_object,
        [
            ("spec", "fail"),
            ("access", "skip"),
            ("follower", "skip"),
            ("configuration", "skip"),
            ("leader", "skip"),
            ("region", "skip"),
            ("leader-database", "skip"),
            ("plan", "skip"),
            ("status", "ok"),
        ]
    );
    let told = ward.told(&OBJECT, "spec").await;
    told.is(
        "fail",
        "must not both be set",
        "kubectl edit attdb sales -n analytics",
    );

    let mut undecodable = attached_database("odd");
    undecodable["spec"]["suspend"] = json!("perhaps");
    ward.api.create(undecodable);
    let told = ward.told(&["odd", "-n", "analytics"], "object").await;
    told.is(
        "fail",
        "it can't be read",
        "kubectl get attdb odd -n analytics -o yaml",
    );
}

#[tokio::test(start_paused = true)]
async fn a_refusal_prints_the_policy_that_mends_it() {
    let ward = Ward::with_object();
    ward.api.delete_policy("open");
    let told = ward.told(&OBJECT, "access").await;
    told.is(
        "fail",
        "no AttachmentPolicy allows namespace analytics",
        "kubectl apply -f - <<'EOF'\n",
    );
    ward.told(&OBJECT, "follower")
        .await
        .is("skip", "needs `access`", "");
    assert!(
        ward.arm.journal().is_empty(),
        "who is refused is told nothing of Azure"
    );
    let (_, manifest) = told.remedies.split_once("<<'EOF'\n").unwrap();
    let manifest: Value = serde_saphyr::from_str(manifest.trim_end_matches("EOF")).unwrap();
    let name = manifest["metadata"]["name"].as_str().unwrap();
    ward.api.create_policy(name, manifest["spec"].clone());
    ward.told(&OBJECT, "access")
        .await
        .is("ok", "by the policy analytics-sales", "");
    ward.told(&OBJECT, "plan")
        .await
        .is("ok", "it can be attached", "");
}

#[tokio::test(start_paused = true)]
async fn an_identity_of_its_own_is_followed_to_entra() {
    let ward = Ward::new();
    ward.create(own());
    let told = ward.told(&OBJECT, "access").await;
    told.is(
        "fail",
        "there is no adx",
        "kubectl create serviceaccount adx -n analytics",
    );
    ward.api.create_service_account(
        "analytics",
        "adx",
        &[("azure.workload.identity/client-id", CLIENT)],
    );
    let told = ward.told(&OBJECT, "access").await;
    told.is("fail", "`azure.workload.identity/tenant-id`", "kubectl annotate serviceaccount adx -n analytics --overwrite azure.workload.identity/tenant-id=");
    ward.api.annotate_service_account(
        "analytics",
        "adx",
        "azure.workload.identity/tenant-id",
        TENANT,
    );
    ward.told(&OBJECT, "identity").await.is(
        "ok",
        &format!("got a token for client {CLIENT} of tenant {TENANT}"),
        "",
    );
    ward.told(&OBJECT, "plan")
        .await
        .is("ok", "it can be attached", "");

    // Entra does not know this ServiceAccount: issuer and subject are those of its tokens.
    ward.patch(json!({"identities": [{"clientId": CLIENT, "federatedSubjects": ["system:serviceaccount:other:adx"]}]}));
    let told = ward.told(&OBJECT, "identity").await;
    told.is(
        "fail",
        "FederatedCredentialNotFound",
        "--issuer https://kubernetes.default.svc.cluster.local --subject system:serviceaccount:analytics:adx",
    );
    ward.told(&OBJECT, "follower")
        .await
        .is("skip", "needs `identity`", "");

    ward.api
        .fault_always_on(Kind::ServiceAccount, Verb::RequestToken, Fault::Refuse(403));
    let told = ward.told(&OBJECT, "identity").await;
    told.is(
        "fail",
        "may not `create` `serviceaccounts/token` for analytics/adx",
        "kubectl auth can-i create",
    );
    ward.api.call_as("jane@example.com");
    let told = ward.told(&OBJECT, "identity").await;
    told.is(
        "warn",
        "jane@example.com, who runs this, may not",
        "kubectl auth can-i create",
    );
    ward.told(&OBJECT, "follower")
        .await
        .is("skip", "needs `identity`", "");
    let told = ward
        .told(
            &[&OBJECT[..], &["--object-identities=false"]].concat(),
            "access",
        )
        .await;
    told.is(
        "fail",
        "must be absent",
        "kubectl patch attdb sales -n analytics",
    );
}

#[tokio::test(start_paused = true)]
async fn a_missing_role_is_named_with_its_action_and_scope() {
    let ward = Ward::with_object();
    let whole = ["*"];
    for (roles, id, action, scope) in [
        (
            &[(OPERATOR, "leader1", &whole[..])][..],
            "follower",
            "Microsoft.Kusto/Clusters/read",
            "follower1",
        ),
        (
            &[
                (OPERATOR, "leader1", &whole[..]),
                (
                    OPERATOR,
                    "follower1",
                    &["Microsoft.Kusto/Clusters/read"][..],
                ),
            ],
            "configuration",
            "Microsoft.Kusto/Clusters/AttachedDatabaseConfigurations/read",
            "follower1",
        ),
        (
            &[(OPERATOR, "follower1", &READ[..])],
            "leader",
            "Microsoft.Kusto/Clusters/read",
            "leader1",
        ),
        (
            &[
                (OPERATOR, "follower1", &READ[..]),
                (OPERATOR, "leader1", &["Microsoft.Kusto/Clusters/read"][..]),
            ],
            "leader-database",
            "Microsoft.Kusto/Clusters/Databases/read",
            "leader1",
        ),
    ] {
        ward.grant(roles);
        let told = ward.told(&OBJECT, id).await;
        let remedy = format!(
            "az role assignment create --assignee {OPERATOR} --role 'ADX Follower Operator' --scope {}",
            cluster(scope)
        );
        told.is("fail", &format!("`{action}`").to_string(), &remedy);
        ward.told(&OBJECT, "plan")
            .await
            .is("skip", &format!("needs `{id}`"), "");
    }
    // What only a write shows, the operator's own words tell.
    let message = format!(
        "the identity lacks `Microsoft.Kusto/Clusters/write` on `{}`: no",
        cluster("leader1")
    );
    ward.say(
        "analytics",
        "sales",
        "False",
        "LinkedAuthorizationFailed",
        &message,
    );
    let told = ward.told(&OBJECT, "status").await;
    told.is(
        "fail",
        "Stalled, LinkedAuthorizationFailed: ",
        &cluster("leader1"),
    );
}

#[tokio::test(start_paused = true)]
async fn clusters_are_told_as_they_are() {
    let started = Ward::with_object();
    started.patch(json!({"clusters": [{"id": cluster("follower1"), "state": "Stopped"}]}));
    let told = started.told(&OBJECT, "follower").await;
    told.is(
        "fail",
        "follower1 is Stopped",
        "az kusto cluster start --ids",
    );

    for (id, patch, message, remedy) in [
        (
            "follower",
            json!({"id": cluster("follower1"), "$delete": true}),
            "does not exist",
            "az kusto cluster list",
        ),
        (
            "leader",
            json!({"id": cluster("leader1"), "$delete": true}),
            "does not exist",
            "az kusto cluster list",
        ),
        (
            "leader",
            json!({"id": cluster("leader1"), "state": "Stopped"}),
            "leader1 is Stopped",
            "az kusto cluster start",
        ),
        (
            "region",
            json!({"id": cluster("leader1"), "location": "North Europe"}),
            "must be in one region",
            "region: location",
        ),
        (
            "leader-database",
            json!({"id": cluster("leader1"), "databases": [{"name": "Sales", "$delete": true}]}),
            "leader1 has no database Sales",
            "az kusto database list --cluster-name leader1",
        ),
    ] {
        let ward = Ward::with_object();
        ward.patch(json!({"clusters": [patch]}));
        ward.told(&OBJECT, id).await.is("fail", message, remedy);
        ward.told(&OBJECT, "plan")
            .await
            .is("skip", &format!("needs `{id}`"), "");
    }
}

#[tokio::test(start_paused = true)]
async fn the_plan_is_the_operators_own() {
    let ward = Ward::with_object();
    let foreign = json!({"clusterResourceId": cluster("leader2"), "databaseName": "Web"});
    ward.patch(json!({"configurations": [live_configuration("follower1", "sales", &foreign)]}));
    let told = ward.told(&OBJECT, "plan").await;
    told.is(
        "fail",
        "ConfigurationConflict: ",
        "az kusto attached-database-configuration list --cluster-name follower1",
    );
    ward.patch(json!({"configurations": [{"id": configuration("follower1", "sales"), "properties": {"clusterResourceId": cluster("leader1"), "databaseName": "Sales"}}]}));
    let told = ward.told(&OBJECT, "plan").await;
    told.is("ok", "can be taken over", "");
    ward.told(&OBJECT, "configuration").await.is(
        "ok",
        "has the configuration sales, of Sales of leader1",
        "",
    );
    ward.api.edit("analytics", "sales", |object| {
        object["spec"]["suspend"] = json!(true);
    });
    ward.told(&OBJECT, "plan").await.is("warn", "Suspended", "");
    ward.api.edit("analytics", "sales", |object| {
        object["metadata"]["finalizers"] = json!(["adx-follower.dev/detach"]);
    });
    ward.api.delete("analytics", "sales");
    ward.told(&OBJECT, "plan")
        .await
        .is("skip", "is being deleted", "");
}

#[tokio::test(start_paused = true)]
async fn silence_is_told_after_a_minute() {
    let ward = Ward::new();
    ward.api.create(attached_database("sales"));
    ward.told(&OBJECT, "status")
        .await
        .is("warn", "no operator has looked at it", "");
    tokio::time::advance(Duration::from_secs(90)).await;
    let told = ward.told(&OBJECT, "status").await;
    told.is(
        "fail",
        "since it was made 90 s ago",
        "kubectl get pods -A -l app.kubernetes.io/name=adx-follower-operator",
    );
    ward.say(
        "analytics",
        "sales",
        "Unknown",
        "WaitingForCluster",
        "in line",
    );
    ward.told(&OBJECT, "status")
        .await
        .is("warn", "WaitingForCluster: in line", "");
    ward.api.edit("analytics", "sales", |object| {
        object["spec"]["interval"] = json!("5m");
    });
    ward.told(&OBJECT, "status").await.is(
        "warn",
        "about generation 1 of the spec, which is at 2",
        "",
    );
}
