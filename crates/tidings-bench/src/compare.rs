//! `tidings-bench compare`: runs that were written with `--json`, as Markdown; several side by side.

use std::io;
use std::path::PathBuf;

use crate::report::{Report, Row, Table};

/// `tidings-bench compare`.
#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    /// Files written by `run --json` or `stalled --json`
    #[arg(required = true)]
    files: Vec<PathBuf>,
}

pub(crate) fn run(args: &Args) -> io::Result<()> {
    let mut reports = Vec::new();
    for path in &args.files {
        let name = path.file_stem().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
        reports.push((name, Report::read(path)?));
    }
    print!("{}", merged(reports).markdown());
    Ok(())
}

/// Tables of one title become one, whose columns say which run they are of.
fn merged(mut reports: Vec<(String, Report)>) -> Report {
    if reports.len() == 1
        && let Some((_, report)) = reports.pop()
    {
        return report;
    }
    let mut all = Report::default();
    for (name, report) in reports {
        all.setting.extend(report.setting.into_iter().map(|fact| format!("{name}: {fact}")));
        for table in report.tables {
            let at = all.tables.iter().position(|known| known.title == table.title).unwrap_or_else(|| {
                all.tables.push(Table::new(table.title.clone()));
                all.tables.len() - 1
            });
            join(&mut all.tables[at], table, &name);
        }
    }
    all
}

fn join(into: &mut Table, table: Table, name: &str) {
    let known = into.columns.len();
    into.columns.extend(table.columns.iter().map(|column| format!("{name} {column}")));
    for row in table.rows {
        let at = into.rows.iter().position(|known| known.name == row.name).unwrap_or_else(|| {
            into.rows.push(Row { values: vec![None; known], ..row.clone() });
            into.rows.len() - 1
        });
        into.rows[at].values.extend(row.values);
    }
    let columns = into.columns.len();
    for row in &mut into.rows {
        row.values.resize(columns, None);
    }
}

#[cfg(test)]
mod tests {
    use super::merged;
    use crate::report::{Figure, Report, Table};

    const CPU: Figure = Figure { name: "CPU", unit: "µs", how: "clock" };
    const RATIO: Figure = Figure { name: "ratio", unit: "×", how: "divided" };

    fn report(column: &str, values: Vec<(Figure, Option<f64>)>) -> Report {
        let mut table = Table::new("t");
        table.push_column(column, values);
        Report { setting: vec!["m".into()], tables: vec![table] }
    }

    #[test]
    fn runs_stand_side_by_side_and_a_missing_row_is_left_open() {
        let before = report("1000", vec![(CPU, Some(2.0))]);
        let after = report("1000", vec![(RATIO, Some(1.5)), (CPU, Some(1.0))]);
        let all = merged(vec![("before".into(), before), ("after".into(), after)]);
        assert_eq!(all.setting, ["before: m", "after: m"]);
        let [table] = all.tables.as_slice() else { panic!("one title, one table") };
        assert_eq!(table.columns, ["before 1000", "after 1000"]);
        let rows: Vec<_> = table.rows.iter().map(|row| (row.name.as_str(), row.values.clone())).collect();
        assert_eq!(rows, [("CPU", vec![Some(2.0), Some(1.0)]), ("ratio", vec![None, Some(1.5)])]);
    }
}
