//! What was measured, and how: one shape for the terminal, for JSON and for Markdown.

use std::fmt::Write as _;
use std::io;
use std::path::Path;

use serde::{Deserialize, Serialize};

/// All of one run.
#[derive(Debug, Default, Deserialize, PartialEq, Serialize)]
pub(crate) struct Report {
    /// Machine, kernel, load, pinning, command: one fact each.
    pub(crate) setting: Vec<String>,
    pub(crate) tables: Vec<Table>,
}

/// One row a figure, one column a size.
#[derive(Debug, Default, Deserialize, PartialEq, Serialize)]
pub(crate) struct Table {
    pub(crate) title: String,
    pub(crate) columns: Vec<String>,
    pub(crate) rows: Vec<Row>,
}

#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub(crate) struct Row {
    pub(crate) name: String,
    pub(crate) unit: String,
    pub(crate) how: String,
    /// As many as there are columns; `None`: not measured there.
    pub(crate) values: Vec<Option<f64>>,
}

/// What a figure is called, its unit, and how it is measured.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Figure {
    pub(crate) name: &'static str,
    pub(crate) unit: &'static str,
    pub(crate) how: &'static str,
}

impl Report {
    pub(crate) fn read(path: &Path) -> io::Result<Self> {
        let text = std::fs::read(path)
            .map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", path.display())))?;
        serde_json::from_slice(&text).map_err(io::Error::other)
    }

    pub(crate) fn write(&self, path: &Path) -> io::Result<()> {
        let mut text = serde_json::to_vec_pretty(self)?;
        text.push(b'\n');
        std::fs::write(path, text)
            .map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", path.display())))
    }

    /// For a person at a terminal.
    pub(crate) fn text(&self) -> String {
        let mut text = String::new();
        for fact in &self.setting {
            let _ = writeln!(text, "{fact}");
        }
        for table in &self.tables {
            let _ = write!(text, "\n{}\n{}", table.title, table.aligned());
            text.push_str(&table.methods("  "));
        }
        text
    }

    pub(crate) fn markdown(&self) -> String {
        let mut text = String::new();
        for fact in &self.setting {
            let _ = writeln!(text, "- {fact}");
        }
        for table in &self.tables {
            let _ = write!(text, "\n### {}\n\n{}\n{}", table.title, table.piped(), table.methods("- "));
        }
        text
    }
}

impl Table {
    pub(crate) fn new(title: impl Into<String>) -> Self {
        Self { title: title.into(), ..Self::default() }
    }

    /// A column of values, figure by figure. All columns of a table name the same figures in the same order.
    pub(crate) fn push_column(&mut self, name: impl Into<String>, values: Vec<(Figure, Option<f64>)>) {
        self.columns.push(name.into());
        for (index, (figure, value)) in values.into_iter().enumerate() {
            if self.rows.len() == index {
                let Figure { name, unit, how } = figure;
                self.rows.push(Row {
                    name: name.into(),
                    unit: unit.into(),
                    how: how.into(),
                    values: vec![None; self.columns.len() - 1],
                });
            }
            self.rows[index].values.push(value);
        }
    }

    /// Rows with a value in some column.
    fn measured(&self) -> impl Iterator<Item = &Row> {
        self.rows.iter().filter(|row| row.values.iter().any(Option::is_some))
    }

    fn cells(&self) -> Vec<Vec<String>> {
        let mut head = vec!["figure".to_owned(), "unit".to_owned()];
        head.extend(self.columns.iter().cloned());
        let rows = self.measured().map(|row| {
            let values = row.values.iter().map(|value| value.map_or_else(|| "–".into(), shown));
            [row.name.clone(), row.unit.clone()].into_iter().chain(values).collect()
        });
        std::iter::once(head).chain(rows).collect()
    }

    fn aligned(&self) -> String {
        let cells = self.cells();
        let width = |column: usize| {
            cells.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max().unwrap_or(0)
        };
        let widths: Vec<usize> = (0..self.columns.len() + 2).map(width).collect();
        let mut text = String::new();
        for row in &cells {
            text.push(' ');
            for (column, (cell, width)) in row.iter().zip(&widths).enumerate() {
                let pad = " ".repeat(width - cell.chars().count());
                let _ = if column < 2 { write!(text, " {cell}{pad}") } else { write!(text, "  {pad}{cell}") };
            }
            text.truncate(text.trim_end().len());
            text.push('\n');
        }
        text
    }

    fn piped(&self) -> String {
        let cells = self.cells();
        let mut text = String::new();
        for (index, row) in cells.iter().enumerate() {
            let _ = writeln!(text, "| {} |", row.join(" | "));
            if index == 0 {
                let _ = writeln!(text, "| --- | --- |{}", " ---: |".repeat(self.columns.len()));
            }
        }
        text
    }

    fn methods(&self, bullet: &str) -> String {
        let mut text = String::new();
        for row in self.measured() {
            let _ = writeln!(text, "{bullet}{}: {}", row.name, row.how);
        }
        text
    }
}

/// Three significant digits, and thousands in full.
fn shown(value: f64) -> String {
    match value.abs() {
        size if size >= 100.0 || value == value.trunc() => format!("{value:.0}"),
        size if size >= 10.0 => format!("{value:.1}"),
        size if size >= 1.0 => format!("{value:.2}"),
        _ => format!("{value:.3}"),
    }
}

#[cfg(test)]
mod tests {
    use super::{Figure, Report, Table};

    const RATIO: Figure = Figure { name: "hub / floor", unit: "×", how: "medians divided" };
    const MEMORY: Figure = Figure { name: "memory", unit: "B", how: "RSS" };

    fn report() -> Report {
        let mut table = Table::new("HTTP/1.1");
        table.push_column("1000", vec![(RATIO, Some(1.234)), (MEMORY, None)]);
        table.push_column("19000", vec![(RATIO, Some(12.0)), (MEMORY, Some(1_534.4))]);
        Report { setting: vec!["2 CPUs".into()], tables: vec![table] }
    }

    #[test]
    fn a_terminal_gets_columns_and_methods() {
        let expected = "2 CPUs\n\nHTTP/1.1\n  figure      unit  1000  19000\n  hub / floor ×     1.23     12\n  \
            memory      B        –   1534\n  hub / floor: medians divided\n  memory: RSS\n";
        assert_eq!(report().text(), expected);
    }

    #[test]
    fn markdown_is_a_table() {
        let markdown = report().markdown();
        assert!(markdown.contains("| figure | unit | 1000 | 19000 |\n| --- | --- | ---: | ---: |\n"));
        assert!(markdown.contains("| memory | B | – | 1534 |\n"), "{markdown}");
    }

    #[test]
    fn json_reads_back() {
        let json = serde_json::to_string(&report()).expect("plain data");
        assert_eq!(serde_json::from_str::<Report>(&json).expect("our own"), report());
    }
}
