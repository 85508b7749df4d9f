//! Aligned columns of text that others wrote.

use super::printable;

/// A longer cell is cut, and ends in `…`: `--json` has it whole.
pub(crate) const CELL_CHARS_MAX: usize = 48;

const GAP: &str = "  ";

/// Rows under a heading. Columns of numbers lean to the right.
#[derive(Debug)]
pub(crate) struct Table {
    heads: Vec<&'static str>,
    numbers: Vec<bool>,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// A head that starts with `#` names a column of numbers.
    pub(crate) fn new(heads: &[&'static str]) -> Self {
        Self {
            heads: heads.iter().map(|head| head.trim_start_matches('#')).collect(),
            numbers: heads.iter().map(|head| head.starts_with('#')).collect(),
            rows: Vec::new(),
        }
    }

    /// Adds a row; a missing cell is an empty one.
    pub(crate) fn push(&mut self, cells: impl IntoIterator<Item = String>) {
        let mut cells: Vec<String> =
            cells.into_iter().take(self.heads.len()).map(|cell| fit(&cell)).collect();
        cells.resize(self.heads.len(), String::new());
        self.rows.push(cells);
    }

    pub(crate) fn render(&self) -> String {
        let widths: Vec<usize> = (0..self.heads.len())
            .map(|column| {
                let cells = self.rows.iter().map(|row| row[column].chars().count());
                cells.chain([self.heads[column].len()]).max().unwrap_or(0)
            })
            .collect();
        let heads: Vec<String> = self.heads.iter().map(|head| (*head).to_owned()).collect();
        let mut out = String::new();
        for row in std::iter::once(&heads).chain(&self.rows) {
            let line: Vec<String> = row
                .iter()
                .zip(&widths)
                .zip(&self.numbers)
                .map(
                    |((cell, &width), number)| {
                        if *number { format!("{cell:>width$}") } else { format!("{cell:<width$}") }
                    },
                )
                .collect();
            out.push_str(line.join(GAP).trim_end());
            out.push('\n');
        }
        out
    }
}

fn fit(cell: &str) -> String {
    let cell = printable::text(cell);
    if cell.chars().count() <= CELL_CHARS_MAX {
        return cell.into_owned();
    }
    cell.chars().take(CELL_CHARS_MAX - 1).chain(['…']).collect()
}

/// `950ms`, `12s`, `3m04s`, `2h05m`, `3d04h`.
pub(crate) fn duration(ms: u64) -> String {
    let seconds = ms / 1_000;
    let (minutes, hours, days) = (seconds / 60, seconds / 3_600, seconds / 86_400);
    match seconds {
        0 => format!("{ms}ms"),
        1..60 => format!("{seconds}s"),
        60..3_600 => format!("{minutes}m{:02}s", seconds % 60),
        3_600..86_400 => format!("{hours}h{:02}m", minutes % 60),
        _ => format!("{days}d{:02}h", hours % 24),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn columns_line_up_and_lines_end_with_their_text() {
        let mut table = Table::new(&["USER", "#EVENTS", "CHANNELS"]);
        table.push(["ann".to_owned(), "7".to_owned(), "jobs,logs".to_owned()]);
        table.push(["zoë".to_owned(), "12345678".to_owned()]);
        assert_eq!(table.render(), "USER    EVENTS  CHANNELS\nann          7  jobs,logs\nzoë   12345678\n");
    }

    #[test]
    fn a_hostile_cell_is_shown_and_a_long_one_is_cut() {
        let mut table = Table::new(&["USER"]);
        table.push(["\x1b[31mann\n".to_owned()]);
        table.push(["x".repeat(500)]);
        let lines: Vec<String> = table.render().lines().map(str::to_owned).collect();
        assert_eq!(lines[1], "\\u{1b}[31mann\\n");
        assert_eq!(lines[2], format!("{}…", "x".repeat(CELL_CHARS_MAX - 1)));
    }

    #[test]
    fn durations_keep_two_places() {
        let shown: Vec<String> =
            [0, 999, 59_999, 60_000, 3_599_000, 7_500_000, 273_600_000].map(duration).into();
        assert_eq!(shown, ["0ms", "999ms", "59s", "1m00s", "59m59s", "2h05m", "3d04h"]);
    }

    proptest! {
        #[test]
        fn every_row_is_one_line_and_every_column_starts_at_one_place(
            rows in prop::collection::vec(("\\PC{0,12}", any::<String>()), 0..8),
        ) {
            let mut table = Table::new(&["A", "B"]);
            for (a, b) in &rows {
                table.push([a.replace(' ', "_"), format!("|{b}")]);
            }
            let text = table.render();
            prop_assert_eq!(text.lines().count(), rows.len() + 1);
            let starts: Vec<Option<usize>> = text.lines().skip(1).map(|line| {
                line.chars().collect::<Vec<_>>().windows(2).position(|pair| pair == [' ', '|'])
            }).collect();
            if rows.iter().all(|(a, _)| !a.contains('|')) {
                prop_assert!(starts.windows(2).all(|pair| pair[0] == pair[1]), "{}", text);
            }
        }
    }
}
