//! Redis in more than one piece: a cluster whose slots move, and a Sentinel that says who is the master.

use std::process::{Child, Command, Stdio};
use std::time::Duration;

use super::{Server, free_port, until};

const BOUND: Duration = Duration::from_secs(15);
/// A key of the log, whose slot is that of all of them.
pub(crate) const META: &str = "tidings{log}:meta";

fn cluster_node() -> Server {
    // The bus of a cluster is 10,000 above the port, unless told.
    let bus = free_port().to_string();
    Server::start_with(&["--save", "", "--cluster-enabled", "yes", "--cluster-port", &bus])
}

/// Two nodes, of which the first has the log's slot, and neither ever none: such a node would become a replica.
pub(crate) async fn cluster() -> (Server, Server) {
    let (a, b) = (cluster_node(), cluster_node());
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
pub(crate) async fn move_slot(from: &Server, to: &Server) {
    move_slot_of(META, from, to, Duration::from_millis(5)).await;
}

/// Moves a key's slot, with such a pause after each of the keys there.
pub(crate) async fn move_slot_of(key: &str, from: &Server, to: &Server, pause: Duration) {
    let slot = from.cli(&["CLUSTER", "KEYSLOT", key]);
    let (source, target) = (from.cli(&["CLUSTER", "MYID"]), to.cli(&["CLUSTER", "MYID"]));
    to.cli(&["CLUSTER", "SETSLOT", &slot, "IMPORTING", &source]);
    from.cli(&["CLUSTER", "SETSLOT", &slot, "MIGRATING", &target]);
    loop {
        let keys = from.cli(&["CLUSTER", "GETKEYSINSLOT", &slot, "1"]);
        if keys.is_empty() {
            break;
        }
        let port = to.port().to_string();
        from.cli(&["MIGRATE", "127.0.0.1", &port, &keys, "0", "5000"]);
        tokio::time::sleep(pause).await;
    }
    for node in [to, from] {
        node.cli(&["CLUSTER", "SETSLOT", &slot, "NODE", &target]);
    }
}

/// A Sentinel that alone decides who is the master of the name `mymaster`.
pub(crate) struct Sentinel {
    child: Child,
    pub(crate) port: u16,
    _dir: tempfile::TempDir,
}

impl Sentinel {
    pub(crate) fn start(master: &Server) -> Self {
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

    pub(crate) fn cli(&self, arguments: &[&str]) -> String {
        let output = Command::new("redis-cli").args(["-p", &self.port.to_string()]).args(arguments).output();
        String::from_utf8_lossy(&output.expect("redis-cli runs").stdout).into_owned()
    }
}

/// A replica that is to take over from a master, and the Sentinel that lets it.
pub(crate) struct Behind {
    pub(crate) replica: Server,
    pub(crate) sentinel: Sentinel,
}

impl Behind {
    pub(crate) async fn of(master: &Server) -> Self {
        let replica = Server::start();
        // The first copy is not kept waiting for other replicas to come.
        master.cli(&["CONFIG", "SET", "repl-diskless-sync-delay", "0"]);
        replica.cli(&["REPLICAOF", "127.0.0.1", &master.port().to_string()]);
        until("the master knows it", BOUND, async || {
            master.cli(&["INFO", "replication"]).contains("connected_slaves:1")
        })
        .await;
        // It asks the master as it starts, and not again for ten seconds.
        let sentinel = Sentinel::start(master);
        until("the Sentinel knows both", BOUND, async || {
            sentinel.cli(&["SENTINEL", "MASTER", "mymaster"]).contains("num-slaves\n1")
        })
        .await;
        Self { replica, sentinel }
    }

    pub(crate) fn url(&self) -> String {
        format!("redis+sentinel://127.0.0.1:{}/mymaster", self.sentinel.port)
    }

    /// The replica stands still, and what the master is told from here on never reaches it.
    pub(crate) fn cut_off(&self, master: &Server) {
        self.replica.pause();
        master.cli(&["CLIENT", "KILL", "TYPE", "replica"]);
    }
}

impl Drop for Sentinel {
    fn drop(&mut self) {
        _ = self.child.kill();
        _ = self.child.wait();
    }
}
