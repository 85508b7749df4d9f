//! A load that goes on beside something else, from when it is in full force until it is told to end.

use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Mutex, mpsc};
use std::thread;

use socket2::{Domain, Socket, Type};

use crate::hub::{Hub, PATIENCE};

/// Addresses of this machine that a load comes from, so that it meets no limit by address but those that are meant.
const ADDRESSES: usize = 100;

pub struct Running {
    over: AtomicBool,
    begun: Mutex<Option<mpsc::Sender<()>>>,
    said: Mutex<String>,
}

impl Running {
    /// It is in full force.
    pub fn begun(&self) {
        if let Some(tell) = self.begun.lock().expect("no panic").take() {
            tell.send(()).expect("waited for");
        }
    }

    pub fn is_on(&self) -> bool {
        !self.over.load(Relaxed)
    }

    /// What came of it.
    pub fn say(&self, words: String) {
        *self.said.lock().expect("no panic") = words;
    }
}

/// Ends the load when what it runs beside is done, or failed.
struct Ends<'a>(&'a Running);

impl Drop for Ends<'_> {
    fn drop(&mut self) {
        self.0.over.store(true, Relaxed);
    }
}

/// Does something beside a load, and answers what came of both.
pub fn under<T>(
    hub: &Hub,
    load: &(impl Fn(&Hub, &Running) + Sync),
    beside: impl FnOnce() -> T,
) -> (T, String) {
    let (tell, told) = mpsc::channel();
    let running =
        Running { over: AtomicBool::new(false), begun: Mutex::new(Some(tell)), said: Mutex::default() };
    let done = thread::scope(|scope| {
        let ends = Ends(&running);
        scope.spawn(|| load(hub, &running));
        told.recv_timeout(PATIENCE * 4).expect("it begins");
        let done = beside();
        drop(ends);
        done
    });
    (done, running.said.into_inner().expect("no panic"))
}

/// A connection from one of this machine's own addresses; those of good clients are others. `None` where the hub
/// closed it before it was open.
pub fn connect_from(place: usize, target: SocketAddr, receive_bytes: Option<usize>) -> Option<TcpStream> {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket");
    if let Some(bytes) = receive_bytes {
        socket.set_recv_buffer_size(bytes).expect("a smaller buffer");
    }
    let address = [127, 0, 7, (place % ADDRESSES) as u8 + 1];
    socket.bind(&SocketAddr::from((address, 0)).into()).expect("its own address");
    socket.connect(&target.into()).ok()?;
    Some(socket.into())
}

/// Leaves no port behind to wait for its last packets.
pub fn reset(io: &TcpStream) {
    let _ = socket2::SockRef::from(io).set_linger(Some(std::time::Duration::ZERO));
}
