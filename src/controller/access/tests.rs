//! What is allowed to whom, and what is not.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::api::AttachmentPolicy;

mod accounts;

const SUBSCRIPTION: &str = "/subscriptions/00000000-0000-0000-0000-000000000001";

fn cluster(name: &str) -> ClusterId {
    format!("{SUBSCRIPTION}/resourceGroups/rg1/providers/Microsoft.Kusto/clusters/{name}")
        .parse()
        .unwrap()
}

/// A policy for the namespace `analytics`: Sales… of leader1 on follower1; `change` alters its spec.
fn policy(change: &Value) -> Policy {
    let mut spec = json!({
        "namespaces": {"matchLabels": {"kubernetes.io/metadata.name": "analytics"}},
        "followers": [cluster("follower1").to_string()],
        "leaders": [{"scope": cluster("leader1").to_string(), "databases": ["Sales*"]}],
        "principalsModificationKinds": ["Union", "None"],
    });
    for (field, value) in change.as_object().unwrap() {
        spec[field] = value.clone();
    }
    let policy: AttachmentPolicy = serde_json::from_value(json!({
        "apiVersion": "adx-follower.dev/v1alpha1", "kind": "AttachmentPolicy",
        "metadata": {"name": "p"}, "spec": spec,
    }))
    .unwrap();
    Policy::try_from(&policy).unwrap()
}

fn labels(namespace: &str) -> Labels {
    Labels::from([(
        "kubernetes.io/metadata.name".to_owned(),
        namespace.to_owned(),
    )])
}

fn known(policies: Vec<Policy>) -> Known {
    let mut known = Known::default();
    for (number, policy) in policies.into_iter().enumerate() {
        known.policies.put(format!("p{number}"), policy);
    }
    for namespace in ["analytics", "other"] {
        known
            .namespaces
            .put(namespace.to_owned(), labels(namespace));
    }
    known
}

/// What a test asks for, owned.
struct Wish {
    namespace: &'static str,
    account: Option<&'static str>,
    follower: ClusterId,
    leader: ClusterId,
    database: Database,
    principals: Option<PrincipalsModificationKind>,
}

impl Default for Wish {
    fn default() -> Self {
        Self {
            namespace: "analytics",
            account: None,
            follower: cluster("follower1"),
            leader: cluster("leader1"),
            database: Database::One("Sales".to_owned()),
            principals: Some(PrincipalsModificationKind::Union),
        }
    }
}

impl Wish {
    fn judged(&self, tenancy: &Tenancy, known: &Known) -> Access {
        let demand = Demand {
            namespace: self.namespace,
            account: self.account,
            reach: Some(Reach {
                follower: self.follower.clone(),
                leader: self.leader.clone(),
                database: self.database.clone(),
                principals: self.principals,
            }),
        };
        judge(tenancy, &demand, known)
    }

    fn is_allowed_by(&self, policies: Vec<Policy>) -> bool {
        let tenancy = Tenancy::Policies(OwnIdentities::Enabled);
        match self.judged(&tenancy, &known(policies)) {
            Access::Granted(identity) => {
                assert_eq!(identity, Identity::Operator);
                true
            }
            Access::Refused(refusal) => {
                assert_eq!(refusal, Refusal::NotAllowed);
                false
            }
        }
    }
}

fn one(name: &str) -> Database {
    Database::One(name.to_owned())
}

#[test]
fn without_a_policy_nobody_is_served() {
    assert!(!Wish::default().is_allowed_by(vec![]));
}

#[test]
fn a_policy_allows_what_it_names_and_nothing_beside_it() {
    let wish = Wish::default;
    let odd =
        |name: &str| -> ClusterId { cluster(name).to_string().to_uppercase().parse().unwrap() };
    for (reason, wish, allowed) in [
        ("all of it fits", wish(), true),
        (
            "ids compare without case",
            Wish {
                follower: odd("follower1"),
                leader: odd("leader1"),
                ..wish()
            },
            true,
        ),
        (
            "so do databases",
            Wish {
                database: one("sALES2024"),
                ..wish()
            },
            true,
        ),
        (
            "another namespace",
            Wish {
                namespace: "other",
                ..wish()
            },
            false,
        ),
        (
            "another follower",
            Wish {
                follower: cluster("follower2"),
                ..wish()
            },
            false,
        ),
        (
            "a longer name is another cluster",
            Wish {
                follower: cluster("follower11"),
                ..wish()
            },
            false,
        ),
        (
            "another leader",
            Wish {
                leader: cluster("leader2"),
                ..wish()
            },
            false,
        ),
    ] {
        assert_eq!(
            wish.is_allowed_by(vec![policy(&json!({}))]),
            allowed,
            "{reason}"
        );
    }
}

#[test]
fn a_policy_allows_its_databases_and_kinds_and_no_others() {
    let wish = Wish::default;
    for (reason, wish, allowed) in [
        (
            "the other way round",
            Wish {
                leader: cluster("follower1"),
                follower: cluster("leader1"),
                ..wish()
            },
            false,
        ),
        (
            "another database",
            Wish {
                database: one("Stock"),
                ..wish()
            },
            false,
        ),
        (
            "the pattern is a beginning",
            Wish {
                database: one("xSales"),
                ..wish()
            },
            false,
        ),
        (
            "every database is more",
            Wish {
                database: Database::All,
                ..wish()
            },
            false,
        ),
        (
            "Replace is not among the kinds",
            Wish {
                principals: Some(PrincipalsModificationKind::Replace),
                ..wish()
            },
            false,
        ),
        (
            "None is",
            Wish {
                principals: Some(PrincipalsModificationKind::None),
                ..wish()
            },
            true,
        ),
        (
            "a deletion sets no principals",
            Wish {
                principals: None,
                ..wish()
            },
            true,
        ),
        (
            "but reaches no other cluster",
            Wish {
                principals: None,
                leader: cluster("leader2"),
                ..wish()
            },
            false,
        ),
    ] {
        assert_eq!(
            wish.is_allowed_by(vec![policy(&json!({}))]),
            allowed,
            "{reason}"
        );
    }
}

#[test]
fn scopes_above_a_cluster_cover_it_and_patterns_mean_what_they_say() {
    let all = Wish {
        database: Database::All,
        ..Wish::default()
    };
    for (reason, change, wish, allowed) in [
        (
            "a subscription",
            json!({"followers": [SUBSCRIPTION]}),
            Wish::default(),
            true,
        ),
        (
            "a resource group",
            json!({"followers": [format!("{SUBSCRIPTION}/resourceGroups/RG1")]}),
            Wish::default(),
            true,
        ),
        (
            "another one",
            json!({"followers": [format!("{SUBSCRIPTION}/resourceGroups/rg")]}),
            Wish::default(),
            false,
        ),
        (
            "another subscription",
            json!({"followers": ["/subscriptions/00000000-0000-0000-0000-000000000002"]}),
            Wish::default(),
            false,
        ),
        (
            "a star opens every database",
            json!({"leaders": [{"scope": SUBSCRIPTION, "databases": ["*"]}]}),
            all,
            true,
        ),
        (
            "and each one",
            json!({"leaders": [{"scope": SUBSCRIPTION, "databases": ["*"]}]}),
            Wish::default(),
            true,
        ),
        (
            "a name is that name",
            json!({"leaders": [{"scope": SUBSCRIPTION, "databases": ["sales"]}]}),
            Wish::default(),
            true,
        ),
        (
            "and no beginning",
            json!({"leaders": [{"scope": SUBSCRIPTION, "databases": ["sale"]}]}),
            Wish::default(),
            false,
        ),
        (
            "no label, every namespace",
            json!({"namespaces": {}}),
            Wish {
                namespace: "other",
                ..Wish::default()
            },
            true,
        ),
        (
            "expressions count",
            json!({"namespaces": {"matchExpressions": [{"key": "kubernetes.io/metadata.name", "operator": "NotIn", "values": ["analytics"]}]}}),
            Wish::default(),
            false,
        ),
    ] {
        assert_eq!(
            wish.is_allowed_by(vec![policy(&change)]),
            allowed,
            "{reason}"
        );
    }
}

#[test]
fn policies_do_not_add_up() {
    let follower = policy(
        &json!({"leaders": [{"scope": cluster("leader2").to_string(), "databases": ["*"]}]}),
    );
    let leader = policy(&json!({"followers": [cluster("follower2").to_string()]}));
    assert!(!Wish::default().is_allowed_by(vec![follower.clone(), leader.clone()]));
    assert!(Wish::default().is_allowed_by(vec![follower, leader, policy(&json!({}))]));
    let rules = policy(&json!({"leaders": [
        {"scope": cluster("leader1").to_string(), "databases": ["Stock"]},
        {"scope": cluster("leader2").to_string(), "databases": ["Sales"]},
    ]}));
    assert!(
        !Wish::default().is_allowed_by(vec![rules]),
        "nor do the entries of one"
    );
}

#[test]
fn what_is_not_listed_yet_refuses_without_blame() {
    let tenancy = Tenancy::Policies(OwnIdentities::Enabled);
    let mut known = known(vec![policy(&json!({}))]);
    known.policies.expect_list();
    let unknown = |kind| Access::Refused(Refusal::Unknown(kind));
    assert_eq!(
        Wish::default().judged(&tenancy, &known),
        unknown(Kind::Policies)
    );
    known.policies.listed();
    assert_eq!(
        Wish {
            namespace: "new",
            ..Wish::default()
        }
        .judged(&tenancy, &known),
        unknown(Kind::Namespaces),
        "an object can't be where no namespace is: the news is on its way"
    );
    known.accounts.expect_list();
    let own = Wish {
        account: Some("adx"),
        ..Wish::default()
    };
    assert_eq!(own.judged(&tenancy, &known), unknown(Kind::Accounts));
}

#[test]
fn an_object_that_says_nothing_usable_is_allowed_nothing() {
    let demand = Demand {
        namespace: "analytics",
        account: None,
        reach: None,
    };
    let everything = policy(
        &json!({"namespaces": {}, "followers": [SUBSCRIPTION], "leaders": [{"scope": SUBSCRIPTION, "databases": ["*"]}]}),
    );
    assert_eq!(
        judge(
            &Tenancy::Policies(OwnIdentities::Enabled),
            &demand,
            &known(vec![everything])
        ),
        Access::Refused(Refusal::NotAllowed)
    );
}

#[test]
fn who_may_not_act_makes_no_claim() {
    let account = || {
        Access::Granted(Identity::Account(Arc::new(Account {
            namespace: "n".to_owned(),
            name: "a".to_owned(),
            uid: "u".to_owned(),
            client_id: "c".to_owned(),
            tenant_id: "t".to_owned(),
        })))
    };
    let operator = || Access::Granted(Identity::Operator);
    for (access, ownership, expected) in [
        (operator(), None, Some(Standing::Asks)),
        (operator(), Some(Ownership::Created), Some(Standing::Owns)),
        (operator(), Some(Ownership::Adopted), Some(Standing::Owns)),
        (account(), None, None),
        (account(), Some(Ownership::Created), Some(Standing::Owns)),
        (account(), Some(Ownership::Adopted), None),
        (
            Access::Refused(Refusal::NotAllowed),
            Some(Ownership::Created),
            None,
        ),
    ] {
        assert_eq!(
            standing(&access, ownership),
            expected,
            "{access:?} {ownership:?}"
        );
    }
}

proptest! {
    /// A policy never allows what differs from it in a single segment, whatever the spelling.
    #[test]
    fn no_spelling_reaches_another_cluster(name in "[a-z][a-z0-9]{3,12}", other in "[a-z][a-z0-9]{3,12}", upper in any::<bool>()) {
        let spelt = |name: &str| -> ClusterId {
            let id = cluster(name).to_string();
            if upper { id.to_uppercase() } else { id }.parse().unwrap()
        };
        let policy = policy(&json!({"followers": [cluster(&name).to_string()]}));
        let wish = Wish { follower: spelt(&other), ..Wish::default() };
        prop_assert_eq!(wish.is_allowed_by(vec![policy]), name == other);
    }

    /// More policies allow more, never less.
    #[test]
    fn a_policy_takes_nothing_away(database in "(Sales|Stock)[a-z]{0,3}", prefix in "[A-Z]?[a-z]{0,3}") {
        let wish = Wish { database: one(&database), ..Wish::default() };
        let extra = policy(&json!({"leaders": [{"scope": SUBSCRIPTION, "databases": [format!("{prefix}*")]}]}));
        let before = wish.is_allowed_by(vec![policy(&json!({}))]);
        let after = wish.is_allowed_by(vec![policy(&json!({})), extra]);
        prop_assert!(!before || after);
    }
}
