//! How often an address or a user may come, and what is taken in no other way.

use std::io::Read;
use std::net::{SocketAddr, TcpStream};

use serde_json::json;
use socket2::{Domain, Socket, Type};

use crate::http::{Answer, get, publish, send, send_at};
use crate::hub::{PATIENCE, now};
use crate::server::Server;
use crate::sse::{EVENT_SOURCE, Stream};

/// Who says so may say where it comes from.
const PROXY: (&str, &str) = ("TIDINGS_SERVER_TRUSTED_PROXIES", "127.0.0.1");
const ELSEWHERE: (&str, &str) = ("x-forwarded-for", "198.51.100.1");
const PER_IP: &str = "TIDINGS_LIMITS_REQUESTS_PER_SECOND_PER_IP";
const PER_USER: &str = "TIDINGS_LIMITS_REQUESTS_PER_SECOND_PER_USER";
const SOCKETS_PER_IP: &str = "TIDINGS_LIMITS_SOCKETS_PER_SECOND_PER_IP";

/// Asks until it is refused: a machine may be so slow that a rate is never reached in one go.
#[track_caller]
fn refused(ask: impl Fn() -> Answer) -> Answer {
    let start = now();
    loop {
        let answer = ask();
        if answer.status == 429 {
            return answer;
        }
        assert!(start.elapsed() < PATIENCE, "never refused: {answer:?}");
    }
}

fn asked_from<'a>(hub: &'a Server, address: &'a str) -> impl Fn() -> Answer + 'a {
    move || send(hub, "GET", "/api/sse/stats", &[("x-forwarded-for", address)], "")
}

#[test]
fn an_address_that_asks_too_often_is_told_when_to_come_again_and_no_other_is() {
    let hub = Server::with(&[(PER_IP, "2"), PROXY]);
    let answer = refused(asked_from(&hub, "198.51.100.1"));
    let problem = answer.problem(429);
    assert_eq!(
        (problem["limit_name"].as_str(), problem["limit"].as_u64()),
        (Some("limits.requests_per_second_per_ip"), Some(2))
    );
    assert_eq!(answer.header("retry-after"), Some("1"));
    assert!(problem["retry_after_ms"].as_u64().is_some_and(|ms| (1..=501).contains(&ms)), "{problem}");
    assert_eq!(asked_from(&hub, "198.51.100.2")().status, 200, "another address");
    let metrics = hub.get("/metrics");
    let line = "tidings_rate_refusals_total{limit=\"limits.requests_per_second_per_ip\"} ";
    let count = metrics.lines().find_map(|found| found.strip_prefix(line)?.parse::<u64>().ok());
    assert!(count >= Some(1), "{metrics}");
}

#[test]
fn an_address_that_asks_too_often_is_refused_on_every_path() {
    let hub = Server::with(&[(PER_IP, "1"), PROXY]);
    let page = send(&hub, "GET", "/admin/monitoring", &[("accept", "text/html"), ELSEWHERE], "").body;
    let assets = page.split('"').filter_map(|word| word.strip_prefix("./monitoring/app-"));
    let assets = assets.map(|name| format!("/admin/monitoring/app-{name}"));
    let paths = ["/", "/assets/tidings.css", "/assets/live.js", "/nowhere", "/admin/login", "/metrics"];
    let paths = paths.map(str::to_owned).into_iter().chain(assets);
    let preflight = [("origin", "http://localhost:5173"), ("access-control-request-method", "POST")];
    let asked = paths.map(|path| ("GET", path, &[][..]));
    let asked: Vec<_> = asked.chain([("OPTIONS", "/api/sse/publish".to_owned(), &preflight[..])]).collect();
    assert!(asked.len() >= 9, "the monitor's own are among them: {asked:?}");
    for (place, (method, path, more)) in asked.iter().enumerate() {
        let from = format!("198.51.100.{}", place + 10);
        let headers = [&[("x-forwarded-for", from.as_str())], *more].concat();
        let problem = refused(|| send(&hub, method, path, &headers, "")).problem(429);
        assert_eq!(problem["limit_name"], "limits.requests_per_second_per_ip", "{method} {path}");
    }
}

#[test]
fn a_page_of_an_allowed_origin_can_read_that_it_has_to_wait() {
    let hub = Server::with(&[(PER_IP, "1"), PROXY]);
    let page = "http://localhost:5173";
    let headers = [ELSEWHERE, ("origin", page)];
    let answer = refused(|| send(&hub, "GET", "/api/sse/stats", &headers, ""));
    assert_eq!(answer.header("access-control-allow-origin"), Some(page));
    let exposed = answer.header("access-control-expose-headers").map(str::to_ascii_lowercase);
    assert!(exposed.is_some_and(|names| names.contains("retry-after")), "{answer:?}");
}

#[test]
fn a_request_counts_once() {
    let hub = Server::with(&[(PER_IP, "20"), PROXY]);
    // All at once, as far as the machine does it: half of them would be refused if each counted twice.
    let refused = (0..20).filter(|_| send(&hub, "GET", "/api/sse/stats", &[ELSEWHERE], "").status == 429);
    assert_eq!(refused.count(), 0);
}

#[test]
fn whoever_leaves_or_looks_after_the_hub_is_never_told_to_wait() {
    let hub = Server::with(&[(PER_IP, "1"), PROXY]);
    let stream = Stream::open_with(&hub, "channels=a", &[ELSEWHERE]);
    refused(asked_from(&hub, ELSEWHERE.1));
    for _ in 0..5 {
        for path in ["/health", "/ready"] {
            assert_eq!(send(&hub, "GET", path, &[ELSEWHERE], "").status, 200);
        }
    }
    assert_eq!(send(&hub, "POST", "/api/sse/disconnect", &[ELSEWHERE], stream.connection_id()).status, 204);
}

#[test]
fn an_event_source_is_told_as_a_stream_that_ends() {
    let hub = Server::with(&[(PER_IP, "1"), PROXY]);
    let headers = [&EVENT_SOURCE[..], &[ELSEWHERE]].concat();
    let start = now();
    loop {
        let mut stream = Stream::ask(&hub, "channels=a", &headers);
        assert_eq!(stream.status, 200);
        if stream.event().0 == "refused" {
            break;
        }
        assert!(start.elapsed() < PATIENCE, "never refused");
    }
}

#[test]
fn a_user_that_asks_too_often_waits_wherever_it_is() {
    let hub = Server::guarded(&[(PER_USER, "2"), PROXY], "");
    let bearer = |user| format!("Bearer {}", hub.token(&["--user", user, "--publish", "a"]));
    let (ada, bob) = (bearer("ada"), bearer("bob"));
    let ask = |bearer: &str, from: &str| {
        let headers =
            [("authorization", bearer), ("x-forwarded-for", from), ("content-type", "application/json")];
        send(&hub, "POST", "/api/sse/publish", &headers, "{\"channel\":\"a\",\"data\":1}")
    };
    let froms = ["198.51.100.1", "198.51.100.2", "198.51.100.3"];
    let turn = std::cell::Cell::new(0);
    let problem = refused(|| {
        turn.set(turn.get() + 1);
        ask(&ada, froms[turn.get() % froms.len()])
    })
    .problem(429);
    assert_eq!(problem["limit_name"], "limits.requests_per_second_per_user");
    assert_eq!(ask(&bob, froms[0]).status, 200, "another user");
}

#[test]
fn an_address_that_knocks_too_often_finds_the_door_shut() {
    let hub = Server::with(&[(SOCKETS_PER_IP, "5")]);
    let start = now();
    let mut shut = 0;
    while shut == 0 {
        let sockets: Vec<_> = (0..20).map(|_| knock(&hub)).collect();
        shut = sockets.iter().filter(|io| is_shut(io)).count();
        assert!(start.elapsed() < PATIENCE, "all are let in");
    }
    assert_eq!(get(&hub, "/health").status, 200, "another address");
    let trusting = Server::with(&[(SOCKETS_PER_IP, "1"), PROXY]);
    for _ in 0..20 {
        assert_eq!(get(&trusting, "/health").status, 200, "those of a proxy are its clients'");
    }
}

/// From another of this machine's own addresses than the fixture's.
fn knock(hub: &Server) -> TcpStream {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket");
    socket.bind(&SocketAddr::from(([127, 0, 0, 2], 0)).into()).expect("its own address");
    socket.connect(&hub.address().into()).expect("the kernel accepts");
    socket.into()
}

/// Within a moment: one that is let in is kept for the time of a head.
fn is_shut(mut io: &TcpStream) -> bool {
    io.set_read_timeout(Some(std::time::Duration::from_millis(100))).expect("a timeout");
    match io.read(&mut [0; 1]) {
        Ok(n) => n == 0,
        Err(error) => !matches!(error.kind(), std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut),
    }
}

#[test]
fn a_full_house_closes_the_door_and_opens_it_again() {
    const MOST: usize = 10;
    let hub =
        Server::with(&[("TIDINGS_LIMITS_SOCKETS", "10"), ("TIDINGS_STREAM_HEADER_TIMEOUT_MS", "60000")]);
    let mut held: Vec<_> = (0..MOST - 1).map(|_| Stream::open(&hub, "channels=a")).collect();
    hub.wait_for_sockets(MOST as u64 - 1);
    held.push(Stream::open(&hub, "channels=a"));
    let beyond = TcpStream::connect(hub.address()).expect("the kernel accepts");
    assert!(is_shut(&beyond), "the eleventh");
    held.truncate(1);
    // The door opens when those who left are seen to have left.
    let start = now();
    while is_shut(&TcpStream::connect(hub.address()).expect("the kernel accepts")) {
        assert!(start.elapsed() < PATIENCE, "it stays shut");
    }
    publish(&hub, &json!({"channel": "a", "data": 1})).ok();
    held[0].expect("message");
    let refused = hub.stats()["connections"]["refused_total"]["full"].as_u64();
    assert!(refused >= Some(1), "{refused:?}");
}

#[test]
fn a_full_house_keeps_room_for_operators_and_collectors() {
    const MOST: usize = 10;
    /// Half of the files that are kept.
    const KEPT: usize = 32;
    let hub = Server::with(&[
        ("TIDINGS_LIMITS_SOCKETS", "10"),
        ("TIDINGS_STREAM_HEADER_TIMEOUT_MS", "60000"),
        ("TIDINGS_SERVER_ADMIN_LISTEN", "127.0.0.1:0"),
        ("TIDINGS_SERVER_METRICS_LISTEN", "127.0.0.1:0"),
    ]);
    let (admin, metrics) = (hub.other_address("admin"), hub.other_address("metrics"));
    let held: Vec<_> = (0..MOST).map(|_| Stream::open(&hub, "channels=a")).collect();
    let knock_at = |address: &str| TcpStream::connect(address).expect("the kernel accepts");
    assert!(is_shut(&knock_at(&hub.address().to_string())), "the public door of a full house");
    for (address, path) in [(&admin, "/api/sse/stats"), (&admin, "/health"), (&metrics, "/metrics")] {
        assert_eq!(send_at(address, "GET", path, &[], "").status, 200, "{path} of a full house");
    }
    // As many as are kept, and no more.
    let start = now();
    let mut theirs = Vec::new();
    while theirs.len() < KEPT {
        let io = knock_at(if theirs.len() % 2 == 0 { &admin } else { &metrics });
        if !is_shut(&io) {
            theirs.push(io);
        }
        assert!(start.elapsed() < PATIENCE, "{} of {KEPT} are let in", theirs.len());
    }
    for address in [&admin, &metrics] {
        assert!(is_shut(&knock_at(address)), "beyond what is kept");
    }
    drop(theirs);
    // Who asked is told, when those who left are seen to have left.
    let start = now();
    while is_shut(&knock_at(&admin)) {
        assert!(start.elapsed() < PATIENCE, "it stays shut");
    }
    drop(held);
    hub.wait_for_active(0);
}

#[test]
fn a_body_that_would_have_to_be_unpacked_is_refused_on_every_path() {
    let hub = Server::start();
    let bomb = "not even looked at";
    for path in ["/api/sse/publish", "/api/sse/disconnect", "/api/sse/revocations", "/api/sse/subscriptions"]
    {
        for coding in ["gzip", "br", "deflate", "zstd", "identity, gzip", "GZIP"] {
            let headers = [("content-encoding", coding), ("content-type", "application/json")];
            let answer = send(&hub, "POST", path, &headers, bomb);
            answer.problem_saying(415, "without Content-Encoding");
            assert_eq!(answer.header("accept-encoding"), Some("identity"), "{path} {coding}");
        }
    }
    let headers = [("content-encoding", "Identity"), ("content-type", "application/json")];
    assert_eq!(
        send(&hub, "POST", "/api/sse/publish", &headers, "{\"channel\":\"a\",\"data\":1}").status,
        200
    );
}
