//! The crowd as the test has it: parts in processes of their own, each held by this test program, run again.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use super::people;
use super::words::{Order, Told};
use crate::hub::now;

const TEST: &str = "CROWD_TEST";
const PART: &str = "CROWD_PART";
const START_MAX: Duration = Duration::from_secs(30);
/// On a machine on which everything else happens too.
const ANSWER_MAX: Duration = Duration::from_secs(120);

/// Not a test of anything: what the processes run that hold the crowd.
#[test]
fn a_part_of_the_crowd_is_held_where_a_test_asked_for_it() {
    let told = |name| std::env::var(name).ok();
    let (Some(test), Some(part)) = (told(TEST), told(PART)) else { return };
    people::obey(test.parse().expect("an address"), part.parse().expect("a number"));
}

pub(super) struct Part {
    child: Child,
    io: BufReader<TcpStream>,
}

impl Part {
    pub(super) fn start(number: usize) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("bound").to_string();
        let (module, _) =
            module_path!().split_once("::").map_or((module_path!(), ""), |(_, rest)| (rest, ""));
        let name = format!("{module}::a_part_of_the_crowd_is_held_where_a_test_asked_for_it");
        let mut command = Command::new(std::env::current_exe().expect("this program"));
        command.args(["--exact", &name, "--nocapture"]);
        command.env(TEST, address).env(PART, number.to_string());
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::null()).spawn().expect("starts");
        let io = accepted(&listener, &mut child);
        io.set_read_timeout(Some(ANSWER_MAX)).expect("a socket");
        io.set_nodelay(true).expect("a socket");
        Self { child, io: BufReader::new(io) }
    }

    pub(super) fn order(&mut self, order: &Order) -> Told {
        self.say(order);
        self.hear()
    }

    fn say(&mut self, order: &Order) {
        let mut line = serde_json::to_vec(order).expect("JSON");
        line.push(b'\n');
        self.io.get_mut().write_all(&line).expect("it reads");
    }

    fn hear(&mut self) -> Told {
        let mut line = String::new();
        self.io.read_line(&mut line).expect("it answers in time");
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}; what it said is above: {line:?}"))
    }
}

/// The same for all, at the same time.
pub(super) fn order_all(parts: &mut [Part], order: &Order) -> Vec<Told> {
    parts.iter_mut().for_each(|part| part.say(order));
    parts.iter_mut().map(Part::hear).collect()
}

/// Where each part's people go who have to leave.
pub(super) fn show_homes(parts: &mut [Part], homes: &[(SocketAddr, u64)]) {
    order_all(parts, &Order::Homes(homes.to_vec()));
}

fn accepted(listener: &TcpListener, child: &mut Child) -> TcpStream {
    listener.set_nonblocking(true).expect("a socket");
    let since = now();
    loop {
        match listener.accept() {
            Ok((io, _)) => {
                io.set_nonblocking(false).expect("a socket");
                return io;
            }
            Err(error) => assert_eq!(error.kind(), std::io::ErrorKind::WouldBlock, "{error}"),
        }
        assert!(child.try_wait().expect("waited for").is_none(), "it ended; what it said is above");
        assert!(since.elapsed() < START_MAX, "it never came");
        std::thread::sleep(Duration::from_millis(5));
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        // Fails only where it is gone already.
        _ = self.child.kill();
        _ = self.child.wait();
    }
}
