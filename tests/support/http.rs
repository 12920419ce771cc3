//! As much of HTTP/1.1 as tests need: one request on a connection of its own, and reading heads and bodies.

use std::{
    io::{self, Read, Write as _},
    net::{SocketAddr, TcpStream},
    time::Duration,
};

/// So long anything may take on a busy machine before the test fails.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// What came back.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

/// `GET path`.
pub(crate) fn get(address: SocketAddr, path: &str) -> io::Result<Answer> {
    exchange(address, &format!("GET {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n"))
}

/// `POST path` with this JSON.
pub(crate) fn post(address: SocketAddr, path: &str, token: Option<&str>, json: &str) -> io::Result<Answer> {
    let token = token.map(|token| format!("authorization: Bearer {token}\r\n")).unwrap_or_default();
    let length = json.len();
    exchange(
        address,
        &format!(
            "POST {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\ncontent-type: application/json\r\n\
             {token}content-length: {length}\r\n\r\n{json}"
        ),
    )
}

fn exchange(address: SocketAddr, request: &str) -> io::Result<Answer> {
    let mut stream = TcpStream::connect_timeout(&address, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.write_all(request.as_bytes())?;
    let mut message = Message::default();
    let mut buffer = [0; 16_384];
    while !message.is_whole() {
        let count = stream.read(&mut buffer)?;
        if count == 0 {
            break;
        }
        message.feed(&buffer[..count]);
    }
    let status = message.line().split(' ').nth(1).and_then(|status| status.parse().ok());
    let status = status.ok_or_else(|| io::Error::other("no answer of HTTP"))?;
    Ok(Answer { status, body: message.body })
}

/// A request or an answer that comes in pieces.
#[derive(Clone, Debug, Default)]
pub(crate) struct Message {
    /// What is not understood yet.
    rest: Vec<u8>,
    /// The head's lines; empty until it is whole.
    pub(crate) head: Vec<String>,
    /// The body so far, without the marks of chunks.
    pub(crate) body: Vec<u8>,
    length: Length,
    whole: bool,
}

/// How long a body is.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
enum Length {
    /// As long as the connection lasts, or the head is not there yet.
    #[default]
    Open,
    /// So many bytes.
    Known(usize),
    /// It comes in chunks.
    Chunks,
}

impl Message {
    /// Takes more bytes.
    pub(crate) fn feed(&mut self, bytes: &[u8]) {
        self.rest.extend_from_slice(bytes);
        if self.head.is_empty() {
            let Some(end) = find(&self.rest, b"\r\n\r\n") else { return };
            let head = String::from_utf8_lossy(&self.rest[..end]).into_owned();
            self.rest.drain(..end + 4);
            self.head = head.split("\r\n").map(str::to_owned).collect();
            let is_request = !self.line().starts_with("HTTP/");
            self.length = match (self.header("transfer-encoding"), self.header("content-length")) {
                (Some(encoding), _) if encoding.contains("chunked") => Length::Chunks,
                (_, Some(length)) => Length::Known(length.trim().parse().unwrap_or(0)),
                _ if is_request => Length::Known(0),
                _ => Length::Open,
            };
        }
        match self.length {
            Length::Open => self.body.append(&mut self.rest),
            Length::Known(length) => {
                let take = self.rest.len().min(length - self.body.len());
                self.body.extend(self.rest.drain(..take));
                self.whole = self.body.len() == length;
            }
            Length::Chunks => self.chunks(),
        }
    }

    fn chunks(&mut self) {
        while let (false, Some(end)) = (self.whole, find(&self.rest, b"\r\n")) {
            let size = String::from_utf8_lossy(&self.rest[..end]).into_owned();
            let size = usize::from_str_radix(size.split(';').next().unwrap_or_default().trim(), 16).unwrap_or(0);
            let next = end + 2 + size + 2;
            if self.rest.len() < next {
                return;
            }
            self.body.extend_from_slice(&self.rest[end + 2..end + 2 + size]);
            self.rest.drain(..next);
            self.whole = size == 0;
        }
    }

    /// Whether its head has come.
    pub(crate) fn has_head(&self) -> bool {
        !self.head.is_empty()
    }

    /// Whether all of it has come.
    pub(crate) const fn is_whole(&self) -> bool {
        self.whole
    }

    /// The first line.
    pub(crate) fn line(&self) -> &str {
        self.head.first().map_or("", String::as_str)
    }

    /// A header by its name in small letters.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.iter().skip(1).find_map(|line| {
            let (found, value) = line.split_once(':')?;
            found.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }

    /// What came after its end: the beginning of the next one.
    pub(crate) fn into_rest(self) -> Vec<u8> {
        self.rest
    }
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).position(|window| window == wanted)
}
