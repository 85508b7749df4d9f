//! How a connection ends, and whether it is worth another.

use std::time::Duration;

use http::Response;
use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use tokio::time::timeout;

use super::super::failure::Failure;
use super::super::hub;
use super::super::problem::{Problem, is_passing};
use super::control::Closing;

/// Why to come back, and what the hub asked for at least.
pub(super) struct Broken {
    pub(super) why: String,
    pub(super) floor: Duration,
}

/// Either the end of the verb, or a break to come back from.
pub(super) enum Outcome {
    Done,
    Broken(Broken),
}

const PROBLEM_BYTES_MAX: usize = 1024 * 1024;

impl Outcome {
    pub(super) fn broken(why: impl Into<String>) -> Self {
        Self::Broken(Broken { why: why.into(), floor: Duration::ZERO })
    }
}

/// A status other than 200: worth another try, or an answer for good.
pub(super) async fn refusal(response: Response<Incoming>) -> Result<Broken, Failure> {
    let (head, body) = response.into_parts();
    let floor = hub::retry_after(&head.headers);
    let body =
        timeout(Duration::from_millis(hub::BODY_TIMEOUT_MS), Limited::new(body, PROBLEM_BYTES_MAX).collect());
    let body = body.await.ok().and_then(Result::ok).map(|body| body.to_bytes()).unwrap_or_default();
    let problem = Problem::read(head.status, &body);
    // A proxy's or a hub's own stumble may pass too.
    if is_passing(problem.status) || problem.status == 500 {
        return Ok(Broken { why: problem.to_string(), floor });
    }
    Err(Failure::Refused(problem))
}

/// What `closing` asks for: to come back, or not.
pub(super) fn closed(closing: &Closing) -> Result<Broken, Failure> {
    let reason = closing.told();
    if closing.reconnect {
        let floor = Duration::from_millis(closing.retry_ms);
        return Ok(Broken { why: format!("the hub closed the stream ({reason})"), floor });
    }
    Err(Failure::Ended(format!("the hub ended the stream for good ({reason})")))
}
