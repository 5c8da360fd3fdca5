//! The servers answer over real sockets on free loopback ports.

use std::net::Ipv4Addr;
use std::num::NonZeroU16;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::readiness::LivenessLimits;
use crate::shutdown::Shutdown;

use super::*;

const FREE: Option<SocketAddr> = Some(SocketAddr::new(
    std::net::IpAddr::V4(Ipv4Addr::LOCALHOST),
    0,
));

fn sources(limits: LivenessLimits) -> Sources {
    let liveness = Liveness::new(limits);
    let metrics = Metrics::new(NonZeroU16::MIN, liveness.clone());
    Sources {
        readiness: Readiness::default(),
        liveness,
        metrics: Arc::new(metrics),
    }
}

async fn fetch(address: Option<SocketAddr>, path: &str) -> String {
    let mut stream = TcpStream::connect(address.unwrap()).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nhost: probe\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

#[tokio::test]
async fn probes_say_what_is_missing_and_metrics_are_served_beside_them() {
    let sources = sources(LivenessLimits::default());
    let readiness = sources.readiness.clone();
    let addresses = Addresses {
        health: FREE,
        metrics: FREE,
    };
    let servers = Servers::bind(addresses, sources).await.unwrap();
    let (health, metrics) = (servers.health_address(), servers.metrics_address());
    let (trigger, shutdown) = Shutdown::manual();
    let serving = tokio::spawn(servers.serve(shutdown.requested()));

    for (gate, status, text) in [
        (Gate::Starting, "503", "not ready: starting"),
        (
            Gate::WaitingForCrd,
            "503",
            "not ready: waiting for the CustomResourceDefinition",
        ),
        (Gate::Syncing, "503", "not ready: listing"),
        (Gate::Ready, "200", "ok"),
        (Gate::Stopping, "503", "not ready: stopping"),
    ] {
        readiness.set(gate);
        let answer = fetch(health, "/readyz").await;
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {status}")),
            "{answer}"
        );
        assert!(answer.contains(text), "{answer}");
        let answer = fetch(health, "/livez").await;
        assert!(
            answer.starts_with("HTTP/1.1 200"),
            "readiness is not liveness: {answer}"
        );
    }
    assert!(fetch(health, "/healthz").await.starts_with("HTTP/1.1 200"));
    assert!(fetch(health, "/metrics").await.starts_with("HTTP/1.1 404"));
    let answer = fetch(metrics, "/metrics").await;
    assert!(
        answer.contains("content-type: application/openmetrics-text"),
        "{answer}"
    );
    assert!(answer.contains("adx_follower_build_info"), "{answer}");

    trigger.request();
    serving.await.unwrap().unwrap();
    assert!(TcpStream::connect(health.unwrap()).await.is_err());
}

#[tokio::test]
async fn a_missed_heartbeat_is_told_by_livez() {
    let limits = LivenessLimits {
        heartbeat: Duration::ZERO,
        watch: Duration::MAX,
    };
    let sources = sources(limits);
    let liveness = sources.liveness.clone();
    let addresses = Addresses {
        health: FREE,
        metrics: None,
    };
    let servers = Servers::bind(addresses, sources).await.unwrap();
    assert_eq!(servers.metrics_address(), None);
    let health = servers.health_address();
    let (_trigger, shutdown) = Shutdown::manual();
    let serving = tokio::spawn(servers.serve(shutdown.requested()));

    assert!(fetch(health, "/livez").await.starts_with("HTTP/1.1 200"));
    liveness.beat();
    while liveness.check().is_ok() {
        tokio::task::yield_now().await;
    }
    let answer = fetch(health, "/livez").await;
    assert!(answer.starts_with("HTTP/1.1 503"), "{answer}");
    assert!(answer.contains("heartbeat"), "{answer}");
    serving.abort();
}

#[tokio::test]
async fn a_silent_connection_does_not_hold_the_end() {
    let addresses = Addresses {
        health: FREE,
        metrics: None,
    };
    let servers = Servers::bind(addresses, sources(LivenessLimits::default()))
        .await
        .unwrap();
    let health = servers.health_address().unwrap();
    let (trigger, shutdown) = Shutdown::manual();
    let serving = tokio::spawn(servers.serve(shutdown.requested()));
    let mut silent = TcpStream::connect(health).await.unwrap();
    silent.write_all(b"GET /livez HT").await.unwrap();
    assert!(fetch(Some(health), "/livez").await.contains("ok"));
    trigger.request();
    serving.await.unwrap().unwrap();
}

#[tokio::test]
async fn an_address_in_use_is_named() {
    let taken = TcpListener::bind(FREE.unwrap()).await.unwrap();
    let addresses = Addresses {
        health: None,
        metrics: taken.local_addr().ok(),
    };
    let error = Servers::bind(addresses, sources(LivenessLimits::default()))
        .await
        .unwrap_err();
    let expected = format!(
        "cannot listen on {} for metrics",
        taken.local_addr().unwrap()
    );
    assert_eq!(error.to_string(), expected);
}
