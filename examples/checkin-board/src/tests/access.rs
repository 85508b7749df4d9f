//! Who is let in, and to what.

use serde_json::{Value, json};

use super::harness::{PASSWORD, Server};
use crate::secret;
use crate::store::TOKENS_PER_SESSION_MAX;

#[tokio::test]
async fn a_wrong_password_and_an_unknown_name_get_one_answer() {
    let server = Server::open().await;
    let (wrong, unknown) = (server.sign_in("ada", "guess").await, server.sign_in("nobody", "guess").await);
    assert_eq!((wrong.status, unknown.status), (401, 401));
    assert_eq!(wrong.json(), unknown.json());
    assert_eq!(server.sign_in("ADA", PASSWORD).await.status, 204, "names are no secret's letters");
    server.close().await;
}

#[tokio::test]
async fn a_guesser_has_to_wait_and_others_have_not() {
    let server = Server::open().await;
    for _ in 0..10 {
        assert_eq!(server.sign_in("ada", "guess").await.status, 401);
    }
    let refused = server.sign_in("ada", PASSWORD).await;
    assert_eq!(refused.status, 429, "the right one too, or it would tell");
    assert!(refused.head.contains("retry-after: "), "{}", refused.head);
    assert_eq!(server.sign_in("ben", PASSWORD).await.status, 204);
    server.close().await;
}

#[tokio::test]
async fn the_database_has_no_password_and_no_session_that_could_be_used() {
    let server = Server::open().await;
    let ada = server.enter("ada").await;
    let session = ada.cookie.split('=').nth(1).expect("a secret").trim().to_owned();
    let hashes =
        server.app.store.change(|change| Ok(change.account("ada")?.expect("she is there").password)).await;
    assert!(hashes.expect("a hash").starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
    for file in ["school.sqlite", "school.sqlite-wal"] {
        let bytes = std::fs::read(server.data_dir.path().join(file)).expect("it is there");
        for secret in [PASSWORD, &session, "reader-gym"] {
            assert!(
                !bytes.windows(secret.len()).any(|window| window == secret.as_bytes()),
                "{secret} in {file}"
            );
        }
    }
    server.close().await;
}

#[tokio::test]
async fn the_session_is_a_cookie_that_no_script_and_no_other_site_has() {
    let server = Server::with(|settings| settings.https = true).await;
    let answer = server.sign_in("ada", PASSWORD).await;
    let cookie =
        answer.head.lines().find(|line| line.starts_with("set-cookie")).expect("a cookie").to_owned();
    for part in ["; Path=/", "; Max-Age=3600", "; HttpOnly", "; SameSite=Strict", "; Secure"] {
        assert!(cookie.contains(part), "{cookie}");
    }
    let ada = server.enter("ada").await;
    for (site, status) in [("cross-site", 403), ("same-site", 403), ("same-origin", 200), ("none", 200)] {
        let headers = format!("{}sec-fetch-site: {site}\r\n", ada.cookie);
        assert_eq!(server.ask("POST", "/api/token", &headers, &Value::Null).await.status, status, "{site}");
    }
    server.close().await;
}

#[tokio::test]
async fn without_a_session_there_is_nothing_to_be_had() {
    let server = Server::open().await;
    let group = server.enter("ada").await.start(1).await;
    let paths = [
        ("GET", "/api/board".to_owned()),
        ("GET", "/api/session".to_owned()),
        ("POST", "/api/token".to_owned()),
        ("DELETE", format!("/api/groups/{group}")),
        ("PUT", format!("/api/groups/{group}/visits/1")),
        ("PUT", format!("/api/groups/{group}/supervisors/3")),
        ("PUT", "/api/staff/2/lock".to_owned()),
    ];
    for cookie in ["".to_owned(), format!("cookie: checkin_board_session={}\r\n", secret::make())] {
        for (method, path) in &paths {
            assert_eq!(server.ask(method, path, &cookie, &Value::Null).await.status, 401, "{method} {path}");
        }
    }
    let ada = server.enter("ada").await;
    assert_eq!(ada.ask("DELETE", "/api/session", &Value::Null).await.status, 204);
    assert_eq!(ada.ask("GET", "/api/board", &Value::Null).await.status, 401, "signed out is out");
    server.close().await;
}

#[tokio::test]
async fn a_supervisor_does_nothing_in_others_rooms_and_sees_nothing_of_them() {
    let server = Server::open().await;
    let (ada, ben) = (server.enter("ada").await, server.enter("ben").await);
    let group = ada.start(1).await;
    for (method, path) in [
        ("DELETE", format!("/api/groups/{group}")),
        ("PUT", format!("/api/groups/{group}/visits/1")),
        ("DELETE", format!("/api/groups/{group}/visits/1")),
        ("PUT", format!("/api/groups/{group}/supervisors/3")),
        ("DELETE", format!("/api/groups/{group}/supervisors/2")),
    ] {
        assert_eq!(ben.ask(method, &path, &Value::Null).await.status, 404, "{method} {path}");
    }
    assert_eq!(ben.board().await["groups"], json!([]));
    assert_eq!(ben.ask("PUT", "/api/staff/2/lock", &Value::Null).await.status, 403);
    let taken = json!({ "room_id": 1, "activity": "Chess" });
    assert_eq!(ben.ask("POST", "/api/groups", &taken).await.status, 409);
    let last = format!("/api/groups/{group}/supervisors/2");
    assert_eq!(ada.ask("DELETE", &last, &Value::Null).await.status, 409, "somebody has to stay");
    server.close().await;
}

#[tokio::test]
async fn a_board_has_no_birthday_and_no_address() {
    let server = Server::open().await;
    let ada = server.enter("ada").await;
    let group = ada.start(1).await;
    ada.ask("PUT", &format!("/api/groups/{group}/visits/1"), &Value::Null).await;
    let board = ada.board().await.to_string();
    assert!(board.contains("Amir Haddad"));
    for private in ["School Lane", "2016-", "birthday", "address", "tag-01", "password", "argon2"] {
        assert!(!board.contains(private), "{private}");
    }
    server.close().await;
}

#[tokio::test]
async fn a_token_reads_the_groups_of_now_and_does_nothing_else() {
    let server = Server::open().await;
    let ada = server.enter("ada").await;
    let group = ada.start(1).await;
    let bearer = format!("authorization: Bearer {}\r\n", ada.token().await);
    let event = json!({ "channel": format!("group:{group}"), "type": "student_checkin", "data": 1 });
    assert_eq!(server.ask("POST", "/api/sse/publish", &bearer, &event).await.status, 403);
    assert_eq!(server.ask("GET", "/api/sse/stats", &bearer, &Value::Null).await.status, 403);
    assert_eq!(
        server.ask("GET", "/api/sse/stream?channels=group:*", &bearer, &Value::Null).await.status,
        403
    );
    assert_eq!(server.ask("GET", "/api/sse/stream", "", &Value::Null).await.status, 401);
    // Of Ben's rights the hub was never told anything: his token alone says what he may.
    let bearer = format!("authorization: Bearer {}\r\n", server.enter("ben").await.token().await);
    for asked in [format!("group:{group}"), "group:*".to_owned(), "all".to_owned()] {
        let path = format!("/api/sse/stream?channels={asked}");
        assert_eq!(server.ask("GET", &path, &bearer, &Value::Null).await.status, 403, "{asked}");
    }
    let stream = server.listen(&ada.token().await).await;
    assert_eq!(server.active(), 1);
    drop(stream);
    server.close().await;
}

#[tokio::test]
async fn a_token_ends_with_its_session_if_that_is_sooner() {
    let server = Server::with(|settings| settings.lifetimes.session_seconds = 60).await;
    let ada = server.enter("ada").await;
    let session = ada.ask("GET", "/api/session", &Value::Null).await.json();
    let session_ends_at = session["user"]["session_ends_at_ms"].as_u64().expect("a time") / 1_000;
    let token = ada.ask("POST", "/api/token", &Value::Null).await.json();
    assert_eq!(token["ends_at"], session_ends_at);
    let patient = Server::open().await;
    let token = patient.enter("ada").await.ask("POST", "/api/token", &Value::Null).await.json();
    let left = token["ends_at"].as_u64().expect("a time") - crate::clock::now_ms() / 1_000;
    assert!((895..=900).contains(&left), "15 minutes, and not {left} s");
    patient.close().await;
    server.close().await;
}

/// Who signs out is out on all the pages of that session, and nowhere else.
#[tokio::test]
async fn a_sign_out_ends_the_sessions_tokens_and_their_streams_at_once() {
    let server = Server::open().await;
    let (tablet, laptop) = (server.enter("ada").await, server.enter("ada").await);
    let (one, other, kept) = (tablet.token().await, tablet.token().await, laptop.token().await);
    let mut of_tablet = server.listen(&one).await;
    let mut of_laptop = server.listen(&kept).await;
    assert_eq!(tablet.ask("DELETE", "/api/session", &Value::Null).await.status, 204);
    let closing = of_tablet.expect("closing").await;
    assert_eq!((&closing["reason"], &closing["reconnect"]), (&json!("revoked"), &json!(false)));
    for token in [one, other] {
        assert_eq!(server.asks_for_a_stream(&token).await, 401);
    }
    // Another session, of the same person, has its stream and its token still.
    laptop.start(1).await;
    of_laptop.expect("activity_start").await;
    drop(server.listen(&kept).await);
    assert_eq!(server.hub.revocation_count(), (0, 2));
    drop((of_tablet, of_laptop));
    server.close().await;
}

#[tokio::test]
async fn a_token_from_before_a_lock_is_refused_after_it_too() {
    let server = Server::open().await;
    let (ada, office) = (server.enter("ada").await, server.enter("office").await);
    let token = ada.token().await;
    for method in ["PUT", "DELETE"] {
        assert_eq!(office.ask(method, "/api/staff/2/lock", &Value::Null).await.status, 204);
        assert_eq!(server.asks_for_a_stream(&token).await, 401, "after {method}");
    }
    drop(server.listen(&server.enter("ada").await.token().await).await);
    server.close().await;
}

/// Each is one more thing to tell the hub of at the end.
#[tokio::test]
async fn a_session_has_so_many_tokens_at_a_time_and_no_more() {
    let server = Server::open().await;
    let ada = server.enter("ada").await;
    for _ in 0..TOKENS_PER_SESSION_MAX {
        ada.token().await;
    }
    let refused = ada.ask("POST", "/api/token", &Value::Null).await;
    assert_eq!(refused.status, 429);
    assert!(refused.head.contains("retry-after: "), "{}", refused.head);
    server.enter("ada").await.token().await;
    assert_eq!(ada.ask("DELETE", "/api/session", &Value::Null).await.status, 204);
    assert_eq!(server.hub.revocation_count(), (0, TOKENS_PER_SESSION_MAX));
    server.close().await;
}

#[tokio::test]
async fn the_key_set_is_public_and_has_no_private_half() {
    let server = Server::open().await;
    let set = server.ask("GET", "/.well-known/jwks.json", "", &Value::Null).await.json();
    let key = set["keys"][0].as_object().expect("a key");
    assert_eq!(key.keys().collect::<Vec<_>>(), ["kty", "crv", "use", "alg", "kid", "x", "y"]);
    use std::os::unix::fs::PermissionsExt;
    let file = std::fs::metadata(server.data_dir.path().join("signing-key.pem")).expect("it is there");
    assert_eq!(file.permissions().mode() & 0o777, 0o600);
    server.close().await;
}
