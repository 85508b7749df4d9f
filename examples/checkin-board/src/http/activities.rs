//! What supervisors do: look at their board, begin and end sessions, check students in and out, hand over.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};
use tidings::Problem;

use super::App;
use super::session::Signed;
use crate::event::GroupId;
use crate::store::Board;

type Done = Result<StatusCode, Problem>;

#[derive(Deserialize)]
pub(super) struct Start {
    room_id: i64,
    activity: String,
}

/// All that a page shows, in one request.
pub(super) async fn board(
    State(app): State<App>,
    Signed { person, .. }: Signed,
) -> Result<Json<Board>, Problem> {
    app.store.change(move |change| change.board(&person)).await.map(Json)
}

pub(super) async fn start(
    State(app): State<App>,
    Signed { person, .. }: Signed,
    Json(Start { room_id, activity }): Json<Start>,
) -> Result<(StatusCode, Json<Value>), Problem> {
    let group = app.store.change(move |change| change.start(&person, room_id, &activity)).await?;
    Ok((StatusCode::CREATED, Json(json!({ "active_group_id": group }))))
}

pub(super) async fn end(
    State(app): State<App>,
    Signed { person, .. }: Signed,
    Path(group): Path<GroupId>,
) -> Done {
    app.store.change(move |change| change.end(&person, group)).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) async fn join(
    State(app): State<App>,
    Signed { person, .. }: Signed,
    Path((group, staff)): Path<(GroupId, i64)>,
) -> Done {
    app.store.change(move |change| change.add_supervisor(&person, group, staff)).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) async fn leave(
    State(app): State<App>,
    Signed { person, .. }: Signed,
    Path((group, staff)): Path<(GroupId, i64)>,
) -> Done {
    app.store.change(move |change| change.remove_supervisor(&person, group, staff)).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) async fn check_in(
    State(app): State<App>,
    Signed { person, .. }: Signed,
    Path((group, student)): Path<(GroupId, i64)>,
) -> Done {
    app.store.change(move |change| change.check(&person, group, student, true)).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) async fn check_out(
    State(app): State<App>,
    Signed { person, .. }: Signed,
    Path((group, student)): Path<(GroupId, i64)>,
) -> Done {
    app.store.change(move |change| change.check(&person, group, student, false)).await?;
    Ok(StatusCode::NO_CONTENT)
}
