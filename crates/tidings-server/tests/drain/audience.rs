//! Clients that do what a browser's `EventSource` does: they read, wait as long as `retry:` says, and come back with
//! what they read last.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use serde_json::Value;
use tokio::runtime::Runtime;
use tokio::sync::{Semaphore, mpsc};

use crate::hub::{PATIENCE, now};
use crate::streams::{Manner, Refused, SseEvent, Stream, Version};

const PATH: &str = "/api/sse/stream?channels=news";
/// Handshakes at a time.
const OPENING_MAX: usize = 64;
/// What a browser waits where nobody told it anything.
const RETRY_DEFAULT_MS: u64 = 3_000;

/// What one of them met, and when.
#[derive(Clone, Debug)]
pub struct Told {
    pub who: usize,
    pub at: Instant,
    pub what: What,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    Asked,
    Connected,
    News(u64),
    Gap,
    Closing { reason: String, reconnect: bool, retry_ms: u64 },
    Ended,
    Refused(String),
}

impl What {
    pub fn is_closing(&self) -> bool {
        matches!(self, Self::Closing { .. })
    }
}

pub struct Audience {
    // Dropped with its tasks before the channel's end that they tell.
    runtime: Runtime,
    told: mpsc::UnboundedReceiver<Told>,
    pub heard: Vec<Told>,
    pub count: usize,
    stall_ms: Arc<AtomicU64>,
}

impl Audience {
    /// So many, all of them connected; every fourth on HTTP/2.
    pub fn seat(address: SocketAddr, count: usize) -> Self {
        let runtime = Runtime::new().expect("a runtime");
        let (tell, told) = mpsc::unbounded_channel();
        let opening = Arc::new(Semaphore::new(OPENING_MAX));
        for who in 0..count {
            let version = if who % 4 == 3 { Version::Http2 } else { Version::Http1 };
            let reader = Reader { who, address, version, tell: tell.clone(), cursor: String::new() };
            runtime.spawn(reader.attend(Arc::clone(&opening)));
        }
        let stall_ms = Arc::new(AtomicU64::new(0));
        runtime.spawn(watch_for_stalls(Arc::clone(&stall_ms)));
        let mut audience = Self { runtime, told, heard: Vec::new(), count, stall_ms };
        audience.wait_for(count, |what| *what == What::Connected);
        audience
    }

    /// Listens until so many of what was heard in all are of this kind.
    #[track_caller]
    pub fn wait_for(&mut self, count: usize, of: impl Fn(&What) -> bool) {
        let mut seen = self.number(&of);
        while seen < count {
            let next =
                self.runtime.block_on(async { tokio::time::timeout(PATIENCE, self.told.recv()).await });
            let Ok(Some(told)) = next else {
                panic!("{seen} of {count}, then silence: {:?}", self.heard.last())
            };
            seen += usize::from(of(&told.what));
            self.heard.push(told);
        }
    }

    /// The longest time for which those who wait for nothing but the clock were kept waiting.
    pub fn longest_stall(&self) -> Duration {
        Duration::from_millis(self.stall_ms.load(Ordering::Relaxed))
    }

    pub fn forget_stalls(&self) {
        self.stall_ms.store(0, Ordering::Relaxed);
    }

    pub fn number(&self, of: impl Fn(&What) -> bool) -> usize {
        self.heard.iter().filter(|told| of(&told.what)).count()
    }

    /// The moments at which things of a kind happened, from `since` on, in order.
    pub fn moments(&self, since: Instant, of: impl Fn(&What) -> bool) -> Vec<Instant> {
        let wanted = self.heard.iter().filter(|told| told.at >= since && of(&told.what));
        let mut moments: Vec<_> = wanted.map(|told| told.at).collect();
        moments.sort_unstable();
        moments
    }

    /// The news that each of them read, in its order.
    pub fn news(&self) -> Vec<Vec<u64>> {
        let mut news = vec![Vec::new(); self.count];
        for told in &self.heard {
            if let What::News(n) = told.what {
                news[told.who].push(n);
            }
        }
        news
    }
}

async fn watch_for_stalls(longest_ms: Arc<AtomicU64>) {
    const TICK: Duration = Duration::from_millis(10);
    loop {
        let asleep = now();
        tokio::time::sleep(TICK).await;
        let late = asleep.elapsed().saturating_sub(TICK);
        longest_ms.fetch_max(late.as_millis() as u64, Ordering::Relaxed);
    }
}

struct Reader {
    who: usize,
    address: SocketAddr,
    version: Version,
    tell: mpsc::UnboundedSender<Told>,
    cursor: String,
}

impl Reader {
    async fn attend(mut self, opening: Arc<Semaphore>) {
        let first = opening.acquire_owned().await;
        let mut first = Some(first);
        let mut retry_ms = RETRY_DEFAULT_MS;
        loop {
            self.tell(What::Asked);
            let cursor = self.cursor.clone();
            let headers = [("last-event-id", cursor.as_str())];
            let manner = Manner::polite(self.version);
            match Stream::open(self.address, manner, PATH, &headers).await {
                Ok(mut stream) => {
                    while let Some(event) = stream.next().await {
                        self.take(&event, stream.retry_ms());
                        // It is in: the next may knock.
                        first = None;
                    }
                    self.tell(What::Ended);
                    retry_ms = stream.retry_ms().unwrap_or(retry_ms);
                }
                Err(Refused::Io(error)) => self.tell(What::Refused(error)),
                Err(Refused::Status(status, _, _)) => self.tell(What::Refused(status.to_string())),
            }
            drop(first.take());
            tokio::time::sleep(Duration::from_millis(retry_ms)).await;
        }
    }

    fn take(&mut self, event: &SseEvent, retry_ms: Option<u64>) {
        self.cursor.clone_from(&event.id);
        let data: Value = serde_json::from_str(&event.data).expect("JSON");
        self.tell(match event.ty.as_str() {
            "connected" => What::Connected,
            "gap" => What::Gap,
            "refused" => What::Refused(data["status"].to_string()),
            "closing" => What::Closing {
                reason: data["reason"].as_str().unwrap_or_default().to_owned(),
                reconnect: data["reconnect"] == true,
                retry_ms: retry_ms.unwrap_or_default(),
            },
            _ => What::News(data.as_u64().expect("a number")),
        });
    }

    fn tell(&self, what: What) {
        let _ = self.tell.send(Told { who: self.who, at: now(), what });
    }
}
