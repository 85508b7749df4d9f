//! Hubs that share a Redis, and what is asked of them.

use http::Method;
use serde_json::{Value, json};
use tokio::task::block_in_place;
use tokio::time::{Duration, timeout};

use crate::hub::{Hub, PATIENCE};
use crate::redis::Server;
use crate::streams::{Answer, Manner, SseEvent, Stream, Version, request};

/// What makes Redis keep every event that it acknowledged.
pub(crate) const KEPT: [&str; 6] = ["--save", "", "--appendonly", "yes", "--appendfsync", "always"];

pub(crate) struct Scene {
    pub(crate) redis: Server,
    pub(crate) hubs: Vec<Hub>,
    /// By which the hubs tell each other, if not by that of the log.
    pub(crate) fan_out: Vec<Server>,
    /// What each hub is told besides where Redis is: in its environment, and in its file.
    settings: Settings,
}

pub(crate) type Settings = (Vec<(&'static str, &'static str)>, String);

impl Scene {
    pub(crate) fn start(hubs: usize) -> Self {
        Self::over(Server::start(), hubs)
    }

    pub(crate) fn over(redis: Server, hubs: usize) -> Self {
        Self::of(redis, hubs, Settings::default())
    }

    /// With further settings, from the environment and from a file.
    pub(crate) fn configured(
        redis: Server,
        hubs: usize,
        settings: &[(&'static str, &'static str)],
        toml: &str,
    ) -> Self {
        Self::of(redis, hubs, (settings.to_vec(), toml.to_owned()))
    }

    /// With these settings for each hub.
    pub(crate) fn of(redis: Server, hubs: usize, settings: Settings) -> Self {
        Self::told_by(Vec::new(), redis, hubs, settings)
    }

    /// Where the hubs tell each other by these, if there are any.
    pub(crate) fn told_by(fan_out: Vec<Server>, redis: Server, hubs: usize, mut settings: Settings) -> Self {
        let urls: Vec<_> = fan_out.iter().map(Server::url).collect();
        settings.1 = format!("engine.fan_out_urls = {urls:?}\n{}", settings.1);
        let mut scene = Self { redis, hubs: Vec::new(), fan_out, settings };
        (0..hubs).for_each(|_| scene.add_hub());
        scene
    }

    /// Hubs that check tokens, which may stand in the query.
    pub(crate) fn guarded(hubs: usize, settings: &[(&'static str, &'static str)]) -> Self {
        let redis = Server::start();
        let url = redis.url();
        let mut environment = vec![
            ("TIDINGS_ENGINE_KIND", "redis"),
            ("TIDINGS_ENGINE_URL", &*url),
            ("TIDINGS_AUTH_QUERY_TOKEN", "true"),
        ];
        environment.extend(settings);
        let hubs = block_in_place(|| (0..hubs).map(|_| Hub::start_guarded(&environment, "")).collect());
        let scene = Self { redis, hubs, fan_out: Vec::new(), settings: Settings::default() };
        block_in_place(|| {
            let runtime = tokio::runtime::Handle::current();
            (0..scene.hubs.len()).for_each(|hub| runtime.block_on(scene.until_ready(hub)));
        });
        scene
    }

    /// Another hub, once it is ready.
    pub(crate) fn add_hub(&mut self) {
        let url = self.redis.url();
        self.add_hub_at(&url);
        let hub = self.hubs.len() - 1;
        block_in_place(|| tokio::runtime::Handle::current().block_on(self.until_ready(hub)));
    }

    /// Another hub, for which Redis is there.
    pub(crate) fn add_hub_at(&mut self, url: &str) {
        let (environment, file) = &self.settings;
        let engine = [("TIDINGS_ENGINE_KIND", "redis"), ("TIDINGS_ENGINE_URL", url)];
        let environment: Vec<_> = engine.iter().chain(environment).copied().collect();
        let hub = block_in_place(|| Hub::start_with_file(&environment, file));
        self.hubs.push(hub);
    }

    pub(crate) async fn until_ready(&self, hub: usize) {
        let ready = async {
            while self.ask(hub, Method::GET, "/ready", "").await.status != 200 {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        timeout(PATIENCE, ready).await.expect("ready in time");
    }

    pub(crate) async fn ask(&self, hub: usize, method: Method, path: &str, body: &str) -> Answer {
        request(self.hubs[hub].address(), method, path, body).await.expect("an answer")
    }

    /// Publishes a number, and answers what the hub did.
    pub(crate) async fn publish(&self, hub: usize, channel: &str, n: usize) -> Value {
        let answer = self.try_publish(hub, &json!({ "channel": channel, "data": n })).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.json()
    }

    pub(crate) async fn try_publish(&self, hub: usize, event: &Value) -> Answer {
        self.ask(hub, Method::POST, "/api/sse/publish", &event.to_string()).await
    }

    /// A stream, of which `connected` was read.
    pub(crate) async fn listen(&self, hub: usize, channels: &str, cursor: Option<&str>) -> (Stream, Value) {
        let path = format!("/api/sse/stream?channels={channels}");
        let headers: Vec<_> = cursor.map(|cursor| ("last-event-id", cursor)).into_iter().collect();
        let polite = Manner::polite(Version::Http1);
        let opened = Stream::open(self.hubs[hub].address(), polite, &path, &headers).await;
        let mut stream = opened.unwrap_or_else(|refused| panic!("{refused:?}"));
        let connected = stream.expect().await;
        assert_eq!(connected.ty, "connected");
        (stream, serde_json::from_str(&connected.data).expect("JSON"))
    }

    /// The cluster as a hub tells of it, once it is as wished.
    pub(crate) async fn until_cluster(&self, hub: usize, wished: impl Fn(&Value) -> bool) -> Value {
        self.until(hub, "/api/sse/stats", |stats| wished(&stats["cluster"])).await["cluster"].take()
    }

    /// What a hub answers to a `GET`, once it is as wished.
    pub(crate) async fn until(&self, hub: usize, path: &str, wished: impl Fn(&Value) -> bool) -> Value {
        let mut last = Value::Null;
        let seen = async {
            loop {
                last = self.ask(hub, Method::GET, path, "").await.json();
                if wished(&last) {
                    return;
                }
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        let seen = timeout(PATIENCE, seen).await;
        assert!(seen.is_ok(), "{last}");
        last
    }

    /// All is left as it was: the books balance, and every hub ends in order.
    pub(crate) fn close(mut self) {
        block_in_place(|| {
            for hub in &mut self.hubs {
                hub.wait_for_stats(|stats| stats["connections"]["active"] == 0);
                hub.assert_books_balance();
                assert!(hub.stop().success());
            }
        });
    }
}

/// The next so many events, with their cursors.
pub(crate) async fn take(stream: &mut Stream, count: usize) -> Vec<(String, String)> {
    let mut taken = Vec::new();
    for _ in 0..count {
        let SseEvent { id, ty, data, .. } = stream.expect().await;
        assert!(ty.is_empty() || ty == "message", "{ty}: {data}");
        taken.push((id, data));
    }
    taken
}
