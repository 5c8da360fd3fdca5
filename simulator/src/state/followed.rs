//! Which databases a follower shows, and who follows a leader: worked out from the configurations. Pure.

use std::collections::BTreeSet;

use super::State;
use crate::arm_id::{ClusterId, ClusterKey, name_key};
use crate::world::{Configuration, Database};

/// A database that a follower shows because of a configuration.
#[derive(Debug)]
pub(crate) struct Followed<'a> {
    /// The name on the follower.
    pub(crate) name: String,
    pub(crate) original: &'a Database,
    pub(crate) configuration: &'a Configuration,
    pub(crate) leader: &'a ClusterId,
}

impl State {
    /// The followed databases of a cluster.
    ///
    /// A database of the cluster's own wins over a leader's of the same name, and of two leaders one wins
    /// (arm-kusto.md §6 says arbitrarily; here the configuration whose name sorts first).
    pub(crate) fn followed(&self, key: &ClusterKey) -> Vec<Followed<'_>> {
        let Some(held) = self.held(key) else {
            return Vec::new();
        };
        let mut taken: BTreeSet<String> = held
            .cluster
            .databases
            .iter()
            .map(|own| name_key(&own.name))
            .collect();
        let mut followed = Vec::new();
        for configuration in held
            .configurations
            .values()
            .filter(|one| one.stage.in_force())
        {
            let properties = &configuration.properties;
            let Some(leader) =
                ClusterId::parse(&properties.leader).and_then(|leader| self.held(&leader.key()))
            else {
                continue;
            };
            let all = properties.database_name == "*";
            let wanted = name_key(&properties.database_name);
            for original in leader
                .cluster
                .databases
                .iter()
                .filter(|one| all || name_key(&one.name) == wanted)
            {
                let name = match (&properties.name_override, &properties.name_prefix) {
                    (Some(name), _) if !all => name.clone(),
                    (_, Some(prefix)) => format!("{prefix}{}", original.name),
                    (_, None) => original.name.clone(),
                };
                if taken.insert(name_key(&name)) {
                    followed.push(Followed {
                        name,
                        original,
                        configuration,
                        leader: &leader.cluster.id,
                    });
                }
            }
        }
        followed
    }

    /// The names under which a configuration's databases appear on the follower.
    pub(crate) fn attached_names(
        &self,
        key: &ClusterKey,
        configuration: &Configuration,
    ) -> Vec<String> {
        let wanted = name_key(&configuration.name);
        self.followed(key)
            .into_iter()
            .filter(|followed| name_key(&followed.configuration.name) == wanted)
            .map(|followed| followed.name)
            .collect()
    }

    /// The configurations that follow databases of `leader`.
    pub(crate) fn followers(&self, leader: &ClusterKey) -> Vec<&Configuration> {
        self.all()
            .flat_map(|(_, held)| held.configurations.values())
            .filter(|one| one.stage.in_force())
            .filter(|one| {
                ClusterId::parse(&one.properties.leader).is_some_and(|id| id.key() == *leader)
            })
            .collect()
    }
}

/// Whether one of `followers` follows the database `name` of their leader.
pub(crate) fn follows(followers: &[&Configuration], name: &str) -> bool {
    let key = name_key(name);
    followers.iter().any(|configuration| {
        let wanted = &configuration.properties.database_name;
        wanted == "*" || name_key(wanted) == key
    })
}
