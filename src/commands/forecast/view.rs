//! What a forecast rests on: live state beside the declaration. Pure.

use crate::controller::{
    block::Block,
    diff::{Comparison, Difference, compare},
    outcome::Outcome,
    preflight::advice,
    report::Seen,
    snapshot::{Azure, Follower, Leader, Remote, Sight},
    validate::{Desired, Naming},
};

fn read(azure: &Azure) -> Option<&Sight> {
    match azure {
        Azure::Read(sight) => Some(sight),
        Azure::NotRead | Azure::Operating(_) => None,
    }
}

/// How the live configuration relates to the declared one; `None` when there is none, or none was readable.
pub(super) fn comparison(desired: &Desired, azure: &Azure) -> Option<Comparison> {
    match &read(azure)?.configuration {
        Remote::Present(live) => Some(compare(desired, live)),
        Remote::Absent | Remote::NoFollower | Remote::Unknown(_) => None,
    }
}

/// What is not as declared although no operation begins.
pub(super) fn pending(outcome: &Outcome, desired: &Desired, azure: &Azure) -> Vec<Difference> {
    match comparison(desired, azure) {
        Some(Comparison::Equal) => Vec::new(),
        Some(Comparison::Differs(differences) | Comparison::Foreign(differences)) => differences,
        None => {
            let is_absent =
                read(azure).is_some_and(|sight| matches!(sight.configuration, Remote::Absent));
            let is_told = matches!(
                outcome,
                Outcome::Waiting(_) | Outcome::Blocked(Block::NotAttached)
            );
            if is_absent && is_told {
                declared(desired)
            } else {
                Vec::new()
            }
        }
    }
}

/// Every field that an attach would set.
pub(super) fn declared(desired: &Desired) -> Vec<Difference> {
    let (name, prefix) = match &desired.naming {
        Naming::Original => ("", ""),
        Naming::Override(name) => (name.as_str(), ""),
        Naming::Prefix(prefix) => ("", prefix.as_str()),
    };
    let leader = desired.leader.to_string();
    let texts = [
        ("leader.clusterResourceId", leader.as_str()),
        ("leader.databaseName", desired.database.as_str()),
        (
            "defaultPrincipalsModificationKind",
            desired.principals.as_str(),
        ),
        ("databaseNameOverride", name),
        ("databaseNamePrefix", prefix),
    ]
    .map(|(field, value)| (field, value.to_owned()));
    let lists = desired.sharing.lists();
    let lists = lists.map(|(field, names)| (field, names.join(", ")));
    let fields = texts.into_iter().chain(lists);
    fields
        .filter(|(_, value)| !value.is_empty())
        .map(|(field, desired)| Difference {
            field,
            desired,
            observed: String::new(),
        })
        .collect()
}

/// What the operator's author would be told of the two clusters.
pub(super) fn seen(azure: &Azure) -> Seen {
    let advice = read(azure).and_then(|sight| match (&sight.follower, &sight.leader) {
        (Follower::Present(follower), leader @ Leader::Present { .. }) => {
            Some(advice(follower, leader))
        }
        (
            Follower::Present(_) | Follower::NotRead | Follower::Absent | Follower::Unknown(_),
            Leader::NotRead | Leader::Absent | Leader::Unknown(_) | Leader::Present { .. },
        ) => None,
    });
    Seen {
        advice,
        ..Seen::default()
    }
}
