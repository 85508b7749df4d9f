//! Logging in at the monitor, by a token or by name and password, and out again.

use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use http::header::{AUTHORIZATION, HeaderValue, LOCATION, ORIGIN, RETRY_AFTER, SET_COOKIE};
use http::request::Parts;
use http::{HeaderMap, StatusCode};
use serde::Deserialize;
use tidings::{AdminRole, AskedFrom, AuditEntry, Authorizer, Grant, Problem};
use tidings_server::config::{Config, Operator, OperatorRole};
use tokio::time::timeout;

use super::sessions::{Proof, set_cookie, wall_ms};
use super::{Desk, page, wants_page};

/// Passwords that are checked at a time: each takes a core for a moment, and some 20 MiB.
pub(super) const PASSWORD_CHECKS_MAX: usize = 2;
/// How long a login waits for its turn.
const TURN_WAIT: Duration = Duration::from_secs(5);
/// A name, a password, a token: a token has at most 16 KiB.
const FORM_BYTES_MAX: usize = 32 * 1024;
const BODY_TIMEOUT: Duration = Duration::from_secs(10);

/// Those who log in by name and password.
pub(super) struct Operators(Vec<Operator>);

#[derive(Default, Deserialize)]
#[serde(default)]
struct Form {
    token: String,
    name: String,
    password: String,
}

/// Why nobody was logged in.
struct Refused {
    status: StatusCode,
    words: &'static str,
    /// Whom the log may name: an operator, never what somebody typed.
    who: Option<Box<Grant>>,
    retry_ms: u64,
}

impl Refused {
    fn new(status: StatusCode, words: &'static str) -> Self {
        Self { status, words, who: None, retry_ms: 0 }
    }
}

impl Operators {
    pub(super) fn new(config: &Config) -> Self {
        Self(config.operators.clone())
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whose password this is. It takes as long for a name that nobody has as for one that somebody has.
    fn check(&self, name: &str, password: &str) -> Result<Grant, Option<Box<Grant>>> {
        let named = self.0.iter().find(|operator| operator.name.as_str() == name);
        let Some(checked) = named.or(self.0.first()) else { return Err(None) };
        let is_right = checked.password.is(password);
        match (named, is_right) {
            (Some(operator), true) => Ok(grant(operator)),
            (Some(operator), false) => Err(Some(Box::new(grant(operator)))),
            (None, _) => Err(None),
        }
    }
}

/// What an operator of the configuration may. Reading other people's events is no part of looking after the hub.
fn grant(operator: &Operator) -> Grant {
    let name = operator.name.as_str();
    match operator.role {
        OperatorRole::Operator => Grant::everything(name),
        OperatorRole::Read => Grant { admin: AdminRole::Read, ..Grant::nothing(name) },
    }
}

/// `GET /admin/login`.
pub(super) async fn show(State(desk): State<Desk>, request: Request) -> Response {
    let (parts, _) = request.into_parts();
    match desk.watcher(&parts).await {
        Ok(_) => to_monitor().into_response(),
        Err(_) => page::login(&desk, StatusCode::OK, None),
    }
}

fn to_monitor() -> impl IntoResponse {
    // Beside this page, whatever a proxy puts before its path.
    (StatusCode::SEE_OTHER, [(LOCATION, "monitoring")])
}

/// `POST /admin/login`.
pub(super) async fn log_in(State(desk): State<Desk>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let mut entry = AuditEntry::new("login", desk.0.hub.client(&parts), None);
    let (answer, status) = match attempt(&desk, &parts, body).await {
        Ok((grant, proof)) => {
            entry.by(&grant);
            entry.detail = Some(format!("by={}", proof.name()));
            let now_ms = wall_ms();
            let is_secure = is_secure(&parts.headers);
            let (id, ends_ms) = desk.0.sessions.begin(grant, proof, is_secure, now_ms);
            let cookie = set_cookie(&id, ends_ms.saturating_sub(now_ms) / 1000, is_secure);
            (([(SET_COOKIE, cookie)], to_monitor()).into_response(), StatusCode::OK)
        }
        Err(refused) => {
            if let Some(grant) = &refused.who {
                entry.by(grant);
            }
            (refusal(&desk, &parts.headers, &refused), refused.status)
        }
    };
    desk.0.trail.record(entry.ended(status)).await;
    answer
}

async fn attempt(desk: &Desk, parts: &Parts, body: Body) -> Result<(Grant, Proof), Refused> {
    if parts.extensions.get() != Some(&AskedFrom::OwnPage) || !parts.headers.contains_key(ORIGIN) {
        let words = "This is for the login’s own page. A program sends its token with each request.";
        return Err(Refused::new(StatusCode::FORBIDDEN, words));
    }
    desk.attempt(desk.0.hub.client(parts).ip()).map_err(|retry_ms| Refused {
        retry_ms,
        ..Refused::new(StatusCode::TOO_MANY_REQUESTS, "Too many logins from your address. Wait a minute.")
    })?;
    let unreadable = || Refused::new(StatusCode::BAD_REQUEST, "The form could not be read.");
    let body = timeout(BODY_TIMEOUT, to_bytes(body, FORM_BYTES_MAX)).await;
    let body = body.ok().and_then(Result::ok).ok_or_else(unreadable)?;
    let form: Form = serde_urlencoded::from_bytes(&body).map_err(|_| unreadable())?;
    let token = form.token.trim();
    let (grant, proof) = match token.is_empty() {
        false => (by_token(desk, token).await?, Proof::Token),
        true => (by_password(desk, form).await?, Proof::Password),
    };
    let welcome = desk.welcome(grant.clone()).map_err(|problem| Refused {
        who: Some(Box::new(grant)),
        ..match problem.status() {
            StatusCode::FORBIDDEN => {
                Refused::new(StatusCode::FORBIDDEN, "The token is good, but it is no operator’s.")
            }
            _ => Refused::new(StatusCode::UNAUTHORIZED, "Your access was revoked."),
        }
    })?;
    Ok((welcome, proof))
}

/// As if it had come with the request.
async fn by_token(desk: &Desk, token: &str) -> Result<Grant, Refused> {
    let wrong = || Refused::new(StatusCode::UNAUTHORIZED, "The token is not good. Get a new one.");
    let mut shown = HeaderValue::from_str(&format!("Bearer {token}")).map_err(|_| wrong())?;
    shown.set_sensitive(true);
    let request = http::Request::get("/admin/login").header(AUTHORIZATION, shown).body(());
    let (parts, ()) = request.map_err(|_| wrong())?.into_parts();
    desk.0.doorman.authorize(&parts).await.map_err(|problem| match problem.status() {
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => wrong(),
        _ => Refused::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "Tokens can’t be checked now. Try again in a moment.",
        ),
    })
}

async fn by_password(desk: &Desk, form: Form) -> Result<Grant, Refused> {
    let wrong = |who| Refused { who, ..Refused::new(StatusCode::UNAUTHORIZED, "Name or password is wrong.") };
    if desk.0.operators.is_empty() || form.password.is_empty() {
        return Err(wrong(None));
    }
    let busy =
        || Refused::new(StatusCode::SERVICE_UNAVAILABLE, "Too many logins at once. Try again in a moment.");
    let turn = timeout(TURN_WAIT, desk.0.checks.acquire()).await;
    let _turn = turn.ok().and_then(Result::ok).ok_or_else(busy)?;
    let own = desk.clone();
    let checked = tokio::task::spawn_blocking(move || own.0.operators.check(&form.name, &form.password));
    checked.await.map_err(|_| busy())?.map_err(wrong)
}

fn refusal(desk: &Desk, headers: &HeaderMap, refused: &Refused) -> Response {
    let mut answer = match wants_page(headers) {
        true => page::login(desk, refused.status, Some(refused.words)),
        false => match refused.status {
            StatusCode::UNAUTHORIZED => Problem::unauthorized(refused.words).into_response(),
            status => Problem::new(status, "Not logged in", refused.words).into_response(),
        },
    };
    if refused.retry_ms > 0 {
        answer.headers_mut().insert(RETRY_AFTER, HeaderValue::from(refused.retry_ms.div_ceil(1000)));
    }
    answer
}

/// Whether the page that asks came by HTTPS, which its origin tells, whoever ended TLS.
fn is_secure(headers: &HeaderMap) -> bool {
    headers.get(ORIGIN).is_some_and(|origin| origin.as_bytes().starts_with(b"https://"))
}

/// `POST /admin/logout`.
pub(super) async fn log_out(State(desk): State<Desk>, request: Request) -> Response {
    let (parts, _) = request.into_parts();
    if parts.extensions.get() != Some(&AskedFrom::OwnPage) {
        return Problem::forbidden("this is for the monitor's own page").into_response();
    }
    let mut entry = AuditEntry::new("logout", desk.0.hub.client(&parts), None);
    if let Some(session) = desk.0.sessions.end(&parts) {
        entry.by(&session.grant);
        let ended = session.grant.token_id.as_deref().map(|id| desk.0.hub.expire_token(id));
        entry.detail = ended.map(|streams| format!("streams={streams}"));
        desk.0.trail.record(entry.ended(StatusCode::OK)).await;
    }
    let gone = [true, false].map(|secure| (SET_COOKIE, set_cookie("", 0, secure)));
    let mut answer = (StatusCode::SEE_OTHER, [(LOCATION, "login")]).into_response();
    for (name, cookie) in gone {
        if let Ok(cookie) = HeaderValue::from_str(&cookie) {
            answer.headers_mut().append(name, cookie);
        }
    }
    answer
}
