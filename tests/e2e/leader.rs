//! Two replicas and one lease, on a real API server.

use std::process::Command;
use std::time::Duration;

use k8s_openapi::api::coordination::v1::Lease;
use kube::Api;
use testbed::{NotYet, OperatorOptions, OperatorProcess, eventually};
use tokio::time::Instant;

use crate::stage::{Stage, attached_database};

impl Stage {
    async fn replica(&self, name: &str) -> OperatorProcess {
        let options = OperatorOptions::new(self.control_plane.kubeconfig(), &self.simulator)
            .arg("--leader-elect")
            .arg("--leader-election-namespace=default")
            .env("POD_NAME", name);
        let mut replica = OperatorProcess::start(options, self.logs()).await.unwrap();
        replica.wait_ready().await.unwrap();
        replica
    }

    /// Waits until a replica holds the lease whose name begins like this.
    async fn until_led_by(&self, name: &str) {
        let leases = Api::<Lease>::namespaced(self.client.clone(), "default");
        let what = format!("{name} leads");
        eventually(Duration::from_mins(1), &what, async || {
            let lease = leases
                .get("adx-follower-operator")
                .await
                .map_err(NotYet::observed)?;
            let holder = lease.spec.and_then(|spec| spec.holder_identity);
            let holder = holder.unwrap_or_default();
            if holder.starts_with(&format!("{name}_")) {
                Ok(())
            } else {
                Err(NotYet::observed(holder))
            }
        })
        .await
        .unwrap();
    }
}

fn signal(replica: &OperatorProcess, name: &str) {
    let sent = Command::new("kill")
        .args([format!("-{name}"), replica.pid().to_string()])
        .status();
    assert!(sent.unwrap().success());
}

#[tokio::test(flavor = "multi_thread")]
async fn one_replica_acts_and_the_other_takes_over() {
    let stage = Stage::without_operator("leader", Duration::from_secs(1)).await;
    let first = stage.replica("first").await;
    stage.until_led_by("first").await;
    // It is ready although it does not lead: its caches are warm.
    let second = stage.replica("second").await;
    stage.create(attached_database("sales")).await;
    stage.until_ready("sales").await;
    assert_eq!(stage.writes().await.len(), 1);

    let asked = Instant::now();
    let status = first.terminate().await.unwrap();
    assert!(status.success(), "{status}");
    stage.until_led_by("second").await;
    let took = asked.elapsed();
    assert!(
        took < Duration::from_secs(8),
        "a clean exit hands over at once, not after {took:?}"
    );
    stage.delete("sales").await;
    stage.until_gone("sales").await;

    // One that dies is waited for: 15 s from its last renewal.
    let third = stage.replica("third").await;
    second.kill().await.unwrap();
    stage.create(attached_database("stock")).await;
    stage.until_led_by("third").await;
    stage.until_ready("stock").await;
    let writes: Vec<_> = stage.writes().await;
    assert_eq!(writes.len(), 3, "attach, detach, attach: {writes:?}");
    third.terminate().await.unwrap();
    stage.clear().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_leader_that_was_stopped_for_too_long_writes_nothing_when_it_goes_on() {
    let stage = Stage::without_operator("frozen", Duration::from_secs(1)).await;
    let first = stage.replica("first").await;
    stage.until_led_by("first").await;
    stage.create(attached_database("sales")).await;
    stage.until_ready("sales").await;
    signal(&first, "STOP");
    let second = stage.replica("second").await;
    stage.until_led_by("second").await;
    stage.delete("sales").await;
    stage.until_gone("sales").await;
    let before = stage.writes().await.len();
    signal(&first, "CONT");
    // It sees the deletion, and drift of what it attached, with caches of long ago; it may only watch.
    stage.create(attached_database("stock")).await;
    stage.until_ready("stock").await;
    stage.until_led_by("second").await;
    assert_eq!(
        stage.writes().await.len(),
        before + 1,
        "one attach, by the second"
    );
    second.terminate().await.unwrap();
    stage.until_led_by("first").await;
    stage.delete("stock").await;
    stage.until_gone("stock").await;
    first.terminate().await.unwrap();
    stage.clear().await;
}
