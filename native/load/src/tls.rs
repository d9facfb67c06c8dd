//! Whom to trust over TLS.

use std::path::Path;
use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};

use crate::LoadError;

/// Trusts the certificates in a PEM file, and no others.
///
/// # Errors
/// `Config`: the file can't be read, or has no certificate that can be used.
pub(crate) fn trust_file(path: &Path) -> Result<Arc<ClientConfig>, LoadError> {
    let fail = |why: String| LoadError::config(format!("sink.tls.ca-file '{}': {why}", path.display()));
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(path).map_err(|e| fail(format!("can't be read: {e}")))? {
        let certificate = certificate.map_err(|e| fail(format!("can't be read: {e}")))?;
        roots.add(certificate).map_err(|e| fail(format!("has a certificate that can't be used: {e}")))?;
    }
    if roots.is_empty() {
        return Err(fail("has no certificate in it ('-----BEGIN CERTIFICATE-----')".to_owned()));
    }
    client(roots).map_err(fail)
}

/// Trusts what the system trusts: the platform's certificate store, or what `SSL_CERT_FILE` or `SSL_CERT_DIR` name.
pub(crate) fn trust_system() -> Result<Arc<ClientConfig>, String> {
    let found = rustls_native_certs::load_native_certs();
    let mut roots = RootCertStore::empty();
    // System stores hold old and odd certificates; those that can't be used trust nobody.
    roots.add_parsable_certificates(found.certs);
    if roots.is_empty() {
        let why = found.errors.first().map(|e| format!(" ({e})")).unwrap_or_default();
        return Err(format!("the system has no trusted certificates{why}; name a file by sink.tls.ca-file"));
    }
    client(roots)
}

fn client(roots: RootCertStore) -> Result<Arc<ClientConfig>, String> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|e| e.to_string())?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(Arc::new(config))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ErrorCode;

    #[test]
    fn a_bad_file_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let empty = dir.path().join("empty.pem");
        std::fs::write(&empty, "nothing here\n").unwrap();
        let broken = dir.path().join("broken.pem");
        std::fs::write(&broken, "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n").unwrap();
        for path in [empty, broken, dir.path().join("missing.pem")] {
            let e = trust_file(&path).unwrap_err();
            assert_eq!(e.code, ErrorCode::Config);
            assert!(e.message.contains("sink.tls.ca-file"), "{e}");
            assert!(e.message.contains(path.to_str().unwrap()), "{e}");
        }
    }
}
