//! The one connection over which a load publishes, and what it sends.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::fd::{AsRawFd, RawFd};
use std::time::Duration;

use super::Target;
use super::link::Link;
use crate::http::Response;
use crate::scan::MARKER;

const IO_TIMEOUT: Duration = Duration::from_secs(20);
const SEQ_DIGITS: usize = 10;

/// A kept-alive HTTP/1.1 connection with at most one request under way.
pub(crate) struct Publisher {
    addr: SocketAddr,
    stream: Link,
    response: Vec<u8>,
    awaits_answer: bool,
}

impl Publisher {
    pub(crate) fn connect(target: &Target) -> io::Result<Self> {
        let addr = target.addr;
        let stream = TcpStream::connect_timeout(&addr, IO_TIMEOUT)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(IO_TIMEOUT))?;
        stream.set_write_timeout(Some(IO_TIMEOUT))?;
        let mut stream = Link::new(stream, addr, target.tls.as_ref().map(|trust| &trust.publisher))?;
        if stream.reads_on() {
            stream.shake_hands()?;
            stream.set_nonblocking()?;
        }
        Ok(Self { addr, stream, response: Vec::new(), awaits_answer: false })
    }

    pub(crate) fn fd(&self) -> RawFd {
        self.stream.as_raw_fd()
    }

    /// Whether something to read is an answer. Between two requests it is the end: servers close idle connections.
    pub(crate) fn awaits_answer(&self) -> bool {
        self.awaits_answer
    }

    pub(crate) fn send(&mut self, body: &[u8]) -> io::Result<()> {
        self.response.clear();
        self.awaits_answer = true;
        let mut request = format!(
            "POST /api/sse/publish HTTP/1.1\r\nHost: {}\r\nContent-Type: application/json\r\n\
             Content-Length: {}\r\n\r\n",
            self.addr,
            body.len()
        )
        .into_bytes();
        request.extend_from_slice(body);
        self.stream.write_all(&request)
    }

    /// Call when the socket can be read. True once the publish is answered with 200.
    pub(crate) fn receive(&mut self) -> io::Result<bool> {
        let mut piece = [0; 4096];
        // Under TLS there is more to read than answers, and none of it is waited for.
        let read = match self.stream.read(&mut piece) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(false),
            read => read?,
        };
        if read == 0 {
            return Err(io::Error::other("the server closed the publisher's connection"));
        }
        self.response.extend_from_slice(&piece[..read]);
        let Some(response) = Response::parse(&self.response).map_err(io::Error::other)? else {
            return Ok(false);
        };
        self.awaits_answer = false;
        if response.status != 200 {
            let said = String::from_utf8_lossy(&self.response).into_owned();
            return Err(io::Error::other(format!("the publish was refused: {said}")));
        }
        Ok(true)
    }
}

/// What to publish: JSON for the hub, for the floor the very bytes that it will write.
pub(crate) enum Content {
    /// Events as the hub's API takes them.
    Api,
    /// One event as the hub would send it, without chunk framing.
    Frame(String),
}

impl Content {
    /// A frame in the hub's manner, for a floor that runs without a hub beside it.
    pub(crate) fn default_frame(data_bytes: usize) -> Self {
        let data = event_data(0, data_bytes);
        Self::Frame(format!("id: 0123456789abcdef-0000000000\nevent: tick\ndata: \"{data}\"\n\n"))
    }

    /// The body that publishes `count` events, numbered from `first_seq`.
    pub(crate) fn body(&self, first_seq: u64, count: u32, data_bytes: usize) -> Vec<u8> {
        let seqs = first_seq..first_seq + u64::from(count);
        match self {
            Self::Frame(frame) => seqs.flat_map(|seq| chunk(&renumbered(frame, seq))).collect(),
            Self::Api => {
                let events: Vec<String> = seqs.map(|seq| api_event(seq, data_bytes)).collect();
                match events.as_slice() {
                    [one] => one.clone().into_bytes(),
                    many => format!("[{}]", many.join(",")).into_bytes(),
                }
            }
        }
    }
}

fn api_event(seq: u64, data_bytes: usize) -> String {
    format!(r#"{{"channel":"bench","type":"tick","data":"{}"}}"#, event_data(seq, data_bytes))
}

fn event_data(seq: u64, data_bytes: usize) -> String {
    let marker = String::from_utf8_lossy(MARKER);
    let padding = data_bytes.saturating_sub(SEQ_DIGITS + 1 + MARKER.len());
    format!("{seq:0width$}:{}{marker}", "x".repeat(padding), width = SEQ_DIGITS)
}

fn renumbered(frame: &str, seq: u64) -> String {
    let Some(data_at) = frame.find("data: \"") else { return frame.to_owned() };
    let (before, data) = frame.split_at(data_at + "data: \"".len());
    format!("{before}{seq:0width$}{}", data.get(SEQ_DIGITS..).unwrap_or_default(), width = SEQ_DIGITS)
}

fn chunk(body: &str) -> Vec<u8> {
    format!("{:x}\r\n{body}\r\n", body.len()).into_bytes()
}

#[cfg(test)]
mod tests {
    use super::{Content, event_data};
    use crate::load::witness::Witness;
    use crate::scan::Scanner;

    #[test]
    fn one_event_is_an_object_and_several_are_an_array() {
        let one: serde_json::Value =
            serde_json::from_slice(&Content::Api.body(7, 1, 100)).expect("well-formed");
        assert_eq!(one["data"].as_str().map(str::len), Some(100));
        let ten: serde_json::Value =
            serde_json::from_slice(&Content::Api.body(7, 10, 100)).expect("well-formed");
        assert_eq!(ten.as_array().map(Vec::len), Some(10));
        assert_eq!(ten[9]["data"], event_data(16, 100));
    }

    #[test]
    fn frames_read_as_the_events_they_stand_for() {
        let body = Content::default_frame(120).body(41, 10, 0);
        let mut witness = Witness::new(true);
        witness.feed(&body).expect("well-formed and in sequence");
        assert_eq!(witness.events(), 10);
        assert_eq!(Scanner::default().feed(&body), 10);
    }
}
