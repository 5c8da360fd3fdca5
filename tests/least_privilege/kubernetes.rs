//! The rights in Kubernetes that `docs/security.md` lists are those that the operator asks for.

use std::collections::BTreeSet;
use std::time::Duration;

use adx_follower_operator::controller::{OwnIdentities, Tenancy};
use serde_json::json;

use crate::api_server::{Request, Verb};
use crate::harness::{Harness, cluster, condition, declared, open_policy, world};

const CLIENT: &str = "33333333-3333-4333-8333-333333333333";
const TENANT: &str = "11111111-1111-4111-8111-111111111111";

/// The rights of the page, as `resource verb`. Leases are another matter: they are none of the controller's.
fn listed() -> BTreeSet<String> {
    let page = include_str!("../../docs/security.md");
    let (_, section) = page.split_once("\n## Rights in Kubernetes\n").unwrap();
    let section = section.split("\n## ").next().unwrap();
    let rows = section.lines().filter(|line| line.starts_with("| `"));
    let rights = rows.flat_map(|row| {
        let cells: Vec<&str> = row.split('|').map(str::trim).collect();
        let resource = cells[1].split('`').nth(1).unwrap();
        cells[2]
            .split(", ")
            .map(move |verb| format!("{resource} {verb}"))
    });
    rights
        .filter(|right| !right.starts_with("leases "))
        .collect()
}

/// The right that a request takes.
fn right(request: &Request) -> String {
    let plural = request.kind.served().plural;
    let (below, verb) = match request.verb {
        Verb::List => ("", "list"),
        Verb::Watch => ("", "watch"),
        Verb::Get | Verb::Crd => ("", "get"),
        Verb::Create => ("", "create"),
        Verb::Replace => ("", "update"),
        Verb::Patch => ("", "patch"),
        Verb::Delete => ("", "delete"),
        Verb::WriteStatus => ("/status", method(request)),
        Verb::RequestToken => ("/token", "create"),
        Verb::Event => ("", method(request)),
    };
    format!("{plural}{below} {verb}")
}

fn method(request: &Request) -> &'static str {
    match request.method.as_str() {
        "POST" => "create",
        "PATCH" => "patch",
        _ => "update",
    }
}

#[tokio::test(start_paused = true)]
async fn kubernetes_is_asked_for_what_the_page_lists_and_for_nothing_else() {
    let mut world = world();
    world["identities"] = json!([
        {"clientId": CLIENT, "federatedSubjects": ["system:serviceaccount:analytics:adx"]},
        {"clientId": "operator"},
    ]);
    let both = Tenancy::Policies(OwnIdentities::Enabled);
    let harness = Harness::start_shared(&world, both, |api| {
        api.create_policy("open", open_policy());
        api.create_service_account(
            "analytics",
            "adx",
            &[
                ("azure.workload.identity/client-id", CLIENT),
                ("azure.workload.identity/tenant-id", TENANT),
            ],
        );
    });
    harness.api.create(declared("sales", &json!({})));
    harness.until_ready("sales").await;
    let follower = json!({"clusterResourceId": cluster("follower2")});
    harness.api.create(declared(
        "own",
        &json!({"serviceAccountName": "adx", "follower": follower, "interval": "1m"}),
    ));
    harness.until_ready("own").await;
    // The same event twice within minutes is one that is patched.
    for _ in 0..2 {
        let changed = json!({"defaultPrincipalsModificationKind": "None"});
        harness.patch(json!({"configurations": [{
            "id": crate::harness::configuration("follower2", "own"), "properties": changed,
        }]}));
        harness
            .until("own", "drifted", |object| {
                condition(object, "InSync").is_some_and(|(status, _)| status == "False")
            })
            .await;
        harness.until_ready("own").await;
    }
    // A cache that is behind is read past.
    harness.api.freeze_watches();
    harness.pass(Duration::from_mins(2)).await;
    harness.api.thaw_watches();
    for name in ["sales", "own"] {
        harness.api.delete("analytics", name);
        harness.until_gone(name).await;
    }
    let asked: BTreeSet<String> = harness.api.requests().iter().map(right).collect();
    assert_eq!(asked, listed());
}
