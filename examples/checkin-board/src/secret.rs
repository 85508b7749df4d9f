//! What is given to somebody and recognised again: session ids, readers' keys. They are random and long, so that only
//! their digest is kept, and no slow hash is needed as for a password.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

const BYTES: usize = 32;

pub(crate) type SecretDigest = [u8; 32];

/// A new one, as text.
pub(crate) fn make() -> String {
    URL_SAFE_NO_PAD.encode(rand::random::<[u8; BYTES]>())
}

pub(crate) fn digest(secret: &str) -> SecretDigest {
    Sha256::digest(secret.as_bytes()).into()
}
