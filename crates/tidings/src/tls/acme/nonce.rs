//! Calls whose nonces the authority refuses.

use instant_acme::Error;

const BAD_NONCE: &str = "urn:ietf:params:acme:error:badNonce";
/// How often a call is made, of which each is three tries of the library's: many servers behind one name refuse each
/// other's nonces, and an order that fails waits for a minute.
pub(super) const CALLS: usize = 6;

pub(super) fn is_refused<T>(called: &Result<T, Error>) -> bool {
    matches!(called, Err(Error::Api(problem)) if problem.r#type.as_deref() == Some(BAD_NONCE))
}

/// Makes a call again for as long as it is its nonce that is refused (RFC 8555 §6.5). A macro, since what is ordered
/// with an asynchronous closure can't be shown to be `Send`.
macro_rules! with_new_nonces {
    ($call:expr) => {{
        let mut calls = 1;
        loop {
            let called = $call.await;
            if calls == $crate::tls::acme::nonce::CALLS || !$crate::tls::acme::nonce::is_refused(&called) {
                break called;
            }
            calls += 1;
        }
    }};
}
pub(super) use with_new_nonces;

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(kind: &str) -> Error {
        serde_json::from_value::<instant_acme::Problem>(serde_json::json!({ "type": kind })).unwrap().into()
    }

    #[tokio::test]
    async fn only_a_refused_nonce_is_tried_again_and_not_for_ever() {
        let mut calls = 0;
        let done = with_new_nonces!(async {
            calls += 1;
            if calls < CALLS { Err(refusal(BAD_NONCE)) } else { Ok(calls) }
        });
        assert_eq!(done.unwrap(), CALLS);

        for (kind, tries) in [(BAD_NONCE, CALLS), ("urn:ietf:params:acme:error:rateLimited", 1)] {
            let mut calls = 0;
            let refused = with_new_nonces!(async {
                calls += 1;
                Err::<(), _>(refusal(kind))
            });
            assert!(matches!(refused, Err(Error::Api(_))), "{kind}");
            assert_eq!(calls, tries, "{kind}");
        }
    }
}
