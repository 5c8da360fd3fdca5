//! 429 and what it says.

use std::time::Duration;

use http::StatusCode;
use kusto_arm_simulator::{Bucket, Options, Throttling};

use crate::harness::{Harness, cluster, world};

fn small() -> Harness {
    let bucket = Bucket {
        capacity: 2,
        refill_per_second: 1,
    };
    let throttling = Some(Throttling {
        reads: bucket,
        writes: bucket,
        deletes: bucket,
    });
    Harness::with(
        world(),
        Options {
            throttling,
            ..Options::default()
        },
    )
}

#[tokio::test(start_paused = true)]
async fn an_empty_bucket_answers_429_with_the_wait_and_fills_again() {
    let harness = small();
    for left in ["1", "0"] {
        let answer = harness.get(&cluster("follower1")).await;
        assert_eq!(
            answer.header("x-ms-ratelimit-remaining-subscription-resource-requests"),
            Some(left)
        );
    }
    let refused = harness.get(&cluster("follower1")).await;
    assert_eq!(
        (refused.status, refused.code()),
        (
            StatusCode::TOO_MANY_REQUESTS,
            "SubscriptionRequestsThrottled"
        )
    );
    assert_eq!(refused.header("retry-after"), Some("1"));
    assert_eq!(
        harness
            .as_client("other")
            .get(&cluster("follower1"))
            .await
            .status,
        StatusCode::OK
    );
    tokio::time::advance(Duration::from_secs(1)).await;
    assert_eq!(
        harness.get(&cluster("follower1")).await.status,
        StatusCode::OK
    );
}

#[tokio::test(start_paused = true)]
async fn throttling_can_be_turned_off() {
    let harness = Harness::with(
        world(),
        Options {
            throttling: None,
            ..Options::default()
        },
    );
    for _ in 0..400 {
        assert_eq!(
            harness.get(&cluster("follower1")).await.status,
            StatusCode::OK
        );
    }
}
