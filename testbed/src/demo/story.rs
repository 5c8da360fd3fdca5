//! The story, step by step. Each step checks what it shows.

mod permission;
mod surprises;

use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::Instant;

use super::{
    DemoError,
    arm_log::lines,
    kubectl,
    narrator::Narrator,
    stage::{INTERVAL, Stage},
};
use crate::{
    simulator::ArmCall,
    wait::{NotYet, eventually},
};

/// For what takes an operation and a few intervals.
const DEADLINE: Duration = Duration::from_mins(1);

const CLUSTERS: &str = "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/adx\
                        /providers/Microsoft.Kusto/clusters";

/// Tells everything between the start and the end.
pub(super) async fn tell(stage: &mut Stage, narrator: &mut Narrator) -> Result<(), DemoError> {
    permission::ask(stage, narrator).await?;
    permission::give(stage, narrator).await?;
    look_closer(stage, narrator).await?;
    attach_all(stage, narrator).await?;
    surprises::take_over(stage, narrator).await?;
    surprises::clash(stage, narrator).await?;
    refuse(stage, narrator).await?;
    repair(stage, narrator).await?;
    rest(stage, narrator).await?;
    detach(stage, narrator).await
}

async fn look_closer(stage: &Stage, narrator: &mut Narrator) -> Result<(), DemoError> {
    narrator.step("What the status says, and what happened");
    let conditions = "jsonpath={range .status.conditions[*]}{.type}={.status}  {.reason}: {.message}{\"\\n\"}{end}";
    let args = ["get", "attdb/sales", "-n", "analytics", "-o", conditions];
    let shown = kubectl::show(&stage.plane, narrator, &args).await?;
    expect(shown.contains("Ready=True"), "`Ready=True`", shown)?;
    let args = ["events", "-n", "analytics", "--for=attacheddatabase/sales"];
    kubectl::show(&stage.plane, narrator, &args).await?;
    Ok(())
}

async fn attach_all(stage: &mut Stage, narrator: &mut Narrator) -> Result<(), DemoError> {
    narrator.step("Attach every database of a leader, present and future");
    apply(
        stage,
        narrator,
        "examples/02-all-databases-with-prefix.yaml",
    )
    .await?;
    wait_ready(stage, narrator, "attdb/eu-everything").await?;
    let calls = tell_arm(stage, narrator).await?;
    expect_puts(&calls, "eu-everything")?;
    kubectl::show(&stage.plane, narrator, &names_command()).await?;

    narrator.say("\nSomebody creates the database Traffic on leader2. The follower shows it at once, the status soon:");
    let traffic = json!({"clusters": [
        {"id": format!("{CLUSTERS}/leader2"), "databases": [{"name": "Traffic", "tables": ["Hits"]}]},
    ]});
    stage.simulator.patch_world(&traffic).await?;
    eventually(DEADLINE, "the status names eu_Traffic", async || {
        let names = kubectl::ask(&stage.plane, &names_command()).await?;
        if names.contains("eu_Traffic") {
            return Ok(());
        }
        Err(NotYet::observed(names))
    })
    .await?;
    kubectl::show(&stage.plane, narrator, &names_command()).await?;
    expect_no_writes(&stage.arm_log.news(&stage.simulator).await?)
}

async fn refuse(stage: &Stage, narrator: &mut Narrator) -> Result<(), DemoError> {
    narrator.step("A mistake is refused when it is applied, with what to do");
    for file in [
        "examples/rejected-all-databases-with-table-sharing.yaml",
        "examples/rejected-override-and-prefix.yaml",
    ] {
        let said = kubectl::show_any(&stage.plane, narrator, &["apply", "-f", file]).await?;
        let is_refused = !said.status.success() && said.text.contains("is invalid");
        expect(is_refused, "a refusal at admission", said.text)?;
    }
    Ok(())
}

async fn repair(stage: &mut Stage, narrator: &mut Narrator) -> Result<(), DemoError> {
    narrator.step("An edit behind the operator's back is found and repaired");
    let declared = configuration(stage, "sales").await?;
    narrator.say("In the portal, somebody lets the follower's principals replace the database's own, and shares Returns:");
    let edit = json!({"configurations": [{
        "id": format!("{CLUSTERS}/follower1/attachedDatabaseConfigurations/sales"),
        "properties": {
            "defaultPrincipalsModificationKind": "Replace",
            "tableLevelSharingProperties": {"tablesToInclude": ["Customers", "Orders", "Returns"]},
        },
    }]});
    tell_arm_quietly(stage).await?;
    stage.simulator.patch_world(&edit).await?;
    narrator.output(&summary(&configuration(stage, "sales").await?));
    let edited = Instant::now();
    eventually(
        DEADLINE,
        "the configuration is as declared again",
        async || {
            let properties = configuration(stage, "sales").await?;
            if properties == declared {
                return Ok(());
            }
            Err(NotYet::observed(properties))
        },
    )
    .await?;
    let seconds = edited.elapsed().as_secs_f64();
    narrator.say(&format!(
        "Nobody told the operator: it compares every {} s here (10 minutes by default). {seconds:.1} s later:",
        INTERVAL.as_secs()
    ));
    narrator.output(&summary(&declared));
    wait_ready(stage, narrator, "attdb/sales").await?;
    let calls = tell_arm(stage, narrator).await?;
    expect_puts(&calls, "sales")?;
    let args = ["events", "-n", "analytics", "--for=attacheddatabase/sales"];
    kubectl::show(&stage.plane, narrator, &args).await?;
    Ok(())
}

async fn rest(stage: &mut Stage, narrator: &mut Narrator) -> Result<(), DemoError> {
    narrator.step("At rest nothing is written");
    let version = [
        "get",
        "attdb",
        "-n",
        "analytics",
        "-o",
        "jsonpath={.items[*].metadata.resourceVersion}",
    ];
    tell_arm_quietly(stage).await?;
    let before = kubectl::ask(&stage.plane, &version).await?;
    // Time itself is what is shown here.
    tokio::time::sleep(INTERVAL * 2).await;
    let after = kubectl::ask(&stage.plane, &version).await?;
    let calls = stage.arm_log.news(&stage.simulator).await?;
    expect_no_writes(&calls)?;
    expect(
        before == after,
        "unchanged objects",
        format!("{before} → {after}"),
    )?;
    narrator.say(&format!(
        "Two intervals: {} reads of Azure for all objects together, no write to Azure, no write to Kubernetes.",
        calls.len()
    ));
    Ok(())
}

async fn detach(stage: &mut Stage, narrator: &mut Narrator) -> Result<(), DemoError> {
    narrator.step("Delete, and the databases are detached");
    let all = [
        "delete",
        "attdb",
        "--all",
        "-n",
        "analytics",
        "--wait=false",
    ];
    kubectl::show(&stage.plane, narrator, &all).await?;
    narrator.say(
        "\nThe cluster takes one operation at a time, so one of them waits in line, and says so:",
    );
    let messages = "custom-columns=NAME:.metadata.name,REASON:.status.conditions[?(@.type==\"Ready\")].reason,\
                    MESSAGE:.status.conditions[?(@.type==\"Ready\")].message";
    let list = ["get", "attdb", "-n", "analytics", "-o", messages];
    eventually(DEADLINE, "one object waits in line", async || {
        let list = kubectl::ask(&stage.plane, &list).await?;
        if list.contains("in line") {
            Ok(())
        } else {
            Err(NotYet::observed(list))
        }
    })
    .await?;
    kubectl::show(&stage.plane, narrator, &list).await?;
    let gone = [
        "wait",
        "attdb",
        "--all",
        "-n",
        "analytics",
        "--for=delete",
        "--timeout=60s",
    ];
    kubectl::show(&stage.plane, narrator, &gone).await?;
    tell_arm(stage, narrator).await?;
    let world = stage.simulator.world().await?;
    let left = world.get("configurations").cloned().unwrap_or_default();
    let is_kept = left
        .as_array()
        .is_some_and(|left| matches!(left.as_slice(), [one] if is_named(one, "reports")));
    expect(
        is_kept,
        "only the configuration `reports` left in Azure",
        left.to_string(),
    )?;
    narrator.say("Only the configuration `reports`, whose object said `deletionPolicy: Orphan`, is left in Azure.");
    Ok(())
}

async fn apply(stage: &Stage, narrator: &Narrator, file: &str) -> Result<(), DemoError> {
    let applied = kubectl::show(&stage.plane, narrator, &["apply", "-f", file]).await;
    applied.map(|_| ())
}

async fn wait_ready(stage: &Stage, narrator: &Narrator, object: &str) -> Result<(), DemoError> {
    let args = [
        "wait",
        object,
        "-n",
        "analytics",
        "--for=condition=Ready",
        "--timeout=60s",
    ];
    let waited = kubectl::show(&stage.plane, narrator, &args).await;
    waited.map(|_| ())
}

const fn names_command() -> [&'static str; 6] {
    let path = "jsonpath={.status.attachedDatabaseNames}";
    ["get", "attdb/eu-everything", "-n", "analytics", "-o", path]
}

/// Shows what Azure saw since the last time.
async fn tell_arm(stage: &mut Stage, narrator: &Narrator) -> Result<Vec<ArmCall>, DemoError> {
    let calls = stage.arm_log.news(&stage.simulator).await?;
    narrator.say("\nAzure saw:");
    narrator.output(&lines(&calls));
    Ok(calls)
}

/// Leaves out what Azure saw since the last time: reads that belong to no step.
async fn tell_arm_quietly(stage: &mut Stage) -> Result<(), DemoError> {
    let calls = stage.arm_log.news(&stage.simulator).await?;
    expect_no_writes(&calls)
}

/// The properties of a configuration on the follower, as Azure has them.
async fn configuration(stage: &Stage, name: &str) -> Result<Value, DemoError> {
    let world = stage.simulator.world().await?;
    let found = world
        .get("configurations")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .find(|one| is_named(one, name))
        .and_then(|one| one.get("properties"));
    found.cloned().ok_or_else(|| DemoError::Broken {
        expected: "the configuration in Azure",
        seen: world.to_string(),
    })
}

/// Whether an element of the world is about the resource of this name.
fn is_named(element: &Value, name: &str) -> bool {
    let id = element.get("id").and_then(Value::as_str);
    id.and_then(|id| id.rsplit('/').next()) == Some(name)
}

/// The edited fields, one a line.
fn summary(properties: &Value) -> String {
    [
        "/defaultPrincipalsModificationKind",
        "/tableLevelSharingProperties/tablesToInclude",
    ]
    .map(|pointer| {
        let value = properties.pointer(pointer).unwrap_or(&Value::Null);
        format!(
            "{}: {value}",
            pointer.trim_start_matches('/').replace('/', ".")
        )
    })
    .join("\n")
}

fn expect(holds: bool, expected: &'static str, seen: String) -> Result<(), DemoError> {
    if holds {
        return Ok(());
    }
    Err(DemoError::Broken { expected, seen })
}

fn expect_no_writes(calls: &[ArmCall]) -> Result<(), DemoError> {
    let writes: Vec<ArmCall> = calls
        .iter()
        .filter(|call| call.is_write())
        .cloned()
        .collect();
    expect(writes.is_empty(), "no write to Azure", lines(&writes))
}

/// One PUT of this configuration, and no other write.
fn expect_puts(calls: &[ArmCall], name: &str) -> Result<(), DemoError> {
    let writes: Vec<ArmCall> = calls
        .iter()
        .filter(|call| call.is_write())
        .cloned()
        .collect();
    let is_one_put = match writes.as_slice() {
        [only] => only.method == "PUT" && only.is_configuration(name),
        _ => false,
    };
    expect(
        is_one_put,
        "exactly one PUT of the configuration",
        lines(&writes),
    )
}
