//! How a proxy introduces the client whose connection it passes on: the PROXY protocol, version 2.

use std::io;
use std::time::Duration;

use tidings_core::proxy::{FIXED_BYTES, Introduced, ProxyHeaderError, fixed_part, introduced};
use tokio::io::AsyncReadExt;
use tokio::time::timeout;

use super::door::Door;
use super::turned_away::TurnedAway;
use crate::hub::Hub;

/// Waits for the header where one is spoken, for as long as for a request's.
pub(super) async fn expect(door: Door, proxy_protocol: bool, hub: &Hub) -> Option<Door> {
    if !proxy_protocol {
        return Some(door);
    }
    let patience = Duration::from_millis(hub.options().stream.header_timeout_ms);
    let heard = Box::pin(timeout(patience, hear(door, hub))).await;
    heard.unwrap_or_else(|_| {
        hub.inner().turned_away.note(TurnedAway::ProxyHeader);
        None
    })
}

/// Reads the header, to its last byte and no further. Without one, or from somebody who isn't trusted with it, the
/// socket is closed.
async fn hear(mut door: Door, hub: &Hub) -> Option<Door> {
    let (remote, turned_away) = (door.peer().address, &hub.inner().turned_away);
    if !hub.options().trusted_proxies.iter().any(|network| network.contains(remote.ip())) {
        turned_away.note(TurnedAway::ProxyUntrusted);
        tracing::debug!(%remote, "not one of server.trusted_proxies, by which alone clients come here");
        return None;
    }
    let address = match read(&mut door).await {
        Ok(introduced) => introduced,
        Err(error) => {
            turned_away.note(TurnedAway::ProxyHeader);
            tracing::debug!(%remote, %error, "no PROXY header");
            return None;
        }
    };
    // The proxy itself, as when it looks whether the hub is there.
    let Introduced::Client(address) = address else { return Some(door) };
    match door.introduce(address) {
        Ok(()) => Some(door),
        Err(error) => {
            tracing::debug!(%error, remote = %address, "a socket is not taken in");
            None
        }
    }
}

async fn read(door: &mut Door) -> io::Result<Introduced> {
    let broken = |error: ProxyHeaderError| io::Error::new(io::ErrorKind::InvalidData, error);
    let mut header = vec![0; FIXED_BYTES];
    let mut filled = 0;
    let whole_bytes = loop {
        let n = door.read(&mut header[filled..]).await?;
        if n == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        filled += n;
        // What can't become a header is seen at its first byte, not at the deadline.
        if let Some(whole_bytes) = fixed_part(&header[..filled]).map_err(broken)? {
            break whole_bytes;
        }
    };
    header.resize(whole_bytes, 0);
    door.read_exact(&mut header[FIXED_BYTES..]).await?;
    introduced(&header).map_err(broken)
}
