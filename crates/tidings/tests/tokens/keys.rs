//! Keys of every kind, made once for a run: none is kept.

use std::sync::LazyLock;

use aws_lc_rs::rsa::PublicKey as RsaPublicKey;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rcgen::{
    KeyPair, PKCS_ECDSA_P256_SHA256, PKCS_ECDSA_P384_SHA384, PKCS_ED25519, PKCS_RSA_SHA256, RsaKeySize,
};
use serde_json::{Value, json};
use tidings::auth::{Algorithm, SigningKey};

pub(crate) static RSA: LazyLock<KeyPair> = LazyLock::new(rsa);
pub(crate) static OTHER_RSA: LazyLock<KeyPair> = LazyLock::new(rsa);
pub(crate) static P256: LazyLock<KeyPair> = LazyLock::new(|| pair(&PKCS_ECDSA_P256_SHA256));
pub(crate) static OTHER_P256: LazyLock<KeyPair> = LazyLock::new(|| pair(&PKCS_ECDSA_P256_SHA256));
pub(crate) static P384: LazyLock<KeyPair> = LazyLock::new(|| pair(&PKCS_ECDSA_P384_SHA384));
pub(crate) static ED25519: LazyLock<KeyPair> = LazyLock::new(|| pair(&PKCS_ED25519));
pub(crate) static OTHER_ED25519: LazyLock<KeyPair> = LazyLock::new(|| pair(&PKCS_ED25519));

/// As long as the longest hash.
pub(crate) const SECRET: &[u8; 64] = b"a secret of sixty-four bytes, that nobody but these tests knows.";

fn rsa() -> KeyPair {
    KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048).expect("a key")
}

fn pair(algorithm: &'static rcgen::SignatureAlgorithm) -> KeyPair {
    KeyPair::generate_for(algorithm).expect("a key")
}

/// The pair that an algorithm signs with.
pub(crate) fn pair_for(algorithm: Algorithm) -> &'static KeyPair {
    match algorithm {
        Algorithm::Es256 => &P256,
        Algorithm::Es384 => &P384,
        Algorithm::EdDsa => &ED25519,
        _ => &RSA,
    }
}

pub(crate) fn signer(pair: &KeyPair, algorithm: Algorithm) -> SigningKey {
    SigningKey::pem(pair.serialize_pem().as_bytes(), Some(algorithm)).expect("a key of that kind")
}

pub(crate) fn base64(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

pub(crate) fn base64_bytes(text: &str) -> Vec<u8> {
    URL_SAFE_NO_PAD.decode(text).expect("base64url")
}

/// A public key as a key set has it.
pub(crate) fn jwk(pair: &KeyPair, kid: &str) -> Value {
    let raw = pair.public_key_raw();
    let halves = || (base64(&raw[1..raw.len() / 2 + 1]), base64(&raw[raw.len() / 2 + 1..]));
    let mut jwk = match raw.len() {
        32 => json!({ "kty": "OKP", "crv": "Ed25519", "x": base64(raw) }),
        65 | 97 => {
            let (x, y) = halves();
            json!({ "kty": "EC", "crv": if raw.len() == 65 { "P-256" } else { "P-384" }, "x": x, "y": y })
        }
        _ => {
            let key = RsaPublicKey::from_der(raw).expect("an RSA key");
            let (n, e) = (key.modulus(), key.exponent());
            json!({
                "kty": "RSA",
                "n": base64(n.big_endian_without_leading_zero()),
                "e": base64(e.big_endian_without_leading_zero()),
            })
        }
    };
    jwk["kid"] = json!(kid);
    jwk
}

/// The same, for one algorithm alone.
pub(crate) fn jwk_for(pair: &KeyPair, kid: &str, algorithm: Algorithm) -> Value {
    let mut jwk = jwk(pair, kid);
    jwk["alg"] = json!(algorithm.name());
    jwk["use"] = json!("sig");
    jwk
}
