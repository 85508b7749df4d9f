//! The page, as it was built.

use std::convert::Infallible;
use std::io;
use std::path::{Component, Path, PathBuf};

use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderValue, Response, StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::{MethodRouter, get};
use tidings::Problem;

/// An address stands for the same bytes for ever: Vite's names tell the content.
const FOR_EVER: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");
const ASK_FIRST: HeaderValue = HeaderValue::from_static("no-cache");

/// What `npm run build -w checkin-board` made.
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
            send(&dir, file, caching).await
        }
    })
}

async fn send(dir: &Path, file: &str, caching: HeaderValue) -> Result<Response<Body>, Problem> {
    let path = within(dir, file).ok_or_else(|| nothing(file))?;
    match tokio::fs::read(&path).await {
        Ok(bytes) => {
            let headers = [(header::CONTENT_TYPE, media_type(&path)), (header::CACHE_CONTROL, caching)];
            Ok((StatusCode::OK, headers, bytes).into_response())
        }
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::IsADirectory) => {
            Err(nothing(file))
        }
        Err(error) => {
            tracing::error!(%error, "disk");
            Err(Problem::new(
                StatusCode::INTERNAL_SERVER_ERROR,
                "Disk",
                "the server's disk failed: its log says why",
            ))
        }
    }
}

fn nothing(file: &str) -> Problem {
    Problem::not_found(match file {
        "index.html" => {
            "the page is not built: run `npm run build -w checkin-board`, or `npm run dev -w checkin-board` beside"
        }
        _ => "there is nothing by that path",
    })
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
        _ => "application/octet-stream",
    })
}
