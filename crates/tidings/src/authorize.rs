//! Who may do what: decided in one place, by whatever the application chose.

use std::future::Future;
use std::net::IpAddr;
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

    /// The same, for one who wants to know what it is for. The grant is checked against that either way.
    fn authorize_for(
        &self,
        request: &Parts,
        asked: &Asked,
    ) -> impl Future<Output = Result<Grant, Problem>> + Send {
        let _ = asked;
        self.authorize(request)
    }

    /// What was decided for a user before now does not count any more: they were shut out.
    fn forget(&self, user: &str) {
        let _ = user;
    }
}

/// What somebody is about to do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Action {
    /// To open a stream, or whatever else has no name of its own here.
    #[default]
    Connect,
    /// To carry a stream on beyond the end of its grant.
    Refresh,
    /// To add channels to a stream, or to read a channel's history or presence.
    Subscribe,
    /// To publish.
    Publish,
}

impl Action {
    /// Its name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Connect => "connect",
            Self::Refresh => "refresh",
            Self::Subscribe => "subscribe",
            Self::Publish => "publish",
        }
    }
}

/// What a grant is asked for, as far as that is known before there is one. The texts are as they came: nobody has looked
/// at them yet.
#[derive(Clone, Debug, Default)]
pub struct Asked {
    /// What somebody is about to do.
    pub action: Action,
    /// With these channels and patterns; `None` for those that the grant names, or that are not known yet.
    pub channels: Option<Vec<String>>,
    /// The type that a stream wants to have.
    pub kind: Option<String>,
    /// The name that a client gave itself.
    pub client_id: Option<String>,
    /// Whose stream it is about.
    pub user: Option<Arc<str>>,
    /// Where the request comes from.
    pub remote: Option<IpAddr>,
}

/// The same, boxed, so that a hub need not be generic.
pub trait DynAuthorizer: Send + Sync + 'static {
    /// See [`Authorizer::authorize_for`].
    fn authorize_boxed<'a>(
        &'a self,
        request: &'a Parts,
        asked: &'a Asked,
    ) -> Pin<Box<dyn Future<Output = Result<Grant, Problem>> + Send + 'a>>;

    /// See [`Authorizer::counted`].
    fn counted_boxed(&self) -> Vec<Counted>;

    /// See [`Authorizer::forget`].
    fn forget_user(&self, user: &str);
}

impl<A: Authorizer> DynAuthorizer for A {
    fn authorize_boxed<'a>(
        &'a self,
        request: &'a Parts,
        asked: &'a Asked,
    ) -> Pin<Box<dyn Future<Output = Result<Grant, Problem>> + Send + 'a>> {
        Box::pin(self.authorize_for(request, asked))
    }

    fn forget_user(&self, user: &str) {
        self.forget(user);
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

    async fn authorize_for(&self, request: &Parts, asked: &Asked) -> Result<Grant, Problem> {
        (**self).authorize_for(request, asked).await
    }

    fn forget(&self, user: &str) {
        (**self).forget(user);
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
