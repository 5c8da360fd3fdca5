//! A2 and A5: what proves who we are is in a file, and the file changes.

use std::fs;
use std::path::Path;
use std::time::Duration;

use adx_follower_operator::azure::client::ArmClient;
use adx_follower_operator::azure::credential::CredentialKind;
use adx_follower_operator::azure::error::Class;
use serde_json::json;
use tokio::time::{Instant, sleep};

use crate::azure::{
    Azure, HOLD, Proof, TENANT, assertion, environment, secret_of, skip, tokens_of, world,
};
use crate::harness;
use crate::in_process::InProcess;

const SUBJECT: &str = "system:serviceaccount:adx:operator";
const HOUR: Duration = Duration::from_hours(1);

/// A world in which this client may prove itself with assertions of [`SUBJECT`].
fn federated(client: &str) -> serde_json::Value {
    let mut world = harness::world();
    world["identities"] = json!([{"clientId": client, "federatedSubjects": [SUBJECT]}]);
    world
}

fn with_token_file(azure: &Azure, client: &str, path: &Path) -> ArmClient {
    let proof = Proof::TokenFile(path.to_owned());
    azure.client_with(
        CredentialKind::WorkloadIdentity,
        &environment(client, proof),
    )
}

#[tokio::test]
async fn a2_a_token_file_is_read_for_each_exchange_and_a_newline_is_no_part_of_it() {
    let azure = Azure::start(&federated("reader"), tokens_of(Duration::from_secs(2)));
    let path = azure.file("token", &format!("{}\n", assertion(SUBJECT, 1)));
    let arm = with_token_file(&azure, "reader", &path);
    azure.look(&arm).await.unwrap();
    azure.file("token", &format!("  {}\r\n\n", assertion(SUBJECT, 2)));
    until_shown(&azure, &arm, &assertion(SUBJECT, 2)).await;
    // The kubelet replaces the file by renaming.
    let next = azure.file("next", &assertion(SUBJECT, 3));
    fs::rename(next, &path).unwrap();
    until_shown(&azure, &arm, &assertion(SUBJECT, 3)).await;
    let shown = azure.simulator().secrets().assertions;
    assert_eq!(
        shown,
        [1, 2, 3].map(|serial| assertion(SUBJECT, serial)).into(),
        "as they were issued, to the letter"
    );
    azure.assert_no_unauthorized_call();
}

/// Goes on reading, which must never fail, until `assertion` has been exchanged.
async fn until_shown(azure: &Azure, arm: &ArmClient, assertion: &str) {
    let end = Instant::now() + Duration::from_secs(10);
    while !azure.simulator().secrets().assertions.contains(assertion) {
        assert!(Instant::now() < end, "the new token was never exchanged");
        azure.look(arm).await.unwrap();
        sleep(Duration::from_millis(100)).await;
    }
    azure.look(arm).await.unwrap();
}

#[tokio::test]
async fn a2_a_token_file_that_is_absent_empty_or_truncated_is_told_and_heals_within_the_hold() {
    let azure = Azure::start(&federated("reader"), tokens_of(HOUR));
    let good = assertion(SUBJECT, 1);
    let truncated = good.get(..good.len() / 2).unwrap();
    let cases = [
        ("absent", None, "TokenUnavailable", "cannot be read"),
        ("empty", Some(""), "TokenUnavailable", "is empty"),
        ("blank", Some(" \n"), "TokenUnavailable", "is empty"),
        ("truncated", Some(truncated), "CredentialRefused", "AADSTS"),
    ];
    let broken = cases.map(|(name, text, reason, message)| {
        let path = azure.file(name, text.unwrap_or_default());
        if text.is_none() {
            fs::remove_file(&path).unwrap();
        }
        (
            name,
            with_token_file(&azure, "reader", &path),
            reason,
            message,
        )
    });
    for (name, arm, reason, message) in &broken {
        let told = azure.refusal(arm).await;
        assert_eq!(told.reason, *reason, "{name}: {told:?}");
        assert!(told.message.contains(message), "{name}: {told:?}");
        assert!(
            matches!(told.class, Class::Transient | Class::Unauthenticated),
            "{name}: nobody has to change a declaration: {told:?}"
        );
        // Held back, so that many objects do not knock at a closed door.
        azure.file(name, &good);
        let held = azure.refusal(arm).await;
        assert_eq!(held.message, told.message, "{name}");
    }
    assert_eq!(
        azure.exchanges("reader").len(),
        1,
        "only what was in a file went out"
    );
    skip(HOLD).await;
    for (name, arm, ..) in &broken {
        azure
            .look(arm)
            .await
            .unwrap_or_else(|told| panic!("{name}: {told:?}"));
    }
}

#[tokio::test]
async fn a2_a_held_token_outlives_the_absence_of_its_file() {
    let azure = Azure::start(&federated("reader"), tokens_of(Duration::from_secs(4)));
    let path = azure.file("token", &assertion(SUBJECT, 1));
    let arm = with_token_file(&azure, "reader", &path);
    azure.look(&arm).await.unwrap();
    fs::remove_file(&path).unwrap();
    let absent = Instant::now();
    while absent.elapsed() < Duration::from_secs(3) {
        azure.look(&arm).await.unwrap();
        sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(azure.exchanges("reader").len(), 1);
    azure.assert_no_unauthorized_call();
}

#[tokio::test]
async fn a5_a_rotated_client_secret_is_in_use_within_ten_seconds() {
    let azure = Azure::start(&world(&["rotated"]), tokens_of(HOUR));
    let path = azure.file("secret", &secret_of("rotated"));
    let proof = Proof::SecretFile(path);
    let arm = azure.client_with(CredentialKind::Auto, &environment("rotated", proof));
    azure.look(&arm).await.unwrap();
    let first = azure.simulator().secrets().tokens;
    azure.patch(json!({"identities": [{"clientId": "rotated", "secret": "another-secret"}]}));
    azure.file("secret", "another-secret\n");
    azure.look(&arm).await.unwrap();
    skip(Duration::from_secs(10)).await;
    let noticed = Instant::now();
    while azure.exchanges("rotated").len() < 2 {
        assert!(
            noticed.elapsed() < Duration::from_secs(5),
            "the token of the old secret is still in use"
        );
        azure.look(&arm).await.unwrap();
        sleep(Duration::from_millis(20)).await;
    }
    azure.look(&arm).await.unwrap();
    assert_eq!(first.len(), 1);
    assert_eq!(azure.simulator().secrets().tokens.len(), 2);
    azure.assert_no_unauthorized_call();
}

/// In virtual time: the hold after the refusal of half a secret would take real seconds.
#[tokio::test(start_paused = true)]
async fn a5_a_half_written_secret_costs_nobody_the_held_token() {
    let azure = Azure::start(&world(&["rotated"]), tokens_of(HOUR));
    let path = azure.file("secret", &secret_of("rotated"));
    let in_process = InProcess::to(azure.simulator());
    let arm = azure.client_at(
        &azure.cloud(),
        CredentialKind::ClientSecret,
        &environment("rotated", Proof::SecretFile(path)),
        &in_process,
    );
    azure.look(&arm).await.unwrap();
    azure.patch(json!({"identities": [{"clientId": "rotated", "secret": "another-secret"}]}));
    azure.file("secret", "another-");
    let reads_for = async |seconds| {
        let end = Instant::now() + Duration::from_secs(seconds);
        while Instant::now() < end {
            azure.look(&arm).await.unwrap();
            sleep(Duration::from_millis(500)).await;
        }
    };
    reads_for(14).await;
    let tried = azure.exchanges("rotated");
    assert_eq!(tried.len(), 2, "the half was tried, and once");
    assert_eq!(tried.last().unwrap().status(), Some(401));
    azure.file("secret", "another-secret");
    reads_for(10).await;
    assert_eq!(azure.exchanges("rotated").len(), 3);
    assert_eq!(azure.simulator().secrets().tokens.len(), 2);
    assert!(azure.simulator().journal().len() > 40);
    azure.assert_no_unauthorized_call();
    assert!(tried.last().unwrap().request.url.contains(TENANT));
}
