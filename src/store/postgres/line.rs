//! The line to a server, whose errors are read as they pass by, see [`LastState`].

use std::future::{Ready, ready};
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready as done};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_postgres::Socket;
use tokio_postgres::tls::{ChannelBinding, MakeTlsConnect, TlsConnect, TlsStream};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::state::{LastState, Reader};

/// A line that is read along.
pub(super) struct Watched<S> {
    line: S,
    reader: Reader,
    binding: fn(&S) -> ChannelBinding,
}

impl<S> Watched<S> {
    pub(super) fn plain(line: S, last: LastState) -> Self {
        Self { line, reader: Reader::new(last), binding: |_| ChannelBinding::none() }
    }
}

impl<S: TlsStream> Watched<S> {
    fn encrypted(line: S, last: LastState) -> Self {
        Self { line, reader: Reader::new(last), binding: S::channel_binding }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> TlsStream for Watched<S> {
    fn channel_binding(&self) -> ChannelBinding {
        (self.binding)(&self.line)
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Watched<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        done!(Pin::new(&mut self.line).poll_read(cx, buf))?;
        self.reader.read(&buf.filled()[before..]);
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Watched<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.line).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.line).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.line).poll_shutdown(cx)
    }
}

type Encryption = <MakeRustlsConnect as MakeTlsConnect<Socket>>::TlsConnect;
type EncryptedLine = <MakeRustlsConnect as MakeTlsConnect<Socket>>::Stream;

/// Puts TLS on the line.
#[derive(Clone)]
pub(super) struct Encrypted {
    pub(super) tls: MakeRustlsConnect,
    pub(super) last: LastState,
}

/// What encrypts one line.
pub(super) struct Encrypting(Encryption, LastState);

impl MakeTlsConnect<Socket> for Encrypted {
    type Stream = Watched<EncryptedLine>;
    type TlsConnect = Encrypting;
    type Error = io::Error;

    fn make_tls_connect(&mut self, host: &str) -> io::Result<Encrypting> {
        let tls = <MakeRustlsConnect as MakeTlsConnect<Socket>>::make_tls_connect;
        Ok(Encrypting(tls(&mut self.tls, host).map_err(io::Error::other)?, self.last.clone()))
    }
}

impl TlsConnect<Socket> for Encrypting {
    type Stream = Watched<EncryptedLine>;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<Self::Stream>> + Send>>;

    fn connect(self, socket: Socket) -> Self::Future {
        Box::pin(async move { Ok(Watched::encrypted(self.0.connect(socket).await?, self.1)) })
    }
}

/// Leaves the line as it is. To the driver this is a kind of TLS: there is no other way to have a
/// line of one's own and the driver's way of finding its server.
#[derive(Clone)]
pub(super) struct Plain(pub(super) LastState);

impl MakeTlsConnect<Socket> for Plain {
    type Stream = Watched<Socket>;
    type TlsConnect = Self;
    type Error = io::Error;

    fn make_tls_connect(&mut self, _host: &str) -> io::Result<Self> {
        Ok(self.clone())
    }
}

impl TlsConnect<Socket> for Plain {
    type Stream = Watched<Socket>;
    type Error = io::Error;
    type Future = Ready<io::Result<Self::Stream>>;

    fn connect(self, socket: Socket) -> Self::Future {
        ready(Ok(Watched::plain(socket, self.0)))
    }
}
