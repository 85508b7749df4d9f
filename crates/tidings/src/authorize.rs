//! Who may do what: decided in one place, by whatever the application chose.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use http::request::Parts;
use tidings_core::grant::{ANONYMOUS, Grant, Label};

use crate::http::problem::Problem;

/// What an authorizer counts, for `/metrics`: one number for each value of a label, of which there are few.
#[derive(Clone, Debug)]
pub struct Counted {
    /// The metric, without `_total`.
    pub name: &'static str,
    /// What it tells.
    pub help: &'static str,
    /// The label.
    pub label: &'static str,
    /// Its values, each with its count.
    pub counts: Vec<(&'static str, u64)>,
}

/// Decides what a request may do. Tokens, hooks and an application's own sessions are implementations.
pub trait Authorizer: Send + Sync + 'static {
    /// The grant of a request, or the problem that it is answered with.
    fn authorize(&self, request: &Parts) -> impl Future<Output = Result<Grant, Problem>> + Send;

    /// What it counted since it began.
    fn counted(&self) -> Vec<Counted> {
        Vec::new()
    }
}

/// The same, boxed, so that a hub need not be generic.
pub trait DynAuthorizer: Send + Sync + 'static {
    /// See [`Authorizer::authorize`].
    fn authorize_boxed<'a>(
        &'a self,
        request: &'a Parts,
    ) -> Pin<Box<dyn Future<Output = Result<Grant, Problem>> + Send + 'a>>;

    /// See [`Authorizer::counted`].
    fn counted_boxed(&self) -> Vec<Counted>;
}

impl<A: Authorizer> DynAuthorizer for A {
    fn authorize_boxed<'a>(
        &'a self,
        request: &'a Parts,
    ) -> Pin<Box<dyn Future<Output = Result<Grant, Problem>> + Send + 'a>> {
        Box::pin(self.authorize(request))
    }

    fn counted_boxed(&self) -> Vec<Counted> {
        self.counted()
    }
}

/// One for several routers.
impl<A: Authorizer> Authorizer for Arc<A> {
    async fn authorize(&self, request: &Parts) -> Result<Grant, Problem> {
        (**self).authorize(request).await
    }

    fn counted(&self) -> Vec<Counted> {
        (**self).counted()
    }
}

/// Grants everything to everybody: `--dev`. The user is whom the query names.
#[derive(Clone, Copy, Debug, Default)]
pub struct GrantEverything;

impl Authorizer for GrantEverything {
    async fn authorize(&self, request: &Parts) -> Result<Grant, Problem> {
        let query = request.uri.query().unwrap_or_default();
        let user = form_value(query, "user").unwrap_or_else(|| ANONYMOUS.to_owned());
        let user = Label::parse(&user).map_err(|error| Problem::bad_request(format!("user {error}")))?;
        Ok(Grant::everything(Arc::clone(user.as_arc())))
    }
}

fn form_value(query: &str, name: &str) -> Option<String> {
    let pairs: Vec<(String, String)> = serde_urlencoded::from_str(query).ok()?;
    pairs.into_iter().find(|(key, _)| key == name).map(|(_, value)| value)
}
