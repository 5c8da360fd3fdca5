//! Objects at work, and objects that go.

use super::*;

#[test]
fn a_first_attach_is_in_progress() {
    use Kstatus::InProgress;
    use OperationKind::Attach;
    const CREATING: &str = "Ready=Unknown:Creating Reconciling=True:Creating";
    const IN_LINE: &str = "Ready=Unknown:WaitingForCluster Reconciling=True:WaitingForCluster";
    let provisioning = |state: &str| {
        Outcome::Waiting(Wait::Provisioning {
            state: state.into(),
        })
    };
    let starting = || {
        Outcome::Waiting(Wait::Follower {
            state: "Starting".into(),
        })
    };
    check(vec![
        (
            "first create",
            unseen().operating(Attach),
            running(Attach),
            InProgress,
            CREATING,
            "attaching Sales of leader1 on follower1",
        ),
        (
            "its answer was lost",
            unseen().operating(Attach),
            Outcome::Waiting(Wait::Outcome(Attach)),
            InProgress,
            CREATING,
            "attaching Sales of leader1 on follower1; waits for Azure to show the result",
        ),
        (
            "it ended but is not to be seen yet",
            unseen().operating(Attach),
            Outcome::Waiting(Wait::Visibility(Attach)),
            InProgress,
            CREATING,
            "attaching Sales of leader1 on follower1; waits for Azure to show the result",
        ),
        (
            "somebody else creates it",
            unseen(),
            provisioning("Accepted"),
            InProgress,
            CREATING,
            "waits for the configuration on follower1, whose provisioning state is Accepted",
        ),
        (
            "others go first",
            unseen(),
            in_line(2),
            InProgress,
            IN_LINE,
            "waits for other operations on follower1, which takes one at a time; place 2 in line",
        ),
        (
            "the follower is on its way",
            unseen(),
            starting(),
            InProgress,
            IN_LINE,
            "waits for cluster follower1, which is Starting",
        ),
    ]);
}

#[test]
fn a_change_of_what_was_attached_is_in_progress() {
    use Kstatus::InProgress;
    use OperationKind::{Attach, Update};
    const REPAIRING: &str =
        "Ready=Unknown:DriftDetected Reconciling=True:DriftDetected InSync=False:Drifted";
    let absent = || {
        let mut given = attached().operating(Attach);
        given.record.drift = given.at(at(0)).drift(&[], None);
        given
    };
    check(vec![
        (
            "update",
            edited().operating(Update),
            running(Update),
            InProgress,
            "Ready=Unknown:Updating Reconciling=True:Updating",
            "updating Sales of leader1 on follower1",
        ),
        (
            "drift is repaired",
            attached().operating(Update).drifted(),
            running(Update),
            InProgress,
            REPAIRING,
            "repairing Sales of leader1 on follower1: `tablesToInclude` is \"\", declared \"Orders\"",
        ),
        (
            "a removed configuration comes back",
            absent(),
            running(Attach),
            InProgress,
            REPAIRING,
            "repairing Sales of leader1 on follower1: `configuration` is \"absent\", declared \"present\"",
        ),
        (
            "drift waits in line",
            attached().drifted(),
            in_line(1),
            InProgress,
            "Ready=Unknown:WaitingForCluster Reconciling=True:WaitingForCluster InSync=False:Drifted",
            "waits for other operations on follower1, which takes one at a time; place 1 in line",
        ),
    ]);
}

#[test]
fn a_deletion_is_terminating_and_says_what_it_waits_for() {
    use Kstatus::Terminating;
    use OperationKind::{Attach, Detach};
    const DELETING: &str = "Ready=False:Deleting Reconciling=True:Deleting";
    check(vec![
        (
            "detach",
            leaving().operating(Detach),
            running(Detach),
            Terminating,
            DELETING,
            "detaching Sales of leader1 on follower1",
        ),
        (
            "its answer was lost",
            leaving().operating(Detach),
            Outcome::Waiting(Wait::Outcome(Detach)),
            Terminating,
            DELETING,
            "detaching Sales of leader1 on follower1; waits for Azure to show the result",
        ),
        (
            "an attach still runs",
            leaving().operating(Attach),
            running(Attach),
            Terminating,
            DELETING,
            "attaching Sales of leader1 on follower1",
        ),
        (
            "an attach may still arrive",
            leaving().operating(Attach),
            Outcome::Waiting(Wait::Visibility(Attach)),
            Terminating,
            DELETING,
            "attaching Sales of leader1 on follower1; waits for Azure to show the result",
        ),
        (
            "others go first",
            leaving(),
            in_line(1),
            Terminating,
            DELETING,
            "waits for other operations on follower1, which takes one at a time; place 1 in line",
        ),
        (
            "its spec is unusable",
            leaving().operating(Detach).unusable(),
            running(Detach),
            Terminating,
            DELETING,
            "detaching the configuration",
        ),
        (
            "Azure can't be asked",
            leaving(),
            failure(Class::Transient, "ArmUnavailable"),
            Terminating,
            "Ready=False:ArmUnavailable Reconciling=True:ProgressingWithRetry",
            "message of ArmUnavailable; WAY_OUT",
        ),
        (
            "a lock forbids it",
            leaving(),
            failure(Class::Locked, "ScopeLocked"),
            Terminating,
            "Ready=False:ScopeLocked Stalled=True:ScopeLocked",
            "message of ScopeLocked; WAY_OUT",
        ),
    ]);
}
