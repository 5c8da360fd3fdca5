//! A6: Entra in trouble, each row of the token column of the fault list (faults.md §4.1), and who must not notice.

use std::time::Duration;

use adx_follower_operator::azure::credential::CredentialKind;
use adx_follower_operator::azure::error::Class;
use futures::future::{join_all, join3};
use serde_json::json;
use tokio::net::TcpListener;
use tokio::time::{Instant, sleep, timeout};

use crate::azure::{AUDIENCE, Azure, Proof, Told, environment, skip, tokens_of, world};
use crate::token_rows::{Row, rows};

const HOUR: Duration = Duration::from_hours(1);

#[tokio::test]
async fn a6_who_has_no_token_is_told_what_entra_did_and_nothing_goes_elsewhere() {
    let elsewhere = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let rows = rows(&format!("https://{}", elsewhere.local_addr().unwrap()));
    let mut names: Vec<&str> = rows.iter().map(|row| row.name).collect();
    names.push("bystander");
    let azure = Azure::start(&world(&names), tokens_of(HOUR));
    for row in &rows {
        azure.break_tokens(row.name, &row.act);
    }
    let ask = async |row: &Row| {
        let start = Instant::now();
        let told = azure.refusal(&azure.client(row.name)).await;
        (told, start.elapsed())
    };
    let all_told = join_all(rows.iter().map(ask));
    let bystander = async {
        let start = Instant::now();
        azure.look(&azure.client("bystander")).await.unwrap();
        start.elapsed()
    };
    // H3: accepted by the kernel, and never spoken to.
    let mute = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let silent = format!("https://{}", mute.local_addr().unwrap());
    let lonely = async {
        let start = Instant::now();
        let cloud = azure.cloud_with(&silent, AUDIENCE);
        let proof = environment("bystander", Proof::Secret);
        let kind = CredentialKind::ClientSecret;
        let arm = azure.client_at(&cloud, kind, &proof, &azure.transport());
        let told = azure.refusal(&arm).await;
        assert!(told.message.contains("within 10 seconds"), "{told:?}");
        assert!(start.elapsed() < Duration::from_secs(11));
    };
    let (all_told, bystander, ()) = join3(all_told, bystander, lonely).await;

    let mut wrong = Vec::new();
    for (row, (told, elapsed)) in rows.iter().zip(all_told) {
        let Told {
            class,
            reason,
            message,
            retry_after,
        } = &told;
        let right = (*class, *reason) == (row.told.0, row.told.1)
            && message.contains(row.told.2)
            && *retry_after == row.retry_after.map(Duration::from_secs)
            && elapsed < Duration::from_secs(row.within)
            && !message.contains("6f1c1c1f");
        if !right {
            wrong.push(format!("{}: {told:?} after {elapsed:?}", row.name));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(bystander < Duration::from_secs(7), "{bystander:?}");
    let visited = timeout(Duration::from_millis(50), elsewhere.accept()).await;
    assert!(visited.is_err(), "a redirect was followed");
    let journal = azure.simulator().journal_with_tokens();
    assert!(
        !journal
            .iter()
            .any(|entry| entry.request.url.contains("h22-followed"))
    );
    assert!(
        azure
            .simulator()
            .journal()
            .iter()
            .all(|entry| entry.principal.as_deref() == Some("bystander")),
        "no call without a token"
    );
}

/// H11: what is not needed may be missing, and more may come.
#[tokio::test]
async fn a6_fields_that_nobody_knows_do_not_matter() {
    let azure = Azure::start(&world(&["modern", "plain"]), tokens_of(HOUR));
    let body = json!({
        "access_token": "made-up-by-this-test", "token_type": "Bearer", "expires_in": 3599, "refresh_in": 1800,
        "client_info": null, "foo": {"bar": [null]},
    });
    azure.break_tokens("modern", &json!({"status": 200, "body": body}));
    azure.client("modern").authenticate().await.unwrap();
    azure.assert_untold("made-up-by-this-test");
    azure.look(&azure.client("plain")).await.unwrap();
}

#[tokio::test]
async fn a6_entra_is_left_alone_as_long_as_it_asks_for() {
    let azure = Azure::start(&world(&["hasty"]), tokens_of(HOUR));
    azure.break_tokens(
        "hasty",
        &json!({"status": 429, "headers": {"Retry-After": "30"}}),
    );
    let arm = azure.client("hasty");
    azure.refusal(&arm).await;
    azure.heal_tokens("hasty");
    for _ in 0..2 {
        skip(Duration::from_secs(14)).await;
        assert_eq!(azure.refusal(&arm).await.class, Class::Throttled);
    }
    assert_eq!(azure.exchanges("hasty").len(), 1);
    skip(Duration::from_secs(2)).await;
    azure.look(&arm).await.unwrap();
    assert_eq!(azure.exchanges("hasty").len(), 2);
}

#[tokio::test]
async fn a6_a_body_of_fifty_megabytes_is_not_taken_in() {
    let azure = Azure::start(&world(&["flooded"]), tokens_of(HOUR));
    azure.break_tokens(
        "flooded",
        &json!({"status": 200, "body": "x".repeat(50 * 1024 * 1024)}),
    );
    let told = azure.refusal(&azure.client("flooded")).await;
    assert_eq!(
        (told.class, told.reason),
        (Class::Transient, "TokenUnavailable")
    );
    assert!(
        told.message.contains("longer than 1048576 bytes"),
        "{told:?}"
    );
}

/// H1, H2 and H4: there is nobody to speak to.
#[tokio::test]
async fn a6_an_authority_that_cannot_be_spoken_to_is_told_by_its_cause() {
    let azure = Azure::start(&world(&["lonely"]), tokens_of(HOUR));
    let stranger = azure.beside(&world(&["lonely"]), tokens_of(HOUR));
    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let refusing = format!("https://{}", closed.local_addr().unwrap());
    drop(closed);
    let rude = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let resetting = format!("https://{}", rude.local_addr().unwrap());
    let rudeness = tokio::spawn(async move {
        while let Ok((socket, _)) = rude.accept().await {
            drop(socket);
        }
    });
    let stranger_url = stranger.url();
    let cases = [
        (&refusing, "refused", 7),
        (&stranger_url, "certificate", 7),
        (&resetting, "could not be sent", 7),
    ];
    let ask = async |(authority, message, within): (&String, &str, u64)| {
        let start = Instant::now();
        let told = azure
            .refusal(&azure.client_at(
                &azure.cloud_with(authority, AUDIENCE),
                CredentialKind::ClientSecret,
                &environment("lonely", Proof::Secret),
                &azure.transport(),
            ))
            .await;
        assert_eq!(
            (told.class, told.reason),
            (Class::Transient, "TokenUnavailable")
        );
        assert!(told.message.contains(message), "{authority}: {told:?}");
        let elapsed = start.elapsed();
        assert!(
            elapsed < Duration::from_secs(within),
            "{authority}: {elapsed:?}"
        );
    };
    join_all(cases.map(ask)).await;
    rudeness.abort();
    assert!(stranger.simulator().journal_with_tokens().is_empty());
    // Both have something to look for in what was said.
    azure.look(&azure.client("lonely")).await.unwrap();
    stranger.look(&stranger.client("lonely")).await.unwrap();
}

/// The same identities in an Azure without faults say how long a call takes while the machine is as busy as it is.
#[tokio::test]
async fn a6_a_held_token_goes_on_to_be_used_and_nobody_is_slower() {
    const LIFETIME: Duration = Duration::from_secs(5);
    let names = ["hang", "reset", "throttled", "unwell", "page"];
    let acts = [
        json!({"hang": true}),
        json!({"reset": true}),
        json!({"status": 429, "headers": {"Retry-After": "60"}}),
        json!({"status": 500}),
        json!({"status": 200, "body": "<html>"}),
    ];
    let calm = Azure::start(&world(&["bystander"]), tokens_of(HOUR));
    let calm_arm = calm.client("bystander");
    calm.look(&calm_arm).await.unwrap();

    let mut clients = names.to_vec();
    clients.push("bystander");
    let stormy = calm.beside(&world(&clients), tokens_of(LIFETIME));
    let held = names.map(|name| stormy.client(name));
    let start = Instant::now();
    for arm in &held {
        stormy.look(arm).await.unwrap();
    }
    for (name, act) in names.iter().zip(&acts) {
        stormy.break_tokens(name, act);
    }
    let bystander = stormy.client("bystander");
    stormy.look(&bystander).await.unwrap();

    let (mut undisturbed, mut disturbed) = (Vec::new(), Vec::new());
    while start.elapsed() + Duration::from_secs(1) < LIFETIME {
        for arm in &held {
            stormy.look(arm).await.unwrap();
        }
        undisturbed.push(timed(calm.look(&calm_arm)).await);
        disturbed.push(timed(stormy.look(&bystander)).await);
        sleep(Duration::from_millis(20)).await;
    }
    stormy.assert_no_unauthorized_call();
    for name in names {
        assert!(
            stormy.exchanges(name).len() > 1,
            "{name}: a refresh was tried"
        );
    }
    let (undisturbed, disturbed) = (median(undisturbed), median(disturbed));
    assert!(
        disturbed <= undisturbed.mul_f64(1.2) + Duration::from_millis(5),
        "{disturbed:?} instead of {undisturbed:?}"
    );
    eprintln!("call time: {undisturbed:?} undisturbed, {disturbed:?} beside broken identities");

    // To the end of what was held, and no longer: then it is told.
    sleep((start + LIFETIME + Duration::from_millis(100)).duration_since(Instant::now())).await;
    assert_eq!(stormy.refusal(&held[1]).await.reason, "TokenUnavailable");
    stormy.look(&bystander).await.unwrap();
}

async fn timed(call: impl Future<Output = Result<(), Told>>) -> Duration {
    let start = Instant::now();
    call.await.unwrap();
    start.elapsed()
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    assert!(times.len() >= 10, "{} samples", times.len());
    times[times.len() / 2]
}
