//! What is checked before the first write: each mistake has its reason and its remedy, and costs no PUT.

use std::time::Duration;

use kusto_arm_simulator::Options;
use serde_json::{Value, json};

use crate::api_server::Verb;
use crate::assert_says;
use crate::harness::{Harness, cluster, condition, declared, message, world};

/// The state of things that a declaration meets, and what heals it.
struct Case {
    reason: &'static str,
    says: &'static [&'static str],
    spec: Value,
    breaks: Value,
    heals: Value,
}

fn of(name: &str, fields: &Value) -> Value {
    let mut patch = fields.clone();
    patch["id"] = json!(cluster(name));
    json!({"clusters": [patch]})
}

fn cases() -> Vec<Case> {
    let here = "West Europe";
    let databases = |change: Value| json!({"databases": [change]});
    let of_leader = |name: &str| json!({"leader": {"clusterResourceId": cluster(name), "databaseName": "Sales"}});
    vec![
        Case {
            reason: "LeaderNotFound",
            says: &[
                "the leader cluster leader9 does not exist",
                "`spec.leader.clusterResourceId` must",
            ],
            spec: of_leader("leader9"),
            breaks: json!({}),
            heals: of(
                "leader9",
                &json!({"location": here, "databases": [{"name": "Sales"}]}),
            ),
        },
        Case {
            reason: "LeaderNotRunning",
            says: &["the leader cluster leader1 is Stopped", "start it"],
            spec: json!({}),
            breaks: of("leader1", &json!({"state": "Stopped"})),
            heals: of("leader1", &json!({"state": "Running"})),
        },
        Case {
            reason: "LeaderDatabaseNotFound",
            says: &[
                "leader1 has no database Nope",
                "`spec.leader.databaseName` must",
            ],
            spec: json!({"leader": {"clusterResourceId": cluster("leader1"), "databaseName": "Nope"}}),
            breaks: json!({}),
            heals: of("leader1", &databases(json!({"name": "Nope"}))),
        },
        Case {
            reason: "RegionMismatch",
            says: &[
                "follower1 is in West Europe",
                "leader1 in North Europe",
                "must be in one region",
            ],
            spec: json!({}),
            breaks: of("leader1", &json!({"location": "North Europe"})),
            heals: of("leader1", &json!({"location": "westeurope"})),
        },
        Case {
            reason: "DatabaseNameTaken",
            says: &[
                "follower1 has a database sales of its own",
                "set `spec.databaseNameOverride`",
            ],
            spec: json!({}),
            breaks: of("follower1", &databases(json!({"name": "sales"}))),
            heals: of(
                "follower1",
                &databases(json!({"name": "sales", "$delete": true})),
            ),
        },
        Case {
            reason: "FollowerNotFound",
            says: &[
                "the follower cluster follower9 does not exist",
                "`spec.follower.clusterResourceId` must",
            ],
            spec: json!({"follower": {"clusterResourceId": cluster("follower9")}}),
            breaks: json!({}),
            heals: of("follower9", &json!({"location": here})),
        },
        Case {
            reason: "FollowerNotRunning",
            says: &["the follower cluster follower1 is Stopped", "start it"],
            spec: json!({}),
            breaks: of("follower1", &json!({"state": "Stopped"})),
            heals: of("follower1", &json!({"state": "Running"})),
        },
    ]
}

#[tokio::test(start_paused = true)]
async fn each_obstacle_is_told_before_the_first_put_and_ends_unaided() {
    for Case {
        reason,
        says,
        spec,
        breaks,
        heals,
    } in cases()
    {
        let harness = Harness::start();
        harness.patch(breaks);
        harness.api.create(declared("sales", &spec));
        let object = harness.until_reason("sales", reason).await;
        assert_says(&object, "Ready", says);
        assert_eq!(condition(&object, "Ready").unwrap().0, "False", "{reason}");
        harness.pass(Duration::from_hours(3)).await;
        let object = harness.api.get("analytics", "sales").unwrap();
        assert_eq!(
            condition(&object, "Stalled"),
            Some(("True", reason)),
            "nobody has healed it"
        );
        assert_eq!(object["status"].get("ownership"), None, "{reason}");
        assert_eq!(harness.changes(), [""; 0], "{reason}");
        let reads = harness.calls("GET").len();
        assert!(reads < 3 * 100, "{reason}: {reads} reads in three hours");

        harness.patch(heals);
        harness.until_ready("sales").await;
        assert_eq!(harness.changes(), ["PUT sales"], "{reason}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_missing_right_is_named_with_its_scope_and_cluster() {
    let (follower, leader) = (cluster("follower1"), cluster("leader1"));
    for (roles, reason, action, scope, refused) in [
        (
            vec![("leader1", "Contributor")],
            "AuthorizationFailed",
            "Microsoft.Kusto/Clusters/AttachedDatabaseConfigurations/read",
            &follower,
            false,
        ),
        (
            vec![("follower1", "Contributor")],
            "AuthorizationFailed",
            "Microsoft.Kusto/Clusters/read",
            &leader,
            false,
        ),
        // Whether a write is allowed only the write can tell.
        (
            vec![("follower1", "Reader"), ("leader1", "Contributor")],
            "AuthorizationFailed",
            "Microsoft.Kusto/Clusters/AttachedDatabaseConfigurations/write",
            &follower,
            true,
        ),
        (
            vec![("follower1", "Contributor"), ("leader1", "Reader")],
            "LinkedAuthorizationFailed",
            "Microsoft.Kusto/Clusters/write",
            &leader,
            true,
        ),
    ] {
        let harness = Harness::start();
        harness.grant(&roles);
        harness.api.create(declared("sales", &json!({})));
        let object = harness.until_reason("sales", reason).await;
        let said = message(&object, "Ready").unwrap().to_lowercase();
        let named = format!("the identity lacks `{action}` on `{scope}").to_lowercase();
        assert!(said.contains(&named), "{action}: {said}");
        assert_eq!(harness.changes().is_empty(), !refused, "{action}");
        assert_eq!(
            object["status"].get("ownership"),
            None,
            "{action}: a refused write makes nothing"
        );

        // For a while it may be a role that has not arrived everywhere.
        assert_eq!(condition(&object, "Stalled"), None, "{action}");
        harness.pass(Duration::from_hours(1)).await;
        let object = harness.api.get("analytics", "sales").unwrap();
        assert_eq!(
            condition(&object, "Stalled"),
            Some(("True", reason)),
            "{action}"
        );
        let refusals = harness.changes().len();
        assert!(
            refusals < 30,
            "{action}: {refusals} refused writes in an hour"
        );
        assert_eq!(harness.event_reasons("sales"), [reason], "{action}");
        let told = harness.api.count(Verb::Event);
        assert!(
            told <= 2,
            "{action}: told when it began and when it lasted, not {told} times"
        );

        harness.grant(&[("follower1", "Contributor"), ("leader1", "Contributor")]);
        let ready = harness.until_ready("sales").await;
        assert_eq!(ready["status"]["ownership"], "Created", "{action}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_works_and_may_surprise_is_a_warning() {
    let key = json!({"keyName": "key", "keyVaultUri": "https://vault.example/"});
    for (reason, says, breaks, heals) in [
        (
            "StreamingIngestionOff",
            "`enableStreamingIngest` on the follower",
            of("leader1", &json!({"enableStreamingIngest": true})),
            of("follower1", &json!({"enableStreamingIngest": true})),
        ),
        (
            "CustomerManagedKey",
            "customer-managed key",
            of("leader1", &json!({"keyVaultProperties": key})),
            of("leader1", &json!({"keyVaultProperties": null})),
        ),
        (
            "CustomerManagedKey",
            "customer-managed key",
            of("follower1", &json!({"keyVaultProperties": key})),
            of("follower1", &json!({"keyVaultProperties": null})),
        ),
    ] {
        let harness = Harness::start();
        harness.patch(breaks);
        harness.api.create(declared("sales", &json!({})));
        let ready = harness.until_ready("sales").await;
        assert_eq!(condition(&ready, "Warning"), Some(("True", reason)));
        assert_says(&ready, "Warning", &[says]);
        harness.patch(heals);
        let calm = harness
            .until("sales", "without a warning", |object| {
                condition(object, "Warning").is_none()
            })
            .await;
        assert_eq!(
            condition(&calm, "Ready"),
            Some(("True", "Attached")),
            "{reason}"
        );
        assert_eq!(harness.changes(), ["PUT sales"], "{reason}");
    }
}

#[tokio::test(start_paused = true)]
async fn both_clusters_are_shown_as_they_run() {
    let harness = Harness::start_with(&world(), Options::default());
    harness.api.create(declared("sales", &json!({})));
    let ready = harness.until_ready("sales").await;
    for kind in ["FollowerRunning", "LeaderRunning"] {
        assert_eq!(condition(&ready, kind), Some(("True", "Running")), "{kind}");
    }
    harness.patch_cluster("leader1", &json!({"state": "Stopped"}));
    let object = harness
        .until("sales", "seeing a stopped leader", |object| {
            condition(object, "LeaderRunning") == Some(("False", "Stopped"))
        })
        .await;
    // What is attached stays readable: the follower has its own compute.
    assert_eq!(condition(&object, "Ready"), Some(("True", "Attached")));
}
