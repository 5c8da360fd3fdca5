//! Pure. Where ARM and Entra are: the national clouds, and what may replace their addresses.

use std::{fmt, net::IpAddr, str::FromStr};

use http::Uri;

/// Longest address accepted, in bytes.
const ENDPOINT_MAX: usize = 2048;

/// What is wrong with a cloud's name or address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CloudError {
    /// No cloud has this name.
    #[error("`{0}` must be public, usgovernment or china")]
    Name(String),
    /// The address cannot be read.
    #[error(
        "`{0}` must be an address such as https://management.azure.com, without path, query or user"
    )]
    Endpoint(String),
    /// Tokens would travel in the clear.
    #[error(
        "`{0}` must start with https://; plain http is for loopback addresses alone, since tokens travel along"
    )]
    Plain(String),
    /// The audience is empty or not a URI.
    #[error("`{0}` must be a URI such as https://management.azure.com")]
    Audience(String),
}

/// Scheme, host and port of a service that gets our tokens: `https`, or `http` on a loopback address.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Endpoint {
    scheme: Scheme,
    /// In lower case, an IPv6 address in brackets.
    host: String,
    port: u16,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Scheme {
    Https,
    Http,
}

impl Scheme {
    fn as_str(self) -> &'static str {
        match self {
            Self::Https => "https",
            Self::Http => "http",
        }
    }

    fn default_port(self) -> u16 {
        match self {
            Self::Https => 443,
            Self::Http => 80,
        }
    }
}

impl Endpoint {
    /// Reads an address; one slash at its end is allowed.
    ///
    /// # Errors
    /// [`CloudError::Endpoint`] for anything but scheme, host and port; [`CloudError::Plain`] for `http` to a host that
    /// is not loopback.
    pub fn parse(raw: &str) -> Result<Self, CloudError> {
        let unreadable = || CloudError::Endpoint(raw.to_owned());
        if raw.len() > ENDPOINT_MAX || raw.contains('#') {
            return Err(unreadable());
        }
        let uri: Uri = raw.parse().map_err(|_| unreadable())?;
        if uri.path() != "/" || uri.query().is_some() || raw.ends_with("//") {
            return Err(unreadable());
        }
        let endpoint = Self::of(&uri).ok_or_else(unreadable)?;
        if endpoint.is_plain() && !endpoint.is_loopback() {
            return Err(CloudError::Plain(raw.to_owned()));
        }
        Ok(endpoint)
    }

    /// Scheme, host and port of `uri`, whatever its path; `None` when it is relative, has another scheme or names a user.
    pub(super) fn of(uri: &Uri) -> Option<Self> {
        let scheme = match uri.scheme_str()? {
            "https" => Scheme::Https,
            "http" => Scheme::Http,
            _ => return None,
        };
        let authority = uri.authority()?;
        if authority.as_str().contains('@') || authority.host().is_empty() {
            return None;
        }
        // `host:` and `host:99999` parse as an authority without a port.
        let port_written = authority.as_str().len() != authority.host().len();
        let port = match (authority.port_u16(), port_written) {
            (Some(port), _) => port,
            (None, false) => scheme.default_port(),
            (None, true) => return None,
        };
        Some(Self {
            scheme,
            host: authority.host().to_ascii_lowercase(),
            port,
        })
    }

    /// Whether requests go unencrypted.
    #[must_use]
    pub fn is_plain(&self) -> bool {
        self.scheme == Scheme::Http
    }

    /// Whether the host is this machine: `127.0.0.0/8`, `::1` or `localhost`.
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        let address = self.host.trim_start_matches('[').trim_end_matches(']');
        self.host == "localhost"
            || address
                .parse::<IpAddr>()
                .is_ok_and(|address| address.is_loopback())
    }

    /// The same host and port, spoken to with TLS. For a library that refuses to hold anything else.
    pub(super) fn as_https(&self) -> Self {
        Self {
            scheme: Scheme::Https,
            ..self.clone()
        }
    }
}

impl FromStr for Endpoint {
    type Err = CloudError;

    fn from_str(raw: &str) -> Result<Self, CloudError> {
        Self::parse(raw)
    }
}

/// Without a slash at the end, and without the scheme's own port.
impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.scheme.as_str(), self.host)?;
        if self.port == self.scheme.default_port() {
            Ok(())
        } else {
            write!(f, ":{}", self.port)
        }
    }
}

/// The clouds whose addresses are known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum CloudName {
    /// Azure.
    #[default]
    Public,
    /// Azure Government (United States).
    UsGovernment,
    /// Azure operated by 21Vianet.
    China,
}

impl CloudName {
    /// The name as users write it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::UsGovernment => "usgovernment",
            Self::China => "china",
        }
    }

    /// ARM's address and Entra's (arm-kusto.md §11). ARM's address is among the audiences of its cloud.
    fn addresses(self) -> (&'static str, &'static str) {
        match self {
            Self::Public => (
                "https://management.azure.com",
                "https://login.microsoftonline.com",
            ),
            Self::UsGovernment => (
                "https://management.usgovcloudapi.net",
                "https://login.microsoftonline.us",
            ),
            Self::China => (
                "https://management.chinacloudapi.cn",
                "https://login.chinacloudapi.cn",
            ),
        }
    }
}

impl fmt::Display for CloudName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for CloudName {
    type Err = CloudError;

    fn from_str(raw: &str) -> Result<Self, CloudError> {
        [Self::Public, Self::UsGovernment, Self::China]
            .into_iter()
            .find(|name| name.as_str().eq_ignore_ascii_case(raw))
            .ok_or_else(|| CloudError::Name(raw.to_owned()))
    }
}

/// Addresses that replace those of the named cloud.
#[derive(Debug, Clone, Copy, Default)]
pub struct CloudOverrides<'a> {
    /// ARM's address.
    pub endpoint: Option<&'a str>,
    /// Entra's address.
    pub authority_host: Option<&'a str>,
    /// What tokens are asked for; without `/.default`.
    pub audience: Option<&'a str>,
}

/// Where ARM and Entra are, and what tokens are for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cloud {
    /// ARM.
    pub endpoint: Endpoint,
    /// Entra's address, checked, without a slash at the end.
    pub authority_host: String,
    /// What tokens are asked for. Stays the named cloud's when only `endpoint` is replaced.
    pub audience: String,
}

impl Cloud {
    /// The named cloud with some addresses replaced.
    ///
    /// # Errors
    /// [`CloudError`] says which replacement is wrong.
    pub fn new(name: CloudName, overrides: CloudOverrides<'_>) -> Result<Self, CloudError> {
        let (arm, entra) = name.addresses();
        Self::of(
            Endpoint::parse(overrides.endpoint.unwrap_or(arm))?,
            overrides.authority_host.unwrap_or(entra),
            overrides.audience.unwrap_or(arm),
        )
    }

    /// The cloud with these addresses.
    ///
    /// # Errors
    /// [`CloudError`] says which one is wrong.
    pub(super) fn of(
        endpoint: Endpoint,
        authority_host: &str,
        audience: &str,
    ) -> Result<Self, CloudError> {
        Ok(Self {
            endpoint,
            authority_host: Endpoint::parse(authority_host)?.to_string(),
            audience: checked_audience(audience)?.to_owned(),
        })
    }

    /// The OAuth scope of [`audience`](Self::audience).
    #[must_use]
    pub fn scope(&self) -> String {
        format!("{}/.default", self.audience)
    }
}

/// An audience without the slashes at its end.
fn checked_audience(audience: &str) -> Result<&str, CloudError> {
    let audience = audience.trim_end_matches('/');
    let is_uri = audience
        .split_once("://")
        .is_some_and(|(scheme, rest)| !scheme.is_empty() && !rest.is_empty());
    if is_uri && audience.len() <= ENDPOINT_MAX && !audience.contains(char::is_whitespace) {
        Ok(audience)
    } else {
        Err(CloudError::Audience(audience.to_owned()))
    }
}

#[cfg(test)]
mod tests;
