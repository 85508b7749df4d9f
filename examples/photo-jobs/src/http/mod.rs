//! The application's own endpoints, beside the hub's.

mod files;
mod guard;
mod upload;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::middleware::from_fn;
use axum::routing::{delete, get, post};
use axum::{Json, Router};
use serde_json::{Value, json};
use tidings::{HttpOptions, Hub, Problem};

use crate::folder::FolderName;
use crate::library::ChangeError;
use crate::manifest::Manifest;
use crate::photographer::Photographer;
use crate::settings::Settings;
use crate::studio::Studio;

/// The photo manager and the hub, as one application.
pub(crate) fn router(settings: &Settings, studio: Studio, hub: Hub) -> Router {
    let own = Router::new()
        .route("/api/limits", get(async || Json(upload::limits())))
        .route("/api/folders", get(folders))
        .route("/api/folders/{folder}/manifest", get(manifest))
        .route("/api/folders/{folder}/photos", post(upload::receive))
        .route("/api/folders/{folder}/photos/{id}", delete(remove))
        .route("/api/folders/{folder}/thumbnails/{file}", get(files::thumbnail))
        .route("/api/folders/{folder}/originals/{file}", get(files::original))
        .route("/api/jobs", get(jobs))
        .route("/api/storage", get(async |State(studio): State<Studio>| Json(studio.library().storage())))
        .with_state(studio)
        .fallback_service(files::page(&settings.page_dir))
        .layer(from_fn(guard::check));
    let options = HttpOptions { loopback_hosts: true, ..HttpOptions::default() };
    own.merge(tidings::router(hub, Photographer, &options))
}

async fn folders(State(studio): State<Studio>) -> Json<Value> {
    Json(json!({ "folders": studio.library().shelves() }))
}

async fn manifest(
    State(studio): State<Studio>,
    Path(folder): Path<String>,
) -> Result<Json<Manifest>, Problem> {
    Ok(Json(studio.library().manifest(&named(&folder)?)))
}

async fn jobs(State(studio): State<Studio>) -> Json<Value> {
    Json(json!({ "jobs": studio.board().list() }))
}

async fn remove(
    State(studio): State<Studio>,
    Path((folder, id)): Path<(String, u64)>,
) -> Result<StatusCode, Problem> {
    let folder = named(&folder)?;
    on_disk(move || studio.library().remove(&folder, id)).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn named(folder: &str) -> Result<FolderName, Problem> {
    FolderName::parse(folder).map_err(Problem::bad_request)
}

/// Files are written where blocking harms nobody.
async fn on_disk<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, ChangeError> + Send + 'static,
) -> Result<T, Problem> {
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|panic| Err(std::io::Error::other(panic).into())).map_err(|error| match error {
        ChangeError::Full(why) => Problem::new(StatusCode::INSUFFICIENT_STORAGE, "Full", why),
        ChangeError::NotFound => Problem::not_found("there is no such photo"),
        ChangeError::Disk(error) => disk(&error),
    })
}

fn disk(error: &std::io::Error) -> Problem {
    tracing::error!(%error, "disk");
    Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "Disk", "the server's disk failed: its log says why")
}
