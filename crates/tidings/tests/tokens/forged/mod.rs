//! The tokens that must not be taken, each with what is wrong with it: here what is wrong with how they are made.

mod said;

use serde_json::{Value, json};
use tidings::auth::{Algorithm, SigningKey};

use crate::keys::{self, base64, jwk, signer};
use crate::{claims, claims_with};

pub(crate) struct Forged {
    pub(crate) what: String,
    pub(crate) token: String,
}

/// Under `k-rsa`, `k-p256` and `k-ed` the issuer publishes keys for RS256, ES256 and EdDSA. `other` is the name of
/// another issuer that is trusted too, whose key has the name `k-rsa`; `now` is in seconds.
pub(crate) fn all(other: &str, trap: &str, now: u64) -> Vec<Forged> {
    let mut forger = Forger { now, found: Vec::new() };
    forger.algorithms();
    forger.families();
    forger.signatures();
    forger.shapes();
    forger.headers();
    forger.names_of_keys();
    forger.keys_brought_along(trap);
    forger.issuers(other);
    forger.times();
    forger.audiences();
    forger.rights();
    forger.found
}

struct Forger {
    now: u64,
    found: Vec<Forged>,
}

fn rs256() -> SigningKey {
    signer(&keys::RSA, Algorithm::Rs256)
}

fn header() -> Value {
    json!({ "alg": "RS256", "typ": "JWT", "kid": "k-rsa" })
}

fn header_with(name: &str, value: Value) -> Value {
    let mut header = header();
    header[name] = value;
    header
}

impl Forger {
    fn add(&mut self, what: impl Into<String>, token: impl Into<String>) {
        self.found.push(Forged { what: what.into(), token: token.into() });
    }

    /// The issuer's own key signed it: all that is wrong is what it says.
    fn signed(&mut self, what: impl Into<String>, header: &Value, claims: &Value) {
        let token = rs256().sign_parts(header.to_string().as_bytes(), self.timed(claims).as_bytes());
        self.add(what, token);
    }

    fn signed_text(&mut self, what: impl Into<String>, header: &str, claims: &str) {
        self.add(what, rs256().sign_parts(header.as_bytes(), claims.as_bytes()));
    }

    /// The claims as text, which end at a time of now.
    fn timed(&self, claims: &Value) -> String {
        let mut claims = claims.clone();
        if claims["exp"] == crate::NOW + 600 {
            claims["exp"] = json!(self.now + 600);
        }
        claims.to_string()
    }

    fn good(&self) -> String {
        rs256().sign_parts(header().to_string().as_bytes(), self.timed(&claims()).as_bytes())
    }

    fn by(&mut self, what: impl Into<String>, key: SigningKey, kid: &str) {
        let claims = self.timed(&claims());
        let claims = serde_json::from_str(&claims).expect("JSON");
        self.add(what, key.named(kid).sign(&claims));
    }

    fn algorithms(&mut self) {
        let claims = self.timed(&claims());
        for none in ["none", "None", "NONE", "nOnE", ""] {
            let signed =
                format!("{}.{}", base64(header_with("alg", json!(none)).to_string()), base64(&claims));
            self.add(format!("alg {none:?}, no signature"), format!("{signed}."));
            self.add(format!("alg {none:?}, some signature"), format!("{signed}.AAAA"));
        }
        for alg in [
            json!("rs256"),
            json!("RS256 "),
            json!("RS1"),
            json!("ES256K"),
            json!("HS1"),
            json!("dir"),
            json!(null),
            json!(256),
            json!(["RS256"]),
            json!({ "name": "RS256" }),
            json!(true),
        ] {
            self.signed(format!("alg {alg}"), &header_with("alg", alg), &crate::claims());
        }
        self.signed("no alg", &json!({ "typ": "JWT", "kid": "k-rsa" }), &crate::claims());
    }

    fn families(&mut self) {
        let pem = keys::RSA.public_key_pem();
        let n = jwk(&keys::RSA, "")["n"].as_str().expect("text").to_owned();
        for (what, secret) in [
            ("the public key as PEM", pem.clone().into_bytes()),
            ("the public key as PEM, trimmed", pem.trim().as_bytes().to_vec()),
            ("the public key as DER", keys::RSA.public_key_raw().to_vec()),
            ("the modulus as text", n.into_bytes()),
            ("the key's name", b"k-rsa".to_vec()),
            ("nothing", Vec::new()),
        ] {
            for algorithm in [Algorithm::Hs256, Algorithm::Hs384, Algorithm::Hs512] {
                let key = SigningKey::secret(&secret, Some(algorithm)).expect("any bytes");
                self.by(format!("{algorithm} with {what} as the secret"), key, "k-rsa");
            }
        }
        for algorithm in
            [Algorithm::Rs384, Algorithm::Rs512, Algorithm::Ps256, Algorithm::Ps384, Algorithm::Ps512]
        {
            self.by(format!("the right key by {algorithm}"), signer(&keys::RSA, algorithm), "k-rsa");
        }
        self.by("ES256 under the name of an RSA key", signer(&keys::P256, Algorithm::Es256), "k-rsa");
        self.by("RS256 under the name of a P-256 key", rs256(), "k-p256");
        self.by("RS256 under the name of an Ed25519 key", rs256(), "k-ed");
        self.by("ES384 under the name of a P-256 key", signer(&keys::P384, Algorithm::Es384), "k-p256");
        let p384 = signer(&keys::P384, Algorithm::Es384);
        let claims = self.timed(&claims());
        let swapped = p384.sign_parts(br#"{"alg":"ES256","kid":"k-p256"}"#, claims.as_bytes());
        self.add("ES256 by a P-384 key", swapped);
    }

    fn signatures(&mut self) {
        let good = self.good();
        let (signed, signature) = good.rsplit_once('.').expect("three parts");
        let another = rs256().sign_parts(header().to_string().as_bytes(), b"{}");
        let (_, anothers) = another.rsplit_once('.').expect("three parts");
        self.add("no signature", format!("{signed}."));
        self.add("no third part", signed);
        self.add("the signature of another token", format!("{signed}.{anothers}"));
        self.add("a signature cut short", format!("{signed}.{}", &signature[..signature.len() - 2]));
        self.add("a signature and one byte more", format!("{signed}.{signature}AA"));
        let flipped = if signature.starts_with('A') { "B" } else { "A" };
        self.add("a signature with a bit turned", format!("{signed}.{flipped}{}", &signature[1..]));
        self.add("a signature of zeroes", format!("{signed}.{}", base64([0; 256])));
        let parts: Vec<&str> = good.split('.').collect();
        let claims = base64(self.timed(&claims_with("sub", json!("root"))));
        self.add("claims changed after", format!("{}.{claims}.{}", parts[0], parts[2]));
        let header = base64(header_with("x", json!(1)).to_string());
        self.add("a header changed after", format!("{header}.{}.{}", parts[1], parts[2]));
        let zeroes = |alg: &str, kid: &str, bytes: &[u8]| {
            let header = base64(json!({ "alg": alg, "kid": kid }).to_string());
            format!("{header}.{}.{}", parts[1], base64(bytes))
        };
        self.add("ES256 of zeroes", zeroes("ES256", "k-p256", &[0; 64]));
        self.add("ES256 of ones", zeroes("ES256", "k-p256", &[0xff; 64]));
        self.add("ES256 as DER", zeroes("ES256", "k-p256", &[0x30, 6, 2, 1, 0, 2, 1, 0]));
        self.add("ES256 without a byte", zeroes("ES256", "k-p256", &[]));
        self.add("EdDSA of zeroes", zeroes("EdDSA", "k-ed", &[0; 64]));
        self.by("RS256 by a stranger", signer(&keys::OTHER_RSA, Algorithm::Rs256), "k-rsa");
        self.by("ES256 by a stranger", signer(&keys::OTHER_P256, Algorithm::Es256), "k-p256");
        self.by("EdDSA by a stranger", signer(&keys::OTHER_ED25519, Algorithm::EdDsa), "k-ed");
    }

    fn shapes(&mut self) {
        let good = self.good();
        let parts: Vec<&str> =
            good.split('.').map(|part| &*Box::leak(part.to_owned().into_boxed_str())).collect();
        for (what, token) in [
            ("one word", "token".to_owned()),
            ("dots alone", "..".to_owned()),
            ("three letters", "a.b.c".to_owned()),
            ("a part before", format!("AAAA.{good}")),
            ("a part after", format!("{good}.AAAA")),
            ("an encrypted token's five parts", format!("{good}.AAAA.AAAA")),
            ("padding", format!("{good}==")),
            ("padding in the claims", format!("{}.{}=.{}", parts[0], parts[1], parts[2])),
            ("the other alphabet", format!("{}.{}.{}", parts[0], parts[1], "+/".repeat(171))),
            ("a space within", format!("{}. {}.{}", parts[0], parts[1], parts[2])),
            ("a letter that is none", format!("{}.{}é.{}", parts[0], parts[1], parts[2])),
            (
                "as JSON",
                json!({ "protected": parts[0], "payload": parts[1], "signature": parts[2] }).to_string(),
            ),
            ("1 MB of a signature", format!("{}.{}.{}", parts[0], parts[1], "A".repeat(1_000_000))),
            ("1 MB of letters", "A".repeat(1_000_000)),
            ("1 MB of dots", ".".repeat(1_000_000)),
        ] {
            self.add(what, token);
        }
        // The last letter of 256 bytes has four bits over, which a lenient reader would not look at.
        let (head, last) = good.split_at(good.len() - 1);
        let after = char::from(last.as_bytes()[0] + 1);
        self.add("bits beyond the last byte", format!("{head}{after}"));
        let long = claims_with("padding", json!("x".repeat(16 * 1024)));
        self.signed("too long, and sound otherwise", &header(), &long);
    }
}
