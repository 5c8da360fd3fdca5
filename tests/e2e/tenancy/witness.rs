//! What the journal must not show. Pure.

use testbed::simulator::ArmCall;

/// The Azure identities of the teams, and the operator's own.
pub(crate) const TEAM_A: &str = "aaaaaaaa-aaaa-4aaa-8aaa-aaaaaaaaaaaa";
pub(crate) const TEAM_B: &str = "bbbbbbbb-bbbb-4bbb-8bbb-bbbbbbbbbbbb";
pub(crate) const OPERATOR: &str = "cccccccc-cccc-4ccc-8ccc-cccccccccccc";

/// Who may call a cluster; `None` for clusters that are nobody's.
fn owner(cluster: &str) -> Option<&'static str> {
    match cluster {
        "follower-a" | "leader-a" => Some(TEAM_A),
        "follower-b" | "leader-b" => Some(TEAM_B),
        "follower-c" | "leader-c" => Some(OPERATOR),
        _ => None,
    }
}

/// The cluster that a call is about, in lower case; `None` for polls of operations.
fn cluster(call: &ArmCall) -> Option<String> {
    let path = call.path.to_ascii_lowercase();
    let (_, below) = path.split_once("/clusters/")?;
    below.split('/').next().map(str::to_owned)
}

/// What is wrong with a call: somebody else than its owner got or wrote something of a cluster.
///
/// A team's own identity may knock at a foreign door, since Azure is who keeps it shut; the operator's may not even
/// knock.
pub(crate) fn trespass(call: &ArmCall) -> Option<String> {
    let cluster = cluster(call)?;
    let principal = call.principal.as_deref();
    if principal.is_some() && principal == owner(&cluster) {
        return None;
    }
    let got_something = call
        .status
        .is_none_or(|status| (200..300).contains(&status));
    let is_wrong = got_something || call.is_write() || principal == Some(OPERATOR);
    is_wrong.then(|| format!("{principal:?} called {cluster}: {call}"))
}

#[test]
fn a_trespass_is_told_from_what_may_be() {
    let call = |method: &str, cluster: &str, principal: &str, status: Option<u16>| {
        trespass(&ArmCall {
            method: method.to_owned(),
            path: format!(
                "/subscriptions/s/providers/Microsoft.Kusto/clusters/{cluster}/databases"
            ),
            status,
            principal: Some(principal.to_owned()),
        })
        .is_some()
    };
    for (method, cluster, principal, status, is_wrong, reason) in [
        ("PUT", "follower-a", TEAM_A, Some(201), false, "its own"),
        (
            "GET",
            "FOLLOWER-A",
            TEAM_B,
            Some(403),
            false,
            "Azure says no",
        ),
        (
            "GET",
            "FOLLOWER-A",
            TEAM_B,
            Some(200),
            true,
            "Azure says yes",
        ),
        ("GET", "follower-a", TEAM_B, None, true, "nobody knows"),
        ("DELETE", "follower-a", TEAM_B, Some(403), true, "a write"),
        ("GET", "follower-a", OPERATOR, Some(403), true, "the deputy"),
        ("GET", "follower-c2", OPERATOR, Some(200), true, "nobody's"),
    ] {
        assert_eq!(
            call(method, cluster, principal, status),
            is_wrong,
            "{reason}"
        );
    }
}
