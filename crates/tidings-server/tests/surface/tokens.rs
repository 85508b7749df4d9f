//! A hub that checks tokens, from the verb that makes one to the stream that ends with it.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::process::{Command, Stdio};

use base64::Engine;
use rcgen::{KeyPair, PKCS_ECDSA_P256_SHA256};
use serde_json::{Value, json};

use crate::http::{Answer, send};
use crate::hub::{now, within_patience};
use crate::server::Server;
use crate::sse::{EVENT_SOURCE, Stream};

fn bearer(token: &str) -> String {
    format!("Bearer {token}")
}

#[track_caller]
fn ask(hub: &Server, token: &str, method: &str, path: &str, body: &Value) -> Answer {
    let body = if body.is_null() { String::new() } else { body.to_string() };
    send(hub, method, path, &[("authorization", &bearer(token))], &body)
}

#[track_caller]
fn open(hub: &Server, token: &str, query: &str) -> Stream {
    Stream::open_with(hub, query, &[("authorization", &bearer(token))])
}

fn publish(hub: &Server, token: &str, channel: &str) -> Answer {
    ask(hub, token, "POST", "/api/sse/publish", &json!({ "channel": channel, "data": 1 }))
}

#[test]
fn a_token_says_who_reads_who_publishes_and_who_looks_after_it() {
    let hub = Server::guarded(&[], "");
    let reader =
        hub.token(&["--user", "ann", "--subscribe", "news,room:*", "--type", "display", "--limit", "2"]);
    let writer = hub.token(&["--user", "app", "--publish", "news"]);
    let operator = hub.token(&["--user", "ops", "--admin"]);
    let mut stream = open(&hub, &reader, "type=mine");
    assert_eq!(stream.connected["channels"], json!(["news"]), "what is named literally");
    assert_eq!((&stream.connected["user"], &stream.connected["type"]), (&json!("ann"), &json!("display")));
    assert_eq!(publish(&hub, &writer, "news").ok()["recipients"], 1);
    assert_eq!(stream.event(), ("message".to_owned(), json!(1)));
    let _room = open(&hub, &reader, "channels=room:7");
    let full = Stream::ask(&hub, "channels=news", &[("authorization", &bearer(&reader))]);
    assert_eq!(full.status, 429, "the token's own limit");

    publish(&hub, &reader, "news").problem_saying(403, "`news`");
    publish(&hub, &writer, "room:7").problem_saying(403, "`room:7`");
    ask(&hub, &writer, "GET", "/api/sse/stream?channels=news", &Value::Null).problem_saying(403, "`news`");
    ask(&hub, &reader, "GET", "/api/sse/stats", &Value::Null).problem_saying(403, "admin");
    ask(&hub, &operator, "GET", "/api/sse/history?channel=news", &Value::Null).problem(403);
    assert_eq!(ask(&hub, &operator, "GET", "/api/sse/stats", &Value::Null).ok()["connections"]["active"], 2);
}

#[test]
fn without_a_token_nothing_is_answered_but_what_needs_none() {
    let hub = Server::guarded(&[], "");
    for (method, path) in [
        ("GET", "/api/sse/stream"),
        ("GET", "/api/sse/stream?user=ada&channels=*"),
        ("POST", "/api/sse/publish"),
        ("GET", "/api/sse/history?channel=a"),
        ("GET", "/api/sse/presence?channel=a"),
        ("POST", "/api/sse/ticket"),
        ("GET", "/api/sse/stats"),
        ("GET", "/api/sse/stats/series"),
        ("GET", "/api/sse/connections"),
        ("GET", "/api/sse/connections/closed"),
        ("GET", "/api/sse/connections/x"),
        ("GET", "/api/sse/channels"),
        ("GET", "/api/sse/users"),
        ("DELETE", "/api/sse/connections/x"),
        ("DELETE", "/api/sse/users/ada/connections"),
        ("PUT", "/api/sse/users/ada/channels"),
        ("POST", "/api/sse/revocations"),
        ("POST", "/api/sse/cleanup"),
        ("POST", "/api/sse/drain"),
    ] {
        let answer = send(&hub, method, path, &EVENT_SOURCE, "");
        answer.problem_saying(401, "a token is needed");
        assert_eq!(answer.header("www-authenticate"), Some("Bearer realm=\"tidings\""), "{path}");
        ask(&hub, "a.b.c", method, path, &Value::Null).problem_saying(401, "not good");
    }
    for path in ["/health", "/ready"] {
        assert_eq!(send(&hub, "GET", path, &[], "").status, 200, "{path}");
    }
}

#[test]
fn a_stream_ends_with_its_token_to_the_second_whenever_the_sweeps_come() {
    let environment = [("TIDINGS_AUTH_LEEWAY_MS", "0"), ("TIDINGS_CLEANUP_INTERVAL_MS", "3600000")];
    let hub = Server::guarded(&environment, "");
    let begun = now();
    let token = hub.token(&["--user", "ann", "--subscribe", "news", "--expires-in", "3s"]);
    let made = begun.elapsed().as_secs_f64();
    let mut stream = open(&hub, &token, "channels=news");
    stream.expect("expiring");
    assert_eq!(stream.expect_closing("expired")["reconnect"], true);
    let lived = begun.elapsed().as_secs_f64();
    // The token counts from a whole second before it was made.
    assert!((1.9..=made + 3.0 + 1.0).contains(&lived), "it lived {lived} s");
    ask(&hub, &token, "GET", "/api/sse/stream", &Value::Null).problem_saying(401, "not good");
}

#[test]
fn a_fresh_token_carries_a_stream_beyond_the_end_of_the_first() {
    let hub = Server::guarded(&[("TIDINGS_AUTH_LEEWAY_MS", "0")], "");
    // All made before, since that takes a busy machine as long as the first has left when its end is told.
    let other = hub.token(&["--user", "bob", "--subscribe", "news,jobs"]);
    let fresh =
        hub.token(&["--user", "ann", "--subscribe", "news", "--publish", "news", "--expires-in", "12s"]);
    let first = hub.token(&["--user", "ann", "--subscribe", "news,jobs", "--expires-in", "5s"]);
    let mut stream = open(&hub, &first, "channels=news,jobs");
    stream.expect("expiring");
    let id = stream.connection_id().to_owned();
    let refresh = |token: &str| ask(&hub, token, "POST", "/api/sse/refresh", &json!({ "connection_id": id }));
    refresh(&other).problem_saying(403, "another user");
    let answer = refresh(&fresh).ok();
    assert_eq!((&answer["channels"], &answer["removed"]), (&json!(["news"]), &json!(["jobs"])));
    stream.expect("unsubscribed");
    stream.expect("expiring");
    publish(&hub, &fresh, "news").ok();
    stream.expect("message");
    stream.expect_closing("expired");
}

#[test]
fn a_page_of_the_hubs_own_origin_needs_no_more_than_the_cookie() {
    let hub = Server::guarded(&[("TIDINGS_AUTH_COOKIE", "hub")], "");
    let cookie = format!("a=b; hub={}", hub.token(&["--user", "ann", "--subscribe", "news"]));
    let own = [("cookie", cookie.as_str()), ("sec-fetch-site", "same-origin")];
    let stream = Stream::open_with(&hub, "channels=news", &[&own[..], &EVENT_SOURCE].concat());
    assert_eq!(stream.connected["user"], "ann");
    let other = [("cookie", cookie.as_str()), ("sec-fetch-site", "cross-site")];
    send(&hub, "GET", "/api/sse/stream?channels=news", &other, "").problem_saying(403, "cors.origins");
}

#[test]
fn no_token_is_in_any_log_however_it_came() {
    let environment = [("TIDINGS_LOG_LEVEL", "trace"), ("TIDINGS_AUTH_COOKIE", "hub")];
    for query_token in ["true", "false"] {
        let hub =
            Server::guarded(&[&environment[..], &[("TIDINGS_AUTH_QUERY_TOKEN", query_token)]].concat(), "");
        let good = hub.token(&["--user", "ann", "--subscribe", "news"]);
        let forged = format!("{good}AAAA");
        let long = format!("{good}{}", "B".repeat(20_000));
        let mut shown = vec![];
        for token in [&good, &forged, &long, &"canary-token".to_owned()] {
            let (bearer, cookie) = (bearer(token), format!("hub={token}"));
            send(&hub, "GET", "/api/sse/history?channel=news", &[("authorization", &bearer)], "");
            send(&hub, "GET", "/api/sse/history?channel=news", &[("cookie", &cookie)], "");
            send(&hub, "GET", &format!("/api/sse/history?channel=news&token={token}"), &[], "");
            send(&hub, "GET", &format!("/no/such/path?token={token}"), &[], "");
            send(
                &hub,
                "POST",
                &format!("/api/sse/refresh?token={token}"),
                &[("authorization", &bearer)],
                "x",
            );
            over_http2(hub.url(), token);
            // Header and claims of two tokens may be alike; the signatures are not.
            shown.push(token.rsplit('.').next().expect("a last part")[..12].to_owned());
        }
        let by_query = send(&hub, "GET", &format!("/api/sse/history?channel=news&token={good}"), &[], "");
        assert_eq!(by_query.status, if query_token == "true" { 200 } else { 401 });
        let log = hub.log();
        for canary in shown {
            assert!(!log.contains(&canary), "{canary} is in the log:\n{log}");
        }
        assert!(log.contains("token refused reason="), "the log was looked at:\n{log}");
        assert_eq!(log.contains("auth.query_token: tokens in the query"), query_token == "true");
    }
}

/// A request over HTTP/2, whose library has a log of its own.
fn over_http2(url: String, token: &str) {
    let address = url.trim_start_matches("http://").to_owned();
    let (token, query) =
        (bearer(token), format!("http://{address}/api/sse/history?channel=news&token={token}"));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async move {
        let socket = tokio::net::TcpStream::connect(&address).await.expect("the hub listens");
        let executor = hyper_util::rt::TokioExecutor::new();
        let io = hyper_util::rt::TokioIo::new(socket);
        let (mut sender, connection) =
            hyper::client::conn::http2::handshake(executor, io).await.expect("an HTTP/2 connection");
        tokio::spawn(connection);
        let request = http::Request::get(query)
            .header("authorization", &token)
            .header("cookie", format!("hub={token}"));
        let request = request.body(http_body_util::Empty::<bytes::Bytes>::new()).expect("a request");
        // A head that is too large is refused as the library likes.
        let _ = sender.send_request(request).await;
    });
}

#[test]
fn keys_come_from_files_and_from_their_issuers_each_for_its_own_tokens() {
    let dir = tempfile::tempdir().expect("a directory");
    let path = |name: &str| dir.path().join(name).to_str().expect("UTF-8").to_owned();
    let pair = || KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).expect("a key");
    let (filed, published) = (pair(), pair());
    std::fs::write(path("filed.pem"), filed.serialize_pem()).expect("written");
    std::fs::write(path("public.pem"), filed.public_key_pem()).expect("written");
    std::fs::write(path("published.pem"), published.serialize_pem()).expect("written");
    let toml = format!(
        "[auth]\nissuer = \"here\"\naudience = [\"hub\"]\n\
         [[auth.issuers]]\nissuer = \"filed\"\nkey_file = \"{}\"\naudience = [\"hub\"]\n\
         [[auth.issuers]]\nissuer = \"published\"\njwks_url = \"{}\"\naudience = [\"hub\"]\n",
        path("public.pem"),
        key_server(&published)
    );
    let hub = Server::guarded(&[], &toml);
    let token = |issuer: &str, file: &str| {
        let key = ["--key-file", &path(file), "--algorithm", "ES256", "--issuer", issuer, "--kid", "k"];
        hub.token(&[&key[..], &["--user", "ann", "--subscribe", "news"]].concat())
    };
    for (issuer, file, status) in [
        ("filed", "filed.pem", 200),
        ("published", "published.pem", 200),
        ("filed", "published.pem", 401),
        ("published", "filed.pem", 401),
        ("here", "filed.pem", 401),
        ("nobody", "filed.pem", 401),
    ] {
        let answer = ask(&hub, &token(issuer, file), "GET", "/api/sse/history?channel=news", &Value::Null);
        assert_eq!(answer.status, status, "{issuer} {file}: {answer:?}");
    }
}

/// Publishes one key of the curve P-256, under the name `k`.
fn key_server(pair: &KeyPair) -> String {
    let (x, y) = pair.public_key_raw()[1..].split_at(32);
    let number = |bytes: &[u8]| base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes);
    let jwk = json!({ "kty": "EC", "crv": "P-256", "kid": "k", "x": number(x), "y": number(y) });
    let body = json!({ "keys": [jwk] }).to_string();
    let answer = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len());
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let url = format!("http://{}/keys", listener.local_addr().expect("bound"));
    std::thread::spawn(move || {
        for mut socket in listener.incoming().map_while(Result::ok) {
            let _ = socket.read(&mut [0; 4096]);
            let _ = socket.write_all(answer.as_bytes());
        }
    });
    url
}

#[test]
fn in_development_tokens_are_not_looked_at_and_the_log_says_so() {
    let hub = Server::with(&[("TIDINGS_AUTH_KEY", crate::hub::SECRET)]);
    send(&hub, "GET", "/api/sse/stats", &[], "").ok();
    assert!(hub.log().contains("the settings of [auth] are not looked at"), "{}", hub.log());
}

#[test]
fn a_hub_without_a_key_does_not_start_and_one_with_a_bad_key_says_why() {
    let run = |arguments: &[&str], environment: &[(&str, &str)]| {
        let dir = tempfile::tempdir().expect("a directory");
        let mut program = Command::new(env!("CARGO_BIN_EXE_tidings"));
        let program = program.args(arguments).current_dir(dir.path()).envs(environment.iter().copied());
        let output = within_patience(program.stdout(Stdio::piped()).stderr(Stdio::piped()));
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        (output.status.code(), String::from_utf8_lossy(&output.stdout).into_owned(), said)
    };
    let serve = ["serve", "--listen", "127.0.0.1:0"];
    for (arguments, environment, part) in [
        (&serve[..], &[][..], "nothing says who may connect: set auth.key"),
        (&serve, &[("TIDINGS_AUTH_KEY", "canary")], "auth.key: is 6 bytes long, and HS256 needs at least 32"),
        (&serve, &[("TIDINGS_AUTH_KEY_FILE", "none.pem")], "auth.key_file: cannot read \"none.pem\""),
        (&["token"], &[], "there is no key to sign with"),
        (&["token", "--key-file", "none.pem"], &[], "cannot read \"none.pem\""),
        (
            &["token", "--subscribe", "a*b"],
            &[("TIDINGS_AUTH_KEY", crate::hub::SECRET)],
            "--subscribe \"a*b\"",
        ),
        (
            &["token", "--algorithm", "RS256"],
            &[("TIDINGS_AUTH_KEY", crate::hub::SECRET)],
            "auth.key: it can't sign RS256",
        ),
        (
            &["token", "--algorithm", "none"],
            &[("TIDINGS_AUTH_KEY", crate::hub::SECRET)],
            "expected one of HS256",
        ),
        (&["token", "--expires-in", "0"], &[("TIDINGS_AUTH_KEY", crate::hub::SECRET)], "15m"),
    ] {
        let (code, out, said) = run(arguments, environment);
        assert_eq!((code, out.as_str()), (Some(2), ""), "{arguments:?}: {said}");
        assert!(said.contains(part) && !said.contains("canary"), "{arguments:?}: {said}");
    }
}
