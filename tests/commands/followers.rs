//! `adx-follower followers`: the list, who manages what, and detaching.

use std::time::Duration;

use adx_follower_operator::cli::Command;
use adx_follower_operator::commands::followers::{self, Managers, Request, managed_in};
use adx_follower_operator::commands::{CommandError, Ending};
use kusto_arm_simulator::Simulator;
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::api_server::FakeApi;
use crate::harness::{attached_database, cluster, configuration, world};
use crate::{Answer, Ran, azure, on_console, parsed, writes};

/// Sales is followed by two configurations on follower1, everything by one on follower2.
fn followed() -> Value {
    let mut world = world();
    let properties = |database: &str, prefix: &str| json!({"clusterResourceId": cluster("leader1"), "databaseName": database, "databaseNamePrefix": prefix});
    world["configurations"] = json!([
        {"id": configuration("follower1", "sales"), "properties": properties("Sales", "a_")},
        {"id": configuration("follower1", "by hand"), "properties": properties("Sales", "b_")},
        {"id": configuration("follower2", "all"), "properties": properties("*", "c_")},
    ]);
    world
}

async fn run(
    (simulator, managers): (&Simulator, Managers),
    arguments: &[&str],
    answer: Answer,
) -> Ran {
    let leader = cluster("leader1");
    let mut words = vec!["followers", "--leader", &leader];
    words.extend(arguments);
    let Command::Followers(arguments) = parsed(&words) else {
        panic!("followers is another command");
    };
    let arm = crate::in_process::arm_client(simulator);
    on_console(answer, async |console| {
        let request = Request::new(&arguments)?;
        followers::run(&request, &arm, managers, console).await
    })
    .await
}

async fn kubernetes() -> Managers {
    let api = FakeApi::new();
    api.create(attached_database("sales"));
    let mut other = attached_database("other");
    other["spec"]["follower"]["clusterResourceId"] = json!("no id");
    api.create(other);
    managed_in(api.client()).await
}

fn following(follower: &str, name: &str) -> String {
    format!("{}/{name}", cluster(follower))
}

#[tokio::test(start_paused = true)]
async fn the_list_says_who_manages_what() {
    let (simulator, _) = azure(&followed());
    let ran = run((&simulator, kubernetes().await), &[], None).await;
    let id = |follower, name| following(follower, name);
    assert_eq!(
        ran.output,
        format!(
            "FOLLOWER   CONFIGURATION  DATABASE  ORIGIN  MANAGED BY       ID\n\
             follower1  by hand        Sales     Direct  -                {}\n\
             follower1  sales          Sales     Direct  analytics/sales  {}\n\
             follower2  all            *         Direct  -                {}\n",
            id("follower1", "by hand"),
            id("follower1", "sales"),
            id("follower2", "all"),
        )
    );
    assert_eq!(ran.ending.unwrap(), Ending::Done);

    let ran = run((&simulator, kubernetes().await), &["-o", "json"], None).await;
    let rows: Value = serde_json::from_str(&ran.output).unwrap();
    assert_eq!(
        rows[1],
        json!({
            "follower": cluster("follower1"), "configuration": "sales", "database": "Sales", "origin": "Direct",
            "managed": true, "managedBy": "analytics/sales", "id": id("follower1", "sales"),
        })
    );
    assert_eq!(
        (&rows[0]["managed"], &rows[0]["managedBy"]),
        (&json!(false), &json!(null))
    );
    // The list is a POST, and nothing else was sent that could write.
    assert!(
        writes(&simulator)
            .iter()
            .all(|write| write.contains("listFollowerDatabases"))
    );
}

#[tokio::test(start_paused = true)]
async fn without_kubernetes_nothing_is_claimed() {
    let (simulator, _) = azure(&followed());
    let ran = run((&simulator, Managers::NotAsked), &["-o", "json"], None).await;
    let rows: Value = serde_json::from_str(&ran.output).unwrap();
    assert_eq!(rows[0]["managed"], json!(null));
    assert_eq!(ran.remarks, "");
    let unknown = Managers::Unknown("it is away".to_owned());
    let ran = run((&simulator, unknown), &[], None).await;
    assert!(ran.output.contains("  ?  "), "{}", ran.output);
    assert_eq!(
        ran.remarks,
        "warning: cannot tell which are managed: it is away; --no-kubernetes does not ask\n"
    );
    assert_eq!(ran.ending.unwrap(), Ending::Done);

    let (lonely, _) = azure(&world());
    let ran = run((&lonely, Managers::NotAsked), &[], None).await;
    assert_eq!(ran.output, "nobody follows leader1\n");
    let (nothing, _) =
        azure(&json!({"clusters": [{"id": cluster("follower2"), "location": "West Europe"}]}));
    let ran = run((&nothing, Managers::NotAsked), &[], None).await;
    assert!(matches!(ran.ending, Err(CommandError::NoCluster(_))));
}

#[tokio::test(start_paused = true)]
async fn a_detach_asks_and_is_followed_to_its_end() {
    for (answer, arguments, detached) in [
        (Some("y\n"), &[][..], true),
        (Some("Yes\n"), &[], true),
        (Some("\n"), &[], false),
        (Some(""), &[], false),
        (Some("no\n"), &[], false),
        (None, &["--yes"], true),
    ] {
        let (simulator, _) = azure(&followed());
        let target = following("follower1", "SALES");
        let mut words = vec!["--detach", &target];
        words.extend(arguments);
        let started = Instant::now();
        let ran = run((&simulator, kubernetes().await), &words, answer).await;
        let case = format!("{answer:?} {arguments:?}: {ran:?}");
        assert!(
            ran.remarks
                .contains("follower1 follows Sales of leader1 by SALES (Direct)"),
            "{case}"
        );
        assert!(
            ran.remarks
                .contains("the object analytics/sales declares it"),
            "{case}"
        );
        let left = simulator.world()["configurations"]
            .as_array()
            .unwrap()
            .len();
        assert_eq!(left, if detached { 2 } else { 3 }, "{case}");
        if detached {
            assert_eq!(ran.output, "detached SALES of follower1\n", "{case}");
            assert_eq!(ran.ending.unwrap(), Ending::Done);
            assert!(
                started.elapsed() >= Duration::from_secs(20),
                "the operation takes so long"
            );
        } else {
            assert!(ran.remarks.ends_with("nothing was detached\n"), "{case}");
            assert_eq!(ran.ending.unwrap(), Ending::Failed);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn several_are_detached_one_after_the_other() {
    let (simulator, _) = azure(&followed());
    let (one, two) = (
        following("follower1", "sales"),
        following("follower2", "all"),
    );
    let words = ["--detach", &one, &two, &one, "--yes"];
    let ran = run((&simulator, Managers::NotAsked), &words, None).await;
    assert_eq!(
        ran.output,
        "detached sales of follower1\ndetached all of follower2\n"
    );
    assert_eq!(ran.ending.unwrap(), Ending::Done);
}

#[tokio::test(start_paused = true)]
async fn nothing_is_sent_without_consent_or_for_what_is_not_there() {
    let (simulator, _) = azure(&followed());
    let sales = following("follower1", "sales");
    let ran = run(
        (&simulator, Managers::NotAsked),
        &["--detach", &sales],
        None,
    )
    .await;
    assert_eq!(ran.ending.unwrap_err().code(), 2, "nobody can be asked");
    let absent = following("follower2", "sales");
    let words = ["--detach", &sales, &absent, "--yes"];
    let ran = run((&simulator, Managers::NotAsked), &words, None).await;
    assert!(
        ran.remarks.contains("does not follow leader1"),
        "{}",
        ran.remarks
    );
    assert_eq!(ran.ending.unwrap(), Ending::Failed);
    let ran = run(
        (&simulator, Managers::NotAsked),
        &["--detach", "sales", "--yes"],
        None,
    )
    .await;
    assert_eq!(ran.ending.unwrap_err().code(), 2);
    assert_eq!(
        simulator.world()["configurations"]
            .as_array()
            .unwrap()
            .len(),
        3
    );
}

#[tokio::test(start_paused = true)]
async fn a_detach_that_fails_says_why_and_an_unclear_one_is_looked_after() {
    let target = following("follower1", "sales");
    let detach = "**/detachFollowerDatabases";
    for (act, detached) in [
        (json!({"status": 403}), false),
        (json!({"status": 504}), false),
        (json!({"status": 504, "after": true}), true),
        (json!({"reset": true, "after": true}), true),
        (
            json!({"operation": {"status": "Failed", "error": {"code": "ServiceIsInMaintenance", "message": "[Conflict] busy"}}}),
            false,
        ),
    ] {
        let (simulator, _) = azure(&followed());
        simulator
            .arm_fault(json!({"match": {"method": "POST", "path": detach, "times": 1}, "act": act}))
            .unwrap();
        let words = ["--detach", &target, "--yes"];
        let ran = run((&simulator, Managers::NotAsked), &words, None).await;
        let ending = ran.ending.unwrap();
        assert_eq!(ending == Ending::Done, detached, "{act}: {}", ran.remarks);
        if !detached {
            assert!(
                ran.remarks
                    .contains("error: cannot detach sales of follower1: "),
                "{act}: {}",
                ran.remarks
            );
        }
    }
}
