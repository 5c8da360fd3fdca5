//! The ARM paths that are served, what each method needs permission for, and the supported api-versions. Pure.

use http::Method;

use crate::arm_id::ClusterId;

/// Stable versions since followers exist (arm-kusto.md §1).
pub(super) const API_VERSIONS: [&str; 15] = [
    "2019-09-07",
    "2019-11-09",
    "2020-02-15",
    "2020-06-14",
    "2020-09-18",
    "2021-01-01",
    "2021-08-27",
    "2022-02-01",
    "2022-07-07",
    "2022-11-11",
    "2022-12-29",
    "2023-05-02",
    "2023-08-15",
    "2024-04-13",
    "2025-02-14",
];

/// Where a call goes. Names keep the caller's case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Route {
    ClustersOfSubscription {
        subscription: String,
    },
    ClustersOfGroup {
        subscription: String,
        group: String,
    },
    Cluster(ClusterId),
    Start(ClusterId),
    Stop(ClusterId),
    Configurations(ClusterId),
    Configuration(ClusterId, String),
    NameCheck(ClusterId),
    Databases(ClusterId),
    Database(ClusterId, String),
    ListFollowers(ClusterId),
    DetachFollowers(ClusterId),
    OperationResult {
        subscription: String,
        location: String,
        id: String,
    },
}

/// The action and scope that a caller needs; `None` when the route decides by itself.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Needed {
    pub(super) action: String,
    pub(super) scope: String,
}

impl Route {
    pub(super) fn parse(segments: &[String]) -> Option<Self> {
        let lower: Vec<String> = segments
            .iter()
            .map(|segment| segment.to_lowercase())
            .collect();
        let fixed: Vec<&str> = lower.iter().map(String::as_str).collect();
        let given = |at: usize| segments.get(at).cloned().unwrap_or_default();
        match fixed.as_slice() {
            [
                "subscriptions",
                _,
                "providers",
                "microsoft.kusto",
                "clusters",
            ] => Some(Self::ClustersOfSubscription {
                subscription: given(1),
            }),
            [
                "subscriptions",
                _,
                "providers",
                "microsoft.kusto",
                "locations",
                _,
                "operationresults",
                _,
            ] => Some(Self::OperationResult {
                subscription: given(1),
                location: given(5),
                id: given(7),
            }),
            [
                "subscriptions",
                _,
                "resourcegroups",
                _,
                "providers",
                "microsoft.kusto",
                "clusters",
            ] => Some(Self::ClustersOfGroup {
                subscription: given(1),
                group: given(3),
            }),
            [
                "subscriptions",
                _,
                "resourcegroups",
                _,
                "providers",
                "microsoft.kusto",
                "clusters",
                _,
                rest @ ..,
            ] => {
                let cluster = ClusterId {
                    subscription: given(1),
                    resource_group: given(3),
                    name: given(7),
                };
                Self::below(cluster, rest, given(9))
            }
            _ => None,
        }
    }

    fn below(cluster: ClusterId, rest: &[&str], name: String) -> Option<Self> {
        match rest {
            [] => Some(Self::Cluster(cluster)),
            ["start"] => Some(Self::Start(cluster)),
            ["stop"] => Some(Self::Stop(cluster)),
            ["attacheddatabaseconfigurations"] => Some(Self::Configurations(cluster)),
            ["attacheddatabaseconfigurations", _] => Some(Self::Configuration(cluster, name)),
            ["attacheddatabaseconfigurationchecknameavailability"] => {
                Some(Self::NameCheck(cluster))
            }
            ["databases"] => Some(Self::Databases(cluster)),
            ["databases", _] => Some(Self::Database(cluster, name)),
            ["listfollowerdatabases"] => Some(Self::ListFollowers(cluster)),
            ["detachfollowerdatabases"] => Some(Self::DetachFollowers(cluster)),
            _ => None,
        }
    }

    pub(super) fn subscription(&self) -> &str {
        match self {
            Self::ClustersOfSubscription { subscription }
            | Self::ClustersOfGroup { subscription, .. }
            | Self::OperationResult { subscription, .. } => subscription,
            Self::Cluster(cluster)
            | Self::Start(cluster)
            | Self::Stop(cluster)
            | Self::Configurations(cluster)
            | Self::Configuration(cluster, _)
            | Self::NameCheck(cluster)
            | Self::Databases(cluster)
            | Self::Database(cluster, _)
            | Self::ListFollowers(cluster)
            | Self::DetachFollowers(cluster) => &cluster.subscription,
        }
    }

    pub(super) fn methods(&self) -> &'static [Method] {
        match self {
            Self::ClustersOfSubscription { .. }
            | Self::ClustersOfGroup { .. }
            | Self::Configurations(_)
            | Self::Databases(_)
            | Self::OperationResult { .. } => &[Method::GET],
            Self::Cluster(_) => &[Method::GET, Method::DELETE],
            Self::Configuration(_, _) => &[Method::GET, Method::PUT, Method::DELETE],
            Self::Database(_, _) => &[Method::GET, Method::PUT, Method::PATCH, Method::DELETE],
            Self::ListFollowers(_) => &[Method::GET, Method::POST],
            Self::Start(_) | Self::Stop(_) | Self::NameCheck(_) | Self::DetachFollowers(_) => {
                &[Method::POST]
            }
        }
    }

    /// The permission a call needs (arm-kusto.md §10). Polls are checked against the operation's own group.
    pub(super) fn needs(&self, method: &Method) -> Option<Needed> {
        let verb = match method.as_str() {
            "GET" => "read",
            "DELETE" => "delete",
            _ => "write",
        };
        let (action, scope) = match self {
            Self::OperationResult { .. } => return None,
            Self::ClustersOfSubscription { subscription } => {
                ("read".to_owned(), format!("/subscriptions/{subscription}"))
            }
            Self::ClustersOfGroup {
                subscription,
                group,
            } => (
                "read".to_owned(),
                format!("/subscriptions/{subscription}/resourceGroups/{group}"),
            ),
            Self::Cluster(cluster) => (verb.to_owned(), cluster.to_string()),
            Self::Start(cluster) => ("Start/action".to_owned(), cluster.to_string()),
            Self::Stop(cluster) => ("Stop/action".to_owned(), cluster.to_string()),
            Self::Configurations(cluster) => (
                format!("AttachedDatabaseConfigurations/{verb}"),
                cluster.to_string(),
            ),
            Self::Configuration(cluster, name) => (
                format!("AttachedDatabaseConfigurations/{verb}"),
                format!("{cluster}/attachedDatabaseConfigurations/{name}"),
            ),
            // Which action guards the name check of configurations is unconfirmed; this is the one that is listed.
            Self::NameCheck(cluster) => (
                "Databases/CheckNameAvailability/action".to_owned(),
                cluster.to_string(),
            ),
            Self::Databases(cluster) => (format!("Databases/{verb}"), cluster.to_string()),
            Self::Database(cluster, name) => (
                format!("Databases/{verb}"),
                format!("{cluster}/databases/{name}"),
            ),
            Self::ListFollowers(cluster) => (
                "ListFollowerDatabases/action".to_owned(),
                cluster.to_string(),
            ),
            Self::DetachFollowers(cluster) => (
                "DetachFollowerDatabases/action".to_owned(),
                cluster.to_string(),
            ),
        };
        Some(Needed {
            action: format!("Microsoft.Kusto/Clusters/{action}"),
            scope,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(path: &str) -> Option<Route> {
        Route::parse(
            &path
                .trim_matches('/')
                .split('/')
                .map(str::to_owned)
                .collect::<Vec<_>>(),
        )
    }

    #[test]
    fn paths_have_any_case_and_names_keep_theirs() {
        let cluster = ClusterId {
            subscription: "S".to_owned(),
            resource_group: "Rg".to_owned(),
            name: "F1".to_owned(),
        };
        let base = "/SUBSCRIPTIONS/S/resourcegroups/Rg/providers/microsoft.kusto/Clusters/F1";
        for (tail, expected) in [
            ("", Some(Route::Cluster(cluster.clone()))),
            (
                "/AttachedDatabaseConfigurations/Sales X",
                Some(Route::Configuration(cluster.clone(), "Sales X".to_owned())),
            ),
            ("/databases", Some(Route::Databases(cluster.clone()))),
            (
                "/listFollowerDatabases",
                Some(Route::ListFollowers(cluster.clone())),
            ),
            ("/scripts", None),
            ("/databases/a/scripts", None),
        ] {
            assert_eq!(parse(&format!("{base}{tail}")), expected, "{tail}");
        }
        assert_eq!(parse("/subscriptions/S"), None);
    }

    #[test]
    fn every_write_needs_its_own_action() {
        let route = parse("/subscriptions/s/resourceGroups/g/providers/Microsoft.Kusto/clusters/f/attachedDatabaseConfigurations/a").unwrap();
        for (method, verb) in [
            (Method::GET, "read"),
            (Method::PUT, "write"),
            (Method::DELETE, "delete"),
        ] {
            let needed = route.needs(&method).unwrap();
            assert_eq!(
                needed.action,
                format!("Microsoft.Kusto/Clusters/AttachedDatabaseConfigurations/{verb}")
            );
            assert!(
                needed
                    .scope
                    .ends_with("/clusters/f/attachedDatabaseConfigurations/a")
            );
        }
    }
}
