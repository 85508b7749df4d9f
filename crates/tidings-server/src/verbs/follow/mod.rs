//! One stream over many connections: what comes back by itself, misses nothing that the hub holds, and knows when there is
//! no use in going on.

mod checkin;
mod control;
mod end;

use std::cell::RefCell;
use std::ops::ControlFlow;
use std::rc::Rc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderValue};
use http::{Method, Response, StatusCode};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout};

pub(crate) use self::checkin::Farewell;
pub(crate) use self::control::Connected;
use self::control::Control;
use self::end::{Broken, Outcome};
use super::backoff::Backoff;
use super::failure::Failure;
use super::hub::{self, Hub, query};
use super::problem::is_passing;
use super::sse::{Event, Item, Parser};

/// A connection that held so long was a good one: the next break starts the waits anew.
pub(crate) const STABLE_MS: u64 = 10_000;

/// What a stream is asked for, whichever connection it is on.
#[derive(Debug, Default)]
pub(crate) struct Wanted {
    /// As they are to be now: a reader may change them while the stream is there.
    pub(crate) channels: Rc<RefCell<Vec<String>>>,
    /// Drawn at random where there is none.
    pub(crate) client_id: Option<String>,
    pub(crate) label: String,
    pub(crate) lease_seconds: Option<u64>,
    pub(crate) envelope: bool,
    pub(crate) cursor: String,
    /// Failed attempts in a row before it is given up; 0 is never.
    pub(crate) attempts_max: u32,
}

/// What becomes of a stream.
pub(crate) enum State<'a> {
    Connected(&'a Connected),
    /// It is over, for this reason, and there is another attempt after a while.
    Waiting(&'a str, Duration),
    /// Something is lost.
    Gap(&'a str),
    /// Worth a line, no more.
    Note(&'a str),
}

/// Who reads a stream.
pub(crate) trait Reader {
    /// Whether it wants the stream's own bytes, line by line, before what they say.
    fn wants_bytes(&self) -> bool {
        false
    }

    /// The stream's own bytes.
    fn bytes(&mut self, _bytes: &[u8]) {}

    /// An event that was published. May say that there is enough of them.
    fn event(&mut self, event: &Event) -> ControlFlow<()>;

    /// A gap, or another control event that is worth a note.
    fn control(&mut self, _event: &Event) {}

    /// What becomes of the stream.
    fn state(&mut self, state: State<'_>);

    /// All that came together was read.
    async fn flush(&mut self) -> Result<(), Failure> {
        Ok(())
    }
}

/// Follows a stream, and keeps what has to outlive a connection.
pub(crate) struct Follower<R> {
    hub: Hub,
    farewell: Farewell,
    wanted: Wanted,
    client_id: String,
    cursor: String,
    backoff: Backoff,
    failures: u32,
    /// The hub's wish, from the present connection's `retry:`.
    retry_floor: Duration,
    live: Live,
    reader: R,
}

/// What belongs to the present connection.
struct Live {
    since: Option<Instant>,
    silence: Duration,
    /// Ends when the hub no longer knows the connection.
    lease: JoinSet<()>,
}

impl<R: Reader> Follower<R> {
    pub(crate) fn new(hub: Hub, wanted: Wanted, reader: R) -> Self {
        let drawn = || format!("{:032x}", rand::random::<u128>());
        Self {
            farewell: Farewell::new(hub.clone()),
            hub,
            client_id: wanted.client_id.clone().unwrap_or_else(drawn),
            cursor: wanted.cursor.clone(),
            backoff: Backoff::new(),
            failures: 0,
            retry_floor: Duration::ZERO,
            live: Live::new(),
            wanted,
            reader,
        }
    }

    /// Goes on until there is nothing more to do, or no use in going on.
    pub(crate) async fn follow(&mut self) -> Result<(), Failure> {
        loop {
            self.live = Live::new();
            let broken = match self.hold().await? {
                Outcome::Done => return Ok(()),
                Outcome::Broken(broken) => broken,
            };
            if self.live.since.is_some_and(|since| since.elapsed() >= Duration::from_millis(STABLE_MS)) {
                self.backoff.reset();
            }
            self.farewell.disarm();
            self.failures += 1;
            if self.failures == self.wanted.attempts_max {
                return Err(Failure::Unreachable(format!(
                    "{} (gave up after {} attempts)",
                    broken.why, self.failures
                )));
            }
            let wait = self.backoff.next(self.retry_floor.max(broken.floor), rand::random());
            self.reader.state(State::Waiting(&broken.why, wait));
            tokio::time::sleep(wait).await;
        }
    }

    /// What takes leave of the connection that is there when it is said.
    pub(crate) fn farewell(&self) -> Farewell {
        self.farewell.clone()
    }

    /// One connection, from its request to its end.
    async fn hold(&mut self) -> Result<Outcome, Failure> {
        let response = match self.hub.open(Method::GET, &self.path(), self.headers(), Vec::new()).await {
            Ok(response) => response,
            Err(Failure::Unreachable(why)) => {
                return Ok(Outcome::Broken(Broken { why, floor: Duration::ZERO }));
            }
            Err(failure) => return Err(failure),
        };
        match response.status() {
            StatusCode::OK if is_event_stream(&response) => self.read(response.into_body()).await,
            StatusCode::OK => Err(self.hub.foreign(&"it isn't a text/event-stream")),
            StatusCode::NO_CONTENT => {
                Err(Failure::Ended("the hub wants this client to stay away (204)".to_owned()))
            }
            _ => end::refusal(response).await.map(Outcome::Broken),
        }
    }

    fn path(&self) -> String {
        let channels = Some(self.wanted.channels.borrow().join(",")).filter(|list| !list.is_empty());
        // What no header can carry goes into the query.
        let cursor = HeaderValue::from_str(&self.cursor).is_err().then(|| self.cursor.clone());
        let query = query([
            ("channels", channels),
            ("client_id", Some(self.client_id.clone())),
            ("type", Some(self.wanted.label.clone())),
            ("lease", self.wanted.lease_seconds.map(|seconds| seconds.to_string())),
            ("envelope", self.wanted.envelope.then(|| "1".to_owned())),
            ("last_event_id", cursor),
        ]);
        format!("/api/sse/stream{query}")
    }

    fn headers(&self) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, HeaderValue::from_static("text/event-stream"));
        if let (false, Ok(cursor)) = (self.cursor.is_empty(), HeaderValue::from_str(&self.cursor)) {
            headers.insert("last-event-id", cursor);
        }
        headers
    }

    async fn read(&mut self, mut body: Incoming) -> Result<Outcome, Failure> {
        let mut parser = Parser::new(self.cursor.clone());
        // An earlier connection's wish, as a drain's, was for coming here.
        self.retry_floor = Duration::ZERO;
        loop {
            let frame = tokio::select! {
                frame = timeout(self.live.silence, body.frame()) => frame,
                Some(_) = self.live.lease.join_next() => return Ok(Outcome::broken("the hub no longer knows this connection")),
            };
            let bytes = match frame {
                Ok(Some(Ok(frame))) => frame.into_data().unwrap_or_default(),
                Ok(Some(Err(error))) => {
                    return Ok(Outcome::broken(format!("the stream broke: {}", hub::root_cause(&error))));
                }
                Ok(None) => return Ok(Outcome::broken("the stream ended")),
                Err(_) => {
                    return Ok(Outcome::broken(format!("silent for {} s", self.live.silence.as_secs())));
                }
            };
            if let Some(outcome) = self.take(&mut parser, &bytes).await? {
                if matches!(outcome, Outcome::Done) {
                    self.farewell.say().await;
                }
                return Ok(outcome);
            }
        }
    }

    /// Takes a portion of the stream in, and has what it says out before anything else happens.
    async fn take(&mut self, parser: &mut Parser, bytes: &Bytes) -> Result<Option<Outcome>, Failure> {
        let outcome = self.digest(parser, bytes);
        self.reader.flush().await?;
        outcome
    }

    fn digest(&mut self, parser: &mut Parser, bytes: &Bytes) -> Result<Option<Outcome>, Failure> {
        let mut items = Vec::new();
        for part in self.parts(bytes) {
            let parsed = parser.push(part, &mut items);
            self.reader.bytes(part);
            for item in items.drain(..) {
                if let Some(outcome) = self.take_item(&item)? {
                    return Ok(Some(outcome));
                }
            }
            // The same stream would only say it again.
            parsed.map_err(|error| self.hub.foreign(&error))?;
            parser.last_id().clone_into(&mut self.cursor);
        }
        Ok(None)
    }

    /// Line by line, so that who has enough has it with its event's last byte.
    fn parts<'a>(&self, bytes: &'a Bytes) -> Vec<&'a [u8]> {
        match self.reader.wants_bytes() {
            true => bytes.split_inclusive(|byte| *byte == b'\n').collect(),
            false => vec![bytes],
        }
    }

    fn take_item(&mut self, item: &Item) -> Result<Option<Outcome>, Failure> {
        let event = match item {
            Item::Retry { wait_ms } => {
                self.retry_floor = Duration::from_millis(*wait_ms);
                return Ok(None);
            }
            Item::Event(event) => event,
        };
        event.last_id.clone_into(&mut self.cursor);
        match control::read(event) {
            None => return Ok(self.reader.event(event).is_break().then_some(Outcome::Done)),
            Some(Control::Connected(connected)) => self.greet(connected),
            // Without a status it is a newer hub's way to say "not now".
            Some(Control::Refused(problem)) if is_passing(problem.status) || problem.status == 0 => {
                return Ok(Some(Outcome::broken(problem.to_string())));
            }
            Some(Control::Refused(problem)) => return Err(Failure::Refused(problem)),
            Some(Control::Closing(closing)) => {
                self.farewell.disarm();
                return end::closed(&closing).map(|broken| Some(Outcome::Broken(broken)));
            }
            Some(Control::Gap(notice)) => {
                self.reader.state(State::Gap(&notice));
                self.reader.control(event);
            }
            Some(Control::Note(notice)) => {
                self.reader.state(State::Note(&notice));
                self.reader.control(event);
            }
        }
        Ok(None)
    }

    fn greet(&mut self, connected: Connected) {
        self.failures = 0;
        self.live.since = Some(Instant::now());
        self.live.silence = connected.silence();
        self.reader.state(State::Connected(&connected));
        if let Some(seconds) = self.wanted.lease_seconds {
            let (hub, id) = (self.hub.clone(), connected.connection_id.clone());
            self.live.lease.spawn(checkin::check_in(hub, id, Duration::from_secs(seconds)));
        }
        self.farewell.arm(connected.connection_id);
    }
}

impl Live {
    fn new() -> Self {
        Self { since: None, silence: Connected::default().silence(), lease: JoinSet::new() }
    }
}

fn is_event_stream(response: &Response<Incoming>) -> bool {
    let kind = response.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    kind.split(';').next().is_some_and(|kind| kind.trim().eq_ignore_ascii_case("text/event-stream"))
}
