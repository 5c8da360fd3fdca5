//! The CEL rules of the resources, each with a message that says what to do. Pure.
//!
//! Names are checked here and not by a schema `pattern`, because a pattern's error shows the expression instead of advice.
//! Expressions stay within what cel-go and the in-process evaluator share, and avoid `(?i)`: it folds the Kelvin sign
//! into `k`. Every string they read is bounded, which keeps the API server's cost estimate small.

use kube::core::Rule;

pub mod policy;

/// Entries that ARM accepts in the eight sharing lists together (follower-databases.md, "Table level sharing").
pub const MAX_SHARING_ENTRIES: usize = 100;

/// The beginning of an id: a subscription's GUID. Like the other two parts in lower case (arm-kusto.md §12). A segment can
/// be neither `.` nor `..`, so that an id is a path that means itself.
const SUBSCRIPTION: &str = "/subscriptions/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}";

/// A resource group: 1 to 90 characters, no dot at the end.
const RESOURCE_GROUP: &str = "/resourcegroups/[a-z0-9._()-]{0,89}[a-z0-9_()-]";

/// A cluster: 4 to 22 characters, a letter first.
const CLUSTER: &str = "/providers/microsoft[.]kusto/clusters/[a-z][a-z0-9-]{3,21}";

/// Characters of a database name (arm-kusto.md §12), with at least one that is neither dot nor space.
const DATABASE_NAME: &str = "^[A-Za-z0-9 ._-]*[A-Za-z0-9_-][A-Za-z0-9 ._-]*$";

/// Sum of the sizes of the lists under `$`, absent lists counting nothing.
const SHARING_SIZE: &str = "(has($.tablesToInclude) ? size($.tablesToInclude) : 0) + \
     (has($.tablesToExclude) ? size($.tablesToExclude) : 0) + \
     (has($.externalTablesToInclude) ? size($.externalTablesToInclude) : 0) + \
     (has($.externalTablesToExclude) ? size($.externalTablesToExclude) : 0) + \
     (has($.materializedViewsToInclude) ? size($.materializedViewsToInclude) : 0) + \
     (has($.materializedViewsToExclude) ? size($.materializedViewsToExclude) : 0) + \
     (has($.functionsToInclude) ? size($.functionsToInclude) : 0) + \
     (has($.functionsToExclude) ? size($.functionsToExclude) : 0)";

fn sharing_size(of: &str) -> String {
    SHARING_SIZE.replace('$', of)
}

/// A cluster's ARM resource ID at `field`; the fixed words in any case.
#[must_use]
pub fn cluster_id(field: &str) -> Rule {
    Rule::new(format!(
        "self.lowerAscii().matches('^{SUBSCRIPTION}{RESOURCE_GROUP}{CLUSTER}$')"
    ))
    .message(
        format!(
            "`{field}` must be the resource ID of an Azure Data Explorer cluster, \
             /subscriptions/GUID/resourceGroups/GROUP/providers/Microsoft.Kusto/clusters/NAME, \
             as `az kusto cluster show --query id` prints it"
        )
        .as_str(),
    )
}

/// A required string at `field` that may change in case only: ARM compares ids and names without it.
#[must_use]
pub fn immutable(field: &str) -> Rule {
    Rule::new("self.lowerAscii() == oldSelf.lowerAscii()").message(
        format!(
            "`{field}` must not change, because Azure cannot move an attachment; \
             delete this AttachedDatabase and create another"
        )
        .as_str(),
    )
}

/// The leader's database: `*` or a name.
#[must_use]
pub fn leader_database_name() -> Rule {
    Rule::new(format!("self == '*' || self.matches('{DATABASE_NAME}')")).message(
        "`leader.databaseName` must be \"*\" (all databases) or the name of one database: \
         1 to 260 letters, digits, spaces, dots, underscores or dashes",
    )
}

/// The name on the follower.
#[must_use]
pub fn database_name_override() -> Rule {
    Rule::new(format!("self.matches('{DATABASE_NAME}')")).message(
        "`databaseNameOverride` must be 1 to 260 letters, digits, spaces, dots, underscores or dashes; \
         leave it out to keep the leader's name",
    )
}

/// The prefix of names on the follower.
#[must_use]
pub fn database_name_prefix() -> Rule {
    Rule::new("self.matches('^[A-Za-z0-9 ._-]+$')").message(
        "`databaseNamePrefix` must be 1 to 259 letters, digits, spaces, dots, underscores or dashes; \
         leave it out to keep the leader's names",
    )
}

/// The prefix and the shortest database name that it can precede make a database name.
#[must_use]
pub fn prefixed_name_fits() -> Rule {
    Rule::new(
        "!has(self.databaseNamePrefix) || \
         size(self.databaseNamePrefix) + size(self.leader.databaseName) <= 260",
    )
    .message(
        "`databaseNamePrefix` and `leader.databaseName` must have at most 260 characters together; \
         shorten the prefix or use `databaseNameOverride`",
    )
    .field_path(".databaseNamePrefix")
}

/// The configuration's name: a path segment that is never `.` or `..`. 40 characters as the Terraform provider has it,
/// with the underscore that Microsoft's "any string" allows (arm-kusto.md §12).
#[must_use]
pub fn configuration_name() -> Rule {
    Rule::new("self.matches('^[A-Za-z0-9_-]([A-Za-z0-9 ._-]*[A-Za-z0-9._-])?$')").message(
        "`configurationName` must be 1 to 40 letters, digits, spaces, dots, underscores or dashes, \
         must not start with a dot or a space, and must not end with a space",
    )
}

/// The object's name where it serves as the configuration's.
#[must_use]
pub fn default_configuration_name() -> Rule {
    Rule::new("has(self.spec.configurationName) || size(self.metadata.name) <= 40").message(
        "`metadata.name` must have at most 40 characters where it names the configuration in Azure; \
         shorten it or set `spec.configurationName`",
    )
}

/// The effective configuration name never changes. It stands at the root, where the default is visible, so that the
/// default may be written out but neither added nor removed as another name.
#[must_use]
pub fn configuration_name_kept() -> Rule {
    let effective = |object: &str| {
        format!(
            "(has({object}.spec.configurationName) ? {object}.spec.configurationName : {object}.metadata.name)\
             .lowerAscii()"
        )
    };
    Rule::new(format!("{} == {}", effective("self"), effective("oldSelf")))
        .message(
            "`configurationName` must not change, be added or be removed (absent, it is `metadata.name`), \
             because Azure cannot rename a configuration; delete this AttachedDatabase and create another",
        )
        .field_path(".spec.configurationName")
}

/// A cluster cannot follow itself.
#[must_use]
pub fn two_clusters() -> Rule {
    Rule::new("self.follower.clusterResourceId.lowerAscii() != self.leader.clusterResourceId.lowerAscii()")
        .message(
            "`leader.clusterResourceId` must name another cluster than `follower.clusterResourceId`, \
             because a cluster cannot follow itself",
        )
        .field_path(".leader.clusterResourceId")
}

/// At most one way of renaming.
#[must_use]
pub fn override_or_prefix() -> Rule {
    Rule::new("!(has(self.databaseNameOverride) && has(self.databaseNamePrefix))")
        .message(
            "`databaseNameOverride` must not be set together with `databaseNamePrefix`; \
             keep the override to replace the name, or the prefix to extend it",
        )
        .field_path(".databaseNameOverride")
}

/// One name cannot stand for all databases.
#[must_use]
pub fn no_override_with_all_databases() -> Rule {
    Rule::new("self.leader.databaseName != '*' || !has(self.databaseNameOverride)")
        .message(
            "`databaseNameOverride` must not be set when `leader.databaseName` is \"*\"; \
             use `databaseNamePrefix` to rename all databases",
        )
        .field_path(".databaseNameOverride")
}

/// ARM shares tables of one database only (follower-databases.md, "Table level sharing"). Empty lists pass: a pasted
/// ARM template has them.
#[must_use]
pub fn no_sharing_with_all_databases() -> Rule {
    Rule::new(format!(
        "self.leader.databaseName != '*' || !has(self.tableLevelSharingProperties) || {} == 0",
        sharing_size("self.tableLevelSharingProperties")
    ))
    .message(
        "`tableLevelSharingProperties` must have no entries when `leader.databaseName` is \"*\"; \
         remove them, or follow single databases with an AttachedDatabase each",
    )
    .field_path(".tableLevelSharingProperties")
}

/// The limit on all sharing lists together.
#[must_use]
pub fn sharing_entries() -> Rule {
    Rule::new(format!("{} <= {MAX_SHARING_ENTRIES}", sharing_size("self"))).message(
        "`tableLevelSharingProperties` must have at most 100 entries in all eight lists together; \
         use a trailing * to name many at once, such as \"Logs*\"",
    )
}

/// The interval, as `duration::parse_interval` reads it. The digits are bounded so that `duration` cannot overflow.
#[must_use]
pub fn interval() -> Rule {
    Rule::new(
        "self.matches('^([0-9]{1,5}([.][0-9]{1,3})?(ms|s|m|h))+$') && \
         duration(self) >= duration('1s') && duration(self) <= duration('24h')",
    )
    .message("`interval` must be a duration from 1s to 24h, such as 90s, 10m or 1h30m")
}

/// A Kubernetes object name (RFC 1123 subdomain).
#[must_use]
pub fn service_account_name() -> Rule {
    Rule::new(
        "self.matches('^[a-z0-9]([a-z0-9-]*[a-z0-9])?([.][a-z0-9]([a-z0-9-]*[a-z0-9])?)*$')",
    )
    .message(
        "`serviceAccountName` must be the name of a ServiceAccount in the namespace of this object: \
         lower case letters, digits, dashes and dots",
    )
}
