use ratatui::style::{Color, Style};
use serde_json::json;

use super::ui::Mode;
use super::*;

fn row(id: &str, user: &str, events: u64) -> Value {
    json!({
        "id": id, "client_id": "tab", "user": user, "type": "display", "channels": ["jobs", "logs"], "node": "n1",
        "remote": "192.0.2.7:5000", "proof": { "kind": "acked", "age_ms": 120, "to": "proxy" },
        "connected_at": 1_000_000, "duration_ms": 61_000, "last_ping_at": 1_055_000, "last_write_at": 1_055_000,
        "events_sent": events, "bytes_sent": 12_345, "behind": 3, "lease": null,
    })
}

fn books(now: u64, opened: u64) -> Value {
    json!({
        "node": "n1", "now": now, "uptime_seconds": 3_725, "users": 2, "channels": 3,
        "connections": { "active": 19_000, "opened_total": opened, "closed_total": { "lost": opened - 19_000 },
            "by_type": { "admin": 1, "display": 18_999 }, "refused_total": { "limit": 4 } },
        "events": { "published_total": 7, "delivered_total": 9, "gaps_total": 1 },
        "truth": { "mismatch": 0, "audits": 3, "audited_at": 1 }, "drain": null,
        "latency": { "publish_to_write_p50_ms": 0.25, "publish_to_write_p99_ms": 1.5 },
    })
}

fn model() -> Model {
    let mut model = Model { link: Link::Connected, own_id: "a".to_owned(), ..Model::default() };
    model.take_stats(books(1_060_000, 19_000));
    model.take_stats(books(1_061_000, 19_500));
    model.take_list(
        json!({ "connections": [row("a", "ada", 1_234), row("b", "bob", 7)], "total": 19_000, "next": "n" }),
    );
    model
}

fn ui() -> Ui {
    Ui::new("-events_sent", "").expect("an order")
}

#[track_caller]
fn assert_has(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "{part:?} is not in\n{text}");
    }
}

fn buffer(
    model: &Model,
    ui: &Ui,
    details: Option<&details::Details>,
    theme: Theme,
    size: (u16, u16),
) -> Buffer {
    let mut terminal = Terminal::new(TestBackend::new(size.0, size.1)).expect("memory");
    terminal.draw(|frame| view::draw(frame, model, ui, details, theme)).expect("memory");
    terminal.backend().buffer().clone()
}

#[test]
fn a_frame_has_the_number_its_proof_the_rates_and_the_rows() {
    let text = frame(&model(), &ui(), 140, 12);
    assert_has(
        &text,
        &[
            "n1, up 1h02m  live",
            "19,000 connections, this monitor among them  2 users  3 channels",
            "✓ the books balance: 19,500 opened − 500 closed = 19,000 open  ✓ audit: 0 differ",
            "opened 500.0/s  closed 500.0/s  published 0.0/s",
            "p50 0.25 ms p99 1.50 ms",
            "admin 1  display 18,999  refused 4  gaps 1",
            "EVENTS▼",
            "acked 120ms proxy",
            "192.0.2.7:5000",
            "2 of 19,000, more below  by events_sent, descending",
        ],
    );
    let ada = text.lines().find(|line| line.starts_with("ada")).expect("a row");
    assert_has(ada, &["display", "1m01s", "1,234", "12,345", "6s", "jobs,logs"]);
}

#[test]
fn one_connection_is_told_to_be_this_monitor() {
    let mut model = model();
    let stats = model.stats.as_mut().expect("told");
    (stats.connections.active, stats.connections.opened_total) = (1, 501);
    assert_has(
        &frame(&model, &ui(), 100, 10),
        &["1 connection, this monitor", "501 opened − 500 closed = 1 open"],
    );
}

#[test]
fn every_state_has_words() {
    let mut model = model();
    model.link = Link::Waiting("the stream ended".to_owned(), 3);
    let stats = model.stats.as_mut().expect("told");
    stats.connections.opened_total += 1;
    stats.truth.mismatch = 2;
    stats.drain = Some(model::Drain { ends_in_ms: 3_000, remaining: 12 });
    let mut ui = ui();
    ui.paused = Some(Box::new(model.clone()));
    let text = frame(&model, &ui, 160, 10);
    assert_has(
        &text,
        &[
            "NOT LIVE: the stream ended; again in 3 s",
            "PAUSED",
            "✗ THE BOOKS DON'T BALANCE",
            "✗ AUDIT: 2 DIFFER",
            "DRAINING: 12 left, 3s to go",
        ],
    );
    let kick =
        Mode::Kick { id: "b".to_owned(), user: "bob".to_owned(), reason: "bye".to_owned(), reconnect: false };
    let text = frame(&model, &Ui { mode: kick, ..ui.clone() }, 160, 10);
    assert_has(&text, &["kick bob (b), who stays away; reason: bye", "Esc doesn't"]);
    let text = frame(&model, &Ui { mode: Mode::Help, ..ui }, 100, 20);
    assert_has(&text, &["pause and go on", "Any key closes this"]);
}

#[test]
fn a_connection_in_full_has_its_timeline() {
    let found = json!({
        "connection": row("b", "bob", 7), "closed": { "reason": "kicked", "closed_at": 1_061_000 },
        "timeline": [{ "at": 1_000_000, "what": "opened" }, { "at": 1_002_000, "what": "replayed", "events": 3 },
            { "at": 1_061_000, "what": "closed", "reason": "kicked" }],
    });
    let details: details::Details = Ok(serde_json::from_value(found).expect("the hub's shape"));
    let ui = Ui { mode: Mode::Details("b".to_owned()), ..ui() };
    let text = text(&buffer(&model(), &ui, Some(&details), Theme { colours: true }, (100, 30)));
    assert_has(
        &text,
        &[
            "CLOSED (kicked) after 1m01s",
            "+2s      replayed      events 3",
            "+1m01s   closed        reason kicked",
        ],
    );
    let gone: details::Details = Err("no connection of that id".to_owned());
    let text = super::text(&buffer(&model(), &ui, Some(&gone), Theme { colours: true }, (100, 30)));
    assert_has(&text, &["no connection of that id"]);
}

#[test]
fn nothing_that_users_wrote_reaches_the_terminal_as_a_command() {
    let mut model = model();
    let evil = "\u{1b}[2J\u{9b}31m\n\u{202e}x";
    let mut hostile = row("c", evil, 1);
    for member in ["type", "remote", "node", "client_id"] {
        hostile[member] = json!(evil);
    }
    (hostile["channels"], hostile["proof"]["kind"]) = (json!([evil]), json!(evil));
    model.take_list(json!({ "connections": [hostile.clone()], "total": 1, "next": null }));
    let stats = model.stats.as_mut().expect("told");
    stats.node = evil.to_owned();
    stats.connections.by_type.insert(evil.to_owned(), 1);
    model.link = Link::Waiting(evil.to_owned(), 1);
    let found = json!({ "connection": hostile, "closed": { "reason": evil }, "timeline": [{ "at": 1, "what": evil, evil: evil }] });
    let details: details::Details = Ok(serde_json::from_value(found).expect("the hub's shape"));
    for mode in [
        Mode::Table,
        Mode::Details(evil.to_owned()),
        Mode::Kick { id: evil.to_owned(), user: evil.to_owned(), reason: evil.to_owned(), reconnect: true },
        Mode::Filter(evil.to_owned()),
    ] {
        let ui = Ui { mode, message: Some(evil.to_owned()), filter: evil.to_owned(), ..ui() };
        let buffer = buffer(&model, &ui, Some(&details), Theme { colours: true }, (200, 40));
        let text: String = buffer.content().iter().map(|cell| cell.symbol()).collect();
        assert!(!text.contains(|c: char| c.is_control() || c == '\u{202e}'), "{text:?}");
        assert!(text.contains("\\u{1b}[2J"), "shown for what it is: {text}");
    }
}

#[test]
fn without_colours_there_is_none() {
    for (colours, some) in [(false, false), (true, true)] {
        let buffer = buffer(&model(), &ui(), None, Theme { colours }, (120, 12));
        let plain =
            |style: Style| [style.fg, style.bg].iter().all(|c| matches!(c, None | Some(Color::Reset)));
        assert_eq!(buffer.content().iter().any(|cell| !plain(cell.style())), some, "colours: {colours}");
    }
}

#[test]
fn every_size_has_a_frame() {
    let details: details::Details = Ok(Box::default());
    for width in [1, 2, 10, 20, 40, 80, 81, 250] {
        for height in [1, 2, 5, 6, 7, 24, 60] {
            for mode in [Mode::Table, Mode::Help, Mode::Details("a".to_owned())] {
                let ui = Ui { mode, selected: 9, scrolled: 50, ..ui() };
                buffer(&model(), &ui, Some(&details), Theme { colours: true }, (width, height));
            }
        }
    }
    let narrow = frame(&model(), &ui(), 40, 10);
    assert_has(&narrow, &["USER", "TYPE", "ada"]);
    assert!(!narrow.contains("CHANNELS"), "{narrow}");
}
