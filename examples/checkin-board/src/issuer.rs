//! Tokens: signed with a key of this application's own (ES256), whose public half anybody may fetch. A hub checks them,
//! and can make none.

use std::fs;
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tidings::auth::{IssuerOptions, KeySource, SigningKey, TokenOptions};

use crate::clock;
use crate::event::{EVERY_GROUP, GroupId, channel};
use crate::secret;

/// `iss`.
const ISSUER: &str = "checkin-board";
/// `aud`: a token for the hub is good nowhere else.
const AUDIENCE: &str = "checkin-board-hub";
const KEY_FILE: &str = "signing-key.pem";
/// Whom the service's own token names.
const SERVICE: &str = "checkin-board";
/// A token of the service's own, which publishes and changes rights.
const SERVICE_SECONDS: u64 = 5 * 60;

pub(crate) struct Issuer {
    key: SigningKey,
    public_pem: String,
    jwks: Value,
}

/// What a board's token says.
pub(crate) struct TokenGrant {
    /// `jti`, by which a hub is told that it is over.
    pub(crate) id: String,
    pub(crate) user: i64,
    pub(crate) groups: Vec<GroupId>,
    /// In seconds since 1970.
    pub(crate) ends_at: u64,
}

/// A token, and when it ends, in seconds since 1970.
pub(crate) struct Token {
    pub(crate) text: String,
    pub(crate) ends_at: u64,
}

impl Issuer {
    /// Takes the key from the directory, or makes one there.
    pub(crate) fn open(data_dir: &Path) -> io::Result<Self> {
        let path = data_dir.join(KEY_FILE);
        if !path.exists() {
            write_key(&path)?;
        }
        let pem = fs::read_to_string(&path)?;
        let wrong = |what: &str| {
            io::Error::other(format!("{}: {what}: remove it, and another is made", path.display()))
        };
        let der = unarmoured(&pem).ok_or_else(|| wrong("no PEM"))?;
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &der);
        let pair = pair.map_err(|_| wrong("no private key of the curve P-256"))?;
        let spki = pair.public_key().as_der().map_err(|_| wrong("no public key"))?;
        // Uncompressed: a byte, then both halves (SEC 1 §2.3.3).
        let (x, y) = pair.public_key().as_ref()[1..].split_at(32);
        let (x, y) = (URL_SAFE_NO_PAD.encode(x), URL_SAFE_NO_PAD.encode(y));
        let kid = thumbprint(&x, &y);
        let key = SigningKey::pem(pem.as_bytes(), None).map_err(io::Error::other)?.named(kid.as_str());
        let jwk =
            json!({ "kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "kid": kid, "x": x, "y": y });
        Ok(Self { key, public_pem: armoured("PUBLIC KEY", spki.as_ref()), jwks: json!({ "keys": [jwk] }) })
    }

    /// What a hub beside this process fetches.
    pub(crate) fn jwks(&self) -> &Value {
        &self.jwks
    }

    /// The same, for a hub inside it.
    pub(crate) fn verified_by(&self, leeway_ms: u64) -> TokenOptions {
        let own = IssuerOptions {
            issuer: Some(ISSUER.to_owned()),
            algorithms: Vec::new(),
            key: KeySource::Text(self.public_pem.clone().into_bytes()),
            audience: vec![AUDIENCE.to_owned()],
        };
        TokenOptions { leeway_ms, ..TokenOptions::new(vec![own]) }
    }

    /// To read these groups' channels, and to do nothing else.
    pub(crate) fn for_board(&self, TokenGrant { id, user, groups, ends_at }: &TokenGrant) -> Token {
        let channels: Vec<_> = groups.iter().map(|group| channel(*group).to_string()).collect();
        let grants = json!({ "subscribe": channels, "type": "board" });
        self.mint(id, &user.to_string(), &grants, *ends_at)
    }

    /// To publish to all groups, and to change users' rights.
    pub(crate) fn for_service(&self, now_ms: u64) -> Token {
        let claims = json!({ "publish": [EVERY_GROUP], "admin": true, "type": "service" });
        self.mint(&secret::make(), SERVICE, &claims, now_ms / 1_000 + SERVICE_SECONDS)
    }

    fn mint(&self, id: &str, user: &str, grants: &Value, ends_at: u64) -> Token {
        let claims = json!({
            "iss": ISSUER, "aud": AUDIENCE, "sub": user, "iat": clock::now_ms() / 1_000, "exp": ends_at, "jti": id, "tidings": grants,
        });
        Token { text: self.key.sign(&claims), ends_at }
    }
}

fn write_key(path: &Path) -> io::Result<()> {
    let random = aws_lc_rs::rand::SystemRandom::new();
    let pkcs8 =
        EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).map_err(io::Error::other)?;
    let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    io::Write::write_all(&mut file, armoured("PRIVATE KEY", pkcs8.as_ref()).as_bytes())
}

/// RFC 7638: the key's name is what it is.
fn thumbprint(x: &str, y: &str) -> String {
    let members = format!(r#"{{"crv":"P-256","kty":"EC","x":"{x}","y":"{y}"}}"#);
    URL_SAFE_NO_PAD.encode(Sha256::digest(members.as_bytes()))
}

/// PEM (RFC 7468).
fn armoured(label: &str, der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    let lines: Vec<_> = text.as_bytes().chunks(64).map(|line| String::from_utf8_lossy(line)).collect();
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
}

fn unarmoured(pem: &str) -> Option<Vec<u8>> {
    STANDARD.decode(pem.lines().filter(|line| !line.starts_with("-----")).collect::<String>()).ok()
}
