//! Sockets that were closed before any request was heard on them, and why.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// Why a socket was closed before a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TurnedAway {
    /// No TLS handshake within its deadline.
    HandshakeTimeout,
    /// A TLS handshake that came to nothing.
    HandshakeFailed,
    /// It spoke no TLS where TLS is spoken.
    PlainText,
    /// A PROXY header that is missing, broken or late.
    ProxyHeader,
    /// Not from a proxy that is trusted, where only those may come.
    ProxyUntrusted,
}

impl TurnedAway {
    const ALL: [Self; 5] = [
        Self::HandshakeTimeout,
        Self::HandshakeFailed,
        Self::PlainText,
        Self::ProxyHeader,
        Self::ProxyUntrusted,
    ];

    fn as_str(self) -> &'static str {
        match self {
            Self::HandshakeTimeout => "handshake_timeout",
            Self::HandshakeFailed => "handshake_failed",
            Self::PlainText => "plain_text",
            Self::ProxyHeader => "proxy_header",
            Self::ProxyUntrusted => "proxy_untrusted",
        }
    }
}

/// How many, by reason.
#[derive(Debug, Default)]
pub(crate) struct TurnedAwayCounts([AtomicU64; TurnedAway::ALL.len()]);

impl TurnedAwayCounts {
    pub(super) fn note(&self, reason: TurnedAway) {
        self.0[reason as usize].fetch_add(1, Relaxed);
    }

    /// Each reason by its name.
    pub(crate) fn read(&self) -> Vec<(&'static str, u64)> {
        TurnedAway::ALL.map(|reason| (reason.as_str(), self.0[reason as usize].load(Relaxed))).to_vec()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_reason_has_its_own_place() {
        let counts = TurnedAwayCounts::default();
        for (times, reason) in TurnedAway::ALL.into_iter().enumerate() {
            (0..=times).for_each(|_| counts.note(reason));
        }
        let expected: Vec<_> =
            TurnedAway::ALL.into_iter().zip(1..).map(|(reason, n)| (reason.as_str(), n)).collect();
        assert_eq!(counts.read(), expected);
    }
}
