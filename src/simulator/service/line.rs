//! Connections that can be cut.
//!
//! A lost answer must look like one: the caller wrote its request, and the connection closes before a single
//! byte came back. A handler cannot do that, because whatever it returns is an answer. So each connection
//! carries a knife: once used, nothing more is written to it, and it is reset.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::extract::connect_info::Connected;
use axum::serve::{IncomingStream, Listener};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

use super::tls::Secured;
use crate::ports::Clock;

/// A pause after a failed accept: the machine has no descriptors left, and asking at once will not help.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// The knife of one connection.
#[derive(Debug, Clone, Default)]
pub(super) struct Cut(Arc<AtomicBool>);

impl Cut {
    /// Nothing more goes over the line.
    pub(super) fn cut(&self) {
        self.0.store(true, Ordering::Release);
    }

    fn is_cut(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}

impl Connected<IncomingStream<'_, Exchange>> for Cut {
    fn connect_info(stream: IncomingStream<'_, Exchange>) -> Self {
        stream.io().cut.clone()
    }
}

/// Accepts connections and gives each its knife.
pub(super) struct Exchange {
    listener: TcpListener,
    acceptor: Option<TlsAcceptor>,
    clock: Arc<dyn Clock>,
}

impl Exchange {
    /// Listens at `address`; with an `acceptor`, encrypted.
    pub(super) async fn open(
        address: SocketAddr,
        acceptor: Option<TlsAcceptor>,
        clock: Arc<dyn Clock>,
    ) -> io::Result<Self> {
        Ok(Self { listener: TcpListener::bind(address).await?, acceptor, clock })
    }

    pub(super) fn address(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}

impl Listener for Exchange {
    type Io = Line;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Line, SocketAddr) {
        loop {
            match self.listener.accept().await {
                Ok((stream, peer)) => return (Line::new(stream, self.acceptor.as_ref()), peer),
                Err(_) => self.clock.sleep_until(self.clock.monotonic() + ACCEPT_PAUSE).await,
            }
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.address()
    }
}

/// What bytes travel on, in clear or encrypted.
pub(super) trait Wire: AsyncRead + AsyncWrite + Unpin + Send {
    /// The connection beneath, as long as there is one.
    fn tcp(&self) -> Option<&TcpStream>;
}

impl Wire for TcpStream {
    fn tcp(&self) -> Option<&TcpStream> {
        Some(self)
    }
}

/// One connection.
pub(super) struct Line {
    stream: Box<dyn Wire>,
    cut: Cut,
}

impl Line {
    fn new(stream: TcpStream, acceptor: Option<&TlsAcceptor>) -> Self {
        // Small answers must not wait for each other. Where that cannot be set, they are only slower.
        let _ = stream.set_nodelay(true);
        let stream: Box<dyn Wire> = match acceptor {
            Some(acceptor) => Box::new(Secured::new(acceptor, stream)),
            None => Box::new(stream),
        };
        Self { stream, cut: Cut::default() }
    }

    fn check(&self) -> io::Result<()> {
        if !self.cut.is_cut() {
            return Ok(());
        }
        // Makes the close a reset. Where that cannot be set, it is a plain close, which tells as little.
        let _ = self.stream.tcp().map(TcpStream::set_zero_linger);
        Err(io::ErrorKind::ConnectionReset.into())
    }
}

impl AsyncRead for Line {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        self.check()?;
        Pin::new(&mut self.stream).poll_read(context, into)
    }
}

impl AsyncWrite for Line {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.check()?;
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.check()?;
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.check()?;
        Pin::new(&mut self.stream).poll_shutdown(context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.check()?;
        Pin::new(&mut self.stream).poll_write_vectored(context, bytes)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}
