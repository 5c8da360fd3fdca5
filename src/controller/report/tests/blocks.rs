//! Every block: what it is called, what it says to do, and that no order of outcomes breaks the rules.

use super::*;
use crate::controller::access::{CLIENT_ID_ANNOTATION, Flaw, Kind, NamedBy, Refusal};

/// Late enough that no news can be on its way.
const NOT_PREMATURE: Duration = Duration::from_secs(2);

/// Every variant, with all that changes its message.
fn every_block() -> Vec<Block> {
    let names = || vec!["Sales".to_owned(), "Web".to_owned()];
    let taken = |holder| Block::NameTaken {
        name: "Sales".into(),
        holder,
    };
    let Outcome::Blocked(Block::Failure(denied)) = failure(Class::Denied, "AuthorizationFailed")
    else {
        panic!("a failure blocks")
    };
    vec![
        Block::Failure(denied.clone()),
        Block::LeaderFailure(denied),
        Block::FollowerNotFound,
        Block::FollowerNotRunning {
            state: "Stopped".into(),
            reason: Some("AutoStop".into()),
        },
        Block::LeaderNotFound,
        Block::LeaderNotRunning {
            state: "Stopped".into(),
        },
        Block::RegionMismatch {
            follower: "West Europe".into(),
            leader: "East US".into(),
        },
        Block::LeaderDatabaseNotFound,
        taken(Holder::Local),
        taken(Holder::Configuration("web".into())),
        taken(Holder::Leader("leader2".into())),
        taken(Holder::Unknown),
        Block::ProvisioningStuck {
            state: "Creating".into(),
        },
        Block::DatabaseNotShown { missing: names() },
        Block::DatabaseSuspended { suspended: names() },
        Block::ForeignOrigin {
            origin: "DataShare".into(),
        },
        claimed("analytics"),
        claimed("finance"),
        Block::Conflict(differences()),
        Block::Exists,
        Block::ExistsAndDiffers(differences()),
        Block::NotApplied(differences()),
        Block::NotApplied(vec![]),
        Block::Drifted(differences()),
        Block::NotAttached,
        contested(differences()),
        contested(vec![]),
    ]
    .into_iter()
    .chain(every_refusal().map(Block::Refused))
    .collect()
}

fn every_refusal() -> [Refusal; 9] {
    let name = || "adx".to_owned();
    let not_found = |named_by| Refusal::AccountNotFound {
        name: name(),
        named_by,
    };
    let incomplete = |flaw| Refusal::AccountIncomplete {
        name: name(),
        annotation: CLIENT_ID_ANNOTATION,
        flaw,
    };
    [
        Refusal::NotAllowed,
        Refusal::Unknown(Kind::Policies),
        Refusal::Unknown(Kind::Namespaces),
        Refusal::Unknown(Kind::Accounts),
        not_found(NamedBy::Object),
        not_found(NamedBy::Operator),
        incomplete(Flaw::Missing),
        incomplete(Flaw::Malformed),
        Refusal::OwnIdentityDisabled,
    ]
}

fn claimed(namespace: &str) -> Block {
    Block::Claimed {
        by: ObjectKey {
            namespace: namespace.into(),
            name: "older".into(),
        },
    }
}

fn contested(differences: Vec<Difference>) -> Block {
    Block::Contested {
        differences,
        corrections: 5,
    }
}

const VARIANTS: usize = 22;

/// The place of a variant: a new one fails to compile until it is counted here, and then fails until it is listed.
fn place(block: &Block) -> usize {
    match block {
        Block::Failure(_) => 0,
        Block::LeaderFailure(_) => 1,
        Block::FollowerNotFound => 2,
        Block::FollowerNotRunning { .. } => 3,
        Block::LeaderNotFound => 4,
        Block::LeaderNotRunning { .. } => 5,
        Block::RegionMismatch { .. } => 6,
        Block::LeaderDatabaseNotFound => 7,
        Block::NameTaken { .. } => 8,
        Block::ProvisioningStuck { .. } => 9,
        Block::DatabaseNotShown { .. } => 10,
        Block::DatabaseSuspended { .. } => 11,
        Block::ForeignOrigin { .. } => 12,
        Block::Claimed { .. } => 13,
        Block::Conflict(_) => 14,
        Block::Exists => 15,
        Block::ExistsAndDiffers(_) => 16,
        Block::NotApplied(_) => 17,
        Block::Drifted(_) => 18,
        Block::NotAttached => 19,
        Block::Contested { .. } => 20,
        Block::Refused(_) => 21,
    }
}

#[test]
fn the_list_of_blocks_is_complete() {
    let mut places: Vec<usize> = every_block().iter().map(place).collect();
    places.dedup();
    assert_eq!(places, (0..VARIANTS).collect::<Vec<_>>());
}

/// What each of [`every_block`] is called, and what it says.
const TOLD: &[(&str, &str)] = &[
    ("AuthorizationFailed", "message of AuthorizationFailed"),
    (
        "AuthorizationFailed",
        "the leader cluster leader1: message of AuthorizationFailed",
    ),
    (
        "FollowerNotFound",
        "the follower cluster follower1 does not exist; `spec.follower.clusterResourceId` must name an existing cluster",
    ),
    (
        "FollowerNotRunning",
        "the follower cluster follower1 is Stopped (AutoStop); start it, and the attachment goes on by itself",
    ),
    (
        "LeaderNotFound",
        "the leader cluster leader1 does not exist; `spec.leader.clusterResourceId` must name an existing cluster",
    ),
    (
        "LeaderNotRunning",
        "the leader cluster leader1 is Stopped; start it, and the attachment goes on by itself",
    ),
    (
        "RegionMismatch",
        "the follower cluster follower1 is in West Europe and the leader cluster leader1 in East US; both must be in \
         one region",
    ),
    (
        "LeaderDatabaseNotFound",
        "the leader cluster leader1 has no database Sales; `spec.leader.databaseName` must name one that exists",
    ),
    (
        "DatabaseNameTaken",
        "follower1 has a database Sales of its own, which wins; set `spec.databaseNameOverride`, or remove or rename \
         that database",
    ),
    (
        "DatabaseNameTaken",
        "follower1 has a database Sales already, by the configuration web; set `spec.databaseNameOverride`, or \
         remove or rename that database",
    ),
    (
        "DatabaseNameTaken",
        "follower1 follows a database Sales of leader2 already; set `spec.databaseNameOverride`, or remove or rename \
         that database",
    ),
    (
        "DatabaseNameTaken",
        "follower1 has a database Sales already; set `spec.databaseNameOverride`, or remove or rename that database",
    ),
    (
        "ProvisioningStuck",
        "the configuration sales on follower1 has been Creating for over an hour; see the cluster's activity log, and \
         ask Azure's support if it does not end",
    ),
    (
        "DatabaseNotShown",
        "the configuration sales is as declared, but follower1 does not show Sales, Web; see whether the database \
         still exists on leader1",
    ),
    (
        "DatabaseSuspended",
        "Azure has suspended Sales, Web on follower1, as it does when a customer-managed key is revoked; restore the \
         leader's access to its key",
    ),
    (
        "ForeignOrigin",
        "the configuration sales on follower1 was made by DataShare, which alone may change it; choose another \
         `spec.configurationName`",
    ),
    (
        "ConfigurationClaimed",
        "the older object older declares the configuration sales on follower1 already; delete one of them, or choose \
         another `spec.configurationName`",
    ),
    (
        "ConfigurationClaimed",
        "an older object in another namespace declares the configuration sales on follower1 already; delete one of \
         them, or choose another `spec.configurationName`",
    ),
    (
        "ConfigurationConflict",
        "a configuration named sales on follower1 follows something else: `tablesToInclude` is empty, declared \
         \"Orders\"; choose another `spec.configurationName`, or delete that configuration",
    ),
    (
        "ConfigurationExists",
        "a configuration named sales exists on follower1, and `spec.adoptionPolicy` is Never; choose another \
         `spec.configurationName`, delete that configuration, or set `spec.adoptionPolicy` to IfEqual",
    ),
    (
        "ConfigurationExists",
        "a configuration named sales exists on follower1 and differs: `tablesToInclude` is empty, declared \
         \"Orders\"; make the spec equal to take it over, set `spec.adoptionPolicy` to Always to overwrite it, or \
         choose another `spec.configurationName`",
    ),
    (
        "ChangeNotApplied",
        "Azure reports success, but the configuration sales on follower1 is not as declared: `tablesToInclude` is \
         empty, declared \"Orders\"; look for who changes it back, or declare what it is",
    ),
    (
        "ChangeNotApplied",
        "Azure reports success, but there is no configuration sales on follower1; look for who removes it",
    ),
    (
        "Drifted",
        "not as declared: `tablesToInclude` is empty, declared \"Orders\"; `spec.driftPolicy` is Report, so nothing \
         is changed",
    ),
    (
        "NotAttached",
        "there is no configuration sales on follower1; `spec.driftPolicy` is Report, so nothing is attached",
    ),
    (
        "Contested",
        "somebody keeps changing the configuration sales on follower1 back: `tablesToInclude` is empty, declared \
         \"Orders\"; find who, or declare what they want. It is corrected again after an hour",
    ),
    (
        "Contested",
        "somebody keeps removing the configuration sales on follower1; find who, or delete this object. It is \
         corrected again after an hour",
    ),
    (
        "AttachmentNotAllowed",
        "no AttachmentPolicy allows namespace analytics to attach database \"Sales\" of /subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg1/providers/Microsoft.Kusto/clusters/leader1 to /subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg1/providers/Microsoft.Kusto/clusters/follower1 with the \
         operator's identity; ask an administrator of this Kubernetes cluster for one, or set \
         `spec.serviceAccountName` to a ServiceAccount with an Azure identity of its own",
    ),
    (
        "PoliciesUnavailable",
        "the operator does not know yet who may do what: it waits for the list of attachment policies; if this stays, \
         see its log",
    ),
    (
        "PoliciesUnavailable",
        "the operator does not know yet who may do what: it waits for the list of namespaces; if this stays, see its log",
    ),
    (
        "PoliciesUnavailable",
        "the operator does not know yet who may do what: it waits for the list of service accounts; if this stays, see \
         its log",
    ),
    (
        "ServiceAccountNotFound",
        "`spec.serviceAccountName` must name a ServiceAccount of this namespace, and there is no adx",
    ),
    (
        "ServiceAccountNotFound",
        "this cluster gives each namespace an Azure identity of its own, and the ServiceAccount adx for it does not \
         exist in this namespace; set `spec.serviceAccountName`, or ask an administrator of this Kubernetes cluster",
    ),
    (
        "ServiceAccountIncomplete",
        "the ServiceAccount adx must have the annotation `azure.workload.identity/client-id`, which names its Azure \
         identity",
    ),
    (
        "ServiceAccountIncomplete",
        "the annotation `azure.workload.identity/client-id` of the ServiceAccount adx must be an id of letters, digits, \
         hyphens and periods",
    ),
    (
        "ObjectIdentityDisabled",
        "`spec.serviceAccountName` must be absent: this operator serves no object with an identity of its own \
         (`--object-identities=false`)",
    ),
];

#[test]
fn every_block_is_called_by_its_name_and_says_what_to_do() {
    let told: Vec<(&str, String)> = every_block()
        .into_iter()
        .map(|block| {
            let reason = block.reason();
            let outcome = Outcome::Blocked(block);
            let (_, status) = judge(reason, &unseen().failing(NOT_PREMATURE), &outcome);
            let ready = status.conditions.first().expect("Ready comes first");
            assert_eq!(ready.reason, reason);
            (reason, ready.message.clone())
        })
        .collect();
    let told: Vec<(&str, &str)> = told
        .iter()
        .map(|(reason, text)| (*reason, text.as_str()))
        .collect();
    for (told, expected) in told.iter().zip(TOLD) {
        assert_eq!(told, expected);
    }
    assert_eq!(told.len(), TOLD.len());
}

#[test]
fn a_clash_among_all_databases_is_avoided_by_a_prefix() {
    let mut given = unseen();
    given.object.spec.leader.database_name = "*".into();
    given.desired = validate(&given.object).ok();
    let taken = Outcome::Blocked(Block::NameTaken {
        name: "Web".into(),
        holder: Holder::Leader("leader2".into()),
    });
    let (verdict, status) = judge("a clash", &given, &taken);
    assert_eq!(verdict, Kstatus::Failed);
    assert_eq!(
        message_of(&status, ConditionType::Ready),
        "follower1 follows a database Web of leader2 already; set `spec.databaseNamePrefix`, or remove or rename that database"
    );
}

#[test]
fn how_often_it_was_corrected_is_no_news() {
    let after_five = Outcome::Blocked(contested(differences()));
    let after_six = Outcome::Blocked(Block::Contested {
        differences: differences(),
        corrections: 6,
    });
    let given = attached().drifted().after(&after_five);
    let known = given.object.status.clone();
    assert_eq!(given.at(at(900)).status(&after_six), known);
}

#[test]
fn every_block_of_a_deletion_ends_with_the_way_out() {
    for block in every_block() {
        let reason = block.reason();
        let given = leaving().failing(NOT_PREMATURE);
        let (verdict, status) = judge(reason, &given, &Outcome::Blocked(block));
        assert_eq!(verdict, Kstatus::Terminating);
        let message = message_of(&status, ConditionType::Ready);
        assert!(message.ends_with(WAY_OUT), "{message}");
    }
}

/// One of each outcome that pass and driver know.
fn outcomes() -> Vec<Outcome> {
    let waits = vec![
        settled(),
        running(OperationKind::Attach),
        Outcome::Waiting(Wait::Outcome(OperationKind::Update)),
        Outcome::Waiting(Wait::Visibility(OperationKind::Detach)),
        Outcome::Waiting(Wait::Provisioning {
            state: "Updating".into(),
        }),
        Outcome::Waiting(Wait::Databases {
            missing: vec!["Sales".into()],
        }),
        Outcome::Waiting(Wait::Follower {
            state: "Updating".into(),
        }),
        in_line(1),
        failure(Class::Transient, "ArmUnavailable"),
        failure(Class::Throttled, "Throttled"),
        failure(Class::Busy, "ClusterBusy"),
        failure(Class::Unauthenticated, "AuthenticationFailed"),
        failure(Class::Rejected, "RequestRejected"),
        failure(Class::Locked, "ScopeLocked"),
        Outcome::Invalid(Invalid::OverrideOfAll),
    ];
    let mut blocks = every_block();
    blocks.dedup_by_key(|block| place(block));
    let blocks = blocks.into_iter().map(Outcome::Blocked);
    waits.into_iter().chain(blocks).collect()
}

/// The ages at which a failure may be judged otherwise.
fn ages(outcome: &Outcome) -> Vec<Duration> {
    let seconds: &[u64] = match outcome {
        Outcome::Blocked(_) => &[0, 2, 29, 30, 300, 1_800],
        Outcome::Settled(_) | Outcome::Waiting(_) | Outcome::Invalid(_) | Outcome::Released => &[0],
    };
    seconds.iter().copied().map(Duration::from_secs).collect()
}

fn records() -> Vec<Record> {
    let kinds = [
        OperationKind::Attach,
        OperationKind::Update,
        OperationKind::Detach,
    ];
    let operating = kinds.map(|kind| unseen().operating(kind).record);
    let drifted = unseen().drifted().operating(OperationKind::Update).record;
    operating
        .into_iter()
        .chain([Record::default(), drifted])
        .collect()
}

#[test]
fn any_outcome_after_any_other_keeps_the_rules() {
    let mut judged = 0;
    let outcomes = outcomes();
    for base in [unseen(), edited(), attached(), leaving()] {
        let is_deleted = base.object.metadata.deletion_timestamp.is_some();
        for earlier in &outcomes {
            let before = base.clone().after(earlier);
            for (record, outcome) in records()
                .iter()
                .flat_map(|record| outcomes.iter().map(move |outcome| (record, outcome)))
            {
                let is_settled = matches!(outcome, Outcome::Settled(_));
                // What is deleted does not settle.
                if is_settled && is_deleted {
                    continue;
                }
                for failing_for in ages(outcome) {
                    let mut given = before.clone().failing(failing_for);
                    // What is settled has no operation and no drift.
                    if !is_settled {
                        given.record = record.clone();
                    }
                    if given.at(at(0)).is_blip(outcome) {
                        continue;
                    }
                    let (verdict, status) =
                        judge(&format!("{outcome:?} after {earlier:?}"), &given, outcome);
                    let expected = match said(&status) {
                        _ if is_deleted => Kstatus::Terminating,
                        _ if is_settled => Kstatus::Current,
                        said if said.contains("Stalled=True") => Kstatus::Failed,
                        _ => Kstatus::InProgress,
                    };
                    assert_eq!(verdict, expected, "{outcome:?} after {earlier:?}");
                    judged += 1;
                }
            }
        }
    }
    assert!(judged > 20_000, "{judged} statuses are a matrix");
}
