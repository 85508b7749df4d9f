//! Secrets are where they must be, and nowhere else. Everything that a hub says and keeps is searched for all that was
//! secret while it ran, in whatever disguise.
#![allow(dead_code, reason = "the fixtures are shared with the surface's tests")]

#[path = "../walls/browser.rs"]
mod browser;
#[path = "../surface/http.rs"]
mod http;
#[path = "../hub/mod.rs"]
mod hub;
#[path = "../surface/server.rs"]
mod server;
#[path = "../surface/sse.rs"]
mod sse;

mod kept;
mod marks;
mod walk;
