//! Pure. ARM resource ids of clusters and of attached database configurations, compared as ARM compares them.

use std::{
    cmp::Ordering,
    fmt,
    hash::{Hash, Hasher},
    str::FromStr,
};

/// Longest resource group name (arm-kusto.md §12).
const RESOURCE_GROUP_MAX: usize = 90;
/// Longest subscription id accepted: a GUID has 36 characters, simulated subscriptions may be named.
const SUBSCRIPTION_MAX: usize = 64;
/// Cluster names have 4 to 22 characters (arm-kusto.md §12).
const CLUSTER_NAME: std::ops::RangeInclusive<usize> = 4..=22;
/// Longest configuration name (arm-kusto.md §12, from the Terraform provider).
const CONFIGURATION_NAME_MAX: usize = 40;

/// Says which part of a resource id is wrong.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IdError {
    /// The number of segments is not that of a cluster id.
    #[error(
        "`{0}` must be a cluster id: /subscriptions/{{id}}/resourceGroups/{{group}}/providers/Microsoft.Kusto/clusters/{{name}}"
    )]
    NotACluster(String),
    /// The number of segments is not that of a configuration id.
    #[error(
        "`{0}` must be a configuration id: a cluster id followed by /attachedDatabaseConfigurations/{{name}}"
    )]
    NotAConfiguration(String),
    /// The text is neither a cluster id nor a scope above one.
    #[error(
        "`{0}` must be /subscriptions/{{id}}, /subscriptions/{{id}}/resourceGroups/{{group}}, or a cluster id"
    )]
    NotAScope(String),
    /// A fixed word of the id is missing or misspelt.
    #[error("`/{found}` must be `/{expected}`")]
    Word {
        /// The word that belongs there.
        expected: &'static str,
        /// What stands there.
        found: String,
    },
    /// The subscription is not an id.
    #[error("`/subscriptions/{0}` must be 1 to 64 letters, digits or hyphens")]
    Subscription(String),
    /// The resource group's name is not valid.
    #[error(
        "`/resourceGroups/{0}` must be 1 to 90 letters, digits, or the characters `-_.()`, and must not end with a period"
    )]
    ResourceGroup(String),
    /// The cluster's name is not valid.
    #[error(
        "`/clusters/{0}` must be 4 to 22 letters, digits or hyphens, and must start with a letter"
    )]
    ClusterName(String),
    /// The configuration's name is not valid.
    #[error(
        "`/attachedDatabaseConfigurations/{0}` must be 1 to 40 letters, digits, spaces, or the characters `._-`, must not be blank, and must not start with a period"
    )]
    ConfigurationName(String),
}

/// The ARM id of a Kusto cluster.
///
/// Two ids are equal when they differ in ASCII case alone, since ARM hands the same resource out in several casings
/// (arm-kusto.md §2.2). `Display` keeps the caller's case of the three variable parts.
#[derive(Debug, Clone)]
pub struct ClusterId {
    subscription: String,
    resource_group: String,
    name: String,
}

impl ClusterId {
    /// The subscription, in the caller's case.
    #[must_use]
    pub fn subscription(&self) -> &str {
        &self.subscription
    }

    /// The resource group, in the caller's case.
    #[must_use]
    pub fn resource_group(&self) -> &str {
        &self.resource_group
    }

    /// The cluster's name, in the caller's case.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The id of the configuration `name` on this cluster.
    ///
    /// # Errors
    /// [`IdError::ConfigurationName`] when ARM would not take the name.
    pub fn configuration(&self, name: &str) -> Result<ConfigurationId, IdError> {
        if !is_configuration_name(name) {
            return Err(IdError::ConfigurationName(name.to_owned()));
        }
        Ok(ConfigurationId {
            cluster: self.clone(),
            name: name.to_owned(),
        })
    }

    fn from_segments(segments: &[&str; 8]) -> Result<Self, IdError> {
        let [
            subscriptions,
            subscription,
            groups,
            group,
            providers,
            namespace,
            kind,
            name,
        ] = *segments;
        word("subscriptions", subscriptions)?;
        if !is_subscription(subscription) {
            return Err(IdError::Subscription(subscription.to_owned()));
        }
        word("resourceGroups", groups)?;
        if !is_resource_group(group) {
            return Err(IdError::ResourceGroup(group.to_owned()));
        }
        word("providers", providers)?;
        word("Microsoft.Kusto", namespace)?;
        word("clusters", kind)?;
        if !is_cluster_name(name) {
            return Err(IdError::ClusterName(name.to_owned()));
        }
        Ok(Self {
            subscription: subscription.to_owned(),
            resource_group: group.to_owned(),
            name: name.to_owned(),
        })
    }

    fn folded(&self) -> impl Iterator<Item = u8> {
        fold([&self.subscription, &self.resource_group, &self.name])
    }
}

impl FromStr for ClusterId {
    type Err = IdError;

    fn from_str(raw: &str) -> Result<Self, IdError> {
        let parts: Vec<&str> = raw.split('/').collect();
        match parts.as_slice() {
            ["", segments @ ..] => <&[&str; 8]>::try_from(segments).ok(),
            _ => None,
        }
        .ok_or_else(|| IdError::NotACluster(raw.to_owned()))
        .and_then(Self::from_segments)
    }
}

impl fmt::Display for ClusterId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "/subscriptions/{}/resourceGroups/{}/providers/Microsoft.Kusto/clusters/{}",
            self.subscription, self.resource_group, self.name
        )
    }
}

impl PartialEq for ClusterId {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for ClusterId {}

impl PartialOrd for ClusterId {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for ClusterId {
    fn cmp(&self, other: &Self) -> Ordering {
        self.folded().cmp(other.folded())
    }
}

impl Hash for ClusterId {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.folded().for_each(|byte| state.write_u8(byte));
    }
}

/// The ARM id of an attached database configuration on a follower cluster. Compared like [`ClusterId`].
#[derive(Debug, Clone)]
pub struct ConfigurationId {
    cluster: ClusterId,
    name: String,
}

impl ConfigurationId {
    /// The follower cluster that holds the configuration.
    #[must_use]
    pub fn cluster(&self) -> &ClusterId {
        &self.cluster
    }

    /// The configuration's own name, without the cluster's, in the caller's case.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    fn folded(&self) -> impl Iterator<Item = u8> {
        self.cluster.folded().chain(fold([&self.name]))
    }
}

impl FromStr for ConfigurationId {
    type Err = IdError;

    fn from_str(raw: &str) -> Result<Self, IdError> {
        let parts: Vec<&str> = raw.split('/').collect();
        let ["", segments @ .., kind, name] = parts.as_slice() else {
            return Err(IdError::NotAConfiguration(raw.to_owned()));
        };
        let segments = <&[&str; 8]>::try_from(segments)
            .map_err(|_| IdError::NotAConfiguration(raw.to_owned()))?;
        let cluster = ClusterId::from_segments(segments)?;
        word("attachedDatabaseConfigurations", kind)?;
        cluster.configuration(name)
    }
}

impl fmt::Display for ConfigurationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}/attachedDatabaseConfigurations/{}",
            self.cluster, self.name
        )
    }
}

impl PartialEq for ConfigurationId {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for ConfigurationId {}

impl PartialOrd for ConfigurationId {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for ConfigurationId {
    fn cmp(&self, other: &Self) -> Ordering {
        self.folded().cmp(other.folded())
    }
}

impl Hash for ConfigurationId {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.folded().for_each(|byte| state.write_u8(byte));
    }
}

/// Whether two region names mean the same region: `West Europe` and `westeurope` do.
#[must_use]
pub fn same_region(a: &str, b: &str) -> bool {
    let plain = |region: &str| -> Vec<u8> {
        region
            .bytes()
            .filter(|byte| *byte != b' ')
            .map(|byte| byte.to_ascii_lowercase())
            .collect()
    };
    plain(a) == plain(b)
}

/// Each part in lower case, ended by a slash, which no part can hold: `ab`+`c` and `a`+`bc` stay apart.
fn fold<const N: usize>(parts: [&str; N]) -> impl Iterator<Item = u8> + use<'_, N> {
    parts.into_iter().flat_map(|part| {
        part.bytes()
            .map(|byte| byte.to_ascii_lowercase())
            .chain([b'/'])
    })
}

pub(super) fn word(expected: &'static str, found: &str) -> Result<(), IdError> {
    if found.eq_ignore_ascii_case(expected) {
        Ok(())
    } else {
        Err(IdError::Word {
            expected,
            found: found.to_owned(),
        })
    }
}

pub(super) fn is_subscription(value: &str) -> bool {
    (1..=SUBSCRIPTION_MAX).contains(&value.len())
        && value
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

pub(super) fn is_resource_group(value: &str) -> bool {
    (1..=RESOURCE_GROUP_MAX).contains(&value.chars().count())
        && value
            .chars()
            .all(|c| c.is_alphanumeric() || "-_.()".contains(c))
        && !value.ends_with('.')
}

fn is_cluster_name(value: &str) -> bool {
    CLUSTER_NAME.contains(&value.len())
        && value.starts_with(|c: char| c.is_ascii_alphabetic())
        && value
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

fn is_configuration_name(value: &str) -> bool {
    (1..=CONFIGURATION_NAME_MAX).contains(&value.len())
        && value
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b" ._-".contains(&byte))
        && value.bytes().any(|byte| byte != b' ')
        && !value.starts_with('.')
}

#[cfg(test)]
mod tests;
