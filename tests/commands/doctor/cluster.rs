//! What may be wrong with Kubernetes.

use adx_follower_operator::api::crd;
use adx_follower_operator::commands::Ending;
use serde_json::{Value, json};

use super::Ward;
use crate::api_server::{Fault, Kind, Verb};

const OBJECT: [&str; 3] = ["sales", "-n", "analytics"];
const INSTALL: &str = "adx-follower crds | kubectl apply --server-side -f -";

#[tokio::test(start_paused = true)]
async fn an_old_server_is_told() {
    let ward = Ward::with_object();
    ward.api.be_version("31+");
    let told = ward.told(&OBJECT, "kubernetes").await;
    told.is(
        "fail",
        "1.31+ answers, which is older than 1.33",
        "kubectl version",
    );
    // It is too old to be relied on, and looked at all the same.
    ward.told(&OBJECT, "plan")
        .await
        .is("ok", "it can be attached", "");
}

#[tokio::test(start_paused = true)]
async fn definitions_are_compared() {
    let ward = Ward::with_object();
    let mut edited = serde_json::to_value(crd()).unwrap();
    let schema = &mut edited["spec"]["versions"][0]["schema"]["openAPIV3Schema"];
    schema["properties"]["spec"]["properties"]["interval"]["maxLength"] = json!(7);
    ward.api.install_crd(edited);
    let told = ward.told(&OBJECT, "crd").await;
    told.is(
        "fail",
        "spec.properties.interval.maxLength` differs",
        INSTALL,
    );
    ward.told(&OBJECT, "plan")
        .await
        .is("ok", "it can be attached", "");

    ward.api.remove_crd();
    let told = ward.told(&OBJECT, "crd").await;
    told.is("fail", "it is not installed", INSTALL);
    ward.told(&OBJECT, "policies")
        .await
        .is("skip", "needs `crd`", "");
    ward.told(&OBJECT, "object")
        .await
        .is("skip", "needs `crd`", "");
    ward.told(&[], "objects")
        .await
        .is("skip", "needs `crd`", "");

    ward.api.install_crd(serde_json::to_value(crd()).unwrap());
    ward.api.remove_policy_crd();
    let (checks, ending) = ward.checks(&OBJECT).await;
    assert_eq!(ending, Ending::Failed);
    let of_policies = checks
        .iter()
        .find(|check| check["subject"] == "attachmentpolicies.adx-follower.dev");
    assert_eq!(of_policies.unwrap()["result"], "fail");
    // Where policies are not heeded their definition is no condition.
    let told = ward
        .told(&[&OBJECT[..], &["--allow-all"]].concat(), "plan")
        .await;
    told.is("ok", "it can be attached", "");

    ward.api.fault_always(Verb::Crd, Fault::Refuse(403));
    ward.told(&OBJECT, "crd").await.is("warn", "403", "");
}

#[tokio::test(start_paused = true)]
async fn missing_rights_are_named_with_their_rule() {
    let ward = Ward::with_object();
    ward.api.deny("create serviceaccounts/token");
    ward.api.deny("patch attacheddatabases/status");
    ward.api.deny("watch namespaces");
    let told = ward.told(&OBJECT, "rights").await;
    told.is(
        "fail",
        "may not `patch` attacheddatabases/status; `watch` namespaces; `create` serviceaccounts/token in namespace analytics",
        r#"- {apiGroups: ["adx-follower.dev"], resources: ["attacheddatabases/status"], verbs: ["patch"]}"#,
    );
    assert!(told.remedies.contains(
        "{kind: ServiceAccount, name: adx-follower-operator, namespace: adx-follower-system}"
    ));
    // A person's rights are not the operator's.
    ward.api.call_as("jane@example.com");
    let told = ward.told(&[], "rights").await;
    told.is(
        "warn",
        "jane@example.com, who runs this, may not",
        "adx-follower doctor -n NAMESPACE",
    );
    assert!(
        told.message
            .ends_with("in every namespace; these are the caller's rights, not the operator's")
    );
    // Nobody asks for what is switched off.
    let told = ward
        .told(&["--allow-all", "--object-identities=false"], "rights")
        .await;
    told.is(
        "warn",
        "`patch` attacheddatabases/status in every",
        "ClusterRole",
    );
}

#[tokio::test(start_paused = true)]
async fn the_lease_is_looked_at_where_replicas_compete_for_it() {
    let elect = ["--leader-elect", "--leader-election-namespace=adx"];
    let ward = Ward::with_object();
    let told = ward.told(&elect, "lease").await;
    told.is("ok", "may `get`, `update`, `create` the Lease", "");
    ward.api.deny("create leases");
    let told = ward.told(&elect, "lease").await;
    told.is(
        "fail",
        "may not `create` the Lease of `--leader-elect`",
        "kind: RoleBinding\nmetadata:\n  name: adx-follower-operator-missing\n  namespace: adx\n",
    );
    let subject = |checks: &[Value]| {
        let lease = checks.iter().find(|check| check["id"] == "lease");
        lease.map(|check| check["subject"].clone())
    };
    let (checks, _) = ward.checks(&elect).await;
    assert_eq!(subject(&checks), Some(json!("adx/adx-follower-operator")));
    // The namespace is the client's own, as in `run`.
    let (checks, _) = ward
        .checks(&["--leader-elect", "--leader-election-id=shard-a"])
        .await;
    assert_eq!(subject(&checks), Some(json!("default/shard-a")));
    let (checks, ending) = ward.checks(&OBJECT).await;
    assert_eq!((subject(&checks), ending), (None, Ending::Done));
}

#[tokio::test(start_paused = true)]
async fn policies_are_counted_and_unusable_ones_named() {
    let ward = Ward::with_object();
    ward.api.create_policy(
        "broken",
        json!({"namespaces": {}, "followers": ["everything"], "leaders": []}),
    );
    ward.api
        .create_policy("undecodable", json!({"followers": 7}));
    let told = ward.told(&OBJECT, "policies").await;
    told.is(
        "warn",
        "can't be used and allows nothing",
        "kubectl get attachmentpolicy broken -o yaml | adx-follower lint -",
    );
    assert!(told.message.ends_with(", and 1 more") && told.remedies.contains("undecodable"));
    for name in ["broken", "undecodable", "open"] {
        ward.api.delete_policy(name);
    }
    let told = ward.told(&[], "policies").await;
    told.is(
        "warn",
        "there is no AttachmentPolicy",
        "adx-follower doctor -A",
    );

    ward.api
        .fault_always_on(Kind::AttachmentPolicy, Verb::List, Fault::Refuse(403));
    ward.told(&OBJECT, "policies").await.is("fail", "403", "");
    ward.told(&OBJECT, "access").await.is("fail", "403", "");
    ward.told(&OBJECT, "plan")
        .await
        .is("skip", "needs `access`", "");
    ward.api.call_as("jane@example.com");
    ward.told(&OBJECT, "access").await.is("warn", "403", "");
}

#[tokio::test(start_paused = true)]
async fn objects_that_nobody_looks_at_are_counted() {
    let ward = Ward::with_object();
    ward.say(
        "analytics",
        "sales",
        "False",
        "RegionMismatch",
        "two regions",
    );
    let told = ward.told(&[], "objects").await;
    told.is("warn", "1 object: 1 Stalled", "adx-follower doctor -A");
    ward.api.edit_status("analytics", "sales", |object| {
        object["status"] = Value::Null;
    });
    tokio::time::advance(std::time::Duration::from_secs(90)).await;
    let told = ward.told(&[], "objects").await;
    told.is(
        "fail",
        "1 object: 1 that no operator has looked at",
        "kubectl get pods -A -l app.kubernetes.io/name=adx-follower-operator",
    );
    ward.api.fault_always(Verb::List, Fault::Refuse(403));
    ward.told(&[], "objects").await.is("fail", "403", "");
}
