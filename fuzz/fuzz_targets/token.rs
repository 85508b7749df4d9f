//! A token, as anybody may send it, and signed, as only an issuer can: header and claims, parted by a line break. What is
//! granted is within its bounds, and no text that nobody signed is.
#![no_main]

use std::sync::LazyLock;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use libfuzzer_sys::fuzz_target;
use sha2::Sha256;
use tidings::auth::{
    Algorithm, IssuerOptions, KeySource, Now, TOKEN_CHANNELS_MAX, TOKEN_INFO_BYTES_MAX, TokenOptions, TokenVerifier,
};
use tokio::runtime::{Builder, Runtime};

const SECRET: &[u8] = b"a secret that only this fuzzer has, long enough";
const WALL_MS: u64 = 1_800_000_000_000;

static VERIFIER: LazyLock<(TokenVerifier, Runtime)> = LazyLock::new(|| {
    let issuer = IssuerOptions {
        issuer: None,
        algorithms: vec![Algorithm::parse("HS256").expect("known")],
        key: KeySource::Text(SECRET.to_vec()),
        audience: Vec::new(),
    };
    let verifier = TokenVerifier::new(TokenOptions::new(vec![issuer])).expect("a secret is enough");
    (verifier, Builder::new_current_thread().build().expect("a runtime"))
});

fuzz_target!(|input: &str| {
    let (verifier, runtime) = &*VERIFIER;
    let now = Now { wall_ms: WALL_MS, monotonic_ms: 0 };
    let verify = |token: &str| runtime.block_on(verifier.verify(token, now));
    assert!(verify(input).is_err(), "nobody signed this: {input:?}");
    let Some((header, claims)) = input.split_once('\n') else { return };
    let signed = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims));
    let mut mac = Hmac::<Sha256>::new_from_slice(SECRET).expect("any length will do");
    mac.update(signed.as_bytes());
    let token = format!("{signed}.{}", URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes()));
    let Ok(grant) = verify(&token) else { return };
    let claims: serde_json::Value = serde_json::from_str(claims).expect("what is granted is JSON");
    assert!(claims.is_object() && claims["exp"].is_u64(), "{claims}");
    assert!((1..=255).contains(&grant.user.len()));
    assert!(grant.token_id.is_none_or(|id| (1..=255).contains(&id.len())));
    assert!(grant.subscribe.len() <= TOKEN_CHANNELS_MAX && grant.publish.len() <= TOKEN_CHANNELS_MAX);
    assert!(grant.info.is_none_or(|info| info.get().len() <= TOKEN_INFO_BYTES_MAX));
    assert!(grant.expires_at_ms.is_some_and(|ends| ends > WALL_MS));
});
