//! The main job, with the real binaries: attach, rest, repair, survive, detach.

use std::fs;
use std::time::Duration;

use serde_json::{Value, json};

use crate::stage::{Stage, attached_database, cluster, root, version};

#[tokio::test(flavor = "multi_thread")]
async fn attach_rest_and_detach() {
    let operation = Duration::from_secs(5);
    let stage = Stage::set("attach", operation).await;

    // The first create of a new kind takes the API server 2 s; the operator is timed from its end.
    stage.create(attached_database("sales")).await;
    let started = tokio::time::Instant::now();
    let object = stage.until_ready("sales").await;
    let took = started.elapsed();
    let calls = stage.calls().await;
    println!(
        "Ready {:.1} s after creation, operation {} s, {} ARM calls",
        took.as_secs_f64(),
        operation.as_secs(),
        calls.len()
    );
    assert!(
        took <= operation.mul_f64(1.15) + Duration::from_secs(2),
        "Ready after {took:?}"
    );
    assert!(calls.len() <= 12, "{calls:#?}");
    let puts = calls.iter().filter(|call| call.method == "PUT").count();
    assert_eq!(puts, 1);
    let status = object.status.as_ref().unwrap();
    assert_eq!(status.attached_database_names, ["Sales"]);

    // At rest: the same resourceVersion and no write after five comparisons of 2 s each.
    let before = calls.len();
    testbed::eventually(Duration::from_secs(30), "five comparisons", async || {
        let calls = stage.calls().await.len() - before;
        // A comparison costs two reads.
        if calls >= 10 {
            Ok(())
        } else {
            Err(testbed::NotYet::observed(calls))
        }
    })
    .await
    .unwrap();
    assert_eq!(stage.writes().await.len(), 1, "no ARM write at rest");
    assert_eq!(
        version(&stage.get("sales").await),
        version(&object),
        "no status write at rest"
    );

    stage.delete("sales").await;
    stage.until_gone("sales").await;
    assert_eq!(stage.live("sales").await, None);
    stage.clear().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_portal_edit_is_repaired_with_one_put() {
    let stage = Stage::set("repair", Duration::from_millis(500)).await;
    let mut object = attached_database("sales");
    object["spec"]["interval"] = json!("1s");
    stage.create(object).await;
    stage.until_ready("sales").await;
    let declared = stage.live("sales").await.unwrap();

    for edit in [
        json!({"defaultPrincipalsModificationKind": "Replace"}),
        json!({"databaseNamePrefix": "x_"}),
        json!({"databaseNameOverride": "Other"}),
        json!({"tableLevelSharingProperties": {"tablesToInclude": ["Orders"]}}),
        json!({"tableLevelSharingProperties": {"functionsToExclude": ["*"]}}),
    ] {
        let before = stage.writes().await.len();
        stage.edit_in_portal("sales", edit.clone()).await;
        stage.until("sales", "Unknown", "DriftDetected").await;
        stage.until_ready("sales").await;
        assert_eq!(stage.live("sales").await.unwrap(), declared, "{edit}");
        assert_eq!(stage.writes().await.len() - before, 1, "{edit}: one PUT");
    }

    // Other spellings are left alone.
    let before = (
        stage.writes().await.len(),
        stage.calls().await.len(),
        version(&stage.get("sales").await),
    );
    stage.edit_in_portal("sales", json!({"clusterResourceId": cluster("leader1").to_uppercase(), "databaseName": "SALES"})).await;
    testbed::eventually(Duration::from_secs(30), "three comparisons", async || {
        let calls = stage.calls().await.len() - before.1;
        if calls >= 6 {
            Ok(())
        } else {
            Err(testbed::NotYet::observed(calls))
        }
    })
    .await
    .unwrap();
    assert_eq!(
        (
            stage.writes().await.len(),
            version(&stage.get("sales").await)
        ),
        (before.0, before.2)
    );
    stage.clear().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kill_during_an_attach_costs_no_second_put() {
    let mut stage = Stage::set("kill", Duration::from_secs(4)).await;
    stage.create(attached_database("sales")).await;
    testbed::eventually(Duration::from_secs(20), "the PUT is sent", async || {
        let writes = stage.writes().await.len();
        if writes == 1 {
            Ok(())
        } else {
            Err(testbed::NotYet::observed(writes))
        }
    })
    .await
    .unwrap();
    stage.kill_operator().await;
    stage.start_operator().await;
    stage.until_ready("sales").await;
    assert_eq!(stage.writes().await.len(), 1, "one effective PUT");

    stage.kill_operator().await;
    stage.delete("sales").await;
    stage.start_operator().await;
    stage.until_gone("sales").await;
    assert_eq!(stage.live("sales").await, None);
    stage.clear().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_object_deleted_while_it_attaches_leaves_nothing() {
    let stage = Stage::set("delete-early", Duration::from_secs(3)).await;
    stage.create(attached_database("sales")).await;
    stage.until("sales", "Unknown", "Creating").await;
    stage.delete("sales").await;
    stage.until_gone("sales").await;
    assert_eq!(stage.live("sales").await, None);
    stage.clear().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn users_see_columns_events_and_metrics() {
    let stage = Stage::set("look", Duration::from_millis(500)).await;
    stage.create(attached_database("sales")).await;
    stage.until_ready("sales").await;

    let table = kubectl(&stage, &["get", "attdb"]).await;
    let header: Vec<&str> = table.lines().next().unwrap().split_whitespace().collect();
    assert_eq!(
        header,
        ["NAME", "READY", "REASON", "DATABASE", "FOLLOWER", "AGE"]
    );
    let row: Vec<&str> = table
        .lines()
        .nth(1)
        .unwrap()
        .split_whitespace()
        .take(5)
        .collect();
    assert_eq!(row, ["sales", "True", "Attached", "Sales", "follower1"]);
    let description = kubectl(&stage, &["describe", "attdb", "sales"]).await;
    assert!(description.contains("Attached"), "{description}");
    let selector = format!("spec.leader.clusterResourceId={}", cluster("leader1"));
    let selected = kubectl(
        &stage,
        &["get", "attdb", "--field-selector", &selector, "-o", "name"],
    )
    .await;
    assert_eq!(selected.trim(), "attacheddatabase.adx-follower.dev/sales");
    let category = kubectl(&stage, &["get", "azure", "-o", "name"]).await;
    let mut category: Vec<&str> = category.lines().collect();
    category.sort_unstable();
    assert_eq!(
        category,
        [
            "attacheddatabase.adx-follower.dev/sales",
            "attachmentpolicy.adx-follower.dev/everything",
        ]
    );

    let metrics = stage.operator.as_ref().unwrap().metrics().await.unwrap();
    for name in [
        "controller_runtime_reconcile_total",
        "adx_follower_arm_requests_total",
        "adx_follower_arm_operation_duration_seconds",
        "adx_follower_build_info",
    ] {
        assert!(metrics.contains(name), "{name} is served");
    }
    let log = fs::read_to_string(stage.operator.as_ref().unwrap().log()).unwrap();
    assert!(
        log.lines()
            .all(|line| serde_json::from_str::<Value>(line).is_ok()),
        "every log line is JSON"
    );
    assert!(!log.contains("&s="), "no signed URL in the log");
    stage.clear().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_examples_work_as_they_stand() {
    let stage = Stage::without_operator("examples", Duration::from_millis(500)).await;
    let mut seen = 0;
    let entries = fs::read_dir(root().join("examples")).unwrap();
    let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    // In the order of their names, as a person applies them.
    paths.sort();
    for path in paths {
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        if name == "world.yaml" || path.extension().is_none_or(|extension| extension != "yaml") {
            continue;
        }
        seen += 1;
        if name.starts_with("rejected") {
            let output = stage
                .control_plane
                .kubectl()
                .args(["apply", "-f"])
                .arg(&path)
                .output()
                .await
                .unwrap();
            let error = String::from_utf8(output.stderr).unwrap();
            assert!(
                !output.status.success() && error.contains("must"),
                "{name}: {error}"
            );
        } else {
            kubectl(&stage, &["apply", "-f", path.to_str().unwrap()]).await;
        }
    }
    assert!(seen >= 3, "examples are there");
    stage.clear().await;
}

async fn kubectl(stage: &Stage, args: &[&str]) -> String {
    let output = stage
        .control_plane
        .kubectl()
        .args(args)
        .output()
        .await
        .unwrap();
    assert!(
        output.status.success(),
        "kubectl {args:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap()
}
