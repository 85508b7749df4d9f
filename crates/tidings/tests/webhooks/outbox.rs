//! What is kept until it is told: over a stop and a crash, within its bound, and on a disk that lies.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tidings::webhooks::OutboxOptions;

use crate::receiver::{Receiver, says};
use crate::{events, hub, open, picture, quick, start, types};

const SOON: Duration = Duration::from_secs(20);

fn segments(dir: &Path) -> Vec<PathBuf> {
    let files = fs::read_dir(dir.join("outbox")).expect("there").map(|file| file.expect("one").path());
    let mut files: Vec<_> = files.filter(|path| path.extension().is_some_and(|end| end == "jsonl")).collect();
    files.sort();
    files
}

/// The directory as a crash leaves it: everything that was told to the disk, and nobody told that it is over.
fn crashed(dir: &Path) -> tempfile::TempDir {
    let copy = tempfile::tempdir().expect("a directory");
    fs::create_dir(copy.path().join("outbox")).expect("made");
    for file in fs::read_dir(dir.join("outbox")).expect("there").map(|file| file.expect("one")) {
        fs::copy(file.path(), copy.path().join("outbox").join(file.file_name())).expect("copied");
    }
    copy
}

#[tokio::test]
async fn what_could_not_be_told_is_told_after_the_next_start() {
    let dir = tempfile::tempdir().expect("a directory");
    let receiver = Receiver::start(says(503, "")).await;
    let first = hub(dir.path());
    let webhooks = start(&first, &[&receiver], quick());
    let streams: Vec<_> = (0..5).map(|n| open(&first, &format!("user{n}"), &["news"])).collect();
    drop(streams);
    assert!(!webhooks.flush(Duration::from_millis(300)).await);
    drop((webhooks, first));
    let refused = receiver.count();
    receiver.answer(says(200, ""));
    let again = reopened(dir.path()).await;
    let webhooks = start(&again, &[&receiver], quick());
    assert!(webhooks.flush(SOON).await);
    let told = events(&receiver.requests().split_off(refused));
    let of = |ty: &str| told.iter().filter(|event| event["type"] == ty).count();
    assert_eq!((of("connected"), of("disconnected")), (5, 5));
    assert!(told.iter().all(|event| event["reason"] != "lost"), "they were told to be gone in time");
    assert_eq!(picture(&told), Default::default());
}

/// The hub before has to let go of the directory first.
async fn reopened(dir: &Path) -> tidings::Hub {
    let dir = dir.to_owned();
    let handle = tokio::runtime::Handle::current();
    tokio::task::spawn_blocking(move || {
        let _in = handle.enter();
        hub(&dir)
    })
    .await
    .expect("opens")
}

#[tokio::test]
async fn after_a_crash_those_who_were_told_to_be_there_are_told_to_be_lost() {
    let dir = tempfile::tempdir().expect("a directory");
    let receiver = Receiver::start(says(200, "")).await;
    let first = hub(dir.path());
    let webhooks = start(&first, &[&receiver], quick());
    let _stays = open(&first, "ann", &["news"]);
    drop(open(&first, "bob", &["news"]));
    assert!(webhooks.flush(SOON).await);
    assert_eq!(picture(&events(&receiver.requests())).0.len(), 1);
    let after = crashed(dir.path());
    let again = hub(after.path());
    let webhooks = start(&again, &[&receiver], quick());
    let _new = open(&again, "cid", &["other"]);
    assert!(webhooks.flush(SOON).await);
    let told = events(&receiver.requests());
    let lost: Vec<_> = told.iter().filter(|event| event["reason"] == "lost").collect();
    assert_eq!((lost.len(), &lost[0]["connection"]["user"]), (1, &"ann".into()));
    let (connections, channels) = picture(&told);
    let users: Vec<_> = connections.values().map(|one| one["user"].as_str().expect("a user")).collect();
    assert_eq!((users, channels), (vec!["cid"], vec!["other".to_owned()]));
    assert!(
        told.windows(2).all(|pair| pair[1]["seq"].as_u64() == pair[0]["seq"].as_u64().map(|seq| seq + 1))
    );
}

#[tokio::test]
async fn a_torn_or_changed_record_costs_no_more_than_itself() {
    let dir = tempfile::tempdir().expect("a directory");
    let receiver = Receiver::start(says(200, "")).await;
    let first = hub(dir.path());
    let webhooks = start(&first, &[], quick());
    let _stays = open(&first, "ann", &["news"]);
    let _also = open(&first, "bob", &["other"]);
    assert!(webhooks.flush(SOON).await);
    let whole = fs::read(segments(dir.path()).last().expect("one")).expect("read");
    assert_eq!(whole.iter().filter(|byte| **byte == b'\n').count(), 4);
    // Cut at every byte of the last record, and of the one before.
    let third = whole.split_inclusive(|byte| *byte == b'\n').take(2).map(<[u8]>::len).sum::<usize>();
    for cut in (third..whole.len()).step_by(7) {
        let after = crashed(dir.path());
        fs::write(segments(after.path()).last().expect("one"), &whole[..cut]).expect("cut");
        let again = hub(after.path());
        let webhooks = start(&again, &[], quick());
        assert!(webhooks.flush(SOON).await);
        let text = fs::read_to_string(segments(after.path()).last().expect("one")).expect("text");
        assert!(text.ends_with('\n') && text.contains("\"lost\""), "cut at {cut}: {text}");
        let users = text.matches("\"reason\":\"lost\"").count();
        assert_eq!(
            users,
            if cut < whole.len() && text.matches("\"connected\"").count() == 2 { 2 } else { 1 }
        );
    }
    // Changed in the middle: what follows is told all the same, and the hole is.
    let after = crashed(dir.path());
    let mut changed = whole.clone();
    changed[40] ^= 1;
    fs::write(segments(after.path()).last().expect("one"), &changed).expect("changed");
    let again = hub(after.path());
    let webhooks = start(&again, &[&receiver], quick());
    assert!(webhooks.flush(SOON).await);
    assert_eq!(picture(&events(&receiver.requests())).0.len(), 0);
}

#[tokio::test]
async fn a_journal_that_can_not_be_read_is_begun_anew_and_that_is_told() {
    let dir = tempfile::tempdir().expect("a directory");
    let receiver = Receiver::start(says(200, "")).await;
    fs::create_dir(dir.path().join("outbox")).expect("made");
    fs::write(dir.path().join("outbox/held.json"), "junk\n").expect("written");
    fs::write(dir.path().join("outbox/outbox-00000000000000000001.jsonl"), "junk\n").expect("written");
    let hub = hub(dir.path());
    let webhooks = start(&hub, &[&receiver], quick());
    assert!(webhooks.flush(SOON).await);
    let told = events(&receiver.requests());
    assert_eq!(types(&told), ["overflow"]);
    assert!(told[0]["lost"].is_null(), "nobody knows how many");
}

#[tokio::test]
async fn beyond_its_bound_the_oldest_make_room_and_those_who_lose_them_are_told() {
    const BYTES_MAX: u64 = 64 * 1024;
    let dir = tempfile::tempdir().expect("a directory");
    let (down, up) = (Receiver::start(says(500, "")).await, Receiver::start(says(200, "")).await);
    let hub = hub(dir.path());
    let options = OutboxOptions { bytes_max: BYTES_MAX, ..quick() };
    let webhooks = start(&hub, &[&down, &up], options);
    let mut events_told = 0;
    // More than the one file that a delivery has open.
    while hub.outbox().lost < 200 {
        for n in 0..20 {
            drop(open(&hub, &format!("user{n}"), &[]));
        }
        events_told += 40;
        webhooks.flush(Duration::from_millis(50)).await;
        let kept: u64 =
            segments(dir.path()).iter().map(|file| fs::metadata(file).map_or(0, |file| file.len())).sum();
        assert!(kept <= BYTES_MAX + 16 * 1024, "{kept} bytes are kept");
        assert!(events_told < 20_000, "it never filled");
    }
    let stays = open(&hub, "ann", &[]);
    let before = down.count();
    down.answer(says(200, ""));
    assert!(webhooks.flush(SOON).await);
    let told = events(&down.requests().split_off(before));
    let lost: u64 = told
        .iter()
        .filter(|event| event["type"] == "overflow")
        .filter_map(|event| event["lost"].as_u64())
        .sum();
    assert!(lost > 0);
    let notices = types(&told).iter().filter(|ty| **ty == "overflow").count();
    assert_eq!(
        lost as usize + told.len() - notices,
        events_told + 1,
        "what is lost and what is told is all there was"
    );
    assert!(picture(&told).0.values().any(|connection| connection["user"] == "ann"));
    let whole = events(&up.requests());
    assert_eq!((whole.len(), picture(&whole).0.len()), (events_told + 1, 1), "who took them lost nothing");
    drop(stays);
}

#[tokio::test]
async fn a_cursor_that_can_not_be_read_costs_repeats_and_no_event() {
    for torn in ["", "junk", "5f", "00000000 1\n", "EPOCH 999999\n"] {
        let dir = tempfile::tempdir().expect("a directory");
        let receiver = Receiver::start(says(503, "")).await;
        let first = hub(dir.path());
        let webhooks = start(&first, &[&receiver], quick());
        drop(open(&first, "ann", &[]));
        webhooks.flush(Duration::from_millis(100)).await;
        drop((webhooks, first));
        let again = reopened(dir.path()).await;
        let files =
            fs::read_dir(dir.path().join("outbox")).expect("there").map(|file| file.expect("one").path());
        let is_cursor = |path: &PathBuf| {
            let name = path.file_name().expect("a name").to_string_lossy();
            name.starts_with("cursor-")
        };
        let cursors: Vec<_> = files.filter(is_cursor).collect();
        assert_eq!(cursors.len(), 1, "{cursors:?}");
        let whole = fs::read_to_string(&cursors[0]).expect("read");
        let epoch = whole.split(' ').next().expect("an epoch");
        fs::write(&cursors[0], torn.replace("EPOCH", epoch)).expect("written");
        let refused = receiver.count();
        receiver.answer(says(200, ""));
        let webhooks = start(&again, &[&receiver], quick());
        assert!(webhooks.flush(SOON).await);
        let told = events(&receiver.requests().split_off(refused));
        assert_eq!(types(&told), ["connected", "disconnected"], "{torn:?}");
    }
}

#[test]
fn a_file_that_is_gone_holds_nothing_else_up() {
    let (tell, told) = std::sync::mpsc::channel();
    // A thread of its own: one who is held up can't tell.
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async {
            let dir = tempfile::tempdir().expect("a directory");
            let receiver = Receiver::start(says(200, "")).await;
            let hub = hub(dir.path());
            let _webhooks = start(&hub, &[&receiver], quick());
            for file in segments(dir.path()) {
                fs::remove_file(file).expect("removed");
            }
            drop(open(&hub, "ann", &[]));
            while hub.outbox().pending == 0 {
                tokio::task::yield_now().await;
            }
            // Whoever was roused by it has had their turn.
            for _ in 0..1_000 {
                tokio::task::yield_now().await;
            }
            tell.send(hub.outbox().delivered).expect("awaited");
        });
    });
    assert_eq!(told.recv_timeout(SOON).expect("the others have their turns"), 0);
}
