//! Waiting times, write outcomes and the lines that users read.

use proptest::prelude::*;

use super::*;

fn refused(status: u16, code: &str, message: &str) -> ArmError {
    ArmError::Refused(Refusal {
        intent: Intent::Write,
        status,
        code: code.to_owned(),
        message: message.to_owned(),
        retry_after: None,
        unaccepted: Unaccepted::Unexplained,
    })
}

fn no_answer(intent: Intent, source: TransportError) -> ArmError {
    ArmError::NoAnswer { intent, source }
}

#[test]
fn a_waiting_time_is_whole_seconds_within_bounds() {
    let cases = [
        ("17", Some(17)),
        (" 17 ", Some(17)),
        ("0", Some(1)),
        ("600", Some(600)),
        ("1000000000", Some(600)),
        ("99999999999999999999999999", Some(600)),
        ("", None),
        ("-5", None),
        ("1.5", None),
        ("soon", None),
        ("Wed, 21 Oct 2026 07:28:00 GMT", None),
    ];
    for (value, seconds) in cases {
        assert_eq!(
            parse_retry_after(value),
            seconds.map(Duration::from_secs),
            "{value:?}"
        );
    }
}

#[test]
fn only_a_write_that_cannot_have_arrived_is_not_applied() {
    let broken = || TransportError::Interrupted("reset".into());
    let malformed = |intent| ArmError::Malformed {
        intent,
        status: 200,
        expected: "x",
        detail: "y".to_owned(),
    };
    let cases = [
        (
            no_answer(Intent::Write, TransportError::NotSent("refused".into())),
            WriteOutcome::NotApplied,
        ),
        (no_answer(Intent::Write, broken()), WriteOutcome::Unknown),
        (no_answer(Intent::Delete, broken()), WriteOutcome::Unknown),
        (
            no_answer(Intent::Write, TransportError::DeadlineExceeded),
            WriteOutcome::Unknown,
        ),
        (
            no_answer(Intent::Write, TransportError::BodyTooLarge { limit: 1 }),
            WriteOutcome::Unknown,
        ),
        (no_answer(Intent::Read, broken()), WriteOutcome::NotApplied),
        (malformed(Intent::Write), WriteOutcome::Unknown),
        (malformed(Intent::Read), WriteOutcome::NotApplied),
        (refused(400, "BadRequest", ""), WriteOutcome::NotApplied),
        (
            refused(403, "AuthorizationFailed", ""),
            WriteOutcome::NotApplied,
        ),
        (
            refused(409, "RequestConflict", ""),
            WriteOutcome::NotApplied,
        ),
        (
            refused(429, "TooManyRequests", ""),
            WriteOutcome::NotApplied,
        ),
        (refused(500, "", ""), WriteOutcome::Unknown),
        (refused(502, "", ""), WriteOutcome::Unknown),
        (refused(503, "", ""), WriteOutcome::Unknown),
        (refused(504, "GatewayTimeout", ""), WriteOutcome::Unknown),
        (
            ArmError::Token(TokenError::DeadlineExceeded),
            WriteOutcome::NotApplied,
        ),
    ];
    for (error, outcome) in cases {
        assert_eq!(error.outcome(), outcome, "{error:?}");
    }
}

#[test]
fn a_missing_role_is_told_by_action_and_scope() {
    let message = "The client 'c' with object id 'o' does not have authorization to perform action 'Microsoft.Kusto/Clusters/read' over scope '/subscriptions/S/resourceGroups/RG' or the scope is invalid. If access was recently granted, please refresh your credentials.";
    let error = refused(403, "AuthorizationFailed", message);
    assert_eq!(
        error.user_message(),
        format!(
            "the identity lacks `Microsoft.Kusto/Clusters/read` on `/subscriptions/S/resourceGroups/RG`: AuthorizationFailed: {message}"
        )
    );
    assert_eq!(error.class(), Class::Denied);
    assert_eq!(
        error.missing_permission(),
        Some((
            "Microsoft.Kusto/Clusters/read",
            "/subscriptions/S/resourceGroups/RG"
        ))
    );
    for other in [
        refused(403, "RequestDisallowedByPolicy", "denied by policy"),
        refused(400, "BadRequest", message),
        no_answer(Intent::Read, TransportError::DeadlineExceeded),
    ] {
        assert_eq!(other.missing_permission(), None, "{other:?}");
    }
}

#[test]
fn a_role_missing_on_the_leader_is_told_by_the_leaders_scope() {
    let message = "The client has permission to perform action 'Microsoft.Kusto/clusters/write' on scope '/subscriptions/S/f'; however, it does not have permission to perform action(s) 'Microsoft.Kusto/clusters/read' on the linked scope(s) '/subscriptions/S/leader1' (respectively) or the linked scope(s) are invalid.";
    let line = refused(403, "LinkedAuthorizationFailed", message).user_message();
    assert!(
        line.starts_with(
            "the identity lacks `Microsoft.Kusto/clusters/read` on `/subscriptions/S/leader1`: "
        ),
        "{line}"
    );
}

#[test]
fn other_answers_are_told_by_code_and_message() {
    let cases = [
        (
            refused(400, "BadRequest", "No.\nReally."),
            "BadRequest: No. Really.",
        ),
        (
            refused(403, "AuthorizationFailed", "no details"),
            "AuthorizationFailed: no details",
        ),
        (
            refused(409, "ScopeLocked", ""),
            "ScopeLocked (Azure answered 409)",
        ),
        (
            refused(502, "", ""),
            "Azure answered 502 without saying why",
        ),
    ];
    for (error, line) in cases {
        assert_eq!(error.user_message(), line);
    }
}

#[test]
fn a_lost_connection_is_told_with_its_cause_once() {
    let error = no_answer(
        Intent::Read,
        TransportError::NotSent("connection refused".into()),
    );
    assert_eq!(
        error.user_message(),
        "no complete answer from Azure: the request could not be sent: connection refused"
    );
    assert_eq!(error.reason(), "ArmUnavailable");
    assert_eq!(
        no_answer(Intent::Read, TransportError::BodyTooLarge { limit: 9 }).reason(),
        "MalformedAnswer"
    );
}

#[test]
fn token_errors_keep_their_own_class_and_reason() {
    let error = ArmError::Token(TokenError::DeadlineExceeded);
    assert_eq!(
        (error.class(), error.reason()),
        (Class::Transient, "TokenUnavailable")
    );
}

proptest! {
    #[test]
    fn every_waiting_time_is_within_bounds(value in "[0-9]{1,30}") {
        let wait = parse_retry_after(&value).unwrap();
        prop_assert!(wait >= RETRY_AFTER_MIN && wait <= RETRY_AFTER_MAX);
    }

    #[test]
    fn no_message_breaks_the_line(status in 300_u16..600, code in "\\PC{0,40}", message in "(does not have|action|scope|'|\n| |\\PC){0,40}") {
        let line = refused(status, &code, &message).user_message();
        prop_assert!(!line.contains('\n') && line.chars().count() <= 512);
    }
}
