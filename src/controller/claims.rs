//! Which object a configuration belongs to when several declare it. Pure.
//!
//! The older one owns it, and the other says so and takes over when the first is gone. Ids compare as ARM compares them,
//! so another spelling is no way around.

use std::collections::{BTreeSet, HashMap};

use crate::azure::id::ConfigurationId;

use super::lane::ObjectKey;

/// The claims of all objects.
#[derive(Debug, Default)]
pub struct Claims {
    by_configuration: HashMap<ConfigurationId, BTreeSet<Claimant>>,
    by_object: HashMap<ObjectKey, (ConfigurationId, Claimant)>,
}

/// An object, in the order of seniority.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Claimant {
    created: i64,
    namespace: String,
    name: String,
}

impl Claims {
    /// Notes that `key`, created at `created` (seconds of the epoch), declares `configuration`; `None` when it declares
    /// none that is usable. Returns who moved up because of it.
    #[must_use = "whoever moved up has to be woken"]
    pub fn declare(&mut self, key: &ObjectKey, created: i64, configuration: Option<ConfigurationId>) -> Option<ObjectKey> {
        let claimant = Claimant { created, namespace: key.namespace.clone(), name: key.name.clone() };
        let known = self.by_object.get(key);
        if known.map(|(configuration, claimant)| (Some(configuration), claimant)) == Some((configuration.as_ref(), &claimant)) {
            return None;
        }
        let moved = self.withdraw(key);
        if let Some(configuration) = configuration {
            self.by_configuration.entry(configuration.clone()).or_default().insert(claimant.clone());
            self.by_object.insert(key.clone(), (configuration, claimant));
        }
        moved
    }

    /// Takes back what `key` declared. Returns who moved up because of it.
    #[must_use = "whoever moved up has to be woken"]
    pub fn withdraw(&mut self, key: &ObjectKey) -> Option<ObjectKey> {
        let (configuration, claimant) = self.by_object.remove(key)?;
        let claimants = self.by_configuration.get_mut(&configuration)?;
        let owned = claimants.first() == Some(&claimant);
        claimants.remove(&claimant);
        let next = claimants.first().map(Claimant::key);
        if claimants.is_empty() {
            self.by_configuration.remove(&configuration);
        }
        next.filter(|_| owned)
    }

    /// The owner of `configuration` when it is not `key`.
    #[must_use]
    pub fn owner_before(&self, key: &ObjectKey, configuration: &ConfigurationId) -> Option<ObjectKey> {
        let owner = self.by_configuration.get(configuration)?.first()?.key();
        (owner != *key).then_some(owner)
    }
}

impl Claimant {
    fn key(&self) -> ObjectKey {
        ObjectKey { namespace: self.namespace.clone(), name: self.name.clone() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(name: &str) -> ObjectKey {
        ObjectKey { namespace: "ns".into(), name: name.into() }
    }

    fn configuration(name: &str) -> Option<ConfigurationId> {
        let id = "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg/providers/Microsoft.Kusto/clusters/follower1";
        Some(format!("{id}/attachedDatabaseConfigurations/{name}").parse().unwrap())
    }

    #[test]
    fn the_older_owns_and_the_next_moves_up_when_it_goes() {
        let mut claims = Claims::default();
        assert_eq!(claims.declare(&key("young"), 20, configuration("sales")), None);
        assert_eq!(claims.declare(&key("old"), 10, configuration("SALES")), None);
        let sales = configuration("Sales").unwrap();
        assert_eq!(claims.owner_before(&key("young"), &sales), Some(key("old")));
        assert_eq!(claims.owner_before(&key("old"), &sales), None);
        assert_eq!(claims.withdraw(&key("old")), Some(key("young")));
        assert_eq!(claims.owner_before(&key("young"), &sales), None);
        assert_eq!(claims.withdraw(&key("young")), None);
        assert!(claims.by_configuration.is_empty() && claims.by_object.is_empty());
    }

    #[test]
    fn the_second_in_line_may_go_unnoticed_and_names_decide_between_twins() {
        let mut claims = Claims::default();
        for name in ["b", "a", "c"] {
            assert_eq!(claims.declare(&key(name), 10, configuration("sales")), None);
        }
        assert_eq!(claims.withdraw(&key("b")), None);
        assert_eq!(claims.declare(&key("a"), 10, configuration("sales")), None, "saying it again changes nothing");
        assert_eq!(claims.declare(&key("a"), 10, None), Some(key("c")), "an unusable spec claims nothing");
    }
}
