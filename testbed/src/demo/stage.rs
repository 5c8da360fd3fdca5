//! Everything that runs while the story is told.

use std::time::Duration;

use super::{DemoError, arm_log::ArmLog, kubectl, narrator::Narrator};
use crate::{
    control_plane::ControlPlane,
    error::TestbedError,
    logs::Logs,
    operator::{OperatorOptions, OperatorProcess},
    paths,
    simulator::{SimulatorOptions, SimulatorProcess, World},
    tools::Tools,
};

/// How long attach, update and detach take in the simulated Azure. The real one takes about 20 s.
pub(super) const OPERATION: Duration = Duration::from_secs(5);
/// How often the operator compares here. By default every 10 minutes.
pub(super) const INTERVAL: Duration = Duration::from_secs(2);

/// The processes, and how far Azure's journal has been told.
#[derive(Debug)]
pub(super) struct Stage {
    pub(super) operator: OperatorProcess,
    pub(super) plane: ControlPlane,
    pub(super) simulator: SimulatorProcess,
    pub(super) arm_log: ArmLog,
}

impl Stage {
    /// The first step: starts everything.
    pub(super) async fn set_up(
        tools: &Tools,
        narrator: &mut Narrator,
        logs: &Logs,
    ) -> Result<Self, DemoError> {
        narrator.step("Start Kubernetes, a simulated Azure, and the operator");
        let plane = ControlPlane::start(tools, logs).await?;
        let version = plane
            .client()
            .await?
            .apiserver_version()
            .await
            .map_err(TestbedError::kubernetes("ask for the API server's version"))?
            .git_version;
        narrator.say(&format!(
            "kube-apiserver {version} with etcd: {}",
            plane.endpoint()
        ));

        let options = SimulatorOptions {
            world: World::File(paths::workspace_root().join("examples/world.yaml")),
            operation_duration: OPERATION,
            ..SimulatorOptions::default()
        };
        let simulator = SimulatorProcess::start(options, logs).await?;
        narrator.say(&format!(
            "Azure Resource Manager, simulated: {} (operations take {} s; clusters follower1, leader1, leader2)",
            simulator.url(),
            OPERATION.as_secs()
        ));

        kubectl::show(&plane, narrator, &["apply", "--server-side", "-f", "crds/"]).await?;
        let established = [
            "wait",
            "--for=condition=Established",
            "crd/attacheddatabases.adx-follower.dev",
            "crd/attachmentpolicies.adx-follower.dev",
            "--timeout=30s",
        ];
        kubectl::show(&plane, narrator, &established).await?;

        let interval = format!("--interval={}s", INTERVAL.as_secs());
        narrator.command(&format!(
            "adx-follower run --arm-endpoint={} --credential=managed-identity {interval}",
            simulator.url()
        ));
        let options = OperatorOptions::new(plane.kubeconfig(), &simulator).arg(interval);
        let mut operator = OperatorProcess::start(options, logs).await?;
        operator.wait_ready().await?;
        narrator.output("ready");
        Ok(Self {
            operator,
            plane,
            simulator,
            arm_log: ArmLog::default(),
        })
    }

    /// How to look around by hand.
    pub(super) fn explain(&self, narrator: &mut Narrator) {
        narrator.step("Yours, until Ctrl-C");
        narrator.say(&format!(
            "export KUBECONFIG={}\n\
             kubectl apply -f examples/00-policy.yaml -f examples/01-one-database.yaml\n\
             kubectl get attdb -A -w\n\
             curl {url}/_sim/world\n\
             curl {url}/_sim/journal\n\
             tail -f {log}",
            self.plane.kubeconfig().display(),
            url = self.simulator.url(),
            log = self.operator.log().display(),
        ));
        narrator.say(&format!(
            "kubectl of the same version: {}",
            self.plane.kubectl().as_std().get_program().display()
        ));
    }

    /// The last step: stops everything, the operator by SIGTERM as Kubernetes does.
    pub(super) async fn tear_down(self, narrator: &mut Narrator) -> Result<(), DemoError> {
        narrator.step("Stop");
        let ended = self.operator.terminate().await;
        // Each has to go, whatever became of the others.
        let simulator = self.simulator.stop().await;
        let plane = self.plane.stop().await;
        let status = ended?;
        narrator.say(&format!("The operator ended after SIGTERM with {status}."));
        simulator.and(plane)?;
        if status.success() {
            return Ok(());
        }
        Err(DemoError::Broken {
            expected: "exit code 0 after SIGTERM",
            seen: status.to_string(),
        })
    }
}
