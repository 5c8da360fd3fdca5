//! What the follower has to show before an object is Ready, and who may stand in the way.

use super::*;
use crate::{
    api::{AdoptionPolicy, DriftPolicy, PrincipalsModificationKind},
    azure::{
        error::Class,
        model::{Cluster, ClusterState, ProvisioningState, Sharing},
    },
};

fn cluster_id(name: &str) -> ClusterId {
    format!(
        "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg1/providers/Microsoft.Kusto/clusters/{name}"
    )
    .parse()
    .unwrap()
}

fn desired(database: &str, naming: Naming) -> Desired {
    Desired {
        configuration: cluster_id("follower1").configuration("sales").unwrap(),
        leader: cluster_id("leader1"),
        database: match database {
            "*" => validate::Database::All,
            name => validate::Database::One(name.into()),
        },
        principals: PrincipalsModificationKind::Union,
        naming,
        sharing: Sharing::default(),
        drift_policy: DriftPolicy::Correct,
        adoption_policy: AdoptionPolicy::IfEqual,
        interval: None,
    }
}

fn one(naming: Naming) -> Desired {
    desired("Sales", naming)
}

fn all(naming: Naming) -> Desired {
    desired("*", naming)
}

/// A configuration that has attached these names.
fn live(attached: &[&str]) -> Configuration {
    Configuration {
        attached_database_names: names(attached),
        ..Configuration::default()
    }
}

fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

fn database(name: &str, kind: DatabaseKind) -> Database {
    Database {
        name: name.into(),
        location: "West Europe".into(),
        kind,
        provisioning_state: ProvisioningState::Succeeded,
    }
}

fn followed_by(name: &str, configuration: &str, leader: &str) -> Database {
    let following = Following {
        configuration_name: configuration.into(),
        leader_cluster: leader.into(),
        ..Following::default()
    };
    database(name, DatabaseKind::Following(following))
}

/// A database by our configuration, with ARM's casing of the leader's id.
fn ours(name: &str) -> Database {
    let leader = cluster_id("leader1").to_string();
    followed_by(name, "sales", &leader.replace("clusters", "Clusters"))
}

fn local(name: &str) -> Database {
    database(name, DatabaseKind::ReadWrite { is_followed: false })
}

fn suspended(name: &str) -> Database {
    let mut database = ours(name);
    if let DatabaseKind::Following(following) = &mut database.kind {
        following.suspended = true;
    }
    database
}

fn made_by(name: &str, origin: ShareOrigin) -> Database {
    let mut database = ours(name);
    if let DatabaseKind::Following(following) = &mut database.kind {
        following.share_origin = origin;
    }
    database
}

/// A leader that has databases of these names.
fn offering(offered: &[&str]) -> Leader {
    leader(LeaderDatabases::Names(names(offered)))
}

fn leader(databases: LeaderDatabases) -> Leader {
    Leader::Present {
        cluster: Cluster {
            location: "West Europe".into(),
            state: ClusterState::Running,
            state_reason: None,
            provisioning_state: ProvisioningState::Succeeded,
            streaming_ingest: false,
            customer_managed_key: false,
        },
        databases,
    }
}

fn failure() -> Failure {
    Failure {
        class: Class::Denied,
        reason: "AuthorizationFailed",
        message: "message".into(),
        retry_after: None,
    }
}

fn missing(missing: &[&str]) -> Readability {
    Readability::Missing(names(missing))
}

fn taken_by(name: &str, holder: Holder) -> Readability {
    Readability::Taken {
        name: name.into(),
        holder,
    }
}

/// One database: declaration, what the follower shows, verdict.
fn check_one(rows: Vec<(&str, Desired, Vec<Database>, Readability)>) {
    for (reason, desired, shown, expected) in rows {
        let databases = Databases::Listed(shown);
        let judged = readability(&desired, &live(&[]), &databases, &Leader::NotRead);
        assert_eq!(judged, expected, "{reason}");
    }
}

#[test]
fn one_database_is_readable_under_its_own_name() {
    let prefix = || Naming::Prefix("eu_".into());
    let renamed = || Naming::Override("SalesRO".into());
    let elsewhere = cluster_id("leader1").to_string().to_uppercase();
    check_one(vec![
        (
            "as declared",
            one(Naming::Original),
            vec![ours("Sales")],
            Readability::Readable(vec![ours("Sales")]),
        ),
        (
            "all names in another case",
            one(Naming::Original),
            vec![followed_by("sALES", "SALES", &elsewhere)],
            Readability::Readable(vec![followed_by("sALES", "SALES", &elsewhere)]),
        ),
        (
            "others are none of our business",
            one(Naming::Original),
            vec![local("Web"), ours("Sales"), followed_by("X", "other", "")],
            Readability::Readable(vec![ours("Sales")]),
        ),
        (
            "with an override",
            one(renamed()),
            vec![ours("SalesRO")],
            Readability::Readable(vec![ours("SalesRO")]),
        ),
        (
            "with a prefix",
            one(prefix()),
            vec![ours("eu_Sales")],
            Readability::Readable(vec![ours("eu_Sales")]),
        ),
        (
            "nothing there",
            one(Naming::Original),
            vec![],
            missing(&["Sales"]),
        ),
        (
            "still under the old name",
            one(renamed()),
            vec![ours("Sales")],
            missing(&["SalesRO"]),
        ),
        (
            "still without the prefix",
            one(prefix()),
            vec![ours("Sales")],
            missing(&["eu_Sales"]),
        ),
        (
            "suspended",
            one(Naming::Original),
            vec![suspended("Sales")],
            Readability::Suspended(names(&["Sales"])),
        ),
    ]);
}

#[test]
fn another_database_of_the_name_is_told_with_its_holder() {
    let leader2 = cluster_id("leader2").to_string();
    let leader1 = cluster_id("leader1").to_string();
    let holders = [
        ("a local one wins", local("SALES"), Holder::Local),
        (
            "the same leader by another configuration",
            followed_by("SALES", "web", &leader1),
            Holder::Configuration("web".into()),
        ),
        (
            "another leader by another configuration",
            followed_by("SALES", "web", &leader2),
            Holder::Leader("leader2".into()),
        ),
        (
            "another leader by a configuration of our name",
            followed_by("SALES", "sales", &leader2),
            Holder::Leader("leader2".into()),
        ),
        (
            "a leader's id that is none",
            followed_by("SALES", "sales", "somewhere"),
            Holder::Leader("somewhere".into()),
        ),
        (
            "a kind of a later day",
            database("SALES", DatabaseKind::Other("Mirrored".into())),
            Holder::Unknown,
        ),
    ];
    for (reason, other, holder) in holders {
        check_one(vec![
            (
                reason,
                one(Naming::Original),
                vec![local("Web"), other.clone()],
                taken_by("SALES", holder.clone()),
            ),
            (
                "an override to a name that is taken",
                one(Naming::Override("Sales".into())),
                vec![other.clone()],
                taken_by("SALES", holder),
            ),
            (
                "an override out of the way",
                one(Naming::Override("SalesRO".into())),
                vec![other, ours("SalesRO")],
                Readability::Readable(vec![ours("SalesRO")]),
            ),
        ]);
    }
}

#[test]
fn of_all_databases_those_must_show_that_are_attached() {
    let prefix = || Naming::Prefix("eu_".into());
    let rows = [
        (
            "every one",
            all(Naming::Original),
            live(&["Sales", "Web"]),
            offering(&["Sales", "Web"]),
            vec![ours("Sales"), ours("WEB")],
            Readability::Readable(vec![ours("Sales"), ours("WEB")]),
        ),
        (
            "the leader has none",
            all(Naming::Original),
            live(&[]),
            offering(&[]),
            vec![local("Web")],
            Readability::Readable(vec![]),
        ),
        (
            "the configuration names none, and none shows, of those that the leader has",
            all(prefix()),
            live(&[]),
            offering(&["Sales", "Web"]),
            vec![local("Web")],
            missing(&["eu_Sales", "eu_Web"]),
        ),
        (
            "the configuration names none, and they show",
            all(Naming::Original),
            live(&[]),
            offering(&["Sales", "New"]),
            vec![ours("Sales")],
            Readability::Readable(vec![ours("Sales")]),
        ),
        (
            "one is not shown yet",
            all(Naming::Original),
            live(&["Sales", "Web"]),
            offering(&["Sales", "Web"]),
            vec![ours("Sales")],
            missing(&["Web"]),
        ),
        (
            "a new one on the leader is attached in time",
            all(Naming::Original),
            live(&["Sales"]),
            offering(&["Sales", "New"]),
            vec![ours("Sales")],
            Readability::Readable(vec![ours("Sales")]),
        ),
        (
            "one is shown before the configuration says so",
            all(Naming::Original),
            live(&["Sales"]),
            offering(&["Sales", "New"]),
            vec![ours("Sales"), ours("New")],
            Readability::Readable(vec![ours("Sales"), ours("New")]),
        ),
        (
            "with a prefix",
            all(prefix()),
            live(&["eu_Sales"]),
            offering(&["Sales"]),
            vec![ours("eu_Sales"), local("Sales")],
            Readability::Readable(vec![ours("eu_Sales")]),
        ),
        (
            "some are suspended",
            all(Naming::Original),
            live(&["Sales", "Web"]),
            offering(&["Sales", "Web"]),
            vec![suspended("Sales"), ours("Web")],
            Readability::Suspended(names(&["Sales"])),
        ),
        (
            "what is missing comes before what is suspended",
            all(Naming::Original),
            live(&["Sales", "Web"]),
            offering(&["Sales", "Web"]),
            vec![suspended("Sales")],
            missing(&["Web"]),
        ),
    ];
    for (reason, desired, live, leader, shown, expected) in rows {
        let judged = readability(&desired, &live, &Databases::Listed(shown), &leader);
        assert_eq!(judged, expected, "{reason}");
    }
}

#[test]
fn a_clash_of_one_name_among_all_is_seen_by_the_leaders_names() {
    let leader2 = cluster_id("leader2").to_string();
    let clash = |other: Database| {
        let attached = live(&["Sales"]);
        let shown = Databases::Listed(vec![ours("Sales"), other]);
        move |leader: &Leader, naming| readability(&all(naming), &attached, &shown, leader)
    };
    let rows = [
        (local("Web"), Holder::Local),
        (
            followed_by("Web", "other", &leader2),
            Holder::Leader("leader2".into()),
        ),
    ];
    for (other, holder) in rows {
        let judge = clash(other);
        assert_eq!(
            judge(&offering(&["Sales", "WEB"]), Naming::Original),
            taken_by("Web", holder)
        );
        let readable = Readability::Readable(vec![ours("Sales")]);
        assert_eq!(judge(&offering(&["Sales"]), Naming::Original), readable);
        for unknown in [
            Leader::NotRead,
            Leader::Absent,
            Leader::Unknown(failure()),
            leader(LeaderDatabases::Unknown(failure())),
            leader(LeaderDatabases::NotRead),
        ] {
            assert_eq!(
                judge(&unknown, Naming::Original),
                readable,
                "nobody knows of a clash: {unknown:?}"
            );
        }
    }
    let prefixed = readability(
        &all(Naming::Prefix("eu_".into())),
        &live(&["eu_Sales"]),
        &Databases::Listed(vec![ours("eu_Sales"), local("Web"), local("eu_web")]),
        &offering(&["Sales", "Web"]),
    );
    assert_eq!(prefixed, taken_by("eu_web", Holder::Local));
}

#[test]
fn what_is_not_read_is_not_readable() {
    let desired = one(Naming::Original);
    let judge = |databases| readability(&desired, &live(&["Sales"]), &databases, &Leader::NotRead);
    assert_eq!(judge(Databases::NotRead), missing(&["Sales"]));
    assert_eq!(
        judge(Databases::Unknown(failure())),
        Readability::Unknown(failure())
    );
}

#[test]
fn what_is_shown_is_told_whether_or_not_it_is_all() {
    let listed = Databases::Listed(vec![local("Web"), suspended("Sales")]);
    let one = one(Naming::Override("SalesRO".into()));
    assert_eq!(shown(&one, &listed), Some(vec![suspended("Sales")]));
    assert_eq!(shown(&one, &Databases::Listed(vec![])), Some(vec![]));
    assert_eq!(shown(&one, &Databases::NotRead), None);
    assert_eq!(shown(&one, &Databases::Unknown(failure())), None);
}

#[test]
fn the_origin_of_our_own_databases_counts_and_no_other() {
    let leader2 = cluster_id("leader2").to_string();
    let other = ShareOrigin::Other("Partner".into());
    let of_another = {
        let mut database = followed_by("Web", "sales", &leader2);
        if let DatabaseKind::Following(following) = &mut database.kind {
            following.share_origin = ShareOrigin::DataShare;
        }
        database
    };
    for (reason, shown, expected) in [
        ("nothing", vec![], None),
        ("ours", vec![ours("Sales")], None),
        (
            "Data Share's",
            vec![ours("Sales"), made_by("Web", ShareOrigin::DataShare)],
            Some("DataShare"),
        ),
        ("somebody's", vec![made_by("Web", other)], Some("Partner")),
        ("another leader's", vec![of_another], None),
        ("local", vec![local("Sales")], None),
    ] {
        let told = foreign_origin(&one(Naming::Original), &Databases::Listed(shown));
        assert_eq!(told.as_deref(), expected, "{reason}");
    }
    for unread in [Databases::NotRead, Databases::Unknown(failure())] {
        assert_eq!(foreign_origin(&one(Naming::Original), &unread), None);
    }
}

#[test]
fn the_name_on_the_follower_is_what_is_declared() {
    for (naming, expected) in [
        (Naming::Original, "Sales"),
        (Naming::Override("SalesRO".into()), "SalesRO"),
        (Naming::Prefix("eu_".into()), "eu_Sales"),
    ] {
        assert_eq!(name_on_follower(&one(naming), "Sales"), expected);
    }
}
