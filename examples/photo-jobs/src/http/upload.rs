//! Several photos in one request (`multipart/form-data`, parts named `photos`), each straight to the disk. One that is
//! not taken does not harm the others.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::Json;
use axum::extract::{Path, Request, State};
use axum::http::{StatusCode, header};
use multer::{Constraints, Field, Multipart, SizeLimit};
use serde::Serialize;
use serde_json::{Value, json};
use tidings::Problem;
use tokio::fs::File;
use tokio::io::AsyncWriteExt;

use super::{disk, named, on_disk};
use crate::board::Job;
use crate::library::{Arrival, FOLDERS_MAX, PHOTOS_PER_FOLDER_MAX};
use crate::manifest::Format;
use crate::studio::Studio;

const PHOTO_BYTES_MAX: u64 = 25 * 1024 * 1024;
const PHOTOS_PER_UPLOAD_MAX: usize = 20;
const UPLOAD_BYTES_MAX: u64 = 256 * 1024 * 1024;
const NAME_CHARS_MAX: usize = 120;
/// Enough to tell what a file is.
const FIRST_BYTES: usize = 16;
const TAKEN: &str = "JPEG, PNG or WebP";

/// What became of an upload.
#[derive(Default, Serialize)]
pub(super) struct Answer {
    jobs: Vec<Job>,
    refused: Vec<Refusal>,
}

#[derive(Serialize)]
struct Refusal {
    name: String,
    status: u16,
    detail: String,
}

/// For the page, so that it says so before it sends.
pub(super) fn limits() -> Value {
    json!({
        "photo_bytes_max": PHOTO_BYTES_MAX,
        "photos_per_upload_max": PHOTOS_PER_UPLOAD_MAX,
        "upload_bytes_max": UPLOAD_BYTES_MAX,
        "photos_per_folder_max": PHOTOS_PER_FOLDER_MAX,
        "folders_max": FOLDERS_MAX,
        "formats": ["image/jpeg", "image/png", "image/webp"],
    })
}

/// 202 with the jobs, and what was refused; the first refusal's status where all were.
pub(super) async fn receive(
    State(studio): State<Studio>,
    Path(folder): Path<String>,
    request: Request,
) -> Result<(StatusCode, Json<Answer>), Problem> {
    let folder = named(&folder)?;
    let mut parts = parts(request)?;
    let mut answer = Answer::default();
    while let Some(mut part) = parts.next_field().await.map_err(|error| unreadable(&error))? {
        if part.name() != Some("photos") {
            continue;
        }
        let name = display_name(part.file_name());
        if answer.jobs.len() + answer.refused.len() >= PHOTOS_PER_UPLOAD_MAX {
            let detail =
                format!("an upload takes {PHOTOS_PER_UPLOAD_MAX} photos: send the others in another");
            answer.refused.push(Refusal { name, status: 413, detail });
            continue;
        }
        let (incoming, taken) = store(&mut part, &studio).await?;
        let outcome = match taken {
            Ok((format, bytes)) => {
                let arrival = Arrival { path: incoming.0.clone(), name: name.clone(), format, bytes };
                let (studio, folder) = (studio.clone(), folder.clone());
                on_disk(move || studio.take_in(&folder, &arrival)).await
            }
            Err(problem) => Err(problem),
        };
        match outcome {
            Ok(job) => answer.jobs.push(job),
            Err(problem) => answer.refused.push(refusal(name, &problem)),
        }
    }
    answered(answer)
}

fn answered(answer: Answer) -> Result<(StatusCode, Json<Answer>), Problem> {
    match answer.refused.first() {
        Some(first) if answer.jobs.is_empty() => {
            let status = StatusCode::from_u16(first.status).unwrap_or(StatusCode::BAD_REQUEST);
            let detail = format!("{}: {}", first.name, first.detail);
            Err(Problem::new(status, "Nothing was taken", detail).with("refused", json!(answer.refused)))
        }
        None if answer.jobs.is_empty() => {
            Err(Problem::bad_request("there is no photo in it: send files as parts named `photos`"))
        }
        _ => Ok((StatusCode::ACCEPTED, Json(answer))),
    }
}

fn parts(request: Request) -> Result<Multipart<'static>, Problem> {
    let content_type = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let boundary = multer::parse_boundary(content_type.unwrap_or_default()).map_err(|_| {
        let detail = "send the photos as multipart/form-data";
        Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "Unsupported media type", detail)
    })?;
    let limits = Constraints::new().size_limit(SizeLimit::new().whole_stream(UPLOAD_BYTES_MAX));
    Ok(Multipart::with_constraints(request.into_body().into_data_stream(), boundary, limits))
}

fn unreadable(error: &multer::Error) -> Problem {
    match error {
        multer::Error::StreamSizeExceeded { limit } => {
            let megabytes = limit / (1024 * 1024);
            Problem::too_large(format!("an upload takes {megabytes} MiB: send fewer photos at once"))
        }
        other => Problem::bad_request(format!("the upload can't be read: {other}")),
    }
}

/// A file that is removed unless somebody took it away.
struct Incoming(PathBuf);

impl Drop for Incoming {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

type Taken = Result<(Format, u64), Problem>;

/// Writes one photo down, or reads over what is not taken, so that the next one is found and the answer is heard.
async fn store(part: &mut Field<'_>, studio: &Studio) -> Result<(Incoming, Taken), Problem> {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let incoming =
        Incoming(studio.library().incoming_dir().join(NEXT.fetch_add(1, Ordering::Relaxed).to_string()));
    let mut file = File::create(&incoming.0).await.map_err(|error| disk(&error))?;
    let (mut first, mut bytes) = (Vec::new(), 0);
    let mut refused = None;
    while let Some(chunk) = part.chunk().await.map_err(|error| unreadable(&error))? {
        bytes += chunk.len() as u64;
        if refused.is_some() {
            continue;
        }
        if first.len() < FIRST_BYTES {
            first.extend_from_slice(&chunk[..chunk.len().min(FIRST_BYTES - first.len())]);
        }
        if first.len() == FIRST_BYTES && Format::of(&first).is_none() {
            refused = Some(not_taken());
        } else if bytes > PHOTO_BYTES_MAX {
            let most = PHOTO_BYTES_MAX / (1024 * 1024);
            refused = Some(Problem::too_large(format!("a photo may have {most} MiB: make it smaller")));
        } else {
            file.write_all(&chunk).await.map_err(|error| disk(&error))?;
        }
    }
    file.sync_all().await.map_err(|error| disk(&error))?;
    let taken = match (refused, Format::of(&first)) {
        (Some(problem), _) => Err(problem),
        (None, None) => Err(not_taken()),
        (None, Some(format)) => Ok((format, bytes)),
    };
    Ok((incoming, taken))
}

fn not_taken() -> Problem {
    let detail = format!("it is not {TAKEN}: save it as one of these");
    Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "Unsupported media type", detail)
}

fn refusal(name: String, problem: &Problem) -> Refusal {
    let detail = problem.body()["detail"].as_str().unwrap_or_default().to_owned();
    Refusal { name, status: problem.status().as_u16(), detail }
}

/// For people alone: no file is ever called so.
fn display_name(given: Option<&str>) -> String {
    let name = given.unwrap_or_default().chars().filter(|char| !char.is_control());
    let name: String = name.take(NAME_CHARS_MAX).collect();
    if name.trim().is_empty() { "photo".to_owned() } else { name }
}
