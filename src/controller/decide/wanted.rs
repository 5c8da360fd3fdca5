//! An object whose configuration must exist as declared. Pure.

use std::time::Duration;

use super::{
    Attached, Decision, Effect, Look, Wait, in_lane,
    operation::{Obstacle, explains_all, in_progress, unfinished, usable},
    refused, send,
};
use crate::{
    api::{AdoptionPolicy, DriftPolicy, Ownership},
    azure::{
        error::Class,
        model::{Configuration, ProvisioningState},
    },
    controller::{
        block::Block,
        diff::{Comparison, Difference, compare},
        failure::Failure,
        preflight::{self, Verdict},
        readable::{Readability, foreign_origin, readability},
        snapshot::{
            Azure, Claim, Databases, End, Finalizer, Freshness, Lane, Object, Operation,
            OperationKind, Remote, Sight, Snapshot,
        },
        validate::Desired,
    },
};

/// How often the same drift is corrected within [`CONTEST_WINDOW`] before the correction is given up: another writer
/// wants it so, and a loop of writes would only keep the cluster busy.
const MAX_CORRECTIONS: usize = 5;

/// How often drift of any kind is corrected within [`CONTEST_WINDOW`]: a writer who sets another value each time never
/// brings the same difference back. A person who edits a dozen fields, one by one, stays below.
const MAX_CORRECTIONS_IN_ALL: usize = 20;

/// How long a correction counts against the next one.
const CONTEST_WINDOW: Duration = Duration::from_hours(1);

/// How long the follower may take to show a database of an attachment that is as declared. It synchronises within
/// minutes (arm-kusto.md §6).
const SHOW_GRACE: Duration = Duration::from_mins(10);

pub(super) fn decide(desired: &Desired, snapshot: &Snapshot) -> Decision {
    let object = &snapshot.object;
    if let Some(decision) = refused(object) {
        return decision;
    }
    if let Claim::Older(by) = &object.claim {
        return Decision::Blocked(Block::Claimed { by: by.clone() });
    }
    let sight = match &snapshot.azure {
        // Unreachable by construction (a wanted object is always read); waiting is the safe answer.
        Azure::NotRead => {
            return Decision::Wait(Wait::Provisioning {
                state: "unknown".to_owned(),
            });
        }
        Azure::Operating(running) => return Decision::Wait(Wait::Operation(*running)),
        Azure::Read(sight) => sight,
    };
    if let Some(block) = explains_all(&sight.follower) {
        return Decision::Blocked(block);
    }
    let live = match &sight.configuration {
        Remote::Unknown(failure) => return unreadable(failure, sight),
        Remote::NoFollower => return Decision::Blocked(Block::FollowerNotFound),
        Remote::Absent => return absent(desired, snapshot, sight),
        Remote::Present(live) => live,
    };
    if let Some(origin) = foreign_origin(desired, &sight.databases) {
        return Decision::Blocked(Block::ForeignOrigin { origin });
    }
    match (
        compare(desired, live),
        &live.provisioning_state,
        object.ownership,
    ) {
        // Ours by name only: left alone even while it changes.
        (Comparison::Foreign(differences), _, _) => Decision::Blocked(Block::Conflict(differences)),
        (_, ProvisioningState::InProgress(state), _) => in_progress(state, object),
        (Comparison::Equal, _, _) => keep(desired, live, object, sight),
        (Comparison::Differs(differences), _, None) => {
            differs_unowned(desired, object, sight, differences)
        }
        (Comparison::Differs(differences), _, Some(_)) => match desired.drift_policy {
            DriftPolicy::Report => Decision::Blocked(Block::Drifted(differences)),
            DriftPolicy::Correct => {
                write(desired, snapshot, sight, OperationKind::Update, differences)
            }
        },
    }
}

fn absent(desired: &Desired, snapshot: &Snapshot, sight: &Sight) -> Decision {
    match desired.drift_policy {
        DriftPolicy::Report => Decision::Blocked(Block::NotAttached),
        DriftPolicy::Correct => write(desired, snapshot, sight, OperationKind::Attach, Vec::new()),
    }
}

/// A configuration that nobody has taken over yet and that is not as declared.
fn differs_unowned(
    desired: &Desired,
    object: &Object,
    sight: &Sight,
    differences: Vec<Difference>,
) -> Decision {
    match (desired.drift_policy, desired.adoption_policy) {
        (DriftPolicy::Report, _) => Decision::Blocked(Block::Drifted(differences)),
        (DriftPolicy::Correct, AdoptionPolicy::Always) => adopt(object, sight),
        (DriftPolicy::Correct, AdoptionPolicy::Never) => Decision::Blocked(Block::Exists),
        (DriftPolicy::Correct, AdoptionPolicy::IfEqual) => {
            Decision::Blocked(Block::ExistsAndDiffers(differences))
        }
    }
}

/// Rests on a configuration that is as declared, after taking it over when nobody has yet. Without a finalizer,
/// which somebody may have removed, a deletion would leave it behind.
fn keep(desired: &Desired, live: &Configuration, object: &Object, sight: &Sight) -> Decision {
    match (
        desired.drift_policy,
        desired.adoption_policy,
        object.ownership,
    ) {
        // Who only reports owns nothing that a deletion could take away.
        (DriftPolicy::Report, _, _) => shown(desired, live, object, sight),
        (DriftPolicy::Correct, AdoptionPolicy::Never, None) => Decision::Blocked(Block::Exists),
        (DriftPolicy::Correct, AdoptionPolicy::IfEqual | AdoptionPolicy::Always, None) => {
            adopt(object, sight)
        }
        (DriftPolicy::Correct, _, Some(_)) => match object.finalizer {
            Finalizer::Missing => Decision::Act(Effect::AddFinalizer),
            Finalizer::Present => shown(desired, live, object, sight),
        },
    }
}

fn adopt(object: &Object, sight: &Sight) -> Decision {
    // Only its databases tell whether it is somebody else's, such as Azure Data Share's.
    if let Databases::Unknown(failure) = &sight.databases {
        return unreadable(failure, sight);
    }
    Decision::Act(match object.finalizer {
        Finalizer::Missing => Effect::AddFinalizer,
        Finalizer::Present => Effect::Adopt,
    })
}

/// Whether the follower shows what the configuration says.
fn shown(desired: &Desired, live: &Configuration, object: &Object, sight: &Sight) -> Decision {
    match readability(desired, live, &sight.databases, &sight.leader) {
        Readability::Readable(databases) => Decision::Settled(Box::new(Attached {
            live: live.clone(),
            databases,
        })),
        Readability::Missing(missing) if object.waiting_for < SHOW_GRACE => {
            Decision::Wait(Wait::Databases { missing })
        }
        Readability::Missing(missing) => Decision::Blocked(Block::DatabaseNotShown { missing }),
        Readability::Taken { name, holder } => Decision::Blocked(Block::NameTaken { name, holder }),
        Readability::Suspended(suspended) => {
            Decision::Blocked(Block::DatabaseSuspended { suspended })
        }
        Readability::Unknown(failure) => unreadable(&failure, sight),
    }
}

/// What of the follower can't be read: while the cluster changes by itself, that is all there is to say.
fn unreadable(failure: &Failure, sight: &Sight) -> Decision {
    match (usable(&sight.follower), failure.class) {
        (Err(Obstacle::Passing(wait)), Class::Busy) => Decision::Wait(wait),
        (Ok(_) | Err(_), _) => Decision::Blocked(Block::Failure(failure.clone())),
    }
}

/// The way to a PUT, one durable step at a time.
fn write(
    desired: &Desired,
    snapshot: &Snapshot,
    sight: &Sight,
    kind: OperationKind,
    differences: Vec<Difference>,
) -> Decision {
    if let Some(decision) = unfinished(&sight.operation) {
        return decision;
    }
    // Sending the same again and again would be a loop of writes.
    if let Operation::Ended {
        kind: OperationKind::Attach | OperationKind::Update,
        end: End::Succeeded,
        ..
    } = sight.operation
    {
        return Decision::Blocked(Block::NotApplied(differences));
    }
    let cluster = match usable(&sight.follower) {
        Ok(cluster) => cluster,
        Err(Obstacle::Passing(wait)) => return Decision::Wait(wait),
        Err(Obstacle::Lasting(block)) => return Decision::Blocked(block),
    };
    if sight.freshness == Freshness::Glance {
        return Decision::Act(Effect::Look(Look::Live));
    }
    match preflight::check(desired, kind, cluster, &sight.leader, &sight.databases) {
        Verdict::Clear => {}
        Verdict::LookAtLeader => return Decision::Act(Effect::Look(Look::Leader)),
        Verdict::Blocked(block) => return Decision::Blocked(block),
    }
    if let Some(corrections) = contested(&snapshot.object, &differences) {
        return Decision::Blocked(Block::Contested {
            differences,
            corrections,
        });
    }
    if snapshot.object.finalizer == Finalizer::Missing {
        return Decision::Act(Effect::AddFinalizer);
    }
    let object = &snapshot.object;
    match (&sight.operation, object.ownership, snapshot.lane) {
        (Operation::Intended(intended), Some(_), Lane::Granted) if *intended == kind => send(
            object,
            Effect::Put {
                kind,
                desired: Box::new(desired.clone()),
                location: cluster.location.clone(),
            },
        ),
        (_, ownership, lane) => in_lane(
            lane,
            kind,
            ownership.unwrap_or(Ownership::Created),
            differences,
        ),
    }
}

/// How often was put right lately what another writer wants otherwise, once that is too often.
fn contested(object: &Object, differences: &[Difference]) -> Option<usize> {
    let lately = object
        .corrections
        .iter()
        .filter(|correction| correction.age < CONTEST_WINDOW);
    let in_all = lately.clone().count();
    let same = lately
        .filter(|correction| correction.differences == differences)
        .count();
    if same >= MAX_CORRECTIONS {
        Some(same)
    } else {
        (in_all >= MAX_CORRECTIONS_IN_ALL).then_some(in_all)
    }
}
