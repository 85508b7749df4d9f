//! What stands between a hub and its Redis, and passes on what is said: late, or not at all for a while.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::{Instant, sleep_until};

/// Pieces that may be on their way at a time, on one connection in one direction.
const PIECES_MAX: usize = 1_024;
const PIECE_BYTES: usize = 64 * 1024;

/// A relay, for as long as it is held.
pub(crate) struct Relay {
    address: SocketAddr,
    manner: watch::Sender<Manner>,
    task: AbortHandle,
}

#[derive(Clone, Copy)]
struct Manner {
    /// How late each piece arrives, in each direction.
    delay: Duration,
    is_shut: bool,
}

impl Relay {
    /// One that passes on what is said to a port of this machine and back.
    pub(crate) async fn to(port: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let manner = watch::channel(Manner { delay: Duration::ZERO, is_shut: false }).0;
        let task = tokio::spawn(accept(listener, port, manner.subscribe())).abort_handle();
        Self { address, manner, task }
    }

    /// From now on each piece arrives so much later, in each direction.
    pub(crate) fn delay(&self, delay: Duration) {
        self.manner.send_modify(|manner| manner.delay = delay);
    }

    /// From now on nothing gets through, and nobody is told; or what waited does, and all that follows.
    pub(crate) fn shut(&self, is_shut: bool) {
        self.manner.send_modify(|manner| manner.is_shut = is_shut);
    }

    pub(crate) fn url(&self) -> String {
        format!("redis://{}", self.address)
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn accept(listener: TcpListener, port: u16, manner: watch::Receiver<Manner>) {
    // They end with it.
    let mut connections = JoinSet::new();
    loop {
        let Ok((near, _)) = listener.accept().await else { return };
        let Ok(far) = TcpStream::connect(("127.0.0.1", port)).await else { continue };
        for io in [&near, &far] {
            io.set_nodelay(true).expect("a socket");
        }
        let ((from_near, to_near), (from_far, to_far)) = (near.into_split(), far.into_split());
        for (from, to) in [(from_near, to_far), (from_far, to_near)] {
            let (late, due) = mpsc::channel(PIECES_MAX);
            connections.spawn(take(from, late, manner.clone()));
            connections.spawn(pass(due, to, manner.clone()));
        }
    }
}

async fn take(
    mut from: OwnedReadHalf,
    late: mpsc::Sender<(Instant, Vec<u8>)>,
    manner: watch::Receiver<Manner>,
) {
    let mut piece = vec![0; PIECE_BYTES];
    while let Ok(bytes @ 1..) = from.read(&mut piece).await {
        let due = Instant::now() + manner.borrow().delay;
        if late.send((due, piece[..bytes].to_vec())).await.is_err() {
            return;
        }
    }
}

async fn pass(
    mut due: mpsc::Receiver<(Instant, Vec<u8>)>,
    mut to: OwnedWriteHalf,
    mut manner: watch::Receiver<Manner>,
) {
    while let Some((at, piece)) = due.recv().await {
        sleep_until(at).await;
        if manner.wait_for(|manner| !manner.is_shut).await.is_err() || to.write_all(&piece).await.is_err() {
            return;
        }
    }
}
