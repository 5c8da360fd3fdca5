//! Nobody may use the operator's identity until somebody says so.

use tokio::time::Instant;

use super::{
    super::{
        DemoError,
        arm_log::lines,
        kubectl,
        narrator::Narrator,
        stage::{OPERATION, Stage},
    },
    DEADLINE, apply, expect, expect_puts, tell_arm, wait_ready,
};
use crate::wait::{NotYet, eventually};

/// An object without a policy is refused in a sentence, and costs no call.
pub(super) async fn ask(stage: &mut Stage, narrator: &mut Narrator) -> Result<(), DemoError> {
    narrator.step("Nobody may use the operator's Azure identity until a policy says so");
    apply(stage, narrator, "examples/01-one-database.yaml").await?;
    let message = [
        "get",
        "attdb/sales",
        "-n",
        "analytics",
        "-o",
        "jsonpath={range .status.conditions[?(@.type==\"Ready\")]}{.reason}: {.message}{end}",
    ];
    eventually(DEADLINE, "the refusal is told", async || {
        let said = kubectl::ask(&stage.plane, &message).await?;
        if said.contains("AttachmentNotAllowed") {
            Ok(())
        } else {
            Err(NotYet::observed(said))
        }
    })
    .await?;
    kubectl::show(&stage.plane, narrator, &message).await?;
    let calls = stage.arm_log.news(&stage.simulator).await?;
    expect(calls.is_empty(), "no call to Azure", lines(&calls))?;
    narrator.say("Azure saw no call: what an object may not touch is not even looked at.");
    Ok(())
}

/// The policy is enough: the object goes on by itself.
pub(super) async fn give(stage: &mut Stage, narrator: &mut Narrator) -> Result<(), DemoError> {
    narrator
        .step("An administrator allows it, and one database is attached, with some of its tables");
    let started = Instant::now();
    apply(stage, narrator, "examples/00-policy.yaml").await?;
    wait_ready(stage, narrator, "attdb/sales").await?;
    let seconds = started.elapsed().as_secs_f64();
    kubectl::show(&stage.plane, narrator, &["get", "attdb", "-n", "analytics"]).await?;
    let calls = tell_arm(stage, narrator).await?;
    expect_puts(&calls, "sales")?;
    narrator.say(&format!(
        "Ready {seconds:.1} s after the policy; the operation in Azure took {} of them. {} ARM calls.",
        OPERATION.as_secs(),
        calls.len()
    ));
    Ok(())
}
