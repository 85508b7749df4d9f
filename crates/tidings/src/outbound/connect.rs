//! From a name to a socket: resolved, looked at, connected to.

use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use http::Uri;
use http::uri::Scheme;
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tower_service::Service;

use super::address::Class;
use super::resolve::Resolve;
use super::socket::Socket;
use super::target::{Reach, bare};
use super::trust::Trust;

/// To one address: the next one has its turn then.
const CONNECT_TIMEOUT: Duration = Duration::from_millis(2_000);
/// TLS on top of it.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_millis(5_000);
/// Addresses of one name that are tried.
const ADDRESSES_MAX: usize = 4;

/// Makes a client's connections.
#[derive(Clone, Debug)]
pub(super) struct Connector {
    pub(super) reach: Reach,
    pub(super) trust: Option<Trust>,
    pub(super) resolve: Arc<dyn Resolve>,
    /// The setting that would allow what is refused.
    pub(super) allow_setting: &'static str,
}

impl Service<Uri> for Connector {
    type Response = TokioIo<Socket>;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<TokioIo<Socket>>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let connector = self.clone();
        Box::pin(async move { connector.connect(&uri).await.map(TokioIo::new) })
    }
}

impl Connector {
    async fn connect(&self, uri: &Uri) -> io::Result<Socket> {
        let host = bare(uri.host().unwrap_or_default());
        let tls = uri.scheme() == Some(&Scheme::HTTPS);
        let port = uri.port_u16().unwrap_or(if tls { 443 } else { 80 });
        let addresses = match host.parse::<IpAddr>() {
            Ok(ip) => vec![SocketAddr::new(ip, port)],
            Err(_) => self.resolve.resolve(host, port).await?,
        };
        let socket = reach_one(&self.allowed(&addresses, tls)?).await?;
        if !tls {
            return Ok(Socket::Plain(socket));
        }
        let trust = self
            .trust
            .as_ref()
            .ok_or_else(|| io::Error::other("https:// without certificate authorities"))?;
        let name = ServerName::try_from(host.to_owned()).map_err(io::Error::other)?;
        let handshake = TlsConnector::from(Arc::clone(&trust.0)).connect(name, socket);
        let socket = timeout(HANDSHAKE_TIMEOUT, handshake).await.map_err(|_| slow("TLS"))??;
        Ok(Socket::Tls(Box::new(socket)))
    }

    /// Those that may be connected to. What a name stands for may be chosen by a stranger.
    fn allowed(&self, addresses: &[SocketAddr], tls: bool) -> io::Result<Vec<SocketAddr>> {
        let mut refused = None;
        let mut allowed = Vec::new();
        for address in addresses {
            match self.refusal(address.ip(), tls) {
                Some(reason) => refused = Some(reason),
                None => allowed.push(*address),
            }
        }
        allowed.truncate(ADDRESSES_MAX);
        match (allowed.is_empty(), refused) {
            (false, _) => Ok(allowed),
            (true, Some(reason)) => Err(io::Error::new(io::ErrorKind::PermissionDenied, reason)),
            (true, None) => Err(io::Error::new(io::ErrorKind::NotFound, "the name stands for no address")),
        }
    }

    fn refusal(&self, ip: IpAddr, tls: bool) -> Option<String> {
        if self.reach == Reach::Anywhere {
            return None;
        }
        match (Class::of(ip), self.reach) {
            (Class::Never, _) => Some(format!("the name stands for {ip}, where no application is")),
            (Class::Private, Reach::Public) => Some(format!(
                "the name stands for {ip}, which is private: if that is meant, set {} = true",
                self.allow_setting
            )),
            (Class::Public, _) if !tls => Some(format!(
                "the name stands for {ip}, and plain http:// over the Internet shows what is sent to whoever is in \
                 between: use https://"
            )),
            _ => None,
        }
    }
}

async fn reach_one(addresses: &[SocketAddr]) -> io::Result<TcpStream> {
    let mut last = None;
    for address in addresses {
        match timeout(CONNECT_TIMEOUT, TcpStream::connect(address)).await {
            Ok(Ok(socket)) => {
                socket.set_nodelay(true)?;
                return Ok(socket);
            }
            Ok(Err(error)) => last = Some(error),
            Err(_) => last = Some(slow("the connection")),
        }
    }
    Err(last.unwrap_or_else(|| slow("the connection")))
}

fn slow(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::TimedOut, format!("{what} took too long"))
}
