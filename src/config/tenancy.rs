//! Who may use which Azure identity. Pure.

use crate::{
    cli::TenancyArgs,
    controller::{OwnIdentities, Tenancy},
};

use super::{ConfigError, given, selector::is_dns_subdomain};

/// Checks the arguments.
///
/// # Errors
/// Names the flag that is wrong, or the two that contradict each other.
pub fn tenancy(arguments: TenancyArgs) -> Result<Tenancy, ConfigError> {
    let TenancyArgs {
        allow_all,
        default_service_account,
        object_identities,
    } = arguments;
    let own = if object_identities {
        OwnIdentities::Enabled
    } else {
        OwnIdentities::Disabled
    };
    match (given(default_service_account), allow_all, own) {
        (None, false, own) => Ok(Tenancy::Policies(own)),
        (None, true, own) => Ok(Tenancy::AllowAll(own)),
        (Some(_), true, _) => Err(ConfigError::Contradiction {
            flag: "--default-service-account",
            other: "--allow-all",
        }),
        // Flux exits at start as well (kusto-dataplane.md §6): nobody could be served.
        (Some(_), false, OwnIdentities::Disabled) => Err(ConfigError::Contradiction {
            flag: "--default-service-account",
            other: "--object-identities=false",
        }),
        (Some(name), false, OwnIdentities::Enabled) if is_dns_subdomain(&name) => {
            Ok(Tenancy::Lockdown {
                default_account: name,
            })
        }
        (Some(name), false, OwnIdentities::Enabled) => Err(ConfigError::ServiceAccount(name)),
    }
}
