//! Who decides what a request may do: nobody in `--dev`, or tokens.

use std::io;

use http::request::Parts;
use tidings::auth::{Carriers, TokenAuthorizer};
use tidings::{Authorizer, Counted, Grant, GrantEverything, Problem};
use tidings_server::config::{Access, Config};

/// The one of this process.
pub(crate) enum Doorman {
    Dev(GrantEverything),
    Tokens(Box<TokenAuthorizer>),
}

impl Doorman {
    pub(crate) fn new(config: &Config) -> io::Result<Self> {
        match config.access().map_err(io::Error::other)? {
            Access::Dev => {
                if !config.auth_is_default() {
                    tracing::warn!(
                        "--dev grants everything to everyone: the settings of [auth] are not looked at"
                    );
                }
                Ok(Self::Dev(GrantEverything))
            }
            Access::Tokens => {
                let auth = &config.auth;
                if auth.query_token {
                    tracing::warn!(
                        "auth.query_token: tokens in the query stand in the logs of proxies and in browsers' histories"
                    );
                }
                let cookie = auth.cookie.as_ref().map(|cookie| cookie.as_str().to_owned());
                let carriers = Carriers { cookie, query: auth.query_token };
                let verifier = config.token_verifier().map_err(io::Error::other)?;
                Ok(Self::Tokens(Box::new(TokenAuthorizer::new(verifier, carriers))))
            }
        }
    }
}

impl Authorizer for Doorman {
    async fn authorize(&self, request: &Parts) -> Result<Grant, Problem> {
        match self {
            Self::Dev(all) => all.authorize(request).await,
            Self::Tokens(tokens) => tokens.authorize(request).await,
        }
    }

    fn counted(&self) -> Vec<Counted> {
        match self {
            Self::Dev(all) => all.counted(),
            Self::Tokens(tokens) => tokens.counted(),
        }
    }
}
