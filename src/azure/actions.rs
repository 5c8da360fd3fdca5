//! Pure. The actions of Azure's access control that the operator asks for, each with the place where it needs them: the
//! source of the roles in `deploy/azure/` and of the table in `docs/security.md`.
//!
//! Names are spelled as Azure's permissions reference spells them (arm-kusto.md §10).

/// The name of the role that holds all of them.
pub const ROLE: &str = "ADX Follower Operator";

/// What reading the state of an operation takes.
pub const POLL: &str = "Microsoft.Kusto/locations/operationresults/read";

/// An action, and where it is needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Action {
    /// The action, as in a role definition.
    pub name: &'static str,
    /// On what.
    pub place: Place,
    /// Without which feature it may be left out.
    pub needed: Needed,
    /// How sure it is that Azure asks for this one.
    pub source: Source,
    /// What the operator does with it.
    pub purpose: &'static str,
}

/// What an action is needed on. A role that is assigned above it, on a resource group or a subscription, covers it too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Place {
    /// Each follower cluster.
    Follower,
    /// Each leader cluster.
    Leader,
    /// The resource group of each follower, and of each leader from whose side something is detached. Operations lie
    /// beside a cluster: a role on the cluster alone starts one and can't follow it (faults.md §2).
    ResourceGroup,
}

/// When an action is needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Needed {
    /// Without it nothing works.
    Always,
    /// All else works without it.
    For(Feature),
}

/// What may be done without.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Feature {
    /// Attaching, changing and repairing.
    Attach,
    /// Detaching on deletion.
    Detach,
    /// `adx-follower followers`, and deletions while the follower is stopped or refuses.
    LeaderSide,
    /// Errors of operations in the words of Azure, and knowing at once when they end.
    Operations,
}

/// How sure it is that Azure asks for an action.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Source {
    /// Azure's permissions reference lists the action for this purpose.
    Documented,
    /// Azure's documentation does not say what is checked: this is the closest action that it lists.
    Unconfirmed,
}

impl Place {
    /// Every place.
    pub const ALL: [Self; 3] = [Self::Follower, Self::Leader, Self::ResourceGroup];

    /// A word for people.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Follower => "follower",
            Self::Leader => "leader",
            Self::ResourceGroup => "resource group",
        }
    }
}

impl Feature {
    /// A few words for people.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Attach => "attach, change, repair",
            Self::Detach => "detach",
            Self::LeaderSide => "the leader's side",
            Self::Operations => "following operations",
        }
    }
}

/// Everything that is asked for: no more, no less.
pub const ACTIONS: [Action; 11] = [
    Action {
        name: "Microsoft.Kusto/Clusters/read",
        place: Place::Follower,
        needed: Needed::Always,
        source: Source::Documented,
        purpose: "its state and region",
    },
    Action {
        name: "Microsoft.Kusto/Clusters/AttachedDatabaseConfigurations/read",
        place: Place::Follower,
        needed: Needed::Always,
        source: Source::Documented,
        purpose: "comparing what is attached with what is declared; `import`",
    },
    Action {
        name: "Microsoft.Kusto/Clusters/Databases/read",
        place: Place::Follower,
        needed: Needed::Always,
        source: Source::Documented,
        purpose: "whether databases are shown, and names are free",
    },
    Action {
        name: "Microsoft.Kusto/Clusters/read",
        place: Place::Leader,
        needed: Needed::Always,
        source: Source::Documented,
        purpose: "its state and region",
    },
    Action {
        name: "Microsoft.Kusto/Clusters/Databases/read",
        place: Place::Leader,
        needed: Needed::Always,
        source: Source::Documented,
        purpose: "whether the database exists; which there are for `*`",
    },
    Action {
        name: "Microsoft.Kusto/Clusters/AttachedDatabaseConfigurations/write",
        place: Place::Follower,
        needed: Needed::For(Feature::Attach),
        source: Source::Documented,
        purpose: "attaching, changing, repairing",
    },
    // Microsoft's how-to asks for Contributor on both clusters and no action named "follow" exists (arm-kusto.md §10).
    Action {
        name: "Microsoft.Kusto/Clusters/write",
        place: Place::Leader,
        needed: Needed::For(Feature::Attach),
        source: Source::Unconfirmed,
        purpose: "attaching, changing, repairing: Azure checks a right on the leader too",
    },
    Action {
        name: "Microsoft.Kusto/Clusters/AttachedDatabaseConfigurations/delete",
        place: Place::Follower,
        needed: Needed::For(Feature::Detach),
        source: Source::Documented,
        purpose: "detaching",
    },
    Action {
        name: "Microsoft.Kusto/Clusters/ListFollowerDatabases/action",
        place: Place::Leader,
        needed: Needed::For(Feature::LeaderSide),
        source: Source::Documented,
        purpose: "who follows it",
    },
    Action {
        name: "Microsoft.Kusto/Clusters/DetachFollowerDatabases/action",
        place: Place::Leader,
        needed: Needed::For(Feature::LeaderSide),
        source: Source::Documented,
        purpose: "detaching where the follower is stopped or refuses",
    },
    Action {
        name: POLL,
        place: Place::ResourceGroup,
        needed: Needed::For(Feature::Operations),
        source: Source::Documented,
        purpose: "how an operation goes, and why it failed",
    },
];
