//! The kinds that the server knows, and how their paths are read. Pure.

/// One kind.
#[derive(Debug, PartialEq, Eq)]
pub struct Served {
    prefix: &'static str,
    pub plural: &'static str,
    pub kind: &'static str,
    pub api_version: &'static str,
    namespaced: bool,
}

pub type Resource = &'static Served;

pub const ATTACHED_DATABASES: Resource = &Served {
    prefix: "/apis/adx-follower.dev/v1alpha1",
    plural: "attacheddatabases",
    kind: "AttachedDatabase",
    api_version: "adx-follower.dev/v1alpha1",
    namespaced: true,
};

pub const CRDS: Resource = &Served {
    prefix: "/apis/apiextensions.k8s.io/v1",
    plural: "customresourcedefinitions",
    kind: "CustomResourceDefinition",
    api_version: "apiextensions.k8s.io/v1",
    namespaced: false,
};

pub const EVENTS: Resource = &Served {
    prefix: "/apis/events.k8s.io/v1",
    plural: "events",
    kind: "Event",
    api_version: "events.k8s.io/v1",
    namespaced: true,
};

const ALL: [Resource; 3] = [ATTACHED_DATABASES, CRDS, EVENTS];

/// What a path names.
#[derive(Debug, PartialEq, Eq)]
pub struct Target {
    pub resource: Resource,
    /// Empty: cluster-scoped, or all namespaces.
    pub namespace: String,
    /// Empty: the collection.
    pub name: String,
    pub status: bool,
}

/// Reads `{prefix}[/namespaces/{namespace}]/{plural}[/{name}[/status]]`.
pub fn target(path: &str) -> Option<Target> {
    ALL.into_iter().find_map(|resource| {
        let rest = path.strip_prefix(resource.prefix)?.strip_prefix('/')?;
        let mut segments: Vec<&str> = rest.split('/').collect();
        let mut namespace = "";
        if resource.namespaced && segments.first() == Some(&"namespaces") {
            namespace = segments.get(1)?;
            segments.drain(..2);
        }
        let (name, status) = match segments.as_slice() {
            [plural] if *plural == resource.plural => ("", false),
            [plural, name] if *plural == resource.plural => (*name, false),
            [plural, name, "status"] if *plural == resource.plural => (*name, true),
            _ => return None,
        };
        if !name.is_empty() && resource.namespaced == namespace.is_empty() {
            return None;
        }
        Some(Target {
            resource,
            namespace: namespace.to_owned(),
            name: name.to_owned(),
            status,
        })
    })
}
