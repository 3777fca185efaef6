//! TLS for the routes that are meant for the public, where no proxy stands before them.

use std::fmt;
use std::sync::Arc;

use rcgen::{CertificateParams, DistinguishedName, DnType, KeyPair};
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// A certificate and its key.
#[derive(Clone)]
pub struct Tls(pub(crate) Arc<ServerConfig>);

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tls")
    }
}

/// Why there is no TLS. Keys are not shown.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TlsError {
    /// The certificate cannot be made: the host's name is no name.
    #[error("a certificate for this host cannot be made")]
    Make(#[source] rcgen::Error),
    /// This is no PEM.
    #[error("the certificate or its key cannot be read")]
    Pem(#[source] rustls::pki_types::pem::Error),
    /// The key is another certificate's.
    #[error("the certificate and its key cannot be used")]
    Use(#[source] rustls::Error),
}

/// A certificate that nobody else vouches for, and its key, as PEM.
#[derive(Clone)]
pub struct SelfSigned {
    /// What the other side is given to trust.
    pub certificate: String,
    /// What must stay here.
    pub key: String,
}

impl fmt::Debug for SelfSigned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SelfSigned")
    }
}

impl SelfSigned {
    /// Makes one for a host: a name or an IP address.
    ///
    /// # Errors
    /// [`TlsError::Make`].
    pub fn make(host: &str) -> Result<Self, TlsError> {
        let key = KeyPair::generate().map_err(TlsError::Make)?;
        let mut params = CertificateParams::new([host.to_owned()]).map_err(TlsError::Make)?;
        params.distinguished_name = DistinguishedName::new();
        // Telegram compares the host with this name too.
        params.distinguished_name.push(DnType::CommonName, host);
        let certificate = params.self_signed(&key).map_err(TlsError::Make)?;
        Ok(Self { certificate: certificate.pem(), key: key.serialize_pem() })
    }
}

impl Tls {
    /// From a chain of certificates and a key, as PEM.
    ///
    /// # Errors
    /// See [`TlsError`].
    pub fn from_pem(certificates: &str, key: &str) -> Result<Self, TlsError> {
        let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(certificates.as_bytes()).collect();
        let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).map_err(TlsError::Pem)?;
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(TlsError::Use)?
            .with_no_client_auth();
        let chain = chain.map_err(TlsError::Pem)?;
        let mut config = config.with_single_cert(chain, key).map_err(TlsError::Use)?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self(Arc::new(config)))
    }
}
