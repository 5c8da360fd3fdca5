//! The way to the in-process ARM simulator, through the operator's own seams and without a network.

#![allow(
    dead_code,
    unreachable_pub,
    reason = "every test binary compiles this module and uses a part of it"
)]
#![allow(
    clippy::expect_used,
    reason = "a broken fixture fails the test that uses it"
)]

use std::sync::Arc;
use std::time::Duration;

use adx_follower_operator::azure::client::{ArmClient, ArmOptions, NoObserver};
use adx_follower_operator::azure::cloud::{Cloud, CloudName, CloudOverrides};
use adx_follower_operator::azure::token::{Claims, Mint, Minted, Token, TokenError, TokenSource};
use adx_follower_operator::azure::transport::{Limits, Transport, TransportError};
use adx_follower_operator::identity::Clients;
use axum::body::Body;
use bytes::Bytes;
use futures::future::BoxFuture;
use http_body_util::{BodyExt as _, Limited};
use kusto_arm_simulator::Simulator;
use tokio::time::timeout;
use tower::ServiceExt as _;

/// Where the simulator seems to live.
pub const ENDPOINT: &str = "https://management.azure.com";

/// The clients of all identities, as the operator makes them; ServiceAccounts get their tokens from `kubernetes`.
pub fn clients(arm: &Simulator, kubernetes: kube::Client) -> Clients<InProcess> {
    Clients {
        cloud: Cloud::new(CloudName::Public, CloudOverrides::default()).expect("a known cloud"),
        api_version: "2024-04-13".to_owned(),
        transport: InProcess(arm.clone()),
        observer: Arc::new(NoObserver),
        operator: Some(Arc::new(Tokens(arm.clone()))),
        kubernetes,
    }
}

/// A client of ARM as the operator has one, without a network.
pub fn arm_client(arm: &Simulator) -> ArmClient {
    ArmClient::new(ArmOptions {
        endpoint: ENDPOINT.parse().expect("a valid endpoint"),
        api_version: "2024-04-13".to_owned(),
        transport: Arc::new(InProcess(arm.clone())),
        tokens: Arc::new(Tokens(arm.clone())),
        observer: Arc::new(NoObserver),
    })
}

/// The production seam, without a network.
#[derive(Clone)]
pub struct InProcess(Simulator);

impl InProcess {
    /// The way to this simulator, whatever host a request names.
    pub fn to(arm: &Simulator) -> Self {
        Self(arm.clone())
    }
}

impl Transport for InProcess {
    fn send(
        &self,
        request: http::Request<Bytes>,
        limits: Limits,
    ) -> BoxFuture<'_, Result<http::Response<Bytes>, TransportError>> {
        let service = self.0.service();
        let exchange = async move {
            let answer = service
                .oneshot(request.map(Body::from))
                .await
                .expect("the simulator always answers");
            let (parts, body) = answer.into_parts();
            let body = Limited::new(body, limits.max_body)
                .collect()
                .await
                .map_err(TransportError::Interrupted)?
                .to_bytes();
            Ok(http::Response::from_parts(parts, body))
        };
        Box::pin(async move {
            timeout(limits.deadline, exchange)
                .await
                .unwrap_or(Err(TransportError::DeadlineExceeded))
        })
    }
}

/// The operator's own identity: a fresh token for each exchange.
struct Tokens(Simulator);

impl Tokens {
    fn fresh(&self) -> String {
        self.0.mint_token("operator", ENDPOINT)
    }
}

impl Mint for Tokens {
    fn mint(&self, _: Option<&Claims>) -> BoxFuture<'_, Result<Minted, TokenError>> {
        let minted = Minted {
            secret: self.fresh().into(),
            lifetime: Duration::from_hours(1),
        };
        Box::pin(async move { Ok(minted) })
    }
}

impl TokenSource for Tokens {
    fn token(&self) -> BoxFuture<'_, Result<Token, TokenError>> {
        let token = Token::new(&self.fresh());
        Box::pin(async move { Ok(token) })
    }

    fn reject(&self, _: &Token, _: Option<Claims>) {}
}
