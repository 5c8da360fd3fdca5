//! The simulator beside a test: real sockets and real TLS while the test's own time stands still.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use std::net::TcpStream;

use kusto_arm_simulator::{Background, Options, Simulator, World};
use serde_json::json;

const CLUSTER: &str =
    "/subscriptions/s1/resourceGroups/rg1/providers/Microsoft.Kusto/clusters/follower1";

fn simulator() -> Simulator {
    let world = json!({"clusters": [{"id": CLUSTER, "location": "West Europe"}]});
    Simulator::new(World::from_json(world).unwrap(), Options::default())
}

fn client(background: &Background) -> reqwest::Client {
    let builder = reqwest::Client::builder().no_proxy();
    let builder = match background.ca_file() {
        None => builder,
        Some(ca_file) => {
            let pem = std::fs::read(ca_file).unwrap();
            builder.tls_certs_only([reqwest::Certificate::from_pem(&pem).unwrap()])
        }
    };
    builder.build().unwrap()
}

#[tokio::test]
async fn it_serves_over_http_and_https_and_shares_its_state_with_the_test() {
    let directory = tempfile::tempdir().unwrap();
    for background in [
        Background::http(simulator()).unwrap(),
        Background::https(simulator(), directory.path()).unwrap(),
    ] {
        let simulator = background.simulator();
        let token = simulator.mint_token("me", "https://management.azure.com");
        let url = format!("{}{CLUSTER}?api-version=2024-04-13", background.url());
        let call = client(&background)
            .get(&url)
            .header("authorization", format!("Bearer {token}"));
        assert_eq!(call.send().await.unwrap().status().as_u16(), 200, "{url}");
        let journal = simulator.journal();
        assert_eq!(journal[0].request.url, url);
        assert_eq!(journal[0].principal.as_deref(), Some("me"));
    }
}

#[tokio::test]
async fn over_tls_only_who_trusts_its_authority_gets_an_answer() {
    let directory = tempfile::tempdir().unwrap();
    let background = Background::https(simulator(), directory.path()).unwrap();
    let stranger = reqwest::Client::builder()
        .no_proxy()
        .tls_certs_only([])
        .build()
        .unwrap();
    let url = format!("{}/_sim/health", background.url());
    assert!(stranger.get(&url).send().await.is_err());
    let status = client(&background).get(&url).send().await.unwrap().status();
    assert_eq!(status.as_u16(), 200);
}

/// Dropped in an async context too, where blocking on its runtime would panic.
#[tokio::test]
async fn dropping_it_frees_the_port_though_a_call_hangs() {
    let background = Background::http(simulator()).unwrap();
    let address = background.address();
    let simulator = background.simulator().clone();
    simulator.arm_fault(json!({"act": {"hang": true}})).unwrap();
    let url = format!("{}{CLUSTER}", background.url());
    let hanging = tokio::spawn(client(&background).get(url).send());
    while simulator.journal().is_empty() {
        tokio::task::yield_now().await;
    }
    drop(background);
    assert!(hanging.await.unwrap().is_err());
    assert!(TcpStream::connect(address).is_err());
}

#[tokio::test]
async fn faults_break_the_token_route_on_real_tls_too() {
    let directory = tempfile::tempdir().unwrap();
    let background = Background::https(simulator(), directory.path()).unwrap();
    let simulator = background.simulator();
    let url = format!("{}/tenant/oauth2/v2.0/token", background.url());
    let ask = |client_id: &'static str| {
        let form = "grant_type=client_credentials&client_secret=s&scope=https%3A%2F%2Fmanagement.azure.com%2F.default";
        let call = client(&background)
            .post(&url)
            .body(format!("{form}&client_id={client_id}"));
        async move { call.send().await?.text().await }
    };
    for act in [json!({"reset": true}), json!({"truncate": 10})] {
        let matching = json!({"path": "/*/oauth2/v2.0/token", "clientId": "app-1"});
        simulator
            .arm_fault(json!({"match": matching, "act": act}))
            .unwrap();
        assert!(ask("app-2").await.unwrap().contains("access_token"));
        assert!(ask("app-1").await.is_err(), "{act}");
        assert!(ask("app-1").await.unwrap().contains("access_token"));
    }
}
