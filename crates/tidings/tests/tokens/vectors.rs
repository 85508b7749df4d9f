//! The examples of RFC 7515, which somebody else signed; and that nothing of a token can be changed.

use serde_json::json;
use tidings::auth::{Algorithm, IssuerOptions, KeySource, Refusal};

use crate::issuer::KeyServer;
use crate::keys::{self, base64_bytes, signer};
use crate::{NOW, at, claims, issuer, jwks, text, verifier};

/// Appendix A's claims, the same in each of its examples.
const CLAIMS: &str =
    "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";
const EXP: u64 = 1_300_819_380;

fn joe(key: KeySource) -> IssuerOptions {
    IssuerOptions { issuer: Some("joe".to_owned()), audience: Vec::new(), ..issuer(key, &[]) }
}

#[tokio::test]
async fn the_examples_of_the_standard_are_taken_until_they_end() {
    // A.1: HS256. A.2: RS256. A.3: ES256.
    let secret = "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow";
    let rsa = json!({ "kty": "RSA", "e": "AQAB", "n": concat!(
        "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-",
        "pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2Ca",
        "pHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb5",
        "4h4FRWyuXpoQ") });
    let p256 = json!({ "kty": "EC", "crv": "P-256", "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
        "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0" });
    let rs256 = concat!(
        "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr",
        "7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--x",
        "i12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_Ioy",
        "pGlUPQGe77Rw"
    );
    let es256 = "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";
    let server = KeyServer::start(&[rsa, p256]).await;
    for (header, signature, key) in [
        (
            "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9",
            "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk",
            text(base64_bytes(secret)),
        ),
        ("eyJhbGciOiJSUzI1NiJ9", rs256, jwks(&server)),
        ("eyJhbGciOiJFUzI1NiJ9", es256, jwks(&server)),
    ] {
        let verifier = verifier(vec![joe(key)]);
        let token = format!("{header}.{CLAIMS}.{signature}");
        let verdict = verifier.verify(&token, at(EXP - 1)).await;
        assert!(verdict.is_ok(), "{header}: {verdict:?}");
        assert_eq!(verifier.verify(&token, at(EXP + 5)).await.err(), Some(Refusal::Expired), "{header}");
    }
}

#[tokio::test]
async fn no_letter_of_a_token_can_be_changed_taken_or_added() {
    for (algorithm, pair) in
        [(Algorithm::Rs256, &keys::RSA), (Algorithm::Es256, &keys::P256), (Algorithm::EdDsa, &keys::ED25519)]
    {
        let verifier = verifier(vec![issuer(text(pair.public_key_pem()), &[algorithm])]);
        let token = signer(pair, algorithm).sign(&claims());
        assert!(verifier.verify(&token, at(NOW)).await.is_ok());
        for place in 0..token.len() {
            let (before, rest) = token.split_at(place);
            let (letter, after) = rest.split_at(1);
            let others = ["A", "Q", "g", "_", "-", ".", "=", " ", "\n", "é"]
                .into_iter()
                .filter(|other| *other != letter);
            for other in others.chain([""]) {
                let changed = format!("{before}{other}{after}");
                assert!(verifier.verify(&changed, at(NOW)).await.is_err(), "{algorithm} {place} {other:?}");
            }
            let longer = format!("{before}A{rest}");
            assert!(verifier.verify(&longer, at(NOW)).await.is_err(), "{algorithm} {place}");
        }
    }
}
