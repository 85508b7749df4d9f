//! A real hub behind its real endpoints, without a socket.

use std::sync::LazyLock;

use axum::Router;
use axum::body::{Body, to_bytes};
use http::{Request, StatusCode};
use tidings::{GrantEverything, HttpOptions, Hub, HubOptions};
use tokio::runtime::{Builder, Runtime};
use tower::ServiceExt;

pub struct Endpoints {
    pub hub: Hub,
    router: Router,
    runtime: Runtime,
}

pub static ENDPOINTS: LazyLock<Endpoints> = LazyLock::new(|| {
    let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
    let entered = runtime.enter();
    let hub = Hub::open(HubOptions::default()).expect("nothing is kept, so nothing can fail");
    let router = tidings::router(hub.clone(), GrantEverything, &HttpOptions::default());
    drop(entered);
    Endpoints { hub, router, runtime }
});

impl Endpoints {
    /// The answer, with its body unless it is a stream, which is left at once.
    pub fn ask(&self, request: Request<Body>) -> (StatusCode, Option<Vec<u8>>) {
        self.runtime.block_on(async {
            let response = self.router.clone().oneshot(request).await.expect("the router never fails");
            let status = response.status();
            let kind = response.headers().get("content-type").cloned();
            if kind.as_ref().is_some_and(|kind| kind == "text/event-stream") {
                return (status, None);
            }
            assert!(status.is_success() || kind.is_some_and(|kind| kind == "application/problem+json"));
            (status, to_bytes(response.into_body(), usize::MAX).await.ok().map(Into::into))
        })
    }
}
