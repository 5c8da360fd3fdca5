//! Pure. Where an operation is followed.

use std::fmt;

use crate::azure::{
    address::{AddressError, trusted},
    cloud::Endpoint,
    id::{ClusterId, IdError},
};

/// The segments before an operation's id, in lower case. Kusto's is the first (arm-kusto.md §3.1), the other is what many
/// providers of ARM call it.
const RESULTS: [&str; 2] = ["operationresults", "operationstatuses"];

/// The address of an operation, kept as ARM gave it since its query is signed. `Debug` and `Display` leave the query out.
#[derive(Clone, PartialEq, Eq)]
pub struct OperationUrl(String);

impl OperationUrl {
    /// Takes an address from a header or from what was remembered, if it leads to an operation at `endpoint`.
    ///
    /// Who can write an object's status could otherwise have us read any resource. So the path must be one of these, in
    /// any case, and name a subscription:
    /// * `/subscriptions/S/…/providers/Microsoft.Kusto/…/operationResults/ID`, with or without `locations/L`;
    /// * anything below a configuration of a cluster, for services that hang their operations there.
    ///
    /// It is kept byte for byte, except that a raw space, as seen in 2022 (arm-kusto.md §3.1), becomes `%20`.
    ///
    /// # Errors
    /// [`AddressError`] when sending a token there would be wrong.
    pub fn accept(raw: &str, endpoint: &Endpoint) -> Result<Self, AddressError> {
        let url = Self(trusted(raw, endpoint)?);
        match subscription(url.path()) {
            Some(_) => Ok(url),
            None => Err(AddressError::NoOperation),
        }
    }

    /// The whole address, signature included: for ARM's eyes and the object's status only.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn belongs_to(&self, subscription: &str) -> bool {
        self.subscription()
            .is_some_and(|own| own.eq_ignore_ascii_case(subscription))
    }

    /// Whether following it tells of nothing but `cluster`, or of an operation that only ARM's answer can have named: one
    /// of its subscription and, where it hangs below a cluster, of that cluster. What is remembered in a place that others
    /// can write must not have us look at a neighbour's cluster.
    #[must_use]
    pub fn is_about(&self, cluster: &ClusterId) -> bool {
        self.belongs_to(cluster.subscription())
            && match self.cluster() {
                Some(below) => below.is_ok_and(|below| below == *cluster),
                None => true,
            }
    }

    /// The cluster that the operation hangs below, if it does.
    fn cluster(&self) -> Option<Result<ClusterId, IdError>> {
        let segments: Vec<&str> = self.path().split('/').collect();
        // The two before name the subscription.
        let clusters = provider(segments.get(2..)?)? + 4;
        let is_below = segments
            .get(clusters)
            .is_some_and(|kind| kind.eq_ignore_ascii_case("clusters"));
        let id = segments.get(..clusters + 2).filter(|_| is_below)?;
        Some(format!("/{}", id.join("/")).parse())
    }

    fn without_query(&self) -> &str {
        self.0.split('?').next().unwrap_or_default()
    }

    /// From the first slash after the host on.
    fn path(&self) -> &str {
        let after_scheme = self.without_query().split_once("://");
        let path = after_scheme.and_then(|(_, rest)| rest.split_once('/'));
        path.map_or("", |(_, path)| path)
    }

    /// The subscription whose budget a poll spends; there is always one.
    pub(in crate::azure) fn subscription(&self) -> Option<&str> {
        subscription(self.path())
    }
}

/// The subscription of a path, if an operation may be there.
fn subscription(path: &str) -> Option<&str> {
    let segments: Vec<&str> = path.split('/').collect();
    if !segments.iter().copied().all(is_plain) {
        return None;
    }
    let is = |segment: &str, word: &str| segment.eq_ignore_ascii_case(word);
    let [subscriptions, subscription, rest @ ..] = segments.as_slice() else {
        return None;
    };
    if !is(subscriptions, "subscriptions") {
        return None;
    }
    let below = rest.get(provider(rest)? + 2..)?;
    let found = match below {
        // Types and names alternate: a database that is called `operationresults` is none.
        [.., results, _id] if RESULTS.iter().any(|known| is(results, known)) => {
            below.len().is_multiple_of(2)
        }
        [clusters, _, configurations, _, _below, ..] => {
            is(clusters, "clusters") && is(configurations, "attachedDatabaseConfigurations")
        }
        _ => false,
    };
    found.then_some(subscription)
}

/// Where `providers/Microsoft.Kusto` begins.
fn provider(segments: &[&str]) -> Option<usize> {
    segments.windows(2).position(|pair| match pair {
        [providers, provider] => {
            providers.eq_ignore_ascii_case("providers")
                && provider.eq_ignore_ascii_case("Microsoft.Kusto")
        }
        _ => false,
    })
}

/// Whether everybody reads a segment alike: not empty, no step upwards, no hidden slash.
fn is_plain(segment: &str) -> bool {
    let folded = segment.to_ascii_lowercase();
    !matches!(segment, "" | "." | "..")
        && ["%2e", "%2f", "%5c", "%00", "%25"]
            .into_iter()
            .all(|hidden| !folded.contains(hidden))
}

impl fmt::Display for OperationUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.without_query())
    }
}

impl fmt::Debug for OperationUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("OperationUrl")
            .field(&self.without_query())
            .finish()
    }
}
