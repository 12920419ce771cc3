//! Certificates that are wrong in one way each, and proxies.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::{fs, io::Write as _, net::TcpStream, path::Path};

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, date_time_ymd};
use rustls::{ServerConfig, ServerConnection, StreamOwned, pki_types::PrivateKeyDer};

use super::*;
use crate::db::{
    connection::Canceller,
    server::{
        Server,
        credentials::Credentials,
        site::{Do, Duplex, Site, one, select_one},
    },
};

/// An authority, and a certificate it has signed.
struct Authority {
    pem: String,
    config: Arc<ServerConfig>,
}

fn authority(names: &[&str], change: impl Fn(&mut CertificateParams)) -> Authority {
    let key = KeyPair::generate().unwrap();
    let mut own = CertificateParams::new(Vec::new()).unwrap();
    own.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let pem = own.self_signed(&key).unwrap().pem();
    let issuer = Issuer::new(own, key);
    let leaf_key = KeyPair::generate().unwrap();
    let mut leaf = CertificateParams::new(names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>()).unwrap();
    change(&mut leaf);
    let leaf = leaf.signed_by(&leaf_key, &issuer).unwrap();
    let secret = PrivateKeyDer::try_from(leaf_key.serialize_der()).unwrap();
    let config = ServerConfig::builder().with_no_client_auth().with_single_cert(vec![leaf.der().clone()], secret);
    Authority { pem, config: Arc::new(config.unwrap()) }
}

impl Authority {
    fn wrap(&self) -> impl Fn(TcpStream) -> Box<dyn Duplex> + Send + Sync + use<> {
        let config = Arc::clone(&self.config);
        move |stream| Box::new(StreamOwned::new(ServerConnection::new(Arc::clone(&config)).unwrap(), stream))
    }
}

fn server(url: &str, variables: &[(&str, &str)]) -> Server {
    let variables: Vec<_> = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let server = Server::new(Endpoint::parse(url).unwrap(), Credentials::none());
    server.with_environment(&variables)
}

fn ask(server: &Server) -> Result<()> {
    server.link()?.batch(&select_one(), &Canceller::default()).map(drop)
}

/// Asks a site with such a certificate, whose authority is trusted.
fn told(authority: &Authority) -> Result<(), String> {
    let site = Site::with(authority.wrap(), |_| Do::Send(one()));
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ca.pem");
    fs::write(&file, &authority.pem).unwrap();
    let url = format!("https://localhost:{}", site.address.port());
    ask(&server(&url, &[("SSL_CERT_FILE", file.to_str().unwrap())])).map_err(|error| error.what)
}

#[test]
fn wrong_certificates_are_told_apart() {
    assert_eq!(told(&authority(&["localhost"], |_| {})), Ok(()));
    let expired = authority(&["localhost"], |leaf| leaf.not_after = date_time_ymd(2020, 1, 1));
    assert_eq!(told(&expired).unwrap_err(), "the certificate of localhost has expired");
    let early = authority(&["localhost"], |leaf| leaf.not_before = date_time_ymd(3000, 1, 1));
    assert_eq!(told(&early).unwrap_err(), "the certificate of localhost is not valid yet");
    let other = authority(&["elsewhere"], |_| {});
    assert_eq!(told(&other).unwrap_err(), "the certificate that came for localhost is of another name");
    let site = Site::with(other.wrap(), |_| Do::Send(one()));
    let error = ask(&server(&format!("https://localhost:{}", site.address.port()), &[])).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Unreachable);
    assert!(error.what.contains("signed by itself, or by an authority that is not known here"), "{}", error.what);
    assert!(error.remedy.contains("SSL_CERT_FILE"));
}

#[test]
fn a_port_without_tls_is_noticed() {
    let plain = Site::with(
        |mut stream| {
            let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n");
            Box::new(stream)
        },
        |_| Do::Send(one()),
    );
    let error = ask(&server(&format!("https://localhost:{}", plain.address.port()), &[])).unwrap_err();
    assert_eq!(error.what, "what answers for localhost does not speak TLS");
    assert!(error.remedy.contains("http://"));
}

#[test]
fn a_port_with_tls_is_noticed() {
    let site = Site::with(authority(&["localhost"], |_| {}).wrap(), |_| Do::Send(one()));
    let error = ask(&server(&format!("http://localhost:{}", site.address.port()), &[])).unwrap_err();
    assert!(matches!(error.kind, ErrorKind::Server | ErrorKind::Unreachable), "{error:?}");
}

#[test]
fn a_wrong_file_of_certificates_is_an_error_where_tls_is_wanted() {
    let folder = tempfile::tempdir().unwrap();
    let said = |path: &Path| {
        let error = ask(&server("https://localhost:1", &[("SSL_CERT_FILE", path.to_str().unwrap())])).unwrap_err();
        assert!(error.what.contains("SSL_CERT_FILE"), "{}", error.what);
        error.what.rsplit_once(": ").unwrap().1.to_owned()
    };
    let file = folder.path().join("a.pem");
    assert!(said(&file).contains("No such file"));
    fs::write(&file, "no certificate").unwrap();
    assert_eq!(said(&file), "there is none in it");
    fs::write(&file, "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n").unwrap();
    assert!(!said(&file).is_empty());
    let site = Site::new(|_| Do::Send(one()));
    let url = format!("http://{}", site.address);
    assert!(ask(&server(&url, &[("SSL_CERT_FILE", "/nowhere")])).is_ok());
}

#[test]
fn a_proxy_is_asked_by_whole_urls_or_to_connect() {
    let proxy = Site::new(|asked| {
        if asked.head.starts_with("CONNECT ") {
            Do::Send(b"HTTP/1.1 200 Connection established\r\n\r\n".to_vec())
        } else {
            Do::Send(one())
        }
    });
    let plain = format!("http://{}", proxy.address);
    ask(&server("http://db.example:8080", &[("http_proxy", &plain)])).unwrap();
    assert!(proxy.asked()[0].head.starts_with("POST http://db.example:8080/v3/pipeline HTTP/1.1"));
    // With a login the proxy has to connect us: the driver's requests cannot carry it.
    let login = format!("http://me:pass@{}", proxy.address);
    ask(&server("http://db.example:8080", &[("http_proxy", &login)])).unwrap();
    let asked = proxy.asked();
    assert!(asked[1].head.starts_with("CONNECT db.example:8080 HTTP/1.1"));
    assert_eq!(asked[1].header("proxy-authorization"), Some("Basic bWU6cGFzcw=="));
    assert!(asked[2].head.starts_with("POST /v3/pipeline HTTP/1.1"));
    assert_eq!(asked[2].header("proxy-authorization"), None);
}

#[test]
fn no_proxy_stands_between_two_ports_of_this_computer() {
    let (proxy, site) = (Site::new(|_| Do::Send(one())), Site::new(|_| Do::Send(one())));
    let proxied = format!("http://{}", proxy.address);
    ask(&server(&format!("http://{}", site.address), &[("http_proxy", &proxied)])).unwrap();
    assert_eq!((proxy.asked().len(), site.asked().len()), (0, 1));
}

#[test]
fn a_proxy_that_refuses_is_named() {
    let said = |answer: &'static [u8]| {
        let proxy = Site::new(move |_| Do::Send(answer.to_vec()));
        let error = ask(&server("https://db.example", &[("HTTPS_PROXY", &proxy.address.to_string())])).unwrap_err();
        assert_eq!(error.kind, ErrorKind::Unreachable);
        error.what.replace(&proxy.address.port().to_string(), "PORT")
    };
    let all = [
        said(b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n"),
        said(b"HTTP/1.1 403 Forbidden\r\n\r\n"),
        said(b"SSH-2.0-OpenSSH\r\n\r\n"),
    ];
    insta::assert_snapshot!(all.join("\n"), @r"
    the proxy before db.example wants a user and a password (407)
    the proxy 127.0.0.1:PORT (set in HTTPS_PROXY) does not connect to db.example: 403 Forbidden
    the proxy 127.0.0.1:PORT (set in HTTPS_PROXY) does not connect to db.example: it does not speak HTTP
    ");
    let nobody = server("https://db.example", &[("HTTPS_PROXY", "127.0.0.1:1")]);
    assert!(ask(&nobody).unwrap_err().what.contains("HTTPS_PROXY"));
}

#[test]
fn all_of_a_set_up_is_within_one_time_limit() {
    let proxy = Site::new(|_| Do::Silence);
    let mut server = server("https://db.example", &[("HTTPS_PROXY", &proxy.address.to_string())]);
    server.limits.connect = Duration::from_millis(100);
    let error = ask(&server).unwrap_err();
    assert_eq!(error.kind, ErrorKind::TimedOut);
    assert!(
        error.what.starts_with("connection timeout: db.example could not be reached within 0.1 s"),
        "{}",
        error.what
    );
}
