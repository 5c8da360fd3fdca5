//! One lane per follower cluster: who may start an operation now, and who is next. Pure.
//!
//! ADX serialises administrative operations per cluster and fails the loser inside its operation
//! (`ServiceIsInMaintenance`, arm-kusto.md §3.5), so objects stand in line instead of colliding.
//! The line lives in memory only: correctness never depends on it.

use std::collections::HashMap;

use crate::azure::id::ClusterId;

use super::snapshot::Lane;

/// Names an object: namespace and name.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ObjectKey {
    /// The object's namespace.
    pub namespace: String,
    /// The object's name.
    pub name: String,
}

/// Who goes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Priority {
    /// A deletion: somebody waits for the end of it.
    Detach,
    /// Everything else, first come, first served.
    Attach,
}

/// The lanes of all follower clusters.
#[derive(Debug)]
pub struct Lanes {
    width: usize,
    lanes: HashMap<ClusterId, Line>,
}

#[derive(Debug, Default)]
struct Line {
    holders: Vec<ObjectKey>,
    /// In the order in which they are let in.
    waiting: Vec<Waiting>,
    /// The round that is under way: of each namespace one object is let in per round.
    round: u64,
    /// The last round that a namespace has asked for.
    asked: HashMap<String, u64>,
}

#[derive(Debug)]
struct Waiting {
    priority: Priority,
    round: u64,
    key: ObjectKey,
}

impl Lanes {
    /// Lanes for `width` operations at a time per cluster (at least one).
    #[must_use]
    pub fn new(width: usize) -> Self {
        Self {
            width: width.max(1),
            lanes: HashMap::new(),
        }
    }

    /// Where `key` stands, without asking for anything. Who waits with another priority than this one
    /// has not asked yet: a deletion moves up.
    #[must_use]
    pub fn place(&self, cluster: &ClusterId, key: &ObjectKey, priority: Priority) -> Lane {
        let Some(line) = self.lanes.get(cluster) else {
            return Lane::Outside;
        };
        if line.holders.contains(key) {
            return Lane::Granted;
        }
        let asked = |waiting: &Waiting| waiting.key == *key && waiting.priority == priority;
        match line.waiting.iter().position(asked) {
            Some(index) => Lane::Waiting { place: index + 1 },
            None => Lane::Outside,
        }
    }

    /// Asks for the lane. Asking again keeps the place, save that a deletion moves up.
    pub fn enter(&mut self, cluster: &ClusterId, key: &ObjectKey, priority: Priority) -> Lane {
        let width = self.width;
        let line = self.lanes.entry(cluster.clone()).or_default();
        if !line.holders.contains(key) {
            line.waiting
                .retain(|waiting| waiting.key != *key || waiting.priority == priority);
            if !line.waiting.iter().any(|waiting| waiting.key == *key) {
                line.line_up(priority, key);
            }
            line.promote(width);
        }
        self.place(cluster, key, priority)
    }

    /// Notes that `key` has an operation running, whatever the line says: after a restart the
    /// truth is in Azure, not here.
    pub fn occupy(&mut self, cluster: &ClusterId, key: &ObjectKey) {
        let line = self.lanes.entry(cluster.clone()).or_default();
        line.waiting.retain(|waiting| waiting.key != *key);
        if !line.holders.contains(key) {
            line.holders.push(key.clone());
        }
    }

    /// Takes `key` out of `cluster`'s lane; returns who may start now.
    #[must_use = "whoever may start now has to be woken"]
    pub fn leave(&mut self, cluster: &ClusterId, key: &ObjectKey) -> Vec<ObjectKey> {
        let width = self.width;
        let Some(line) = self.lanes.get_mut(cluster) else {
            return Vec::new();
        };
        line.holders.retain(|holder| holder != key);
        line.waiting.retain(|waiting| waiting.key != *key);
        let promoted = line.promote(width);
        if line.holders.is_empty() && line.waiting.is_empty() {
            self.lanes.remove(cluster);
        }
        promoted
    }

    /// How many objects wait, in all lanes.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.lanes.values().map(|line| line.waiting.len()).sum()
    }

    /// Takes `key` out of every lane; returns who may start now.
    #[must_use = "whoever may start now has to be woken"]
    pub fn forget(&mut self, key: &ObjectKey) -> Vec<ObjectKey> {
        let clusters: Vec<ClusterId> = self.lanes.keys().cloned().collect();
        clusters
            .iter()
            .flat_map(|cluster| self.leave(cluster, key))
            .collect()
    }
}

impl Line {
    /// Namespaces take turns: one that asks for much is not let in before one that asks for little.
    fn line_up(&mut self, priority: Priority, key: &ObjectKey) {
        let next = self.asked.get(&key.namespace).map(|round| round + 1);
        let round = next.unwrap_or(self.round).max(self.round);
        self.asked.insert(key.namespace.clone(), round);
        let index = self
            .waiting
            .partition_point(|waiting| (waiting.priority, waiting.round) <= (priority, round));
        let waiting = Waiting {
            priority,
            round,
            key: key.clone(),
        };
        self.waiting.insert(index, waiting);
    }

    fn promote(&mut self, width: usize) -> Vec<ObjectKey> {
        let free = width
            .saturating_sub(self.holders.len())
            .min(self.waiting.len());
        let mut promoted = Vec::new();
        for waiting in self.waiting.drain(..free) {
            self.round = self.round.max(waiting.round);
            promoted.push(waiting.key);
        }
        self.holders.extend(promoted.iter().cloned());
        promoted
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(name: &str) -> ObjectKey {
        ObjectKey {
            namespace: "ns".into(),
            name: name.into(),
        }
    }

    fn cluster(name: &str) -> ClusterId {
        let sub = "00000000-0000-0000-0000-000000000001";
        format!("/subscriptions/{sub}/resourceGroups/rg/providers/Microsoft.Kusto/clusters/{name}")
            .parse()
            .unwrap()
    }

    #[test]
    fn the_first_goes_and_the_second_waits_until_it_is_woken() {
        let (mut lanes, follower) = (Lanes::new(1), cluster("follower"));
        assert_eq!(
            lanes.enter(&follower, &key("a"), Priority::Attach),
            Lane::Granted
        );
        assert_eq!(
            lanes.enter(&follower, &key("b"), Priority::Attach),
            Lane::Waiting { place: 1 }
        );
        assert_eq!(lanes.leave(&follower, &key("a")), vec![key("b")]);
        assert_eq!(
            lanes.place(&follower, &key("b"), Priority::Attach),
            Lane::Granted
        );
        assert!(lanes.leave(&follower, &key("b")).is_empty());
        assert!(lanes.lanes.is_empty(), "an empty lane costs no memory");
    }

    #[test]
    fn deletions_pass_attaches_but_not_each_other() {
        let (mut lanes, follower) = (Lanes::new(1), cluster("follower"));
        lanes.enter(&follower, &key("running"), Priority::Attach);
        lanes.enter(&follower, &key("attach"), Priority::Attach);
        lanes.enter(&follower, &key("first"), Priority::Detach);
        assert_eq!(
            lanes.enter(&follower, &key("second"), Priority::Detach),
            Lane::Waiting { place: 2 }
        );
        assert_eq!(
            lanes.place(&follower, &key("attach"), Priority::Attach),
            Lane::Waiting { place: 3 }
        );
        assert_eq!(
            lanes.place(&follower, &key("attach"), Priority::Detach),
            Lane::Outside,
            "a deletion has to ask for its own place"
        );
        assert_eq!(
            lanes.enter(&follower, &key("attach"), Priority::Detach),
            Lane::Waiting { place: 3 }
        );
        assert_eq!(lanes.leave(&follower, &key("running")), vec![key("first")]);
    }

    #[test]
    fn namespaces_take_turns() {
        let in_namespace = |namespace: &str, name: &str| ObjectKey {
            namespace: namespace.into(),
            name: name.into(),
        };
        let (mut lanes, follower) = (Lanes::new(1), cluster("follower"));
        let mut holder = in_namespace("greedy", "0");
        lanes.enter(&follower, &holder, Priority::Attach);
        for number in 1..5 {
            let key = in_namespace("greedy", &number.to_string());
            lanes.enter(&follower, &key, Priority::Attach);
        }
        let mut order = Vec::new();
        for turn in 0..7 {
            // It has one wish at a time, and has the next one as soon as that is fulfilled.
            let modest = in_namespace("modest", &format!("m{turn}"));
            if turn < 3 {
                lanes.enter(&follower, &modest, Priority::Attach);
            }
            holder = lanes.leave(&follower, &holder).remove(0);
            order.push(holder.name.clone());
        }
        assert_eq!(order, ["m0", "1", "m1", "2", "m2", "3", "4"]);
    }

    #[test]
    fn clusters_do_not_wait_for_each_other_and_the_width_is_a_setting() {
        let mut lanes = Lanes::new(2);
        assert_eq!(
            lanes.enter(&cluster("one1"), &key("a"), Priority::Attach),
            Lane::Granted
        );
        assert_eq!(
            lanes.enter(&cluster("one1"), &key("b"), Priority::Attach),
            Lane::Granted
        );
        assert_eq!(
            lanes.enter(&cluster("one1"), &key("c"), Priority::Attach),
            Lane::Waiting { place: 1 }
        );
        assert_eq!(
            lanes.enter(&cluster("two2"), &key("c"), Priority::Attach),
            Lane::Granted
        );
    }

    #[test]
    fn a_resumed_operation_occupies_the_lane_without_asking() {
        let (mut lanes, follower) = (Lanes::new(1), cluster("follower"));
        lanes.enter(&follower, &key("newcomer"), Priority::Attach);
        lanes.occupy(&follower, &key("resumed"));
        assert!(lanes.leave(&follower, &key("newcomer")).is_empty());
        assert_eq!(
            lanes.enter(&follower, &key("next"), Priority::Attach),
            Lane::Waiting { place: 1 }
        );
        assert_eq!(lanes.leave(&follower, &key("resumed")), vec![key("next")]);
    }
}
