//! Encrypted connections.

use crate::error::DatabaseError;
use rustls::{
    ClientConfig, RootCertStore,
    crypto::ring,
    pki_types::{CertificateDer, pem::PemObject},
};
use std::sync::Arc;
use tokio_postgres_rustls::MakeRustlsConnect;

/// Returns the authorities to trust; `None` if a text holds no certificate.
pub(crate) fn roots(pem: Option<&str>) -> Option<RootCertStore> {
    let mut roots = RootCertStore::empty();
    let Some(pem) = pem else {
        roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
        return Some(roots);
    };
    for certificate in CertificateDer::pem_slice_iter(pem.as_bytes()) {
        roots.add(certificate.ok()?).ok()?;
    }
    (!roots.is_empty()).then_some(roots)
}

/// Returns a connector that verifies the certificate of the server.
pub(crate) fn connector(pem: Option<&str>) -> Result<MakeRustlsConnect, DatabaseError> {
    let failed = |why: &str| DatabaseError::Connect(why.to_owned());
    let roots = roots(pem).ok_or_else(|| failed("`root_certificates` holds no certificates"))?;
    // The provider of the process may be another one, or none.
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|err| failed(&err.to_string()))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(MakeRustlsConnect::new(config))
}
