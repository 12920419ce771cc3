//! TLS: the bundled roots (webpki-roots) and the certificates of `SSL_CERT_FILE`, never the system's.

use std::{path::Path, sync::Arc};

use rustls::{ClientConfig, RootCertStore, pki_types::ServerName};
use tokio_rustls::TlsConnector;

use super::wire::Stream;
use crate::db::error::{Error, ErrorKind, Result};

/// What all connections have in common.
pub(super) fn connector(_more: Option<&Path>) -> Result<TlsConnector> {
    let mut roots = RootCertStore::empty();
    roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    let config = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
    Ok(TlsConnector::from(Arc::new(config)))
}

/// Speaks TLS over this.
pub(super) async fn wrap(tls: &TlsConnector, host: &str, stream: Stream) -> Result<Stream> {
    let name = ServerName::try_from(host.trim_matches(['[', ']']).to_owned())
        .map_err(|_| Error::new(ErrorKind::Unreachable, format!("no certificate can name {host}"), "check the URL"))?;
    match tls.connect(name, stream).await {
        Ok(stream) => Ok(Box::new(stream)),
        Err(error) => Err(Error::new(
            ErrorKind::Unreachable,
            format!("no encrypted connection to {host}: {error}"),
            "check the URL; for a server without TLS write http://",
        )),
    }
}
