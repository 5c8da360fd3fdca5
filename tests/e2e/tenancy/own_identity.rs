//! Where an object has an identity of its own, and Azure, or Entra, is who says no.

use serde_json::json;

use super::ids::{Seen::Refused, Way, b};
use super::world::{cluster, object, with};

pub(crate) fn ways() -> Vec<Way> {
    let named = |name: &str, object, reason| (name.to_owned(), object, Refused(reason));
    let at_a = |id: String| b("/follower/clusterResourceId", id);
    let take = |adoption: &str, name: &str| {
        with(
            object("b", "b", "Sales"),
            &[
                ("/follower/clusterResourceId", json!(cluster("follower-a"))),
                ("/leader/clusterResourceId", json!(cluster("leader-a"))),
                ("/configurationName", json!(name)),
                ("/adoptionPolicy", json!(adoption)),
            ],
        )
    };
    vec![
        named(
            "the other team's follower",
            at_a(cluster("follower-a")),
            "AuthorizationFailed",
        ),
        named(
            "the other team's follower in capitals",
            at_a(cluster("follower-a").to_uppercase()),
            "AuthorizationFailed",
        ),
        named(
            "the other team's leader",
            b("/leader/clusterResourceId", cluster("leader-a")),
            "AuthorizationFailed",
        ),
        named(
            "the other team's leader, all of it",
            with(
                b("/leader/clusterResourceId", cluster("leader-a")),
                &[("/leader/databaseName", json!("*"))],
            ),
            "AuthorizationFailed",
        ),
        named(
            "the other team's configuration, taken over",
            take("Always", "sales"),
            "AuthorizationFailed",
        ),
        named(
            "the same in capitals",
            take("Always", "SALES"),
            "AuthorizationFailed",
        ),
        named(
            "the same if it is equal",
            take("IfEqual", "sales"),
            "AuthorizationFailed",
        ),
        named(
            "the other team's configuration, only looked at",
            with(
                take("IfEqual", "sales"),
                &[("/driftPolicy", json!("Report"))],
            ),
            "AuthorizationFailed",
        ),
        named(
            "an account that exists in the other namespace only",
            b("/serviceAccountName", "payroll"),
            "ServiceAccountNotFound",
        ),
        named(
            "an account with the other team's client id",
            with(
                at_a(cluster("follower-a")),
                &[("/serviceAccountName", json!("as-team-a"))],
            ),
            "FederatedCredentialNotFound",
        ),
        named(
            "an account with the operator's client id",
            with(
                at_a(cluster("follower-a")),
                &[("/serviceAccountName", json!("as-operator"))],
            ),
            "FederatedCredentialNotFound",
        ),
        named(
            "an account whose client id leads elsewhere",
            b("/serviceAccountName", "up-and-away"),
            "ServiceAccountIncomplete",
        ),
        named(
            "an account whose tenant leads elsewhere",
            b("/serviceAccountName", "elsewhere"),
            "ServiceAccountIncomplete",
        ),
        named(
            "an account without an identity",
            b("/serviceAccountName", "bare"),
            "ServiceAccountIncomplete",
        ),
    ]
}
