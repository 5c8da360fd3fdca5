//! The conditions beside Ready, and the databases.

use super::*;
use crate::{
    api::{
        DatabaseStatus,
        condition::ConditionType::{FollowerRunning, InSync, LeaderRunning, Warning},
    },
    controller::preflight::{Advice, Polls},
};

fn seeing(follower: ClusterState, leader: ClusterState, advice: Vec<Advice>) -> Seen {
    Seen {
        follower: Some(follower),
        leader: Some(leader),
        advice: Some(advice),
        databases: None,
        polls: Polls::Fine,
    }
}

fn healthy() -> Seen {
    seeing(ClusterState::Running, ClusterState::Running, vec![])
}

fn after_pass(given: &Given, outcome: &Outcome) -> AttachedDatabaseStatus {
    judge("a pass", given, outcome).1
}

/// A condition as `status=reason`, or nothing.
fn tells(status: &AttachedDatabaseStatus, kind: ConditionType) -> Option<String> {
    let mut conditions = status.conditions.iter();
    let found = conditions.find(|condition| condition.type_ == kind.as_str())?;
    Some(format!("{}={}", found.status, found.reason))
}

#[test]
fn the_clusters_are_told_as_they_were_seen() {
    use ClusterState::{Other, Running, Stopped, Updating};
    for (state, expected) in [
        (Running, "True=Running"),
        (Stopped, "False=Stopped"),
        (Updating, "False=Updating"),
        (Other("Hibernated".into()), "False=Hibernated"),
    ] {
        let given = unseen().seeing(seeing(state.clone(), Running, vec![]));
        let status = after_pass(&given, &in_line(1));
        assert_eq!(tells(&status, FollowerRunning).as_deref(), Some(expected));
        assert_eq!(
            tells(&status, LeaderRunning).as_deref(),
            Some("True=Running")
        );
        assert_eq!(
            message_of(&status, FollowerRunning),
            format!("the cluster is {state}")
        );
        let given = unseen().seeing(seeing(Running, state, vec![]));
        let status = after_pass(&given, &settled());
        assert_eq!(tells(&status, LeaderRunning).as_deref(), Some(expected));
    }
    let status = after_pass(&unseen(), &in_line(1));
    assert_eq!(tells(&status, FollowerRunning), None, "nobody has looked");
}

#[test]
fn what_a_pass_does_not_see_stays_said_until_the_declaration_changes() {
    let advice = vec![Advice::CustomerManagedKey];
    let seen = seeing(ClusterState::Running, ClusterState::Stopped, advice);
    let known = unseen().seeing(seen).after(&settled());
    let all = |status: &AttachedDatabaseStatus| {
        [InSync, FollowerRunning, LeaderRunning, Warning].map(|kind| tells(status, kind))
    };
    let expected = [
        "True=AsDeclared",
        "True=Running",
        "False=Stopped",
        "True=CustomerManagedKey",
    ]
    .map(|told| Some(told.to_owned()));
    let denied = failure(Class::Denied, "AuthorizationFailed");
    let mut blind = known.clone().seeing(Seen::default());
    assert_eq!(all(&after_pass(&blind, &denied)), expected);
    let dates = |status: &AttachedDatabaseStatus| {
        let details = status
            .conditions
            .iter()
            .filter(|it| !["Ready", "Reconciling", "Stalled"].contains(&it.type_.as_str()));
        let dates = details.map(|condition| condition.last_transition_time.clone());
        dates.collect::<Vec<_>>()
    };
    assert_eq!(
        dates(&after_pass(&blind, &denied)),
        vec![Time(at(0)); 4],
        "and since when"
    );
    blind.object.metadata.generation = Some(2);
    let nothing = [const { None::<String> }; 4];
    assert_eq!(all(&after_pass(&blind, &denied)), nothing);
}

#[test]
fn what_is_seen_otherwise_replaces_what_was_said() {
    let advice = vec![Advice::StreamingIngestionOff];
    let seen = seeing(ClusterState::Stopped, ClusterState::Running, advice);
    let known = unseen().seeing(seen).after(&in_line(1));
    let status = after_pass(&known.seeing(healthy()), &settled());
    assert_eq!(
        said(&status),
        "Ready=True:Attached InSync=True:AsDeclared FollowerRunning=True:Running LeaderRunning=True:Running"
    );
}

#[test]
fn drift_is_told_with_its_fields_while_it_lasts() {
    let drifted = attached().drifted();
    let told = "`tablesToInclude` is \"\", declared \"Orders\"";
    for outcome in [
        in_line(1),
        running(OperationKind::Update),
        failure(Class::Denied, "AuthorizationFailed"),
        Outcome::Blocked(Block::Drifted(differences())),
    ] {
        let status = after_pass(&drifted, &outcome);
        assert_eq!(tells(&status, InSync).as_deref(), Some("False=Drifted"));
        assert_eq!(message_of(&status, InSync), told);
        assert_eq!(status.drift, drifted.record.drift);
    }
    let repaired = attached().drifted().after(&in_line(1));
    let repaired = Given {
        record: Record::default(),
        ..repaired
    };
    let status = after_pass(&repaired, &settled());
    assert_eq!(tells(&status, InSync).as_deref(), Some("True=AsDeclared"));
    assert_eq!(status.drift, []);
}

#[test]
fn advice_is_a_condition_that_says_all_of_it() {
    use Advice::{CustomerManagedKey, StreamingIngestionOff};
    const STREAMING: &str = "the leader takes streaming ingestion and the follower does not: streamed data shows late; \
                             set `enableStreamingIngest` on the follower cluster";
    const KEY: &str = "a cluster is encrypted with a customer-managed key: neither may take part in further followings, \
                       and both are suspended when the key is revoked";
    for (advice, told, message) in [
        (vec![], None, String::new()),
        (
            vec![StreamingIngestionOff],
            Some("True=StreamingIngestionOff"),
            STREAMING.to_owned(),
        ),
        (
            vec![CustomerManagedKey],
            Some("True=CustomerManagedKey"),
            KEY.to_owned(),
        ),
        (
            vec![StreamingIngestionOff, CustomerManagedKey],
            Some("True=StreamingIngestionOff"),
            format!("{STREAMING}. {KEY}"),
        ),
    ] {
        let seen = seeing(ClusterState::Running, ClusterState::Running, advice);
        let status = after_pass(&unseen().seeing(seen), &settled());
        assert_eq!(tells(&status, Warning).as_deref(), told);
        assert_eq!(message_of(&status, Warning), message);
    }
}

#[test]
fn operations_that_cannot_be_followed_are_told_until_they_can() {
    use Advice::CustomerManagedKey;
    let seen = |advice, polls| Seen {
        advice,
        polls,
        ..healthy()
    };
    let (key, none) = (Some(vec![CustomerManagedKey]), Some(vec![]));
    let unaware = attached();
    let warned = attached().seeing(seen(key.clone(), Polls::Fine));
    let warned = warned.after(&settled());
    let blind = attached().seeing(seen(key.clone(), Polls::Denied));
    let blind = blind.after(&settled());
    let (hidden, managed) = ("True=OperationNotVisible", "True=CustomerManagedKey");
    for (case, before, advice, polls, told) in [
        ("denied", &unaware, &none, Polls::Denied, Some(hidden)),
        ("first of all", &warned, &key, Polls::Denied, Some(hidden)),
        (
            "no cluster seen",
            &warned,
            &None,
            Polls::Denied,
            Some(hidden),
        ),
        ("still denied", &blind, &None, Polls::Denied, Some(hidden)),
        ("after a restart", &blind, &key, Polls::AsTold, Some(hidden)),
        ("and blind", &blind, &None, Polls::AsTold, Some(hidden)),
        ("granted", &blind, &key, Polls::Fine, Some(managed)),
        ("granted alone", &blind, &none, Polls::Fine, None),
        ("granted and blind", &blind, &None, Polls::Fine, None),
        ("never denied", &warned, &None, Polls::Fine, Some(managed)),
        (
            "nor after a restart",
            &warned,
            &key,
            Polls::AsTold,
            Some(managed),
        ),
    ] {
        let given = before.clone().seeing(seen(advice.clone(), polls));
        let status = after_pass(&given, &settled());
        assert_eq!(tells(&status, Warning).as_deref(), told, "{case}");
        let message = message_of(&status, Warning);
        assert_eq!(
            message.contains("`Microsoft.Kusto/locations/operationresults/read` on")
                && message.contains("/resourceGroups/rg1`: "),
            told == Some(hidden),
            "{case}: {message}"
        );
    }
    assert!(
        message_of(&blind.object.status.clone().unwrap(), Warning)
            .contains(". a cluster is encrypted")
    );
}

#[test]
fn the_databases_are_shown_as_the_follower_shows_them() {
    let mut database = shown("SalesRO", Some(12_345));
    if let DatabaseKind::Following(following) = &mut database.kind {
        following.original_name = Some("Sales".into());
        following.hot_cache_period = Some("P7D".into());
        following.principals_modification_kind = Some("Union".into());
        following.suspended = true;
        following.sharing = Sharing {
            tables_to_include: vec!["Orders".into(), "Logs*".into()],
            functions_to_exclude: vec!["F".into()],
            ..Sharing::default()
        };
    }
    let outcome = settled_with(vec![shown("Web", None), database]);
    let status = after_pass(&unseen(), &outcome);
    assert_eq!(status.attached_database_names, ["SalesRO", "Web"]);
    assert_eq!(
        status.databases,
        [
            DatabaseStatus {
                name: "SalesRO".into(),
                original_database_name: Some("Sales".into()),
                hot_cache_period: Some("P7D".into()),
                size_bytes: Some(12_345),
                principals_modification_kind: Some("Union".into()),
                suspended: Some(true),
                sharing: Some("tablesToInclude: Orders, Logs*; functionsToExclude: F".into()),
            },
            DatabaseStatus {
                name: "Web".into(),
                original_database_name: Some("Web".into()),
                ..DatabaseStatus::default()
            },
        ]
    );
    let known = unseen().after(&outcome);
    let blocked = after_pass(&known, &Outcome::Blocked(Block::FollowerNotFound));
    assert_eq!(
        (blocked.databases, blocked.attached_database_names),
        (status.databases, status.attached_database_names),
        "what can't be seen now stays said"
    );
}

#[test]
fn of_what_waits_or_is_blocked_the_databases_are_shown_as_far_as_they_are() {
    let seen = Seen {
        databases: Some(vec![shown("Web", None)]),
        ..healthy()
    };
    let known = attached().seeing(seen);
    let missing = vec!["Sales".into()];
    for outcome in [
        Outcome::Waiting(Wait::Databases {
            missing: missing.clone(),
        }),
        Outcome::Blocked(Block::DatabaseNotShown { missing }),
    ] {
        let status = after_pass(&known, &outcome);
        assert_eq!(status.attached_database_names, ["Web"]);
        assert_eq!(status.databases.len(), 1);
    }
    let unusable = after_pass(&known, &Outcome::Invalid(Invalid::OverrideOfAll));
    assert_eq!(unusable.attached_database_names, ["Sales", "Web"]);
}

#[test]
fn a_size_is_news_when_a_tenth_has_changed() {
    let size = |given: &Given, bytes: Option<u64>| {
        let status = after_pass(given, &settled_with(vec![shown("Sales", bytes)]));
        status.databases[0].size_bytes
    };
    let known = unseen().after(&settled_with(vec![shown("Sales", Some(1_000))]));
    for (now, expected) in [
        (Some(1_000), Some(1_000)),
        (Some(1_100), Some(1_000)),
        (Some(900), Some(1_000)),
        (Some(1_101), Some(1_101)),
        (Some(899), Some(899)),
        (Some(0), Some(0)),
        (Some(u64::MAX), Some(i64::MAX)),
        (None, None),
    ] {
        assert_eq!(size(&known, now), expected, "{now:?}");
    }
    let empty = unseen().after(&settled_with(vec![shown("Sales", Some(0))]));
    assert_eq!(size(&empty, Some(1)), Some(1));
    assert_eq!(size(&unseen(), Some(7)), Some(7));
}

#[test]
fn a_database_that_is_not_shown_yet_is_waited_for_by_name() {
    let missing = vec!["Sales".into(), "Web".into()];
    let outcome = Outcome::Waiting(Wait::Databases { missing });
    check(vec![
        (
            "after an attach",
            unseen().owning(Ownership::Created),
            outcome.clone(),
            Kstatus::InProgress,
            "Ready=Unknown:WaitingForDatabase Reconciling=True:WaitingForDatabase",
            "waits for follower1 to show Sales, Web",
        ),
        (
            "at rest",
            attached(),
            outcome,
            Kstatus::InProgress,
            "Ready=Unknown:WaitingForDatabase Reconciling=True:WaitingForDatabase InSync=True:AsDeclared",
            "waits for follower1 to show Sales, Web",
        ),
    ]);
}
