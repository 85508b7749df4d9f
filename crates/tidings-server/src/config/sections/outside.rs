//! Who is let in, from where, and how the line is kept.

use std::path::PathBuf;

use super::section;
use crate::config::value::{Algorithm, CookieName, HttpUrl, Millis, Origin, Secret, Text};

section! {
    /// `[auth]`: who may connect, and what they may see.
    Auth {
        /// How tokens may be signed. A token that says otherwise is refused.
        algorithms "auth.algorithms": Vec<Algorithm> = "", needs Tokens;
        /// The key that tokens are checked with: the secret of an HMAC, or a public key as PEM.
        key "auth.key": Option<Secret>, needs Tokens;
        /// A file with that key.
        key_file "auth.key_file": Option<PathBuf>, needs Tokens;
        /// Where the issuer publishes its keys.
        jwks_url "auth.jwks_url": Option<HttpUrl>, needs Tokens;
        /// What a token's `iss` must be.
        issuer "auth.issuer": Option<Text>, needs Tokens;
        /// What a token's `aud` must name, one of them.
        audience "auth.audience": Vec<Text> = "", needs Tokens;
        /// The cookie that may carry the token.
        cookie "auth.cookie": Option<CookieName>, needs Tokens;
        /// Whether the token may stand in the query, as `token=`.
        query_token "auth.query_token": bool = "false", needs Tokens;
        /// Whether a token without `exp` is refused.
        require_exp "auth.require_exp": bool = "true", needs Tokens;
        /// By how much clocks may differ, for `exp` and `nbf`.
        leeway_ms "auth.leeway_ms": Millis = "5000", unit "ms", needs Tokens;
        /// The application's own answer to who may see what, asked with the request's cookies and query.
        hook_url "auth.hook_url": Option<HttpUrl>, needs Tokens;
    }
}

section! {
    /// `[cors]`: which pages of other origins may use the hub.
    Cors {
        /// Origins whose pages may read the hub's answers, each exactly as a browser sends it.
        origins "cors.origins": Vec<Origin> = "";
    }
}

section! {
    /// `[tls]`: encryption on the hub's own listener.
    Tls {
        /// The certificate chain, as PEM.
        certificate_file "tls.certificate_file": Option<PathBuf>, needs Tls;
        /// Its private key, as PEM.
        key_file "tls.key_file": Option<PathBuf>, needs Tls;
    }
}
