//! What all share: a hub behind real sockets, in the clear and under TLS, a clock that only counts, and who did what between which of its ticks.

use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use http::request::Parts;
use rcgen::{CertificateParams, KeyPair};
use rustls::{ClientConfig, RootCertStore};
use serde_json::json;
use tidings::tls::{Tls, TlsOptions};
use tidings::{Authorizer, ChannelName, Entrance, Grant, HttpOptions, Hub, HubOptions, Problem, Selector};
use tokio::sync::Notify;
use tokio_rustls::TlsConnector;

use crate::dice::Dice;
use crate::truth::{Decided, Published};
use crate::wire::Door;

pub(crate) const USERS: usize = 4;
/// The last is in no token: an operator gives it. The first is always everybody's.
pub(crate) const CHANNELS: [&str; 7] = ["always", "room:0", "room:1", "room:2", "room:3", "room:4", "extra"];

/// What a token grants; its name says which.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Narrow,
    Broad,
    Wild,
}

impl Kind {
    pub(crate) const ALL: [Kind; 3] = [Kind::Narrow, Kind::Broad, Kind::Wild];

    pub(crate) fn names(self) -> &'static [&'static str] {
        match self {
            Self::Narrow => &CHANNELS[..3],
            Self::Broad => &CHANNELS[..5],
            Self::Wild => &["always", "room:*"],
        }
    }

    pub(crate) fn grants(self, channel: usize) -> bool {
        match self {
            Self::Narrow => channel < 3,
            Self::Broad => channel < 5,
            Self::Wild => channel < 6,
        }
    }
}

/// A token: its own name is all that it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Token {
    pub(crate) user: usize,
    pub(crate) kind: Kind,
    pub(crate) number: usize,
}

impl Token {
    pub(crate) fn text(&self) -> String {
        format!("{}.{}.{}", self.user, self.kind as usize, self.number)
    }

    fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('.').map(|part| part.parse::<usize>().ok());
        let (user, kind, number) = (parts.next()??, parts.next()??, parts.next()??);
        Some(Self { user, kind: Kind::ALL[kind], number })
    }
}

struct Desk;

impl Authorizer for Desk {
    async fn authorize(&self, request: &Parts) -> Result<Grant, Problem> {
        let header = request.headers.get("authorization").and_then(|value| value.to_str().ok());
        let token = header.and_then(|value| Token::parse(value.strip_prefix("Bearer ")?));
        let token = token.ok_or_else(|| Problem::unauthorized("no token"))?;
        let subscribe = token.kind.names().iter().map(|name| Selector::parse(name).expect("a selector"));
        Ok(Grant {
            subscribe: subscribe.collect(),
            token_id: Some(token.text().into()),
            ..Grant::nothing(user_name(token.user))
        })
    }
}

pub(crate) fn user_name(user: usize) -> String {
    format!("user-{user}")
}

pub(crate) struct World {
    pub(crate) hub: Hub,
    /// In the clear, and under TLS.
    pub(crate) doors: [Door; 2],
    ticks: AtomicU64,
    tokens: AtomicUsize,
    over: AtomicBool,
    events: Mutex<Vec<Published>>,
    decided: Mutex<Decided>,
    /// Tokens that streams are under.
    pub(crate) worn: Mutex<Vec<Token>>,
}

impl World {
    pub(crate) async fn open() -> (Arc<Self>, Arc<Notify>) {
        let mut options = HubOptions::default();
        options.limits.connections_per_user = 0;
        options.limits.connections_per_ip = 0;
        let hub = Hub::open(options).expect("opens");
        let stop = Arc::new(Notify::new());
        let (tls, connector) = sealed();
        let doors = [(None, None), (Some(tls), Some(connector))].map(|(tls, connector)| {
            let router = tidings::router(hub.clone(), Desk, &HttpOptions::default());
            let listener = tidings::bind(([127, 0, 0, 1], 0).into(), &hub.options().stream).expect("a port");
            let address = listener.local_addr().expect("an address");
            let (entrance, stopped) = (Entrance { tls, ..Entrance::default() }, Arc::clone(&stop));
            let until_stopped = async move { stopped.notified().await };
            tokio::spawn(tidings::serve_through(listener, entrance, router, hub.clone(), until_stopped));
            Door { address, tls: connector }
        });
        let world = Self {
            hub,
            doors,
            ticks: AtomicU64::new(1),
            tokens: AtomicUsize::new(0),
            over: AtomicBool::new(false),
            events: Mutex::default(),
            decided: Mutex::default(),
            worn: Mutex::default(),
        };
        (Arc::new(world), stop)
    }

    pub(crate) fn tick(&self) -> u64 {
        self.ticks.fetch_add(1, SeqCst)
    }

    pub(crate) fn new_token(&self, user: usize, kind: Kind) -> Token {
        let token = Token { user, kind, number: self.tokens.fetch_add(1, SeqCst) };
        self.worn.lock().expect("no panic").push(token.clone());
        token
    }

    pub(crate) fn end(&self) {
        self.over.store(true, SeqCst);
    }

    pub(crate) fn is_over(&self) -> bool {
        self.over.load(SeqCst)
    }

    pub(crate) fn decide(&self, note: impl FnOnce(&mut Decided)) {
        note(&mut self.decided.lock().expect("no panic"));
    }

    pub(crate) fn decided(&self) -> Decided {
        self.decided.lock().expect("no panic").clone()
    }

    pub(crate) fn events(&self) -> Vec<Published> {
        self.events.lock().expect("no panic").clone()
    }

    pub(crate) fn channel_of(&self, number: usize) -> usize {
        self.events.lock().expect("no panic")[number].channel
    }

    pub(crate) async fn wait_for_nobody(&self, patience: Duration) {
        let nobody = async {
            while self.hub.stats()["connections"]["active"] != 0 {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(patience, nobody).await.expect("all have gone in time");
    }
}

/// TLS with a certificate of its own, and whoever trusts that.
fn sealed() -> (Arc<Tls>, TlsConnector) {
    let dir = tempfile::tempdir().expect("a directory");
    let key = KeyPair::generate().expect("a key");
    let certificate = CertificateParams::new(vec!["localhost".to_owned()]).expect("a name");
    let certificate = certificate.self_signed(&key).expect("a certificate");
    let [certificate_file, key_file] = ["c.pem", "k.pem"].map(|name| dir.path().join(name));
    std::fs::write(&certificate_file, certificate.pem()).expect("a file");
    std::fs::write(&key_file, key.serialize_pem()).expect("a file");
    let tls = Tls::open(TlsOptions::new(certificate_file, key_file)).expect("a pair");
    let mut roots = RootCertStore::empty();
    roots.add(certificate.der().clone()).expect("a certificate");
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let config = config.expect("versions").with_root_certificates(roots).with_no_client_auth();
    (Arc::new(tls), TlsConnector::from(Arc::new(config)))
}

/// Publishes so many events, at a pace that readers keep up with. `always` is one publisher's alone, so that its events
/// have an order.
pub(crate) async fn publish(world: Arc<World>, which: usize, events: usize, mut dice: Dice) {
    let names = CHANNELS.map(|name| ChannelName::parse(name).expect("a name"));
    let publisher = world.hub.publisher();
    for at in 0..events {
        let channel = which.min(1) + dice.below(CHANNELS.len() - which.min(1));
        let begun = world.tick();
        let number = {
            let mut all = world.events.lock().expect("no panic");
            all.push(Published { channel, begun, ended: u64::MAX });
            all.len() - 1
        };
        publisher.publish(&names[channel], "", &json!({ "n": number })).await.expect("published");
        let ended = world.tick();
        world.events.lock().expect("no panic")[number].ended = ended;
        match at % 16 {
            0 => tokio::time::sleep(Duration::from_micros(500)).await,
            _ => tokio::task::yield_now().await,
        }
    }
}
