//! The engine in memory, which tests of several hubs use, passes the suite that the one on Redis passes.

#[path = "../../tidings/src/engine/memory.rs"]
#[allow(dead_code, unreachable_pub, missing_docs, reason = "a module of another crate")]
mod memory;

use std::sync::Arc;
use std::time::Duration;

use memory::MemoryEngine;
use tidings_core::conformance::{self, Bench};
use tidings_core::engine::{Answer, Engine};

struct InMemory;

impl Bench for InMemory {
    fn fresh(&self, hubs: usize, total_bytes: usize) -> Answer<'_, Vec<Arc<dyn Engine>>> {
        Box::pin(async move {
            let first = MemoryEngine::new(total_bytes);
            let others: Vec<_> = (1..hubs).map(|_| first.another()).collect();
            let engines = std::iter::once(first).chain(others);
            engines.map(|engine| Arc::new(engine) as Arc<dyn Engine>).collect()
        })
    }

    fn pause(&self, ms: u64) -> Answer<'_, ()> {
        Box::pin(tokio::time::sleep(Duration::from_millis(ms)))
    }
}

#[tokio::test]
async fn it_conforms() {
    let seed = rand::random();
    println!("seed {seed}");
    conformance::all(&InMemory, seed).await;
}
