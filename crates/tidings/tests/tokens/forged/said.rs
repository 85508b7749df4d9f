//! What is wrong with what they say: all of these are signed, most by the issuer's own key.

use serde_json::json;
use tidings::auth::Algorithm;

use super::{Forger, header, header_with, rs256};
use crate::keys::{self, base64, jwk, signer};
use crate::{claims, claims_with, claims_without};

impl Forger {
    pub(super) fn headers(&mut self) {
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

    pub(super) fn names_of_keys(&mut self) {
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
    pub(super) fn keys_brought_along(&mut self, trap: &str) {
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

    pub(super) fn issuers(&mut self, other: &str) {
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

    pub(super) fn times(&mut self) {
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

    pub(super) fn audiences(&mut self) {
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

    pub(super) fn rights(&mut self) {
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
