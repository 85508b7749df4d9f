//! From the settings of `[auth]` to what checks tokens.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use tidings::auth::{
    Algorithm as TokenAlgorithm, IssuerOptions, KeySource, TokenOptions, TokenOptionsError, TokenVerifier,
};

use super::Config;
use super::layers::rule_name;
use super::problem::Problem;
use super::sections::{ISSUER, Section};
use super::value::{Algorithm, HttpUrl, Secret, Text};

/// A larger file is no key.
const KEY_FILE_BYTES_MAX: u64 = 64 * 1024;

/// The settings of one issuer, `[auth]` or `[[auth.issuers]]`, and where they stand.
struct Given<'c> {
    place: String,
    issuer: Option<&'c Text>,
    algorithms: &'c [Algorithm],
    key: Option<&'c Secret>,
    key_file: Option<&'c Path>,
    jwks_url: Option<&'c HttpUrl>,
    audience: &'c [Text],
}

impl Config {
    /// Whether nothing is said of who may connect.
    pub fn auth_is_default(&self) -> bool {
        let given = [self.auth.shown(), self.hook.shown()];
        self.issuers.is_empty()
            && given
                .iter()
                .flatten()
                .all(|(setting, value)| value.as_ref().is_none_or(|value| *value == setting.default_toml()))
    }

    /// What checks tokens, with the keys as they are now. The first problem with them otherwise.
    pub fn token_verifier(&self) -> Result<TokenVerifier, Problem> {
        let given = self.given_issuers();
        let issuers = given.iter().map(|issuer| self.issuer_options(issuer)).collect::<Result<_, _>>()?;
        let options = TokenOptions {
            require_exp: self.auth.require_exp,
            leeway_ms: self.auth.leeway_ms.get(),
            plain_http: self.auth.jwks_plain_http,
            ..TokenOptions::new(issuers)
        };
        TokenVerifier::new(options).map_err(|error| self.verifier_problem(&given, &error))
    }

    fn given_issuers(&self) -> Vec<Given<'_>> {
        let auth = &self.auth;
        let own = Given {
            place: "auth".to_owned(),
            issuer: auth.issuer.as_ref(),
            algorithms: &auth.algorithms,
            key: auth.key.as_ref(),
            key_file: auth.key_file.as_deref(),
            jwks_url: auth.jwks_url.as_ref(),
            audience: &auth.audience,
        };
        let others = self.issuers.iter().enumerate().map(|(number, issuer)| Given {
            place: rule_name(ISSUER.name, number),
            issuer: Some(&issuer.issuer),
            algorithms: &issuer.algorithms,
            key: issuer.key.as_ref(),
            key_file: issuer.key_file.as_deref(),
            jwks_url: issuer.jwks_url.as_ref(),
            audience: &issuer.audience,
        });
        Some(own).filter(Given::has_key).into_iter().chain(others).collect()
    }

    fn issuer_options(&self, given: &Given<'_>) -> Result<IssuerOptions, Problem> {
        let key = match (given.key, given.key_file, given.jwks_url) {
            (Some(key), ..) => KeySource::Text(key.expose().as_bytes().to_vec()),
            (_, Some(file), _) => KeySource::Text(key_of(file).map_err(|error| {
                self.problem(&given.key_setting(), &format!("cannot read {file:?}: {error}"))
            })?),
            (.., Some(url)) => KeySource::Jwks(url.expose().clone()),
            _ => return Err(self.problem(&given.place, "needs a key: set key, key_file or jwks_url in it")),
        };
        let algorithms = given.algorithms.iter().filter_map(|one| TokenAlgorithm::parse(one.as_str()));
        Ok(IssuerOptions {
            issuer: given.issuer.map(|issuer| issuer.as_str().to_owned()),
            algorithms: algorithms.collect(),
            key,
            audience: given.audience.iter().map(|audience| audience.as_str().to_owned()).collect(),
        })
    }

    fn verifier_problem(&self, given: &[Given<'_>], error: &TokenOptionsError) -> Problem {
        let key = |issuer: &usize| given.get(*issuer).map(Given::key_setting).unwrap_or_default();
        match error {
            TokenOptionsError::Key { issuer, error } => self.problem(&key(issuer), &error.to_string()),
            TokenOptionsError::SecretInSet { issuer, .. } => {
                let place = given.get(*issuer).map(|given| given.place.as_str()).unwrap_or_default();
                self.problem(&format!("{place}.algorithms"), &error.to_string())
            }
            TokenOptionsError::PlainHttp { issuer } => {
                let reason = format!("{error}; auth.jwks_plain_http = true takes any");
                self.problem(&key(issuer), &reason)
            }
            TokenOptionsError::Names { issuer } => self.problem(&key(issuer), &error.to_string()),
            TokenOptionsError::Trust(_) | TokenOptionsError::None => {
                self.problem("auth.jwks_url", &error.to_string())
            }
        }
    }
}

impl Given<'_> {
    fn has_key(&self) -> bool {
        self.key.is_some() || self.key_file.is_some() || self.jwks_url.is_some()
    }

    fn key_setting(&self) -> String {
        let key = match (self.key, self.key_file) {
            (Some(_), _) => "key",
            (None, Some(_)) => "key_file",
            (None, None) => "jwks_url",
        };
        format!("{}.{key}", self.place)
    }
}

/// What a key's file has. The line break that an editor leaves at the end of a secret is no part of it.
pub fn key_of(path: &Path) -> io::Result<Vec<u8>> {
    let mut key = Vec::new();
    File::open(path)?.take(KEY_FILE_BYTES_MAX + 1).read_to_end(&mut key)?;
    if key.len() as u64 > KEY_FILE_BYTES_MAX {
        return Err(io::Error::other(format!("it is larger than {KEY_FILE_BYTES_MAX} bytes")));
    }
    let end = key.strip_suffix(b"\n").map(|key| key.strip_suffix(b"\r").unwrap_or(key).len());
    key.truncate(end.unwrap_or(key.len()));
    Ok(key)
}
