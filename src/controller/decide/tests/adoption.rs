//! Whose a configuration is, and what may be done about it: claims, adoption, origin, drift policy, contests.

use super::*;

fn older() -> ObjectKey {
    ObjectKey {
        namespace: "analytics".into(),
        name: "older".into(),
    }
}

/// A configuration that exists already, in the view of an object that has taken nothing over.
fn found(policy: AdoptionPolicy, live: Configuration) -> Snapshot {
    declare(wanted(None, present(live), Operation::None), |desired| {
        desired.adoption_policy = policy;
    })
}

fn reporting(snapshot: Snapshot) -> Snapshot {
    declare(snapshot, |desired| {
        desired.drift_policy = DriftPolicy::Report;
    })
}

fn of_origin(snapshot: Snapshot, origin: &ShareOrigin) -> Snapshot {
    see(snapshot, |sight| {
        sight.databases = Databases::Listed(vec![shared_by(origin.clone())]);
    })
}

/// The differences that the next write would put right.
fn differences(snapshot: &Snapshot) -> Vec<Difference> {
    match decide(snapshot) {
        Decision::Act(Effect::Begin { differences, .. }) => differences,
        other => panic!("no write, but {other:?}"),
    }
}

fn corrected(differences: &[Difference], age: Duration) -> Correction {
    Correction {
        differences: differences.to_vec(),
        age,
    }
}

#[test]
fn what_an_older_object_declares_is_left_alone_whatever_is_seen_of_it() {
    let remotes = [
        Remote::Absent,
        Remote::NoFollower,
        Remote::Unknown(failure(Class::Transient)),
        present(live()),
        present(edited()),
        present(foreign()),
        present(creating()),
    ];
    for remote in remotes {
        for ownership in [None, Some(Ownership::Created), Some(Ownership::Adopted)] {
            for freshness in [Freshness::Glance, Freshness::Live] {
                let mut snapshot = wanted(ownership, remote.clone(), Operation::None);
                snapshot.object.claim = Claim::Older(older());
                let snapshot = see(snapshot, |sight| sight.freshness = freshness);
                let Decision::Blocked(block) = decide(&snapshot) else {
                    panic!("{remote:?} {ownership:?} {freshness:?}")
                };
                assert_eq!(block, Block::Claimed { by: older() });
            }
        }
    }
}

#[test]
fn the_adoption_policy_decides_about_a_configuration_that_exists_already() {
    use AdoptionPolicy::{Always, IfEqual, Never};
    const NEVER: &str = "blocked ConfigurationExists, never adopted";
    const DIFFERS: &str = "blocked ConfigurationExists";
    const CONFLICT: &str = "blocked ConfigurationConflict";
    check(vec![
        ("equal", found(Never, live()), NEVER),
        ("equal", found(IfEqual, live()), "adopt"),
        ("equal", found(Always, live()), "adopt"),
        ("differs", found(Never, edited()), NEVER),
        ("differs", found(IfEqual, edited()), DIFFERS),
        ("differs", found(Always, edited()), "adopt"),
        ("follows something else", found(Never, foreign()), CONFLICT),
        (
            "follows something else",
            found(IfEqual, foreign()),
            CONFLICT,
        ),
        ("follows something else", found(Always, foreign()), CONFLICT),
    ]);
    for policy in [Never, IfEqual, Always] {
        for origin in [ShareOrigin::DataShare, ShareOrigin::Other("Other".into())] {
            for live in [live(), edited(), creating()] {
                let decision = decide(&of_origin(found(policy, live), &origin));
                let Decision::Blocked(Block::ForeignOrigin { origin: told }) = decision else {
                    panic!("{policy:?} {origin:?}: {decision:?}")
                };
                assert_eq!(told, origin.as_str());
            }
        }
        let direct = of_origin(found(policy, creating()), &ShareOrigin::Direct);
        assert_eq!(word(&decide(&direct)), "wait provisioning");
    }
}

#[test]
fn nothing_is_adopted_while_its_origin_is_not_to_be_seen() {
    for live in [live(), edited()] {
        let snapshot = see(found(AdoptionPolicy::Always, live), |sight| {
            sight.databases = Databases::Unknown(failure(Class::Denied));
        });
        assert_eq!(word(&decide(&snapshot)), "blocked Reason");
    }
}

#[test]
fn what_is_owned_stays_owned_whatever_the_adoption_policy_becomes() {
    use AdoptionPolicy::{Always, IfEqual, Never};
    for policy in [Never, IfEqual, Always] {
        for ownership in [Ownership::Created, Ownership::Adopted] {
            let mut equal = found(policy, live());
            equal.object.ownership = Some(ownership);
            assert_eq!(word(&decide(&equal)), "settled", "{policy:?}");
            let mut differs = found(policy, edited());
            differs.object.ownership = Some(ownership);
            let expected = format!("begin Update {ownership:?}");
            assert_eq!(word(&decide(&differs)), expected, "{policy:?}");
        }
        let absent = declare(wanted(None, Remote::Absent, Operation::None), |desired| {
            desired.adoption_policy = policy;
        });
        assert_eq!(
            word(&decide(&absent)),
            "begin Attach Created",
            "{policy:?}: what does not exist is no adoption"
        );
    }
}

#[test]
fn nothing_is_adopted_before_a_deletion_would_wait_for_us() {
    for live in [live(), edited()] {
        let mut snapshot = found(AdoptionPolicy::Always, live);
        snapshot.object.finalizer = Finalizer::Missing;
        assert_eq!(word(&decide(&snapshot)), "add finalizer");
    }
}

#[test]
fn an_adopted_configuration_is_corrected_afterwards() {
    let mut snapshot = found(AdoptionPolicy::Always, edited());
    assert_eq!(word(&decide(&snapshot)), "adopt");
    snapshot.object.ownership = Some(Ownership::Adopted);
    assert_eq!(word(&decide(&snapshot)), "begin Update Adopted");
}

#[test]
fn who_only_reports_tells_the_differences_and_owns_nothing() {
    use Ownership::Created;
    let mut unprotected = reporting(wanted(None, present(live()), Operation::None));
    unprotected.object.finalizer = Finalizer::Missing;
    check(vec![
        (
            "equal, and nobody's",
            reporting(wanted(None, present(live()), Operation::None)),
            "settled",
        ),
        (
            "equal, and ours from before",
            reporting(wanted(Some(Created), present(live()), Operation::None)),
            "settled",
        ),
        ("a finalizer is not needed", unprotected, "settled"),
        (
            "equal, and nothing may be adopted",
            reporting(found(AdoptionPolicy::Never, live())),
            "settled",
        ),
        (
            "differs",
            reporting(wanted(Some(Created), present(edited()), Operation::None)),
            "blocked Drifted",
        ),
        (
            "differs, and nobody's",
            reporting(found(AdoptionPolicy::Always, edited())),
            "blocked Drifted",
        ),
        (
            "an intent of before the policy changed is not carried out",
            reporting(wanted(
                Some(Created),
                present(edited()),
                Operation::Intended(OperationKind::Update),
            )),
            "blocked Drifted",
        ),
        (
            "absent",
            reporting(wanted(None, Remote::Absent, Operation::None)),
            "blocked NotAttached",
        ),
        (
            "absent, and ours from before",
            reporting(wanted(Some(Created), Remote::Absent, Operation::None)),
            "blocked NotAttached",
        ),
        (
            "an intent to attach is not carried out",
            reporting(wanted(
                Some(Created),
                Remote::Absent,
                Operation::Intended(OperationKind::Attach),
            )),
            "blocked NotAttached",
        ),
        (
            "follows something else",
            reporting(wanted(None, present(foreign()), Operation::None)),
            "blocked ConfigurationConflict",
        ),
        (
            "unreadable",
            reporting(wanted(
                None,
                Remote::Unknown(failure(Class::Denied)),
                Operation::None,
            )),
            "blocked Reason",
        ),
    ]);
}

#[test]
fn the_differences_are_told_with_both_values() {
    let expected = vec![Difference {
        field: "defaultPrincipalsModificationKind",
        desired: "Union".into(),
        observed: "Replace".into(),
    }];
    let ours = wanted(Some(Ownership::Created), present(edited()), Operation::None);
    assert_eq!(differences(&ours), expected);
    let Decision::Blocked(Block::Drifted(told)) = decide(&reporting(ours)) else {
        panic!("reported")
    };
    assert_eq!(told, expected);
    let Decision::Blocked(Block::ExistsAndDiffers(told)) =
        decide(&found(AdoptionPolicy::IfEqual, edited()))
    else {
        panic!("told")
    };
    assert_eq!(told, expected);
}

#[test]
fn the_same_correction_is_made_five_times_in_an_hour_and_then_given_up() {
    const JUST_NOW: Duration = Duration::from_mins(1);
    const ALMOST: Duration = Duration::from_secs(3_599);
    const PAST: Duration = Duration::from_hours(1);
    let ours = || wanted(Some(Ownership::Created), present(edited()), Operation::None);
    let same = differences(&ours());
    let other = vec![Difference {
        field: "tablesToInclude",
        desired: "Orders".into(),
        observed: String::new(),
    }];
    let otherwise_undone = vec![Difference {
        observed: "None".into(),
        ..same[0].clone()
    }];
    let five = |differences: &[Difference], age| vec![corrected(differences, age); 5];
    let four_and = |fifth| [vec![corrected(&same, JUST_NOW); 4], vec![fifth]].concat();
    for (reason, corrections, is_given_up) in [
        ("never corrected", vec![], false),
        ("four times", vec![corrected(&same, JUST_NOW); 4], false),
        ("five times", five(&same, JUST_NOW), true),
        ("five times within the hour", five(&same, ALMOST), true),
        ("five times, but long ago", five(&same, PAST), false),
        (
            "one of them long ago",
            four_and(corrected(&same, PAST)),
            false,
        ),
        ("another field", five(&other, JUST_NOW), false),
        (
            "one of them another field",
            four_and(corrected(&other, JUST_NOW)),
            false,
        ),
        ("another value", five(&otherwise_undone, JUST_NOW), false),
        ("a removal", five(&[], JUST_NOW), false),
    ] {
        let mut snapshot = ours();
        snapshot.object.corrections = corrections;
        match decide(&snapshot) {
            Decision::Act(Effect::Begin { .. }) => assert!(!is_given_up, "{reason}"),
            Decision::Blocked(Block::Contested {
                differences,
                corrections,
            }) => {
                assert!(is_given_up, "{reason}");
                assert_eq!((differences, corrections), (same.clone(), 5), "{reason}");
            }
            unexpected => panic!("{reason}: {unexpected:?}"),
        }
    }
}

#[test]
fn who_sets_another_value_each_time_is_given_up_and_who_edits_a_dozen_fields_is_not() {
    let mut snapshot = wanted(Some(Ownership::Created), present(edited()), Operation::None);
    let each_another = |count: u32, age| -> Vec<Correction> {
        (0..count)
            .map(|turn| {
                let differences = [Difference {
                    field: "databaseNamePrefix",
                    desired: String::new(),
                    observed: format!("v{turn}_"),
                }];
                corrected(&differences, age)
            })
            .collect()
    };
    let minute = Duration::from_mins(1);
    for (count, age, decision) in [
        (12, minute, "begin Update Created"),
        (19, minute, "begin Update Created"),
        (20, minute, "blocked Contested"),
        (40, Duration::from_hours(1), "begin Update Created"),
    ] {
        snapshot.object.corrections = each_another(count, age);
        assert_eq!(word(&decide(&snapshot)), decision, "{count} of {age:?}");
    }
}

#[test]
fn a_configuration_that_somebody_keeps_removing_is_given_up_too() {
    let mut snapshot = wanted(Some(Ownership::Created), Remote::Absent, Operation::None);
    snapshot.object.corrections = vec![corrected(&[], Duration::from_mins(5)); 4];
    assert_eq!(word(&decide(&snapshot)), "begin Attach Created");
    snapshot.object.corrections = vec![corrected(&[], Duration::from_mins(5)); 5];
    assert_eq!(word(&decide(&snapshot)), "blocked Contested");
}

#[test]
fn a_contest_hides_no_state_that_is_as_declared() {
    let mut snapshot = wanted(Some(Ownership::Created), present(live()), Operation::None);
    snapshot.object.corrections = vec![corrected(&[], Duration::ZERO); 9];
    assert_eq!(word(&decide(&snapshot)), "settled");
}
