//! TLS: takes a certificate from a directory, or makes a CA and a certificate there.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::TlsAcceptor;

/// Why TLS cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file cannot be read or written.
    #[error("cannot use {}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What went wrong.
        #[source]
        source: io::Error,
    },
    /// A file is not PEM of the expected kind.
    #[error("{} is not valid PEM", path.display())]
    Pem {
        /// The file.
        path: PathBuf,
        /// What went wrong.
        #[source]
        source: rustls::pki_types::pem::Error,
    },
    /// Only one of the two files is there.
    #[error("{} must hold both tls.crt and tls.key, or neither of them", path.display())]
    HalfThere {
        /// The directory.
        path: PathBuf,
    },
    /// A certificate cannot be made.
    #[error("cannot make a certificate")]
    Make(#[from] rcgen::Error),
    /// The certificate and the key do not serve.
    #[error("cannot serve TLS with this certificate and key")]
    Config(#[from] rustls::Error),
}

/// TLS with `tls.crt` and `tls.key` of `directory`. When neither is there, a CA and a certificate for
/// `localhost`, `127.0.0.1` and `::1` are made and written as `ca.crt`, `tls.crt` and `tls.key`.
///
/// # Errors
/// [`TlsError`] when a file is missing its pair, cannot be read or written, or does not serve.
pub fn acceptor(directory: &Path) -> Result<TlsAcceptor, TlsError> {
    let (certificate, key) = (directory.join("tls.crt"), directory.join("tls.key"));
    match (certificate.exists(), key.exists()) {
        (true, true) => {}
        (false, false) => make(directory)?,
        (true, false) | (false, true) => {
            return Err(TlsError::HalfThere {
                path: directory.to_owned(),
            });
        }
    }
    let pem = |path: &PathBuf| {
        let path = path.clone();
        move |source| TlsError::Pem { path, source }
    };
    let chain = CertificateDer::pem_file_iter(&certificate)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(pem(&certificate))?;
    let key = PrivateKeyDer::from_pem_file(&key).map_err(pem(&key))?;
    let mut config = ServerConfig::builder_with_provider(Arc::new(
        rustls::crypto::aws_lc_rs::default_provider(),
    ))
    .with_safe_default_protocol_versions()?
    .with_no_client_auth()
    .with_single_cert(chain, key)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}

fn make(directory: &Path) -> Result<(), TlsError> {
    std::fs::create_dir_all(directory).map_err(|source| TlsError::File {
        path: directory.to_owned(),
        source,
    })?;
    let mut params = CertificateParams::new(Vec::<String>::new())?;
    params
        .distinguished_name
        .push(DnType::CommonName, "kusto-arm-simulator CA");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![
        KeyUsagePurpose::KeyCertSign,
        KeyUsagePurpose::CrlSign,
        KeyUsagePurpose::DigitalSignature,
    ];
    let key = KeyPair::generate()?;
    let ca = params.self_signed(&key)?;
    let issuer = Issuer::new(params, key);

    let names = ["localhost", "127.0.0.1", "::1"].map(str::to_owned);
    let mut params = CertificateParams::new(names)?;
    params
        .distinguished_name
        .push(DnType::CommonName, "kusto-arm-simulator");
    params.use_authority_key_identifier_extension = true;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    let key = KeyPair::generate()?;
    let leaf = params.signed_by(&key, &issuer)?;

    write(&directory.join("ca.crt"), &ca.pem(), 0o644)?;
    write(&directory.join("tls.key"), &key.serialize_pem(), 0o600)?;
    write(&directory.join("tls.crt"), &leaf.pem(), 0o644)
}

fn write(path: &Path, text: &str, mode: u32) -> Result<(), TlsError> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, mode);
    #[cfg(not(unix))]
    let _ = mode;
    options
        .open(path)
        .and_then(|mut file| file.write_all(text.as_bytes()))
        .map_err(|source| TlsError::File {
            path: path.to_owned(),
            source,
        })
}
