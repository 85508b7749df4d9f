//! The walls around a hub: who may what, from which page, at which address, and what is written down of it.
#![allow(dead_code, reason = "the fixtures are shared with the surface's tests")]

#[path = "../surface/http.rs"]
mod http;
#[path = "../hub/mod.rs"]
mod hub;
#[path = "../surface/server.rs"]
mod server;
#[path = "../surface/sse.rs"]
mod sse;

mod audit;
mod browser;
mod headers;
mod listeners;
mod login;
mod origins;
mod roles;
