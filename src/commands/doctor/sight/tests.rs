//! Each thing that Azure may show, and what mends it.

use std::sync::Arc;

use serde_json::json;

use super::*;
use crate::{
    azure::error::Class,
    commands::doctor::checks::Finding,
    controller::{Account, snapshot::Operation, validate::validate},
};

const ENDPOINT: &str = "https://management.example";

fn id(name: &str) -> String {
    format!("/subscriptions/s1/resourceGroups/rg1/providers/Microsoft.Kusto/clusters/{name}")
}

fn desired(database: &str) -> Desired {
    let object = json!({
        "apiVersion": "adx-follower.dev/v1alpha1", "kind": "AttachedDatabase", "metadata": {"name": "sales"},
        "spec": {
            "follower": {"clusterResourceId": id("follower1")},
            "leader": {"clusterResourceId": id("leader1"), "databaseName": database},
        },
    });
    validate(&serde_json::from_value(object).unwrap()).unwrap()
}

fn in_state(state: &str, location: &str) -> Cluster {
    serde_json::from_value(json!({"location": location, "properties": {"state": state}})).unwrap()
}

fn leader(databases: LeaderDatabases) -> Leader {
    Leader::Present {
        cluster: in_state("Running", "West Europe"),
        databases,
    }
}

/// All as it should be.
fn sight() -> Sight {
    Sight {
        follower: Follower::Present(in_state("Running", "West Europe")),
        databases: Databases::Listed(Vec::new()),
        leader: leader(LeaderDatabases::Found),
        ..Sight::new(Operation::None)
    }
}

fn failure(class: Class, reason: &'static str, message: &str) -> Failure {
    Failure {
        class,
        reason,
        message: message.to_owned(),
        retry_after: None,
    }
}

fn denied(action: &str, scope: &str) -> Failure {
    let message = format!("the identity lacks `{action}` on `{scope}`: AuthorizationFailed: no");
    failure(Class::Denied, "AuthorizationFailed", &message)
}

fn found(sight: &Sight, database: &str) -> Vec<Check> {
    let asker = Asker {
        identity: &Identity::Operator,
        client: Some("c1"),
        endpoint: ENDPOINT,
    };
    judge(&desired(database), sight, asker)
}

fn results(checks: &[Check]) -> Vec<Finding> {
    checks.iter().map(|check| check.result).collect()
}

#[test]
fn all_as_it_should_be() {
    use Finding::Ok;
    let checks = found(&sight(), "Sales");
    assert_eq!(results(&checks), [Ok; 5]);
    let topics: Vec<Topic> = checks.iter().map(|check| check.id).collect();
    assert!(topics.is_sorted(), "{topics:?}");
}

/// A name, what is seen, what comes of it in the order of the checks, and a part of the remedies.
type Case = (&'static str, Sight, [Finding; 5], &'static str);

fn assert_each(cases: Vec<Case>) {
    for (case, sight, expected, remedy) in cases {
        let checks = found(&sight, "Sales");
        assert_eq!(results(&checks), expected, "{case}: {checks:?}");
        let remedies: String = checks
            .iter()
            .flat_map(|check| check.remedies.clone())
            .collect();
        assert!(remedies.contains(remedy), "{case}: {remedies}");
        assert_eq!(remedies.is_empty(), remedy.is_empty(), "{case}");
    }
}

#[test]
fn each_state_of_the_follower_has_its_place() {
    use Finding::{Fail, Ok, Skip, Warn};
    assert_each(vec![
        (
            "a stopped follower",
            Sight {
                follower: Follower::Present(in_state("Stopped", "westeurope")),
                ..sight()
            },
            [Fail, Skip, Ok, Ok, Ok],
            "az kusto cluster start --ids /subscriptions/s1/",
        ),
        (
            "a starting follower",
            Sight {
                follower: Follower::Present(in_state("Starting", "westeurope")),
                ..sight()
            },
            [Warn, Ok, Ok, Ok, Ok],
            "",
        ),
        (
            "no follower",
            Sight {
                follower: Follower::Absent,
                ..sight()
            },
            [Fail, Skip, Ok, Skip, Ok],
            "az kusto cluster list --subscription s1",
        ),
        (
            "a follower that may not be read",
            Sight {
                follower: Follower::Unknown(denied(
                    "Microsoft.Kusto/Clusters/read",
                    &id("follower1"),
                )),
                ..sight()
            },
            [Fail, Skip, Ok, Skip, Ok],
            "clusters/follower1",
        ),
        (
            "configurations that may not be read",
            Sight {
                configuration: Remote::Unknown(denied(
                    "Microsoft.Kusto/Clusters/AttachedDatabaseConfigurations/read",
                    &id("follower1"),
                )),
                ..sight()
            },
            [Ok, Fail, Ok, Ok, Ok],
            "--assignee c1 --role 'ADX Follower Operator' --scope /subscriptions/s1/resourceGroups/rg1/providers/Microsoft.Kusto/clusters/follower1",
        ),
        (
            "databases that may not be read",
            Sight {
                databases: Databases::Unknown(denied(
                    "Microsoft.Kusto/Clusters/Databases/read",
                    &id("follower1"),
                )),
                ..sight()
            },
            [Ok, Fail, Ok, Ok, Ok],
            "clusters/follower1",
        ),
    ]);
}

#[test]
fn each_state_of_the_leader_has_its_place() {
    use Finding::{Fail, Ok, Skip};
    let two_regions = Leader::Present {
        cluster: in_state("Running", "North Europe"),
        databases: LeaderDatabases::Found,
    };
    assert_each(vec![
        (
            "no leader",
            Sight {
                leader: Leader::Absent,
                ..sight()
            },
            [Ok, Ok, Fail, Skip, Skip],
            "az kusto cluster list --subscription s1",
        ),
        (
            "a leader that may not be read",
            Sight {
                leader: Leader::Unknown(denied("Microsoft.Kusto/Clusters/read", &id("leader1"))),
                ..sight()
            },
            [Ok, Ok, Fail, Skip, Skip],
            "clusters/leader1",
        ),
        (
            "two regions",
            Sight {
                leader: two_regions,
                ..sight()
            },
            [Ok, Ok, Ok, Fail, Ok],
            "region: location",
        ),
        (
            "no such database",
            Sight {
                leader: leader(LeaderDatabases::Missing),
                ..sight()
            },
            [Ok, Ok, Ok, Ok, Fail],
            "az kusto database list --cluster-name leader1",
        ),
        (
            "the leader's databases may not be read",
            Sight {
                leader: leader(LeaderDatabases::Unknown(denied(
                    "Microsoft.Kusto/Clusters/Databases/read",
                    &format!("{}/databases/Sales", id("leader1")),
                ))),
                ..sight()
            },
            [Ok, Ok, Ok, Ok, Fail],
            "clusters/leader1",
        ),
    ]);
}

#[test]
fn every_database_of_a_leader_is_counted() {
    let all = |names: &[&str]| Sight {
        leader: leader(LeaderDatabases::Names(
            names.iter().map(|name| (*name).to_owned()).collect(),
        )),
        ..sight()
    };
    for (sight, result) in [
        (all(&["Sales", "Stock"]), Finding::Ok),
        (all(&[]), Finding::Warn),
    ] {
        let checks = found(&sight, "*");
        assert_eq!(checks.last().unwrap().result, result);
    }
}

#[test]
fn each_failure_has_its_remedy() {
    let account = Identity::Account(Arc::new(Account {
        namespace: "team".to_owned(),
        name: "adx".to_owned(),
        uid: String::new(),
        client_id: "c2".to_owned(),
        tenant_id: "t2".to_owned(),
    }));
    let cluster: ClusterId = id("follower1").parse().unwrap();
    let operator = Identity::Operator;
    for (identity, reason, remedy) in [
        (
            &operator,
            "ProviderNotRegistered",
            "az provider register --namespace Microsoft.Kusto --subscription s1",
        ),
        (
            &operator,
            "InvalidApiVersion",
            "--arm-api-version 2024-04-13",
        ),
        (
            &operator,
            "WrongTenant",
            "export AZURE_TENANT_ID=\"$(az account show --subscription s1",
        ),
        (
            &account,
            "WrongTenant",
            "kubectl annotate serviceaccount adx -n team",
        ),
        (
            &account,
            "SubscriptionNotFound",
            "azure.workload.identity/tenant-id=",
        ),
        (&operator, "WrongAudience", "az cloud show"),
        (
            &operator,
            "ScopeLocked",
            "az lock list --resource-group rg1",
        ),
        (
            &operator,
            "ArmUnavailable",
            "https://management.example/metadata/endpoints",
        ),
        // Azure named nothing: the cluster itself is what the identity needs.
        (&operator, "AuthorizationFailed", "clusters/follower1"),
        (&operator, "Throttled", ""),
    ] {
        let asker = Asker {
            identity,
            client: None,
            endpoint: ENDPOINT,
        };
        let failure = failure(Class::Rejected, reason, "no");
        let check = unreadable(Topic::Follower, &cluster, &failure, asker);
        assert_eq!(check.result, Finding::Fail);
        assert_eq!(check.message, format!("{reason}: no"));
        assert!(
            check.remedies.concat().contains(remedy),
            "{reason}: {:?}",
            check.remedies
        );
        assert_eq!(check.remedies.is_empty(), remedy.is_empty());
    }
}
