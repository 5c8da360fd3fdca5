//! Pure. The one table that says what an Azure error means: who must act, and the reason a user reads.

/// Who has to act on an error, and so how patiently it is tried again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Class {
    /// Nobody: it passes by itself within seconds or minutes (network, gateway, the service's own trouble).
    Transient,
    /// Nobody: we asked too often, and must wait as long as we are told.
    Throttled,
    /// Nobody: another operation holds the cluster or the resource; it is free again in minutes.
    Busy,
    /// The operator's administrator: our credential, tenant or audience is not accepted.
    Unauthenticated,
    /// The operator's administrator: cloud, tenant and audience do not fit together; no waiting cures that.
    Misconfigured,
    /// An Azure administrator: a role is missing, or was granted so lately that it is not known everywhere.
    Denied,
    /// The author of the declaration: ARM refuses what it asks for.
    Rejected,
    /// An Azure administrator: a lock or a policy forbids the change until it is lifted.
    Locked,
}

/// Codes with a meaning of their own, in any ASCII case: what, who must act, and the reason.
///
/// Sources: arm-kusto.md §7 for what was seen with Kusto; the rest are ARM's general codes.
const CODES: [(&str, Class, &str); 29] = [
    // Arrives inside an operation that was accepted, never as HTTP 409 (terraform-provider-azurerm #32161).
    ("ServiceIsInMaintenance", Class::Busy, "ClusterBusy"),
    // "provisioning state is not terminal" (azure-rest-api-specs #7984, microsoft/mcp #1143).
    ("RequestConflict", Class::Busy, "ClusterBusy"),
    ("AnotherOperationInProgress", Class::Busy, "ClusterBusy"),
    ("OperationInProgress", Class::Busy, "ClusterBusy"),
    // The leader of a configuration cannot change (the service's own example of a failed operation).
    (
        "CannotAlterFollowerDatabase",
        Class::Rejected,
        "CannotAlterFollowerDatabase",
    ),
    // A code with no meaning of its own: "Internal Server Error" (terraform-provider-azurerm #18454).
    ("Failed", Class::Transient, "OperationFailed"),
    ("InternalServerError", Class::Transient, "ArmUnavailable"),
    (
        "InvalidAuthenticationToken",
        Class::Unauthenticated,
        "AuthenticationFailed",
    ),
    (
        "InvalidAuthenticationTokenTenant",
        Class::Misconfigured,
        "WrongTenant",
    ),
    (
        "InvalidAuthenticationTokenAudience",
        Class::Misconfigured,
        "WrongAudience",
    ),
    (
        "ExpiredAuthenticationToken",
        Class::Unauthenticated,
        "AuthenticationFailed",
    ),
    (
        "AuthenticationFailed",
        Class::Unauthenticated,
        "AuthenticationFailed",
    ),
    ("AuthorizationFailed", Class::Denied, "AuthorizationFailed"),
    // The caller may write the follower but lacks a role on the leader.
    (
        "LinkedAuthorizationFailed",
        Class::Denied,
        "LinkedAuthorizationFailed",
    ),
    (
        "LinkedAccessCheckFailed",
        Class::Denied,
        "LinkedAuthorizationFailed",
    ),
    // Comes with 403, but no role cures it.
    (
        "RequestDisallowedByPolicy",
        Class::Locked,
        "DisallowedByPolicy",
    ),
    ("ScopeLocked", Class::Locked, "ScopeLocked"),
    (
        "ReadOnlyDisabledSubscription",
        Class::Locked,
        "SubscriptionDisabled",
    ),
    (
        "SubscriptionNotFound",
        Class::Rejected,
        "SubscriptionNotFound",
    ),
    (
        "InvalidSubscriptionId",
        Class::Rejected,
        "SubscriptionNotFound",
    ),
    ("ParentResourceNotFound", Class::Rejected, "ParentNotFound"),
    ("ResourceGroupNotFound", Class::Rejected, "ParentNotFound"),
    ("ResourceNotFound", Class::Rejected, "NotFound"),
    // Comes with 409, but waiting does not cure it.
    (
        "MissingSubscriptionRegistration",
        Class::Rejected,
        "ProviderNotRegistered",
    ),
    (
        "NoRegisteredProviderFound",
        Class::Rejected,
        "ProviderNotRegistered",
    ),
    (
        "InvalidApiVersionParameter",
        Class::Rejected,
        "InvalidApiVersion",
    ),
    (
        "SubscriptionRequestsThrottled",
        Class::Throttled,
        "Throttled",
    ),
    ("TooManyRequests", Class::Throttled, "Throttled"),
    ("ServiceUnavailable", Class::Transient, "ArmUnavailable"),
];

/// What an error means.
///
/// `status` is the HTTP status of an answer, or what the bracket at the head of an operation's message stands for
/// ([`bracket_status`]); `None` when an operation failed without one. The code decides first, then the status.
#[must_use]
pub(super) fn classify(status: Option<u16>, code: &str, message: &str) -> (Class, &'static str) {
    // A stopped or starting cluster answers 400 `BadRequest`; it is the message alone that tells it from a bad
    // declaration (azure-service-operator #4933).
    if message.contains("while resource is in state") {
        return (Class::Busy, "ClusterNotRunning");
    }
    if let Some((_, class, reason)) = CODES
        .iter()
        .find(|(known, ..)| known.eq_ignore_ascii_case(code))
    {
        return (*class, reason);
    }
    match status {
        None => (Class::Transient, "OperationFailed"),
        Some(401) => (Class::Unauthenticated, "AuthenticationFailed"),
        Some(403) => (Class::Denied, "AuthorizationFailed"),
        // ARM always says what is missing; a proxy that does not know the way does not.
        Some(404) if code.is_empty() => (Class::Transient, "MalformedAnswer"),
        Some(404) => (Class::Rejected, "NotFound"),
        Some(408 | 500..) => (Class::Transient, "ArmUnavailable"),
        Some(409 | 412) => (Class::Busy, "Conflict"),
        Some(413) => (Class::Rejected, "RequestTooLarge"),
        Some(423) => (Class::Locked, "ScopeLocked"),
        Some(429) => (Class::Throttled, "Throttled"),
        // We never follow one: the token would travel along.
        Some(300..=399) => (Class::Transient, "UnexpectedRedirect"),
        Some(400..=499) => (Class::Rejected, "RequestRejected"),
        Some(0..=299) => (Class::Transient, "MalformedAnswer"),
    }
}

/// The HTTP-like class that Kusto puts at the head of an operation's message, `[Conflict]` for one (arm-kusto.md §3.2).
#[must_use]
pub(super) fn bracket_status(message: &str) -> Option<u16> {
    let (word, _) = message.trim_start().strip_prefix('[')?.split_once(']')?;
    match word {
        "BadRequest" => Some(400),
        "Unauthorized" => Some(401),
        "Forbidden" => Some(403),
        "NotFound" => Some(404),
        "Conflict" => Some(409),
        "TooManyRequests" => Some(429),
        "InternalServerError" => Some(500),
        "ServiceUnavailable" => Some(503),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
