//! Who may hear what. This application runs for one person on their own machine, so everybody who gets here is that
//! person; one with accounts would read its session's cookie here, and grant that user's folders.

use axum::http::request::Parts;
use tidings::{Authorizer, Grant, Problem};

use crate::news;

const USER: &str = "photographer";

pub(crate) struct Photographer;

impl Authorizer for Photographer {
    /// To read all channels, to publish to none (this process does that itself), and to see the statistics.
    async fn authorize(&self, _request: &Parts) -> Result<Grant, Problem> {
        Ok(Grant { subscribe: news::all(), admin: true.into(), ..Grant::nothing(USER) })
    }
}
