//! Pure. Addresses that ARM hands out: only those on the configured host get our token.

use http::Uri;

use super::cloud::Endpoint;

/// Longest address accepted, in bytes. Recorded ones of operations have 3.3 KB, and ARM asks clients for 4 KB at least
/// (arm-kusto.md §3.1).
pub(super) const ADDRESS_MAX: usize = 16 * 1024;

/// Why an address of ARM's is not used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// Longer than any honest address.
    #[error("the address has {0} bytes, more than {ADDRESS_MAX}")]
    TooLong(usize),
    /// Not an absolute http(s) address, or one with a user or a fragment.
    #[error("the address cannot be read")]
    Unreadable,
    /// It leads to the endpoint, but not to an operation.
    #[error("the address is not that of an operation")]
    NoOperation,
    /// It leads elsewhere, and our token would go there.
    #[error("the address leads to {found}, not to {expected}")]
    Foreign {
        /// Where it leads: scheme, host and port.
        found: String,
        /// The endpoint that we talk to.
        expected: String,
    },
}

/// `raw` as it may be sent to, if it leads to `endpoint`.
pub(super) fn trusted(raw: &str, endpoint: &Endpoint) -> Result<String, AddressError> {
    let url = raw.trim().replace(' ', "%20");
    if url.len() > ADDRESS_MAX {
        return Err(AddressError::TooLong(url.len()));
    }
    // Two parsers must not see two hosts: a backslash is a slash to some, and a fragment would be dropped.
    if !url.bytes().all(|byte| byte.is_ascii_graphic()) || url.contains(['\\', '#']) {
        return Err(AddressError::Unreadable);
    }
    let uri: Uri = url.parse().map_err(|_| AddressError::Unreadable)?;
    let found = Endpoint::of(&uri).ok_or(AddressError::Unreadable)?;
    if found != *endpoint {
        return Err(AddressError::Foreign {
            found: found.to_string(),
            expected: endpoint.to_string(),
        });
    }
    Ok(url)
}
