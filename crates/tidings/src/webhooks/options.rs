//! What is told to whom.

use std::fmt;
use std::io;
use std::time::Duration;

use http::Uri;

use super::record::Happened;
use super::sign::{SecretError, Signer};
use crate::outbound::{ClientOptions, Target, TargetError, Trust};

/// Of an answer, which nobody reads.
const ANSWER_BYTES_MAX: usize = 64 * 1024;

/// Something that a webhook can be told of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum WebhookEvent {
    /// A connection opened.
    Connected,
    /// A connection ended.
    Disconnected,
    /// A channel got its first subscriber by name.
    ChannelOccupied,
    /// A channel lost its last subscriber by name.
    ChannelVacated,
}

impl WebhookEvent {
    /// Its name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Connected => "connected",
            Self::Disconnected => "disconnected",
            Self::ChannelOccupied => "channel_occupied",
            Self::ChannelVacated => "channel_vacated",
        }
    }

    pub(super) fn of(what: &Happened) -> Option<Self> {
        match what {
            Happened::Connected { .. } => Some(Self::Connected),
            Happened::Disconnected { .. } => Some(Self::Disconnected),
            Happened::ChannelOccupied { .. } => Some(Self::ChannelOccupied),
            Happened::ChannelVacated { .. } => Some(Self::ChannelVacated),
            Happened::Overflow { .. } => None,
        }
    }
}

/// One who is told.
#[derive(Clone)]
pub struct WebhookOptions {
    /// Where. It may have secrets in it, and is not shown.
    pub url: Uri,
    /// What signs each request: `whsec_` and 24 to 64 bytes as base64; two, parted by a space, while one follows the
    /// other.
    pub secret: String,
    /// What is told; without any, all of it.
    pub events: Vec<WebhookEvent>,
    /// Whether the URL's name may stand for an address within the network.
    pub allow_private: bool,
    /// Who vouches for the receiver, over https://, as PEM; `None` for those whom this machine trusts.
    pub authorities: Option<Vec<u8>>,
    /// For the whole of a request.
    pub timeout_ms: u64,
}

impl fmt::Debug for WebhookOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebhookOptions").field("host", &self.url.host()).finish_non_exhaustive()
    }
}

/// What is kept for those who can't be told now, and when they are tried again.
#[derive(Clone, Copy, Debug)]
pub struct OutboxOptions {
    /// Of the files in the data directory; beyond it the oldest events are lost.
    pub bytes_max: u64,
    /// Before the second try; doubled with each one after.
    pub retry_ms: u64,
    /// Between two tries, at most.
    pub retry_max_ms: u64,
}

impl Default for OutboxOptions {
    fn default() -> Self {
        Self { bytes_max: 64 * 1024 * 1024, retry_ms: 1_000, retry_max_ms: 60_000 }
    }
}

/// Why somebody can't be told in this way.
#[derive(Debug, thiserror::Error)]
pub enum WebhookOptionsError {
    /// The URL is no target.
    #[error("{0}")]
    Target(#[from] TargetError),
    /// The secret is none.
    #[error("{0}")]
    Secret(#[from] SecretError),
    /// No server's certificate could be checked.
    #[error("{0}")]
    Trust(io::Error),
    /// There is the same one before it.
    #[error("webhook {0} has the same URL and the same events, and is told them already: take one out")]
    Twice(usize),
}

impl WebhookOptions {
    /// At a URL, signed by a secret, with the defaults of the configuration.
    pub fn new(url: Uri, secret: impl Into<String>) -> Self {
        Self {
            url,
            secret: secret.into(),
            events: Vec::new(),
            allow_private: false,
            authorities: None,
            timeout_ms: 10_000,
        }
    }

    /// Whether it could be told.
    pub fn check(&self) -> Result<(), WebhookOptionsError> {
        self.target().map(|_| ())
    }

    /// Whether each could be told beside the others. The first that could not be, with its place.
    pub fn check_all(webhooks: &[Self]) -> Result<(), (usize, WebhookOptionsError)> {
        for (place, one) in webhooks.iter().enumerate() {
            one.check().map_err(|error| (place, error))?;
            if let Some(same) = webhooks[..place].iter().position(|other| other.name() == one.name()) {
                return Err((place, WebhookOptionsError::Twice(same)));
            }
        }
        Ok(())
    }

    /// By where it is and what it wants, so that it stays the same whatever becomes of the others.
    pub(super) fn name(&self) -> String {
        let mut events: Vec<&str> = self.events.iter().map(|event| event.as_str()).collect();
        events.sort_unstable();
        events.dedup();
        format!("{}\n{}", self.url, events.join(","))
    }

    pub(super) fn wants(&self, what: &Happened) -> bool {
        match WebhookEvent::of(what) {
            Some(event) => self.events.is_empty() || self.events.contains(&event),
            // Whoever they are, some of what they want may be lost.
            None => true,
        }
    }

    pub(super) fn target(&self) -> Result<(Target, ClientOptions, Signer), WebhookOptionsError> {
        let target = Target::new(self.url.clone(), self.allow_private)?;
        let signer = Signer::parse(&self.secret)?;
        let trust = target.is_https().then(|| Trust::by(self.authorities.as_deref())).transpose();
        let options = ClientOptions {
            trust: trust.map_err(WebhookOptionsError::Trust)?,
            timeout: Duration::from_millis(self.timeout_ms),
            body_bytes_max: ANSWER_BYTES_MAX,
            keep_alive: true,
            allow_setting: "allow_private in its [[webhook]]",
        };
        Ok((target, options, signer))
    }
}
