//! The cloud's addresses: from its name, from flags, or from its ARM. Pure.

use super::ConfigError;
use crate::{
    azure::{
        cloud::{Cloud, CloudName, CloudOverrides, Endpoint},
        discovery::{CloudSource, CustomCloud},
    },
    cli::CloudArg,
};

/// What replaces the named cloud's own addresses, or makes up a custom one.
pub(super) struct Addresses {
    pub(super) endpoint: Option<String>,
    pub(super) audience: Option<String>,
    /// With the flag or variable that gave it.
    pub(super) authority: Option<(&'static str, String)>,
}

impl Addresses {
    /// All of them, or where to ask.
    pub(super) fn cloud(&self, name: CloudArg) -> Result<CloudSource, ConfigError> {
        let name = match name {
            CloudArg::Public => CloudName::Public,
            CloudArg::UsGovernment => CloudName::UsGovernment,
            CloudArg::China => CloudName::China,
            CloudArg::Custom => return self.custom(),
        };
        self.named(name).map(CloudSource::Known)
    }

    fn custom(&self) -> Result<CloudSource, ConfigError> {
        let raw = self.endpoint.as_deref().ok_or(ConfigError::CustomCloud)?;
        let endpoint = Endpoint::parse(raw).map_err(refused("--arm-endpoint"))?;
        let (authority_flag, authority_host) = self.authority();
        let checked = |authority_host: Option<&str>, audience: Option<&str>| {
            CloudSource::custom(CustomCloud {
                endpoint: endpoint.clone(),
                authority_host: authority_host.map(str::to_owned),
                audience: audience.map(str::to_owned),
            })
        };
        checked(authority_host, None).map_err(refused(authority_flag))?;
        checked(authority_host, self.audience.as_deref()).map_err(refused("--arm-audience"))
    }

    fn authority(&self) -> (&'static str, Option<&str>) {
        match &self.authority {
            Some((flag, host)) => (*flag, Some(host.as_str())),
            None => ("--authority-host", None),
        }
    }

    fn named(&self, name: CloudName) -> Result<Cloud, ConfigError> {
        let none = CloudOverrides::default();
        let endpoint = self.endpoint.as_deref();
        let audience = self.audience.as_deref();
        let (authority_flag, authority_host) = self.authority();
        let all = CloudOverrides {
            endpoint,
            authority_host,
            audience,
        };
        // One replacement at a time, so that an error can name its flag.
        Cloud::new(name, CloudOverrides { endpoint, ..none }).map_err(refused("--arm-endpoint"))?;
        Cloud::new(
            name,
            CloudOverrides {
                authority_host,
                ..none
            },
        )
        .map_err(refused(authority_flag))?;
        Cloud::new(name, all).map_err(refused("--arm-audience"))
    }
}

fn refused(flag: &'static str) -> impl FnOnce(crate::azure::cloud::CloudError) -> ConfigError {
    move |source| ConfigError::Cloud { flag, source }
}
