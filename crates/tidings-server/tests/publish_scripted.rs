//! `tidings publish` against a hub that is away, unsure and picky on cue.

use std::io::Write;
use std::time::Duration;

use script::{Reply, Request, Script, assert_exit, fed, piped, signal, stderr, stdout, tidings};
use serde_json::{Value, json};

mod script;

const PUBLISH: &str = "POST /api/sse/publish";

fn events(request: &Request) -> Vec<Value> {
    request.json().as_array().expect("an array").clone()
}

/// The answer of a hub that takes everything.
fn all_well(request: &Request) -> Reply {
    each(
        request,
        |event| json!({"id": event["id"], "channel": event["channel"], "offset": 1, "recipients": 2}),
    )
}

fn each(request: &Request, answer: impl Fn(&Value) -> Value) -> Reply {
    Reply::Whole(200, "", Value::from(events(request).iter().map(answer).collect::<Vec<_>>()).to_string())
}

/// All events that came, in their order.
fn came(script: &Script) -> Vec<Value> {
    script.requests(PUBLISH).iter().flat_map(events).collect()
}

#[test]
fn each_line_is_an_event_in_its_order_and_with_its_own_id() {
    let script = Script::start(|request, _| all_well(request));
    let input: String =
        (0..1_200).map(|n| format!("{{\"n\":{n}}}\n")).collect::<String>() + "GET / 200\r\n\nlast";
    let output = fed(script.tidings(&["publish", "logs", "-", "--type", "line"]), &input);
    assert_exit(&output, 0);
    assert!(stderr(&output).starts_with("published 1203 of 1203 lines in "), "{}", stderr(&output));
    let came = came(&script);
    let data: Vec<&Value> = came.iter().map(|event| &event["data"]).collect();
    assert!((0..1_200).all(|n| data[n]["n"] == n));
    assert_eq!(data[1_200..], [&json!("GET / 200"), &json!(""), &json!("last")]);
    assert!(came.iter().all(|event| event["channel"] == "logs" && event["type"] == "line"));
    let mut ids: Vec<&str> = came.iter().filter_map(|event| event["id"].as_str()).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 1_203);
    assert!(script.requests(PUBLISH).iter().all(|request| events(request).len() <= 500));
}

#[test]
fn what_may_have_been_lost_is_sent_again_under_its_ids() {
    let script = Script::start(|request, attempt| match attempt {
        0 => Reply::Cut,
        1 => Reply::Whole(504, "", String::new()),
        _ => all_well(request),
    });
    let output = fed(script.tidings(&["publish", "logs", "-"]), "one\n");
    assert_exit(&output, 0);
    let bodies: Vec<String> = script.requests(PUBLISH).into_iter().map(|request| request.body).collect();
    assert_eq!(bodies.len(), 3);
    assert!(bodies.iter().all(|body| *body == bodies[0]), "{bodies:#?}");
    assert!(stderr(&output).contains("published 1 of 1 lines") && stderr(&output).contains("2 sent again"));
}

#[test]
fn a_refused_line_is_named_and_the_others_go_on() {
    let script = Script::start(|request, _| {
        each(request, |event| match event["data"].as_str() {
            Some("bad") => json!({"title": "Schema", "status": 422, "detail": "no birthday\u{1b}"}),
            _ => json!({"id": event["id"], "recipients": 0}),
        })
    });
    let output = fed(script.tidings(&["publish", "logs", "-"]), "a\nbad\nc\n");
    assert_exit(&output, 1);
    assert!(stderr(&output).contains("error: line 2: Schema: no birthday\\u{1b}\n"), "{}", stderr(&output));
    assert!(stderr(&output).contains("published 2 of 3 lines"), "{}", stderr(&output));
}

#[test]
fn one_item_that_has_to_wait_is_sent_again_alone() {
    let script = Script::start(|request, attempt| {
        each(request, |event| match event["data"].as_str() {
            Some("later") if attempt < 1 => json!({"title": "Rate", "status": 429}),
            _ => json!({"id": event["id"], "recipients": 1}),
        })
    });
    let output = fed(script.tidings(&["publish", "logs", "-"]), "later\n");
    assert_exit(&output, 0);
    let came = came(&script);
    assert_eq!(came.len(), 2);
    assert_eq!(came[0], came[1]);
}

#[test]
fn a_batch_refused_whole_is_parted_until_the_culprit_stands_alone() {
    let script = Script::start(|request, _| {
        if events(request).iter().any(|event| event["data"] == "bad") {
            return Reply::Whole(413, "", json!({"title": "Too large", "status": 413}).to_string());
        }
        all_well(request)
    });
    let input: String =
        (0..64).map(|n| if n == 40 { "bad\n".to_owned() } else { format!("\"{n}\"\n") }).collect();
    let output = fed(script.tidings(&["publish", "logs", "-"]), &input);
    assert_exit(&output, 1);
    assert!(stderr(&output).contains("error: line 41: Too large\n"), "{}", stderr(&output));
    let taken: Vec<String> = script
        .requests(PUBLISH)
        .iter()
        .map(events)
        .filter(|events| events.iter().all(|event| event["data"] != "bad"))
        .flatten()
        .filter_map(|event| event["data"].as_str().map(str::to_owned))
        .collect();
    assert_eq!(taken, (0..64).filter(|n| *n != 40).map(|n| n.to_string()).collect::<Vec<_>>());
}

#[test]
fn a_lone_line_leaves_at_once_while_the_pipe_stays_open() {
    let script = Script::start(|request, _| all_well(request));
    let mut child = piped(&mut script.tidings(&["publish", "logs", "-"]));
    let mut stdin = child.stdin.take().expect("piped");
    for count in 1..=3 {
        stdin.write_all(b"line\n").expect("taken in");
        stdin.flush().expect("taken in");
        script.wait_for(PUBLISH, count);
    }
    drop(stdin);
    assert_exit(&child.finish(), 0);
}

#[test]
fn a_refusal_of_everything_ends_it() {
    let script = Script::start(|_, _| {
        Reply::Whole(
            401,
            "",
            json!({"title": "No token", "status": 401, "detail": "set TIDINGS_TOKEN"}).to_string(),
        )
    });
    let mut command = script.tidings(&["publish", "logs", "-"]);
    command.env("TIDINGS_TOKEN", "s3cret");
    let output = fed(command, "a\nb\n");
    assert_exit(&output, 1);
    assert!(stderr(&output).ends_with("error: No token: set TIDINGS_TOKEN\n"), "{}", stderr(&output));
    assert!(!stderr(&output).contains("s3cret"));
    assert_eq!(script.requests(PUBLISH)[0].header("authorization"), Some("Bearer s3cret"));
}

#[test]
fn one_event_is_published_and_its_result_shown() {
    let script = Script::start(|request, _| all_well(request));
    let args = ["publish", "jobs", "{\"id\":7}", "--type", "done", "--id", "e1", "--key", "k"];
    let output = script.tidings(&args).output().expect("runs");
    assert_exit(&output, 0);
    assert_eq!(stdout(&output), "id          e1\nchannel     jobs\noffset      1\nrecipients  2\n");
    assert_eq!(
        came(&script),
        [json!({"channel": "jobs", "type": "done", "id": "e1", "key": "k", "data": {"id": 7}})]
    );
    for (args, data) in [
        (&["publish", "jobs"][..], Value::Null),
        (&["publish", "jobs", "hello"], json!("hello")),
        (&["publish", "jobs", "7", "--text"], json!("7")),
        (&["publish", "jobs", "-7"], json!(-7)),
    ] {
        assert_exit(&script.tidings(args).output().expect("runs"), 0);
        assert_eq!(came(&script).last().map(|event| &event["data"]), Some(&data), "{args:?}");
    }
}

#[test]
fn one_event_that_is_refused_is_the_verb_s_failure() {
    let script = Script::start(|request, _| {
        each(request, |_| json!({"title": "Reserved name", "status": 400, "detail": "`gap` is the hub's"}))
    });
    let output = script.tidings(&["publish", "jobs", "1", "--type", "gap"]).output().expect("runs");
    assert_exit(&output, 1);
    assert_eq!(stderr(&output), "error: Reserved name: `gap` is the hub's\n");
}

#[test]
fn without_a_hub_one_event_fails_soon_and_says_what_to_do() {
    let args = ["publish", "jobs", "1", "--url", "http://127.0.0.1:1", "--max-attempts", "1"];
    let output = tidings(&args).output().expect("runs");
    assert_exit(&output, 3);
    assert!(stderr(&output).contains("tidings serve --dev"), "{}", stderr(&output));
}

#[test]
fn a_hub_that_is_busy_gets_the_time_it_asked_for() {
    let script = Script::start(|request, attempt| match attempt {
        0 => Reply::Whole(429, "retry-after: 2\r\n", String::new()),
        _ => all_well(request),
    });
    assert_exit(&fed(script.tidings(&["publish", "logs", "-", "-q"]), "a\n"), 0);
    let at: Vec<_> = script.requests(PUBLISH).iter().map(|request| request.at).collect();
    assert!(at[1] - at[0] >= Duration::from_secs(2));
}

#[test]
fn an_interrupt_tells_how_far_it_came() {
    let script = Script::start(|request, _| all_well(request));
    let mut child = piped(&mut script.tidings(&["publish", "logs", "-"]));
    let mut stdin = child.stdin.take().expect("piped");
    for count in 1..=2 {
        stdin.write_all(b"line\n").expect("taken in");
        script.wait_for(PUBLISH, count);
    }
    signal(&child, "INT");
    let output = child.finish();
    assert_exit(&output, 130);
    let told = stderr(&output);
    assert!(told.contains("published 1 of 1 lines") || told.contains("published 2 of 2 lines"), "{told}");
}
