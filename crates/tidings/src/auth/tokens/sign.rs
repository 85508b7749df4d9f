//! Makes tokens: for tests, for scripts, and for an application that is its own issuer.

use aws_lc_rs::error::KeyRejected;
use aws_lc_rs::hmac;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    self, EcdsaKeyPair, EcdsaSigningAlgorithm, Ed25519KeyPair, RsaEncoding, RsaKeyPair,
};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject;
use serde_json::{Value, json};

use super::algorithm::Algorithm;

/// A key that signs tokens, by one algorithm.
pub struct SigningKey {
    algorithm: Algorithm,
    kid: Option<String>,
    material: Material,
}

enum Material {
    Secret(Box<hmac::Key>),
    Rsa(RsaKeyPair),
    Ecdsa(EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
}

type ReadEcdsa = fn(&'static EcdsaSigningAlgorithm, &[u8]) -> Result<EcdsaKeyPair, KeyRejected>;

const CURVES: [(&EcdsaSigningAlgorithm, Algorithm); 2] = [
    (&signature::ECDSA_P256_SHA256_FIXED_SIGNING, Algorithm::Es256),
    (&signature::ECDSA_P384_SHA384_FIXED_SIGNING, Algorithm::Es384),
];

/// Why a key signs nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SigningKeyError {
    /// No private key of a kind that is known.
    #[error("it has no private key for RSA, P-256, P-384 or Ed25519, as `openssl genpkey` writes it")]
    NoKey,
    /// The key is of another kind.
    #[error("it can't sign {0}: that is for another kind of key")]
    Algorithm(Algorithm),
}

impl std::fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SigningKey").field("algorithm", &self.algorithm).finish_non_exhaustive()
    }
}

impl SigningKey {
    /// The secret of an HMAC; HS256 where no algorithm is said.
    pub fn secret(secret: &[u8], algorithm: Option<Algorithm>) -> Result<Self, SigningKeyError> {
        let algorithm = algorithm.unwrap_or(Algorithm::Hs256);
        let hash = match algorithm {
            Algorithm::Hs256 => hmac::HMAC_SHA256,
            Algorithm::Hs384 => hmac::HMAC_SHA384,
            Algorithm::Hs512 => hmac::HMAC_SHA512,
            other => return Err(SigningKeyError::Algorithm(other)),
        };
        Ok(Self { algorithm, kid: None, material: Material::Secret(Box::new(hmac::Key::new(hash, secret))) })
    }

    /// A private key as PEM; the usual algorithm of its kind where none is said.
    pub fn pem(pem: &[u8], algorithm: Option<Algorithm>) -> Result<Self, SigningKeyError> {
        let der = PrivateKeyDer::from_pem_slice(pem).map_err(|_| SigningKeyError::NoKey)?;
        let (material, usual) = Material::read(&der).ok_or(SigningKeyError::NoKey)?;
        let algorithm = algorithm.unwrap_or(usual);
        let fits = match material {
            Material::Rsa(_) => rsa(algorithm).is_some(),
            _ => algorithm == usual,
        };
        if fits {
            Ok(Self { algorithm, kid: None, material })
        } else {
            Err(SigningKeyError::Algorithm(algorithm))
        }
    }

    /// The same key under a name, which its tokens then bear.
    #[must_use]
    pub fn named(mut self, kid: impl Into<String>) -> Self {
        self.kid = Some(kid.into());
        self
    }

    /// A token with these claims.
    pub fn sign(&self, claims: &Value) -> String {
        let mut header = json!({ "alg": self.algorithm.name(), "typ": "JWT" });
        if let Some(kid) = &self.kid {
            header["kid"] = json!(kid);
        }
        self.sign_parts(header.to_string().as_bytes(), claims.to_string().as_bytes())
    }

    /// A token of these very bytes, sound or not.
    pub fn sign_parts(&self, header: &[u8], claims: &[u8]) -> String {
        let text = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        let signed = format!("{}.{}", text(header), text(claims));
        let signature = self.signature(signed.as_bytes());
        format!("{signed}.{}", text(&signature))
    }

    /// The algorithm that it signs by.
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    fn signature(&self, message: &[u8]) -> Vec<u8> {
        let random = SystemRandom::new();
        match &self.material {
            Material::Secret(key) => hmac::sign(key, message).as_ref().to_vec(),
            Material::Rsa(key) => {
                let mut signature = vec![0; key.public_modulus_len()];
                let encoding = rsa(self.algorithm).expect("looked at when the key was read");
                key.sign(encoding, &random, message, &mut signature).expect("the length is the key's own");
                signature
            }
            Material::Ecdsa(key) => {
                key.sign(&random, message).expect("the machine has randomness").as_ref().to_vec()
            }
            Material::Ed25519(key) => key.sign(message).as_ref().to_vec(),
        }
    }
}

impl Material {
    fn read(der: &PrivateKeyDer<'_>) -> Option<(Self, Algorithm)> {
        let bytes = der.secret_der();
        let on_curve = |read: ReadEcdsa| {
            let found = CURVES.into_iter().find_map(|(curve, usual)| Some((read(curve, bytes).ok()?, usual)));
            found.map(|(key, usual)| (Self::Ecdsa(key), usual))
        };
        match der {
            PrivateKeyDer::Pkcs1(_) => Some((Self::Rsa(RsaKeyPair::from_der(bytes).ok()?), Algorithm::Rs256)),
            PrivateKeyDer::Sec1(_) => on_curve(EcdsaKeyPair::from_private_key_der),
            _ => {
                let rsa = || RsaKeyPair::from_pkcs8(bytes).ok().map(|key| (Self::Rsa(key), Algorithm::Rs256));
                let edwards = || {
                    let key = Ed25519KeyPair::from_pkcs8_maybe_unchecked(bytes).ok()?;
                    Some((Self::Ed25519(key), Algorithm::EdDsa))
                };
                rsa().or_else(|| on_curve(EcdsaKeyPair::from_pkcs8)).or_else(edwards)
            }
        }
    }
}

fn rsa(algorithm: Algorithm) -> Option<&'static dyn RsaEncoding> {
    Some(match algorithm {
        Algorithm::Rs256 => &signature::RSA_PKCS1_SHA256,
        Algorithm::Rs384 => &signature::RSA_PKCS1_SHA384,
        Algorithm::Rs512 => &signature::RSA_PKCS1_SHA512,
        Algorithm::Ps256 => &signature::RSA_PSS_SHA256,
        Algorithm::Ps384 => &signature::RSA_PSS_SHA384,
        Algorithm::Ps512 => &signature::RSA_PSS_SHA512,
        _ => return None,
    })
}
