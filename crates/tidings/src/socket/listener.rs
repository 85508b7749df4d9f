//! Listening sockets. What is set on a listener is inherited by every socket that it accepts (tcp(7), verified on
//! Linux), so that it costs nothing for each.

use std::io;
use std::net::{SocketAddr, TcpListener as StdListener};
use std::time::Duration;

use socket2::{Domain, Protocol, SockRef, Socket, TcpKeepalive, Type};
use tokio::net::TcpListener;

use crate::options::StreamOptions;

/// Connections that wait to be accepted; the kernel caps it at `net.core.somaxconn`.
const BACKLOG: i32 = 4096;
/// Unsent bytes that the kernel keeps for a socket: a reader that stops is seen after this, and pins no more.
const NOTSENT_LOWAT_BYTES: u32 = 16 * 1024;
/// An idle socket is probed after this, and then every `KEEPALIVE_INTERVAL`.
const KEEPALIVE_IDLE: Duration = Duration::from_secs(15);
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(5);

/// Listens on an address.
pub fn bind(address: SocketAddr, options: &StreamOptions) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_reuse_address(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    let listener = StdListener::from(socket);
    listener_options(&listener, options)?;
    listener.set_nonblocking(true)?;
    TcpListener::from_std(listener)
}

/// A listening socket that the service manager passed (sd_listen_fds(3)), if it did. Its backlog outlives this
/// process, so that a restart refuses nobody.
pub fn passed(options: &StreamOptions) -> io::Result<Option<TcpListener>> {
    const FIRST_PASSED_FD: i32 = 3;
    let number = |name: &str| std::env::var(name).ok().and_then(|value| value.parse::<u32>().ok());
    if number("LISTEN_PID") != Some(std::process::id()) {
        return Ok(None);
    }
    match number("LISTEN_FDS") {
        None | Some(0) => return Ok(None),
        Some(1) => {}
        Some(n) => {
            let hint = "pass one stream socket: ListenStream= once in the .socket unit";
            return Err(io::Error::new(io::ErrorKind::InvalidInput, format!("LISTEN_FDS={n}: {hint}")));
        }
    }
    let listener = super::sys::passed_listener(FIRST_PASSED_FD);
    listener_options(&listener, options)?;
    listener.set_nonblocking(true)?;
    Ok(Some(TcpListener::from_std(listener)?))
}

/// Sets on a listener what streams need of their sockets. Without it, a vanished peer is noticed after minutes, and a
/// reader that stops pins megabytes.
pub fn listener_options(listener: &impl std::os::fd::AsFd, options: &StreamOptions) -> io::Result<()> {
    let socket = SockRef::from(listener);
    socket.set_tcp_nodelay(true)?;
    socket.set_tcp_user_timeout(Some(Duration::from_millis(options.user_timeout_ms)))?;
    socket.set_tcp_notsent_lowat(NOTSENT_LOWAT_BYTES)?;
    let keepalive = TcpKeepalive::new().with_time(KEEPALIVE_IDLE).with_interval(KEEPALIVE_INTERVAL);
    socket.set_tcp_keepalive(&keepalive)
}
