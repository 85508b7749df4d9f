//! A load that goes on beside something else, from when it is in full force until it is told to end.

use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::sync::{Mutex, mpsc};
use std::thread;
use std::time::Instant;

use socket2::{Domain, Socket, Type};

use crate::hub::{Hub, PATIENCE, now};

/// Addresses of this machine that a load comes from, so that it meets no limit by address but those that are meant.
const ADDRESSES: usize = 100;

pub struct Running {
    over: AtomicBool,
    begun: Mutex<Option<mpsc::Sender<()>>>,
    since: Instant,
    /// It goes on until the hub has ended something of it.
    until_ended: bool,
    came: Mutex<Came>,
}

/// What came of a load.
#[derive(Debug, Default)]
pub struct Came {
    pub words: String,
    /// Connections that the hub ended.
    pub ended: u64,
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

    /// The same for a load of which the hub ended so many connections until now.
    pub fn is_on_after(&self, ended: u64) -> bool {
        self.is_on() || self.until_ended && ended == 0 && self.since.elapsed() < PATIENCE
    }

    /// What came of it, and how many of its connections the hub ended.
    pub fn say(&self, words: String, ended: u64) {
        *self.came.lock().expect("no panic") = Came { words, ended };
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
    until_ended: bool,
    load: &(impl Fn(&Hub, &Running) + Sync),
    beside: impl FnOnce() -> T,
) -> (T, Came) {
    let (tell, told) = mpsc::channel();
    let running = Running {
        over: AtomicBool::new(false),
        begun: Mutex::new(Some(tell)),
        since: now(),
        until_ended,
        came: Mutex::default(),
    };
    let done = thread::scope(|scope| {
        let ends = Ends(&running);
        scope.spawn(|| load(hub, &running));
        told.recv_timeout(PATIENCE * 4).expect("it begins");
        let done = beside();
        drop(ends);
        done
    });
    (done, running.came.into_inner().expect("no panic"))
}

/// A connection from one of this machine's own addresses; those of good clients are others. `None` where the hub
/// closed it before it was open.
pub fn connect_from(place: usize, target: SocketAddr, receive_bytes: Option<usize>) -> Option<TcpStream> {
    connect([127, 0, 7, (place % ADDRESSES) as u8 + 1], target, receive_bytes)
}

/// A good client's connection. There are many of them, and none comes more often than an address may.
pub fn connect_well(target: SocketAddr) -> Option<TcpStream> {
    static PLACE: AtomicUsize = AtomicUsize::new(0);
    connect([127, 0, 8, (PLACE.fetch_add(1, Relaxed) % 250) as u8 + 1], target, None)
}

fn connect(address: [u8; 4], target: SocketAddr, receive_bytes: Option<usize>) -> Option<TcpStream> {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket");
    if let Some(bytes) = receive_bytes {
        socket.set_recv_buffer_size(bytes).expect("a smaller buffer");
    }
    socket.bind(&SocketAddr::from((address, 0)).into()).expect("its own address");
    socket.connect(&target.into()).ok()?;
    Some(socket.into())
}

/// Leaves no port behind to wait for its last packets.
pub fn reset(io: &TcpStream) {
    let _ = socket2::SockRef::from(io).set_linger(Some(std::time::Duration::ZERO));
}
