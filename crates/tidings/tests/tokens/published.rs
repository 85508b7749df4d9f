//! Keys that an issuer publishes: when they are fetched, how long they are kept, and what a bad server can do.

use futures_util::FutureExt;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use serde_json::json;
use std::sync::Arc;
use tidings::auth::{
    Algorithm, IssuerOptions, JWKS_FRESH_MS, JWKS_KEYS_MAX, JWKS_REFETCH_MS, JWKS_RETRY_MS,
    JWKS_STALE_MAX_MS, KeySource, Now, Refusal, TokenOptions, TokenOptionsError, TokenVerifier,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::issuer::{Answer, KeyServer, response};
use crate::keys::{self, SECRET, base64, jwk, jwk_for, signer};
use crate::{NOW, at, claims, issuer, jwks, verifier};

const START_MS: u64 = 1_000_000;

fn now(monotonic_ms: u64) -> Now {
    Now { wall_ms: NOW * 1000, monotonic_ms }
}

fn old() -> String {
    signer(&keys::RSA, Algorithm::Rs256).named("old").sign(&claims())
}

fn new() -> String {
    signer(&keys::OTHER_RSA, Algorithm::Rs256).named("new").sign(&claims())
}

#[tokio::test]
async fn one_fetch_serves_all_and_a_new_key_is_found_when_its_time_has_come() {
    let server = KeyServer::start(&[jwk(&keys::RSA, "old")]).await;
    let verifier = verifier(vec![issuer(jwks(&server), &[Algorithm::Rs256])]);
    let (old, new) = (old(), new());
    let many = (0..50).map(|_| verifier.verify(&old, now(START_MS)));
    for verdict in futures_util::future::join_all(many).await {
        assert!(verdict.is_ok(), "{verdict:?}");
    }
    assert_eq!(server.connections(), 1, "they all waited for one");

    server.has(&[jwk(&keys::RSA, "old"), jwk(&keys::OTHER_RSA, "new")]);
    let early = verifier.verify(&new, now(START_MS + JWKS_REFETCH_MS - 1)).await;
    assert_eq!((early.err(), server.connections()), (Some(Refusal::NoKey), 1));
    assert!(verifier.verify(&new, now(START_MS + JWKS_REFETCH_MS)).await.is_ok());
    assert_eq!(server.connections(), 2);

    let unknown = signer(&keys::RSA, Algorithm::Rs256).named("nobody").sign(&claims());
    for step in 0..1_000 {
        let at = now(START_MS + JWKS_REFETCH_MS + step * JWKS_REFETCH_MS / 500);
        assert_eq!(verifier.verify(&unknown, at).await.err(), Some(Refusal::NoKey));
    }
    assert_eq!(server.connections(), 3, "1,000 unknown names in a minute, and one fetch");
}

#[tokio::test]
async fn a_withdrawn_key_is_refused_once_the_keys_are_fetched_again() {
    let server = KeyServer::start(&[jwk(&keys::RSA, "old")]).await;
    let verifier = verifier(vec![issuer(jwks(&server), &[])]);
    let old = old();
    assert!(verifier.verify(&old, now(START_MS)).await.is_ok());
    server.has(&[jwk(&keys::OTHER_RSA, "new")]);
    assert!(verifier.verify(&old, now(START_MS + JWKS_FRESH_MS - 1)).await.is_ok());
    assert_eq!(server.connections(), 1);
    let at = now(START_MS + JWKS_FRESH_MS);
    let many = (0..50).map(|_| verifier.verify(&old, at));
    for verdict in futures_util::future::join_all(many).await {
        assert_eq!(verdict.err(), Some(Refusal::NoKey), "its issuer is asked first");
    }
    assert_eq!(server.connections(), 2, "they all waited for one");
    assert!(verifier.verify(&new(), at).await.is_ok());
}

#[tokio::test]
async fn while_the_issuer_is_away_its_keys_serve_for_an_hour_and_then_no_more() {
    let server = KeyServer::start(&[jwk(&keys::RSA, "old")]).await;
    let verifier = verifier(vec![issuer(jwks(&server), &[])]);
    let old = old();
    assert!(verifier.verify(&old, now(START_MS)).await.is_ok());
    server.answers(Answer::Text(response("500 Internal Server Error", "")));
    for minute in 10..60 {
        assert!(verifier.verify(&old, now(START_MS + minute * 60_000)).await.is_ok(), "{minute}");
    }
    let over = START_MS + JWKS_STALE_MAX_MS;
    assert_eq!(verifier.verify(&old, now(over)).await.err(), Some(Refusal::KeysAway));
    server.has(&[jwk(&keys::RSA, "old")]);
    let again = verifier.verify(&old, now(over + JWKS_RETRY_MS)).await;
    assert!(again.is_ok(), "{again:?}");
}

#[tokio::test]
async fn a_server_that_does_not_answer_well_is_asked_again_after_a_while_and_not_at_once() {
    let redirect = "HTTP/1.1 302 Found\r\nlocation: /elsewhere\r\ncontent-length: 0\r\n\r\n".to_owned();
    let secret = json!({ "keys": [{ "kty": "oct", "kid": "old", "k": base64(SECRET) }] }).to_string();
    for (what, answer) in [
        ("a redirect", Answer::Text(redirect)),
        ("an error", Answer::Text(response("503 Unavailable", "{\"keys\":[]}"))),
        ("no JSON", Answer::Text(response("200 OK", "<html>"))),
        ("no set", Answer::Text(response("200 OK", "{\"keys\":{}}"))),
        ("an empty set", Answer::Text(response("200 OK", "{\"keys\":[]}"))),
        ("a set of secrets", Answer::Text(response("200 OK", &secret))),
        ("no HTTP", Answer::Text("hello\r\n\r\n".to_owned())),
        ("nothing", Answer::Text(String::new())),
        ("zeroes without end", Answer::Endless),
    ] {
        let server = KeyServer::start(&[]).await;
        server.answers(answer);
        let verifier = verifier(vec![issuer(jwks(&server), &[])]);
        let old = old();
        for at in [START_MS, START_MS + JWKS_RETRY_MS - 1] {
            assert_eq!(verifier.verify(&old, now(at)).await.err(), Some(Refusal::KeysAway), "{what}");
        }
        assert_eq!(server.connections(), 1, "{what}");
        server.has(&[jwk(&keys::RSA, "old")]);
        assert!(verifier.verify(&old, now(START_MS + JWKS_RETRY_MS)).await.is_ok(), "{what}");
    }
}

#[tokio::test]
async fn a_server_that_says_nothing_is_given_up() {
    let server = KeyServer::start(&[]).await;
    server.answers(Answer::Silence);
    let verifier = verifier(vec![issuer(jwks(&server), &[])]);
    assert_eq!(verifier.verify(&old(), now(START_MS)).await.err(), Some(Refusal::KeysAway));
}

#[tokio::test]
async fn whoever_leaves_does_not_end_the_fetch_for_others() {
    let server = KeyServer::start(&[jwk(&keys::RSA, "old")]).await;
    let verifier = verifier(vec![issuer(jwks(&server), &[])]);
    let old = old();
    let leaving = verifier.verify(&old, now(START_MS)).now_or_never();
    assert!(leaving.is_none(), "it would have waited for the keys");
    assert!(verifier.verify(&old, now(START_MS)).await.is_ok());
    assert_eq!(server.connections(), 1);
}

#[tokio::test]
async fn of_a_set_only_what_is_for_signatures_and_allowed_counts() {
    let with = |name: &str, value: serde_json::Value| {
        let mut key = jwk(&keys::RSA, "old");
        key[name] = value;
        key
    };
    let small = json!({ "kty": "RSA", "kid": "old", "n": base64([0xff; 128]), "e": "AQAB" });
    let fill: Vec<_> = (0..JWKS_KEYS_MAX).map(|n| jwk(&keys::ED25519, &format!("{n}"))).collect();
    for (what, keys) in [
        ("for encryption", vec![with("use", json!("enc"))]),
        ("to sign with", vec![with("key_ops", json!(["sign"]))]),
        ("for another algorithm", vec![with("alg", json!("RS512"))]),
        ("for one that is unknown", vec![with("alg", json!("RSA-OAEP"))]),
        ("of another kind", vec![with("kty", json!("EC"))]),
        ("without a number", vec![with("n", json!(null))]),
        ("with an odd number", vec![with("n", json!("!"))]),
        ("too small", vec![small]),
        ("without a name", vec![with("kid", json!(null)), jwk(&keys::OTHER_RSA, "x")]),
        ("one too many", [fill, vec![jwk(&keys::RSA, "old")]].concat()),
    ] {
        let rest = jwk(&keys::P256, "rest");
        let server = KeyServer::start(&[vec![rest], keys].concat()).await;
        let verifier = verifier(vec![issuer(jwks(&server), &[Algorithm::Rs256, Algorithm::Es256])]);
        assert_eq!(verifier.verify(&old(), at(NOW)).await.err(), Some(Refusal::NoKey), "{what}");
    }
    let server = KeyServer::start(&[json!({ "kty": "new" }), with("key_ops", json!(["verify"]))]).await;
    let verifier = verifier(vec![issuer(jwks(&server), &[])]);
    assert!(verifier.verify(&old(), at(NOW)).await.is_ok(), "what is unknown is passed over");
    let nameless = signer(&keys::RSA, Algorithm::Rs256).sign(&claims());
    assert!(verifier.verify(&nameless, at(NOW)).await.is_ok(), "and of one key no name is needed");
}

#[tokio::test]
async fn two_issuers_keys_are_never_one_anothers() {
    let server = |pair| async move { KeyServer::start(&[jwk_for(pair, "k", Algorithm::Rs256)]).await };
    let (a, b) = (server(&*keys::RSA).await, server(&*keys::OTHER_RSA).await);
    let named =
        |name: &str, at: &KeyServer| IssuerOptions { issuer: Some(name.to_owned()), ..issuer(jwks(at), &[]) };
    let verifier = verifier(vec![named("a", &a), named("b", &b)]);
    for (iss, pair, good) in [
        ("a", &*keys::RSA, true),
        ("b", &*keys::RSA, false),
        ("a", &*keys::OTHER_RSA, false),
        ("b", &*keys::OTHER_RSA, true),
    ] {
        let mut claims = claims();
        claims["iss"] = json!(iss);
        let token = signer(pair, Algorithm::Rs256).named("k").sign(&claims);
        assert_eq!(verifier.verify(&token, at(NOW)).await.is_ok(), good, "{iss}");
    }
    // One address under two names is two caches all the same.
    let verifier = verifier_of_one_address(&a);
    for iss in ["c", "d"] {
        let mut claims = claims();
        claims["iss"] = json!(iss);
        let token = signer(&keys::RSA, Algorithm::Rs256).named("k").sign(&claims);
        assert!(verifier.verify(&token, at(NOW)).await.is_ok());
    }
    assert_eq!((a.connections(), b.connections()), (3, 1));
}

fn verifier_of_one_address(server: &KeyServer) -> TokenVerifier {
    let named = |name: &str| IssuerOptions { issuer: Some(name.to_owned()), ..issuer(jwks(server), &[]) };
    verifier(vec![named("c"), named("d")])
}

#[test]
fn keys_come_over_tls_or_from_this_machine() {
    let refused = |url: &str, plain_http| {
        let mut options = TokenOptions::new(vec![issuer(KeySource::Jwks(url.parse().expect("a URL")), &[])]);
        (options.plain_http, options.authorities) = (plain_http, Some(Vec::new()));
        TokenVerifier::new(options).map(drop)
    };
    let plain = Err(TokenOptionsError::PlainHttp { issuer: 0 });
    for url in ["https://a.example/keys", "http://127.0.0.1:1/", "http://[::1]/", "http://localhost:80/"] {
        assert_eq!(refused(url, false), Ok(()), "{url}");
    }
    for url in ["http://a.example/keys", "http://10.0.0.1/", "http://localhost.a.example/", "http://0.0.0.0/"]
    {
        assert_eq!(refused(url, false), plain, "{url}");
        assert_eq!(refused(url, true), Ok(()), "{url}");
    }
    let server: http::Uri = "https://a.example/".parse().expect("a URL");
    let options = TokenOptions::new(vec![issuer(KeySource::Jwks(server), &[Algorithm::Hs256])]);
    let secret = TokenOptionsError::SecretInSet { issuer: 0, algorithm: Algorithm::Hs256 };
    assert_eq!(
        TokenVerifier::new(TokenOptions { authorities: Some(Vec::new()), ..options }).map(drop),
        Err(secret)
    );
}

#[tokio::test]
async fn a_server_over_tls_is_believed_if_its_authority_is() {
    let mut params = CertificateParams::new(Vec::new()).expect("sound");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority =
        CertifiedIssuer::self_signed(params, KeyPair::generate().expect("a key")).expect("a certificate");
    let stranger = CertificateDer::from(
        CertificateParams::new(Vec::new())
            .expect("sound")
            .self_signed(&KeyPair::generate().expect("a key"))
            .expect("a certificate"),
    );
    for (what, name, trusted, good) in [
        ("its own", "localhost", authority.der().clone(), true),
        ("a stranger's", "localhost", stranger, false),
        ("for another host", "other.example", authority.der().clone(), false),
    ] {
        let key = KeyPair::generate().expect("a key");
        let params = CertificateParams::new(vec![name.to_owned()]).expect("sound");
        let certificate = params.signed_by(&key, &authority).expect("signed");
        let port = tls_server(certificate.der().clone(), key.serialize_der()).await;
        let url = format!("https://localhost:{port}/keys").parse().expect("a URL");
        let mut options = TokenOptions::new(vec![issuer(KeySource::Jwks(url), &[])]);
        options.authorities = Some(vec![trusted]);
        let verdict = TokenVerifier::new(options).expect("sound").verify(&old(), at(NOW)).await;
        assert_eq!(verdict.is_ok(), good, "{what}: {verdict:?}");
    }
}

async fn tls_server(certificate: CertificateDer<'static>, key: Vec<u8>) -> u16 {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(vec![certificate], PrivateKeyDer::Pkcs8(key.into()))
        .expect("a certificate and its key");
    let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let port = listener.local_addr().expect("bound").port();
    tokio::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            let Ok(mut socket) = acceptor.accept(socket).await else { continue };
            let mut head = [0; 4096];
            let _ = socket.read(&mut head).await;
            let body = json!({ "keys": [jwk(&keys::RSA, "old")] }).to_string();
            let _ = socket.write_all(response("200 OK", &body).as_bytes()).await;
            let _ = socket.shutdown().await;
        }
    });
    port
}
