//! Name and TCP: all addresses of a name are tried, each a moment after the one before, and the first that answers is taken
//! (RFC 8305, "Happy Eyeballs", without its order of families: the resolver's is kept).

use std::{io, net::SocketAddr, time::Duration};

use tokio::{net::TcpStream, task::JoinSet, time};

use crate::db::{
    error::{Error, ErrorKind, Result},
    server::words,
};

/// After this the next address is tried as well.
const HEAD_START: Duration = Duration::from_millis(250);

/// When the system asks whether the other side is still there, and how long what was sent may stay unacknowledged: a laptop that
/// slept, or a router that forgot the connection, is noticed by this.
const KEEP_ALIVE: Duration = Duration::from_secs(20);
const UNACKNOWLEDGED: Duration = Duration::from_secs(8);

/// A TCP connection there.
pub(super) async fn dial(host: &str, port: u16) -> Result<TcpStream> {
    let name = host.trim_matches(['[', ']']);
    let addresses: Vec<SocketAddr> =
        tokio::net::lookup_host((name, port)).await.map_err(|error| unknown(host, &error))?.collect();
    let mut last = None;
    let mut attempts = JoinSet::new();
    let mut rest = addresses.into_iter();
    loop {
        if let Some(address) = rest.next() {
            attempts.spawn(async move { TcpStream::connect(address).await });
        }
        let outcome = if rest.len() == 0 {
            attempts.join_next().await
        } else {
            match time::timeout(HEAD_START, attempts.join_next()).await {
                Ok(outcome) => outcome,
                Err(_) => continue,
            }
        };
        match outcome {
            Some(Ok(Ok(stream))) => {
                prepare(&stream);
                return Ok(stream);
            }
            Some(Ok(Err(error))) => last = Some(error),
            Some(Err(_)) => {}
            None if rest.len() == 0 => break,
            None => {}
        }
    }
    let why = last.unwrap_or_else(|| io::Error::from(io::ErrorKind::NotFound));
    Err(unreachable(host, port, &why))
}

fn prepare(stream: &TcpStream) {
    // Each is a help, none is needed.
    let _ = stream.set_nodelay(true);
    let _ = rustix::net::sockopt::set_socket_keepalive(stream, true);
    #[cfg(target_os = "linux")]
    {
        use rustix::net::sockopt;
        let _ = sockopt::set_tcp_keepidle(stream, KEEP_ALIVE);
        let _ = sockopt::set_tcp_keepintvl(stream, KEEP_ALIVE / 4);
        let _ = sockopt::set_tcp_keepcnt(stream, 3);
        let _ = sockopt::set_tcp_user_timeout(stream, u32::try_from(UNACKNOWLEDGED.as_millis()).unwrap_or(u32::MAX));
    }
}

fn unknown(host: &str, error: &io::Error) -> Error {
    tracing::debug!("resolving {host}: {error}");
    Error::new(
        ErrorKind::Unreachable,
        format!("there is no server named {host}, or no network to ask for it"),
        "check the URL for typing errors, and the network",
    )
}

fn unreachable(host: &str, port: u16, error: &io::Error) -> Error {
    let (what, remedy) = match error.kind() {
        io::ErrorKind::ConnectionRefused => (
            format!("{host}:{port} refuses the connection"),
            "nothing listens there: check that the server runs, and its port",
        ),
        io::ErrorKind::NetworkUnreachable | io::ErrorKind::HostUnreachable => {
            (format!("there is no way to {host}:{port}"), "check the network (Wi-Fi, VPN)")
        }
        io::ErrorKind::TimedOut => (format!("{host}:{port} does not answer"), words::CHECK_NETWORK),
        _ => (format!("{host}:{port} cannot be reached: {error}"), "check the network, and the URL"),
    };
    Error::new(ErrorKind::Unreachable, what, remedy)
}
