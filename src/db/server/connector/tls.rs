//! TLS: the bundled roots (webpki-roots) and the certificates of `SSL_CERT_FILE`, never the system's.

use std::{io, path::Path, sync::Arc};

use rustls::{CertificateError, ClientConfig, RootCertStore, pki_types::ServerName};
use tokio_rustls::TlsConnector;

use super::wire::Stream;
use crate::db::error::{Error, ErrorKind, Result};

/// What all connections have in common.
///
/// # Errors
///
/// A file of certificates that cannot be read, or holds none.
pub(super) fn connector(more: Option<&Path>) -> Result<TlsConnector> {
    let mut roots = RootCertStore::empty();
    roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    if let Some(path) = more {
        add(&mut roots, path)?;
    }
    let mut config = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
    // The driver's pipelines and the replica's gRPC-web both go over HTTP/1.1, a connection for each request at a time: what is given up
    // is closed, and the server notices.
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(TlsConnector::from(Arc::new(config)))
}

fn add(roots: &mut RootCertStore, path: &Path) -> Result<()> {
    let wrong = |why: String| {
        Error::new(
            ErrorKind::Unreachable,
            format!("the certificates of SSL_CERT_FILE ({}) cannot be used: {why}", path.display()),
            "name a file of certificates in PEM form there, or unset the variable",
        )
    };
    let text = std::fs::read(path).map_err(|error| wrong(error.to_string()))?;
    let mut added = 0_usize;
    for certificate in rustls_pemfile::certs(&mut text.as_slice()) {
        let certificate = certificate.map_err(|error| wrong(error.to_string()))?;
        roots.add(certificate).map_err(|error| wrong(error.to_string()))?;
        added += 1;
    }
    if added == 0 { Err(wrong("there is none in it".to_owned())) } else { Ok(()) }
}

/// Speaks TLS over this.
pub(super) async fn wrap(tls: &TlsConnector, host: &str, stream: Stream) -> Result<Stream> {
    let name = ServerName::try_from(host.trim_matches(['[', ']']).to_owned())
        .map_err(|_| Error::new(ErrorKind::Unreachable, format!("no certificate can name {host}"), "check the URL"))?;
    match tls.connect(name, stream).await {
        Ok(stream) => Ok(Box::new(stream)),
        Err(error) => Err(refused(host, &error)),
    }
}

fn refused(host: &str, error: &io::Error) -> Error {
    let (what, remedy) = match error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
        Some(rustls::Error::InvalidCertificate(why)) => certificate(host, why),
        Some(rustls::Error::InvalidMessage(_)) => (
            format!("what answers for {host} does not speak TLS"),
            "check the port; for a server without TLS write http://HOST:PORT, or libsql://HOST:PORT?tls=0",
        ),
        Some(other) => (
            format!("no encrypted connection to {host}: {other}"),
            "check the URL and the server's TLS; a network in between may interfere, too",
        ),
        None => (
            format!("{host} ended the connection where TLS begins: {error}"),
            "check the port; for a server without TLS write http://HOST:PORT, or libsql://HOST:PORT?tls=0",
        ),
    };
    Error::new(ErrorKind::Unreachable, what, remedy)
}

fn certificate(host: &str, why: &CertificateError) -> (String, &'static str) {
    match why {
        CertificateError::Expired => (
            format!("the certificate of {host} has expired"),
            "tell who runs the server; check this computer's clock, too",
        ),
        CertificateError::NotValidYet => {
            (format!("the certificate of {host} is not valid yet"), "check this computer's clock")
        }
        CertificateError::NotValidForName => (
            format!("the certificate that came for {host} is of another name"),
            "check the URL; in a hotel or a café, log in to the network with a web browser first",
        ),
        CertificateError::Revoked => (format!("the certificate of {host} was revoked"), "tell who runs the server"),
        CertificateError::UnknownIssuer => unknown(host),
        // A certificate that signed itself with the right to sign others: webpki names it so.
        other if format!("{other:?}").contains("CaUsedAsEndEntity") => unknown(host),
        other => (format!("the certificate of {host} is not valid: {other:?}"), "tell who runs the server"),
    }
}

fn unknown(host: &str) -> (String, &'static str) {
    (
        format!("the certificate of {host} is signed by itself, or by an authority that is not known here"),
        "if it is the right one, put it, or its authority's, as PEM into a file and name this in SSL_CERT_FILE",
    )
}
