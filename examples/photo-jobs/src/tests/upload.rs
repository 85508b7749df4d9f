//! From an upload to its thumbnails, as one stream tells it.

use image::ImageFormat;
use serde_json::Value;

use super::harness::{Heard, Server};
use super::pictures;

#[tokio::test]
async fn an_upload_is_told_in_order_over_one_stream() {
    let server = Server::open().await;
    let mut page = server.listen("channels=jobs,pending-changes").await;
    assert_eq!(page.next().await.ty, "connected");

    let answer = server.upload("summer-2026", &[("beach.jpg", &pictures::jpeg(2000, 1000))]).await;
    assert_eq!(answer.status, 202);
    let id = answer.json()["jobs"][0]["id"].as_u64().expect("an id");
    let heard = page.until_jobs_completed(1).await;

    let told: Vec<_> = heard.iter().map(|event| event.ty.as_str()).collect();
    let expected = ["manifest_changed", "job_started"]
        .into_iter()
        .chain(["job_progress"; 4])
        .chain(["manifest_changed", "job_completed"]);
    assert_eq!(told, expected.collect::<Vec<_>>());
    let jobs: Vec<_> = heard.iter().filter(|event| event.ty.starts_with("job_")).collect();
    for (done, job) in [0, 1, 2, 3, 4, 4].into_iter().zip(&jobs) {
        assert_eq!(job.data["id"], id);
        assert_eq!(job.data["task_type"], "thumbnails");
        assert_eq!((&job.data["done"], &job.data["total"]), (&done.into(), &4.into()));
    }
    let statuses: Vec<_> = jobs.iter().map(|job| job.data["status"].as_str().expect("a status")).collect();
    assert_eq!(statuses, ["running", "running", "running", "running", "running", "completed"]);
    assert!(jobs.is_sorted_by_key(|job| job.data["updated_at"].as_u64()));
    assert_manifests_of(&heard, "summer-2026");

    assert_eq!(server.hub.stats()["connections"]["active"], 1, "two channels, one connection");
    drop(page);
    server.until_active(0).await;
}

#[tokio::test]
async fn thumbnails_have_the_sizes_that_the_manifest_says() {
    let server = Server::open().await;
    let mut page = server.listen("channels=jobs").await;
    let photos: [(&str, &[u8]); 4] = [
        ("wide.jpg", &pictures::jpeg(2000, 1000)),
        ("sideways.jpg", &pictures::jpeg_turned(600, 300)),
        ("glass.png", &pictures::png(1000, 1000)),
        ("small.webp", &pictures::webp(100, 50)),
    ];
    assert_eq!(server.upload("album", &photos).await.status, 202);
    page.until_jobs_completed(4).await;

    let manifest = server.get("/api/folders/album/manifest").await.json();
    let expected = [
        ((2000, 1000), ImageFormat::Jpeg, [(160, 80), (480, 240), (1280, 640)]),
        ((300, 600), ImageFormat::Jpeg, [(80, 160), (240, 480), (300, 600)]),
        ((1000, 1000), ImageFormat::Png, [(160, 160), (480, 480), (1000, 1000)]),
        ((100, 50), ImageFormat::Jpeg, [(100, 50), (100, 50), (100, 50)]),
    ];
    for (photo, (whole, format, sizes)) in manifest["photos"].as_array().expect("photos").iter().zip(expected)
    {
        assert_eq!(photo["status"], "completed", "{photo}");
        assert_eq!(size(photo), whole);
        for (thumbnail, expected) in photo["thumbnails"].as_array().expect("thumbnails").iter().zip(sizes) {
            assert_eq!(size(thumbnail), expected);
            let file = thumbnail["file"].as_str().expect("a file");
            let answer = server.get(&format!("/api/folders/album/thumbnails/{file}")).await;
            assert_eq!(pictures::size_of(&answer.body), (format, expected.0, expected.1), "{file}");
            assert!(answer.head.contains("immutable"));
        }
    }
}

#[tokio::test]
async fn a_broken_photo_fails_and_the_next_one_does_not() {
    let server = Server::open().await;
    let mut page = server.listen("channels=jobs,pending-changes").await;
    let whole = pictures::png(300, 300);
    let mut huge = whole.clone();
    // It says that it has 60,000 × 60,000 pixels, with the check sum of that.
    huge[16..24].copy_from_slice(&[0, 0, 0xEA, 0x60, 0, 0, 0xEA, 0x60]);
    let sum = checksum(&huge[12..29]).to_be_bytes();
    huge[29..33].copy_from_slice(&sum);
    let photos: [(&str, &[u8]); 3] =
        [("cut.png", &whole[..whole.len() / 2]), ("huge.png", &huge), ("good.jpg", &pictures::jpeg(20, 10))];
    assert_eq!(server.upload("album", &photos).await.status, 202);

    let heard = page.until_jobs_completed(3).await;
    let ends: Vec<_> = heard.iter().filter(|event| event.ty == "job_completed").collect();
    let said =
        |at: usize| (ends[at].data["status"].as_str(), ends[at].data["error"].as_str().unwrap_or_default());
    assert_eq!(said(0).0, Some("failed"));
    assert!(said(0).1.contains("can't be read as an image"), "{:?}", said(0));
    assert!(said(1).1.contains("over the limit of 80 megapixels"), "{:?}", said(1));
    assert_eq!(said(2), (Some("completed"), ""));
    assert_manifests_of(&heard, "album");
    let photos = server.get("/api/folders/album/manifest").await.json();
    let statuses = [0, 1, 2].map(|at| photos["photos"][at]["status"].as_str().map(str::to_owned));
    assert_eq!(statuses.map(Option::unwrap_or_default), ["failed", "failed", "completed"]);
}

#[tokio::test]
async fn nobody_has_to_listen() {
    let server = Server::open().await;
    let photos = [("a.jpg", &pictures::jpeg(20, 10)[..])];
    assert_eq!(server.upload("album", &photos).await.status, 202);
    let mut late = server.resume("channels=jobs", "earliest").await;
    assert_eq!(
        late.until_jobs_completed(1).await.last().map(|event| event.data["status"].clone()),
        Some("completed".into())
    );
}

#[tokio::test]
async fn a_photo_that_is_removed_is_gone_from_manifest_and_disk() {
    let server = Server::open().await;
    let mut page = server.listen("channels=jobs,pending-changes,storage").await;
    let photos = [("a.jpg", &pictures::jpeg(20, 10)[..])];
    let id = server.upload("album", &photos).await.json()["jobs"][0]["id"].as_u64().expect("an id");
    page.until_jobs_completed(1).await;
    let remove = format!("DELETE /api/folders/album/photos/{id} HTTP/1.0\r\nhost: localhost\r\n\r\n");
    assert_eq!(server.ask(remove.as_bytes()).await.status, 204);
    assert_eq!(server.ask(remove.as_bytes()).await.status, 404);

    assert_eq!(page.next().await.ty, "manifest_changed");
    let storage = page.next().await;
    assert_eq!((storage.ty.as_str(), &storage.data["photos"]), ("storage_changed", &0.into()));
    assert_eq!(server.get(&format!("/api/folders/album/thumbnails/{id}-160.jpg")).await.status, 404);
    assert_eq!(server.get(&format!("/api/folders/album/originals/{id}.jpg")).await.status, 404);
    let next = server.upload("album", &photos).await.json()["jobs"][0]["id"].as_u64();
    assert_eq!(next, Some(id + 1), "an id is never given twice");
}

fn assert_manifests_of(heard: &[Heard], folder: &str) {
    let changes: Vec<_> = heard.iter().filter(|event| event.ty == "manifest_changed").collect();
    assert!(changes.iter().all(|change| change.data["project_folder"] == folder));
    assert!(
        changes.is_sorted_by(|one, other| one.data["timestamp"].as_u64() < other.data["timestamp"].as_u64())
    );
}

fn size(of: &Value) -> (u32, u32) {
    let number = |name: &str| u32::try_from(of[name].as_u64().expect("a number")).expect("a small one");
    (number("width"), number("height"))
}

/// CRC-32, as PNG has it.
fn checksum(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0, |crc, byte| {
        (0..8).fold(
            crc ^ u32::from(*byte),
            |crc, _| if crc & 1 == 1 { crc >> 1 ^ 0xEDB8_8320 } else { crc >> 1 },
        )
    })
}
