//! Either protocol, as the engine sees it.

use super::http1::Http1;
use super::http2::Http2;
use super::witness::Witness;
use super::{Fed, Target};

pub(crate) enum Wire {
    Http1(Http1),
    Http2(Http2),
}

impl Wire {
    /// The client's end of a new connection, and what it sends first.
    pub(crate) fn new(target: &Target, witnessed: bool) -> (Self, Vec<u8>) {
        if target.streams_per_connection == 0 {
            let (http1, request) = Http1::new(target, witnessed);
            (Self::Http1(http1), request)
        } else {
            let (http2, requests) = Http2::new(target, witnessed);
            (Self::Http2(http2), requests)
        }
    }

    pub(crate) fn feed(&mut self, bytes: &[u8], answer: &mut Vec<u8>) -> Result<Fed, String> {
        match self {
            Self::Http1(http1) => http1.feed(bytes),
            Self::Http2(http2) => http2.feed(bytes, answer),
        }
    }

    /// Every stream of the connection got exactly `expected` events.
    pub(crate) fn verify(&self, expected: u32) -> Result<(), String> {
        let wrong = match self {
            Self::Http1(http1) => Some(http1.events).filter(|events| *events != expected),
            Self::Http2(http2) => http2.events().find(|events| *events != expected),
        };
        match wrong {
            Some(events) => Err(format!("a stream got {events} events where {expected} were published")),
            None => Ok(()),
        }
    }

    pub(crate) fn streams(&self) -> usize {
        match self {
            Self::Http1(_) => 1,
            Self::Http2(http2) => http2.streams(),
        }
    }

    pub(crate) fn witness(&self) -> Option<&Witness> {
        match self {
            Self::Http1(http1) => http1.witness.as_deref(),
            Self::Http2(http2) => http2.witness.as_deref(),
        }
    }
}
