//! nginx in front of the hub.

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

use crate::client::Speaks;
use crate::hub::{PATIENCE, now};

pub struct Nginx {
    child: Child,
    http1: SocketAddr,
    http2: SocketAddr,
    _dir: TempDir,
}

impl Nginx {
    /// In front of the hub at this address, set up as `docs/operating.md` says.
    pub fn before(hub: SocketAddr) -> Self {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let (http1, http2) = (free_address(), free_address());
        let file = dir.path().join("nginx.conf");
        let place = dir.path().display();
        let temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
            .map(|kind| format!("{kind}_temp_path {place}/{kind};"))
            .join(" ");
        let config = format!(
            "daemon off; master_process off; pid {place}/pid; error_log stderr warn;
             events {{ worker_connections 512; }}
             http {{
               access_log off; {temporary}
               server {{
                 listen {http1}; listen {http2} http2;
                 location / {{
                   proxy_pass http://{hub};
                   proxy_http_version 1.1;
                   proxy_set_header Connection \"\";
                   proxy_buffering off;
                   proxy_read_timeout 1h;
                 }}
               }}
             }}"
        );
        std::fs::write(&file, config).expect("the file is written");
        let path = format!("{}:/usr/sbin:/sbin", std::env::var("PATH").unwrap_or_default());
        let child = Command::new("nginx")
            .arg("-p")
            .arg(dir.path())
            .arg("-c")
            .arg(&file)
            .args(["-e", "stderr"])
            .env("PATH", path)
            .stdin(Stdio::null())
            .spawn()
            .expect("nginx is there");
        let mut nginx = Self { child, http1, http2, _dir: dir };
        nginx.await_accepting();
        nginx
    }

    pub fn address(&self, speaks: Speaks) -> SocketAddr {
        if speaks == Speaks::Http2 { self.http2 } else { self.http1 }
    }

    fn await_accepting(&mut self) {
        let start = now();
        while TcpStream::connect(self.http2).is_err() {
            let ended = self.child.try_wait().expect("a child");
            assert!(ended.is_none(), "nginx ended: {ended:?}");
            assert!(start.elapsed() < PATIENCE, "nginx never accepted");
            std::thread::yield_now();
        }
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn free_address() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("bound")
}
