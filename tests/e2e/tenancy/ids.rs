//! Objects that ask for what belongs to others, in every spelling: refused when they are applied, or by the operator, or
//! by Azure, and each time without a write.

use std::time::Duration;

use adx_follower_operator::api::AttachedDatabase;
use serde_json::{Value, json};

use super::teams::{OWN, Teams};
use super::witness::{OPERATOR, TEAM_A};
use super::world::{object, with};
use super::{own_identity, policy, spellings};

/// A name, an object, and what has to become of it.
pub(crate) type Way = (String, Value, Seen);

/// What has to become of an object.
#[derive(Clone, Copy)]
pub(crate) enum Seen {
    /// The API server does not take it, and names this.
    NotAdmitted(&'static str),
    /// Ready is False for this reason.
    Refused(&'static str),
}

use Seen::{NotAdmitted, Refused};

#[tokio::test(flavor = "multi_thread")]
async fn no_spelling_of_an_object_reaches_another_teams_clusters() {
    let teams = Teams::settle("tenancy-ids", Duration::from_secs(1)).await;
    prepare(&teams).await;
    let before = teams.configurations().await;
    let ways = ways();
    println!("{} ways", ways.len());

    // All that are taken wait side by side: a refusal is told after two looks.
    let mut created = Vec::new();
    for (number, (name, object, seen)) in ways.into_iter().enumerate() {
        let mut object = object;
        object["metadata"]["name"] = json!(format!("way-{number}"));
        match (seen, teams.try_create(object).await) {
            (Refused(reason), Ok(object)) => created.push((name, object, reason)),
            (Refused(_), Err(error)) => panic!("{name}: must be admitted, but {error}"),
            (NotAdmitted(_), Ok(_)) => panic!("{name}: must not be admitted"),
            (NotAdmitted(part), Err(error)) => {
                eprintln!("way: {name}");
                assert!(error.to_string().contains(part), "{name}: {error}");
            }
        }
    }
    for (name, object, reason) in &created {
        teams
            .way(name, async || {
                teams.until_refused(key(object), reason).await;
            })
            .await;
    }
    teams
        .way("all of them go without a trace", async || {
            for (_, object, _) in &created {
                teams.delete(key(object)).await;
            }
            for (_, object, _) in &created {
                teams.until_gone(key(object)).await;
            }
        })
        .await;
    assert_eq!(teams.configurations().await, before);
    for key in OWN {
        teams.look_again(key).await;
        teams.until_ready(key).await;
    }
    teams.stage.clear().await;
}

fn key(object: &AttachedDatabase) -> (&str, &str) {
    let namespace = object.metadata.namespace.as_deref().unwrap();
    (namespace, object.metadata.name.as_deref().unwrap())
}

/// Accounts of team b that pretend to be somebody else.
async fn prepare(teams: &Teams) {
    for (name, client_id) in [
        ("as-team-a", TEAM_A),
        ("as-operator", OPERATOR),
        ("up-and-away", "../common"),
    ] {
        teams.make_account(("team-b", name), client_id).await;
    }
    teams.make_account(("team-b", "bare"), "").await;
    teams.make_account(("team-b", "elsewhere"), TEAM_A).await;
    let elsewhere =
        json!({"metadata": {"annotations": {"azure.workload.identity/tenant-id": "x/../y?"}}});
    teams
        .accounts("team-b")
        .patch(
            "elsewhere",
            &kube::api::PatchParams::default(),
            &kube::api::Patch::Merge(elsewhere),
        )
        .await
        .unwrap();
}

fn ways() -> Vec<Way> {
    let mut ways = spellings::ways();
    ways.extend(own_identity::ways());
    ways.extend(policy::ways());
    ways
}

/// Team b's object, with one field of its spec changed.
pub(crate) fn b(path: &str, value: impl Into<Value>) -> Value {
    with(object("b", "b", "Web"), &[(path, value.into())])
}

/// Team c's object, with one field of its spec changed.
pub(crate) fn c(path: &str, value: impl Into<Value>) -> Value {
    with(object("c", "c", "LogsEu"), &[(path, value.into())])
}
