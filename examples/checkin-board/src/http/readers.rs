//! What the readers at the doors do. Each has a key, which names its room. A reader that hears no answer asks again:
//! what is so already is no error, and told to nobody twice.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, header};
use serde::Deserialize;
use tidings::Problem;

use super::App;
use crate::store::Scanned;

#[derive(Deserialize)]
pub(super) struct Scan {
    tag: String,
}

pub(super) async fn check_in(
    app: State<App>,
    headers: HeaderMap,
    scan: Json<Scan>,
) -> Result<Json<Scanned>, Problem> {
    checked(app, &headers, scan, true).await
}

pub(super) async fn check_out(
    app: State<App>,
    headers: HeaderMap,
    scan: Json<Scan>,
) -> Result<Json<Scanned>, Problem> {
    checked(app, &headers, scan, false).await
}

async fn checked(
    State(app): State<App>,
    headers: &HeaderMap,
    Json(Scan { tag }): Json<Scan>,
    comes: bool,
) -> Result<Json<Scanned>, Problem> {
    let key = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let key = key.and_then(|value| value.strip_prefix("Reader ")).map(str::to_owned);
    let key =
        key.ok_or_else(|| Problem::unauthorized("send the reader's key as `Authorization: Reader KEY`"))?;
    app.store.change(move |change| change.scan(&key, &tag, comes)).await.map(Json)
}
