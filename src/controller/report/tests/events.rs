//! Events over the life of an object: one for each change, none for a repetition.

use super::*;
use crate::controller::decide::Release;

/// An object and the events that its passes told, driven as a pass does it.
struct Story {
    now: Given,
    events: Vec<Notice>,
}

impl Story {
    fn of(now: Given) -> Self {
        Self {
            now,
            events: Vec::new(),
        }
    }

    fn write(mut self, outcome: &Outcome) -> Self {
        self.now = self.now.after(outcome);
        self
    }

    /// A pass that ends with `outcome`.
    fn ends(mut self, outcome: &Outcome) -> Self {
        self.events.extend(self.now.at(at(0)).notices(outcome));
        self.write(outcome)
    }

    /// A pass that comes to stand in line.
    fn queues(mut self, differences: &[Difference]) -> Self {
        self.now.record.drift = self.now.at(at(0)).drift(differences, None);
        self.ends(&in_line(1))
    }

    /// An operation begins: its intent is written.
    fn begins(mut self, kind: OperationKind, differences: &[Difference]) -> Self {
        let subject = self.now.at(at(0));
        let drift = subject.drift(differences, None);
        let notice = subject.drift_notice(&drift);
        self.events.extend(notice);
        self.now.record.drift = drift;
        self.now.record.operation = Some(operation(kind, None));
        self.write(&running(kind))
    }

    /// Azure takes the request.
    fn runs(mut self, kind: OperationKind) -> Self {
        self.now = self.now.operating(kind);
        self.ends(&running(kind))
    }

    /// Azure refuses, or the operation failed.
    fn fails(mut self, outcome: &Outcome) -> Self {
        self.now.record.operation = None;
        self.ends(outcome)
    }

    fn settles(mut self) -> Self {
        self.now.record.operation = None;
        self.now.record.drift.clear();
        self.ends(&settled())
    }

    fn told(&self) -> Vec<&'static str> {
        self.events.iter().map(|event| event.reason).collect()
    }
}

fn long_drift() -> Vec<Difference> {
    let observed = vec!["a table with a rather long name"; 100].join(", ");
    vec![Difference {
        field: "tablesToInclude",
        desired: "Orders".into(),
        observed,
    }]
}

#[test]
fn each_change_is_told_once_and_rest_is_silent() {
    use OperationKind::{Attach, Update};
    let attach = Story::of(unseen())
        .begins(Attach, &[])
        .runs(Attach)
        .ends(&running(Attach));
    let update = |given| Story::of(given).begins(Update, &differences()).runs(Update);
    let attached_late = Story::of(unseen())
        .queues(&[])
        .queues(&[])
        .begins(Attach, &[]);
    for (change, story, expected) in [
        (
            "an attach",
            attach.settles().settles().settles(),
            vec!["Attached"],
        ),
        (
            "an attach that stood in line",
            attached_late.runs(Attach).settles(),
            vec!["Attached"],
        ),
        (
            "an update",
            update(edited()).settles().settles(),
            vec!["Updated"],
        ),
        (
            "a repair",
            update(attached()).settles().settles(),
            vec!["DriftDetected", "Repaired"],
        ),
        (
            "a removed configuration",
            Story::of(attached())
                .begins(Attach, &[])
                .runs(Attach)
                .settles(),
            vec!["DriftDetected", "Repaired"],
        ),
        (
            "a repair that stands in line",
            Story::of(attached())
                .queues(&differences())
                .queues(&differences())
                .begins(Update, &differences())
                .runs(Update)
                .settles(),
            vec!["DriftDetected", "Repaired"],
        ),
        (
            "drift of more text than status holds",
            Story::of(attached())
                .queues(&long_drift())
                .begins(Update, &long_drift())
                .runs(Update)
                .ends(&running(Update))
                .settles(),
            vec!["DriftDetected", "Repaired"],
        ),
        (
            "drift that somebody else repairs",
            Story::of(attached()).queues(&differences()).settles(),
            vec!["DriftDetected"],
        ),
        ("nothing", Story::of(attached()).settles().settles(), vec![]),
    ] {
        assert_eq!(story.told(), expected, "{change}");
    }
}

#[test]
fn each_failure_is_told_once_for_as_long_as_it_lasts() {
    use OperationKind::{Attach, Detach, Update};
    let denied = failure(Class::Denied, "AuthorizationFailed");
    let refused_thrice = |given, kind, outcome: &Outcome, differences: &[Difference]| {
        (0..3).fold(Story::of(given), |story, _| {
            story.begins(kind, differences).fails(outcome)
        })
    };
    for (course, story, expected) in [
        (
            "the same again and again",
            Story::of(unseen())
                .fails(&denied)
                .fails(&denied)
                .fails(&denied),
            vec!["AuthorizationFailed"],
        ),
        (
            "one after the other",
            Story::of(unseen())
                .fails(&denied)
                .fails(&Outcome::Blocked(Block::FollowerNotFound)),
            vec!["AuthorizationFailed", "FollowerNotFound"],
        ),
        (
            "a write that is refused with each attempt",
            refused_thrice(unseen(), Attach, &denied, &[]),
            vec!["AuthorizationFailed"],
        ),
        (
            "a repair that is refused with each attempt",
            refused_thrice(attached(), Update, &denied, &differences()),
            vec!["DriftDetected", "AuthorizationFailed"],
        ),
        (
            "a detach that is refused with each attempt",
            refused_thrice(
                leaving(),
                Detach,
                &failure(Class::Locked, "ScopeLocked"),
                &[],
            ),
            vec!["ScopeLocked"],
        ),
        (
            "an invalid spec",
            Story::of(unseen().unusable())
                .ends(&Outcome::Invalid(Invalid::LeaderIsFollower))
                .ends(&Outcome::Invalid(Invalid::LeaderIsFollower)),
            vec!["InvalidSpec"],
        ),
        (
            "a failed operation, then a good one",
            Story::of(unseen())
                .begins(Attach, &[])
                .fails(&denied)
                .begins(Attach, &[])
                .runs(Attach)
                .settles(),
            vec!["AuthorizationFailed", "Attached"],
        ),
        (
            "a hiccup of an object that is Ready",
            Story::of(attached())
                .ends(&failure(Class::Transient, "ArmUnavailable"))
                .settles(),
            vec![],
        ),
    ] {
        assert_eq!(story.told(), expected, "{course}");
    }
}

#[test]
fn an_event_says_what_was_done_to_what() {
    let update = Story::of(attached())
        .begins(OperationKind::Update, &differences())
        .runs(OperationKind::Update);
    let detach_locked = Story::of(leaving()).fails(&failure(Class::Locked, "ScopeLocked"));
    let denied = Story::of(unseen()).fails(&failure(Class::Denied, "AuthorizationFailed"));
    let events = [update.settles(), detach_locked, denied]
        .into_iter()
        .flat_map(|story| story.events);
    let told: Vec<_> = events
        .map(
            |Notice {
                 tone,
                 reason,
                 action,
                 note,
             }| (tone, action, reason, note),
        )
        .collect();
    let event = |tone, action, reason, note: &str| (tone, action, reason, note.to_owned());
    assert_eq!(
        told,
        [
            event(
                Tone::Warning,
                "Repair",
                "DriftDetected",
                "Sales of leader1 on follower1 is not as declared: `tablesToInclude` is \"\", declared \"Orders\""
            ),
            event(
                Tone::Normal,
                "Repair",
                "Repaired",
                "Sales of leader1 on follower1 is as declared again"
            ),
            event(
                Tone::Warning,
                "Detach",
                "ScopeLocked",
                &format!("message of ScopeLocked; {WAY_OUT}")
            ),
            event(
                Tone::Warning,
                "Reconcile",
                "AuthorizationFailed",
                "message of AuthorizationFailed"
            ),
        ]
    );
}

#[test]
fn an_adoption_and_each_way_to_go_are_told() {
    let (given, leaving) = (unseen(), leaving());
    let adopted = given.at(at(0)).adoption_notice();
    assert_eq!(
        (adopted.tone, adopted.reason, adopted.action),
        (Tone::Normal, "Adopted", "Adopt")
    );
    assert_eq!(
        adopted.note,
        "the existing configuration sales was taken over"
    );
    for (release, expected) in [
        (
            Release::Detached,
            Some(("Detached", "Sales of leader1 on follower1 is detached")),
        ),
        (
            Release::FollowerGone,
            Some((
                "Detached",
                "the follower cluster follower1 is gone, and the attachment with it",
            )),
        ),
        (
            Release::Orphaned,
            Some((
                "Orphaned",
                "Sales of leader1 on follower1 stays attached, as declared",
            )),
        ),
        (
            Release::Replaced,
            Some((
                "Released",
                "the configuration sales follows something else now and was left alone",
            )),
        ),
        (
            Release::HandedOver,
            Some((
                "Released",
                "the configuration sales stays: an older object declares it",
            )),
        ),
        (Release::NothingOwned, None),
    ] {
        let notice = leaving.at(at(0)).release_notice(release);
        let told = notice
            .as_ref()
            .map(|notice| (notice.reason, notice.note.as_str()));
        assert_eq!(told, expected, "{release:?}");
    }
    assert_eq!(leaving.at(at(0)).notices(&Outcome::Released), []);
}

#[test]
fn drift_that_is_only_reported_is_told_once_with_its_differences() {
    let mut given = unseen();
    given.object.spec.drift_policy = DriftPolicy::Report;
    let drifted = |story: Story| {
        let mut story = story;
        story.now.record.drift = story.now.at(at(0)).drift(&differences(), None);
        story.ends(&Outcome::Blocked(Block::Drifted(differences())))
    };
    let story = drifted(drifted(Story::of(given)));
    assert_eq!(story.told(), ["Drifted", "DriftDetected"]);
    assert_eq!(
        drifted(story.settles()).told(),
        ["Drifted", "DriftDetected", "Drifted", "DriftDetected"],
        "and again when it comes back"
    );
}

#[test]
fn a_value_that_drifts_further_is_told_again_and_one_that_only_ages_is_not() {
    let subject = attached().drifted().after(&running(OperationKind::Update));
    let subject = subject.at(at(0));
    let known = drift("tablesToInclude", "Orders", "");
    let told = |drift: Drift| subject.drift_notice(&[drift]).is_some();
    assert!(!told(known.clone()));
    let aged = Drift {
        since: Some(Time(at(9))),
        changed_by: Some("somebody".into()),
        changed_at: Some("2026-01-02".into()),
        ..known.clone()
    };
    assert!(!told(aged));
    assert!(told(drift("tablesToInclude", "Orders", "Logs")));
    assert!(told(drift("functionsToExclude", "Orders", "")));
    assert!(subject.drift_notice(&[]).is_none());
}

#[test]
fn of_all_databases_each_that_comes_or_goes_is_told() {
    let follow_all = |mut given: Given| {
        given.object.spec.leader.database_name = "*".into();
        given.desired = validate(&given.object).ok();
        given
    };
    let with = |names: &[&str]| settled_with(names.iter().map(|name| shown(name, None)).collect());
    let at_rest = || Story::of(follow_all(unseen())).ends(&with(&["Sales", "Web"]));
    let notes = |story: Story| -> Vec<(&str, String)> {
        let events = story.events.into_iter();
        events.map(|event| (event.reason, event.note)).collect()
    };
    assert_eq!(at_rest().told(), [""; 0], "the first are no news");
    assert_eq!(at_rest().ends(&with(&["Web", "Sales"])).told(), [""; 0]);
    assert_eq!(
        notes(at_rest().ends(&with(&["New", "Other", "Web"]))),
        [
            ("DatabaseAdded", "New, Other is new on follower1".to_owned()),
            ("DatabaseRemoved", "Sales is gone from follower1".to_owned()),
        ]
    );
    let one = Story::of(unseen()).ends(&with(&["Sales"]));
    assert_eq!(
        one.ends(&with(&["SALES"])).told(),
        [""; 0],
        "of one database nothing comes or goes"
    );
}
