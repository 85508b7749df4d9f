//! From a name to addresses.

use std::fmt;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;

type Addresses = Pin<Box<dyn Future<Output = io::Result<Vec<SocketAddr>>> + Send>>;

/// Whoever answers for names.
pub(crate) trait Resolve: fmt::Debug + Send + Sync + 'static {
    /// All that a name stands for now.
    fn resolve(&self, host: &str, port: u16) -> Addresses;
}

/// As this machine is set up.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct System;

impl Resolve for System {
    fn resolve(&self, host: &str, port: u16) -> Addresses {
        let host = host.to_owned();
        Box::pin(async move { Ok(tokio::net::lookup_host((host.as_str(), port)).await?.collect()) })
    }
}
