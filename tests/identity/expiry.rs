//! A1: a token that ends while an operation is polled.

use std::time::Duration;

use adx_follower_operator::azure::id::ConfigurationId;
use adx_follower_operator::azure::model::{ConfigurationRequest, Sharing};
use adx_follower_operator::azure::operation::Polled;
use futures::future::join_all;
use kusto_arm_simulator::Options;
use tokio::time::{Instant, sleep};

use crate::azure::{Azure, tokens_of, world};
use crate::harness;

const LIFETIME: Duration = Duration::from_secs(3);
const OPERATION: Duration = Duration::from_secs(5);

#[tokio::test]
async fn a1_a_token_that_ends_during_a_poll_is_replaced_ahead_by_one_exchange_for_fifty_callers() {
    let options = Options {
        operation_duration: OPERATION,
        ..tokens_of(LIFETIME)
    };
    let azure = Azure::start(&world(&["poller"]), options);
    let arm = azure.client("poller");

    // All of them ask for the first token at once.
    let started = Instant::now();
    let first = join_all((0..50).map(|_| arm.authenticate())).await;
    assert!(first.iter().all(Result::is_ok));
    assert_eq!(azure.exchanges("poller").len(), 1);

    let id: ConfigurationId = harness::configuration("follower1", "sales")
        .parse()
        .unwrap();
    let request = ConfigurationRequest {
        location: "West Europe".to_owned(),
        leader_cluster: harness::cluster("leader1"),
        database_name: "Sales".to_owned(),
        principals_modification_kind: "Union".to_owned(),
        database_name_override: None,
        database_name_prefix: None,
        sharing: Sharing::default(),
    };
    let accepted = arm.put_configuration(&id, &request).await.unwrap();
    let operation = accepted.operation.unwrap();

    let poll = async || {
        loop {
            match arm.poll(&operation).await.unwrap() {
                Polled::Running { .. } => sleep(Duration::from_millis(150)).await,
                ended => return ended,
            }
        }
    };
    let polled = join_all((0..50).map(|_| poll())).await;
    assert!(
        polled
            .into_iter()
            .all(|ended| matches!(ended, Polled::Succeeded))
    );
    let elapsed = started.elapsed();
    assert!(elapsed > LIFETIME, "the first token has ended: {elapsed:?}");

    azure.assert_no_unauthorized_call();
    // One at the start, and one for each half of a life: a second one at the same time would be over.
    let halves = (elapsed.as_millis() / (LIFETIME / 2).as_millis()) as usize;
    let exchanges = azure.exchanges("poller").len();
    assert!(
        (3..=1 + halves).contains(&exchanges),
        "{exchanges} exchanges in {elapsed:?}"
    );
}
