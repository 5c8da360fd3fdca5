//! `adx-follower diff`: what is written, and the exit codes.

use std::fs;

use adx_follower_operator::cli::Command;
use adx_follower_operator::commands::{Ending, diff};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::harness::{attached_database, cluster, configuration, world};
use crate::{Ran, azure, on_console, parsed, writes};

/// Writes `objects` to a file, one document each, and runs `diff` with `arguments` on it.
async fn run(world: &Value, objects: &[Value], arguments: &[&str]) -> Ran {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("a.yaml");
    let documents: Vec<String> = objects.iter().map(Value::to_string).collect();
    fs::write(&file, documents.join("\n---\n")).unwrap();
    let mut words = vec!["diff", file.to_str().unwrap()];
    words.extend(arguments);
    let Command::Diff(arguments) = parsed(&words) else {
        panic!("diff is another command");
    };
    let (simulator, arm) = azure(world);
    let now = "2026-01-01T00:00:00Z".parse().unwrap();
    let mut ran = on_console(None, async |console| {
        Ok(diff::run(&arguments, arm, now, console).await)
    })
    .await;
    assert_eq!(writes(&simulator), Vec::<String>::new());
    let shown = format!("{}", file.display());
    ran.output = ran.output.replace(&shown, "a.yaml");
    ran
}

/// [`world`] with Sales attached by the configuration `sales`.
fn attached(properties: &Value) -> Value {
    let mut world = world();
    let mut all = json!({"clusterResourceId": cluster("leader1"), "databaseName": "Sales"});
    all.as_object_mut()
        .unwrap()
        .extend(properties.as_object().unwrap().clone());
    world["configurations"] =
        json!([{"id": configuration("follower1", "sales"), "properties": all}]);
    world
}

#[tokio::test(start_paused = true)]
async fn a_new_object_is_told_field_by_field() {
    let mut object = attached_database("sales");
    object["spec"]["databaseNamePrefix"] = json!("eu_");
    let ran = run(&world(), &[object], &[]).await;
    assert_eq!(
        ran.output,
        format!(
            "sales (analytics): attach configuration sales on follower1\n\
             \x20 leader.clusterResourceId: (none) → {}\n\
             \x20 leader.databaseName: (none) → Sales\n\
             \x20 defaultPrincipalsModificationKind: (none) → Union\n\
             \x20 databaseNamePrefix: (none) → eu_\n\
             1 to attach\n",
            cluster("leader1")
        )
    );
    assert_eq!(ran.ending.unwrap(), Ending::Differences);
}

#[tokio::test(start_paused = true)]
async fn a_change_is_told_from_what_is_to_what_is_declared() {
    let mut object = attached_database("sales");
    object["spec"]["defaultPrincipalsModificationKind"] = json!("Replace");
    let differs =
        attached(&json!({"tableLevelSharingProperties": {"tablesToInclude": ["b", "a"]}}));
    let ran = run(&differs, &[object.clone()], &[]).await;
    assert_eq!(
        ran.output,
        "sales (analytics): update configuration sales on follower1\n\
         \x20 defaultPrincipalsModificationKind: Union → Replace\n\
         \x20 tablesToInclude: a, b → (none)\n\
         1 to update\n"
    );
    assert_eq!(ran.ending.unwrap(), Ending::Differences);

    // A new object may not overwrite what it did not make …
    let ran = run(&differs, &[object.clone()], &["--unowned"]).await;
    assert!(
        ran.output.starts_with(
            "sales (analytics): blocked (ConfigurationExists): a configuration named sales exists"
        ),
        "{}",
        ran.output
    );
    assert_eq!(ran.ending.unwrap(), Ending::Failed);

    // … unless it says so.
    object["spec"]["adoptionPolicy"] = json!("Always");
    let ran = run(&differs, &[object.clone()], &["--unowned"]).await;
    assert!(
        ran.output
            .starts_with("sales (analytics): adopt and update configuration sales on follower1\n")
    );
    assert_eq!(ran.ending.unwrap(), Ending::Differences);

    object["spec"]["driftPolicy"] = json!("Report");
    let ran = run(&differs, &[object], &[]).await;
    assert!(
        ran.output.contains("report: not as declared"),
        "{}",
        ran.output
    );
    assert_eq!(ran.ending.unwrap(), Ending::Differences);
}

#[tokio::test(start_paused = true)]
async fn what_is_as_declared_is_no_difference() {
    let object = attached_database("sales");
    for (arguments, expected) in [
        (
            &[][..],
            "sales (analytics): nothing to do: Sales of leader1 on follower1 is attached\n1 as declared\n",
        ),
        (
            &["--unowned"],
            "sales (analytics): adopt configuration sales on follower1\n1 to adopt\n",
        ),
    ] {
        let ran = run(
            &attached(&json!({})),
            std::slice::from_ref(&object),
            arguments,
        )
        .await;
        assert_eq!(ran.output, expected);
        assert_eq!(ran.ending.unwrap(), Ending::Done);
    }
    let none = run(&world(), &[json!({"kind": "Other"})], &[]).await;
    assert_eq!(none.output, "no objects\n");
    assert_eq!(none.ending.unwrap(), Ending::Done);
}

#[tokio::test(start_paused = true)]
async fn one_object_that_cannot_go_on_makes_the_whole_fail_and_the_others_are_told() {
    let mut elsewhere = attached_database("elsewhere");
    elsewhere["spec"]["leader"]["clusterResourceId"] = json!(cluster("leader9"));
    let mut refused = attached_database("refused");
    refused["spec"]["intervall"] = json!("1m");
    let mut asleep = attached_database("asleep");
    for object in [&mut elsewhere, &mut asleep] {
        object["spec"]["databaseNameOverride"] = object["metadata"]["name"].clone();
    }
    asleep["spec"]["suspend"] = json!(true);
    let objects = [attached_database("sales"), elsewhere, refused, asleep];
    let ran = run(&world(), &objects, &["-o", "json"]).await;
    assert_eq!(ran.ending.unwrap(), Ending::Failed);
    let entries: Value = serde_json::from_str(&ran.output).unwrap();
    let told: Vec<(&str, &str, &str)> = entries
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| {
            let text = |key: &str| entry[key].as_str().unwrap();
            (text("object"), text("action"), text("reason"))
        })
        .collect();
    assert_eq!(
        told,
        [
            ("analytics/refused", "invalid", "unknown-field"),
            ("analytics/sales", "attach", "Creating"),
            ("analytics/elsewhere", "blocked", "LeaderNotFound"),
            ("analytics/asleep", "suspended", "Suspended"),
        ]
    );
    let keys = |entry: &Value| {
        entry
            .as_object()
            .unwrap()
            .keys()
            .cloned()
            .collect::<Vec<_>>()
    };
    let all = entries.as_array().unwrap();
    assert!(all.iter().all(|entry| keys(entry) == keys(&entries[0])));
    assert_eq!(
        entries[1]["differences"][1],
        json!({"field": "leader.databaseName", "observed": "", "desired": "Sales"})
    );
}

#[tokio::test(start_paused = true)]
async fn what_waits_is_a_difference_only_if_something_is_to_be_done() {
    let mut world = attached(&json!({}));
    world["clusters"][0]["provisioningState"] = json!("Updating");
    let mut object = attached_database("sales");
    let ran = run(&world, &[object.clone()], &[]).await;
    assert_eq!(ran.ending.unwrap(), Ending::Done, "{}", ran.output);
    object["spec"]["defaultPrincipalsModificationKind"] = json!("None");
    let ran = run(&world, &[object], &[]).await;
    assert!(
        ran.output.contains("wait (WaitingForCluster)"),
        "{}",
        ran.output
    );
    assert_eq!(ran.ending.unwrap(), Ending::Differences);
}

#[tokio::test(start_paused = true)]
async fn markdown_has_the_news_and_what_may_surprise() {
    let mut world = world();
    world["clusters"][2]["enableStreamingIngest"] = json!(true);
    let ran = run(&world, &[attached_database("sales")], &["-o", "markdown"]).await;
    let expected = format!(
        "**adx-follower diff**: 1 to attach\n\n\
         | Object | Action | Why |\n|---|---|---|\n\
         | sales (analytics) | attach | attaching Sales of leader1 on follower1<br>\
         leader.clusterResourceId: (none) → {}<br>leader.databaseName: (none) → Sales<br>\
         defaultPrincipalsModificationKind: (none) → Union<br>warning: ",
        cluster("leader1")
    );
    assert!(ran.output.starts_with(&expected), "{}", ran.output);

    let quiet = run(
        &attached(&json!({})),
        &[attached_database("sales")],
        &["-o", "markdown"],
    )
    .await;
    assert_eq!(quiet.output, "**adx-follower diff**: 1 as declared\n");
}
