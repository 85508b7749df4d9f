//! Where the hub listens, and what there is at each address.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use tidings::tls::Tls;
use tidings::{AuditTrail, Entrance, HttpOptions, Hub, Problem, StreamOptions, Surface};
use tidings_server::config::{Config, ProxyProtocol, loopback_only};
use tokio::net::TcpListener;

use crate::admin::Desk;
use crate::doorman::Doorman;
use crate::pages;

/// A bound address.
pub(crate) struct Bound {
    pub(crate) listener: TcpListener,
    pub(crate) address: SocketAddr,
    /// What the line that tells of it calls it; the first has no name.
    pub(crate) name: Option<&'static str>,
    /// What sockets go through before HTTP.
    pub(crate) entrance: Entrance,
    surface: Surface,
}

/// All addresses of the configuration, the public one first, and whether that one was passed in. Numbers for a
/// collector are in the clear; all else is under TLS where there is any.
pub(crate) fn bind(
    config: &Config,
    stream: &StreamOptions,
    tls: Option<&Arc<Tls>>,
) -> io::Result<(Vec<Bound>, bool)> {
    let server = &config.server;
    let (admin, metrics) = (server.admin_listen, server.metrics_listen);
    let own_metrics = metrics.is_none();
    let public =
        Surface { streams: true, operators: admin.is_none(), metrics: own_metrics && admin.is_none() };
    let (first, passed) = match tidings::passed(stream)? {
        Some(listener) => (listener, true),
        None => (bind_one(server.listen, stream)?, false),
    };
    let proxy_protocol = server.proxy_protocol == ProxyProtocol::V2;
    let everybodys = Entrance { tls: tls.cloned(), proxy_protocol, for_operators: false };
    let mut all = vec![Bound::new(config, first, None, everybodys, public)?];
    if let Some(address) = admin {
        let surface = Surface { streams: true, operators: true, metrics: own_metrics };
        let entrance = Entrance { tls: tls.cloned(), proxy_protocol: false, for_operators: true };
        all.push(Bound::new(config, bind_one(address, stream)?, Some("admin"), entrance, surface)?);
    }
    if let Some(address) = metrics {
        let surface = Surface { streams: false, operators: false, metrics: true };
        let entrance = Entrance { for_operators: true, ..Entrance::default() };
        all.push(Bound::new(config, bind_one(address, stream)?, Some("metrics"), entrance, surface)?);
    }
    Ok((all, passed))
}

fn bind_one(address: SocketAddr, stream: &StreamOptions) -> io::Result<TcpListener> {
    let named =
        |error: io::Error| io::Error::new(error.kind(), format!("can't listen on {address}: {error}"));
    tidings::bind(address, stream).map_err(named)
}

/// What the applications of all addresses share.
pub(crate) struct Shared {
    pub(crate) hub: Hub,
    pub(crate) doorman: Arc<Doorman>,
    pub(crate) trail: AuditTrail,
}

impl Bound {
    fn new(
        config: &Config,
        listener: TcpListener,
        name: Option<&'static str>,
        entrance: Entrance,
        surface: Surface,
    ) -> io::Result<Self> {
        let address = listener.local_addr()?;
        if config.dev {
            loopback_only(address).map_err(|reason| io::Error::new(io::ErrorKind::InvalidInput, reason))?;
        }
        Ok(Self { listener, address, name, entrance, surface })
    }

    /// How its address begins.
    pub(crate) fn scheme(&self) -> &'static str {
        if self.entrance.tls.is_some() { "https" } else { "http" }
    }

    /// What is served there.
    pub(crate) fn app(&self, config: &Config, shared: &Shared) -> Router {
        let http = HttpOptions {
            origins: config.cors.origins.iter().map(ToString::to_string).collect(),
            loopback_origins: config.dev,
            loopback_hosts: config.dev,
            surface: self.surface,
            trail: shared.trail.clone(),
        };
        let mut app = match self.surface.operators {
            true => {
                let desk = Desk::new(config, &shared.hub, Arc::clone(&shared.doorman), shared.trail.clone());
                desk.router(&http)
            }
            false => tidings::router(shared.hub.clone(), Arc::clone(&shared.doorman), &http),
        };
        if self.surface.streams {
            app = app.merge(pages::router());
        }
        let app = app.fallback(async || Problem::not_found("there is nothing by that path"));
        let app = tidings::in_turn(app, &shared.hub, &http);
        let hsts_seconds = if self.entrance.tls.is_some() { config.server.hsts_seconds.into() } else { 0 };
        tidings::with_security_headers(app, hsts_seconds)
    }
}
