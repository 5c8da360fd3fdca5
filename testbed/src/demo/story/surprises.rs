//! What exists already: a configuration to take over, and a database in the way.

use super::{
    super::{DemoError, kubectl, narrator::Narrator, stage::Stage},
    DEADLINE, apply, expect, expect_no_writes, tell_arm_quietly, wait_ready,
};
use crate::wait::{NotYet, eventually};

/// A configuration made in the portal is taken over without a write.
pub(super) async fn take_over(stage: &mut Stage, narrator: &mut Narrator) -> Result<(), DemoError> {
    narrator.step("Take over what somebody attached in the portal");
    tell_arm_quietly(stage).await?;
    apply(stage, narrator, "examples/03-take-over.yaml").await?;
    wait_ready(stage, narrator, "attdb/reports").await?;
    let ownership = [
        "get",
        "attdb/reports",
        "-n",
        "analytics",
        "-o",
        "jsonpath={.status.ownership}",
    ];
    let shown = kubectl::show(&stage.plane, narrator, &ownership).await?;
    expect(shown.contains("Adopted"), "`Adopted`", shown)?;
    expect_no_writes(&stage.arm_log.news(&stage.simulator).await?)?;
    narrator.say("It equals the declaration, so nothing was written to Azure.");
    Ok(())
}

/// A name that is taken is told before anything is written.
pub(super) async fn clash(stage: &mut Stage, narrator: &mut Narrator) -> Result<(), DemoError> {
    narrator.step("A name that the follower has already is told before anything is written");
    apply(stage, narrator, "examples/04-name-clash.yaml").await?;
    let message = [
        "get",
        "attdb/metrics",
        "-n",
        "analytics",
        "-o",
        "jsonpath={range .status.conditions[?(@.type==\"Ready\")]}{.reason}: {.message}{end}",
    ];
    eventually(DEADLINE, "the clash is told", async || {
        let said = kubectl::ask(&stage.plane, &message).await?;
        if said.contains("DatabaseNameTaken") {
            Ok(())
        } else {
            Err(NotYet::observed(said))
        }
    })
    .await?;
    kubectl::show(&stage.plane, narrator, &message).await?;
    kubectl::show(
        &stage.plane,
        narrator,
        &[
            "delete",
            "attdb/metrics",
            "-n",
            "analytics",
            "--timeout=60s",
        ],
    )
    .await?;
    expect_no_writes(&stage.arm_log.news(&stage.simulator).await?)
}
