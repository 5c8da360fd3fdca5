//! What must hold for every snapshot.

use proptest::prelude::*;

use super::*;
use crate::controller::{
    access::Refusal,
    diff::{Comparison, compare},
    readable::foreign_origin,
};

mod reach;

fn one_of<T: Clone + std::fmt::Debug + 'static>(list: Vec<T>) -> impl Strategy<Value = T> {
    prop::sample::select(list)
}

fn clusters() -> Vec<Cluster> {
    use ClusterState::{
        Creating, Deleted, Other, Running, Starting, Stopped, Unavailable, Updating,
    };
    let states = [
        Running,
        Running,
        Running,
        Running,
        Running,
        Running,
        Stopped,
        Starting,
        Updating,
        Creating,
        Unavailable,
        Deleted,
        Other("Odd".into()),
    ];
    let mut clusters: Vec<Cluster> = states.into_iter().map(cluster).collect();
    clusters.push(Cluster {
        location: "East US".into(),
        ..cluster(ClusterState::Running)
    });
    clusters.push(Cluster {
        provisioning_state: ProvisioningState::InProgress("Updating".into()),
        ..cluster(ClusterState::Running)
    });
    clusters
}

fn any_follower() -> impl Strategy<Value = Follower> {
    prop_oneof![
        1 => one_of(vec![Follower::NotRead, Follower::Absent, Follower::Unknown(failure(Class::Denied))]),
        4 => one_of(clusters()).prop_map(Follower::Present),
    ]
}

fn any_leader() -> impl Strategy<Value = Leader> {
    use LeaderDatabases::{Found, Missing, Names, NotRead, Unknown};
    let databases = vec![
        NotRead,
        Unknown(failure(Class::Denied)),
        Missing,
        Found,
        Found,
        Names(vec![]),
        Names(vec!["Sales".into(), "Web".into()]),
    ];
    prop_oneof![
        1 => one_of(vec![Leader::NotRead, Leader::Absent, Leader::Unknown(failure(Class::Denied))]),
        4 => (one_of(clusters()), one_of(databases)).prop_map(|(cluster, databases)| Leader::Present { cluster, databases }),
    ]
}

fn any_remote() -> impl Strategy<Value = Remote> {
    let failed = Configuration {
        provisioning_state: ProvisioningState::Failed,
        ..live()
    };
    one_of(vec![
        Remote::Absent,
        Remote::NoFollower,
        Remote::Unknown(failure(Class::Transient)),
        Remote::Unknown(failure(Class::Denied)),
        present(live()),
        present(live()),
        present(edited()),
        present(foreign()),
        present(creating()),
        present(failed),
    ])
}

fn any_databases() -> impl Strategy<Value = Databases> {
    let ours = || followed("Sales", "sales", "leader1");
    let mut suspended = ours();
    if let DatabaseKind::Following(following) = &mut suspended.kind {
        following.suspended = true;
    }
    one_of(vec![
        Databases::NotRead,
        Databases::Unknown(failure(Class::Denied)),
        Databases::Listed(vec![]),
        Databases::Listed(vec![ours()]),
        Databases::Listed(vec![ours(), local("Web")]),
        Databases::Listed(vec![local("Sales")]),
        Databases::Listed(vec![followed("Sales", "other", "leader1")]),
        Databases::Listed(vec![followed("Sales", "sales", "leader2")]),
        Databases::Listed(vec![suspended]),
        Databases::Listed(vec![shared_by(ShareOrigin::DataShare)]),
    ])
}

prop_compose! {
    fn any_operation()(
        kind in one_of(vec![OperationKind::Attach, OperationKind::Update, OperationKind::Detach]),
        which in 0_u8..7,
        age in 0_u64..120,
    ) -> Operation {
        let since = Duration::from_secs(age);
        match which {
            0 => Operation::None,
            1 | 2 => Operation::Intended(kind),
            3 => Operation::Doubtful { kind, age: since },
            4 => ended(kind, End::Succeeded, since),
            5 => Operation::Unreadable { kind, age: since * 10 },
            _ => ended(kind, End::Failed(failure(Class::Busy)), since),
        }
    }
}

prop_compose! {
    fn any_sight()(
        freshness in one_of(vec![Freshness::Live, Freshness::Live, Freshness::Glance]),
        follower in any_follower(),
        configuration in any_remote(),
        databases in any_databases(),
        leader in any_leader(),
        following in one_of(vec![
            Following::NotRead, Following::Unknown(failure(Class::Denied)), Following::Listed, Following::NotListed,
        ]),
        operation in any_operation(),
    ) -> Sight {
        Sight { freshness, follower, configuration, databases, leader, following, operation }
    }
}

prop_compose! {
    fn any_desired()(
        all in any::<bool>(),
        drift_policy in one_of(vec![DriftPolicy::Correct, DriftPolicy::Correct, DriftPolicy::Report]),
        adoption_policy in one_of(vec![AdoptionPolicy::Never, AdoptionPolicy::IfEqual, AdoptionPolicy::Always]),
    ) -> Desired {
        let database = if all { validate::Database::All } else { desired().database };
        Desired { database, drift_policy, adoption_policy, ..desired() }
    }
}

prop_compose! {
    fn any_object()(
        desired in any_desired(),
        deleting in any::<bool>(),
        broken in prop::bool::weighted(0.2),
        policy in one_of(vec![DeletionPolicy::Detach, DeletionPolicy::Detach, DeletionPolicy::Orphan]),
        finalizer in one_of(vec![Finalizer::Present, Finalizer::Present, Finalizer::Missing]),
        ownership in one_of(vec![None, Some(Ownership::Created), Some(Ownership::Adopted)]),
        access in one_of(vec![
            Access::Confirmed, Access::Confirmed, Access::Confirmed, Access::Confirmed, Access::Confirmed,
            Access::Confirmed, Access::Confirmed, Access::Granted, Access::Refused(Refusal::NotAllowed),
        ]),
        is_claimed in prop::bool::weighted(0.15),
        corrections in 0_usize..7,
        corrected in one_of(vec![vec![], vec![Difference {
            field: "defaultPrincipalsModificationKind", desired: "Union".into(), observed: "Replace".into(),
        }]]),
        waiting_for in (0_u64..1_200).prop_map(Duration::from_secs),
        refusal in one_of(vec![None, Some(failure(Class::Denied)), Some(failure(Class::Locked)), Some(failure(Class::Busy))]),
    ) -> Object {
        let configuration = Some(desired.configuration.clone());
        let lifecycle = match (deleting, broken) {
            (false, _) => Lifecycle::Wanted(desired),
            (true, false) => Lifecycle::Deleting { policy, desired: Some(desired), configuration },
            (true, true) => Lifecycle::Deleting { policy, desired: None, configuration },
        };
        let other = ObjectKey { namespace: "analytics".into(), name: "older".into() };
        Object {
            lifecycle,
            finalizer,
            ownership,
            access,
            claim: if is_claimed { Claim::Older(other) } else { Claim::Ours },
            corrections: vec![Correction { differences: corrected, age: Duration::from_mins(7) }; corrections],
            waiting_for,
            refusal,
        }
    }
}

prop_compose! {
    fn any_azure()(
        sight in any_sight(),
        which in 0_u8..20,
        kind in one_of(vec![OperationKind::Attach, OperationKind::Detach]),
    ) -> Azure {
        match which {
            0 => Azure::NotRead,
            1 => Azure::Operating(Running { kind, age: YOUNG, retry_after: None }),
            _ => Azure::Read(sight),
        }
    }
}

prop_compose! {
    fn any_snapshot()(
        object in any_object(),
        azure in any_azure(),
        lane in one_of(vec![Lane::Outside, Lane::Waiting { place: 1 }, Lane::Granted, Lane::Granted]),
    ) -> Snapshot {
        let mut snapshot = Snapshot { object, azure, lane };
        // Live state that follows all databases, for who declares it: else most of them would be conflicts.
        let follows_all = declared(&snapshot).is_some_and(|desired| desired.database == validate::Database::All);
        if let Azure::Read(Sight { configuration: Remote::Present(live), .. }) = &mut snapshot.azure && follows_all {
            live.database_name = "*".into();
        }
        snapshot
    }
}

fn declared(snapshot: &Snapshot) -> Option<&Desired> {
    match &snapshot.object.lifecycle {
        Lifecycle::Wanted(desired) => Some(desired),
        Lifecycle::Deleting { desired, .. } => desired.as_ref(),
    }
}

fn is_deleting(snapshot: &Snapshot) -> bool {
    matches!(snapshot.object.lifecycle, Lifecycle::Deleting { .. })
}

fn sight_of(snapshot: &Snapshot) -> Option<&Sight> {
    match &snapshot.azure {
        Azure::Read(sight) => Some(sight),
        Azure::NotRead | Azure::Operating(_) => None,
    }
}

/// Whether the configuration is known to be somebody else's: it follows something else, or Data Share made it.
fn is_strange(snapshot: &Snapshot) -> bool {
    let (Some(desired), Some(sight)) = (declared(snapshot), sight_of(snapshot)) else {
        return false;
    };
    let is_foreign = matches!(
        &sight.configuration,
        Remote::Present(live) if matches!(compare(desired, live), Comparison::Foreign(_))
    );
    let is_shared = matches!(sight.configuration, Remote::Present(_))
        && foreign_origin(desired, &sight.databases).is_some();
    is_foreign || is_shared
}

/// What an effect asks of Azure: the operation whose request it sends.
fn request(decision: &Decision) -> Option<OperationKind> {
    match decision {
        Decision::Act(Effect::Put { kind, .. }) => Some(*kind),
        Decision::Act(Effect::Delete(_) | Effect::DetachFromLeader { .. }) => {
            Some(OperationKind::Detach)
        }
        _ => None,
    }
}

fn is_arm_write(decision: &Decision) -> bool {
    request(decision).is_some()
        || matches!(
            decision,
            Decision::Act(Effect::Begin { .. } | Effect::Adopt | Effect::EnterLane { .. })
        )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_096))]

    #[test]
    fn no_request_without_finalizer_ownership_lane_and_a_durable_intent_of_its_kind(snapshot in any_snapshot()) {
        let decision = decide(&snapshot);
        if let Some(kind) = request(&decision) {
            let sight = sight_of(&snapshot).expect("live state is the truth");
            prop_assert_eq!(snapshot.object.finalizer, Finalizer::Present);
            prop_assert!(snapshot.object.ownership.is_some());
            prop_assert_eq!(snapshot.lane, Lane::Granted);
            prop_assert!(matches!(sight.operation, Operation::Intended(intended) if intended == kind), "intent before effect");
            prop_assert_eq!(sight.freshness, Freshness::Live);
            if let Remote::Unknown(_) = &sight.configuration {
                let asks_the_leader = matches!(decision, Decision::Act(Effect::DetachFromLeader { .. }));
                prop_assert!(asks_the_leader, "what can't be read is not written");
            }
        }
        if let Decision::Act(Effect::Begin { .. }) = decision {
            prop_assert_eq!(snapshot.object.finalizer, Finalizer::Present);
            prop_assert_eq!(snapshot.lane, Lane::Granted);
            prop_assert_eq!(sight_of(&snapshot).map(|sight| sight.freshness), Some(Freshness::Live));
        }
        if let Decision::Act(Effect::Adopt) = decision {
            prop_assert_eq!(snapshot.object.finalizer, Finalizer::Present);
        }
    }

    #[test]
    fn nothing_is_done_and_nothing_seen_for_whom_nobody_may_act(snapshot in any_snapshot()) {
        let decision = decide(&snapshot);
        match &snapshot.object.access {
            Access::Refused(refusal) => {
                let is_quiet = matches!(
                    &decision,
                    Decision::Blocked(Block::Refused(told)) if told == refusal
                ) || matches!(
                    decision,
                    Decision::Released
                        | Decision::Act(Effect::RemoveFinalizer(
                            Release::Orphaned | Release::NothingOwned | Release::HandedOver
                        ))
                );
                prop_assert!(is_quiet, "{:?}", decision);
            }
            Access::Granted => prop_assert!(request(&decision).is_none()),
            Access::Confirmed => {}
        }
    }

    #[test]
    fn what_is_somebody_elses_is_never_written(snapshot in any_snapshot()) {
        let decision = decide(&snapshot);
        if is_arm_write(&decision) {
            prop_assert!(!is_strange(&snapshot));
            prop_assert_eq!(&snapshot.object.claim, &Claim::Ours);
        }
    }

    #[test]
    fn an_existing_configuration_is_written_only_by_its_owner(snapshot in any_snapshot()) {
        let exists = sight_of(&snapshot).is_some_and(|sight| matches!(sight.configuration, Remote::Present(_)));
        let decision = decide(&snapshot);
        let is_change = request(&decision).is_some() || matches!(decision, Decision::Act(Effect::Begin { .. }));
        if exists && is_change {
            prop_assert!(snapshot.object.ownership.is_some());
        }
        if let Decision::Act(Effect::Adopt) = decision {
            let desired = declared(&snapshot).expect("a wanted object declares something");
            prop_assert_ne!(desired.adoption_policy, AdoptionPolicy::Never);
            prop_assert!(snapshot.object.ownership.is_none() && exists);
            let databases = sight_of(&snapshot).map(|sight| &sight.databases);
            prop_assert!(!matches!(databases, Some(Databases::Unknown(_))), "its origin is not to be seen");
        }
    }

    #[test]
    fn who_only_reports_does_nothing_but_look(snapshot in any_snapshot()) {
        let reports = declared(&snapshot).is_some_and(|desired| desired.drift_policy == DriftPolicy::Report);
        if reports && !is_deleting(&snapshot) && let Decision::Act(effect) = decide(&snapshot) {
            prop_assert!(matches!(effect, Effect::Look(_)), "{:?}", effect);
        }
    }

    #[test]
    fn at_a_glance_one_rests_fails_or_looks_closer(snapshot in any_snapshot()) {
        // For whom nobody may act nothing is read, so how old it is says nothing.
        let is_refused = matches!(snapshot.object.access, Access::Refused(_));
        if !is_refused && sight_of(&snapshot).is_some_and(|sight| sight.freshness == Freshness::Glance) {
            let decision = decide(&snapshot);
            let is_safe = matches!(
                decision,
                Decision::Settled(_)
                    | Decision::Released
                    | Decision::Act(Effect::Look(_))
                    | Decision::Blocked(Block::Failure(_) | Block::Claimed { .. } | Block::Refused(_))
            );
            prop_assert!(is_safe, "{:?}", decision);
        }
    }

    #[test]
    fn what_was_looked_at_is_not_looked_at_again(snapshot in any_snapshot()) {
        if let (Decision::Act(Effect::Look(look)), Some(sight)) = (decide(&snapshot), sight_of(&snapshot)) {
            match look {
                Look::Live => prop_assert_eq!(sight.freshness, Freshness::Glance),
                Look::Leader => {
                    let is_known = match &sight.leader {
                        Leader::NotRead | Leader::Present { databases: LeaderDatabases::NotRead, .. } => false,
                        Leader::Absent | Leader::Unknown(_) | Leader::Present { .. } => true,
                    };
                    prop_assert!(!is_known);
                }
                Look::Following => prop_assert_eq!(&sight.following, &Following::NotRead),
                Look::Access => prop_assert_eq!(&snapshot.object.access, &Access::Granted),
            }
        }
    }

    #[test]
    fn only_deletions_detach_and_only_wanted_objects_attach(snapshot in any_snapshot()) {
        let deleting = is_deleting(&snapshot);
        match decide(&snapshot) {
            Decision::Act(
                Effect::Delete(_)
                | Effect::DetachFromLeader { .. }
                | Effect::RemoveFinalizer(_)
                | Effect::Begin { kind: OperationKind::Detach, .. }
                | Effect::EnterLane { kind: OperationKind::Detach, .. }
                | Effect::Look(Look::Following),
            )
            | Decision::Released => prop_assert!(deleting),
            Decision::Act(
                Effect::Put { .. }
                | Effect::Adopt
                | Effect::AddFinalizer
                | Effect::Begin { .. }
                | Effect::EnterLane { .. }
                | Effect::Look(Look::Leader),
            )
            | Decision::Settled(_) => prop_assert!(!deleting),
            Decision::Act(Effect::Look(Look::Live | Look::Access)) | Decision::Wait(_) | Decision::Blocked(_) => {}
        }
    }

    #[test]
    fn an_owned_configuration_is_never_left_behind(snapshot in any_snapshot()) {
        let exists = sight_of(&snapshot).is_some_and(|sight| matches!(sight.configuration, Remote::Present(_)));
        let ours = exists && !is_strange(&snapshot) && snapshot.object.ownership.is_some();
        if let Decision::Act(Effect::RemoveFinalizer(release)) = decide(&snapshot) && ours {
            let expected = if snapshot.object.claim == Claim::Ours { Release::Orphaned } else { Release::HandedOver };
            prop_assert!([Release::Orphaned, expected].contains(&release), "{:?}", release);
        }
    }

    #[test]
    fn an_attach_that_may_still_arrive_is_never_left_behind(snapshot in any_snapshot()) {
        if let Decision::Act(Effect::RemoveFinalizer(Release::Detached)) = decide(&snapshot) {
            let sight = sight_of(&snapshot).expect("detached is seen");
            let may_arrive = match sight.operation {
                Operation::Doubtful { kind, age } => kind != OperationKind::Detach && age < VISIBILITY_GRACE,
                Operation::Unreadable { kind, age } => kind != OperationKind::Detach && age < UNREADABLE_PATIENCE,
                Operation::Ended { kind, end: End::Succeeded, since } => {
                    kind != OperationKind::Detach && since < VISIBILITY_GRACE
                }
                Operation::Ended { end: End::Failed(_), .. } | Operation::None | Operation::Intended(_) => false,
            };
            prop_assert!(!may_arrive);
        }
    }

    #[test]
    fn what_is_settled_is_as_declared_shown_and_ours(snapshot in any_snapshot()) {
        if let Decision::Settled(attached) = decide(&snapshot) {
            let desired = declared(&snapshot).expect("a wanted object declares something");
            prop_assert_eq!(compare(desired, &attached.live), Comparison::Equal);
            prop_assert_eq!(&attached.live.provisioning_state, &ProvisioningState::Succeeded);
            let owned = snapshot.object.ownership.is_some() && snapshot.object.finalizer == Finalizer::Present;
            prop_assert!(owned || desired.drift_policy == DriftPolicy::Report);
            for database in &attached.databases {
                let DatabaseKind::Following(following) = &database.kind else { panic!("readable following") };
                prop_assert!(!following.suspended);
                prop_assert_eq!(&following.configuration_name, "sales");
                prop_assert_eq!(following.leader_cluster.parse::<ClusterId>().ok(), Some(cluster_id("leader1")));
            }
            prop_assert_eq!(attached.databases.len(), 1);
        }
    }
}
