//! Every act of a fault, on both token routes.

use std::time::Duration;

use axum::body::Body;
use http::{Request, StatusCode};
use serde_json::{Value, json};

use crate::entra::{managed_identity, request, secret_form, with};
use crate::harness::{Answer, Harness, cluster};

const ROUTES: [Route; 2] = [Route::Entra, Route::ManagedIdentity];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Route {
    Entra,
    ManagedIdentity,
}

impl Route {
    fn path(self) -> &'static str {
        match self {
            Self::Entra => "/*/oauth2/v2.0/token",
            Self::ManagedIdentity => "/msi/token",
        }
    }

    fn request(self, client_id: &str) -> Request<Body> {
        match self {
            Self::Entra => request("t-a", &with(secret_form("s"), "client_id", client_id)),
            Self::ManagedIdentity => managed_identity(client_id),
        }
    }

    async fn ask(self, harness: &Harness, client_id: &str) -> Answer {
        harness.send(self.request(client_id)).await
    }
}

fn arm(harness: &Harness, route: Route, act: Value) {
    harness
        .simulator
        .arm_fault(json!({"match": {"path": route.path()}, "act": act}))
        .unwrap();
}

fn issued(harness: &Harness) -> usize {
    harness.simulator.secrets().tokens.len()
}

#[tokio::test(start_paused = true)]
async fn a_status_comes_in_the_form_of_token_routes_and_with_its_headers() {
    for route in ROUTES {
        let harness = Harness::new();
        for (status, word) in [
            (429, "temporarily_unavailable"),
            (500, "server_error"),
            (503, "temporarily_unavailable"),
            (400, "invalid_request"),
            (401, "invalid_client"),
        ] {
            let before = issued(&harness);
            arm(
                &harness,
                route,
                json!({"status": status, "headers": {"Retry-After": 7}}),
            );
            let answer = route.ask(&harness, "app-1").await;
            assert_eq!(answer.status.as_u16(), status, "{route:?}");
            assert_eq!(answer.at("/error"), word, "{route:?}");
            assert_eq!(answer.header("retry-after"), Some("7"));
            assert_eq!(answer.header("x-ms-request-id"), None, "not ARM's");
            assert_eq!(issued(&harness), before, "{route:?}: not applied");
        }
        let answer = route.ask(&harness, "app-1").await;
        assert_eq!(answer.status, StatusCode::OK, "{route:?}: once each");
    }
}

#[tokio::test(start_paused = true)]
async fn bodies_and_headers_are_replaced() {
    for route in ROUTES {
        let harness = Harness::new();
        let refusal = json!({"error": "invalid_client", "error_description": "AADSTS70021: No matching federated identity record"});
        arm(&harness, route, json!({"status": 401, "body": refusal}));
        let answer = route.ask(&harness, "app-1").await;
        assert_eq!((answer.status.as_u16(), &answer.body), (401, &refusal));

        arm(
            &harness,
            route,
            json!({"body": "<html>", "dropHeaders": ["Cache-Control"]}),
        );
        let answer = route.ask(&harness, "app-1").await;
        assert_eq!(
            (answer.status, answer.text.as_str()),
            (StatusCode::OK, "<html>")
        );
        assert_eq!(
            answer.header("content-type"),
            Some("text/html; charset=utf-8")
        );
        assert_eq!(answer.header("cache-control"), None);
    }
}

#[tokio::test(start_paused = true)]
async fn hangs_and_resets_give_no_answer_with_or_without_a_token_issued() {
    for route in ROUTES {
        for (act, expected) in [
            (json!({"hang": true}), 0),
            (json!({"hang": true, "after": true}), 1),
            (json!({"reset": true}), 0),
            (json!({"reset": true, "after": true}), 1),
            (json!({"truncate": 10}), 1),
        ] {
            let harness = Harness::new();
            let before = issued(&harness);
            arm(&harness, route, act.clone());
            let answer = harness.try_send(route.request("app-1"));
            let answer = tokio::time::timeout(Duration::from_hours(24), answer).await;
            let hung = act["hang"] == json!(true);
            assert_eq!(answer.is_err(), hung, "{route:?} {act}");
            assert!(answer.ok().flatten().is_none(), "{route:?} {act}");
            assert_eq!(issued(&harness), before + expected, "{route:?} {act}");
            let entry = harness.simulator.journal_with_tokens().remove(0);
            assert_eq!(entry.applied, expected == 1, "{route:?} {act}");
            assert_eq!(entry.fault.as_deref(), Some("fault-1"));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn delays_and_slow_bodies_take_their_time() {
    for route in ROUTES {
        let harness = Harness::new();
        arm(&harness, route, json!({"delay": "5s"}));
        let start = tokio::time::Instant::now();
        route.ask(&harness, "app-1").await;
        assert_eq!(start.elapsed().as_secs(), 5, "{route:?}");

        arm(
            &harness,
            route,
            json!({"slowBody": {"bytes": 1, "every": "10s"}}),
        );
        let start = tokio::time::Instant::now();
        let answer = route.ask(&harness, "app-1").await;
        let expected = 10 * answer.text.len() as u64;
        assert_eq!(start.elapsed().as_secs(), expected, "{route:?}");
        assert!(answer.at("/access_token").is_string());
    }
}

#[tokio::test(start_paused = true)]
async fn one_identitys_token_server_is_dead_while_others_live() {
    for route in ROUTES {
        for name in ["principal", "clientId"] {
            let harness = Harness::new();
            let matching = json!({name: "APP-1", "path": route.path(), "times": 0});
            harness
                .simulator
                .arm_fault(json!({"match": matching, "act": {"status": 503}}))
                .unwrap();
            for (client_id, expected) in [("app-1", 503), ("app-2", 200), ("app-1", 503)] {
                let answer = route.ask(&harness, client_id).await;
                assert_eq!(answer.status.as_u16(), expected, "{route:?} {client_id}");
            }
            assert_eq!(
                harness
                    .as_client("app-1")
                    .get(&cluster("leader1"))
                    .await
                    .status,
                StatusCode::OK,
                "the path keeps it off ARM"
            );
        }
    }
}

#[tokio::test(start_paused = true)]
async fn without_a_path_an_identity_is_hit_on_its_token_calls_and_on_arm() {
    let harness = Harness::new();
    let matching = json!({"clientId": "app-1", "times": 0});
    harness
        .simulator
        .arm_fault(json!({"match": matching, "act": {"status": 503}}))
        .unwrap();
    for route in ROUTES {
        assert_eq!(route.ask(&harness, "app-1").await.status.as_u16(), 503);
        assert_eq!(route.ask(&harness, "app-2").await.status.as_u16(), 200);
    }
    let arm = harness.as_client("app-1").get(&cluster("leader1")).await;
    assert_eq!(
        (arm.status.as_u16(), arm.code()),
        (503, "ServiceUnavailable")
    );
}
