//! ARM resource ids of clusters and their children: parsing, keys, recorded casing. Pure.

use std::fmt;

use serde::{Serialize, Serializer};

/// The identity of a cluster in the case its author used; [`ClusterId::key`] is for comparing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ClusterId {
    pub(crate) subscription: String,
    pub(crate) resource_group: String,
    pub(crate) name: String,
}

/// A cluster's identity in lower case: ARM compares names without case (arm-kusto.md §9).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct ClusterKey(String);

/// A resource group's identity in lower case.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct GroupKey(String);

impl GroupKey {
    pub(crate) fn starts_with(&self, prefix: &str) -> bool {
        self.0.starts_with(prefix)
    }
}

/// The lower-case form under which named children (configurations, databases) are kept.
pub(crate) fn name_key(name: &str) -> String {
    name.to_lowercase()
}

impl ClusterId {
    pub(crate) fn parse(id: &str) -> Option<Self> {
        match Self::split(id)? {
            (cluster, None) => Some(cluster),
            (_, Some(_)) => None,
        }
    }

    /// Reads the id of a child of type `kind` and gives its cluster and name.
    pub(crate) fn parse_child(id: &str, kind: &str) -> Option<(Self, String)> {
        match Self::split(id)? {
            (cluster, Some((found, name))) if found.eq_ignore_ascii_case(kind) => {
                Some((cluster, name))
            }
            _ => None,
        }
    }

    fn split(id: &str) -> Option<(Self, Option<(String, String)>)> {
        let segments: Vec<&str> = id.strip_prefix('/')?.split('/').collect();
        let (head, child) = segments.split_at_checked(8)?;
        let [
            subscriptions,
            subscription,
            groups,
            group,
            providers,
            provider,
            clusters,
            name,
        ] = head
        else {
            return None;
        };
        let fixed = [
            (subscriptions, "subscriptions"),
            (groups, "resourceGroups"),
            (providers, "providers"),
            (provider, "Microsoft.Kusto"),
            (clusters, "clusters"),
        ];
        let named = [subscription, group, name]
            .iter()
            .all(|part| !part.trim().is_empty());
        if !named
            || !fixed
                .iter()
                .all(|(found, expected)| found.eq_ignore_ascii_case(expected))
        {
            return None;
        }
        let cluster = Self {
            subscription: (*subscription).to_owned(),
            resource_group: (*group).to_owned(),
            name: (*name).to_owned(),
        };
        match child {
            [] => Some((cluster, None)),
            [kind, name] if !name.trim().is_empty() => {
                Some((cluster, Some(((*kind).to_owned(), (*name).to_owned()))))
            }
            _ => None,
        }
    }

    pub(crate) fn key(&self) -> ClusterKey {
        ClusterKey(self.to_string().to_lowercase())
    }

    pub(crate) fn group(&self) -> GroupKey {
        GroupKey(self.group_scope().to_lowercase())
    }

    pub(crate) fn group_scope(&self) -> String {
        format!(
            "/subscriptions/{}/resourceGroups/{}",
            self.subscription, self.resource_group
        )
    }

    /// The id as the provider answers it: with `Clusters` (arm-kusto.md §2.2).
    pub(crate) fn recorded(&self) -> String {
        format!(
            "{}/providers/Microsoft.Kusto/Clusters/{}",
            self.group_scope(),
            self.name
        )
    }
}

impl fmt::Display for ClusterId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "{}/providers/Microsoft.Kusto/clusters/{}",
            self.group_scope(),
            self.name
        )
    }
}

impl Serialize for ClusterId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// A caller's cluster id as a later GET shows it: `clusters` becomes `Clusters`, the rest is kept.
pub(crate) fn recased(id: &str) -> String {
    let segments: Vec<&str> = id
        .split('/')
        .map(|segment| {
            if segment.eq_ignore_ascii_case("clusters") {
                "Clusters"
            } else {
                segment
            }
        })
        .collect();
    segments.join("/")
}

/// A region in the form that compares: `West Europe` and `westeurope` are one.
pub(crate) fn region_key(location: &str) -> String {
    location
        .chars()
        .filter(|character| !character.is_whitespace())
        .collect::<String>()
        .to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    const CLUSTER: &str =
        "/subscriptions/S1/resourceGroups/Rg/providers/microsoft.kusto/CLUSTERS/Follower1";

    #[test]
    fn fixed_words_have_any_case_and_names_keep_theirs() {
        let id = ClusterId::parse(CLUSTER).unwrap();
        assert_eq!(
            id.recorded(),
            "/subscriptions/S1/resourceGroups/Rg/providers/Microsoft.Kusto/Clusters/Follower1"
        );
        assert_eq!(
            id.key(),
            ClusterId::parse(&CLUSTER.to_lowercase()).unwrap().key()
        );
    }

    #[test]
    fn what_is_no_cluster_is_refused() {
        for id in [
            "",
            "/subscriptions/S1",
            "/subscriptions/S1/resourceGroups/Rg/providers/Microsoft.Storage/clusters/c",
            "/subscriptions//resourceGroups/Rg/providers/Microsoft.Kusto/clusters/c",
            "/subscriptions/S1/resourceGroups/Rg/providers/Microsoft.Kusto/clusters/c/databases/d",
            "/subscriptions/S1/resourceGroups/Rg/providers/Microsoft.Kusto/clusters/c/",
            "subscriptions/S1/resourceGroups/Rg/providers/Microsoft.Kusto/clusters/c",
        ] {
            assert_eq!(ClusterId::parse(id), None, "{id}");
        }
    }

    #[test]
    fn children_are_read_by_their_type() {
        let id = format!("{CLUSTER}/AttachedDatabaseConfigurations/Sales");
        let (cluster, name) =
            ClusterId::parse_child(&id, "attachedDatabaseConfigurations").unwrap();
        assert_eq!(
            (cluster.name.as_str(), name.as_str()),
            ("Follower1", "Sales")
        );
        assert_eq!(ClusterId::parse_child(&id, "databases"), None);
    }

    #[test]
    fn regions_compare_without_spaces_and_case() {
        assert_eq!(region_key("West Europe"), region_key("westeurope"));
        assert_ne!(region_key("West Europe"), region_key("North Europe"));
    }
}
