//! One connection in full.

use ratatui::text::{Line, Span};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::super::{answer::scalar, printable, table::duration};
use super::model::Row;
use super::view::{Theme, number};

/// The hub's answer, or why there is none.
pub(super) type Details = Result<Box<Found>, String>;

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Found {
    connection: Row,
    closed: Option<Map<String, Value>>,
    timeline: Vec<Map<String, Value>>,
}

pub(super) fn lines<'a>(id: &str, details: Option<&'a Details>, theme: Theme) -> Vec<Line<'a>> {
    let title = Line::from(vec![
        Span::raw("id        "),
        Span::styled(printable::text(id).into_owned(), theme.strong()),
    ]);
    let found = match details {
        None => return vec![title, Line::styled("asking the hub…", theme.quiet())],
        Some(Err(why)) => return vec![title, Line::styled(printable::text(why).into_owned(), theme.bad())],
        Some(Ok(found)) => found,
    };
    let row = &found.connection;
    let line = |name: &str, value: &str| Line::from(format!("{name:<10}{}", printable::text(value)));
    let mut lines = vec![
        title,
        match &found.closed {
            None => Line::styled(format!("state     live, {}", duration(row.duration_ms)), theme.good()),
            Some(closed) => {
                let reason = closed.get("reason").map_or("-".to_owned(), scalar);
                Line::styled(
                    format!("state     CLOSED ({reason}) after {}", duration(row.duration_ms)),
                    theme.bad(),
                )
            }
        },
        line("user", &row.user),
        line("type", &row.kind),
        line("client", row.client_id.as_deref().unwrap_or("-")),
        line("remote", &row.remote),
        line(
            "sent",
            &format!(
                "{} events, {} bytes, {} behind",
                number(row.events_sent),
                number(row.bytes_sent),
                number(row.behind)
            ),
        ),
    ];
    if found.closed.is_none() {
        let proof = format!("{} {} ago, to the {}", row.proof.kind, duration(row.proof.age_ms), row.proof.to);
        lines.push(line("proof", &proof));
        lines.push(line("node", &row.node));
        lines.push(line("lease", &row.lease.as_ref().map_or("-".to_owned(), |lease| lease.to_string())));
        lines.push(line("channels", &row.channels.join(", ")));
    }
    lines.push(Line::default());
    let begun = found.timeline.first().and_then(|entry| entry.get("at")).and_then(Value::as_u64).unwrap_or(0);
    lines.extend(found.timeline.iter().map(|entry| happened(entry, begun)));
    lines.push(Line::styled("k kicks, ↑ ↓ scroll, Esc closes", theme.quiet()));
    lines
}

/// `+1m05s  replayed  events 3`.
fn happened<'a>(entry: &Map<String, Value>, begun: u64) -> Line<'a> {
    let at = entry.get("at").and_then(Value::as_u64).unwrap_or(begun);
    let what = entry.get("what").map_or("-".to_owned(), scalar);
    let rest = entry.iter().filter(|(name, _)| !matches!(name.as_str(), "at" | "what"));
    let rest: Vec<_> =
        rest.map(|(name, value)| format!("{} {}", printable::text(name), scalar(value))).collect();
    Line::from(format!("  +{:<8}{what:<14}{}", duration(at.saturating_sub(begun)), rest.join("  ")))
}
