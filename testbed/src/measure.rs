//! Measures the operator beside it: time to Ready, ARM calls, API-server writes, memory, size.

mod fleet;
mod report;

use std::{fs, time::Duration};

use tokio::time::{Instant, sleep};

pub use self::report::Report;
use self::{
    fleet::Fleet,
    report::{AtRest, OneAttach},
};
use crate::{
    control_plane::ControlPlane,
    error::TestbedError,
    logs::Logs,
    operator::{OperatorOptions, OperatorProcess},
    paths::{self, Binary},
    simulator::{SimulatorOptions, SimulatorProcess, World},
    tools::Tools,
};

/// How long an operation takes in the simulated Azure.
const OPERATION: Duration = Duration::from_secs(5);
/// How often the operator compares, here.
const INTERVAL: Duration = Duration::from_secs(30);
/// How many intervals "at rest" lasts.
const INTERVALS_AT_REST: u32 = 3;

/// Starts everything, measures with one object and then with `objects`, and stops everything.
///
/// # Errors
/// When something does not start, or does not become Ready.
pub async fn run(objects: u32) -> Result<Report, TestbedError> {
    let tools = Tools::ensure().await?;
    let logs = Logs::create("measure")?;
    let fleet = Fleet::of(objects);
    let plane = ControlPlane::start(&tools, &logs).await?;
    plane
        .install_crds_from(&paths::workspace_root().join("crds"))
        .await?;
    let simulator = SimulatorProcess::start(
        SimulatorOptions {
            world: World::Document(fleet.world()),
            operation_duration: OPERATION,
            ..SimulatorOptions::default()
        },
        &logs,
    )
    .await?;
    let options = OperatorOptions::new(plane.kubeconfig(), &simulator)
        .arg(format!("--interval={}s", INTERVAL.as_secs()));
    let mut operator = OperatorProcess::start(options, &logs).await?;
    operator.wait_ready().await?;
    let client = plane.client().await?;
    fleet.allow(&client).await?;

    eprintln!("One object …");
    let rss_idle = operator.rss_bytes()?;
    let started = Instant::now();
    fleet.create(&client, 0..1).await?;
    fleet.until_ready(&client, 1, &logs).await?;
    let one_attach = OneAttach {
        operation: OPERATION,
        to_ready: started.elapsed(),
        arm_calls: simulator.calls().await?.len(),
    };

    eprintln!("{objects} objects on {} followers …", fleet.followers());
    let started = Instant::now();
    fleet.create(&client, 1..objects).await?;
    fleet.until_ready(&client, objects, &logs).await?;
    let all_ready = started.elapsed();

    eprintln!("At rest for {INTERVALS_AT_REST} intervals …");
    let calls_before = simulator.calls().await?.len();
    let versions_before = fleet.resource_versions(&client).await?;
    // Time itself is what is measured with here.
    sleep(INTERVAL * INTERVALS_AT_REST).await;
    let calls = simulator.calls().await?;
    let at_rest = AtRest {
        intervals: INTERVALS_AT_REST,
        reads: calls
            .iter()
            .skip(calls_before)
            .filter(|call| !call.is_write())
            .count(),
        writes: calls
            .iter()
            .skip(calls_before)
            .filter(|call| call.is_write())
            .count(),
        objects_changed: {
            let after = fleet.resource_versions(&client).await?;
            after
                .iter()
                .filter(|version| !versions_before.contains(version))
                .count()
        },
    };
    let rss_full = operator.rss_bytes()?;

    let stopping = Instant::now();
    operator.terminate().await?;
    let to_stop = stopping.elapsed();
    simulator.stop().await?;
    plane.stop().await?;
    logs.remove()?;
    let binary = Binary::Operator.find()?;
    let size = fs::metadata(&binary)
        .map_err(TestbedError::io(format!("look at {}", binary.display())))?
        .len();
    Ok(Report {
        objects,
        followers: fleet.followers(),
        binary_bytes: size,
        rss_idle,
        rss_full,
        one_attach,
        all_ready,
        at_rest,
        to_stop,
    })
}
