//! Who may speak to the API server: its signing keys, its token file, kubeconfigs and clients.

use std::{
    fs::OpenOptions,
    io::{ErrorKind, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::Path,
};

use k8s_openapi::ByteString;
use kube::{
    Client, Config,
    config::{KubeConfigOptions, Kubeconfig},
};
use uuid::Uuid;

use crate::{error::TestbedError, wait};

/// File names in the control plane's directory.
pub(super) const SIGNING_KEY: &str = "service-accounts.key";
pub(super) const VERIFYING_KEY: &str = "service-accounts.pub";
pub(super) const TOKENS: &str = "tokens.csv";

/// Makes the key pair that signs ServiceAccount tokens, and a token for the administrator, which it
/// returns.
pub(super) fn write_credentials(directory: &Path) -> Result<String, TestbedError> {
    let pair = rcgen::KeyPair::generate()
        .map_err(|error| TestbedError::unexpected("make a signing key", error.to_string()))?;
    let token = Uuid::new_v4().to_string();
    write_private(&directory.join(SIGNING_KEY), &pair.serialize_pem())?;
    write_private(&directory.join(VERIFYING_KEY), &pair.public_key_pem())?;
    let user = format!("{token},admin,admin,system:masters\n");
    write_private(&directory.join(TOKENS), &user)?;
    Ok(token)
}

/// Writes a kubeconfig with one cluster, one user and one context.
pub(super) fn write_kubeconfig(
    path: &Path,
    endpoint: &str,
    certificate: &Path,
    token: &str,
) -> Result<(), TestbedError> {
    let pem = std::fs::read(certificate)
        .map_err(TestbedError::io(format!("read {}", certificate.display())))?;
    // A ByteString's JSON is its base64 in quotes, which is YAML too.
    let authority = serde_json::to_string(&ByteString(pem))
        .map_err(|error| TestbedError::unexpected("encode the certificate", error.to_string()))?;
    let text = format!(
        "apiVersion: v1
kind: Config
clusters:
- name: testbed
  cluster:
    server: {endpoint}
    certificate-authority-data: {authority}
users:
- name: testbed
  user:
    token: {token}
contexts:
- name: testbed
  context:
    cluster: testbed
    user: testbed
current-context: testbed
"
    );
    write_private(path, &text)
}

/// Writes a copy of a kubeconfig of [`write_kubeconfig`] whose context is in a namespace.
pub(super) fn write_kubeconfig_in(
    namespace: &str,
    from: &Path,
    to: &Path,
) -> Result<(), TestbedError> {
    let text = std::fs::read_to_string(from)
        .map_err(TestbedError::io(format!("read {}", from.display())))?;
    let context = "  context:\n";
    let text = text.replace(context, &format!("{context}    namespace: {namespace}\n"));
    write_private(to, &text)
}

/// A client with the rights of a kubeconfig's user.
pub(super) async fn client(kubeconfig: &Path) -> Result<Client, TestbedError> {
    let doing = || format!("use {}", kubeconfig.display());
    let file = Kubeconfig::read_from(kubeconfig)
        .map_err(|error| TestbedError::unexpected(doing(), wait::with_causes(&error)))?;
    let mut config = Config::from_custom_kubeconfig(file, &KubeConfigOptions::default())
        .await
        .map_err(|error| TestbedError::unexpected(doing(), wait::with_causes(&error)))?;
    // A proxy of the environment has no way to this machine's loopback address.
    config.proxy_url = None;
    Client::try_from(config).map_err(TestbedError::kubernetes(doing()))
}

/// Writes a file that only its owner may read. Whoever reads it sees the old text or the new one.
fn write_private(path: &Path, text: &str) -> Result<(), TestbedError> {
    let doing = || format!("write {}", path.display());
    let unfinished = path.with_extension("unfinished");
    match std::fs::remove_file(&unfinished) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            return Err(TestbedError::io(doing())(error));
        }
        Ok(()) | Err(_) => {}
    }
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&unfinished)
        .and_then(|mut file| file.write_all(text.as_bytes()))
        .and_then(|()| std::fs::rename(&unfinished, path))
        .map_err(TestbedError::io(doing()))
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::PermissionsExt as _};

    use super::*;

    #[test]
    fn credentials_are_readable_by_their_owner_alone() {
        let directory = tempfile::tempdir().unwrap();
        let token = write_credentials(directory.path()).unwrap();
        for name in [SIGNING_KEY, VERIFYING_KEY, TOKENS] {
            let mode = fs::metadata(directory.path().join(name))
                .unwrap()
                .permissions()
                .mode();
            assert_eq!(mode & 0o777, 0o600, "{name}");
        }
        let users = fs::read_to_string(directory.path().join(TOKENS)).unwrap();
        assert_eq!(users, format!("{token},admin,admin,system:masters\n"));
    }

    #[test]
    fn two_control_planes_have_two_administrators() {
        let directory = tempfile::tempdir().unwrap();
        let first = write_credentials(directory.path()).unwrap();
        assert_ne!(first, write_credentials(directory.path()).unwrap());
    }

    #[test]
    fn a_kubeconfig_is_read_as_it_was_meant() {
        let directory = tempfile::tempdir().unwrap();
        let certificate = directory.path().join("apiserver.crt");
        fs::write(&certificate, "PEM").unwrap();
        let path = directory.path().join("kubeconfig");
        write_kubeconfig(&path, "https://127.0.0.1:1", &certificate, "secret").unwrap();
        let config = Kubeconfig::read_from(&path).unwrap();
        let cluster = config.clusters[0].cluster.clone().unwrap();
        assert_eq!(cluster.server.as_deref(), Some("https://127.0.0.1:1"));
        assert_eq!(cluster.certificate_authority_data.as_deref(), Some("UEVN"));
        assert_eq!(config.current_context.as_deref(), Some("testbed"));
        let other = directory.path().join("other");
        write_kubeconfig_in("argocd", &path, &other).unwrap();
        let context = Kubeconfig::read_from(&other).unwrap().contexts[0]
            .context
            .clone()
            .unwrap();
        assert_eq!(context.namespace.as_deref(), Some("argocd"));
        assert_eq!(
            fs::metadata(&path).unwrap().permissions().mode() & 0o777,
            0o600
        );
    }
}
