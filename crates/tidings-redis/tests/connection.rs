//! One connection against a Redis that goes away in every way there is.

mod server;

use std::sync::LazyLock;
use std::time::Duration;

use redis::{Value, cmd};
use server::{Server, free_port, until};
use tidings_redis::connection::{CallError, Connection, ConnectionOptions, Greeting, Script};
use tokio::time::Instant;

const BOUND: Duration = Duration::from_secs(10);

static ECHO: LazyLock<Script> = LazyLock::new(|| Script::new("return {KEYS[1], ARGV[1]}"));

fn greeting() -> Greeting {
    Greeting { scripts: vec![&ECHO], ..Greeting::default() }
}

fn open(server: &Server) -> Connection {
    Connection::open(&ConnectionOptions::new(server.url()), greeting()).expect("a URL")
}

async fn ping(connection: &Connection) -> Result<Value, CallError> {
    connection.call(&cmd("PING"), 250).await
}

async fn echo(connection: &Connection) -> Result<Value, CallError> {
    connection.run(&ECHO, &[b"{k}"], &[b"\0\r\n"], 250).await
}

#[tokio::test]
async fn scripts_run_also_where_redis_forgot_them() {
    let server = Server::start();
    let connection = open(&server);
    let answer = Value::Array(vec![Value::BulkString(b"{k}".into()), Value::BulkString(b"\0\r\n".into())]);
    assert_eq!(echo(&connection).await, Ok(answer.clone()));
    server.cli(&["SCRIPT", "FLUSH"]);
    assert_eq!(echo(&connection).await, Ok(answer.clone()));
    assert_eq!(echo(&connection).await, Ok(answer));
}

#[tokio::test]
async fn where_nobody_listens_nothing_is_sent_and_the_answer_comes_at_once() {
    let options = ConnectionOptions::new(format!("redis://127.0.0.1:{}", free_port()));
    let connection = Connection::open(&options, Greeting::default()).expect("a URL");
    until("it is known", BOUND, async || connection.trouble().is_some()).await;
    let since = Instant::now();
    for _ in 0..100 {
        assert!(ping(&connection).await.expect_err("away").is_not_sent());
    }
    assert!(since.elapsed() < Duration::from_secs(5), "{:?}", since.elapsed());
    assert!(!connection.is_up());
}

#[tokio::test]
async fn a_killed_redis_is_noticed_without_a_call_and_found_again() {
    let mut server = Server::start();
    let connection = open(&server);
    let first = connection.up_after(0).await;
    server.kill();
    until("it is noticed", BOUND, async || !connection.is_up()).await;
    until("calls fail at once", BOUND, async || ping(&connection).await.is_err_and(|e| e.is_not_sent()))
        .await;
    server.restart();
    let took = until("it is back", BOUND, async || ping(&connection).await.is_ok()).await;
    assert!(took < Duration::from_secs(3), "{took:?}");
    assert!(connection.up_after(first).await > first);
    assert!(echo(&connection).await.is_ok(), "the scripts are there again");
}

#[tokio::test]
async fn a_stopped_redis_is_unknown_then_away_and_every_call_keeps_its_deadline() {
    let server = Server::start();
    let connection = open(&server);
    ping(&connection).await.expect("there");
    server.pause();
    let (mut unknown, mut not_sent) = (0, 0);
    let stopped = Instant::now();
    while stopped.elapsed() < Duration::from_secs(3) {
        let since = Instant::now();
        match ping(&connection).await.expect_err("stopped") {
            CallError::Unknown { .. } => unknown += 1,
            CallError::NotSent { .. } => not_sent += 1,
        }
        assert!(since.elapsed() < Duration::from_millis(750), "{:?}", since.elapsed());
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    assert_eq!(unknown, 3, "the breaker opened after the third");
    assert!(not_sent > 10, "{not_sent}");
    server.go_on();
    until("it is back", BOUND, async || ping(&connection).await.is_ok()).await;
}

#[tokio::test]
async fn a_connection_that_redis_closed_is_made_again() {
    let server = Server::start();
    let connection = open(&server);
    ping(&connection).await.expect("there");
    for _ in 0..5 {
        server.cli(&["CLIENT", "KILL", "TYPE", "normal"]);
        until("it is back", BOUND, async || ping(&connection).await.is_ok()).await;
    }
}

#[tokio::test]
async fn refusals_are_told_from_errors_of_which_nobody_knows_what_was_done() {
    let server = Server::start();
    let connection = open(&server);
    server.cli(&["CONFIG", "SET", "maxmemory", "1"]);
    let set = connection.call(cmd("SET").arg("a").arg("b"), 250).await;
    let Err(CallError::NotSent { why, .. }) = set else { panic!("{set:?}") };
    assert!(why.starts_with("OOM"), "{why}");
    server.cli(&["CONFIG", "SET", "maxmemory", "0"]);
    let wrong = connection.call(cmd("HGET").arg("a"), 250).await;
    assert!(matches!(wrong, Err(CallError::Unknown { .. })), "{wrong:?}");

    server.cli(&["REPLICAOF", "127.0.0.1", "1"]);
    let set = connection.call(cmd("SET").arg("a").arg("b"), 250).await;
    let Err(CallError::NotSent { why, .. }) = set else { panic!("{set:?}") };
    assert!(why.starts_with("READONLY"), "{why}");
    server.cli(&["REPLICAOF", "NO", "ONE"]);
    until("it is a master again", BOUND, async || {
        connection.call(cmd("SET").arg("a").arg("b"), 250).await.is_ok()
    })
    .await;
}

#[tokio::test]
async fn many_calls_share_the_connection_and_each_has_its_own_answer() {
    let server = Server::start();
    let connection = open(&server);
    let calls = (0..5_000).map(|n| {
        let connection = connection.clone();
        tokio::spawn(async move {
            let answer = connection.call(cmd("ECHO").arg(n), 5_000).await;
            assert_eq!(answer, Ok(Value::BulkString(n.to_string().into_bytes())));
        })
    });
    for call in calls.collect::<Vec<_>>() {
        call.await.expect("its own answer");
    }
    let clients = server.cli(&["CLIENT", "LIST", "TYPE", "normal"]);
    assert_eq!(clients.lines().count(), 2, "and redis-cli: {clients}");
}

#[tokio::test]
async fn the_last_clone_closes_it() {
    let server = Server::start();
    let connection = open(&server);
    let clone = connection.clone();
    drop(connection);
    ping(&clone).await.expect("there");
    drop(clone);
    until("it is closed", BOUND, async || {
        server.cli(&["CLIENT", "LIST", "TYPE", "normal"]).lines().count() == 1
    })
    .await;
}

#[test]
fn what_is_no_url_is_refused() {
    for url in ["", "127.0.0.1:6379", "http://127.0.0.1", "redis://"] {
        assert!(Connection::open(&ConnectionOptions::new(url), Greeting::default()).is_err(), "{url}");
    }
}
