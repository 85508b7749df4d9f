//! A client's socket, in the clear or under TLS, and the certificate that a hub under test shows.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rcgen::{CertificateParams, KeyPair, date_time_ymd};
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore};
use socket2::{Domain, Socket, Type};

use super::PATIENCE;

/// A certificate for this machine's loopback in a folder, and the key beside it.
pub struct Certificate {
    dir: PathBuf,
    der: CertificateDer<'static>,
}

impl Certificate {
    /// Written to a folder, over what is there.
    pub fn write(dir: &Path) -> Self {
        Self::valid_through(dir, 2099)
    }

    /// One that is valid until the end of a year.
    pub fn valid_through(dir: &Path, year: i32) -> Self {
        let names = ["localhost", "127.0.0.1", "::1"].map(str::to_owned);
        let mut params = CertificateParams::new(names).expect("names");
        params.not_after = date_time_ymd(year, 12, 31);
        let key = KeyPair::generate().expect("a key");
        let certificate = params.self_signed(&key).expect("a certificate");
        std::fs::write(dir.join("certificate.pem"), certificate.pem()).expect("a file");
        std::fs::write(dir.join("key.pem"), key.serialize_pem()).expect("a file");
        Self { dir: dir.to_owned(), der: certificate.der().clone() }
    }

    pub fn certificate_file(&self) -> PathBuf {
        self.dir.join("certificate.pem")
    }

    pub fn key_file(&self) -> PathBuf {
        self.dir.join("key.pem")
    }

    /// The settings that make a hub show it.
    pub fn settings(&self) -> [(String, String); 2] {
        let shown = |path: PathBuf| path.to_str().expect("text").to_owned();
        [
            ("TIDINGS_TLS_CERTIFICATE_FILE".to_owned(), shown(self.certificate_file())),
            ("TIDINGS_TLS_KEY_FILE".to_owned(), shown(self.key_file())),
        ]
    }

    /// Whoever trusts this certificate, and offers these protocols by ALPN.
    pub fn trusted(&self, protocols: &[&str]) -> Arc<ClientConfig> {
        let mut roots = RootCertStore::empty();
        roots.add(self.der.clone()).expect("a certificate");
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        let mut config = config.expect("versions").with_root_certificates(roots).with_no_client_auth();
        config.alpn_protocols = protocols.iter().map(|protocol| protocol.as_bytes().to_vec()).collect();
        Arc::new(config)
    }

    pub fn dir(&self) -> &Path {
        &self.dir
    }
}

/// A socket, and TLS on it where the hub speaks that.
pub struct Wire {
    pub tcp: TcpStream,
    pub tls: Option<Box<ClientConnection>>,
}

impl Wire {
    /// In the clear, or with hands shaken.
    pub fn connect(address: SocketAddr, buffer_bytes: Option<usize>, tls: Option<Arc<ClientConfig>>) -> Self {
        Self::over(tcp(address, buffer_bytes), address, tls)
    }

    /// The same over a socket on which something was said before.
    pub fn over(mut tcp: TcpStream, address: SocketAddr, tls: Option<Arc<ClientConfig>>) -> Self {
        let tls =
            tls.map(|config| Box::new(shake_hands(&mut tcp, address, config).expect("hands are shaken")));
        Self { tcp, tls }
    }

    /// Whether a hub's certificate is one that is trusted.
    pub fn shakes_hands(address: SocketAddr, tls: Arc<ClientConfig>) -> bool {
        shake_hands(&mut tcp(address, None), address, tls).is_ok()
    }

    /// A socket from an address of this machine's that is not the usual one.
    pub fn tcp_from(source: [u8; 4], to: SocketAddr) -> TcpStream {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket");
        socket.bind(&SocketAddr::from((source, 0)).into()).expect("an address of this machine's");
        socket.connect_timeout(&to.into(), PATIENCE).expect("somebody listens");
        socket.set_read_timeout(Some(PATIENCE)).expect("a timeout");
        socket.into()
    }

    /// What raw bytes of the socket, which were read from it by somebody else, say.
    pub fn opened(&mut self, mut raw: &[u8]) -> Vec<u8> {
        let Some(session) = &mut self.tls else { return raw.to_vec() };
        let mut opened = Vec::new();
        while !raw.is_empty() {
            session.read_tls(&mut raw).expect("room");
            session.process_new_packets().expect("TLS");
            let end = session.reader().read_to_end(&mut opened).expect_err("no end yet");
            assert_eq!(end.kind(), io::ErrorKind::WouldBlock);
        }
        opened
    }
}

fn shake_hands(
    tcp: &mut TcpStream,
    address: SocketAddr,
    config: Arc<ClientConfig>,
) -> io::Result<ClientConnection> {
    let mut session = ClientConnection::new(config, ServerName::from(address.ip())).expect("a session");
    while session.is_handshaking() {
        session.complete_io(tcp)?;
    }
    Ok(session)
}

impl Read for Wire {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        match &mut self.tls {
            Some(session) => rustls::Stream::new(session.as_mut(), &mut self.tcp).read(buf),
            None => self.tcp.read(buf),
        }
    }
}

impl Write for Wire {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        match &mut self.tls {
            Some(session) => rustls::Stream::new(session.as_mut(), &mut self.tcp).write(buf),
            None => self.tcp.write(buf),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match &mut self.tls {
            Some(session) => rustls::Stream::new(session.as_mut(), &mut self.tcp).flush(),
            None => self.tcp.flush(),
        }
    }
}

/// How often somebody is knocked at, by another socket each time: a kernel that lost a few greetings of one in a row
/// waits longer each time before it sends the next.
const TRIES: u32 = 3;

/// A socket that waits for no longer than patience lasts.
pub fn tcp(address: SocketAddr, buffer_bytes: Option<usize>) -> TcpStream {
    let mut socket = knock(address, buffer_bytes);
    for _ in 1..TRIES {
        if !socket.as_ref().is_err_and(|error| error.kind() == io::ErrorKind::TimedOut) {
            break;
        }
        socket = knock(address, buffer_bytes);
    }
    let socket = socket.expect("somebody listens");
    socket.set_tcp_nodelay(true).expect("a socket");
    socket.set_read_timeout(Some(PATIENCE)).expect("a timeout");
    socket.into()
}

fn knock(address: SocketAddr, buffer_bytes: Option<usize>) -> io::Result<Socket> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, None).expect("a socket");
    if let Some(bytes) = buffer_bytes {
        socket.set_recv_buffer_size(bytes).expect("a size");
    }
    socket.connect_timeout(&address.into(), PATIENCE / TRIES)?;
    Ok(socket)
}
