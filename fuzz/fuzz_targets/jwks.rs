//! A JWK Set, as an issuer publishes it, or whoever stands in for one.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tidings::auth::{Algorithm, JWKS_KEYS_MAX, usable_keys};

fuzz_target!(|document: &[u8]| {
    let all = usable_keys(document, &[]);
    assert!(all.is_none_or(|keys| keys <= JWKS_KEYS_MAX));
    let pinned = usable_keys(document, &[Algorithm::parse("ES256").expect("known")]);
    // A key of that algorithm counts without it being pinned, too.
    assert_eq!(all.is_some(), pinned.is_some());
    assert!(pinned <= all, "{pinned:?} of {all:?}");
});
