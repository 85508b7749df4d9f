//! Tokens: good ones of every algorithm, and every way known to forge one.

mod forged;
mod good;
mod issuer;
mod keys;
mod matrix;
mod published;
mod requests;
mod vectors;

use serde_json::{Value, json};
use tidings::auth::{Algorithm, IssuerOptions, KeySource, Now, TokenOptions, TokenVerifier};

/// When these tests are, in seconds since 1970: they look at no clock.
const NOW: u64 = 1_800_000_000;
const ISSUER: &str = "https://issuer.example";
const AUDIENCE: &str = "hub";

fn at(seconds: u64) -> Now {
    Now { wall_ms: seconds * 1000, monotonic_ms: 1_000_000 }
}

fn claims() -> Value {
    json!({
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": "ada",
        "exp": NOW + 600,
        "tidings": { "subscribe": ["news", "room:*"], "publish": ["room:1"] },
    })
}

/// The claims, with one of them put otherwise.
fn claims_with(name: &str, value: Value) -> Value {
    let mut claims = claims();
    claims[name] = value;
    claims
}

fn claims_without(name: &str) -> Value {
    let mut claims = claims();
    claims.as_object_mut().expect("an object").remove(name);
    claims
}

fn issuer(key: KeySource, algorithms: &[Algorithm]) -> IssuerOptions {
    IssuerOptions {
        issuer: Some(ISSUER.to_owned()),
        algorithms: algorithms.to_vec(),
        key,
        audience: vec![AUDIENCE.to_owned()],
    }
}

fn text(key: impl AsRef<[u8]>) -> KeySource {
    KeySource::Text(key.as_ref().to_vec())
}

fn jwks(server: &issuer::KeyServer) -> KeySource {
    KeySource::Jwks(server.url().parse().expect("a URL"))
}

fn verifier(issuers: Vec<IssuerOptions>) -> TokenVerifier {
    TokenVerifier::new(TokenOptions::new(issuers)).expect("sound options")
}
