//! Whether the process lives, and whether it takes streams.

use axum::extract::State;
use serde_json::{Value, json};

use super::Shared;
use super::problem::Problem;
use crate::hub::{EngineState, Phase};

/// `GET /health`.
pub(super) async fn health() -> axum::Json<Value> {
    axum::Json(json!({ "status": "alive" }))
}

/// `GET /ready`.
pub(super) async fn ready(State(app): Shared) -> Result<axum::Json<Value>, Problem> {
    match (app.hub.phase(), app.hub.engine_state()) {
        (Phase::Serving, EngineState::Alone | EngineState::Here) if !app.hub.is_closed_meanwhile() => {
            Ok(axum::Json(json!({ "status": "ready" })))
        }
        (Phase::Draining, _) => {
            Err(Problem::unavailable("draining").retry_after_ms(2_000).with("status_text", "draining"))
        }
        (Phase::Serving, _) => {
            let detail = "the engine is away: streams live on, and nothing can be published";
            Err(Problem::unavailable(detail).retry_after_ms(1_000).with("status_text", "engine_away"))
        }
    }
}
