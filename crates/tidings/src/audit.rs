//! The self-audit: once a minute the books are held against the kernel's list of sockets. What it finds is a bug of
//! ours, never repaired in silence.

use std::collections::HashSet;
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::Ordering;
use std::time::Duration;

use crate::hub::Hub;

const INTERVAL: Duration = Duration::from_secs(60);
/// Between a finding and its confirmation: sockets that come and go while we look are no finding.
const SECOND_LOOK: Duration = Duration::from_secs(2);

/// `st` of `/proc/net/tcp` (proc(5), `include/net/tcp_states.h`).
const ESTABLISHED: &str = "01";
const CLOSE_WAIT: &str = "08";

/// Audits each minute for as long as the hub is held. `local` is where the hub listens.
pub async fn run(hub: Hub, local: Vec<SocketAddr>) {
    let interval = crate::fault::wait_ms("audit.wait_ms").map_or(INTERVAL, Duration::from_millis);
    loop {
        tokio::time::sleep(interval).await;
        match mismatch(&hub, &local).await {
            Ok(0) => {}
            Ok(found) => tracing::error!(found, "the books and the kernel's sockets differ"),
            Err(error) => tracing::warn!(%error, "the books could not be audited"),
        }
    }
}

/// How many sockets are in the books and not in the kernel's list, or the other way round, on two looks.
pub async fn mismatch(hub: &Hub, local: &[SocketAddr]) -> io::Result<usize> {
    let first = differences(hub, local).await?;
    let found = if first.is_empty() {
        0
    } else {
        tokio::time::sleep(SECOND_LOOK).await;
        let second = differences(hub, local).await?;
        first.intersection(&second).count()
    };
    let unbalanced = usize::from(!hub.books_balance());
    let inner = hub.inner();
    inner.truth_mismatch.store((found + unbalanced) as u64, Ordering::Relaxed);
    inner.truth_audits.fetch_add(1, Ordering::Relaxed);
    inner.truth_audited_ms.store(inner.clock.now_ms(), Ordering::Relaxed);
    Ok(found + unbalanced)
}

/// What only one side knows: a socket's number, and whether it is the kernel that knows it. One that came during the
/// first look and went during the second may be on both lists of differences, but not for the same side.
async fn differences(hub: &Hub, local: &[SocketAddr]) -> io::Result<HashSet<(u64, bool)>> {
    let ports: Vec<u16> = local.iter().map(SocketAddr::port).collect();
    let kernel = tokio::task::spawn_blocking(move || kernel_sockets(&ports)).await??;
    let doors: HashSet<u64> = hub.inner().doors.inodes().into_iter().collect();
    let streams: HashSet<u64> = hub.stream_inodes().into_iter().collect();
    let ours =
        doors.union(&streams).filter(|number| !kernel.contains(*number)).map(|number| (*number, false));
    let stray = kernel.difference(&doors).map(|number| (*number, true));
    Ok(ours.chain(stray).collect())
}

/// This process's connected sockets on local ports.
fn kernel_sockets(ports: &[u16]) -> io::Result<HashSet<u64>> {
    let ours = own_socket_inodes()?;
    let mut found = HashSet::new();
    for table in ["/proc/self/net/tcp", "/proc/self/net/tcp6"] {
        let Ok(text) = std::fs::read_to_string(table) else { continue };
        found.extend(text.lines().skip(1).filter_map(|line| parse_line(line, ports, &ours)));
    }
    Ok(found)
}

fn own_socket_inodes() -> io::Result<HashSet<u64>> {
    let mut inodes = HashSet::new();
    for entry in std::fs::read_dir("/proc/self/fd")? {
        let Ok(target) = std::fs::read_link(entry?.path()) else { continue };
        let target = target.to_string_lossy();
        let inode = target.strip_prefix("socket:[").and_then(|rest| rest.strip_suffix(']'));
        inodes.extend(inode.and_then(|inode| inode.parse::<u64>().ok()));
    }
    Ok(inodes)
}

fn parse_line(line: &str, ports: &[u16], ours: &HashSet<u64>) -> Option<u64> {
    let fields: Vec<&str> = line.split_ascii_whitespace().collect();
    let (local, state, inode) = (fields.get(1)?, *fields.get(3)?, fields.get(9)?.parse().ok()?);
    let connected = state == ESTABLISHED || state == CLOSE_WAIT;
    (connected && ports.contains(&port_of(local)?) && ours.contains(&inode)).then_some(inode)
}

/// `0100007F:1F90`: the address, then the port.
fn port_of(text: &str) -> Option<u16> {
    u16::from_str_radix(text.split_once(':')?.1, 16).ok()
}

#[cfg(test)]
mod tests {
    use std::os::fd::AsRawFd;
    use std::os::unix::fs::MetadataExt;

    use super::*;

    #[test]
    fn the_kernels_ports_are_read_as_it_writes_them() {
        assert_eq!(port_of("0100007F:1F90"), Some(8080));
        assert_eq!(port_of("00000000000000000000000001000000:0050"), Some(80));
        for bad in ["", "0100007F", "0100007F:", "0100007F:zz"] {
            assert_eq!(port_of(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_socket_of_ours_is_found_and_one_of_others_is_not() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let client = std::net::TcpStream::connect(("127.0.0.1", port)).unwrap();
        let (accepted, _) = listener.accept().unwrap();
        let number = std::fs::metadata(format!("/proc/self/fd/{}", accepted.as_raw_fd())).unwrap().ino();
        assert_eq!(kernel_sockets(&[port]).unwrap(), HashSet::from([number]));
        drop((client, accepted));
        assert!(kernel_sockets(&[port]).unwrap().is_empty());
    }
}
