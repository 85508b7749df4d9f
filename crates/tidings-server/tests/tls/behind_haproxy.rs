//! HAProxy in front of the hub, telling it by `send-proxy-v2` whose connections it passes on.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};

use serde_json::Value;
use tempfile::TempDir;

use crate::hub::{Hub, PATIENCE, Wire, now};

const TRUSTED: [(&str, &str); 3] = [
    ("TIDINGS_SERVER_PROXY_PROTOCOL", "v2"),
    ("TIDINGS_SERVER_TRUSTED_PROXIES", "127.0.0.1"),
    ("TIDINGS_STREAM_HEARTBEAT_MS", "500"),
];
/// The part of the file that operators are shown.
const SNIPPET: &str = include_str!("../../../../docs/snippets/haproxy-proxy-protocol.cfg");

struct Haproxy {
    child: Child,
    address: SocketAddr,
    _dir: TempDir,
}

impl Haproxy {
    /// As `docs/tls.md` says, on a free port in front of this hub.
    fn before(hub: &Hub) -> Self {
        let dir = tempfile::tempdir().expect("a place");
        let address = free_address();
        let config = SNIPPET.replace("bind :443", &format!("bind {address}"));
        let config = config.replace("127.0.0.1:3000", &hub.address().to_string());
        let config =
            if hub.certificate.is_none() { config.replace(" check-ssl verify none", "") } else { config };
        let file = dir.path().join("haproxy.cfg");
        std::fs::write(&file, config).expect("written");
        let path = format!("{}:/usr/sbin:/sbin", std::env::var("PATH").unwrap_or_default());
        let child = Command::new("haproxy")
            .args(["-db", "-f"])
            .arg(&file)
            .env("PATH", path)
            .stdin(Stdio::null())
            .spawn()
            .expect("HAProxy is there");
        let mut haproxy = Self { child, address, _dir: dir };
        haproxy.await_accepting();
        haproxy
    }

    fn await_accepting(&mut self) {
        let start = now();
        while TcpStream::connect(self.address).is_err() {
            let ended = self.child.try_wait().expect("a child");
            assert!(ended.is_none(), "HAProxy ended: {ended:?}");
            assert!(start.elapsed() < PATIENCE, "HAProxy never accepted");
            std::thread::yield_now();
        }
    }
}

impl Drop for Haproxy {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn free_address() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").expect("a free port").local_addr().expect("bound")
}

#[test]
fn haproxy_tells_whose_a_stream_is_and_when_it_leaves() {
    for mut hub in [Hub::start_with(&TRUSTED), Hub::start_sealed(&TRUSTED)] {
        let haproxy = Haproxy::before(&hub);
        let tcp = Wire::tcp_from([127, 0, 0, 9], haproxy.address);
        let local = tcp.local_addr().expect("a socket");
        let tls = hub.certificate.as_ref().map(|certificate| certificate.trusted(&["http/1.1"]));
        let mut stream = Wire::over(tcp, haproxy.address, tls);
        stream
            .write_all(b"GET /api/sse/stream?channels=a HTTP/1.1\r\nhost: localhost\r\n\r\n")
            .expect("taken");
        let mut seen = String::new();
        while !seen.contains("event: connected") {
            let mut bytes = [0; 4096];
            let n = stream.read(&mut bytes).expect("an answer");
            assert!(n > 0, "closed after {seen:?}: {}", hub.log());
            seen.push_str(&String::from_utf8_lossy(&bytes[..n]));
        }
        let listed: Value = serde_json::from_str(&hub.get("/api/sse/connections")).expect("JSON");
        let row = &listed["connections"][0];
        assert_eq!(row["remote"], local.to_string());
        assert_eq!(row["proof"]["to"], "proxy");
        drop(stream);
        let stats = hub.wait_for_stats(|stats| stats["connections"]["active"] == 0);
        assert_eq!(stats["connections"]["closed_total"]["client_left"], 1, "{stats:#}");
        hub.assert_books_balance();
        drop(haproxy);
        hub.wait_for_sockets(0);
        hub.stop();
    }
}
