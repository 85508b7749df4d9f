//! How the application is asked.

use std::fmt;
use std::time::Duration;

use http::Uri;
use http::header::HeaderName;

use crate::outbound::{ClientOptions, Target, TargetError, Trust};

/// Fields that are between two neighbours (RFC 9110 §7.6.1), or the question's own.
const NEVER_FORWARDED: [&str; 17] = [
    "accept",
    "accept-encoding",
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "expect",
    "host",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "user-agent",
];
/// Of an answer.
const ANSWER_BYTES_MAX: usize = 64 * 1024;

/// What the application is asked about by its own name, beside who connects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HookEvent {
    /// Channels that a live stream takes up, and history and presence that are read.
    Subscribe,
    /// Events that are published.
    Publish,
}

/// How the application is asked.
#[derive(Clone)]
pub struct HookOptions {
    /// Where. It may have secrets in it, and is not shown.
    pub url: Uri,
    /// What is a question of its own; who connects always is.
    pub events: Vec<HookEvent>,
    /// Fields of the request that go with the question.
    pub headers: Vec<HeaderName>,
    /// Names of cookies that don't: those that are good for somebody else than the application.
    pub cookies_withheld: Vec<String>,
    /// Whether the URL's name may stand for an address within the network.
    pub allow_private: bool,
    /// Who vouches for the application, over https://, as PEM; `None` for those whom this machine trusts.
    pub authorities: Option<Vec<u8>>,
    /// For the whole of a question.
    pub timeout_ms: u64,
    /// Failures in a row after which it is left alone for a while.
    pub failures_max: u32,
    /// For how long.
    pub pause_ms: u64,
    /// Questions that are asked at a time; more wait.
    pub requests_max: usize,
}

impl fmt::Debug for HookOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HookOptions")
            .field("host", &self.url.host())
            .field("events", &self.events)
            .field("headers", &self.headers)
            .finish_non_exhaustive()
    }
}

/// Why the application can't be asked in this way.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HookOptionsError {
    /// The URL is no target.
    #[error("{0}")]
    Target(#[from] TargetError),
    /// A field that is never forwarded.
    #[error("`{0}` is not the client's to say to the application: take it out")]
    Header(HeaderName),
    /// No server's certificate could be checked.
    #[error("{0}")]
    Trust(String),
}

impl HookOptions {
    /// At a URL, with the defaults of the configuration.
    pub fn new(url: Uri) -> Self {
        Self {
            url,
            events: Vec::new(),
            headers: vec![http::header::COOKIE, http::header::AUTHORIZATION],
            cookies_withheld: Vec::new(),
            allow_private: false,
            authorities: None,
            timeout_ms: 2_000,
            failures_max: 5,
            pause_ms: 5_000,
            requests_max: 64,
        }
    }

    /// Whether the application could be asked in this way.
    pub fn check(&self) -> Result<(), HookOptionsError> {
        self.target().map(|_| ())
    }

    pub(super) fn target(&self) -> Result<(Target, ClientOptions), HookOptionsError> {
        if let Some(name) = self.headers.iter().find(|name| NEVER_FORWARDED.contains(&name.as_str())) {
            return Err(HookOptionsError::Header(name.clone()));
        }
        let target = Target::new(self.url.clone(), self.allow_private)?;
        let trust = target.is_https().then(|| Trust::by(self.authorities.as_deref())).transpose();
        let options = ClientOptions {
            trust: trust.map_err(|error| HookOptionsError::Trust(error.to_string()))?,
            timeout: Duration::from_millis(self.timeout_ms),
            body_bytes_max: ANSWER_BYTES_MAX,
            keep_alive: true,
            allow_setting: "auth.hook_allow_private",
        };
        Ok((target, options))
    }
}
