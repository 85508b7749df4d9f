//! Redis in more than one piece: a cluster whose slots move, and Sentinels that say who is the master.

mod hub;
mod server;

use std::process::{Child, Command, Stdio};
use std::time::Duration;

use hub::{BOUND, Hub};
use server::{Server, free_port, until};
use tidings_redis::RedisOptions;

const META: &str = "tidings{log}:meta";

fn node() -> Server {
    // The bus of a cluster is 10,000 above the port, unless told.
    let bus = free_port().to_string();
    Server::start_with(&["--save", "", "--cluster-enabled", "yes", "--cluster-port", &bus])
}

/// Two nodes, of which the first has the log's slot, and neither ever none: such a node would become a replica.
async fn cluster() -> (Server, Server) {
    let (a, b) = (node(), node());
    a.cli(&["CLUSTER", "ADDSLOTSRANGE", "0", "16000"]);
    b.cli(&["CLUSTER", "ADDSLOTSRANGE", "16001", "16383"]);
    let bus = b.cli(&["CONFIG", "GET", "cluster-port"]);
    let bus = bus.lines().last().expect("a port");
    a.cli(&["CLUSTER", "MEET", "127.0.0.1", &b.port().to_string(), bus]);
    for node in [&a, &b] {
        until("they know each other", BOUND, async || {
            let info = node.cli(&["CLUSTER", "INFO"]);
            info.contains("cluster_state:ok") && info.contains("cluster_known_nodes:2")
        })
        .await;
    }
    (a, b)
}

/// Moves the log's slot, as `redis-cli --cluster reshard` does: key by key, while it is in use.
async fn move_slot(from: &Server, to: &Server) {
    let slot = from.cli(&["CLUSTER", "KEYSLOT", META]);
    let (source, target) = (from.cli(&["CLUSTER", "MYID"]), to.cli(&["CLUSTER", "MYID"]));
    to.cli(&["CLUSTER", "SETSLOT", &slot, "IMPORTING", &source]);
    from.cli(&["CLUSTER", "SETSLOT", &slot, "MIGRATING", &target]);
    loop {
        let keys = from.cli(&["CLUSTER", "GETKEYSINSLOT", &slot, "2"]);
        let keys: Vec<&str> = keys.lines().filter(|key| !key.is_empty()).collect();
        if keys.is_empty() {
            break;
        }
        let port = to.port().to_string();
        let mut command = vec!["MIGRATE", "127.0.0.1", &port, "", "0", "5000", "KEYS"];
        command.extend(keys);
        from.cli(&command);
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    for node in [to, from] {
        node.cli(&["CLUSTER", "SETSLOT", &slot, "NODE", &target]);
    }
}

async fn follows_its_slot(is_sharded: bool) {
    let (a, b) = cluster().await;
    let options = |server| RedisOptions { is_sharded, ..hub::options(server) };
    // One begins at the node that has the log, one at the other.
    let (mut first, mut second) = (Hub::with(options(&a)).await, Hub::with(options(&b)).await);
    let (mut from, mut to) = (&a, &b);
    let epoch = first.reader.at.epoch;
    for _ in 0..3 {
        for _ in 0..50 {
            first.publish().await.expect("published");
            second.publish().await.expect("published");
        }
        let publishing = async {
            let mut refused = 0;
            for _ in 0..200 {
                if first.publish().await.is_err() {
                    refused += 1;
                }
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            refused
        };
        let (refused, ()) = tokio::join!(publishing, move_slot(from, to));
        println!("{refused} of 200 refused while the slot moved");
        (from, to) = (to, from);
        let (head, took) = second.publish_at_last().await;
        assert!(took < Duration::from_secs(2), "{took:?}");
        let (head, _) = if head.epoch == epoch { first.publish_at_last().await } else { panic!("{head:?}") };
        for hub in [&mut first, &mut second] {
            hub.reach(head).await;
        }
        first.assert_has_what_was_acknowledged_to(&second);
        second.assert_has_what_was_acknowledged_to(&first);
        assert_eq!(head.epoch, epoch, "nothing was lost");
        assert_eq!(first.reader.entries.len() as u64, head.seq, "and nothing is half there");
        assert_eq!(first.reader.entries, second.reader.entries);
    }
}

#[tokio::test]
async fn in_a_cluster_the_log_is_found_and_followed_when_its_slot_moves() {
    follows_its_slot(false).await;
}

#[tokio::test]
async fn on_the_sharded_bus_too() {
    follows_its_slot(true).await;
}

struct Sentinel {
    child: Child,
    port: u16,
    _dir: tempfile::TempDir,
}

impl Sentinel {
    fn start(master: &Server) -> Self {
        let dir = tempfile::tempdir().expect("a directory");
        let (file, port) = (dir.path().join("sentinel.conf"), free_port());
        let settings = format!(
            "port {port}\nbind 127.0.0.1\ndir {}\nsentinel monitor mymaster 127.0.0.1 {} 1\n\
             sentinel down-after-milliseconds mymaster 500\nsentinel failover-timeout mymaster 3000\n",
            dir.path().display(),
            master.port(),
        );
        std::fs::write(&file, settings).expect("written");
        let mut command = Command::new("redis-server");
        command.arg(&file).arg("--sentinel").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        Self { child: command.spawn().expect("redis-server is installed"), port, _dir: dir }
    }

    fn cli(&self, arguments: &[&str]) -> String {
        let output = Command::new("redis-cli").args(["-p", &self.port.to_string()]).args(arguments).output();
        String::from_utf8_lossy(&output.expect("redis-cli runs").stdout).into_owned()
    }
}

impl Drop for Sentinel {
    fn drop(&mut self) {
        _ = self.child.kill();
        _ = self.child.wait();
    }
}

#[tokio::test]
async fn behind_sentinels_the_master_of_now_is_found() {
    let mut master = Server::start();
    let replica = Server::start();
    replica.cli(&["REPLICAOF", "127.0.0.1", &master.port().to_string()]);
    let sentinel = Sentinel::start(&master);
    until("the Sentinel knows both", BOUND, async || {
        sentinel.cli(&["SENTINEL", "MASTER", "mymaster"]).contains("num-slaves\n1")
    })
    .await;
    // The first that is named is not there.
    let url = format!("redis+sentinel://127.0.0.1:{},127.0.0.1:{}/mymaster", free_port(), sentinel.port);
    let options = RedisOptions { append_ms: 500, ..RedisOptions::new(url) };
    let (mut a, mut b) = (Hub::with(options.clone()).await, Hub::with(options).await);
    for _ in 0..20 {
        a.publish().await.expect("published");
    }
    until("the replica has it", BOUND, async || replica.cli(&["HGET", META, "seq"]) == "20").await;
    master.kill();
    let (head, took) = a.publish_at_last().await;
    println!("published again after {took:?}");
    assert_eq!(head.epoch, a.acknowledged[0].0.epoch, "the replica had everything");
    b.reach(head).await;
    b.assert_has_what_was_acknowledged_to(&a);
    assert_eq!(replica.cli(&["HGET", META, "seq"]), head.seq.to_string(), "there, and not elsewhere");
}
