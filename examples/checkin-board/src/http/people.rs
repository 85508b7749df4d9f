//! What the office does: lock an account, at once and everywhere, and unlock it.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use tidings::Problem;

use super::App;
use super::session::Signed;
use crate::store::Person;

pub(super) async fn lock(
    State(app): State<App>,
    by: Signed,
    Path(staff): Path<i64>,
) -> Result<StatusCode, Problem> {
    set(&app, by.person, staff, true).await
}

pub(super) async fn unlock(
    State(app): State<App>,
    by: Signed,
    Path(staff): Path<i64>,
) -> Result<StatusCode, Problem> {
    set(&app, by.person, staff, false).await
}

async fn set(app: &App, by: Person, staff: i64, is_locked: bool) -> Result<StatusCode, Problem> {
    if !by.is_office || by.id == staff {
        return Err(Problem::forbidden("the office locks and unlocks accounts, and not its own"));
    }
    app.store.change(move |change| change.lock(staff, is_locked)).await?;
    Ok(StatusCode::NO_CONTENT)
}
