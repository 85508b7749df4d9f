//! The table of connections. What is narrow has fewer columns, the least telling left out first.

use ratatui::Frame;
use ratatui::layout::{Alignment, Constraint, Rect};
use ratatui::text::{Line, Text};
use ratatui::widgets::{Cell, Row as TableRow, Table, TableState};

use super::super::{printable, table::duration};
use super::model::{Model, Row};
use super::ui::{SORTS, Ui};
use super::view::{Theme, number};

struct Column {
    head: &'static str,
    /// What it is sorted by.
    sort: &'static str,
    width: u16,
    is_number: bool,
    text: fn(&Row, u64) -> String,
}

/// In the order in which they are given up, last first.
const COLUMNS: [Column; 10] = [
    Column { head: "USER", sort: "user", width: 16, is_number: false, text: |row, _| row.user.clone() },
    Column { head: "TYPE", sort: "type", width: 9, is_number: false, text: |row, _| row.kind.clone() },
    Column {
        head: "OPEN",
        sort: "connected_at",
        width: 7,
        is_number: true,
        text: |row, now| duration(row.age_ms(now)),
    },
    Column {
        head: "EVENTS",
        sort: "events_sent",
        width: 9,
        is_number: true,
        text: |row, _| number(row.events_sent),
    },
    Column { head: "BEHIND", sort: "behind", width: 8, is_number: true, text: |row, _| number(row.behind) },
    Column { head: "PROOF", sort: "", width: 17, is_number: false, text: proof },
    Column {
        head: "BYTES",
        sort: "bytes_sent",
        width: 12,
        is_number: true,
        text: |row, _| number(row.bytes_sent),
    },
    Column { head: "PING", sort: "last_ping_at", width: 7, is_number: true, text: ping },
    Column { head: "REMOTE", sort: "remote", width: 21, is_number: false, text: |row, _| row.remote.clone() },
    Column { head: "CHANNELS", sort: "", width: 20, is_number: false, text: |row, _| row.channels.join(",") },
];

pub(super) fn draw(frame: &mut Frame<'_>, area: Rect, model: &Model, ui: &Ui, theme: Theme) {
    let columns = fitting(area.width);
    let now = model.now();
    let heads = columns.iter().map(|column| cell(head(column, ui), column.is_number));
    let rows = model.rows.iter().map(|row| {
        let cells = columns
            .iter()
            .map(|column| cell(printable::text(&(column.text)(row, now)).into_owned(), column.is_number));
        let style = if row.id == model.own_id { theme.strong() } else { Default::default() };
        TableRow::new(cells).style(style)
    });
    let last = columns.len().saturating_sub(1);
    let widths = columns.iter().enumerate().map(|(at, column)| match at == last {
        true => Constraint::Min(column.width),
        false => Constraint::Length(column.width),
    });
    let table = Table::new(rows, widths)
        .header(TableRow::new(heads).style(theme.strong()))
        .row_highlight_style(theme.chosen())
        .column_spacing(1);
    let selected = ui.selected.min(model.rows.len().saturating_sub(1));
    let mut state = TableState::default().with_selected(Some(selected));
    frame.render_stateful_widget(table, area, &mut state);
}

/// As many columns as there is room for, the first in any case.
fn fitting(width: u16) -> &'static [Column] {
    let mut used = 0;
    let fits = |column: &&Column| {
        used += column.width + 1;
        used <= width + 1
    };
    let count = COLUMNS.iter().take_while(fits).count();
    &COLUMNS[..count.max(1)]
}

fn head(column: &Column, ui: &Ui) -> String {
    match (column.sort == SORTS[ui.sort], ui.descending) {
        (false, _) => column.head.to_owned(),
        (true, false) => format!("{}▲", column.head),
        (true, true) => format!("{}▼", column.head),
    }
}

fn cell(text: String, is_number: bool) -> Cell<'static> {
    let alignment = if is_number { Alignment::Right } else { Alignment::Left };
    Cell::from(Text::from(Line::from(text).alignment(alignment)))
}

fn proof(row: &Row, now: u64) -> String {
    let to = if row.proof.to == "proxy" { " proxy" } else { "" };
    format!("{} {}{to}", row.proof.kind, duration(row.proof_age_ms(now)))
}

fn ping(row: &Row, now: u64) -> String {
    row.last_ping_at.map_or("-".to_owned(), |at| duration(now.saturating_sub(at)))
}
