//! A load's socket, in the clear or under TLS.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::fd::{AsRawFd, RawFd};
use std::path::Path;
use std::sync::Arc;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore};

/// Trust in the certificates of a file, and the one protocol that is offered.
pub(crate) fn trust(ca_file: &Path, protocol: &str) -> io::Result<Arc<ClientConfig>> {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(ca_file).map_err(io::Error::other)? {
        roots.add(certificate.map_err(io::Error::other)?).map_err(io::Error::other)?;
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let mut config = config.map_err(io::Error::other)?.with_root_certificates(roots).with_no_client_auth();
    config.alpn_protocols = vec![protocol.as_bytes().to_vec()];
    // Each connection shakes hands in full.
    config.resumption = rustls::client::Resumption::disabled();
    Ok(Arc::new(config))
}

/// What bytes go through.
pub(crate) struct Link {
    tcp: TcpStream,
    tls: Option<Box<ClientConnection>>,
}

impl Link {
    pub(crate) fn new(tcp: TcpStream, to: SocketAddr, tls: Option<&Arc<ClientConfig>>) -> io::Result<Self> {
        let tls = tls.map(|config| ClientConnection::new(Arc::clone(config), ServerName::from(to.ip())));
        Ok(Self { tcp, tls: tls.transpose().map_err(io::Error::other)?.map(Box::new) })
    }

    pub(crate) fn set_nonblocking(&self) -> io::Result<()> {
        self.tcp.set_nonblocking(true)
    }

    /// Waits until it is done.
    pub(crate) fn shake_hands(&mut self) -> io::Result<()> {
        let Some(session) = &mut self.tls else { return Ok(()) };
        while session.is_handshaking() {
            session.complete_io(&mut self.tcp)?;
        }
        Ok(())
    }

    /// Whether one read may leave something behind that the socket will not tell of.
    pub(crate) fn reads_on(&self) -> bool {
        self.tls.is_some()
    }
}

impl AsRawFd for Link {
    fn as_raw_fd(&self) -> RawFd {
        self.tcp.as_raw_fd()
    }
}

impl Read for Link {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let Some(session) = &mut self.tls else { return self.tcp.read(buf) };
        loop {
            match session.reader().read(buf) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                read => return read,
            }
            if session.read_tls(&mut self.tcp)? == 0 {
                return Ok(0);
            }
            session.process_new_packets().map_err(io::Error::other)?;
            while session.wants_write() {
                session.write_tls(&mut self.tcp)?;
            }
        }
    }
}

impl Write for Link {
    /// Before hands are shaken it is kept, and sent when they are.
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        let Some(session) = &mut self.tls else { return self.tcp.write(buf) };
        let taken = session.writer().write(buf)?;
        while session.wants_write() {
            session.write_tls(&mut self.tcp)?;
        }
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.tcp.flush()
    }
}
