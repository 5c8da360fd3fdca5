//! Sends one write to ARM and says what is known of it afterwards. I/O.

use std::time::Duration;

use crate::azure::{
    client::ArmClient,
    error::{ArmError, WriteOutcome},
    id::{ClusterId, ConfigurationId},
    operation::{Accepted, Deleted},
};
use crate::error_chain::ErrorChain;

use super::{
    failure::Failure,
    outcome::Sent,
    snapshot::{OperationKind, Running},
    validate::Desired,
};

/// Declares the configuration.
pub async fn put(arm: &ArmClient, kind: OperationKind, desired: &Desired, location: &str) -> Sent {
    match arm
        .put_configuration(&desired.configuration, &desired.request(location))
        .await
    {
        Ok(accepted) => running(kind, accepted),
        Err(error) => failed(&error),
    }
}

/// Detaches the configuration. One that is absent is detached.
pub async fn delete(arm: &ArmClient, configuration: &ConfigurationId) -> Sent {
    match arm.delete_configuration(configuration).await {
        Ok(Deleted::Accepted(accepted)) => running(OperationKind::Detach, accepted),
        Ok(Deleted::Absent) => Sent::Absent,
        Err(error) => failed(&error),
    }
}

/// Detaches the configuration from the leader's side.
pub async fn detach_from_leader(
    arm: &ArmClient,
    leader: &ClusterId,
    configuration: &ConfigurationId,
) -> Sent {
    match arm.detach_follower(leader, configuration).await {
        Ok(Deleted::Accepted(accepted)) => running(OperationKind::Detach, accepted),
        Ok(Deleted::Absent) => Sent::Absent,
        Err(error) => failed(&error),
    }
}

fn running(kind: OperationKind, accepted: Accepted) -> Sent {
    let Accepted {
        operation,
        retry_after,
        configuration: _,
    } = accepted;
    Sent::Running(
        operation,
        Running {
            kind,
            age: Duration::ZERO,
            retry_after,
        },
    )
}

fn failed(error: &ArmError) -> Sent {
    tracing::warn!(error = %ErrorChain(error), "ARM write failed");
    match error.outcome() {
        WriteOutcome::NotApplied => Sent::Refused(Failure::from(error)),
        WriteOutcome::Unknown => Sent::Unclear,
    }
}
