//! Which certificate of a server is believed, with libpq's meaning of `sslmode`.

use std::path::Path;
use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{verify_server_cert_signed_by_trust_anchor, verify_server_name};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme,
};

use super::PostgresError;
use super::options::{Roots, SslMode};
use crate::tls;

/// How a server is checked in `mode`, against what `sslrootcert` says.
pub(super) fn client_config(mode: SslMode, roots: &Roots) -> Result<ClientConfig, PostgresError> {
    let checks = match (mode, roots) {
        (SslMode::VerifyFull, _) => Some(Name::Checked),
        (SslMode::VerifyCa, _) | (SslMode::Require, Roots::File(_) | Roots::Public) => {
            Some(Name::Any)
        }
        _ => None,
    };
    let broken = |error| PostgresError::Setting(format!("TLS can't be set up: {error}."));
    let mut config = tls::client_config(RootCertStore::empty()).map_err(broken)?;
    let verifier: Arc<dyn ServerCertVerifier> = match checks {
        Some(name) => Arc::new(trusting(roots, name)?),
        None => Arc::new(Anyone(tls::provider())),
    };
    config.dangerous().set_certificate_verifier(verifier);
    Ok(config)
}

fn trusting(roots: &Roots, name: Name) -> Result<Trust, PostgresError> {
    let provider = tls::provider();
    let Roots::File(path) = roots else {
        return Ok(Trust { provider, roots: tls::public_roots(), given: Vec::new(), name });
    };
    let given = tls::certificates_in(path).map_err(|error| unusable(path, &error))?;
    let mut roots = RootCertStore::empty();
    for certificate in &given {
        roots.add(certificate.clone()).map_err(|error| unusable(path, &error))?;
    }
    Ok(Trust { provider, roots, given, name })
}

fn unusable(path: &Path, error: &dyn std::error::Error) -> PostgresError {
    let path = path.display();
    PostgresError::Setting(format!("DATABASE_URL: sslrootcert {path} can't be used: {error}."))
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Name {
    Checked,
    Any,
}

/// Believes a chain to one of the roots.
#[derive(Debug)]
struct Trust {
    provider: Arc<CryptoProvider>,
    roots: RootCertStore,
    /// The certificates of `sslrootcert` as they are.
    given: Vec<CertificateDer<'static>>,
    name: Name,
}

impl Trust {
    /// A server's self-signed certificate, given as the root, is the usual small set-up. OpenSSL
    /// marks it as an authority, and rustls lets no authority be a server: so a certificate that
    /// is one of the given ones is believed. Dates were checked before that rule, and have
    /// errors of their own.
    fn is_given(&self, certificate: &CertificateDer<'_>, error: &Error) -> bool {
        let only_its_kind = matches!(error, Error::InvalidCertificate(CertificateError::Other(_)));
        only_its_kind && self.given.iter().any(|given| given == certificate)
    }
}

impl ServerCertVerifier for Trust {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let certificate = ParsedCertificate::try_from(end_entity)?;
        let algorithms = self.provider.signature_verification_algorithms.all;
        verify_server_cert_signed_by_trust_anchor(
            &certificate,
            &self.roots,
            intermediates,
            now,
            algorithms,
        )
        .or_else(|error| if self.is_given(end_entity, &error) { Ok(()) } else { Err(error) })?;
        if self.name == Name::Checked {
            verify_server_name(&certificate, server_name)?;
        }
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, cert, dss, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, cert, dss, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

/// Believes anyone: `require` and below ask for encryption, not for an identity. A signature by
/// a key that anyone may have made would prove nothing, so none is checked, and certificates too
/// old or odd to be read pass as they do with libpq.
#[derive(Debug)]
struct Anyone(Arc<CryptoProvider>);

impl ServerCertVerifier for Anyone {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _message: &[u8],
        _cert: &CertificateDer<'_>,
        _dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _message: &[u8],
        _cert: &CertificateDer<'_>,
        _dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
