//! What must hold for every snapshot.

use proptest::prelude::*;

use super::*;

prop_compose! {
    fn any_snapshot()(
        deleting in any::<bool>(),
        orphan in any::<bool>(),
        finalizer in prop::sample::select(vec![Finalizer::Present, Finalizer::Missing]),
        ownership in prop::sample::select(vec![None, Some(Ownership::Created), Some(Ownership::Adopted)]),
        remote in prop::sample::select(vec![
            Remote::Absent, Remote::NoFollower, Remote::Unknown(failure(Class::Transient)),
            Remote::Present(Box::new(live())), Remote::Present(Box::new(edited())), Remote::Present(Box::new(foreign())), Remote::Present(Box::new(creating())),
        ]),
        kind in prop::sample::select(vec![OperationKind::Attach, OperationKind::Update, OperationKind::Detach]),
        which in 0_u8..6,
        age in 0_u64..120,
        state in prop::sample::select(vec![ClusterState::Running, ClusterState::Stopped, ClusterState::Updating]),
        lane in prop::sample::select(vec![Lane::Outside, Lane::Waiting { place: 1 }, Lane::Granted]),
    ) -> Snapshot {
        let since = Duration::from_secs(age);
        let operation = match which {
            0 => Operation::None,
            1 => Operation::Intended(kind),
            2 => Operation::Doubtful { kind, age: since },
            3 => ended(kind, End::Succeeded, since),
            4 => Operation::Unreadable { kind, age: since * 10 },
            _ => ended(kind, End::Failed(failure(Class::Busy)), since),
        };
        let mut snapshot = if deleting { deleted(ownership, remote, operation) } else { wanted(ownership, remote, operation) };
        if let Lifecycle::Deleting { policy, .. } = &mut snapshot.object.lifecycle && orphan {
            *policy = DeletionPolicy::Orphan;
        }
        if let Azure::Read { follower: seen, .. } = &mut snapshot.azure {
            *seen = follower(state);
        }
        snapshot.object.finalizer = finalizer;
        snapshot.lane = lane;
        snapshot
    }
}

proptest! {
    #[test]
    fn no_request_without_finalizer_ownership_lane_and_a_durable_intent(snapshot in any_snapshot()) {
        let Azure::Read { configuration, operation, .. } = &snapshot.azure else { unreachable!() };
        let covered = snapshot.object.finalizer == Finalizer::Present;
        let is_foreign = matches!(configuration, Remote::Present(live) if **live == foreign());
        match decide(&snapshot) {
            Decision::Act(Effect::Put { .. } | Effect::Delete(_)) => {
                prop_assert!(covered && !is_foreign);
                prop_assert!(matches!(operation, Operation::Intended(_)), "intent before effect");
                prop_assert!(!matches!(configuration, Remote::Unknown(_)));
            }
            Decision::Act(Effect::Begin { .. }) => {
                prop_assert!(covered && !is_foreign && snapshot.lane == Lane::Granted);
            }
            Decision::Act(Effect::Adopt(_)) => prop_assert!(covered && !is_foreign),
            _ => {}
        }
    }

    #[test]
    fn only_deletions_detach_and_only_wanted_objects_attach(snapshot in any_snapshot()) {
        let deleting = matches!(snapshot.object.lifecycle, Lifecycle::Deleting { .. });
        match decide(&snapshot) {
            Decision::Act(Effect::Delete(_) | Effect::RemoveFinalizer(_) | Effect::Begin { kind: OperationKind::Detach, .. })
            | Decision::Released => prop_assert!(deleting),
            Decision::Act(Effect::Put { .. } | Effect::Adopt(_) | Effect::AddFinalizer | Effect::Begin { .. })
            | Decision::Settled(_) => prop_assert!(!deleting),
            Decision::Act(Effect::EnterLane { .. }) | Decision::Wait(_) | Decision::Blocked(_) => {}
        }
    }

    #[test]
    fn an_owned_configuration_is_never_left_behind(snapshot in any_snapshot()) {
        let Azure::Read { configuration, .. } = &snapshot.azure else { unreachable!() };
        let ours = matches!(configuration, Remote::Present(live) if **live != foreign()) && snapshot.object.ownership.is_some();
        if let Decision::Act(Effect::RemoveFinalizer(release)) = decide(&snapshot) && ours {
            prop_assert_eq!(release, Release::Orphaned);
        }
    }
}
