//! An answer of the application that the hook asks: what it grants is within its bounds, and none is for ever.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tidings::auth::{HOOK_GRANT_SECONDS, TOKEN_CHANNELS_MAX, TOKEN_INFO_BYTES_MAX, hook_grant};

const NOW_MS: u64 = 1_800_000_000_000;

fuzz_target!(|body: &[u8]| {
    let Some(grant) = hook_grant(body, NOW_MS) else { return };
    assert!(body.trim_ascii().starts_with(b"{"));
    assert!((1..=255).contains(&grant.user.len()));
    assert!(grant.subscribe.len() <= TOKEN_CHANNELS_MAX && grant.publish.len() <= TOKEN_CHANNELS_MAX);
    assert!(grant.info.is_none_or(|info| info.get().len() <= TOKEN_INFO_BYTES_MAX));
    assert!(grant.token_id.is_none());
    let ends_ms = grant.expires_at_ms.expect("an end");
    // Not where it is nested deeper than this reads.
    let Ok(answer) = serde_json::from_slice::<serde_json::Value>(body) else { return };
    assert_eq!(answer.get("sub").and_then(|sub| sub.as_str()).unwrap_or("anonymous"), &*grant.user);
    if answer.get("exp").is_none() && answer.get("ttl").is_none() {
        assert_eq!(ends_ms, NOW_MS + HOOK_GRANT_SECONDS * 1_000);
    }
});
