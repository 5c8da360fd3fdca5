//! What holds a pass back, what makes it due, and what a change of the wish forgives.

use super::*;
use crate::azure::error::Class;
use crate::controller::access::{Identity, Refusal};

fn trigger(uid: &str, generation: i64, requested_at: Option<&str>) -> Trigger {
    Trigger {
        uid: uid.to_owned(),
        generation,
        requested_at: requested_at.map(str::to_owned),
    }
}

fn key(name: &str) -> ObjectKey {
    ObjectKey {
        namespace: "analytics".to_owned(),
        name: name.to_owned(),
    }
}

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// What somebody undoes.
fn undone(observed: &str) -> Vec<Difference> {
    vec![Difference {
        field: "databaseNameOverride",
        desired: "SalesRO".to_owned(),
        observed: observed.to_owned(),
    }]
}

fn refusal() -> Failure {
    Failure {
        class: Class::Locked,
        reason: "ScopeLocked",
        message: "message".to_owned(),
        retry_after: None,
    }
}

fn follower(name: &str) -> ClusterId {
    let group = "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg1";
    format!("{group}/providers/Microsoft.Kusto/clusters/{name}")
        .parse()
        .unwrap()
}

/// The memory of an object that has failed for a while, rests until 60 s after `now`, and has an operation.
fn failing(now: Instant) -> Memory {
    Memory {
        due: now + seconds(60),
        version: Some("7".to_owned()),
        ready: ConditionStatus::False,
        attempts: 5,
        failing_since: Some(now),
        looking_since: Some(now),
        corrections: vec![(now, undone("Sales"))],
        refusal: Some(refusal()),
        timeline: Some(Timeline::since(now)),
        ..Memory::new(trigger("a", 1, None), now)
    }
}

#[test]
fn an_object_is_held_until_it_is_due_or_wished_otherwise() {
    let now = Instant::now();
    let memory = failing(now);
    let known = trigger("a", 1, None);
    for (reason, trigger, at, held) in [
        ("our own write", known.clone(), now, Some(seconds(60))),
        (
            "an early look",
            known.clone(),
            now + seconds(59),
            Some(seconds(1)),
        ),
        ("it is due", known.clone(), now + seconds(60), None),
        ("it is overdue", known, now + seconds(600), None),
        (
            "a new spec, or a deletion",
            trigger("a", 2, None),
            now,
            None,
        ),
        ("reconcile now", trigger("a", 1, Some("x")), now, None),
        (
            "created anew under its name",
            trigger("b", 1, None),
            now,
            None,
        ),
    ] {
        assert_eq!(memory.hold(&trigger, at), held, "{reason}");
    }
}

#[test]
fn an_object_that_is_seen_for_the_first_time_is_due_at_once() {
    let now = Instant::now();
    let first = trigger("a", 1, None);
    assert_eq!(Memory::new(first.clone(), now).hold(&first, now), None);
}

#[test]
fn a_changed_wish_forgives_failures_and_nothing_else() {
    let now = Instant::now();
    for changed in [trigger("a", 2, None), trigger("a", 1, Some("x"))] {
        let mut memory = failing(now);
        memory.observe(changed.clone(), now + seconds(1));
        assert_eq!((memory.attempts, memory.failing_since), (0, None));
        assert_eq!(memory.refusal, None, "the follower is asked again");
        assert_eq!(memory.trigger, changed);
        let kept = failing(now);
        assert_eq!(memory.timeline, kept.timeline, "the operation still runs");
        assert_eq!(
            memory.version, kept.version,
            "the cache may still be behind"
        );
    }
}

#[test]
fn only_a_new_spec_is_carried_out_whatever_was_contested_before() {
    let now = Instant::now();
    let mut memory = failing(now);
    memory.observe(trigger("a", 1, Some("x")), now + seconds(1));
    assert_eq!(
        memory.corrections,
        failing(now).corrections,
        "who undoes them goes on"
    );
    memory.observe(trigger("a", 2, Some("x")), now + seconds(2));
    assert_eq!(memory.corrections, vec![]);
}

#[test]
fn the_same_wish_forgives_nothing() {
    let now = Instant::now();
    let mut memory = failing(now);
    memory.observe(trigger("a", 1, None), now + seconds(1));
    assert_eq!((memory.attempts, memory.failing_since), (5, Some(now)));
    assert_eq!(memory.refusal, Some(refusal()));
    assert_eq!(memory.due, now + seconds(60));
}

#[test]
fn a_new_uid_is_another_object() {
    let now = Instant::now();
    let mut memory = failing(now);
    memory.observe(trigger("b", 1, None), now + seconds(1));
    assert_eq!((memory.attempts, memory.failing_since), (0, None));
    assert_eq!(
        (memory.timeline, memory.version, memory.looking_since),
        (None, None, None)
    );
    assert_eq!((memory.refusal, memory.corrections), (None, vec![]));
    assert_eq!(
        (memory.ready, memory.due),
        (ConditionStatus::Unknown, now + seconds(1))
    );
}

#[test]
fn a_turn_is_remembered_once_whatever_a_running_pass_puts_back() {
    let now = Instant::now();
    let memories = Memories::default();
    memories.hurry(key("sales"));
    memories.put(key("sales"), failing(now));
    assert!(memories.take_hurry(&key("sales")));
    assert!(!memories.take_hurry(&key("sales")));
    memories.hurry(key("gone"));
    memories.forget(&key("gone"));
    assert!(!memories.take_hurry(&key("gone")));
}

#[test]
fn objects_are_counted_by_what_they_say_until_they_are_forgotten() {
    let now = Instant::now();
    let memories = Memories::default();
    for (name, ready) in [
        ("a", ConditionStatus::True),
        ("b", ConditionStatus::True),
        ("c", ConditionStatus::False),
        ("d", ConditionStatus::Unknown),
    ] {
        memories.put(
            key(name),
            Memory {
                ready,
                ..failing(now)
            },
        );
    }
    assert_eq!(memories.count(), [2, 1, 1]);
    memories.forget(&key("a"));
    memories.put(
        key("c"),
        Memory {
            ready: ConditionStatus::True,
            ..failing(now)
        },
    );
    assert_eq!(memories.count(), [2, 0, 1]);
}

#[test]
fn corrections_are_remembered_with_their_age_and_only_the_latest_of_them() {
    let start = Instant::now();
    let mut memory = Memory::new(trigger("a", 1, None), start);
    assert_eq!(memory.lately_corrected(start), []);
    memory.correct(undone("Sales"), start);
    memory.correct(undone("Web"), start + seconds(60));
    let correction = |observed, age| Correction {
        differences: undone(observed),
        age: seconds(age),
    };
    assert_eq!(
        memory.lately_corrected(start + seconds(100)),
        [correction("Sales", 100), correction("Web", 40)]
    );
    for minute in 2..200 {
        memory.correct(undone("Sales"), start + seconds(60 * minute));
    }
    let kept = memory.lately_corrected(start + seconds(60 * 199));
    assert_eq!(kept.len(), 64);
    assert_eq!(
        kept.last().map(|correction| correction.age),
        Some(seconds(0)),
        "the latest counts"
    );
}

#[test]
fn who_rests_on_a_follower_is_told_its_news() {
    let now = Instant::now();
    let memories = Memories::default();
    let served = Access::Granted(Identity::Operator);
    for (name, resting_on, access) in [
        ("a", Some("follower1"), Some(served.clone())),
        ("b", Some("FOLLOWER1"), Some(served.clone())),
        ("c", Some("follower2"), Some(served.clone())),
        ("d", None, Some(served.clone())),
        (
            "e",
            Some("follower1"),
            Some(Access::Refused(Refusal::NotAllowed)),
        ),
        ("f", Some("follower1"), None),
    ] {
        let resting_on = resting_on.map(follower);
        let memory = Memory {
            resting_on,
            access,
            ..failing(now)
        };
        memories.put(key(name), memory);
    }
    let names = |except: &str| {
        let keys = memories.resting_on(&follower("follower1"), &key(except), &served);
        let mut names: Vec<String> = keys.into_iter().map(|key| key.name).collect();
        names.sort();
        names
    };
    assert_eq!(names("d"), ["a", "b"]);
    assert_eq!(names("a"), ["b"], "who brings the news knows them");
    memories.forget(&key("b"));
    assert_eq!(names("d"), ["a"]);
}
