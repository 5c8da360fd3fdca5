//! What the code tells of everything that can happen to an object: each reason with what tools make of it.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use adx_follower_operator::{
    api::{AttachedDatabase, AttachedDatabaseStatus, OperationKind},
    controller::{
        decide::{Release, Wait},
        outcome::{Next, Outcome},
        preflight::Advice,
        report::{Notice, Record, Seen, Subject},
        retry::{Chance, Pace, backoff, look},
        snapshot::Running,
        validate::{Invalid, validate},
    },
};
use k8s_openapi::{apimachinery::pkg::apis::meta::v1::Time, jiff::Timestamp};
use serde_json::Value;

use crate::{
    happenings::{blocks, drift, object, operation, settled},
    oracles::kstatus,
};

/// Reasons, each with what is told of it.
pub(crate) type Told = BTreeMap<String, BTreeSet<String>>;

/// Everything.
pub(crate) fn told() -> Told {
    let mut told = Told::new();
    let mut note = |reason: &str, fact: String| {
        told.entry(reason.to_owned()).or_default().insert(fact);
    };
    for case in cases() {
        for (reason, fact) in case.conditions() {
            note(&reason, fact);
        }
    }
    for Notice {
        tone,
        reason,
        action,
        note: _,
    } in notices()
    {
        note(reason, format!("event: {tone:?}, action {action}"));
    }
    // Made apart from all others, by the watch: there is no object that could be reported on.
    note("Undecodable", "event: Warning, action Reconcile".to_owned());
    told
}

/// The first and the last delay of a pace.
pub(crate) fn delays(pace: Pace) -> String {
    let delay = |attempt| spoken(backoff(pace, attempt, None, Chance(0.0)));
    format!("{} to {}", delay(1), delay(u32::MAX))
}

pub(crate) fn spoken(delay: Duration) -> String {
    match delay.as_secs() {
        0 => "at once".to_owned(),
        seconds if seconds % 60 == 0 => format!("{} min", seconds / 60),
        seconds => format!("{seconds} s"),
    }
}

/// How a pass ended, and all that the report of it depends on.
struct Case {
    object: AttachedDatabase,
    record: Record,
    seen: Seen,
    outcome: Outcome,
}

impl Case {
    fn of(outcome: Outcome) -> Self {
        Self {
            object: object("Sales"),
            record: Record::default(),
            seen: Seen::default(),
            outcome,
        }
    }

    /// The status that is written; `None` as long as it is too early for a word.
    fn told(&self, failing_for: Duration) -> Option<AttachedDatabaseStatus> {
        let desired = validate(&self.object).unwrap();
        let subject = Subject {
            object: &self.object,
            desired: Some(&desired),
            record: &self.record,
            seen: &self.seen,
            failing_for,
            now: Timestamp::UNIX_EPOCH,
        };
        subject.status(&self.outcome)
    }

    fn status(&self, failing_for: Duration) -> AttachedDatabaseStatus {
        self.told(failing_for).unwrap()
    }

    /// How long it takes until the first word: a refusal waits for the news that may lift it.
    fn silence(&self) -> Duration {
        [0, 2]
            .map(Duration::from_secs)
            .into_iter()
            .find(|age| self.told(*age).is_some())
            .unwrap()
    }

    fn judged(&self, failing_for: Duration) -> Value {
        let mut object = serde_json::to_value(&self.object).unwrap();
        object["status"] = serde_json::to_value(self.status(failing_for)).unwrap();
        object
    }

    /// Each condition's reason, and what is to be said of it.
    fn conditions(&self) -> Vec<(String, String)> {
        let status = self.status(self.silence());
        let ready = status
            .conditions
            .iter()
            .find(|condition| condition.type_ == "Ready")
            .unwrap();
        let others = status
            .conditions
            .iter()
            .filter(|condition| condition.reason != ready.reason || condition.type_ == "InSync");
        let mut said: Vec<_> = others
            .map(|condition| {
                (
                    condition.reason.clone(),
                    format!("{} {}", condition.type_, condition.status),
                )
            })
            .collect();
        said.push((
            ready.reason.clone(),
            format!("{}; {}", self.verdict(), self.next()),
        ));
        said
    }

    fn verdict(&self) -> String {
        let at = |minutes| kstatus(&self.judged(self.silence() + Duration::from_mins(minutes)));
        let (first, last) = (at(0), at(24 * 60));
        if first == last {
            return format!("kstatus {first:?}");
        }
        let minutes = (1..24 * 60).find(|minutes| at(*minutes) == last).unwrap();
        format!("kstatus {first:?}, {last:?} after {minutes} min")
    }

    fn next(&self) -> String {
        match self.outcome.next(Duration::from_mins(10)) {
            Next::Interval(_) => "compared again at each interval".to_owned(),
            Next::Poll { .. } => "followed to its end".to_owned(),
            Next::Look => {
                let after = |age| spoken(look(age, Chance(0.0)));
                format!(
                    "looked at again after {} to {}",
                    after(Duration::ZERO),
                    after(Duration::from_hours(1))
                )
            }
            Next::Woken => "woken when its turn comes".to_owned(),
            Next::Backoff { pace, .. } => format!("tried again after {}", delays(pace)),
            next @ (Next::Changed | Next::Never) => panic!("nothing is reported with {next:?}"),
        }
    }
}

fn cases() -> Vec<Case> {
    let running = |kind| {
        Outcome::Waiting(Wait::Operation(Running {
            kind,
            age: Duration::ZERO,
            retry_after: None,
        }))
    };
    let working = |kind, drift| Case {
        record: Record {
            operation: Some(operation(kind)),
            drift,
            ownership: None,
        },
        ..Case::of(running(kind))
    };
    let mut deleting = working(OperationKind::Detach, vec![]);
    deleting.object.metadata.deletion_timestamp = Some(Time(Timestamp::UNIX_EPOCH));
    let surprising = |advice| Case {
        seen: Seen {
            advice: Some(vec![advice]),
            ..Seen::default()
        },
        ..Case::of(settled("Sales"))
    };
    let text = String::new;
    let mut cases = vec![
        Case::of(settled("Sales")),
        working(OperationKind::Attach, vec![]),
        working(OperationKind::Update, vec![]),
        working(OperationKind::Update, vec![drift()]),
        deleting,
        surprising(Advice::OperationNotVisible),
        surprising(Advice::StreamingIngestionOff),
        surprising(Advice::CustomerManagedKey),
        Case::of(Outcome::Waiting(Wait::Lane { place: 1 })),
        Case::of(Outcome::Waiting(Wait::Follower { state: text() })),
        Case::of(Outcome::Waiting(Wait::Databases { missing: vec![] })),
        Case::of(Outcome::Invalid(Invalid::LeaderIsFollower)),
    ];
    cases.extend(
        blocks()
            .into_iter()
            .map(|block| Case::of(Outcome::Blocked(block))),
    );
    cases
}

fn notices() -> Vec<Notice> {
    let desired = validate(&object("*")).unwrap();
    let told = |object: &AttachedDatabase, tell: &dyn Fn(Subject<'_>) -> Vec<Notice>| {
        tell(Subject {
            object,
            desired: Some(&desired),
            record: &Record::default(),
            seen: &Seen::default(),
            failing_for: Duration::ZERO,
            now: Timestamp::UNIX_EPOCH,
        })
    };
    let after = |status| AttachedDatabase {
        status: Some(status),
        ..object("*")
    };
    let done = |kind, drift| AttachedDatabaseStatus {
        operation: Some(operation(kind)),
        drift,
        ..Default::default()
    };
    let known = Case {
        object: object("*"),
        ..Case::of(settled("Gone"))
    }
    .status(Duration::ZERO);
    let mut notices: Vec<Notice> = [
        done(OperationKind::Attach, vec![]),
        done(OperationKind::Update, vec![]),
        done(OperationKind::Update, vec![drift()]),
        known,
    ]
    .into_iter()
    .flat_map(|status| told(&after(status), &|subject| subject.notices(&settled("New"))))
    .collect();
    notices.extend(told(&object("*"), &|subject| {
        use Release::{Detached, FollowerGone, HandedOver, NothingOwned, Orphaned, Replaced};
        let released = [
            Detached,
            FollowerGone,
            HandedOver,
            NothingOwned,
            Orphaned,
            Replaced,
        ];
        let released = released
            .into_iter()
            .filter_map(|release| subject.release_notice(release));
        let others = [
            Some(subject.adoption_notice()),
            subject.drift_notice(&[drift()]),
        ];
        released.chain(others.into_iter().flatten()).collect()
    }));
    notices
}
