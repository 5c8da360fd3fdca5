//! The CEL rules of an `AttachmentPolicy`. Pure.
//!
//! Scopes and patterns are entries of lists, and each is checked alone, so that the refusal names its index. The API
//! server counts the cost of a rule once for each entry that its list may have.

use kube::core::Rule;

use super::{CLUSTER, RESOURCE_GROUP, SUBSCRIPTION};

/// A qualified name (`metav1` label): a DNS subdomain and a slash, both optional, and 1 to 63 characters. How long the
/// subdomain may be is left to the bound of the string.
const LABEL_KEY: &str =
    "^([a-z0-9]([-a-z0-9.]*[a-z0-9])?/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$";

/// A label's value; its length is left to the bound of the string.
const LABEL_VALUE: &str = "^([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?$";

/// A database's name, or what names begin with, followed by a star (arm-kusto.md §12 for the characters).
const DATABASE_PATTERN: &str =
    "^([A-Za-z0-9 ._-]*[A-Za-z0-9_-][A-Za-z0-9 ._-]*|[A-Za-z0-9 ._-]*[*])$";

/// A cluster's ARM resource ID at `field`, or a scope above it. Whole segments only: a scope that ended within a name
/// would cover what nobody meant.
#[must_use]
pub fn scope(field: &str) -> Rule {
    Rule::new(format!(
        "self.lowerAscii().matches('^{SUBSCRIPTION}({RESOURCE_GROUP}({CLUSTER})?)?$')"
    ))
    .message(
        format!(
            "`{field}` must be /subscriptions/GUID, /subscriptions/GUID/resourceGroups/GROUP, or the resource ID of an \
             Azure Data Explorer cluster as `az kusto cluster show --query id` prints it, without a slash at the end"
        )
        .as_str(),
    )
}

/// An entry of a rule's databases.
#[must_use]
pub fn database_pattern() -> Rule {
    Rule::new(format!("self.matches('{DATABASE_PATTERN}')")).message(
        "`databases` must be names of databases, or beginnings of names followed by * such as \"Sales*\": letters, digits, \
         spaces, dots, underscores or dashes, and no * but at the end",
    )
}

/// Each way of combining principals once, in a list of three at most.
#[must_use]
pub fn distinct_kinds() -> Rule {
    Rule::new(
        "size(self) < 2 || (self[0] != self[1] && (size(self) < 3 || (self[0] != self[2] && self[1] != self[2])))",
    )
    .message(
        "`principalsModificationKinds` must name each of Union, Replace and None once at most",
    )
}

/// The key of an expression. A key that no label can have would make `NotIn` and `DoesNotExist` match every namespace.
#[must_use]
pub fn label_key() -> Rule {
    Rule::new(format!("self.matches('{LABEL_KEY}')")).message(
        "`namespaces.matchExpressions[].key` must be the name of a label, such as team or kubernetes.io/metadata.name",
    )
}

/// A label's value at `field`. The keys of `matchLabels` have no rule, since the API server cannot estimate what a look at the
/// keys of a map costs; one that is no label's name matches nothing, which is safe.
#[must_use]
pub fn label_value(field: &str) -> Rule {
    Rule::new(format!("self.matches('{LABEL_VALUE}')")).message(
        format!(
            "`{field}` must be values of labels: at most 63 letters, digits, dashes, underscores and dots, starting and \
             ending with a letter or digit"
        )
        .as_str(),
    )
}

/// What an operator compares with, as `metav1.LabelSelector` has it.
#[must_use]
pub fn operator_values() -> Rule {
    Rule::new(
        "has(self.values) && size(self.values) > 0 ? \
         !(self.operator in ['Exists', 'DoesNotExist']) : !(self.operator in ['In', 'NotIn'])",
    )
    .message(
        "`namespaces.matchExpressions[].values` must have entries for the operators In and NotIn, and none for Exists \
         and DoesNotExist",
    )
}
