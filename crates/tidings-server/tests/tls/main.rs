//! What comes before HTTP on the hub's own sockets: TLS and its certificates, and the PROXY protocol.
#![allow(dead_code, unreachable_pub, reason = "each module uses its own part")]

mod behind_haproxy;
mod certificates;
mod headers;
#[path = "../hub/mod.rs"]
mod hub;
mod introduced;
#[cfg(feature = "acme")]
mod ordered;
mod trusting;
