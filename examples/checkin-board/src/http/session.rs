//! Signing in, and what a session is good for: fresh tokens for the stream, until it ends.

use axum::Json;
use axum::extract::{FromRequestParts, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, StatusCode, header};
use serde::Deserialize;
use serde_json::{Value, json};
use tidings::Problem;

use super::App;
use crate::clock;
use crate::password;
use crate::secret::{self, SecretDigest};
use crate::settings::Settings;
use crate::store::Person;

const COOKIE: &str = "checkin_board_session";
const PASSWORD_BYTES_MAX: usize = 1_000;
const LOGIN_BYTES_MAX: usize = 100;

#[derive(Deserialize)]
pub(super) struct Login {
    login: String,
    password: String,
}

/// Whose session the request comes with.
pub(super) struct Signed {
    pub(super) person: Person,
    digest: SecretDigest,
}

impl FromRequestParts<App> for Signed {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let secret = cookie(&parts.headers).ok_or_else(|| Problem::unauthorized("sign in first"))?;
        let digest = secret::digest(&secret);
        let person = app.store.change(move |change| change.person(digest)).await?;
        Ok(Self { person, digest })
    }
}

pub(super) async fn begin(
    State(app): State<App>,
    Json(Login { login, password }): Json<Login>,
) -> Result<(StatusCode, [(HeaderName, String); 1]), Problem> {
    if login.len() > LOGIN_BYTES_MAX || password.len() > PASSWORD_BYTES_MAX {
        return Err(wrong());
    }
    let name = login.to_lowercase();
    app.guesses.try_again(&name, clock::now_ms())?;
    let account = app.store.change(move |change| change.account(&login)).await?;
    let hash = account.as_ref().map(|account| account.password.clone());
    if !password::is_right(password, hash).await {
        return Err(wrong());
    }
    app.guesses.forget(&name);
    let account = account.filter(|account| !account.is_locked);
    let staff = account.ok_or_else(|| Problem::forbidden("this account is locked: ask the office"))?.id;
    let seconds = app.settings.lifetimes.session_seconds;
    let secret = app.store.change(move |change| change.begin_session(staff, seconds)).await?;
    Ok((StatusCode::NO_CONTENT, [set_cookie(&app.settings, &secret, seconds)]))
}

pub(super) async fn show(State(app): State<App>, Signed { person, .. }: Signed) -> Json<Value> {
    let hub = app.settings.hub.as_ref().map(|hub| hub.to_string().trim_end_matches('/').to_owned());
    Json(json!({
        "user": person,
        "hub_url": hub.unwrap_or_default(),
        "attempts_max": app.settings.attempts_max,
    }))
}

pub(super) async fn end(
    State(app): State<App>,
    Signed { digest, .. }: Signed,
) -> Result<(StatusCode, [(HeaderName, String); 1]), Problem> {
    app.store.change(move |change| change.end_session(digest)).await?;
    Ok((StatusCode::NO_CONTENT, [set_cookie(&app.settings, "", 0)]))
}

/// A token with the rights of now. It ends with the session, if that is sooner.
pub(super) async fn token(
    State(app): State<App>,
    Signed { digest, .. }: Signed,
) -> Result<Json<Value>, Problem> {
    let seconds = app.settings.lifetimes.token_seconds;
    let grant = app.store.change(move |change| change.grant_token(digest, seconds)).await?;
    let token = app.issuer.for_board(&grant);
    Ok(Json(json!({ "token": token.text, "ends_at": token.ends_at })))
}

/// One answer for all: which names there are is nobody's business.
fn wrong() -> Problem {
    Problem::unauthorized("name or password are wrong")
}

fn set_cookie(settings: &Settings, secret: &str, seconds: u64) -> (HeaderName, String) {
    let secure = if settings.https { "; Secure" } else { "" };
    let cookie = format!("{COOKIE}={secret}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Strict{secure}");
    (header::SET_COOKIE, cookie)
}

fn cookie(headers: &HeaderMap) -> Option<String> {
    let all = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs = all.flat_map(|text| text.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(name, _)| *name == COOKIE).map(|(_, secret)| secret.to_owned())
}
