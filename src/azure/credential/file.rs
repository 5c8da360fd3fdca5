//! Secrets in files: read anew for each exchange, so that a rotation is seen. I/O.

use std::{
    hash::{BuildHasher, RandomState},
    path::{Path, PathBuf},
};

use futures::{FutureExt, future::BoxFuture};
use zeroize::Zeroizing;

use super::AssertionSource;
use crate::azure::token::TokenError;

/// The projected token of the Pod's own account.
pub(super) struct TokenFile(pub(super) PathBuf);

impl AssertionSource for TokenFile {
    fn assertion(&self) -> BoxFuture<'_, Result<Zeroizing<String>, TokenError>> {
        std::future::ready(read_secret("federated token file", &self.0)).boxed()
    }
}

/// Reads a small file in memory (a projected volume), so without a thread of its own. White space around the secret
/// goes: Entra would get the newline that editors leave.
pub(super) fn read_secret(what: &str, path: &Path) -> Result<Zeroizing<String>, TokenError> {
    let local = |problem: String| TokenError::Local {
        message: format!("the {what} `{}` {problem}", path.display()),
    };
    let text = std::fs::read_to_string(path)
        .map(Zeroizing::new)
        .map_err(|error| local(format!("cannot be read: {error}")))?;
    match text.trim() {
        "" => Err(local("is empty".to_owned())),
        secret => Ok(Zeroizing::new(secret.to_owned())),
    }
}

/// A keyed hash of the secret in a file; 0 when it cannot be read, as while it is being rotated.
pub(super) fn fingerprint(path: &Path, key: &RandomState) -> u64 {
    read_secret("client secret file", path).map_or(0, |secret| key.hash_one(secret.as_str()).max(1))
}
