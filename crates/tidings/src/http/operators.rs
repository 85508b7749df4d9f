//! What operators see and do: who may, and what is written down of it. One table says both; each of its endpoints is
//! reached through one door, which asks who it is before anything else is read.

use axum::Router;
use axum::body::Body;
use axum::extract::{FromRequestParts, MatchedPath, RawPathParams, Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, post};
use http::request::Parts;
use http::{Method, StatusCode};
use tidings_core::grant::{AdminRole, Grant};

use super::problem::Problem;
use super::{App, Shared, admin, decide};
use crate::hub::Hub;
use crate::trail::{AuditEntry, AuditTrail};

/// One thing that can be asked of the operators' endpoints.
#[derive(Clone, Debug)]
pub struct Endpoint {
    /// `HEAD` goes with `GET`.
    pub method: Method,
    /// The path, with `{names}` in place of what varies.
    pub path: &'static str,
    /// The least role that may.
    pub role: AdminRole,
    /// What it is called in the audit log; `None` for what only reads.
    pub action: Option<&'static str>,
}

/// Who may what.
pub static ENDPOINTS: [Endpoint; 17] = [
    sees("/api/sse/stats"),
    sees("/api/sse/stats/series"),
    sees("/api/sse/connections"),
    sees("/api/sse/connections/{id}"),
    sees("/api/sse/connections/closed"),
    sees("/api/sse/channels"),
    sees("/api/sse/users"),
    sees("/api/sse/users/{user}/channels"),
    sees("/api/sse/revocations"),
    sees("/api/sse/audit"),
    does(Method::DELETE, "/api/sse/connections/{id}", "kick"),
    does(Method::DELETE, "/api/sse/users/{user}/connections", "kick_user"),
    does(Method::PUT, "/api/sse/users/{user}/channels", "change_channels"),
    does(Method::POST, "/api/sse/revocations", "revoke"),
    does(Method::DELETE, "/api/sse/revocations", "lift_revocation"),
    does(Method::POST, "/api/sse/cleanup", "cleanup"),
    does(Method::POST, "/api/sse/drain", "drain"),
];

/// What somebody adds below and forgets above.
static UNNAMED: Endpoint = does(Method::POST, "", "unnamed");

const fn sees(path: &'static str) -> Endpoint {
    Endpoint { method: Method::GET, path, role: AdminRole::Read, action: None }
}

const fn does(method: Method, path: &'static str, action: &'static str) -> Endpoint {
    Endpoint { method, path, role: AdminRole::Operator, action: Some(action) }
}

/// Borne by a request that was let through, for its endpoint.
#[derive(Clone)]
pub(super) struct Admitted(pub(super) Grant);

/// Borne by a request whose answer is to say what was done: see [`Deed`].
#[derive(Clone, Copy, Debug)]
pub struct ToBeNoted;

/// Borne by an answer: whom or what was acted upon, where the path does not say.
#[derive(Clone, Debug, Default)]
pub struct Deed {
    /// Whom, or what.
    pub target: Option<String>,
    /// What else the audit log is to say.
    pub detail: Option<String>,
}

pub(super) fn routes(app: &App) -> Router<App> {
    Router::new()
        .route("/api/sse/stats", get(admin::stats))
        .route("/api/sse/stats/series", get(admin::series))
        .route("/api/sse/connections", get(admin::connections))
        .route("/api/sse/connections/closed", get(admin::closed))
        .route("/api/sse/connections/{id}", get(admin::connection).delete(admin::kick))
        .route("/api/sse/channels", get(admin::channels))
        .route("/api/sse/users", get(admin::users))
        .route("/api/sse/users/{user}/connections", delete(admin::kick_user))
        .route("/api/sse/users/{user}/channels", get(decide::user_channels).put(decide::change_user))
        .route("/api/sse/revocations", get(decide::revocations).post(decide::revoke).delete(decide::lift))
        .route("/api/sse/cleanup", post(admin::cleanup))
        .route("/api/sse/drain", post(admin::drain))
        .route("/api/sse/audit", get(admin::audit))
        .route_layer(from_fn_with_state(app.clone(), door))
}

/// Lets through who may, and writes down what was done or refused.
async fn door(State(app): Shared, request: Request, next: Next) -> Response {
    let (mut parts, body) = request.into_parts();
    let endpoint = endpoint_of(&parts);
    let target = target_of(&mut parts).await;
    let admitted = admitted(&app, &parts, endpoint.role).await;
    let mut entry = endpoint.action.map(|action| AuditEntry::new(action, app.hub.client(&parts), None));
    let answer = match admitted {
        Ok(grant) => {
            if let Some(entry) = &mut entry {
                entry.by(&grant);
                entry.target = target;
            }
            parts.extensions.insert(Admitted(grant));
            let answer = next.run(Request::from_parts(parts, body));
            let Some(entry) = entry else { return answer.await };
            return written_down(app.trail.clone(), entry, answer).await;
        }
        Err((problem, grant)) => {
            // What nobody known wrote into a path is not written down.
            if let (Some(entry), Some(grant)) = (&mut entry, &grant) {
                entry.by(grant);
                entry.target = target;
            }
            problem.into_response()
        }
    };
    if let Some(entry) = entry {
        app.trail.record(entry.ended(answer.status())).await;
    }
    answer
}

/// An operator's deed: done to its end and into the log, also where whoever asked has left meanwhile.
pub async fn written_down(
    trail: AuditTrail,
    mut entry: AuditEntry,
    answer: impl Future<Output = Response> + Send + 'static,
) -> Response {
    let done = tokio::spawn(async move {
        let answer = answer.await;
        if let Some(Deed { target, detail }) = answer.extensions().get::<Deed>().cloned() {
            entry.target = entry.target.or(target);
            entry.detail = detail;
        }
        trail.record(entry.ended(answer.status())).await;
        answer
    });
    let broken = || Problem::unavailable("it could not be done: the log says why");
    done.await.unwrap_or_else(|_| broken().into_response())
}

/// The grant, or what is wrong and whose it was.
async fn admitted(app: &App, parts: &Parts, role: AdminRole) -> Result<Grant, (Problem, Option<Grant>)> {
    let grant = app.grant(parts).await.map_err(|problem| (problem, None))?;
    if grant.admin >= role {
        return Ok(grant);
    }
    let detail = match grant.admin {
        AdminRole::Read => "this needs the role `operator`, and this one is `read`",
        _ => "this needs the admin right",
    };
    Err((Problem::forbidden(detail), Some(grant)))
}

/// Writes down what a page of another origin tried.
pub(super) async fn note_forged(hub: &Hub, trail: &AuditTrail, request: Request, problem: &Problem) {
    let (parts, _) = request.into_parts();
    let is_forged = problem.status() == StatusCode::FORBIDDEN;
    if !is_forged || !is_operators(&parts) {
        return;
    }
    let Some(action) = endpoint_of(&parts).action else { return };
    let mut entry = AuditEntry::new(action, hub.client(&parts), None);
    entry.detail = Some("from a page of another origin".to_owned());
    trail.record(entry.ended(problem.status())).await;
}

fn is_operators(parts: &Parts) -> bool {
    let path = matched(parts);
    ENDPOINTS.iter().any(|endpoint| path.ends_with(endpoint.path))
}

/// The row of the table. What is in none needs the most that there is.
fn endpoint_of(parts: &Parts) -> &'static Endpoint {
    let method = if parts.method == Method::HEAD { &Method::GET } else { &parts.method };
    let path = matched(parts);
    // An application may have it all below a path of its own.
    let mut rows = ENDPOINTS.iter();
    rows.find(|row| row.method == *method && path.ends_with(row.path)).unwrap_or(&UNNAMED)
}

fn matched(parts: &Parts) -> &str {
    parts.extensions.get::<MatchedPath>().map_or("", MatchedPath::as_str)
}

/// What stands in the path in place of a `{name}`.
async fn target_of(parts: &mut Parts) -> Option<String> {
    let params = RawPathParams::from_request_parts(parts, &()).await.ok()?;
    // A connection's secret id begins with its public one, and somebody may give it by mistake.
    params.iter().last().map(|(name, value)| match name {
        "id" => value.split('.').next().unwrap_or_default().to_owned(),
        _ => value.to_owned(),
    })
}

impl Deed {
    pub(super) fn detailed(detail: impl Into<String>) -> Self {
        Self { target: None, detail: Some(detail.into()) }
    }

    /// The answer, with this to be written down of it.
    pub(super) fn with(self, answer: impl IntoResponse) -> http::Response<Body> {
        let mut answer = answer.into_response();
        answer.extensions_mut().insert(self);
        answer
    }
}
