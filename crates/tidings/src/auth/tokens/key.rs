//! One key that tokens are checked with, and what it is good for. A key knows its algorithms, not the token: a public
//! key is never taken for the secret of an HMAC.

use aws_lc_rs::hmac;
use aws_lc_rs::rsa::PublicKey as RsaPublicKey;
use aws_lc_rs::signature::{
    self, ParsedPublicKey, RsaParameters, RsaPublicKeyComponents, VerificationAlgorithm,
};
use rustls::pki_types::SubjectPublicKeyInfoDer;
use rustls::pki_types::pem::PemObject;

use super::algorithm::Algorithm;

/// A smaller one can be taken apart (RFC 7518 §3.3).
const RSA_BITS_MIN: usize = 2048;
/// What a file starts with somewhere, if it is PEM.
const PEM_MARK: &[u8] = b"-----BEGIN ";

/// How keys begin that are neither PEM nor a secret: JWK, OpenSSH (RFC 4253 §6.6), DER of over 127 bytes.
const OTHER_KEYS: [&[u8]; 6] = [b"{", b"ssh-", b"ecdsa-", b"sk-ssh-", b"\x30\x81", b"\x30\x82"];

/// A key, ready for each algorithm that it is good for and allowed to check.
#[derive(Debug)]
pub(super) struct Key(Vec<(Algorithm, Material)>);

enum Material {
    Secret(Box<hmac::Key>),
    Public(ParsedPublicKey),
}

impl std::fmt::Debug for Material {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Secret(_) => "***",
            Self::Public(_) => "a public key",
        })
    }
}

/// Why a key is none that can be used. Tells what to do, and not a byte of the key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// Easily guessed.
    #[error(
        "is {bytes} bytes long, and {algorithm} needs at least {bytes_min}: make one with `openssl rand -hex {bytes_min}`"
    )]
    ShortSecret {
        /// Its length.
        bytes: usize,
        /// For this algorithm.
        algorithm: Algorithm,
        /// The least length.
        bytes_min: usize,
    },
    /// An algorithm that this kind of key can't be used with.
    #[error(
        "is {kind}, which can't check {algorithm}: take that out of the algorithms, or give the key for it"
    )]
    Algorithm {
        /// What the key is.
        kind: &'static str,
        /// What it was to check.
        algorithm: Algorithm,
    },
    /// A private key where the public one belongs.
    #[error(
        "is a private key, which a hub has no need of: give it the public one, as `openssl pkey -in KEY -pubout` writes it"
    )]
    Private,
    /// A key in a form that is not read.
    #[error(
        "is a key as JWK, OpenSSH or DER, which are not read here: give it as PEM, as `openssl pkey -in KEY -pubout` writes it, or the issuer's `auth.jwks_url`"
    )]
    OtherForm,
    /// PEM with no key that is known.
    #[error(
        "is PEM without a public key for RSA (2048 bits or more), P-256, P-384 or Ed25519: `openssl pkey -in KEY -pubout` writes one"
    )]
    NoKey,
}

impl Key {
    /// The key of a file or a setting: PEM, or else the secret of an HMAC. Without algorithms it is good for the usual
    /// one of its kind.
    pub(super) fn parse(text: &[u8], algorithms: &[Algorithm]) -> Result<Vec<Self>, KeyError> {
        if !text.windows(PEM_MARK.len()).any(|window| window == PEM_MARK) {
            return Self::secret(text, algorithms).map(|key| vec![key]);
        }
        if text.windows(b"PRIVATE KEY-----".len()).any(|window| window == b"PRIVATE KEY-----") {
            return Err(KeyError::Private);
        }
        let blocks: Result<Vec<_>, _> = SubjectPublicKeyInfoDer::pem_slice_iter(text).collect();
        let blocks = blocks.ok().filter(|blocks| !blocks.is_empty()).ok_or(KeyError::NoKey)?;
        blocks.iter().map(|block| Self::public(block, algorithms)).collect()
    }

    fn secret(secret: &[u8], algorithms: &[Algorithm]) -> Result<Self, KeyError> {
        // Whoever knows a public key that is taken for a secret can forge tokens by it.
        if OTHER_KEYS.iter().any(|form| secret.trim_ascii_start().starts_with(form)) {
            return Err(KeyError::OtherForm);
        }
        let algorithms = if algorithms.is_empty() { &[Algorithm::Hs256] } else { algorithms };
        let one = |algorithm: &Algorithm| {
            let bytes_min = algorithm
                .secret_bytes_min()
                .ok_or(KeyError::Algorithm { kind: "a secret", algorithm: *algorithm })?;
            if secret.len() < bytes_min {
                return Err(KeyError::ShortSecret { bytes: secret.len(), algorithm: *algorithm, bytes_min });
            }
            Ok((*algorithm, Material::Secret(Box::new(hmac::Key::new(hash(*algorithm), secret)))))
        };
        algorithms.iter().map(one).collect::<Result<_, _>>().map(Self)
    }

    /// A public key as X.509 writes it (RFC 5280 §4.1).
    fn public(spki: &[u8], algorithms: &[Algorithm]) -> Result<Self, KeyError> {
        let kind = Kind::of(spki).ok_or(KeyError::NoKey)?;
        let usual = [kind.usual()];
        let algorithms = if algorithms.is_empty() { &usual[..] } else { algorithms };
        let one = |algorithm: &Algorithm| {
            let parsed = kind.takes(*algorithm).then(|| verifier(*algorithm)).flatten();
            let parsed = parsed.and_then(|verifier| ParsedPublicKey::new(verifier, spki).ok());
            let parsed = parsed.ok_or(KeyError::Algorithm { kind: kind.name(), algorithm: *algorithm })?;
            Ok((*algorithm, Material::Public(parsed)))
        };
        algorithms.iter().map(one).collect::<Result<_, _>>().map(Self)
    }

    /// The public key of these numbers, for those of the algorithms that it is good for; without any, for the usual.
    pub(super) fn from_parts(parts: &Parts, algorithms: &[Algorithm]) -> Option<Self> {
        let kind = parts.kind()?;
        let usual = [kind.usual()];
        let algorithms = if algorithms.is_empty() { &usual[..] } else { algorithms };
        let fit = algorithms.iter().filter(|algorithm| kind.takes(**algorithm));
        let keys: Option<Vec<_>> =
            fit.map(|algorithm| Some((*algorithm, Material::Public(parts.parsed(*algorithm)?)))).collect();
        keys.filter(|keys| !keys.is_empty()).map(Self)
    }

    pub(super) fn algorithms(&self) -> impl Iterator<Item = Algorithm> {
        self.0.iter().map(|(algorithm, _)| *algorithm)
    }

    /// Whether the signature is this key's under this algorithm.
    pub(super) fn signed(&self, algorithm: Algorithm, message: &[u8], signature: &[u8]) -> bool {
        let mut fit = self.0.iter().filter(|(own, _)| *own == algorithm);
        fit.any(|(_, material)| match material {
            Material::Secret(key) => hmac::verify(key, message, signature).is_ok(),
            Material::Public(key) => key.verify_sig(message, signature).is_ok(),
        })
    }
}

/// The numbers of a public key, as a key set has them (RFC 7518 §6, RFC 8037 §2), in bytes.
#[derive(Debug)]
pub(super) enum Parts {
    Rsa { n: Vec<u8>, e: Vec<u8> },
    P256 { x: Vec<u8>, y: Vec<u8> },
    P384 { x: Vec<u8>, y: Vec<u8> },
    Ed25519 { x: Vec<u8> },
}

impl Parts {
    fn kind(&self) -> Option<Kind> {
        match self {
            Self::Rsa { n, .. } => {
                let leading = n.first()?.leading_zeros() as usize;
                (n.len() * 8 - leading >= RSA_BITS_MIN).then_some(Kind::Rsa)
            }
            Self::P256 { .. } => Some(Kind::P256),
            Self::P384 { .. } => Some(Kind::P384),
            Self::Ed25519 { .. } => Some(Kind::Ed25519),
        }
    }

    fn parsed(&self, algorithm: Algorithm) -> Option<ParsedPublicKey> {
        let point = |x: &[u8], y: &[u8], bytes: usize| {
            // Uncompressed (SEC 1 §2.3.3), each half of its full length (RFC 7518 §6.2.1.2).
            (x.len() == bytes && y.len() == bytes).then(|| [&[4], x, y].concat())
        };
        match self {
            Self::Rsa { n, e } => RsaPublicKeyComponents { n, e }.to_parsed_public_key(rsa(algorithm)?).ok(),
            Self::P256 { x, y } => ParsedPublicKey::new(verifier(algorithm)?, point(x, y, 32)?).ok(),
            Self::P384 { x, y } => ParsedPublicKey::new(verifier(algorithm)?, point(x, y, 48)?).ok(),
            Self::Ed25519 { x } if x.len() == 32 => ParsedPublicKey::new(verifier(algorithm)?, x).ok(),
            Self::Ed25519 { .. } => None,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Rsa,
    P256,
    P384,
    Ed25519,
}

impl Kind {
    fn of(spki: &[u8]) -> Option<Self> {
        if let Ok(key) = RsaPublicKey::from_der(spki) {
            return (key.modulus_len() * 8 >= RSA_BITS_MIN).then_some(Self::Rsa);
        }
        [Self::P256, Self::P384, Self::Ed25519].into_iter().find(|kind| {
            verifier(kind.usual()).is_some_and(|verifier| ParsedPublicKey::new(verifier, spki).is_ok())
        })
    }

    fn name(self) -> &'static str {
        match self {
            Self::Rsa => "an RSA key",
            Self::P256 => "a key of the curve P-256",
            Self::P384 => "a key of the curve P-384",
            Self::Ed25519 => "an Ed25519 key",
        }
    }

    fn usual(self) -> Algorithm {
        match self {
            Self::Rsa => Algorithm::Rs256,
            Self::P256 => Algorithm::Es256,
            Self::P384 => Algorithm::Es384,
            Self::Ed25519 => Algorithm::EdDsa,
        }
    }

    fn takes(self, algorithm: Algorithm) -> bool {
        match self {
            Self::Rsa => rsa(algorithm).is_some(),
            other => algorithm == other.usual(),
        }
    }
}

/// The hash of an HMAC. Of another algorithm it is never asked.
fn hash(algorithm: Algorithm) -> hmac::Algorithm {
    match algorithm {
        Algorithm::Hs512 => hmac::HMAC_SHA512,
        Algorithm::Hs384 => hmac::HMAC_SHA384,
        _ => hmac::HMAC_SHA256,
    }
}

fn rsa(algorithm: Algorithm) -> Option<&'static RsaParameters> {
    Some(match algorithm {
        Algorithm::Rs256 => &signature::RSA_PKCS1_2048_8192_SHA256,
        Algorithm::Rs384 => &signature::RSA_PKCS1_2048_8192_SHA384,
        Algorithm::Rs512 => &signature::RSA_PKCS1_2048_8192_SHA512,
        Algorithm::Ps256 => &signature::RSA_PSS_2048_8192_SHA256,
        Algorithm::Ps384 => &signature::RSA_PSS_2048_8192_SHA384,
        Algorithm::Ps512 => &signature::RSA_PSS_2048_8192_SHA512,
        _ => return None,
    })
}

fn verifier(algorithm: Algorithm) -> Option<&'static dyn VerificationAlgorithm> {
    Some(match algorithm {
        Algorithm::Es256 => &signature::ECDSA_P256_SHA256_FIXED,
        Algorithm::Es384 => &signature::ECDSA_P384_SHA384_FIXED,
        Algorithm::EdDsa => &signature::ED25519,
        _ => return rsa(algorithm).map(|rsa| rsa as &dyn VerificationAlgorithm),
    })
}
