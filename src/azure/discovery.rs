//! Where the addresses of a cloud come from: a known name, or what its ARM says of itself. I/O.

use std::time::Duration;

use bytes::Bytes;
use tokio::time::{Instant, sleep, timeout_at};

use super::{
    cloud::{Cloud, CloudError, Endpoint},
    message::chain_line,
    transport::{Limits, Transport, TransportError},
};

mod document;
#[cfg(test)]
mod tests;

/// How long a cloud may take to answer before the start fails.
const DISCOVERY_DEADLINE: Duration = Duration::from_secs(30);
/// One try. The public cloud's document has 3 kB.
const LIMITS: Limits = Limits {
    deadline: Duration::from_secs(10),
    max_body: 256 * 1024,
};
const FIRST_PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// How the addresses of the cloud are known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CloudSource {
    /// All are.
    Known(Cloud),
    /// ARM has to be asked.
    Custom(CustomCloud),
}

/// A cloud with no name of its own, such as Azure Stack or a disconnected region.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CustomCloud {
    /// ARM.
    pub endpoint: Endpoint,
    /// Entra's address, if it was given.
    pub authority_host: Option<String>,
    /// The audience, if it was given.
    pub audience: Option<String>,
}

impl CloudSource {
    /// A custom cloud; known at once when nothing is left to ask for.
    ///
    /// # Errors
    /// [`CloudError`] says which address is wrong.
    pub fn custom(custom: CustomCloud) -> Result<Self, CloudError> {
        let CustomCloud {
            endpoint,
            authority_host,
            audience,
        } = custom;
        // ARM's own address stands in for what is not given, so that what is gets checked now.
        let own = endpoint.to_string();
        let checked = Cloud::of(
            endpoint.clone(),
            authority_host.as_deref().unwrap_or(&own),
            audience.as_deref().unwrap_or(&own),
        )?;
        Ok(match (authority_host, audience) {
            (Some(_), Some(_)) => Self::Known(checked),
            (authority_host, audience) => Self::Custom(CustomCloud {
                endpoint,
                authority_host: authority_host.map(|_| checked.authority_host),
                audience: audience.map(|_| checked.audience),
            }),
        })
    }

    /// ARM, which is known in any case.
    #[must_use]
    pub fn endpoint(&self) -> &Endpoint {
        match self {
            Self::Known(cloud) => &cloud.endpoint,
            Self::Custom(custom) => &custom.endpoint,
        }
    }

    /// All addresses. A known cloud is not asked for them.
    ///
    /// # Errors
    /// [`DiscoveryError`], as of [`discover`].
    pub async fn resolve(&self, transport: &dyn Transport) -> Result<Cloud, DiscoveryError> {
        let custom = match self {
            Self::Known(cloud) => return Ok(cloud.clone()),
            Self::Custom(custom) => custom,
        };
        let found = discover(&custom.endpoint, transport).await?;
        let cloud = Cloud {
            endpoint: custom.endpoint.clone(),
            authority_host: custom
                .authority_host
                .clone()
                .unwrap_or(found.authority_host),
            audience: custom.audience.clone().unwrap_or(found.audience),
        };
        tracing::info!(endpoint = %cloud.endpoint, authority = cloud.authority_host, audience = cloud.audience, "cloud discovered");
        Ok(cloud)
    }
}

/// What ARM says of its cloud, checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Discovered {
    /// Entra's address, without a slash at the end.
    pub authority_host: String,
    /// What tokens are asked for, without `/.default`.
    pub audience: String,
}

/// ARM did not say where its cloud is.
#[derive(Debug, thiserror::Error)]
#[error(
    "the addresses of the cloud of `{endpoint}` cannot be discovered; set `--authority-host` and `--arm-audience`, or \
     correct `--arm-endpoint`"
)]
pub struct DiscoveryError {
    /// Who was asked.
    pub endpoint: Endpoint,
    /// Why.
    #[source]
    pub problem: Problem,
}

/// What is wrong with ARM's answer.
#[derive(Debug, thiserror::Error)]
pub enum Problem {
    /// There was none.
    #[error("no complete answer")]
    NoAnswer(#[source] TransportError),
    /// It has the wrong status. A redirect is among them: it could lead our secrets anywhere.
    #[error("it answered {0}")]
    Status(u16),
    /// It is another document.
    #[error("the answer cannot be used: {0}")]
    Unreadable(String),
    /// An address in it cannot be used.
    #[error("the answer cannot be used")]
    Address(#[source] CloudError),
    /// Its users are kept by something that we do not speak, such as ADFS.
    #[error("its identity provider is `{0}`; only Microsoft Entra (`AAD`) can be used")]
    IdentityProvider(String),
}

impl Problem {
    /// Whether asking again may help: a service that is starting answers anything.
    fn may_pass(&self) -> bool {
        match self {
            Self::NoAnswer(_) | Self::Status(_) | Self::Unreadable(_) => true,
            Self::Address(_) | Self::IdentityProvider(_) => false,
        }
    }
}

/// Asks `endpoint` for the addresses of its cloud, again and again for 30 seconds. No token is sent.
///
/// # Errors
/// [`DiscoveryError`] says what to set instead.
pub async fn discover(
    endpoint: &Endpoint,
    transport: &dyn Transport,
) -> Result<Discovered, DiscoveryError> {
    let end = Instant::now() + DISCOVERY_DEADLINE;
    let mut pause = FIRST_PAUSE;
    loop {
        let asked = timeout_at(end, ask(endpoint, transport))
            .await
            .unwrap_or(Err(Problem::NoAnswer(TransportError::DeadlineExceeded)));
        let problem = match asked {
            Ok(found) => return Ok(found),
            Err(problem) => problem,
        };
        if !problem.may_pass() || Instant::now() + pause >= end {
            return Err(DiscoveryError {
                endpoint: endpoint.clone(),
                problem,
            });
        }
        tracing::warn!(%endpoint, error = %chain_line(&problem), "cloud not discovered, trying again");
        sleep(pause).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

async fn ask(endpoint: &Endpoint, transport: &dyn Transport) -> Result<Discovered, Problem> {
    let request = http::Request::builder()
        .uri(format!(
            "{endpoint}/metadata/endpoints?api-version=2022-09-01"
        ))
        .header(http::header::ACCEPT, "application/json")
        .body(Bytes::new())
        .map_err(|error| Problem::NoAnswer(TransportError::NotSent(error.into())))?;
    let answer = transport
        .send(request, LIMITS)
        .await
        .map_err(Problem::NoAnswer)?;
    match answer.status().as_u16() {
        200 => document::read(answer.body(), endpoint),
        status => Err(Problem::Status(status)),
    }
}
