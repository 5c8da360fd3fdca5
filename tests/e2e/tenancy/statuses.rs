//! What stands in metadata and status, copied, forged or removed, and then deleted.

use std::net::TcpListener;
use std::time::Duration;

use adx_follower_operator::clock::{Clock as _, SystemClock};
use serde_json::{Value, json};

use super::teams::{Key, OWN, Teams};
use super::world::{cluster, configuration, moved, object, with};

#[tokio::test(flavor = "multi_thread")]
async fn neither_copies_nor_forged_statuses_reach_across() {
    let mut teams = Teams::settle("tenancy-statuses", Duration::from_millis(500)).await;
    let before = teams.configurations().await;

    teams
        .way("a copy with all its status", async || {
            copied(&teams).await;
        })
        .await;
    teams
        .way("a forged status, Azure says no", async || {
            forged_own(&teams).await;
        })
        .await;
    teams
        .way("a forged status, the policy says no", async || {
            forged_refused(&teams).await;
        })
        .await;
    teams
        .way("a forged status, another object is there", async || {
            forged_claimed(&teams).await;
        })
        .await;
    teams
        .way("a forged ownership of a neighbour's", async || {
            forged_neighbour(&teams).await;
        })
        .await;
    teams
        .way("an operation on another host", async || {
            another_host(&teams).await;
        })
        .await;
    assert_eq!(teams.configurations().await, before);

    // Nobody reconciles while the finalizer goes, as a user can arrange by deleting in a busy moment.
    teams.stage.kill_operator().await;
    teams
        .way(
            "the finalizer is taken away and the object deleted",
            async || {
                let none = json!({"metadata": {"finalizers": []}});
                teams.patch(("team-b", "web"), &none).await;
                teams.delete(("team-b", "web")).await;
                teams.until_gone(("team-b", "web")).await;
            },
        )
        .await;
    teams.start_operator().await;
    teams
        .way("the operator starts anew", async || {
            for key in [OWN[0], OWN[2], OWN[3]] {
                teams.look_again(key).await;
                teams.until_ready(key).await;
            }
        })
        .await;
    assert_eq!(
        teams.configurations().await,
        before,
        "what it left is there"
    );
    teams
        .way(
            "it is created again and takes over what it had",
            async || {
                teams.create(object("b", "web", "Web")).await;
                teams.until_ready(("team-b", "web")).await;
            },
        )
        .await;
    teams
        .honestly("squatting with a forged ownership", async || {
            squatted(&teams).await;
        })
        .await;
    teams
        .way("a forged status of an allowed object", async || {
            forged_allowed(&teams).await;
        })
        .await;
    teams.stage.clear().await;
}

/// An object of another team that declares what is team a's; it has the finalizer already.
fn foreign(team: &str, configuration: &str, database: &str) -> Value {
    let object = with(
        object("a", "forged", database),
        &[("/configurationName", json!(configuration))],
    );
    let mut object = moved(object, team);
    object["metadata"]["finalizers"] = json!(["adx-follower.dev/detach"]);
    object
}

/// Owner of team a's configuration, with an operation of its own that detaches it.
fn forgery(name: &str) -> Value {
    json!({
        "observedGeneration": 1,
        "ownership": "Created",
        "configurationId": configuration("follower-a", name),
        "operation": {
            "kind": "Detach",
            "startedAt": "2026-01-01T00:00:00Z",
            "generation": 1,
        },
    })
}

fn with_operation(mut status: Value, url: &str) -> Value {
    status["operation"]["url"] = json!(url);
    status["operation"]["startedAt"] = json!(SystemClock.now().to_string());
    status
}

async fn copied(teams: &Teams) {
    let original = teams.get(("team-a", "sales")).await;
    assert!(original.status.is_some());
    let mut copy = serde_json::to_value(original).unwrap();
    copy["metadata"] = json!({
        "name": "sales",
        "namespace": "team-b",
        "finalizers": copy["metadata"]["finalizers"],
    });
    let copy = teams.create(copy).await;
    let ownership = copy.status.and_then(|status| status.ownership);
    assert_eq!(
        ownership, None,
        "the API server drops a status that is created"
    );
    teams
        .until_refused(("team-b", "sales"), "AuthorizationFailed")
        .await;
    teams.delete(("team-b", "sales")).await;
    teams.until_gone(("team-b", "sales")).await;
}

/// No object of team a's declares this configuration, so that nothing but Azure stands in the way.
async fn forged_own(teams: &Teams) {
    let key = ("team-b", "forged");
    teams.create(foreign("b", "portal", "Secret")).await;
    teams.until_refused(key, "AuthorizationFailed").await;
    teams.forge_status(key, &forgery("portal")).await;
    teams.delete(key).await;
    teams.still_refused(key, "AuthorizationFailed").await;
    let_go(teams, key).await;
}

async fn forged_refused(teams: &Teams) {
    let key = ("team-c", "forged");
    let object = with(
        foreign("c", "portal", "Secret"),
        &[("/serviceAccountName", Value::Null)],
    );
    teams.create(object).await;
    teams.until_refused(key, "AttachmentNotAllowed").await;
    teams.forge_status(key, &forgery("portal")).await;
    teams.delete(key).await;
    teams.still_refused(key, "AttachmentNotAllowed").await;
    let_go(teams, key).await;
}

/// What an object declares that is there stays its own: the other goes without a look at Azure.
async fn forged_claimed(teams: &Teams) {
    for (key, account) in [
        (("team-b", "forged"), json!("adx")),
        (("team-c", "forged"), Value::Null),
    ] {
        let team = key.0.trim_start_matches("team-");
        let object = foreign(team, "sales", "Sales");
        teams
            .create(with(object, &[("/serviceAccountName", account)]))
            .await;
        teams.forge_status(key, &forgery("sales")).await;
        teams.look_again(key).await;
        teams.delete(key).await;
        teams.until_gone(key).await;
    }
}

/// Whom Azure does not let in owns nothing, whatever stands in its status.
async fn squatted(teams: &Teams) {
    let squatter = ("team-b", "forged");
    teams.create(foreign("b", "late", "Secret")).await;
    teams.until_refused(squatter, "AuthorizationFailed").await;
    teams.forge_status(squatter, &forgery("late")).await;
    teams.look_again(squatter).await;
    let late = with(
        object("a", "late", "Secret"),
        &[("/databaseNameOverride", json!("Late"))],
    );
    teams.create(late).await;
    teams.until_ready(("team-a", "late")).await;
}

/// What can't be detached is left where it is, if its author says so.
async fn let_go(teams: &Teams, key: Key<'_>) {
    let orphan = json!({"spec": {"deletionPolicy": "Orphan"}});
    teams.patch(key, &orphan).await;
    teams.until_gone(key).await;
}

/// The spec is allowed, and the status points elsewhere: to where an operation of team a's would be followed.
async fn forged_allowed(teams: &Teams) {
    let key = ("team-c", "forged");
    let mut object = object("c", "forged", "LogsEu");
    object["metadata"]["finalizers"] = json!(["adx-follower.dev/detach"]);
    // Suspended, so that nothing is attached before the forgery stands.
    object["spec"]["suspend"] = json!(true);
    teams.create(object).await;
    let below = format!(
        "{}{}/operationResults/1?api-version=2024-04-13",
        teams.stage.simulator.url(),
        configuration("follower-a", "sales")
    );
    teams
        .forge_status(key, &with_operation(forgery("sales"), &below))
        .await;
    teams.delete(key).await;
    teams.until_gone(key).await;
}

/// Two namespaces may use the follower; the one says that it owns what is the other's.
async fn forged_neighbour(teams: &Teams) {
    let key = ("team-c", "forged");
    let mut object = with(
        object("c", "forged", "LogsEu"),
        &[
            ("/configurationName", json!("traces")),
            ("/suspend", json!(true)),
        ],
    );
    object["metadata"]["finalizers"] = json!(["adx-follower.dev/detach"]);
    teams.create(object).await;
    let owner = json!({
        "observedGeneration": 1,
        "ownership": "Created",
        "configurationId": configuration("follower-c", "traces"),
    });
    teams.forge_status(key, &owner).await;
    teams.patch(key, &json!({"spec": {"suspend": false}})).await;
    teams.until_refused(key, "ConfigurationClaimed").await;
    teams.delete(key).await;
    teams.until_gone(key).await;
}

/// Whoever listens there would be sent a token.
async fn another_host(teams: &Teams) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let port = listener.local_addr().unwrap().port();
    let key = ("team-c", "forged");
    let mut object = object("c", "forged", "LogsEu");
    object["metadata"]["finalizers"] = json!(["adx-follower.dev/detach"]);
    object["spec"]["suspend"] = json!(true);
    teams.create(object).await;
    let mut owner = forgery("sales");
    owner["configurationId"] = json!(configuration("follower-c", "forged"));
    let url = format!(
        "https://127.0.0.1:{port}{}/operationResults/1",
        cluster("follower-c")
    );
    teams.forge_status(key, &with_operation(owner, &url)).await;
    teams.delete(key).await;
    teams.until_gone(key).await;
    let knocked = listener.accept();
    assert!(
        knocked.is_err_and(|error| error.kind() == std::io::ErrorKind::WouldBlock),
        "nobody connects to a host that a status names"
    );
}
