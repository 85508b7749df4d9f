//! Files: thumbnails, originals, and the page as it was built.

use std::convert::Infallible;
use std::future::ready;
use std::io;
use std::path::{Component, Path, PathBuf};

use axum::body::Body;
use axum::extract::{self, Request, State};
use axum::http::{HeaderValue, Response, StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::{MethodRouter, get};
use tidings::Problem;

use super::{disk, named};
use crate::studio::Studio;

/// An address stands for the same bytes for ever: ids are given once, and Vite's names tell the content.
const FOR_EVER: HeaderValue = HeaderValue::from_static("private, max-age=31536000, immutable");
const ASK_FIRST: HeaderValue = HeaderValue::from_static("no-cache");

type Segments = extract::Path<(String, String)>;

pub(super) async fn thumbnail(
    State(studio): State<Studio>,
    extract::Path((folder, file)): Segments,
) -> Result<Response<Body>, Problem> {
    send(&studio.library().thumbnails_dir(&named(&folder)?), &file, FOR_EVER).await
}

pub(super) async fn original(
    State(studio): State<Studio>,
    extract::Path((folder, file)): Segments,
) -> Result<Response<Body>, Problem> {
    send(&studio.library().originals_dir(&named(&folder)?), &file, FOR_EVER).await
}

/// What `npm run build -w photo-jobs` made.
pub(super) fn page<S: Clone + Send + Sync + 'static>(dir: &Path) -> MethodRouter<S, Infallible> {
    let dir = dir.to_owned();
    get(move |request: Request| {
        let dir = dir.clone();
        async move {
            let asked = request.uri().path().trim_start_matches('/').to_owned();
            let (file, caching) = match asked.as_str() {
                "" => ("index.html", ASK_FIRST),
                asset if asset.starts_with("assets/") => (asset, FOR_EVER),
                other => (other, ASK_FIRST),
            };
            if file == "index.html" && !dir.join(file).is_file() {
                return ready(Err(not_built())).await;
            }
            send(&dir, file, caching).await
        }
    })
}

fn not_built() -> Problem {
    Problem::not_found(
        "the page is not built: run `npm run build -w photo-jobs`, or `npm run dev -w photo-jobs` beside",
    )
}

async fn send(dir: &Path, file: &str, caching: HeaderValue) -> Result<Response<Body>, Problem> {
    let nothing = || Problem::not_found("there is nothing by that path");
    let path = within(dir, file).ok_or_else(nothing)?;
    match tokio::fs::read(&path).await {
        Ok(bytes) => {
            let headers = [(header::CONTENT_TYPE, media_type(&path)), (header::CACHE_CONTROL, caching)];
            Ok((StatusCode::OK, headers, bytes).into_response())
        }
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::IsADirectory) => {
            Err(nothing())
        }
        Err(error) => Err(disk(&error)),
    }
}

/// The path of a file in a directory, and of none outside.
fn within(dir: &Path, file: &str) -> Option<PathBuf> {
    let plain = |part: Component<'_>| matches!(part, Component::Normal(_));
    (!file.contains('\0') && Path::new(file).components().all(plain)).then(|| dir.join(file))
}

fn media_type(path: &Path) -> HeaderValue {
    HeaderValue::from_static(match path.extension().and_then(|extension| extension.to_str()) {
        Some("html") => "text/html; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("jpg") => "image/jpeg",
        Some("png") => "image/png",
        Some("webp") => "image/webp",
        _ => "application/octet-stream",
    })
}
