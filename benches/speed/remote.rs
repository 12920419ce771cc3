//! A real server with the generated database, behind a proxy that delays, breaks and counts; and the least a client can do.

use std::{
    fs,
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use reelscope::db::location::Location;

use crate::{
    setting::Setting,
    support::{
        http::Message,
        proxy::{Counts, Proxy, Request},
        sqld::Sqld,
    },
};

/// What the network adds to each round trip.
pub(crate) const DELAY: Duration = Duration::from_millis(30);
/// Ledger rows on the server, and history rows.
pub(crate) const ROWS: u64 = 100_000;
/// No answer of a healthy server takes longer.
const PATIENCE: Duration = Duration::from_secs(30);

/// The server and the way to it.
pub(crate) struct Remote {
    pub(crate) sqld: Sqld,
    pub(crate) proxy: Proxy,
    /// The file with the same rows as the server.
    pub(crate) file: PathBuf,
}

impl Remote {
    /// A server that holds the generated database.
    pub(crate) fn start(setting: &Setting) -> Result<Self, String> {
        let file = setting.database(ROWS)?;
        let mut sqld = Sqld::start().ok_or("servers are left out: REELSCOPE_SKIP_SERVER_TESTS=1")?;
        fill(&mut sqld, &file)?;
        let proxy = Proxy::before(sqld.address());
        Ok(Self { sqld, proxy, file })
    }

    /// The server by the way of the proxy, with connections of its own.
    pub(crate) fn location(&self) -> Result<Location, String> {
        Location::parse(&self.proxy.url()).map_err(|error| error.to_string())
    }

    /// Does something: what it gave, and the requests that passed and the connections that were made meanwhile.
    pub(crate) fn watch<T>(&self, act: impl FnOnce() -> Result<T, String>) -> Result<(T, Passed), String> {
        let (before, seen) = (self.proxy.counts(), self.proxy.requests().len());
        let done = act()?;
        let requests = self.proxy.requests().split_off(seen);
        Ok((done, Passed { requests, counts: difference(before, self.proxy.counts()) }))
    }
}

/// What passed the proxy.
pub(crate) struct Passed {
    pub(crate) requests: Vec<Request>,
    pub(crate) counts: Counts,
}

impl Passed {
    /// In words.
    pub(crate) fn words(&self) -> String {
        let Counts { connections, requests, down, .. } = self.counts;
        format!("requests {requests}, connections made {connections}, {:.1} kB", down as f64 / 1000.0)
    }
}

/// What came between two looks.
pub(crate) const fn difference(before: Counts, after: Counts) -> Counts {
    Counts {
        connections: after.connections - before.connections,
        open: after.open,
        requests: after.requests - before.requests,
        up: after.up - before.up,
        down: after.down - before.down,
    }
}

/// Gives the server the rows of a file: it makes its log anew from the file that it finds.
fn fill(sqld: &mut Sqld, file: &Path) -> Result<(), String> {
    sqld.stop();
    sqld.wipe();
    let data = sqld.data();
    let folder = data.parent().ok_or("the server's file lies in no folder")?;
    fs::create_dir_all(folder).and_then(|()| fs::copy(file, &data)).map_err(|error| error.to_string())?;
    sqld.restart();
    Ok(())
}

/// A client that sends the bytes of others and reads what comes back, on one kept connection.
pub(crate) struct Raw {
    address: SocketAddr,
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Raw {
    /// Connects.
    pub(crate) fn connect(address: SocketAddr) -> Result<Self, String> {
        let open = || {
            let stream = TcpStream::connect_timeout(&address, PATIENCE)?;
            stream.set_nodelay(true)?;
            stream.set_read_timeout(Some(PATIENCE))?;
            Ok(stream)
        };
        let stream = open().map_err(|error: std::io::Error| error.to_string())?;
        Ok(Self { address, stream, buffer: vec![0; 65_536] })
    }

    /// Sends the request again and waits for all of the answer: how long that took.
    pub(crate) fn repeat(&mut self, request: &Request) -> Result<Duration, String> {
        let Request { target, sent, .. } = request;
        let (address, length) = (self.address, sent.len());
        let head = format!(
            "{target} HTTP/1.1\r\nhost: {address}\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n"
        );
        let whole = [head.as_bytes(), sent].concat();
        let begun = Instant::now();
        let mut message = Message::default();
        self.stream.write_all(&whole).map_err(|error| error.to_string())?;
        while !message.is_whole() {
            let Ok(count @ 1..) = self.stream.read(&mut self.buffer) else {
                return Err("the server does not answer a raw request".to_owned());
            };
            message.feed(&self.buffer[..count]);
        }
        let took = begun.elapsed();
        if !message.line().contains(" 200 ") {
            return Err(format!("a raw request is answered {}", message.line()));
        }
        Ok(took)
    }
}
