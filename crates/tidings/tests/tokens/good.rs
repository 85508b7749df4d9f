//! What is taken, and to what it grants.

use serde_json::json;
use tidings::auth::{
    Algorithm, KeyError, Refusal, SigningKey, SigningKeyError, TokenOptions, TokenOptionsError, TokenVerifier,
};
use tidings::core::grant::{ANONYMOUS, AdminRole};
use tidings::{ChannelName, Selector};

use crate::issuer::KeyServer;
use crate::keys::{self, SECRET, jwk_for, pair_for, signer};
use crate::{AUDIENCE, ISSUER, NOW, at, claims, claims_with, claims_without, issuer, jwks, text, verifier};

fn key_for(algorithm: Algorithm) -> SigningKey {
    if algorithm.is_symmetric() {
        return SigningKey::secret(SECRET, Some(algorithm)).expect("a secret");
    }
    signer(pair_for(algorithm), algorithm)
}

#[tokio::test]
async fn every_algorithm_is_taken_by_key_and_no_other_is() {
    for algorithm in Algorithm::ALL {
        let key = match algorithm.is_symmetric() {
            true => text(SECRET),
            false => text(pair_for(algorithm).public_key_pem()),
        };
        let verifier = verifier(vec![issuer(key, &[algorithm])]);
        for other in Algorithm::ALL {
            let verdict = verifier.verify(&key_for(other).sign(&claims()), at(NOW)).await;
            match other == algorithm {
                true => assert_eq!(&*verdict.expect("good").user, "ada", "{algorithm}"),
                false => assert_eq!(verdict.err(), Some(Refusal::Algorithm(other)), "{algorithm}"),
            }
        }
    }
}

#[tokio::test]
async fn every_algorithm_of_a_public_key_is_taken_by_key_set() {
    for algorithm in Algorithm::ALL.into_iter().filter(|algorithm| !algorithm.is_symmetric()) {
        let server = KeyServer::start(&[jwk_for(pair_for(algorithm), "k", algorithm)]).await;
        for pinned in [&[][..], &[algorithm]] {
            let verifier = verifier(vec![issuer(jwks(&server), pinned)]);
            let verdict = verifier.verify(&key_for(algorithm).named("k").sign(&claims()), at(NOW)).await;
            assert!(verdict.is_ok(), "{algorithm}: {verdict:?}");
        }
    }
}

#[tokio::test]
async fn without_algorithms_the_usual_one_of_the_keys_kind_is_taken_alone() {
    for (key, usual) in [
        (text(SECRET), Algorithm::Hs256),
        (text(keys::RSA.public_key_pem()), Algorithm::Rs256),
        (text(keys::P256.public_key_pem()), Algorithm::Es256),
        (text(keys::P384.public_key_pem()), Algorithm::Es384),
        (text(keys::ED25519.public_key_pem()), Algorithm::EdDsa),
    ] {
        let verifier = verifier(vec![issuer(key, &[])]);
        for algorithm in Algorithm::ALL {
            let verdict = verifier.verify(&key_for(algorithm).sign(&claims()), at(NOW)).await;
            assert_eq!(verdict.is_ok(), algorithm == usual, "{usual} {algorithm}: {verdict:?}");
        }
    }
}

#[tokio::test]
async fn a_file_may_have_several_keys_so_that_one_can_follow_another() {
    let both = format!("{}{}", keys::RSA.public_key_pem(), keys::OTHER_RSA.public_key_pem());
    let verifier = verifier(vec![issuer(text(both), &[])]);
    for pair in [&*keys::RSA, &*keys::OTHER_RSA] {
        let token = signer(pair, Algorithm::Rs256).named("whatever").sign(&claims());
        assert!(verifier.verify(&token, at(NOW)).await.is_ok());
    }
}

#[tokio::test]
async fn a_token_grants_what_it_claims() {
    let verifier = verifier(vec![issuer(text(SECRET), &[])]);
    let key = SigningKey::secret(SECRET, None).expect("a secret");
    let rights = json!({ "subscribe": ["news", "room:*"], "publish": ["jobs"], "admin": true, "type": "display",
        "limit": 3, "info": { "name": "Ada", "n": 1.50 }, "unknown": [1] });
    let grant = verifier.verify(&key.sign(&claims_with("tidings", rights)), at(NOW)).await.expect("good");
    let selector = |name| Selector::parse(name).expect("a name");
    assert_eq!(&*grant.user, "ada");
    assert_eq!(grant.subscribe, [selector("news"), selector("room:*")]);
    assert!(
        grant.may_publish(&ChannelName::parse("jobs").expect("a name")) && grant.admin == AdminRole::Operator
    );
    assert_eq!((grant.kind.as_deref(), grant.connections_max), (Some("display"), Some(3)));
    assert_eq!(grant.info.expect("it has some").get(), r#"{"name":"Ada","n":1.5}"#);
    assert_eq!(grant.expires_at_ms, Some((NOW + 600) * 1000 + 5_000), "the leeway counts");

    let bare = key.sign(&json!({ "iss": ISSUER, "aud": ["x", AUDIENCE], "exp": NOW + 1 }));
    let grant = verifier.verify(&bare, at(NOW)).await.expect("good");
    assert_eq!((&*grant.user, grant.subscribe.len(), grant.publish.len()), (ANONYMOUS, 0, 0));
    assert_eq!(grant.admin, AdminRole::Nobody);
}

#[tokio::test]
async fn the_admin_claim_is_a_role_and_nothing_that_looks_like_one() {
    let verifier = verifier(vec![issuer(text(SECRET), &[])]);
    let key = SigningKey::secret(SECRET, None).expect("a secret");
    for (claim, role) in [
        (json!(true), Some(AdminRole::Operator)),
        (json!("operator"), Some(AdminRole::Operator)),
        (json!("read"), Some(AdminRole::Read)),
        (json!(false), Some(AdminRole::Nobody)),
        (json!("true"), None),
        (json!("Operator"), None),
        (json!(""), None),
        (json!(1), None),
        (json!(null), None),
        (json!(["operator"]), None),
    ] {
        let token = key.sign(&claims_with("tidings", json!({ "admin": claim })));
        let granted = verifier.verify(&token, at(NOW)).await;
        assert_eq!(granted.ok().map(|grant| grant.admin), role, "{claim}");
    }
}

#[tokio::test]
async fn clocks_may_differ_by_the_leeway_and_no_more() {
    let verifier = verifier(vec![issuer(text(SECRET), &[])]);
    let key = SigningKey::secret(SECRET, None).expect("a secret");
    let mut claims = claims();
    claims["nbf"] = json!(NOW - 600);
    let token = key.sign(&claims);
    for (wall_ms, refusal) in [
        ((NOW - 605) * 1000 - 1, Some(Refusal::NotYet)),
        ((NOW - 605) * 1000, None),
        ((NOW + 605) * 1000 - 1, None),
        ((NOW + 605) * 1000, Some(Refusal::Expired)),
    ] {
        let now = tidings::auth::Now { wall_ms, monotonic_ms: 0 };
        assert_eq!(verifier.verify(&token, now).await.err(), refusal, "{wall_ms}");
    }
}

#[tokio::test]
async fn a_token_without_an_end_is_taken_only_where_that_is_allowed() {
    let key = SigningKey::secret(SECRET, None).expect("a secret");
    let token = key.sign(&claims_without("exp"));
    let mut options = TokenOptions::new(vec![issuer(text(SECRET), &[])]);
    let strict = TokenVerifier::new(options.clone()).expect("sound");
    assert_eq!(strict.verify(&token, at(NOW)).await.err(), Some(Refusal::NoExpiry));
    options.require_exp = false;
    let lenient = TokenVerifier::new(options).expect("sound");
    assert_eq!(lenient.verify(&token, at(NOW)).await.expect("good").expires_at_ms, None);
    let odd = key.sign(&claims_with("exp", json!("never")));
    assert_eq!(lenient.verify(&odd, at(NOW)).await.err(), Some(Refusal::Claims), "one that is there counts");
}

#[tokio::test]
async fn a_single_issuer_may_do_without_a_name_and_an_audience() {
    let mut nameless = issuer(text(SECRET), &[]);
    (nameless.issuer, nameless.audience) = (None, Vec::new());
    let verifier = verifier(vec![nameless]);
    let key = SigningKey::secret(SECRET, None).expect("a secret");
    for good in [claims_without("aud"), json!({ "exp": NOW + 1 })] {
        assert!(verifier.verify(&key.sign(&good), at(NOW)).await.is_ok(), "{good}");
    }
    let for_others = verifier.verify(&key.sign(&claims()), at(NOW)).await;
    assert_eq!(for_others.err(), Some(Refusal::Audience), "RFC 7519 §4.1.3");
}

#[test]
fn a_key_that_does_not_fit_is_told_at_the_start() {
    let refused = |key, algorithms: &[Algorithm]| {
        TokenVerifier::new(TokenOptions::new(vec![issuer(key, algorithms)])).map(drop)
    };
    let key = |error| Err(TokenOptionsError::Key { issuer: 0, error });
    let misfit = |kind, algorithm| key(KeyError::Algorithm { kind, algorithm });
    let rsa = keys::RSA.public_key_pem();
    assert_eq!(refused(text(&rsa), &[Algorithm::Hs256]), misfit("an RSA key", Algorithm::Hs256));
    assert_eq!(
        refused(text(&rsa), &[Algorithm::Rs256, Algorithm::Es256]),
        misfit("an RSA key", Algorithm::Es256)
    );
    let p256 = text(keys::P256.public_key_pem());
    assert_eq!(refused(p256, &[Algorithm::Es384]), misfit("a key of the curve P-256", Algorithm::Es384));
    assert_eq!(refused(text(SECRET), &[Algorithm::Rs256]), misfit("a secret", Algorithm::Rs256));
    let short = KeyError::ShortSecret { bytes: 31, algorithm: Algorithm::Hs256, bytes_min: 32 };
    assert_eq!(refused(text(&SECRET[..31]), &[]), key(short));
    assert_eq!(refused(text(&SECRET[..32]), &[]), Ok(()));
    let short = KeyError::ShortSecret { bytes: 63, algorithm: Algorithm::Hs512, bytes_min: 64 };
    assert_eq!(refused(text(&SECRET[..63]), &[Algorithm::Hs512]), key(short));
    assert_eq!(refused(text(keys::RSA.serialize_pem()), &[]), key(KeyError::Private));
    for other in [
        "{\"kty\":\"EC\",\"crv\":\"P-256\"}",
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI",
        "ecdsa-sha2-nistp256 AAAA",
    ] {
        assert_eq!(refused(text(other), &[]), key(KeyError::OtherForm), "no secret: {other}");
    }
    let broken = "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n";
    assert_eq!(refused(text(broken), &[]), key(KeyError::NoKey));
    assert_eq!(
        signer_error(&keys::P256.serialize_pem(), Algorithm::Rs256),
        SigningKeyError::Algorithm(Algorithm::Rs256)
    );
    assert_eq!(signer_error("-----BEGIN", Algorithm::Rs256), SigningKeyError::NoKey);
}

fn signer_error(pem: &str, algorithm: Algorithm) -> SigningKeyError {
    SigningKey::pem(pem.as_bytes(), Some(algorithm)).expect_err("it does not fit")
}

#[test]
fn several_issuers_are_told_apart_by_their_names() {
    let named = |name: Option<&str>| {
        let mut one = issuer(text(SECRET), &[]);
        one.issuer = name.map(str::to_owned);
        one
    };
    let refused =
        |names: [Option<&str>; 2]| TokenVerifier::new(TokenOptions::new(names.map(named).to_vec())).map(drop);
    assert_eq!(refused([Some("a"), Some("b")]), Ok(()));
    assert_eq!(refused([Some("a"), Some("a")]), Err(TokenOptionsError::Names { issuer: 1 }));
    assert_eq!(refused([None, Some("a")]), Err(TokenOptionsError::Names { issuer: 0 }));
    assert_eq!(TokenVerifier::new(TokenOptions::new(Vec::new())).map(drop), Err(TokenOptionsError::None));
}
