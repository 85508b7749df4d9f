//! What stands in the data directory that the hub did not leave there, and directories that can't be used.

use std::fs::Permissions;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::Value;

use crate::audience::{Audience, What};
use crate::hub::{Hub, within_patience};
use crate::last_summary;

const RINGS: &str = "rings.jsonl";

#[test]
fn damaged_or_foreign_rings_are_told_and_the_hub_starts_anew() {
    let mut hub = Hub::start_with(&[("TIDINGS_DRAIN_WINDOW_MS", "100")]);
    hub.post("/api/sse/publish", r#"{"channel":"news","data":1}"#);
    hub.stop();
    let path = hub.data_dir().join(RINGS);
    let good = std::fs::read_to_string(&path).expect("rings");
    let head = good.lines().next().expect("a head");
    let huge = u64::MAX;
    let event = good.lines().find(|line| line.contains(r#""event""#)).expect("an event");
    let end = |lines: usize| format!(r#"{{"end":{{"lines":{lines}}}}}"#);
    let bad: Vec<(&str, Vec<u8>)> = vec![
        ("empty", Vec::new()),
        ("cut short", good.as_bytes()[..good.len() / 2].to_vec()),
        ("without its end", good.lines().take(2).map(|line| format!("{line}\n")).collect::<String>().into()),
        ("foreign", b"PK\x03\x04\xff\xfe\x00 not ours\n".to_vec()),
        ("other JSON", b"{\"a\":1}\n[]\n".to_vec()),
        ("no head", format!("{event}\n{}\n", end(1)).into()),
        ("one event twice", format!("{head}\n{event}\n{event}\n{}\n", end(3)).into()),
        (
            "an event beyond the head",
            format!("{head}\n{}\n{}\n", event.replace("\"seq\":1", "\"seq\":9"), end(2)).into(),
        ),
        (
            "a head that leaves no room",
            format!("{}\n{}\n", head.replace("\"head\":1", &format!("\"head\":{huge}")), end(1)).into(),
        ),
        ("a name that is none", format!("{head}\n{}\n{}\n", event.replace("news", "a,b"), end(2)).into()),
    ];
    for (what, bytes) in bad {
        std::fs::write(&path, &bytes).expect("written");
        let told_before = hub.log().matches("kept rings are not usable").count();
        hub.start_again();
        assert_eq!(hub.log().matches("kept rings are not usable").count(), told_before + 1, "{what}");
        assert!(hub.get("/api/sse/history?channel=news").contains(r#""events":[]"#), "{what}");
        let published = hub.post("/api/sse/publish", r#"{"channel":"news","data":2}"#);
        assert!(published.contains(r#""offset":1"#), "{what}: {published}");
        let aside = std::fs::read(hub.data_dir().join("rings.jsonl.damaged")).expect("kept aside");
        assert!(aside == bytes, "{what}");
        hub.kill();
    }
}

#[test]
fn every_cursor_gets_its_gap_where_the_rings_were_damaged() {
    let mut hub = Hub::start_with(&[("TIDINGS_DRAIN_WINDOW_MS", "100")]);
    let mut audience = Audience::seat(hub.address(), 4);
    hub.post("/api/sse/publish", r#"{"channel":"news","data":1}"#);
    hub.stop();
    std::fs::write(hub.data_dir().join(RINGS), "scribble").expect("written");
    hub.start_again();
    audience.wait_for(4, |what| *what == What::Gap);
}

#[test]
fn other_damage_is_told_and_starts_from_nothing() {
    let mut hub = Hub::start_with(&[("TIDINGS_DRAIN_WINDOW_MS", "100")]);
    hub.stop();
    for name in ["shutdown.json", "counters.json"] {
        std::fs::write(hub.data_dir().join(name), "{\"total_cleaned\":").expect("written");
    }
    hub.start_again();
    assert_eq!(last_summary(&hub), Value::Null);
    assert_eq!(hub.stats()["cleanup"]["shutdown_cleanups"], 0);
    assert_eq!(hub.log().matches("a kept file is not usable").count(), 2, "{}", hub.log());
}

#[test]
fn what_is_kept_is_for_the_hubs_own_user_alone() {
    let mode = |path: &Path| {
        std::fs::metadata(path).unwrap_or_else(|error| panic!("{error}: {}", path.display())).mode() & 0o777
    };
    let mut hub = Hub::start_with(&[("TIDINGS_DRAIN_WINDOW_MS", "100")]);
    let dir = hub.data_dir();
    assert_eq!(mode(&dir), 0o700, "made by the hub");
    // What a hub of before, or a crash, left behind for all to read.
    let left = dir.join("rings.jsonl.new");
    std::fs::write(&left, "left").expect("written");
    std::fs::set_permissions(&left, Permissions::from_mode(0o644)).expect("ours");
    hub.post("/api/sse/publish", r#"{"channel":"news","data":"confidential"}"#);
    hub.stop();
    for name in ["node", "lock", "counters.json", "shutdown.json", RINGS] {
        assert_eq!(mode(&dir.join(name)), 0o600, "{name}");
    }
    std::fs::set_permissions(&dir, Permissions::from_mode(0o750)).expect("ours");
    hub.start_again();
    assert_eq!(mode(&dir), 0o750, "one that was there is its owner's to open");
}

#[test]
fn two_hubs_never_share_a_directory() {
    let hub = Hub::start();
    let second = serve(hub.data_dir().to_str().expect("a path"));
    assert_failed(&second, "another hub uses it");
    assert_eq!(hub.stats()["connections"]["active"], 0, "the first goes on");
}

#[test]
fn a_directory_that_cannot_be_written_is_found_out_at_the_start() {
    let dir = tempfile::tempdir().expect("a directory");
    let file = dir.path().join("file");
    std::fs::write(&file, "").expect("written");
    assert_failed(&serve(file.to_str().expect("a path")), "server.data_dir");
    assert_failed(&serve(file.join("below").to_str().expect("a path")), "server.data_dir");
    // Of what can be written to, everything but one file that has to be.
    std::fs::create_dir_all(dir.path().join("data/shutdown.json/full")).expect("made");
    assert_failed(&serve(dir.path().join("data").to_str().expect("a path")), "shutdown.json");
    #[cfg(target_os = "linux")]
    assert_failed(&serve("/proc/self"), "server.data_dir");
}

/// A hub that should not start; one that does is ended, and its code tells.
fn serve(data_dir: &str) -> Output {
    let mut hub = Command::new(env!("CARGO_BIN_EXE_tidings"));
    hub.args(["serve", "--dev", "--listen", "127.0.0.1:0", "--data-dir", data_dir]);
    within_patience(hub.stdout(Stdio::piped()).stderr(Stdio::piped()))
}

#[track_caller]
fn assert_failed(output: &Output, hint: &str) {
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("error: ") && said.contains(hint), "{said}");
    assert!(!said.contains("panicked"), "{said}");
}
