//! The table, row by row.

use proptest::prelude::*;

use super::*;

#[test]
#[allow(clippy::too_many_lines, reason = "one row per error")]
fn each_known_error_has_its_class_and_reason() {
    let cases = [
        (None, "ServiceIsInMaintenance", Class::Busy, "ClusterBusy"),
        (Some(409), "RequestConflict", Class::Busy, "ClusterBusy"),
        (Some(409), "Conflict", Class::Busy, "Conflict"),
        (Some(409), "ScopeLocked", Class::Locked, "ScopeLocked"),
        (
            Some(409),
            "MissingSubscriptionRegistration",
            Class::Rejected,
            "ProviderNotRegistered",
        ),
        (Some(400), "BadRequest", Class::Rejected, "RequestRejected"),
        (
            Some(400),
            "InvalidApiVersionParameter",
            Class::Rejected,
            "InvalidApiVersion",
        ),
        (
            Some(400),
            "CannotAlterFollowerDatabase",
            Class::Rejected,
            "CannotAlterFollowerDatabase",
        ),
        (None, "Failed", Class::Transient, "OperationFailed"),
        (None, "SomethingNew", Class::Transient, "OperationFailed"),
        (
            Some(401),
            "InvalidAuthenticationToken",
            Class::Unauthenticated,
            "AuthenticationFailed",
        ),
        (
            Some(401),
            "expiredauthenticationtoken",
            Class::Unauthenticated,
            "AuthenticationFailed",
        ),
        (
            Some(403),
            "AuthorizationFailed",
            Class::Denied,
            "AuthorizationFailed",
        ),
        (
            Some(403),
            "LinkedAuthorizationFailed",
            Class::Denied,
            "LinkedAuthorizationFailed",
        ),
        (
            Some(403),
            "RequestDisallowedByPolicy",
            Class::Locked,
            "DisallowedByPolicy",
        ),
        (Some(403), "", Class::Denied, "AuthorizationFailed"),
        (Some(404), "ResourceNotFound", Class::Rejected, "NotFound"),
        (Some(404), "DatabaseNotFound", Class::Rejected, "NotFound"),
        (Some(404), "", Class::Transient, "MalformedAnswer"),
        (
            Some(404),
            "ParentResourceNotFound",
            Class::Rejected,
            "ParentNotFound",
        ),
        (
            Some(404),
            "ResourceGroupNotFound",
            Class::Rejected,
            "ParentNotFound",
        ),
        (
            Some(404),
            "SubscriptionNotFound",
            Class::Rejected,
            "SubscriptionNotFound",
        ),
        (Some(408), "", Class::Transient, "ArmUnavailable"),
        (Some(412), "PreconditionFailed", Class::Busy, "Conflict"),
        (Some(413), "", Class::Rejected, "RequestTooLarge"),
        (
            Some(429),
            "SubscriptionRequestsThrottled",
            Class::Throttled,
            "Throttled",
        ),
        (Some(429), "", Class::Throttled, "Throttled"),
        (
            Some(500),
            "InternalServerError",
            Class::Transient,
            "ArmUnavailable",
        ),
        (Some(502), "", Class::Transient, "ArmUnavailable"),
        (
            Some(504),
            "GatewayTimeout",
            Class::Transient,
            "ArmUnavailable",
        ),
        (Some(307), "", Class::Transient, "UnexpectedRedirect"),
    ];
    for (status, code, class, reason) in cases {
        assert_eq!(
            classify(status, code, ""),
            (class, reason),
            "{status:?} {code:?}"
        );
    }
}

#[test]
fn a_stopped_cluster_is_no_fault_of_the_declaration() {
    let message = "Cannot fetch databases while resource is in state 'Stopped'.";
    assert_eq!(
        classify(Some(400), "BadRequest", message),
        (Class::Busy, "ClusterNotRunning")
    );
}

#[test]
fn the_bracket_of_an_operations_message_stands_for_a_status() {
    assert_eq!(
        bracket_status("[Conflict] Cluster 'X' is in process of maintenance"),
        Some(409)
    );
    assert_eq!(
        bracket_status("[BadRequest] Cannot alter leader cluster"),
        Some(400)
    );
    assert_eq!(bracket_status("[NewWord] x"), None);
    assert_eq!(bracket_status("no bracket [Conflict]"), None);
    assert_eq!(bracket_status("[Conflict"), None);
    assert_eq!(bracket_status(""), None);
}

#[test]
fn no_code_stands_twice_in_the_table() {
    for (index, (code, ..)) in CODES.iter().enumerate() {
        let first = CODES
            .iter()
            .position(|(other, ..)| other.eq_ignore_ascii_case(code));
        assert_eq!(first, Some(index), "{code}");
    }
}

proptest! {
    #[test]
    fn every_answer_has_a_camel_case_reason(status in proptest::option::of(0_u16..1000), code in "[A-Za-z]{0,12}", message in ".{0,40}") {
        let (_, reason) = classify(status, &code, &message);
        prop_assert!(reason.starts_with(|c: char| c.is_ascii_uppercase()));
        prop_assert!(reason.chars().all(|c| c.is_ascii_alphanumeric()));
    }
}
