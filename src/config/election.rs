//! How the one replica that acts is elected. Pure.

use crate::cli::ElectionArgs;

use super::{ConfigError, given, selector};

/// The Lease that replicas compete for, as far as it is configured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Election {
    /// Its name.
    pub name: String,
    /// Its namespace; none: the one that the operator runs in.
    pub namespace: Option<String>,
    /// What this replica is called in it, for people: the Pod's name (`POD_NAME`, else `HOSTNAME`).
    pub replica: Option<String>,
}

/// Checks the arguments; none: nobody is elected. `variable` looks up what the Pod is told of itself.
///
/// # Errors
/// Names the flag that is wrong.
pub fn election(
    arguments: ElectionArgs,
    variable: &impl Fn(&str) -> Option<String>,
) -> Result<Option<Election>, ConfigError> {
    let ElectionArgs {
        leader_elect,
        leader_election_id,
        leader_election_namespace,
    } = arguments;
    if !leader_elect {
        return Ok(None);
    }
    let name = leader_election_id.trim().to_owned();
    if !selector::is_dns_subdomain(&name) {
        return Err(ConfigError::LeaseName(name));
    }
    let namespace = given(leader_election_namespace).or_else(|| given(variable("POD_NAMESPACE")));
    if let Some(namespace) = namespace.as_ref().filter(|it| !selector::is_dns_label(it)) {
        return Err(ConfigError::LeaseNamespace(namespace.clone()));
    }
    Ok(Some(Election {
        name,
        namespace,
        replica: given(variable("POD_NAME")).or_else(|| given(variable("HOSTNAME"))),
    }))
}
