//! Who is let in, from where, and how the line is kept.

use std::path::PathBuf;

use super::section;
use crate::config::value::{Algorithm, CookieName, HttpUrl, Millis, Origin, Secret, Text};

section! {
    /// `[auth]`: who may connect, and what they may see.
    Auth {
        /// How tokens may be signed; a token that says otherwise is refused. Each has to fit the key. Without any, the
        /// usual one of the key's kind: HS256 for a secret, RS256, ES256, ES384 or EdDSA for a public key, and for the
        /// keys of a set what each of them says.
        algorithms "auth.algorithms": Vec<Algorithm> = "";
        /// The key that tokens are checked with: the secret of an HMAC, as long as its hash at least, or a public key
        /// as PEM.
        key "auth.key": Option<Secret>;
        /// A file with that key; as PEM it may have several, for the time in which one follows another.
        key_file "auth.key_file": Option<PathBuf>;
        /// Where the issuer publishes its keys, as a JWK Set. Fetched when a token needs them and kept for 10 minutes, or
        /// for an hour while the issuer is away.
        jwks_url "auth.jwks_url": Option<HttpUrl>;
        /// Whether any `jwks_url` may be `http://` beyond this machine's loopback. Whoever is in between then says whose
        /// tokens are good.
        jwks_plain_http "auth.jwks_plain_http": bool = "false";
        /// What a token's `iss` must be. Without it, `iss` is not looked at.
        issuer "auth.issuer": Option<Text>;
        /// What a token's `aud` must name, one of them. Without any, a token that has an `aud` is for somebody else, and
        /// refused.
        audience "auth.audience": Vec<Text> = "";
        /// The cookie that may carry the token. A request that comes with it from a page of another origin is refused,
        /// unless `cors.origins` has that origin.
        cookie "auth.cookie": Option<CookieName>;
        /// Whether the token may stand in the query, as `token=`. It then stands in the logs of proxies and in the
        /// browser's history too; a ticket does not.
        query_token "auth.query_token": bool = "false";
        /// Whether a token without `exp` is refused.
        require_exp "auth.require_exp": bool = "true";
        /// By how much clocks may differ, for `exp` and `nbf`. A stream ends this long after its token.
        leeway_ms "auth.leeway_ms": Millis = "5000", unit "ms", max 300000;
    }
}

section! {
    /// `[cors]`: which pages of other origins may use the hub.
    Cors {
        /// Origins whose pages may read the hub's answers, each exactly as a browser sends it.
        origins "cors.origins": Vec<Origin> = "";
    }
}
