//! One stream over many connections.

use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderValue};
use http::{Method, Response, StatusCode};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use tokio::io::AsyncWriteExt;
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout};

use super::super::backoff::Backoff;
use super::super::failure::{Exit, Failure};
use super::super::hub::{self, Hub, query};
use super::super::problem::is_passing;
use super::super::sse::{Event, Item, Parser};
use super::super::terminal::tell;
use super::TailArgs;
use super::checkin::{self, Farewell};
use super::control::{self, Connected, Control};
use super::end::{self, Broken, Outcome};
use super::output::{self, Form};

/// A connection that held so long was a good one: the next break starts the waits anew.
pub(crate) const STABLE_MS: u64 = 10_000;
/// Stands for the start of what the hub holds.
const EARLIEST: &str = "earliest";

/// Follows a stream, and keeps what has to outlive a connection.
pub(super) struct Follower {
    hub: Hub,
    farewell: Farewell,
    args: TailArgs,
    form: Form,
    client_id: String,
    cursor: String,
    left: Option<u64>,
    backoff: Backoff,
    failures: u32,
    /// The hub's wish, from the present connection's `retry:`.
    retry_floor: Duration,
    stdout: tokio::io::Stdout,
    live: Live,
}

/// What belongs to the present connection.
struct Live {
    since: Option<Instant>,
    silence: Duration,
    /// Ends when the hub no longer knows the connection.
    lease: JoinSet<()>,
}

impl Follower {
    pub(super) fn new(hub: Hub, args: TailArgs) -> Self {
        let form = match () {
            () if args.json => Form::Json,
            () if args.data => Form::Data,
            () if args.raw => Form::Raw,
            () => Form::Columns,
        };
        let beginning = args.since_beginning.then(|| EARLIEST.to_owned());
        Self {
            farewell: Farewell::new(hub.clone()),
            hub,
            form,
            client_id: args.client_id.clone().unwrap_or_else(|| format!("{:032x}", rand::random::<u128>())),
            cursor: args.from.clone().or(beginning).unwrap_or_default(),
            left: args.exit_after,
            backoff: Backoff::new(),
            failures: 0,
            retry_floor: Duration::ZERO,
            stdout: tokio::io::stdout(),
            live: Live::new(),
            args,
        }
    }

    /// Goes on until there is nothing more to do, or no use in going on.
    pub(super) async fn follow(&mut self) -> Result<Exit, Failure> {
        loop {
            self.live = Live::new();
            let broken = match self.hold().await? {
                Outcome::Done => return Ok(Exit::Done),
                Outcome::Broken(broken) => broken,
            };
            if self.live.since.is_some_and(|since| since.elapsed() >= Duration::from_millis(STABLE_MS)) {
                self.backoff.reset();
            }
            self.farewell.disarm();
            self.failures += 1;
            if self.failures == self.args.max_attempts {
                return Err(Failure::Unreachable(format!(
                    "{} (gave up after {} attempts)",
                    broken.why, self.failures
                )));
            }
            let wait = self.backoff.next(self.retry_floor.max(broken.floor), rand::random());
            self.state(format_args!("tidings: {}; reconnecting in {:.1} s", broken.why, wait.as_secs_f64()));
            tokio::time::sleep(wait).await;
        }
    }

    /// What takes leave of the connection that is there when it is said.
    pub(super) fn farewell(&self) -> Farewell {
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
        let channels = (!self.args.channels.is_empty()).then(|| self.args.channels.join(","));
        // What no header can carry goes into the query.
        let cursor = HeaderValue::from_str(&self.cursor).is_err().then(|| self.cursor.clone());
        let query = query([
            ("channels", channels),
            ("client_id", Some(self.client_id.clone())),
            ("type", Some(self.args.label.clone())),
            ("lease", self.args.lease.map(|seconds| seconds.to_string())),
            ("envelope", self.form.wants_envelope().then(|| "1".to_owned())),
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

    /// Takes a portion of the stream in, and has its lines out before anything else happens.
    async fn take(&mut self, parser: &mut Parser, bytes: &Bytes) -> Result<Option<Outcome>, Failure> {
        let mut out = Vec::new();
        let outcome = self.digest(parser, bytes, &mut out);
        if !out.is_empty() {
            self.stdout.write_all(&out).await?;
            self.stdout.flush().await?;
        }
        outcome
    }

    fn digest(
        &mut self,
        parser: &mut Parser,
        bytes: &Bytes,
        out: &mut Vec<u8>,
    ) -> Result<Option<Outcome>, Failure> {
        let mut items = Vec::new();
        for part in self.parts(bytes) {
            let parsed = parser.push(part, &mut items);
            if self.form == Form::Raw {
                out.extend_from_slice(part);
            }
            for item in items.drain(..) {
                if let Some(outcome) = self.take_item(&item, out)? {
                    return Ok(Some(outcome));
                }
            }
            // The same stream would only say it again.
            parsed.map_err(|error| self.hub.foreign(&error))?;
            parser.last_id().clone_into(&mut self.cursor);
        }
        Ok(None)
    }

    /// Raw bytes are taken line by line, so that `--exit-after` ends with its event's last byte.
    fn parts<'a>(&self, bytes: &'a Bytes) -> Vec<&'a [u8]> {
        match self.form {
            Form::Raw => bytes.split_inclusive(|byte| *byte == b'\n').collect(),
            _ => vec![bytes],
        }
    }

    fn take_item(&mut self, item: &Item, out: &mut Vec<u8>) -> Result<Option<Outcome>, Failure> {
        let event = match item {
            Item::Retry { wait_ms } => {
                self.retry_floor = Duration::from_millis(*wait_ms);
                return Ok(None);
            }
            Item::Event(event) => event,
        };
        event.last_id.clone_into(&mut self.cursor);
        match control::read(event) {
            None => return Ok(self.publish(event, out)),
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
                tell(format_args!("tidings: {notice}"));
                self.note(event, out);
            }
            Some(Control::Note(notice)) => {
                self.state(format_args!("tidings: {notice}"));
                self.note(event, out);
            }
        }
        Ok(None)
    }

    fn publish(&mut self, event: &Event, out: &mut Vec<u8>) -> Option<Outcome> {
        let line = output::line(self.form, &self.args.types, event)?;
        out.extend_from_slice(line.as_bytes());
        let left = self.left.as_mut()?;
        *left -= 1;
        (*left == 0).then_some(Outcome::Done)
    }

    fn note(&self, event: &Event, out: &mut Vec<u8>) {
        if self.form == Form::Json {
            out.extend_from_slice(output::control_line(event).as_bytes());
        }
    }

    fn greet(&mut self, connected: Connected) {
        self.failures = 0;
        self.live.since = Some(Instant::now());
        self.live.silence = connected.silence();
        self.state(format_args!("tidings: {}", connected.summary()));
        if let Some(seconds) = self.args.lease {
            let (hub, id) = (self.hub.clone(), connected.connection_id.clone());
            self.live.lease.spawn(checkin::check_in(hub, id, Duration::from_secs(seconds)));
        }
        self.farewell.arm(connected.connection_id);
    }

    fn state(&self, line: std::fmt::Arguments<'_>) {
        if !self.args.quiet {
            tell(line);
        }
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
