//! Every forged token is refused, and none makes the hub fetch a key before all else of it is sound.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use axum::Router;
use axum::body::Body;
use http::{Request, StatusCode};
use http_body_util::BodyExt;
use tidings::auth::{
    Algorithm, Carriers, IssuerOptions, Refusal, TokenAuthorizer, TokenOptions, TokenVerifier,
};
use tidings::{HttpOptions, Hub, HubOptions};
use tower::ServiceExt;

use crate::forged::{self, Forged};
use crate::issuer::KeyServer;
use crate::keys::{self, jwk_for, signer};
use crate::{NOW, at, claims, issuer, jwks};

const OTHER: &str = "https://other.example";
/// What the issue of this project asks for.
const FORGED_MIN: usize = 60;

struct World {
    own: KeyServer,
    other: KeyServer,
    trap: KeyServer,
}

impl World {
    async fn start() -> Self {
        let own = [
            jwk_for(&keys::RSA, "k-rsa", Algorithm::Rs256),
            jwk_for(&keys::P256, "k-p256", Algorithm::Es256),
            jwk_for(&keys::ED25519, "k-ed", Algorithm::EdDsa),
        ];
        Self {
            own: KeyServer::start(&own).await,
            other: KeyServer::start(&[jwk_for(&keys::OTHER_RSA, "k-rsa", Algorithm::Rs256)]).await,
            trap: KeyServer::start(&[jwk_for(&keys::OTHER_RSA, "k-stranger", Algorithm::Rs256)]).await,
        }
    }

    fn verifier(&self) -> TokenVerifier {
        let pinned = [Algorithm::Rs256, Algorithm::Es256, Algorithm::EdDsa];
        let own = issuer(jwks(&self.own), &pinned);
        let other = IssuerOptions { issuer: Some(OTHER.to_owned()), ..issuer(jwks(&self.other), &pinned) };
        TokenVerifier::new(TokenOptions::new(vec![own, other])).expect("sound")
    }

    fn forged(&self, now: u64) -> Vec<Forged> {
        let forged = forged::all(OTHER, &self.trap.url(), now);
        let different: HashSet<&str> = forged.iter().map(|forged| forged.token.as_str()).collect();
        assert!(different.len() >= FORGED_MIN, "{} different ones", different.len());
        forged
    }

    fn connections(&self) -> [usize; 3] {
        [self.own.connections(), self.other.connections(), self.trap.connections()]
    }
}

#[tokio::test]
async fn every_forged_token_is_refused_and_no_key_is_fetched_before_all_else_is_sound() {
    let world = World::start().await;
    let mut reasons = HashSet::new();
    for Forged { what, token } in world.forged(NOW) {
        // Without a key yet, so that whoever needs one has to fetch it.
        let verifier = world.verifier();
        let before = world.connections();
        let refusal = verifier.verify(&token, at(NOW)).await.expect_err(&what);
        let [own, other, trap] = world.connections();
        let came = [own - before[0], other - before[1], trap - before[2]];
        let wanted_keys = matches!(refusal, Refusal::NoKey | Refusal::Signature | Refusal::Grant(..));
        let is_others = what == "another issuer's name";
        let expected = match (wanted_keys, is_others) {
            (false, _) => [0, 0, 0],
            (true, false) => [1, 0, 0],
            (true, true) => [0, 1, 0],
        };
        assert_eq!(came, expected, "{what}: {refusal}");
        reasons.insert(std::mem::discriminant(&refusal));
        let again = verifier.verify(&token, at(NOW)).await.expect_err(&what);
        assert_eq!(again, refusal, "{what}");
        assert_eq!(world.connections(), [own, other, trap], "{what}: once is enough");
    }
    assert!(reasons.len() >= 14, "{} reasons", reasons.len());
    let good = signer(&keys::RSA, Algorithm::Rs256).named("k-rsa").sign(&claims());
    assert!(world.verifier().verify(&good, at(NOW)).await.is_ok(), "the same verifier takes a good one");
}

#[tokio::test]
async fn over_http_all_of_them_are_one_and_the_same_401() {
    let world = World::start().await;
    let now = wall_seconds();
    let mut options = HubOptions::default();
    (options.bounds.head_bytes, options.bounds.request_line_bytes) = (0, 0);
    let hub = Hub::open(options).expect("opens");
    let authorizer = TokenAuthorizer::new(world.verifier(), Carriers::default());
    let router = tidings::router(hub, authorizer, &HttpOptions::default());
    let mut answers = HashSet::new();
    for Forged { what, token } in world.forged(now) {
        let Ok(request) =
            Request::get("/api/sse/stats").header("authorization", bearer(&token)).body(Body::empty())
        else {
            continue;
        };
        let (status, challenge, body) = ask(&router, request).await;
        assert_eq!(status, StatusCode::UNAUTHORIZED, "{what}: {body}");
        assert_eq!(challenge.as_deref(), Some("Bearer realm=\"tidings\""), "{what}");
        answers.insert(body);
    }
    assert_eq!(answers.len(), 1, "no reason to learn from: {answers:#?}");
    let mut good = claims();
    good["exp"] = (now + 600).into();
    good["tidings"]["admin"] = true.into();
    let good = signer(&keys::RSA, Algorithm::Rs256).named("k-rsa").sign(&good);
    let request = Request::get("/api/sse/stats").header("authorization", bearer(&good)).body(Body::empty());
    assert_eq!(ask(&router, request.expect("a request")).await.0, StatusCode::OK);
}

fn bearer(token: &str) -> Vec<u8> {
    format!("Bearer {token}").into_bytes()
}

async fn ask(router: &Router, request: Request<Body>) -> (StatusCode, Option<String>, Arc<str>) {
    let answer = router.clone().oneshot(request).await.expect("an answer");
    let challenge = answer.headers().get("www-authenticate").map(|c| c.to_str().expect("text").to_owned());
    let status = answer.status();
    let body = answer.into_body().collect().await.expect("a body").to_bytes();
    (status, challenge, String::from_utf8_lossy(&body).into())
}

#[expect(clippy::disallowed_methods, reason = "what the authorizer's own clock shows")]
fn wall_seconds() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs()
}
