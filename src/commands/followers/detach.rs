//! Detaches one following from the leader's side and follows the operation to its end. I/O.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::{
    azure::{
        client::ArmClient,
        error::WriteOutcome,
        id::{ClusterId, ConfigurationId},
        operation::{Accepted, Deleted, OperationUrl, Polled},
    },
    commands::{CommandError, Console, Ending},
    controller::retry::{Chance, look, poll},
    error_chain::ErrorChain,
};

use super::{configuration, listed};

/// How long an operation is followed (Terraform's timeout for this resource, arm-kusto.md §2.3).
const DEADLINE: Duration = Duration::from_hours(1);

/// How long the leader's list may show what was detached, or what an unclear request may have detached.
const VISIBILITY: Duration = Duration::from_mins(2);

/// What became of an operation.
enum End {
    /// It is over, as far as ARM tells: the list has the last word.
    Over,
    /// It failed.
    Failed(String),
}

/// Detaches `id` from `leader`, saying what goes on.
///
/// # Errors
/// When nobody can be told. A detach that fails is told, and is `Failed`.
pub(super) async fn detach(
    arm: &ArmClient,
    leader: &ClusterId,
    id: &ConfigurationId,
    console: &mut Console<'_>,
) -> Result<Ending, CommandError> {
    let label = format!("{} of {}", id.name(), id.cluster().name());
    writeln!(console.remarks, "detaching {label} …")?;
    let end = match arm.detach_follower(leader, id).await {
        Ok(Deleted::Accepted(Accepted {
            operation: Some(operation),
            ..
        })) => follow(arm, &operation).await,
        Ok(Deleted::Accepted(_) | Deleted::Absent) => End::Over,
        Err(error) => match error.outcome() {
            WriteOutcome::NotApplied => End::Failed(ErrorChain(&error).to_string()),
            WriteOutcome::Unknown => {
                let why = ErrorChain(&error);
                writeln!(
                    console.remarks,
                    "warning: {why}; looking at what became of it"
                )?;
                End::Over
            }
        },
    };
    let problem = match end {
        End::Failed(why) => Some(why),
        End::Over => still_there(arm, leader, id).await,
    };
    match problem {
        None => {
            writeln!(console.output, "detached {label}")?;
            Ok(Ending::Done)
        }
        Some(why) => {
            writeln!(console.remarks, "error: cannot detach {label}: {why}")?;
            Ok(Ending::Failed)
        }
    }
}

async fn follow(arm: &ArmClient, operation: &OperationUrl) -> End {
    let started = Instant::now();
    let mut wish = None;
    while started.elapsed() < DEADLINE {
        sleep(poll(started.elapsed(), wish, chance())).await;
        match arm.poll(operation).await {
            Ok(Polled::Running { retry_after }) => wish = retry_after,
            Ok(Polled::Succeeded | Polled::Unknown) => return End::Over,
            Ok(Polled::Failed(failure)) => return End::Failed(failure.user_message()),
            Ok(Polled::Canceled) => return End::Failed("it was canceled in Azure".to_owned()),
            // A failure to read the status is no failure of the operation (arm-kusto.md §3.5).
            Err(error) => wish = error.retry_after(),
        }
    }
    End::Over
}

/// Waits until the leader does not list `id` any more; says why it is taken for attached still.
async fn still_there(arm: &ArmClient, leader: &ClusterId, id: &ConfigurationId) -> Option<String> {
    let started = Instant::now();
    loop {
        let problem = match listed(arm, leader).await {
            Ok(rows) => {
                let is_there = rows.iter().any(|row| {
                    let name = format!("{}/{}", row.follower_cluster, row.configuration_name);
                    configuration(&name).is_ok_and(|listed| listed == *id)
                });
                if !is_there {
                    return None;
                }
                format!("{} lists it still", leader.name())
            }
            Err(error) => ErrorChain(&error).to_string(),
        };
        let wait = look(started.elapsed(), chance());
        if started.elapsed() + wait > VISIBILITY {
            return Some(problem);
        }
        sleep(wait).await;
    }
}

fn chance() -> Chance {
    Chance(fastrand::f64())
}
