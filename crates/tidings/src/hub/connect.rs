//! The way in: let into the books first, then subscribed at one boundary, then told.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use axum::body::Body;
use http::Response;
use http::request::Parts;
use serde_json::json;
use tidings_core::channel::Selector;
use tidings_core::close::CloseReason;
use tidings_core::grant::Grant;
use tidings_core::history::Envelope;
use tidings_core::log::{Resume, control};
use tidings_core::registry::{Admitted, Candidate, Evidence, Refused, group_ip};

use super::places::Reserved;
use super::{EngineState, Hub, Phase, TooOften};
use crate::net::{self, Remote, RemoteAddress};
use crate::outlet::Outlet;
use crate::socket::Peer;
use crate::stream::Stream;

/// The protocol's version, in `connected`.
const PROTOCOL: u32 = 1;

/// Who is at the far end of a request.
#[derive(Clone, Debug)]
pub struct Client {
    peer: Peer,
    remote: Remote,
}

impl Client {
    /// The address as it counts for limits: of an IPv6 customer the /64.
    pub fn ip(&self) -> IpAddr {
        group_ip(self.remote.address.ip)
    }

    /// Where it is, as far as is known.
    pub fn remote(&self) -> RemoteAddress {
        self.remote.address
    }
}

/// A stream that is asked for.
#[derive(Debug)]
pub struct Open {
    /// Who asks, and what that allows.
    pub grant: Grant,
    /// Channels and patterns, each within the grant.
    pub selectors: Vec<Selector>,
    /// The name the client chose.
    pub client_id: Option<Box<str>>,
    /// Its label.
    pub kind: Arc<str>,
    /// The cursor it comes with.
    pub resume: Option<String>,
    /// Whether events come in their envelope, and in which.
    pub envelope: Envelope,
    /// The lease, in seconds, within which the client promises to check in.
    pub lease_seconds: Option<u64>,
    /// Its place among its user's connections at all hubs.
    pub(super) reserved: Option<Reserved>,
    client: Client,
}

impl Open {
    /// A stream of these channels for a client.
    pub fn new(grant: Grant, selectors: Vec<Selector>, client: Client) -> Self {
        Self {
            grant,
            selectors,
            client_id: None,
            kind: Arc::from("client"),
            resume: None,
            envelope: Envelope::None,
            lease_seconds: None,
            reserved: None,
            client,
        }
    }
}

/// Why a stream is not opened.
#[derive(Debug)]
pub enum OpenError {
    /// The node is draining.
    Draining,
    /// The engine has not answered yet, and there is nothing to serve a stream from.
    NotYet,
    /// The address opens streams too fast.
    Rate {
        /// When to come again, in milliseconds.
        retry_ms: u64,
        /// The limit.
        limit: u32,
    },
    /// A limit is reached.
    Full {
        /// Which one.
        refused: Refused,
        /// For a user's limit, the connections that hold it, as a problem's `held_by`.
        held_by: Vec<serde_json::Value>,
    },
}

impl Hub {
    /// Opens a stream and gives the response that carries it, with the headers of a stream. Served by
    /// [`serve`](crate::serve) its socket is taken over; any other server sends it as a body.
    pub fn stream(&self, open: Open) -> Result<Response<Body>, OpenError> {
        self.connect(open).map(crate::body::response)
    }

    /// Opens a stream. It is in the books before anything can end it.
    pub(crate) fn connect(&self, mut open: Open) -> Result<Stream, OpenError> {
        let now_ms = self.0.clock.now_ms();
        // Where a place was reserved, that was asked then.
        if open.reserved.is_none() {
            self.may_come(&open)?;
        }
        let candidate = self.candidate(&open, open.reserved.as_ref().map(|reserved| reserved.serial));
        let make = |key| {
            let outlet = Outlet::new(key, open.client.peer.clone(), open.client.remote, now_ms);
            outlet.hold_to(open.grant.held());
            self.set_deadlines(&outlet, &open, now_ms);
            Arc::new(outlet)
        };
        let (admitted, outlet, total) = {
            let mut books = self.0.books();
            // Under the lock that a drain takes when it has begun: it finds whoever is let in here.
            if self.refuses_all() {
                books.note_refusal("draining");
                return Err(OpenError::Draining);
            }
            let admitted = books.admit(candidate, &self.0.options.limits, now_ms, make);
            let admitted = admitted.map_err(|refused| self.full(refused))?;
            let entry = books.get(admitted.seat.key()).expect("it was let in under this lock");
            self.observe(entry, &open.selectors, None);
            (admitted, Arc::clone(&entry.handle), books.live())
        };
        let Admitted { seat, superseded, displaced } = admitted;
        // From here on the stream's own end settles the seat, whatever happens below.
        let mut stream = Stream::new(self.clone(), seat, Arc::clone(&outlet), open.envelope);
        if let Some(reserved) = open.reserved.take() {
            self.seat_place(outlet.key, reserved);
        }
        crate::fault::point("connect.admitted", || Some(Arc::clone(&open.grant.user)));
        for key in superseded {
            self.settle(key, CloseReason::Superseded, None);
        }
        for key in displaced {
            self.settle(key, CloseReason::Limit, None);
        }
        stream.greet(self.subscribe(&mut open, &outlet));
        self.row_changed(outlet.key);
        // Revoked after the grant was looked at, and before the stream could be found.
        if self.is_revoked(&open.grant) {
            self.settle(outlet.key, CloseReason::Revoked, None);
        }
        self.announce(&open, total);
        if self.0.phase() != Phase::Serving {
            // It came while the drain began, which may have made its list without it.
            self.settle(outlet.key, CloseReason::Draining, None);
        }
        Ok(stream)
    }

    /// Whether it drains, and not so that whoever comes is let in and sent on.
    fn refuses_all(&self) -> bool {
        self.0.phase() != Phase::Serving && !self.0.sends_on.load(Relaxed)
    }

    pub(super) fn candidate(&self, open: &Open, drawn: Option<u64>) -> Candidate {
        Candidate {
            user: Arc::clone(&open.grant.user),
            client_id: open.client_id.clone(),
            kind: Arc::clone(&open.kind),
            ip: open.client.remote.address.ip,
            connections_max: open.grant.connections_max,
            drawn,
        }
    }

    pub(super) fn may_come(&self, open: &Open) -> Result<(), OpenError> {
        self.may_come_at_all()?;
        self.take_stream(open.client.ip()).map_err(|TooOften { per_second, retry_ms, .. }| {
            self.0.books().note_refusal("rate");
            OpenError::Rate { retry_ms, limit: per_second }
        })
    }

    /// Whether anybody is let in by now.
    fn may_come_at_all(&self) -> Result<(), OpenError> {
        if self.refuses_all() {
            self.0.books().note_refusal("draining");
            return Err(OpenError::Draining);
        }
        if self.engine_state() == EngineState::NotYet {
            self.0.books().note_refusal("unavailable");
            return Err(OpenError::NotYet);
        }
        Ok(())
    }

    /// Who is at the far end of a request: behind the proxies that are trusted, or else the socket's.
    pub fn client(&self, request: &Parts) -> Client {
        let peer = request.extensions.get::<Peer>().cloned();
        let address = || {
            let info = request.extensions.get::<axum::extract::ConnectInfo<SocketAddr>>();
            info.map_or(SocketAddr::from(([0, 0, 0, 0], 0)), |info| info.0)
        };
        let peer = peer.unwrap_or_else(|| Peer::unseen(address()));
        let mut remote = net::remote(peer.address, &request.headers, &self.0.options.trusted_proxies);
        remote.through_proxy |= peer.is_told();
        Client { peer, remote }
    }

    /// Counts a refusal that was decided before the books were asked.
    pub fn note_refusal(&self, kind: &'static str) {
        self.0.books().note_refusal(kind);
    }

    /// Whether a client was told, less than a minute ago, not to come back.
    pub fn is_unwelcome(&self, user: &Arc<str>, client_id: &str) -> bool {
        self.0.books().is_unwelcome(user, client_id, self.0.clock.now_ms())
    }

    fn set_deadlines(&self, outlet: &Outlet, open: &Open, now_ms: u64) {
        let stream = &self.0.options.stream;
        if stream.max_age_ms > 0 {
            let jitter = stream.max_age_ms * stream.max_age_jitter_percent.min(100) / 100;
            let early = rand::random_range(0..=jitter);
            outlet.aged_at_ms.store(now_ms + stream.max_age_ms - early, Relaxed);
        }
        if let Some(seconds) = open.lease_seconds {
            outlet.lease_ms.store((seconds * 1000).try_into().unwrap_or(u32::MAX), Relaxed);
        }
        outlet.expire_in(self.left_ms(&open.grant), now_ms);
    }

    /// How long a grant is good for.
    pub(super) fn left_ms(&self, grant: &Grant) -> Option<u64> {
        grant.expires_at_ms.map(|at| at.saturating_sub(self.0.clock.wall_ms()))
    }

    /// Enters the subscriber at one boundary and renders what it is greeted with.
    fn subscribe(&self, open: &mut Open, outlet: &Arc<Outlet>) -> tidings_core::wire::Framed {
        crate::fault::dawdle("connect.dawdle");
        let subscribed = {
            let mut log = self.0.log();
            // As operators have it by now: whoever changes it later finds the stream here.
            let rights = self.rights(&open.grant, &open.grant.user);
            rights.amend(&mut open.selectors);
            let (began, cursor) = (log.began(), open.resume.as_deref());
            let since = |selector: &Selector| rights.since(selector, began);
            let (selectors, wake) = (&open.selectors, Arc::clone(outlet));
            let subscribed = log.subscribe_since(selectors, &since, cursor, open.envelope, wake);
            outlet.seat_subscriber(subscribed.key);
            subscribed
        };
        // Ended meanwhile: whoever ended it did not see the subscriber yet.
        if outlet.ending().is_some() {
            self.0.log().unsubscribe(subscribed.key);
        } else {
            self.tell_presence(&open.grant.user, &open.selectors);
            self.attend_to(&open.selectors);
        }
        let resume: serde_json::Map<String, serde_json::Value> = subscribed
            .resume
            .iter()
            .map(|(selector, resume): &(Selector, Resume)| (selector.to_string(), json!(resume)))
            .collect();
        let channels: Vec<&str> = open.selectors.iter().map(Selector::as_str).collect();
        let data = json!({
            "protocol": PROTOCOL,
            "connection_id": self.0.secrets.secret(outlet.key),
            "id": self.0.secrets.public(outlet.key),
            "client_id": open.client_id,
            "user": open.grant.user,
            "type": open.kind,
            "node": self.0.node,
            "channels": channels,
            "heartbeat_ms": self.0.options.stream.heartbeat_ms,
            "lease": open.lease_seconds,
            "resume": resume,
        });
        control(Some(subscribed.cursor), "connected", &data.to_string())
    }

    fn announce(&self, open: &Open, total: usize) {
        let user = &open.grant.user;
        if open.selectors.is_empty() {
            tracing::info!(%user, "no channels granted");
        }
        let channels = open.selectors.iter().map(Selector::as_str).collect::<Vec<_>>().join(",");
        tracing::info!(%user, %channels, total, "client connected");
    }

    pub(super) fn full(&self, refused: Refused) -> OpenError {
        let held_by = match &refused {
            Refused::User { held_by, .. } => held_by.iter().map(|evidence| self.evidence(evidence)).collect(),
            _ => Vec::new(),
        };
        OpenError::Full { refused, held_by }
    }

    fn evidence(&self, evidence: &Evidence) -> serde_json::Value {
        json!({
            "id": self.0.secrets.public(evidence.key),
            "node": self.0.node,
            "since": self.0.clock.wall_at(evidence.opened_ms),
        })
    }

    /// What a stream reads: what is asked for, or else all that the grant names; with what an operator added and
    /// took away for the user.
    pub fn selectors_for(&self, grant: &Grant, asked: Option<Vec<Selector>>) -> Vec<Selector> {
        let literal = || grant.literal_channels().cloned().map(Selector::Channel).collect();
        let mut selectors = asked.unwrap_or_else(|| match self.0.options.all_by_default {
            true => vec![Selector::everything()],
            false => literal(),
        });
        self.rights(grant, &grant.user).amend(&mut selectors);
        selectors
    }
}
