//! Commands that mend things, ready for a POSIX shell. Pure.
//!
//! What comes from Azure or from an object's author is quoted, or no command is made of it: an administrator runs these.

use crate::{
    azure::id::ClusterId,
    controller::access::{CLIENT_ID_ANNOTATION, TENANT_ID_ANNOTATION},
};

/// The custom role that holds what the operator does (`deploy/azure`).
pub const ROLE: &str = "ADX Follower Operator";

/// The custom role that may ask how operations go, and nothing else (`deploy/azure`).
pub const OPERATIONS_ROLE: &str = "ADX Follower Operator (operations)";

/// Stands where only the reader knows the value.
const UNKNOWN_CLIENT: &str = "CLIENT_ID";

/// Installs the resource definitions of this program.
pub const INSTALL_CRDS: &str = "adx-follower crds | kubectl apply --server-side -f -";

/// Runs the doctor with the operator's own environment and rights.
pub const RUN_AS_THE_OPERATOR: &str = "# with the operator's own identity and rights:\n\
     kubectl exec -n adx-follower-system deploy/adx-follower-operator -- /adx-follower doctor";

/// Shows the addresses of the cloud that the Azure CLI is signed in to.
pub const SHOW_CLOUD: &str = "az cloud show --query '{armEndpoint: endpoints.resourceManager, armAudience: \
     endpoints.activeDirectoryResourceId, authorityHost: endpoints.activeDirectory}'";

/// `text` as one word of a shell.
#[must_use]
pub fn quoted(text: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./:@,=+".contains(c);
    if !text.is_empty() && text.chars().all(is_plain) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}

/// The action and the scope that an identity lacks, as a message for an object's author names them
/// (`ArmError::user_message`).
#[must_use]
pub fn lacking(message: &str) -> Option<(&str, &str)> {
    let (_, rest) = message.split_once("the identity lacks `")?;
    let (action, rest) = rest.split_once("` on `")?;
    let (scope, _) = rest.split_once('`')?;
    Some((action, scope))
}

/// Gives `client` the operator's role where it lacks it: on the cluster itself, since all that is needed of it lies
/// within the role. What lies above is the right to ask how operations go (faults.md A8): a role of its own on the
/// resource group.
///
/// `None` when `scope` is neither about one of `clusters` nor above it: whoever wrote it, nobody is told to hand out a role
/// elsewhere.
#[must_use]
pub fn assign_role(client: Option<&str>, scope: &str, clusters: &[&ClusterId]) -> Option<String> {
    clusters.iter().find_map(|cluster| {
        let id = cluster.to_string();
        let subscription = format!("/subscriptions/{}", cluster.subscription());
        let group = format!("{subscription}/resourceGroups/{}", cluster.resource_group());
        if covers(&id, scope) {
            Some(assignment(client, ROLE, &id))
        } else if is_beside(&group, scope) || is_beside(&subscription, scope) {
            Some(assignment(client, OPERATIONS_ROLE, &group))
        } else {
            None
        }
    })
}

/// Gives `client` the operator's role on `cluster`.
#[must_use]
pub fn assign_role_on(client: Option<&str>, cluster: &ClusterId) -> String {
    assignment(client, ROLE, &cluster.to_string())
}

fn assignment(client: Option<&str>, role: &str, scope: &str) -> String {
    format!(
        "az role assignment create --assignee {} --role '{role}' --scope {}",
        quoted(client.unwrap_or(UNKNOWN_CLIENT)),
        quoted(scope)
    )
}

/// Whether `scope` is `outer`, or something of the provider's in it that is no cluster.
fn is_beside(outer: &str, scope: &str) -> bool {
    let locations = format!("{outer}/providers/Microsoft.Kusto/locations");
    outer.eq_ignore_ascii_case(scope) || covers(&locations, scope)
}

/// Whether `scope` is `outer` or lies below it, as ARM compares ids.
fn covers(outer: &str, scope: &str) -> bool {
    let (outer, scope) = (outer.to_ascii_lowercase(), scope.to_ascii_lowercase());
    scope
        .strip_prefix(&outer)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Starts a stopped cluster.
#[must_use]
pub fn start(cluster: &ClusterId) -> String {
    format!(
        "az kusto cluster start --ids {}",
        quoted(&cluster.to_string())
    )
}

/// Lists the clusters that a mistyped id may have meant.
#[must_use]
pub fn list_clusters(cluster: &ClusterId) -> String {
    format!(
        "az kusto cluster list --subscription {} --query '[].id' -o tsv",
        quoted(cluster.subscription())
    )
}

/// Lists the clusters of a subscription with their regions.
#[must_use]
pub fn list_regions(cluster: &ClusterId) -> String {
    format!(
        "az kusto cluster list --subscription {} --query '[].{{id: id, region: location}}' -o table",
        quoted(cluster.subscription())
    )
}

/// Lists the databases of a cluster.
#[must_use]
pub fn list_databases(cluster: &ClusterId) -> String {
    format!(
        "az kusto database list {} --query '[].name' -o tsv",
        place(cluster)
    )
}

/// Lists the configurations of a cluster.
#[must_use]
pub fn list_configurations(cluster: &ClusterId) -> String {
    format!(
        "az kusto attached-database-configuration list {} -o table",
        place(cluster)
    )
}

fn place(cluster: &ClusterId) -> String {
    format!(
        "--cluster-name {} --resource-group {} --subscription {}",
        quoted(cluster.name()),
        quoted(cluster.resource_group()),
        quoted(cluster.subscription())
    )
}

/// Lists the locks that forbid changes of a cluster, inherited ones included.
#[must_use]
pub fn list_locks(cluster: &ClusterId) -> String {
    format!(
        "az lock list --resource-group {} --subscription {} -o table",
        quoted(cluster.resource_group()),
        quoted(cluster.subscription())
    )
}

/// Registers the provider of Kusto clusters with a subscription.
#[must_use]
pub fn register_provider(subscription: &str) -> String {
    format!(
        "az provider register --namespace Microsoft.Kusto --subscription {} --wait",
        quoted(subscription)
    )
}

/// The tenant of a subscription, as a word of a shell.
#[must_use]
pub fn tenant_of(subscription: &str) -> String {
    format!(
        "\"$(az account show --subscription {} --query tenantId -o tsv)\"",
        quoted(subscription)
    )
}

/// Lets tokens of `subject`, issued by `issuer`, be exchanged for `client`'s. Where the issuer is not known, the shell asks
/// the API server.
#[must_use]
pub fn federate(client: &str, issuer: Option<&str>, subject: &str) -> String {
    let issuer = issuer.map_or_else(
        || "\"$(kubectl get --raw /.well-known/openid-configuration | jq -r .issuer)\"".to_owned(),
        quoted,
    );
    let client = quoted(client);
    let of_identity = |field: &str| {
        format!("\"$(az identity list --query \"[?clientId=='{client}'].{field}\" -o tsv)\"")
    };
    format!(
        "# of a managed identity; for an app registration: az ad app federated-credential create --id {client}\n\
         az identity federated-credential create --name adx-follower --identity-name {} --resource-group {} \
         --issuer {issuer} --subject {} --audiences api://AzureADTokenExchange",
        of_identity("name"),
        of_identity("resourceGroup"),
        quoted(subject)
    )
}

/// Makes a ServiceAccount.
#[must_use]
pub fn create_account(namespace: &str, name: &str) -> String {
    format!(
        "kubectl create serviceaccount {} -n {}",
        quoted(name),
        quoted(namespace)
    )
}

/// Says which Azure identity a ServiceAccount stands for. `tenant` is a word of a shell.
#[must_use]
pub fn annotate_account(namespace: &str, name: &str, annotation: &str) -> String {
    let value = match annotation {
        CLIENT_ID_ANNOTATION => UNKNOWN_CLIENT,
        TENANT_ID_ANNOTATION => "\"$(az account show --query tenantId -o tsv)\"",
        _ => "VALUE",
    };
    annotated(namespace, name, annotation, value)
}

/// Moves a ServiceAccount's identity to the tenant of `subscription`.
#[must_use]
pub fn move_account(namespace: &str, name: &str, subscription: &str) -> String {
    annotated(
        namespace,
        name,
        TENANT_ID_ANNOTATION,
        &tenant_of(subscription),
    )
}

fn annotated(namespace: &str, name: &str, annotation: &str, value: &str) -> String {
    format!(
        "kubectl annotate serviceaccount {} -n {} --overwrite {annotation}={value}",
        quoted(name),
        quoted(namespace)
    )
}

#[cfg(test)]
mod tests;
