//! Encrypted doors for the tests' servers, with certificates made by the test: right ones, wrong ones.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::{
    fs::{self, File},
    io::{ErrorKind, Read as _, Write as _},
    net::{SocketAddr, TcpListener, TcpStream},
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use rcgen::{CertificateParams, KeyPair, date_time_ymd};
use rustls::{
    ServerConfig, ServerConnection, StreamOwned,
    pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer},
};
use tempfile::TempDir;

use super::{http::PATIENCE, sqld::free_port};

/// Until when a certificate is good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Validity {
    Good,
    Expired,
}

/// A door that speaks TLS, and passes on in clear what comes through it. It ends with its owner.
pub(crate) struct TlsDoor {
    address: SocketAddr,
    folder: TempDir,
    ended: Arc<AtomicBool>,
    accepting: Option<JoinHandle<()>>,
    _reserved: File,
}

impl TlsDoor {
    /// A door before the server there, with a certificate that it signed itself for this name.
    pub(crate) fn before(server: SocketAddr, name: &str, validity: Validity) -> Self {
        let mut wanted = CertificateParams::new(vec![name.to_owned()]).unwrap();
        if validity == Validity::Expired {
            wanted.not_before = date_time_ymd(2001, 1, 1);
            wanted.not_after = date_time_ymd(2002, 1, 1);
        }
        let key = KeyPair::generate().unwrap();
        let certificate = wanted.self_signed(&key).unwrap();
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("roots.pem"), certificate.pem()).unwrap();
        let config = ServerConfig::builder()
            .with_no_client_auth()
            .with_single_cert(
                vec![CertificateDer::from(certificate.der().to_vec())],
                PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der())),
            )
            .unwrap();
        let (address, reserved) = free_port();
        let listener = TcpListener::bind(address).unwrap();
        let (ended, config) = (Arc::new(AtomicBool::new(false)), Arc::new(config));
        let end = Arc::clone(&ended);
        let accepting = thread::spawn(move || {
            while let (Ok((client, _)), false) = (listener.accept(), end.load(Ordering::Relaxed)) {
                let (config, end) = (Arc::clone(&config), Arc::clone(&end));
                thread::spawn(move || {
                    // What a client breaks off is not the door's fault.
                    let _ = pass(client, server, config, &end);
                });
            }
        });
        Self { address, folder, ended, accepting: Some(accepting), _reserved: reserved }
    }

    /// The port it listens on.
    pub(crate) const fn port(&self) -> u16 {
        self.address.port()
    }

    /// A file with its certificate, for `SSL_CERT_FILE`.
    pub(crate) fn roots(&self) -> PathBuf {
        self.folder.path().join("roots.pem")
    }
}

impl Drop for TlsDoor {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::Relaxed);
        let _ = TcpStream::connect(self.address);
        if let Some(accepting) = self.accepting.take() {
            let _ = accepting.join();
        }
    }
}

/// Passes what comes from either side to the other, in turns.
fn pass(
    client: TcpStream,
    server: SocketAddr,
    config: Arc<ServerConfig>,
    ended: &AtomicBool,
) -> Result<(), Box<dyn std::error::Error>> {
    let mut server = TcpStream::connect_timeout(&server, PATIENCE)?;
    let mut client = StreamOwned::new(ServerConnection::new(config)?, client);
    client.sock.set_read_timeout(Some(PATIENCE))?;
    while client.conn.is_handshaking() {
        client.conn.complete_io(&mut client.sock)?;
    }
    let turn = Some(Duration::from_millis(5));
    client.sock.set_read_timeout(turn)?;
    server.set_read_timeout(turn)?;
    let mut buffer = [0; 16_384];
    while !ended.load(Ordering::Relaxed) {
        match client.read(&mut buffer) {
            Ok(0) => break,
            Ok(count) => server.write_all(&buffer[..count])?,
            Err(error) if [ErrorKind::WouldBlock, ErrorKind::TimedOut].contains(&error.kind()) => {}
            Err(error) => return Err(error.into()),
        }
        match server.read(&mut buffer) {
            Ok(0) => break,
            Ok(count) => client.write_all(&buffer[..count])?,
            Err(error) if [ErrorKind::WouldBlock, ErrorKind::TimedOut].contains(&error.kind()) => {}
            Err(error) => return Err(error.into()),
        }
    }
    client.conn.send_close_notify();
    client.conn.complete_io(&mut client.sock)?;
    Ok(())
}
