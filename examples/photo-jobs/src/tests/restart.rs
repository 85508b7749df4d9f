//! A stop in the middle of the work, and the next start.

use std::time::Duration;

use super::harness::Server;
use super::pictures;

/// Longer than the test: a job is cut in its first step, and the others have not begun.
const FOR_EVER: Duration = Duration::from_secs(3_600);

#[tokio::test]
async fn jobs_that_a_restart_cut_are_taken_up_again_and_their_page_misses_nothing() {
    let server = Server::open_slowly(FOR_EVER).await;
    let mut page = server.listen("channels=jobs,pending-changes").await;
    let photo = pictures::jpeg(400, 200);
    let photos = vec![("a.jpg", &photo[..]); 3];
    assert_eq!(server.upload("album", &photos).await.status, 202);
    let mut before = Vec::new();
    while before.last().is_none_or(|ty| ty != "job_progress") {
        before.push(page.next().await.ty);
    }
    let cursor = page.cursor.clone();
    assert_eq!(before.iter().filter(|ty| *ty == "job_started").count(), 1);

    let server = server.restart().await;
    let mut page = server.resume("channels=jobs,pending-changes", &cursor).await;
    let connected = page.next().await;
    assert_eq!(connected.data["resume"], serde_json::json!({ "jobs": "ok", "pending-changes": "ok" }));
    let after = page.until_jobs_completed(3).await;
    let completed = after.iter().filter(|event| event.data["status"] == "completed");
    assert_eq!(completed.filter_map(|event| event.data["id"].as_u64()).collect::<Vec<_>>(), [1, 2, 3]);
    // Three that came, of which the page has seen some before the stop, and three that got their thumbnails.
    let changes = |told: &str| usize::from(told == "manifest_changed");
    let told = before.iter().map(|ty| changes(ty)).sum::<usize>()
        + after.iter().map(|event| changes(&event.ty)).sum::<usize>();
    assert_eq!(told, 6);

    let manifest = server.get("/api/folders/album/manifest").await.json();
    assert!(
        manifest["photos"].as_array().expect("photos").iter().all(|photo| photo["status"] == "completed")
    );
    drop(page);
    server.until_active(0).await;
}

#[tokio::test]
async fn what_is_stored_is_there_after_a_restart() {
    let server = Server::open().await;
    let mut page = server.listen("channels=jobs").await;
    server.upload("album", &[("a.jpg", &pictures::jpeg(400, 200))]).await;
    page.until_jobs_completed(1).await;
    let before = server.get("/api/folders/album/manifest").await.json();
    let storage = server.get("/api/storage").await.json();
    let server = server.restart().await;
    assert_eq!(server.get("/api/folders/album/manifest").await.json(), before);
    assert_eq!(server.get("/api/storage").await.json(), storage);
    assert_eq!(server.get("/api/jobs").await.json()["jobs"].as_array().map(Vec::len), Some(0));
    assert_eq!(server.get("/api/folders/album/thumbnails/1-160.jpg").await.status, 200);
}
