//! Pure. What a cloud's ARM says of itself: `/metadata/endpoints` in the shape of api-version 2022-09-01
//! (arm-kusto.md §11).

use serde::Deserialize;

use super::{Discovered, Problem};
use crate::azure::cloud::{Cloud, Endpoint};

const BOM: &[u8] = b"\xef\xbb\xbf";

/// Some stand-ins answer with a list, as older api-versions do.
#[derive(Deserialize)]
#[serde(untagged)]
enum Document {
    One(Described),
    Many(Vec<Described>),
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Described {
    #[serde(default)]
    resource_manager: Option<String>,
    authentication: Authentication,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Authentication {
    login_endpoint: String,
    audiences: Vec<String>,
    #[serde(default)]
    identity_provider: Option<String>,
}

/// Reads the document that `endpoint` gave.
pub(super) fn read(body: &[u8], endpoint: &Endpoint) -> Result<Discovered, Problem> {
    let body = body.strip_prefix(BOM).unwrap_or(body);
    let unreadable = |problem: &str| Problem::Unreadable(problem.to_owned());
    let document = serde_json::from_slice(body)
        .map_err(|_| unreadable("no document with `authentication` in it"))?;
    let described = match document {
        Document::One(described) => described,
        Document::Many(all) => {
            let only = all.len() == 1;
            all.into_iter()
                .find(|it| only || it.is_at(endpoint))
                .ok_or_else(|| unreadable("none of the clouds in the list has this endpoint"))?
        }
    };
    let Authentication {
        login_endpoint,
        audiences,
        identity_provider,
    } = described.authentication;
    if let Some(provider) = identity_provider.filter(|it| !it.eq_ignore_ascii_case("AAD")) {
        return Err(Problem::IdentityProvider(
            provider.chars().take(64).collect(),
        ));
    }
    // ARM's own address is the audience by which it is known; the older ones serve several services.
    let own = endpoint.to_string();
    let audience = audiences
        .iter()
        .find(|audience| audience.trim_end_matches('/').eq_ignore_ascii_case(&own))
        .or_else(|| audiences.first())
        .ok_or_else(|| unreadable("no audience"))?;
    // What this host says of another gets our secrets: both are checked as if they came from a flag.
    let cloud = Cloud::of(endpoint.clone(), &login_endpoint, audience).map_err(Problem::Address)?;
    Ok(Discovered {
        authority_host: cloud.authority_host,
        audience: cloud.audience,
    })
}

impl Described {
    fn is_at(&self, endpoint: &Endpoint) -> bool {
        let own = self.resource_manager.as_deref().map(Endpoint::parse);
        matches!(own, Some(Ok(own)) if own == *endpoint)
    }
}
