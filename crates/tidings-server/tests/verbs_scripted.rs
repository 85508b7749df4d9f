//! The short verbs: what they ask, and what they make of the answer.

use script::{Reply, Script, assert_exit, stderr, stdout, tidings};
use serde_json::json;

mod script;

#[test]
fn connections_follows_the_pages() {
    let script = Script::start(|request, _| {
        let (row, next) = match request.query("after") {
            None => ("c1", json!("p/2")),
            Some("p%2F2") => ("c2", json!("p3")),
            _ => ("c3", json!(null)),
        };
        Reply::Whole(200, "", json!({"connections": [{"id": row, "user": "ann"}], "next": next}).to_string())
    });
    let args = ["connections", "--user", "ann b", "--type", "admin", "--channel", "jobs", "--client-id", "x"];
    let table = script.tidings(&args).output().expect("runs");
    assert_exit(&table, 0);
    let ids: Vec<_> =
        stdout(&table).lines().filter_map(|line| line.split(' ').next().map(str::to_owned)).collect();
    assert_eq!(ids, ["ID", "c1", "c2", "c3"]);
    assert!(
        script
            .requests("GET /api/sse/connections?user=ann%20b&channel=jobs&type=admin&client_id=x&limit=1000")
            .len()
            == 3,
        "{:#?}",
        script.requests("")
    );
    let json = script.tidings(&["connections", "--json", "--limit", "2"]).output().expect("runs");
    let told: serde_json::Value = serde_json::from_slice(&json.stdout).expect("JSON");
    assert_eq!(told["connections"].as_array().map(Vec::len), Some(2));
    assert_eq!(told["next"], "p3");
}

#[test]
fn the_closed_are_sorted_out_here() {
    let script = Script::start(|_, _| {
        let row =
            |id: &str, user: &str| json!({"id": id, "user": user, "reason": "kicked", "channels": ["jobs"]});
        let rows = [row("c1", "ann"), row("c2", "bob"), row("c3", "ann"), row("c4", "ann")];
        Reply::Whole(200, "", json!({ "connections": rows }).to_string())
    });
    let args = ["connections", "--closed", "--user", "ann", "--channel", "jobs", "--limit", "2"];
    let output = script.tidings(&args).output().expect("runs");
    let ids: Vec<_> =
        stdout(&output).lines().filter_map(|line| line.split(' ').next().map(str::to_owned)).collect();
    assert_eq!(ids, ["ID", "c1", "c3"]);
    assert_eq!(script.requests("GET /api/sse/connections/closed?limit=10000").len(), 1);
}

#[test]
fn kick_names_whom_and_says_whether_they_may_return() {
    let script = Script::start(|_, _| Reply::Whole(204, "", String::new()));
    assert_exit(&script.tidings(&["kick", "c/1"]).output().expect("runs"), 0);
    let request = &script.requests("DELETE /api/sse/connections/c%2F1")[0];
    assert_eq!(request.json(), json!({"reconnect": false}), "as the API has it by default");
    let args = ["kick", "--user", "ann", "--reason", "moved", "--reconnect"];
    let output = script.tidings(&args).output().expect("runs");
    assert_eq!(stdout(&output), "kicked\n");
    let request = &script.requests("DELETE /api/sse/users/ann/connections")[0];
    assert_eq!(request.json(), json!({"reason": "moved", "reconnect": true}));
}

#[test]
fn a_kick_of_nobody_fails() {
    let script = Script::start(|_, _| {
        Reply::Whole(
            404,
            "",
            json!({"title": "No such connection", "status": 404, "detail": "c1"}).to_string(),
        )
    });
    let output = script.tidings(&["kick", "c1"]).output().expect("runs");
    assert_exit(&output, 1);
    assert_eq!(stderr(&output), "error: No such connection: c1\n");
}

#[test]
fn cleanup_asks_for_its_slices() {
    let script = Script::start(|_, _| Reply::Whole(200, "", json!({"cleaned": 3}).to_string()));
    for (args, body) in [
        (&["cleanup"][..], json!({})),
        (&["cleanup", "--batch-size", "7"], json!({"batch_size": 7})),
        (&["cleanup", "--all"], json!({"batch_size": null})),
    ] {
        let output = script.tidings(args).output().expect("runs");
        assert_eq!(stdout(&output), "cleaned  3\n");
        assert_eq!(script.requests("POST /api/sse/cleanup").last().map(|request| request.json()), Some(body));
    }
    assert_exit(&script.tidings(&["drain"]).output().expect("runs"), 0);
    assert_eq!(script.requests("POST /api/sse/drain").len(), 1);
}

#[test]
fn stats_are_lines_for_a_person_and_the_hub_s_own_json_for_a_program() {
    let stats =
        r#"{"node":"n1","uptime_seconds":7,"connections":{"active":1,"opened_total":1},"extra":1.50}"#;
    let script = Script::start(move |_, _| Reply::Whole(200, "", stats.into()));
    let json = script.tidings(&["stats", "--json"]).output().expect("runs");
    assert_eq!(stdout(&json), format!("{stats}\n"));
    let lines = script.tidings(&["stats"]).output().expect("runs");
    assert!(stdout(&lines).contains("balance: 1 opened, 1 active, 0 closed"), "{}", stdout(&lines));
}

#[test]
fn a_wrong_command_line_is_told_with_code_2() {
    for (args, hint) in [
        (&["stats", "--url", "hub:3000"][..], "http://HOST:PORT"),
        (&["stats", "--token", "a\nb"], "no header may carry"),
        (&["tial"], "tail"),
        (&["publish", "jobs", "-", "--json"], "leave it out"),
    ] {
        let output = tidings(args).output().expect("runs");
        assert_exit(&output, 2);
        assert!(stderr(&output).contains(hint), "{args:?}: {}", stderr(&output));
    }
}

#[test]
fn completions_know_the_verbs() {
    for shell in ["bash", "zsh", "fish"] {
        let output = tidings(&["completions", shell]).output().expect("runs");
        assert_exit(&output, 0);
        assert!(stdout(&output).contains("since-beginning"), "{shell}");
    }
}

#[test]
fn help_is_plain_when_colour_is_not_wanted() {
    let mut command = tidings(&["--help"]);
    let output = command.env("NO_COLOR", "1").output().expect("runs");
    assert_exit(&output, 0);
    assert!(!stdout(&output).contains('\u{1b}'));
    assert!(stdout(&output).contains("Exit codes"));
}

#[test]
fn check_tells_what_a_hub_would_run_with_and_all_that_is_wrong() {
    let dir = tempfile::tempdir().expect("a directory");
    let check =
        |args: &[&str]| tidings(&[&["check"], args].concat()).current_dir(&dir).output().expect("runs");
    let output = check(&["--dev", "--listen", "127.0.0.1:0"]);
    assert_exit(&output, 0);
    assert!(
        stdout(&output).contains("server.listen = \"127.0.0.1:0\"  # flag --listen\n"),
        "{}",
        stdout(&output)
    );
    let nobody = check(&[]);
    assert_exit(&nobody, 2);
    assert!(stderr(&nobody).contains("--dev"), "says what to do: {}", stderr(&nobody));
    std::fs::write(dir.path().join("tidings.toml"), "[stream]\nhartbeat_ms = 1\n").expect("written");
    let output = check(&["--dev"]);
    assert_exit(&output, 2);
    assert!(stderr(&output).contains("heartbeat_ms"), "names the nearest: {}", stderr(&output));
}
