//! Many different streams that stay, and others that come and go beside them.

use std::collections::VecDeque;
use std::io::{self, BufRead, Write};
use std::net::{Ipv4Addr, SocketAddr};
use std::os::fd::AsRawFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::runtime::Runtime;
use tokio::task::JoinHandle;
use tokio::time::{Instant, MissedTickBehavior};

use crate::sys;

const OPENING_MAX: usize = 256;
const SOURCE_ADDRESSES: u64 = 16;
const CHANNELS: u64 = 500;
const KINDS: [&str; 3] = ["display", "client", "board"];
const STAY: Duration = Duration::from_secs(1);
const TICK: Duration = Duration::from_millis(10);
const READ_BYTES: usize = 512;

/// What a crowd can be told, one JSON object a line.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Order {
    /// Open this many that stay.
    Open { streams: u64 },
    /// From now on so many come each second, and each leaves after one.
    Churn { per_second: u64 },
    /// Nobody comes any more, and all who came to leave have left.
    Calm,
}

/// What were opened and closed since the start; or why nothing else will be.
#[derive(Debug, Serialize)]
#[serde(rename_all = "snake_case")]
enum Report {
    Done { opened: u64, closed: u64 },
    Failed { why: String },
}

/// `tidings-bench crowd`.
#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    /// Hub that they come to; on the loopback
    #[arg(long)]
    target: SocketAddr,
}

/// Obeys until standard input ends. The streams come from 127.0.1.1 and so on.
pub(crate) fn run(args: &Args) -> io::Result<()> {
    if !args.target.ip().is_loopback() {
        return Err(io::Error::other(format!("{} is not on this machine's loopback", args.target)));
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let crowd = Arc::new(Crowd { target: args.target, opened: AtomicU64::new(0), closed: AtomicU64::new(0) });
    let mut staying = Vec::new();
    let mut churning = None;
    for line in io::stdin().lock().lines() {
        let order = serde_json::from_str(&line?).map_err(io::Error::other)?;
        let report = match obey(&runtime, &crowd, order, &mut staying, &mut churning) {
            Ok(()) => crowd.report(),
            Err(error) => Report::Failed { why: error.to_string() },
        };
        let mut output = io::stdout().lock();
        serde_json::to_writer(&mut output, &report)?;
        output.write_all(b"\n")?;
        output.flush()?;
    }
    Ok(())
}

type Churning = (tokio::sync::oneshot::Sender<()>, JoinHandle<io::Result<()>>);

fn obey(
    runtime: &Runtime,
    crowd: &Arc<Crowd>,
    order: Order,
    staying: &mut Vec<Stream>,
    churning: &mut Option<Churning>,
) -> io::Result<()> {
    match order {
        Order::Open { streams } => staying.extend(runtime.block_on(crowd.open(streams))?),
        Order::Churn { per_second } => {
            let (calm, calmed) = tokio::sync::oneshot::channel();
            let crowd = Arc::clone(crowd);
            *churning = Some((calm, runtime.spawn(async move { crowd.churn(per_second, calmed).await })));
        }
        Order::Calm => {
            if let Some((calm, churn)) = churning.take() {
                // It has ended by itself where a stream was refused.
                let _ = calm.send(());
                runtime.block_on(churn).map_err(io::Error::other)??;
            }
        }
    }
    Ok(())
}

struct Crowd {
    target: SocketAddr,
    opened: AtomicU64,
    closed: AtomicU64,
}

/// Read for as long as it is held.
struct Stream(JoinHandle<()>);

impl Crowd {
    fn report(&self) -> Report {
        let [opened, closed] = [&self.opened, &self.closed].map(|count| count.load(Ordering::Relaxed));
        Report::Done { opened, closed }
    }

    async fn open(self: &Arc<Self>, streams: u64) -> io::Result<Vec<Stream>> {
        let mut opened = Vec::new();
        let mut opening = tokio::task::JoinSet::new();
        for _ in 0..streams {
            if opening.len() == OPENING_MAX {
                opened.extend(joined(&mut opening).await?);
            }
            let crowd = Arc::clone(self);
            opening.spawn(async move { crowd.come().await });
        }
        while let Some(stream) = joined(&mut opening).await? {
            opened.push(stream);
        }
        Ok(opened)
    }

    /// As many leave as come, the oldest first; in the end all.
    async fn churn(
        self: Arc<Self>,
        per_second: u64,
        mut calmed: tokio::sync::oneshot::Receiver<()>,
    ) -> io::Result<()> {
        let mut passing: VecDeque<(Instant, JoinHandle<io::Result<Stream>>)> = VecDeque::new();
        let mut ticks = tokio::time::interval(TICK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
        let began = Instant::now();
        let mut come = 0;
        loop {
            let calm = tokio::select! {
                _ = &mut calmed => true,
                _ = ticks.tick() => false,
            };
            let due = began.elapsed().as_millis() as u64 * per_second / 1_000;
            for _ in come..if calm { come } else { due } {
                let crowd = Arc::clone(&self);
                passing.push_back((Instant::now(), tokio::spawn(async move { crowd.come().await })));
            }
            come = due;
            while let Some((_, stream)) = passing.pop_front_if(|(since, _)| calm || since.elapsed() >= STAY) {
                drop(stream.await.map_err(io::Error::other)??);
                self.closed.fetch_add(1, Ordering::Relaxed);
            }
            if calm {
                return Ok(());
            }
        }
    }

    async fn come(&self) -> io::Result<Stream> {
        let number = self.opened.fetch_add(1, Ordering::Relaxed);
        let source = Ipv4Addr::new(127, 0, 1, 1 + (number % SOURCE_ADDRESSES) as u8);
        let socket = TcpSocket::new_v4()?;
        sys::choose_port_at_connect(socket.as_raw_fd())?;
        socket.bind((source, 0).into())?;
        let mut stream = socket.connect(self.target).await?;
        let kind = KINDS[(number % KINDS.len() as u64) as usize];
        let channel = number % CHANNELS;
        let request = format!(
            "GET /api/sse/stream?channels=room:{channel}&type={kind}&user=user-{number} HTTP/1.1\r\nHost: {}\r\n\r\n",
            self.target
        );
        stream.write_all(request.as_bytes()).await?;
        greeted(&mut stream).await?;
        Ok(Stream(tokio::spawn(read(stream))))
    }
}

async fn joined(opening: &mut tokio::task::JoinSet<io::Result<Stream>>) -> io::Result<Option<Stream>> {
    opening.join_next().await.map(|stream| stream.map_err(io::Error::other)?).transpose()
}

async fn greeted(stream: &mut TcpStream) -> io::Result<()> {
    let mut head = Vec::new();
    while !head.windows(4).any(|four| four == b"\r\n\r\n") {
        if stream.read_buf(&mut head).await? == 0 {
            return Err(io::Error::other("the hub closed a stream before it answered"));
        }
    }
    if head.starts_with(b"HTTP/1.1 200 ") {
        return Ok(());
    }
    Err(io::Error::other(format!("a stream was refused: {}", String::from_utf8_lossy(&head))))
}

/// Unread bytes would one day stall it, and make its close a reset.
async fn read(mut stream: TcpStream) {
    let mut buffer = [0; READ_BYTES];
    while matches!(stream.read(&mut buffer).await, Ok(1..)) {}
}

impl Drop for Stream {
    fn drop(&mut self) {
        self.0.abort();
    }
}
