//! What one team does to the time and the place of another.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::Instant;

use super::teams::Teams;
use super::witness::TEAM_B;
use super::world::{cluster, moved, object, with};

/// Objects of a team that asks for too much.
const CROWD: usize = 30;

#[tokio::test(flavor = "multi_thread")]
async fn one_team_neither_takes_nor_slows_what_is_anothers() {
    let operation = Duration::from_secs(4);
    let teams = Teams::gather("tenancy-requests", operation).await;

    teams
        .way("what the first call costs is not counted", async || {
            teams.create(object("a", "first", "Nothing")).await;
            teams
                .until_refused(("team-a", "first"), "LeaderDatabaseNotFound")
                .await;
        })
        .await;
    let undisturbed = attach(&teams, "undisturbed").await;
    teams
        .honestly("a token server that hangs for one team", async || {
            hang_tokens_of_b(&teams).await;
        })
        .await;
    let beside_hangs = attach(&teams, "beside-hangs").await;
    println!("Ready after {undisturbed:?}, beside hanging tokens {beside_hangs:?}");
    assert!(
        beside_hangs <= undisturbed.mul_f64(1.2),
        "{beside_hangs:?} instead of {undisturbed:?}"
    );
    let faults = teams.stage.simulator.faults().await.unwrap();
    let hits = faults[0]["fired"].as_u64().unwrap();
    assert!(hits > 0, "no token was asked for: {faults}");
    teams.stage.simulator.disarm_faults().await.unwrap();
    teams
        .honestly("tokens again", async || {
            for number in 0..CROWD {
                teams
                    .until_refused(
                        ("team-b", &format!("crowd-{number}")),
                        "AuthorizationFailed",
                    )
                    .await;
            }
        })
        .await;

    for (name, team, account, reason) in [
        (
            "squatting, by an identity that Azure does not let in",
            "b",
            json!("adx"),
            "AuthorizationFailed",
        ),
        (
            "squatting, with the operator's identity",
            "c",
            Value::Null,
            "AttachmentNotAllowed",
        ),
    ] {
        teams
            .way(name, async || {
                teams.create(squat(team, account)).await;
                let namespace = format!("team-{team}");
                teams.until_refused((&namespace, "squatter"), reason).await;
            })
            .await;
    }
    let beside_squatters = attach(&teams, "squatted").await;
    println!("Ready after {beside_squatters:?} beside squatters");

    flood(&teams).await;
    teams.stage.clear().await;
}

/// Attaches one more database for team a; says how long it took.
async fn attach(teams: &Teams, name: &str) -> Duration {
    let object = with(
        object("a", name, "Sales"),
        &[("/databaseNameOverride", json!(name))],
    );
    let mut took = Duration::ZERO;
    teams
        .honestly(name, async || {
            let started = Instant::now();
            teams.create(object).await;
            teams.until_ready(("team-a", name)).await;
            took = started.elapsed();
        })
        .await;
    took
}

/// Team b waits for tokens that do not come, with as many objects as could fill every place.
async fn hang_tokens_of_b(teams: &Teams) {
    let fault = json!({
        "name": "dead",
        "match": {"path": "/*/oauth2/v2.0/token", "principal": TEAM_B, "times": 0},
        "act": {"hang": true},
    });
    teams.stage.simulator.arm_fault(&fault).await.unwrap();
    for number in 0..CROWD {
        let name = format!("crowd-{number}");
        let object = with(
            object("b", &name, "Web"),
            &[("/follower/clusterResourceId", json!(cluster("follower-a")))],
        );
        teams.create(object).await;
    }
}

/// An object that declares the configuration which team a will want.
fn squat(team: &str, account: Value) -> Value {
    let object = with(
        object("a", "squatter", "Sales"),
        &[
            ("/configurationName", json!("squatted")),
            ("/serviceAccountName", account),
        ],
    );
    moved(object, team)
}

/// Objects that want to be compared each second, and may not: no call with the operator's identity, few with their own.
async fn flood(teams: &Teams) {
    let before = teams.stage.calls().await.len();
    teams
        .way("a flood of objects that may not", async || {
            for number in 0..CROWD {
                let name = format!("flood-{number}");
                let object = with(
                    object("c", &name, "LogsUs"),
                    &[("/follower/clusterResourceId", json!(cluster("follower-a")))],
                );
                teams.create(object).await;
            }
            for number in 0..CROWD {
                let name = format!("flood-{number}");
                teams
                    .until_refused(("team-c", &name), "AttachmentNotAllowed")
                    .await;
            }
        })
        .await;
    let calls = teams.stage.calls().await;
    let knocks = calls.iter().skip(before);
    let knocks = knocks.filter(|call| call.principal.as_deref() == Some(TEAM_B));
    let knocks = knocks.count();
    println!("{knocks} calls of {CROWD} objects that Azure does not let in, meanwhile");
    assert!(
        knocks <= CROWD,
        "an interval of a second is no right to knock each second"
    );
}
