//! Where an object needs the operator's identity, and a policy is who says no.

use serde_json::{Value, json};

use super::ids::{Seen::Refused, Way, b, c};
use super::world::{cluster, object, with};

const NOT_ALLOWED: &str = "AttachmentNotAllowed";

pub(crate) fn ways() -> Vec<Way> {
    let mut ways = without_one();
    ways.extend(with_one());
    ways.extend(beside_a_neighbour());
    for (name, account) in [
        (
            "an account of another namespace that is allowed nothing",
            "payroll",
        ),
        ("an account that is nowhere", "nobody"),
    ] {
        let object = c("/serviceAccountName", account);
        ways.push(named(name, object, "ServiceAccountNotFound"));
    }
    ways
}

fn named(name: &str, object: Value, reason: &'static str) -> Way {
    (name.to_owned(), object, Refused(reason))
}

/// In a namespace that no policy selects.
fn without_one() -> Vec<Way> {
    vec![
        named(
            "no account, and no policy for the namespace",
            b("/serviceAccountName", Value::Null),
            NOT_ALLOWED,
        ),
        named(
            "the same at the other team's follower",
            with(
                b("/serviceAccountName", Value::Null),
                &[("/follower/clusterResourceId", json!(cluster("follower-a")))],
            ),
            NOT_ALLOWED,
        ),
        named(
            "what another namespace is allowed",
            with(
                b("/serviceAccountName", Value::Null),
                &[
                    ("/follower/clusterResourceId", json!(cluster("follower-c"))),
                    ("/leader/clusterResourceId", json!(cluster("leader-c"))),
                    ("/leader/databaseName", json!("LogsEu")),
                ],
            ),
            NOT_ALLOWED,
        ),
    ]
}

/// In a namespace that a policy selects, but for something else.
fn with_one() -> Vec<Way> {
    let at = |follower: String| c("/follower/clusterResourceId", follower);
    let of = |leader: String| c("/leader/clusterResourceId", leader);
    let reading = |name: &str| c("/leader/databaseName", name);
    vec![
        named(
            "a follower of no policy",
            at(cluster("follower-a")),
            NOT_ALLOWED,
        ),
        named(
            "the same in capitals",
            at(cluster("follower-a").to_uppercase()),
            NOT_ALLOWED,
        ),
        named(
            "a follower whose name begins alike",
            at(cluster("follower-c2")),
            NOT_ALLOWED,
        ),
        named(
            "a follower of that name in another group",
            at(cluster("follower-c").replace("rg-c", "rg-a")),
            NOT_ALLOWED,
        ),
        named(
            "a follower of that name in another subscription",
            at(cluster("follower-c").replace("-000000000001", "-000000000002")),
            NOT_ALLOWED,
        ),
        named(
            "a leader of no policy",
            of(cluster("leader-a")),
            NOT_ALLOWED,
        ),
        named(
            "a leader of a group that begins alike",
            of(cluster("leader-c").replace("rg-c", "rg-c2")),
            NOT_ALLOWED,
        ),
        named(
            "all databases, where a beginning is allowed",
            reading("*"),
            NOT_ALLOWED,
        ),
        named("another database", reading("Hidden"), NOT_ALLOWED),
        named(
            "a database that only ends so",
            reading("OtherLogs"),
            NOT_ALLOWED,
        ),
        named("a beginning of the beginning", reading("Log"), NOT_ALLOWED),
        named(
            "what another namespace may read",
            reading("Traces"),
            NOT_ALLOWED,
        ),
        named(
            "principals replaced",
            c("/defaultPrincipalsModificationKind", "Replace"),
            NOT_ALLOWED,
        ),
        named(
            "the other team's configuration, taken over",
            with(
                at(cluster("follower-a")),
                &[
                    ("/leader/clusterResourceId", json!(cluster("leader-a"))),
                    ("/leader/databaseName", json!("Sales")),
                    ("/configurationName", json!("sales")),
                    ("/adoptionPolicy", json!("Always")),
                ],
            ),
            NOT_ALLOWED,
        ),
    ]
}

/// Two namespaces may use one follower, and what the one has is the other's obstacle.
fn beside_a_neighbour() -> Vec<Way> {
    let next_to_d = |changes: &[(&str, Value)]| with(object("c", "c", "LogsEu"), changes);
    vec![
        named(
            "a neighbour's configuration",
            next_to_d(&[
                ("/configurationName", json!("TRACES")),
                ("/adoptionPolicy", json!("Always")),
            ]),
            "ConfigurationClaimed",
        ),
        named(
            "a neighbour's database, by another name",
            next_to_d(&[("/databaseNameOverride", json!("EU_LOGSEU"))]),
            "DatabaseNameTaken",
        ),
        named(
            "a neighbour's database, by a prefix",
            next_to_d(&[("/databaseNamePrefix", json!("eu_"))]),
            "DatabaseNameTaken",
        ),
    ]
}
