//! The tokens that must not be taken, each with what is wrong with it.

use serde_json::{Value, json};
use tidings::auth::{Algorithm, SigningKey};

use crate::keys::{self, base64, jwk, signer};
use crate::{claims, claims_with, claims_without};

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

    fn headers(&mut self) {
        let claims = self.timed(&claims());
        for (what, header) in [
            ("an array", r#"["RS256"]"#),
            ("text", r#""RS256""#),
            ("nothing", ""),
            ("no JSON", "{alg:RS256}"),
            ("a mark before it", "\u{feff}{\"alg\":\"RS256\",\"kid\":\"k-rsa\"}"),
            ("more after it", r#"{"alg":"RS256","kid":"k-rsa"}{}"#),
            ("alg twice", r#"{"alg":"none","alg":"RS256","kid":"k-rsa"}"#),
            ("alg twice, spelt otherwise", r#"{"alg":"RS256","\u0061lg":"RS256","kid":"k-rsa"}"#),
            ("kid twice", r#"{"alg":"RS256","kid":"x","kid":"k-rsa"}"#),
            ("something unknown twice", r#"{"alg":"RS256","kid":"k-rsa","x":{"y":1,"y":2}}"#),
        ] {
            self.signed_text(format!("a header of {what}"), header, &claims);
        }
        let deep = format!(r#"{{"alg":"RS256","kid":"k-rsa","x":{}{}}}"#, "[".repeat(3000), "]".repeat(3000));
        self.signed_text("a header without a bottom", &deep, &claims);
        for (name, value) in [
            ("crit", json!(["exp"])),
            ("crit", json!(["b64"])),
            ("crit", json!([])),
            ("crit", json!(null)),
            ("b64", json!(false)),
            ("b64", json!(true)),
            ("cty", json!("JWT")),
            ("enc", json!("A256GCM")),
            ("zip", json!("DEF")),
            ("typ", json!("logout+jwt")),
            ("typ", json!("dpop+jwt")),
            ("typ", json!("secevent+jwt")),
            ("typ", json!(1)),
            ("typ", json!("")),
        ] {
            self.signed(format!("{name} {value}"), &header_with(name, value), &crate::claims());
        }
        self.add(
            "a token in a token",
            rs256().sign_parts(header().to_string().as_bytes(), self.good().as_bytes()),
        );
    }

    fn names_of_keys(&mut self) {
        for kid in [
            json!(null),
            json!(7),
            json!(["k-rsa"]),
            json!({ "kid": "k-rsa" }),
            json!(""),
            json!("k".repeat(256)),
            json!("k-rsa\0"),
            json!("k-rsa\n"),
            json!("../../../../dev/null"),
            json!("' OR 1=1 --"),
            json!("K-RSA"),
            json!("k-rsa "),
            json!("k-p256"),
            json!("http://127.0.0.1/keys"),
        ] {
            let shown: String = kid.to_string().chars().take(40).collect();
            self.signed(format!("kid {shown}"), &header_with("kid", kid), &crate::claims());
        }
    }

    /// A stranger's key, and in the header where to find it.
    fn keys_brought_along(&mut self, trap: &str) {
        let stranger = signer(&keys::OTHER_RSA, Algorithm::Rs256);
        let own = jwk(&keys::OTHER_RSA, "k-rsa");
        let claims = self.timed(&claims());
        for (name, value) in [
            ("jwk", own.clone()),
            ("jku", json!(trap)),
            ("x5u", json!(trap)),
            ("x5c", json!([base64(keys::OTHER_RSA.public_key_raw())])),
        ] {
            for kid in ["k-rsa", "k-stranger"] {
                let mut header = header_with(name, value.clone());
                header["kid"] = json!(kid);
                let token = stranger.sign_parts(header.to_string().as_bytes(), claims.as_bytes());
                self.add(format!("{name} of a stranger, as {kid}"), token);
            }
        }
    }

    fn issuers(&mut self, other: &str) {
        self.signed("another issuer's name", &header(), &claims_with("iss", json!(other)));
        self.signed("no iss", &header(), &claims_without("iss"));
        for iss in [
            json!("https://nobody.example"),
            json!(format!("{}/", crate::ISSUER)),
            json!(crate::ISSUER.to_uppercase()),
            json!(""),
            json!(null),
            json!(1),
            json!([crate::ISSUER]),
        ] {
            self.signed(format!("iss {iss}"), &header(), &claims_with("iss", iss));
        }
        let mut claims = claims();
        claims["iss"] = json!(crate::ISSUER);
        let token = signer(&keys::OTHER_RSA, Algorithm::Rs256);
        let text = self.timed(&claims);
        self.add(
            "the other issuer's key of the same name",
            token.sign_parts(header().to_string().as_bytes(), text.as_bytes()),
        );
    }

    fn times(&mut self) {
        let later = self.now + 600;
        self.signed("no exp", &header(), &claims_without("exp"));
        for exp in [
            format!("\"{later}\""),
            format!("{later}.5"),
            format!("{later}.0"),
            format!("{}e0", later),
            "1e12".to_owned(),
            format!("-{later}"),
            "-1".to_owned(),
            "0".to_owned(),
            "-0".to_owned(),
            "9223372036854775807".to_owned(),
            "9223372036854775808".to_owned(),
            "18446744073709551615".to_owned(),
            "18446744073709551616".to_owned(),
            "1e400".to_owned(),
            format!("{}", later * 1000),
            "253402300800".to_owned(),
            "null".to_owned(),
            "true".to_owned(),
            "[]".to_owned(),
            format!("[{later}]"),
            "{}".to_owned(),
            "NaN".to_owned(),
            format!("+{later}"),
            format!("0{later}"),
            "1".to_owned(),
            (self.now - 6).to_string(),
            format!("{},\"exp\":{later}", self.now - 600),
            format!("{later},\"\\u0065xp\":{}", later + 1),
        ] {
            self.claim_text("exp", &exp);
        }
        for nbf in [
            (self.now + 300).to_string(),
            "\"1\"".to_owned(),
            "1.5".to_owned(),
            "-1".to_owned(),
            "null".to_owned(),
            "9223372036854775808".to_owned(),
        ] {
            let rest = format!("{later},\"nbf\":{nbf}");
            self.claim_text("exp", &rest);
        }
    }

    /// The claims, with this text where a claim has its value.
    fn claim_text(&mut self, name: &str, value: &str) {
        let claims = claims_with(name, json!("HERE")).to_string().replace("\"HERE\"", value);
        self.signed_text(format!("{name} {value}"), &header().to_string(), &claims);
    }

    fn audiences(&mut self) {
        self.signed("no aud", &header(), &claims_without("aud"));
        for aud in [
            json!("other"),
            json!("HUB"),
            json!(""),
            json!([]),
            json!(["other"]),
            json!(["hub", 1]),
            json!(1),
            json!(null),
            json!({ "hub": true }),
            json!([["hub"]]),
        ] {
            self.signed(format!("aud {aud}"), &header(), &claims_with("aud", aud));
        }
    }

    fn rights(&mut self) {
        for sub in [json!(7), json!(""), json!("a\nb"), json!("a\0"), json!("x".repeat(256)), json!(["ada"])]
        {
            let shown: String = sub.to_string().chars().take(40).collect();
            self.signed(format!("sub {shown}"), &header(), &claims_with("sub", sub));
        }
        let many: Vec<String> = (0..1_001).map(|n| format!("c{n}")).collect();
        for rights in [
            json!([]),
            json!("admin"),
            json!(null),
            json!({ "subscribe": "news" }),
            json!({ "subscribe": [1] }),
            json!({ "subscribe": ["a,b"] }),
            json!({ "subscribe": [""] }),
            json!({ "publish": ["a\nb"] }),
            json!({ "publish": many }),
            json!({ "admin": "true" }),
            json!({ "admin": 1 }),
            json!({ "admin": null }),
            json!({ "limit": -1 }),
            json!({ "limit": "8" }),
            json!({ "limit": 4_294_967_296_u64 }),
            json!({ "type": "a\nb" }),
            json!({ "type": 1 }),
        ] {
            let shown: String = rights.to_string().chars().take(40).collect();
            self.signed(format!("tidings {shown}"), &header(), &claims_with("tidings", rights));
        }
        self.claim_text("tidings", r#"{"admin":false,"admin":true}"#);
        self.signed_text("claims that are an array", &header().to_string(), "[]");
        self.signed_text("claims that are text", &header().to_string(), "\"ada\"");
        self.signed_text("claims that are nothing", &header().to_string(), "");
    }
}
