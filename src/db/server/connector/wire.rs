//! A connection as the HTTP client sees it: counts what travels, reads the status of each answer, and ends when nothing has come or
//! gone for too long.

use std::{
    io,
    pin::Pin,
    sync::{Arc, atomic::Ordering},
    task::{Context, Poll, ready},
    time::Duration,
};

use hyper::client::connect::{Connected, Connection};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::{Instant, Sleep},
};

use super::{Meter, Notes};

/// What bytes travel over: TCP, TLS, either through a proxy.
pub(super) trait Io: AsyncRead + AsyncWrite + Send + Sync + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Sync + Unpin> Io for T {}

/// Any of them.
pub(super) type Stream = Box<dyn Io>;

/// What is said of an answer that is too long to be held.
pub(in crate::db::server) const TOO_LONG: &str = "answer too long";

/// How many bytes an answer's status needs: `HTTP/1.1 200`.
const STATUS: usize = 12;

/// How the first line of a request names the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// By the path alone: to the server itself.
    Origin,
    /// By the whole URL: to a proxy (RFC 9112, section 3.2.2).
    Absolute,
}

/// A connection.
pub(crate) struct Wire {
    stream: Stream,
    form: Form,
    meter: Arc<Meter>,
    notes: Arc<Notes>,
    silence: Duration,
    timer: Pin<Box<Sleep>>,
    head: Head,
}

/// How far the answer at hand is.
struct Head {
    bytes: [u8; STATUS],
    len: usize,
    status: u16,
    /// Whether something was sent since something was received.
    asked: bool,
}

impl Wire {
    pub(super) fn new(stream: Stream, form: Form, meter: Arc<Meter>, notes: Arc<Notes>, silence: Duration) -> Self {
        let timer = Box::pin(tokio::time::sleep(silence));
        let head = Head { bytes: [0; STATUS], len: 0, status: 0, asked: false };
        Self { stream, form, meter, notes, silence, timer, head }
    }

    fn stirred(&mut self) {
        self.timer.as_mut().reset(Instant::now() + self.silence);
    }

    fn sent(&mut self, bytes: usize) {
        if bytes > 0 {
            self.meter.sent.fetch_add(bytes as u64, Ordering::Relaxed);
            if !self.head.asked {
                self.head = Head { bytes: [0; STATUS], len: 0, status: 0, asked: true };
                self.meter.requests.fetch_add(1, Ordering::Relaxed);
                self.notes.answer.store(0, Ordering::Relaxed);
            }
            self.stirred();
        }
    }

    fn received(&mut self, bytes: &mut [u8]) {
        if bytes.is_empty() {
            return;
        }
        let len = bytes.len() as u64;
        self.meter.received.fetch_add(len, Ordering::Relaxed);
        self.notes.received.fetch_add(len, Ordering::Relaxed);
        self.notes.answer.fetch_add(len, Ordering::Relaxed);
        self.stirred();
        if !matches!(self.head.read(bytes), 0..=200) {
            // The driver panics on the body of a failure that is not UTF-8. Nobody reads what is no ASCII there; the length stays.
            for byte in bytes.iter_mut().filter(|byte| !byte.is_ascii()) {
                *byte = b'?';
            }
        }
    }
}

impl Head {
    /// The status of the answer that these bytes go on with; 0 while it is not known.
    fn read(&mut self, bytes: &[u8]) -> u16 {
        self.asked = false;
        if self.len < STATUS {
            let more = bytes.len().min(STATUS - self.len);
            self.bytes[self.len..self.len + more].copy_from_slice(&bytes[..more]);
            self.len += more;
            if self.len == STATUS && self.bytes.starts_with(b"HTTP/") {
                self.status =
                    std::str::from_utf8(&self.bytes[9..]).ok().and_then(|digits| digits.parse().ok()).unwrap_or(0);
            }
        }
        self.status
    }
}

impl AsyncRead for Wire {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let wire = &mut *self;
        let before = buffer.filled().len();
        match Pin::new(&mut wire.stream).poll_read(cx, buffer) {
            Poll::Ready(Ok(())) => {
                wire.received(&mut buffer.filled_mut()[before..]);
                if wire.notes.is_too_long() {
                    return Poll::Ready(Err(io::Error::other(TOO_LONG)));
                }
                Poll::Ready(Ok(()))
            }
            Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
            Poll::Pending => {
                ready!(wire.timer.as_mut().poll(cx));
                Poll::Ready(Err(io::Error::from(io::ErrorKind::TimedOut)))
            }
        }
    }
}

impl AsyncWrite for Wire {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = ready!(Pin::new(&mut self.stream).poll_write(cx, bytes));
        if let Ok(bytes) = written {
            self.sent(bytes);
        }
        Poll::Ready(written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = ready!(Pin::new(&mut self.stream).poll_write_vectored(cx, slices));
        if let Ok(bytes) = written {
            self.sent(bytes);
        }
        Poll::Ready(written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

impl Connection for Wire {
    fn connected(&self) -> Connected {
        Connected::new().proxy(self.form == Form::Absolute)
    }
}
