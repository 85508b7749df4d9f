//! A certificate from a real ACME server, Pebble, on this machine: ordered, shown, kept, and replaced in time.

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use rcgen::{CertificateParams, KeyPair, date_time_ymd};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, ClientConnection, DigitallySignedStruct, SignatureScheme};
use tempfile::TempDir;

use crate::hub::{Certificate, Hub, PATIENCE, now, signal, tcp};

const DOMAIN: &str = "hub.example.org";
/// Of a hundred good nonces: far more than the one in twenty of Pebble's own, of which three in a row are rare.
const REFUSED_NONCES: &str = "50";

/// Pebble, and the name server that leads the domain to this machine.
struct Authority {
    programs: Vec<Child>,
    directory_url: String,
    dir: TempDir,
}

impl Authority {
    /// One that looks for the hub on this port.
    fn start(hub_port: u16) -> Self {
        let dir = tempfile::tempdir().expect("a place");
        let own = Certificate::write(dir.path());
        let [listen, management, dns, dns_management] = [(); 4].map(|()| free_address());
        let config = serde_json::json!({"pebble": {
            "listenAddress": listen, "managementListenAddress": management,
            "certificate": own.certificate_file(), "privateKey": own.key_file(),
            "httpPort": 1, "tlsPort": hub_port, "ocspResponderURL": "", "externalAccountBindingRequired": false,
        }});
        let file = dir.path().join("pebble.json");
        std::fs::write(&file, config.to_string()).expect("written");
        let names = Command::new("pebble-challtestsrv")
            .args([
                "-defaultIPv4",
                "127.0.0.1",
                "-defaultIPv6",
                "",
                "-http01",
                "",
                "-https01",
                "",
                "-tlsalpn01",
                "",
            ])
            .args(["-dns01", &dns.to_string(), "-management", &dns_management.to_string()])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("pebble-challtestsrv is there, or these tests are skipped");
        let pebble = Command::new("pebble")
            .arg("-config")
            .arg(&file)
            .args(["-dnsserver", &dns.to_string()])
            .env("PEBBLE_VA_NOSLEEP", "1")
            .env("PEBBLE_WFE_NONCEREJECT", REFUSED_NONCES)
            .stdin(Stdio::null())
            .stdout(std::fs::File::create(dir.path().join("pebble.log")).expect("a log"))
            .stderr(Stdio::null())
            .spawn()
            .expect("pebble is where its companion is");
        let authority =
            Self { programs: vec![names, pebble], directory_url: format!("https://{listen}/dir"), dir };
        for address in [listen, dns_management] {
            let start = now();
            while TcpStream::connect(address).is_err() {
                assert!(start.elapsed() < PATIENCE, "{}", authority.log());
                std::thread::yield_now();
            }
        }
        authority
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.dir.path().join("pebble.log")).unwrap_or_default()
    }

    fn settings(&self) -> [(&'static str, String); 4] {
        [
            ("TIDINGS_TLS_ACME_DOMAINS", DOMAIN.to_owned()),
            ("TIDINGS_TLS_ACME_ACCEPT_TERMS", "true".to_owned()),
            ("TIDINGS_TLS_ACME_DIRECTORY_URL", self.directory_url.clone()),
            ("TIDINGS_TLS_ACME_CA_FILE", self.dir.path().join("certificate.pem").display().to_string()),
        ]
    }
}

impl Drop for Authority {
    fn drop(&mut self) {
        for program in &mut self.programs {
            let _ = program.kill();
            let _ = program.wait();
        }
    }
}

fn free_address() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").expect("a free port").local_addr().expect("bound")
}

#[test]
fn pebble_gives_a_certificate_that_is_shown_kept_and_replaced_when_it_is_old() {
    // The authority has to know where the hub will be.
    let address = free_address();
    let authority = Authority::start(address.port());
    let settings = authority.settings();
    let settings: Vec<_> = settings.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let mut hub = Hub::start_on(&address.to_string(), &settings);
    let ordered = shown_within_patience(&hub, &authority);
    assert!(contains(&ordered, DOMAIN.as_bytes()), "it is for the domain");

    hub.stop();
    hub.start_again();
    assert_eq!(shown_within_patience(&hub, &authority), ordered, "it was kept");
    // What it took in, not what it was asked: half of what it was asked it refused for a nonce.
    assert_eq!(authority.log().matches("There are now").count(), 3, "{}", authority.log());
    for one in ["1 accounts", "1 authorizations", "1 orders"] {
        assert!(authority.log().contains(&format!("There are now {one}")), "{one} for both starts");
    }

    hub.stop();
    grow_old(&kept(&hub));
    hub.start_again();
    let start = now();
    while !hub.log().contains("certificate obtained") || shown(&hub).is_none_or(|shown| shown == ordered) {
        assert!(start.elapsed() < PATIENCE, "{}\n{}", hub.log(), authority.log());
    }
    let replaced = shown(&hub).expect("a certificate");
    assert!(contains(&replaced, DOMAIN.as_bytes()) && replaced != ordered);
    hub.stop();
}

#[test]
fn pebble_is_not_asked_again_at_once_by_a_hub_that_starts_over_and_over() {
    // Nobody answers where the authority looks for the hub.
    let authority = Authority::start(free_address().port());
    let settings = authority.settings();
    let settings: Vec<_> = settings.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let mut hub = Hub::start_on(&free_address().to_string(), &settings);
    said(&hub, "no certificate could be had", 1);
    let orders = authority.log().matches("orders in the db").count();
    assert!(orders > 0, "{}", authority.log());
    for starts in 1..4 {
        hub.kill();
        hub.start_again();
        said(&hub, "is not ordered before its time", starts);
    }
    assert_eq!(authority.log().matches("orders in the db").count(), orders, "{}", authority.log());
    // Who has mended what was wrong needn't wait.
    signal(hub.pid(), "HUP");
    said(&hub, "no certificate could be had", 2);
    hub.stop();
}

/// Waits until it is in the log so many times.
fn said(hub: &Hub, words: &str, times: usize) {
    let start = now();
    while hub.log().matches(words).count() < times {
        assert!(start.elapsed() < PATIENCE, "{}", hub.log());
        std::thread::yield_now();
    }
}

/// The certificate that the hub shows now, whoever gave it; `None` while it has none.
fn shown(hub: &Hub) -> Option<Vec<u8>> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let config = config.expect("versions").dangerous().with_custom_certificate_verifier(Arc::new(Anybody));
    let name = ServerName::try_from(DOMAIN).expect("a name");
    let mut session = ClientConnection::new(Arc::new(config.with_no_client_auth()), name).expect("a session");
    let mut io = tcp(hub.address(), None);
    while session.is_handshaking() {
        session.complete_io(&mut io).ok()?;
    }
    session.peer_certificates()?.first().map(|certificate| certificate.to_vec())
}

fn shown_within_patience(hub: &Hub, authority: &Authority) -> Vec<u8> {
    let start = now();
    loop {
        if let Some(shown) = shown(hub) {
            return shown;
        }
        assert!(start.elapsed() < PATIENCE, "{}\n{}", hub.log(), authority.log());
    }
}

fn kept(hub: &Hub) -> PathBuf {
    let files = std::fs::read_dir(hub.data_dir().join("acme")).expect("a directory");
    let mut files = files.map(|file| file.expect("a file").path());
    files
        .find(|file| file.extension().is_some_and(|extension| extension == "pem"))
        .expect("a certificate is kept")
}

/// Puts a certificate in the place of one that is hardly valid any more.
fn grow_old(file: &Path) {
    let mut params = CertificateParams::new(vec![DOMAIN.to_owned()]).expect("a name");
    params.not_before = date_time_ymd(2020, 1, 1);
    params.not_after = date_time_ymd(2021, 1, 1);
    let key = KeyPair::generate().expect("a key");
    let certificate = params.self_signed(&key).expect("a certificate");
    std::fs::write(file, key.serialize_pem() + &certificate.pem()).expect("written");
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

/// Takes any certificate for good: who gave it is told by its names here.
#[derive(Debug)]
struct Anybody;

impl ServerCertVerifier for Anybody {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        vec![SignatureScheme::ECDSA_NISTP256_SHA256, SignatureScheme::RSA_PSS_SHA256]
    }
}
