//! The contract, line by line, against the real binary.

#[path = "../hub/mod.rs"]
mod hub;

mod admin;
mod books;
mod cors;
mod framing;
mod heads;
mod http;
mod kick;
mod limits;
mod lists;
mod logs;
mod metrics;
mod monitor;
mod own;
mod permissions;
mod presence;
mod publish;
mod rates;
mod refresh;
mod refusals;
mod resume;
mod revocations;
mod rules;
mod server;
mod sse;
mod stats;
mod stream;
mod tokens;
