//! Pure. Scopes of Azure that hold Kusto clusters: a subscription, a resource group, or one cluster.

use std::{fmt, str::FromStr};

use super::id::{ClusterId, IdError, is_resource_group, is_subscription, word};

/// A cluster, or what clusters lie in.
///
/// Compared as ARM compares: segment by segment and without regard to ASCII case (arm-kusto.md §2.2), never by the
/// beginning of a text, so that `rg` says nothing about `rg1`. `Display` keeps the caller's case of the variable parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scope {
    /// Every cluster of a subscription.
    Subscription(Segment),
    /// Every cluster of a resource group.
    ResourceGroup {
        /// The subscription.
        subscription: Segment,
        /// The group's name.
        name: Segment,
    },
    /// One cluster.
    Cluster(ClusterId),
}

/// One name in a scope, in the caller's case. Equal to its other casings.
#[derive(Debug, Clone)]
pub struct Segment(String);

impl PartialEq for Segment {
    fn eq(&self, other: &Self) -> bool {
        self.is(&other.0)
    }
}

impl Eq for Segment {}

impl Segment {
    fn is(&self, other: &str) -> bool {
        self.0.eq_ignore_ascii_case(other)
    }
}

impl Scope {
    /// Whether `cluster` is it or lies in it.
    #[must_use]
    pub fn covers(&self, cluster: &ClusterId) -> bool {
        match self {
            Self::Subscription(subscription) => subscription.is(cluster.subscription()),
            Self::ResourceGroup { subscription, name } => {
                subscription.is(cluster.subscription()) && name.is(cluster.resource_group())
            }
            Self::Cluster(one) => one == cluster,
        }
    }

    /// Whether every cluster that `other` covers is covered by this scope too, present and future.
    #[must_use]
    pub fn encloses(&self, other: &Self) -> bool {
        match (self, other) {
            (_, Self::Cluster(cluster)) => self.covers(cluster),
            (
                Self::Subscription(own),
                Self::Subscription(subscription) | Self::ResourceGroup { subscription, .. },
            ) => own == subscription,
            (Self::ResourceGroup { .. }, Self::ResourceGroup { .. }) => self == other,
            (Self::ResourceGroup { .. } | Self::Cluster(_), Self::Subscription(_))
            | (Self::Cluster(_), Self::ResourceGroup { .. }) => false,
        }
    }
}

impl FromStr for Scope {
    type Err = IdError;

    fn from_str(raw: &str) -> Result<Self, IdError> {
        let segments: Vec<&str> = raw.split('/').collect();
        match *segments.as_slice() {
            ["", subscriptions, subscription] => {
                word("subscriptions", subscriptions)?;
                Ok(Self::Subscription(checked_subscription(subscription)?))
            }
            ["", subscriptions, subscription, groups, name] => {
                word("subscriptions", subscriptions)?;
                let subscription = checked_subscription(subscription)?;
                word("resourceGroups", groups)?;
                if !is_resource_group(name) {
                    return Err(IdError::ResourceGroup(name.to_owned()));
                }
                Ok(Self::ResourceGroup {
                    subscription,
                    name: Segment(name.to_owned()),
                })
            }
            ["", _, _, _, _, _, _, _, _] => raw.parse().map(Self::Cluster),
            _ => Err(IdError::NotAScope(raw.to_owned())),
        }
    }
}

fn checked_subscription(name: &str) -> Result<Segment, IdError> {
    if is_subscription(name) {
        Ok(Segment(name.to_owned()))
    } else {
        Err(IdError::Subscription(name.to_owned()))
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Subscription(subscription) => write!(f, "/subscriptions/{}", subscription.0),
            Self::ResourceGroup { subscription, name } => write!(
                f,
                "/subscriptions/{}/resourceGroups/{}",
                subscription.0, name.0
            ),
            Self::Cluster(cluster) => cluster.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests;
