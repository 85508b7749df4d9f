//! A network of the test's own, in which packets can be made to vanish.
#![expect(unsafe_code, reason = "no crate of ours wraps unshare(2)")]
#![allow(dead_code, unreachable_pub, reason = "each test binary uses its own part")]

use std::io;
use std::net::TcpStream;
use std::process::Command;

/// A network namespace that this thread, and every thread and process that it starts, lives in. It goes when they go.
pub struct Place(());

impl Place {
    /// Moves this thread to a network of its own: as root, or in a user namespace.
    pub fn enter() -> io::Result<Self> {
        // SAFETY: no memory is passed, and only this thread's own view of the network changes.
        if unsafe { libc::unshare(libc::CLONE_NEWNET) } != 0 {
            return Err(io::Error::last_os_error());
        }
        run("ip", "link set lo up")?;
        run("nft", "add table inet ghosts")?;
        run("nft", "add set inet ghosts ports { type inet_service . inet_service ; }")?;
        run("nft", "add chain inet ghosts swallowed { type filter hook input priority 0 ; }")?;
        run("nft", "add rule inet ghosts swallowed tcp sport . tcp dport @ports drop")?;
        run("nft", "add rule inet ghosts swallowed tcp dport . tcp sport @ports drop")?;
        Ok(Self(()))
    }

    /// From now on nothing gets to this socket and nothing that it sends arrives; nobody is told. It ends with what
    /// this answers: the next socket of these ports is a stranger. Both are named, since the kernel gives a socket's own
    /// port to one that goes elsewhere, too.
    pub fn swallow(&self, io: &TcpStream) -> Swallowed {
        let own = io.local_addr().expect("a socket").port();
        let far = io.peer_addr().expect("a connected socket").port();
        let ports = format!("{{ {own} . {far} }}");
        run("nft", &format!("add element inet ghosts ports {ports}")).expect("the kernel filters");
        Swallowed { ports }
    }

    /// From now on so many of a hundred packets to and from a port are lost.
    pub fn lose(&self, port: u16, percent: u32) {
        run("nft", "add chain inet ghosts lost { type filter hook input priority 0 ; }").expect("a chain");
        run("nft", "flush chain inet ghosts lost").expect("the kernel filters");
        for end in ["sport", "dport"] {
            let rule =
                format!("add rule inet ghosts lost tcp {end} {port} numgen random mod 100 < {percent} drop");
            run("nft", &rule).expect("the kernel filters");
        }
    }
}

/// Two ports between which nothing gets through.
pub struct Swallowed {
    ports: String,
}

impl Drop for Swallowed {
    fn drop(&mut self) {
        let lifted = run("nft", &format!("delete element inet ghosts ports {}", self.ports));
        assert!(lifted.is_ok() || std::thread::panicking(), "{lifted:?}");
    }
}

fn run(program: &str, arguments: &str) -> io::Result<()> {
    let path = format!("{}:/usr/sbin:/sbin", std::env::var("PATH").unwrap_or_default());
    let output = Command::new(program).args(arguments.split(' ')).env("PATH", path).output()?;
    if output.status.success() {
        return Ok(());
    }
    Err(io::Error::other(format!("{program} {arguments}: {}", String::from_utf8_lossy(&output.stderr))))
}
