//! Which Redis a hub starts on, as whom, and over what.

mod hub;

mod server;
mod told;

use hub::Hub;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use server::{Server, free_port};
use tidings_core::conformance::{Sample, offer};
use tidings_core::engine::{Engine, Head};
use tidings_core::quota::{Beat, Incarnation, Leases};
use tidings_core::roster::Roster;
use tidings_redis::connection::ConnectionOptions;
use tidings_redis::{Advice, LeaseOptions, RedisEngine, RedisLeases, RedisOptions, Unfit};
use told::{channel, here};

async fn open(server: &Server) -> Result<Vec<Advice>, Unfit> {
    RedisEngine::open(hub::options(server)).await.map(|(_, advice)| advice)
}

#[tokio::test]
async fn where_keys_could_be_evicted_it_refuses_and_says_how_to_set_that() {
    let server = Server::start();
    for policy in ["allkeys-lru", "volatile-ttl", "allkeys-random"] {
        server.cli(&["CONFIG", "SET", "maxmemory", "100mb", "maxmemory-policy", policy]);
        let unfit = open(&server).await.expect_err("refused");
        assert!(matches!(&unfit, Unfit::Evicts { policy: told } if **told == *policy), "{unfit:?}");
        assert!(unfit.to_string().contains("CONFIG SET maxmemory-policy noeviction"), "{unfit}");
    }
    server.cli(&["CONFIG", "SET", "maxmemory-policy", "noeviction"]);
    open(&server).await.expect("a bound is no harm");
    server.cli(&["CONFIG", "SET", "maxmemory", "0", "maxmemory-policy", "allkeys-lru"]);
    open(&server).await.expect_err("a bound that is set tomorrow would evict");
}

#[tokio::test]
async fn what_is_not_on_disk_is_warned_of() {
    let server = Server::start();
    assert_eq!(open(&server).await, Ok(vec![Advice::KeepsNothing]));
    assert!(Advice::KeepsNothing.to_string().contains("CONFIG SET appendonly yes"));
    server.cli(&["CONFIG", "SET", "save", "60 1"]);
    assert_eq!(open(&server).await, Ok(vec![Advice::KeepsSnapshots]));
    server.cli(&["CONFIG", "SET", "appendonly", "yes"]);
    assert_eq!(open(&server).await, Ok(vec![]));
}

#[tokio::test]
async fn where_nobody_answers_it_says_so() {
    let options = RedisOptions::new(format!("redis://127.0.0.1:{}", free_port()));
    let Err(Unfit::Away(error)) = RedisEngine::open(options).await.map(|_| ()) else { panic!("not there") };
    assert!(error.is_not_sent(), "{error}");
    for url in ["localhost", "http://localhost"] {
        let unfit = RedisEngine::new(RedisOptions::new(url)).err();
        assert!(matches!(unfit, Some(Unfit::Url(_))), "{unfit:?}");
    }
    for url in ["http://user:secret@localhost", "redis://user:secret@local host", "rediss://:secret@:1:2"] {
        let unfit = RedisEngine::new(RedisOptions::new(url)).err().expect("no URL").to_string();
        assert!(!unfit.contains("secret"), "{unfit}");
    }
    let braces = RedisOptions { prefix: "{a}".to_owned(), ..RedisOptions::new("redis://127.0.0.1") };
    assert!(matches!(RedisEngine::new(braces).err(), Some(Unfit::Prefix { .. })));
}

/// The rule that the crate's documentation gives.
fn rule_of_the_documentation() -> Vec<String> {
    let lines = include_str!("../src/lib.rs").lines();
    let mut rule = lines
        .skip_while(|line| !line.contains("ACL SETUSER tidings "))
        .map(|line| line.trim_start_matches("//!").trim());
    let words: Vec<String> = rule
        .by_ref()
        .take_while(|line| !line.starts_with("```"))
        .flat_map(|line| line.split_whitespace())
        .map(str::to_owned)
        .collect();
    assert!(words.len() > 20, "{words:?}");
    words
}

fn with_user(server: &Server, words: &[String]) -> RedisOptions {
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    server.cli(&words);
    RedisOptions::new(format!("redis://tidings:password@127.0.0.1:{}", server.port()))
}

#[tokio::test]
async fn a_user_that_may_do_what_the_documentation_lists_may_do_everything() {
    let server = Server::start();
    for is_sharded in [false, true] {
        let options = with_user(&server, &rule_of_the_documentation());
        let mut hub =
            Hub::with(RedisOptions { is_sharded, sweep_ms: 50, total_bytes: 3_000, ..options }).await;
        let mut sample = Sample::new(5);
        for _ in 0..50 {
            hub.engine.append(None, sample.offers(10, 10)).await.expect("appended");
        }
        let head = hub.publish().await.expect("published");
        hub.reach(head).await;
        hub.engine.sweep().await.expect("swept");
        hub.engine.secret([7; 32]).await.expect("agreed");
        hub.engine.report(&here("one.0")).await.expect("told");
        hub.engine.peers().await.expect("peers");
        hub.engine.rows("one.0").await.expect("rows");
        hub.engine.present(&channel("c")).await.expect("who is there");
        let known = Head { seq: head.seq + 1, ..head };
        let anew = hub.engine.append(Some(known), vec![offer("c", "1", None, None, hub::EVERYTHING)]).await;
        assert_ne!(anew.expect("appended").epoch, head.epoch);
        server.cli(&["SCRIPT", "FLUSH"]);
        hub.engine.read(0).await.expect("read");
    }
    let url = with_user(&server, &rule_of_the_documentation()).connection.url;
    let leases = RedisLeases::new(LeaseOptions::new(url)).expect("a URL");
    let incarnation = Incarnation::new(leases.inbox(), 1);
    let beat = Beat {
        incarnation: incarnation.clone(),
        node: "a hub".into(),
        is_first: true,
        instead_of: None,
        floor: 0,
        known: 0,
        lease_ms: 1_000,
        at_ms: 0,
    };
    leases.beat(0, beat).await.expect("kept");
    assert_eq!(leases.list(0).await.expect("told").len(), 1);
    leases.leave(0, incarnation).await.expect("left");
    let log = server.cli(&["ACL", "LOG"]);
    assert!(log.trim().is_empty(), "something was refused: {log}");
}

#[tokio::test]
async fn a_user_that_may_not_do_it_all_is_refused_before_anything_is_half_done() {
    let rule = rule_of_the_documentation();
    // What greets, reads the settings, or is for the sharded bus.
    let others = ["+hello", "+ping", "+subscribe", "+spublish", "+ssubscribe", "+info", "+config|get"];
    let needed = rule.iter().filter(|word| word.starts_with('+') && !others.contains(&&***word));
    assert!(needed.clone().count() >= 20);
    for missing in needed {
        let server = Server::start();
        let words: Vec<String> = rule.iter().filter(|word| *word != missing).cloned().collect();
        let mut options = with_user(&server, &words);
        options.connection.connect_ms = 3_000;
        let unfit = RedisEngine::open(options).await.map(|_| ()).expect_err(missing);
        let is_told = matches!(unfit, Unfit::Forbidden { .. }) || unfit.to_string().contains("NoPerm");
        assert!(is_told, "{missing}: {unfit}");
    }
    let server = Server::start();
    let words: Vec<String> =
        rule.iter().filter(|word| !["+info", "+config|get"].contains(&&***word)).cloned().collect();
    let options = with_user(&server, &words);
    let advice = RedisEngine::open(options).await.expect("it can work").1;
    assert_eq!(advice, [Advice::CannotTell]);
}

#[tokio::test]
async fn a_wrong_password_is_said_to_be_one() {
    let server = Server::start();
    server.cli(&["CONFIG", "SET", "requirepass", "right"]);
    let of = |who: &str| RedisOptions::new(format!("redis://{who}127.0.0.1:{}", server.port()));
    let wrong = RedisEngine::open(of(":wrong@")).await.map(|_| ()).expect_err("refused");
    assert!(wrong.to_string().to_lowercase().contains("password"), "{wrong}");
    assert!(!wrong.to_string().contains("wrong@"), "no secret is told: {wrong}");
    RedisEngine::open(of("")).await.map(|_| ()).expect_err("refused");
    RedisEngine::open(of(":right@")).await.map(|_| ()).expect("let in");
}

struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).expect("parameters");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().expect("a key");
        Self(CertifiedIssuer::self_signed(params, key).expect("an authority"))
    }

    /// A Redis that speaks TLS alone on a second port, for this name.
    fn server(&self, name: &str) -> (Server, u16) {
        let dir = tempfile::tempdir().expect("a directory");
        let params = CertificateParams::new(vec![name.to_owned()]).expect("parameters");
        let key = KeyPair::generate().expect("a key");
        let certificate = params.signed_by(&key, &self.0).expect("a certificate");
        let (key_file, certificate_file) = (dir.path().join("key.pem"), dir.path().join("certificate.pem"));
        std::fs::write(&key_file, key.serialize_pem()).expect("written");
        std::fs::write(&certificate_file, certificate.pem()).expect("written");
        let path = |path: &std::path::Path| path.to_str().expect("a path").to_owned();
        let (key_file, certificate_file) = (path(&key_file), path(&certificate_file));
        let port = free_port();
        let arguments = [
            "--save",
            "",
            "--tls-port",
            &port.to_string(),
            "--tls-auth-clients",
            "no",
            "--tls-key-file",
            &key_file,
            "--tls-cert-file",
            &certificate_file,
            "--tls-ca-cert-file",
            &certificate_file,
        ];
        (Server::start_in(dir, &arguments), port)
    }

    fn options(&self, host: &str, port: u16) -> RedisOptions {
        let mut options = RedisOptions::new(format!("rediss://{host}:{port}"));
        options.connection.ca_pem = Some(self.0.pem().into_bytes());
        options
    }
}

#[tokio::test]
async fn tls_is_spoken_to_whom_the_authority_names_and_to_nobody_else() {
    let authority = Authority::new();
    let (server, port) = authority.server("localhost");
    let mut hub = Hub::with(authority.options("localhost", port)).await;
    for _ in 0..100 {
        let head = hub.publish().await.expect("published");
        hub.reach(head).await;
    }
    drop(hub);
    let refused = async |options| RedisEngine::open(options).await.map(|_| ()).expect_err("refused");
    let other_name = refused(authority.options("127.0.0.1", port)).await;
    assert!(matches!(other_name, Unfit::Away(_)), "{other_name:?}");
    let other_authority = refused(Authority::new().options("localhost", port)).await;
    assert!(matches!(other_authority, Unfit::Away(_)), "{other_authority:?}");
    let connection = ConnectionOptions::new(format!("rediss://localhost:{port}"));
    let the_machines = refused(RedisOptions { connection, ..RedisOptions::new("") }).await;
    assert!(matches!(the_machines, Unfit::Away(_)), "{the_machines:?}");
    let no_tls_there = refused(authority.options("localhost", server.port())).await;
    assert!(matches!(no_tls_there, Unfit::Away(_)), "{no_tls_there:?}");
}
