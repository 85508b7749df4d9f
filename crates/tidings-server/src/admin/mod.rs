//! The operators' door: the monitor, the login before it, and the way out.

mod gate;
mod login;
mod page;
mod published;
mod sessions;

use std::sync::{Arc, Mutex, PoisonError};

use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router, middleware};
use http::header::ACCEPT;
use http::request::Parts;
use http::{HeaderMap, StatusCode};
use serde_json::json;
use tidings::core::rate::RateLimit;
use tidings::{AuditTrail, Authorizer, Grant, HttpOptions, Hub, Problem};
use tidings_server::config::Config;
use tokio::sync::Semaphore;
use tokio::time::Instant;

use self::gate::Gate;
use self::login::{Operators, PASSWORD_CHECKS_MAX};
use self::sessions::Sessions;
use crate::doorman::Doorman;
use crate::pages::monitor;

/// What the operators' pages share. Clones are the same one.
#[derive(Clone)]
pub(crate) struct Desk(Arc<Inner>);

struct Inner {
    hub: Hub,
    dev: bool,
    doorman: Arc<Doorman>,
    gate: Gate,
    sessions: Sessions,
    operators: Operators,
    trail: AuditTrail,
    began: Instant,
    attempts: Mutex<RateLimit<std::net::IpAddr>>,
    checks: Semaphore,
}

impl Desk {
    pub(crate) fn new(config: &Config, hub: &Hub, doorman: Arc<Doorman>, trail: AuditTrail) -> Self {
        let sessions = Sessions::new(config.admin.session_ms.get());
        Self(Arc::new(Inner {
            hub: hub.clone(),
            dev: config.dev,
            gate: Gate::new(Arc::clone(&doorman), sessions.clone()),
            doorman,
            sessions,
            operators: Operators::new(config),
            trail,
            began: Instant::now(),
            attempts: Mutex::new(RateLimit::new(config.admin.logins_per_minute.count())),
            checks: Semaphore::new(PASSWORD_CHECKS_MAX),
        }))
    }

    /// The endpoints of a listener where operators may ask, and their pages.
    pub(crate) fn router(&self, http: &HttpOptions) -> Router {
        let pages = Router::new()
            .route(monitor::PATH, get(monitoring))
            .route("/admin/login", get(login::show).post(login::log_in))
            .route("/admin/login.css", get(async || page::style()))
            .route("/admin/logout", post(login::log_out))
            .route("/admin/session", get(session))
            .method_not_allowed_fallback(async || Problem::method_not_allowed())
            .with_state(self.clone());
        let pages = tidings::protect(pages, &self.0.hub, http);
        let api = tidings::router(self.0.hub.clone(), self.0.gate.clone(), http);
        let api = api.layer(middleware::from_fn_with_state(self.clone(), published::note));
        api.merge(pages).merge(monitor::assets())
    }

    /// The grant of somebody who may look at the monitor.
    async fn watcher(&self, request: &Parts) -> Result<Grant, Problem> {
        let grant = self.0.gate.authorize(request).await?;
        self.welcome(grant)
    }

    fn welcome(&self, grant: Grant) -> Result<Grant, Problem> {
        if self.0.hub.is_revoked(&grant) {
            return Err(Problem::unauthorized("access was revoked: log in again, or ask an operator"));
        }
        if !grant.may_watch() {
            return Err(Problem::forbidden("this needs the admin right"));
        }
        Ok(grant)
    }

    /// Lets an address try to log in, or says after how many milliseconds it may.
    fn attempt(&self, ip: std::net::IpAddr) -> Result<(), u64> {
        const SECONDS_A_MINUTE: u64 = 60;
        // A clock that goes sixty times as slow makes a limit by the second one by the minute.
        let now = self.0.began.elapsed().as_millis() as u64 / SECONDS_A_MINUTE;
        let mut attempts = self.0.attempts.lock().unwrap_or_else(PoisonError::into_inner);
        attempts.take(ip, 1, now).map_err(|wait_ms| wait_ms * SECONDS_A_MINUTE)
    }
}

/// `GET /admin/monitoring`: the monitor, or the login in its place.
async fn monitoring(State(desk): State<Desk>, request: Request) -> Response {
    let (parts, _) = request.into_parts();
    let refused = match desk.watcher(&parts).await {
        Ok(_) => return monitor::index(parts.headers).await,
        Err(problem) => problem,
    };
    // From a link elsewhere the browser sends no cookie that is `SameSite=Strict`. The monitor's page is no secret: once it
    // is there it asks with the cookie, and goes to the login by itself where there is no session.
    let is_followed =
        parts.headers.get("sec-fetch-site").is_some_and(|site| site == "cross-site" || site == "same-site")
            && parts.headers.get("sec-fetch-mode").is_some_and(|mode| mode == "navigate");
    if is_followed {
        return monitor::index(parts.headers).await;
    }
    if wants_page(&parts.headers) && refused.status() == StatusCode::UNAUTHORIZED {
        return page::login(&desk, StatusCode::UNAUTHORIZED, None);
    }
    refused.into_response()
}

/// `GET /admin/session`: who is logged in, for the monitor.
async fn session(State(desk): State<Desk>, request: Request<Body>) -> Result<Response, Problem> {
    let (parts, _) = request.into_parts();
    let grant = desk.watcher(&parts).await?;
    let session = desk.0.gate.session(&parts);
    let by = match (&session, desk.0.dev) {
        (_, true) => "dev",
        (Some(session), _) => session.proof.name(),
        (None, _) => "token",
    };
    let role = grant.admin.name();
    let ends = grant.expires_at_ms;
    let body = json!({ "user": grant.user, "role": role, "by": by, "expires_at": ends, "logout": session.is_some() });
    Ok(Json(body).into_response())
}

fn wants_page(headers: &HeaderMap) -> bool {
    let accept = headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok());
    accept.flat_map(|value| value.split(',')).any(|kind| kind.trim().starts_with("text/html"))
}
