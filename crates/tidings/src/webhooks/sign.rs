//! Signatures as Standard Webhooks has them: HMAC-SHA256 over the id, the time and the body.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

const PREFIX: &str = "whsec_";
/// What the specification asks of a secret.
const SECRET_BYTES: std::ops::RangeInclusive<usize> = 24..=64;

/// The secrets that a receiver may check with: one, or two while one follows the other.
#[derive(Clone)]
pub(super) struct Signer(Vec<Vec<u8>>);

/// Why a secret can't be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "has to be whsec_ and 24 to 64 random bytes as base64 (`echo whsec_$(openssl rand -base64 32)` makes one); two, \
     parted by a space, while one follows the other"
)]
pub struct SecretError;

impl std::fmt::Debug for Signer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Signer")
    }
}

impl Signer {
    pub(super) fn parse(text: &str) -> Result<Self, SecretError> {
        let secret = |text: &str| {
            let secret = STANDARD.decode(text.strip_prefix(PREFIX)?).ok()?;
            SECRET_BYTES.contains(&secret.len()).then_some(secret)
        };
        let secrets: Option<Vec<_>> = text.split(' ').map(secret).collect();
        secrets.filter(|secrets| secrets.len() <= 2).map(Self).ok_or(SecretError)
    }

    /// The value of `webhook-signature`: a signature by each secret.
    pub(super) fn sign(&self, id: &str, timestamp: u64, body: &[u8]) -> String {
        let one = |secret: &Vec<u8>| {
            let mut mac = Hmac::<Sha256>::new_from_slice(secret).expect("HMAC takes a key of any length");
            mac.update(format!("{id}.{timestamp}.").as_bytes());
            mac.update(body);
            format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
        };
        self.0.iter().map(one).collect::<Vec<_>>().join(" ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of the specification's own libraries' tests.
    const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

    #[test]
    fn a_signature_is_the_specifications() {
        let signer = Signer::parse(SECRET).expect("a secret");
        let signed = signer.sign("msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, br#"{"test": 2432232314}"#);
        assert_eq!(signed, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
        let both = Signer::parse(&format!("{SECRET} whsec_{}", STANDARD.encode([7; 32]))).expect("two");
        let both = both.sign("msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, br#"{"test": 2432232314}"#);
        assert!(both.starts_with(&format!("{signed} v1,")), "{both}");
    }

    #[test]
    fn what_is_no_secret_is_refused() {
        let long = format!("whsec_{}", STANDARD.encode([7; 65]));
        for text in ["", "secret", "whsec_", "whsec_c2hvcnQ=", "whsec_%%%", &SECRET[6..], &long] {
            assert!(Signer::parse(text).is_err(), "{text}");
        }
        assert!(Signer::parse(&[SECRET; 3].join(" ")).is_err());
    }
}
