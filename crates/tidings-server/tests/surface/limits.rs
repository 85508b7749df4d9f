//! Limits on connections: who is refused, with what, and who makes room.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;

use serde_json::{Value, json};

use crate::http::{Answer, get, post, send};
use crate::hub::{PATIENCE, now};
use crate::server::Server;
use crate::sse::{EVENT_SOURCE, Stream};

fn refused(hub: &Server, query: &str) -> Answer {
    get(hub, &format!("/api/sse/stream?{query}"))
}

#[track_caller]
fn limit(problem: &Value) -> (&str, u64) {
    (problem["limit_name"].as_str().expect("a name"), problem["limit"].as_u64().expect("a number"))
}

#[test]
fn a_users_limit_says_which_connections_hold_it() {
    let hub = Server::with(&[("TIDINGS_LIMITS_CONNECTIONS_PER_USER", "2"), ("TIDINGS_CLUSTER_NODE", "n1")]);
    let one = Stream::open(&hub, "channels=a&user=ada");
    let two = Stream::open(&hub, "channels=a&user=ada");
    let answer = refused(&hub, "channels=a&user=ada");
    let problem = answer.problem(429);
    assert!(answer.header("retry-after").is_some_and(|after| after.parse::<u64>().is_ok()));
    assert_eq!(limit(&problem), ("limits.connections_per_user", 2));
    let held_by = problem["held_by"].as_array().expect("a list");
    let ids: Vec<_> = held_by.iter().map(|held| held["id"].as_str().expect("an id")).collect();
    assert_eq!(ids, [one.id(), two.id()], "public ids, the oldest first");
    for held in held_by {
        assert_eq!(held["node"], "n1");
        assert!(held["since"].as_u64().is_some_and(|since| since > 1_600_000_000_000), "{held}");
    }
    assert!(!answer.body.contains(one.connection_id()) && !answer.body.contains("connection_id"));
    // Another user, and nobody at all.
    let _bob = Stream::open(&hub, "channels=a&user=bob");
    let _nobody: Vec<_> = (0..5).map(|_| Stream::open(&hub, "channels=a")).collect();
    assert_eq!(hub.stats()["connections"]["refused_total"]["limit"], 1);
    // A place that is free is free at once.
    post(&hub, "/api/sse/disconnect", one.connection_id());
    Stream::open(&hub, "channels=a&user=ada");
}

#[test]
fn an_address_has_so_many_sockets_and_no_more() {
    const SOCKETS: usize = 2 * 3 + 64;
    // For those by which the hub is asked.
    const ROOM: usize = 8;
    let settings =
        [("TIDINGS_LIMITS_CONNECTIONS_PER_IP", "3"), ("TIDINGS_STREAM_HEADER_TIMEOUT_MS", "60000")];
    let hub = Server::with(&settings);
    let connect = |_| TcpStream::connect(hub.address()).expect("the kernel accepts");
    let idle: Vec<_> = (0..SOCKETS - ROOM).map(connect).collect();
    hub.wait_for_sockets(idle.len() as u64);
    let mut last = Stream::open(&hub, "channels=a");
    let beyond: Vec<_> = (0..2 * ROOM).map(connect).collect();
    let start = now();
    while beyond.iter().filter(|io| is_closed(io)).count() <= ROOM {
        assert!(start.elapsed() < PATIENCE, "all are let in");
    }
    drop(beyond);
    drop(idle);
    publish_once_let_in(&hub);
    last.expect("message");
    hub.wait_for_stats(|stats| stats["connections"]["refused_total"]["limit"].as_u64() >= Some(1));
    drop(last);
    hub.wait_for_sockets(0);
    // Those of a proxy are its clients'.
    let trusting =
        Server::with(&[settings[0], settings[1], ("TIDINGS_SERVER_TRUSTED_PROXIES", "127.0.0.0/8")]);
    let connect = |_| TcpStream::connect(trusting.address()).expect("the kernel accepts");
    let _idle: Vec<_> = (0..=SOCKETS).map(connect).collect();
    trusting.wait_for_sockets(SOCKETS as u64 + 1);
}

fn is_closed(mut io: &TcpStream) -> bool {
    io.set_nonblocking(true).expect("a socket");
    match io.read(&mut [0; 1]) {
        Ok(n) => n == 0,
        Err(error) => error.kind() != ErrorKind::WouldBlock,
    }
}

/// The sockets that were closed are gone from the hub a moment later.
fn publish_once_let_in(hub: &Server) {
    let body = "{\"channel\":\"a\",\"data\":1}";
    let request = format!(
        "POST /api/sse/publish HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    let start = now();
    loop {
        let mut io = TcpStream::connect(hub.address()).expect("the hub listens");
        let mut answer = String::new();
        let _ = io.write_all(request.as_bytes());
        if io.read_to_string(&mut answer).is_ok_and(|n| n > 0) {
            return assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        }
        assert!(start.elapsed() < PATIENCE, "never let in");
    }
}

#[test]
fn a_clients_own_ghost_is_never_in_its_way() {
    let hub = Server::with(&[("TIDINGS_LIMITS_CONNECTIONS_PER_USER", "1")]);
    let mut ghost = Stream::open(&hub, "channels=a&user=ada&client_id=tab");
    let _back = Stream::open(&hub, "channels=a&user=ada&client_id=tab");
    assert_eq!(ghost.expect_closing("superseded")["reconnect"], false);
    refused(&hub, "channels=a&user=ada&client_id=other").problem(429);
    assert_eq!(hub.active(), 1);
    let per_ip = Server::with(&[("TIDINGS_LIMITS_CONNECTIONS_PER_IP", "1")]);
    let _ghost = Stream::open(&per_ip, "channels=a&client_id=tab");
    let _back = Stream::open(&per_ip, "channels=a&client_id=tab");
    assert_eq!(per_ip.active(), 1);
}

#[test]
fn the_oldest_makes_room_where_the_operator_wants_it() {
    let hub = Server::with(&[
        ("TIDINGS_LIMITS_CONNECTIONS_PER_USER", "2"),
        ("TIDINGS_LIMITS_ON_FULL", "replace_oldest"),
    ]);
    let mut oldest = Stream::open(&hub, "channels=a&user=ada");
    let _second = Stream::open(&hub, "channels=a&user=ada");
    let _third = Stream::open(&hub, "channels=a&user=ada");
    assert_eq!(oldest.expect_closing("limit")["reconnect"], false);
    assert_eq!(hub.active(), 2);
    assert_eq!(hub.stats()["connections"]["closed_total"]["limit"], 1);
}

#[test]
fn a_browser_that_made_room_is_stopped_from_taking_it_back() {
    let hub = Server::with(&[
        ("TIDINGS_LIMITS_CONNECTIONS_PER_USER", "1"),
        ("TIDINGS_LIMITS_ON_FULL", "replace_oldest"),
    ]);
    let mut oldest = Stream::open(&hub, "channels=a&user=ada&client_id=old");
    let _newer = Stream::open(&hub, "channels=a&user=ada&client_id=new");
    oldest.expect_closing("limit");
    assert_eq!(Stream::ask(&hub, "channels=a&user=ada&client_id=old", &EVENT_SOURCE).status, 204);
    assert_eq!(hub.active(), 1);
}

#[test]
fn an_address_has_a_limit_and_a_site_behind_a_proxy_is_not_one_address() {
    let hub = Server::with(&[
        ("TIDINGS_LIMITS_CONNECTIONS_PER_IP", "1"),
        ("TIDINGS_SERVER_TRUSTED_PROXIES", "127.0.0.1"),
    ]);
    let from = |address: &str| Stream::ask(&hub, "channels=a", &[("x-forwarded-for", address)]);
    let held: Vec<_> = ["198.51.100.1", "198.51.100.2", "6.6.6.6, 198.51.100.3"].map(from).into();
    assert!(held.iter().all(|stream| stream.status == 200));
    assert_eq!(from("198.51.100.2").status, 429);
    assert_eq!(from("198.51.100.9, 198.51.100.3").status, 429, "the rightmost that no proxy has");
    let rows = get(&hub, "/api/sse/connections").ok();
    let remote = rows["connections"][0]["remote"].as_str().expect("an address").to_owned();
    assert_eq!(remote, "198.51.100.1", "the port is the proxy's");
    assert_eq!(rows["connections"][0]["proof"]["to"], "proxy");

    let trusting_nobody = Server::with(&[("TIDINGS_LIMITS_CONNECTIONS_PER_IP", "1")]);
    let _one = Stream::open_with(&trusting_nobody, "channels=a", &[("x-forwarded-for", "198.51.100.1")]);
    let headers = [("x-forwarded-for", "198.51.100.2")];
    let problem = send(&trusting_nobody, "GET", "/api/sse/stream?channels=a", &headers, "").problem(429);
    assert_eq!(limit(&problem), ("limits.connections_per_ip", 1));
}

#[test]
fn a_customer_of_ipv6_is_a_network_and_not_an_address() {
    let proxies = ("TIDINGS_SERVER_TRUSTED_PROXIES", "127.0.0.1");
    let hub = Server::with(&[("TIDINGS_LIMITS_CONNECTIONS_PER_IP", "1"), proxies]);
    let from = |hub: &Server, ip: &str| Stream::ask(hub, "channels=a", &[("x-forwarded-for", ip)]);
    let one = from(&hub, "2001:db8:1:2::1");
    assert_eq!(one.status, 200);
    assert_eq!(from(&hub, "2001:db8:1:2:ffff::9").status, 429, "the same /64");
    let (other, mapped) = (from(&hub, "2001:db8:1:3::1"), from(&hub, "::ffff:198.51.100.1"));
    assert_eq!((other.status, mapped.status), (200, 200));
    assert_eq!(from(&hub, "198.51.100.1").status, 429, "the address that it maps");
    let rows = get(&hub, "/api/sse/connections").ok();
    let remote = rows["connections"][0]["remote"].as_str().expect("an address").to_owned();
    assert_eq!(remote, "2001:db8:1:2::1", "shown whole");

    let hub = Server::with(&[("TIDINGS_LIMITS_ACCEPTS_PER_SECOND", "1"), proxies]);
    let mut taken = (0..20).map(|n| from(&hub, &format!("2001:db8:1:2::{n}")).status);
    assert!(taken.any(|status| status == 429), "twenty addresses of one network within a second");
    assert_eq!(from(&hub, "2001:db8:1:3::1").status, 200);
}

#[test]
fn a_full_node_is_a_503() {
    let hub = Server::with(&[("TIDINGS_LIMITS_CONNECTIONS", "1")]);
    let _one = Stream::open(&hub, "channels=a");
    let answer = refused(&hub, "channels=a");
    assert_eq!(limit(&answer.problem(503)), ("limits.connections", 1));
    assert!(answer.header("retry-after").is_some());
    assert_eq!(hub.stats()["connections"]["refused_total"]["full"], 1);
}

#[test]
fn an_address_that_opens_streams_too_fast_is_told_when_to_come_again() {
    let hub = Server::with(&[("TIDINGS_LIMITS_ACCEPTS_PER_SECOND", "1")]);
    let answer = (0..20).map(|_| refused_or_open(&hub)).find(|stream| stream.status == 429);
    let refused = answer.expect("twenty within a second");
    assert!(crate::http::header(&refused.headers, "retry-after").is_some());
    assert!(hub.stats()["connections"]["refused_total"]["rate"].as_u64() >= Some(1));
}

fn refused_or_open(hub: &Server) -> Stream {
    Stream::ask(hub, "channels=a", &[])
}

#[test]
fn channels_of_one_connection_have_a_limit() {
    let hub = Server::with(&[("TIDINGS_LIMITS_CHANNELS_PER_CONNECTION", "2")]);
    Stream::open(&hub, "channels=a,b,a");
    let problem = refused(&hub, "channels=a,b,c").problem(400);
    assert_eq!(limit(&problem), ("limits.channels_per_connection", 2));
    let many = (0..101).map(|n| n.to_string()).collect::<Vec<_>>().join(",");
    let by_default = Server::start();
    let problem = get(&by_default, &format!("/api/sse/stream?channels={many}")).problem(400);
    assert_eq!(limit(&problem), ("limits.channels_per_connection", 100));
}

#[test]
fn two_tabs_with_one_id_do_not_throw_each_other_out_for_ever() {
    let hub = Server::start();
    let mut streams: Vec<_> =
        (0..4).map(|_| Stream::open(&hub, "channels=a&user=ada&client_id=tab")).collect();
    assert_eq!(hub.active(), 1, "three times within ten seconds");
    streams.push(Stream::open(&hub, "channels=a&user=ada&client_id=tab"));
    assert_eq!(hub.active(), 2, "then both stand, and both count");
    assert_eq!(hub.stats()["connections"]["closed_total"]["superseded"], 3);
    let users = get(&hub, "/api/sse/users").ok();
    assert_eq!(users["users"], json!([{ "user": "ada", "connections": 2, "limit": 8 }]));
}

#[test]
fn a_client_id_is_its_users_own() {
    let hub = Server::start();
    let _ada = Stream::open(&hub, "channels=a&user=ada&client_id=tab");
    let _bob = Stream::open(&hub, "channels=a&user=bob&client_id=tab");
    assert_eq!(hub.active(), 2);
    assert_eq!(hub.stats()["connections"]["closed_total"]["superseded"], 0);
}
