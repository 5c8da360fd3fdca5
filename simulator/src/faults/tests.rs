//! Tests of arming, matching and counting.

use bytes::Bytes;
use http::StatusCode;
use serde_json::json;

use super::*;
use crate::reply::Reply;

fn call(method: &str, path: &str) -> Inbound {
    let (parts, ()) = http::Request::builder()
        .method(method)
        .uri(path)
        .body(())
        .unwrap()
        .into_parts();
    Inbound::new(parts, Bytes::new())
}

fn hits(faults: &mut Faults, method: &str, path: &str, count: usize) -> Vec<bool> {
    (0..count)
        .map(|_| faults.hit(&call(method, path), Some("me")).is_some())
        .collect()
}

#[test]
fn nth_and_times_choose_the_calls() {
    for (matching, expected) in [
        (json!({}), [true, false, false, false]),
        (json!({"nth": 2}), [false, true, false, false]),
        (json!({"nth": 2, "times": 2}), [false, true, true, false]),
        (json!({"times": 0}), [true, true, true, true]),
        (json!({"method": "put"}), [true, false, false, false]),
        (json!({"method": "GET"}), [false; 4]),
        (json!({"path": "**/b%20c"}), [false; 4]),
        (json!({"path": "/a/b *"}), [true, false, false, false]),
        (json!({"principal": "ME"}), [true, false, false, false]),
        (json!({"principal": "you"}), [false; 4]),
        (json!({"clientId": "Me"}), [true, false, false, false]),
    ] {
        let mut faults = Faults::default();
        faults
            .arm(json!({"match": matching, "act": {"status": 500}}))
            .unwrap();
        assert_eq!(
            hits(&mut faults, "PUT", "/a/b%20c", 4),
            expected,
            "{matching}"
        );
    }
}

#[test]
fn the_first_armed_acts_and_the_others_count() {
    let mut faults = Faults::default();
    faults
        .arm(json!({"name": "one", "act": {"status": 500}}))
        .unwrap();
    faults
        .arm(json!({"name": "two", "match": {"nth": 2}, "act": {"status": 501}}))
        .unwrap();
    let names: Vec<Option<String>> = (0..3)
        .map(|_| faults.hit(&call("GET", "/"), None).map(|(name, _)| name))
        .collect();
    assert_eq!(
        names,
        [Some("one".to_owned()), Some("two".to_owned()), None]
    );
    assert_eq!(faults.shown().pointer("/1/seen"), Some(&json!(3)));
    assert_eq!(faults.disarm(Some("one")), 1);
    assert_eq!(faults.disarm(None), 1);
}

#[test]
fn whether_the_call_takes_effect_follows_from_the_act() {
    for (act, expected) in [
        (
            json!({"status": 504}),
            Answer::Status {
                status: StatusCode::GATEWAY_TIMEOUT,
                applied: false,
            },
        ),
        (
            json!({"status": 504, "after": true}),
            Answer::Status {
                status: StatusCode::GATEWAY_TIMEOUT,
                applied: true,
            },
        ),
        (json!({"hang": true}), Answer::Hang { applied: false }),
        (
            json!({"reset": true, "after": true}),
            Answer::Reset { applied: true },
        ),
        (json!({"truncate": 5}), Answer::Own),
        (json!({"body": ""}), Answer::Own),
        (json!({"operation": {"status": "Canceled"}}), Answer::Own),
    ] {
        let mut faults = Faults::default();
        faults.arm(json!({"act": act})).unwrap();
        let (_, found) = faults.hit(&call("GET", "/"), None).unwrap();
        assert_eq!(found.answer, expected, "{act}");
    }
}

#[test]
fn what_cannot_be_meant_is_refused_with_its_place() {
    for (document, expected) in [
        (json!({}), "`act` must be given"),
        (
            json!({"act": {"status": 99}}),
            "`act.status` must be an HTTP status",
        ),
        (
            json!({"act": {"status": 500, "hang": true}}),
            "`act.status` must be the only one",
        ),
        (
            json!({"act": {"after": true}}),
            "`act.after` must come with",
        ),
        (
            json!({"act": {"dealy": "2s"}}),
            "`act.dealy` must not be here",
        ),
        (
            json!({"act": {"delay": "soon"}}),
            "`act.delay` must be a duration",
        ),
        (
            json!({"act": {"slowBody": {}}}),
            "`act.slowBody.every` must be given",
        ),
        (
            json!({"act": {"operation": {"status": "Failed"}}}),
            "`act.operation.error` must be given",
        ),
        (
            json!({"act": {"operation": {"status": "Lost"}}}),
            "`act.operation.status` must be Succeeded",
        ),
        (
            json!({"act": {"dropHeaders": ["a b"]}}),
            "`act.dropHeaders` must be header names",
        ),
        (
            json!({"match": {"method": "P T"}, "act": {"hang": true}}),
            "`match.method` must be an HTTP method",
        ),
        (
            json!({"match": {"principal": "a", "clientId": "a"}, "act": {"hang": true}}),
            "`match.clientId` must not come with `principal`",
        ),
    ] {
        let error = Faults::default().arm(document).unwrap_err().to_string();
        assert!(error.starts_with(expected), "{error}\nexpected {expected}");
    }
}

#[test]
fn an_answer_is_reshaped_and_a_bare_error_gets_the_envelope() {
    let mut faults = Faults::default();
    let act = json!({"headers": {"Retry-After": 7}, "dropHeaders": ["Azure-AsyncOperation"], "body": "<html>"});
    faults.arm(json!({"act": act})).unwrap();
    let (_, act) = faults.hit(&call("GET", "/"), None).unwrap();
    let own = Reply::json(StatusCode::OK, &json!({}))
        .with("azure-asyncoperation", "x")
        .with("retry-after", "1");
    let reply = act.reshape(Some(own), ErrorForm::Arm);
    let names: Vec<(&str, &str)> = reply
        .headers
        .iter()
        .map(|(name, value)| (name.as_str(), value.to_str().unwrap()))
        .collect();
    assert_eq!(
        names,
        [
            ("content-type", "text/html; charset=utf-8"),
            ("retry-after", "7")
        ]
    );
    assert_eq!(reply.body, b"<html>");

    faults
        .arm(json!({"name": "gateway", "act": {"status": 504, "after": true}}))
        .unwrap();
    let (_, act) = faults.hit(&call("GET", "/"), None).unwrap();
    for (form, at, expected) in [
        (ErrorForm::Arm, "/error/code", "GatewayTimeout"),
        (ErrorForm::OAuth, "/error", "temporarily_unavailable"),
    ] {
        let reply = act.reshape(Some(Reply::empty(StatusCode::OK)), form);
        let body: Value = serde_json::from_slice(&reply.body).unwrap();
        assert_eq!(body.pointer(at), Some(&json!(expected)));
    }
}
