//! Who shares a session with whom, and how long it lasts.

use super::*;
use crate::azure::{
    client::{ArmOptions, NoObserver},
    token::{Claims, Token, TokenError, TokenSource},
    transport::{Limits, Transport, TransportError},
};
use bytes::Bytes;
use futures::future::BoxFuture;

struct Nothing;

impl Transport for Nothing {
    fn send(
        &self,
        _: http::Request<Bytes>,
        _: Limits,
    ) -> BoxFuture<'_, Result<http::Response<Bytes>, TransportError>> {
        Box::pin(std::future::pending())
    }
}

impl TokenSource for Nothing {
    fn token(&self) -> BoxFuture<'_, Result<Token, TokenError>> {
        Box::pin(std::future::pending())
    }

    fn reject(&self, _: &Token, _: Option<Claims>) {}
}

fn sessions() -> Sessions {
    Sessions::new(Box::new(|_| {
        Ok(ArmClient::new(ArmOptions {
            endpoint: "https://management.azure.com".parse().unwrap(),
            api_version: "2024-04-13".to_owned(),
            transport: Arc::new(Nothing),
            tokens: Arc::new(Nothing),
            observer: Arc::new(NoObserver),
        }))
    }))
}

fn account(name: &str, client_id: &str) -> Identity {
    Identity::Account(Arc::new(Account {
        namespace: "analytics".to_owned(),
        name: name.to_owned(),
        uid: "u".to_owned(),
        client_id: client_id.to_owned(),
        tenant_id: "t".to_owned(),
    }))
}

#[tokio::test(start_paused = true)]
async fn an_identity_has_one_session_and_shares_it_with_nobody() {
    let sessions = sessions();
    let first = sessions.of(&account("adx", "c")).unwrap();
    assert!(Arc::ptr_eq(
        &first,
        &sessions.of(&account("adx", "c")).unwrap()
    ));
    let operator = sessions.of(&Identity::Operator).unwrap();
    assert!(!Arc::ptr_eq(&first, &operator));
    assert_eq!(sessions.count(), 2);
}

#[tokio::test(start_paused = true)]
async fn another_client_id_is_somebody_else_and_ends_the_session_before() {
    let sessions = sessions();
    let before = sessions.of(&account("adx", "c")).unwrap();
    let after = sessions.of(&account("adx", "other")).unwrap();
    assert!(!Arc::ptr_eq(&before, &after));
    assert_eq!(sessions.count(), 1);
}

#[tokio::test(start_paused = true)]
async fn unused_sessions_go_and_there_are_never_too_many() {
    let sessions = sessions();
    sessions.of(&Identity::Operator).unwrap();
    for number in 0..MAX_SESSIONS + 50 {
        tokio::time::advance(Duration::from_millis(1)).await;
        sessions.of(&account(&format!("a{number}"), "c")).unwrap();
    }
    assert_eq!(sessions.count(), MAX_SESSIONS);
    assert!(
        sessions.lock().contains_key(&Identity::Operator),
        "the operator's is in use whenever a policy says so"
    );
    tokio::time::advance(KEPT_FOR).await;
    sessions.of(&account("new", "c")).unwrap();
    assert_eq!(sessions.count(), 1);
}
