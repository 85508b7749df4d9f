//! Several desks in one process, on one Redis, and those who come and go at them.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};
use tidings::quota::{Asking, Desk, DeskOptions, Evidence, OnFull, Place, Refusal};
use tidings_redis::{LeaseOptions, RedisLeases};
use tokio::sync::RwLock;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};

use crate::server::Server;

pub(crate) const LEASE: Duration = Duration::from_millis(800);
const SWEEP: Duration = Duration::from_millis(400);
pub(crate) const LIMIT: u32 = 3;
const USERS: u32 = 8;
const CLIENTS: u32 = 6;
const NODES: usize = 3;

/// For so long may somebody be refused for one that has gone: as long as a hub that can't tell keeps its lease, and what
/// a busy machine takes.
const MEMORY: Duration = Duration::from_millis(1_600);

/// What counts of all users: of each its connections, under the leases that live.
const COUNT: &str = "local out = {} \
    for _, key in ipairs(redis.call('KEYS', 'tidings{q*}:u:*')) do \
      local part, user = string.match(key, '^(tidings{q%d+}:)u:(.*)$') \
      local clock = redis.call('HGET', part .. 'nodes', 'clock') \
      if clock then \
        local last, ahead = string.match(clock, '^(%d+) (-?%d+)$') \
        local t = redis.call('TIME') \
        local now = math.max(tonumber(last), t[1] * 1000 + math.floor(t[2] / 1000) + ahead) \
        local held = redis.call('HGETALL', key) \
        for at = 1, #held, 2 do \
          local lease = redis.call('HGET', part .. 'nodes', held[at]) \
          if lease and tonumber(string.match(lease, '^%d+')) > now then \
            for connection in string.gmatch(held[at + 1], '\\n[^\\n]*\\n([^\\n]*)\\n%d+\\n%d+\\n%d') do \
              out[#out + 1] = user .. ' ' .. connection \
            end \
          end \
        end \
      end \
    end \
    return table.concat(out, '|')";

/// One who is here.
struct Guest {
    user: Arc<str>,
    client: Option<Arc<str>>,
    _place: Place,
}

type Guests = Arc<Mutex<HashMap<Arc<str>, Guest>>>;

pub(crate) struct Node {
    pub(crate) desk: Desk,
    guests: Guests,
}

/// What came to light.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(crate) admitted: u64,
    pub(crate) refused: u64,
    pub(crate) false_refusals: Vec<String>,
    pub(crate) slowest: Duration,
}

pub(crate) struct Fleet {
    pub(crate) server: Mutex<Server>,
    url: String,
    pub(crate) nodes: Mutex<Vec<Arc<Node>>>,
    /// Written while nobody may come or go.
    traffic: RwLock<()>,
    ended: Mutex<HashMap<Arc<str>, Instant>>,
    serial: Mutex<u64>,
    pub(crate) tally: Mutex<Tally>,
    on_full: OnFull,
}

impl Fleet {
    pub(crate) async fn start(server: Server, on_full: OnFull) -> Arc<Self> {
        let fleet = Arc::new(Self {
            url: server.url(),
            server: Mutex::new(server),
            nodes: Mutex::default(),
            traffic: RwLock::default(),
            ended: Mutex::default(),
            serial: Mutex::default(),
            tally: Mutex::default(),
            on_full,
        });
        for _ in 0..NODES {
            fleet.add();
        }
        fleet
    }

    /// Another hub.
    pub(crate) fn add(self: &Arc<Self>) {
        let name = format!("node-{}", self.next());
        let mut options = LeaseOptions::new(self.url.clone());
        options.connection.connect_ms = 250;
        (options.connection.backoff_ms, options.connection.backoff_ms_max) = (10, 50);
        options.void_ms = 10 * LEASE.as_millis() as u64;
        let leases = RedisLeases::new(options).expect("a URL");
        let guests = Guests::default();
        let (here, fleet) = (Arc::downgrade(&guests), Arc::downgrade(self));
        let options = DeskOptions {
            lease_ms: LEASE.as_millis() as u64,
            sweep_ms: SWEEP.as_millis() as u64,
            on_full: self.on_full,
            ..DeskOptions::new(name)
        };
        let desk = Desk::open(Arc::new(leases), options, move |closing| {
            let (Some(here), Some(fleet)) = (here.upgrade(), fleet.upgrade()) else { return };
            fleet.end(&here, &closing.connection);
        });
        locked(&self.nodes).push(Arc::new(Node { desk, guests }));
    }

    /// A hub goes without a word.
    pub(crate) fn drop_node(&self, at: usize) {
        let node = locked(&self.nodes).remove(at);
        for connection in locked(&node.guests).keys() {
            locked(&self.ended).insert(Arc::clone(connection), Instant::now());
        }
    }

    pub(crate) fn node(&self, dice: &mut SmallRng) -> Arc<Node> {
        let nodes = locked(&self.nodes);
        Arc::clone(&nodes[dice.random_range(0..nodes.len())])
    }

    /// Comes and goes until it is told to stop.
    pub(crate) fn crowd(self: &Arc<Self>, seed: u64) -> JoinHandle<()> {
        let fleet = Arc::clone(self);
        tokio::spawn(async move {
            let mut dice = SmallRng::seed_from_u64(seed);
            loop {
                {
                    let _open = fleet.traffic.read().await;
                    if dice.random_range(0..5) < 3 {
                        fleet.come(&mut dice).await;
                    } else {
                        fleet.go(&mut dice);
                    }
                }
                sleep(Duration::from_millis(dice.random_range(0..12))).await;
            }
        })
    }

    async fn come(&self, dice: &mut SmallRng) {
        let node = self.node(dice);
        let user: Arc<str> = format!("user-{}", dice.random_range(0..USERS)).into();
        let client = dice.random_range(0..CLIENTS);
        let client = (client > 0).then(|| Arc::from(format!("client-{client}")));
        let connection: Arc<str> = format!("c{}", self.next()).into();
        let asking = Asking {
            user: Arc::clone(&user),
            client_id: client.clone(),
            connection: Arc::clone(&connection),
            since_ms: 0,
            limit: LIMIT,
        };
        let since = Instant::now();
        let verdict = node.desk.admit(asking).await;
        let mut tally = locked(&self.tally);
        tally.slowest = tally.slowest.max(since.elapsed());
        match verdict {
            Ok(place) => {
                tally.admitted += 1;
                drop(tally);
                self.enter(&node, connection, Guest { user, client, _place: place });
            }
            Err(Refusal::Limit { held_by, .. }) => {
                tally.refused += 1;
                if let Err(why) = self.is_true(&held_by) {
                    tally.false_refusals.push(format!("{user} at {:?}: {why}", node.desk));
                }
            }
            Err(Refusal::Away) => unreachable!("each judges by itself"),
        }
    }

    /// As the books do it: whoever comes back takes its own place.
    fn enter(&self, node: &Node, connection: Arc<str>, guest: Guest) {
        let mut guests = locked(&node.guests);
        let is_same = |other: &Guest| {
            guest.client.is_some() && other.client == guest.client && other.user == guest.user
        };
        let before: Vec<_> =
            guests.iter().filter(|(_, other)| is_same(other)).map(|(name, _)| Arc::clone(name)).collect();
        guests.insert(connection, guest);
        drop(guests);
        before.iter().for_each(|connection| self.end(&node.guests, connection));
    }

    fn go(&self, dice: &mut SmallRng) {
        let node = self.node(dice);
        let connection = locked(&node.guests).keys().next().cloned();
        if let Some(connection) = connection {
            self.end(&node.guests, &connection);
        }
    }

    fn end(&self, guests: &Guests, connection: &Arc<str>) {
        let guest = locked(guests).remove(connection);
        if guest.is_some() {
            locked(&self.ended).insert(Arc::clone(connection), Instant::now());
        }
    }

    /// Whether those that are named hold the limit, or did lately.
    fn is_true(&self, held_by: &[Evidence]) -> Result<(), String> {
        let clients: BTreeSet<_> = held_by.iter().map(|held| &held.client).collect();
        if clients.len() < LIMIT as usize {
            return Err(format!("only {} hold it", clients.len()));
        }
        let ended = locked(&self.ended);
        let long_gone = held_by
            .iter()
            .find(|held| ended.get(&held.connection).is_some_and(|ended| ended.elapsed() > MEMORY));
        match long_gone {
            None => Ok(()),
            Some(held) => Err(format!("{held:?} went {:?} ago", ended[&held.connection].elapsed())),
        }
    }

    /// With nobody coming or going, waits until the count is what there is, and nobody has too many. How long that took.
    pub(crate) async fn settled(&self, what: &str, bound: Duration) -> Duration {
        let _still = self.traffic.write().await;
        let since = Instant::now();
        loop {
            let (is, counted) = (self.is(), self.counted());
            let is_too_much = is.values().any(|connections| connections.len() > LIMIT as usize);
            if is == counted && !is_too_much {
                return since.elapsed();
            }
            assert!(since.elapsed() < bound, "{what}: there is {is:?}, and counted {counted:?}");
            sleep(Duration::from_millis(10)).await;
        }
    }

    fn is(&self) -> BTreeMap<String, BTreeSet<String>> {
        let mut is = BTreeMap::<String, BTreeSet<String>>::new();
        for node in locked(&self.nodes).iter() {
            for (connection, guest) in locked(&node.guests).iter() {
                is.entry(guest.user.to_string()).or_default().insert(connection.to_string());
            }
        }
        is
    }

    fn counted(&self) -> BTreeMap<String, BTreeSet<String>> {
        let mut counted = BTreeMap::<String, BTreeSet<String>>::new();
        for line in locked(&self.server).cli(&["EVAL", COUNT, "0"]).split('|').filter(|line| !line.is_empty())
        {
            let (user, connection) = line.split_once(' ').expect("two words");
            counted.entry(user.to_owned()).or_default().insert(connection.to_owned());
        }
        counted
    }

    fn next(&self) -> u64 {
        let mut serial = locked(&self.serial);
        *serial += 1;
        *serial
    }
}

pub(crate) fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().expect("whole")
}
