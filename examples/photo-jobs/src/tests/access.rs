//! Who is let in, and to what.

use super::harness::Server;
use super::pictures;

#[tokio::test]
async fn a_stream_that_asks_for_nothing_gets_all_that_there_is() {
    let server = Server::open().await;
    let mut page = server.listen("").await;
    let connected = page.next().await;
    assert_eq!(connected.data["channels"], serde_json::json!(["jobs", "pending-changes", "storage"]));
    assert_eq!(connected.data["user"], "photographer");
}

#[tokio::test]
async fn only_the_application_publishes_and_only_its_channels_are_read() {
    let server = Server::open().await;
    let event = r#"{"channel":"jobs","type":"job_completed","data":1}"#;
    let publish = format!(
        "POST /api/sse/publish HTTP/1.0\r\nhost: localhost\r\ncontent-length: {}\r\n\r\n{event}",
        event.len()
    );
    assert_eq!(server.ask(publish.as_bytes()).await.status, 403);
    assert_eq!(server.get("/api/sse/stream?channels=others").await.status, 403);
    assert_eq!(server.get("/api/sse/stats").await.status, 200);
}

#[tokio::test]
async fn other_sites_and_other_names_are_kept_out() {
    let server = Server::open().await;
    let remove = "DELETE /api/folders/album/photos/1 HTTP/1.0\r\nhost: localhost\r\n";
    for (header, status) in [("cross-site", 403), ("same-site", 403), ("same-origin", 404), ("none", 404)] {
        let request = format!("{remove}sec-fetch-site: {header}\r\n\r\n");
        assert_eq!(server.ask(request.as_bytes()).await.status, status, "{header}");
    }
    for (host, status) in
        [("photos.example", 421), ("localhost.example", 421), ("127.0.0.1:3000", 200), ("[::1]:3000", 200)]
    {
        for path in ["/api/jobs", "/api/sse/stats"] {
            let request = format!("GET {path} HTTP/1.0\r\nhost: {host}\r\n\r\n");
            assert_eq!(server.ask(request.as_bytes()).await.status, status, "{host}{path}");
        }
    }
}

#[tokio::test]
async fn no_path_leads_out_of_its_folder() {
    let server = Server::open().await;
    let mut page = server.listen("channels=jobs").await;
    server.upload("album", &[("a.jpg", &pictures::jpeg(4, 4))]).await;
    page.until_jobs_completed(1).await;
    assert_eq!(server.get("/api/folders/album/thumbnails/1-160.jpg").await.status, 200);
    for path in [
        "/api/folders/album/thumbnails/..%2Fmanifest.json",
        "/api/folders/album/thumbnails/..%2F..%2F..%2Fhub",
        "/api/folders/album/originals/%2Fetc%2Fpasswd",
        "/api/folders/album/originals/.",
        "/api/folders/album/originals/1.jpg%00",
        "/../photos/album/manifest.json",
        "/%2e%2e/photos/album/manifest.json",
    ] {
        assert_eq!(server.get(path).await.status, 404, "{path}");
    }
    for path in ["/api/folders/..%2Falbum/manifest", "/api/folders/%2E%2E/manifest"] {
        assert_eq!(server.get(path).await.status, 400, "{path}");
    }
}

/// Its end is nobody else's, and the log names whose it was.
#[tokio::test]
async fn a_page_that_goes_takes_nobody_along() {
    let server = Server::open().await;
    let (one, mut other) = (server.listen("channels=jobs").await, server.listen("channels=jobs").await);
    assert_eq!(server.active(), 2);
    drop(one);
    server.until_active(1).await;
    server.upload("album", &[("a.jpg", &pictures::jpeg(4, 4))]).await;
    other.until_jobs_completed(1).await;
    assert_eq!(server.hub.stats()["connections"]["closed_total"]["client_left"], 1);
}
