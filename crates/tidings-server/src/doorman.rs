//! Who decides what a request may do: nobody in `--dev`, or tokens, or the application.

use std::io;

use http::request::Parts;
use tidings::auth::{Carriers, HookAuthorizer, TokenAuthorizer};
use tidings::{Asked, Authorizer, Counted, Grant, GrantEverything, Problem};
use tidings_server::config::Config;

/// The one of this process.
pub(crate) enum Doorman {
    Dev(GrantEverything),
    Tokens(Box<TokenAuthorizer>),
    Hook(Box<HookAuthorizer>),
}

impl Doorman {
    pub(crate) fn new(config: &Config) -> io::Result<Self> {
        let access = config.access().map_err(io::Error::other)?;
        if !(access.has_tokens() || access.has_hook()) {
            if !config.auth_is_default() {
                tracing::warn!(
                    "--dev grants everything to everyone: the settings of [auth] are not looked at"
                );
            }
            return Ok(Self::Dev(GrantEverything));
        }
        let tokens = access.has_tokens().then(|| tokens(config)).transpose()?;
        let hook = if access.has_hook() { config.hook_authorizer().map_err(io::Error::other)? } else { None };
        Ok(match (tokens, hook) {
            (Some(tokens), Some(hook)) => Self::Hook(Box::new(hook.beside(tokens))),
            (Some(tokens), None) => Self::Tokens(Box::new(tokens)),
            (None, Some(hook)) => Self::Hook(Box::new(hook)),
            (None, None) => return Err(io::Error::other("nothing says who may connect")),
        })
    }
}

fn tokens(config: &Config) -> io::Result<TokenAuthorizer> {
    let auth = &config.auth;
    if auth.query_token {
        tracing::warn!(
            "auth.query_token: tokens in the query stand in the logs of proxies and in browsers' histories"
        );
    }
    let cookie = auth.cookie.as_ref().map(|cookie| cookie.as_str().to_owned());
    let carriers = Carriers { cookie, query: auth.query_token };
    let verifier = config.token_verifier().map_err(io::Error::other)?;
    Ok(TokenAuthorizer::new(verifier, carriers))
}

impl Authorizer for Doorman {
    async fn authorize(&self, request: &Parts) -> Result<Grant, Problem> {
        self.authorize_for(request, &Asked::default()).await
    }

    async fn authorize_for(&self, request: &Parts, asked: &Asked) -> Result<Grant, Problem> {
        match self {
            Self::Dev(all) => all.authorize_for(request, asked).await,
            Self::Tokens(tokens) => tokens.authorize_for(request, asked).await,
            Self::Hook(hook) => hook.authorize_for(request, asked).await,
        }
    }

    fn forget(&self, user: &str) {
        match self {
            Self::Dev(all) => all.forget(user),
            Self::Tokens(tokens) => tokens.forget(user),
            Self::Hook(hook) => hook.forget(user),
        }
    }

    fn counted(&self) -> Vec<Counted> {
        match self {
            Self::Dev(all) => all.counted(),
            Self::Tokens(tokens) => tokens.counted(),
            Self::Hook(hook) => hook.counted(),
        }
    }
}
