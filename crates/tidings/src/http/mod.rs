//! The endpoints of `docs/protocol.md`. They use the hub as anybody's application would: by its public names.

mod admin;
mod decide;
mod guard;
mod headers;
mod health;
mod metrics;
pub(crate) mod operators;
mod origin;
mod own;
pub(crate) mod problem;
mod publish;
mod read;
mod stream;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{FromRequestParts, Path, State};
use axum::routing::{get, post};
use http::request::Parts;
use http::{Request, StatusCode};
use tidings_core::grant::{AdminRole, Grant};
use tokio::time::timeout;

use self::problem::Problem;
use crate::authorize::{Asked, Authorizer, DynAuthorizer};
use crate::hub::Hub;
use crate::trail::AuditTrail;
use crate::urlencoded;

pub use self::guard::{in_turn, protect};
pub use self::headers::with_security_headers;
pub use self::origin::AskedFrom;

/// Bytes of a body that names a connection or asks for a small change.
const SMALL_BODY_BYTES_MAX: usize = 16 * 1024;

/// A request's body comes within this time, however steadily it drips.
const BODY_TIMEOUT: Duration = Duration::from_secs(30);

/// What every handler has.
#[derive(Clone)]
struct App {
    hub: Hub,
    authorizer: Arc<dyn DynAuthorizer>,
    surface: Surface,
    trail: AuditTrail,
}

type Shared = State<App>;

/// Borne by a request that a page of another origin sent, which is not allowed: it may not come with a user's cookie.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CrossSite;

/// Settings of the endpoints that the hub itself has no use for.
#[derive(Clone, Debug, Default)]
pub struct HttpOptions {
    /// Origins of pages that may use the endpoints from elsewhere; `*` for any.
    pub origins: Vec<String>,
    /// Pages from this machine's own loopback addresses may too: `--dev`.
    pub loopback_origins: bool,
    /// Only requests for this machine's own loopback names are answered, so that no page reaches the hub by a name that
    /// it has its resolver point here: `--dev`.
    pub loopback_hosts: bool,
    /// Which of the endpoints there are.
    pub surface: Surface,
    /// Where the operators' deeds are written down.
    pub trail: AuditTrail,
}

/// Which endpoints a listener has, besides `/health` and `/ready`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Surface {
    /// Streams, publishing and what goes with them.
    pub streams: bool,
    /// What operators see and do. Without it nobody who comes this way has an operator's right, by whatever token.
    pub operators: bool,
    /// `/metrics`.
    pub metrics: bool,
}

impl Default for Surface {
    fn default() -> Self {
        Self { streams: true, operators: true, metrics: true }
    }
}

/// The hub's endpoints, to be served by [`serve`](crate::serve) or merged into an application of one's own. What other
/// paths answer is the application's to say.
pub fn router(hub: Hub, authorizer: impl Authorizer, options: &HttpOptions) -> Router {
    let (surface, trail) = (options.surface, options.trail.clone());
    let app = App { hub: hub.clone(), authorizer: Arc::new(authorizer), surface, trail };
    let mut api = Router::new().route("/health", get(health::health)).route("/ready", get(health::ready));
    if surface.metrics {
        api = api.route("/metrics", get(metrics::metrics));
    }
    if surface.streams {
        api = api.merge(streams());
    }
    if surface.operators {
        api = api.merge(operators::routes(&app));
    }
    let api = api.method_not_allowed_fallback(async || Problem::method_not_allowed()).with_state(app);
    protect(api, &hub, options)
}

fn streams() -> Router<App> {
    Router::new()
        .route("/api/sse/stream", get(stream::open))
        .route("/api/sse/disconnect", post(own::disconnect))
        .route("/api/sse/alive", post(own::alive))
        .route("/api/sse/subscriptions", post(own::subscriptions))
        .route("/api/sse/refresh", post(own::refresh))
        .route("/api/sse/ticket", post(own::ticket))
        .route("/api/sse/publish", post(publish::publish))
        .route("/api/sse/history", get(read::history))
        .route("/api/sse/presence", get(read::presence))
}

impl App {
    /// The grant of a request: by a ticket, or by the authorizer; not for a user who is shut out.
    async fn grant(&self, parts: &Parts) -> Result<Grant, Problem> {
        self.grant_for(parts, Asked::default()).await
    }

    /// The same, for an authorizer that wants to know what it is for.
    async fn grant_for(&self, parts: &Parts, asked: Asked) -> Result<Grant, Problem> {
        let asked = Asked { remote: Some(self.hub.client(parts).remote().ip), ..asked };
        let grant = self.check_revoked(self.authorizer.authorize_boxed(parts, &asked).await?)?;
        self.hub.take_request_of(&grant.user)?;
        Ok(grant)
    }

    fn check_revoked(&self, mut grant: Grant) -> Result<Grant, Problem> {
        if self.hub.is_revoked(&grant) {
            self.hub.note_revoked();
            self.authorizer.forget_user(&grant.user);
            return Err(Problem::unauthorized("access was revoked: log in again, or ask an operator"));
        }
        if !self.surface.operators {
            grant.admin = AdminRole::Nobody;
        }
        Ok(grant)
    }

    /// The grant of an operator, as it was found before the endpoint was reached: see [`operators`].
    async fn admin(&self, parts: &Parts) -> Result<Grant, Problem> {
        let admitted = parts.extensions.get::<operators::Admitted>();
        let admitted = admitted.ok_or_else(|| Problem::forbidden("this needs the admin right"))?;
        // The body may have been long in coming.
        self.check_revoked(admitted.0.clone())
    }
}

/// A request's head, and its body up to a bound.
async fn read_body(request: Request<Body>, body_bytes_max: usize) -> Result<(Parts, Vec<u8>), Problem> {
    let (parts, body) = request.into_parts();
    Ok((parts, read_bytes(body, body_bytes_max).await?))
}

async fn read_bytes(body: Body, body_bytes_max: usize) -> Result<Vec<u8>, Problem> {
    let limit = if body_bytes_max == 0 { usize::MAX } else { body_bytes_max };
    match timeout(BODY_TIMEOUT, to_bytes(body, limit)).await {
        Ok(Ok(bytes)) => Ok(bytes.into()),
        Ok(Err(error)) if is_too_long(&error) => {
            Err(Problem::too_large(format!("the body is over the limit of {limit} bytes"))
                .with("limit", limit))
        }
        Err(_) => {
            let detail =
                format!("the body took over {} s: send it faster, or less at once", BODY_TIMEOUT.as_secs());
            Err(Problem::new(StatusCode::REQUEST_TIMEOUT, "Too slow", detail))
        }
        Ok(Err(_)) => Err(Problem::bad_request("the body could not be read to its end")),
    }
}

fn is_too_long(error: &axum::Error) -> bool {
    std::error::Error::source(error).is_some_and(|source| source.is::<http_body_util::LengthLimitError>())
}

/// A segment of the path, decoded.
struct Segment(String);

impl<S: Send + Sync> FromRequestParts<S> for Segment {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let segment = Path::<String>::from_request_parts(parts, state).await;
        segment
            .map(|Path(segment)| Self(segment))
            .map_err(|error| Problem::bad_request(format!("the path can't be read: {}", error.body_text())))
    }
}

/// A query's fields, or what is wrong with them.
fn query<T: serde::de::DeserializeOwned>(parts: &Parts) -> Result<T, Problem> {
    let fields = urlencoded::fields(parts.uri.query().unwrap_or_default());
    fields.map_err(|error| Problem::bad_request(error.to_string()))
}

/// A small JSON body's fields, or what is wrong with them.
fn json_body<T: serde::de::DeserializeOwned>(body: &[u8]) -> Result<T, Problem> {
    let body = if body.is_empty() { b"{}" } else { body };
    serde_json::from_slice(body)
        .map_err(|error| Problem::bad_request(format!("the body can't be read: {error}")))
}

#[cfg(test)]
mod tests {
    use futures_util::stream;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_body_that_drips_for_ever_is_given_up() {
        let drips = stream::unfold((), async |()| {
            tokio::time::sleep(Duration::from_secs(1)).await;
            Some((Ok::<_, std::io::Error>("x"), ()))
        });
        let request = Request::new(Body::from_stream(Box::pin(drips)));
        let begun = tokio::time::Instant::now();
        let refused = read_body(request, SMALL_BODY_BYTES_MAX).await.expect_err("no end");
        assert_eq!((refused.status(), begun.elapsed()), (StatusCode::REQUEST_TIMEOUT, BODY_TIMEOUT));
    }
}
