//! The kinds that the server knows, and how their paths are read. Pure.

/// A kind, by which tests name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    AttachedDatabase,
    AttachmentPolicy,
    CustomResourceDefinition,
    Event,
    Namespace,
    ServiceAccount,
}

impl Kind {
    /// How it is served.
    pub const fn served(self) -> Resource {
        match self {
            Self::AttachedDatabase => ATTACHED_DATABASES,
            Self::AttachmentPolicy => ATTACHMENT_POLICIES,
            Self::CustomResourceDefinition => CRDS,
            Self::Event => EVENTS,
            Self::Namespace => NAMESPACES,
            Self::ServiceAccount => SERVICE_ACCOUNTS,
        }
    }

    /// Whether its objects count their generations.
    pub const fn counts_generations(self) -> bool {
        match self {
            Self::AttachedDatabase
            | Self::AttachmentPolicy
            | Self::CustomResourceDefinition
            | Self::Event => true,
            Self::Namespace | Self::ServiceAccount => false,
        }
    }

    /// Whether it is served only while a CRD says so.
    pub const fn needs_crd(self) -> bool {
        match self {
            Self::AttachedDatabase | Self::AttachmentPolicy => true,
            Self::CustomResourceDefinition
            | Self::Event
            | Self::Namespace
            | Self::ServiceAccount => false,
        }
    }

    /// Whether the items of its lists come without `apiVersion` and `kind`, as those of the core group do.
    pub const fn lists_untyped_items(self) -> bool {
        match self {
            Self::Namespace | Self::ServiceAccount => true,
            Self::AttachedDatabase
            | Self::AttachmentPolicy
            | Self::CustomResourceDefinition
            | Self::Event => false,
        }
    }

    const fn has(self, subresource: Subresource) -> bool {
        match (self, subresource) {
            (
                Self::AttachedDatabase
                | Self::CustomResourceDefinition
                | Self::Event
                | Self::Namespace,
                Subresource::Status,
            )
            | (Self::ServiceAccount, Subresource::Token) => true,
            (Self::AttachmentPolicy | Self::ServiceAccount, Subresource::Status)
            | (
                Self::AttachedDatabase
                | Self::AttachmentPolicy
                | Self::CustomResourceDefinition
                | Self::Event
                | Self::Namespace,
                Subresource::Token,
            ) => false,
        }
    }
}

/// One kind, as it is served.
#[derive(Debug, PartialEq, Eq)]
pub struct Served {
    pub kind: Kind,
    prefix: &'static str,
    pub plural: &'static str,
    pub name: &'static str,
    pub api_version: &'static str,
    namespaced: bool,
}

pub type Resource = &'static Served;

pub const ATTACHED_DATABASES: Resource = &Served {
    kind: Kind::AttachedDatabase,
    prefix: "/apis/adx-follower.dev/v1alpha1",
    plural: "attacheddatabases",
    name: "AttachedDatabase",
    api_version: "adx-follower.dev/v1alpha1",
    namespaced: true,
};

pub const ATTACHMENT_POLICIES: Resource = &Served {
    kind: Kind::AttachmentPolicy,
    prefix: "/apis/adx-follower.dev/v1alpha1",
    plural: "attachmentpolicies",
    name: "AttachmentPolicy",
    api_version: "adx-follower.dev/v1alpha1",
    namespaced: false,
};

pub const CRDS: Resource = &Served {
    kind: Kind::CustomResourceDefinition,
    prefix: "/apis/apiextensions.k8s.io/v1",
    plural: "customresourcedefinitions",
    name: "CustomResourceDefinition",
    api_version: "apiextensions.k8s.io/v1",
    namespaced: false,
};

pub const EVENTS: Resource = &Served {
    kind: Kind::Event,
    prefix: "/apis/events.k8s.io/v1",
    plural: "events",
    name: "Event",
    api_version: "events.k8s.io/v1",
    namespaced: true,
};

pub const NAMESPACES: Resource = &Served {
    kind: Kind::Namespace,
    prefix: "/api/v1",
    plural: "namespaces",
    name: "Namespace",
    api_version: "v1",
    namespaced: false,
};

pub const SERVICE_ACCOUNTS: Resource = &Served {
    kind: Kind::ServiceAccount,
    prefix: "/api/v1",
    plural: "serviceaccounts",
    name: "ServiceAccount",
    api_version: "v1",
    namespaced: true,
};

const ALL: [Resource; 6] = [
    ATTACHED_DATABASES,
    ATTACHMENT_POLICIES,
    CRDS,
    EVENTS,
    NAMESPACES,
    SERVICE_ACCOUNTS,
];

/// What a path may name below an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subresource {
    Status,
    /// Where tokens of a `ServiceAccount` are asked for.
    Token,
}

/// What a path names.
#[derive(Debug, PartialEq, Eq)]
pub struct Target {
    pub resource: Resource,
    /// Empty: cluster-scoped, or all namespaces.
    pub namespace: String,
    /// Empty: the collection.
    pub name: String,
    pub subresource: Option<Subresource>,
}

/// Reads `{prefix}[/namespaces/{namespace}]/{plural}[/{name}[/{subresource}]]`.
pub fn target(path: &str) -> Option<Target> {
    ALL.into_iter().find_map(|resource| {
        let rest = path.strip_prefix(resource.prefix)?.strip_prefix('/')?;
        let mut segments: Vec<&str> = rest.split('/').collect();
        let mut namespace = "";
        if resource.namespaced && segments.first() == Some(&"namespaces") {
            namespace = segments.get(1)?;
            segments.drain(..2);
        }
        let (name, subresource) = match segments.as_slice() {
            [plural] if *plural == resource.plural => ("", None),
            [plural, name] if *plural == resource.plural => (*name, None),
            [plural, name, "status"] if *plural == resource.plural => {
                (*name, Some(Subresource::Status))
            }
            [plural, name, "token"] if *plural == resource.plural => {
                (*name, Some(Subresource::Token))
            }
            _ => return None,
        };
        if !name.is_empty() && resource.namespaced == namespace.is_empty() {
            return None;
        }
        if subresource.is_some_and(|subresource| !resource.kind.has(subresource)) {
            return None;
        }
        Some(Target {
            resource,
            namespace: namespace.to_owned(),
            name: name.to_owned(),
            subresource,
        })
    })
}
